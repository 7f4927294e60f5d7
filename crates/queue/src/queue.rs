//! The handle of the queue: accepting, planning and settling.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use mailward_host::{clock::Clock, disk::Disk};
use mailward_model::{
    Envelope, MessageId, Origin,
    plan::{DeliveryNo, Plan, Settlement},
};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::{
    AcceptError, Body, BodyReader, BodyWriter, Condition, OpenError, QueueConfig, QueueError,
    ReadError, RecoveryReport, Stats, Stored,
    batch::{Effect, Item, Meta, Payload, Waiter},
    body::{BodyPlace, is_full},
    commit::Committer,
    config::{INLINE_OCTETS_MAX, META_OCTETS_MAX, RETRY_WAIT_MAX},
    entry::UPDATES_MAX,
    frame::Kind,
    index::{Now, Outcome},
    kept::Kept,
    record::{self, BodyRecord, SettledParts},
    recover::{Recovered, recover},
    segment::Dirs,
    shared::{Shared, State, millis},
};

/// Outcomes settled under one lock: others should not wait for more.
pub(crate) const SETTLED_AT_ONCE: usize = 8;

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
    /// What follows from it; `None` to be planned later ([`Queue::plan`]). A plan without
    /// deliveries says that nothing follows: the message is answered for and not kept.
    pub plan: Option<Plan>,
}

/// The durable queue. A handle: clones are the same queue; with the last one it is shut down.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(crate) shared: Arc<Shared>,
    _committer: Arc<CommitterThread>,
}

/// The committer's thread, ended with the last handle.
#[derive(Debug)]
struct CommitterThread {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for CommitterThread {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        self.shared.work.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A committer that panicked has told whoever waited, by dropping their channels.
            let _ = thread.join();
        }
    }
}

/// What waits for a change to be durable.
type ChangeReceiver = oneshot::Receiver<Result<(), QueueError>>;

impl Queue {
    /// Opens the queue in `config.dir`, reading back what it holds, and starts its committer.
    ///
    /// # Errors
    /// [`OpenError`]: in use, not readable, or configured with values that make no sense. Damage
    /// inside is no error: it is set aside and reported.
    pub fn open(
        config: QueueConfig,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Queue, RecoveryReport), OpenError> {
        let dir = config.dir.clone();
        let (queue, committer, report) = Queue::open_without_thread(config, disk, clock)?;
        let thread = std::thread::Builder::new()
            .name("queue-commit".to_owned())
            .spawn(move || committer.run());
        let thread = thread.map_err(|source| OpenError::Io {
            action: "start the committer thread of",
            path: dir,
            source,
        })?;
        *queue._committer.thread.lock() = Some(thread);
        Ok((queue, report))
    }

