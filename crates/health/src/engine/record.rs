//! A recovery case with its story: what [`crate::case`] decides on, and what `explain` tells.

use std::collections::BTreeSet;

use mailward_api::view::{CaseStep, CaseView, ProbeView, RepairAct, health::Evidence};
use serde::{Deserialize, Serialize};

use crate::{
    Now,
    case::{CaseState, Ladder, Phase},
};

/// Samples and steps kept of one case: the first and the last ones tell the story.
const SAMPLES_MAX: usize = 48;
const STEPS_MAX: usize = 200;

/// A case and everything that was seen and done in it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) component: String,
    pub(super) state: CaseState,
    pub(super) ladder: Ladder,
    pub(super) monitors: BTreeSet<String>,
    pub(super) class: Option<String>,
    /// The class when the case was opened: what it is remembered by.
    pub(super) class_at_open: Option<String>,
    pub(super) rule: String,
    pub(super) samples: Vec<ProbeView>,
    pub(super) steps: Vec<CaseStep>,
    pub(super) detected_after_ms: Option<u64>,
    pub(super) repaired_after_ms: Option<u64>,
    pub(super) closed_unix_ms: Option<u64>,
    /// When a person was last told, monotonic milliseconds.
    pub(super) alerted_ms: Option<u64>,
    /// When the next check after an act is due, monotonic milliseconds.
    pub(super) check_ms: u64,
    /// When the manager is asked next how an act goes, monotonic milliseconds.
    pub(super) carried_ms: u64,
    /// Cases of other components with the same class of causes.
    pub(super) related: Vec<String>,
    /// When undoing the offline stage is to be asked for again, monotonic milliseconds.
    pub(super) online_ms: Option<u64>,
}

/// What outlives the worker of an open case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedCase {
    view: CaseView,
    monitors: BTreeSet<String>,
    rung: usize,
    acted: Option<usize>,
    offline: bool,
    /// The entry of an act whose check was under way.
    #[serde(default)]
    under_way: Option<u64>,
    /// A person was told.
    #[serde(default)]
    alerted: bool,
}

impl SavedCase {
    /// The component it is about.
    pub(super) fn component(&self) -> &str {
        &self.view.component
    }
}

impl Record {
    /// True while an offline act of this case is in force.
    pub(super) fn offline_now(&self) -> bool {
        self.state.offline
    }

    pub(super) fn step(
        &mut self,
        now: Now,
        step: &str,
        text: String,
        reasons: Vec<String>,
        act: Option<RepairAct>,
    ) {
        if self.steps.len() >= STEPS_MAX {
            // The beginning and the end of a story matter most.
            self.steps.remove(STEPS_MAX / 2);
        }
        self.steps.push(CaseStep {
            unix_ms: now.unix_ms,
            step: step.to_owned(),
            text,
            reasons,
            act,
        });
    }

    pub(super) fn sample(&mut self, sample: ProbeView) {
        if self.samples.len() >= SAMPLES_MAX {
            self.samples.remove(SAMPLES_MAX / 2);
        }
        self.samples.push(sample);
    }

    pub(super) fn act(&self, rung: usize) -> Option<&RepairAct> {
        self.ladder.get(rung).map(|rung| &rung.act)
    }

    /// What will happen next, and when, as a sentence.
    fn next(&self, now: Now) -> Option<String> {
        let in_s = |until_ms: u64| until_ms.saturating_sub(now.mono_ms).div_ceil(1000);
        match self.state.phase {
            Phase::Waiting { until_ms } => {
                let act = self.act(self.state.rung)?;
                Some(format!("in {} s, if it is still bad: {act}", in_s(until_ms)))
            }
            Phase::Arbitrating => {
                let act = self.act(self.state.rung)?;
                Some(format!("the manager is being asked: {act}"))
            }
            Phase::Executing { .. } => {
                let act = self.act(self.state.rung)?;
                Some(format!("being carried out: {act}"))
            }
            Phase::Verifying { .. } => Some("fresh probes tell whether the act helped".to_owned()),
            Phase::Probation { until_ms } => {
                Some(format!("in {} s, if it stays well: the case is closed", in_s(until_ms)))
            }
            Phase::Exhausted => Some("nothing is left to be done without a person; the case closes when probes stay good".to_owned()),
            Phase::Closed => None,
        }
    }

