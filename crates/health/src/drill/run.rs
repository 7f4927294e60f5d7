//! One run of a drill: from the fault to the judgement. Pure: what is seen and the time are inputs.
//!
//! ```text
//! Begun ─inject─► InForce ─noticed─► Noticed ─kept long enough, or repaired─► Mending ─well─► Settling ─► over
//!    │ refused       │ deadline             │ deadline                            │ too late
//!    └───────────────┴──────────────────────┴─────────────────────────────────────┴──► judged as it is
//! ```
//!
//! Invariant: whatever is seen, a run is over at most [`MENDING_MS_MAX`] after its fault's deadline.

use mailward_api::{
    control::Role,
    view::{
        CaseStep, DrillExpectation, DrillRun, DrillState, DrillStep, RepairAct,
        health::HealthState, repair::LedgerEntry,
    },
};

use super::plan::{Expectation, Plan};
use crate::Now;

/// After the fault is over, it is waited this long for all to be well, in milliseconds.
pub const MENDING_MS_MAX: u64 = 120_000;
/// What is left to be written about a repair (its outcome, an exit) is waited for this long.
const SETTLING_MS: u64 = 1_500;
/// Steps kept.
const STEPS_MAX: usize = 60;

/// What the runner is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Put the fault in force.
    Inject,
    /// Run this probe now.
    Probe(String),
    /// End the fault.
    End,
    /// It is over: keep it and tell it.
    Finish,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begun,
    InForce,
    Noticed,
    Mending { since: Now },
    Settling { since: Now },
    Over,
}

/// What can be seen in one moment.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Every monitor with its component and its state.
    pub monitors: Vec<(String, String, HealthState)>,
    /// True where the newest result of the drill's probe that began after the fault says slow.
    pub slow: bool,
    /// The case of the drill's component, where one was opened since: its id, class and steps.
    pub case: Option<(String, Option<String>, Vec<CaseStep>)>,
    /// The ledger's entries since the drill was started, in any order.
    pub ledger: Vec<LedgerEntry>,
}

impl Sight {
    fn state(&self, monitor: &str) -> Option<HealthState> {
        let found = self.monitors.iter().find(|(name, ..)| name == monitor);
        found.map(|(.., state)| *state)
    }
}

fn is_confirmed(state: HealthState) -> bool {
    matches!(
        state,
        HealthState::Degraded | HealthState::Unhealthy | HealthState::Unrecoverable
    )
}

/// One run.
#[derive(Debug, Clone)]
pub struct Run {
    plan: Plan,
    phase: Phase,
    view: DrillRun,
    in_force: Now,
    noticed: Now,
    fault_over: bool,
    acts: Vec<RepairAct>,
    exits: Vec<(Role, u64)>,
    restarted: Option<u64>,
    class: Option<String>,
    told: bool,
    others: Vec<String>,
}

impl Run {
    /// A run that begins now.
    pub fn new(plan: Plan, by: &str, now: Now) -> Run {
        let view = DrillRun {
            id: format!("drill-{:x}", now.unix_ms),
            drill: plan.drill.name().to_owned(),
            fault: plan.drill.fault().to_owned(),
            by: by.to_owned(),
            state: DrillState::Running,
            state_before: None,
            started_unix_ms: now.unix_ms,
            injected_unix_ms: None,
            deadline_unix_ms: None,
            detected_after_ms: None,
            repaired_after_ms: None,
            ended_unix_ms: None,
            case: None,
            acts: Vec::new(),
            expectations: Vec::new(),
            steps: Vec::new(),
        };
        let mut run = Run {
            plan,
            phase: Phase::Begun,
            view,
            in_force: now,
            noticed: now,
            fault_over: false,
            acts: Vec::new(),
            exits: Vec::new(),
            restarted: None,
            class: None,
            told: false,
            others: Vec::new(),
        };
        run.judge(false);
        run
    }

    /// How it stands.
    pub fn view(&self) -> &DrillRun {
        &self.view
    }

