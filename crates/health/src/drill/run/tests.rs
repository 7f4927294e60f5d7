//! A drill from its fault to its judgement, played on a clock that is moved by hand.

use mailward_model::kind::HealthSettings;
use proptest::prelude::*;

use super::*;
use crate::drill::{Drill, plan::plan};

fn at(ms: u64) -> Now {
    Now {
        mono_ms: ms,
        unix_ms: 1_000_000 + ms,
    }
}

fn begun(drill: Drill) -> Run {
    let plan = plan(drill, "Internet", &HealthSettings::default());
    let mut run = Run::new(plan, "root", at(0));
    assert_eq!(run.begin(at(0)), [Do::Inject]);
    run.injected(Ok(()), at(0));
    run
}

fn sight(run: &Run, state: HealthState) -> Sight {
    let plan = run.plan();
    Sight {
        monitors: vec![
            (plan.monitor.clone(), plan.component.clone(), state),
            ("disk".into(), "disk".into(), HealthState::Healthy),
        ],
        ..Sight::default()
    }
}

fn entry(record: &str, component: &str, act: Option<RepairAct>, ms: u64) -> LedgerEntry {
    LedgerEntry {
        entry: ms,
        unix_ms: at(ms).unix_ms,
        record: record.into(),
        case: Some("case-1".into()),
        component: component.into(),
        act,
        text: "text".into(),
        reasons: Vec::new(),
        ..LedgerEntry::default()
    }
}

fn restart(component: &str) -> LedgerEntry {
    let act = RepairAct::RestartComponent {
        component: component.into(),
    };
    entry("intent", component, Some(act), 31_000)
}

#[track_caller]
fn judged(run: &Run) -> Vec<(String, Option<bool>)> {
    let all = run.view().expectations.iter();
    all.map(|one| (one.text.clone(), one.held)).collect()
}

#[test]
fn a_wedged_connector_that_is_noticed_and_repaired_is_as_expected() {
    let mut run = begun(Drill::WedgeConnector);
    let healthy = sight(&run, HealthState::Healthy);
    assert!(run.look(&healthy, at(5_000)).is_empty());
    let mut bad = sight(&run, HealthState::Degraded);
    assert!(run.look(&bad, at(20_000)).is_empty());
    assert_eq!(run.view().detected_after_ms, Some(20_000));
    bad.ledger.push(restart("receive/Internet"));
    assert!(run.look(&bad, at(31_000)).is_empty());
    let mut well = sight(&run, HealthState::Recovering);
    well.ledger = bad.ledger;
    assert_eq!(run.look(&well, at(32_000)), [Do::End]);
    assert_eq!(run.view().repaired_after_ms, Some(32_000));
    assert_eq!(run.look(&well, at(34_000)), [Do::Finish]);
    assert_eq!(run.view().state, DrillState::Met, "{:?}", judged(&run));
    assert!(run.is_over());
}

#[test]
fn a_repair_that_would_not_help_fails_the_drill() {
    for (drill, entry) in [
        (Drill::FullDisk, restart("deliver")),
        (
            Drill::LyingResolver,
            entry("exit", "transport", None, 40_000),
        ),
        (Drill::WedgeConnector, restart("deliver")),
    ] {
        let mut run = begun(drill);
        let mut bad = sight(&run, HealthState::Degraded);
        bad.ledger.push(entry);
        run.look(&bad, at(20_000));
        run.look(&bad, at(100_000));
        let mut well = sight(&run, HealthState::Healthy);
        well.ledger = bad.ledger;
        run.look(&well, at(101_000));
        assert_eq!(run.look(&well, at(110_000)), [Do::Finish]);
        assert_eq!(run.view().state, DrillState::Failed, "{drill:?}");
    }
}

#[test]
fn what_is_not_noticed_fails_when_its_time_is_over() {
    for drill in Drill::ALL {
        let mut run = begun(drill);
        let healthy = sight(&run, HealthState::Healthy);
        let deadline = run.plan().for_ms;
        assert!(run.look(&healthy, at(deadline - 1)).is_empty());
        assert_eq!(run.look(&healthy, at(deadline))[0], Do::End);
        for ms in [1, 2_000, MENDING_MS_MAX, MENDING_MS_MAX + 4_000] {
            run.look(&healthy, at(deadline + ms));
        }
        assert!(run.is_over());
        assert_eq!(run.view().state, DrillState::Failed, "{drill:?}");
        assert_eq!(run.view().expectations[0].held, Some(false));
    }
}

