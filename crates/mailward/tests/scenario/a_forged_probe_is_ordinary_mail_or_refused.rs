//! A marker that is forged, expired, another node's or used already opens nothing: on mail to people
//! it is ordinary mail and journaled, and to a health mailbox nothing with it gets in.

use crate::{
    probes::{MAILBOX, is_healthy, key, marker, message, unix_ms},
    support::{Node, objects, wait_for},
};

#[test]
fn and_is_journaled_either_way() {
    let node = Node::start(objects);
    wait_for("mail flows", || is_healthy(&node, "mailflow/Internet"));
    let key = key(&node);
    let now = unix_ms();
    let path = "receive/Internet";
    // In the future, so that the worker's own probe does not use it up meanwhile.
    let genuine = marker(path, now + 3_600_000);
    let expired = {
        let mut one = marker(path, now + 3_600_001);
        one.expires_unix = now / 1000 - 1;
        one
    };
    let other = {
        let mut one = marker(path, now + 3_600_002);
        one.node = "other.example.test".to_owned();
        one
    };
    let mut talk = node.talk();
    talk.say("EHLO localhost");
    let mut send = |to: &[&str], octets: &[u8]| talk.message("a@example.net", to, octets);

    // With other recipients a genuine marker is worth nothing, and is not used up.
    let mixed = message(&genuine, &key, "mixed");
    let reply = send(&[MAILBOX, "info@example.test"], &mixed);
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    let reply = send(&["info@example.test", MAILBOX], &mixed);
    assert!(reply.starts_with("550 5.7.1"), "{reply}");
    // Alone it opens the way once.
    let reply = send(&[MAILBOX], &message(&genuine, &key, "once"));
    assert!(reply.starts_with("250"), "{reply}");

    let cases = [
        (
            "forged",
            message(&marker(path, now + 3_600_009), &[9; 32], "forged"),
        ),
        ("expired", message(&expired, &key, "expired")),
        ("replayed", message(&genuine, &key, "replayed")),
        ("other node", message(&other, &key, "other node")),
        (
            "other way",
            message(&marker("receive/Other", now), &key, "other way"),
        ),
    ];
    for (name, octets) in &cases {
        let reply = send(&[MAILBOX], octets);
        assert!(reply.starts_with("550 5.7.1"), "{name}: {reply}");
        let reply = send(&["info@example.test"], octets);
        assert!(reply.starts_with("250"), "{name}: {reply}");
    }
    // A marker that was never used, on mail to people alone.
    let reply = send(
        &["info@example.test"],
        &message(&marker(path, now + 3_700_000), &key, "unused"),
    );
    assert!(reply.starts_with("250"), "{reply}");

    let expected = cases.len() + 1;
    wait_for("all are delivered and journaled", || {
        node.mailbox("info").len() == expected && node.mailbox("journal").len() == expected
    });
    let reports: String = node
        .mailbox("journal")
        .iter()
        .map(|report| String::from_utf8_lossy(report).into_owned())
        .collect();
    for (name, _) in &cases {
        assert!(reports.contains(&format!("Subject: {name}")), "{name}");
    }
    assert!(reports.contains("Subject: unused"));
    assert!(!reports.contains("Subject: once") && !reports.contains("Subject: mixed"));
    node.wait_for_events(&["ProbeMarkerRefused"]);
}
