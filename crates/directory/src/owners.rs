//! Who has which address, kept as objects change: by it a group's listed members are found.
//!
//! Two objects with one address are refused when they are applied; here the one that came last has
//! it.

use std::collections::HashMap;

use mailward_model::{Object, ObjectId};

/// The keys of a recipient's addresses; none of another object.
fn keys(object: &Object) -> Vec<Box<str>> {
    let Some(recipient) = object.spec.recipient() else {
        return Vec::new();
    };
    let all = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
    all.map(|address| address.key().into()).collect()
}

/// Who has which address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owners {
    owners: HashMap<Box<str>, ObjectId>,
    /// By owner.
    keys: HashMap<ObjectId, Vec<Box<str>>>,
}

impl Owners {
    /// Those of these objects.
    pub(crate) fn of(objects: &[Object]) -> Owners {
        let mut owners = Owners::default();
        for object in objects {
            owners.take_over(object);
        }
        owners
    }

    /// Who has the address of this key.
    pub(crate) fn of_key(&self, key: &str) -> Option<ObjectId> {
        self.owners.get(key).copied()
    }

    /// The keys of somebody's addresses.
    pub(crate) fn keys(&self, id: ObjectId) -> Option<&Vec<Box<str>>> {
        self.keys.get(&id)
    }

    /// Takes an object over as it is now.
    pub(crate) fn take_over(&mut self, object: &Object) {
        self.remove(object.id);
        let keys = keys(object);
        for key in &keys {
            self.owners.insert(key.clone(), object.id);
        }
        if !keys.is_empty() {
            self.keys.insert(object.id, keys);
        }
    }

    /// Forgets an object.
    pub(crate) fn remove(&mut self, id: ObjectId) {
        for key in self.keys.remove(&id).unwrap_or_default() {
            // Another may have taken it over in the same change.
            if self.owners.get(&key) == Some(&id) {
                self.owners.remove(&key);
            }
        }
    }
}
