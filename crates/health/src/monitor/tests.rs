//! Monitors played with: every policy as a table, and what must hold whatever comes.

use mailward_api::view::health::{Evidence, HealthState};
use proptest::prelude::*;

use super::*;
use crate::Now;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

fn rule(policy: Policy) -> Rule {
    // A percentage counts one result for half an interval; the scripts' results come every five
    // seconds.
    let interval_ms = match policy {
        Policy::Percent { .. } => 5_000,
        _ => 20_000,
    };
    Rule {
        policy,
        interval_ms,
        timeout_ms: 10_000,
        recheck_parts: 4,
        good_to_recover: 2,
        unhealthy_after_ms: 60_000,
        unrecoverable_after_ms: 1_800_000,
        probation_ms: 600_000,
    }
}

fn at(ms: u64) -> Now {
    Now {
        mono_ms: ms,
        unix_ms: ms,
    }
}

fn letter(state: HealthState) -> &'static str {
    match state {
        HealthState::Unknown => "?",
        HealthState::Healthy => "H",
        HealthState::Suspect => "S",
        HealthState::Degraded => "D",
        HealthState::Unhealthy => "U",
        HealthState::Unrecoverable => "X",
        HealthState::Recovering => "R",
        HealthState::Unavailable => "_",
        HealthState::Disabled => "0",
    }
}

/// A monitor and the time it lives in.
struct Played {
    rule: Rule,
    state: MonitorState,
    now: Now,
    passed: String,
    because: String,
}

impl Played {
    fn new(policy: Policy) -> Played {
        Played {
            rule: rule(policy),
            state: MonitorState::new(Now::default()),
            now: Now::default(),
            passed: String::new(),
            because: String::new(),
        }
    }

    fn hear(&mut self, passes_ms: u64, input: Input) {
        self.now = at(self.now.mono_ms + passes_ms);
        let before = self.state.phase;
        let after = next(self.state.clone(), &self.rule, input, self.now);
        self.state = after.chosen;
        self.because = after.because;
        if self.state.phase != before {
            self.passed.push_str(letter(self.state.phase));
        }
    }

    /// `G` good, `B` bad, `N` none, `t` a tick, all five seconds apart; `m` a tick after a minute;
    /// `!` given up.
    fn play(mut self, script: &str) -> Played {
        for c in script.chars() {
            let passes_ms = if c == 'm' { MINUTE_MS } else { 5_000 };
            let input = match c {
                'G' => Input::Sample(Sample::plain(Evidence::Good)),
                'B' => Input::Sample(Sample::plain(Evidence::Bad)),
                'N' => Input::Sample(Sample::plain(Evidence::None)),
                '!' => Input::GivenUp,
                _ => Input::Tick,
            };
            self.hear(passes_ms, input);
        }
        self
    }

    /// Good results with these values, `apart_ms` from each other.
    fn measure(mut self, apart_ms: u64, values: impl IntoIterator<Item = i64>) -> Played {
        for value in values {
            let sample = Sample {
                value: Some(value),
                took_ms: u64::try_from(value).unwrap_or(0),
                ..Sample::plain(Evidence::Good)
            };
            self.hear(apart_ms, Input::Sample(sample));
        }
        self
    }
}

#[track_caller]
fn passes(policy: Policy, script: &str, expect: &str) {
    let played = Played::new(policy).play(script);
    assert_eq!(played.passed, expect, "{script}: {}", played.because);
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
        passes(Policy::Consecutive(3), script, expect);
    }
    for (script, expect) in [("GBGB", "HSD"), ("GBGGGG", "HSH"), ("GBGGGB", "HS")] {
        passes(Policy::Of { bad: 2, last: 4 }, script, expect);
    }
}

