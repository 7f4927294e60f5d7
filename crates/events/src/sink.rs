//! Where events go: a bounded channel, a thread behind it, and behind that JSON lines, journald,
//! standard error and the store.
//!
//! [`Events::emit`] never waits. What the channel does not take is counted, and the count is an
//! event of its own as soon as there is room.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use mailward_host::clock::{Clock, SystemClock};
use parking_lot::Mutex;

use crate::{
    Event, Level, Record,
    catalogue::Page,
    copy::{Batch, RecordSink},
    count::Counts,
    journald::{self, Journal},
    limit::{Limiter, Told},
    log,
    rotate::{self, Series},
};

/// Events that may wait for the writer.
const CHANNEL: usize = 1024;
/// Octets of one file before the next is begun.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Octets of all event files of one role.
const SERIES_BYTES_MAX: u64 = 512 << 20;
/// Stack of the writer thread.
const STACK: usize = 256 << 10;
/// How long [`Events::flush`] waits for a disk that hangs.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// Which sinks are used beside the file.
pub struct Options {
    /// Events of this level and above go to standard error too.
    pub stderr: Option<Level>,
    /// Send to journald where its socket exists.
    pub journald: bool,
    /// Hand the records to this one too, in batches, after they were written to the file.
    pub store: Option<Box<dyn RecordSink>>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("stderr", &self.stderr)
            .field("journald", &self.journald)
            .field("store", &self.store.is_some())
            .finish()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            stderr: None,
            journald: true,
            store: None,
        }
    }
}

enum Job {
    Emit { unix_ms: u64, event: Box<Event> },
    Flush(SyncSender<()>),
}

enum Sink {
    Discard,
    Collect(Arc<Mutex<Vec<Event>>>),
    Thread(Thread),
}

struct Thread {
    jobs: Option<SyncSender<Job>>,
    dropped: Arc<AtomicU64>,
    unstored: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Closing the channel ends the thread after what is in it; a panic there loses only events.
        drop(self.jobs.take());
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

/// The handle by which events are raised. Cheap to clone; when the last clone is dropped,
/// everything raised is written.
#[derive(Clone)]
pub struct Events {
    sink: Arc<Sink>,
    counts: Arc<Counts>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

/// What [`Events::collect`] has collected.
#[derive(Debug, Clone)]
pub struct Collector {
    events: Arc<Mutex<Vec<Event>>>,
}

impl Collector {
    /// Takes out what was raised so far.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.events.lock())
    }
}

impl Events {
    /// Writes to files under `dir` for `role`, and to journald where it runs.
    ///
    /// # Errors
    /// The folder cannot be created, or the thread cannot be started.
    pub fn open(dir: &Path, role: &str) -> io::Result<Events> {
        Events::open_with(dir, role, Options::default())
    }

    /// As [`Events::open`], with a choice of further sinks.
    ///
    /// # Errors
    /// The folder cannot be created, or the thread cannot be started.
    pub fn open_with(dir: &Path, role: &str, options: Options) -> io::Result<Events> {
        std::fs::create_dir_all(dir)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let dropped = Arc::new(AtomicU64::new(0));
        let unstored = Arc::new(AtomicU64::new(0));
        let copy = options.store.map(|sink| Batch::new(sink, unstored.clone()));
        let (jobs, inbox) = sync_channel(CHANNEL);
        let journal = options
            .journald
            .then(|| Journal::connect(Path::new(journald::SOCKET)).ok())
            .flatten();
        let writer = Writer {
            series: Series {
                dir: dir.to_owned(),
                prefix: format!("{}{role}-", log::PREFIX),
                suffix: log::SUFFIX,
            },
            role: role.to_owned(),
            open: None,
            failing: false,
            journal,
            stderr: options.stderr,
            limiter: Limiter::default(),
            dropped: dropped.clone(),
            clock: clock.clone(),
            lines: Vec::new(),
            copy,
        };
        let handle = std::thread::Builder::new()
            .name("events".into())
            .stack_size(STACK)
            .spawn(move || writer.run(&inbox))?;
        Ok(Events {
            sink: Arc::new(Sink::Thread(Thread {
                jobs: Some(jobs),
                dropped,
                unstored,
                clock,
                handle: Some(handle),
            })),
            counts: Arc::default(),
        })
    }

    /// Forgets every event, for tests that do not look at them.
    pub fn discard() -> Events {
        Events {
            sink: Arc::new(Sink::Discard),
            counts: Arc::default(),
        }
    }

    /// Keeps every event in memory, for tests that do.
    pub fn collect() -> (Events, Collector) {
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::new(Sink::Collect(events.clone()));
        let counts = Arc::default();
        (Events { sink, counts }, Collector { events })
    }

