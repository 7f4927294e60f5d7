//! Stories: one fault each, and what becomes of it.

use mailward_api::view::{
    GroupMember, RepairAct, Responder, Wanted,
    health::{Evidence, HealthState},
};
use mailward_model::kind::{Expendable, HealthSettings};
use proptest::prelude::*;

use super::{World, world::connector};
use crate::{alert::AlertKind, arbiter::Around, engine::Engine};

/// Of the probe of a connector, at default settings.
const TWO_INTERVALS_MS: u64 = 40_000;

#[test]
fn a_wedged_connector_is_restarted_within_two_intervals_and_its_case_tells_all() {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    assert!(world.acts.is_empty());
    assert_eq!(world.engine.report(world.now()).state, HealthState::Healthy);
    // The worst moment: right after a look that found all well.
    let looked = |world: &World| world.seen["receive/Internet"]["connector/Internet"].0;
    let before = looked(&world);
    while looked(&world) == before {
        world.pass(1);
    }
    let wedged_ms = world.at_ms;
    world.wedge("receive/Internet", 1);
    let is_bad = |world: &World| !world.engine.open_cases(world.now()).is_empty();
    while !is_bad(&world) {
        world.pass(1);
        assert!(
            world.at_ms - wedged_ms <= TWO_INTERVALS_MS,
            "it is not noticed"
        );
    }
    while world.engine.open_cases(world.now())[0].state != "probation" {
        world.pass(1);
        assert!(
            world.at_ms - wedged_ms <= TWO_INTERVALS_MS + 5_000,
            "it is not repaired"
        );
    }
    assert_eq!(world.stages(), [1]);
    let relay = &world.seen["receive/Relay"]["connector/Relay"];
    assert_eq!(relay.1, Evidence::Good, "the other one is untouched");
    let case = world.engine.open_cases(world.now()).remove(0);
    // From the first bad look on: three of four seconds, two pauses of two.
    assert!(case.detected_after_ms.unwrap() <= 17_000, "{case:?}");
    assert!(case.repaired_after_ms.unwrap() <= 20_000, "{case:?}");
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
    let kinds: Vec<_> = world.alerts.iter().map(|(_, alert)| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::Offline, AlertKind::Offline]);
    assert_eq!(
        world.engine.report(world.now()).state,
        HealthState::Unrecoverable
    );
    world.faults.clear();
    world.pass(800);
    assert_eq!(world.stages(), [1, 2, 4, 0], "online again");
    assert_eq!(world.alerts.last().unwrap().1.kind, AlertKind::Solved);
    assert!(world.engine.open_cases(world.now()).is_empty());
}

#[test]
fn a_connector_that_nothing_cures_is_taken_offline_alone() {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    world.break_it("receive/Internet", None, None);
    world.pass(3600);
    assert_eq!(world.stages(), [1, 2, 4]);
    assert_eq!(
        world.holds.effective("receive/Internet"),
        Some(Wanted::Inactive)
    );
    assert_eq!(world.holds.effective("receive/Relay"), None);
    world.faults.clear();
    world.pass(800);
    assert!(world.holds.all().is_empty(), "it comes back by itself");
}

#[test]
fn what_a_soft_reset_cures_goes_no_further_and_is_remembered() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("deliver", Some(0), None);
    world.pass(1500);
    assert_eq!(world.stages(), [0]);
    assert!(world.alerts.is_empty() && world.faults.is_empty());
    // What only the component's restart cures is begun there the next time.
    world.break_it("deliver", Some(1), None);
    world.pass(2400);
    assert_eq!(world.stages(), [0, 0, 1]);
    world.break_it("deliver", Some(1), None);
    world.pass(2400);
    assert_eq!(world.stages(), [0, 0, 1, 1]);
    world.restart_worker();
    world.break_it("deliver", Some(1), None);
    world.pass(2400);
    assert_eq!(
        world.stages(),
        [0, 0, 1, 1, 1],
        "over a restart of the worker"
    );
}

