//! What became of a delivery, told to the tracking log, the counters and the events.

use std::borrow::Cow;

use mailward_events::{
    Event,
    tracking::{Entry, EventId, Source, Traffic},
};
use mailward_journal::Digest;
use mailward_model::{
    Reply,
    kind::OutboundPool,
    plan::{Delivery, DeliveryContent, Fate, RecipientOutcome},
};
use mailward_queue::{Lease, Stored, StoredDelivery};

use super::{connection::Peer, outcome::Judged, record};
use crate::{Shared, categorize, probe::Heard, snapshot::Snapshot};

/// How a delivery was handed over, for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    /// The send connector; empty for a mailbox.
    pub(super) connector: &'a str,
    /// Who answered, where a connection stood.
    pub(super) peer: Option<&'a Peer>,
    /// Message-ID of what was sent; empty where it was not read.
    pub(super) message_id: &'a str,
    /// Octets of what was sent.
    pub(super) size: u64,
    /// The digest of what was sent, where it was a journal report and all of it was.
    pub(super) digest: Option<Digest>,
    /// SMTP, or the mailboxes here.
    pub(super) source: Source,
    /// The pool of the send connector.
    pub(super) pool: OutboundPool,
}

/// Records an attempt.
pub(super) fn record(
    shared: &Shared,
    snapshot: &Snapshot,
    lease: &Lease,
    judged: &Judged,
    way: &Way<'_>,
    now_unix_ms: u64,
) {
    let settlement = &judged.settlement;
    for (fate, event_id) in [
        (
            Fate::Delivered,
            match way.source {
                Source::StoreDriver => EventId::Deliver,
                _ => EventId::Send,
            },
        ),
        (Fate::Deferred, EventId::Defer),
        (Fate::Failed, EventId::Fail),
    ] {
        let of_fate = || settlement.outcomes.iter().filter(|o| o.fate == fate);
        let count = of_fate().count() as u64;
        if count == 0 {
            continue;
        }
        let counters = &shared.counters;
        match fate {
            // Statistics are about people's mail; the worker counts its probes itself.
            _ if lease.message.origin.probe => {}
            Fate::Delivered => {
                counters.delivered.add(count);
                if way.pool == OutboundPool::HighRisk {
                    counters.high_risk.add(count);
                }
                if matches!(lease.delivery.content, DeliveryContent::JournalReport(_)) {
                    counters.journal_reports.add(1);
                }
            }
            Fate::Deferred => counters.deferred.add(count),
            _ => counters.failed.add(count),
        }
        let entry = entry(snapshot, lease, way, now_unix_ms);
        shared.tracking.write(Entry {
            event_id,
            recipients: of_fate()
                .filter_map(|o| address(&lease.delivery, o))
                .collect(),
            recipient_status: of_fate().map(|o| o.reply.to_string().into()).collect(),
            reference: next_attempt(fate, settlement.retry_unix_ms),
            ..entry
        });
    }
    for follow_up in &settlement.follow_ups {
        record_follow_up(shared, snapshot, lease, follow_up, way, now_unix_ms);
    }
    if lease.message.origin.probe {
        shared.probes.tell(lease.message.id, || {
            let outcome = settlement.outcomes.first()?;
            Some(Heard {
                fate: outcome.fate,
                reply: outcome.reply.to_string(),
                remote: settlement.remote.clone(),
            })
        });
    }
    tell(shared, lease, judged);
}

fn address<'a>(delivery: &'a Delivery, outcome: &RecipientOutcome) -> Option<Cow<'a, str>> {
    let at = usize::try_from(outcome.recipient).ok()?;
    let recipient = delivery.recipients.get(at)?;
    Some(recipient.rcpt.address.to_string().into())
}

fn next_attempt(fate: Fate, retry_unix_ms: Option<u64>) -> Cow<'static, str> {
    match (fate, retry_unix_ms) {
        (Fate::Deferred, Some(at)) => mailward_proto::trace::date(at).into(),
        _ => "".into(),
    }
}

