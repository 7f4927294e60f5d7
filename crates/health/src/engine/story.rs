//! What a case asks for and how it is told: proposals with their evidence and objections, outcomes,
//! alerts, the end.

use mailward_api::view::{
    ProbeView, RepairAct, RepairOutcome, RepairProposal, Responder,
    health::{Evidence, HealthState},
};
use mailward_events::Event;

use super::{CLOSED_MAX, Engine, Order, Results, Watch, case::signature, record::Record};
use crate::{
    Now,
    alert::{Alert, AlertKind},
    case::Phase,
};

/// Cures remembered: some for each component there is.
const CURES_MAX: usize = 10_000;

impl Engine {
    pub(super) fn proposal(&self, record: &Record, act: RepairAct, reason: &str) -> RepairProposal {
        let watched = self.watched(&record.monitors);
        let samples = watched.flat_map(|(_, results)| results.views(8));
        RepairProposal {
            case: record.id.clone(),
            component: record.component.clone(),
            objections: self.objections(&act),
            act,
            reason: reason.to_owned(),
            cause: record.class.clone(),
            rule: record.rule.clone(),
            samples: Record::evidence(samples),
            first_bad_unix_ms: record.state.first_bad.unix_ms,
            // What the group says is asked for when the proposal goes to the manager.
            group: None,
            circumstances: self.circumstances(record),
        }
    }

    /// What this worker knows that speaks against an act.
    fn objections(&self, act: &RepairAct) -> Vec<String> {
        let mut objections = Vec::new();
        let answers = self.watches.get("transport").is_none_or(|watch| {
            watch.state.is_good() || watch.is_off() || watch.state.phase == HealthState::Unknown
        });
        let asks_transport = match act {
            RepairAct::RestartComponent { .. } | RepairAct::SoftReset { .. } => true,
            RepairAct::Respond { responder, .. } => {
                !matches!(responder, Responder::Command | Responder::FreeDisk)
            }
            _ => false,
        };
        if asks_transport && !answers {
            // Asked for in vain, and whatever mends it would look like this act's success.
            objections.push("transport does not answer its control channel".to_owned());
        }
        objections
    }

    pub(super) fn propose(
        &self,
        record: &mut Record,
        rung: usize,
        now: Now,
        orders: &mut Vec<Order>,
    ) {
        let Some(act) = record.act(rung).cloned() else {
            return;
        };
        let newest = self
            .watched(&record.monitors)
            .find_map(|(_, results)| results.newest());
        let seen = newest.map(|sample| sample.text).unwrap_or_default();
        record.step(
            now,
            "proposed",
            format!("{act}: {seen}"),
            Vec::new(),
            Some(act.clone()),
        );
        let proposal = self.proposal(record, act, &seen);
        orders.push(Order::Propose(Box::new(proposal)));
    }

    pub(super) fn outcome(
        &self,
        record: &mut Record,
        entry: u64,
        solved: bool,
        because: &str,
        now: Now,
        orders: &mut Vec<Order>,
    ) {
        let act = record.state.acted.and_then(|at| record.act(at)).cloned();
        let samples: Vec<ProbeView> = self
            .watched(&record.monitors)
            .filter_map(|(_, results)| results.newest())
            .collect();
        let word = if solved {
            "it helped"
        } else {
            "it did not help"
        };
        let reasons = samples
            .iter()
            .map(|s| format!("{}: {}", s.probe, s.text))
            .collect();
        record.step(
            now,
            "checked",
            format!("{word}: {because}"),
            reasons,
            act.clone(),
        );
        let act = act.map(|act| act.to_string()).unwrap_or_default();
        let (case, component) = (record.id.clone(), record.component.clone());
        orders.push(Order::Emit(if solved {
            Event::RepairSucceeded {
                case,
                component,
                act,
                detect_ms: record.detected_after_ms.unwrap_or_default(),
                repair_ms: self.repaired_after_ms(record, now),
            }
        } else {
            let problem = because.to_owned();
            Event::RepairFailed {
                case,
                component,
                act,
                problem,
            }
        }));
        orders.push(Order::Outcome(Box::new(RepairOutcome {
            entry,
            case: record.id.clone(),
            solved,
            text: format!("{word}: {because}"),
            samples,
        })));
    }

