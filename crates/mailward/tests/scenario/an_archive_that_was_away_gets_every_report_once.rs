//! An archive that was away gets every report once: they wait in a queue of their own, are counted and
//! told of, and arrive when it is back. What it refuses goes to the alternate journal mailbox, and from
//! there to the archive when somebody asks for it. The ledger knows all of it, and sees what was
//! changed, taken away or doubled.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    archive::{Archive, message_id},
    support::{Node, free_port, wait_for},
};

const TARGET: &str = "archive@archive.test";
const LANE: &str = "journal/archive@archive.test";

fn objects(port: u16, archive: u16, more: &str) -> String {
    format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"
[[accepted_domain]]
name = "relay.test"
domain = "relay.test"
type = "external_relay"
[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
[[send_connector]]
name = "Archive"
address_spaces = ["archive.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{archive}"]
[[mailbox]]
name = "info"
address = "info@example.test"
[[mailbox]]
name = "Alternate"
address = "alternate@example.test"
type = "journal"
[[journal_rule]]
name = "Everything"
journal_address = "{TARGET}"
[transport_settings]
retry_schedule = ["1s"]
{more}
"#
    )
}

fn send(node: &Node, subject: &str) {
    send_to(node, subject, "info@example.test");
}

fn send_to(node: &Node, subject: &str, to: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let text = format!("Subject: {subject}\r\nMessage-ID: <{subject}@example.net>\r\n\r\nHello");
    let reply = talk.message("a@example.net", &[to], text.as_bytes());
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
}

fn waiting(node: &Node) -> (u64, bool) {
    let status = node.json(&["journal", "status"]);
    let target = &status["targets"][0];
    assert_eq!(target["queue"], LANE, "{status}");
    (
        target["waiting"].as_u64().unwrap(),
        target["paused"].as_bool().unwrap(),
    )
}

/// What `journal verify` finds wrong: kinds and messages.
fn wrong(node: &Node, against: &Path) -> BTreeSet<String> {
    let against = against.to_str().unwrap();
    let output = node.command(&["journal", "verify", "--against", against, "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(output.status.success(), problems.is_empty(), "{found}");
    let words = problems.iter().map(|problem| {
        let message = problem["message"].as_str().unwrap_or("-");
        format!("{} {message}", problem["kind"].as_str().unwrap())
    });
    words.collect()
}

/// Writes reports into a folder as an archive would: with fields of its own on top.
fn store(folder: &Path, reports: &[Vec<u8>]) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).unwrap();
    for (at, report) in reports.iter().enumerate() {
        let octets = [b"Received: from mail.example.test\r\n", report.as_slice()].concat();
        fs::write(folder.join(format!("{at:03}.eml")), octets).unwrap();
    }
}

