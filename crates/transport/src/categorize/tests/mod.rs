//! Categorizing by examples: a small organisation, messages of all sorts, and what follows.

mod journal;

use mailward_model::{
    EmailAddress, Envelope, EnvelopeRecipient, Notify, Object, ObjectId, Origin, Revision,
    kind::OutboundPool,
    plan::{Delivery, DeliveryContent, NextHop, Plan},
};
use mailward_proto::header::AddressHeaders;

use super::*;
use crate::snapshot::Snapshot;

/// The organisation: mailboxes here and on a Dovecot, a relay domain, two ways out.
const ORGANISATION: &str = r#"
[[accepted_domain]]
name = "ours"
domain = "example.org"
[[accepted_domain]]
name = "relay"
domain = "relay.example"
type = "internal_relay"

[[send_connector]]
name = "Internet"
address_spaces = ["*"]
[[send_connector]]
name = "Partner"
address_spaces = ["*.partner.example", "relay.example"]
target = "smart_hosts"
smart_hosts = ["mx.partner.example"]
max_message_size = "1MB"
[[send_connector]]
name = "Dovecot"
address_spaces = ["dovecot.invalid"]
target = "lmtp"
smart_hosts = ["127.0.0.1:24"]

[[mailbox]]
name = "anna"
address = "anna@example.org"
proxy_addresses = ["a.berg@example.org"]
[[mailbox]]
name = "bert"
address = "bert@example.org"
send_connector = "dovecot"
[[mailbox]]
name = "journal"
address = "journal@example.org"
type = "journal"
[[mailbox]]
name = "probe"
address = "probe@example.org"
type = "monitoring"
[[mail_contact]]
name = "carl"
address = "carl@example.org"
external_address = "carl@partner.example"
[[distribution_group]]
name = "team"
address = "team@example.org"
members = ["anna@example.org", "bert@example.org", "x@example.net"]
[[distribution_group]]
name = "list"
address = "list@example.org"
members = ["anna@example.org", "gone@example.org"]
report_to = "bert@example.org"
"#;

pub(super) fn snapshot(more: &str) -> Snapshot {
    let text = format!("{ORGANISATION}\n{more}");
    let wanted = mailward_store::text::read(&text).unwrap();
    let objects: Vec<_> = (1u64..)
        .zip(wanted)
        .map(|(id, wanted)| Object {
            id: ObjectId(id),
            name: wanted.name,
            revision: Revision(id),
            spec: wanted.spec,
        })
        .collect();
    Snapshot::build(&objects, &"mx.example.org".parse().unwrap())
}

pub(super) fn origin() -> Origin {
    Origin {
        connector: "Internet".to_owned(),
        client: Some("192.0.2.7:4000".parse().unwrap()),
        server: Some("192.0.2.1:25".parse().unwrap()),
        helo: "client.example".to_owned(),
        protocol: "ESMTP".to_owned(),
        tls: None,
        account: None,
        probe: false,
        arrival: None,
        accepted_unix_ms: 0,
    }
}

fn address(text: &str) -> EmailAddress {
    match text.contains('@') {
        true => text.parse().unwrap(),
        false => format!("{text}@example.org").parse().unwrap(),
    }
}

/// A message to be categorized.
struct Message {
    envelope: Envelope,
    origin: Origin,
    headers: Option<AddressHeaders>,
    size: u64,
    is_journal_report: bool,
}

fn message(from: &str, to: &[&str]) -> Message {
    Message {
        envelope: Envelope {
            mail_from: match from {
                "<>" => Default::default(),
                from => address(from).into(),
            },
            recipients: to
                .iter()
                .map(|to| EnvelopeRecipient::new(address(to)))
                .collect(),
            ..Default::default()
        },
        origin: origin(),
        headers: None,
        size: 5_000,
        is_journal_report: false,
    }
}

