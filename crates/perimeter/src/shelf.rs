//! What is known of feeds, kept on this node: one file for each feed, and the name by which this
//! installation calls itself when it asks.
//!
//! Files are replaced whole and outlast a power cut. Written by transport alone; read by whoever
//! shows or exports ranges.

use std::path::PathBuf;

use mailward_host::{
    entropy,
    kept::{self, KeptError},
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
    /// [`KeptError`].
    pub fn load(&self, feed: ObjectId) -> Result<Option<FeedState>, KeptError> {
        kept::load(&self.file(feed), FILE_OCTETS_MAX)
    }

    /// Keeps what is known of a feed.
    ///
    /// # Errors
    /// [`KeptError`]; the file of before is still there.
    pub fn save(&self, feed: ObjectId, state: &FeedState) -> Result<(), KeptError> {
        kept::save(&self.file(feed), state)
    }

    /// Forgets what is known of a feed that is no more.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn remove(&self, feed: ObjectId) -> Result<(), KeptError> {
        kept::forget(&self.file(feed))
    }

    /// The name by which this installation calls itself at the endpoints service: made once, a
    /// random UUID (RFC 9562 §5.4), and kept for good.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn client_request_id(&self) -> Result<String, KeptError> {
        let path = self.dir.join(CLIENT_REQUEST_ID);
        if let Some(octets) = kept::read(&path, FILE_OCTETS_MAX)?
            && let Ok(text) = String::from_utf8(octets)
            && is_uuid(text.trim())
        {
            return Ok(text.trim().to_owned());
        }
        let random = entropy::random::<16>().map_err(|source| KeptError::io(&path, source))?;
        let id = uuid(random);
        kept::write(&path, id.as_bytes())?;
        Ok(id)
    }
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
        assert!(matches!(shelf.load(feed), Err(KeptError::Damaged { .. })));
        shelf.remove(feed).unwrap();
        shelf.remove(feed).unwrap();
    }
}
