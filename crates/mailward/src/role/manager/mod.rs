//! The manager: the health manager service, what `mailward serve` starts.
//!
//! It opens the listening sockets, starts the other roles or takes over those that an earlier
//! manager left behind, hands them the sockets, hears their heartbeats, and carries out the repairs
//! that its arbiter grants. Everything it knows changes in one loop, so that no two acts can cross.
//!
//! Never here: parsing anything that a stranger sent. Nothing that ends, hangs or cannot be read
//! ends the manager: it works by what it had last, says so, and tries again.

mod act;
mod answer;
mod book;
mod child;
mod children;
mod freeze;
mod hang;
mod heartbeat;
mod hold;
mod kept;
mod objects;
mod own_sockets;
mod policy;
mod repair;
mod sockets;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::Fault,
};
use mailward_events::{Event, Events};
use mailward_health::{
    Now,
    alert::{Alert, AlertKind, desk::Alerter},
    group::Votes,
};
use mailward_host::{
    clock::{Clock, SystemClock},
    notify,
};
use mailward_model::{Revision, kind::HealthSettings};
use mailward_store::{Standing, Store, Turn, Turns};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::kept::find_config;
use self::{
    child::ChildEvent,
    children::Child,
    freeze::Freezes,
    heartbeat::Heartbeat,
    kept::{FoundConfig, Kept, KeptObjects},
    own_sockets::OwnSockets,
    repair::Repairs,
    sockets::Sockets,
};
use crate::{
    config::Config,
    role::{
        RoleError,
        supervise::{CRASH_WINDOW, State},
    },
};

/// The roles the manager starts, in this order: mail first. The enforcer only where it is asked for.
const CHILDREN: [Role; 4] = [Role::Transport, Role::Access, Role::Worker, Role::Enforcer];
/// How often the manager's loop comes round at the least: its children count its turns.
const TURN_MAX: Duration = Duration::from_secs(1);
/// A turn that took so long means that the manager itself did not run.
const GAP_MIN: Duration = Duration::from_secs(3);
/// How often what failed is tried again: sockets, the store, the ledger.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// What the loop waits for.
enum Input {
    Child(ChildEvent),
    Control(
        Box<ControlRequest>,
        oneshot::Sender<Result<ControlReply, Fault>>,
    ),
    Objects(Turn),
    /// The database of the objects is away, or is back.
    Standing,
    Stop(&'static str),
    Turn,
}

struct Manager {
    config: Config,
    /// What the roles read.
    config_copy: PathBuf,
    program: PathBuf,
    user: Option<(u32, u32)>,
    events: Events,
    clock: Arc<dyn Clock>,
    /// Unset while it cannot be opened.
    store: Option<Store>,
    turns_of_objects: Option<Turns>,
    /// The objects that were read last.
    revision: Option<Revision>,
    standing: Option<watch::Receiver<Standing>>,
    /// Since when the database of the objects is away.
    away_since: Option<Duration>,
    objects: KeptObjects,
    /// What policies came to at the last look.
    policies: Option<mailward_model::policy::PolicyResult>,
    objects_fail: bool,
    kept: Kept,
    settings: HealthSettings,
    sockets: Sockets,
    own: OwnSockets,
    children: BTreeMap<Role, Child>,
    child_events: mpsc::UnboundedSender<ChildEvent>,
    repairs: Repairs,
    freezes: Freezes,
    /// This node's vote on which member of its group may take something away.
    votes: Votes,
    /// For what the worker cannot tell: that it falls over itself.
    alerter: Alerter,
    heartbeat: Heartbeat,
    started_unix_ms: u64,
    turns: u64,
    last_turn: Duration,
    retry_due: Duration,
    announced: bool,
    stopping: bool,
}

/// Runs the manager until it is told to stop.
///
/// # Errors
/// What keeps it from starting: a folder, its event log, its control socket.
pub(crate) async fn run(found: FoundConfig, config_path: PathBuf) -> Result<(), RoleError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    super::prepare_folders(&found.config)?;
    let events = super::events(&found.config, Role::Manager)?;
    events.emit(Event::ManagerStarted {
        version: env!("CARGO_PKG_VERSION").into(),
        config: config_path.display().to_string(),
    });
    let (child_events, mut from_children) = mpsc::unbounded_channel();
    let (requests, mut from_control) = mpsc::channel::<(ControlRequest, oneshot::Sender<_>)>(64);
    let socket = Role::Manager.socket(&found.config.run_dir);
    // The roles ask the manager for repairs, and may be of another user than it.
    let roles_user = super::user(&found.config)?.map(|(uid, _)| uid);
    let _control = control::serve_for(&socket, roles_user, move |request: ControlRequest| {
        let requests = requests.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            let gone = || Fault::failed("the manager is on its way out");
            requests.send((request, answer)).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        }
    })
    .map_err(|error| RoleError::start("the control socket", error))?;
    let mut manager = Manager::new(found, &config_path, events, clock, child_events)?;
    manager.begin();
    let mut stop = Stop::new()?;
    manager.tick();
    while !manager.is_done() {
        let wait = manager.until_next_turn();
        let input = tokio::select! {
            Some(event) = from_children.recv() => Input::Child(event),
            Some((request, answer)) = from_control.recv() => Input::Control(Box::new(request), answer),
            turn = turn_of(&mut manager.turns_of_objects) => Input::Objects(turn),
            () = changed(&mut manager.standing) => Input::Standing,
            because = stop.asked() => Input::Stop(because),
            () = tokio::time::sleep(wait) => Input::Turn,
        };
        manager.excuse_own_gap();
        manager.take(input);
        manager.tick();
    }
    manager.events.flush();
    Ok(())
}

