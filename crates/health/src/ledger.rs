//! The repair ledger: what was meant to be done, what was done, what came of it. A file of lines
//! that is only ever appended to, each synced before anything follows from it.
//!
//! A line is `CRC32 of the rest, in hex`, a blank, and a JSON object. A torn last line is what was
//! being written when the process ended: it never counted, and is cut off. A damaged line in the
//! middle is kept as an act of unknown kind, which counts against every budget.
//!
//! Times: every record has wall time, the boot it was written in and the uptime. Ages within one
//! boot are counted on the uptime, and over a reboot on what was seen to run, so no clock that is set
//! frees a budget.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use mailward_api::view::repair::LedgerEntry;
use mailward_host::clock::Clock;
use serde::{Deserialize, Serialize};

/// Records kept when the file is rewritten at start.
const RECORDS_MAX: usize = 5_000;
/// The file is rewritten at start when it is longer than this, in octets.
const REWRITE_OCTETS: u64 = 8 << 20;
/// Octets of one text in a record.
const TEXT_OCTETS_MAX: usize = 2_000;

/// Why the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It could not be opened or read.
    #[error("the repair ledger {path} cannot be opened; check the folder's owner and rights")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record could not be made durable. Nothing may follow from it.
    #[error("the repair ledger {path} cannot be written; check free space and the disk")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The boot this process runs in, and its uptime.
#[derive(Debug, Clone)]
pub struct Boot {
    id: String,
    up_ms_at_start: u64,
}

impl Boot {
    /// This machine's. Where the kernel does not tell, each process counts as a boot of its own.
    pub fn here() -> Boot {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let up_s: Option<f64> = fs::read_to_string("/proc/uptime")
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse().ok());
        match (id, up_s) {
            (Ok(id), Some(up_s)) => Boot::named(id.trim(), (up_s * 1000.0) as u64),
            _ => Boot::named(&format!("process-{}", std::process::id()), 0),
        }
    }

    /// A boot by name whose uptime is `up_ms` now; for tests.
    pub fn named(id: &str, up_ms: u64) -> Boot {
        Boot {
            id: id.to_owned(),
            up_ms_at_start: up_ms,
        }
    }
}

/// One record as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The boot it was written in.
    pub boot: String,
    /// Uptime when it was written, in milliseconds.
    pub up_ms: u64,
    /// The entry it belongs to, where it follows from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// What it says.
    pub says: LedgerEntry,
}

/// The word of a record that could not be read.
pub const DAMAGED: &str = "damaged";

/// A place in the file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A record in memory: how old it was at which uptime.
struct Held {
    record: Record,
    age_ms: u64,
    at_up_ms: u64,
}

/// The ledger, held by the manager alone.
pub struct Ledger {
    path: PathBuf,
    file: File,
    /// Octets of sound records; what lies behind is cut off before the next is written.
    sound: u64,
    records: Vec<Held>,
    clock: Arc<dyn Clock>,
    boot: Boot,
    mono_at_start: u64,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Ledger({}, {} records)",
            self.path.display(),
            self.records.len()
        )
    }
}

fn mono_ms(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.monotonic().as_millis()).unwrap_or(u64::MAX)
}

fn encode(record: &Record) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record).map_err(io::Error::other)?;
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

fn decode(line: &[u8]) -> Result<Record, &'static str> {
    let (sum, json) = line.split_at_checked(9).ok_or("it is too short")?;
    let sum = std::str::from_utf8(sum)
        .ok()
        .and_then(|hex| u32::from_str_radix(hex.trim_end(), 16).ok())
        .ok_or("it has no checksum")?;
    if crc32fast::hash(json) != sum {
        return Err("its checksum does not match");
    }
    serde_json::from_slice(json).map_err(|_| "it is no record of this version")
}

