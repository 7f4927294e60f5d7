//! The files of the queue: their names, the head of a segment, and what is known of each segment.

use std::{
    collections::HashSet,
    io::{self, IoSlice},
    path::{Path, PathBuf},
    sync::Arc,
};

use mailward_host::disk::Disk;
use mailward_model::MessageId;

use crate::{
    entry::SegmentFile,
    frame::{FrameHeader, HEADER, Kind},
    record::{BeganRecord, encode_began},
};

/// The folders of a queue.
#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    pub(crate) top: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) body: PathBuf,
    pub(crate) corrupt: PathBuf,
}

impl Dirs {
    pub(crate) fn new(top: &Path) -> Dirs {
        Dirs {
            top: top.to_owned(),
            log: top.join("log"),
            body: top.join("body"),
            corrupt: top.join("corrupt"),
        }
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.top.join("lock")
    }

    pub(crate) fn reserve_file(&self) -> PathBuf {
        self.top.join("reserve")
    }

    pub(crate) fn body_file(&self, id: MessageId) -> PathBuf {
        self.body.join(id.to_string())
    }

    pub(crate) fn segment_file(&self, number: u64) -> PathBuf {
        self.log.join(segment_name(number))
    }

    /// The name of a segment while it is being made.
    fn new_segment_file(&self, number: u64) -> PathBuf {
        self.log.join(format!("{number:016x}{NEW_SUFFIX}"))
    }
}

/// A segment gets its name when its head is durable, so a segment without a whole head is damaged.
pub(crate) const NEW_SUFFIX: &str = ".new";
const SUFFIX: &str = ".seg";

pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:016x}{SUFFIX}")
}

/// The number in the name of a segment, whole or new.
pub(crate) fn segment_number(name: &str) -> Option<u64> {
    let digits = name
        .strip_suffix(SUFFIX)
        .or(name.strip_suffix(NEW_SUFFIX))?;
    (digits.len() == 16)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Octets of a segment's head; its first record follows.
pub(crate) const HEAD: usize = 32;
const MAGIC: &[u8; 8] = b"MWQUEUE1";

/// The head of a segment: magic, number, stamp, checksum.
pub(crate) fn encode_head(number: u64, stamp: u64) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0..8].copy_from_slice(MAGIC);
    head[8..16].copy_from_slice(&number.to_le_bytes());
    head[16..24].copy_from_slice(&stamp.to_le_bytes());
    let crc = crc32fast::hash(&head[..28]);
    head[28..32].copy_from_slice(&crc.to_le_bytes());
    head
}

/// The stamp in a segment's head, if the head is whole and that segment's.
pub(crate) fn parse_head(head: &[u8; HEAD], number: u64) -> Option<u64> {
    let mut stamp = [0; 8];
    stamp.copy_from_slice(head.get(16..24)?);
    let stamp = u64::from_le_bytes(stamp);
    (*head == encode_head(number, stamp)).then_some(stamp)
}

/// What is known of a segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) file: Arc<SegmentFile>,
    pub(crate) stamp: u64,
    /// Octets written; what lies behind does not count.
    pub(crate) end: u64,
    /// Octets known to be durable.
    pub(crate) synced: u64,
    /// Octets of the base records of messages in the queue.
    pub(crate) live_bytes: u64,
    /// Messages that got a base record here, those gone since too.
    pub(crate) based: Vec<MessageId>,
    /// Messages in the queue whose state is partly told by records here.
    pub(crate) updated: HashSet<MessageId>,
    /// Messages told gone here, with the segment of their base record, where that is another one.
    pub(crate) gone: Vec<(MessageId, u64)>,
    /// When it was sealed, monotonic milliseconds.
    pub(crate) sealed_ms: u64,
    /// To be emptied before any other segment is removed: a message was moved out of it, or its
    /// octets are not to be trusted.
    pub(crate) must_clean: bool,
    /// It has damage: to be kept in `corrupt/` when it has been emptied.
    pub(crate) set_aside: bool,
}

/// What copying one state or id forward costs, octets; a rough figure to choose by.
const STATE_OCTETS: u64 = 400;
const GONE_OCTETS: u64 = 16;

impl Segment {
    pub(crate) fn new(file: Arc<SegmentFile>, stamp: u64, end: u64) -> Segment {
        Segment {
            file,
            stamp,
            end,
            synced: end,
            live_bytes: 0,
            based: Vec::new(),
            updated: HashSet::new(),
            gone: Vec::new(),
            sealed_ms: 0,
            must_clean: false,
            set_aside: false,
        }
    }

    /// Octets that would have to be written to be rid of it.
    pub(crate) fn cost(&self) -> u64 {
        self.live_bytes
            + self.updated.len() as u64 * STATE_OCTETS
            + self.gone.len() as u64 * GONE_OCTETS
    }

    /// Makes a new segment, durable with its head and its first record.
    pub(crate) fn create(
        disk: &dyn Disk,
        dirs: &Dirs,
        number: u64,
        began: &BeganRecord,
    ) -> io::Result<Segment> {
        let stamp = u64::from_le_bytes(mailward_host::entropy::random()?);
        let head = encode_head(number, stamp);
        let meta = encode_began(began);
        let frame = FrameHeader {
            stamp,
            synced: 0,
            kind: Kind::Began,
            meta_len: meta.len() as u32,
            body_len: 0,
            meta_crc: crc32fast::hash(&meta),
            body_crc: 0,
        }
        .encode();
        let path = dirs.new_segment_file(number);
        let file = disk.create(&path)?;
        let write = || {
            let mut slices = [
                IoSlice::new(&head),
                IoSlice::new(&frame),
                IoSlice::new(&meta),
            ];
            file.write_at(&mut slices, 0)?;
            file.sync()?;
            disk.rename(&path, &dirs.segment_file(number))?;
            disk.sync_dir(&dirs.log)
        };
        if let Err(error) = write() {
            // It holds nothing; what cannot be removed now is removed when the queue is opened.
            let _ = disk.remove(&path);
            let _ = disk.remove(&dirs.segment_file(number));
            return Err(error);
        }
        let end = (HEAD + HEADER + meta.len()) as u64;
        let file = Arc::new(SegmentFile { number, file });
        Ok(Segment::new(file, stamp, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_heads_are_read_back() {
        assert_eq!(segment_number(&segment_name(0xabc)), Some(0xabc));
        assert_eq!(segment_number("0000000000000abc.new"), Some(0xabc));
        for other in [
            "abc.seg",
            "0000000000000abc",
            "lock",
            "000000000000zabc.seg",
        ] {
            assert_eq!(segment_number(other), None, "{other}");
        }
        let head = encode_head(7, 99);
        assert_eq!(parse_head(&head, 7), Some(99));
        assert_eq!(parse_head(&head, 8), None);
        let mut torn = head;
        torn[20] ^= 1;
        assert_eq!(parse_head(&torn, 7), None);
    }
}
