//! Writing the ledger.
//!
//! A line is handed to the operating system at once, so that it survives the process; a thread of
//! its own syncs what was written, a few milliseconds' worth with one call, and then gives back, in one
//! piece, what waited for these lines. What could not be written or synced is kept in memory and
//! written again: a chain has no hole because a disk was full.
//!
//! Invariant: what waits for a line is given back only after that line is synced, and in the lines'
//! order.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use mailward_host::kill::{self, Step};
use mailward_model::MessageId;
use parking_lot::{Condvar, Mutex};

use crate::{
    Digest, Line, Report, Signer, What,
    check::{self, TAIL_OCTETS_MAX},
    line::{Said, day_of, root},
};

/// How long lines are gathered before they are synced.
const GATHER: Duration = Duration::from_millis(20);
/// A day of a ledger is one of UTC.
const DAY_MS: u64 = 86_400_000;
/// How long until a disk that refused is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Reports remembered from the end of the ledger when it is opened: the queue lags behind it by what
/// was handed over within one sync.
const KNOWN_MAX: usize = 65_536;

/// Why the ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}; check that the folder is there and can be written to")]
pub struct LedgerError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    let path = path.to_owned();
    move |source| LedgerError {
        action,
        path,
        source,
    }
}

/// What was found when the ledger was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// Octets of a line that a crash cut short, removed.
    pub torn_octets: u64,
    /// Something in the newest file that is not as it was written: its name, line, what.
    pub damage: Option<(String, u64, String)>,
}

/// The ledger as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The number of the last line.
    pub lines: u64,
    /// Reports entered since it was opened.
    pub reports: u64,
    /// The digest of the last line.
    pub head: Digest,
    /// The last day that was closed, and its root.
    pub last_root: Option<(String, Digest)>,
    /// What the disk says, while it refuses.
    pub failing: Option<String>,
    /// What was wrong with the newest file when the ledger was opened: its name, line, what.
    pub damage: Option<(String, u64, String)>,
}

/// Told of what an administrator should know, and of what is durable.
pub trait Watch<T>: Send + Sync {
    /// The lines that these waited for are durable; in the lines' order.
    fn durable(&self, waited: Vec<T>);
    /// The disk refuses; said once until it works again.
    fn failing(&self, path: &Path, error: &io::Error);
    /// A day was closed with this root after so many lines.
    fn closed(&self, day: &str, lines: u64, root: Digest);
}

struct Inner<T> {
    dir: PathBuf,
    host: String,
    signer: Signer,
    day: String,
    file: Arc<File>,
    /// Octets of the file that are synced.
    synced_end: u64,
    /// What stands behind them, or should.
    unsynced: Vec<u8>,
    /// Of these, octets that were handed to the operating system.
    written: usize,
    next: u64,
    head: Digest,
    /// Lines of this day.
    day_lines: u64,
    /// The last day by number that was found to be no later than this one: most lines need not ask
    /// the calendar.
    looked_day: u64,
    reports: u64,
    last_root: Option<(String, Digest)>,
    /// What waits for the lines behind the last sync.
    waiting: Vec<T>,
    failing: Option<String>,
    closing: bool,
}

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    /// Whether the disk refuses, for who asks before each report.
    is_failing: AtomicBool,
    work: Condvar,
    /// Told when the ledger is closed, so that nothing is gathered any more.
    closing: Condvar,
    watch: Box<dyn Watch<T>>,
}

