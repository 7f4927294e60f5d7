//! What people ask of managed availability: that something is left alone, that a stage does less, and
//! what becomes of what goes to and fro.

use mailward_api::view::health::HealthState;
use mailward_events::Event;
use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, MonitoringOverride, OverrideScope, Probe, ProbeTarget, ReportTarget},
    object::SpecOf,
};

use super::{World, world::connector};
use crate::{
    arbiter::Around,
    engine::{Engine, Order},
};

const HOUR_MS: u64 = 3_600_000;

fn state(world: &World, monitor: &str) -> HealthState {
    world.engine.watches[monitor].state.phase
}

/// What a set shows of a monitor beside its state.
fn overlays(engine: &Engine, set: &str, monitor: &str) -> Vec<String> {
    let shown = engine.set(set).unwrap();
    let found = shown
        .monitors
        .into_iter()
        .find(|one| one.monitor == monitor);
    found.unwrap().overlays
}

#[test]
fn what_is_in_maintenance_is_judged_and_shown_and_neither_repaired_nor_told() {
    for flag in ["maintenance", "repairing"] {
        let mut world = World::new(&["Internet"]);
        world.pass(700);
        let until = world.now().unix_ms + HOUR_MS;
        world.set_override("receive/Internet", flag, "true", until);
        world.break_it("receive/Internet", Some(1), None);
        world.pass(1800);
        assert_eq!(state(&world, "connector/Internet"), HealthState::Unhealthy);
        let told = overlays(&world.engine, "Receive", "connector/Internet");
        assert!(
            told[0].starts_with(flag) && told[0].contains("by anna"),
            "{told:?}"
        );
        assert!(world.acts.is_empty() && world.alerts.is_empty());
        assert!(world.engine.open_cases(world.now()).is_empty());
        // Its time is over: it is repaired as ever.
        world.pass(1800);
        assert_eq!(world.stages(), [1], "{flag}");
        world.pass(700);
        assert_eq!(state(&world, "connector/Internet"), HealthState::Healthy);
        assert!(world.alerts.is_empty());
    }
}

#[test]
fn what_a_person_takes_on_in_the_middle_of_a_repair_is_left_alone() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("receive/Internet", None, None);
    world.pass(90);
    assert_eq!(world.stages(), [1]);
    let until = world.now().unix_ms + HOUR_MS;
    world.set_override("Receive", "repairing", "true", until);
    world.pass(3000);
    assert_eq!(world.stages(), [1], "nothing is done beside a person");
    world.pass(3600);
    assert!(world.stages().contains(&2), "{:?}", world.stages());
}

#[test]
fn a_stage_waits_and_counts_as_a_person_says() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    let until = world.now().unix_ms + 10 * HOUR_MS;
    world.set_override("receive/Internet", "restart_component.after", "10m", until);
    world.set_override("receive/Internet", "restart_process.per_hour", "0", until);
    world.break_it("receive/Internet", Some(1), None);
    world.pass(500);
    assert!(world.acts.is_empty(), "{:?}", world.acts);
    world.pass(300);
    assert_eq!(world.stages(), [1]);
    world.pass(1200);
    world.break_it("receive/Internet", None, None);
    world.pass(3600);
    assert!(!world.stages().contains(&2), "{:?}", world.stages());
}

#[test]
pub(super) fn what_flaps_is_not_repaired_harder_than_before_until_it_is_steady() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    let flaps = |world: &World| world.engine.watches["connector/Internet"].state.flapping;
    for _ in 0..30 {
        world.break_it("receive/Internet", Some(9), None);
        world.pass(50);
        world.faults.clear();
        world.pass(40);
    }
    assert!(flaps(&world));
    // Harder stages at once, so that only the flapping keeps them off.
    let until = world.now().unix_ms + 100 * HOUR_MS;
    world.set_override("receive/Internet", "restart_process.after", "1s", until);
    world.set_override("receive/Internet", "offline.after", "2s", until);
    world.break_it("receive/Internet", Some(9), None);
    world.pass(20);
    let mut held = 0;
    while flaps(&world) {
        assert!(
            world.stages().iter().all(|stage| *stage <= 1),
            "{:?}",
            world.stages()
        );
        world.pass(1);
        held += 1;
        assert!(held < 900, "it never becomes steady");
    }
    assert!(held > 10, "{held} s");
    let ledger = world
        .arbiter
        .ledger(1000, &Around::plain(&world.settings))
        .entries;
    let denied = ledger.iter().flat_map(|entry| &entry.reasons);
    let denied = denied.filter(|reason| reason.starts_with("flapping: connector/Internet flaps"));
    assert!(denied.count() > 0);
    assert!(world.alerts.len() <= 1, "{:?}", world.alerts);
    world.pass(900);
    assert!(world.stages().contains(&2), "{:?}", world.stages());
}

#[test]
fn in_safe_mode_people_are_obeyed_and_nothing_that_was_set_aside_is_called_unknown() {
    let world = World::new(&["Internet"]);
    let overriding = |n: u64, item: &str| Object {
        id: ObjectId(n),
        name: format!("o{n}"),
        revision: Revision(1),
        spec: Spec::from(MonitoringOverride {
            item: item.to_owned(),
            property: "enabled".into(),
            value: "false".into(),
            scope: OverrideScope::Global,
            owner: "anna".into(),
            reason: "it makes the worker fall".into(),
            until: None,
            version: Some(">=0.0.1,<100.0.0".parse().unwrap()),
        }),
    };
    let beside = Object {
        id: ObjectId(9),
        name: "beside".into(),
        revision: Revision(1),
        spec: Spec::from(Probe::new(ProbeTarget::Report(ReportTarget::default()))),
    };
    let objects = [
        connector("Internet"),
        overriding(10, "mailflow/Internet"),
        overriding(11, "probe/beside"),
        overriding(12, "probe/nothing"),
    ];
    let mut engine = Engine::new("mx");
    engine.set_aside(vec![beside]);
    let orders = engine.define(&objects, &HealthSettings::default(), world.now());
    let watch = &engine.watches["mailflow/Internet"];
    assert_eq!(watch.state.phase, HealthState::Disabled);
    assert!(engine.is_switched_off("mailflow/Internet"));
    assert!(engine.probe("probe/beside").is_none(), "it is not watched");
    let unknown: Vec<_> = orders
        .iter()
        .filter_map(|order| match order {
            Order::Emit(Event::OverrideUnmatched { item, .. }) => Some(item.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(unknown, ["probe/nothing"]);
    // What a person asks for next is judged in the same way.
    let asked = |item: &str| {
        let object = overriding(13, item);
        let spec = MonitoringOverride::of(&object.spec).unwrap();
        engine.check_override(spec).is_ok()
    };
    assert!(asked("probe/beside") && asked("Watched") && !asked("probe/nothing"));
}
