//! What is known of feeds, kept on this node: one file for each feed, and the name by which this
//! installation calls itself when it asks.
//!
//! Files are replaced whole and outlast a power cut. Written by transport alone; read by whoever
//! shows or exports ranges.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use mailward_host::{
    entropy,
    replace::{Lasting, replace},
};
use mailward_model::ObjectId;

use crate::FeedState;

/// Octets of a state file: two lists, a held one and what leaves, with room.
const FILE_OCTETS_MAX: u64 = 16 << 20;
/// The file of the installation's name.
const CLIENT_REQUEST_ID: &str = "client-request-id";

/// The folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    dir: PathBuf,
}

/// Why a state is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
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

impl Shelf {
    /// The shelf in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Shelf { dir: dir.into() }
    }

    /// The file of a feed. By its id: a name may be changed.
    pub fn file(&self, feed: ObjectId) -> PathBuf {
        self.dir.join(format!("feed-{feed}.json"))
    }

    /// What is known of a feed; nothing where it was never kept.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn load(&self, feed: ObjectId) -> Result<Option<FeedState>, ShelfError> {
        let path = self.file(feed);
        let Some(octets) = read(&path)? else {
            return Ok(None);
        };
        serde_json::from_slice(&octets)
            .map(Some)
            .map_err(|source| ShelfError::Damaged { path, source })
    }

    /// Keeps what is known of a feed.
    ///
    /// # Errors
    /// [`ShelfError`]; the file of before is still there.
    pub fn save(&self, feed: ObjectId, state: &FeedState) -> Result<(), ShelfError> {
        let path = self.file(feed);
        let octets = serde_json::to_vec(state).map_err(|source| ShelfError::Damaged {
            path: path.clone(),
            source,
        })?;
        write(&path, &octets)
    }

    /// Forgets what is known of a feed that is no more.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn remove(&self, feed: ObjectId) -> Result<(), ShelfError> {
        let path = self.file(feed);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(ShelfError::Io { path, source })
            }
            _ => Ok(()),
        }
    }

    /// The name by which this installation calls itself at the endpoints service: made once, a
    /// random UUID (RFC 9562 §5.4), and kept for good.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn client_request_id(&self) -> Result<String, ShelfError> {
        let path = self.dir.join(CLIENT_REQUEST_ID);
        if let Some(octets) = read(&path)?
            && let Ok(text) = String::from_utf8(octets)
            && is_uuid(text.trim())
        {
            return Ok(text.trim().to_owned());
        }
        let random = entropy::random::<16>().map_err(|source| ShelfError::Io {
            path: path.clone(),
            source,
        })?;
        let id = uuid(random);
        write(&path, id.as_bytes())?;
        Ok(id)
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, ShelfError> {
    let fail = |source| ShelfError::Io {
        path: path.to_owned(),
        source,
    };
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    let mut octets = Vec::new();
    file.take(FILE_OCTETS_MAX)
        .read_to_end(&mut octets)
        .map_err(fail)?;
    Ok(Some(octets))
}

fn write(path: &Path, octets: &[u8]) -> Result<(), ShelfError> {
    replace(path, octets, Lasting::PowerCut).map_err(|source| ShelfError::Io {
        path: path.to_owned(),
        source,
    })
}

fn uuid(random: [u8; 16]) -> String {
    let version = 0x4000 | u128::from_be_bytes(random) >> 64 & 0x0fff;
    let bits = u128::from_be_bytes(random);
    let (high, low) = ((bits >> 96) as u32, bits & 0xffff_ffff_ffff);
    let (middle, variant) = ((bits >> 80) as u16, 0x8000 | (bits >> 48) as u16 & 0x3fff);
    format!("{high:08x}-{middle:04x}-{version:04x}-{variant:04x}-{low:012x}")
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|o| o.is_ascii_hexdigit() || o == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_has_one_name_for_good() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let id = shelf.client_request_id().unwrap();
        assert!(is_uuid(&id), "{id}");
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
        assert_eq!(Shelf::new(dir.path()).client_request_id().unwrap(), id);
        std::fs::write(dir.path().join(CLIENT_REQUEST_ID), "nonsense").unwrap();
        assert_ne!(shelf.client_request_id().unwrap(), id);
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn states_are_kept_and_damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let feed = ObjectId(7);
        assert_eq!(shelf.load(feed).unwrap(), None);
        let mut state = FeedState::default();
        state.confirm(5);
        shelf.save(feed, &state).unwrap();
        assert_eq!(shelf.load(feed).unwrap(), Some(state));
        std::fs::write(shelf.file(feed), "{\"in_force\":").unwrap();
        assert!(matches!(shelf.load(feed), Err(ShelfError::Damaged { .. })));
        shelf.remove(feed).unwrap();
        shelf.remove(feed).unwrap();
    }
}
