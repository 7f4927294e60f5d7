//! Certificate revocation lists (RFC 5280 §5): read by walking their DER, taken only where the key of
//! their issuer signed them. Pure.
//!
//! Whole lists alone: one that only tells changes (delta), speaks for other issuers (indirect), or has
//! a critical extension that is not known says less than it seems to, and is refused.
//!
//! Never here: where a list is had from, and whether it is too old.

use std::collections::BTreeMap;

use mailward_model::hex;
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use x509_parser::{
    extensions::{DistributionPointName, GeneralName, ParsedExtension},
    prelude::{FromDer, X509Certificate},
    x509::X509Name,
};

use crate::{
    name::distinguished_name, octets::Octets, server::provider, untrusted::identity::canonical,
};

/// Octets of a list; more is refused before it is read. The largest of public authorities have some
/// megabytes.
pub const CRL_OCTETS_MAX: usize = 12 << 20;
/// Certificates that one list may revoke.
pub const REVOKED_MAX: usize = 400_000;
/// Certificates that all lists of one feed may revoke together: every role holds them in memory.
pub const REVOKED_IN_ALL_MAX: u64 = 1_000_000;
/// Places that are taken from one certificate.
const PLACES_MAX: usize = 4;

/// DER tags that are met on the way.
mod tag {
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BIT_STRING: u8 = 0x03;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const OID: u8 = 0x06;
    pub(super) const ENUMERATED: u8 = 0x0a;
    pub(super) const UTC_TIME: u8 = 0x17;
    pub(super) const GENERALIZED_TIME: u8 = 0x18;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const EXTENSIONS: u8 = 0xa0;
    /// In an issuing distribution point: that it speaks for other issuers.
    pub(super) const INDIRECT: u8 = 0x84;
}

/// Object identifiers of extensions, as DER has them.
mod oid {
    pub(super) const NUMBER: &[u8] = &[0x55, 29, 20];
    pub(super) const REASON: &[u8] = &[0x55, 29, 21];
    pub(super) const DELTA: &[u8] = &[0x55, 29, 27];
    pub(super) const DISTRIBUTION_POINT: &[u8] = &[0x55, 29, 28];
}

/// Why a list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// No list.
    #[error("it is no CRL: {0}")]
    Form(&'static str),
    /// Something that is not understood.
    #[error("it is a CRL that is not used here: {0}")]
    Kind(&'static str),
    /// Nobody who could have signed it is known.
    #[error(
        "no certificate of its issuer {0} is known: put it into the file of issuers, or trust its root"
    )]
    Issuer(String),
    /// Not signed by its issuer.
    #[error("the key of its issuer {0} did not sign it: it was changed, or somebody else made it")]
    Signature(String),
    /// Too long.
    #[error("it revokes more than {REVOKED_MAX} certificates")]
    Revoked,
}

/// A list whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crl {
    /// Its issuer, as RFC 4514 writes it.
    pub issuer: String,
    /// The issuer's name in its canonical form.
    pub(crate) canonical: Vec<u8>,
    /// Its number, hex; empty where it has none.
    pub number: String,
    /// When it was made.
    pub this_update_unix_ms: u64,
    /// When there should be another one.
    pub next_update_unix_ms: Option<u64>,
    /// Serial numbers without zeros before them, by the reason of their revocation.
    pub(crate) revoked: BTreeMap<u8, Vec<Box<[u8]>>>,
}

impl Crl {
    /// How many certificates it revokes.
    pub fn count(&self) -> usize {
        self.revoked.values().map(Vec::len).sum()
    }

    /// Why it revokes the certificate with this serial number, where it does.
    pub fn reason(&self, serial: &[u8]) -> Option<&'static str> {
        self.revoked
            .iter()
            .find(|(_, serials)| serials.iter().any(|one| **one == *serial))
            .map(|(reason, _)| reason_word(*reason))
    }

    /// Why it revokes this certificate of its issuer, where it does.
    pub fn reason_of(&self, certificate: &[u8]) -> Option<&'static str> {
        let identity = crate::untrusted::identity::Identity::of(certificate)?;
        self.reason(identity.bare_serial())
    }

    /// Whether it is the list of the issuer of this certificate.
    pub fn speaks_of(&self, certificate: &[u8]) -> bool {
        let mut name = Vec::new();
        crate::untrusted::identity::Identity::of(certificate)
            .is_some_and(|identity| canonical(identity.issuer, &mut name))
            && name == self.canonical
    }
}

/// RFC 5280 §5.3.1.
pub(crate) fn reason_word(code: u8) -> &'static str {
    match code {
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "no reason said",
    }
}

