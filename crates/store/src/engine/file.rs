//! One SQLite file: an engine, and what every store reads from.
//!
//! Other processes hold the same file open; their writes are noticed by a thread that asks SQLite's
//! change counter several times a second, which costs no disk access.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use mailward_host::{clock::Clock, until::Until};
use mailward_model::Revision;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::watch;

use super::{
    Engine, Head, Line, Rows, Stored, Work, index,
    schema::{self, LAYOUT, Unfit},
};
use crate::error::{ApplyError, Cause, OpenError};

/// How often other processes' writes are looked for.
pub const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

/// The open file.
pub(crate) struct File {
    connection: Mutex<Connection>,
    revision: watch::Sender<Revision>,
    clock: Arc<dyn Clock>,
    /// While it is on, the file is as if it were gone: a fault on purpose.
    lost: Until,
    /// Its end tells the following thread to stop.
    _alive: mpsc::Sender<()>,
}

impl File {
    /// Opens the file; makes it, readable by its owner alone, where there is none. True where it
    /// was made.
    pub(crate) fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<(Arc<File>, bool), OpenError> {
        let (connection, is_new) = connect(path)?;
        let revision = schema::last_revision(&connection).map_err(|source| OpenError::Engine {
            path: path.to_owned(),
            source: source.into(),
        })?;
        let (alive, stopped) = mpsc::channel();
        let file = Arc::new(File {
            connection: Mutex::new(connection),
            revision: watch::Sender::new(known(revision)),
            clock,
            lost: Until::default(),
            _alive: alive,
        });
        let weak = Arc::downgrade(&file);
        std::thread::Builder::new()
            .name("store-follow".to_owned())
            .stack_size(256 << 10)
            .spawn(move || follow(&weak, &stopped))
            .map_err(|source| OpenError::File {
                path: path.to_owned(),
                source,
            })?;
        Ok((file, is_new))
    }

    /// The connection, where the file is not lost on purpose.
    fn reach(&self) -> Result<MutexGuard<'_, Connection>, Cause> {
        if self.lost.is_on(&*self.clock) {
            return Err("the file is lost on purpose, for a drill".into());
        }
        Ok(self.connection.lock())
    }

    /// For this long every read and write fails as if the file were gone.
    pub(crate) fn lose(&self, span: Duration) {
        self.lost.turn_on(&*self.clock, span);
    }

    /// Ends what [`File::lose`] began.
    pub(crate) fn find(&self) {
        self.lost.turn_off();
    }

    /// Every row of objects, and where the numbers stand: no write lies between the two.
    pub(crate) fn all(&self) -> Result<(Head, Vec<Stored>), Cause> {
        let mut connection = self.reach()?;
        let transaction = connection.transaction()?;
        let rows = schema::rows(&transaction, "ORDER BY id", [])?;
        Ok((head(&transaction)?, rows))
    }

    /// The rows as they are at one moment, for whoever only reads them, and asks for nothing of the index.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Rows<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let mut connection = self.reach()?;
        let transaction = connection.transaction()?;
        let found = read(&Rows::of(&transaction))?;
        transaction.commit()?;
        Ok(found)
    }

    /// The rows as they are at one moment, for whoever asks for some of them. Nobody else of this
    /// process reads meanwhile.
    pub(crate) fn look_up<T>(
        &self,
        look: impl FnOnce(Head, &Rows<'_>) -> Result<T, ApplyError>,
    ) -> Result<T, ApplyError> {
        let mut connection = self.reach().map_err(ApplyError::Engine)?;
        let mut transaction = connection.transaction()?;
        if !index::is_kept(&transaction)? {
            drop(transaction);
            transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            index::keep(&transaction)?;
        }
        let found = look(head(&transaction)?, &Rows::of(&transaction))?;
        transaction.commit()?;
        Ok(found)
    }

    /// The rows of a kind, by name.
    pub(crate) fn list(&self, kind: &str) -> Result<Vec<Stored>, Cause> {
        let which = "WHERE kind = ?1 ORDER BY name_folded";
        Ok(schema::rows(&*self.reach()?, which, [kind])?)
    }

    /// The row of a kind with this folded name.
    pub(crate) fn get(&self, kind: &str, folded: &str) -> Result<Option<Stored>, Cause> {
        let which = "WHERE kind = ?1 AND name_folded = ?2";
        Ok(schema::rows(&*self.reach()?, which, params![kind, folded])?.pop())
    }

    /// The feed behind a revision, oldest first.
    pub(crate) fn feed(&self, after: i64, limit: i64) -> Result<Vec<Line>, Cause> {
        let which = "revision > ?1 ORDER BY revision LIMIT ?2";
        Ok(schema::lines(&*self.reach()?, which, [after, limit])?)
    }

    /// The feed of one object, newest first.
    pub(crate) fn history(&self, id: i64, limit: i64) -> Result<Vec<Line>, Cause> {
        let which = "id = ?1 ORDER BY revision DESC LIMIT ?2";
        Ok(schema::lines(&*self.reach()?, which, [id, limit])?)
    }

    /// When each object was made and changed last, until a moment.
    pub(crate) fn times(&self, until_unix_ms: i64) -> Result<Vec<(i64, i64, i64)>, Cause> {
        Ok(schema::times(&*self.reach()?, until_unix_ms)?)
    }

    /// Who made a revision.
    pub(crate) fn who(&self, revision: i64) -> Option<String> {
        let connection = self.reach().ok()?;
        let lines = schema::lines(&connection, "revision = ?1", [revision]).ok()?;
        lines.into_iter().next().map(|line| line.by)
    }

    /// The last revision that this process knows of.
    pub(crate) fn revision(&self) -> Revision {
        *self.revision.borrow()
    }

    /// Tells of revisions.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.revision.subscribe()
    }

    /// Looks for the last revision now, and tells of it.
    pub(crate) fn look(&self) {
        let connection = self.connection.lock();
        // A file that fails now is asked again; whoever reads or writes gets the error.
        if let Ok(revision) = schema::last_revision(&connection) {
            self.announce(revision);
        }
    }

    /// Tells subscribers of a revision that they do not know. Only while the connection is held:
    /// else a revision that was read before a write could be told after that write's own. It may
    /// be a smaller one, where a copy was begun anew.
    fn announce(&self, revision: i64) {
        let revision = known(revision);
        self.revision.send_if_modified(|told| {
            let is_new = revision != *told;
            *told = revision;
            is_new
        });
    }
}

