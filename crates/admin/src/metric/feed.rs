//! How current what comes from elsewhere is: sender feeds, feeds of the untrusted list. Read from the
//! files in which transport keeps them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mailward_host::clock::Clock;
use mailward_model::{Kind, Object, policy::PolicyRefresh};
use mailward_perimeter::{FeedState, Shelf};
use mailward_store::Store;
use mailward_tls::untrusted::feed;
use tokio::sync::Mutex;

use super::{Family, Sample};

/// How old what was read may be: a feed is read hourly.
const FRESH: Duration = Duration::from_secs(30);
/// Feeds told apart, of each kind.
const FEEDS_MAX: usize = 200;

/// A feed as metrics tell it.
#[derive(Debug, Clone)]
struct Told {
    feed: String,
    confirmed_unix_ms: Option<u64>,
    entries: u64,
    is_held: bool,
    is_failing: bool,
    filters: Option<ToldFilters>,
}

/// Revocation filters as metrics tell them.
#[derive(Debug, Clone)]
struct ToldFilters {
    made_unix_ms: u64,
    filters: u64,
    issuers: u64,
    covered_until_unix_ms: u64,
}

/// Where feeds are kept.
pub(crate) struct Feeds {
    store: Store,
    perimeter: Shelf,
    untrusted: feed::Shelf,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Duration, [Vec<Told>; 2])>>,
}

impl Feeds {
    pub(crate) fn new(
        store: Store,
        perimeter_dir: PathBuf,
        untrusted: feed::Shelf,
        clock: Arc<dyn Clock>,
    ) -> Feeds {
        Feeds {
            store,
            perimeter: Shelf::new(perimeter_dir),
            untrusted,
            clock,
            last: Mutex::new(None),
        }
    }

    /// When this role looked at what policies come to, by the store that it reads.
    pub(super) fn policy_refreshes(&self) -> Vec<PolicyRefresh> {
        self.store.policy_refreshes()
    }

    pub(super) async fn families(&self, families: &mut Vec<Family>) {
        let mut last = self.last.lock().await;
        let now = self.clock.monotonic();
        if last
            .as_ref()
            .is_none_or(|(at, _)| now.saturating_sub(*at) >= FRESH)
        {
            let (store, perimeter) = (self.store.clone(), self.perimeter.clone());
            let untrusted = self.untrusted.clone();
            let read =
                tokio::task::spawn_blocking(move || read(&store, &perimeter, &untrusted)).await;
            // What cannot be read now is told as it was.
            if let Ok(told) = read {
                *last = Some((now, told));
            }
        }
        let Some((_, [senders, untrusted])) = last.as_ref() else {
            return;
        };
        push(
            families,
            senders,
            [
                (
                    "sender_feed_confirmed_timestamp_seconds",
                    "When the source of a sender feed last said that its list is true",
                ),
                (
                    "sender_feed_ranges",
                    "Ranges that a sender feed has in force",
                ),
                (
                    "sender_feed_held",
                    "Whether a change of a sender feed waits for a person",
                ),
                (
                    "sender_feed_failing",
                    "Whether the last try to read a sender feed failed",
                ),
            ],
        );
        push(
            families,
            untrusted,
            [
                (
                    "untrusted_feed_confirmed_timestamp_seconds",
                    "When the source of an untrusted feed last said that its list is true",
                ),
                (
                    "untrusted_feed_entries",
                    "Certificates that an untrusted feed has in force",
                ),
                (
                    "untrusted_feed_held",
                    "Whether a change of an untrusted feed waits for a person",
                ),
                (
                    "untrusted_feed_failing",
                    "Whether the last try to read an untrusted feed failed",
                ),
            ],
        );
        push_filters(families, untrusted);
    }
}

fn push(families: &mut Vec<Family>, told: &[Told], names: [(&'static str, &'static str); 4]) {
    let [confirmed, entries, held, failing] = names;
    let of = |sample: fn(&Told) -> Option<Sample>| -> Vec<Sample> {
        let each = told.iter();
        each.filter_map(|one| Some(sample(one)?.with("feed", one.feed.as_str())))
            .collect()
    };
    families.push(Family::gauge(
        confirmed.0,
        confirmed.1,
        of(|one| one.confirmed_unix_ms.map(|at| Sample::whole(at / 1000))),
    ));
    families.push(Family::gauge(
        entries.0,
        entries.1,
        of(|one| Some(Sample::whole(one.entries))),
    ));
    families.push(Family::gauge(
        held.0,
        held.1,
        of(|one| Some(Sample::flag(one.is_held))),
    ));
    families.push(Family::gauge(
        failing.0,
        failing.1,
        of(|one| Some(Sample::flag(one.is_failing))),
    ));
}

fn push_filters(families: &mut Vec<Family>, told: &[Told]) {
    let of = |sample: fn(&ToldFilters) -> u64| -> Vec<Sample> {
        let with = told
            .iter()
            .filter_map(|one| Some((one, one.filters.as_ref()?)));
        with.map(|(one, filters)| Sample::whole(sample(filters)).with("feed", one.feed.as_str()))
            .collect()
    };
    families.push(Family::gauge(
        "untrusted_feed_filters",
        "Revocation filters that an untrusted feed has in force",
        of(|one| one.filters),
    ));
    families.push(Family::gauge(
        "untrusted_feed_filters_issuers",
        "Issuers that the revocation filters of an untrusted feed speak for",
        of(|one| one.issuers),
    ));
    families.push(Family::gauge(
        "untrusted_feed_filters_made_timestamp_seconds",
        "When the revocation filters of an untrusted feed were made",
        of(|one| one.made_unix_ms / 1000),
    ));
    families.push(Family::gauge(
        "untrusted_feed_filters_covered_timestamp_seconds",
        "When a certificate was logged at the latest that the revocation filters of an untrusted feed cover",
        of(|one| one.covered_until_unix_ms / 1000),
    ));
}

fn read(store: &Store, perimeter: &Shelf, untrusted: &feed::Shelf) -> [Vec<Told>; 2] {
    let objects = |kind| store.list(kind).unwrap_or_default().into_iter();
    let senders = objects(Kind::SenderFeed).take(FEEDS_MAX).map(|object| {
        let state = perimeter.load(object.id).ok().flatten();
        of_sender(object, &state.unwrap_or_default())
    });
    let distrust = objects(Kind::UntrustedFeed).take(FEEDS_MAX).map(|object| {
        let state = untrusted.load(object.id).ok().flatten();
        let state = state.unwrap_or_default();
        Told {
            feed: object.name,
            confirmed_unix_ms: state.confirmed_unix_ms,
            entries: state.count(),
            is_held: state.held.is_some(),
            is_failing: state.problem.is_some(),
            filters: state.filters.as_ref().map(|one| ToldFilters {
                made_unix_ms: one.made_unix_ms,
                filters: one.files.len() as u64,
                issuers: one.issuers,
                covered_until_unix_ms: one.covered_until_unix_ms,
            }),
        }
    });
    [senders.collect(), distrust.collect()]
}

fn of_sender(object: Object, state: &FeedState) -> Told {
    let ranges = state.in_force.as_ref().map_or(0, |one| one.ranges.len());
    Told {
        feed: object.name,
        confirmed_unix_ms: state.confirmed_unix_ms,
        entries: ranges as u64,
        is_held: state.held.is_some(),
        is_failing: state.problem.is_some(),
        filters: None,
    }
}
