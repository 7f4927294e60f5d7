//! Two nodes of one organisation, each with a domain of its own, know each other by the certificates of an
//! authority of their own: what is told of a message in organization header fields goes from one to the
//! other as cross-premises ones, the originating organisation is named by XOORG, and a message that is
//! internal there is internal here. On every other connector the fields are taken out.

use std::net::Ipv4Addr;

use mailward_tls::ca::{Authority, Leaf};

use crate::support::{Node, Talk, free_port, wait_for};

/// A node, its address on the loopback network, and what it listens on.
struct Half {
    name: &'static str,
    domain: &'static str,
    ip: Ipv4Addr,
    hybrid: u16,
    other: u16,
}

impl Half {
    fn new(name: &'static str, domain: &'static str, last: u8) -> Half {
        Half {
            name,
            domain,
            ip: Ipv4Addr::new(127, 0, 0, last),
            hybrid: free_port(),
            other: free_port(),
        }
    }

    /// Its objects; `peer` is the other half.
    fn objects(&self, peer: &Half, port: u16) -> String {
        let Half {
            domain,
            ip,
            hybrid,
            other,
            ..
        } = self;
        let (far, far_name, far_domain) = (peer.ip, peer.name, peer.domain);
        let (far_hybrid, far_other) = (peer.hybrid, peer.other);
        format!(
            r#"
[[accepted_domain]]
name = "own"
domain = "{domain}"

[[receive_connector]]
name = "Hub"
bindings = ["127.0.0.1:{port}"]
relay = "all"
accept_headers = ["organization", "forest", "cross_premises"]

[[receive_connector]]
name = "Hybrid"
bindings = ["{ip}:{hybrid}"]
tls = "required"
certificate_factor = "required"
tls_domain_capabilities = ["{far_name}:AcceptCloudServicesMail"]
promote_headers = true
tarpit_interval = "0s"

[[receive_connector]]
name = "Other"
bindings = ["{ip}:{other}"]
tarpit_interval = "0s"

[[send_connector]]
name = "Hybrid"
address_spaces = ["{far_domain}"]
target = "smart_hosts"
smart_hosts = ["{far}:{far_hybrid}"]
source_addresses = ["{ip}"]
tls = "required"
tls_auth_level = "domain_validation"
tls_domain = "{far_name}"
cloud_services_mail = true
xoorg = true

[[send_connector]]
name = "Other"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["{far}:{far_other}"]
source_addresses = ["{ip}"]
xoorg = true

[[accepted_domain]]
name = "open"
domain = "open.{domain}"

[[mailbox]]
name = "visitor"
address = "visitor@open.{domain}"

[[mailbox]]
name = "staff"
address = "staff@{domain}"

[[mailbox]]
name = "journal"
address = "journal@{domain}"
type = "journal"

[[journal_rule]]
name = "Within"
scope = "internal"
journal_address = "journal@{domain}"

[[distribution_group]]
name = "team"
address = "team@{domain}"
members = ["staff@{domain}"]
require_sender_authentication_enabled = true
"#
        )
    }

    fn start(&self, peer: &Half, authority: &Authority) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let mut node = Node::prepare_as(folder, free_port(), self.name, &[], |port| {
            self.objects(peer, port)
        });
        let issued = authority.issue(&Leaf::new([self.name])).unwrap();
        issued.write(&node.path("certificates"), "issued").unwrap();
        let roots = node.path("roots.pem");
        std::fs::write(&roots, authority.certificate_pem()).unwrap();
        let config = std::fs::read_to_string(node.config()).unwrap();
        let extra = format!("extra_roots = {roots:?}\n");
        std::fs::write(node.config(), extra + &config).unwrap();
        node.serve();
        node
    }
}

/// What a hub hands in: fields that are converted, and others of each family.
fn message(auth_as: &str, subject: &str) -> Vec<u8> {
    format!(
        "X-MS-Exchange-Organization-AuthAs: {auth_as}\r\n\
         X-MS-Exchange-Organization-SCL: -1\r\n\
         X-MS-Exchange-Organization-Journal-Report: yes\r\n\
         X-MS-Exchange-CrossPremises-AuthAs: Forged\r\n\
         X-MS-Exchange-Forest-RulesExecuted: x\r\n\
         Subject: {subject}\r\n\r\nX-MS-Exchange-Organization-SCL: in the body"
    )
    .into_bytes()
}

