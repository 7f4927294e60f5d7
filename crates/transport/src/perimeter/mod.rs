//! Sender feeds kept current: read when their time has come, judged, put in force.
//!
//! One task reads one feed at a time. What a source says is judged by [`mailward_perimeter`]; here
//! are the clock, the network, the files and the events. Whatever goes wrong, the last good list
//! stays in force, and an event says why.
//!
//! Never here: which connector takes a connection; that is `receive`'s.

pub(crate) mod answer;
pub(crate) mod read;
mod spf;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use mailward_api::fault::Fault;
use mailward_events::{Event, Events, Items, chain};
use mailward_host::{entropy, kept::KeptError};
use mailward_model::{IpRange, Object, ObjectId, Spec, kind::SenderFeed};
use mailward_perimeter::{Difference, FeedState, Feeds, Outcome, Shelf};
use parking_lot::Mutex;
use tokio::sync::Notify;

use self::read::{Found, ReadError, Reader};
use crate::{
    deliver::dns::{Dns, NodeDns},
    service::Running,
};

/// The longest wait between two looks at what is due: a clock that was put forward is noticed.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// How often it is told that a list is old.
const OLD_AGAIN_MS: u64 = 86_400_000;
/// Ranges that an event names.
const ITEMS_MAX: usize = 20;
const DAY_MS: u64 = 86_400_000;

