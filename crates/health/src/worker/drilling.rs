//! Drills carried out: the state machine of [`crate::drill::run`] is shown what the engine sees and
//! what the ledger says, and what it orders is done.
//!
//! Never here: a fault that needs this process to end. Each role ends its own at its deadline.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, DrillFault, Role},
    fault::{Fault, FaultKind},
    view::{
        DrillList, DrillRun, DrillState, DrillView,
        repair::{Circumstances, LedgerEntry},
    },
};
use mailward_events::Event;
use mailward_model::kind::HealthSettings;
use tokio::sync::oneshot;

use super::{Message, Running, drill_request};
use crate::{
    Now,
    alert::Alert,
    drill::{
        Drill,
        plan::{self, Plan},
        record::{RUNS_MAX, Record},
        run::{Do, Run},
        safe::{self, Against},
        schedule,
    },
    engine::definition::Watched,
};

/// How long a role may take to put a fault in force or to end it.
const FAULT_MAX: Duration = Duration::from_secs(5);
/// How long another role may take to answer a question.
pub(super) const ASK_MAX: Duration = Duration::from_secs(2);
/// How often the ledger is asked for while a drill runs, in milliseconds.
const LEDGER_EVERY_MS: u64 = 250;
/// Entries of it.
const LEDGER_ENTRIES: u32 = 100;
/// How often a drill under way looks around, in milliseconds.
const TURN_MS: u64 = 100;
/// How often schedules are looked at, in milliseconds.
const SCHEDULE_EVERY_MS: u64 = 1_000;
/// Attempts to end a fault before its deadline does.
const END_ATTEMPTS: u32 = 3;
/// Cases of drills remembered, so that their last alerts are marked too.
const CASES_MAX: usize = 16;
/// Who starts drills by schedule.
const SCHEDULE: &str = "schedule";

/// What the worker knows of drills.
pub(super) struct Drills {
    allowed: bool,
    since_unix_ms: u64,
    record: Record,
    runs: Vec<DrillRun>,
    run: Option<Run>,
    ledger: Vec<LedgerEntry>,
    ledger_due_ms: u64,
    schedule_due_ms: u64,
    /// When a scheduled drill was last tried.
    tried: HashMap<String, u64>,
    /// Cases that follow from drills.
    cases: Vec<(String, String)>,
}

/// A drill that nothing this worker knows speaks against.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// What is around the case that it will lead to.
    pub(super) circumstances: Circumstances,
}

/// What the worker's task hears of drills.
pub(super) enum Drilling {
    /// May this drill be started, and how would it go?
    Plan(
        Drill,
        Option<String>,
        oneshot::Sender<Result<Planned, Fault>>,
    ),
    /// Start it.
    Begin(Box<Plan>, String, oneshot::Sender<Result<DrillRun, Fault>>),
    /// The fault was put in force, or was not.
    Injected(String, Now, Result<(), String>),
    /// The ledger.
    Ledger(Vec<LedgerEntry>),
    /// A scheduled one was not started.
    Skipped(String, String),
    /// The drills there are.
    List(oneshot::Sender<DrillList>),
    /// One run.
    Show(String, oneshot::Sender<Option<DrillRun>>),
    /// End one.
    End(String, oneshot::Sender<Option<DrillRun>>),
}

impl Drills {
    /// Reads what came of earlier drills. One that was under way when the worker ended was broken
    /// off: its fault has ended by itself, or will.
    pub(super) fn open(health_dir: &Path, allowed: bool, now: Now) -> Drills {
        let record = Record::new(health_dir);
        let mut runs: Vec<DrillRun> = Vec::new();
        for run in record.read() {
            runs.retain(|earlier| earlier.id != run.id);
            runs.push(run);
        }
        for run in runs
            .iter_mut()
            .filter(|run| run.state == DrillState::Running)
        {
            run.state = DrillState::BrokenOff;
        }
        Drills {
            allowed,
            since_unix_ms: now.unix_ms,
            record,
            runs,
            run: None,
            ledger: Vec::new(),
            ledger_due_ms: 0,
            schedule_due_ms: 0,
            tried: HashMap::new(),
            cases: Vec::new(),
        }
    }

    /// True while one is under way.
    pub(super) fn is_running(&self) -> bool {
        self.run.is_some()
    }

    /// How long the worker's task may rest at most, so that a drill is timed well.
    pub(super) fn turn_max_ms(&self) -> u64 {
        if self.is_running() {
            TURN_MS
        } else {
            SCHEDULE_EVERY_MS
        }
    }

