//! What a change is judged by against the rules over everything: random batches over a small world are
//! refused exactly where all of it would be wrong afterwards, with the same words.

use std::collections::BTreeMap;

use mailward_model::{
    EmailAddress, Kind, Object, ObjectId, Revision, Spec,
    kind::{
        AcceptedDomain, AcceptedDomainType, DistributionGroup, DynamicDistributionGroup,
        JournalRule, MailContact, Mailbox, MailboxType, OutboundPool, SendConnector,
    },
    object::Validate,
};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{ApplyError, Change, Place, Store, check};

/// One of a few addresses: few, so that they are named, taken and missed often.
fn address(n: u8) -> EmailAddress {
    let text = match n {
        0..5 => format!("l{n}@example.org"),
        5 => "L1+x@example.org".to_owned(),
        6 => "l2@sub.example.org".to_owned(),
        _ => "far@example.net".to_owned(),
    };
    text.parse().unwrap()
}

/// One of a few names; one in letters whose case ASCII does not know.
fn name(n: u8) -> String {
    match n {
        3 => "\u{c9}t\u{e9}".to_owned(),
        _ => format!("n{n}"),
    }
}

/// A group named by its name or address, in any case.
fn group_named(n: u8) -> String {
    match n {
        0..4 => name(n).to_uppercase(),
        4 => "L0@Example.org".to_owned(),
        5 => "l1@example.org".to_owned(),
        _ => "nobody".to_owned(),
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    let some = || prop::option::weighted(0.5, (0..8u8).prop_map(address));
    let many = || prop::collection::vec((0..8u8).prop_map(address), 0..3);
    let one = || (0..8u8).prop_map(address);
    prop_oneof![
        4 => (one(), many(), some(), any::<(bool, bool)>(), prop::option::of(0..2u8), many())
            .prop_map(|(address, proxies, forward, (keep, probe), connector, from)| {
                let mut mailbox = Mailbox::new(address);
                mailbox.proxy_addresses = proxies;
                mailbox.forwarding_address = forward;
                mailbox.deliver_and_forward = keep;
                mailbox.accept_messages_only_from = from;
                if probe && keep {
                    mailbox.mailbox_type = MailboxType::Monitoring;
                }
                mailbox.send_connector = connector.map(|n| format!("N{n}"));
                mailbox.into()
            }),
        3 => (one(), many(), some()).prop_map(|(address, members, report_to)| {
            let mut group = DistributionGroup::new(address, members);
            group.report_to = report_to;
            group.into()
        }),
        2 => (one(), prop::collection::vec(0..7u8, 0..3), some()).prop_map(
            |(address, groups, managed_by)| {
                let named = groups.iter().map(|n| {
                    let named = group_named(*n);
                    format!("MemberOfGroup -eq '{named}'")
                });
                let filter = named.chain(["Name -eq 'x'".to_owned()]);
                let filter = filter.collect::<Vec<_>>().join(" -or ");
                let filter = filter.parse().unwrap();
                let mut group = DynamicDistributionGroup::new(address, filter);
                group.managed_by = managed_by;
                group.into()
            },
        ),
        2 => (one(), one()).prop_map(|(address, to)| MailContact::new(address, to).into()),
        1 => (any::<(bool, bool)>()).prop_map(|(sub, relay)| {
            AcceptedDomain {
                domain: "example.org".parse().unwrap(),
                domain_type: match relay {
                    true => AcceptedDomainType::InternalRelay,
                    false => AcceptedDomainType::Authoritative,
                },
                include_subdomains: sub,
            }
            .into()
        }),
        1 => any::<bool>().prop_map(|risky| {
            let mut connector = SendConnector::default();
            if risky {
                connector.pool = OutboundPool::HighRisk;
            }
            connector.into()
        }),
        1 => (one(), some()).prop_map(|(to, whose)| {
            let mut rule = JournalRule::new(to);
            rule.recipient = whose;
            rule.into()
        }),
    ]
}

#[derive(Debug, Clone)]
pub(super) enum Try {
    Put(Box<Spec>),
    Rename(u8),
    Remove,
}

pub(super) fn batches() -> impl Strategy<Value = Vec<Vec<(u8, Try)>>> {
    let attempt = prop_oneof![
        6 => spec().prop_map(|spec| Try::Put(Box::new(spec))),
        1 => (0..4u8).prop_map(Try::Rename),
        2 => Just(Try::Remove),
    ];
    prop::collection::vec(prop::collection::vec((0..4u8, attempt), 1..6), 1..10)
}

/// The objects by name of kind, as a batch leaves them, and its changes.
pub(super) struct Drawn {
    pub(super) objects: Vec<Object>,
    pub(super) changes: Vec<Change>,
}

/// The changes of a batch, each object named once, and what comes of them.
pub(super) fn drawn(before: &[Object], batch: Vec<(u8, Try)>) -> Drawn {
    let mut objects = before.to_vec();
    let mut touched: BTreeMap<(Kind, String), ()> = BTreeMap::new();
    let mut changes = Vec::new();
    let kinds: Vec<Kind> = before.iter().map(|object| object.spec.kind()).collect();
    for (at, (n, attempt)) in batch.into_iter().enumerate() {
        let name = name(n);
        let kind = match &attempt {
            Try::Put(spec) => spec.kind(),
            _ => match kinds.get(at % kinds.len().max(1)) {
                Some(kind) if !kind.is_singleton() => *kind,
                _ => Kind::Mailbox,
            },
        };
        let place = |objects: &[Object], name: &str| {
            let is_it = |object: &Object| object.spec.kind() == kind && object.name == name;
            objects.iter().position(is_it)
        };
        if touched.insert((kind, name.clone()), ()).is_some() {
            continue;
        }
        match (attempt, place(&objects, &name)) {
            (Try::Put(spec), Some(found)) => {
                changes.push(Change::replace(&objects[found], (*spec).clone()));
                objects[found].spec = *spec;
            }
            (Try::Put(spec), None) => {
                changes.push(Change::create(name.clone(), (*spec).clone()));
                objects.push(Object {
                    id: ObjectId(0),
                    name,
                    revision: Revision(0),
                    spec: *spec,
                });
            }
            (Try::Rename(to), Some(found)) => {
                let to = self::name(to);
                let is_free = place(&objects, &to).is_none();
                if is_free && touched.insert((kind, to.clone()), ()).is_none() {
                    changes.push(Change::rename(&objects[found], to.clone()));
                    objects[found].name = to;
                }
            }
            (Try::Remove, Some(found)) => {
                changes.push(Change::remove(&objects[found]));
                objects.remove(found);
            }
            (_, None) => {}
        }
    }
    Drawn { objects, changes }
}

fn told(errors: &[crate::ObjectError]) -> Vec<String> {
    let mut told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    told.sort();
    told
}

/// `keyed` are the tables of the index, once as they were kept and once as made anew.
fn index(path: &std::path::Path, anew: bool) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    if anew {
        connection.execute("DELETE FROM indexed", []).unwrap();
        drop(Store::open(path).unwrap());
    }
    let sql = "SELECT key || ' ' || id || ' ' || monitoring FROM address
               UNION ALL SELECT key || ' ' || id || ' ' || onward FROM reference ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_change_is_refused_exactly_where_everything_would_be_wrong() {
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(
            std::env::var("PROPTEST_CASES").map_or(64, |cases| cases.parse().unwrap()),
        )
    });
    let outcome = runner.run(&batches(), |batches| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open_at(&Place::File(path.clone())).unwrap();
        for batch in batches {
            let before = store.all().unwrap();
            let Drawn { objects, changes } = drawn(&before, batch);
            if objects
                .iter()
                .any(|object| !object.spec.validate().is_empty())
            {
                continue;
            }
            let expect = told(&check::all(&objects));
            match store.apply(changes.clone(), "x") {
                Ok(_) => prop_assert_eq!(Vec::<String>::new(), expect, "{:?}", changes),
                Err(ApplyError::Invalid(errors)) => {
                    prop_assert_eq!(told(&errors), expect, "{:?}", changes);
                }
                Err(error) => prop_assert!(false, "{error}: {changes:?}"),
            }
            let after = store.all().unwrap();
            prop_assert_eq!(told(&check::all(&after)), Vec::<String>::new());
        }
        let kept = index(&path, false);
        prop_assert_eq!(kept, index(&path, true));
        Ok(())
    });
    outcome.unwrap();
}
