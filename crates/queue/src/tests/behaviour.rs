//! What the queue does for its callers: leases, retries, holds, listings, bodies, damage.

use std::{path::Path, sync::Arc, time::Duration};

use mailward_model::plan::{Fate, Plan};

use super::rig::{Rig, delivery, hop, id, octets, plan, settlement};
use crate::{DeliveryStatus, HoldTurned, ListFilter, QueueError, Rates, ReadError, RecipientState};

#[test]
fn the_oldest_due_delivery_is_taken_and_comes_back_if_dropped() {
    let mut rig = Rig::new();
    for n in [2, 1, 3] {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[2])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    let first = queue.take(&hop(0)).unwrap();
    assert_eq!(first.message.id, id(1));
    assert_eq!((first.attempts, first.first_attempt_unix_ms), (0, None));
    assert_eq!(first.pending, [0, 1]);
    assert_eq!(queue.take(&hop(0)).unwrap().message.id, id(2));
    drop(first);
    assert_eq!(queue.take(&hop(0)).unwrap().message.id, id(1));
    assert_eq!(queue.ready(&hop(0)), 3);
    assert!(queue.take(&hop(1)).is_none());
}

#[test]
fn many_are_taken_in_their_order_and_each_comes_back_by_itself() {
    let mut rig = Rig::new();
    for n in [3, 1, 5, 2, 4] {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[1])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    let numbers = |leases: &std::collections::VecDeque<crate::Lease>| {
        let ids = leases.iter().map(|lease| lease.message.id);
        ids.collect::<Vec<_>>()
    };
    assert!(queue.take_many(&hop(0), 0).is_empty());
    let mut leases = queue.take_many(&hop(0), 3);
    assert_eq!(numbers(&leases), [id(1), id(2), id(3)]);
    assert_eq!(queue.ready(&hop(0)), 2);
    drop(leases.remove(1));
    assert_eq!(numbers(&queue.take_many(&hop(0), 9)), [id(2), id(4), id(5)]);
    // Dropped, they are due again.
    assert_eq!(queue.ready(&hop(0)), 3);
    assert!(queue.take_many(&hop(1), 9).is_empty());
    drop(leases);
    assert_eq!(queue.ready(&hop(0)), 5);
}

#[test]
fn many_are_settled_as_each_would_be() {
    let mut rig = Rig::new();
    let count = 2 * crate::queue::SETTLED_AT_ONCE as u64 + 3;
    for n in 0..count {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[1, 1])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    let both = (0..count).flat_map(|n| {
        let fates = [Fate::Delivered];
        [settlement(id(n), 0, &fates), settlement(id(n), 1, &fates)]
    });
    // One that is not there, and one that was settled before, stop nobody behind them.
    let odd = [
        settlement(id(count), 0, &[Fate::Delivered]),
        settlement(id(0), 0, &[Fate::Failed]),
    ];
    let first = settlement(id(0), 0, &[Fate::Delivered]);
    let all: Vec<_> = [first].into_iter().chain(odd).chain(both.skip(1)).collect();
    let refused = queue.settle_all_later(all);
    assert!(
        matches!(
            refused.as_slice(),
            [
                (missing, 0, QueueError::NoMessage(_)),
                (before, 0, QueueError::NoDelivery(..))
            ] if *missing == id(count) && *before == id(0)
        ),
        "{refused:?}"
    );
    assert!(queue.queues().is_empty());
    rig.round(true);
    drop(queue);
    let rig = rig.reopen();
    assert_eq!(rig.queue.stats().messages, 0);
}

#[test]
fn what_is_deferred_waits_and_only_for_the_rest() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 100), Some(plan(&[3])))
        .unwrap();
    let queue = rig.queue.clone();
    let lease = queue.take(&hop(0)).unwrap();
    let mut settled = settlement(id(1), 0, &[Fate::Delivered, Fate::Deferred, Fate::Failed]);
    settled.retry_unix_ms = Some(super::rig::START_MS + 60_000);
    queue.settle_later(settled).unwrap();
    drop(lease);
    assert!(queue.take(&hop(0)).is_none());
    let stored = queue.message(id(1)).unwrap();
    assert_eq!(stored.deliveries[0].status, DeliveryStatus::Retry);
    assert_eq!(
        stored.deliveries[0].recipients,
        [
            RecipientState::Delivered,
            RecipientState::Deferred,
            RecipientState::Failed
        ]
    );
    assert_eq!(
        queue.queues()[0].next_retry_unix_ms,
        Some(super::rig::START_MS + 60_000)
    );
    assert_eq!(
        queue.queues()[0].last_error.as_deref(),
        Some("250 so it is")
    );
    rig.clock.advance(Duration::from_secs(60));
    let lease = queue.take(&hop(0)).unwrap();
    assert_eq!(lease.pending, [1]);
    assert_eq!(lease.attempts, 1);
    assert_eq!(lease.first_attempt_unix_ms, Some(super::rig::START_MS));
    let queue_again = queue.clone();
    rig.drive(queue_again.settle(settlement(id(1), 0, &[Fate::Delivered; 3])))
        .unwrap();
    assert!(queue.message(id(1)).is_none());
    assert!(queue.queues().is_empty());
}

