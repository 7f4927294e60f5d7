//! The manager: the health manager service, what `mailward serve` starts.
//!
//! It opens the listening sockets, starts the other roles, hands them the sockets, hears their
//! heartbeats, and carries out the repairs that its arbiter grants. Everything it knows changes in
//! one loop, so that no two acts can cross.
//!
//! Never here: parsing anything that a stranger sent.

mod act;
mod answer;
mod child;
mod hold;
mod repair;
mod sockets;

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixListener,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::Fault,
};
use mailward_events::{Event, Events};
use mailward_health::{Now, group::Votes};
use mailward_host::{
    clock::{Clock, SystemClock},
    listen,
    process::{Launch, notify},
};
use mailward_model::kind::{HealthSettings, ReceiveConnector};
use mailward_store::Store;
use tokio::sync::{mpsc, oneshot};

use self::{
    child::{ChildEvent, Running, What},
    repair::Repairs,
    sockets::Sockets,
};
use crate::{
    config::Config,
    role::{
        RoleError,
        supervise::{Act, Sent, State, Supervision},
    },
};

/// The roles the manager starts, in this order: mail first.
const CHILDREN: [Role; 3] = [Role::Transport, Role::Access, Role::Worker];
/// How often the manager looks at clocks that no event announces, at the latest.
const TURN_MAX: Duration = Duration::from_secs(5);

/// The same where systemd wants heartbeats: thrice within its limit.
fn turn_max() -> Duration {
    notify::watchdog_interval().map_or(TURN_MAX, |limit| (limit / 3).min(TURN_MAX))
}

/// One role under supervision.
#[derive(Debug)]
struct Child {
    supervision: Supervision,
    running: Option<Running>,
    since_unix_ms: u64,
    started: Duration,
    heard: Option<Duration>,
    last_exit: Option<String>,
    /// Why it is being ended, where the manager ends it.
    ending_because: Option<String>,
}

/// What the loop waits for.
enum Input {
    Child(ChildEvent),
    Control(
        Box<ControlRequest>,
        oneshot::Sender<Result<ControlReply, Fault>>,
    ),
    Objects,
    Stop(&'static str),
    Turn,
}

struct Manager {
    config: Config,
    config_path: PathBuf,
    program: PathBuf,
    user: Option<(u32, u32)>,
    events: Events,
    clock: Arc<dyn Clock>,
    store: Store,
    settings: HealthSettings,
    sockets: Sockets,
    admin: UnixListener,
    http: Option<TcpListener>,
    agent: Option<TcpListener>,
    children: BTreeMap<Role, Child>,
    child_events: mpsc::UnboundedSender<ChildEvent>,
    repairs: Repairs,
    /// This node's vote on which member of its group may take something away.
    votes: Votes,
    started_unix_ms: u64,
    announced: bool,
    stopping: bool,
    turn_max: Duration,
    /// When systemd is told next that the manager lives.
    heartbeat_due: Duration,
}

/// Runs the manager until it is told to stop.
///
/// # Errors
/// What keeps it from starting: the store, a folder, a socket of its own.
pub(crate) async fn run(config: Config, config_path: PathBuf) -> Result<(), RoleError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    super::prepare_folders(&config)?;
    let events = super::events(&config, Role::Manager)?;
    events.emit(Event::ManagerStarted {
        version: env!("CARGO_PKG_VERSION").into(),
        config: config_path.display().to_string(),
    });
    let store = super::store(&config)?;
    let (child_events, mut from_children) = mpsc::unbounded_channel();
    let (requests, mut from_control) = mpsc::channel::<(ControlRequest, oneshot::Sender<_>)>(64);
    let socket = Role::Manager.socket(&config.run_dir);
    // The roles ask the manager for repairs, and may be of another user than it.
    let roles_user = super::user(&config)?.map(|(uid, _)| uid);
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
    let admin = control::bind(&config.run_dir.join("admin.sock"))
        .map_err(|error| RoleError::start("the admin socket", error))?;
    let http = open_address("http", config.http)?;
    let agent = open_address("agent", config.agent)?;
    let mut objects = store.subscribe();
    let settings = super::health_settings(&store);
    let mut manager = Manager {
        program: std::env::current_exe()
            .map_err(|error| RoleError::start("this program's own path", error))?,
        user: super::user(&config)?,
        repairs: Repairs::open(&config, &events, Arc::clone(&clock))?,
        votes: Votes::new(Now::of(&*clock)),
        started_unix_ms: clock.unix_ms(),
        children: BTreeMap::new(),
        sockets: Sockets::default(),
        announced: false,
        stopping: false,
        turn_max: turn_max(),
        heartbeat_due: Duration::ZERO,
        config,
        config_path,
        events,
        clock,
        store,
        settings,
        admin,
        http,
        agent,
        child_events,
    };
    manager.reopen_sockets();
    for role in CHILDREN {
        let now = manager.clock.monotonic();
        manager.children.insert(
            role,
            Child {
                supervision: Supervision::new(now, manager.settings.heartbeat_timeout.get()),
                running: None,
                since_unix_ms: manager.clock.unix_ms(),
                started: now,
                heard: None,
                last_exit: None,
                ending_because: None,
            },
        );
    }
    let mut stop = Stop::new()?;
    manager.tick();
    while !manager.is_done() {
        let wait = manager.until_next_turn();
        let input = tokio::select! {
            Some(event) = from_children.recv() => Input::Child(event),
            Some((request, answer)) = from_control.recv() => Input::Control(Box::new(request), answer),
            Ok(()) = objects.changed() => Input::Objects,
            because = stop.asked() => Input::Stop(because),
            () = tokio::time::sleep(wait) => Input::Turn,
        };
        manager.take(input);
        manager.tick();
    }
    manager.events.flush();
    Ok(())
}

