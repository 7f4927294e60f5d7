//! The rules, asked of those alone that a change can have made wrong: the changed objects, whoever has
//! one of their addresses, whoever names one that came or went, and the settings, which are few.
//!
//! Where nothing was wrong before, this comes to what [`super::all`] says of everything; a property
//! test holds it to that. What was wrong before stops nobody, as there.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use mailward_model::{Kind, Object, ObjectId, kind::SendConnector, object::SpecOf};

use super::{
    among,
    circle::knots,
    entry::{Entry, connector, keys},
    group::{ByName, GROUPS, GoesBy, Groups, by_name},
    recipient::{Owner, Owners, circle, goes_on_to},
    reference::{Known, references},
};
use crate::{ObjectError, error::Cause};

/// The kinds, recipients aside, that the rules are about. Of these there are few, and all are looked at.
const SETTINGS: [Kind; 8] = [
    Kind::AcceptedDomain,
    Kind::ReceiveConnector,
    Kind::SenderFeed,
    Kind::SendConnector,
    Kind::JournalRule,
    Kind::TransportSettings,
    Kind::Site,
    Kind::Policy,
];
/// The places of new objects are behind those of all that are stored.
const NEW: u64 = 1 << 63;

/// Who has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) id: ObjectId,
    pub(crate) is_monitoring: bool,
}

/// What is stored, as far as it is asked for.
pub(crate) trait Stock {
    /// The object of a kind with this name, compared without regard to ASCII case.
    fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, Cause>;
    /// The objects of these kinds, oldest first.
    fn of_kinds(&self, kinds: &[Kind]) -> Result<Vec<Object>, Cause>;
    /// An object by its id.
    fn object(&self, id: ObjectId) -> Result<Option<Object>, Cause>;
    /// Who has an address.
    fn holders(&self, key: &str) -> Result<Vec<Holder>, Cause>;
    /// The recipients that name an address or a connector.
    fn referrers(&self, key: &str) -> Result<Vec<ObjectId>, Cause>;
    /// The addresses that mail to a recipient goes on to.
    fn onward(&self, id: ObjectId) -> Result<Vec<String>, Cause>;
    /// The recipients that name an address which nobody has.
    fn dangling(&self) -> Result<Vec<ObjectId>, Cause>;
}

/// An object before and after a batch.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) before: Option<Object>,
    pub(crate) after: Option<Object>,
}

impl Changed {
    fn keys(&self) -> (Entry, Entry) {
        let of = |object: &Option<Object>| object.as_ref().map(|object| Entry::of(&object.spec));
        (
            of(&self.before).unwrap_or_default(),
            of(&self.after).unwrap_or_default(),
        )
    }
}

/// The rules that these changes break.
pub(crate) fn broken(stock: &dyn Stock, changed: &[Changed]) -> Result<Vec<ObjectError>, Cause> {
    let scope = Scope::of(stock, changed)?;
    let mut errors = scope.errors(stock, |changed| changed.after.as_ref())?;
    if !errors.is_empty() {
        // What was wrong before, by whatever way it got there, must not stop another change.
        let errors_before = scope.errors(stock, |changed| changed.before.as_ref())?;
        errors.retain(|error| !errors_before.contains(error));
    }
    Ok(errors)
}

/// Whom a batch concerns.
struct Scope<'a> {
    /// By their places.
    changed: BTreeMap<u64, &'a Changed>,
    settings: Vec<Object>,
    /// Who else has an address that somebody gets.
    holders: Vec<Object>,
    /// Who names what came or went.
    referrers: Vec<Object>,
    /// What came or went.
    touched: BTreeSet<String>,
    /// Other domains than before are this system's: then everything that is named is looked at.
    domains_differ: bool,
}

