//! Nodes share their objects in a PostgreSQL database: a change on one is in force on the other
//! within a second, and while the database is away mail flows on, changes are refused, and a role or
//! a node that starts has what was known last. An override holds on the nodes that its scope names, for
//! the versions that it names.

use std::time::{Duration, Instant};

use mailward_api::control::{ControlReply, ControlRequest, Role};
use mailward_testkit::cluster::Cluster;

use crate::{
    probes::property,
    support::{Node, Talk, free_port, objects, signal, text, wait_for, wait_within},
};

/// What a change takes until it is in force on another node: half of them take less.
const IN_FORCE_MEDIAN_MAX: Duration = Duration::from_secs(1);
/// What the slowest change may take, on a machine that does other things.
const IN_FORCE_MAX: Duration = Duration::from_secs(5);
/// Changes that are measured.
const CHANGES: usize = 7;

/// A node of this name whose objects are in the database. Both have the same connector and stand on
/// one host, so only the first to start can listen; the other is asked over its own sockets.
fn member(name: &str, port: u16, url: &str) -> Node {
    let hostname = format!("{name}.example.test");
    let folder = tempfile::tempdir().unwrap();
    Node::prepare_as(folder, port, &hostname, &["--store-url", url], objects)
}

/// A conversation that has come to its recipients.
fn recipients(node: &Node) -> Talk {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    talk.say("MAIL FROM:<a@example.net>");
    talk
}

fn takes_mail(node: &Node, subject: &str) -> bool {
    let Ok(mut talk) = std::panic::catch_unwind(|| recipients(node)) else {
        return false;
    };
    talk.say("RSET");
    let message = format!("Subject: {subject}\r\n\r\nHello.\r\n");
    let to = ["info@example.test"];
    talk.message("a@example.net", &to, message.as_bytes())
        .starts_with("250")
}

fn has_message(node: &Node, subject: &str) -> bool {
    let wanted = format!("Subject: {subject}");
    let all = node.mailbox("info");
    all.iter()
        .any(|message| String::from_utf8_lossy(message).contains(&wanted))
}

fn revision(node: &Node, role: Role) -> Option<u64> {
    match node.control(role, &ControlRequest::Ping) {
        Ok(ControlReply::Pong(status)) => Some(status.revision.0),
        _ => None,
    }
}

fn set(node: &Node, name: &str) {
    let address = format!("address={name}@example.test");
    node.ask(&["mailbox", "set", name, &address]);
}

fn events(node: &Node, number: u64) -> usize {
    let all = node.events_of("manager");
    all.iter().filter(|event| event["number"] == number).count()
}

/// What is overridden on both nodes.
const ITEM: &str = "connector/Internet";

fn interval(node: &Node) -> (String, String) {
    property(node, ITEM, "probe connector/Internet", "interval")
}

fn overrides(node: &Node, change: &str, scope: &str, more: &[&str]) {
    let words = ["health", "override", "add", ITEM, change, "--scope", scope];
    node.ask(&[&words[..], &["--reason", "two nodes"], more].concat());
}

/// Overrides of each scope, given on either node, hold where they say and nowhere else; the nearer one
/// wins. `one` and `two` are the nodes mx1 and mx2.
fn overrides_hold_where_they_say(one: &Node, two: &Node) {
    let holds = |on: &Node, what: &str, value: &str, scope: &str| {
        wait_for(what, || {
            let (found, origin) = interval(on);
            found == value && origin.contains(&format!("({scope})"))
        });
    };
    overrides(two, "interval=17s", "global", &[]);
    holds(one, "a global one holds on the other", "17s", "global");
    holds(two, "and here", "17s", "global");
    overrides(one, "interval=18s", "role:worker", &[]);
    holds(one, "one of a role wins", "18s", "role:worker");
    holds(two, "where that role runs", "18s", "role:worker");
    let mx1 = "node:mx1.example.test";
    overrides(one, "interval=19s", "node", &[]);
    holds(one, "one of the node wins", "19s", mx1);
    let listed = |node: &Node, scope: &str| {
        let list = node.json(&["health", "override", "list", "--scope", scope]);
        list["overrides"].as_array().cloned().unwrap_or_default()
    };
    wait_for("the other knows of it", || listed(two, mx1).len() == 1);
    let found = listed(two, mx1).remove(0);
    assert_eq!(found["in_force"], false, "{found}");
    assert_eq!(found["note"], "this node is mx2.example.test", "{found}");
    holds(two, "and keeps what it has", "18s", "role:worker");

    // The same of another node is another one, and a flag of one node is not ended by the other.
    let mx2 = "node:mx2.example.test";
    overrides(two, "interval=21s", "node", &[]);
    holds(two, "the other's own holds there", "21s", mx2);
    holds(one, "and this one's here", "19s", mx1);
    let maintenance = ["health", "maintenance", ITEM];
    let reason = ["--reason", "a new switch", "--for", "1h"];
    let flag = |node: &Node| property(node, ITEM, "monitor connector/Internet", "maintenance").0;
    for node in [one, two] {
        node.ask(&[&maintenance[..], &reason].concat());
    }
    for node in [one, two] {
        wait_for("it is in maintenance", || flag(node) == "true");
    }
    two.ask(&[&maintenance[..], &["--off"]].concat());
    wait_for("the one's has ended", || flag(two) == "false");
    assert_eq!(flag(one), "true", "the other's has not");
    let own = listed(two, mx2).remove(0);
    two.ask(&[
        "health",
        "override",
        "remove",
        own["name"].as_str().unwrap(),
    ]);
    holds(two, "what is behind it holds again", "18s", "role:worker");

    // For versions: from this one on, and for those before it.
    let version = env!("CARGO_PKG_VERSION");
    let (from, before) = (format!(">={version}"), format!("<{version}"));
    overrides(two, "bad=6", "global", &["--version", &from]);
    overrides(
        one,
        "good_to_recover=7",
        "role:worker",
        &["--version", &before],
    );
    let of = |node: &Node, name: &str| property(node, ITEM, "monitor connector/Internet", name).0;
    for node in [one, two] {
        wait_for("it holds for this version", || of(node, "bad") == "6");
        wait_for("it is known", || listed(node, "role:worker").len() == 2);
        let all = listed(node, "role:worker");
        let mut older = all
            .iter()
            .filter(|one| one["property"] == "good_to_recover");
        let older = older.next().unwrap();
        assert_eq!(older["in_force"], false, "{older}");
        let note = format!("this is version {version}, not {before}");
        assert_eq!(older["note"], note.as_str(), "{older}");
        assert_eq!(of(node, "good_to_recover"), "2");
    }

    // What is taken away leaves what is behind it.
    for one in listed(two, "role:worker") {
        two.ask(&[
            "health",
            "override",
            "remove",
            one["name"].as_str().unwrap(),
        ]);
    }
    holds(two, "the global one holds again", "17s", "global");
    holds(one, "and the node's own as before", "19s", mx1);
    let all = one.json(&["health", "override", "list"]);
    for each in all["overrides"].as_array().unwrap() {
        one.ask(&[
            "health",
            "override",
            "remove",
            each["name"].as_str().unwrap(),
        ]);
    }
    for node in [one, two] {
        wait_for("nothing is overridden", || {
            interval(node) == ("20s".to_owned(), "built in".to_owned()) && of(node, "bad") == "3"
        });
    }
}

