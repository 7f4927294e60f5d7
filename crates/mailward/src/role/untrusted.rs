//! The list of untrusted certificates in each role: read from the objects and from what feeds have in
//! force, before the first handshake, and read again at each change of either.
//!
//! Never here: what is done about a peer, and how feeds are read; the roles' own parts do that.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use mailward_events::{Event, Events};
use mailward_model::{Kind, Object, ObjectId, Revision, Spec, policy::PolicyPart};
use mailward_store::{Store, Turn};
use mailward_tls::{
    Untrusted, UntrustedList,
    untrusted::{
        Layer,
        feed::{Shelf, Stamp},
    },
};

/// Changes of objects that are looked through; where more came at one time the list is read anew.
const CHANGES_MAX: usize = 1_000;
/// How often it is looked whether a feed has another list in force: it is to be in force in every
/// role within a second.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The list of this process, kept current by a task of this runtime. `feeds_dir` is the folder of what
/// is known of feeds. Where the objects cannot be read the list stays as it was, with an event: at
/// first it is what is built in.
pub(super) fn follow(store: &Store, feeds_dir: PathBuf, events: &Events) -> Untrusted {
    begin(store, Some(Shelf::new(feeds_dir)), events)
}

/// The same without feeds, for roles that have a privilege: what others have published is not parsed
/// by them.
pub(super) fn follow_objects(store: &Store, events: &Events) {
    begin(store, None, events);
}

fn begin(store: &Store, shelf: Option<Shelf>, events: &Events) -> Untrusted {
    let mut follower = Follower {
        untrusted: Untrusted::of_process(),
        store: store.clone(),
        events: events.clone(),
        shelf,
        objects: Vec::new(),
        feeds: BTreeMap::new(),
    };
    let mut turns = store.turns();
    let mut at = store.revision();
    let note = |store: &Store, turn, at, done| {
        store.note_refresh(&[PolicyPart::Untrusted], turn, at, done);
    };
    let read = follower.read_objects();
    note(store, Turn::Begun, at, read.map(drop));
    follower.read_feeds();
    follower.put();
    let untrusted = follower.untrusted.clone();
    tokio::spawn(async move {
        loop {
            // Where there is no feed there is nothing to look at.
            let look = async {
                match follower.feeds.is_empty() {
                    true => std::future::pending().await,
                    false => tokio::time::sleep(LOOK_EVERY).await,
                }
            };
            let turn = tokio::select! {
                turn = turns.next() => match turn {
                    Some(turn) => Some(turn),
                    None => return,
                },
                () = look => None,
            };
            let mut is_other = false;
            if let Some(turn) = turn {
                let now = follower.store.revision();
                let is_due = match turn {
                    // What was told tells also that it is about something else.
                    Turn::Changed => is_touched(&follower.store, at),
                    turn => turn.is_due() || now != at,
                };
                let read = match is_due {
                    true => follower.read_objects(),
                    false => Ok(false),
                };
                is_other = turn.is_whole() || matches!(read, Ok(true));
                if read.is_ok() {
                    at = now;
                }
                note(&follower.store, turn, at, read.map(drop));
            }
            is_other |= follower.read_feeds();
            // A list that is put in force wakes every session and ends the resumption of others.
            if is_other {
                follower.put();
            }
        }
    });
    untrusted
}

/// Tells that a connection of ours was cut because what its server had shown has become untrusted.
/// `who` says what the connection was for, `peer` with whom it was.
pub(super) fn tell_cut<C: AsRef<[u8]>>(path: &[C], who: &str, peer: &str, events: &Events) {
    // The entry may be gone again; then nothing is to be told.
    let Err(found) = Untrusted::of_process().check(path) else {
        return;
    };
    events.emit(Event::UntrustedSessionCut {
        direction: "out".to_owned(),
        connector: who.to_owned(),
        peer: peer.to_owned(),
        subject: found.subject,
        issuer: found.issuer,
        serial: found.serial,
        entry: found.entry,
        reason: found.reason,
    });
}

