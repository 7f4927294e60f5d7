//! The store: one SQLite file, one writer at a time, a feed of what changed.
//!
//! A write is one transaction, synced before it returns. Other processes hold the same file open;
//! their writes are noticed by a thread that asks the engine's change counter several times a
//! second, which costs no disk access. A row that cannot be read (a kind or a field of a newer
//! version, damage) is set aside: it stays in the file, is listed by [`Store::set_aside`], and does
//! not keep the rest from serving.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use mailward_host::{
    clock::{Clock, SystemClock},
    until::Until,
};
use mailward_model::{
    Kind, Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, TransportSettings},
};
use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use tokio::sync::watch;

use crate::{
    batch::{self, Step},
    change::{Change, ChangeOp, ChangeRecord},
    error::{ApplyError, Cause, OpenError, ReadError},
    event::{self, EventFilter},
    schema::{self, LAYOUT, Line, Stored, Unfit},
};

/// How often other processes' writes are looked for.
pub const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);
/// Octets of the writer's name that are kept.
const BY_OCTETS_MAX: usize = 256;

/// Every object, in one file. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    connection: Mutex<Connection>,
    revision: watch::Sender<Revision>,
    clock: Arc<dyn Clock>,
    /// While it is on, the file is as if it were gone: a fault on purpose.
    lost: Until,
    /// Its end tells the following thread to stop.
    _alive: mpsc::Sender<()>,
}

/// A row that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The object's id.
    pub id: ObjectId,
    /// Its kind, as stored.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.revision()).finish()
    }
}

impl Store {
    /// Opens the store in this file; makes it, readable by its owner alone, where there is none.
    ///
    /// # Errors
    /// [`OpenError`]: the file cannot be opened, is not a store, or has a newer layout.
    pub fn open(path: &Path) -> Result<Store, OpenError> {
        Store::open_with(path, Arc::new(SystemClock::default()))
    }

