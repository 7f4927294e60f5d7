//! Whatever changes in a directory and here, and whatever becomes of each plan: what is planned of what has
//! changed is what would be planned of everything.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use mailward_ldap::Entry;
use mailward_model::{
    EmailAddress, Kind, Object, ObjectId, Revision, Spec,
    kind::{DirectorySource, DisabledAccounts, Mailbox, SourceAnchor},
};
use mailward_store::{Change, Mark, ReadError, Touch, parts};
use proptest::{
    prelude::*,
    test_runner::{TestRunner, contextualize_config},
};

use super::{group, source, user};
use crate::sync::{
    index::Index,
    mapping::Mapping,
    picture::Picture,
    plan::{SyncPlan, folded},
    scope::Stock,
    settle::expected,
    turn::Turn,
};

/// A store that keeps what it is told, and tells what was done.
#[derive(Clone)]
struct World {
    objects: Vec<Object>,
    told: Vec<Touch>,
    revision: u64,
    /// How often it was asked for anything.
    asked: Cell<usize>,
}

impl Stock for World {
    fn object(&self, id: ObjectId) -> Result<Option<Object>, ReadError> {
        self.asked.set(self.asked.get() + 1);
        Ok(self.objects.iter().find(|one| one.id == id).cloned())
    }

    fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        self.asked.set(self.asked.get() + 1);
        Ok(self.at(kind, name).map(|at| self.objects[at].clone()))
    }

    fn holders(&self, key: &str) -> Result<Vec<Object>, ReadError> {
        self.asked.set(self.asked.get() + 1);
        let has = |object: &&Object| addresses(object).any(|address| address == key);
        Ok(self.objects.iter().filter(has).cloned().collect())
    }

    fn sources(&self) -> Result<Vec<Object>, ReadError> {
        let is_source = |one: &&Object| one.spec.kind() == Kind::DirectorySource;
        Ok(self.objects.iter().filter(is_source).cloned().collect())
    }
}

fn addresses(object: &Object) -> impl Iterator<Item = String> {
    let recipient = object.spec.recipient().into_iter();
    recipient.flat_map(|recipient| {
        let all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
        all.map(EmailAddress::key)
    })
}

impl World {
    fn at(&self, kind: Kind, name: &str) -> Option<usize> {
        let is_it = |o: &Object| o.spec.kind() == kind && o.name.eq_ignore_ascii_case(name);
        self.objects.iter().position(is_it)
    }

    /// Makes all of these changes, or none where one cannot be made.
    fn apply(&mut self, changes: &[Change]) -> bool {
        let mut after = self.clone();
        for change in changes {
            if after.change(change).is_none() {
                return false;
            }
        }
        let (mut keys, mut names) = (HashSet::new(), HashSet::new());
        let is_sound = after.objects.iter().all(|object| {
            names.insert((object.spec.kind(), folded(&object.name)))
                && addresses(object).all(|address| keys.insert(address))
        });
        if is_sound {
            *self = after;
        }
        is_sound
    }

    fn change(&mut self, change: &Change) -> Option<()> {
        let (kind, name) = (change.kind(), change.name());
        self.revision += 1;
        let revision = Revision(self.revision);
        let at = self.at(kind, name);
        let base = match change {
            Change::Create { .. } => None,
            Change::Replace { base, .. }
            | Change::Rename { base, .. }
            | Change::Remove { base, .. } => Some(*base),
        };
        // What this batch has changed itself has a newer one.
        let is_known = |object: &Object| Some(object.revision) >= base;
        let (before, object) = match (change, at) {
            (Change::Create { name, spec }, None) => {
                let id = ObjectId(1_000 + self.revision);
                let object = Object {
                    id,
                    name: name.clone(),
                    revision,
                    spec: spec.clone(),
                };
                self.objects.push(object.clone());
                (None, object)
            }
            (Change::Create { .. }, Some(_)) | (_, None) => return None,
            (_, Some(at)) if !is_known(&self.objects[at]) => return None,
            (Change::Replace { spec, .. }, Some(at)) => {
                let object = &mut self.objects[at];
                let before = std::mem::replace(&mut object.spec, spec.clone());
                object.revision = revision;
                (Some(before), object.clone())
            }
            (Change::Rename { to, .. }, Some(at)) => {
                let object = &mut self.objects[at];
                object.name.clone_from(to);
                object.revision = revision;
                (Some(object.spec.clone()), object.clone())
            }
            (Change::Remove { .. }, Some(at)) => {
                let object = self.objects.remove(at);
                self.told.push(Touch {
                    id: object.id,
                    revision,
                    kind,
                    name: object.name,
                    before: Some(object.spec),
                    after: None,
                });
                return Some(());
            }
        };
        self.told.push(Touch {
            id: object.id,
            revision,
            kind,
            name: object.name,
            before,
            after: Some(object.spec),
        });
        Some(())
    }

