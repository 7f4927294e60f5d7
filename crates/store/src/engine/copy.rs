//! The copy of a database's objects in a file of this node.
//!
//! Whole batches come in, by the numbers of their lines; so the copy is at every moment what the
//! database was at some revision. Several processes of a node keep the one copy: each brings what
//! it has heard of, and what is there already is left alone. A copy belongs to one database and its
//! one past: where that is another one, the copy is begun anew, in one transaction.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::{Line, file, schema};
use crate::error::OpenError;

/// Which database it is a copy of.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS source (store TEXT NOT NULL) STRICT";

/// The copy, for whoever brings it up to date.
pub(super) struct Copy {
    connection: Connection,
}

/// What a copy is of, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Reached {
    /// The mark of the database.
    pub(super) store: Option<String>,
    /// The last line.
    pub(super) line: Option<Line>,
}

impl Copy {
    pub(super) fn open(path: &Path) -> Result<Copy, OpenError> {
        let (connection, _) = file::connect(path)?;
        let made = connection
            .execute_batch(TABLE)
            // It can be had again from the database: a crash of the machine may cost some of it.
            .and_then(|()| connection.execute_batch("PRAGMA synchronous = NORMAL"));
        made.map_err(|source| OpenError::Engine {
            path: path.to_owned(),
            source: source.into(),
        })?;
        Ok(Copy { connection })
    }

    /// How far it has come.
    pub(super) fn last(&self) -> rusqlite::Result<i64> {
        schema::last_revision(&self.connection)
    }

    pub(super) fn reached(&self) -> rusqlite::Result<Reached> {
        reached(&self.connection)
    }

    /// Holds the copy: no other process brings anything meanwhile.
    pub(super) fn hold(&mut self) -> rusqlite::Result<Held<'_>> {
        let behavior = TransactionBehavior::Immediate;
        Ok(Held(self.connection.transaction_with_behavior(behavior)?))
    }

    /// Brings lines, all or none, but for those that are there.
    pub(super) fn bring(&mut self, lines: &[Line]) -> rusqlite::Result<()> {
        let held = self.hold()?;
        held.bring(lines)?;
        held.commit()
    }
}

/// The copy while one process alone brings it up to date. Dropped, it is as it was.
pub(super) struct Held<'a>(Transaction<'a>);

impl Held<'_> {
    pub(super) fn last(&self) -> rusqlite::Result<i64> {
        schema::last_revision(&self.0)
    }

    pub(super) fn reached(&self) -> rusqlite::Result<Reached> {
        reached(&self.0)
    }

    pub(super) fn bring(&self, lines: &[Line]) -> rusqlite::Result<()> {
        let last = self.last()?;
        let known = lines.partition_point(|line| line.revision <= last);
        schema::append(&self.0, lines.get(known..).unwrap_or_default())
    }

    /// Forgets everything; from here on it is a copy of this database.
    pub(super) fn begin_anew(&self, store: &str) -> rusqlite::Result<()> {
        self.0.execute_batch(
            "DELETE FROM object; DELETE FROM change; DELETE FROM source; DELETE FROM indexed;
             DELETE FROM sqlite_sequence WHERE name IN ('object', 'change')",
        )?;
        let mark = "INSERT INTO source (store) VALUES (?1)";
        self.0.execute(mark, [store]).map(drop)
    }

    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.0.commit()
    }
}

fn reached(connection: &Connection) -> rusqlite::Result<Reached> {
    let store = connection
        .query_row("SELECT store FROM source", [], |row| row.get(0))
        .optional()?;
    let lines = schema::lines(connection, "1 ORDER BY revision DESC LIMIT 1", [])?;
    Ok(Reached {
        store,
        line: lines.into_iter().next(),
    })
}
