//! A line of the ledger: one JSON object, chained to the line before it.
//!
//! The digest of a line is that of its octets without the line end, so that anybody can check the
//! chain with `sha256sum`. What a line says is never rewritten.

use std::io::Write as _;

use mailward_model::MessageId;
use serde::{Deserialize, Serialize};

use crate::{Digest, PublicKey, Signer};

/// Octets of a line at most: two addresses of RFC 5321's greatest length, escaped, need 8 KiB.
pub const LINE_OCTETS_MAX: usize = 16 << 10;

/// How a report came to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The target took it.
    Delivered,
    /// The alternate journal mailbox took it, because the target did not.
    Diverted,
    /// It was sent to the target once more, because somebody asked for that.
    Replayed,
}

/// A report that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Report {
    /// To whom it was, and why.
    pub how: How,
    /// The message it is about.
    pub message: MessageId,
    /// The delivery of that message that carried it.
    pub delivery: u32,
    /// The journal address, as the rule names it.
    pub target: String,
    /// The address that took it.
    pub to: String,
    /// The digest of the report's octets.
    pub report: Digest,
    /// How many these are.
    pub octets: u64,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A ledger begins.
    Began {
        /// The host.
        host: String,
    },
    /// A report was handed over.
    Report(Report),
    /// A report will not be handed over: an administrator took it out of the queue, or its time was
    /// over.
    GivenUp {
        /// The message it was about.
        message: MessageId,
        /// The delivery that would have carried it.
        delivery: u32,
        /// The journal address.
        target: String,
        /// Why.
        because: String,
    },
    /// A day is over.
    Root {
        /// The host.
        host: String,
        /// The day, `2026-11-26`, in UTC.
        day: String,
        /// The public key.
        key: String,
        /// The signature of this line's place in the chain.
        signature: String,
    },
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number; the first is 1.
    pub n: u64,
    /// When, Unix milliseconds.
    pub at: u64,
    /// The digest of the line before it; zeros in the first.
    pub prev: Digest,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// Octets that are no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Longer than any line that is written.
    #[error("the line has more than {LINE_OCTETS_MAX} octets")]
    TooLong,
    /// No line.
    #[error("it is no line of a ledger: {0}")]
    Unreadable(String),
}

impl Line {
    /// Reads a line without its line end.
    ///
    /// # Errors
    /// [`LineError`]: what is wrong with it.
    pub fn read(octets: &[u8]) -> Result<Line, LineError> {
        if octets.len() > LINE_OCTETS_MAX {
            return Err(LineError::TooLong);
        }
        serde_json::from_slice(octets).map_err(|error| LineError::Unreadable(error.to_string()))
    }

    /// The line with its line end. `None` for one that would be too long.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let said = Said::of(&self.what)?;
        let mut octets = Vec::with_capacity(said.0.len() + PLACE_OCTETS_MAX + 1);
        said.put(&mut octets, self.n, self.at, self.prev);
        octets.push(b'\n');
        Some(octets)
    }
}

/// Octets of a line that say where it stands: names, two numbers, a digest.
const PLACE_OCTETS_MAX: usize = 160;

/// What a line says, written before its place in the chain is known: places are given out one by one,
/// and nobody else should wait for what can be written before.
#[derive(Debug)]
pub(crate) struct Said(Vec<u8>);

impl Said {
    /// `None` where the line would be too long.
    pub(crate) fn of(what: &What) -> Option<Said> {
        let mut octets = Vec::with_capacity(384);
        serde_json::to_writer(&mut octets, what).ok()?;
        (octets.len() + PLACE_OCTETS_MAX <= LINE_OCTETS_MAX).then_some(Said(octets))
    }

