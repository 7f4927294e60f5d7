//! Cases at work: opened by monitors, driven by [`crate::case::next`], told as a story.

use std::collections::BTreeSet;

use mailward_api::view::{HealthEdge, RepairAct};
use mailward_events::Event;

use super::{Answer, Engine, Order, definition, record::Record};
use crate::{
    Now,
    alert::AlertKind,
    case::{self, CaseState, Do, Input, Phase, Signs},
    monitor,
};

/// A person is told again about a case that stays open, in milliseconds.
const ALERT_AGAIN_MS: u64 = 4 * 3_600_000;
/// Checks after an act follow each other at least this far apart, in milliseconds.
const CHECK_GAP_MS_MIN: u64 = 250;
/// And at most this far.
const CHECK_GAP_MS_MAX: u64 = 2_000;
/// When no check after an act says anything for so long beyond its settling, it did not help.
const BLIND_CHECK_MS: u64 = 120_000;
/// Undoing an offline stage is asked for again after so long.
const ONLINE_AGAIN_MS: u64 = 5_000;

impl Engine {
    /// Adds a confirmed bad monitor to its component's case, or opens one.
    pub(super) fn join(
        &mut self,
        name: &str,
        component: &str,
        because: &str,
        now: Now,
    ) -> Vec<Order> {
        if let Some(record) = self.cases.get_mut(component) {
            record.monitors.insert(name.to_owned());
            return vec![Order::Save];
        }
        let name = name.to_owned();
        let Some((watch, results)) = self.watched([&name]).next() else {
            return Vec::new();
        };
        let ladder = definition::ladder(component, &self.settings);
        let class = results.class().flatten();
        let first_bad = watch.state.first_bad.unwrap_or(now);
        let mut stamp = now.unix_ms;
        while self
            .cases
            .values()
            .any(|record| record.id == format!("case-{stamp:x}"))
        {
            stamp += 1;
        }
        let mut record = Record {
            id: format!("case-{stamp:x}"),
            component: component.to_owned(),
            state: CaseState::open(&ladder, class.as_deref(), first_bad),
            ladder,
            monitors: [name.clone()].into(),
            class,
            rule: watch.definition.rule.sentence(),
            samples: Vec::new(),
            steps: Vec::new(),
            detected_after_ms: Some(now.since(first_bad)),
            repaired_after_ms: None,
            closed_unix_ms: None,
            alerted_ms: None,
            check_ms: 0,
            online_ms: None,
        };
        for sample in results.views(8) {
            record.sample(sample);
        }
        let first = record
            .samples
            .iter()
            .find(|s| s.unix_ms >= first_bad.unix_ms)
            .cloned();
        if let Some(first) = first {
            let text = format!("the first bad result of {name}: {}", first.text);
            record.step(first_bad, "sample", text, Vec::new(), None);
        }
        let event = Event::CaseOpened {
            case: record.id.clone(),
            component: component.to_owned(),
            monitor: name,
            because: because.to_owned(),
        };
        self.cases.insert(component.to_owned(), record);
        vec![Order::Emit(event), Order::Save]
    }

    /// The probes whose results these monitors judge.
    fn probes_for(&self, monitors: &BTreeSet<String>) -> BTreeSet<String> {
        self.watched(monitors)
            .map(|(watch, _)| watch.definition.probe.clone())
            .collect()
    }

    fn signs(&self, record: &Record, now: Now) -> Signs {
        let watched = || {
            self.watched(&record.monitors)
                .filter(|(watch, _)| !watch.is_off())
        };
        let mut signs = Signs {
            all_good: watched().all(|(watch, _)| watch.state.is_good()),
            bad: watched().any(|(watch, results)| watch.is_freshly_bad(results, now)),
            ..Signs::default()
        };
        if let Phase::Verifying { acted, .. } = record.state.phase {
            let settle_ms = record
                .state
                .acted
                .and_then(|at| record.ladder.get(at))
                .map_or(0, |rung| rung.settle_ms);
            let settled_ms = acted.mono_ms + settle_ms;
            signs.good_since_act =
                watched().all(|(watch, results)| watch.is_good_since(results, acted));
            signs.bad_since_act = watched().any(|(_, results)| results.are_bad_since(settled_ms))
                || now.mono_ms > settled_ms + BLIND_CHECK_MS;
        }
        signs
    }