fn hand_in(node: &Node, from: &str, to: &[&str], octets: &[u8]) {
    let mut hub = node.talk();
    hub.say("EHLO hub.test");
    let reply = hub.message(from, to, octets);
    assert!(reply.starts_with("250"), "{reply}");
}

/// The messages of a mailbox with this subject.
fn found(node: &Node, mailbox: &str, subject: &str) -> Vec<String> {
    let all = node.mailbox(mailbox).into_iter();
    let all = all.map(|octets| String::from_utf8(octets).unwrap());
    let line = format!("\r\nSubject: {subject}\r\n");
    all.filter(|text| text.contains(&line)).collect()
}

/// Counters of transport by their path.
fn counter(node: &Node, path: &str) -> u64 {
    let status = node.json(&["status"]);
    let at = format!("/transport/counters/{path}");
    status
        .pointer(&at)
        .and_then(serde_json::Value::as_u64)
        .unwrap()
}

fn tracking(node: &Node) -> String {
    let files = std::fs::read_dir(node.path("data/tracking")).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
        .collect()
}

/// A message from one half to the other.
fn goes_over(from: (&Half, &Node), to: (&Half, &Node)) {
    let ((near, sender), (far, receiver)) = (from, to);
    let (promoted, converted) = (
        counter(receiver, "headers_promoted"),
        counter(sender, "headers_converted"),
    );
    let staff = format!("staff@{}", far.domain);
    let own = format!("anna@{}", near.domain);
    hand_in(sender, &own, &[&staff], &message("Internal", "over"));
    wait_for("the other half has it", || {
        found(receiver, "staff", "over").len() == 1
    });
    let text = found(receiver, "staff", "over").remove(0);
    let header = "X-MS-Exchange-Organization-AuthAs: Internal\r\n\
                  X-MS-Exchange-Organization-SCL: -1\r\nSubject: over\r\n\r\n\
                  X-MS-Exchange-Organization-SCL: in the body\r\n";
    assert!(text.ends_with(header), "{text}");
    assert!(
        !text.contains("CrossPremises") && !text.contains("Forest"),
        "{text}"
    );
    assert_eq!(counter(receiver, "headers_promoted"), promoted + 2);
    wait_for("what was converted is counted", || {
        counter(sender, "headers_converted") == converted + 2
    });
    // Organization-Journal-Report, the forged CrossPremises-AuthAs and the Forest field.
    assert!(counter(sender, "headers_stripped_out/organization") >= 1);
    assert!(counter(sender, "headers_stripped_out/cross_premises") >= 1);
    assert!(counter(sender, "headers_stripped_out/forest") >= 1);
    assert_eq!(counter(receiver, "headers_stripped_in/cross_premises"), 0);
    wait_for("the tracking log says how it was known", || {
        let text = tracking(receiver);
        let own = format!("Xoorg={}", near.domain);
        let peer = format!("PeerName={}", near.name);
        [
            "Factors=certificate:met",
            own.as_str(),
            peer.as_str(),
            "AuthAs=Internal",
            "HeadersPromoted=2",
        ]
        .iter()
        .all(|part| text.contains(part))
    });
    // Within the organisation by what the other half says: its domain is none that is accepted here.
    wait_for("the rule for mail within has its report", || {
        found(receiver, "journal", "over").len() == 1
    });
    let report = found(receiver, "journal", "over").remove(0);
    assert!(
        report.contains(&format!("Recipient: {staff}\r\n")),
        "{report}"
    );
    assert!(!report.contains(&format!("\nTo: {staff}")), "{report}");
}

