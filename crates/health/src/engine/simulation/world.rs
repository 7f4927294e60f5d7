//! One node of the simulation: its engine, its arbiter on a real ledger, its holds, its faults.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::view::{
    Hold, ProbeView, RepairAct, RepairProposal, Requester, Responder, Verdict, Wanted,
    group::{GroupFacts, Lease},
    health::{Evidence, HealthState, Measure},
};
use mailward_events::Events;
use mailward_host::{clock::Clock, fake::clock::FakeClock};
use mailward_model::{
    Binding, Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, MonitoringOverride, OverrideScope, ReceiveConnector, Until},
};

use super::super::{Answer, Engine, OBSERVER, Order, watch::Watch};
use crate::{
    Now,
    alert::Alert,
    arbiter::{Arbiter, Around},
    hold::{self, Holds},
    ledger::Boot,
    schedule::Slots,
};

/// How long an answer to the question for the lease counts: as long as whoever got it may count on
/// it, less than the votes hold.
const LEASE_MS: u64 = 20_000;

/// What every probe of this world measures.
const MEASURED: [(&str, i64); 6] = [
    ("free_octets", 100 << 30),
    ("free_inodes", 1 << 20),
    ("sync_us", 900),
    ("messages", 3),
    ("oldest_age_ms", 1_000),
    ("growth_per_minute", 0),
];

/// What is wrong with a component.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault {
    /// The mildest stage that cures it; none does where `None`.
    pub(super) cured_by: Option<u8>,
    /// The class a probe finds out.
    pub(super) class: Option<&'static str>,
    /// It says nothing at all: a probe of it ends by its time limit.
    pub(super) silent: bool,
}

/// How acts go on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Acts {
    #[default]
    Done,
    /// They fail, and nothing is changed.
    Fail,
    /// They never end.
    Hang,
    /// The manager dies between intent and act.
    ManagerDies,
    /// The manager dies after the act, before it says so; the answer never comes.
    AnswerLost,
}

/// An act as it was really done, and what was true in that moment.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// On the clock of the world, which never jumps.
    pub(super) at_ms: u64,
    pub(super) act: RepairAct,
    pub(super) case: String,
    pub(super) component: String,
    pub(super) class: Option<String>,
}

pub(super) struct World {
    pub(super) name: String,
    pub(super) clock: Arc<FakeClock>,
    pub(super) engine: Engine,
    pub(super) arbiter: Arbiter,
    pub(super) settings: HealthSettings,
    pub(super) objects: Vec<Object>,
    pub(super) holds: Holds,
    pub(super) slots: BTreeMap<String, Slots>,
    pub(super) faults: BTreeMap<String, Fault>,
    /// Probes of these components cannot be carried out.
    pub(super) blind: BTreeSet<String>,
    /// Probes that wait for an answer: when their time is over, and how long it was.
    pub(super) waiting: BTreeMap<String, (u64, u64)>,
    pub(super) acts_go: Acts,
    pub(super) silent: bool,
    pub(super) frozen: Option<String>,
    pub(super) queue_writable: bool,
    /// What was proposed last.
    pub(super) proposed: Option<RepairProposal>,
    pub(super) group: Option<GroupFacts>,
    /// The question for the lease that waits for the cluster's answer: case and stage.
    pub(super) wants_lease: Option<(String, u8)>,
    /// The cluster's answer, and when it was given.
    pub(super) lease: Option<(String, Lease, u64)>,
    /// Windows in which the worker is still late.
    pub(super) lags: u64,
    /// Since when each component with a case is really bad and seen to be.
    pub(super) bad_since: BTreeMap<String, u64>,
    /// When the machine boots, milliseconds of the world.
    pub(super) boots_ms: Option<u64>,
    pub(super) boots: u32,
    /// When the machine booted last.
    pub(super) booted_ms: u64,
    /// Acts carried out.
    pub(super) acts: Vec<Done>,
    pub(super) alerts: Vec<(u64, Alert)>,
    pub(super) closed: Vec<mailward_api::view::CaseView>,
    /// What the promises say was broken.
    pub(super) broken: Vec<String>,
    /// The newest result of each probe, by component: when it was really looked, and what was seen.
    pub(super) seen: BTreeMap<String, BTreeMap<String, (u64, Evidence)>>,
    /// The world's own time.
    pub(super) at_ms: u64,
    pub(super) ledger: PathBuf,
    _dir: tempfile::TempDir,
}