impl Message {
    fn input(&self) -> Input<'_> {
        Input {
            envelope: &self.envelope,
            origin: &self.origin,
            headers: self.headers.as_ref(),
            size: self.size,
            is_journal_report: self.is_journal_report,
        }
    }

    fn size(mut self, size: u64) -> Message {
        self.size = size;
        self
    }

    fn notify(mut self, notify: Notify) -> Message {
        for rcpt in &mut self.envelope.recipients {
            rcpt.notify = notify;
        }
        self
    }

    fn signed_in(mut self, to: &[&str], cc: &[&str]) -> Message {
        self.origin.account = Some(address("anna"));
        self.headers = Some(AddressHeaders {
            to: to.iter().map(|a| address(a)).collect(),
            cc: cc.iter().map(|a| address(a)).collect(),
            bcc: Vec::new(),
        });
        self
    }
}

fn short(address: &EmailAddress) -> String {
    address.to_string().replace("@example.org", "")
}

fn shown(delivery: &Delivery) -> String {
    let to: Vec<_> = delivery
        .recipients
        .iter()
        .map(|r| short(&r.rcpt.address))
        .collect();
    let from = delivery.mail_from.address().map_or("<>".to_owned(), short);
    let what = match &delivery.content {
        DeliveryContent::Message => String::new(),
        DeliveryContent::JournalReport(report) => format!(" report {}", report.rules.join("+")),
        DeliveryContent::Dsn { recipients } => {
            let recipients: Vec<_> = recipients
                .iter()
                .map(|r| {
                    let code = r.reply.enhanced.map(|e| e.to_string()).unwrap_or_default();
                    format!("{} {:?} {code}", short(&r.rcpt.address), r.action)
                })
                .collect();
            format!(" dsn {}", recipients.join(", "))
        }
    };
    format!("{} {from} -> {}{what}", delivery.next_hop, to.join(","))
}

#[track_caller]
fn check(snapshot: &Snapshot, message: &Message, expect: &[&str]) -> Plan {
    let plan = plan(snapshot, &message.input());
    let got: Vec<_> = plan.deliveries.iter().map(shown).collect();
    assert_eq!(got, expect);
    for (no, delivery) in (0u32..).zip(&plan.deliveries) {
        assert_eq!(delivery.no, no);
    }
    // What is explained is what is done.
    assert_eq!(explain(snapshot, &message.input()).plan, plan);
    plan
}

#[test]
fn one_delivery_for_each_next_hop() {
    let snapshot = snapshot("");
    check(
        &snapshot,
        &message("s@sender.example", &["anna"]),
        &["mailbox/anna s@sender.example -> anna"],
    );
    check(
        &snapshot,
        &message(
            "anna",
            &[
                "x@example.net",
                "bert",
                "y@example.net",
                "z@sub.partner.example",
                "carl",
                "boss@relay.example",
                "w@elsewhere.example",
            ],
        ),
        &[
            "connector/Internet/example.net anna -> x@example.net,y@example.net",
            "connector/Dovecot anna -> bert",
            "connector/Partner anna -> z@sub.partner.example,carl@partner.example,boss@relay.example",
            "connector/Internet/elsewhere.example anna -> w@elsewhere.example",
        ],
    );
}

#[test]
fn many_recipients_are_split_at_what_every_server_takes() {
    let snapshot = snapshot("");
    let to: Vec<_> = (0..250)
        .flat_map(|i| [format!("u{i}@example.net"), format!("u{i}@other.example")])
        .collect();
    let to: Vec<_> = to.iter().map(String::as_str).collect();
    let plan = plan(&snapshot, &message("anna", &to).input());
    let sizes: Vec<_> = plan.deliveries.iter().map(|d| d.recipients.len()).collect();
    assert_eq!(sizes, [100, 100, 100, 100, 50, 50]);
}

