//! Feeds of the untrusted list: what a publisher's signed list says, whether it may replace what is in
//! force, and what is in force.
//!
//! [`list`] reads a document and its signature ([`minisign`]), [`crl`] a revocation list, [`manifest`] what
//! there is of revocation filters; [`FeedState`] is what one node knows of one feed, kept in a file by [`Shelf`]. A [`Layer`] is what a feed adds to the list.
//!
//! Never here: a socket, a clock, an event. Who fetches hands in octets and the time.
//!
//! Invariant: what was refused, or is held, changes nothing of what is in force.

pub mod crl;
mod kept_crl;
mod kept_filters;
pub mod list;
pub mod manifest;
pub mod minisign;
mod shelf;

use std::{collections::BTreeMap, sync::Arc};

use mailward_model::kind::{UntrustedFeed, UntrustedSource};
use serde::{Deserialize, Serialize};

pub use self::{
    kept_crl::{CrlRefusal, KeptCrl},
    kept_filters::{FiltersRefusal, FiltersTaken, KeptFilters, made},
    list::{List, ListError, Listed},
    shelf::{Shelf, Stamp},
};
use super::{Layer, Origin, filter::Filters};

/// How long a source is left alone that is busy, at the least.
const BUSY_WAIT_MS: u64 = 3_600_000;
/// How long after any other failure it is asked again, at the most.
const FAILED_WAIT_MS: u64 = 300_000;
/// Removed entries up to which a new list is taken without a person, and their share of the list in
/// percent: an entry that goes is a certificate that is trusted again.
const REMOVED_FREE: usize = 3;
const REMOVED_PERCENT: usize = 30;
/// Added entries up to which it is, and how many times as many there may be.
const ADDED_FREE: usize = 1_000;
const ADDED_TIMES: usize = 10;

/// A list in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The list.
    pub list: List,
    /// When it was taken over.
    pub taken_unix_ms: u64,
}

/// A list that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldVersion {
    /// The list.
    pub list: List,
    /// Since when.
    pub since_unix_ms: u64,
    /// Why.
    pub because: String,
}

/// What a change adds and removes: names of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Certificates that were not in the list.
    pub added: Vec<String>,
    /// Certificates that are in it no more.
    pub removed: Vec<String>,
}

impl Difference {
    /// From one list to another. An entry is the same where it names the same certificate, whatever
    /// else it says.
    pub fn between(before: &[Listed], after: &[Listed]) -> Difference {
        let keyed = |entries: &[Listed]| -> BTreeMap<String, String> {
            let pairs = entries.iter().map(|one| (key(one), one.name.clone()));
            pairs.collect()
        };
        let (before, after) = (keyed(before), keyed(after));
        let missing = |of: &BTreeMap<String, String>, from: &BTreeMap<String, String>| {
            let left = of.iter().filter(|(key, _)| !from.contains_key(*key));
            left.map(|(_, name)| name.clone()).collect()
        };
        Difference {
            added: missing(&after, &before),
            removed: missing(&before, &after),
        }
    }

    /// True where the certificates are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What an entry refuses, as one text.
fn key(entry: &Listed) -> String {
    let one = &entry.certificate;
    let issuer = one.issuer.as_deref().unwrap_or_default().to_lowercase();
    let serial = one.serial.as_ref().map(ToString::to_string);
    let digest = |digest: Option<mailward_model::kind::Sha256>| digest.map(|it| it.to_string());
    let parts = [serial, digest(one.sha256), digest(one.spki_sha256)];
    let parts = parts.map(Option::unwrap_or_default);
    format!("{}|{issuer}", parts.join("|"))
}

/// Why a signed list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its time is over.
    #[error(
        "the list {sequence} has expired: somebody plays an old one, or the publisher has stopped"
    )]
    Expired {
        /// Its number.
        sequence: u64,
    },
    /// Older than the one in force.
    #[error(
        "the list has the number {sequence}, which is older than {known}: somebody plays an old one"
    )]
    Older {
        /// Its number.
        sequence: u64,
        /// The number that is known.
        known: u64,
    },
    /// Another list with the same number.
    #[error("there are two lists with the number {0}: the publisher must give each its own")]
    Twice(u64),
}

