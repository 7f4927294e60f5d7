//! A switch that is on until a moment and then off by itself: nobody has to remember to turn it.
//!
//! For faults on purpose. While it is off, looking at it costs one load and no clock.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::clock::Clock;

/// The switch. Off when made.
#[derive(Debug, Default)]
pub struct Until {
    /// Monotonic milliseconds; 0 is off.
    end_ms: AtomicU64,
}

impl Until {
    /// On for this long from now.
    pub fn turn_on(&self, clock: &dyn Clock, span: Duration) {
        let end = clock.monotonic().saturating_add(span);
        let end_ms = u64::try_from(end.as_millis()).unwrap_or(u64::MAX);
        self.end_ms.store(end_ms.max(1), Relaxed);
    }

    /// Off, now.
    pub fn turn_off(&self) {
        self.end_ms.store(0, Relaxed);
    }

    /// How long it is still on; `None` where it is off.
    pub fn left(&self, clock: &dyn Clock) -> Option<Duration> {
        let end_ms = self.end_ms.load(Relaxed);
        if end_ms == 0 {
            return None;
        }
        Duration::from_millis(end_ms)
            .checked_sub(clock.monotonic())
            .filter(|left| !left.is_zero())
    }

    /// True while it is on.
    pub fn is_on(&self, clock: &dyn Clock) -> bool {
        self.left(clock).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::clock::FakeClock;

    #[test]
    fn it_goes_off_by_itself() {
        let (clock, until) = (FakeClock::new(0), Until::default());
        assert!(!until.is_on(&clock));
        until.turn_on(&clock, Duration::from_secs(2));
        assert!(until.is_on(&clock));
        clock.advance(Duration::from_millis(1_999));
        assert!(until.is_on(&clock));
        clock.advance(Duration::from_millis(1));
        assert!(!until.is_on(&clock));
        until.turn_on(&clock, Duration::from_secs(2));
        until.turn_off();
        assert!(!until.is_on(&clock));
    }
}