/// The id of the message that a report is about.
fn id_of(report: &[u8]) -> String {
    let id = message_id(report);
    id.trim_start_matches('<')
        .split('.')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn when_it_is_back() {
    let port = free_port();
    let node = Node::start(|smtp| objects(smtp, port, ""));
    for n in 0..5 {
        send(&node, &format!("m{n}"));
    }
    wait_for("the reports wait, tried in vain", || {
        let status = node.json(&["journal", "status"]);
        status["targets"][0]["waiting"] == 5 && status["targets"][0]["last_error"].is_string()
    });
    // How many wait, and since when: the event comes once a minute, with what waits then.
    let told = |event: &serde_json::Value| event["number"] == 1020;
    wait_for("somebody is told", || {
        node.events_of("transport").iter().any(told)
    });
    let events = node.events_of("transport");
    let away = events.iter().find(|event| told(event)).unwrap();
    let fields = &away["fields"];
    assert_eq!(fields["target"], TARGET, "{away}");
    let waited = fields["waiting"].as_u64().unwrap();
    assert!((1..=5).contains(&waited), "{away}");
    assert_eq!(fields["oldest_minutes"], 0, "{away}");
    // The mail itself did not wait.
    wait_for("the mail is there", || node.mailbox("info").len() == 5);

    // Paused, it gets nothing, and more may come.
    let said = node.ask(&["journal", "pause", TARGET]);
    assert!(said.contains("paused false → true"), "{said}");
    let archive = Archive::listen(port);
    send(&node, "m5");
    wait_for("the sixth waits too", || waiting(&node) == (6, true));
    assert_eq!(archive.reports().len(), 0);
    let said = node.ask(&["journal", "resume", TARGET]);
    assert!(
        said.contains("reports are sent to archive@archive.test again")
            && said.contains("paused true → false"),
        "{said}"
    );
    wait_for("the archive has them", || archive.reports().len() == 6);
    wait_for("nothing waits", || waiting(&node) == (0, false));
    wait_for("it is back", || node.has_event("transport", 1021));
    assert!(archive.counts().values().all(|count| *count == 1));

    // The ledger and the archive agree, until the archive is harmed.
    let folder = node.path("store");
    let reports = archive.reports();
    store(&folder, &reports);
    assert_eq!(wrong(&node, &folder), BTreeSet::new());
    let mut harmed = reports.clone();
    let text = String::from_utf8(harmed[0].clone()).unwrap();
    harmed[0] = text.replacen("Hello", "Jello", 1).into_bytes();
    harmed.remove(1);
    harmed.push(reports[2].clone());
    store(&folder, &harmed);
    let expect = [
        format!("changed {}", id_of(&reports[0])),
        format!("missing {}", id_of(&reports[1])),
        format!("doubled {}", id_of(&reports[2])),
    ];
    assert_eq!(wrong(&node, &folder), BTreeSet::from(expect));

    // So is the ledger itself.
    store(&folder, &reports);
    let ledger = node.path("data/journal");
    let day = fs::read_dir(&ledger)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let day = day
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .unwrap();
    let text = fs::read_to_string(&day).unwrap();
    fs::write(
        &day,
        text.replacen("archive@archive.test", "archive@archive.tes_", 1),
    )
    .unwrap();
    let output = node.command(&["journal", "verify"]);
    let said = crate::support::text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("changed") && said.contains("line 2"),
        "{said}"
    );
}

#[test]
fn when_it_refused_for_good() {
    let port = free_port();
    let archive = Archive::listen(port);
    archive.refuse(Some("550 5.7.1 No more room for you"));
    let node = Node::start(|smtp| {
        objects(
            smtp,
            port,
            "journaling_report_ndr_to = \"alternate@example.test\"",
        )
    });
    send(&node, "refused");
    wait_for("the alternate mailbox has the report", || {
        node.mailbox("Alternate").len() == 1
    });
    wait_for("somebody is told", || node.has_event("transport", 1022));
    assert_eq!(waiting(&node), (0, false));
    // Mail to the alternate mailbox is not journaled.
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let text = b"Subject: to the alternate\r\n\r\nHello";
    talk.message("a@example.net", &["alternate@example.test"], text);
    wait_for("it is delivered", || node.mailbox("Alternate").len() == 2);
    wait_for("nothing is left in the queue", || node.queued() == 0);

    archive.refuse(None);
    let replay = ["journal", "replay", "--since", "1h", "--target", TARGET];
    let dry = node.json(&[&replay[..], &["--dry-run"]].concat());
    assert_eq!(
        (&dry["found"], &dry["sent"]),
        (&1.into(), &1.into()),
        "{dry}"
    );
    assert_eq!(archive.reports().len(), 0);
    let done = node.json(&replay);
    assert_eq!(
        (&done["sent"], &done["lost"]),
        (&1.into(), &0.into()),
        "{done}"
    );
    let because = done["reports"][0]["because"].as_str().unwrap();
    assert_eq!(because, "from the mailbox Alternate here");
    wait_for("the archive has it", || archive.reports().len() == 1);
    let report = String::from_utf8(archive.reports().remove(0)).unwrap();
    assert!(report.contains("X-MS-Journal-Report:\r\n"), "{report}");
    assert!(
        report.contains("Message-ID: <refused@example.net>"),
        "{report}"
    );
    assert!(!report.contains("Delivered-To"), "{report}");
    // What is known nowhere is said so.
    let _ = fs::remove_dir_all(node.path("data/mail/Alternate/new"));
    let (code, said) = node.refused(&replay);
    assert_eq!(code, 1);
    assert!(
        said.contains("no journal mailbox here keeps the report"),
        "{said}"
    );
    node.ask(&["journal", "verify"]);
}

