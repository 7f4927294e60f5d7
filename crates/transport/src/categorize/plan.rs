//! The plan of a message: its deliveries, its journal reports, and the bounces known at once.
//!
//! Invariant: every recipient of the envelope ends in a delivery, in a failure, or as a duplicate
//! of one that does. A failure is reported to the sender unless the sender is null, asked for no
//! report (NOTIFY), or the message is a probe.

use mailward_directory::{Expansion, Resolution, Sender};
use mailward_model::{
    EmailAddress, EnhancedCode, Envelope, EnvelopeRecipient, Origin, Reply, ReversePath,
    kind::{OutboundPool, Relay},
    plan::{Delivery, DeliveryContent, DeliveryRecipient, DsnAction, DsnRecipient, NextHop, Plan},
};
use mailward_proto::header::AddressHeaders;

use super::{
    gather::Gatherer,
    journal,
    risk::wanted_pool,
    route::{route_place, route_to},
};
use crate::snapshot::Snapshot;

/// The size by which a bounce is routed, in octets: that of one without the original. How much of
/// the original goes with it is decided when it is composed.
const DSN_OCTETS: u64 = 8 << 10;

/// What a message is categorized by.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The envelope.
    pub envelope: &'a Envelope,
    /// Where it came from.
    pub origin: &'a Origin,
    /// The header's addresses, where they were read; they are used only for mail of a signed-in
    /// account. See [`Snapshot::wants_address_headers`].
    pub headers: Option<&'a AddressHeaders>,
    /// Octets of the message.
    pub size: u64,
    /// Whether its header marks it as a journal report (`X-MS-Journal-Report`) of some system.
    pub is_journal_report: bool,
}

/// A recipient that the message cannot be delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The address that failed.
    pub rcpt: EnvelopeRecipient,
    /// The envelope recipient it follows from, by index.
    pub source: u32,
    /// Why.
    pub reply: Reply,
    /// Whether somebody is told; false for null senders, NOTIFY without FAILURE, and probes.
    pub reported: bool,
}

/// A plan, and what it leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categorized {
    /// What the queue keeps.
    pub plan: Plan,
    /// Recipients that failed, reported or not, for tracking.
    pub failures: Vec<Failure>,
    /// The groups that were expanded, for tracking.
    pub expansions: Vec<Expansion>,
}

/// The plan of a message. See [`categorize`].
pub fn plan(snapshot: &Snapshot, input: &Input<'_>) -> Plan {
    categorize(snapshot, input).plan
}

/// Decides everything that follows from a message. Pure: the same arguments give the same plan.
pub fn categorize(snapshot: &Snapshot, input: &Input<'_>) -> Categorized {
    categorize_resolved(snapshot, input, resolve(snapshot, input))
}

/// Who gets a message. Probes are free of restrictions: what they pass through is watched, not what
/// somebody may send.
pub(super) fn resolve(snapshot: &Snapshot, input: &Input<'_>) -> Resolution {
    let (envelope, origin) = (input.envelope, input.origin);
    let local = origin.server.map(|server| server.ip());
    let directory = &snapshot.directory;
    if origin.probe {
        return directory.resolve(&envelope.recipients, local);
    }
    let connector = snapshot.receive_connector(&origin.connector);
    let sender = Sender {
        address: envelope.mail_from.address(),
        account: origin.account.as_ref(),
        trusted: connector.is_some_and(|connector| connector.spec.relay == Relay::All)
            || origin.is_internal(),
        size: input.size,
    };
    directory.resolve_from(&sender, &envelope.recipients, local)
}

