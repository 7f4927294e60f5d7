//! Bad days, played in a moment: the real engine and the real arbiter with its ledger, a world of
//! faults, and a clock that is moved by hand. What is checked holds whatever the faults are.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mailward_api::view::{RepairAct, Verdict, health::Evidence};
use mailward_events::Events;
use mailward_host::{clock::Clock, fake::clock::FakeClock};
use mailward_model::{Binding, ObjectId, Revision, kind::ReceiveConnector};
use proptest::prelude::*;

use super::*;
use crate::{
    alert::AlertKind,
    arbiter::Arbiter,
    guard::{self, HOUR_MS},
    ledger::Boot,
    schedule::Slots,
};

/// What is wrong with a component.
#[derive(Debug, Clone, Default)]
struct Fault {
    /// The mildest stage that cures it; none does where `None`.
    cured_by: Option<u8>,
    /// The class a probe finds out.
    class: Option<&'static str>,
}

struct World {
    clock: Arc<FakeClock>,
    engine: Engine,
    arbiter: Arbiter,
    settings: HealthSettings,
    slots: BTreeMap<String, Slots>,
    faults: BTreeMap<String, Fault>,
    /// Acts carried out: when (monotonic), what, for which case.
    acts: Vec<(u64, RepairAct, String)>,
    alerts: Vec<Alert>,
    closed: Vec<CaseView>,
    _dir: tempfile::TempDir,
}

fn connector(name: &str) -> Object {
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

impl World {
    fn new(connectors: &[&str]) -> World {
        World::with(connectors, HealthSettings::default())
    }

    fn with(connectors: &[&str], settings: HealthSettings) -> World {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::new(1_800_000_000_000));
        let ledger = dir.path().join("ledger");
        let arbiter = Arbiter::open_in(
            &ledger,
            clock.clone(),
            Events::discard(),
            Boot::named("one", 0),
        );
        let mut world = World {
            engine: Engine::new("mx.example.org"),
            arbiter: arbiter.unwrap(),
            settings: settings.clone(),
            slots: BTreeMap::new(),
            faults: BTreeMap::new(),
            acts: Vec::new(),
            alerts: Vec::new(),
            closed: Vec::new(),
            clock,
            _dir: dir,
        };
        let objects: Vec<Object> = connectors.iter().map(|name| connector(name)).collect();
        let now = world.now();
        world.engine.define(&objects, &settings, now);
        let probed = world.engine.probes();
        for definition in probed.filter(|definition| definition.target != Target::Observer) {
            let interval_ms = definition.interval_ms;
            let slots = Slots::new("mx", &definition.name, interval_ms, definition.soon, now);
            world.slots.insert(definition.name.clone(), slots);
        }
        world
    }

    fn now(&self) -> Now {
        Now::of(&*self.clock)
    }

    /// The result of a probe in this world.
    fn probe(&self, name: &str) -> ProbeView {
        let mut judges = self.engine.judges(name);
        // A mail-flow probe fails with its connector too.
        let fault = judges.find_map(|watch| self.faults.get(&watch.definition.component));
        let (evidence, verdict) = match (&fault, self.engine.may_run(name)) {
            (_, Err(_)) => (Evidence::None, "skipped"),
            (Some(_), _) => (Evidence::Bad, "fail"),
            (None, _) => (Evidence::Good, "pass"),
        };
        ProbeView {
            probe: name.into(),
            unix_ms: self.clock.unix_ms(),
            took_ms: 0,
            verdict: verdict.into(),
            evidence,
            text: verdict.into(),
            cause: fault.and_then(|fault| fault.class).map(str::to_owned),
            steps: Vec::new(),
            measures: Vec::new(),
        }
    }

    fn obey(&mut self, orders: Vec<Order>) {
        for order in orders {
            let now = self.now();
            match order {
                Order::Probe(name) if name == OBSERVER => {}
                Order::Probe(name) => {
                    let sample = self.probe(&name);
                    let more = self.engine.observe(sample, now);
                    self.obey(more);
                }
                Order::Propose(proposal) => {
                    let verdict = self.arbiter.propose(&proposal, &self.settings);
                    let answer = match verdict {
                        Verdict::Granted { entry, reasons } => {
                            self.carry_out(&proposal.act, &proposal.case);
                            self.arbiter.acted(entry, Ok("done"));
                            Answer::Granted { entry, reasons }
                        }
                        Verdict::Denied {
                            reasons,
                            until_unix_ms,
                        } => Answer::Denied {
                            reasons,
                            again_in_ms: until_unix_ms.map(|t| t.saturating_sub(now.unix_ms)),
                        },
                    };
                    let more = self
                        .engine
                        .answer(&proposal.case, &proposal.act, answer, now);
                    self.obey(more);
                }
                Order::Outcome(outcome) => self.arbiter.record_outcome(&outcome),
                Order::Alert(alert) => self.alerts.push(*alert),
                Order::Closed(case) => self.closed.push(*case),
                Order::Emit(_) | Order::Edge(_) | Order::Save => {}
            }
        }
    }

    fn carry_out(&mut self, act: &RepairAct, case: &str) {
        self.acts
            .push((self.now().mono_ms, act.clone(), case.to_owned()));
        let stage = act.stage();
        self.faults.retain(|component, fault| {
            let hit = match act {
                RepairAct::RestartComponent { component: target } => target == component,
                RepairAct::RestartProcess { .. } => {
                    component.starts_with("receive/")
                        || component == "deliver"
                        || component == "transport"
                }
                _ => false,
            };
            !(hit && fault.cured_by.is_some_and(|needed| stage >= needed))
        });
    }

    /// Lets `seconds` pass, a second at a time.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            let now = self.now();
            let due: Vec<String> = self
                .slots
                .iter_mut()
                .filter_map(|(name, slots)| slots.take(now.mono_ms).map(|_| name.clone()))
                .collect();
            for name in due {
                let sample = self.probe(&name);
                let orders = self.engine.observe(sample, now);
                self.obey(orders);
            }
            let orders = self.engine.tick(now);
            self.obey(orders);
        }
    }

    fn stages(&self) -> Vec<u8> {
        self.acts.iter().map(|(_, act, _)| act.stage()).collect()
    }

    fn break_it(&mut self, component: &str, cured_by: Option<u8>, class: Option<&'static str>) {
        self.faults
            .insert(component.into(), Fault { cured_by, class });
    }
}

