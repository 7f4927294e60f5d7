//! Operating the queue: looking, holding, releasing, retrying, removing.

use std::{
    ops::Bound,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use bytes::Bytes;
use mailward_model::{EmailAddress, MessageId, plan::NextHop};

use crate::{
    DeliveryStatus, HoldTurned, ListFilter, Queue, QueueError, QueueSummary, RecipientState,
    Selection, Stats, Stored, StoredDelivery, Summary,
    batch::Effect,
    entry::{DeliveryEntry, Entry},
    frame::Kind,
    queue::wait_for,
    record,
    schedule::{Hop, Place},
};

/// Messages looked at under one lock while listing.
const LOOK: usize = 256;
/// Lines of a listing that asks for no number.
const LIST_DEFAULT: usize = 1000;

impl From<Place> for DeliveryStatus {
    fn from(place: Place) -> Self {
        match place {
            Place::Ready => DeliveryStatus::Ready,
            Place::Waiting(_) => DeliveryStatus::Retry,
            Place::InFlight(_) => DeliveryStatus::InFlight,
            Place::Held => DeliveryStatus::Held,
            Place::Settled => DeliveryStatus::Settled,
        }
    }
}

/// A message copied out of the index, to be decoded and filtered without the lock.
struct Row {
    id: MessageId,
    head: Bytes,
    size: u64,
    accepted_unix_ms: u64,
    probe: bool,
    deliveries: Vec<DeliveryRow>,
}

struct DeliveryRow {
    no: u32,
    next_hop: Arc<NextHop>,
    status: DeliveryStatus,
    code: Bytes,
    fates: Box<[RecipientState]>,
    attempts: u32,
    first_attempt_unix_ms: Option<u64>,
    retry_unix_ms: Option<u64>,
    last: Option<Arc<crate::LastAttempt>>,
}

impl Queue {
    fn delivery_row(hops: &crate::schedule::Schedule, delivery: &DeliveryEntry) -> DeliveryRow {
        let unknown = || {
            // A settled delivery's next hop may be forgotten; its octets still tell it.
            let decoded = record::decode_delivery(&delivery.code).map(|d| d.next_hop);
            Arc::new(decoded.unwrap_or(NextHop::Mailbox {
                mailbox: String::new(),
            }))
        };
        let open = delivery.place != Place::Settled;
        let hop = hops.hop(delivery.hop).filter(|_| open);
        DeliveryRow {
            no: delivery.no,
            next_hop: hop.map_or_else(unknown, |hop| hop.name.clone()),
            status: delivery.place.into(),
            code: delivery.code.clone(),
            fates: delivery.fates.clone(),
            attempts: delivery.attempts,
            first_attempt_unix_ms: delivery.first_attempt_unix_ms,
            retry_unix_ms: match delivery.place {
                Place::Waiting(_) => delivery.retry_unix_ms,
                _ => None,
            },
            last: delivery.last.clone(),
        }
    }

    pub(crate) fn stored(&self, id: MessageId) -> Option<Stored> {
        let (head, size, notes, planned, held, rows) = {
            let state = self.shared.state();
            let entry = state.index.messages.get(&id)?;
            let rows: Vec<DeliveryRow> = entry
                .deliveries
                .iter()
                .map(|delivery| Self::delivery_row(&state.index.schedule, delivery))
                .collect();
            (
                entry.head.clone(),
                entry.body.len(),
                entry.notes.clone(),
                entry.planned,
                entry.held,
                rows,
            )
        };
        let deliveries = rows.into_iter().map(|row| {
            Some(StoredDelivery {
                delivery: Arc::new(record::decode_delivery(&row.code).ok()?),
                status: row.status,
                recipients: row.fates.into(),
                attempts: row.attempts,
                first_attempt_unix_ms: row.first_attempt_unix_ms,
                retry_unix_ms: row.retry_unix_ms,
                last_attempt: row.last,
            })
        });
        Some(Stored {
            message: Arc::new(record::decode_message(id, &head, size).ok()?),
            planned,
            held,
            notes: record::decode_notes(&notes).unwrap_or_default(),
            deliveries: deliveries.collect::<Option<Vec<_>>>()?,
        })
    }

    /// Lists open deliveries, oldest message first.
    pub fn list(&self, filter: &ListFilter) -> Vec<Summary> {
        let limit = match filter.limit {
            0 => LIST_DEFAULT,
            limit => limit,
        };
        let mut lines = Vec::new();
        let mut after = filter.after;
        loop {
            let rows = self.rows(after);
            let Some(last) = rows.last() else {
                return lines;
            };
            after = Some(last.id);
            for row in rows {
                if filter.probes || !row.probe {
                    summarize(row, filter, &mut lines);
                }
                if lines.len() >= limit {
                    lines.truncate(limit);
                    return lines;
                }
            }
        }
    }

    fn rows(&self, after: Option<MessageId>) -> Vec<Row> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.shared.state();
        let messages = state.index.messages.range((start, Bound::Unbounded));
        let row = |id: &MessageId, entry: &Entry| Row {
            id: *id,
            head: entry.head.clone(),
            size: entry.body.len(),
            accepted_unix_ms: entry.accepted_unix_ms,
            probe: entry.probe,
            deliveries: entry
                .deliveries
                .iter()
                .filter(|delivery| delivery.place != Place::Settled)
                .map(|delivery| Self::delivery_row(&state.index.schedule, delivery))
                .collect(),
        };
        messages
            .take(LOOK)
            .map(|(id, entry)| row(id, entry))
            .collect()
    }

    /// The delivery queues, by name.
    pub fn queues(&self) -> Vec<QueueSummary> {
        let now = self.shared.now();
        let wall = |deadline: u64| now.unix_ms + deadline.saturating_sub(now.monotonic_ms);
        let summary = |hop: &Hop| {
            let sets = [&hop.ready, &hop.in_flight, &hop.held];
            let oldest = sets.into_iter().filter_map(|set| set.first());
            let oldest = oldest.chain(hop.waiting.iter().map(|(_, key)| key)).min();
            QueueSummary {
                next_hop: NextHop::clone(&hop.name),
                count: hop.count(),
                ready: hop.ready.len(),
                in_flight: hop.in_flight.len(),
                deferred: hop.waiting.len(),
                held: hop.held.len(),
                on_hold: hop.on_hold,
                oldest_unix_ms: oldest.map(|(id, _)| id.unix_ms()),
                last_error: hop.last.as_ref().map(|last| last.reply.to_string()),
                next_retry_unix_ms: hop.waiting.first().map(|(until, _)| wall(*until)),
                rates: hop.rates(now.monotonic_ms),
            }
        };
        let state = self.shared.state();
        let mut queues: Vec<_> = state.index.schedule.hops().map(summary).collect();
        drop(state);
        queues.sort_by_cached_key(|queue| queue.next_hop.to_string());
        queues
    }

    /// Holds a message or a whole delivery queue: it is not attempted until released. Survives a
    /// restart.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn hold(&self, what: impl Into<Selection>) -> Result<HoldTurned, QueueError> {
        self.set_held(what.into(), true).await
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn release(&self, what: impl Into<Selection>) -> Result<HoldTurned, QueueError> {
        self.set_held(what.into(), false).await
    }

    async fn set_held(&self, what: Selection, held: bool) -> Result<HoldTurned, QueueError> {
        let (turned, receiver) = {
            let now = self.shared.now();
            let mut state = self.open_state()?;
            let was_held = match &what {
                Selection::Message(id) => {
                    let entry = state.index.messages.get(id);
                    entry.is_some_and(|entry| entry.held)
                }
                Selection::NextHop(next_hop) => {
                    let schedule = &state.index.schedule;
                    let hop = schedule.find(next_hop).and_then(|hop| schedule.hop(hop));
                    hop.is_some_and(|hop| hop.on_hold)
                }
            };
            let (count, result) = match what {
                Selection::Message(id) => {
                    let count = state.index.set_held(&now, id, held);
                    let count = count.ok_or(QueueError::NoMessage(id))?;
                    let result = self.shared.push_change(&mut state, true, |batch| {
                        batch.push(Kind::Held, Effect::Update(id), |out| {
                            record::encode_held(id, held, out);
                        })
                    });
                    (count, result)
                }
                Selection::NextHop(next_hop) => {
                    let hop = state.index.schedule.intern(next_hop.clone());
                    let count = state.index.schedule.set_on_hold(hop, held);
                    let result = self.shared.push_change(&mut state, true, |batch| {
                        batch.push(Kind::NextHopHeld, Effect::Nothing, |out| {
                            record::encode_next_hop_held(&next_hop, held, out);
                        })
                    });
                    (count, result)
                }
            };
            self.shared.release_state(state);
            let turned = HoldTurned {
                deliveries: count,
                was_held,
            };
            (turned, result?)
        };
        wait_for(receiver).await.map(|()| turned)
    }

    /// Makes waiting deliveries due now. Answers how many.
    ///
    /// # Errors
    /// [`QueueError::NoMessage`].
    pub fn retry_now(&self, what: impl Into<Selection>) -> Result<usize, QueueError> {
        let mut state = self.open_state()?;
        let count = match what.into() {
            Selection::Message(id) => {
                let count = state.index.retry_message(id);
                count.ok_or(QueueError::NoMessage(id))?
            }
            Selection::NextHop(next_hop) => {
                let hop = state.index.schedule.find(&next_hop);
                hop.map_or(0, |hop| state.index.retry_hop(hop))
            }
        };
        self.shared.release_state(state);
        Ok(count)
    }

    /// Takes a message out of the queue without a report to anyone. An attempt under way is not
    /// stopped; its outcome finds the message gone.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn remove(&self, id: MessageId) -> Result<(), QueueError> {
        let receiver = {
            let now = self.shared.now();
            let mut state = self.open_state()?;
            state.index.count_leaving(&now, id);
            let gone = state.index.remove(id).ok_or(QueueError::NoMessage(id))?;
            let result = self.shared.push_change(&mut state, true, |batch| {
                batch.push(Kind::Gone, Effect::Gone(gone), |out| {
                    record::encode_gone([id], out);
                })
            });
            self.shared.release_state(state);
            result?
        };
        wait_for(receiver).await
    }

    pub(crate) fn gather_stats(&self) -> Stats {
        let figures = &self.shared.figures;
        let free_bytes = self.shared.free();
        let state = self.shared.state();
        let index = &state.index;
        let mut stats = Stats {
            messages: index.messages.len(),
            probes: index.probes,
            unplanned: index.unplanned.len(),
            body_bytes: index.body_bytes,
            oldest_unix_ms: index
                .messages
                .first_key_value()
                .map(|(_, entry)| entry.accepted_unix_ms),
            ..Stats::default()
        };
        for hop in index.schedule.hops() {
            stats.deliveries += hop.count();
            if !hop.on_hold {
                stats.ready += hop.ready.len();
            }
            stats.in_flight += hop.in_flight.len();
            stats.deferred += hop.waiting.len();
            stats.held += hop.held.len();
        }
        drop(state);
        Stats {
            accepted_total: figures.accepted.load(Relaxed),
            records_total: figures.records.load(Relaxed),
            written_bytes_total: figures.written_bytes.load(Relaxed),
            syncs_total: figures.syncs.load(Relaxed),
            disk_errors_total: figures.disk_errors.load(Relaxed),
            moved_total: figures.moved.load(Relaxed),
            sync_last_us: figures.sync_last_us.load(Relaxed),
            sync_max_us: figures.sync_max_us.load(Relaxed),
            sync_sum_us: figures.sync_sum_us.load(Relaxed),
            segments: figures.segments.load(Relaxed) as usize,
            segment_bytes: figures.segment_bytes.load(Relaxed),
            live_bytes: figures.live_bytes.load(Relaxed),
            free_bytes,
            ..stats
        }
    }
}

