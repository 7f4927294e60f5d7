//! A small JSON file in which a process keeps what it knows: read, replaced whole, forgotten.
//!
//! What is kept outlasts a power cut ([`replace`]). A file that is not there is nothing that was known; one
//! that cannot be read, or holds something else, is told with its path. Never here: what is done about
//! it.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::replace::{Lasting, replace};

/// Why what was kept is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file cannot be read or written.
    #[error("{path} cannot be read or written")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        #[source]
        source: serde_json::Error,
    },
}

impl KeptError {
    /// Of a file that cannot be read or written.
    pub fn io(path: &Path, source: io::Error) -> KeptError {
        KeptError::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        let (KeptError::Io { path, .. } | KeptError::Damaged { path, .. }) = self;
        path
    }
}

/// What is kept in a file; `None` where there is none. Of more than `octets_max` octets the rest is not
/// read, so that the file is damaged.
///
/// # Errors
/// [`KeptError`].
pub fn load<T: DeserializeOwned>(path: &Path, octets_max: u64) -> Result<Option<T>, KeptError> {
    let Some(octets) = read(path, octets_max)? else {
        return Ok(None);
    };
    serde_json::from_slice(&octets)
        .map(Some)
        .map_err(|source| damaged(path, source))
}

/// Keeps a value in a file.
///
/// # Errors
/// [`KeptError`]; the file of before is still there.
pub fn save(path: &Path, value: &impl Serialize) -> Result<(), KeptError> {
    let octets = serde_json::to_vec(value).map_err(|source| damaged(path, source))?;
    write(path, &octets)
}

/// The octets of a file, `octets_max` at the most; `None` where there is none.
///
/// # Errors
/// [`KeptError`].
pub fn read(path: &Path, octets_max: u64) -> Result<Option<Vec<u8>>, KeptError> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|source| KeptError::io(path, source))?,
    };
    let mut octets = Vec::new();
    file.take(octets_max)
        .read_to_end(&mut octets)
        .map_err(|source| KeptError::io(path, source))?;
    Ok(Some(octets))
}

/// Keeps octets in a file.
///
/// # Errors
/// [`KeptError`]; the file of before is still there.
pub fn write(path: &Path, octets: &[u8]) -> Result<(), KeptError> {
    replace(path, octets, Lasting::PowerCut).map_err(|source| KeptError::io(path, source))
}

/// Forgets a file; one that is not there is forgotten.
///
/// # Errors
/// [`KeptError`].
pub fn forget(path: &Path) -> Result<(), KeptError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(KeptError::io(path, source)),
        _ => Ok(()),
    }
}

fn damaged(path: &Path, source: serde_json::Error) -> KeptError {
    KeptError::Damaged {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCTETS_MAX: u64 = 100;

    #[test]
    fn a_value_is_kept_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        assert_eq!(load::<Vec<u32>>(&path, OCTETS_MAX).unwrap(), None);
        save(&path, &vec![1, 2]).unwrap();
        assert_eq!(load(&path, OCTETS_MAX).unwrap(), Some(vec![1_u32, 2]));
        forget(&path).unwrap();
        forget(&path).unwrap();
        assert_eq!(read(&path, OCTETS_MAX).unwrap(), None);
    }

    #[test]
    fn what_is_damaged_or_too_long_is_told_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        for text in ["[1,", "{}", &format!("[{}1]", "1,".repeat(60))] {
            std::fs::write(&path, text).unwrap();
            let error = load::<Vec<u32>>(&path, OCTETS_MAX).unwrap_err();
            assert!(matches!(error, KeptError::Damaged { .. }), "{error}");
            assert_eq!(error.path(), path);
        }
        // What is meant for a folder is a file.
        let error = save(&path.join("y.json"), &1).unwrap_err();
        assert!(matches!(error, KeptError::Io { .. }), "{error}");
    }
}
