//! Rows asked for one by one, at one moment: what a change is judged by. What cannot be read is as if it
//! were not there, but its name is taken.

use mailward_model::{Kind, Object, ObjectId, Revision};
use rusqlite::{Connection, params};

use super::{Line, Stored, folded, row::signed, schema};
use crate::{
    check::near::{Holder, Stock},
    error::Cause,
};

/// The rows, while the connection is in a transaction.
pub(crate) struct Rows<'a>(&'a Connection);

impl<'a> Rows<'a> {
    /// Those that a connection sees.
    pub(super) fn of(connection: &'a Connection) -> Rows<'a> {
        Rows(connection)
    }

    /// The row of a kind with this folded name, whether it can be read or not.
    pub(crate) fn get(&self, kind: &str, folded: &str) -> rusqlite::Result<Option<Stored>> {
        let which = "WHERE kind = ?1 AND name_folded = ?2";
        Ok(schema::rows(self.0, which, params![kind, folded])?.pop())
    }

    /// Every row, one after the other.
    pub(crate) fn each(&self, of: impl FnMut(Stored)) -> rusqlite::Result<()> {
        schema::each(self.0, "ORDER BY id", [], of)
    }

    /// A line of the feed.
    pub(crate) fn line(&self, revision: i64) -> rusqlite::Result<Option<Line>> {
        Ok(schema::lines(self.0, "revision = ?1", [revision])?.pop())
    }

    /// The last revision.
    pub(crate) fn last_revision(&self) -> rusqlite::Result<Revision> {
        let last = schema::last_revision(self.0)?;
        Ok(Revision(u64::try_from(last).unwrap_or(0)))
    }

    /// The last line of the feed.
    pub(crate) fn last_line(&self) -> rusqlite::Result<Option<Line>> {
        Ok(schema::lines(self.0, "1 ORDER BY revision DESC LIMIT 1", [])?.pop())
    }

    /// The lines of the feed behind a revision, oldest first.
    pub(crate) fn lines_behind(&self, revision: i64) -> rusqlite::Result<Vec<Line>> {
        schema::lines(self.0, "revision > ?1 ORDER BY revision", [revision])
    }

    fn ids(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<ObjectId>, rusqlite::Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        statement
            .query_map(values, |row| id(row.get(0)?))?
            .collect()
    }
}

fn id(id: i64) -> rusqlite::Result<ObjectId> {
    Ok(ObjectId(u64::try_from(id).unwrap_or_default()))
}

impl Stock for Rows<'_> {
    fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, Cause> {
        let row = self.get(kind.table(), &folded(name))?;
        Ok(row.and_then(|row| row.object().ok()))
    }

    fn of_kinds(&self, kinds: &[Kind]) -> Result<Vec<Object>, Cause> {
        let mut found = Vec::new();
        for kind in kinds {
            // Of many rows none is kept beside its object.
            schema::each(self.0, "WHERE kind = ?1", [kind.table()], |row| {
                found.extend(row.object());
            })?;
        }
        found.sort_by_key(|object| object.id);
        Ok(found)
    }

    fn object(&self, id: ObjectId) -> Result<Option<Object>, Cause> {
        let row = schema::rows(self.0, "WHERE id = ?1", [signed(id.0)])?.pop();
        Ok(row.and_then(|row| row.object().ok()))
    }

    fn holders(&self, key: &str) -> Result<Vec<Holder>, Cause> {
        let sql = "SELECT id, monitoring FROM address WHERE key = ?1 ORDER BY id";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_map([key], |row| {
            Ok(Holder {
                id: id(row.get(0)?)?,
                is_monitoring: row.get(1)?,
            })
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn referrers(&self, key: &str) -> Result<Vec<ObjectId>, Cause> {
        let sql = "SELECT id FROM reference WHERE key = ?1 ORDER BY id";
        Ok(self.ids(sql, [key])?)
    }

    fn onward(&self, id: ObjectId) -> Result<Vec<String>, Cause> {
        let sql = "SELECT key FROM reference WHERE id = ?1 AND onward ORDER BY key";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_map([signed(id.0)], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn dangling(&self) -> Result<Vec<ObjectId>, Cause> {
        let sql = "SELECT DISTINCT id FROM reference AS named WHERE NOT EXISTS
            (SELECT 1 FROM address WHERE address.key = named.key) ORDER BY id";
        Ok(self.ids(sql, [])?)
    }
}