pub(super) fn connector(name: &str) -> Object {
    let binding: Binding = "127.0.0.1:2525".parse().unwrap();
    Object {
        id: ObjectId(1),
        name: name.into(),
        revision: Revision(1),
        spec: ReceiveConnector {
            bindings: vec![binding],
            ..ReceiveConnector::default()
        }
        .into(),
    }
}

/// A folder in memory where there is one: a ledger is synced thousands of times.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

impl World {
    pub(super) fn new(connectors: &[&str]) -> World {
        World::with(connectors, HealthSettings::default())
    }

    pub(super) fn with(connectors: &[&str], settings: HealthSettings) -> World {
        World::named("mx.example.org", connectors, settings)
    }

    pub(super) fn named(name: &str, connectors: &[&str], settings: HealthSettings) -> World {
        let dir = folder();
        let clock = Arc::new(FakeClock::new(1_800_000_000_000));
        let ledger = dir.path().join("ledger");
        let arbiter = Arbiter::open_in(
            &ledger,
            clock.clone(),
            Events::discard(),
            Boot::named("boot 0", 0),
        );
        let mut world = World {
            name: name.to_owned(),
            engine: Engine::new(name),
            arbiter: arbiter.unwrap(),
            settings,
            objects: connectors.iter().map(|name| connector(name)).collect(),
            holds: Holds::open(&dir.path().join("holds.json")).0,
            slots: BTreeMap::new(),
            faults: BTreeMap::new(),
            blind: BTreeSet::new(),
            waiting: BTreeMap::new(),
            acts_go: Acts::Done,
            silent: false,
            frozen: None,
            queue_writable: true,
            proposed: None,
            group: None,
            wants_lease: None,
            lease: None,
            lags: 0,
            bad_since: BTreeMap::new(),
            boots_ms: None,
            boots: 0,
            booted_ms: 0,
            acts: Vec::new(),
            alerts: Vec::new(),
            closed: Vec::new(),
            broken: Vec::new(),
            seen: BTreeMap::new(),
            at_ms: 0,
            ledger,
            clock,
            _dir: dir,
        };
        world.define();
        world
    }

    fn define(&mut self) {
        let now = self.now();
        let orders = self.engine.define(&self.objects, &self.settings, now);
        self.make_slots();
        self.obey(orders);
    }

    fn make_slots(&mut self) {
        let now = self.now();
        let probed = self.engine.probes();
        for definition in probed.filter(|definition| definition.is_timed()) {
            let interval_ms = definition.interval_ms;
            let slots = Slots::new("mx", &definition.name, interval_ms, definition.soon, now);
            self.slots.insert(definition.name.clone(), slots);
        }
    }

    /// A person overrides a property of a component.
    pub(super) fn set_override(
        &mut self,
        component: &str,
        property: &str,
        value: &str,
        until_unix_ms: u64,
    ) {
        let spec = MonitoringOverride {
            item: component.to_owned(),
            property: property.to_owned(),
            value: value.to_owned(),
            scope: OverrideScope::Global,
            owner: "anna".into(),
            reason: "work".into(),
            until: Some(Until::from_unix_ms(until_unix_ms)),
            version: None,
        };
        assert!(spec.reading().is_some(), "{property}");
        let id = ObjectId(self.clock.unix_ms() + self.objects.len() as u64);
        self.objects.push(Object {
            id,
            name: format!("override {id}"),
            revision: Revision(1),
            spec: Spec::from(spec),
        });
        self.define();
    }

