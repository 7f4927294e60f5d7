//! The tables of the file: layout, settings of the engine, and rows in and out.
//!
//! `object` holds what is, `change` what was done, `event` what happened ([`crate::event`]); beside them
//! is what follows from the objects ([`super::index`]). A revision is a row number of `change`; neither it nor an object's id is ever used again.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{
    index,
    row::{Line, Stored, folded},
};
use crate::{error::Cause, event};

/// The layout this version reads and writes.
pub(super) const LAYOUT: i64 = 2;
/// Marks the file as ours (SQLite's `application_id`), so that no other database is written into.
const APPLICATION_ID: i64 = 0x4d57_6f62;

const TABLES: &str = "
CREATE TABLE object (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    revision INTEGER NOT NULL,
    spec TEXT NOT NULL,
    UNIQUE (kind, name_folded)
) STRICT;
CREATE TABLE change (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    op TEXT NOT NULL,
    spec_before TEXT,
    spec_after TEXT,
    at_unix_ms INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT;
CREATE INDEX change_of_object ON change (id, revision);
";

/// The columns of a line, in the order of [`line`].
const LINE: &str = "revision, kind, id, name, op, spec_before, spec_after, at_unix_ms, by";

/// What stands in the way of a file being used.
pub(super) enum Unfit {
    Engine(Cause),
    NotAStore,
    Newer(i64),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Unfit::Engine(error.into())
    }
}

/// Sets the engine up and makes the tables where the file is new. True where it was.
pub(super) fn prepare(connection: &mut Connection) -> Result<bool, Unfit> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    // Several roles hold the store open, and each has little use for a page cache.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -512;
         PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 1048576;",
    )?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let pragma = |name: &str| {
        transaction.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let (layout, application) = (pragma("user_version")?, pragma("application_id")?);
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID {
        if tables > 0 || application != 0 {
            return Err(Unfit::NotAStore);
        }
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(event::TABLE)?;
        transaction.execute_batch(index::TABLES)?;
        transaction.execute_batch(&format!(
            "PRAGMA user_version = {LAYOUT}; PRAGMA application_id = {APPLICATION_ID};"
        ))?;
        transaction.commit()?;
        return Ok(true);
    }
    if layout > LAYOUT {
        return Err(Unfit::Newer(layout));
    }
    if layout < LAYOUT {
        // Layout 1 had no table of events.
        transaction.execute_batch(event::TABLE)?;
        transaction.execute_batch(&format!("PRAGMA user_version = {LAYOUT};"))?;
    }
    // It follows from the objects, so that a version which does not know it may write them all the
    // same: the layout is no other by it.
    transaction.execute_batch(index::TABLES)?;
    index::keep(&transaction)?;
    transaction.commit()?;
    Ok(false)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        revision: row.get(3)?,
        spec: row.get(4)?,
    })
}

fn line(row: &Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        revision: row.get(0)?,
        kind: row.get(1)?,
        id: row.get(2)?,
        name: row.get(3)?,
        op: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
        at_unix_ms: row.get(7)?,
        by: row.get(8)?,
    })
}

/// The rows of objects for which `which` holds.
pub(super) fn rows(
    connection: &Connection,
    which: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Stored>> {
    let sql = format!("SELECT id, kind, name, revision, spec FROM object {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(values, stored)?.collect()
}

/// Hands over the rows of objects for which `which` holds, one after the other.
pub(super) fn each(
    connection: &Connection,
    which: &str,
    values: impl rusqlite::Params,
    mut of: impl FnMut(Stored),
) -> rusqlite::Result<()> {
    let sql = format!("SELECT id, kind, name, revision, spec FROM object {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        of(stored(row)?);
    }
    Ok(())
}

/// The lines of the feed for which `which` holds.
pub(super) fn lines(
    connection: &Connection,
    which: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<Line>> {
    let sql = format!("SELECT {LINE} FROM change WHERE {which}");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_map(values, line)?.collect()
}

/// The id of every object that ever was, with when it was made and changed last, as the feed has it
/// until a moment.
pub(super) fn times(
    connection: &Connection,
    until_unix_ms: i64,
) -> rusqlite::Result<Vec<(i64, i64, i64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, min(at_unix_ms), max(at_unix_ms) FROM change WHERE at_unix_ms <= ?1 GROUP BY id",
    )?;
    let times = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    statement.query_map([until_unix_ms], times)?.collect()
}

/// The last revision; 0 where there is none.
pub(super) fn last_revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM change")?
        .query_row([], |row| row.get(0))
}

/// The last id given to an object, there still or not; 0 where none was.
pub(super) fn last_id(connection: &Connection) -> rusqlite::Result<i64> {
    let last = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'object'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// Writes lines of the feed, and does to the objects what they say.
pub(super) fn append(connection: &Connection, lines: &[Line]) -> rusqlite::Result<()> {
    let is_kept = index::is_kept(connection)?;
    let mut feed = connection.prepare_cached(&format!(
        "INSERT INTO change ({LINE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    ))?;
    let mut keep = connection.prepare_cached(
        "INSERT INTO object (id, kind, name, name_folded, revision, spec)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET
           name = ?3, name_folded = ?4, revision = ?5, spec = ?6",
    )?;
    let mut remove = connection.prepare_cached("DELETE FROM object WHERE id = ?1")?;
    for line in lines {
        feed.execute(params![
            line.revision,
            line.kind,
            line.id,
            line.name,
            line.op,
            line.before,
            line.after,
            line.at_unix_ms,
            line.by,
        ])?;
        match &line.after {
            Some(spec) => keep.execute(params![
                line.id,
                line.kind,
                line.name,
                folded(&line.name),
                line.revision,
                spec,
            ])?,
            None => remove.execute([line.id])?,
        };
    }
    match is_kept {
        true => index::follow(connection, lines),
        false => index::keep(connection),
    }
}
