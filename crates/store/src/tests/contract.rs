//! The contract of the store: what every engine behind it must keep.
//!
//! Each clause is a function of a fixture, which says how a store of its engine is opened here and
//! elsewhere. The clauses are listed once, in `contract!`; `sqlite` and `postgres` run them all.

use std::time::Duration;

use crate::{ApplyError, Change, ChangeOp, Kept, Mark, OpenError, Standing, Store};
use mailward_host::fake::clock::FakeClock;
use mailward_model::{
    EmailAddress, Kind, Object, Revision, Spec,
    kind::{AcceptedDomain, AcceptedDomainType, Mailbox, TransportSettings},
};

/// An engine with one store, which may be opened several times.
pub(super) trait Fixture {
    /// Opens it as a process of this node.
    fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// Opens it as a process as far away as the engine allows: of another node, where several
    /// nodes may share a store.
    fn open_elsewhere(&self) -> Store {
        self.try_open_elsewhere().unwrap()
    }

    fn try_open(&self) -> Result<Store, OpenError>;
    fn try_open_elsewhere(&self) -> Result<Store, OpenError>;
    fn clock(&self) -> &FakeClock;
    /// Writes a row as some other version would: without a look at what it says.
    fn insert(&self, kind: &str, name: &str, spec: &str);
    fn set_layout(&self, layout: i64);
}

/// A clause of the contract.
pub(super) type Clause = fn(&dyn Fixture);

/// Lists the clauses, and makes each a test of the engine that needs no server.
macro_rules! contract {
    ($($clause:ident,)*) => {
        /// Every clause with its name.
        pub(super) const CLAUSES: &[(&str, Clause)] = &[$((stringify!($clause), $clause),)*];

        mod sqlite_keeps {
            $(#[test]
            fn $clause() {
                super::$clause(&super::super::sqlite::Sqlite::new());
            })*
        }
    };
}

contract! {
    what_is_applied_is_there_after_reopening,
    a_batch_holds_whole_or_not_at_all,
    the_past_can_be_read_at_any_moment,
    a_change_names_the_revision_it_was_made_from,
    names_are_free_or_taken,
    several_changes_of_one_object_stand_in_one_batch,
    a_replacement_that_changes_nothing_is_no_change,
    checking_changes_nothing,
    the_feed_tells_what_was_done_by_whom_and_when,
    a_new_store_has_its_settings,
    subscribers_hear_of_writes_here_and_elsewhere,
    what_is_kept_follows_what_others_write,
    what_was_done_since_a_moment_is_told,
    rows_of_a_newer_version_are_set_aside,
    what_was_wrong_before_stops_no_other_change,
    a_newer_layout_is_refused,
    writers_at_the_same_time_lose_nothing,
    a_store_that_is_lost_on_purpose_is_found_again_by_itself,
}

/// Waits until a store knows of a revision. The limit is generous for a loaded machine; the wait
/// ends with the news.
pub(super) fn wait_for(store: &Store, revision: Revision) {
    let mut revisions = store.subscribe();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let news = revisions.wait_for(|known| *known >= revision);
        tokio::time::timeout(Duration::from_secs(30), news)
            .await
            .unwrap()
            .unwrap();
    });
}

fn address(local: &str) -> EmailAddress {
    format!("{local}@example.org").parse().unwrap()
}

pub(super) fn mailbox(local: &str) -> Spec {
    Mailbox::new(address(local)).into()
}

fn domain(domain_type: AcceptedDomainType) -> Spec {
    Spec::from(AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type,
        include_subdomains: false,
    })
}

pub(super) fn get(store: &Store, name: &str) -> Object {
    store.get(Kind::Mailbox, name).unwrap().unwrap()
}

