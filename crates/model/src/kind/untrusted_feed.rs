//! Feeds of the untrusted list: certificates that somebody publishes as not to be trusted any more.
//!
//! Here is what an administrator sets. What a feed was last read as is state of each node, and none
//! of this.

use std::{fmt, path::PathBuf, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{FeedPlace, in_range, sender_feed::is_https};
use crate::{FieldError, address::text_form, object::Validate, unit::Span};

/// Keys of one list: that of today, that of tomorrow, and some to spare.
const KEYS_MAX: usize = 5;
/// Places of one CRL feed.
const PLACES_MAX: usize = 100;
/// A list that is asked for more often than this costs its publisher more than it gives.
const INTERVAL_SECS: std::ops::RangeInclusive<u64> = 1..=7 * 86_400;
/// A list older than a year is no list.
const MAX_AGE_SECS: std::ops::RangeInclusive<u64> = 3_600..=366 * 86_400;
/// Where the makers of `upki` publish its filters.
const UPKI_BASE: &str = "https://upki.rustls.dev/revocation/";
/// Octets of a key in minisign's form: `Ed`, the key's id, the key.
const KEY_OCTETS: usize = 42;

/// An Ed25519 key that lists are signed with, as minisign writes it: the second line of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureKey {
    /// Its number.
    pub id: [u8; 8],
    /// The key.
    pub key: [u8; 32],
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no key: write the second line of the file that `minisign -G` makes, RW and 54 more characters"
)]
pub struct SignatureKeyError(String);

impl FromStr for SignatureKey {
    type Err = SignatureKeyError;

    fn from_str(text: &str) -> Result<Self, SignatureKeyError> {
        let octets = BASE64_STANDARD.decode(text.trim()).ok();
        let octets =
            octets.filter(|octets| octets.len() == KEY_OCTETS && octets.starts_with(b"Ed"));
        octets
            .and_then(|octets| {
                Some(SignatureKey {
                    id: octets.get(2..10)?.try_into().ok()?,
                    key: octets.get(10..)?.try_into().ok()?,
                })
            })
            .ok_or_else(|| SignatureKeyError(text.to_owned()))
    }
}

impl fmt::Display for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = [b"Ed".as_slice(), &self.id, &self.key].concat();
        f.write_str(&BASE64_STANDARD.encode(octets))
    }
}

text_form!(SignatureKey, "minisign-public-key");

/// A signed list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedList {
    /// Where it is read: an `https://` URL, or a file's absolute path. Its signature stands beside
    /// it, under the same name with `.minisig` added.
    pub place: FeedPlace,
    /// The keys it may be signed with; one of them must have signed it.
    pub keys: Vec<SignatureKey>,
}

/// Where a CRL is read: an `http://` or `https://` URL, or a file's absolute path. A CRL is signed, so
/// that plain HTTP does no harm; it is how authorities publish them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CrlPlace(String);

impl CrlPlace {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that names no place of a CRL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no place of a CRL: write http://HOST/PATH, https://HOST/PATH, or the absolute path of a file"
)]
pub struct CrlPlaceError(String);

impl FromStr for CrlPlace {
    type Err = CrlPlaceError;

    fn from_str(text: &str) -> Result<Self, CrlPlaceError> {
        let secured = text
            .strip_prefix("http://")
            .map(|rest| format!("https://{rest}"));
        let is_url = is_https(secured.as_deref().unwrap_or(text));
        let is_file = text.starts_with('/') && !text.chars().any(char::is_control);
        match is_url || is_file {
            true => Ok(CrlPlace(text.to_owned())),
            false => Err(CrlPlaceError(text.to_owned())),
        }
    }
}

impl fmt::Display for CrlPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(CrlPlace, "uri-or-path");

/// What it means that revocation data are stale: a CRL that is older than its issuer says (nextUpdate),
/// filters that were made longer ago than the feed's `max_age`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WhenStale {
    /// What it revoked stays refused, everything else passes.
    #[default]
    Keep,
    /// Every certificate that they speak for is refused until there are current ones.
    Refuse,
}

