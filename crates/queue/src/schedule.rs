//! The schedule: per next hop, which deliveries are due, waiting, being attempted or held; over
//! all, when the next wait ends and which next hops are to be announced.
//!
//! Pure: time is a number of monotonic milliseconds handed in, so a wall clock that jumps moves
//! nothing here. Each operation is O(log n).
//!
//! Invariant: a delivery that is not settled stands in exactly one set of exactly one next hop.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use mailward_model::{
    MessageId,
    plan::{DeliveryNo, NextHop},
};

use crate::{
    flow::{Flow, Rates},
    view::LastAttempt,
};

/// Next hops without mail whose rates are remembered for the minute they are of.
const IDLE_MAX: usize = 1_024;

/// Names a delivery. Sorts by age, since message ids do.
pub(crate) type Key = (MessageId, DeliveryNo);

/// A next hop's place in the table.
pub(crate) type HopNo = u32;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Due.
    Ready,
    /// Until this time, monotonic milliseconds.
    Waiting(u64),
    /// Being attempted, under the lease of this number.
    InFlight(u64),
    /// Held with its message.
    Held,
    /// Nothing more to do.
    Settled,
}

/// One delivery queue.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) name: Arc<NextHop>,
    pub(crate) ready: BTreeSet<Key>,
    pub(crate) waiting: BTreeSet<(u64, Key)>,
    pub(crate) in_flight: BTreeSet<Key>,
    pub(crate) held: BTreeSet<Key>,
    pub(crate) on_hold: bool,
    pub(crate) last: Option<Arc<LastAttempt>>,
    flow: Flow,
    announced: bool,
    timer: Option<u64>,
}

impl Hop {
    fn is_empty(&self) -> bool {
        self.ready.is_empty()
            && self.waiting.is_empty()
            && self.in_flight.is_empty()
            && self.held.is_empty()
            && !self.on_hold
    }

    /// How fast it fills and empties.
    pub(crate) fn rates(&self, now_ms: u64) -> Rates {
        self.flow.rates(now_ms)
    }

    /// Open deliveries.
    pub(crate) fn count(&self) -> usize {
        self.ready.len() + self.waiting.len() + self.in_flight.len() + self.held.len()
    }
}

/// All delivery queues.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    hops: Vec<Option<Hop>>,
    free: Vec<HopNo>,
    by_name: HashMap<Arc<NextHop>, HopNo>,
    timers: BTreeSet<(u64, HopNo)>,
    announced: VecDeque<HopNo>,
    /// How fast next hops filled and emptied that have nothing left.
    idle: HashMap<Arc<NextHop>, Flow>,
    /// When something last came or left; `None` while the log is being read.
    flowed_ms: Option<u64>,
    /// Set when a caller waiting in `due` has to look again.
    wake: bool,
}

impl Schedule {
    /// The number of a next hop, a new one where it has none.
    pub(crate) fn intern(&mut self, next_hop: NextHop) -> HopNo {
        if let Some(number) = self.by_name.get(&next_hop) {
            return *number;
        }
        let (name, flow) = match self.idle.remove_entry(&next_hop) {
            Some((name, flow)) => (name, flow),
            None => (Arc::new(next_hop), Flow::default()),
        };
        let hop = Hop {
            name: name.clone(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            held: BTreeSet::new(),
            on_hold: false,
            last: None,
            flow,
            announced: false,
            timer: None,
        };
        let number = self.free.pop().unwrap_or_else(|| {
            self.hops.push(None);
            (self.hops.len() - 1) as HopNo
        });
        if let Some(slot) = self.hops.get_mut(number as usize) {
            *slot = Some(hop);
        }
        self.by_name.insert(name, number);
        number
    }

    /// The number of a next hop that is known.
    pub(crate) fn find(&self, next_hop: &NextHop) -> Option<HopNo> {
        self.by_name.get(next_hop).copied()
    }

    /// A delivery queue by its number.
    pub(crate) fn hop(&self, number: HopNo) -> Option<&Hop> {
        self.hops.get(number as usize)?.as_ref()
    }

    fn hop_mut(&mut self, number: HopNo) -> Option<&mut Hop> {
        self.hops.get_mut(number as usize)?.as_mut()
    }

    /// All delivery queues, in no order.
    pub(crate) fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.hops.iter().flatten()
    }

    /// Keeps the last answer of a next hop; where it is the same as before, gives the kept one, so
    /// that many deliveries share it.
    pub(crate) fn remember(&mut self, number: HopNo, last: LastAttempt) -> Arc<LastAttempt> {
        let Some(hop) = self.hop_mut(number) else {
            return Arc::new(last);
        };
        match &hop.last {
            Some(kept) if **kept == last => kept.clone(),
            _ => hop.last.insert(Arc::new(last)).clone(),
        }
    }

