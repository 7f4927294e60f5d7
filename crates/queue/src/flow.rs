//! How fast a delivery queue fills and empties: what came and what left in the last minute.
//!
//! Pure: time is a number of monotonic milliseconds handed in. Counts go into slots of some seconds,
//! so that remembering a minute takes a fixed few octets, however much mail flows.
//!
//! Never here: what a delivery was or became. One that is settled, taken out or sent another way has
//! left.

/// Milliseconds of a slot.
const SLOT_MS: u64 = 5_000;
/// Slots remembered: a minute, the one that is being filled among them.
const SLOTS: usize = 12;

/// One slot.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Which one since the clock began.
    at: u32,
    came: u32,
    left: u32,
}

/// What came and left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flow {
    slots: [Slot; SLOTS],
}

/// Deliveries for each second of the last minute.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// That came.
    pub incoming: f64,
    /// That left.
    pub outgoing: f64,
}

fn slot_at(now_ms: u64) -> u32 {
    u32::try_from(now_ms / SLOT_MS).unwrap_or(u32::MAX)
}

impl Flow {
    fn slot(&mut self, now_ms: u64) -> Option<&mut Slot> {
        let at = slot_at(now_ms);
        let slot = self.slots.get_mut(at as usize % SLOTS)?;
        if slot.at != at {
            *slot = Slot {
                at,
                ..Slot::default()
            };
        }
        Some(slot)
    }

    /// Counts one that comes.
    pub(crate) fn came(&mut self, now_ms: u64) {
        if let Some(slot) = self.slot(now_ms) {
            slot.came = slot.came.saturating_add(1);
        }
    }

    /// Counts one that leaves.
    pub(crate) fn left(&mut self, now_ms: u64) {
        if let Some(slot) = self.slot(now_ms) {
            slot.left = slot.left.saturating_add(1);
        }
    }

    fn recent(&self, now_ms: u64) -> impl Iterator<Item = &Slot> {
        let now = slot_at(now_ms);
        let is_recent = move |slot: &&Slot| slot.at <= now && now - slot.at < SLOTS as u32;
        self.slots.iter().filter(is_recent)
    }

    /// True where nothing came or left in the last minute.
    pub(crate) fn is_still(&self, now_ms: u64) -> bool {
        self.recent(now_ms)
            .all(|slot| slot.came == 0 && slot.left == 0)
    }

    /// The rates of the last minute. The slot that is being filled counts for the time it has lasted.
    pub(crate) fn rates(&self, now_ms: u64) -> Rates {
        let (mut came, mut left) = (0_u64, 0_u64);
        for slot in self.recent(now_ms) {
            came += u64::from(slot.came);
            left += u64::from(slot.left);
        }
        let lasted_ms = (SLOTS as u64 - 1) * SLOT_MS + now_ms % SLOT_MS;
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of a minute and milliseconds of one are far below 2⁵²"
        )]
        let per_second = |count: u64| count as f64 * 1_000.0 / lasted_ms as f64;
        Rates {
            incoming: per_second(came),
            outgoing: per_second(left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_remembered_and_no_more() {
        let mut flow = Flow::default();
        let begin = 1_000_000;
        for n in 0..120 {
            flow.came(begin + n * 500);
            if n % 2 == 0 {
                flow.left(begin + n * 500);
            }
        }
        let rates = flow.rates(begin + 59_999);
        assert!((rates.incoming - 2.0).abs() < 0.1, "{rates:?}");
        assert!((rates.outgoing - 1.0).abs() < 0.1, "{rates:?}");
        assert!(!flow.is_still(begin + 60_000));
        // Half a minute later half of it is still of the last minute.
        let rates = flow.rates(begin + 90_000);
        assert!((rates.incoming - 1.0).abs() < 0.2, "{rates:?}");
        assert_eq!(flow.rates(begin + 120_000), Rates::default());
        assert!(flow.is_still(begin + 120_000));
        // A slot that comes round again begins at nothing.
        flow.came(begin + 120_000);
        let rates = flow.rates(begin + 120_000);
        assert!(rates.incoming > 0.0 && rates.incoming < 0.02, "{rates:?}");
    }
}
