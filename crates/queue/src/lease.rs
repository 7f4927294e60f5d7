//! The schedule's side of the handle: which next hop has something due, and taking a delivery for an
//! attempt.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mailward_model::plan::{Delivery, NextHop};

use crate::{Queue, index::Taken, record, schedule::Key, shared::Shared, view::Message};

/// A due delivery, marked in flight. Dropped before [`crate::Queue::settle`] it is due again.
#[derive(Debug)]
pub struct Lease {
    /// The message it belongs to.
    pub message: Arc<Message>,
    /// The delivery.
    pub delivery: Arc<Delivery>,
    /// Indexes of the recipients that are not settled.
    pub pending: Vec<u32>,
    /// Attempts that have ended.
    pub attempts: u32,
    /// When the first of them began, Unix milliseconds; `None` where this is the first.
    pub first_attempt_unix_ms: Option<u64>,
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) kept: AtomicBool,
}

impl Lease {
    /// Has the delivery stay in flight when this lease is dropped, until it is settled: for who
    /// settles later, when something else is durable. Should that never happen, the delivery is due
    /// when the queue is opened again.
    pub fn keep_in_flight(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.shared.state();
        // Settled, it stands elsewhere by now, and this does nothing.
        state.index.give_back(self.key, self.number);
        self.shared.release_state(state);
    }
}

impl Queue {
    /// Waits for a next hop with a due delivery. A next hop is announced once when deliveries
    /// become due; deliveries that become due after it was returned announce it again, so a caller
    /// may start further connections to it. Dropping the future loses nothing.
    ///
    /// A caller that lets an announcement pass because it has connections enough must see to it
    /// that these go on taking until [`Queue::take`] answers `None`, and call [`Queue::announce`]
    /// when the last of them has ended.
    pub async fn due(&self) -> NextHop {
        let shared = &self.shared;
        loop {
            let notified = shared.due.notified();
            let wait = {
                let now_ms = shared.monotonic_ms();
                let mut state = shared.state();
                state.index.promote(now_ms);
                let next_hop = state.index.schedule.next_announced();
                let more = state.index.schedule.has_announced();
                state.index.schedule.take_wake();
                let deadline = state.index.schedule.next_deadline();
                drop(state);
                if let Some(next_hop) = next_hop {
                    if more {
                        shared.due.notify_one();
                    }
                    return next_hop;
                }
                deadline.map(|deadline| Duration::from_millis(deadline.saturating_sub(now_ms)))
            };
            match wait {
                // Whether it is woken or the time is up, it looks again.
                Some(wait) => drop(tokio::time::timeout(wait, notified).await),
                None => notified.await,
            }
        }
    }

    /// Has a next hop announced again if it has due deliveries: for a caller that let an
    /// announcement pass because it had connections enough.
    pub fn announce(&self, next_hop: &NextHop) {
        let mut state = self.shared.state();
        if let Some(hop) = state.index.schedule.find(next_hop) {
            state.index.schedule.announce(hop);
        }
        self.shared.release_state(state);
    }

    /// Due deliveries of a next hop.
    pub fn ready(&self, next_hop: &NextHop) -> usize {
        let state = self.shared.state();
        let schedule = &state.index.schedule;
        let hop = schedule.find(next_hop).and_then(|hop| schedule.hop(hop));
        hop.map_or(0, |hop| if hop.on_hold { 0 } else { hop.ready.len() })
    }

    /// Takes the oldest due delivery of a next hop.
    pub fn take(&self, next_hop: &NextHop) -> Option<Lease> {
        self.take_many(next_hop, 1).pop_front()
    }

    /// Takes the oldest due deliveries of a next hop, `max` at most, under one lock.
    pub fn take_many(&self, next_hop: &NextHop, max: usize) -> VecDeque<Lease> {
        let mut leases = VecDeque::new();
        while leases.len() < max {
            let now = self.shared.now();
            let mut state = self.shared.state();
            let mut taken = Vec::new();
            while leases.len() + taken.len() < max {
                let number = self.shared.new_lease();
                let Some(one) = state.index.take(&now, next_hop, number) else {
                    break;
                };
                taken.push((one, number));
            }
            self.shared.release_state(state);
            if taken.is_empty() {
                break;
            }
            for (taken, number) in taken {
                let id = taken.key.0;
                if let Some(lease) = self.lease(taken, number) {
                    leases.push_back(lease);
                    continue;
                }
                // What was read at recovery or written by this process can be decoded. Should it not
                // be, holding the message keeps it for someone to look at.
                let mut state = self.shared.state();
                state.index.set_held(&now, id, true);
                self.shared.release_state(state);
            }
        }
        leases
    }

    fn lease(&self, taken: Taken, number: u64) -> Option<Lease> {
        let id = taken.key.0;
        let delivery = match taken.delivery {
            Some(delivery) => delivery,
            None => Arc::new(record::decode_delivery(&taken.code).ok()?),
        };
        let message = match taken.message {
            Some(message) => message,
            None => {
                let message = record::decode_message(id, &taken.head, taken.size).ok()?;
                let message = Arc::new(message);
                if taken.shared
                    && let Some(entry) = self.shared.state().index.messages.get_mut(&id)
                {
                    entry.message = Arc::downgrade(&message);
                }
                message
            }
        };
        Some(Lease {
            message,
            delivery,
            pending: taken.pending,
            attempts: taken.attempts,
            first_attempt_unix_ms: taken.first_attempt_unix_ms,
            accepted_unix_ms: taken.accepted_unix_ms,
            key: taken.key,
            number,
            shared: self.shared.clone(),
            kept: AtomicBool::new(false),
        })
    }
}
