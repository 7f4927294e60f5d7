//! The events of all roles, kept beside the objects: appended, bounded, found by number and time.
//!
//! Each role appends through a connection of its own, opened when there is first something to
//! write, so that opening costs no role its start and a slow file no administrator a change. A row
//! is the record as text with the columns it is searched by; what the record means is not known
//! here. A write is handed to the operating system, not synced: the event files are the first copy.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params_from_iter, types::Value};

use crate::error::{Cause, ReadError};

/// Rows kept, of all roles together: some 50 MB.
pub const EVENT_ROWS_MAX: u64 = 100_000;
/// How long a row is kept.
pub const EVENT_AGE_MAX_MS: u64 = 30 * 24 * 3600 * 1000;
/// Rows that one connection writes before it looks again for rows to remove.
const PRUNE_EVERY: u64 = 1000;
/// How long a write waits for another writer. The thread that waits also writes the event files.
const BUSY_MS: u64 = 500;

/// The table, and what it is searched by.
pub(crate) const TABLE: &str = "
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    unix_ms INTEGER NOT NULL,
    number INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    role TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_time ON event (unix_ms);
CREATE INDEX event_by_number ON event (number, unix_ms);
";

/// One event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When, Unix milliseconds.
    pub unix_ms: u64,
    /// The event's number.
    pub number: u16,
    /// Its syslog severity (RFC 5424 §6.2.1): the lower, the worse.
    pub severity: u8,
    /// The role that raised it.
    pub role: String,
    /// The whole record as text.
    pub record: String,
}

/// Which events to read.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this number only.
    pub number: Option<u16>,
    /// Of this severity or worse.
    pub severity: Option<u8>,
    /// Of this role only.
    pub role: Option<String>,
    /// Not before, Unix milliseconds.
    pub since_unix_ms: Option<u64>,
    /// Not after, Unix milliseconds.
    pub until_unix_ms: Option<u64>,
    /// With this text in the record.
    pub containing: Option<String>,
    /// The newest so many.
    pub limit: usize,
}

/// Why events cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("events cannot be kept in {path}: check the file and the free space of its folder", path = path.display())]
pub struct EventLogError {
    path: PathBuf,
    #[source]
    source: Cause,
}

/// The way of one role to the table of events.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    connection: Option<Connection>,
    until_prune: u64,
    rows_max: u64,
}

impl EventLog {
    /// The events in this store file. Opens nothing yet.
    pub fn new(path: &Path) -> EventLog {
        EventLog {
            path: path.to_owned(),
            connection: None,
            until_prune: 0,
            rows_max: EVENT_ROWS_MAX,
        }
    }

    /// Appends rows, all or none, and removes the oldest beyond what is kept. Blocks for as long as
    /// the disk takes, and half a second for other writers.
    ///
    /// # Errors
    /// [`EventLogError`]: there is no store yet, or it cannot be written. Nothing is kept then; the
    /// next call opens it anew.
    pub fn append(&mut self, rows: &[EventRow]) -> Result<(), EventLogError> {
        self.try_append(rows).map_err(|error| {
            self.connection = None;
            EventLogError {
                path: self.path.clone(),
                source: error.into(),
            }
        })
    }

    fn try_append(&mut self, rows: &[EventRow]) -> rusqlite::Result<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(open(&self.path)?),
        };
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (unix_ms, number, severity, role, record) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for row in rows {
                let unix_ms = number(row.unix_ms);
                insert.execute((unix_ms, row.number, row.severity, &row.role, &row.record))?;
            }
        }
        let written = rows.len() as u64;
        let newest = rows.iter().map(|row| row.unix_ms).max().unwrap_or(0);
        if self.until_prune <= written {
            transaction.execute(
                "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1",
                [number(self.rows_max)],
            )?;
            transaction.execute(
                "DELETE FROM event WHERE unix_ms < ?1",
                [number(newest.saturating_sub(EVENT_AGE_MAX_MS))],
            )?;
        }
        transaction.commit()?;
        self.until_prune = match self.until_prune.checked_sub(written) {
            Some(left) if left > 0 => left,
            _ => PRUNE_EVERY,
        };
        Ok(())
    }
}

/// The newest records that pass the filter, oldest first.
pub(crate) fn read(path: &Path, filter: &EventFilter) -> Result<Vec<String>, ReadError> {
    let connection = open(path)?;
    let mut conditions = vec!["1"];
    let mut values = Vec::new();
    let mut add = |condition, value: Option<Value>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let whole = |n: u64| Value::Integer(number(n));
    add("number = ?", filter.number.map(|n| whole(n.into())));
    add("severity <= ?", filter.severity.map(|n| whole(n.into())));
    add("role = ?", filter.role.clone().map(Value::Text));
    add("unix_ms >= ?", filter.since_unix_ms.map(whole));
    add("unix_ms <= ?", filter.until_unix_ms.map(whole));
    let text = filter.containing.clone().map(Value::Text);
    add("instr(record, ?) > 0", text);
    values.push(whole(filter.limit as u64));
    let mut statement = connection.prepare(&format!(
        "SELECT record FROM event WHERE {} ORDER BY unix_ms DESC, id DESC LIMIT ?",
        conditions.join(" AND ")
    ))?;
    let rows = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let mut records = rows.collect::<Result<Vec<String>, _>>()?;
    records.reverse();
    Ok(records)
}

/// The place of the newest row; 0 where there is none.
pub(crate) fn last(path: &Path) -> Result<u64, ReadError> {
    let sql = "SELECT coalesce(max(id), 0) FROM event";
    let last: i64 = open(path)?.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(last).unwrap_or(0))
}

