//! What is watched of the ways out: the certificates that are shown, the resolvers, the names that
//! delivery looks up, the smart hosts. Where nothing that is enabled needs a resolver, none is asked.

use std::{collections::BTreeSet, net::SocketAddr};

use mailward_model::{
    Object, Spec,
    kind::{ConnectorTarget, HealthSettings, HostName, OutboundTls, ProbeLane, SendConnector},
};

use super::{
    CONNECTOR_TIMEOUT_MS, MAILFLOW_TIMEOUT_MS, Target, Upstream, Watched, ms, probe, rule,
};
use crate::monitor::Policy;

/// Domains with MX records that are looked up of one connector: address spaces may be many.
const DOMAINS_MAX: usize = 16;

pub(super) fn all(
    objects: &[Object],
    resolvers: &[SocketAddr],
    settings: &HealthSettings,
    all: &mut Watched,
) {
    let slow = ms(settings.mailflow_probe_interval);
    let mut names = BTreeSet::new();
    let mut hosts = Vec::new();
    let mut needs_dns = false;
    for object in objects {
        let Spec::SendConnector(spec) = &object.spec else {
            continue;
        };
        if !spec.enabled {
            continue;
        }
        route(&object.name, spec, settings, all);
        certificate(&object.name, spec, settings, all);
        if spec.target == ConnectorTarget::Mx {
            needs_dns = true;
            names.extend(domains(spec).take(DOMAINS_MAX).map(|name| (name, true)));
            continue;
        }
        for host in &spec.smart_hosts {
            if let HostName::Name(name) = &host.host {
                needs_dns = true;
                names.insert((name.to_string(), false));
            }
            hosts.push((format!("smart-host/{}/{host}", object.name), spec, host));
        }
    }
    let mut add = |name: String, set: &str, target, failures, needs| {
        let policy = Policy::Consecutive(failures);
        let rule = rule(policy, slow, CONNECTOR_TIMEOUT_MS, settings);
        let mut definition = probe(&name, target, &rule, needs);
        (definition.lane, definition.again) = (ProbeLane::Net, true);
        all.add(definition, set, &name, rule);
    };
    if needs_dns {
        for server in resolvers {
            add(
                format!("dns/resolver/{server}"),
                "Dns",
                Target::Resolver(*server),
                2,
                None,
            );
        }
    }
    for (name, mx) in names {
        let word = if mx { "mx" } else { "host" };
        add(
            format!("dns/{word}/{name}"),
            "Dns",
            Target::Name { name, mx },
            2,
            None,
        );
    }
    for (name, spec, host) in hosts {
        let upstream = Upstream {
            host: host.clone(),
            lmtp: spec.target == ConnectorTarget::Lmtp,
            tls: spec.tls,
            fqdn: spec.fqdn.clone(),
        };
        add(
            name,
            "Upstream",
            Target::SmartHost(Box::new(upstream)),
            2,
            None,
        );
    }
}

/// The way of a message through a send connector.
fn route(name: &str, spec: &SendConnector, settings: &HealthSettings, all: &mut Watched) {
    let slow = ms(settings.mailflow_probe_interval);
    let rule = rule(Policy::Consecutive(2), slow, MAILFLOW_TIMEOUT_MS, settings);
    let target = Target::Route(name.to_owned(), Box::new(spec.clone()));
    let mut definition = probe(&format!("route/{name}"), target, &rule, Some("queue"));
    definition.lane = ProbeLane::Mailflow;
    all.add(definition, "MailFlow", &format!("send/{name}"), rule);
}

/// The certificate that a send connector shows to peers that ask for one.
fn certificate(name: &str, spec: &SendConnector, settings: &HealthSettings, all: &mut Watched) {
    if spec.tls == OutboundTls::Off {
        return;
    }
    let slow = ms(settings.mailflow_probe_interval);
    let rule = rule(Policy::Consecutive(2), slow, CONNECTOR_TIMEOUT_MS, settings);
    // Names of objects have no slash: no receive connector's goes by this one.
    let certificate = format!("certificate/send/{name}");
    let target = Target::ClientCertificate(name.to_owned(), Box::new(spec.clone()));
    let definition = probe(&certificate, target, &rule, Some("transport"));
    all.add(definition, "Certificates", &certificate, rule);
}

/// The domains that a connector names one by one.
fn domains(spec: &SendConnector) -> impl Iterator<Item = String> {
    let single = spec.address_spaces.iter().filter(|space| !space.subdomains);
    single.filter_map(|space| space.domain.as_ref().map(ToString::to_string))
}
