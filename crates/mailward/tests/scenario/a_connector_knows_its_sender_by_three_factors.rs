//! A receive connector takes mail of a known sender only: by the range of its address, the name in its
//! certificate, and the tenant that the message comes from. Each failure has its reply, its line in
//! the tracking log and its event. What Exchange servers tell each other in header fields passes to and
//! from those that the connectors name, and XOORG likewise; everything else passes as it came.

use std::sync::Arc;

use mailward_tls::ca::{self, Authority, Leaf};
use rustls::ClientConfig;

use crate::{
    outside::Sink,
    secure::{SecureSink, SecureTalk, showing},
    support::{Node, free_port, wait_for},
};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// A proxy's word for a client within the ranges, and for one that is not.
const WITHIN: &str = "PROXY TCP4 192.0.2.9 203.0.113.1 4000 25\r\n";
const BEYOND: &str = "PROXY TCP4 198.51.100.9 203.0.113.1 4000 25\r\n";

fn objects(port: u16, local: u16) -> String {
    let factors = format!(
        r#"
range_factor = "required"
sender_ranges = ["192.0.2.0/24"]
certificate_factor = "required"
tls_domain_capabilities = ["mail.protection.test:AcceptCloudServicesMail"]
tenant_factor = "required"
tenants = ["{TENANT}", "contoso.test"]
"#
    );
    format!(
        r#"
[[accepted_domain]]
name = "example.test"
domain = "example.test"

[[receive_connector]]
name = "Hybrid"
bindings = ["127.0.0.1:{port}"]
proxy_protocol = true
tarpit_interval = "0s"
{factors}
[[receive_connector]]
name = "Local"
bindings = ["127.0.0.1:{local}"]
tarpit_interval = "0s"
{factors}
[[mailbox]]
name = "info"
address = "info@example.test"
"#
    )
}

/// The fields of Exchange's families among others, and what is left where cross-premises ones pass.
const HEADER: &str = "DKIM-Signature: v=1; d=contoso.test;\r\n b=abc\r\n\
    X-MS-Exchange-Organization-AuthAs: Internal\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
    X-MS-Exchange-Forest-RulesExecuted: x\r\n\tfolded\r\nSubject: three\r\n";
const PASSES: &str = "DKIM-Signature: v=1; d=contoso.test;\r\n b=abc\r\n\
    X-MS-Exchange-CrossPremises-AuthAs: Internal\r\nSubject: three\r\n";
const BODY: &str = "\r\nX-MS-Exchange-Organization-AuthAs: in the body\r\n  trailing \r\n";

struct Client {
    good: ca::Issued,
    config: Arc<ClientConfig>,
}

fn start(authority: &Authority, objects: impl FnOnce(u16) -> String) -> Node {
    let mut node = Node::prepare(objects);
    let roots = node.path("roots.pem");
    std::fs::write(&roots, authority.certificate_pem()).unwrap();
    let config = std::fs::read_to_string(node.config()).unwrap();
    let extra = format!("extra_roots = {roots:?}\n");
    std::fs::write(node.config(), extra + &config).unwrap();
    node.spawn(|_| {});
    wait_for("the node answers administrators", || {
        node.command(&["status"]).status.success()
    });
    node
}

fn client(authority: &Authority, name: &str) -> Client {
    let good = authority.issue(&Leaf::new([name])).unwrap();
    let config = showing(Some(&good));
    Client { good, config }
}

#[track_caller]
fn refused(reply: &str, code: &str, says: &str) {
    assert!(reply.starts_with(code) && reply.contains(says), "{reply}");
}

