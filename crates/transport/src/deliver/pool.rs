//! Who delivers where: workers per next hop, how many more are worth it, and the limits.
//!
//! A worker is a task with a connection. It takes deliveries of its next hop until there are none,
//! keeps its connection for a few seconds in case more come, and ends. More workers are started
//! while more deliveries wait than there are workers, up to the connector's limit and the node's.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mailward_model::plan::NextHop;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How long the number of connections to a next hop stays where it was when it refused another.
const CAP_FOR: Duration = Duration::from_secs(30);

/// The workers of one next hop.
#[derive(Debug)]
struct Hop {
    live: usize,
    idle: usize,
    connected: usize,
    /// As many connections as the other side lets us have, and until when that is believed.
    cap: Option<(usize, Duration)>,
    wake: Arc<Notify>,
}

/// All workers.
#[derive(Debug, Default)]
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hops: HashMap<NextHop, Hop>,
    live: usize,
}

/// What is known when a worker may be wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Deliveries that are due.
    pub(super) ready: usize,
    /// Workers the next hop may have.
    pub(super) hop_max: usize,
    /// Workers all next hops may have.
    pub(super) all_max: usize,
    /// Monotonic time.
    pub(super) now: Duration,
    /// They have waited: start a worker even where there are as many as deliveries.
    pub(super) overdue: bool,
}

impl Pool {
    /// Wakes an idle worker, or says that another one is wanted: then its place is taken, and
    /// [`Pool::leave`] must give it back. Answers what it waits for in idleness.
    pub(super) fn enter(&self, hop: &NextHop, demand: Demand) -> Option<Arc<Notify>> {
        // Whoever looks in vain must not keep an idle worker from ending.
        if demand.ready == 0 {
            return None;
        }
        let mut state = self.state.lock();
        let all = state.live;
        let known = state.hops.get_mut(hop);
        if let Some(known) = &known
            && known.idle > 0
        {
            known.wake.notify_one();
            if demand.ready <= known.idle {
                return None;
            }
        }
        let live = known.as_ref().map_or(0, |known| known.live);
        let cap = known
            .as_ref()
            .and_then(|known| known.cap)
            .filter(|(_, until)| *until > demand.now)
            .map_or(demand.hop_max, |(cap, _)| cap.min(demand.hop_max));
        let wanted = demand.overdue || demand.ready >= live;
        if !wanted || live >= cap.max(1) || all >= demand.all_max {
            return None;
        }
        state.live += 1;
        let known = state.hops.entry(hop.clone()).or_insert_with(|| Hop {
            live: 0,
            idle: 0,
            connected: 0,
            cap: None,
            wake: Arc::new(Notify::new()),
        });
        known.live += 1;
        Some(Arc::clone(&known.wake))
    }

    /// Whether those who are busy are enough for so many due deliveries, where `depth` of them may
    /// wait for each. Whoever is busy looks again before it is idle, or ends.
    pub(super) fn are_enough(&self, hop: &NextHop, ready: usize, depth: usize) -> bool {
        let state = self.state.lock();
        let busy = |known: &Hop| known.live.saturating_sub(known.idle);
        let busy = state.hops.get(hop).map_or(0, busy);
        ready < busy.saturating_mul(depth)
    }

    fn with(&self, hop: &NextHop, change: impl FnOnce(&mut Hop)) {
        if let Some(known) = self.state.lock().hops.get_mut(hop) {
            change(known);
        }
    }

    /// A worker ends.
    pub(super) fn leave(&self, hop: &NextHop, connected: bool) {
        let mut state = self.state.lock();
        state.live = state.live.saturating_sub(1);
        let Some(known) = state.hops.get_mut(hop) else {
            return;
        };
        known.live = known.live.saturating_sub(1);
        if connected {
            known.connected = known.connected.saturating_sub(1);
        }
        if known.live == 0 {
            state.hops.remove(hop);
        }
    }

    /// A worker has a connection, or has it no more.
    pub(super) fn connected(&self, hop: &NextHop, connected: bool) {
        self.with(hop, |known| {
            known.connected = if connected {
                known.connected + 1
            } else {
                known.connected.saturating_sub(1)
            };
        });
    }

    /// A worker has nothing to do, or has it again.
    pub(super) fn idle(&self, hop: &NextHop, idle: bool) {
        self.with(hop, |known| {
            known.idle = if idle {
                known.idle + 1
            } else {
                known.idle.saturating_sub(1)
            };
        });
    }

