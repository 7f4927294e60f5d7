//! The machine's own file system.

use std::{
    any::Any,
    fs::{File, OpenOptions},
    io::{self, IoSlice},
    os::{
        fd::AsFd,
        unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    },
    path::Path,
    sync::Arc,
};

use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, OFlag},
    sys::{statvfs::fstatvfs, uio::pwritev},
};

use crate::disk::{Disk, DiskFile};

/// Slices handed to the kernel in one call; Linux takes no more (UIO_MAXIOV).
const SLICES_PER_CALL: usize = 1024;

/// The operating system's file systems. Files get mode 0600, folders 0700.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

/// Options common to every open: a symbolic link as the last part of a path is refused, so that
/// nobody can lead a write out of the folder.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
    options
}

impl Disk for RealDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        let file = options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.try_lock()?;
        Ok(Box::new(file))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(options().read(true).open(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            // A name that is no UTF-8 is none of ours.
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = fstatvfs(File::open(dir)?)?;
        // Not every block that is free is free for this user.
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn write_at(&self, mut slices: &mut [IoSlice<'_>], mut offset: u64) -> io::Result<()> {
        // Empty slices at the front would look like a write that makes no progress.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let part = slices
                .get(..slices.len().min(SLICES_PER_CALL))
                .unwrap_or_default();
            let at = i64::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
            match pwritev(self.0.as_fd(), part, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    IoSlice::advance_slices(&mut slices, written);
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..)
            && !rest.is_empty()
        {
            match self.0.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn allocate(&self, octets: u64) -> io::Result<()> {
        let octets = i64::try_from(octets).map_err(|_| io::ErrorKind::FileTooLarge)?;
        nix::fcntl::fallocate(self.0.as_fd(), FallocateFlags::empty(), 0, octets)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let (disk, path) = (RealDisk, dir.path().join("a"));
        let file = disk.create(&path).unwrap();
        let parts: Vec<Vec<u8>> = (0..3000u32).map(|i| i.to_be_bytes().to_vec()).collect();
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        slices.insert(0, IoSlice::new(&[]));
        file.write_at(&mut slices, 7).unwrap();
        file.sync().unwrap();
        disk.sync_dir(dir.path()).unwrap();
        assert_eq!(file.len().unwrap(), 7 + 12_000);
        let mut back = vec![0; 12_100];
        assert_eq!(
            disk.open(&path).unwrap().read_at(&mut back, 7).unwrap(),
            12_000
        );
        assert_eq!(back[..12_000], parts.concat());
        assert!(disk.free_bytes(dir.path()).unwrap() > 0);
        assert_eq!(disk.list(dir.path()).unwrap(), ["a"]);
        assert_eq!(
            disk.create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }

    #[test]
    fn a_symbolic_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("target"), &path).unwrap();
        assert!(RealDisk.open(&path).is_err());
        assert!(RealDisk.create(&path).is_err());
        assert!(RealDisk.lock(&path).is_err());
    }

    #[test]
    fn a_lock_is_held_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = RealDisk.lock(&path).unwrap();
        assert_eq!(
            RealDisk.lock(&path).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        drop(held);
        RealDisk.lock(&path).unwrap();
    }
}
