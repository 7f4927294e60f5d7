//! Which queued messages and which delivery queues a filter means.
//!
//! A walk over the queue takes pieces of it, so that nobody who takes mail waits for it, and reads a
//! message's header section only where a filter asks for it, or where the message is shown.
//! Never here: what is then done.

use std::{ops::ControlFlow, sync::Arc};

use mailward_api::{
    fault::Fault,
    view::{MessageList, MessageSummary, QueueSummary, queue::MessageFilter},
};
use mailward_model::{
    EmailAddress, MessageId,
    filter::{Catalogue, Filter, FilterError, MessageProperty, QueueProperty},
};
use mailward_proto::header;
use mailward_queue::{DeliveryStatus, ListFilter, Stored, Summary};

use super::queue;
use crate::{Shared, deliver};

/// Recipients shown of one message in a listing.
const RECIPIENTS_SHOWN: usize = 5;
/// Open deliveries taken at a time.
const PAGE: usize = 1_000;
/// Messages listed where no limit is given.
const LIST_DEFAULT: usize = 1_000;

/// Reads a filter.
pub(super) fn read<P: Catalogue>(filter: &str) -> Result<Filter<P>, Fault> {
    filter.parse().map_err(|error: FilterError| {
        Fault::invalid(format!("the filter cannot be used: {error}"), "").at("filter")
    })
}

/// The delivery queues that fit.
pub(super) fn queues(shared: &Shared, filter: &Filter<QueueProperty>) -> Vec<QueueSummary> {
    let mut queues = queue::queues(shared).queues;
    queues.retain(|queue| filter.matches(&queue.attributes()));
    queues
}

