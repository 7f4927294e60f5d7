//! The queue's accounts, audited: every accepted message has an owner (an open delivery), a next act
//! (it is due, being tried, held, or waits) and a time by which that happens.
//!
//! Looks and changes nothing. The lock is taken for a few hundred messages at a time, and nothing
//! is decoded under it.

use std::ops::Bound;

use bytes::Bytes;
use mailward_model::{MessageId, plan::DeliveryContent};

use crate::{
    Queue,
    entry::{DeliveryEntry, Entry},
    index::{Index, Now},
    record,
    schedule::{Hop, Place},
    view::Audit,
};

/// Messages looked at under one lock.
const LOOK: usize = 256;
/// A message may be without a plan for so long after it was accepted: it is about to be made.
pub(crate) const PLAN_MS_MAX: u64 = 60_000;

/// A delivery whose octets are to be looked at without the lock.
struct Open {
    accepted_unix_ms: u64,
    attempts: u32,
    code: Bytes,
}

impl Queue {
    /// Audits every message in the queue.
    pub fn audit(&self) -> Audit {
        let now = self.shared.now();
        let mut audit = Audit::default();
        let mut after = None;
        loop {
            let (last, open) = {
                let state = self.shared.state();
                look(&state.index, after, &now, &mut audit)
            };
            for delivery in open {
                count_journal(&delivery, &mut audit);
            }
            let Some(last) = last else { return audit };
            after = Some(last);
        }
    }
}

/// Looks at the next few messages; answers the last of them and their open deliveries.
fn look(
    index: &Index,
    after: Option<MessageId>,
    now: &Now,
    audit: &mut Audit,
) -> (Option<MessageId>, Vec<Open>) {
    let start = after.map_or(Bound::Unbounded, Bound::Excluded);
    let mut last = None;
    let mut open = Vec::new();
    for (id, entry) in index.messages.range((start, Bound::Unbounded)).take(LOOK) {
        last = Some(*id);
        look_at(index, *id, entry, now, audit);
        let unsettled = entry
            .deliveries
            .iter()
            .filter(|d| d.place != Place::Settled);
        open.extend(unsettled.map(|delivery| Open {
            accepted_unix_ms: entry.accepted_unix_ms,
            attempts: delivery.attempts,
            code: delivery.code.clone(),
        }));
    }
    (last, open)
}

fn look_at(index: &Index, id: MessageId, entry: &Entry, now: &Now, audit: &mut Audit) {
    audit.messages += 1;
    if !entry.planned {
        let age = now.unix_ms.saturating_sub(entry.accepted_unix_ms);
        if age > PLAN_MS_MAX || !index.unplanned.contains(&id) {
            audit.unplanned += 1;
            audit.orphan(id);
        }
        return;
    }
    let mut open = 0;
    for delivery in entry.deliveries.iter().filter(|d| !d.is_settled()) {
        open += 1;
        if !is_scheduled(index.schedule.hop(delivery.hop), id, delivery) {
            audit.unannounced += 1;
            audit.orphan(id);
        } else if let Place::Waiting(until) = delivery.place
            && until.saturating_sub(now.monotonic_ms) > now.wait_max_ms
        {
            audit.endless += 1;
            audit.orphan(id);
        }
    }
    if open == 0 {
        audit.unowned += 1;
        audit.orphan(id);
    }
}

/// Whether the schedule knows of the delivery where the delivery says it stands.
fn is_scheduled(hop: Option<&Hop>, id: MessageId, delivery: &DeliveryEntry) -> bool {
    let key = (id, delivery.no);
    hop.is_some_and(|hop| match delivery.place {
        Place::Ready => hop.ready.contains(&key),
        Place::Waiting(until) => hop.waiting.contains(&(until, key)),
        Place::InFlight(_) => hop.in_flight.contains(&key),
        Place::Held => hop.held.contains(&key),
        Place::Settled => false,
    })
}

fn count_journal(open: &Open, audit: &mut Audit) {
    let Ok(delivery) = record::decode_delivery(&open.code) else {
        return;
    };
    if !matches!(delivery.content, DeliveryContent::JournalReport(_)) {
        return;
    }
    audit.journal_open += 1;
    audit.journal_parked += usize::from(open.attempts > 0);
    let oldest = audit.journal_oldest_unix_ms.unwrap_or(u64::MAX);
    audit.journal_oldest_unix_ms = Some(oldest.min(open.accepted_unix_ms));
}
