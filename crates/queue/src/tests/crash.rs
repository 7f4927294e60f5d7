//! Crash consistency: the power is cut during every single operation on the disk, and what is found
//! afterwards must be a legal state (`docs/format/queue.md`).

use std::sync::Arc;

use mailward_host::fake::{
    clock::FakeClock,
    disk::{FakeDisk, Survival},
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    model::{Op, Pair, churn, ops},
    rig::{Rig, START_MS},
};

/// A workload that is the same in every run.
fn script(seed: u8, len: usize) -> Vec<Op> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(churn(), len);
    let mut script = strategy.new_tree(&mut runner).unwrap().current();
    // Reopening is what the cut does.
    script.retain(|op| !matches!(op, Op::Reopen));
    script
}

fn fresh() -> Pair {
    let clock = Arc::new(FakeClock::new(START_MS));
    Pair::new(Rig::open(FakeDisk::new(), clock))
}

/// Runs the script until the power is off.
fn run_until_cut(script: &[Op], cut: u64, seed: u64) -> Pair {
    let mut pair = fresh();
    pair.rig.disk.cut_at(cut, seed);
    for op in script {
        pair.run(op);
        if pair.rig.disk.ops() > cut {
            break;
        }
    }
    pair
}

const SURVIVALS: [Survival; 5] = [
    Survival::Nothing,
    Survival::Everything,
    Survival::Torn(1),
    Survival::Torn(2),
    Survival::Torn(3),
];

fn cut_everywhere(seed: u8) {
    let script = script(seed, 170);
    let mut whole = fresh();
    let opened = whole.rig.disk.ops();
    for op in &script {
        whole.run(op);
    }
    whole.check_exact();
    let end = whole.rig.disk.ops();
    assert!(end > 190, "the script does too little: {end}");
    assert!(
        whole.rig.queue.stats().moved_total > 5,
        "the script moves nothing"
    );
    for cut in opened..end {
        for survival in SURVIVALS {
            let mut pair = run_until_cut(&script, cut, u64::from(seed));
            let found = pair.rig.disk.after_power_cut(survival);
            pair.reopen(found);
            let damage = &pair.rig.report.damage;
            assert!(damage.is_empty(), "cut {cut}, {survival:?}: {damage:#?}");
            // It goes on from there, and what it then is stays so.
            for op in script.iter().rev().take(12) {
                pair.run(op);
            }
            pair.rig.tidy();
            pair.trust_all();
            let found = pair.rig.disk.after_power_cut(Survival::Nothing);
            pair.reopen(found);
        }
    }
}

#[test]
fn a_cut_at_every_operation_leaves_a_legal_state_1() {
    cut_everywhere(1);
}

#[test]
fn a_cut_at_every_operation_leaves_a_legal_state_2() {
    cut_everywhere(2);
}

#[test]
fn a_cut_at_every_operation_leaves_a_legal_state_3() {
    cut_everywhere(3);
}

#[test]
fn a_cut_during_recovery_leaves_a_legal_state() {
    let script = script(4, 90);
    let mut whole = fresh();
    for op in &script {
        whole.run(op);
    }
    let end = whole.rig.disk.ops();
    for cut in (end / 2..end).step_by(7) {
        for again in 0..25 {
            let mut pair = run_until_cut(&script, cut, again);
            let found = pair.rig.disk.after_power_cut(Survival::Torn(again));
            found.cut_at(again, again);
            let opened = crate::Queue::open_without_thread(
                super::rig::config(),
                Arc::new(found.clone()),
                pair.rig.clock.clone(),
            );
            if let Ok((queue, mut committer, _)) = opened {
                for _ in 0..8 {
                    committer.next_maintenance = Some(std::time::Instant::now());
                    committer.round(true);
                }
                drop((queue, committer));
            }
            pair.reopen(found.after_power_cut(Survival::Torn(again + 1)));
            assert_eq!(pair.rig.report.damage, []);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_workload_survives_any_cut(
        script in prop::collection::vec(prop_oneof![ops(), churn()], 20..150),
        cut in 10..600u64,
        seed: u64,
    ) {
        let mut pair = fresh();
        pair.rig.disk.cut_at(cut, seed);
        for op in &script {
            if !matches!(op, Op::Reopen) {
                pair.run(op);
            }
            if pair.rig.disk.ops() > cut {
                break;
            }
        }
        let found = pair.rig.disk.after_power_cut(Survival::Torn(seed));
        pair.reopen(found);
        prop_assert!(pair.rig.report.damage.is_empty());
    }
}
