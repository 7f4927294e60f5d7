//! The worker: the service of the role `worker`. It runs probes on their slots, lets the engine
//! judge, asks the manager for repairs, tells people, and answers the control channel.
//!
//! One task owns the engine; everything else is a message to it. What can hang (a probe, a control
//! channel, a disk, an alert) runs beside it with a time limit.
//!
//! Never here: carrying a repair out. A worker that dies can leave no half act.

mod config;
mod drill_request;
mod drilling;
mod foreseeing;
mod holds;
mod lane;
mod objects;
mod orders;
mod service;
mod turn;
pub(crate) mod upkeep;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mailward_api::{
    control::{ControlReply, ControlRequest, Role},
    fault::Fault,
    view::{ProbeView, RepairAct, health::ProbeReport, repair::Carried},
};
use mailward_events::Events;
use mailward_host::{clock::Clock, pulse};
use mailward_model::{
    Object,
    kind::{MonitoringOverride, ProbeTarget},
};
use mailward_proto::probe::received_path;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

pub use self::config::WorkerConfig;
use self::{drilling::Drills, foreseeing::Foresight, lane::Lanes, service::Inside, turn::Told};
use crate::{
    Now,
    alert::{
        Alert, AlertKind, Alerter,
        desk::{self, Couriers},
    },
    engine::{
        Answer, Engine, SavedCase,
        definition::{PREFIX, ProbeDefinition, Target},
    },
    forecast::gather::Places,
    group::Group,
    history::History,
    mailbox::HealthMailbox,
    observer::strained,
    probe::{self, Context},
    schedule::Timetable,
};

/// Messages to the worker's task that may wait.
const INBOX: usize = 256;
/// Changes of state taken over from the worker before.
const EDGES_KEPT: usize = 256;

/// A running worker. Dropping it ends its tasks.
pub struct Worker {
    couriers: Couriers,
    node: String,
    inbox: mpsc::Sender<Message>,
    inside: Arc<Inside>,
    group: Option<Arc<Group>>,
    progress: Arc<Progress>,
    task: JoinHandle<()>,
}