/// Somebody who may sign lists, or certificates: a name and a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The name in its canonical form.
    canonical: Vec<u8>,
    /// The content of SubjectPublicKeyInfo.
    spki: Vec<u8>,
}

impl Issuer {
    /// The roots of a store.
    pub fn of_roots(roots: &RootCertStore) -> Vec<Issuer> {
        let each = roots.roots.iter();
        each.filter_map(|root| Issuer::new(&root.subject, &root.subject_public_key_info))
            .collect()
    }

    /// The subject of a certificate, where it may sign lists.
    pub fn of_certificate(certificate: &CertificateDer<'_>) -> Option<Issuer> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let usage = parsed.key_usage().ok().flatten();
        // RFC 5280 §4.2.1.3: where the extension is there, it must say so.
        if usage.is_some_and(|usage| !usage.value.crl_sign()) {
            return None;
        }
        Issuer::named(certificate)
    }

    /// The subject of a certificate, whatever it may sign.
    pub(crate) fn named(certificate: &CertificateDer<'_>) -> Option<Issuer> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let content = |der: &'_ [u8]| Octets(der).der_of(tag::SEQUENCE).map(<[u8]>::to_vec);
        let subject = content(parsed.tbs_certificate.subject.as_raw())?;
        Issuer::new(&subject, &content(parsed.tbs_certificate.subject_pki.raw)?)
    }

    /// Whether it issued a certificate.
    pub(crate) fn issued(&self, certificate: &CertificateDer<'_>) -> bool {
        let mut name = Vec::new();
        let identity = crate::untrusted::identity::Identity::of(certificate);
        identity.is_some_and(|identity| canonical(identity.issuer, &mut name))
            && self.canonical == name
            && Parts::of(certificate).is_some_and(|parts| self.signed(&parts))
    }

    /// The octets of its key, without what kind it is.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        let mut spki = Octets(&self.spki);
        spki.der_of(tag::SEQUENCE)?;
        whole_octets(spki.der_of(tag::BIT_STRING)?)
    }

    fn new(subject: &[u8], spki: &[u8]) -> Option<Issuer> {
        let mut name = Vec::new();
        canonical(subject, &mut name).then(|| Issuer {
            canonical: name,
            spki: spki.to_vec(),
        })
    }

    /// Whether its key signed this: the parts of a certificate, of a list or of an OCSP response.
    pub(crate) fn signed(&self, parts: &Parts<'_>) -> bool {
        let mut spki = Octets(&self.spki);
        let (Some(algorithm), Some(key)) =
            (spki.der_of(tag::SEQUENCE), spki.der_of(tag::BIT_STRING))
        else {
            return false;
        };
        let Some(key) = whole_octets(key) else {
            return false;
        };
        let all = provider().signature_verification_algorithms.all;
        all.iter().any(|one: &&dyn SignatureVerificationAlgorithm| {
            *one.public_key_alg_id() == *algorithm
                && *one.signature_alg_id() == *parts.algorithm
                && one
                    .verify_signature(key, parts.signed, parts.signature)
                    .is_ok()
        })
    }
}

/// What a signed structure is made of (RFC 5280 §4.1, §5.1; RFC 6960 §4.2.1).
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    /// What is signed, as it stands there.
    signed: &'a [u8],
    /// The content of it.
    pub(crate) content: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(der: &'a [u8]) -> Option<Parts<'a>> {
        let mut all = Octets(der);
        let mut outer = Octets(all.der_of(tag::SEQUENCE)?);
        if !all.is_empty() {
            return None;
        }
        let parts = Parts::take(&mut outer)?;
        outer.is_empty().then_some(parts)
    }

    /// Takes the three parts; what follows them stays.
    pub(crate) fn take(outer: &mut Octets<'a>) -> Option<Parts<'a>> {
        let before = outer.0;
        let content = outer.der_of(tag::SEQUENCE)?;
        let signed = before.get(..before.len() - outer.0.len())?;
        let algorithm = outer.der_of(tag::SEQUENCE)?;
        let signature = whole_octets(outer.der_of(tag::BIT_STRING)?)?;
        Some(Parts {
            signed,
            content,
            algorithm,
            signature,
        })
    }
}

/// The octets of a BIT STRING that has no half ones.
fn whole_octets(content: &[u8]) -> Option<&[u8]> {
    match content.split_first() {
        Some((0, octets)) => Some(octets),
        _ => None,
    }
}

/// Whether the second certificate of a path issued the first.
pub fn issued(certificate: &CertificateDer<'_>, by: &CertificateDer<'_>) -> bool {
    Issuer::named(by).is_some_and(|issuer| issuer.issued(certificate))
}

/// Where a certificate says that the CRL of its own issuer is: HTTP and HTTPS alone.
pub fn places(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return Vec::new();
    };
    let extensions = parsed.extensions().iter();
    let points = extensions.filter_map(|one| match one.parsed_extension() {
        ParsedExtension::CRLDistributionPoints(points) => Some(&points.points),
        _ => None,
    });
    let mut places = Vec::new();
    for point in points.flatten() {
        // Another issuer's list, or one for some reasons alone, is not used here.
        if point.crl_issuer.is_some() || point.reasons.is_some() {
            continue;
        }
        let Some(DistributionPointName::FullName(names)) = &point.distribution_point else {
            continue;
        };
        // Several names of one point are places of one list: the first that can be fetched is enough.
        let found = names.iter().find_map(|name| match name {
            GeneralName::URI(uri) if uri.starts_with("http") => Some((*uri).to_owned()),
            _ => None,
        });
        places.extend(found);
    }
    places.truncate(PLACES_MAX);
    places
}

