//! What each policy says of a result, or of time that passed without one. Pure.
//!
//! Invariant: a policy calls nothing bad without a bad result, but for the two whose meaning it is:
//! absence (the lack of a result) and the latch (a notice that still stands).

use mailward_api::view::{ProbeView, health::Evidence};

use super::{
    Beyond, MonitorState, Policy, Rule, Timing,
    rule::{amount, span},
    state::Point,
    trend::HOURS_MIN,
};
use crate::Now;

const DAY_HOURS: u64 = 24;

/// A result, as far as a policy reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What it says about availability.
    pub evidence: Evidence,
    /// How long the probe ran, in milliseconds: a trouble began before it.
    pub took_ms: u64,
    /// True where the probe itself called it slow.
    pub slow: bool,
    /// The measure that the policy reads.
    pub value: Option<i64>,
}

impl Sample {
    /// A result without measures.
    pub fn plain(evidence: Evidence) -> Sample {
        Sample {
            evidence,
            took_ms: 0,
            slow: false,
            value: None,
        }
    }

    /// What `policy` reads of a probe's result.
    pub fn of(view: &ProbeView, policy: &Policy) -> Sample {
        let value = policy.measure().and_then(|name| {
            let measure = view.measures.iter().find(|measure| measure.name == name);
            measure.map(|measure| measure.value)
        });
        Sample {
            evidence: view.evidence,
            took_ms: view.took_ms,
            slow: view.verdict == "slow",
            value,
        }
    }
}

/// What a policy says of one evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What moves the state.
    pub(super) evidence: Evidence,
    /// Something bad was seen that confirms nothing yet.
    pub(super) doubtful: bool,
    /// Enough bad was seen.
    pub(super) confirmed: bool,
    /// Nothing is left that a doubt could rest on.
    pub(super) cleared: bool,
    /// With numbers; empty where there is nothing to be said.
    pub(super) says: String,
}

impl Finding {
    pub(super) fn nothing() -> Finding {
        Finding::of(Evidence::None, String::new())
    }

    fn of(evidence: Evidence, says: String) -> Finding {
        Finding {
            evidence,
            doubtful: false,
            confirmed: evidence == Evidence::Bad,
            cleared: evidence == Evidence::Good,
            says,
        }
    }

    fn good(says: String) -> Finding {
        Finding::of(Evidence::Good, says)
    }

    fn bad(says: String) -> Finding {
        Finding::of(Evidence::Bad, says)
    }
}

/// Judges a result.
pub(super) fn sample(state: &mut MonitorState, rule: &Rule, sample: Sample, now: Now) -> Finding {
    if sample.evidence == Evidence::None {
        return Finding::nothing();
    }
    state.last_arrival = now;
    match &rule.policy {
        Policy::Consecutive(bad) => in_a_row(state, *bad, sample, now),
        Policy::Of { bad, last } => among(state, *bad, *last, sample, now),
        Policy::Percent {
            bad_percent,
            window_ms,
            at_least,
        } => {
            let point = Point {
                at_ms: now.mono_ms,
                value: 0,
                bad: sample.evidence == Evidence::Bad,
            };
            // A look more at a bad moment is no second one: results that come sooner than a probe's
            // interval makes them count as one, and a bad one of them as bad.
            state.slide_apart(point, *window_ms, rule.interval_ms / 2);
            percent(state, (*bad_percent, *window_ms, *at_least), sample, now)
        }
        Policy::Latency { .. } => latency(state, &rule.policy, sample, now),
        Policy::Trend {
            floor, days_left, ..
        } => trend(state, *floor, *days_left, sample, now),
        Policy::Threshold {
            measure,
            beyond,
            for_ms,
        } => threshold(state, (measure, *beyond, *for_ms), sample, now),
        Policy::Absence { .. } => {
            state.last_evidence = now;
            let finding = Finding::good("a result came".to_owned());
            state.register(finding.evidence, 0, true, now);
            finding
        }
        Policy::Latch { expiry_ms } => latch(state, *expiry_ms, sample, now),
    }
}

/// Judges that time has passed.
pub(super) fn tick(state: &mut MonitorState, rule: &Rule, now: Now) -> Finding {
    let finding = match rule.policy {
        Policy::Absence {
            expected_every_ms,
            grace_ms,
        } => {
            let silent_ms = now.since(state.last_arrival);
            if silent_ms <= expected_every_ms.saturating_add(grace_ms) {
                return Finding::nothing();
            }
            Finding::bad(format!(
                "no result for {}, one is expected every {}",
                seconds(silent_ms),
                span(expected_every_ms)
            ))
        }
        Policy::Latch { expiry_ms } => match state.beyond_since {
            Some(since) if now.since(since) > expiry_ms => {
                state.beyond_since = None;
                // The all-clear need not be said twice: nothing speaks of trouble any more.
                state.good_run = rule.good_to_recover;
                Finding::good(format!(
                    "the bad notice of {} ago has expired",
                    seconds(now.since(since))
                ))
            }
            Some(_) => return Finding::nothing(),
            None => Finding::good("no bad notice stands".to_owned()),
        },
        _ => return Finding::nothing(),
    };
    state.last_evidence = now;
    state.register(finding.evidence, 0, false, now);
    finding
}

