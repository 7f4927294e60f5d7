//! The store: objects over an engine, and a feed of what changed.
//!
//! A write is one transaction, synced before it returns. A row that cannot be read (a kind or a
//! field of a newer version, damage) is set aside: it stays where it is, is listed by
//! [`Store::set_aside`], and does not keep the rest from serving.

use std::{path::Path, sync::Arc, time::Duration};

use mailward_host::clock::{Clock, SystemClock};
use mailward_model::{
    Domain, Kind, Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, TransportSettings},
};
use tokio::sync::watch;

use crate::{
    batch,
    change::{Change, ChangeRecord},
    engine::{
        Engine, File, Head, Line, Rows, Stored, folded,
        postgres::{Postgres, Standing},
        row::signed,
    },
    error::{ApplyError, Cause, OpenError, ReadError},
    event::{self, EventFilter},
    lines,
    place::Place,
    refresh::Refreshing,
};

/// Octets of the writer's name that are kept.
const BY_OCTETS_MAX: usize = 256;

/// Every object. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>, Option<Domain>);

struct Inner {
    place: Place,
    /// What is read.
    file: Arc<File>,
    /// What decides about changes.
    engine: Arc<dyn Engine>,
    standing: watch::Receiver<Standing>,
    clock: Arc<dyn Clock>,
    refreshing: Refreshing,
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
        Store::open_at(&Place::from(path))
    }

    /// Opens the store at this place; makes it where there is none. A database that is away is no
    /// error where this node has a copy of its objects.
    ///
    /// # Errors
    /// [`OpenError`]: it cannot be opened, is not a store, or has a newer layout.
    pub fn open_at(place: &Place) -> Result<Store, OpenError> {
        Store::open_with(place, Arc::new(SystemClock::default()))
    }

    /// Opens the store with a clock of the caller's.
    ///
    /// # Errors
    /// As [`Store::open_at`].
    pub fn open_with(place: &Place, clock: Arc<dyn Clock>) -> Result<Store, OpenError> {
        let (store, is_new) = match place {
            Place::File(path) => {
                let (file, is_new) = File::open(path, Arc::clone(&clock))?;
                let engine: Arc<dyn Engine> = file.clone();
                // Whose sender is gone stays as it is.
                let (_, standing) = watch::channel(Standing::Here);
                (Inner::new(place, file, engine, standing, clock), is_new)
            }
            Place::Database {
                database,
                copy,
                events,
            } => {
                // Made here, so that there is one to append to.
                drop(File::open(events, Arc::clone(&clock))?);
                let (file, _) = File::open(copy, Arc::clone(&clock))?;
                let (engine, standing) = Postgres::open(database, copy, Arc::clone(&file))?;
                let is_new = file.revision() == Revision(0);
                let engine = Arc::new(engine);
                (Inner::new(place, file, engine, standing, clock), is_new)
            }
        };
        let store = Store(Arc::new(store), None);
        if is_new {
            store.create_singletons().map_err(|error| match place {
                Place::File(path) => OpenError::Engine {
                    path: path.clone(),
                    source: error.into(),
                },
                Place::Database { database, .. } => OpenError::Database {
                    place: database.to_string(),
                    source: error.into(),
                },
            })?;
        }
        Ok(store)
    }

    /// The same store, seen by this node: [`Store::in_force`] answers by the policies that reach it.
    pub fn on_node(self, node: Domain) -> Store {
        Store(self.0, Some(node))
    }

    /// Reads rows as they are at one moment.
    pub(crate) fn read_rows<T>(
        &self,
        read: impl FnOnce(&Rows<'_>) -> Result<T, Cause>,
    ) -> Result<T, ReadError> {
        self.0.file.read(read).map_err(ReadError)
    }

    /// The node that sees it.
    pub(crate) fn node(&self) -> Option<&Domain> {
        self.1.as_ref()
    }

    pub(crate) fn file(&self) -> &File {
        &self.0.file
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.0.engine
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn refreshing(&self) -> &Refreshing {
        &self.0.refreshing
    }

    /// Settings of which there is always one object begin with their defaults. Those of policies came
    /// later: stores of before have none, and none means the defaults.
    fn create_singletons(&self) -> Result<(), ApplyError> {
        for spec in [
            Spec::from(TransportSettings::default()),
            Spec::from(HealthSettings::default()),
        ] {
            match self.apply(vec![Change::create("default", spec)], "mailward") {
                // Another process that opened the new store at the same time may have been first.
                Ok(_) | Err(ApplyError::Exists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// For this long every read and write of this process fails as if the file were gone: a fault
    /// for drills, which ends by itself. Nothing in the file changes.
    pub fn lose(&self, span: Duration) {
        self.0.file.lose(span);
    }

    /// Ends what [`Store::lose`] began.
    pub fn find(&self) {
        self.0.file.find();
    }

    /// Whether the database of the objects can be reached, and each change of that. A store in a
    /// file is always here.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.0.standing.clone()
    }

    /// The database, where the store is in one: its hosts and its name.
    pub fn database(&self) -> Option<String> {
        match &self.0.place {
            Place::File(_) => None,
            Place::Database { database, .. } => Some(database.to_string()),
        }
    }

    /// How much room the objects, their history and what the engine keeps for them take, in octets;
    /// of a database, as it says itself. Whether it can be reached shows with it.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn octets(&self) -> Result<u64, ReadError> {
        self.0.engine.octets().map_err(ReadError)
    }

    /// The file of this node from which objects are read: the store itself, or the copy of a
    /// database; and the room it takes, in octets.
    pub fn own_file(&self) -> (&Path, u64) {
        let path = match &self.0.place {
            Place::File(path) => path,
            Place::Database { copy, .. } => copy,
        };
        (path, octets_of(path))
    }

    /// Every object that can be read, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] where the engine cannot read the file.
    pub fn all(&self) -> Result<Vec<Object>, ReadError> {
        Ok(self.all_at()?.0)
    }

    /// Every object with the revision they stand for: no write lies between the two.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn all_at(&self) -> Result<(Vec<Object>, Revision), ReadError> {
        let (head, rows) = self.0.file.all().map_err(ReadError)?;
        let revision = Revision(u64::try_from(head.revision).unwrap_or(0));
        Ok((sorted(&rows).0, revision))
    }

    /// The objects of a kind, by name.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn list(&self, kind: Kind) -> Result<Vec<Object>, ReadError> {
        let rows = self.0.file.list(kind.table()).map_err(ReadError)?;
        Ok(sorted(&rows).0)
    }

    /// The object of a kind with this name, compared without regard to ASCII case.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn get(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        let row = self.0.file.get(kind.table(), &folded(name));
        Ok(row.map_err(ReadError)?.and_then(|row| row.object().ok()))
    }

    /// The rows that this version cannot read.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn set_aside(&self) -> Result<Vec<SetAside>, ReadError> {
        let (_, rows) = self.0.file.all().map_err(ReadError)?;
        Ok(sorted(&rows).1)
    }

    /// Makes all these changes, or none. Returns the last revision. A replacement that changes
    /// nothing is no change.
    ///
    /// # Errors
    /// [`ApplyError`]: an object is not sound, has changed since it was read, is missing or there
    /// already, or the engine cannot write.
    pub fn apply(&self, changes: Vec<Change>, by: &str) -> Result<Revision, ApplyError> {
        let by = by
            .get(..by.floor_char_boundary(BY_OCTETS_MAX))
            .unwrap_or(by);
        let at_unix_ms = self.0.clock.unix_ms();
        let mut changes = Some(changes);
        let written = self.0.engine.write(&mut |head, rows| {
            work(
                head,
                rows,
                changes.take().unwrap_or_default(),
                at_unix_ms,
                by,
            )
        });
        match written {
            Ok(revision) => Ok(Revision(u64::try_from(revision).unwrap_or(0))),
            Err(error) => Err(self.named(error)),
        }
    }

    /// Says whether these changes could be made now. Changes nothing.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn check(&self, changes: Vec<Change>) -> Result<(), ApplyError> {
        let checked = self
            .0
            .file
            .look_up(|head, rows| work(head, rows, changes, 0, ""));
        checked.map(drop).map_err(|error| self.named(error))
    }

    /// A conflict with the name of who was there before.
    fn named(&self, mut error: ApplyError) -> ApplyError {
        if let ApplyError::Conflict { current, by, .. } = &mut error {
            let who = self.0.file.who(signed(current.0));
            *by = who.unwrap_or_else(|| "somebody unknown".to_owned());
        }
        error
    }

    /// Writes, and takes it back: whether the store could be written now. Changes nothing.
    ///
    /// # Errors
    /// It cannot be written, or another writer holds it for too long.
    pub fn write_test(&self) -> Result<(), ReadError> {
        self.0.engine.write_test().map_err(ReadError)
    }

    /// Whether this process is to do a piece of work that only one may do at a time among all nodes
    /// that share the store. Who has been told so leads until its connection ends or it closes the
    /// store, and should ask again every few seconds. A store in a file has one node, which leads.
    ///
    /// What is done must be sound also where two do it for a moment: a connection may have ended
    /// before either side knows.
    ///
    /// # Errors
    /// The database cannot be asked: then nobody knows, and nobody should begin.
    pub fn lead(&self, work: &str) -> Result<bool, ReadError> {
        self.0.engine.lead(work).map_err(ReadError)
    }

    /// The change feed behind a revision, oldest first, `limit` lines at most. Revisions have no
    /// gaps, and none is ever told before a smaller one.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn changes_since(
        &self,
        revision: Revision,
        limit: usize,
    ) -> Result<Vec<ChangeRecord>, ReadError> {
        records(self.0.file.feed(signed(revision.0), signed(limit as u64)))
    }

    /// The history of one object, newest first, `limit` lines at most. It outlives the object.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn history(&self, id: ObjectId, limit: usize) -> Result<Vec<ChangeRecord>, ReadError> {
        records(self.0.file.history(signed(id.0), signed(limit as u64)))
    }

    /// The newest records of events that pass the filter, oldest first, as they were appended. Asked
    /// over a connection of its own: a long search keeps nobody waiting.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<String>, ReadError> {
        event::read(self.0.place.events(), filter)
    }

    /// The place of the newest event kept; 0 where there is none.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn last_event(&self) -> Result<u64, ReadError> {
        event::last(self.0.place.events())
    }

    /// The events kept behind a place, oldest first, each with its own place: for whoever follows
    /// them. Places only grow.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn events_after(&self, place: u64, limit: usize) -> Result<Vec<(u64, String)>, ReadError> {
        event::after(self.0.place.events(), place, limit)
    }

    /// The last revision that this process knows of.
    pub fn revision(&self) -> Revision {
        self.0.file.revision()
    }

    /// Tells of new revisions: at once where this process wrote, within
    /// [`crate::FOLLOW_INTERVAL`] and a little where another one did, and as fast as the database
    /// tells of it where another node did.
    pub fn subscribe(&self) -> watch::Receiver<Revision> {
        self.0.file.subscribe()
    }
}