#[test]
fn a_wall_clock_that_jumps_moves_no_retry() {
    let mut rig = Rig::new();
    rig.queue.set_retry_wait_max(Duration::from_secs(600));
    for n in 0..3 {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[1])))
            .unwrap();
        let mut settled = settlement(id(n), 0, &[Fate::Deferred]);
        settled.retry_unix_ms = Some(super::rig::START_MS + 300_000);
        rig.queue.settle_later(settled).unwrap();
    }
    // A day ahead: no storm. A day back: no stall.
    rig.clock.jump(86_400_000);
    assert_eq!(rig.queue.ready(&hop(0)), 0);
    assert!(rig.queue.take(&hop(0)).is_none());
    rig.clock.jump(-2 * 86_400_000);
    rig.clock.advance(Duration::from_secs(300));
    assert!(rig.queue.take(&hop(0)).is_some());
    // Opened again with the clock a day back, it waits as long as the longest wait, not a day.
    rig.round(true);
    let rig = rig.reopen();
    assert!(rig.queue.take(&hop(0)).is_none());
    rig.clock.advance(Duration::from_secs(3600));
    assert!(rig.queue.take(&hop(0)).is_some());
}

#[test]
fn follow_ups_get_numbers_of_their_own() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 100), Some(plan(&[1, 1])))
        .unwrap();
    let queue = rig.queue.clone();
    let mut settled = settlement(id(1), 0, &[Fate::Failed]);
    settled.follow_ups = vec![delivery(0, 3, 1), delivery(0, 3, 1)];
    rig.drive(queue.settle(settled)).unwrap();
    let check = |rig: &Rig| {
        let stored = rig.queue.message(id(1)).unwrap();
        let numbers: Vec<u32> = stored.deliveries.iter().map(|d| d.delivery.no).collect();
        assert_eq!(numbers, [0, 1, 2, 3]);
    };
    check(&rig);
    let lease = queue.take(&hop(3)).unwrap();
    assert_eq!(lease.delivery.no, 2);
    drop((lease, queue));
    let rig = rig.reopen();
    check(&rig);
}

#[test]
fn a_message_without_a_plan_waits_for_one() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 100), None).unwrap();
    let mut rig = rig.reopen();
    assert_eq!(rig.queue.unplanned(), [id(1)]);
    let queue = rig.queue.clone();
    rig.drive(queue.plan(id(1), plan(&[1, 1]))).unwrap();
    assert!(queue.unplanned().is_empty());
    // While it is being delivered it cannot be planned anew.
    let lease = queue.take(&hop(0)).unwrap();
    let error = rig.drive(queue.plan(id(1), plan(&[1])));
    assert!(matches!(error, Err(QueueError::InFlight(_))));
    drop(lease);
    rig.drive(queue.plan(id(1), plan(&[1]))).unwrap();
    let stored = queue.message(id(1)).unwrap();
    assert_eq!(stored.deliveries.len(), 1);
    assert_eq!(stored.deliveries[0].delivery.no, 2);
    rig.drive(queue.plan(id(1), Plan::default())).unwrap();
    assert!(queue.message(id(1)).is_none());
    let error = rig.drive(queue.plan(id(1), plan(&[1])));
    assert!(matches!(error, Err(QueueError::NoMessage(_))));
}

