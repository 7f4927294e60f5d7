//! The worker: the service of the role `worker`. It runs probes on their slots, lets the engine
//! judge, asks the manager for repairs, tells people, and answers the control channel.
//!
//! One task owns the engine; everything else is a message to it. What can hang (a probe, a control
//! channel, a disk, an alert) runs beside it with a time limit.
//!
//! Never here: carrying a repair out. A worker that dies can leave no half act.

mod service;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{ProbeView, RepairAct, RepairOutcome, RepairProposal, Verdict, repair::Carried},
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_model::{
    Domain, Object, Spec,
    kind::{HealthSettings, TransportSettings},
};
use mailward_store::Store;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

use self::service::Inside;
use crate::{
    Now,
    alert::Alerter,
    engine::{Answer, Engine, Order, SavedCase, definition::Target},
    group::{Group, GroupConfig},
    history::History,
    mailbox::HealthMailbox,
    probe::{self, Context, OVERLOAD},
    schedule::Slots,
};

/// Messages to the worker's task that may wait.
const INBOX: usize = 256;
/// How often the engine is told that time passed, while all is well and while it is not.
const TURN_CALM: Duration = Duration::from_millis(1_000);
const TURN_BUSY: Duration = Duration::from_millis(100);
/// Probes at one time: those that send mail, and the others.
const LANE_MAILFLOW: usize = 8;
const LANE_LOCAL: usize = 64;
/// The longest wait for a lane.
const LANE_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long the manager may take over a proposal.
const PROPOSE_MAX: Duration = Duration::from_secs(10);
/// Attempts to tell the manager an outcome.
const OUTCOME_ATTEMPTS: u32 = 5;
/// How often the health mailbox is looked after.
const RECONCILE: Duration = Duration::from_secs(600);
/// The same until it is there.
const RECONCILE_SOON: Duration = Duration::from_secs(2);
/// How long transport takes at most to put a change of the objects in force.
const HEARD_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked whether the group's lease is to be renewed or given back, in milliseconds.
const LEASE_LOOK_MS: u64 = 5_000;
/// Changes of state taken over from the worker before.
const EDGES_KEPT: usize = 256;

