//! Identifiers: messages, objects, revisions.
//!
//! A [`MessageId`] is a ULID (48 bits of Unix milliseconds, 80 bits that make it unique), printed as
//! 26 characters of Crockford's base 32. So ids sort by the time of acceptance, and the tracking log
//! can be searched by an id alone.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::address::text_form;

/// Identity of a message from the moment it is accepted: the queue id and, in tracking, the
/// network-message-id that survives forks and expansion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(u128);

/// Crockford's alphabet, lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl MessageId {
    /// Makes an id from Unix time in milliseconds (48 bits used) and 80 bits of entropy.
    pub fn new(unix_ms: u64, entropy: [u8; 10]) -> Self {
        let entropy = entropy
            .iter()
            .fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
        MessageId(u128::from(unix_ms & 0xffff_ffff_ffff) << 80 | entropy)
    }

    /// When the message was accepted, Unix milliseconds.
    pub fn unix_ms(self) -> u64 {
        (self.0 >> 80) as u64
    }

    /// The 128 bits, as stored.
    pub fn to_bits(self) -> u128 {
        self.0
    }

    /// The id of stored bits.
    pub fn from_bits(bits: u128) -> Self {
        MessageId(bits)
    }
}

/// A text that is not a message id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a message id: 26 letters and digits, without i, l, o and u")]
pub struct MessageIdError(String);

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, MessageIdError> {
        let fail = || MessageIdError(text.chars().take(64).collect());
        // 26 characters hold 130 bits: the first may only be 0 to 7.
        if text.len() != 26 || text.as_bytes().first().is_some_and(|b| *b > b'7') {
            return Err(fail());
        }
        text.bytes()
            .try_fold(0u128, |bits, byte| {
                let byte = byte.to_ascii_lowercase();
                let digit = ALPHABET.iter().position(|c| *c == byte).ok_or_else(fail)?;
                Ok(bits << 5 | digit as u128)
            })
            .map(MessageId)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 26];
        let mut bits = self.0;
        for place in text.iter_mut().rev() {
            *place = ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'0');
            bits >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

text_form!(MessageId, "ulid");

/// Identity of an object in the store: given once, never reused, stable over renames.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ObjectId(pub u64);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of a change in the store's change feed; each write of an object gives it a higher one.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_sort_by_time_and_show_it() {
        let early = MessageId::new(1_700_000_000_000, [255; 10]);
        let late = MessageId::new(1_700_000_000_001, [0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.unix_ms(), 1_700_000_000_001);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "abc",
            "8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "0000000000000000000000000i",
        ] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_survive_printing(bits: u128) {
            let id = MessageId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
        }
    }
}
