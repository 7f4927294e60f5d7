//! When each monitor is to be looked at next, so that time passing costs what is due and not what
//! is watched.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use mailward_api::view::health::HealthState;

use super::watch::Watch;
use crate::{
    Now,
    monitor::{Policy, Rule},
};

/// A state that time alone should have changed and has not is looked at again after so long, in
/// milliseconds. It never has to: this bounds what a mistake of ours would cost.
const AGAIN_MS: u64 = 1_000;

/// Monitors by the time at which time alone may change them.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    order: BTreeSet<(u64, Arc<str>)>,
    /// Where each monitor stands in the order.
    at: HashMap<Arc<str>, u64>,
}

impl Due {
    /// Sees to it that a monitor is looked at by a moment. One that is looked at before stays where
    /// it is: most times only move on, with every result, and a look that comes too early is
    /// cheaper than a place in the order for each result.
    pub(super) fn set(&mut self, name: &str, at_ms: u64) {
        let name = match self.at.get_key_value(name) {
            Some((_, known)) if *known <= at_ms => return,
            Some((name, known)) => {
                let name = name.clone();
                self.order.remove(&(*known, name.clone()));
                name
            }
            None => name.into(),
        };
        self.at.insert(name.clone(), at_ms);
        self.order.insert((at_ms, name));
    }

    /// Forgets a monitor that is not watched any more.
    pub(super) fn forget(&mut self, name: &str) {
        if let Some((name, at_ms)) = self.at.remove_entry(name) {
            self.order.remove(&(at_ms, name));
        }
    }

    /// Takes the next monitor that is due. It is looked at again when it is set anew.
    pub(super) fn take(&mut self, now_ms: u64) -> Option<Arc<str>> {
        self.next_ms().filter(|at| *at <= now_ms)?;
        let (_, name) = self.order.pop_first()?;
        self.at.remove(&name);
        Some(name)
    }

    /// When the next one is due.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.order.first().map(|(at, _)| *at)
    }
}

/// Has a monitor looked at when time alone may change it next, where it ever may.
pub(super) fn look_again(due: &mut Due, watch: &Watch, strain: u32, now: Now) {
    let strained = (strain > 0).then(|| watch.definition.rule.clone().strained(strain));
    let rule = strained.as_ref().unwrap_or(&watch.definition.rule);
    if let Some(at) = next_look(watch, rule, now) {
        due.set(&watch.definition.name, at);
    }
}

/// When time alone may next change a monitor under this rule; `None` where only a result can.
fn next_look(watch: &Watch, rule: &Rule, now: Now) -> Option<u64> {
    let state = &watch.state;
    if state.phase == HealthState::Disabled {
        return None;
    }
    let after = |from: Option<Now>, ms: u64| from.map(|from| from.mono_ms.saturating_add(ms));
    // Silence is told by one millisecond more than is allowed.
    let by_policy = match rule.policy {
        Policy::Absence {
            expected_every_ms,
            grace_ms,
        } => {
            let most = expected_every_ms.saturating_add(grace_ms);
            after(Some(state.last_arrival()), most.saturating_add(1))
        }
        Policy::Latch { expiry_ms } => match state.beyond_since() {
            Some(since) => after(Some(since), expiry_ms.saturating_add(1)),
            // Without a notice it is well, and time says so.
            None if state.is_good() => None,
            None => Some(now.mono_ms.saturating_add(AGAIN_MS)),
        },
        _ if state.phase == HealthState::Unavailable => None,
        _ => after(
            Some(state.last_evidence()),
            rule.blind_after_ms().saturating_add(1),
        ),
    };
    let by_state = match state.phase {
        HealthState::Degraded => after(state.first_bad, rule.unhealthy_after_ms),
        HealthState::Unhealthy => after(state.first_bad, rule.unrecoverable_after_ms),
        HealthState::Recovering => after(Some(state.since), rule.probation_ms),
        _ => None,
    };
    // What is past and has changed nothing waits for a result.
    let times = [by_state, by_policy, watch.recheck_ms];
    times
        .into_iter()
        .flatten()
        .filter(|at| *at > now.mono_ms)
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_anew_is_due_once_and_leaves_little_behind() {
        let mut due = Due::default();
        for n in 0..10_000u64 {
            due.set("a", 20_000 - n);
            due.set("b", 50);
        }
        assert_eq!(due.order.len(), 2);
        assert_eq!(due.take(49), None);
        assert_eq!(due.take(10_000).as_deref(), Some("b"));
        assert_eq!(due.take(10_000), None);
        assert_eq!(due.take(10_001).as_deref(), Some("a"));
        assert_eq!((due.take(u64::MAX), due.next_ms()), (None, None));
    }

    #[test]
    fn a_time_that_moves_on_costs_no_entry() {
        let mut due = Due::default();
        for n in 0..10_000u64 {
            due.set("a", 100 + n);
        }
        assert_eq!(due.order.len(), 1);
        assert_eq!(due.take(100).as_deref(), Some("a"));
        due.set("a", 5);
        due.forget("a");
        assert_eq!(due.take(u64::MAX), None);
    }
}
