//! Health with the columns of Exchange's commands, for those who read them there for years.
//!
//! The states are Exchange's: a first doubt and a recovery count as Healthy, because there too a
//! monitor is Healthy until it is confirmed bad.

use super::state;
use crate::{
    page::{Cell, Page, stamp},
    view::{HealthReport, HealthState},
};

/// Exchange's word for a state.
pub(in crate::operation) fn alert_value(value: HealthState) -> Cell {
    let word = match value {
        HealthState::Unknown => "UnInitialized",
        HealthState::Healthy | HealthState::Suspect | HealthState::Recovering => "Healthy",
        HealthState::Degraded => "Degraded",
        HealthState::Unhealthy | HealthState::Unrecoverable => "Unhealthy",
        HealthState::Unavailable => "Unavailable",
        HealthState::Disabled => "Disabled",
    };
    Cell {
        text: word.to_owned(),
        ..state(value)
    }
}

/// The server component whose state decides whether the health set's subject serves anybody.
fn server_component(set: &str) -> &'static str {
    match set {
        "Receive" => "FrontendTransport",
        "Transport" | "Queue" | "MailFlow" => "HubTransport",
        "Monitoring" => "Monitoring",
        _ => "None",
    }
}

/// Whether that component serves.
fn component_state(view: &HealthReport, set: &str) -> &'static str {
    match (server_component(set), &view.offline) {
        ("None", _) => "NotApplicable",
        ("FrontendTransport" | "HubTransport", Some(_)) => "Offline",
        _ => "Online",
    }
}

/// `Get-ServerHealth`: a row for each monitor.
pub(in crate::operation) fn server_health(view: &HealthReport, _: u64) -> Page {
    let rows = view.sets.iter().flat_map(|set| {
        set.monitors.iter().map(|monitor| {
            let (name, target) = match monitor.monitor.split_once('/') {
                Some((name, target)) => (name, target),
                None => (monitor.monitor.as_str(), ""),
            };
            [
                view.node.as_str().into(),
                component_state(view, &set.set).into(),
                name.into(),
                target.into(),
                set.set.as_str().into(),
                alert_value(monitor.state),
                server_component(&set.set).into(),
            ]
        })
    });
    Page::new().table(
        [
            "Server",
            "State",
            "Name",
            "TargetResource",
            "HealthSetName",
            "AlertValue",
            "ServerComponent",
        ],
        rows,
        "No monitor: the worker has just started.",
    )
}

/// `Get-HealthReport`: a row for each health set.
pub(in crate::operation) fn health_report(view: &HealthReport, _: u64) -> Page {
    let rows = view.sets.iter().map(|set| {
        [
            view.node.as_str().into(),
            component_state(view, &set.set).into(),
            set.set.as_str().into(),
            alert_value(set.state),
            stamp(set.since_unix_ms).into(),
            set.monitors.len().to_string().into(),
        ]
    });
    Page::new().table(
        [
            "Server",
            "State",
            "HealthSet",
            "AlertValue",
            "LastTransitionTime",
            ">MonitorCount",
        ],
        rows,
        "No health set: the worker has just started.",
    )
}
