//! Mail that does not arrive at once, or not at all: what waits, what is returned, what is told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{
    peer::{Peer, Script},
    *,
};

/// A script that gives `answer` to lines that begin with `to`, as long as `times` says.
fn some(to: &'static str, answer: &'static str, times: usize) -> Script {
    let given = AtomicUsize::new(0);
    Script::answering(move |line| {
        (line.starts_with(to) && given.fetch_add(1, Ordering::SeqCst) < times)
            .then(|| answer.to_owned())
    })
}

#[tokio::test]
async fn what_is_deferred_comes_again() {
    for (to, answer) in [
        ("MAIL", "450 4.7.1 greylisted"),
        ("RCPT", "450 4.2.0 busy"),
        ("DATA", "451 4.3.0 not now"),
        (".", "451 4.3.0 not now"),
        (".", "hang up"),
        ("RCPT", "421 4.3.2 shutting down"),
        ("EHLO", "421 4.3.2 shutting down"),
        ("EHLO", "what?"),
    ] {
        let mut peer = Peer::start(some(to, answer, 1)).await;
        let world = World::new(out(&[peer.address]));
        world.send(&["bob@example.net"], TEXT).await;
        world.deferred(1).await;
        assert!(!world.last_error().is_empty());
        world.retry();
        assert_eq!(peer.mail().await.text, TEXT, "{to}: {answer}");
        world.empty().await;
        assert_eq!(world.shared.counters.dsns.get(), 0);
    }
}

#[tokio::test]
async fn a_connection_that_died_while_idle_costs_no_attempt() {
    let second = AtomicBool::new(false);
    // The second MAIL on a connection finds it gone; on a fresh one it is taken.
    let script = Script::answering(move |line| {
        if line.starts_with("EHLO") {
            second.store(false, Ordering::SeqCst);
        }
        (line.starts_with("MAIL") && second.swap(true, Ordering::SeqCst))
            .then(|| "hang up".to_owned())
    });
    let mut peer = Peer::start(script).await;
    let world = World::new(out(&[peer.address]));
    for _ in 0..3 {
        world.send(&["bob@example.net"], TEXT).await;
        peer.mail().await;
        world.empty().await;
    }
    assert_eq!(world.shared.counters.deferred.get(), 0);
    assert_eq!(peer.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_host_that_is_down_defers_everything_for_it() {
    let world = World::new(out(&[nobody()]));
    for _ in 0..100 {
        world.send(&["bob@example.net"], TEXT).await;
    }
    world.deferred(100).await;
    assert!(
        world.last_error().contains("refused"),
        "{}",
        world.last_error()
    );
    assert!(world.raised().contains(&"SmartHostDown".to_owned()));
}

#[tokio::test]
async fn a_bounce_is_not_answered_by_a_bounce() {
    let mut peer = Peer::start(Script::answering(|line| {
        line.starts_with("RCPT").then(|| "550 5.1.1 nobody".into())
    }))
    .await;
    let world = World::new(out(&[peer.address]));
    world.send(&["bob@example.net"], TEXT).await;
    world.empty().await;
    assert_eq!(peer.heard("RCPT"), 2, "the message, then the bounce");
    assert_eq!(world.raised(), ["DoubleBounceDropped"]);
    assert!(in_no_time(peer.mail()).await.is_none());
}

async fn in_no_time<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(1), future)
        .await
        .ok()
}

#[tokio::test]
async fn a_refused_journal_report_is_parked() {
    let mut peer = Peer::start(some("RCPT", "550 5.7.1 no journal here", 1)).await;
    let world = World::new(out(&[peer.address]));
    world.journal(TEXT).await;
    world.deferred(1).await;
    assert_eq!(world.raised(), ["JournalReportParked"]);
    world.retry();
    peer.mail().await;
    world.empty().await;
}

