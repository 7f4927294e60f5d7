//! When probes run: on a grid of their interval, shifted by a stable hash of node and probe, so
//! that probes of one host spread out and those of many hosts do not march in step. Pure.
//!
//! The grid lies on the wall clock, so that a restart finds the same one; from then on slots are
//! counted on the monotonic clock, so that a wall clock that jumps moves none. A slot that was
//! missed is dropped, never made up for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::Now;

/// The latest first run of a probe that is to run soon after a start, in milliseconds: after a
/// restart, an installation should not have to wait five minutes to know that mail flows.
const FIRST_RUN_MS_MAX: u64 = 5_000;

/// FNV-1a: stable over restarts and versions, unlike the hash of a map.
fn hash(parts: &[&str]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The slots of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slots {
    next_ms: u64,
    /// A slot of the grid; every other one is a multiple of the interval away from it.
    grid_ms: u64,
    interval_ms: u64,
}

impl Slots {
    /// Slots of `probe` on `node`, from `now` on. With `soon`, a first run comes before them.
    pub(crate) fn new(node: &str, probe: &str, interval_ms: u64, soon: bool, now: Now) -> Self {
        let interval_ms = interval_ms.max(1);
        let hash = hash(&[node, probe]);
        let phase = hash % interval_ms;
        let into = (now.unix_ms % interval_ms + interval_ms - phase) % interval_ms;
        let grid_ms = now.mono_ms + (interval_ms - into) % interval_ms;
        let first_ms = now.mono_ms + hash % FIRST_RUN_MS_MAX;
        Slots {
            next_ms: if soon { grid_ms.min(first_ms) } else { grid_ms },
            grid_ms,
            interval_ms,
        }
    }

    /// True where both have the same interval.
    pub(crate) fn same_interval(&self, other: &Slots) -> bool {
        self.interval_ms == other.interval_ms
    }

    /// When the next slot is.
    pub(crate) fn next_ms(&self) -> u64 {
        self.next_ms
    }

    /// Takes the slot that is due at `now_ms`; returns how late it is. Those missed are dropped.
    pub(crate) fn take(&mut self, now_ms: u64) -> Option<u64> {
        now_ms.checked_sub(self.next_ms)?;
        let last = match now_ms.checked_sub(self.grid_ms) {
            // Before the first slot of the grid only a first run can be due.
            None => self.next_ms,
            Some(past) => now_ms - past % self.interval_ms,
        };
        self.next_ms = if now_ms < self.grid_ms {
            self.grid_ms
        } else {
            last + self.interval_ms
        };
        Some(now_ms - last)
    }
}

/// The slots of all probes, the next one first. Asking what is due costs nothing while nothing is.
#[derive(Debug, Default)]
pub(crate) struct Timetable {
    slots: HashMap<Arc<str>, Slots>,
    /// One entry for each probe. What is taken comes from the beginning and goes, as a rule, to the
    /// end: of thousands, the same few places in memory are visited again and again.
    due: BTreeSet<(u64, Arc<str>)>,
}

impl Timetable {
    /// Takes these probes' slots in place of those it has. One whose interval is the same keeps its
    /// grid.
    pub(crate) fn set<'a>(&mut self, wanted: impl IntoIterator<Item = (&'a str, Slots)>) {
        let mut earlier = std::mem::take(&mut self.slots);
        self.due.clear();
        for (name, fresh) in wanted {
            let kept = earlier
                .remove_entry(name)
                .filter(|(_, kept)| kept.same_interval(&fresh));
            let (name, slots) = kept.unwrap_or_else(|| (name.into(), fresh));
            self.due.insert((slots.next_ms(), name.clone()));
            self.slots.insert(name, slots);
        }
    }

    /// When the next slot is.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the next slot that is due: whose it is, and how late.
    pub(crate) fn take(&mut self, now_ms: u64) -> Option<(Arc<str>, u64)> {
        self.next_ms().filter(|at| *at <= now_ms)?;
        let (_, name) = self.due.pop_first()?;
        let slots = self.slots.get_mut(&name)?;
        let late = slots.take(now_ms)?;
        self.due.insert((slots.next_ms(), name.clone()));
        Some((name, late))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(mono_ms: u64, unix_ms: u64) -> Now {
        Now { mono_ms, unix_ms }
    }

    #[test]
    fn probes_spread_over_the_whole_interval_and_stay_where_they_are() {
        let interval = 60_000;
        let slot = |n: u64, soon, now| {
            Slots::new("mx", &format!("probe {n}"), interval, soon, now).next_ms()
        };
        let now = at(0, 1_800_000_000_000);
        let mut per_second = [0u32; 60];
        for n in 0..10_000 {
            per_second[usize::try_from(slot(n, false, now) / 1000).unwrap()] += 1;
        }
        assert!(
            per_second.iter().all(|n| (100..250).contains(n)),
            "{per_second:?}"
        );
        assert!((0..100).all(|n| slot(n, true, now) < FIRST_RUN_MS_MAX));
        // A restart 123,456,789 ms later, on a monotonic clock of its own, finds the same grid.
        for n in 0..100 {
            let later = at(5, now.unix_ms + 123_456_789);
            let (first, second) = (
                now.unix_ms + slot(n, false, now),
                later.unix_ms + slot(n, false, later) - 5,
            );
            assert_eq!((second - first) % interval, 0);
        }
    }

    #[test]
    fn a_timetable_gives_each_slot_once() {
        let mut table = Timetable::default();
        let now = at(0, 0);
        let slots = |interval| Slots::new("mx", "a", interval, false, now);
        table.set([
            ("a", slots(1000)),
            ("b", Slots::new("mx", "b", 500, false, now)),
        ]);
        let mut taken = HashMap::new();
        for ms in 0..10_000 {
            while let Some((name, late)) = table.take(ms) {
                assert_eq!(late, 0);
                *taken.entry(name).or_insert(0) += 1;
            }
        }
        assert_eq!((taken["a"], taken["b"]), (10, 20));
        // A stall drops what it missed; a changed interval begins a new grid; what is gone is gone.
        assert!(table.take(50_000).is_some() && table.take(50_000).is_some());
        assert_eq!(table.take(50_000), None);
        table.set([("a", slots(700))]);
        let first = table.next_ms().unwrap();
        assert_eq!(table.take(first).unwrap().0.as_ref(), "a");
        assert_eq!(table.next_ms(), Some(first + 700));
    }

    proptest! {
        #[test]
        fn slots_keep_their_grid(
            interval in 1u64..100_000,
            unix in 0u64..2_000_000_000_000,
            soon: bool,
            waits in proptest::collection::vec(0u64..300_000, 1..50),
        ) {
            let mut slots = Slots::new("mx", "probe", interval, soon, at(0, unix));
            let grid = slots.grid_ms;
            prop_assert!(grid < interval);
            let mut now = 0;
            for wait in waits {
                now += wait;
                let runs = std::iter::from_fn(|| slots.take(now)).count();
                prop_assert!(runs <= 1, "missed slots are dropped");
                prop_assert!(slots.next_ms() > now);
                if now >= slots.grid_ms {
                    prop_assert_eq!((slots.next_ms() - grid) % interval, 0);
                }
            }
        }
    }
}