#[test]
fn holds_survive_a_restart() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 100), Some(plan(&[1])))
        .unwrap();
    rig.accept(id(2), &octets(2, 100), Some(plan(&[1, 1])))
        .unwrap();
    let queue = rig.queue.clone();
    let lease = queue.take(&hop(0)).unwrap();
    let turned = |was_held| HoldTurned {
        deliveries: 1,
        was_held,
    };
    assert_eq!(rig.drive(queue.hold(id(1))).unwrap(), turned(false));
    assert_eq!(queue.stats().ready, 2);
    assert_eq!(rig.drive(queue.hold(hop(1))).unwrap(), turned(false));
    assert_eq!(queue.stats().ready, 1, "what is held is not due");
    assert_eq!(rig.drive(queue.hold(id(1))).unwrap(), turned(true));
    assert_eq!(rig.drive(queue.hold(hop(1))).unwrap(), turned(true));
    // The attempt under way may end; what is not delivered by it is then held.
    drop(lease);
    assert_eq!(
        queue.message(id(1)).unwrap().deliveries[0].status,
        DeliveryStatus::Held
    );
    drop(queue);
    let mut rig = rig.reopen();
    let queue = rig.queue.clone();
    assert_eq!(queue.take(&hop(0)).unwrap().message.id, id(2));
    assert!(queue.take(&hop(1)).is_none());
    assert_eq!(rig.drive(queue.release(id(1))).unwrap(), turned(true));
    assert_eq!(rig.drive(queue.release(hop(1))).unwrap(), turned(true));
    assert_eq!(queue.take(&hop(0)).unwrap().message.id, id(1));
    assert!(queue.take(&hop(1)).is_some());
    let error = rig.drive(queue.hold(id(9)));
    assert!(matches!(error, Err(QueueError::NoMessage(_))));
}

#[test]
fn what_is_idle_goes_another_way_in_one_record_and_what_is_attempted_stays() {
    let mut rig = Rig::new();
    for n in 1..=2 {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[2])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    let lease = queue.take(&hop(0)).unwrap();
    assert_eq!(lease.message.id, id(1));
    let moved = |n| {
        let stored = rig.queue.message(id(n)).unwrap();
        let delivery = mailward_model::plan::Delivery {
            next_hop: hop(1),
            ..mailward_model::plan::Delivery::clone(&stored.deliveries[0].delivery)
        };
        let mut settled = settlement(id(n), 0, &[Fate::Removed, Fate::Removed]);
        settled.follow_ups = vec![delivery];
        settled
    };
    let (first, second) = (moved(1), moved(2));
    let refused = rig.drive(queue.settle_idle(first));
    assert!(
        matches!(refused, Err(QueueError::InFlight(_))),
        "{refused:?}"
    );
    rig.drive(queue.settle_idle(second)).unwrap();
    assert!(queue.take(&hop(0)).is_none(), "the other one has moved");
    let of = |next_hop| {
        let mut queues = rig.queue.queues().into_iter();
        queues.find(|one| one.next_hop == next_hop)
    };
    let from = of(hop(0)).unwrap().rates;
    assert!(from.incoming > 0.0 && from.outgoing > 0.0, "{from:?}");
    assert!(
        from.incoming > from.outgoing,
        "one is still there: {from:?}"
    );
    let to = of(hop(1)).unwrap().rates;
    assert!(to.incoming > 0.0 && to.outgoing == 0.0, "{to:?}");
    drop(lease);
    drop(queue);
    let rig = rig.reopen();
    let taken = rig.queue.take(&hop(1)).unwrap();
    assert_eq!((taken.message.id, taken.pending.len()), (id(2), 2));
    let queues = rig.queue.queues();
    assert!(
        queues.iter().all(|one| one.rates == Rates::default()),
        "what the log says is not of this minute: {queues:?}"
    );
}

#[test]
fn retry_now_ends_a_wait() {
    let mut rig = Rig::new();
    for n in 0..2 {
        rig.accept(id(n), &octets(n, 100), Some(plan(&[1])))
            .unwrap();
        let mut settled = settlement(id(n), 0, &[Fate::Deferred]);
        settled.retry_unix_ms = Some(super::rig::START_MS + 300_000);
        rig.queue.settle_later(settled).unwrap();
    }
    let queue = &rig.queue;
    assert_eq!(queue.retry_now(id(1)).unwrap(), 1);
    assert_eq!(queue.ready(&hop(0)), 1);
    assert_eq!(queue.retry_now(hop(0)).unwrap(), 1);
    assert_eq!(queue.ready(&hop(0)), 2);
    assert!(queue.retry_now(id(7)).is_err());
}

