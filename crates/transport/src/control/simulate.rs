//! `simulate connection` and `simulate message`: the server's own decisions on what did not happen.

use std::net::{IpAddr, SocketAddr};

use mailward_api::{
    control::SimulatedMessage,
    fault::Fault,
    view::{
        ConnectionChoice, MessagePlan,
        simulate::{FactorFinding, PlannedDelivery, PlannedRecipient, RecipientAnswer},
    },
};
use mailward_directory::Sender;
use mailward_model::{
    Arrival, AuthenticationResult, Bulk, Decision, EmailAddress, Envelope, EnvelopeRecipient,
    Origin, PassedOver, SenderAuthentication,
    kind::{Factor, ReceiveConnector, TlsDomainCapabilities},
    plan::{Delivery, DeliveryRecipient, NextHop, Redirection, ResolutionStep},
};
use mailward_proto::{firewall::Firewall, header};
use mailward_tls::CertificateFacts;

use crate::{
    Shared,
    categorize::{self, Explained, Input},
    control::queue::content_word,
    receive::{
        choose::choose,
        factors::{self, Claims, Finding, Presented, Which},
        policy::{self, Ends, Recipient, recipient},
    },
    snapshot::{Named, Snapshot},
};

pub(super) fn connection(shared: &Shared, remote: IpAddr, local: SocketAddr) -> ConnectionChoice {
    let snapshot = shared.snapshot.load();
    choice(&snapshot, remote, local)
}

/// Which receive connector takes a connection, and by what it knows its senders.
pub(crate) fn choice(snapshot: &Snapshot, remote: IpAddr, local: SocketAddr) -> ConnectionChoice {
    let decision = choose(snapshot, local, remote);
    let chosen = decision.chosen.as_deref();
    ConnectionChoice {
        remote,
        local,
        factors: chosen.map_or_else(Vec::new, |connector| {
            asked_factors(snapshot, connector, remote)
        }),
        decision: decision.map(|chosen| chosen.map(|connector| connector.name.clone())),
    }
}

/// The factors of a connector, as far as an address alone shows what they come to.
fn asked_factors(
    snapshot: &Snapshot,
    connector: &Named<ReceiveConnector>,
    remote: IpAddr,
) -> Vec<FactorFinding> {
    let spec = &connector.spec;
    let ranges = snapshot.sender_ranges_of(&connector.name);
    let range = ranges.and_then(|ranges| factors::range(spec, ranges, remote));
    let open = |factor: &str, counts: Factor, named: Vec<String>, what: &str| {
        (counts != Factor::Off).then(|| FactorFinding {
            factor: factor.to_owned(),
            counts,
            met: None,
            reason: format!("{what} {}", named.join(", ")),
        })
    };
    let names = spec.tls_domain_capabilities.iter();
    let names = names.map(TlsDomainCapabilities::name).collect();
    let tenants = spec.tenants.iter().map(ToString::to_string).collect();
    let certificate = open(
        Which::Certificate.word(),
        spec.certificate_factor,
        names,
        "the client must show a certificate with one of the names",
    );
    let tenant = open(
        Which::Tenant.word(),
        spec.tenant_factor,
        tenants,
        "the message must come from one of the tenants",
    );
    let known = range.as_ref().map(finding);
    known.into_iter().chain(certificate).chain(tenant).collect()
}

fn finding(found: &Finding) -> FactorFinding {
    FactorFinding {
        factor: found.which.word().to_owned(),
        counts: found.counts,
        met: Some(found.met),
        reason: found.reason.clone(),
    }
}

/// The factors of a connector for a message that is not there.
fn message_factors(
    snapshot: &Snapshot,
    connector: &Named<ReceiveConnector>,
    remote: IpAddr,
    asked: &SimulatedMessage,
) -> Vec<Finding> {
    let spec = &connector.spec;
    let presented = presented(asked);
    let claims = Claims::of(header::section(asked.header.as_bytes()), None);
    let ranges = snapshot.sender_ranges_of(&connector.name);
    let range = ranges.and_then(|ranges| factors::range(spec, ranges, remote));
    let others = [
        factors::certificate(spec, &presented),
        factors::tenant(spec, &claims),
    ];
    range
        .into_iter()
        .chain(others.into_iter().flatten())
        .collect()
}