/// What every line of a delivery says.
fn entry<'a>(
    snapshot: &'a Snapshot,
    lease: &'a Lease,
    way: &Way<'a>,
    now_unix_ms: u64,
) -> Entry<'a> {
    let message = &lease.message;
    let return_path = match lease.delivery.mail_from.address() {
        Some(address) => address.to_string().into(),
        None => "<>".into(),
    };
    let waited = now_unix_ms.saturating_sub(message.origin.accepted_unix_ms);
    let mut entry = Entry {
        unix_ms: now_unix_ms,
        client_hostname: snapshot.hostname.as_str().into(),
        connector_id: way.connector.into(),
        source: way.source,
        internal_message_id: Some(lease.delivery.no),
        message_id: way.message_id.into(),
        network_message_id: Some(message.id),
        total_bytes: if way.size > 0 { way.size } else { message.size },
        sender: match message.envelope.mail_from.address() {
            Some(address) => address.to_string().into(),
            None => "<>".into(),
        },
        return_path,
        message_info: format!(
            "LatencyMs={waited};Attempt={}{}",
            lease.attempts + 1,
            pool(lease, way)
        )
        .into(),
        traffic: traffic(message.origin.probe, &lease.delivery.content),
        original_client_ip: message.origin.client.map(|client| client.ip()),
        ..Entry::default()
    };
    if let Some(peer) = way.peer {
        entry.client_ip = peer.local.map(|local| local.ip());
        entry.server_ip = Some(peer.address.ip());
        entry.server_hostname = peer.name.as_str().into();
        if let Some(tls) = &peer.tls {
            let apart = if peer.marks.is_empty() { "" } else { ";" };
            entry.custom_data = format!(
                "TlsVersion={};TlsCipher={}{apart}{}",
                tls.version, tls.cipher, peer.marks
            )
            .into();
        }
    }
    entry
}

/// The pool and why, where it is not the normal one.
fn pool(lease: &Lease, way: &Way<'_>) -> String {
    if way.pool == OutboundPool::Normal {
        return String::new();
    }
    let delivery = &lease.delivery;
    let risks = categorize::risks(
        &delivery.mail_from,
        &lease.message.origin,
        &delivery.content,
    );
    let words: Vec<_> = risks.iter().map(categorize::Risk::word).collect();
    format!(";Pool={};Risk={}", way.pool.word(), words.join(","))
}

/// Records that an administrator took what was left of a delivery out of the queue: as failed where
/// its sender is told by `notifications`, else as dropped.
pub fn record_removal(
    shared: &Shared,
    stored: &Stored,
    delivery: &StoredDelivery,
    outcomes: &[RecipientOutcome],
    notifications: &[Delivery],
) {
    record::removed(shared, stored, delivery, outcomes);
    let delivery = &delivery.delivery;
    let failed = outcomes.iter().any(|outcome| outcome.fate == Fate::Failed);
    let sender = match stored.envelope.mail_from.address() {
        Some(address) => address.to_string(),
        None => "<>".to_owned(),
    };
    let about = || Entry {
        unix_ms: shared.clock.unix_ms(),
        internal_message_id: Some(delivery.no),
        network_message_id: Some(stored.id),
        total_bytes: stored.size,
        sender: sender.clone().into(),
        return_path: delivery.mail_from.to_string().into(),
        traffic: traffic(stored.origin.probe, &delivery.content),
        ..Entry::default()
    };
    shared.tracking.write(Entry {
        event_id: if failed { EventId::Fail } else { EventId::Drop },
        source: Source::Admin,
        recipients: outcomes
            .iter()
            .filter_map(|outcome| address(delivery, outcome))
            .collect(),
        recipient_status: outcomes
            .iter()
            .map(|outcome| outcome.reply.to_string().into())
            .collect(),
        source_context: delivery.next_hop.to_string().into(),
        ..about()
    });
    if failed && !stored.origin.probe {
        shared.counters.failed.add(outcomes.len() as u64);
    }
    for notification in notifications {
        shared.counters.dsns.add(1);
        shared.tracking.write(Entry {
            event_id: EventId::Dsn,
            source: Source::Dsn,
            recipients: notification
                .recipients
                .iter()
                .map(|r| r.rcpt.address.to_string().into())
                .collect(),
            source_context: notification.next_hop.to_string().into(),
            return_path: notification.mail_from.to_string().into(),
            ..about()
        });
    }
}

