//! The contract of the store: what every engine behind it must keep.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use mailward_host::fake::clock::FakeClock;
use mailward_model::{
    EmailAddress, Kind, Object, Revision, Spec,
    kind::{AcceptedDomain, AcceptedDomainType, Mailbox, TransportSettings},
};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::{ApplyError, Change, ChangeOp, OpenError, Store};

struct Fixture {
    dir: tempfile::TempDir,
    clock: Arc<FakeClock>,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(FakeClock::new(1_000)),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("objects.db")
    }

    fn open(&self) -> Store {
        Store::open_with(&self.path(), self.clock.clone()).unwrap()
    }
}

fn address(local: &str) -> EmailAddress {
    format!("{local}@example.org").parse().unwrap()
}

fn mailbox(local: &str) -> Spec {
    Mailbox::new(address(local)).into()
}

fn domain(domain_type: AcceptedDomainType) -> Spec {
    Spec::from(AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type,
        include_subdomains: false,
    })
}

fn get(store: &Store, name: &str) -> Object {
    store.get(Kind::Mailbox, name).unwrap().unwrap()
}

#[test]
fn a_new_store_has_its_settings_and_is_its_owners_alone() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let kinds: Vec<_> = store.all().unwrap().iter().map(|o| o.spec.kind()).collect();
    assert_eq!(kinds, [Kind::TransportSettings, Kind::HealthSettings]);
    for file in ["objects.db", "objects.db-wal", "objects.db-shm"] {
        let meta = std::fs::metadata(fixture.dir.path().join(file)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn what_is_applied_is_there_after_reopening() {
    let fixture = Fixture::new();
    let revision = fixture
        .open()
        .apply(
            vec![
                Change::create("b", mailbox("b")),
                Change::create("A", mailbox("a")),
            ],
            "anna",
        )
        .unwrap();
    let store = fixture.open();
    assert_eq!(store.revision(), revision);
    let names: Vec<_> = store
        .list(Kind::Mailbox)
        .unwrap()
        .into_iter()
        .map(|o| o.name)
        .collect();
    assert_eq!(names, ["A", "b"]);
    assert_eq!(
        get(&store, "a").name,
        "A",
        "names are compared without case"
    );
    assert_eq!(get(&store, "A").revision, revision);
}

#[test]
fn a_batch_holds_whole_or_not_at_all() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let before = (store.all().unwrap(), store.revision());
    let refused = store.apply(
        vec![
            Change::create("a", mailbox("a")),
            Change::create("b", mailbox("A")),
        ],
        "anna",
    );
    let Err(ApplyError::Invalid(errors)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        errors.first().map(ToString::to_string).as_deref(),
        Some(
            "mailbox \"b\": address: A@example.org belongs to mailbox \"a\" already; remove the address from one of the two"
        )
    );
    assert_eq!((store.all().unwrap(), store.revision()), before);
    assert_eq!(fixture.open().all().unwrap(), before.0);
}

#[test]
fn a_change_names_the_revision_it_was_made_from() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.open(), fixture.open());
    one.apply(vec![Change::create("a", mailbox("a"))], "anna")
        .unwrap();
    let seen = get(&two, "a");
    let changed = one
        .apply(vec![Change::replace(&seen, mailbox("a2"))], "anna")
        .unwrap();
    for change in [
        Change::replace(&seen, mailbox("a3")),
        Change::remove(&seen),
        Change::rename(&seen, "c"),
    ] {
        let refused = two.apply(vec![change], "bert").unwrap_err();
        let ApplyError::Conflict {
            base, current, by, ..
        } = &refused
        else {
            panic!("{refused}");
        };
        assert_eq!(
            (*base, *current, by.as_str()),
            (seen.revision, changed, "anna")
        );
    }
    assert_eq!(get(&two, "a").spec, mailbox("a2"));
}