#[test]
fn each_factor_refuses_with_its_reason_and_the_good_one_is_taken() {
    let authority = Authority::new("Example Root").unwrap();
    let local = free_port();
    let node = start(&authority, |port| objects(port, local));
    let known = client(&authority, "mail.protection.test");
    let other = client(&authority, "mail.elsewhere.test");
    let stranger = client(
        &Authority::new("Example Root").unwrap(),
        "mail.protection.test",
    );
    const MAIL: &str = "MAIL FROM:<anna@contoso.test>";
    let connect =
        |before: &str, config: &Arc<ClientConfig>| SecureTalk::connect(node.port, before, config);
    let id = format!("X-MS-Exchange-CrossTenant-Id: {TENANT}\r\n");

    let mut plain = crate::support::Talk::connect_after(node.smtp(), WITHIN);
    plain.say("EHLO client.test");
    refused(&plain.say(MAIL), "530 5.7.0", "STARTTLS");
    let mut bare = connect(WITHIN, &showing(None));
    assert!(!bare.offers.contains("XOORG"), "{}", bare.offers);
    refused(&bare.say(MAIL), "550 5.7.1", "with a certificate only");
    let mut forged = connect(WITHIN, &stranger.config);
    refused(&forged.say(MAIL), "451 4.7.5", "cannot be verified");
    assert!(!forged.offers.contains("XOORG"), "{}", forged.offers);
    let mut wrong = connect(WITHIN, &other.config);
    refused(
        &wrong.say(MAIL),
        "550 5.7.1",
        "none that mail is taken from",
    );
    let said = wrong.say(&format!("{MAIL} XOORG=contoso.test"));
    refused(&said, "555 5.5.4", "not known");
    let mut far = connect(BEYOND, &known.config);
    refused(&far.say(MAIL), "550 5.7.1", "your address");
    let mut near = connect(WITHIN, &known.config);
    let evil = format!("X-OriginatorOrg: evil.test\r\n{HEADER}{BODY}");
    let reply = near.message(MAIL, "info@example.test", &evil);
    refused(&reply, "550 5.7.1", "no organisation");

    // The same client, and the sessions that it resumes.
    for _ in 0..2 {
        let mut good = connect(WITHIN, &known.config);
        assert!(good.offers.contains("250-XOORG"), "{}", good.offers);
        let reply = good.message(
            &format!("{MAIL} XOORG=contoso.test"),
            "info@example.test",
            &format!("{HEADER}{BODY}"),
        );
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
        let reply = good.message(MAIL, "info@example.test", &format!("{id}{HEADER}{BODY}"));
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
    }
    wait_for("four messages arrive", || node.mailbox("info").len() == 4);
    // What was kept of the cross-premises fields is for servers, and no mailbox is given it.
    let given = PASSES.replace("X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n", "");
    for message in node.mailbox("info") {
        let text = String::from_utf8(message).unwrap();
        assert!(text.ends_with(&format!("{given}{BODY}")), "{text}");
        assert_eq!(text.matches("X-MS-Exchange-Organization").count(), 1);
    }

    // Who is this host might be a health probe, and is judged when its message is complete.
    let mut here = SecureTalk::connect(local, "", &other.config);
    let reply = here.message(MAIL, "info@example.test", &format!("{id}{HEADER}{BODY}"));
    refused(&reply, "550 5.7.1", "your address");
    assert_eq!(node.mailbox("info").len(), 4);

    for factor in ["range", "certificate", "tenant"] {
        wait_for(&format!("the {factor} factor is told"), || {
            let events = node.events_of("transport");
            let mut told = events.iter().filter(|event| event["number"] == 3030);
            told.any(|event| event.to_string().contains(&format!("\"{factor}\"")))
        });
    }
    wait_for("the tracking log has each", || {
        let files = std::fs::read_dir(node.path("data/tracking")).unwrap();
        let text: String = files
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
            .collect();
        ["range", "certificate", "tenant"]
            .iter()
            .all(|factor| text.contains(&format!("refused by the {factor} factor")))
            && text.contains("Factors=range:met,certificate:met,tenant:met")
            && text.contains("PeerName=mail.protection.test")
            && text.contains("Xoorg=contoso.test")
    });
    let status = node.json(&["status"]);
    let counter = |name: &str| {
        let at = format!("/transport/counters/{name}");
        status.pointer(&at).and_then(serde_json::Value::as_u64)
    };
    assert_eq!(counter("factor_refusals"), Some(7), "{status}");
    // The two that were refused were stripped before they were judged.
    assert!(counter("headers_stripped_in/organization") >= Some(4));
    wait_for("the metrics show it", || {
        let (_, metrics) = node.page("/metrics");
        metrics.contains("headers_stripped_total{direction=\"in\",family=\"forest\"} ")
            && metrics.contains("mailward_factor_refusals_total 7")
    });

    let to = format!("127.0.0.1:{}", node.port);
    let words = [
        "simulate",
        "connection",
        "--from",
        "198.51.100.9",
        "--to",
        &to,
    ];
    let page = node.ask(&words);
    assert!(page.contains("none of sender_ranges"), "{page}");
    assert!(page.contains("mail.protection.test"), "{page}");
    // No feed covers it, which the exit code tells.
    let (_, why) = node.refused(&["perimeter", "why", "192.0.2.9"]);
    assert!(why.contains("192.0.2.9 is in 192.0.2.0/24"), "{why}");

    // The past is judged as it came: the connector's ranges are about the proxy, the factor's about
    // the client behind it.
    let replay = ["perimeter", "replay", "--connector", "Hybrid"];
    let set = ["receive-connector", "set", "Hybrid"];
    node.ask(&[&set[..], &["remote_ranges=127.0.0.0/8"]].concat());
    wait_for("the connector is the proxy's alone", || {
        let (_, why) = node.refused(&["perimeter", "why", "192.0.2.9"]);
        why.contains("none of its remote ranges holds 192.0.2.9")
    });
    let page = node.ask(&replay);
    assert!(page.contains("Nothing would be refused"), "{page}");
    node.ask(&[&set[..], &["sender_ranges=203.0.113.0/24"]].concat());
    wait_for("other ranges would have refused its mail", || {
        let output = node.command(&replay);
        let page = String::from_utf8_lossy(&output.stdout);
        let told = page.contains("refused by the range factor") && page.contains("192.0.2.9");
        output.status.code() == Some(1) && told
    });
    drop(known.good);
}

