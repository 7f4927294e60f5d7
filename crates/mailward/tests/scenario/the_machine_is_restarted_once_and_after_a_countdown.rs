//! The machine is restarted by a command that the settings allow, once in a case, and after a
//! countdown that a person can end. The command here is a harmless one that counts its runs.

use std::time::Duration;

use crate::{
    repairs::{QUICK, case_of, entries, while_wedged},
    support::{Node, objects, read, wait_for, wait_within},
};

/// Long enough for every stage before it on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// A node whose connector has the stages component, server, offline: no process may be restarted.
fn node(more: &str) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let counter = folder.path().join("restarts");
    let command = format!("[\"/bin/sh\", \"-c\", \"echo x >> {}\"]", counter.display());
    let mut node = Node::prepare_in(folder, |port| {
        objects(port)
            + QUICK
            + "restart_process_after = \"2s\"\nmax_process_restarts_per_hour = 0\n\
               restart_server_after = \"3s\"\noffline_after = \"5s\"\n"
            + &format!("restart_server_command = {command}\n{more}")
    });
    node.serve();
    node
}

/// How often the command was run.
fn runs(node: &Node) -> usize {
    read(&node.path("restarts")).lines().count()
}

#[test]
fn unless_a_person_ends_the_countdown() {
    let node = node("");
    let (code, said) = node.refused(&["health", "cancel"]);
    assert!(code == 1 && said.contains("is announced"), "{code} {said}");
    while_wedged(&node, || {
        wait_within(LONG, "the restart is announced", || {
            node.has_event("manager", 4198)
        });
        let events = node.events_of("manager");
        let announced = events.iter().find(|event| event["number"] == 4198);
        assert_eq!(announced.unwrap()["fields"]["seconds"], 60, "{announced:?}");
        let said = node.ask(&["health", "cancel", "--reason", "the rack is in use"]);
        assert!(said.contains("is cancelled"), "{said}");
        assert!(said.contains("announced → cancelled"), "{said}");
        wait_for("the end of the countdown is told", || {
            node.has_event("manager", 4199)
        });
        let failed = entries(&node, "failed", "restart_server");
        let said = failed[0]["text"].as_str().unwrap();
        assert!(
            said.contains("cancelled by") && said.contains("the rack is in use"),
            "{said}"
        );
        assert_eq!(node.refused(&["health", "cancel"]).0, 1, "it is over");

        // The case goes on with the next stage, and never comes back to this one.
        wait_within(LONG, "the next stage comes", || {
            !entries(&node, "intent", "offline").is_empty()
        });
    });
    let announced = entries(&node, "intent", "restart_server");
    let offline = entries(&node, "intent", "offline");
    assert_eq!(announced.len(), 1, "{announced:#?}");
    assert_eq!(case_of(&announced[0]), case_of(&offline[0]));
    assert_eq!(runs(&node), 0, "the command was never run");
    assert!(!node.has_event("manager", 4200));
    let told = node.ask(&["explain", &case_of(&announced[0])]);
    assert!(told.contains("the rack is in use"), "{told}");
}

#[test]
fn and_never_twice_in_one_case() {
    let mut node = node("restart_server_countdown = \"2s\"\nprobation = \"10m\"\n");
    while_wedged(&node, || {
        wait_within(LONG, "the command is run", || runs(&node) == 1);
    });
    wait_for("its event is there", || node.has_event("manager", 4200));
    // What the command stands for: every process is started anew, and the trouble is still there.
    node.stop();
    node.serve();
    while_wedged(&node, || {
        wait_within(LONG, "the stage behind it comes", || {
            !entries(&node, "intent", "offline").is_empty()
        });
    });
    let restarts = entries(&node, "intent", "restart_server");
    let offline = entries(&node, "intent", "offline");
    assert_eq!(restarts.len(), 1, "{restarts:#?}");
    assert_eq!(
        case_of(&restarts[0]),
        case_of(&offline[0]),
        "the case goes on after the restart"
    );
    assert_eq!(runs(&node), 1);
    // The machine itself was not started anew: that is told as it is.
    let failed = entries(&node, "failed", "restart_server");
    let said = failed[0]["text"].as_str().unwrap();
    assert!(said.contains("before the machine was"), "{said}");
}