/// Adds the lines of a message that pass the filter.
fn summarize(row: Row, filter: &ListFilter, lines: &mut Vec<Summary>) {
    let Ok(message) = record::decode_message(row.id, &row.head, row.size) else {
        return;
    };
    let same =
        |address: &EmailAddress, text: &String| address.to_string().eq_ignore_ascii_case(text);
    let envelope = message.envelope;
    if let Some(from) = &filter.from
        && !envelope.mail_from.to_string().eq_ignore_ascii_case(from)
    {
        return;
    }
    let to = filter.to.as_ref();
    let addressed = to.is_none_or(|to| {
        let mut recipients = envelope.recipients.iter();
        recipients.any(|rcpt| same(&rcpt.address, to))
    });
    if row.deliveries.is_empty() {
        let wanted = filter.next_hop.is_none() && filter.status.is_none() && addressed;
        lines.extend(wanted.then_some(Summary {
            id: row.id,
            delivery: None,
            next_hop: None,
            status: DeliveryStatus::Ready,
            mail_from: envelope.mail_from,
            pending: envelope.recipients.len() as u32,
            size: row.size,
            accepted_unix_ms: row.accepted_unix_ms,
            attempts: 0,
            retry_unix_ms: None,
            last_error: None,
            probe: row.probe,
        }));
        return;
    }
    for delivery in row.deliveries {
        let other_hop = filter
            .next_hop
            .as_ref()
            .is_some_and(|wanted| *wanted != delivery.next_hop.to_string());
        let other_status = filter
            .status
            .is_some_and(|wanted| wanted != delivery.status);
        let delivers_to = || {
            let Ok(decoded) = record::decode_delivery(&delivery.code) else {
                return false;
            };
            let mut recipients = decoded.recipients.iter();
            to.is_some_and(|to| recipients.any(|recipient| same(&recipient.rcpt.address, to)))
        };
        if other_hop || other_status || !(addressed || delivers_to()) {
            continue;
        }
        let pending = delivery.fates.iter().filter(|fate| !fate.is_settled());
        lines.push(Summary {
            id: row.id,
            delivery: Some(delivery.no),
            next_hop: Some(NextHop::clone(&delivery.next_hop)),
            status: delivery.status,
            mail_from: envelope.mail_from.clone(),
            pending: pending.count() as u32,
            size: row.size,
            accepted_unix_ms: row.accepted_unix_ms,
            attempts: delivery.attempts,
            retry_unix_ms: delivery.retry_unix_ms,
            last_error: delivery.last.map(|last| last.reply.to_string()),
            probe: row.probe,
        });
    }
}