/// What a worker is started with.
pub struct WorkerConfig {
    /// The node's name.
    pub node: Domain,
    /// Sockets of the running roles.
    pub run_dir: PathBuf,
    /// Where the worker keeps its history.
    pub health_dir: PathBuf,
    /// Everything that is kept: its free space is watched.
    pub data_dir: PathBuf,
    /// Maildirs: where the health mailbox is read.
    pub mail_dir: PathBuf,
    /// Secret with which the markers of probes are signed; transport has the same.
    pub probe_key: [u8; 32],
    /// The objects.
    pub store: Store,
    /// The group of nodes this one belongs to, where there is one.
    pub group: Option<GroupConfig>,
    /// The event sinks.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A running worker. Dropping it ends its tasks.
pub struct Worker {
    inbox: mpsc::Sender<Message>,
    inside: Arc<Inside>,
    group: Option<Arc<Group>>,
    turns: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Worker({} turns)", self.progress())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the worker's task hears.
enum Message {
    /// A probe ended.
    Probed(Box<ProbeView>),
    /// The manager answered, or did not.
    Answered {
        case: String,
        act: RepairAct,
        answer: Answer,
    },
    /// The objects were read, after a change.
    /// Give a copy of the engine, for a rehearsal.
    Copy(oneshot::Sender<Box<Engine>>),
    /// How an act goes.
    Carried {
        case: String,
        how: Carried,
    },
    Objects(Vec<Object>),
    /// The control channel asks for something the engine knows.
    Ask(ControlRequest, oneshot::Sender<Option<ControlReply>>),
    /// Run a probe and answer with its result.
    Run(String, oneshot::Sender<ProbeView>),
    /// The names of the probes of a component.
    ProbesOf(Option<String>, oneshot::Sender<Vec<String>>),
    /// The results kept of all probes.
    Results(oneshot::Sender<Vec<ProbeView>>),
}

impl Worker {
    /// Starts the worker on the present runtime.
    ///
    /// # Errors
    /// The objects cannot be read, or the node's name makes no health mailbox.
    pub async fn start(config: WorkerConfig) -> io::Result<Worker> {
        let mailbox = HealthMailbox::of(&config.node).map_err(io::Error::other)?;
        let history = History::new(&config.health_dir);
        let (store, past) = (config.store.clone(), history.clone());
        let read = tokio::task::spawn_blocking(move || {
            let objects = store.all().map_err(io::Error::other)?;
            Ok::<_, io::Error>((
                objects,
                past.edges(EDGES_KEPT),
                past.open_cases(),
                past.cures(),
            ))
        });
        let (objects, edges, open, cures) = read.await.map_err(io::Error::other)??;
        let context = Arc::new(Context::new(
            config.node.clone(),
            config.run_dir.clone(),
            config.data_dir,
            config.mail_dir,
            config.probe_key,
            config.store.clone(),
            config.clock.clone(),
        ));
        let (inbox, messages) = mpsc::channel(INBOX);
        let group = config.group.map(|group| {
            let manager = Role::Manager.socket(&config.run_dir);
            let (events, clock) = (config.events.clone(), config.clock.clone());
            Group::new(config.node.as_str(), group, manager, events, clock)
        });
        let turns = Arc::new(AtomicU64::new(0));
        let inside = Arc::new(Inside::new(
            &config.run_dir,
            history.clone(),
            config.store.clone(),
            config.clock.clone(),
            config.events.clone(),
        ));
        let mut running = Running {
            engine: Engine::new(config.node.as_str()),
            node: config.node.to_string(),
            run_dir: config.run_dir,
            clock: config.clock,
            alerter: Alerter::new(config.events.clone()),
            events: config.events,
            context,
            history,
            inbox: inbox.clone(),
            slots: HashMap::new(),
            under_way: HashMap::new(),
            lane_local: Arc::new(Semaphore::new(LANE_LOCAL)),
            lane_mailflow: Arc::new(Semaphore::new(LANE_MAILFLOW)),
            history_failing: false,
            group: group.clone(),
            turns: turns.clone(),
            inside: inside.clone(),
        };
        running.engine.remember(edges);
        running.engine.remember_cures(cures);
        running.take_objects(objects);
        running.resume(open);
        let task = tokio::spawn(running.run(messages, mailbox, config.store));
        Ok(Worker {
            inbox,
            inside,
            group,
            turns,
            task,
        })
    }

    /// Turns of the worker's task so far: a worker whose number stands still for seconds hangs.
    pub fn progress(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }
}

struct Running {
    engine: Engine,
    node: String,
    run_dir: PathBuf,
    clock: Arc<dyn Clock>,
    alerter: Alerter,
    events: Events,
    context: Arc<Context>,
    history: History,
    inbox: mpsc::Sender<Message>,
    slots: HashMap<String, Slots>,
    /// Probes that run, and who waits for their results.
    under_way: HashMap<String, Vec<oneshot::Sender<ProbeView>>>,
    lane_local: Arc<Semaphore>,
    lane_mailflow: Arc<Semaphore>,
    history_failing: bool,
    group: Option<Arc<Group>>,
    turns: Arc<AtomicU64>,
    inside: Arc<Inside>,
}

impl Running {
    fn now(&self) -> Now {
        Now::of(&*self.clock)
    }

