//! An OCSP response that was stapled: what it says of the leaf, until when, and whether the leaf's
//! authority stands behind it (RFC 6960 §3.2, §4.2). Pure.
//!
//! Whose word it is counts first: the authority's own, or that of a responder whose certificate the
//! authority issued for this. What anybody else signed says nothing, neither good nor bad.
//!
//! Never here: asking a responder. What is looked for is a server that staples nothing, something old,
//! something that is nobody's word, or a revocation.

use ring::digest;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use x509_parser::{
    prelude::{FromDer, X509Certificate},
    time::ASN1Time,
};

use crate::{
    octets::Octets,
    untrusted::{
        feed::crl::{Issuer, Parts},
        identity::Identity,
    },
};

/// Certificates that one response may speak of; the stapled ones of authorities speak of one.
const SINGLES_MAX: usize = 64;
/// Certificates of responders in one response.
const RESPONDERS_MAX: usize = 8;

/// DER tags that are met on the way.
mod tag {
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const OID: u8 = 0x06;
    pub(super) const ENUMERATED: u8 = 0x0a;
    pub(super) const TIME: u8 = 0x18;
    pub(super) const SEQUENCE: u8 = 0x30;
    /// `[0] EXPLICIT`: the response's bytes, its version, its certificates, nextUpdate.
    pub(super) const ZERO: u8 = 0xa0;
    pub(super) const GOOD: u8 = 0x80;
    pub(super) const REVOKED: u8 = 0xa1;
}

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The certificate is good.
    Good,
    /// It was revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
}

/// A response, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Staple {
    /// What it says of the certificate.
    pub status: Status,
    /// When it was true, Unix milliseconds.
    pub this_update_unix_ms: u64,
    /// When there will be news; `None` where it does not say.
    pub next_update_unix_ms: Option<u64>,
}

/// Whose word a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The authority's, or that of a responder whom it appointed.
    Authority,
    /// Nobody's who may speak: another key signed it, or it was changed.
    Nobody,
    /// It speaks of other certificates alone.
    OfOthers,
    /// It cannot be told: the authority's certificate was not shown and is no root that is trusted.
    Unknown,
}

/// What was stapled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stapled {
    /// Nothing.
    Nothing,
    /// No successful response.
    NotUnderstood,
    /// A response, and whose word it is.
    Says(Staple, Word),
}

/// What a response says of one certificate.
struct Single<'a> {
    /// The content of CertID (RFC 6960 §4.1.1).
    id: &'a [u8],
    staple: Staple,
}

/// A successful response of the basic type.
struct Basic<'a> {
    parts: Parts<'a>,
    singles: Vec<Single<'a>>,
    /// Certificates of who signed it, DER.
    responders: Vec<CertificateDer<'a>>,
}

impl<'a> Basic<'a> {
    fn read(der: &'a [u8]) -> Option<Basic<'a>> {
        let mut response = Octets(Octets(der).der_of(tag::SEQUENCE)?);
        (response.der_of(tag::ENUMERATED)? == [0]).then_some(())?;
        let mut bytes = Octets(Octets(response.der_of(tag::ZERO)?).der_of(tag::SEQUENCE)?);
        bytes.der_of(tag::OID)?;
        let mut basic = Octets(Octets(bytes.der_of(tag::OCTET_STRING)?).der_of(tag::SEQUENCE)?);
        let parts = Parts::take(&mut basic)?;
        let mut responders = Vec::new();
        if let Some(all) = basic.der_of(tag::ZERO) {
            let mut all = Octets(Octets(all).der_of(tag::SEQUENCE)?);
            while !all.is_empty() && responders.len() < RESPONDERS_MAX {
                let before = all.0;
                all.der_of(tag::SEQUENCE)?;
                let whole = before.get(..before.len() - all.0.len())?;
                responders.push(CertificateDer::from(whole));
            }
        }
        let mut tbs = Octets(parts.content);
        // version [0], where it is not the first.
        tbs.der_of(tag::ZERO);
        // responderID: byName [1] or byKey [2].
        tbs.der()?;
        tbs.der_of(tag::TIME)?;
        let mut all = Octets(tbs.der_of(tag::SEQUENCE)?);
        let mut singles = Vec::new();
        while !all.is_empty() && singles.len() < SINGLES_MAX {
            singles.push(Single::read(Octets(all.der_of(tag::SEQUENCE)?))?);
        }
        Some(Basic {
            parts,
            singles,
            responders,
        })
    }
}

impl<'a> Single<'a> {
    fn read(mut single: Octets<'a>) -> Option<Single<'a>> {
        let id = single.der_of(tag::SEQUENCE)?;
        let status = match single.der()?.0 {
            tag::GOOD => Status::Good,
            tag::REVOKED => Status::Revoked,
            _ => Status::Unknown,
        };
        let this_update_unix_ms = time(single.der_of(tag::TIME)?)?;
        let next_update_unix_ms = single
            .der_of(tag::ZERO)
            .and_then(|next| time(Octets(next).der_of(tag::TIME)?));
        Some(Single {
            id,
            staple: Staple {
                status,
                this_update_unix_ms,
                next_update_unix_ms,
            },
        })
    }

    /// Whether it speaks of this certificate of this issuer.
    fn speaks_of(&self, leaf: &Leaf<'_>, issuer: &Issuer) -> bool {
        let read = || {
            let mut id = Octets(self.id);
            let hash = hash(Octets(id.der_of(tag::SEQUENCE)?).der_of(tag::OID)?)?;
            let [name, key] = [id.der_of(tag::OCTET_STRING)?, id.der_of(tag::OCTET_STRING)?];
            let serial = id.der_of(tag::INTEGER)?;
            let is = |of: &[u8], value: &[u8]| digest::digest(hash, of).as_ref() == value;
            Some(serial == leaf.serial && is(leaf.issuer, name) && is(issuer.key()?, key))
        };
        read().unwrap_or(false)
    }
}

/// What a response names a certificate by.
struct Leaf<'a> {
    serial: &'a [u8],
    /// The issuer's name, DER.
    issuer: &'a [u8],
}

impl<'a> Leaf<'a> {
    fn of(der: &'a [u8]) -> Option<Leaf<'a>> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        Some(Leaf {
            serial: Identity::of(der)?.serial,
            issuer: parsed.tbs_certificate.issuer.as_raw(),
        })
    }
}

/// A hash by its number, as DER has it.
fn hash(oid: &[u8]) -> Option<&'static digest::Algorithm> {
    match oid {
        // RFC 5019 §2.1.1: what nearly everybody uses here. It names a certificate and proves nothing.
        [0x2b, 0x0e, 0x03, 0x02, 0x1a] => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01] => Some(&digest::SHA256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02] => Some(&digest::SHA384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03] => Some(&digest::SHA512),
        _ => None,
    }
}

