//! Filters made by the builder that publishers use (`bench/filters`), asked about certificates of the
//! authority they were made for.

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, IsCa, Issuer,
    KeyPair, SerialNumber,
};
use rustls::RootCertStore;

use super::*;
use crate::untrusted::{By, Distrusted, Layer, Origin, Untrusted, UntrustedList};

pub(crate) const WHOLE: &[u8] = include_bytes!("whole.filter");
const WHOLE_V3: &[u8] = include_bytes!("whole-v3.filter");
pub(crate) const ADDED: &[u8] = include_bytes!("added.filter");

/// 1 March 2026, when the filters' log was at work, and a day after they were made.
pub(crate) const COVERED_MS: u64 = 1_772_323_200_000;
const LATER_MS: u64 = 1_790_899_200_000;
/// Of what `whole.filter` revokes, of what `added.filter` revokes, and of neither.
pub(crate) const REVOKED: u16 = 0x4007;
pub(crate) const REVOKED_LATER: u16 = 0x4008;
pub(crate) const GOOD: u16 = 0x4009;

/// The authority that the filters know.
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    signer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn known() -> Authority {
        let pem = include_str!("authority.key.pem");
        Authority::with(KeyPair::from_pem(pem).unwrap())
    }

    /// Another one that goes by the same name.
    fn namesake() -> Authority {
        Authority::with(KeyPair::generate().unwrap())
    }

    fn with(key: KeyPair) -> Authority {
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "Filtered CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority {
            certificate: params.self_signed(&key).unwrap(),
            signer: Issuer::new(params, key),
        }
    }

    /// A certificate that was logged at these times.
    pub(crate) fn leaf(&self, serial: u16, logged: &[([u8; 32], u64)]) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["mail.example.test".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
        if !logged.is_empty() {
            params.custom_extensions.push(scts(logged));
        }
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.signer).unwrap();
        leaf.der().to_vec()
    }

    /// Leaf and issuer, as a peer shows them.
    pub(crate) fn path(&self, serial: u16, logged_ms: u64) -> Vec<Vec<u8>> {
        let leaf = self.leaf(serial, &[([9; 32], 5), ([7; 32], logged_ms)]);
        vec![leaf, self.certificate.der().to_vec()]
    }
}

/// RFC 6962 §3.3: a list of SCTs as the extension has it.
fn scts(logged: &[([u8; 32], u64)]) -> CustomExtension {
    let mut list = Vec::new();
    for (log, unix_ms) in logged {
        let mut sct = vec![0];
        sct.extend(log);
        sct.extend(unix_ms.to_be_bytes());
        // No extensions; ecdsa with SHA-256, and nobody looks at the signature.
        sct.extend([0, 0, 4, 3, 0, 2, 0x30, 0]);
        list.extend(u16::try_from(sct.len()).unwrap().to_be_bytes());
        list.extend(sct);
    }
    let length = u16::try_from(list.len()).unwrap();
    let mut value = vec![0x04, 0x82];
    value.extend((length + 2).to_be_bytes());
    value.extend(length.to_be_bytes());
    value.extend(list);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], value)
}

fn filters(each: &[&[u8]]) -> Filters {
    let mut filters = Filters::default();
    each.iter().for_each(|octets| filters.add(octets).unwrap());
    filters
}

#[test]
fn every_certificate_is_known_for_what_it_is() {
    let authority = Authority::known();
    let issuer = authority.certificate.der().to_vec();
    let spki = sha256(&[Identity::of(&issuer).unwrap().spki]);
    let logged = [Logged {
        log: [7; 32],
        unix_ms: COVERED_MS,
    }];
    for whole in [WHOLE, WHOLE_V3] {
        let (alone, both) = (filters(&[whole]), filters(&[whole, ADDED]));
        for no in 0..1000_u16 {
            let serial = (0x4000 + no).to_be_bytes();
            let expected = match no % 10 {
                7 => Revocation::Revoked,
                _ => Revocation::NotRevoked,
            };
            assert_eq!(alone.say_of(spki, &serial, &logged), expected, "{no}");
            let expected = match no % 10 {
                7 | 8 => Revocation::Revoked,
                _ => Revocation::NotRevoked,
            };
            assert_eq!(both.say_of(spki, &serial, &logged), expected, "{no}");
        }
        assert_eq!(
            both.coverage(),
            Coverage {
                issuers: 4,
                logs: 1,
                until_unix_ms: 1_790_812_800_000
            }
        );
    }
}

