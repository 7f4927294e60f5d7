//! How far a role's loops have got, as its beats tell: pure.
//!
//! Invariant: a beat whose counts stand still is no beat.

use std::{collections::BTreeMap, time::Duration};

/// Counts of one role that are followed.
const COUNTS_MAX: usize = 32;

/// When each loop was last seen to move.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// By name: the count, and when it was first seen.
    counts: BTreeMap<String, (u64, Duration)>,
    /// When it last said anything.
    heard: Duration,
}

impl Progress {
    /// Nothing stands still at its start.
    pub(super) fn new(now: Duration) -> Self {
        Progress {
            counts: BTreeMap::new(),
            heard: now,
        }
    }

    /// Takes a beat in.
    pub(super) fn beat(&mut self, counts: &[(String, u64)], now: Duration) {
        self.heard = now;
        for (name, count) in counts.iter().take(COUNTS_MAX) {
            match self.counts.get_mut(name) {
                Some((known, _)) if known == count => {}
                Some(known) => *known = (*count, now),
                None => {
                    self.counts.insert(name.clone(), (*count, now));
                }
            }
        }
        // A loop that is told of no more has ended on purpose, or its role would fall silent.
        self.counts
            .retain(|known, _| counts.iter().any(|(name, _)| name == known));
    }

    /// Since when something stands still, and what.
    pub(super) fn still_since(&self) -> (Duration, String) {
        let slowest = self.counts.iter().min_by_key(|(_, (_, moved))| *moved);
        match slowest {
            Some((name, (count, moved))) if *moved < self.heard => {
                (*moved, format!("its loop {name} stands at {count}"))
            }
            _ => (self.heard, "it says nothing".to_owned()),
        }
    }

    /// The counts, for people.
    pub(super) fn text(&self) -> String {
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(name, (count, _))| format!("{name} {count}"))
            .collect();
        counts.join(", ")
    }

    /// Time in which the observer itself did not run is nobody's silence.
    pub(super) fn excuse(&mut self, gap: Duration) {
        self.heard += gap;
        for (_, moved) in self.counts.values_mut() {
            *moved += gap;
        }
    }
}
