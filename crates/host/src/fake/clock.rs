//! A clock that stands still until a test moves it.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use crate::clock::Clock;

/// Simulated time.
#[derive(Debug)]
pub struct FakeClock {
    monotonic_ms: AtomicU64,
    unix_offset_ms: AtomicI64,
}

impl FakeClock {
    /// A clock whose wall time is `unix_ms`.
    pub fn new(unix_ms: u64) -> Self {
        FakeClock {
            monotonic_ms: AtomicU64::new(0),
            unix_offset_ms: AtomicI64::new(i64::try_from(unix_ms).unwrap_or(i64::MAX)),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.monotonic_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Makes wall time jump, as an administrator or a bad time server does. Intervals stay.
    pub fn jump(&self, by_ms: i64) {
        self.unix_offset_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn unix_ms(&self) -> u64 {
        let elapsed = i64::try_from(self.monotonic_ms.load(Ordering::SeqCst)).unwrap_or(i64::MAX);
        let wall = self
            .unix_offset_ms
            .load(Ordering::SeqCst)
            .saturating_add(elapsed);
        u64::try_from(wall).unwrap_or(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_ms.load(Ordering::SeqCst))
    }
}