/// The records behind a place, in the order in which they were kept, each with its own place.
pub(crate) fn after(
    path: &Path,
    place: u64,
    limit: usize,
) -> Result<Vec<(u64, String)>, ReadError> {
    let connection = open(path)?;
    let sql = "SELECT id, record FROM event WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([number(place), number(limit as u64)], |row| {
        let id: i64 = row.get(0)?;
        Ok((u64::try_from(id).unwrap_or(0), row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Opens a store that is there: making one is [`crate::Store`]'s.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -64; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 1048576;",
    )?;
    Ok(connection)
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    fn row(unix_ms: u64, number: u16, role: &str) -> EventRow {
        EventRow {
            unix_ms,
            number,
            severity: if number == 12014 { 3 } else { 6 },
            role: role.to_owned(),
            record: format!("{{\"at\":{unix_ms},\"by\":\"{role}\"}}"),
        }
    }

    fn ats(store: &Store, filter: EventFilter) -> Vec<u64> {
        let limit = match filter.limit {
            0 => 100,
            limit => limit,
        };
        let records = store.events(&EventFilter { limit, ..filter }).unwrap();
        let at = |record: &String| {
            let json: serde_json::Value = serde_json::from_str(record).unwrap();
            json["at"].as_u64().unwrap()
        };
        records.iter().map(at).collect()
    }

    #[test]
    fn events_of_several_roles_are_found_by_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let mut transport = EventLog::new(&path);
        let mut worker = EventLog::new(&path);
        // Before there is a store nothing can be kept, and afterwards the same log works.
        let error = transport.append(&[row(1, 1, "transport")]).unwrap_err();
        assert!(error.to_string().contains("store.db"), "{error}");
        let store = Store::open(&path).unwrap();
        assert!(ats(&store, EventFilter::default()).is_empty());
        transport
            .append(&[row(10, 1001, "transport"), row(30, 12014, "transport")])
            .unwrap();
        worker.append(&[row(20, 1001, "worker")]).unwrap();
        let default = EventFilter::default;
        assert_eq!(ats(&store, default()), [10, 20, 30]);
        for (filter, expect) in [
            (
                EventFilter {
                    number: Some(1001),
                    ..default()
                },
                &[10, 20][..],
            ),
            (
                EventFilter {
                    severity: Some(4),
                    ..default()
                },
                &[30],
            ),
            (
                EventFilter {
                    role: Some("worker".into()),
                    ..default()
                },
                &[20],
            ),
            (
                EventFilter {
                    since_unix_ms: Some(20),
                    ..default()
                },
                &[20, 30],
            ),
            (
                EventFilter {
                    until_unix_ms: Some(20),
                    ..default()
                },
                &[10, 20],
            ),
            (
                EventFilter {
                    containing: Some("\"worker\"".into()),
                    ..default()
                },
                &[20],
            ),
            (
                EventFilter {
                    limit: 2,
                    ..default()
                },
                &[20, 30],
            ),
        ] {
            assert_eq!(ats(&store, filter.clone()), expect, "{filter:?}");
        }
    }

    #[test]
    fn a_reader_goes_on_behind_the_place_it_has_reached() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let store = Store::open(&path).unwrap();
        assert_eq!(store.last_event().unwrap(), 0);
        let mut log = EventLog::new(&path);
        let rows: Vec<_> = (0..5).map(|n| row(100 - n, 1, "a")).collect();
        log.append(&rows).unwrap();
        assert_eq!(store.last_event().unwrap(), 5);
        let first = store.events_after(0, 3).unwrap();
        let places: Vec<u64> = first.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [1, 2, 3], "as they were kept, not by their times");
        let rest = store.events_after(3, 3).unwrap();
        assert_eq!(rest.len(), 2);
        assert!(rest[1].1.contains("\"at\":96"), "{rest:?}");
        assert!(store.events_after(5, 3).unwrap().is_empty());
    }

    #[test]
    fn the_oldest_go_by_number_and_by_age() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let store = Store::open(&path).unwrap();
        let mut log = EventLog::new(&path);
        log.rows_max = 50;
        for i in 0..30 {
            let rows: Vec<_> = (0..100)
                .map(|j| row(1_000_000 + i * 100 + j, 1, "a"))
                .collect();
            log.append(&rows).unwrap();
        }
        let filter = EventFilter {
            limit: 10_000,
            ..EventFilter::default()
        };
        let left = ats(&store, filter.clone());
        assert!(left.len() <= 50 + PRUNE_EVERY as usize, "{}", left.len());
        assert_eq!(left.last(), Some(&1_002_999));
        // A new connection looks at once.
        EventLog::new(&path)
            .append(&[row(1_000_000 + EVENT_AGE_MAX_MS + 2_500, 1, "a")])
            .unwrap();
        let left = ats(&store, filter);
        assert_eq!(left.first(), Some(&1_002_500));
    }

    #[test]
    fn a_store_of_the_layout_before_gets_the_table() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        drop(Store::open(&path).unwrap());
        let old = Connection::open(&path).unwrap();
        old.execute_batch("DROP TABLE event; PRAGMA user_version = 1;")
            .unwrap();
        drop(old);
        let store = Store::open(&path).unwrap();
        EventLog::new(&path).append(&[row(5, 1, "a")]).unwrap();
        assert_eq!(ats(&store, EventFilter::default()), [5]);
        assert_eq!(store.all().unwrap().len(), 2);
    }
}
