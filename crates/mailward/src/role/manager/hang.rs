//! Hang reports: what a role was doing while it hung, as the kernel sees its threads and as the role
//! itself tells by its lifeline.
//!
//! Written beside the manager's loop while the role still lives; what cannot be learnt within two
//! seconds is left out, because the role is killed a few seconds later whatever the report says.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use mailward_api::control::Role;
use mailward_events::{Event, Events};
use mailward_host::{lifeline, stacks};

use super::kept::write_whole;

/// Reports kept; older ones are removed.
const REPORTS_MAX: usize = 20;
/// Octets of one report.
const REPORT_OCTETS_MAX: usize = 512 << 10;

/// A role that hangs.
#[derive(Debug)]
pub(super) struct Hang {
    /// Which.
    pub(super) role: Role,
    /// Its process.
    pub(super) pid: u32,
    /// When it was noticed.
    pub(super) unix_ms: u64,
    /// What is wrong with it.
    pub(super) because: String,
    /// The counts of its last heartbeats.
    pub(super) progress: String,
    /// Its lifeline.
    pub(super) lifeline: PathBuf,
}

impl Hang {
    /// Writes the report into `dir`, on a thread where waiting is allowed.
    pub(super) fn report(self, dir: PathBuf, events: Events) {
        tokio::task::spawn_blocking(move || {
            let (child, pid) = (self.role.to_string(), self.pid.into());
            match self.write(&dir) {
                Ok(file) => events.emit(Event::HangReported {
                    child,
                    pid,
                    file: file.display().to_string(),
                }),
                Err(error) => events.emit(Event::StateFileFailing {
                    path: dir.display().to_string(),
                    error: error.to_string(),
                }),
            }
        });
    }

    fn write(&self, dir: &Path) -> io::Result<PathBuf> {
        let file = dir.join(format!("{}-{}-{}.txt", self.unix_ms, self.role, self.pid));
        write_whole(&file, self.text().as_bytes())?;
        prune(dir)?;
        Ok(file)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} (process {}) may hang: {}\nnoticed: {} ms Unix time\nprogress last told: {}\n",
            self.role, self.pid, self.because, self.unix_ms, self.progress
        );
        match stacks::threads(self.pid) {
            Ok(threads) => {
                let _ = writeln!(text, "threads, as the kernel sees them:\n{threads}");
            }
            Err(error) => {
                let _ = writeln!(text, "its threads cannot be read: {error}\n");
            }
        }
        match lifeline::report(&self.lifeline) {
            Ok(own) => {
                let _ = writeln!(text, "what it says of itself:\n{own}");
            }
            Err(error) => {
                let _ = writeln!(
                    text,
                    "it says nothing of itself ({error}): the whole process stands still"
                );
            }
        }
        text.truncate(text.floor_char_boundary(REPORT_OCTETS_MAX));
        text
    }
}

/// Removes the oldest reports beyond [`REPORTS_MAX`].
fn prune(dir: &Path) -> io::Result<()> {
    let mut reports: Vec<PathBuf> = std::fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .collect();
    // Their names begin with the time, which has as many digits until the year 2286.
    reports.sort();
    let excess = reports.len().saturating_sub(REPORTS_MAX);
    for old in reports.iter().take(excess) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_reports_are_kept_and_each_tells_of_its_threads() {
        let dir = tempfile::tempdir().unwrap();
        let hang = |unix_ms| Hang {
            role: Role::Worker,
            pid: std::process::id(),
            unix_ms,
            because: "its loop turns stands at 7".into(),
            progress: "turns 7".into(),
            lifeline: dir.path().join("worker.lifeline"),
        };
        let first = 1_800_000_000_000;
        for n in 0..REPORTS_MAX as u64 + 5 {
            hang(first + n).write(dir.path()).unwrap();
        }
        let mut names: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), REPORTS_MAX);
        assert!(names[0].starts_with("1800000000005-worker-"), "{names:?}");
        let text = std::fs::read_to_string(dir.path().join(&names[0])).unwrap();
        assert!(text.contains("its loop turns stands at 7"), "{text}");
        assert!(
            text.contains("thread ") && text.contains("sleeping"),
            "{text}"
        );
        assert!(text.contains("it says nothing of itself"), "{text}");
    }
}