#[tokio::test]
async fn a_host_that_goes_by_our_name_is_a_loop() {
    let peer = Peer::start(Script {
        ehlo: "edge.example.org\nPIPELINING",
        ..Script::default()
    })
    .await;
    let world = World::new(out(&[peer.address]));
    let mut envelope = envelope(&["bob@example.net"]);
    envelope.mail_from = Default::default();
    world.send_as(envelope, TEXT).await;
    world.empty().await;
    assert_eq!(peer.heard("MAIL"), 0);
    assert_eq!(world.raised(), ["MailLoopStopped"]);
}

#[tokio::test]
async fn what_dns_says_decides() {
    let temporary = || Err(LookupError::Temporary("timed out".into()));
    let mut dns = FakeDns::default();
    dns.mx
        .insert("null.example".into(), Ok(vec![(0, String::new())]));
    dns.mx.insert("slow.example".into(), temporary());
    dns.mx.insert(
        "loop.example".into(),
        Ok(vec![(10, "edge.example.org".to_owned())]),
    );
    dns.mx
        .insert("empty.example".into(), Err(LookupError::NoRecords));
    let world = World::with(vec![object(1, "out", by_mx(25))], dns, Roots::default());
    let mut envelope = envelope(&[
        "a@null.example",
        "b@slow.example",
        "c@loop.example",
        "d@empty.example",
        "e@gone.example",
    ]);
    envelope.mail_from = Default::default();
    let id = world.send_as(envelope, TEXT).await;
    world.deferred(1).await;
    until("the rest has failed", || {
        world.shared.counters.failed.get() == 4
    })
    .await;
    let stored = world.shared.queue.message(id).unwrap();
    let waiting: Vec<_> = stored
        .deliveries
        .iter()
        .filter(|d| !d.recipients.iter().all(|r| r.is_settled()))
        .map(|d| d.delivery.recipients[0].rcpt.address.to_string())
        .collect();
    assert_eq!(waiting, ["b@slow.example"]);
    world.shared.tracking.flush();
    let query = mailward_events::tracking::Query {
        id: Some(id),
        ..Default::default()
    };
    let found = mailward_events::tracking::search(&world.dir.path().join("tracking"), &query);
    let status = |to: &str| {
        let found = found.as_ref().unwrap();
        let entry = found.iter().find(|e| e.recipients == [to]).unwrap();
        entry.recipient_status[0]
            .split(' ')
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(status("a@null.example"), "5.1.10");
    assert_eq!(status("b@slow.example"), "4.4.3");
    assert_eq!(status("c@loop.example"), "5.4.6");
    assert_eq!(status("d@empty.example"), "5.4.4");
    assert_eq!(status("e@gone.example"), "5.1.2");
}

#[tokio::test]
async fn mail_without_a_way_goes_when_there_is_one() {
    let mut peer = Peer::start(Script::default()).await;
    let narrow = SendConnector {
        address_spaces: vec!["example.com".parse().unwrap()],
        ..out(&[peer.address])
    };
    let mut world = World::new(narrow);
    let id = world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    assert_eq!(world.raised(), ["DomainUnreachable"]);
    world.change(object(7, "wide", out(&[peer.address])));
    assert_eq!(peer.mail().await.to, ["bob@example.net"]);
    world.empty().await;
    assert!(world.shared.queue.message(id).is_none());
    assert_eq!(world.shared.counters.dsns.get(), 0);
}

#[tokio::test]
async fn mail_of_a_connector_that_is_gone_takes_another_way() {
    let mut peer = Peer::start(Script::default()).await;
    let mut world = World::new(out(&[nobody()]));
    world.send(&["bob@example.net"], TEXT).await;
    world.deferred(1).await;
    world.objects.retain(|object| object.name != "out");
    world.change(object(7, "other", out(&[peer.address])));
    assert_eq!(peer.mail().await.to, ["bob@example.net"]);
    world.empty().await;
}

#[tokio::test]
async fn a_message_the_peer_cannot_carry_is_returned() {
    let mut peer = Peer::start(Script {
        ehlo: "mx.example\nPIPELINING\nSIZE 100000",
        ..Script::default()
    })
    .await;
    let world = World::new(out(&[peer.address]));
    let mut eight = envelope(&["bob@example.net"]);
    eight.body = BodyType::EightBitMime;
    world.send_as(eight, b"Subject: x\r\n\r\n\xff\r\n").await;
    let bounce = peer.mail().await;
    assert!(bounce.text().contains("Status: 5.6.3\r\n"));
    assert!(bounce.text.is_ascii());
    world.empty().await;
    // SMTPUTF8 that nothing in the message needs is no obstacle.
    let mut utf8 = envelope(&["bob@example.net"]);
    utf8.smtputf8 = true;
    world.send_as(utf8, TEXT).await;
    assert_eq!(peer.mail().await.text, TEXT);
    world.empty().await;
}

#[tokio::test]
async fn a_restart_and_a_drain_lose_nothing() {
    let mut peer = Peer::start(Script::default()).await;
    let world = World::new(out(&[peer.address]));
    for round in 0..3 {
        for _ in 0..20 {
            world.send(&["bob@example.net"], TEXT).await;
        }
        world.dispatcher.restart().await;
        for _ in 0..20 {
            peer.mail().await;
        }
        assert!(round < 3);
    }
    world.empty().await;
    world.dispatcher.drain().await;
    world.send(&["bob@example.net"], TEXT).await;
    assert!(in_no_time(peer.mail()).await.is_none());
    assert_eq!(world.shared.queue.stats().ready, 1);
    assert_eq!(world.shared.counters.delivered.get(), 60);
}

#[tokio::test]
async fn connections_grow_with_the_backlog_up_to_the_limit() {
    let peer = Peer::start(Script::answering(|line| {
        // A reply without an end, to what is pipelined behind MAIL as well: every connection stays where
        // it is.
        let verbs = ["MAIL", "RCPT", "DATA"];
        let is_one = verbs.iter().any(|verb| line.starts_with(verb));
        is_one.then(|| "250-".into())
    }))
    .await;
    let world = World::new(SendConnector {
        max_connections: 3,
        ..out(&[peer.address])
    });
    for _ in 0..10 {
        world.send(&["bob@example.net"], TEXT).await;
    }
    until("three connections stand", || peer.heard("MAIL") == 3).await;
    assert_eq!(world.shared.queue.stats().in_flight, 3);
    assert_eq!(peer.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_written_waits() {
    let world = World::new(out(&[nobody()]));
    std::fs::write(world.dir.path().join("mail"), b"not a folder").unwrap();
    world.send(&["anna@example.org"], TEXT).await;
    world.deferred(1).await;
    assert_eq!(world.raised(), ["MaildirFailing"]);
    std::fs::remove_file(world.dir.path().join("mail")).unwrap();
    world.retry();
    world.empty().await;
}

#[tokio::test]
async fn a_worker_that_panics_puts_its_message_off() {
    let world = World::new(out(&[nobody()]));
    world.dispatcher.drain().await;
    world.send(&["bob@example.net"], TEXT).await;
    let hop = NextHop::SmartHost {
        connector: "out".into(),
    };
    let run = super::super::Run::new(Arc::clone(&world.shared), Arc::new(FakeDns::default()));
    let lease = world.shared.queue.take(&hop).unwrap();
    let panics = tokio::spawn(async move {
        let mut seat = super::super::worker::Seat::new(Arc::new(run), hop, Default::default());
        seat.takes(&lease);
        tokio::task::yield_now().await;
        assert!(lease.pending.is_empty(), "a bug");
    });
    assert!(panics.await.unwrap_err().is_panic());
    let stats = world.shared.queue.stats();
    assert_eq!((stats.deferred, stats.ready, stats.in_flight), (1, 0, 0));
}
