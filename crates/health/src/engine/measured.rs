//! Monitors of what probes measure on the way: how fast, how often, how long it will last. They
//! have no stages of recovery: no restart makes a disk larger. Pure.

use mailward_model::{
    Object,
    kind::{HealthSettings, TransportSettings},
    object::SpecOf,
    unit::Span,
};

use super::definition::{MonitorDefinition, ProbeDefinition, RECHECK_PARTS, Target, Watched};
use crate::monitor::{Beyond, Policy, Rule, Timing};

/// A disk that is full within so many days is told of: a week, with a weekend in it.
const DAYS_LEFT: u32 = 7;
/// Most syncs of the queue, and most looks at a connector, take no longer, in milliseconds. A sound
/// disk takes 1 to 30 ms, a connector on the same host less than 10.
const SYNC_OVER_MS: u64 = 1_000;
const CONNECTOR_OVER_MS: u64 = 2_000;
/// Latencies are judged over so long, in milliseconds, and so many results at least.
const LATENCY_WINDOW_MS: u64 = 600_000;
const LATENCY_AT_LEAST: u32 = 20;
/// Mail flow that fails now and then: so many of a hundred, over so many intervals.
const MAILFLOW_BAD_PERCENT: u32 = 40;
const MAILFLOW_INTERVALS: u64 = 12;
const MAILFLOW_AT_LEAST: u32 = 10;

/// A file system that can make no more files than this within a week is told of like one that is full.
const INODES_FLOOR: i64 = 1_000;
/// What is judged of the queue besides whether it takes mail. Nothing of Mailward's own is restarted
/// for a next hop that takes no mail: a person is told.
const BACKLOG: &str = "backlog";
/// A queue that is deep, or holds old mail, for so long, in milliseconds; and one that grows. A burst
/// is over before.
const BACKLOG_MS: u64 = 300_000;
const GROWTH_MS: u64 = 600_000;

/// A monitor of something measured, but for its times.
struct Judged {
    name: String,
    set: &'static str,
    component: String,
    policy: Policy,
}

/// Adds a monitor for each measure that a probe gives.
pub(super) fn add(objects: &[Object], settings: &HealthSettings, all: &mut Watched) {
    let floor = objects
        .iter()
        .find_map(|object| TransportSettings::of(&object.spec))
        .map_or(TransportSettings::default().min_free_space, |transport| {
            transport.min_free_space
        });
    let unrecoverable_after_ms = ms(settings.offline_after).saturating_mul(2);
    for probe in &all.probes {
        for judged in judged(probe, i64::try_from(floor.0).unwrap_or(i64::MAX), settings) {
            all.monitors.push(MonitorDefinition {
                name: judged.name,
                probe: probe.name.clone(),
                set: judged.set.to_owned(),
                component: judged.component,
                rule: Rule {
                    policy: judged.policy,
                    interval_ms: probe.interval_ms,
                    timeout_ms: probe.timeout_ms,
                    recheck_parts: RECHECK_PARTS,
                    good_to_recover: 2,
                    unhealthy_after_ms: 60_000,
                    unrecoverable_after_ms: unrecoverable_after_ms.max(1_800_000),
                    probation_ms: ms(settings.probation),
                },
            });
        }
    }
}

