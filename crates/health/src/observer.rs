//! How well the observer itself does. A worker that is late, starved or cut off sees failures that
//! are its own; what it then says about others must not restart anything.
//!
//! The strain goes from 0 to 8: one up for each window of 30 s in which the worker was late or
//! skipped probes, one down for each clean one. From [`FREEZE_AT`] on, only the mildest act is
//! still proposed without an objection. Pure: time is an input.

use std::collections::HashMap;

use crate::Now;

/// Length of a window, in milliseconds.
pub(crate) const WINDOW_MS: u64 = 30_000;
/// A timer that fires this much too late says that the worker is starved, in milliseconds.
const LAG_MAX_MS: u64 = 100;
/// Probes skipped for want of a lane, of 100, above which the worker is overloaded.
const SKIPPED_PERCENT_MAX: u64 = 5;
/// Subjects that time out, of 100, above which the observer doubts itself and not them.
const SILENT_PERCENT_MAX: usize = 30;
/// With fewer subjects than these, silence of some says nothing about the observer.
const SUBJECTS_MIN: usize = 4;
/// Subjects that are told apart in one window.
const SUBJECTS_MAX: usize = 4096;
/// The highest strain.
const STRAIN_MAX: u32 = 8;
/// The strain from which on acts beyond a component's restart are objected to.
pub(crate) const FREEZE_AT: u32 = 4;

/// A time limit or a number as an observer of this strain takes it: (1 + strain / 2) times as much.
pub(crate) fn strained(value: u64, strain: u32) -> u64 {
    value.saturating_add(value.saturating_mul(u64::from(strain)) / 2)
}

/// What the worker knows about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observer {
    pub(crate) strain: u32,
    window_began: Now,
    lag_max_ms: u64,
    probes: u64,
    skipped: u64,
    impaired: u64,
    last_problem: String,
    /// Whether each subject has answered anything in this window.
    subjects: HashMap<String, bool>,
}

/// What one window showed of the observer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Whether the worker was late or skipped probes.
    pub(crate) overloaded: bool,
    /// The latest a timer fired after its time, in milliseconds.
    pub(crate) lag_ms: u64,
    /// Probes skipped for want of a lane.
    pub(crate) skipped: u64,
    /// Subjects of which nothing but timeouts came.
    pub(crate) silent: usize,
    /// Subjects in all.
    pub(crate) subjects: usize,
    /// Probes that could not be carried out.
    pub(crate) impaired: u64,
    /// Why the last of them could not.
    pub(crate) problem: String,
}

impl Observer {
    /// A timer fired `late_ms` after its time.
    pub(crate) fn lag(&mut self, late_ms: u64) {
        self.lag_max_ms = self.lag_max_ms.max(late_ms);
    }

    /// A probe ran, or was skipped because no lane was free.
    pub(crate) fn probe(&mut self, skipped: bool) {
        self.probes += 1;
        self.skipped += u64::from(skipped);
    }

    /// A probe of this subject ended, by a timeout or otherwise. Probes of one subject are related:
    /// one that is down is one that is silent, however many look at it.
    pub(crate) fn answer(&mut self, subject: &str, timed_out: bool) {
        if let Some(answered) = self.subjects.get_mut(subject) {
            *answered |= !timed_out;
        } else if self.subjects.len() < SUBJECTS_MAX {
            self.subjects.insert(subject.to_owned(), !timed_out);
        }
    }

    /// A probe could not be carried out.
    pub(crate) fn impaired(&mut self, problem: &str) {
        self.impaired += 1;
        problem.clone_into(&mut self.last_problem);
    }

    /// Ends the window when it is over, and says what it showed.
    pub(crate) fn tick(&mut self, now: Now) -> Option<Window> {
        if now.since(self.window_began) < WINDOW_MS {
            return None;
        }
        let subjects = self.subjects.len();
        let silent = self
            .subjects
            .values()
            .filter(|answered| !**answered)
            .count();
        let cut_off = subjects >= SUBJECTS_MIN && silent * 100 > subjects * SILENT_PERCENT_MAX;
        let overloaded = self.lag_max_ms > LAG_MAX_MS
            || self.skipped * 100 > self.probes.saturating_mul(SKIPPED_PERCENT_MAX)
            || cut_off;
        let window = Window {
            overloaded,
            lag_ms: self.lag_max_ms,
            skipped: self.skipped,
            silent,
            subjects,
            impaired: self.impaired,
            problem: std::mem::take(&mut self.last_problem),
        };
        let strain = if overloaded {
            (self.strain + 1).min(STRAIN_MAX)
        } else {
            self.strain.saturating_sub(1)
        };
        *self = Observer {
            strain,
            window_began: now,
            ..Observer::default()
        };
        Some(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strain_rises_and_falls_by_windows() {
        let mut observer = Observer::default();
        let mut now = Now::default();
        for n in 1..=10u32 {
            observer.lag(500);
            now.mono_ms += WINDOW_MS;
            let window = observer.tick(now).unwrap();
            assert!(window.overloaded && window.lag_ms == 500);
            assert_eq!(observer.strain, n.min(STRAIN_MAX));
        }
        for n in (0..8u32).rev() {
            (0..100).for_each(|i| observer.probe(i < 5));
            now.mono_ms += WINDOW_MS;
            assert!(!observer.tick(now).unwrap().overloaded);
            assert_eq!(observer.strain, n);
        }
        (0..100).for_each(|i| observer.probe(i < 6));
        now.mono_ms += WINDOW_MS;
        let window = observer.tick(now).unwrap();
        assert!(window.overloaded && window.skipped == 6);
        assert_eq!(observer.tick(now), None);
    }

    #[test]
    fn silence_of_many_is_the_observer_s_own() {
        let mut now = Now::default();
        let mut window = |answers: &[(&str, bool)]| {
            let mut observer = Observer {
                window_began: now,
                ..Observer::default()
            };
            for (subject, timed_out) in answers {
                observer.answer(subject, *timed_out);
            }
            now.mono_ms += WINDOW_MS;
            observer.tick(now).unwrap().overloaded
        };
        // One host with many probes is one subject.
        assert!(!window(&[
            ("a", true),
            ("a", true),
            ("a", true),
            ("b", false),
            ("c", false),
            ("d", false)
        ]));
        assert!(window(&[
            ("a", true),
            ("b", true),
            ("c", false),
            ("d", false)
        ]));
        // Whoever answered once is there.
        assert!(!window(&[
            ("a", true),
            ("a", false),
            ("b", true),
            ("c", false),
            ("d", false)
        ]));
        assert!(
            !window(&[("a", true), ("b", true), ("c", true)]),
            "too few to say"
        );
        assert_eq!(
            [strained(100, 0), strained(100, 1), strained(100, 8)],
            [100, 150, 500]
        );
    }
}
