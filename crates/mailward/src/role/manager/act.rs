//! Acts that the manager carries out itself: commands, freeing disk space.
//!
//! Never here: the queue. What is removed is named by the settings, is a plain file, and is older
//! than they say.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use mailward_events::{Event, Events};
use mailward_model::kind::Expendable;

/// How long a command may take.
const COMMAND_MAX: Duration = Duration::from_secs(120);
/// Files looked at in one folder.
const FILES_MAX: usize = 10_000;
/// Characters of a command's last words that are told.
const WORDS_MAX: usize = 300;

/// Runs a command without a shell: a sentence about how it ended.
///
/// # Errors
/// It could not be run, took too long, or ended with another code than 0.
pub(super) async fn run(command: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no command is set".to_owned());
    };
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(COMMAND_MAX, output).await {
        Err(_) => Err(format!("{program} took longer than {COMMAND_MAX:?}")),
        Ok(Err(error)) => Err(format!("{program} cannot be run: {error}")),
        Ok(Ok(output)) if output.status.success() => Ok(format!("{program} ended well")),
        Ok(Ok(output)) => {
            let said: String = String::from_utf8_lossy(&output.stderr)
                .trim()
                .chars()
                .take(WORDS_MAX)
                .collect();
            Err(format!("{program}: {}: {said}", output.status))
        }
    }
}

/// Where files of each kind lie.
pub(super) struct Places {
    pub(super) events: PathBuf,
    pub(super) tracking: PathBuf,
    pub(super) hangs: PathBuf,
    pub(super) copies: PathBuf,
}

/// Removes the files that the rules allow and that are older than `keep`, the oldest first.
///
/// # Errors
/// Nothing could be removed, or nothing is allowed.
pub(super) fn free_disk(
    rules: &[Expendable],
    keep: Duration,
    places: &Places,
    events: &Events,
) -> Result<String, String> {
    let (mut files, mut octets) = (0u64, 0u64);
    for rule in rules {
        let dir = match rule {
            Expendable::EventLogs => &places.events,
            Expendable::TrackingLogs => &places.tracking,
            Expendable::HangReports => &places.hangs,
            Expendable::ExpiredCopies => &places.copies,
        };
        let old = match older(dir, keep) {
            Ok(old) => old,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("{}: {error}", dir.display())),
        };
        for (_, path, size) in old {
            fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            (files, octets) = (files + 1, octets + size);
        }
    }
    let names: Vec<String> = rules.iter().map(|rule| format!("{rule:?}")).collect();
    if files == 0 {
        return Err(format!(
            "the rules {} allow nothing that is older than {} s",
            names.join(", "),
            keep.as_secs()
        ));
    }
    events.emit(Event::DiskFreed {
        files,
        octets,
        rules: names.into_iter().collect(),
    });
    Ok(format!("{files} files with {octets} octets were removed"))
}

/// Plain files of a folder that were not written to for so long, the oldest first.
fn older(dir: &Path, keep: Duration) -> io::Result<Vec<(SystemTime, PathBuf, u64)>> {
    let now = SystemTime::now();
    let mut old = Vec::new();
    for entry in fs::read_dir(dir)?.take(FILES_MAX) {
        let entry = entry?;
        // Links are not followed.
        let meta = entry.metadata()?;
        let written = meta.modified()?;
        if meta.is_file() && now.duration_since(written).is_ok_and(|age| age >= keep) {
            old.push((written, entry.path(), meta.len()));
        }
    }
    old.sort();
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_files_of_the_kinds_allowed_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir(&path).unwrap();
            for (file, days) in [("old", 9), ("new", 0)] {
                let file = fs::File::create(path.join(file)).unwrap();
                let written = SystemTime::now() - Duration::from_secs(days * 86_400);
                file.set_modified(written).unwrap();
            }
            path
        };
        let places = Places {
            events: place("events"),
            tracking: place("tracking"),
            hangs: dir.path().join("never made"),
            copies: place("copies"),
        };
        let (events, keep) = (Events::discard(), Duration::from_secs(86_400));
        let rules = [Expendable::EventLogs, Expendable::HangReports];
        assert!(free_disk(&rules, keep, &places, &events).is_ok());
        let left = |dir: &Path| fs::read_dir(dir).unwrap().count();
        assert_eq!(left(&places.events), 1);
        assert_eq!((left(&places.tracking), left(&places.copies)), (2, 2));
        assert!(
            free_disk(&rules, keep, &places, &events).is_err(),
            "nothing is left to remove"
        );
    }

    #[tokio::test]
    async fn a_command_says_how_it_ended() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(run(&words(&["true"])).await.is_ok());
        let failed = run(&words(&["sh", "-c", "echo no such thing >&2; exit 3"])).await;
        assert!(failed.unwrap_err().contains("no such thing"));
        assert!(run(&[]).await.is_err());
        assert!(run(&words(&["/nonexistent"])).await.is_err());
    }
}