    /// Puts a delivery into its place.
    pub(crate) fn enter(&mut self, number: HopNo, key: Key, place: Place) {
        let Some(hop) = self.hop_mut(number) else {
            return;
        };
        match place {
            Place::Ready => {
                hop.ready.insert(key);
                self.announce(number);
            }
            Place::Waiting(until) => {
                hop.waiting.insert((until, key));
                self.set_timer(number);
            }
            Place::InFlight(_) => {
                hop.in_flight.insert(key);
            }
            Place::Held => {
                hop.held.insert(key);
            }
            Place::Settled => {}
        }
    }

    /// Takes a delivery out of its place.
    pub(crate) fn leave(&mut self, number: HopNo, key: Key, place: Place) {
        let Some(hop) = self.hop_mut(number) else {
            return;
        };
        match place {
            Place::Ready => {
                hop.ready.remove(&key);
            }
            Place::Waiting(until) => {
                hop.waiting.remove(&(until, key));
                self.set_timer(number);
            }
            Place::InFlight(_) => {
                hop.in_flight.remove(&key);
            }
            Place::Held => {
                hop.held.remove(&key);
            }
            Place::Settled => {}
        }
    }

    /// Forgets a next hop that has nothing left.
    pub(crate) fn forget_if_empty(&mut self, number: HopNo) {
        if self.hop(number).is_some_and(Hop::is_empty)
            && let Some(slot) = self.hops.get_mut(number as usize)
            && let Some(hop) = slot.take()
        {
            self.by_name.remove(&hop.name);
            self.free.push(number);
            self.remember_flow(hop.name, hop.flow);
        }
    }

    /// Keeps how fast a next hop filled and emptied: it may have mail again within the minute.
    fn remember_flow(&mut self, name: Arc<NextHop>, flow: Flow) {
        let Some(now_ms) = self.flowed_ms.filter(|now_ms| !flow.is_still(*now_ms)) else {
            return;
        };
        if self.idle.len() >= IDLE_MAX {
            self.idle.retain(|_, flow| !flow.is_still(now_ms));
        }
        // Beyond that many within a minute, a queue that comes back begins at nothing.
        if self.idle.len() < IDLE_MAX {
            self.idle.insert(name, flow);
        }
    }

    /// What comes and leaves is counted from now on: the log has been read.
    pub(crate) fn begin_counting(&mut self, now_ms: u64) {
        self.flowed_ms = Some(now_ms);
    }

    /// Counts a delivery that comes to a next hop.
    pub(crate) fn came(&mut self, number: HopNo, now_ms: u64) {
        if let Some(last) = &mut self.flowed_ms {
            *last = now_ms;
            if let Some(hop) = self.hop_mut(number) {
                hop.flow.came(now_ms);
            }
        }
    }

    /// Counts a delivery that leaves a next hop.
    pub(crate) fn left(&mut self, number: HopNo, now_ms: u64) {
        if let Some(last) = &mut self.flowed_ms {
            *last = now_ms;
            if let Some(hop) = self.hop_mut(number) {
                hop.flow.left(now_ms);
            }
        }
    }

    /// Holds or releases a whole delivery queue. Answers its open deliveries.
    pub(crate) fn set_on_hold(&mut self, number: HopNo, on_hold: bool) -> usize {
        let Some(hop) = self.hop_mut(number) else {
            return 0;
        };
        hop.on_hold = on_hold;
        let count = hop.count();
        self.set_timer(number);
        self.announce(number);
        self.forget_if_empty(number);
        count
    }

    /// Next hops that are held.
    pub(crate) fn held(&self) -> Vec<NextHop> {
        let held = self.hops().filter(|hop| hop.on_hold);
        held.map(|hop| NextHop::clone(&hop.name)).collect()
    }

    /// Marks a next hop for announcement if it has due deliveries.
    pub(crate) fn announce(&mut self, number: HopNo) {
        if let Some(hop) = self.hop_mut(number)
            && !hop.announced
            && !hop.on_hold
            && !hop.ready.is_empty()
        {
            hop.announced = true;
            self.announced.push_back(number);
            self.wake = true;
        }
    }

    /// The next hop to announce.
    pub(crate) fn next_announced(&mut self) -> Option<NextHop> {
        while let Some(number) = self.announced.pop_front() {
            // The number may have passed to another next hop since, or its deliveries be taken.
            if let Some(hop) = self.hop_mut(number)
                && std::mem::take(&mut hop.announced)
                && !hop.on_hold
                && !hop.ready.is_empty()
            {
                return Some(NextHop::clone(&hop.name));
            }
        }
        None
    }

    /// True while some next hop is to be announced.
    pub(crate) fn has_announced(&self) -> bool {
        !self.announced.is_empty()
    }

    /// Whether a caller waiting in `due` has to look again; asked once per change.
    pub(crate) fn take_wake(&mut self) -> bool {
        std::mem::take(&mut self.wake)
    }

    /// When the first wait ends, monotonic milliseconds.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// Deliveries whose wait has ended, taken out of their places.
    pub(crate) fn take_expired(&mut self, now_ms: u64) -> Vec<(HopNo, Key)> {
        let mut expired = Vec::new();
        while let Some((until, number)) = self.timers.first().copied()
            && until <= now_ms
        {
            while let Some(hop) = self.hop_mut(number)
                && let Some((until, key)) = hop.waiting.first().copied()
                && until <= now_ms
            {
                hop.waiting.pop_first();
                expired.push((number, key));
            }
            self.set_timer(number);
        }
        expired
    }

