//! What every kind of directory has in common: which entries are asked for, and by what an entry is
//! known for ever; and how everything is read.

use std::{fmt::Write as _, time::Duration};

use mailward_ldap::{Answer, Connection, Entry, LdapError, Pages, Scope, Search, SyncChange};
use mailward_model::kind::{DirectorySource, DirectoryType, LdapFilter};

use super::{mapping::Mapping, picture::Picture};

/// Entries of one source: several times as many as recipients that were measured, and what fits into the
/// memory of a small machine.
pub(super) const ENTRIES_MAX: usize = 300_000;
/// How long a server may be silent while it is read.
pub(super) const READ_PATIENCE: Duration = Duration::from_secs(60);
/// By what an entry is known for ever, where it is text: RFC 4530, 389 Directory Server, eDirectory.
pub(super) const IDENTIFIERS: [&str; 3] = ["entryUUID", "nsUniqueId", "GUID"];
/// What says that an entry has changed.
pub(super) const STAMPS: [&str; 2] = ["modifyTimestamp", "entryCSN"];

/// Which entries are persons, contacts and groups with an address.
const USUAL_FILTER: &str = "(&(|(objectClass=person)(objectClass=inetOrgPerson)(objectClass=account)\
(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers))(mail=*))";
const USUAL_FILTER_OF_AD: &str = "(&(|(objectClass=user)(objectClass=contact)(objectClass=group))\
(!(objectClass=computer))(|(mail=*)(proxyAddresses=*)))";

/// What is asked of a server.
pub(super) struct Scene {
    pub(super) base: Option<String>,
    pub(super) filter: LdapFilter,
    pub(super) attributes: Vec<String>,
}

impl Scene {
    pub(super) fn of(source: &DirectorySource, mapping: &Mapping) -> Scene {
        let is_ad = source.directory_type == DirectoryType::ActiveDirectory;
        let usual = if is_ad {
            USUAL_FILTER_OF_AD
        } else {
            USUAL_FILTER
        };
        let every = || LdapFilter::Present("mail".to_owned());
        let filter = source.filter.clone();
        let mut attributes = mapping.attributes();
        match is_ad {
            true => attributes.push("objectGUID".to_owned()),
            false => attributes.extend(IDENTIFIERS.map(str::to_owned)),
        }
        Scene {
            base: source.base.clone(),
            filter: filter.unwrap_or_else(|| usual.parse().unwrap_or_else(|_| every())),
            attributes,
        }
    }
}

/// By what an entry is known for ever.
pub(super) fn anchor_of(entry: &Entry) -> Option<String> {
    if let Some(guid) = entry.octets("objectGUID").next() {
        return uuid_of(guid);
    }
    let text = IDENTIFIERS.iter().find_map(|name| entry.first(name))?;
    let text: String = text.trim_matches(['{', '}']).to_ascii_lowercase();
    (!text.is_empty()).then_some(text)
}

/// An objectGUID as Windows writes it: the first three groups stand the other way round (MS-DTYP
/// §2.3.4).
fn uuid_of(octets: &[u8]) -> Option<String> {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    if octets.len() != ORDER.len() {
        return None;
    }
    let mut text = String::with_capacity(36);
    for (at, from) in ORDER.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{:02x}", octets.get(*from)?);
    }
    Some(text)
}

/// Reads everything from a directory that is no Active Directory.
pub(super) async fn read(connection: &mut Connection, scene: &Scene) -> Result<Picture, LdapError> {
    let mut picture = Picture::new();
    let search = sought(scene, &scene.attributes);
    let mut pages = Pages::new(ENTRIES_MAX);
    while let Some(page) = connection
        .next_page(&search, &mut pages, READ_PATIENCE)
        .await?
    {
        for entry in page {
            if let Some(anchor) = anchor_of(&entry) {
                picture.insert(&anchor, &trimmed(entry));
            }
        }
    }
    Ok(picture)
}

/// A search for the entries of a source, with these of their attributes.
pub(super) fn sought<'a>(scene: &'a Scene, attributes: &'a [String]) -> Search<'a> {
    Search {
        base: scene.base.as_deref().unwrap_or_default(),
        scope: Scope::Subtree,
        filter: &scene.filter,
        attributes,
        deleted: false,
    }
}

/// Asks an OpenLDAP server for everything and for each change from then on, and waits until
/// everything was told.
pub(super) async fn persist(
    connection: &mut Connection,
    scene: &Scene,
) -> Result<Picture, LdapError> {
    let search = sought(scene, &scene.attributes);
    connection.persist(&search).await?;
    let mut picture = Picture::new();
    loop {
        let next = tokio::time::timeout(READ_PATIENCE, connection.next()).await;
        let answer = next.map_err(|_| LdapError::Late {
            step: mailward_ldap::Step::Search,
            secs: READ_PATIENCE.as_secs(),
        })??;
        let Answer::Changes(changes) = answer else {
            return Err(LdapError::Protocol(
                "an entry without its state (RFC 4533)".to_owned(),
            ));
        };
        let is_told = changes
            .iter()
            .any(|change| matches!(change, SyncChange::Refreshed { .. }));
        take(&mut picture, changes)?;
        if is_told {
            return Ok(picture);
        }
    }
}

/// Takes changes into the picture. True where it changed.
pub(super) fn take(picture: &mut Picture, changes: Vec<SyncChange>) -> Result<bool, LdapError> {
    let mut is_changed = false;
    for change in changes {
        match change {
            SyncChange::Entry(anchor, entry) => {
                is_changed |= picture.insert(&anchor, &trimmed(entry));
            }
            SyncChange::Gone(anchor) => is_changed |= picture.remove(&anchor),
            SyncChange::Present(_) | SyncChange::Refreshed { .. } | SyncChange::Other => {}
        }
        if picture.len() > ENTRIES_MAX {
            return Err(LdapError::TooMuch {
                what: "the number of entries".to_owned(),
                max: ENTRIES_MAX as u64,
            });
        }
    }
    Ok(is_changed)
}

/// An entry without what was only needed to find it.
pub(super) fn trimmed(mut entry: Entry) -> Entry {
    for name in IDENTIFIERS.iter().chain(&STAMPS) {
        entry.take(name);
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_known_by_what_never_changes() {
        let mut entry = Entry::new("cn=a", []);
        assert_eq!(anchor_of(&entry), None);
        entry.add(
            "entryUUID",
            vec![b"0B4F5A9C-1f7a-103f-8b6c-9d2a3c4d5e6f".to_vec()],
        );
        assert_eq!(
            anchor_of(&entry).unwrap(),
            "0b4f5a9c-1f7a-103f-8b6c-9d2a3c4d5e6f"
        );
        let guid = [
            0x9c, 0x75, 0xf7, 0xc8, 0x8d, 0x8a, 0x58, 0x48, 0xa1, 0x79, 0x58, 0x17, 0x0d, 0xe6,
            0xaf, 0xb5,
        ];
        entry.add("objectGUID", vec![guid.to_vec()]);
        assert_eq!(
            anchor_of(&entry).unwrap(),
            "c8f7759c-8a8d-4858-a179-58170de6afb5"
        );
    }

    #[test]
    fn the_usual_filters_are_filters() {
        for text in [USUAL_FILTER, USUAL_FILTER_OF_AD] {
            text.parse::<LdapFilter>().unwrap();
        }
    }
}