#[test]
fn where_bad_may_begin_or_end_the_next_result_does_not_wait_for_its_slot() {
    for (script, waits) in [
        ("", true),
        ("G", true),
        ("B", false),
        ("GB", false),
        ("GBG", true),
        ("GBBB", true),
        ("GBBBB", true),
        ("GBBBG", false),
        ("GBBBmBG", false),
        ("GBBBm!G", false),
        ("GBBBGB", true),
        ("GBBBGG", true),
    ] {
        let played = Played::new(Policy::Consecutive(3)).play(script);
        assert_eq!(!played.state.wants_recheck(&played.rule), waits, "{script}");
    }
}

#[test]
fn percent_counts_what_came_within_the_window() {
    let policy = Policy::Percent {
        bad_percent: 50,
        window_ms: 2 * MINUTE_MS,
        at_least: 4,
    };
    for (script, expect) in [
        // Too few results say nothing, neither good nor bad.
        ("B", ""),
        ("BBB", ""),
        ("BBBB", "D"),
        ("GB", "HS"),
        ("GBGB", "HSD"),
        ("GGGB", "HS"),
        ("GGGGBB", "HS"),
        ("GGGGBBBB", "HSD"),
        // It is well again when the share is below the limit twice in a row.
        ("GBGBGG", "HSDR"),
        ("GBGBGGB", "HSDR"),
        // In doubt from half the limit on, and until it is below that again.
        ("GGGGB", "H"),
        ("GGGB", "HS"),
        ("GGGBG", "HSH"),
    ] {
        passes(policy.clone(), script, expect);
    }
    let of_many = Policy::Percent {
        bad_percent: 40,
        window_ms: 2 * MINUTE_MS,
        at_least: 10,
    };
    for (script, expect) in [
        // One of the ten that are asked for is less than half the limit, however few have come.
        ("GB", "H"),
        ("GBB", "HS"),
        ("GBBGGGGGGGG", "HSH"),
        ("GGGGGGBBBB", "HSD"),
    ] {
        passes(of_many.clone(), script, expect);
    }
    let played = Played::new(policy).play("GBGB");
    assert_eq!(
        played.because,
        "50 % of 4 results in 2m were bad, the limit is 50 %"
    );
}

#[test]
fn a_percentage_counts_a_bad_moment_once_however_often_it_is_looked_at() {
    let policy = Policy::Percent {
        bad_percent: 50,
        window_ms: 10 * MINUTE_MS,
        at_least: 4,
    };
    // Ten looks within a second of a bad moment, among good ones.
    let mut played = Played::new(policy).play("GGGGGG");
    for _ in 0..10 {
        played.hear(100, Input::Sample(Sample::plain(Evidence::Bad)));
    }
    let played = played.play("GGG");
    assert_eq!(played.passed, "H");
    assert!(
        played.because.starts_with("11 % of 9 results"),
        "{}",
        played.because
    );
}

#[test]
fn latency_looks_at_most_and_not_at_the_worst() {
    let policy = || Policy::Latency {
        timing: Timing::Took,
        percentile: 90,
        over_ms: 500,
        window_ms: 10 * MINUTE_MS,
        at_least: 10,
    };
    let slow_of = |slow: usize, all: usize| {
        let values = (0..all).map(move |n| if n < slow { 800 } else { 20 });
        Played::new(policy()).measure(5_000, values)
    };
    assert_eq!(slow_of(1, 10).passed, "H");
    assert_eq!(slow_of(2, 10).passed, "HD");
    assert_eq!(slow_of(9, 9).passed, "", "too few say nothing");
    assert_eq!(slow_of(1, 9).passed, "H");
    assert_eq!(
        slow_of(2, 10).because,
        "percentile 90 of 10 results in 10m is 800 ms, the limit is 500 ms"
    );
    // When the slow ones have left the window it recovers.
    let recovered = slow_of(3, 10).measure(60_000, [20; 12]);
    assert_eq!(recovered.passed, "HDUR");
    // A failure says nothing of how fast it is, and does not blind either.
    let failing = slow_of(0, 10).play(&"B".repeat(60));
    assert_eq!(failing.passed, "H");
    // What the probe calls slow counts.
    let mut called = Played::new(policy());
    for _ in 0..10 {
        let sample = Sample {
            slow: true,
            ..Sample::plain(Evidence::Good)
        };
        called.hear(5_000, Input::Sample(sample));
    }
    assert_eq!(called.passed, "D");
    assert!(called.because.contains("10 were over it or called slow"));
    // A measure in microseconds.
    let measured = Policy::Latency {
        timing: Timing::Measure("sync_us".into()),
        percentile: 50,
        over_ms: 1,
        window_ms: MINUTE_MS,
        at_least: 1,
    };
    assert_eq!(
        Played::new(measured.clone()).measure(1, [1_000]).passed,
        "H"
    );
    assert_eq!(Played::new(measured).measure(1, [1_001]).passed, "D");
}

