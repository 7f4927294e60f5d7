//! A file of secret keys that change by themselves: one is signed with, those before it are still
//! believed for a while, and every process that has the file open learns of a change when it next
//! asks.
//!
//! Text, one line for each key, newest first: the moment it was made (Unix milliseconds) and the
//! key in hex, behind a line that names the format. One process calls [`Keyring::upkeep`]; any
//! number read. A file that is lost or damaged is made anew; what was held in memory is then still
//! believed for the overlap.
//!
//! Never here: what the keys are for, and a key in an error or a debug text.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;

use crate::entropy;

/// A key.
pub type Key = [u8; 32];

/// Keys kept at most, those that are only believed among them.
pub const KEYS_MAX: usize = 8;
/// Octets of a file that are looked at: more than [`KEYS_MAX`] lines need.
const FILE_OCTETS_MAX: u64 = 4096;
/// The first line.
const FORMAT: &str = "mailward keys 1";
/// How far in the future a key may have been made, in milliseconds: above it the clock was wrong,
/// and the key is replaced instead of living until the clock has caught up.
const FUTURE_MS_MAX: u64 = 86_400_000;

/// A key and when it was made.
#[derive(Clone, PartialEq, Eq)]
struct Made {
    key: Key,
    unix_ms: u64,
}

/// The keys of one file, newest first.
#[derive(Clone, Default, PartialEq, Eq)]
struct Keys(Vec<Made>);

impl Keys {
    /// Reads a file's text; the error says what is wrong with it, without any of it.
    fn read(text: &str) -> Result<Keys, &'static str> {
        let mut lines = text.lines();
        if lines.next() != Some(FORMAT) {
            return Err("it does not begin as a file of keys does");
        }
        let mut keys: Vec<Made> = Vec::new();
        for line in lines {
            let made = read_line(line).ok_or("a line is no key")?;
            if keys.len() == KEYS_MAX {
                return Err("it has too many keys");
            }
            keys.push(made);
        }
        if keys.is_empty() {
            return Err("it has no key");
        }
        Ok(Keys(keys))
    }

    fn text(&self) -> String {
        let mut text = format!("{FORMAT}\n");
        for made in &self.0 {
            text.push_str(&made.unix_ms.to_string());
            text.push(' ');
            for octet in made.key {
                text.push_str(&format!("{octet:02x}"));
            }
            text.push('\n');
        }
        text
    }

    /// The keys that are believed at a moment: the newest, and each other one until the overlap
    /// after its successor was made is over.
    fn believed(&self, now_ms: u64, overlap_ms: u64) -> impl Iterator<Item = &Made> {
        let successors = std::iter::once(None).chain(self.0.iter().map(Some));
        self.0
            .iter()
            .zip(successors)
            .filter(move |(_, successor)| {
                successor.is_none_or(|next| now_ms < next.unix_ms.saturating_add(overlap_ms))
            })
            .map(|(made, _)| made)
    }

    /// These keys with a new one in front, without those that nobody believes any more.
    fn with(&self, key: Key, now_ms: u64, overlap_ms: u64) -> Keys {
        let new = Made {
            key,
            unix_ms: now_ms,
        };
        let old = self.believed(now_ms, overlap_ms).cloned();
        Keys(std::iter::once(new).chain(old).take(KEYS_MAX).collect())
    }

    /// Whether it is time for a new key.
    fn is_due(&self, now_ms: u64, rotate_ms: u64) -> bool {
        self.0.first().is_none_or(|newest| {
            now_ms >= newest.unix_ms.saturating_add(rotate_ms)
                || newest.unix_ms > now_ms.saturating_add(FUTURE_MS_MAX)
        })
    }
}

fn read_line(line: &str) -> Option<Made> {
    let (unix_ms, hex) = line.split_once(' ')?;
    let mut key = [0; 32];
    let mut digits = hex.chars();
    for octet in &mut key {
        let high = digits.next()?.to_digit(16)?;
        let low = digits.next()?.to_digit(16)?;
        *octet = u8::try_from(high << 4 | low).ok()?;
    }
    digits.next().is_none().then_some(Made {
        key,
        unix_ms: unix_ms.parse().ok()?,
    })
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    octets: u64,
    changed: (i64, i64),
}

#[derive(Default)]
struct Held {
    keys: Keys,
    stamp: Option<Stamp>,
    /// What was wrong with the file when it was last looked at.
    problem: Option<String>,
}

/// What [`Keyring::upkeep`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upkeep {
    /// Nothing was to be done.
    Right,
    /// A new key was made, because the old one had its time.
    Rotated,
    /// The file was lost or damaged and was made anew; the text says what was found.
    Mended(String),
}