/// What became of a list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The certificates are those in force.
    Same,
    /// It is in force.
    Changed(Difference),
    /// It waits for a person.
    Held {
        /// Why.
        because: String,
        /// What it would change.
        difference: Difference,
        /// Whether it waited before.
        known: bool,
    },
}

/// What one node knows of one feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedState {
    /// The source that is asked.
    source: String,
    /// The source that the list in force came from.
    taken_from: String,
    /// The list in force.
    pub in_force: Option<Version>,
    /// What waits for a person.
    pub held: Option<HeldVersion>,
    /// When the source last said that the list is true.
    pub confirmed_unix_ms: Option<u64>,
    /// When the source was last asked.
    pub tried_unix_ms: Option<u64>,
    /// When it is asked next.
    pub next_unix_ms: u64,
    /// Why the last try failed.
    pub problem: Option<String>,
    /// Since when tries have failed.
    pub failing_since_unix_ms: Option<u64>,
    /// The CRLs of a feed of such.
    pub crls: Vec<KeptCrl>,
    /// The filters of a feed of such.
    pub filters: Option<KeptFilters>,
}

/// What a source is known by: its place, so that another key does not have it begin anew, and with
/// that let an older list in.
fn fingerprint(source: &UntrustedSource) -> String {
    match source {
        UntrustedSource::SignedList(list) => format!("list {}", list.place),
        UntrustedSource::Crl(_) => "crl".to_owned(),
        UntrustedSource::Upki(upki) => format!("upki {}", upki.base),
    }
}

impl FeedState {
    /// Brings the state to what the object says. True where the source is another one, and the state
    /// is to be kept. What the old one said stays in force until the new one is read, unless it is of
    /// another kind.
    pub fn adopt(&mut self, feed: &UntrustedFeed, now_unix_ms: u64) -> bool {
        let source = fingerprint(&feed.source);
        let places = match &feed.source {
            UntrustedSource::Crl(crl) => self.adopt_places(crl, now_unix_ms),
            UntrustedSource::SignedList(_) | UntrustedSource::Upki(_) => false,
        };
        if self.source == source {
            return places;
        }
        let kind = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let stays = kind(&self.source) == kind(&source);
        *self = FeedState {
            source,
            next_unix_ms: now_unix_ms,
            taken_from: std::mem::take(&mut self.taken_from),
            in_force: self.in_force.take().filter(|_| stays),
            confirmed_unix_ms: self.confirmed_unix_ms.filter(|_| stays),
            crls: match &feed.source {
                UntrustedSource::Crl(_) => std::mem::take(&mut self.crls),
                UntrustedSource::SignedList(_) | UntrustedSource::Upki(_) => Vec::new(),
            },
            filters: self.filters.take().filter(|_| stays),
            ..FeedState::default()
        };
        true
    }

