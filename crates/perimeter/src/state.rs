//! What one node knows of one feed: the list in force, what is on its way out, what waits for a
//! person, and how the last try went. Every change is a pure function of state, answer and time.
//!
//! Invariant: what is published anew is in force at once; what is published no more stays in force
//! until its time is over; what was refused or is held changes nothing.

use std::fmt;

use mailward_model::{
    IpRange, hex,
    kind::{FeedSource, SenderFeed},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    RangeSet, built_in,
    judge::{self, Refusal},
};

/// How long a source is left alone that is busy, at the least (the endpoints service: after 429 one
/// hour).
const BUSY_WAIT_MS: u64 = 3_600_000;
/// How long after any other failure it is asked again, at the most.
const FAILED_WAIT_MS: u64 = 300_000;
/// Announcements that are kept.
const ANNOUNCEMENTS_MAX: usize = 50;

/// A list as its source published it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The source's number for it, or a digest.
    pub version: String,
    /// Where it came from, in words.
    pub origin: String,
    /// When it was taken over.
    pub taken_unix_ms: u64,
    /// The ranges, sorted, each once.
    pub ranges: Vec<IpRange>,
    /// What the publisher says of the change to it.
    #[serde(default)]
    pub announced: Vec<Announcement>,
}

/// What a publisher says of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The version it belongs to.
    pub version: String,
    /// The day from which what is added is used, as the publisher writes it.
    pub effective: Option<String>,
    /// What is added.
    pub added: Vec<IpRange>,
    /// What is removed.
    pub removed: Vec<IpRange>,
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)?;
        if let Some(day) = &self.effective {
            write!(f, ", in use from {day}")?;
        }
        let mut sign = ':';
        for (word, ranges) in [("adds", &self.added), ("removes", &self.removed)] {
            if ranges.is_empty() {
                continue;
            }
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            write!(f, "{sign} {word} {}", ranges.join(", "))?;
            sign = ';';
        }
        Ok(())
    }
}

/// A range that is published no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The range.
    pub range: IpRange,
    /// How long it is still let in.
    pub until_unix_ms: u64,
}

/// A version that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldVersion {
    /// The version.
    pub version: Version,
    /// Since when.
    pub since_unix_ms: u64,
    /// Why.
    pub because: String,
}

/// What a change adds and removes, as CIDR blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Addresses that were not in the list.
    pub added: Vec<IpRange>,
    /// Addresses that are in it no more.
    pub removed: Vec<IpRange>,
}

impl Difference {
    /// From one list to another.
    pub fn between(before: &[IpRange], after: &[IpRange]) -> Difference {
        let (before, after): (RangeSet, RangeSet) =
            (before.iter().collect(), after.iter().collect());
        Difference {
            added: after.minus(&before).blocks(),
            removed: before.minus(&after).blocks(),
        }
    }

    /// True where the addresses are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// What became of a list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The addresses are those in force.
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
    /// It cannot be true.
    Refused(Refusal),
}

/// What one node knows of one feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedState {
    /// The source that is asked, as it stands in the object.
    source: String,
    /// The source that the list in force came from.
    taken_from: String,
    /// The list in force; none lets nobody in.
    pub in_force: Option<Version>,
    /// The list before it.
    pub before: Option<Version>,
    /// What is published no more and still let in.
    pub leaving: Vec<Leaving>,
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
}

fn fingerprint(source: &FeedSource) -> String {
    // A source is plain data; an empty text only means that it is read anew.
    serde_json::to_string(source).unwrap_or_default()
}

/// A version for a list whose source gives none: the same list has the same one.
pub fn version_of(ranges: &[IpRange]) -> String {
    let mut hash = Sha256::new();
    for range in ranges {
        hash.update(range.to_string());
        hash.update("\n");
    }
    let octets = hash.finalize();
    let first: Vec<u8> = octets.iter().take(5).copied().collect();
    format!("sha256:{}", hex(&first))
}

