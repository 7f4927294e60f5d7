//! What is known of feeds, kept on this node: one file for each feed.
//!
//! Files are replaced whole and outlast a power cut. Written by transport alone; every role reads
//! them, and sees by a file's [`Stamp`] that it is another one.

use std::{collections::BTreeSet, io, os::unix::fs::MetadataExt, path::PathBuf, sync::Arc};

use mailward_host::kept::{self, KeptError};
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

    /// Keeps a CRL under its digest.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn save_crl(&self, digest: &str, der: &[u8]) -> Result<(), KeptError> {
        kept::write(&self.crl_file(digest), der)
    }

    /// A CRL that was kept.
    ///
    /// # Errors
    /// [`KeptError`], also where it is none any more.
    pub fn crl(&self, digest: &str) -> Result<Crl, KeptError> {
        let path = self.crl_file(digest);
        let read = kept::read(&path, FILE_OCTETS_MAX)?.ok_or(io::ErrorKind::NotFound);
        let crl = read.map_err(io::Error::from).and_then(|der| {
            crl::read_kept(&der)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
        });
        crl.map_err(|source| KeptError::io(&path, source))
    }

    /// Keeps a revocation filter under its digest.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn save_filter(&self, sha256: Sha256, octets: &[u8]) -> Result<(), KeptError> {
        kept::write(&self.filter_file(sha256), octets)
    }

    /// The octets of a revocation filter that was kept.
    ///
    /// # Errors
    /// [`KeptError`], also where it is none any more, or is not what was kept.
    pub fn filter(&self, sha256: Sha256) -> Result<Vec<u8>, KeptError> {
        let path = self.filter_file(sha256);
        let fail = |kind: io::ErrorKind| KeptError::io(&path, kind.into());
        let octets =
            kept::read(&path, FILE_OCTETS_MAX)?.ok_or_else(|| fail(io::ErrorKind::NotFound))?;
        let found = digest::digest(&digest::SHA256, &octets);
        match found.as_ref() == sha256.0 {
            true => Ok(octets),
            false => Err(fail(io::ErrorKind::InvalidData)),
        }
    }

    /// The revocation filters of a feed; none where it has none.
    ///
    /// # Errors
    /// [`KeptError`] where one cannot be read.
    pub fn filters(&self, state: &FeedState) -> Result<Option<Filters>, KeptError> {
        let Some(kept) = &state.filters else {
            return Ok(None);
        };
        let mut filters = Filters::default();
        for file in &kept.files {
            let octets = self.filter(file.sha256)?;
            filters.add(&octets).map_err(|error| {
                let source = io::Error::new(io::ErrorKind::InvalidData, error);
                KeptError::io(&self.filter_file(file.sha256), source)
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
    /// [`KeptError`] where a CRL or a filter of it cannot be read: what was read before should stay in force.
    pub fn layer(&self, feed: &str, state: &FeedState) -> Result<Arc<Layer>, KeptError> {
        self.layer_with(feed, state, self.filters(state)?)
    }

    /// The same without its filters, some megabytes of them, for questions that they do not answer.
    ///
    /// # Errors
    /// As [`layer`](Self::layer).
    pub fn layer_of_lists(&self, feed: &str, state: &FeedState) -> Result<Arc<Layer>, KeptError> {
        self.layer_with(feed, state, None)
    }

    fn layer_with(
        &self,
        feed: &str,
        state: &FeedState,
        filters: Option<Filters>,
    ) -> Result<Arc<Layer>, KeptError> {
        let mut crls = Vec::new();
        for (at, kept) in state.crls.iter().enumerate() {
            if !kept.digest.is_empty() {
                crls.push((at, self.crl(&kept.digest)?));
            }
        }
        Ok(state.layer(feed, &crls, filters))
    }

    fn crl_file(&self, digest: &str) -> PathBuf {
        self.dir.join(format!("crl-{digest}.der"))
    }

    /// Forgets CRLs and filters that none of these states has; filters that are `wanted` stay, for
    /// they are being read.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn sweep<'a>(
        &self,
        states: impl IntoIterator<Item = &'a FeedState>,
        wanted: &[Sha256],
    ) -> Result<(), KeptError> {
        let mut kept: BTreeSet<PathBuf> = BTreeSet::new();
        for state in states {
            kept.extend(state.crls.iter().map(|one| self.crl_file(&one.digest)));
            let files = state.filters.iter().flat_map(|one| &one.files);
            kept.extend(files.map(|one| self.filter_file(one.sha256)));
        }
        kept.extend(wanted.iter().map(|one| self.filter_file(*one)));
        let fail = |source| KeptError::io(&self.dir, source);
        let files = match std::fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files.map_err(fail)?,
        };
        for file in files.flatten().map(|file| file.path()) {
            let is_part = file
                .extension()
                .is_some_and(|it| it == "der" || it == "filter");
            if is_part && !kept.contains(&file) {
                kept::forget(&file)?;
            }
        }
        Ok(())
    }

    /// Forgets what is known of a feed that is no more.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn remove(&self, feed: ObjectId) -> Result<(), KeptError> {
        kept::forget(&self.file(feed))
    }
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
        assert!(matches!(shelf.load(feed), Err(KeptError::Damaged { .. })));
        shelf.remove(feed).unwrap();
        shelf.remove(feed).unwrap();
    }
}