    /// Moves the case of a component on.
    pub(super) fn drive(&mut self, component: &str, input: Input, now: Now) -> Vec<Order> {
        let Some(mut record) = self.cases.remove(component) else {
            return Vec::new();
        };
        record
            .monitors
            .retain(|name| self.watches.contains_key(name));
        let mut orders = Vec::new();
        if record.monitors.is_empty() {
            let why = "what it was about is not watched any more".to_owned();
            self.close(record, why, now, &mut orders);
            return orders;
        }
        // What the newest bad results say counts; a class of earlier ones may be mended already.
        let watched = self.watched(&record.monitors);
        let classes: Vec<Option<String>> =
            watched.filter_map(|(_, results)| results.class()).collect();
        if !classes.is_empty() {
            record.class = classes.into_iter().flatten().next();
        }
        let signs = self.signs(&record, now);
        let probation_ms =
            u64::try_from(self.settings.probation.get().as_millis()).unwrap_or(u64::MAX);
        let before = record.state.phase;
        let decision = case::next(
            &record.state,
            &record.ladder,
            record.class.as_deref(),
            signs,
            input,
            probation_ms,
            now,
        );
        let (state, acts) = decision.chosen;
        let because = decision.because;
        record.state = state;
        if std::mem::discriminant(&before) != std::mem::discriminant(&record.state.phase) {
            orders.push(Order::Save);
            let edge = HealthEdge {
                unix_ms: now.unix_ms,
                subject: format!("case of {}", record.component),
                from: before.word().to_owned(),
                to: record.state.phase.word().to_owned(),
                because: because.clone(),
                case: Some(record.id.clone()),
            };
            self.keep(edge.clone());
            orders.push(Order::Edge(edge));
        }
        let mut closed = false;
        for act in acts {
            closed |= act == Do::Close;
            self.act(&mut record, act, &because, now, &mut orders);
        }
        if closed {
            self.close(record, because, now, &mut orders);
            return orders;
        }
        let (was, is) = (
            matches!(before, Phase::Probation { .. }),
            matches!(record.state.phase, Phase::Probation { .. }),
        );
        if is && !was {
            let text = format!("well again, watched from here on: {because}");
            record.step(now, "state", text, Vec::new(), None);
            record.repaired_after_ms = Some(self.repaired_after_ms(&record, now));
        } else if was && !is {
            record.step(now, "state", because, Vec::new(), None);
        }
        self.keep_up(&mut record, now, &mut orders);
        // An offline stage that would harm what still works is denied here, as the guard would.
        let denied_here = record.state.phase == Phase::Arbitrating
            && !orders
                .iter()
                .any(|order| matches!(order, Order::Propose(_)))
            && before != Phase::Arbitrating;
        self.cases.insert(component.to_owned(), record);
        if denied_here {
            orders.extend(self.drive(component, Input::Denied { again_in_ms: None }, now));
        }
        orders
    }

    /// What is due in a case without a change of its state: checks, an offline stage to be undone,
    /// a person to be told again.
    fn keep_up(&self, record: &mut Record, now: Now, orders: &mut Vec<Order>) {
        if matches!(record.state.phase, Phase::Verifying { .. }) && now.mono_ms >= record.check_ms {
            let gaps = record
                .monitors
                .iter()
                .filter_map(|name| self.watches.get(name));
            let gap = gaps.map(|watch| watch.definition.rule.recheck_ms()).min();
            record.check_ms =
                now.mono_ms + gap.unwrap_or(0).clamp(CHECK_GAP_MS_MIN, CHECK_GAP_MS_MAX);
            orders.extend(
                self.probes_for(&record.monitors)
                    .into_iter()
                    .map(Order::Probe),
            );
        }
        if record.online_ms.is_some_and(|due| due <= now.mono_ms) {
            record.online_ms = Some(now.mono_ms + ONLINE_AGAIN_MS);
            let proposal = self.proposal(record, RepairAct::Online, "it is well again");
            orders.push(Order::Propose(Box::new(proposal)));
        }
        let again = |at: u64| now.mono_ms.saturating_sub(at) >= ALERT_AGAIN_MS;
        if record.state.phase == Phase::Exhausted && record.alerted_ms.is_some_and(again) {
            self.alert(
                record,
                AlertKind::NeedsPerson,
                "it is still down",
                now,
                orders,
            );
        }
    }

