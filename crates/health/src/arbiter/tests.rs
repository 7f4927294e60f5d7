//! The arbiter with a real ledger on disk: what is granted, what is written, what a restart knows.

use std::time::Duration;

use mailward_api::view::{ProbeView, RepairOutcome, health::Evidence};
use mailward_host::fake::clock::FakeClock;

use super::*;

fn proposal(clock: &FakeClock, case: &str) -> RepairProposal {
    RepairProposal {
        case: case.into(),
        component: "receive/Internet".into(),
        act: RepairAct::RestartComponent {
            component: "receive/Internet".into(),
        },
        reason: "it accepts and never answers".into(),
        cause: None,
        rule: "bad after 3 failures in a row".into(),
        samples: vec![ProbeView {
            probe: "connector/Internet".into(),
            unix_ms: clock.unix_ms(),
            took_ms: 0,
            verdict: "timeout".into(),
            evidence: Evidence::Bad,
            text: "no greeting".into(),
            cause: None,
            steps: Vec::new(),
            measures: Vec::new(),
        }],
        first_bad_unix_ms: clock.unix_ms(),
        group: None,
        objections: Vec::new(),
        circumstances: mailward_api::view::repair::Circumstances::default(),
    }
}

#[test]
fn an_act_is_on_disk_before_it_is_granted_and_its_case_can_be_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger");
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let settings = HealthSettings::default();
    let (events, collector) = Events::collect();
    let boot = || Boot::named("one", 0);
    let arbiter = Arbiter::open_in(&path, clock.clone(), events.clone(), boot()).unwrap();
    let Verdict::Granted { entry, reasons } =
        arbiter.propose(&proposal(&clock, "case-1"), &Around::plain(&settings))
    else {
        panic!("denied");
    };
    assert!(reasons.len() > 5, "every check is told: {reasons:?}");
    // The manager dies between intent and act: the new one knows that it was begun.
    let arbiter = Arbiter::open_in(&path, clock.clone(), events, boot()).unwrap();
    let again = arbiter.propose(&proposal(&clock, "case-1"), &Around::plain(&settings));
    assert!(
        matches!(
            again,
            Verdict::Denied {
                until_unix_ms: None,
                ..
            }
        ),
        "{again:?}"
    );
    arbiter.acted(entry, Ok("the accept loop began anew"));
    arbiter.record_outcome(&RepairOutcome {
        entry,
        case: "case-1".into(),
        solved: true,
        text: "2 good results".into(),
        samples: Vec::new(),
    });
    let view = arbiter.ledger(10, &Around::plain(&settings));
    let words: Vec<_> = view
        .entries
        .iter()
        .rev()
        .map(|e| e.record.as_str())
        .collect();
    assert_eq!(words, ["intent", "acted", "denied", "acted", "outcome"]);
    assert!(
        view.entries
            .iter()
            .all(|e| e.case.as_deref() == Some("case-1"))
    );
    assert!(
        view.budgets.iter().any(|one| one.act == "restart_component"
            && one.component.is_some()
            && (one.begun_hour, one.per_hour) == (1, 4)),
        "{:?}",
        view.budgets
    );
    let names: Vec<_> = collector.take().iter().map(Event::name).collect();
    assert_eq!(names, ["RepairStarted", "RepairRefused"]);
}

#[test]
fn denials_that_repeat_fill_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let arbiter = Arbiter::open(&dir.path().join("l"), clock.clone(), Events::discard()).unwrap();
    let off = HealthSettings {
        repair: false,
        ..HealthSettings::default()
    };
    for _ in 0..50 {
        let verdict = arbiter.propose(&proposal(&clock, "case-1"), &Around::plain(&off));
        assert!(matches!(
            verdict,
            Verdict::Denied {
                until_unix_ms: None,
                ..
            }
        ));
        clock.advance(Duration::from_secs(5));
    }
    let view = arbiter.ledger(100, &Around::plain(&off));
    assert_eq!(view.entries.len(), 1);
    assert_eq!(view.entries[0].record, "shadow");
}

#[test]
fn exits_are_cases_of_their_own_and_hold_back_a_process_restart() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let arbiter = Arbiter::open(&dir.path().join("l"), clock.clone(), Events::discard()).unwrap();
    let settings = HealthSettings::default();
    let case = arbiter.record_exit(Role::Transport, 77, "killed by signal 9", None);
    assert_eq!(case, "exit-1");
    arbiter.record_step(&case, Role::Transport, "started", "process 78");
    let mut restart = proposal(&clock, "case-1");
    restart.act = RepairAct::RestartProcess {
        role: Role::Transport,
    };
    let verdict = arbiter.propose(&restart, &Around::plain(&settings));
    assert!(
        matches!(
            verdict,
            Verdict::Denied {
                until_unix_ms: Some(_),
                ..
            }
        ),
        "{verdict:?}"
    );
    clock.advance(Duration::from_secs(61));
    let mut restart = proposal(&clock, "case-1");
    restart.act = RepairAct::RestartProcess {
        role: Role::Transport,
    };
    assert!(matches!(
        arbiter.propose(&restart, &Around::plain(&settings)),
        Verdict::Granted { .. }
    ));
    assert_ne!(
        arbiter.record_exit(Role::Worker, 79, "exit code 1", None),
        case
    );
}

#[test]
fn a_freeze_speaks_against_what_is_proposed_and_what_is_only_weighed() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FakeClock::new(1_800_000_000_000));
    let settings = HealthSettings::default();
    let (events, _) = Events::collect();
    let path = dir.path().join("ledger");
    let arbiter = Arbiter::open_in(&path, clock.clone(), events, Boot::named("one", 0)).unwrap();
    let proposal = proposal(&clock, "case-1");
    let frozen = Around {
        frozen: Some("frozen by alice: new switches"),
        ..Around::plain(&settings)
    };
    for verdict in [
        arbiter.weigh(&proposal, &frozen),
        arbiter.propose(&proposal, &frozen),
    ] {
        let Verdict::Denied { reasons, .. } = verdict else {
            panic!("granted");
        };
        assert!(
            reasons.iter().any(|reason| reason.contains("new switches")),
            "{reasons:?}"
        );
    }
    let weighed = arbiter.weigh(&proposal, &Around::plain(&settings));
    assert!(matches!(weighed, Verdict::Granted { .. }), "{weighed:?}");
}
