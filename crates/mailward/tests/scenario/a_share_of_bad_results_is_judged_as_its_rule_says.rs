//! Several ways of judging a real probe: so many of the last results, so much of what came within a
//! window, how slow most of them are, what does not come at all, what stands until the all-clear. Each
//! says its numbers.

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

fn report(node: &Node, probe: &str, result: &str) {
    let words = ["health", "report-result", probe, result];
    wait_for("the report is taken", || {
        node.command(&words).status.success()
    });
}

#[test]
fn by_what_does_not_come_and_by_what_stands() {
    let node = Node::start(objects);
    let object = |name: &str, policy: &str| {
        let policy = format!("policy.{policy}");
        let set = ["probe", "set", name, "target.report={}", &policy];
        node.ask(&[&set[..], &["health-set=Backup"]].concat());
    };
    object(
        "backup",
        "absence={\"expected_every\":\"2s\",\"grace\":\"1s\"}",
    );
    object("raid", "latch={\"expiry\":\"8s\"}");
    let (backup, raid) = ("probe/backup", "probe/raid");
    wait_for("no news is good news of a disk", || is_healthy(&node, raid));
    report(&node, "raid", "fail");
    wait_for("a bad report is enough", || is_bad(&node, raid));

    wait_for("a report that does not come is missed", || {
        is_bad(&node, backup)
    });
    let history = node.ask(&["health", "history"]);
    assert!(history.contains("one is expected every 2s"), "{history}");
    // Whoever looks is told when the last one came, and that is no report.
    report(&node, "backup", "pass");
    let view = node.json(&["health", "probe", "run", backup]);
    assert_eq!(view["verdict"], "skipped", "{view:#}");
    assert!(view["text"].to_string().contains("said well"), "{view:#}");
    wait_for("it is late again", || is_bad(&node, backup));

    // Nobody has said that the disk is well; the notice has become too old.
    wait_for("a notice expires", || !is_bad(&node, raid));
    report(&node, "raid", "fail");
    wait_for("a new one counts", || is_bad(&node, raid));
    report(&node, "raid", "pass");
    wait_for("until the all-clear", || !is_bad(&node, raid));

    let wrong = [
        "probe",
        "set",
        "port",
        "target.tcp={\"host\":\"::1\",\"port\":25}",
    ];
    let (_, said) = node.refused(&[&wrong[..], &["policy.latch={\"expiry\":\"1d\"}"]].concat());
    assert!(said.contains("latch is about what is reported"), "{said}");
}

#[test]
fn by_how_slow_most_of_them_are() {
    let node = Node::start(objects);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("slow");
    std::fs::write(&program, "#!/bin/sh\nsleep 0.2\necho fine '|' depth=7\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let object = |name: &str, policy: &str| {
        let target = format!("target.command={{\"command\":[{program:?}]}}");
        let policy = format!("policy.{policy}");
        let set = ["probe", "set", name, &target, &policy];
        let often = ["interval=1s", "timeout=900ms"];
        node.ask(&[&set[..], &often].concat());
    };
    object("slow", "latency={\"over\":\"100ms\",\"at_least\":3}");
    object("fast", "latency={\"over\":\"1h\",\"at_least\":3}");
    object(
        "deep",
        "threshold={\"measure\":\"depth\",\"above\":6,\"for\":\"2s\"}",
    );
    wait_for("most runs are too slow", || is_bad(&node, "probe/slow"));
    wait_for("what is measured is too much", || {
        is_bad(&node, "probe/deep")
    });
    assert!(is_healthy(&node, "probe/fast"));
    let history = node.ask(&["health", "history"]);
    for words in ["the limit is 100 ms", "it is 7, above 6"] {
        assert!(history.contains(words), "{words}: {history}");
    }
}
