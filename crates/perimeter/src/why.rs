//! A feed told to people: how it stands, what a change of it does, what covers an address, and what
//! comes nearest.

use std::net::IpAddr;

use mailward_api::view::perimeter::{
    Cover, CoverStanding, FeedDiff, FeedView, HeldChange, LeavingRange, NearMiss,
};
use mailward_model::{IpRange, kind::SenderFeed};

use crate::{Difference, FeedState, RangeSet, Version, set::bits};

/// How a feed stands.
pub fn view(name: &str, feed: &SenderFeed, state: &FeedState, now_unix_ms: u64) -> FeedView {
    let in_force = state.in_force.as_ref();
    let let_in: RangeSet = state.ranges(now_unix_ms).map(|(range, _)| range).collect();
    FeedView {
        feed: name.to_owned(),
        source: feed.source.to_string(),
        enabled: feed.enabled,
        version: in_force.map(|one| one.version.clone()).unwrap_or_default(),
        origin: in_force.map(|one| one.origin.clone()).unwrap_or_default(),
        taken_unix_ms: in_force.map(|one| one.taken_unix_ms),
        confirmed_unix_ms: state.confirmed_unix_ms,
        old: state.old_ms(feed, now_unix_ms).is_some(),
        ranges: in_force.map(|one| one.ranges.clone()).unwrap_or_default(),
        v4_addresses: let_in.v4_addresses(),
        leaving: state
            .ranges(now_unix_ms)
            .filter_map(|(range, until)| {
                Some(LeavingRange {
                    range,
                    until_unix_ms: until?,
                })
            })
            .collect(),
        held: state.held.as_ref().map(|held| HeldChange {
            version: held.version.version.clone(),
            since_unix_ms: held.since_unix_ms,
            because: held.because.clone(),
        }),
        tried_unix_ms: state.tried_unix_ms,
        next_unix_ms: Some(state.next_unix_ms),
        problem: state.problem.clone(),
    }
}

/// What a change of a feed does: the one that waits, or else the last one; none where there was none.
pub fn diff(name: &str, state: &FeedState) -> Option<FeedDiff> {
    let in_force = state.in_force.as_ref();
    let (from, to, held) = match (&state.held, &state.before) {
        (Some(held), _) => (in_force, &held.version, Some(held)),
        (None, Some(before)) => (Some(before), in_force?, None),
        (None, None) => return None,
    };
    let of = |version: Option<&Version>| version.map(|one| one.ranges.clone()).unwrap_or_default();
    let Difference { added, removed } = Difference::between(&of(from), &to.ranges);
    Some(FeedDiff {
        feed: name.to_owned(),
        from: from.map(|one| one.version.clone()).unwrap_or_default(),
        to: to.version.clone(),
        held: held.is_some(),
        because: held.map(|held| held.because.clone()).unwrap_or_default(),
        unix_ms: Some(held.map_or(to.taken_unix_ms, |held| held.since_unix_ms)),
        added,
        removed,
        announced: to.announced.iter().map(ToString::to_string).collect(),
    })
}

/// The ranges of a feed that hold an address, those that are in force first.
pub fn covers(name: &str, state: &FeedState, address: IpAddr, now_unix_ms: u64) -> Vec<Cover> {
    let in_force = state.in_force.as_ref();
    let version = in_force.map(|one| one.version.as_str()).unwrap_or_default();
    let cover = |range: IpRange, version: &str, standing, until_unix_ms| Cover {
        feed: name.to_owned(),
        version: version.to_owned(),
        range,
        standing,
        until_unix_ms,
    };
    let mut covers: Vec<Cover> = state
        .ranges(now_unix_ms)
        .filter(|(range, _)| range.contains(address))
        .map(|(range, until)| match until {
            None => cover(range, version, CoverStanding::Published, None),
            Some(_) => cover(range, version, CoverStanding::Leaving, until),
        })
        .collect();
    if let Some(held) = state.held.as_ref().filter(|_| covers.is_empty()) {
        let holding = held.version.ranges.iter();
        covers.extend(
            holding
                .filter(|range| range.contains(address))
                .map(|range| cover(*range, &held.version.version, CoverStanding::Held, None)),
        );
    }
    covers
}

