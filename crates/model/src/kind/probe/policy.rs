//! How the results of a probe object are judged, where failures counted one by one do not say it.
//!
//! Never here: the judgement itself. The fields go by the names of the properties that an override
//! changes ([`super::super::properties`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::in_range;
use crate::{FieldError, unit::Span};

/// The longest window, and the longest wait for a result or an all-clear, in milliseconds: as long as
/// an override may make it.
const WINDOW_MS: std::ops::RangeInclusive<u64> = 1_000..=604_800_000;
const WAIT_MS: std::ops::RangeInclusive<u64> = 1_000..=2_592_000_000;
const WAIT_MS_FROM_NONE: std::ops::RangeInclusive<u64> = 0..=2_592_000_000;
const OVER_MS: std::ops::RangeInclusive<u64> = 1..=3_600_000;
const AT_LEAST: std::ops::RangeInclusive<u64> = 1..=256;
const DAYS_LEFT: std::ops::RangeInclusive<u64> = 1..=365;
const PERCENT: std::ops::RangeInclusive<u64> = 1..=100;
/// Octets of a measure's name.
const MEASURE_OCTETS: usize = 128;

/// When results are a trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ProbePolicy {
    /// So much of what came within a window failed.
    Percent {
        /// Of a hundred.
        bad_percent: u32,
        /// How long the window is.
        window: Span,
        /// Fewer results say nothing.
        #[serde(default = "results")]
        at_least: u32,
    },
    /// It is too slow, as most of what came within a window.
    Latency {
        /// The measure that is looked at, in milliseconds, or in microseconds where its name ends in
        /// `_us`; how long the probe took where unset.
        #[serde(default)]
        measure: Option<String>,
        /// So many of a hundred have to be within the limit.
        #[serde(default = "percentile")]
        percentile: u32,
        /// The limit.
        over: Span,
        /// How long the window is.
        #[serde(default = "window")]
        window: Span,
        /// Fewer results say nothing.
        #[serde(default = "results")]
        at_least: u32,
    },
    /// A measure is beyond a limit for some time.
    Threshold {
        /// Which.
        measure: String,
        /// More than this is beyond it. Either this or `below`.
        #[serde(default)]
        above: Option<i64>,
        /// Less than this is beyond it.
        #[serde(default)]
        below: Option<i64>,
        /// For how long.
        #[serde(default = "at_once", rename = "for")]
        lasting: Span,
    },
    /// A measure will be down to its floor soon, at the pace of the last week.
    Trend {
        /// Which.
        measure: String,
        /// Where it must not come to.
        floor: i64,
        /// In so many days is too soon.
        #[serde(default = "days_left")]
        days_left: u32,
    },
    /// A report that should have come has not. What it says is of no weight here.
    Absence {
        /// From one report to the next.
        expected_every: Span,
        /// So much late is not missing.
        #[serde(default = "at_once")]
        grace: Span,
    },
    /// A report of trouble counts until one that all is well, or until it is old.
    Latch {
        /// How old.
        expiry: Span,
    },
}

fn results() -> u32 {
    10
}

fn percentile() -> u32 {
    90
}

fn days_left() -> u32 {
    7
}

fn window() -> Span {
    Span::from_secs(600)
}

fn at_once() -> Span {
    Span(Duration::ZERO)
}

