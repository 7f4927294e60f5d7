//! Health notices and repairs a wedged connector, and can tell the whole story; its own mail stays
//! out of sight.

use std::time::Duration;

use mailward_api::control::{ControlRequest, Role};

use crate::support::{Node, objects, wait_for, wait_within};

/// A repair and its probation, on a busy machine.
const LONG: Duration = Duration::from_secs(90);

/// A node with probes in seconds.
fn node() -> Node {
    Node::start(|port| {
        objects(port)
            + "\n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\n\
               restart_component_after = \"2s\"\nrestart_process_after = \"2m\"\noffline_after = \"5m\"\nprobation = \"3s\"\n"
    })
}

/// The state of a health set.
fn set_state(node: &Node, set: &str) -> String {
    let output = node.command(&["health", "report", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let sets = report["sets"].as_array().cloned().unwrap_or_default();
    let found = sets.iter().find(|one| one["set"] == set);
    found.map_or_else(String::new, |one| one["state"].as_str().unwrap().to_owned())
}

#[test]
fn and_tells_what_it_did() {
    let node = node();
    wait_for("all is well", || {
        set_state(&node, "Receive") == "healthy" && set_state(&node, "MailFlow") == "healthy"
    });
    let well = node.ask(&["health"]);
    assert!(well.contains("healthy"), "{well}");
    let transport = node.role_pid("transport");

    let wedge = ControlRequest::Wedge {
        connector: "Internet".to_owned(),
    };
    node.control(Role::Transport, &wedge).unwrap();
    // How long it stays silent is the repair's to say: it may be over before anybody looks.
    let mut case = String::new();
    wait_within(LONG, "the outcome is in the ledger", || {
        let ledger = node.json(&["health", "ledger"]);
        let entries = ledger["entries"].as_array().unwrap();
        let outcome = entries
            .iter()
            .find(|entry| entry["record"] == "outcome" && entry["component"] == "receive/Internet");
        case = outcome.map_or_else(String::new, |entry| {
            entry["case"].as_str().unwrap().to_owned()
        });
        !case.is_empty()
    });
    wait_for("it greets", || node.greets());
    assert_eq!(
        node.role_pid("transport"),
        transport,
        "the mildest stage was enough"
    );
    wait_within(LONG, "the case is closed after probation", || {
        node.json(&["explain", &case])["case"]["closed_unix_ms"].is_u64()
    });

    let view = &node.json(&["explain", &case])["case"];
    assert_eq!(view["component"], "receive/Internet", "{view}");
    assert_eq!(view["solved_by"]["act"], "restart_component", "{view}");
    assert!(view["samples"].as_array().unwrap().len() >= 2, "{view}");
    let took = |name: &str| view[name].as_u64().unwrap();
    assert!(
        took("detected_after_ms") <= took("repaired_after_ms"),
        "{view}"
    );
    let told = node.ask(&["explain", &case]);
    for word in [
        "receive/Internet",
        "restart the component",
        "failures in a row",
        "granted",
        "closed",
    ] {
        assert!(told.contains(word), "{word:?} is missing: {told}");
    }
    // What a person knows of it stands with the rest, and is no less there than the ledger.
    let noted = node.ask(&["health", "note", &case, "the switch was replaced meanwhile"]);
    assert!(noted.contains("mailward explain"), "{noted}");
    assert!(noted.contains("note unset → the switch was"), "{noted}");
    let told = node.ask(&["explain", &case]);
    assert!(told.contains("the switch was replaced meanwhile"), "{told}");
    let steps = node.json(&["explain", &case])["case"]["steps"].clone();
    let is_note = |step: &&serde_json::Value| step["step"] == "note";
    let note = steps
        .as_array()
        .unwrap()
        .iter()
        .find(is_note)
        .unwrap()
        .clone();
    let text = note["text"].as_str().unwrap();
    assert!(
        text.ends_with(": the switch was replaced meanwhile"),
        "{text}"
    );
    assert!(!text.starts_with(':'), "who wrote it is told: {text}");
    let (code, said) = node.refused(&["health", "note", "case-that-never-was", "x"]);
    assert_eq!(code, 1, "{said}");
    node.wait_for_events(&["CaseNoted"]);
    let history = node.ask(&["health", "history"]);
    assert!(history.contains("connector/Internet"), "{history}");
    wait_for("all is well again", || {
        set_state(&node, "Receive") == "healthy"
    });
    let report = node.ask(&["health", "report"]);
    for word in [
        "Receive",
        "MailFlow",
        "Transport",
        "Queue",
        "connector/Internet",
    ] {
        assert!(report.contains(word), "{word} is missing: {report}");
    }
    node.wait_for_events(&[
        "ConnectorWedged",
        "CaseOpened",
        "RepairStarted",
        "RepairSucceeded",
        "CaseClosed",
    ]);
    let events = node.ask(&["event", "list"]);
    assert!(!events.contains(" with 0 objects"), "{events}");
    let (code, said) = node.refused(&["explain", "case-that-never-was"]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn and_its_own_mail_stays_out_of_sight() {
    let node = node();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "a@example.net",
        &["info@example.test"],
        b"Subject: real\r\n\r\nx",
    );
    let id = reply.split_whitespace().last().unwrap().to_owned();
    wait_for("probes were sent through the mail flow", || {
        set_state(&node, "MailFlow") == "healthy"
            && node
                .ask(&["trace", "--probes"])
                .contains("mailward-health.invalid")
    });
    wait_for("the message is journaled", || {
        node.mailbox("journal").len() == 1
    });
    wait_for("the trace is written", || {
        node.ask(&["trace"]).contains(&id)
    });
    let trace = node.ask(&["trace"]);
    assert!(!trace.contains("mailward-health.invalid"), "{trace}");
    let journal = String::from_utf8(node.mailbox("journal").remove(0)).unwrap();
    assert!(journal.contains("info@example.test"), "{journal}");

    let mailboxes = node.ask(&["mailbox", "list"]);
    assert!(
        mailboxes.contains("info") && !mailboxes.contains("mailward-health.invalid"),
        "{mailboxes}"
    );
    let monitoring = node.ask(&["mailbox", "list", "--monitoring"]);
    assert!(
        monitoring.contains("mailward-health.invalid"),
        "{monitoring}"
    );
    let exported = node.ask(&["export"]);
    let plan = node.path("same.toml");
    std::fs::write(&plan, exported).unwrap();
    let said = node.ask(&["plan", plan.to_str().unwrap()]);
    assert!(
        !said.contains("mailward-health.invalid"),
        "applying an export takes no health mailbox away: {said}"
    );

    // A stranger who knows the address gets nowhere with it.
    let output = node.ask(&["mailbox", "list", "--monitoring", "--json"]);
    let address = output
        .split('"')
        .find(|word| word.contains("@mailward-health.invalid"))
        .unwrap()
        .to_owned();
    let reply = talk.message(
        "a@example.net",
        &[&address],
        b"Subject: forged\r\nX-Mailward-Probe: v1; path=Internet; node=mail.example.test; slot=1; expires=99999999999; sig=00\r\n\r\nx",
    );
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
}
