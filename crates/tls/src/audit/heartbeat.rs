//! The harmless test for Heartbleed (CVE-2014-0160): what is sent, and how the reply is judged.
//!
//! A heartbeat request (RFC 6520 §4) must carry sixteen octets of padding, and a sound server drops
//! one that does not. A server with the fault never looks: it sends the payload back. So the request
//! made here says the true length of its payload and has no padding: an echo of our own octets
//! proves the missing test, and no memory of the server is asked for.
//!
//! The payload is as long as a record takes. During the handshake OpenSSL 1.0.1 writes through a
//! buffer of some 4 KB that a heartbeat does not flush: the echo of a small request would stay in it,
//! and a vulnerable server would look sound.
//!
//! Never here: a request that claims more than it has; a reply that is kept. The reply is compared
//! as it comes and only counted.

use super::{
    hello::Version,
    record::{FRAGMENT_OCTETS_MAX, content, record},
};

/// Octets of the payload: with its type and length, one record to the brim.
pub const PAYLOAD_OCTETS: usize = (1 << 14) - 3;
/// Octets of other records that are passed over while the reply is awaited.
const PASSED_OVER_MAX: usize = 64 << 10;

const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;

/// Suites that are offered: those that servers of 2012 to 2014 had, few enough that the hello stays
/// below 256 octets (some balancers of that time hang on 256 to 511).
pub const SUITES: [u16; 24] = [
    0x002f, 0x0035, 0x000a, 0x0005, 0x0033, 0x0039, 0x0016, 0xc013, 0xc014, 0xc012, 0xc011, 0xc009,
    0xc00a, 0xc008, 0xc02f, 0xc030, 0xc02b, 0xc02c, 0x003c, 0x009c, 0xc027, 0x0032, 0x0041, 0x009e,
];

/// What came of the test at one version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "detail")]
pub enum Heartbeat {
    /// Our octets came back: the server is vulnerable.
    Echoed,
    /// The server offers no heartbeat: it cannot be affected.
    NotOffered,
    /// It refused the request with an alert of this number.
    Alert(u8),
    /// It closed the connection.
    Closed,
    /// It dropped the request, as RFC 6520 says.
    Silent,
    /// It answered with a heartbeat, but not with what was sent.
    Odd,
    /// It could not be tested.
    Untested(String),
}

/// The request: one record of the payload without padding, and a small one behind it, which makes
/// some servers send what they hold back.
pub fn request(version: Version, payload: &[u8; PAYLOAD_OCTETS]) -> Vec<u8> {
    let mut fragment = vec![REQUEST];
    fragment.extend(u16::try_from(PAYLOAD_OCTETS).unwrap_or(0).to_be_bytes());
    fragment.extend_from_slice(payload);
    let mut octets = record(content::HEARTBEAT, version.0, &fragment);
    octets.extend(record(
        content::HEARTBEAT,
        version.0,
        &[REQUEST, 0, 3, 1, 0, 0],
    ));
    octets
}

/// Judges what comes back, octet by octet.
#[derive(Debug)]
pub struct Echo<'a> {
    payload: &'a [u8; PAYLOAD_OCTETS],
    /// Octets of a header, while it is not whole.
    header: [u8; 5],
    header_octets: usize,
    /// Octets that the record still has.
    left: usize,
    kind: u8,
    /// Octets of heartbeats that were as they must be.
    matched: usize,
    /// The first octet of an alert's two.
    alert_octets: usize,
    passed_over: usize,
}

impl<'a> Echo<'a> {
    /// Waits for the echo of this payload.
    pub fn new(payload: &'a [u8; PAYLOAD_OCTETS]) -> Self {
        Echo {
            payload,
            header: [0; 5],
            header_octets: 0,
            left: 0,
            kind: 0,
            matched: 0,
            alert_octets: 0,
            passed_over: 0,
        }
    }

    /// Takes what was read; `Some` when it is decided. The octets are not kept.
    pub fn take(&mut self, octets: &[u8]) -> Option<Heartbeat> {
        octets.iter().find_map(|octet| self.octet(*octet))
    }

