//! Pictures put in force in a store: in parts or at once, it comes to the same, and what is refused keeps
//! nobody else back.

use std::collections::{BTreeMap, BTreeSet};

use mailward_events::{Collector, Event, Events};
use mailward_model::{
    Kind, Spec,
    kind::{AcceptedDomain, AcceptedDomainType, JournalRule, Mailbox},
};
use mailward_store::{Change, Store};
use parking_lot::Mutex;
use proptest::prelude::*;

use super::{group, picture, property::entries, source, user};
use crate::sync::{
    mapping::Mapping,
    picture::Picture,
    settle::{KEYS_MAX, Settled, Settling},
};

struct Scene {
    settling: Settling,
    store: Store,
    collector: Collector,
    _folder: tempfile::TempDir,
}

/// A source over a store of its own that has these objects and its domain.
fn scene(keys_max: usize, share_max: u8, objects: Vec<Change>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("store.db")).unwrap();
    let mut source = source();
    source.remove_share_max = share_max;
    let domain = AcceptedDomain {
        domain: "example.org".parse().unwrap(),
        domain_type: AcceptedDomainType::Authoritative,
        include_subdomains: false,
    };
    let mut all = vec![
        Change::create("Corp", source.clone()),
        Change::create("example.org", domain),
    ];
    all.extend(objects);
    store.apply(all, "test").unwrap();
    let (events, collector) = Events::collect();
    let settling = Settling {
        name: "Corp".to_owned(),
        mapping: Mapping::of(&source).unwrap(),
        source,
        store: store.clone(),
        events,
        index: Mutex::default(),
        keys_max,
    };
    Scene {
        settling,
        store,
        collector,
        _folder: folder,
    }
}

impl Scene {
    fn settle(&self, picture: &Picture) -> Settled {
        self.settling
            .settle(picture, "dc1", &BTreeSet::new())
            .unwrap()
    }

    /// What there is, by kind and name.
    fn there(&self) -> BTreeMap<(Kind, String), Spec> {
        let objects = self.store.all().unwrap().into_iter();
        objects
            .map(|object| ((object.spec.kind(), object.name), object.spec))
            .collect()
    }

    /// How many came, changed and went, as events told.
    fn told(&self) -> Vec<(u64, u64, u64)> {
        let events = self.collector.take();
        let told = events.iter().filter_map(|event| match event {
            Event::DirectorySynced {
                created,
                changed,
                removed,
                ..
            } => Some((*created, *changed, *removed)),
            _ => None,
        });
        told.collect()
    }
}

/// Twenty persons, and a group of all of them.
fn many() -> Picture {
    let mut entries = Vec::new();
    let ids: Vec<String> = (0..20).map(|n| format!("e{n}")).collect();
    let members: Vec<String> = (0..20)
        .map(|n| format!("CN=p{n},OU=Sales,DC=example,DC=org"))
        .collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    entries.push(("all", group("all", &members)));
    for (n, id) in ids.iter().enumerate() {
        let (name, mail) = (format!("p{n}"), format!("p{n}@example.org"));
        entries.push((id, user(&name, &mail, &[])));
    }
    picture(&entries)
}

fn share(picture: &Picture, of: impl Fn(&str) -> bool) -> Picture {
    let some = picture.iter().filter(|(id, _)| of(id));
    some.map(|(id, entry)| (id.to_string(), entry)).collect()
}

#[test]
fn much_is_written_in_parts_and_told_once() {
    let scene = scene(6, 20, Vec::new());
    let settled = scene.settle(&many());
    assert_eq!((settled.recipients, settled.is_changed), (21, true));
    assert_eq!(settled.plan.effects.len(), 21);
    assert_eq!(settled.left_out, []);
    assert_eq!(scene.told(), [(21, 0, 0)]);
    let there = scene.there();
    let Some(Spec::DistributionGroup(all)) =
        there.get(&(Kind::DistributionGroup, "all".to_owned()))
    else {
        panic!("{there:?}");
    };
    assert_eq!(all.members.len(), 20);
    assert!(!scene.settle(&many()).is_changed, "it is all there");
    assert_eq!(scene.told(), []);
}

#[test]
fn too_many_removals_are_held_before_any_part() {
    let scene = scene(6, 20, Vec::new());
    scene.settle(&many());
    let before = scene.there();
    // A fifth of each part would be few, and so would be what is left when some are gone.
    let mut fewer = share(&many(), |id| !id.ends_with(['1', '2', '3']));
    fewer.insert("new", &user("new", "new@example.org", &[]));
    let settled = scene.settle(&fewer);
    let held = settled.plan.held.unwrap();
    assert_eq!(held.removals, 6);
    assert!(!settled.is_changed);
    assert_eq!(scene.there(), before, "not even the new one came");
    let done = scene.settling.settle(&fewer, "dc1", &settled.gone).unwrap();
    assert!(done.plan.held.is_none() && done.is_changed);
    assert_eq!(scene.there().len(), before.len() - 5);
    assert_eq!(scene.told().last(), Some(&(1, 1, 6)));
}

