//! Reports that go one behind the other: each with the end of the one before, and each by itself in
//! what becomes of it.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{
    peer::{Peer, Script},
    *,
};

/// A connector with one connection, so that everything goes over it in turn.
fn one_connection(peer: &Peer) -> SendConnector {
    SendConnector {
        max_connections: 1,
        ..out(&[peer.address])
    }
}

/// A world in which so many reports wait for their delivery to begin.
async fn waiting(peer: &Peer, reports: usize) -> World {
    let world = World::new(one_connection(peer));
    world.dispatcher.drain().await;
    for _ in 0..reports {
        world.journal(TEXT).await;
    }
    world
}

/// Answers the `nth` line that begins with `to`, counted from one, with `answer`.
fn nth(to: &'static str, nth: usize, answer: &'static str) -> Script {
    let heard = AtomicUsize::new(0);
    Script::answering(move |line| {
        (line.starts_with(to) && heard.fetch_add(1, Ordering::SeqCst) + 1 == nth)
            .then(|| answer.to_owned())
    })
}

/// How often each report has come, by its Message-ID.
async fn taken(peer: &mut Peer, count: usize) -> BTreeMap<String, usize> {
    let mut reports = BTreeMap::new();
    for _ in 0..count {
        let text = peer.mail().await.text();
        let id = text.lines().find(|line| line.starts_with("Message-ID:"));
        *reports.entry(id.unwrap().to_owned()).or_default() += 1;
    }
    reports
}

#[tokio::test]
async fn a_report_goes_with_the_end_of_the_one_before() {
    for (ehlo, grouped) in [
        ("mx.example\nPIPELINING", 9),
        ("mx.example\nPIPELINING\nCHUNKING", 9),
        ("mx.example\nPIPELINING\nLIMITS MAILMAX=5", 8),
        ("mx.example\nCHUNKING", 0),
        ("mx.example", 0),
    ] {
        let script = Script {
            ehlo,
            ..Script::default()
        };
        let mut peer = Peer::start(script).await;
        let world = waiting(&peer, 10).await;
        world.dispatcher.restart().await;
        let reports = taken(&mut peer, 10).await;
        assert_eq!(reports.len(), 10, "each once: {reports:?}");
        world.empty().await;
        assert_eq!(peer.grouped.load(Ordering::SeqCst), grouped, "{ehlo}");
        assert_eq!(world.shared.counters.deferred.get(), 0);
        assert_eq!(world.shared.journal.status().reports, 10);
    }
}

#[tokio::test]
async fn mail_for_people_does_not_wait_for_other_mail() {
    let mut peer = Peer::start(Script::default()).await;
    let world = World::new(one_connection(&peer));
    world.dispatcher.drain().await;
    for _ in 0..5 {
        world.send(&["bob@example.net"], TEXT).await;
    }
    world.dispatcher.restart().await;
    for _ in 0..5 {
        peer.mail().await;
    }
    world.empty().await;
    assert_eq!(peer.grouped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_refused_in_a_group_is_that_report_alone() {
    for (to, answer) in [
        ("MAIL", "451 4.7.1 not now"),
        ("RCPT", "450 4.2.1 busy"),
        ("RCPT", "550 5.7.1 no"),
        ("DATA", "451 4.3.0 not now"),
        (".", "451 4.3.0 not now"),
        (".", "554 5.6.0 no"),
    ] {
        let mut peer = Peer::start(nth(to, 4, answer)).await;
        let world = waiting(&peer, 10).await;
        world.dispatcher.restart().await;
        assert_eq!(taken(&mut peer, 9).await.len(), 9, "{to}: {answer}");
        world.deferred(1).await;
        assert_eq!(world.shared.counters.deferred.get(), 1);
        world.retry();
        taken(&mut peer, 1).await;
        world.empty().await;
        assert_eq!(world.shared.journal.status().reports, 10);
    }
}

#[tokio::test]
async fn a_group_that_nobody_answered_costs_no_attempt() {
    for (to, answer) in [
        // It closes instead of answering what stood behind the message.
        ("MAIL", "hang up"),
        // It means the group, not the sender.
        ("MAIL", "503 5.5.1 out of turn"),
    ] {
        let mut peer = Peer::start(nth(to, 4, answer)).await;
        let world = waiting(&peer, 10).await;
        world.dispatcher.restart().await;
        assert_eq!(taken(&mut peer, 10).await.len(), 10, "{answer}");
        world.empty().await;
        assert_eq!(world.shared.counters.deferred.get(), 0, "{answer}");
        assert_eq!(world.shared.journal.status().reports, 10);
        // The fourth one stood behind the third; from then on each waits.
        assert_eq!(peer.grouped.load(Ordering::SeqCst), 3, "{answer}");
    }
}

#[tokio::test]
async fn a_peer_that_closes_with_its_answer_defers_that_report_alone() {
    for answer in ["421 4.3.2 shutting down", "hang up"] {
        let mut peer = Peer::start(nth(".", 4, answer)).await;
        let world = waiting(&peer, 10).await;
        world.dispatcher.restart().await;
        assert_eq!(taken(&mut peer, 9).await.len(), 9, "{answer}");
        world.deferred(1).await;
        world.retry();
        taken(&mut peer, 1).await;
        world.empty().await;
        assert_eq!(world.shared.counters.deferred.get(), 1, "{answer}");
        assert!(peer.connections.load(Ordering::SeqCst) > 1, "{answer}");
    }
}

#[tokio::test]
async fn a_run_that_ends_loses_no_report_of_a_group() {
    let mut peer = Peer::start(Script::default()).await;
    let world = waiting(&peer, 60).await;
    let mut reports = BTreeMap::new();
    // Restarted in the middle, whatever is on its way then.
    world.dispatcher.restart().await;
    for (id, times) in taken(&mut peer, 20).await {
        *reports.entry(id).or_insert(0) += times;
    }
    world.dispatcher.restart().await;
    for (id, times) in taken(&mut peer, 40).await {
        *reports.entry(id).or_insert(0) += times;
    }
    assert_eq!(reports.len(), 60, "each once");
    world.empty().await;
    assert_eq!(world.shared.journal.status().reports, 60);
}
