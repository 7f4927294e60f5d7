//! A large batch in parts, each of which may be made by itself: so that other writers need not wait for
//! all of it, nor a database longer than it bears.
//!
//! What belongs together stays together: everything that becomes of one object, and an address or a name
//! that goes from one to another. What needs another one comes behind it: who names an address comes
//! after whoever gets it, and whoever loses it comes after who named it. Only changes of recipients are
//! ever divided: others are few. Pure; never here: making any of it.

use std::collections::{HashMap, HashSet};

use mailward_model::{Kind, Object, Spec};

use crate::{
    change::Change,
    check::{
        circle::components,
        entry::{Entry, KEYED},
        group::GoesBy,
    },
    engine::folded,
};

/// A kind and a folded name.
type Name = (Kind, String);

/// A name, and what the object of that name says.
type Said<'a> = (&'a str, &'a Spec);

/// All that becomes of one object.
#[derive(Default)]
struct Fate<'a> {
    /// The places of its changes in the batch.
    changes: Vec<usize>,
    before: Option<Said<'a>>,
    after: Option<Said<'a>>,
    /// The names it gives up and gets.
    gives_up: Vec<Name>,
    gets: Vec<Name>,
    /// Its keys before and after.
    had: Entry,
    has: Entry,
}

/// Divides changes that were made from these objects into parts of so many addresses and references at
/// most, but for what must stay together. The changes of a part are in the order in which they were.
///
/// Each part breaks no rule that the whole does not break, but for circles: where two objects exchange
/// their places in one, a moment may come in which both are in it.
pub fn parts(objects: &[Object], changes: Vec<Change>, keys_max: usize) -> Vec<Vec<Change>> {
    let is_other = |change: &Change| !KEYED.contains(&change.kind());
    if changes.iter().any(is_other) {
        return vec![changes];
    }
    let places = places(objects, &changes, keys_max);
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let taken = places.into_iter().map(|mut places| {
        places.sort_unstable();
        let places = places.into_iter();
        let taken = places.filter_map(|at| changes.get_mut(at)?.take());
        taken.collect()
    });
    taken.collect()
}

/// The places of the changes of each part.
fn places(objects: &[Object], changes: &[Change], keys_max: usize) -> Vec<Vec<usize>> {
    let fates = fates(objects, changes);
    if fates.iter().map(Fate::weight).sum::<usize>() <= keys_max {
        return vec![(0..changes.len()).collect()];
    }
    let needs = needs(&fates);
    let onward = |at: u64| -> Vec<u64> {
        let needed = usize::try_from(at).ok().and_then(|at| needs.get(at));
        needed.cloned().unwrap_or_default()
    };
    let all = (0..).take(fates.len());
    let mut parts: Vec<Vec<usize>> = vec![Vec::new()];
    let mut weight = 0;
    // Behind what they need.
    for together in components(all, onward) {
        let members = together.iter().filter_map(|at| {
            let at = usize::try_from(*at).ok()?;
            fates.get(at)
        });
        let members: Vec<&Fate<'_>> = members.collect();
        let adds: usize = members.iter().map(|fate| fate.weight()).sum();
        if weight > 0 && weight + adds > keys_max {
            parts.push(Vec::new());
            weight = 0;
        }
        weight += adds;
        if let Some(part) = parts.last_mut() {
            part.extend(members.iter().flat_map(|fate| &fate.changes));
        }
    }
    parts
}

impl Fate<'_> {
    /// What judging and writing it costs.
    fn weight(&self) -> usize {
        let keys = |entry: &Entry| entry.addresses.len() + entry.references.len();
        1 + keys(&self.had).max(keys(&self.has))
    }
}

/// The keys of an object. What a group goes by is among its addresses, for filters name it, and so is the
/// entry of a directory that it follows: what becomes another kind of recipient is one there.
fn entry(said: Option<Said<'_>>) -> Entry {
    let Some((name, spec)) = said else {
        return Entry::default();
    };
    let mut entry = Entry::of(spec);
    let anchor = spec.recipient().and_then(|one| one.source_anchor());
    let anchor = anchor.map(|anchor| format!("anchor {anchor}"));
    entry.addresses.extend(anchor);
    let group = GoesBy::of(name, spec);
    entry.addresses.extend(group.iter().flat_map(GoesBy::keys));
    entry
}

