//! The handle of the queue.

use std::{sync::Arc, time::Duration};

use mailward_host::{clock::Clock, disk::Disk};
use mailward_model::{
    Envelope, MessageId, Origin,
    plan::{NextHop, Plan, Settlement},
};

use crate::{
    AcceptError, Body, BodyReader, BodyWriter, Condition, Lease, ListFilter, OpenError,
    QueueConfig, QueueError, QueueSummary, ReadError, RecoveryReport, Selection, Stats, Stored,
    Summary,
};

/// A message to be accepted.
#[derive(Debug)]
pub struct NewMessage {
    /// Its id, from [`Queue::new_id`].
    pub id: MessageId,
    /// The envelope as received.
    pub envelope: Envelope,
    /// The session it came in by.
    pub origin: Origin,
    /// Its octets.
    pub body: Body,
    /// What follows from it; `None` to be planned later ([`Queue::plan`]).
    pub plan: Option<Plan>,
}

/// The durable queue. A handle: clones are the same queue.
#[derive(Clone, Debug)]
pub struct Queue(Arc<()>);

#[expect(
    unused_variables,
    reason = "signatures first, so that others can build on them"
)]
impl Queue {
    /// Opens the queue in `config.dir`, reading back what it holds.
    ///
    /// # Errors
    /// [`OpenError`]: in use, not readable, or configured with values that make no sense. Damage
    /// inside is no error: it is set aside and reported.
    pub fn open(
        config: QueueConfig,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Queue, RecoveryReport), OpenError> {
        Err(OpenError::InUse { dir: config.dir })
    }

    /// A new id, greater than every one given before by this handle's queue.
    pub fn new_id(&self) -> MessageId {
        MessageId::from_bits(0)
    }

    /// Begins a body for the message `id`.
    pub fn spool(&self, id: MessageId) -> BodyWriter {
        BodyWriter { memory: Vec::new() }
    }

    /// Takes responsibility for a message: resolves when it is on the disk.
    ///
    /// # Errors
    /// [`AcceptError`]: nothing of it is kept; answer 452, 451, 552 or 421.
    pub async fn accept(&self, message: NewMessage) -> Result<(), AcceptError> {
        Err(AcceptError::Closed)
    }

    /// Plans a message accepted without a plan, or plans it anew: recipients of deliveries not yet
    /// settled are those of the new plan. Resolves when it is on the disk.
    ///
    /// # Errors
    /// [`QueueError`]; [`QueueError::InFlight`] while one of its deliveries is being attempted.
    pub async fn plan(&self, id: MessageId, plan: Plan) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }

    /// Records what became of an attempt. The state in memory changes at once; it resolves when
    /// that is on the disk.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn settle(&self, settlement: Settlement) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }

    /// As [`Queue::settle`], without waiting for the disk: written within milliseconds, synced with
    /// the next commit. A power cut before that repeats the delivery.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn settle_later(&self, settlement: Settlement) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }

    /// A message and the state of its deliveries.
    pub fn message(&self, id: MessageId) -> Option<Arc<Stored>> {
        None
    }

    /// The body of a message.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_body(&self, id: MessageId) -> Result<BodyReader, ReadError> {
        Err(ReadError::NoMessage(id))
    }

    /// Messages that have no plan, oldest first.
    pub fn unplanned(&self) -> Vec<MessageId> {
        Vec::new()
    }

    /// Waits for a next hop with a due delivery. A next hop is announced once when deliveries
    /// become due; deliveries that become due after it was returned announce it again, so a caller
    /// may start further connections to it. Dropping the future loses nothing.
    pub async fn due(&self) -> NextHop {
        std::future::pending().await
    }

    /// Has a next hop announced again if it has due deliveries: for a caller that let an
    /// announcement pass because it had connections enough.
    pub fn announce(&self, next_hop: &NextHop) {}

    /// Due deliveries of a next hop.
    pub fn ready(&self, next_hop: &NextHop) -> usize {
        0
    }

    /// Takes the oldest due delivery of a next hop.
    pub fn take(&self, next_hop: &NextHop) -> Option<Lease> {
        None
    }

    /// Lists open deliveries, oldest message first.
    pub fn list(&self, filter: &ListFilter) -> Vec<Summary> {
        Vec::new()
    }

    /// The delivery queues, by name.
    pub fn queues(&self) -> Vec<QueueSummary> {
        Vec::new()
    }

    /// Holds a message or a whole delivery queue: it is not attempted until released. Survives a
    /// restart. Answers the number of open deliveries concerned.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn hold(&self, what: impl Into<Selection>) -> Result<usize, QueueError> {
        Err(QueueError::Closed)
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn release(&self, what: impl Into<Selection>) -> Result<usize, QueueError> {
        Err(QueueError::Closed)
    }

    /// Makes waiting deliveries due now. Answers how many.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn retry_now(&self, what: impl Into<Selection>) -> Result<usize, QueueError> {
        Err(QueueError::Closed)
    }

    /// Takes a message out of the queue without a report to anyone. An attempt under way is not
    /// stopped; its outcome finds the message gone.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn remove(&self, id: MessageId) -> Result<(), QueueError> {
        Err(QueueError::Closed)
    }

    /// Figures.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// Whether it takes mail, and each change of that.
    pub fn condition(&self) -> tokio::sync::watch::Receiver<Condition> {
        tokio::sync::watch::channel(Condition::Working).1
    }

    /// Sets the free space below which no mail is accepted, octets.
    pub fn set_min_free_bytes(&self, octets: u64) {}

    /// Sets the longest wait of the retry schedule: a wait above it is shortened to it.
    pub fn set_retry_wait_max(&self, wait: Duration) {}

    /// Writes and syncs what is left, and stops. Whatever is asked afterwards is answered `Closed`.
    pub async fn shutdown(&self) {}
}
