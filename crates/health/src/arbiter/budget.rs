//! What the budgets of repair still allow, and by whose word they are what they are. Pure.
//!
//! Never here: a judgement. The guard counts for itself, by the same limits.

use std::collections::BTreeSet;

use mailward_api::{
    control::Role,
    view::{RepairAct, repair::Budget},
};
use mailward_model::kind::HealthSettings;

use super::Around;
use crate::{
    engine::{
        definition::{self, Watched},
        ladder,
    },
    guard::{self, DAY_MS, HOUR_MS, Past, WEEK_MS},
    overrides::{self, Here, Names, Overrides},
};

/// Components that have rows of their own: more are in trouble at one time nowhere.
const COMPONENTS_MAX: usize = 1_000;

/// The stages of which there is a row for all components together.
fn general() -> [RepairAct; 5] {
    let component = String::new;
    [
        RepairAct::SoftReset {
            component: component(),
        },
        RepairAct::RestartComponent {
            component: component(),
        },
        RepairAct::RestartProcess {
            role: Role::Transport,
        },
        RepairAct::RestartServer,
        RepairAct::Offline,
    ]
}

/// True for the acts of which each component has a budget of its own.
fn has_its_own(act: &RepairAct) -> bool {
    act.stage() <= 1
}

/// One row for each stage, and more for the components that have used up some of their own, or whose
/// limits a person has overridden.
pub(super) fn budgets(past: &[Past], around: &Around<'_>, now_unix_ms: u64) -> Vec<Budget> {
    let here = Here {
        node: around.node,
        version: env!("CARGO_PKG_VERSION"),
        now_unix_ms,
    };
    let overrides = Overrides::of(around.objects, here);
    let watched = definition::watched(around.objects, around.settings, &[]);
    let plain = Names::of_sets("", []);
    let mut rows: Vec<Budget> = general()
        .iter()
        .filter_map(|act| row(act, None, past, around.settings, &overrides, &plain))
        .collect();
    for component in components(past, &watched, &overrides) {
        let names = Names::of_component(&component, &watched);
        for rung in ladder::ladder(&component, around.settings) {
            let act = &rung.act;
            let begun = past.iter().any(|past| past.act.as_ref() == Some(act));
            let is_overridden = !origins(act, &overrides, &names).is_empty();
            if is_overridden || (begun && has_its_own(act)) {
                let component = Some(component.as_str());
                rows.extend(row(
                    act,
                    component,
                    past,
                    around.settings,
                    &overrides,
                    &names,
                ));
            }
        }
    }
    rows
}

/// The components that may have rows of their own. Of those that the manager does not know, a person
/// has named them in an override.
fn components(past: &[Past], watched: &Watched, overrides: &Overrides) -> BTreeSet<String> {
    let begun = past.iter().map(|past| past.component.as_str());
    let known = watched.monitors.iter().map(|one| one.component.as_str());
    let named = overrides.items();
    let all = begun.chain(known).chain(named);
    all.take(COMPONENTS_MAX).map(str::to_owned).collect()
}

/// Where the limits of an act come from, the gap's first; none where no override has a word in them.
fn origins(act: &RepairAct, overrides: &Overrides, names: &Names) -> Vec<String> {
    let Some(stage) = overrides::stage(act) else {
        return Vec::new();
    };
    let mut origins: Vec<String> = Vec::new();
    for word in ["gap", "per_hour", "per_day"] {
        let winner = overrides.winner(names, &format!("{stage}.{word}"));
        if let Some(origin) = winner.map(overrides::InForce::origin)
            && !origins.contains(&origin)
        {
            origins.push(origin);
        }
    }
    origins
}

