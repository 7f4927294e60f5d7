//! What the handles of a queue and its committer share.
//!
//! One lock guards the state; it is never held across I/O. The committer applies a whole group of
//! records under it, callers change one thing.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use mailward_host::{clock::Clock, disk::Disk, entropy::Supply};
use mailward_model::MessageId;
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot, watch};

use crate::{
    QueueConfig, QueueError,
    batch::{Batch, Item, Waiter},
    config::{FREE_CHECK, RETRY_WAIT_MAX},
    index::{Index, Now},
    kept,
    segment::Dirs,
    view::Condition,
};

/// What the committer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Parked {
    /// Nothing: it works.
    #[default]
    No,
    /// Any record.
    Work,
    /// A record that someone waits for; it has others to write soon.
    Urgent,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) index: Index,
    pub(crate) kept: kept::Order,
    pub(crate) pending: Batch,
    /// Someone waits for a record in `pending`.
    pub(crate) urgent: bool,
    pub(crate) parked: Parked,
    /// The disk's last error, while it fails.
    pub(crate) failing: Option<Arc<io::Error>>,
    pub(crate) closing: bool,
    pub(crate) closed: bool,
    pub(crate) close_waiters: Vec<oneshot::Sender<()>>,
}

/// Counters that only grow, and gauges the committer sets.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) accepted: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) written_bytes: AtomicU64,
    pub(crate) syncs: AtomicU64,
    pub(crate) disk_errors: AtomicU64,
    pub(crate) moved: AtomicU64,
    pub(crate) sync_last_us: AtomicU64,
    pub(crate) sync_max_us: AtomicU64,
    pub(crate) sync_sum_us: AtomicU64,
    pub(crate) segments: AtomicU64,
    pub(crate) segment_bytes: AtomicU64,
    pub(crate) live_bytes: AtomicU64,
}

/// What a new id is made from.
#[derive(Debug)]
struct Ids {
    last: MessageId,
    supply: Supply,
}

/// Buffers kept for the next bodies: as many as sessions are likely to end at one time.
const BUFFERS_MAX: usize = 32;
/// A buffer that grew above this is given back to the allocator.
const BUFFER_OCTETS_MAX: usize = 64 << 10;

