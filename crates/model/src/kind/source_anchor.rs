//! Where a recipient comes from: the entry of a directory that it follows. Text and its reading;
//! never the following itself.

use std::{fmt, str::FromStr};

use crate::{
    address::text_form,
    object::{NAME_OCTETS_MAX, validate_name},
};

/// Octets of an entry's identifier: a UUID has 36, and no server gives longer ones.
const ENTRY_OCTETS_MAX: usize = 64;

/// The entry of a directory source that a recipient follows: `Corp/6f9619ff-8b86-d011-b42d-00c04fc964ff`.
/// The entry is known by what the directory never changes (objectGUID, entryUUID), so that it is
/// still the same one when it is renamed or moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceAnchor {
    source: Box<str>,
    entry: Box<str>,
}

/// A text that is no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no entry of a directory source: it is written by the sync, as SOURCE/UUID; leave it as it is, or unset it to cut the recipient loose"
)]
pub struct SourceAnchorError(String);

impl SourceAnchor {
    /// The anchor of an entry.
    ///
    /// # Errors
    /// A source that is no object's name, or an identifier that is none.
    pub fn new(source: &str, entry: &str) -> Result<SourceAnchor, SourceAnchorError> {
        let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_sound = source.len() <= NAME_OCTETS_MAX
            && validate_name(source).is_ok()
            && (1..=ENTRY_OCTETS_MAX).contains(&entry.len())
            && entry.chars().all(is_id);
        match is_sound {
            true => Ok(SourceAnchor {
                source: source.into(),
                entry: entry.to_ascii_lowercase().into(),
            }),
            false => Err(SourceAnchorError(format!("{source}/{entry}"))),
        }
    }

    /// The name of the directory source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The entry in it.
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// True where it is an entry of this source.
    pub fn is_of(&self, source: &str) -> bool {
        self.source.eq_ignore_ascii_case(source)
    }
}

impl FromStr for SourceAnchor {
    type Err = SourceAnchorError;

    fn from_str(text: &str) -> Result<Self, SourceAnchorError> {
        let (source, entry) = text
            .rsplit_once('/')
            .ok_or_else(|| SourceAnchorError(text.to_owned()))?;
        SourceAnchor::new(source, entry)
    }
}

impl fmt::Display for SourceAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.entry)
    }
}

text_form!(SourceAnchor, "source-anchor");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read_as_they_are_written() {
        let text = "Corp AD/6f9619ff-8b86-d011-b42d-00c04fc964ff";
        let anchor: SourceAnchor = text.parse().unwrap();
        assert_eq!(anchor.to_string(), text);
        assert!(anchor.is_of("corp ad") && !anchor.is_of("Corp"));
        assert_eq!(anchor.entry(), "6f9619ff-8b86-d011-b42d-00c04fc964ff");
        for wrong in ["", "Corp", "Corp/", "/6f96", "Corp/a b", "a/b/c", "Corp/x*"] {
            assert!(wrong.parse::<SourceAnchor>().is_err(), "{wrong}");
        }
    }
}
