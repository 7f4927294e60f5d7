//! Holds on repair as a whole: safe mode, which the supervision enters by itself, and a freeze, which
//! a person sets. Both outlast a restart of the manager.
//!
//! Never here: judging a repair. The arbiter is told of the hold and denies by it.

use std::path::PathBuf;

use mailward_api::view::RepairHold;
use mailward_events::{Event, Events};
use serde::{Deserialize, Serialize};

use super::kept::write_whole;
use crate::config::Config;

/// The word of safe mode.
const SAFE_MODE: &str = "safe mode";
/// The word of a freeze.
const FROZEN: &str = "frozen";

/// What holds repair at present.
#[derive(Debug)]
pub(super) struct Freezes {
    path: PathBuf,
    events: Events,
    held: Held,
}

/// As it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Held {
    safe_mode: Option<RepairHold>,
    frozen: Option<RepairHold>,
}

impl Freezes {
    /// What an earlier manager held. A file that cannot be read holds: whoever froze repair must not
    /// be overrun by a torn file.
    pub(super) fn open(config: &Config, events: &Events, now_unix_ms: u64) -> Freezes {
        let path = config.health_dir().join("freeze.json");
        let held = match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice(&json).unwrap_or_else(|error| Held {
                safe_mode: None,
                frozen: Some(RepairHold {
                    kind: FROZEN.to_owned(),
                    by: "the manager".to_owned(),
                    reason: format!("{} cannot be understood: {error}", path.display()),
                    since_unix_ms: now_unix_ms,
                }),
            }),
            Err(_) => Held::default(),
        };
        Freezes {
            path,
            events: events.clone(),
            held,
        }
    }

    /// Every hold.
    pub(super) fn list(&self) -> Vec<RepairHold> {
        let both = [&self.held.safe_mode, &self.held.frozen];
        both.into_iter().flatten().cloned().collect()
    }

    /// The reason that denials give, where anything holds.
    pub(super) fn reason(&self) -> Option<String> {
        let reasons: Vec<String> = self
            .list()
            .iter()
            .map(|hold| match hold.by.as_str() {
                "" => format!("{}: {}", hold.kind, hold.reason),
                by => format!("{} by {by}: {}", hold.kind, hold.reason),
            })
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// True where the worker is to run in safe mode.
    pub(super) fn is_safe_mode(&self) -> bool {
        self.held.safe_mode.is_some()
    }

    /// Safe mode begins.
    pub(super) fn enter_safe_mode(&mut self, reason: &str, now_unix_ms: u64) {
        self.held.safe_mode = Some(RepairHold {
            kind: SAFE_MODE.to_owned(),
            by: String::new(),
            reason: reason.to_owned(),
            since_unix_ms: now_unix_ms,
        });
        self.keep();
    }

    /// Safe mode is over.
    pub(super) fn leave_safe_mode(&mut self) {
        self.held.safe_mode = None;
        self.keep();
    }

    /// A person holds repair.
    pub(super) fn freeze(&mut self, by: &str, reason: &str, now_unix_ms: u64) {
        self.held.frozen = Some(RepairHold {
            kind: FROZEN.to_owned(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            since_unix_ms: now_unix_ms,
        });
        self.keep();
        self.events.emit(Event::RepairFrozen {
            by: by.to_owned(),
            reason: reason.to_owned(),
        });
    }

    /// A person ends what was frozen. False where nothing was.
    pub(super) fn thaw(&mut self) -> bool {
        let was = self.held.frozen.take().is_some();
        self.keep();
        was
    }

    fn keep(&self) {
        let kept = serde_json::to_vec_pretty(&self.held)
            .map_err(std::io::Error::from)
            .and_then(|json| write_whole(&self.path, &json));
        if let Err(error) = kept {
            self.events.emit(Event::StateFileFailing {
                path: self.path.display().to_string(),
                error: error.to_string(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_outlast_the_manager() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("hostname = \"a.example\"\ndata_dir = {:?}", dir.path());
        let config = Config::parse("m", &text).unwrap();
        let (events, _) = Events::collect();
        let open = || Freezes::open(&config, &events, 1);
        let mut holds = open();
        assert_eq!(holds.reason(), None);
        holds.freeze("anna", "moving disks", 5);
        holds.enter_safe_mode("the worker ended 5 times", 6);
        let mut holds = open();
        assert!(holds.is_safe_mode());
        assert_eq!(
            holds.reason().unwrap(),
            "safe mode: the worker ended 5 times; frozen by anna: moving disks"
        );
        assert!(holds.thaw() && !holds.thaw());
        holds.leave_safe_mode();
        assert_eq!(open().list(), []);
        std::fs::write(config.health_dir().join("freeze.json"), "{").unwrap();
        assert!(open().reason().unwrap().contains("cannot be understood"));
    }
}
