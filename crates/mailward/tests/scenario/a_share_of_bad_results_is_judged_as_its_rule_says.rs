//! Several ways of judging a real probe: so many of the last results, and so much of what came within
//! a window. Each says its numbers.

use std::time::Duration;

use mailward_api::control::{ControlRequest, Role, drill::DrillFault};

use crate::{
    probes::{is_bad, is_healthy, monitor},
    repairs::QUICK,
    support::{Node, objects, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

#[test]
fn by_how_many_of_the_last_ones() {
    let node = Node::start(objects);
    node.ask(&[
        "probe",
        "set",
        "sync",
        "target.report={\"expires\":\"1h\"}",
        "interval=10m",
        "failures=3",
        "among=5",
        "health-set=Directory",
    ]);
    let report = |result: &str| {
        let words = ["health", "report-result", "sync", result];
        wait_for("the report is taken", || {
            node.command(&words).status.success()
        });
    };
    let name = "probe/sync";
    report("pass");
    wait_for("it is well", || is_healthy(&node, name));
    for result in ["fail", "pass", "fail", "pass"] {
        report(result);
    }
    wait_for("two of five are a doubt", || {
        monitor(&node, name).0 == "suspect"
    });
    report("fail");
    wait_for("three of five are a trouble", || is_bad(&node, name));
    let history = node.ask(&["health", "history"]);
    assert!(
        history.contains("3 of the last 5 results were bad, the limit is 3"),
        "{history}"
    );
}

#[test]
fn by_the_share_within_a_window() {
    let node = Node::start(|port| objects(port) + QUICK);
    let flow = "mailflow/Internet";
    wait_for("mail flows", || is_healthy(&node, flow));
    let share = "mailflow/Internet/percent";
    node.ask(&[
        "health",
        "override",
        "add",
        share,
        "window=1m",
        "at_least=3",
        "bad_percent=20",
        "--reason",
        "a quick test",
    ]);
    // Delivery would be restarted, and mail would flow again.
    node.ask(&["health", "repairing", "deliver"]);
    wait_for("enough was seen", || is_healthy(&node, share));
    let stuck = ControlRequest::InjectFault {
        fault: DrillFault::StuckDelivery,
        for_ms: 60_000,
    };
    node.control(Role::Transport, &stuck).unwrap();
    wait_within(LONG, "a fifth of what came in a minute is bad", || {
        is_bad(&node, share)
    });
    let told = node.ask(&["health", "history"]);
    assert!(told.contains("in 1m were bad, the limit is 20 %"), "{told}");
    let explained = node.ask(&["health", "explain", share]);
    for word in ["bad_percent", "a quick test", "built in"] {
        assert!(explained.contains(word), "{word}: {explained}");
    }
    node.control(Role::Transport, &ControlRequest::EndFault)
        .unwrap();
}
