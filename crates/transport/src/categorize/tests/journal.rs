//! Journaling by examples: which rules fire, for whom, and what the report says.

use mailward_model::{
    kind::{JournalScope, OutboundPool},
    plan::{DeliveryContent, JournalRole, Redirection},
};

use super::*;
use mailward_model::plan::JournalAddressForm;

fn journal(name: &str, fields: &str) -> String {
    format!("[[journal_rule]]\nname = \"{name}\"\n{fields}\n")
}

const ALL: &str = "journal_address = \"journal@example.org\"";

#[test]
fn everything_is_journaled_once() {
    let snapshot = snapshot(&journal("all", ALL));
    let plan = check(
        &snapshot,
        &message("s@sender.example", &["team", "carl"]),
        &[
            "mailbox/anna s@sender.example -> anna",
            "connector/Dovecot s@sender.example -> bert",
            "connector/Internet/example.net s@sender.example -> x@example.net",
            "connector/Partner s@sender.example -> carl@partner.example",
            "mailbox/journal <> -> journal report all",
        ],
    );
    let DeliveryContent::JournalReport(report) = &plan.deliveries[4].content else {
        panic!("{plan:?}");
    };
    let lines: Vec<_> = report
        .recipients
        .iter()
        .map(|r| (r.role, short(&r.address), r.redirection.clone()))
        .collect();
    let expanded = || Some(Redirection::Expanded(address("team")));
    assert_eq!(
        lines,
        [
            (JournalRole::Recipient, "anna".to_owned(), expanded()),
            (JournalRole::Recipient, "bert".to_owned(), expanded()),
            (
                JournalRole::Recipient,
                "x@example.net".to_owned(),
                expanded()
            ),
            (
                JournalRole::Recipient,
                "carl@partner.example".to_owned(),
                Some(Redirection::Forwarded(address("carl")))
            ),
        ]
    );
}

#[test]
fn one_report_for_a_target_whatever_the_rules() {
    let archive = "journal_address = \"archive@partner.example\"";
    let rules = [
        journal("all", ALL),
        journal("anna", &format!("{ALL}\nrecipient = \"anna@example.org\"")),
        journal("out", &format!("{archive}\nscope = \"external\"")),
        journal("off", &format!("{archive}\nenabled = false")),
        journal(
            "bert",
            &format!("{archive}\nrecipient = \"bert@example.org\""),
        ),
    ];
    let snapshot = snapshot(&rules.concat());
    check(
        &snapshot,
        &message("s@sender.example", &["anna"]),
        &[
            "mailbox/anna s@sender.example -> anna",
            "mailbox/journal <> -> journal report all+anna",
            "journal/archive@partner.example <> -> archive@partner.example report out",
        ],
    );
}

#[test]
fn rules_are_for_whom_they_name() {
    let rule = |recipient: &str| {
        snapshot(&journal(
            "some",
            &format!("{ALL}\nrecipient = \"{recipient}@example.org\""),
        ))
    };
    let journaled = |snapshot: &Snapshot, message: Message| {
        let plan = plan(snapshot, &message.input());
        plan.deliveries
            .iter()
            .any(|d| matches!(d.content, DeliveryContent::JournalReport(_)))
    };
    for (whose, from, to, expect) in [
        ("anna", "s@x.example", "anna", true),
        ("anna", "s@x.example", "a.berg", true),
        ("anna", "s@x.example", "anna+news", true),
        ("anna", "s@x.example", "team", true),
        ("anna", "s@x.example", "bert", false),
        ("anna", "A.Berg", "x@example.net", true),
        ("carl", "s@x.example", "carl", true),
        ("carl", "s@x.example", "carl@partner.example", false),
        // A group's members, by whatever way they are reached; not the group as such.
        ("team", "s@x.example", "bert", true),
        ("team", "s@x.example", "x@example.net", true),
        ("team", "team", "carl", false),
        ("list", "s@x.example", "carl", false),
    ] {
        let got = journaled(&rule(whose), message(from, &[to]));
        assert_eq!(got, expect, "rule for {whose}: {from} to {to}");
    }
    // Who signed in counts as the sender, whatever the envelope says.
    let signed_in = message("s@x.example", &["x@other.example"]).signed_in(&[], &[]);
    assert!(journaled(&rule("anna"), signed_in));
}