fn row(
    act: &RepairAct,
    component: Option<&str>,
    past: &[Past],
    settings: &HealthSettings,
    overrides: &Overrides,
    names: &Names,
) -> Option<Budget> {
    let set = guard::limits(act, settings)?;
    let limits = overrides.responder(names, act).limits(set);
    let begun = |window: u64| {
        let within = past.iter().filter(|past| past.age_ms < window);
        let count = within.filter(|past| guard::same_budget(past, act)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let origins = origins(act, overrides, names);
    let origin = if !origins.is_empty() {
        origins.join("; ")
    } else if guard::limits(act, &HealthSettings::default()) == Some(set) {
        "built in".to_owned()
    } else {
        "settings".to_owned()
    };
    Some(Budget {
        act: overrides::stage(act)?.to_owned(),
        component: component.map(str::to_owned),
        begun_hour: begun(HOUR_MS),
        per_hour: limits.per_hour,
        begun_day: begun(DAY_MS),
        per_day: limits.per_day,
        begun_week: begun(WEEK_MS),
        per_week: (limits.per_week != u32::MAX).then_some(limits.per_week),
        gap_ms: limits.gap_ms,
        origin,
    })
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        Object, ObjectId, Revision, Spec,
        kind::{MonitoringOverride, OverrideScope, ReceiveConnector, Until},
        unit::Span,
    };

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn object(n: u64, name: &str, spec: Spec) -> Object {
        Object {
            id: ObjectId(n),
            name: name.to_owned(),
            revision: Revision(1),
            spec,
        }
    }

    fn overriding(n: u64, item: &str, property: &str, value: &str) -> Object {
        let spec = MonitoringOverride {
            item: item.to_owned(),
            property: property.to_owned(),
            value: value.to_owned(),
            scope: OverrideScope::Global,
            owner: "anna".into(),
            reason: "a slow disk".into(),
            until: Some(Until::from_unix_ms(NOW + 60_000)),
            version: None,
        };
        object(n, &format!("o{n}"), Spec::from(spec))
    }

    fn begun(act: RepairAct, component: &str, age_ms: u64) -> Past {
        Past {
            age_ms,
            act: Some(act),
            case: "c".into(),
            component: component.into(),
            cause: None,
            settled: true,
        }
    }

    fn restart(component: &str) -> RepairAct {
        RepairAct::RestartComponent {
            component: component.into(),
        }
    }

    fn find<'a>(rows: &'a [Budget], act: &str, component: Option<&str>) -> Option<&'a Budget> {
        let mut rows = rows.iter();
        rows.find(|row| row.act == act && row.component.as_deref() == component)
    }

    #[test]
    fn the_limits_are_those_in_force_and_say_where_they_come_from() {
        let connector = |n, name| object(n, name, Spec::from(ReceiveConnector::default()));
        let objects = [
            connector(1, "Internet"),
            connector(2, "Relay"),
            overriding(3, "Receive", "restart_component.per_hour", "1"),
            overriding(4, "receive/Relay", "restart_component.per_hour", "2"),
            overriding(5, "receive/Relay", "restart_component.gap", "20m"),
            overriding(6, "deliver", "restart_process.per_day", "0"),
            overriding(7, "send/Out", "soft_reset.gap", "1h"),
        ];
        let settings = HealthSettings {
            offline_after: Span::from_secs(60),
            ..HealthSettings::default()
        };
        let around = Around {
            objects: &objects,
            ..Around::plain(&settings)
        };
        let past = [
            begun(restart("receive/Internet"), "receive/Internet", 1_000),
            begun(restart("deliver"), "deliver", HOUR_MS + 1),
        ];
        let rows = budgets(&past, &around, NOW);
        let row = |act, component| find(&rows, act, component).unwrap();

        let each = row("restart_component", None);
        assert_eq!((each.begun_hour, each.per_hour, each.begun_day), (0, 4, 0));
        assert_eq!(each.origin, "built in");
        assert_eq!(row("offline", None).origin, "settings");
        assert_eq!(row("restart_server", None).per_week, Some(2));

        // By its set; by its own name before its set, with each word by its own override.
        let internet = row("restart_component", Some("receive/Internet"));
        assert_eq!((internet.begun_hour, internet.per_hour), (1, 1));
        assert!(internet.origin.contains("\"o3\"") && internet.origin.contains("by anna"));
        let relay = row("restart_component", Some("receive/Relay"));
        assert_eq!(
            (relay.begun_hour, relay.per_hour, relay.gap_ms),
            (0, 2, 1_200_000)
        );
        assert!(relay.origin.contains("\"o5\"") && relay.origin.contains("\"o4\""));
        assert!(!relay.origin.contains("\"o3\""), "{}", relay.origin);

        // Of a budget that all share, as this component may use it.
        let deliver = row("restart_process", Some("deliver"));
        assert_eq!((deliver.per_hour, deliver.per_day), (2, 0));
        // What was begun has a row, and what was not has none.
        assert_eq!(row("restart_component", Some("deliver")).begun_day, 1);
        assert!(find(&rows, "soft_reset", Some("deliver")).is_none());
        // What only an override has named.
        assert_eq!(row("soft_reset", Some("send/Out")).gap_ms, HOUR_MS);

        // An override that has ended changes nothing.
        let rows = budgets(&past, &around, NOW + 60_000);
        let internet = find(&rows, "restart_component", Some("receive/Internet")).unwrap();
        assert_eq!(
            (internet.per_hour, internet.origin.as_str()),
            (4, "built in")
        );
        assert!(find(&rows, "restart_component", Some("receive/Relay")).is_none());
    }
}