#[test]
fn and_go_on_without_it() {
    let mut cluster = Cluster::start(&[]).unwrap();
    let url = cluster.database("mailward").unwrap();
    let port = free_port();
    let mut one = member("mx1", port, &url);
    let mut two = member("mx2", port, &url);
    assert!(one.path("data/copy.db").exists());
    one.serve();
    two.spawn(|_| {});
    wait_for("the second node answers", || {
        two.command(&["status"]).status.success() && revision(&two, Role::Transport).is_some()
    });

    // A change on the second node, seen by a client of the first.
    let mut took = Vec::new();
    for n in 0..CHANGES {
        let name = format!("new{n}");
        let to = format!("RCPT TO:<{name}@example.test>");
        assert!(recipients(&one).say(&to).starts_with("550 5.1.1"));
        set(&two, &name);
        // From here on the change is made: what is measured is how soon the other node has it.
        let made = Instant::now();
        let head = revision(&two, Role::Access);
        wait_within(IN_FORCE_MAX, "the first node works by it", || {
            revision(&one, Role::Transport) >= head
        });
        took.push(made.elapsed());
        let reply = recipients(&one).say(&to);
        assert!(reply.starts_with("250"), "{reply}");
    }
    took.sort();
    let median = took[CHANGES / 2];
    println!("a change on one node was in force on the other after {took:?}");
    assert!(
        median < IN_FORCE_MEDIAN_MAX,
        "the median of {took:?} is not under a second"
    );
    // And the other way round, in every role.
    set(&one, "back");
    let made = Instant::now();
    let head = revision(&one, Role::Access);
    for role in [Role::Transport, Role::Access, Role::Worker, Role::Manager] {
        wait_within(IN_FORCE_MAX, "each role of the second knows", || {
            revision(&two, role) >= head
        });
    }
    println!(
        "every role of the other node knew after {:?}",
        made.elapsed()
    );

    overrides_hold_where_they_say(&one, &two);

    cluster.stop().unwrap();
    for node in [&one, &two] {
        wait_for("the loss is an event", || events(node, 5040) == 1);
        let (code, said) = node.refused(&["mailbox", "set", "late", "address=late@example.test"]);
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains("is away") && said.contains("/mailward"),
            "{said}"
        );
        // What is known is shown all the same.
        assert!(node.ask(&["mailbox", "list"]).contains("new4"));
    }
    assert!(takes_mail(&one, "while it is away"));
    wait_for("mail is delivered", || {
        has_message(&one, "while it is away")
    });
    let pid = one.pid_of(Role::Transport).unwrap();
    signal(pid, "KILL");
    wait_for("another transport serves", || {
        one.pid_of(Role::Transport)
            .is_some_and(|found| found != pid)
    });
    wait_for("it takes mail", || takes_mail(&one, "after a restart"));
    wait_for("and delivers it", || has_message(&one, "after a restart"));
    two.stop();
    two.spawn(|_| {});
    wait_for("a node that starts now has what was known last", || {
        let shown = two.command(&["mailbox", "list"]);
        shown.status.success() && text(&shown).contains("new4")
    });

    cluster.run().unwrap();
    wait_for("it is back", || {
        events(&one, 5041) == 1 && events(&two, 5041) == 1
    });
    // The event is the manager's; access connects anew in a time of its own.
    wait_for("changes are taken again", || {
        let set = ["mailbox", "set", "late", "address=late@example.test"];
        two.command(&set).status.success()
    });
    let head = revision(&two, Role::Access);
    wait_within(IN_FORCE_MAX, "changes are seen again", || {
        revision(&one, Role::Transport) >= head
    });
    let reply = recipients(&one).say("RCPT TO:<late@example.test>");
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(events(&one, 5040), 1, "one event for one loss");
    assert_eq!(
        events(&two, 5040),
        2,
        "and one for the node that started without it"
    );
}
