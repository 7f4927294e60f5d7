//! The receiver over real sockets, with a real queue: dialogs, and what only a live server shows.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use mailward_events::{
    Event, Events,
    tracking::{self, EventId, Query, TrackingLog},
};
use mailward_host::{
    clock::{Clock, SystemClock},
    disk::Disk,
    fake::disk::FakeDisk,
};
use mailward_model::{
    Domain, EmailAddress, MessageId, Object, ObjectId, Revision, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, Mailbox, MailboxType, ReceiveConnector, Relay,
        StartTls, TransportSettings,
    },
    unit::Span,
};
use mailward_proto::probe::{self, Marker};
use mailward_queue::{ListFilter, Queue, QueueConfig};
use mailward_testkit::{
    dialog::{self, Event as Step, Live, Script, Tls},
    world,
};
use mailward_tls::{
    Certificates, ClientTls, Roots,
    ca::{Authority, Leaf},
};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;
use crate::{Counters, Gate, Node, snapshot::Snapshot};

const KEY: [u8; 32] = [3; 32];

/// A receiver with everything it needs, in a folder of its own.
struct Scene {
    receiver: Receiver,
    shared: Arc<Shared>,
    address: SocketAddr,
    collector: mailward_events::Collector,
    disk: Arc<FakeDisk>,
    tls: Tls,
    dir: tempfile::TempDir,
    early: Option<std::net::TcpStream>,
}

fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
    Object {
        id: ObjectId(id),
        name: name.to_owned(),
        revision: Revision(id),
        spec: spec.into(),
    }
}

fn objects(connector: ReceiveConnector) -> Vec<Object> {
    let address = |text: &str| text.parse::<EmailAddress>().unwrap();
    let domain = |text: &str, domain_type| AcceptedDomain {
        domain: text.parse().unwrap(),
        domain_type,
        include_subdomains: false,
    };
    let settings = TransportSettings {
        postmaster: Some(address("anna@example.org")),
        ..TransportSettings::default()
    };
    let mut objects = vec![
        object(1, "edge", connector),
        object(
            2,
            "own",
            domain(world::DOMAIN, AcceptedDomainType::Authoritative),
        ),
        object(
            3,
            "relay",
            domain(world::RELAY_DOMAIN, AcceptedDomainType::InternalRelay),
        ),
        object(
            4,
            "health",
            domain("health.invalid", AcceptedDomainType::Authoritative),
        ),
        object(
            5,
            "probe",
            Mailbox {
                mailbox_type: MailboxType::Monitoring,
                ..Mailbox::new(address("probe@health.invalid"))
            },
        ),
        object(6, "default", settings),
    ];
    for (local, id) in world::MAILBOXES.iter().zip(10..) {
        objects.push(object(
            id,
            local,
            Mailbox::new(address(&format!("{local}@{}", world::DOMAIN))),
        ));
    }
    objects
}

impl Scene {
    fn new(connector: ReceiveConnector) -> Scene {
        Scene::with_early(connector, b"")
    }