    async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mailbox: HealthMailbox,
        store: Store,
    ) {
        let upkeep = tokio::spawn(follow_objects(store.clone(), self.inbox.clone()));
        let looked_after = tokio::spawn(look_after(
            mailbox,
            store,
            self.context.clone(),
            self.events.clone(),
        ));
        let members = self.group.clone().map(|group| tokio::spawn(group.follow()));
        let mut lease_ms = 0;
        loop {
            self.turns.fetch_add(1, Ordering::Relaxed);
            let now = self.now();
            if let Some(group) = &self.group
                && now.mono_ms >= lease_ms
            {
                lease_ms = now.mono_ms + LEASE_LOOK_MS;
                let (group, acting) = (group.clone(), self.engine.acting());
                let acting = acting.map(|(case, stage)| (case.to_owned(), stage));
                tokio::spawn(async move {
                    let acting = acting.as_ref().map(|(case, stage)| (case.as_str(), *stage));
                    group.keep_lease(acting).await;
                });
            }
            let turn = if self.engine.is_calm() {
                TURN_CALM
            } else {
                TURN_BUSY
            };
            let slot = self.slots.values().map(Slots::next_ms).min();
            let wait = slot.map_or(turn, |next| {
                turn.min(Duration::from_millis(next.saturating_sub(now.mono_ms)))
            });
            let planned = now.mono_ms + u64::try_from(wait.as_millis()).unwrap_or(0);
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.hear(message),
                    None => break,
                },
                () = tokio::time::sleep(wait) => {
                    let late = self.now().mono_ms.saturating_sub(planned);
                    self.engine.lag(late);
                }
            }
            // What came meanwhile is heard before time is told, so that a burst costs one turn.
            while let Ok(message) = messages.try_recv() {
                self.hear(message);
            }
            let now = self.now();
            self.run_due(now);
            let orders = self.engine.tick(now);
            self.obey(orders);
        }
        upkeep.abort();
        looked_after.abort();
        members.inspect(JoinHandle::abort);
    }

    /// Begins the probes whose slot has come.
    fn run_due(&mut self, now: Now) {
        let due: Vec<String> = self
            .slots
            .iter_mut()
            .filter_map(|(name, slots)| slots.take(now.mono_ms).map(|_late| name.clone()))
            .collect();
        for name in due {
            self.begin(&name, false);
        }
    }

    /// Begins a probe, unless it runs already. `forced` ones run even where what they need is not
    /// well: someone wants to know.
    fn begin(&mut self, name: &str, forced: bool) {
        if self.under_way.contains_key(name) {
            return;
        }
        let known = self.engine.probe(name).cloned();
        let Some(definition) = known.filter(|known| known.target != Target::Observer) else {
            return;
        };
        if let Err(why) = self.engine.may_run(name)
            && !forced
        {
            let skipped = probe::not_run(name, &why, None, self.clock.unix_ms());
            self.probed(skipped);
            return;
        }
        self.under_way.insert(name.to_owned(), Vec::new());
        let lane = match definition.target {
            Target::MailFlow(..) => self.lane_mailflow.clone(),
            _ => self.lane_local.clone(),
        };
        let wait = Duration::from_millis(definition.interval_ms / 10).min(LANE_WAIT_MAX);
        let (context, inbox) = (self.context.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let view = match tokio::time::timeout(wait, lane.acquire_owned()).await {
                Ok(Ok(_permit)) => probe::run(&definition, &context).await,
                _ => probe::not_run(
                    &definition.name,
                    "no lane was free",
                    Some(OVERLOAD),
                    context.clock.unix_ms(),
                ),
            };
            // The worker is gone only when the process ends.
            let _ = inbox.send(Message::Probed(Box::new(view))).await;
        });
    }

    fn hear(&mut self, message: Message) {
        let now = self.now();
        match message {
            Message::Probed(view) => self.probed(*view),
            Message::Answered { case, act, answer } => {
                let orders = self.engine.answer(&case, &act, answer, now);
                self.obey(orders);
            }
            Message::Carried { case, how } => {
                let orders = self.engine.carried(&case, &how, now);
                self.obey(orders);
            }
            Message::Objects(objects) => self.take_objects(objects),
            Message::Ask(request, reply) => {
                // Whoever asked may have given up.
                let _ = reply.send(self.inside.answer(&mut self.engine, request, now));
            }
            Message::Run(name, reply) => {
                self.begin(&name, true);
                if let Some(waiting) = self.under_way.get_mut(&name) {
                    waiting.push(reply);
                }
            }
            Message::ProbesOf(what, reply) => {
                let _ = reply.send(self.engine.probes_of(what.as_deref()));
            }
            Message::Copy(reply) => {
                let _ = reply.send(Box::new(self.engine.clone()));
            }
            Message::Results(reply) => {
                let all = self.engine.probes_of(None);
                let _ = reply.send(self.engine.results(&all));
            }
        }
    }

    fn probed(&mut self, view: ProbeView) {
        for waiting in self.under_way.remove(&view.probe).unwrap_or_default() {
            let _ = waiting.send(view.clone());
        }
        let now = self.now();
        let orders = self.engine.observe(view, now);
        self.obey(orders);
    }

    fn take_objects(&mut self, objects: Vec<Object>) {
        let now = self.now();
        let settings = objects.iter().find_map(|object| match &object.spec {
            Spec::HealthSettings(settings) => Some(settings.clone()),
            _ => None,
        });
        let transport = objects.iter().find_map(|object| match &object.spec {
            Spec::TransportSettings(settings) => Some(settings.min_free_space),
            _ => None,
        });
        let transport = transport.unwrap_or(TransportSettings::default().min_free_space);
        *self.context.min_free_bytes.lock() = transport.0;
        self.alerter.set_channels(&objects);
        let settings: HealthSettings = settings.unwrap_or_default();
        let orders = self.engine.define(&objects, &settings, now);
        let mut slots = HashMap::new();
        let probed = self.engine.probes();
        for definition in probed.filter(|definition| definition.target != Target::Observer) {
            let fresh = Slots::new(
                &self.node,
                &definition.name,
                definition.interval_ms,
                now.mono_ms,
            );
            // One whose interval is the same keeps its grid.
            let kept = self
                .slots
                .remove(&definition.name)
                .filter(|old| old.same_interval(&fresh));
            slots.insert(definition.name.clone(), kept.unwrap_or(fresh));
        }
        self.slots = slots;
        self.obey(orders);
    }

    fn resume(&mut self, open: Vec<SavedCase>) {
        let now = self.now();
        self.engine.resume(open, now);
    }

    fn obey(&mut self, orders: Vec<Order>) {
        let mut save = false;
        for order in orders {
            match order {
                Order::Probe(name) => self.begin(&name, false),
                Order::Force(name) => self.begin(&name, true),
                Order::AskCarried { case, entry } => self.ask_carried(case, entry),
                Order::LiftHolds(key) => self.lift_holds(key),
                Order::Propose(proposal) => self.propose(*proposal),
                Order::Outcome(outcome) => self.report(*outcome),
                Order::Alert(alert) => {
                    self.alerter.raise(&alert);
                }
                Order::Emit(event) => self.events.emit(event),
                Order::Edge(edge) => self.keep(|history| history.edge(&edge)),
                Order::Closed(case) => self.keep(|history| history.closed(&case)),
                Order::Save => save = true,
            }
        }
        if save {
            let cases = self.engine.save(self.now());
            let cures = self.engine.cures().clone();
            self.keep(|history| history.save(&cases));
            self.keep(|history| history.save_cures(&cures));
        }
    }

    /// Writes history. A line of a few hundred octets now and then, into the page cache: done here,
    /// so that lines keep their order.
    fn keep(&mut self, write: impl FnOnce(&History) -> io::Result<()>) {
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

/// Reads the objects after every change of theirs.
async fn follow_objects(store: Store, inbox: mpsc::Sender<Message>) {
    let mut revisions = store.subscribe();
    while revisions.changed().await.is_ok() {
        let store = store.clone();
        // Objects that cannot be read stay as they were: the store probe says so.
        if let Ok(Ok(objects)) = tokio::task::spawn_blocking(move || store.all()).await
            && inbox.send(Message::Objects(objects)).await.is_err()
        {
            return;
        }
    }
}

/// Keeps the health mailbox right.
async fn look_after(mailbox: HealthMailbox, store: Store, context: Arc<Context>, events: Events) {
    loop {
        let (wanted, store) = (mailbox.clone(), store.clone());
        let done = tokio::task::spawn_blocking(move || wanted.reconcile(&store)).await;
        let pause = match done {
            Ok(Ok(made)) => {
                if made {
                    events.emit(Event::HealthMailboxCreated {
                        mailbox: mailbox.name.clone(),
                        address: mailbox.address.to_string(),
                    });
                    // Transport has to hear of it before a probe can arrive in it.
                    tokio::time::sleep(HEARD_AFTER).await;
                }
                *context.mailbox.lock() = Some(mailbox.clone());
                RECONCILE
            }
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                events.emit(Event::ProbeImpaired {
                    probe: "mailflow".into(),
                    problem: format!("{error}{}", cause.unwrap_or_default()),
                });
                RECONCILE_SOON
            }
            Err(_) => RECONCILE_SOON,
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
mod tests;