    /// What it consists of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// True when nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    fn step(&mut self, now: Now, text: impl Into<String>) {
        if self.view.steps.len() < STEPS_MAX {
            self.view.steps.push(DrillStep {
                unix_ms: now.unix_ms,
                text: text.into(),
            });
        }
    }

    /// The first thing to do.
    pub fn begin(&mut self, now: Now) -> Vec<Do> {
        self.step(now, format!("started by {}", self.view.by));
        vec![Do::Inject]
    }

    /// The fault is in force, or could not be put in force.
    pub fn injected(&mut self, how: Result<(), String>, now: Now) -> Vec<Do> {
        if self.phase != Phase::Begun {
            return Vec::new();
        }
        match how {
            Ok(()) => {
                self.phase = Phase::InForce;
                self.in_force = now;
                self.view.injected_unix_ms = Some(now.unix_ms);
                self.view.deadline_unix_ms = Some(now.unix_ms + self.plan.for_ms);
                let text = format!(
                    "the fault is in force, for at most {} s",
                    self.plan.for_ms / 1000
                );
                self.step(now, text);
                let mut probes: Vec<String> = self.plan.stir.iter().cloned().collect();
                if let Some(probe) = self.plan.probe_now.clone() {
                    let text = format!("{probe} is run at once, its slot is not waited for");
                    self.step(now, text);
                    probes.push(probe);
                }
                probes.into_iter().map(Do::Probe).collect()
            }
            Err(error) => {
                self.step(now, format!("the fault could not be put in force: {error}"));
                self.break_off(now)
            }
        }
    }

    /// Someone ends it.
    pub fn end(&mut self, by: &str, now: Now) -> Vec<Do> {
        if self.is_over() {
            return Vec::new();
        }
        self.step(now, format!("ended by {by}"));
        let mut acts = vec![Do::End];
        acts.extend(self.break_off(now));
        acts
    }

    fn break_off(&mut self, now: Now) -> Vec<Do> {
        self.phase = Phase::Over;
        self.view.state = DrillState::BrokenOff;
        self.view.ended_unix_ms = Some(now.unix_ms);
        vec![Do::Finish]
    }

    /// Looks at what is to be seen now.
    pub fn look(&mut self, sight: &Sight, now: Now) -> Vec<Do> {
        if matches!(self.phase, Phase::Begun | Phase::Over) {
            return Vec::new();
        }
        self.take(sight, now);
        let past_deadline = now.since(self.in_force) >= self.plan.for_ms;
        let acts = match self.phase {
            Phase::InForce => self.in_force(sight, past_deadline, now),
            Phase::Noticed => self.noticed(sight, past_deadline, now),
            Phase::Mending { since } => self.mending(since, sight, now),
            Phase::Settling { since } if now.since(since) >= SETTLING_MS => self.finish(now),
            _ => Vec::new(),
        };
        if !self.is_over() {
            self.judge(false);
        }
        acts
    }

    /// Takes in what happened.
    fn take(&mut self, sight: &Sight, now: Now) {
        for entry in &sight.ledger {
            match (entry.record.as_str(), &entry.act) {
                ("intent", Some(act)) if !self.acts.contains(act) => {
                    self.acts.push(act.clone());
                    self.view.acts.push(act.to_string());
                    self.step(now, format!("granted: {act}"));
                }
                ("exit", _) => {
                    if let Ok(role) = entry.component.parse::<Role>()
                        && !self.exits.contains(&(role, entry.unix_ms))
                    {
                        self.exits.push((role, entry.unix_ms));
                        self.view.acts.push(format!("{role} ended: {}", entry.text));
                        self.step(now, format!("the role {role} ended: {}", entry.text));
                        self.view.case = self.view.case.take().or_else(|| entry.case.clone());
                    }
                }
                ("ready", _)
                    if self.restarted.is_none()
                        && self.exits.iter().any(|(_, at)| *at <= entry.unix_ms) =>
                {
                    self.restarted = Some(entry.unix_ms);
                    self.step(now, format!("{}: {}", entry.component, entry.text));
                }
                _ => {}
            }
        }
        if let Some((id, class, steps)) = &sight.case {
            if self.view.case.is_none() {
                self.step(now, format!("the case {id} was opened"));
                self.view.case = Some(id.clone());
            }
            self.class = class.clone().or(self.class.take());
            if !self.told && steps.iter().any(|step| step.step == "alerted") {
                self.told = true;
                self.step(now, "a person was told");
            }
        }
        for (monitor, component, state) in &sight.monitors {
            let expected = self.plan.touches(component) || self.others.contains(monitor);
            if !expected && is_confirmed(*state) {
                self.others.push(monitor.clone());
                self.step(now, format!("{monitor} is {} too", state.word()));
            }
        }
    }

    fn is_noticed(&self, sight: &Sight) -> bool {
        let confirmed = sight.state(&self.plan.monitor).is_some_and(is_confirmed);
        confirmed
            || self
                .plan
                .expects
                .iter()
                .any(|expectation| match expectation {
                    Expectation::StartedAgain(role) => {
                        self.exits.iter().any(|(ended, _)| ended == role)
                    }
                    Expectation::NoticedSlow => sight.slow,
                    _ => false,
                })
    }

    fn in_force(&mut self, sight: &Sight, past_deadline: bool, now: Now) -> Vec<Do> {
        if self.is_noticed(sight) {
            self.phase = Phase::Noticed;
            self.noticed = now;
            // The manager's own record of an end is more exact than when it was read.
            let at = self.exits.iter().map(|(_, at)| *at).min();
            let injected = self.view.injected_unix_ms.unwrap_or(now.unix_ms);
            let after = match at {
                Some(at) => at.saturating_sub(injected),
                None => now.since(self.in_force),
            };
            self.view.detected_after_ms = Some(after);
            self.step(now, format!("noticed after {after} ms"));
            return self.noticed(sight, past_deadline, now);
        }
        if past_deadline {
            self.step(now, "it was not noticed within the fault's time");
            return self.mend(now);
        }
        Vec::new()
    }

    fn noticed(&mut self, sight: &Sight, past_deadline: bool, now: Now) -> Vec<Do> {
        match self.plan.keep_ms {
            // Ended by a repair.
            None => {
                if self.is_well(sight) {
                    return self.well(now);
                }
                if past_deadline {
                    self.step(now, "it was not repaired within the fault's time");
                    return self.mend(now);
                }
            }
            Some(keep_ms) => {
                let wants_told = self.plan.expects.contains(&Expectation::Told) && !self.told;
                if (now.since(self.noticed) >= keep_ms && !wants_told) || past_deadline {
                    return self.mend(now);
                }
            }
        }
        Vec::new()
    }

    fn mend(&mut self, now: Now) -> Vec<Do> {
        self.fault_over = true;
        self.phase = Phase::Mending { since: now };
        self.step(now, "the fault is ended");
        let stir = self.plan.stir.iter().cloned().map(Do::Probe);
        std::iter::once(Do::End).chain(stir).collect()
    }

    /// True where the drill's part works again.
    fn is_well(&self, sight: &Sight) -> bool {
        let good = |state: HealthState| {
            matches!(
                state,
                HealthState::Healthy | HealthState::Recovering | HealthState::Disabled
            )
        };
        for expectation in &self.plan.expects {
            match expectation {
                Expectation::StartedAgain(_) => return self.restarted.is_some(),
                // Nobody repairs it, and what was watched for the drill alone is gone.
                Expectation::Told if self.fault_over => return true,
                Expectation::NoticedSlow => {
                    return !sight.slow && sight.state(&self.plan.monitor).is_some_and(good);
                }
                _ => {}
            }
        }
        sight.state(&self.plan.monitor).is_none_or(good)
    }

    fn mending(&mut self, since: Now, sight: &Sight, now: Now) -> Vec<Do> {
        if self.is_well(sight) {
            return self.well(now);
        }
        if now.since(since) >= MENDING_MS_MAX {
            self.step(now, "it did not become well again");
            return self.finish(now);
        }
        Vec::new()
    }

    fn well(&mut self, now: Now) -> Vec<Do> {
        let after = match (self.phase, self.restarted) {
            (Phase::Mending { since }, _) => now.since(since),
            (_, Some(at)) => at.saturating_sub(self.view.injected_unix_ms.unwrap_or(now.unix_ms)),
            _ => now.since(self.in_force),
        };
        if self.plan.expects.contains(&Expectation::Well) && self.view.detected_after_ms.is_some() {
            self.view.repaired_after_ms = Some(after);
            let since = if self.fault_over { " its end" } else { "" };
            self.step(now, format!("well again {after} ms after{since}"));
        }
        let fault_over = std::mem::replace(&mut self.fault_over, true);
        self.phase = Phase::Settling { since: now };
        // A repair has ended the fault; ending it again does no harm and leaves nothing to chance.
        if fault_over {
            Vec::new()
        } else {
            vec![Do::End]
        }
    }

    fn finish(&mut self, now: Now) -> Vec<Do> {
        self.phase = Phase::Over;
        self.view.ended_unix_ms = Some(now.unix_ms);
        self.judge(true);
        let met = self
            .view
            .expectations
            .iter()
            .all(|one| one.held == Some(true));
        self.view.state = if met {
            DrillState::Met
        } else {
            DrillState::Failed
        };
        self.step(now, self.view.state.word());
        vec![Do::Finish]
    }

    /// Judges each expectation; what can still change is open until it is over.
    fn judge(&mut self, over: bool) {
        let judged = self.plan.expects.iter().map(|expectation| {
            let (holds, found) = self.holds(expectation);
            let held = match expectation {
                // What must happen holds as soon as it has; what must not, at the end.
                Expectation::Noticed
                | Expectation::NoticedSlow
                | Expectation::Told
                | Expectation::Cause(_) => (holds || over).then_some(holds),
                Expectation::Well | Expectation::Act(_) | Expectation::StartedAgain(_) => {
                    over.then_some(holds)
                }
                Expectation::NothingDone | Expectation::OthersUntouched => {
                    (!holds || over).then_some(holds)
                }
            };
            DrillExpectation {
                text: expectation.text(),
                held,
                found,
            }
        });
        self.view.expectations = judged.collect();
    }

    /// The acts that end something: those of the first stage end nothing.
    fn ending(&self) -> impl Iterator<Item = &RepairAct> {
        self.acts.iter().filter(|act| act.stage() > 0)
    }

    fn holds(&self, expectation: &Expectation) -> (bool, String) {
        let after = |ms: Option<u64>| ms.map(|ms| format!("after {ms} ms")).unwrap_or_default();
        let done = || self.view.acts.join("; ");
        match expectation {
            Expectation::Noticed | Expectation::NoticedSlow => (
                self.view.detected_after_ms.is_some(),
                after(self.view.detected_after_ms),
            ),
            Expectation::Cause(cause) => (
                self.class.as_deref() == Some(cause.as_str()),
                self.class.clone().unwrap_or_default(),
            ),
            Expectation::Act(act) => {
                let only = self.ending().eq([act]);
                (only && self.exits.is_empty(), done())
            }
            Expectation::StartedAgain(role) => {
                let once =
                    self.exits.len() == 1 && self.exits.iter().all(|(ended, _)| ended == role);
                let holds = once && self.ending().next().is_none() && self.restarted.is_some();
                (holds, done())
            }
            Expectation::NothingDone => {
                let nothing = self.ending().next().is_none() && self.exits.is_empty();
                (nothing, done())
            }
            Expectation::Told => (self.told, String::new()),
            Expectation::Well => (
                self.view.repaired_after_ms.is_some(),
                after(self.view.repaired_after_ms),
            ),
            Expectation::OthersUntouched => (self.others.is_empty(), self.others.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
