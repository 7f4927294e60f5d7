//! Responses made by hand: what they say, and whose word they are. Real ones are made by OpenSSL in the
//! scenarios of the program.

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_ECDSA_P256_SHA256,
};
use ring::{rand::SystemRandom, signature};

use super::*;

fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82], &length[..], &content].concat()
}

/// ecdsa-with-SHA256.
const ALGORITHM: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];

/// A response about a CertID, signed by whoever is asked, with certificates.
fn signed(
    status: &[u8],
    id: &[u8],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
    certificates: &[&[u8]],
) -> Vec<u8> {
    let next = der(0xa0, &[&der(0x18, &[b"20270108000000Z"])]);
    let single = der(
        0x30,
        &[id, status, &der(0x18, &[b"20270101000000Z"]), &next],
    );
    let tbs = der(
        0x30,
        &[
            &der(0xa2, &[&der(0x04, &[b"key"])]),
            &der(0x18, &[b"20270101000000Z"]),
            &der(0x30, &[&single]),
        ],
    );
    let signature = der(0x03, &[&[0], &sign(&tbs)]);
    let certificates = match certificates {
        [] => Vec::new(),
        some => der(0xa0, &[&der(0x30, some)]),
    };
    let basic = der(0x30, &[&tbs, ALGORITHM, &signature, &certificates]);
    let bytes = der(0x30, &[&der(0x06, &[b"oid"]), &der(0x04, &[&basic])]);
    der(0x30, &[&der(0x0a, &[&[0]]), &der(0xa0, &[&bytes])])
}

fn response(status: &[u8]) -> Vec<u8> {
    signed(status, &der(0x30, &[]), |_| b"signature".to_vec(), &[])
}

#[test]
fn a_response_says_what_and_until_when() {
    let good = read(&response(&[0x80, 0])).unwrap();
    assert_eq!(good.status, Status::Good);
    assert_eq!(good.this_update_unix_ms, 1_798_761_600_000);
    assert_eq!(good.next_update_unix_ms, Some(1_799_366_400_000));
    let revoked = read(&response(&der(0xa1, &[&der(0x18, &[b"20261231000000Z"])]))).unwrap();
    assert_eq!(revoked.status, Status::Revoked);
    let whole = response(&[0x80, 0]);
    for cut in 0..whole.len() {
        assert_eq!(read(&whole[..cut]), None, "{cut}");
    }
    // tryLater: a response without bytes.
    assert_eq!(read(&der(0x30, &[&der(0x0a, &[&[3]])])), None);
}

/// A key, and a certificate for it.
struct Party {
    key: KeyPair,
    params: CertificateParams,
    certificate: CertificateDer<'static>,
}

impl Party {
    fn new(name: &str, ca: bool, ocsp: bool, by: Option<&Party>) -> Party {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if ocsp {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
        }
        let certificate = match by {
            None => params.self_signed(&key).unwrap(),
            Some(by) => {
                let issuer = rcgen::Issuer::from_params(&by.params, &by.key);
                params.signed_by(&key, &issuer).unwrap()
            }
        };
        Party {
            certificate: certificate.der().clone(),
            key,
            params,
        }
    }

    fn sign(&self, octets: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let algorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let der = self.key.serialize_der();
        let pair = signature::EcdsaKeyPair::from_pkcs8(algorithm, &der, &random).unwrap();
        pair.sign(&random, octets).unwrap().as_ref().to_vec()
    }
}

/// The CertID of a leaf, with SHA-1 as nearly everybody has it.
fn id_of(leaf: &CertificateDer<'_>, issuer: &CertificateDer<'_>) -> Vec<u8> {
    let named = Leaf::of(leaf).unwrap();
    let sha1 = |of: &[u8]| digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, of);
    let key = Issuer::named(issuer).unwrap();
    der(
        0x30,
        &[
            &der(0x30, &[&der(0x06, &[&[0x2b, 0x0e, 0x03, 0x02, 0x1a]])]),
            &der(0x04, &[sha1(named.issuer).as_ref()]),
            &der(0x04, &[sha1(key.key().unwrap()).as_ref()]),
            &der(0x02, &[named.serial]),
        ],
    )
}

