//! What a probe finds: a verdict, a sentence, a class of causes, measures, and the steps on the way.

use std::{borrow::Cow, net::SocketAddr, sync::Arc};

use mailward_api::view::health::{Evidence, Measure, ProbeStep};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::Cause;

/// Octets of a finding's text.
const TEXT_OCTETS_MAX: usize = 4096;
/// Lines kept of what was seen in one probe, and octets of each.
const SEEN_LINES_MAX: usize = 128;
const SEEN_OCTETS_MAX: usize = 512;

/// What a probe saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Pass,
    /// It works, and something is to be said.
    Slow,
    /// It does not do what it should.
    Fail,
    /// It did not answer in time.
    Timeout,
    /// The probe itself could not be carried out.
    ProbeError,
    /// The probe was not carried out.
    Skipped,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Verdict; 6] = [
        Verdict::Pass,
        Verdict::Slow,
        Verdict::Fail,
        Verdict::Timeout,
        Verdict::ProbeError,
        Verdict::Skipped,
    ];

    /// The word for it in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Slow => "slow",
            Verdict::Fail => "fail",
            Verdict::Timeout => "timeout",
            Verdict::ProbeError => "probe_error",
            Verdict::Skipped => "skipped",
        }
    }

    /// Reads the word; `None` for one that is not known.
    pub fn read(word: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// What it says about the target.
    pub fn evidence(self) -> Evidence {
        match self {
            Verdict::Pass | Verdict::Slow => Evidence::Good,
            Verdict::Fail | Verdict::Timeout => Evidence::Bad,
            Verdict::ProbeError | Verdict::Skipped => Evidence::None,
        }
    }
}

/// A finding, before times are added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(super) verdict: Verdict,
    pub(super) text: String,
    pub(super) cause: Option<String>,
    pub(super) measures: Vec<Measure>,
}

impl Found {
    pub(super) fn new(verdict: Verdict, text: impl Into<String>) -> Found {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(TEXT_OCTETS_MAX));
        Found {
            verdict,
            text,
            cause: None,
            measures: Vec::new(),
        }
    }

    pub(super) fn pass(text: impl Into<String>) -> Found {
        Found::new(Verdict::Pass, text)
    }

    pub(super) fn slow(text: impl Into<String>) -> Found {
        Found::new(Verdict::Slow, text)
    }

    pub(super) fn fail(text: impl Into<String>) -> Found {
        Found::new(Verdict::Fail, text)
    }

    pub(super) fn error(text: impl Into<String>) -> Found {
        Found::new(Verdict::ProbeError, text)
    }

    pub(super) fn skipped(text: impl Into<String>) -> Found {
        Found::new(Verdict::Skipped, text)
    }

    /// Adds what was measured; the unit stands at the end of the name.
    pub(super) fn measured(mut self, name: &str, value: impl TryInto<i64>) -> Found {
        self.measures.push(Measure {
            name: name.to_owned(),
            value: value.try_into().unwrap_or(i64::MAX),
        });
        self
    }

    pub(super) fn of(mut self, cause: Cause) -> Found {
        self.cause = Some(cause.as_str().to_owned());
        self
    }
}

/// Where what is seen is noted, line by line; clones note to the same place. Secrets and what a
/// message holds are never noted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// Notes a line.
    pub(super) fn note(&self, line: impl Into<String>) {
        let mut lines = self.0.lock();
        if lines.len() < SEEN_LINES_MAX {
            let line = line.into();
            let escaped = match mailward_events::escape(&line) {
                Cow::Borrowed(_) => None,
                Cow::Owned(escaped) => Some(escaped),
            };
            let mut line = escaped.unwrap_or(line);
            line.truncate(line.floor_char_boundary(SEEN_OCTETS_MAX));
            lines.push(line);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// The steps of a probe and how long each took; outlives the probe, so that one that times out
/// still says how far it came.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(super) done: Vec<ProbeStep>,
    began: Instant,
    pub(super) now: &'static str,
    /// The address of this node's own that is being connected to, or was last.
    pub(super) reaching: Option<SocketAddr>,
    seen: Seen,
}

impl Steps {
    pub(super) fn new() -> Steps {
        Steps {
            done: Vec::new(),
            began: Instant::now(),
            now: "begin",
            reaching: None,
            seen: Seen::default(),
        }
    }

    /// Ends the present step and begins the next.
    pub(super) fn next(&mut self, step: &'static str) {
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let seen = self.seen.take();
        if self.now != "begin" || !seen.is_empty() {
            self.done.push(ProbeStep {
                step: self.now.to_owned(),
                took_ms,
                seen,
            });
        }
        self.now = step;
        self.began = Instant::now();
    }

    /// Ends the present step, which was waiting for a message, and puts its hops in its place.
    pub(super) fn hops(&mut self, hops: &[(&'static str, u64)]) {
        self.done
            .extend(hops.iter().map(|(step, took_ms)| ProbeStep {
                step: (*step).to_owned(),
                took_ms: *took_ms,
                seen: Vec::new(),
            }));
        self.now = "begin";
        self.began = Instant::now();
    }

    /// Notes what is seen in the present step.
    pub(super) fn note(&self, line: impl Into<String>) {
        self.seen.note(line);
    }

    /// Where what is seen is noted, for whoever sees it.
    pub(super) fn seen(&self) -> Seen {
        self.seen.clone()
    }
}