#[test]
fn what_is_not_covered_is_told_by_its_reason() {
    let (authority, filters) = (Authority::known(), filters(&[WHOLE, ADDED]));
    let say = |path: &[Vec<u8>]| filters.say(path, 0);
    assert_eq!(
        say(&authority.path(REVOKED, COVERED_MS)),
        Revocation::Revoked
    );
    assert_eq!(
        say(&authority.path(GOOD, COVERED_MS)),
        Revocation::NotRevoked
    );
    let why = |path: &[Vec<u8>]| match say(path) {
        Revocation::NotCovered(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why(&authority.path(REVOKED, LATER_MS)),
        Uncovered::OutOfTime
    );
    let issuer = authority.certificate.der().to_vec();
    let elsewhere = authority.leaf(REVOKED, &[([8; 32], COVERED_MS)]);
    assert_eq!(why(&[elsewhere, issuer.clone()]), Uncovered::OutOfTime);
    let bare = authority.leaf(REVOKED, &[]);
    assert_eq!(why(&[bare, issuer]), Uncovered::NotLogged);
    let path = authority.path(REVOKED, COVERED_MS);
    assert_eq!(why(&path[..1]), Uncovered::NoIssuer);
    let other = Authority::namesake();
    assert_eq!(
        why(&other.path(REVOKED, COVERED_MS)),
        Uncovered::NotEnrolled
    );
    assert_eq!(why(&[b"no certificate".to_vec()]), Uncovered::NotLogged);
    assert_eq!(why(&[]), Uncovered::NotLogged);
    assert_eq!(
        filters.say(&path, 1),
        Revocation::NotCovered(Uncovered::NotLogged)
    );
}

#[test]
fn a_namesake_put_in_between_hides_nothing_and_a_root_need_not_be_sent() {
    let (authority, mut filters) = (Authority::known(), filters(&[WHOLE]));
    let [leaf, issuer] = <[Vec<u8>; 2]>::try_from(authority.path(REVOKED, COVERED_MS)).unwrap();
    let namesake = Authority::namesake().certificate.der().to_vec();
    let path = [leaf.clone(), namesake.clone(), issuer];
    assert_eq!(filters.say(&path, 0), Revocation::Revoked);

    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    roots.add(namesake.into()).unwrap();
    let known = roots.roots.iter();
    filters.know(known.map(|one| KnownIssuer::new(&one.subject, &one.subject_public_key_info)));
    assert_eq!(filters.known().len(), 1, "only whom a filter speaks for");
    assert_eq!(filters.say(&[leaf], 0), Revocation::Revoked);
}

/// A list with these filters; `stale` where they are so, and that refuses.
fn listing(each: &[&[u8]], stale: bool) -> UntrustedList {
    let mut layer = Layer::default();
    let mut entry = |reason: &str| {
        let origin = Origin::Feed("Public".to_owned());
        layer.entry("Public/filters".to_owned(), reason.to_owned(), origin)
    };
    let revoked = entry("revoked");
    let stale = stale.then(|| entry("stale"));
    layer.filter(std::sync::Arc::new(filters(each)), revoked, stale);
    UntrustedList::new([]).with([std::sync::Arc::new(layer)])
}

#[test]
fn a_list_refuses_what_is_revoked_and_counts_what_was_said() {
    let authority = Authority::known();
    let untrusted = Untrusted::default();
    untrusted.put(listing(&[WHOLE], false));
    let revoked = authority.path(REVOKED, COVERED_MS);
    let refused: Box<Distrusted> = untrusted.check(&revoked).unwrap_err();
    assert_eq!(
        (refused.entry.as_str(), refused.by, refused.serial.as_str()),
        ("Public/filters", "a revocation filter", "4007")
    );
    assert_eq!(untrusted.revocations(), Default::default(), "no handshake");
    assert!(untrusted.verify(&revoked).is_err());
    assert_eq!(untrusted.revocations().revoked, 1);
    let later = authority.path(REVOKED_LATER, COVERED_MS);
    assert!(untrusted.check(&later).is_ok());
    untrusted.put(listing(&[WHOLE, ADDED], false));
    assert!(untrusted.check(&later).is_err(), "sessions are asked again");

    let list = listing(&[WHOLE], true);
    let by = |path: &[Vec<u8>]| list.find(path).map(|hit| hit.by);
    assert_eq!(by(&revoked), Some(By::Filter));
    assert_eq!(by(&authority.path(GOOD, COVERED_MS)), Some(By::Issuer));
    assert_eq!(by(&authority.path(GOOD, LATER_MS)), Some(By::Issuer));
    assert_eq!(by(&Authority::namesake().path(GOOD, COVERED_MS)), None);
    assert_eq!(by(&[authority.leaf(GOOD, &[]), revoked[1].clone()]), None);
    assert_eq!(list.find_at(&revoked, 0).map(|hit| hit.depth), Some(0));
    assert_eq!(list.find_at(&revoked, 1), None);
    assert_eq!(list.find_at(&revoked, 2), None);
}

#[test]
fn a_filter_that_is_cut_off_is_none() {
    for whole in [WHOLE, WHOLE_V3, ADDED] {
        for cut in 0..whole.len() {
            assert!(Filter::read(&whole[..cut]).is_err(), "{cut}");
        }
    }
    let longer = [WHOLE, &[0]].concat();
    assert!(Filter::read(&longer).is_err());
    let read = Filter::read(b"<html>").map(|_| ()).unwrap_err();
    assert!(read.to_string().contains("no revocation filter"), "{read}");
}

/// The least filter there is (version 4): one issuer, with the numbers given.
fn least(rank: u8, places: [u32; 4]) -> Vec<u8> {
    let mut octets = vec![4, 0, 0, 0];
    octets.extend(1_u32.to_be_bytes());
    octets.extend([0xaa; 32]);
    let [m, offset, exact_m, exact_offset] = places;
    octets.extend(m.to_be_bytes());
    octets.push(rank);
    for number in [offset, exact_m, exact_offset] {
        octets.extend(number.to_be_bytes());
    }
    octets.extend([0, 0, 0, 0]);
    octets.extend(0_u32.to_be_bytes());
    octets
}

#[test]
fn a_filter_that_leads_beyond_its_end_is_refused() {
    assert!(Filter::read(&least(0, [u32::MAX; 4])).is_ok());
    let wrong = Filter::read(&least(1, [1; 4])).map(|_| ()).unwrap_err();
    assert!(matches!(wrong, FilterError::Content(_)), "{wrong}");
}

proptest! {
    #[test]
    fn octets_of_any_kind_do_no_harm(
        octets: Vec<u8>,
        version in 3_u8..=4,
        at in 0_usize..100_000,
        octet: u8,
        rank: u8,
        places: [u32; 4],
        serial: [u8; 20],
    ) {
        let _ = Filter::read(&octets);
        let _ = Filter::read(&[&[version, 0], octets.as_slice()].concat());
        let logged = [Logged { log: [7; 32], unix_ms: COVERED_MS }];
        for whole in [ADDED, WHOLE_V3] {
            let mut changed = whole.to_vec();
            let at = at % changed.len();
            changed[at] = octet;
            let mut filters = Filters::default();
            if filters.add(&changed).is_ok() {
                for issuer in filters.enrolled.keys() {
                    filters.say_of(*issuer, &serial, &logged);
                }
            }
        }
        let mut filters = Filters::default();
        if filters.add(&least(rank, places)).is_ok() {
            filters.say_of([0xaa; 32], &serial, &logged);
        }
    }
}