/// The feeds of this node.
pub(crate) struct Perimeter {
    shelf: Shelf,
    dns: Arc<dyn Dns>,
    entries: Mutex<BTreeMap<ObjectId, Entry>>,
    wake: Notify,
    /// One feed is read at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A feed: what an administrator said, and what is known.
struct Entry {
    name: String,
    spec: SenderFeed,
    state: FeedState,
    old_told_unix_ms: Option<u64>,
}

impl Perimeter {
    /// The feeds whose states are kept in `dir`.
    pub(crate) fn new(dir: PathBuf, resolvers: &[std::net::SocketAddr]) -> Perimeter {
        Perimeter {
            shelf: Shelf::new(dir),
            dns: Arc::new(NodeDns::new(resolvers)),
            entries: Mutex::default(),
            wake: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Takes the feeds over as the objects say they are. What is known of a new one is read from its
    /// file; what is known of one that is gone is forgotten.
    pub(crate) fn adopt(&self, objects: &[Object], events: &Events, now_unix_ms: u64) {
        let mut entries = self.entries.lock();
        let mut present = BTreeSet::new();
        for object in objects {
            let Spec::SenderFeed(spec) = &object.spec else {
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
            let Some(outcome) = entry.state.adopt(spec, now_unix_ms) else {
                continue;
            };
            tell_outcome(entry, &outcome, events);
            self.save(object.id, &entry.state, events);
        }
        entries.retain(|id, _| {
            let stays = present.contains(id);
            if !stays && let Err(error) = self.shelf.remove(*id) {
                tell_file(&error, events);
            }
            stays
        });
        drop(entries);
        self.wake.notify_one();
    }

    fn load(&self, object: &Object, events: &Events) -> FeedState {
        match self.shelf.load(object.id) {
            Ok(state) => state.unwrap_or_default(),
            Err(error) => {
                events.emit(Event::FeedStateDamaged {
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

    /// Whom names are asked of.
    pub(crate) fn dns(&self) -> Arc<dyn Dns> {
        Arc::clone(&self.dns)
    }

    /// What every feed has in force.
    pub(crate) fn feeds(&self, now_unix_ms: u64) -> Feeds {
        let mut feeds = Feeds::default();
        for entry in self.entries.lock().values() {
            feeds.insert_state(&entry.name, &entry.state, now_unix_ms);
        }
        feeds
    }

    fn id_of(&self, name: &str) -> Result<ObjectId, Fault> {
        let entries = self.entries.lock();
        let mut all = entries.iter();
        let found = all.find(|(_, entry)| entry.name.eq_ignore_ascii_case(name));
        found.map(|(id, _)| *id).ok_or_else(|| {
            Fault::not_found(
                format!("there is no sender feed {name:?}"),
                "`mailward sender-feed list` shows their names",
            )
        })
    }

    /// The feeds whose time has come, and how long until the next one's.
    fn due(&self, now_unix_ms: u64) -> (Vec<ObjectId>, Duration) {
        let (mut due, mut wait_ms) = (Vec::new(), u64::MAX);
        for (id, entry) in self.entries.lock().iter() {
            if let Some(at) = entry.state.next_expiry_unix_ms() {
                wait_ms = wait_ms.min(at.saturating_sub(now_unix_ms));
            }
            let typed = matches!(
                entry.spec.source,
                mailward_model::kind::FeedSource::Ranges(_)
            );
            if !entry.spec.enabled || typed {
                continue;
            }
            match entry.state.next_unix_ms.saturating_sub(now_unix_ms) {
                0 => due.push(*id),
                left => wait_ms = wait_ms.min(left),
            }
        }
        (due, Duration::from_millis(wait_ms).min(LOOK_MAX))
    }
}

/// Keeps the feeds current for as long as transport runs.
pub(crate) async fn follow(running: Arc<Running>) {
    let perimeter = &running.perimeter;
    loop {
        let (due, _) = perimeter.due(running.shared.clock.unix_ms());
        for id in due {
            // What became of it is told by events.
            let _ = read_one(&running, id).await;
        }
        look_at_time(&running);
        let (due, wait) = perimeter.due(running.shared.clock.unix_ms());
        if due.is_empty() {
            // An elapsed wait and a wake are the same: it is looked what is due.
            let _ = tokio::time::timeout(wait, perimeter.wake.notified()).await;
        }
    }
}

/// Lets go of ranges whose time is over, and tells of lists that are old.
fn look_at_time(running: &Running) {
    let events = &running.shared.events;
    let now = running.shared.clock.unix_ms();
    let mut changed = false;
    for (id, entry) in running.perimeter.entries.lock().iter_mut() {
        let over = entry.state.expire(now);
        if !over.is_empty() {
            changed = true;
            events.emit(Event::FeedRangesEnded {
                feed: entry.name.clone(),
                removed: items(&over),
            });
            running.perimeter.save(*id, &entry.state, events);
        }
        // Before the first try nobody knows whether the source answers.
        let tried = entry.state.tried_unix_ms.is_some() || !entry.spec.enabled;
        let Some(age) = entry.state.old_ms(&entry.spec, now).filter(|_| tried) else {
            entry.old_told_unix_ms = None;
            continue;
        };
        let told = entry.old_told_unix_ms;
        if told.is_some_and(|told| now.saturating_sub(told) < OLD_AGAIN_MS) {
            continue;
        }
        entry.old_told_unix_ms = Some(now);
        events.emit(Event::FeedOld {
            feed: entry.name.clone(),
            version: version(&entry.state),
            days: age / DAY_MS,
            problem: match (&entry.state.problem, entry.spec.enabled) {
                (Some(problem), _) => problem.clone(),
                (None, false) => "it is not enabled".to_owned(),
                (None, true) => "it has not been asked".to_owned(),
            },
        });
    }
    if changed {
        running.feeds_changed();
    }
}

/// Reads a feed, and puts in force what may be put in force. What came of it, in one sentence.
async fn read_one(running: &Running, id: ObjectId) -> Result<String, Fault> {
    let perimeter = &running.perimeter;
    let _turn = perimeter.turn.lock().await;
    let known = {
        let entries = perimeter.entries.lock();
        let entry = entries.get(&id);
        entry.map(|entry| (entry.spec.clone(), entry.state.clone()))
    };
    let Some((spec, state)) = known else {
        return Err(gone());
    };
    let reader = Reader {
        tls: &running.shared.client_tls,
        dns: &perimeter.dns,
        shelf: &perimeter.shelf,
    };
    let found = reader.read(&spec, &state).await;
    let now = running.shared.clock.unix_ms();
    let (told, changed) = {
        let mut entries = perimeter.entries.lock();
        let Some(entry) = entries.get_mut(&id) else {
            return Err(gone());
        };
        if entry.spec.source != spec.source {
            // It was changed meanwhile: the answer is another source's.
            return Err(Fault::failed("the feed's source was changed meanwhile"));
        }
        let told = take_in(entry, found, running, now);
        perimeter.save(id, &entry.state, &running.shared.events);
        told
    };
    if changed {
        running.feeds_changed();
    }
    told
}

fn gone() -> Fault {
    Fault::not_found("the feed is no more", "`mailward sender-feed list`")
}

/// Takes an answer into the state of a feed, with the events that belong to it. Whether ranges
/// changed stands beside what is told.
fn take_in(
    entry: &mut Entry,
    found: Result<Found, ReadError>,
    running: &Running,
    now: u64,
) -> (Result<String, Fault>, bool) {
    let events = &running.shared.events;
    let jitter = jitter();
    let outcome = match found {
        Ok(Found::Confirmed) => {
            entry.state.confirm(now);
            Outcome::Same
        }
        Ok(Found::StillHeld) => {
            recovered(entry, now, jitter, events);
            let text = format!("{}: the change still waits for a person.", entry.name);
            return (Ok(text), false);
        }
        Ok(Found::List(list)) => {
            let (spec, state) = (&entry.spec, &mut entry.state);
            let origin = spec.source.to_string();
            state.take(spec, list.version, origin, list.ranges, list.announced, now)
        }
        Err(ReadError { problem, busy }) => {
            let fault = Fault::failed(format!("{}: {problem}", entry.name));
            failed(entry, problem, busy, now, jitter, events);
            return (Err(fault), false);
        }
    };
    if let Outcome::Refused(refusal) = &outcome {
        let fault = Fault::failed(format!("{}: {refusal}", entry.name));
        failed(entry, refusal.to_string(), false, now, jitter, events);
        return (Err(fault), false);
    }
    recovered(entry, now, jitter, events);
    tell_outcome(entry, &outcome, events);
    let told = match &outcome {
        Outcome::Changed(Difference { added, removed }) => format!(
            "{}: {} is in force; {} ranges added, {} removed.",
            entry.name,
            version(&entry.state),
            added.len(),
            removed.len()
        ),
        Outcome::Held { because, .. } => {
            format!("{}: a change waits for a person: {because}.", entry.name)
        }
        _ => format!("{}: {} is still true.", entry.name, version(&entry.state)),
    };
    (Ok(told), matches!(outcome, Outcome::Changed(_)))
}

fn failed(entry: &mut Entry, problem: String, busy: bool, now: u64, jitter: f64, events: &Events) {
    events.emit(Event::FeedRefused {
        feed: entry.name.clone(),
        source: entry.spec.source.to_string(),
        problem: problem.clone(),
        in_force: entry.state.told(),
    });
    entry.state.failed(&entry.spec, problem, busy, now, jitter);
}

fn recovered(entry: &mut Entry, now: u64, jitter: f64, events: &Events) {
    if let Some(after) = entry.state.answered(&entry.spec, now, jitter) {
        events.emit(Event::FeedRecovered {
            feed: entry.name.clone(),
            version: version(&entry.state),
            after: mailward_api::page::span(after),
        });
    }
}

fn tell_outcome(entry: &Entry, outcome: &Outcome, events: &Events) {
    let feed = entry.name.clone();
    match outcome {
        Outcome::Same => {}
        Outcome::Changed(difference) => tell_change(entry, difference, events),
        Outcome::Held { known: true, .. } => {}
        Outcome::Held {
            because,
            difference,
            known: false,
        } => {
            let held = entry.state.held.as_ref();
            events.emit(Event::FeedChangeHeld {
                feed,
                version: held
                    .map(|held| held.version.version.clone())
                    .unwrap_or_default(),
                because: because.clone(),
                added: items(&difference.added),
                removed: items(&difference.removed),
            });
        }
        Outcome::Refused(refusal) => events.emit(Event::FeedRefused {
            feed,
            source: entry.spec.source.to_string(),
            problem: refusal.to_string(),
            in_force: entry.state.told(),
        }),
    }
}

fn tell_change(entry: &Entry, difference: &Difference, events: &Events) {
    events.emit(Event::FeedChanged {
        feed: entry.name.clone(),
        version: version(&entry.state),
        added: items(&difference.added),
        removed: items(&difference.removed),
        removed_in: entry.spec.removal_delay.to_string(),
    });
}

fn tell_file(error: &KeptError, events: &Events) {
    events.emit(Event::StateFileFailing {
        path: error.path().display().to_string(),
        error: chain(error),
    });
}

fn version(state: &FeedState) -> String {
    let in_force = state.in_force.as_ref();
    in_force.map(|one| one.version.clone()).unwrap_or_default()
}

fn items(ranges: &[IpRange]) -> Items {
    let named = ranges.iter().take(ITEMS_MAX).map(ToString::to_string);
    let more = ranges.len().saturating_sub(ITEMS_MAX);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.chain(more).collect()
}

/// From 0 to 1, so that not all nodes ask at one time.
pub(crate) fn jitter() -> f64 {
    // Without entropy every node asks at its own interval, which is no harm.
    let octets = entropy::random::<4>().unwrap_or_default();
    f64::from(u32::from_be_bytes(octets)) / f64::from(u32::MAX)
}
