//! What outlives the worker: changes of state, closed cases, and the cases that are open.
//!
//! `edges.jsonl` and `cases.jsonl` are appended to and turned over when long; `open-cases.json` is
//! replaced whole. Losing a line here loses a line of history and nothing else: what must not be
//! lost is in the manager's ledger. So nothing is synced, and a full disk is told once.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use mailward_api::view::{CaseView, HealthEdge, repair::CaseNote};
use mailward_host::replace::{Lasting, replace};
use serde::{Serialize, de::DeserializeOwned};

use crate::{engine::SavedCase, monitor::Hours};

/// Octets after which a file is turned over; one older one is kept.
const FILE_OCTETS_MAX: u64 = 4 << 20;

/// The files of the worker, in the folder of managed availability.
#[derive(Debug, Clone)]
pub(crate) struct History {
    dir: PathBuf,
}

impl History {
    pub(crate) fn new(dir: &Path) -> Self {
        History {
            dir: dir.to_owned(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn edge(&self, edge: &HealthEdge) -> io::Result<()> {
        append(&self.file("edges.jsonl"), edge)
    }

    pub(crate) fn closed(&self, case: &CaseView) -> io::Result<()> {
        append(&self.file("cases.jsonl"), case)
    }

    /// Replaces the open cases.
    pub(crate) fn save(&self, cases: &[SavedCase]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let json = serde_json::to_vec(cases)?;
        replace(&self.file("open-cases.json"), &json, Lasting::Kill)
    }

    /// The cases that were open when the worker before this one ended. What cannot be read is as
    /// good as none: the monitors find out again.
    pub(crate) fn open_cases(&self) -> Vec<SavedCase> {
        fs::read(self.file("open-cases.json"))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }

    /// Replaces the histories of the trends.
    pub(crate) fn save_hours(&self, hours: &BTreeMap<String, Hours>) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let early = self.file("trends.new");
        fs::write(&early, serde_json::to_vec(hours)?)?;
        fs::rename(early, self.file("trends.json"))
    }

    /// The histories of the trends. What cannot be read is as good as none: a day of looking makes
    /// a new one.
    pub(crate) fn hours(&self) -> BTreeMap<String, Hours> {
        fs::read(self.file("trends.json"))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }

    /// Replaces what is remembered of cures.
    pub(crate) fn save_cures(&self, cures: &BTreeMap<String, u8>) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let json = serde_json::to_vec(cures)?;
        replace(&self.file("cures.json"), &json, Lasting::Kill)
    }

    /// What is remembered of cures. Without it cases begin with their first stage.
    pub(crate) fn cures(&self) -> BTreeMap<String, u8> {
        fs::read(self.file("cures.json"))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }

    /// Keeps a note by a person, durably: nobody writes it twice.
    pub(crate) fn note(&self, note: &CaseNote) -> io::Result<()> {
        let path = self.file("notes.jsonl");
        append(&path, note)?;
        fs::File::open(path)?.sync_all()
    }

    /// The notes on a case, oldest first.
    pub(crate) fn notes(&self, case: &str) -> Vec<CaseNote> {
        let mut notes = Vec::new();
        for name in ["notes.old", "notes.jsonl"] {
            lines(&self.file(name), |note: CaseNote| {
                if note.case == case {
                    notes.push(note);
                }
            });
        }
        notes
    }

    /// The newest changes of state, oldest first.
    pub(crate) fn edges(&self, limit: usize) -> Vec<HealthEdge> {
        let mut edges: Vec<HealthEdge> = Vec::new();
        for name in ["edges.old", "edges.jsonl"] {
            lines(&self.file(name), |edge| edges.push(edge));
        }
        edges.drain(..edges.len().saturating_sub(limit));
        edges
    }

    /// A closed case by its id.
    pub(crate) fn case(&self, id: &str) -> Option<CaseView> {
        let mut found = None;
        for name in ["cases.old", "cases.jsonl"] {
            lines(&self.file(name), |case: CaseView| {
                if case.id == id {
                    found = Some(case);
                }
            });
        }
        found
    }
}

fn append(path: &Path, value: &impl Serialize) -> io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    if fs::metadata(path).is_ok_and(|meta| meta.len() >= FILE_OCTETS_MAX) {
        fs::rename(path, path.with_extension("old"))?;
    }
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(&line)
}

/// Hands every line of a file that can be read to `each`.
fn lines<T: DeserializeOwned>(path: &Path, mut each: impl FnMut(T)) {
    let Ok(file) = fs::File::open(path) else {
        return;
    };
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        if let Ok(value) = serde_json::from_slice(&line) {
            each(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(n: u64) -> HealthEdge {
        HealthEdge {
            unix_ms: n,
            subject: "connector/Internet".into(),
            from: "healthy".into(),
            to: "suspect".into(),
            because: "one bad result".into(),
            case: None,
        }
    }

    #[test]
    fn history_is_read_over_a_turned_file_and_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::new(&dir.path().join("health"));
        assert!(history.edges(10).is_empty() && history.open_cases().is_empty());
        history.edge(&edge(1)).unwrap();
        let path = dir.path().join("health/edges.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&vec![b'x'; FILE_OCTETS_MAX as usize])
            .unwrap();
        history.edge(&edge(2)).unwrap();
        history.edge(&edge(3)).unwrap();
        let read: Vec<u64> = history.edges(2).iter().map(|edge| edge.unix_ms).collect();
        assert_eq!(read, [2, 3]);
        assert_eq!(history.edges(10).len(), 3);
    }
}