    /// Takes in a list that was read from the source.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    pub fn take(&mut self, list: List, now_unix_ms: u64) -> Result<Outcome, Refusal> {
        let sequence = list.sequence;
        // A list of another source has other numbers, and says nothing about what this one may say.
        let same_source = self.taken_from == self.source;
        let in_force = self.in_force.as_ref().map(|one| &one.list);
        let compared = in_force.filter(|_| same_source);
        let held = self.held.as_ref().map(|one| &one.list);
        // What waits was signed as well: whoever offers an older one plays it.
        for known in compared.into_iter().chain(held) {
            if sequence < known.sequence {
                return Err(Refusal::Older {
                    sequence,
                    known: known.sequence,
                });
            }
            if sequence == known.sequence && list.digest != known.digest {
                return Err(Refusal::Twice(sequence));
            }
        }
        if compared.is_some_and(|known| known.digest == list.digest) {
            // One that is in force and has expired is told of as old, and stays.
            if list.expires_unix_ms > now_unix_ms {
                self.confirmed_unix_ms = Some(now_unix_ms);
            }
            return Ok(Outcome::Same);
        }
        if list.expires_unix_ms <= now_unix_ms {
            return Err(Refusal::Expired { sequence });
        }
        let before = in_force.map_or(&[][..], |known| &known.entries);
        let difference = Difference::between(before, &list.entries);
        let because = compared
            .is_some()
            .then(|| weigh(before.len(), &difference))
            .flatten();
        let Some(because) = because else {
            self.put(list, now_unix_ms);
            return Ok(match difference.is_empty() {
                true => Outcome::Same,
                false => Outcome::Changed(difference),
            });
        };
        let known = held.is_some_and(|held| held.digest == list.digest);
        if !known {
            self.held = Some(HeldVersion {
                list,
                since_unix_ms: now_unix_ms,
                because: because.clone(),
            });
        }
        Ok(Outcome::Held {
            because,
            difference,
            known,
        })
    }

    fn put(&mut self, list: List, now_unix_ms: u64) {
        self.held = None;
        self.taken_from.clone_from(&self.source);
        self.confirmed_unix_ms = Some(now_unix_ms);
        self.in_force = Some(Version {
            list,
            taken_unix_ms: now_unix_ms,
        });
    }

    /// Puts the list in force that waits for a person. Its number, and what it changed.
    pub fn approve(&mut self, now_unix_ms: u64) -> Option<(u64, Difference)> {
        let list = self.held.take()?.list;
        let before = self.in_force.as_ref();
        let before = before.map_or(&[][..], |one| &one.list.entries);
        let difference = Difference::between(before, &list.entries);
        let sequence = list.sequence;
        self.put(list, now_unix_ms);
        Some((sequence, difference))
    }

    /// What waiting would change; `None` where nothing waits.
    pub fn pending(&self) -> Option<(&HeldVersion, Difference)> {
        let held = self.held.as_ref()?;
        let before = self.in_force.as_ref();
        let before = before.map_or(&[][..], |one| &one.list.entries);
        Some((held, Difference::between(before, &held.list.entries)))
    }

    /// A try went well: how long tries had failed. `jitter` is from 0 to 1.
    pub fn answered(&mut self, feed: &UntrustedFeed, now_unix_ms: u64, jitter: f64) -> Option<u64> {
        self.tried_unix_ms = Some(now_unix_ms);
        self.problem = None;
        self.next_unix_ms = now_unix_ms.saturating_add(interval_ms(feed, jitter));
        let since = self.failing_since_unix_ms.take()?;
        Some(now_unix_ms.saturating_sub(since))
    }

    /// A try failed. Where the source is busy it is left alone for an hour or more.
    pub fn failed(
        &mut self,
        feed: &UntrustedFeed,
        problem: String,
        busy: bool,
        now_unix_ms: u64,
        jitter: f64,
    ) {
        self.tried_unix_ms = Some(now_unix_ms);
        self.failing_since_unix_ms.get_or_insert(now_unix_ms);
        self.problem = Some(problem);
        let interval = interval_ms(feed, jitter);
        self.next_unix_ms = now_unix_ms.saturating_add(failed_wait_ms(interval, busy));
    }

    /// Why the list in force is old, where it is: it has expired, or was not confirmed for longer than
    /// the feed allows.
    pub fn old(&self, feed: &UntrustedFeed, now_unix_ms: u64) -> Option<String> {
        let stale = self.stale_crl(now_unix_ms);
        if let Some(because) = stale.or_else(|| self.stale_filters(feed, now_unix_ms)) {
            return Some(because);
        }
        let version = self.in_force.as_ref()?;
        if version.list.expires_unix_ms <= now_unix_ms {
            return Some("its publisher says that it has expired".to_owned());
        }
        let confirmed = self.confirmed_unix_ms.unwrap_or(version.taken_unix_ms);
        let age = now_unix_ms.saturating_sub(confirmed);
        (u128::from(age) > feed.max_age.get().as_millis()).then(|| {
            let because = self.problem.as_deref();
            because.unwrap_or("no answer confirmed it").to_owned()
        })
    }

    /// Certificates that are refused by it.
    pub fn count(&self) -> u64 {
        let list = self.in_force.as_ref();
        let listed = list.map_or(0, |one| one.list.entries.len() as u64);
        let revoked: u64 = self.crls.iter().map(|one| one.revoked).sum();
        listed + revoked
    }

    /// True where nothing is in force.
    pub fn is_empty(&self) -> bool {
        self.in_force.is_none()
            && self.filters.is_none()
            && self.crls.iter().all(|one| one.digest.is_empty())
    }

    /// The list in force, in words.
    pub fn told(&self) -> String {
        if let Some(told) = self.filters_told() {
            return told;
        }
        match &self.in_force {
            None if !self.crls.is_empty() => self.crls_told(),
            None => "no list: nothing is refused by this feed".to_owned(),
            Some(one) => format!(
                "list {} with {} entries",
                one.list.sequence,
                one.list.entries.len()
            ),
        }
    }

    /// What is in force, as one text: the same where the layer would be the same.
    pub fn mark(&self) -> String {
        let list = self.in_force.as_ref();
        let list = list.map(|one| one.list.digest.as_str());
        let crls = self.crls.iter().map(KeptCrl::mark);
        let filters = self.filters.iter().map(KeptFilters::mark);
        let list = list.map(str::to_owned).into_iter();
        let all: Vec<String> = list.chain(crls).chain(filters).collect();
        all.join(" ")
    }

    /// What the feed of this name adds to the list. `crls` are those of [`FeedState::crls`] that were
    /// read, with their places in it; `filters` are those of [`FeedState::filters`].
    fn layer(
        &self,
        feed: &str,
        crls: &[(usize, crl::Crl)],
        filters: Option<Filters>,
    ) -> Arc<Layer> {
        let mut layer = Layer::default();
        for entry in self.in_force.iter().flat_map(|one| &one.list.entries) {
            layer.certificate(
                format!("{feed}/{}", entry.name),
                &entry.certificate,
                Origin::Feed(feed.to_owned()),
            );
        }
        layer.count_crls(crls.len());
        for (at, crl) in crls {
            if let Some(kept) = self.crls.get(*at) {
                kept.add_to(&mut layer, feed, crl);
            }
        }
        if let (Some(kept), Some(filters)) = (&self.filters, filters) {
            kept.add_to(&mut layer, feed, filters);
        }
        Arc::new(layer)
    }
}

