//! Compaction: what it frees, and the two races in which a finished message might return.

use std::time::Duration;

use mailward_host::fake::disk::Survival;
use mailward_model::plan::Fate;
use nix::errno::Errno;

use super::rig::{Rig, id, octets, plan, settlement};

#[test]
fn one_message_in_retry_keeps_no_segment() {
    let mut rig = Rig::new();
    rig.accept(id(0), &octets(0, 1000), Some(plan(&[1])))
        .unwrap();
    let queue = rig.queue.clone();
    for n in 1..200 {
        rig.accept(id(n), &octets(n, 1000), Some(plan(&[1])))
            .unwrap();
        rig.drive(queue.settle(settlement(id(n), 0, &[Fate::Delivered])))
            .unwrap();
        if n % 20 == 0 {
            rig.clock.advance(Duration::from_secs(60));
            let mut settled = settlement(id(0), 0, &[Fate::Deferred]);
            settled.retry_unix_ms = Some(0);
            queue.settle_later(settled).unwrap();
        }
    }
    rig.clock.advance(Duration::from_secs(60));
    rig.tidy();
    let stats = queue.stats();
    assert!(stats.segments <= 2, "{stats:?}");
    assert!(stats.moved_total < 30, "{stats:?}");
    drop(queue);
    let rig = rig.reopen();
    assert_eq!(rig.report.messages, 1);
    assert_eq!(rig.body(id(0)), octets(0, 1000));
    let stored = rig.queue.message(id(0)).unwrap();
    assert_eq!(stored.deliveries[0].attempts, 9);
}

#[test]
fn an_old_backlog_does_not_pin_the_segments_behind_it() {
    let mut rig = Rig::new();
    for n in 0..40 {
        rig.accept(id(n), &octets(n, 1000), Some(plan(&[1])))
            .unwrap();
    }
    let before = rig.queue.stats();
    let queue = rig.queue.clone();
    for n in 1000..1200 {
        rig.accept(id(n), &octets(n, 1000), Some(plan(&[1])))
            .unwrap();
        rig.drive(queue.settle(settlement(id(n), 0, &[Fate::Delivered])))
            .unwrap();
        rig.clock.advance(Duration::from_secs(5));
    }
    rig.tidy();
    let after = queue.stats();
    assert!(
        after.segments <= before.segments + 3,
        "{before:?} {after:?}"
    );
    assert!(after.moved_total < 10, "{after:?}");
    drop(queue);
    let rig = rig.reopen();
    assert_eq!(rig.report.messages, 40);
}

fn accept(rig: &mut Rig, number: u64) {
    rig.accept(id(number), &octets(number, 900), Some(plan(&[1])))
        .unwrap();
}

fn delivered(rig: &mut Rig, number: u64) {
    let settled = settlement(id(number), 0, &[Fate::Delivered]);
    rig.queue.settle_later(settled).unwrap();
}

fn segments(rig: &Rig) -> Vec<u64> {
    rig.committer.segments.keys().copied().collect()
}

#[test]
fn a_message_that_ends_while_it_is_moved_does_not_return() {
    let mut rig = Rig::new();
    // Four messages fill segment 0; of these only message 0 stays.
    for n in 0..4 {
        accept(&mut rig, n);
    }
    for n in 1..4 {
        delivered(&mut rig, n);
    }
    rig.round(true);
    // Segment 1 has room for one message more.
    for n in 4..7 {
        accept(&mut rig, n);
    }
    assert_eq!(segments(&rig), [0, 1]);
    rig.clock.advance(Duration::from_secs(60));
    rig.round(true);
    // The copy of message 0 is about to be written to segment 1. It ends in that sync, so its Gone
    // record goes to segment 2.
    let queue = rig.queue.clone();
    rig.disk.during_sync(move || {
        let settled = settlement(id(0), 0, &[Fate::Delivered]);
        queue.settle_later(settled).unwrap();
    });
    rig.round(true);
    assert!(rig.disk.take_meanwhile().is_none());
    assert!(rig.queue.message(id(0)).is_none());
    rig.tidy();
    assert_eq!(segments(&rig), [1, 2]);
    // Segment 2 fills with what is finished at once, and is removed before segment 1.
    for n in 10..18 {
        accept(&mut rig, n);
        delivered(&mut rig, n);
    }
    rig.tidy();
    let left = segments(&rig);
    assert!(left.contains(&1) && !left.contains(&2), "{left:?}");
    let rig = rig.reopen();
    assert!(rig.queue.message(id(0)).is_none(), "it returned");
    assert_eq!(rig.report.messages, 3);
}

#[test]
fn a_removal_that_is_undone_brings_nothing_back() {
    let mut rig = Rig::new();
    // Message 0 is told gone in segment 1; both segments are kept by others.
    for n in 0..4 {
        accept(&mut rig, n);
    }
    delivered(&mut rig, 0);
    for n in 4..9 {
        accept(&mut rig, n);
    }
    assert_eq!(segments(&rig), [0, 1, 2]);
    // Then both are removed, one after the other.
    for n in 1..8 {
        delivered(&mut rig, n);
    }
    rig.tidy();
    assert_eq!(segments(&rig), [2]);
    for seed in 0..100 {
        let found = rig.disk.after_power_cut(Survival::Torn(seed));
        let rig = Rig::open(found, rig.clock.clone());
        assert!(rig.queue.message(id(0)).is_none(), "seed {seed}");
    }
}

#[test]
fn a_segment_that_was_moved_out_of_goes_before_all_others() {
    let mut rig = Rig::new();
    // Segment 0 stays: message 0 is large, and waits.
    for n in 1..13 {
        rig.accept(id(n), &[], Some(plan(&[1]))).unwrap();
    }
    rig.accept(id(0), &octets(0, 1900), Some(plan(&[60])))
        .unwrap();
    // Segment 1 tells the end of the others: being rid of it costs more than of what follows.
    for n in 1..13 {
        delivered(&mut rig, n);
    }
    for n in 20..24 {
        accept(&mut rig, n);
    }
    for n in 21..24 {
        delivered(&mut rig, n);
    }
    assert_eq!(segments(&rig), [0, 1]);
    // Message 20 is moved out of it, but it cannot be removed.
    rig.disk.set_removals_failing(Some(Errno::EIO));
    rig.clock.advance(Duration::from_secs(60));
    rig.tidy();
    assert_eq!(rig.queue.stats().moved_total, 1);
    // Message 20 ends; its copy and the record of its end are in segments with nothing else in them.
    for n in 30..50 {
        accept(&mut rig, n);
        delivered(&mut rig, n);
        if n == 38 {
            delivered(&mut rig, 20);
        }
    }
    rig.tidy();
    assert!(
        segments(&rig).starts_with(&[0, 1, 2, 3]),
        "others went first"
    );
    let found = rig.disk.after_power_cut(Survival::Everything);
    let mut rig = Rig::open(found, rig.clock.clone());
    for n in 100..130 {
        accept(&mut rig, n);
        delivered(&mut rig, n);
        let found = rig.disk.after_power_cut(Survival::Everything);
        let after = Rig::open(found, rig.clock.clone());
        assert!(after.queue.message(id(20)).is_none(), "it returned");
        assert!(after.queue.message(id(0)).is_some());
    }
    rig.tidy();
    assert_eq!(segments(&rig).len(), 2);
}
