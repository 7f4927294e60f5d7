//! Monitors of what probes measure on the way: how fast, how often, how long it will last. They
//! have no stages of recovery: no restart makes a disk larger. Pure.

use mailward_model::{
    Object,
    kind::{HealthSettings, TransportSettings},
    object::SpecOf,
};

use super::definition::{MonitorDefinition, Target, Watched};
use crate::monitor::{Policy, Rule, Timing};

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

/// Adds a monitor for each measure that a probe gives.
pub(super) fn add(objects: &[Object], settings: &HealthSettings, all: &mut Watched) {
    let floor = objects
        .iter()
        .find_map(|object| TransportSettings::of(&object.spec))
        .map_or(TransportSettings::default().min_free_space, |transport| {
            transport.min_free_space
        });
    let unrecoverable_after_ms =
        2 * u64::try_from(settings.offline_after.get().as_millis()).unwrap_or(u64::MAX / 2);
    let latency = |timing, over_ms| Policy::Latency {
        timing,
        percentile: 90,
        over_ms,
        window_ms: LATENCY_WINDOW_MS,
        at_least: LATENCY_AT_LEAST,
    };
    for probe in &all.probes {
        let (name, set, component, policy) = match &probe.target {
            Target::Disk(place) => (
                format!("{}/days-left", place.probe()),
                "Disk",
                place.probe().to_owned(),
                Policy::Trend {
                    measure: "free_octets".into(),
                    floor: i64::try_from(floor.0).unwrap_or(i64::MAX),
                    days_left: DAYS_LEFT,
                },
            ),
            Target::Queue => (
                "queue/sync".to_owned(),
                "Queue",
                "queue".to_owned(),
                latency(Timing::Measure("sync_us".into()), SYNC_OVER_MS),
            ),
            Target::Connector(connector, _) => (
                format!("connector/{connector}/latency"),
                "Receive",
                format!("latency/{connector}"),
                latency(Timing::Took, CONNECTOR_OVER_MS),
            ),
            Target::MailFlow(connector, _) => (
                format!("mailflow/{connector}/percent"),
                "MailFlow",
                format!("mailflow/{connector}"),
                Policy::Percent {
                    bad_percent: MAILFLOW_BAD_PERCENT,
                    window_ms: probe.interval_ms.saturating_mul(MAILFLOW_INTERVALS),
                    at_least: MAILFLOW_AT_LEAST,
                },
            ),
            _ => continue,
        };
        all.monitors.push(MonitorDefinition {
            name,
            probe: probe.name.clone(),
            set: set.to_owned(),
            component,
            rule: Rule {
                policy,
                interval_ms: probe.interval_ms,
                timeout_ms: probe.timeout_ms,
                good_to_recover: 2,
                unhealthy_after_ms: 60_000,
                unrecoverable_after_ms: unrecoverable_after_ms.max(1_800_000),
                probation_ms: u64::try_from(settings.probation.get().as_millis())
                    .unwrap_or(u64::MAX),
            },
        });
    }
}
