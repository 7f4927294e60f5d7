//! A certificate that is distrusted is refused at once, without a restart: as a next hop's, where mail
//! waits instead of going out in plain text, and as a client's; where alerts go, and where a probe
//! looks. Sessions that showed it are cut. A listed serial number under another issuer is nobody's
//! business; a listed key is refused in every certificate.

use std::{
    io::{Read, Write},
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use mailward_tls::ca::{self, Leaf};

use crate::{
    feeds::{Publisher, Said},
    secure::showing,
    support::{Node, run, wait_for, wait_within},
    tls_peers::{Hop, hop, session},
};

/// How soon an entry must be in force.
const AT_ONCE: Duration = Duration::from_secs(1);

fn objects(hop: &Hop) -> impl Fn(u16) -> String {
    let address = hop.address;
    move |port| {
        format!(
            r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
relay = "all"
request_client_certificate = true

[[send_connector]]
name = "Hop"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["{address}"]
tls = "opportunistic"

[[mailbox]]
name = "info"
address = "info@example.test"

[transport_settings]
retry_schedule = ["1s"]
"#
        )
    }
}

fn send(node: &Node, to: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.test");
    let reply = talk.message("info@example.test", &[to], b"Subject: x\r\n\r\nx");
    assert!(reply.starts_with("250"), "{reply}");
}

fn add(node: &Node, file: &Path, name: &str) {
    let file = file.to_str().unwrap();
    node.ask(&[
        "untrusted",
        "add",
        file,
        "--name",
        name,
        "--reason",
        "a test",
    ]);
}

#[test]
fn a_next_hop_that_shows_it_gets_no_mail_and_no_plain_text() {
    let issued = ca::self_signed(&Leaf::new(["hop.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("hop.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    send(&node, "a@elsewhere.test");
    wait_for("the first message arrives", || {
        hop.under_tls.load(Ordering::SeqCst) == 1
    });
    // The session stands idle for some seconds: it is cut as soon as the list has changed.
    add(&node, &file, "hop");
    wait_within(AT_ONCE, "the idle session is cut", || {
        node.has_event("transport", 7011)
    });
    send(&node, "b@elsewhere.test");
    wait_for("the refusal is told", || node.has_event("transport", 7010));
    wait_for("the message waits with the reason", || {
        node.ask(&["queue", "list", "--json"])
            .contains("untrusted here: hop")
    });
    assert_eq!(hop.under_tls.load(Ordering::SeqCst), 1);
    assert_eq!(hop.plain.load(Ordering::SeqCst), 0, "no plain text instead");
    // Who would have been refused: the hop, by what the tracking log kept of the first delivery.
    wait_for("the past is known", || {
        let replay = node.json(&["untrusted", "replay", "--days", "1"]);
        let refused = replay["refused"].as_array().unwrap();
        refused.iter().any(|one| {
            one["direction"] == "out" && one["entry"] == "hop" && one["connector"] == "Hop"
        })
    });
    let (code, tested) = node.refused(&["untrusted", "test", file.to_str().unwrap()]);
    assert_eq!(code, 1, "{tested}");
    node.ask(&["untrusted", "remove", "hop"]);
    wait_for("the second message arrives", || {
        hop.under_tls.load(Ordering::SeqCst) == 2
    });
    let listed = node.ask(&["untrusted", "list"]);
    assert!(listed.contains("comodo-2011-www.google.com"), "{listed}");
}

#[test]
fn a_client_that_shows_it_is_cut_and_refused_when_it_comes_again() {
    let issued = ca::self_signed(&Leaf::new(["client.test"])).unwrap();
    let other = ca::self_signed(&Leaf::new(["other.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("client.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let (listed, innocent) = (showing(Some(&issued)), showing(Some(&other)));
    let mut open = session(node.port, &listed).unwrap();
    let mut bystander = session(node.port, &innocent).unwrap();
    add(&node, &file, "client");
    // The command has ended: the change is made, and on its way to the role.
    let added = Instant::now();
    let mut last = String::new();
    // The last word is read, then the end.
    let _ = open.read_to_string(&mut last);
    assert!(added.elapsed() < AT_ONCE, "{:?}", added.elapsed());
    assert!(last.starts_with("421 4.7.5"), "{last}");
    // The same client resumes its session, and a new one makes a whole handshake: neither stands.
    assert!(session(node.port, &listed).is_err());
    assert!(session(node.port, &showing(Some(&issued))).is_err());
    bystander.write_all(b"NOOP\r\n").unwrap();
    let mut scratch = [0; 256];
    let count = bystander.read(&mut scratch).unwrap();
    assert!(scratch[..count].starts_with(b"250"));
    for number in [7010, 7011] {
        wait_for("it is told", || node.has_event("transport", number));
    }
}

/// Sends a message and waits until it has arrived under TLS.
#[track_caller]
fn arrives(node: &Node, hop: &Hop) {
    let before = hop.under_tls.load(Ordering::SeqCst);
    send(node, "a@elsewhere.test");
    wait_for("the message arrives", || {
        hop.under_tls.load(Ordering::SeqCst) == before + 1
    });
}

/// Sends messages until they wait for this entry, which was just added; then it is removed, and all
/// of them arrive.
#[track_caller]
fn waits_until_removed(node: &Node, hop: &Hop, entry: &str) {
    let mut sent = hop.under_tls.load(Ordering::SeqCst);
    wait_for("a message waits with the reason", || {
        send(node, "a@elsewhere.test");
        sent += 1;
        node.ask(&["queue", "list", "--json"])
            .contains(&format!("untrusted here: {entry}"))
    });
    assert!(hop.under_tls.load(Ordering::SeqCst) < sent);
    node.ask(&["untrusted", "remove", entry]);
    wait_for("the messages arrive", || {
        hop.under_tls.load(Ordering::SeqCst) == sent
    });
    assert_eq!(hop.plain.load(Ordering::SeqCst), 0, "no plain text instead");
}

#[test]
fn a_serial_counts_under_its_issuer_alone_and_a_key_in_every_certificate() {
    let authority = ca::Authority::new("Hop Authority").unwrap();
    let issued = authority.issue(&Leaf::new(["hop.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("hop.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let tested = node.json(&["untrusted", "test", file.to_str().unwrap()]);
    let serial = tested["certificates"][0]["serial"].as_str().unwrap();
    let list = |issuer: &str, name: &str| {
        let what = ["untrusted", "add", "--issuer", issuer, "--serial", serial];
        node.ask(&[&what[..], &["--name", name, "--reason", "a test"]].concat());
    };
    arrives(&node, &hop);
    // The same number, given by somebody else.
    list("CN=Other Authority", "look-alike");
    arrives(&node, &hop);
    list("CN=Hop Authority", "own");
    waits_until_removed(&node, &hop, "own");

    // Another certificate for the same key: who lists its key means this one too, who lists it alone
    // does not.
    let (key, other) = (node.path("hop.key"), node.path("renewed.pem"));
    std::fs::write(&key, issued.key_pem.as_bytes()).unwrap();
    let (key, other) = (key.to_str().unwrap(), other.to_str().unwrap());
    let request = [
        "req",
        "-x509",
        "-new",
        "-key",
        key,
        "-subj",
        "/CN=renewed.test",
    ];
    let (made, said) = run(
        "openssl",
        &[&request[..], &["-days", "30", "-out", other]].concat(),
        "",
    );
    assert!(made, "{said}");
    add(&node, Path::new(other), "alone");
    arrives(&node, &hop);
    let with_key = [
        "untrusted",
        "add",
        other,
        "--key",
        "--name",
        "key",
        "--reason",
        "a test",
    ];
    node.ask(&with_key);
    waits_until_removed(&node, &hop, "key");
}

#[test]
fn neither_alerts_nor_probes_go_where_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let publisher = Publisher::listen(folder.path());
    publisher.say("/", Said::Document("all is well".to_owned()));
    let shown = folder.path().join("publisher-server.pem");
    let url = publisher.url();
    let channel = format!(
        "\n[[alert_channel]]\nname = \"hook\"\nca_file = {:?}\ntarget = {{ webhook = \"{url}/alert\" }}\n",
        publisher.roots
    );
    let mut node = Node::prepare_in(folder, |port| crate::support::objects(port) + &channel);
    publisher.trusted_by(&node);
    node.serve();
    let target = serde_json::json!({ "url": format!("{url}/page"), "contains": "is well" });
    node.ask(&["probe", "set", "page", &format!("target.http={target}")]);
    let alert = || node.command(&["alert", "test", "hook"]);
    let probe = |word: &str| {
        let output = node.command(&["health", "probe", "run", "page", "--trace", "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        result["verdict"] == word
    };
    wait_for("the probe finds the page", || probe("pass"));
    wait_for("the alert arrives", || alert().status.success());
    let posted = || {
        let asked = publisher.asked();
        asked.iter().filter(|path| *path == "/alert").count()
    };
    let before = posted();
    assert!(before > 0);

    add(&node, &shown, "stolen");
    wait_for("the probe refuses it", || probe("fail"));
    let refused = alert();
    assert!(!refused.status.success());
    let told = crate::support::text(&refused);
    assert!(told.contains("stolen"), "{told}");
    assert_eq!(posted(), before, "nothing was said to who showed it");

    node.ask(&["untrusted", "remove", "stolen"]);
    wait_for("the alert arrives again", || alert().status.success());
    wait_for("the probe finds the page again", || probe("pass"));
}

#[test]
fn test_tls_reports_what_the_node_distrusts() {
    let issued = ca::self_signed(&Leaf::new(["hop.test"])).unwrap();
    let hop = hop(&issued);
    let node = Node::start(objects(&hop));
    let file = node.path("hop.pem");
    std::fs::write(&file, &issued.certificate_pem).unwrap();
    let target = hop.address.to_string();
    let look = || {
        let output = node.command(&["test", "tls", &target, "--starttls", "smtp", "--json"]);
        let reports: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let verdicts = reports[0]["verdicts"].as_array().unwrap().clone();
        let found = verdicts.iter().find(|one| one["subject"] == "distrust");
        found.unwrap()["level"].as_str().unwrap().to_owned()
    };
    assert_eq!(look(), "well");
    let tested = node.json(&["untrusted", "test", file.to_str().unwrap()]);
    let spki = tested["certificates"][0]["spki_sha256"].as_str().unwrap();
    node.ask(&["untrusted", "add", "--spki", spki, "--reason", "a test"]);
    assert_eq!(look(), "bad");
}
