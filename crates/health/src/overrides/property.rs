//! The properties of probes, monitors and stages, read and written by name. Pure.

use mailward_api::view::{RepairAct, Responder};
use mailward_model::{kind::Value, unit::Span};

use crate::{
    engine::definition::{MonitorDefinition, ProbeDefinition},
    monitor::{Beyond, Policy},
};

/// A value as it is written.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Bool(yes) => yes.to_string(),
        Value::Ms(ms) => Span(std::time::Duration::from_millis(*ms)).to_string(),
        Value::Number(number) => number.to_string(),
        Value::Amount(amount) => amount.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// The word for a stage's properties; `None` for acts that are no stages.
pub(crate) fn stage(act: &RepairAct) -> Option<&'static str> {
    Some(match act {
        RepairAct::SoftReset { .. } => "soft_reset",
        RepairAct::Respond { responder, .. } => match responder {
            Responder::ReloadCertificate => "reload_certificate",
            Responder::NextResolver => "next_resolver",
            Responder::NextSmartHost => "next_smart_host",
            Responder::FreeDisk => "free_disk",
            Responder::ReownMessages => "reown_messages",
            Responder::RebuildSnapshot => "rebuild_snapshot",
            Responder::Command => "command",
        },
        RepairAct::RestartComponent { .. } => "restart_component",
        RepairAct::RestartProcess { .. } => "restart_process",
        RepairAct::RestartServer => "restart_server",
        RepairAct::Offline => "offline",
        RepairAct::Online | RepairAct::Alert => return None,
    })
}

/// A property of a probe; `None` where it has none of that name.
pub(crate) fn probe_value(probe: &ProbeDefinition, property: &str) -> Option<Value> {
    match property {
        "interval" => Some(Value::Ms(probe.interval_ms)),
        "timeout" => Some(Value::Ms(probe.timeout_ms)),
        "slow_after" => probe.slow_after_ms.map(Value::Ms),
        _ => None,
    }
}

/// Sets a property of a probe; false where it has none of that name, or none of that type.
pub(super) fn set_probe(probe: &mut ProbeDefinition, property: &str, value: &Value) -> bool {
    match (property, value) {
        ("interval", Value::Ms(ms)) => probe.interval_ms = *ms,
        ("timeout", Value::Ms(ms)) => probe.timeout_ms = *ms,
        ("slow_after", Value::Ms(ms)) => probe.slow_after_ms = Some(*ms),
        _ => return false,
    }
    true
}

/// A property of a monitor; `None` where it has none of that name.
pub(crate) fn monitor_value(one: &MonitorDefinition, property: &str) -> Option<Value> {
    let rule = &one.rule;
    let number = |n: &u32| Some(Value::Number(u64::from(*n)));
    let ms = |ms: &u64| Some(Value::Ms(*ms));
    match (property, &rule.policy) {
        ("set", _) => Some(Value::Text(one.set.clone())),
        ("good_to_recover", _) => number(&rule.good_to_recover),
        ("unhealthy_after", _) => ms(&rule.unhealthy_after_ms),
        ("unrecoverable_after", _) => ms(&rule.unrecoverable_after_ms),
        ("probation", _) => ms(&rule.probation_ms),
        ("bad", Policy::Consecutive(bad) | Policy::Of { bad, .. }) => number(bad),
        ("last", Policy::Of { last, .. }) => number(last),
        ("bad_percent", Policy::Percent { bad_percent, .. }) => number(bad_percent),
        ("percentile", Policy::Latency { percentile, .. }) => number(percentile),
        ("over", Policy::Latency { over_ms, .. }) => ms(over_ms),
        ("window", Policy::Percent { window_ms, .. } | Policy::Latency { window_ms, .. }) => {
            ms(window_ms)
        }
        ("at_least", Policy::Percent { at_least, .. } | Policy::Latency { at_least, .. }) => {
            number(at_least)
        }
        ("floor", Policy::Trend { floor, .. }) => Some(Value::Amount(*floor)),
        ("days_left", Policy::Trend { days_left, .. }) => number(days_left),
        (
            "limit",
            Policy::Threshold {
                beyond: Beyond::Above(limit) | Beyond::Below(limit),
                ..
            },
        ) => Some(Value::Amount(*limit)),
        ("for", Policy::Threshold { for_ms, .. }) => ms(for_ms),
        (
            "expected_every",
            Policy::Absence {
                expected_every_ms, ..
            },
        ) => ms(expected_every_ms),
        ("grace", Policy::Absence { grace_ms, .. }) => ms(grace_ms),
        ("expiry", Policy::Latch { expiry_ms }) => ms(expiry_ms),
        _ => None,
    }
}

/// Sets a property of a monitor; false where its policy has none of that name.
pub(super) fn set_monitor(one: &mut MonitorDefinition, property: &str, value: &Value) -> bool {
    let rule = &mut one.rule;
    match value {
        // Judged by the engine when a case opens.
        Value::Bool(_) => property == "alert",
        Value::Text(text) if property == "set" => {
            one.set.clone_from(text);
            true
        }
        Value::Text(_) => false,
        Value::Number(number) => {
            let number = u32::try_from(*number).unwrap_or(u32::MAX);
            set_number(
                &mut rule.policy,
                &mut rule.good_to_recover,
                property,
                number,
            )
        }
        Value::Amount(amount) => match (property, &mut rule.policy) {
            ("floor", Policy::Trend { floor, .. }) => put(floor, *amount),
            ("limit", Policy::Threshold { beyond, .. }) => {
                let moved = match beyond {
                    Beyond::Above(_) => Beyond::Above(*amount),
                    Beyond::Below(_) => Beyond::Below(*amount),
                };
                put(beyond, moved)
            }
            _ => false,
        },
        Value::Ms(ms) => match (property, &mut rule.policy) {
            ("unhealthy_after", _) => put(&mut rule.unhealthy_after_ms, *ms),
            ("unrecoverable_after", _) => put(&mut rule.unrecoverable_after_ms, *ms),
            ("probation", _) => put(&mut rule.probation_ms, *ms),
            ("over", Policy::Latency { over_ms, .. }) => put(over_ms, *ms),
            ("window", Policy::Percent { window_ms, .. } | Policy::Latency { window_ms, .. }) => {
                put(window_ms, *ms)
            }
            ("for", Policy::Threshold { for_ms, .. }) => put(for_ms, *ms),
            (
                "expected_every",
                Policy::Absence {
                    expected_every_ms, ..
                },
            ) => put(expected_every_ms, *ms),
            ("grace", Policy::Absence { grace_ms, .. }) => put(grace_ms, *ms),
            ("expiry", Policy::Latch { expiry_ms }) => put(expiry_ms, *ms),
            _ => false,
        },
    }
}

fn set_number(policy: &mut Policy, good_to_recover: &mut u32, property: &str, number: u32) -> bool {
    match (property, policy) {
        ("good_to_recover", _) => put(good_to_recover, number),
        ("bad", Policy::Consecutive(bad) | Policy::Of { bad, .. }) => put(bad, number),
        ("last", Policy::Of { last, .. }) => put(last, number),
        ("bad_percent", Policy::Percent { bad_percent, .. }) => put(bad_percent, number),
        ("percentile", Policy::Latency { percentile, .. }) => put(percentile, number),
        ("at_least", Policy::Percent { at_least, .. } | Policy::Latency { at_least, .. }) => {
            put(at_least, number)
        }
        ("days_left", Policy::Trend { days_left, .. }) => put(days_left, number),
        _ => false,
    }
}

fn put<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}
