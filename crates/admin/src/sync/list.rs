//! Directories that can only be read: whether anything has changed is told by a list of when each entry was
//! changed, and by nothing else. What differs in it is read, one entry after the other; where that is much,
//! everything is.
//!
//! Never here: who waits for how long between two lists.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use mailward_ldap::{Connection, LdapError, Pages, Scope, Search};

use super::{
    picture::Picture,
    read::{
        self, ENTRIES_MAX, IDENTIFIERS, READ_PATIENCE, STAMPS, Scene, anchor_of, sought, trimmed,
    },
};

/// Entries that are read by themselves; of more, everything is read, which is quicker.
const ENTRIES_ALONE_MAX: usize = 500;

/// RFC 4511 §4.1.9.
const NO_SUCH_OBJECT: i64 = 32;

/// When each entry was changed, and under which name, as a number: if two of these are equal, nothing has
/// changed between.
#[derive(Debug, Default)]
pub(super) struct List {
    hashing: RandomState,
    stamps: HashMap<Box<str>, u64>,
    /// Some entry says of itself no time at which it was changed.
    has_unstamped: bool,
}

/// What is otherwise in a list than in the one before.
#[derive(Debug, Default)]
pub(super) struct Differing {
    /// The names of entries that came or have changed.
    changed: Vec<String>,
    gone: Vec<Box<str>>,
    /// It cannot be told from the list which.
    is_unclear: bool,
}

impl List {
    /// Reads the list.
    pub(super) async fn read(
        connection: &mut Connection,
        scene: &Scene,
    ) -> Result<List, LdapError> {
        let mut list = List::default();
        list.renew(connection, scene).await?;
        Ok(list)
    }

    /// Reads it anew, and says what is otherwise in it.
    pub(super) async fn renew(
        &mut self,
        connection: &mut Connection,
        scene: &Scene,
    ) -> Result<Differing, LdapError> {
        let names = IDENTIFIERS.iter().chain(&STAMPS);
        let names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
        let search = sought(scene, &names);
        let mut pages = Pages::new(ENTRIES_MAX);
        let mut differing = Differing::default();
        let mut now = HashMap::with_capacity(self.stamps.len());
        let mut has_unstamped = false;
        while let Some(page) = connection
            .next_page(&search, &mut pages, READ_PATIENCE)
            .await?
        {
            for entry in page {
                let Some(anchor) = anchor_of(&entry) else {
                    continue;
                };
                let stamp: Vec<&str> = STAMPS.iter().filter_map(|name| entry.first(name)).collect();
                has_unstamped |= stamp.is_empty();
                let stamp = self.hashing.hash_one((&entry.dn, stamp));
                let is_same = self.stamps.get(&*anchor) == Some(&stamp);
                if !is_same && differing.changed.len() <= ENTRIES_ALONE_MAX {
                    differing.changed.push(entry.dn);
                }
                now.insert(anchor.into_boxed_str(), stamp);
            }
        }
        let gone = self.stamps.keys().filter(|one| !now.contains_key(*one));
        differing.gone = gone.cloned().collect();
        differing.is_unclear = has_unstamped || self.has_unstamped;
        self.stamps = now;
        self.has_unstamped = has_unstamped;
        Ok(differing)
    }
}

impl Differing {
    /// Brings the picture up to date. True where it changed.
    pub(super) async fn take(
        self,
        connection: &mut Connection,
        scene: &Scene,
        picture: &mut Picture,
    ) -> Result<bool, LdapError> {
        if self.changed.is_empty() && self.gone.is_empty() {
            return Ok(false);
        }
        if self.is_unclear || self.changed.len() > ENTRIES_ALONE_MAX {
            *picture = read::read(connection, scene).await?;
            return Ok(true);
        }
        let mut is_changed = false;
        for dn in &self.changed {
            let search = Search {
                base: dn,
                scope: Scope::Base,
                ..sought(scene, &scene.attributes)
            };
            let found = match connection.search(&search, 1, READ_PATIENCE).await {
                Ok(found) => found,
                // Gone or renamed since the list was read: the next list says so.
                Err(LdapError::Refused {
                    code: NO_SUCH_OBJECT,
                    ..
                }) => continue,
                Err(error) => return Err(error),
            };
            for entry in found {
                if let Some(anchor) = anchor_of(&entry) {
                    is_changed |= picture.insert(&anchor, &trimmed(entry));
                }
            }
        }
        for anchor in &self.gone {
            is_changed |= picture.remove(anchor);
        }
        Ok(is_changed)
    }
}
