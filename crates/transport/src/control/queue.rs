//! The queue for operators: its queues, one message, a message removed or exported.

use mailward_api::{
    control::Octets,
    fault::{Fault, FaultKind},
    view::{
        MessageView, QueueList, QueueSummary,
        queue::{DeliveryView, QueueAudit, RecipientView},
    },
};
use mailward_events::Event;
use mailward_model::{
    EnhancedCode, MessageId, Reply,
    plan::{DeliveryContent, Fate, NextHop, RecipientOutcome, Redirection, Settlement},
};
use mailward_queue::{
    DeliveryStatus, QueueError, ReadError, RecipientState, Stored, StoredDelivery,
};

use super::select;
use crate::{Shared, deliver};

/// Octets given in one answer to an export.
const EXPORT_OCTETS_MAX: u32 = 4 << 20;

pub(super) fn queues(shared: &Shared) -> QueueList {
    let snapshot = shared.snapshot.load();
    // What only probes go to is the health series' business.
    let of_people = |hop: &NextHop| !matches!(hop, NextHop::Mailbox { mailbox } if snapshot.health_mailboxes.contains(mailbox));
    let queues = shared.queue.queues().into_iter();
    let queues = queues.filter(|queue| of_people(&queue.next_hop));
    let queues = queues.map(|queue| QueueSummary {
        next_hop: queue.next_hop.to_string(),
        count: queue.count as u64,
        in_flight: queue.in_flight as u64,
        deferred: queue.deferred as u64,
        held: queue.on_hold,
        oldest_unix_ms: queue.oldest_unix_ms,
        next_retry_unix_ms: queue.next_retry_unix_ms,
        last_error: queue.last_error,
        incoming_rate: queue.rates.incoming,
        outgoing_rate: queue.rates.outgoing,
    });
    let stats = shared.queue.stats();
    QueueList {
        queues: queues.collect(),
        messages: stats.messages.saturating_sub(stats.probes) as u64,
    }
}

pub(super) fn audit(audit: mailward_queue::Audit) -> QueueAudit {
    QueueAudit {
        messages: audit.messages as u64,
        unplanned: audit.unplanned as u64,
        unowned: audit.unowned as u64,
        unannounced: audit.unannounced as u64,
        endless: audit.endless as u64,
        orphans: audit.orphans,
        journal_open: audit.journal_open as u64,
        journal_parked: audit.journal_parked as u64,
        journal_oldest_unix_ms: audit.journal_oldest_unix_ms,
    }
}

pub(super) fn status_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Ready => "ready",
        DeliveryStatus::InFlight => "in_flight",
        DeliveryStatus::Retry => "retry",
        DeliveryStatus::Held => "held",
        DeliveryStatus::Settled => "settled",
    }
}

pub(super) fn no_message(id: MessageId) -> Fault {
    Fault::not_found(
        format!("message {id} is not in the queue"),
        format!("it may be delivered already: `mailward trace {id}` tells"),
    )
}

pub(super) fn fault(error: QueueError) -> Fault {
    match error {
        QueueError::NoMessage(id) => no_message(id),
        QueueError::NoDelivery(..) | QueueError::InFlight(_) => Fault::new(
            FaultKind::Conflict,
            error.to_string(),
            "ask again in a moment",
        ),
        QueueError::Failing(_) => Fault::new(
            FaultKind::Failed,
            error.to_string(),
            "`mailward explain 2002` tells what to do",
        ),
        QueueError::Closed => Fault::new(
            FaultKind::Unreachable,
            error.to_string(),
            "ask again when transport is back",
        ),
    }
}

pub(super) fn show(shared: &Shared, id: MessageId) -> Result<MessageView, Fault> {
    let stored = shared.queue.message(id).ok_or_else(|| no_message(id))?;
    let origin = &stored.origin;
    let (subject, message_id) = select::header(shared, id);
    let client = origin
        .client
        .map(|client| client.ip().to_string())
        .unwrap_or_default();
    Ok(MessageView {
        id,
        from: stored.envelope.mail_from.clone(),
        to: stored
            .envelope
            .recipients
            .iter()
            .map(|rcpt| rcpt.address.clone())
            .collect(),
        size: stored.size,
        accepted_unix_ms: origin.accepted_unix_ms,
        connector: origin.connector.clone(),
        client: if origin.helo.is_empty() {
            client
        } else {
            format!("{} [{client}]", origin.helo)
        },
        protocol: origin.protocol.clone(),
        tls: origin
            .tls
            .as_ref()
            .map(|tls| format!("{} {}", tls.version, tls.cipher)),
        held: stored.held,
        probe: origin.probe,
        subject,
        message_id,
        expires_unix_ms: select::expires(shared, &stored),
        deliveries: stored.deliveries.iter().map(delivery_view).collect(),
    })
}