    /// Raises an event. Never waits.
    pub fn emit(&self, event: Event) {
        self.counts.add(event.number());
        match &*self.sink {
            Sink::Discard => {}
            Sink::Collect(events) => events.lock().push(event),
            Sink::Thread(thread) => {
                let job = Job::Emit {
                    unix_ms: thread.clock.unix_ms(),
                    event: Box::new(event),
                };
                if thread
                    .jobs
                    .as_ref()
                    .is_none_or(|jobs| jobs.try_send(job).is_err())
                {
                    thread.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// How often each event was raised by this process, whether it was written or left out as a
    /// repetition. Those that never were are left out.
    pub fn counts(&self) -> Vec<(&'static Page, u64)> {
        self.counts.all()
    }

    /// Records that were written to the file but given up for the store, which refused for too long.
    pub fn unstored(&self) -> u64 {
        match &*self.sink {
            Sink::Thread(thread) => thread.unstored.load(Ordering::Relaxed),
            Sink::Discard | Sink::Collect(_) => 0,
        }
    }

    /// Waits until what was raised before is written; for the end of a process. Blocks the thread,
    /// for two seconds at most.
    pub fn flush(&self) {
        if let Sink::Thread(Thread {
            jobs: Some(jobs), ..
        }) = &*self.sink
        {
            let (done, wait) = sync_channel(1);
            if jobs.try_send(Job::Flush(done)).is_ok() {
                // A timeout or a thread that is gone: the caller ends anyway.
                let _ = wait.recv_timeout(FLUSH_MAX);
            }
        }
    }
}

struct Open {
    file: File,
    path: PathBuf,
    day: u32,
    bytes: u64,
}

struct Writer {
    series: Series,
    role: String,
    open: Option<Open>,
    failing: bool,
    journal: Option<Journal>,
    stderr: Option<Level>,
    limiter: Limiter,
    dropped: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    lines: Vec<u8>,
    copy: Option<Batch>,
}

impl Writer {
    fn run(mut self, inbox: &Receiver<Job>) {
        loop {
            let first = match self.wait() {
                Some(wait) => inbox.recv_timeout(wait),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let ended = matches!(first, Err(RecvTimeoutError::Disconnected));
            let mut waiting = Vec::new();
            if let Ok(job) = first {
                self.take(job, &mut waiting);
            }
            for job in inbox.try_iter().take(CHANNEL) {
                self.take(job, &mut waiting);
            }
            let late = if ended {
                self.limiter.drain()
            } else {
                self.limiter.expire(self.now_ms())
            };
            for (unix_ms, event, times) in late {
                self.record(&event, unix_ms, Some(times));
            }
            let count = self.dropped.swap(0, Ordering::Relaxed);
            if count > 0 {
                self.record(&Event::EventsDropped { count }, self.clock.unix_ms(), None);
            }
            self.write();
            self.hand_over(ended || !waiting.is_empty());
            for done in waiting {
                // The one who waited may have given up.
                let _ = done.try_send(());
            }
            if ended {
                return;
            }
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long nothing has to be done unless an event comes.
    fn wait(&self) -> Option<Duration> {
        let copy = self.copy.as_ref().and_then(Batch::next_ms);
        let next = [self.limiter.next_ms(), copy].into_iter().flatten().min()?;
        Some(Duration::from_millis(next.saturating_sub(self.now_ms())))
    }

    fn take(&mut self, job: Job, waiting: &mut Vec<SyncSender<()>>) {
        match job {
            Job::Flush(done) => waiting.push(done),
            Job::Emit { unix_ms, event } => {
                if let Told::Now(event) = self.limiter.admit(*event, self.now_ms(), unix_ms) {
                    self.record(&event, unix_ms, None);
                }
            }
        }
    }

    fn record(&mut self, event: &Event, unix_ms: u64, repeated: Option<u64>) {
        let mut record = Record::new(event, &self.role, unix_ms);
        record.repeated = repeated;
        self.tell(&record);
        if serde_json::to_writer(&mut self.lines, &record).is_ok() {
            self.lines.push(b'\n');
        }
        let now_ms = self.now_ms();
        if let Some(copy) = &mut self.copy {
            copy.push(record, now_ms);
        }
    }

    /// Hands the store what it is to have, now that the file has it.
    fn hand_over(&mut self, at_once: bool) {
        let now_ms = self.now_ms();
        let failed = self
            .copy
            .as_mut()
            .and_then(|copy| copy.hand_over(now_ms, at_once));
        if let Some(error) = failed {
            let operation = "keep the events".to_owned();
            let event = Event::StoreFailing { operation, error };
            self.record(&event, self.clock.unix_ms(), None);
            self.write();
        }
    }

    /// To the sinks that are not the file. Both are second copies: what they refuse is not told.
    fn tell(&self, record: &Record) {
        if let Some(journal) = &self.journal {
            let _ = journal.send(record);
        }
        if self.stderr.is_some_and(|level| record.level >= level) {
            let line = format!(
                "{} {:8} {} {} {}: {}\n",
                record.time, record.level, record.number, record.name, record.role, record.message
            );
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
    }

    fn write(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let unix_ms = self.clock.unix_ms();
        match self.append(&lines, rotate::day_of(unix_ms), unix_ms) {
            Ok(()) => self.failing = false,
            Err(error) => {
                let path = self
                    .open
                    .take()
                    .map_or(self.series.dir.clone(), |open| open.path);
                if !self.failing {
                    self.failing = true;
                    let event = Event::EventFileFailing {
                        path: path.display().to_string(),
                        error: error.to_string(),
                    };
                    self.tell(&Record::new(&event, &self.role, unix_ms));
                }
            }
        }
        self.lines = lines;
        self.lines.clear();
        self.lines.shrink_to(64 << 10);
    }

    fn append(&mut self, lines: &[u8], day: u32, unix_ms: u64) -> io::Result<()> {
        let stale = |open: &Open| open.day != day || open.bytes >= FILE_BYTES_MAX;
        if self.open.as_ref().is_none_or(stale) {
            let (file, path, bytes) = self.series.append(day, FILE_BYTES_MAX)?;
            self.open = Some(Open {
                file,
                path,
                day,
                bytes,
            });
            self.series.prune(unix_ms, SERIES_BYTES_MAX)?;
        }
        if let Some(open) = &mut self.open {
            open.file.write_all(lines)?;
            open.bytes += lines.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restarted(connector: &str, sessions: u64) -> Event {
        Event::ConnectorRestarted {
            connector: connector.into(),
            sessions,
        }
    }

    #[test]
    fn what_is_raised_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let events = Events::open(dir.path(), "transport").unwrap();
        let other = Events::open(dir.path(), "worker").unwrap();
        events.emit(restarted("Internet\r\n{\"forged\":1}", 3));
        events.flush();
        other.emit(Event::QueueCommitSlow { took_ms: 700 });
        other.flush();
        let all = log::read(dir.path(), &log::Filter::default()).unwrap();
        assert_eq!(
            all.iter().map(|r| r.number).collect::<Vec<_>>(),
            [1002, 2006]
        );
        assert_eq!(all[0].role, "transport");
        assert!(
            all[0].message.contains("Internet\\u{d}\\u{a}"),
            "{}",
            all[0].message
        );
        let filter = log::Filter {
            level: Some(Level::Warning),
            ..log::Filter::default()
        };
        assert_eq!(log::read(dir.path(), &filter).unwrap().len(), 1);
    }

    #[test]
    fn dropping_the_last_handle_writes_everything_and_what_was_kept_back() {
        let dir = tempfile::tempdir().unwrap();
        let events = Events::open(dir.path(), "transport").unwrap();
        for i in 0..100 {
            events.emit(restarted("Internet", i));
        }
        drop(events);
        let all = log::read(dir.path(), &log::Filter::default()).unwrap();
        assert_eq!(all.len(), 11);
        assert_eq!(all.last().unwrap().repeated, Some(90));
        let text = crate::catalogue::explain(crate::catalogue::find("1002").unwrap(), &all);
        assert!(
            text.contains("repeated 90 times") && text.contains("How to mend it"),
            "{text}"
        );
    }

    #[test]
    fn a_folder_that_goes_away_does_not_stop_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("log");
        let events = Events::open(&inner, "transport").unwrap();
        events.emit(restarted("a", 1));
        events.flush();
        std::fs::remove_dir_all(&inner).unwrap();
        std::fs::write(&inner, "in the way").unwrap();
        events.emit(restarted("b", 1));
        events.flush();
        events.emit(restarted("c", 1));
        events.flush();
    }

    #[test]
    fn the_store_gets_what_the_file_gets() {
        struct Sink(Arc<Mutex<Vec<Record>>>);
        impl RecordSink for Sink {
            fn keep(
                &mut self,
                records: &[Record],
            ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
                self.0.lock().extend_from_slice(records);
                Ok(())
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let options = Options {
            store: Some(Box::new(Sink(kept.clone()))),
            ..Options::default()
        };
        let events = Events::open_with(dir.path(), "transport", options).unwrap();
        for i in 0..20 {
            events.emit(restarted("Internet", i));
        }
        events.flush();
        assert_eq!(kept.lock().len(), 10);
        assert_eq!(events.unstored(), 0);
        drop(events);
        let written = log::read(dir.path(), &log::Filter::default()).unwrap();
        assert_eq!(*kept.lock(), written);
        assert_eq!(written.len(), 11);
    }

    #[test]
    fn a_torn_line_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let events = Events::open(dir.path(), "transport").unwrap();
        events.emit(restarted("a", 1));
        events.flush();
        let path = rotate::list(dir.path(), log::SUFFIX)
            .unwrap()
            .remove(0)
            .path;
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"time\":\"20\n").unwrap();
        events.emit(restarted("b", 1));
        events.flush();
        assert_eq!(
            log::read(dir.path(), &log::Filter::default())
                .unwrap()
                .len(),
            2
        );
    }
}
