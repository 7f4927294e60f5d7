//! Disks that refuse: every operation fails once, with each error; the disk fills up and is emptied
//! again; syncs fail for a while. Nothing answered for is lost, nothing refused appears, and the
//! queue goes back to work by itself.

use std::sync::Arc;

use mailward_host::fake::{
    clock::FakeClock,
    disk::{FakeDisk, Survival},
};
use nix::errno::Errno;

use super::{
    model::{Op, Pair, Wait},
    rig::{Rig, START_MS, hop, id, octets, plan, settlement},
};
use crate::{AcceptError, Condition, QueueError};
use mailward_model::plan::Fate;

fn workload() -> Vec<Op> {
    let mut script = Vec::new();
    for n in 0..14 {
        script.push(Op::Accept {
            len: if n % 5 == 4 { 2500 } else { 900 },
            plan: Some(vec![1, 2]),
        });
        script.push(Op::Settle {
            message: n,
            delivery: 0,
            fates: vec![Fate::Delivered, Fate::Deferred],
            follow_up: n % 3 == 0,
            wait: [Wait::Durable, Wait::Later, Wait::Meanwhile][n % 3],
        });
        if n % 4 == 3 {
            script.push(Op::Tidy);
            script.push(Op::Pause(40));
        }
    }
    script
}

fn fail_everywhere(errno: Errno, count: u64) {
    let fresh = || {
        let clock = Arc::new(FakeClock::new(START_MS));
        Pair::new(Rig::open(FakeDisk::new(), clock))
    };
    let script = workload();
    let mut whole = fresh();
    let opened = whole.rig.disk.ops();
    for op in &script {
        whole.run(op);
    }
    for at in opened..whole.rig.disk.ops() {
        // What a failed sync was to store is not on the platter, whatever later syncs said; and what
        // was refused may well be there, and is still refused.
        for survival in [Survival::Nothing, Survival::Everything] {
            let mut pair = fresh();
            pair.rig.disk.fail_at(at..at + count, errno);
            for op in &script {
                pair.run(op);
                pair.check_exact();
            }
            pair.rig.tidy();
            assert_eq!(pair.rig.condition(), Condition::Working, "after {at}");
            pair.run(&Op::Accept {
                len: 100,
                plan: Some(vec![1]),
            });
            pair.check_exact();
            pair.trust_all();
            let found = pair.rig.disk.after_power_cut(survival);
            pair.reopen(found);
            assert_eq!(pair.rig.report.damage, [], "after {at}");
        }
    }
}

#[test]
fn one_error_at_any_operation_loses_nothing() {
    fail_everywhere(Errno::EIO, 1);
}

#[test]
fn errors_in_a_row_at_any_operation_lose_nothing() {
    fail_everywhere(Errno::EIO, 4);
}

#[test]
fn a_full_disk_at_any_operation_loses_nothing() {
    fail_everywhere(Errno::ENOSPC, 1);
}

#[test]
fn a_full_disk_for_some_operations_loses_nothing() {
    fail_everywhere(Errno::ENOSPC, 3);
}

#[test]
fn a_full_disk_refuses_mail_and_lets_outcomes_through() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 500), Some(plan(&[1])))
        .unwrap();
    rig.accept(id(2), &octets(2, 500), Some(plan(&[1])))
        .unwrap();
    let used = 1 << 20;
    rig.disk.set_capacity(Some(0));
    let error = rig.accept(id(3), &octets(3, 500), Some(plan(&[1])));
    assert!(matches!(error, Err(AcceptError::Full { .. })), "{error:?}");
    assert!(matches!(rig.condition(), Condition::Full { .. }));
    // What was set aside makes room for what ended meanwhile.
    rig.disk.set_capacity(Some(12_000));
    let queue = rig.queue.clone();
    rig.round(true);
    rig.drive(queue.settle(settlement(id(1), 0, &[Fate::Delivered])))
        .unwrap();
    rig.disk.set_capacity(Some(used));
    rig.accept(id(4), &octets(4, 500), Some(plan(&[1])))
        .unwrap();
    assert_eq!(rig.condition(), Condition::Working);
    let rig = rig.reopen();
    assert!(rig.queue.message(id(1)).is_none());
    assert!(rig.queue.message(id(3)).is_none());
    assert_eq!(rig.body(id(2)), octets(2, 500));
    assert_eq!(rig.body(id(4)), octets(4, 500));
}

