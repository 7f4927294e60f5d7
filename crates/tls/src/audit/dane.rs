//! DANE for SMTP (RFC 7672): whether what a server shows is what its TLSA records promise.
//!
//! Pure: records and chain in, verdict out.

use ring::digest;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::dns::Tlsa;

/// What the records come to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "dane", content = "detail")]
pub enum Dane {
    /// It was not asked: the target has no name.
    NotAsked,
    /// There are no records.
    None,
    /// There are, and nobody vouches that they were not changed on the way.
    NotAuthentic(usize),
    /// A record matches: its number in the list.
    Matches(usize),
    /// No record that counts matches.
    Mismatch(usize),
    /// There are records, and none that counts for SMTP (RFC 7672 §3.1.3).
    Unusable(usize),
    /// The records could not be had: senders that do DANE defer their mail (RFC 7672 §2.1).
    Failing(String),
}

/// Compares records with a chain, leaf first.
pub fn judge(records: &[Tlsa], chain: &[CertificateDer<'_>]) -> Dane {
    if records.is_empty() {
        return Dane::None;
    }
    // RFC 7672 §3.1: only DANE-TA(2) and DANE-EE(3), with what is known of the other two fields.
    let usable =
        |tlsa: &Tlsa| matches!(tlsa.usage, 2 | 3) && tlsa.selector <= 1 && tlsa.matching <= 2;
    let found = records.iter().position(|tlsa| {
        let candidates = match tlsa.usage {
            3 => chain.get(..1),
            // RFC 7671 §5.2: the trust anchor must stand in the chain that is sent.
            2 => chain.get(1..),
            _ => None,
        };
        usable(tlsa)
            && candidates
                .unwrap_or_default()
                .iter()
                .any(|certificate| matches(tlsa, certificate))
    });
    match found {
        Some(at) => Dane::Matches(at),
        None if records.iter().any(usable) => Dane::Mismatch(records.len()),
        None => Dane::Unusable(records.len()),
    }
}

fn matches(tlsa: &Tlsa, certificate: &CertificateDer<'_>) -> bool {
    let selected: &[u8] = match tlsa.selector {
        0 => certificate,
        _ => match X509Certificate::from_der(certificate) {
            Ok((_, parsed)) => parsed.tbs_certificate.subject_pki.raw,
            Err(_) => return false,
        },
    };
    match tlsa.matching {
        0 => selected == tlsa.data,
        1 => digest::digest(&digest::SHA256, selected).as_ref() == tlsa.data,
        _ => digest::digest(&digest::SHA512, selected).as_ref() == tlsa.data,
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::pem::PemObject;

    use super::*;
    use crate::ca;

    fn chain() -> Vec<CertificateDer<'static>> {
        let authority = ca::Authority::new("Test Authority").unwrap();
        let issued = authority.issue(&ca::Leaf::new(["mx.example.org"])).unwrap();
        CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap()
    }

    fn spki(certificate: &CertificateDer<'_>) -> Vec<u8> {
        let (_, parsed) = X509Certificate::from_der(certificate).unwrap();
        parsed.tbs_certificate.subject_pki.raw.to_vec()
    }

    #[test]
    fn records_are_compared_as_rfc_7672_says() {
        let chain = chain();
        let sha256 = |octets: &[u8]| digest::digest(&digest::SHA256, octets).as_ref().to_vec();
        let sha512 = |octets: &[u8]| digest::digest(&digest::SHA512, octets).as_ref().to_vec();
        let tlsa = |usage, selector, matching, data| Tlsa {
            usage,
            selector,
            matching,
            data,
        };
        let leaf_key = tlsa(3, 1, 1, sha256(&spki(&chain[0])));
        let other = tlsa(3, 1, 1, vec![0; 32]);
        for (records, expect) in [
            (vec![], Dane::None),
            (vec![leaf_key.clone()], Dane::Matches(0)),
            (vec![other.clone(), leaf_key.clone()], Dane::Matches(1)),
            (vec![other.clone()], Dane::Mismatch(1)),
            (vec![tlsa(3, 0, 0, chain[0].to_vec())], Dane::Matches(0)),
            (vec![tlsa(3, 0, 2, sha512(&chain[0]))], Dane::Matches(0)),
            (vec![tlsa(2, 0, 1, sha256(&chain[1]))], Dane::Matches(0)),
            (
                vec![tlsa(2, 1, 1, sha256(&spki(&chain[1])))],
                Dane::Matches(0),
            ),
            // The leaf is no trust anchor, and the anchor no leaf.
            (vec![tlsa(2, 0, 1, sha256(&chain[0]))], Dane::Mismatch(1)),
            (vec![tlsa(3, 0, 1, sha256(&chain[1]))], Dane::Mismatch(1)),
            (vec![tlsa(1, 0, 1, sha256(&chain[0]))], Dane::Unusable(1)),
            (
                vec![tlsa(3, 9, 1, sha256(&chain[0])), other],
                Dane::Mismatch(2),
            ),
        ] {
            assert_eq!(judge(&records, &chain), expect, "{records:?}");
        }
    }
}
