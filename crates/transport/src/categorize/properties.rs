//! Categorizing of any message to any directory: the rules that hold whatever the objects say.

use std::collections::BTreeSet;

use mailward_model::{
    Envelope, EnvelopeRecipient, ReversePath,
    plan::{Delivery, DeliveryContent},
};
use mailward_proto::header::AddressHeaders;
use proptest::prelude::*;

use super::{tests, *};

/// Who there is to write to, of all sorts.
const ADDRESSES: [&str; 14] = [
    "anna@example.org",
    "a.berg@example.org",
    "bert@example.org",
    "carl@example.org",
    "team@example.org",
    "list@example.org",
    "journal@example.org",
    "gone@example.org",
    "round@example.org",
    "circle@example.org",
    "x@example.net",
    "y@partner.example",
    "boss@relay.example",
    "carl@partner.example",
];

fn address() -> impl Strategy<Value = String> {
    prop::sample::select(ADDRESSES.to_vec()).prop_map(str::to_owned)
}

/// A group and a mailbox that lead into each other, and journal rules.
fn more() -> impl Strategy<Value = String> {
    let scope = prop::sample::select(vec!["global", "internal", "external"]);
    let target = prop::sample::select(vec![
        "journal@example.org",
        "anna@example.org",
        "a.berg@example.org",
        "archive@partner.example",
        "carl@example.org",
    ]);
    let rule = (target, prop::option::of(address()), scope).prop_map(|(target, whose, scope)| {
        let whose = whose.map_or(String::new(), |whose| format!("recipient = \"{whose}\"\n"));
        format!("journal_address = \"{target}\"\nscope = \"{scope}\"\n{whose}")
    });
    let members = prop::collection::vec(address(), 0..5);
    let settings = (
        prop::collection::vec(rule, 0..4),
        members,
        address(),
        any::<bool>(),
    );
    settings.prop_map(|(rules, members, forward, keep)| {
        let rules: Vec<_> = rules
            .iter()
            .enumerate()
            .map(|(n, rule)| format!("[[journal_rule]]\nname = \"rule{n}\"\n{rule}"))
            .collect();
        format!(
            "[[distribution_group]]\nname = \"round\"\naddress = \"round@example.org\"\nmembers = {members:?}\n\
             [[mailbox]]\nname = \"circle\"\naddress = \"circle@example.org\"\n\
             forwarding_address = \"{forward}\"\ndeliver_and_forward = {keep}\n{}",
            rules.concat()
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_the_message(
        more in more(),
        from in prop::option::of(address()),
        to in prop::collection::vec(address(), 1..6),
        (size, probe, signed_in, is_journal_report) in (0..80_000_000u64, any::<bool>(), any::<bool>(), any::<bool>()),
    ) {
        let snapshot = tests::snapshot(&more);
        let mut origin = tests::origin();
        origin.probe = probe;
        origin.account = signed_in.then(|| "anna@example.org".parse().unwrap());
        let envelope = Envelope {
            mail_from: from.map_or(ReversePath::Null, |from| ReversePath::Mailbox(from.parse().unwrap())),
            recipients: to.iter().map(|to| EnvelopeRecipient::new(to.parse().unwrap())).collect(),
            ..Default::default()
        };
        let headers = AddressHeaders { to: vec!["team@example.org".parse().unwrap()], ..Default::default() };
        let input = Input { envelope: &envelope, origin: &origin, headers: Some(&headers), size, is_journal_report };
        let categorized = categorize(&snapshot, &input);
        let plan = &categorized.plan;
        let of = |is: fn(&DeliveryContent) -> bool| -> Vec<&Delivery> {
            plan.deliveries.iter().filter(|d| is(&d.content)).collect()
        };
        let messages = of(|c| matches!(c, DeliveryContent::Message));
        let reports = of(|c| matches!(c, DeliveryContent::JournalReport(_)));
        let dsns = of(|c| matches!(c, DeliveryContent::Dsn { .. }));

        // The same arguments, the same plan; and what is explained is what is done.
        prop_assert_eq!(&categorized, &categorize(&snapshot, &input));
        prop_assert_eq!(&explain(&snapshot, &input).plan, plan);
        // Each delivery has a number of its own and somebody to go to.
        for (no, delivery) in (0u32..).zip(&plan.deliveries) {
            prop_assert_eq!(delivery.no, no);
            prop_assert!(!delivery.recipients.is_empty());
            prop_assert!(delivery.recipients.len() <= RECIPIENTS_PER_DELIVERY_MAX);
        }
        // Nobody gets the message twice.
        let mut keys = BTreeSet::new();
        for recipient in messages.iter().flat_map(|d| &d.recipients) {
            prop_assert!(keys.insert(recipient.rcpt.address.key()), "{:?}", plan);
        }
        // Nobody is forgotten: who is in no delivery has failed, or is a duplicate of a way that
        // has an end.
        prop_assert!(!messages.is_empty() || !categorized.failures.is_empty());
        for (source, rcpt) in (0u32..).zip(&envelope.recipients) {
            let alone = Envelope { recipients: vec![rcpt.clone()], ..envelope.clone() };
            let alone = categorize(&snapshot, &Input { envelope: &alone, ..input });
            for delivery in &alone.plan.deliveries {
                if delivery.content == DeliveryContent::Message {
                    for recipient in &delivery.recipients {
                        prop_assert!(keys.contains(&recipient.rcpt.address.key()));
                    }
                }
            }
            let delivers = alone.plan.deliveries.iter().any(|d| d.content == DeliveryContent::Message);
            let failed = categorized.failures.iter().any(|f| {
                // A way that ended at a recipient of another way failed with that one.
                f.source == source || alone.failures.iter().any(|a| a.rcpt.address == f.rcpt.address)
            });
            prop_assert!(delivers || failed);
        }
        // Reports: one for a target, naming everybody who gets the message; none for probes.
        let targets: BTreeSet<_> = reports.iter().map(|d| d.recipients[0].rcpt.address.key()).collect();
        prop_assert_eq!(targets.len(), reports.len());
        prop_assert!(reports.is_empty() || !probe);
        for delivery in &reports {
            prop_assert!(delivery.mail_from.is_null());
            let DeliveryContent::JournalReport(report) = &delivery.content else { unreachable!() };
            prop_assert!(!report.rules.is_empty());
            let named: BTreeSet<_> = report.recipients.iter().map(|r| r.address.key()).collect();
            prop_assert!(named.is_superset(&keys));
        }
        // Bounces: to nobody for a null sender or a probe, and themselves never answered.
        prop_assert!(dsns.is_empty() || !(envelope.mail_from.is_null() || probe));
        prop_assert!(dsns.iter().all(|d| d.mail_from.is_null()));
        if envelope.mail_from.is_null() {
            prop_assert!(messages.iter().all(|d| d.mail_from.is_null()));
        }
    }
}
