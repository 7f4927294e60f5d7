//! Whom a change concerns: the entries that were changed, whoever may get an address or a name that one of
//! them has or may get, whoever may get what these have, and so on; and the objects that have any of it.
//!
//! What is found so has nothing to do with any other entry: planning it by itself comes to what planning
//! everything would. Pure over [`Stock`]; never here: planning.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use mailward_model::{EmailAddress, Kind, Object, ObjectId};
use mailward_store::{Glance, ReadError};

use super::{
    claim::Claims,
    index::Index,
    mapping::Mapping,
    picture::Picture,
    plan::{anchor, folded, recipient},
};
use crate::recipients::attribute::dn_key;

/// What is stored, as far as it is asked for.
pub(super) trait Stock {
    /// An object by its id.
    fn object(&self, id: ObjectId) -> Result<Option<Object>, ReadError>;
    /// The object of a kind with this name.
    fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError>;
    /// The recipients that have an address.
    fn holders(&self, key: &str) -> Result<Vec<Object>, ReadError>;
    /// Every directory source.
    fn sources(&self) -> Result<Vec<Object>, ReadError>;
}

impl Stock for Glance<'_> {
    fn object(&self, id: ObjectId) -> Result<Option<Object>, ReadError> {
        Glance::object(self, id)
    }

    fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        Glance::named(self, kind, name)
    }

    fn holders(&self, key: &str) -> Result<Vec<Object>, ReadError> {
        Glance::holders(self, key)
    }

    fn sources(&self) -> Result<Vec<Object>, ReadError> {
        self.of_kind(Kind::DirectorySource)
    }
}

/// Whom a change concerns, while it is found out.
pub(super) struct Scope<'a> {
    source: &'a str,
    mapping: &'a Mapping,
    picture: &'a Picture,
    index: &'a Index,
    pub(super) entries: BTreeSet<Arc<str>>,
    objects: BTreeMap<ObjectId, Object>,
    /// What is found, and not looked at yet.
    entries_waiting: Vec<Arc<str>>,
    objects_waiting: Vec<Object>,
    /// What the index and the store were asked for already.
    keys: HashSet<u64>,
    addresses: HashSet<String>,
    names: HashSet<(Kind, String)>,
}

impl<'a> Scope<'a> {
    /// Nobody yet.
    pub(super) fn new(
        source: &'a str,
        mapping: &'a Mapping,
        picture: &'a Picture,
        index: &'a Index,
    ) -> Scope<'a> {
        Scope {
            source,
            mapping,
            picture,
            index,
            entries: BTreeSet::new(),
            objects: BTreeMap::new(),
            entries_waiting: Vec::new(),
            objects_waiting: Vec::new(),
            keys: HashSet::new(),
            addresses: HashSet::new(),
            names: HashSet::new(),
        }
    }

    /// An entry that it concerns.
    pub(super) fn entry(&mut self, anchor: &str) {
        if self.entries.contains(anchor) {
            return;
        }
        let known = self.picture.key(anchor);
        let known = known.or_else(|| Some(self.index.node(anchor)?.0));
        let anchor = known.map_or_else(|| Arc::from(anchor), Arc::clone);
        self.entries.insert(Arc::clone(&anchor));
        self.entries_waiting.push(anchor);
    }

    /// Whoever has this, or may get it.
    pub(super) fn key(&mut self, key: u64) {
        if self.keys.insert(key) {
            let index = self.index;
            index.having(key).for_each(|entry| self.entry(entry));
        }
    }

    /// An object that it concerns, and is still there.
    pub(super) fn stored(&mut self, id: ObjectId, stock: &dyn Stock) -> Result<(), ReadError> {
        if !self.objects.contains_key(&id) {
            self.objects_waiting.extend(stock.object(id)?);
        }
        Ok(())
    }

    /// Finds everybody. False where it would be more entries than this.
    pub(super) fn close(
        &mut self,
        stock: &dyn Stock,
        entries_max: usize,
    ) -> Result<bool, ReadError> {
        loop {
            if self.entries.len() > entries_max {
                return Ok(false);
            }
            if let Some(object) = self.objects_waiting.pop() {
                self.look_at_object(object, stock)?;
            } else if let Some(entry) = self.entries_waiting.pop() {
                self.look_at_entry(&entry, stock)?;
            } else {
                return Ok(true);
            }
        }
    }

    /// The objects to be planned with: the sources, and those that were found, the oldest first.
    pub(super) fn objects(&self, stock: &dyn Stock) -> Result<Vec<Object>, ReadError> {
        let mut objects = stock.sources()?;
        objects.extend(self.objects.values().cloned());
        Ok(objects)
    }

    fn look_at_object(&mut self, object: Object, stock: &dyn Stock) -> Result<(), ReadError> {
        if self.objects.contains_key(&object.id) {
            return Ok(());
        }
        let Some(recipient) = recipient(&object) else {
            return Ok(());
        };
        if let Some(entry) = anchor(&object.spec, self.source) {
            self.entry(entry);
        }
        let all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
        for address in all.map(EmailAddress::key) {
            self.address(address, stock)?;
        }
        self.name(object.spec.kind(), folded(&object.name), stock)?;
        self.objects.insert(object.id, object);
        Ok(())
    }

    fn look_at_entry(&mut self, entry: &str, stock: &dyn Stock) -> Result<(), ReadError> {
        let index = self.index;
        if let Some((_, node)) = index.node(entry) {
            node.keys.iter().for_each(|key| self.key(*key));
            for id in &node.objects {
                self.stored(*id, stock)?;
            }
        }
        let Some((_, found)) = self.picture.get(entry) else {
            return Ok(());
        };
        self.key(index.keys().place(&dn_key(&found.dn)));
        let Ok(wanted) = self.mapping.read(&found) else {
            return Ok(());
        };
        let claims = Claims::of(&wanted);
        for address in claims.addresses {
            self.address(address, stock)?;
        }
        for name in claims.names {
            self.name(claims.kind, name, stock)?;
        }
        Ok(())
    }

    fn address(&mut self, key: String, stock: &dyn Stock) -> Result<(), ReadError> {
        self.key(self.index.keys().address(&key));
        if !self.addresses.contains(&key) {
            self.objects_waiting.extend(stock.holders(&key)?);
            self.addresses.insert(key);
        }
        Ok(())
    }

    fn name(&mut self, kind: Kind, folded: String, stock: &dyn Stock) -> Result<(), ReadError> {
        self.key(self.index.keys().name(kind, &folded));
        let name = (kind, folded);
        if !self.names.contains(&name) {
            self.objects_waiting.extend(stock.named(kind, &name.1)?);
            self.names.insert(name);
        }
        Ok(())
    }
}
