//! What a monitor remembers: its state, its last results, and what its policy counts. Bounded.

use std::collections::VecDeque;

use mailward_api::view::health::{Evidence, HealthState};

use super::{Rule, trend::Hours};
use crate::Now;

/// Results of a window that are kept; where more came within it, the newest count.
pub const WINDOW_RESULTS_MAX: usize = 256;
/// Results over which changes are counted (Icinga).
const FLAP_RESULTS: u32 = 20;
/// Weighted changes, of a hundred, above which it flaps, and below which it does so no longer.
const FLAP_BEGIN_PERCENT: u32 = 30;
const FLAP_END_PERCENT: u32 = 25;

/// One result in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) at_ms: u64,
    pub(super) value: i64,
    pub(super) bad: bool,
}

/// What a monitor remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorState {
    /// The state.
    pub phase: HealthState,
    /// Since when.
    pub since: Now,
    /// The first bad result of the present trouble: where its time is counted from.
    pub first_bad: Option<Now>,
    /// Good results in a row.
    pub good_run: u32,
    /// True while it changes to and fro too often to be believed for long.
    pub flapping: bool,
    /// The lowest value of each hour, for a trend.
    pub hours: Hours,
    /// The last results as the policy judged them, the newest lowest; a set bit is a bad one.
    bad_bits: u64,
    /// How many results the bits hold.
    pub(super) seen: u32,
    /// When the last result was that said anything.
    pub(super) last_evidence: Now,
    /// When the last result came, be it good or bad.
    pub(super) last_arrival: Now,
    /// The state a relapse returns to.
    pub(super) fell_from: HealthState,
    /// The results within the window of the policy, oldest first.
    pub(super) window: VecDeque<Point>,
    /// Since when a measure has been beyond its limit, or a notice has stood.
    pub(super) beyond_since: Option<Now>,
}

impl MonitorState {
    /// A monitor that has heard nothing yet.
    pub fn new(now: Now) -> Self {
        MonitorState {
            phase: HealthState::Unknown,
            since: now,
            first_bad: None,
            good_run: 0,
            flapping: false,
            hours: Hours::default(),
            bad_bits: 0,
            seen: 0,
            last_evidence: now,
            last_arrival: now,
            fell_from: HealthState::Degraded,
            window: VecDeque::new(),
            beyond_since: None,
        }
    }

    /// True where the next result should not wait for the next slot: bad may begin here, or end.
    pub fn wants_recheck(&self, rule: &Rule) -> bool {
        let begins = self.phase == HealthState::Suspect
            || (self.phase == HealthState::Unknown && self.first_bad.is_some());
        let ends = self.is_confirmed_bad() && self.good_run > 0;
        rule.policy.rechecks() && (begins || ends)
    }

    /// True in a state that says "bad" and was confirmed.
    pub fn is_confirmed_bad(&self) -> bool {
        matches!(
            self.phase,
            HealthState::Degraded | HealthState::Unhealthy | HealthState::Unrecoverable
        )
    }

    /// True in a state that says "good", be it on probation.
    pub fn is_good(&self) -> bool {
        matches!(self.phase, HealthState::Healthy | HealthState::Recovering)
    }

    /// When the last result came.
    pub(crate) fn last_arrival(&self) -> Now {
        self.last_arrival
    }

    /// When the last result was that said anything.
    pub(crate) fn last_evidence(&self) -> Now {
        self.last_evidence
    }

    /// Since when a measure has been beyond its limit, or a notice has stood.
    pub(crate) fn beyond_since(&self) -> Option<Now> {
        self.beyond_since
    }

    /// How old the newest result is that said anything, in milliseconds.
    pub fn evidence_age_ms(&self, now: Now) -> u64 {
        now.since(self.last_evidence)
    }

    /// Only what comes from here on counts: results from before a blindness are old.
    pub(super) fn forget_results(&mut self) {
        (self.bad_bits, self.seen, self.first_bad, self.good_run) = (0, 0, None, 0);
        self.window.clear();
        self.beyond_since = None;
    }

    /// Takes the policy's word on an evaluation in. `result` is false where no result came and only
    /// time has passed: such a word counts once, however often it is said.
    pub(super) fn register(&mut self, evidence: Evidence, took_ms: u64, result: bool, now: Now) {
        let bad = match evidence {
            Evidence::None => return,
            Evidence::Good => false,
            Evidence::Bad => true,
        };
        let news = result || self.seen == 0 || (self.bad_bits & 1 == 1) != bad;
        if news {
            self.bad_bits = self.bad_bits << 1 | u64::from(bad);
            self.seen = (self.seen + 1).min(64);
            self.judge_flapping();
        }
        if bad {
            self.good_run = 0;
            self.first_bad.get_or_insert(now.before(took_ms));
        } else if news {
            self.good_run = self.good_run.saturating_add(1);
        }
    }

    /// Adds a result to the window and drops what has left it.
    pub(super) fn slide(&mut self, point: Point, window_ms: u64) {
        let from_ms = point.at_ms.saturating_sub(window_ms);
        self.window.push_back(point);
        while self.window.len() > WINDOW_RESULTS_MAX
            || self.window.front().is_some_and(|p| p.at_ms < from_ms)
        {
            self.window.pop_front();
        }
    }

    /// As [`MonitorState::slide`], but results less than `apart_ms` after the one before are one
    /// with it.
    pub(super) fn slide_apart(&mut self, point: Point, window_ms: u64, apart_ms: u64) {
        match self.window.back_mut() {
            Some(last) if point.at_ms.saturating_sub(last.at_ms) < apart_ms => {
                last.bad |= point.bad;
            }
            _ => self.slide(point, window_ms),
        }
    }

    /// Bad results in a row, up to the newest.
    pub(super) fn bad_run(&self) -> u32 {
        self.bad_bits.trailing_ones().min(self.seen)
    }

    /// Bad results among the last ones.
    pub(super) fn bad_among(&self, last: u32) -> u32 {
        let mask = 1u64.checked_shl(last).map_or(u64::MAX, |bit| bit - 1);
        (self.bad_bits & mask).count_ones()
    }

    /// Weighted changes among the last results, of a hundred: the newest weigh half as much again as
    /// the oldest.
    pub fn changes_percent(&self) -> u32 {
        let changes = self.bad_bits ^ (self.bad_bits >> 1);
        let pairs = self.seen.saturating_sub(1).min(FLAP_RESULTS);
        let weighted: u32 = (0..pairs)
            .filter(|age| changes >> age & 1 == 1)
            .map(|age| 120 - 2 * age)
            .sum();
        weighted / FLAP_RESULTS
    }

    fn judge_flapping(&mut self) {
        let percent = self.changes_percent();
        let limit = if self.flapping {
            FLAP_END_PERCENT - 1
        } else {
            FLAP_BEGIN_PERCENT
        };
        self.flapping = percent > limit;
    }

    pub(super) fn enter(&mut self, to: HealthState, now: Now) {
        let from = std::mem::replace(&mut self.phase, to);
        self.since = now;
        match to {
            HealthState::Healthy => self.first_bad = None,
            HealthState::Recovering => self.fell_from = from,
            _ => {}
        }
    }
}
