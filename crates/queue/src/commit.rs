//! The committer: one thread that writes records in the order of the batch, syncs once for all who
//! wait, and then tells them.
//!
//! After an error of the disk nothing of that segment beyond its last good sync is trusted: what
//! was not answered for is refused, changes that are already true in memory are written anew into
//! a new segment, and the old segment's messages are moved out of it. It goes on trying by itself.
//!
//! Never here: what a record means to a message ([`crate::apply`]) or which segment is to be
//! emptied ([`crate::clean`]).

use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    io::{self, IoSlice},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use mailward_model::MessageId;

use crate::{
    AcceptError, QueueError,
    batch::{Batch, Effect, Item, Payload, Waiter},
    body::{BodyPlace, is_full},
    clean::Cleaning,
    config::{FAILING_RETRY, LAZY_SYNC, LAZY_WRITE, RESERVE_BYTES},
    frame::{FrameHeader, HEADER},
    record::BeganRecord,
    segment::Segment,
    shared::{Parked, Shared, State},
    view::Condition,
};

/// The one who writes.
#[derive(Debug)]
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) segments: BTreeMap<u64, Segment>,
    /// The segment being written.
    pub(crate) active: Option<u64>,
    next_number: u64,
    /// Written to the operating system, waiting for a sync.
    unsynced: Vec<Batch>,
    unsynced_since: Option<Instant>,
    lazy_since: Option<Instant>,
    /// Changes that could not be written; they come first when the disk works again.
    backlog: Vec<Batch>,
    retry_at: Option<Instant>,
    pub(crate) cleaning: Option<Cleaning>,
    /// Messages whose Moved record was written after they were gone in memory; their Gone record
    /// is still to come, and stands for the segment of that Moved record.
    pub(crate) moved_late: HashMap<MessageId, u64>,
    pub(crate) next_maintenance: Option<Instant>,
    pub(crate) has_reserve: bool,
    pub(crate) last_write: Instant,
    headers: Vec<[u8; HEADER]>,
    copies: Vec<Vec<u8>>,
    spare: Vec<Batch>,
    _lock: Box<dyn Any + Send + Sync>,
}

/// What a round is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) sync: bool,
    pub(crate) last: bool,
}

