//! A firewall that drops what comes over loopback makes the node's own probes blind and nothing else:
//! clients are served, nothing is restarted, and a person is told once what it is.
//!
//! The node lives in a network namespace of its own. Needs root, iproute2 and nftables.

use std::{collections::BTreeSet, process::Command, time::Duration};

use serde_json::Value;

use crate::{
    probes::{is_bad, is_healthy, looked, raised, seen},
    repairs::{QUICK, entries, tell},
    support::{Node, objects, run, wait_for, wait_within},
};

/// Looks after the alert, within which every stage of repair would have had its turn.
const LOOKS: usize = 10;
const LONG: Duration = Duration::from_secs(90);

/// A network namespace with loopback; gone when dropped.
struct Namespace(String);

impl Namespace {
    fn new() -> Namespace {
        let namespace = Namespace(format!("mailward-l{}", std::process::id()));
        namespace.run("ip", &["netns", "add", &namespace.0]);
        namespace.inside(&["ip", "link", "set", "lo", "up"]);
        namespace
    }

    #[track_caller]
    fn run(&self, program: &str, words: &[&str]) {
        let (done, said) = run(program, words, "");
        assert!(done, "{program} {words:?}: {said}");
    }

    #[track_caller]
    fn inside(&self, words: &[&str]) {
        let mut all = vec!["netns", "exec", self.0.as_str()];
        all.extend(words);
        self.run("ip", &all);
    }

    #[track_caller]
    fn nft(&self, command: &str) {
        let mut words = vec!["nft"];
        words.extend(command.split(' '));
        self.inside(&words);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

#[test]
fn and_a_person_is_told_what_it_is() {
    if !nix::unistd::Uid::effective().is_root() {
        eprintln!("this test needs root: it makes a network namespace");
        return;
    }
    let namespace = Namespace::new();
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("alerts.jsonl");
    let mut node = Node::prepare_in(folder, |port| {
        let channel =
            format!("\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {told:?} }}\n");
        // The way of a message has its own interval; what is looked at here is the front door.
        let settings = QUICK.replace(
            "mailflow_probe_interval = \"2s\"",
            "mailflow_probe_interval = \"5m\"",
        );
        let stages = "restart_process_after = \"2s\"\noffline_after = \"3s\"\nprobation = \"1s\"\n";
        objects(port) + &channel + &settings + stages
    });
    node.spawn_in(&namespace.0);
    wait_for("the connector is well", || {
        is_healthy(&node, "connector/Internet")
    });

    namespace.nft("add table inet elsewhere");
    namespace.nft("add chain inet elsewhere in { type filter hook input priority 0 ; }");
    namespace.nft(&format!(
        "add rule inet elsewhere in iifname lo tcp dport {} drop",
        node.port
    ));
    wait_for("it is noticed", || is_bad(&node, "connector/Internet"));
    wait_for("a person is told", || {
        !raised(&told, "receive/Internet").is_empty()
    });
    let mut looks = BTreeSet::new();
    wait_within(LONG, "it is looked at again and again", || {
        looks.insert(looked(&node, "connector/Internet"));
        looks.len() > LOOKS
    });
    let text = seen(&node, "connector/Internet");
    assert!(text.contains("a firewall of this host"), "{text}");
    for record in ["intent", "outcome"] {
        for act in [
            "respond",
            "soft_reset",
            "restart_component",
            "restart_process",
            "offline",
        ] {
            let done = entries(&node, record, act);
            if !done.is_empty() {
                tell(&node);
            }
            assert_eq!(done, Vec::<Value>::new(), "{act}");
        }
    }
    let alerts = raised(&told, "receive/Internet");
    assert_eq!(alerts.len(), 1, "{alerts:#?}");
    let words = alerts[0].to_string();
    assert!(words.contains("nft list ruleset"), "{words}");
    assert!(words.contains("a firewall of this host"), "{words}");
    // The command ends with 1 where something is unhealthy.
    let report = node.command(&["health", "report", "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["offline"], Value::Null);

    namespace.nft("delete table inet elsewhere");
    wait_for("it is well again by itself", || {
        !is_bad(&node, "connector/Internet")
    });
}
