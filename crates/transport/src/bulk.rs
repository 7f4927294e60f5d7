//! How many recipients outside each sender has reached within a time: for mail that counts as bulk.
//!
//! A sliding window of two halves for each sender: what the last whole window held counts as far as
//! it still overlaps. Kept in memory; a restart begins anew.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;

/// Senders that are counted at one time. Above it the quietest are forgotten.
const SENDERS_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// Which window `now` counts, in windows since the clock began.
    number: u64,
    now: u32,
    before: u32,
}

impl Window {
    fn advance(&mut self, number: u64) {
        match number.saturating_sub(self.number) {
            0 => return,
            1 => self.before = self.now,
            _ => self.before = 0,
        }
        (self.number, self.now) = (number, 0);
    }
}

/// The counts of all senders.
#[derive(Debug, Default)]
pub struct BulkSenders {
    senders: Mutex<HashMap<String, Window>>,
}

impl BulkSenders {
    /// Counts `recipients` more of a sender at the monotonic time `now`; as many as it has reached
    /// within `window`, these among them.
    pub fn count(&self, sender: &str, recipients: u32, window: Duration, now: Duration) -> u32 {
        let span = window.as_millis().max(1);
        let number = u64::try_from(now.as_millis() / span).unwrap_or(u64::MAX);
        // The share of the window before that still lies within the last `window`.
        let left = span - now.as_millis() % span;
        let mut senders = self.senders.lock();
        if senders.len() >= SENDERS_MAX && !senders.contains_key(sender) {
            forget(&mut senders, number);
        }
        let counts = senders.entry(sender.to_owned()).or_insert(Window {
            number,
            ..Window::default()
        });
        counts.advance(number);
        counts.now = counts.now.saturating_add(recipients);
        let before = u128::from(counts.before) * left / span;
        counts
            .now
            .saturating_add(u32::try_from(before).unwrap_or(u32::MAX))
    }
}

/// Makes room: who sent nothing lately goes, and if that is nobody, the half that sent least.
fn forget(senders: &mut HashMap<String, Window>, number: u64) {
    senders.retain(|_, window| window.number.saturating_add(1) >= number);
    if senders.len() < SENDERS_MAX {
        return;
    }
    let sum = |window: &Window| window.now.saturating_add(window.before);
    let mut sums: Vec<u32> = senders.values().map(sum).collect();
    let half = sums.len() / 2;
    let (_, median, _) = sums.select_nth_unstable(half);
    let median = *median;
    senders.retain(|_, window| sum(window) > median);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    #[test]
    fn what_was_sent_fades_with_time() {
        let bulk = BulkSenders::default();
        assert_eq!(bulk.count("a", 60, HOUR, at(30)), 60);
        assert_eq!(bulk.count("a", 40, HOUR, at(59)), 100);
        assert_eq!(bulk.count("b", 1, HOUR, at(59)), 1);
        assert_eq!(bulk.count("a", 0, HOUR, at(60)), 100);
        assert_eq!(bulk.count("a", 10, HOUR, at(90)), 60);
        assert_eq!(bulk.count("a", 0, HOUR, at(120)), 10);
        assert_eq!(bulk.count("a", 1, HOUR, at(300)), 1);
    }

    #[test]
    fn senders_beyond_the_limit_make_room_and_the_loud_ones_stay() {
        let bulk = BulkSenders::default();
        bulk.count("loud", 1_000, HOUR, at(1));
        for n in 0..SENDERS_MAX + 5 {
            bulk.count(&n.to_string(), 1, HOUR, at(1));
        }
        assert!(bulk.senders.lock().len() <= SENDERS_MAX);
        assert_eq!(bulk.count("loud", 1, HOUR, at(2)), 1_001);
    }

    proptest! {
        #[test]
        fn never_more_than_was_sent_and_never_less_than_just_now(
            sends in prop::collection::vec((0u64..300, 0u32..50), 1..20),
        ) {
            let bulk = BulkSenders::default();
            let (mut minutes, mut total) = (0, 0);
            for (wait, recipients) in sends {
                minutes += wait;
                total += recipients;
                let count = bulk.count("a", recipients, HOUR, at(minutes));
                prop_assert!(count >= recipients && count <= total);
            }
        }
    }
}