/// How far the worker has got.
#[derive(Debug, Default)]
struct Progress {
    turns: AtomicU64,
    probes: AtomicU64,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Worker({} turns)", self.turns())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A probe that ended, and when: what it found may wait for the next turn.
struct Ended {
    view: ProbeView,
    at: Now,
}

/// What the worker's task hears.
enum Message {
    /// The manager answered, or did not.
    Answered {
        case: String,
        act: RepairAct,
        answer: Answer,
    },
    /// The ids of the cases that are open.
    OpenCases(oneshot::Sender<Vec<String>>),
    /// Give a copy of the engine, for a rehearsal.
    Copy(oneshot::Sender<Box<Engine>>),
    /// How an act goes.
    Carried { case: String, how: Carried },
    /// The objects were read, after a change.
    Objects(Vec<Object>),
    /// The control channel asks for something the engine knows.
    Ask(ControlRequest, oneshot::Sender<Option<ControlReply>>),
    /// The control channel asks about alerts.
    Alerts(ControlRequest, oneshot::Sender<Result<ControlReply, Fault>>),
    /// Run a probe and answer with its result.
    Run(String, oneshot::Sender<ProbeView>),
    /// What a probe looks at, and how.
    Definition(String, oneshot::Sender<Option<Arc<ProbeDefinition>>>),
    /// The names of the probes of a component.
    ProbesOf(Option<String>, oneshot::Sender<Vec<String>>),
    /// Whether an override would change anything.
    CheckOverride(
        MonitoringOverride,
        oneshot::Sender<Result<(), (String, String)>>,
    ),
    /// Tell people.
    Alert(Box<Alert>),
    /// The results kept of the probes of transport and the way of mail.
    Results(oneshot::Sender<Vec<ProbeView>>),
    /// About drills.
    Drill(drilling::Drilling),
    /// Another program reports; `None` where no probe waits for it.
    Report(ProbeReport, oneshot::Sender<Option<ProbeView>>),
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
        let health_dir = config.health_dir.clone();
        let places = Places {
            run_dir: config.run_dir.clone(),
            health_dir: config.health_dir.clone(),
            data_dir: config.data_dir.clone(),
            certificate_dir: config.certificate_dir,
            node_certificates: config.node_certificates.clone(),
        };
        let (node, events) = (config.node.to_string(), config.events.clone());
        let clock = config.clock.clone();
        let allowed = config.allow_faults;
        let begun = Now::of(&*clock);
        let read = tokio::task::spawn_blocking(move || {
            let (objects, _) = store.settings_in_force().map_err(io::Error::other)?;
            let told = desk::read(&health_dir);
            let drills = Drills::open(&health_dir, allowed, begun);
            let foresight = Foresight::open(&node, places, events, clock);
            let past = (past.edges(EDGES_KEPT), past.open_cases(), past.cures());
            Ok::<_, io::Error>((objects, past, told, drills, foresight))
        });
        let (objects, (edges, open, cures), told, drills, foresight) =
            read.await.map_err(io::Error::other)??;
        let foresight = Arc::new(foresight);
        let resolvers = match config.resolvers {
            none if none.is_empty() => probe::system_resolvers(),
            some => some,
        };
        let context = Context::new(
            config.node.clone(),
            config.run_dir.clone(),
            config.data_dir,
            config.mail_dir,
            config.probe_keys,
            config.store.clone(),
            config.clock.clone(),
        );
        let context = Arc::new(
            context
                .with_folders(config.queue_dir, config.log_dir)
                .with_network(resolvers.clone(), config.roots)
                .with_firewall(config.firewall)
                .with_node_certificates(config.node_certificates),
        );
        let (inbox, messages) = mpsc::channel(INBOX);
        let (results, ended) = mpsc::channel(INBOX);
        let group = config.group.map(|group| {
            let manager = Role::Manager.socket(&config.run_dir);
            let (events, clock) = (config.events.clone(), config.clock.clone());
            Group::new(config.node.as_str(), group, manager, events, clock)
        });
        let progress = Arc::new(Progress::default());
        let inside = Arc::new(Inside::new(
            &config.run_dir,
            history.clone(),
            config.store.clone(),
            config.events.clone(),
            config.clock.clone(),
            context.clone(),
            foresight.clone(),
        ));
        let mut running = Running {
            engine: Engine::new(config.node.as_str()).with_resolvers(resolvers),
            node: config.node.to_string(),
            run_dir: config.run_dir,
            clock: config.clock,
            alerter: Alerter::new(
                config.node.as_str(),
                &config.health_dir,
                told,
                context.couriers.clone(),
                config.events.clone(),
            ),
            events: config.events,
            context,
            history,
            inbox: inbox.clone(),
            results,
            timetable: Timetable::default(),
            under_way: HashMap::new(),
            lanes: Lanes::open(),
            history_failing: false,
            group: group.clone(),
            progress: progress.clone(),
            minimum: config.minimum,
            inside: inside.clone(),
            drills,
            foresight,
            last_told: Told::default(),
        };
        running.engine.remember(edges);
        running.engine.remember_cures(cures);
        running.take_objects(objects);
        running.resume(open);
        let (couriers, node) = (running.context.couriers.clone(), running.node.clone());
        let task = tokio::spawn(running.run(messages, ended, mailbox, config.store));
        Ok(Worker {
            couriers,
            node,
            inbox,
            inside,
            group,
            progress,
            task,
        })
    }

    /// Turns of the worker's task so far: a worker whose number stands still for seconds hangs.
    pub fn turns(&self) -> u64 {
        self.progress.turns.load(Ordering::Relaxed)
    }

    /// Probes that ended so far, and were judged by their monitors.
    pub fn probes_judged(&self) -> u64 {
        self.progress.probes.load(Ordering::Relaxed)
    }