/// Reads a list, DER or PEM. Its signature is checked before anything but its issuer's name is read.
///
/// # Errors
/// [`CrlError`].
pub fn read(octets: &[u8], issuers: &[Issuer]) -> Result<(Vec<u8>, Crl), CrlError> {
    let der = der_of(octets)?;
    let parts = Parts::of(&der).ok_or(CrlError::Form("it does not have the parts of one"))?;
    let head = Head::of(parts.content)?;
    let text = X509Name::from_der(head.issuer_der)
        .map_or_else(|_| String::new(), |(_, name)| distinguished_name(&name));
    let mut name = Vec::new();
    if !canonical(head.issuer, &mut name) {
        return Err(CrlError::Form("its issuer has no name"));
    }
    if head.algorithm != parts.algorithm {
        return Err(CrlError::Form("it names two algorithms"));
    }
    let mut known = issuers
        .iter()
        .filter(|one| one.canonical == name)
        .peekable();
    if known.peek().is_none() {
        return Err(CrlError::Issuer(text));
    }
    if !known.any(|one| one.signed(&parts)) {
        return Err(CrlError::Signature(text));
    }
    let crl = head.read(text, name)?;
    Ok((der, crl))
}

/// Reads a list that was checked when it was kept.
///
/// # Errors
/// [`CrlError`].
pub(crate) fn read_kept(der: &[u8]) -> Result<Crl, CrlError> {
    let parts = Parts::of(der).ok_or(CrlError::Form("it does not have the parts of one"))?;
    let head = Head::of(parts.content)?;
    let mut name = Vec::new();
    canonical(head.issuer, &mut name);
    head.read(String::new(), name)
}

fn der_of(octets: &[u8]) -> Result<Vec<u8>, CrlError> {
    use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
    if !octets.starts_with(b"-----BEGIN") {
        return Ok(octets.to_vec());
    }
    let crl = CertificateRevocationListDer::from_pem_slice(octets);
    crl.map(|crl| crl.to_vec())
        .map_err(|_| CrlError::Form("it is no PEM of an X509 CRL"))
}

/// The beginning of a list, and what follows.
struct Head<'a> {
    algorithm: &'a [u8],
    issuer: &'a [u8],
    issuer_der: &'a [u8],
    rest: Octets<'a>,
}

impl<'a> Head<'a> {
    fn of(content: &'a [u8]) -> Result<Head<'a>, CrlError> {
        let mut rest = Octets(content);
        // Version 2 says 1; version 1 says nothing, and has no extensions.
        if rest
            .der_of(tag::INTEGER)
            .is_some_and(|version| version != [1])
        {
            return Err(CrlError::Kind("its version is not 2"));
        }
        let read = || -> Option<Head<'a>> {
            let algorithm = rest.der_of(tag::SEQUENCE)?;
            let before = rest.0;
            let issuer = rest.der_of(tag::SEQUENCE)?;
            let issuer_der = before.get(..before.len() - rest.0.len())?;
            Some(Head {
                algorithm,
                issuer,
                issuer_der,
                rest,
            })
        };
        let mut read = read;
        read().ok_or(CrlError::Form("it names no issuer"))
    }

