//! What the manager answers on its control channel.

use mailward_api::{
    control::{ControlReply, ControlRequest, DrillFault, Role},
    fault::{Fault, FaultKind},
    view::{
        Changed, ChildStatus, HoldList, ManagerBeat, ManagerStatus, RoleFigures, RoleStatus,
        StateChange,
    },
};
use mailward_events::Event;
use mailward_health::Now;
use mailward_model::{Object, Revision, Spec};

use super::{CHILDREN, Manager};
use crate::role::{
    role_figures, role_status,
    supervise::{Manner, Sent, State},
};

impl Manager {
    pub(super) fn answer(&mut self, request: ControlRequest) -> Result<ControlReply, Fault> {
        match request {
            ControlRequest::Ping => Ok(ControlReply::Pong(self.role_status())),
            ControlRequest::Status => Ok(ControlReply::Manager(self.status())),
            ControlRequest::Beat => Ok(ControlReply::Beat(ManagerBeat {
                pid: std::process::id(),
                turns: self.turns,
            })),
            ControlRequest::Figures { .. } => Ok(ControlReply::Figures(RoleFigures {
                repair: self.repairs.figures(&self.settings),
                holds: Some(self.repairs.holding.all()),
                ..role_figures(self.started_unix_ms, &self.events, self.store.as_ref())
            })),
            ControlRequest::RestartRole { role, reason, case } => {
                if !self.children.contains_key(&role) {
                    return Err(Fault::invalid(
                        format!("the role {role} is not one the manager can restart"),
                        "name transport, access or worker; the manager is restarted by the service manager",
                    ));
                }
                let (because, manner) = match case {
                    Some(case) => (format!("{reason} (case {case})"), Manner::Broken),
                    None => (reason, Manner::Orderly),
                };
                self.end_in(role, true, &because, manner);
                Ok(ControlReply::Done)
            }
            ControlRequest::ReopenSockets => {
                self.reopen_sockets();
                Ok(ControlReply::Done)
            }
            ControlRequest::Propose(proposal) => {
                let verdict = self.repairs.propose(&proposal, &self.settings);
                if let Some(role) = self.repairs.role_to_restart(&proposal, &verdict) {
                    // It was found not to do its work: what it has in hand is not waited for.
                    self.end_in(role, true, &proposal.reason, Manner::Broken);
                }
                Ok(ControlReply::Verdict(verdict))
            }
            ControlRequest::Lease(ask) => {
                let now = Now::of(&*self.clock);
                Ok(ControlReply::Lease(self.votes.hear(&ask, now)))
            }
            ControlRequest::Carried { entry } => match self.repairs.carried(entry) {
                Some(carried) => Ok(ControlReply::Carried(carried)),
                None => Err(no_ledger()),
            },
            ControlRequest::Hold(hold) => {
                self.known_component(&hold.component)?;
                self.repairs.holding.set(hold).map(ControlReply::Changed)
            }
            ControlRequest::Release {
                component,
                requester,
                force,
                reason,
                by,
            } => {
                let holding = &self.repairs.holding;
                holding
                    .release(&component, requester, force, &by, &reason)
                    .map(ControlReply::Changed)
            }
            ControlRequest::Holds => Ok(ControlReply::Holds(HoldList {
                holds: self.repairs.holding.all(),
                components: Vec::new(),
            })),
            ControlRequest::LiftHolds { key } => {
                self.repairs.holding.lift(&key);
                Ok(ControlReply::Done)
            }
            ControlRequest::CancelRestart { reason, by } => {
                let text = self.repairs.cancel_restart(&by, &reason)?;
                let before = "announced";
                let change =
                    StateChange::new("restart of the server", "state", before, "cancelled");
                Ok(ControlReply::Changed(Changed::by(1, text, vec![change])))
            }
            ControlRequest::GuardFacts => match self.repairs.facts(&self.settings) {
                Some(facts) => Ok(ControlReply::GuardFacts(facts)),
                None => Err(no_ledger()),
            },
            ControlRequest::Weigh(proposal) => Ok(ControlReply::Verdict(
                self.repairs.weigh(&proposal, &self.settings),
            )),
            ControlRequest::InjectFault { fault, .. } => self.inject(&fault),
            // What was killed is not alive again because someone asks; its supervision sees to that.
            ControlRequest::EndFault => Ok(ControlReply::Done),
            ControlRequest::Outcome(outcome) => {
                self.repairs.outcome(&outcome);
                Ok(ControlReply::Done)
            }
            ControlRequest::Ledger { limit } => Ok(ControlReply::Ledger(
                self.repairs.ledger(limit, &self.settings),
            )),
            ControlRequest::Freeze { reason, by } => {
                let before = self.freezes.reason();
                self.freezes.freeze(&by, &reason, self.clock.unix_ms());
                self.repairs.frozen = self.freezes.reason();
                let text = "Repair is held on this node until `mailward health thaw`.";
                let change = repair_held(before, self.repairs.frozen.clone());
                Ok(ControlReply::Changed(Changed::by(1, text, vec![change])))
            }
            ControlRequest::Thaw { by } => Ok(ControlReply::Changed(self.thaw(by))),
            other => Err(Fault::unsupported(Role::Manager.name(), other.name())),
        }
    }

