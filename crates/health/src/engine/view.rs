//! What the engine knows, as the views that `mailward health` shows.

use std::collections::BTreeMap;

use mailward_api::view::{
    CaseView, HealthHistory, HealthReport, HealthSetView, ProbeView,
    health::{HealthState, ProbeList, ProbeSummary},
};
use mailward_model::kind::ProbeImpact;

use super::{Engine, Probed, Results, definition::Target, watch::Watch};
use crate::Now;

/// Results shown with each monitor in a report, and when one set is asked for.
const RESULTS_BRIEF: usize = 1;
const RESULTS_LONG: usize = 16;

/// Which of two states is the worse one to be in.
pub(super) fn badness(state: HealthState) -> u8 {
    match state {
        HealthState::Disabled => 0,
        HealthState::Healthy => 1,
        HealthState::Unknown => 2,
        HealthState::Recovering => 3,
        HealthState::Suspect => 4,
        HealthState::Unavailable => 5,
        HealthState::Degraded => 6,
        HealthState::Unhealthy => 7,
        HealthState::Unrecoverable => 8,
    }
}

fn summary(probed: &Probed) -> ProbeSummary {
    let definition = &probed.definition;
    let object = match &definition.target {
        Target::Object(object) => Some(object),
        _ => None,
    };
    ProbeSummary {
        probe: definition.name.clone(),
        target: definition.word().to_owned(),
        lane: crate::probe::lane_word(definition.lane).to_owned(),
        interval_ms: definition.interval_ms,
        timeout_ms: definition.timeout_ms,
        owner: object
            .map(|object| object.owner.clone())
            .unwrap_or_default(),
        // All of Mailward's own stand in the way of mail, or soon will.
        traffic: object.is_none_or(|object| object.impact == ProbeImpact::Traffic),
        last: probed.results.newest().map(|last| ProbeView {
            steps: Vec::new(),
            ..last
        }),
    }
}

pub(crate) fn worst(states: impl Iterator<Item = HealthState>) -> HealthState {
    states
        .max_by_key(|state| badness(*state))
        .unwrap_or(HealthState::Unknown)
}

impl Engine {
    fn sets_with(&self, most: usize) -> Vec<HealthSetView> {
        let mut sets: BTreeMap<&str, Vec<(&Watch, &Results)>> = BTreeMap::new();
        for watched in self.watched(self.watches.keys()) {
            let set = sets.entry(&watched.0.definition.set).or_default();
            set.push(watched);
        }
        sets.into_iter()
            .map(|(set, watches)| {
                let state = worst(watches.iter().map(|(watch, _)| watch.counted()));
                let of_state = watches.iter().filter(|(watch, _)| watch.counted() == state);
                let since = of_state.map(|(watch, _)| watch.state.since.unix_ms).min();
                let open_cases = self
                    .cases
                    .values()
                    .filter(|r| {
                        watches
                            .iter()
                            .any(|(w, _)| r.monitors.contains(&w.definition.name))
                    })
                    .map(|record| record.id.clone())
                    .collect();
                HealthSetView {
                    set: set.to_owned(),
                    state,
                    since_unix_ms: since.unwrap_or_default(),
                    monitors: watches
                        .iter()
                        .map(|(watch, results)| watch.view(results, most))
                        .collect(),
                    open_cases,
                }
            })
            .collect()
    }

    /// Every health set, with the newest result of each monitor.
    pub fn report(&self, now: Now) -> HealthReport {
        let sets = self.sets_with(RESULTS_BRIEF);
        HealthReport {
            // The manager's to tell; whoever shows the report asks it.
            holds: Vec::new(),
            held: Vec::new(),
            node: self.node.clone(),
            state: worst(sets.iter().map(|set| set.state)),
            unix_ms: now.unix_ms,
            repair: self.settings.repair,
            // Transport knows; whoever asks the worker alone does not.
            offline: None,
            sets,
            soon: Vec::new(),
        }
    }

    /// One health set, with the last results of each monitor; `None` where there is none of that
    /// name, compared without regard to case.
    pub fn set(&self, name: &str) -> Option<HealthSetView> {
        let sets = self.sets_with(RESULTS_LONG);
        sets.into_iter()
            .find(|set| set.set.eq_ignore_ascii_case(name))
    }

    /// The names and states of all sets.
    pub fn sets(&self) -> Vec<(String, HealthState)> {
        let mut sets: BTreeMap<&str, HealthState> = BTreeMap::new();
        for watch in self.watches.values() {
            let state = sets
                .entry(&watch.definition.set)
                .or_insert(HealthState::Disabled);
            *state = worst([*state, watch.counted()].into_iter());
        }
        let named = sets.into_iter();
        named.map(|(set, state)| (set.to_owned(), state)).collect()
    }

    /// State changes, newest first.
    pub fn history(&self, limit: usize) -> HealthHistory {
        HealthHistory {
            edges: self.edges.iter().rev().take(limit).cloned().collect(),
        }
    }

    /// An open case, or one that was closed lately.
    pub fn case(&self, id: &str, now: Now) -> Option<CaseView> {
        let open = self.cases.values().find(|record| record.id == id);
        let closed = || self.closed.iter().rev().find(|case| case.id == id).cloned();
        open.map(|record| record.view(now)).or_else(closed)
    }

    /// When time alone may next change something (monotonic milliseconds): a monitor, or an open
    /// case.
    pub fn next_look_ms(&self) -> Option<u64> {
        let cases = (!self.cases.is_empty()).then_some(self.cases_due_ms);
        [self.due.next_ms(), cases].into_iter().flatten().min()
    }

    /// Probes whose name has `filter` in it, `most` of them, each with its newest result.
    pub fn list(&self, filter: &str, most: usize) -> ProbeList {
        let filter = filter.to_ascii_lowercase();
        let mut found = self.probed.values().filter(|probed| {
            probed
                .definition
                .name
                .to_ascii_lowercase()
                .contains(&filter)
        });
        let probes: Vec<ProbeSummary> = found.by_ref().take(most).map(summary).collect();
        ProbeList {
            total: (probes.len() + found.count()) as u64,
            probes,
        }
    }

    /// The last failures of a probe, with what was seen in each step.
    pub fn failures(&self, probe: &str) -> Vec<ProbeView> {
        let probed = self.probed.get(probe);
        probed
            .map(|probed| probed.results.failures())
            .unwrap_or_default()
    }

    /// Every open case.
    pub fn open_cases(&self, now: Now) -> Vec<CaseView> {
        self.cases.values().map(|record| record.view(now)).collect()
    }

    /// The newest results of the probes named, oldest first.
    pub fn results(&self, probes: &[String]) -> Vec<mailward_api::view::ProbeView> {
        let probed = probes.iter().filter_map(|name| self.probed.get(name));
        let mut results: Vec<_> = probed
            .flat_map(|probed| probed.results.views(usize::MAX))
            .collect();
        results.sort_by_key(|result| result.unix_ms);
        results
    }

    /// Probes run, failed and skipped since the worker began.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.probes, self.probes_failed, self.probes_skipped)
    }
}
