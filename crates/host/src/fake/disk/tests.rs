//! What the disk in memory forgets, refuses and keeps.

use std::io::IoSlice;

use super::*;

fn write(file: &Arc<dyn DiskFile>, octets: &[u8], offset: u64) -> io::Result<()> {
    file.write_at(&mut [IoSlice::new(octets)], offset)
}

fn read(disk: &FakeDisk, path: &str) -> Option<String> {
    let file = disk.open(Path::new(path)).ok()?;
    let mut buffer = vec![0; 100];
    let count = file.read_at(&mut buffer, 0).unwrap();
    Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
}

#[test]
fn a_power_cut_takes_what_was_not_synced() {
    let disk = FakeDisk::new();
    let file = disk.create(Path::new("/d/a")).unwrap();
    write(&file, b"one", 0).unwrap();
    file.sync().unwrap();
    write(&file, b"two", 3).unwrap();
    // The octets are synced but the name is not.
    let found = disk.after_power_cut(Survival::Nothing);
    assert_eq!(read(&found, "/d/a"), None);
    disk.sync_dir(Path::new("/d")).unwrap();
    let found = disk.after_power_cut(Survival::Nothing);
    assert_eq!(read(&found, "/d/a").as_deref(), Some("one"));
    let found = disk.after_power_cut(Survival::Everything);
    assert_eq!(read(&found, "/d/a").as_deref(), Some("onetwo"));
    let torn: BTreeSet<_> = (0..50)
        .map(|seed| read(&disk.after_power_cut(Survival::Torn(seed)), "/d/a"))
        .collect();
    assert!(torn.len() >= 4, "{torn:?}");
}

#[test]
fn a_failed_sync_is_not_made_good_by_the_next() {
    let disk = FakeDisk::new();
    let file = disk.create(Path::new("/d/a")).unwrap();
    disk.sync_dir(Path::new("/d")).unwrap();
    write(&file, b"one", 0).unwrap();
    disk.fail_at(disk.ops()..disk.ops() + 1, Errno::EIO);
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(read(&disk, "/d/a").as_deref(), Some("one"));
    let found = disk.after_power_cut(Survival::Nothing);
    assert_eq!(read(&found, "/d/a").as_deref(), Some(""));
}

#[test]
fn a_full_disk_takes_what_fits() {
    let disk = FakeDisk::new();
    disk.set_capacity(Some(4));
    let file = disk.create(Path::new("/d/a")).unwrap();
    let error = write(&file, b"seven77", 0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(read(&disk, "/d/a").as_deref(), Some("seve"));
    assert_eq!(disk.free_bytes(Path::new("/d")).unwrap(), 0);
}

#[test]
fn after_the_cut_nothing_works() {
    let disk = FakeDisk::new();
    disk.cut_at(1, 5);
    let file = disk.create(Path::new("/d/a")).unwrap();
    assert!(write(&file, b"torn somewhere", 0).is_err());
    assert!(write(&file, b"never", 0).is_err());
    assert!(file.sync().is_err());
    assert!(disk.remove(Path::new("/d/a")).is_err());
    let found = disk
        .after_power_cut(Survival::Everything)
        .open(Path::new("/d/a"))
        .unwrap();
    assert!(found.len().unwrap() <= 14);
}
