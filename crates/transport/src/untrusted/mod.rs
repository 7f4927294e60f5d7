//! Feeds of the untrusted list kept current: read when their time has come, judged, put in force.
//!
//! One task reads one feed at a time. What a source says is judged by `mailward_tls::untrusted::feed`;
//! here are the clock, the network, the files and the events. Whatever goes wrong, the last good list
//! stays in force, and an event says why. Every role, this one among them, takes what is in force from
//! the files.
//!
//! Never here: what is done about a peer.

pub(crate) mod answer;
pub(crate) mod crl;
mod filters;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::fault::Fault;
use mailward_events::{Event, Events, Items, chain};
use mailward_host::kept::KeptError;
use mailward_model::{
    Kind, Object, ObjectId, Spec,
    kind::{UntrustedFeed, UntrustedSource},
};
use mailward_store::Store;
use mailward_tls::untrusted::feed::{Difference, FeedState, HeldVersion, List, Outcome, Shelf};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    deliver::dns::Dns,
    perimeter::{jitter, read::ReadError},
    service::Running,
};

/// The longest wait between two looks at what is due: a clock that was put forward is noticed.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// How often it is told that a list is old.
const OLD_AGAIN_MS: u64 = 86_400_000;
/// Entries that an event names.
const ITEMS_MAX: usize = 20;

