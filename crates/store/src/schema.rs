//! The tables: layout, settings of the engine, and how a row becomes an object.
//!
//! `object` holds what is, `change` what was done, `event` what happened ([`crate::event`]). A revision is a row number of
//! `change`; neither it nor an object's id is ever used again.

use mailward_model::{Kind, Object, ObjectId, Revision, Spec};
use rusqlite::{Connection, Row, TransactionBehavior, params};

use crate::{change::ChangeOp, error::Cause, event};

/// The layout this version reads and writes.
pub(crate) const LAYOUT: i64 = 2;
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

/// What stands in the way of a database being used.
pub(crate) enum Unfit {
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
pub(crate) fn prepare(connection: &mut Connection) -> Result<bool, Unfit> {
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
        transaction.commit()?;
    }
    Ok(false)
}

/// An object's row.
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) name: String,
    revision: i64,
    spec: String,
}

impl Stored {
    pub(crate) const COLUMNS: &'static str = "id, kind, name, revision, spec";

    pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Stored> {
        Ok(Stored {
            id: row.get(0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            revision: row.get(3)?,
            spec: row.get(4)?,
        })
    }

    /// The object, or why this version cannot read it.
    pub(crate) fn object(&self) -> Result<Object, String> {
        let kind: Kind = self
            .kind
            .parse()
            .map_err(|error: mailward_model::object::KindError| error.to_string())?;
        let mut json = serde_json::Deserializer::from_str(&self.spec);
        let spec = Spec::deserialize_kind(kind, &mut json).map_err(|error| error.to_string())?;
        let number = |n: i64| u64::try_from(n).map_err(|_| format!("{n} is a negative number"));
        Ok(Object {
            id: ObjectId(number(self.id)?),
            name: self.name.clone(),
            revision: Revision(number(self.revision)?),
            spec,
        })
    }
}

/// The spec as stored.
pub(crate) fn spec_text(spec: &Spec) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    spec.serialize_fields(&mut serde_json::Serializer::new(&mut text))?;
    String::from_utf8(text).map_err(serde::de::Error::custom)
}

/// A line for the feed.
pub(crate) struct Line<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: i64,
    pub(crate) name: &'a str,
    pub(crate) op: ChangeOp,
    pub(crate) before: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) at_unix_ms: u64,
    pub(crate) by: &'a str,
}

impl Line<'_> {
    /// Adds the line; its number is the revision.
    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<i64> {
        connection
            .prepare_cached(
                "INSERT INTO change (kind, id, name, op, spec_before, spec_after, at_unix_ms, by)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                self.kind.table(),
                self.id,
                self.name,
                self.op.word(),
                self.before,
                self.after,
                i64::try_from(self.at_unix_ms).unwrap_or(i64::MAX),
                self.by,
            ])?;
        Ok(connection.last_insert_rowid())
    }
}

/// The form of a name by which it is unique within its kind.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
