//! One certificate of the folder: what is known of it, and what it is served with.
//!
//! [`CertificateFacts`] is plain data, so decisions over it are pure and tests make it by hand; the
//! private key stays behind a rustls signing key that cannot be printed. RFC 5280.

use std::{fmt, net::IpAddr, sync::Arc};

use mailward_model::hex;
use rustls::{ServerConfig, sign::CertifiedKey};
use rustls_pki_types::CertificateDer;
use serde::Serialize;
use sha2::{Digest, Sha256};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
    public_key::PublicKey,
};

use crate::name::distinguished_name;

/// What is known of a certificate, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CertificateFacts {
    /// The file it was read from, relative to the folder.
    pub file: String,
    /// The file its private key was read from; `None` where no key of the folder belongs to it.
    pub key_file: Option<String>,
    /// Subject, as RFC 4514 writes it.
    pub subject: String,
    /// Issuer, as RFC 4514 writes it.
    pub issuer: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// Alternative DNS names, lower case, as A-labels; wildcards among them.
    pub dns_names: Vec<String>,
    /// Alternative IP addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// Valid from, Unix milliseconds.
    pub not_before_unix_ms: u64,
    /// Valid until, Unix milliseconds.
    pub not_after_unix_ms: u64,
    /// Serial number, hex.
    pub serial: String,
    /// SHA-256 of the certificate, hex.
    pub fingerprint: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo), hex: what a connector may pin.
    pub spki_sha256: String,
    /// `ECDSA 256 bit`, `RSA 2048 bit`.
    pub key_algorithm: String,
    /// X.509 version, 3 for everything made since 1996.
    pub version: u32,
    /// True where it is its own issuer: no authority stands behind it.
    pub self_signed: bool,
    /// True where it may sign other certificates (RFC 5280 §4.2.1.9).
    pub authority: bool,
    /// False where its extended key usage excludes TLS servers (RFC 5280 §4.2.1.12).
    pub server_auth: bool,
    /// False where it excludes TLS clients.
    pub client_auth: bool,
    /// Certificates sent to the peer, itself included.
    pub chain_length: usize,
}

/// Where a moment lies relative to a certificate's validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Its time has not come: peers that check refuse it.
    NotYetValid,
    /// Its time is over: peers that check refuse it.
    Expired,
    /// It is valid.
    Valid,
}

impl CertificateFacts {
    /// The validity at `now_unix_ms`.
    pub fn validity(&self, now_unix_ms: u64) -> Validity {
        if now_unix_ms > self.not_after_unix_ms {
            Validity::Expired
        } else if now_unix_ms < self.not_before_unix_ms {
            Validity::NotYetValid
        } else {
            Validity::Valid
        }
    }

    /// What a certificate of a peer says, from its octets. It has no file.
    ///
    /// # Errors
    /// The octets are no certificate.
    pub fn of_der(der: &CertificateDer<'_>) -> Result<CertificateFacts, String> {
        parse(der).map(|parsed| parsed.facts)
    }

    /// The text that pins it by issuer and subject, as Exchange's TlsCertificateName.
    pub fn issuer_and_subject(&self) -> String {
        format!("<I>{}<S>{}", self.issuer, self.subject)
    }

    /// How an administrator knows it: its file and its subject.
    pub fn label(&self) -> String {
        format!("{} ({})", self.file, self.subject)
    }
}

/// A certificate held.
pub struct Certificate {
    /// What is known of it.
    pub facts: CertificateFacts,
    /// Leaf first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// Built when the key is known; `None` without a key.
    pub(crate) config: Option<Arc<ServerConfig>>,
    /// The same, asking clients for a certificate.
    pub(crate) asking: Option<Arc<ServerConfig>>,
    /// What is shown to servers that ask; `None` without a key.
    pub(crate) certified: Option<Arc<CertifiedKey>>,
}

/// A certificate as decisions hand it on.
pub type CertificateRef = Arc<Certificate>;