#[test]
fn names_are_free_or_taken() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    let check = |change: Change, expect: &str| {
        let error = store.apply(vec![change], "x").unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(
        Change::create("A", mailbox("b")),
        "there is a mailbox \"A\" already",
    );
    check(Change::create("b/c", mailbox("b")), "character '/'");
    let nobody = Change::Remove {
        kind: Kind::Mailbox,
        name: "nobody".to_owned(),
        base: Revision(1),
    };
    check(nobody, "there is no mailbox \"nobody\"");
    check(
        Change::create("other", TransportSettings::default()),
        "name it \"default\"",
    );
    let settings = store
        .get(Kind::TransportSettings, "default")
        .unwrap()
        .unwrap();
    check(Change::remove(&settings), "there is always one object");
    // The same name in another kind is another object.
    store
        .apply(
            vec![Change::create(
                "a",
                domain(AcceptedDomainType::Authoritative),
            )],
            "x",
        )
        .unwrap();
}

#[test]
fn several_changes_of_one_object_stand_in_one_batch() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    let seen = get(&store, "a");
    let renamed = Change::rename(&seen, "b");
    let replaced = Change::Replace {
        name: "b".to_owned(),
        base: seen.revision,
        spec: mailbox("b"),
    };
    store
        .apply(
            vec![renamed, replaced, Change::create("a", mailbox("a"))],
            "x",
        )
        .unwrap();
    let (a, b) = (get(&store, "a"), get(&store, "b"));
    assert_eq!((b.id, b.spec), (seen.id, mailbox("b")));
    assert!(a.id > b.id && a.revision > b.revision);
}

#[test]
fn a_replacement_that_changes_nothing_is_no_change() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let made = store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    let seen = get(&store, "a");
    let same = store
        .apply(vec![Change::replace(&seen, mailbox("a"))], "x")
        .unwrap();
    assert_eq!(same, made);
}

#[test]
fn checking_changes_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store
        .check(vec![Change::create("a", mailbox("a"))])
        .unwrap();
    assert!(store.get(Kind::Mailbox, "a").unwrap().is_none());
    assert!(store.check(vec![Change::create("", mailbox("a"))]).is_err());
}

#[test]
fn the_feed_tells_what_was_done_by_whom_and_when() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let start = store.revision();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "anna")
        .unwrap();
    let id = get(&store, "a").id;
    fixture.clock.advance(Duration::from_secs(5));
    store
        .apply(vec![Change::remove(&get(&store, "a"))], "bert")
        .unwrap();
    let feed = store.changes_since(start, 10).unwrap();
    let told: Vec<_> = feed
        .iter()
        .map(|c| {
            (
                c.op,
                c.by.as_str(),
                c.at_unix_ms,
                c.before.is_some(),
                c.after.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (ChangeOp::Create, "anna", 1_000, false, true),
            (ChangeOp::Remove, "bert", 6_000, true, false),
        ]
    );
    assert_eq!(store.changes_since(start, 1).unwrap().len(), 1);
    let history = store.history(id, 10).unwrap();
    assert_eq!(history.first().map(|c| c.op), Some(ChangeOp::Remove));
    // An id is not used again.
    store
        .apply(vec![Change::create("a", mailbox("a"))], "anna")
        .unwrap();
    assert!(get(&store, "a").id > id);
}

#[tokio::test]
async fn subscribers_hear_of_writes_here_and_elsewhere() {
    let fixture = Fixture::new();
    let (one, two) = (fixture.open(), fixture.open());
    let mut here = one.subscribe();
    let mut elsewhere = two.subscribe();
    elsewhere.mark_unchanged();
    let made = one
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    assert!(here.has_changed().unwrap());
    assert_eq!(*here.borrow_and_update(), made);
    // The limit is generous for a loaded machine; the wait ends with the news.
    tokio::time::timeout(Duration::from_secs(30), elsewhere.wait_for(|r| *r == made))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(two.revision(), made);
}

