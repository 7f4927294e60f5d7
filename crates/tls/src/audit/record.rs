//! TLS records and handshake messages, as they come in: RFC 8446 §5.1, RFC 5246 §6.2, RFC 5246 §7.4.
//!
//! Octets in, messages out, however the octets were cut. Nothing is decrypted. What a server sends
//! is bounded: a record by the protocol's own limit, a handshake message and a whole flight by the
//! limits here. Heartbeat records are counted and their content is dropped.

/// Octets of a record's fragment: 2^14 and what encryption may add (RFC 5246 §6.2.3).
pub const FRAGMENT_OCTETS_MAX: usize = (1 << 14) + 2048;
/// Octets of one handshake message: a chain of ten large certificates fits.
pub const MESSAGE_OCTETS_MAX: usize = 96 << 10;
/// Octets that a server may send in one flight.
pub const FLIGHT_OCTETS_MAX: usize = 192 << 10;

/// Content types (RFC 8446 §5.1; 24: RFC 6520 §3).
pub mod content {
    /// An alert.
    pub const ALERT: u8 = 21;
    /// A handshake message, or a part of one, or several.
    pub const HANDSHAKE: u8 = 22;
    /// A heartbeat.
    pub const HEARTBEAT: u8 = 24;
}

/// What has come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole handshake message: its type and its body.
    Handshake(u8, Vec<u8>),
    /// An alert: its level and what it says.
    Alert(u8, u8),
    /// A record of another type: the type, and how many octets it had.
    Other(u8, usize),
}

/// Why what came in is no TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The first octets are those of no record.
    #[error("the octets are no TLS record")]
    NoTls,
    /// A record is longer than TLS allows.
    #[error("a record has more octets than TLS allows")]
    RecordTooLong,
    /// A handshake message is longer than the limit.
    #[error("a handshake message has more than {MESSAGE_OCTETS_MAX} octets")]
    MessageTooLong,
    /// The server does not come to an end.
    #[error("the server has sent more than {FLIGHT_OCTETS_MAX} octets and is not done")]
    FlightTooLong,
}

/// Takes octets and gives messages. Share none: one for each connection.
#[derive(Debug, Default)]
pub struct Records {
    /// Octets that are no whole record yet.
    raw: Vec<u8>,
    /// Handshake octets that are no whole message yet.
    handshake: Vec<u8>,
    taken: usize,
}

impl Records {
    /// Takes what was read, and gives the messages that are whole.
    ///
    /// # Errors
    /// [`RecordError`]: nothing more of this connection can be understood.
    pub fn take(&mut self, octets: &[u8]) -> Result<Vec<Incoming>, RecordError> {
        self.taken = self.taken.saturating_add(octets.len());
        if self.taken > FLIGHT_OCTETS_MAX {
            return Err(RecordError::FlightTooLong);
        }
        self.raw.extend_from_slice(octets);
        let mut incoming = Vec::new();
        while let Some((kind, fragment, rest)) = split_record(&self.raw)? {
            match kind {
                content::HANDSHAKE => self.handshake.extend_from_slice(fragment),
                content::ALERT => {
                    if let [level, what, ..] = fragment {
                        incoming.push(Incoming::Alert(*level, *what));
                    }
                }
                kind => incoming.push(Incoming::Other(kind, fragment.len())),
            }
            let consumed = self.raw.len() - rest;
            self.raw.drain(..consumed);
            while let Some(message) = split_message(&mut self.handshake)? {
                incoming.push(message);
            }
        }
        Ok(incoming)
    }
}

/// A record: its type, its fragment, and how many octets stand behind it.
type Split<'a> = (u8, &'a [u8], usize);