fn delivery_view(stored: &StoredDelivery) -> DeliveryView {
    let delivery = &stored.delivery;
    let last = stored.last_attempt.as_ref();
    let recipients =
        delivery
            .recipients
            .iter()
            .zip(&stored.recipients)
            .map(|(recipient, state)| RecipientView {
                address: recipient.rcpt.address.clone(),
                original: recipient
                    .redirection
                    .as_ref()
                    .map(|redirection| match redirection {
                        Redirection::Expanded(address) | Redirection::Forwarded(address) => {
                            address.clone()
                        }
                    }),
                state: match state {
                    RecipientState::Pending => "pending",
                    RecipientState::Deferred => "deferred",
                    RecipientState::Delivered => "delivered",
                    RecipientState::Failed => "failed",
                    RecipientState::Removed => "removed",
                }
                .to_owned(),
                reply: last
                    .filter(|_| *state == RecipientState::Deferred)
                    .map(|last| last.reply.to_string()),
            });
    DeliveryView {
        no: delivery.no,
        next_hop: delivery.next_hop.to_string(),
        content: content_word(&delivery.content).to_owned(),
        mail_from: delivery.mail_from.clone(),
        state: status_word(stored.status).to_owned(),
        attempts: stored.attempts,
        next_retry_unix_ms: stored.retry_unix_ms,
        remote: last.and_then(|last| last.remote.clone()),
        recipients: recipients.collect(),
    }
}

/// The word for what a delivery carries.
pub(super) fn content_word(content: &DeliveryContent) -> &'static str {
    match content {
        DeliveryContent::Message => "message",
        DeliveryContent::JournalReport(_) => "journal_report",
        DeliveryContent::Dsn { .. } => "dsn",
    }
}

/// What a message is doing, in one word: what a person would have to see first.
fn state_word(stored: &Stored) -> &'static str {
    if stored.held {
        return "held";
    }
    let states = [
        DeliveryStatus::Held,
        DeliveryStatus::InFlight,
        DeliveryStatus::Retry,
    ];
    let has = |state: &DeliveryStatus| stored.deliveries.iter().any(|one| one.status == *state);
    let found = states.into_iter().find(has);
    status_word(found.unwrap_or(DeliveryStatus::Ready))
}

/// Takes a message out; with `notify` its sender gets a failure report first, which is durable in
/// the same record as the removal. Answers what it was doing.
pub(super) async fn remove(
    shared: &Shared,
    id: MessageId,
    notify: bool,
) -> Result<&'static str, Fault> {
    let stored = shared.queue.message(id).ok_or_else(|| no_message(id))?;
    let was = state_word(&stored);
    let reply = Reply::new(
        554,
        EnhancedCode(5, 7, 0),
        "Removed from the queue by an administrator",
    );
    let fate = if notify { Fate::Failed } else { Fate::Removed };
    let removed: Vec<(&StoredDelivery, Vec<RecipientOutcome>)> = stored
        .deliveries
        .iter()
        .map(|delivery| (delivery, open(delivery, fate, &reply)))
        .filter(|(_, outcomes)| !outcomes.is_empty())
        .collect();
    if !notify {
        shared.queue.remove(id).await.map_err(fault)?;
    }
    for (delivery, outcomes) in removed {
        let mut follow_ups = Vec::new();
        if notify {
            follow_ups = deliver::failure_report(shared, &stored, delivery, &outcomes);
            let settlement = Settlement {
                message: id,
                delivery: delivery.delivery.no,
                outcomes: outcomes.clone(),
                retry_unix_ms: None,
                remote: None,
                follow_ups: follow_ups.clone(),
            };
            shared.queue.settle(settlement).await.map_err(fault)?;
        }
        deliver::record_removal(shared, &stored, delivery, &outcomes, &follow_ups);
    }
    shared.events.emit(Event::QueueMessageRemoved {
        message: id,
        by: "an administrator".to_owned(),
    });
    Ok(was)
}

/// The outcome `fate` for each recipient of a delivery that has none yet.
pub(super) fn open(delivery: &StoredDelivery, fate: Fate, reply: &Reply) -> Vec<RecipientOutcome> {
    (0u32..)
        .zip(&delivery.recipients)
        .filter(|(_, state)| !state.is_settled())
        .map(|(recipient, _)| RecipientOutcome {
            recipient,
            fate,
            reply: reply.clone(),
        })
        .collect()
}

pub(super) fn export(
    shared: &Shared,
    id: MessageId,
    offset: u64,
    length: u32,
) -> Result<Octets, Fault> {
    let stored = shared.queue.message(id).ok_or_else(|| no_message(id))?;
    let mut reader = shared.queue.read_body(id).map_err(read_fault)?;
    let (mut skip, mut left) = (offset, u64::from(length.min(EXPORT_OCTETS_MAX)));
    let mut octets = Vec::new();
    while left > 0 {
        let Some(chunk) = reader.chunk().map_err(read_fault)? else {
            break;
        };
        let from = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
        skip -= from as u64;
        let to = from
            .saturating_add(usize::try_from(left).unwrap_or(usize::MAX))
            .min(chunk.len());
        octets.extend_from_slice(chunk.get(from..to).unwrap_or_default());
        left -= (to - from) as u64;
    }
    Ok(Octets {
        total: stored.size,
        octets,
    })
}

fn read_fault(error: ReadError) -> Fault {
    match error {
        ReadError::NoMessage(id) => no_message(id),
        other => Fault::new(
            FaultKind::Failed,
            other.to_string(),
            "`mailward explain 2004` tells what to do",
        ),
    }
}
