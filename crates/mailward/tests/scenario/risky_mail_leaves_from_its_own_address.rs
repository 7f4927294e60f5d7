//! Ordinary mail leaves from the addresses of its connector; bounces, mail whose sender is not
//! authenticated, and what a sender sends above its bound, leave through the high-risk pool from another one, to the recipients' own servers and
//! never through a partner's. Mail that stays here is not judged. An address that this host does not
//! have is told and passed over.

use std::net::{Ipv4Addr, TcpListener};

use crate::{
    outside::{NameServer, Sink},
    support::{Node, wait_for},
};

const ORDINARY: &str = "127.0.0.11";
const RISKY: &str = "127.0.0.12";

fn objects(port: u16, sink: u16, partner: u16) -> String {
    format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{port}"]
relay = "all"
verify_sender = true

[[send_connector]]
name = "Ordinary"
address_spaces = ["*"]
port = {sink}
source_addresses = ["{ORDINARY}"]

[[send_connector]]
name = "Risky"
address_spaces = ["*"]
port = {sink}
pool = "high_risk"
source_addresses = ["192.0.2.77", "{RISKY}"]

[[send_connector]]
name = "Partner"
address_spaces = ["partner.test"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{partner}"]

[[mailbox]]
name = "info"
address = "info@example.test"

[transport_settings]
retry_schedule = ["1s"]
bulk_recipients_max = 3
"#
    )
}

/// The signed message of RFC 8463 appendix A, and the key that its domain publishes.
const SIGNED: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n\
    \x20d=football.example.com; i=@football.example.com;\r\n\
    \x20q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n\
    \x20subject : date : message-id : from : subject : date;\r\n\
    \x20bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n\
    \x20b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n\
    \x20Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n\
    From: Joe SixPack <joe@football.example.com>\r\n\
    To: Suzie Q <suzie@shopping.example.net>\r\n\
    Subject: Is dinner ready?\r\n\
    Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
    Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
    Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.";
const KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn send(node: &Node, from: &str, to: &[&str], subject: &str) {
    send_as_it_is(node, from, to, &format!("Subject: {subject}\r\n\r\nx"));
}

fn send_as_it_is(node: &Node, from: &str, to: &[&str], message: &str) {
    let mut talk = node.talk();
    talk.say("EHLO client.test");
    let reply = talk.message(from, to, message.as_bytes());
    assert!(reply.starts_with("250"), "{reply}");
}

/// Waits for a message and says from where it came.
#[track_caller]
fn source(sink: &Sink, text: &str) -> String {
    wait_for(text, || sink.source_of(text).is_some());
    sink.source_of(text).unwrap().to_string()
}

