//! Lists of real authorities, made here; and what is none. No network, no clock.

use proptest::prelude::*;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, DnType, IsCa, Issuer as Signer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};

use super::*;

/// An authority that makes lists.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    signer: Signer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Authority {
            der,
            signer: Signer::new(params, key),
        }
    }

    pub(crate) fn leaf(&self, serial: u64, place: &str) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.crl_distribution_points = vec![CrlDistributionPoint {
            uris: vec![place.to_owned()],
        }];
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.signer).unwrap().der().clone()
    }

    pub(crate) fn crl(
        &self,
        serials: &[u64],
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> Vec<u8> {
        let revoked = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 11, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let mut params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 11, 20),
            next_update: date_time_ymd(2026, 12, 20),
            crl_number: SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        params.signed_by(&self.signer).unwrap().der().to_vec()
    }
}

#[test]
fn a_list_of_its_issuer_is_read() {
    let authority = Authority::new("Example CA");
    let issuers = [Issuer::of_certificate(&authority.der).unwrap()];
    let der = authority.crl(&[0x77, 0xff00], |_| {});
    let (kept, crl) = read(&der, &issuers).unwrap();
    assert_eq!(kept, der);
    assert_eq!(
        (crl.issuer.as_str(), crl.number.as_str()),
        ("CN=Example CA", "07")
    );
    assert_eq!(crl.count(), 2);
    assert_eq!(crl.reason(&[0x77]), Some("keyCompromise"));
    assert_eq!(crl.reason(&[0xff, 0x00]), Some("keyCompromise"));
    assert_eq!(crl.reason(&[0x78]), None);
    // 20 November and 20 December 2026.
    assert_eq!(crl.this_update_unix_ms, 1_795_132_800_000);
    assert_eq!(crl.next_update_unix_ms, Some(1_797_724_800_000));
    let leaf = authority.leaf(0x77, "http://crl.example/a.crl");
    assert!(crl.speaks_of(&leaf));
    assert!(!crl.speaks_of(&Authority::new("Other CA").leaf(0x77, "http://x/")));
    assert_eq!(places(&leaf), ["http://crl.example/a.crl"]);
    assert!(issued(&leaf, &authority.der));
    assert!(!issued(&leaf, &Authority::new("Example CA").der));
    let none = authority.crl(&[], |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint {
                uris: vec!["http://crl.example/a.crl".to_owned()],
            },
            scope: Some(rcgen::CrlScope::UserCertsOnly),
        });
    });
    assert_eq!(read(&none, &issuers).unwrap().1.count(), 0);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    assert!(read(&none, &Issuer::of_roots(&roots)).is_ok());
}

#[test]
fn one_that_its_issuer_did_not_sign_is_refused() {
    let (ours, other) = (Authority::new("Example CA"), Authority::new("Other CA"));
    let of = |one: &Authority| [Issuer::of_certificate(&one.der).unwrap()];
    let der = ours.crl(&[1], |_| {});
    assert_eq!(
        read(&der, &of(&other)),
        Err(CrlError::Issuer("CN=Example CA".into()))
    );
    // Somebody who goes by the same name.
    let forged = Authority::new("Example CA").crl(&[1], |_| {});
    assert_eq!(
        read(&forged, &of(&ours)),
        Err(CrlError::Signature("CN=Example CA".into()))
    );
    for at in [40, der.len() / 2, der.len() - 1] {
        let mut changed = der.clone();
        changed[at] ^= 1;
        assert!(read(&changed, &of(&ours)).is_err(), "octet {at}");
    }
    for wrong in [
        &b""[..],
        b"-----BEGIN X",
        b"<html>",
        &der[..der.len() - 1],
        &ours.der,
    ] {
        assert!(matches!(
            read(wrong, &of(&ours)),
            Err(CrlError::Form(_) | CrlError::Issuer(_) | CrlError::Signature(_))
        ));
    }
    let mut longer = der.clone();
    longer.push(0);
    assert!(read(&longer, &of(&ours)).is_err());
}

proptest! {
    #[test]
    fn octets_of_any_kind_do_no_harm(octets: Vec<u8>) {
        prop_assert!(read(&octets, &[]).is_err());
        let _ = read_kept(&octets);
        let _ = places(&CertificateDer::from(octets));
    }
}
