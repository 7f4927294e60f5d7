//! The admin API: the operations over HTTP, health pages, metrics.
//!
//! [`serve`] answers on a Unix socket for root and Mailward's own user, and, where asked, on a TCP
//! port that knows only the health pages and `/metrics`; on a further one the agent for balancers. Objects are read and written
//! in the store, the tracking and event logs are read from their files, and everything else is
//! asked of the role that knows it, over its control socket.
//!
//! Commands from and for other nodes come over mutual TLS ([`RemoteConfig`]); whose rights they are
//! carried out by is the one decision made here.
//!
//! Never here: any other decision. Each request becomes one [`Call`](mailward_api::operation::Call), is
//! carried out by a department or another role, and what they say is handed on. Every change leaves
//! an event that names who asked for it, and a record in the administrator audit log.
#![forbid(unsafe_code)]

mod accept;
mod administrators;
mod answer;
mod config;
mod delegation;
mod http;
mod metric;
mod otlp;
mod own_groups;
mod peer;
mod probe;
mod recipients;
mod sync;

pub use config::{AdminConfig, AdminServer, Details, DetailsTo, ServeError, serve};
pub use delegation::RemoteConfig;
pub use otlp::{OtlpConfig, OtlpError};