/// Waits until it is time to look at the objects; for ever, where there are none.
async fn turn_of(turns: &mut Option<Turns>) -> Turn {
    if let Some(turns) = turns
        && let Some(turn) = turns.next().await
    {
        return turn;
    }
    std::future::pending().await
}

/// Waits for a change of what the store tells; for ever, where there is none.
async fn changed<T>(told: &mut Option<watch::Receiver<T>>) {
    if let Some(told) = told
        && told.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

impl Manager {
    fn new(
        found: FoundConfig,
        config_path: &std::path::Path,
        events: Events,
        clock: Arc<dyn Clock>,
        child_events: mpsc::UnboundedSender<ChildEvent>,
    ) -> Result<Manager, RoleError> {
        let user = super::user(&found.config)?;
        let kept = Kept::new(&found.config, user, &events);
        let config_copy = kept.keep_config(config_path, &found);
        if let Some((copy, because)) = &found.copy_because {
            events.emit(Event::LastGoodConfigurationUsed {
                path: config_path.display().to_string(),
                error: because.clone(),
                copy: copy.display().to_string(),
            });
        }
        let config = found.config;
        let now_unix_ms = clock.unix_ms();
        let freezes = Freezes::open(&config, &events, now_unix_ms);
        let mut repairs = Repairs::new(&config, &events, Arc::clone(&clock));
        repairs.frozen = freezes.reason();
        Ok(Manager {
            config_copy,
            program: std::env::current_exe()
                .map_err(|error| RoleError::start("this program's own path", error))?,
            user,
            store: None,
            turns_of_objects: None,
            revision: None,
            standing: None,
            away_since: None,
            objects: KeptObjects::default(),
            policies: None,
            objects_fail: false,
            kept,
            settings: HealthSettings::default(),
            sockets: Sockets::default(),
            own: OwnSockets::default(),
            children: BTreeMap::new(),
            child_events,
            repairs,
            freezes,
            votes: Votes::new(Now::of(&*clock)),
            alerter: Alerter::new(
                config.hostname.as_str(),
                // A book of its own: the worker's is the worker's alone.
                &config.last_good_dir(),
                Default::default(),
                Default::default(),
                events.clone(),
            ),
            heartbeat: Heartbeat::new(&config.health_dir(), &events),
            started_unix_ms: now_unix_ms,
            turns: 0,
            last_turn: clock.monotonic(),
            retry_due: Duration::ZERO,
            announced: false,
            stopping: false,
            config,
            events,
            clock,
        })
    }

    /// Takes over what runs, reads the objects, opens what is missing.
    fn begin(&mut self) {
        for role in CHILDREN {
            let wanted = role != Role::Enforcer || self.config.needs_enforcer();
            // One that an earlier manager was asked for is ended.
            let is_left = || super::standing::lifeline_path(role, &self.config).exists();
            if wanted || is_left() {
                self.adopt(role);
            }
            if !wanted {
                self.end(role, false, "neither firewall nor groups is set any more");
            }
        }
        self.read_objects();
        self.open_own_sockets();
        if self.freezes.is_safe_mode()
            && let Some(worker) = self.children.get_mut(&Role::Worker)
        {
            worker.supervision.resume_safe_mode();
        }
        // A role that was taken over may serve already.
        self.announce();
        self.last_turn = self.clock.monotonic();
    }

    fn failing(&self, operation: &str, error: &dyn std::error::Error) {
        self.events.emit(Event::RoleStartFailed {
            child: Role::Manager.to_string(),
            error: format!("it cannot {operation}: {}", super::chain(error)),
        });
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Child(event) => self.child_event(event),
            Input::Control(request, answer) => {
                let reply = self.answer(*request);
                // Who asked may have gone: the request is carried out all the same.
                let _ = answer.send(reply);
            }
            Input::Objects(turn) => self.turn_to_objects(turn),
            Input::Standing => self.tell_standing(),
            Input::Stop(because) => self.stop(because),
            Input::Turn => {}
        }
    }

    fn is_done(&self) -> bool {
        self.stopping && self.children.values().all(|child| child.running.is_none())
    }

    fn until_next_turn(&self) -> Duration {
        let now = self.clock.monotonic();
        let due = self
            .children
            .values()
            .filter_map(|child| child.supervision.next_tick())
            .chain(self.repairs.next_tick())
            .min();
        let turn_max = self.heartbeat.turn_max(TURN_MAX);
        due.map_or(turn_max, |due| due.saturating_sub(now).min(turn_max))
    }

    /// Where the manager itself did not run (it was stopped, or its disk held it up), what its
    /// children said meanwhile is not heard yet: nobody is blamed for that silence.
    fn excuse_own_gap(&mut self) {
        let now = self.clock.monotonic();
        let gap = now.saturating_sub(self.last_turn);
        if gap > GAP_MIN {
            for child in self.children.values_mut() {
                child.supervision.excuse(gap);
            }
        }
        self.last_turn = now;
    }

    /// Carries out whatever is due.
    fn tick(&mut self) {
        let now = self.clock.monotonic();
        self.turns += 1;
        self.repairs.tick();
        for role in CHILDREN {
            self.supervise(role, now);
        }
        if now >= self.retry_due && !self.stopping {
            self.retry_due = now + RETRY_EVERY;
            self.retry();
        }
        // No probe is run here: it gives no signs of life, and tells what is raised.
        self.alerter.tick(Now::of(&*self.clock), 0, u64::MAX);
        self.heartbeat.turn(now);
    }

    /// Tries again what failed.
    fn retry(&mut self) {
        if self.objects_fail {
            self.read_objects();
        } else if self.sockets.are_missing() {
            self.reopen_sockets();
        }
        if !self.own.are_all_open(&self.config) && self.open_own_sockets() {
            self.end(Role::Access, true, "its sockets could be opened");
        }
        self.repairs.retry();
        let now = self.clock.monotonic();
        for role in [Role::Transport, Role::Access] {
            let served = self.children.get(&role).and_then(|child| {
                let State::Ready { since } = child.supervision.state() else {
                    return None;
                };
                Some(now.saturating_sub(since))
            });
            if served.is_some_and(|served| served > CRASH_WINDOW) {
                self.alert_over(role, "it has served for ten minutes without an end");
            }
        }
    }

    /// Tells systemd that mail is served, once.
    fn announce(&mut self) {
        let ready = |child: &Child| matches!(child.supervision.state(), State::Ready { .. });
        if !self.announced && self.children.get(&Role::Transport).is_some_and(ready) {
            self.announced = true;
            let _ = notify::ready();
        }
    }

    fn stop(&mut self, because: &str) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        let _ = notify::stopping();
        self.events.emit(Event::ManagerStopping {
            because: because.into(),
        });
        for role in CHILDREN {
            self.end(role, false, because);
        }
    }

    /// Tells a person, by the channels that do not use the queue. The worker cannot: it is what
    /// this is about.
    fn alert(&mut self, role: Role, text: &str, seen: &str, event: u16) {
        let now = self.clock.unix_ms();
        let alert = Alert {
            kind: AlertKind::NeedsPerson,
            node: self.config.hostname.to_string(),
            case: alert_case(role),
            component: role.to_string(),
            set: "Monitoring".to_owned(),
            monitors: Vec::new(),
            effect: "Mail flows; what the role does is broken off again and again.".to_owned(),
            tried: Vec::new(),
            todo: vec![format!(
                "`mailward event list`: look at the ends of the role {role} and mend their cause"
            )],
            unix_ms: now,
            since_unix_ms: now,
            text: text.to_owned(),
            cause: None,
            drill: None,
            seen: seen.to_owned(),
            explain: format!("mailward explain {event}"),
        };
        self.alerter.raise(alert, now);
    }

    /// Tells those who were told of a role that it is over.
    fn alert_over(&mut self, role: Role, text: &str) {
        let now = self.clock.unix_ms();
        self.alerter.over(&alert_case(role), text, now);
    }
}

/// One alert for each role that falls over, however often it does.
fn alert_case(role: Role) -> String {
    format!("falls-over-{role}")
}

/// The signals that end the manager.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Stop, RoleError> {
        use tokio::signal::unix::{SignalKind, signal};
        let open = |kind| signal(kind).map_err(|error| RoleError::start("signal handling", error));
        Ok(Stop {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
        })
    }

    /// Waits for one, and says which it was. Cancel-safe.
    async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
