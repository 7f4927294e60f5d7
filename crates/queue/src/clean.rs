//! Compaction: segments are removed once nothing in them is needed, and what little is needed of a
//! sealed one is copied forward, so that one message in retry keeps no segment alive.
//!
//! A segment is removed only after everything a recovery would need of it stands durable in a later
//! one: messages with their base record here (Moved), the state of others (State), and the ids of
//! finished messages whose base record still exists elsewhere (Gone). One segment at a time, and
//! while one that a message was moved out of exists, no other is removed. Why that suffices is
//! argued in `docs/format/queue.md`.

use std::{
    collections::VecDeque,
    io,
    sync::atomic::Ordering::Relaxed,
    time::{Duration, Instant},
};

use mailward_model::MessageId;

use crate::{
    batch::{Batch, Effect, Item, Payload},
    commit::Committer,
    entry::{Entry, StoredBody},
    frame::Kind,
    record::encode_gone,
    segment::segment_name,
    shared::State,
    view::Condition,
};

/// Octets and records copied forward in one round, so that sessions waiting for the same sync wait
/// little longer.
const COPY_OCTETS: u64 = 512 << 10;
const COPY_RECORDS: usize = 512;

/// A sealed segment is left in peace for so long: much of it is about to be delivered.
const SETTLE_MS: u64 = 30_000;

/// How often to look for something to clean while segments wait for it.
const TICK: Duration = Duration::from_secs(1);

/// How long to wait after a segment could not be read or removed.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// An active segment with nothing in it that is needed is ended above this size, after a while
/// without mail: so an idle queue occupies little, and is opened fast.
const IDLE_OCTETS: u64 = 1 << 20;

/// Emptying one segment.
#[derive(Debug)]
pub(crate) struct Cleaning {
    number: u64,
    based: VecDeque<MessageId>,
    updated: VecDeque<MessageId>,
    gone: VecDeque<(MessageId, u64)>,
    copied: usize,
}

impl Cleaning {
    fn is_read_out(&self) -> bool {
        self.based.is_empty() && self.updated.is_empty() && self.gone.is_empty()
    }
}

impl Committer {
    /// Does a bounded part of what is to be tidied. Called after each round.
    pub(crate) fn maintain(&mut self) {
        let now = Instant::now();
        if self.cleaning.is_none() {
            if self.next_maintenance.is_some_and(|next| next > now) {
                return;
            }
            self.tick(now);
            self.cleaning = self.choose().map(|number| self.begin_cleaning(number));
        }
        if let Some(mut cleaning) = self.cleaning.take() {
            if !cleaning.is_read_out() {
                self.copy_forward(&mut cleaning);
                self.cleaning = Some(cleaning);
            } else if self.has_unsynced() {
                // Copies lie in the operating system: the next round syncs them.
                self.shared.state().urgent = true;
                self.cleaning = Some(cleaning);
            } else if self.is_needed(cleaning.number) {
                // Messages finished while they were copied; their Gone records are on the way.
                if cleaning.copied == 0 {
                    self.next_maintenance = Some(now + TICK);
                } else {
                    self.cleaning = Some(self.begin_cleaning(cleaning.number));
                    self.shared.state().urgent = true;
                }
            } else if self.remove_segment(cleaning.number).is_err() {
                self.shared.figures.disk_errors.fetch_add(1, Relaxed);
                if let Some(segment) = self.segments.get_mut(&cleaning.number) {
                    segment.must_clean = true;
                }
                self.next_maintenance = Some(now + AFTER_ERROR);
            } else {
                // There may be more.
                self.next_maintenance = Some(now);
            }
        }
    }

    /// What is looked after once a second, and whether to look again.
    fn tick(&mut self, now: Instant) {
        let condition = self.shared.condition.borrow().clone();
        if condition != Condition::Working {
            self.shared.look_at_free();
        }
        if !self.has_reserve {
            self.make_reserve();
        }
        let active = self.active.and_then(|number| self.segments.get(&number));
        let disposable =
            active.is_some_and(|active| active.end > IDLE_OCTETS && active.cost() == 0);
        let idle = self.idle_for() >= TICK;
        if disposable
            && idle
            && !self.has_unsynced()
            && self.shared.state().index.messages.is_empty()
        {
            self.seal();
            self.shared.drop_buffers();
        }
        let again = condition != Condition::Working || !self.has_reserve || self.is_worth_looking();
        self.next_maintenance = again.then_some(now + TICK);
    }

    /// Lets the clock of maintenance run while there may be something to tidy.
    pub(crate) fn expect_maintenance(&mut self) {
        if self.next_maintenance.is_none() && self.is_worth_looking() {
            self.next_maintenance = Some(Instant::now() + TICK);
        }
    }

    fn is_worth_looking(&self) -> bool {
        let mut segments = self.segments.iter();
        segments.any(|(number, segment)| Some(*number) != self.active || segment.end > IDLE_OCTETS)
    }

    /// The next segment to be rid of.
    fn choose(&mut self) -> Option<u64> {
        let existing: Vec<u64> = self.segments.keys().copied().collect();
        let now_ms = self.shared.monotonic_ms();
        let pressed = self.shared.too_little_free().is_some();
        let mut best: Option<(u64, u64)> = None;
        for (number, segment) in &mut self.segments {
            if Some(*number) == self.active {
                continue;
            }
            if segment.must_clean {
                return Some(*number);
            }
            // An id need not be carried on when its base record is no more.
            let gone = &mut segment.gone;
            gone.retain(|(_, base)| existing.binary_search(base).is_ok());
            let (cost, size) = (segment.cost(), segment.end.max(1));
            let settled = pressed || now_ms >= segment.sealed_ms + SETTLE_MS;
            let dead = segment.live_bytes == 0 && cost * 4 <= size;
            if !(dead || settled && cost * 2 <= size) {
                continue;
            }
            let share = cost * 1000 / size;
            if best.is_none_or(|(least, _)| share < least) {
                best = Some((share, *number));
            }
        }
        best.map(|(_, number)| number)
    }