impl FeedState {
    /// Brings the state to what the object says: what is built in where nothing is known, ranges
    /// that are typed in at once. `None` where the source is the one that is known; otherwise the
    /// state is to be kept.
    pub fn adopt(&mut self, feed: &SenderFeed, now_unix_ms: u64) -> Option<Outcome> {
        let source = fingerprint(&feed.source);
        if self.source == source {
            return None;
        }
        let is_new = self.source.is_empty();
        self.source = source;
        self.held = None;
        self.problem = None;
        self.failing_since_unix_ms = None;
        self.next_unix_ms = now_unix_ms;
        if let FeedSource::Ranges(ranges) = &feed.source {
            let mut ranges = ranges.clone();
            ranges.sort_unstable();
            ranges.dedup();
            let version = version_of(&ranges);
            let origin = feed.source.to_string();
            return Some(self.take(feed, version, origin, ranges, Vec::new(), now_unix_ms));
        }
        if is_new && let Some(version) = built_in(&feed.source) {
            self.confirmed_unix_ms = Some(version.taken_unix_ms);
            self.taken_from.clone_from(&self.source);
            self.in_force = Some(version);
        }
        Some(Outcome::Same)
    }

    /// Takes in a list that was read from the source.
    pub fn take(
        &mut self,
        feed: &SenderFeed,
        version: String,
        origin: String,
        ranges: Vec<IpRange>,
        announced: Vec<Announcement>,
        now_unix_ms: u64,
    ) -> Outcome {
        if let Err(refusal) = judge::check(&ranges) {
            return Outcome::Refused(refusal);
        }
        let found = Version {
            version,
            origin,
            taken_unix_ms: now_unix_ms,
            ranges,
            announced: announced.into_iter().take(ANNOUNCEMENTS_MAX).collect(),
        };
        let before = self.in_force.as_ref().map_or(&[][..], |one| &one.ranges);
        let difference = Difference::between(before, &found.ranges);
        if difference.is_empty() {
            self.held = None;
            self.confirmed_unix_ms = Some(now_unix_ms);
            self.put(found, &difference, feed, false);
            return Outcome::Same;
        }
        // Where a person changed the source, or there is no list, there is nothing to compare with.
        let compared = self.in_force.is_some()
            && self.taken_from == self.source
            && !matches!(feed.source, FeedSource::Ranges(_));
        let because = compared
            .then(|| judge::weigh(&before.iter().collect(), &found.ranges.iter().collect()));
        let Some(because) = because.flatten() else {
            self.held = None;
            self.confirmed_unix_ms = Some(now_unix_ms);
            self.put(found, &difference, feed, true);
            return Outcome::Changed(difference);
        };
        let held = self.held.as_ref();
        let known = held.is_some_and(|held| held.version.ranges == found.ranges);
        let since = held.filter(|_| known).map(|held| held.since_unix_ms);
        self.held = Some(HeldVersion {
            version: found,
            since_unix_ms: since.unwrap_or(now_unix_ms),
            because: because.clone(),
        });
        Outcome::Held {
            because,
            difference,
            known,
        }
    }

    /// Puts a version in force.
    fn put(&mut self, found: Version, difference: &Difference, feed: &SenderFeed, keep: bool) {
        let now = found.taken_unix_ms;
        let published: RangeSet = found.ranges.iter().collect();
        let delay = u64::try_from(feed.removal_delay.get().as_millis()).unwrap_or(u64::MAX);
        // What is published again does not leave.
        let leaving = self.leaving.iter().flat_map(|one| {
            let still: RangeSet = std::iter::once(&one.range).collect();
            let blocks = still.minus(&published).blocks();
            blocks.into_iter().map(|range| Leaving { range, ..*one })
        });
        let mut leaving: Vec<Leaving> = leaving.collect();
        if delay > 0 {
            let until_unix_ms = now.saturating_add(delay);
            leaving.extend(difference.removed.iter().map(|range| Leaving {
                range: *range,
                until_unix_ms,
            }));
        }
        self.leaving = leaving;
        self.taken_from.clone_from(&self.source);
        match &mut self.in_force {
            // The same addresses under another version: since when they are in force stays true.
            Some(known) if !keep => {
                known.version = found.version;
                known.ranges = found.ranges;
            }
            _ => {
                self.before = self.in_force.replace(found);
            }
        }
    }

