//! Managed availability: notice that something does not work, repair it, check, tell.
//!
//! ```text
//! probe ─► ProbeView ─► monitor (pure) ─► state ─► case (pure) ─► proposal ─► arbiter: guard (pure)
//!                                                    ▲                        + ledger, synced first
//!                                                    └── fresh probes ◄── act (carried out by the manager)
//! ```
//!
//! The worker role runs [`worker`]: probes, [`monitor`]s and [`case`]s, put together in the
//! [`engine`]. The manager role holds the [`arbiter`]: nothing is done that the [`guard`] has not
//! allowed and the [`ledger`] has not on disk.
//!
//! Never here: importing what is probed. A probe is a client at the front door.
#![forbid(unsafe_code)]

pub mod alert;
pub mod arbiter;
pub mod case;
pub mod cause;
pub mod drill;
pub mod engine;
pub mod explain;
pub mod forecast;
pub mod group;
pub mod guard;
mod history;
pub mod hold;
mod inbox;
pub mod ledger;
pub mod mailbox;
pub mod monitor;
mod now;
mod observer;
pub mod overrides;
pub mod probe;
mod schedule;
pub mod series;
mod storm;
pub mod worker;

pub use arbiter::Arbiter;
pub use cause::Cause;
pub use now::Now;
pub use worker::{Worker, WorkerConfig};
