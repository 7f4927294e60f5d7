//! What stood in groups before policies came, kept on disk, so that it can be brought back.
//!
//! The folder lies in one that belongs to the other roles' user: what is read must be root's own, a
//! link is not followed, and what is not so is set aside.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use mailward_host::replace::{Lasting, replace};
use mailward_model::policy::membership::Before;

/// The file.
const FILE: &str = "groups.json";
/// Octets of the file: 1,000 groups of 200 names.
const FILE_OCTETS_MAX: u64 = 16 << 20;

/// The file of what stood before.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    dir: PathBuf,
}

/// What is remembered, by the group's name.
pub(super) type Remembered = BTreeMap<String, Before>;

impl Memory {
    pub(super) fn new(dir: PathBuf) -> Memory {
        Memory { dir }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// What is remembered; nothing where there is no file.
    ///
    /// # Errors
    /// It is damaged, too long, or somebody else's.
    pub(super) fn load(&self) -> io::Result<Remembered> {
        match self.check_dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Remembered::new()),
            checked => checked?,
        }
        let opened = File::options()
            .read(true)
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(self.path());
        let file = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Remembered::new()),
            opened => opened?,
        };
        if file.metadata()?.uid() != own_uid() {
            return Err(io::Error::other("it belongs to somebody else"));
        }
        let mut octets = Vec::new();
        file.take(FILE_OCTETS_MAX + 1).read_to_end(&mut octets)?;
        if octets.len() as u64 > FILE_OCTETS_MAX {
            return Err(io::Error::other("it is too long"));
        }
        serde_json::from_slice(&octets).map_err(io::Error::other)
    }

    /// Keeps this, over a power cut too.
    ///
    /// # Errors
    /// It cannot be written, or the folder is somebody else's.
    pub(super) fn save(&self, remembered: &Remembered) -> io::Result<()> {
        match self.check_dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().mode(0o700).create(&self.dir)?;
                self.check_dir()?;
            }
            checked => checked?,
        }
        let text = serde_json::to_vec(remembered).map_err(io::Error::other)?;
        replace(&self.path(), &text, Lasting::PowerCut)
    }

    /// Puts what cannot be used beside.
    pub(super) fn set_aside(&self) {
        let place = match self.check_dir() {
            Ok(()) => self.path(),
            Err(_) => self.dir.clone(),
        };
        let mut aside = place.as_os_str().to_owned();
        aside.push(".unusable");
        // Where it cannot be moved it is told again at the next look, and nothing is written over it.
        let _ = std::fs::rename(&place, Path::new(&aside));
    }

    fn check_dir(&self) -> io::Result<()> {
        let found = std::fs::symlink_metadata(&self.dir)?;
        match found.is_dir() && found.uid() == own_uid() {
            true => Ok(()),
            false => Err(io::Error::other(
                "its folder is none, or belongs to somebody else",
            )),
        }
    }
}

fn own_uid() -> u32 {
    nix::unistd::Uid::effective().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_what_is_damaged_or_linked_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::new(folder.path().join("enforcer"));
        assert!(memory.load().unwrap().is_empty());
        let mut all = Remembered::new();
        let before = Before {
            members: ["anna".parse().unwrap()].into(),
            touched: ["bo".parse().unwrap()].into(),
        };
        all.insert("adm".to_owned(), before);
        memory.save(&all).unwrap();
        assert_eq!(memory.load().unwrap(), all);
        std::fs::write(memory.path(), "{").unwrap();
        assert!(memory.load().is_err());
        memory.set_aside();
        assert!(memory.load().unwrap().is_empty());
        std::os::unix::fs::symlink("/etc/passwd", memory.path()).unwrap();
        assert!(memory.load().is_err());
        let linked = Memory::new(folder.path().join("linked"));
        std::os::unix::fs::symlink(folder.path(), &linked.dir).unwrap();
        assert!(linked.load().is_err() && linked.save(&all).is_err());
    }
}
