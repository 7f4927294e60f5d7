//! A connection to a next hop: its hosts in order, their addresses, TLS as the connector wants it.
//!
//! Whatever can be mended by waiting defers. Only DNS saying that there is no such domain, that it
//! takes no mail, or that its mail would come back here is final.

use std::{net::IpAddr, sync::atomic::Ordering};

use mailward_events::Event;
use mailward_model::{
    Domain, EnhancedCode, Reply,
    kind::{ConnectorTarget, HostName, OutboundTls, SendConnector, SmartHost},
    plan::NextHop,
};

use super::{
    Run,
    connection::{Connection, Dial, DialError},
    dns::{LookupError, MxOrder, mx_order},
    hosts::mx_host,
    source,
};
use crate::{
    distrust::{Direction, With},
    snapshot::{Named, Snapshot},
};

/// Addresses tried in one attempt. A domain with more is found again at the next one.
const ADDRESSES_MAX: usize = 12;

/// Opens a connection to the first host that takes one.
///
/// # Errors
/// The reply for every recipient: 4xx to try again later, 5xx where DNS leaves no hope or every
/// way leads back here.
pub(super) async fn establish(
    run: &Run,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    hop: &NextHop,
) -> Result<Connection, Reply> {
    let targets = targets(run, snapshot, connector, hop).await?;
    let mut failure = None;
    let mut tried = 0;
    for host in &targets {
        let addresses = match addresses(run, host).await {
            Ok(addresses) => addresses,
            Err(reply) => {
                note(&mut failure, reply);
                continue;
            }
        };
        for ip in addresses {
            if tried == ADDRESSES_MAX {
                break;
            }
            let turn = run.turn.fetch_add(1, Ordering::Relaxed);
            let Some(sources) = source::in_turn(&connector.spec, ip.is_ipv4(), turn) else {
                note(&mut failure, no_source(host, ip));
                continue;
            };
            tried += 1;
            match dial(run, snapshot, connector, host, ip, &sources).await {
                Ok(connection) => {
                    let tls = connection.peer.tls.is_some();
                    run.hosts.is_up(host, run.shared.clock.monotonic(), tls);
                    return Ok(connection);
                }
                Err(reply) => note(&mut failure, reply),
            }
        }
        run.hosts.is_down(host, run.shared.clock.monotonic());
    }
    Err(failure.unwrap_or_else(|| {
        Reply::new(
            451,
            EnhancedCode(4, 4, 1),
            "No host of the next hop could be asked",
        )
    }))
}

/// The host has an address of a family of which the connector names no source.
fn no_source(host: &SmartHost, ip: IpAddr) -> Reply {
    let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
    Reply::new(
        451,
        EnhancedCode(4, 4, 1),
        format!(
            "{} [{ip}]: the send connector names no {family} source address",
            host.host
        ),
    )
}

/// Keeps the last failure, but a temporary one over a final one: one host that leads back here does
/// not return mail that another host will take tomorrow.
fn note(failure: &mut Option<Reply>, reply: Reply) {
    if reply.is_permanent() && failure.as_ref().is_some_and(Reply::is_transient) {
        return;
    }
    *failure = Some(reply);
}

/// One connection to one address; a second one without TLS where that is allowed.
async fn dial(
    run: &Run,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    host: &SmartHost,
    ip: IpAddr,
    sources: &[Option<IpAddr>],
) -> Result<Connection, Reply> {
    let shared = &run.shared;
    let now = shared.clock.monotonic();
    let plain_allowed = match connector.spec.tls {
        OutboundTls::Off => true,
        OutboundTls::Opportunistic => !run.hosts.speaks_tls(host, now),
        OutboundTls::Required => false,
    };
    let tls_failed = |error: &str| {
        shared.events.emit(Event::OutboundTlsFailed {
            connector: connector.name.clone(),
            host: host.to_string(),
            error: error.to_owned(),
        });
    };
    let certificate = match connector.spec.tls {
        OutboundTls::Off => None,
        _ => {
            let needs = connector.certificate_needs(&shared.node.hostname);
            shared.certificates.client_certificate(&needs)
        }
    };
    let attempt = |tls, shows| {
        Dial {
            shared,
            snapshot,
            connector,
            host,
            ip,
            sources,
            chunking: run.hosts.takes_bdat(host, now),
            grouping: run.hosts.takes_groups(host, now),
            plain_allowed,
            tls,
            certificate: certificate.as_ref(),
            shows,
        }
        .open()
    };
    let mut outcome = attempt(true, true).await;
    if let Err(DialError::Certificate(error)) = outcome {
        // None shown is what a host gets that we have none for: it says itself what it will have.
        shared.events.emit(Event::ClientCertificateRefused {
            connector: connector.name.clone(),
            host: host.to_string(),
            certificate: certificate
                .as_ref()
                .map_or_else(String::new, |one| one.facts.label()),
            error,
        });
        outcome = attempt(true, false).await;
    }
    if let Err(DialError::Handshake(error)) = &outcome {
        tls_failed(error);
        // The session is lost once STARTTLS was answered; a new one can do without it.
        outcome = if plain_allowed {
            attempt(false, false).await
        } else {
            Err(DialError::Failed(Reply::new(
                451,
                EnhancedCode(4, 7, 5),
                format!("TLS with {} [{ip}] failed: {error}", host.host),
            )))
        };
    }
    match outcome {
        Ok(connection) => Ok(connection),
        Err(DialError::Untrusted(distrusted)) => {
            let peer = format!("{host} [{ip}]");
            let with = With {
                direction: Direction::Out,
                connector: &connector.name,
                peer: &peer,
            };
            with.refused(&shared.events, &distrusted);
            // RFC 8460 §4.3.2.1 calls it certificate-not-trusted.
            Err(Reply::new(
                451,
                EnhancedCode(4, 7, 5),
                format!(
                    "{} [{ip}] showed a certificate that is untrusted here: {}",
                    host.host, distrusted.entry
                ),
            ))
        }
        Err(DialError::NoTls(reply)) => {
            tls_failed(&reply.text);
            Err(reply)
        }
        Err(DialError::Loop(reply)) => Err(reply),
        Err(DialError::Failed(reply)) => {
            shared.events.emit(Event::SmartHostDown {
                connector: connector.name.clone(),
                host: host.to_string(),
                error: reply.text.to_string(),
            });
            Err(reply)
        }
        Err(DialError::Handshake(error) | DialError::Certificate(error)) => Err(Reply::new(
            451,
            EnhancedCode(4, 7, 5),
            format!("TLS with {} [{ip}] failed: {error}", host.host),
        )),
    }
}

