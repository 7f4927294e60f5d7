//! Commands as typed, carried out against the real admin API with a real store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc};

use mailward_admin::{AdminConfig, AdminServer, serve};
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Octets, Role, Server},
    fault::Fault,
    view::{HealthReport, HealthSetView, HealthState},
};
use mailward_cli::Connection;
use mailward_events::Events;
use mailward_host::clock::SystemClock;
use mailward_store::Store;

/// A node of which only the access role is real. The runtime serves; commands bring their own.
struct Node {
    dir: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    _server: AdminServer,
}

/// What a command has said.
struct Said {
    code: u8,
    out: String,
    err: String,
}

impl Node {
    fn start() -> Node {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let inside = runtime.enter();
        let config = AdminConfig {
            run_dir: dir.path().to_owned(),
            events_dir: dir.path().join("events"),
            tracking_dir: dir.path().join("tracking"),
            audit_dir: dir.path().join("audit"),
            perimeter_dir: dir.path().join("perimeter"),
            untrusted_dir: dir.path().join("untrusted"),
            own_groups_file: dir.path().join("own-groups.json"),
            node: "mx1.example.org".parse().unwrap(),
            store: Store::open(&dir.path().join("store.db")).unwrap(),
            events: Events::discard(),
            clock: Arc::new(SystemClock::default()),
            group_key: None,
            unix: None,
            http: None,
            agent: None,
            details: mailward_admin::Details::default(),
            extra_roots: None,
            otlp: None,
            remote: None,
        };
        let server = serve(config).unwrap();
        drop(inside);
        Node {
            dir,
            runtime,
            _server: server,
        }
    }

    fn role(
        &self,
        role: Role,
        answer: fn(ControlRequest) -> Result<ControlReply, Fault>,
    ) -> Server {
        let _inside = self.runtime.enter();
        let path = role.socket(self.dir.path());
        control::serve(&path, move |request| async move { answer(request) }).unwrap()
    }

    fn run(&self, line: &[&str]) -> Said {
        said(&self.dir.path().join("admin.sock"), line)
    }

