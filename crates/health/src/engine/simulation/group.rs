//! Stories of a node among others: what they say holds its acts back.

use mailward_api::view::{
    GroupMember,
    group::{GroupFacts, Lease},
};

use super::World;
use crate::{alert::AlertKind, arbiter::Around};

/// Two other nodes, heard just now, with the same trouble.
fn others(bad_causes: &[&str], heard_age_ms: u64) -> Option<GroupFacts> {
    let member = |name: &str| GroupMember {
        name: name.to_owned(),
        heard_age_ms: Some(heard_age_ms),
        healthy: true,
        acting: None,
        bad_causes: bad_causes.iter().map(|cause| (*cause).to_owned()).collect(),
        sets: Vec::new(),
    };
    Some(GroupFacts {
        members: vec![member("mx2"), member("mx3")],
        lease: None,
    })
}

/// Lets time pass in a group of three of which so many grant every question for the lease.
fn pass(world: &mut World, granted: u32, seconds: u64) {
    for _ in 0..seconds {
        world.pass(1);
        if let Some((case, _)) = world.wants_lease.take() {
            let lease = Lease {
                granted,
                members: 3,
                refusals: Vec::new(),
            };
            world.lease = Some((case, lease, world.at_ms));
        }
    }
}

/// The reasons against acts that the ledger has, from this check.
fn denied_by(world: &World, check: &str) -> usize {
    let ledger = world
        .arbiter
        .ledger(1000, &Around::plain(&world.settings))
        .entries;
    let denied = ledger.iter().filter(|entry| entry.record == "denied");
    let mut reasons = denied.flat_map(|entry| &entry.reasons);
    reasons
        .by_ref()
        .filter(|one| one.starts_with(check))
        .count()
}

#[test]
pub(super) fn a_trouble_that_the_others_have_too_takes_nothing_away_here() {
    // By the kind of the component where no class is known, and by the class where one is.
    for (class, theirs) in [(None, "receive"), (Some("switch"), "switch")] {
        let mut world = World::new(&["Internet"]);
        world.group = others(&[theirs], 1_000);
        pass(&mut world, 3, 700);
        world.break_it("receive/Internet", Some(2), class);
        pass(&mut world, 3, 2 * 3_600);
        assert_eq!(world.stages(), [1], "{theirs}");
        assert!(
            denied_by(&world, "common cause: 3 of 3 nodes") > 0,
            "{theirs}"
        );
        let told = world.alerts.iter();
        let told = told.filter(|(_, alert)| alert.kind == AlertKind::NeedsPerson);
        assert_eq!(told.count(), 1, "a person is told: {:?}", world.alerts);
        // They are well again: it is the fault of this one.
        world.group = others(&[], 1_000);
        pass(&mut world, 3, 600);
        assert!(world.stages().starts_with(&[1, 2]), "{:?}", world.stages());
        assert!(world.faults.is_empty());
    }
}

#[test]
fn another_trouble_of_theirs_or_one_not_heard_of_lately_holds_nothing_back() {
    for group in [others(&["deliver"], 1_000), others(&["receive"], 60_000)] {
        let mut world = World::new(&["Internet"]);
        world.group = group;
        pass(&mut world, 3, 700);
        world.break_it("receive/Internet", Some(2), None);
        pass(&mut world, 3, 600);
        assert_eq!(world.stages(), [1, 2]);
        assert_eq!(denied_by(&world, "common cause"), 0);
    }
}

/// A connector that nothing cures, on a node whose others are so, and grant so many votes.
fn worst(healthy: bool, granted: u32) -> World {
    let mut world = World::new(&["Internet"]);
    let mut group = others(&[], 1_000);
    for member in group.iter_mut().flat_map(|group| &mut group.members) {
        member.healthy = healthy;
    }
    world.group = group;
    pass(&mut world, granted, 700);
    world.break_it("receive/Internet", None, None);
    pass(&mut world, granted, 3_600);
    world
}

#[test]
pub(super) fn without_a_majority_nothing_is_taken_offline() {
    let world = worst(true, 1);
    assert_eq!(world.stages(), [1, 2]);
    assert!(denied_by(&world, "lease") > 0);
}

#[test]
pub(super) fn with_too_few_others_nothing_is_taken_offline() {
    let world = worst(false, 3);
    assert_eq!(world.stages(), [1, 2]);
    assert!(denied_by(&world, "healthy nodes") > 0);
}

#[test]
fn with_all_of_them_it_is() {
    let world = worst(true, 3);
    assert_eq!(world.stages(), [1, 2, 4]);
}