    fn begin_cleaning(&mut self, number: u64) -> Cleaning {
        let segment = self.segments.get(&number);
        Cleaning {
            number,
            based: segment
                .iter()
                .flat_map(|s| s.based.iter().copied())
                .collect(),
            updated: segment
                .iter()
                .flat_map(|s| s.updated.iter().copied())
                .collect(),
            gone: segment
                .iter()
                .flat_map(|s| s.gone.iter().copied())
                .filter(|(_, base)| *base != number && self.segments.contains_key(base))
                .collect(),
            copied: 0,
        }
    }

    /// Copies a part of what is needed into the batch that is written next.
    fn copy_forward(&mut self, cleaning: &mut Cleaning) {
        let mut state = self.shared.state();
        let State { index, pending, .. } = &mut *state;
        let (mut octets, mut records) = (0, 0);
        while octets < COPY_OCTETS && records < COPY_RECORDS {
            if let Some(id) = cleaning.based.pop_front() {
                if let Some(entry) = index.messages.get(&id)
                    && entry.base == cleaning.number
                {
                    octets += push_moved(pending, id, entry);
                    records += 1;
                    if let Some(segment) = self.segments.get_mut(&cleaning.number) {
                        segment.must_clean = true;
                    }
                }
            } else if let Some(id) = cleaning.updated.pop_front() {
                if let Some(entry) = index.messages.get(&id)
                    && entry.updates.contains(&cleaning.number)
                {
                    octets += push_state(pending, id, entry);
                    records += 1;
                }
            } else if !cleaning.gone.is_empty() {
                let count = cleaning.gone.len().min(COPY_RECORDS);
                let part: Vec<_> = cleaning.gone.drain(..count).collect();
                let ids: Vec<_> = part.iter().map(|(id, _)| *id).collect();
                pending.push(Kind::Gone, Effect::CarryGone(part), |out| {
                    encode_gone(ids, out);
                });
                records += count;
            } else {
                break;
            }
        }
        cleaning.copied += records;
        // Even with nothing to copy another round is due, in which the segment is removed.
        state.urgent = true;
    }

    /// Whether a recovery would still need a segment. Copies that are not durable do not count.
    fn is_needed(&self, number: u64) -> bool {
        let Some(segment) = self.segments.get(&number) else {
            return false;
        };
        segment.live_bytes > 0 || !segment.updated.is_empty()
    }

    fn remove_segment(&mut self, number: u64) -> io::Result<()> {
        // The newest segment tells where the others end and which next hops are held, so it goes
        // only when there is a newer one.
        if self.segments.keys().next_back() == Some(&number) {
            self.begin_segment()?;
        }
        self.unlink_segment(number)
    }

    fn unlink_segment(&mut self, number: u64) -> io::Result<()> {
        let (disk, dirs) = (&self.shared.disk, &self.shared.dirs);
        let path = dirs.segment_file(number);
        let removed = match self.segments.get(&number) {
            Some(segment) if segment.set_aside => {
                let result = disk.rename(&path, &dirs.corrupt.join(segment_name(number)));
                result.and_then(|()| disk.sync_dir(&dirs.corrupt))
            }
            _ => disk.remove(&path),
        };
        match removed {
            // It was removed before, and only the folder's sync failed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
        // A removal that a power cut undoes would bring finished messages back once the segments
        // that tell of their end are removed too: so it is durable before anything else goes.
        disk.sync_dir(&dirs.log)?;
        self.segments.remove(&number);
        Ok(())
    }

    /// A segment that is being emptied cannot be read: it stays, and is tried again later.
    pub(crate) fn put_off_cleaning(&mut self) {
        self.cleaning = None;
        self.next_maintenance = Some(Instant::now() + AFTER_ERROR);
    }

    /// At the end: a queue without messages needs no segment. Oldest first, so that a message is
    /// never there without the record of its end.
    pub(crate) fn remove_all_if_empty(&mut self) {
        let state = self.shared.state();
        let empty = state.index.messages.is_empty() && state.index.schedule.held().is_empty();
        drop(state);
        if !empty || self.has_unsynced() {
            return;
        }
        let numbers: Vec<u64> = self.segments.keys().copied().collect();
        for number in numbers {
            // What stays is removed another time.
            if self.unlink_segment(number).is_err() {
                return;
            }
        }
    }

    /// Forgets how far the emptying of a segment went: its copies may not have been stored.
    pub(crate) fn stop_cleaning(&mut self) {
        self.cleaning = None;
    }
}

fn push_moved(pending: &mut Batch, id: MessageId, entry: &Entry) -> u64 {
    let payload = match &entry.body {
        StoredBody::Inline {
            segment,
            offset,
            len,
            crc,
        } => Payload::Copy {
            segment: segment.clone(),
            offset: *offset,
            len: *len,
            crc: *crc,
        },
        StoredBody::File { .. } => Payload::Nothing,
    };
    let item: &mut Item = pending.push(Kind::Moved, Effect::Moved(id), |out| {
        entry.encode_state(id, out);
    });
    item.payload = payload;
    entry.base_octets
}

fn push_state(pending: &mut Batch, id: MessageId, entry: &Entry) -> u64 {
    let start = pending.arena.len();
    pending.push(Kind::State, Effect::State(id), |out| {
        entry.encode_state(id, out);
    });
    (pending.arena.len() - start) as u64
}
