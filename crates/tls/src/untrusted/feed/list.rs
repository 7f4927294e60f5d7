//! A signed list as its publisher writes it: `docs/format/untrusted-list.md`. Pure.
//!
//! Never here: whether it may replace what is in force.

use jiff::Timestamp;
use mailward_model::{
    hex,
    kind::{SerialNumber, Sha256, SignatureKey, UntrustedCertificate},
    object::Validate,
};
use serde::{Deserialize, Serialize};

use super::minisign::{self, SignatureError};

/// Octets of a list; more is refused before it is read.
pub const LIST_OCTETS_MAX: usize = 8 << 20;
/// Entries of a list. Whole trust stores have some hundred; certificates that an authority revokes
/// by the thousand stand in its CRL.
pub const ENTRIES_MAX: usize = 20_000;
/// What the document calls itself.
pub const FORMAT: &str = "mailward-untrusted-list-1";
/// Octets of an entry's name.
const NAME_OCTETS_MAX: usize = 200;

/// An entry, as it stands in the document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    serial: Option<SerialNumber>,
    #[serde(default)]
    sha256: Option<Sha256>,
    #[serde(default)]
    spki_sha256: Option<Sha256>,
    #[serde(default)]
    subject: String,
    reason: String,
}

/// The document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    sequence: u64,
    /// RFC 3339.
    expires: String,
    entries: Vec<Written>,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What it is called within the list.
    pub name: String,
    /// The certificate.
    pub certificate: UntrustedCertificate,
}

/// A list whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its number: each list of a publisher has a higher one than the one before.
    pub sequence: u64,
    /// When it should have been replaced by another one.
    pub expires_unix_ms: u64,
    /// SHA-256 of the document, hex.
    pub digest: String,
    /// The number of the key that signed it.
    pub key: String,
    /// What the publisher says of it: the trusted comment of the signature.
    pub comment: String,
    /// The entries.
    pub entries: Vec<Listed>,
}

/// Why a document is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not signed by whom it should.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No list.
    #[error("the document is no list: {0}")]
    Form(String),
    /// Another format.
    #[error("the document is of the format {0:?}, and {FORMAT:?} was expected")]
    Format(String),
    /// Too many.
    #[error("the list has {0} entries, {ENTRIES_MAX} are the most")]
    Entries(usize),
    /// An entry that cannot be.
    #[error("entries[{at}]: {problem}")]
    Entry {
        /// Which one.
        at: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a document and its signature. The signature is checked before anything of it is read.
///
/// # Errors
/// [`ListError`].
pub fn read(document: &[u8], signature: &[u8], keys: &[SignatureKey]) -> Result<List, ListError> {
    let signed = minisign::verify(document, signature, keys)?;
    let read: Document =
        serde_json::from_slice(document).map_err(|error| ListError::Form(error.to_string()))?;
    if read.format != FORMAT {
        return Err(ListError::Format(read.format));
    }
    let expires: Timestamp = read.expires.parse().map_err(|_| {
        ListError::Form(format!(
            "it expires at {:?}, which is no time such as 2026-12-26T00:00:00Z",
            read.expires
        ))
    })?;
    if read.entries.len() > ENTRIES_MAX {
        return Err(ListError::Entries(read.entries.len()));
    }
    let entries = read.entries.into_iter().enumerate();
    let digest = ring::digest::digest(&ring::digest::SHA256, document);
    Ok(List {
        sequence: read.sequence,
        expires_unix_ms: u64::try_from(expires.as_millisecond()).unwrap_or(0),
        digest: hex(digest.as_ref()),
        key: signed.key,
        comment: signed.comment,
        entries: entries
            .map(|(at, written)| listed(at, written))
            .collect::<Result<_, _>>()?,
    })
}

fn listed(at: usize, written: Written) -> Result<Listed, ListError> {
    let certificate = UntrustedCertificate {
        issuer: written.issuer,
        serial: written.serial,
        sha256: written.sha256,
        spki_sha256: written.spki_sha256,
        subject: written.subject,
        reason: written.reason,
    };
    let wrong = |problem: String| ListError::Entry { at, problem };
    if let Some(error) = certificate.validate().first() {
        return Err(wrong(error.to_string()));
    }
    let name = written.name.unwrap_or_else(|| (at + 1).to_string());
    let unfit = name.is_empty() || name.len() > NAME_OCTETS_MAX;
    if unfit || name.chars().any(char::is_control) {
        return Err(wrong(
            "its name is empty, too long, or has control characters".to_owned(),
        ));
    }
    Ok(Listed { name, certificate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::untrusted::feed::minisign::tests::{pair, sign};

    fn of(document: &str) -> Result<List, String> {
        let (own, key) = pair(1);
        let signature = sign(document.as_bytes(), &own, 1, b"ED");
        read(document.as_bytes(), signature.as_bytes(), &[key]).map_err(|error| error.to_string())
    }

    fn document(entries: &str) -> String {
        format!(
            r#"{{"format":"{FORMAT}","sequence":7,"expires":"2026-12-26T00:00:00Z","entries":[{entries}]}}"#
        )
    }

    #[test]
    fn a_list_is_read() {
        let list = of(&document(
            r#"{"issuer":"CN=Example CA","serial":"0a","reason":"stolen"},
               {"name":"wide","spki_sha256":"0101010101010101010101010101010101010101010101010101010101010101","reason":"broken authority"}"#,
        ))
        .unwrap();
        assert_eq!((list.sequence, list.entries.len()), (7, 2));
        assert_eq!(list.expires_unix_ms, 1_798_243_200_000);
        let names: Vec<&str> = list.entries.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["1", "wide"]);
        assert_eq!(of(&document("")).unwrap().entries, []);
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_place() {
        let good = document(r#"{"sha256":"00","reason":"x"}"#);
        for (text, part) in [
            ("", "EOF"),
            ("[]", "no list"),
            (&good[..60], "no list"),
            (
                &document("").replace("list-1", "list-2"),
                "mailward-untrusted-list-2",
            ),
            (&good.replace(":7,", r#":"7","#), "expected u64"),
            (&good.replace("2026-12-26T00:00:00Z", "soon"), "no list"),
            (&good, "no SHA-256"),
            (&document(r#"{"reason":"x"}"#), "entries[0]: "),
            (
                &document(r#"{"serial":"1","reason":"x"}"#),
                "entries[0]: issuer",
            ),
            (
                &document(r#"{"issuer":"CN=a","serial":"1","reason":""}"#),
                "reason",
            ),
            (
                &document(r#"{"issuer":"CN=a","serial":"1","reason":"x","ipaddr":1}"#),
                "ipaddr",
            ),
            (
                &document(r#"{"name":"a\nb","issuer":"CN=a","serial":"1","reason":"x"}"#),
                "name",
            ),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
        let one = r#"{"issuer":"CN=a","serial":"1","reason":"x"}"#;
        let many = vec![one; ENTRIES_MAX + 1].join(",");
        assert!(of(&document(&many)).unwrap_err().contains("20001 entries"));
    }

    #[test]
    fn nothing_is_read_that_is_not_signed() {
        let (_, key) = pair(1);
        let text = document("");
        assert!(matches!(
            read(text.as_bytes(), b"", &[key]),
            Err(ListError::Signature(_))
        ));
    }
}