#[test]
fn when_it_lost_what_it_had() {
    let port = free_port();
    let archive = Archive::listen(port);
    let node = Node::start(|smtp| objects(smtp, port, ""));
    // No connector takes this domain: the message stays in the queue, its report does not.
    send_to(&node, "waits", "x@relay.test");
    wait_for("the archive has the report", || {
        archive.reports().len() == 1
    });
    wait_for("it has left the queue", || waiting(&node) == (0, false));
    assert_eq!(node.queued(), 1);
    // Nothing of before the last half hour.
    let replay = ["journal", "replay", "--since", "1h", "--to", "30m"];
    let none = node.json(&replay);
    assert_eq!((&none["found"], &none["sent"]), (&0.into(), &0.into()));
    let done = node.json(&["journal", "replay", "--since", "1h"]);
    assert_eq!(
        (&done["found"], &done["sent"]),
        (&1.into(), &1.into()),
        "{done}"
    );
    let because = done["reports"][0]["because"].as_str().unwrap();
    assert_eq!(because, "from the message, which is still in the queue");
    let change = &done["changes"][0];
    assert_eq!(
        (&change["before"], &change["after"]),
        (&"delivered".into(), &"queued".into()),
        "{done}"
    );
    let audit = node.json(&["audit", "list", "--operation", "journal replay"]);
    let last = audit["records"].as_array().unwrap().last().unwrap();
    assert_eq!(last["changes"], done["changes"], "{audit}");
    wait_for("the archive has it again", || archive.reports().len() == 2);
    // The same report, and no second one to the ledger.
    assert_eq!(archive.counts().len(), 1);
    assert_eq!(archive.reports()[0], archive.reports()[1]);
    wait_for("it is entered", || {
        node.json(&["journal", "status"])["ledger"]["reports"] == 2
    });
    let verified = node.json(&["journal", "verify"]);
    assert_eq!(verified["reports"], 1, "{verified}");
    // What an administrator takes out of the queue is entered too.
    node.ask(&["journal", "pause", TARGET]);
    send(&node, "removed");
    wait_for("its report waits", || waiting(&node) == (1, true));
    let list = node.json(&["queue", "list", LANE]);
    let id = list["messages"]["messages"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    node.ask(&["queue", "remove", &id]);
    let lost = node.command(&["journal", "replay", "--since", "1h", "--dry-run", "--json"]);
    let lost: serde_json::Value = serde_json::from_slice(&lost.stdout).unwrap();
    assert_eq!(
        (&lost["found"], &lost["lost"]),
        (&2.into(), &1.into()),
        "{lost}"
    );
}

#[test]
fn a_simulation_says_which_rules_fire_for_whom() {
    let node = Node::start(|smtp| objects(smtp, free_port(), ""));
    let file = node.path("message.eml");
    fs::write(&file, "Subject: x\r\nTo: info@example.test\r\n\r\nHello").unwrap();
    let words = [
        "journal",
        "simulate",
        file.to_str().unwrap(),
        "--from",
        "a@example.net",
        "--to",
        "info@example.test",
        "--to",
        "alternate@example.test",
        "--account",
        "info@example.test",
    ];
    let said = node.ask(&words);
    for expect in [
        "Rule Everything (archive@archive.test) fires",
        "the rule is for everyone's mail",
        "mail to a journal mailbox is not journaled",
        "To: info@example.test",
        "Bcc: alternate@example.test",
        LANE,
    ] {
        assert!(said.contains(expect), "{expect}: {said}");
    }
    assert_eq!(node.queued(), 0);
}
