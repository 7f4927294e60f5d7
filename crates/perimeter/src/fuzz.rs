//! Entry point for fuzzing: answers of any kind must neither panic nor come to more than the limits
//! allow, and what is taken is never everybody.

use mailward_model::kind::{FeedSource, Microsoft365Feed, SenderFeed};

use crate::{
    FeedState, Outcome, RANGES_MAX, RangeSet, judge,
    parse::{list, microsoft365, spf},
};

/// Every parser of a source's answer. The first octet chooses which.
pub fn fuzz_feed(data: &[u8]) {
    let Some((which, octets)) = data.split_first() else {
        return;
    };
    let feed = Microsoft365Feed::default();
    let ranges = match which % 5 {
        0 => microsoft365::endpoints(octets, &feed).map(|found| found.ranges),
        1 => list::list(octets),
        2 => {
            // Only that it does not panic is of interest, and that a version is ten digits.
            if let Ok(version) = microsoft365::version(octets, &feed) {
                assert_eq!(version.len(), 10);
            }
            return;
        }
        3 => {
            drop(microsoft365::changes(octets, &[10]));
            return;
        }
        _ => {
            if let Ok(text) = std::str::from_utf8(octets) {
                drop(spf::record(text));
            }
            return;
        }
    };
    let Ok(ranges) = ranges else { return };
    let set: RangeSet = ranges.iter().collect();
    for range in &ranges {
        assert!(set.contains(range.first()) && set.contains(range.last()));
    }
    assert_eq!(set.blocks().iter().collect::<RangeSet>(), set);
    let source = FeedSource::Microsoft365(feed);
    let (feed, mut state) = (SenderFeed::new(source), FeedState::default());
    state.adopt(&feed, 1);
    let taken = state.take(
        &feed,
        String::new(),
        String::new(),
        ranges.clone(),
        Vec::new(),
        2,
    );
    if let Outcome::Changed(_) = taken {
        assert!(judge::check(&ranges).is_ok() && ranges.len() <= RANGES_MAX);
        let now: RangeSet = state.ranges(2).map(|(range, _)| range).collect();
        assert!(
            now.minus(&set).v4_addresses() <= 491_520,
            "what leaves was in force before"
        );
    }
}