    /// What an administrator does; nothing where it cannot be.
    fn act(&mut self, act: &Act) {
        let Some(object) = self.objects.get(act.which % self.objects.len().max(1)) else {
            return;
        };
        let mut spec = object.spec.clone();
        let change = match (&mut spec, act.what) {
            (_, 0) => {
                let mut new = Mailbox::new(address(act.address));
                new.proxy_addresses = vec![address(act.proxy)];
                Change::create(name(act.name), new)
            }
            (_, 1) => Change::rename(object, name(act.name)),
            (_, 2) => Change::remove(object),
            (Spec::Mailbox(mailbox), 3) => {
                mailbox.address = address(act.address);
                mailbox.proxy_addresses = vec![address(act.proxy)];
                Change::replace(object, spec)
            }
            (Spec::Mailbox(mailbox), 4) => {
                mailbox.source_anchor = None;
                Change::replace(object, spec)
            }
            (Spec::Mailbox(mailbox), 5) => {
                let entry = format!("{}", act.name);
                mailbox.source_anchor = Some(SourceAnchor::new("Corp", &entry).unwrap());
                Change::replace(object, spec)
            }
            (Spec::Mailbox(mailbox), _) => {
                mailbox.hidden = !mailbox.hidden;
                Change::replace(object, spec)
            }
            _ => return,
        };
        self.apply(&[change]);
    }
}

#[derive(Debug, Clone)]
struct Act {
    what: u8,
    which: usize,
    name: u8,
    address: u8,
    proxy: u8,
}

fn name(n: u8) -> String {
    format!("n{n}")
}

fn address(n: u8) -> EmailAddress {
    format!("a{n}@example.org").parse().unwrap()
}

fn act() -> impl Strategy<Value = Act> {
    (0..7_u8, 0..12_usize, 0..6_u8, 0..8_u8, 8..10_u8).prop_map(
        |(what, which, name, address, proxy)| Act {
            what,
            which,
            name,
            address,
            proxy,
        },
    )
}

/// An entry as it comes, or none where it goes.
fn news() -> impl Strategy<Value = (String, Option<Entry>)> {
    let says = (0..7_u8, 0..6_u8, 0..7_u8, 0..6_u8, any::<bool>());
    let more = (0..10_u8, proptest::collection::vec(0..8_u8, 0..3), 0..5_u8);
    (0..7_u8, says, more).prop_map(|(id, (place, cn, mail, kind, is_disabled), more)| {
        let (proxy, members, gone) = more;
        if gone == 0 {
            return (format!("{id}"), None);
        }
        let dn = format!("CN=p{place},DC=example,DC=org");
        let class = if kind < 2 { "group" } else { "user" };
        let mut entry = Entry::new(&dn, [("objectClass", class), ("cn", &*name(cn))]);
        let mail = match mail {
            0 => "nobody at all".to_owned(),
            1 => "a@example.net".to_owned(),
            n => address(n).to_string(),
        };
        if kind != 2 {
            entry.add("mail", vec![mail.into_bytes()]);
        }
        if kind == 3 {
            entry.add("targetAddress", vec![b"SMTP:far@example.net".to_vec()]);
        }
        let proxy = format!("smtp:{}", address(proxy));
        entry.add("proxyAddresses", vec![proxy.into_bytes()]);
        let members = members.into_iter();
        let members = members.map(|n| format!("cn=P{n}, dc=example,dc=org").into_bytes());
        entry.add("member", members.collect());
        let control = if is_disabled { "514" } else { "512" };
        entry.add("userAccountControl", vec![control.as_bytes().to_vec()]);
        (format!("{id}"), Some(entry))
    })
}

