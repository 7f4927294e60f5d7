//! Trace fields (RFC 5321 §4.4).