#[test]
fn a_kill_is_timed_by_the_managers_own_record() {
    let mut run = begun(Drill::KillTransport);
    let mut seen = sight(&run, HealthState::Healthy);
    seen.ledger.push(entry("exit", "transport", None, 12));
    run.look(&seen, at(400));
    seen.ledger.push(entry("ready", "transport", None, 150));
    run.look(&seen, at(800));
    run.look(&seen, at(3_000));
    let view = run.view();
    assert_eq!(view.state, DrillState::Met, "{:?}", judged(&run));
    assert_eq!(
        (view.detected_after_ms, view.repaired_after_ms),
        (Some(12), Some(150))
    );
}

#[test]
fn a_certificate_wants_a_person_told() {
    let mut run = begun(Drill::ExpiredCertificate);
    let mut bad = sight(&run, HealthState::Degraded);
    let told = |told: bool| {
        let step = CaseStep {
            unix_ms: 0,
            step: if told { "alerted" } else { "state" }.into(),
            text: String::new(),
            reasons: Vec::new(),
            act: None,
        };
        Some((
            "case-1".to_owned(),
            Some("certificate".to_owned()),
            vec![step],
        ))
    };
    bad.case = told(false);
    run.look(&bad, at(2_000));
    assert!(
        run.look(&bad, at(60_000)).is_empty(),
        "the alert is waited for"
    );
    bad.case = told(true);
    assert_eq!(run.look(&bad, at(61_000)), [Do::End]);
    let gone = Sight::default();
    run.look(&gone, at(62_000));
    run.look(&gone, at(64_000));
    assert_eq!(run.view().state, DrillState::Met, "{:?}", judged(&run));
}

#[test]
fn one_that_is_ended_says_nothing_about_its_expectations() {
    let mut run = begun(Drill::FullDisk);
    assert_eq!(run.end("root", at(100)), [Do::End, Do::Finish]);
    assert_eq!(run.view().state, DrillState::BrokenOff);
    assert!(run.end("root", at(200)).is_empty());
    let plan = plan(Drill::FullDisk, "Internet", &HealthSettings::default());
    let mut refused = Run::new(plan, "root", at(0));
    assert_eq!(refused.injected(Err("no".into()), at(1)), [Do::Finish]);
}

const STATES: [HealthState; 5] = [
    HealthState::Healthy,
    HealthState::Suspect,
    HealthState::Degraded,
    HealthState::Unhealthy,
    HealthState::Recovering,
];

proptest! {
    /// Whatever is seen: the fault is ended before the run is over, and the run is over soon after
    /// the fault's deadline.
    #[test]
    fn every_run_ends_and_so_does_its_fault(
        which in 0..Drill::ALL.len(),
        sights in prop::collection::vec((0..STATES.len(), any::<bool>(), 0..5u8, 1..30_000u64), 1..40),
    ) {
        let mut run = begun(Drill::ALL[which]);
        let (mut ms, mut ended, mut finished) = (0, 0, 0);
        let last = run.plan().for_ms + MENDING_MS_MAX + 2 * SETTLING_MS;
        let mut sights = sights.into_iter().cycle();
        while !run.is_over() {
            let (state, slow, what, gap) = sights.next().unwrap();
            ms += gap;
            let mut seen = sight(&run, STATES[state]);
            seen.slow = slow;
            seen.ledger = match what {
                0 => vec![restart("deliver")],
                1 => vec![entry("exit", "transport", None, ms)],
                2 => vec![entry("ready", "transport", None, ms)],
                _ => Vec::new(),
            };
            for act in run.look(&seen, at(ms)) {
                ended += usize::from(act == Do::End);
                finished += usize::from(act == Do::Finish);
                prop_assert!(act != Do::Inject);
                prop_assert!(finished == 0 || ended > 0);
            }
            prop_assert!(ms < last + 60_000 + 2 * 30_000);
        }
        prop_assert_eq!(finished, 1);
        prop_assert!(run.view().expectations.iter().all(|one| one.held.is_some()));
    }
}