/// What happens before a turn, and what becomes of its plan.
#[derive(Debug, Clone)]
struct Step {
    news: Vec<(String, Option<Entry>)>,
    acts: Vec<Act>,
    refused: Vec<u8>,
    /// Parts of the plan that are written, of so many keys at most.
    written: usize,
    keys_max: usize,
    /// What somebody does before it is known what was written.
    meanwhile: Vec<Act>,
    /// Whether what was written is followed at once.
    is_followed: bool,
    /// Whether the picture counts as put in force.
    is_settled: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let happens = (
        proptest::collection::vec(news(), 0..4),
        proptest::collection::vec(act(), 0..2),
        proptest::collection::vec(0..7_u8, 0..2),
    );
    let becomes = (
        prop_oneof![Just(0_usize), Just(1), Just(2), Just(100)],
        prop_oneof![1..9_usize, Just(10_000)],
        proptest::collection::vec(act(), 0..2),
        proptest::bool::weighted(0.8),
        proptest::bool::weighted(0.9),
    );
    (happens, becomes).prop_map(|((news, acts, refused), becomes)| {
        let (written, keys_max, meanwhile, is_followed, is_settled) = becomes;
        Step {
            news,
            acts,
            refused,
            written,
            keys_max,
            meanwhile,
            is_followed,
            is_settled,
        }
    })
}

static MAPPINGS: LazyLock<[Mapping; 2]> = LazyLock::new(|| {
    let removing = DirectorySource {
        disabled_accounts: DisabledAccounts::Remove,
        ..source()
    };
    [source(), removing].map(|source| Mapping::of(&source).unwrap())
});

fn told(plan: &SyncPlan) -> impl PartialEq + std::fmt::Debug {
    let going: Vec<_> = {
        let mut going: Vec<_> = plan.going.iter().cloned().collect();
        going.sort();
        going
    };
    let effects: Vec<String> = plan
        .import
        .effects
        .iter()
        .map(ToString::to_string)
        .collect();
    (
        plan.import.changes.clone(),
        effects,
        plan.import.removals,
        plan.import.of,
        plan.gone.clone(),
        going,
        plan.left_out.clone(),
        plan.recipients,
    )
}

/// How many turns were of what had changed alone.
fn play(mapping: &Mapping, steps: &[Step]) -> Result<usize, TestCaseError> {
    let mut world = World {
        objects: Vec::new(),
        told: Vec::new(),
        revision: 0,
        asked: Cell::new(0),
    };
    let own = Mailbox::new("own@example.net".parse().unwrap());
    world.apply(&[Change::create("Corp", source()), Change::create("n0", own)]);
    let (mut picture, mut index) = (Picture::new(), Index::default());
    let mut by_change = 0;
    for step in steps {
        for (id, entry) in &step.news {
            match entry {
                Some(entry) => picture.insert(id, entry),
                None => picture.remove(id),
            };
        }
        step.acts.iter().for_each(|act| world.act(act));
        let refused = step.refused.iter().map(ToString::to_string);
        let refused: HashMap<String, String> =
            refused.map(|id| (id, "it is refused".to_owned())).collect();
        let turn = Turn {
            source: "Corp",
            mapping,
            picture: &picture,
            changed: picture.changed(),
            refused: &refused,
        };
        let planned = match index.mark() {
            Some(_) => {
                let told = std::mem::take(&mut world.told);
                index.take(told, "Corp", Mark::default());
                match index.mark() {
                    Some(_) => turn.by_change(&mut index, &world).unwrap(),
                    None => None,
                }
            }
            None => None,
        };
        by_change += usize::from(planned.is_some());
        let whole = |index: &mut Index| turn.whole(index, world.objects.clone(), Mark::default());
        let (plan, objects) = planned.unwrap_or_else(|| whole(&mut index));
        let (fresh, _) = whole(&mut Index::default());
        world.told.clear();
        prop_assert_eq!(told(&plan), told(&fresh));
        let parts = parts(&objects, plan.import.changes.clone(), step.keys_max);
        for part in parts.iter().take(step.written) {
            if !world.apply(part) {
                break;
            }
            step.meanwhile.iter().for_each(|act| world.act(act));
            if step.is_followed {
                let (expected, going) = expected(&plan, part);
                let told = std::mem::take(&mut world.told);
                index.confirm(told, "Corp", &expected, &going, Mark::default());
            }
        }
        if step.is_settled {
            picture.settle();
        }
    }
    Ok(by_change)
}