#[test]
fn listings_filter_and_page() {
    let mut rig = Rig::new();
    for n in 0..600 {
        rig.accept(id(n), &octets(n, 10), Some(plan(&[1, 1])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    rig.drive(queue.remove(id(5))).unwrap();
    let count = |filter: &ListFilter| queue.list(filter).len();
    let all = ListFilter {
        limit: 5000,
        ..ListFilter::default()
    };
    assert_eq!(count(&all), 1198);
    assert_eq!(count(&ListFilter::default()), 1000);
    let next_hop = Some("mailbox/box1".to_owned());
    assert_eq!(
        count(&ListFilter {
            next_hop,
            ..all.clone()
        }),
        599
    );
    let to = Some("ONE@example.net".to_owned());
    assert_eq!(count(&ListFilter { to, ..all.clone() }), 1198);
    let to = Some("r0@example.net".to_owned());
    assert_eq!(count(&ListFilter { to, ..all.clone() }), 1198);
    let from = Some("<>".to_owned());
    assert_eq!(
        count(&ListFilter {
            from,
            ..all.clone()
        }),
        0
    );
    let status = Some(DeliveryStatus::Held);
    assert_eq!(
        count(&ListFilter {
            status,
            ..all.clone()
        }),
        0
    );
    let after = Some(id(590));
    let lines = queue.list(&ListFilter { after, ..all });
    assert_eq!(lines.len(), 18);
    assert_eq!(lines[0].id, id(591));
    let stats = queue.stats();
    assert_eq!(
        (stats.messages, stats.deliveries, stats.ready),
        (599, 1198, 1198)
    );
}

#[test]
fn a_spooled_body_that_is_not_accepted_leaves_nothing() {
    let rig = Rig::new();
    let files = || rig.queue.shared.disk.list(Path::new("/q/body")).unwrap();
    let mut writer = rig.queue.spool(id(1));
    writer.write(&octets(1, 70_000)).unwrap();
    assert_eq!(files().len(), 1);
    drop(writer);
    assert_eq!(files().len(), 0);
    let mut writer = rig.queue.spool(id(2));
    writer.write(&octets(2, 70_000)).unwrap();
    let body = writer.finish().unwrap();
    assert_eq!(body.memory(), None);
    assert_eq!(body.head(20).unwrap(), octets(2, 20));
    assert_eq!(body.len(), 70_000);
    drop(body);
    assert_eq!(files().len(), 0);
}

#[test]
fn a_new_body_that_is_read_several_times_needs_no_disk() {
    let mut rig = Rig::new();
    for n in 0..4 {
        let deliveries = [1, 1];
        let count = 1 + n as usize % 2;
        rig.accept(id(n), &octets(n, 500), Some(plan(&deliveries[..count])))
            .unwrap();
    }
    let path = Path::new("/q/log/0000000000000000.seg");
    rig.disk
        .corrupt(path, |file| file.iter_mut().for_each(|octet| *octet ^= 1))
        .unwrap();
    for n in 0..4 {
        match n % 2 {
            // One delivery reads it once: the disk has it.
            0 => assert!(matches!(
                rig.queue.read_body(id(n)).unwrap().chunk(),
                Err(ReadError::Damaged(_))
            )),
            _ => assert_eq!(rig.body(id(n)), octets(n, 500)),
        }
    }
}

#[test]
fn what_is_kept_no_longer_is_read_from_the_log() {
    let mut rig = Rig::new();
    for n in 0..2 {
        rig.accept(id(n), &octets(n, 500), Some(plan(&[1, 1])))
            .unwrap();
    }
    let take = |rig: &Rig, next_hop| {
        let leases = rig.queue.take_many(&hop(next_hop), 9);
        let taken = leases
            .iter()
            .map(|lease| (Arc::clone(&lease.message), Arc::clone(&lease.delivery)));
        taken.collect::<Vec<_>>()
    };
    let as_accepted = [take(&rig, 0), take(&rig, 1)];
    let mut state = rig.queue.shared.state();
    let entry = |state: &crate::shared::State, n| state.index.messages[&id(n)].kept.is_some();
    assert!(entry(&state, 0) && entry(&state, 1));
    // As if one came that leaves room for the newer of the two.
    let room = state.index.messages[&id(1)].kept.as_ref().unwrap().octets;
    let first = state.index.messages.get_mut(&id(0)).unwrap().kept.take();
    let large = first.unwrap().of_octets(crate::kept::OCTETS_MAX - room);
    crate::kept::keep(&mut state, id(0), Some(large));
    assert!(
        !entry(&state, 0) && entry(&state, 1),
        "the oldest goes first"
    );
    drop(state);
    // Decoded, it is what was accepted.
    assert_eq!([take(&rig, 0), take(&rig, 1)], as_accepted);
    for n in 0..2 {
        assert_eq!(rig.body(id(n)), octets(n, 500));
    }
}

#[test]
fn damage_is_stepped_over_reported_and_kept() {
    let mut rig = Rig::new();
    for n in 0..6 {
        rig.accept(id(n), &octets(n, 1000), Some(plan(&[1])))
            .unwrap();
    }
    let path = Path::new("/q/log/0000000000000000.seg");
    let third = |file: &Vec<u8>| {
        let needle = b"line of message 2\r\n";
        file.windows(needle.len())
            .position(|w| w == needle)
            .unwrap()
    };
    rig.disk
        .corrupt(path, |file| {
            let at = third(file);
            file[at + 100] ^= 0x20;
        })
        .unwrap();
    assert!(matches!(
        rig.queue.read_body(id(2)).unwrap().chunk(),
        Err(ReadError::Damaged(_))
    ));
    let mut rig = rig.reopen();
    assert_eq!(rig.report.messages, 5);
    assert_eq!(rig.report.damage.len(), 1, "{:?}", rig.report.damage);
    for n in [0, 1, 3, 4, 5] {
        assert_eq!(rig.body(id(n)), octets(n, 1000));
    }
    rig.tidy();
    let kept = rig.queue.shared.disk.list(Path::new("/q/corrupt")).unwrap();
    assert_eq!(kept, ["0000000000000000.seg"]);
    let rig = rig.reopen();
    assert_eq!((rig.report.messages, rig.report.damage.len()), (5, 0));
}

#[test]
fn a_lost_head_sets_the_segment_aside() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 1000), Some(plan(&[1])))
        .unwrap();
    let path = Path::new("/q/log/0000000000000000.seg");
    rig.disk.corrupt(path, |file| file[..50].fill(0)).unwrap();
    let mut rig = rig.reopen();
    assert_eq!(rig.report.messages, 0);
    assert_eq!(rig.report.damage.len(), 1);
    rig.accept(id(2), &octets(2, 1000), Some(plan(&[1])))
        .unwrap();
    let rig = rig.reopen();
    assert_eq!((rig.report.messages, rig.report.damage.len()), (1, 0));
}

