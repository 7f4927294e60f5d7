//! Cases step by step, as stories and as properties.

use proptest::prelude::*;

use super::*;

fn ladder() -> Ladder {
    let component = "receive/Internet".to_owned();
    let role = mailward_api::control::Role::Transport;
    [
        (RepairAct::RestartComponent { component }, 30_000, 30_000),
        (RepairAct::RestartProcess { role }, 120_000, 60_000),
        (RepairAct::Offline, 720_000, 30_000),
    ]
    .into_iter()
    .map(|(act, after_ms, settle_ms)| Rung {
        act,
        after_ms,
        settle_ms,
    })
    .collect()
}

fn at(ms: u64) -> Now {
    Now {
        mono_ms: ms,
        unix_ms: ms,
    }
}

const BAD: Signs = Signs {
    all_good: false,
    bad: true,
    good_since_act: false,
    bad_since_act: false,
};
const GOOD: Signs = Signs {
    all_good: true,
    bad: false,
    good_since_act: true,
    bad_since_act: false,
};
const STILL: Signs = Signs {
    bad_since_act: true,
    ..BAD
};

fn step(case: &mut CaseState, class: Option<&str>, signs: Signs, input: Input, ms: u64) -> Vec<Do> {
    let mut once = |input| {
        let (after, acts) = next(case, &ladder(), class, signs, input, 600_000, at(ms)).chosen;
        *case = after;
        acts
    };
    let mut acts = once(input);
    // What is allowed is done at once here.
    if let Input::Granted { .. } = input {
        acts.extend(once(Input::Carried));
    }
    acts
}

#[test]
fn a_component_restart_that_helps_closes_the_case() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    assert_eq!(step(&mut case, None, BAD, Input::Tick, 29_999), []);
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 30_000),
        [Do::Propose(0)]
    );
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 30_100),
        [],
        "asked once"
    );
    assert_eq!(
        step(&mut case, None, BAD, Input::Granted { entry: 7 }, 30_200),
        []
    );
    assert_eq!(
        step(&mut case, None, GOOD, Input::Tick, 32_000),
        [Do::Outcome {
            entry: 7,
            solved: true
        }]
    );
    assert_eq!(
        step(&mut case, None, GOOD, Input::Tick, 700_000),
        [Do::Close]
    );
    assert_eq!((case.phase, case.solved_by), (Phase::Closed, Some(0)));
}

#[test]
fn what_does_not_help_is_followed_by_the_next_stage_and_a_person() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    let mut seen = Vec::new();
    for (n, ms) in (0..2000).map(|n| (n, n * 1000)) {
        let mut acts = step(&mut case, None, STILL, Input::Tick, ms);
        if acts.iter().any(|a| matches!(a, Do::Propose(_))) {
            acts.extend(step(&mut case, None, BAD, Input::Granted { entry: n }, ms));
        }
        seen.extend(
            acts.into_iter()
                .filter(|a| !matches!(a, Do::Outcome { .. })),
        );
    }
    assert_eq!(
        seen,
        [
            Do::Propose(0),
            Do::Propose(1),
            Do::Propose(2),
            Do::Alert,
            Do::GiveUp,
            Do::Alert
        ]
    );
    assert_eq!(case.phase, Phase::Exhausted);
    assert_eq!(
        step(&mut case, None, GOOD, Input::Tick, 3_000_000),
        [Do::Online],
        "it comes back by itself"
    );
}

#[test]
fn a_cause_no_restart_cures_goes_to_a_person_at_once() {
    for class in [
        "dns",
        "certificate",
        "disk_full",
        "config",
        "credential",
        "upstream",
    ] {
        let mut case = CaseState::open(&ladder(), Some(class), at(0), None);
        assert_eq!(
            step(&mut case, Some(class), BAD, Input::Tick, 0),
            [Do::GiveUp, Do::Alert],
            "{class}"
        );
    }
    let mut late = CaseState::open(&ladder(), None, at(0), None);
    assert_eq!(
        step(&mut late, Some("dns"), BAD, Input::Tick, 30_000),
        [Do::GiveUp, Do::Alert],
        "class found later"
    );
}

#[test]
fn denials_wait_or_climb() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    step(&mut case, None, BAD, Input::Tick, 30_000);
    step(
        &mut case,
        None,
        BAD,
        Input::Denied {
            again_in_ms: Some(10_000),
            shadow: false,
        },
        30_000,
    );
    assert_eq!(step(&mut case, None, BAD, Input::Tick, 39_000), []);
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 40_000),
        [Do::Propose(0)]
    );
    step(
        &mut case,
        None,
        BAD,
        Input::Denied {
            again_in_ms: None,
            shadow: false,
        },
        40_000,
    );
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 119_000),
        [],
        "the next stage has its own time"
    );
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 120_000),
        [Do::Propose(1)]
    );
    step(&mut case, None, BAD, Input::Silent, 120_000);
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 125_000),
        [Do::Propose(1)]
    );
}

