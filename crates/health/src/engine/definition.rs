//! What is watched: for each object and part of this node its probe, its monitor's rule, the
//! component it belongs to and the stages of recovery of that component. Pure.

use std::ops::RangeInclusive;

use mailward_api::{control::Role, view::RepairAct};
use mailward_model::{
    Object, Spec,
    kind::{HealthSettings, ReceiveConnector, StartTls},
    unit::Span,
};

use crate::{
    case::{Ladder, Rung},
    monitor::{Policy, Rule},
    observer::WINDOW_MS,
};

/// The monitor of the worker itself.
pub(crate) const OBSERVER: &str = "monitoring";

/// What a probe looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A receive connector: greeting, EHLO, STARTTLS.
    Connector(String, Box<ReceiveConnector>),
    /// The way of a message through a receive connector into the health mailbox.
    MailFlow(String, Box<ReceiveConnector>),
    /// The certificate a receive connector shows.
    Certificate(String, Box<ReceiveConnector>),
    /// Whether transport answers its control channel.
    Transport,
    /// Whether the queue takes mail.
    Queue,
    /// Whether the objects can be read.
    Store,
    /// Free space of the data folder.
    Disk,
    /// The worker itself: whether its probes can be run, in time. No probe of its own: the engine
    /// judges each half minute of its work.
    Observer,
}

/// One thing that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Name of probe and monitor: `connector/Internet`.
    pub name: String,
    /// The health set it belongs to.
    pub set: &'static str,
    /// The component that is repaired: `receive/Internet`.
    pub component: String,
    /// What the probe looks at.
    pub target: Target,
    /// The monitor's rule.
    pub rule: Rule,
    /// Another monitor without which this probe says nothing about its own target.
    pub needs: Option<String>,
}

/// Confirmed bad for this long is Unhealthy.
const UNHEALTHY_AFTER_MS: u64 = 60_000;
/// Bad for this long is Unrecoverable, whatever the stages of recovery say.
const UNRECOVERABLE_AFTER_MS: u64 = 1_800_000;
/// How long a probe of a connector may take: half its interval, within these bounds, so that short
/// intervals do not make a busy host look sick.
const CONNECTOR_TIMEOUT_MS: RangeInclusive<u64> = 1_000..=10_000;
/// The same for the way of a message into the health mailbox.
const MAILFLOW_TIMEOUT_MS: RangeInclusive<u64> = 5_000..=60_000;
/// How long a component is given after a repair before a bad result is held against it.
const SETTLE_MS_MAX: u64 = 30_000;
/// The same after a restart of a process.
const SETTLE_PROCESS_MS_MAX: u64 = 60_000;
/// And at least so long, however short the settings are: the old process may take 8 s to let its
/// sessions end, and until then every result is still about the old one.
const SETTLE_PROCESS_MS_MIN: u64 = 12_000;

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

fn rule(
    policy: Policy,
    interval_ms: u64,
    timeout_ms: RangeInclusive<u64>,
    settings: &HealthSettings,
) -> Rule {
    Rule {
        policy,
        interval_ms,
        timeout_ms: (interval_ms / 2).clamp(*timeout_ms.start(), *timeout_ms.end()),
        good_to_recover: 2,
        unhealthy_after_ms: UNHEALTHY_AFTER_MS.min(ms(settings.restart_process_after)),
        unrecoverable_after_ms: UNRECOVERABLE_AFTER_MS.max(2 * ms(settings.offline_after)),
        probation_ms: ms(settings.probation),
    }
}

