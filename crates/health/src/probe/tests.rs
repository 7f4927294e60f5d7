//! Probes against real sockets: a scripted SMTP server behind a real control channel.

mod elsewhere;
mod here;
mod names;
mod reach;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role, Server},
    fault::Fault,
    view::{
        ConnectionChoice, ConnectorStatus, Evidence, GateView, RoleStatus, TransportStatus,
        transport::{Counters, QueueHealth, QueueStats},
    },
};
use mailward_host::clock::SystemClock;
use mailward_model::{
    Decision, Revision,
    kind::{ReceiveConnector, StartTls},
};
use mailward_store::Store;
use mailward_tls::{Certificates, ConnectorNeeds, ShownBy, ca};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use super::*;
use crate::{engine::definition::Place, mailbox::HealthMailbox};

pub(crate) fn role_status() -> RoleStatus {
    RoleStatus {
        role: Role::Transport,
        pid: 77,
        version: "0".into(),
        started_unix_ms: 0,
        revision: Revision(1),
    }
}

pub(crate) fn status(gate: GateView, queue: QueueStats) -> TransportStatus {
    TransportStatus {
        role: role_status(),
        gate,
        connectors: Vec::new(),
        sessions: 0,
        queue,
        counters: Counters::default(),
    }
}

/// A node with a control channel of a transport that listens at `address`.
struct Node {
    dir: tempfile::TempDir,
    context: Context,
    gate_closed: Arc<AtomicBool>,
    _control: Server,
}

fn node(address: SocketAddr, takes: &'static str) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let gate_closed = Arc::new(AtomicBool::new(false));
    let gate = gate_closed.clone();
    let service = move |request: ControlRequest| {
        let closed = gate.load(Ordering::SeqCst);
        let reply = match request {
            ControlRequest::Ping => Ok(ControlReply::Pong(role_status())),
            ControlRequest::Status => {
                let gate = GateView {
                    state: if closed {
                        mailward_api::view::ServingState::Inactive
                    } else {
                        mailward_api::view::ServingState::Active
                    },
                    closed,
                    reason: "maintenance".into(),
                    since_unix_ms: None,
                };
                let health = if closed {
                    QueueHealth::Full
                } else {
                    QueueHealth::Ok
                };
                Ok(ControlReply::Transport(status(
                    gate,
                    QueueStats {
                        health,
                        ..QueueStats::default()
                    },
                )))
            }
            ControlRequest::ListConnectors => Ok(ControlReply::Connectors(vec![ConnectorStatus {
                state: mailward_api::view::ServingState::Active,
                connector: "Internet".into(),
                enabled: true,
                listening: vec![address],
                sessions: 0,
                sessions_total: 0,
                wedged: false,
                lmtp: false,
                certificate: None,
            }])),
            ControlRequest::SimulateConnection { remote, local } => {
                Ok(ControlReply::Connection(ConnectionChoice {
                    remote,
                    local,
                    decision: Decision::plain(Some(takes.to_owned()), "it is the only one"),
                    factors: Vec::new(),
                }))
            }
            other => Err(Fault::unsupported("transport", other.name())),
        };
        async move { reply }
    };
    let control = control::serve(&Role::Transport.socket(dir.path()), service).unwrap();
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let context = Context::new(
        "mx.example.org".parse().unwrap(),
        dir.path().to_owned(),
        dir.path().to_owned(),
        dir.path().join("mail"),
        Arc::new(mailward_host::keyring::Keyring::fixed([7; 32])),
        store,
        Arc::new(SystemClock::default()),
    );
    *context.mailbox.lock() = Some(HealthMailbox::of(&context.node).unwrap());
    Node {
        dir,
        context,
        gate_closed,
        _control: control,
    }
}

fn definition(target: Target, timeout_ms: u64) -> ProbeDefinition {
    ProbeDefinition {
        name: "probe".into(),
        target,
        interval_ms: 2 * timeout_ms,
        timeout_ms,
        needs: None,
        lane: ProbeLane::Local,
        slow_after_ms: None,
        again: false,
        soon: false,
    }
}

fn connector(spec: ReceiveConnector) -> Target {
    Target::Connector("Internet".into(), Box::new(spec))
}

