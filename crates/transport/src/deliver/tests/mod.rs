//! Delivery end to end: the real queue, real sockets, and peers that do what a script says.

mod failure;
mod grouped;
mod handover;
mod peer;
mod repair;
mod tls;

use std::{
    collections::HashMap,
    future::Future,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use mailward_events::{Event, Events, tracking::TrackingLog};
use mailward_host::{clock::SystemClock, disk::RealDisk};
use mailward_model::{
    BodyType, Envelope, EnvelopeRecipient, MessageId, Object, ObjectId, Origin, Revision, Spec,
    kind::{ConnectorTarget, Mailbox, SendConnector, TransportSettings},
    plan::{Delivery, DeliveryContent, DeliveryRecipient, JournalReport, NextHop, Plan},
};
use mailward_queue::{NewMessage, Queue, QueueConfig, Selection};
use mailward_tls::{Certificates, ClientTls, Roots};

use super::{
    Dispatcher,
    dns::{Answer, Dns, LookupError},
};
use crate::{Counters, Gate, Node, Shared, categorize, snapshot::Snapshot};

/// However slow the machine, by then it has happened or never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// A resolver that answers what it was told.
#[derive(Default, Clone)]
struct FakeDns {
    mx: HashMap<String, Result<Vec<(u16, String)>, LookupError>>,
    hosts: HashMap<String, Vec<IpAddr>>,
}

impl Dns for FakeDns {
    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<(u16, String)>> {
        let answer = self.mx.get(domain).cloned();
        Box::pin(async move { answer.unwrap_or(Err(LookupError::NoName)) })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
        let answer = self.hosts.get(host).cloned();
        Box::pin(async move { answer.ok_or(LookupError::NoRecords) })
    }
}

/// A transport role with nothing but a queue and delivery.
struct World {
    dir: tempfile::TempDir,
    shared: Arc<Shared>,
    events: mailward_events::Collector,
    dispatcher: Dispatcher,
    objects: Vec<Object>,
}

fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
    Object {
        id: ObjectId(id),
        name: name.to_owned(),
        revision: Revision(id),
        spec: spec.into(),
    }
}

/// A send connector for everything, to these addresses.
fn out(hosts: &[std::net::SocketAddr]) -> SendConnector {
    SendConnector {
        address_spaces: vec!["*".parse().unwrap()],
        target: ConnectorTarget::SmartHosts,
        smart_hosts: hosts
            .iter()
            .map(|h| h.to_string().parse().unwrap())
            .collect(),
        ..Default::default()
    }
}

/// One send connector by MX.
fn by_mx(port: u16) -> SendConnector {
    SendConnector {
        address_spaces: vec!["*".parse().unwrap()],
        port,
        ..Default::default()
    }
}

impl World {
    fn new(connector: SendConnector) -> World {
        World::with(
            vec![object(1, "out", connector)],
            FakeDns::default(),
            Roots::default(),
        )
    }