/// Why a change waits for a person, where it should.
fn weigh(before: usize, change: &Difference) -> Option<String> {
    let (added, removed) = (change.added.len(), change.removed.len());
    if removed > 0 && removed >= before && added == 0 {
        return Some(format!(
            "it is empty, and all of {before} certificates would be trusted again"
        ));
    }
    if removed > REMOVED_FREE && removed * 100 > before * REMOVED_PERCENT {
        return Some(format!(
            "{removed} of {before} certificates would be trusted again, more than {REMOVED_PERCENT} %"
        ));
    }
    if added > ADDED_FREE && added > before.saturating_mul(ADDED_TIMES) {
        return Some(format!(
            "{added} certificates would be added to {before}, more than {ADDED_TIMES} times as many"
        ));
    }
    None
}

/// From one try to the next: a tenth more at the most, so that not all nodes ask at one time.
/// `jitter` is from 0 to 1.
pub fn interval_ms(feed: &UntrustedFeed, jitter: f64) -> u64 {
    let interval = feed.interval.get();
    let ms = interval.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 10.0);
    u64::try_from(ms.as_millis()).unwrap_or(u64::MAX)
}

/// The same where the try failed: sooner, and later where the source is busy.
pub fn failed_wait_ms(interval_ms: u64, busy: bool) -> u64 {
    match busy {
        true => interval_ms.max(BUSY_WAIT_MS),
        false => interval_ms.min(FAILED_WAIT_MS),
    }
}

#[cfg(test)]
mod tests;