impl<'a> Scope<'a> {
    fn of(stock: &dyn Stock, all: &'a [Changed]) -> Result<Scope<'a>, Cause> {
        let mut changed = BTreeMap::new();
        let (mut gained, mut touched) = (BTreeSet::new(), BTreeSet::new());
        let mut domains_differ = false;
        for (one, new) in all.iter().zip(NEW..) {
            let stored = one.before.as_ref().map(|object| object.id.0);
            changed.insert(stored.unwrap_or(new), one);
            let (before, after) = one.keys();
            let is_turned = before.is_monitoring != after.is_monitoring;
            gained.extend(after.addresses.difference(&before.addresses).cloned());
            let differing = before.addresses.symmetric_difference(&after.addresses);
            touched.extend(differing.cloned());
            if is_turned {
                touched.extend(before.addresses.union(&after.addresses).cloned());
            }
            touched.extend(connectors(one));
            touched.extend(groups(one));
            let domain = |object: &Option<Object>| match object {
                Some(object) if object.spec.kind() == Kind::AcceptedDomain => {
                    Some(object.spec.clone())
                }
                _ => None,
            };
            domains_differ |= domain(&one.before) != domain(&one.after);
        }
        let mut settings = stock.of_kinds(&SETTINGS)?;
        settings.retain(|object| !changed.contains_key(&object.id.0));
        let (mut having, mut naming) = (BTreeSet::new(), BTreeSet::new());
        for key in &gained {
            having.extend(stock.holders(key)?.into_iter().map(|holder| holder.id));
        }
        for key in &touched {
            naming.extend(stock.referrers(key)?);
        }
        if domains_differ {
            naming.extend(stock.dangling()?);
        }
        let others = |ids: BTreeSet<ObjectId>| -> Result<Vec<Object>, Cause> {
            let unchanged = ids.into_iter().filter(|id| !changed.contains_key(&id.0));
            let found = unchanged.map(|id| stock.object(id));
            found.filter_map(Result::transpose).collect()
        };
        let (holders, referrers) = (others(having)?, others(naming)?);
        Ok(Scope {
            changed,
            settings,
            holders,
            referrers,
            touched,
            domains_differ,
        })
    }

    /// What is wrong, with the changed objects as `side` has them.
    fn errors(
        &self,
        stock: &dyn Stock,
        side: impl Fn(&'a Changed) -> Option<&'a Object>,
    ) -> Result<Vec<ObjectError>, Cause> {
        let now = self.changed.iter();
        let now: BTreeMap<u64, Option<&Object>> =
            now.map(|(at, changed)| (*at, side(changed))).collect();
        let sided = Sided::of(stock, &now);
        let mut objects: BTreeMap<u64, &Object> = now
            .iter()
            .filter_map(|(at, object)| Some((*at, (*object)?)))
            .collect();
        let changed: Vec<&Object> = objects.values().copied().collect();
        let settings = self.settings.iter().map(|object| (object.id.0, object));
        objects.extend(settings.clone());
        let holders = self.holders.iter().map(|object| (object.id.0, object));
        let mut together = objects.clone();
        together.extend(holders);
        let mut errors = Vec::new();
        among(&together.into_values().collect::<Vec<_>>(), &mut errors);
        sided.circles(&mut errors);

        let objects: Vec<&Object> = objects.into_values().collect();
        let known = Known::of(&objects, &sided, &sided);
        let unchanged: Vec<&Object> = settings.map(|(_, object)| object).collect();
        known.all(&changed, &mut errors);
        known.all(&unchanged, &mut errors);
        for object in &self.referrers {
            for (field, to) in references(&object.spec) {
                if self.domains_differ || keys(to).any(|key| self.touched.contains(&key)) {
                    known.one(object, field, to, &mut errors);
                }
            }
        }
        match sided.failed.into_inner() {
            Some(cause) => Err(cause),
            None => Ok(errors),
        }
    }
}

/// The keys of a send connector's names, where mailboxes may not be handed to it any more.
fn connectors(changed: &Changed) -> Vec<String> {
    let of = |object: &Option<Object>| {
        let object = object.as_ref()?;
        let spec = SendConnector::of(&object.spec)?;
        Some((connector(&object.name), spec.pool))
    };
    let (before, after) = (of(&changed.before), of(&changed.after));
    if before == after {
        return Vec::new();
    }
    let names = before.into_iter().chain(after).map(|(key, _)| key);
    names.collect()
}

/// The keys of what a group goes by, where it goes by something else than before.
fn groups(changed: &Changed) -> Vec<String> {
    let of = |object: &Option<Object>| {
        let object = object.as_ref()?;
        GoesBy::of(&object.name, &object.spec)
    };
    let (before, after) = (of(&changed.before), of(&changed.after));
    if before == after {
        return Vec::new();
    }
    let both = before.into_iter().chain(after);
    both.flat_map(|one| one.keys()).collect()
}

/// Everything that is stored, but for the changed objects, which are as one side has them.
struct Sided<'a> {
    stock: &'a dyn Stock,
    now: &'a BTreeMap<u64, Option<&'a Object>>,
    /// Who of the changed ones has which address.
    owners: HashMap<String, Owner>,
    asked: RefCell<HashMap<String, Option<Owner>>>,
    /// The groups among the changed ones.
    groups: ByName,
    /// What kept the stock from answering: then nothing that was found counts.
    failed: RefCell<Option<Cause>>,
}

impl<'a> Sided<'a> {
    fn of(stock: &'a dyn Stock, now: &'a BTreeMap<u64, Option<&'a Object>>) -> Sided<'a> {
        let mut owners = HashMap::new();
        for (at, object) in now {
            let entry = object.map(|object| Entry::of(&object.spec));
            let entry = entry.unwrap_or_default();
            for key in entry.addresses {
                owners.entry(key).or_insert(Owner {
                    at: *at,
                    is_monitoring: entry.is_monitoring,
                });
            }
        }
        Sided {
            stock,
            now,
            owners,
            asked: RefCell::default(),
            groups: by_name(now.values().copied().flatten()),
            failed: RefCell::default(),
        }
    }

    fn answered<T: Default>(&self, answer: Result<T, Cause>) -> T {
        answer.unwrap_or_else(|cause| {
            *self.failed.borrow_mut() = Some(cause);
            T::default()
        })
    }

    /// An object as it is on this side.
    fn with<T>(&self, at: u64, look: impl FnOnce(&Object) -> T) -> Option<T> {
        match self.now.get(&at) {
            Some(changed) => changed.map(look),
            None => self
                .answered(self.stock.object(ObjectId(at)))
                .as_ref()
                .map(look),
        }
    }

    /// The stored groups that may go by a name. The index knows names but for the case of letters
    /// outside ASCII: then all groups are read.
    fn groups_by(&self, name: &str) -> Result<Vec<Object>, Cause> {
        if !name.is_ascii() {
            return self.stock.of_kinds(&GROUPS);
        }
        let mut found = Vec::new();
        for kind in GROUPS {
            found.extend(self.stock.named(kind, name)?);
        }
        for holder in self.stock.holders(name)? {
            found.extend(self.stock.object(holder.id)?);
        }
        Ok(found)
    }

    fn onward(&self, at: u64) -> Vec<u64> {
        let keys = match self.now.get(&at) {
            Some(changed) => changed
                .map(|object| {
                    goes_on_to(&object.spec)
                        .1
                        .into_iter()
                        .map(|a| a.key())
                        .collect()
                })
                .unwrap_or_default(),
            None => self.answered(self.stock.onward(ObjectId(at))),
        };
        let found = keys.iter().filter_map(|key| self.owner(key));
        found.map(|owner| owner.at).collect()
    }

    /// The circles that a changed object is in. A new one leads through one.
    fn circles(&self, errors: &mut Vec<ObjectError>) {
        let starts = self.now.iter().filter(|(_, object)| object.is_some());
        let found = knots(starts.map(|(at, _)| *at), |at| self.onward(at));
        for knot in found {
            let is_changed = |at: &u64| self.now.contains_key(at);
            let (true, Some(last)) = (knot.nodes.iter().any(is_changed), knot.last()) else {
                continue;
            };
            let name = |at: u64| self.with(at, |object| object.name.clone());
            let told = self.with(last, |object| circle(object, &knot, self, name));
            errors.extend(told.flatten());
        }
    }
}

impl Owners for Sided<'_> {
    fn owner(&self, key: &str) -> Option<Owner> {
        if let Some(known) = self.asked.borrow().get(key) {
            return *known;
        }
        let stored = self.answered(self.stock.holders(key));
        let stored = stored.into_iter().map(|holder| Owner {
            at: holder.id.0,
            is_monitoring: holder.is_monitoring,
        });
        let unchanged = stored.filter(|owner| !self.now.contains_key(&owner.at));
        let own = self.owners.get(key).copied();
        let owner = unchanged.chain(own).min_by_key(|owner| owner.at);
        self.asked.borrow_mut().insert(key.to_owned(), owner);
        owner
    }
}

impl Groups for Sided<'_> {
    fn is_listed(&self, name: &str) -> Option<bool> {
        let stored = self.answered(self.groups_by(name));
        let unchanged = stored
            .iter()
            .filter(|one| !self.now.contains_key(&one.id.0));
        let stored = by_name(unchanged);
        let found = [stored.get(name), self.groups.get(name)];
        found.into_iter().flatten().copied().max()
    }

    fn listed(&self) -> Vec<String> {
        let stored = self.answered(self.stock.of_kinds(&[Kind::DistributionGroup]));
        let unchanged = stored
            .iter()
            .filter(|one| !self.now.contains_key(&one.id.0));
        let mut names = by_name(unchanged).listed();
        names.extend(self.groups.listed());
        names
    }
}
