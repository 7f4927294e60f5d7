//! The revocation filters of a feed: which are in force, and whether they are stale. Pure.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use mailward_model::kind::{Sha256, UntrustedFeed, UntrustedSource, WhenStale};
use serde::{Deserialize, Serialize};

use super::{
    FeedState,
    manifest::{FilterFile, Manifest},
};
use crate::untrusted::{
    Layer, Origin,
    filter::{Filters, KnownIssuer},
};

/// How far filters may be ahead of this clock.
const AHEAD_MAX_MS: u64 = 86_400_000;
/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// An issuer whose certificate no peer sends, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KeptIssuer {
    /// The content of its name, Base64.
    subject: String,
    spki_sha256: Sha256,
}

/// Filters in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFilters {
    /// The folder that they came from.
    place: String,
    /// When they were made.
    pub made_unix_ms: u64,
    /// What their publisher says of them.
    pub comment: String,
    /// The files, kept each by its digest.
    pub files: Vec<FilterFile>,
    /// Issuers that they speak for.
    pub issuers: u64,
    /// Logs that they were made from.
    pub logs: u64,
    /// What was logged later is not covered.
    pub covered_until_unix_ms: u64,
    /// Roots of this node that they speak for.
    known: Vec<KeptIssuer>,
    /// Whether they are stale, and every certificate is refused for it that they speak for.
    pub refuses: bool,
    /// Whether it was told that they are stale.
    told_stale: bool,
}

/// Why filters are not taken that could be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FiltersRefusal {
    /// Older than those in force.
    #[error(
        "the filters were made {made}, before those in force: somebody plays old ones, or a mirror \
         lags behind"
    )]
    Older {
        /// When.
        made: String,
    },
    /// Made in the future.
    #[error(
        "it says that the filters were made more than a day from now ({made}): one of the clocks is \
         wrong"
    )]
    Ahead {
        /// When.
        made: String,
    },
}

/// What has become of filters that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiltersTaken {
    /// They are those in force, whenever they were made.
    Same,
    /// They are in force now.
    New,
}

/// A moment as people read it, in UTC.
pub fn made(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok();
    at.and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || format!("{unix_ms} ms after 1970"),
            |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        )
}

impl KeptFilters {
    /// Their octets.
    pub fn octets(&self) -> u64 {
        self.files.iter().map(|one| one.octets).sum()
    }

    /// What is in force of them, as one text.
    pub(super) fn mark(&self) -> String {
        let files = self.files.iter().map(|one| one.sha256.to_string());
        let known = self.known.iter().map(|one| one.spki_sha256.to_string());
        let refuses = self.refuses.then(|| "!".to_owned());
        let all: Vec<String> = files.chain(known).chain(refuses).collect();
        all.join(" ")
    }

    fn told(&self) -> String {
        format!(
            "{} filters for {} issuers, made {}",
            self.files.len(),
            self.issuers,
            made(self.made_unix_ms)
        )
    }

    /// Issuers whose certificates no peer sends.
    pub(super) fn known(&self) -> impl Iterator<Item = KnownIssuer> {
        self.known.iter().filter_map(|one| {
            Some(KnownIssuer {
                subject: BASE64_STANDARD.decode(&one.subject).ok()?,
                spki_sha256: one.spki_sha256.0,
            })
        })
    }

    pub(super) fn add_to(&self, layer: &mut Layer, feed: &str, filters: Filters) {
        let origin = || Origin::Feed(feed.to_owned());
        let name = format!("{feed}/filters");
        let because = format!(
            "revoked by its issuer, by the filters made {}",
            made(self.made_unix_ms)
        );
        let revoked = layer.entry(name.clone(), because, origin());
        let stale = self.refuses.then(|| {
            let because =
                "the filters that speak for it are stale, and the feed says to refuse then";
            layer.entry(name, because.to_owned(), origin())
        });
        layer.filter(Arc::new(filters), revoked, stale);
    }
}

impl FeedState {
    /// Whether filters of this manifest may be taken.
    ///
    /// # Errors
    /// [`FiltersRefusal`].
    pub fn weigh_filters(
        &self,
        manifest: &Manifest,
        place: &str,
        now_unix_ms: u64,
    ) -> Result<(), FiltersRefusal> {
        let made = || made(manifest.made_unix_ms);
        if manifest.made_unix_ms > now_unix_ms.saturating_add(AHEAD_MAX_MS) {
            return Err(FiltersRefusal::Ahead { made: made() });
        }
        // Another folder's are compared with nothing.
        let known = self.filters.as_ref().filter(|known| known.place == place);
        match known {
            Some(known) if manifest.made_unix_ms < known.made_unix_ms => {
                Err(FiltersRefusal::Older { made: made() })
            }
            _ => Ok(()),
        }
    }

