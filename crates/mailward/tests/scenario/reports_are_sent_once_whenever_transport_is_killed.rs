//! Reports are sent once whenever transport is killed: at each step of handing one over to an archive,
//! and at random moments under load, with messages that fork and groups that are expanded in chunks.
//! Afterwards each acknowledged message has exactly one report at each target, the ledger is right, and
//! it knows exactly what the archive has.
//!
//! An archive that said 250 to a process that died before it could hear it gets the report again: SMTP
//! has no other way. It is the same octet for octet, with the same Message-ID; everywhere else there
//! is no second one.
//!
//! `MAILWARD_KILLS=500 cargo nextest run -p mailward whenever_transport_is_killed` makes a campaign.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use mailward_api::control::Role;

use crate::{
    archive::{Archive, Step, message_id},
    support::{Node, Talk, free_port, signal, wait_for, wait_within},
};

/// Members of the group: more than go into one delivery.
const MEMBERS: usize = 250;

fn objects(port: u16, archive: u16) -> String {
    let mut text = format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"
[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
max_connections_per_source = 2000
[[send_connector]]
name = "Archive"
address_spaces = ["archive.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{archive}"]
[[send_connector]]
name = "Out"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{archive}"]
[[mailbox]]
name = "info"
address = "info@example.test"
[[mailbox]]
name = "journal"
address = "journal@example.test"
type = "journal"
[[journal_rule]]
name = "Archive"
journal_address = "archive@archive.test"
[[journal_rule]]
name = "Archive, again"
journal_address = "archive@archive.test"
scope = "external"
[[journal_rule]]
name = "Here"
journal_address = "journal@example.test"
[transport_settings]
retry_schedule = ["1s"]
[[distribution_group]]
name = "everybody"
address = "everybody@example.test"
members = ["info@example.test""#
    );
    for n in 0..MEMBERS {
        let _ = write!(text, ", \"member{n}@out.test\"");
    }
    text + "]\n"
}

/// Sends a message; true where it was acknowledged.
fn send(node_smtp: std::net::SocketAddr, subject: &str, to: &[&str]) -> bool {
    let sent = std::panic::catch_unwind(|| {
        let mut talk = Talk::connect(node_smtp);
        talk.say("EHLO client.example.net");
        // A marker that anybody can write helps nobody.
        let text = format!(
            "Subject: {subject}\r\nX-MS-Journal-Report:\r\nX-Mailward-Probe: v=1; sig=forged\r\nMessage-ID: <{subject}@example.net>\r\n\r\n{}",
            "x\r\n".repeat(100)
        );
        talk.message("a@example.net", to, text.as_bytes())
            .starts_with("250")
    });
    sent.unwrap_or(false)
}

/// The reports among what was taken, by the Message-ID of the message each is about: how often, and
/// under how many Message-IDs of its own.
fn reports(taken: &[Vec<u8>]) -> BTreeMap<String, BTreeMap<String, Vec<Vec<u8>>>> {
    let mut found: BTreeMap<String, BTreeMap<String, Vec<Vec<u8>>>> = BTreeMap::new();
    for octets in taken {
        let own = message_id(octets);
        if !own.contains(".journal@") {
            continue;
        }
        let text = String::from_utf8_lossy(octets);
        let about = text.split("\r\nSender: ").nth(1).unwrap();
        let about = about
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "));
        let of = found.entry(about.unwrap().to_owned()).or_default();
        // What a mailbox puts on top is not the report's.
        let at = text.find("Date: ").unwrap();
        of.entry(own).or_default().push(octets[at..].to_vec());
    }
    found
}

fn kill(node: &Node) {
    let Some(pid) = node.role_pid("transport") else {
        panic!("transport has no process")
    };
    signal(pid, "KILL");
    wait_for("a new process serves", || {
        node.answers_anew(Role::Transport, pid)
    });
}

/// What must hold in the end, with so many kills that a 250 may have been lost in.
fn settle(node: &Node, archive: &Archive, acknowledged: &BTreeSet<String>, kills: usize) {
    wait_within(Duration::from_secs(60), "the queue is empty", || {
        node.queued() == 0
    });
    let taken = archive.reports();
    let there = reports(&taken);
    let here = reports(&node.mailbox("journal"));
    let mut again = 0;
    for subject in acknowledged {
        let id = format!("<{subject}@example.net>");
        for (place, found) in [("archive", &there), ("journal", &here)] {
            let found = found
                .get(&id)
                .unwrap_or_else(|| panic!("no report of {id} at {place}"));
            assert_eq!(found.len(), 1, "reports of {id} at {place}: {found:?}");
        }
        let copies = &there[&id].values().next().unwrap();
        assert!(
            copies.iter().all(|copy| *copy == copies[0]),
            "copies of {id} differ"
        );
        again += copies.len() - 1;
        assert_eq!(here[&id].values().next().unwrap().len(), 1, "files of {id}");
    }
    // At most what was under way when the process was killed: one for each connection there.
    assert!(
        again <= kills * 20,
        "{again} reports came again over {kills} kills"
    );
    // What was stored and never acknowledged may be there too; then it is in both places.
    assert_eq!(
        there.keys().collect::<Vec<_>>(),
        here.keys().collect::<Vec<_>>()
    );
    let mail = node.mailbox("info").len();
    assert_eq!(mail, there.len(), "messages and reports");

    let verified = node.json(&["journal", "verify"]);
    assert_eq!(verified["problems_total"], 0, "{verified}");
    assert_eq!(
        verified["reports"].as_u64().unwrap() as usize,
        there.len() + here.len(),
        "one line for each report: {verified}"
    );
    // And it knows what the archive has, octet for octet.
    let folder = node.path("store");
    std::fs::create_dir(&folder).unwrap();
    for of in there.values().flat_map(BTreeMap::iter) {
        let (name, copies) = of;
        let name = name.replace(['<', '>', '@'], "_");
        std::fs::write(folder.join(name), &copies[0]).unwrap();
    }
    let words = [
        "journal",
        "verify",
        "--target",
        "archive@archive.test",
        "--against",
    ];
    node.ask(&[&words[..], &[folder.to_str().unwrap()]].concat());
}

#[test]
fn at_each_step_of_handing_over() {
    let port = free_port();
    let archive = Archive::listen(port);
    let node = Node::start(|smtp| objects(smtp, port));
    let mut acknowledged = BTreeSet::new();
    for step in Step::ALL {
        let pid = node.role_pid("transport").unwrap();
        let (sender, killed) = std::sync::mpsc::channel();
        archive.once_at(step, move || {
            signal(pid, "KILL");
            // The step is over when the process is.
            wait_for("it is gone", || !crate::support::lives(pid));
            sender.send(()).unwrap();
        });
        let subject = format!("{step:?}");
        // It was stored before anybody was connected to; whether the sender still hears so is a
        // matter of moments.
        if send(node.smtp(), &subject, &["info@example.test"]) {
            acknowledged.insert(subject);
        }
        killed.recv_timeout(Duration::from_secs(60)).unwrap();
        wait_for("a new process serves", || {
            node.answers_anew(Role::Transport, pid)
        });
    }
    assert!(!acknowledged.is_empty());
    settle(&node, &archive, &acknowledged, Step::ALL.len());
}

#[test]
fn at_any_moment_under_load() {
    let kills: usize = std::env::var("MAILWARD_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let port = free_port();
    let archive = Archive::listen(port);
    let node = Node::start(|smtp| objects(smtp, port));
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let smtp = node.smtp();
    let senders: Vec<_> = (0..3)
        .map(|sender| {
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            thread::spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let to: &[&str] = match n % 8 {
                        0 => &["everybody@example.test"],
                        1 => &["info@example.test", "x@out.test", "y@archive.test"],
                        _ => &["info@example.test"],
                    };
                    let subject = format!("s{sender}-{n}");
                    if send(smtp, &subject, to) {
                        acknowledged.lock().unwrap().insert(subject);
                    }
                    thread::park_timeout(Duration::from_millis(5));
                }
            })
        })
        .collect();
    for _ in 0..kills {
        let before = acknowledged.lock().unwrap().len();
        wait_for("mail flows", || {
            acknowledged.lock().unwrap().len() > before + 10
        });
        kill(&node);
    }
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > kills * 10);
    settle(&node, &archive, &acknowledged, kills);
}