/// The queue behind its handles.
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dirs: Dirs,
    pub(crate) inline_body_max: usize,
    pub(crate) segment_bytes: u64,
    state: Mutex<State>,
    pub(crate) work: Condvar,
    pub(crate) due: Notify,
    pub(crate) condition: watch::Sender<Condition>,
    pub(crate) figures: Figures,
    /// When the committer began what it is doing, monotonic milliseconds plus one; 0 while it waits
    /// for work.
    round_since_ms: AtomicU64,
    free: AtomicU64,
    /// When free space was last looked at, monotonic milliseconds plus one; 0 is never.
    free_seen_ms: AtomicU64,
    pub(crate) min_free: AtomicU64,
    pub(crate) wait_max_ms: AtomicU64,
    buffers: Mutex<Vec<Vec<u8>>>,
    ids: Mutex<Ids>,
    next_lease: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("dirs", &self.dirs)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        config: &QueueConfig,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
        index: Index,
    ) -> Shared {
        let last_id = index.messages.keys().next_back().copied();
        Shared {
            disk,
            clock,
            dirs: Dirs::new(&config.dir),
            inline_body_max: config.inline_body_max,
            segment_bytes: config.segment_bytes,
            state: Mutex::new(State {
                index,
                ..State::default()
            }),
            work: Condvar::new(),
            due: Notify::new(),
            condition: watch::Sender::new(Condition::Working),
            figures: Figures::default(),
            round_since_ms: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            free_seen_ms: AtomicU64::new(0),
            min_free: AtomicU64::new(config.min_free_bytes),
            wait_max_ms: AtomicU64::new(millis(RETRY_WAIT_MAX)),
            buffers: Mutex::new(Vec::new()),
            ids: Mutex::new(Ids {
                last: last_id.unwrap_or(MessageId::from_bits(0)),
                supply: Supply::default(),
            }),
            next_lease: AtomicU64::new(0),
        }
    }

    /// Locks the state.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The time now, for a transition.
    pub(crate) fn now(&self) -> Now {
        Now {
            monotonic_ms: self.monotonic_ms(),
            unix_ms: self.clock.unix_ms(),
            wait_max_ms: self.wait_max_ms.load(Relaxed),
        }
    }

    pub(crate) fn monotonic_ms(&self) -> u64 {
        millis(self.clock.monotonic())
    }

    /// Notes that the committer begins a round, or has ended it.
    pub(crate) fn mark_round(&self, begins: bool) {
        let since = if begins { self.monotonic_ms() + 1 } else { 0 };
        self.round_since_ms.store(since, Relaxed);
    }

    /// How long the committer has been busy with one round.
    pub(crate) fn round_age(&self) -> Option<Duration> {
        let since = self.round_since_ms.load(Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(
            self.monotonic_ms().saturating_sub(since),
        ))
    }

    pub(crate) fn new_lease(&self) -> u64 {
        self.next_lease.fetch_add(1, Relaxed)
    }

    /// A new id, greater than all before it even if the wall clock went back.
    pub(crate) fn new_id(&self) -> MessageId {
        let mut ids = self.ids.lock();
        let unix_ms = self.clock.unix_ms();
        let id = if unix_ms > ids.last.unix_ms() {
            // Without entropy the id is still the only one of its millisecond on this machine.
            let entropy = ids.supply.take().unwrap_or_default();
            MessageId::new(unix_ms, entropy)
        } else {
            MessageId::from_bits(ids.last.to_bits().wrapping_add(1))
        };
        ids.last = id;
        id
    }

    /// Wakes the committer, after records were put into the batch.
    pub(crate) fn wake_committer(&self, state: &mut State, urgent: bool) {
        state.urgent |= urgent;
        if state.parked == Parked::Work || (urgent && state.parked == Parked::Urgent) {
            state.parked = Parked::No;
            self.work.notify_one();
        }
    }

    /// Has callers of `due` look again, if something became due; consumes the lock.
    pub(crate) fn release_state(&self, mut state: MutexGuard<'_, State>) {
        let wake = state.index.schedule.take_wake();
        drop(state);
        if wake {
            self.due.notify_one();
        }
    }

    /// Puts the record of a change that has already happened in memory into the batch. With
    /// `wait`, answers how to wait for it.
    pub(crate) fn push_change(
        &self,
        state: &mut State,
        wait: bool,
        push: impl FnOnce(&mut Batch) -> &mut Item,
    ) -> Result<Option<oneshot::Receiver<Result<(), QueueError>>>, QueueError> {
        let failing = state.failing.clone();
        let item = push(&mut state.pending);
        if let Some(error) = failing {
            return Err(QueueError::Failing(error));
        }
        let mut receiver = None;
        if wait {
            let (sender, receive) = oneshot::channel();
            item.waiter = Waiter::Change(sender);
            receiver = Some(receive);
        }
        self.wake_committer(state, wait);
        Ok(receiver)
    }

    /// Octets free on the disk where that is too little to take mail.
    pub(crate) fn too_little_free(&self) -> Option<u64> {
        let now_ms = self.monotonic_ms();
        let seen_ms = self.free_seen_ms.load(Relaxed);
        let free = if seen_ms == 0 || now_ms + 1 >= seen_ms + millis(FREE_CHECK) {
            self.look_at_free()
        } else {
            self.free.load(Relaxed)
        };
        (free < self.min_free.load(Relaxed)).then_some(free)
    }

    /// Asks the file system how much is free.
    pub(crate) fn look_at_free(&self) -> u64 {
        self.free_seen_ms.store(self.monotonic_ms() + 1, Relaxed);
        // A file system that does not answer is no reason to refuse mail: a write will tell.
        let free = self.disk.free_bytes(&self.dirs.top).unwrap_or(u64::MAX);
        self.free.store(free, Relaxed);
        let full = free < self.min_free.load(Relaxed);
        self.condition.send_if_modified(|condition| {
            let next = match condition {
                Condition::Working if full => Condition::Full { free },
                Condition::Full { .. } if !full => Condition::Working,
                _ => return false,
            };
            *condition = next;
            true
        });
        free
    }

    /// Free octets when last looked.
    pub(crate) fn free(&self) -> u64 {
        match self.free.load(Relaxed) {
            u64::MAX => self.look_at_free(),
            free => free,
        }
    }

    /// An empty buffer for a body.
    pub(crate) fn take_buffer(&self) -> Vec<u8> {
        self.buffers.lock().pop().unwrap_or_default()
    }

    /// Takes a buffer back.
    pub(crate) fn give_buffer(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() == 0 || buffer.capacity() > BUFFER_OCTETS_MAX {
            return;
        }
        buffer.clear();
        let mut buffers = self.buffers.lock();
        if buffers.len() < BUFFERS_MAX {
            buffers.push(buffer);
        }
    }

    /// Gives the kept buffers back to the allocator: after a time without mail.
    pub(crate) fn drop_buffers(&self) {
        let buffers = std::mem::take(&mut *self.buffers.lock());
        drop(buffers);
    }
}

/// Whole milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