pub(super) fn categorize_resolved(
    snapshot: &Snapshot,
    input: &Input<'_>,
    mut resolution: Resolution,
) -> Categorized {
    let mut deliveries = Vec::new();
    let reports = journal::reports(snapshot, input, &resolution);
    let mut failures: Vec<Undeliverable> = resolution
        .failures
        .drain(..)
        .map(|failure| Undeliverable {
            rcpt: failure.rcpt,
            source: failure.source,
            report_to: failure.report_to,
            reply: failure.reply,
        })
        .collect();

    let mail_from = &input.envelope.mail_from;
    let wanted = wanted_pool(mail_from, input.origin, &DeliveryContent::Message);
    let mut gatherer = Gatherer::new(&mut deliveries, DeliveryContent::Message);
    for resolved in std::mem::take(&mut resolution.recipients) {
        let address = &resolved.rcpt.address;
        let routing = route_place(snapshot, resolved.place, address, input.size, wanted);
        match routing.into_next_hop() {
            Ok(next_hop) => {
                let recipient = DeliveryRecipient {
                    rcpt: resolved.rcpt,
                    redirection: resolved.redirection,
                };
                match resolved.report_to {
                    // A null sender stays null, else a bounce would be answered by a bounce.
                    Some(report_to) if !mail_from.is_null() => {
                        gatherer.add(next_hop, &ReversePath::Mailbox(report_to), recipient);
                    }
                    _ => gatherer.add(next_hop, mail_from, recipient),
                }
            }
            Err(reply) => failures.push(Undeliverable {
                rcpt: resolved.rcpt,
                source: resolved.source,
                report_to: resolved.report_to,
                reply,
            }),
        }
    }
    for report in reports {
        add_report(snapshot, report, &mut deliveries);
    }
    if !resolution.expanded.is_empty() {
        add_expanded(snapshot, input, &resolution.expanded, &mut deliveries);
    }
    let failures = if failures.is_empty() {
        Vec::new()
    } else {
        add_bounces(snapshot, input, failures, &mut deliveries)
    };
    Categorized {
        plan: Plan {
            deliveries,
            notes: resolution.notes,
        },
        failures,
        expansions: resolution.expansions,
    }
}

/// A final recipient that does not get the message, and who is to hear of it.
struct Undeliverable {
    rcpt: EnvelopeRecipient,
    source: u32,
    report_to: Option<EmailAddress>,
    reply: Reply,
}

/// Adds the deliveries of one journal report. A report is never given up: where its way is closed
/// it waits, and the queue shows it.
fn add_report(snapshot: &Snapshot, report: journal::Report<'_>, deliveries: &mut Vec<Delivery>) {
    // Size limits are for mail; a report that a connector finds too large waits for a better one.
    let size = report.size;
    let target = report.target;
    // Who takes a report and cannot deliver it tells the alternate mailbox, where there is one.
    let mail_from = match &snapshot.settings.journaling_report_ndr_to {
        Some(alternate) => ReversePath::Mailbox(alternate.clone()),
        None => ReversePath::Null,
    };
    let hop = |next_hop: NextHop| journal::report_hop(target, next_hop);
    let waiting = |rcpt: EnvelopeRecipient| {
        let domain = rcpt.address.domain().clone();
        (
            NextHop::Unreachable { domain },
            DeliveryRecipient {
                rcpt,
                redirection: None,
            },
        )
    };
    let rcpt = EnvelopeRecipient::new(target.clone());
    let resolution = snapshot
        .directory
        .resolve(std::slice::from_ref(&rcpt), None);
    let mut places: Vec<(NextHop, DeliveryRecipient)> = resolution
        .recipients
        .into_iter()
        .map(|resolved| {
            let address = &resolved.rcpt.address;
            let pool = OutboundPool::Normal;
            match route_place(snapshot, resolved.place, address, size, pool).into_next_hop() {
                Ok(next_hop) => {
                    let recipient = DeliveryRecipient {
                        rcpt: resolved.rcpt,
                        redirection: resolved.redirection,
                    };
                    (next_hop, recipient)
                }
                Err(_) => waiting(resolved.rcpt),
            }
        })
        .collect();
    if places.is_empty() {
        places.push(waiting(rcpt));
    }
    // The way of a report is found for each delivery, so each has one recipient. There is nearly always
    // one, and nothing is copied for it.
    let mut left = places.len();
    let mut content = Some(DeliveryContent::JournalReport(report.report));
    for (next_hop, recipient) in places {
        left -= 1;
        let content = match left {
            0 => content.take(),
            _ => content.clone(),
        };
        let no = u32::try_from(deliveries.len()).unwrap_or(u32::MAX);
        deliveries.extend(content.map(|content| Delivery {
            no,
            next_hop: hop(next_hop),
            mail_from: mail_from.clone(),
            recipients: vec![recipient],
            content,
        }));
    }
}

