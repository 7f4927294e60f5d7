//! The manager's side of repair: the arbiter judges and writes down, this carries out.
//!
//! An act inside transport (a component, the gate) is asked for over the control channel by a task
//! of its own, so that a transport that hangs cannot hang the manager. An act on a process is the
//! supervision's.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    control::{self, ControlRequest, Role},
    view::{
        RepairFigures, RepairOutcome, RepairProposal, Verdict,
        repair::{Ledger, RepairAct},
    },
};
use mailward_events::{Event, Events};
use mailward_health::arbiter::Arbiter;
use mailward_host::clock::Clock;
use mailward_model::kind::HealthSettings;

use crate::{config::Config, role::chain};

/// How long transport may take to carry an act out before it counts as failed.
const ACT_MAX: Duration = Duration::from_secs(5);
/// How long a proposal waits while the ledger cannot be opened.
const LEDGER_RETRY_MS: u64 = 10_000;
/// Entries given in one answer.
const ENTRIES_MAX: u32 = 1000;

/// What is being repaired.
pub(super) struct Repairs {
    /// Unset while the ledger cannot be opened.
    arbiter: Option<Arc<Arbiter>>,
    path: PathBuf,
    events: Events,
    clock: Arc<dyn Clock>,
    hold: Option<String>,
    run_dir: PathBuf,
    /// The restart of a process that was granted: its ledger entry and case, until it is back.
    restarting: Option<(Role, u64, String)>,
    /// The case of the last exit of each role that has not come back yet.
    exits: Vec<(Role, String)>,
}

impl Repairs {
    /// Opens the ledger, or goes without repairs until it can be opened.
    pub(super) fn new(config: &Config, events: &Events, clock: Arc<dyn Clock>) -> Repairs {
        let mut repairs = Repairs {
            arbiter: None,
            path: config.health_dir().join("ledger.jsonl"),
            events: events.clone(),
            clock,
            hold: None,
            run_dir: config.run_dir.clone(),
            restarting: None,
            exits: Vec::new(),
        };
        repairs.retry();
        repairs
    }

    /// Opens the ledger, where that failed before.
    pub(super) fn retry(&mut self) {
        if self.arbiter.is_some() {
            return;
        }
        match Arbiter::open(&self.path, Arc::clone(&self.clock), self.events.clone()) {
            Ok(arbiter) => {
                arbiter.set_hold(self.hold.clone());
                self.arbiter = Some(Arc::new(arbiter));
            }
            Err(error) => self.events.emit(Event::LedgerUnavailable {
                path: self.path.display().to_string(),
                error: chain(&error),
            }),
        }
    }

    /// Holds repair as a whole, with the reason for it, or lets it go on.
    pub(super) fn set_hold(&mut self, hold: Option<String>) {
        if let Some(arbiter) = &self.arbiter {
            arbiter.set_hold(hold.clone());
        }
        self.hold = hold;
    }

    /// The word on a proposal that cannot be written down: nothing but what takes nothing away.
    fn without_ledger(&self, proposal: &RepairProposal) -> Verdict {
        let reasons = vec!["ledger: it cannot be opened".to_owned()];
        if matches!(proposal.act, RepairAct::Online | RepairAct::Alert) {
            return Verdict::Granted { entry: 0, reasons };
        }
        let until_unix_ms = Some(self.clock.unix_ms() + LEDGER_RETRY_MS);
        Verdict::Denied {
            reasons,
            until_unix_ms,
        }
    }

