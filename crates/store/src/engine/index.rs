//! The index: who has an address, and who names one. It follows from the objects, is kept with every
//! change of them, and says for which revision it is true. Where that is another one than the objects'
//! (another version has written them), it is made anew from all of them.

use mailward_model::{Kind, Spec};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Line, schema};
use crate::check::entry::{Entry, FORM, KEYED};

pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS address (
    key TEXT NOT NULL,
    id INTEGER NOT NULL,
    monitoring INTEGER NOT NULL,
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reference (
    key TEXT NOT NULL,
    id INTEGER NOT NULL,
    onward INTEGER NOT NULL,
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reference_onward ON reference (id) WHERE onward;
CREATE TABLE IF NOT EXISTS indexed (
    form INTEGER NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
";

/// Whether it is true for the objects as they are.
pub(super) fn is_kept(connection: &Connection) -> rusqlite::Result<bool> {
    let mut asked = connection.prepare_cached("SELECT form, revision FROM indexed")?;
    let found: Option<(i64, i64)> = asked
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found == Some((FORM, schema::last_revision(connection)?)))
}

/// Makes it true for the objects as they are.
pub(super) fn keep(connection: &Connection) -> rusqlite::Result<()> {
    if is_kept(connection)? {
        return Ok(());
    }
    connection.execute_batch("DELETE FROM address; DELETE FROM reference; DELETE FROM indexed;")?;
    let (mut addresses, mut references) = (Vec::new(), Vec::new());
    for kind in KEYED {
        let sql = "SELECT id, spec FROM object WHERE kind = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([kind.table()])?;
        while let Some(row) = rows.next()? {
            let (id, spec): (i64, String) = (row.get(0)?, row.get(1)?);
            let entry = entry(kind, Some(&spec));
            let monitoring = entry.is_monitoring;
            addresses.extend(entry.addresses.into_iter().map(|key| (key, id, monitoring)));
            let named = entry.references.into_iter();
            references.extend(named.map(|(key, onward)| (key, id, onward)));
        }
    }
    // In the order of the tables, so that each page is written once.
    addresses.sort_unstable();
    references.sort_unstable();
    for (sql, rows) in [
        (
            "INSERT INTO address (key, id, monitoring) VALUES (?1, ?2, ?3)",
            addresses,
        ),
        (
            "INSERT INTO reference (key, id, onward) VALUES (?1, ?2, ?3)",
            references,
        ),
    ] {
        let mut insert = connection.prepare_cached(sql)?;
        for row in rows {
            insert.execute(row)?;
        }
    }
    let mark = "INSERT INTO indexed (form, revision) VALUES (?1, ?2)";
    let revision = schema::last_revision(connection)?;
    connection.execute(mark, params![FORM, revision]).map(drop)
}

/// Takes over what these lines did, of an index that was kept until then.
pub(super) fn follow(connection: &Connection, lines: &[Line]) -> rusqlite::Result<()> {
    let Some(last) = lines.last() else {
        return Ok(());
    };
    for line in lines {
        let Ok(kind) = line.kind.parse::<Kind>() else {
            continue;
        };
        if KEYED.contains(&kind) {
            let before = entry(kind, line.before.as_deref());
            let after = entry(kind, line.after.as_deref());
            turn(connection, line.id, &before, &after)?;
        }
    }
    let mark = "UPDATE indexed SET revision = ?1";
    connection.execute(mark, [last.revision]).map(drop)
}

/// The keys of a row; none where it cannot be read.
fn entry(kind: Kind, spec: Option<&str>) -> Entry {
    let Some(spec) = spec else {
        return Entry::default();
    };
    let mut json = serde_json::Deserializer::from_str(spec);
    let spec = Spec::deserialize_kind(kind, &mut json);
    spec.map(|spec| Entry::of(&spec)).unwrap_or_default()
}

/// Writes what differs between the keys of an object before and after.
fn turn(connection: &Connection, id: i64, before: &Entry, after: &Entry) -> rusqlite::Result<()> {
    let mut drop_address =
        connection.prepare_cached("DELETE FROM address WHERE key = ?1 AND id = ?2")?;
    let mut keep_address = connection.prepare_cached(
        "INSERT INTO address (key, id, monitoring) VALUES (?1, ?2, ?3)
         ON CONFLICT (key, id) DO UPDATE SET monitoring = ?3",
    )?;
    let mut drop_reference =
        connection.prepare_cached("DELETE FROM reference WHERE key = ?1 AND id = ?2")?;
    let mut keep_reference = connection.prepare_cached(
        "INSERT INTO reference (key, id, onward) VALUES (?1, ?2, ?3)
         ON CONFLICT (key, id) DO UPDATE SET onward = ?3",
    )?;
    for key in before.addresses.difference(&after.addresses) {
        drop_address.execute(params![key, id])?;
    }
    let is_turned = before.is_monitoring != after.is_monitoring;
    for key in &after.addresses {
        if is_turned || !before.addresses.contains(key) {
            keep_address.execute(params![key, id, after.is_monitoring])?;
        }
    }
    for key in before.references.keys() {
        if !after.references.contains_key(key) {
            drop_reference.execute(params![key, id])?;
        }
    }
    for (key, onward) in &after.references {
        if before.references.get(key) != Some(onward) {
            keep_reference.execute(params![key, id, onward])?;
        }
    }
    Ok(())
}
