//! The admin API over real sockets: a real store, real logs, and roles that answer by script.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{path::Path, sync::Arc, time::Duration};

use mailward_admin::{AdminConfig, AdminServer, Details, serve};
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Octets, Role, Server},
    fault::Fault,
    view::{
        ConnectorStatus, Evidence, GateView, OverrideList, ProbeView, QueueActed, QueueHealth,
        QueueStats, RoleStatus, StateChange, TransportStatus, transport::Counters,
    },
};
use mailward_events::{
    Event, Events,
    tracking::{Entry, EventId, TrackingLog},
};
use mailward_host::clock::{Clock, SystemClock};
use mailward_model::{MessageId, Revision};
use mailward_store::Store;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

#[path = "api/audit.rs"]
mod audit;

/// A node of which only the access role is real.
struct Node {
    dir: tempfile::TempDir,
    port: std::net::SocketAddr,
    collector: mailward_events::Collector,
    store: Store,
    _server: AdminServer,
}

fn node() -> Node {
    let dir = tempfile::tempdir().unwrap();
    let http = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (events, collector) = Events::collect();
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let config = AdminConfig {
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
        group_key: None,
        unix: None,
        http: Some(http.try_clone().unwrap()),
        agent: None,
        details: Details::default(),
        extra_roots: None,
        otlp: None,
        remote: None,
    };
    Node {
        port: http.local_addr().unwrap(),
        collector,
        store,
        _server: serve(config).unwrap(),
        dir,
    }
}

/// Sends octets and reads until the other side closes.
async fn raw(socket: &Path, octets: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // A server that has heard enough closes while we still write.
    let _ = stream.write_all(octets).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
    let _ = read.await.expect("the server answers or closes");
    answer
}

fn parts(answer: &[u8]) -> (u16, String, Vec<u8>) {
    let end = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no HTTP: {:?}", String::from_utf8_lossy(answer)));
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head, answer[end + 4..].to_vec())
}

impl Node {
    fn socket(&self) -> std::path::PathBuf {
        self.dir.path().join("admin.sock")
    }

    async fn ask(&self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, head, body) = parts(&raw(&self.socket(), request.as_bytes()).await);
        assert!(head.contains("application/json"), "{head}");
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn get(&self, target: &str) -> (u16, Value) {
        self.ask("GET", target, &Value::Null).await
    }

    async fn page(&self, target: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.port).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let (status, _, body) = parts(&answer);
        (status, String::from_utf8(body).unwrap())
    }
}