/// Everything that is watched with these objects.
pub fn definitions(objects: &[Object], settings: &HealthSettings) -> Vec<Definition> {
    let fast = ms(settings.connector_probe_interval);
    let slow = ms(settings.mailflow_probe_interval);
    let of_node = |name: &str, set, target, policy, interval_ms| Definition {
        name: name.to_owned(),
        set,
        component: name.to_owned(),
        target,
        rule: rule(policy, interval_ms, CONNECTOR_TIMEOUT_MS, settings),
        needs: None,
    };
    let mut all = vec![
        of_node(
            "transport",
            "Transport",
            Target::Transport,
            Policy::Consecutive(3),
            fast,
        ),
        Definition {
            needs: Some("transport".to_owned()),
            ..of_node(
                "queue",
                "Queue",
                Target::Queue,
                Policy::Consecutive(2),
                fast,
            )
        },
        of_node(
            "store",
            "Store",
            Target::Store,
            Policy::Consecutive(2),
            fast,
        ),
        of_node("disk", "Disk", Target::Disk, Policy::Consecutive(2), fast),
    ];
    all.push(of_node(
        OBSERVER,
        "Monitoring",
        Target::Observer,
        Policy::Consecutive(4),
        WINDOW_MS,
    ));
    let connectors = objects.iter().filter_map(|object| match &object.spec {
        Spec::ReceiveConnector(spec) if spec.enabled => Some((&object.name, spec)),
        _ => None,
    });
    for (name, spec) in connectors {
        let probe = format!("connector/{name}");
        all.push(Definition {
            name: probe.clone(),
            set: "Receive",
            component: format!("receive/{name}"),
            target: Target::Connector(name.clone(), Box::new(spec.clone())),
            rule: rule(Policy::Consecutive(3), fast, CONNECTOR_TIMEOUT_MS, settings),
            needs: None,
        });
        all.push(Definition {
            name: format!("mailflow/{name}"),
            set: "MailFlow",
            component: "deliver".to_owned(),
            target: Target::MailFlow(name.clone(), Box::new(spec.clone())),
            rule: rule(Policy::Consecutive(2), slow, MAILFLOW_TIMEOUT_MS, settings),
            needs: Some(probe),
        });
        if spec.tls == StartTls::Off {
            continue;
        }
        all.push(Definition {
            name: format!("certificate/{name}"),
            set: "Certificates",
            component: format!("certificate/{name}"),
            target: Target::Certificate(name.clone(), Box::new(spec.clone())),
            rule: rule(Policy::Consecutive(2), slow, CONNECTOR_TIMEOUT_MS, settings),
            needs: Some("transport".to_owned()),
        });
    }
    all
}

/// The stages of recovery of a component. None for what no act of ours could repair: then a person
/// is told as soon as the failure is confirmed.
pub fn ladder(component: &str, settings: &HealthSettings) -> Ladder {
    let restart = || Rung {
        act: RepairAct::RestartComponent {
            component: component.to_owned(),
        },
        after_ms: ms(settings.restart_component_after),
        settle_ms: ms(settings.restart_component_after).min(SETTLE_MS_MAX),
    };
    let process = Rung {
        act: RepairAct::RestartProcess {
            role: Role::Transport,
        },
        after_ms: ms(settings.restart_process_after),
        settle_ms: ms(settings.restart_process_after)
            .clamp(SETTLE_PROCESS_MS_MIN, SETTLE_PROCESS_MS_MAX),
    };
    let offline = || Rung {
        act: RepairAct::Offline,
        after_ms: ms(settings.offline_after),
        settle_ms: ms(settings.restart_component_after).min(SETTLE_MS_MAX),
    };
    match component.split_once('/') {
        Some(("receive", _)) => vec![restart(), process, offline()],
        None if component == "deliver" => vec![restart(), process],
        // It does not hear the control channel, so only its process can be restarted.
        None if component == "transport" => vec![process],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_each_stage_follows_the_settings() {
        let settings = HealthSettings::default();
        let waits: Vec<_> = ladder("receive/Internet", &settings)
            .iter()
            .map(|rung| (rung.act.stage(), rung.after_ms / 1000))
            .collect();
        assert_eq!(waits, [(1, 30), (2, 120), (4, 720)]);
        for none in ["certificate/Internet", "store", "disk", "queue"] {
            assert!(ladder(none, &settings).is_empty(), "{none}");
        }
    }
}