    fn act(
        &mut self,
        record: &mut Record,
        act: Do,
        because: &str,
        now: Now,
        orders: &mut Vec<Order>,
    ) {
        match act {
            Do::Propose(rung) => self.propose(record, rung, now, orders),
            Do::Outcome { entry, solved } => {
                self.outcome(record, entry, solved, because, now, orders)
            }
            Do::Online => record.online_ms = Some(now.mono_ms),
            Do::Alert => {
                let offline = record.offline_now();
                let kind = if offline {
                    AlertKind::Offline
                } else {
                    AlertKind::NeedsPerson
                };
                self.alert(record, kind, because, now, orders);
            }
            Do::GiveUp => {
                record.step(
                    now,
                    "state",
                    format!("no stage is left: {because}"),
                    Vec::new(),
                    None,
                );
                orders.push(Order::Emit(Event::CaseExhausted {
                    case: record.id.clone(),
                    component: record.component.clone(),
                    because: because.to_owned(),
                }));
                for name in &record.monitors {
                    let watch = self.watches.get_mut(name);
                    let change = watch.and_then(|w| w.step(monitor::Input::GivenUp, 0, now));
                    if let Some(change) = change {
                        let case = Some(record.id.clone());
                        orders.extend(self.tell(name, &record.component, change, case, now));
                    }
                }
            }
            Do::Close => {}
        }
    }

    pub(super) fn answered(
        &mut self,
        case: &str,
        act: &RepairAct,
        answer: Answer,
        now: Now,
    ) -> Vec<Order> {
        let Some(record) = self.cases.values_mut().find(|record| record.id == case) else {
            return Vec::new();
        };
        let component = record.component.clone();
        let mut orders = Vec::new();
        let (step, text, reasons, input) = match answer {
            Answer::Granted { entry, reasons } => (
                "granted",
                format!("ledger entry {entry}"),
                reasons,
                Input::Granted { entry },
            ),
            Answer::Denied {
                reasons,
                again_in_ms,
            } => {
                let text = match again_in_ms {
                    Some(ms) => format!("not now; asked again in {} s", ms.div_ceil(1000)),
                    None => "not for this case".to_owned(),
                };
                ("denied", text, reasons, Input::Denied { again_in_ms })
            }
            Answer::Silent { error } => (
                "denied",
                "the manager did not answer".to_owned(),
                vec![error],
                Input::Silent,
            ),
        };
        // The same denial every few seconds is one step of the story.
        let told = record
            .steps
            .iter()
            .rev()
            .find(|s| matches!(s.step.as_str(), "denied" | "granted"));
        if told.is_none_or(|told| told.step != step || told.act.as_ref() != Some(act)) {
            record.step(now, step, text, reasons, Some(act.clone()));
        }
        if *act == RepairAct::Online {
            if matches!(input, Input::Granted { .. }) {
                record.state.offline = false;
                record.online_ms = None;
                orders.push(Order::Emit(Event::ComponentOnline {
                    case: record.id.clone(),
                    component: component.clone(),
                }));
                orders.push(Order::Save);
                let monitors = record.monitors.clone();
                orders.extend(self.probes_for(&monitors).into_iter().map(Order::Probe));
            }
            return orders;
        }
        if *act == RepairAct::Offline && matches!(input, Input::Granted { .. }) {
            orders.push(Order::Emit(Event::ComponentOffline {
                case: record.id.clone(),
                component: component.clone(),
                because: "nothing else helped".to_owned(),
            }));
        }
        record.check_ms = now.mono_ms;
        orders.extend(self.drive(&component, input, now));
        orders
    }
}