#[test]
fn rows_of_a_newer_version_are_set_aside() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    let raw = Connection::open(fixture.path()).unwrap();
    raw.execute_batch(
        "INSERT INTO object (kind, name, name_folded, revision, spec) VALUES
           ('oracle', 'delphi', 'delphi', 1, '{}'),
           ('mailbox', 'B', 'b', 1, '{\"address\":\"b@example.org\",\"aura\":1}'),
           ('mailbox', 'c', 'c', 1, 'no json')",
    )
    .unwrap();
    let store = fixture.open();
    let names: Vec<_> = store
        .list(Kind::Mailbox)
        .unwrap()
        .into_iter()
        .map(|o| o.name)
        .collect();
    assert_eq!(names, ["a"]);
    let aside = store.set_aside().unwrap();
    let aside: Vec<_> = aside
        .iter()
        .map(|a| (a.kind.as_str(), a.name.as_str()))
        .collect();
    assert_eq!(
        aside,
        [("oracle", "delphi"), ("mailbox", "B"), ("mailbox", "c")]
    );
    // They stay, their names stay taken, and the others go on.
    let taken = store.apply(vec![Change::create("b", mailbox("x"))], "x");
    assert!(matches!(taken, Err(ApplyError::Exists { .. })), "{taken:?}");
    store
        .apply(vec![Change::create("d", mailbox("d"))], "x")
        .unwrap();
    assert_eq!(store.set_aside().unwrap().len(), 3);
}

#[test]
fn what_was_wrong_before_stops_no_other_change() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    Connection::open(fixture.path())
        .unwrap()
        .execute_batch(
            "INSERT INTO object (kind, name, name_folded, revision, spec)
             SELECT kind, 'twin', 'twin', revision, spec FROM object WHERE name = 'a'",
        )
        .unwrap();
    store
        .apply(vec![Change::create("b", mailbox("b"))], "x")
        .unwrap();
    assert!(
        store
            .apply(vec![Change::create("c", mailbox("a"))], "x")
            .is_err()
    );
}

