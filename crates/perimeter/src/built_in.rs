//! What is known of a feed before its source was ever asked: a dated snapshot of published ranges,
//! so that a site without a way out starts with a list and not with nobody, or with everybody.

use mailward_model::{
    IpRange,
    kind::{FeedSource, Microsoft365Instance},
};

use crate::state::Version;

/// The day of the snapshot, as Unix milliseconds: 2026-08-14.
const TAKEN_UNIX_MS: u64 = 1_786_665_600_000;

/// Endpoint set 10 of Microsoft 365 Worldwide: Exchange Online, TCP 25. The same since 2020-02-28.
const WORLDWIDE_EXCHANGE_25: [&str; 6] = [
    "40.92.0.0/15",
    "40.107.0.0/16",
    "52.100.0.0/14",
    "104.47.0.0/17",
    "2a01:111:f400::/48",
    "2a01:111:f403::/48",
];

/// The list that is built in for a source, where there is one.
pub fn built_in(source: &FeedSource) -> Option<Version> {
    let FeedSource::Microsoft365(from) = source else {
        return None;
    };
    let is_known = from.instance == Microsoft365Instance::Worldwide
        && from.service_area.eq_ignore_ascii_case("Exchange")
        && from.port == 25;
    if !is_known {
        return None;
    }
    let ranges: Vec<IpRange> = WORLDWIDE_EXCHANGE_25
        .iter()
        .filter_map(|range| range.parse().ok())
        .collect();
    Some(Version {
        version: "built-in-20260814".to_owned(),
        origin: "built in, of 2026-08-14".to_owned(),
        taken_unix_ms: TAKEN_UNIX_MS,
        ranges,
        announced: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use mailward_model::kind::Microsoft365Feed;

    use super::*;
    use crate::RangeSet;

    #[test]
    fn the_snapshot_has_the_published_addresses() {
        let version = built_in(&FeedSource::Microsoft365(Microsoft365Feed::default())).unwrap();
        assert_eq!(version.ranges.len(), WORLDWIDE_EXCHANGE_25.len());
        let set: RangeSet = version.ranges.iter().collect();
        assert_eq!(set.v4_addresses(), 491_520);
        let day = jiff::Timestamp::from_millisecond(TAKEN_UNIX_MS as i64).unwrap();
        assert_eq!(day.to_string(), "2026-08-14T00:00:00Z");
        let other = Microsoft365Feed {
            port: 443,
            ..Microsoft365Feed::default()
        };
        assert!(built_in(&FeedSource::Microsoft365(other)).is_none());
    }
}
