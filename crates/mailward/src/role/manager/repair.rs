//! The manager's side of repair: the arbiter judges and writes down, this carries out.
//!
//! An act inside transport (a component) is asked for over the control channel by a task
//! of its own, so that a transport that hangs cannot hang the manager. An act on a process is the
//! supervision's.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::{Fault, FaultKind},
    view::{
        Hold, RepairFigures, RepairOutcome, RepairProposal, Requester, Responder, Verdict, Wanted,
        hold::SERVER_WIDE,
        rehearsal::GuardFacts,
        repair::{Carried, Ledger, RepairAct},
    },
};
use mailward_events::{Event, Events};
use mailward_health::arbiter::Around;
use mailward_host::clock::Clock;
use mailward_model::{Object, kind::HealthSettings};

use super::{act, book::Book, hold::Holding};
use crate::config::Config;

/// How long transport may take to carry an act out before it counts as failed.
const ACT_MAX: Duration = Duration::from_secs(5);
/// How long a proposal waits while the ledger cannot be opened.
const LEDGER_RETRY_MS: u64 = 10_000;
/// Entries given in one answer.
const ENTRIES_MAX: u32 = 1000;

/// Holds are told to transport this often, besides when they change.
const HOLDS_EVERY: Duration = Duration::from_secs(5);
/// Who holds what managed availability takes offline.
const OWNER: &str = "managed availability";

/// The announced restart of the machine.
struct Countdown {
    entry: u64,
    case: String,
    /// Monotonic.
    at: Duration,
    command: Vec<String>,
}

/// What is held where a component is taken offline: a receive connector alone, else all.
fn held(component: &str) -> String {
    if component.starts_with("receive/") {
        component.to_owned()
    } else {
        SERVER_WIDE.to_owned()
    }
}

/// Whether a folder takes files: of a file system that became read-only, nobody can write.
fn is_writable(dir: &Path) -> bool {
    let read_only = nix::sys::statvfs::statvfs(dir)
        .is_ok_and(|stat| stat.flags().contains(nix::sys::statvfs::FsFlags::ST_RDONLY));
    !read_only && nix::unistd::access(dir, nix::unistd::AccessFlags::W_OK).is_ok()
}

/// What is being repaired.
pub(super) struct Repairs {
    book: Book,
    /// What is held.
    pub(super) holding: Holding,
    /// Why repair is frozen, where it is.
    pub(super) frozen: Option<String>,
    countdown: Option<Countdown>,
    holds_due: Duration,
    events: Events,
    clock: Arc<dyn Clock>,
    data_dir: PathBuf,
    queue_dir: PathBuf,
    run_dir: PathBuf,
    node: String,
    /// The objects that may change the limits of a stage.
    objects: Vec<Object>,
    /// The restart of a process that was granted: its ledger entry and case, until it is back.
    restarting: Option<(Role, u64, String)>,
    /// The case of the last exit of each role that has not come back yet.
    exits: Vec<(Role, String)>,
}

impl Repairs {
    /// Opens the ledger, or goes without repairs until it can be opened.
    pub(super) fn new(config: &Config, events: &Events, clock: Arc<dyn Clock>) -> Repairs {
        let book = Book::open(config.health_dir().join("ledger.jsonl"), events, &clock);
        Repairs {
            holding: Holding::open(
                config.health_dir().join("holds.json"),
                config.run_dir.clone(),
                book.clone(),
                events.clone(),
                clock.clone(),
            ),
            frozen: None,
            countdown: None,
            holds_due: Duration::ZERO,
            events: events.clone(),
            clock,
            data_dir: config.data_dir.clone(),
            queue_dir: config.queue_dir(),
            book,
            run_dir: config.run_dir.clone(),
            node: config.hostname.to_string(),
            objects: Vec::new(),
            restarting: None,
            exits: Vec::new(),
        }
    }

    /// Judges by these objects' overrides from here on.
    pub(super) fn set_objects(&mut self, objects: &[Object]) {
        objects.clone_into(&mut self.objects);
    }

