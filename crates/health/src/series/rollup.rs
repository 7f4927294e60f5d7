//! A roll-up: how many values a span of time had, the smallest, their sum, and the largest. Pure.

/// How long the spans are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Step {
    /// Its length in milliseconds.
    pub fn ms(self) -> u64 {
        match self {
            Step::Hour => 3_600_000,
            Step::Day => 86_400_000,
        }
    }

    /// The beginning of the span that holds a moment.
    pub fn start(self, unix_ms: u64) -> u64 {
        unix_ms - unix_ms % self.ms()
    }
}

/// The values of one span of time.
///
/// Invariant: `min` ≤ mean ≤ `max`, and `count` ≥ 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollup {
    /// The span's beginning.
    pub from_unix_ms: u64,
    /// How many values.
    pub count: u64,
    /// The smallest.
    pub min: i64,
    /// The largest.
    pub max: i64,
    /// Their sum: with it, merging loses nothing.
    pub sum: i128,
}

impl Rollup {
    /// Of one value.
    pub fn one(value: i64, from_unix_ms: u64) -> Rollup {
        Rollup {
            from_unix_ms,
            count: 1,
            min: value,
            max: value,
            sum: value.into(),
        }
    }

    /// The mean, rounded towards zero.
    pub fn mean(&self) -> i64 {
        let mean = self.sum / i128::from(self.count.max(1));
        // Where the count has reached its end the mean is too large by itself.
        let within = mean.max(self.min.into()).min(self.max.into());
        i64::try_from(within).unwrap_or(self.max)
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Rollup) {
        self.count = self.count.saturating_add(other.count);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// The same values as part of a longer span.
    pub(super) fn at(self, step: Step) -> Rollup {
        Rollup {
            from_unix_ms: step.start(self.from_unix_ms),
            ..self
        }
    }

    /// False for what no values can give: damage that a checksum did not see.
    pub(super) fn is_sound(&self) -> bool {
        let count = i128::from(self.count);
        self.count > 0
            && self.min <= self.max
            && i128::from(self.min).saturating_mul(count) <= self.sum
            && self.sum <= i128::from(self.max).saturating_mul(count)
    }
}
