//! A group never loses its last node: a node whose connector cannot be repaired stays where it is
//! while the others are silent, and goes offline when a majority of them serves and grants it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use mailward_api::control::{ControlRequest, Role};

use crate::support::{Node, free_port, objects, wait_for, wait_within};

/// Stages of repair in seconds.
const SETTINGS: &str = "\n[health_settings]\nconnector_probe_interval = \"1s\"\n\
    mailflow_probe_interval = \"2s\"\nrestart_component_after = \"1s\"\n\
    restart_process_after = \"3s\"\noffline_after = \"5s\"\nprobation = \"2s\"\n";

/// A node of the group, not yet started.
fn member(name: &str, key: &std::path::Path) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let hostname = format!("{name}.example.test");
    let node = Node::prepare_as(folder, free_port(), &hostname, &[], |port| {
        objects(port) + SETTINGS
    });
    let table = format!("\n[group]\nkey_file = {key:?}\nmembers = [MEMBERS]\n");
    let config = std::fs::read_to_string(node.config()).unwrap();
    std::fs::write(node.config(), config + &table).unwrap();
    node
}

#[test]
fn and_takes_one_away_when_enough_others_serve() {
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("group.key");
    std::fs::write(&key, "0123456789abcdef0123456789abcdef\n").unwrap();
    let mut nodes: Vec<Node> = ["mx1", "mx2", "mx3"]
        .into_iter()
        .map(|name| member(name, &key))
        .collect();
    let pages: Vec<u16> = nodes.iter().map(|node| node.http).collect();
    for node in &nodes {
        let others: Vec<String> = pages
            .iter()
            .filter(|port| **port != node.http)
            .map(|port| format!("\"http://127.0.0.1:{port}\""))
            .collect();
        let config = std::fs::read_to_string(node.config()).unwrap();
        let config = config.replace("MEMBERS", &others.join(", "));
        std::fs::write(node.config(), config).unwrap();
    }
    let (sick, others) = nodes.split_first_mut().unwrap();
    sick.serve();
    wait_for("the node is healthy", || {
        sick.command(&["health"]).status.success()
    });
    // A rehearsal knows what the silent members mean.
    let told = sick.ask(&["health", "simulate", "Receive", "--fail"]);
    assert!(
        told.contains("lease: 1 of 3 members granted it")
            && told.contains("healthy nodes: 0 others are healthy, 2 are needed"),
        "{told}"
    );
    // Who has no key learns nothing.
    assert_eq!(sick.page("/v1/group").0, 403);

    let broken = AtomicBool::new(true);
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    let sick = &*sick;
    thread::scope(|scope| {
        scope.spawn(|| {
            while broken.load(Ordering::Relaxed) {
                // While transport is being restarted there is nobody to ask.
                let _ = sick.control(Role::Transport, &wedge);
                thread::park_timeout(Duration::from_millis(20));
            }
        });
        let ledger = || sick.json(&["health", "ledger"]).to_string();
        let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let limit = Duration::from_secs(120);
            wait_within(limit, "the offline stage is refused", || {
                let ledger = ledger();
                ledger.contains("members granted it") && ledger.contains("others are healthy")
            });
            assert_eq!(sick.page("/readyz").0, 200, "the last node serves on");
            for node in others.iter_mut() {
                node.serve();
            }
            // A member votes half a minute after its start.
            wait_within(Duration::from_secs(180), "the group lets it go", || {
                sick.page("/readyz").0 == 503
            });
        }));
        broken.store(false, Ordering::Relaxed);
        if let Err(failed) = waited {
            eprintln!("{}", sick.ask(&["health", "ledger"]));
            std::panic::resume_unwind(failed);
        }
        assert!(ledger().contains("of 3 members granted it"), "{}", ledger());
    });
    for node in others.iter() {
        assert_eq!(node.page("/readyz").0, 200, "the others stay");
    }
    let group = sick.ask(&["health", "group"]);
    assert!(group.contains("mx3.example.test"), "{group}");
    wait_for("the event of another node is stored", || {
        let events = sick.ask(&["event", "list", "--event", "4221"]);
        events.contains("mx2.example.test")
    });
}