impl Engine for File {
    fn write(&self, work: Work<'_>) -> Result<i64, ApplyError> {
        let mut connection = self.reach().map_err(ApplyError::Engine)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        index::keep(&transaction)?;
        let head = head(&transaction)?;
        let lines = work(head, &Rows::of(&transaction))?;
        let Some(last) = lines.last() else {
            return Ok(head.revision);
        };
        schema::append(&transaction, &lines)?;
        transaction.commit()?;
        self.announce(last.revision);
        Ok(last.revision)
    }

    fn refresh(&self) -> Result<(), Cause> {
        let connection = self.reach()?;
        let revision = schema::last_revision(&connection)?;
        self.announce(revision);
        Ok(())
    }

    fn octets(&self) -> Result<u64, Cause> {
        let connection = self.reach()?;
        // A file that is not there any more is still open; this reads a page of it.
        schema::last_revision(&connection)?;
        match connection.path() {
            Some(path) => Ok(crate::store::octets_of(Path::new(path))),
            None => Ok(0),
        }
    }

    fn write_test(&self) -> Result<(), Cause> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Two pages of the engine's are dirty after it, and its checks of the row are done.
        transaction.execute(
            "INSERT INTO object (kind, name, name_folded, revision, spec) VALUES ('', '', '', 0, '')",
            [],
        )?;
        transaction.rollback()?;
        Ok(())
    }

    /// A file has one node.
    fn lead(&self, _work: &str) -> Result<bool, Cause> {
        Ok(true)
    }
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        ApplyError::Engine(error.into())
    }
}

/// Opens a connection to a file, which is made where there is none; true where it was.
pub(super) fn connect(path: &Path) -> Result<(Connection, bool), OpenError> {
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
            place: path.display().to_string(),
            found,
            known: LAYOUT,
        },
    })?;
    Ok((connection, is_new))
}

fn head(connection: &Connection) -> rusqlite::Result<Head> {
    Ok(Head {
        revision: schema::last_revision(connection)?,
        id: schema::last_id(connection)?,
    })
}

fn known(revision: i64) -> Revision {
    Revision(u64::try_from(revision).unwrap_or(0))
}

/// Looks for other processes' writes until the file is closed.
fn follow(file: &Weak<File>, stopped: &mpsc::Receiver<()>) {
    let mut version_seen: Option<i64> = None;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(FOLLOW_INTERVAL) {
        let Some(file) = file.upgrade() else {
            return;
        };
        if file.lost.is_on(&*file.clock) {
            continue;
        }
        let connection = file.connection.lock();
        // As in `look`: an engine that fails now is asked again.
        let version = connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)));
        if let Ok(version) = version
            && version_seen != Some(version)
            && let Ok(revision) = schema::last_revision(&connection)
        {
            version_seen = Some(version);
            file.announce(revision);
        }
    }
}
