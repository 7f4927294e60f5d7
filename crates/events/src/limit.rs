//! How often the same trouble is told: per event number and key, a few times a minute; the rest is
//! counted and told once, as "repeated n times". Pure: time is an input.

use std::collections::HashMap;

use crate::Event;

/// Length of a window.
const WINDOW_MS: u64 = 60_000;
/// Records of one number and key written in a window before the rest is only counted.
const BURST: u32 = 10;
/// Keys remembered. A stranger chooses some keys (addresses), so their number is bounded; beyond
/// it all further keys of one number share one window.
const KEYS_MAX: usize = 4096;

struct Window {
    until_ms: u64,
    passed: u32,
    suppressed: u64,
    /// The last one suppressed: told when the window ends.
    last: Option<(u64, Event)>,
}

/// What to do with an event.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    /// Write it.
    Now(Box<Event>),
    /// It was counted.
    Later,
}

/// Windows of the last minute.
#[derive(Default)]
pub(crate) struct Limiter {
    windows: HashMap<(u16, String), Window>,
}

impl Limiter {
    /// Decides about one event at monotonic time `now_ms`; `unix_ms` is kept for its record.
    pub(crate) fn admit(&mut self, event: Event, now_ms: u64, unix_ms: u64) -> Told {
        let mut key = (event.number(), event.key());
        if self.windows.len() >= KEYS_MAX && !self.windows.contains_key(&key) {
            key.1 = String::new();
        }
        let window = self.windows.entry(key).or_insert(Window {
            until_ms: now_ms + WINDOW_MS,
            passed: 0,
            suppressed: 0,
            last: None,
        });
        if window.passed < BURST {
            window.passed += 1;
            return Told::Now(Box::new(event));
        }
        window.suppressed += 1;
        window.last = Some((unix_ms, event));
        Told::Later
    }

    /// Ends windows that are over at `now_ms`; returns what they kept back: when the last one
    /// happened, that one, and how many there were.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<(u64, Event, u64)> {
        let mut told = Vec::new();
        self.windows.retain(|_, window| {
            if window.until_ms > now_ms {
                return true;
            }
            if let Some((unix_ms, event)) = window.last.take() {
                told.push((unix_ms, event, window.suppressed));
            }
            false
        });
        told
    }

    /// When the next window that keeps something back ends.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.windows
            .values()
            .filter(|window| window.last.is_some())
            .map(|window| window.until_ms)
            .min()
    }

    /// Everything kept back, for the end of the process.
    pub(crate) fn drain(&mut self) -> Vec<(u64, Event, u64)> {
        self.expire(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(connector: &str) -> Event {
        Event::ConnectorRestarted {
            connector: connector.into(),
            sessions: 0,
        }
    }

    #[test]
    fn a_flood_is_told_a_few_times_and_then_counted() {
        let mut limiter = Limiter::default();
        let passed = (0..1000)
            .filter(|i| matches!(limiter.admit(event("a"), *i, *i), Told::Now(_)))
            .count();
        assert_eq!(passed, BURST as usize);
        assert!(
            matches!(limiter.admit(event("b"), 5, 5), Told::Now(_)),
            "another key is told"
        );
        assert_eq!(limiter.next_ms(), Some(WINDOW_MS));
        let told = limiter.expire(WINDOW_MS);
        assert_eq!(told, vec![(999, event("a"), 1000 - u64::from(BURST))]);
        assert!(
            matches!(limiter.admit(event("a"), WINDOW_MS, 0), Told::Now(_)),
            "a new window"
        );
    }

    #[test]
    fn keys_are_bounded() {
        let mut limiter = Limiter::default();
        for i in 0..3 * KEYS_MAX {
            limiter.admit(event(&i.to_string()), 0, 0);
        }
        assert!(limiter.windows.len() <= KEYS_MAX + 1);
    }
}
