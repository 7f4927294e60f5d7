//! Active Directory: read as a whole, then followed by uSNChanged.
//!
//! Each domain controller numbers the changes it makes or receives. What has changed since a number is
//! one search away, on that controller alone: another controller, or one restored from a backup (its
//! invocationId is another then), begins with a whole read, unless its place is known ([`Places`]). The
//! controller's change notification says only *that* something changed; what, the search tells. So nothing
//! depends on a notification.
//!
//! Deleted entries become tombstones, which not every account may read. Where none is seen, the list
//! of entries is compared.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use mailward_ldap::{Connection, Entry, LdapError, Pages, Scope, Search};
use mailward_model::kind::LdapFilter;

use super::{
    picture::Picture,
    place::{Places, Reached, cursors},
    read::{ENTRIES_MAX, READ_PATIENCE, Scene, anchor_of},
};
use crate::recipients::attribute::{dn_key, is_below};

/// The up-to-dateness vector of a part of the directory.
const VECTOR: &str = "replUpToDateVector";
/// Values of one attribute: members of a group, which come 1500 at a time.
const VALUES_MAX: usize = 500_000;
/// The least time from one comparison of the list to the next.
const COMPARE_GAP_MIN: Duration = Duration::from_secs(2);
/// Comparing takes no more than one part in so many of the time.
const COMPARE_SHARE: u32 = 20;

/// A controller that is followed.
pub(super) struct ActiveDirectory {
    /// The top of the domain.
    root: String,
    base: String,
    pub(super) reached: Reached,
    sees_tombstones: bool,
    /// Something changed since the list was compared.
    is_unsure: bool,
    compared: Option<Instant>,
    compare_took: Duration,
}

