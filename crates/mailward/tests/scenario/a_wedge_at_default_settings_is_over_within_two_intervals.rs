//! At default settings a connector that accepts and never answers is noticed within two intervals of
//! its probe and restarted at once, by the first stage; a session on the other connector goes on
//! through it all, and nobody is told.

use std::{net::Ipv4Addr, time::Duration};

use mailward_api::control::{ControlRequest, Role};
use serde_json::Value;

use crate::{
    probes::{is_healthy, looked, unix_ms},
    repairs::{case_of, tell},
    support::{Node, free_port, objects, wait_for, wait_within},
    talk::Talk,
};

const INTERVAL_MS: u64 = 20_000;
/// From the notice until it serves again: the act, and a busy machine.
const REPAIR_MS_MAX: u64 = 10_000;
/// What the wait is given up after.
const LONG: Duration = Duration::from_secs(180);

/// The changes of a monitor's state since a moment, the oldest first.
fn edges(node: &Node, subject: &str, since: u64) -> Vec<Value> {
    let history = node.json(&["health", "history", "--limit", "1000"]);
    let mut edges = history["edges"].as_array().unwrap().clone();
    edges.retain(|edge| edge["subject"] == subject && edge["unix_ms"].as_u64().unwrap() >= since);
    edges.reverse();
    edges
}

/// The event of a worker that was itself found late (ObserverOverloaded). It then takes longer to
/// believe, on purpose, and no limit of a sound machine holds.
const OVERLOADED: u64 = 4017;
/// Between two looks of the test: it must not be what keeps the machine busy.
const PAUSE: Duration = Duration::from_millis(200);

fn acts(node: &Node, record: &str) -> Vec<Value> {
    let ledger = node.json(&["health", "ledger", "--limit", "1000"]);
    let mut entries = ledger["entries"].as_array().unwrap().clone();
    entries.retain(|entry| entry["record"] == record);
    entries
}

#[test]
fn and_the_other_connector_goes_on() {
    let relay = free_port();
    let node = Node::start(|port| {
        objects(port)
            + &format!(
                "\n[[receive_connector]]\nname = \"Relay\"\nbindings = [\"127.0.0.1:{relay}\"]\n"
            )
    });
    wait_for("both connectors are well", || {
        is_healthy(&node, "connector/Internet") && is_healthy(&node, "connector/Relay")
    });
    let transport = node.role_pid("transport");
    let mut session = Talk::connect((Ipv4Addr::LOCALHOST, relay).into());
    session.say("EHLO client.example.net");

    // The worst moment is the one after a look that found all well.
    let before = looked(&node, "connector/Internet");
    wait_within(LONG, "the connector was looked at", || {
        std::thread::park_timeout(PAUSE);
        looked(&node, "connector/Internet") != before
    });
    let wedged = unix_ms();
    node.control(
        Role::Transport,
        &ControlRequest::Wedge {
            connector: "Internet".to_owned(),
        },
    )
    .unwrap();
    wait_within(LONG, "it is noticed", || {
        std::thread::park_timeout(PAUSE);
        assert!(
            session.say("NOOP").starts_with("250"),
            "the other one serves"
        );
        edges(&node, "connector/Internet", wedged)
            .iter()
            .any(|edge| edge["to"] == "degraded")
    });
    wait_within(LONG, "it serves again", || {
        std::thread::park_timeout(PAUSE);
        assert!(
            session.say("NOOP").starts_with("250"),
            "the other one serves"
        );
        !acts(&node, "outcome").is_empty()
    });
    assert!(node.greets());
    let outcome = acts(&node, "outcome").remove(0);
    let noticed = edges(&node, "connector/Internet", wedged)
        .iter()
        .find(|edge| edge["to"] == "degraded")
        .map(|edge| edge["unix_ms"].as_u64().unwrap() - wedged)
        .unwrap();
    let repaired = outcome["unix_ms"].as_u64().unwrap() - wedged;
    println!("noticed after {noticed} ms, well again after {repaired} ms");

    // One act, the mildest; and nothing else was touched.
    let intents = acts(&node, "intent");
    if intents.len() != 1 {
        tell(&node);
    }
    assert_eq!(intents.len(), 1, "{intents:#?}");
    assert_eq!(
        intents[0]["act"]["act"], "restart_component",
        "{intents:#?}"
    );
    assert_eq!(intents[0]["component"], "receive/Internet", "{intents:#?}");
    let case = node.json(&["explain", &case_of(&intents[0])])["case"].clone();
    assert_eq!(case["solved_by"]["act"], "restart_component", "{case:#}");
    assert_eq!(
        node.role_pid("transport"),
        transport,
        "the process is the same"
    );
    assert!(
        session.say("NOOP").starts_with("250"),
        "the session is the same"
    );
    assert_eq!(edges(&node, "connector/Relay", wedged), Vec::<Value>::new());
    if node.has_event("worker", OVERLOADED) {
        println!("the machine was too busy for the worker: the limits are not looked at");
        return;
    }
    assert!(noticed <= 2 * INTERVAL_MS, "noticed after {noticed} ms");
    assert!(
        repaired <= noticed + REPAIR_MS_MAX,
        "well again after {repaired} ms"
    );
}
