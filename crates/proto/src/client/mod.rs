//! The sending side of SMTP and LMTP.
