//! What a person has said of a component's responder, and of what flaps.

use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{MonitoringOverride, OverrideScope, Until},
};

use super::*;
use crate::overrides::{Here, Names, Overrides};

/// What the guard is told of these overrides of `receive/Internet`, for this act.
fn overridden(set: &[(&str, &str)], act: &RepairAct) -> Responder {
    let object = |(n, (property, value)): (usize, &(&str, &str))| Object {
        id: ObjectId(n as u64),
        name: format!("o{n}"),
        revision: Revision(1),
        spec: Spec::from(MonitoringOverride {
            item: "Receive".into(),
            property: (*property).into(),
            value: (*value).into(),
            scope: OverrideScope::Global,
            owner: "anna".into(),
            reason: "a slow disk".into(),
            until: Some(Until::from_unix_ms(NOW + 60_000)),
            version: None,
        }),
    };
    let objects: Vec<Object> = set.iter().enumerate().map(object).collect();
    let here = Here {
        node: "mx1",
        version: "0.1.0",
        now_unix_ms: NOW,
    };
    let sets = ["Receive".to_owned()];
    let names = Names::of_sets("receive/Internet", &sets);
    Overrides::of(&objects, here).responder(&names, act)
}

#[test]
fn overrides_change_the_limits_of_a_stage_and_its_switches() {
    let settings = HealthSettings::default();
    let one = proposal(component(), "a");
    let gap = [past(100_000, component(), "b", true)];
    let many: Vec<Past> = (1..=4)
        .map(|n| past(n * 600_000, component(), &format!("b{n}"), true))
        .collect();
    let later = |again_in_ms| Ruling::Later { again_in_ms };
    for (set, past, expect, word) in [
        // A gap of five minutes and four an hour are built in.
        (&[][..], &gap[..], later(200_000), "the gap is 300 s"),
        (
            &[("restart_component.gap", "90s")],
            &gap,
            Ruling::Grant,
            "nothing",
        ),
        (
            &[("restart_component.gap", "20m")],
            &gap,
            later(1_100_000),
            "the gap is 1200 s",
        ),
        (&[], &many, later(1_200_000), "4 of 4 per hour"),
        (
            &[("restart_component.per_hour", "5")],
            &many,
            Ruling::Grant,
            "nothing",
        ),
        (
            &[("restart_component.per_day", "2")],
            &gap,
            later(200_000),
            "300 s",
        ),
        (
            &[
                ("restart_component.gap", "0s"),
                ("restart_component.per_day", "1"),
            ],
            &gap,
            Ruling::Never,
            "1 of 1 per day",
        ),
        (
            &[("restart_component.per_hour", "0")],
            &[],
            Ruling::Never,
            "0 of 0 per hour",
        ),
        // Of another stage: nothing to do with this act.
        (
            &[("restart_process.per_hour", "0")],
            &[],
            Ruling::Grant,
            "nothing",
        ),
        (
            &[("shadow", "true")],
            &[],
            Ruling::Shadow,
            "by anna until 2",
        ),
        (&[("repair", "false")], &[], Ruling::Never, "a slow disk"),
    ] {
        let responder = overridden(set, &one.act);
        let facts = Facts {
            past,
            responder: &responder,
            ..facts(&settings)
        };
        let decision = rule(&checks(&one, &facts));
        assert_eq!(decision.chosen, expect, "{set:?}: {decision:?}");
        assert!(decision.because.contains(word), "{}", decision.because);
    }
    // A set in shadow mode by the settings, and one component of it that is not.
    let settings = HealthSettings {
        shadow_sets: vec!["Receive".into()],
        ..settings
    };
    let mut one = one;
    one.circumstances.sets = vec!["Receive".into()];
    let responder = overridden(&[("shadow", "false")], &one.act);
    let facts = Facts {
        responder: &responder,
        ..facts(&settings)
    };
    assert_eq!(rule(&checks(&one, &facts)).chosen, Ruling::Grant);
}

#[test]
fn what_flaps_goes_no_further_than_what_has_worked() {
    let settings = HealthSettings::default();
    let facts = facts(&settings);
    let mut one = proposal(process(), "a");
    one.circumstances.flapping = vec!["connector/Internet".into()];
    one.circumstances.steady_stage_max = Some(1);
    against(&one, &facts, "flapping");
    one.circumstances.steady_stage_max = Some(2);
    nothing_against(&one, &facts);
}
