//! The arbiter with its ledger, or none while the ledger cannot be opened. What is written down is
//! then lost, and what is proposed is denied: the manager goes on supervising.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use mailward_events::{Event, Events};
use mailward_health::arbiter::Arbiter;
use mailward_host::clock::Clock;

use crate::role::chain;

/// A ledger that may still have to be opened; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Book {
    arbiter: Arc<OnceLock<Arbiter>>,
    path: PathBuf,
}

impl Book {
    /// The ledger at `path`, where it can be opened.
    pub(super) fn open(path: PathBuf, events: &Events, clock: &Arc<dyn Clock>) -> Book {
        let book = Book {
            arbiter: Arc::default(),
            path,
        };
        book.retry(events, clock);
        book
    }

    /// Opens the ledger, where that failed before.
    pub(super) fn retry(&self, events: &Events, clock: &Arc<dyn Clock>) {
        if self.arbiter.get().is_some() {
            return;
        }
        match Arbiter::open(&self.path, Arc::clone(clock), events.clone()) {
            Ok(arbiter) => {
                // Only the manager's loop opens it.
                let _ = self.arbiter.set(arbiter);
            }
            Err(error) => events.emit(Event::LedgerUnavailable {
                path: self.path.display().to_string(),
                error: chain(&error),
            }),
        }
    }

    /// The arbiter, where there is one.
    pub(super) fn arbiter(&self) -> Option<&Arbiter> {
        self.arbiter.get()
    }

    /// How carrying out a granted act went.
    pub(super) fn acted(&self, entry: u64, how: Result<&str, &str>) {
        if let Some(arbiter) = self.arbiter() {
            arbiter.acted(entry, how);
        }
    }

    /// What became of a hold.
    pub(super) fn record_hold(&self, component: &str, case: Option<&str>, text: &str) {
        if let Some(arbiter) = self.arbiter() {
            arbiter.record_hold(component, case, text);
        }
    }
}
