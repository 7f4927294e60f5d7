//! Mail that waits too long is told to a person, by a limit of the settings or of an override, and
//! nothing is restarted for it: the next hop is elsewhere.

use crate::{
    outside::Sink,
    probes::{is_bad, is_healthy, monitor, raised},
    repairs::{QUICK, tell},
    support::{Node, free_port, objects, wait_for},
};

#[test]
fn where_the_oldest_message_is_too_old() {
    let next_hop = free_port();
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("alerts.jsonl");
    let mut node = Node::prepare_in(folder, |port| {
        let away = format!(
            "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
             \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{next_hop}\"]\n\
             \n[transport_settings]\nretry_schedule = [\"1s\"]\n\
             \n[[alert_channel]]\nname = \"file\"\ntarget = {{ file = {told:?} }}\n"
        );
        objects(port) + &away + QUICK + "probation = \"1s\"\n"
    });
    node.serve();
    wait_for("the queue is well", || {
        ["queue/depth", "queue/age", "queue/growth"]
            .iter()
            .all(|name| is_healthy(&node, name))
    });
    let reply = {
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        talk.message(
            "info@example.test",
            &["x@relay.test"],
            b"Subject: waits\r\n\r\nx",
        )
    };
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("it waits", || node.queued() == 1);
    let (_, because) = monitor(&node, "queue/age");
    assert!(
        !because.contains("above"),
        "four hours are allowed: {because}"
    );

    node.ask(&[
        "health",
        "override",
        "add",
        "queue/age",
        "limit=3000",
        "for=2s",
        "--for",
        "1h",
        "--reason",
        "mail to relay.test is urgent",
    ]);
    wait_for("it is too old", || is_bad(&node, "queue/age"));
    wait_for("a person is told", || !raised(&told, "backlog").is_empty());
    let alert = raised(&told, "backlog").remove(0).to_string();
    assert!(alert.contains("queue/age"), "{alert}");

    let sink = Sink::listen(next_hop);
    wait_for("it is delivered", || sink.messages().len() == 1);
    wait_for("the queue is well again", || !is_bad(&node, "queue/age"));
    let ledger = node.json(&["health", "ledger", "--limit", "1000"]);
    let acts = ledger["entries"].as_array().unwrap();
    let own = acts.iter().filter(|entry| {
        entry["record"] == "intent"
            && (entry["component"] == "backlog" || entry["component"] == "queue")
    });
    if own.clone().count() > 0 {
        tell(&node);
    }
    assert_eq!(own.count(), 0, "{ledger:#}");
}
