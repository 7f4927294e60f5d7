//! A hold of somebody else ends by force, with a reason, and that is audited. One of managed
//! availability whose case nobody knows ends by itself; those of people stay.

use std::time::Duration;

use mailward_api::{
    control::{ControlRequest, Role},
    view::{Hold, Requester, Wanted},
};

use crate::support::{Node, objects, text, wait_for, wait_within};

/// Who holds the connector, on whose behalf.
fn holders(node: &Node) -> Vec<String> {
    let list = node.json(&["health", "holds"]);
    let holds = list["holds"].as_array().unwrap();
    let requester = |hold: &serde_json::Value| hold["requester"].as_str().unwrap().to_owned();
    holds.iter().map(requester).collect()
}

/// The fields of the newest event of a name, once it is stored.
fn fields(node: &Node, name: &str) -> serde_json::Value {
    let mut found = serde_json::Value::Null;
    wait_for(&format!("the event {name} is stored"), || {
        let list = node.json(&["event", "list", "--event", name]);
        let newest = list["events"].as_array().unwrap().first().cloned();
        found = newest.unwrap_or_default();
        !found.is_null()
    });
    found["fields"].clone()
}

#[test]
fn a_person_ends_what_a_deployment_holds() {
    let node = Node::start(objects);
    node.ask(&[
        "health",
        "hold",
        "receive/Internet",
        "--requester",
        "Deployment",
        "--reason",
        "release 7 is rolled out",
    ]);
    wait_for("the connector rests", || !node.greets());

    let release = ["health", "release", "receive/Internet"];
    let (code, said) = node.refused(&release);
    assert!(
        code == 1 && said.contains("not held for Maintenance"),
        "only its requester releases it: {code} {said}"
    );
    let (_, said) = node.refused(&[&release[..], &["--force"]].concat());
    assert!(said.contains("--reason"), "{said}");
    assert_eq!(holders(&node), ["Deployment"]);
    // It stands where people and monitoring systems look.
    for words in [&["health"][..], &["health", "report"]] {
        let said = text(&node.command(words));
        let line = "receive/Internet is out of service for Deployment by ";
        assert!(said.contains(line) && said.contains("release 7"), "{said}");
    }
    let series = "mailward_hold_since_timestamp_seconds{component=\"receive/Internet\",\
        requester=\"Deployment\",wanted=\"inactive\"}";
    wait_for("the metrics have it", || {
        let (_, metrics) = node.page("/metrics");
        metrics.contains(series) && metrics.contains("mailward_holds{requester=\"Deployment\"} 1")
    });

    let reason = "the roll-out stands still and its owner is away";
    let said = node.ask(&[&release[..], &["--force", "--reason", reason]].concat());
    let was = "receive/Internet for Deployment: hold inactive until ";
    assert!(
        said.contains(was) && said.contains("rolled out → unset"),
        "{said}"
    );
    assert!(holders(&node).is_empty());
    wait_for("it serves again", || node.greets());
    let forced = fields(&node, "HoldForced");
    assert_eq!(forced["component"], "receive/Internet", "{forced}");
    assert_eq!(forced["requester"], "Deployment", "{forced}");
    assert_eq!(forced["reason"], reason, "{forced}");
    assert!(!forced["by"].as_str().unwrap().is_empty(), "{forced}");
    let audited = || node.ask(&["event", "list", "--event", "AdministratorActed"]);
    wait_for("the act is audited", || {
        audited().contains("health release --force")
    });
    let ledger = node.ask(&["health", "ledger"]);
    assert!(
        ledger.contains("released what Deployment held") && ledger.contains(reason),
        "{ledger}"
    );
}

#[test]
fn and_what_no_case_would_end_ends_by_itself() {
    let node = Node::start(objects);
    // As the manager sets it for a case, whose worker never heard that it was granted.
    let hold = |requester, case: Option<&str>| {
        ControlRequest::Hold(Hold {
            component: "receive/Internet".to_owned(),
            requester,
            wanted: Wanted::Inactive,
            owner: "somebody".to_owned(),
            reason: "nothing else helped".to_owned(),
            since_unix_ms: 1,
            expires_unix_ms: None,
            case: case.map(str::to_owned),
            cause: None,
        })
    };
    for hold in [
        hold(Requester::Sidelined, None),
        hold(Requester::HealthApi, Some("case-lost")),
    ] {
        node.control(Role::Manager, &hold).unwrap();
    }
    let limit = Duration::from_secs(60);
    wait_within(limit, "the lost one is ended, the other stays", || {
        holders(&node) == ["Sidelined"]
    });
    let ended = fields(&node, "HoldReleased");
    assert_eq!(ended["requester"], "HealthAPI", "{ended}");
    assert_eq!(ended["reason"], "its case case-lost is not open", "{ended}");
    let release = ["health", "release", "receive/Internet"];
    node.ask(&[&release[..], &["--requester", "Sidelined"]].concat());
    wait_for("it serves again", || node.greets());
}
