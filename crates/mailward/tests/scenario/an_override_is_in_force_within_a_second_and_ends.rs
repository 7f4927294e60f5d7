//! An override of any property is in force within a second, explained, kept by export and apply,
//! and gone when its time is over.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    probes::property,
    support::{Node, objects, wait_for, wait_within},
};

/// A second is what is promised, and the time it took is printed; the question itself may take longer
/// than that where the machine is busy with something else.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn and_is_kept_while_it_lasts() {
    let node = Node::start(objects);
    let (item, subject) = ("connector/Internet", "probe connector/Internet");
    wait_for("the connector is watched", || {
        property(&node, item, subject, "interval").0 == "20s"
    });

    node.ask(&[
        "health",
        "override",
        "add",
        "CONNECTOR/internet",
        "interval=7s",
        "bad=5",
        "--for",
        "1h",
        "--reason",
        "a slow link",
    ]);
    let began = Instant::now();
    wait_within(SOON, "the override is in force", || {
        property(&node, item, subject, "interval").0 == "7s"
    });
    println!("in force, as explain shows it, after {:?}", began.elapsed());
    let (_, origin) = property(&node, item, subject, "interval");
    assert!(origin.contains("a slow link"), "{origin}");
    let told = node.ask(&["health", "explain", item]);
    for word in [
        "bad after 5 failures in a row",
        "built in",
        "a slow link",
        "restart_process.settle",
        "restart_component.per_hour",
        "shadow",
    ] {
        assert!(told.contains(word), "{word} is missing: {told}");
    }

    // A limit of a stage, in Exchange's spelling.
    node.ask(&[
        "Add-ServerMonitoringOverride",
        "-Identity",
        "receive\\receive/internet",
        "-PropertyName",
        "restart_component.per_hour",
        "-PropertyValue",
        "2",
        "-Reason",
        "a slow disk",
    ]);
    let component = "component receive/Internet";
    wait_within(Duration::from_secs(1), "the limit is in force", || {
        property(
            &node,
            "receive/Internet",
            component,
            "restart_component.per_hour",
        )
        .0 == "2"
    });

    // The ledger shows the limit that counts, and by whose word.
    let budgets = || {
        let ledger = node.json(&["health", "ledger"]);
        ledger["budgets"].as_array().cloned().unwrap_or_default()
    };
    let of = |component: Value| {
        let mut rows = budgets().into_iter();
        rows.find(|row| row["act"] == "restart_component" && row["component"] == component)
    };
    wait_within(SOON, "the guard counts by it", || {
        of("receive/Internet".into()).is_some_and(|row| row["per_hour"] == 2)
    });
    let origin = of("receive/Internet".into()).unwrap()["origin"].to_string();
    assert!(origin.contains("a slow disk"), "{origin}");
    let others = of(Value::Null).unwrap();
    assert_eq!(
        (&others["per_hour"], &others["origin"]),
        (&4.into(), &"built in".into())
    );
    let told = node.ask(&["health", "ledger"]);
    assert!(told.contains("0 of 2") && told.contains("0 of 4"), "{told}");

    // What matches nothing is refused, with what would match.
    let (_, said) = node.refused(&[
        "health",
        "override",
        "add",
        "connector/Internett",
        "bad=2",
        "--reason",
        "x",
    ]);
    assert!(said.contains("did you mean connector/Internet?"), "{said}");
    let (_, said) = node.refused(&["health", "override", "add", item, "bad=99", "--reason", "x"]);
    assert!(said.contains("from 1 to 64"), "{said}");
    let (_, said) = node.refused(&["health", "override", "add", item, "bads=2", "--reason", "x"]);
    assert!(said.contains("did you mean bad?"), "{said}");

    // For one run alone: nothing listens so fast, and the monitor does not hear of it.
    let once = node.json(&[
        "health",
        "probe",
        "run",
        item,
        "--set",
        "slow_after=1ms",
        "--set",
        "timeout=3s",
    ]);
    assert!(
        ["pass", "slow"].contains(&once["verdict"].as_str().unwrap()),
        "{once}"
    );
    let (_, said) = node.refused(&["health", "probe", "run", item, "--set", "bad=2"]);
    assert!(
        said.contains("it has interval, timeout, slow_after"),
        "{said}"
    );

    // It is an object: exported, and nothing changes where the export is applied again.
    let text = node.ask(&["export"]);
    assert!(text.contains("[[monitoring_override]]"), "{text}");
    let file = node.path("again.toml");
    std::fs::write(&file, &text).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let plan = node.json(&["plan", &file]);
    assert_eq!(plan["effects"].as_array().unwrap().len(), 0, "{plan}");
    node.ask(&["apply", &file, "--yes"]);
    assert_eq!(property(&node, item, subject, "interval").0, "7s");

    let list = node.json(&["health", "override", "list"]);
    let names: Vec<String> = list["overrides"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["in_force"], true, "{one}");
            one["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names.len(), 3, "{list}");
    for name in names {
        node.ask(&["health", "override", "remove", &name]);
    }
    wait_within(SOON, "the override is out of force", || {
        property(&node, item, subject, "interval") == ("20s".to_owned(), "built in".to_owned())
    });
}

#[test]
fn and_is_over_when_its_time_is() {
    let node = Node::start(objects);
    wait_for("the disk is watched", || {
        property(&node, "disk", "monitor disk", "bad").0 == "2"
    });
    node.ask(&[
        "health",
        "maintenance",
        "disk",
        "--for",
        "20s",
        "--reason",
        "a new array",
    ]);
    let held = |node: &Node| property(node, "disk", "monitor disk", "maintenance").0 == "true";
    wait_within(SOON, "the disk is in maintenance", || held(&node));
    let report = node.ask(&["health", "report"]);
    assert!(report.contains("maintenance: override"), "{report}");
    wait_within(
        Duration::from_secs(60),
        "it has ended and was removed",
        || {
            let list = node.json(&["health", "override", "list"]);
            !held(&node) && list["overrides"].as_array().is_some_and(Vec::is_empty)
        },
    );
    let history = node.ask(&["health", "history"]);
    assert!(history.contains("maintenance"), "{history}");
    node.wait_for_events(&["OverrideEnded", "MonitorOverlayChanged"]);
    node.ask(&[
        "health", "override", "disk", "--for", "1h", "--reason", "work",
    ]);
    wait_within(SOON, "the disk is switched off", || {
        property(&node, "disk", "monitor disk", "enabled").0 == "false"
    });
    node.ask(&["health", "override", "disk", "--on"]);
    wait_within(SOON, "the disk is watched again", || {
        property(&node, "disk", "monitor disk", "enabled").0 == "true"
    });
}