    /// A component that can be held: a receive connector there is, or all of transport.
    fn known_component(&self, component: &str) -> Result<(), Fault> {
        let Some(name) = component.strip_prefix("receive/") else {
            return Ok(());
        };
        let is_meant = |object: &Object| {
            object.name == name && matches!(object.spec, Spec::ReceiveConnector(_))
        };
        if self.objects.objects.iter().any(is_meant) {
            return Ok(());
        }
        Err(Fault::not_found(
            format!("there is no receive connector named {name:?}"),
            "`mailward receive-connector list` shows their names",
        )
        .at("component"))
    }

    /// The one fault of the manager's: a role's process is killed, as a crash would end it. The
    /// manager is not told of it in any other way than by its end.
    fn inject(&self, fault: &DrillFault) -> Result<ControlReply, Fault> {
        let DrillFault::KillRole { role } = fault else {
            return Err(Fault::unsupported(Role::Manager.name(), "this fault"));
        };
        if !self.config.allow_faults {
            return Err(Fault::new(
                FaultKind::Refused,
                "faults are not allowed on this node",
                "set allow_faults = true in mailward.toml and restart Mailward, where drills are wanted",
            ));
        }
        let running = self
            .children
            .get(role)
            .and_then(|child| child.running.as_ref());
        let Some(running) = running else {
            return Err(Fault::failed(format!("no process of the role {role} runs")));
        };
        self.events.emit(Event::FaultInjected {
            fault: fault.name().to_owned(),
            span_ms: 0,
        });
        running.signal(Sent::Kill);
        Ok(ControlReply::Done)
    }

    fn thaw(&mut self, by: String) -> Changed {
        let before = self.freezes.reason();
        let was_frozen = self.freezes.thaw();
        let was_safe = self.freezes.is_safe_mode();
        if was_safe && let Some(worker) = self.children.get_mut(&Role::Worker) {
            // The rest follows in this turn, as where it ends by itself.
            worker.supervision.thaw();
        }
        self.repairs.frozen = self.freezes.reason();
        if !was_frozen && !was_safe {
            return Changed::nothing(0, "Nothing was held.");
        }
        self.events.emit(Event::RepairThawed { by });
        let text = if was_safe {
            "Repair goes on; the worker leaves safe mode and is started with all its probes."
        } else {
            "Repair goes on."
        };
        let count = u64::from(was_frozen) + u64::from(was_safe);
        // Safe mode ends in this turn, a moment later.
        let change = repair_held(before, None);
        Changed::by(count, text, vec![change])
    }

    fn role_status(&self) -> RoleStatus {
        let revision = match &self.store {
            Some(store) => store.revision(),
            None => Revision(0),
        };
        role_status(Role::Manager, self.started_unix_ms, revision)
    }

    fn status(&self) -> ManagerStatus {
        let now = self.clock.monotonic();
        let children = CHILDREN.iter().filter_map(|role| {
            let child = self.children.get(role)?;
            let state = match child.supervision.state() {
                State::Absent { .. } => "backoff",
                State::Starting { .. } => "starting",
                State::Ready { .. } if child.supervision.is_safe_mode() => "safe mode",
                State::Ready { .. } => "running",
                State::Suspect { .. } => "suspect",
                State::Ending { .. } => "stopping",
                State::Stopped => "off",
            };
            Some(ChildStatus {
                role: *role,
                state: state.to_owned(),
                pid: child.running.as_ref().map(|running| running.pid),
                since_unix_ms: child.since_unix_ms,
                restarts: child.supervision.restarts(),
                heartbeat_age_ms: child
                    .heard
                    .map(|heard| now.saturating_sub(heard).as_millis() as u64),
                last_exit: child.last_exit.clone(),
                progress: child.supervision.progress(),
            })
        });
        ManagerStatus {
            role: self.role_status(),
            children: children.collect(),
            listening: self.sockets.addresses(),
            repairs: self.repairs.count(),
            holds: self.freezes.list(),
        }
    }
}

/// What holds repair as a whole, before and after.
fn repair_held(before: Option<String>, after: Option<String>) -> StateChange {
    StateChange::new("repair", "held", before, after)
}

fn no_ledger() -> Fault {
    Fault::failed("the repair ledger cannot be opened")
}