/// A file of keys, and what was last read of it.
pub struct Keyring {
    /// `None` for keys that stand in no file.
    path: Option<PathBuf>,
    overlap_ms: u64,
    held: Mutex<Held>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the keys.
        write!(f, "Keyring({:?})", self.path)
    }
}

impl Keyring {
    /// Opens a file of keys; makes it where it is missing. `overlap` is how long a key is believed
    /// after the next one was made. Blocks on the disk.
    ///
    /// A file that cannot be read or is damaged is no error: nothing is believed until
    /// [`Keyring::upkeep`] has mended it.
    pub fn open(path: &Path, overlap: Duration, now_unix_ms: u64) -> Keyring {
        let keyring = Keyring {
            path: Some(path.to_owned()),
            overlap_ms: u64::try_from(overlap.as_millis()).unwrap_or(u64::MAX),
            held: Mutex::default(),
        };
        let mut held = keyring.held.lock();
        if !path.exists() {
            held.problem = make(path, now_unix_ms).err().map(|error| error.to_string());
        }
        keyring.refresh(&mut held);
        drop(held);
        keyring
    }

    /// Keys that stand in no file and never change, for tests: this one alone.
    pub fn fixed(key: Key) -> Keyring {
        let keys = Keys(vec![Made { key, unix_ms: 0 }]);
        Keyring {
            path: None,
            overlap_ms: 0,
            held: Mutex::new(Held {
                keys,
                ..Held::default()
            }),
        }
    }

    /// Reads the file again where it changed. What cannot be read leaves things as they were.
    fn refresh(&self, held: &mut Held) {
        let Some(path) = &self.path else {
            return;
        };
        let read = stamp(path).and_then(|stamp| {
            if held.stamp == Some(stamp) {
                return Ok(None);
            }
            read(path).map(|keys| Some((keys, stamp)))
        });
        match read {
            Ok(None) => {}
            Ok(Some((keys, stamp))) => {
                held.keys = keys;
                held.stamp = Some(stamp);
                held.problem = None;
            }
            Err(error) => {
                held.stamp = None;
                held.problem = Some(error.to_string());
            }
        }
    }

    /// The key to sign with; `None` where there is none to be had. Blocks for as long as a small
    /// file takes.
    pub fn signing(&self) -> Option<Key> {
        let mut held = self.held.lock();
        self.refresh(&mut held);
        held.keys.0.first().map(|made| made.key)
    }

    /// The keys that are believed, newest first. Blocks for as long as a small file takes.
    pub fn believed(&self, now_unix_ms: u64) -> Vec<Key> {
        let mut held = self.held.lock();
        self.refresh(&mut held);
        held.keys
            .believed(now_unix_ms, self.overlap_ms)
            .map(|made| made.key)
            .collect()
    }

    /// When the newest key held was made, Unix milliseconds, and how many are believed. Looks at no
    /// file.
    pub fn held(&self, now_unix_ms: u64) -> (Option<u64>, usize) {
        let held = self.held.lock();
        let newest = held.keys.0.first().map(|made| made.unix_ms);
        (
            newest,
            held.keys.believed(now_unix_ms, self.overlap_ms).count(),
        )
    }

