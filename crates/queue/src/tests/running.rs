//! The queue as it runs: with its thread, on a real disk.

use std::{sync::Arc, time::Duration};

use mailward_host::{
    clock::SystemClock,
    disk::RealDisk,
    fake::{clock::FakeClock, disk::FakeDisk},
};
use mailward_model::plan::Fate;

use super::rig::{config, envelope, hop, id, octets, origin, plan, settlement};
use crate::{AcceptError, NewMessage, OpenError, Queue, QueueConfig};

fn message(queue: &Queue, number: u64) -> NewMessage {
    message_of(queue, number, 3000)
}

fn message_of(queue: &Queue, number: u64, size: usize) -> NewMessage {
    let mut writer = queue.spool(id(number));
    writer.write(&octets(number, size)).unwrap();
    NewMessage {
        id: id(number),
        envelope: envelope(),
        origin: origin(),
        body: writer.finish().unwrap(),
        plan: Some(plan(&[1])),
    }
}

fn open(dir: &std::path::Path) -> Result<Queue, OpenError> {
    let config = QueueConfig {
        segment_bytes: 64 << 10,
        inline_body_max: 4000,
        min_free_bytes: 0,
        ..QueueConfig::new(dir)
    };
    Queue::open(config, Arc::new(RealDisk), Arc::new(SystemClock::default())).map(|(q, _)| q)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_goes_through_a_real_queue() {
    let dir = tempfile::tempdir().unwrap();
    let queue = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::InUse { .. })));
    let deliverer = queue.clone();
    let delivering = tokio::spawn(async move {
        let mut delivered = 0;
        while delivered < 500 {
            let next_hop = deliverer.due().await;
            while let Some(lease) = deliverer.take(&next_hop) {
                let id = lease.message.id;
                let body = deliverer.read_body(id).unwrap().chunk().unwrap().unwrap();
                assert_eq!(body.len(), 3000);
                deliverer
                    .settle_later(settlement(id, lease.delivery.no, &[Fate::Delivered]))
                    .unwrap();
                delivered += 1;
            }
        }
    });
    let senders: Vec<_> = (0..20)
        .map(|sender| {
            let queue = queue.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    let message = message(&queue, sender * 100 + n);
                    queue.accept(message).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    delivering.await.unwrap();
    let stats = queue.stats();
    assert_eq!((stats.messages, stats.accepted_total), (0, 500));
    assert!(stats.syncs_total < 500, "{stats:?}");
    queue.shutdown().await;
    let late = message(&queue, 1);
    assert!(matches!(queue.accept(late).await, Err(AcceptError::Closed)));
    drop(queue);
    let queue = open(dir.path()).unwrap();
    assert_eq!(queue.stats().messages, 0);
    assert_eq!(queue.stats().segments, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sync_answers_all_who_wait() {
    let disk = FakeDisk::new();
    let clock = Arc::new(SystemClock::default());
    let (queue, _) = Queue::open(config(), Arc::new(disk.clone()), clock).unwrap();
    queue.accept(message(&queue, 0)).await.unwrap();
    disk.hold_syncs(true);
    let accept = |number| {
        let queue = queue.clone();
        tokio::spawn(async move { queue.accept(message(&queue, number)).await })
    };
    // A small body: the test holds back the syncs of the log only.
    let first = accept(1);
    while disk.syncs_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    disk.hold_syncs(false);
    first.await.unwrap().unwrap();
    let before = queue.stats().syncs_total;
    let all: Vec<_> = (2..60).map(accept).collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert!(queue.stats().syncs_total - before < 58 * 2);
    queue.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_announced_when_its_time_has_come() {
    let mut rig = super::rig::Rig::new();
    rig.accept(id(1), &octets(1, 100), Some(plan(&[1])))
        .unwrap();
    let queue = rig.queue.clone();
    assert_eq!(queue.due().await, hop(0));
    let lease = queue.take(&hop(0)).unwrap();
    let mut settled = settlement(id(1), 0, &[Fate::Deferred]);
    settled.retry_unix_ms = Some(super::rig::START_MS + 60_000);
    queue.settle_later(settled).unwrap();
    drop(lease);
    let early = tokio::time::timeout(Duration::from_secs(30), queue.due()).await;
    assert!(early.is_err());
    rig.clock.advance(Duration::from_secs(60));
    let due = tokio::time::timeout(Duration::from_secs(70), queue.due()).await;
    assert_eq!(due.unwrap(), hop(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committer_that_hangs_is_seen_to_hang() {
    let disk = FakeDisk::new();
    let clock = Arc::new(FakeClock::new(super::rig::START_MS));
    let (queue, _) = Queue::open(config(), Arc::new(disk.clone()), clock.clone()).unwrap();
    queue.accept(message(&queue, 0)).await.unwrap();
    // The first message is answered before the round has tidied up.
    while queue.commit_age().is_some() {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(3600));
    assert_eq!(queue.commit_age(), None);
    disk.hold_syncs(true);
    let waiting = {
        let queue = queue.clone();
        // A body so small that only the committer has anything to sync.
        tokio::spawn(async move { queue.accept(message_of(&queue, 1, 100)).await })
    };
    while disk.syncs_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(queue.commit_age(), Some(Duration::ZERO));
    clock.advance(Duration::from_secs(16));
    assert_eq!(queue.commit_age(), Some(Duration::from_secs(16)));
    disk.hold_syncs(false);
    waiting.await.unwrap().unwrap();
    while queue.commit_age().is_some() {
        tokio::task::yield_now().await;
    }
    queue.shutdown().await;
}
