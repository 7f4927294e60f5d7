//! How each source stands: written by whoever follows it, read by whoever asks.

use std::collections::{BTreeSet, HashMap};

use mailward_api::view::{DirectorySyncSource, Held, SkippedEntry, SyncState};
use parking_lot::Mutex;

use super::{plan::LeftOut, settle::Settled};

/// Entries left out that are listed.
const LISTED_MAX: usize = 50;

/// One source.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    view: Option<DirectorySyncSource>,
    /// Whose recipients would go, where it is held.
    gone: BTreeSet<String>,
    /// Whose recipients a person has let go.
    pub(super) allowed: BTreeSet<String>,
    /// Troubles that were told.
    told: BTreeSet<(String, String)>,
}

/// Every source, by its name in lower case.
#[derive(Debug, Default)]
pub(super) struct Standings(Mutex<HashMap<String, Standing>>);

fn empty(name: &str, now: u64) -> DirectorySyncSource {
    DirectorySyncSource {
        source: name.to_owned(),
        state: SyncState::Off,
        because: None,
        since_unix_ms: now,
        server: None,
        follows_by: None,
        entries: 0,
        recipients: 0,
        read_unix_ms: None,
        heard_unix_ms: None,
        changed_unix_ms: None,
        held: None,
        skipped: Vec::new(),
        skipped_all: 0,
    }
}

/// The first of those left out, as they are listed.
pub(super) fn listed(left_out: &[LeftOut]) -> Vec<SkippedEntry> {
    left_out
        .iter()
        .take(LISTED_MAX)
        .map(|one| SkippedEntry {
            entry: one.dn.clone(),
            because: one.because.clone(),
        })
        .collect()
}

impl Standings {
    /// Changes how a source stands.
    pub(super) fn change<T>(
        &self,
        name: &str,
        now: u64,
        change: impl FnOnce(&mut DirectorySyncSource) -> T,
    ) -> T {
        let mut all = self.0.lock();
        let standing = all.entry(name.to_ascii_lowercase()).or_default();
        let view = standing.view.get_or_insert_with(|| empty(name, now));
        let before = view.state;
        let done = change(view);
        if view.state != before {
            view.since_unix_ms = now;
        }
        done
    }

    /// How a source stands.
    pub(super) fn view(&self, name: &str, now: u64) -> DirectorySyncSource {
        let all = self.0.lock();
        let view = all
            .get(&name.to_ascii_lowercase())
            .and_then(|one| one.view.clone());
        view.unwrap_or_else(|| empty(name, now))
    }

    /// Whose recipients a person has let go.
    pub(super) fn allowed(&self, name: &str) -> BTreeSet<String> {
        let all = self.0.lock();
        all.get(&name.to_ascii_lowercase())
            .map(|one| one.allowed.clone())
            .unwrap_or_default()
    }

    /// Lets those go that the source is held for, where there are so many.
    ///
    /// # Errors
    /// The number for which it is held, if it is.
    pub(super) fn allow(&self, name: &str, removals: u64) -> Result<(), Option<u64>> {
        let mut all = self.0.lock();
        let standing = all.get_mut(&name.to_ascii_lowercase()).ok_or(None)?;
        let held = standing.view.as_ref().and_then(|view| view.held.as_ref());
        match held.map(|held| held.removals) {
            Some(found) if found == removals => {
                standing.allowed = standing.gone.clone();
                Ok(())
            }
            found => Err(found),
        }
    }

    /// Takes note of what was put in force, or is held. Returns the troubles that are new, and
    /// whether it is newly held.
    pub(super) fn settled(
        &self,
        name: &str,
        now: u64,
        entries: u64,
        settled: &Settled,
    ) -> (Vec<LeftOut>, Option<Held>) {
        self.change(name, now, |view| {
            view.entries = entries;
            view.recipients = settled.recipients;
            view.skipped = listed(&settled.left_out);
            view.skipped_all = settled.left_out.len() as u64;
            if settled.is_changed {
                view.changed_unix_ms = Some(now);
            }
        });
        let mut all = self.0.lock();
        let standing = all.entry(name.to_ascii_lowercase()).or_default();
        let before = standing.view.as_ref().and_then(|view| view.held.clone());
        let held = settled.plan.held.clone();
        if let Some(view) = &mut standing.view {
            view.held.clone_from(&held);
            let because = held.as_ref().map(|held| held.because.clone());
            let state = match held {
                Some(_) => SyncState::Held,
                None => SyncState::Following,
            };
            if view.state != state {
                view.since_unix_ms = now;
            }
            (view.state, view.because) = (state, because);
        }
        standing.gone.clone_from(&settled.gone);
        if held.is_none() {
            standing.allowed.clear();
        }
        let troubles = settled.left_out.iter().filter(|one| one.is_trouble);
        let found: BTreeSet<(String, String)> = troubles
            .clone()
            .map(|one| (one.dn.clone(), one.because.clone()))
            .collect();
        let is_new = |one: &&LeftOut| {
            !standing
                .told
                .contains(&(one.dn.clone(), one.because.clone()))
        };
        let new = troubles.filter(is_new).cloned().collect();
        standing.told = found;
        (new, held.filter(|held| Some(held) != before.as_ref()))
    }

    /// Forgets sources that are no more.
    pub(super) fn retain(&self, names: &[String]) {
        let is_there = |key: &String| names.iter().any(|name| name.eq_ignore_ascii_case(key));
        self.0.lock().retain(|key, _| is_there(key));
    }
}