/// What becomes of each object that is changed.
fn fates<'a>(objects: &'a [Object], changes: &'a [Change]) -> Vec<Fate<'a>> {
    let key = |change: &Change| (change.kind(), folded(change.name()));
    let named: HashSet<Name> = changes.iter().map(key).collect();
    let stored = objects.iter().filter_map(|object| {
        let key = (object.spec.kind(), folded(&object.name));
        let is_named = named.contains(&key);
        is_named.then_some((key, (object.name.as_str(), &object.spec)))
    });
    let stored: HashMap<Name, Said<'_>> = stored.collect();
    let mut fates: Vec<Fate<'a>> = Vec::new();
    // Who has a name while the changes are gone through.
    let mut who: HashMap<Name, usize> = HashMap::new();
    for (place, change) in changes.iter().enumerate() {
        let key = key(change);
        let is_new = matches!(change, Change::Create { .. });
        let at = match who.get(&key) {
            Some(at) if !is_new => *at,
            _ => {
                let before = stored.get(&key).filter(|_| !is_new).copied();
                fates.push(Fate {
                    before,
                    after: before,
                    ..Fate::default()
                });
                fates.len() - 1
            }
        };
        who.insert(key.clone(), at);
        let Some(fate) = fates.get_mut(at) else {
            continue;
        };
        fate.changes.push(place);
        match change {
            Change::Create { name, spec } => {
                fate.after = Some((name, spec));
                fate.gets.push(key);
            }
            Change::Replace { name, spec, .. } => fate.after = Some((name, spec)),
            Change::Rename { to, .. } => {
                fate.after = fate.after.map(|(_, spec)| (to.as_str(), spec));
                let to = (key.0, folded(to));
                who.remove(&key);
                who.insert(to.clone(), at);
                fate.gives_up.push(key);
                fate.gets.push(to);
            }
            Change::Remove { .. } => {
                fate.after = None;
                who.remove(&key);
                fate.gives_up.push(key);
            }
        }
    }
    for fate in &mut fates {
        (fate.had, fate.has) = (entry(fate.before), entry(fate.after));
    }
    fates
}

/// Behind whom each is to be made; those that need each other are made together.
fn needs(fates: &[Fate<'_>]) -> Vec<Vec<u64>> {
    let mut gained: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut lost: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut given_up: HashMap<&Name, usize> = HashMap::new();
    for (at, fate) in fates.iter().enumerate() {
        for key in fate.has.addresses.difference(&fate.had.addresses) {
            gained.entry(key).or_default().push(at);
        }
        for key in fate.had.addresses.difference(&fate.has.addresses) {
            lost.entry(key).or_default().push(at);
        }
        for name in &fate.gives_up {
            given_up.insert(name, at);
        }
    }
    let mut needs: Vec<HashSet<usize>> = vec![HashSet::new(); fates.len()];
    let mut need = |who: usize, whom: &[usize]| {
        if let Some(needed) = needs.get_mut(who) {
            needed.extend(whom.iter().filter(|at| **at != who));
        }
    };
    for (key, gaining) in &gained {
        for losing in lost.get(key).into_iter().flatten() {
            need(*losing, gaining);
            for at in gaining {
                need(*at, &[*losing]);
            }
        }
    }
    for (at, fate) in fates.iter().enumerate() {
        for name in &fate.gets {
            if let Some(giving_up) = given_up.get(name) {
                need(at, &[*giving_up]);
            }
        }
        for key in fate.has.references.keys() {
            need(at, gained.get(key.as_str()).map_or(&[], Vec::as_slice));
        }
        let dropped = fate.had.references.keys();
        let dropped = dropped.filter(|key| !fate.has.references.contains_key(*key));
        for key in dropped {
            for losing in lost.get(key.as_str()).into_iter().flatten() {
                need(*losing, &[at]);
            }
        }
    }
    let sorted = needs.into_iter().map(|needed| {
        let mut needed: Vec<u64> = needed.into_iter().map(|at| at as u64).collect();
        // The last is looked at first.
        needed.sort_unstable_by(|a, b| b.cmp(a));
        needed
    });
    sorted.collect()
}
