//! Series: what probes measured, rolled up by hour and by day, for forecasts.
//!
//! [`Series`] takes in the measures of each probe result, keeps the smallest, the mean and the
//! largest of every hour and every day, and writes them to its [`store`]. It reaches back
//! [`HOURS_MAX`] hours and [`DAYS_MAX`] days, for at most [`NAMES_MAX`] names.
//!
//! A crash loses at most the part of an hour that was not written yet ([`PART_MS`]); nothing is
//! synced for it. Never here: what follows from a series ([`crate::forecast`]).

pub mod fuzz;
pub mod rollup;
pub mod store;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::Path,
};

use mailward_api::view::ProbeView;

use self::{
    rollup::{Rollup, Step},
    store::{Record, Store},
};

/// Hours kept in memory: a good month.
pub const HOURS_MAX: usize = 24 * 45;
/// Days kept in memory: a good year.
pub const DAYS_MAX: usize = 400;
/// Names kept; further ones are not taken in. A node with a hundred connectors has some 300.
pub const NAMES_MAX: usize = 512;
/// What was measured is written at least this often, in milliseconds.
pub const PART_MS: u64 = 15 * 60_000;

/// One name's roll-ups, oldest first, each hour and each day once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    hours: VecDeque<Rollup>,
    days: VecDeque<Rollup>,
}

impl Track {
    /// By hour.
    pub fn hours(&self) -> impl DoubleEndedIterator<Item = &Rollup> {
        self.hours.iter()
    }

    /// By day (of UTC); today is among them, as far as it went.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = &Rollup> {
        self.days.iter()
    }

    fn merge(&mut self, step: Step, rollup: Rollup) {
        let (kept, most) = match step {
            Step::Hour => (&mut self.hours, HOURS_MAX),
            Step::Day => (&mut self.days, DAYS_MAX),
        };
        // As a rule it belongs at the end; a clock that was set back puts it in between.
        let at = kept.partition_point(|other| other.from_unix_ms < rollup.from_unix_ms);
        match kept.get_mut(at) {
            Some(same) if same.from_unix_ms == rollup.from_unix_ms => same.merge(&rollup),
            _ => kept.insert(at, rollup),
        }
        while kept.len() > most {
            kept.pop_front();
        }
    }
}

/// All series of a node.
#[derive(Debug, Default)]
pub struct Series {
    tracks: BTreeMap<String, Track>,
    /// Measured and not written yet.
    unwritten: BTreeMap<String, Rollup>,
    written_unix_ms: u64,
    store: Option<Store>,
}

impl Series {
    /// Opens the series in a folder, which need not exist, and says how many damaged records were
    /// passed over.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub fn open(dir: &Path) -> io::Result<(Series, u64)> {
        let mut series = Series::default();
        let (store, damaged) = Store::open(dir, |record| series.add(&record.name, record.rollup))?;
        series.store = Some(store);
        Ok((series, damaged))
    }

    fn add(&mut self, name: &str, rollup: Rollup) {
        if !self.tracks.contains_key(name) {
            if self.tracks.len() >= NAMES_MAX {
                return;
            }
            self.tracks.insert(name.to_owned(), Track::default());
        }
        if let Some(track) = self.tracks.get_mut(name) {
            track.merge(Step::Hour, rollup.at(Step::Hour));
            track.merge(Step::Day, rollup.at(Step::Day));
        }
    }

    /// Takes in one value.
    pub fn take(&mut self, name: &str, value: i64, unix_ms: u64) {
        if self.tracks.len() >= NAMES_MAX && !self.tracks.contains_key(name) {
            return;
        }
        let rollup = Rollup::one(value, Step::Hour.start(unix_ms));
        self.add(name, rollup);
        match self.unwritten.get_mut(name) {
            Some(kept) if kept.from_unix_ms == rollup.from_unix_ms => kept.merge(&rollup),
            Some(kept) => {
                // The hour has turned: the part of the last one goes to disk with the next flush,
                // which is then; it is merged when read.
                let before = std::mem::replace(kept, rollup);
                self.append(name.to_owned(), before);
            }
            None => {
                self.unwritten.insert(name.to_owned(), rollup);
            }
        }
    }

    fn append(&mut self, name: String, rollup: Rollup) {
        if let Some(store) = &mut self.store {
            store.append(&Record { name, rollup });
        }
    }

    /// Takes in what a probe measured, under `PROBE/MEASURE`.
    pub fn observe(&mut self, view: &ProbeView) {
        for measure in &view.measures {
            let name = format!("{}/{}", view.probe, measure.name);
            self.take(&name, measure.value, view.unix_ms);
        }
    }

    /// True where it is time to write.
    pub fn is_due(&self, now_unix_ms: u64) -> bool {
        !self.unwritten.is_empty() && now_unix_ms.abs_diff(self.written_unix_ms) >= PART_MS
    }

    /// Hands what was measured to the operating system. Blocks for a few hundred octets.
    ///
    /// # Errors
    /// The disk's; what was to be written is kept for the next time.
    pub fn flush(&mut self, now_unix_ms: u64) -> io::Result<()> {
        self.written_unix_ms = now_unix_ms;
        for (name, rollup) in std::mem::take(&mut self.unwritten) {
            self.append(name, rollup);
        }
        self.store.as_mut().map_or(Ok(()), Store::flush)
    }

    /// One name's roll-ups.
    pub fn track(&self, name: &str) -> Option<&Track> {
        self.tracks.get(name)
    }

    /// All names with their roll-ups.
    pub fn tracks(&self) -> impl Iterator<Item = (&str, &Track)> {
        self.tracks
            .iter()
            .map(|(name, track)| (name.as_str(), track))
    }
}

#[cfg(test)]
mod tests;
