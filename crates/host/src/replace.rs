//! A small file replaced whole: who reads it finds the octets of before or those of now, and never a
//! part, whichever process is killed in between. Written beside, synced, renamed.
//!
//! What a power cut may take is the caller's choice:
//!
//! | [`Lasting`] | for |
//! |---|---|
//! | `PowerCut` | what cannot be found out again: holds, freezes, the last good copies of what the manager works by, series put together before their parts are removed |
//! | `Kill` | what is found out again by itself (open cases, cures, the place an export has reached); and what people were told of alerts, which must not wait for a disk that may be what has failed |
//!
//! The file is its owner's alone (0600), and a symbolic link is replaced, not followed. Never here:
//! two writers of one file at one time; its owner is one task of one process.

use std::{
    io::{self, IoSlice},
    path::{Path, PathBuf},
};

use crate::disk::{Disk, RealDisk};

/// What a replaced file outlasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// The end of any process. After a power cut the file may be that of before, or empty: it is
    /// read as one that may be damaged.
    Kill,
    /// A power cut too, from the moment the call has returned; without a return it is the file of
    /// before or that of now.
    PowerCut,
}

/// Puts a file with these octets in the place of the one at `path`, or makes it in its folder.
///
/// # Errors
/// The operating system's; the file of before is still there.
pub fn replace(path: &Path, octets: &[u8], lasting: Lasting) -> io::Result<()> {
    replace_on(&RealDisk, path, octets, lasting)
}

/// As [`replace`], on a disk of the caller's.
///
/// # Errors
/// As [`replace`].
pub fn replace_on(disk: &dyn Disk, path: &Path, octets: &[u8], lasting: Lasting) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let early = early(path);
    // What was left behind by a process that was killed here.
    match disk.remove(&early) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&early)?;
    file.write_at(&mut [IoSlice::new(octets)], 0)?;
    // Before the rename: the name must not come to octets that are not there.
    if lasting == Lasting::PowerCut {
        file.sync()?;
    }
    disk.rename(&early, path)?;
    match dir {
        Some(dir) if lasting == Lasting::PowerCut => disk.sync_dir(dir),
        _ => Ok(()),
    }
}

/// The file's name with `.new` behind it.
fn early(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::disk::{FakeDisk, Survival};

    const PATH: &str = "/health/holds.json";

    fn read(disk: &FakeDisk) -> Option<Vec<u8>> {
        let file = disk.open(Path::new(PATH)).ok()?;
        let mut octets = vec![0; 64];
        let count = file.read_at(&mut octets, 0).unwrap();
        octets.truncate(count);
        Some(octets)
    }

    fn survivals() -> impl Iterator<Item = Survival> {
        let torn = (0..40).map(Survival::Torn);
        [Survival::Nothing, Survival::Everything]
            .into_iter()
            .chain(torn)
    }

    #[test]
    fn what_has_returned_outlasts_a_power_cut() {
        let disk = FakeDisk::new();
        for octets in [&b"one"[..], b"another"] {
            replace_on(&disk, Path::new(PATH), octets, Lasting::PowerCut).unwrap();
            for survival in survivals() {
                let found = disk.after_power_cut(survival);
                assert_eq!(read(&found).as_deref(), Some(octets), "{survival:?}");
            }
        }
    }

    #[test]
    fn cut_anywhere_it_is_the_one_or_the_other() {
        let operations = {
            let disk = FakeDisk::new();
            replace_on(&disk, Path::new(PATH), b"before", Lasting::PowerCut).unwrap();
            disk.ops()
        };
        for at in 0..2 * operations {
            for seed in 0..20 {
                let disk = FakeDisk::new();
                replace_on(&disk, Path::new(PATH), b"before", Lasting::PowerCut).unwrap();
                disk.cut_at(operations + at, seed);
                let now = replace_on(&disk, Path::new(PATH), b"and now", Lasting::PowerCut);
                let found = read(&disk.after_power_cut(Survival::Torn(seed)));
                let found = found.unwrap_or_default();
                let known: &[&[u8]] = match now {
                    Ok(()) => &[b"and now"],
                    Err(_) => &[b"before", b"and now"],
                };
                assert!(known.contains(&found.as_slice()), "{at} {seed}: {found:?}");
            }
        }
    }

    #[test]
    fn a_kill_leaves_a_whole_file_and_what_is_left_behind_is_no_hindrance() {
        for lasting in [Lasting::Kill, Lasting::PowerCut] {
            let operations = {
                let disk = FakeDisk::new();
                replace_on(&disk, Path::new(PATH), b"before", lasting).unwrap();
                disk.ops()
            };
            for at in 0..operations {
                let disk = FakeDisk::new();
                replace_on(&disk, Path::new(PATH), b"before", lasting).unwrap();
                // From there on nothing is done, as by a process that is gone.
                let from = disk.ops() + at;
                disk.fail_at(from..u64::MAX, nix::errno::Errno::EIO);
                let killed = replace_on(&disk, Path::new(PATH), b"and now", lasting);
                let found = read(&disk).unwrap();
                assert!(found == b"before" || found == b"and now", "{found:?}");
                assert!(killed.is_err());
                let disk = disk.after_power_cut(Survival::Everything);
                replace_on(&disk, Path::new(PATH), b"third", lasting).unwrap();
                assert_eq!(read(&disk).unwrap(), b"third");
            }
        }
    }

    #[test]
    fn on_the_machine_s_own_disk_it_is_its_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("freeze.json");
        replace(&path, b"{}", Lasting::PowerCut).unwrap();
        replace(&path, b"{\"a\":1}", Lasting::Kill).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"{\"a\":1}");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(names, 1, "nothing is left beside it");
    }
}