    /// Tells people something that no probe has found. Waits at most until the worker's task has
    /// time; a worker on its way out tells nothing.
    pub async fn alert(&self, alert: Alert) {
        let _ = self.inbox.send(Message::Alert(Box::new(alert))).await;
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
    results: mpsc::Sender<Ended>,
    timetable: Timetable,
    /// Probes that run, and who waits for their results.
    under_way: HashMap<String, Vec<oneshot::Sender<ProbeView>>>,
    lanes: Lanes,
    history_failing: bool,
    group: Option<Arc<Group>>,
    progress: Arc<Progress>,
    minimum: bool,
    inside: Arc<Inside>,
    drills: Drills,
    foresight: Arc<Foresight>,
    last_told: Told,
}

impl Running {
    fn now(&self) -> Now {
        Now::of(&*self.clock)
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
            if let Target::MailFlow(connector, _) = &definition.target
                && self.engine.is_switched_off(name)
            {
                // Nothing is sent on purpose: the receiving end does not wait for it.
                self.context.inbox.excuse(&received_path(connector));
            }
            let skipped = probe::not_run(name, &why, None, self.clock.unix_ms());
            self.probed(skipped, self.now());
            return;
        }
        // A strained observer is slow itself, and gives others the time that it takes from them.
        let limit_ms = strained(definition.timeout_ms, self.engine.strain());
        let limit_ms = limit_ms.min(definition.interval_ms.max(definition.timeout_ms));
        self.under_way.insert(name.to_owned(), Vec::new());
        let under_way = pulse::begin(format!("probe {name}"));
        let (lane, context) = (self.lanes.of(definition.lane), self.context.clone());
        let results = self.results.clone();
        tokio::spawn(async move {
            let _under_way = under_way;
            let view = Lanes::run(lane, &definition, limit_ms, &context).await;
            // The worker is gone only when the process ends.
            let at = Now::of(&*context.clock);
            let _ = results.send(Ended { view, at }).await;
        });
    }

    fn hear(&mut self, message: Message) {
        let now = self.now();
        match message {
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
            Message::Alerts(request, reply) => {
                let _ = reply.send(self.alerter.answer(request, now.unix_ms));
            }
            Message::Run(name, reply) => {
                self.begin(&name, true);
                if let Some(waiting) = self.under_way.get_mut(&name) {
                    waiting.push(reply);
                }
            }
            Message::Definition(name, reply) => {
                let _ = reply.send(self.engine.probe(&name).cloned());
            }
            Message::ProbesOf(what, reply) => {
                let _ = reply.send(self.engine.probes_of(what.as_deref()));
            }
            Message::CheckOverride(spec, reply) => {
                let _ = reply.send(self.engine.check_override(&spec));
            }
            Message::Alert(alert) => {
                if alert.kind == AlertKind::Solved {
                    self.alerter.over(&alert.case, &alert.text, now.unix_ms);
                } else {
                    self.alerter.raise(*alert, now.unix_ms);
                }
            }
            Message::OpenCases(reply) => {
                let open = self.engine.open_cases(now).into_iter();
                let _ = reply.send(open.map(|case| case.id).collect());
            }
            Message::Copy(reply) => {
                let _ = reply.send(Box::new(self.engine.clone()));
            }
            Message::Results(reply) => {
                let path_of_mail = self.engine.probes_of(Some("transport"));
                let _ = reply.send(self.engine.results(&path_of_mail));
            }
            Message::Drill(message) => self.hear_drill(message, now),
            Message::Report(report, reply) => {
                let _ = reply.send(self.reported(report));
            }
        }
    }

    /// Takes in what a probe found that ended at this moment.
    fn probed(&mut self, view: ProbeView, ended: Now) {
        for waiting in self.under_way.remove(&view.probe).unwrap_or_default() {
            let _ = waiting.send(view.clone());
        }
        // What a drill has bent is no trend.
        if !self.drills.is_running() {
            self.foresight.observe(&view);
        }
        self.progress.probes.fetch_add(1, Ordering::Relaxed);
        let orders = self.engine.observe(view, ended);
        self.obey(orders);
    }

    /// Takes in what another program saw, and judges by it at once.
    fn reported(&mut self, mut report: ProbeReport) -> Option<ProbeView> {
        let named = [report.probe.clone(), format!("{PREFIX}{}", report.probe)];
        let definition = named.iter().find_map(|name| self.engine.probe(name))?;
        let Target::Object(object) = &definition.target else {
            return None;
        };
        let ProbeTarget::Report(target) = &object.target else {
            return None;
        };
        report.probe.clone_from(&definition.name);
        let (target, now) = (target.clone(), self.now());
        let view = self.context.reports.take(report, &target, now);
        self.probed(view.clone(), now);
        Some(view)
    }

    fn resume(&mut self, open: Vec<SavedCase>) {
        let now = self.now();
        self.engine.resume(open, now);
        self.engine.resume_hours(self.history.hours());
        let open = self.engine.open_cases(now);
        let open: Vec<String> = open.into_iter().map(|case| case.id).collect();
        self.alerter.still_open(&open, now.unix_ms);
    }
}

#[cfg(test)]
mod tests;
