//! What takes effect when records are durable: messages enter the index, sessions get their
//! answer, space becomes free.
//!
//! Invariant: a segment's account says what a recovery would need of it, so it changes only with
//! what is durable. What is true in memory alone does not make a segment removable.

use std::{sync::atomic::Ordering::Relaxed, time::Instant};

use mailward_model::MessageId;

use crate::{
    batch::{Batch, Effect, Item, Waiter},
    body::BodyPlace,
    commit::Committer,
    entry::{Entry, StoredBody},
    frame::HEADER,
    index::{Gone, Now},
    kept,
    shared::State,
};

impl Committer {
    /// Lets the records of a segment that have just been synced take effect.
    pub(crate) fn apply(&mut self, number: u64, mut batches: Vec<Batch>) {
        let now = self.shared.now();
        let shared = self.shared.clone();
        let mut files = Vec::new();
        let mut state = shared.state();
        for batch in &mut batches {
            for item in &mut batch.items {
                self.apply_item(&now, number, &mut state, item, &mut files);
            }
        }
        shared.release_state(state);
        for mut batch in batches {
            for item in batch.items.drain(..) {
                // A caller that has gone away needs no answer.
                match item.waiter {
                    Waiter::Accept(sender) => drop(sender.send(Ok(()))),
                    Waiter::Change(sender) => drop(sender.send(Ok(()))),
                    Waiter::Nobody => {}
                }
            }
            self.recycle(batch);
        }
        for id in files {
            // A body file that stays behind is removed as an orphan when the queue is opened.
            let _ = shared.disk.remove(&shared.dirs.body_file(id));
        }
    }

    fn apply_item(
        &mut self,
        now: &Now,
        number: u64,
        state: &mut State,
        item: &mut Item,
        files: &mut Vec<MessageId>,
    ) {
        match std::mem::replace(&mut item.effect, Effect::Nothing) {
            Effect::Accept(new) => {
                let (base, mut body, kept) = *new;
                let id = base.fixed.id();
                body.own();
                let stored = self.stored_body(number, item, &body.place, body.crc);
                state.index.insert(now, base, stored, (number, item.octets));
                kept::keep(state, id, kept);
                self.add_base(number, id, item.octets);
                self.shared.figures.accepted.fetch_add(1, Relaxed);
            }
            Effect::Update(id) => {
                if let Some(entry) = state.index.messages.get_mut(&id) {
                    self.add_update(number, id, entry);
                }
            }
            Effect::Gone(gone) => {
                if gone.file {
                    files.push(gone.id);
                }
                self.add_gone(number, gone);
            }
            Effect::Moved(id) => match state.index.messages.get_mut(&id) {
                Some(entry) => self.apply_moved(number, id, entry, item),
                // It finished meanwhile; its Gone record comes behind this one.
                None => {
                    self.moved_late.insert(id, number);
                }
            },
            Effect::State(id) => {
                if let Some(entry) = state.index.messages.get_mut(&id) {
                    self.forget_updates(id, &mut entry.updates);
                    self.add_update(number, id, entry);
                }
            }
            Effect::CarryGone(list) => {
                if let Some(segment) = self.segments.get_mut(&number) {
                    segment.gone.extend(list);
                }
            }
            Effect::Nothing => {}
        }
    }

    fn stored_body(&self, number: u64, item: &Item, place: &BodyPlace, crc: u32) -> StoredBody {
        match (place, self.segments.get(&number)) {
            (BodyPlace::Memory(octets), Some(segment)) => StoredBody::Inline {
                segment: segment.file.clone(),
                offset: item.offset + item.octets - octets.len() as u64,
                len: octets.len() as u32,
                crc,
            },
            (BodyPlace::Memory(_), None) => StoredBody::File { len: 0, crc },
            (BodyPlace::File(file), _) => StoredBody::File {
                len: file.len(),
                crc,
            },
        }
    }

    fn apply_moved(&mut self, number: u64, id: MessageId, entry: &mut Entry, item: &Item) {
        if let Some(old) = self.segments.get_mut(&entry.base) {
            old.live_bytes = old.live_bytes.saturating_sub(entry.base_octets);
        }
        self.forget_updates(id, &mut entry.updates);
        if let StoredBody::Inline {
            segment,
            offset,
            len,
            ..
        } = &mut entry.body
            && let Some(new) = self.segments.get(&number)
        {
            debug_assert!(item.octets >= HEADER as u64 + u64::from(*len));
            *offset = item.offset + item.octets - u64::from(*len);
            *segment = new.file.clone();
        }
        entry.base = number;
        entry.base_octets = item.octets;
        self.add_base(number, id, item.octets);
        self.shared.figures.moved.fetch_add(1, Relaxed);
    }

    /// A base record of a message in the queue was written.
    pub(crate) fn add_base(&mut self, number: u64, id: MessageId, octets: u64) {
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.live_bytes += octets;
            segment.based.push(id);
        }
    }

    /// A record about a message in the queue was written, apart from its base record.
    fn add_update(&mut self, number: u64, id: MessageId, entry: &mut Entry) {
        if entry.base != number
            && !entry.updates.contains(&number)
            && let Some(segment) = self.segments.get_mut(&number)
        {
            segment.updated.insert(id);
            entry.updates.push(number);
        }
    }

    /// Records about a message in these segments count no more.
    fn forget_updates(&mut self, id: MessageId, updates: &mut Vec<u64>) {
        for number in std::mem::take(updates) {
            if let Some(segment) = self.segments.get_mut(&number) {
                segment.updated.remove(&id);
            }
        }
    }

    /// A message's Gone record was written.
    fn add_gone(&mut self, number: u64, mut gone: Gone) {
        if let Some(base) = self.segments.get_mut(&gone.base) {
            base.live_bytes = base.live_bytes.saturating_sub(gone.base_octets);
            if base.live_bytes == 0 && self.active != Some(gone.base) {
                self.next_maintenance = Some(Instant::now());
            }
        }
        self.forget_updates(gone.id, &mut gone.updates);
        let base = self.moved_late.remove(&gone.id).unwrap_or(gone.base);
        if base != number
            && let Some(segment) = self.segments.get_mut(&number)
        {
            segment.gone.push((gone.id, base));
        }
    }
}
