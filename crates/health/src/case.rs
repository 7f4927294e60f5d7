//! Recovery cases: one for each component that fails, from the first bad result to the end of
//! probation. Pure: [`next`] says what becomes of a case and what is to be done.
//!
//! ```text
//! Open ─► Waiting ─time─► Arbitrating ─granted─► Executing ─done or not─► Verifying ─good─► Probation ─time─► Closed
//!            ▲               │denied for now                                │still bad        │relapse
//!            ├───────────────┘                                              ▼                 ▼
//!            └───────────────────────────────────────────────────── next rung ◄───────────────┘   none left ─► Exhausted
//! ```
//!
//! Invariant: the rung of a case never goes down, so no act is done twice in one case, and nothing
//! is proposed without confirmed and fresh bad evidence.

use mailward_api::view::RepairAct;
use mailward_model::Decision;

use crate::{Now, cause};

/// How long a proposal waits after the manager did not answer.
const SILENT_RETRY_MS: u64 = 5_000;
/// After so long without word of how an act went, it is taken for done: fresh probes decide.
const EXECUTING_MS_MAX: u64 = 300_000;
/// A person is told of a case whose acts have been denied for so long, in milliseconds.
const DENIED_MS_MAX: u64 = 600_000;
/// A case begins at the stage that cured the same before, but never above this one.
const REMEMBERED_STAGE_MAX: u8 = 2;

/// One stage of recovery of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// What is done.
    pub act: RepairAct,
    /// Not before so long after the first bad result, in milliseconds.
    pub after_ms: u64,
    /// How long after the act a bad result is not yet held against it, in milliseconds.
    pub settle_ms: u64,
}

/// The stages of a component, the mildest first. Telling a person is not among them: that is done
/// when they end, and beside those that stop mail.
pub type Ladder = Vec<Rung>;

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The next rung waits for its time.
    Waiting {
        /// Monotonic milliseconds.
        until_ms: u64,
    },
    /// The manager is being asked.
    Arbitrating,
    /// The act was allowed and is being carried out.
    Executing {
        /// The ledger entry of the act.
        entry: u64,
        /// Since when, monotonic milliseconds.
        since_ms: u64,
    },
    /// The act was carried out, or nobody knows whether it was, and is being checked.
    Verifying {
        /// The ledger entry of the act.
        entry: u64,
        /// When that was heard.
        acted: Now,
    },
    /// Well again, and watched.
    Probation {
        /// Monotonic milliseconds.
        until_ms: u64,
    },
    /// Nothing is left to do; a person knows.
    Exhausted,
    /// Over.
    Closed,
}

impl Phase {
    /// The word for it in views.
    pub fn word(&self) -> &'static str {
        match self {
            Phase::Waiting { .. } => "waiting",
            Phase::Arbitrating => "arbitrating",
            Phase::Executing { .. } => "executing",
            Phase::Verifying { .. } => "verifying",
            Phase::Probation { .. } => "probation",
            Phase::Exhausted => "exhausted",
            Phase::Closed => "closed",
        }
    }
}

/// What a case remembers for its decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseState {
    /// Where it stands.
    pub phase: Phase,
    /// The next rung to try, as an index into the ladder; the ladder's length where none is left.
    pub rung: usize,
    /// The last rung acted on.
    pub acted: Option<usize>,
    /// What made it well.
    pub solved_by: Option<usize>,
    /// True while an offline act of this case is in force, or may be: where the answer of the manager
    /// was not heard.
    pub offline: bool,
    /// Since when its acts are denied without one being done, monotonic milliseconds.
    pub denied_ms: Option<u64>,
    /// The first bad result.
    pub first_bad: Now,
}

/// What the monitors of the component say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signs {
    /// All of them are good.
    pub all_good: bool,
    /// One of them is confirmed bad, and its newest result is bad and fresh.
    pub bad: bool,
    /// All of them had enough good results that began after the last act.
    pub good_since_act: bool,
    /// One of them had a bad result that began after the act had time to settle.
    pub bad_since_act: bool,
}

/// What a case hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Time passed or results came.
    Tick,
    /// The manager allowed the act and is doing it.
    Granted {
        /// The ledger entry.
        entry: u64,
    },
    /// The manager did not allow the act.
    Denied {
        /// Ask again in so many milliseconds; `None` where this act is denied for good.
        again_in_ms: Option<u64>,
        /// It would have been allowed, and nothing is done in shadow mode.
        shadow: bool,
    },
    /// The act was carried out, or failed, or nobody knows.
    Carried,
    /// The manager did not answer.
    Silent,
}

