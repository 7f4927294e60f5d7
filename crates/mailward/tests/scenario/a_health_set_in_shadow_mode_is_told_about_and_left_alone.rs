//! A health set in shadow mode: its whole ladder is recorded as what would have been done, a person
//! is told, and nothing is touched. What is in other sets is repaired all the same.

use std::time::Duration;

use mailward_api::control::{ControlRequest, DrillFault, Role};

use crate::{
    probes::is_healthy,
    repairs::{QUICK, case_of, entries, mend, tell, while_wedged},
    support::{Node, objects, read, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

fn node() -> Node {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.jsonl");
    let channel = format!(
        "\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\ngroup_wait = \"0s\"\n"
    );
    let mut node = Node::prepare_in(folder, |port| {
        objects(port)
            + &channel
            + QUICK
            + "restart_process_after = \"2s\"\noffline_after = \"4s\"\nprobation = \"1s\"\n\
               shadow_sets = [\"Receive\"]\n"
    });
    node.serve();
    node
}

#[test]
fn while_other_sets_are_repaired() {
    let node = node();
    wait_for("all is well", || {
        is_healthy(&node, "connector/Internet") && is_healthy(&node, "mailflow/Internet")
    });
    let roles = || ["transport", "access", "worker"].map(|role| node.role_pid(role).unwrap());
    let before = roles();
    let case = while_wedged(&node, || {
        for act in ["restart_component", "restart_process", "offline"] {
            wait_within(LONG, &format!("{act} would have been done"), || {
                !entries(&node, "shadow", act).is_empty()
            });
        }
        let case = case_of(&entries(&node, "shadow", "offline")[0]);
        wait_within(LONG, "a person is told", || {
            read(&node.path("alerts.jsonl")).contains(&case)
        });
        case
    });
    for act in ["restart_component", "restart_process", "offline"] {
        let shadow = entries(&node, "shadow", act);
        assert_eq!(shadow.len(), 1, "{shadow:#?}");
        assert_eq!(shadow[0]["component"], "receive/Internet", "{shadow:#?}");
        // Every check is told, so that one can see what would have been granted.
        let reasons = shadow[0]["reasons"].to_string();
        assert!(
            reasons.contains("Receive is in shadow mode") && reasons.contains("budget: "),
            "{reasons}"
        );
        assert!(entries(&node, "intent", act).is_empty(), "{act}");
    }
    assert!(!node.greets(), "nobody has repaired it");
    assert_eq!(roles(), before, "nothing was restarted");
    let holds = node.json(&["health", "holds"]);
    assert!(holds["holds"].as_array().unwrap().is_empty(), "{holds}");
    let told = node.ask(&["explain", &case]);
    assert!(
        told.contains("it would have been done") && !told.contains("granted"),
        "{told}"
    );

    mend(&node);
    wait_for("all is well again", || {
        is_healthy(&node, "connector/Internet") && is_healthy(&node, "mailflow/Internet")
    });
    let stuck = ControlRequest::InjectFault {
        fault: DrillFault::StuckDelivery,
        for_ms: 120_000,
    };
    node.control(Role::Transport, &stuck).unwrap();
    let repaired = std::panic::catch_unwind(|| {
        wait_within(LONG, "another set's component is restarted", || {
            let restarts = entries(&node, "intent", "restart_component");
            restarts.iter().any(|one| one["component"] == "deliver")
        });
    });
    if let Err(failed) = repaired {
        tell(&node);
        std::panic::resume_unwind(failed);
    }
}