#[test]
fn what_somebody_elses_object_names_stays_and_keeps_nobody_back() {
    for keys_max in [6, KEYS_MAX] {
        let scene = scene(keys_max, 100, Vec::new());
        scene.settle(&many());
        let rule = JournalRule::new("p3@example.org".parse().unwrap());
        let rule = vec![Change::create("rule", rule)];
        scene.store.apply(rule, "anna").unwrap();
        scene.told();
        let mut fewer = share(&many(), |id| id != "e3" && id != "e4" && id != "e5");
        fewer.insert("new", &user("new", "new@example.org", &[]));
        let settled = scene.settle(&fewer);
        let [left] = settled.left_out.as_slice() else {
            panic!("{:?}", settled.left_out);
        };
        assert_eq!(left.dn, "mailbox \"p3\"");
        assert!(left.because.contains("cannot go here"), "{left:?}");
        assert_eq!(scene.told(), [(1, 1, 2)], "{keys_max}");
        let there = scene.there();
        let has = |name: &str| there.contains_key(&(Kind::Mailbox, name.to_owned()));
        assert_eq!(
            ["new", "p2", "p3", "p4", "p5"].map(has),
            [true, true, true, false, false]
        );
    }
}

#[test]
fn what_is_refused_in_the_end_is_left_out_and_told() {
    for keys_max in [2, KEYS_MAX] {
        // A probe's mailbox may be nobody's member.
        let mut probe = Mailbox::new("probe@example.org".parse().unwrap());
        probe.mailbox_type = mailward_model::kind::MailboxType::Monitoring;
        let scene = scene(keys_max, 20, vec![Change::create("probe", probe)]);
        let mut all = many();
        let contact = [("targetAddress", "SMTP:probe@example.org")];
        all.insert("odd", &user("odd", "odd@example.org", &contact));
        let settled = scene.settle(&all);
        let [left] = settled.left_out.as_slice() else {
            panic!("{:?}", settled.left_out);
        };
        assert!(left.dn.contains("odd") && left.because.contains("monitoring"));
        assert_eq!(scene.told(), [(21, 0, 0)], "{keys_max}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn parts_come_to_what_the_whole_comes_to(
        pictures in proptest::collection::vec(entries(), 1..4),
        keys_max in 1..12_usize,
    ) {
        let own = || vec![Change::create("n0", Mailbox::new("a0@example.net".parse().unwrap()))];
        let (parts, whole) = (scene(keys_max, 100, own()), scene(KEYS_MAX, 100, own()));
        for picture in &pictures {
            let (one, other) = (parts.settle(picture), whole.settle(picture));
            let circle = |settled: &Settled| {
                let mut left = settled.left_out.iter();
                left.any(|one| one.because.contains("circle"))
            };
            // Whom a circle leaves out depends on who was there first.
            if circle(&one) || circle(&other) {
                return Ok(());
            }
            prop_assert_eq!(parts.there(), whole.there());
            prop_assert_eq!(one.left_out, other.left_out);
            prop_assert_eq!(one.recipients, other.recipients);
            prop_assert_eq!(parts.told(), whole.told());
        }
    }

    #[test]
    fn changes_one_after_the_other_come_to_what_everything_would(
        pictures in proptest::collection::vec(entries(), 2..6),
        keys_max in 1..12_usize,
    ) {
        let own = || vec![Change::create("n0", Mailbox::new("a0@example.net".parse().unwrap()))];
        let (by_change, whole) = (scene(keys_max, 60, own()), scene(keys_max, 60, own()));
        let mut picture = Picture::new();
        for all in &pictures {
            for (id, entry) in all.iter() {
                picture.insert(id, &entry);
            }
            picture.retain(|id| all.key(id).is_some());
            let one = by_change.settle(&picture);
            picture.settle();
            whole.settling.index.lock().forget();
            let other = whole.settle(all);
            prop_assert_eq!(by_change.there(), whole.there());
            prop_assert_eq!(one.left_out, other.left_out);
            prop_assert_eq!(one.recipients, other.recipients);
            prop_assert_eq!(one.plan.held, other.plan.held);
            prop_assert_eq!(one.gone, other.gone);
            prop_assert_eq!(by_change.told(), whole.told());
        }
    }
}