#[test]
fn a_class_with_a_responder_of_its_own_goes_there_first() {
    for (component, class, responder) in [
        (
            "receive/Internet",
            "certificate",
            Responder::ReloadCertificate,
        ),
        ("receive/Internet", "config", Responder::RebuildSnapshot),
        (
            "certificate/Internet",
            "certificate",
            Responder::ReloadCertificate,
        ),
        ("deliver", "dns", Responder::NextResolver),
        ("deliver", "upstream", Responder::NextSmartHost),
        ("queue", "orphaned", Responder::ReownMessages),
        ("disk", "disk_full", Responder::FreeDisk),
    ] {
        let settings = HealthSettings {
            free_disk: vec![Expendable::EventLogs],
            ..HealthSettings::default()
        };
        let mut world = World::with(&["Internet"], settings);
        world.pass(700);
        world.break_it(component, Some(0), Some(class));
        world.pass(1300);
        let acts: Vec<_> = world.acts.iter().map(|done| done.act.clone()).collect();
        let expect = RepairAct::Respond {
            responder,
            component: component.into(),
        };
        assert_eq!(acts, [expect], "{component} {class}");
        assert!(world.alerts.is_empty(), "{component} {class}");
    }
}

#[test]
pub(super) fn a_restart_of_the_server_is_done_once_and_known_after_the_boot() {
    let settings = HealthSettings {
        restart_server_command: vec!["/sbin/reboot".into()],
        ..HealthSettings::default()
    };
    let mut world = World::with(&["Internet"], settings);
    world.pass(700);
    world.break_it("receive/Internet", Some(3), None);
    world.pass(1800);
    assert_eq!(world.stages(), [1, 2, 3]);
    assert_eq!(world.boots, 1);
    assert!(world.faults.is_empty());
    let acted = world
        .arbiter
        .ledger(200, &Around::plain(&world.settings))
        .entries;
    assert!(
        acted
            .iter()
            .any(|e| e.record == "acted" && e.text.contains("machine was started"))
    );
    assert_eq!(world.alerts.len(), 2, "announced, and well again");
    // The same again on the same day: it is denied, and told.
    world.break_it("receive/Internet", Some(3), None);
    world.pass(4 * 3600);
    assert_eq!(world.boots, 1);
    assert!(world.stages().ends_with(&[4]), "{:?}", world.stages());
}

#[test]
pub(super) fn a_storm_waits_with_processes_and_lifts_what_was_taken_offline_for_it() {
    let settings = HealthSettings {
        mailflow_probe_interval: mailward_model::unit::Span::from_secs(20),
        ..HealthSettings::default()
    };
    let mut world = World::with(&["Internet"], settings);
    world.pass(700);
    for component in [
        "receive/Internet",
        "store",
        "disk",
        "queue",
        "certificate/Internet",
        "mailflow-received/Internet",
        "clock",
    ] {
        world.break_it(component, Some(2), None);
    }
    world.pass(240);
    assert!(
        world.stages().iter().all(|stage| *stage < 2),
        "{:?}",
        world.stages()
    );
    let pages = world
        .alerts
        .iter()
        .filter(|(_, alert)| alert.text.contains("within a minute"));
    assert_eq!(pages.count(), 1, "{:?}", world.alerts);
    world.pass(900);
    assert!(
        world.stages().contains(&2),
        "the storm is over: {:?}",
        world.stages()
    );
}

#[test]
fn a_set_in_shadow_mode_walks_its_whole_ladder_and_another_is_repaired() {
    let settings = HealthSettings {
        shadow_sets: vec!["Receive".into()],
        ..HealthSettings::default()
    };
    let mut world = World::with(&["Internet"], settings);
    world.pass(700);
    world.break_it("receive/Internet", Some(1), None);
    world.break_it("deliver", Some(0), None);
    world.pass(3600);
    let components: Vec<_> = world
        .acts
        .iter()
        .map(|done| done.component.as_str())
        .collect();
    assert!(
        components.iter().all(|component| *component == "deliver"),
        "{components:?}"
    );
    let ledger = world
        .arbiter
        .ledger(200, &Around::plain(&world.settings))
        .entries;
    let shadows: Vec<u8> = ledger
        .iter()
        .rev()
        .filter(|entry| entry.record == "shadow")
        .filter_map(|entry| entry.act.as_ref().map(RepairAct::stage))
        .collect();
    assert_eq!(shadows, [1, 2, 4]);
}

