//! What probe objects ask to be watched.

use std::sync::Arc;

use mailward_model::kind::{HealthSettings, Probe, ProbePolicy, ProbeTarget};

use super::{ProbeDefinition, Target, Watched, ms, rule};
use crate::monitor::{Beyond, Policy, Timing};

/// Before the names of probe objects, so that none can be taken for one of Mailward's own.
pub(crate) const PREFIX: &str = "probe/";

pub(super) fn of(name: &str, spec: &Probe, settings: &HealthSettings, all: &mut Watched) {
    let policy = match (&spec.policy, spec.among) {
        (Some(policy), _) => policy_of(policy),
        (None, Some(last)) => Policy::Of {
            bad: spec.failures,
            last,
        },
        (None, None) => Policy::Consecutive(spec.failures),
    };
    let timeout_ms = ms(spec.timeout);
    let mut rule = rule(policy, ms(spec.interval), timeout_ms..=timeout_ms, settings);
    rule.timeout_ms = timeout_ms;
    if spec.hears_reports_alone() {
        // One report that all is well says so, and the next may not come for a day.
        rule.good_to_recover = 1;
    }
    let name = format!("{PREFIX}{name}");
    let definition = ProbeDefinition {
        target: Target::Object(Arc::new(spec.clone())),
        interval_ms: rule.interval_ms,
        timeout_ms,
        needs: None,
        lane: spec.lane(),
        slow_after_ms: spec.slow_after.map(ms),
        again: true,
        soon: false,
        name: name.clone(),
    };
    let component = spec.component.as_deref().unwrap_or(&name);
    all.add(definition, &spec.health_set, component, rule);
}

/// The policy that an object asks for.
fn policy_of(policy: &ProbePolicy) -> Policy {
    match policy {
        ProbePolicy::Percent {
            bad_percent,
            window,
            at_least,
        } => Policy::Percent {
            bad_percent: *bad_percent,
            window_ms: ms(*window),
            at_least: *at_least,
        },
        ProbePolicy::Latency {
            measure,
            percentile,
            over,
            window,
            at_least,
        } => Policy::Latency {
            timing: match measure {
                Some(measure) => Timing::Measure(measure.clone().into()),
                None => Timing::Took,
            },
            percentile: *percentile,
            over_ms: ms(*over),
            window_ms: ms(*window),
            at_least: *at_least,
        },
        ProbePolicy::Threshold {
            measure,
            above,
            below,
            lasting,
        } => Policy::Threshold {
            measure: measure.clone().into(),
            beyond: match (above, below) {
                (Some(limit), _) => Beyond::Above(*limit),
                // One of the two is there: the object was validated.
                (None, limit) => Beyond::Below(limit.unwrap_or(i64::MIN)),
            },
            for_ms: ms(*lasting),
        },
        ProbePolicy::Trend {
            measure,
            floor,
            days_left,
        } => Policy::Trend {
            measure: measure.clone().into(),
            floor: *floor,
            days_left: *days_left,
        },
        ProbePolicy::Absence {
            expected_every,
            grace,
        } => Policy::Absence {
            expected_every_ms: ms(*expected_every),
            grace_ms: ms(*grace),
        },
        ProbePolicy::Latch { expiry } => Policy::Latch {
            expiry_ms: ms(*expiry),
        },
    }
}

/// Whose silence a timeout of this target is: its host's, where it has one.
pub(super) fn subject(target: &ProbeTarget, name: &str) -> String {
    match target {
        ProbeTarget::Tcp(tcp) => tcp.host.to_string(),
        ProbeTarget::Smtp(mail)
        | ProbeTarget::Lmtp(mail)
        | ProbeTarget::Imap(mail)
        | ProbeTarget::Pop3(mail) => mail.host.to_string(),
        ProbeTarget::Http(page) => {
            let uri: Option<hyper::Uri> = page.url.parse().ok();
            uri.and_then(|uri| uri.host().map(str::to_owned))
                .unwrap_or_else(|| page.url.clone())
        }
        ProbeTarget::Tls(tls) => tls.host.to_string(),
        ProbeTarget::Dns(_) => "dns".to_owned(),
        ProbeTarget::Ntp(ntp) => ntp.host.to_string(),
        ProbeTarget::Command(_) | ProbeTarget::Report(_) => name.to_owned(),
    }
}
