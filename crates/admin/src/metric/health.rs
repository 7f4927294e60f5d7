//! Metrics of managed availability: sets, monitors, probes, repairs, processes.

use mailward_api::view::{HealthState, Hold, ManagerStatus, Requester, RoleFigures};

use super::{Family, Sample, family::seconds};

/// The states of a state set, in which exactly one is 1.
const STATES: [HealthState; 9] = [
    HealthState::Healthy,
    HealthState::Disabled,
    HealthState::Unknown,
    HealthState::Recovering,
    HealthState::Suspect,
    HealthState::Unavailable,
    HealthState::Degraded,
    HealthState::Unhealthy,
    HealthState::Unrecoverable,
];

/// The outcomes an act is counted by from the beginning, so that a rate can be made of the first.
const OUTCOMES: [&str; 7] = [
    "begun",
    "acted",
    "failed",
    "helped",
    "did_not_help",
    "refused",
    "shadow",
];

/// Alerts counted from the beginning, for the same reason.
const ALERTS: [&str; 3] = ["needs_person", "offline", "solved"];

/// The number a health state is told as: higher is worse.
fn severity(state: HealthState) -> u64 {
    match state {
        HealthState::Healthy => 0,
        HealthState::Disabled => 1,
        HealthState::Recovering => 3,
        HealthState::Suspect => 4,
        HealthState::Unavailable => 5,
        HealthState::Degraded => 6,
        HealthState::Unhealthy => 7,
        HealthState::Unrecoverable => 8,
        // Unknown; whatever else there is says so too.
        _ => 2,
    }
}

/// One sample for each state: 1 at the one it is in.
fn state_set(labels: Sample, state: HealthState) -> impl Iterator<Item = Sample> {
    let others = (!STATES.contains(&state)).then_some(state);
    STATES.into_iter().chain(others).map(move |each| {
        Sample {
            labels: labels.labels.clone(),
            ..Sample::flag(each == state)
        }
        .with("state", each.word())
    })
}

/// The processes, as their manager sees them.
pub(super) fn children(families: &mut Vec<Family>, status: &ManagerStatus) {
    let children = &status.children;
    families.push(Family::counter(
        "role_restarts",
        "Restarts of a role since the manager began",
        status.role.started_unix_ms,
        children
            .iter()
            .map(|child| Sample::whole(child.restarts).with("role", child.role.name())),
    ));
    let ages = children.iter().filter_map(|child| {
        let age = seconds(child.heartbeat_age_ms?);
        Some(Sample::real(age).with("role", child.role.name()))
    });
    families.push(Family::gauge(
        "role_heartbeat_age_seconds",
        "How long ago the manager last heard a role's heartbeat",
        ages,
    ));
}

/// What is held out of service. The manager keeps no more than a thousand holds, one of each
/// requester on a component.
fn holds(families: &mut Vec<Family>, holds: &[Hold]) {
    let count = |requester| {
        holds
            .iter()
            .filter(|hold| hold.requester == requester)
            .count()
    };
    families.push(Family::gauge(
        "holds",
        "Holds in force, by requester",
        Requester::ALL.map(|requester| {
            Sample::whole(count(requester) as u64).with("requester", requester.name())
        }),
    ));
    let of = |sample: Sample, hold: &Hold| {
        sample
            .with("component", hold.component.as_str())
            .with("requester", hold.requester.name())
    };
    families.push(Family::gauge(
        "hold_since_timestamp_seconds",
        "When a hold on a component was set",
        holds.iter().map(|hold| {
            let since = Sample::whole(hold.since_unix_ms / 1000);
            of(since, hold).with("wanted", hold.wanted.word())
        }),
    ));
    families.push(Family::gauge(
        "hold_expires_timestamp_seconds",
        "When a hold on a component ends by itself; those that do not are left out",
        holds.iter().filter_map(|hold| {
            let end = hold.expires_unix_ms?;
            Some(of(Sample::whole(end / 1000), hold))
        }),
    ));
}