/// Records that an administrator sent what was left of a delivery another way.
pub fn record_redirect(
    shared: &Shared,
    stored: &Stored,
    delivery: &StoredDelivery,
    moved: &[Delivery],
) {
    let sender = match stored.envelope.mail_from.address() {
        Some(address) => address.to_string(),
        None => "<>".to_owned(),
    };
    for one in moved {
        let recipients = one.recipients.iter();
        shared.tracking.write(Entry {
            unix_ms: shared.clock.unix_ms(),
            event_id: EventId::Resubmit,
            source: Source::Admin,
            internal_message_id: Some(delivery.delivery.no),
            network_message_id: Some(stored.id),
            total_bytes: stored.size,
            sender: sender.clone().into(),
            return_path: one.mail_from.to_string().into(),
            recipients: recipients
                .map(|recipient| recipient.rcpt.address.to_string().into())
                .collect(),
            source_context: one.next_hop.to_string().into(),
            custom_data: format!("PreviousQueue={}", delivery.delivery.next_hop).into(),
            traffic: traffic(stored.origin.probe, &one.content),
            ..Entry::default()
        });
    }
}

fn traffic(is_probe: bool, content: &DeliveryContent) -> Traffic {
    match content {
        _ if is_probe => Traffic::Health,
        DeliveryContent::JournalReport(_) => Traffic::Journal,
        _ => Traffic::Email,
    }
}

/// A notification that was made, or a part of the delivery that goes another way.
fn record_follow_up(
    shared: &Shared,
    snapshot: &Snapshot,
    lease: &Lease,
    follow_up: &Delivery,
    way: &Way<'_>,
    now_unix_ms: u64,
) {
    let (event_id, source) = match follow_up.content {
        DeliveryContent::Dsn { .. }
            if !matches!(lease.delivery.content, DeliveryContent::Dsn { .. }) =>
        {
            shared.counters.dsns.add(1);
            (EventId::Dsn, Source::Dsn)
        }
        _ => (EventId::Resubmit, Source::Routing),
    };
    let about = entry(snapshot, lease, way, now_unix_ms);
    shared.tracking.write(Entry {
        event_id,
        source,
        recipients: follow_up
            .recipients
            .iter()
            .map(|r| r.rcpt.address.to_string().into())
            .collect(),
        source_context: follow_up.next_hop.to_string().into(),
        // RFC 3464 and Exchange's log: a DSN refers to the message it is about.
        reference: about.message_id.clone(),
        return_path: follow_up.mail_from.to_string().into(),
        ..about
    });
}

/// What somebody should know.
fn tell(shared: &Shared, lease: &Lease, judged: &Judged) {
    let message = lease.message.id;
    for (target, reply) in &judged.parked {
        shared.events.emit(Event::JournalReportParked {
            message,
            target: target.to_string(),
            reply: reply.to_string(),
        });
    }
    let failed = || {
        judged
            .settlement
            .outcomes
            .iter()
            .filter(|o| o.fate == Fate::Failed)
    };
    let recipient = |o: &RecipientOutcome| {
        address(&lease.delivery, o)
            .map(Cow::into_owned)
            .unwrap_or_default()
    };
    match &lease.delivery.content {
        DeliveryContent::Dsn { .. } => {
            for outcome in failed() {
                shared.events.emit(Event::DoubleBounceDropped {
                    message,
                    recipient: recipient(outcome),
                    reply: outcome.reply.to_string(),
                });
            }
        }
        DeliveryContent::JournalReport(_) => {
            let alternate = judged.settlement.follow_ups.first();
            let alternate = alternate.and_then(|divert| divert.recipients.first());
            // Without an alternate mailbox only where journal_expiration is set.
            for outcome in failed() {
                let reply = outcome.reply.to_string();
                let target = recipient(outcome);
                shared.events.emit(match alternate {
                    Some(alternate) => Event::JournalReportDiverted {
                        message,
                        target,
                        alternate: alternate.rcpt.address.to_string(),
                        reply,
                    },
                    None => Event::JournalReportParked {
                        message,
                        target,
                        reply: format!("given up: {reply}"),
                    },
                });
            }
        }
        DeliveryContent::Message => {
            for outcome in failed().filter(|o| is_loop(&o.reply)) {
                shared.events.emit(Event::MailLoopStopped {
                    message: message.to_string(),
                    recipient: recipient(outcome),
                    detail: outcome.reply.to_string(),
                });
            }
        }
    }
}

/// RFC 3463 §3.5: X.4.6 is a routing loop.
fn is_loop(reply: &Reply) -> bool {
    reply
        .enhanced
        .is_some_and(|code| (code.1, code.2) == (4, 6))
}
