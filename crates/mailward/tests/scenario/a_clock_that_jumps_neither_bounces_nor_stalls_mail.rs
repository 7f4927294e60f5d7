//! A clock that jumps neither bounces nor stalls mail: not a day ahead, not a day back. The ledger of
//! journal reports closes the day that is over with a signed root, and stays one chain.
//!
//! All roles run under libfaketime, which shifts what they take for the time of day while the
//! monotonic clock runs on. Without the library the test says so and ends.

use crate::{
    faketime::{Clock, library},
    outside::Sink,
    support::{Node, objects, wait_for},
};

fn attempts(node: &Node, id: &str) -> u64 {
    let show = node.json(&["queue", "show", id]);
    let deliveries = show["deliveries"].as_array().unwrap();
    let away = deliveries
        .iter()
        .find(|d| d["next_hop"] == "connector/Away");
    away.unwrap()["attempts"].as_u64().unwrap()
}

#[test]
fn while_mail_waits_for_its_next_try() {
    let Some(library) = library() else {
        return;
    };
    let next_hop = crate::support::free_port();
    let mut node = Node::prepare(|port| {
        objects(port)
            + &format!(
                "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
                 \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{next_hop}\"]\n\
                 \n[transport_settings]\nretry_schedule = [\"2s\"]\nmessage_expiration = \"2d\"\ndelay_notification = \"0s\"\n\
                 \n[health_settings]\nconnector_probe_interval = \"1s\"\nmailflow_probe_interval = \"2s\"\nrestart_component_after = \"2s\"\nrestart_process_after = \"4s\"\n"
            )
    });
    let clock = Clock::of(&node);
    node.serve_with(|command| clock.govern(command, &library, true));
    let roles = ["transport", "access", "worker"];
    wait_for("every role runs", || {
        roles.iter().all(|role| node.role_pid(role).is_some())
    });
    let before: Vec<_> = roles.iter().map(|role| node.role_pid(role)).collect();
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let reply = talk.message(
        "info@example.test",
        &["x@relay.test"],
        b"Subject: waits\r\n\r\nx",
    );
    let id = reply.split_whitespace().last().unwrap().to_owned();
    wait_for("it was tried", || attempts(&node, &id) >= 1);

    for (n, by) in ["+1d", "+0", "-1d", "+0"].into_iter().enumerate() {
        clock.shift(by);
        let tried = attempts(&node, &id);
        wait_for("tries go on after the jump", || {
            attempts(&node, &id) >= tried + 2
        });
        let mut talk = node.talk();
        talk.say("EHLO client.example.net");
        let reply = talk.message(
            "a@example.net",
            &["info@example.test"],
            b"Subject: new\r\n\r\nx",
        );
        assert!(reply.starts_with("250"), "after {by}: {reply}");
        wait_for("new mail passes", || node.mailbox("info").len() == n + 1);
        wait_for("it greets after the jump", || node.greets());
    }
    wait_for("the day that was over has its signed root", || {
        node.has_event("transport", 1025)
    });
    let verified = node.json(&["journal", "verify"]);
    assert!(verified["roots"].as_u64().unwrap() >= 1, "{verified}");
    assert_eq!(verified["problems"], serde_json::json!([]), "{verified}");
    let mail = node.mailbox("info");
    let bounced = mail
        .iter()
        .any(|mail| String::from_utf8_lossy(mail).contains("Return-Path: <>"));
    assert!(!bounced, "nothing was returned");
    let after: Vec<_> = roles.iter().map(|role| node.role_pid(role)).collect();
    assert_eq!(after, before, "a jump is no reason to restart anything");
    let ledger = node.json(&["health", "ledger"]);
    let acts = ledger["entries"].as_array().unwrap();
    assert!(
        acts.iter().all(|entry| {
            // A day ago the node's own certificate was not valid yet: the folder is read once more.
            entry["record"] != "intent" || entry["act"]["responder"] == "reload_certificate"
        }),
        "nor to repair anything: {ledger}"
    );

    let sink = Sink::listen(next_hop);
    wait_for("the waiting message is delivered", || {
        sink.messages().len() == 1
    });
    wait_for("the queue is empty", || node.queued() == 0);
}
