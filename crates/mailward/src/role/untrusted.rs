//! The list of untrusted certificates in each role: read from the objects and from what feeds have in
//! force, before the first handshake, and read again at each change of either.
//!
//! Never here: what is done about a peer, and how feeds are read; the roles' own parts do that.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use mailward_events::{Event, Events};
use mailward_model::{Kind, Object, ObjectId, Revision, Spec};
use mailward_store::Store;
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
    let mut revisions = store.subscribe();
    let mut at = *revisions.borrow_and_update();
    follower.read_objects();
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
            let is_changed = tokio::select! {
                changed = revisions.changed() => match changed {
                    Ok(()) => true,
                    Err(_) => return,
                },
                () = look => false,
            };
            let mut is_other = false;
            if is_changed {
                let now = *revisions.borrow_and_update();
                if is_touched(&follower.store, at) {
                    is_other = follower.read_objects();
                }
                at = now;
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
    /// Reads the objects; true where they may be others than before.
    fn read_objects(&mut self) -> bool {
        let read = self.store.in_force(Kind::UntrustedCertificate);
        let read = read.and_then(|objects| Ok((objects, self.store.list(Kind::UntrustedFeed)?)));
        let (objects, feeds) = match read {
            Ok(read) => read,
            Err(error) => {
                self.events.emit(Event::StoreFailing {
                    operation: "read the untrusted certificates".to_owned(),
                    error: error.to_string(),
                });
                return false;
            }
        };
        self.objects = objects;
        if self.shelf.is_none() {
            return true;
        }
        let mut before = std::mem::take(&mut self.feeds);
        for feed in feeds {
            let mut taken = before.remove(&feed.id).unwrap_or_default();
            if taken.name != feed.name {
                // Its entries go by its name: they are made anew.
                taken = Taken {
                    name: feed.name,
                    ..Taken::default()
                };
            }
            self.feeds.insert(feed.id, taken);
        }
        true
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