    /// Opens the ledger, where that failed before.
    pub(super) fn retry(&self) {
        self.book.retry(&self.events, &self.clock);
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
            shadow: false,
        }
    }

    /// Judges a proposal; what is granted and is not a process's restart is begun.
    pub(super) fn propose(
        &mut self,
        proposal: &RepairProposal,
        settings: &HealthSettings,
    ) -> Verdict {
        let holds = self.holding.all();
        let verdict = match self.book.arbiter() {
            Some(arbiter) => arbiter.propose(proposal, &self.around(settings, &holds)),
            None => self.without_ledger(proposal),
        };
        let Verdict::Granted { entry, .. } = &verdict else {
            return verdict;
        };
        let entry = *entry;
        match &proposal.act {
            RepairAct::RestartComponent { component } => {
                let component = component.clone();
                self.ask_transport(entry, ControlRequest::RestartComponent { component });
            }
            RepairAct::SoftReset { component } => {
                let component = component.clone();
                self.ask_transport(entry, ControlRequest::SoftReset { component });
            }
            RepairAct::Respond {
                responder,
                component,
            } => self.respond(entry, *responder, component, settings),
            RepairAct::Offline => {
                let hold = Hold {
                    component: held(&proposal.component),
                    requester: Requester::HealthApi,
                    wanted: Wanted::Inactive,
                    owner: OWNER.to_owned(),
                    reason: proposal.reason.clone(),
                    since_unix_ms: self.clock.unix_ms(),
                    expires_unix_ms: None,
                    case: Some(proposal.case.clone()),
                    cause: proposal.cause.clone(),
                };
                let held = self.holding.set(hold).map(|changed| changed.text);
                self.tell(entry, held);
            }
            RepairAct::Online => {
                let component = held(&proposal.component);
                let requester = Requester::HealthApi;
                let done =
                    self.holding
                        .release(&component, requester, false, OWNER, &proposal.reason);
                match done {
                    // A person, its time or a storm has ended it before.
                    Err(fault) if fault.kind == FaultKind::NotFound => {
                        self.book.acted(entry, Ok("nothing was held any more"));
                    }
                    done => {
                        self.tell(
                            entry,
                            done.map(|ended| format!("{} holds ended", ended.count)),
                        );
                    }
                }
            }
            RepairAct::RestartServer => self.announce(entry, proposal, settings),
            RepairAct::RestartProcess { role } => {
                self.restarting = Some((*role, entry, proposal.case.clone()));
            }
            // The worker has the channels; the grant is what it waits for.
            RepairAct::Alert => self.book.acted(entry, Ok("handed to the alert channels")),
        }
        verdict
    }

    fn around<'a>(&'a self, settings: &'a HealthSettings, holds: &'a [Hold]) -> Around<'a> {
        Around {
            settings,
            frozen: self.frozen.as_deref(),
            holds,
            queue_writable: is_writable(&self.queue_dir),
            node: &self.node,
            objects: &self.objects,
        }
    }

    /// What the guard looks at now.
    pub(super) fn facts(&self, settings: &HealthSettings) -> Option<GuardFacts> {
        let holds = self.holding.all();
        let arbiter = self.book.arbiter()?;
        Some(arbiter.facts(&self.around(settings, &holds)))
    }

    /// How carrying out an act goes.
    pub(super) fn carried(&self, entry: u64) -> Option<Carried> {
        Some(self.book.arbiter()?.carried(entry))
    }

    fn tell(&self, entry: u64, done: Result<String, Fault>) {
        match done {
            Ok(text) => self.book.acted(entry, Ok(&text)),
            Err(fault) => self.book.acted(entry, Err(&fault.error)),
        }
    }

    /// Asks transport for an act, by a task of its own.
    fn ask_transport(&self, entry: u64, request: ControlRequest) {
        let book = self.book.clone();
        let socket = Role::Transport.socket(&self.run_dir);
        tokio::spawn(async move {
            match control::call(&socket, &request, ACT_MAX).await {
                Ok(ControlReply::Changed(changed)) => book.acted(entry, Ok(&changed.text)),
                Ok(_) => book.acted(entry, Ok("transport carried it out")),
                Err(error) => book.acted(entry, Err(&error.to_string())),
            }
        });
    }

    fn respond(
        &self,
        entry: u64,
        responder: Responder,
        component: &str,
        settings: &HealthSettings,
    ) {
        let book = self.book.clone();
        let finish = move |done: Result<String, String>| match done {
            Ok(text) => book.acted(entry, Ok(&text)),
            Err(text) => book.acted(entry, Err(&text)),
        };
        match responder {
            Responder::Command => {
                let commands = &settings.repair_commands;
                let found = commands.iter().find(|one| one.component == component);
                let command = found.map(|one| one.command.clone()).unwrap_or_default();
                tokio::spawn(async move { finish(act::run(&command).await) });
            }
            Responder::FreeDisk => {
                let (rules, keep) = (settings.free_disk.clone(), settings.free_disk_keep.get());
                let (data, events) = (self.data_dir.clone(), self.events.clone());
                tokio::task::spawn_blocking(move || {
                    let places = act::Places {
                        events: data.join("events"),
                        tracking: data.join("tracking"),
                        hangs: data.join("hangs"),
                        copies: data.join("copies"),
                    };
                    finish(act::free_disk(&rules, keep, &places, &events));
                });
            }
            responder => {
                let component = component.to_owned();
                let request = ControlRequest::Respond {
                    responder,
                    component,
                };
                self.ask_transport(entry, request);
            }
        }
    }

    /// Begins the countdown to the restart of the machine.
    fn announce(&mut self, entry: u64, proposal: &RepairProposal, settings: &HealthSettings) {
        let wait = settings.restart_server_countdown.get();
        self.events.emit(Event::ServerRestartAnnounced {
            case: proposal.case.clone(),
            seconds: wait.as_secs(),
            because: proposal.reason.clone(),
        });
        self.countdown = Some(Countdown {
            entry,
            case: proposal.case.clone(),
            at: self.clock.monotonic() + wait,
            command: settings.restart_server_command.clone(),
        });
    }

    /// Ends the countdown.
    pub(super) fn cancel_restart(&mut self, by: &str, reason: &str) -> Result<String, Fault> {
        let Some(countdown) = self.countdown.take() else {
            return Err(Fault::not_found(
                "no restart of this machine is announced",
                "`mailward health` shows open cases",
            ));
        };
        let text = format!("cancelled by {by}: {reason}");
        self.book.acted(countdown.entry, Err(&text));
        self.events.emit(Event::ServerRestartCancelled {
            by: by.to_owned(),
            reason: reason.to_owned(),
        });
        Ok(format!("The restart for {} is cancelled.", countdown.case))
    }

    /// When the countdown is over.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        self.countdown.as_ref().map(|countdown| countdown.at)
    }

    /// Carries out what is due.
    pub(super) fn tick(&mut self) {
        let now = self.clock.monotonic();
        if now >= self.holds_due {
            self.holds_due = now + HOLDS_EVERY;
            self.holding.tick();
        }
        if let Some(countdown) = self.countdown.take_if(|countdown| countdown.at <= now) {
            self.events.emit(Event::ServerRestartBegun {
                case: countdown.case,
                command: countdown.command.join(" "),
            });
            let book = self.book.clone();
            tokio::spawn(async move {
                // Where it works, the boot tells; the intent stays open until then.
                if let Err(error) = act::run(&countdown.command).await {
                    book.acted(countdown.entry, Err(&error));
                }
            });
        }
    }

    /// What would be said to a proposal; nothing is written or done.
    pub(super) fn weigh(&self, proposal: &RepairProposal, settings: &HealthSettings) -> Verdict {
        let holds = self.holding.all();
        match self.book.arbiter() {
            Some(arbiter) => arbiter.weigh(proposal, &self.around(settings, &holds)),
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
        let Some(arbiter) = self.book.arbiter() else {
            return;
        };
        let case = arbiter.record_exit(role, pid, &text, case);
        self.exits.retain(|(known, _)| *known != role);
        self.exits.push((role, case));
    }

    /// A role serves (again).
    pub(super) fn ready(&mut self, role: Role, pid: u32, took: Duration) {
        if role == Role::Transport {
            self.holding.push();
        }
        if let Some((_, entry, _)) = self
            .restarting
            .take_if(|(restarting, ..)| *restarting == role)
        {
            self.book.acted(entry, Ok("a new process serves"));
        }
        if let Some(at) = self.exits.iter().position(|(known, _)| *known == role) {
            let (_, case) = self.exits.remove(at);
            let text = format!(
                "process {pid} serves, {} ms after its start; its sockets were open all the time",
                took.as_millis()
            );
            if let Some(arbiter) = self.book.arbiter() {
                arbiter.record_step(&case, role, "ready", &text);
            }
        }
    }

    /// What a repair has led to.
    pub(super) fn outcome(&self, outcome: &RepairOutcome) {
        if let Some(arbiter) = self.book.arbiter() {
            arbiter.record_outcome(outcome);
        }
    }

    /// The ledger's newest entries and what the budgets still allow.
    pub(super) fn ledger(&self, limit: u32, settings: &HealthSettings) -> Ledger {
        let Some(arbiter) = self.book.arbiter() else {
            return Ledger {
                entries: Vec::new(),
                budgets: Vec::new(),
            };
        };
        let holds = self.holding.all();
        arbiter.ledger(
            limit.min(ENTRIES_MAX) as usize,
            &self.around(settings, &holds),
        )
    }

    /// Acts begun.
    pub(super) fn count(&self) -> u64 {
        self.book.arbiter().map_or(0, |arbiter| arbiter.repairs())
    }

    /// Acts by outcome, and what the budgets still allow; none where the ledger cannot be read.
    pub(super) fn figures(&self, settings: &HealthSettings) -> Option<RepairFigures> {
        let arbiter = self.book.arbiter()?;
        let holds = self.holding.all();
        Some(arbiter.figures(&self.around(settings, &holds)))
    }
}
