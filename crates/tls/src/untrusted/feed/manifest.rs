//! What a folder of revocation filters has: its `manifest.json`, as `upki` writes it. Pure.
//!
//! Never here: the filters themselves, and whether they may replace those in force.

use mailward_model::kind::Sha256;
use serde::{Deserialize, Serialize};

use crate::untrusted::filter::{FILTER_OCTETS_MAX, FILTERS_MAX, FILTERS_OCTETS_MAX};

/// The manifest's name.
pub const MANIFEST: &str = "manifest.json";
/// Octets of a manifest: some hundred of each file.
pub const MANIFEST_OCTETS_MAX: usize = 1 << 20;
/// Octets of a file's name.
const NAME_OCTETS_MAX: usize = 100;
/// Characters of a comment that are kept.
const COMMENT_CHARS_MAX: usize = 200;

/// The document. What else may stand in it is of no interest here.
#[derive(Deserialize)]
struct Document {
    /// Unix seconds.
    generated_at: u64,
    #[serde(default)]
    comment: String,
    #[serde(alias = "filters")]
    files: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    filename: String,
    size: u64,
    hash: Sha256,
}

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of it.
    pub sha256: Sha256,
    /// Its octets.
    pub octets: u64,
}

/// What the folder has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// When the filters were made.
    pub made_unix_ms: u64,
    /// What their publisher says of them.
    pub comment: String,
    /// The files.
    pub files: Vec<FilterFile>,
}

/// Why a document is no manifest of filters that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is another document.
    #[error("{MANIFEST} is no list of revocation filters: {0}")]
    Form(String),
    /// A file's name leads elsewhere.
    #[error("{MANIFEST} names a file {0:?}: letters, digits, dots and dashes are expected")]
    Name(String),
    /// It names nothing.
    #[error("{MANIFEST} names no filter: nothing would be revoked any more")]
    Empty,
    /// It names more than can be held.
    #[error(
        "{MANIFEST} names {files} filters with {octets} octets: at the most {FILTERS_MAX} are taken, \
         with {FILTER_OCTETS_MAX} octets each and {FILTERS_OCTETS_MAX} together"
    )]
    TooMuch {
        /// How many.
        files: usize,
        /// With how many octets.
        octets: u64,
    },
}

/// Reads a manifest.
///
/// # Errors
/// [`ManifestError`].
pub fn read(octets: &[u8]) -> Result<Manifest, ManifestError> {
    let document: Document =
        serde_json::from_slice(octets).map_err(|error| ManifestError::Form(error.to_string()))?;
    let made_unix_ms = document
        .generated_at
        .checked_mul(1000)
        .ok_or_else(|| ManifestError::Form("generated_at is no time".to_owned()))?;
    let files: Vec<FilterFile> = document
        .files
        .into_iter()
        .map(|one| FilterFile {
            name: one.filename,
            sha256: one.hash,
            octets: one.size,
        })
        .collect();
    if files.is_empty() {
        return Err(ManifestError::Empty);
    }
    if let Some(wrong) = files.iter().find(|one| !is_plain(&one.name)) {
        let shown = wrong.name.chars().take(NAME_OCTETS_MAX).collect();
        return Err(ManifestError::Name(shown));
    }
    let all = files
        .iter()
        .fold(0_u64, |all, one| all.saturating_add(one.octets));
    let is_huge = |one: &FilterFile| one.octets > FILTER_OCTETS_MAX as u64;
    if files.len() > FILTERS_MAX || all > FILTERS_OCTETS_MAX as u64 || files.iter().any(is_huge) {
        return Err(ManifestError::TooMuch {
            files: files.len(),
            octets: all,
        });
    }
    let comment = document.comment.chars().filter(|c| !c.is_control());
    Ok(Manifest {
        made_unix_ms,
        comment: comment.take(COMMENT_CHARS_MAX).collect(),
        files,
    })
}

/// A name that is put behind a folder's and stays within it.
fn is_plain(name: &str) -> bool {
    let is_fit = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
    (1..=NAME_OCTETS_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(is_fit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_files(files: &str) -> Result<Manifest, ManifestError> {
        let text =
            format!(r#"{{"generated_at":1795564800,"comment":"a\u0007b","files":[{files}]}}"#);
        read(text.as_bytes())
    }

    fn file(name: &str, size: u64) -> String {
        format!(
            r#"{{"filename":"{name}","size":{size},"hash":"{}"}}"#,
            "5a".repeat(32)
        )
    }

    #[test]
    fn a_manifest_is_read_as_its_publisher_writes_it() {
        let manifest = of_files(&file("20261125-0-default.filter", 7_000_000)).unwrap();
        assert_eq!(manifest.made_unix_ms, 1_795_564_800_000);
        assert_eq!(manifest.comment, "ab");
        assert_eq!(manifest.files[0].sha256, Sha256([0x5a; 32]));
        // As it was written at first.
        let old = r#"{"generated_at":1,"comment":"","filters":[{"filename":"a","size":1,"hash":"HASH"}]}"#;
        let old = old.replace("HASH", &"00".repeat(32));
        assert_eq!(read(old.as_bytes()).unwrap().files.len(), 1);
    }

    #[test]
    fn what_leads_elsewhere_or_is_too_much_is_refused() {
        for name in ["", "../x", "a/b", ".x", "a?b", "a b", "ä", &"a".repeat(101)] {
            let read = of_files(&file(name, 1));
            assert!(matches!(read, Err(ManifestError::Name(_))), "{name}");
        }
        assert_eq!(of_files(""), Err(ManifestError::Empty));
        let too_much = |files: &str| matches!(of_files(files), Err(ManifestError::TooMuch { .. }));
        assert!(too_much(&file("a", (32 << 20) + 1)));
        assert!(too_much(&file("a", u64::MAX)));
        assert!(too_much(&vec![file("a", 30 << 20); 3].join(",")));
        assert!(too_much(&vec![file("a", 1); 251].join(",")));
        assert!(!too_much(&vec![file("a", 1); 250].join(",")));
        let form = |text: &str| matches!(read(text.as_bytes()), Err(ManifestError::Form(_)));
        assert!(form("[]") && form("<html>") && form(""));
        assert!(form(r#"{"generated_at":18446744073709551615,"files":[]}"#));
        assert!(form(
            r#"{"generated_at":1,"files":[{"filename":"a","size":1,"hash":"5a"}]}"#
        ));
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_do_no_harm(octets: Vec<u8>) {
            let _ = read(&octets);
        }
    }
}