    /// A scene in which a client has connected, and said something, before the receiver began.
    fn with_early(connector: ReceiveConnector, early_octets: &[u8]) -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let certificates = dir.path().join("certificates");
        std::fs::create_dir(&certificates).unwrap();
        let authority = Authority::new("Test authority").unwrap();
        authority
            .issue(&Leaf::new([world::HOST]))
            .unwrap()
            .write(&certificates, "mx")
            .unwrap();
        let listener = mailward_host::listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let connector = ReceiveConnector {
            bindings: vec![address.to_string().parse().unwrap()],
            tarpit_interval: Span::from_secs(0),
            ..connector
        };
        let early = (!early_octets.is_empty()).then(|| {
            let mut early = std::net::TcpStream::connect(address).unwrap();
            std::io::Write::write_all(&mut early, early_octets).unwrap();
            early
        });
        let host: Domain = world::HOST.parse().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let disk = Arc::new(FakeDisk::new());
        let (queue, _) = Queue::open(
            QueueConfig {
                min_free_bytes: 1 << 20,
                ..QueueConfig::new("/queue")
            },
            Arc::clone(&disk) as Arc<dyn Disk>,
            Arc::clone(&clock),
        )
        .unwrap();
        let (events, collector) = Events::collect();
        let shared = Arc::new(Shared {
            node: Node {
                hostname: host.clone(),
                mail_dir: dir.path().join("mail"),
                probe_key: KEY,
                resolvers: Vec::new(),
                allow_faults: true,
            },
            snapshot: ArcSwap::from_pointee(Snapshot::build(&objects(connector), &host)),
            certificates: Certificates::open(&certificates, Arc::clone(&clock), |_| {}),
            client_tls: ClientTls::new(Roots {
                system: false,
                files: Vec::new(),
            }),
            queue,
            events,
            tracking: TrackingLog::open(&dir.path().join("tracking")).unwrap(),
            gate: Gate::default(),
            counters: Counters::default(),
            clock,
        });
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Scene {
            receiver: Receiver::start(Arc::clone(&shared), vec![listener]),
            shared,
            address,
            collector,
            disk,
            tls: Tls {
                config: Arc::new(config),
                name: ServerName::try_from(world::HOST).unwrap(),
            },
            dir,
            early,
        }
    }

    async fn play(&self, text: &str) {
        let script = Script::parse(text).unwrap();
        if let Err(error) = Live::play(&script, self.address, Some(self.tls.clone())).await {
            panic!("{error}\n{text}");
        }
    }

    /// The messages in the queue with their octets, oldest first.
    fn stored(&self) -> Vec<(Arc<mailward_queue::Stored>, Vec<u8>)> {
        let mut ids: Vec<MessageId> = self
            .shared
            .queue
            .list(&ListFilter {
                probes: true,
                ..ListFilter::default()
            })
            .iter()
            .map(|row| row.id)
            .collect();
        ids.dedup();
        ids.into_iter()
            .map(|id| {
                let mut octets = Vec::new();
                let mut reader = self.shared.queue.read_body(id).unwrap();
                while let Some(chunk) = reader.chunk().unwrap() {
                    octets.extend_from_slice(&chunk);
                }
                (self.shared.queue.message(id).unwrap(), octets)
            })
            .collect()
    }

    fn events(&self) -> Vec<Event> {
        self.collector.take()
    }
}

fn any_connector() -> ReceiveConnector {
    ReceiveConnector::default()
}

const HELLO: &str = "S: 220 *\nC: EHLO client.example.net\nS+: 250\n";
const ENVELOPE: &str =
    "C: MAIL FROM:<sender@example.net>\nS: 250 *\nC: RCPT TO:<anna@example.org>\nS: 250 *\n";
const MESSAGE: &str = "C: DATA\nS: 354 *\nC: Message-ID: <1@example.net>\nC: Subject: hello\nC: \nC: Hello.\nC: .\nS: 250 2.0.0 Ok: queued as *\n";
const QUIT: &str = "C: QUIT\nS: 221 *\nCLOSED\n";

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

async fn greeted(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let line = line(&mut stream).await;
    assert!(line.starts_with("220 "), "{line}");
    stream
}

async fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut octet = [0];
        if stream.read(&mut octet).await.unwrap() == 0 {
            break;
        }
        line.extend_from_slice(&octet);
    }
    String::from_utf8(line).unwrap()
}

async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.is_ok() && rest.is_empty()
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
    assert!(scene.receiver.wedge("edge"));
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
    scene.shared.gate.set_closed(true);
    scene.play("S: 421 4.3.2 *\nCLOSED").await;
    open.write_all(b"MAIL FROM:<>\r\n").await.unwrap();
    assert!(line(&mut open).await.starts_with("421 4.3.2"));
    scene.shared.gate.set_closed(false);
    scene.play(&format!("{HELLO}{QUIT}")).await;
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

fn marker(key: &[u8; 32]) -> String {
    let now = SystemClock::default().unix_ms() / 1000;
    let marker = Marker {
        path: "edge".into(),
        node: world::HOST.into(),
        slot: 1,
        expires_unix: now + 60,
    };
    format!("C: {}: {}\n", probe::FIELD, marker.sign(key))
}

#[tokio::test]
async fn only_our_own_probes_reach_a_health_mailbox() {
    let scene = Scene::new(any_connector());
    let envelope = "C: MAIL FROM:<>\nS: 250 *\nC: RCPT TO:<probe@health.invalid>\nS: 250 *\n";
    let data = "C: DATA\nS: 354 *\n";
    let (good, forged) = (marker(&KEY), marker(&[4; 32]));
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
    let stored = scene.stored();
    let probes: Vec<bool> = stored
        .iter()
        .map(|(message, _)| message.origin.probe)
        .collect();
    assert_eq!(
        probes,
        [true, false],
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
    scene.disk.set_failing(None);
    // The queue tries again by itself.
    let mut condition = scene.shared.queue.condition();
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