#[test]
fn files_that_are_no_store_are_left_alone() {
    let fixture = Fixture::new();
    Connection::open(fixture.path())
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let refused = Store::open(&fixture.path());
    assert!(
        matches!(refused, Err(OpenError::NotAStore { .. })),
        "{refused:?}"
    );

    let text = fixture.dir.path().join("text");
    std::fs::write(&text, "This is a letter and not a database at all.").unwrap();
    let refused = Store::open(&text);
    assert!(
        matches!(refused, Err(OpenError::Engine { .. })),
        "{refused:?}"
    );

    let refused = Store::open(&fixture.dir.path().join("missing/objects.db"));
    assert!(
        matches!(refused, Err(OpenError::File { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_newer_layout_is_refused() {
    let fixture = Fixture::new();
    drop(fixture.open());
    Connection::open(fixture.path())
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let refused = Store::open(&fixture.path());
    assert!(
        matches!(refused, Err(OpenError::Newer { found: 99, .. })),
        "{refused:?}"
    );
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let fixture = Fixture::new();
    let stores = [fixture.open(), fixture.open()];
    std::thread::scope(|scope| {
        for (writer, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..20 {
                    let name = format!("{writer}-{n}");
                    let change = Change::create(name.clone(), mailbox(&name));
                    store.apply(vec![change], "x").unwrap();
                }
            });
        }
    });
    assert_eq!(stores[0].list(Kind::Mailbox).unwrap().len(), 40);
    let feed = stores[1].changes_since(Revision(0), 100).unwrap();
    assert_eq!(feed.len(), 42, "two settings and forty mailboxes");
}

/// What a writer may try on one of a few names.
#[derive(Debug, Clone, Copy)]
enum Try {
    Create,
    Replace { stale: bool },
    RenameTo(u8),
    Remove { stale: bool },
}

fn attempts() -> impl Strategy<Value = Vec<Vec<(u8, Try, u8)>>> {
    let attempt = prop_oneof![
        Just(Try::Create),
        any::<bool>().prop_map(|stale| Try::Replace { stale }),
        (0..4u8).prop_map(Try::RenameTo),
        any::<bool>().prop_map(|stale| Try::Remove { stale }),
    ];
    prop::collection::vec(
        prop::collection::vec((0..4u8, attempt, 0..6u8), 1..4),
        1..12,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Against a model of names and addresses: a batch is taken exactly where the model takes each
    /// of its changes and no address ends up with two owners, and then both say the same.
    #[test]
    fn the_store_does_what_its_model_does(batches in attempts()) {
        let fixture = Fixture::new();
        let store = fixture.open();
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        for batch in batches {
            let mut next = model.clone();
            let mut touched = std::collections::BTreeMap::new();
            let mut changes = Vec::new();
            let mut sound = true;
            for (name, attempt, local) in batch {
                let name = format!("n{name}");
                let local = format!("l{local}");
                // The revision that a writer saw before the batch; 0 is one nobody saw.
                let origin = touched.get(&name).cloned().unwrap_or_else(|| name.clone());
                let base = store.get(Kind::Mailbox, &origin).unwrap().map_or(Revision(0), |o| o.revision);
                let created_here = next.contains_key(&name) && (!model.contains_key(&origin) || touched.get(&name).is_some_and(|o| o == "new"));
                let stale = |stale: bool| if stale { Revision(0) } else { base };
                match attempt {
                    Try::Create => {
                        sound &= !next.contains_key(&name);
                        changes.push(Change::create(name.clone(), mailbox(&local)));
                        next.insert(name.clone(), local);
                        touched.insert(name, "new".to_owned());
                    }
                    Try::Replace { stale: old } => {
                        sound &= next.contains_key(&name) && !old && !created_here;
                        changes.push(Change::Replace { name: name.clone(), base: stale(old), spec: mailbox(&local) });
                        next.insert(name, local);
                    }
                    Try::RenameTo(to) => {
                        let to = format!("n{to}");
                        sound &= next.contains_key(&name) && !created_here && (to == name || !next.contains_key(&to));
                        changes.push(Change::Rename { kind: Kind::Mailbox, name: name.clone(), base, to: to.clone() });
                        if let Some(local) = next.remove(&name) {
                            next.insert(to.clone(), local);
                        }
                        touched.remove(&name);
                        touched.insert(to, origin);
                    }
                    Try::Remove { stale: old } => {
                        sound &= next.contains_key(&name) && !old && !created_here;
                        changes.push(Change::Remove { kind: Kind::Mailbox, name: name.clone(), base: stale(old) });
                        next.remove(&name);
                        touched.remove(&name);
                    }
                }
            }
            let mut owners: Vec<_> = next.values().collect();
            owners.sort();
            let unique = owners.windows(2).all(|pair| pair[0] != pair[1]);
            let result = store.apply(changes.clone(), "x");
            prop_assert_eq!(result.is_ok(), sound && unique, "{:?} {:?}", changes, result);
            if result.is_ok() {
                model = next;
            }
            let stored: BTreeMap<String, String> = store
                .list(Kind::Mailbox)
                .unwrap()
                .into_iter()
                .map(|o| {
                    let Spec::Mailbox(m) = o.spec else { unreachable!() };
                    (o.name, m.address.local().to_owned())
                })
                .collect();
            prop_assert_eq!(&stored, &model);
        }
    }
}

#[test]
fn a_store_that_is_lost_on_purpose_is_found_again_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(mailward_host::fake::clock::FakeClock::new(1));
    let store = Store::open_with(&dir.path().join("store.db"), clock.clone()).unwrap();
    let before = store.all().unwrap();
    store.lose(std::time::Duration::from_secs(30));
    assert!(store.all().is_err() && store.list(mailward_model::Kind::Mailbox).is_err());
    assert!(store.check(Vec::new()).is_err());
    clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(store.all().unwrap(), before);
    store.lose(std::time::Duration::from_secs(30));
    store.find();
    assert_eq!(store.all().unwrap(), before);
}
