//! When probes run: on a grid of their interval, shifted by a stable hash of node and probe, so
//! that probes of one host spread out and those of many hosts do not march in step. Pure.
//!
//! Slots are counted from start to start. A slot that was missed is dropped, never made up for.

/// The latest first run after a start, in milliseconds: after a restart, an installation should
/// not have to wait five minutes to know that mail flows.
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
    interval_ms: u64,
}

impl Slots {
    /// Slots of `probe` on `node`, from `now_ms` on (monotonic).
    pub(crate) fn new(node: &str, probe: &str, interval_ms: u64, now_ms: u64) -> Self {
        let interval_ms = interval_ms.max(1);
        let phase = hash(&[node, probe]) % interval_ms.min(FIRST_RUN_MS_MAX);
        Slots {
            next_ms: now_ms + phase,
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
        let late = now_ms.checked_sub(self.next_ms)?;
        let passed = late / self.interval_ms + 1;
        self.next_ms += passed * self.interval_ms;
        Some(late % self.interval_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probes_spread_and_stay_where_they_are() {
        let phases: std::collections::BTreeSet<u64> = (0..100)
            .map(|n| Slots::new("mx", &format!("probe {n}"), 20_000, 0).next_ms())
            .collect();
        assert!(phases.len() > 90 && phases.iter().all(|p| *p < FIRST_RUN_MS_MAX));
        assert_eq!(
            Slots::new("a", "b", 20_000, 0),
            Slots::new("a", "b", 20_000, 0)
        );
    }

    proptest! {
        #[test]
        fn slots_keep_their_grid(interval in 1u64..100_000, waits in proptest::collection::vec(0u64..300_000, 1..50)) {
            let mut slots = Slots::new("mx", "probe", interval, 0);
            let phase = slots.next_ms();
            let mut now = 0;
            for wait in waits {
                now += wait;
                let runs = std::iter::from_fn(|| slots.take(now)).count();
                prop_assert!(runs <= 1, "missed slots are dropped");
                prop_assert!(slots.next_ms() > now);
                prop_assert_eq!((slots.next_ms() - phase) % interval, 0);
            }
        }
    }
}
