//! The rule of a monitor: when bad results are believed, and how long each state lasts. Data only.

use std::{borrow::Cow, time::Duration};

use mailward_model::unit::Span;

/// The most results that [`Policy::Of`] looks at.
pub const LAST_MAX: u32 = 64;

/// The name of a measure, as a probe gives it: `free_octets`, `sync_us`.
pub type MeasureName = Cow<'static, str>;

/// What a latency policy looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// How long the probe took.
    Took,
    /// A measure; in microseconds where its name ends in `_us`, in milliseconds otherwise.
    Measure(MeasureName),
}

/// The side of a limit that is the bad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// More than so much.
    Above(i64),
    /// Less than so much.
    Below(i64),
}

/// When bad results are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// So many in a row.
    Consecutive(u32),
    /// So many among the last ones.
    Of {
        /// How many.
        bad: u32,
        /// Among how many; at most [`LAST_MAX`].
        last: u32,
    },
    /// So much of what came within a window.
    Percent {
        /// Of a hundred.
        bad_percent: u32,
        /// Length of the window, in milliseconds.
        window_ms: u64,
        /// Fewer results say nothing.
        at_least: u32,
    },
    /// Too slow, as most of what came within a window. What a probe calls slow counts as over the
    /// limit; a result that failed says nothing about how fast it is.
    Latency {
        /// What is looked at.
        timing: Timing,
        /// So many of a hundred have to be within the limit.
        percentile: u32,
        /// The limit, in milliseconds.
        over_ms: u64,
        /// Length of the window, in milliseconds.
        window_ms: u64,
        /// Fewer results say nothing.
        at_least: u32,
    },
    /// A measure that will be down to its floor soon, at the pace of the last week.
    Trend {
        /// Which.
        measure: MeasureName,
        /// Where it must not come to.
        floor: i64,
        /// In so many days is too soon.
        days_left: u32,
    },
    /// A measure on the bad side of a limit for some time.
    Threshold {
        /// Which.
        measure: MeasureName,
        /// The limit and its bad side.
        beyond: Beyond,
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// A result that should have come and has not. Its lack is evidence here, not blindness.
    Absence {
        /// From one to the next, in milliseconds.
        expected_every_ms: u64,
        /// And so much more, in milliseconds.
        grace_ms: u64,
    },
    /// A notice of trouble that nobody repeats: it counts until the all-clear, or until it is old.
    Latch {
        /// In milliseconds.
        expiry_ms: u64,
    },
}

impl Policy {
    /// The kind of the policy, in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Policy::Consecutive(_) => "consecutive",
            Policy::Of { .. } => "of",
            Policy::Percent { .. } => "percent",
            Policy::Latency { .. } => "latency",
            Policy::Trend { .. } => "trend",
            Policy::Threshold { .. } => "threshold",
            Policy::Absence { .. } => "absence",
            Policy::Latch { .. } => "latch",
        }
    }

    /// The measure it reads, where it reads one.
    pub fn measure(&self) -> Option<&str> {
        match self {
            Policy::Latency {
                timing: Timing::Measure(measure),
                ..
            }
            | Policy::Trend { measure, .. }
            | Policy::Threshold { measure, .. } => Some(measure),
            _ => None,
        }
    }

    /// True where a doubtful result is worth a second look at once. Elsewhere a look more would
    /// only weigh the bad moment twice.
    pub fn rechecks(&self) -> bool {
        matches!(self, Policy::Consecutive(_) | Policy::Of { .. })
    }

    /// True where silence blinds the observer. Where it is the evidence itself, or the ordinary
    /// thing, it does not.
    pub(super) fn can_be_blind(&self) -> bool {
        !matches!(self, Policy::Absence { .. } | Policy::Latch { .. })
    }
}

/// The rule of a monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// When bad results are believed.
    pub policy: Policy,
    /// How often its probe runs, in milliseconds.
    pub interval_ms: u64,
    /// How long its probe may take, in milliseconds.
    pub timeout_ms: u64,
    /// A doubtful result is checked again after the interval divided by this.
    pub recheck_parts: u64,
    /// Good results in a row that end a trouble.
    pub good_to_recover: u32,
    /// From the first bad result to Unhealthy, in milliseconds.
    pub unhealthy_after_ms: u64,
    /// From the first bad result to Unrecoverable, in milliseconds.
    pub unrecoverable_after_ms: u64,
    /// How long it is watched after a trouble, in milliseconds.
    pub probation_ms: u64,
}