/// What would have been found out about the sender.
fn arrival(shared: &Shared, snapshot: &Snapshot, asked: &SimulatedMessage) -> Arrival {
    let settings = &snapshot.settings;
    let (allowed, window) = (settings.bulk_recipients_max, settings.bulk_window.get());
    let mut outside = asked.recipients.iter();
    let sends_out = outside.any(|to| categorize::is_outside(&snapshot.directory, to.domain()));
    let sender = asked.mail_from.address();
    let bulk = sender
        .filter(|_| allowed > 0 && sends_out)
        .and_then(|sender| {
            // As many as it has reached already: a simulation counts for nothing.
            let now = shared.clock.monotonic();
            let recipients = shared.bulk.count(&sender.key(), 0, window, now);
            (recipients > allowed).then(|| Bulk {
                recipients,
                allowed,
                window_secs: u32::try_from(window.as_secs()).unwrap_or(u32::MAX),
            })
        });
    Arrival {
        authentication: asked.unauthenticated.then(|| SenderAuthentication {
            spf: AuthenticationResult::Fail,
            ..SenderAuthentication::default()
        }),
        bulk,
        originating_organization: None,
        internal: false,
    }
}

/// Whether the message would count as internal, by the functions that decide it for real mail.
fn is_internal(connector: &ReceiveConnector, found: &[Finding], asked: &SimulatedMessage) -> bool {
    let kept = factors::kept(connector, &presented(asked), found);
    let (mut firewall, mut passed) = (Firewall::new(kept), Vec::new());
    firewall.pass(asked.header.as_bytes(), &mut passed);
    firewall.finish(&mut passed);
    factors::is_internal(kept, &passed) && found.iter().all(|one| one.met)
}

fn presented(asked: &SimulatedMessage) -> Presented {
    match &asked.certificate {
        Some(name) => Presented::Verified(Box::new(CertificateFacts {
            dns_names: vec![name.to_string()],
            ..CertificateFacts::default()
        })),
        None => Presented::PlainText,
    }
}

pub(super) fn message(shared: &Shared, asked: SimulatedMessage) -> Result<MessagePlan, Fault> {
    let snapshot = shared.snapshot.load();
    let remote = asked.remote.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let decision = connector_for(&snapshot, remote);
    let connector = decision.chosen.clone();
    let found = connector.as_deref().map_or_else(Vec::new, |connector| {
        message_factors(&snapshot, connector, remote, &asked)
    });
    let internal = connector
        .as_deref()
        .is_some_and(|connector| is_internal(&connector.spec, &found, &asked));
    let arrival = Arrival {
        internal,
        ..arrival(shared, &snapshot, &asked)
    };
    let origin = Origin {
        connector: connector
            .as_ref()
            .map(|connector| connector.name.clone())
            .unwrap_or_default(),
        client: Some(SocketAddr::new(remote, 0)),
        server: None,
        helo: asked
            .helo
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        protocol: "ESMTP".to_owned(),
        tls: None,
        account: asked.account.clone(),
        probe: false,
        arrival: Some(Box::new(arrival)),
        accepted_unix_ms: shared.clock.unix_ms(),
    };
    // Which local address it would reach is not known; an unspecified one is no client's.
    let ends = Ends {
        client: remote,
        server: IpAddr::from([0, 0, 0, 0]),
    };
    let answers: Vec<RecipientAnswer> = asked
        .recipients
        .iter()
        .map(|address| {
            let connector = connector.as_deref();
            rcpt(&snapshot, connector, ends, (&asked, internal), address)
        })
        .collect();
    let accepted = answers.iter().filter(|answer| answer.accepted);
    let accepted = accepted.map(|answer| answer.address.clone()).collect();
    let explained = explained(&snapshot, &asked, &origin, accepted);
    let mut refusals = found.iter().filter_map(|one| one.refusal.as_ref());
    Ok(MessagePlan {
        connector: decision.map(|chosen| chosen.map(|connector| connector.name.clone())),
        factors: found.iter().map(finding).collect(),
        refused: refusals.next().map(ToString::to_string),
        risks: explained.risks.clone(),
        recipients: answers,
        deliveries: explained
            .plan
            .deliveries
            .iter()
            .map(|delivery| planned(&snapshot, &explained, delivery))
            .collect(),
        notes: notes(&explained),
    })
}

/// What the categorizer would make of the message for these recipients, by the function that decides
/// it for real mail.
pub(super) fn explained(
    snapshot: &Snapshot,
    asked: &SimulatedMessage,
    origin: &Origin,
    recipients: Vec<EmailAddress>,
) -> Explained {
    let envelope = Envelope {
        mail_from: asked.mail_from.clone(),
        recipients: recipients.into_iter().map(EnvelopeRecipient::new).collect(),
        ..Envelope::default()
    };
    let section = header::section(asked.header.as_bytes());
    let headers = header::address_headers(section);
    let input = Input {
        envelope: &envelope,
        origin,
        headers: Some(&headers),
        size: asked.size,
        is_journal_report: header::summary(section).journal_report,
    };
    categorize::explain(snapshot, &input)
}

