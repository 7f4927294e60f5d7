//! When each monitor is to be looked at next, so that time passing costs what is due and not what
//! is watched.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use mailward_api::view::health::HealthState;

use super::watch::Watch;
use crate::Now;

/// A monitor is looked at this often even where nothing is known to be due, in milliseconds: as a
/// quarter of its interval, within these bounds.
const LOOK_MS_MIN: u64 = 250;
const LOOK_MS_MAX: u64 = 5_000;

/// Monitors by the time at which time alone may change them.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    heap: BinaryHeap<Reverse<(u64, Arc<str>)>>,
    /// The one entry of each monitor that counts; others in the heap are stale.
    at: HashMap<Arc<str>, u64>,
}

impl Due {
    /// Sets when a monitor is looked at next.
    pub(super) fn set(&mut self, name: &str, at_ms: u64) {
        match self.at.get_key_value(name) {
            Some((_, known)) if *known == at_ms => return,
            Some((name, _)) => {
                let name = name.clone();
                self.at.insert(name.clone(), at_ms);
                self.heap.push(Reverse((at_ms, name)));
            }
            None => {
                let name: Arc<str> = name.into();
                self.at.insert(name.clone(), at_ms);
                self.heap.push(Reverse((at_ms, name)));
            }
        }
        // Monitors whose results come faster than they are looked at leave stale entries behind.
        if self.heap.len() > 64 + 4 * self.at.len() {
            let current = self
                .at
                .iter()
                .map(|(name, at)| Reverse((*at, name.clone())));
            self.heap = current.collect();
        }
    }

    /// Takes the next monitor that is due. It is looked at again when it is set anew.
    pub(super) fn take(&mut self, now_ms: u64) -> Option<Arc<str>> {
        while self.next_ms().is_some_and(|at| at <= now_ms) {
            let Reverse((at, name)) = self.heap.pop()?;
            if self.at.get(&name) == Some(&at) {
                self.at.remove(&name);
                return Some(name);
            }
        }
        None
    }

    /// When the next one is due, or was before it was set anew.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }
}

/// When time alone may next change a monitor.
pub(super) fn next_look(watch: &Watch, now: Now) -> u64 {
    let (rule, state) = (&watch.definition.rule, &watch.state);
    let look = (rule.interval_ms / 4).clamp(LOOK_MS_MIN, LOOK_MS_MAX);
    let trouble = |after_ms: u64| {
        let first = state.first_bad.map(|first| first.mono_ms);
        first.map(|first| first.saturating_add(after_ms))
    };
    let by_state = match state.phase {
        HealthState::Degraded => trouble(rule.unhealthy_after_ms),
        HealthState::Unhealthy => trouble(rule.unrecoverable_after_ms),
        HealthState::Recovering => Some(state.since.mono_ms.saturating_add(rule.probation_ms)),
        _ => None,
    };
    // The end of an override stands on the wall clock, which may jump: it is looked for often.
    let times = [by_state, watch.recheck_ms, Some(now.mono_ms + look)];
    let next = times.into_iter().flatten().filter(|at| *at > now.mono_ms);
    next.min().unwrap_or(now.mono_ms + look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_anew_is_due_once_and_leaves_little_behind() {
        let mut due = Due::default();
        for n in 0..10_000u64 {
            due.set("a", 100 + n);
            due.set("b", 50);
        }
        assert!(due.heap.len() < 200, "{}", due.heap.len());
        assert_eq!(due.take(49), None);
        assert_eq!(due.take(10_098).as_deref(), Some("b"));
        assert_eq!(due.take(10_098), None);
        assert_eq!(due.take(10_099).as_deref(), Some("a"));
        assert_eq!((due.take(u64::MAX), due.next_ms()), (None, None));
    }
}