/// Certificate revocation lists (RFC 5280 §5).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CrlSource {
    /// Where CRLs are read.
    pub places: Vec<CrlPlace>,
    /// Whether the places are learnt that certificates name which peers show: those of chains that
    /// lead to a root of this node.
    pub from_certificates: bool,
    /// A PEM file with certificates of issuers, beside the roots of this node and the intermediates
    /// that peers show. A CRL counts only where the key of its issuer signed it.
    pub issuers: Option<PathBuf>,
    /// What a stale one means.
    pub stale: WhenStale,
}

/// Revocation filters (CRLite) as `upki` publishes them: which certificates of public authorities are
/// revoked, in some megabytes for all of them (<https://c2sp.org/upki-revocation>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpkiSource {
    /// The folder that has `manifest.json` and the files that it names: an `https://` URL, or an
    /// absolute path. They are not signed: who serves them is who is believed.
    pub base: FeedPlace,
    /// What it means that they are stale.
    pub stale: WhenStale,
}

impl Default for UpkiSource {
    fn default() -> Self {
        UpkiSource {
            base: FeedPlace::Url(UPKI_BASE.to_owned()),
            stale: WhenStale::default(),
        }
    }
}

impl UpkiSource {
    /// Where a file of it is.
    pub fn file(&self, name: &str) -> FeedPlace {
        let beside = |base: &str| format!("{}/{name}", base.trim_end_matches('/'));
        match &self.base {
            FeedPlace::Url(base) => FeedPlace::Url(beside(base)),
            FeedPlace::File(base) => FeedPlace::File(beside(base)),
        }
    }
}

/// Where a feed comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UntrustedSource {
    /// A signed list.
    SignedList(SignedList),
    /// Certificate revocation lists.
    Crl(CrlSource),
    /// Revocation filters.
    Upki(UpkiSource),
}

impl fmt::Display for UntrustedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UntrustedSource::SignedList(list) => list.place.fmt(f),
            UntrustedSource::Crl(crl) => {
                let places: Vec<&str> = crl.places.iter().map(CrlPlace::as_str).collect();
                let learnt = crl
                    .from_certificates
                    .then_some("the CRLs that certificates name");
                f.write_str(&[places, learnt.into_iter().collect()].concat().join(", "))
            }
            UntrustedSource::Upki(upki) => upki.base.fmt(f),
        }
    }
}

/// Certificates that somebody publishes as not to be trusted, kept as he publishes them.
///
/// They are refused like those of the objects `untrusted_certificate`: in every role, in both
/// directions, before anything else is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UntrustedFeed {
    /// Where it comes from: `signed_list`, `crl` or `upki`.
    pub source: UntrustedSource,
    /// Whether it is read. What was read last stays in force all the same.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often it is looked for a new version.
    #[serde(default = "interval")]
    pub interval: Span,
    /// After what time without a good answer an event tells that the list is old. It stays in force.
    /// Filters are stale when so much time has gone by since they were made.
    #[serde(default = "max_age")]
    pub max_age: Span,
}

fn yes() -> bool {
    true
}

fn interval() -> Span {
    Span::from_secs(3_600)
}

fn max_age() -> Span {
    Span::from_secs(3 * 86_400)
}

impl UntrustedFeed {
    /// A feed from this source, with every other field at its default.
    pub fn new(source: UntrustedSource) -> Self {
        UntrustedFeed {
            source,
            enabled: true,
            interval: interval(),
            max_age: max_age(),
        }
    }
}

