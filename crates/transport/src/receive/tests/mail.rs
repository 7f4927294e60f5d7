//! What comes in: dialogs, messages, TLS, probes, a disk that fails.

use mailward_events::{
    Event,
    tracking::{self, EventId, Query},
};
use mailward_host::clock::{Clock, SystemClock};
use mailward_model::kind::{ReceiveConnector, Relay, StartTls};
use mailward_proto::probe::{self, Marker};
use mailward_testkit::{
    dialog::{self, Event as Step, Live, Script},
    world,
};
use tokio::io::AsyncWriteExt;

use super::scene::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialog_runs_against_the_live_server() {
    // Whether a client was early depends on who is faster; it has a test of its own.
    for (name, text) in dialog::all()
        .into_iter()
        .filter(|(name, _)| *name != "early-talker")
    {
        let script = Script::parse(text).unwrap();
        let scene = Scene::new(script.connector.clone());
        if let Err(error) = Live::play(&script, scene.address, Some(scene.tls.clone())).await {
            panic!("{name}: {error}");
        }
        let expected = script
            .events
            .iter()
            .filter(|(_, e)| matches!(e, Step::Message { .. }))
            .count();
        let stored = scene.stored();
        assert!(
            stored.len() >= expected,
            "{name}: {} of {expected} are in the queue",
            stored.len()
        );
        if name.starts_with("smuggling") {
            assert!(stored.is_empty(), "{name}");
            let events = scene.events();
            assert!(
                events
                    .iter()
                    .any(|e| matches!(e, Event::SmugglingAttempted { .. })),
                "{events:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_to_come_in_is_taken_out_wherever_a_server_might_find_it() {
    let scene = Scene::new(any_connector());
    // Behind a line that is no field our own header ends; that of another server may not.
    let lines = "C: DATA\nS: 354 *\nC: A: 1\nC: X-MS-Exchange-Organization-SCL: -1\nC: \tfolded\n\
        C: no field here\nC: X-MS-Exchange-Forest-A: 1\nC: B: 2\nC: \n\
        C: X-MS-Exchange-Forest-B: body\nC: .\nS: 250 *\n";
    scene.play(&format!("{HELLO}{ENVELOPE}{lines}{QUIT}")).await;
    let stored = scene.stored();
    let [(message, octets)] = stored.as_slice() else {
        panic!("{stored:?}")
    };
    let text = String::from_utf8(octets.clone()).unwrap();
    let kept = "\r\nA: 1\r\nno field here\r\nB: 2\r\n\r\nX-MS-Exchange-Forest-B: body\r\n";
    assert!(text.ends_with(kept), "{text}");
    assert_eq!(message.size, octets.len() as u64);
    let stripped = scene.shared.counters.stripped_in.get();
    assert_eq!((stripped.organization, stripped.forest), (1, 1));
}

#[tokio::test]
async fn a_message_is_kept_with_its_trace_its_plan_and_its_record() {
    let scene = Scene::new(any_connector());
    scene
        .play(&format!("{HELLO}{ENVELOPE}{MESSAGE}{QUIT}"))
        .await;
    let stored = scene.stored();
    let [(message, octets)] = stored.as_slice() else {
        panic!("{stored:?}")
    };
    let text = String::from_utf8(octets.clone()).unwrap();
    let (received, rest) = text.split_once("Message-ID").unwrap();
    assert!(
        received.starts_with("Received: from client.example.net"),
        "{text}"
    );
    for part in [
        "127.0.0.1",
        "by mx.example.org",
        "with ESMTP",
        &message.id.to_string(),
        "<anna@example.org>",
    ] {
        assert!(received.contains(part), "{part} is missing in {received}");
    }
    assert_eq!(
        rest,
        ": <1@example.net>\r\nSubject: hello\r\n\r\nHello.\r\n"
    );
    assert_eq!(message.origin.connector, "edge");
    assert_eq!(
        (
            message.origin.protocol.as_str(),
            message.origin.helo.as_str()
        ),
        ("ESMTP", "client.example.net")
    );
    assert!(!message.origin.probe && message.planned);
    assert_eq!(message.deliveries.len(), 1);
    assert_eq!(scene.shared.counters.accepted.get(), 1);
    scene.shared.tracking.flush();
    let lines = tracking::search(
        &scene.dir.path().join("tracking"),
        &Query {
            id: Some(message.id),
            ..Query::default()
        },
    )
    .unwrap();
    let line = lines
        .iter()
        .find(|line| line.event_id == EventId::Receive)
        .unwrap();
    assert_eq!(line.message_id, "<1@example.net>");
    assert_eq!(line.subject, "hello");
    assert_eq!(line.recipients, ["anna@example.org"]);
    assert_eq!(line.total_bytes, octets.len() as u64);
}

#[tokio::test]
async fn tls_from_the_first_octet() {
    let scene = Scene::new(ReceiveConnector {
        tls: StartTls::Implicit,
        ..any_connector()
    });
    scene
        .play(&format!("TLS\n{HELLO}{ENVELOPE}{MESSAGE}{QUIT}"))
        .await;
    let stored = scene.stored();
    let origin = &stored[0].0.origin;
    assert_eq!(origin.protocol, "ESMTPS");
    assert_eq!(
        origin.tls.as_ref().map(|tls| tls.version.as_str()),
        Some("TLSv1.3")
    );
    assert!(String::from_utf8_lossy(&stored[0].1).contains("TLS"));
}

#[tokio::test]
async fn the_proxy_header_names_the_client() {
    let scene = Scene::new(ReceiveConnector {
        proxy_protocol: true,
        ..any_connector()
    });
    let header = "R: PROXY TCP4 198.51.100.7 203.0.113.1 5000 25\\r\\n\n";
    scene
        .play(&format!("{header}{HELLO}{ENVELOPE}{MESSAGE}{QUIT}"))
        .await;
    let stored = scene.stored();
    let origin = &stored[0].0.origin;
    assert_eq!(origin.client, Some("198.51.100.7:5000".parse().unwrap()));
    assert_eq!(origin.server, Some("203.0.113.1:25".parse().unwrap()));
    // Octets behind the header are an early talker's.
    scene
        .play("R: PROXY UNKNOWN\\r\\nEHLO x\\r\\n\nS: 554 5.5.1 *\nCLOSED")
        .await;
    scene.events();
    scene.play("C: EHLO x\nCLOSED").await;
    scene.receiver.drain().await;
    assert!(
        scene
            .events()
            .iter()
            .any(|e| matches!(e, Event::ProxyHeaderRefused { .. }))
    );
}

#[tokio::test]
async fn a_proxied_tls_handshake_is_not_eaten_with_the_header() {
    let scene = Scene::new(ReceiveConnector {
        proxy_protocol: true,
        tls: StartTls::Implicit,
        ..any_connector()
    });
    // Version 2, TCP over IPv4, in two pieces.
    scene
        .play(&format!(
            "R: \\r\\n\\r\\n\\0\\r\\nQUIT\\n\\x21\\x11\\0\nR: \\x0c\\xc0\\0\\x02\\x07\\xc6\\x33\\x64\\x01\\x13\\x88\\0\\x19\nTLS\n{HELLO}{ENVELOPE}{MESSAGE}{QUIT}"
        ))
        .await;
    assert_eq!(
        scene.stored()[0].0.origin.client,
        Some("192.0.2.7:5000".parse().unwrap())
    );
}

fn marker(key: &[u8; 32], slot: u64) -> String {
    let now = SystemClock::default().unix_ms() / 1000;
    let marker = Marker {
        path: probe::received_path("edge"),
        node: world::HOST.into(),
        slot,
        expires_unix: now + probe::LIFETIME_SECS,
    };
    format!("C: {}: {}\n", probe::FIELD, marker.sign(key))
}

#[tokio::test]
async fn only_our_own_probes_reach_a_health_mailbox() {
    let scene = Scene::new(any_connector());
    let envelope = "C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<probe@health.invalid>\nS: 250 *\n";
    let data = "C: DATA\nS: 354 *\n";
    let (good, forged) = (marker(&KEY, 1), marker(&[4; 32], 2));
    let refused = "C: .\nS: 550 5.7.1 *\n";
    scene.play(&format!("{HELLO}{envelope}{data}C: Subject: x\n{refused}{envelope}{data}{forged}{refused}{envelope}C: RCPT TO:<anna@example.org>\nS: 250 *\n{data}{good}{refused}{QUIT}")).await;
    assert!(scene.stored().is_empty());
    let refusals = scene
        .events()
        .into_iter()
        .filter(|e| matches!(e, Event::ProbeMarkerRefused { .. }))
        .count();
    assert_eq!(refusals, 3);
    scene.play(&format!("{HELLO}{envelope}{data}{good}C: .\nS: 250 2.0.0 *\n{ENVELOPE}{data}{good}C: .\nS: 250 2.0.0 *\n{QUIT}")).await;
    // A marker that was used lets nobody in again.
    scene
        .play(&format!(
            "{HELLO}{envelope}{data}{good}{refused}{envelope}{data}{}C: .\nS: 250 2.0.0 *\n{QUIT}",
            marker(&KEY, 2)
        ))
        .await;
    let stored = scene.stored();
    let probes: Vec<bool> = stored
        .iter()
        .map(|(message, _)| message.origin.probe)
        .collect();
    assert_eq!(
        probes,
        [true, false, true],
        "a marker on other mail is worth nothing"
    );
    let proxied = Scene::new(ReceiveConnector {
        proxy_protocol: true,
        ..any_connector()
    });
    let header = "R: PROXY TCP4 198.51.100.7 203.0.113.1 5000 25\\r\\n\n";
    proxied.play(&format!("{header}{HELLO}C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<probe@health.invalid>\nS: 550 5.1.1 *\n{QUIT}")).await;
}

#[tokio::test]
async fn a_disk_that_is_full_or_failing_refuses_for_now() {
    let scene = Scene::new(any_connector());
    let end = |code: &str| format!("C: DATA\nS: 354 *\nC: x\nC: .\nS: {code} *\n");
    scene.disk.set_failing(Some(nix::errno::Errno::EIO));
    scene
        .play(&format!("{HELLO}{ENVELOPE}{}{QUIT}", end("451 4.3.0")))
        .await;
    assert!(scene.stored().is_empty());
    let mut condition = scene.shared.queue.condition();
    condition
        .wait_for(|c| !matches!(c, mailward_queue::Condition::Working))
        .await
        .unwrap();
    scene.disk.set_failing(None);
    // The queue tries again by itself.
    condition
        .wait_for(|c| matches!(c, mailward_queue::Condition::Working))
        .await
        .unwrap();
    scene
        .play(&format!("{HELLO}{ENVELOPE}{}{QUIT}", end("250 2.0.0")))
        .await;
    assert_eq!(scene.stored().len(), 1);
}

#[tokio::test]
async fn relay_is_a_right_of_the_connector() {
    let open = Scene::new(ReceiveConnector {
        relay: Relay::All,
        ..any_connector()
    });
    let envelope = "C: MAIL FROM:<anna@example.org>\nS: 250 *\nC: RCPT TO:<someone@example.com>\n";
    open.play(&format!("{HELLO}{envelope}S: 250 *\n{MESSAGE}{QUIT}"))
        .await;
    assert_eq!(open.stored().len(), 1);
    let closed = Scene::new(any_connector());
    closed
        .play(&format!("{HELLO}{envelope}S: 550 5.7.1 *\n{QUIT}"))
        .await;
    assert!(matches!(
        closed.events().as_slice(),
        [Event::RelayDenied { .. }]
    ));
    assert_eq!(closed.shared.counters.refused_recipients.get(), 1);
}

#[tokio::test]
async fn a_large_body_comes_through_unchanged() {
    let scene = Scene::new(any_connector());
    let line = "x".repeat(998);
    let body: String = std::iter::repeat_n(format!("{line}\r\n"), 3000).collect();
    let mut stream = greeted(scene.address).await;
    stream
        .write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n")
        .await
        .unwrap();
    while !self::line(&mut stream).await.starts_with("354") {}
    stream
        .write_all(format!("Subject: large\r\n\r\n{body}.\r\n").as_bytes())
        .await
        .unwrap();
    assert!(self::line(&mut stream).await.starts_with("250 2.0.0 Ok"));
    let stored = scene.stored();
    assert!(
        stored[0]
            .1
            .ends_with(format!("Subject: large\r\n\r\n{body}").as_bytes())
    );
}