/// Answers each line of a session by the first rule whose beginning fits; what it is given before
/// the first line is the greeting. `!` closes, an empty answer says nothing at all.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, rules: &[(&str, &str)]) {
    let mut stream = BufReader::new(stream);
    let greeting = rules
        .iter()
        .find(|(begin, _)| begin.is_empty())
        .map_or("", |(_, say)| say);
    let mut line = String::new();
    let mut say = greeting.to_owned();
    loop {
        if say == "!" {
            return;
        }
        if stream.write_all(say.as_bytes()).await.is_err() {
            return;
        }
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let rule = rules
            .iter()
            .find(|(begin, _)| !begin.is_empty() && line.starts_with(begin));
        say = rule.map_or_else(String::new, |(_, say)| (*say).to_owned());
    }
}

#[track_caller]
fn assert_found(view: &ProbeView, verdict: &str, word: &str, cause: Option<&str>) {
    assert_eq!(view.verdict, verdict, "{view:?}");
    assert!(view.text.contains(word), "{view:?}");
    assert_eq!(view.cause.as_deref(), cause, "{view:?}");
}

async fn look_at(rules: &'static [(&'static str, &'static str)], gate_closed: bool) -> ProbeView {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = node(listener.local_addr().unwrap(), "Internet");
    node.gate_closed.store(gate_closed, Ordering::SeqCst);
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            open.push(tokio::spawn(converse(stream, rules)));
        }
    });
    let view = run(
        &definition(connector(ReceiveConnector::default()), 400),
        &node.context,
    )
    .await;
    server.abort();
    view
}

const WELL: &[(&str, &str)] = &[
    ("", "220 mx ready\r\n"),
    ("EHLO", "250-mx\r\n250 SIZE\r\n"),
    ("QUIT", "221 bye\r\n"),
];

#[tokio::test]
async fn what_a_connector_says_is_judged() {
    let view = look_at(WELL, false).await;
    assert_found(&view, "pass", "answers mx", None);
    let steps: Vec<_> = view.steps.iter().map(|step| step.step.as_str()).collect();
    let greeting = &view.steps[1].seen;
    assert_eq!(greeting, &["< 220 mx ready"]);
    assert_eq!(steps, ["connect", "greeting", "hello", "quit"]);
    let view = look_at(&[("", "")], false).await;
    assert_found(&view, "timeout", "at the step greeting", None);
    let view = look_at(&[("", "!")], false).await;
    assert_found(&view, "fail", "closed", None);
    let view = look_at(&[("", "HTTP/1.1 400 Bad\u{1b}[2J\r\n")], false).await;
    assert_found(&view, "fail", "no reply", None);
    assert!(!view.text.contains('\u{1b}'));
    let view = look_at(&[("", "421 4.7.0 too many\r\n")], false).await;
    assert_found(&view, "skipped", "by a limit", None);
    let view = look_at(&[("", "421 4.3.2 closed\r\n")], true).await;
    assert_found(&view, "pass", "the gate is closed (maintenance)", None);
    let view = look_at(&[("", "421 4.3.2 closed\r\n")], false).await;
    assert_found(&view, "fail", "4.3.2", None);
    let view = look_at(&[("", "220 mx\r\n"), ("EHLO", "502 5.5.1 no\r\n")], false).await;
    assert_found(&view, "fail", "502", Some("config"));
    let view = look_at(
        &[
            ("", "220 mx\r\n"),
            ("EHLO", "250-mx\r\n250 STARTTLS\r\n"),
            ("STARTTLS", "220 go\r\n250 injected\r\n"),
        ],
        false,
    )
    .await;
    assert_found(&view, "fail", "", None);
}

#[tokio::test]
async fn a_connector_that_takes_no_connection_from_here_is_not_blamed() {
    let node = node("127.0.0.1:1".parse().unwrap(), "Other");
    let view = run(
        &definition(connector(ReceiveConnector::default()), 1000),
        &node.context,
    )
    .await;
    assert_found(
        &view,
        "skipped",
        "taken by the connector Other",
        Some(NOT_APPLICABLE),
    );
    drop(node);
}

