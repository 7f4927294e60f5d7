//! Exchange's names run the same operations outside of the shell too, with Exchange's columns.

use crate::{
    probes::is_healthy,
    support::{Node, objects, text, wait_for},
};

#[test]
fn with_its_columns_and_parameters() {
    let node = Node::start(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n"
    });
    wait_for("all is well", || {
        is_healthy(&node, "connector/Internet") && is_healthy(&node, "mailflow/Internet")
    });
    let all = node.ask(&["Get-ServerHealth"]);
    let mut lines = all.lines();
    let columns: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(
        columns,
        [
            "Server",
            "State",
            "Name",
            "TargetResource",
            "HealthSetName",
            "AlertValue",
            "ServerComponent"
        ]
    );
    let row = lines.find(|line| line.contains(" connector ")).unwrap();
    let row: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        row,
        [
            "mail.example.test",
            "Online",
            "connector",
            "Internet",
            "Receive",
            "Healthy",
            "FrontendTransport"
        ]
    );

    let some = node.ask(&["get-serverhealth", "-healthset", "receive"]);
    assert!(
        some.contains("Receive") && !some.contains("MailFlow"),
        "{some}"
    );
    let monitors = node.json(&["Get-ServerHealth", "-H", "Receive"]);
    let monitors = match monitors {
        serde_json::Value::Array(several) => several,
        one => vec![one],
    };
    assert!(
        monitors.iter().all(|one| one["HealthSetName"] == "Receive"),
        "{monitors:?}"
    );
    let report = node.ask(&["Get-HealthReport", "mail.example.test"]);
    let columns: Vec<&str> = report.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        columns,
        [
            "Server",
            "State",
            "HealthSet",
            "AlertValue",
            "LastTransitionTime",
            "MonitorCount"
        ]
    );
    assert!(report.contains("NotApplicable"), "{report}");

    // A probe message now, and how long it took.
    let sent = node.json(&["Test-Mailflow"]);
    assert_eq!(sent["TestMailflowResult"], "Success", "{sent}");
    let latency = sent["MessageLatencyTime"].as_str().unwrap();
    assert!(latency.starts_with("00:00:"), "{latency}");
    let said = node.ask(&["health", "mailflow", "Internet"]);
    assert!(
        said.contains("arrived") && said.contains("Internet"),
        "{said}"
    );
    let rolled = node.json(&["health", "rollup", "Receive"]);
    assert_eq!(
        (&rolled["members"], &rolled["state"]),
        (&1.into(), &"healthy".into())
    );
    let items = node.ask(&["health", "items", "mailflow"]);
    assert!(
        items.contains("mailflow/Internet") && items.contains("probe"),
        "{items}"
    );

    let hidden = node.ask(&["Get-Mailbox", "-Monitor"]);
    assert!(hidden.contains("mailward-health.invalid"), "{hidden}");
    let people = node.ask(&["Get-Mailbox"]);
    assert!(
        people.contains("info") && !people.contains("mailward-health.invalid"),
        "{people}"
    );

    // Drained, the components are offline.
    node.ask(&["drain"]);
    let audit = node.json(&["audit", "list", "--operation", "drain"]);
    let change = &audit["records"][0]["changes"][0];
    assert_eq!(
        change["subject"], "ServerWideOffline for Maintenance",
        "{audit}"
    );
    assert_eq!(change["before"], serde_json::Value::Null, "{audit}");
    let after = change["after"].as_str().unwrap();
    assert!(after.starts_with("draining until "), "{after}");
    wait_for("they are told to be offline", || {
        node.ask(&["Get-HealthReport"]).contains("Offline")
    });

    for (words, expect) in [
        (&["Get-ServerHelth"][..], "did you mean Get-ServerHealth?"),
        (
            &["Get-ServerHealth", "-Colour", "x"],
            "it has -Identity, -HealthSet",
        ),
    ] {
        let (code, said) = node.refused(words);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(expect), "{said}");
    }
    let (code, said) = node.refused(&["Get-ServerHealth", "other.example.test"]);
    assert_eq!(code, 1, "{said}");
    let (_, said) = node.refused(&["Get-ServerHealth", "-HealthSet", "Recieve"]);
    assert!(said.contains("did you mean Receive?"), "{said}");
    let help = node.command(&["health", "report", "--help"]);
    assert!(text(&help).contains("Get-ServerHealth [[-Identity] <Text>] [-HealthSet <Text>]"));
}
