//! The health pages, the agent, metrics and the export over OTLP, over real sockets; the roles answer
//! by script.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use mailward_admin::{AdminConfig, AdminServer, Details, DetailsTo, OtlpConfig, serve};
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role, Server},
    fault::Fault,
    view::{
        ConnectorStatus, GateView, HealthFigures, HealthState, QueueHealth, QueueStats,
        RoleFigures, RoleStatus, ServingState, TransportStatus,
        figures::{EventFigure, MonitorFigure, ProbeFigure, SetFigure},
        transport::Counters,
    },
};
use mailward_events::{Event, Events, Record};
use mailward_host::clock::SystemClock;
use mailward_model::Revision;
use mailward_store::{EventLog, EventRow, Store};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node of which only the access role is real; transport says what `status` holds.
struct Node {
    dir: tempfile::TempDir,
    http: SocketAddr,
    agent: SocketAddr,
    status: Arc<Mutex<TransportStatus>>,
    store: Store,
    _roles: Vec<Server>,
    _server: AdminServer,
}

fn connector(name: &str, port: u16) -> ConnectorStatus {
    ConnectorStatus {
        connector: name.to_owned(),
        enabled: true,
        listening: vec![([127, 0, 0, 1], port).into()],
        sessions: 2,
        sessions_total: 9,
        state: ServingState::Active,
        wedged: false,
        lmtp: false,
        certificate: None,
    }
}

fn status() -> TransportStatus {
    TransportStatus {
        role: RoleStatus {
            role: Role::Transport,
            pid: 1,
            version: "0".to_owned(),
            started_unix_ms: 1_000,
            revision: Revision::default(),
        },
        gate: GateView::default(),
        connectors: vec![
            connector("From \"outside\"\\", 25),
            connector("People", 587),
        ],
        sessions: 4,
        queue: QueueStats {
            messages: 7,
            ..QueueStats::default()
        },
        counters: Counters {
            accepted: 11,
            ..Counters::default()
        },
    }
}

fn figures(role: Role) -> RoleFigures {
    let event = EventFigure::new(1002, "ConnectorRestarted", "notice", 3);
    let mut figures = RoleFigures::new(2_000, [event]);
    if role == Role::Worker {
        figures.health = Some(HealthFigures {
            repair: true,
            sets: vec![SetFigure {
                set: "Queue".to_owned(),
                state: HealthState::Degraded,
                since_unix_ms: 1_700_000_000_000,
                because: "queue: 192.0.2.9 said no\r\n[+] all: ok".to_owned(),
            }],
            monitors: vec![MonitorFigure {
                monitor: "queue".to_owned(),
                set: "Queue".to_owned(),
                state: HealthState::Degraded,
            }],
            probes: vec![ProbeFigure {
                kind: "queue".to_owned(),
                verdicts: vec![("fail".to_owned(), 3)],
                took_ms: 30,
                buckets: vec![0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            }],
            ..HealthFigures::default()
        });
    }
    figures
}

fn otlp(endpoint: String, dir: &std::path::Path) -> OtlpConfig {
    let headers = dir.join("headers");
    std::fs::write(&headers, "X-Tenant: mail\n").unwrap();
    // As after a restart: every event is still to be sent.
    std::fs::write(dir.join("place"), "0\n").unwrap();
    OtlpConfig {
        endpoint,
        headers_file: Some(headers),
        interval: Duration::from_millis(50),
        metrics: true,
        logs: true,
        extra_roots: None,
        place_file: dir.join("place"),
    }
}

fn node_with(details: Details, endpoint: Option<String>) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let bound = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (http, agent) = (bound(), bound());
    let status = Arc::new(Mutex::new(status()));
    let mut roles = Vec::new();
    for role in [Role::Transport, Role::Worker] {
        let status = Arc::clone(&status);
        let answer = move |request: ControlRequest| {
            let status = status.lock().unwrap().clone();
            async move {
                match request {
                    ControlRequest::Status if role == Role::Transport => {
                        Ok(ControlReply::Transport(status))
                    }
                    ControlRequest::Figures { .. } => Ok(ControlReply::Figures(figures(role))),
                    other => Err(Fault::unsupported(role.name(), other.name())),
                }
            }
        };
        roles.push(control::serve(&role.socket(dir.path()), answer).unwrap());
    }
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let (events, _) = Events::collect();
    let (http_at, agent_at) = (http.local_addr().unwrap(), agent.local_addr().unwrap());
    let server = serve(AdminConfig {
        run_dir: dir.path().to_owned(),
        events_dir: dir.path().join("events"),
        tracking_dir: dir.path().join("tracking"),
        audit_dir: dir.path().join("audit"),
        perimeter_dir: dir.path().join("perimeter"),
        untrusted_dir: dir.path().join("untrusted"),
        own_groups_file: dir.path().join("own-groups.json"),
        node: "mx1.example.org".parse().unwrap(),
        store: store.clone(),
        events,
        clock: Arc::new(SystemClock::default()),
        unix: None,
        http: Some(http),
        agent: Some(agent),
        details,
        group_key: None,
        extra_roots: None,
        otlp: endpoint.map(|endpoint| otlp(endpoint, dir.path())),
        remote: None,
    });
    Node {
        http: http_at,
        agent: agent_at,
        status,
        store,
        _roles: roles,
        _server: server.unwrap(),
        dir,
    }
}