#[test]
fn only_the_authority_and_whom_it_appointed_may_speak() {
    let authority = Party::new("Authority", true, false, None);
    let impostor = Party::new("Authority", true, false, None);
    let leaf = Party::new("leaf", false, false, Some(&authority));
    let other = Party::new("leaf", false, false, Some(&authority));
    let responder = Party::new("responder", false, true, Some(&authority));
    let unappointed = Party::new("responder", false, false, Some(&authority));
    let foreign = Party::new("responder", false, true, Some(&impostor));
    let chain = [leaf.certificate.clone(), authority.certificate.clone()];
    let own = id_of(&leaf.certificate, &authority.certificate);
    let of_other = id_of(&other.certificate, &authority.certificate);
    // A moment at which every certificate here is valid.
    const NOW: u64 = 1_798_761_600_000;
    let word =
        |response: &[u8], chain: &[CertificateDer<'_>]| match judge(response, chain, None, NOW) {
            Stapled::Says(staple, word) => (staple.status, word),
            other => panic!("{other:?}"),
        };
    for (who, id, expect) in [
        (&authority, &own, Word::Authority),
        (&responder, &own, Word::Authority),
        (&impostor, &own, Word::Nobody),
        (&leaf, &own, Word::Nobody),
        (&unappointed, &own, Word::Nobody),
        (&foreign, &own, Word::Nobody),
        (&authority, &of_other, Word::OfOthers),
    ] {
        let sign = |tbs: &[u8]| who.sign(tbs);
        let made = signed(&[0x80, 0], id, sign, &[who.certificate.as_ref()]);
        assert_eq!(
            word(&made, &chain),
            (Status::Good, expect),
            "{}",
            made.len()
        );
    }
    let sign = |tbs: &[u8]| authority.sign(tbs);
    let made = signed(&[0x80, 0], &own, sign, &[]);
    // Who is not shown may be a root.
    let mut roots = RootCertStore::empty();
    assert_eq!(word(&made, &chain[..1]).1, Word::Unknown);
    roots.add(authority.certificate.clone()).unwrap();
    let judged = judge(&made, &chain[..1], Some(&roots), NOW);
    assert!(
        matches!(judged, Stapled::Says(_, Word::Authority)),
        "{judged:?}"
    );
    // One octet of what was signed is another.
    let at = made.windows(4).position(|four| four == b"2027").unwrap();
    let mut changed = made.clone();
    changed[at + 3] = b'6';
    assert_eq!(word(&changed, &chain).1, Word::Nobody);
    // A responder whose time is over.
    let mut params = responder.params.clone();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let issuer = rcgen::Issuer::from_params(&authority.params, &authority.key);
    let over = params.signed_by(&responder.key, &issuer).unwrap();
    let sign = |tbs: &[u8]| responder.sign(tbs);
    let made = signed(&[0x80, 0], &own, sign, &[over.der().as_ref()]);
    assert_eq!(word(&made, &chain).1, Word::Nobody);
    assert_eq!(judge(&[], &chain, None, NOW), Stapled::Nothing);
    assert_eq!(judge(&[0x30, 0], &chain, None, NOW), Stapled::NotUnderstood);
}

proptest! {
    #[test]
    fn octets_of_any_kind_do_no_harm(octets: Vec<u8>, at in 0usize..400, octet: u8) {
        read(&octets);
        judge(&octets, &[CertificateDer::from(octets.as_slice())], None, 0);
        let mut changed = response(&[0x80, 0]);
        let at = at % changed.len();
        changed[at] = octet;
        read(&changed);
        judge(&changed, &[CertificateDer::from(octets.as_slice())], None, 0);
    }
}
