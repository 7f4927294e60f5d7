//! What the queue shows: messages, deliveries, delivery queues, figures. Copies, never references
//! into its state, so that looking takes no lock for longer than the copy.

use std::{ops::Deref, path::PathBuf, sync::Arc};

use mailward_model::{
    Envelope, MessageId, Origin, Reply, ReversePath,
    plan::{Delivery, DeliveryNo, NextHop, ResolutionNote},
};

use crate::flow::Rates;

/// What never changes about a message in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The envelope as received.
    pub envelope: Envelope,
    /// The session it came in by.
    pub origin: Origin,
    /// Octets of its body, header section included.
    pub size: u64,
}

/// The fate of one recipient of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecipientState {
    /// Not attempted yet, or not decided by the attempts so far.
    Pending,
    /// Attempted, to be tried again.
    Deferred,
    /// Taken by the next hop.
    Delivered,
    /// Refused for good, or expired.
    Failed,
    /// Taken out by an administrator.
    Removed,
}

impl RecipientState {
    /// True where nothing more is to be done for this recipient.
    pub fn is_settled(self) -> bool {
        !matches!(self, RecipientState::Pending | RecipientState::Deferred)
    }
}

/// What a delivery is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// Due: it waits for a connection only.
    Ready,
    /// Being attempted.
    InFlight,
    /// Waits for its retry time.
    Retry,
    /// Held by an administrator.
    Held,
    /// Every recipient is settled.
    Settled,
}

/// The last answer a delivery got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAttempt {
    /// The reply that deferred it.
    pub reply: Reply,
    /// Who gave it.
    pub remote: Option<String>,
}

/// A delivery with its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDelivery {
    /// What goes where, to whom.
    pub delivery: Arc<Delivery>,
    /// What it is doing.
    pub status: DeliveryStatus,
    /// One per recipient of the delivery.
    pub recipients: Vec<RecipientState>,
    /// Attempts that have ended.
    pub attempts: u32,
    /// When the first of them began, Unix milliseconds.
    pub first_attempt_unix_ms: Option<u64>,
    /// When it is tried again, Unix milliseconds; for [`DeliveryStatus::Retry`].
    pub retry_unix_ms: Option<u64>,
    /// The last answer that deferred it.
    pub last_attempt: Option<Arc<LastAttempt>>,
}

/// A message with the state of each of its deliveries, the settled ones too. Reads as its
/// [`Message`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What never changes.
    pub message: Arc<Message>,
    /// False where no plan has been made yet.
    pub planned: bool,
    /// Held by an administrator.
    pub held: bool,
    /// How its recipients were resolved.
    pub notes: Vec<ResolutionNote>,
    /// Its deliveries in the order of their numbers, follow-ups included.
    pub deliveries: Vec<StoredDelivery>,
}

impl Deref for Stored {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Which messages or deliveries an operator's action is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selection {
    /// All deliveries of one message.
    Message(MessageId),
    /// All deliveries to one next hop.
    NextHop(NextHop),
}

impl From<MessageId> for Selection {
    fn from(id: MessageId) -> Self {
        Selection::Message(id)
    }
}

impl From<NextHop> for Selection {
    fn from(next_hop: NextHop) -> Self {
        Selection::NextHop(next_hop)
    }
}

/// What came of holding or releasing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldTurned {
    /// Open deliveries concerned.
    pub deliveries: usize,
    /// Whether it was held before.
    pub was_held: bool,
}

/// Whether each message has an owner, a next act and a time by which it happens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Messages looked at.
    pub messages: usize,
    /// Accepted a while ago, and no plan was made.
    pub unplanned: usize,
    /// Planned, and no delivery of theirs is open, and yet here.
    pub unowned: usize,
    /// Due deliveries whose next hop the schedule does not know.
    pub unannounced: usize,
    /// Deliveries that wait beyond the longest wait.
    pub endless: usize,
    /// The first messages of these kinds, [`Audit::ORPHANS_MAX`] at most.
    pub orphans: Vec<MessageId>,
    /// Open deliveries to which a journal report belongs.
    pub journal_open: usize,
    /// Of these, tried at least once.
    pub journal_parked: usize,
    /// When the oldest message with an open one was accepted, Unix milliseconds.
    pub journal_oldest_unix_ms: Option<u64>,
}

impl Audit {
    /// Orphans that are named.
    pub const ORPHANS_MAX: usize = 20;

    /// Adds a message that nobody looks after.
    pub(crate) fn orphan(&mut self, id: MessageId) {
        if self.orphans.len() < Audit::ORPHANS_MAX && self.orphans.last() != Some(&id) {
            self.orphans.push(id);
        }
    }
}

