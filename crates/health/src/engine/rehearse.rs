//! A rehearsal: the engine, the cases and the guard as they are now, copied, with a health set that
//! fails and time that is only counted. What is printed is what the same code would do.
//!
//! Never here: an act, a record, a probe. The copy is thrown away.

use std::collections::{BTreeMap, BTreeSet};

use mailward_api::view::{
    GroupMember, ProbeView, RepairAct, RepairProposal,
    health::Evidence,
    rehearsal::{GuardFacts, Rehearsal, RehearsalStep},
    repair::Carried,
};
use mailward_events::Event;

use super::{Answer, Engine, Order, definition::Target};
use crate::{
    Now, group,
    guard::{self, Facts, Past, Ruling},
    overrides::Names,
};

/// The longest day that is played, in milliseconds: the ladder of any settings ends before.
const PLAYED_MS_MAX: u64 = 86_400_000;
/// A step of simulated time, in milliseconds.
const STEP_MS: u64 = 1_000;
/// Steps told; a case that asks again and again tells no more by it.
const TOLD_MAX: usize = 200;
/// Orders carried out within one moment: an act leads to probes, and these to orders again.
const ORDERS_MAX: usize = 10_000;

/// The copy, and what has been told.
struct Stage<'a> {
    engine: Engine,
    facts: &'a GuardFacts,
    members: &'a [GroupMember],
    cause: Option<&'a str>,
    /// The probes that fail.
    failing: BTreeSet<String>,
    components: BTreeSet<String>,
    began: Now,
    now: Now,
    past: Vec<(Past, u64)>,
    steps: Vec<RehearsalStep>,
    entry: u64,
}

impl Engine {
    /// What would be done if every probe of this health set failed from now on, and no act helped.
    /// `None` where there is no set of that name. `members` are the others of the group, as they are
    /// known now; they are taken to stay as they are.
    pub fn rehearse(
        &self,
        set: &str,
        cause: Option<&str>,
        facts: &GuardFacts,
        members: &[GroupMember],
        now: Now,
    ) -> Option<Rehearsal> {
        let (mut failing, mut components, mut named) = (BTreeSet::new(), BTreeSet::new(), None);
        for watch in self.watches.values() {
            if watch.definition.set.eq_ignore_ascii_case(set) {
                failing.insert(watch.definition.probe.clone());
                components.insert(watch.definition.component.clone());
                named = Some(watch.definition.set.clone());
            }
        }
        let mut stage = Stage {
            engine: self.clone(),
            facts,
            members,
            cause,
            failing,
            components,
            began: now,
            now,
            past: Vec::new(),
            steps: Vec::new(),
            entry: 1 << 40,
        };
        let set = named?;
        let end = stage.play();
        Some(Rehearsal {
            set,
            cause: cause.map(str::to_owned),
            steps: stage.steps,
            end,
        })
    }
}

