//! The seam between the store and the engines that keep its rows.
//!
//! Two engines keep the same contract: [`File`], one SQLite file, and [`postgres::Postgres`], a
//! database that several nodes share. All reading is done from a file of this node. Where that file
//! is the store itself, changes are decided in it; where the store is a database, changes are
//! decided there, and the file is a copy that follows the database's feed. So reading never waits
//! for a network, and a node serves by what it knows while the database is away.
//!
//! Here are rows as text, and [`index`], by which those are found that a change concerns. Never here:
//! whether a change is sound.

pub(crate) mod copy;
pub(crate) mod file;
mod index;
pub(crate) mod postgres;
pub(crate) mod row;
mod rows;
mod schema;

pub(crate) use file::File;
pub(crate) use row::{Line, Stored, folded};
pub(crate) use rows::Rows;

use crate::error::{ApplyError, Cause};

/// Where the numbers stand that are given out once and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last revision.
    pub(crate) revision: i64,
    /// The last id of an object.
    pub(crate) id: i64,
}

/// Decides what is to be written, given the rows as they are while nobody else writes. May be asked
/// once only.
pub(crate) type Work<'a> = &'a mut dyn FnMut(Head, &Rows<'_>) -> Result<Vec<Line>, ApplyError>;

/// What decides about changes and keeps them.
pub(crate) trait Engine: Send + Sync {
    /// Lets `work` decide while nobody else writes, and writes what it decided, whole or not at
    /// all, synced. Afterwards this node's file has it. Returns the last revision.
    fn write(&self, work: Work<'_>) -> Result<i64, ApplyError>;

    /// Looks whether something was written that nobody told of, and tells of it. A database that is
    /// away is no error: what is known of it is all there is.
    fn refresh(&self) -> Result<(), Cause>;

    /// How many octets everything takes.
    fn octets(&self) -> Result<u64, Cause>;

    /// Writes, and takes it back.
    fn write_test(&self) -> Result<(), Cause>;

    /// Whether this process is the one among those that share the store that leads in some work.
    fn lead(&self, work: &str) -> Result<bool, Cause>;
}