fn status() -> TransportStatus {
    TransportStatus {
        role: RoleStatus {
            role: Role::Transport,
            pid: 42,
            version: "1".to_owned(),
            started_unix_ms: 0,
            revision: Revision(3),
        },
        gate: GateView::default(),
        connectors: vec![ConnectorStatus {
            state: mailward_api::view::ServingState::Active,
            connector: "From \"outside\"\\".to_owned(),
            enabled: true,
            listening: vec!["127.0.0.1:25".parse().unwrap()],
            sessions: 2,
            sessions_total: 9,
            wedged: false,
            lmtp: false,
            certificate: None,
        }],
        sessions: 2,
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

const MESSAGE_OCTETS: u64 = 3 << 20;

fn octet(at: u64) -> u8 {
    (at % 251) as u8
}

/// A transport that knows one message.
fn transport(node: &Node, health: QueueHealth) -> Server {
    let answer = move |request| async move {
        match request {
            ControlRequest::Status => {
                let mut status = status();
                status.queue.health = health;
                Ok(ControlReply::Transport(status))
            }
            ControlRequest::QueueAct(ask) => Ok(ControlReply::QueueActed(QueueActed {
                count: 1,
                text: format!("{} is held.", ask.what),
                changes: vec![StateChange::new("queue x", "held", false, true)],
                changes_left_out: 2,
                ..QueueActed::default()
            })),
            ControlRequest::QueueExport {
                id, offset, length, ..
            } if id.to_bits() == 1 => {
                let end = (offset + u64::from(length)).min(MESSAGE_OCTETS);
                Ok(ControlReply::Octets(Octets {
                    total: MESSAGE_OCTETS,
                    octets: (offset..end).map(octet).collect(),
                }))
            }
            ControlRequest::QueueExport { id, .. } => Err(Fault::not_found(
                format!("message {id} is not in the queue"),
                "`mailward queue list` shows what is",
            )),
            other => Err(Fault::unsupported("transport", other.name())),
        }
    };
    control::serve(&Role::Transport.socket(node.dir.path()), answer).unwrap()
}

#[tokio::test]
async fn a_probe_is_run_and_what_watches_is_switched_off() {
    let node = node();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, now) = (asked.clone(), SystemClock::default().unix_ms());
    let answer = move |request: ControlRequest| {
        // What access asks of itself, for its pages, is not what is looked at here.
        if !matches!(request, ControlRequest::Figures { .. }) {
            seen.lock().unwrap().push(request.clone());
        }
        async move {
            match request {
                ControlRequest::ProbeRun { name, trace: true } => {
                    Ok(ControlReply::Probe(ProbeView {
                        probe: name,
                        unix_ms: now,
                        took_ms: 3,
                        verdict: "fail".to_owned(),
                        evidence: Evidence::Bad,
                        text: "no greeting".to_owned(),
                        cause: None,
                        steps: Vec::new(),
                        measures: Vec::new(),
                    }))
                }
                ControlRequest::OverrideCheck(_) => Ok(ControlReply::Done),
                ControlRequest::OverrideList => Ok(ControlReply::Overrides(OverrideList {
                    node: "mx1.example.org".to_owned(),
                    overrides: Vec::new(),
                })),
                other => Err(Fault::unsupported("worker", other.name())),
            }
        }
    };
    let _worker = control::serve(&Role::Worker.socket(node.dir.path()), answer).unwrap();
    let name = json!({ "name": "mailflow/Internet", "trace": true });
    let (code, view) = node.ask("POST", "/v1/health/probes/run", &name).await;
    assert_eq!((code, &view["probe"]), (200, &json!("mailflow/Internet")));
    let path = "/v1/health/override";
    // Without a reason nothing is written.
    let (code, fault) = node.ask("POST", path, &json!({ "item": "disk" })).await;
    assert_eq!(code, 422, "{fault}");
    let off = json!({ "item": "disk", "span": "2h", "reason": "a new array" });
    let (code, done) = node.ask("POST", path, &off).await;
    assert_eq!(code, 200, "{done}");
    let (code, _) = node
        .ask("POST", path, &json!({ "item": "disk", "on": true }))
        .await;
    assert_eq!(code, 200);
    let checked: Vec<_> = asked
        .lock()
        .unwrap()
        .iter()
        .filter_map(|request| match request {
            ControlRequest::OverrideCheck(spec) => Some(spec.clone()),
            _ => None,
        })
        .collect();
    let [off] = checked.as_slice() else {
        panic!("{checked:?}");
    };
    assert_eq!(
        (off.property.as_str(), off.value.as_str()),
        ("enabled", "false")
    );
    assert_eq!(off.reason, "a new array");
    let until = off.until.unwrap().unix_ms();
    assert!((7_198_000..7_260_000).contains(&(until - now)));
    let audited = node.collector.take();
    let acts = audited.iter().filter(|event| {
        matches!(
            event,
            Event::AdministratorActed { .. } | Event::ObjectsApplied { .. }
        )
    });
    assert_eq!(acts.count(), 3);
}

#[tokio::test]
async fn objects_are_set_listed_and_refused_when_they_are_not_sound() {
    let node = node();
    let domain = "/v1/objects/accepted_domain/example.org";
    let mailbox = "/v1/objects/mailbox/Anna%20Berg";
    let (code, done) = node
        .ask("PATCH", domain, &json!({ "set": ["domain=example.org"] }))
        .await;
    assert_eq!((code, &done["applied"]), (200, &json!(true)), "{done}");
    let (code, done) = node
        .ask(
            "PATCH",
            mailbox,
            &json!({ "set": ["address=anna@example.org"] }),
        )
        .await;
    assert_eq!(code, 200, "{done}");
    let revision = done["revision"].as_u64().unwrap();

    let (code, shown) = node.get(mailbox).await;
    assert_eq!(code, 200);
    assert_eq!(shown["spec"]["address"], "anna@example.org");
    assert_eq!(shown["revision"], revision);

    // Made from another revision.
    let stale = json!({ "set": ["hidden=yes"], "revision": revision - 1 });
    let (code, fault) = node.ask("PATCH", mailbox, &stale).await;
    assert_eq!((code, &fault["kind"]), (409, &json!("conflict")), "{fault}");
    // A field that does not exist.
    let (code, fault) = node
        .ask("PATCH", mailbox, &json!({ "set": ["hiden=yes"] }))
        .await;
    assert_eq!((code, &fault["field"]), (422, &json!("hiden")));
    assert_eq!(fault["mend"], "did you mean hidden?");
    // Two recipients of one address.
    let (code, fault) = node
        .ask(
            "PATCH",
            "/v1/objects/mail_contact/A",
            &json!({ "set": ["address=anna@example.org", "external_address=a@elsewhere.test"] }),
        )
        .await;
    assert_eq!(code, 422, "{fault}");
    // A name that is nearly right.
    let (code, fault) = node.get("/v1/objects/mailbox/Anna%20Bergh").await;
    assert_eq!(
        (code, &fault["mend"]),
        (404, &json!("did you mean Anna Berg?"))
    );
    // Nothing changes.
    let (code, done) = node
        .ask(
            "PATCH",
            mailbox,
            &json!({ "set": ["hidden=no"], "spec": { "hidden": true } }),
        )
        .await;
    assert_eq!((code, &done["effects"]), (200, &json!([])));

    let (code, done) = node.ask("DELETE", mailbox, &Value::Null).await;
    assert_eq!(
        (code, &done["effects"][0]["action"]),
        (200, &json!("remove"))
    );
    let by = nix::unistd::User::from_uid(nix::unistd::Uid::effective())
        .unwrap()
        .unwrap()
        .name;
    let applied: Vec<Event> = node
        .collector
        .take()
        .into_iter()
        .filter(|event| matches!(event, Event::ObjectsApplied { by: who, .. } if *who == by))
        .collect();
    assert_eq!(applied.len(), 3, "{applied:?}");
}

#[tokio::test]
async fn objects_are_exported_planned_and_applied_as_text() {
    let node = node();
    let text = "[[accepted_domain]]\nname = \"example.org\"\ndomain = \"example.org\"\n\n\
                [[mailbox]]\nname = \"Anna\"\naddress = \"anna@example.org\"\n";
    let (code, plan) = node.ask("POST", "/v1/plan", &json!({ "text": text })).await;
    assert_eq!(code, 200, "{plan}");
    assert_eq!(
        (&plan["applied"], plan["effects"].as_array().unwrap().len()),
        (&json!(false), 2)
    );
    let mailboxes = node.store.list(mailward_model::Kind::Mailbox).unwrap();
    assert!(mailboxes.is_empty(), "{mailboxes:?}");

    let stale = json!({ "text": text, "revision": 99 });
    assert_eq!(node.ask("POST", "/v1/apply", &stale).await.0, 409);
    let (code, done) = node
        .ask("POST", "/v1/apply", &json!({ "text": text }))
        .await;
    assert_eq!((code, &done["applied"]), (200, &json!(true)), "{done}");

    // A health mailbox comes and is left alone by text.
    let health = json!({ "spec": { "address": "health@example.org", "type": "monitoring", "hidden": true } });
    let (code, fault) = node
        .ask("PATCH", "/v1/objects/mailbox/Health", &health)
        .await;
    assert_eq!(code, 200, "{fault}");
    let (_, export) = node.get("/v1/export").await;
    let exported = export["text"].as_str().unwrap();
    assert!(exported.contains("Anna") && !exported.contains("health@example.org"));
    let (_, again) = node
        .ask("POST", "/v1/apply", &json!({ "text": exported }))
        .await;
    assert_eq!(again["effects"], json!([]));
    let (_, list) = node.get("/v1/objects/mailbox").await;
    assert_eq!(
        (list["objects"].as_array().unwrap().len(), &list["hidden"]),
        (1, &json!(1))
    );
    let (_, list) = node.get("/v1/objects/mailbox?monitoring=true").await;
    assert_eq!(
        (list["objects"].as_array().unwrap().len(), &list["hidden"]),
        (1, &json!(0))
    );

    let (code, fault) = node
        .ask(
            "POST",
            "/v1/plan",
            &json!({ "text": "[[mailbox]]\nname = \"B\"\nadress = \"b@example.org\"\n" }),
        )
        .await;
    assert_eq!(code, 422);
    assert!(
        fault["field"].as_str().unwrap().starts_with("line "),
        "{fault}"
    );
}

#[tokio::test]
async fn logs_are_searched_and_explained() {
    let node = node();
    let now = SystemClock::default().unix_ms();
    let id = MessageId::new(now, [7; 10]);
    let events = Events::open(&node.dir.path().join("events"), "transport").unwrap();
    events.emit(Event::CertificateMissing {
        connector: "Internet".into(),
        fqdn: "mx1.example.org".into(),
        candidates: vec!["a.pem: another name".to_owned()].into(),
    });
    drop(events);
    let tracking = TrackingLog::open(&node.dir.path().join("tracking")).unwrap();
    tracking.write(Entry {
        unix_ms: now,
        event_id: EventId::Receive,
        network_message_id: Some(id),
        sender: "a@elsewhere.test".into(),
        recipients: vec!["anna@example.org".into()],
        ..Entry::default()
    });
    drop(tracking);

    let (code, page) = node.get("/v1/explain/12014").await;
    assert_eq!(
        (code, &page["event"]["name"]),
        (200, &json!("CertificateMissing"))
    );
    assert_eq!(page["event"]["recent"].as_array().unwrap().len(), 1);
    let (_, list) = node.get("/v1/events?level=error&since=1h").await;
    assert_eq!(list["events"].as_array().unwrap().len(), 1);
    let (code, fault) = node.get("/v1/events/CertificateMising").await;
    assert_eq!(
        (code, &fault["mend"]),
        (404, &json!("did you mean CertificateMissing?"))
    );
    assert_eq!(node.get("/v1/explain/99999").await.0, 404);

    for target in [
        "/v1/trace?from=elsewhere.test",
        "/v1/trace?to=anna@example.org&since=1h",
    ] {
        let (code, trace) = node.get(target).await;
        assert_eq!(
            (code, trace["entries"].as_array().unwrap().len()),
            (200, 1),
            "{target}"
        );
    }
    assert_eq!(
        node.get("/v1/trace?from=nobody.test").await.1["entries"],
        json!([])
    );
    let (code, told) = node.get(&format!("/v1/explain/{id}")).await;
    assert_eq!(
        (code, &told["message"]["queued"]),
        (200, &Value::Null),
        "{told}"
    );
    assert_eq!(told["message"]["trace"]["entries"][0]["event"], "RECEIVE");
    let unknown = MessageId::new(now, [9; 10]);
    assert_eq!(node.get(&format!("/v1/explain/{unknown}")).await.0, 404);
}

#[tokio::test]
async fn a_role_that_does_not_answer_is_named() {
    let node = node();
    let (code, fault) = node.get("/v1/queue").await;
    assert_eq!((code, &fault["kind"]), (503, &json!("unreachable")));
    assert!(fault["error"].as_str().unwrap().contains("transport"));
    let (code, status) = node.get("/v1/status").await;
    assert_eq!((code, status["silent"].as_array().unwrap().len()), (200, 3));
}

#[tokio::test]
async fn a_message_is_exported_whole_and_unchanged() {
    let node = node();
    let _transport = transport(&node, QueueHealth::Ok);
    let target = |bits| format!("/v1/queue/messages/{}/content", MessageId::from_bits(bits));
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        target(1)
    );
    let (status, head, body) = parts(&raw(&node.socket(), request.as_bytes()).await);
    assert_eq!(status, 200, "{head}");
    assert!(head.contains("message/rfc822"), "{head}");
    assert!(body.iter().copied().eq((0..MESSAGE_OCTETS).map(octet)));
    assert_eq!(node.get(&target(2)).await.0, 404);
}