    /// Opens a queue whose committer is driven by the caller, round by round.
    pub(crate) fn open_without_thread(
        config: QueueConfig,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Queue, Committer, RecoveryReport), OpenError> {
        check(&config)?;
        let dirs = Dirs::new(&config.dir);
        let io = |action, path: &std::path::Path| {
            let path = path.to_owned();
            move |source| OpenError::Io {
                action,
                path,
                source,
            }
        };
        for dir in [&dirs.top, &dirs.log, &dirs.body, &dirs.corrupt] {
            disk.create_dir(dir).map_err(io("create", dir))?;
        }
        let lock = disk
            .lock(&dirs.lock_file())
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::WouldBlock => OpenError::InUse {
                    dir: config.dir.clone(),
                },
                _ => io("lock", &dirs.lock_file())(source),
            })?;
        disk.sync_dir(&dirs.top).map_err(io("sync", &dirs.top))?;
        let now = Now {
            monotonic_ms: millis(clock.monotonic()),
            unix_ms: clock.unix_ms(),
            wait_max_ms: millis(RETRY_WAIT_MAX),
        };
        let Recovered {
            index,
            segments,
            next_number,
            report,
            lost,
        } = recover(&*disk, &dirs, &now)?;
        let shared = Arc::new(Shared::new(&config, disk, clock, index));
        {
            let mut state = shared.state();
            for gone in lost {
                push_gone(&mut state, gone);
            }
        }
        let committer = Committer::new(shared.clone(), segments, next_number, lock);
        let queue = Queue {
            _committer: Arc::new(CommitterThread {
                shared: shared.clone(),
                thread: Mutex::new(None),
            }),
            shared,
        };
        Ok((queue, committer, report))
    }

    /// A new id, greater than every one given before.
    pub fn new_id(&self) -> MessageId {
        self.shared.new_id()
    }

    /// Begins a body for the message `id`.
    pub fn spool(&self, id: MessageId) -> BodyWriter {
        BodyWriter::new(&self.shared, id)
    }

    /// Takes responsibility for a message: resolves when it is on the disk. Dropping the future
    /// does not take the message back.
    ///
    /// # Errors
    /// [`AcceptError`]: nothing of it is kept; answer 452, 451, 552 or 421.
    pub async fn accept(&self, message: NewMessage) -> Result<(), AcceptError> {
        let NewMessage {
            id,
            envelope,
            origin,
            mut body,
            mut plan,
        } = message;
        if let Some(free) = self.shared.too_little_free() {
            return Err(AcceptError::Full { free });
        }
        if plan.as_ref().is_some_and(|plan| plan.deliveries.is_empty()) {
            return Ok(());
        }
        let place = match &body.place {
            BodyPlace::Memory(_) => BodyRecord::Inline,
            BodyPlace::File(file) => BodyRecord::File {
                len: file.len(),
                crc: body.crc,
            },
        };
        if place != BodyRecord::Inline {
            body = self.sync_body(body).await?;
        }
        let (meta, base) = record::encode_accepted(id, &envelope, &origin, plan.as_mut(), place);
        if meta.len() > META_OCTETS_MAX as usize {
            return Err(AcceptError::TooLarge { octets: meta.len() });
        }
        let kept = Kept::of(id, envelope, origin, plan, &body, meta.len());
        let (sender, receiver) = oneshot::channel();
        let mut item = Item::new(
            Kind::Accepted,
            Meta::Own(meta),
            Effect::Accept(Box::new((base, body, kept))),
        );
        item.payload = Payload::Accepted;
        item.waiter = Waiter::Accept(sender);
        {
            let mut state = self.shared.state();
            if state.closing {
                return Err(AcceptError::Closed);
            }
            if let Some(error) = &state.failing {
                return Err(self.refusal(error.clone()));
            }
            state.pending.add(item);
            self.shared.wake_committer(&mut state, true);
        }
        receiver.await.unwrap_or(Err(AcceptError::Closed))
    }

    /// Makes a body's file durable without keeping a thread of the runtime from its work.
    async fn sync_body(&self, body: Body) -> Result<Body, AcceptError> {
        let sync = move || {
            let result = match &body.place {
                BodyPlace::File(file) => file.sync(),
                BodyPlace::Memory(_) => Ok(()),
            };
            result.map(|()| body)
        };
        let result = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => match runtime.spawn_blocking(sync).await {
                Ok(result) => result,
                // The runtime ends.
                Err(_) => return Err(AcceptError::Closed),
            },
            Err(_) => sync(),
        };
        result.map_err(|error| self.refusal(Arc::new(error)))
    }

    fn refusal(&self, error: Arc<std::io::Error>) -> AcceptError {
        match is_full(&error) {
            true => AcceptError::Full {
                free: self.shared.free(),
            },
            false => AcceptError::Failing(error),
        }
    }

    /// Plans a message accepted without a plan, or plans it anew: every delivery that is not
    /// settled, reports among them, is replaced by those of the new plan, which get new numbers.
    /// Resolves when it is on the disk.
    ///
    /// # Errors
    /// [`QueueError`]; [`QueueError::InFlight`] while one of its deliveries is being attempted.
    pub async fn plan(&self, id: MessageId, mut plan: Plan) -> Result<(), QueueError> {
        let receiver = {
            let now = self.shared.now();
            let mut state = self.open_state()?;
            state.index.may_plan(id)?;
            let next = state.index.next_no(id).ok_or(QueueError::NoMessage(id))?;
            record::number(&mut plan.deliveries, next);
            let deliveries: Vec<_> = plan
                .deliveries
                .into_iter()
                .map(record::encode_delivery)
                .collect();
            let mut octets = Vec::new();
            let notes = record::encode_planned(id, &plan.notes, &deliveries, &mut octets);
            state.index.plan(&now, id, notes, deliveries);
            let result = match state.index.remove_if_finished(id) {
                Some(gone) => self.shared.push_change(&mut state, true, |batch| {
                    batch.push(Kind::Gone, Effect::Gone(gone), |out| {
                        record::encode_gone([id], out);
                    })
                }),
                None => self.shared.push_change(&mut state, true, |batch| {
                    let meta = Meta::Own(Bytes::from(octets));
                    batch.add(Item::new(Kind::Planned, meta, Effect::Update(id)))
                }),
            };
            self.shared.release_state(state);
            result?
        };
        wait_for(receiver).await
    }

    /// Records what became of an attempt. The state in memory changes at once; it resolves when
    /// that is on the disk. Follow-ups get their numbers here, in their order.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn settle(&self, settlement: Settlement) -> Result<(), QueueError> {
        let receiver = self.settle_now(settlement, true, false)?;
        wait_for(receiver).await
    }

    /// As [`Queue::settle`], by whoever has no lease of the delivery: refused while it is being
    /// attempted, so that nothing that a next hop may have taken is sent another way.
    ///
    /// # Errors
    /// [`QueueError`]; [`QueueError::InFlight`] where it is being attempted.
    pub async fn settle_idle(&self, settlement: Settlement) -> Result<(), QueueError> {
        let receiver = self.settle_now(settlement, true, true)?;
        wait_for(receiver).await
    }

    /// As [`Queue::settle`], without waiting for the disk: written within milliseconds, synced with
    /// the next commit. A power cut before that repeats the delivery.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn settle_later(&self, settlement: Settlement) -> Result<(), QueueError> {
        self.settle_now(settlement, false, false).map(|_| ())
    }

    /// As [`Queue::settle_later`] for each of many, with few locks. Answers what could not be settled, and
    /// why.
    pub fn settle_all_later(
        &self,
        settlements: Vec<Settlement>,
    ) -> Vec<(MessageId, DeliveryNo, QueueError)> {
        let mut refused = Vec::new();
        let mut settlements = settlements.into_iter().peekable();
        while settlements.peek().is_some() {
            let now = self.shared.now();
            let mut state = self.shared.state();
            for settlement in settlements.by_ref().take(SETTLED_AT_ONCE) {
                let (id, no) = (settlement.message, settlement.delivery);
                let settled = match state.closing {
                    true => Err(QueueError::Closed),
                    false => self.settle_in(&mut state, &now, settlement, false),
                };
                refused.extend(settled.err().map(|error| (id, no, error)));
            }
            self.shared.release_state(state);
        }
        refused
    }

    fn settle_now(
        &self,
        settlement: Settlement,
        wait: bool,
        only_idle: bool,
    ) -> Result<Option<ChangeReceiver>, QueueError> {
        let now = self.shared.now();
        let mut state = self.open_state()?;
        if only_idle
            && state
                .index
                .is_in_flight(settlement.message, settlement.delivery)
        {
            return Err(QueueError::InFlight(settlement.message));
        }
        let result = self.settle_in(&mut state, &now, settlement, wait);
        self.shared.release_state(state);
        result
    }

    fn settle_in(
        &self,
        state: &mut State,
        now: &Now,
        mut settlement: Settlement,
        wait: bool,
    ) -> Result<Option<ChangeReceiver>, QueueError> {
        let id = settlement.message;
        let mut follow_ups = Vec::new();
        let mut codes = Vec::new();
        if !settlement.follow_ups.is_empty() {
            let next = state.index.next_no(id).ok_or(QueueError::NoMessage(id))?;
            let mut new = std::mem::take(&mut settlement.follow_ups);
            for (delivery, no) in new.iter_mut().zip(next..) {
                delivery.no = no;
            }
            follow_ups.extend(new.into_iter().map(record::encode_delivery));
            codes.extend(follow_ups.iter().map(|new| new.code.clone()));
        }
        let outcome = Outcome {
            id,
            delivery: settlement.delivery,
            outcomes: &settlement.outcomes,
            retry_unix_ms: settlement.retry_unix_ms,
            remote: settlement.remote.as_deref(),
            follow_ups,
        };
        let counts = state.index.settle(now, outcome, None)?;
        if let Some(gone) = state.index.remove_if_finished(id) {
            return self.shared.push_change(state, wait, |batch| {
                batch.push(Kind::Gone, Effect::Gone(gone), |out| {
                    record::encode_gone([id], out);
                })
            });
        }
        if let Some(whole) = whole_state(state, id) {
            return self.shared.push_change(state, wait, |batch| {
                batch.add(Item::new(Kind::State, Meta::Own(whole), Effect::State(id)))
            });
        }
        self.shared.push_change(state, wait, |batch| {
            batch.push(Kind::Settled, Effect::Update(id), |out| {
                let parts = SettledParts {
                    id,
                    delivery: settlement.delivery,
                    outcomes: &settlement.outcomes,
                    retry_unix_ms: settlement.retry_unix_ms,
                    remote: settlement.remote.as_deref(),
                    attempts: counts.attempts,
                    first_attempt_unix_ms: counts.first_attempt_unix_ms,
                    follow_ups: &codes,
                };
                record::encode_settled(&parts, out);
            })
        })
    }

    /// The state, for a change.
    pub(crate) fn open_state(&self) -> Result<parking_lot::MutexGuard<'_, State>, QueueError> {
        let state = self.shared.state();
        match state.closing {
            true => Err(QueueError::Closed),
            false => Ok(state),
        }
    }

    /// A message and the state of its deliveries.
    pub fn message(&self, id: MessageId) -> Option<Arc<Stored>> {
        self.stored(id).map(Arc::new)
    }

    /// The body of a message.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_body(&self, id: MessageId) -> Result<BodyReader, ReadError> {
        let (body, kept) = {
            let state = self.shared.state();
            let entry = state.index.messages.get(&id);
            let entry = entry.ok_or(ReadError::NoMessage(id))?;
            let kept = entry.kept.as_ref().map(|kept| kept.body.clone());
            (entry.body.clone(), kept)
        };
        BodyReader::open(&self.shared, id, &body, kept)
    }

    /// Messages that have no plan, oldest first.
    pub fn unplanned(&self) -> Vec<MessageId> {
        self.shared
            .state()
            .index
            .unplanned
            .iter()
            .copied()
            .collect()
    }

    /// How long the committer has been busy with one write, sync and clean-up; `None` while it waits
    /// for work. Asks nothing of the disk and takes no lock, so that it answers even where the disk
    /// never returns. A committer that has ended by a panic looks like one that hangs.
    pub fn commit_age(&self) -> Option<Duration> {
        self.shared.round_age()
    }

    /// Health probes that wait to be delivered. Counted, not searched for.
    pub fn probes(&self) -> usize {
        self.shared.state().index.probes
    }

    /// Figures.
    pub fn stats(&self) -> Stats {
        self.gather_stats()
    }

    /// Whether it takes mail, and each change of that.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.shared.condition.subscribe()
    }

    /// Looks at the free space of the disk, and has [`Queue::condition`] say what was found. For
    /// whoever waits for room: a queue that takes nothing looks at nothing by itself.
    pub fn look_for_room(&self) {
        self.shared.look_at_free();
    }

    /// Sets the free space below which no mail is accepted, octets.
    pub fn set_min_free_bytes(&self, octets: u64) {
        self.shared.min_free.store(octets, Relaxed);
    }

    /// Sets the longest wait of the retry schedule: a wait above it is shortened to it.
    pub fn set_retry_wait_max(&self, wait: Duration) {
        self.shared.wait_max_ms.store(millis(wait).max(1), Relaxed);
    }

    /// Writes and syncs what is left, and stops. Whatever is asked afterwards is answered `Closed`.
    pub async fn shutdown(&self) {
        let receiver = {
            let mut state = self.shared.state();
            if state.closed {
                return;
            }
            state.closing = true;
            let (sender, receiver) = oneshot::channel();
            state.close_waiters.push(sender);
            self.shared.work.notify_all();
            receiver
        };
        // An error says that the committer is gone, and so the queue is closed.
        let _ = receiver.await;
    }
}