impl Inner {
    fn new(
        place: &Place,
        file: Arc<File>,
        engine: Arc<dyn Engine>,
        standing: watch::Receiver<Standing>,
        clock: Arc<dyn Clock>,
    ) -> Inner {
        Inner {
            place: place.clone(),
            file,
            engine,
            standing,
            clock,
            refreshing: Refreshing::default(),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError(error.into())
    }
}

/// Octets of a file of objects, with what lies beside it until it is written into it.
pub(crate) fn octets_of(path: &Path) -> u64 {
    let beside = ["", "-wal"].map(|suffix| {
        let mut path = path.as_os_str().to_owned();
        path.push(suffix);
        std::fs::metadata(path).map_or(0, |found| found.len())
    });
    beside.iter().sum()
}

/// The objects of these rows, and the rows that are none.
fn sorted(rows: &[Stored]) -> (Vec<Object>, Vec<SetAside>) {
    let (mut objects, mut aside) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        match row.object() {
            Ok(object) => objects.push(object),
            Err(problem) => aside.push(SetAside {
                id: ObjectId(u64::try_from(row.id).unwrap_or(0)),
                kind: row.kind.clone(),
                name: row.name.clone(),
                problem,
            }),
        }
    }
    (objects, aside)
}

/// What is to be written for these changes.
fn work(
    head: Head,
    rows: &Rows<'_>,
    changes: Vec<Change>,
    at_unix_ms: u64,
    by: &str,
) -> Result<Vec<Line>, ApplyError> {
    let steps = batch::work_out(rows, changes)?;
    lines::of_steps(&steps, head, rows, at_unix_ms, by)
}

fn records(lines: Result<Vec<Line>, Cause>) -> Result<Vec<ChangeRecord>, ReadError> {
    let lines = lines.map_err(ReadError)?;
    Ok(lines.into_iter().map(Line::record).collect())
}
