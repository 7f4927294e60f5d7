//! The manager's own heartbeat to systemd: sent only after a whole turn of its loop, and only while
//! the disk of the repair ledger comes back from a write.
//!
//! A write that fails is no reason to fall silent: a full disk is not mended by a new manager. A
//! write that does not come back is: this process hangs with the disk, and a new one may not.

use std::{
    fs::OpenOptions,
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailward_events::{Event, Events};
use mailward_host::notify;

/// How often the disk is tried at most.
const TEST_EVERY: Duration = Duration::from_secs(10);

/// When systemd is told next, and whether it may be.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// How long systemd waits; unset where it does not.
    limit: Option<Duration>,
    due: Duration,
    test_due: Duration,
    test_runs: Arc<AtomicBool>,
    path: PathBuf,
    events: Events,
}

impl Heartbeat {
    /// For a manager whose ledger stands in `health_dir`.
    pub(super) fn new(health_dir: &Path, events: &Events) -> Heartbeat {
        Heartbeat {
            limit: notify::watchdog_interval(),
            due: Duration::ZERO,
            test_due: Duration::ZERO,
            test_runs: Arc::new(AtomicBool::new(false)),
            path: health_dir.join("ledger.beat"),
            events: events.clone(),
        }
    }

    /// How long the loop may sleep so that systemd is told in time.
    pub(super) fn turn_max(&self, longest: Duration) -> Duration {
        self.limit.map_or(longest, |limit| (limit / 3).min(longest))
    }

    /// A whole turn was made. Not every one is told: a busy manager must not fill the socket faster
    /// than systemd reads it.
    pub(super) fn turn(&mut self, now: Duration) {
        let Some(limit) = self.limit else {
            return;
        };
        if now >= self.test_due && !self.test_runs.swap(true, Ordering::Relaxed) {
            self.test_due = now + TEST_EVERY.min(limit / 2);
            let (runs, path) = (Arc::clone(&self.test_runs), self.path.clone());
            let events = self.events.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = touch(&path) {
                    events.emit(Event::LedgerFailing {
                        path: path.display().to_string(),
                        error: error.to_string(),
                    });
                }
                runs.store(false, Ordering::Relaxed);
            });
        }
        // A test that still runs is given as long as systemd gives: then this falls silent.
        let overdue = self.test_runs.load(Ordering::Relaxed) && now >= self.test_due;
        if now >= self.due && !overdue {
            self.due = now + limit / 6;
            let _ = notify::watchdog();
        }
    }
}

/// Writes one octet and waits until the disk has it.
fn touch(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b".")?;
    file.sync_data()
}
