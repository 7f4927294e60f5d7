//! A kill at any step of a message loses and doubles nothing: before and after the plan, the write and
//! the sync of acceptance; while a letter goes into a Maildir; between the answer of an archive, the
//! line in the ledger, its sync and the settlement; when a report goes to the alternate address; when
//! reports are sent again.
//!
//! The process kills itself there (SIGKILL), which it does for nobody where faults are not allowed.
//! `MAILWARD_KILLS=200 cargo nextest run -p mailward a_kill_at_any_step` makes a campaign: every step
//! again and again, each time after some more passes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use mailward_api::control::{ControlRequest, DrillFault, Role};
use mailward_host::kill::Step;

use crate::{
    archive::{Archive, message_id},
    support::{Node, Talk, free_port, lives, wait_for, wait_within},
};

const TARGET: &str = "archive@archive.test";
const REFUSAL: &str = "550 5.7.1 No more room for you";
/// How long a step is waited for.
const REACHED_MAX: Duration = Duration::from_secs(30);
const EMPTY_MAX: Duration = Duration::from_secs(60);
/// In a campaign a step is passed alive at most so often before it is the last one.
const PASSES_MAX: usize = 4;

fn kills(least: usize) -> usize {
    let asked = std::env::var("MAILWARD_KILLS").ok();
    let asked = asked.and_then(|kills| kills.parse().ok());
    asked.unwrap_or(0).max(least)
}

/// A mailbox, an archive elsewhere with an alternate mailbox here, and where wanted a journal here too.
fn objects(port: u16, archive: u16, journal_here: bool) -> String {
    let here = r#"
[[mailbox]]
name = "journal"
address = "journal@example.test"
type = "journal"
[[journal_rule]]
name = "Here"
journal_address = "journal@example.test"
"#;
    let objects = format!(
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
[[mailbox]]
name = "info"
address = "info@example.test"
[[mailbox]]
name = "Alternate"
address = "alternate@example.test"
type = "journal"
[[journal_rule]]
name = "Archive"
journal_address = "{TARGET}"
[transport_settings]
retry_schedule = ["1s"]
journaling_report_ndr_to = "alternate@example.test"
"#
    );
    objects + if journal_here { here } else { "" }
}

/// Sends a message; true where it was acknowledged.
fn send(node: &Node, subject: &str) -> bool {
    let smtp = node.smtp();
    let sent = std::panic::catch_unwind(|| {
        let mut talk = Talk::connect(smtp);
        talk.say("EHLO client.example.net");
        let text = format!(
            "Subject: {subject}\r\nMessage-ID: <{subject}@example.net>\r\n\r\n{}",
            "x\r\n".repeat(100)
        );
        talk.message("a@example.net", &["info@example.test"], text.as_bytes())
            .starts_with("250")
    });
    sent.unwrap_or(false)
}

/// Has transport die at a step; the process that will.
fn arm(node: &Node, step: Step, passes: usize) -> u32 {
    let mut pid = None;
    wait_for("transport answers", || {
        pid = node.pid_of(Role::Transport);
        pid.is_some()
    });
    let armed = ControlRequest::InjectFault {
        fault: DrillFault::KillAt {
            step: step.name().to_owned(),
            passes: u32::try_from(passes).unwrap(),
        },
        for_ms: 120_000,
    };
    // It may die of a probe's message before it has answered.
    let answer = node.control(Role::Transport, &armed);
    assert!(answer.is_ok() || !lives(pid.unwrap()), "{answer:?}");
    pid.unwrap()
}

/// Waits until the process is gone and another serves.
fn wait_anew(node: &Node, step: Step, pid: u32) {
    wait_within(REACHED_MAX, &format!("it dies at {step:?}"), || !lives(pid));
    wait_for("a new process serves", || {
        node.answers_anew(Role::Transport, pid)
    });
}

fn wait_empty(node: &Node) {
    wait_within(EMPTY_MAX, "the queue is empty", || node.queued() == 0);
}

/// The reports among these messages, by the Message-ID of the message each is about: its copies, under
/// its own Message-ID, without what a mailbox puts on top.
fn reports(taken: &[Vec<u8>]) -> BTreeMap<String, BTreeMap<String, Vec<Vec<u8>>>> {
    let mut found: BTreeMap<String, BTreeMap<String, Vec<Vec<u8>>>> = BTreeMap::new();
    for octets in taken {
        let text = String::from_utf8_lossy(octets);
        let report = text.split("\r\nSender: ").nth(1).unwrap();
        let mut lines = report.lines();
        let about = lines.find_map(|line| line.strip_prefix("Message-ID: "));
        let at = text.find("Date: ").unwrap();
        let of = found.entry(about.unwrap().to_owned()).or_default();
        let copies = of.entry(message_id(octets)).or_default();
        copies.push(octets[at..].to_vec());
    }
    found
}

/// One report of a message under one name, each copy of it the same.
#[track_caller]
fn one<'a>(found: &'a BTreeMap<String, Vec<Vec<u8>>>, id: &str, place: &str) -> &'a Vec<Vec<u8>> {
    assert_eq!(found.len(), 1, "reports of {id} at {place}: {found:?}");
    let copies = found.values().next().unwrap();
    assert!(
        copies.iter().all(|copy| *copy == copies[0]),
        "copies of {id} at {place} differ"
    );
    copies
}