/// The ledger, open for writing. Lines may have something that waits until they are durable, a `T`:
/// [`Watch::durable`] is given all that waited for one sync at once.
pub struct Ledger<T> {
    shared: Arc<Shared<T>>,
    known: Mutex<HashMap<(MessageId, u32), Report>>,
    damage: Option<(String, u64, String)>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<T> std::fmt::Debug for Ledger<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("dir", &self.shared.inner.lock().dir)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Ledger<T> {
    /// Opens the ledger in `dir`, making it where it is missing, and starts the thread that syncs.
    ///
    /// # Errors
    /// The folder or the newest file cannot be read or written.
    pub fn open(
        dir: &Path,
        host: &str,
        signer: Signer,
        watch: Box<dyn Watch<T>>,
        now_unix_ms: u64,
    ) -> Result<(Ledger<T>, Opened), LedgerError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed("make", dir))?;
        let files = check::files(dir).map_err(failed("read", dir))?;
        let mut opened = Opened::default();
        let mut known = HashMap::new();
        let mut inner = match files.last() {
            None => first(dir, host, signer, now_unix_ms)?,
            Some(newest) => resume(newest, dir, host, signer, &mut opened)?,
        };
        // The day may just have changed when the process was killed.
        for file in files.iter().rev().take(2) {
            remember(&file.path, &mut known).map_err(failed("read", &file.path))?;
        }
        inner.last_root = last_root(&files);
        let shared = Arc::new(Shared {
            inner: Mutex::new(inner),
            is_failing: AtomicBool::new(false),
            work: Condvar::new(),
            closing: Condvar::new(),
            watch,
        });
        let syncing = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("journal-sync".to_owned())
            .spawn(move || run(&syncing))
            .map_err(failed("start the thread of", dir))?;
        let ledger = Ledger {
            shared,
            known: Mutex::new(known),
            damage: opened.damage.clone(),
            thread: Mutex::new(Some(thread)),
        };
        ledger.tick(now_unix_ms);
        Ok((ledger, opened))
    }

    /// Enters lines; what `waits` for them is told of when they are durable. Never fails: what the disk
    /// refuses is kept and written when it can be, and until then [`Ledger::is_failing`] is true.
    pub fn append(
        &self,
        now_unix_ms: u64,
        whats: impl IntoIterator<Item = What>,
        waits: Option<T>,
    ) {
        // Written before the lock is taken: it is held for the chain alone.
        let said: Vec<_> = whats
            .into_iter()
            .map(|what| (matches!(what, What::Report(_)), Said::of(&what)))
            .collect();
        let mut inner = self.shared.inner.lock();
        self.shared.roll(&mut inner, now_unix_ms);
        for (is_report, said) in said {
            inner.reports += u64::from(is_report);
            inner.push(now_unix_ms, said);
        }
        inner.waiting.extend(waits);
        self.shared.write(&mut inner);
        kill::at(Step::LedgerWritten);
        drop(inner);
        self.shared.work.notify_one();
    }

    /// True while the disk refuses: nothing should be handed over that would have to be entered.
    pub fn is_failing(&self) -> bool {
        self.shared.is_failing.load(Relaxed)
    }

    /// Closes the day if it is over. To be called now and then, so that a quiet night has its root.
    pub fn tick(&self, now_unix_ms: u64) {
        let mut inner = self.shared.inner.lock();
        self.shared.roll(&mut inner, now_unix_ms);
        drop(inner);
        self.shared.work.notify_one();
    }

    /// Reports that were handed over shortly before the ledger was opened; asked once.
    pub fn take_known(&self) -> HashMap<(MessageId, u32), Report> {
        std::mem::take(&mut *self.known.lock())
    }

    /// The ledger as it is now.
    pub fn status(&self) -> Status {
        let inner = self.shared.inner.lock();
        Status {
            lines: inner.next - 1,
            reports: inner.reports,
            head: inner.head,
            last_root: inner.last_root.clone(),
            failing: inner.failing.clone(),
            damage: self.damage.clone(),
        }
    }

    /// The public key that signs.
    pub fn public_key(&self) -> crate::PublicKey {
        self.shared.inner.lock().signer.public()
    }

    /// The folder.
    pub fn dir(&self) -> PathBuf {
        self.shared.inner.lock().dir.clone()
    }
}

impl<T> Ledger<T> {
    /// Writes and syncs what is left, lets happen what waits for that, and ends the thread. What is
    /// appended later is written and never told to be durable.
    pub fn close(&self) {
        self.shared.inner.lock().closing = true;
        self.shared.work.notify_one();
        self.shared.closing.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked left lines unsynced, which the queue then repeats.
            let _ = thread.join();
        }
    }
}