    /// Opens the store with a clock of the caller's.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>) -> Result<Store, OpenError> {
        let engine = |source: Cause| OpenError::Engine {
            path: path.to_owned(),
            source,
        };
        // The engine would make it with the umask's permissions; its side files take the main
        // file's. One that exists is not touched: closing it would end the locks that another
        // connection of this process holds on it (fcntl(2)).
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        match made {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(OpenError::File {
                    path: path.to_owned(),
                    source,
                });
            }
            _ => {}
        }
        let mut connection = Connection::open(path).map_err(|error| engine(error.into()))?;
        let is_new = schema::prepare(&mut connection).map_err(|unfit| match unfit {
            Unfit::Engine(source) => engine(source),
            Unfit::NotAStore => OpenError::NotAStore {
                path: path.to_owned(),
            },
            Unfit::Newer(found) => OpenError::Newer {
                path: path.to_owned(),
                found,
                known: LAYOUT,
            },
        })?;
        let revision = last_revision(&connection).map_err(|error| engine(error.into()))?;
        let (alive, stopped) = mpsc::channel();
        let store = Store(Arc::new(Inner {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            revision: watch::Sender::new(revision),
            clock,
            lost: Until::default(),
            _alive: alive,
        }));
        if is_new {
            store
                .create_singletons()
                .map_err(|error| engine(error.into()))?;
        }
        let inner = Arc::downgrade(&store.0);
        std::thread::Builder::new()
            .name("store-follow".to_owned())
            .stack_size(256 << 10)
            .spawn(move || follow(&inner, &stopped))
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok(store)
    }

    /// Settings of which there is always one object begin with their defaults.
    fn create_singletons(&self) -> Result<(), ApplyError> {
        for spec in [
            Spec::from(TransportSettings::default()),
            Spec::from(HealthSettings::default()),
        ] {
            match self.apply(vec![Change::create("default", spec)], "mailward") {
                // Another process that opened the new file at the same time may have been first.
                Ok(_) | Err(ApplyError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The connection, where the file is not lost on purpose.
    fn reach(&self) -> Result<MutexGuard<'_, Connection>, Cause> {
        if self.0.lost.is_on(&*self.0.clock) {
            return Err("the file is lost on purpose, for a drill".into());
        }
        Ok(self.0.connection.lock())
    }

    /// For this long every read and write of this process fails as if the file were gone: a fault
    /// for drills, which ends by itself. Nothing in the file changes.
    pub fn lose(&self, span: Duration) {
        self.0.lost.turn_on(&*self.0.clock, span);
    }

    /// Ends what [`Store::lose`] began.
    pub fn find(&self) {
        self.0.lost.turn_off();
    }

    /// Every object that can be read, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] where the engine cannot read the file.
    pub fn all(&self) -> Result<Vec<Object>, ReadError> {
        let (objects, _) = read_all(&*self.reach().map_err(ReadError)?)?;
        Ok(objects)
    }

    /// Every object with the revision they stand for: no write lies between the two.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn all_at(&self) -> Result<(Vec<Object>, Revision), ReadError> {
        let mut connection = self.reach().map_err(ReadError)?;
        let transaction = connection.transaction()?;
        let (objects, _) = read_all(&transaction)?;
        let revision = last_revision(&transaction)?;
        Ok((objects, revision))
    }

    /// The objects of a kind, by name.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn list(&self, kind: Kind) -> Result<Vec<Object>, ReadError> {
        let connection = self.reach().map_err(ReadError)?;
        let sql = format!(
            "SELECT {} FROM object WHERE kind = ?1 ORDER BY name_folded",
            Stored::COLUMNS
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([kind.table()], Stored::of)?;
        let mut objects = Vec::new();
        for row in rows {
            objects.extend(row?.object().ok());
        }
        Ok(objects)
    }

    /// The object of a kind with this name, compared without regard to ASCII case.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn get(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        let connection = self.reach().map_err(ReadError)?;
        let sql = format!(
            "SELECT {} FROM object WHERE kind = ?1 AND name_folded = ?2",
            Stored::COLUMNS
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let row = statement
            .query_row(params![kind.table(), schema::folded(name)], Stored::of)
            .optional()?;
        Ok(row.and_then(|row| row.object().ok()))
    }

    /// The rows that this version cannot read.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn set_aside(&self) -> Result<Vec<SetAside>, ReadError> {
        let (_, aside) = read_all(&*self.reach().map_err(ReadError)?)?;
        Ok(aside)
    }

    /// Makes all these changes, or none. Returns the last revision. A replacement that changes
    /// nothing is no change.
    ///
    /// # Errors
    /// [`ApplyError`]: an object is not sound, has changed since it was read, is missing or there
    /// already, or the file cannot be written.
    pub fn apply(&self, changes: Vec<Change>, by: &str) -> Result<Revision, ApplyError> {
        self.run(changes, by, true)
    }

    /// Says whether these changes could be made now. Changes nothing.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn check(&self, changes: Vec<Change>) -> Result<(), ApplyError> {
        self.run(changes, "", false).map(drop)
    }

    /// Writes, and takes it back: whether the file could be written now. Changes nothing.
    ///
    /// # Errors
    /// The file cannot be written, or another writer holds it for too long.
    pub fn write_test(&self) -> Result<(), ReadError> {
        let mut connection = self.0.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Two pages of the engine's are dirty after it, and its checks of the row are done.
        transaction.execute(
            "INSERT INTO object (kind, name, name_folded, revision, spec) VALUES ('', '', '', 0, '')",
            [],
        )?;
        transaction.rollback()?;
        Ok(())
    }

    fn run(&self, changes: Vec<Change>, by: &str, write: bool) -> Result<Revision, ApplyError> {
        let mut connection = self.reach().map_err(ApplyError::Engine)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (objects, _) = read_all(&transaction).map_err(|error| ApplyError::Engine(error.0))?;
        let stored = || read_all(&transaction).map_or_else(|_| Vec::new(), |(objects, _)| objects);
        let who = |revision| who_changed(&transaction, revision);
        let steps = batch::work_out(objects, changes, who, stored)?;
        if write {
            let by = by
                .get(..by.floor_char_boundary(BY_OCTETS_MAX))
                .unwrap_or(by);
            let at_unix_ms = self.0.clock.unix_ms();
            for step in &steps {
                write_step(&transaction, step, at_unix_ms, by)?;
            }
        }
        let revision = last_revision(&transaction)?;
        if !write || steps.is_empty() {
            return Ok(revision);
        }
        transaction.commit()?;
        drop(connection);
        announce(&self.0.revision, revision);
        Ok(revision)
    }

    /// The change feed behind a revision, oldest first, `limit` lines at most.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn changes_since(
        &self,
        revision: Revision,
        limit: usize,
    ) -> Result<Vec<ChangeRecord>, ReadError> {
        self.feed(
            "revision > ?1 ORDER BY revision LIMIT ?2",
            revision.0,
            limit,
        )
    }

    /// The history of one object, newest first, `limit` lines at most. It outlives the object.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn history(&self, id: ObjectId, limit: usize) -> Result<Vec<ChangeRecord>, ReadError> {
        self.feed("id = ?1 ORDER BY revision DESC LIMIT ?2", id.0, limit)
    }

    fn feed(&self, which: &str, number: u64, limit: usize) -> Result<Vec<ChangeRecord>, ReadError> {
        let connection = self.reach().map_err(ReadError)?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT revision, kind, id, name, op, spec_before, spec_after, at_unix_ms, by
             FROM change WHERE {which}"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let rows = statement.query_map(params![number, limit], |row| {
            Ok(ChangeRecord {
                revision: Revision(count(row.get(0)?)),
                kind: row.get(1)?,
                id: ObjectId(count(row.get(2)?)),
                name: row.get(3)?,
                op: ChangeOp::of_word(&row.get::<_, String>(4)?).unwrap_or(ChangeOp::Replace),
                before: json(row.get(5)?),
                after: json(row.get(6)?),
                at_unix_ms: count(row.get(7)?),
                by: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest records of events that pass the filter, oldest first, as they were appended. Asked
    /// over a connection of its own: a long search keeps nobody waiting.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<String>, ReadError> {
        event::read(&self.0.path, filter)
    }

    /// The place of the newest event kept; 0 where there is none.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn last_event(&self) -> Result<u64, ReadError> {
        event::last(&self.0.path)
    }

    /// The events kept behind a place, oldest first, each with its own place: for whoever follows
    /// them. Places only grow.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn events_after(&self, place: u64, limit: usize) -> Result<Vec<(u64, String)>, ReadError> {
        event::after(&self.0.path, place, limit)
    }

    /// The last revision that this process knows of.
    pub fn revision(&self) -> Revision {
        *self.0.revision.borrow()
    }

    /// Tells of new revisions: at once where this process wrote, within [`FOLLOW_INTERVAL`] and a
    /// little where another one did.
    pub fn subscribe(&self) -> watch::Receiver<Revision> {
        self.0.revision.subscribe()
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError(error.into())
    }
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        ApplyError::Engine(error.into())
    }
}

