//! What the guard allows, as a table and as properties over long stretches of time.

use mailward_api::view::{
    GroupMember, ProbeView,
    group::{GroupFacts, Lease},
    hold::{Requester, Wanted},
    repair::Circumstances,
};
use proptest::prelude::*;

use super::*;
use crate::overrides::Responder;

pub(crate) mod each;
mod person;

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
        circumstances: Circumstances::default(),
    }
}

fn past(age_ms: u64, act: RepairAct, case: &str, settled: bool) -> Past {
    Past {
        age_ms,
        act: Some(act),
        case: case.into(),
        component: "receive/Internet".into(),
        cause: None,
        settled,
    }
}

fn facts(settings: &HealthSettings) -> Facts<'_> {
    Facts {
        settings,
        past: &[],
        exits: &[],
        now_unix_ms: NOW,
        frozen: None,
        holds: &[],
        ledger_writable: true,
        queue_writable: true,
        responder: &PLAIN,
    }
}

static PLAIN: std::sync::LazyLock<Responder> = std::sync::LazyLock::new(Responder::default);

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
        past,
        exits,
        ..facts(settings)
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

/// What the guard says of an act with these facts, and whether the check named is against it.
#[track_caller]
fn against(proposal: &RepairProposal, facts: &Facts<'_>, name: &str) {
    let checks = checks(proposal, facts);
    let found = checks.iter().find(|check| check.name == name).unwrap();
    assert!(!found.allows, "{found:?}");
    assert_ne!(rule(&checks).chosen, Ruling::Grant);
}

#[track_caller]
fn nothing_against(proposal: &RepairProposal, facts: &Facts<'_>) {
    let checks = checks(proposal, facts);
    assert_eq!(rule(&checks).chosen, Ruling::Grant, "{checks:?}");
}

#[test]
fn what_is_around_a_component_holds_acts_back() {
    let settings = HealthSettings::default();
    let plain = facts(&settings);
    let of = |act: RepairAct, change: fn(&mut Circumstances)| {
        let mut one = proposal(act, "a");
        change(&mut one.circumstances);
        one
    };
    for act in [component(), process()] {
        let sick = of(act.clone(), |c| c.bad_dependencies.push("transport".into()));
        against(&sick, &plain, "dependencies");
        let kept = of(act.clone(), |c| {
            c.overlays.push("maintenance: a disk is changed".into())
        });
        against(&kept, &plain, "overlays");
        let frozen = Facts {
            frozen: Some("safe mode"),
            ..plain
        };
        against(&proposal(act, "a"), &frozen, "freeze");
    }
    // The mildest acts go on in a storm and under strain; the others wait.
    for (name, change) in [
        (
            "storm",
            (|c| c.storm = Some("dns".into())) as fn(&mut Circumstances),
        ),
        ("observer", |c| c.strain = 4),
    ] {
        nothing_against(&of(component(), change), &plain);
        for act in [process(), RepairAct::RestartServer, RepairAct::Offline] {
            against(&of(act, change), &plain, name);
        }
    }
    nothing_against(&of(process(), |c| c.strain = 3), &plain);
}

#[test]
fn records_that_cannot_be_kept_stop_the_heavy_acts() {
    let settings = HealthSettings::default();
    let no_ledger = Facts {
        ledger_writable: false,
        ..facts(&settings)
    };
    nothing_against(&proposal(component(), "a"), &no_ledger);
    for act in [process(), RepairAct::RestartServer, RepairAct::Offline] {
        against(&proposal(act, "a"), &no_ledger, "records");
    }
    let no_queue = Facts {
        queue_writable: false,
        ..facts(&settings)
    };
    nothing_against(&proposal(process(), "a"), &no_queue);
    against(
        &proposal(RepairAct::RestartServer, "a"),
        &no_queue,
        "records",
    );
}

#[test]
fn what_a_person_holds_is_not_repaired_meanwhile() {
    let settings = HealthSettings::default();
    let hold = |component: &str, requester| Hold {
        component: component.into(),
        requester,
        wanted: Wanted::Inactive,
        owner: "ops".into(),
        reason: "work".into(),
        since_unix_ms: NOW,
        expires_unix_ms: None,
        case: None,
        cause: None,
    };
    let one = proposal(component(), "a");
    for (component, requester, free) in [
        ("receive/Internet", Requester::Maintenance, false),
        ("ServerWideOffline", Requester::Deployment, false),
        ("receive/Relay", Requester::Maintenance, true),
        // Its own hold is no reason to stop repairing.
        ("receive/Internet", Requester::HealthApi, true),
    ] {
        let holds = [hold(component, requester)];
        let facts = Facts {
            holds: &holds,
            ..facts(&settings)
        };
        if free {
            nothing_against(&one, &facts);
        } else {
            against(&one, &facts, "holds");
        }
    }
}

fn member(name: &str, healthy: bool) -> GroupMember {
    GroupMember {
        name: name.into(),
        heard_age_ms: Some(1_000),
        healthy,
        acting: None,
        bad_causes: Vec::new(),
        sets: Vec::new(),
    }
}

