//! A disk in memory that keeps what was written apart from what was synced.
//!
//! It fails on demand: an error at the n-th operation, errors until further notice, too little
//! room, a power cut at the n-th operation. [`FakeDisk::after_power_cut`] gives the disk that a
//! machine finds when it comes back: what was synced, and of the rest what [`Survival`] says. After
//! a failed sync the octets concerned can still be read, but a later sync does not save them, as on
//! Linux.
//!
//! Operations that change something are numbered from 0: create, write, sync, rename, remove, sync
//! of a folder, allocate. Reading is not counted.

mod file;

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::errno::Errno;
use parking_lot::{Condvar, Mutex};

use self::file::FakeFile;
use crate::disk::{Disk, DiskFile};

/// What a power cut leaves of the octets and names that were never synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Nothing,
    /// Everything: the kernel had written it all by itself, or only the process was killed.
    Everything,
    /// Some writes whole, some torn, some not at all, in any order, chosen by this seed; of the
    /// changes to each folder a number of the first ones or, with every other seed, any of them.
    Torn(u64),
}

/// One write that is not durable yet.
#[derive(Debug, Clone)]
struct Write {
    offset: usize,
    octets: Vec<u8>,
    /// A sync that was to make it durable failed: later ones pass it over.
    doomed: bool,
}

#[derive(Debug, Clone, Default)]
struct Inode {
    /// What a reader sees.
    content: Vec<u8>,
    /// What is on the platter.
    durable: Vec<u8>,
    pending: Vec<Write>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Create(PathBuf, u64),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl NameChange {
    fn dir(&self) -> Option<&Path> {
        match self {
            NameChange::Create(path, _) | NameChange::Remove(path) => path.parent(),
            NameChange::Rename(_, to) => to.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            NameChange::Create(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            NameChange::Remove(path) => {
                names.remove(path);
            }
            NameChange::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    name_changes: Vec<NameChange>,
    dirs: BTreeSet<PathBuf>,
    locked: BTreeSet<PathBuf>,
    next_inode: u64,
    ops: u64,
    log: Vec<String>,
    cut_at: Option<u64>,
    cut_seed: u64,
    fail: Option<(Range<u64>, Errno)>,
    failing: Option<Errno>,
    removals_fail: Option<Errno>,
    capacity: Option<u64>,
    syncs_held: bool,
    syncs_waiting: usize,
    during_sync: Meanwhile,
}

/// What happens elsewhere while a sync is under way.
#[derive(Default)]
struct Meanwhile(Option<Box<dyn FnOnce() + Send>>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "set" } else { "unset" })
    }
}

/// What the next operation is to do.
enum Verdict {
    Go,
    /// Do part of it, then answer with the error.
    Fail(io::Error),
}

impl State {
    /// Counts an operation and says whether it fails.
    fn step(&mut self, what: &str, path: &Path) -> Verdict {
        let number = self.ops;
        self.ops += 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.log.push(format!("{number} {what} {name}"));
        if self.cut_at.is_some_and(|at| number >= at) {
            return Verdict::Fail(io::Error::other("the power is off"));
        }
        let errno = match &self.fail {
            Some((range, errno)) if range.contains(&number) => Some(*errno),
            _ => self.failing,
        };
        errno.map_or(Verdict::Go, |errno| Verdict::Fail(errno.into()))
    }

    /// True once the power is off: an operation then changes nothing more, except the very one
    /// during which it went off.
    fn is_dark(&self) -> bool {
        self.cut_at.is_some_and(|at| self.ops > at + 1)
    }

