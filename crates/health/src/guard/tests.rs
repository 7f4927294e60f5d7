//! What the guard allows, as a table and as properties over long stretches of time.

use mailward_api::view::ProbeView;
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_800_000_000_000;

pub(crate) fn sample(probe: &str, unix_ms: u64, evidence: Evidence) -> ProbeView {
    ProbeView {
        probe: probe.into(),
        unix_ms,
        took_ms: 0,
        verdict: "fail".into(),
        evidence,
        text: "no greeting".into(),
        cause: None,
        steps: Vec::new(),
        measures: Vec::new(),
    }
}

fn component() -> RepairAct {
    RepairAct::RestartComponent {
        component: "receive/Internet".into(),
    }
}

fn process() -> RepairAct {
    RepairAct::RestartProcess {
        role: Role::Transport,
    }
}

fn proposal(act: RepairAct, case: &str) -> RepairProposal {
    RepairProposal {
        case: case.into(),
        component: "receive/Internet".into(),
        act,
        reason: "it accepts and never answers".into(),
        cause: None,
        rule: "bad after 3 failures in a row".into(),
        samples: vec![sample("connector/Internet", NOW - 1000, Evidence::Bad)],
        first_bad_unix_ms: NOW - 40_000,
        group: None,
        objections: Vec::new(),
    }
}

fn past(age_ms: u64, act: RepairAct, case: &str, settled: bool) -> Past {
    Past {
        age_ms,
        act: Some(act),
        case: case.into(),
        component: "receive/Internet".into(),
        settled,
    }
}

#[track_caller]
fn check(proposal: &RepairProposal, past: &[Past], expect: Ruling, word: &str) {
    check_with(
        proposal,
        past,
        &[],
        &HealthSettings::default(),
        expect,
        word,
    );
}

#[track_caller]
fn check_with(
    proposal: &RepairProposal,
    past: &[Past],
    exits: &[(Role, u64)],
    settings: &HealthSettings,
    expect: Ruling,
    word: &str,
) {
    let facts = Facts {
        settings,
        past,
        exits,
        now_unix_ms: NOW,
    };
    let decision = rule(&checks(proposal, &facts));
    assert_eq!(decision.chosen, expect, "{decision:?}");
    assert!(decision.because.contains(word), "{}", decision.because);
}

#[test]
fn the_guard_says_why() {
    let one = proposal(component(), "a");
    check(&one, &[], Ruling::Grant, "nothing speaks against it");
    let gap = past(100_000, component(), "b", true);
    check(
        &one,
        &[gap],
        Ruling::Later {
            again_in_ms: 200_000,
        },
        "gap is 300 s",
    );
    let twice = past(4_000_000, component(), "a", true);
    check(&one, &[twice], Ruling::Never, "already");
    let other = Past {
        act: Some(RepairAct::RestartComponent {
            component: "deliver".into(),
        }),
        component: "deliver".into(),
        ..past(1000, component(), "b", false)
    };
    check(&one, &[other], Ruling::Grant, "nothing");
    let stale = past(500, process(), "b", true);
    let expect = Ruling::Later {
        again_in_ms: 10_000,
    };
    check(&one, &[stale], expect, "from before a process was started");
    let open = past(1500, process(), "b", false);
    check(
        &one,
        &[open],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "not known yet",
    );

    let two = proposal(process(), "a");
    let hour = [
        past(3_000_000, process(), "b", true),
        past(2_000_000, process(), "c", true),
    ];
    check(
        &two,
        &hour,
        Ruling::Later {
            again_in_ms: 600_000,
        },
        "2 of 2 per hour",
    );
    let day: Vec<Past> = (1..=6)
        .map(|n| past(n * 2 * HOUR_MS, process(), "b", true))
        .collect();
    check(&two, &day, Ruling::Never, "6 of 6 per day");
    let settings = HealthSettings::default();
    check_with(
        &two,
        &[],
        &[(Role::Transport, 20_000)],
        &settings,
        Ruling::Later {
            again_in_ms: 40_000,
        },
        "started anew",
    );
    check_with(
        &two,
        &[],
        &[(Role::Worker, 20_000)],
        &settings,
        Ruling::Grant,
        "nothing",
    );
}