#[test]
fn bounces_and_bulk_leave_from_the_high_risk_address_and_never_through_a_partner() {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (outside, partner) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (outside_port, partner_port) = (port(&outside), port(&partner));
    let (outside, partner) = (Sink::take_over(outside), Sink::take_over(partner));
    let names = NameServer::of(Ipv4Addr::LOCALHOST);
    names.has_text("example.test", "v=spf1 ip4:127.0.0.1 -all");
    names.has_text("forged.test", "v=spf1 -all");
    names.has_text("strict.test", "v=spf1 ip4:127.0.0.1 -all");
    names.has_text("brisbane._domainkey.football.example.com", KEY);
    names.has_text("_dmarc.strict.test", "v=DMARC1; p=reject");
    names.has_text("_dmarc.other.test", "v=DMARC1; p=reject");
    let mut node = Node::prepare(|port| objects(port, outside_port, partner_port));
    let config = std::fs::read_to_string(node.config()).unwrap();
    let resolvers = format!("resolvers = [\"{}\"]\n", names.address);
    std::fs::write(node.config(), resolvers + &config).unwrap();
    node.serve();

    send(
        &node,
        "info@example.test",
        &["a@elsewhere.test"],
        "ordinary",
    );
    assert_eq!(source(&outside, "Subject: ordinary"), ORDINARY);
    send(&node, "info@example.test", &["a@partner.test"], "partner");
    source(&partner, "Subject: partner");

    // A bounce of another server, passed on; one for a partner's domain; one for a mailbox here.
    send(&node, "", &["a@elsewhere.test"], "bounce");
    assert_eq!(source(&outside, "Subject: bounce"), RISKY);
    send(&node, "", &["a@partner.test"], "stray");
    assert_eq!(source(&outside, "Subject: stray"), RISKY);
    assert!(partner.source_of("Subject: stray").is_none());
    send(&node, "", &["info@example.test"], "inside");
    wait_for("a bounce for a mailbox stays here", || {
        node.mailbox("info").len() == 1
    });

    // Whose sender is not authenticated: by SPF, and by DMARC of another From.
    send(&node, "x@forged.test", &["a@elsewhere.test"], "forged");
    assert_eq!(source(&outside, "Subject: forged"), RISKY);
    send(&node, "x@nowhere.test", &["a@elsewhere.test"], "unknown");
    assert_eq!(source(&outside, "Subject: unknown"), RISKY);
    let strict = "x@strict.test";
    let from = |domain: &str, subject: &str| format!("{subject}\r\nFrom: x@{domain}");
    send(
        &node,
        strict,
        &["a@elsewhere.test"],
        &from("strict.test", "aligned"),
    );
    assert_eq!(source(&outside, "Subject: aligned"), ORDINARY);
    send(
        &node,
        strict,
        &["a@elsewhere.test"],
        &from("other.test", "unaligned"),
    );
    assert_eq!(source(&outside, "Subject: unaligned"), RISKY);

    // A signature holds, over what the firewall takes out too, or it does not.
    let marked = format!("X-MS-Exchange-Organization-SCL: -1\r\n{SIGNED}");
    let joe = "joe@football.example.com";
    send_as_it_is(&node, joe, &["h@elsewhere.test"], &marked);
    assert_eq!(source(&outside, "RCPT TO:<h@elsewhere.test>"), ORDINARY);
    wait_for("it passed as it came", || {
        outside.messages().iter().any(|one| one.contains(SIGNED))
    });
    let changed = SIGNED.replace("lost", "won");
    send_as_it_is(&node, joe, &["i@elsewhere.test"], &changed);
    assert_eq!(source(&outside, "RCPT TO:<i@elsewhere.test>"), RISKY);

    // A bounce of our own: the domain does not exist.
    send(&node, "b@elsewhere.test", &["c@gone.invalid"], "lost");
    assert_eq!(source(&outside, "RCPT TO:<b@elsewhere.test>"), RISKY);

    // Four recipients within the hour, where three are allowed.
    let bulk = "bulk@example.test";
    send(
        &node,
        bulk,
        &["d@elsewhere.test", "e@elsewhere.test"],
        "some",
    );
    assert_eq!(source(&outside, "Subject: some"), ORDINARY);
    send(
        &node,
        bulk,
        &["f@elsewhere.test", "g@elsewhere.test"],
        "many",
    );
    assert_eq!(source(&outside, "Subject: many"), RISKY);

    wait_for("the address that is not here is told", || {
        node.has_event("transport", 1030)
    });
    wait_for("the bulk is told", || node.has_event("transport", 1031));
    wait_for("the pool stands in the tracking log", || {
        let files = std::fs::read_dir(node.path("data/tracking")).unwrap();
        let text: String = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
            .collect();
        [
            "Pool=high-risk;Risk=bounce",
            "Risk=bulk",
            "SenderAuthentication=spf=fail,dkim=none,dmarc=none;Risk=unauthenticated",
            "SenderAuthentication=spf=pass,dkim=none,dmarc=fail",
            "SenderAuthentication=spf=none,dkim=pass,dmarc=none",
        ]
        .iter()
        .all(|words| text.contains(words))
    });
    let status = node.json(&["status"]);
    let high_risk = status.pointer("/transport/counters/high_risk");
    assert_eq!(
        high_risk.and_then(serde_json::Value::as_u64),
        Some(9),
        "{status}"
    );
}

#[test]
fn a_simulation_says_which_pool_and_why() {
    let mut node = Node::prepare(|port| objects(port, 9, 9));
    node.serve();
    let file = node.path("message.eml");
    std::fs::write(&file, "Subject: x\r\n\r\nx").unwrap();
    let simulate = |more: &[&str]| {
        let words = ["simulate", "message", file.to_str().unwrap()];
        node.json(&[&words[..], more].concat())
    };
    let pool = |plan: &serde_json::Value| {
        plan.pointer("/deliveries/0/pool")
            .and_then(serde_json::Value::as_str)
            .unwrap()
            .to_owned()
    };
    let from = ["--from", "info@example.test", "--to", "a@partner.test"];
    let ordinary = simulate(&from);
    assert_eq!(pool(&ordinary), "normal");
    assert_eq!(ordinary["deliveries"][0]["next_hop"], "connector/Partner");
    let bounce = simulate(&["--from", "<>", "--to", "a@partner.test"]);
    assert_eq!(pool(&bounce), "high-risk", "{bounce}");
    assert_eq!(
        bounce["deliveries"][0]["next_hop"],
        "connector/Risky/partner.test"
    );
    let text = bounce.to_string();
    assert!(text.contains("it is a bounce"), "{text}");
    assert!(text.contains("leaves through the high-risk pool"), "{text}");
    let unauthenticated = simulate(&[&from[..], &["--unauthenticated"]].concat());
    assert_eq!(pool(&unauthenticated), "high-risk");
    let inside = simulate(&["--from", "<>", "--to", "info@example.test"]);
    assert_eq!(pool(&inside), "");
    let page = node.ask(&[
        "simulate",
        "message",
        file.to_str().unwrap(),
        "--to",
        "a@elsewhere.test",
    ]);
    assert!(page.contains("risky: it is a bounce"), "{page}");
    assert!(page.contains("high-risk"), "{page}");
}
