//! What the tracking log is told of an accepted message: RECEIVE, and the steps of its resolution.

use std::borrow::Cow;

use mailward_events::tracking::{Directionality, Entry, EventId, Source, TrackingLog, Traffic};
use mailward_model::{
    MessageId, Origin, Reply, TlsSession,
    plan::{DeliveryContent, ResolutionNote, ResolutionStep},
};
use mailward_proto::header;

use super::accept::Letter;
use crate::categorize::{Categorized, Failure};

/// The lines of one message, written when it is accepted.
#[derive(Debug)]
pub(crate) struct Record {
    entries: Vec<Entry<'static>>,
}

impl Record {
    /// Takes down what is known before the message is handed to the queue.
    pub(crate) fn of(id: MessageId, letter: &Letter<'_>, categorized: &Categorized) -> Self {
        let receive = receive(id, letter);
        let mut entries = Vec::with_capacity(1 + categorized.plan.notes.len());
        for note in &categorized.plan.notes {
            entries.push(Entry {
                source: Source::Resolver,
                event_id: match note.step {
                    ResolutionStep::Resolve => EventId::Resolve,
                    ResolutionStep::Expand => EventId::Expand,
                    ResolutionStep::Redirect => EventId::Redirect,
                    ResolutionStep::Duplicate => EventId::DuplicateExpand,
                },
                recipients: note
                    .to
                    .iter()
                    .map(|to| Cow::Owned(to.to_string()))
                    .collect(),
                related_recipient: Cow::Owned(note.from.to_string()),
                source_context: match note.step {
                    ResolutionStep::Expand => expanded(categorized, note),
                    _ => Cow::Borrowed(""),
                },
                ..common(&receive)
            });
        }
        for delivery in &categorized.plan.deliveries {
            if let DeliveryContent::JournalReport(report) = &delivery.content {
                entries.push(Entry {
                    source: Source::Agent,
                    event_id: EventId::Transfer,
                    internal_message_id: Some(delivery.no),
                    recipients: addresses(delivery.recipients.iter().map(|r| &r.rcpt.address)),
                    source_context: Cow::Owned(format!(
                        "journal report of {}",
                        report.rules.join(", ")
                    )),
                    traffic: Traffic::Journal,
                    ..common(&receive)
                });
            }
        }
        entries.extend(
            categorized
                .failures
                .iter()
                .map(|failure| failed(&receive, failure)),
        );
        entries.insert(0, receive);
        Record { entries }
    }

    /// The message is accepted: writes the lines.
    pub(super) fn write(self, log: &TrackingLog) {
        log.write_all(self.entries);
    }
}

/// With whose members a group was expanded: how many, and the revision since which it has them.
/// `mailward group members` with the time of the message names them.
fn expanded(categorized: &Categorized, note: &ResolutionNote) -> Cow<'static, str> {
    let mut expansions = categorized.expansions.iter();
    match expansions.find(|expansion| expansion.group == note.from) {
        Some(found) => Cow::Owned(format!(
            "{} members since revision {}",
            found.members, found.generation
        )),
        None => Cow::Borrowed(""),
    }
}

fn addresses<'a>(
    addresses: impl Iterator<Item = &'a mailward_model::EmailAddress>,
) -> Vec<Cow<'static, str>> {
    addresses
        .map(|address| Cow::Owned(address.to_string()))
        .collect()
}

fn receive(id: MessageId, letter: &Letter<'_>) -> Entry<'static> {
    let Letter {
        envelope,
        origin,
        header,
        summary,
        octets,
        hostname,
        internal,
        peer_marks,
        found,
    } = letter;
    let Origin {
        client,
        server,
        helo,
        tls,
        account,
        ..
    } = origin;
    let directionality = match (account.is_some() || *internal, origin.probe) {
        (_, true) => Directionality::Undefined,
        (true, _) => Directionality::Originating,
        (false, _) => Directionality::Incoming,
    };
    let sender = envelope.mail_from.to_string();
    Entry {
        unix_ms: origin.accepted_unix_ms,
        client_ip: client.map(|client| client.ip()),
        client_hostname: Cow::Owned(helo.clone()),
        server_ip: server.map(|server| server.ip()),
        server_hostname: Cow::Owned(hostname.to_string()),
        source_context: Cow::Owned(origin.protocol.clone()),
        connector_id: Cow::Owned(origin.connector.clone()),
        source: Source::Smtp,
        event_id: EventId::Receive,
        message_id: Cow::Owned(summary.message_id.clone().unwrap_or_default()),
        network_message_id: Some(id),
        recipients: addresses(envelope.recipients.iter().map(|r| &r.address)),
        total_bytes: *octets,
        subject: Cow::Owned(header::subject(header).unwrap_or_default()),
        sender: Cow::Owned(sender.clone()),
        return_path: Cow::Owned(sender),
        directionality,
        original_client_ip: client.map(|client| client.ip()),
        custom_data: custom(tls.as_ref(), peer_marks, found),
        traffic: if origin.probe {
            Traffic::Health
        } else {
            Traffic::Email
        },
        ..Entry::default()
    }
}

/// What there is no field for: TLS, what the client showed, what was found out about the sender.
pub(super) fn custom(tls: Option<&TlsSession>, marks: &str, found: &str) -> Cow<'static, str> {
    let tls = tls.map(|tls| format!("TlsVersion={};TlsCipher={}", tls.version, tls.cipher));
    let parts = [tls.as_deref().unwrap_or_default(), marks, found];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Cow::Owned(parts.join(";"))
}

/// What every line of a message has in common.
fn common(receive: &Entry<'static>) -> Entry<'static> {
    Entry {
        unix_ms: receive.unix_ms,
        message_id: receive.message_id.clone(),
        network_message_id: receive.network_message_id,
        sender: receive.sender.clone(),
        return_path: receive.return_path.clone(),
        total_bytes: receive.total_bytes,
        directionality: receive.directionality,
        traffic: receive.traffic,
        ..Entry::default()
    }
}

fn failed(receive: &Entry<'static>, failure: &Failure) -> Entry<'static> {
    let Reply { code, .. } = failure.reply;
    Entry {
        source: Source::Routing,
        event_id: EventId::Fail,
        recipients: addresses(std::iter::once(&failure.rcpt.address)),
        recipient_status: vec![Cow::Owned(failure.reply.to_string())],
        source_context: Cow::Owned(format!("refused by the categorizer with {code}")),
        ..common(receive)
    }
}