fn last_revision(connection: &Connection) -> rusqlite::Result<Revision> {
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(revision), 0) FROM change")?
        .query_row([], |row| row.get(0))?;
    Ok(Revision(u64::try_from(last).unwrap_or(0)))
}

fn read_all(connection: &Connection) -> Result<(Vec<Object>, Vec<SetAside>), ReadError> {
    let sql = format!("SELECT {} FROM object ORDER BY id", Stored::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let (mut objects, mut aside) = (Vec::new(), Vec::new());
    for row in statement.query_map([], Stored::of)? {
        let row = row?;
        match row.object() {
            Ok(object) => objects.push(object),
            Err(problem) => aside.push(SetAside {
                id: ObjectId(u64::try_from(row.id).unwrap_or(0)),
                kind: row.kind,
                name: row.name,
                problem,
            }),
        }
    }
    Ok((objects, aside))
}

fn who_changed(connection: &Connection, revision: Revision) -> String {
    let number = i64::try_from(revision.0).unwrap_or(i64::MAX);
    connection
        .query_row(
            "SELECT by FROM change WHERE revision = ?1",
            [number],
            |row| row.get(0),
        )
        .unwrap_or_else(|_| "somebody unknown".to_owned())
}

/// Writes one step: a line of the feed, and the object at the line's number.
fn write_step(
    connection: &Connection,
    step: &Step,
    at_unix_ms: u64,
    by: &str,
) -> Result<(), ApplyError> {
    let text = |spec: &Option<Spec>| {
        spec.as_ref()
            .map(schema::spec_text)
            .transpose()
            .map_err(|error| ApplyError::Engine(error.into()))
    };
    let (before, after) = (text(&step.before)?, text(&step.after)?);
    let kind = step.kind.table();
    let folded = schema::folded(&step.name_after);
    let id = match (step.id, &after) {
        (Some(id), _) => i64::try_from(id.0).unwrap_or(i64::MAX),
        (None, Some(spec)) if step.op == ChangeOp::Create => {
            // A row that is set aside is not among the objects, but its name is taken all the same.
            let taken = connection
                .query_row(
                    "SELECT 1 FROM object WHERE kind = ?1 AND name_folded = ?2",
                    params![kind, folded],
                    |_| Ok(()),
                )
                .optional()?;
            if taken.is_some() {
                return Err(ApplyError::Exists {
                    kind: step.kind,
                    name: step.name_after.clone(),
                });
            }
            connection
                .prepare_cached(
                    "INSERT INTO object (kind, name, name_folded, revision, spec) VALUES (?1, ?2, ?3, 0, ?4)",
                )?
                .execute(params![kind, step.name_after, folded, spec])?;
            connection.last_insert_rowid()
        }
        // A later step of the batch that made the object.
        (None, _) => connection.query_row(
            "SELECT id FROM object WHERE kind = ?1 AND name_folded = ?2",
            params![kind, schema::folded(&step.name)],
            |row| row.get(0),
        )?,
    };
    let revision = Line {
        kind: step.kind,
        id,
        name: &step.name_after,
        op: step.op,
        before: before.as_deref(),
        after: after.as_deref(),
        at_unix_ms,
        by,
    }
    .write(connection)?;
    match after {
        Some(spec) => connection
            .prepare_cached(
                "UPDATE object SET name = ?2, name_folded = ?3, revision = ?4, spec = ?5 WHERE id = ?1",
            )?
            .execute(params![id, step.name_after, folded, revision, spec])?,
        None => connection.execute("DELETE FROM object WHERE id = ?1", [id])?,
    };
    Ok(())
}

/// Tells subscribers of a revision, unless a later one was told already.
fn announce(sender: &watch::Sender<Revision>, revision: Revision) {
    sender.send_if_modified(|known| {
        let is_new = revision > *known;
        if is_new {
            *known = revision;
        }
        is_new
    });
}

/// Looks for other processes' writes until the store is closed.
fn follow(inner: &Weak<Inner>, stopped: &mpsc::Receiver<()>) {
    let mut version_seen: Option<i64> = None;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(FOLLOW_INTERVAL) {
        let Some(inner) = inner.upgrade() else {
            return;
        };
        if inner.lost.is_on(&*inner.clock) {
            continue;
        }
        let connection = inner.connection.lock();
        // An engine that fails now is asked again; whoever reads or writes gets the error.
        let version = connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)));
        if let Ok(version) = version
            && version_seen != Some(version)
            && let Ok(revision) = last_revision(&connection)
        {
            version_seen = Some(version);
            drop(connection);
            announce(&inner.revision, revision);
        }
    }
}
