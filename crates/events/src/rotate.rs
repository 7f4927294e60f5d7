//! Log files by day and number: `<prefix><yyyymmdd>-<nnnn><suffix>`; made, listed, removed by age.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Milliseconds of a day.
pub(crate) const DAY_MS: u64 = 86_400_000;

/// Days for which logs are kept, as in Exchange's MessageTrackingLogMaxAge.
pub(crate) const DAYS_KEPT: u64 = 30;

/// A log file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatedFile {
    pub(crate) path: PathBuf,
    pub(crate) prefix: String,
    /// As a number: 20261123.
    pub(crate) day: u32,
    pub(crate) no: u32,
}

fn timestamp(unix_ms: u64) -> jiff::Timestamp {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or(jiff::Timestamp::MAX)
}

/// The time as RFC 3339 with milliseconds, UTC.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    format!("{:.3}", timestamp(unix_ms))
}

/// The day of a time, UTC, as a number: 20261123.
pub(crate) fn day_of(unix_ms: u64) -> u32 {
    timestamp(unix_ms)
        .strftime("%Y%m%d")
        .to_string()
        .parse()
        .unwrap_or(0)
}

fn parse(path: PathBuf, suffix: &str) -> Option<DatedFile> {
    let name = path.file_name()?.to_str()?;
    let (head, no) = name.strip_suffix(suffix)?.rsplit_once('-')?;
    let (prefix, day) = head.split_at_checked(head.len().checked_sub(8)?)?;
    let (prefix, day, no) = (prefix.to_owned(), day.parse().ok()?, no.parse().ok()?);
    Some(DatedFile {
        path,
        prefix,
        day,
        no,
    })
}

/// The log files of a folder, oldest first. A folder that does not exist has none.
pub(crate) fn list(dir: &Path, suffix: &str) -> io::Result<Vec<DatedFile>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        files.extend(parse(entry?.path(), suffix));
    }
    files.sort_by(|a, b| (a.day, a.no, &a.prefix).cmp(&(b.day, b.no, &b.prefix)));
    Ok(files)
}

/// One writer's series of files.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) dir: PathBuf,
    pub(crate) prefix: String,
    pub(crate) suffix: &'static str,
}

impl Series {
    fn mine(&self) -> io::Result<Vec<DatedFile>> {
        let mut files = list(&self.dir, self.suffix)?;
        files.retain(|file| file.prefix == self.prefix);
        Ok(files)
    }

    fn path(&self, day: u32, no: u32) -> PathBuf {
        self.dir
            .join(format!("{}{day:08}-{no:04}{}", self.prefix, self.suffix))
    }

    /// Creates a file that nobody else has, readable by its owner and group.
    pub(crate) fn create(&self, day: u32) -> io::Result<(File, PathBuf)> {
        fs::create_dir_all(&self.dir)?;
        let files = self.mine()?;
        let last = files.iter().filter(|f| f.day == day).map(|f| f.no).max();
        let mut no = last.unwrap_or(0);
        loop {
            no += 1;
            let path = self.path(day, no);
            match options().create_new(true).open(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens the newest file of the day for appending where it is below `bytes_max`, else a new one.
    pub(crate) fn append(&self, day: u32, bytes_max: u64) -> io::Result<(File, PathBuf, u64)> {
        let newest = self.mine()?.into_iter().rfind(|file| file.day == day);
        if let Some(newest) = newest {
            let file = options().open(&newest.path)?;
            let bytes = file.metadata()?.len();
            if bytes < bytes_max {
                return Ok((file, newest.path, bytes));
            }
        }
        let (file, path) = self.create(day)?;
        Ok((file, path, 0))
    }

    /// Removes files older than [`DAYS_KEPT`] and, above `bytes_max` in all, the oldest ones. The
    /// newest file always stays.
    pub(crate) fn prune(&self, now_unix_ms: u64, bytes_max: u64) -> io::Result<()> {
        self.prune_after(DAYS_KEPT, now_unix_ms, bytes_max)
    }

    /// As [`Series::prune`], with the days that files are kept.
    pub(crate) fn prune_after(
        &self,
        days: u64,
        now_unix_ms: u64,
        bytes_max: u64,
    ) -> io::Result<()> {
        let oldest_kept = day_of(now_unix_ms.saturating_sub(days.saturating_mul(DAY_MS)));
        let mut files = self.mine()?;
        files.pop();
        let mut sum = 0;
        for file in files.iter().rev() {
            sum += fs::metadata(&file.path).map_or(0, |meta| meta.len());
            if file.day < oldest_kept || sum > bytes_max {
                fs::remove_file(&file.path)?;
            }
        }
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o640);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_days_and_ages() {
        let dir = tempfile::tempdir().unwrap();
        let series = Series {
            dir: dir.path().join("logs"),
            prefix: "MSGTRK".into(),
            suffix: ".log",
        };
        let now = 1_800_000_000_000;
        assert_eq!(day_of(now), 20270115);
        assert_eq!(rfc3339(now), "2027-01-15T08:00:00.000Z");
        let (_, first) = series.create(day_of(now)).unwrap();
        assert!(first.ends_with("logs/MSGTRK20270115-0001.log"), "{first:?}");
        let (_, old) = series.create(day_of(now - 31 * DAY_MS)).unwrap();
        let (_, second) = series.create(day_of(now)).unwrap();
        fs::write(dir.path().join("logs/other.txt"), "x").unwrap();
        series.prune(now, u64::MAX).unwrap();
        assert!(first.exists() && second.exists() && !old.exists());
        fs::write(&first, vec![0; 100]).unwrap();
        series.prune(now, 50).unwrap();
        assert!(!first.exists() && second.exists());
        assert_eq!(series.append(day_of(now), 10).unwrap().1, second);
    }
}