impl Validate for UntrustedFeed {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match &self.source {
            UntrustedSource::SignedList(list) => {
                if list.keys.is_empty() || list.keys.len() > KEYS_MAX {
                    errors.push(FieldError::new(
                        "source.signed_list.keys",
                        format!("{} keys are named", list.keys.len()),
                        format!("name 1 to {KEYS_MAX}: an unsigned list is no list"),
                    ));
                }
            }
            UntrustedSource::Crl(crl) => {
                if crl.places.len() > PLACES_MAX {
                    errors.push(FieldError::new(
                        "source.crl.places",
                        format!("{} places are named", crl.places.len()),
                        format!("name {PLACES_MAX} at the most in one feed"),
                    ));
                }
                if crl.places.is_empty() && !crl.from_certificates {
                    errors.push(FieldError::new(
                        "source.crl",
                        "it says of no CRL where it is",
                        "name places, or set from_certificates",
                    ));
                }
                if crl.issuers.as_ref().is_some_and(|file| !file.is_absolute()) {
                    errors.push(FieldError::new(
                        "source.crl.issuers",
                        "the path is not absolute",
                        "write it from the root: \"/etc/mailward/issuers.pem\"",
                    ));
                }
            }
            UntrustedSource::Upki(upki) => {
                if matches!(&upki.base, FeedPlace::Url(url) if url.contains(['?', '#'])) {
                    errors.push(FieldError::new(
                        "source.upki.base",
                        "names of files cannot be put behind it",
                        "write the folder alone, without ? and #",
                    ));
                }
            }
        }
        let seconds = |span: Span| span.get().as_secs();
        for (field, span, range) in [
            ("interval", self.interval, INTERVAL_SECS),
            ("max_age", self.max_age, MAX_AGE_SECS),
        ] {
            in_range(&mut errors, field, seconds(span), range);
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key in minisign's form, with the id 01…08.
    fn key() -> SignatureKey {
        SignatureKey {
            id: [1, 2, 3, 4, 5, 6, 7, 8],
            key: [9; 32],
        }
    }

    fn read(json: &str) -> UntrustedFeed {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn keys_are_written_as_minisign_writes_them() {
        let text = key().to_string();
        assert!(text.starts_with("RW") && text.len() == 56, "{text}");
        assert_eq!(text.parse(), Ok(key()));
        for wrong in ["", "RWQ", &text[..52], &text.replacen("RW", "AA", 1)] {
            assert!(wrong.parse::<SignatureKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sources_are_written_as_one_key() {
        let list = read(&format!(
            r#"{{"source":{{"signed_list":{{"place":"https://lists.example.org/untrusted.json","keys":["{}"]}}}}}}"#,
            key()
        ));
        assert_eq!(list.validate(), []);
        assert_eq!(
            list.source.to_string(),
            "https://lists.example.org/untrusted.json"
        );
        let crl = read(
            r#"{"source":{"crl":{"places":["http://crl.example.org/a.crl"],"from_certificates":true}}}"#,
        );
        assert_eq!(
            crl.source.to_string(),
            "http://crl.example.org/a.crl, the CRLs that certificates name"
        );
        let upki = read(r#"{"source":{"upki":{}}}"#);
        assert_eq!(upki.validate(), []);
        assert_eq!(upki.source.to_string(), UPKI_BASE);
        for (base, file) in [
            ("https://a.example/r/", "https://a.example/r/manifest.json"),
            ("https://a.example", "https://a.example/manifest.json"),
            (
                "/var/cache/upki/revocation",
                "/var/cache/upki/revocation/manifest.json",
            ),
        ] {
            let source = UpkiSource {
                base: base.parse().unwrap(),
                ..UpkiSource::default()
            };
            assert_eq!(source.file("manifest.json").to_string(), file);
        }
        for wrong in ["ldap://x/", "a.crl", "http://a:b@c/", "http:///x", ""] {
            assert!(wrong.parse::<CrlPlace>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_is_told_by_its_field() {
        let broken = |json: &str| -> Vec<String> {
            read(json).validate().into_iter().map(|e| e.field).collect()
        };
        assert_eq!(
            broken(r#"{"source":{"signed_list":{"place":"/l","keys":[]}},"interval":"0s"}"#),
            ["source.signed_list.keys", "interval"]
        );
        assert_eq!(
            broken(r#"{"source":{"crl":{"issuers":"x.pem"}},"max_age":"1s"}"#),
            ["source.crl", "source.crl.issuers", "max_age"]
        );
        assert_eq!(
            broken(r#"{"source":{"upki":{"base":"https://a.example/r?x"}}}"#),
            ["source.upki.base"]
        );
    }
}