#[test]
fn a_trend_tells_days_and_not_moments() {
    let policy = || Policy::Trend {
        measure: "free_octets".into(),
        floor: 1_000,
        days_left: 7,
    };
    let rule_of = |mut played: Played| {
        played.rule.interval_ms = HOUR_MS;
        played
    };
    let falls = |by: i64, hours: i64| {
        rule_of(Played::new(policy())).measure(HOUR_MS, (0..hours).map(move |n| 20_000 - by * n))
    };
    // 20,000 down to 1,000 by 100 an hour: after 30 hours 161 are left, less than 7 days.
    // The hour between two results is longer than the times to Unhealthy and Unrecoverable.
    assert_eq!(falls(100, 30).passed, "HDUX");
    let told = falls(100, 25);
    assert_eq!(
        told.because,
        "it is 17600 and changes by -2400 a day over 24 h: 6 days until 1000, the limit is 7"
    );
    assert_eq!(falls(50, 48).passed, "H");
    assert_eq!(falls(0, 48).passed, "H");
    assert_eq!(falls(-100, 48).passed, "H");
    // A short history condemns nothing, unless the floor is reached.
    assert_eq!(falls(300, 20).passed, "H");
    assert_eq!(
        rule_of(Played::new(policy())).measure(1, [1_000]).passed,
        "D"
    );
    // No value: after a while the monitor is blind.
    let blind = Played::new(policy()).play(&"G".repeat(20));
    assert_eq!(blind.passed, "_");
}

#[test]
fn a_threshold_waits_for_its_time() {
    let policy = |beyond| Policy::Threshold {
        measure: "messages".into(),
        beyond,
        for_ms: 30_000,
    };
    for (values, expect) in [
        (&[5, 5][..], "H"),
        (&[11], ""),
        (&[5, 11, 11], "HS"),
        (&[5, 11, 5], "HSH"),
        (&[5, 11, 11, 11, 11], "HSD"),
        (&[5, 11, 11, 5, 11, 11], "HSHS"),
        (&[5, 11, 11, 11, 11, 5, 5], "HSDR"),
    ] {
        let above = Played::new(policy(Beyond::Above(10))).measure(10_000, values.iter().copied());
        assert_eq!(above.passed, expect, "{values:?}");
        let below = Played::new(policy(Beyond::Below(-10)));
        let below = below.measure(10_000, values.iter().map(|value| -value));
        assert_eq!(below.passed, expect, "{values:?}");
    }
    let told = Played::new(policy(Beyond::Above(10))).measure(10_000, [5, 11, 11, 11, 11]);
    assert_eq!(told.because, "it is 11, above 10 for 30s, the limit is 30s");
    // Time alone confirms nothing: there is no newer word on it.
    let silent = Played::new(policy(Beyond::Above(10)))
        .measure(10_000, [5, 11])
        .play("tttttttttt");
    assert_eq!(silent.passed, "HS");
}