impl Stage<'_> {
    fn passed_ms(&self) -> u64 {
        self.now.since(self.began)
    }

    fn play(&mut self) -> String {
        let intervals: BTreeMap<String, u64> = self
            .engine
            .probes()
            .filter(|probe| probe.target != Target::Observer)
            .map(|probe| (probe.name.clone(), probe.interval_ms.max(STEP_MS)))
            .collect();
        while self.passed_ms() < PLAYED_MS_MAX && self.steps.len() < TOLD_MAX {
            let passed = self.passed_ms();
            for (name, interval) in &intervals {
                // On the grid of the interval, to the step.
                if passed % interval < STEP_MS {
                    let orders = self.probe(name, false);
                    self.obey(orders);
                }
            }
            let now = self.now;
            let orders = self.engine.tick(now);
            self.obey(orders);
            if let Some(end) = self.end() {
                return end;
            }
            self.now.mono_ms += STEP_MS;
            self.now.unix_ms += STEP_MS;
        }
        "it would still be going on: acts are denied for now, and asked for again".to_owned()
    }

    /// How it ends, once nothing more would come.
    fn end(&self) -> Option<String> {
        let mine = self
            .engine
            .cases
            .values()
            .filter(|record| self.components.contains(&record.component));
        let (mut any, mut offline) = (false, false);
        for record in mine {
            if record.state.phase != crate::case::Phase::Exhausted {
                return None;
            }
            any = true;
            offline |= record.offline_now();
        }
        any.then(|| {
            let offline = if offline {
                "; what was taken offline answers 421 until its probes are good"
            } else {
                ""
            };
            format!("no stage is left: a person is needed{offline}")
        })
    }

    fn probe(&mut self, name: &str, forced: bool) -> Vec<Order> {
        let may_run = forced || self.engine.may_run(name).is_ok();
        let fails = self.failing.contains(name);
        let (verdict, evidence, text) = match (may_run, fails) {
            (false, _) => ("skipped", Evidence::None, "what it needs is not well"),
            (true, true) => ("fail", Evidence::Bad, "it is made to fail"),
            (true, false) => ("pass", Evidence::Good, "it is taken for well"),
        };
        let sample = ProbeView {
            probe: name.to_owned(),
            unix_ms: self.now.unix_ms,
            took_ms: 0,
            verdict: verdict.to_owned(),
            evidence,
            text: text.to_owned(),
            cause: self
                .cause
                .filter(|_| evidence == Evidence::Bad)
                .map(str::to_owned),
            steps: Vec::new(),
            measures: Vec::new(),
        };
        self.engine.observe(sample, self.now)
    }

    fn obey(&mut self, orders: Vec<Order>) {
        let mut orders: std::collections::VecDeque<Order> = orders.into();
        let mut done = 0;
        while let Some(order) = orders.pop_front() {
            done += 1;
            if done > ORDERS_MAX {
                return;
            }
            let now = self.now;
            orders.extend(match order {
                Order::Probe(name) => self.probe(&name, false),
                Order::Force(name) => self.probe(&name, true),
                Order::Propose(proposal) => self.propose(&proposal),
                Order::AskCarried { case, .. } => {
                    let how = Carried::Done("in a rehearsal nothing is done".to_owned());
                    self.engine.carried(&case, &how, now)
                }
                Order::Outcome(outcome) => {
                    for (past, _) in &mut self.past {
                        past.settled |= past.case == outcome.case;
                    }
                    let component = self.component_of(&outcome.case);
                    let text = "fresh probes are still bad".to_owned();
                    self.tell(&component, "checked", text, None, Vec::new());
                    Vec::new()
                }
                Order::Alert(alert) => {
                    let text = format!("a person is told: {}", alert.text);
                    self.tell(&alert.component, "alerted", text, None, Vec::new());
                    Vec::new()
                }
                Order::Emit(Event::CaseOpened {
                    component, because, ..
                }) => {
                    let text = format!("a case is opened: {because}");
                    self.tell(&component, "state", text, None, Vec::new());
                    Vec::new()
                }
                Order::Emit(Event::CaseExhausted {
                    component, because, ..
                }) => {
                    self.tell(&component, "exhausted", because, None, Vec::new());
                    Vec::new()
                }
                Order::Emit(Event::StormHoldBegan { key, .. }) => {
                    let text = format!("a storm ({key}): acts beyond a component's restart wait");
                    self.tell("node", "state", text, None, Vec::new());
                    Vec::new()
                }
                Order::Emit(_)
                | Order::Edge(_)
                | Order::Closed(_)
                | Order::LiftHolds(_)
                | Order::Save
                | Order::SaveHours
                | Order::EndOverride(_)
                | Order::Reschedule => Vec::new(),
            });
        }
    }

    fn component_of(&self, case: &str) -> String {
        let mut records = self.engine.cases.values();
        records
            .find(|record| record.id == case)
            .map_or_else(String::new, |record| record.component.clone())
    }

    fn tell(
        &mut self,
        component: &str,
        step: &str,
        text: String,
        act: Option<RepairAct>,
        reasons: Vec<String>,
    ) {
        let told = RehearsalStep {
            after_ms: self.passed_ms(),
            component: component.to_owned(),
            step: step.to_owned(),
            text,
            act,
            reasons,
        };
        // The same answer to the same question, asked again and again, is told once.
        let again = self
            .steps
            .iter()
            .rev()
            .find(|one| one.component == told.component);
        if !again
            .is_some_and(|one| one.step == told.step && one.act == told.act && one.act.is_some())
        {
            self.steps.push(told);
        }
    }

    fn propose(&mut self, proposal: &RepairProposal) -> Vec<Order> {
        let mut proposal = proposal.clone();
        if !self.members.is_empty() {
            proposal.group = Some(group::expected(self.members, proposal.act.stage()));
        }
        let proposal = &proposal;
        let passed = self.passed_ms();
        let earlier = self.facts.past.iter().map(|past| Past {
            age_ms: past.age_ms + passed,
            act: past.act.clone(),
            case: past.case.clone(),
            component: past.component.clone(),
            cause: past.cause.clone(),
            settled: past.settled,
        });
        let mine = self.past.iter().map(|(past, at)| Past {
            age_ms: passed - at,
            ..past.clone()
        });
        let past: Vec<Past> = earlier.chain(mine).collect();
        let exits: Vec<_> = self
            .facts
            .exits
            .iter()
            .map(|(role, age)| (*role, age + passed))
            .collect();
        let names = Names::of_sets(&proposal.component, &proposal.circumstances.of_sets);
        let responder = self.engine.overrides.responder(&names, &proposal.act);
        let checks = guard::checks(
            proposal,
            &Facts {
                settings: &self.engine.settings,
                past: &past,
                exits: &exits,
                now_unix_ms: self.now.unix_ms,
                frozen: self.facts.frozen.as_deref(),
                holds: &self.facts.holds,
                ledger_writable: true,
                queue_writable: self.facts.queue_writable,
                responder: &responder,
            },
        );
        let ruling = guard::rule(&checks).chosen;
        let all: Vec<String> = checks.iter().map(guard::Check::sentence).collect();
        let against: Vec<String> = checks
            .iter()
            .filter(|check| !check.allows)
            .map(guard::Check::sentence)
            .collect();
        let act = proposal.act.clone();
        let (step, text, reasons) = match ruling {
            Ruling::Grant => ("granted", format!("{act}: it would be done"), all.clone()),
            Ruling::Shadow => (
                "shadow",
                format!("{act}: it would be recorded, and not done"),
                all.clone(),
            ),
            Ruling::Later { again_in_ms } => (
                "denied",
                format!(
                    "{act}: not now, asked again in {} s",
                    again_in_ms.div_ceil(1000)
                ),
                against.clone(),
            ),
            Ruling::Never => (
                "denied",
                format!("{act}: not for this case"),
                against.clone(),
            ),
        };
        self.tell(&proposal.component, step, text, Some(act.clone()), reasons);
        let answer = match ruling {
            Ruling::Grant => {
                self.entry += 1;
                let past = Past {
                    age_ms: 0,
                    act: Some(act.clone()),
                    case: proposal.case.clone(),
                    component: proposal.component.clone(),
                    cause: proposal.cause.clone(),
                    settled: false,
                };
                self.past.push((past, passed));
                Answer::Granted {
                    entry: self.entry,
                    reasons: all,
                }
            }
            other => Answer::Denied {
                reasons: against,
                again_in_ms: match other {
                    Ruling::Later { again_in_ms } => Some(again_in_ms),
                    _ => None,
                },
                shadow: other == Ruling::Shadow,
            },
        };
        self.engine.answer(&proposal.case, &act, answer, self.now)
    }
}
