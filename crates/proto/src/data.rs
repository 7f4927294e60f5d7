//! The DATA codec (RFC 5321 §4.5.2).