    /// Every override ends.
    pub(super) fn end_overrides(&mut self) {
        let is_one = |object: &Object| matches!(object.spec, Spec::MonitoringOverride(_));
        self.objects.retain(|object| !is_one(object));
        self.define();
    }

    pub(super) fn now(&self) -> Now {
        Now::of(&*self.clock)
    }

    /// The component whose state a probe tells.
    pub(super) fn component_of(&self, probe: &str) -> Option<String> {
        let mut judges = self.engine.judges(probe);
        judges
            .next()
            .map(|watch| watch.definition.component.clone())
    }

    /// The result of a probe in this world.
    pub(super) fn probe(&mut self, name: &str, forced: bool) -> ProbeView {
        let component = self.component_of(name).unwrap_or_default();
        let fault = self.faults.get(&component).cloned();
        let may_run = forced || self.engine.may_run(name).is_ok();
        let (evidence, verdict) = match &fault {
            _ if !may_run => (Evidence::None, "skipped"),
            _ if self.blind.contains(&component) => (Evidence::None, "probe_error"),
            Some(_) => (Evidence::Bad, "fail"),
            None => (Evidence::Good, "pass"),
        };
        if evidence != Evidence::None {
            let seen = self.seen.entry(component).or_default();
            seen.insert(name.to_owned(), (self.at_ms, evidence));
        }
        ProbeView {
            probe: name.into(),
            unix_ms: self.clock.unix_ms(),
            took_ms: 0,
            verdict: verdict.into(),
            evidence,
            text: verdict.into(),
            cause: fault
                .filter(|_| evidence == Evidence::Bad)
                .and_then(|fault| fault.class)
                .map(str::to_owned),
            steps: Vec::new(),
            measures: MEASURED
                .map(|(name, value)| Measure {
                    name: name.into(),
                    value,
                })
                .into(),
        }
    }

    pub(super) fn obey(&mut self, orders: Vec<Order>) {
        for order in orders {
            let now = self.now();
            match order {
                Order::Probe(name) | Order::Force(name) if name == OBSERVER => {}
                Order::Probe(name) => self.run(&name, false),
                Order::Force(name) => self.run(&name, true),
                Order::Propose(mut proposal) => {
                    proposal.group = self.group.clone();
                    self.put_lease(&mut proposal);
                    self.propose(&proposal);
                }
                Order::AskCarried { case, entry } => {
                    let how = self.arbiter.carried(entry);
                    let more = self.engine.carried(&case, &how, now);
                    self.obey(more);
                }
                Order::LiftHolds(key) => {
                    self.holds.lift(&key).unwrap();
                }
                Order::Outcome(outcome) => self.arbiter.record_outcome(&outcome),
                Order::Alert(alert) => self.alerts.push((self.at_ms, *alert)),
                Order::Closed(case) => self.closed.push(*case),
                Order::EndOverride(object) => self.objects.retain(|one| one.id != object.id),
                Order::Reschedule => self.make_slots(),
                Order::Emit(_) | Order::Edge(_) | Order::Save | Order::SaveHours => {}
            }
        }
    }

    /// A proposal that takes something away carries the answer to the question for the lease, which
    /// comes with the next step: until then it is denied, as where nobody answers.
    fn put_lease(&mut self, proposal: &mut RepairProposal) {
        let stage = proposal.act.stage();
        let (Some(group), true) = (&mut proposal.group, (2..=4).contains(&stage)) else {
            return;
        };
        match self.lease.take() {
            Some((case, lease, at)) if case == proposal.case && self.at_ms - at <= LEASE_MS => {
                group.lease = Some(lease);
            }
            _ => self.wants_lease = Some((proposal.case.clone(), stage)),
        }
    }

