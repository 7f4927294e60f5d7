//! What is known of feeds, kept on this node: one file for each feed.
//!
//! Files are replaced whole and outlast a power cut. Written by transport alone; every role reads
//! them, and sees by a file's [`Stamp`] that it is another one.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use mailward_host::replace::{Lasting, replace};
use mailward_model::{ObjectId, kind::Sha256};
use ring::digest;

use super::{
    FeedState,
    crl::{self, Crl},
};
use crate::untrusted::{Layer, filter::Filters};

/// Octets of a state file: two lists of the greatest length, written at more length.
const FILE_OCTETS_MAX: u64 = 64 << 20;

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

/// Tells one file from the one that replaced it, without reading either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
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

    /// Which file it is that a feed has now; `None` where it has none.
    pub fn stamp(&self, feed: ObjectId) -> Option<Stamp> {
        let found = std::fs::metadata(self.file(feed)).ok()?;
        Some(Stamp {
            inode: found.ino(),
            length: found.len(),
            changed: (found.mtime(), found.mtime_nsec()),
        })
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
        match serde_json::to_vec(state) {
            Ok(octets) => replace(&path, &octets, Lasting::PowerCut)
                .map_err(|source| ShelfError::Io { path, source }),
            Err(source) => Err(ShelfError::Damaged { path, source }),
        }
    }

    /// Keeps a CRL under its digest.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn save_crl(&self, digest: &str, der: &[u8]) -> Result<(), ShelfError> {
        let path = self.crl_file(digest);
        replace(&path, der, Lasting::PowerCut).map_err(|source| ShelfError::Io { path, source })
    }

    /// A CRL that was kept.
    ///
    /// # Errors
    /// [`ShelfError`], also where it is none any more.
    pub fn crl(&self, digest: &str) -> Result<Crl, ShelfError> {
        let path = self.crl_file(digest);
        let read = read(&path)?.ok_or(io::ErrorKind::NotFound);
        let crl = read.map_err(io::Error::from).and_then(|der| {
            crl::read_kept(&der)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
        });
        crl.map_err(|source| ShelfError::Io { path, source })
    }

    /// Keeps a revocation filter under its digest.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn save_filter(&self, sha256: Sha256, octets: &[u8]) -> Result<(), ShelfError> {
        let path = self.filter_file(sha256);
        replace(&path, octets, Lasting::PowerCut).map_err(|source| ShelfError::Io { path, source })
    }

    /// The octets of a revocation filter that was kept.
    ///
    /// # Errors
    /// [`ShelfError`], also where it is none any more, or is not what was kept.
    pub fn filter(&self, sha256: Sha256) -> Result<Vec<u8>, ShelfError> {
        let path = self.filter_file(sha256);
        let fail = |kind: io::ErrorKind| ShelfError::Io {
            path: path.clone(),
            source: kind.into(),
        };
        let octets = read(&path)?.ok_or_else(|| fail(io::ErrorKind::NotFound))?;
        let found = digest::digest(&digest::SHA256, &octets);
        match found.as_ref() == sha256.0 {
            true => Ok(octets),
            false => Err(fail(io::ErrorKind::InvalidData)),
        }
    }

    /// The revocation filters of a feed; none where it has none.
    ///
    /// # Errors
    /// [`ShelfError`] where one cannot be read.
    pub fn filters(&self, state: &FeedState) -> Result<Option<Filters>, ShelfError> {
        let Some(kept) = &state.filters else {
            return Ok(None);
        };
        let mut filters = Filters::default();
        for file in &kept.files {
            let octets = self.filter(file.sha256)?;
            filters.add(&octets).map_err(|error| ShelfError::Io {
                path: self.filter_file(file.sha256),
                source: io::Error::new(io::ErrorKind::InvalidData, error),
            })?;
        }
        filters.know(kept.known());
        Ok(Some(filters))
    }

    fn filter_file(&self, sha256: Sha256) -> PathBuf {
        self.dir.join(format!("{sha256}.filter"))
    }

    /// What the feed of this name adds to the list.
    ///
    /// # Errors
    /// [`ShelfError`] where a CRL or a filter of it cannot be read: what was read before should stay in force.
    pub fn layer(&self, feed: &str, state: &FeedState) -> Result<Arc<Layer>, ShelfError> {
        let mut crls = Vec::new();
        for (at, kept) in state.crls.iter().enumerate() {
            if !kept.digest.is_empty() {
                crls.push((at, self.crl(&kept.digest)?));
            }
        }
        Ok(state.layer(feed, &crls, self.filters(state)?))
    }

    fn crl_file(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("crl-{digest}.der"))
    }

    /// Forgets CRLs and filters that none of these states has; filters that are `wanted` stay, for
    /// they are being read.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn sweep<'a>(
        &self,
        states: impl IntoIterator<Item = &'a FeedState>,
        wanted: &[Sha256],
    ) -> Result<(), ShelfError> {
        let mut kept: BTreeSet<PathBuf> = BTreeSet::new();
        for state in states {
            kept.extend(state.crls.iter().map(|one| self.crl_file(&one.digest)));
            let files = state.filters.iter().flat_map(|one| &one.files);
            kept.extend(files.map(|one| self.filter_file(one.sha256)));
        }
        kept.extend(wanted.iter().map(|one| self.filter_file(*one)));
        let fail = |source| ShelfError::Io {
            path: self.dir.clone(),
            source,
        };
        let files = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files.map_err(fail)?,
        };
        for file in files.flatten().map(|file| file.path()) {
            let is_part = file
                .extension()
                .is_some_and(|it| it == "der" || it == "filter");
            if is_part && !kept.contains(&file) {
                remove(&file)?;
            }
        }
        Ok(())
    }

    /// Forgets what is known of a feed that is no more.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn remove(&self, feed: ObjectId) -> Result<(), ShelfError> {
        remove(&self.file(feed))
    }
}

fn remove(path: &Path) -> Result<(), ShelfError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ShelfError::Io {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_kept_and_a_new_file_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path());
        let feed = ObjectId(7);
        assert_eq!(shelf.load(feed).unwrap(), None);
        assert_eq!(shelf.stamp(feed), None);
        let mut state = FeedState {
            next_unix_ms: 5,
            ..FeedState::default()
        };
        shelf.save(feed, &state).unwrap();
        let first = shelf.stamp(feed);
        assert_eq!(shelf.load(feed).unwrap().as_ref(), Some(&state));
        assert_eq!(shelf.stamp(feed), first);
        state.next_unix_ms = 6;
        shelf.save(feed, &state).unwrap();
        assert_ne!(shelf.stamp(feed), first);
        std::fs::write(shelf.file(feed), "{\"in_force\":").unwrap();
        assert!(matches!(shelf.load(feed), Err(ShelfError::Damaged { .. })));
        shelf.remove(feed).unwrap();
        shelf.remove(feed).unwrap();
    }
}