    /// Marks an alert that follows from a drill.
    pub(super) fn mark(&mut self, alert: &mut Alert) {
        alert.drill = self.of_case(&alert.case, &alert.component);
        if let Some(drill) = &alert.drill {
            alert.text = format!("Drill {drill}, nothing is really broken: {}", alert.text);
        }
    }

    /// The drill that a case is the consequence of.
    fn of_case(&mut self, case: &str, component: &str) -> Option<String> {
        if let Some((_, drill)) = self.cases.iter().find(|(known, _)| known == case) {
            return Some(drill.clone());
        }
        let run = self.run.as_ref()?;
        if !run.plan().touches(component) {
            // Something else fails while a drill runs: that is real.
            return None;
        }
        let drill = run.view().drill.clone();
        self.remember(case, &drill);
        Some(drill)
    }

    fn remember(&mut self, case: &str, drill: &str) {
        if self.cases.iter().any(|(known, _)| known == case) {
            return;
        }
        if self.cases.len() == CASES_MAX {
            self.cases.remove(0);
        }
        self.cases.push((case.to_owned(), drill.to_owned()));
    }

    fn last(&self, drill: &str) -> Option<&DrillRun> {
        self.runs.iter().rev().find(|run| run.drill == drill)
    }

    fn next(&self, settings: &HealthSettings, drill: &str, now: Now) -> Option<(String, u64)> {
        let schedule = settings.drills.iter().find(|one| one.drill == drill)?;
        let ran = self.last(drill).map(|run| run.started_unix_ms);
        let last = ran.max(self.tried.get(drill).copied());
        let zone = jiff::tz::TimeZone::system();
        let next = schedule::next(schedule, last, self.since_unix_ms, now.unix_ms, &zone)?;
        Some((schedule.to_string(), next))
    }
}

impl Running {
    /// Takes a message about drills in.
    pub(super) fn hear_drill(&mut self, message: Drilling, now: Now) {
        match message {
            // Whoever asked may have given up.
            Drilling::Plan(drill, connector, reply) => {
                let _ = reply.send(self.plan_drill(drill, connector.as_deref()));
            }
            Drilling::Begin(plan, by, reply) => {
                let _ = reply.send(self.begin_drill(*plan, &by, now));
            }
            Drilling::Injected(id, at, how) => {
                if let Some(run) = self.drills.run.as_mut().filter(|run| run.view().id == id) {
                    let acts = run.injected(how, at);
                    self.do_drill(acts, now);
                }
            }
            Drilling::Ledger(entries) => self.drills.ledger = entries,
            Drilling::Skipped(drill, because) => {
                self.events.emit(Event::DrillSkipped { drill, because });
            }
            Drilling::List(reply) => {
                let _ = reply.send(self.list_drills(now));
            }
            Drilling::Show(id, reply) => {
                let _ = reply.send(self.show_drill(&id));
            }
            Drilling::End(id, reply) => {
                let mut before = None;
                if let Some(run) = self.drills.run.as_mut().filter(|run| run.view().id == id) {
                    before = Some(run.view().state);
                    let acts = run.end("a person", now);
                    self.do_drill(acts, now);
                }
                let mut shown = self.show_drill(&id);
                if let Some(run) = &mut shown {
                    run.state_before = before;
                }
                let _ = reply.send(shown);
            }
        }
    }

    /// What speaks against any drill.
    fn drill_objections(&self) -> Against {
        let mut facts = self.engine.drill_facts();
        facts.allowed = self.drills.allowed;
        facts.under_way = self.drills.run.as_ref().map(|run| run.view().drill.clone());
        safe::against(&facts)
    }

    /// What speaks against this one.
    fn object_to(&self, plan: &Plan) -> Result<(), Fault> {
        let against = self.drill_objections();
        if !against.is_nothing() {
            return Err(against.refusal());
        }
        let alone = safe::left_alone(&self.engine.drill_left_alone(plan));
        if !alone.is_nothing() {
            return Err(alone.refusal());
        }
        Ok(())
    }

    fn plan_drill(&self, drill: Drill, connector: Option<&str>) -> Result<Planned, Fault> {
        let against = self.drill_objections();
        if !against.is_nothing() {
            return Err(against.refusal());
        }
        let Some(connector) = self.engine.drill_connector(connector) else {
            return Err(match connector {
                Some(name) => Fault::not_found(
                    format!("no receive connector {name:?} is watched"),
                    "`mailward receive-connector list` shows their names",
                ),
                None => Fault::new(
                    FaultKind::Refused,
                    "the drill is not started: no receive connector can be probed from here",
                    "`mailward health probe list connector` shows what each of them says",
                ),
            });
        };
        let plan = plan::plan(drill, &connector, self.engine.settings());
        self.object_to(&plan)?;
        let circumstances = self.engine.drill_circumstances(&plan);
        Ok(Planned {
            plan,
            circumstances,
        })
    }

