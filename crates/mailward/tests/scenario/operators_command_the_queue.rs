//! Operators command the queue: they see what waits and why, hold it, release it, try it, take it out,
//! write it to a file. What cannot be done is said, with what to do instead.

use serde_json::{Value, json};

use crate::{
    outside::Sink,
    support::{Node, objects, wait_for},
};

/// The delivery queue of these tests.
const AWAY: &str = "connector/Away";

/// A node that sends everything to a smart host where nobody listens yet, and by itself tries again
/// only after an hour.
fn node(next_hop: u16) -> Node {
    Node::start(|port| {
        objects(port)
            + &format!(
                "\n[[accepted_domain]]\nname = \"relay\"\ndomain = \"relay.test\"\ntype = \"external_relay\"\n\
                 \n[[send_connector]]\nname = \"Away\"\naddress_spaces = [\"*\"]\ntarget = \"smart_hosts\"\nsmart_hosts = [\"127.0.0.1:{next_hop}\"]\n\
                 \n[transport_settings]\nretry_schedule = [\"1h\"]\n"
            )
    })
}

/// Sends a message to `to`; its id.
fn send(node: &Node, from: &str, to: &str, subject: &str) -> String {
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    let text = format!("Subject: {subject}\r\n\r\nHello");
    let reply = talk.message(from, &[to], text.as_bytes());
    assert!(reply.starts_with("250 2.0.0"), "{reply}");
    reply.split_whitespace().last().unwrap().to_owned()
}