    pub(super) fn view(&self, now: Now) -> CaseView {
        CaseView {
            id: self.id.clone(),
            component: self.component.clone(),
            state: self.state.phase.word().to_owned(),
            first_bad_unix_ms: self.state.first_bad.unix_ms,
            closed_unix_ms: self.closed_unix_ms,
            solved_by: self
                .state
                .solved_by
                .and_then(|rung| self.act(rung))
                .cloned(),
            cause: self.class.clone(),
            rule: self.rule.clone(),
            samples: self.samples.clone(),
            steps: self.steps.clone(),
            detected_after_ms: self.detected_after_ms,
            repaired_after_ms: self.repaired_after_ms,
            next: self.next(now),
            related: self.related.clone(),
        }
    }

    pub(super) fn save(&self, now: Now) -> SavedCase {
        SavedCase {
            view: self.view(now),
            monitors: self.monitors.clone(),
            rung: self.state.rung,
            acted: self.state.acted,
            // An answer that an earlier worker did not live to hear may have been a yes: undoing what
            // was not done harms nothing, and what nobody undoes stays offline for good.
            offline: self.state.offline
                || (self.state.phase == Phase::Arbitrating
                    && self.act(self.state.rung) == Some(&RepairAct::Offline)),
            alerted: self.alerted_ms.is_some(),
            under_way: match self.state.phase {
                Phase::Executing { entry, .. } | Phase::Verifying { entry, .. } => Some(entry),
                _ => None,
            },
        }
    }

    /// A case that an earlier worker left open. It keeps its rung and its time; an act that was under
    /// way is taken for done, and fresh results decide.
    pub(super) fn resume(saved: SavedCase, ladder: Ladder, now: Now) -> Record {
        let view = saved.view;
        let age = now.unix_ms.saturating_sub(view.first_bad_unix_ms);
        let rung = match saved.under_way {
            Some(_) => saved.rung,
            None => saved.acted.map_or(saved.rung, |at| saved.rung.max(at + 1)),
        };
        let left = |after_ms: u64| after_ms.saturating_sub(age);
        let until_ms = now.mono_ms + ladder.get(rung).map_or(0, |rung| left(rung.after_ms));
        let mut record = Record {
            id: view.id,
            component: view.component,
            state: CaseState {
                // Whatever became of an act under way: it is taken for done, and checked.
                phase: match saved.under_way {
                    Some(entry) => Phase::Verifying { entry, acted: now },
                    None => Phase::Waiting { until_ms },
                },
                rung,
                acted: saved.acted,
                solved_by: None,
                offline: saved.offline,
                denied_ms: None,
                first_bad: Now {
                    // A trouble older than this process began, for its clock, at its start.
                    mono_ms: now.mono_ms.saturating_sub(age),
                    unix_ms: view.first_bad_unix_ms,
                },
            },
            ladder,
            monitors: saved.monitors,
            class_at_open: view.cause.clone(),
            class: view.cause,
            rule: view.rule,
            samples: view.samples,
            steps: view.steps,
            detected_after_ms: view.detected_after_ms,
            repaired_after_ms: view.repaired_after_ms,
            closed_unix_ms: None,
            alerted_ms: saved.alerted.then_some(now.mono_ms),
            check_ms: 0,
            carried_ms: 0,
            related: view.related,
            online_ms: None,
        };
        record.step(
            now,
            "state",
            "the worker was started anew and took the case up again".to_owned(),
            Vec::new(),
            None,
        );
        record
    }

    /// The last samples of the case's monitors for a proposal, the newest bad one last.
    pub(super) fn evidence(samples: impl Iterator<Item = ProbeView>) -> Vec<ProbeView> {
        let mut samples: Vec<ProbeView> =
            samples.filter(|s| s.evidence != Evidence::None).collect();
        samples.sort_by_key(|sample| {
            (
                sample.evidence == Evidence::Bad,
                sample.unix_ms + sample.took_ms,
            )
        });
        let surplus = samples.len().saturating_sub(8);
        samples.drain(..surplus);
        samples
    }
}