    fn used(&self) -> u64 {
        let sizes = self
            .names
            .values()
            .filter_map(|inode| self.inodes.get(inode));
        sizes.map(|inode| inode.content.len() as u64).sum()
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    syncs_released: Condvar,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct FakeDisk(Arc<Shared>);

impl FakeDisk {
    /// An empty disk without limits that never fails.
    pub fn new() -> Self {
        FakeDisk::default()
    }

    /// Operations done so far; the number of the next one.
    pub fn ops(&self) -> u64 {
        self.0.state.lock().ops
    }

    /// The operations done so far as text, for a failing test to print.
    pub fn log(&self) -> Vec<String> {
        self.0.state.lock().log.clone()
    }

    /// Cuts the power during operation `number`. If that is a write, a part of it chosen by `seed`
    /// has happened; it and everything after it fails.
    pub fn cut_at(&self, number: u64, seed: u64) {
        let mut state = self.0.state.lock();
        state.cut_at = Some(number);
        state.cut_seed = seed;
    }

    /// Has the operations of these numbers fail.
    pub fn fail_at(&self, numbers: Range<u64>, errno: Errno) {
        self.0.state.lock().fail = Some((numbers, errno));
    }

    /// Has every operation fail until told otherwise.
    pub fn set_failing(&self, errno: Option<Errno>) {
        self.0.state.lock().failing = errno;
    }

    /// Has every removal of a file fail until told otherwise.
    pub fn set_removals_failing(&self, errno: Option<Errno>) {
        self.0.state.lock().removals_fail = errno;
    }

    /// Gives the disk a size in octets; `None` is without end.
    pub fn set_capacity(&self, octets: Option<u64>) {
        self.0.state.lock().capacity = octets;
    }

    /// Keeps syncs waiting until called with `false`.
    pub fn hold_syncs(&self, hold: bool) {
        self.0.state.lock().syncs_held = hold;
        self.0.syncs_released.notify_all();
    }

    /// Syncs that wait to be let go.
    pub fn syncs_waiting(&self) -> usize {
        self.0.state.lock().syncs_waiting
    }

    /// Has something happen while the next sync of a file is under way: what another thread might
    /// do meanwhile, at a place that is the same in every run.
    pub fn during_sync(&self, meanwhile: impl FnOnce() + Send + 'static) {
        self.0.state.lock().during_sync = Meanwhile(Some(Box::new(meanwhile)));
    }

    /// Takes back what was to happen during a sync, if it has not happened.
    pub fn take_meanwhile(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.0.state.lock().during_sync.0.take()
    }

    /// Changes octets behind everyone's back, as a worn disk does.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`].
    pub fn corrupt(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let state = &mut *self.0.state.lock();
        let number = state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        if let Some(inode) = state.inodes.get_mut(number) {
            change(&mut inode.content);
            inode.durable.clone_from(&inode.content);
            inode.pending.clear();
        }
        Ok(())
    }

    /// The disk as it is found after the power has come back.
    pub fn after_power_cut(&self, survival: Survival) -> FakeDisk {
        let state = self.0.state.lock();
        let mut chance = Chance(match survival {
            Survival::Torn(seed) => seed,
            _ => 0,
        });
        let mut names = state.durable_names.clone();
        let mut kept: BTreeMap<&Path, usize> = BTreeMap::new();
        // Journals keep the order of changes, but nothing promises that every file system has one.
        let in_order = !matches!(survival, Survival::Torn(seed) if seed % 2 == 1);
        for change in &state.name_changes {
            let dir = change.dir().unwrap_or(Path::new(""));
            let all = state.name_changes.iter();
            let count = all.filter(|other| other.dir() == Some(dir)).count();
            let left = kept.entry(dir).or_insert_with(|| match survival {
                Survival::Nothing => 0,
                Survival::Everything => usize::MAX,
                Survival::Torn(_) => chance.below(count as u64 + 1) as usize,
            });
            if !in_order {
                if chance.below(2) == 1 {
                    change.apply(&mut names);
                }
            } else if *left > 0 {
                *left -= 1;
                change.apply(&mut names);
            }
        }
        let inodes = state.inodes.iter().map(|(number, inode)| {
            let mut content = inode.durable.clone();
            for write in &inode.pending {
                let keep = match survival {
                    Survival::Nothing => 0,
                    Survival::Everything => write.octets.len(),
                    Survival::Torn(_) => match chance.below(3) {
                        0 => 0,
                        1 => write.octets.len(),
                        _ => chance.below(write.octets.len() as u64 + 1) as usize,
                    },
                };
                put(
                    &mut content,
                    write.offset,
                    write.octets.get(..keep).unwrap_or_default(),
                );
            }
            let inode = Inode {
                durable: content.clone(),
                content,
                pending: Vec::new(),
            };
            (*number, inode)
        });
        let found = State {
            inodes: inodes.collect(),
            durable_names: names.clone(),
            names,
            dirs: state.dirs.clone(),
            next_inode: state.next_inode,
            capacity: state.capacity,
            ..State::default()
        };
        FakeDisk(Arc::new(Shared {
            state: Mutex::new(found),
            syncs_released: Condvar::new(),
        }))
    }
}

/// Writes into a vector as into a file: a gap reads as zeros.
fn put(content: &mut Vec<u8>, offset: usize, octets: &[u8]) {
    let end = offset + octets.len();
    if !octets.is_empty() && content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(offset..end) {
        place.copy_from_slice(octets);
    }
}

/// The splitmix64 generator: small, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }
}

/// Takes a name from the set of locked ones when it is dropped.
struct Unlock(FakeDisk, PathBuf);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.0.state.lock().locked.remove(&self.1);
    }
}

impl Disk for FakeDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.state.lock().dirs.insert(dir.to_owned());
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send + Sync>> {
        if !self.0.state.lock().locked.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Unlock(self.clone(), path.to_owned())))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.0.state.lock();
        if let Verdict::Fail(error) = state.step("create", path) {
            return Err(error);
        }
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = state.next_inode;
        state.next_inode += 1;
        state.inodes.insert(number, Inode::default());
        state.change_name(NameChange::Create(path.to_owned(), number));
        Ok(Arc::new(FakeFile {
            disk: self.clone(),
            number,
            path: path.to_owned(),
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.0.state.lock();
        let number = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(FakeFile {
            disk: self.clone(),
            number,
            path: path.to_owned(),
        }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.0.state.lock();
        let inside = state.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.state.lock();
        if let Verdict::Fail(error) = state.step("rename", from) {
            return Err(error);
        }
        if !state.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.state.lock();
        if let Verdict::Fail(error) = state.step("remove", path) {
            return Err(error);
        }
        if let Some(errno) = state.removals_fail {
            return Err(errno.into());
        }
        if !state.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change_name(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let state = &mut *self.0.state.lock();
        if let Verdict::Fail(error) = state.step("sync_dir", dir) {
            return Err(error);
        }
        let durable = &mut state.durable_names;
        state.name_changes.retain(|change| {
            let inside = change.dir() == Some(dir);
            if inside {
                change.apply(durable);
            }
            !inside
        });
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        let state = self.0.state.lock();
        Ok(state
            .capacity
            .map_or(1 << 50, |capacity| capacity.saturating_sub(state.used())))
    }
}

#[cfg(test)]
mod tests;