#[test]
fn scope_is_judged_for_each_recipient_after_expansion() {
    for (scope, from, to, expect) in [
        ("internal", "anna", "bert", true),
        ("internal", "anna", "boss@relay.example", true),
        ("internal", "anna", "x@example.net", false),
        ("internal", "anna", "team", true),
        ("internal", "anna", "carl", false),
        ("internal", "s@x.example", "bert", false),
        ("internal", "<>", "bert", false),
        ("external", "anna", "bert", false),
        ("external", "anna", "carl", true),
        ("external", "anna", "team", true),
        ("external", "s@x.example", "bert", true),
        ("global", "s@x.example", "bert", true),
    ] {
        let snapshot = snapshot(&journal("some", &format!("{ALL}\nscope = \"{scope}\"")));
        let explained = explain(&snapshot, &message(from, &[to]).input());
        let fires = &explained.journal[0].fires;
        assert_eq!(fires.chosen, expect, "{scope}: {from} to {to}: {fires:?}");
        let reported = explained
            .plan
            .deliveries
            .iter()
            .any(|d| matches!(d.content, DeliveryContent::JournalReport(_)));
        assert_eq!(reported, expect, "{scope}: {from} to {to}");
    }
}

/// What was found out of a message for which the other half of the organisation vouches.
fn vouched() -> Option<Box<mailward_model::Arrival>> {
    Some(Box::new(mailward_model::Arrival {
        internal: true,
        ..Default::default()
    }))
}

#[test]
fn what_the_other_half_vouches_for_is_within() {
    for (scope, to, internal, expect) in [
        ("internal", "bert", true, true),
        ("internal", "bert", false, false),
        // The recipient is asked as well.
        ("internal", "x@example.net", true, false),
        ("external", "bert", true, false),
        ("external", "bert", false, true),
        ("external", "x@example.net", true, true),
    ] {
        let snapshot = snapshot(&journal("some", &format!("{ALL}\nscope = \"{scope}\"")));
        let mut message = message("anna@cloud.example", &[to]);
        message.origin.arrival = vouched().filter(|_| internal);
        let explained = explain(&snapshot, &message.input());
        let fires = &explained.journal[0].fires;
        assert_eq!(fires.chosen, expect, "{scope} {to} {internal}: {fires:?}");
    }
}

#[test]
fn some_mail_is_never_journaled() {
    let rules = [
        journal("all", ALL),
        journal("archive", "journal_address = \"archive@partner.example\""),
    ];
    let snapshot = snapshot(&rules.concat());
    check(
        &snapshot,
        &message("s@sender.example", &["journal"]),
        &["mailbox/journal s@sender.example -> journal"],
    );
    let mut probe = message("<>", &["probe"]);
    probe.origin.probe = true;
    check(&snapshot, &probe, &["mailbox/probe <> -> probe"]);
    // A report of another system on its way to a journal.
    let mut report = message("<>", &["archive@partner.example"]);
    report.is_journal_report = true;
    check(
        &snapshot,
        &report,
        &["connector/Partner <> -> archive@partner.example"],
    );
    // The same marker elsewhere is worth nothing.
    let mut forged = message("s@sender.example", &["anna"]);
    forged.is_journal_report = true;
    check(
        &snapshot,
        &forged,
        &[
            "mailbox/anna s@sender.example -> anna",
            "mailbox/journal <> -> journal report all",
            "journal/archive@partner.example <> -> archive@partner.example report archive",
        ],
    );
}

