//! A node whose clocks the test moves, by Debian's libfaketime: every role reads the same file.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::Node;

/// libfaketime, where Debian's package puts it. Where it is missing, that is said.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let found = folders
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: libfaketime is not installed (Debian's package faketime)");
    }
    found
}

/// The clocks of one node.
pub(crate) struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Those of a node that is not started yet. They are right.
    pub(crate) fn of(node: &Node) -> Clock {
        let clock = Clock {
            file: node.path("clock"),
        };
        clock.shift("+0");
        clock
    }

    /// Makes a command run by these clocks: the time of day alone, or all of them.
    pub(crate) fn govern(&self, command: &mut Command, library: &Path, time_of_day_alone: bool) {
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1");
        if time_of_day_alone {
            command
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("DONT_FAKE_MONOTONIC", "1");
        }
    }

    /// Sets them: so far from what is right.
    pub(crate) fn shift(&self, by: &str) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, by).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}