/// The messages that fit, oldest first, and how many there are.
pub(super) async fn messages(
    shared: &Arc<Shared>,
    wanted: MessageFilter,
) -> Result<MessageList, Fault> {
    let filter = wanted.filter.as_deref().map(read).transpose()?;
    let shared = Arc::clone(shared);
    // A queue of a million messages takes a while.
    let walk = tokio::task::spawn_blocking(move || {
        let limit = match wanted.limit {
            0 => LIST_DEFAULT,
            limit => usize::try_from(limit).unwrap_or(LIST_DEFAULT),
        };
        let counts_all = filter.is_some()
            || wanted.next_hop.is_some()
            || wanted.from.is_some()
            || wanted.to.is_some();
        let mut list = MessageList {
            messages: Vec::new(),
            matching: 0,
        };
        each(&shared, &wanted, filter.as_ref(), &mut |summary| {
            list.matching += 1;
            if list.messages.len() < limit {
                list.messages.push(summary);
            } else if !counts_all {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if !counts_all && list.messages.len() == limit {
            let stats = shared.queue.stats();
            let hidden = if wanted.probes { 0 } else { stats.probes };
            let all = stats.messages.saturating_sub(hidden) as u64;
            list.matching = list.matching.max(all);
        }
        for message in &mut list.messages {
            add_header(&shared, message);
        }
        list
    });
    walk.await.map_err(|error| Fault::failed(error.to_string()))
}

/// The ids of the messages that fit; as many at most, and how many there are.
pub(super) async fn ids(
    shared: &Arc<Shared>,
    filter: Filter<MessageProperty>,
    limit: usize,
) -> Result<(Vec<MessageId>, u64), Fault> {
    let shared = Arc::clone(shared);
    let walk = tokio::task::spawn_blocking(move || {
        // Probes are the health series' own.
        let wanted = MessageFilter {
            probes: filter.reads(MessageProperty::IsProbeMessage),
            ..MessageFilter::default()
        };
        let (mut ids, mut matching) = (Vec::new(), 0);
        each(&shared, &wanted, Some(&filter), &mut |summary| {
            matching += 1;
            if ids.len() < limit {
                ids.push(summary.id);
            }
            ControlFlow::Continue(())
        });
        (ids, matching)
    });
    walk.await.map_err(|error| Fault::failed(error.to_string()))
}

/// Shows a visitor each message that fits, oldest first, until it has enough.
fn each(
    shared: &Shared,
    wanted: &MessageFilter,
    filter: Option<&Filter<MessageProperty>>,
    visit: &mut dyn FnMut(MessageSummary) -> ControlFlow<()>,
) {
    let mut list = ListFilter {
        next_hop: wanted.next_hop.clone(),
        from: wanted.from.as_ref().map(ToString::to_string),
        to: wanted.to.as_ref().map(ToString::to_string),
        limit: PAGE,
        probes: wanted.probes,
        ..ListFilter::default()
    };
    loop {
        let lines = shared.queue.list(&list);
        let is_last = lines.len() < list.limit;
        let messages: Vec<&[Summary]> = lines.chunk_by(|a, b| a.id == b.id).collect();
        // The last one may go on in the next piece.
        let whole = messages.len() - usize::from(!is_last && !messages.is_empty());
        for deliveries in messages.iter().take(whole) {
            let Some(summary) = fitting(shared, deliveries, filter) else {
                continue;
            };
            if visit(summary).is_break() {
                return;
            }
        }
        if is_last {
            return;
        }
        match whole.checked_sub(1).and_then(|at| messages.get(at)) {
            Some(last) => {
                list.after = last.first().map(|one| one.id);
                list.limit = PAGE;
            }
            // One message fills the piece and more.
            None => list.limit *= 2,
        }
    }
}

/// The message of these open deliveries, where it is there still and fits.
fn fitting(
    shared: &Shared,
    deliveries: &[Summary],
    filter: Option<&Filter<MessageProperty>>,
) -> Option<MessageSummary> {
    let stored = shared.queue.message(deliveries.first()?.id)?;
    let mut summary = summary(shared, &stored, deliveries)?;
    let Some(filter) = filter else {
        return Some(summary);
    };
    if filter.reads(MessageProperty::Subject) || filter.reads(MessageProperty::InternetMessageId) {
        add_header(shared, &mut summary);
    }
    let mut of = summary.attributes();
    if filter.reads(MessageProperty::Recipients) {
        for address in recipients(&stored) {
            of.set(MessageProperty::Recipients, &address.to_string());
        }
    }
    filter.matches(&of).then_some(summary)
}

/// Recipients as they were given, and as they were resolved.
fn recipients(stored: &Stored) -> impl Iterator<Item = &EmailAddress> {
    let resolved = stored.deliveries.iter().flat_map(|one| {
        let all = one.delivery.recipients.iter();
        all.map(|recipient| &recipient.rcpt.address)
    });
    let given = stored.envelope.recipients.iter().map(|rcpt| &rcpt.address);
    given.chain(resolved)
}

fn summary(shared: &Shared, stored: &Stored, deliveries: &[Summary]) -> Option<MessageSummary> {
    let first = deliveries.first()?;
    let next_hops = deliveries.iter().filter_map(|one| one.next_hop.as_ref());
    Some(MessageSummary {
        id: first.id,
        from: first.mail_from.clone(),
        to: pending(stored),
        pending: deliveries.iter().map(|one| one.pending).sum(),
        size: first.size,
        accepted_unix_ms: first.accepted_unix_ms,
        state: queue::status_word(status(deliveries)).to_owned(),
        next_hops: next_hops.map(ToString::to_string).collect(),
        next_retry_unix_ms: deliveries.iter().filter_map(|one| one.retry_unix_ms).min(),
        last_error: deliveries.iter().find_map(|one| one.last_error.clone()),
        probe: first.probe,
        subject: None,
        message_id: None,
        connector: stored.origin.connector.clone(),
        client: stored
            .origin
            .client
            .map(|client| client.ip().to_canonical()),
        attempts: deliveries.iter().map(|one| one.attempts).max().unwrap_or(0),
        expires_unix_ms: expires(shared, stored),
    })
}

/// What a message is doing: what most speaks for its deliveries, of which each may do another thing.
fn status(deliveries: &[Summary]) -> DeliveryStatus {
    use DeliveryStatus::{Held, InFlight, Ready, Retry, Settled};
    let has = |wanted: &DeliveryStatus| deliveries.iter().any(|one| one.status == *wanted);
    let order = [Held, InFlight, Retry, Ready];
    order.into_iter().find(has).unwrap_or(Settled)
}

/// The first few recipients that are not settled.
fn pending(stored: &Stored) -> Vec<EmailAddress> {
    let open = stored.deliveries.iter().flat_map(|delivery| {
        let states = delivery.recipients.iter();
        delivery
            .delivery
            .recipients
            .iter()
            .zip(states)
            .filter(|(_, state)| !state.is_settled())
    });
    open.take(RECIPIENTS_SHOWN)
        .map(|(recipient, _)| recipient.rcpt.address.clone())
        .collect()
}

/// When the first of a message's open deliveries is given up; `None` where none ever is.
pub(super) fn expires(shared: &Shared, stored: &Stored) -> Option<u64> {
    let snapshot = shared.snapshot.load();
    let now = shared.clock.unix_ms();
    let open = stored
        .deliveries
        .iter()
        .filter(|one| one.recipients.iter().any(|state| !state.is_settled()));
    open.filter_map(|one| {
        let first = one.first_attempt_unix_ms.unwrap_or(now);
        deliver::expires(&stored.message, &one.delivery, first, &snapshot.settings)
    })
    .min()
}

/// A message's Subject and Message-ID; nothing of what cannot be read now.
pub(super) fn header(shared: &Shared, id: MessageId) -> (Option<String>, Option<String>) {
    let read = || {
        let mut reader = shared.queue.read_body(id).ok()?;
        deliver::beginning(&mut reader).ok()
    };
    let Some((first, _)) = read() else {
        return (None, None);
    };
    let section = header::section(&first);
    (
        header::subject(section),
        header::summary(section).message_id,
    )
}

fn add_header(shared: &Shared, summary: &mut MessageSummary) {
    if summary.subject.is_none() && summary.message_id.is_none() {
        (summary.subject, summary.message_id) = header(shared, summary.id);
    }
}