#[test]
fn a_sick_observer_an_old_sample_and_a_known_cause_hold_it_back() {
    let mut old = proposal(component(), "a");
    old.samples = vec![sample("connector/Internet", NOW - 60_000, Evidence::Bad)];
    check(
        &old,
        &[],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "60 s old",
    );
    old.samples = vec![sample("connector/Internet", NOW + 60_000, Evidence::Bad)];
    check(
        &old,
        &[],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "60 s old",
    );
    old.samples.clear();
    check(
        &old,
        &[],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "no sample",
    );
    let mut good = proposal(component(), "a");
    good.samples
        .push(sample("connector/Internet", NOW, Evidence::Good));
    check(
        &good,
        &[],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "not bad",
    );
    let mut blind = proposal(process(), "a");
    blind.objections.push("the worker is overloaded".into());
    check(
        &blind,
        &[],
        Ruling::Later {
            again_in_ms: 10_000,
        },
        "overloaded",
    );
    for class in [
        "dns",
        "certificate",
        "credential",
        "config",
        "disk_full",
        "upstream",
    ] {
        let mut known = proposal(process(), "a");
        known.cause = Some(class.into());
        check(&known, &[], Ruling::Never, class);
    }
}

#[test]
fn in_shadow_mode_everything_is_judged_and_nothing_granted() {
    let off = HealthSettings {
        repair: false,
        ..HealthSettings::default()
    };
    let one = proposal(component(), "a");
    check_with(&one, &[], &[], &off, Ruling::Shadow, "switched off");
    let gap = [past(1000, component(), "b", true)];
    check_with(
        &one,
        &gap,
        &[],
        &off,
        Ruling::Later {
            again_in_ms: 299_000,
        },
        "gap",
    );
    check_with(
        &proposal(RepairAct::Online, "a"),
        &[],
        &[],
        &off,
        Ruling::Grant,
        "nothing",
    );
}

fn acts() -> impl Strategy<Value = RepairAct> {
    prop_oneof![Just(component()), Just(process()), Just(RepairAct::Offline)]
}

proptest! {
    /// Whatever is proposed whenever, what is granted stays within the budget of every window.
    #[test]
    fn budgets_hold(steps in proptest::collection::vec((acts(), 1_000u64..4_000_000, 0u8..4), 1..200)) {
        let settings = HealthSettings::default();
        let mut now = 0u64;
        let mut begun: Vec<(u64, RepairAct)> = Vec::new();
        for (n, (act, wait, case)) in steps.into_iter().enumerate() {
            now += wait;
            let past: Vec<Past> = begun
                .iter()
                .map(|(at, act)| past(now - at, act.clone(), "past", true))
                .collect();
            let proposal = proposal(act.clone(), &format!("{n}-{case}"));
            let facts = Facts { settings: &settings, past: &past, exits: &[], now_unix_ms: NOW };
            if rule(&checks(&proposal, &facts)).chosen == Ruling::Grant {
                begun.push((now, act));
            }
        }
        for (at, act) in &begun {
            let most = limits(act, &settings).unwrap();
            let within = |window: u64| begun.iter().filter(|(other, a)| a == act && other >= at && other - at < window).count();
            prop_assert!(within(HOUR_MS) <= most.per_hour as usize);
            prop_assert!(within(DAY_MS) <= most.per_day as usize);
            prop_assert!(within(most.gap_ms) <= 1);
        }
    }

    /// A later ruling is true: asked again then, that check says yes.
    #[test]
    fn waiting_as_told_is_enough(ages in proptest::collection::vec(0u64..DAY_MS, 0..8)) {
        let settings = HealthSettings::default();
        let at = |shift: u64| ages.iter().map(|age| past(age + shift, process(), "past", true)).collect::<Vec<_>>();
        let one = proposal(process(), "a");
        let before = at(0);
        let facts = Facts { settings: &settings, past: &before, exits: &[], now_unix_ms: NOW };
        if let Ruling::Later { again_in_ms } = rule(&checks(&one, &facts)).chosen {
            let after = at(again_in_ms);
            let facts = Facts { past: &after, ..facts };
            let ruling = rule(&checks(&one, &facts)).chosen;
            // The hour may be full where the gap is over: each wait is one step further.
            let progress = match ruling { Ruling::Later { again_in_ms } => again_in_ms <= HOUR_MS, _ => true };
            prop_assert!(progress, "{:?}", ruling);
        }
    }
}

#[test]
fn a_hold_denies_everything_that_takes_something_away() {
    let process = RepairAct::RestartProcess {
        role: Role::Transport,
    };
    for act in [process, RepairAct::Offline] {
        let check = super::held(&act, Some("safe mode")).unwrap();
        assert!(!check.allows && check.sentence() == "hold: safe mode");
        assert!(check.again_in_ms.is_some(), "a hold ends");
        assert!(super::held(&act, None).unwrap().allows);
    }
    for act in [RepairAct::Online, RepairAct::Alert] {
        assert_eq!(super::held(&act, Some("safe mode")), None);
    }
}