#[test]
fn a_wedged_connector_is_restarted_within_a_minute_and_its_case_tells_all() {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    assert!(world.acts.is_empty());
    assert_eq!(world.engine.report(world.now()).state, HealthState::Healthy);
    world.break_it("receive/Internet", Some(1), None);
    world.pass(70);
    assert_eq!(world.stages(), [1]);
    let case = world.engine.open_cases(world.now()).remove(0);
    assert_eq!(case.state, "probation");
    assert!(case.detected_after_ms.unwrap() <= 30_000, "{case:?}");
    assert!(case.repaired_after_ms.unwrap() <= 60_000, "{case:?}");
    world.pass(700);
    let case = world.closed.remove(0);
    let steps: Vec<_> = case.steps.iter().map(|step| step.step.as_str()).collect();
    for step in [
        "sample", "state", "proposed", "granted", "checked", "closed",
    ] {
        assert!(steps.contains(&step), "{step}: {steps:?}");
    }
    assert!(
        case.steps
            .iter()
            .any(|s| s.step == "granted" && s.reasons.len() > 5)
    );
    assert_eq!(case.solved_by.unwrap().stage(), 1);
    assert!(
        world.alerts.is_empty(),
        "nobody is woken for what was repaired"
    );
    assert_eq!(world.engine.report(world.now()).state, HealthState::Healthy);
}

#[test]
fn what_a_component_restart_does_not_cure_the_process_restart_does() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("receive/Internet", Some(2), None);
    world.pass(300);
    assert_eq!(world.stages(), [1, 2]);
    assert!(world.faults.is_empty());
}

#[test]
fn what_nothing_cures_ends_offline_and_with_a_person_and_comes_back_by_itself() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("receive/Internet", None, None);
    world.pass(3600);
    assert_eq!(world.stages(), [1, 2, 4]);
    let kinds: Vec<_> = world.alerts.iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::Offline, AlertKind::Offline]);
    assert_eq!(
        world.engine.report(world.now()).state,
        HealthState::Unrecoverable
    );
    world.faults.clear();
    world.pass(800);
    assert_eq!(world.stages(), [1, 2, 4, 0], "online again");
    assert_eq!(world.alerts.last().unwrap().kind, AlertKind::Solved);
    assert!(world.engine.open_cases(world.now()).is_empty());
}

#[test]
fn the_server_is_not_taken_offline_while_another_connector_works() {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    world.break_it("receive/Internet", None, None);
    world.pass(3600);
    assert_eq!(world.stages(), [1, 2]);
    assert_eq!(world.alerts.len(), 1);
}

#[test]
fn a_process_that_hangs_is_restarted_itself_and_not_its_components() {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    for component in ["transport", "receive/Internet", "receive/Relay"] {
        world.break_it(component, Some(2), None);
    }
    world.pass(600);
    assert_eq!(world.stages(), [2], "{:?}", world.acts);
    assert!(world.faults.is_empty());
}