#[test]
fn a_missing_body_file_is_reported_once() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 5000), Some(plan(&[1])))
        .unwrap();
    let body = format!("/q/body/{}", id(1));
    rig.queue.shared.disk.remove(Path::new(&body)).unwrap();
    let mut rig = rig.reopen();
    assert_eq!(rig.report.damage[0].message, Some(id(1)));
    rig.round(true);
    let rig = rig.reopen();
    assert_eq!((rig.report.messages, rig.report.damage.len()), (0, 0));
}

#[test]
fn a_body_that_looks_like_a_record_is_none() {
    let mut rig = Rig::new();
    rig.accept(id(1), &octets(1, 500), Some(plan(&[1])))
        .unwrap();
    let path = Path::new("/q/log/0000000000000000.seg");
    let mut copy = Vec::new();
    rig.disk
        .corrupt(path, |file| copy.clone_from(file))
        .unwrap();
    // Someone who read our log mails it back to us, and then its own record is damaged.
    let stale = copy.split_off(32);
    let foreign: Vec<u8> = stale.iter().map(|octet| octet ^ 1).collect();
    rig.accept(id(2), &foreign[..1500.min(foreign.len())], Some(plan(&[1])))
        .unwrap();
    rig.accept(id(3), &octets(3, 500), Some(plan(&[1])))
        .unwrap();
    let at = copy.len() + stale.len();
    rig.disk.corrupt(path, |file| file[at + 20] ^= 1).unwrap();
    let rig = rig.reopen();
    assert_eq!(rig.report.damage.len(), 1);
    assert!(rig.queue.message(id(1)).is_some());
    assert!(rig.queue.message(id(2)).is_none());
    assert!(rig.queue.message(id(3)).is_some());
}

#[test]
fn a_hold_outlives_the_segment_it_was_written_to() {
    let mut rig = Rig::new();
    for n in 0..4 {
        rig.accept(id(n), &octets(n, 900), Some(plan(&[1])))
            .unwrap();
    }
    let queue = rig.queue.clone();
    rig.drive(queue.hold(hop(2))).unwrap();
    drop(queue);
    // The segment with the hold has nothing else in it, and is removed.
    for _ in 0..3 {
        rig = rig.reopen();
        rig.tidy();
        assert!(rig.queue.queues().iter().any(|queue| queue.on_hold));
    }
    let queue = rig.queue.clone();
    rig.drive(queue.release(hop(2))).unwrap();
    drop(queue);
    let rig = rig.reopen();
    assert!(!rig.queue.queues().iter().any(|queue| queue.on_hold));
}
