//! Each check of the guard has a story that goes wrong without it. Told here are those that no other
//! file tells; [`each_check_that_is_left_out_is_noticed`] plays all of them with their check left out.

use std::collections::BTreeSet;

use mailward_api::{
    control::Role,
    view::{Hold, RepairProposal, Requester, Verdict, Wanted},
};
use mailward_model::kind::HealthSettings;

use super::{World, group, people, scenes, world::Acts};
use crate::{
    arbiter::Around,
    guard::{LEFT_OUT, tests::each::names},
};

/// A check, and the story that goes wrong without it.
const STORIES: &[(&str, fn())] = &[
    (
        "evidence",
        scenes::a_process_that_hangs_is_restarted_itself_and_not_its_components,
    ),
    ("cause", a_worker_that_errs_about_what_helps_is_refused),
    (
        "dependencies",
        what_mail_waits_for_is_repaired_before_delivery,
    ),
    (
        "objections",
        nothing_is_asked_of_a_process_that_may_not_answer,
    ),
    ("overlays", a_person_at_work_on_a_part_of_it_is_left_alone),
    (
        "flapping",
        people::what_flaps_is_not_repaired_harder_than_before_until_it_is_steady,
    ),
    ("holds", what_a_person_holds_is_not_repaired),
    ("freeze", nothing_is_done_while_repair_is_frozen),
    ("observer", a_worker_that_is_late_restarts_no_process),
    (
        "storm",
        scenes::a_storm_waits_with_processes_and_lifts_what_was_taken_offline_for_it,
    ),
    ("once", an_act_whose_answer_was_lost_is_not_done_again),
    (
        "under way",
        two_parts_with_one_cause_are_repaired_one_after_the_other,
    ),
    ("start", a_process_that_has_just_started_is_given_time),
    (
        "budget",
        scenes::a_restart_of_the_server_is_done_once_and_known_after_the_boot,
    ),
    (
        "records",
        a_machine_whose_queue_cannot_be_written_is_not_restarted,
    ),
    ("lease", group::without_a_majority_nothing_is_taken_offline),
    (
        "healthy nodes",
        group::with_too_few_others_nothing_is_taken_offline,
    ),
    (
        "common cause",
        group::a_trouble_that_the_others_have_too_takes_nothing_away_here,
    ),
    (
        "switch",
        scenes::in_shadow_mode_nothing_is_done_and_a_person_is_told,
    ),
    ("responder", what_a_person_switched_off_is_not_repaired),
];

#[test]
fn each_check_that_is_left_out_is_noticed() {
    let told: BTreeSet<&str> = STORIES.iter().map(|(check, _)| *check).collect();
    assert_eq!(told, names(), "each check has a story");
    let mut unnoticed = Vec::new();
    for (check, story) in STORIES {
        LEFT_OUT.set(Some(*check));
        // It panics, and says where.
        if std::panic::catch_unwind(story).is_ok() {
            unnoticed.push(*check);
        }
        LEFT_OUT.set(None);
    }
    assert!(unnoticed.is_empty(), "nobody misses {unnoticed:?}");
}

/// A world in which this component has been failing for a while.
fn failing(component: &str, cured_by: Option<u8>, class: Option<&'static str>) -> World {
    let mut world = World::new(&["Internet", "Relay"]);
    world.pass(700);
    world.break_it(component, cured_by, class);
    world
}

/// What was proposed for it, and refused while repair was frozen.
fn proposed() -> (World, RepairProposal) {
    let mut world = failing("receive/Internet", Some(1), None);
    world.frozen = Some("a person".into());
    world.pass(120);
    assert!(world.acts.is_empty());
    let proposal = world.proposed.clone().unwrap();
    (world, proposal)
}

fn is_granted(world: &World, proposal: &RepairProposal) -> bool {
    let around = Around::plain(&world.settings);
    let verdict = world.arbiter.weigh(proposal, &around);
    matches!(verdict, Verdict::Granted { .. })
}

#[test]
fn a_worker_that_errs_about_what_helps_is_refused() {
    // The worker passes such acts over by itself: here is one that does not.
    let (world, mut proposal) = proposed();
    assert!(is_granted(&world, &proposal));
    proposal.cause = Some("disk_full".into());
    assert!(!is_granted(&world, &proposal));
}

#[test]
fn what_mail_waits_for_is_repaired_before_delivery() {
    let mut world = failing("queue", None, None);
    world.pass(300);
    world.break_it("deliver", Some(0), None);
    let repaired = |world: &World| world.acts.iter().any(|done| done.component == "deliver");
    world.pass(3_000);
    assert!(!repaired(&world), "{:?}", world.acts);
    world.faults.remove("queue");
    world.pass(900);
    assert!(repaired(&world), "{:?}", world.acts);
    assert!(world.faults.is_empty());
}

#[test]
fn nothing_is_asked_of_a_process_that_may_not_answer() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    world.blind.insert("transport".into());
    world.pass(300);
    world.break_it("receive/Internet", Some(1), None);
    world.pass(600);
    let asked = |world: &World| world.stages().contains(&1);
    assert!(!asked(&world), "{:?}", world.acts);
    world.blind.clear();
    world.pass(600);
    assert!(world.faults.is_empty(), "{:?}", world.acts);
}

