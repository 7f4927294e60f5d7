//! An LDAP client (RFC 4511) for following a directory: one connection, always encrypted, with a
//! limit on everything a server can send.
//!
//! [`Connection`] connects, signs in and searches. A search may be one that never ends (a change
//! notification, RFC 4533's refreshAndPersist): [`Connection::next`] gives its answers one by one,
//! and may be given up at any moment without losing any. The codec is `ldap3_proto`; this crate
//! frames messages before they are decoded, so that a length that a server claims costs nothing.
//!
//! Never here: a connection without TLS, a following of referrals, anything about recipients.
#![forbid(unsafe_code)]

mod connection;
mod entry;
mod error;
mod filter;
mod frame;
mod search;

pub use connection::{Connection, Credentials, Server, Starting};
pub use entry::Entry;
pub use error::{LdapError, Step};
pub use search::{Answer, Pages, Scope, Search, SyncChange};