/// What is to be done about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Ask the manager for the act of this rung.
    Propose(usize),
    /// Tell the manager what the act led to.
    Outcome {
        /// The ledger entry.
        entry: u64,
        /// Whether it helped.
        solved: bool,
    },
    /// Undo the offline stage.
    Online,
    /// Tell a person.
    Alert,
    /// Tell a person that an act was refused, where none was told yet.
    Refused,
    /// No rung is left: the monitors say Unrecoverable.
    GiveUp,
    /// The case is over.
    Close,
}

/// The first rung from `from` on that could cure a failure of this class.
fn usable(ladder: &Ladder, from: usize, class: Option<&str>) -> usize {
    ladder
        .iter()
        .enumerate()
        .skip(from)
        .find(|(_, rung)| cause::may_cure(&rung.act, class))
        .map_or(ladder.len(), |(at, _)| at)
}

impl CaseState {
    /// A case for a trouble that began at `first_bad`. Waits for its first rung; with none that
    /// could help it is exhausted at once, which [`next`] then says. `cured_by` is the stage that
    /// cured the same failure last time: those before it are left out.
    pub fn open(
        ladder: &Ladder,
        class: Option<&str>,
        first_bad: Now,
        cured_by: Option<u8>,
    ) -> Self {
        let stage = cured_by.unwrap_or(0).min(REMEMBERED_STAGE_MAX);
        let from = ladder
            .iter()
            .position(|rung| rung.act.stage() >= stage && cause::may_cure(&rung.act, class));
        let rung = usable(ladder, from.unwrap_or(0), class);
        let after_ms = ladder.get(rung).map_or(0, |rung| rung.after_ms);
        CaseState {
            phase: Phase::Waiting {
                until_ms: first_bad.mono_ms.saturating_add(after_ms),
            },
            rung,
            acted: None,
            solved_by: None,
            offline: false,
            denied_ms: None,
            first_bad,
        }
    }

    /// Goes on to the next usable rung after `from`, no earlier than `earliest_ms`.
    fn climb(
        &mut self,
        ladder: &Ladder,
        class: Option<&str>,
        from: usize,
        earliest_ms: u64,
    ) -> Vec<Do> {
        self.rung = usable(ladder, from, class).max(self.rung);
        match ladder.get(self.rung) {
            Some(rung) => {
                let by_ladder = self.first_bad.mono_ms.saturating_add(rung.after_ms);
                self.phase = Phase::Waiting {
                    until_ms: by_ladder.max(earliest_ms),
                };
                Vec::new()
            }
            None => {
                self.phase = Phase::Exhausted;
                vec![Do::GiveUp, Do::Alert]
            }
        }
    }

    fn enter_probation(&mut self, probation_ms: u64, now: Now) -> Vec<Do> {
        self.phase = Phase::Probation {
            until_ms: now.mono_ms.saturating_add(probation_ms),
        };
        if self.offline {
            vec![Do::Online]
        } else {
            Vec::new()
        }
    }
}

