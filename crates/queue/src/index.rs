//! The index: every queued message in memory, and the transitions of its state.
//!
//! Pure: no I/O and no clock. The running queue and recovery call the same transitions, so what is
//! rebuilt from the log is what was there.
//!
//! Invariant: a delivery's place in its entry is its place in the schedule.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
};

use bytes::Bytes;
use mailward_model::{
    MessageId,
    plan::{Delivery, DeliveryNo, Fate, NextHop, RecipientOutcome},
};

use crate::{
    QueueError,
    entry::{DeliveryEntry, Entry, StoredBody},
    record::{Base, NewDelivery, StateRecord},
    schedule::{HopNo, Key, Place, Schedule},
    view::{LastAttempt, Message, RecipientState},
};

/// The time of a transition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) monotonic_ms: u64,
    pub(crate) unix_ms: u64,
    /// Longest wait, milliseconds.
    pub(crate) wait_max_ms: u64,
}

impl Now {
    /// The monotonic end of a wait until a wall time. However the wall clock jumps, a wait is never
    /// longer than the longest one.
    fn deadline(&self, retry_unix_ms: Option<u64>) -> Option<u64> {
        let wait = retry_unix_ms?.saturating_sub(self.unix_ms);
        (wait > 0).then(|| self.monotonic_ms + wait.min(self.wait_max_ms))
    }
}

/// A message that left the queue, and what it leaves behind on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone {
    pub(crate) id: MessageId,
    pub(crate) base: u64,
    pub(crate) base_octets: u64,
    pub(crate) updates: Vec<u64>,
    pub(crate) file: bool,
}

/// An outcome to be applied.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    pub(crate) id: MessageId,
    pub(crate) delivery: DeliveryNo,
    pub(crate) outcomes: &'a [RecipientOutcome],
    pub(crate) retry_unix_ms: Option<u64>,
    pub(crate) remote: Option<&'a str>,
    pub(crate) follow_ups: Vec<NewDelivery>,
}

/// Counts of a delivery after an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
}

/// A delivery taken for an attempt.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) key: Key,
    pub(crate) code: Bytes,
    pub(crate) head: Bytes,
    pub(crate) message: Option<Arc<Message>>,
    pub(crate) delivery: Option<Arc<Delivery>>,
    /// The message has further open deliveries: its decoded head is worth keeping.
    pub(crate) shared: bool,
    pub(crate) size: u64,
    pub(crate) pending: Vec<u32>,
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
    pub(crate) accepted_unix_ms: u64,
}

/// All messages, and their deliveries' schedule.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) messages: BTreeMap<MessageId, Box<Entry>>,
    pub(crate) schedule: Schedule,
    pub(crate) unplanned: BTreeSet<MessageId>,
    pub(crate) body_bytes: u64,
    /// Health probes among the messages.
    pub(crate) probes: usize,
}

impl Index {
    /// Puts in a message as read or written, in place of what is there under its id.
    pub(crate) fn insert(
        &mut self,
        now: &Now,
        base: Base,
        body: StoredBody,
        (segment, octets): (u64, u64),
    ) {
        let id = base.fixed.id();
        self.take_out(id);
        let mut entry = Box::new(Entry {
            head: base.head,
            notes: base.notes,
            body,
            kept: None,
            base: segment,
            base_octets: octets,
            updates: Vec::new(),
            accepted_unix_ms: base.accepted_unix_ms,
            message: Weak::new(),
            next_no: base.fixed.next_no,
            planned: base.fixed.planned,
            held: base.fixed.held,
            probe: base.probe,
            deliveries: Vec::with_capacity(base.deliveries.len()),
        });
        add_deliveries(
            &mut self.schedule,
            now,
            id,
            &mut entry,
            base.deliveries,
            base.states,
        );
        self.body_bytes += entry.body.len();
        self.probes += usize::from(entry.probe);
        if !entry.planned {
            self.unplanned.insert(id);
        }
        self.messages.insert(id, entry);
    }

    /// Replaces all but the body of a message: State.
    pub(crate) fn restate(&mut self, now: &Now, base: Base) {
        let Some(old) = self.take_out(base.fixed.id()) else {
            return;
        };
        self.insert(now, base, old.body, (old.base, old.base_octets));
    }

