//! A storm: more than half of the health sets of this node turn bad within a minute. One cause is
//! behind that, and no stage of recovery of a single component is the answer to it: acts beyond a
//! component's restart wait, holds by managed availability for that cause are lifted, and a person
//! is told once. Pure: time is an input.

use std::collections::BTreeMap;

use crate::Now;

/// Sets that turned bad within this time count together, in milliseconds.
const WITHIN_MS: u64 = 60_000;
/// A storm ends after so long without a set that turns bad, in milliseconds.
const QUIET_MS: u64 = 300_000;
/// The key of a storm whose sets have no class of causes in common.
pub(crate) const WHOLE_NODE: &str = "node";

/// What a set is like in this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetNow {
    pub(crate) set: String,
    /// One of its monitors is confirmed bad.
    pub(crate) bad: bool,
    /// The class of causes its newest bad results name.
    pub(crate) class: Option<String>,
}

/// A storm began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Began { key: String, sets: Vec<String> },
    Ended { key: String },
}

/// What is remembered of the sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storm {
    /// Since when each bad set is bad, monotonic milliseconds.
    bad: BTreeMap<String, u64>,
    /// The key, and when a set turned bad last.
    active: Option<(String, u64)>,
}

impl Storm {
    /// The common cause, while there is a storm.
    pub(crate) fn key(&self) -> Option<&str> {
        self.active.as_ref().map(|(key, _)| key.as_str())
    }

    /// Looks at all sets.
    pub(crate) fn look(&mut self, sets: &[SetNow], now: Now) -> Option<Change> {
        self.bad
            .retain(|name, _| sets.iter().any(|set| set.bad && set.set == *name));
        let mut newly = false;
        for set in sets.iter().filter(|set| set.bad) {
            newly |= !self.bad.contains_key(&set.set);
            self.bad.entry(set.set.clone()).or_insert(now.mono_ms);
        }
        if let Some((key, last)) = &mut self.active {
            if newly {
                *last = now.mono_ms;
            }
            if now.mono_ms.saturating_sub(*last) < QUIET_MS {
                return None;
            }
            let key = key.clone();
            self.active = None;
            return Some(Change::Ended { key });
        }
        let lately: Vec<&SetNow> = sets
            .iter()
            .filter(|set| {
                self.bad
                    .get(&set.set)
                    .is_some_and(|since| now.mono_ms.saturating_sub(*since) <= WITHIN_MS)
            })
            .collect();
        if !newly || lately.len() * 2 <= sets.len() {
            return None;
        }
        let key = common(&lately);
        self.active = Some((key.clone(), now.mono_ms));
        Some(Change::Began {
            key,
            sets: lately.iter().map(|set| set.set.clone()).collect(),
        })
    }
}

/// The class that more than half of these sets name.
fn common(sets: &[&SetNow]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for class in sets.iter().filter_map(|set| set.class.as_deref()) {
        *counts.entry(class).or_default() += 1;
    }
    counts
        .into_iter()
        .find(|(_, count)| count * 2 > sets.len())
        .map_or_else(|| WHOLE_NODE.to_owned(), |(class, _)| class.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(bad: &[(&str, Option<&str>)]) -> Vec<SetNow> {
        ["A", "B", "C", "D", "E"]
            .iter()
            .map(|name| {
                let found = bad.iter().find(|(set, _)| set == name);
                SetNow {
                    set: (*name).to_owned(),
                    bad: found.is_some(),
                    class: found.and_then(|(_, class)| class.map(str::to_owned)),
                }
            })
            .collect()
    }

    fn at(mono_ms: u64) -> Now {
        Now {
            mono_ms,
            unix_ms: mono_ms,
        }
    }

    #[test]
    fn more_than_half_within_a_minute_is_a_storm_with_the_cause_they_share() {
        let mut storm = Storm::default();
        let dns = Some("dns");
        assert_eq!(storm.look(&sets(&[("A", dns), ("B", dns)]), at(0)), None);
        let three = sets(&[("A", dns), ("B", dns), ("C", None)]);
        let began = storm.look(&three, at(60_000));
        assert!(
            matches!(&began, Some(Change::Began { key, sets }) if key == "dns" && sets.len() == 3),
            "{began:?}"
        );
        assert_eq!(storm.key(), Some("dns"));
        // One more set turns bad: it goes on for five minutes from there.
        let four = sets(&[("A", dns), ("B", dns), ("C", None), ("D", None)]);
        assert_eq!(storm.look(&four, at(200_000)), None);
        assert_eq!(storm.look(&four, at(499_999)), None);
        let ended = storm.look(&four, at(500_000));
        assert_eq!(ended, Some(Change::Ended { key: "dns".into() }));
        // What stays bad is no new storm.
        assert_eq!(storm.look(&four, at(500_001)), None);
    }

    #[test]
    fn sets_that_turn_bad_one_after_another_are_none() {
        let mut storm = Storm::default();
        let all = [
            ("A", None),
            ("B", None),
            ("C", None),
            ("D", None),
            ("E", None),
        ];
        for n in 1..=all.len() {
            assert_eq!(storm.look(&sets(&all[..n]), at(n as u64 * 40_000)), None);
        }
    }

    #[test]
    fn without_a_shared_class_it_is_the_whole_node() {
        let mut storm = Storm::default();
        let bad = sets(&[("A", Some("dns")), ("B", Some("disk")), ("C", None)]);
        let began = storm.look(&bad, at(5));
        assert!(matches!(began, Some(Change::Began { key, .. }) if key == WHOLE_NODE));
    }
}
