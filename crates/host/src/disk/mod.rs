//! The disk: what a log and its files need of a file system, and no more.
//!
//! Behind a trait because crash consistency can only be tested against a disk that forgets what
//! was not synced, tears writes and fails on demand ([`crate::fake::disk::FakeDisk`]).
//! [`RealDisk`] makes files readable by their owner alone and follows no symbolic link.
//!
//! Never here: what is in the files.

mod faulty;
mod real;

use std::{any::Any, fmt::Debug, io, path::Path, sync::Arc};

pub use faulty::{DiskFaults, FaultyDisk};
pub use real::RealDisk;

/// A file system.
pub trait Disk: Send + Sync + Debug {
    /// Makes a folder and those above it where they are missing.
    ///
    /// # Errors
    /// The operating system's.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes a folder for this process alone, by a lock file in it, until the value is dropped or
    /// the process ends.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where another process has it; the operating system's.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>>;

    /// Makes a new file. The file survives a power cut only after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`]; the operating system's.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`]; the operating system's.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;

    /// Names of the files in a folder, in no order.
    ///
    /// # Errors
    /// The operating system's.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Renames a file, replacing what has the new name.
    ///
    /// # Errors
    /// The operating system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. One that is open can still be read until it is closed.
    ///
    /// # Errors
    /// The operating system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes creations, renames and removals in a folder durable.
    ///
    /// # Errors
    /// The operating system's.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Octets this process may still write on the file system of a folder.
    ///
    /// # Errors
    /// The operating system's.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// An open file.
#[expect(
    clippy::len_without_is_empty,
    reason = "the length is asked of the disk and may fail"
)]
pub trait DiskFile: Send + Sync + Debug {
    /// Writes slices one after another from `offset` on, in as few calls as the system allows. The
    /// slices are used up. After an error any part of them may have been written.
    ///
    /// # Errors
    /// The operating system's.
    fn write_at(&self, slices: &mut [io::IoSlice<'_>], offset: u64) -> io::Result<()>;

    /// Makes the file's octets and its length durable (`fdatasync`). After an error nothing written
    /// since the last success may be trusted, not even if a later call succeeds.
    ///
    /// # Errors
    /// The operating system's.
    fn sync(&self) -> io::Result<()>;

    /// Reads into `buffer` from `offset` on; short only at the end of the file.
    ///
    /// # Errors
    /// The operating system's.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Octets of the file.
    ///
    /// # Errors
    /// The operating system's.
    fn len(&self) -> io::Result<u64>;

    /// Has the disk set aside room for this many octets, which the file then has (as zeros).
    ///
    /// # Errors
    /// The operating system's; unsupported on some file systems.
    fn allocate(&self, octets: u64) -> io::Result<()>;
}