/// What becomes of a case, what is to be done, and why.
pub fn next(
    before: &CaseState,
    ladder: &Ladder,
    class: Option<&str>,
    signs: Signs,
    input: Input,
    probation_ms: u64,
    now: Now,
) -> Decision<(CaseState, Vec<Do>)> {
    let mut case = before.clone();
    let decided =
        |case: CaseState, acts: Vec<Do>, because: String| Decision::plain((case, acts), because);
    match (before.phase, input) {
        (Phase::Waiting { .. } | Phase::Exhausted, _) if signs.all_good => {
            case.solved_by = case.acted;
            let acts = case.enter_probation(probation_ms, now);
            decided(
                case,
                acts,
                "all monitors of the component are good".to_owned(),
            )
        }
        (Phase::Waiting { .. }, _) if ladder.get(before.rung).is_none() => {
            let acts = case.climb(ladder, class, before.rung, now.mono_ms);
            decided(case, acts, exhausted_because(class))
        }
        (Phase::Waiting { until_ms }, _) if signs.bad && now.mono_ms >= until_ms => {
            // The class may have become known since the rung was chosen.
            let rung = usable(ladder, before.rung, class);
            if rung != before.rung {
                let acts = case.climb(ladder, class, before.rung, now.mono_ms);
                return decided(case, acts, exhausted_because(class));
            }
            case.phase = Phase::Arbitrating;
            decided(
                case,
                vec![Do::Propose(rung)],
                "the time of this stage has come".to_owned(),
            )
        }
        (Phase::Arbitrating, Input::Granted { entry }) => {
            case.acted = Some(before.rung);
            case.denied_ms = None;
            case.phase = Phase::Executing {
                entry,
                since_ms: now.mono_ms,
            };
            let mut acts = Vec::new();
            if let Some(rung) = ladder.get(before.rung) {
                case.offline |= rung.act == RepairAct::Offline;
                if rung.act.stage() >= 3 {
                    acts.push(Do::Alert);
                }
            }
            decided(case, acts, "the manager allowed it".to_owned())
        }
        (Phase::Executing { entry, since_ms }, input)
            if input == Input::Carried
                || now.mono_ms.saturating_sub(since_ms) >= EXECUTING_MS_MAX =>
        {
            case.phase = Phase::Verifying { entry, acted: now };
            decided(
                case,
                Vec::new(),
                "it was carried out, or nobody knows: fresh probes tell".to_owned(),
            )
        }
        (
            Phase::Arbitrating,
            Input::Denied {
                again_in_ms: Some(ms),
                ..
            },
        ) => {
            let since = *case.denied_ms.get_or_insert(now.mono_ms);
            let long = now.mono_ms.saturating_sub(since) >= DENIED_MS_MAX;
            case.phase = Phase::Waiting {
                until_ms: now.mono_ms.saturating_add(ms),
            };
            decided(
                case,
                long.then_some(Do::Refused).into_iter().collect(),
                format!("denied for now, asked again in {ms} ms"),
            )
        }
        (
            Phase::Arbitrating,
            Input::Denied {
                again_in_ms: None,
                shadow,
            },
        ) => {
            let mut acts = case.climb(ladder, class, before.rung + 1, now.mono_ms);
            // Where no stage is left a person is told of that.
            if acts.is_empty() && !shadow {
                acts.push(Do::Refused);
            }
            let because = if shadow {
                "shadow mode: nothing is done"
            } else {
                "denied for this case"
            };
            decided(case, acts, because.to_owned())
        }
        (Phase::Arbitrating, Input::Silent) => {
            let since = *case.denied_ms.get_or_insert(now.mono_ms);
            let long = now.mono_ms.saturating_sub(since) >= DENIED_MS_MAX;
            // The answer that was not heard may have been a yes: undoing what was not done harms
            // nothing, and what nobody undoes stays offline for good.
            let asked = ladder.get(before.rung).map(|rung| &rung.act);
            case.offline |= asked == Some(&RepairAct::Offline);
            case.phase = Phase::Waiting {
                until_ms: now.mono_ms.saturating_add(SILENT_RETRY_MS),
            };
            let acts = long.then_some(Do::Refused).into_iter().collect();
            decided(case, acts, "the manager did not answer".to_owned())
        }
        (Phase::Verifying { entry, .. }, _) if signs.good_since_act => {
            case.solved_by = case.acted;
            let mut acts = vec![Do::Outcome {
                entry,
                solved: true,
            }];
            acts.extend(case.enter_probation(probation_ms, now));
            decided(
                case,
                acts,
                "fresh results after the act are good".to_owned(),
            )
        }
        (Phase::Verifying { entry, .. }, _) if signs.bad_since_act => {
            let mut acts = vec![Do::Outcome {
                entry,
                solved: false,
            }];
            acts.extend(case.climb(ladder, class, before.rung + 1, now.mono_ms));
            decided(case, acts, "fresh results after the act are bad".to_owned())
        }
        (Phase::Probation { .. }, _) if signs.bad => {
            // A relapse: the wait of the next rung counts from here, as it counted from the last
            // one before, so that one bad moment does not bring the harder act at once.
            let last = case
                .acted
                .and_then(|at| ladder.get(at))
                .map_or(0, |r| r.after_ms);
            let from = case.acted.map_or(before.rung, |at| at + 1);
            let step = ladder
                .get(usable(ladder, from, class))
                .map_or(0, |rung| rung.after_ms);
            let earliest = now.mono_ms.saturating_add(step.saturating_sub(last));
            case.solved_by = None;
            let acts = case.climb(ladder, class, from, earliest);
            decided(case, acts, "it failed again on probation".to_owned())
        }
        (Phase::Probation { until_ms }, _) if now.mono_ms >= until_ms && signs.all_good => {
            case.phase = Phase::Closed;
            decided(
                case,
                vec![Do::Close],
                "it stayed well during probation".to_owned(),
            )
        }
        _ => decided(case, Vec::new(), String::new()),
    }
}

fn exhausted_because(class: Option<&str>) -> String {
    match class {
        Some(class) => format!("no act could cure a failure of the class {class}"),
        None => "there is no further stage".to_owned(),
    }
}

#[cfg(test)]
mod tests;