/// Reads a response; `None` where it is none, or says that there is none. Whose word it is, is another
/// question: see [`judge`].
pub fn read(der: &[u8]) -> Option<Staple> {
    let first = Basic::read(der)?.singles.into_iter().next()?;
    Some(first.staple)
}

/// What was stapled beside a chain (leaf first), at a moment.
pub fn judge(
    der: &[u8],
    chain: &[CertificateDer<'_>],
    roots: Option<&RootCertStore>,
    unix_ms: u64,
) -> Stapled {
    if der.is_empty() {
        return Stapled::Nothing;
    }
    let Some(basic) = Basic::read(der) else {
        return Stapled::NotUnderstood;
    };
    let Some(first) = basic.singles.first() else {
        return Stapled::NotUnderstood;
    };
    let Some((certificate, leaf)) = chain.first().and_then(|one| Some((one, Leaf::of(one)?)))
    else {
        return Stapled::Says(first.staple.clone(), Word::Unknown);
    };
    let issuers: Vec<Issuer> = chain
        .iter()
        .filter_map(Issuer::named)
        .chain(roots.map(Issuer::of_roots).unwrap_or_default())
        .filter(|issuer| issuer.issued(certificate))
        .collect();
    if issuers.is_empty() {
        return Stapled::Says(first.staple.clone(), Word::Unknown);
    }
    let mut singles = basic.singles.iter();
    let own = singles.find(|single| issuers.iter().any(|one| single.speaks_of(&leaf, one)));
    match own {
        None => Stapled::Says(first.staple.clone(), Word::OfOthers),
        Some(own) => {
            let mut issuers = issuers.iter();
            let word = match issuers.any(|issuer| stands_behind(issuer, &basic, unix_ms)) {
                true => Word::Authority,
                false => Word::Nobody,
            };
            Stapled::Says(own.staple.clone(), word)
        }
    }
}

/// RFC 6960 §4.2.2.2: the authority signed the response, or a responder with a certificate that the
/// authority issued to sign responses.
fn stands_behind(issuer: &Issuer, basic: &Basic<'_>, unix_ms: u64) -> bool {
    let appointed = |certificate: &CertificateDer<'_>| {
        let seconds = i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX);
        let (Ok((_, parsed)), Ok(now)) = (
            X509Certificate::from_der(certificate),
            ASN1Time::from_timestamp(seconds),
        ) else {
            return false;
        };
        let usage = parsed.extended_key_usage().ok().flatten();
        usage.is_some_and(|usage| usage.value.ocsp_signing)
            && parsed.validity().is_valid_at(now)
            && issuer.issued(certificate)
    };
    let signed_by = |certificate: &CertificateDer<'_>| {
        Issuer::named(certificate).is_some_and(|responder| responder.signed(&basic.parts))
    };
    let mut responders = basic.responders.iter();
    issuer.signed(&basic.parts) || responders.any(|one| appointed(one) && signed_by(one))
}

/// A GeneralizedTime in the form that RFC 5280 §4.1.2.5.2 demands: `YYYYMMDDHHMMSSZ`.
fn time(octets: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(octets).ok()?.strip_suffix('Z')?;
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(moment.timestamp().as_millisecond()).ok()
}

#[cfg(test)]
#[path = "ocsp_tests.rs"]
mod tests;