    /// Takes a message out of the index and the schedule.
    fn take_out(&mut self, id: MessageId) -> Option<Box<Entry>> {
        let entry = self.messages.remove(&id)?;
        for delivery in &entry.deliveries {
            if delivery.place != Place::Settled {
                self.schedule
                    .leave(delivery.hop, (id, delivery.no), delivery.place);
                self.schedule.forget_if_empty(delivery.hop);
            }
        }
        self.body_bytes -= entry.body.len();
        self.probes -= usize::from(entry.probe);
        self.unplanned.remove(&id);
        Some(entry)
    }

    /// Removes a message.
    pub(crate) fn remove(&mut self, id: MessageId) -> Option<Gone> {
        let entry = self.take_out(id)?;
        Some(Gone {
            id,
            base: entry.base,
            base_octets: entry.base_octets,
            file: entry.body.is_file(),
            updates: entry.updates,
        })
    }

    /// Counts the open deliveries of a message as leaving: it is about to be removed.
    pub(crate) fn count_leaving(&mut self, now: &Now, id: MessageId) {
        let Some(entry) = self.messages.get(&id) else {
            return;
        };
        let open = entry.deliveries.iter();
        for delivery in open.filter(|one| one.place != Place::Settled) {
            self.schedule.left(delivery.hop, now.monotonic_ms);
        }
    }

    /// Removes a message if nothing more is to be done for it.
    pub(crate) fn remove_if_finished(&mut self, id: MessageId) -> Option<Gone> {
        self.messages
            .get(&id)
            .is_some_and(|entry| entry.is_finished())
            .then(|| self.remove(id))?
    }

    /// Moves a delivery to another place.
    fn put(schedule: &mut Schedule, id: MessageId, delivery: &mut DeliveryEntry, place: Place) {
        if delivery.place == place {
            return;
        }
        schedule.leave(delivery.hop, (id, delivery.no), delivery.place);
        schedule.enter(delivery.hop, (id, delivery.no), place);
        schedule.forget_if_empty(delivery.hop);
        delivery.place = place;
    }

    /// Applies the outcome of an attempt. `counts` is what was written, for recovery; otherwise the
    /// attempt is counted here.
    pub(crate) fn settle(
        &mut self,
        now: &Now,
        outcome: Outcome<'_>,
        counts: Option<Counts>,
    ) -> Result<Counts, QueueError> {
        let (id, no) = (outcome.id, outcome.delivery);
        let entry = self
            .messages
            .get_mut(&id)
            .ok_or(QueueError::NoMessage(id))?;
        let held = entry.held;
        let delivery = entry
            .delivery_mut(no)
            .filter(|delivery| !delivery.is_settled())
            .ok_or(QueueError::NoDelivery(id, no))?;
        for RecipientOutcome {
            recipient,
            fate,
            reply,
        } in outcome.outcomes
        {
            let Some(state) = delivery
                .fates
                .get_mut(*recipient as usize)
                .filter(|state| !state.is_settled())
            else {
                continue;
            };
            *state = match fate {
                Fate::Delivered => RecipientState::Delivered,
                Fate::Deferred => RecipientState::Deferred,
                Fate::Failed => RecipientState::Failed,
                Fate::Removed => RecipientState::Removed,
            };
            if *state == RecipientState::Deferred {
                let last = LastAttempt {
                    reply: reply.clone(),
                    remote: outcome.remote.map(str::to_owned),
                };
                delivery.last = Some(self.schedule.remember(delivery.hop, last));
            }
        }
        match counts {
            Some(counts) => {
                delivery.attempts = counts.attempts;
                delivery.first_attempt_unix_ms = counts.first_attempt_unix_ms;
            }
            None if !outcome.outcomes.is_empty() => {
                delivery.attempts = delivery.attempts.saturating_add(1);
                delivery.first_attempt_unix_ms.get_or_insert(now.unix_ms);
            }
            None => {}
        }
        delivery.retry_unix_ms = outcome.retry_unix_ms;
        let counts = Counts {
            attempts: delivery.attempts,
            first_attempt_unix_ms: delivery.first_attempt_unix_ms,
        };
        let place = place_for(now, held, delivery);
        if place == Place::Settled {
            self.schedule.left(delivery.hop, now.monotonic_ms);
        }
        Self::put(&mut self.schedule, id, delivery, place);
        let follow_ups = outcome.follow_ups;
        add_deliveries(&mut self.schedule, now, id, entry, follow_ups, Vec::new());
        Ok(counts)
    }

    /// Whether a delivery is being attempted.
    pub(crate) fn is_in_flight(&self, id: MessageId, no: DeliveryNo) -> bool {
        let entry = self.messages.get(&id);
        let mut deliveries = entry.into_iter().flat_map(|entry| &entry.deliveries);
        deliveries.any(|one| one.no == no && matches!(one.place, Place::InFlight(_)))
    }