    /// From the first bad result to the first good one of the run that ended the trouble.
    pub(super) fn repaired_after_ms(&self, record: &Record, now: Now) -> u64 {
        let first_good = |(watch, results): (&Watch, &Results)| {
            let run = watch.state.good_run as usize;
            let newest_first = results.iter().rev();
            let good = newest_first.filter(|s| s.evidence == Evidence::Good);
            good.take(run.max(1))
                .last()
                .map(|sample| sample.unix_ms + sample.took_ms)
        };
        let well = self.watched(&record.monitors).filter_map(first_good).max();
        well.unwrap_or(now.unix_ms)
            .saturating_sub(record.state.first_bad.unix_ms)
    }

    /// Why nobody is told, where a person said so or was told already that it flaps.
    fn untold(&mut self, record: &Record, kind: AlertKind) -> Option<String> {
        let mut watches = record
            .monitors
            .iter()
            .filter_map(|name| self.watches.get(name));
        let flaps = watches.clone().any(|watch| watch.state.flapping);
        let off: Option<Vec<&str>> = watches
            .by_ref()
            .map(|watch| watch.alert_off.as_deref())
            .collect();
        if let Some(off) = off
            && let Some(why) = off.first()
        {
            return Some((*why).to_owned());
        }
        if !flaps {
            self.flapping_told.remove(&record.component);
            return None;
        }
        let told = !self.flapping_told.insert(record.component.clone());
        (told && kind != AlertKind::Solved).then(|| "it flaps, which was told already".to_owned())
    }

    pub(super) fn alert(
        &mut self,
        record: &mut Record,
        kind: AlertKind,
        text: &str,
        now: Now,
        orders: &mut Vec<Order>,
    ) {
        if let Some(why) = self.untold(record, kind) {
            record.step(
                now,
                "alerted",
                format!("nobody is told: {why}"),
                Vec::new(),
                None,
            );
            return;
        }
        record.alerted_ms = Some(now.mono_ms);
        let set = record
            .monitors
            .iter()
            .find_map(|name| self.watches.get(name))
            .map_or_else(String::new, |watch| watch.definition.set.to_string());
        record.step(
            now,
            "alerted",
            format!("a person is told: {text}"),
            Vec::new(),
            None,
        );
        let alert = Alert {
            kind,
            node: self.node.clone(),
            case: record.id.clone(),
            component: record.component.clone(),
            set,
            monitors: record.monitors.iter().cloned().collect(),
            unix_ms: now.unix_ms,
            since_unix_ms: record.state.first_bad.unix_ms,
            effect: String::new(),
            text: text.to_owned(),
            cause: record.class.clone(),
            seen: record
                .samples
                .last()
                .map(|sample| sample.text.clone())
                .unwrap_or_default(),
            tried: Vec::new(),
            todo: Vec::new(),
            drill: None,
            explain: format!("mailward explain {}", record.id),
        };
        let alert = alert.told_for_people(&record.steps);
        orders.push(Order::Alert(Box::new(alert)));
    }

    pub(super) fn close(
        &mut self,
        mut record: Record,
        because: String,
        now: Now,
        orders: &mut Vec<Order>,
    ) {
        record.state.phase = Phase::Closed;
        record.closed_unix_ms = Some(now.unix_ms);
        let cure = record.state.solved_by.and_then(|at| record.act(at));
        if let Some(stage) = cure.map(RepairAct::stage).filter(|stage| *stage <= 3) {
            let known = signature(&record.component, record.class_at_open.as_deref());
            if self.cures.len() < CURES_MAX || self.cures.contains_key(&known) {
                self.cures.insert(known, stage);
            }
        }
        let solved_by = record
            .state
            .solved_by
            .and_then(|at| record.act(at))
            .map_or_else(
                || "no act was needed".to_owned(),
                |act| format!("solved by: {act}"),
            );
        record.step(
            now,
            "closed",
            format!("{because}; {solved_by}"),
            Vec::new(),
            None,
        );
        if record.offline_now() {
            // What it was about is gone; the gate must not stay closed for it.
            let proposal = self.proposal(&record, RepairAct::Online, "the case is closed");
            orders.push(Order::Propose(Box::new(proposal)));
        }
        if record.alerted_ms.is_some() {
            self.alert(&mut record, AlertKind::Solved, &solved_by, now, orders);
        }
        orders.push(Order::Emit(Event::CaseClosed {
            case: record.id.clone(),
            component: record.component.clone(),
            solved_by,
            open_ms: now.since(record.state.first_bad),
        }));
        let view = record.view(now);
        orders.push(Order::Closed(Box::new(view.clone())));
        orders.push(Order::Save);
        if self.closed.len() == CLOSED_MAX {
            self.closed.pop_front();
        }
        self.closed.push_back(view);
    }
}