fn seconds(ms: u64) -> String {
    span(ms / 1000 * 1000).to_string()
}

fn in_a_row(state: &mut MonitorState, limit: u32, sample: Sample, now: Now) -> Finding {
    state.last_evidence = now;
    state.register(sample.evidence, sample.took_ms, true, now);
    if sample.evidence == Evidence::Good {
        return Finding::good(String::new());
    }
    let run = state.bad_run();
    let limit = limit.min(u64::BITS);
    let says = match (run, limit) {
        (1, 1) => "one bad result, and one is enough".to_owned(),
        (1, _) => format!("one bad result, the limit is {limit} in a row"),
        _ => format!("{run} bad results in a row, the limit is {limit}"),
    };
    Finding {
        doubtful: true,
        confirmed: run >= limit,
        ..Finding::bad(says)
    }
}

fn among(state: &mut MonitorState, limit: u32, last: u32, sample: Sample, now: Now) -> Finding {
    state.last_evidence = now;
    state.register(sample.evidence, sample.took_ms, true, now);
    let bad = state.bad_among(last);
    let says = format!(
        "{bad} of the last {} results were bad, the limit is {limit}",
        last.min(state.seen)
    );
    if sample.evidence == Evidence::Good {
        return Finding {
            cleared: bad == 0,
            ..Finding::good(says)
        };
    }
    Finding {
        doubtful: true,
        confirmed: bad >= limit,
        ..Finding::bad(says)
    }
}

fn percent(
    state: &mut MonitorState,
    (limit, window_ms, at_least): (u32, u64, u32),
    sample: Sample,
    now: Now,
) -> Finding {
    state.last_evidence = now;
    let all = state.window.len() as u64;
    let bad = state.window.iter().filter(|point| point.bad).count() as u64;
    let is_bad = sample.evidence == Evidence::Bad;
    let enough = all >= u64::from(at_least.max(1));
    // Of fewer than are asked for, the others count as good: one bad result after a start is no doubt that
    // lasts until as many have come.
    let asked = all.max(u64::from(at_least));
    let half = bad * 200 >= asked.saturating_mul(u64::from(limit)) && bad > 0;
    let over = enough && bad > 0 && bad * 100 >= all.saturating_mul(u64::from(limit));
    let says = format!(
        "{} % of {all} results in {} were bad, the limit is {limit} %",
        bad * 100 / all.max(1),
        span(window_ms)
    );
    let says = if enough {
        says
    } else {
        format!("{says} of at least {at_least}")
    };
    // One bad result among few says neither that it works nor that it does not; nor does a good one
    // among many bad ones.
    let evidence = match (over, is_bad) {
        (true, true) => Evidence::Bad,
        (false, false) => Evidence::Good,
        (false, true) if enough => Evidence::Good,
        _ => Evidence::None,
    };
    state.register(evidence, sample.took_ms, true, now);
    Finding {
        // A share is doubted from half the limit on, so that one bad result in an hour does not keep
        // a doubt alive for as long as the window.
        doubtful: is_bad && half,
        cleared: !half,
        ..Finding::of(evidence, says)
    }
}

fn latency(state: &mut MonitorState, policy: &Policy, sample: Sample, now: Now) -> Finding {
    let Policy::Latency {
        timing,
        percentile,
        over_ms,
        window_ms,
        at_least,
    } = policy
    else {
        return Finding::nothing();
    };
    if sample.evidence == Evidence::Bad {
        // The observer is not blind: it sees a failure, which is another monitor's to judge.
        state.last_evidence = now;
        return Finding::nothing();
    }
    let value_us = match timing {
        Timing::Took => i64::try_from(sample.took_ms.saturating_mul(1000)).ok(),
        Timing::Measure(name) if name.ends_with("_us") => sample.value,
        Timing::Measure(_) => sample.value.map(|ms| ms.saturating_mul(1000)),
    };
    let value_us = match (value_us, timing) {
        (None, Timing::Took) => i64::MAX,
        (Some(value_us), _) => value_us,
        (None, Timing::Measure(_)) => return Finding::nothing(),
    };
    state.last_evidence = now;
    let limit_us = i64::try_from(over_ms.saturating_mul(1000)).unwrap_or(i64::MAX);
    let point = Point {
        at_ms: now.mono_ms,
        value: value_us,
        bad: value_us > limit_us || (sample.slow && *timing == Timing::Took),
    };
    state.slide(point, *window_ms);
    let all = state.window.len() as u64;
    let over = state.window.iter().filter(|point| point.bad).count() as u64;
    let rank = (all * u64::from((*percentile).min(100)))
        .div_ceil(100)
        .max(1);
    let enough = all >= u64::from((*at_least).max(1));
    let mut values: Vec<i64> = state.window.iter().map(|point| point.value).collect();
    let at = usize::try_from(rank - 1)
        .unwrap_or(0)
        .min(values.len().saturating_sub(1));
    let (_, found_us, _) = values.select_nth_unstable(at);
    let found_ms = *found_us / 1000;
    let mut says = format!(
        "percentile {percentile} of {all} results in {} is {found_ms} ms, the limit is {over_ms} ms",
        span(*window_ms)
    );
    if !enough {
        says.push_str(&format!(" of at least {at_least} results"));
    } else if *found_us <= limit_us && over > 0 {
        says.push_str(&format!(
            "; {over} were over it or called slow by the probe"
        ));
    }
    let finding = if enough && over > all - rank {
        Finding::bad(says)
    } else if !enough && point.bad {
        // A slow one among few says neither.
        Finding {
            says,
            ..Finding::nothing()
        }
    } else {
        Finding::good(says)
    };
    state.register(finding.evidence, sample.took_ms, true, now);
    finding
}

