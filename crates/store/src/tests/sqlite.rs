//! SQLite as an engine: the contract's fixture, and what is this engine's alone.

use std::{os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use mailward_host::fake::clock::FakeClock;
use rusqlite::Connection;

use super::{attempts::does_what_its_model_does, contract::Fixture};
use crate::{OpenError, Place, Store};

pub(super) struct Sqlite {
    dir: tempfile::TempDir,
    clock: Arc<FakeClock>,
}

impl Sqlite {
    pub(super) fn new() -> Sqlite {
        Sqlite {
            dir: tempfile::tempdir().unwrap(),
            clock: Arc::new(FakeClock::new(1_000)),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("objects.db")
    }

    fn run(&self, sql: &str) {
        Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }
}

impl Fixture for Sqlite {
    fn try_open(&self) -> Result<Store, OpenError> {
        Store::open_with(&Place::File(self.path()), self.clock.clone())
    }

    fn try_open_elsewhere(&self) -> Result<Store, OpenError> {
        self.try_open()
    }

    fn clock(&self) -> &FakeClock {
        &self.clock
    }

    fn insert(&self, kind: &str, name: &str, spec: &str) {
        let row = "INSERT INTO object (kind, name, name_folded, revision, spec)
                   VALUES (?1, ?2, lower(?2), 1, ?3)";
        let raw = Connection::open(self.path()).unwrap();
        raw.execute(row, [kind, name, spec]).unwrap();
    }

    fn set_layout(&self, layout: i64) {
        self.run(&format!("PRAGMA user_version = {layout}"));
    }
}

#[test]
fn sqlite_does_what_the_model_does() {
    let fixtures = std::cell::RefCell::new(Sqlite::new());
    does_what_its_model_does(48, || {
        let fixture = Sqlite::new();
        let store = fixture.open();
        fixtures.replace(fixture);
        store
    });
}

#[test]
fn a_new_file_is_its_owners_alone() {
    let fixture = Sqlite::new();
    let _store = fixture.open();
    for file in ["objects.db", "objects.db-wal", "objects.db-shm"] {
        let meta = std::fs::metadata(fixture.dir.path().join(file)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[test]
fn files_that_are_no_store_are_left_alone() {
    let fixture = Sqlite::new();
    fixture.run("CREATE TABLE theirs (x)");
    let refused = Store::open(&fixture.path());
    assert!(
        matches!(refused, Err(OpenError::NotAStore { .. })),
        "{refused:?}"
    );

    let text = fixture.dir.path().join("text");
    std::fs::write(&text, "This is a letter and not a database at all.").unwrap();
    let refused = Store::open(&text);
    assert!(
        matches!(refused, Err(OpenError::Engine { .. })),
        "{refused:?}"
    );

    let refused = Store::open(&fixture.dir.path().join("missing/objects.db"));
    assert!(
        matches!(refused, Err(OpenError::File { .. })),
        "{refused:?}"
    );
}
