//! An act that the guard refuses is recorded with the guard's reasons, and a person is told: a budget
//! that is used up, a part that the failing one depends on.

use std::time::Duration;

use crate::{
    probes::is_healthy,
    repairs::{QUICK, case_of, entries, tell, while_wedged},
    support::{Node, objects, read, signal, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

fn node(settings: &str) -> Node {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.jsonl");
    let channel = format!(
        "\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\ngroup_wait = \"0s\"\n"
    );
    let mut node = Node::prepare_in(folder, |port| objects(port) + &channel + QUICK + settings);
    node.serve();
    wait_for("all is well", || is_healthy(&node, "connector/Internet"));
    node
}

/// The alerts that were told about a case.
fn alerts(node: &Node, case: &str) -> Vec<serde_json::Value> {
    let lines = read(&node.path("alerts.jsonl"));
    // The last line may be on its way.
    let documents = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    documents.filter(|one| one["case"] == case).collect()
}

#[test]
fn because_its_budget_is_used_up() {
    let node = node(
        "restart_process_after = \"2s\"\noffline_after = \"1h\"\nmax_process_restarts_per_hour = 0\n",
    );
    let transport = node.role_pid("transport");
    while_wedged(&node, || {
        wait_within(LONG, "the restart of the process is refused", || {
            !entries(&node, "denied", "restart_process").is_empty()
        });
        let denied = entries(&node, "denied", "restart_process").remove(0);
        let reasons = denied["reasons"].to_string();
        assert!(
            reasons.contains("budget: 0 of 0 per hour are used up"),
            "{denied:#}"
        );
        let case = case_of(&denied);
        wait_for("a person is told, with the reason", || {
            let alerts = alerts(&node, &case);
            alerts
                .iter()
                .any(|one| one["text"].as_str().unwrap().contains("budget: 0 of 0"))
        });
        let alert = alerts(&node, &case).remove(0);
        assert_eq!(alert["kind"], "needs_person", "{alert:#}");
        assert_eq!(alert["component"], "receive/Internet", "{alert:#}");
        let explain = alert["explain"].as_str().unwrap();
        assert_eq!(explain, format!("mailward explain {case}"));
        let told = node.ask(&["explain", &case]);
        assert!(
            told.contains("an act was refused: budget: 0 of 0 per hour are used up"),
            "{told}"
        );
        node.wait_for_events(&["RepairRefused"]);
    });
    assert_eq!(node.role_pid("transport"), transport, "nothing was done");
    // The stage before it was within its budget.
    assert_eq!(entries(&node, "intent", "restart_component").len(), 1);
}

#[test]
fn because_what_it_depends_on_is_bad_itself() {
    // The supervision is patient here, so that what hangs is the worker's to notice.
    let node = node(
        "restart_process_after = \"30s\"\noffline_after = \"1h\"\nprobation = \"1s\"\n\
         heartbeat_timeout = \"10m\"\n",
    );
    node.ask(&["health-settings", "set", "restart-component-after=10s"]);
    let transport = node.role_pid("transport").unwrap();
    signal(transport, "STOP");
    let waited = std::panic::catch_unwind(|| {
        wait_within(LONG, "the restart of the connector is refused", || {
            let denied = entries(&node, "denied", "restart_component");
            denied.iter().any(|one| {
                one["component"] == "receive/Internet"
                    && one["reasons"]
                        .to_string()
                        .contains("dependencies: it depends on transport, which is bad itself")
            })
        });
        wait_within(LONG, "only what it depends on is repaired", || {
            let restarts = entries(&node, "intent", "restart_process");
            restarts.iter().any(|one| one["component"] == "transport")
        });
        wait_within(LONG, "and with it the connector is well", || {
            node.role_pid("transport") != Some(transport) && is_healthy(&node, "connector/Internet")
        });
    });
    if let Err(failed) = waited {
        tell(&node);
        std::panic::resume_unwind(failed);
    }
    let of_the_connector = |act: &str| {
        let all = entries(&node, "intent", act);
        all.iter()
            .filter(|one| one["component"] == "receive/Internet")
            .count()
    };
    assert_eq!(of_the_connector("restart_process"), 0);
    assert_eq!(of_the_connector("offline"), 0);
}
