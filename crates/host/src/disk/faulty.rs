//! A disk with faults on purpose, for drills: the file system says that nothing is free, a sync
//! takes longer, the process is killed beside it ([`kill`](crate::kill)). Each ends by itself
//! ([`Until`]). While none is on, an operation costs one load more.
//!
//! Never here: losing or changing an octet. Whatever the faults, what the disk below has written is
//! written, and what it has synced is synced.

use std::{
    any::Any,
    fmt, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    clock::Clock,
    disk::{Disk, DiskFile},
    kill::{self, Step},
    until::Until,
};

/// Which faults are on.
pub struct DiskFaults {
    clock: Arc<dyn Clock>,
    full: Until,
    slow: Until,
    delay_ms: AtomicU64,
}

impl fmt::Debug for DiskFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskFaults")
            .field("full", &self.full)
            .field("slow", &self.slow)
            .finish_non_exhaustive()
    }
}

impl DiskFaults {
    /// None is on.
    pub fn new(clock: Arc<dyn Clock>) -> Arc<DiskFaults> {
        Arc::new(DiskFaults {
            clock,
            full: Until::default(),
            slow: Until::default(),
            delay_ms: AtomicU64::new(0),
        })
    }

    /// Nothing is free, for this long.
    pub fn fill(&self, span: Duration) {
        self.full.turn_on(&*self.clock, span);
    }

    /// Each sync takes longer by `delay`, for this long.
    pub fn slow_down(&self, delay: Duration, span: Duration) {
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay_ms.store(delay_ms, Relaxed);
        self.slow.turn_on(&*self.clock, span);
    }

    /// No fault is on any more.
    pub fn end(&self) {
        self.full.turn_off();
        self.slow.turn_off();
    }

    /// Waits where syncs are slow, no longer than they are.
    fn delay(&self) {
        if let Some(left) = self.slow.left(&*self.clock) {
            let delay = Duration::from_millis(self.delay_ms.load(Relaxed));
            #[expect(
                clippy::disallowed_methods,
                reason = "a slow disk holds up the thread that syncs, and so does this"
            )]
            std::thread::sleep(delay.min(left));
        }
    }
}

/// The disk below, with faults.
#[derive(Debug)]
pub struct FaultyDisk {
    below: Arc<dyn Disk>,
    faults: Arc<DiskFaults>,
}

impl FaultyDisk {
    /// This disk with these faults.
    pub fn new(below: Arc<dyn Disk>, faults: Arc<DiskFaults>) -> FaultyDisk {
        FaultyDisk { below, faults }
    }

    fn file(&self, below: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile {
            below,
            faults: Arc::clone(&self.faults),
        })
    }
}

impl Disk for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.below.create_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        self.below.lock(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.below.create(path).map(|file| self.file(file))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        self.below.open(path).map(|file| self.file(file))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.below.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.below.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.below.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.below.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        if self.faults.full.is_on(&*self.faults.clock) {
            return Ok(0);
        }
        self.below.free_bytes(dir)
    }
}

#[derive(Debug)]
struct FaultyFile {
    below: Arc<dyn DiskFile>,
    faults: Arc<DiskFaults>,
}

impl DiskFile for FaultyFile {
    fn write_at(&self, slices: &mut [io::IoSlice<'_>], offset: u64) -> io::Result<()> {
        self.below.write_at(slices, offset)?;
        kill::at(Step::QueueWritten);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.delay();
        self.below.sync()?;
        kill::at(Step::QueueSynced);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.below.read_at(buffer, offset)
    }

    fn len(&self) -> io::Result<u64> {
        self.below.len()
    }

    fn allocate(&self, octets: u64) -> io::Result<()> {
        self.below.allocate(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{disk::RealDisk, fake::clock::FakeClock};

    #[test]
    fn faults_end_by_themselves_and_touch_no_octet() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::new(0));
        let faults = DiskFaults::new(clock.clone());
        let disk = FaultyDisk::new(Arc::new(RealDisk), Arc::clone(&faults));
        let free = || disk.free_bytes(dir.path()).unwrap();
        assert!(free() > 0);
        faults.fill(Duration::from_secs(5));
        assert_eq!(free(), 0);
        let file = disk.create(&dir.path().join("a")).unwrap();
        file.write_at(&mut [io::IoSlice::new(b"mail")], 0).unwrap();
        faults.slow_down(Duration::from_millis(1), Duration::from_secs(5));
        file.sync().unwrap();
        let mut back = [0; 4];
        assert_eq!(file.read_at(&mut back, 0).unwrap(), 4);
        assert_eq!(&back, b"mail");
        clock.advance(Duration::from_secs(5));
        assert!(free() > 0);
        faults.fill(Duration::from_secs(5));
        faults.end();
        assert!(free() > 0);
    }
}