#[test]
fn absence_is_evidence_of_its_own() {
    let policy = Policy::Absence {
        expected_every_ms: 2 * MINUTE_MS,
        grace_ms: 30_000,
    };
    for (script, expect) in [
        ("G", "H"),
        ("Gmm", "H"),
        ("Gmmm", "HD"),
        ("mmm", "D"),
        ("GmmmmmG", "HDU"),
        ("GmmmGG", "HDR"),
        // A result that says "bad" has come all the same; what was not run has not.
        ("BmmBmm", "H"),
        ("BmmBmmNm", "HD"),
    ] {
        passes(policy.clone(), script, expect);
    }
    let played = Played::new(policy).play("Gmmm");
    assert_eq!(played.because, "no result for 3m, one is expected every 2m");
}

#[test]
fn a_notice_stands_until_the_all_clear_or_its_expiry() {
    let policy = Policy::Latch {
        expiry_ms: 5 * MINUTE_MS,
    };
    for (script, expect) in [
        ("t", "H"),
        ("tB", "HD"),
        ("tBmmm", "HDU"),
        ("tBGG", "HDR"),
        ("tBmmmmmm", "HDUR"),
        // A second notice counts from its own moment.
        ("tBmmmBmmmm", "HDU"),
        // Silence without a notice is the ordinary thing.
        ("tmmmmmmmmmmmmm", "H"),
    ] {
        passes(policy.clone(), script, expect);
    }
}

#[test]
fn flapping_is_counted_over_twenty_results() {
    let changes = |script: &str| {
        let played = Played::new(Policy::Consecutive(3)).play(script);
        (played.state.changes_percent(), played.state.flapping)
    };
    assert_eq!(changes(&"G".repeat(40)), (0, false));
    assert_eq!(changes(&"GB".repeat(20)), (101, true));
    // One failure is two changes: the newest weigh most.
    assert_eq!(changes(&format!("{}B", "G".repeat(30))), (6, false));
    let mut played = Played::new(Policy::Consecutive(3)).play("GGGGBGGBGGBG");
    assert!(played.state.flapping, "{}", played.state.changes_percent());
    let mut percents = Vec::new();
    while played.state.flapping {
        played = played.play("G");
        percents.push(played.state.changes_percent());
    }
    // It ends below 25 %, not below 30 %.
    let (last, before) = percents.split_last().unwrap();
    assert!(
        *last < 25 && before.iter().all(|percent| *percent >= 25),
        "{percents:?}"
    );
    assert!(before.iter().any(|percent| *percent < 30), "{percents:?}");
}

#[test]
fn a_strained_observer_asks_for_more() {
    let three = || rule(Policy::Consecutive(3));
    assert_eq!(three().strained(0), three());
    assert_eq!(three().strained(4).policy, Policy::Consecutive(9));
    let percent = rule(Policy::Percent {
        bad_percent: 50,
        window_ms: 1,
        at_least: 4,
    });
    assert!(percent.strained(2).sentence().contains("at least 8"));
}

/// Every policy, with numbers from the whole range.
fn any_policy() -> impl Strategy<Value = Policy> {
    let n = || any::<u32>();
    let ms = || prop_oneof![any::<u64>(), 0..10_000_000u64];
    let value = || prop_oneof![any::<i64>(), -10..10i64];
    prop_oneof![
        n().prop_map(Policy::Consecutive),
        (n(), n()).prop_map(|(bad, last)| Policy::Of { bad, last }),
        (n(), ms(), n()).prop_map(|(bad_percent, window_ms, at_least)| Policy::Percent {
            bad_percent,
            window_ms,
            at_least
        }),
        (n(), ms(), ms(), 0..8u32, any::<bool>()).prop_map(
            |(percentile, over_ms, window_ms, at_least, took)| Policy::Latency {
                timing: if took {
                    Timing::Took
                } else {
                    Timing::Measure("x_us".into())
                },
                percentile,
                over_ms,
                window_ms,
                at_least
            }
        ),
        (value(), n()).prop_map(|(floor, days_left)| Policy::Trend {
            measure: "x".into(),
            floor,
            days_left
        }),
        (value(), ms(), any::<bool>()).prop_map(|(limit, for_ms, above)| Policy::Threshold {
            measure: "x".into(),
            beyond: if above {
                Beyond::Above(limit)
            } else {
                Beyond::Below(limit)
            },
            for_ms
        }),
        (ms(), ms()).prop_map(|(expected_every_ms, grace_ms)| Policy::Absence {
            expected_every_ms,
            grace_ms
        }),
        ms().prop_map(|expiry_ms| Policy::Latch { expiry_ms }),
    ]
}

