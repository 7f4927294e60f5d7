//! The files of series: segments that are only appended to, of a bounded number and size.
//!
//! A segment is `NNNNNNNN.series`: records one after another, each
//!
//! ```text
//! length u16 | CRC32 of the payload u32 | payload
//! payload: from_unix_ms u64 | count u64 | min i64 | max i64 | sum i128 | name, UTF-8
//! ```
//!
//! All numbers are little-endian. The same hour of a name may stand in several records; they are
//! merged when read. What does not fit its checksum is passed over: the rest of a segment behind a
//! torn record is given up, the other segments are read. A process that starts begins a segment of
//! its own, so that nothing is ever written behind a torn end.
//!
//! Invariant: never more than [`SEGMENTS_MAX`] segments of at most [`SEGMENT_OCTETS_MAX`] octets
//! each (and one record). The oldest goes first.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use mailward_host::replace::{Lasting, replace};

use super::rollup::Rollup;

/// Octets of a segment after which the next is begun.
pub const SEGMENT_OCTETS_MAX: u64 = 512 << 10;
/// Segments kept: 16 MB in all, more than 400 days of a node with ten connectors.
pub const SEGMENTS_MAX: usize = 32;
/// Segments begun by short-lived processes are put together at start when there are so many.
const SEGMENTS_MANY: usize = 24;
/// Octets of a name; longer ones are not kept.
pub const NAME_OCTETS_MAX: usize = 200;
/// Octets of the numbers of a payload.
const NUMBERS: usize = 8 + 8 + 8 + 8 + 16;

/// The roll-up of some part of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub name: String,
    /// Which values.
    pub rollup: Rollup,
}

/// Writes a record; nothing where its name is too long.
pub fn encode(record: &Record, to: &mut Vec<u8>) {
    if record.name.is_empty() || record.name.len() > NAME_OCTETS_MAX {
        return;
    }
    let Rollup {
        from_unix_ms,
        count,
        min,
        max,
        sum,
    } = record.rollup;
    let mut payload = Vec::with_capacity(NUMBERS + record.name.len());
    payload.extend(from_unix_ms.to_le_bytes());
    payload.extend(count.to_le_bytes());
    payload.extend(min.to_le_bytes());
    payload.extend(max.to_le_bytes());
    payload.extend(sum.to_le_bytes());
    payload.extend(record.name.as_bytes());
    // Bounded by NAME_OCTETS_MAX.
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    to.extend(length.to_le_bytes());
    to.extend(crc32fast::hash(&payload).to_le_bytes());
    to.extend(payload);
}

/// Takes so many octets off the front.
fn take<const N: usize>(octets: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = octets.split_first_chunk::<N>()?;
    *octets = rest;
    Some(*front)
}

fn payload(mut octets: &[u8]) -> Option<Record> {
    let rollup = Rollup {
        from_unix_ms: u64::from_le_bytes(take(&mut octets)?),
        count: u64::from_le_bytes(take(&mut octets)?),
        min: i64::from_le_bytes(take(&mut octets)?),
        max: i64::from_le_bytes(take(&mut octets)?),
        sum: i128::from_le_bytes(take(&mut octets)?),
    };
    let name = std::str::from_utf8(octets).ok()?;
    (rollup.is_sound() && !name.is_empty() && name.len() <= NAME_OCTETS_MAX).then(|| Record {
        name: name.to_owned(),
        rollup,
    })
}

/// Reads a segment's octets. Hands out every sound record before the first that is torn; true where
/// nothing was passed over. Never fails: whatever the octets are, they give some records.
pub fn decode(mut octets: &[u8], mut each: impl FnMut(Record)) -> bool {
    while !octets.is_empty() {
        let Some(length) = take(&mut octets).map(u16::from_le_bytes) else {
            return false;
        };
        let Some(crc) = take(&mut octets).map(u32::from_le_bytes) else {
            return false;
        };
        let Some((front, rest)) = octets.split_at_checked(usize::from(length)) else {
            return false;
        };
        if crc32fast::hash(front) != crc {
            return false;
        }
        match payload(front) {
            Some(record) => each(record),
            // Whole, and yet no record of ours: a later version's. The next one may be.
            None => return false,
        }
        octets = rest;
    }
    true
}

/// The segments of a folder, opened for appending.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    /// Numbers of the segments, oldest first; the last is the one written.
    numbers: Vec<u64>,
    file: Option<(File, u64)>,
    waiting: Vec<u8>,
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:08}.series"))
}

impl Store {
    /// Reads every segment of a folder, oldest first; how many of them were damaged.
    ///
    /// # Errors
    /// The folder cannot be made or listed.
    pub fn open(dir: &Path, mut each: impl FnMut(Record)) -> io::Result<(Store, u64)> {
        fs::create_dir_all(dir)?;
        let mut numbers: Vec<u64> = fs::read_dir(dir)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".series")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut damaged = 0;
        let mut all = Vec::new();
        for number in &numbers {
            let mut octets = Vec::new();
            let read = File::open(path(dir, *number))
                .and_then(|file| file.take(3 * SEGMENT_OCTETS_MAX).read_to_end(&mut octets));
            let sound = decode(&octets, |record| {
                if numbers.len() > SEGMENTS_MANY {
                    encode(&record, &mut all);
                }
                each(record);
            });
            damaged += u64::from(read.is_err() || !sound);
        }
        let mut store = Store {
            dir: dir.to_owned(),
            numbers,
            file: None,
            waiting: Vec::new(),
        };
        if store.numbers.len() > SEGMENTS_MANY && (all.len() as u64) < SEGMENT_OCTETS_MAX {
            store.put_together(&all)?;
        }
        Ok((store, damaged))
    }

    /// Replaces all segments by one, which is whole on disk before the others go.
    fn put_together(&mut self, octets: &[u8]) -> io::Result<()> {
        let next = self.numbers.last().map_or(1, |last| last + 1);
        // Should it end between this and the last removal, values are counted twice: their smallest,
        // mean and largest stay what they are.
        replace(&path(&self.dir, next), octets, Lasting::PowerCut)?;
        for number in std::mem::replace(&mut self.numbers, vec![next]) {
            fs::remove_file(path(&self.dir, number))?;
        }
        Ok(())
    }

    /// Adds a record to what waits to be written. What waits is bounded: beyond a segment's size
    /// the disk has failed for hours, and the newest values are given up.
    pub fn append(&mut self, record: &Record) {
        if (self.waiting.len() as u64) < SEGMENT_OCTETS_MAX {
            encode(record, &mut self.waiting);
        }
    }

    /// Writes what waits. Not synced: an hour's values are not worth a wait for the disk.
    ///
    /// # Errors
    /// The disk's; what waits is kept, and the next attempt begins a new segment.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self
            .file
            .as_ref()
            .is_some_and(|(_, octets)| *octets >= SEGMENT_OCTETS_MAX)
        {
            self.file = None;
        }
        let (mut file, octets) = match self.file.take() {
            Some(open) => open,
            None => (self.begin()?, 0),
        };
        // Where this fails the segment may have a torn end: it is not written any more.
        file.write_all(&self.waiting)?;
        self.file = Some((file, octets + self.waiting.len() as u64));
        self.waiting.clear();
        Ok(())
    }

    fn begin(&mut self) -> io::Result<File> {
        while self.numbers.len() >= SEGMENTS_MAX {
            let oldest = self.numbers.remove(0);
            match fs::remove_file(path(&self.dir, oldest)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let number = self.numbers.last().map_or(1, |last| last + 1);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path(&self.dir, number))?;
        self.numbers.push(number);
        Ok(file)
    }
}
