//! The sending side of SMTP (RFC 5321) and LMTP (RFC 2033), without a socket.
//!
//! [`Client`] is fed what the peer sends and says what to do next: write [`Client::output`], read,
//! do the TLS handshake, send the body. [`DotStuffer`] makes octets fit for DATA, [`Capabilities`]
//! is what EHLO told. One client lives as long as its connection and carries any number of
//! transactions.
//!
//! Never here: which host, which connector, when to try again, what a failure means for the
//! message. Nothing is kept of a peer's words beyond the limits in [`reply`].

mod begun;
mod body;
mod capability;
mod command;
mod fit;
mod machine;
pub mod reply;

pub(crate) use command::push_unicode;

pub use body::DotStuffer;
pub use capability::Capabilities;
pub use machine::{Client, ClientError, Framing, Options, Step, Transaction};

/// Recipients in one transaction. RFC 5321 §4.5.3.1.8 makes every server take 100; so many RCPT
/// commands also fit into any socket buffer, so that pipelining them cannot deadlock.
pub const RECIPIENTS_MAX: usize = 100;