/// A measured value for people: a span where the measure's name says so.
pub(super) fn amount(measure: &str, value: i64) -> String {
    match u64::try_from(value) {
        Ok(ms) if measure.ends_with("_ms") => span(ms / 1000 * 1000).to_string(),
        _ => value.to_string(),
    }
}

/// A span for people.
pub(super) fn span(ms: u64) -> Span {
    Span(Duration::from_millis(ms))
}

impl Rule {
    /// The rule in one sentence.
    pub fn sentence(&self) -> String {
        match &self.policy {
            Policy::Consecutive(1) => "bad after one failure".to_owned(),
            Policy::Consecutive(bad) => format!("bad after {bad} failures in a row"),
            Policy::Of { bad, last } => format!("bad after {bad} failures among the last {last}"),
            Policy::Percent {
                bad_percent,
                window_ms,
                at_least,
            } => format!(
                "bad when {bad_percent} % of the results within {} are bad, of at least {at_least}",
                span(*window_ms)
            ),
            Policy::Latency {
                timing,
                percentile,
                over_ms,
                window_ms,
                at_least,
            } => {
                let what = match timing {
                    Timing::Took => "the time a probe takes",
                    Timing::Measure(measure) => measure,
                };
                format!(
                    "bad when percentile {percentile} of {what} within {} is over {}, of at least {at_least} results",
                    span(*window_ms),
                    span(*over_ms)
                )
            }
            Policy::Trend {
                measure,
                floor,
                days_left,
            } => format!(
                "bad when {measure} will be down to {floor} within {days_left} days, at the pace of the last week"
            ),
            Policy::Threshold {
                measure,
                beyond,
                for_ms,
            } => {
                let limit = match beyond {
                    Beyond::Above(limit) => format!("above {}", amount(measure, *limit)),
                    Beyond::Below(limit) => format!("below {}", amount(measure, *limit)),
                };
                format!("bad when {measure} is {limit} for {}", span(*for_ms))
            }
            Policy::Absence {
                expected_every_ms,
                grace_ms,
            } => format!(
                "bad when the result expected every {} is more than {} late",
                span(*expected_every_ms),
                span(*grace_ms)
            ),
            Policy::Latch { expiry_ms } => format!(
                "bad from a bad notice until a good one, or for {}",
                span(*expiry_ms)
            ),
        }
    }

    /// The pause before a doubtful result is checked again: a part of the interval, between a
    /// quarter of a second and a minute.
    pub fn recheck_ms(&self) -> u64 {
        (self.interval_ms / self.recheck_parts.max(1)).clamp(250, 60_000)
    }

    /// The longest time from the moment in which the target falls silent until that is believed:
    /// the probe has just passed, and each look ends by its time limit. `None` where the policy does
    /// not count failures in a row.
    pub fn noticed_within_ms(&self) -> Option<u64> {
        let Policy::Consecutive(bad) = self.policy else {
            return None;
        };
        let looks = u64::from(bad).saturating_mul(self.timeout_ms);
        let pauses = u64::from(bad.saturating_sub(1)).saturating_mul(self.recheck_ms());
        Some(
            self.interval_ms
                .saturating_add(looks)
                .saturating_add(pauses),
        )
    }

    /// The rule as an observer applies it that is itself under strain: it asks for more before it
    /// believes. `strain` 0 changes nothing.
    pub fn strained(mut self, strain: u32) -> Rule {
        self.policy.strain(strain);
        self
    }

    /// Milliseconds without evidence after which the observer is blind.
    pub fn blind_after_ms(&self) -> u64 {
        self.interval_ms
            .saturating_mul(3)
            .saturating_add(self.timeout_ms)
    }
}

impl Policy {
    /// Asks for more: half as much again for each step.
    fn strain(&mut self, strain: u32) {
        let more = |n: u32| n.saturating_add(n.saturating_mul(strain) / 2);
        let longer = |ms: u64| ms.saturating_add(ms.saturating_mul(u64::from(strain)) / 2);
        match self {
            Policy::Consecutive(bad) => *bad = more(*bad),
            Policy::Of { bad, last } => {
                *bad = more(*bad).min(LAST_MAX);
                *last = more(*last).min(LAST_MAX);
            }
            Policy::Percent { at_least, .. } => *at_least = more(*at_least),
            Policy::Latency {
                over_ms, at_least, ..
            } => {
                *over_ms = longer(*over_ms);
                *at_least = more(*at_least);
            }
            Policy::Absence { grace_ms, .. } => *grace_ms = longer(*grace_ms),
            // What was measured does not hang on how well the observer does.
            Policy::Trend { .. } | Policy::Threshold { .. } | Policy::Latch { .. } => {}
        }
    }
}
