//! What is kept in memory of a queued message: the octets of its envelope and deliveries as they
//! stand in the log, and the state of each delivery. About 400 octets besides those.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use mailward_host::disk::DiskFile;
use mailward_model::{MessageId, plan::DeliveryNo};

use crate::{
    kept::Kept,
    record::{BaseParts, BodyRecord, StateRecord, encode_base, fate_number, fate_of},
    schedule::{HopNo, Place},
    view::{LastAttempt, Message, RecipientState},
};

/// An open segment. While someone holds it, it can be read, even after it was removed.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) number: u64,
    pub(crate) file: Arc<dyn DiskFile>,
}

/// Where a body is.
#[derive(Debug, Clone)]
pub(crate) enum StoredBody {
    /// In a segment, from this place on.
    Inline {
        segment: Arc<SegmentFile>,
        offset: u64,
        len: u32,
        crc: u32,
    },
    /// In a file of the message's name.
    File { len: u64, crc: u32 },
}

impl StoredBody {
    pub(crate) fn len(&self) -> u64 {
        match self {
            StoredBody::Inline { len, .. } => u64::from(*len),
            StoredBody::File { len, .. } => *len,
        }
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self, StoredBody::File { .. })
    }

    fn record(&self) -> BodyRecord {
        match self {
            StoredBody::Inline { .. } => BodyRecord::Inline,
            StoredBody::File { len, crc } => BodyRecord::File {
                len: *len,
                crc: *crc,
            },
        }
    }
}

/// A queued message.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) head: Bytes,
    pub(crate) notes: Bytes,
    pub(crate) body: StoredBody,
    /// What is at hand without the log, while it is.
    pub(crate) kept: Option<Box<Kept>>,
    /// The segment of its newest Accepted or Moved record, and that record's octets.
    pub(crate) base: u64,
    pub(crate) base_octets: u64,
    /// Segments with records about it that are newer than its newest whole state. Bounded: see
    /// [`UPDATES_MAX`].
    pub(crate) updates: Vec<u64>,
    pub(crate) accepted_unix_ms: u64,
    /// The decoded head while someone uses it.
    pub(crate) message: Weak<Message>,
    pub(crate) next_no: DeliveryNo,
    pub(crate) planned: bool,
    pub(crate) held: bool,
    pub(crate) probe: bool,
    pub(crate) deliveries: Vec<DeliveryEntry>,
}

/// Segments that may hold changes of one message before its whole state is written anew, so that a
/// message tried for days is not spread over the whole log.
pub(crate) const UPDATES_MAX: usize = 8;

/// A delivery of a queued message.
#[derive(Debug)]
pub(crate) struct DeliveryEntry {
    pub(crate) no: DeliveryNo,
    pub(crate) hop: HopNo,
    pub(crate) code: Bytes,
    pub(crate) fates: Box<[RecipientState]>,
    pub(crate) place: Place,
    pub(crate) attempts: u32,
    pub(crate) first_attempt_unix_ms: Option<u64>,
    pub(crate) retry_unix_ms: Option<u64>,
    pub(crate) last: Option<Arc<LastAttempt>>,
}

impl DeliveryEntry {
    /// Indexes of the recipients that are not settled.
    pub(crate) fn pending(&self) -> Vec<u32> {
        let fates = self.fates.iter().zip(0..);
        fates
            .filter_map(|(fate, index)| (!fate.is_settled()).then_some(index))
            .collect()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.fates.iter().all(|fate| fate.is_settled())
    }

    fn state(&self) -> StateRecord {
        StateRecord {
            fates: self.fates.iter().map(|fate| fate_number(*fate)).collect(),
            attempts: self.attempts,
            first_attempt_unix_ms: self.first_attempt_unix_ms,
            retry_unix_ms: self.retry_unix_ms,
            last: self.last.as_deref().map(Into::into),
        }
    }

    /// Takes over a state that was written.
    pub(crate) fn restore(&mut self, state: StateRecord) {
        for (fate, number) in self.fates.iter_mut().zip(state.fates) {
            *fate = fate_of(number);
        }
        self.attempts = state.attempts;
        self.first_attempt_unix_ms = state.first_attempt_unix_ms;
        self.retry_unix_ms = state.retry_unix_ms;
        self.last = state
            .last
            .map(|(reply, remote)| Arc::new(LastAttempt { reply, remote }));
    }
}

impl Entry {
    /// True where nothing more is to be done for the message.
    pub(crate) fn is_finished(&self) -> bool {
        self.planned && self.deliveries.iter().all(DeliveryEntry::is_settled)
    }

    pub(crate) fn delivery_mut(&mut self, no: DeliveryNo) -> Option<&mut DeliveryEntry> {
        // Numbers grow within a message.
        let at = self.deliveries.binary_search_by_key(&no, |d| d.no).ok()?;
        self.deliveries.get_mut(at)
    }

    /// Encodes the message with the state of its deliveries: Moved or State.
    pub(crate) fn encode_state(&self, id: MessageId, out: &mut Vec<u8>) {
        let deliveries = self.deliveries.iter();
        encode_base(
            &BaseParts {
                id,
                body: self.body.record(),
                planned: self.planned,
                held: self.held,
                next_no: self.next_no,
                head: &self.head,
                notes: &self.notes,
                deliveries: deliveries.map(|d| (&*d.code, d.state())).collect(),
            },
            out,
        );
    }
}