/// Whether a change since this revision is about untrusted certificates, feeds of them, or policies,
/// which may carry some: any other must not end the resumption of sessions, and wakes nobody.
fn is_touched(store: &Store, since: Revision) -> bool {
    let tables = [
        Kind::UntrustedCertificate,
        Kind::UntrustedFeed,
        Kind::Policy,
        Kind::Site,
    ]
    .map(Kind::table);
    store
        .changes_since(since, CHANGES_MAX)
        .map_or(true, |changes| {
            changes.len() >= CHANGES_MAX
                || changes.iter().any(|change| tables.contains(&&*change.kind))
        })
}

/// What a feed adds to the list, and the file it was read from.
#[derive(Default)]
struct Taken {
    name: String,
    stamp: Option<Stamp>,
    mark: String,
    layer: Option<Arc<Layer>>,
}

struct Follower {
    untrusted: Untrusted,
    store: Store,
    events: Events,
    shelf: Option<Shelf>,
    /// Untrusted certificates.
    objects: Vec<Object>,
    feeds: BTreeMap<ObjectId, Taken>,
}

impl Follower {
    /// Reads the objects; true where they are others than before.
    fn read_objects(&mut self) -> Result<bool, String> {
        let read = self.store.in_force(Kind::UntrustedCertificate);
        let read = read.and_then(|objects| Ok((objects, self.store.list(Kind::UntrustedFeed)?)));
        let (objects, feeds) = match read {
            Ok(read) => read,
            Err(error) => {
                let error = error.to_string();
                self.events.emit(Event::StoreFailing {
                    operation: "read the untrusted certificates".to_owned(),
                    error: error.clone(),
                });
                return Err(error);
            }
        };
        let mut is_other = self.objects != objects;
        self.objects = objects;
        if self.shelf.is_none() {
            return Ok(is_other);
        }
        let mut before = std::mem::take(&mut self.feeds);
        for feed in feeds {
            let mut taken = before.remove(&feed.id).unwrap_or_default();
            if taken.name != feed.name {
                // Its entries go by its name: they are made anew.
                is_other = true;
                taken = Taken {
                    name: feed.name,
                    ..Taken::default()
                };
            }
            self.feeds.insert(feed.id, taken);
        }
        // What feeds that are gone had in force goes with them.
        Ok(is_other || !before.is_empty())
    }

    /// Reads what feeds have in force, where their files are others than before; true where it is
    /// something else. What cannot be read leaves in force what was read before: transport tells of
    /// it, and mends it.
    fn read_feeds(&mut self) -> bool {
        let Some(shelf) = &self.shelf else {
            return false;
        };
        let mut is_other = false;
        for (id, taken) in &mut self.feeds {
            let stamp = shelf.stamp(*id);
            if stamp == taken.stamp {
                continue;
            }
            let Ok(Some(state)) = shelf.load(*id) else {
                continue;
            };
            let mark = state.mark();
            if taken.mark != mark {
                let Ok(layer) = shelf.layer(&taken.name, &state) else {
                    continue;
                };
                taken.layer = Some(layer);
                taken.mark = mark;
                is_other = true;
            }
            taken.stamp = stamp;
        }
        is_other
    }

    /// Puts in force what was read.
    fn put(&self) {
        let entries = self.objects.iter().filter_map(|object| match &object.spec {
            Spec::UntrustedCertificate(spec) => Some((object.name.as_str(), spec)),
            _ => None,
        });
        let layers = self.feeds.values().filter_map(|taken| taken.layer.clone());
        let list = UntrustedList::new(entries).with(layers);
        let unreadable: Vec<String> = list.unreadable().map(str::to_owned).collect();
        self.untrusted.put(list);
        for entry in unreadable {
            let named = self.objects.iter().find(|object| object.name == entry);
            let issuer = named.and_then(|object| match &object.spec {
                Spec::UntrustedCertificate(spec) => spec.issuer.clone(),
                _ => None,
            });
            self.events.emit(Event::UntrustedEntryUnreadable {
                entry,
                issuer: issuer.unwrap_or_default(),
            });
        }
    }
}