    /// Takes filters in that were read, each with the digest that the manifest says.
    ///
    /// # Errors
    /// [`FiltersRefusal`]; nothing has changed then.
    pub fn take_filters(
        &mut self,
        manifest: Manifest,
        place: &str,
        filters: &Filters,
        now_unix_ms: u64,
    ) -> Result<FiltersTaken, FiltersRefusal> {
        self.weigh_filters(&manifest, place, now_unix_ms)?;
        let coverage = filters.coverage();
        let before = self.filters.take();
        let digests =
            |files: &[FilterFile]| -> Vec<Sha256> { files.iter().map(|one| one.sha256).collect() };
        let is_same = before
            .as_ref()
            .is_some_and(|before| digests(&before.files) == digests(&manifest.files));
        let (refuses, told_stale) =
            before.map_or((false, false), |before| (before.refuses, before.told_stale));
        self.confirmed_unix_ms = Some(now_unix_ms);
        self.filters = Some(KeptFilters {
            place: place.to_owned(),
            made_unix_ms: manifest.made_unix_ms,
            comment: manifest.comment,
            files: manifest.files,
            issuers: coverage.issuers,
            logs: coverage.logs,
            covered_until_unix_ms: coverage.until_unix_ms,
            known: filters
                .known()
                .iter()
                .map(|one| KeptIssuer {
                    subject: BASE64_STANDARD.encode(&one.subject),
                    spki_sha256: Sha256(one.spki_sha256),
                })
                .collect(),
            refuses,
            told_stale,
        });
        Ok(match is_same {
            true => FiltersTaken::Same,
            false => FiltersTaken::New,
        })
    }

    /// When the filters in force become stale, or became so.
    pub(super) fn filters_stale_unix_ms(&self, feed: &UntrustedFeed) -> Option<u64> {
        let age = u64::try_from(feed.max_age.get().as_millis()).unwrap_or(u64::MAX);
        let made = self.filters.as_ref()?.made_unix_ms;
        Some(made.saturating_add(age))
    }

    /// Whether the filters in force are stale.
    pub fn are_filters_stale(&self, feed: &UntrustedFeed, now_unix_ms: u64) -> bool {
        let at = self.filters_stale_unix_ms(feed);
        at.is_some_and(|at| at <= now_unix_ms)
    }

    /// Looks whether the filters are stale now: true where they have become so, and it is to be told.
    pub fn look_for_stale_filters(&mut self, feed: &UntrustedFeed, now_unix_ms: u64) -> bool {
        let UntrustedSource::Upki(source) = &feed.source else {
            return false;
        };
        let stale = self.are_filters_stale(feed, now_unix_ms);
        let Some(filters) = &mut self.filters else {
            return false;
        };
        filters.refuses = stale && source.stale == WhenStale::Refuse;
        !std::mem::replace(&mut filters.told_stale, stale) && stale
    }

    pub(super) fn stale_filters(&self, feed: &UntrustedFeed, now_unix_ms: u64) -> Option<String> {
        let filters = self.filters.as_ref()?;
        self.are_filters_stale(feed, now_unix_ms).then(|| {
            let hours = now_unix_ms.saturating_sub(filters.made_unix_ms) / HOUR_MS;
            match &self.problem {
                Some(problem) => format!("the filters were made {hours} hours ago: {problem}"),
                None => format!(
                    "the filters were made {hours} hours ago: their publisher gives no newer ones"
                ),
            }
        })
    }