fn lease(granted: u32, members: u32) -> Option<Lease> {
    Some(Lease {
        granted,
        members,
        refusals: Vec::new(),
    })
}

#[test]
fn a_group_keeps_enough_nodes_and_acts_one_at_a_time() {
    let settings = HealthSettings::default();
    let with = |act, members: Vec<GroupMember>, lease| RepairProposal {
        group: Some(GroupFacts { members, lease }),
        ..proposal(act, "a")
    };
    for (members, healthy, free) in [
        (1, 1, true),
        (1, 0, false),
        (2, 2, true),
        (2, 1, false),
        (3, 2, true),
        (3, 1, false),
        (5, 4, true),
        (5, 3, false),
    ] {
        let others = (0..members).map(|n| member(&format!("n{n}"), n < healthy));
        let one = with(
            RepairAct::Offline,
            others.collect(),
            lease(members + 1, members + 1),
        );
        if free {
            nothing_against(&one, &facts(&settings));
        } else {
            against(&one, &facts(&settings), "healthy nodes");
        }
    }
    let silent = GroupMember {
        heard_age_ms: Some(15_001),
        ..member("b", true)
    };
    let one = with(RepairAct::Offline, vec![silent], lease(2, 2));
    against(&one, &facts(&settings), "healthy nodes");
    let others = || vec![member("b", true), member("c", true)];
    for act in [RepairAct::Offline, RepairAct::RestartServer] {
        against(
            &with(act, others(), lease(1, 3)),
            &facts(&settings),
            "lease",
        );
    }
    nothing_against(&with(component(), others(), None), &facts(&settings));
    // A process whose node serves nobody any more needs none.
    nothing_against(&with(process(), others(), lease(1, 3)), &facts(&settings));
    let mut behind = with(process(), others(), lease(1, 3));
    behind.component = "deliver".into();
    against(&behind, &facts(&settings), "lease");
}

#[test]
fn a_cause_that_many_nodes_share_is_no_trouble_of_this_one() {
    let settings = HealthSettings::default();
    for (bad, members, free) in [
        (0, 1, true),
        (1, 1, false),
        (1, 4, false),
        (1, 5, true),
        (2, 5, false),
    ] {
        let mut one = proposal(process(), "a");
        // A class this program does not know may be cured by anything.
        one.cause = Some("switch".into());
        let others = (0..members).map(|n| GroupMember {
            bad_causes: if n < bad {
                vec!["switch".into()]
            } else {
                Vec::new()
            },
            ..member("b", true)
        });
        one.group = Some(GroupFacts {
            members: others.collect(),
            lease: lease(members + 1, members + 1),
        });
        if free {
            nothing_against(&one, &facts(&settings));
        } else {
            against(&one, &facts(&settings), "common cause");
        }
    }
}

#[test]
fn a_set_in_shadow_mode_is_judged_and_not_repaired() {
    let settings = HealthSettings {
        shadow_sets: vec!["receive".into()],
        ..HealthSettings::default()
    };
    let mut one = proposal(component(), "a");
    one.circumstances.sets = vec!["Receive".into()];
    check_with(&one, &[], &[], &settings, Ruling::Shadow, "shadow mode");
    one.circumstances.sets = vec!["Queue".into()];
    check_with(&one, &[], &[], &settings, Ruling::Grant, "nothing");
}

#[test]
fn two_cases_of_one_cause_are_not_repaired_at_one_time() {
    let mut one = proposal(component(), "a");
    one.cause = Some("switch".into());
    let other = Past {
        component: "deliver".into(),
        act: Some(RepairAct::RestartComponent {
            component: "deliver".into(),
        }),
        cause: Some("switch".into()),
        ..past(1_000, component(), "b", false)
    };
    let again = Ruling::Later {
        again_in_ms: 10_000,
    };
    check(&one, std::slice::from_ref(&other), again, "not known yet");
    one.cause = None;
    check(&one, &[other], Ruling::Grant, "nothing");
}

fn acts() -> impl Strategy<Value = RepairAct> {
    prop_oneof![
        Just(component()),
        Just(process()),
        Just(RepairAct::Offline),
        Just(RepairAct::RestartServer),
        Just(RepairAct::SoftReset {
            component: "deliver".into()
        }),
    ]
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
            let facts = Facts { past: &past, ..facts(&settings) };
            if rule(&checks(&proposal, &facts)).chosen == Ruling::Grant {
                begun.push((now, act));
            }
        }
        for (at, act) in &begun {
            let most = limits(act, &settings).unwrap();
            let within = |window: u64| begun.iter().filter(|(other, a)| a == act && other >= at && other - at < window).count();
            prop_assert!(within(HOUR_MS) <= most.per_hour as usize);
            prop_assert!(within(DAY_MS) <= most.per_day as usize);
            prop_assert!(within(WEEK_MS) <= most.per_week as usize);
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
        let facts = Facts { past: &before, ..facts(&settings) };
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
