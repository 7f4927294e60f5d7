//! The frame of a record in a segment: a fixed header, metadata, and for some kinds a body.
//!
//! Every header carries the stamp of its segment, 64 random bits that no sender knows. So a search
//! for the next record behind damage cannot be led astray by a message that contains something
//! which looks like a record, and what an earlier file left on the same blocks is not taken for
//! ours. It also carries how much of the segment was known to be synced when it was written: a whole
//! record that says so proves that what stands before that place had been stored, so that something
//! wrong there is damage and not a write that a crash cut short.
//!
//! The layout is in `docs/format/queue.md`. Numbers are little-endian.

use crate::config::{INLINE_OCTETS_MAX, META_OCTETS_MAX};

/// Octets of a record's header.
pub(crate) const HEADER: usize = 36;

/// Version of the encoding of metadata. A record of another version is set aside, never guessed.
pub(crate) const VERSION: u8 = 1;

/// The kinds of records. Numbers are on the disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// First in each segment: where the segments before it end, and which next hops are held.
    Began = 0,
    /// A message, its plan if it has one, and its body or the reference to it.
    Accepted = 1,
    /// As accepted, with the state of its deliveries: copied here from an older segment.
    Moved = 2,
    /// As moved, without the body, which stays where it is.
    State = 3,
    /// New deliveries in place of those not settled.
    Planned = 4,
    /// The outcome of an attempt, with what follows from it.
    Settled = 5,
    /// A message was held or released.
    Held = 6,
    /// A next hop was held or released.
    NextHopHeld = 7,
    /// Messages that are finished.
    Gone = 8,
}

impl Kind {
    pub(crate) fn from_number(number: u8) -> Option<Kind> {
        use Kind::*;
        [
            Began,
            Accepted,
            Moved,
            State,
            Planned,
            Settled,
            Held,
            NextHopHeld,
            Gone,
        ]
        .get(usize::from(number))
        .copied()
    }
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) stamp: u64,
    /// Octets of the segment that were synced when the record was written.
    pub(crate) synced: u32,
    pub(crate) kind: Kind,
    pub(crate) meta_len: u32,
    pub(crate) body_len: u32,
    pub(crate) meta_crc: u32,
    pub(crate) body_crc: u32,
}

/// What stands where a header was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A header of this segment.
    Header(FrameHeader),
    /// A header of this segment in an encoding that this program does not know; its record has so
    /// many octets in all.
    Unknown(u64),
    /// No header of this segment.
    Nothing,
}

impl FrameHeader {
    /// The header's octets.
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut octets = [0; HEADER];
        octets[0..8].copy_from_slice(&self.stamp.to_le_bytes());
        octets[8..12].copy_from_slice(&self.synced.to_le_bytes());
        octets[12] = self.kind as u8;
        octets[13] = VERSION;
        octets[16..20].copy_from_slice(&self.meta_len.to_le_bytes());
        octets[20..24].copy_from_slice(&self.body_len.to_le_bytes());
        octets[24..28].copy_from_slice(&self.meta_crc.to_le_bytes());
        octets[28..32].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = crc32fast::hash(&octets[..32]);
        octets[32..36].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    /// Reads a header of the segment with this stamp.
    pub(crate) fn parse(octets: &[u8; HEADER], stamp: u64) -> Parsed {
        let four = |at: usize| {
            let mut four = [0; 4];
            four.copy_from_slice(octets.get(at..at + 4).unwrap_or(&[0; 4]));
            u32::from_le_bytes(four)
        };
        let found = u64::from(four(0)) | u64::from(four(4)) << 32;
        if found != stamp || crc32fast::hash(octets.get(..32).unwrap_or_default()) != four(32) {
            return Parsed::Nothing;
        }
        let (meta_len, body_len) = (four(16), four(20));
        if meta_len > META_OCTETS_MAX || body_len as usize > INLINE_OCTETS_MAX {
            return Parsed::Nothing;
        }
        match Kind::from_number(octets[12]) {
            Some(kind) if octets[13] == VERSION => Parsed::Header(FrameHeader {
                stamp,
                synced: four(8),
                kind,
                meta_len,
                body_len,
                meta_crc: four(24),
                body_crc: four(28),
            }),
            _ => Parsed::Unknown(HEADER as u64 + u64::from(meta_len) + u64::from(body_len)),
        }
    }

    /// Octets of the whole record.
    pub(crate) fn record_len(&self) -> u64 {
        HEADER as u64 + u64::from(self.meta_len) + u64::from(self.body_len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> FrameHeader {
        FrameHeader {
            stamp: 0x0123_4567_89ab_cdef,
            synced: 7,
            kind: Kind::Settled,
            meta_len: 300,
            body_len: 5000,
            meta_crc: 1,
            body_crc: 2,
        }
    }

    #[test]
    fn headers_are_read_back_and_only_in_their_segment() {
        let octets = header().encode();
        assert_eq!(
            FrameHeader::parse(&octets, header().stamp),
            Parsed::Header(header())
        );
        assert_eq!(FrameHeader::parse(&octets, 1), Parsed::Nothing);
    }

    #[test]
    fn another_version_is_not_guessed_at() {
        let mut octets = header().encode();
        octets[13] = VERSION + 1;
        let crc = crc32fast::hash(&octets[..32]);
        octets[32..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(
            FrameHeader::parse(&octets, header().stamp),
            Parsed::Unknown(5336)
        );
    }

    proptest! {
        #[test]
        fn a_changed_bit_is_noticed(bit in 0..HEADER * 8) {
            let mut octets = header().encode();
            octets[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(FrameHeader::parse(&octets, header().stamp), Parsed::Nothing);
        }
    }
}
