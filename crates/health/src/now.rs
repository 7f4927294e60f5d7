//! A moment, as both clocks see it. Intervals are counted on the monotonic one, so that a wall
//! clock that jumps neither hurries a repair nor holds one up; dates are told by the other.

use mailward_host::clock::Clock;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds of the monotonic clock of this process.
    pub mono_ms: u64,
    /// Unix time in milliseconds.
    pub unix_ms: u64,
}

impl Now {
    /// The present.
    pub fn of(clock: &dyn Clock) -> Now {
        Now {
            mono_ms: u64::try_from(clock.monotonic().as_millis()).unwrap_or(u64::MAX),
            unix_ms: clock.unix_ms(),
        }
    }

    /// The moment `ms` earlier.
    pub fn before(self, ms: u64) -> Now {
        Now {
            mono_ms: self.mono_ms.saturating_sub(ms),
            unix_ms: self.unix_ms.saturating_sub(ms),
        }
    }

    /// Milliseconds from `earlier` to this moment, on the monotonic clock.
    pub fn since(self, earlier: Now) -> u64 {
        self.mono_ms.saturating_sub(earlier.mono_ms)
    }
}