/// The first record, where it is whole.
fn split_record(raw: &[u8]) -> Result<Option<Split<'_>>, RecordError> {
    // A server that speaks no TLS is known by its first octets; waiting for more would only cost
    // time. SSL 3.0 to TLS 1.3 all have 3 as their major version.
    match raw {
        [kind, ..] if !(20..=24).contains(kind) => return Err(RecordError::NoTls),
        [_, major, ..] if *major != 3 => return Err(RecordError::NoTls),
        _ => {}
    }
    let [kind, _, _, high, low, rest @ ..] = raw else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > FRAGMENT_OCTETS_MAX {
        return Err(RecordError::RecordTooLong);
    }
    Ok(rest
        .split_at_checked(length)
        .map(|(fragment, behind)| (*kind, fragment, behind.len())))
}

fn split_message(handshake: &mut Vec<u8>) -> Result<Option<Incoming>, RecordError> {
    let [kind, a, b, c, rest @ ..] = handshake.as_slice() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap_or(usize::MAX);
    if length > MESSAGE_OCTETS_MAX {
        return Err(RecordError::MessageTooLong);
    }
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let message = Incoming::Handshake(*kind, body.to_vec());
    handshake.drain(..length + 4);
    Ok(Some(message))
}

/// A record around a fragment. What is longer than a record can be is cut off: callers send less.
pub(crate) fn record(kind: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    let fragment = fragment.get(..1 << 14).unwrap_or(fragment);
    let [major, minor] = version.to_be_bytes();
    let [high, low] = u16::try_from(fragment.len())
        .unwrap_or_default()
        .to_be_bytes();
    let mut octets = vec![kind, major, minor, high, low];
    octets.extend_from_slice(fragment);
    octets
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind], &length[1..], body].concat()
    }

    #[test]
    fn what_is_no_tls_is_known_at_once() {
        for octets in [&b"HTTP/1.1 400"[..], b"22", b"\x16\x02", b"\x80\x2e\x01"] {
            assert_eq!(
                Records::default().take(octets),
                Err(RecordError::NoTls),
                "{octets:?}"
            );
        }
    }

    #[test]
    fn endless_things_come_to_an_end() {
        let mut records = Records::default();
        assert_eq!(
            records.take(b"\x16\x03\x03\xff\xff"),
            Err(RecordError::RecordTooLong)
        );
        // A message that says it is 16 MB long, in records of ordinary size.
        let mut records = Records::default();
        let begin = record(content::HANDSHAKE, 0x0303, b"\x0b\xff\xff\xff");
        assert_eq!(records.take(&begin), Err(RecordError::MessageTooLong));
        // Records of nothing, for ever.
        let mut records = Records::default();
        let empty = record(content::HANDSHAKE, 0x0303, b"").repeat(1000);
        let end = (0..1000).find_map(|_| records.take(&empty).err());
        assert_eq!(end, Some(RecordError::FlightTooLong));
    }

    proptest! {
        #[test]
        fn however_they_are_cut_the_messages_are_the_same(
            bodies in prop::collection::vec((0u8..30, prop::collection::vec(any::<u8>(), 0..600)), 0..6),
            fragment in 1usize..700,
            cut in 1usize..900,
        ) {
            let handshake: Vec<u8> = bodies.iter().flat_map(|(kind, body)| message(*kind, body)).collect();
            let mut wire: Vec<u8> = handshake.chunks(fragment)
                .flat_map(|part| record(content::HANDSHAKE, 0x0301, part))
                .collect();
            wire.extend(record(content::ALERT, 0x0301, &[2, 40]));
            let mut records = Records::default();
            let mut got = Vec::new();
            for part in wire.chunks(cut) {
                got.extend(records.take(part).unwrap());
            }
            let mut expect: Vec<Incoming> = bodies.into_iter()
                .map(|(kind, body)| Incoming::Handshake(kind, body))
                .collect();
            expect.push(Incoming::Alert(2, 40));
            prop_assert_eq!(got, expect);
        }

        #[test]
        fn octets_of_any_kind_do_no_harm(octets: Vec<u8>, cut in 1usize..64) {
            let mut records = Records::default();
            for part in octets.chunks(cut) {
                if records.take(part).is_err() {
                    break;
                }
            }
        }
    }
}
