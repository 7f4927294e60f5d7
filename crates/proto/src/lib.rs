//! Everything that has an RFC and no socket: SMTP machines, headers, DSN, journal report format.
//!
//! [`server`] is the receiving side of SMTP and LMTP (RFC 5321, RFC 2033), [`client`] the sending
//! side; [`command`], [`reply`], [`data`] and [`bdat`] are the parts they are made of; [`proxy`]
//! reads the PROXY protocol header before them. The other modules read and write what a message
//! carries: header fields, trace fields, delivery status notifications, journal reports.
//!
//! Nothing here reads a clock, opens a socket or knows policy; nothing here keeps more of what a
//! peer sends than a named limit allows.
#![forbid(unsafe_code)]

pub mod bdat;
pub mod client;
pub mod command;
pub mod data;
pub mod dsn;
pub mod firewall;
pub mod header;
pub mod journal;
pub mod mime;
pub mod probe;
pub mod proxy;
pub mod reply;
pub mod server;
pub mod trace;
