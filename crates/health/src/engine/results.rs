//! The last results of one probe, from which all its monitors judge.
//!
//! Ten thousand probes keep 64 results each, so a result is small: what it said is shared with those
//! that said the same, and its steps are kept of the newest few and of the last failures alone.

use std::{collections::VecDeque, sync::Arc};

use mailward_api::view::{
    ProbeView,
    health::{Evidence, Measure, ProbeStep},
};

use crate::{Now, probe::Verdict};

/// Results kept of each probe.
const RESULTS_MAX: usize = 64;
/// The newest results whose steps are kept.
const WITH_STEPS: usize = 3;
/// Failures kept apart, with everything that was seen: successes do not push them out.
const FAILURES_MAX: usize = 8;
/// How many of the newest results are searched for one that said the same.
const SHARED_WITH: usize = 4;

/// What a result said, shared by all that said it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    text: String,
    cause: Option<String>,
    /// Names of what was measured, in order.
    measures: Vec<String>,
}

/// One result.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// When its probe began.
    pub(super) unix_ms: u64,
    began_mono_ms: u64,
    /// How long it took.
    pub(super) took_ms: u64,
    /// What it says about the target.
    pub(super) evidence: Evidence,
    verdict: Verdict,
    said: Arc<Said>,
    /// One for each name in `said`.
    measured: Option<Arc<Vec<i64>>>,
    steps: Option<Arc<Vec<ProbeStep>>>,
}

impl Sample {
    /// The class of its cause.
    pub(super) fn cause(&self) -> Option<&str> {
        self.said.cause.as_deref()
    }

    /// What was measured, by its name.
    #[cfg_attr(not(test), expect(dead_code, reason = "monitors of trends ask for it"))]
    pub(super) fn measure(&self, name: &str) -> Option<i64> {
        let at = self.said.measures.iter().position(|known| known == name)?;
        self.measured.as_ref()?.get(at).copied()
    }

    /// The result, as it came.
    fn view(&self, probe: &str) -> ProbeView {
        let measured = self.measured.iter().flat_map(|values| values.iter());
        let measures = self.said.measures.iter().zip(measured);
        ProbeView {
            probe: probe.to_owned(),
            unix_ms: self.unix_ms,
            took_ms: self.took_ms,
            verdict: self.verdict.as_str().to_owned(),
            evidence: self.evidence,
            text: self.said.text.clone(),
            cause: self.said.cause.clone(),
            steps: self.steps.as_deref().cloned().unwrap_or_default(),
            measures: measures
                .map(|(name, value)| Measure {
                    name: name.clone(),
                    value: *value,
                })
                .collect(),
        }
    }
}

/// Results and when their probes began, newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Results {
    probe: Arc<str>,
    kept: VecDeque<Sample>,
    failures: VecDeque<Sample>,
}

impl Results {
    /// No results yet of the probe of this name.
    pub(super) fn of(probe: &str) -> Results {
        Results {
            probe: probe.into(),
            ..Results::default()
        }
    }

    /// Takes in a result that came at `now`, with what was seen in each step.
    pub(super) fn push(&mut self, sample: &ProbeView, steps: &Arc<Vec<ProbeStep>>, now: Now) {
        if self.kept.len() == RESULTS_MAX {
            self.kept.pop_front();
        }
        let sample = Sample {
            unix_ms: sample.unix_ms,
            began_mono_ms: now.before(sample.took_ms).mono_ms,
            took_ms: sample.took_ms,
            evidence: sample.evidence,
            verdict: Verdict::read(&sample.verdict).unwrap_or(Verdict::ProbeError),
            said: self.said(sample),
            measured: (!sample.measures.is_empty())
                .then(|| Arc::new(sample.measures.iter().map(|m| m.value).collect())),
            steps: (!steps.is_empty()).then(|| steps.clone()),
        };
        if sample.evidence == Evidence::Bad {
            if self.failures.len() == FAILURES_MAX {
                self.failures.pop_front();
            }
            self.failures.push_back(sample.clone());
        }
        self.kept.push_back(sample);
        let old = self.kept.len().checked_sub(WITH_STEPS + 1);
        if let Some(old) = old.and_then(|at| self.kept.get_mut(at)) {
            old.steps = None;
        }
    }

    /// What a result said: that of an earlier one where it is the same.
    fn said(&self, sample: &ProbeView) -> Arc<Said> {
        let same = |said: &Said| {
            said.text == sample.text
                && said.cause == sample.cause
                && said
                    .measures
                    .iter()
                    .eq(sample.measures.iter().map(|m| &m.name))
        };
        let mut newest = self.kept.iter().rev().take(SHARED_WITH);
        newest.find(|known| same(&known.said)).map_or_else(
            || {
                Arc::new(Said {
                    text: sample.text.clone(),
                    cause: sample.cause.clone(),
                    measures: sample.measures.iter().map(|m| m.name.clone()).collect(),
                })
            },
            |known| known.said.clone(),
        )
    }

