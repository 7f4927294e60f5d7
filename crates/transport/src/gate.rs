//! Whether mail is taken: by transport as a whole, and by each receive connector.
//!
//! ```text
//! Active ─hold─► Draining ─no session, or time─► Inactive ─no hold─► Warming ─tested, or time─► Active
//!                    └────────────no hold───────────────────────────────▲
//! ```
//!
//! Draining and Inactive answer 421 4.3.2 to whatever is new; what runs ends. Warming lets only this
//! host's own clients in, which test it. Time is an input. Never here: who wants what; the manager
//! says that.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use mailward_api::view::{
    ComponentState, GateView, ServingState, Wanted,
    hold::{ComponentOrder, SERVER_WIDE},
};
use parking_lot::Mutex;

/// How long running sessions may take to end before a component counts as inactive.
const DRAINING_MAX: Duration = Duration::from_secs(300);
/// How long a component is tested before it takes mail untested: a test that cannot be made must
/// not keep it closed.
const WARMING_MAX: Duration = Duration::from_secs(60);

/// A component that is not simply active.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    state: ServingState,
    /// Monotonic.
    since: Duration,
    since_unix_ms: u64,
    reason: String,
    wanted: Option<Wanted>,
}

/// A component has changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) component: String,
    pub(crate) from: ServingState,
    pub(crate) to: ServingState,
    pub(crate) because: String,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) mono: Duration,
    pub(crate) unix_ms: u64,
}

/// The states of all components.
#[derive(Debug, Default)]
pub struct Gate {
    /// False where every component is active: a session then asks nothing further.
    any: AtomicBool,
    held: Mutex<BTreeMap<String, Held>>,
}

/// The component of a receive connector.
fn component(connector: &str) -> String {
    format!("receive/{connector}")
}

impl Gate {
    /// True where new mail by this connector is answered 421 4.3.2. `is_own` says that the client
    /// is this host: it may test what is warming.
    pub(crate) fn is_closed_for(&self, connector: &str, is_own: bool) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let held = self.held.lock();
        [SERVER_WIDE, component(connector).as_str()]
            .into_iter()
            .filter_map(|name| held.get(name))
            .any(|held| match held.state {
                ServingState::Active => false,
                ServingState::Warming => !is_own,
                ServingState::Draining | ServingState::Inactive => true,
            })
    }

    /// Takes over what the holds want; what is not named is to be active.
    pub(crate) fn apply(&self, orders: &[ComponentOrder], now: Moment) -> Vec<Change> {
        let mut held = self.held.lock();
        let mut changes = Vec::new();
        for order in orders {
            let before = held.get(&order.component);
            let from = before.map_or(ServingState::Active, |held| held.state);
            let to = match (from, order.wanted) {
                // What was inactive goes on taking nothing, whichever is wanted.
                (ServingState::Inactive, Wanted::Inactive) => ServingState::Inactive,
                _ => ServingState::Draining,
            };
            let kept = before.filter(|held| held.state == to);
            let entry = Held {
                state: to,
                since: kept.map_or(now.mono, |held| held.since),
                since_unix_ms: kept.map_or(now.unix_ms, |held| held.since_unix_ms),
                reason: order.reason.clone(),
                wanted: Some(order.wanted),
            };
            held.insert(order.component.clone(), entry);
            push(&mut changes, &order.component, from, to, &order.reason);
        }
        for (name, one) in held.iter_mut() {
            let is_wanted = orders.iter().any(|order| order.component == *name);
            if !is_wanted && one.wanted.take().is_some() {
                let because = "no hold is left; it is tested";
                push(
                    &mut changes,
                    name,
                    one.state,
                    ServingState::Warming,
                    because,
                );
                one.state = ServingState::Warming;
                (one.since, one.since_unix_ms) = (now.mono, now.unix_ms);
                because.clone_into(&mut one.reason);
            }
        }
        self.any.store(!held.is_empty(), Ordering::Relaxed);
        changes
    }

    /// Lets time pass. `sessions` counts those of a connector, or all where `None`.
    pub(crate) fn tick(&self, sessions: impl Fn(Option<&str>) -> u32, now: Moment) -> Vec<Change> {
        let mut changes = Vec::new();
        if !self.any.load(Ordering::Relaxed) {
            return changes;
        }
        let mut held = self.held.lock();
        for (name, one) in held.iter_mut() {
            let age = now.mono.saturating_sub(one.since);
            let (to, because) = match (one.state, one.wanted) {
                (ServingState::Draining, Some(Wanted::Inactive)) => {
                    if sessions(name.strip_prefix("receive/")) == 0 {
                        (ServingState::Inactive, "its sessions have ended")
                    } else if age >= DRAINING_MAX {
                        (ServingState::Inactive, "sessions took too long to end")
                    } else {
                        continue;
                    }
                }
                (ServingState::Warming, _) if age >= WARMING_MAX => {
                    (ServingState::Active, "nobody tested it in time")
                }
                _ => continue,
            };
            push(&mut changes, name, one.state, to, because);
            one.state = to;
            (one.since, one.since_unix_ms) = (now.mono, now.unix_ms);
        }
        held.retain(|_, one| one.state != ServingState::Active);
        self.any.store(!held.is_empty(), Ordering::Relaxed);
        changes
    }

    /// A component that is warming was tested, and is well.
    pub(crate) fn warmed(&self, name: &str) -> Option<Change> {
        let mut held = self.held.lock();
        if held.get(name)?.state != ServingState::Warming {
            return None;
        }
        held.remove(name);
        self.any.store(!held.is_empty(), Ordering::Relaxed);
        Some(Change {
            component: name.to_owned(),
            from: ServingState::Warming,
            to: ServingState::Active,
            because: "its test was good".to_owned(),
        })
    }

    /// The state of one component.
    pub(crate) fn state(&self, name: &str) -> ServingState {
        let held = self.held.lock();
        held.get(name).map_or(ServingState::Active, |one| one.state)
    }

    /// Of a receive connector, the state that counts: its own or that of the whole.
    pub(crate) fn state_of(&self, connector: &str) -> ServingState {
        match self.state(SERVER_WIDE) {
            ServingState::Active => self.state(&component(connector)),
            whole => whole,
        }
    }

    /// Every component that is not simply active.
    pub(crate) fn states(&self) -> Vec<ComponentState> {
        let held = self.held.lock();
        held.iter()
            .map(|(name, one)| ComponentState {
                component: name.clone(),
                state: one.state,
                since_unix_ms: one.since_unix_ms,
                reason: one.reason.clone(),
            })
            .collect()
    }

    /// Transport as a whole.
    pub(crate) fn view(&self) -> GateView {
        let held = self.held.lock();
        held.get(SERVER_WIDE)
            .map_or_else(GateView::default, |one| GateView {
                state: one.state,
                closed: one.state != ServingState::Active,
                reason: one.reason.clone(),
                since_unix_ms: Some(one.since_unix_ms),
            })
    }
}

