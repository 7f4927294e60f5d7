//! What is kept in memory of new messages with several deliveries, as it was accepted: each of these
//! deliveries is attempted within a moment as a rule, and needs to read and decode nothing for that.
//!
//! Never needed: what is not kept is read from the log.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use mailward_model::{
    Envelope, MessageId, Origin,
    plan::{Delivery, DeliveryNo, Plan},
};

use crate::{body::Body, shared::State, view::Message};

/// Octets that are kept, about: half a second of mail at full speed.
pub(crate) const OCTETS_MAX: usize = 16 << 20;
/// Deliveries of a message above which nothing of it is kept: a large group's are attempted one after
/// the other for a while, and decoding them is the least of it.
const DELIVERIES_MAX: usize = 8;
/// Decoded values take about so many times the octets that they are encoded in.
const DECODED_TIMES: usize = 4;

/// What is kept of one message.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) message: Arc<Message>,
    deliveries: Vec<Arc<Delivery>>,
    pub(crate) body: Bytes,
    pub(crate) octets: usize,
}

impl Kept {
    /// Keeps a message that was encoded in so many octets, body apart. `None` where it would be read
    /// once only, or is large.
    pub(crate) fn of(
        id: MessageId,
        envelope: Envelope,
        origin: Origin,
        plan: Option<Plan>,
        body: &Body,
        meta_octets: usize,
    ) -> Option<Kept> {
        let deliveries = plan?.deliveries;
        if !(2..=DELIVERIES_MAX).contains(&deliveries.len()) {
            return None;
        }
        let octets = body.memory()?;
        Some(Kept {
            octets: octets.len() + DECODED_TIMES * meta_octets,
            message: Arc::new(Message {
                id,
                envelope,
                origin,
                size: octets.len() as u64,
            }),
            deliveries: deliveries.into_iter().map(Arc::new).collect(),
            body: Bytes::copy_from_slice(octets),
        })
    }

    /// As if it had so many octets.
    #[cfg(test)]
    pub(crate) fn of_octets(self, octets: usize) -> Kept {
        Kept { octets, ..self }
    }

    /// A delivery as it was planned.
    pub(crate) fn delivery(&self, no: DeliveryNo) -> Option<Arc<Delivery>> {
        self.deliveries.iter().find(|kept| kept.no == no).cloned()
    }
}

/// What is kept, in the order in which it was stored.
#[derive(Debug, Default)]
pub(crate) struct Order {
    kept: VecDeque<(MessageId, usize)>,
    /// Messages that are gone count until their turn comes.
    octets: usize,
}

/// Keeps something of a message that has just entered the index, in place of the oldest that is kept.
pub(crate) fn keep(state: &mut State, id: MessageId, kept: Option<Kept>) {
    let (Some(kept), Some(entry)) = (kept, state.index.messages.get_mut(&id)) else {
        return;
    };
    let order = &mut state.kept;
    order.kept.push_back((id, kept.octets));
    order.octets += kept.octets;
    entry.kept = Some(Box::new(kept));
    while order.octets > OCTETS_MAX
        && let Some((old, octets)) = order.kept.pop_front()
    {
        order.octets -= octets;
        if let Some(entry) = state.index.messages.get_mut(&old) {
            entry.kept = None;
        }
    }
}
