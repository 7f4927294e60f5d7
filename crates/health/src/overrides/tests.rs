//! Which override wins, what it changes, and what matches nothing.

use mailward_model::{
    Revision, Spec,
    kind::{HealthSettings, ReceiveConnector, Until},
};

use super::*;
use crate::engine::{definition::watched, ladder::ladder};

const NOW_MS: u64 = 1_700_000_000_000;
const HERE: Here<'static> = Here {
    node: "mx1.example.org",
    version: "0.1.0",
    now_unix_ms: NOW_MS,
};

fn connector() -> Object {
    Object {
        id: ObjectId(1),
        name: "Internet".into(),
        revision: Revision(1),
        spec: Spec::from(ReceiveConnector::default()),
    }
}

fn of(item: &str, property: &str, value: &str, scope: &str) -> MonitoringOverride {
    MonitoringOverride {
        item: item.into(),
        property: property.into(),
        value: value.into(),
        scope: scope.parse().unwrap(),
        owner: "anna".into(),
        reason: "a test".into(),
        until: Some(Until::from_unix_ms(NOW_MS + 60_000)),
        version: None,
    }
}

fn objects(specs: &[MonitoringOverride]) -> Vec<Object> {
    let overrides = specs.iter().enumerate().map(|(n, spec)| Object {
        id: ObjectId(n as u64 + 2),
        name: format!("o{n}"),
        revision: Revision(1),
        spec: Spec::from(spec.clone()),
    });
    std::iter::once(connector()).chain(overrides).collect()
}

/// The interval of the connector's probe and the failures its monitor asks for.
fn effect(specs: &[MonitoringOverride]) -> (u64, Policy) {
    let objects = objects(specs);
    let mut all = watched(&objects, &HealthSettings::default(), &[]);
    Overrides::of(&objects, HERE).apply(&mut all);
    let probe = all
        .probes
        .iter()
        .find(|p| p.name == "connector/Internet")
        .unwrap();
    let one = all
        .monitors
        .iter()
        .find(|m| m.name == "connector/Internet")
        .unwrap();
    assert_eq!(one.rule.interval_ms, probe.interval_ms);
    (probe.interval_ms / 1000, one.rule.policy.clone())
}

use crate::monitor::Policy;

#[test]
fn the_nearer_scope_and_the_nearer_item_win() {
    let item = "connector/internet";
    for (specs, expect) in [
        (vec![], 20),
        (vec![of(item, "interval", "30s", "global")], 30),
        (
            vec![of(
                "receive/connector/Internet",
                "Interval",
                "30s",
                "global",
            )],
            30,
        ),
        (vec![of("Receive", "interval", "30s", "global")], 30),
        (vec![of("Queue", "interval", "30s", "global")], 20),
        (
            vec![
                of(item, "interval", "40s", "node:MX1.example.org"),
                of(item, "interval", "30s", "global"),
            ],
            40,
        ),
        (
            vec![
                of(item, "interval", "40s", "role:transport"),
                of(item, "interval", "30s", "global"),
            ],
            40,
        ),
        (
            vec![of(item, "interval", "40s", "node:mx2.example.org")],
            20,
        ),
        (
            vec![
                of(item, "interval", "40s", "global"),
                of("Receive", "interval", "30s", "global"),
            ],
            40,
        ),
        (
            vec![
                of(item, "interval", "40s", "global"),
                of(item, "interval", "50s", "global"),
            ],
            50,
        ),
    ] {
        assert_eq!(effect(&specs).0, expect, "{specs:?}");
    }
    let bad = of(item, "bad", "7", "global");
    assert_eq!(effect(&[bad]).1, Policy::Consecutive(7));
}

#[test]
fn time_and_version_end_it() {
    let item = "connector/Internet";
    let mut past = of(item, "interval", "30s", "global");
    past.until = Some(Until::from_unix_ms(NOW_MS));
    let mut far = of(item, "interval", "30s", "global");
    far.until = Some(Until::from_unix_ms(NOW_MS + 400 * DAY_MS));
    let mut later = of(item, "interval", "30s", "global");
    later.version = Some(">=0.2".parse().unwrap());
    for spec in [past, far, later.clone()] {
        assert_eq!(effect(&[spec]).0, 20);
    }
    later.version = Some(">=0.1,<0.2".parse().unwrap());
    assert_eq!(effect(&[later.clone()]).0, 30);
    let overrides = Overrides::of(&objects(&[later]), HERE);
    assert!(!overrides.ends_by(NOW_MS + 59_999) && overrides.ends_by(NOW_MS + 60_000));
}