fn what_is_applied_is_there_after_reopening(fixture: &dyn Fixture) {
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

fn a_batch_holds_whole_or_not_at_all(fixture: &dyn Fixture) {
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

fn a_change_names_the_revision_it_was_made_from(fixture: &dyn Fixture) {
    let (one, two) = (fixture.open(), fixture.open_elsewhere());
    one.apply(vec![Change::create("a", mailbox("a"))], "anna")
        .unwrap();
    wait_for(&two, one.revision());
    let seen = get(&two, "a");
    let changed = one
        .apply(vec![Change::replace(&seen, mailbox("a2"))], "anna")
        .unwrap();
    // Whether the other has heard of it by now makes no difference.
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

fn names_are_free_or_taken(fixture: &dyn Fixture) {
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

fn several_changes_of_one_object_stand_in_one_batch(fixture: &dyn Fixture) {
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

fn a_replacement_that_changes_nothing_is_no_change(fixture: &dyn Fixture) {
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

fn checking_changes_nothing(fixture: &dyn Fixture) {
    let store = fixture.open();
    store
        .check(vec![Change::create("a", mailbox("a"))])
        .unwrap();
    assert!(store.get(Kind::Mailbox, "a").unwrap().is_none());
    assert!(store.check(vec![Change::create("", mailbox("a"))]).is_err());
}

fn the_feed_tells_what_was_done_by_whom_and_when(fixture: &dyn Fixture) {
    let store = fixture.open();
    let start = store.revision();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "anna")
        .unwrap();
    let id = get(&store, "a").id;
    fixture.clock().advance(Duration::from_secs(5));
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

fn a_new_store_has_its_settings(fixture: &dyn Fixture) {
    let store = fixture.open();
    let kinds: Vec<_> = store.all().unwrap().iter().map(|o| o.spec.kind()).collect();
    assert_eq!(kinds, [Kind::TransportSettings, Kind::HealthSettings]);
    assert_eq!(*store.standing().borrow(), Standing::Here);
    store.write_test().unwrap();
    assert_eq!(store.revision(), Revision(2));
}

fn subscribers_hear_of_writes_here_and_elsewhere(fixture: &dyn Fixture) {
    let (one, two) = (fixture.open(), fixture.open_elsewhere());
    let mut here = one.subscribe();
    here.mark_unchanged();
    let made = one
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    assert!(here.has_changed().unwrap());
    assert_eq!(*here.borrow_and_update(), made);
    wait_for(&two, made);
    assert_eq!(two.revision(), made);
    assert_eq!(get(&two, "a").spec, mailbox("a"));
    assert_eq!(two.all_at().unwrap(), one.all_at().unwrap());
}

fn what_is_kept_follows_what_others_write(fixture: &dyn Fixture) {
    let (here, far) = (fixture.open(), fixture.open_elsewhere());
    let mut kept = Kept::new(here.clone());
    let mut check = |revision: Revision, expect: &[&str]| {
        wait_for(&here, revision);
        let at = kept.look().unwrap();
        let names = kept.objects().iter().map(|object| object.name.as_str());
        let names: Vec<_> = names.collect();
        assert_eq!((names.as_slice(), at), (expect, revision));
    };
    check(Revision(2), &["default", "default"]);
    let create = |name: &str| Change::create(name, mailbox(name));
    let made = far.apply(vec![create("a"), create("b"), create("c")], "x");
    check(made.unwrap(), &["default", "default", "a", "b", "c"]);
    let domain = Change::create("example.org", domain(AcceptedDomainType::Authoritative));
    let changes = vec![
        Change::rename(&get(&far, "a"), "z"),
        Change::remove(&get(&far, "b")),
        domain,
        create("d"),
    ];
    let made = far.apply(changes, "x").unwrap();
    // Settings by their ids, then recipients by theirs.
    check(made, &["default", "default", "example.org", "z", "c", "d"]);
}

fn what_was_done_since_a_moment_is_told(fixture: &dyn Fixture) {
    let (here, far) = (fixture.open(), fixture.open_elsewhere());
    let create = |name: &str| Change::create(name, mailbox(name));
    let made = far.apply(vec![create("a"), create("b")], "x").unwrap();
    wait_for(&here, made);
    let since = |mark: &Mark| here.glance(|stored| stored.since(mark)).unwrap();
    assert_eq!(since(&Mark::default()), None, "from the beginning on");
    let mark = here.glance(|stored| stored.mark()).unwrap();
    assert_eq!(mark.revision(), made);
    assert_eq!(since(&mark), Some((Vec::new(), mark.clone())));
    let changes = vec![
        Change::rename(&get(&far, "a"), "z"),
        Change::remove(&get(&far, "b")),
    ];
    let made = far.apply(changes, "x").unwrap();
    wait_for(&here, made);
    let (touches, now) = since(&mark).unwrap();
    assert_eq!(now.revision(), made);
    let told = touches.iter().map(|touch| {
        let said = [touch.before.is_some(), touch.after.is_some()];
        (touch.name.as_str(), touch.is_of_recipient(), said)
    });
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [("z", true, [true, true]), ("b", true, [true, false])]
    );
    let z = get(&here, "z");
    let found = here.glance(|stored| {
        let holders = stored.holders("a@example.org")?;
        Ok((
            stored.named(Kind::Mailbox, "Z")?,
            stored.object(z.id)?,
            holders,
        ))
    });
    let found = found.unwrap();
    assert_eq!(found, (Some(z.clone()), Some(z.clone()), vec![z]));
}

fn rows_of_a_newer_version_are_set_aside(fixture: &dyn Fixture) {
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    fixture.insert("oracle", "delphi", "{}");
    fixture.insert("mailbox", "B", r#"{"address":"b@example.org","aura":1}"#);
    fixture.insert("mailbox", "c", "no json");
    let store = fixture.open_elsewhere();
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
    let renamed = store.apply(vec![Change::rename(&get(&store, "a"), "C")], "x");
    assert!(
        matches!(renamed, Err(ApplyError::Exists { .. })),
        "{renamed:?}"
    );
    store
        .apply(vec![Change::create("d", mailbox("d"))], "x")
        .unwrap();
    assert_eq!(store.set_aside().unwrap().len(), 3);
}

fn what_was_wrong_before_stops_no_other_change(fixture: &dyn Fixture) {
    let store = fixture.open();
    store
        .apply(vec![Change::create("a", mailbox("a"))], "x")
        .unwrap();
    fixture.insert("mailbox", "twin", r#"{"address":"a@example.org"}"#);
    let store = fixture.open_elsewhere();
    assert_eq!(store.list(Kind::Mailbox).unwrap().len(), 2);
    store
        .apply(vec![Change::create("b", mailbox("b"))], "x")
        .unwrap();
    assert!(
        store
            .apply(vec![Change::create("c", mailbox("a"))], "x")
            .is_err()
    );
}

fn a_newer_layout_is_refused(fixture: &dyn Fixture) {
    drop(fixture.open());
    fixture.set_layout(99);
    let refused = fixture.try_open_elsewhere();
    assert!(
        matches!(refused, Err(OpenError::Newer { found: 99, .. })),
        "{refused:?}"
    );
}

fn writers_at_the_same_time_lose_nothing(fixture: &dyn Fixture) {
    let stores = [fixture.open(), fixture.open(), fixture.open_elsewhere()];
    let reader = fixture.open_elsewhere();
    let (each, last) = (20, 2 + 3 * 20);
    std::thread::scope(|scope| {
        for (writer, store) in stores.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..each {
                    let name = format!("{writer}-{n}");
                    let change = Change::create(name.clone(), mailbox(&name));
                    let revision = store.apply(vec![change], "x").unwrap();
                    // Whoever wrote reads what he wrote.
                    assert_eq!(get(store, &name).revision, revision);
                }
            });
        }
        // A reader who asks for what is behind the last it has seen is told everything once.
        let mut seen = 0;
        while seen < last {
            for change in reader.changes_since(Revision(seen), 7).unwrap() {
                assert_eq!(change.revision, Revision(seen + 1), "left out, or twice");
                seen += 1;
            }
            std::thread::yield_now();
        }
    });
    for store in &stores {
        wait_for(store, Revision(last));
        assert_eq!(store.list(Kind::Mailbox).unwrap().len(), 60);
        let feed = store.changes_since(Revision(0), 100).unwrap();
        assert_eq!(feed.len(), 62, "two settings and sixty mailboxes");
    }
}

fn a_store_that_is_lost_on_purpose_is_found_again_by_itself(fixture: &dyn Fixture) {
    let store = fixture.open();
    let before = store.all().unwrap();
    let span = Duration::from_secs(30);
    store.lose(span);
    assert!(store.all().is_err() && store.list(Kind::Mailbox).is_err());
    assert!(store.check(Vec::new()).is_err());
    let refused = store.apply(vec![Change::create("a", mailbox("a"))], "x");
    assert!(refused.is_err());
    fixture.clock().advance(span);
    assert_eq!(store.all().unwrap(), before);
    store.lose(span);
    store.find();
    assert_eq!(store.all().unwrap(), before);
}

fn the_past_can_be_read_at_any_moment(fixture: &dyn Fixture) {
    let store = fixture.open();
    let address = |local: &str| {
        format!("{local}@example.org")
            .parse::<EmailAddress>()
            .unwrap()
    };
    let names = |at: u64| -> Vec<String> {
        let (objects, _) = store.objects_at(at).unwrap();
        let boxes = objects.iter().filter(|o| o.spec.kind() == Kind::Mailbox);
        boxes
            .map(|object| match &object.spec {
                Spec::Mailbox(mailbox) => format!("{}={}", object.name, mailbox.address.local()),
                _ => String::new(),
            })
            .collect()
    };
    let tick = || {
        use mailward_host::clock::Clock;
        fixture.clock().advance(Duration::from_secs(1));
        fixture.clock().unix_ms()
    };
    let mut moments = vec![tick()];
    for change in 0..4 {
        let found = store.get(Kind::Mailbox, "anna").unwrap();
        let change = match (change, &found) {
            (0, _) => Change::create("anna", Mailbox::new(address("a"))),
            (1, Some(object)) => Change::replace(object, Mailbox::new(address("b"))),
            (2, _) => Change::create("bert", Mailbox::new(address("c"))),
            (_, Some(object)) => Change::remove(object),
            _ => panic!("anna is there"),
        };
        tick();
        store.apply(vec![change], "test").unwrap();
        moments.push(tick());
    }
    let seen: Vec<_> = moments.iter().map(|at| names(*at).join(" ")).collect();
    assert_eq!(seen, ["", "anna=a", "anna=b", "anna=b bert=c", "bert=c"]);
    // Each change was made a second before the moment behind it.
    let anna = store.objects_at(moments[1]).unwrap().0;
    let anna = anna.iter().find(|object| object.name == "anna").unwrap().id;
    let of_anna = |until| store.times(until).unwrap().of(anna);
    let second = |at: usize| moments[at] - 1_000;
    assert_eq!(of_anna(Some(moments[0])), None);
    assert_eq!(of_anna(Some(moments[3])), Some((second(1), second(2))));
    assert_eq!(of_anna(None), Some((second(1), second(4))));
    let bert = get(&store, "bert").id;
    assert_eq!(
        store.times(None).unwrap().of(bert),
        Some((second(3), second(3)))
    );
    let (now, revision) = store.objects_at(u64::MAX).unwrap();
    let (all, last) = store.all_at().unwrap();
    assert_eq!((now, revision), (all, last));
}