    /// A further connection was not to be had. Where others stand, their number is the limit for a
    /// while, and the answer is true; where none stands the next hop is down.
    pub(super) fn refused(&self, hop: &NextHop, now: Duration) -> bool {
        let mut others = false;
        self.with(hop, |known| {
            others = known.connected > 0;
            if others {
                known.cap = Some((known.connected, now + CAP_FOR));
            }
        });
        others
    }

    /// Next hops that have workers.
    pub(super) fn hops(&self) -> Vec<NextHop> {
        self.state.lock().hops.keys().cloned().collect()
    }

    /// Workers at all.
    pub(super) fn live(&self) -> usize {
        self.state.lock().live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(name: &str) -> NextHop {
        NextHop::SmartHost {
            connector: name.into(),
        }
    }

    fn demand(ready: usize) -> Demand {
        Demand {
            ready,
            hop_max: 3,
            all_max: 4,
            now: Duration::ZERO,
            overdue: false,
        }
    }

    #[test]
    fn workers_grow_with_what_waits() {
        let pool = Pool::default();
        assert!(pool.enter(&hop("a"), demand(0)).is_none());
        assert!(pool.enter(&hop("a"), demand(1)).is_some());
        assert!(pool.enter(&hop("a"), demand(1)).is_some());
        assert!(pool.enter(&hop("a"), demand(1)).is_none(), "two are enough");
        let overdue = Demand {
            overdue: true,
            ..demand(1)
        };
        assert!(pool.enter(&hop("a"), overdue).is_some());
        assert!(
            pool.enter(&hop("a"), demand(100)).is_none(),
            "the hop's limit"
        );
        assert!(pool.enter(&hop("b"), demand(1)).is_some());
        assert!(
            pool.enter(&hop("c"), demand(1)).is_none(),
            "the node's limit"
        );
        pool.leave(&hop("b"), false);
        assert!(pool.enter(&hop("c"), demand(1)).is_some());
        assert_eq!(pool.live(), 4);
    }

    #[test]
    fn an_idle_worker_is_woken_first() {
        let pool = Pool::default();
        let wake = pool.enter(&hop("a"), demand(1)).unwrap();
        pool.idle(&hop("a"), true);
        assert!(pool.enter(&hop("a"), demand(0)).is_none());
        let mut woken = std::pin::pin!(wake.notified());
        assert!(!woken.as_mut().enable(), "woken for nothing");
        assert!(pool.enter(&hop("a"), demand(1)).is_none());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(woken);
        assert!(
            pool.enter(&hop("a"), demand(2)).is_some(),
            "one is not enough for two"
        );
    }

    #[test]
    fn where_many_may_wait_few_are_enough() {
        let pool = Pool::default();
        assert!(!pool.are_enough(&hop("a"), 1, 8), "nobody is there");
        assert!(pool.enter(&hop("a"), demand(1)).is_some());
        assert!(pool.are_enough(&hop("a"), 7, 8));
        assert!(!pool.are_enough(&hop("a"), 8, 8));
        assert!(!pool.are_enough(&hop("a"), 0, 0), "no depth, no limit");
        assert!(pool.enter(&hop("a"), demand(8)).is_some());
        assert!(pool.are_enough(&hop("a"), 15, 8));
        pool.idle(&hop("a"), true);
        assert!(!pool.are_enough(&hop("a"), 8, 8), "one of them is idle");
        pool.leave(&hop("a"), false);
        assert!(!pool.are_enough(&hop("a"), 1, 8), "nobody is busy");
    }

    #[test]
    fn a_refusal_beside_standing_connections_is_a_limit() {
        let pool = Pool::default();
        for _ in 0..2 {
            assert!(pool.enter(&hop("a"), demand(9)).is_some());
        }
        pool.connected(&hop("a"), true);
        assert!(pool.refused(&hop("a"), Duration::ZERO));
        pool.leave(&hop("a"), false);
        assert!(pool.enter(&hop("a"), demand(9)).is_none());
        let later = Demand {
            now: CAP_FOR,
            ..demand(9)
        };
        assert!(pool.enter(&hop("a"), later).is_some());
        pool.leave(&hop("a"), true);
        assert!(!pool.refused(&hop("a"), Duration::ZERO), "none stands");
    }
}
