//! What came of drills: `drills.jsonl` in the health folder, one line each, appended to and turned
//! over when long. A line that cannot be read is passed over. Not synced: the ledger has the acts.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use mailward_api::view::DrillRun;

/// Octets after which the file is turned over; one older one is kept.
const FILE_OCTETS_MAX: u64 = 1 << 20;
/// Runs kept in memory.
pub const RUNS_MAX: usize = 100;

/// The file.
#[derive(Debug, Clone)]
pub struct Record {
    path: PathBuf,
}

impl Record {
    /// That of a health folder.
    pub fn new(health_dir: &Path) -> Record {
        Record {
            path: health_dir.join("drills.jsonl"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest runs, oldest first.
    pub fn read(&self) -> Vec<DrillRun> {
        let mut runs: Vec<DrillRun> = Vec::new();
        for path in [self.path.with_extension("old"), self.path.clone()] {
            let Ok(file) = fs::File::open(path) else {
                continue;
            };
            let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
            runs.extend(lines.filter_map(|line| serde_json::from_slice(&line).ok()));
        }
        runs.drain(..runs.len().saturating_sub(RUNS_MAX));
        runs
    }

    /// Adds one that is over.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&self, run: &DrillRun) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|meta| meta.len() >= FILE_OCTETS_MAX) {
            fs::rename(&self.path, self.path.with_extension("old"))?;
        }
        let mut line = serde_json::to_vec(run)?;
        line.push(b'\n');
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)?
            .write_all(&line)
    }
}
