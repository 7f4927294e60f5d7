//! HTTP: connections, routes, bodies.
//!
//! Limits stand here and hold before anything is looked at: connections, header octets, body
//! octets, time for each.

pub(crate) mod front;
pub(crate) mod group;
pub(crate) mod listen;
pub(crate) mod remote;
pub(crate) mod reply;
pub(crate) mod route;
