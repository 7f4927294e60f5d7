//! Where a measure is going: the lowest value of each hour of the last week, and the pace at which
//! they fall. Pure, and in whole numbers.
//!
//! The pace is the median of the slopes between all pairs of hours (Theil and Sen), so that a
//! morning's clean-up or one backup does not bend it: up to 29 % of the hours may be anything.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Hours kept: a week.
pub(super) const HOURS_MAX: usize = 168;
/// Hours that are compared with each other; a longer history is thinned to so many.
const COMPARED_MAX: usize = 84;
/// A history of fewer hours tells no pace.
pub(super) const HOURS_MIN: u64 = 24;
const HOUR_MS: u64 = 3_600_000;

/// The lowest value of each of the last hours, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    lowest: VecDeque<(u64, i64)>,
    /// The pace over all hours but the present one, in thousandths an hour, where there is one.
    #[serde(skip)]
    pace: Option<i128>,
    /// The number of hours `pace` was reckoned from, and the last of them.
    #[serde(skip)]
    reckoned: (usize, u64),
}

impl Hours {
    /// Takes a value in. True where an hour has begun with it: what is kept may be saved.
    pub fn push(&mut self, value: i64, unix_ms: u64) -> bool {
        let hour = unix_ms / HOUR_MS;
        // A clock that was set back makes later hours untrue.
        while self.lowest.back().is_some_and(|(last, _)| *last > hour) {
            self.lowest.pop_back();
        }
        match self.lowest.back_mut() {
            Some((last, lowest)) if *last == hour => {
                *lowest = value.min(*lowest);
                return false;
            }
            _ => self.lowest.push_back((hour, value)),
        }
        // A saved history may be longer, or older, than one of ours.
        let oldest = hour.saturating_sub(HOURS_MAX as u64);
        while self.lowest.len() > HOURS_MAX
            || self.lowest.front().is_some_and(|(hour, _)| *hour < oldest)
        {
            self.lowest.pop_front();
        }
        true
    }

    /// Hours from the first to the last.
    pub fn span(&self) -> u64 {
        match (self.lowest.front(), self.lowest.back()) {
            (Some((first, _)), Some((last, _))) => last.saturating_sub(*first),
            _ => 0,
        }
    }

    /// How much the value changes in a day, as the whole hours say; `None` where they are too few.
    pub fn per_day(&mut self) -> Option<i128> {
        let milli = self.pace()?;
        Some(milli.saturating_mul(24) / 1000)
    }

    /// Hours until `value` is down to `floor` at the present pace; `None` where it does not fall.
    pub fn hours_left(&mut self, value: i64, floor: i64) -> Option<u64> {
        let milli = self.pace()?;
        if milli >= 0 {
            return None;
        }
        let room = (i128::from(value) - i128::from(floor)).max(0);
        let hours = room.saturating_mul(1000) / milli.saturating_neg().max(1);
        Some(u64::try_from(hours).unwrap_or(u64::MAX))
    }

    fn pace(&mut self) -> Option<i128> {
        let last = self.lowest.back().map_or(0, |(hour, _)| *hour);
        let key = (self.lowest.len(), last);
        if self.reckoned != key {
            self.pace = (self.span() >= HOURS_MIN).then(|| self.reckon()).flatten();
            self.reckoned = key;
        }
        self.pace
    }

    /// The median slope, in thousandths an hour. The present hour is left out: its lowest value is
    /// not known yet.
    fn reckon(&self) -> Option<i128> {
        let whole = self.lowest.len().saturating_sub(1);
        let step = whole.div_ceil(COMPARED_MAX).max(1);
        let points: Vec<(u64, i64)> = self
            .lowest
            .iter()
            .take(whole)
            .copied()
            .rev()
            .step_by(step)
            .collect();
        let mut slopes: Vec<i128> = Vec::with_capacity(points.len() * points.len() / 2);
        for (at, (late, high)) in points.iter().enumerate() {
            for (early, low) in points.iter().skip(at + 1) {
                let hours = i128::from(late.saturating_sub(*early).max(1));
                slopes.push((i128::from(*high) - i128::from(*low)).saturating_mul(1000) / hours);
            }
        }
        if slopes.is_empty() {
            return None;
        }
        let middle = slopes.len() / 2;
        let (_, median, _) = slopes.select_nth_unstable(middle);
        Some(*median)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(values: impl IntoIterator<Item = i64>) -> Hours {
        let mut hours = Hours::default();
        for (n, value) in values.into_iter().enumerate() {
            hours.push(value, n as u64 * HOUR_MS + 7);
        }
        hours
    }

    #[test]
    fn the_pace_is_that_of_most_hours() {
        let mut steady = hours((0..100).map(|n| 10_000 - 10 * n));
        assert_eq!(steady.per_day(), Some(-240));
        assert_eq!(steady.hours_left(9_010, 0), Some(901));
        assert_eq!(steady.hours_left(5, 10), Some(0));
        // Every fifth hour a clean-up or a backup.
        let mut disturbed =
            hours((0..100).map(|n| 10_000 - 10 * n + if n % 5 == 0 { 7_000 } else { 0 }));
        assert_eq!(disturbed.per_day(), Some(-240));
        assert_eq!(hours((0..100).map(|n| 10 * n)).hours_left(1, 0), None);
        assert_eq!(hours(std::iter::repeat_n(5, 100)).hours_left(5, 0), None);
    }

    #[test]
    fn a_short_history_tells_no_pace() {
        assert_eq!(hours((0..24).map(|n| -n)).per_day(), None);
        assert_eq!(hours((0..25).map(|n| -n)).per_day(), Some(-24));
    }

    #[test]
    fn a_week_is_kept_and_a_clock_set_back_drops_the_future() {
        let mut long = hours(0..500);
        assert_eq!(long.lowest.len(), HOURS_MAX);
        assert!(!long.push(3, 400 * HOUR_MS));
        assert_eq!(long.lowest.back(), Some(&(400, 3)));
        assert!(long.push(2, 401 * HOUR_MS));
        // After a month without results nothing of before counts.
        assert!(long.push(1, 1200 * HOUR_MS));
        assert_eq!(long.span(), 0);
    }

    proptest! {
        #[test]
        fn no_value_and_no_clock_breaks_it(
            points in proptest::collection::vec((any::<i64>(), any::<u64>()), 0..300),
            value in any::<i64>(), floor in any::<i64>()
        ) {
            let mut hours = Hours::default();
            for (value, unix_ms) in points {
                hours.push(value, unix_ms);
                prop_assert!(hours.lowest.len() <= HOURS_MAX);
            }
            hours.per_day();
            hours.hours_left(value, floor);
        }
    }
}