fn node() -> Node {
    node_with(Details::default(), None)
}

impl Node {
    /// Status, head and body of a request to the port for pages.
    async fn ask(&self, method: &str, target: &str, headers: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.http).await.unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    async fn page(&self, target: &str) -> (u16, String) {
        let (status, _, body) = self.ask("GET", target, "").await;
        (status, body)
    }

    async fn agent(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(self.agent).await.unwrap();
        stream.write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Waits until a page says this.
    #[track_caller]
    fn becomes(
        &self,
        target: &'static str,
        expect: (u16, &'static str),
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let started = Instant::now();
            loop {
                let (status, body) = self.page(target).await;
                if (status, body.as_str()) == expect {
                    return;
                }
                assert!(
                    started.elapsed() < PATIENCE,
                    "{caller}: {target} is {status} {body:?}, not {expect:?}"
                );
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn pages_and_agent_follow_what_transport_says() {
    let node = node();
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    for path in [
        "/health/smtp",
        "/health/submission",
        "/health/receive/people",
        "/health/receive/From%20%22outside%22%5C",
        "/smtp/healthcheck.htm",
        "/submission/healthcheck.htm",
    ] {
        assert_eq!(
            node.page(path).await,
            (200, "ok mx1.example.org\n".to_owned()),
            "{path}"
        );
    }
    for path in [
        "/health/lmtp",
        "/health/imap",
        "/health/receive/Nobody",
        "/lmtp/healthcheck.htm",
        "/imap/healthcheck.htm",
    ] {
        assert_eq!(node.page(path).await.0, 404, "{path}");
    }
    let (status, head, body) = node.ask("HEAD", "/health/smtp", "").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains("content-length: 19"), "{head}");
    assert_eq!(node.agent("").await, "up ready 100%\n");
    assert_eq!(node.agent("receive/People\n").await, "up ready 100%\n");
    assert_eq!(node.agent("receive/Nobody\n").await, "down #unknown\n");

    node.status.lock().unwrap().gate.closed = true;
    node.becomes("/readyz", (503, "draining mx1.example.org\n"))
        .await;
    assert_eq!(node.agent("submission\n").await, "up drain\n");
    assert_eq!(node.page("/livez").await.0, 200);
    assert_eq!(node.page("/health/admin").await.0, 200);
    for connector in &mut node.status.lock().unwrap().connectors {
        connector.sessions = 0;
    }
    node.becomes("/health/smtp", (503, "inactive mx1.example.org\n"))
        .await;
    assert_eq!(node.agent("").await, "down #inactive\n");

    node.status.lock().unwrap().gate.closed = false;
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    node.status.lock().unwrap().queue.health = QueueHealth::Full;
    node.becomes("/readyz", (503, "inactive mx1.example.org\n"))
        .await;
}

#[tokio::test]
async fn a_page_is_answered_from_memory() {
    let node = node();
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    let mut took = Vec::new();
    for _ in 0..2000 {
        let started = Instant::now();
        assert_eq!(node.page("/health/smtp").await.0, 200);
        took.push(started.elapsed());
    }
    took.sort();
    println!(
        "/health/smtp, with a connection of its own each time: p50 {:?}, p99 {:?}, max {:?}",
        took[1000], took[1980], took[1999]
    );
}

#[tokio::test]
async fn reasons_are_told_to_those_who_may_know_them() {
    let token = "0123456789abcdef".to_owned();
    let to = DetailsTo::Token;
    let node = node_with(
        Details {
            to,
            token: Some(token),
        },
        None,
    );
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    let started = Instant::now();
    while !node.page("/healthz?verbose").await.1.contains("set Queue") {
        assert!(started.elapsed() < PATIENCE);
    }
    assert_eq!(
        node.page("/healthz").await,
        (503, "unhealthy mx1.example.org\n".to_owned())
    );
    let (_, told) = node.page("/healthz?verbose").await;
    let expect = "[+] transport: ok\n[-] manager: unreachable\n[+] worker: ok\n\
                  [-] set Queue: degraded\nunhealthy mx1.example.org\n";
    assert_eq!(told, expect);
    let shown = "authorization: Bearer 0123456789abcdef\r\n";
    let (_, _, told) = node.ask("GET", "/healthz?verbose", shown).await;
    let line = "[-] set Queue: degraded since 2023-11-14 22:13:20: \
                queue: 192.0.2.9 said no  [+] all: ok\n";
    assert!(told.contains(line), "{told}");
    let wrong = "authorization: Bearer 0123456789abcdeF\r\n";
    let (_, _, told) = node.ask("GET", "/healthz?verbose", wrong).await;
    assert_eq!(told, expect);
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for() {
    let node = node();
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    let open = "accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let (status, head, text) = node.ask("GET", "/metrics", open).await;
    assert_eq!(status, 200);
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    for line in [
        "mailward_role_up{role=\"transport\"} 1",
        "mailward_role_up{role=\"manager\"} 0",
        "# TYPE mailward_messages_accepted counter",
        "mailward_messages_accepted_total 11",
        "mailward_queue_messages 7",
        "mailward_sessions_open{connector=\"From \\\"outside\\\"\\\\\"} 2",
        "mailward_component_active{component=\"submission\"} 1",
        "mailward_health_set_state{set=\"Queue\",state=\"degraded\"} 1",
        "mailward_health_set_state{set=\"Queue\",state=\"healthy\"} 0",
        "mailward_health_set_severity{set=\"Queue\"} 6",
        "mailward_health_monitor_state{monitor=\"queue\",set=\"Queue\",state=\"degraded\"} 1",
        "mailward_probes_total{kind=\"queue\",verdict=\"fail\"} 3",
        "mailward_probe_duration_seconds_count{kind=\"queue\"} 3",
        "mailward_events_total{role=\"worker\",number=\"1002\",name=\"ConnectorRestarted\",level=\"notice\"} 3",
        "# EOF",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("192.0.2.9"), "reasons are no metrics");
    let (_, head, text) = node.ask("GET", "/metrics", "").await;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(
        text.contains("# TYPE mailward_messages_accepted_total counter\n"),
        "{text}"
    );
}

/// A collector of OpenTelemetry: answers with the statuses given, then always 200, and keeps what it
/// was sent.
struct Collector {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<(u16, String, String)>>>,
}

impl Collector {
    async fn listen(statuses: &[u16]) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut left) = (Arc::clone(&requests), statuses.to_vec());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (head, body) = request(&mut stream).await;
                let status = if head.starts_with("POST /otlp/v1/logs") && !left.is_empty() {
                    left.remove(0)
                } else {
                    200
                };
                kept.lock().unwrap().push((status, head, body));
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Collector { address, requests }
    }

    fn endpoint(&self) -> String {
        format!("http://{}/otlp", self.address)
    }

    /// Texts of the events taken, in their order.
    fn events(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        let taken = requests
            .iter()
            .filter(|(status, head, _)| *status == 200 && head.starts_with("POST /otlp/v1/logs"));
        taken.flat_map(|(_, _, body)| texts(body)).collect()
    }
}

fn texts(body: &str) -> Vec<String> {
    let request: ExportLogsServiceRequest = serde_json::from_str(body).unwrap();
    let scopes = request
        .resource_logs
        .into_iter()
        .flat_map(|of| of.scope_logs);
    let records = scopes.flat_map(|scope| scope.log_records);
    records.map(|record| format!("{:?}", record.body)).collect()
}

async fn request(stream: &mut TcpStream) -> (String, String) {
    let mut octets = Vec::new();
    loop {
        assert!(stream.read_buf(&mut octets).await.unwrap() > 0);
        let text = String::from_utf8_lossy(&octets).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_owned();
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if body.len() >= length {
            return (head, body.to_owned());
        }
    }
}

fn happen(node: &Node, numbers: std::ops::Range<u64>) {
    let rows: Vec<EventRow> = numbers
        .map(|sessions| {
            let event = Event::ConnectorRestarted {
                connector: "Internet".into(),
                sessions,
            };
            let record = Record::new(&event, "transport", 1_000 + sessions);
            EventRow {
                unix_ms: record.unix_ms,
                number: record.number,
                severity: 5,
                role: record.role.clone(),
                record: record.to_json().unwrap(),
            }
        })
        .collect();
    EventLog::new(&node.dir.path().join("store.db"))
        .append(&rows)
        .unwrap();
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn metrics_and_events_reach_a_collector_once_each_whatever_it_answers_first() {
    // Twice it cannot, once it does not want to.
    let collector = Collector::listen(&[503, 429, 200, 400]).await;
    let node = node_with(Details::default(), Some(collector.endpoint()));
    until("metrics come", || {
        !collector.requests.lock().unwrap().is_empty()
    })
    .await;
    happen(&node, 0..700);
    // 512 are taken after two failures, the next batch is refused for good.
    until("a batch is taken", || collector.events().len() == 512).await;
    until("the other is refused", || {
        let requests = collector.requests.lock().unwrap();
        requests.iter().any(|(status, _, _)| *status == 400)
    })
    .await;
    happen(&node, 700..703);
    until("the rest comes", || collector.events().len() == 515).await;
    let events = collector.events();
    let expect = |at: u64| format!("; {at} sessions were ended");
    for (at, text) in (0..512).chain(700..703).zip(&events) {
        assert!(text.contains(&expect(at)), "{at}: {text}");
    }
    until("the place is kept", || {
        let place = std::fs::read_to_string(node.dir.path().join("place"));
        place.is_ok_and(|place| place == "703\n")
    })
    .await;
    assert_eq!(node.store.last_event().unwrap(), 703);

    let requests = collector.requests.lock().unwrap().clone();
    let (_, head, body) = requests
        .iter()
        .rfind(|(_, head, _)| head.starts_with("POST /otlp/v1/metrics"))
        .unwrap();
    assert!(head.contains("x-tenant: mail"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let sent: ExportMetricsServiceRequest = serde_json::from_str(body).unwrap();
    let metrics = &sent.resource_metrics[0].scope_metrics[0].metrics;
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
    for name in [
        "mailward_messages_accepted",
        "mailward_probe_duration_seconds",
        "mailward_health_set_state",
        "mailward_otlp_exports",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
}

#[tokio::test]
async fn a_collector_that_hangs_delays_no_page() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let held = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&held);
    tokio::spawn(async move {
        loop {
            // Accepts, and never answers.
            let (stream, _) = listener.accept().await.unwrap();
            taken.lock().unwrap().push(stream);
        }
    });
    let node = node_with(Details::default(), Some(endpoint));
    node.becomes("/readyz", (200, "ok mx1.example.org\n")).await;
    happen(&node, 0..10);
    until("both signals hang", || held.lock().unwrap().len() >= 2).await;
    let started = Instant::now();
    for _ in 0..100 {
        assert_eq!(node.page("/readyz").await.0, 200);
    }
    assert_eq!(node.page("/metrics").await.0, 200);
    println!(
        "100 pages and one scrape beside a collector that hangs: {:?}",
        started.elapsed()
    );
    assert_eq!(
        held.lock().unwrap().len(),
        2,
        "one request of each signal at a time"
    );
}