/// The feeds of this node.
pub(crate) struct UntrustedFeeds {
    shelf: Shelf,
    store: Store,
    dns: Arc<dyn Dns>,
    entries: Mutex<BTreeMap<ObjectId, Entry>>,
    wake: Notify,
    /// One feed is read at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A feed: what an administrator said, and what is known.
struct Entry {
    name: String,
    spec: UntrustedFeed,
    state: FeedState,
    old_told_unix_ms: Option<u64>,
}

impl UntrustedFeeds {
    /// The feeds among these objects, whose states are kept in `dir`.
    pub(crate) fn new(dir: PathBuf, store: Store, dns: Arc<dyn Dns>) -> UntrustedFeeds {
        UntrustedFeeds {
            shelf: Shelf::new(dir),
            store,
            dns,
            entries: Mutex::default(),
            wake: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes the feeds over as the objects say they are. What is known of a new one is read from its
    /// file; what is known of one that is gone is forgotten.
    fn adopt(&self, events: &Events, now_unix_ms: u64) {
        let objects = match self.store.list(Kind::UntrustedFeed) {
            Ok(objects) => objects,
            Err(error) => {
                return events.emit(Event::StoreFailing {
                    operation: "read the untrusted feeds".to_owned(),
                    error: error.to_string(),
                });
            }
        };
        let mut entries = self.entries.lock();
        let mut present = BTreeSet::new();
        for object in &objects {
            let Spec::UntrustedFeed(spec) = &object.spec else {
                continue;
            };
            present.insert(object.id);
            let entry = entries.entry(object.id).or_insert_with(|| Entry {
                name: object.name.clone(),
                spec: spec.clone(),
                state: self.load(object, events),
                old_told_unix_ms: None,
            });
            entry.name.clone_from(&object.name);
            entry.spec.clone_from(spec);
            if entry.state.adopt(spec, now_unix_ms) {
                self.save(object.id, &entry.state, events);
            }
        }
        entries.retain(|id, _| {
            let stays = present.contains(id);
            if !stays && let Err(error) = self.shelf.remove(*id) {
                tell_file(&error, events);
            }
            stays
        });
    }

    fn load(&self, object: &Object, events: &Events) -> FeedState {
        match self.shelf.load(object.id) {
            Ok(state) => state.unwrap_or_default(),
            Err(error) => {
                events.emit(Event::UntrustedFeedStateDamaged {
                    feed: object.name.clone(),
                    file: self.shelf.file(object.id).display().to_string(),
                    error: chain(&error),
                });
                FeedState::default()
            }
        }
    }

    fn save(&self, id: ObjectId, state: &FeedState, events: &Events) {
        if let Err(error) = self.shelf.save(id, state) {
            tell_file(&error, events);
        }
    }

    fn id_of(&self, name: &str) -> Result<ObjectId, Fault> {
        let entries = self.entries.lock();
        let mut all = entries.iter();
        let found = all.find(|(_, entry)| entry.name.eq_ignore_ascii_case(name));
        found.map(|(id, _)| *id).ok_or_else(|| {
            Fault::not_found(
                format!("there is no untrusted feed {name:?}"),
                "`mailward untrusted-feed list` shows their names",
            )
        })
    }

    /// The feeds whose time has come, and how long until the next one's.
    fn due(&self, now_unix_ms: u64) -> (Vec<ObjectId>, Duration) {
        let (mut due, mut wait_ms) = (Vec::new(), u64::MAX);
        for (id, entry) in self.entries.lock().iter() {
            if !entry.spec.enabled {
                continue;
            }
            if let Some(at) = entry.state.next_stale_unix_ms(&entry.spec, now_unix_ms) {
                wait_ms = wait_ms.min(at - now_unix_ms);
            }
            match entry.state.next_unix_ms.saturating_sub(now_unix_ms) {
                0 => due.push(*id),
                left => wait_ms = wait_ms.min(left),
            }
        }
        (due, Duration::from_millis(wait_ms).min(LOOK_MAX))
    }
}

/// Keeps the feeds current for as long as transport runs: by the objects as they are told to be, or
/// found to be at a refresh.
pub(crate) async fn follow(running: Arc<Running>) {
    let feeds = &running.untrusted_feeds;
    let (clock, events) = (&running.shared.clock, &running.shared.events);
    let mut turns = feeds.store.turns();
    feeds.adopt(events, clock.unix_ms());
    loop {
        let (due, _) = feeds.due(clock.unix_ms());
        for id in due {
            // What became of it is told by events.
            let _ = read_one(&running, id, false).await;
        }
        tell_old(&running);
        let (due, wait) = feeds.due(clock.unix_ms());
        let wait = match due.is_empty() {
            true => wait,
            false => Duration::ZERO,
        };
        tokio::select! {
            biased;
            turn = turns.next() => match turn {
                Some(_) => feeds.adopt(events, clock.unix_ms()),
                None => return,
            },
            () = feeds.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Tells of lists that are old.
fn tell_old(running: &Running) {
    let events = &running.shared.events;
    let now = running.shared.clock.unix_ms();
    let feeds = &running.untrusted_feeds;
    for (id, entry) in feeds.entries.lock().iter_mut() {
        let before = entry.state.clone();
        match &entry.spec.source {
            UntrustedSource::Crl(source) => {
                let meaning = source.stale;
                crl::look_for_stale(entry, meaning, events, now);
            }
            UntrustedSource::Upki(_) => filters::look_for_stale(entry, events, now),
            UntrustedSource::SignedList(_) => {}
        }
        if entry.state != before {
            feeds.save(*id, &entry.state, events);
        }
        let Some(problem) = entry.state.old(&entry.spec, now) else {
            entry.old_told_unix_ms = None;
            continue;
        };
        let told = entry.old_told_unix_ms;
        if told.is_some_and(|told| now.saturating_sub(told) < OLD_AGAIN_MS) {
            continue;
        }
        entry.old_told_unix_ms = Some(now);
        events.emit(Event::UntrustedFeedOld {
            feed: entry.name.clone(),
            in_force: entry.state.told(),
            problem,
        });
    }
}

/// Reads a feed, and puts in force what may be put in force; `all` of its CRLs, or those whose time has
/// come. What came of it, in one sentence.
async fn read_one(running: &Running, id: ObjectId, all: bool) -> Result<String, Fault> {
    let feeds = &running.untrusted_feeds;
    let _turn = feeds.turn.lock().await;
    let spec = feeds.entries.lock().get(&id).map(|it| it.spec.clone());
    let spec = spec.ok_or_else(gone)?;
    let list = match &spec.source {
        UntrustedSource::Crl(source) => return crl::read_all(running, id, source, all).await,
        UntrustedSource::Upki(source) => return filters::read(running, id, source).await,
        UntrustedSource::SignedList(list) => list,
    };
    let reader = read::Reader {
        tls: &running.shared.client_tls,
        dns: &feeds.dns,
    };
    let found = reader.list(list).await;
    let now = running.shared.clock.unix_ms();
    let mut entries = feeds.entries.lock();
    let entry = entries.get_mut(&id).ok_or_else(gone)?;
    if entry.spec.source != spec.source {
        // It was changed meanwhile: the answer is another source's.
        return Err(Fault::failed("the feed's source was changed meanwhile"));
    }
    let told = take_in(entry, found, &running.shared.events, now);
    feeds.save(id, &entry.state, &running.shared.events);
    told
}

fn gone() -> Fault {
    Fault::not_found("the feed is no more", "`mailward untrusted-feed list`")
}

/// Takes an answer into the state of a feed, with the events that belong to it.
fn take_in(
    entry: &mut Entry,
    found: Result<List, ReadError>,
    events: &Events,
    now: u64,
) -> Result<String, Fault> {
    let taken = found.and_then(|list| {
        let taken = entry.state.take(list, now);
        taken.map_err(ReadError::plain)
    });
    Ok(match settle(entry, taken, events, now)? {
        Outcome::Same => format!("{}: {} is still true.", entry.name, entry.state.told()),
        Outcome::Changed(difference) => {
            tell_change(entry, &difference, events);
            changed(entry, &difference)
        }
        Outcome::Held {
            because,
            difference,
            known,
        } => {
            if let Some(held) = entry.state.held.as_ref().filter(|_| !known) {
                tell_held(&entry.name, held, &difference, events);
            }
            format!("{}: a change waits for a person: {because}.", entry.name)
        }
    })
}

/// Notes how a try went, when the next one is, and tells of one that failed or goes well again.
fn settle<T>(
    entry: &mut Entry,
    taken: Result<T, ReadError>,
    events: &Events,
    now: u64,
) -> Result<T, Fault> {
    let outcome = match taken {
        Ok(outcome) => outcome,
        Err(ReadError { problem, busy }) => {
            events.emit(Event::UntrustedFeedRefused {
                feed: entry.name.clone(),
                source: entry.spec.source.to_string(),
                problem: problem.clone(),
                in_force: entry.state.told(),
            });
            let fault = Fault::failed(format!("{}: {problem}", entry.name));
            let (spec, state) = (&entry.spec, &mut entry.state);
            state.failed(spec, problem, busy, now, jitter());
            return Err(fault);
        }
    };
    if let Some(after) = entry.state.answered(&entry.spec, now, jitter()) {
        events.emit(Event::UntrustedFeedRecovered {
            feed: entry.name.clone(),
            in_force: entry.state.told(),
            after: mailward_api::page::span(after),
        });
    }
    Ok(outcome)
}

fn changed(entry: &Entry, difference: &Difference) -> String {
    format!(
        "{}: {} is in force; {} certificates added, {} removed.",
        entry.name,
        entry.state.told(),
        difference.added.len(),
        difference.removed.len()
    )
}

fn tell_held(feed: &str, held: &HeldVersion, difference: &Difference, events: &Events) {
    events.emit(Event::UntrustedFeedChangeHeld {
        feed: feed.to_owned(),
        version: held.list.sequence.to_string(),
        because: held.because.clone(),
        added: items(&difference.added),
        removed: items(&difference.removed),
    });
}

fn tell_change(entry: &Entry, difference: &Difference, events: &Events) {
    let list = entry.state.in_force.as_ref().map(|one| &one.list);
    events.emit(Event::UntrustedFeedChanged {
        feed: entry.name.clone(),
        version: list.map_or_else(String::new, |list| list.sequence.to_string()),
        added: items(&difference.added),
        removed: items(&difference.removed),
        comment: list.map_or_else(String::new, |list| list.comment.clone()),
    });
}

fn tell_file(error: &KeptError, events: &Events) {
    events.emit(Event::StateFileFailing {
        path: error.path().display().to_string(),
        error: chain(error),
    });
}

fn items(names: &[String]) -> Items {
    let named = names.iter().take(ITEMS_MAX).cloned();
    let more = names.len().saturating_sub(ITEMS_MAX);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.chain(more).collect()
}