    fn with(mut objects: Vec<Object>, dns: FakeDns, roots: Roots) -> World {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock::default());
        let config = QueueConfig {
            min_free_bytes: 0,
            ..QueueConfig::new(dir.path().join("queue"))
        };
        let (queue, _) = Queue::open(config, Arc::new(RealDisk), clock.clone()).unwrap();
        let (events, collector) = Events::collect();
        objects.push(object(
            90,
            "Anna",
            Mailbox::new("anna@example.org".parse().unwrap()),
        ));
        let domain = mailward_model::kind::AcceptedDomain {
            domain: "example.org".parse().unwrap(),
            domain_type: Default::default(),
            include_subdomains: false,
        };
        objects.push(object(91, "home", domain));
        objects.push(object(92, "default", TransportSettings::default()));
        let hostname = "edge.example.org".parse().unwrap();
        let shared = Arc::new(Shared {
            node: Node {
                hostname: "edge.example.org".parse().unwrap(),
                mail_dir: dir.path().join("mail"),
                probe_keys: Arc::new(mailward_host::keyring::Keyring::fixed([0; 32])),
                resolvers: Vec::new(),
                allow_faults: false,
            },
            snapshot: ArcSwap::from_pointee(Snapshot::build(&objects, &hostname)),
            certificates: Certificates::open(dir.path(), clock.clone(), |_| {}),
            client_tls: ClientTls::new(roots),
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
        let dispatcher = Dispatcher::start_with(Arc::clone(&shared), move || Arc::new(dns.clone()));
        World {
            dir,
            shared,
            events: collector,
            dispatcher,
            objects,
        }
    }

    /// Other objects come into force.
    fn change(&mut self, object: Object) {
        self.objects.retain(|known| known.name != object.name);
        self.objects.push(object);
        let snapshot = Snapshot::build(&self.objects, &self.shared.node.hostname);
        self.shared.snapshot.store(Arc::new(snapshot));
        self.dispatcher.objects_changed();
    }

    /// Accepts a message with the plan that the categorizer makes.
    async fn send(&self, to: &[&str], text: &[u8]) -> MessageId {
        let envelope = envelope(to);
        self.send_as(envelope, text).await
    }

    async fn send_as(&self, envelope: Envelope, text: &[u8]) -> MessageId {
        let snapshot = self.shared.snapshot.load();
        let origin = origin(self.shared.clock.unix_ms());
        let plan = categorize::plan(
            &snapshot,
            &categorize::Input {
                envelope: &envelope,
                origin: &origin,
                headers: None,
                size: text.len() as u64,
                is_journal_report: false,
            },
        );
        self.accept(envelope, origin, text, Some(plan)).await
    }

    async fn accept(
        &self,
        envelope: Envelope,
        origin: Origin,
        text: &[u8],
        plan: Option<Plan>,
    ) -> MessageId {
        let queue = &self.shared.queue;
        let id = queue.new_id();
        let mut body = queue.spool(id);
        body.write(text).unwrap();
        let message = NewMessage {
            id,
            envelope,
            origin,
            body: body.finish().unwrap(),
            plan,
        };
        queue.accept(message).await.unwrap();
        id
    }

    /// Accepts a message of which only a journal report is to be delivered.
    async fn journal(&self, text: &[u8]) -> MessageId {
        let delivery = Delivery {
            no: 0,
            next_hop: NextHop::Journal {
                target: "journal@archive.example".parse().unwrap(),
            },
            mail_from: Default::default(),
            recipients: vec![DeliveryRecipient {
                rcpt: EnvelopeRecipient::new("journal@archive.example".parse().unwrap()),
                redirection: None,
            }],
            content: DeliveryContent::JournalReport(JournalReport {
                rules: vec!["all".into()],
                target: Some("journal@archive.example".parse().unwrap()),
                ..JournalReport::default()
            }),
        };
        let plan = Plan {
            deliveries: vec![delivery],
            notes: Vec::new(),
        };
        let origin = origin(self.shared.clock.unix_ms());
        self.accept(envelope(&["anna@example.org"]), origin, text, Some(plan))
            .await
    }

    async fn empty(&self) {
        until("the queue is empty", || {
            self.shared.queue.stats().messages == 0
        })
        .await;
    }

    async fn deferred(&self, count: usize) {
        until("deliveries are deferred", || {
            self.shared.queue.stats().deferred == count
        })
        .await;
    }

    fn retry(&self) {
        for queue in self.shared.queue.queues() {
            self.shared
                .queue
                .retry_now(Selection::NextHop(queue.next_hop))
                .unwrap();
        }
    }

    fn last_error(&self) -> String {
        let queues = self.shared.queue.queues();
        queues
            .into_iter()
            .find_map(|q| q.last_error)
            .unwrap_or_default()
    }

    /// The events raised, by name.
    fn raised(&self) -> Vec<String> {
        let name = |event: &Event| {
            let text = format!("{event:?}");
            text.split([' ', '{']).next().unwrap_or_default().to_owned()
        };
        self.events.take().iter().map(name).collect()
    }
}

fn envelope(to: &[&str]) -> Envelope {
    Envelope {
        mail_from: "sender@example.com".parse().unwrap(),
        recipients: to
            .iter()
            .map(|to| EnvelopeRecipient::new(to.parse().unwrap()))
            .collect(),
        body: BodyType::SevenBit,
        ..Default::default()
    }
}

fn origin(accepted_unix_ms: u64) -> Origin {
    Origin {
        connector: "in".into(),
        client: Some("192.0.2.7:40000".parse().unwrap()),
        server: None,
        helo: "client.example".into(),
        protocol: "ESMTP".into(),
        tls: None,
        account: None,
        probe: false,
        arrival: None,
        accepted_unix_ms,
    }
}

/// Waits for something that happens on other threads and sockets.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(in_time(wait).await.is_some(), "waited in vain until {what}");
}

async fn in_time<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(PATIENCE, future).await.ok()
}

/// An address of the loopback where nobody listens.
fn nobody() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

const TEXT: &[u8] = b"From: <sender@example.com>\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n\r\none\r\n.two\r\n..\r\n";