/// Holds, repairs and what their budgets allow.
pub(super) fn manager(families: &mut Vec<Family>, figures: &RoleFigures) {
    if let Some(held) = &figures.holds {
        holds(families, held);
    }
    let Some(repair) = &figures.repair else {
        return;
    };
    let mut acts: Vec<(&str, &str, u64)> = repair
        .acts
        .iter()
        .map(|one| (one.act.as_str(), one.outcome.as_str(), one.count))
        .collect();
    for budget in &repair.budgets {
        for outcome in OUTCOMES {
            let known = acts
                .iter()
                .any(|(act, of, _)| *act == budget.act && *of == outcome);
            if !known {
                acts.push((&budget.act, outcome, 0));
            }
        }
    }
    families.push(Family::counter(
        "repair_acts",
        "Acts of repair by what became of them",
        figures.since_unix_ms,
        acts.into_iter().map(|(act, outcome, count)| {
            Sample::whole(count)
                .with("act", act)
                .with("outcome", outcome)
        }),
    ));
    let budgets = |value: fn(&mailward_api::view::figures::BudgetFigure) -> u32| {
        repair.budgets.iter().map(move |budget| {
            Sample::whole(value(budget).into())
                .with("act", &budget.act)
                .with("window", &budget.window)
        })
    };
    families.push(Family::gauge(
        "repair_budget_left",
        "Acts of repair still allowed in a window",
        budgets(|budget| budget.left),
    ));
    families.push(Family::gauge(
        "repair_budget_limit",
        "Acts of repair allowed in a window",
        budgets(|budget| budget.limit),
    ));
}

/// Sets, monitors, probes, cases, alerts.
pub(super) fn worker(families: &mut Vec<Family>, figures: &RoleFigures) {
    let Some(health) = &figures.health else {
        return;
    };
    let since = figures.since_unix_ms;
    let set_states = health
        .sets
        .iter()
        .flat_map(|set| state_set(Sample::whole(0).with("set", &set.set), set.state));
    families.push(Family::gauge(
        "health_set_state",
        "State of a health set: 1 at the state it is in",
        set_states,
    ));
    families.push(Family::gauge(
        "health_set_severity",
        "State of a health set as a number: 0 healthy, 1 disabled, 2 unknown, 3 recovering, \
         4 suspect, 5 unavailable, 6 degraded, 7 unhealthy, 8 unrecoverable",
        health
            .sets
            .iter()
            .map(|set| Sample::whole(severity(set.state)).with("set", &set.set)),
    ));
    let monitor_states = health.monitors.iter().flat_map(|monitor| {
        let labels = Sample::whole(0)
            .with("monitor", &monitor.monitor)
            .with("set", &monitor.set);
        state_set(labels, monitor.state)
    });
    families.push(Family::gauge(
        "health_monitor_state",
        "State of a monitor: 1 at the state it is in; the worst 500 monitors",
        monitor_states,
    ));
    for (name, help, value) in [
        (
            "health_monitors_omitted",
            "Monitors that health_monitor_state does not name",
            health.monitors_omitted,
        ),
        (
            "recovery_cases_open",
            "Open recovery cases",
            health.cases_open,
        ),
        (
            "repair_enabled",
            "Whether repairs are carried out; 0 in shadow mode",
            health.repair.into(),
        ),
    ] {
        families.push(Family::gauge(name, help, [Sample::whole(value)]));
    }
    let verdicts = health.probes.iter().flat_map(|kind| {
        kind.verdicts.iter().map(|(verdict, count)| {
            Sample::whole(*count)
                .with("kind", &kind.kind)
                .with("verdict", verdict)
        })
    });
    families.push(Family::counter(
        "probes",
        "Health probes, by kind and verdict",
        since,
        verdicts,
    ));
    families.push(Family::histogram(
        "probe_duration_seconds",
        "How long health probes took, by kind",
        since,
        health.probes.iter().map(|kind| {
            Sample::durations(kind.took_ms, kind.buckets.clone()).with("kind", &kind.kind)
        }),
    ));
    let mut alerts: Vec<(&str, u64)> = ALERTS.map(|kind| (kind, 0)).to_vec();
    for (kind, count) in &health.alerts {
        match alerts.iter_mut().find(|(known, _)| known == kind) {
            Some((_, counted)) => *counted = *count,
            None => alerts.push((kind, *count)),
        }
    }
    families.push(Family::counter(
        "alerts",
        "Alerts raised, by kind",
        since,
        alerts
            .into_iter()
            .map(|(kind, count)| Sample::whole(count).with("kind", kind)),
    ));
}