    fn begin_drill(&mut self, plan: Plan, by: &str, now: Now) -> Result<DrillRun, Fault> {
        // What was well a moment ago may not be now.
        self.object_to(&plan)?;
        self.engine.watch_also(plan.also.clone(), now);
        self.make_slots(now);
        let mut run = Run::new(plan, by, now);
        let acts = run.begin(now);
        self.events.emit(Event::DrillStarted {
            drill: run.view().drill.clone(),
            run: run.view().id.clone(),
            by: by.to_owned(),
        });
        self.keep_run(run.view());
        self.drills.ledger.clear();
        let view = run.view().clone();
        self.drills.run = Some(run);
        self.do_drill(acts, now);
        Ok(view)
    }

    /// Lets time pass for drills: the one under way looks around, and what is due is started.
    pub(super) fn turn_drills(&mut self, now: Now) {
        if let Some(run) = &mut self.drills.run {
            let since = run.view().started_unix_ms;
            let mut sight = self.engine.drill_sight(run.plan(), since, now);
            let entries = self.drills.ledger.iter();
            sight.ledger = entries
                .filter(|entry| entry.unix_ms >= since)
                .cloned()
                .collect();
            let acts = run.look(&sight, now);
            if let Some(case) = run.view().case.clone() {
                let drill = run.view().drill.clone();
                self.drills.remember(&case, &drill);
            }
            self.do_drill(acts, now);
        }
        if self.drills.is_running() && now.mono_ms >= self.drills.ledger_due_ms {
            self.drills.ledger_due_ms = now.mono_ms + LEDGER_EVERY_MS;
            self.ask_ledger();
        }
        if now.mono_ms >= self.drills.schedule_due_ms {
            self.drills.schedule_due_ms = now.mono_ms + SCHEDULE_EVERY_MS;
            self.start_due(now);
        }
    }

    fn ask_ledger(&self) {
        let (manager, inbox) = (Role::Manager.socket(&self.run_dir), self.inbox.clone());
        tokio::spawn(async move {
            let request = ControlRequest::Ledger {
                limit: LEDGER_ENTRIES,
            };
            // A manager that does not answer is asked again soon.
            if let Ok(ControlReply::Ledger(ledger)) =
                control::call(&manager, &request, ASK_MAX).await
            {
                let heard = Message::Drill(Drilling::Ledger(ledger.entries));
                let _ = inbox.send(heard).await;
            }
        });
    }

    /// Starts the first scheduled drill whose time has come.
    fn start_due(&mut self, now: Now) {
        if self.drills.is_running() {
            return;
        }
        let settings = self.engine.settings();
        let due = settings.drills.iter().find_map(|one| {
            let (_, next) = self.drills.next(settings, &one.drill, now)?;
            schedule::is_due(Some(next), now.unix_ms).then(|| one.drill.clone())
        });
        let Some(name) = due else { return };
        self.drills.tried.insert(name.clone(), now.unix_ms);
        let (inbox, run_dir) = (self.inbox.clone(), self.run_dir.clone());
        tokio::spawn(async move {
            let started = match Drill::read(&name) {
                Some(drill) => drill_request::start(&inbox, &run_dir, drill, None, SCHEDULE).await,
                None => Err(Fault::failed("this version has no such drill")),
            };
            if let Err(fault) = started {
                let skipped = Message::Drill(Drilling::Skipped(name, fault.error));
                let _ = inbox.send(skipped).await;
            }
        });
    }

    fn do_drill(&mut self, acts: Vec<Do>, now: Now) {
        for act in acts {
            match act {
                Do::Inject => self.inject(now),
                Do::Probe(name) => self.begin(&name, true),
                Do::End => self.end_fault(now),
                Do::Finish => self.finish_drill(now),
            }
        }
    }

