//! Carries out what the engine orders: probes, questions to the manager, alerts, events, what is kept.
//!
//! Never here: a repair. The manager does those.

use std::{io, time::Duration};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{RepairOutcome, RepairProposal, Verdict},
};
use mailward_events::Event;
use mailward_model::Object;
use mailward_store::Change;

use super::{Message, Running};
use crate::{
    engine::{Answer, Order},
    history::History,
};

/// How long the manager may take over a proposal.
const PROPOSE_MAX: Duration = Duration::from_secs(10);
/// Attempts to tell the manager an outcome.
const OUTCOME_ATTEMPTS: u32 = 5;

impl Running {
    pub(super) fn obey(&mut self, orders: Vec<Order>) {
        let mut save = false;
        for order in orders {
            match order {
                Order::Probe(name) => self.begin(&name, false),
                Order::Force(name) => self.begin(&name, true),
                Order::AskCarried { case, entry } => self.ask_carried(case, entry),
                Order::LiftHolds(key) => self.lift_holds(key),
                Order::Propose(proposal) => self.propose(*proposal),
                Order::Outcome(outcome) => self.report(*outcome),
                Order::Alert(mut alert) => {
                    self.engine.alert_raised(&alert.kind);
                    self.drills.mark(&mut alert);
                    self.alerter.raise(*alert, self.clock.unix_ms());
                }
                Order::Emit(event) => self.events.emit(event),
                Order::Edge(edge) => self.keep(|history| history.edge(&edge)),
                Order::Closed(case) => {
                    self.alerter.closed(&case, self.clock.unix_ms());
                    self.keep(|history| history.closed(&case));
                }
                Order::Save => save = true,
                Order::SaveHours => {
                    let hours = self.engine.hours();
                    self.keep(|history| history.save_hours(&hours));
                }
                Order::EndOverride(object) => self.end_override(*object),
                Order::Reschedule => {
                    let now = self.now();
                    self.make_slots(now);
                }
            }
        }
        if save {
            let cases = self.engine.save(self.now());
            let cures = self.engine.cures().clone();
            self.keep(|history| history.save(&cases));
            self.keep(|history| history.save_cures(&cures));
        }
    }

    /// Removes the object of an override that has ended. It is out of force already; one that
    /// cannot be removed now, or was changed meanwhile, is left.
    fn end_override(&self, object: Object) {
        let store = self.context.store.clone();
        tokio::task::spawn_blocking(move || store.apply(vec![Change::remove(&object)], "worker"));
    }

    /// Writes history. A line of a few hundred octets now and then, into the page cache: done here,
    /// so that lines keep their order.
    pub(super) fn keep(&mut self, write: impl FnOnce(&History) -> io::Result<()>) {
        match write(&self.history) {
            Ok(()) => self.history_failing = false,
            Err(error) if !self.history_failing => {
                self.history_failing = true;
                self.events.emit(Event::ProbeImpaired {
                    probe: "history".into(),
                    problem: format!("the history of health cannot be written: {error}"),
                });
            }
            Err(_) => {}
        }
    }

    fn propose(&self, proposal: RepairProposal) {
        let manager = Role::Manager.socket(&self.run_dir);
        let (inbox, clock) = (self.inbox.clone(), self.clock.clone());
        let group = self.group.clone();
        let mut proposal = proposal;
        tokio::spawn(async move {
            if let Some(group) = group {
                proposal.group = Some(group.facts(&proposal.case, proposal.act.stage()).await);
            }
            let (case, act) = (proposal.case.clone(), proposal.act.clone());
            let reply =
                control::call(&manager, &ControlRequest::Propose(proposal), PROPOSE_MAX).await;
            let answer = match reply {
                Ok(ControlReply::Verdict(Verdict::Granted { entry, reasons })) => {
                    Answer::Granted { entry, reasons }
                }
                Ok(ControlReply::Verdict(Verdict::Denied {
                    reasons,
                    until_unix_ms,
                    shadow,
                })) => Answer::Denied {
                    reasons,
                    shadow,
                    again_in_ms: until_unix_ms.map(|until| until.saturating_sub(clock.unix_ms())),
                },
                Ok(_) => Answer::Silent {
                    error: "it answered something else".to_owned(),
                },
                Err(error) => Answer::Silent {
                    error: error.into_fault("manager").error,
                },
            };
            let _ = inbox.send(Message::Answered { case, act, answer }).await;
        });
    }

    /// Asks how an act goes. A manager that does not answer is asked again: the case orders it.
    fn ask_carried(&self, case: String, entry: u64) {
        let manager = Role::Manager.socket(&self.run_dir);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let request = ControlRequest::Carried { entry };
            if let Ok(ControlReply::Carried(how)) =
                control::call(&manager, &request, PROPOSE_MAX).await
            {
                let _ = inbox.send(Message::Carried { case, how }).await;
            }
        });
    }

    fn lift_holds(&self, key: String) {
        let manager = Role::Manager.socket(&self.run_dir);
        tokio::spawn(async move {
            let request = ControlRequest::LiftHolds { key };
            for attempt in 0..OUTCOME_ATTEMPTS {
                if control::call(&manager, &request, PROPOSE_MAX).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            }
        });
    }

    fn report(&self, outcome: RepairOutcome) {
        let manager = Role::Manager.socket(&self.run_dir);
        tokio::spawn(async move {
            let request = ControlRequest::Outcome(outcome);
            for attempt in 0..OUTCOME_ATTEMPTS {
                if control::call(&manager, &request, PROPOSE_MAX).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
            }
        });
    }
}
