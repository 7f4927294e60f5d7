//! A case remembers which stage cured it, and the next of its kind begins there: what delivery has
//! learnt of names is cured by a soft reset, a dispatcher that hangs by the restart of delivery.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use mailward_api::control::{ControlRequest, DrillFault, Role};

use crate::{
    outside::{NameServer, Sink},
    probes::{is_bad, is_healthy},
    repairs::{QUICK, case_of, entries, tell},
    support::{Node, objects, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(120);
/// A host of the test's network that was given up, and the one that took its place.
const OLD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const NEW: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Waits for a repair; where it does not come, what was done is printed.
fn wait(node: &Node, what: &str, holds: impl FnMut() -> bool) {
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_within(LONG, what, holds);
    }));
    if let Err(failed) = waited {
        tell(node);
        std::panic::resume_unwind(failed);
    }
}

/// A case, as `explain` tells it.
fn case(node: &Node, id: &str) -> serde_json::Value {
    node.json(&["explain", id])["case"].clone()
}

#[test]
fn a_soft_reset_where_a_name_has_moved() {
    let names = NameServer::of(OLD);
    let new = TcpListener::bind((NEW, 0)).unwrap();
    let port = new.local_addr().unwrap().port();
    // It takes connections and never says a word.
    let _old = TcpListener::bind((OLD, port)).unwrap();
    let sink = Sink::take_over(new);
    let mut node = Node::prepare(|own| {
        let settings =
            "restart_process_after = \"1h\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
        objects(own) + QUICK + settings
    });
    let config = std::fs::read_to_string(node.config()).unwrap();
    let resolvers = format!("resolvers = [\"{}\"]\n", names.address);
    std::fs::write(node.config(), resolvers + &config).unwrap();
    node.serve();
    // Nothing is repaired until the name has moved: an hour long, delivery would not notice.
    node.ask(&["health", "freeze", "--reason", "the test moves a host"]);
    let host = format!("smart-hosts=relay.elsewhere.test:{port}");
    node.ask(&[
        "send-connector",
        "set",
        "Out",
        "target=smart_hosts",
        "address-spaces=elsewhere.test",
        &host,
        "probe-recipient=reflect@elsewhere.test",
    ]);
    wait(&node, "the way is found dead", || {
        is_bad(&node, "route/Out")
    });
    names.moves_to(NEW);
    wait(&node, "its repair is refused", || {
        !entries(&node, "denied", "soft_reset").is_empty()
    });
    assert!(sink.messages().is_empty(), "delivery asks the old host");

    node.ask(&["health", "thaw"]);
    wait(&node, "a soft reset cures it", || {
        let acts = entries(&node, "outcome", "soft_reset");
        acts.iter().any(|act| act["component"] == "send/Out")
    });
    let id = case_of(&entries(&node, "outcome", "soft_reset")[0]);
    wait(&node, "the case is closed", || {
        case(&node, &id)["closed_unix_ms"].is_u64()
    });
    let told = case(&node, &id);
    assert_eq!(told["solved_by"]["act"], "soft_reset", "{told:#}");
    assert!(!sink.messages().is_empty(), "the new host has it");
    for act in ["restart_component", "restart_process", "offline"] {
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
}

#[test]
fn the_restart_of_delivery_where_its_dispatcher_hangs() {
    let node = Node::start(|port| {
        objects(port)
            + QUICK
            + "restart_process_after = \"10m\"\noffline_after = \"1h\"\nprobation = \"1s\"\n"
    });
    let stick = || {
        wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
        let stuck = ControlRequest::InjectFault {
            fault: DrillFault::StuckDelivery,
            for_ms: 200_000,
        };
        node.control(Role::Transport, &stuck).unwrap();
    };
    let acts = |record: &str, act: &str, case: &str| {
        let entries = entries(&node, record, act);
        entries.iter().filter(|one| case_of(one) == case).count()
    };
    let closed = |number: usize| {
        wait(&node, "the restart of delivery cures it", || {
            entries(&node, "outcome", "restart_component").len() == number
        });
        let id = case_of(&entries(&node, "outcome", "restart_component")[number - 1]);
        wait(&node, "the case is closed", || {
            case(&node, &id)["closed_unix_ms"].is_u64()
        });
        // The dispatcher that hung is gone; its fault is not in force for the next one.
        node.control(Role::Transport, &ControlRequest::EndFault)
            .unwrap();
        id
    };
    stick();
    let first = closed(1);
    assert_eq!(
        acts("intent", "soft_reset", &first),
        1,
        "the mildest comes first"
    );
    let told = case(&node, &first);
    assert_eq!(told["solved_by"]["act"], "restart_component", "{told:#}");

    stick();
    let second = closed(2);
    assert_ne!(first, second);
    assert_eq!(acts("intent", "soft_reset", &second), 0, "it is left out");
    assert_eq!(acts("denied", "soft_reset", &second), 0);
    assert_eq!(acts("intent", "restart_component", &second), 1);
    let told = node.ask(&["explain", &second]);
    assert!(
        told.contains("stage 1 cured the same last time: the case begins there"),
        "{told}"
    );
}