/// The hosts of a next hop, in the order in which to try them.
async fn targets(
    run: &Run,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    hop: &NextHop,
) -> Result<Vec<SmartHost>, Reply> {
    let spec = &connector.spec;
    let now = run.shared.clock.monotonic();
    let NextHop::Domain { domain, .. } = hop else {
        return Ok(run.hosts.in_order(&spec.smart_hosts, now));
    };
    debug_assert_eq!(spec.target, ConnectorTarget::Mx);
    if let Some(ip) = domain.literal() {
        return Ok(vec![SmartHost {
            host: HostName::Ip(ip),
            port: spec.port,
        }]);
    }
    let records = match run.dns.mx(domain.as_str()).await {
        Ok(records) => records,
        // RFC 5321 §5.1: without MX records the domain itself is the host.
        Err(LookupError::NoRecords) => return implicit(run, domain, spec.port).await,
        Err(LookupError::NoName) => {
            return Err(Reply::new(
                550,
                EnhancedCode(5, 1, 2),
                format!("The domain {domain} does not exist"),
            ));
        }
        Err(LookupError::Temporary(error)) => {
            return Err(dns_failing(run, domain.as_str(), &error));
        }
    };
    let own = [Some(&snapshot.hostname), spec.fqdn.as_ref()];
    let seed = mailward_host::entropy::random::<8>().map_or(0, u64::from_ne_bytes);
    match mx_order(records, |host| own.contains(&Some(host)), seed) {
        MxOrder::Hosts(hosts) => {
            let hosts: Vec<_> = hosts
                .into_iter()
                .map(|host| mx_host(host, spec.port))
                .collect();
            Ok(run.hosts.in_order(&hosts, now))
        }
        // RFC 7505 §4.
        MxOrder::Null => Err(Reply::new(
            556,
            EnhancedCode(5, 1, 10),
            format!("The domain {domain} takes no mail"),
        )),
        MxOrder::Loop => Err(Reply::new(
            554,
            EnhancedCode(5, 4, 6),
            format!("Mail for {domain} loops back to this host: it is the best MX of the domain"),
        )),
        MxOrder::Unusable => Err(Reply::new(
            550,
            EnhancedCode(5, 4, 4),
            format!("The MX records of {domain} name no host"),
        )),
    }
}

/// The domain as its own host. A domain that has no address either takes no mail.
async fn implicit(run: &Run, domain: &Domain, port: u16) -> Result<Vec<SmartHost>, Reply> {
    match run.dns.addresses(domain.as_str()).await {
        Ok(_) => Ok(vec![mx_host(domain.clone(), port)]),
        Err(LookupError::Temporary(error)) => Err(dns_failing(run, domain.as_str(), &error)),
        Err(LookupError::NoName | LookupError::NoRecords) => Err(Reply::new(
            550,
            EnhancedCode(5, 4, 4),
            format!("The domain {domain} has neither MX records nor an address"),
        )),
    }
}

/// The addresses of a host.
async fn addresses(run: &Run, host: &SmartHost) -> Result<Vec<IpAddr>, Reply> {
    let name = match &host.host {
        HostName::Ip(ip) => return Ok(vec![*ip]),
        HostName::Name(name) => name,
    };
    match run.dns.addresses(name.as_str()).await {
        Ok(addresses) => Ok(addresses),
        Err(LookupError::Temporary(error)) => Err(dns_failing(run, name.as_str(), &error)),
        // Somebody's slip in a zone or in a connector; it will be mended.
        Err(error) => Err(Reply::new(
            451,
            EnhancedCode(4, 4, 4),
            format!("The host {name} has no address: {error}"),
        )),
    }
}

fn dns_failing(run: &Run, name: &str, error: &str) -> Reply {
    run.shared.events.emit(Event::ResolverFailing {
        name: name.to_owned(),
        error: error.to_owned(),
    });
    Reply::new(
        451,
        EnhancedCode(4, 4, 3),
        format!("DNS does not answer for {name}: {error}"),
    )
}
