//! Values that need more than their type to be read: files, local addresses, defaults.

use std::{
    fs::File,
    io::{self, Read},
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use mailward_model::{Binding, kind::TimeOfDay, unit::Span};
use serde::{Deserialize, Deserializer, Serialize};

use crate::view::Requester;

/// Octets of a file of objects. A text of this size holds some 50,000 objects.
pub const TEXT_OCTETS_MAX: u64 = 8 << 20;
/// Octets of a header section that are looked at.
const HEADER_OCTETS_MAX: usize = 256 << 10;

/// What is told of a message that is not there: its header section and its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageFile {
    /// The header section.
    pub header: String,
    /// Octets of the whole message.
    pub size: u64,
}

pub(super) fn list_limit() -> u32 {
    50
}

pub(super) fn trace_limit() -> u32 {
    1000
}

/// Entries that one answer may have.
const LIMITS: std::ops::RangeInclusive<u32> = 1..=10_000;

/// As many as Exchange looks at.
pub(super) fn group_size() -> u32 {
    12
}

/// As Exchange's own.
pub(super) fn online_percent() -> u32 {
    70
}

pub(super) fn deserialize_group_size<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=1_000)
}

pub(super) fn deserialize_percent<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, 1..=100)
}

fn within<E: serde::de::Error>(
    number: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32, E> {
    if range.contains(&number) {
        return Ok(number);
    }
    let (least, most) = (range.start(), range.end());
    Err(E::custom(format!(
        "{number} is out of range: choose a number from {least} to {most}"
    )))
}

pub(super) fn deserialize_limit<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    within(u32::deserialize(deserializer)?, LIMITS)
}

/// As long as a working day.
pub(super) fn override_span() -> Span {
    Span::from_secs(8 * 3600)
}

pub(super) fn requester() -> Requester {
    Requester::Maintenance
}

pub(super) fn cancel_reason() -> String {
    "cancelled by an administrator".to_owned()
}

pub(super) fn override_scope() -> String {
    "node".to_owned()
}

/// As long as a night's work.
pub(super) fn silence_span() -> Span {
    Span::from_secs(2 * 3600)
}
pub(super) fn forecast_days() -> u32 {
    90
}

pub(super) fn replay_days() -> u32 {
    30
}

/// Days a forecast may look ahead.
const DAYS: std::ops::RangeInclusive<u32> = 1..=3650;

pub(super) fn deserialize_days<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u32, D::Error> {
    let days = u32::deserialize(deserializer)?;
    if DAYS.contains(&days) {
        return Ok(days);
    }
    Err(serde::de::Error::custom(format!(
        "{days} is out of range: choose a number from {} to {}",
        DAYS.start(),
        DAYS.end()
    )))
}

/// A week.
pub(super) fn drill_every() -> Span {
    Span::from_secs(7 * 86_400)
}

/// When most organisations sleep.
pub(super) fn drill_at() -> TimeOfDay {
    TimeOfDay::from_minutes(3 * 60)
}

pub(super) fn drain_reason() -> String {
    "drained by an administrator".to_owned()
}

pub(super) fn freeze_reason() -> String {
    "frozen by an administrator".to_owned()
}

fn open(name: &str) -> Result<Box<dyn Read>, String> {
    if name == "-" {
        return Ok(Box::new(io::stdin()));
    }
    File::open(name)
        .map(|file| Box::new(file) as Box<dyn Read>)
        .map_err(|error| format!("cannot open it: {error}"))
}

/// Reads a file of objects; `-` stands for standard input.
pub(super) fn read_text(name: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = open(name)?
        .take(TEXT_OCTETS_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read it: {error}"))?;
    if read as u64 > TEXT_OCTETS_MAX {
        return Err(format!("it has more than {TEXT_OCTETS_MAX} octets"));
    }
    Ok(text)
}

/// Reads a message's header section and counts its octets; `-` stands for standard input.
pub(super) fn read_message(name: &str) -> Result<MessageFile, String> {
    let mut file = open(name)?;
    let mut head = Vec::new();
    let fail = |error: io::Error| format!("cannot read it: {error}");
    let read = file
        .by_ref()
        .take(HEADER_OCTETS_MAX as u64)
        .read_to_end(&mut head)
        .map_err(fail)?;
    let rest = io::copy(&mut file, &mut io::sink()).map_err(fail)?;
    let end = |separator: &[u8]| {
        head.windows(separator.len())
            .position(|window| window == separator)
            .map(|at| at + separator.len())
    };
    let end = match (end(b"\r\n\r\n"), end(b"\n\n")) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b).unwrap_or(head.len()),
    };
    head.truncate(end);
    Ok(MessageFile {
        header: String::from_utf8_lossy(&head).into_owned(),
        size: read as u64 + rest,
    })
}

/// Reads `192.0.2.1:25`, `[2001:db8::1]:25` or `:25`, which stands for any local address.
pub(super) fn local_address(text: &str) -> Result<SocketAddr, String> {
    let binding: Binding = text
        .parse()
        .map_err(|error: mailward_model::network::BindingError| error.to_string())?;
    let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    Ok(SocketAddr::new(binding.ip.unwrap_or(any), binding.port))
}

pub(super) fn deserialize_local_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SocketAddr, D::Error> {
    local_address(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_by_its_header_and_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        for (octets, header) in [
            (&b"A: b\r\n\r\nbody\n\nmore"[..], "A: b\r\n\r\n"),
            (b"A: b\n\nbody\r\n\r\nmore", "A: b\n\n"),
            (b"A: b", "A: b"),
            (b"A: \xff\n\n", "A: \u{fffd}\n\n"),
            (b"", ""),
        ] {
            std::fs::write(&path, octets).unwrap();
            let file = read_message(path.to_str().unwrap()).unwrap();
            assert_eq!(
                (file.header.as_str(), file.size),
                (header, octets.len() as u64)
            );
        }
        assert!(
            read_message("/nonexistent/m")
                .unwrap_err()
                .contains("cannot open")
        );
    }

    #[test]
    fn local_addresses() {
        for (text, expect) in [
            (":25", "[::]:25"),
            ("*:25", "[::]:25"),
            ("192.0.2.1:25", "192.0.2.1:25"),
            ("[2001:db8::1]:587", "[2001:db8::1]:587"),
        ] {
            assert_eq!(local_address(text).unwrap().to_string(), expect);
        }
        assert!(local_address("192.0.2.1").is_err());
    }
}