#[test]
fn size_closes_a_way_and_the_sender_is_told() {
    let snapshot = snapshot("");
    // The partner takes up to 1 MB, but * takes its mail too.
    let large = message("anna", &["x@partner.example"]).size(2 << 20);
    check(
        &snapshot,
        &large,
        &["connector/Internet/partner.example anna -> x@partner.example"],
    );
    let huge = message("anna", &["x@partner.example", "bert"]).size(64 << 20);
    check(
        &snapshot,
        &huge,
        &["mailbox/anna <> -> anna dsn x@partner.example Failed 5.3.4, bert Failed 5.3.4"],
    );
}

#[test]
fn what_no_connector_takes_waits() {
    let snapshot = {
        let mut snapshot = snapshot("");
        snapshot.send_connectors.clear();
        snapshot
    };
    check(
        &snapshot,
        &message("anna", &["x@example.net", "bert"]),
        &[
            "unreachable/example.net anna -> x@example.net",
            "unreachable/example.org anna -> bert",
        ],
    );
}

#[test]
fn failures_go_back_to_whoever_is_to_hear() {
    let snapshot = snapshot("");
    check(
        &snapshot,
        &message("s@sender.example", &["gone", "anna"]),
        &[
            "mailbox/anna s@sender.example -> anna",
            "connector/Internet/sender.example <> -> s@sender.example dsn gone Failed 5.1.1",
        ],
    );
    // A bounce is never answered by a bounce, and NOTIFY=NEVER is kept.
    let categorized = categorize(&snapshot, &message("<>", &["gone"]).input());
    assert_eq!(categorized.plan.deliveries, []);
    assert!(!categorized.failures[0].reported);
    check(
        &snapshot,
        &message("s@sender.example", &["gone"]).notify(Notify::NEVER),
        &[],
    );
    // A sender of ours who does not exist hears nothing.
    check(&snapshot, &message("nobody", &["gone"]), &[]);
}

#[test]
fn a_group_may_have_a_return_address_of_its_own() {
    let snapshot = snapshot("");
    check(
        &snapshot,
        &message("s@sender.example", &["list", "x@example.net"]),
        &[
            "mailbox/anna bert -> anna",
            "connector/Internet/example.net s@sender.example -> x@example.net",
            "connector/Dovecot <> -> bert dsn gone Failed 5.1.1",
        ],
    );
    check(
        &snapshot,
        &message("<>", &["list"]),
        &["mailbox/anna <> -> anna"],
    );
}

#[test]
fn who_may_send_hangs_on_the_connector_and_the_account() {
    let more = r#"
[[receive_connector]]
name = "Internet"
bindings = [":25"]
[[receive_connector]]
name = "Applications"
bindings = [":26"]
relay = "all"
[[distribution_group]]
name = "inner"
address = "inner@example.org"
members = ["anna@example.org"]
require_sender_authentication_enabled = true
max_receive_size = "10KB"
"#;
    let snapshot = snapshot(more);
    let refused = "connector/Internet/sender.example <> -> s@sender.example dsn inner Failed";
    check(
        &snapshot,
        &message("s@sender.example", &["inner"]),
        &[&format!("{refused} 5.7.1")],
    );
    let mut trusted = message("s@sender.example", &["inner"]);
    trusted.origin.connector = "Applications".to_owned();
    let taken = "mailbox/anna s@sender.example -> anna";
    check(&snapshot, &trusted, &[taken]);
    check(
        &snapshot,
        &trusted.size(11_000),
        &[&format!("{refused} 5.2.3")],
    );
    let signed_in = message("s@sender.example", &["inner"]).signed_in(&["inner"], &[]);
    check(&snapshot, &signed_in, &[taken]);
    let mut probe = message("s@sender.example", &["inner"]);
    probe.origin.probe = true;
    check(&snapshot, &probe, &[taken]);
}

#[test]
fn success_at_a_group_is_told_as_expanded() {
    let snapshot = snapshot("");
    let wants_success = Notify {
        success: true,
        failure: true,
        delay: false,
        given: true,
    };
    let plan = check(
        &snapshot,
        &message("s@sender.example", &["team"]).notify(wants_success),
        &[
            "mailbox/anna s@sender.example -> anna",
            "connector/Dovecot s@sender.example -> bert",
            "connector/Internet/example.net s@sender.example -> x@example.net",
            "connector/Internet/sender.example <> -> s@sender.example dsn team Expanded 2.1.5",
        ],
    );
    assert!(!plan.deliveries[1].recipients[0].rcpt.notify.success);
}

