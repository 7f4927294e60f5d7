//! What probe objects ask to be watched.

use std::sync::Arc;

use mailward_model::kind::{HealthSettings, Probe, ProbeTarget};

use super::{ProbeDefinition, Target, Watched, ms, rule};
use crate::monitor::Policy;

/// Before the names of probe objects, so that none can be taken for one of Mailward's own.
pub(crate) const PREFIX: &str = "probe/";

pub(super) fn of(name: &str, spec: &Probe, settings: &HealthSettings, all: &mut Watched) {
    let policy = match spec.among {
        Some(last) => Policy::Of {
            bad: spec.failures,
            last,
        },
        None => Policy::Consecutive(spec.failures),
    };
    let timeout_ms = ms(spec.timeout);
    let mut rule = rule(policy, ms(spec.interval), timeout_ms..=timeout_ms, settings);
    rule.timeout_ms = timeout_ms;
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
