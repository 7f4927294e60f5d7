//! Where most of a node turns bad at one time, or where the worker itself is starved, what it sees is no
//! reason to restart a process: the guard says so in the ledger and in `explain`, a person is told once,
//! and repair goes on when it is over.
//!
//! The node's clocks are moved by libfaketime: five minutes without a further fault, and minutes in which
//! a stopped worker did not run, are not waited for. While it moves the clock that does not jump, threads
//! that wait for a moment of it do not wake up, the one that follows changes of objects among them: all
//! objects are there from the start, and mail flow, whose mailbox is made later, is not watched.

use std::{
    collections::BTreeSet,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use mailward_api::control::Role;

use crate::{
    faketime::{Clock, library},
    probes::{is_healthy, looked, raised},
    repairs::{QUICK, case_of, entries, mend, while_wedged},
    support::{Node, objects, signal, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);
/// More than all health sets of the node itself.
const NEIGHBOURS: usize = 20;
/// How long the worker is stopped each time, as its clock says: more than one of the windows in which it
/// judges itself. Before the last stop the process is not to be restarted for another reason than strain.
const STOPPED_S: u64 = 60;
const STOPS: u64 = 4;
/// Longer than an act is refused before a person is told.
const REFUSED_S: u64 = 620;

/// A node with these settings, and its clocks.
fn node(library: &Path, more: &str) -> (Node, Clock) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.jsonl");
    let channel = format!(
        "\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\ngroup_wait = \"6s\"\n"
    );
    let version = env!("CARGO_PKG_VERSION");
    // Under strain a monitor asks for more before it believes, and each look takes a second here.
    let overrides = [
        ("connector/Internet", "bad", "1"),
        ("MailFlow", "enabled", "false"),
    ];
    let overrides = overrides.map(|(item, property, value)| {
        format!(
            "\n[[monitoring_override]]\nname = \"{property}\"\nitem = \"{item}\"\nproperty = \"{property}\"\n\
             value = \"{value}\"\nreason = \"the test\"\nversion = \">={version}\"\n"
        )
    });
    let overrides = overrides.concat();
    // The supervision is patient, so that it finds no fault in those who are stopped or jump in time.
    let settings = "heartbeat_timeout = \"30m\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
    let objects = |port| objects(port) + &channel + &overrides + QUICK + settings + more;
    let mut node = Node::prepare_in(folder, objects);
    let clock = Clock::of(&node);
    node.serve_with(|command| clock.govern(command, library, false));
    wait_for("all is well", || is_healthy(&node, "connector/Internet"));
    (node, clock)
}

/// The newest refusal of the restart of transport that names this.
fn refusal(node: &Node, reason: &str) -> Option<serde_json::Value> {
    let denied = entries(node, "denied", "restart_process");
    let mut named = denied.into_iter().rev();
    named.find(|one| one["reasons"].to_string().contains(reason))
}

fn neighbour(n: usize) -> (String, u16) {
    let host = format!("127.0.1.{}", n + 1);
    let listener = TcpListener::bind((host.as_str(), 0)).unwrap();
    (host, listener.local_addr().unwrap().port())
}

#[test]
fn while_most_of_the_node_is_bad() {
    let Some(library) = library() else {
        return;
    };
    // Hosts that have nothing to do with each other. What connects is taken by the kernel.
    let places: Vec<(String, u16)> = (0..NEIGHBOURS).map(neighbour).collect();
    let listen = || -> Vec<TcpListener> {
        let bound = places.iter().map(|(host, port)| (host.as_str(), *port));
        bound.map(|at| TcpListener::bind(at).unwrap()).collect()
    };
    let there = listen();
    let probes = places.iter().enumerate().map(|(n, (host, port))| {
        format!(
            "\n[[probe]]\nname = \"n{n}\"\ninterval = \"1s\"\ntimeout = \"500ms\"\nhealth_set = \"Neighbour{n}\"\n\
             target = {{ tcp = {{ host = \"{host}\", port = {port} }} }}\n"
        )
    });
    let probes: String = probes.collect();
    let (node, clock) = node(
        &library,
        &format!("restart_process_after = \"2s\"\n{probes}"),
    );
    wait_for("the neighbours are well", || {
        (0..NEIGHBOURS).all(|n| is_healthy(&node, &format!("probe/n{n}")))
    });
    let transport = node.role_pid("transport");

    drop(there);
    wait_within(LONG, "it is a storm", || node.has_event("worker", 4190));
    let storm = "storm: most of this node turned bad at one time (upstream)";
    while_wedged(&node, || {
        wait_within(LONG, "the restart of the process is refused", || {
            refusal(&node, storm).is_some()
        });
        let case = case_of(&refusal(&node, storm).unwrap());
        let told = node.ask(&["explain", &case]);
        assert!(told.contains(storm), "{told}");
        assert!(!entries(&node, "intent", "restart_component").is_empty());
        assert!(entries(&node, "intent", "restart_process").is_empty());
        assert_eq!(node.role_pid("transport"), transport, "nothing was done");
        let of_storm = || {
            let all = (0..NEIGHBOURS).map(|n| format!("probe/n{n}"));
            let all = all.chain(["receive/Internet".to_owned()]);
            let alerts = all.flat_map(|of| raised(&node.path("alerts.jsonl"), &of));
            let text = "most of this node turned bad within a minute (upstream)";
            alerts
                .filter(|one| one["text"].as_str().unwrap().contains(text))
                .count()
        };
        wait_for("a person is told", || of_storm() > 0);
        assert_eq!(of_storm(), 1, "once");

        let _there = listen();
        clock.shift("+310s");
        wait_within(LONG, "it is over", || node.has_event("worker", 4191));
        // In the case it was, or in another: the jump ends the fault as well, which is then made anew.
        wait_within(LONG, "repair goes on", || {
            let acts = entries(&node, "intent", "restart_process");
            acts.iter()
                .any(|one| one["component"] == "receive/Internet")
        });
        assert_eq!(of_storm(), 1, "and nobody was told again");
    });
    wait_within(LONG, "another transport serves", || {
        node.role_pid("transport") != transport && node.pid_of(Role::Transport).is_some()
    });
    mend(&node);
    wait_for("mail is taken", || node.greets());
}

/// Stops the worker for a while, as its clock says.
fn starve(node: &Node, clock: &Clock, until_s: u64) {
    let worker = node.role_pid("worker").unwrap();
    let before = looked(node, "monitoring");
    signal(worker, "STOP");
    clock.shift(&format!("+{until_s}s"));
    signal(worker, "CONT");
    wait_for("it has looked at itself", || {
        looked(node, "monitoring") > before
    });
}

#[test]
fn while_the_worker_is_starved() {
    let Some(library) = library() else {
        return;
    };
    let settings = format!("restart_process_after = \"{}s\"\n", STOPPED_S * STOPS - 5);
    let (node, clock) = node(&library, &settings);
    let transport = node.role_pid("transport");
    let strained = "observer: the worker itself is strained (4 of 8), its probes may err";
    while_wedged(&node, || {
        // The mildest act is done whatever the worker is like; it does not help here.
        wait_within(LONG, "the connector is restarted, in vain", || {
            !entries(&node, "outcome", "restart_component").is_empty()
        });
        let began = Instant::now();
        for stop in 1..=STOPS {
            starve(&node, &clock, stop * STOPPED_S);
        }
        println!("stopped {STOPS} times within {:?}", began.elapsed());
        wait_within(LONG, "the restart of the process is refused", || {
            refusal(&node, strained).is_some()
        });
        let case = case_of(&refusal(&node, strained).unwrap());
        let told = node.ask(&["explain", &case]);
        assert!(told.contains(strained), "{told}");
        assert!(entries(&node, "intent", "restart_process").is_empty());
        assert_eq!(node.role_pid("transport"), transport, "nothing was done");
        assert!(node.has_event("worker", 4017));
        let told = || {
            let mut alerts = raised(&node.path("alerts.jsonl"), "receive/Internet");
            alerts.retain(|one| one["text"].as_str().unwrap().contains(strained));
            // What a worker that is killed has just sent comes again under the same id.
            let notices = alerts.iter().map(|one| one["notice"].to_string());
            notices.collect::<BTreeSet<_>>()
        };
        assert!(told().is_empty(), "it may be over soon");
        starve(&node, &clock, STOPS * STOPPED_S + REFUSED_S);
        wait_within(LONG, "a person is told", || !told().is_empty());

        // Another worker is not starved, and takes the case up where this one has left it.
        let worker = node.role_pid("worker").unwrap();
        signal(worker, "KILL");
        wait_within(LONG, "repair goes on", || {
            let acts = entries(&node, "intent", "restart_process");
            acts.iter().any(|one| one["case"] == case.as_str())
        });
        assert_eq!(told().len(), 1, "once: {:?}", told());
        assert!(node.answers_anew(Role::Worker, worker));
    });
    wait_within(LONG, "another transport serves", || {
        node.role_pid("transport") != transport && node.pid_of(Role::Transport).is_some()
    });
    mend(&node);
    wait_for("mail is taken", || node.greets());
}
