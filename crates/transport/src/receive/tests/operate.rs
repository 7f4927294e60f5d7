//! What is done to a running receiver, and what it does to clients that are too many, too early,
//! too slow or not meant.

use std::{net::IpAddr, time::Duration};

use mailward_api::view::{
    Wanted,
    hold::{ComponentOrder, SERVER_WIDE},
};
use mailward_events::Event;
use mailward_model::{
    kind::{ReceiveConnector, StartTls},
    unit::Span,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::scene::*;
use crate::gate::Moment;

#[tokio::test]
async fn an_early_talker_is_refused() {
    let mut scene = Scene::with_early(any_connector(), b"EHLO x\r\nMAIL FROM:<>\r\n");
    let early = scene.early.take().unwrap();
    early.set_nonblocking(true).unwrap();
    let mut early = TcpStream::from_std(early).unwrap();
    assert!(line(&mut early).await.starts_with("554 5.5.1"));
    assert!(ends(&mut early).await);
    scene.receiver.drain().await;
    assert!(matches!(
        scene.events().as_slice(),
        [Event::EarlyTalkerRefused { .. }]
    ));
}

#[tokio::test]
async fn a_failed_handshake_is_told() {
    let scene = Scene::new(ReceiveConnector {
        tls: StartTls::Implicit,
        ..any_connector()
    });
    let mut stream = TcpStream::connect(scene.address).await.unwrap();
    stream
        .write_all(b"EHLO plain.example.net\r\n")
        .await
        .unwrap();
    let mut all = Vec::new();
    // The server may reset the connection behind its alert.
    let _ = stream.read_to_end(&mut all).await;
    scene.receiver.drain().await;
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, Event::HandshakeFailed { .. }))
    );
}

#[tokio::test]
async fn connections_are_limited_by_source_and_in_all() {
    let scene = Scene::new(ReceiveConnector {
        max_connections: 3,
        max_connections_per_source: 2,
        ..any_connector()
    });
    let one = greeted(scene.address).await;
    let _two = greeted(scene.address).await;
    scene.play("S: 421 4.3.2 *\nCLOSED").await;
    assert!(matches!(
        scene.events().as_slice(),
        [Event::SessionLimitReached { scope, limit: 2, .. }] if scope == "source"
    ));
    drop(one);
    while scene.receiver.sessions()[0].now > 1 {
        tokio::task::yield_now().await;
    }
    let _again = greeted(scene.address).await;
    assert_eq!(scene.receiver.sessions()[0].total, 3);
}

#[tokio::test]
async fn a_connector_restart_ends_its_sessions_and_keeps_its_socket() {
    let scene = Scene::new(any_connector());
    let mut idle = greeted(scene.address).await;
    let mut busy = greeted(scene.address).await;
    busy.write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n")
        .await
        .unwrap();
    while !line(&mut busy).await.starts_with("354") {}
    assert!(scene.receiver.restart_connector("EDGE"));
    assert!(!scene.receiver.restart_connector("other"));
    for stream in [&mut idle, &mut busy] {
        assert!(line(stream).await.starts_with("421 4.3.2"));
        assert!(ends(stream).await);
    }
    scene
        .play(&format!("{HELLO}{ENVELOPE}{MESSAGE}{QUIT}"))
        .await;
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, Event::ConnectorRestarted { sessions: 2, .. }))
    );
}

#[tokio::test]
async fn a_wedged_connector_accepts_and_never_answers() {
    let scene = Scene::new(any_connector());
    assert!(
        scene
            .receiver
            .wedge("edge", std::time::Duration::from_secs(60))
    );
    let mut stuck = TcpStream::connect(scene.address).await.unwrap();
    stuck.write_all(b"EHLO x\r\n").await.unwrap();
    while scene.receiver.sessions()[0].now == 0 {
        tokio::task::yield_now().await;
    }
    let silent = tokio::time::timeout(Duration::from_millis(100), line(&mut stuck)).await;
    assert!(silent.is_err(), "{silent:?}");
    assert!(scene.receiver.sessions()[0].wedged);
    assert!(scene.receiver.restart_connector("edge"));
    assert!(line(&mut stuck).await.starts_with("421"));
    scene.play(&format!("{HELLO}{QUIT}")).await;
}

