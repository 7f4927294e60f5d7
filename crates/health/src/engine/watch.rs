//! One monitor at work: its state, why it is in it, when its probe is to be looked at again.

use mailward_api::view::{
    ProbeView,
    health::{Evidence, HealthState, MonitorExplained, MonitorView},
};
use mailward_events::Event;

use super::{definition::MonitorDefinition, results::Results};
use crate::{
    Now,
    monitor::{self, Input, MonitorState, Policy, Sample},
    overrides::Overlay,
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
    /// The flag beside its state: a person's word.
    pub(super) overlay: Option<Overlay>,
    /// Why nobody is told of it, where a person said so.
    pub(super) alert_off: Option<String>,
    /// What its policy said of the last evaluation.
    pub(super) latest: String,
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
            overlay: None,
            alert_off: None,
            latest: String::new(),
        }
    }

    /// Takes a result of its probe in.
    pub(super) fn observe(&mut self, sample: &ProbeView, strain: u32, now: Now) -> Option<Change> {
        let input = Input::Sample(Sample::of(sample, &self.definition.rule.policy));
        if self.is_overridden() {
            return None;
        }
        if sample.cause.as_deref() == Some(NOT_APPLICABLE) {
            // Not blind: there is nothing to be seen from this host.
            let from = self.state.phase;
            self.because.clone_from(&sample.text);
            if from == HealthState::Disabled {
                return None;
            }
            self.restart(now);
            self.state.phase = HealthState::Disabled;
            return Some(Change {
                from,
                to: HealthState::Disabled,
                because: sample.text.clone(),
            });
        }
        if self.state.phase == HealthState::Disabled {
            self.restart(now);
        }
        let change = self.step(input, strain, now);
        self.recheck_ms = self
            .state
            .wants_recheck(&self.definition.rule)
            .then(|| now.mono_ms + self.definition.rule.recheck_ms());
        change.map(|change| Change {
            because: format!("{}: {}", change.because, sample.text),
            ..change
        })
    }

    /// A notice that stood when an earlier worker ended stands still: nobody says it again. Where
    /// results come by the clock, the next one tells.
    pub(super) fn take_up(&mut self, last: &ProbeView, now: Now) {
        let policy = &self.definition.rule.policy;
        if matches!(policy, Policy::Latch { .. }) && last.evidence == Evidence::Bad {
            let input = Input::Sample(Sample::of(last, policy));
            let then = now.before(now.unix_ms.saturating_sub(last.unix_ms));
            self.step(input, 0, then);
        }
    }

    /// Lets time pass, or says that no stage of recovery is left.
    pub(super) fn step(&mut self, input: Input, strain: u32, now: Now) -> Option<Change> {
        let strained = (strain > 0).then(|| self.definition.rule.clone().strained(strain));
        let rule = strained.as_ref().unwrap_or(&self.definition.rule);
        let from = self.state.phase;
        let before = std::mem::replace(&mut self.state, MonitorState::new(now));
        let after = monitor::next(before, rule, input, now);
        self.state = after.chosen;
        if matches!(input, Input::Sample(_)) {
            self.latest.clone_from(&after.because);
        }
        (from != self.state.phase).then(|| {
            self.because.clone_from(&after.because);
            Change {
                from,
                to: self.state.phase,
                because: after.because,
            }
        })
    }

    /// Begins anew, with nothing known but the trend of the last week.
    fn restart(&mut self, now: Now) {
        let hours = std::mem::take(&mut self.state.hours);
        self.state = MonitorState::new(now);
        self.state.hours = hours;
    }

    /// Switches the monitor off, or on again.
    pub(super) fn switch(&mut self, off: bool, reason: &str, now: Now) {
        self.recheck_ms = None;
        self.restart(now);
        reason.clone_into(&mut self.because);
        if off {
            self.state.phase = HealthState::Disabled;
        }
    }

    /// The event for a monitor that began or ceased to flap.
    pub(super) fn flaps(&self, before: bool) -> Option<Event> {
        let monitor = self.definition.name.clone();
        let percent = u64::from(self.state.changes_percent());
        match (before, self.state.flapping) {
            (false, true) => Some(Event::MonitorFlapping { monitor, percent }),
            (true, false) => Some(Event::MonitorSteady { monitor, percent }),
            _ => None,
        }
    }

    /// True while nothing it says counts.
    pub(super) fn is_off(&self) -> bool {
        self.state.phase == HealthState::Disabled || self.overlay.is_some()
    }

    /// True while a person has switched it off.
    pub(super) fn is_overridden(&self) -> bool {
        self.overlay
            .as_ref()
            .is_some_and(|overlay| overlay.word == "disabled")
    }

    /// The state as it counts for its health set.
    pub(super) fn counted(&self) -> HealthState {
        match self.overlay {
            Some(_) => HealthState::Disabled,
            None => self.state.phase,
        }
    }

    /// The flags beside its state, each in one sentence.
    fn overlays(&self) -> Vec<String> {
        let of_person = self
            .overlay
            .as_ref()
            .map(|overlay| format!("{}: {}", overlay.word, overlay.origin));
        let flapping = self.state.flapping.then(|| {
            format!(
                "flapping: {} % of weighted changes in the last 20 results",
                self.state.changes_percent()
            )
        });
        of_person.into_iter().chain(flapping).collect()
    }

    /// What `health explain` tells of it; `next` is what its case waits for.
    pub(super) fn explain(&self, results: &Results, next: Option<String>) -> MonitorExplained {
        let next = match &self.overlay {
            Some(overlay) => format!("nothing is repaired and nobody is told: {}", overlay.origin),
            None => next.unwrap_or_else(|| match self.state.phase {
                HealthState::Recovering => "it is healthy when probation ends".to_owned(),
                HealthState::Disabled => "nothing, until it is watched again".to_owned(),
                _ => format!(
                    "the next result is judged: {}",
                    self.definition.rule.sentence()
                ),
            }),
        };
        MonitorExplained {
            monitor: self.view(results, 0),
            latest: self.latest.clone(),
            next,
        }
    }

    /// True where the monitor is confirmed bad and its newest result is bad and not older than two
    /// intervals.
    pub(super) fn is_freshly_bad(&self, results: &Results, now: Now) -> bool {
        let rule = &self.definition.rule;
        if rule.policy.measure().is_some() || !rule.policy.rechecks() {
            // The policy's word counts, not that of a single result.
            return self.state.is_confirmed_bad()
                && self.state.evidence_age_ms(now) <= rule.blind_after_ms();
        }
        self.state.is_confirmed_bad()
            && results.newest_evidence().is_some_and(|(sample, began)| {
                let age = now.since(began).saturating_sub(sample.took_ms);
                sample.evidence == Evidence::Bad && age <= 2 * rule.interval_ms + rule.timeout_ms
            })
    }

    /// True where as many results as its rule asks, that began after `act`, are good.
    pub(super) fn is_good_since(&self, results: &Results, act: Now) -> bool {
        if !self.definition.rule.policy.rechecks() {
            return self.state.is_good();
        }
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
            overlays: self.overlays(),
        }
    }
}