#[tokio::test]
async fn starttls_is_shaken_hands_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = node(listener.local_addr().unwrap(), "Internet");
    let certificates = node.dir.path().join("certificates");
    std::fs::create_dir(&certificates).unwrap();
    ca::self_signed(&ca::Leaf::new(["mx.example.org"]))
        .unwrap()
        .write(&certificates, "mx")
        .unwrap();
    let held = Certificates::open(&certificates, Arc::new(SystemClock::default()), |_| {});
    let fqdn = "mx.example.org".parse().unwrap();
    let config = held
        .server_config(&ConnectorNeeds {
            by: ShownBy::Receive,
            connector: "Internet",
            fqdn: &fqdn,
            pin: None,
        })
        .unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.write_all(b"220 mx\r\n").await.unwrap();
        stream.read_line(&mut line).await.unwrap();
        stream
            .write_all(b"250-mx\r\n250 STARTTLS\r\n")
            .await
            .unwrap();
        stream.read_line(&mut line).await.unwrap();
        stream.write_all(b"220 go\r\n").await.unwrap();
        let stream = tokio_rustls::TlsAcceptor::from(config)
            .accept(stream.into_inner())
            .await
            .unwrap();
        converse(
            stream,
            &[("EHLO", "250 mx under TLS\r\n"), ("QUIT", "221 bye\r\n")],
        )
        .await;
    });
    let view = run(
        &definition(
            connector(ReceiveConnector {
                tls: StartTls::Required,
                ..ReceiveConnector::default()
            }),
            5000,
        ),
        &node.context,
    )
    .await;
    assert_found(
        &view,
        "pass",
        "mx under TLS, certificate CN=mx.example.org for mx.example.org",
        None,
    );
    assert_eq!(view.measures[0].name, "days_left");
    let handshake = view.steps.iter().find(|step| step.step == "handshake");
    assert!(
        handshake.unwrap().seen[0].starts_with("TLSv1.3 TLS_"),
        "{view:?}"
    );
    assert!(view.steps.iter().any(|step| step.step == "handshake"));
}

#[tokio::test]
async fn the_node_is_looked_at() {
    let node = node("127.0.0.1:1".parse().unwrap(), "Internet");
    let look = |target| {
        let definition = definition(target, 5000);
        let context = &node.context;
        async move { run(&definition, context).await }
    };
    assert_found(&look(Target::Transport).await, "pass", "process 77", None);
    assert_found(&look(Target::Queue).await, "pass", "0 messages", None);
    assert_found(&look(Target::Store).await, "pass", "can be read", None);
    *node.context.min_free_bytes.lock() = 1;
    assert_found(
        &look(Target::Disk(Place::Data)).await,
        "pass",
        "are free",
        None,
    );
    *node.context.min_free_bytes.lock() = u64::MAX;
    assert_found(
        &look(Target::Disk(Place::Data)).await,
        "fail",
        "are needed",
        Some("disk_full"),
    );
    node.gate_closed.store(true, Ordering::SeqCst);
    assert_found(
        &look(Target::Queue).await,
        "fail",
        "full",
        Some("disk_full"),
    );
}

#[tokio::test]
async fn a_transport_that_is_gone_is_noticed() {
    let node = node("127.0.0.1:1".parse().unwrap(), "Internet");
    std::fs::remove_file(Role::Transport.socket(node.dir.path())).unwrap();
    let view = run(&definition(Target::Transport, 5000), &node.context).await;
    assert_found(&view, "fail", "does not answer", None);
    let view = run(&definition(Target::Queue, 5000), &node.context).await;
    assert_eq!(
        view.evidence,
        Evidence::None,
        "that is the transport probe's to say"
    );
}

#[test]
fn a_silence_is_held_against_the_one_who_was_silent() {
    let limit = Duration::from_secs(1);
    let spec = || Box::new(ReceiveConnector::default());
    let flow = Target::MailFlow("Internet".into(), spec());
    let check = |target: &Target, step: &str, verdict: Verdict, cause: Option<&str>| {
        let found = late(target, limit, step);
        assert_eq!(
            (found.verdict, found.cause.as_deref()),
            (verdict, cause),
            "{target:?} {step}"
        );
    };
    check(&flow, "greeting", Verdict::Skipped, None);
    check(&flow, "delivered", Verdict::Timeout, None);
    check(
        &connector(ReceiveConnector::default()),
        "greeting",
        Verdict::Timeout,
        None,
    );
    check(&Target::Queue, "begin", Verdict::Skipped, None);
    check(
        &Target::Disk(Place::Data),
        "begin",
        Verdict::Timeout,
        Some("disk"),
    );
    check(&Target::Transport, "begin", Verdict::Timeout, None);
}