#[tokio::test]
async fn a_drain_lets_transactions_end() {
    let scene = Scene::new(any_connector());
    let mut idle = greeted(scene.address).await;
    let mut busy = greeted(scene.address).await;
    busy.write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n")
        .await
        .unwrap();
    while !line(&mut busy).await.starts_with("354") {}
    let drain = scene.receiver.drain();
    let talk = async {
        assert!(line(&mut idle).await.starts_with("421 4.3.2"));
        assert!(ends(&mut idle).await);
        busy.write_all(b"x\r\n.\r\n").await.unwrap();
        assert!(line(&mut busy).await.starts_with("250 2.0.0 Ok"));
        assert!(line(&mut busy).await.starts_with("421 4.3.2"));
        drop((idle, busy));
    };
    tokio::join!(drain, talk);
    assert_eq!(scene.stored().len(), 1);
}

#[tokio::test]
async fn a_closed_gate_answers_421() {
    let scene = Scene::new(any_connector());
    let mut open = greeted(scene.address).await;
    open.write_all(b"EHLO x\r\n").await.unwrap();
    while !line(&mut open).await.starts_with("250 ") {}
    let now = |seconds| Moment {
        mono: Duration::from_secs(seconds),
        unix_ms: 0,
    };
    let order = ComponentOrder {
        component: SERVER_WIDE.to_owned(),
        wanted: Wanted::Draining,
        reason: "work".to_owned(),
    };
    scene.shared.gate.apply(&[order], now(0));
    scene.play("S: 421 4.3.2 *\nCLOSED").await;
    open.write_all(b"MAIL FROM:<>\r\n").await.unwrap();
    assert!(line(&mut open).await.starts_with("421 4.3.2"));
    // What is warming is tested by this host's own clients, and this is one.
    scene.shared.gate.apply(&[], now(1));
    scene.play(&format!("{HELLO}{QUIT}")).await;
}

#[tokio::test]
async fn a_client_without_a_connector_is_closed_without_a_word() {
    let scene = Scene::new(ReceiveConnector {
        remote_ranges: vec!["192.0.2.0/24".parse().unwrap()],
        ..any_connector()
    });
    scene.play("CLOSED").await;
    let client: IpAddr = "127.0.0.1".parse().unwrap();
    assert!(
        matches!(scene.events().as_slice(), [Event::ConnectionUnmatched { client: c, .. }] if *c == client)
    );
}

#[tokio::test]
async fn a_silent_client_is_sent_away() {
    let scene = Scene::new(ReceiveConnector {
        inactivity_timeout: Span(Duration::from_millis(150)),
        connection_timeout: Span::from_secs(60),
        ..any_connector()
    });
    scene.play("S: 220 *\nS: 421 4.4.2 *\nCLOSED").await;
    let mut slow = greeted(scene.address).await;
    slow.write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\nabc")
        .await
        .unwrap();
    while !line(&mut slow).await.starts_with("354") {}
    assert!(line(&mut slow).await.starts_with("421 4.4.2"));
    assert!(scene.stored().is_empty());
}

#[tokio::test]
async fn a_waiting_connection_is_small() {
    let scene = Scene::new(any_connector());
    let inner = std::sync::Arc::clone(&scene.receiver.inner);
    let stream = TcpStream::connect(scene.address).await.unwrap();
    let remote = stream.local_addr().unwrap();
    let task = super::super::connection::serve(inner, stream, scene.address, remote);
    let octets = std::mem::size_of_val(&task);
    // 1,000 idle connections may cost 20 MB in all; most of that is the kernel's.
    assert!(
        octets <= 1536,
        "the task of a connection has {octets} octets"
    );
}