impl ProbePolicy {
    /// The word for its kind, as in its object.
    pub fn word(&self) -> &'static str {
        match self {
            ProbePolicy::Percent { .. } => "percent",
            ProbePolicy::Latency { .. } => "latency",
            ProbePolicy::Threshold { .. } => "threshold",
            ProbePolicy::Trend { .. } => "trend",
            ProbePolicy::Absence { .. } => "absence",
            ProbePolicy::Latch { .. } => "latch",
        }
    }

    /// True where only what is reported counts, in the moment in which it comes: nothing is looked
    /// at by the clock.
    pub fn hears_reports_alone(&self) -> bool {
        matches!(
            self,
            ProbePolicy::Absence { .. } | ProbePolicy::Latch { .. }
        )
    }

    pub(super) fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let at = |field: &str| format!("policy.{}.{field}", self.word());
        let mut number = |field: &str, number: u32, range| {
            in_range(&mut errors, &at(field), u64::from(number), range);
        };
        match self {
            ProbePolicy::Percent {
                bad_percent,
                at_least,
                ..
            } => {
                number("bad_percent", *bad_percent, PERCENT);
                number("at_least", *at_least, AT_LEAST);
            }
            ProbePolicy::Latency {
                percentile,
                at_least,
                ..
            } => {
                number("percentile", *percentile, PERCENT);
                number("at_least", *at_least, AT_LEAST);
            }
            ProbePolicy::Trend { days_left, .. } => number("days_left", *days_left, DAYS_LEFT),
            _ => {}
        }
        for (field, span, range) in self.spans() {
            let ms = u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX);
            if !range.contains(&ms) {
                let end = |ms: u64| Span(Duration::from_millis(ms));
                errors.push(FieldError::new(
                    at(field),
                    format!("{span} is out of range"),
                    format!("use {} to {}", end(*range.start()), end(*range.end())),
                ));
            }
        }
        if let Some(measure) = self.measure()
            && (measure.is_empty()
                || measure.len() > MEASURE_OCTETS
                || measure.chars().any(char::is_control))
        {
            errors.push(FieldError::new(
                at("measure"),
                "it is empty, too long, or has a control character",
                "`mailward health probe run NAME` shows what a probe measures",
            ));
        }
        if let ProbePolicy::Threshold { above, below, .. } = self
            && above.is_some() == below.is_some()
        {
            errors.push(FieldError::new(
                at("above"),
                "a threshold has one bad side, above or below",
                "write one of the two",
            ));
        }
        errors
    }

    /// The measure it reads, where it reads one.
    fn measure(&self) -> Option<&str> {
        match self {
            ProbePolicy::Latency { measure, .. } => measure.as_deref(),
            ProbePolicy::Threshold { measure, .. } | ProbePolicy::Trend { measure, .. } => {
                Some(measure)
            }
            _ => None,
        }
    }

    /// Its lengths of time, each with what it may be.
    fn spans(&self) -> Vec<(&'static str, Span, std::ops::RangeInclusive<u64>)> {
        match self {
            ProbePolicy::Percent { window, .. } => vec![("window", *window, WINDOW_MS)],
            ProbePolicy::Latency { over, window, .. } => {
                vec![("over", *over, OVER_MS), ("window", *window, WINDOW_MS)]
            }
            ProbePolicy::Threshold { lasting, .. } => vec![("for", *lasting, WAIT_MS_FROM_NONE)],
            ProbePolicy::Trend { .. } => Vec::new(),
            ProbePolicy::Absence {
                expected_every,
                grace,
            } => vec![
                ("expected_every", *expected_every, WAIT_MS),
                ("grace", *grace, WAIT_MS_FROM_NONE),
            ],
            ProbePolicy::Latch { expiry } => vec![("expiry", *expiry, WAIT_MS)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields that are wrong of a policy as it stands in an object.
    #[track_caller]
    fn check(json: &str, wrong: &[&str]) {
        let policy: ProbePolicy = serde_json::from_str(json).unwrap();
        let fields: Vec<String> = policy.validate().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, wrong, "{json}");
        let again = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<ProbePolicy>(&again).unwrap(), policy);
    }

    #[test]
    fn each_is_read_and_judged_by_its_fields() {
        check(r#"{"percent":{"bad_percent":40,"window":"1h"}}"#, &[]);
        check(
            r#"{"percent":{"bad_percent":0,"window":"8d","at_least":257}}"#,
            &[
                "policy.percent.bad_percent",
                "policy.percent.at_least",
                "policy.percent.window",
            ],
        );
        check(r#"{"latency":{"over":"2s"}}"#, &[]);
        check(
            r#"{"latency":{"over":"2s","percentile":101,"measure":""}}"#,
            &["policy.latency.percentile", "policy.latency.measure"],
        );
        check(
            r#"{"threshold":{"measure":"load1","above":8,"for":"5m"}}"#,
            &[],
        );
        for sides in ["", r#","above":8,"below":1"#] {
            let json = format!(r#"{{"threshold":{{"measure":"load1"{sides}}}}}"#);
            check(&json, &["policy.threshold.above"]);
        }
        check(r#"{"trend":{"measure":"free","floor":0}}"#, &[]);
        check(
            r#"{"trend":{"measure":"free","floor":0,"days_left":366}}"#,
            &["policy.trend.days_left"],
        );
        check(r#"{"absence":{"expected_every":"1d","grace":"1h"}}"#, &[]);
        check(
            r#"{"absence":{"expected_every":"0s"}}"#,
            &["policy.absence.expected_every"],
        );
        check(r#"{"latch":{"expiry":"1d"}}"#, &[]);
        check(r#"{"latch":{"expiry":"31d"}}"#, &["policy.latch.expiry"]);
        let unknown = serde_json::from_str::<ProbePolicy>(r#"{"latch":{"expires":"1d"}}"#);
        assert!(unknown.unwrap_err().to_string().contains("expires"));
    }
}
