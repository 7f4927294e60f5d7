//! Recovery: reads the segments in order, checks every record, rebuilds the index and the account
//! of each segment.
//!
//! A write that a crash cut short is dropped: nobody was told that it was stored. Damage to what was
//! stored is stepped over and reported, and its segment is kept in `corrupt/` once the rest has been
//! copied out of it. Nothing read here is trusted before its checksum was compared, and no length
//! before it was bounded.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use mailward_host::disk::Disk;
use mailward_model::MessageId;

use crate::{
    OpenError,
    entry::{Entry, SegmentFile, StoredBody},
    frame::{FrameHeader, Kind},
    index::{Counts, Gone, Index, Now, Outcome},
    record::{self, Base, BeganRecord, BodyRecord, Unreadable},
    scan::{Found, Scan},
    segment::{Dirs, HEAD, NEW_SUFFIX, Segment, parse_head, segment_name, segment_number},
    view::{Damage, RecoveryReport},
};

/// What was found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) index: Index,
    pub(crate) segments: BTreeMap<u64, Segment>,
    pub(crate) next_number: u64,
    pub(crate) report: RecoveryReport,
    /// Messages that left the index without a record that says so: to be written.
    pub(crate) lost: Vec<Gone>,
}

/// Gives an I/O error its place.
fn at<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> OpenError + 'a {
    move |source| OpenError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// Reads the queue in `dirs`.
///
/// Where a segment was removed because a later one tells the whole state of its messages, the states
/// in between may be ones that never were: only Gone ends a message, and a message is looked at only
/// when all records have been read.
pub(crate) fn recover(disk: &dyn Disk, dirs: &Dirs, now: &Now) -> Result<Recovered, OpenError> {
    let mut recovery = Recovery {
        disk,
        dirs,
        now,
        index: Index::default(),
        segments: BTreeMap::new(),
        report: RecoveryReport::default(),
    };
    let (numbers, next_number) = recovery.list()?;
    let mut ends = BeganRecord::default();
    let mut opened = Vec::new();
    for number in numbers {
        if let Some((segment, began)) = recovery.open(number)? {
            // The newest that can be read counts.
            ends = began.unwrap_or(ends);
            opened.push(segment);
        }
    }
    recovery.report.segments = opened.len();
    let ends: BTreeMap<u64, u64> = ends.ends.into_iter().collect();
    for segment in opened {
        let number = segment.file.number;
        recovery.read(segment, ends.get(&number).copied())?;
    }
    let mut lost = recovery.take_finished();
    lost.extend(recovery.check_bodies()?);
    let mut index = recovery.index;
    index.schedule.begin_counting(now.monotonic_ms);
    recovery.report.messages = index.messages.len();
    recovery.report.deliveries = index.schedule.hops().map(crate::schedule::Hop::count).sum();
    Ok(Recovered {
        index,
        segments: recovery.segments,
        next_number,
        report: recovery.report,
        lost,
    })
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    dirs: &'a Dirs,
    now: &'a Now,
    index: Index,
    segments: BTreeMap<u64, Segment>,
    report: RecoveryReport,
}

