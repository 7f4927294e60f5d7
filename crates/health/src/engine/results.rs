//! The last results of one probe, from which all its monitors judge.

use std::collections::VecDeque;

use mailward_api::view::{ProbeView, health::Evidence};

use crate::Now;

/// Results kept of each probe.
const RESULTS_MAX: usize = 64;

/// Results and when their probes began, newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Results {
    kept: VecDeque<(ProbeView, Now)>,
}

impl Results {
    /// Takes in a result that came at `now`.
    pub(super) fn push(&mut self, sample: ProbeView, now: Now) {
        if self.kept.len() == RESULTS_MAX {
            self.kept.pop_front();
        }
        let began = now.before(sample.took_ms);
        self.kept.push_back((sample, began));
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &ProbeView> {
        self.kept.iter().map(|(sample, _)| sample)
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<&ProbeView> {
        self.kept.back().map(|(sample, _)| sample)
    }

    /// The newest that says anything, and when its probe began.
    pub(super) fn newest_evidence(&self) -> Option<(&ProbeView, Now)> {
        let mut newest_first = self.kept.iter().rev();
        newest_first
            .find(|(sample, _)| sample.evidence != Evidence::None)
            .map(|(sample, began)| (sample, *began))
    }

    /// True where the newest results that began after `act` are good, and at least `wanted`.
    pub(super) fn are_good_since(&self, act: Now, wanted: usize) -> bool {
        let good = self
            .kept
            .iter()
            .rev()
            .filter(|(sample, _)| sample.evidence != Evidence::None)
            .take_while(|(sample, began)| {
                sample.evidence == Evidence::Good && began.mono_ms >= act.mono_ms
            });
        good.take(wanted).count() == wanted
    }

    /// True where the newest result is bad and its probe began after `moment_ms` (monotonic).
    pub(super) fn are_bad_since(&self, moment_ms: u64) -> bool {
        self.newest_evidence().is_some_and(|(sample, began)| {
            sample.evidence == Evidence::Bad && began.mono_ms >= moment_ms
        })
    }

    /// The class of the cause of the newest result, where that is bad; the class may be unknown.
    pub(super) fn class(&self) -> Option<Option<String>> {
        let (sample, _) = self.newest_evidence()?;
        (sample.evidence == Evidence::Bad).then(|| sample.cause.clone())
    }
}