    /// The next free delivery number of a message.
    pub(crate) fn next_no(&self, id: MessageId) -> Option<DeliveryNo> {
        self.messages.get(&id).map(|entry| entry.next_no)
    }

    /// Whether a message may be planned now.
    pub(crate) fn may_plan(&self, id: MessageId) -> Result<(), QueueError> {
        let entry = self.messages.get(&id).ok_or(QueueError::NoMessage(id))?;
        let mut places = entry.deliveries.iter().map(|delivery| delivery.place);
        match places.any(|place| matches!(place, Place::InFlight(_))) {
            true => Err(QueueError::InFlight(id)),
            false => Ok(()),
        }
    }

    /// Replaces the deliveries that are not settled.
    pub(crate) fn plan(
        &mut self,
        now: &Now,
        id: MessageId,
        notes: Bytes,
        deliveries: Vec<NewDelivery>,
    ) {
        let Some(entry) = self.messages.get_mut(&id) else {
            return;
        };
        let schedule = &mut self.schedule;
        entry.deliveries.retain(|delivery| {
            if delivery.place != Place::Settled {
                schedule.left(delivery.hop, now.monotonic_ms);
                schedule.leave(delivery.hop, (id, delivery.no), delivery.place);
                schedule.forget_if_empty(delivery.hop);
            }
            delivery.place == Place::Settled
        });
        entry.planned = true;
        entry.notes = notes;
        self.unplanned.remove(&id);
        add_deliveries(schedule, now, id, entry, deliveries, Vec::new());
    }

    /// Makes due what has waited long enough.
    pub(crate) fn promote(&mut self, now_ms: u64) {
        for (hop, key) in self.schedule.take_expired(now_ms) {
            if let Some(delivery) = self
                .messages
                .get_mut(&key.0)
                .and_then(|entry| entry.delivery_mut(key.1))
            {
                delivery.place = Place::Ready;
                self.schedule.enter(hop, key, Place::Ready);
            }
        }
    }

    /// Takes the oldest due delivery of a next hop for an attempt.
    pub(crate) fn take(&mut self, now: &Now, next_hop: &NextHop, lease: u64) -> Option<Taken> {
        if self
            .schedule
            .next_deadline()
            .is_some_and(|next| next <= now.monotonic_ms)
        {
            self.promote(now.monotonic_ms);
        }
        let hop = self.schedule.hop(self.schedule.find(next_hop)?)?;
        if hop.on_hold {
            return None;
        }
        let key = *hop.ready.first()?;
        let entry = self.messages.get_mut(&key.0)?;
        let kept = entry.kept.as_ref();
        let kept_delivery = kept.and_then(|kept| kept.delivery(key.1));
        let message = kept.map(|kept| Arc::clone(&kept.message));
        let message = message.or_else(|| entry.message.upgrade());
        let head = entry.head.clone();
        let (size, accepted_unix_ms) = (entry.body.len(), entry.accepted_unix_ms);
        let open = entry
            .deliveries
            .iter()
            .filter(|d| d.place != Place::Settled);
        let shared = open.take(2).count() > 1;
        let delivery = entry.delivery_mut(key.1)?;
        let taken = Taken {
            key,
            code: delivery.code.clone(),
            head,
            message,
            delivery: kept_delivery,
            shared,
            size,
            pending: delivery.pending(),
            attempts: delivery.attempts,
            first_attempt_unix_ms: delivery.first_attempt_unix_ms,
            accepted_unix_ms,
        };
        delivery.first_attempt_unix_ms.get_or_insert(now.unix_ms);
        Self::put(&mut self.schedule, key.0, delivery, Place::InFlight(lease));
        Some(taken)
    }

    /// Ends a lease that was not settled: the delivery is due again.
    pub(crate) fn give_back(&mut self, key: Key, lease: u64) {
        let Some(entry) = self.messages.get_mut(&key.0) else {
            return;
        };
        let held = entry.held;
        if let Some(delivery) = entry.delivery_mut(key.1)
            && delivery.place == Place::InFlight(lease)
        {
            let place = if held { Place::Held } else { Place::Ready };
            Self::put(&mut self.schedule, key.0, delivery, place);
        }
    }

