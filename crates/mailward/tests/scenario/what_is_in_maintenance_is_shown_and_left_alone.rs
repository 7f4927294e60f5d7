//! A connector under maintenance that fails is judged and shown as it is; nothing is done for it and
//! nobody is told, until the maintenance ends.

use std::time::{Duration, Instant};

use crate::{
    probes::{is_bad, is_healthy},
    repairs::{QUICK, entries, while_wedged},
    support::{Node, objects, read, text, wait_for, wait_within},
};

const LONG: Duration = Duration::from_secs(90);

#[test]
fn and_repaired_when_that_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.jsonl");
    let channel = format!(
        "\n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {file:?} }}\ngroup_wait = \"0s\"\n"
    );
    let settings = "restart_process_after = \"10m\"\noffline_after = \"1h\"\nprobation = \"1s\"\n";
    let mut node = Node::prepare_in(folder, |port| objects(port) + &channel + QUICK + settings);
    node.serve();
    let door = "connector/Internet";
    wait_for("all is well", || is_healthy(&node, door));

    node.ask(&[
        "health",
        "maintenance",
        "receive/Internet",
        "--for",
        "1h",
        "--reason",
        "a new firewall",
    ]);
    let of_the_connector = |record: &str| {
        let all = entries(&node, record, "restart_component");
        all.iter()
            .filter(|one| one["component"] == "receive/Internet")
            .count()
    };
    while_wedged(&node, || {
        wait_within(LONG, "the trouble is confirmed", || is_bad(&node, door));
        // The restart would have come a second after the first bad result.
        let seen = Instant::now();
        wait_within(LONG, "it is judged on and on", || {
            assert!(is_bad(&node, door));
            seen.elapsed() > Duration::from_secs(6)
        });
        // It is not well, which the exit code says.
        let report = text(&node.command(&["health", "report"]));
        assert!(report.contains("maintenance: override"), "{report}");
        assert!(report.contains("a new firewall"), "{report}");
        let told = node.ask(&["health", "explain", "receive/Internet"]);
        assert!(
            told.contains("nothing is repaired and nobody is told"),
            "{told}"
        );
        assert_eq!(
            (of_the_connector("intent"), of_the_connector("denied")),
            (0, 0)
        );
        let alerts = read(&node.path("alerts.jsonl"));
        assert!(!alerts.contains("receive/Internet"), "{alerts}");

        node.ask(&["health", "maintenance", "receive/Internet", "--off"]);
        let audit = node.json(&["audit", "list", "--operation", "health maintenance"]);
        let change = |at: usize| &audit["records"][at]["changes"][0];
        assert!(
            change(0)["before"].is_null() && change(1)["after"].is_null(),
            "{audit}"
        );
        assert_eq!(change(0)["after"], change(1)["before"], "{audit}");
        wait_within(LONG, "it is repaired as ever", || {
            of_the_connector("intent") == 1
        });
    });
    node.wait_for_events(&["MonitorOverlayChanged", "RepairStarted"]);
}
