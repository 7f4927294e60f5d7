//! What a receive connector comes to take: its own ranges, those of the feeds it names, less what it
//! takes out.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use mailward_model::{IpRange, kind::RemoteRange};

use crate::{FeedState, RangeSet};

/// The ranges in force of every feed, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Feeds {
    /// By name, in lower case.
    feeds: BTreeMap<String, InForce>,
}

#[derive(Debug, Clone)]
struct InForce {
    name: Arc<str>,
    ranges: Vec<IpRange>,
}

impl Feeds {
    /// Adds a feed, or replaces it.
    pub fn insert(&mut self, name: &str, ranges: impl IntoIterator<Item = IpRange>) {
        let in_force = InForce {
            name: name.into(),
            ranges: ranges.into_iter().collect(),
        };
        self.feeds.insert(name.to_ascii_lowercase(), in_force);
    }

    /// Adds a feed as its state says.
    pub fn insert_state(&mut self, name: &str, state: &FeedState, now_unix_ms: u64) {
        self.insert(name, state.ranges(now_unix_ms).map(|(range, _)| range));
    }

    fn get(&self, name: &str) -> Option<&InForce> {
        self.feeds.get(&name.to_ascii_lowercase())
    }
}

/// A range that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The range.
    pub range: IpRange,
    /// The feed it came from; the connector's own where none.
    pub feed: Option<Arc<str>>,
}

/// What a receive connector takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges {
    /// What lets in.
    pub taken: Vec<Taken>,
    /// What is taken out of it.
    pub except: RangeSet,
}

impl Ranges {
    /// What these entries come to. A feed that is not known lets nobody in.
    pub fn of(entries: &[RemoteRange], feeds: &Feeds) -> Ranges {
        let mut ranges = Ranges::default();
        let mut except = Vec::new();
        for entry in entries {
            match entry {
                RemoteRange::Range(range) => ranges.taken.push(Taken {
                    range: *range,
                    feed: None,
                }),
                RemoteRange::Except(range) => except.push(*range),
                RemoteRange::Feed(name) => {
                    let Some(feed) = feeds.get(name) else {
                        continue;
                    };
                    ranges.taken.extend(feed.ranges.iter().map(|range| Taken {
                        range: *range,
                        feed: Some(Arc::clone(&feed.name)),
                    }));
                }
            }
        }
        ranges.except = except.iter().collect();
        ranges
    }

    /// The narrowest range that holds the address; the first of equal ones.
    pub fn narrowest(&self, address: IpAddr) -> Option<&Taken> {
        if self.except.contains(address) {
            return None;
        }
        let holding = self.taken.iter().filter(|one| one.range.contains(address));
        holding.min_by_key(|one| one.range.span())
    }

    /// Every address that is taken.
    pub fn set(&self) -> RangeSet {
        let taken: RangeSet = self.taken.iter().map(|one| &one.range).collect();
        taken.minus(&self.except)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_takes_its_feeds_and_ranges_less_exceptions() {
        let mut feeds = Feeds::default();
        let of_feed = ["40.92.0.0/15", "2001:db8::/48"].map(|r| r.parse().unwrap());
        feeds.insert("M365", of_feed);
        let entries: Vec<RemoteRange> = [
            "feed:m365",
            "10.0.0.7",
            "except:40.93.1.0/24",
            "feed:unknown",
        ]
        .iter()
        .map(|entry| entry.parse().unwrap())
        .collect();
        let ranges = Ranges::of(&entries, &feeds);
        let found = |ip: &str| {
            ranges.narrowest(ip.parse().unwrap()).map(|taken| {
                let feed = taken.feed.as_deref().unwrap_or("own");
                format!("{} {feed}", taken.range)
            })
        };
        assert_eq!(found("40.93.2.1").unwrap(), "40.92.0.0/15 M365");
        assert_eq!(found("10.0.0.7").unwrap(), "10.0.0.7 own");
        assert_eq!(found("40.93.1.2"), None);
        assert_eq!(found("192.0.2.1"), None);
        let set = ranges.set();
        assert!(set.contains("2001:db8::9".parse().unwrap()));
        assert_eq!(set.v4_addresses(), (1 << 17) - 256 + 1);
    }
}