#[test]
fn what_matches_nothing_is_told() {
    let objects = objects(&[]);
    let all = watched(&objects, &HealthSettings::default(), &[]);
    let rungs = |component: &str| ladder(component, &HealthSettings::default());
    let check = |item: &str, property: &str, value: &str| {
        matches(&of(item, property, value, "global"), &all, rungs)
            .map_err(|(a, b)| format!("{a}; {b}"))
    };
    assert_eq!(check("connector/Internet", "bad", "2"), Ok(()));
    assert_eq!(check("all", "maintenance", "true"), Ok(()));
    assert_eq!(
        check("receive/Internet", "restart_process.gap", "1h"),
        Ok(())
    );
    for (item, property, value, expect) in [
        (
            "connector/Internett",
            "bad",
            "2",
            "did you mean connector/Internet?",
        ),
        (
            "connector/Internet",
            "days_left",
            "2",
            "has no property days_left",
        ),
        (
            "disk",
            "restart_process.gap",
            "1h",
            "has no property restart_process.gap",
        ),
        ("xyzzy", "bad", "2", "there are "),
    ] {
        let told = check(item, property, value).unwrap_err();
        assert!(told.contains(expect), "{told}");
    }
}

#[test]
fn stages_limits_and_flags_follow() {
    let specs = [
        of(
            "receive/Internet",
            "restart_component.after",
            "5s",
            "global",
        ),
        of(
            "receive/Internet",
            "restart_component.per_hour",
            "9",
            "global",
        ),
        of("Receive", "shadow", "true", "global"),
        of("receive/Internet", "maintenance", "true", "global"),
        of("disk", "enabled", "false", "global"),
        of("disk", "alert", "false", "global"),
    ];
    let objects = objects(&specs);
    let all = watched(&objects, &HealthSettings::default(), &[]);
    let overrides = Overrides::of(&objects, HERE);
    let names = Names::of_component("receive/Internet", &all);
    let mut rungs = ladder("receive/Internet", &HealthSettings::default());
    overrides.apply_ladder(&names, &mut rungs);
    let waits: Vec<u64> = rungs.iter().map(|rung| rung.after_ms / 1000).collect();
    assert_eq!(waits, [0, 0, 5, 120, 720]);
    let act = RepairAct::RestartComponent {
        component: "receive/Internet".into(),
    };
    let responder = overrides.responder(&names, &act);
    assert!(responder.shadow.is_some() && responder.off.is_none());
    let limits = responder.limits(Limits {
        gap_ms: 1,
        per_hour: 4,
        per_day: 12,
        per_week: 50,
    });
    assert_eq!((limits.gap_ms, limits.per_hour, limits.per_day), (1, 9, 12));
    // Another stage of it has its own limits, another component has none of this.
    assert_eq!(
        overrides
            .responder(&names, &RepairAct::Offline)
            .limits(limits),
        limits
    );
    let disk = Names::of_component("disk", &all);
    assert_eq!(overrides.responder(&disk, &act), Responder::default());
    let overlay = |name: &str| {
        let one = all.monitors.iter().find(|one| one.name == name).unwrap();
        overrides
            .overlay(&Names::of_monitor(one))
            .map(|overlay| overlay.word)
    };
    assert_eq!(overlay("connector/Internet"), Some("maintenance"));
    assert_eq!(overlay("disk"), Some("disabled"));
    assert_eq!(overlay("store"), None);
}

#[test]
fn one_run_may_be_different_and_nothing_else() {
    let all = watched(&objects(&[]), &HealthSettings::default(), &[]);
    let mut probe = all.probes[0].clone();
    set_once(&mut probe, "Timeout", "2s").unwrap();
    assert_eq!(probe.timeout_ms, 2_000);
    for (property, value, expect) in [
        ("bad", "2", "it has interval, timeout, slow_after"),
        ("timeout", "1ms", "from 100ms to 10m"),
    ] {
        let (error, mend) = set_once(&mut probe, property, value).unwrap_err();
        assert!(mend.contains(expect), "{error}; {mend}");
    }
}
