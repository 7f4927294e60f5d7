//! The administrator audit log: one line for each act of an administrator, on the disk before the
//! act is answered, in files by day. What stands in a line is its writer's affair.
//!
//! Never here: folding. An event that repeats is counted; an act is written each time.
//!
//! Invariant: a line that was torn by a crash costs itself alone, never the one after it.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use parking_lot::Mutex;

use crate::rotate::{self, Series};

/// What file names begin with.
const PREFIX: &str = "AUDIT";
/// What they end with.
const SUFFIX: &str = ".jsonl";
/// Octets of one file before the next is begun.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Octets of the whole folder.
const FOLDER_BYTES_MAX: u64 = 4 << 30;
/// Octets of one line.
pub const LINE_OCTETS_MAX: usize = 64 << 10;

/// Writes the log of one node.
#[derive(Debug)]
pub struct AuditLog {
    series: Series,
    /// The file last written to: when another is begun, old ones are removed.
    last: Mutex<Option<PathBuf>>,
}

impl AuditLog {
    /// The log in this folder, which is made with the first line.
    pub fn new(dir: &Path) -> AuditLog {
        AuditLog {
            series: Series {
                dir: dir.to_owned(),
                prefix: PREFIX.to_owned(),
                suffix: SUFFIX,
            },
            last: Mutex::default(),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.series.dir
    }

    /// Writes a line of one act at `unix_ms` and waits until the disk has it. Files older than `days`
    /// are removed when a new one is begun. Blocks.
    ///
    /// # Errors
    /// The disk's; or the line is too long or is several.
    pub fn write(&self, unix_ms: u64, line: &str, days: u64) -> io::Result<()> {
        if line.len() > LINE_OCTETS_MAX || line.contains('\n') {
            let error = format!("a record has {} octets, or several lines", line.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let mut last = self.last.lock();
        let day = rotate::day_of(unix_ms);
        let (mut file, path, octets) = self.series.append(day, FILE_BYTES_MAX)?;
        let mut text = String::with_capacity(line.len() + 2);
        if octets > 0 && is_torn(&path)? {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        if last.as_deref() != Some(path.as_path()) {
            *last = Some(path);
            self.series.prune_after(days, unix_ms, FOLDER_BYTES_MAX)?;
        }
        Ok(())
    }
}

/// Whether a file ends within a line.
fn is_torn(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut end = [0];
    file.read_exact(&mut end)?;
    Ok(end != *b"\n")
}

/// Reads the lines of a folder, oldest first, of days since `since_unix_ms`. Where `visit` says false
/// it ends. A folder that does not exist has none. Blocks.
///
/// # Errors
/// The disk's.
pub fn read(dir: &Path, since_unix_ms: u64, mut visit: impl FnMut(&str) -> bool) -> io::Result<()> {
    let first = rotate::day_of(since_unix_ms);
    for found in rotate::list(dir, SUFFIX)? {
        if found.day < first || found.prefix != PREFIX {
            continue;
        }
        let mut reader = BufReader::new(File::open(&found.path)?);
        let mut line = Vec::new();
        loop {
            line.clear();
            let most = LINE_OCTETS_MAX as u64 + 2;
            if reader.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            // What is no text is no record of ours.
            let Ok(text) = std::str::from_utf8(&line) else {
                continue;
            };
            if !text.trim().is_empty() && !visit(text.trim_end()) {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn lines(dir: &Path, since: u64) -> Vec<String> {
        let mut all = Vec::new();
        read(dir, since, |line| {
            all.push(line.to_owned());
            true
        })
        .unwrap();
        all
    }

    #[test]
    fn lines_stay_in_order_and_a_torn_one_costs_itself_alone() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::new(&dir.path().join("audit"));
        assert!(lines(log.dir(), 0).is_empty());
        log.write(NOW, "one", 90).unwrap();
        let file = std::fs::read_dir(log.dir()).unwrap().next().unwrap();
        let path = file.unwrap().path();
        let mut torn = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        torn.write_all(b"tor").unwrap();
        let again = AuditLog::new(log.dir());
        again.write(NOW, "two", 90).unwrap();
        assert_eq!(lines(log.dir(), 0), ["one", "tor", "two"]);
        assert!(log.write(NOW, "a\nb", 90).is_err());
        assert!(
            log.write(NOW, &"x".repeat(LINE_OCTETS_MAX + 1), 90)
                .is_err()
        );
        assert_eq!(lines(log.dir(), 0).len(), 3);
    }

    #[test]
    fn old_days_go_and_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::new(dir.path());
        for days in [10, 5, 0] {
            log.write(NOW - days * rotate::DAY_MS, "x", 7).unwrap();
        }
        assert_eq!(lines(dir.path(), 0).len(), 2);
        assert_eq!(lines(dir.path(), NOW - rotate::DAY_MS).len(), 1);
    }
}
