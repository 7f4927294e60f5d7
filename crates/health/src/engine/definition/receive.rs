//! What is watched of a receive connector.

use mailward_model::kind::{HealthSettings, ProbeLane, ReceiveConnector, StartTls};

use super::{CONNECTOR_TIMEOUT_MS, MAILFLOW_TIMEOUT_MS, Target, Watched, ms, probe, rule};
use crate::monitor::Policy;

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
    let rule = rule_of(3, fast, CONNECTOR_TIMEOUT_MS);
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