    pub(super) fn filters_told(&self) -> Option<String> {
        self.filters.as_ref().map(KeptFilters::told)
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::UpkiSource;
    use ring::digest;

    use super::*;
    use crate::untrusted::{
        Revocation, UntrustedList,
        feed::Shelf,
        filter::tests::{ADDED, Authority, COVERED_MS, GOOD, REVOKED, REVOKED_LATER, WHOLE},
    };

    const NOW: u64 = 1_795_564_800_000;
    const DAY_MS: u64 = 86_400_000;

    fn feed(stale: WhenStale) -> UntrustedFeed {
        UntrustedFeed::new(UntrustedSource::Upki(UpkiSource {
            stale,
            ..UpkiSource::default()
        }))
    }

    fn manifest(made_unix_ms: u64, each: &[&[u8]]) -> (Manifest, Filters) {
        let mut filters = Filters::default();
        let files = each.iter().map(|octets| {
            filters.add(octets).unwrap();
            let sha256 = digest::digest(&digest::SHA256, octets);
            FilterFile {
                name: "x".to_owned(),
                sha256: Sha256(sha256.as_ref().try_into().unwrap()),
                octets: octets.len() as u64,
            }
        });
        let files = files.collect();
        let manifest = Manifest {
            made_unix_ms,
            comment: String::new(),
            files,
        };
        (manifest, filters)
    }

    fn take(
        state: &mut FeedState,
        made_unix_ms: u64,
        each: &[&[u8]],
    ) -> Result<FiltersTaken, FiltersRefusal> {
        let (manifest, filters) = manifest(made_unix_ms, each);
        state.take_filters(manifest, "here", &filters, NOW)
    }

    #[test]
    fn older_filters_and_those_of_tomorrow_change_nothing() {
        let mut state = FeedState::default();
        assert_eq!(take(&mut state, NOW - 10, &[WHOLE]), Ok(FiltersTaken::New));
        let (before, mark) = (state.clone(), state.mark());
        let older = take(&mut state, NOW - 11, &[WHOLE, ADDED]);
        assert!(matches!(older, Err(FiltersRefusal::Older { .. })));
        let ahead = take(&mut state, NOW + DAY_MS + 1, &[WHOLE, ADDED]);
        assert!(matches!(ahead, Err(FiltersRefusal::Ahead { .. })));
        assert_eq!(state, before);
        // The same ones, made anew.
        assert_eq!(take(&mut state, NOW, &[WHOLE]), Ok(FiltersTaken::Same));
        assert_eq!(state.mark(), mark);
        assert_eq!(
            take(&mut state, NOW, &[WHOLE, ADDED]),
            Ok(FiltersTaken::New)
        );
        assert_ne!(state.mark(), mark);
        assert_eq!(state.count(), 0);
        assert!(!state.is_empty());
        // Those of another folder have other times.
        let (manifest, filters) = manifest(5, &[WHOLE]);
        assert!(state.take_filters(manifest, "there", &filters, NOW).is_ok());
    }

    #[test]
    fn stale_filters_mean_what_the_feed_says() {
        let mut state = FeedState::default();
        let (keep, refuse) = (feed(WhenStale::Keep), feed(WhenStale::Refuse));
        take(&mut state, NOW, &[WHOLE]).unwrap();
        let stale_at = NOW + 3 * DAY_MS;
        assert_eq!(state.next_stale_unix_ms(&keep, NOW), Some(stale_at));
        assert!(!state.look_for_stale_filters(&refuse, stale_at - 1));
        assert_eq!(state.old(&refuse, stale_at - 1), None);
        assert!(state.look_for_stale_filters(&keep, stale_at));
        assert!(!state.look_for_stale_filters(&keep, stale_at), "told once");
        assert!(state.old(&keep, stale_at).unwrap().contains("72 hours ago"));
        let mark = state.mark();
        state.look_for_stale_filters(&refuse, stale_at);
        assert_ne!(state.mark(), mark);
        take(&mut state, NOW, &[WHOLE]).unwrap();
        state.look_for_stale_filters(&refuse, NOW);
        assert_eq!(state.mark(), mark, "newer ones are no longer stale");
    }

    #[test]
    fn filters_outlast_a_restart_and_are_forgotten_with_their_feed() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let mut state = FeedState::default();
        let feed = feed(WhenStale::Keep);
        state.adopt(&feed, NOW);
        let (manifest, filters) = manifest(NOW, &[WHOLE, ADDED]);
        let digests: Vec<Sha256> = manifest.files.iter().map(|one| one.sha256).collect();
        state.take_filters(manifest, "here", &filters, NOW).unwrap();
        assert!(shelf.layer("Public", &state).is_err(), "no file, no layer");
        shelf.save_filter(digests[0], WHOLE).unwrap();
        shelf.save_filter(digests[1], ADDED).unwrap();
        let text = serde_json::to_vec(&state).unwrap();
        let state: FeedState = serde_json::from_slice(&text).unwrap();
        let layer = shelf.layer("Public", &state).unwrap();
        let authority = Authority::known();
        let say = |serial| layer.revocation(&authority.path(serial, COVERED_MS), 0);
        assert_eq!(say(REVOKED), Some(Revocation::Revoked));
        assert_eq!(say(GOOD), Some(Revocation::NotRevoked));
        let list = UntrustedList::new([]).with([layer]);
        let path = authority.path(REVOKED_LATER, COVERED_MS);
        let hit = list.find(&path).unwrap();
        assert_eq!(hit.entry.name, "Public/filters");
        assert!(
            hit.entry.reason.contains("made 2026-11-25"),
            "{}",
            hit.entry.reason
        );

        // A file that is no longer what it was is none.
        std::fs::write(dir.path().join(format!("{}.filter", digests[1])), WHOLE).unwrap();
        assert!(shelf.filter(digests[1]).is_err());
        shelf.sweep([&state], &[]).unwrap();
        assert!(shelf.filter(digests[0]).is_ok());
        shelf.sweep([], &digests[..1]).unwrap();
        assert!(shelf.filter(digests[0]).is_ok(), "wanted");
        shelf.sweep([], &[]).unwrap();
        assert!(shelf.filter(digests[0]).is_err());
    }

    #[test]
    fn another_folder_leaves_them_in_force_and_another_kind_does_not() {
        let mut state = FeedState::default();
        state.adopt(&feed(WhenStale::Keep), NOW);
        take(&mut state, NOW, &[WHOLE]).unwrap();
        let mut other = feed(WhenStale::Keep);
        if let UntrustedSource::Upki(upki) = &mut other.source {
            upki.base = "/srv/filters".parse().unwrap();
        }
        assert!(state.adopt(&other, NOW));
        assert!(state.filters.is_some());
        let crl = UntrustedFeed::new(UntrustedSource::Crl(
            mailward_model::kind::CrlSource::default(),
        ));
        assert!(state.adopt(&crl, NOW));
        assert!(state.filters.is_none());
    }
}
