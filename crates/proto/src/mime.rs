//! MIME structure and encodings (RFC 2045).