    /// Brings the timer of a next hop into line with its waiting deliveries.
    fn set_timer(&mut self, number: HopNo) {
        let Some(hop) = self.hops.get_mut(number as usize).and_then(Option::as_mut) else {
            return;
        };
        let first = hop.waiting.first().map(|(until, _)| *until);
        if hop.timer == first {
            return;
        }
        if let Some(old) = hop.timer {
            self.timers.remove(&(old, number));
        }
        hop.timer = first;
        if let Some(new) = first {
            if self.next_deadline().is_none_or(|next| new < next) {
                self.wake = true;
            }
            self.timers.insert((new, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(name: &str) -> NextHop {
        NextHop::Mailbox {
            mailbox: name.to_owned(),
        }
    }

    fn key(id: u128) -> Key {
        (MessageId::from_bits(id), 0)
    }

    #[test]
    fn a_next_hop_is_announced_once_for_what_became_due_meanwhile() {
        let mut schedule = Schedule::default();
        let a = schedule.intern(hop("a"));
        schedule.enter(a, key(1), Place::Ready);
        schedule.enter(a, key(2), Place::Ready);
        assert!(schedule.take_wake() && !schedule.take_wake());
        assert_eq!(schedule.next_announced(), Some(hop("a")));
        assert_eq!(schedule.next_announced(), None);
        schedule.enter(a, key(3), Place::Ready);
        assert_eq!(schedule.next_announced(), Some(hop("a")));
    }

    #[test]
    fn waits_end_in_order_and_a_shorter_one_wakes() {
        let mut schedule = Schedule::default();
        let (a, b) = (schedule.intern(hop("a")), schedule.intern(hop("b")));
        schedule.enter(a, key(1), Place::Waiting(100));
        assert!(schedule.take_wake());
        schedule.enter(b, key(2), Place::Waiting(200));
        assert!(!schedule.take_wake());
        schedule.enter(b, key(3), Place::Waiting(50));
        assert!(schedule.take_wake());
        assert_eq!(schedule.next_deadline(), Some(50));
        assert_eq!(schedule.take_expired(49), []);
        assert_eq!(schedule.take_expired(150), [(b, key(3)), (a, key(1))]);
        assert_eq!(schedule.next_deadline(), Some(200));
        schedule.leave(b, key(2), Place::Waiting(200));
        assert_eq!(schedule.next_deadline(), None);
    }

    #[test]
    fn a_forgotten_next_hop_leaves_no_announcement_to_its_successor() {
        let mut schedule = Schedule::default();
        let a = schedule.intern(hop("a"));
        schedule.enter(a, key(1), Place::Ready);
        schedule.leave(a, key(1), Place::Ready);
        schedule.forget_if_empty(a);
        let b = schedule.intern(hop("b"));
        assert_eq!(a, b);
        assert_eq!(schedule.next_announced(), None);
        schedule.enter(b, key(2), Place::Ready);
        assert_eq!(schedule.next_announced(), Some(hop("b")));
        assert_eq!(schedule.next_announced(), None);
    }

    #[test]
    fn rates_outlive_an_empty_queue_and_are_not_of_the_log() {
        let mut schedule = Schedule::default();
        let a = schedule.intern(hop("a"));
        schedule.came(a, 0);
        schedule.begin_counting(1_000);
        for n in 1..=60 {
            schedule.came(a, 1_000);
            schedule.left(a, 1_000);
            schedule.enter(a, key(n), Place::Ready);
            schedule.leave(a, key(n), Place::Ready);
        }
        schedule.forget_if_empty(a);
        assert!(schedule.find(&hop("a")).is_none());
        let a = schedule.intern(hop("a"));
        let rates = schedule.hop(a).unwrap().rates(2_000);
        assert!((rates.incoming - 60.0 / 57.0).abs() < 0.01, "{rates:?}");
        assert!((rates.outgoing - rates.incoming).abs() < 1e-9);
        for n in 0..2 * IDLE_MAX {
            let b = schedule.intern(hop(&n.to_string()));
            schedule.came(b, 3_000);
            schedule.forget_if_empty(b);
        }
        assert_eq!(schedule.idle.len(), IDLE_MAX);
        let b = schedule.intern(hop("b"));
        schedule.came(b, 200_000);
        schedule.forget_if_empty(b);
        assert_eq!(schedule.idle.len(), 1, "what is older than a minute goes");
    }

    #[test]
    fn a_held_next_hop_is_not_announced_and_not_forgotten() {
        let mut schedule = Schedule::default();
        let a = schedule.intern(hop("a"));
        schedule.set_on_hold(a, true);
        schedule.enter(a, key(1), Place::Ready);
        assert_eq!(schedule.next_announced(), None);
        assert_eq!(schedule.held(), [hop("a")]);
        schedule.set_on_hold(a, false);
        assert_eq!(schedule.next_announced(), Some(hop("a")));
    }
}