/// What is judged of what a probe measures.
fn judged(probe: &ProbeDefinition, free_floor: i64, settings: &HealthSettings) -> Vec<Judged> {
    match &probe.target {
        Target::Disk(place) => {
            let left = |what: &str, measure: &'static str, floor| Judged {
                name: format!("{}/{what}", place.probe()),
                set: "Disk",
                component: place.probe().to_owned(),
                policy: Policy::Trend {
                    measure: measure.into(),
                    floor,
                    days_left: DAYS_LEFT,
                },
            };
            vec![
                left("days-left", "free_octets", free_floor),
                left("inode-days-left", "free_inodes", INODES_FLOOR),
            ]
        }
        Target::Queue => of_queue(settings),
        Target::Connector(connector, _) => vec![Judged {
            name: format!("connector/{connector}/latency"),
            set: "Receive",
            component: format!("latency/{connector}"),
            policy: latency(Timing::Took, CONNECTOR_OVER_MS),
        }],
        Target::MailFlow(connector, _) => vec![Judged {
            name: format!("mailflow/{connector}/percent"),
            set: "MailFlow",
            component: format!("mailflow/{connector}"),
            policy: Policy::Percent {
                bad_percent: MAILFLOW_BAD_PERCENT,
                window_ms: probe.interval_ms.saturating_mul(MAILFLOW_INTERVALS),
                at_least: MAILFLOW_AT_LEAST,
            },
        }],
        _ => Vec::new(),
    }
}

/// How long syncs take; and how deep the queue is, how old its oldest message, how fast it grows, as
/// far as the settings give limits.
fn of_queue(settings: &HealthSettings) -> Vec<Judged> {
    let mut all = vec![Judged {
        name: "queue/sync".to_owned(),
        set: "Queue",
        component: "queue".to_owned(),
        policy: latency(Timing::Measure("sync_us".into()), SYNC_OVER_MS),
    }];
    let limits = [
        (
            "depth",
            "messages",
            u64::from(settings.queue_messages_max),
            BACKLOG_MS,
        ),
        (
            "age",
            "oldest_age_ms",
            ms(settings.queue_age_max),
            BACKLOG_MS,
        ),
        (
            "growth",
            "growth_per_minute",
            u64::from(settings.queue_growth_max),
            GROWTH_MS,
        ),
    ];
    let limits = limits.into_iter().filter(|(_, _, limit, _)| *limit > 0);
    all.extend(limits.map(|(what, measure, limit, for_ms)| Judged {
        name: format!("queue/{what}"),
        set: "Queue",
        component: BACKLOG.to_owned(),
        policy: Policy::Threshold {
            measure: measure.into(),
            beyond: Beyond::Above(i64::try_from(limit).unwrap_or(i64::MAX)),
            for_ms,
        },
    }));
    all
}

fn latency(timing: Timing, over_ms: u64) -> Policy {
    Policy::Latency {
        timing,
        percentile: 90,
        over_ms,
        window_ms: LATENCY_WINDOW_MS,
        at_least: LATENCY_AT_LEAST,
    }
}

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{definition, ladder};

    fn of(settings: &HealthSettings) -> Vec<MonitorDefinition> {
        definition::watched(&[], settings, &[]).monitors
    }

    #[test]
    fn a_backlog_is_judged_by_the_settings_and_nothing_is_done_about_it() {
        let settings = HealthSettings {
            queue_age_max: Span::from_secs(90),
            queue_growth_max: 0,
            ..HealthSettings::default()
        };
        let all = of(&settings);
        let sentence = |name: &str| {
            let found = all.iter().find(|one| one.name == name);
            found.map(|one| {
                assert!(ladder::ladder(&one.component, &settings).is_empty());
                one.rule.sentence()
            })
        };
        let depth = "bad when messages is above 10000 for 5m";
        assert_eq!(sentence("queue/depth").as_deref(), Some(depth));
        let age = "bad when oldest_age_ms is above 1m30s for 5m";
        assert_eq!(sentence("queue/age").as_deref(), Some(age));
        assert_eq!(sentence("queue/growth"), None, "it is switched off");
    }

    #[test]
    fn a_disk_runs_out_of_octets_and_of_files() {
        let all = of(&HealthSettings::default());
        for name in [
            "disk/days-left",
            "disk/inode-days-left",
            "disk/mail/inode-days-left",
        ] {
            let found = all.iter().find(|one| one.name == name);
            assert!(
                matches!(
                    found.map(|one| &one.rule.policy),
                    Some(Policy::Trend { .. })
                ),
                "{name}"
            );
        }
    }
}