impl<T> Drop for Ledger<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// The name of a day's file.
fn file_of(dir: &Path, day: &str) -> PathBuf {
    dir.join(format!("{day}.jsonl"))
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// A new ledger.
fn first<T>(dir: &Path, host: &str, signer: Signer, now: u64) -> Result<Inner<T>, LedgerError> {
    let day = day_of(now);
    let path = file_of(dir, &day);
    let file = open_file(&path).map_err(failed("open", &path))?;
    sync_dir(dir).map_err(failed("sync", dir))?;
    let mut inner = Inner {
        dir: dir.to_owned(),
        host: host.to_owned(),
        signer,
        day,
        file: Arc::new(file),
        synced_end: 0,
        unsynced: Vec::new(),
        written: 0,
        next: 1,
        head: Digest::default(),
        day_lines: 0,
        looked_day: 0,
        reports: 0,
        last_root: None,
        waiting: Vec::new(),
        failing: None,
        closing: false,
    };
    let began = What::Began {
        host: host.to_owned(),
    };
    inner.push(now, Said::of(&began));
    Ok(inner)
}

/// A ledger that was written before: its end is found, and a line that was cut short removed.
fn resume<T>(
    newest: &check::DayFile,
    dir: &Path,
    host: &str,
    signer: Signer,
    opened: &mut Opened,
) -> Result<Inner<T>, LedgerError> {
    let path = &newest.path;
    let file = open_file(path).map_err(failed("open", path))?;
    let end = check::end(path).map_err(failed("read", path))?;
    let octets = file.metadata().map_err(failed("read", path))?.len();
    if end.octets < octets {
        opened.torn_octets = octets - end.octets;
        file.set_len(end.octets).map_err(failed("mend", path))?;
    }
    // What was written and not synced is all here or gone: from now on it counts as synced.
    file.sync_data().map_err(failed("sync", path))?;
    opened.damage = end.damage.map(|(line, what)| {
        let name = path.file_name().unwrap_or_default();
        (name.to_string_lossy().into_owned(), line, what)
    });
    Ok(Inner {
        dir: dir.to_owned(),
        host: host.to_owned(),
        signer,
        day: newest.day.clone(),
        file: Arc::new(file),
        synced_end: end.octets,
        unsynced: Vec::new(),
        written: 0,
        next: end.next,
        head: end.head,
        day_lines: end.lines,
        looked_day: 0,
        reports: 0,
        last_root: None,
        waiting: Vec::new(),
        failing: None,
        closing: false,
    })
}

/// Reads the reports at the end of a file.
fn remember(path: &Path, known: &mut HashMap<(MessageId, u32), Report>) -> io::Result<()> {
    let mut file = File::open(path)?;
    let octets = file.metadata()?.len();
    file.seek(SeekFrom::Start(octets.saturating_sub(TAIL_OCTETS_MAX)))?;
    let mut text = Vec::new();
    file.take(TAIL_OCTETS_MAX).read_to_end(&mut text)?;
    let lines = text.rsplit(|octet| *octet == b'\n').take(KNOWN_MAX);
    for line in lines {
        // The first one may be half a line; what is damaged is found by the check.
        if let Ok(Line {
            what: What::Report(report),
            ..
        }) = Line::read(line)
        {
            known.insert((report.message, report.delivery), report);
        }
    }
    Ok(())
}

/// The newest root: the last line of the newest file that has one.
fn last_root(files: &[check::DayFile]) -> Option<(String, Digest)> {
    files.iter().rev().take(2).find_map(|file| {
        let end = check::end(&file.path).ok()?;
        let line = end.last?;
        matches!(line.what, What::Root { .. }).then(|| (file.day.clone(), line.prev))
    })
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

impl<T> Inner<T> {
    /// Puts a line behind the others, in memory.
    fn push(&mut self, now_unix_ms: u64, said: Option<Said>) {
        // Every field of a line has a limit far below a line's, so that nothing is left out.
        let Some(said) = said else {
            debug_assert!(false, "a line that is too long");
            return;
        };
        let start = self.unsynced.len();
        said.put(&mut self.unsynced, self.next, now_unix_ms, self.head);
        self.head = Digest::of(self.unsynced.get(start..).unwrap_or_default());
        self.next += 1;
        self.day_lines += 1;
        self.unsynced.push(b'\n');
    }

    /// Hands to the operating system what was not yet.
    fn write(&mut self) -> io::Result<()> {
        let start = self.synced_end + self.written as u64;
        let rest = self.unsynced.get(self.written..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        // What an earlier call wrote of it before it failed stands here too, and is overwritten.
        self.file.write_all_at(rest, start)?;
        self.written = self.unsynced.len();
        Ok(())
    }

    fn path(&self) -> PathBuf {
        file_of(&self.dir, &self.day)
    }

    /// So many octets are durable.
    fn synced(&mut self, octets: usize) {
        self.synced_end += octets as u64;
        self.unsynced.drain(..octets.min(self.unsynced.len()));
        self.written = self.written.saturating_sub(octets);
    }
}

impl<T> Shared<T> {
    /// Writes, and notes whether the disk refuses.
    fn write(&self, inner: &mut Inner<T>) {
        if inner.failing.is_none()
            && let Err(error) = inner.write()
        {
            self.fails(inner, &error);
        }
    }

    fn fails(&self, inner: &mut Inner<T>, error: &io::Error) {
        self.is_failing.store(true, Relaxed);
        if inner.failing.replace(error.to_string()).is_none() {
            self.watch.failing(&inner.path(), error);
        }
    }

    /// Closes a day that is over and begins the next one. Where the disk refuses, the day goes on.
    fn roll(&self, inner: &mut Inner<T>, now_unix_ms: u64) {
        if now_unix_ms / DAY_MS == inner.looked_day {
            return;
        }
        let day = day_of(now_unix_ms);
        // A clock that went back adds to the day that is open.
        if day <= inner.day {
            inner.looked_day = now_unix_ms / DAY_MS;
            return;
        }
        if inner.failing.is_some() {
            return;
        }
        let closed = self.close_day(inner, now_unix_ms, &day);
        if let Err(error) = closed {
            self.fails(inner, &error);
        }
    }

    fn close_day(&self, inner: &mut Inner<T>, now_unix_ms: u64, next_day: &str) -> io::Result<()> {
        // A day is closed once: where only the next file could not be made, the root stands already.
        let is_closed = matches!(&inner.last_root, Some((day, _)) if *day == inner.day);
        if !is_closed {
            let (day, head) = (inner.day.clone(), inner.head);
            let root = root(&inner.signer, &inner.host, &day, inner.next, head);
            inner.push(now_unix_ms, Said::of(&root));
            inner.last_root = Some((day.clone(), head));
            self.watch.closed(&day, inner.day_lines - 1, head);
        }
        inner.write()?;
        inner.file.sync_data()?;
        let octets = inner.unsynced.len();
        inner.synced(octets);
        let path = file_of(&inner.dir, next_day);
        let file = open_file(&path)?;
        sync_dir(&inner.dir)?;
        inner.file = Arc::new(file);
        inner.day = next_day.to_owned();
        inner.synced_end = 0;
        inner.day_lines = 0;
        Ok(())
    }
}

/// Syncs what was written, and tells of what waited for it.
fn run<T>(shared: &Shared<T>) {
    loop {
        let mut inner = shared.inner.lock();
        while inner.unsynced.is_empty() && inner.waiting.is_empty() && !inner.closing {
            shared.work.wait(&mut inner);
        }
        if inner.closing && inner.unsynced.is_empty() && inner.waiting.is_empty() {
            return;
        }
        if !inner.closing {
            let wait = match inner.failing {
                Some(_) => RETRY,
                None => GATHER,
            };
            // More lines may come meanwhile: that is what is waited for.
            shared.closing.wait_for(&mut inner, wait);
        }
        let closing = inner.closing;
        let waited = sync_once(shared, &mut inner);
        drop(inner);
        match waited {
            Some(waited) if waited.is_empty() => {}
            Some(waited) => shared.watch.durable(waited),
            // The process ends; the queue still has what could not be entered.
            None if closing => return,
            None => {}
        }
    }
}

/// One sync; the lock is not held meanwhile. `None` where the disk refused.
fn sync_once<T>(
    shared: &Shared<T>,
    inner: &mut parking_lot::MutexGuard<'_, Inner<T>>,
) -> Option<Vec<T>> {
    if inner.failing.is_some() {
        // After an error nothing that was written since the last sync is trusted.
        inner.written = 0;
        let end = inner.synced_end;
        let _ = inner.file.set_len(end);
    }
    if let Err(error) = inner.write() {
        shared.fails(inner, &error);
        return None;
    }
    let octets = inner.written;
    let waited = std::mem::take(&mut inner.waiting);
    let file = Arc::clone(&inner.file);
    let synced = parking_lot::MutexGuard::unlocked(inner, || file.sync_data());
    let same_file = Arc::ptr_eq(&file, &inner.file);
    match synced {
        Ok(()) => {
            inner.failing = None;
            shared.is_failing.store(false, Relaxed);
            // A day that was closed meanwhile was synced then.
            if same_file {
                inner.synced(octets);
            }
            kill::at(Step::LedgerSynced);
            Some(waited)
        }
        Err(error) => {
            let mut kept = waited;
            kept.append(&mut inner.waiting);
            inner.waiting = kept;
            shared.fails(inner, &error);
            None
        }
    }
}
