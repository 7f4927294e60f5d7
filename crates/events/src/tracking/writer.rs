//! Writing: lines are formatted into a buffer by whoever raises them, and a thread writes the
//! buffer to a file of its own every 100 ms. An idle log costs nothing.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use super::{Entry, line};
use crate::{
    Event, Events,
    rotate::{self, Series},
};

/// What file names begin with, as in Exchange.
pub(super) const PREFIX: &str = "MSGTRK";
/// What they end with.
pub(super) const SUFFIX: &str = ".log";
/// How long lines wait for more.
const GATHER: Duration = Duration::from_millis(100);
/// Octets that may wait while the disk is slow; beyond them lines are dropped and counted.
const WAITING_MAX: usize = 8 << 20;
/// Octets kept of the buffers while idle.
const IDLE_BYTES: usize = 64 << 10;
/// Octets of one file before the next is begun.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Octets of the whole folder.
const FOLDER_BYTES_MAX: u64 = 16 << 30;
/// A new file is begun each hour, so that searches can pass over hours.
const HOUR_MS: u64 = 3_600_000;
/// Stack of the writer thread.
const STACK: usize = 256 << 10;
/// How long [`TrackingLog::flush`] waits for a disk that hangs.
const FLUSH_MAX: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Times of the lines waiting.
    oldest_unix_ms: u64,
    newest_unix_ms: u64,
    lost: u64,
    /// Set by flush and drop: write at once.
    hurry: bool,
    closed: bool,
    /// True while the thread writes what it took.
    writing: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Tells the thread that there is something to write.
    filled: Condvar,
    /// Tells flush that everything is written.
    written: Condvar,
}

thread_local! {
    /// Where a thread formats its lines; empty between two calls.
    static LINES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Shared {
    /// Puts lines behind those that wait. Too many are dropped and counted.
    fn add(&self, lines: &[u8], oldest_unix_ms: u64, newest_unix_ms: u64, count: u64) {
        let mut waiting = self.waiting.lock();
        if waiting.lines.len() >= WAITING_MAX {
            waiting.lost += count;
            return;
        }
        let first = waiting.lines.is_empty();
        if first {
            waiting.oldest_unix_ms = oldest_unix_ms;
            waiting.newest_unix_ms = newest_unix_ms;
        }
        waiting.oldest_unix_ms = waiting.oldest_unix_ms.min(oldest_unix_ms);
        waiting.newest_unix_ms = waiting.newest_unix_ms.max(newest_unix_ms);
        waiting.lines.extend_from_slice(lines);
        drop(waiting);
        if first {
            self.filled.notify_one();
        }
    }
}

struct Handle {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.waiting.lock().closed = true;
        self.shared.filled.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there loses only lines.
            let _ = thread.join();
        }
    }
}

/// The handle by which steps of messages are recorded. Cheap to clone; when the last clone is
/// dropped, everything is written.
#[derive(Clone)]
pub struct TrackingLog {
    handle: Option<Arc<Handle>>,
}

impl std::fmt::Debug for TrackingLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrackingLog")
    }
}

impl TrackingLog {
    /// Writes to files under `dir`, which is created with the first line.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open(dir: &Path) -> io::Result<TrackingLog> {
        TrackingLog::open_with(dir, Events::discard())
    }

    /// As [`TrackingLog::open`]; a disk that does not take lines is told to `events`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open_with(dir: &Path, events: Events) -> io::Result<TrackingLog> {
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            shared: shared.clone(),
            series: Series {
                dir: dir.to_owned(),
                prefix: PREFIX.to_owned(),
                suffix: SUFFIX,
            },
            events,
            open: None,
            failing: false,
        };
        let thread = std::thread::Builder::new()
            .name("tracking".into())
            .stack_size(STACK)
            .spawn(move || writer.run())?;
        Ok(TrackingLog {
            handle: Some(Arc::new(Handle {
                shared,
                thread: Some(thread),
            })),
        })
    }

    /// Records nothing.
    pub fn discard() -> TrackingLog {
        TrackingLog { handle: None }
    }

    /// Records one step. Formats the line and returns; never waits for the disk.
    pub fn write(&self, entry: Entry<'_>) {
        self.write_all([entry]);
    }

    /// Records several steps, as [`TrackingLog::write`] would one by one: their lines stand together.
    pub fn write_all<'a>(&self, entries: impl IntoIterator<Item = Entry<'a>>) {
        let Some(handle) = &self.handle else { return };
        // Formatted before the lock is taken: every worker writes here.
        let mut lines = LINES.take();
        let (mut oldest, mut newest, mut count) = (u64::MAX, 0, 0);
        for entry in entries {
            oldest = oldest.min(entry.unix_ms);
            newest = newest.max(entry.unix_ms);
            count += 1;
            line::push(&mut lines, &entry);
        }
        if count > 0 {
            handle.shared.add(&lines, oldest, newest, count);
        }
        lines.clear();
        lines.shrink_to(IDLE_BYTES);
        LINES.set(lines);
    }

    /// Waits until every line written before is in its file, for two seconds at most. Blocks the
    /// thread: for the end of a process, for commands and tests.
    pub fn flush(&self) {
        let Some(handle) = &self.handle else { return };
        let mut waiting = handle.shared.waiting.lock();
        waiting.hurry = true;
        handle.shared.filled.notify_one();
        while !waiting.lines.is_empty() || waiting.writing {
            if handle
                .shared
                .written
                .wait_for(&mut waiting, FLUSH_MAX)
                .timed_out()
            {
                return;
            }
        }
    }
}