/// Which messages to list.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only those with an open delivery to this next hop, by its printed name.
    pub next_hop: Option<String>,
    /// Only those with an open delivery in this state.
    pub status: Option<DeliveryStatus>,
    /// Only those from this sender; compared without regard to case; `<>` is the null sender.
    pub from: Option<String>,
    /// Only those with this recipient in the envelope or in a delivery.
    pub to: Option<String>,
    /// Only those after this one, to page on.
    pub after: Option<MessageId>,
    /// At most this many; 0 means 1,000.
    pub limit: usize,
    /// Health probes too.
    pub probes: bool,
}

/// One line of a listing: an open delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The message.
    pub id: MessageId,
    /// Which delivery of it; `None` for a message that has no plan yet.
    pub delivery: Option<DeliveryNo>,
    /// Where it goes.
    pub next_hop: Option<NextHop>,
    /// What it is doing.
    pub status: DeliveryStatus,
    /// The envelope's sender.
    pub mail_from: ReversePath,
    /// Recipients of the delivery that are not settled.
    pub pending: u32,
    /// Octets of the body.
    pub size: u64,
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
    /// Attempts that have ended.
    pub attempts: u32,
    /// When it is tried again, Unix milliseconds.
    pub retry_unix_ms: Option<u64>,
    /// The last answer that deferred it.
    pub last_error: Option<String>,
    /// A health probe.
    pub probe: bool,
}

/// One delivery queue.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSummary {
    /// Its next hop.
    pub next_hop: NextHop,
    /// Open deliveries.
    pub count: usize,
    /// Of these, due.
    pub ready: usize,
    /// Of these, being attempted.
    pub in_flight: usize,
    /// Of these, waiting for a retry.
    pub deferred: usize,
    /// Of these, held one by one.
    pub held: usize,
    /// The whole queue is held.
    pub on_hold: bool,
    /// When its oldest message was accepted, Unix milliseconds.
    pub oldest_unix_ms: Option<u64>,
    /// The last answer that deferred one of them.
    pub last_error: Option<String>,
    /// When the first of the waiting ones is tried again, Unix milliseconds.
    pub next_retry_unix_ms: Option<u64>,
    /// How fast it fills and empties.
    pub rates: Rates,
}

/// Figures of the queue, for health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Messages in it.
    pub messages: usize,
    /// Of these, health probes.
    pub probes: usize,
    /// Messages without a plan.
    pub unplanned: usize,
    /// Octets of their bodies.
    pub body_bytes: u64,
    /// Open deliveries.
    pub deliveries: usize,
    /// Of these, due, and not of a delivery queue that is held.
    pub ready: usize,
    /// Of these, being attempted.
    pub in_flight: usize,
    /// Of these, waiting for a retry.
    pub deferred: usize,
    /// Of these, held.
    pub held: usize,
    /// When the oldest message was accepted, Unix milliseconds.
    pub oldest_unix_ms: Option<u64>,
    /// Messages accepted since the queue was opened.
    pub accepted_total: u64,
    /// Records written since the queue was opened.
    pub records_total: u64,
    /// Octets written to the log since the queue was opened.
    pub written_bytes_total: u64,
    /// Syncs since the queue was opened.
    pub syncs_total: u64,
    /// Syncs and writes that failed since the queue was opened.
    pub disk_errors_total: u64,
    /// Messages copied forward since the queue was opened.
    pub moved_total: u64,
    /// How long the last sync took, microseconds.
    pub sync_last_us: u64,
    /// How long the slowest sync took, microseconds.
    pub sync_max_us: u64,
    /// Sum of the time of all syncs, microseconds.
    pub sync_sum_us: u64,
    /// Segments of the log.
    pub segments: usize,
    /// Octets in them.
    pub segment_bytes: u64,
    /// Of these, octets of messages still in the queue.
    pub live_bytes: u64,
    /// Free octets on the file system when last looked.
    pub free_bytes: u64,
}

/// Whether the queue takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It does.
    Working,
    /// Too little room: accept answers [`crate::AcceptError::Full`].
    Full {
        /// Free octets.
        free: u64,
    },
    /// The disk refuses: accept answers [`crate::AcceptError::Failing`].
    Failing {
        /// The operating system's error.
        error: String,
    },
}

/// Something on the disk that was not as it was stored, found when the queue was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// Octets set aside.
    pub octets: u64,
    /// Whose, where that can still be told.
    pub message: Option<MessageId>,
    /// What is wrong, as a sentence without a full stop.
    pub what: String,
    /// Where the damaged octets were put.
    pub set_aside: Option<PathBuf>,
}

/// What opening the queue found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryReport {
    /// Segments read.
    pub segments: usize,
    /// Records read.
    pub records: u64,
    /// Messages in the queue.
    pub messages: usize,
    /// Open deliveries.
    pub deliveries: usize,
    /// Octets of a write that a crash cut short, which nobody had been told was stored.
    pub torn_octets: u64,
    /// Body files that belonged to no message, removed.
    pub orphans: usize,
    /// Damage found.
    pub damage: Vec<Damage>,
}