/// Waits until a message has failed once and waits for its next try.
fn wait_for_retry(node: &Node, id: &str) {
    wait_for("the first attempt has failed", || {
        node.json(&["queue", "show", id])["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .any(|delivery| delivery["state"] == "retry" && delivery["attempts"] == 1)
    });
}

#[test]
fn they_see_what_waits_and_why() {
    let node = node(crate::support::free_port());
    let id = send(&node, "info@example.test", "x@relay.test", "seen");
    wait_for_retry(&node, &id);

    let list = node.json(&["queue", "list"]);
    // The journal report may be on its way still.
    let queues = list["queues"]["queues"].as_array().unwrap();
    let queue = queues.iter().find(|queue| queue["next_hop"] == AWAY);
    let queue = queue.unwrap_or_else(|| panic!("{list}"));
    assert_eq!(queue["count"], 1);
    assert_eq!(queue["deferred"], 1);
    let why = queue["last_error"].as_str().unwrap().to_owned();
    assert!(why.contains("refused"), "{why}");
    let message = &list["messages"]["messages"][0];
    assert_eq!(message["id"], id.as_str());
    assert_eq!(message["to"][0], "x@relay.test");
    assert_eq!(message["state"], "retry");

    let said = node.ask(&["queue", "list"]);
    for word in [&id, AWAY, "info@example.test", "x@relay.test", "refused"] {
        assert!(said.contains(word), "{word} is missing: {said}");
    }
    let said = node.ask(&["queue", "show", &id]);
    for word in ["x@relay.test", "deferred", "1 attempt", "refused"] {
        assert!(said.contains(word), "{word} is missing: {said}");
    }
    let none = node.ask(&["queue", "list", "--from", "other@example.test"]);
    assert!(none.contains("No queued message fits"), "{none}");
    let fits = node.json(&["queue", "list", AWAY, "--to", "x@relay.test"]);
    assert_eq!(fits["messages"]["matching"], 1);
}

#[test]
fn they_hold_release_and_retry() {
    let port = crate::support::free_port();
    let node = node(port);
    let first = send(&node, "info@example.test", "x@relay.test", "first");
    let second = send(&node, "info@example.test", "y@relay.test", "second");
    wait_for_retry(&node, &first);
    wait_for_retry(&node, &second);

    let held = node.json(&["queue", "hold", &first]);
    assert_eq!(held["count"], 1, "{held}");
    assert_eq!(node.json(&["queue", "show", &first])["held"], true);
    let sink = Sink::listen(port);
    let said = node.ask(&["queue", "retry", AWAY]);
    assert!(said.contains(AWAY), "{said}");
    wait_for("what is not held is delivered", || {
        sink.messages().len() == 1
    });
    assert!(sink.messages()[0].contains("RCPT TO:<y@relay.test>"));
    wait_for("only the held message is left", || node.queued() == 1);

    let said = node.ask(&["queue", "release", &first]);
    assert!(said.contains("tried when its time comes"), "{said}");
    node.ask(&["queue", "retry", &first]);
    wait_for("the released message is delivered", || {
        sink.messages().len() == 2
    });
    wait_for("the queue is empty", || node.queued() == 0);
    assert!(node.ask(&["queue", "list"]).contains("The queue is empty"));
}

#[test]
fn they_hold_a_whole_next_hop() {
    let port = crate::support::free_port();
    let node = node(port);
    let id = send(&node, "info@example.test", "x@relay.test", "one");
    wait_for_retry(&node, &id);
    let held = node.json(&["queue", "hold", AWAY]);
    let change = |before: bool| json!([{ "subject": format!("queue {AWAY}"), "field": "held", "before": before, "after": !before }]);
    assert_eq!(held["changes"], change(false), "{held}");
    let again = node.json(&["queue", "hold", AWAY]);
    assert_eq!(again["changes"], json!(null), "it is held already: {again}");
    let list = node.json(&["queue", "list"]);
    let queue = &list["queues"]["queues"][0];
    assert_eq!(queue["held"], true, "{list}");
    let rate = |name: &str| queue[name].as_f64().unwrap();
    assert!(
        rate("incoming_rate") > 0.0 && rate("outgoing_rate") == 0.0,
        "{list}"
    );
    let grows = ["queue", "list", "--queue-filter", "Velocity -lt 0"];
    assert!(node.ask(&grows).contains(AWAY));
    let sink = Sink::listen(port);
    // What comes in while the next hop is held waits with the rest, without an attempt.
    let later = send(&node, "info@example.test", "y@relay.test", "two");
    node.ask(&["queue", "retry", AWAY]);
    // Mail for elsewhere passes meanwhile; when it has arrived, the held mail has had its chance.
    send(&node, "a@example.net", "info@example.test", "three");
    wait_for("mail for a mailbox passes", || {
        node.mailbox("info").len() == 1
    });
    let show = node.json(&["queue", "show", &later]);
    let delivery = show["deliveries"].as_array().unwrap();
    let away = delivery.iter().find(|d| d["next_hop"] == AWAY).unwrap();
    assert_eq!(away["attempts"], 0, "{show}");
    assert!(sink.messages().is_empty());
    let freed = node.json(&["queue", "release", AWAY]);
    assert_eq!(freed["changes"], change(true), "{freed}");
    wait_for("both are delivered", || sink.messages().len() == 2);
    // The audit log has what each act changed, as whoever did it told; what changed nothing has none.
    let audit = node.json(&["audit", "list", "--operation", "queue"]);
    let records = audit["records"].as_array().unwrap();
    let changes: Vec<&Value> = records.iter().map(|one| &one["changes"]).collect();
    assert_eq!(changes.len(), 4, "{audit}");
    assert_eq!((changes[0], changes[3]), (&change(false), &change(true)));
    assert_eq!(changes[1], &Value::Null, "{audit}");
    let waited = json!([{ "subject": format!("queue {AWAY}"), "field": "waiting", "before": 1, "after": 0 }]);
    assert_eq!(changes[2], &waited);
    assert!(node.ask(&["audit", "list"]).contains("held false → true"));
    wait_for("so has the event", || {
        let events = node.ask(&["event", "list", "--event", "AdministratorActed"]);
        events.contains(&format!("changed: queue {AWAY}: held true → false"))
    });
}

#[test]
fn they_send_what_waits_another_way() {
    let port = crate::support::free_port();
    let node = node(crate::support::free_port());
    let other = format!("smart_hosts=127.0.0.1:{port}");
    let words = ["send-connector", "set", "Other", "target=smart_hosts"];
    // It takes no mail by itself.
    let space = "address_spaces=other.invalid";
    node.ask(&[&words[..], &[&other, space]].concat());
    let first = send(&node, "info@example.test", "x@relay.test", "first");
    let held = send(&node, "info@example.test", "y@relay.test", "held");
    wait_for_retry(&node, &first);
    wait_for_retry(&node, &held);
    node.ask(&["queue", "hold", &held]);
    wait_for("transport knows the other way", || {
        let words = ["queue", "redirect", "--to", "Other", "--dry-run"];
        node.command(&words).status.success()
    });
    let (code, said) = node.refused(&["queue", "redirect", "--to", "Nowhere"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("send-connector list"), "{said}");
    let would = node.json(&["queue", "redirect", "--to", "Other", "--dry-run"]);
    assert_eq!(would["done"], json!([first]), "what is held stays: {would}");
    let (code, said) = node.refused(&["queue", "redirect", &held, "--to", "Other"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("release it first"), "{said}");

    let sink = Sink::listen(port);
    let host = format!("127.0.0.1:{port}");
    let moved = node.json(&["queue", "redirect", AWAY, "--to", &host]);
    assert_eq!(
        (&moved["count"], &moved["done"]),
        (&json!(1), &json!([first]))
    );
    let change = &moved["changes"][0];
    assert_eq!(
        (&change["before"], &change["after"]),
        (&json!(AWAY), &json!("connector/Other"))
    );
    wait_for("it is delivered there", || sink.messages().len() == 1);
    assert!(sink.messages()[0].contains("RCPT TO:<x@relay.test>"));
    wait_for("the held one is left", || node.queued() == 1);
    wait_for("the trace knows both ways", || {
        let trace = node.ask(&["trace", &first]);
        trace.contains("RESUBMIT") && trace.contains("SEND")
    });
    let audit = node.json(&["audit", "list", "--operation", "queue redirect"]);
    let record = audit["records"].as_array().unwrap().last().unwrap();
    assert_eq!(record["changes"], moved["changes"], "{audit}");
    // What went another way is not made twice.
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn they_remove_with_and_without_a_word_to_the_sender() {
    let node = node(crate::support::free_port());
    let silent = send(&node, "info@example.test", "x@relay.test", "silent");
    let told = send(&node, "info@example.test", "y@relay.test", "told");
    wait_for_retry(&node, &silent);
    wait_for_retry(&node, &told);
    let said = node.ask(&["queue", "remove", &silent]);
    assert!(said.contains("nobody is told"), "{said}");
    assert!(
        said.contains(&format!("message {silent}: state retry → removed")),
        "{said}"
    );
    let said = node.ask(&["queue", "remove", &told, "--notify"]);
    assert!(said.contains("its sender is told"), "{said}");
    wait_for("the bounce has come", || node.mailbox("info").len() == 1);
    let bounce = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    for word in [
        "Return-Path: <>",
        "Action: failed",
        "y@relay.test",
        "Removed from the queue",
    ] {
        assert!(bounce.contains(word), "{word} is missing: {bounce}");
    }
    wait_for("the queue is empty", || node.queued() == 0);
    assert_eq!(node.mailbox("info").len(), 1, "one bounce, no more");
    wait_for("the event is written", || {
        node.ask(&["event", "list"]).contains("QueueMessageRemoved")
    });
    let (code, said) = node.refused(&["queue", "remove", &silent]);
    assert_eq!(code, 1);
    assert!(said.contains("mailward trace"), "{said}");
    wait_for("the trace knows the end", || {
        let trace = node.ask(&["trace", &told]);
        trace.contains("FAIL")
    });
}

#[test]
fn they_export_a_message_as_it_came() {
    let node = node(crate::support::free_port());
    let mut talk = node.talk();
    talk.say("EHLO client.example.net");
    // Large enough to be kept in a file of its own and to be given out in pieces.
    let text = "Subject: large\r\n\r\n".to_owned() + &"0123456789abcdef\r\n".repeat(120_000);
    let reply = talk.message("info@example.test", &["x@relay.test"], text.as_bytes());
    let id = reply.split_whitespace().last().unwrap().to_owned();
    wait_for_retry(&node, &id);
    let file = node.path("message.eml");
    let file_name = file.to_str().unwrap();
    node.ask(&["queue", "export", &id, "--output", file_name]);
    let exported = crate::support::read(&file);
    assert!(
        exported.contains(&text),
        "{} octets do not hold what was sent",
        exported.len()
    );
    assert_eq!(
        node.ask(&["queue", "export", &id]),
        exported,
        "to standard output too"
    );
    let size = node.json(&["queue", "show", &id])["size"].as_u64().unwrap();
    assert_eq!(exported.len() as u64, size);
    let (_, said) = node.refused(&["queue", "export", &id, "--output", file_name]);
    assert!(said.contains(file_name) && said.contains("exist"), "{said}");
    assert_eq!(crate::support::read(&file), exported, "and is kept");
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let node = node(crate::support::free_port());
    let absent = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (words, code, expect) in [
        (
            &["queue", "show", absent] as &[&str],
            1,
            "is not in the queue",
        ),
        (&["queue", "hold", absent], 1, "is not in the queue"),
        (&["queue", "release", absent], 1, "is not in the queue"),
        (&["queue", "retry", absent], 1, "is not in the queue"),
        (&["queue", "remove", absent], 1, "is not in the queue"),
        (&["queue", "export", absent], 1, "is not in the queue"),
        (
            &["queue", "hold", "connector/None"],
            1,
            "mailward queue list",
        ),
        (&["queue", "hold", "nonsense"], 2, "neither a message id"),
        (&["queue", "show", "nonsense"], 2, "nonsense"),
        (&["queue", "list", "--from", "a@@b"], 2, "a@@b"),
    ] {
        let (found, said) = node.refused(words);
        assert_eq!(found, code, "{words:?}: {said}");
        assert!(said.contains(expect), "{words:?}: {said}");
    }
    let (code, said) = node.refused(&["queue", "show", absent, "--json"]);
    assert_eq!(code, 1);
    let fault: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    assert!(
        fault.to_string().contains("mailward trace"),
        "the mend is in the JSON: {fault}"
    );
}
