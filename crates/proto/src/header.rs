//! Header fields (RFC 5322 §2.2).
