//! The receiving end of mail flow: reads the health mailbox, remembers what arrived on each path,
//! and removes what it has judged and what is too old.
//!
//! It needs no sender to notice that nothing comes: how long a path has been silent is counted here,
//! from the last arrival, or from the last moment at which silence was to be expected.
//!
//! Never here: what a silence means for anybody.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mailward_api::view::health::MailPathView;
use mailward_host::{clock::Clock, keyring::Keyring};
use mailward_proto::{header, probe::Marker};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Messages that are not judged are removed when they are this old.
const LEFT_OVER_MS: u64 = 3_600_000;
/// Octets of a file that are looked at: the header section is at its beginning.
const HEAD_OCTETS: u64 = 16 * 1024;
/// Files of one folder that are looked at in one go.
const LOOK_MAX: usize = 10_000;
/// Paths remembered; only the node's own key makes one.
const PATHS_MAX: usize = 4096;

/// A probe that arrived, with the moments of its way in Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Which run it was: the moment it was signed.
    pub(crate) slot: u64,
    /// Its file was written.
    pub(crate) written_ms: u64,
    /// The file was put where it is read.
    pub(crate) delivered_ms: u64,
    /// It was read.
    pub(crate) read_ms: u64,
}

/// What is known of a path.
#[derive(Debug, Clone, Copy)]
struct Heard {
    newest: Option<Arrival>,
    /// Since when silence counts (monotonic).
    since: Duration,
}

/// Figures of the mailbox since the worker was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Messages judged and removed.
    pub(crate) judged: u64,
    /// Messages removed unjudged, because they were too old.
    pub(crate) expunged: u64,
    /// Messages there when it was last read.
    pub(crate) waiting: u64,
}

#[derive(Debug, Default)]
struct Seen {
    paths: BTreeMap<String, Heard>,
    figures: Figures,
}

/// The reader of one health mailbox.
pub(crate) struct Inbox {
    maildir: PathBuf,
    node: String,
    keys: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
    /// Held while the folder is read: two readers would see the same files.
    reading: Mutex<()>,
    /// Somebody found the mailbox not as it must be.
    pub(crate) amiss: Notify,
}

impl Inbox {
    /// The reader of the Maildir of `node`'s health mailbox.
    pub(crate) fn new(
        maildir: PathBuf,
        node: &str,
        keys: Arc<Keyring>,
        clock: Arc<dyn Clock>,
    ) -> Inbox {
        Inbox {
            maildir,
            node: node.to_owned(),
            keys,
            clock,
            seen: Mutex::default(),
            reading: Mutex::default(),
            amiss: Notify::new(),
        }
    }

    /// Reads the mailbox: takes note of each probe, removes it, and removes what is too old. Blocks
    /// on the disk. Returns at once where it is being read already.
    pub(crate) fn look(&self) {
        let Some(_reading) = self.reading.try_lock() else {
            return;
        };
        let mut waiting = 0;
        for folder in ["new", "cur"] {
            for path in files(&self.maildir.join(folder)) {
                waiting += u64::from(!self.judge(&path));
            }
        }
        for path in files(&self.maildir.join("tmp")) {
            self.expunge(&path);
        }
        self.seen.lock().figures.waiting = waiting;
    }

    /// Takes note of one file; true where it is gone afterwards.
    fn judge(&self, path: &Path) -> bool {
        let now_ms = self.clock.unix_ms();
        let marker = head(path).and_then(|head| {
            let value = header::summary(header::section(&head)).probe?;
            Marker::verify(&self.keys.believed(now_ms), &value, now_ms / 1000)
        });
        let marker = marker.filter(|marker| marker.node.eq_ignore_ascii_case(&self.node));
        let Some((marker, meta)) = marker.zip(fs::metadata(path).ok()) else {
            return self.expunge(path);
        };
        let arrival = Arrival {
            slot: marker.slot,
            written_ms: unix_ms(meta.mtime(), meta.mtime_nsec()),
            delivered_ms: unix_ms(meta.ctime(), meta.ctime_nsec()),
            read_ms: now_ms,
        };
        if fs::remove_file(path).is_err() {
            // It would be judged again and again: the mailbox is not as it must be.
            self.amiss.notify_one();
            return false;
        }
        let since = self.clock.monotonic();
        let mut seen = self.seen.lock();
        seen.figures.judged += 1;
        let is_new = !seen.paths.contains_key(&marker.path);
        if is_new && seen.paths.len() >= PATHS_MAX {
            return true;
        }
        let heard = seen.paths.entry(marker.path).or_insert(Heard {
            newest: None,
            since,
        });
        // One that was overtaken on its way is old news.
        if heard.newest.is_none_or(|newest| newest.slot < arrival.slot) {
            *heard = Heard {
                newest: Some(arrival),
                since,
            };
        }
        true
    }

    /// Removes a file that is too old; true where it is gone afterwards.
    fn expunge(&self, path: &Path) -> bool {
        let Ok(meta) = fs::symlink_metadata(path) else {
            return true;
        };
        let age = self
            .clock
            .unix_ms()
            .saturating_sub(unix_ms(meta.mtime(), meta.mtime_nsec()));
        // One that cannot be removed is tried again with the next look.
        let gone = age > LEFT_OVER_MS && fs::remove_file(path).is_ok();
        if gone {
            self.seen.lock().figures.expunged += 1;
        }
        gone
    }

    /// The arrival of this run of a path, or of a later one.
    pub(crate) fn arrived(&self, path: &str, slot: u64) -> Option<Arrival> {
        let newest = self.seen.lock().paths.get(path)?.newest?;
        (newest.slot >= slot).then_some(newest)
    }