#[test]
fn a_person_at_work_on_a_part_of_it_is_left_alone() {
    let mut world = failing("deliver", None, None);
    world.frozen = Some("until both ways are seen to fail".into());
    world.pass(1_000);
    assert_eq!(world.engine.cases["deliver"].monitors.len(), 3);
    world.frozen = None;
    let until = world.now().unix_ms + 3_600_000;
    world.set_override("mailflow/Relay", "maintenance", "true", until);
    world.pass(3_000);
    assert!(world.acts.is_empty(), "{:?}", world.acts);
    world.pass(3_000);
    assert!(!world.acts.is_empty(), "its time is over");
}

#[test]
fn what_a_person_holds_is_not_repaired() {
    let mut world = failing("receive/Internet", Some(1), None);
    let hold = Hold {
        component: "receive/Internet".into(),
        requester: Requester::Maintenance,
        wanted: Wanted::Inactive,
        owner: "anna".into(),
        reason: "a new certificate".into(),
        since_unix_ms: world.now().unix_ms,
        expires_unix_ms: None,
        case: None,
        cause: None,
    };
    world.holds.set(hold).unwrap();
    world.pass(3_000);
    assert!(world.acts.is_empty(), "{:?}", world.acts);
    let released = world
        .holds
        .release("receive/Internet", Requester::Maintenance, false);
    released.unwrap();
    world.pass(300);
    assert_eq!(world.stages(), [1]);
}

#[test]
fn nothing_is_done_while_repair_is_frozen() {
    let (mut world, _) = proposed();
    world.pass(3_000);
    assert!(world.acts.is_empty(), "{:?}", world.acts);
    world.frozen = None;
    world.pass(300);
    assert_eq!(world.stages(), [1]);
}

#[test]
fn a_worker_that_is_late_restarts_no_process() {
    let mut world = World::new(&["Internet"]);
    world.pass(700);
    let late = |world: &mut World, windows| {
        for _ in 0..windows {
            world.engine.lag(500);
            world.pass(30);
        }
    };
    late(&mut world, 10);
    world.break_it("receive/Internet", Some(2), None);
    late(&mut world, 60);
    let mild = world.stages().iter().all(|stage| *stage < 2);
    assert!(mild, "{:?}", world.acts);
    world.pass(1_800);
    assert!(world.faults.is_empty(), "{:?}", world.acts);
}

#[test]
fn an_act_whose_answer_was_lost_is_not_done_again() {
    let mut world = failing("receive/Internet", None, None);
    world.acts_go = Acts::AnswerLost;
    world.pass(60);
    assert_eq!(world.stages(), [1]);
    world.acts_go = Acts::Done;
    world.pass(3_600);
    world.check_after();
    assert!(world.broken.is_empty(), "{:?}", world.broken);
    assert_eq!(world.stages(), [1, 2, 4], "each once");
}

#[test]
fn two_parts_with_one_cause_are_repaired_one_after_the_other() {
    let mut world = failing("receive/Internet", Some(1), Some("switch"));
    world.break_it("receive/Relay", Some(1), Some("switch"));
    // Nobody hears how the first act went until its time is over.
    world.acts_go = Acts::Hang;
    world.pass(120);
    assert_eq!(world.stages(), [1], "{:?}", world.acts);
    world.acts_go = Acts::Done;
    world.pass(1_800);
    assert!(world.broken.is_empty(), "{:?}", world.broken);
    assert!(world.faults.is_empty(), "{:?}", world.acts);
}

#[test]
fn a_process_that_has_just_started_is_given_time() {
    let mut world = failing("receive/Internet", Some(2), None);
    world.pass(100);
    assert_eq!(world.stages(), [1]);
    let exited_ms = world.at_ms;
    world
        .arbiter
        .record_exit(Role::Transport, 7, "killed by signal 9", None);
    world.pass(300);
    assert_eq!(world.stages(), [1, 2]);
    let after_ms = world.acts[1].at_ms - exited_ms;
    assert!(after_ms >= 60_000, "{after_ms} ms after its start");
}

#[test]
fn a_machine_whose_queue_cannot_be_written_is_not_restarted() {
    let settings = HealthSettings {
        restart_server_command: vec!["/sbin/reboot".into()],
        ..HealthSettings::default()
    };
    let mut world = World::with(&["Internet"], settings);
    world.queue_writable = false;
    world.pass(700);
    world.break_it("receive/Internet", None, None);
    world.pass(3_600);
    assert_eq!(world.stages(), [1, 2, 4]);
    assert_eq!(world.boots, 0);
}

#[test]
fn what_a_person_switched_off_is_not_repaired() {
    let mut world = failing("receive/Internet", Some(1), None);
    let until = world.now().unix_ms + 3_600_000;
    world.set_override("receive/Internet", "repair", "false", until);
    world.pass(3_000);
    assert!(world.acts.is_empty(), "{:?}", world.acts);
    assert!(!world.alerts.is_empty(), "a person is told");
}