impl Certificate {
    /// A certificate of which only the facts are known: it can be decided on, not served.
    pub fn of_facts(facts: CertificateFacts) -> Self {
        Certificate {
            facts,
            chain: Vec::new(),
            config: None,
            asking: None,
            certified: None,
        }
    }

    /// The chain as sent, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The configuration that serves it; `None` without a key.
    pub fn server_config(&self) -> Option<Arc<ServerConfig>> {
        self.config.clone()
    }

    /// The configuration that serves it and asks clients for a certificate; `None` without a key.
    pub fn asking_config(&self) -> Option<Arc<ServerConfig>> {
        self.asking.clone()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts && self.chain == other.chain
    }
}

/// A parsed certificate, before it is known which key belongs to it.
pub(crate) struct Parsed {
    pub(crate) facts: CertificateFacts,
    /// SubjectPublicKeyInfo, DER.
    pub(crate) spki: Vec<u8>,
    /// Subject and issuer, DER: for linking chains.
    pub(crate) subject_der: Vec<u8>,
    pub(crate) issuer_der: Vec<u8>,
}

/// Reads the facts of a DER certificate; the problem in words where it cannot be read.
pub(crate) fn parse(der: &CertificateDer<'_>) -> Result<Parsed, String> {
    let (_, x509) = X509Certificate::from_der(der)
        .map_err(|error| format!("a certificate in it cannot be read ({error})"))?;
    let mut facts = CertificateFacts {
        subject: distinguished_name(x509.subject()),
        issuer: distinguished_name(x509.issuer()),
        common_name: x509
            .subject()
            .iter_common_name()
            .next()
            .and_then(|name| name.as_str().ok())
            .map(str::to_owned),
        not_before_unix_ms: unix_ms(x509.validity().not_before.timestamp()),
        not_after_unix_ms: unix_ms(x509.validity().not_after.timestamp()),
        serial: hex(x509.raw_serial()),
        fingerprint: hex(&Sha256::digest(der)),
        spki_sha256: hex(&Sha256::digest(x509.public_key().raw)),
        key_algorithm: key_algorithm(&x509),
        version: x509.version().0.saturating_add(1),
        self_signed: x509.subject().as_raw() == x509.issuer().as_raw(),
        authority: x509.is_ca(),
        server_auth: true,
        client_auth: true,
        ..CertificateFacts::default()
    };
    if let Ok(Some(usage)) = x509.extended_key_usage() {
        facts.server_auth = usage.value.server_auth || usage.value.any;
        facts.client_auth = usage.value.client_auth || usage.value.any;
    }
    if let Ok(Some(names)) = x509.subject_alternative_name() {
        for name in &names.value.general_names {
            match name {
                GeneralName::DNSName(name) => facts
                    .dns_names
                    .push(name.trim_end_matches('.').to_ascii_lowercase()),
                GeneralName::IPAddress(octets) => facts.ip_addresses.extend(ip_address(octets)),
                _ => {}
            }
        }
    }
    Ok(Parsed {
        facts,
        spki: x509.public_key().raw.to_vec(),
        subject_der: x509.subject().as_raw().to_vec(),
        issuer_der: x509.issuer().as_raw().to_vec(),
    })
}

/// Seconds to milliseconds; what lies before 1970 is 0.
fn unix_ms(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)
}

fn ip_address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(octets).ok().map(IpAddr::from)
}

fn key_algorithm(x509: &X509Certificate<'_>) -> String {
    match x509.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {} bit", key.key_size()),
        Ok(PublicKey::EC(key)) => format!("ECDSA {} bit", key.key_size()),
        _ => match x509
            .public_key()
            .algorithm
            .algorithm
            .to_id_string()
            .as_str()
        {
            "1.3.101.112" => "Ed25519".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            oid => format!("algorithm {oid}"),
        },
    }
}

/// A moment as a date, for reasons: `2027-01-31`.
pub(crate) fn day(unix_ms: u64) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || "the far future".to_owned(),
            |moment| moment.strftime("%Y-%m-%d").to_string(),
        )
}