#[test]
fn from_its_acceptance_to_its_reports() {
    let steps: Vec<Step> = Step::ALL
        .iter()
        .copied()
        .filter(|step| !matches!(step, Step::ReplayRead | Step::ReplayStored))
        .collect();
    let port = free_port();
    let archive = Archive::listen(port);
    let node = Node::start(|smtp| objects(smtp, port, true));
    let (mut acknowledged, mut sent) = (BTreeSet::new(), 0);
    let mut send_next = || {
        sent += 1;
        let subject = format!("m{sent}");
        let is_acknowledged = send(&node, &subject);
        if is_acknowledged {
            acknowledged.insert(subject);
        }
        is_acknowledged
    };
    let kills = kills(steps.len());
    for kill in 0..kills {
        let step = steps[kill % steps.len()];
        let passes = kill / steps.len() % PASSES_MAX;
        let diverts = step == Step::ReportDiverted;
        if diverts {
            archive.refuse(Some(REFUSAL));
        }
        let pid = arm(&node, step, passes);
        let began = Instant::now();
        while lives(pid) && began.elapsed() < REACHED_MAX {
            send_next();
            // What follows from it may be what it dies of.
            std::thread::park_timeout(Duration::from_millis(100));
        }
        wait_anew(&node, step, pid);
        if diverts {
            wait_empty(&node);
            archive.refuse(None);
        }
        wait_for("mail is taken again", &mut send_next);
    }
    assert!(acknowledged.len() >= kills, "{acknowledged:?}");
    wait_empty(&node);

    let there = reports(&archive.reports());
    let diverted = reports(&node.mailbox("Alternate"));
    let here = reports(&node.mailbox("journal"));
    let mut again = 0;
    for subject in &acknowledged {
        let id = format!("<{subject}@example.net>");
        let found = here.get(&id).unwrap_or_else(|| panic!("no report of {id}"));
        assert_eq!(one(found, &id, "the journal").len(), 1);
        match (there.get(&id), diverted.get(&id)) {
            // Those that were under way when it died may come again, the same octet for octet.
            (Some(found), None) => again += one(found, &id, "the archive").len() - 1,
            (None, Some(found)) => assert_eq!(one(found, &id, "the alternate").len(), 1),
            both => panic!("{id} is at the archive or at the alternate: {both:?}"),
        }
    }
    assert!(!diverted.is_empty());
    assert!(
        again <= kills * 2,
        "{again} reports came again over {kills} kills"
    );
    // What was stored and never acknowledged may be there too: then everywhere, and once.
    let elsewhere: Vec<&String> = there.keys().chain(diverted.keys()).collect();
    let elsewhere: BTreeSet<_> = elsewhere.into_iter().collect();
    assert_eq!(elsewhere, here.keys().collect());
    assert_eq!(node.mailbox("info").len(), here.len(), "letters");

    let verified = node.json(&["journal", "verify"]);
    assert_eq!(verified["problems_total"], 0, "{verified}");
    assert_eq!(
        verified["reports"].as_u64().unwrap() as usize,
        there.len() + here.len(),
        "one line for each report that was not diverted: {verified}"
    );
    let folder = node.path("store");
    std::fs::create_dir(&folder).unwrap();
    for (name, copies) in there.values().flatten() {
        let name = name.replace(['<', '>', '@'], "_");
        std::fs::write(folder.join(name), &copies[0]).unwrap();
    }
    let words = ["journal", "verify", "--target", TARGET, "--against"];
    node.ask(&[&words[..], &[folder.to_str().unwrap()]].concat());
}

#[test]
fn and_while_its_report_is_sent_again() {
    const MESSAGES: usize = 3;
    let port = free_port();
    let archive = Archive::listen(port);
    archive.refuse(Some(REFUSAL));
    let node = Node::start(|smtp| objects(smtp, port, false));
    for n in 0..MESSAGES {
        assert!(send(&node, &format!("m{n}")));
    }
    wait_for("the alternate mailbox has the reports", || {
        node.mailbox("Alternate").len() == MESSAGES
    });
    wait_empty(&node);
    archive.refuse(None);

    let replay = ["journal", "replay", "--since", "1h", "--target", TARGET];
    let steps = [
        (Step::ReplayRead, 0),
        (Step::ReplayStored, 0),
        (Step::ReplayStored, 1),
        (Step::ReplayStored, MESSAGES - 1),
        (Step::QueueWritten, 1),
        (Step::QueueSynced, 1),
    ];
    for (step, passes) in steps.iter().cycle().take(kills(steps.len())) {
        let pid = arm(&node, *step, *passes);
        node.refused(&replay);
        wait_anew(&node, *step, pid);
        wait_empty(&node);
    }
    // Whoever was not told asks again.
    let done = node.json(&replay);
    assert_eq!(done["lost"], 0, "{done}");
    wait_for("the archive has all of them", || {
        reports(&archive.reports()).len() == MESSAGES
    });
    wait_empty(&node);
    let (there, here) = (
        reports(&archive.reports()),
        reports(&node.mailbox("Alternate")),
    );
    for (id, found) in &there {
        let copies = one(found, id, "the archive");
        assert_eq!(one(&here[id], id, "the alternate"), &[copies[0].clone()]);
    }
    let verified = node.json(&["journal", "verify"]);
    assert_eq!(verified["problems_total"], 0, "{verified}");
    assert_eq!(node.mailbox("info").len(), MESSAGES);
}