#[test]
fn a_rehearsal_says_what_happens_then_and_changes_nothing() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    let before = (
        world.engine.report(world.now()),
        world.arbiter.ledger(100, &Around::plain(&world.settings)),
    );
    let around = Around::plain(&world.settings);
    let facts = world.arbiter.facts(&around);
    let rehearsal = world
        .engine
        .rehearse("receive", None, &facts, &[], world.now())
        .unwrap();
    let told: Vec<(u8, u64)> = rehearsal
        .steps
        .iter()
        .filter(|step| step.step == "granted")
        .map(|step| (step.act.as_ref().unwrap().stage(), step.after_ms / 1000))
        .collect();
    assert!(
        rehearsal.end.contains("a person is needed"),
        "{rehearsal:?}"
    );
    assert_eq!(
        before,
        (
            world.engine.report(world.now()),
            world.arbiter.ledger(100, &Around::plain(&world.settings))
        )
    );
    assert!(
        world
            .engine
            .rehearse("nothing", None, &facts, &[], world.now())
            .is_none()
    );
    // Alone in a group nothing that takes the node away would be granted.
    let silent = GroupMember {
        name: "mx2".to_owned(),
        heard_age_ms: None,
        healthy: false,
        acting: None,
        bad_causes: Vec::new(),
        sets: Vec::new(),
    };
    let alone = world
        .engine
        .rehearse("receive", None, &facts, &[silent], world.now())
        .unwrap();
    let offline = alone
        .steps
        .iter()
        .filter(|step| step.act == Some(RepairAct::Offline));
    let refused: Vec<_> = offline.map(|step| step.reasons.join("; ")).collect();
    assert!(
        refused[0].contains("1 of 2 members granted it: mx2 was never heard")
            && refused[0].contains("0 others are healthy, 1 are needed"),
        "{refused:?}"
    );
    // And so it comes.
    let began = world.at_ms;
    world.break_it("receive/Internet", None, None);
    world.pass(3600);
    let really: Vec<u64> = world
        .acts
        .iter()
        .map(|done| (done.at_ms - began) / 1000)
        .collect();
    assert_eq!(
        world.stages(),
        told.iter().map(|(stage, _)| *stage).collect::<Vec<_>>()
    );
    for ((_, told), really) in told.iter().zip(really) {
        // The slot of the first probe differs, and nothing else.
        assert!(told.abs_diff(really) <= 60, "{told} {really}");
    }
    let known = world
        .engine
        .rehearse("Receive", Some("dns"), &facts, &[], world.now())
        .unwrap();
    assert!(
        !known.steps.iter().any(|step| step.step == "granted"),
        "{known:?}"
    );
}

#[test]
fn cases_of_one_class_know_of_each_other() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.break_it("store", None, Some("disk"));
    world.break_it("queue", None, Some("disk"));
    world.pass(200);
    let cases = world.engine.open_cases(world.now());
    assert_eq!(cases.len(), 2);
    for case in &cases {
        let other = cases.iter().find(|other| other.id != case.id).unwrap();
        assert_eq!(case.related, std::slice::from_ref(&other.id));
    }
}

#[test]
pub(super) fn a_process_that_hangs_is_restarted_itself_and_not_its_components() {
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
        "network",
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
            world.break_it(component, None, Some(class));
        }
        world.pass(7200);
        let mild = world
            .acts
            .iter()
            .all(|done| matches!(done.act, RepairAct::Respond { .. }));
        assert!(mild, "{class}: {:?}", world.acts);
        assert!(!world.alerts.is_empty(), "{class}: a person is told");
    }
}

#[test]
pub(super) fn in_shadow_mode_nothing_is_done_and_a_person_is_told() {
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
    let shadows = world.arbiter.ledger(100, &Around::plain(&settings));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
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