#[test]
fn the_choice_of_a_connector_gives_its_reasons() {
    let more = r#"
[[send_connector]]
name = "Spare"
address_spaces = ["*;5"]
[[send_connector]]
name = "Abroad"
address_spaces = ["*"]
"#;
    let snapshot = snapshot(more);
    let decision = route(
        &snapshot,
        &"example.net".parse().unwrap(),
        40 << 20,
        OutboundPool::Normal,
    );
    assert_eq!(
        decision.chosen,
        Routing::TooLarge {
            limit: mailward_model::unit::ByteSize(35 << 20)
        }
    );
    let decision = route(
        &snapshot,
        &"example.net".parse().unwrap(),
        1_000,
        OutboundPool::Normal,
    );
    assert_eq!(
        decision.chosen,
        Routing::To(NextHop::Domain {
            connector: "Abroad".to_owned(),
            domain: "example.net".parse().unwrap()
        })
    );
    let reasons: Vec<_> = decision
        .passed_over
        .iter()
        .map(|p| format!("{}: {}", p.candidate, p.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            "Dovecot: its address spaces (dovecot.invalid) do not cover example.net",
            "Internet: its name comes after \"Abroad\"",
            "Partner: its address spaces (*.partner.example, relay.example) do not cover example.net",
            "Spare: its cost, 5, is higher than 1 of \"Abroad\"",
        ]
    );
    let decision = route(
        &snapshot,
        &"a.partner.example".parse().unwrap(),
        2 << 20,
        OutboundPool::Normal,
    );
    let partner = decision
        .passed_over
        .iter()
        .find(|p| p.candidate == "Partner");
    assert_eq!(
        partner.map(|p| p.reason.as_str()),
        Some("its max_message_size is 1MB, the message has 2097152 octets")
    );
}

#[test]
fn the_way_to_an_address_is_that_of_a_recipient() {
    let snapshot = snapshot("");
    let hops = |to: &str| -> Vec<_> {
        route_to(&snapshot, &address(to), 1_000, OutboundPool::Normal)
            .iter()
            .map(|r| (r.next_hop.to_string(), r.recipients.len()))
            .collect()
    };
    assert_eq!(hops("a.berg"), [("mailbox/anna".to_owned(), 1)]);
    assert_eq!(hops("carl"), [("connector/Partner".to_owned(), 1)]);
    assert_eq!(
        hops("x@example.net"),
        [("connector/Internet/example.net".to_owned(), 1)]
    );
    assert_eq!(hops("gone"), []);
    assert_eq!(hops("team").len(), 3);
}

#[test]
fn waiting_deliveries_find_new_ways() {
    let before = {
        let mut before = snapshot("");
        before.send_connectors.clear();
        before
    };
    let now = snapshot("");
    let to = ["x@example.net", "y@example.net", "z@example.net"];
    let waiting = plan(&before, &message("anna", &to).input());
    let [delivery] = waiting.deliveries.as_slice() else {
        panic!("{waiting:?}");
    };
    let same = reroute(&before, delivery, &[0, 1, 2], 1_000, OutboundPool::Normal);
    assert_eq!(same.deliveries, waiting.deliveries);
    let moved = reroute(&now, delivery, &[0, 2, 9], 1_000, OutboundPool::Normal);
    let shown: Vec<_> = moved.deliveries.iter().map(shown).collect();
    assert_eq!(
        shown,
        ["connector/Internet/example.net anna -> x@example.net,z@example.net"]
    );
    // A mailbox that was deleted meanwhile, and a report that waits whatever happens.
    let mut gone = delivery.clone();
    gone.recipients[0].rcpt.address = address("gone");
    let failed = reroute(&now, &gone, &[0], 1_000, OutboundPool::Normal);
    assert_eq!(failed.failures.len(), 1);
    gone.content = DeliveryContent::JournalReport(mailward_model::plan::JournalReport::default());
    let kept = reroute(&now, &gone, &[0], 64 << 20, OutboundPool::Normal);
    assert!(kept.failures.is_empty());
    assert_eq!(
        kept.deliveries[0].next_hop.to_string(),
        "journal/gone@example.org"
    );
}