struct Open {
    file: File,
    path: PathBuf,
    /// The hour its first line belongs to.
    hour: u64,
    /// The time in its header: no line in it is older.
    since_unix_ms: u64,
    bytes: u64,
}

struct Writer {
    shared: Arc<Shared>,
    series: Series,
    events: Events,
    open: Option<Open>,
    failing: bool,
}

impl Writer {
    fn run(mut self) {
        let shared = self.shared.clone();
        let mut taken = Vec::new();
        loop {
            let mut waiting = shared.waiting.lock();
            while waiting.lines.is_empty() && !waiting.closed {
                shared.filled.wait(&mut waiting);
            }
            if waiting.lines.is_empty() {
                return;
            }
            if !waiting.hurry && !waiting.closed {
                // Returns early for flush and drop, and then the lines are few.
                shared.filled.wait_for(&mut waiting, GATHER);
            }
            std::mem::swap(&mut waiting.lines, &mut taken);
            waiting.writing = true;
            waiting.hurry = false;
            let (oldest, newest) = (waiting.oldest_unix_ms, waiting.newest_unix_ms);
            let lost = std::mem::take(&mut waiting.lost);
            drop(waiting);
            self.write(&taken, oldest, newest, lost);
            taken.clear();
            taken.shrink_to(IDLE_BYTES);
            shared.waiting.lock().writing = false;
            shared.written.notify_all();
        }
    }

    fn write(&mut self, lines: &[u8], oldest: u64, newest: u64, lost: u64) {
        let result = self.append(lines, oldest, newest);
        let failed = result.is_err();
        let count = memchr::memchr_iter(b'\n', lines).count() as u64;
        let lost = lost + if failed { count } else { 0 };
        if lost > 0 || (failed && !self.failing) {
            let path = self
                .open
                .as_ref()
                .map_or(&self.series.dir, |open| &open.path);
            self.events.emit(Event::TrackingFailing {
                path: path.display().to_string(),
                error: result.err().map_or_else(
                    || "the disk is slower than mail".to_owned(),
                    |error| error.to_string(),
                ),
                lost,
            });
        }
        if failed {
            self.open = None;
        }
        self.failing = failed;
    }

    fn append(&mut self, lines: &[u8], oldest: u64, newest: u64) -> io::Result<()> {
        let stale = |open: &Open| {
            open.hour != newest / HOUR_MS
                || open.bytes >= FILE_BYTES_MAX
                || oldest < open.since_unix_ms
        };
        if self.open.as_ref().is_none_or(stale) {
            let (mut file, path) = self.series.create(rotate::day_of(newest))?;
            let header = format!(
                "#Software: Mailward\n#Version: {}\n#Log-Type: Message Tracking Log\n#Date: {}\n#Fields: {}\n",
                env!("CARGO_PKG_VERSION"),
                rotate::rfc3339(oldest),
                line::FIELDS
            );
            file.write_all(header.as_bytes())?;
            self.open = Some(Open {
                file,
                path,
                hour: newest / HOUR_MS,
                since_unix_ms: oldest,
                bytes: header.len() as u64,
            });
            self.series.prune(newest, FOLDER_BYTES_MAX)?;
        }
        if let Some(open) = &mut self.open {
            open.file.write_all(lines)?;
            open.bytes += lines.len() as u64;
        }
        Ok(())
    }
}
