//! Evaluates 1,000,000 stored results: by each policy of monitors alone, and by a whole engine with
//! 10,000 probe objects, their results, monitors and times. Prints the time for each result and the
//! memory used.
//!
//! `cargo run --release -p mailward-health --example evaluate`

#![allow(clippy::print_stdout, reason = "its figures are what it is run for")]

use std::{collections::BTreeMap, time::Instant};

use mailward_api::view::{ProbeView, health::Evidence, health::Measure};
use mailward_health::{
    Now,
    engine::Engine,
    monitor::{Beyond, Input, MonitorState, Policy, Rule, Sample, Timing, next},
};
use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, Probe, ProbeTarget, ReportTarget},
};

const RESULTS: u64 = 1_000_000;
const MONITORS: u64 = 1_000;
const PROBES: u64 = 10_000;
const INTERVAL_MS: u64 = 60_000;

/// A row of numbers that is the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut n = self.0;
        n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    }
}

fn at(ms: u64) -> Now {
    Now {
        mono_ms: ms,
        unix_ms: 1_700_000_000_000 + ms,
    }
}

/// Results as they were stored: two of a hundred failed, three were slow.
fn stored() -> Vec<Sample> {
    let mut dice = Dice(1);
    (0..RESULTS)
        .map(|n| {
            let kind = dice.next() % 100;
            let took_ms = if kind < 5 { 4_000 } else { dice.next() % 50 };
            Sample {
                took_ms,
                slow: (2..5).contains(&kind),
                value: i64::try_from((100_u64 << 30).saturating_sub(n * 1_000)).ok(),
                ..Sample::plain(if kind < 2 {
                    Evidence::Bad
                } else {
                    Evidence::Good
                })
            }
        })
        .collect()
}

fn policies() -> Vec<Policy> {
    let hour_ms = 3_600_000;
    vec![
        Policy::Consecutive(3),
        Policy::Of { bad: 3, last: 5 },
        Policy::Percent {
            bad_percent: 40,
            window_ms: hour_ms,
            at_least: 10,
        },
        Policy::Latency {
            timing: Timing::Took,
            percentile: 90,
            over_ms: 2_000,
            window_ms: hour_ms,
            at_least: 20,
        },
        Policy::Trend {
            measure: "free_octets".into(),
            floor: 5 << 30,
            days_left: 7,
        },
        Policy::Threshold {
            measure: "depth".into(),
            beyond: Beyond::Below(99 << 30),
            for_ms: 60_000,
        },
        Policy::Absence {
            expected_every_ms: INTERVAL_MS,
            grace_ms: 30_000,
        },
        Policy::Latch {
            expiry_ms: 24 * hour_ms,
        },
    ]
}

/// Each monitor judges its share of the results, one interval after the other.
fn alone(policy: Policy, results: &[Sample]) -> (f64, u64) {
    let rule = Rule {
        policy,
        interval_ms: INTERVAL_MS,
        timeout_ms: 10_000,
        recheck_parts: 4,
        good_to_recover: 2,
        unhealthy_after_ms: 60_000,
        unrecoverable_after_ms: 1_800_000,
        probation_ms: 600_000,
    };
    let began = Instant::now();
    let mut changes = 0;
    for share in results.chunks(usize::try_from(RESULTS / MONITORS).unwrap_or(1)) {
        let mut state = MonitorState::new(at(0));
        for (n, sample) in (1_u64..).zip(share) {
            let before = state.phase;
            state = next(state, &rule, Input::Sample(*sample), at(n * INTERVAL_MS)).chosen;
            changes += u64::from(state.phase != before);
        }
    }
    (began.elapsed().as_secs_f64(), changes)
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The engine takes in one result after the other, as many as its probes give in their intervals.
fn whole(results: &[Sample]) -> (f64, usize, f64) {
    let objects: Vec<Object> = (0..PROBES)
        .map(|n| Object {
            id: ObjectId(n + 1),
            name: format!("p{n}"),
            revision: Revision(1),
            spec: Spec::from(Probe::new(ProbeTarget::Report(ReportTarget::default()))),
        })
        .collect();
    let mut engine = Engine::new("mx.bench.test");
    engine.define(&objects, &HealthSettings::default(), at(0));
    let before_mb = resident_mb();
    let (mut orders, mut spent) = (0, 0.0);
    for (n, sample) in (0_u64..).zip(results) {
        let now = at(n * INTERVAL_MS / PROBES);
        let bad = sample.evidence == Evidence::Bad;
        let view = ProbeView {
            probe: format!("probe/p{}", n % PROBES),
            unix_ms: now.unix_ms,
            took_ms: sample.took_ms,
            verdict: if bad { "fail" } else { "pass" }.to_owned(),
            evidence: sample.evidence,
            text: if bad { "no answer" } else { "it answers" }.to_owned(),
            cause: None,
            steps: Vec::new(),
            measures: vec![Measure {
                name: "total_us".to_owned(),
                value: i64::try_from(sample.took_ms * 1000).unwrap_or(0),
            }],
        };
        let began = Instant::now();
        orders += engine.observe(view, now).len();
        orders += engine.tick(now).len();
        spent += began.elapsed().as_secs_f64();
    }
    (spent, orders, resident_mb() - before_mb)
}

fn main() {
    let results = stored();
    let mut all = BTreeMap::new();
    println!("{RESULTS} results, {MONITORS} monitors of one policy\n");
    println!(
        "{:<12} {:>8} {:>10} {:>9}",
        "policy", "s", "ns each", "changes"
    );
    for policy in policies() {
        let word = policy.word();
        let (seconds, changes) = alone(policy, &results);
        let each_ns = seconds * 1e9 / RESULTS as f64;
        println!("{word:<12} {seconds:>8.3} {each_ns:>10.0} {changes:>9}");
        all.insert(word, seconds);
    }
    println!("{:<12} {:>8.3}\n", "together", all.values().sum::<f64>());
    let (seconds, orders, grown_mb) = whole(&results);
    println!(
        "the whole engine, {PROBES} probe objects: {seconds:.2} s, {:.1} µs each, {orders} orders; \
         it grew by {grown_mb:.0} MB",
        seconds * 1e6 / RESULTS as f64
    );
}
