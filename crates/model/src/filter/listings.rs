//! Which groups of listed members list which addresses: what `MemberOfGroup` says.
//!
//! Only what a group lists itself counts, as a directory's `memberOf` does; a dynamic group lists
//! nobody. So no filter is asked to know the answer, and a group cannot depend on itself.

use std::collections::{BTreeMap, HashMap};

use super::{Attributes, Property};
use crate::{Object, ObjectId, Spec, kind::Recipient};

/// What a group goes by, and whom it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listing {
    name: Box<str>,
    address: Box<str>,
    /// Keys of addresses, sorted, each once.
    members: Vec<Box<str>>,
}

/// Every group of listed members.
#[derive(Debug, Clone, Default)]
pub struct Listings {
    groups: BTreeMap<ObjectId, Listing>,
    by_member: HashMap<Box<str>, Vec<ObjectId>>,
}

impl Listings {
    /// The groups among these objects.
    pub fn of(objects: &[Object]) -> Listings {
        let mut listings = Listings::default();
        for object in objects {
            listings.take_over(object);
        }
        listings
    }

    /// True where no group lists anybody.
    pub fn is_empty(&self) -> bool {
        self.by_member.is_empty()
    }

    /// Takes an object over as it is now; the keys of the addresses for which it makes a
    /// difference. An object that is no such group lists nobody.
    pub fn take_over(&mut self, object: &Object) -> Vec<Box<str>> {
        let Spec::DistributionGroup(group) = &object.spec else {
            return self.remove(object.id);
        };
        let mut members: Vec<Box<str>> = group
            .members
            .iter()
            .map(|member| member.key().into())
            .collect();
        members.sort_unstable();
        members.dedup();
        let listing = Listing {
            name: object.name.as_str().into(),
            address: group.address.to_string().into(),
            members,
        };
        let Some(before) = self.groups.get(&object.id).cloned() else {
            let listed = listing.members.clone();
            self.insert(object.id, listing);
            return listed;
        };
        if before == listing {
            return Vec::new();
        }
        let goes_by_another = (&before.name, &before.address) != (&listing.name, &listing.address);
        let only = |of: &Listing, other: &Listing| -> Vec<Box<str>> {
            let members = of.members.iter();
            let only =
                members.filter(|key| goes_by_another || other.members.binary_search(key).is_err());
            only.cloned().collect()
        };
        let mut changed = only(&before, &listing);
        changed.extend(only(&listing, &before));
        self.remove(object.id);
        self.insert(object.id, listing);
        changed
    }

    fn insert(&mut self, group: ObjectId, listing: Listing) {
        for member in &listing.members {
            let lists = self.by_member.entry(member.clone()).or_default();
            lists.push(group);
        }
        self.groups.insert(group, listing);
    }

    /// Forgets a group; the keys of the addresses it listed.
    pub fn remove(&mut self, group: ObjectId) -> Vec<Box<str>> {
        let Some(listing) = self.groups.remove(&group) else {
            return Vec::new();
        };
        for member in &listing.members {
            if let Some(lists) = self.by_member.get_mut(member) {
                lists.retain(|one| *one != group);
                if lists.is_empty() {
                    self.by_member.remove(member);
                }
            }
        }
        listing.members
    }

    /// Sets what a recipient of these addresses, given by their keys, belongs to.
    pub fn fill<'a>(&self, keys: impl IntoIterator<Item = &'a str>, of: &mut Attributes) {
        of.unset(Property::MemberOfGroup);
        for group in keys.into_iter().filter_map(|key| self.by_member.get(key)) {
            for listing in group.iter().filter_map(|id| self.groups.get(id)) {
                of.set(Property::MemberOfGroup, &listing.name);
                of.set(Property::MemberOfGroup, &listing.address);
            }
        }
    }
}

/// The keys of a recipient's addresses.
pub(super) fn keys(recipient: &dyn Recipient) -> impl Iterator<Item = String> + '_ {
    let all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
    all.map(|address| address.key())
}