#[test]
fn what_servers_tell_each_other_leaves_only_where_the_connector_says_so() {
    let authority = Authority::new("Example Root").unwrap();
    let cloud = SecureSink::listen("cloud.test");
    let plain_port = free_port();
    let plain = Sink::listen(plain_port);
    let (cloud_address, local) = (cloud.address, free_port());
    let node = start(&authority, |port| {
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
name = "Internet"
bindings = ["127.0.0.1:{local}"]
relay = "all"

[[send_connector]]
name = "Cloud"
address_spaces = ["cloud.test"]
target = "smart_hosts"
smart_hosts = ["{cloud_address}"]
tls = "required"
xoorg = true
send_headers = ["cross_premises"]

[[send_connector]]
name = "Elsewhere"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{plain_port}"]
xoorg = true
"#
        )
    });
    wait_for("the node greets", || node.greets());
    let mut hub = node.talk();
    hub.say("EHLO hub.test");
    let message = format!("{HEADER}{BODY}");
    let message = message.trim_end_matches("\r\n").as_bytes();
    let to = ["a@cloud.test", "b@elsewhere.test"];
    let reply = hub.message("anna@example.test", &to, message);
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("the cloud has it", || cloud.heard().contains("trailing"));
    let heard = cloud.heard();
    assert!(heard.contains(&format!("{PASSES}{BODY}")), "{heard}");
    assert!(heard.contains(" XOORG=example.test\r\n"), "{heard}");
    wait_for("the other server has it", || plain.messages().len() == 1);
    let other = plain.messages().remove(0);
    let expect = PASSES.replace("X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n", "");
    assert!(other.ends_with(&format!("{expect}{BODY}")), "{other}");
    assert!(!other.contains("XOORG"), "{other}");
    let status = node.json(&["status"]);
    let out = status
        .pointer("/transport/counters/headers_stripped_out")
        .unwrap();
    assert_eq!(
        (&out["organization"], &out["forest"], &out["cross_premises"]),
        (&2.into(), &2.into(), &1.into())
    );

    // From a connector that does not say so nothing of it comes in.
    let mut stranger = crate::support::Talk::connect(([127, 0, 0, 1], local).into());
    stranger.say("EHLO stranger.test");
    let reply = stranger.message("eve@evil.test", &["c@cloud.test"], message);
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("the cloud has it", || {
        cloud.heard().matches("trailing").count() == 2
    });
    let heard = cloud.heard();
    assert_eq!(heard.matches("X-MS-Exchange-CrossPremises").count(), 1);
    // Its sender is none of ours, and nobody said whose it is.
    assert_eq!(heard.matches(" XOORG=").count(), 1, "{heard}");
}