    /// Sees to it that the file is there, sound, readable by its owner alone, and that its newest
    /// key is not older than `rotate_after`. For one process only. Blocks on the disk.
    ///
    /// # Errors
    /// The file cannot be written, or the kernel gives no random octets; the keys held stay.
    pub fn upkeep(&self, now_unix_ms: u64, rotate_after: Duration) -> io::Result<Upkeep> {
        let Some(path) = &self.path else {
            return Ok(Upkeep::Right);
        };
        let mut held = self.held.lock();
        self.refresh(&mut held);
        let rotate_ms = u64::try_from(rotate_after.as_millis()).unwrap_or(u64::MAX);
        let problem = held.problem.clone();
        if problem.is_none() && !held.keys.is_due(now_unix_ms, rotate_ms) {
            return Ok(Upkeep::Right);
        }
        let keys = held
            .keys
            .with(entropy::random()?, now_unix_ms, self.overlap_ms);
        let early = early(path);
        write_secret(&early, &keys)?;
        fs::rename(&early, path)?;
        held.problem = None;
        self.refresh(&mut held);
        Ok(problem.map_or(Upkeep::Rotated, Upkeep::Mended))
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(io::Error::other("others than its owner may read it"));
    }
    Ok(Stamp {
        inode: meta.ino(),
        octets: meta.len(),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

fn read(path: &Path) -> io::Result<Keys> {
    use io::Read as _;
    let mut text = String::new();
    fs::File::open(path)?
        .take(FILE_OCTETS_MAX)
        .read_to_string(&mut text)?;
    Keys::read(&text).map_err(io::Error::other)
}

/// Makes the file with one key. Two processes may do so at once: whoever links the name first wins,
/// and both then read that one.
fn make(path: &Path, now_unix_ms: u64) -> io::Result<()> {
    let keys = Keys::default().with(entropy::random()?, now_unix_ms, 0);
    let early = early(path);
    write_secret(&early, &keys)?;
    let linked = fs::hard_link(&early, path);
    fs::remove_file(&early)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Where the file is written before it gets its name.
fn early(path: &Path) -> PathBuf {
    path.with_extension(format!("new{}", std::process::id()))
}

fn write_secret(path: &Path, keys: &Keys) -> io::Result<()> {
    // What a process of this number left behind when it was killed.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(keys.text().as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const OVERLAP: Duration = Duration::from_secs(1_800);
    const START: u64 = 1_700_000_000_000;

    fn ms(duration: Duration) -> u64 {
        duration.as_millis() as u64
    }

    #[test]
    fn a_key_lives_a_day_and_is_believed_a_little_longer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("probe.key");
        let worker = Keyring::open(&path, OVERLAP, START);
        let transport = Keyring::open(&path, OVERLAP, START);
        let first = worker.signing().unwrap();
        assert_eq!(transport.believed(START), [first]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            worker.upkeep(START + ms(DAY) - 1, DAY).unwrap(),
            Upkeep::Right
        );
        let day = START + ms(DAY);
        assert_eq!(worker.upkeep(day, DAY).unwrap(), Upkeep::Rotated);
        let second = worker.signing().unwrap();
        assert_ne!(first, second);
        // The other process learns of it without being told.
        assert_eq!(transport.believed(day), [second, first]);
        assert_eq!(transport.believed(day + ms(OVERLAP) - 1), [second, first]);
        assert_eq!(transport.believed(day + ms(OVERLAP)), [second]);
        assert_eq!(worker.upkeep(day, DAY).unwrap(), Upkeep::Right);
    }

    #[test]
    fn a_file_that_is_lost_or_damaged_is_mended() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("probe.key");
        let worker = Keyring::open(&path, OVERLAP, START);
        let other = Keyring::open(&path, OVERLAP, START);
        let damages: [(&str, &dyn Fn()); 5] = [
            ("lost", &|| fs::remove_file(&path).unwrap()),
            ("no text", &|| fs::write(&path, [0xff; 32]).unwrap()),
            ("empty", &|| fs::write(&path, "").unwrap()),
            ("cut short", &|| {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, &text[..text.len() - 9]).unwrap();
            }),
            ("open to others", &|| {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            }),
        ];
        for (at, (name, damage)) in damages.into_iter().enumerate() {
            let now = START + at as u64;
            let before = worker.signing().unwrap();
            damage();
            // Both go on with what they hold.
            assert_eq!(other.signing().unwrap(), before, "{name}");
            assert!(
                matches!(worker.upkeep(now, DAY).unwrap(), Upkeep::Mended(_)),
                "{name}"
            );
            let after = worker.signing().unwrap();
            assert_ne!(before, after, "{name}");
            assert_eq!(other.believed(now).first(), Some(&after), "{name}");
            assert!(other.believed(now).contains(&before), "{name}");
            assert_eq!(worker.upkeep(now, DAY).unwrap(), Upkeep::Right, "{name}");
        }
        // A process that begins with a damaged file believes nothing until it is mended.
        fs::write(&path, "nonsense").unwrap();
        let fresh = Keyring::open(&path, OVERLAP, START);
        assert_eq!((fresh.signing(), fresh.believed(START)), (None, Vec::new()));
        assert!(matches!(
            worker.upkeep(START, DAY).unwrap(),
            Upkeep::Mended(_)
        ));
        assert_eq!(fresh.signing(), worker.signing());
    }

    #[test]
    fn a_key_from_the_future_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("probe.key");
        let worker = Keyring::open(&path, OVERLAP, START + 10 * ms(DAY));
        assert_eq!(worker.upkeep(START, DAY).unwrap(), Upkeep::Rotated);
        assert_eq!(worker.held(START).0, Some(START));
    }

    #[test]
    fn however_often_it_changes_the_file_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("probe.key");
        let worker = Keyring::open(&path, OVERLAP, START);
        for second in 1..100 {
            worker
                .upkeep(START + second * 1_000, Duration::from_secs(1))
                .unwrap();
        }
        assert_eq!(worker.believed(START + 100_000).len(), KEYS_MAX);
        assert!(fs::metadata(&path).unwrap().len() < FILE_OCTETS_MAX);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
