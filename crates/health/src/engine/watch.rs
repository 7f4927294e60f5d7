//! One monitor at work: its state, why it is in it, when its probe is to be looked at again.

use mailward_api::view::{
    ProbeView,
    health::{Evidence, HealthState, MonitorView},
};

use super::{definition::MonitorDefinition, results::Results};
use crate::{
    Now,
    monitor::{self, Input, MonitorState},
    probe::NOT_APPLICABLE,
};

/// A monitor, and why it is in its state.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) definition: MonitorDefinition,
    pub(super) state: MonitorState,
    pub(super) because: String,
    /// When a doubtful result is to be checked again, monotonic milliseconds.
    pub(super) recheck_ms: Option<u64>,
    /// Switched off until this moment, Unix milliseconds.
    pub(super) off_until_unix_ms: Option<u64>,
}

/// A change of a monitor's state.
pub(super) struct Change {
    pub(super) from: HealthState,
    pub(super) to: HealthState,
    pub(super) because: String,
}

impl Watch {
    pub(super) fn new(definition: MonitorDefinition, now: Now) -> Self {
        Watch {
            definition,
            state: MonitorState::new(now),
            because: "nothing is known yet".to_owned(),
            recheck_ms: None,
            off_until_unix_ms: None,
        }
    }

    /// Takes a result of its probe in.
    pub(super) fn observe(&mut self, sample: &ProbeView, strain: u32, now: Now) -> Option<Change> {
        let input = Input::Sample {
            evidence: sample.evidence,
            took_ms: sample.took_ms,
        };
        if self.off_until_unix_ms.is_some() {
            return None;
        }
        if sample.cause.as_deref() == Some(NOT_APPLICABLE) {
            // Not blind: there is nothing to be seen from this host.
            let from = self.state.phase;
            self.because.clone_from(&sample.text);
            if from == HealthState::Disabled {
                return None;
            }
            self.state = MonitorState::new(now);
            self.state.phase = HealthState::Disabled;
            return Some(Change {
                from,
                to: HealthState::Disabled,
                because: sample.text.clone(),
            });
        }
        if self.state.phase == HealthState::Disabled {
            self.state = MonitorState::new(now);
        }
        let change = self.step(input, strain, now);
        self.recheck_ms = self
            .state
            .wants_recheck()
            .then(|| now.mono_ms + self.definition.rule.recheck_ms());
        change.map(|change| Change {
            because: format!("{}: {}", change.because, sample.text),
            ..change
        })
    }

    /// Lets time pass, or says that no stage of recovery is left.
    pub(super) fn step(&mut self, input: Input, strain: u32, now: Now) -> Option<Change> {
        let rule = self.definition.rule.strained(strain);
        let after = monitor::next(&self.state, &rule, input, now);
        let from = self.state.phase;
        self.state = after.chosen;
        (from != self.state.phase).then(|| {
            self.because.clone_from(&after.because);
            Change {
                from,
                to: self.state.phase,
                because: after.because,
            }
        })
    }

    /// Switches the monitor off for a time, or on again.
    pub(super) fn switch(&mut self, off_until_unix_ms: Option<u64>, reason: &str, now: Now) {
        self.off_until_unix_ms = off_until_unix_ms;
        self.recheck_ms = None;
        self.state = MonitorState::new(now);
        self.because = reason.to_owned();
        if off_until_unix_ms.is_some() {
            self.state.phase = HealthState::Disabled;
        }
    }

    /// True while nothing it says counts.
    pub(super) fn is_off(&self) -> bool {
        self.state.phase == HealthState::Disabled
    }

    /// True while a person has switched it off.
    pub(super) fn is_overridden(&self) -> bool {
        self.off_until_unix_ms.is_some()
    }

    /// True where the monitor is confirmed bad and its newest result is bad and not older than two
    /// intervals.
    pub(super) fn is_freshly_bad(&self, results: &Results, now: Now) -> bool {
        let rule = &self.definition.rule;
        self.state.is_confirmed_bad()
            && results.newest_evidence().is_some_and(|(sample, began)| {
                let age = now.since(began).saturating_sub(sample.took_ms);
                sample.evidence == Evidence::Bad && age <= 2 * rule.interval_ms + rule.timeout_ms
            })
    }

    /// True where as many results as its rule asks, that began after `act`, are good.
    pub(super) fn is_good_since(&self, results: &Results, act: Now) -> bool {
        results.are_good_since(act, self.definition.rule.good_to_recover as usize)
    }

    pub(super) fn view(&self, results: &Results, most: usize) -> MonitorView {
        MonitorView {
            monitor: self.definition.name.clone(),
            component: self.definition.component.clone(),
            state: self.state.phase,
            since_unix_ms: self.state.since.unix_ms,
            rule: self.definition.rule.sentence(),
            because: self.because.clone(),
            results: results.views(most),
        }
    }
}