impl Ledger {
    /// Opens the ledger, or begins one. Damaged lines are returned, not refused.
    ///
    /// # Errors
    /// [`LedgerError::Open`] where the file cannot be read or written.
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        boot: Boot,
    ) -> Result<(Ledger, Vec<Damage>), LedgerError> {
        let fail = |source| LedgerError::Open {
            path: path.to_owned(),
            source,
        };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(fail)?;
        }
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fail(error)),
        };
        let (records, sound, damages) = read(&bytes);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o640)
            .open(path)
            .map_err(fail)?;
        let mut ledger = Ledger {
            path: path.to_owned(),
            file,
            sound,
            records: Vec::new(),
            mono_at_start: mono_ms(&*clock),
            clock,
            boot,
        };
        let at_up_ms = ledger.up_ms();
        let ages = ledger.ages_at_start(&records);
        ledger.records = records
            .into_iter()
            .zip(ages)
            .map(|(record, age_ms)| Held {
                age_ms,
                at_up_ms,
                record,
            })
            .collect();
        if sound > REWRITE_OCTETS || ledger.records.len() > 2 * RECORDS_MAX {
            ledger.rewrite().map_err(fail)?;
        }
        Ok((ledger, damages))
    }

    /// The boot this process runs in.
    pub fn boot_id(&self) -> &str {
        &self.boot.id
    }

    /// Uptime now, in milliseconds.
    fn up_ms(&self) -> u64 {
        let run = mono_ms(&*self.clock).saturating_sub(self.mono_at_start);
        self.boot.up_ms_at_start.saturating_add(run)
    }

    /// How old the records read at start are, at least. Within one boot the uptime tells. Over a
    /// reboot only what was seen to run counts: from the record to the last one of its boot, the
    /// boots between, and this one. A wall clock that was set meanwhile would free budgets.
    fn ages_at_start(&self, records: &[Record]) -> Vec<u64> {
        // From the newest record back: what has run since.
        let (mut later, mut last): (u64, Option<(&str, u64)>) = (0, None);
        let mut ages: Vec<u64> = records
            .iter()
            .rev()
            .map(|record| {
                let (boot, up) = match last {
                    Some((boot, up)) if boot == record.boot => (boot, up),
                    _ => {
                        // What ran after the newest record of a boot is known of this boot alone.
                        later = later.saturating_add(last.map_or(0, |(_, up)| up));
                        let is_this = record.boot == self.boot.id;
                        let up = if is_this { self.up_ms() } else { record.up_ms };
                        if last.is_none() && !is_this {
                            later = self.up_ms();
                        }
                        (record.boot.as_str(), up)
                    }
                };
                last = Some((boot, up));
                later.saturating_add(up.saturating_sub(record.up_ms))
            })
            .collect();
        ages.reverse();
        ages
    }

    /// Every record and its age in milliseconds, oldest first. From the start on, ages grow by
    /// uptime alone.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = (&Record, u64)> {
        let up = self.up_ms();
        self.records
            .iter()
            .map(move |held| (&held.record, held.age_ms + up.saturating_sub(held.at_up_ms)))
    }

    /// Appends a record and makes it durable; returns its number. Number, time, boot and uptime
    /// are filled in here.
    ///
    /// # Errors
    /// [`LedgerError::Write`]; the record then does not exist, and the caller must not act.
    pub fn append(&mut self, mut says: LedgerEntry, of: Option<u64>) -> Result<u64, LedgerError> {
        says.entry = self
            .records
            .last()
            .map_or(1, |last| last.record.says.entry + 1);
        says.unix_ms = self.clock.unix_ms();
        cut(&mut says.text);
        says.reasons.iter_mut().for_each(cut);
        says.samples.iter_mut().for_each(cut);
        let record = Record {
            boot: self.boot.id.clone(),
            up_ms: self.up_ms(),
            of,
            says,
        };
        let entry = record.says.entry;
        self.write(&record).map_err(|source| LedgerError::Write {
            path: self.path.clone(),
            source,
        })?;
        self.records.push(Held {
            age_ms: 0,
            at_up_ms: record.up_ms,
            record,
        });
        Ok(entry)
    }

    fn write(&mut self, record: &Record) -> io::Result<()> {
        let line = encode(record)?;
        // Whatever an earlier failure left behind goes first.
        self.file.set_len(self.sound)?;
        self.file.seek(SeekFrom::Start(self.sound))?;
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.sound += line.len() as u64;
        Ok(())
    }

    /// Writes the newest records to a new file and puts it in place of the old one.
    fn rewrite(&mut self) -> io::Result<()> {
        let surplus = self.records.len().saturating_sub(RECORDS_MAX);
        self.records.drain(..surplus);
        let new = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        options
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .mode(0o640);
        let mut file = options.open(&new)?;
        let mut sound = 0;
        for held in &self.records {
            let line = encode(&held.record)?;
            file.write_all(&line)?;
            sound += line.len() as u64;
        }
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        if let Some(dir) = self.path.parent() {
            File::open(dir)?.sync_all()?;
        }
        (self.file, self.sound) = (file, sound);
        Ok(())
    }
}

fn cut(text: &mut String) {
    let mut end = text.len().min(TEXT_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// The records of a file, the octets up to the end of the last whole line, and the damage.
fn read(bytes: &[u8]) -> (Vec<Record>, u64, Vec<Damage>) {
    let (mut records, mut damages) = (Vec::<Record>::new(), Vec::new());
    let mut sound = 0;
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(text) = line.strip_suffix(b"\n") else {
            // Torn: it was never acknowledged.
            break;
        };
        sound += line.len() as u64;
        match decode(text) {
            Ok(record) => records.push(record),
            Err(problem) => {
                damages.push(Damage {
                    line: at as u64 + 1,
                    problem,
                });
                // As old as the record before it: the oldest it can be.
                let (boot, up_ms, unix_ms, entry) = records.last().map_or_else(
                    || (String::new(), 0, 0, 0),
                    |last| {
                        (
                            last.boot.clone(),
                            last.up_ms,
                            last.says.unix_ms,
                            last.says.entry,
                        )
                    },
                );
                records.push(Record {
                    boot,
                    up_ms,
                    of: None,
                    says: LedgerEntry {
                        entry: entry + 1,
                        unix_ms,
                        record: DAMAGED.to_owned(),
                        case: None,
                        component: String::new(),
                        act: None,
                        text: problem.to_owned(),
                        ..LedgerEntry::default()
                    },
                });
            }
        }
    }
    (records, sound, damages)
}

#[cfg(test)]
mod tests;