    /// Runs a command that must succeed; what it printed.
    fn ok(&self, line: &[&str]) -> String {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line:?}: {}{}", said.out, said.err);
        assert_eq!(said.err, "", "{line:?}");
        said.out
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn said(socket: &Path, line: &[&str]) -> Said {
    let words = std::iter::once("mailward").chain(line.iter().copied());
    let matches = mailward_cli::command().try_get_matches_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = mailward_cli::run_to(&matches, &Connection::new(socket), &mut out, &mut err);
    Said {
        code,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

#[test]
fn objects_live_from_set_to_remove() {
    let node = Node::start();
    let done = node.ok(&[
        "accepted-domain",
        "set",
        "example.org",
        "domain=example.org",
    ]);
    assert!(done.contains("+ accepted-domain example.org"), "{done}");
    node.ok(&[
        "mailbox",
        "set",
        "Anna",
        "address=anna@example.org",
        "proxy_addresses=a@example.org",
    ]);
    node.ok(&[
        "mailbox",
        "set",
        "Health",
        "address=h@example.org",
        "type=monitoring",
        "hidden=yes",
    ]);
    let list = node.ok(&["mailbox", "list"]);
    assert_eq!(
        list,
        "name  address           type  proxy_addresses\n\
         Anna  anna@example.org  user  a@example.org\n\
         \n1 health mailbox not shown; --monitoring shows them.\n"
    );
    let list = node.ok(&["mailbox", "list", "--monitoring"]);
    assert!(list.contains("Health  h@example.org"), "{list}");
    assert!(!list.contains("Anna"), "{list}");
    let done = node.ok(&["mailbox", "set", "Anna", "proxy_addresses+=b@example.org"]);
    assert!(
        done.contains("~ mailbox Anna") && done.contains("b@example.org"),
        "{done}"
    );
    let shown = node.ok(&["mailbox", "show", "Anna", "--json"]);
    assert!(
        shown.contains("\"proxy_addresses\":[\"a@example.org\",\"b@example.org\"]"),
        "{shown}"
    );
    let settings = node.ok(&["transport-settings", "show"]);
    assert!(settings.contains("delay_notification"), "{settings}");
    node.ok(&["transport-settings", "set", "delay_notification=2h"]);
    assert!(node.ok(&["export"]).contains("delay_notification = \"2h\""));
    node.ok(&["mailbox", "remove", "Anna"]);
    assert_eq!(node.run(&["mailbox", "show", "Anna"]).code, 1);
}

#[test]
fn what_is_refused_says_why_and_what_to_do() {
    let node = Node::start();
    node.ok(&[
        "accepted-domain",
        "set",
        "example.org",
        "domain=example.org",
    ]);
    node.ok(&["mailbox", "set", "Anna", "address=anna@example.org"]);
    for (line, code, parts) in [
        (
            &["mailbox", "set", "Anna", "adress=x@example.org"][..],
            2,
            &["there is no key", "did you mean address?"][..],
        ),
        (
            &["mailbox", "set", "Anna", "address=nonsense"],
            2,
            &["address"],
        ),
        (
            &["mailbox", "set", "Anna", "hidden=yes", "--revision", "1"],
            4,
            &["is at revision"],
        ),
        (&["mailbox", "show", "Ana"], 1, &["did you mean Anna?"]),
        (
            &["event", "show", "CertificatMissing"],
            1,
            &["did you mean CertificateMissing?"],
        ),
        (
            &["queue", "list"],
            3,
            &["transport does not answer", "mailward status"],
        ),
        (
            &["receive-connector", "list", "--monitoring"],
            2,
            &["monitoring"],
        ),
    ] {
        let said = node.run(line);
        assert_eq!(
            (said.code, said.out.as_str()),
            (code, ""),
            "{line:?} {}",
            said.err
        );
        for part in parts {
            assert!(said.err.contains(part), "{line:?}: {}", said.err);
        }
    }
    let said = node.run(&["mailbox", "show", "Ana", "--json"]);
    assert!(
        said.err.starts_with("{\"kind\":\"not_found\""),
        "{}",
        said.err
    );
}

#[test]
fn nobody_there_says_how_to_start() {
    let dir = tempfile::tempdir().unwrap();
    let said = said(&dir.path().join("admin.sock"), &["status"]);
    assert_eq!(said.code, 3);
    assert!(
        said.err.contains("mailward serve") && said.err.contains("--socket"),
        "{}",
        said.err
    );
}

#[test]
fn text_is_planned_and_applied() {
    let node = Node::start();
    let text = "[[accepted_domain]]\nname = \"example.org\"\ndomain = \"example.org\"\n";
    let file = node.file("objects.toml", text);
    let plan = node.ok(&["plan", &file]);
    assert!(plan.contains("+ accepted-domain example.org"), "{plan}");
    assert!(plan.contains("nothing was changed"), "{plan}");
    // Nobody can be asked in a test: that is refused, and nothing changes.
    let said = node.run(&["apply", &file]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--yes"), "{}", said.err);
    assert!(
        node.ok(&["apply", &file, "--dry-run"])
            .contains("nothing was changed")
    );
    assert!(
        node.ok(&["apply", &file, "--yes"])
            .contains("1 object changed")
    );
    assert_eq!(node.ok(&["apply", &file]), "Nothing changes.\n");
    let exported = node.ok(&["export"]);
    assert_eq!(
        node.ok(&["plan", &node.file("again.toml", &exported)]),
        "Nothing changes.\n"
    );
    let bad = node.file(
        "bad.toml",
        "[[mailbox]]\nname = \"B\"\nadress = \"b@example.org\"\n",
    );
    let said = node.run(&["plan", &bad]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("line 3") && said.err.contains("address"),
        "{}",
        said.err
    );
}

#[test]
fn bad_health_is_an_exit_code() {
    fn report(state: HealthState) -> Result<ControlReply, Fault> {
        Ok(ControlReply::HealthReport(HealthReport {
            holds: Vec::new(),
            held: Vec::new(),
            soon: Vec::new(),
            node: "mx1".to_owned(),
            state,
            unix_ms: 0,
            repair: true,
            offline: None,
            sets: vec![HealthSetView {
                set: "Transport".to_owned(),
                state,
                since_unix_ms: 0,
                monitors: Vec::new(),
                open_cases: Vec::new(),
            }],
        }))
    }
    let node = Node::start();
    let _server = node.role(Role::Worker, |_| report(HealthState::Healthy));
    assert!(node.ok(&["health"]).contains("mx1 is healthy"));
    let node = Node::start();
    let _server = node.role(Role::Worker, |_| report(HealthState::Unhealthy));
    let said = node.run(&["health"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("mx1 is unhealthy"), "{}", said.out);
}

#[test]
fn a_message_is_exported_to_a_file_that_is_not_there_yet() {
    let node = Node::start();
    let _server = node.role(Role::Transport, |request| match request {
        ControlRequest::QueueExport { offset, .. } => Ok(ControlReply::Octets(Octets {
            total: 5,
            octets: b"\xff\0\r\nx"[usize::try_from(offset).unwrap()..].to_vec(),
        })),
        other => Err(Fault::unsupported("transport", other.name())),
    });
    let file = node.dir.path().join("message.eml");
    let id = "01jm3q8m7w1d3f5h7k9m1p3r5t";
    let line = ["queue", "export", id, "--output", file.to_str().unwrap()];
    node.ok(&line);
    assert_eq!(std::fs::read(&file).unwrap(), b"\xff\0\r\nx");
    let said = node.run(&line);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("exists"), "{}", said.err);
}