/// The whole state of a message whose changes are spread over too many segments.
fn whole_state(state: &State, id: MessageId) -> Option<Bytes> {
    let entry = state.index.messages.get(&id)?;
    (entry.updates.len() >= UPDATES_MAX).then(|| {
        let mut octets = Vec::with_capacity(entry.head.len() + 256);
        entry.encode_state(id, &mut octets);
        Bytes::from(octets)
    })
}

/// Puts the record of a message's end into the batch.
pub(crate) fn push_gone(state: &mut State, gone: crate::index::Gone) {
    let id = gone.id;
    state.pending.push(Kind::Gone, Effect::Gone(gone), |out| {
        record::encode_gone([id], out);
    });
}

pub(crate) async fn wait_for(receiver: Option<ChangeReceiver>) -> Result<(), QueueError> {
    match receiver {
        Some(receiver) => receiver.await.unwrap_or(Err(QueueError::Closed)),
        None => Ok(()),
    }
}

fn check(config: &QueueConfig) -> Result<(), OpenError> {
    let wrong = |field, found, expected| OpenError::Config {
        field,
        found,
        expected,
    };
    if !(4096..=1 << 30).contains(&config.segment_bytes) {
        let expected = "4,096 to 1,073,741,824 octets";
        return Err(wrong("segment_bytes", config.segment_bytes, expected));
    }
    if config.inline_body_max > INLINE_OCTETS_MAX {
        let found = config.inline_body_max as u64;
        return Err(wrong("inline_body_max", found, "at most 16,777,216 octets"));
    }
    Ok(())
}