/// Something to hear, after so many milliseconds.
fn any_step() -> impl Strategy<Value = (u64, Input)> {
    let passes = prop_oneof![0..1_000_000u64, any::<u64>()];
    let evidence = prop_oneof![
        Just(Evidence::Good),
        Just(Evidence::Bad),
        Just(Evidence::None)
    ];
    let sample = (evidence, any::<u64>(), any::<bool>(), any::<Option<i64>>()).prop_map(
        |(evidence, took_ms, slow, value)| {
            Input::Sample(Sample {
                evidence,
                took_ms,
                slow,
                value,
            })
        },
    );
    let input = prop_oneof![6 => sample, 2 => Just(Input::Tick), 1 => Just(Input::GivenUp)];
    (passes, input)
}

proptest! {
    #[test]
    fn only_confirmed_evidence_condemns(script in "[GBNtm]{0,120}") {
        // Fewer than three bad results in a row, whatever lies between, condemn nothing.
        let mut run = 0;
        let tame: String = script.chars().filter(|c| match c {
            'B' => { run += 1; run < 3 }
            'G' => { run = 0; true }
            _ => true,
        }).collect();
        let passed = Played::new(Policy::Consecutive(3)).play(&tame).passed;
        prop_assert!(!passed.contains(['D', 'U', 'X']), "{tame} {passed}");
    }

    #[test]
    fn no_evidence_condemns_nothing(script in "[GNtm]{0,60}") {
        for policy in [
            Policy::Consecutive(3),
            Policy::Percent { bad_percent: 1, window_ms: HOUR_MS, at_least: 1 },
            Policy::Latch { expiry_ms: 1 },
        ] {
            let passed = Played::new(policy).play(&script).passed;
            prop_assert!(!passed.contains(['S', 'D', 'U', 'X', 'R']));
        }
    }

    #[test]
    fn health_returns_only_with_good_results(script in "[BNtm!]{0,60}") {
        let passed = Played::new(Policy::Consecutive(3)).play(&format!("BBB{script}")).passed;
        prop_assert!(!passed.contains(['H', 'R']), "{passed}");
    }

    /// No number overflows, nothing grows, and nothing is condemned without evidence.
    #[test]
    fn extremes_break_no_policy(
        policy in any_policy(),
        interval_ms in any::<u64>(),
        strain in 0..9u32,
        steps in proptest::collection::vec(any_step(), 0..80),
    ) {
        let rule = Rule { interval_ms, ..rule(policy) }.strained(strain);
        prop_assert!(!rule.sentence().is_empty());
        let (mut state, mut now) = (MonitorState::new(Now::default()), Now::default());
        for (passes_ms, input) in steps {
            now = at(now.mono_ms.saturating_add(passes_ms));
            let before = state.clone();
            state = next(state, &rule, input, now).chosen;
            prop_assert!(state.window.len() <= WINDOW_RESULTS_MAX);
            let tells = matches!(input, Input::Sample(sample) if sample.evidence != Evidence::None);
            let silence_tells = matches!(rule.policy, Policy::Absence { .. });
            if !before.is_confirmed_bad()
                && before.phase != HealthState::Recovering
                && state.is_confirmed_bad()
            {
                prop_assert!(tells || silence_tells, "{:?} by {input:?}", state.phase);
            }
            // The same input at the same time leads to the same state.
            prop_assert_eq!(&next(before, &rule, input, now).chosen, &state);
        }
    }
}