impl Committer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        segments: BTreeMap<u64, Segment>,
        next_number: u64,
        lock: Box<dyn Any + Send + Sync>,
    ) -> Committer {
        let mut committer = Committer {
            shared,
            segments,
            active: None,
            next_number,
            unsynced: Vec::new(),
            unsynced_since: None,
            lazy_since: None,
            backlog: Vec::new(),
            retry_at: None,
            cleaning: None,
            moved_late: HashMap::new(),
            next_maintenance: Some(Instant::now()),
            has_reserve: false,
            last_write: Instant::now(),
            headers: Vec::new(),
            copies: Vec::new(),
            spare: Vec::new(),
            _lock: lock,
        };
        committer.make_reserve();
        committer.show_figures();
        committer
    }

    /// Works until the queue is closed.
    pub(crate) fn run(mut self) {
        loop {
            let wish = self.wait();
            // A panic leaves the mark as it is: a committer that is gone looks like one that hangs.
            self.shared.mark_round(true);
            self.round(wish.sync);
            self.shared.mark_round(false);
            if wish.last {
                break;
            }
        }
        self.close();
    }

    /// Waits until there is something to do.
    fn wait(&mut self) -> Wish {
        let shared = self.shared.clone();
        let mut state = shared.state();
        loop {
            state.parked = Parked::No;
            let now = Instant::now();
            if state.closing {
                return Wish {
                    sync: true,
                    last: true,
                };
            }
            let Err(deadline) = self.wish(&state, now) else {
                let sync = state.urgent
                    || self.retry_at.is_some()
                    || self
                        .unsynced_since
                        .is_some_and(|since| since + LAZY_SYNC <= now);
                return Wish { sync, last: false };
            };
            state.parked = match state.pending.items.is_empty() {
                true => Parked::Work,
                false => Parked::Urgent,
            };
            match deadline {
                Some(deadline) => {
                    shared.work.wait_until(&mut state, deadline);
                }
                None => shared.work.wait(&mut state),
            }
        }
    }

    /// `Ok` where there is something to do now, else until when there is not.
    fn wish(&mut self, state: &State, now: Instant) -> Result<(), Option<Instant>> {
        if let Some(retry_at) = self.retry_at {
            // While the disk fails nobody is kept waiting: only time brings the next attempt.
            return if retry_at <= now {
                Ok(())
            } else {
                Err(Some(retry_at))
            };
        }
        if state.urgent {
            return Ok(());
        }
        if state.pending.items.is_empty() {
            self.lazy_since = None;
        } else {
            self.lazy_since.get_or_insert(now);
        }
        let deadlines = [
            self.lazy_since.map(|since| since + LAZY_WRITE),
            self.unsynced_since.map(|since| since + LAZY_SYNC),
            self.next_maintenance,
        ];
        match deadlines.into_iter().flatten().min() {
            Some(deadline) if deadline <= now => Ok(()),
            deadline => Err(deadline),
        }
    }

    /// Writes what is in the batch, syncs if asked or due, tells who waits, and tidies up.
    pub(crate) fn round(&mut self, sync: bool) {
        let mut batch = self.spare.pop().unwrap_or_default();
        {
            let mut state = self.shared.state();
            std::mem::swap(&mut state.pending, &mut batch);
            state.urgent = false;
        }
        self.lazy_since = None;
        let mut batches = std::mem::take(&mut self.backlog);
        batches.push(batch);
        match self.store(&mut batches, sync) {
            Ok(()) => self.retry_at = None,
            Err(error) => self.fail(error, batches),
        }
        if self.retry_at.is_none() {
            self.expect_maintenance();
            self.maintain();
        }
        self.show_figures();
    }

    /// Writes batches and syncs. Those stored are taken out of `batches`.
    fn store(&mut self, batches: &mut Vec<Batch>, sync: bool) -> io::Result<()> {
        batches.retain_mut(|batch| {
            let empty = batch.items.is_empty();
            if empty && self.spare.len() < 2 {
                self.spare.push(std::mem::take(batch));
            }
            !empty
        });
        // An attempt after a failure writes a new segment even without records, as the test
        // whether the disk works.
        if self.retry_at.is_some() && self.active.is_none() {
            self.begin_segment()?;
        }
        while !batches.is_empty() {
            let number = match self.active {
                Some(number) => number,
                None => self.begin_segment()?,
            };
            if let Some(batch) = batches.first_mut() {
                self.read_copies(batch);
                self.append(number, batch)?;
                self.unsynced.push(batches.remove(0));
                self.unsynced_since.get_or_insert_with(Instant::now);
            }
        }
        let full = self
            .active
            .and_then(|number| self.segments.get(&number))
            .is_some_and(|segment| segment.end >= self.shared.segment_bytes);
        if sync || full {
            self.sync()?;
            self.recover_from_failure();
        }
        if full {
            self.seal();
        }
        Ok(())
    }

    /// Ends the active segment. Everything in it is synced.
    pub(crate) fn seal(&mut self) {
        let now_ms = self.shared.monotonic_ms();
        if let Some(segment) = self
            .active
            .take()
            .and_then(|number| self.segments.get_mut(&number))
        {
            segment.sealed_ms = now_ms;
        }
    }

    /// Makes a new segment and writes to it from now on.
    pub(crate) fn begin_segment(&mut self) -> io::Result<u64> {
        let number = self.next_number;
        // A number is never used twice, whatever became of the file.
        self.next_number += 1;
        let ends = self.segments.iter();
        let began = BeganRecord {
            ends: ends
                .map(|(number, segment)| (*number, segment.synced))
                .collect(),
            held: self.shared.state().index.schedule.held(),
        };
        let segment = Segment::create(&*self.shared.disk, &self.shared.dirs, number, &began)?;
        let syncs = &self.shared.figures.syncs;
        syncs.fetch_add(1, Relaxed);
        self.segments.insert(number, segment);
        self.active = Some(number);
        Ok(number)
    }

    /// Reads the bodies that are copied forward. What cannot be read is left where it is for now.
    fn read_copies(&mut self, batch: &mut Batch) {
        self.copies.clear();
        let mut failed = false;
        batch.items.retain(|item| {
            let Payload::Copy {
                segment,
                offset,
                len,
                ..
            } = &item.payload
            else {
                return true;
            };
            // The octets are copied as they are, with the checksum they had, so that damage stays
            // visible.
            let mut copy = vec![0; *len as usize];
            let read = segment.file.read_at(&mut copy, *offset);
            failed |= read.is_err();
            if read.is_ok() {
                self.copies.push(copy);
            }
            read.is_ok()
        });
        if failed {
            self.shared.figures.disk_errors.fetch_add(1, Relaxed);
            self.put_off_cleaning();
        }
    }

    /// Hands a batch to the operating system with one call.
    fn append(&mut self, number: u64, batch: &mut Batch) -> io::Result<()> {
        let Some(segment) = self.segments.get_mut(&number) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        self.headers.clear();
        let mut end = segment.end;
        for item in &mut batch.items {
            let meta = Batch::meta(&batch.arena, item);
            let (body_len, body_crc) = match (&item.payload, &item.effect) {
                (Payload::Copy { len, crc, .. }, _) => (*len, *crc),
                (Payload::Accepted, Effect::Accept(new)) => match &new.1.place {
                    BodyPlace::Memory(octets) => (octets.len() as u32, new.1.crc),
                    BodyPlace::File(_) => (0, 0),
                },
                _ => (0, 0),
            };
            let header = FrameHeader {
                stamp: segment.stamp,
                // Bounded by the largest segment a configuration may ask for.
                synced: u32::try_from(segment.synced).unwrap_or(u32::MAX),
                kind: item.kind,
                meta_len: meta.len() as u32,
                body_len,
                meta_crc: crc32fast::hash(meta),
                body_crc,
            };
            self.headers.push(header.encode());
            (item.offset, item.octets) = (end, header.record_len());
            end += item.octets;
        }
        let mut slices = Vec::with_capacity(batch.items.len() * 3);
        let mut copies = self.copies.iter();
        for (item, header) in batch.items.iter().zip(&self.headers) {
            slices.push(IoSlice::new(header));
            slices.push(IoSlice::new(Batch::meta(&batch.arena, item)));
            match (&item.payload, &item.effect) {
                (Payload::Copy { .. }, _) => {
                    slices.extend(copies.next().map(|copy| IoSlice::new(copy)));
                }
                (Payload::Accepted, Effect::Accept(new)) => {
                    slices.extend(new.1.memory().map(IoSlice::new));
                }
                _ => {}
            }
        }
        segment.file.file.write_at(&mut slices, segment.end)?;
        let figures = &self.shared.figures;
        figures.records.fetch_add(batch.items.len() as u64, Relaxed);
        figures.written_bytes.fetch_add(end - segment.end, Relaxed);
        segment.end = end;
        self.last_write = Instant::now();
        self.copies.clear();
        Ok(())
    }

    /// Makes durable what was written, and lets it take effect.
    fn sync(&mut self) -> io::Result<()> {
        let Some(segment) = self
            .active
            .and_then(|number| self.segments.get_mut(&number))
        else {
            return Ok(());
        };
        if self.unsynced.is_empty() {
            return Ok(());
        }
        let start = Instant::now();
        segment.file.file.sync()?;
        segment.synced = segment.end;
        let number = segment.file.number;
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let figures = &self.shared.figures;
        figures.syncs.fetch_add(1, Relaxed);
        figures.sync_last_us.store(took, Relaxed);
        figures.sync_max_us.fetch_max(took, Relaxed);
        figures.sync_sum_us.fetch_add(took, Relaxed);
        let batches = std::mem::take(&mut self.unsynced);
        self.unsynced_since = None;
        self.apply(number, batches);
        Ok(())
    }

    /// Keeps an emptied batch for reuse.
    pub(crate) fn recycle(&mut self, mut batch: Batch) {
        batch.clear();
        if self.spare.len() < 2 {
            self.spare.push(batch);
        }
    }

    /// The disk refused. Whoever waits is told; what is true in memory is kept for later.
    fn fail(&mut self, error: io::Error, batches: Vec<Batch>) {
        let full = is_full(&error);
        let error = Arc::new(error);
        self.shared.figures.disk_errors.fetch_add(1, Relaxed);
        let free = self.shared.look_at_free();
        let mut kept = Vec::new();
        for mut batch in std::mem::take(&mut self.unsynced)
            .into_iter()
            .chain(batches)
        {
            batch
                .items
                .retain_mut(|item| keep(item, &error, full, free));
            if !batch.items.is_empty() {
                kept.push(batch);
            }
        }
        self.unsynced_since = None;
        self.backlog = kept;
        self.give_up_segment();
        self.stop_cleaning();
        // Room was set aside for this moment: with it the changes can be written at once.
        let at_once = full && self.drop_reserve();
        self.retry_at = Some(match at_once {
            true => Instant::now(),
            false => Instant::now() + FAILING_RETRY,
        });
        let mut state = self.shared.state();
        state.failing = Some(error.clone());
        // What came in since the batch was taken is refused as well, not kept waiting.
        let pending = &mut state.pending;
        pending
            .items
            .retain_mut(|item| keep(item, &error, full, free));
        drop(state);
        self.shared.condition.send_replace(match full {
            true => Condition::Full { free },
            false => Condition::Failing {
                error: error.to_string(),
            },
        });
    }

    /// The active segment is not written to any more, and is emptied as soon as the disk works.
    fn give_up_segment(&mut self) {
        if let Some(number) = self.active
            && let Some(segment) = self.segments.get_mut(&number)
        {
            segment.end = segment.synced;
            segment.must_clean = true;
        }
        self.seal();
    }

    /// After a success: the disk works.
    fn recover_from_failure(&mut self) {
        if self.retry_at.take().is_none() {
            return;
        }
        self.shared.state().failing = None;
        self.shared.condition.send_replace(Condition::Working);
        // Says Full again if there still is too little room for mail.
        self.shared.look_at_free();
    }

    /// Sets room aside, if there is enough.
    pub(crate) fn make_reserve(&mut self) {
        let octets = RESERVE_BYTES.min(self.shared.segment_bytes);
        let path = self.shared.dirs.reserve_file();
        // Without a reserve the queue works all the same, so errors here concern nobody.
        if self.shared.disk.open(&path).is_ok() {
            self.has_reserve = true;
        } else if self.shared.look_at_free() > self.shared.min_free.load(Relaxed) + 2 * octets
            && let Ok(file) = self.shared.disk.create(&path)
        {
            self.has_reserve = file.allocate(octets).is_ok();
            if !self.has_reserve {
                let _ = self.shared.disk.remove(&path);
            }
        }
    }

    /// Gives the reserve's room to the log. True where there was one.
    fn drop_reserve(&mut self) -> bool {
        let had = std::mem::take(&mut self.has_reserve);
        had && self
            .shared
            .disk
            .remove(&self.shared.dirs.reserve_file())
            .is_ok()
    }

    fn show_figures(&self) {
        let figures = &self.shared.figures;
        let (mut bytes, mut live) = (0, 0);
        for segment in self.segments.values() {
            bytes += segment.end;
            live += segment.live_bytes;
        }
        figures.segments.store(self.segments.len() as u64, Relaxed);
        figures.segment_bytes.store(bytes, Relaxed);
        figures.live_bytes.store(live, Relaxed);
    }

    /// Ends: whoever still waits is told.
    fn close(mut self) {
        let closed = Arc::new(io::Error::other("the queue is shutting down"));
        for mut batch in std::mem::take(&mut self.backlog) {
            batch.items.retain_mut(|item| keep(item, &closed, false, 0));
        }
        self.remove_all_if_empty();
        let shared = self.shared.clone();
        // The lock on the folder ends with the committer, before anyone is told that it is free.
        drop(self);
        let mut state = shared.state();
        state.closed = true;
        state.pending = Batch::default();
        for waiter in state.close_waiters.drain(..) {
            let _ = waiter.send(());
        }
    }

    /// How long the oldest unsynced record has waited; for maintenance.
    pub(crate) fn idle_for(&self) -> Duration {
        self.last_write.elapsed()
    }

    /// True while something written waits for its sync.
    pub(crate) fn has_unsynced(&self) -> bool {
        !self.unsynced.is_empty()
    }
}

/// Tells who waits that the record was not stored. True where the record is to be kept for later:
/// a change that is already true in memory. A message not accepted is dropped, and so is what the
/// cleaner copied, which it will copy again.
fn keep(item: &mut Item, error: &Arc<io::Error>, full: bool, free: u64) -> bool {
    match std::mem::replace(&mut item.waiter, Waiter::Nobody) {
        // A caller that has gone away needs no answer.
        Waiter::Accept(sender) => {
            let _ = sender.send(Err(match full {
                true => AcceptError::Full { free },
                false => AcceptError::Failing(error.clone()),
            }));
        }
        Waiter::Change(sender) => {
            let _ = sender.send(Err(QueueError::Failing(error.clone())));
        }
        Waiter::Nobody => {}
    }
    matches!(
        item.effect,
        Effect::Update(_) | Effect::Gone(_) | Effect::Nothing
    )
}
