//! The receiving side of SMTP and LMTP.