    /// Holds or releases a message. Answers its open deliveries; `None` where it is not there.
    pub(crate) fn set_held(&mut self, now: &Now, id: MessageId, held: bool) -> Option<usize> {
        let entry = self.messages.get_mut(&id)?;
        entry.held = held;
        let mut count = 0;
        for delivery in &mut entry.deliveries {
            count += usize::from(delivery.place != Place::Settled);
            // One that is being attempted is held when the attempt has ended.
            if !matches!(delivery.place, Place::InFlight(_) | Place::Settled) {
                let place = place_for(now, held, delivery);
                Self::put(&mut self.schedule, id, delivery, place);
            }
        }
        Some(count)
    }

    /// Makes the waiting deliveries of a message due.
    pub(crate) fn retry_message(&mut self, id: MessageId) -> Option<usize> {
        let entry = self.messages.get_mut(&id)?;
        let mut count = 0;
        for delivery in &mut entry.deliveries {
            if matches!(delivery.place, Place::Waiting(_)) {
                delivery.retry_unix_ms = None;
                Self::put(&mut self.schedule, id, delivery, Place::Ready);
                count += 1;
            }
        }
        Some(count)
    }

    /// Makes the waiting deliveries of a next hop due.
    pub(crate) fn retry_hop(&mut self, hop: HopNo) -> usize {
        let Some(keys) = self.schedule.hop(hop).map(|hop| {
            let waiting = hop.waiting.iter();
            waiting.map(|(_, key)| *key).collect::<Vec<Key>>()
        }) else {
            return 0;
        };
        for key in &keys {
            if let Some(delivery) = self
                .messages
                .get_mut(&key.0)
                .and_then(|entry| entry.delivery_mut(key.1))
            {
                delivery.retry_unix_ms = None;
                Self::put(&mut self.schedule, key.0, delivery, Place::Ready);
            }
        }
        keys.len()
    }

    /// Checks the invariant; for tests.
    #[cfg(test)]
    pub(crate) fn check(&self) {
        let mut open = 0;
        for (id, entry) in &self.messages {
            assert!(!entry.is_finished(), "{id} is finished and still there");
            assert_eq!(self.unplanned.contains(id), !entry.planned);
            for delivery in &entry.deliveries {
                assert_eq!(delivery.place == Place::Settled, delivery.is_settled());
                if delivery.place == Place::Settled {
                    continue;
                }
                open += 1;
                let key = (*id, delivery.no);
                let hop = self
                    .schedule
                    .hop(delivery.hop)
                    .expect("its next hop exists");
                let there = match delivery.place {
                    Place::Ready => hop.ready.contains(&key),
                    Place::Waiting(until) => hop.waiting.contains(&(until, key)),
                    Place::InFlight(_) => hop.in_flight.contains(&key),
                    Place::Held => hop.held.contains(&key),
                    Place::Settled => false,
                };
                assert!(there, "{key:?} is not where it should be");
            }
        }
        let scheduled: usize = self.schedule.hops().map(crate::schedule::Hop::count).sum();
        assert_eq!(scheduled, open);
    }
}

/// Where a delivery that is not being attempted belongs.
fn place_for(now: &Now, held: bool, delivery: &DeliveryEntry) -> Place {
    if delivery.is_settled() {
        return Place::Settled;
    }
    if held {
        return Place::Held;
    }
    now.deadline(delivery.retry_unix_ms)
        .map_or(Place::Ready, Place::Waiting)
}

/// Adds deliveries behind those the entry has. `states` is empty or has one for each.
fn add_deliveries(
    schedule: &mut Schedule,
    now: &Now,
    id: MessageId,
    entry: &mut Entry,
    deliveries: Vec<NewDelivery>,
    states: Vec<StateRecord>,
) {
    let mut states = states.into_iter();
    for new in deliveries {
        // A record that repeats a number repeats the delivery; it is not made twice.
        if entry
            .deliveries
            .last()
            .is_some_and(|last| last.no >= new.no)
        {
            continue;
        }
        let hop = schedule.intern(new.next_hop);
        let mut delivery = DeliveryEntry {
            no: new.no,
            hop,
            code: new.code,
            fates: vec![RecipientState::Pending; new.recipients].into(),
            place: Place::Settled,
            attempts: 0,
            first_attempt_unix_ms: None,
            retry_unix_ms: None,
            last: None,
        };
        if let Some(state) = states.next() {
            delivery.restore(state);
        }
        delivery.place = place_for(now, entry.held, &delivery);
        schedule.came(hop, now.monotonic_ms);
        schedule.enter(hop, (id, new.no), delivery.place);
        schedule.forget_if_empty(hop);
        entry.next_no = entry.next_no.max(new.no.saturating_add(1));
        entry.deliveries.push(delivery);
    }
}