/// The connector that a client at `remote` would reach, over every binding.
fn connector_for(
    snapshot: &Snapshot,
    remote: IpAddr,
) -> Decision<Option<std::sync::Arc<Named<ReceiveConnector>>>> {
    let bindings = snapshot
        .receive_connectors
        .iter()
        .flat_map(|connector| &connector.spec.bindings);
    let mut last = None;
    for local in bindings.flat_map(mailward_model::Binding::sockets) {
        let decision = choose(snapshot, local, remote);
        if decision.chosen.is_some() {
            return decision;
        }
        last = Some(decision);
    }
    last.unwrap_or_else(|| Decision::plain(None, "no receive connector is enabled"))
}

/// What RCPT would be answered, by the function that answers it in a session.
fn rcpt(
    snapshot: &Snapshot,
    connector: Option<&Named<ReceiveConnector>>,
    ends: Ends,
    (asked, internal): (&SimulatedMessage, bool),
    address: &EmailAddress,
) -> RecipientAnswer {
    let fallback = ReceiveConnector::default();
    let connector = connector.map_or(&fallback, |connector| &connector.spec);
    let sender = Sender {
        account: asked.account.as_ref(),
        ..policy::sender(connector, &asked.mail_from, asked.size, internal)
    };
    let (accepted, reply) = match recipient(snapshot, connector, ends, &sender, address) {
        Recipient::Taken => (true, "250 2.1.5 Recipient ok".to_owned()),
        Recipient::Monitoring => (
            true,
            "250 2.1.5, if the message proves to be a health probe".to_owned(),
        ),
        Recipient::RelayDenied(reply) | Recipient::Refused(reply) => (false, reply.to_string()),
    };
    RecipientAnswer {
        address: address.clone(),
        reply,
        accepted,
    }
}

/// The pool of the send connector that a next hop goes through.
fn pool_word(snapshot: &Snapshot, hop: &NextHop) -> String {
    let (NextHop::SmartHost { connector } | NextHop::Domain { connector, .. }) = hop else {
        return String::new();
    };
    let connector = snapshot.send_connector(connector);
    connector.map_or_else(String::new, |one| one.spec.pool.word().to_owned())
}

fn planned(snapshot: &Snapshot, explained: &Explained, delivery: &Delivery) -> PlannedDelivery {
    let first = delivery
        .recipients
        .first()
        .map(|recipient| &recipient.rcpt.address);
    let why = explained
        .recipients
        .iter()
        .find(|recipient| Some(&recipient.address) == first);
    PlannedDelivery {
        next_hop: delivery.next_hop.to_string(),
        content: content_word(&delivery.content).to_owned(),
        mail_from: delivery.mail_from.clone(),
        pool: pool_word(snapshot, &delivery.next_hop),
        recipients: delivery.recipients.iter().map(planned_recipient).collect(),
        because: why
            .map(|why| why.next_hop.because.clone())
            .unwrap_or_default(),
        passed_over: why
            .map(|why| why.next_hop.passed_over.clone())
            .unwrap_or_default(),
    }
}

fn planned_recipient(recipient: &DeliveryRecipient) -> PlannedRecipient {
    PlannedRecipient {
        address: recipient.rcpt.address.clone(),
        by_way_of: match &recipient.redirection {
            Some(Redirection::Expanded(group)) => format!("member of {group}"),
            Some(Redirection::Forwarded(from)) => format!("forwarded from {from}"),
            None => String::new(),
        },
    }
}

fn notes(explained: &Explained) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for note in &explained.plan.notes {
        let to: Vec<String> = note.to.iter().map(ToString::to_string).collect();
        let to = to.join(", ");
        notes.push(match note.step {
            ResolutionStep::Resolve => format!("{} is a proxy address of {to}", note.from),
            ResolutionStep::Expand if to.is_empty() => {
                format!("{} is a group without members", note.from)
            }
            ResolutionStep::Expand => format!("{} is a group of {to}", note.from),
            ResolutionStep::Redirect => format!("{} forwards to {to}", note.from),
            ResolutionStep::Duplicate => {
                format!("{} leads to {to}, who is reached already", note.from)
            }
        });
    }
    for (address, reply, told) in &explained.failures {
        let told = if *told {
            "the sender is told"
        } else {
            "nobody is told"
        };
        notes.push(format!("{address} fails with {reply}; {told}"));
    }
    for rule in &explained.journal {
        let verb = if rule.fires.chosen {
            "fires"
        } else {
            "does not fire"
        };
        let passed: Vec<String> = rule.fires.passed_over.iter().map(reason).collect();
        let passed = if passed.is_empty() {
            String::new()
        } else {
            format!(" ({})", passed.join("; "))
        };
        notes.push(format!(
            "journal rule {:?} {verb}: {}{passed}",
            rule.rule, rule.fires.because
        ));
    }
    notes
}

fn reason(passed: &PassedOver) -> String {
    format!("{}: {}", passed.candidate, passed.reason)
}