#[test]
fn and_nobody_else_is_believed() {
    let authority = Authority::new("Example Root").unwrap();
    let here = Half::new("mx1.example.test", "premises.test", 21);
    let there = Half::new("mx2.example.test", "cloud.test", 22);
    let node = here.start(&there, &authority);
    let cloud = there.start(&here, &authority);
    let explained = node.ask(&["cert", "explain", "Hybrid", "--send"]);
    assert!(explained.contains("Certificate: issued.pem"), "{explained}");

    goes_over((&here, &node), (&there, &cloud));
    goes_over((&there, &cloud), (&here, &node));

    // Mail that is not internal there is not internal here: no report, and the group is not for it. Its
    // sender hears of that by the way that the mail came.
    let stripped = counter(&cloud, "headers_stripped_in/organization");
    let anonymous = message("Anonymous", "from outside");
    let to = ["staff@cloud.test", "team@cloud.test"];
    hand_in(&node, "anna@premises.test", &to, &anonymous);
    wait_for("it has arrived", || {
        found(&cloud, "staff", "from outside").len() == 1
    });
    let told = || {
        let all = node.mailbox("staff").into_iter();
        let mut all = all.map(|octets| String::from_utf8_lossy(&octets).into_owned());
        all.any(|text| text.contains("multipart/report") && text.contains("team@cloud.test"))
    };
    // anna is nobody here; the bounce is for somebody who is.
    assert!(!told());
    hand_in(
        &node,
        "staff@premises.test",
        &["team@cloud.test"],
        &anonymous,
    );
    wait_for("the sender hears that the group is not for him", told);
    assert_eq!(found(&cloud, "staff", "from outside").len(), 1);
    assert_eq!(found(&cloud, "journal", "from outside").len(), 0);
    // And for whoever is within it is.
    let internal = message("Internal", "for the team");
    hand_in(&node, "anna@premises.test", &["team@cloud.test"], &internal);
    wait_for("the member has it", || {
        found(&cloud, "staff", "for the team").len() == 1
    });
    assert_eq!(
        counter(&cloud, "headers_stripped_in/organization"),
        stripped
    );

    // By another connector nothing of it goes out, and XOORG is not said.
    let before = counter(&node, "headers_stripped_out/organization");
    hand_in(
        &node,
        "anna@premises.test",
        &["visitor@open.cloud.test"],
        &internal,
    );
    wait_for("the visitor has it", || {
        found(&cloud, "visitor", "for the team").len() == 1
    });
    let text = found(&cloud, "visitor", "for the team").remove(0);
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    assert!(!header.contains("X-MS-Exchange"), "{header}");
    wait_for("what was taken out is counted", || {
        counter(&node, "headers_stripped_out/organization") == before + 3
    });
    // Nor does it come in by another one, whatever a stranger writes.
    let mut stranger = Talk::connect((there.ip, there.other).into());
    stranger.say("EHLO stranger.test");
    let forged = b"X-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
        X-MS-Exchange-Organization-AuthAs: Internal\r\nSubject: forged\r\n\r\nx";
    let reply = stranger.message("anna@premises.test", &["staff@cloud.test"], forged);
    assert!(reply.starts_with("250"), "{reply}");
    wait_for("it has arrived", || {
        found(&cloud, "staff", "forged").len() == 1
    });
    let text = found(&cloud, "staff", "forged").remove(0);
    assert!(!text.contains("X-MS-Exchange"), "{text}");
    assert_eq!(found(&cloud, "journal", "forged").len(), 0);
    assert_eq!(counter(&cloud, "headers_stripped_in/cross_premises"), 1);
    let reply = stranger.say("MAIL FROM:<anna@premises.test> XOORG=premises.test");
    assert!(reply.starts_with("555"), "{reply}");
    let refused = stranger.message("eve@elsewhere.test", &["team@cloud.test"], forged);
    assert!(refused.starts_with("550 5.7.1"), "{refused}");

    // A certificate that names the other half and is of another authority is not believed.
    let other = Authority::new("Example Root").unwrap();
    let issued = other.issue(&Leaf::new([here.name])).unwrap();
    let config = crate::secure::showing(Some(&issued));
    let address = (there.ip, there.hybrid).into();
    let mut forger = crate::secure::SecureTalk::connect_to(address, "", &config);
    assert!(!forger.offers.contains("XOORG"), "{}", forger.offers);
    let reply = forger.message(
        "MAIL FROM:<anna@premises.test>",
        "staff@cloud.test",
        "X-MS-Exchange-CrossPremises-AuthAs: Internal\r\nSubject: forger\r\n\r\nx",
    );
    assert!(reply.starts_with("451 4.7.5"), "{reply}");
}
