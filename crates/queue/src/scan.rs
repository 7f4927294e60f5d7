//! Reads a segment from front to back through a window, and finds the next record behind damage.

use std::{io, sync::Arc};

use bytes::Bytes;
use mailward_host::disk::DiskFile;

use crate::frame::{FrameHeader, HEADER, Parsed};

/// Octets read at a time, where a record does not need more.
const WINDOW: usize = 256 << 10;

/// What stands at a place of a segment.
#[derive(Debug)]
pub(crate) enum Found {
    /// A whole record and its metadata.
    Record(FrameHeader, Bytes),
    /// A whole record of another version, of so many octets.
    Unknown(u64),
    /// A header whose metadata or body is not what was written.
    Damaged(FrameHeader),
    /// No header, or one whose record does not fit in what is there.
    Nothing,
}

/// A segment being read.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<dyn DiskFile>,
    stamp: u64,
    len: u64,
    window: Vec<u8>,
    start: u64,
}

impl Scan {
    pub(crate) fn new(file: Arc<dyn DiskFile>, stamp: u64, len: u64) -> Scan {
        Scan {
            file,
            stamp,
            len,
            window: Vec::new(),
            start: 0,
        }
    }

    /// The octets of a range, which must lie in the file; shorter where the file has shrunk.
    fn octets(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let held = self.start..self.start + self.window.len() as u64;
        if !(held.contains(&offset) && offset + count as u64 <= held.end) {
            let left = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
            // `count` was checked against the file's length, so it bounds what is allocated.
            self.window.resize(count.max(WINDOW).min(left), 0);
            self.start = offset;
            let read = self.file.read_at(&mut self.window, offset)?;
            self.window.truncate(read);
        }
        let from = (offset - self.start) as usize;
        let rest = self.window.get(from..).unwrap_or_default();
        Ok(rest.get(..count).unwrap_or(rest))
    }

    fn header(&mut self, offset: u64) -> io::Result<Parsed> {
        let stamp = self.stamp;
        let octets = self.octets(offset, HEADER)?;
        Ok(octets
            .first_chunk::<HEADER>()
            .map_or(Parsed::Nothing, |octets| FrameHeader::parse(octets, stamp)))
    }

    /// What stands at `offset`, reading no further than `limit`.
    pub(crate) fn record(&mut self, offset: u64, limit: u64) -> io::Result<Found> {
        let limit = limit.min(self.len);
        let room = limit.saturating_sub(offset);
        if room < HEADER as u64 {
            return Ok(Found::Nothing);
        }
        let header = match self.header(offset)? {
            Parsed::Header(header) if header.record_len() <= room => header,
            Parsed::Unknown(octets) if octets <= room => return Ok(Found::Unknown(octets)),
            _ => return Ok(Found::Nothing),
        };
        let count = header.record_len() as usize;
        let octets = self.octets(offset, count)?;
        let behind = octets.get(HEADER..).unwrap_or_default();
        let Some((meta, body)) = behind.split_at_checked(header.meta_len as usize) else {
            return Ok(Found::Damaged(header));
        };
        let whole = body.len() == header.body_len as usize
            && crc32fast::hash(meta) == header.meta_crc
            && crc32fast::hash(body) == header.body_crc;
        Ok(match whole {
            true => Found::Record(header, Bytes::copy_from_slice(meta)),
            false => Found::Damaged(header),
        })
    }

    /// The first place from `offset` on with a header of this segment. Where `proving` is given, only
    /// if there or behind it is one that was written when that place had been synced.
    pub(crate) fn next_header(
        &mut self,
        mut offset: u64,
        limit: u64,
        proving: Option<u64>,
    ) -> io::Result<Option<u64>> {
        let limit = limit.min(self.len);
        let stamp = self.stamp.to_le_bytes();
        let mut first_found = None;
        while offset + HEADER as u64 <= limit {
            let count = WINDOW.min((limit - offset) as usize);
            let octets = self.octets(offset, count)?;
            if octets.len() < HEADER {
                break;
            }
            let Some(at) = memchr::memmem::find(octets, &stamp) else {
                // The stamp may begin in the last octets of what was looked at.
                offset += (octets.len() - (stamp.len() - 1)) as u64;
                continue;
            };
            let place = offset + at as u64;
            offset = place + 1;
            if place + HEADER as u64 > limit {
                break;
            }
            let synced = match self.header(place)? {
                Parsed::Header(header) => header.synced,
                Parsed::Unknown(_) => u32::MAX,
                Parsed::Nothing => continue,
            };
            let found = *first_found.get_or_insert(place);
            if proving.is_none_or(|proving| u64::from(synced) > proving) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
