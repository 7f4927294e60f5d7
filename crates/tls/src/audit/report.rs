//! What a test comes to: one verdict for each thing that was looked at.

use serde::Serialize;

pub use mailward_model::kind::EndpointSubject as Subject;

use super::scan::{HeartbeatSeen, VersionSeen};
use crate::certificate::CertificateFacts;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Well,
    /// Worth knowing, and nothing wrong.
    Note,
    /// It could not be tested.
    Untested,
    /// It should be mended.
    Weak,
    /// It must be mended.
    Bad,
}

impl Level {
    /// True for what must or should be mended.
    pub fn is_finding(self) -> bool {
        matches!(self, Level::Weak | Level::Bad)
    }
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// About what.
    pub subject: Subject,
    /// How it stands.
    pub level: Level,
    /// What was found, in a few words.
    pub found: String,
    /// Why it is judged so; empty where that goes without saying.
    pub reason: String,
    /// What to do; empty where nothing is to be done.
    pub mend: String,
}

impl Verdict {
    pub(super) fn new(subject: Subject, level: Level, found: impl Into<String>) -> Verdict {
        Verdict {
            subject,
            level,
            found: found.into(),
            reason: String::new(),
            mend: String::new(),
        }
    }

    pub(super) fn because(mut self, reason: impl Into<String>) -> Verdict {
        self.reason = reason.into();
        self
    }

    pub(super) fn mend(mut self, mend: impl Into<String>) -> Verdict {
        self.mend = mend.into();
        self
    }
}

/// A version and the names of its suites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionReport {
    /// The version.
    #[serde(flatten)]
    pub seen: VersionSeen,
    /// Names of the suites.
    pub suite_names: Vec<String>,
}

/// What is known of one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// As it was asked for.
    pub target: String,
    /// The address that was tested; empty where there is none.
    pub address: String,
    /// Other addresses of the name, which were not.
    pub other_addresses: Vec<String>,
    /// Version and suite that a client of today agrees on with it; empty where it agrees on none.
    pub agreed: String,
    /// How long it took.
    pub took_ms: u64,
    /// The verdicts.
    pub verdicts: Vec<Verdict>,
    /// The versions.
    pub versions: Vec<VersionReport>,
    /// The tests for Heartbleed.
    pub heartbleed: Vec<HeartbeatSeen>,
    /// The certificates, leaf first.
    pub chain: Vec<CertificateFacts>,
    /// The same as they were shown, DER: for whoever knows more lists than the tester.
    #[serde(skip)]
    pub presented: Vec<Vec<u8>>,
}

impl Report {
    /// The worst verdict.
    pub fn level(&self) -> Level {
        let levels = self.verdicts.iter().map(|verdict| verdict.level);
        levels.max().unwrap_or(Level::Untested)
    }

    /// A verdict by its subject.
    pub fn verdict(&self, subject: Subject) -> Option<&Verdict> {
        self.verdicts
            .iter()
            .find(|verdict| verdict.subject == subject)
    }
}