    /// The newest ones as they came, `most` of them, oldest first.
    pub(super) fn views(&self, most: usize) -> Vec<ProbeView> {
        let skip = self.kept.len().saturating_sub(most);
        self.kept
            .iter()
            .skip(skip)
            .map(|sample| sample.view(&self.probe))
            .collect()
    }

    /// The last failures with their steps, oldest first.
    pub(super) fn failures(&self) -> Vec<ProbeView> {
        self.failures
            .iter()
            .map(|sample| sample.view(&self.probe))
            .collect()
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.kept.iter()
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<ProbeView> {
        self.kept.back().map(|sample| sample.view(&self.probe))
    }

    /// The newest that says anything, and when its probe began.
    pub(super) fn newest_evidence(&self) -> Option<(&Sample, Now)> {
        let mut newest_first = self.kept.iter().rev();
        let sample = newest_first.find(|sample| sample.evidence != Evidence::None)?;
        let began = Now {
            mono_ms: sample.began_mono_ms,
            unix_ms: sample.unix_ms,
        };
        Some((sample, began))
    }

    /// True where the newest results that began after `act` are good, and at least `wanted`.
    pub(super) fn are_good_since(&self, act: Now, wanted: usize) -> bool {
        let good = self
            .kept
            .iter()
            .rev()
            .filter(|sample| sample.evidence != Evidence::None)
            .take_while(|sample| {
                sample.evidence == Evidence::Good && sample.began_mono_ms >= act.mono_ms
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
        (sample.evidence == Evidence::Bad).then(|| sample.cause().map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::HealthSettings;

    use super::{super::Engine, *};

    fn view(n: u64, verdict: Verdict, text: &str) -> ProbeView {
        ProbeView {
            probe: "p".into(),
            unix_ms: n,
            took_ms: 3,
            verdict: verdict.as_str().into(),
            evidence: verdict.evidence(),
            text: text.into(),
            cause: (verdict == Verdict::Fail).then(|| "dns".into()),
            steps: vec![ProbeStep {
                step: "connect".into(),
                took_ms: 3,
                seen: vec!["192.0.2.1".into()],
            }],
            measures: vec![Measure {
                name: "free_octets".into(),
                value: i64::try_from(n).unwrap(),
            }],
        }
    }

    #[test]
    fn failures_outlive_successes_and_equal_texts_are_one() {
        let mut results = Results::of("p");
        let mut now = Now::default();
        for n in 0..200 {
            now.mono_ms += 60_000;
            let verdict = if n < 10 { Verdict::Fail } else { Verdict::Pass };
            let view = view(n, verdict, "as ever");
            results.push(&view, &Arc::new(view.steps.clone()), now);
        }
        assert_eq!(results.views(1000).len(), RESULTS_MAX);
        let failures = results.failures();
        assert_eq!(failures.len(), FAILURES_MAX);
        assert_eq!(
            failures[0],
            view(2, Verdict::Fail, "as ever"),
            "nothing is lost of it"
        );
        assert_eq!(results.newest(), Some(view(199, Verdict::Pass, "as ever")));
        let steps = results
            .views(1000)
            .iter()
            .filter(|v| !v.steps.is_empty())
            .count();
        assert_eq!(steps, WITH_STEPS);
        let first = &results.kept[0].said;
        assert!(
            results
                .iter()
                .all(|sample| Arc::ptr_eq(&sample.said, first))
        );
        assert_eq!(
            results.newest_evidence().unwrap().0.measure("free_octets"),
            Some(199)
        );
    }

    #[test]
    fn a_failure_keeps_its_steps_here_and_in_its_case() {
        let mut engine = Engine::new("mx");
        let mut now = Now::default();
        engine.define(&[], &HealthSettings::default(), now);
        for n in 0..6 {
            now.mono_ms += 60_000;
            let failed = ProbeView {
                probe: "store".into(),
                ..view(n, Verdict::Fail, "broken")
            };
            engine.observe(failed, now);
        }
        let cases = engine.open_cases(now);
        let samples: Vec<_> = cases.iter().flat_map(|case| &case.samples).collect();
        assert!(!samples.is_empty());
        let failures = engine.failures("store");
        assert_eq!(failures.len(), 6);
        for sample in samples.into_iter().chain(&failures) {
            assert_eq!(sample.steps, view(0, Verdict::Fail, "").steps);
        }
    }

    #[test]
    fn ten_thousand_rings_fit_into_a_worker() {
        assert!(size_of::<Sample>() <= 56, "{} octets", size_of::<Sample>());
    }
}
