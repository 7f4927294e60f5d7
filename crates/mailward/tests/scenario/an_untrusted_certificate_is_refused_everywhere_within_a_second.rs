//! A certificate that is distrusted is refused at once, without a restart: as a next hop's, where mail
//! waits instead of going out in plain text, and as a client's. Sessions that showed it are cut. A
//! listed serial number under another issuer is nobody's business.

use std::{
    io::{Read, Write},
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use mailward_tls::ca::{self, Leaf};

use crate::{
    secure::showing,
    support::{Node, wait_for, wait_within},
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
