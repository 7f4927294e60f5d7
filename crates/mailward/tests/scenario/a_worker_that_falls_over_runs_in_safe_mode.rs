//! A worker that falls over again and again runs in safe mode: it watches the least, nothing is
//! repaired, a person is told, and `health thaw` ends it. Repair can be frozen by hand too, and stays
//! so over a restart.

use std::time::Duration;

use mailward_api::control::{ControlRequest, Role};

use crate::{
    probes::monitor,
    support::{Node, objects, read, signal, wait_for, wait_within},
};

/// Some starts or a repair, on a busy machine.
const LONG: Duration = Duration::from_secs(90);

fn settings(folder: &std::path::Path) -> String {
    let file = folder.join("alerts.jsonl");
    format!(
        "\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\n\
         \n[[probe]]\nname = \"beside\"\ntarget = {{ report = {{ silence = \"pass\" }} }}\n\
         \n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n\
         restart_component_after = \"2s\"\nrestart_process_after = \"20s\"\noffline_after = \"2m\"\nprobation = \"3s\"\n"
    )
}

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let more = settings(folder.path());
    let mut node = Node::prepare_in(folder, |port| objects(port) + &more);
    node.serve();
    node
}

fn worker_state(node: &Node) -> String {
    let children = node.children();
    let worker = children.iter().find(|child| child.role == Role::Worker);
    worker.map_or_else(String::new, |worker| worker.state.clone())
}

/// The worker's process, as the manager has it.
fn worker_pid(node: &Node) -> Option<u32> {
    let children = node.children();
    let worker = children.iter().find(|child| child.role == Role::Worker);
    worker.and_then(|worker| worker.pid)
}

fn wedge(node: &Node) {
    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    node.control(Role::Transport, &wedge).unwrap();
}

#[test]
fn and_leaves_it_when_a_person_says_so() {
    let node = node();
    for _ in 0..5 {
        let mut pid = None;
        // The waits between its starts grow to eight seconds here.
        wait_within(LONG, "the worker serves", || {
            pid = node.pid_of(Role::Worker);
            pid.is_some() && worker_state(&node) == "running"
        });
        signal(pid.unwrap(), "KILL");
        wait_for("the manager has seen it", || worker_pid(&node) != pid);
    }
    wait_within(LONG, "it runs in safe mode", || {
        worker_state(&node) == "safe mode"
    });
    wait_for("its event is there", || node.has_event("manager", 6023));
    let pid = node.pid_of(Role::Worker).unwrap();
    let line = read(format!("/proc/{pid}/cmdline").as_ref());
    assert!(line.contains("--minimum"), "{line}");
    wait_for("a person is told", || {
        read(&node.path("alerts.jsonl")).contains("runs in safe mode")
    });
    let status = node.ask(&["status"]);
    assert!(status.contains("safe mode"), "{status}");
    let health = String::from_utf8(node.command(&["health"]).stdout).unwrap();
    assert!(health.contains("Repair is held since"), "{health}");

    // A person is obeyed: what is switched off is not probed, and what is not watched in safe mode
    // can be switched off before it is watched again.
    let reason = ["--reason", "it may be what makes the worker fall"];
    for item in ["mailflow/Internet", "probe/beside"] {
        node.ask(&[&["health", "override", item][..], &reason].concat());
    }
    wait_for("mail flow is not probed", || {
        monitor(&node, "mailflow/Internet").0 == "disabled"
    });
    let (_, said) = node.refused(&[&["health", "override", "probe/besides"][..], &reason].concat());
    assert!(said.contains("nothing named"), "{said}");
    assert!(!node.has_event("worker", 4141), "both match something");
    node.ask(&["health", "override", "mailflow/Internet", "--on"]);
    wait_for("mail flow is probed again", || {
        monitor(&node, "mailflow/Internet").0 == "healthy"
    });

    // It still watches, and still tells; it repairs nothing.
    wedge(&node);
    wait_for("the repair is refused", || {
        let ledger = node.ask(&["health", "ledger"]);
        ledger.contains("repair is frozen: safe mode")
    });
    assert!(!node.greets(), "nothing was repaired");

    let said = node.ask(&["health", "thaw"]);
    assert!(said.contains("leaves safe mode"), "{said}");
    wait_for("the worker runs with everything again", || {
        worker_state(&node) == "running" && node.answers_anew(Role::Worker, pid)
    });
    let pid = node.pid_of(Role::Worker).unwrap();
    let line = read(format!("/proc/{pid}/cmdline").as_ref());
    assert!(!line.contains("--minimum"), "{line}");
    wait_for("their events are there", || {
        node.has_event("manager", 6024) && node.has_event("manager", 6026)
    });
    wait_within(LONG, "and the connector is repaired", || node.greets());
    wait_for("what was switched off meanwhile is off", || {
        monitor(&node, "probe/beside").0 == "disabled"
    });
    let health = String::from_utf8(node.command(&["health"]).stdout).unwrap();
    assert!(!health.contains("Repair is held"), "{health}");
}

#[test]
fn and_a_person_may_freeze_repair() {
    let mut node = node();
    let said = node.ask(&["health", "freeze", "--reason", "moving disks"]);
    assert!(said.contains("until `mailward health thaw`"), "{said}");
    assert!(said.contains("repair: held unset → frozen by "), "{said}");
    wedge(&node);
    wait_for("the repair is refused", || {
        let ledger = node.ask(&["health", "ledger"]);
        ledger.contains("repair is frozen: frozen by") && ledger.contains("moving disks")
    });
    assert!(!node.greets(), "nothing was repaired");
    let status = node.ask(&["status"]);
    assert!(status.contains("wedged on purpose"), "{status}");
    // A process that dies is started again all the same.
    let pid = node.pid_of(Role::Transport).unwrap();
    signal(pid, "KILL");
    wait_for("a new transport serves", || {
        node.answers_anew(Role::Transport, pid) && node.greets()
    });
    node.stop();
    node.serve();
    let status = node.ask(&["status"]);
    assert!(status.contains("moving disks"), "it holds still: {status}");
    let said = node.ask(&["health", "thaw"]);
    assert!(said.contains("moving disks → unset"), "{said}");
    let again = node.json(&["health", "thaw"]);
    assert_eq!(again["text"], "Nothing was held.");
    assert_eq!(again["changes"], serde_json::Value::Null, "{again}");
    wedge(&node);
    wait_within(LONG, "it is repaired", || node.greets());
}