impl Recovery<'_> {
    /// The segments there are, and the next free number.
    fn list(&mut self) -> Result<(Vec<u64>, u64), OpenError> {
        let mut numbers = Vec::new();
        let mut next = 0;
        for dir in [&self.dirs.log, &self.dirs.corrupt] {
            for name in self.disk.list(dir).map_err(at("list", dir))? {
                let Some(number) = segment_number(&name) else {
                    continue;
                };
                next = next.max(number.saturating_add(1));
                if *dir == self.dirs.corrupt {
                    continue;
                }
                if name.ends_with(NEW_SUFFIX) {
                    // A crash while it was being made: it holds nothing.
                    let path = dir.join(&name);
                    self.disk.remove(&path).map_err(at("remove", &path))?;
                } else {
                    numbers.push(number);
                }
            }
        }
        numbers.sort_unstable();
        Ok((numbers, next))
    }

    fn damage(&mut self, number: u64, (offset, octets): (u64, u64), what: impl Into<String>) {
        self.report.damage.push(Damage {
            path: self.dirs.segment_file(number),
            offset,
            octets,
            message: None,
            what: what.into(),
            set_aside: Some(self.dirs.corrupt.join(segment_name(number))),
        });
    }

    /// Opens a segment and reads where the older ones end. A segment whose head is lost is moved
    /// to `corrupt/`.
    fn open(&mut self, number: u64) -> Result<Option<(Segment, Option<BeganRecord>)>, OpenError> {
        let path = self.dirs.segment_file(number);
        let file = self.disk.open(&path).map_err(at("open", &path))?;
        let len = file.len().map_err(at("read", &path))?;
        let mut head = [0; HEAD];
        let mut stamp_again = [0; 8];
        file.read_at(&mut head, 0).map_err(at("read", &path))?;
        file.read_at(&mut stamp_again, HEAD as u64)
            .map_err(at("read", &path))?;
        let file = Arc::new(SegmentFile { number, file });
        let whole = parse_head(&head, number);
        // The first record carries the stamp too.
        let stamp = whole.unwrap_or(u64::from_le_bytes(stamp_again));
        let mut scan = Scan::new(file.file.clone(), stamp, len);
        let first = scan.record(HEAD as u64, len).map_err(at("read", &path))?;
        let first = match first {
            Found::Record(header, meta) if header.kind == Kind::Began => {
                record::decode_began(&meta)
                    .ok()
                    .map(|began| (header, began))
            }
            _ => None,
        };
        if whole.is_none() {
            let what = "the head of the segment is damaged";
            self.damage(number, (0, HEAD as u64), what);
            if first.is_none() {
                let aside = self.dirs.corrupt.join(segment_name(number));
                if let Some(damage) = self.report.damage.last_mut() {
                    damage.octets = len;
                    damage.what = "the head of the segment is lost, and with it the rest".into();
                }
                self.disk
                    .rename(&path, &aside)
                    .map_err(at("rename", &path))?;
                self.disk
                    .sync_dir(&self.dirs.corrupt)
                    .map_err(at("sync", &path))?;
                self.disk
                    .sync_dir(&self.dirs.log)
                    .map_err(at("sync", &path))?;
                return Ok(None);
            }
        }
        let mut segment = Segment::new(file, stamp, len);
        segment.set_aside = whole.is_none();
        segment.must_clean = whole.is_none();
        Ok(Some((segment, first.map(|(_, began)| began))))
    }

    /// Reads the records of a segment. `end` is where it is known to end.
    fn read(&mut self, segment: Segment, end: Option<u64>) -> Result<(), OpenError> {
        let number = segment.file.number;
        let path = self.dirs.segment_file(number);
        let len = segment.end;
        let limit = end.unwrap_or(len);
        let mut scan = Scan::new(segment.file.file.clone(), segment.stamp, len);
        self.segments.insert(number, segment);
        if limit > len {
            self.note_damage(
                number,
                (len, limit - len),
                "the segment is shorter than it was",
            );
        }
        let limit = limit.min(len);
        let mut offset = HEAD as u64;
        while offset < limit {
            let wrong = match scan.record(offset, limit).map_err(at("read", &path))? {
                Found::Record(header, meta) => {
                    let octets = header.record_len();
                    if self.fold(number, offset, &header, meta).is_err() {
                        let what = "a record cannot be read; another version may have written it";
                        self.note_damage(number, (offset, octets), what);
                    }
                    self.report.records += 1;
                    offset += octets;
                    continue;
                }
                Found::Unknown(octets) => {
                    let what = "a record of another version";
                    self.note_damage(number, (offset, octets), what);
                    offset += octets;
                    continue;
                }
                Found::Damaged(header) => Some(header),
                Found::Nothing => None,
            };
            // Where the end is not known, what follows the last whole record was being written
            // when the machine stopped, unless a later record proves that it had been synced.
            let next = scan.next_header(offset + 1, limit, end.is_none().then_some(offset));
            let Some(next) = next.map_err(at("read", &path))? else {
                if end.is_none() {
                    self.report.torn_octets += limit - offset;
                    break;
                }
                let what = "records up to the end of the segment are damaged";
                self.note_damage(number, (offset, limit - offset), what);
                offset = limit;
                continue;
            };
            // A damaged record whose header is whole is stepped over exactly.
            let next = match wrong {
                Some(header) if end.is_some() => next.min(offset + header.record_len()),
                _ => next,
            };
            self.note_damage(number, (offset, next - offset), "a record is damaged");
            offset = next;
        }
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.end = offset;
            segment.synced = offset;
        }
        Ok(())
    }

    fn note_damage(&mut self, number: u64, place: (u64, u64), what: &str) {
        self.damage(number, place, what);
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.set_aside = true;
            segment.must_clean = true;
        }
    }

    /// Lets one record take effect, as it did when it was written.
    fn fold(
        &mut self,
        number: u64,
        offset: u64,
        header: &FrameHeader,
        meta: Bytes,
    ) -> Result<(), Unreadable> {
        match header.kind {
            Kind::Began => {
                // It names all that were held then: what older segments say of holds is past, and
                // the segment with a release in it may be gone.
                let began = record::decode_began(&meta)?;
                let schedule = &mut self.index.schedule;
                for next_hop in schedule.held() {
                    let hop = schedule.intern(next_hop);
                    schedule.set_on_hold(hop, false);
                }
                for next_hop in began.held {
                    let hop = schedule.intern(next_hop);
                    schedule.set_on_hold(hop, true);
                }
            }
            Kind::Accepted | Kind::Moved => {
                let base = record::decode_base(meta)?;
                self.fold_base(number, offset, header, base);
            }
            Kind::State => {
                let base = record::decode_base(meta)?;
                let id = base.fixed.id();
                if let Some(entry) = self.index.messages.get_mut(&id) {
                    forget_updates(&mut self.segments, id, entry);
                    self.index.restate(self.now, base);
                    self.add_update(number, id);
                }
            }
            Kind::Planned => {
                let (id, notes, deliveries) = record::decode_planned(meta)?;
                self.index.plan(self.now, id, notes, deliveries);
                self.add_update(number, id);
            }
            Kind::Settled => {
                let (settled, follow_ups) = record::decode_settled(meta)?;
                let id = settled.id();
                let outcome = Outcome {
                    id,
                    delivery: settled.delivery,
                    outcomes: &settled.outcomes,
                    retry_unix_ms: settled.retry_unix_ms,
                    remote: settled.remote.as_deref(),
                    follow_ups,
                };
                let counts = Counts {
                    attempts: settled.attempts,
                    first_attempt_unix_ms: settled.first_attempt_unix_ms,
                };
                // An outcome of a message that is gone, or of a delivery that was planned anew,
                // says nothing any more.
                let _ = self.index.settle(self.now, outcome, Some(counts));
                self.add_update(number, id);
            }
            Kind::Held => {
                let (id, held) = record::decode_held(meta)?;
                self.index.set_held(self.now, id, held);
                self.add_update(number, id);
            }
            Kind::NextHopHeld => {
                let (next_hop, held) = record::decode_next_hop_held(meta)?;
                let hop = self.index.schedule.intern(next_hop);
                self.index.schedule.set_on_hold(hop, held);
            }
            Kind::Gone => {
                for id in record::decode_gone(&meta)? {
                    if let Some(gone) = self.index.remove(id) {
                        self.add_gone(number, &gone);
                    }
                }
            }
        }
        Ok(())
    }

    fn fold_base(&mut self, number: u64, offset: u64, header: &FrameHeader, base: Base) {
        let id = base.fixed.id();
        let octets = header.record_len();
        let body = match (base.fixed.body, self.segments.get(&number)) {
            (BodyRecord::File { len, crc }, _) => StoredBody::File { len, crc },
            (BodyRecord::Inline, Some(segment)) => StoredBody::Inline {
                segment: segment.file.clone(),
                offset: offset + octets - u64::from(header.body_len),
                len: header.body_len,
                crc: header.body_crc,
            },
            (BodyRecord::Inline, None) => return,
        };
        if let Some(entry) = self.index.messages.get_mut(&id) {
            forget_updates(&mut self.segments, id, entry);
            // It was moved out of there: see `Segment::must_clean`.
            let octets = entry.base_octets;
            if let Some(old) = self.segments.get_mut(&entry.base) {
                old.live_bytes = old.live_bytes.saturating_sub(octets);
                old.must_clean |= old.file.number != number;
            }
        }
        self.index.insert(self.now, base, body, (number, octets));
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.live_bytes += octets;
            segment.based.push(id);
        }
    }

    fn add_update(&mut self, number: u64, id: MessageId) {
        if let Some(entry) = self.index.messages.get_mut(&id)
            && entry.base != number
            && !entry.updates.contains(&number)
            && let Some(segment) = self.segments.get_mut(&number)
        {
            segment.updated.insert(id);
            entry.updates.push(number);
        }
    }

    fn add_gone(&mut self, number: u64, gone: &Gone) {
        for update in &gone.updates {
            if let Some(segment) = self.segments.get_mut(update) {
                segment.updated.remove(&gone.id);
            }
        }
        if let Some(base) = self.segments.get_mut(&gone.base) {
            base.live_bytes = base.live_bytes.saturating_sub(gone.base_octets);
        }
        if gone.base != number
            && let Some(segment) = self.segments.get_mut(&number)
        {
            segment.gone.push((gone.id, gone.base));
        }
    }

    /// Messages with nothing left to do whose end was not written: it is written now.
    fn take_finished(&mut self) -> Vec<Gone> {
        let messages = self.index.messages.iter();
        let finished: Vec<MessageId> = messages
            .filter(|(_, entry)| entry.is_finished())
            .map(|(id, _)| *id)
            .collect();
        let gone = finished.into_iter().filter_map(|id| self.index.remove(id));
        gone.collect()
    }

    /// Compares the body files with the messages: removes orphans, finds what is missing.
    fn check_bodies(&mut self) -> Result<Vec<Gone>, OpenError> {
        let dir = &self.dirs.body;
        let mut lost = Vec::new();
        let mut present = BTreeMap::new();
        for name in self.disk.list(dir).map_err(at("list", dir))? {
            let path = dir.join(&name);
            let owner = name.parse::<MessageId>().ok().filter(|id| {
                let entry = self.index.messages.get(id);
                entry.is_some_and(|entry| entry.body.is_file())
            });
            match owner {
                Some(id) => {
                    present.insert(id, path);
                }
                None => {
                    self.disk.remove(&path).map_err(at("remove", &path))?;
                    self.report.orphans += 1;
                }
            }
        }
        let with_file = self.index.messages.iter();
        let with_file: Vec<(MessageId, u64)> = with_file
            .filter(|(_, entry)| entry.body.is_file())
            .map(|(id, entry)| (*id, entry.body.len()))
            .collect();
        for (id, len) in with_file {
            let (found, set_aside) = match present.get(&id) {
                None => (None, None),
                Some(path) => {
                    let file = self.disk.open(path).map_err(at("open", path))?;
                    let found = file.len().map_err(at("read", path))?;
                    if found == len {
                        continue;
                    }
                    (Some(found), Some(self.set_body_aside(path, id)?))
                }
            };
            self.report.damage.push(Damage {
                path: self.dirs.body_file(id),
                offset: 0,
                octets: len,
                message: Some(id),
                what: match found {
                    None => "the body file is missing; the message is given up".into(),
                    Some(found) => format!(
                        "the body file has {found} octets instead of {len}; the message is given up"
                    ),
                },
                set_aside,
            });
            lost.extend(self.index.remove(id));
        }
        Ok(lost)
    }

    fn set_body_aside(&self, path: &Path, id: MessageId) -> Result<PathBuf, OpenError> {
        let aside = self.dirs.corrupt.join(id.to_string());
        self.disk.rename(path, &aside).map_err(at("rename", path))?;
        Ok(aside)
    }
}

fn forget_updates(segments: &mut BTreeMap<u64, Segment>, id: MessageId, entry: &mut Entry) {
    for number in std::mem::take(&mut entry.updates) {
        if let Some(segment) = segments.get_mut(&number) {
            segment.updated.remove(&id);
        }
    }
}
