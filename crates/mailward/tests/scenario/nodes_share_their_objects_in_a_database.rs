//! Nodes share their objects in a PostgreSQL database: a change on one is in force on the other
//! within a second, and while the database is away mail flows on, changes are refused, and a role or
//! a node that starts has what was known last.

use std::time::{Duration, Instant};

use mailward_api::control::{ControlReply, ControlRequest, Role};
use mailward_testkit::cluster::Cluster;

use crate::support::{Node, Talk, free_port, objects, signal, text, wait_for, wait_within};

/// What the slowest change may take on a machine that does other things; a second is what is asked.
const IN_FORCE_MAX: Duration = Duration::from_secs(5);

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
    let mut slowest = Duration::ZERO;
    for n in 0..5 {
        let name = format!("new{n}");
        let to = format!("RCPT TO:<{name}@example.test>");
        assert!(recipients(&one).say(&to).starts_with("550 5.1.1"));
        set(&two, &name);
        let made = Instant::now();
        let head = revision(&two, Role::Access);
        wait_within(IN_FORCE_MAX, "the first node works by it", || {
            revision(&one, Role::Transport) >= head
        });
        slowest = slowest.max(made.elapsed());
        let reply = recipients(&one).say(&to);
        assert!(reply.starts_with("250"), "{reply}");
    }
    println!("a change on one node was in force on the other after {slowest:?} at the slowest");
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
