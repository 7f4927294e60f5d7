//! Which way mail came (`Received`, `Resent-*`) is kept on the way in and out unless a connector says
//! otherwise; a mailbox is given it, and of what Exchange servers tell each other seven fields alone; who
//! gets a message back learns neither.

use crate::{
    outside::Sink,
    support::{Node, Talk, free_port, wait_for},
};

const WAY: &str = "Received: from inside.example by hub.example; x\r\n\
    Received: from deeper.example\r\n\tby inside.example; y\r\nResent-From: anna@example.test\r\n\
    resent-message-id: <1@example.test>\r\n";
const TOLD: &str = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
    X-MS-Exchange-Organization-SCL: -1\r\nX-MS-Exchange-Organization-BCC: eve@example.test\r\n\
    X-MS-Exchange-Forest-RulesExecuted: server1\r\n\
    X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n";
/// What a mailbox is given of it.
const GIVEN: &str = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
    X-MS-Exchange-Organization-SCL: -1\r\n";
const REST: &str = "Received-SPF: pass\r\nSubject: the way\r\n\r\nReceived: body\r\n";

#[test]
fn as_each_connector_says() {
    let (hidden, open) = (free_port(), free_port());
    let (partner_port, elsewhere_port) = (free_port(), free_port());
    let (partner, elsewhere) = (Sink::listen(partner_port), Sink::listen(elsewhere_port));
    let node = Node::start(|port| {
        format!(
            r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Hub"
bindings = ["127.0.0.1:{port}"]
relay = "all"
accept_headers = ["organization", "forest", "cross_premises"]

[[receive_connector]]
name = "Open"
bindings = ["127.0.0.1:{open}"]
relay = "all"

[[receive_connector]]
name = "Hidden"
bindings = ["127.0.0.1:{hidden}"]
relay = "all"
accept_routing_headers = false

[[send_connector]]
name = "Partner"
address_spaces = ["partner.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{partner_port}"]
send_routing_headers = false

[[send_connector]]
name = "Elsewhere"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{elsewhere_port}"]

[[mailbox]]
name = "info"
address = "info@example.test"
"#
        )
    });
    let counter = |way: &str| {
        let status = node.json(&["status"]);
        let place = format!("/transport/counters/headers_stripped_{way}/routing");
        status
            .pointer(&place)
            .and_then(serde_json::Value::as_u64)
            .unwrap()
    };
    let send = |port: u16, to: &[&str], message: &str| {
        let mut talk = Talk::connect(([127, 0, 0, 1], port).into());
        talk.say("EHLO client.test");
        let octets = message.trim_end_matches("\r\n").as_bytes();
        let reply = talk.message("info@example.test", to, octets);
        assert!(reply.starts_with("250"), "{reply}");
    };
    let whole = format!("{WAY}{TOLD}{REST}");
    let all = ["a@partner.test", "b@elsewhere.test", "info@example.test"];
    send(node.port, &all, &whole);
    wait_for("everybody has it", || {
        let arrived = [partner.messages().len(), elsewhere.messages().len()];
        arrived == [1, 1] && node.mailbox("info").len() == 1
    });
    let ours = "with ESMTP";
    // By default the way is told, this host's part of it on top.
    let told = elsewhere.messages().remove(0);
    assert!(told.ends_with(&format!("{WAY}{REST}")), "{told}");
    assert!(told.contains(ours), "{told}");
    // Where the connector says so nothing of it is, neither others' nor ours.
    let hides = partner.messages().remove(0);
    let (_, message) = hides.split_once("RCPT TO:<a@partner.test>").unwrap();
    let (_, message) = message.split_once('\n').unwrap();
    assert_eq!(message, REST, "{hides}");
    assert_eq!(counter("out"), 5);
    let mail = String::from_utf8(node.mailbox("info").remove(0)).unwrap();
    assert!(mail.ends_with(&format!("{WAY}{GIVEN}{REST}")), "{mail}");
    assert!(mail.contains(ours), "{mail}");

    // On the way in.
    assert_eq!(counter("in"), 0);
    send(hidden, &["c@elsewhere.test"], &format!("{WAY}{REST}"));
    send(open, &["d@elsewhere.test"], &format!("{WAY}{REST}"));
    wait_for("both have arrived", || elsewhere.messages().len() == 3);
    let of = |to: &str| {
        let all = elsewhere.messages();
        all.into_iter().find(|one| one.contains(to)).unwrap()
    };
    let hides = of("c@elsewhere.test");
    assert!(
        hides.ends_with(REST) && !hides.contains("inside.example"),
        "{hides}"
    );
    assert!(
        hides.contains(ours),
        "this host says that it took it: {hides}"
    );
    assert!(of("d@elsewhere.test").ends_with(&format!("{WAY}{REST}")));
    assert_eq!(counter("in"), 4);
    // Loops are counted by what comes in, before anything is taken out.
    let loops = "Received: from a by b; x\r\n".repeat(31) + REST;
    let mut talk = Talk::connect(([127, 0, 0, 1], hidden).into());
    talk.say("EHLO client.test");
    let octets = loops.trim_end_matches("\r\n").as_bytes();
    let reply = talk.message("info@example.test", &["c@elsewhere.test"], octets);
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
}