    fn propose(&mut self, proposal: &RepairProposal) {
        self.proposed = Some(proposal.clone());
        let now = self.now();
        let answer = if self.silent {
            Answer::Silent {
                error: "nobody answers".into(),
            }
        } else {
            let around = Around {
                settings: &self.settings,
                frozen: self.frozen.as_deref(),
                holds: self.holds.all(),
                queue_writable: self.queue_writable,
                node: self.engine.node(),
                objects: &self.objects,
            };
            match self.arbiter.propose(proposal, &around) {
                Verdict::Granted { entry, reasons } => {
                    self.check_before(proposal, entry);
                    if !self.begin(proposal, entry) {
                        return;
                    }
                    Answer::Granted { entry, reasons }
                }
                Verdict::Denied {
                    reasons,
                    until_unix_ms,
                    shadow,
                } => Answer::Denied {
                    reasons,
                    again_in_ms: until_unix_ms.map(|t| t.saturating_sub(now.unix_ms)),
                    shadow,
                },
            }
        };
        let more = self
            .engine
            .answer(&proposal.case, &proposal.act, answer, now);
        self.obey(more);
    }

    /// Begins a granted act, as the world would have it. False where the answer is lost.
    fn begin(&mut self, proposal: &RepairProposal, entry: u64) -> bool {
        let harmless = matches!(proposal.act, RepairAct::Online | RepairAct::Alert);
        match if harmless { Acts::Done } else { self.acts_go } {
            Acts::Done => {
                self.carry_out(proposal, entry);
            }
            Acts::Fail => {
                self.done(proposal);
                self.arbiter.acted(entry, Err("it failed"));
            }
            Acts::Hang => self.done(proposal),
            Acts::ManagerDies => {
                self.done(proposal);
                self.restart_manager();
            }
            Acts::AnswerLost => {
                self.carry_out(proposal, entry);
                self.restart_manager();
                self.restart_worker();
                return false;
            }
        }
        true
    }

    fn done(&mut self, proposal: &RepairProposal) {
        self.acts.push(Done {
            at_ms: self.at_ms,
            act: proposal.act.clone(),
            case: proposal.case.clone(),
            component: proposal.component.clone(),
            class: proposal.cause.clone(),
        });
    }

    fn carry_out(&mut self, proposal: &RepairProposal, entry: u64) {
        self.done(proposal);
        let act = &proposal.act;
        match act {
            RepairAct::RestartServer => {
                // The machine is gone before anybody can say that it is.
                self.boots_ms = Some(self.at_ms + 20_000);
            }
            RepairAct::Offline => {
                let hold = Hold {
                    component: proposal.component.clone(),
                    requester: Requester::HealthApi,
                    wanted: Wanted::Inactive,
                    owner: "managed availability".into(),
                    reason: proposal.reason.clone(),
                    since_unix_ms: self.clock.unix_ms(),
                    expires_unix_ms: None,
                    case: Some(proposal.case.clone()),
                    cause: proposal.cause.clone(),
                };
                self.holds.set(hold).unwrap();
            }
            RepairAct::Online => {
                // Released already where a storm has lifted it.
                let _ = self
                    .holds
                    .release(&proposal.component, Requester::HealthApi, false);
            }
            _ => {}
        }
        let stage = act.stage();
        self.faults.retain(|component, fault| {
            let hit = match act {
                RepairAct::SoftReset { component: target }
                | RepairAct::RestartComponent { component: target } => target == component,
                RepairAct::Respond {
                    component: target,
                    responder,
                } => target == component && *responder != Responder::Command,
                RepairAct::RestartProcess { .. } | RepairAct::RestartServer => {
                    component.starts_with("receive/")
                        || component == "deliver"
                        || component == "transport"
                }
                _ => false,
            };
            !(hit && fault.cured_by.is_some_and(|needed| stage >= needed))
        });
        if *act != RepairAct::RestartServer {
            self.arbiter.acted(entry, Ok("done"));
        }
    }

