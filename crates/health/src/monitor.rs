//! Monitors: from the evidence of a probe to the state of what it looks at. Pure.
//!
//! ```text
//! Unknown ─Good─► Healthy ─Bad─► Suspect ─confirmed─► Degraded ─60 s─► Unhealthy ─► Unrecoverable
//!                    ▲              │Good                └──────────┬──────┴─────────────┘
//!                    └──────────────┴────────── Recovering ◄─Good ×2┘   (Bad: back where it was)
//! no evidence for 3 intervals ─► Unavailable ─evidence─► Unknown
//! ```
//!
//! Invariant: no evidence never makes anything worse than Unavailable, and Unavailable repairs
//! nothing. One bad result never confirms anything, unless the rule says one is enough.

use mailward_api::view::health::{Evidence, HealthState};
use mailward_model::Decision;

use crate::Now;

/// When bad results are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// So many in a row.
    Consecutive(u32),
    /// So many among the last ones.
    Of {
        /// How many.
        bad: u32,
        /// Among how many; at most 64.
        last: u32,
    },
}

/// The rule of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// When bad results are believed.
    pub policy: Policy,
    /// How often its probe runs, in milliseconds.
    pub interval_ms: u64,
    /// How long its probe may take, in milliseconds.
    pub timeout_ms: u64,
    /// Good results in a row that end a trouble.
    pub good_to_recover: u32,
    /// From the first bad result to Unhealthy, in milliseconds.
    pub unhealthy_after_ms: u64,
    /// From the first bad result to Unrecoverable, in milliseconds.
    pub unrecoverable_after_ms: u64,
    /// How long it is watched after a trouble, in milliseconds.
    pub probation_ms: u64,
}

impl Rule {
    /// The rule in one sentence.
    pub fn sentence(&self) -> String {
        match self.policy {
            Policy::Consecutive(1) => "bad after one failure".to_owned(),
            Policy::Consecutive(bad) => format!("bad after {bad} failures in a row"),
            Policy::Of { bad, last } => format!("bad after {bad} failures among the last {last}"),
        }
    }

    /// The pause before a doubtful result is checked again: a quarter of the interval, between a
    /// quarter of a second and a minute.
    pub fn recheck_ms(&self) -> u64 {
        (self.interval_ms / 4).clamp(250, 60_000)
    }

    /// The rule as an observer applies it that is itself under strain: it asks for more before it
    /// believes. `strain` 0 changes nothing.
    pub fn strained(mut self, strain: u32) -> Rule {
        let scale = |n: u32| n.saturating_add(n.saturating_mul(strain) / 2);
        self.policy = match self.policy {
            Policy::Consecutive(bad) => Policy::Consecutive(scale(bad)),
            Policy::Of { bad, last } => Policy::Of {
                bad: scale(bad).min(64),
                last: scale(last).min(64),
            },
        };
        self
    }

    /// Milliseconds without evidence after which the observer is blind.
    fn blind_after_ms(&self) -> u64 {
        3 * self.interval_ms + self.timeout_ms
    }
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
    /// The last results, the newest lowest; a set bit is a bad one.
    bad_bits: u64,
    /// How many results the bits hold.
    seen: u32,
    /// When the last result was that said anything.
    last_evidence: Now,
    /// The state a relapse returns to.
    fell_from: HealthState,
}

/// What a monitor hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A result of its probe, which took so long.
    Sample {
        /// What it says.
        evidence: Evidence,
        /// How long the probe ran, in milliseconds: the trouble began before it.
        took_ms: u64,
    },
    /// Time passed.
    Tick,
    /// No stage of recovery is left.
    GivenUp,
}

impl MonitorState {
    /// A monitor that has heard nothing yet.
    pub fn new(now: Now) -> Self {
        MonitorState {
            phase: HealthState::Unknown,
            since: now,
            first_bad: None,
            good_run: 0,
            bad_bits: 0,
            seen: 0,
            last_evidence: now,
            fell_from: HealthState::Degraded,
        }
    }