    /// Judges a proposal; what is granted and is not a process's restart is begun.
    pub(super) fn propose(
        &mut self,
        proposal: &RepairProposal,
        settings: &HealthSettings,
    ) -> Verdict {
        let Some(arbiter) = &self.arbiter else {
            return self.without_ledger(proposal);
        };
        let verdict = arbiter.propose(proposal, settings);
        let Verdict::Granted { entry, .. } = &verdict else {
            return verdict;
        };
        let request = match &proposal.act {
            RepairAct::RestartComponent { component } => ControlRequest::RestartComponent {
                component: component.clone(),
            },
            RepairAct::Offline => ControlRequest::SetGate {
                closed: true,
                reason: proposal.reason.clone(),
            },
            RepairAct::Online => ControlRequest::SetGate {
                closed: false,
                reason: proposal.reason.clone(),
            },
            RepairAct::RestartProcess { role } => {
                self.restarting = Some((*role, *entry, proposal.case.clone()));
                return verdict;
            }
            // The worker has the channels; the grant is what it waits for.
            RepairAct::Alert => {
                arbiter.acted(*entry, Ok("handed to the alert channels"));
                return verdict;
            }
        };
        let (arbiter, entry) = (Arc::clone(arbiter), *entry);
        let socket = Role::Transport.socket(&self.run_dir);
        tokio::spawn(async move {
            match control::call(&socket, &request, ACT_MAX).await {
                Ok(_) => arbiter.acted(entry, Ok("transport carried it out")),
                Err(error) => arbiter.acted(entry, Err(&error.to_string())),
            }
        });
        verdict
    }

    /// What would be said to a proposal; nothing is written or done.
    pub(super) fn weigh(&self, proposal: &RepairProposal, settings: &HealthSettings) -> Verdict {
        match &self.arbiter {
            Some(arbiter) => arbiter.weigh(proposal, settings),
            None => self.without_ledger(proposal),
        }
    }

    /// The role whose process is to be restarted, where that was granted.
    pub(super) fn role_to_restart(
        &self,
        proposal: &RepairProposal,
        verdict: &Verdict,
    ) -> Option<Role> {
        match (&proposal.act, verdict) {
            (RepairAct::RestartProcess { role }, Verdict::Granted { .. }) => Some(*role),
            _ => None,
        }
    }

    /// A role's process ended and will be started again. `because` says why the manager ended it.
    pub(super) fn exited(&mut self, role: Role, pid: u32, status: &str, because: Option<&str>) {
        let case = self
            .restarting
            .as_ref()
            .filter(|(restarting, ..)| *restarting == role)
            .map(|(.., case)| case.as_str());
        let text = match because {
            Some(because) => format!("{status}; ended by the manager: {because}"),
            None => status.to_owned(),
        };
        let Some(arbiter) = &self.arbiter else {
            return;
        };
        let case = arbiter.record_exit(role, pid, &text, case);
        self.exits.retain(|(known, _)| *known != role);
        self.exits.push((role, case));
    }

    /// A role serves (again).
    pub(super) fn ready(&mut self, role: Role, pid: u32, took: Duration) {
        let Some(arbiter) = &self.arbiter else {
            return;
        };
        if let Some((_, entry, _)) = self
            .restarting
            .take_if(|(restarting, ..)| *restarting == role)
        {
            arbiter.acted(entry, Ok("a new process serves"));
        }
        if let Some(at) = self.exits.iter().position(|(known, _)| *known == role) {
            let (_, case) = self.exits.remove(at);
            let text = format!(
                "process {pid} serves, {} ms after its start; its sockets were open all the time",
                took.as_millis()
            );
            arbiter.record_step(&case, role, "ready", &text);
        }
    }

    /// What a repair has led to.
    pub(super) fn outcome(&self, outcome: &RepairOutcome) {
        if let Some(arbiter) = &self.arbiter {
            arbiter.record_outcome(outcome);
        }
    }

    /// The ledger's newest entries and what the budgets still allow.
    pub(super) fn ledger(&self, limit: u32, settings: &HealthSettings) -> Ledger {
        let Some(arbiter) = &self.arbiter else {
            return Ledger {
                entries: Vec::new(),
                budgets: Vec::new(),
            };
        };
        arbiter.ledger(limit.min(ENTRIES_MAX) as usize, settings)
    }

    /// Acts begun.
    pub(super) fn count(&self) -> u64 {
        self.arbiter.as_ref().map_or(0, |arbiter| arbiter.repairs())
    }

    /// Acts by outcome, and what the budgets still allow; none where the ledger cannot be read.
    pub(super) fn figures(&self, settings: &HealthSettings) -> Option<RepairFigures> {
        let arbiter = self.arbiter.as_ref()?;
        Some(arbiter.figures(settings))
    }
}