    /// The manager is started anew in the same boot.
    pub(super) fn restart_manager(&mut self) {
        let up_ms = self.at_ms - self.booted_ms;
        let boot = Boot::named(&format!("boot {}", self.boots), up_ms);
        let opened = Arbiter::open_in(&self.ledger, self.clock.clone(), Events::discard(), boot);
        self.arbiter = opened.unwrap();
    }

    /// The worker is started anew, with what an earlier one had kept.
    pub(super) fn restart_worker(&mut self) {
        let now = self.now();
        let saved = serde_json::to_vec(&self.engine.save(now)).unwrap();
        let cures = self.engine.cures().clone();
        let mut engine = Engine::new(&self.name);
        engine.define(&self.objects, &self.settings, now);
        engine.resume(serde_json::from_slice(&saved).unwrap(), now);
        engine.remember_cures(cures);
        self.engine = engine;
    }

    /// The machine boots: another boot id, an uptime from nothing.
    pub(super) fn reboot(&mut self) {
        self.boots += 1;
        self.booted_ms = self.at_ms;
        let boot = Boot::named(&format!("boot {}", self.boots), 0);
        let opened = Arbiter::open_in(&self.ledger, self.clock.clone(), Events::discard(), boot);
        self.arbiter = opened.unwrap();
        self.restart_worker();
    }

    /// Lets `seconds` pass, a second at a time.
    pub(super) fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.step(1_000);
        }
    }

    /// Lets a moment pass.
    pub(super) fn step(&mut self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
        self.at_ms += ms;
        if self.boots_ms.is_some_and(|at| at <= self.at_ms) {
            self.boots_ms = None;
            self.reboot();
        }
        let now = self.now();
        let due: Vec<String> = self
            .slots
            .iter_mut()
            .filter_map(|(name, slots)| slots.take(now.mono_ms).map(|_| name.clone()))
            .collect();
        self.hear_silence();
        for name in due {
            self.run(&name, false);
        }
        let orders = self.engine.tick(now);
        self.obey(orders);
        self.end_orphans();
    }

    /// Ends the holds whose case is not open, as the worker does every few seconds.
    fn end_orphans(&mut self) {
        let holds = self.holds.all().to_vec();
        if self.silent || !holds.iter().any(hold::is_of_a_case) {
            return;
        }
        let open = self.engine.open_cases(self.now()).into_iter();
        let open: Vec<String> = open.map(|case| case.id).collect();
        for orphan in hold::orphans(&holds, &open) {
            let released = self
                .holds
                .release(&orphan.component, Requester::HealthApi, false);
            released.unwrap();
        }
    }

    pub(super) fn stages(&self) -> Vec<u8> {
        self.acts.iter().map(|done| done.act.stage()).collect()
    }

    fn watches_of(&self, component: &str) -> impl Iterator<Item = (&String, &Watch)> + Clone {
        let watches = self.engine.watches.iter();
        watches.filter(move |(_, watch)| *watch.definition.component == *component)
    }

    /// Whether nothing can be known of a component yet, or a person does not want it to be.
    pub(super) fn is_unwatched(&self, component: &str) -> bool {
        let mut watches = self.watches_of(component).map(|(_, watch)| watch);
        watches.clone().any(|watch| watch.overlay.is_some())
            || watches.all(|watch| watch.state.phase == HealthState::Unknown)
    }

    /// What the monitors of broken components say.
    pub(super) fn unwell(&self) -> Vec<String> {
        let broken = self.faults.keys().flat_map(|fault| self.watches_of(fault));
        broken
            .map(|(name, watch)| format!("{name} {:?}: {}", watch.state.phase, watch.latest))
            .collect()
    }

    pub(super) fn break_it(
        &mut self,
        component: &str,
        cured_by: Option<u8>,
        class: Option<&'static str>,
    ) {
        let fault = Fault {
            cured_by,
            class,
            silent: false,
        };
        self.faults.insert(component.into(), fault);
    }
}