/// Opens an address of `mailward.toml`, where one is set.
fn open_address(key: &str, address: Option<SocketAddr>) -> Result<Option<TcpListener>, RoleError> {
    let Some(address) = address else {
        return Ok(None);
    };
    listen::bind(address)
        .map(Some)
        .map_err(|error| RoleError::start(&format!("the address {address} of `{key}`"), error))
}

impl Manager {
    fn take(&mut self, input: Input) {
        match input {
            Input::Child(event) => self.child_event(event),
            Input::Control(request, answer) => {
                let reply = self.answer(*request);
                // Who asked may have gone: the request is carried out all the same.
                let _ = answer.send(reply);
            }
            Input::Objects => {
                self.settings = super::health_settings(&self.store);
                for child in self.children.values_mut() {
                    child
                        .supervision
                        .set_heartbeat_timeout(self.settings.heartbeat_timeout.get());
                }
                self.reopen_sockets();
            }
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
        let turn_max = self.turn_max;
        due.map_or(turn_max, |due| due.saturating_sub(now).min(turn_max))
    }

    /// Carries out whatever is due, for each role.
    fn tick(&mut self) {
        let now = self.clock.monotonic();
        self.repairs.tick();
        for role in CHILDREN {
            let Some(child) = self.children.get_mut(&role) else {
                continue;
            };
            let silent = match child.supervision.state() {
                State::Ready { heard, .. } => Some(now.saturating_sub(heard)),
                _ => None,
            };
            match child.supervision.tick(now) {
                Some(Act::Start) => self.start(role),
                Some(Act::Signal(sent)) => {
                    let Some(running) = &child.running else {
                        continue;
                    };
                    if let (Sent::Abort, Some(silent)) = (sent, silent) {
                        child.ending_because =
                            Some(format!("no heartbeat for {} ms", silent.as_millis()));
                        self.events.emit(Event::RoleKilled {
                            child: role.to_string(),
                            pid: running.pid.into(),
                            silent_ms: silent.as_millis() as u64,
                        });
                    }
                    running.signal(sent);
                }
                None => {}
            }
        }
        // systemd hears of the manager only when a whole turn was made, and not of every turn: a
        // busy manager must not fill the socket faster than systemd reads it.
        if now >= self.heartbeat_due {
            self.heartbeat_due = now + self.turn_max / 2;
            let _ = notify::watchdog();
        }
    }

    fn start(&mut self, role: Role) {
        let result = self
            .launch(role)
            .and_then(|launch| Running::start(role, launch, self.child_events.clone()));
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        child.supervision.started(now);
        child.started = now;
        child.heard = None;
        child.since_unix_ms = self.clock.unix_ms();
        match result {
            Ok(running) => {
                self.events.emit(Event::RoleStarted {
                    child: role.to_string(),
                    pid: running.pid.into(),
                });
                child.running = Some(running);
            }
            Err(error) => {
                child.last_exit = Some(format!("it could not be started: {error}"));
                child.supervision.exited(now);
            }
        }
    }

    fn launch(&self, role: Role) -> io::Result<Launch> {
        let sockets = match role {
            Role::Transport => self.sockets.share()?,
            Role::Access => {
                let mut sockets = vec![("admin".to_owned(), listen::share(&self.admin)?)];
                if let Some(http) = &self.http {
                    sockets.push(("http".to_owned(), listen::share(http)?));
                }
                if let Some(agent) = &self.agent {
                    sockets.push(("agent".to_owned(), listen::share(agent)?));
                }
                sockets
            }
            Role::Manager | Role::Worker => Vec::new(),
        };
        Ok(Launch {
            program: self.program.clone(),
            arguments: vec![
                "role".into(),
                role.name().into(),
                "--config".into(),
                self.config_path.clone().into(),
                "--parent".into(),
                std::process::id().to_string().into(),
            ],
            sockets,
            notify_socket: self.config.run_dir.join(format!("{role}.notify")),
            watchdog: self.settings.heartbeat_timeout.get(),
            user: self.user,
        })
    }

    fn child_event(&mut self, event: ChildEvent) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&event.role) else {
            return;
        };
        if child
            .running
            .as_ref()
            .is_none_or(|running| running.pid != event.pid)
        {
            return;
        }
        match event.what {
            What::Ready => {
                child.supervision.ready(now);
                child.heard = Some(now);
                child.since_unix_ms = self.clock.unix_ms();
                let took = now.saturating_sub(child.started);
                self.events.emit(Event::RoleReady {
                    child: event.role.to_string(),
                    pid: event.pid.into(),
                    took_ms: took.as_millis() as u64,
                });
                self.repairs.ready(event.role, event.pid, took);
                self.announce();
            }
            What::Heartbeat => {
                child.supervision.heartbeat(now);
                child.heard = Some(now);
            }
            What::Exited(status) => self.exited(event.role, event.pid, status),
        }
    }

    fn exited(&mut self, role: Role, pid: u32, status: String) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        child.running = None;
        child.since_unix_ms = self.clock.unix_ms();
        let because = child.ending_because.take();
        child.supervision.exited(now);
        if let State::Absent { start_at } = child.supervision.state() {
            let restart_in = start_at.saturating_sub(now);
            self.events.emit(Event::RoleExited {
                child: role.to_string(),
                pid: pid.into(),
                status: status.clone(),
                restart_in_ms: restart_in.as_millis() as u64,
            });
            self.repairs.exited(role, pid, &status, because.as_deref());
        }
        child.last_exit = Some(match because {
            Some(because) => format!("{status} ({because})"),
            None => status,
        });
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

    fn end(&mut self, role: Role, again: bool, because: &str) {
        let now = self.clock.monotonic();
        let Some(child) = self.children.get_mut(&role) else {
            return;
        };
        if let (Some(Act::Signal(sent)), Some(running)) =
            (child.supervision.end(now, again), &child.running)
        {
            child.ending_because = Some(because.to_owned());
            running.signal(sent);
        }
    }

    /// Brings the listening sockets in line with the connectors. Transport takes new sockets up by a
    /// restart, during which the old ones stay open.
    fn reopen_sockets(&mut self) {
        let connectors: Vec<(String, ReceiveConnector)> = match super::specs(&self.store) {
            Ok(connectors) => connectors,
            Err(error) => {
                let operation = "read the receive connectors".to_owned();
                self.events.emit(Event::StoreFailing { operation, error });
                return;
            }
        };
        if self.sockets.reconcile(&connectors, &self.events) {
            self.end(
                Role::Transport,
                true,
                "the bindings of receive connectors changed",
            );
        }
    }
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
