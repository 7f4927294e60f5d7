//! Resolution of any directory: nobody is lost, nobody gets two, and the answer is always the same.

use std::collections::{BTreeMap, BTreeSet};

use mailward_model::{
    EnvelopeRecipient, Object, ObjectId, Revision, Spec,
    kind::{AcceptedDomain, DistributionGroup, MailContact, Mailbox, TransportSettings},
};
use proptest::prelude::*;

use super::*;
use crate::Place;

/// Recipients are n0 to n9 of an authoritative domain; n10 and n11 are nobody there, the next two
/// are addresses elsewhere.
const RECIPIENTS: usize = 10;
const ADDRESSES: usize = 14;

#[derive(Debug, Clone)]
enum Kind {
    Mailbox,
    Forward(usize),
    Keep(usize),
    Contact(usize),
    Group(Vec<usize>),
}

fn address(n: usize) -> EmailAddress {
    let domain = if n < 12 { "example.org" } else { "example.net" };
    format!("n{n}@{domain}").parse().unwrap()
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let target = 0..ADDRESSES;
    let kind = prop_oneof![
        2 => Just(Kind::Mailbox),
        2 => target.clone().prop_map(Kind::Forward),
        1 => target.clone().prop_map(Kind::Keep),
        1 => target.clone().prop_map(Kind::Contact),
        3 => prop::collection::vec(target, 0..5).prop_map(Kind::Group),
    ];
    prop::collection::vec(kind, RECIPIENTS)
}

fn directory(kinds: &[Kind], expanded_max: u32) -> Directory {
    let spec = |n: usize, kind: &Kind| -> Spec {
        let mut mailbox = Mailbox::new(address(n));
        match kind {
            Kind::Mailbox => mailbox.into(),
            Kind::Forward(to) | Kind::Keep(to) => {
                mailbox.forwarding_address = Some(address(*to));
                mailbox.deliver_and_forward = matches!(kind, Kind::Keep(_));
                mailbox.into()
            }
            Kind::Contact(to) => MailContact::new(address(n), address(*to)).into(),
            Kind::Group(members) => {
                let members = members.iter().map(|m| address(*m)).collect();
                DistributionGroup::new(address(n), members).into()
            }
        }
    };
    let domain = AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type: Default::default(),
        include_subdomains: false,
    };
    let settings = TransportSettings {
        max_expanded_recipients: expanded_max,
        ..Default::default()
    };
    let specs = kinds
        .iter()
        .enumerate()
        .map(|(n, kind)| spec(n, kind))
        .chain([domain.into(), settings.into()]);
    let objects: Vec<_> = (1u64..)
        .zip(specs)
        .map(|(id, spec)| Object {
            id: ObjectId(id),
            name: format!("o{id}"),
            revision: Revision(id),
            spec,
        })
        .collect();
    Directory::build(&objects)
}

/// By plain search: the final recipients that can be reached from an address, and whether a
/// dead end is among them.
fn reachable(kinds: &[Kind], from: usize) -> (BTreeSet<usize>, bool) {
    let (mut finals, mut dead) = (BTreeSet::new(), false);
    let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
    while let Some(n) = waiting.pop() {
        if !seen.insert(n) {
            continue;
        }
        match kinds.get(n) {
            None if n < 12 => dead = true,
            None | Some(Kind::Mailbox) => {
                finals.insert(n);
            }
            Some(Kind::Keep(to)) => {
                finals.insert(n);
                waiting.push(*to);
            }
            Some(Kind::Forward(to) | Kind::Contact(to)) => waiting.push(*to),
            Some(Kind::Group(members)) => {
                dead |= members.is_empty();
                waiting.extend(members);
            }
        }
    }
    (finals, dead)
}

fn number(address: &EmailAddress) -> usize {
    address.local().trim_start_matches('n').parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn exactly_who_can_be_reached_gets_one(
        kinds in kinds(),
        to in prop::collection::vec(0..ADDRESSES, 1..6),
    ) {
        let directory = directory(&kinds, 100_000);
        let envelope: Vec<_> = to.iter().map(|n| EnvelopeRecipient::new(address(*n))).collect();
        let resolution = directory.resolve(&envelope, None);
        prop_assert_eq!(&resolution, &directory.resolve(&envelope, None));

        let mut copies: BTreeMap<usize, usize> = BTreeMap::new();
        for resolved in &resolution.recipients {
            *copies.entry(number(&resolved.rcpt.address)).or_default() += 1;
            let at_home = matches!(resolved.place, Place::Mailbox(_));
            prop_assert_eq!(at_home, resolved.rcpt.address.domain().as_str() == "example.org");
            let source = envelope.get(resolved.source as usize).expect("a source");
            prop_assert_eq!(resolved.redirection.is_none(), source.address == resolved.rcpt.address);
        }
        let mut expected = BTreeSet::new();
        for (source, n) in (0u32..).zip(&to) {
            let (finals, dead) = reachable(&kinds, *n);
            let failed = resolution.failures.iter().any(|f| f.source == source);
            // Nobody is lost: who reaches nobody fails, and a dead end is told of.
            if finals.is_empty() {
                prop_assert!(failed, "n{} of {:?}", n, kinds);
            }
            let first = !to.iter().take(source as usize).any(|m| {
                // A dead end below what was walked before is told of there.
                !reachable(&kinds, *m).0.is_empty() || reachable(&kinds, *m).1
            });
            if dead && first {
                prop_assert!(failed, "n{} of {:?}", n, kinds);
            }
            expected.extend(finals);
        }
        prop_assert!(copies.values().all(|n| *n == 1), "{:?}", copies);
        prop_assert_eq!(copies.into_keys().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn expansion_keeps_its_limit(
        kinds in kinds(),
        to in prop::collection::vec(0..ADDRESSES, 1..6),
        max in 0..4u32,
    ) {
        let directory = directory(&kinds, max);
        let envelope: Vec<_> = to.iter().map(|n| EnvelopeRecipient::new(address(*n))).collect();
        let resolution = directory.resolve(&envelope, None);
        let redirected = resolution.recipients.iter().filter(|r| r.redirection.is_some()).count();
        prop_assert!(redirected <= max as usize);
        for (source, n) in (0u32..).zip(&to) {
            let (finals, _) = reachable(&kinds, *n);
            let failed = resolution.failures.iter().any(|f| f.source == source);
            let all_there = finals.iter().all(|n| {
                resolution.recipients.iter().any(|r| number(&r.rcpt.address) == *n)
            });
            prop_assert!(failed || (all_there && !finals.is_empty()), "n{} of {:?}: {:?}", n, kinds, resolution);
        }
    }
}