#[tokio::test]
async fn operations_are_for_the_unix_socket() {
    let node = node();
    for path in ["/v1/queue", "/v1/export", "/openapi.json"] {
        assert_eq!(node.page(path).await.0, 404, "{path}");
    }
    assert_eq!(node.page("/livez").await, (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn the_document_is_served() {
    let node = node();
    let (code, document) = node.get("/openapi.json").await;
    assert_eq!(code, 200);
    assert_eq!(document, mailward_api::operation::document());
}

#[tokio::test]
async fn hostile_requests_get_an_answer_or_a_closed_door() {
    let node = node();
    let socket = node.socket();
    let long = "x".repeat(100_000);
    let headers = "a: b\r\n".repeat(200);
    for (request, codes) in [
        ("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[404][..]),
        ("PUT /v1/queue HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[405]),
        ("GET /v1/queue/messages/../../v1/export HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[404]),
        ("GET /v1/events/%ff%fe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[422]),
        ("GET /v1/events/%00%1b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[404]),
        (format!("GET /{long} HTTP/1.1\r\nhost: x\r\n\r\n"), &[414, 431, 400]),
        (format!("GET / HTTP/1.1\r\nhost: x\r\na: {long}\r\n\r\n"), &[431, 400]),
        (format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n"), &[431, 400]),
        ("POST /v1/plan HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef".to_owned(), &[400]),
        ("POST /v1/plan HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\n{a}".to_owned(), &[422]),
        ("POST /v1/plan HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(), &[400]),
        ("GET /v1/trace?since=now&limit=-1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[422]),
        ("GET /v1/trace?limit=99999999999999999999 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), &[422]),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned() + &long, &[400]),
    ] {
        let answer = raw(&socket, request.as_bytes()).await;
        let shown = &request[..request.len().min(80)];
        if answer.is_empty() {
            continue;
        }
        let (code, _, _) = parts(&answer);
        assert!(codes.contains(&code), "{shown:?}: {code}");
    }
    // A body that is announced or sent larger than any text may be.
    let mut huge = b"POST /v1/plan HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 30000000\r\n\r\n{\"text\":\"".to_vec();
    huge.resize(huge.len() + 30_000_000, b' ');
    let (code, _, body) = parts(&raw(&socket, &huge).await);
    assert_eq!(code, 413, "{}", String::from_utf8_lossy(&body));
    // Nobody was harmed.
    assert_eq!(node.get("/v1/export").await.0, 200);
}

#[tokio::test]
async fn a_limit_out_of_range_is_refused() {
    let node = node();
    for target in [
        "/v1/trace?limit=0",
        "/v1/trace?limit=10001",
        "/v1/events?limit=0",
    ] {
        let (code, fault) = node.get(target).await;
        assert_eq!(
            (code, &fault["field"]),
            (422, &json!("limit")),
            "{target} {fault}"
        );
    }
}