#[test]
fn by_change_comes_to_what_everything_would() {
    let (turns, by_change) = (Cell::new(0), Cell::new(0));
    let config = contextualize_config(ProptestConfig::with_cases(256));
    let steps = (proptest::collection::vec(step(), 1..7), 0..2_usize);
    let played = TestRunner::new(config).run(&steps, |(steps, which)| {
        turns.set(turns.get() + steps.len());
        by_change.set(by_change.get() + play(&MAPPINGS[which], &steps)?);
        Ok(())
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    let (turns, by_change) = (turns.get(), by_change.get());
    assert!(by_change * 3 > turns, "{by_change} of {turns} by change");
}

/// A directory of as many persons, one by one in groups of ten, and one group of everybody.
fn large(persons: usize) -> Picture {
    let mut picture = Picture::new();
    let dn = |n: usize| format!("CN=p{n},OU=Sales,DC=example,DC=org");
    for n in 0..persons {
        let (name, mail) = (format!("p{n}"), format!("p{n}@example.org"));
        picture.insert(&name, &user(&name, &mail, &[]));
    }
    let names: Vec<String> = (0..persons).map(dn).collect();
    for (n, some) in names.chunks(10).chain([&*names]).enumerate() {
        let members: Vec<&str> = some.iter().map(String::as_str).collect();
        let name = format!("g{n}");
        picture.insert(&name, &group(&name, &members));
    }
    picture
}

#[test]
fn one_change_among_many_looks_at_few() {
    let mut world = World {
        objects: Vec::new(),
        told: Vec::new(),
        revision: 0,
        asked: Cell::new(0),
    };
    let (mut picture, mut index) = (large(500), Index::default());
    let refused = HashMap::new();
    let turn = |picture: &Picture, index: &mut Index, world: &mut World| {
        let turn = Turn {
            source: "Corp",
            mapping: &MAPPINGS[0],
            picture,
            changed: picture.changed(),
            refused: &refused,
        };
        index.take(std::mem::take(&mut world.told), "Corp", Mark::default());
        world.asked.set(0);
        let planned = turn.by_change(index, &*world).unwrap();
        let whole = |index: &mut Index| turn.whole(index, world.objects.clone(), Mark::default());
        let (plan, _) = planned.unwrap_or_else(|| whole(index));
        assert!(world.apply(&plan.import.changes));
        let (expected, going) = expected(&plan, &plan.import.changes);
        let told = std::mem::take(&mut world.told);
        index.confirm(told, "Corp", &expected, &going, Mark::default());
        plan.import.changes.len()
    };
    assert_eq!(turn(&picture, &mut index, &mut world), 551);
    picture.settle();
    let mut expect = |news: &[(&str, Option<Entry>)], changes: usize, asked_max: usize| {
        for (id, entry) in news {
            match entry {
                Some(entry) => picture.insert(id, entry),
                None => picture.remove(id),
            };
        }
        assert_eq!(turn(&picture, &mut index, &mut world), changes, "{news:?}");
        picture.settle();
        let asked = world.asked.get();
        assert!(asked <= asked_max, "{asked} of {asked_max}: {news:?}");
    };
    expect(&[], 0, 0);
    let titled = user("p7", "p7@example.org", &[("title", "Boss")]);
    expect(&[("p7", Some(titled))], 1, 10);
    expect(&[], 0, 0);
    // Both groups of which he is a member name his new address.
    expect(&[("p7", Some(user("p7", "seven@example.org", &[])))], 3, 30);
    expect(&[("p7", None)], 3, 30);
    expect(&[("new", Some(user("new", "new@example.org", &[])))], 1, 10);
}