#[test]
fn what_somebody_sends_another_way_keeps_every_promise() {
    const HIGH_RISK: &str =
        "[[send_connector]]\nname = \"Risky\"\naddress_spaces = [\"*\"]\npool = \"high_risk\"\n";
    let snapshot = snapshot(HIGH_RISK);
    let connector = |name: &str| snapshot.send_connector(name).unwrap();
    let delivery = |next_hop: NextHop, to: &[&str]| Delivery {
        no: 0,
        next_hop,
        mail_from: address("anna").into(),
        recipients: to
            .iter()
            .map(|to| mailward_model::plan::DeliveryRecipient {
                rcpt: EnvelopeRecipient::new(address(to)),
                redirection: None,
            })
            .collect(),
        content: DeliveryContent::Message,
    };
    let smart = |connector: &str| NextHop::SmartHost {
        connector: connector.to_owned(),
    };
    let sent = |delivery: &Delivery, to: &str, pending: &[u32], size| {
        let wanted = OutboundPool::Normal;
        redirect(&snapshot, connector(to), delivery, pending, size, wanted)
    };
    let two = delivery(
        smart("Partner"),
        &["x@a.example", "y@b.example", "z@a.example"],
    );
    // Of those that are open one delivery for each domain; the envelope stays.
    let moved = sent(&two, "Internet", &[0, 1, 2], 10).unwrap();
    let hops: Vec<String> = moved.iter().map(|one| one.next_hop.to_string()).collect();
    assert_eq!(
        hops,
        [
            "connector/Internet/a.example",
            "connector/Internet/b.example"
        ]
    );
    assert_eq!(moved[0].recipients.len(), 2);
    assert_eq!(moved[0].mail_from, two.mail_from);
    let moved = sent(&two, "Internet", &[1], 10).unwrap();
    assert_eq!((moved.len(), moved[0].recipients.len()), (1, 1));
    let by_mx = delivery(
        NextHop::Domain {
            connector: "Internet".to_owned(),
            domain: "a.example".parse().unwrap(),
        },
        &["x@a.example"],
    );
    let moved = sent(&by_mx, "Partner", &[0], 10).unwrap();
    assert_eq!(moved[0].next_hop, smart("Partner"));
    assert_eq!(sent(&by_mx, "Internet", &[0], 10), Err(Stays::Same));
    assert!(matches!(
        sent(&by_mx, "Partner", &[0], 2 << 20),
        Err(Stays::TooLarge(_))
    ));
    let here = delivery(
        NextHop::Mailbox {
            mailbox: "anna".to_owned(),
        },
        &["anna"],
    );
    assert_eq!(sent(&here, "Internet", &[0], 10), Err(Stays::Mailbox));
    let report = Delivery {
        content: DeliveryContent::JournalReport(Default::default()),
        ..by_mx.clone()
    };
    assert_eq!(sent(&report, "Partner", &[0], 10), Err(Stays::Report));
    // Mail of one pool never leaves by the other.
    let pool = OutboundPool::HighRisk;
    assert_eq!(
        sent(&by_mx, "Risky", &[0], 10),
        Err(Stays::OtherPool(OutboundPool::Normal))
    );
    let risky = |to: &str| redirect(&snapshot, connector(to), &by_mx, &[0], 10, pool);
    assert_eq!(risky("Partner"), Err(Stays::OtherPool(pool)));
    assert!(risky("Risky").is_ok());
}
