//! The durable message queue and the delivery schedule.
//!
//! A segmented append-only log with group commit, an index in memory, and a schedule per next hop.
//! [`Queue::accept`] resolves after `fdatasync`: what it has answered for is there after a crash,
//! exactly once. The format on the disk, the table of legal states and the argument why compaction
//! can neither lose a message nor bring one back are in `docs/format/queue.md`.
//!
//! Never here: what a message means. Who its recipients are, whether it is journaled and what a
//! bounce says is decided elsewhere and handed in as a [`mailward_model::plan::Plan`].
#![forbid(unsafe_code)]

mod apply;
mod audit;
mod batch;
mod body;
mod clean;
mod commit;
mod config;
mod entry;
mod error;
mod flow;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod index;
mod kept;
mod lease;
mod operate;
mod queue;
mod record;
mod recover;
mod scan;
mod schedule;
mod segment;
mod shared;
#[cfg(test)]
mod tests;
mod view;

pub use body::{Body, BodyReader, BodyWriter};
pub use config::QueueConfig;
pub use error::{AcceptError, OpenError, QueueError, ReadError, SpoolError};
pub use flow::Rates;
pub use lease::Lease;
pub use queue::{NewMessage, Queue};
pub use view::{
    Audit, Condition, Damage, DeliveryStatus, HoldTurned, LastAttempt, ListFilter, Message,
    QueueSummary, RecipientState, RecoveryReport, Selection, Stats, Stored, StoredDelivery,
    Summary,
};
