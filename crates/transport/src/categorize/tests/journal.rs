//! Journaling by examples: which rules fire, for whom, and what the report says.

use mailward_model::{
    kind::JournalScope,
    plan::{DeliveryContent, JournalRole, Redirection},
};

use super::*;

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
            "connector/Partner <> -> archive@partner.example report out",
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
            "connector/Partner <> -> archive@partner.example report archive",
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
            "unreachable/partner.example <> -> archive@partner.example report all",
        ],
    );
    // Nor is it lost where its target was taken away.
    let lost = snapshot(&journal("all", "journal_address = \"lost@example.org\""));
    check(
        &lost,
        &message("s@sender.example", &["anna"]),
        &[
            "mailbox/anna s@sender.example -> anna",
            "unreachable/example.org <> -> lost report all",
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
