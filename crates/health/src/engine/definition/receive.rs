//! What is watched of a receive connector.

use std::ops::RangeInclusive;

use mailward_model::kind::{HealthSettings, ProbeLane, ReceiveConnector, StartTls};

use super::{CONNECTOR_TIMEOUT_MS, MAILFLOW_TIMEOUT_MS, Target, Watched, ms, probe, rule};
use crate::monitor::{Policy, Rule};

/// Failures in a row after which a connector is believed to be wedged.
const FRONT_DOOR_BAD: u32 = 3;
/// The probe of a connector may take a fifth of its interval, in milliseconds within these bounds. It
/// comes over loopback from the same host: where a greeting takes seconds there, clients wait too.
const FRONT_DOOR_PARTS: u64 = 5;
const FRONT_DOOR_TIMEOUT_MS: RangeInclusive<u64> = 1_000..=5_000;
/// And it is checked again after a tenth of the interval.
const FRONT_DOOR_RECHECK_PARTS: u64 = 10;

/// The rule of a connector's front door. A wedge shows itself by timeouts alone, and must be noticed
/// within two intervals: one until the probe comes, three looks of a fifth, two pauses of a tenth make
/// 1.8. Where the interval is shorter than 5 seconds the lower bounds take longer than that: a busy
/// host must not look sick.
fn front_door(interval_ms: u64, settings: &HealthSettings) -> Rule {
    let timeout_ms = (interval_ms / FRONT_DOOR_PARTS)
        .clamp(*FRONT_DOOR_TIMEOUT_MS.start(), *FRONT_DOOR_TIMEOUT_MS.end());
    let policy = Policy::Consecutive(FRONT_DOOR_BAD);
    Rule {
        recheck_parts: FRONT_DOOR_RECHECK_PARTS,
        ..rule(policy, interval_ms, timeout_ms..=timeout_ms, settings)
    }
}

pub(super) fn of_receive_connector(
    name: &str,
    spec: &ReceiveConnector,
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let fast = ms(settings.connector_probe_interval);
    let slow = ms(settings.mailflow_probe_interval);
    let copy = || (name.to_owned(), Box::new(spec.clone()));

    let (target, door) = (copy(), format!("connector/{name}"));
    let rule_of = |failures, interval_ms, timeout| {
        rule(
            Policy::Consecutive(failures),
            interval_ms,
            timeout,
            settings,
        )
    };
    let rule = front_door(fast, settings);
    let target = Target::Connector(target.0, target.1);
    all.add(
        probe(&door, target, &rule, None),
        "Receive",
        &format!("receive/{name}"),
        rule,
    );

    let (target, flow) = (copy(), format!("mailflow/{name}"));
    let rule = rule_of(2, slow, MAILFLOW_TIMEOUT_MS);
    let target = Target::MailFlow(target.0, target.1);
    let mut definition = probe(&flow, target, &rule, Some(&door));
    definition.lane = ProbeLane::Mailflow;
    all.add(definition, "MailFlow", "deliver", rule);

    let received = format!("mailflow-received/{name}");
    let interval = settings.mailflow_probe_interval.get();
    let target = Target::Received(name.to_owned(), interval);
    let rule = rule_of(2, fast, CONNECTOR_TIMEOUT_MS);
    // Nothing that could be restarted sends the probe: a person is told.
    all.add(
        probe(&received, target, &rule, None),
        "MailFlow",
        &received,
        rule,
    );

    if spec.tls != StartTls::Off {
        let (target, certificate) = (copy(), format!("certificate/{name}"));
        let rule = rule_of(2, slow, CONNECTOR_TIMEOUT_MS);
        let target = Target::Certificate(target.0, target.1);
        all.add(
            probe(&certificate, target, &rule, Some("transport")),
            "Certificates",
            &certificate,
            rule,
        );
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::unit::Span;

    use super::*;

    #[test]
    fn a_wedge_is_noticed_within_two_intervals() {
        let settings = HealthSettings::default();
        for interval_s in [5, 10, 20, 30, 60, 300] {
            let rule = front_door(interval_s * 1_000, &settings);
            let within = rule.noticed_within_ms().unwrap();
            assert!(within <= 2 * rule.interval_ms, "{rule:?}: {within} ms");
        }
    }

    #[test]
    fn it_is_repaired_as_soon_as_it_is_known() {
        let settings = HealthSettings::default();
        let interval_ms = ms(settings.connector_probe_interval);
        let rule = front_door(interval_ms, &settings);
        // The wait for the first act is counted from the first bad result.
        let known_ms = rule.noticed_within_ms().unwrap() - interval_ms;
        assert!(ms(settings.restart_component_after) <= known_ms);
    }

    #[test]
    fn a_busy_host_is_given_a_second() {
        let settings = HealthSettings {
            connector_probe_interval: Span::from_secs(1),
            ..HealthSettings::default()
        };
        assert_eq!(front_door(1_000, &settings).timeout_ms, 1_000);
    }
}
