//! Objects with revisions, and their change feed.
//!
//! [`Store`] keeps every object an administrator sets. A write is a list of [`Change`]s that holds
//! whole or not at all; each names the revision it was made from, so that nobody overwrites what
//! he has not seen. [`check`] holds the rules among objects, [`text`] the form in which objects
//! are exported, compared and applied. Beside the objects the file holds the events of all roles:
//! [`EventLog`] appends them, [`Store::events`] finds them.
//!
//! A store is at a [`Place`]: in a file of its own (SQLite), or in a [`Database`] (PostgreSQL) that
//! several nodes share, each with a copy by which it goes on while the database is away. Both keep
//! one contract, and one suite of tests holds them to it.
//!
//! Never here: what an object means for mail, and the engine's types in any signature. Reads block
//! for as long as the disk takes, writes for as long as the engine does; asynchronous callers run
//! them on a blocking thread.
//!
//! ```
//! use mailward_model::kind::{AcceptedDomain, AcceptedDomainType};
//! use mailward_store::{Change, Store};
//!
//! let dir = tempfile::tempdir().unwrap();
//! let store = Store::open(&dir.path().join("objects.db")).unwrap();
//! let domain = AcceptedDomain {
//!     domain: "example.org".parse().unwrap(),
//!     domain_type: AcceptedDomainType::Authoritative,
//!     include_subdomains: false,
//! };
//! store.apply(vec![Change::create("example.org", domain)], "anna").unwrap();
//! let revision = store.revision();
//! assert_eq!(store.changes_since(revision, 10).unwrap(), []);
//! ```
#![forbid(unsafe_code)]

mod batch;
mod change;
pub mod check;
mod doubt;
mod engine;
mod error;
mod event;
mod glance;
mod in_force;
mod kept;
mod lines;
mod parts;
mod past;
mod place;
mod refresh;
mod store;
pub mod text;

#[cfg(test)]
mod tests;

pub use change::{Change, ChangeOp, ChangeRecord};
pub use doubt::{Doubt, ShownPath, doubt_databases};
pub use engine::{file::FOLLOW_INTERVAL, postgres::Standing};
pub use error::{ApplyError, ObjectError, OpenError, ReadError};
pub use event::{EVENT_AGE_MAX_MS, EVENT_ROWS_MAX, EventFilter, EventLog, EventLogError, EventRow};
pub use glance::{Glance, Mark, Touch};
pub use kept::Kept;
pub use parts::parts;
pub use place::{Database, DatabaseError, Place};
pub use refresh::{Turn, Turns};
pub use store::{SetAside, Store};