    fn inject(&self, now: Now) {
        let Some(run) = &self.drills.run else { return };
        let (plan, id) = (run.plan(), run.view().id.clone());
        let span = Duration::from_millis(plan.for_ms);
        if plan.worker_too && plan.fault == DrillFault::LostStore {
            self.context.store.lose(span);
        }
        let socket = plan.role.socket(&self.run_dir);
        let role = plan.role;
        let request = ControlRequest::InjectFault {
            fault: plan.fault.clone(),
            for_ms: plan.for_ms,
        };
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let how = match control::call(&socket, &request, FAULT_MAX).await {
                Ok(_) => Ok(()),
                Err(error) => Err(error.into_fault(role.name()).error),
            };
            let _ = inbox
                .send(Message::Drill(Drilling::Injected(id, now, how)))
                .await;
        });
    }

    fn end_fault(&mut self, now: Now) {
        let Some(plan) = self.drills.run.as_ref().map(|run| run.plan().clone()) else {
            return;
        };
        if plan.worker_too {
            self.context.store.find();
        }
        let resolver_only = plan.drill == Drill::LyingResolver;
        // What only the drill watches goes with its fault, but where it shows that all is well again.
        if !resolver_only && !plan.also.monitors.is_empty() {
            self.engine.watch_also(Watched::default(), now);
            self.make_slots(now);
        }
        let socket = plan.role.socket(&self.run_dir);
        tokio::spawn(end_at(socket));
    }

    fn finish_drill(&mut self, now: Now) {
        let Some(run) = self.drills.run.take() else {
            return;
        };
        self.engine.watch_also(Watched::default(), now);
        self.make_slots(now);
        let view = run.view();
        let because = || {
            let missed = view
                .expectations
                .iter()
                .filter(|one| one.held == Some(false));
            let texts = missed.map(|one| match one.found.as_str() {
                "" => format!("expected: {}", one.text),
                found => format!("expected: {}; found: {found}", one.text),
            });
            let texts: Vec<String> = texts.collect();
            match view.state {
                DrillState::Failed => texts.join("; "),
                _ => {
                    let last = view.steps.last().map(|step| step.text.as_str());
                    format!("it was broken off: {}", last.unwrap_or_default())
                }
            }
        };
        self.events.emit(match view.state {
            DrillState::Met => Event::DrillMet {
                drill: view.drill.clone(),
                run: view.id.clone(),
                detect_ms: view.detected_after_ms.unwrap_or_default(),
                repair_ms: view.repaired_after_ms.unwrap_or_default(),
            },
            _ => Event::DrillFailed {
                drill: view.drill.clone(),
                run: view.id.clone(),
                because: because(),
            },
        });
        let view = view.clone();
        self.keep_run(&view);
        self.drills.runs.retain(|run| run.id != view.id);
        if self.drills.runs.len() == RUNS_MAX {
            self.drills.runs.remove(0);
        }
        self.drills.runs.push(view);
    }

    /// A line of a few kilobytes, into the page cache.
    fn keep_run(&self, view: &DrillRun) {
        if let Err(error) = self.drills.record.append(view) {
            self.events.emit(Event::HealthFileFailing {
                path: self.drills.record.path().display().to_string(),
                error: error.to_string(),
            });
        }
    }

    fn show_drill(&self, id: &str) -> Option<DrillRun> {
        let running = self.drills.run.as_ref().map(Run::view);
        let past = self.drills.runs.iter().rev();
        running
            .into_iter()
            .chain(past)
            .find(|run| run.id == id)
            .cloned()
    }

    fn list_drills(&self, now: Now) -> DrillList {
        let settings = self.engine.settings();
        let connector = self.engine.drill_connector(None);
        let connector = connector.as_deref().unwrap_or("NAME");
        let drills = Drill::ALL.into_iter().map(|drill| {
            let scheduled = self.drills.next(settings, drill.name(), now);
            DrillView {
                drill: drill.name().to_owned(),
                fault: drill.fault().to_owned(),
                notice: drill.notice().to_owned(),
                touches_mail: drill.touches_mail(),
                expects: plan::expectations(drill, connector)
                    .iter()
                    .map(plan::Expectation::text)
                    .collect(),
                next_unix_ms: scheduled.as_ref().map(|(_, next)| *next),
                schedule: scheduled.map(|(text, _)| text),
                last: self.drills.last(drill.name()).cloned(),
            }
        });
        DrillList {
            allowed: self.drills.allowed,
            refused_because: self.drill_objections().reasons,
            drills: drills.collect(),
            running: self.drills.run.as_ref().map(|run| run.view().clone()),
        }
    }
}

async fn end_at(socket: PathBuf) {
    for attempt in 0..END_ATTEMPTS {
        if control::call(&socket, &ControlRequest::EndFault, FAULT_MAX)
            .await
            .is_ok()
        {
            return;
        }
        // Else its deadline ends it.
        tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
    }
}