#[test]
fn an_offline_stage_whose_answer_was_lost_is_undone_all_the_same() {
    let last = ladder().len() - 1;
    let asked = || CaseState {
        phase: Phase::Arbitrating,
        rung: last,
        ..CaseState::open(&ladder(), None, at(0), None)
    };
    // It is well again before anybody asked a second time.
    let mut case = asked();
    step(&mut case, None, BAD, Input::Silent, 720_000);
    assert!(case.offline, "the answer may have been a yes");
    let acts = step(&mut case, None, GOOD, Input::Tick, 721_000);
    assert_eq!(acts, [Do::Online]);
    // Or the second answer is that it was done already.
    let mut case = asked();
    step(&mut case, None, BAD, Input::Silent, 720_000);
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 725_000),
        [Do::Propose(last)]
    );
    let done = Input::Denied {
        again_in_ms: None,
        shadow: false,
    };
    let acts = step(&mut case, None, BAD, done, 725_100);
    assert_eq!(acts, [Do::GiveUp, Do::Alert]);
    assert!(case.offline);
    let acts = step(&mut case, None, GOOD, Input::Tick, 900_000);
    assert_eq!(acts, [Do::Online]);
}

#[test]
fn a_relapse_climbs_and_waits_from_there() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    step(&mut case, None, BAD, Input::Tick, 30_000);
    step(&mut case, None, BAD, Input::Granted { entry: 1 }, 30_000);
    step(&mut case, None, GOOD, Input::Tick, 31_000);
    assert_eq!(step(&mut case, None, BAD, Input::Tick, 300_000), []);
    assert_eq!(step(&mut case, None, BAD, Input::Tick, 389_000), []);
    assert_eq!(
        step(&mut case, None, BAD, Input::Tick, 390_000),
        [Do::Propose(1)]
    );
}

#[test]
fn an_act_nobody_hears_of_again_is_taken_for_done() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    step(&mut case, None, BAD, Input::Tick, 30_000);
    let granted = Input::Granted { entry: 1 };
    case = next(&case, &ladder(), None, BAD, granted, 600_000, at(30_000))
        .chosen
        .0;
    step(&mut case, None, STILL, Input::Tick, 300_000);
    assert!(matches!(case.phase, Phase::Executing { .. }), "{case:?}");
    step(&mut case, None, STILL, Input::Tick, 330_000);
    assert!(matches!(case.phase, Phase::Verifying { entry: 1, .. }));
}

#[test]
fn a_refusal_for_good_and_a_long_one_for_now_are_told() {
    let mut case = CaseState::open(&ladder(), None, at(0), None);
    step(&mut case, None, BAD, Input::Tick, 30_000);
    let never = Input::Denied {
        again_in_ms: None,
        shadow: false,
    };
    assert_eq!(step(&mut case, None, BAD, never, 30_000), [Do::Refused]);
    let later = Input::Denied {
        again_in_ms: Some(10_000),
        shadow: false,
    };
    let mut told = Vec::new();
    for ms in (120_000..800_000).step_by(10_000) {
        step(&mut case, None, BAD, Input::Tick, ms);
        let acts = step(&mut case, None, BAD, later, ms);
        told.extend(acts.into_iter().map(|act| (ms, act)));
    }
    assert_eq!(told.first(), Some(&(720_000, Do::Refused)));
    let mut shadow = CaseState::open(&ladder(), None, at(0), None);
    step(&mut shadow, None, BAD, Input::Tick, 30_000);
    let input = Input::Denied {
        again_in_ms: None,
        shadow: true,
    };
    assert_eq!(step(&mut shadow, None, BAD, input, 30_000), []);
}

#[test]
fn a_case_begins_where_the_same_was_cured_but_never_above_a_process() {
    let at_stage = |stage| CaseState::open(&ladder(), None, at(0), Some(stage)).rung;
    assert_eq!([0, 1, 2, 4].map(at_stage), [0, 0, 1, 1]);
}

proptest! {
    #[test]
    fn no_act_twice_and_never_down(script in proptest::collection::vec((0u8..7, 1u64..100_000), 0..200), known: bool) {
        let class = known.then_some("dns");
        let mut case = CaseState::open(&ladder(), class, at(0), None);
        let (mut ms, mut rung, mut granted) = (0, 0, Vec::new());
        for (what, wait) in script {
            ms += wait;
            let (signs, input) = match what {
                0 => (GOOD, Input::Tick),
                1 => (BAD, Input::Tick),
                2 => (STILL, Input::Tick),
                3 => (BAD, Input::Granted { entry: ms }),
                4 => (BAD, Input::Denied { again_in_ms: Some(wait), shadow: false }),
                5 => (BAD, Input::Denied { again_in_ms: None, shadow: false }),
                _ => (Signs::default(), Input::Tick),
            };
            let asked = case.phase == Phase::Arbitrating;
            let at_rung = case.rung;
            let acts = step(&mut case, class, signs, input, ms);
            for act in &acts {
                if let Do::Propose(_) = act {
                    prop_assert!(signs.bad, "nothing is proposed without fresh bad evidence");
                    prop_assert!(class.is_none());
                }
            }
            if asked && matches!(input, Input::Granted { .. }) {
                prop_assert!(!granted.contains(&at_rung), "an act was done twice");
                granted.push(at_rung);
            }
            prop_assert!(case.rung >= rung);
            rung = case.rung;
        }
    }
}
