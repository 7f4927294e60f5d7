//! The marker of a health probe: a header field that only this installation can write.
//!
//! `X-Mailward-Probe: v1; path=receive%2FInternet; node=mx.example.org; slot=7; expires=1739349005;
//! sig=…` on one line. The signature is HMAC-SHA-256 (RFC 2104) under the node's probe key, over
//! path, node, slot and expiry with a NUL after each of the first three. Names are percent-encoded
//! in the field and plain in what is signed.
//!
//! Invariant: a [`Marker`] returned by [`Marker::verify`] was signed with one of the keys and has
//! not expired. What a marked message may do, and that a marker is used once, is decided elsewhere.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The field's name.
pub const FIELD: &str = "X-Mailward-Probe";
/// How long a marker is worth anything, in seconds.
pub const LIFETIME_SECS: u64 = 900;
/// How far the clock may have been put back since a marker was signed, in seconds. A marker that
/// claims to live longer than [`LIFETIME_SECS`] and this is no marker.
const CLOCK_SLACK_SECS: u64 = 60;
/// Octets a marker may have; a longer value is not looked at.
const VALUE_OCTETS_MAX: usize = 2_048;

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// The path the probe takes: [`received_path`] or [`sent_path`].
    pub path: String,
    /// The node that sent it.
    pub node: String,
    /// Which run of the probe it is; greater with each run of a path.
    pub slot: u64,
    /// When it stops being worth anything, Unix seconds.
    pub expires_unix: u64,
}

/// The path of mail that comes in through a receive connector.
pub fn received_path(connector: &str) -> String {
    format!("receive/{connector}")
}

/// The path of mail that goes out through a send connector.
pub fn sent_path(connector: &str) -> String {
    format!("send/{connector}")
}

/// The send connector of a [`sent_path`].
pub fn sent_through(path: &str) -> Option<&str> {
    path.strip_prefix("send/")
}

impl Marker {
    /// The field's value, signed with `key`.
    pub fn sign(&self, key: &[u8; 32]) -> String {
        let mut value = format!(
            "v1; path={}; node={}; slot={}; expires={}; sig=",
            escape(&self.path),
            escape(&self.node),
            self.slot,
            self.expires_unix
        );
        if let Some(mac) = self.mac(key) {
            for octet in mac.finalize().into_bytes() {
                // Writing to a String cannot fail.
                let _ = write!(value, "{octet:02x}");
            }
        }
        value
    }

    /// When it was signed, Unix seconds.
    pub fn signed_unix(&self) -> u64 {
        self.expires_unix.saturating_sub(LIFETIME_SECS)
    }

    /// Reads a field's value; `None` where it is no marker, was signed with none of these keys, has
    /// expired at `now_unix` (Unix seconds), or claims a life longer than [`LIFETIME_SECS`].
    pub fn verify(keys: &[[u8; 32]], value: &str, now_unix: u64) -> Option<Marker> {
        if value.len() > VALUE_OCTETS_MAX {
            return None;
        }
        let mut parts = value.split(';').map(str::trim);
        if parts.next() != Some("v1") {
            return None;
        }
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix('=');
        let marker = Marker {
            path: unescape(part("path")?)?,
            node: unescape(part("node")?)?,
            slot: part("slot")?.parse().ok()?,
            expires_unix: part("expires")?.parse().ok()?,
        };
        let signature = from_hex(part("sig")?)?;
        if parts.next().is_some() {
            return None;
        }
        // Compared in constant time.
        let signed = |key| {
            let mac: Option<Hmac<Sha256>> = marker.mac(key);
            mac.is_some_and(|mac| mac.verify_slice(&signature).is_ok())
        };
        if !keys.iter().any(signed) {
            return None;
        }
        let lives = marker.expires_unix.checked_sub(now_unix)?;
        (1..=LIFETIME_SECS + CLOCK_SLACK_SECS)
            .contains(&lives)
            .then_some(marker)
    }

    /// `None` never happens: HMAC takes keys of any length.
    fn mac(&self, key: &[u8; 32]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        for text in [self.path.as_str(), self.node.as_str()] {
            mac.update(text.as_bytes());
            mac.update(&[0]);
        }
        mac.update(self.slot.to_string().as_bytes());
        mac.update(&[0]);
        mac.update(self.expires_unix.to_string().as_bytes());
        Some(mac)
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_') {
            escaped.push(char::from(octet));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{octet:02X}");
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            octets.push(hex_digit(rest.next()?)? << 4 | hex_digit(rest.next()?)?);
        } else {
            octets.push(octet);
        }
    }
    let text = String::from_utf8(octets).ok()?;
    // NUL separates the parts that are signed: inside one of them it could shift the borders.
    (!text.contains(char::is_control)).then_some(text)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut octets = [0; 32];
    let mut digits = text.bytes();
    for octet in &mut octets {
        *octet = hex_digit(digits.next()?)? << 4 | hex_digit(digits.next()?)?;
    }
    digits.next().is_none().then_some(octets)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker() -> Marker {
        Marker {
            path: received_path("Internet; inbound"),
            node: "mx.example.org".into(),
            slot: 7,
            expires_unix: 1_000,
        }
    }

    #[test]
    fn a_marker_is_good_until_it_expires() {
        let key = [7; 32];
        let value = marker().sign(&key);
        assert!(!value.contains(['\r', '\n']));
        assert_eq!(Marker::verify(&[key], &value, 999), Some(marker()));
        assert_eq!(
            Marker::verify(&[[8; 32], key], &value, 999),
            Some(marker()),
            "signed before the key was changed"
        );
        assert_eq!(Marker::verify(&[key], &value, 1_000), None);
        assert_eq!(Marker::verify(&[[8; 32]], &value, 999), None);
        assert_eq!(Marker::verify(&[], &value, 999), None);
        for expires_unix in [u64::MAX, 999 + LIFETIME_SECS + CLOCK_SLACK_SECS + 1] {
            let eternal = Marker {
                expires_unix,
                ..marker()
            };
            assert_eq!(Marker::verify(&[key], &eternal.sign(&key), 999), None);
        }
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let key = [7; 32];
        let value = marker().sign(&key);
        for (from, to) in [
            ("slot=7", "slot=8"),
            ("expires=1000", "expires=2000"),
            ("mx.", "my."),
            ("sig=", "sig=0"),
            ("v1", "v2"),
        ] {
            assert_eq!(
                Marker::verify(&[key], &value.replace(from, to), 1),
                None,
                "{to}"
            );
        }
    }

    proptest! {
        #[test]
        fn random_text_is_no_marker(value in "(v1; )?[ -~é]{0,120}") {
            prop_assert_eq!(Marker::verify(&[[7; 32]], &value, 1), None);
        }

        #[test]
        fn names_survive(path in "[^\\p{C}]{0,30}", slot: u64) {
            let marker = Marker { path, slot, ..marker() };
            prop_assert_eq!(Marker::verify(&[[1; 32]], &marker.sign(&[1; 32]), 500), Some(marker));
        }
    }
}
