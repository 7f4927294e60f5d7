//! Records on their way to the disk, in the order in which the state in memory changed.
//!
//! Invariant: a state is changed and its record put into the batch under one lock, so that the
//! order of the log is the order of the changes.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use mailward_model::MessageId;
use tokio::sync::oneshot;

use crate::{
    AcceptError, QueueError, body::Body, entry::SegmentFile, frame::Kind, index::Gone, kept::Kept,
    record::Base,
};

/// The metadata of a record.
#[derive(Debug)]
pub(crate) enum Meta {
    /// In the batch's arena.
    Arena(Range<usize>),
    /// By itself: the index keeps slices of it.
    Own(Bytes),
}

/// The body behind the metadata.
#[derive(Debug)]
pub(crate) enum Payload {
    /// None.
    Nothing,
    /// That of the message being accepted.
    Accepted,
    /// One that is copied forward from this place, with the checksum it had.
    Copy {
        segment: Arc<SegmentFile>,
        offset: u64,
        len: u32,
        crc: u32,
    },
}

/// What happens when the record is durable.
#[derive(Debug)]
pub(crate) enum Effect {
    /// The message enters the index.
    Accept(Box<(Base, Body, Option<Kept>)>),
    /// The message's state is no longer only in its base record.
    Update(MessageId),
    /// What the message held on the disk is free.
    Gone(Gone),
    /// The message's base record is this one now.
    Moved(MessageId),
    /// The message's newest whole state is this one now.
    State(MessageId),
    /// These messages, with the segments of their base records, are known gone by this record.
    CarryGone(Vec<(MessageId, u64)>),
    /// Nothing.
    Nothing,
}

/// Who waits for the record to be durable.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// Nobody.
    Nobody,
    /// A session that is about to answer 250.
    Accept(oneshot::Sender<Result<(), AcceptError>>),
    /// A caller that changed something.
    Change(oneshot::Sender<Result<(), QueueError>>),
}

/// A record to be written.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) meta: Meta,
    pub(crate) payload: Payload,
    pub(crate) effect: Effect,
    pub(crate) waiter: Waiter,
    /// Where in the segment it was written, and its octets.
    pub(crate) offset: u64,
    pub(crate) octets: u64,
}

impl Item {
    pub(crate) fn new(kind: Kind, meta: Meta, effect: Effect) -> Item {
        Item {
            kind,
            meta,
            payload: Payload::Nothing,
            effect,
            waiter: Waiter::Nobody,
            offset: 0,
            octets: 0,
        }
    }
}

/// Records to be written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Metadata of records that nothing in memory refers to.
    pub(crate) arena: Vec<u8>,
    pub(crate) items: Vec<Item>,
}

/// An arena or list that grew above this is not kept for the next batch.
const KEPT_OCTETS_MAX: usize = 256 << 10;

impl Batch {
    /// Adds a record whose metadata `encode` appends to the arena.
    pub(crate) fn push(
        &mut self,
        kind: Kind,
        effect: Effect,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> &mut Item {
        let start = self.arena.len();
        encode(&mut self.arena);
        let meta = Meta::Arena(start..self.arena.len());
        self.add(Item::new(kind, meta, effect))
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, item: Item) -> &mut Item {
        // `Vec::push_mut` is not stable; the index is that of the item just added.
        let at = self.items.len();
        self.items.push(item);
        &mut self.items[at]
    }

    /// The octets of a record's metadata.
    pub(crate) fn meta<'a>(arena: &'a [u8], item: &'a Item) -> &'a [u8] {
        match &item.meta {
            Meta::Arena(range) => arena.get(range.clone()).unwrap_or_default(),
            Meta::Own(bytes) => bytes,
        }
    }

    /// Empties it for reuse.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.arena.clear();
        self.arena.shrink_to(KEPT_OCTETS_MAX);
        self.items
            .shrink_to(KEPT_OCTETS_MAX / std::mem::size_of::<Item>());
    }
}
