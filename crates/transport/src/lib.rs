//! Mail in and out: receive, categorize, deliver, and the tracking of each step.
//!
//! A connection becomes an SMTP session in [`receive`]; the envelope and its octets become a durable
//! message with its [`Plan`](mailward_model::plan::Plan), made by [`categorize`]; [`deliver`] hands
//! each delivery to its next hop and settles it with the queue.
//!
//! Invariant: no 250 before the queue has synced. No decision outside a pure function over
//! [`snapshot::Snapshot`].
#![forbid(unsafe_code)]

mod bulk;
pub mod categorize;
mod control;
pub mod deliver;
mod distrust;
mod faults;
mod gate;
mod journal;
mod perimeter;
mod probe;
pub mod receive;
mod service;
mod shared;
pub mod snapshot;
mod untrusted;

pub use bulk::BulkSenders;
pub use gate::Gate;
pub use journal::OpenError as JournalOpenError;
pub use probe::Probes;
pub use service::{Setup, StartError, Transport};
pub use shared::{Count, Counters, Node, Shared};