/// Tells the sender of groups that were expanded, where a success report was asked for.
fn add_expanded(
    snapshot: &Snapshot,
    input: &Input<'_>,
    expanded: &[u32],
    deliveries: &mut Vec<Delivery>,
) {
    let recipients = expanded
        .iter()
        .filter_map(|source| {
            let at = usize::try_from(*source).ok()?;
            input.envelope.recipients.get(at)
        })
        .map(|rcpt| DsnRecipient {
            rcpt: rcpt.clone(),
            action: DsnAction::Expanded,
            reply: Reply::new(
                250,
                EnhancedCode(2, 1, 5),
                "Sent on to the members of this group",
            ),
            remote: None,
            last_attempt_unix_ms: None,
            retry_until_unix_ms: None,
        })
        .collect();
    if let Some(sender) = who_hears(input) {
        add_dsn(snapshot, sender, recipients, deliveries);
    }
}

/// Makes the bounces of recipients that failed at once, one for each address that is to hear.
fn add_bounces(
    snapshot: &Snapshot,
    input: &Input<'_>,
    failures: Vec<Undeliverable>,
    deliveries: &mut Vec<Delivery>,
) -> Vec<Failure> {
    let sender = who_hears(input);
    let mut told: Vec<(EmailAddress, Vec<DsnRecipient>)> = Vec::new();
    let mut listed = Vec::with_capacity(failures.len());
    for failure in failures {
        // A report goes to the group's owner only where one may be made at all.
        let hears = sender.filter(|_| failure.rcpt.notify.failure);
        let hears = hears.map(|sender| failure.report_to.as_ref().unwrap_or(sender));
        if let Some(hears) = hears {
            let recipient = DsnRecipient {
                rcpt: failure.rcpt.clone(),
                action: DsnAction::Failed,
                reply: failure.reply.clone(),
                remote: None,
                last_attempt_unix_ms: None,
                retry_until_unix_ms: None,
            };
            match told.iter_mut().find(|(address, _)| address == hears) {
                Some((_, recipients)) => recipients.push(recipient),
                None => told.push((hears.clone(), vec![recipient])),
            }
        }
        listed.push(Failure {
            reported: hears.is_some(),
            rcpt: failure.rcpt,
            source: failure.source,
            reply: failure.reply,
        });
    }
    for (address, recipients) in told {
        add_dsn(snapshot, &address, recipients, deliveries);
    }
    listed
}

/// Who hears of this message's fate: nobody for null senders and probes.
fn who_hears<'a>(input: &Input<'a>) -> Option<&'a EmailAddress> {
    let sender = input.envelope.mail_from.address();
    sender.filter(|_| !input.origin.probe)
}

/// Adds the deliveries of one DSN. Where its address leads nowhere there is nobody to tell.
fn add_dsn(
    snapshot: &Snapshot,
    to: &EmailAddress,
    recipients: Vec<DsnRecipient>,
    deliveries: &mut Vec<Delivery>,
) {
    let content = DeliveryContent::Dsn { recipients };
    let mut gatherer = Gatherer::new(deliveries, content);
    for route in route_to(snapshot, to, DSN_OCTETS, OutboundPool::HighRisk) {
        for recipient in route.recipients {
            gatherer.add(route.next_hop.clone(), &ReversePath::Null, recipient);
        }
    }
}