fn trend(
    state: &mut MonitorState,
    floor: i64,
    days_left: u32,
    sample: Sample,
    now: Now,
) -> Finding {
    let Some(value) = sample.value else {
        return unmeasured(state, sample, now);
    };
    state.last_evidence = now;
    state.hours.push(value, now.unix_ms);
    let limit_hours = u64::from(days_left).saturating_mul(DAY_HOURS);
    let hours = state.hours.span();
    let finding = if value <= floor {
        Finding::bad(format!("it is {value}, at or below the floor of {floor}"))
    } else if hours < HOURS_MIN {
        Finding::good(format!(
            "it is {value}, above the floor of {floor}; {hours} of {HOURS_MIN} h are known, too few for a trend"
        ))
    } else {
        let per_day = state.hours.per_day().unwrap_or(0);
        match state.hours.hours_left(value, floor) {
            Some(left) => {
                let says = format!(
                    "it is {value} and changes by {per_day} a day over {hours} h: {} days until {floor}, the limit is {days_left}",
                    left / DAY_HOURS
                );
                if left < limit_hours {
                    Finding::bad(says)
                } else {
                    Finding::good(says)
                }
            }
            None => Finding::good(format!(
                "it is {value} and does not fall: {per_day} a day over {hours} h"
            )),
        }
    };
    state.register(finding.evidence, sample.took_ms, true, now);
    finding
}

/// A result without the measure. One that failed is another monitor's to judge; any other says
/// nothing here, and after a while this monitor is blind.
fn unmeasured(state: &mut MonitorState, sample: Sample, now: Now) -> Finding {
    if sample.evidence == Evidence::Bad {
        state.last_evidence = now;
    }
    Finding::nothing()
}

fn threshold(
    state: &mut MonitorState,
    (measure, beyond, for_ms): (&str, Beyond, u64),
    sample: Sample,
    now: Now,
) -> Finding {
    let Some(value) = sample.value else {
        return unmeasured(state, sample, now);
    };
    state.last_evidence = now;
    let (is_beyond, limit, side) = match beyond {
        Beyond::Above(limit) => (value > limit, limit, "above"),
        Beyond::Below(limit) => (value < limit, limit, "below"),
    };
    if !is_beyond {
        state.beyond_since = None;
        state.register(Evidence::Good, sample.took_ms, true, now);
        let (value, limit) = (amount(measure, value), amount(measure, limit));
        return Finding::good(format!("it is {value}, the limit is {limit}"));
    }
    let since = *state.beyond_since.get_or_insert(now.before(sample.took_ms));
    let lasted_ms = now.since(since);
    state.register(Evidence::Bad, sample.took_ms, true, now);
    Finding {
        doubtful: true,
        confirmed: lasted_ms >= for_ms,
        ..Finding::bad(format!(
            "it is {}, {side} {} for {}, the limit is {}",
            amount(measure, value),
            amount(measure, limit),
            seconds(lasted_ms),
            span(for_ms)
        ))
    }
}

fn latch(state: &mut MonitorState, expiry_ms: u64, sample: Sample, now: Now) -> Finding {
    state.last_evidence = now;
    let finding = if sample.evidence == Evidence::Bad {
        // Another bad notice makes the trouble younger: the newest word counts.
        state.beyond_since = Some(now);
        Finding::bad(format!(
            "a bad notice; it counts until a good one, or for {}",
            span(expiry_ms)
        ))
    } else {
        state.beyond_since = None;
        Finding::good("a good notice".to_owned())
    };
    state.register(finding.evidence, sample.took_ms, true, now);
    finding
}
