//! A health mailbox and its key mend themselves: altered, removed, damaged, and the key changes while
//! mail flows and nothing is restarted.

use std::fs;

use crate::{
    probes::{is_healthy, key, monitor},
    support::{Node, objects, wait_for},
};

fn node(more: &str) -> Node {
    Node::start(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"1s\"\n"
            + more
    })
}

/// How often an event happened.
fn happened(node: &Node, name: &str) -> usize {
    let list = node.json(&["event", "list", "--limit", "1000"]);
    let events = list["events"].as_array().unwrap();
    events.iter().filter(|event| event["name"] == name).count()
}

/// The newest arrival on the way through the connector.
fn arrived(node: &Node) -> u64 {
    let view = node.json(&["health", "mailboxes"]);
    let paths = view["paths"].as_array().unwrap();
    let path = paths.iter().find(|one| one["path"] == "receive/Internet");
    path.and_then(|one| one["arrived_unix_ms"].as_u64())
        .unwrap_or(0)
}

/// Waits until a probe that was sent from here on has arrived.
#[track_caller]
fn wait_for_a_probe(node: &Node) {
    let now = crate::probes::unix_ms();
    wait_for("a new probe arrives", || arrived(node) > now + 1_000);
}

#[test]
fn the_key_changes_while_mail_flows() {
    let node = node("probe_key_interval = \"2s\"\n");
    wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
    let roles = (node.role_pid("transport"), node.role_pid("worker"));
    let mut keys = vec![key(&node)];
    wait_for("the key has changed three times", || {
        let now = key(&node);
        if keys.last() != Some(&now) {
            keys.push(now);
        }
        keys.len() > 3
    });
    wait_for_a_probe(&node);
    let refused = happened(&node, "ProbeMarkerRefused");
    assert_eq!(refused, 0, "no probe was refused over any change");
    // Lost and damaged, it is made anew; a probe that was on its way just then may be refused.
    let path = node.path("data/health/probe.key");
    fs::remove_file(&path).unwrap();
    wait_for("a lost key is made anew", || path.exists());
    fs::write(&path, "nonsense").unwrap();
    wait_for("a damaged key is made anew", || {
        fs::read_to_string(&path).is_ok_and(|text| text.starts_with("mailward keys"))
    });
    wait_for("both are told", || happened(&node, "ProbeKeyMended") >= 1);
    wait_for_a_probe(&node);
    wait_for("mail flows still", || {
        is_healthy(&node, "mailflow/Internet")
    });
    assert_eq!(roles, (node.role_pid("transport"), node.role_pid("worker")));
    let view = node.json(&["health", "mailboxes"]);
    assert!(view["keys"].as_u64().unwrap() > 1, "{view}");
}

#[test]
fn the_mailbox_is_put_right() {
    let node = node("");
    wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
    let name = "health-mail.example.test";
    let maildir = node.path("data/mail").join(name);
    let shown = || node.ask(&["health", "mailboxes"]);

    node.ask(&["mailbox", "set", name, "hidden=false"]);
    wait_for("an altered mailbox is put right", || {
        shown().contains("the mailbox was altered")
            && node
                .ask(&["mailbox", "show", name, "--json"])
                .contains("\"hidden\":true")
    });
    node.ask(&["mailbox", "remove", name]);
    wait_for("a removed mailbox is made again", || {
        node.command(&["mailbox", "show", name]).status.success()
    });
    wait_for_a_probe(&node);

    fs::remove_dir_all(&maildir).unwrap();
    fs::write(&maildir, "no folder").unwrap();
    wait_for("a damaged Maildir is mended", || {
        maildir.join("new").is_dir() && shown().contains("is no folder")
    });
    wait_for_a_probe(&node);
    wait_for("mail flows again", || {
        is_healthy(&node, "mailflow/Internet")
    });
    wait_for("all of it is told", || {
        happened(&node, "HealthMailboxMended") >= 2
    });
    assert_eq!(
        node.json(&["health", "ledger"])["entries"]
            .as_array()
            .unwrap()
            .len(),
        0,
        "nothing was restarted for it: {:?}",
        monitor(&node, "mailflow/Internet")
    );
    assert_eq!(node.queued(), 0);
}