#[test]
fn mail_is_refused_before_the_last_room_is_taken() {
    let mut rig = Rig::new();
    rig.disk.set_capacity(Some(100_000));
    rig.queue.set_min_free_bytes(50_000);
    let mut taken = 0;
    let refused = loop {
        rig.clock.advance(std::time::Duration::from_secs(1));
        match rig.accept(id(taken), &octets(taken, 1500), Some(plan(&[1]))) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(taken > 10, "{taken}");
    assert!(matches!(refused, AcceptError::Full { free } if free < 50_000));
    assert!(matches!(rig.condition(), Condition::Full { .. }));
    let queue = rig.queue.clone();
    for n in 0..taken {
        rig.drive(queue.settle(settlement(id(n), 0, &[Fate::Delivered])))
            .unwrap();
    }
    rig.tidy();
    rig.clock.advance(std::time::Duration::from_secs(1));
    rig.accept(id(999), &octets(999, 1500), Some(plan(&[1])))
        .unwrap();
    assert_eq!(rig.condition(), Condition::Working);
}

#[test]
fn while_the_disk_fails_nobody_waits_and_changes_are_kept() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 500), Some(plan(&[1, 1])))
        .unwrap();
    rig.disk.set_failing(Some(Errno::EIO));
    let error = rig.accept(id(2), &octets(2, 500), Some(plan(&[1])));
    assert!(matches!(error, Err(AcceptError::Failing(_))), "{error:?}");
    assert!(matches!(rig.condition(), Condition::Failing { .. }));
    let queue = rig.queue.clone();
    let error = rig.drive(queue.settle(settlement(id(1), 0, &[Fate::Delivered])));
    assert!(matches!(error, Err(QueueError::Failing(_))), "{error:?}");
    rig.round(true);
    assert!(queue.take(&hop(0)).is_none(), "it was settled in memory");
    rig.disk.set_failing(None);
    rig.round(true);
    assert_eq!(rig.condition(), Condition::Working);
    rig.accept(id(3), &octets(3, 500), Some(plan(&[1])))
        .unwrap();
    drop(queue);
    let found = rig.disk.after_power_cut(Survival::Nothing);
    let rig = Rig::open(found, rig.clock);
    assert!(rig.queue.message(id(2)).is_none());
    let stored = rig.queue.message(id(1)).unwrap();
    assert_eq!(stored.deliveries[0].attempts, 1);
    assert_eq!(rig.body(id(3)), octets(3, 500));
}

#[test]
fn what_a_failed_sync_refused_stays_refused_though_it_is_on_the_disk() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 500), Some(plan(&[1])))
        .unwrap();
    // The next write succeeds, its sync does not.
    let next = rig.disk.ops();
    rig.disk.fail_at(next + 1..next + 2, Errno::EIO);
    let error = rig.accept(id(2), &octets(2, 500), Some(plan(&[1])));
    assert!(matches!(error, Err(AcceptError::Failing(_))), "{error:?}");
    let before = rig.disk.after_power_cut(Survival::Everything);
    rig.round(true);
    assert_eq!(rig.condition(), Condition::Working);
    let segments = rig.committer.segments.len();
    assert_eq!(segments, 2, "the failed segment is still there");
    let after = rig.disk.after_power_cut(Survival::Everything);
    let rig = Rig::open(after, rig.clock);
    let found = |n| rig.queue.message(id(n)).is_some();
    assert_eq!([found(1), found(2)], [true, false]);
    assert_eq!(rig.report.damage, []);
    // Before a new segment said so, nobody can tell.
    let rig = Rig::open(before, rig.clock);
    assert!(rig.queue.message(id(2)).is_some());
}