    /// Puts the version in force that waits for a person.
    pub fn approve(&mut self, feed: &SenderFeed, now_unix_ms: u64) -> Option<(String, Difference)> {
        let mut found = self.held.take()?.version;
        found.taken_unix_ms = now_unix_ms;
        self.confirmed_unix_ms = Some(now_unix_ms);
        let before = self.in_force.as_ref().map_or(&[][..], |one| &one.ranges);
        let difference = Difference::between(before, &found.ranges);
        let version = found.version.clone();
        self.put(found, &difference, feed, true);
        Some((version, difference))
    }

    /// Lets go of what is on its way out and whose time is over.
    pub fn expire(&mut self, now_unix_ms: u64) -> Vec<IpRange> {
        let (over, left): (Vec<Leaving>, Vec<Leaving>) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|one| one.until_unix_ms <= now_unix_ms);
        self.leaving = left;
        over.into_iter().map(|one| one.range).collect()
    }

    /// When a range that is on its way out is let in no more: the next such moment.
    pub fn next_expiry_unix_ms(&self) -> Option<u64> {
        self.leaving.iter().map(|one| one.until_unix_ms).min()
    }

    /// Every range that is let in, with the moment until which where it is on its way out.
    pub fn ranges(&self, now_unix_ms: u64) -> impl Iterator<Item = (IpRange, Option<u64>)> {
        let published = self.in_force.iter().flat_map(|one| &one.ranges);
        let leaving = self.leaving.iter();
        published.map(|range| (*range, None)).chain(
            leaving
                .filter(move |one| one.until_unix_ms > now_unix_ms)
                .map(|one| (one.range, Some(one.until_unix_ms))),
        )
    }

    /// The source said that the version in force is the newest.
    pub fn confirm(&mut self, now_unix_ms: u64) {
        self.confirmed_unix_ms = Some(now_unix_ms);
    }

    /// A try went well: how long tries had failed. `jitter` is from 0 to 1.
    pub fn answered(&mut self, feed: &SenderFeed, now_unix_ms: u64, jitter: f64) -> Option<u64> {
        self.tried_unix_ms = Some(now_unix_ms);
        self.problem = None;
        self.next_unix_ms = now_unix_ms.saturating_add(interval_ms(feed, jitter));
        let since = self.failing_since_unix_ms.take()?;
        Some(now_unix_ms.saturating_sub(since))
    }

    /// A try failed. Where the source is busy it is left alone for an hour or more.
    pub fn failed(
        &mut self,
        feed: &SenderFeed,
        problem: String,
        busy: bool,
        now_unix_ms: u64,
        jitter: f64,
    ) {
        self.tried_unix_ms = Some(now_unix_ms);
        self.failing_since_unix_ms.get_or_insert(now_unix_ms);
        self.problem = Some(problem);
        let interval = interval_ms(feed, jitter);
        let wait = match busy {
            true => interval.max(BUSY_WAIT_MS),
            false => interval.min(FAILED_WAIT_MS),
        };
        self.next_unix_ms = now_unix_ms.saturating_add(wait);
    }

    /// How long ago the list was confirmed, where that is longer ago than the feed allows. Ranges
    /// that are typed in do not grow old.
    pub fn old_ms(&self, feed: &SenderFeed, now_unix_ms: u64) -> Option<u64> {
        if matches!(feed.source, FeedSource::Ranges(_)) {
            return None;
        }
        let age = now_unix_ms.saturating_sub(self.confirmed_unix_ms?);
        (u128::from(age) > feed.max_age.get().as_millis()).then_some(age)
    }

    /// The version in force, in words.
    pub fn told(&self) -> String {
        match &self.in_force {
            None => "no list: nobody is let in by this feed".to_owned(),
            Some(one) => format!("version {} with {} ranges", one.version, one.ranges.len()),
        }
    }
}

/// From one try to the next: a tenth more at the most, so that not all nodes ask at one time.
fn interval_ms(feed: &SenderFeed, jitter: f64) -> u64 {
    let interval = feed.interval.get();
    let ms = interval.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 10.0);
    u64::try_from(ms.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
