//! The BDAT codec (RFC 3030 §2).
