//! Signatures of what the nodes of a group say to each other over HTTP: HMAC-SHA-256 (RFC 2104)
//! with the group's key. They tell who speaks; they hide nothing.
//!
//! Invariant: parts are signed with their lengths, so that no two lists of parts sign alike.

use hmac::{Hmac, KeyInit, Mac};
use mailward_model::hex;
use sha2::Sha256;

/// Header field with the wall clock of the asking node, Unix milliseconds.
pub const TIME_FIELD: &str = "x-mailward-time";
/// Header field with the signature.
pub const SIGNATURE_FIELD: &str = "x-mailward-signature";
/// How far the clocks of two nodes may lie apart, in milliseconds.
pub const SKEW_MS_MAX: u64 = 300_000;
/// Octets a key has at least.
pub const KEY_OCTETS_MIN: usize = 16;

/// `None` never happens: HMAC takes keys of any length.
fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Some(mac)
}

/// The signature of these parts, in hexadecimal.
pub fn sign(key: &[u8], parts: &[&[u8]]) -> String {
    let mac = mac(key, parts);
    mac.map_or_else(String::new, |mac| hex(&mac.finalize().into_bytes()))
}

/// Whether `signature` is that of these parts. Compared in constant time.
pub fn verify(key: &[u8], parts: &[&[u8]], signature: &str) -> bool {
    let octets: Option<Vec<u8>> = signature
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    match (octets, mac(key, parts)) {
        (Some(octets), Some(mac)) => mac.verify_slice(&octets).is_ok(),
        _ => false,
    }
}

/// Whether a question that was asked at `asked_unix_ms` is of the present.
pub fn is_present(asked_unix_ms: u64, now_unix_ms: u64) -> bool {
    asked_unix_ms.abs_diff(now_unix_ms) <= SKEW_MS_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn borders_between_parts_are_signed() {
        let signature = sign(b"key", &[b"ab", b"c"]);
        assert!(verify(b"key", &[b"ab", b"c"], &signature));
        assert!(!verify(b"key", &[b"a", b"bc"], &signature));
        assert!(!verify(b"kez", &[b"ab", b"c"], &signature));
        assert!(!verify(b"key", &[b"ab", b"c"], &signature[2..]));
    }

    proptest! {
        #[test]
        fn random_text_is_no_signature(text in ".{0,80}") {
            prop_assert!(!verify(b"key", &[b"x"], &text));
        }
    }
}