    fn read(mut self, issuer: String, name: Vec<u8>) -> Result<Crl, CrlError> {
        let this =
            time(&mut self.rest).ok_or(CrlError::Form("it does not say when it was made"))?;
        let next = time(&mut self.rest);
        let mut revoked: BTreeMap<u8, Vec<Box<[u8]>>> = BTreeMap::new();
        let mut entries = Octets(self.rest.der_of(tag::SEQUENCE).unwrap_or_default());
        let mut left = REVOKED_MAX;
        while !entries.is_empty() {
            left = left.checked_sub(1).ok_or(CrlError::Revoked)?;
            let (reason, serial) = entry(&mut entries)?;
            revoked.entry(reason).or_default().push(serial);
        }
        let number = match self.rest.der_of(tag::EXTENSIONS) {
            Some(extensions) => list_extensions(extensions)?,
            None => String::new(),
        };
        if !self.rest.is_empty() {
            return Err(CrlError::Form("something stands behind its end"));
        }
        Ok(Crl {
            issuer,
            canonical: name,
            number,
            this_update_unix_ms: this,
            next_update_unix_ms: next,
            revoked,
        })
    }
}

/// A revoked certificate: the reason and the serial number.
fn entry(entries: &mut Octets<'_>) -> Result<(u8, Box<[u8]>), CrlError> {
    let wrong = CrlError::Form("an entry of it cannot be read");
    let content = entries.der_of(tag::SEQUENCE).ok_or(wrong.clone())?;
    let mut content = Octets(content);
    let serial = content.der_of(tag::INTEGER).ok_or(wrong.clone())?;
    let zeros = serial.iter().take_while(|octet| **octet == 0).count();
    let serial = serial.get(zeros..).unwrap_or_default();
    time(&mut content).ok_or(wrong)?;
    let mut reason = 0;
    if let Some(extensions) = content.der_of(tag::SEQUENCE) {
        each_extension(extensions, |id, critical, value| match id {
            oid::REASON => {
                let code = Octets(value).der_of(tag::ENUMERATED);
                reason = code.and_then(|code| code.first().copied()).unwrap_or(0);
                Ok(())
            }
            _ if critical => Err(CrlError::Kind(
                "an entry has a critical extension that is not known: it may speak for other issuers",
            )),
            _ => Ok(()),
        })?;
    }
    Ok((reason, serial.into()))
}

/// Looks through the extensions of the list; its number.
fn list_extensions(explicit: &[u8]) -> Result<String, CrlError> {
    let wrong = CrlError::Form("its extensions cannot be read");
    let extensions = Octets(explicit).der_of(tag::SEQUENCE).ok_or(wrong)?;
    let mut number = String::new();
    each_extension(extensions, |id, critical, value| match id {
        oid::NUMBER => {
            number = hex(Octets(value).der_of(tag::INTEGER).unwrap_or_default());
            Ok(())
        }
        oid::DELTA => Err(CrlError::Kind("it tells changes alone (delta)")),
        oid::DISTRIBUTION_POINT => {
            let mut point = Octets(Octets(value).der_of(tag::SEQUENCE).unwrap_or_default());
            while let Some((tag, content)) = point.der() {
                if tag == tag::INDIRECT && content != [0] {
                    return Err(CrlError::Kind("it speaks for other issuers (indirect)"));
                }
            }
            Ok(())
        }
        _ if critical => Err(CrlError::Kind(
            "it has a critical extension that is not known",
        )),
        _ => Ok(()),
    })?;
    Ok(number)
}

fn each_extension(
    extensions: &[u8],
    mut look: impl FnMut(&[u8], bool, &[u8]) -> Result<(), CrlError>,
) -> Result<(), CrlError> {
    let wrong = || CrlError::Form("an extension of it cannot be read");
    let mut extensions = Octets(extensions);
    while !extensions.is_empty() {
        let mut one = Octets(extensions.der_of(tag::SEQUENCE).ok_or_else(wrong)?);
        let id = one.der_of(tag::OID).ok_or_else(wrong)?;
        let critical = one.der_of(tag::BOOLEAN).is_some_and(|it| it != [0]);
        let value = one.der_of(tag::OCTET_STRING).ok_or_else(wrong)?;
        look(id, critical, value)?;
    }
    Ok(())
}

/// A time (RFC 5280 §4.1.2.5); `None` where another element follows.
fn time(octets: &mut Octets<'_>) -> Option<u64> {
    let mut after = *octets;
    let (tag, content) = after.der()?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let whole = match tag {
        // Years from 50 on are of the last century.
        tag::UTC_TIME => match text.get(..2)?.parse::<u8>().ok()? {
            50.. => format!("19{text}"),
            _ => format!("20{text}"),
        },
        tag::GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    *octets = after;
    u64::try_from(moment.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
pub(crate) mod tests;