fn any() -> LdapFilter {
    LdapFilter::Present("objectClass".to_owned())
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn one(
    connection: &mut Connection,
    base: &str,
    attributes: &[&str],
) -> Result<Entry, LdapError> {
    let search = Search {
        base,
        scope: Scope::Base,
        filter: &any(),
        attributes: &owned(attributes),
        deleted: false,
    };
    let found = connection.search(&search, 1, READ_PATIENCE).await?;
    found.into_iter().next().ok_or_else(|| {
        LdapError::Protocol(format!("no entry for {base:?}, which every controller has"))
    })
}

fn number(entry: &Entry, name: &str) -> Option<u64> {
    entry.first(name)?.parse().ok()
}

impl ActiveDirectory {
    /// Asks a controller who it is.
    pub(super) async fn meet(
        connection: &mut Connection,
        base: Option<&str>,
    ) -> Result<ActiveDirectory, LdapError> {
        let names = [
            "defaultNamingContext",
            "dsServiceName",
            "highestCommittedUSN",
        ];
        let rootdse = one(connection, "", &names).await?;
        let lacks = |what: &str| {
            LdapError::Protocol(format!(
                "no {what}: it is no Active Directory; set type to openldap or ldap"
            ))
        };
        let root = rootdse
            .first(names[0])
            .ok_or_else(|| lacks(names[0]))?
            .to_owned();
        let service = rootdse
            .first(names[1])
            .ok_or_else(|| lacks(names[1]))?
            .to_owned();
        let usn = number(&rootdse, names[2]).ok_or_else(|| lacks(names[2]))?;
        let invocation = one(connection, &service, &["invocationId"]).await?;
        let invocation = invocation.octets("invocationId").next().map(<[u8]>::to_vec);
        Ok(ActiveDirectory {
            base: base.unwrap_or(&root).to_owned(),
            root,
            reached: Reached {
                service,
                invocation: invocation.unwrap_or_default(),
                usn,
            },
            sees_tombstones: false,
            is_unsure: false,
            compared: None,
            compare_took: Duration::ZERO,
        })
    }

    /// Takes up from a place that is known of this controller. False where none is: then everything is
    /// to be read.
    pub(super) fn take_up(&mut self, places: &Places) -> bool {
        let Some(usn) = places.of(&self.reached) else {
            return false;
        };
        self.reached.usn = usn;
        self.is_unsure = true;
        true
    }

    /// Up to which change of each other controller this one has all; nothing where the account may not
    /// read it.
    pub(super) async fn vector(
        &self,
        connection: &mut Connection,
    ) -> Result<Vec<(Vec<u8>, u64)>, LdapError> {
        let root = one(connection, &self.root, &[VECTOR]).await?;
        Ok(root.octets(VECTOR).next().map(cursors).unwrap_or_default())
    }

    /// Reads everything.
    pub(super) async fn read(
        &mut self,
        connection: &mut Connection,
        scene: &Scene,
    ) -> Result<Picture, LdapError> {
        // Before the read: what changes meanwhile is told again afterwards.
        let usn = self.newest(connection).await?;
        let mut picture = Picture::new();
        let mut in_part = Vec::new();
        let search = self.sought(scene, &scene.filter);
        let mut pages = Pages::new(ENTRIES_MAX);
        while let Some(page) = connection
            .next_page(&search, &mut pages, READ_PATIENCE)
            .await?
        {
            for entry in page {
                match ranged(&entry) {
                    // Between two pages nothing else is asked.
                    Some(_) => in_part.push(entry),
                    None => take(&mut picture, entry),
                }
            }
        }
        for entry in in_part {
            take(&mut picture, self.completed(connection, entry).await?);
        }
        self.reached.usn = usn;
        self.sees_tombstones = self.tombstones(connection).await?;
        self.is_unsure = false;
        Ok(picture)
    }

    /// Asks to be woken.
    pub(super) async fn wake_me(&self, connection: &mut Connection) -> Result<(), LdapError> {
        connection.notify(&self.root).await
    }

    /// How it is followed, for people.
    pub(super) fn manner(&self) -> &'static str {
        match self.sees_tombstones {
            true => "change notification and uSNChanged",
            false => {
                "change notification, uSNChanged, and comparing the list of entries (the account sees no deleted entries)"
            }
        }
    }

    /// Brings the picture up to date. True where it changed.
    pub(super) async fn catch_up(
        &mut self,
        connection: &mut Connection,
        scene: &Scene,
        picture: &mut Picture,
    ) -> Result<bool, LdapError> {
        let newest = self.newest(connection).await?;
        let mut is_changed = false;
        if newest > self.reached.usn {
            is_changed = self.changes(connection, scene, picture).await?;
            self.reached.usn = newest;
            self.is_unsure = true;
        }
        if self.is_unsure && !self.sees_tombstones && self.may_compare() {
            is_changed |= self.compare(connection, scene, picture).await?;
            self.is_unsure = false;
        }
        Ok(is_changed)
    }

    async fn changes(
        &mut self,
        connection: &mut Connection,
        scene: &Scene,
        picture: &mut Picture,
    ) -> Result<bool, LdapError> {
        let since =
            LdapFilter::AtLeast("uSNChanged".to_owned(), (self.reached.usn + 1).to_string());
        let search = Search {
            base: &self.root,
            scope: Scope::Subtree,
            filter: &since,
            attributes: &owned(&["objectGUID", "isDeleted"]),
            deleted: true,
        };
        let touched = connection
            .search(&search, ENTRIES_MAX, READ_PATIENCE)
            .await?;
        let is_tombstone = |entry: &Entry| {
            entry
                .first("isDeleted")
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        self.sees_tombstones |= touched.iter().any(is_tombstone);
        let mut is_changed = false;
        let mut ours = HashSet::new();
        for entry in self.search(connection, scene, since).await? {
            let entry = self.completed(connection, entry).await?;
            let Some(anchor) = anchor_of(&entry) else {
                continue;
            };
            is_changed |= picture.insert(&anchor, &trimmed(entry));
            ours.insert(anchor);
        }
        for entry in touched {
            // What has changed and is not found any more was deleted, moved away, or fits no longer.
            if let Some(anchor) = anchor_of(&entry)
                && !ours.contains(&anchor)
            {
                is_changed |= picture.remove(&anchor);
            }
        }
        Ok(is_changed)
    }

    fn may_compare(&self) -> bool {
        self.rest().is_zero()
    }

    /// How long comparing has to wait still.
    fn rest(&self) -> Duration {
        let gap = COMPARE_GAP_MIN.max(self.compare_took * COMPARE_SHARE);
        self.compared
            .map_or(Duration::ZERO, |at| gap.saturating_sub(at.elapsed()))
    }

    /// How long to wait for a notification before it is asked.
    pub(super) fn interval(&self, poll: Duration) -> Duration {
        match self.is_unsure && !self.sees_tombstones {
            true => poll.min(self.rest()),
            false => poll,
        }
    }

    async fn compare(
        &mut self,
        connection: &mut Connection,
        scene: &Scene,
        picture: &mut Picture,
    ) -> Result<bool, LdapError> {
        let began = Instant::now();
        let search = Search {
            base: &self.base,
            scope: Scope::Subtree,
            filter: &scene.filter,
            attributes: &owned(&["objectGUID"]),
            deleted: false,
        };
        let found = connection
            .search(&search, ENTRIES_MAX, READ_PATIENCE)
            .await?;
        let there: HashSet<String> = found.iter().filter_map(anchor_of).collect();
        let is_changed = picture.retain(|anchor| there.contains(anchor));
        self.compare_took = began.elapsed();
        self.compared = Some(Instant::now());
        Ok(is_changed)
    }

    async fn newest(&self, connection: &mut Connection) -> Result<u64, LdapError> {
        let rootdse = one(connection, "", &["highestCommittedUSN"]).await?;
        number(&rootdse, "highestCommittedUSN")
            .ok_or_else(|| LdapError::Protocol("no highestCommittedUSN".to_owned()))
    }

    /// Entries of the source that were changed since.
    async fn search(
        &self,
        connection: &mut Connection,
        scene: &Scene,
        since: LdapFilter,
    ) -> Result<Vec<Entry>, LdapError> {
        let filter = LdapFilter::And(vec![scene.filter.clone(), since]);
        let search = self.sought(scene, &filter);
        connection.search(&search, ENTRIES_MAX, READ_PATIENCE).await
    }

    fn sought<'a>(&'a self, scene: &'a Scene, filter: &'a LdapFilter) -> Search<'a> {
        Search {
            base: &self.base,
            scope: Scope::Subtree,
            filter,
            attributes: &scene.attributes,
            deleted: false,
        }
    }

    /// Whether any deleted entry is seen.
    async fn tombstones(&self, connection: &mut Connection) -> Result<bool, LdapError> {
        let deleted = LdapFilter::Equal("isDeleted".to_owned(), "TRUE".to_owned());
        let search = Search {
            base: &self.root,
            scope: Scope::Subtree,
            filter: &deleted,
            attributes: &owned(&["isDeleted"]),
            deleted: true,
        };
        let container = dn_key(&format!("CN=Deleted Objects,{}", self.root));
        let seen = match connection.search(&search, 1, READ_PATIENCE).await {
            Ok(seen) => seen,
            // There is more than the container itself.
            Err(LdapError::TooMuch { .. }) => return Ok(true),
            Err(error) => return Err(error),
        };
        let is_tombstone = |entry: &Entry| {
            let key = dn_key(&entry.dn);
            key != container && is_below(&key, &container)
        };
        Ok(seen.iter().any(is_tombstone))
    }

    /// An entry with all values of its attributes: of a large group they come in parts
    /// (`member;range=0-1499`).
    async fn completed(
        &self,
        connection: &mut Connection,
        mut entry: Entry,
    ) -> Result<Entry, LdapError> {
        while let Some((name, attribute)) = ranged(&entry) {
            let mut values = entry.take(&name);
            let mut next = name.clone();
            while !next.ends_with("-*") {
                if values.len() > VALUES_MAX {
                    return Err(LdapError::TooMuch {
                        what: format!("the number of values of {attribute} of {}", entry.dn),
                        max: VALUES_MAX as u64,
                    });
                }
                let from = format!("{attribute};range={}-*", values.len());
                let mut part = one(connection, &entry.dn, &[&from]).await?;
                let Some((name, _)) = ranged(&part) else {
                    break;
                };
                let more = part.take(&name);
                if more.is_empty() {
                    break;
                }
                values.extend(more);
                next = name;
            }
            entry.take(&attribute);
            entry.add(&attribute, values);
        }
        Ok(entry)
    }
}

/// An attribute that came in part, as it is named in the entry and as it is called.
fn ranged(entry: &Entry) -> Option<(String, String)> {
    entry.names().find_map(|name| {
        let (attribute, option) = name.split_once(';')?;
        let is_range = option.to_ascii_lowercase().starts_with("range=");
        is_range.then(|| (name.to_owned(), attribute.to_owned()))
    })
}

fn take(picture: &mut Picture, entry: Entry) {
    if let Some(anchor) = anchor_of(&entry) {
        picture.insert(&anchor, &trimmed(entry));
    }
}

/// An entry without what was only needed to find it.
fn trimmed(mut entry: Entry) -> Entry {
    entry.take("objectGUID");
    entry.take("uSNChanged");
    entry
}