#[test]
fn roles_are_believed_of_people_who_signed_in() {
    let snapshot = snapshot(&journal("all", ALL));
    let to = ["team", "a.berg", "carl", "x@example.net"];
    let roles = |message: &Message| -> Vec<_> {
        let plan = plan(&snapshot, &message.input());
        plan.deliveries
            .iter()
            .filter_map(|d| match &d.content {
                DeliveryContent::JournalReport(report) => Some(report),
                _ => None,
            })
            .flat_map(|report| &report.recipients)
            .map(|r| (short(&r.address), r.role))
            .collect()
    };
    let signed_in = message("anna", &to).signed_in(&["Team", "anna"], &["x@EXAMPLE.net"]);
    assert_eq!(
        roles(&signed_in),
        [
            ("anna".to_owned(), JournalRole::To),
            ("bert".to_owned(), JournalRole::To),
            ("x@example.net".to_owned(), JournalRole::Cc),
            ("carl@partner.example".to_owned(), JournalRole::Bcc),
        ]
    );
    let mut stranger = signed_in;
    stranger.origin.account = None;
    // Nor of the other half of the organisation: a server hands in what anybody there wrote.
    let mut internal = Message {
        origin: stranger.origin.clone(),
        ..message("anna", &to)
    };
    internal.origin.arrival = vouched();
    assert!(
        roles(&internal)
            .iter()
            .all(|(_, role)| *role == JournalRole::Recipient)
    );
    assert!(
        roles(&stranger)
            .iter()
            .all(|(_, role)| *role == JournalRole::Recipient)
    );
}

#[test]
fn a_report_whose_way_is_closed_waits() {
    let far = "journal_address = \"archive@partner.example\"";
    let mut closed = snapshot(&journal("all", far));
    closed.send_connectors.retain(|c| c.name == "Partner");
    check(
        &closed,
        &message("s@sender.example", &["anna"]).size(2 << 20),
        &[
            "mailbox/anna s@sender.example -> anna",
            "journal/archive@partner.example <> -> archive@partner.example report all",
        ],
    );
    // Nor is it lost where its target was taken away.
    let lost = snapshot(&journal("all", "journal_address = \"lost@example.org\""));
    check(
        &lost,
        &message("s@sender.example", &["anna"]),
        &[
            "mailbox/anna s@sender.example -> anna",
            "journal/lost@example.org <> -> lost report all",
        ],
    );
}

#[test]
fn proxies_of_one_target_are_one_target() {
    let rules = [
        journal("a", "journal_address = \"a.berg@example.org\""),
        journal(
            "b",
            "journal_address = \"anna@example.org\"\nscope = \"global\"",
        ),
    ];
    let snapshot = snapshot(&rules.concat());
    assert_eq!(snapshot.journal_targets.len(), 1);
    check(
        &snapshot,
        &message("s@sender.example", &["x@example.net"]),
        &[
            "connector/Internet/example.net s@sender.example -> x@example.net",
            "mailbox/anna <> -> anna report a+b",
        ],
    );
    assert_eq!(
        snapshot.journal_rules[0].rule.spec.scope,
        JournalScope::Global
    );
}

#[test]
fn a_store_stands_for_its_mailboxes() {
    let rule = |store: &str| {
        snapshot(&journal(
            "some",
            &format!("{ALL}\nmailbox_store = \"{store}\""),
        ))
    };
    for (store, from, to, expect) in [
        ("local", "s@x.example", "anna", true),
        ("local", "s@x.example", "bert", false),
        ("local", "anna", "x@example.net", true),
        ("local", "s@x.example", "carl", false),
        ("Dovecot", "s@x.example", "bert", true),
        ("dovecot", "bert", "x@example.net", true),
        ("Dovecot", "s@x.example", "anna", false),
        // Each member of a group is a recipient of its own.
        ("Dovecot", "s@x.example", "team", true),
    ] {
        let explained = explain(&rule(store), &message(from, &[to]).input());
        let fires = &explained.journal[0].fires;
        assert_eq!(fires.chosen, expect, "{store}: {from} to {to}: {fires:?}");
    }
}

#[test]
fn each_pair_has_its_reason() {
    let rules = [
        journal("anna", &format!("{ALL}\nrecipient = \"anna@example.org\"")),
        journal("inside", &format!("{ALL}\nscope = \"internal\"")),
    ];
    let snapshot = snapshot(&rules.concat());
    let explained = explain(&snapshot, &message("bert", &["team", "journal"]).input());
    let shown: Vec<Vec<_>> = explained
        .journal
        .iter()
        .map(|rule| {
            let pairs = rule.pairs.iter();
            pairs
                .map(|pair| {
                    let (sign, why) = match &pair.fires {
                        Ok(why) => ("+", why),
                        Err(why) => ("-", why),
                    };
                    format!("{sign} {}: {why}", short(&pair.recipient))
                })
                .collect()
        })
        .collect();
    let journal = "- journal: mail to a journal mailbox is not journaled";
    assert_eq!(
        shown,
        [
            [
                "+ anna: the recipient is whose mail the rule is for",
                "- bert: neither it nor the sender is whose mail the rule is for",
                "- x@example.net: neither it nor the sender is whose mail the rule is for",
                journal,
            ],
            [
                "+ anna: the rule is for everyone's mail",
                "+ bert: the rule is for everyone's mail",
                "- x@example.net: it or the sender is outside the organisation",
                journal,
            ],
        ]
    );
}

