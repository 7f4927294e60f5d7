//! The server's first flight: read until the server is done, refuses, or turns out to speak no TLS.
//!
//! A machine without a socket: octets in, [`Progress`] out.

use super::{
    hello::{ServerHello, Version},
    record::{Incoming, RecordError, Records},
};
use crate::octets::Octets;

/// Certificates of one chain that are kept; further ones are counted.
pub const CHAIN_MAX: usize = 10;

/// Types of handshake messages (RFC 8446 §4, RFC 5246 §7.4, RFC 6066 §8).
mod message {
    pub(super) const SERVER_HELLO: u8 = 2;
    pub(super) const CERTIFICATE: u8 = 11;
    pub(super) const SERVER_HELLO_DONE: u8 = 14;
    pub(super) const CERTIFICATE_STATUS: u8 = 22;
}

/// What came of a hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// More is to come.
    Waiting,
    /// The server is done: it waits for the client. In TLS 1.3, it has chosen: what follows is
    /// encrypted.
    Done,
    /// The server refuses, by an alert with this number.
    Refused(u8),
}

/// What a server said.
#[derive(Debug, Default)]
pub struct Flight {
    records: Records,
    /// Its choice.
    pub hello: Option<ServerHello>,
    /// Its certificates, DER, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The OCSP response it stapled.
    pub staple: Option<Vec<u8>>,
}

impl Flight {
    /// Takes what was read.
    ///
    /// # Errors
    /// [`RecordError`] where it is no TLS or has no end.
    pub fn take(&mut self, octets: &[u8]) -> Result<Progress, RecordError> {
        for incoming in self.records.take(octets)? {
            let progress = match incoming {
                Incoming::Handshake(kind, body) => self.message(kind, &body)?,
                // A warning (RFC 5246 §7.2.1) such as unrecognized_name does not end anything.
                Incoming::Alert(1, what) if what != 0 => Progress::Waiting,
                Incoming::Alert(_, what) => Progress::Refused(what),
                Incoming::Other(..) => Progress::Waiting,
            };
            if progress != Progress::Waiting {
                return Ok(progress);
            }
        }
        Ok(Progress::Waiting)
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Result<Progress, RecordError> {
        match kind {
            message::SERVER_HELLO => {
                let hello = ServerHello::read(body).ok_or(RecordError::NoTls)?;
                self.hello = Some(hello);
                if hello.version == Version::TLS13 || hello.retry {
                    return Ok(Progress::Done);
                }
            }
            message::CERTIFICATE => self.chain = chain(body).ok_or(RecordError::NoTls)?,
            message::CERTIFICATE_STATUS => self.staple = staple(body),
            message::SERVER_HELLO_DONE => return Ok(Progress::Done),
            _ => {}
        }
        Ok(Progress::Waiting)
    }
}

/// The certificates of a Certificate message (RFC 5246 §7.4.2).
fn chain(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Octets(Octets(body).behind_u24()?);
    let mut chain = Vec::new();
    while !list.is_empty() && chain.len() < CHAIN_MAX {
        chain.push(list.behind_u24()?.to_vec());
    }
    Some(chain)
}

/// The response of a CertificateStatus message (RFC 6066 §8).
fn staple(body: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Octets(body);
    (octets.u8()? == 1).then_some(())?;
    octets.behind_u24().map(<[u8]>::to_vec)
}

/// The name of an alert (RFC 8446 §6).
pub fn alert_name(what: u8) -> &'static str {
    match what {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        22 => "record_overflow",
        40 => "handshake_failure",
        42 => "bad_certificate",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        116 => "certificate_required",
        _ => "another alert",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::record::{content, record};

    fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let message = [&[kind], &length[1..], body].concat();
        record(content::HANDSHAKE, 0x0303, &message)
    }

    fn server_hello() -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([1; 32]);
        body.extend([0, 0xc0, 0x2f, 0]);
        handshake(2, &body)
    }

    #[test]
    fn a_flight_is_read_to_its_end() {
        let mut flight = Flight::default();
        assert_eq!(flight.take(&server_hello()), Ok(Progress::Waiting));
        let chain = handshake(11, &[0, 0, 9, 0, 0, 2, 8, 8, 0, 0, 1, 7]);
        assert_eq!(flight.take(&chain), Ok(Progress::Waiting));
        assert_eq!(flight.chain, [vec![8, 8], vec![7]]);
        let staple = handshake(22, &[1, 0, 0, 1, 5]);
        assert_eq!(flight.take(&staple), Ok(Progress::Waiting));
        assert_eq!(flight.staple, Some(vec![5]));
        assert_eq!(flight.take(&handshake(14, &[])), Ok(Progress::Done));
    }

    #[test]
    fn a_refusal_is_told_from_a_warning() {
        let mut flight = Flight::default();
        let warning = record(content::ALERT, 0x0301, &[1, 112]);
        assert_eq!(flight.take(&warning), Ok(Progress::Waiting));
        let fatal = record(content::ALERT, 0x0301, &[2, 70]);
        assert_eq!(flight.take(&fatal), Ok(Progress::Refused(70)));
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_do_no_harm(octets: Vec<u8>) {
            for kind in [2, 11, 22, 14] {
                let mut flight = Flight::default();
                let _ = flight.take(&handshake(kind, &octets));
                prop_assert!(flight.chain.len() <= CHAIN_MAX);
            }
            let _ = Flight::default().take(&octets);
        }
    }
}