    /// True where the next result should not wait for the next slot.
    pub fn wants_recheck(&self) -> bool {
        self.phase == HealthState::Suspect
            || (self.phase == HealthState::Unknown && self.first_bad.is_some())
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

    fn register(&mut self, bad: bool, took_ms: u64, now: Now) {
        if self.phase == HealthState::Unavailable {
            // Only what comes from here on counts: results from before the blindness are old.
            (self.bad_bits, self.seen, self.first_bad, self.good_run) = (0, 0, None, 0);
        }
        self.bad_bits = self.bad_bits << 1 | u64::from(bad);
        self.seen = (self.seen + 1).min(64);
        self.last_evidence = now;
        if bad {
            self.good_run = 0;
            self.first_bad.get_or_insert(now.before(took_ms));
        } else {
            self.good_run = self.good_run.saturating_add(1);
        }
    }

    fn bad_among(&self, last: u32) -> u32 {
        let mask = 1u64.checked_shl(last).map_or(u64::MAX, |bit| bit - 1);
        (self.bad_bits & mask).count_ones()
    }

    fn confirmed(&self, policy: Policy) -> bool {
        match policy {
            Policy::Consecutive(bad) => self.seen >= bad && self.bad_bits.trailing_ones() >= bad,
            Policy::Of { bad, last } => self.bad_among(last) >= bad,
        }
    }

    fn cleared(&self, policy: Policy) -> bool {
        match policy {
            Policy::Consecutive(_) => self.good_run > 0,
            Policy::Of { last, .. } => self.bad_among(last) == 0,
        }
    }
}

/// What a monitor's state becomes, and why.
pub fn next(before: &MonitorState, rule: &Rule, input: Input, now: Now) -> Decision<MonitorState> {
    let mut state = before.clone();
    let evidence = match input {
        Input::Sample { evidence, took_ms } => {
            match evidence {
                Evidence::Good => state.register(false, took_ms, now),
                Evidence::Bad => state.register(true, took_ms, now),
                Evidence::None => {}
            }
            evidence
        }
        Input::Tick | Input::GivenUp => Evidence::None,
    };
    let (phase, because) = phase_after(&state, rule, input, evidence, now);
    if phase != before.phase {
        state.since = now;
        state.enter(before.phase, phase);
    }
    Decision::plain(state, because)
}

impl MonitorState {
    fn enter(&mut self, from: HealthState, to: HealthState) {
        self.phase = to;
        match to {
            HealthState::Healthy => self.first_bad = None,
            HealthState::Recovering => self.fell_from = from,
            _ => {}
        }
    }
}

/// The table of transitions.
fn phase_after(
    state: &MonitorState,
    rule: &Rule,
    input: Input,
    evidence: Evidence,
    now: Now,
) -> (HealthState, String) {
    use HealthState::{
        Degraded, Disabled, Healthy, Recovering, Suspect, Unavailable, Unhealthy, Unknown,
        Unrecoverable,
    };
    let stay = |because: &str| (state.phase, because.to_owned());
    if state.phase == Disabled {
        return stay("it is switched off");
    }
    let silent_ms = now.since(state.last_evidence);
    if evidence == Evidence::None && silent_ms > rule.blind_after_ms() {
        return (
            Unavailable,
            format!("no result said anything for {} s", silent_ms / 1000),
        );
    }
    let confirmed = evidence == Evidence::Bad && state.confirmed(rule.policy);
    let well = evidence == Evidence::Good && state.good_run >= rule.good_to_recover;
    let trouble_ms = state.first_bad.map_or(0, |first| now.since(first));
    let well_again = || {
        (
            Recovering,
            format!("{} good results in a row", state.good_run),
        )
    };
    match (state.phase, evidence) {
        (Unavailable, Evidence::None) => stay("still no result that says anything"),
        (Unavailable, _) => (Unknown, "results say something again".to_owned()),
        (Unknown, Evidence::Good) => (Healthy, "the first result is good".to_owned()),
        (Healthy, Evidence::Bad) if !confirmed => (Suspect, "one bad result".to_owned()),
        (Unknown | Healthy | Suspect, Evidence::Bad) if confirmed => (Degraded, rule.sentence()),
        (Suspect, Evidence::Good) if state.cleared(rule.policy) => {
            (Healthy, "the result was good again".to_owned())
        }
        (Degraded | Unhealthy | Unrecoverable, _) if well => well_again(),
        (Degraded, _) if trouble_ms >= rule.unhealthy_after_ms && state.good_run == 0 => (
            Unhealthy,
            format!("still bad after {} s", trouble_ms / 1000),
        ),
        (Degraded | Unhealthy, _) if input == Input::GivenUp => {
            (Unrecoverable, "no stage of recovery is left".to_owned())
        }
        (Unhealthy, _) if trouble_ms >= rule.unrecoverable_after_ms && state.good_run == 0 => (
            Unrecoverable,
            format!("still bad after {} s", trouble_ms / 1000),
        ),
        (Recovering, Evidence::Bad) => (state.fell_from, "a bad result on probation".to_owned()),
        (Recovering, _) if now.since(state.since) >= rule.probation_ms => {
            (Healthy, "it stayed well during probation".to_owned())
        }
        _ => stay("nothing that changes it"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: Rule = Rule {
        policy: Policy::Consecutive(3),
        interval_ms: 20_000,
        timeout_ms: 10_000,
        good_to_recover: 2,
        unhealthy_after_ms: 60_000,
        unrecoverable_after_ms: 1_800_000,
        probation_ms: 600_000,
    };

    /// Plays `G`, `B`, `N` (none), `t` (tick) five seconds apart, `!` (given up), `m` (a minute
    /// passes); returns the states passed through, by their first letters.
    fn play(rule: &Rule, script: &str) -> String {
        let mut now = Now::default();
        let mut state = MonitorState::new(now);
        let mut passed = String::new();
        for c in script.chars() {
            let sample = |evidence| Input::Sample {
                evidence,
                took_ms: 0,
            };
            now.mono_ms += if c == 'm' { 60_000 } else { 5_000 };
            now.unix_ms = now.mono_ms;
            let input = match c {
                'G' => sample(Evidence::Good),
                'B' => sample(Evidence::Bad),
                'N' => sample(Evidence::None),
                '!' => Input::GivenUp,
                _ => Input::Tick,
            };
            let after = next(&state, rule, input, now).chosen;
            if after.phase != state.phase {
                passed.push_str(match after.phase {
                    HealthState::Unknown => "?",
                    HealthState::Healthy => "H",
                    HealthState::Suspect => "S",
                    HealthState::Degraded => "D",
                    HealthState::Unhealthy => "U",
                    HealthState::Unrecoverable => "X",
                    HealthState::Recovering => "R",
                    HealthState::Unavailable => "_",
                    HealthState::Disabled => "0",
                });
            }
            state = after;
        }
        passed
    }

    #[test]
    fn states_follow_the_table() {
        for (script, expect) in [
            ("G", "H"),
            ("GB", "HS"),
            ("GBG", "HSH"),
            ("GBBB", "HSD"),
            ("GBBGBB", "HSHS"),
            ("BB", ""),
            ("BBB", "D"),
            ("GBBBGG", "HSDR"),
            ("GBBBGB", "HSD"),
            ("GBBBGGB", "HSDRD"),
            ("GBBBmB", "HSDU"),
            ("GBBBm!B", "HSDUX"),
            ("GBBB!", "HSDX"),
            ("GBBBm!GG", "HSDUXR"),
            ("GBBBGGmGmGmGmGmGmGmGmGmGmG", "HSDRH"),
            ("GNNNN", "H"),
            ("Gmm", "H_"),
            ("GmmG", "H_?"),
            ("GmmGG", "H_?H"),
            ("GBmmB", "HS_?"),
            ("mm", "_"),
        ] {
            assert_eq!(play(&RULE, script), expect, "{script}");
        }
        let rule = Rule {
            policy: Policy::Of { bad: 2, last: 4 },
            ..RULE
        };
        for (script, expect) in [("GBGB", "HSD"), ("GBGGGG", "HSH"), ("GBGGGB", "HS")] {
            assert_eq!(play(&rule, script), expect, "{script}");
        }
    }

    #[test]
    fn a_strained_observer_asks_for_more() {
        assert_eq!(RULE.strained(0), RULE);
        assert_eq!(RULE.strained(4).policy, Policy::Consecutive(9));
    }

    proptest! {
        #[test]
        fn only_confirmed_evidence_condemns(script in "[GBNtm]{0,120}") {
            // Fewer than three bad results in a row, whatever lies between, condemn nothing.
            let tame = {
                let mut run = 0;
                script.chars().filter(|c| match c {
                    'B' => { run += 1; run < 3 }
                    'G' => { run = 0; true }
                    _ => true,
                }).collect::<String>()
            };
            let passed = play(&RULE, &tame);
            prop_assert!(!passed.contains(['D', 'U', 'X']), "{tame} {passed}");
        }

        #[test]
        fn no_evidence_condemns_nothing(script in "[GNtm]{0,60}") {
            let passed = play(&RULE, &script);
            prop_assert!(!passed.contains(['S', 'D', 'U', 'X', 'R']));
        }

        #[test]
        fn health_returns_only_with_good_results(script in "[BNtm!]{0,60}") {
            let passed = play(&RULE, &format!("BBB{script}"));
            prop_assert!(!passed.contains(['H', 'R']), "{passed}");
        }
    }
}
