//! A batch in parts comes to what it comes to as a whole, and no part of it needs a later one.

use std::collections::BTreeSet;

use mailward_model::{
    EmailAddress, Kind, Object, Spec,
    kind::{DistributionGroup, MailContact, Mailbox, SourceAnchor},
};
use proptest::{prelude::*, test_runner::TestRunner};

use super::near::{Drawn, batches, drawn};
use crate::{ApplyError, Change, Store, check::entry::Entry, parts};

fn address(name: &str) -> EmailAddress {
    format!("{name}@example.org").parse().unwrap()
}

fn group(name: &str, members: &[&str]) -> Spec {
    let members = members.iter().map(|name| address(name)).collect();
    DistributionGroup::new(address(name), members).into()
}

/// The names in each part.
fn names(parts: &[Vec<Change>]) -> Vec<Vec<String>> {
    let names = |part: &Vec<Change>| part.iter().map(|one| one.name().to_owned()).collect();
    parts.iter().map(names).collect()
}

#[test]
fn whoever_is_named_comes_before_who_names_him() {
    let changes = vec![
        Change::create("all", group("all", &["staff", "anna"])),
        Change::create("staff", group("staff", &["anna", "bert"])),
        Change::create("anna", Mailbox::new(address("anna"))),
        Change::create("bert", Mailbox::new(address("bert"))),
    ];
    let whole = parts(&[], changes.clone(), 100);
    assert_eq!(names(&whole), [["all", "staff", "anna", "bert"]]);
    let divided = parts(&[], changes, 2);
    assert_eq!(names(&divided), [["anna"], ["bert"], ["staff"], ["all"]]);
}

#[test]
fn what_belongs_together_stays_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let far: EmailAddress = "bert@example.net".parse().unwrap();
    let made = vec![
        Change::create("anna", Mailbox::new(address("anna"))),
        Change::create("bert", Mailbox::new(address("bert"))),
        Change::create("all", group("all", &["anna"])),
    ];
    store.apply(made, "x").unwrap();
    let objects = store.all().unwrap();
    let get = |kind: Kind, name: &str| {
        let found = |object: &&Object| object.spec.kind() == kind && object.name == name;
        objects.iter().find(found).unwrap()
    };
    let changes = vec![
        // Bert moves away, anna goes, and carl gets her name.
        Change::remove(get(Kind::Mailbox, "bert")),
        Change::remove(get(Kind::Mailbox, "anna")),
        Change::create("carl", Mailbox::new(address("carl"))),
        Change::create("anna", Mailbox::new(address("anna2"))),
        Change::create("bert", MailContact::new(address("bert"), far)),
        Change::rename(get(Kind::DistributionGroup, "all"), "everybody"),
        Change::Replace {
            name: "everybody".to_owned(),
            base: get(Kind::DistributionGroup, "all").revision,
            spec: group("all", &["carl"]),
        },
    ];
    let divided = parts(&objects, changes, 1);
    assert_eq!(
        names(&divided),
        [
            vec!["bert", "bert"],
            vec!["carl"],
            vec!["all", "everybody"],
            vec!["anna"],
            vec!["anna"],
        ]
    );
    for part in divided {
        store.apply(part, "x").unwrap();
    }
}

#[test]
fn what_follows_one_entry_is_never_two() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).unwrap();
    let anchor = || Some(SourceAnchor::new("Corp", "2").unwrap());
    let mut anna = Mailbox::new(address("anna"));
    anna.source_anchor = anchor();
    store
        .apply(vec![Change::create("anna", anna)], "x")
        .unwrap();
    let objects = store.list(Kind::Mailbox).unwrap();
    // The entry has become a group, with another address and another name.
    let mut team = DistributionGroup::new(address("team"), Vec::new());
    team.source_anchor = anchor();
    let changes = vec![
        Change::create("bert", Mailbox::new(address("bert"))),
        Change::remove(&objects[0]),
        Change::create("carl", Mailbox::new(address("carl"))),
        Change::create("team", team),
    ];
    let divided = parts(&objects, changes, 1);
    assert_eq!(
        names(&divided),
        [vec!["bert"], vec!["anna", "team"], vec!["carl"]]
    );
}

/// What there is, however it came to be.
fn there(store: &Store) -> BTreeSet<(Kind, String, String)> {
    let objects = store.all().unwrap().into_iter();
    let all = objects.map(|object| {
        let spec = format!("{:?}", object.spec);
        (object.spec.kind(), object.name, spec)
    });
    all.collect()
}

/// The same change by a writer who has seen these objects: their revisions are others.
fn seen(mut change: Change, objects: &[Object]) -> Change {
    let (kind, name) = (change.kind(), change.name().to_owned());
    let is_it = |object: &&Object| object.spec.kind() == kind && object.name == name;
    let found = objects.iter().find(is_it);
    if let (
        Some(object),
        Change::Replace { base, .. } | Change::Rename { base, .. } | Change::Remove { base, .. },
    ) = (found, &mut change)
    {
        *base = object.revision;
    }
    change
}

fn addresses(store: &Store) -> BTreeSet<String> {
    let objects = store.all().unwrap().into_iter();
    objects
        .flat_map(|object| Entry::of(&object.spec).addresses)
        .collect()
}

#[test]
fn parts_come_to_what_the_whole_comes_to() {
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(
            std::env::var("PROPTEST_CASES").map_or(64, |cases| cases.parse().unwrap()),
        )
    });
    let outcome = runner.run(&(batches(), 1..8usize), |(batches, keys_max)| {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| Store::open(&dir.path().join(name)).unwrap();
        let (whole, divided) = (open("whole.db"), open("divided.db"));
        for batch in batches {
            let Drawn { changes, .. } = drawn(&whole.all().unwrap(), batch);
            let before = divided.all().unwrap();
            let own = changes.iter().cloned().map(|one| seen(one, &before));
            let own: Vec<Change> = own.collect();
            if whole.apply(changes, "x").is_err() {
                continue;
            }
            let had = addresses(&divided);
            let has: BTreeSet<String> = addresses(&whole);
            for part in parts(&before, own, keys_max) {
                match divided.apply(part.clone(), "x") {
                    Ok(_) => {}
                    Err(ApplyError::Invalid(errors)) => {
                        let is_circle = |error: &crate::ObjectError| {
                            error.to_string().contains("closes a circle")
                        };
                        prop_assert!(errors.iter().all(is_circle), "{errors:?}: {part:?}");
                        return Ok(());
                    }
                    Err(error) => prop_assert!(false, "{error}: {part:?}"),
                }
                let now = addresses(&divided);
                for address in had.intersection(&has) {
                    prop_assert!(now.contains(address), "{address} is nobody's for a while");
                }
            }
            prop_assert_eq!(there(&divided), there(&whole));
        }
        Ok(())
    });
    outcome.unwrap();
}