#[test]
fn the_alternate_mailbox_hears_of_reports_and_is_not_journaled() {
    let more = [
        journal("all", "journal_address = \"archive@partner.example\""),
        "[transport_settings]\njournaling_report_ndr_to = \"anna@example.org\"\n".to_owned(),
    ];
    let snapshot = snapshot(&more.concat());
    check(
        &snapshot,
        &message("s@sender.example", &["bert"]),
        &[
            "connector/Dovecot s@sender.example -> bert",
            "journal/archive@partner.example anna -> archive@partner.example report all",
        ],
    );
    check(
        &snapshot,
        &message("s@sender.example", &["a.berg"]),
        &["mailbox/anna s@sender.example -> anna"],
    );
}

#[test]
fn the_rules_of_a_target_agree_on_one_text() {
    let rules = [
        journal("a", &format!("{ALL}\naddress_form = \"angle\"")),
        journal("b", &format!("{ALL}\nlabel = \"Finance\"\nsent_utc = true")),
        journal("c", &format!("{ALL}\nlabel = \"Other\"")),
        journal(
            "off",
            &format!("{ALL}\nscope = \"internal\"\nlabel = \"Off\""),
        ),
    ];
    let snapshot = snapshot(&rules.concat());
    let plan = plan(&snapshot, &message("s@sender.example", &["anna"]).input());
    let DeliveryContent::JournalReport(report) = &plan.deliveries[1].content else {
        panic!("{plan:?}");
    };
    assert_eq!(report.rules, ["a", "b", "c"]);
    assert_eq!(report.target, Some(address("journal")));
    assert_eq!(report.format.addresses, JournalAddressForm::Angle);
    assert_eq!(report.format.label.as_deref(), Some("Finance"));
    assert!(report.format.sent_utc);
}

#[test]
fn a_report_finds_its_way_when_it_is_delivered() {
    let far = journal("all", "journal_address = \"archive@partner.example\"");
    let plan = plan(
        &snapshot(&far),
        &message("s@sender.example", &["anna"]).input(),
    );
    let report = &plan.deliveries[1];
    let way = |snapshot: &Snapshot, size| way_of_report(snapshot, report, size).to_string();
    assert_eq!(way(&snapshot(&far), 5_000), "connector/Partner");
    let mut closed = snapshot(&far);
    closed.send_connectors.retain(|c| c.name != "Partner");
    assert_eq!(way(&closed, 5_000), "connector/Internet/partner.example");
    // Too large for the only way there is.
    let mut small = snapshot(&far);
    small.send_connectors.retain(|c| c.name == "Partner");
    assert_eq!(way(&small, 64 << 20), "journal/archive@partner.example");
    // It stays in its queue whatever happens.
    let same = reroute(&closed, report, &[0], 5_000, OutboundPool::Normal);
    assert_eq!(same.deliveries[0].next_hop, report.next_hop);
}

#[test]
fn a_dynamic_group_stands_for_whom_its_filter_fits() {
    let group = "[[dynamic_distribution_group]]\nname = \"Journaled\"\naddress = \"journaled@example.org\"\nrecipient_filter = \"(Name -ne 'bert') -and (RecipientType -eq 'UserMailbox')\"\n";
    let rule = journal(
        "some",
        &format!("{ALL}\nrecipient = \"journaled@example.org\""),
    );
    let snapshot = snapshot(&format!("{group}{rule}"));
    for (from, to, expect) in [
        ("s@x.example", "anna", true),
        ("s@x.example", "bert", false),
        ("s@x.example", "carl", false),
        ("a.berg", "x@example.net", true),
        ("s@x.example", "team", true),
    ] {
        let explained = explain(&snapshot, &message(from, &[to]).input());
        let fires = &explained.journal[0].fires;
        assert_eq!(fires.chosen, expect, "{from} to {to}: {fires:?}");
    }
}