fn push(
    changes: &mut Vec<Change>,
    component: &str,
    from: ServingState,
    to: ServingState,
    because: &str,
) {
    if from != to {
        changes.push(Change {
            component: component.to_owned(),
            from,
            to,
            because: because.to_owned(),
        });
    }
}

/// True where the client is this host: only its own probes test what is warming.
pub(crate) fn is_own(client: IpAddr, server: IpAddr) -> bool {
    client.is_loopback() || client == server
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment {
            mono: Duration::from_secs(seconds),
            unix_ms: seconds * 1_000,
        }
    }

    fn order(component: &str, wanted: Wanted) -> ComponentOrder {
        ComponentOrder {
            component: component.into(),
            wanted,
            reason: "work".into(),
        }
    }

    #[test]
    fn a_connector_drains_is_inactive_warms_and_serves_again() {
        let gate = Gate::default();
        assert!(!gate.is_closed_for("Internet", false));
        gate.apply(&[order("receive/Internet", Wanted::Inactive)], at(0));
        assert!(gate.is_closed_for("Internet", true));
        assert!(!gate.is_closed_for("Relay", false), "the other serves");
        assert!(gate.tick(|_| 1, at(299)).is_empty());
        assert_eq!(gate.state("receive/Internet"), ServingState::Draining);
        assert_eq!(gate.tick(|_| 0, at(299)).len(), 1);
        assert_eq!(gate.state("receive/Internet"), ServingState::Inactive);
        // Said again, it is what it was.
        assert!(
            gate.apply(&[order("receive/Internet", Wanted::Inactive)], at(300))
                .is_empty()
        );
        gate.apply(&[], at(400));
        assert_eq!(gate.state("receive/Internet"), ServingState::Warming);
        assert!(gate.is_closed_for("Internet", false) && !gate.is_closed_for("Internet", true));
        assert!(gate.apply(&[], at(401)).is_empty());
        assert!(gate.warmed("receive/Internet").is_some());
        assert!(!gate.is_closed_for("Internet", false));
        assert!(gate.warmed("receive/Internet").is_none());
    }

    #[test]
    fn time_ends_draining_and_warming() {
        let gate = Gate::default();
        gate.apply(&[order(SERVER_WIDE, Wanted::Inactive)], at(0));
        assert_eq!(gate.tick(|_| 1, at(300)).len(), 1);
        assert_eq!(gate.state_of("Relay"), ServingState::Inactive);
        assert!(gate.view().closed);
        gate.apply(&[], at(310));
        assert!(gate.tick(|_| 0, at(369)).is_empty());
        assert_eq!(gate.tick(|_| 0, at(370)).len(), 1);
        assert!(gate.states().is_empty() && !gate.view().closed);
        gate.apply(&[order(SERVER_WIDE, Wanted::Draining)], at(400));
        assert!(
            gate.tick(|_| 0, at(9_000)).is_empty(),
            "inactive is not wanted"
        );
    }
}