    /// Appends the line with this place, without its line end.
    pub(crate) fn put(&self, out: &mut Vec<u8>, n: u64, at: u64, prev: Digest) {
        // Writing to a Vec cannot fail, here and below.
        let _ = write!(out, "{{\"n\":{n},\"at\":{at},\"prev\":\"");
        out.extend_from_slice(&prev.digits());
        out.extend_from_slice(b"\",");
        // An object too, and never an empty one: its fields go on behind these.
        out.extend_from_slice(self.0.strip_prefix(b"{").unwrap_or(&self.0));
    }
}

/// What a root's signature is made of: the place in the chain, and whose.
fn signed(host: &str, day: &str, n: u64, prev: Digest) -> Vec<u8> {
    format!("mailward journal root 1\n{host}\n{day}\n{n}\n{prev}").into_bytes()
}

/// The root of a day, as the line `n` behind `prev`.
pub(crate) fn root(signer: &Signer, host: &str, day: &str, n: u64, prev: Digest) -> What {
    What::Root {
        host: host.to_owned(),
        day: day.to_owned(),
        key: signer.public().to_string(),
        signature: signer.sign(&signed(host, day, n, prev)),
    }
}

/// Whether a root's signature is that of its key.
pub(crate) fn root_is_right(line: &Line) -> bool {
    let What::Root {
        host,
        day,
        key,
        signature,
    } = &line.what
    else {
        return false;
    };
    PublicKey::read(key)
        .is_some_and(|key| key.verifies(&signed(host, day, line.n, line.prev), signature))
}

/// The day of a moment, `2026-11-26`, in UTC.
pub fn day_of(unix_ms: u64) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::How;

    fn whats() -> impl Strategy<Value = What> {
        let how = prop_oneof![
            Just(How::Delivered),
            Just(How::Diverted),
            Just(How::Replayed)
        ];
        let report = (how, any::<u128>(), any::<u32>(), ".{0,40}", ".{0,40}");
        let report = (report, any::<[u8; 32]>(), any::<u64>()).prop_map(
            |((how, message, delivery, target, to), digest, octets)| {
                What::Report(Report {
                    how,
                    message: MessageId::from_bits(message),
                    delivery,
                    target,
                    to,
                    report: Digest(digest),
                    octets,
                })
            },
        );
        let given_up = (any::<u128>(), any::<u32>(), ".{0,40}", ".{0,200}").prop_map(
            |(message, delivery, target, because)| What::GivenUp {
                message: MessageId::from_bits(message),
                delivery,
                target,
                because,
            },
        );
        let began = ".{0,40}".prop_map(|host| What::Began { host });
        let root = (".{0,40}", ".{0,10}", ".{0,64}", ".{0,128}").prop_map(
            |(host, day, key, signature)| What::Root {
                host,
                day,
                key,
                signature,
            },
        );
        prop_oneof![report, given_up, began, root]
    }

    proptest! {
        #[test]
        fn a_line_is_what_its_fields_say(
            n in any::<u64>(),
            at in any::<u64>(),
            prev in any::<[u8; 32]>(),
            what in whats(),
        ) {
            let line = Line { n, at, prev: Digest(prev), what };
            let written = line.write().unwrap();
            let text = written.strip_suffix(b"\n").unwrap();
            prop_assert_eq!(text, serde_json::to_vec(&line).unwrap());
            prop_assert_eq!(Line::read(text).unwrap(), line);
        }
    }

    #[test]
    fn a_line_that_would_be_too_long_is_not_written() {
        let line = |octets: usize| Line {
            n: u64::MAX,
            at: u64::MAX,
            prev: Digest([255; 32]),
            what: What::Began {
                host: "x".repeat(octets),
            },
        };
        assert!(line(LINE_OCTETS_MAX).write().is_none());
        let longest = (0..LINE_OCTETS_MAX)
            .rev()
            .find_map(|octets| line(octets).write());
        let longest = longest.unwrap().len();
        assert!((LINE_OCTETS_MAX - PLACE_OCTETS_MAX..=LINE_OCTETS_MAX).contains(&longest));
    }
}