    fn octet(&mut self, octet: u8) -> Option<Heartbeat> {
        if self.left == 0 {
            if let Some(slot) = self.header.get_mut(self.header_octets) {
                *slot = octet;
            }
            self.header_octets += 1;
            if self.header_octets < self.header.len() {
                return None;
            }
            let [kind, _, _, high, low] = self.header;
            self.header_octets = 0;
            self.kind = kind;
            self.left = usize::from(u16::from_be_bytes([high, low]));
            self.alert_octets = 0;
            // Only what holds to the protocol is an answer to be judged.
            let is_record = (20..=24).contains(&kind) && self.left <= FRAGMENT_OCTETS_MAX;
            return (!is_record).then_some(Heartbeat::Odd);
        }
        self.left -= 1;
        match self.kind {
            content::HEARTBEAT => self.heartbeat(octet),
            content::ALERT => {
                self.alert_octets += 1;
                (self.alert_octets == 2).then_some(Heartbeat::Alert(octet))
            }
            _ => {
                self.passed_over += 1;
                (self.passed_over > PASSED_OVER_MAX).then_some(Heartbeat::Silent)
            }
        }
    }

    fn heartbeat(&mut self, octet: u8) -> Option<Heartbeat> {
        let [high, low] = u16::try_from(PAYLOAD_OCTETS).unwrap_or(0).to_be_bytes();
        let expected = match self.matched {
            0 => Some(RESPONSE),
            1 => Some(high),
            2 => Some(low),
            at => self.payload.get(at - 3).copied(),
        };
        if expected != Some(octet) {
            return Some(Heartbeat::Odd);
        }
        self.matched += 1;
        (self.matched == PAYLOAD_OCTETS + 3).then_some(Heartbeat::Echoed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn payload() -> [u8; PAYLOAD_OCTETS] {
        std::array::from_fn(|at| (at * 7 + at / 251) as u8)
    }

    #[test]
    fn the_request_has_no_padding_and_claims_what_it_has() {
        let octets = request(Version::TLS11, &payload());
        assert_eq!(&octets[..8], &[24, 3, 2, 0x40, 0, 1, 0x3f, 0xfd]);
        assert_eq!(&octets[8..8 + PAYLOAD_OCTETS], payload());
        assert_eq!(
            &octets[8 + PAYLOAD_OCTETS..],
            &[24, 3, 2, 0, 6, 1, 0, 3, 1, 0, 0]
        );
    }

    /// What OpenSSL 1.0.1e sends back: the echo, with the server's padding, cut into records.
    fn reply(payload: &[u8]) -> Vec<u8> {
        let mut message = vec![2, 0x3f, 0xfd];
        message.extend_from_slice(payload);
        message.extend([0xaa; 16]);
        message
            .chunks(1 << 14)
            .flat_map(|part| record(content::HEARTBEAT, 0x0303, part))
            .collect()
    }

    #[test]
    fn replies_are_told_apart() {
        let own = payload();
        let judge = |octets: &[u8]| Echo::new(&own).take(octets);
        assert_eq!(judge(&reply(&own)), Some(Heartbeat::Echoed));
        let mut other = own;
        other[16_380] ^= 1;
        assert_eq!(
            judge(&reply(&other)),
            Some(Heartbeat::Odd),
            "compared to its last octet"
        );
        let alert = record(content::ALERT, 0x0303, &[2, 10]);
        assert_eq!(judge(&alert), Some(Heartbeat::Alert(10)));
        let small = record(content::HEARTBEAT, 0x0303, &[2, 0, 3, 1, 0, 0]);
        assert_eq!(judge(&small), Some(Heartbeat::Odd));
        assert_eq!(judge(b"500 OOPS"), Some(Heartbeat::Odd));
        assert_eq!(judge(b"\x16\x03\x03\x00\x02ab"), None);
        let whole = reply(&own);
        assert_eq!(judge(&whole[..16_388]), None, "an octet short of the proof");
        assert_eq!(judge(&whole[..16_389]), Some(Heartbeat::Echoed));
        let chatter = record(content::HANDSHAKE, 0x0303, &[0; 16_000]).repeat(10);
        assert_eq!(judge(&chatter), Some(Heartbeat::Silent), "it ends");
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_echo_is_seen(cut in 1usize..5000, fragment in 1usize..(1 << 14)) {
            let own = payload();
            let mut message = vec![2, 0x3f, 0xfd];
            message.extend_from_slice(&own);
            let wire: Vec<u8> = message.chunks(fragment)
                .flat_map(|part| record(content::HEARTBEAT, 0x0301, part))
                .collect();
            let mut echo = Echo::new(&own);
            let verdict = wire.chunks(cut).find_map(|part| echo.take(part));
            prop_assert_eq!(verdict, Some(Heartbeat::Echoed));
        }

        #[test]
        fn octets_of_any_kind_are_no_echo(octets: Vec<u8>) {
            let own = payload();
            prop_assert_ne!(Echo::new(&own).take(&octets), Some(Heartbeat::Echoed));
        }
    }
}
