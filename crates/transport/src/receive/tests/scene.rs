//! A receiver with everything it needs, and the words of its dialogs.

use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use mailward_events::{Collector, Event, Events, tracking::TrackingLog};
use mailward_host::{
    clock::{Clock, SystemClock},
    disk::Disk,
    fake::disk::FakeDisk,
};
use mailward_model::{
    Domain, EmailAddress, MessageId, Object, ObjectId, Revision, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, Mailbox, MailboxType, ReceiveConnector,
        TransportSettings,
    },
    unit::Span,
};
use mailward_queue::{ListFilter, Queue, QueueConfig};
use mailward_testkit::{
    dialog::{Live, Script, Tls},
    world,
};
use mailward_tls::{
    Certificates, ClientTls, Roots,
    ca::{Authority, Leaf},
};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{Counters, Gate, Node, Shared, receive::Receiver, snapshot::Snapshot};

pub(super) const KEY: [u8; 32] = [3; 32];

/// A receiver with everything it needs, in a folder of its own.
pub(super) struct Scene {
    pub(super) receiver: Receiver,
    pub(super) shared: Arc<Shared>,
    pub(super) address: SocketAddr,
    pub(super) collector: Collector,
    pub(super) disk: Arc<FakeDisk>,
    pub(super) tls: Tls,
    pub(super) dir: tempfile::TempDir,
    pub(super) early: Option<std::net::TcpStream>,
}

pub(super) fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
    Object {
        id: ObjectId(id),
        name: name.to_owned(),
        revision: Revision(id),
        spec: spec.into(),
    }
}

pub(super) fn objects(connector: ReceiveConnector) -> Vec<Object> {
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
    pub(super) fn new(connector: ReceiveConnector) -> Scene {
        Scene::with_early(connector, b"")
    }

    /// A scene in which a client has connected, and said something, before the receiver began.
    pub(super) fn with_early(connector: ReceiveConnector, early_octets: &[u8]) -> Scene {
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
                probe_keys: Arc::new(mailward_host::keyring::Keyring::fixed(KEY)),
                resolvers: Vec::new(),
                allow_faults: true,
            },
            snapshot: ArcSwap::from_pointee(Snapshot::build(&objects(connector), &host)),
            certificates: Certificates::open(&certificates, Arc::clone(&clock), |_| {}),
            client_tls: ClientTls::new(Roots {
                system: false,
                files: Vec::new(),
            }),
            untrusted: mailward_tls::Untrusted::default(),
            queue: queue.clone(),
            journal: crate::journal::open(
                &dir.path().join("journal"),
                &"edge.example.org".parse().unwrap(),
                &queue,
                &events,
                &*clock,
            )
            .unwrap(),
            events,
            tracking: TrackingLog::open(&dir.path().join("tracking")).unwrap(),
            gate: Gate::default(),
            counters: Counters::default(),
            probes: crate::Probes::new(0),
            bulk: Default::default(),
            authenticator: crate::receive::Authenticator::new(&[]),
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

    pub(super) async fn play(&self, text: &str) {
        let script = Script::parse(text).unwrap();
        if let Err(error) = Live::play(&script, self.address, Some(self.tls.clone())).await {
            panic!("{error}\n{text}");
        }
    }

    /// The messages in the queue with their octets, oldest first.
    pub(super) fn stored(&self) -> Vec<(Arc<mailward_queue::Stored>, Vec<u8>)> {
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

    pub(super) fn events(&self) -> Vec<Event> {
        self.collector.take()
    }
}

pub(super) fn any_connector() -> ReceiveConnector {
    ReceiveConnector::default()
}

pub(super) const HELLO: &str = "S: 220 *\nC: EHLO client.example.net\nS+: 250\n";
pub(super) const ENVELOPE: &str =
    "C: MAIL FROM:<sender@example.net>\nS: 250 *\nC: RCPT TO:<anna@example.org>\nS: 250 *\n";
pub(super) const MESSAGE: &str = "C: DATA\nS: 354 *\nC: Message-ID: <1@example.net>\nC: Subject: hello\nC: \nC: Hello.\nC: .\nS: 250 2.0.0 Ok: queued as *\n";
pub(super) const QUIT: &str = "C: QUIT\nS: 221 *\nCLOSED\n";

pub(super) async fn greeted(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let line = line(&mut stream).await;
    assert!(line.starts_with("220 "), "{line}");
    stream
}

pub(super) async fn line(stream: &mut TcpStream) -> String {
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

pub(super) async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.is_ok() && rest.is_empty()
}