#[test]
fn nothing_is_restarted_for_a_cause_that_no_restart_cures() {
    for class in [
        "dns",
        "certificate",
        "disk_full",
        "disk",
        "config",
        "upstream",
        "credential",
    ] {
        let mut world = World::new(&["Internet"]);
        world.pass(400);
        for component in [
            "receive/Internet",
            "deliver",
            "certificate/Internet",
            "queue",
            "disk",
        ] {
            world.break_it(component, Some(1), Some(class));
        }
        world.pass(7200);
        assert!(world.acts.is_empty(), "{class}: {:?}", world.acts);
        assert!(!world.alerts.is_empty(), "{class}: a person is told");
    }
}

#[test]
fn in_shadow_mode_nothing_is_done_and_a_person_is_told() {
    let settings = HealthSettings {
        repair: false,
        ..HealthSettings::default()
    };
    let mut world = World::with(&["Internet"], settings.clone());
    world.pass(400);
    world.break_it("receive/Internet", Some(1), None);
    world.pass(3600);
    assert!(
        world.acts.is_empty() && world.alerts.len() == 1,
        "{:?}",
        world.alerts
    );
    let shadows = world.arbiter.ledger(100, &settings);
    assert_eq!(
        shadows
            .entries
            .iter()
            .filter(|e| e.record == "shadow")
            .count(),
        3
    );
}

#[test]
fn a_worker_started_anew_takes_its_cases_up() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("receive/Internet", Some(2), None);
    world.pass(60);
    assert_eq!(world.stages(), [1]);
    let saved = world.engine.save(world.now());
    let json = serde_json::to_vec(&saved).unwrap();
    let mut engine = Engine::new("mx.example.org");
    engine.define(&[connector("Internet")], &world.settings, world.now());
    engine.resume(serde_json::from_slice(&json).unwrap(), world.now());
    world.engine = engine;
    world.pass(600);
    assert_eq!(world.stages(), [1, 2], "no act is done twice in one case");
    assert!(world.faults.is_empty());
}

fn component() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("receive/Internet"),
        Just("receive/Relay"),
        Just("deliver"),
        Just("transport"),
        Just("disk"),
        Just("certificate/Internet"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Days of faults that come and go, and a clock that is set: budgets hold, no act is done twice
    /// in a case, nothing known to be incurable is restarted, and in the end all is well.
    #[test]
    fn whatever_happens_the_promises_hold(
        faults in proptest::collection::vec((component(), proptest::option::of(1u8..3), any::<bool>(), 10u64..4000, -90_000_000i64..90_000_000), 1..14)
    ) {
        let mut world = World::new(&["Internet", "Relay"]);
        world.pass(400);
        for (component, cured_by, known, wait, jump) in faults {
            let class = known.then_some("dns");
            world.break_it(component, cured_by, class);
            world.clock.jump(jump);
            world.pass(wait);
            if cured_by.is_none() || known {
                world.faults.remove(component);
            }
        }
        world.faults.clear();
        world.pass(5000);
        prop_assert!(world.engine.open_cases(world.now()).is_empty(), "{:?}", world.engine.open_cases(world.now()));
        prop_assert_eq!(world.engine.report(world.now()).state, HealthState::Healthy);
        for (n, (at, act, case)) in world.acts.iter().enumerate() {
            let Some(limits) = guard::limits(act, &world.settings) else { continue };
            let later = &world.acts[n + 1..];
            prop_assert!(!later.iter().any(|(_, a, c)| a == act && c == case), "twice in one case");
            let same: Vec<u64> = later.iter().filter(|(_, a, _)| a == act).map(|(t, _, _)| t - at).collect();
            prop_assert!(same.iter().all(|age| *age >= limits.gap_ms), "{act}: {same:?}");
            prop_assert!(same.iter().filter(|age| **age < HOUR_MS).count() < limits.per_hour as usize);
        }
    }

    /// A worker that is itself late restarts no process.
    #[test]
    fn a_strained_observer_restarts_no_process(cured_by in 2u8..4) {
        let mut world = World::new(&["Internet"]);
        for _ in 0..10 {
            world.engine.lag(500);
            world.pass(30);
        }
        world.break_it("receive/Internet", Some(cured_by), None);
        for _ in 0..60 {
            world.engine.lag(500);
            world.pass(30);
        }
        prop_assert!(world.stages().iter().all(|stage| *stage < 2), "{:?}", world.stages());
    }
}