    /// How long a path has been silent, and what arrived last. The first question begins the count.
    pub(crate) fn silence(&self, path: &str) -> (Duration, Option<Arrival>) {
        let now = self.clock.monotonic();
        let mut seen = self.seen.lock();
        let heard = seen.paths.entry(path.to_owned()).or_insert(Heard {
            newest: None,
            since: now,
        });
        (now.saturating_sub(heard.since), heard.newest)
    }

    /// Silence up to this moment was to be expected: nothing was sent, or nothing was taken.
    pub(crate) fn excuse(&self, path: &str) {
        let since = self.clock.monotonic();
        if let Some(heard) = self.seen.lock().paths.get_mut(path) {
            heard.since = since;
        }
    }

    /// What arrived on each path.
    pub(crate) fn paths(&self) -> Vec<MailPathView> {
        let seen = self.seen.lock();
        let view = |(path, heard): (&String, &Heard)| MailPathView {
            path: path.clone(),
            arrived_unix_ms: heard.newest.map(|newest| newest.read_ms),
            took_ms: heard
                .newest
                .map(|newest| newest.read_ms.saturating_sub(newest.slot)),
        };
        seen.paths.iter().map(view).collect()
    }

    /// Figures since the worker was started.
    pub(crate) fn figures(&self) -> Figures {
        self.seen.lock().figures
    }
}

/// The files of a folder; none where it cannot be read: whoever looks after it says so.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(LOOK_MAX).map(|entry| entry.path())
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let meta = fs::symlink_metadata(path).ok()?;
    // A pipe would never end.
    if !meta.is_file() {
        return None;
    }
    let mut octets = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(HEAD_OCTETS).read_to_end(&mut octets).ok()?;
    Some(octets)
}

fn unix_ms(seconds: i64, nanoseconds: i64) -> u64 {
    let ms = seconds.saturating_mul(1000) + nanoseconds / 1_000_000;
    u64::try_from(ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use mailward_host::fake::clock::FakeClock;
    use mailward_proto::probe::{FIELD, LIFETIME_SECS};

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const NODE: &str = "mx.example.org";

    struct Desk {
        dir: tempfile::TempDir,
        clock: Arc<FakeClock>,
        inbox: Inbox,
    }

    fn desk() -> Desk {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        // The files' times are the machine's.
        let now_ms = mailward_host::clock::SystemClock::default().unix_ms();
        let clock = Arc::new(FakeClock::new(now_ms));
        let keys = Arc::new(Keyring::fixed(KEY));
        let inbox = Inbox::new(dir.path().to_owned(), NODE, keys, clock.clone());
        Desk { dir, clock, inbox }
    }

    impl Desk {
        fn put(&self, place: &str, key: &[u8; 32], node: &str, slot: u64) {
            let marker = Marker {
                path: "receive/Internet".to_owned(),
                node: node.to_owned(),
                slot,
                expires_unix: self.clock.unix_ms() / 1000 + LIFETIME_SECS,
            };
            let text = format!(
                "Return-Path: <>\r\nReceived: by x\r\n{FIELD}: {}\r\nSubject: x\r\n\r\nbody\r\n",
                marker.sign(key)
            );
            fs::write(self.dir.path().join(place), text).unwrap();
        }

        fn left(&self) -> usize {
            let folders = ["new", "cur", "tmp"].map(|folder| self.dir.path().join(folder));
            folders.iter().map(|folder| files(folder).count()).sum()
        }
    }

    #[test]
    fn what_is_judged_is_removed_and_the_rest_stays_an_hour() {
        let desk = desk();
        desk.put("new/a", &KEY, NODE, 1);
        desk.put("cur/b", &KEY, NODE, 3);
        desk.put("new/c", &KEY, NODE, 2);
        desk.put("new/forged", &[8; 32], NODE, 9);
        desk.put("new/other", &KEY, "my.example.org", 9);
        desk.put("tmp/half", &KEY, NODE, 9);
        fs::write(desk.dir.path().join("new/plain"), "Subject: x\r\n\r\n").unwrap();
        desk.inbox.look();
        assert_eq!(desk.left(), 4);
        let figures = desk.inbox.figures();
        assert_eq!((figures.judged, figures.waiting), (3, 3));
        assert_eq!(
            desk.inbox.arrived("receive/Internet", 3).map(|a| a.slot),
            Some(3)
        );
        assert_eq!(desk.inbox.arrived("receive/Internet", 4), None);
        assert_eq!(desk.inbox.arrived("receive/Other", 1), None);
        desk.clock
            .advance(Duration::from_millis(LEFT_OVER_MS + 1_000));
        desk.inbox.look();
        assert_eq!(desk.left(), 0);
        assert_eq!(desk.inbox.figures().expunged, 4);
    }

    #[test]
    fn silence_is_counted_without_a_sender() {
        let desk = desk();
        let silence = || desk.inbox.silence("receive/Internet").0.as_secs();
        assert_eq!(silence(), 0);
        desk.clock.advance(Duration::from_secs(100));
        assert_eq!(silence(), 100);
        desk.put("new/a", &KEY, NODE, desk.clock.unix_ms());
        desk.inbox.look();
        assert_eq!(silence(), 0);
        desk.clock.advance(Duration::from_secs(700));
        assert_eq!(silence(), 700);
        desk.inbox.excuse("receive/Internet");
        assert_eq!(silence(), 0);
    }

    #[test]
    fn a_folder_that_is_none_harms_nothing() {
        let desk = desk();
        fs::remove_dir_all(desk.dir.path()).unwrap();
        desk.inbox.look();
        fs::write(desk.dir.path(), "a file").unwrap();
        desk.inbox.look();
        assert_eq!(desk.inbox.figures(), Figures::default());
    }
}
