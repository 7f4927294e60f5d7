//! Cases at work: opened by monitors, driven by [`crate::case::next`], told as a story.

use std::collections::BTreeSet;

use mailward_api::view::{HealthEdge, RepairAct, repair::Carried};
use mailward_events::Event;

use super::{Answer, Engine, Order, record::Record};
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
/// How an act goes is asked this often, in milliseconds.
const CARRIED_GAP_MS: u64 = 500;
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
        let ladder = self.ladder(component);
        let class = results.class().flatten();
        let cured_by = self
            .cures
            .get(&signature(component, class.as_deref()))
            .copied();
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
            state: CaseState::open(&ladder, class.as_deref(), first_bad, cured_by),
            ladder,
            monitors: [name.clone()].into(),
            class_at_open: class.clone(),
            class,
            rule: watch.definition.rule.sentence(),
            samples: Vec::new(),
            steps: Vec::new(),
            detected_after_ms: Some(now.since(first_bad)),
            repaired_after_ms: None,
            closed_unix_ms: None,
            alerted_ms: None,
            check_ms: 0,
            carried_ms: 0,
            related: Vec::new(),
            online_ms: None,
        };
        for sample in results.views(8) {
            record.sample(sample);
        }
        self.relate(&mut record, now);
        let first = record
            .samples
            .iter()
            .find(|s| s.unix_ms >= first_bad.unix_ms)
            .cloned();
        if let Some(first) = first {
            let text = format!("the first bad result of {name}: {}", first.text);
            record.step(first_bad, "sample", text, Vec::new(), None);
        }
        if let Some(stage) = cured_by {
            let text = format!("stage {stage} cured the same last time: the case begins there");
            record.step(now, "state", text, Vec::new(), None);
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

    /// Notes, on both sides, the open cases that share a class of causes with this one.
    fn relate(&mut self, record: &mut Record, now: Now) {
        if record.class.is_none() {
            return;
        }
        for other in self.cases.values_mut() {
            if other.class != record.class || other.related.contains(&record.id) {
                continue;
            }
            let text = |other: &Record| {
                let class = record.class.as_deref().unwrap_or_default();
                format!(
                    "{} ({}) fails of the same class: {class}",
                    other.component, other.id
                )
            };
            let (mine, theirs) = (text(other), text(record));
            other.related.push(record.id.clone());
            other.step(now, "related", theirs, Vec::new(), None);
            record.related.push(other.id.clone());
            record.step(now, "related", mine, Vec::new(), None);
        }
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
            let class = classes.into_iter().flatten().next();
            if class != record.class {
                record.class = class;
                self.relate(&mut record, now);
            }
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
        self.cases.insert(component.to_owned(), record);
        orders
    }

    /// What is due in a case without a change of its state: checks, an offline stage to be undone,
    /// a person to be told again.
    fn keep_up(&mut self, record: &mut Record, now: Now, orders: &mut Vec<Order>) {
        if matches!(record.state.phase, Phase::Verifying { .. }) && now.mono_ms >= record.check_ms {
            let gaps = record
                .monitors
                .iter()
                .filter_map(|name| self.watches.get(name));
            let gap = gaps.map(|watch| watch.definition.rule.recheck_ms()).min();
            record.check_ms =
                now.mono_ms + gap.unwrap_or(0).clamp(CHECK_GAP_MS_MIN, CHECK_GAP_MS_MAX);
            // Whatever they need may be part of the trouble: they run all the same.
            orders.extend(
                self.probes_for(&record.monitors)
                    .into_iter()
                    .map(Order::Force),
            );
        }
        if let Phase::Executing { entry, .. } = record.state.phase
            && now.mono_ms >= record.carried_ms
        {
            record.carried_ms = now.mono_ms + CARRIED_GAP_MS;
            let case = record.id.clone();
            orders.push(Order::AskCarried { case, entry });
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
            Do::Refused if record.alerted_ms.is_none() => {
                let refused = record.steps.iter().rev().find(|step| step.step == "denied");
                let why = refused
                    .map(|step| step.reasons.join("; "))
                    .unwrap_or_default();
                let text = format!("an act was refused: {why}");
                self.alert(record, AlertKind::NeedsPerson, &text, now, orders);
            }
            Do::Refused => {}
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
                format!("act-{entry} in the ledger"),
                reasons,
                Input::Granted { entry },
            ),
            Answer::Denied {
                reasons,
                again_in_ms,
                shadow,
            } => {
                let text = match again_in_ms {
                    Some(ms) => format!("not now; asked again in {} s", ms.div_ceil(1000)),
                    None if shadow => "shadow mode: it would have been done".to_owned(),
                    None => "not for this case".to_owned(),
                };
                let input = Input::Denied {
                    again_in_ms,
                    shadow,
                };
                ("denied", text, reasons, input)
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
        record.carried_ms = now.mono_ms;
        orders.extend(self.drive(&component, input, now));
        orders
    }

    /// How carrying out an act went, as the manager says.
    pub(super) fn carried_out(&mut self, case: &str, how: &Carried, now: Now) -> Vec<Order> {
        let Some(record) = self.cases.values_mut().find(|record| record.id == case) else {
            return Vec::new();
        };
        if !matches!(record.state.phase, Phase::Executing { .. }) {
            return Vec::new();
        }
        let act = record.act(record.state.rung).cloned();
        let (step, text) = match how {
            Carried::UnderWay => return Vec::new(),
            Carried::Done(text) => ("acted", text.clone()),
            Carried::Failed(text) => ("acted", format!("it could not be carried out: {text}")),
        };
        record.step(now, step, text, Vec::new(), act);
        record.check_ms = now.mono_ms;
        let component = record.component.clone();
        self.drive(&component, Input::Carried, now)
    }
}

/// What a failure is remembered by: its component and its class of causes.
pub(super) fn signature(component: &str, class: Option<&str>) -> String {
    format!("{component} {}", class.unwrap_or("-"))
}
