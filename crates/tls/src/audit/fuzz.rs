//! What the fuzzer calls: everything that reads what a server under test may have sent.

use super::{
    dane,
    flight::Flight,
    heartbeat::{Echo, Heartbeat, PAYLOAD_OCTETS},
    ocsp,
    sts::Policy,
};
use crate::untrusted::UntrustedList;

/// Any octets as a flight, as the reply to a heartbeat, as a certificate, a staple, a policy.
///
/// # Panics
/// Where octets that cannot be an echo are taken for one.
pub fn fuzz_server(octets: &[u8]) {
    for size in [1, 7, octets.len().max(1)] {
        let mut flight = Flight::default();
        for part in octets.chunks(size) {
            if flight.take(part).is_err() {
                break;
            }
        }
        let payload = [0x5a; PAYLOAD_OCTETS];
        let mut echo = Echo::new(&payload);
        let verdict = octets.chunks(size).find_map(|part| echo.take(part));
        assert!(
            verdict != Some(Heartbeat::Echoed) || octets.len() > PAYLOAD_OCTETS,
            "an echo has all that was sent"
        );
    }
    ocsp::read(octets);
    ocsp::judge(octets, &[octets.into()], None, 0);
    UntrustedList::new([]).find(&[octets]);
    let record = super::dns::Tlsa {
        usage: 3,
        selector: 1,
        matching: 1,
        data: Vec::new(),
    };
    dane::judge(&[record], &[octets.into()]);
    if let Ok(text) = std::str::from_utf8(octets)
        && let Ok(policy) = Policy::read(text)
    {
        policy.covers("mx.example.org");
    }
}