/// How far a range is from an address outside it; `None` where it is of the other family.
fn distance(range: &IpRange, address: IpAddr) -> Option<u128> {
    let ((v4, at), (range_v4, first), (_, last)) =
        (bits(address), bits(range.first()), bits(range.last()));
    (v4 == range_v4).then(|| match at < first {
        true => first - at,
        false => at.saturating_sub(last),
    })
}

/// The range of these feeds that comes nearest to an address.
pub fn nearest<'a>(
    feeds: impl IntoIterator<Item = (&'a str, &'a FeedState)>,
    address: IpAddr,
) -> Option<NearMiss> {
    let (far, feed, version, range) = feeds
        .into_iter()
        .filter_map(|(name, state)| Some((name, state.in_force.as_ref()?)))
        .flat_map(|(name, version)| version.ranges.iter().map(move |r| (name, version, r)))
        .filter_map(|(name, version, range)| {
            Some((distance(range, address)?, name, version, range))
        })
        .min_by_key(|(far, ..)| *far)?;
    Some(NearMiss {
        feed: feed.to_owned(),
        version: version.version.clone(),
        range: *range,
        away: match far {
            1 => "1 address".to_owned(),
            far if far < 1 << 40 => format!("{far} addresses"),
            far => format!("some 2^{} addresses", 127 - far.leading_zeros()),
        },
    })
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::{FeedSource, Microsoft365Feed};

    use super::*;

    fn state() -> (SenderFeed, FeedState) {
        let feed = SenderFeed::new(FeedSource::Microsoft365(Microsoft365Feed::default()));
        let mut state = FeedState::default();
        state.adopt(&feed, 1_790_000_000_000);
        (feed, state)
    }

    #[test]
    fn an_address_is_covered_or_missed_by_so_many() {
        let (_, state) = state();
        let covered = |ip: &str| covers("m365", &state, ip.parse().unwrap(), 0);
        let found = covered("40.93.1.2");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].range.to_string(), "40.92.0.0/15");
        assert_eq!(found[0].version, "built-in-20260814");
        assert!(covered("40.95.1.2").is_empty());
        let near = |ip: &str| nearest([("m365", &state)], ip.parse().unwrap()).unwrap();
        assert_eq!(near("40.94.0.0").range.to_string(), "40.92.0.0/15");
        assert_eq!(near("40.94.0.0").away, "1 address");
        assert_eq!(near("40.95.0.9").away, "65546 addresses");
        assert!(near("2001:db8::1").away.starts_with("some 2^"));
        assert_eq!(nearest([], "::1".parse().unwrap()), None);
    }

    #[test]
    fn a_change_that_waits_is_shown_and_covers_only_as_such() {
        let (feed, mut state) = state();
        assert_eq!(diff("m365", &state), None);
        let mut ranges = state.in_force.as_ref().unwrap().ranges.clone();
        ranges.push("41.0.0.0/8".parse().unwrap());
        state.take(
            &feed,
            "2026091500".into(),
            "x".into(),
            ranges,
            Vec::new(),
            5,
        );
        let change = diff("m365", &state).unwrap();
        assert!(change.held && change.removed.is_empty());
        assert_eq!(change.to, "2026091500");
        assert_eq!(change.added[0].to_string(), "41.0.0.0/8");
        let found = covers("m365", &state, "41.0.0.1".parse().unwrap(), 5);
        assert_eq!(found[0].standing, CoverStanding::Held);
        let view = view("m365", &feed, &state, 1_790_000_000_000);
        assert_eq!((view.v4_addresses, view.ranges.len()), (491_520, 6));
        assert!(view.held.is_some());
        state.approve(&feed, 9).unwrap();
        assert!(!diff("m365", &state).unwrap().held);
    }
}
