//! A model of the queue that is too simple to be wrong, and random operations on both.
//!
//! For every message the model keeps the state after each operation, and which of them the queue
//! has answered for. After a crash the state must be one that lies between: not before the last
//! operation answered for, and not one that never was.

use std::collections::{BTreeMap, BTreeSet};

use mailward_host::fake::disk::FakeDisk;
use mailward_model::{
    MessageId,
    plan::{Fate, NextHop},
};
use proptest::prelude::*;

use super::rig::{Rig, delivery, hop, id, octets, plan, settlement};
use crate::{DeliveryStatus, RecipientState};

/// What the queue shows of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelDelivery {
    hop: NextHop,
    fates: Vec<RecipientState>,
    attempts: u32,
}

/// What the queue shows of a message; `None` is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ModelMessage {
    planned: bool,
    held: bool,
    deliveries: BTreeMap<u32, ModelDelivery>,
    next_no: u32,
}

impl ModelMessage {
    fn is_finished(&self) -> bool {
        let mut fates = self.deliveries.values().flat_map(|d| &d.fates);
        self.planned && fates.all(|fate| fate.is_settled())
    }

    fn add(&mut self, recipients: &[usize]) {
        for (count, place) in recipients.iter().zip(0..) {
            let delivery = ModelDelivery {
                hop: hop((place % 4) as u8),
                fates: vec![RecipientState::Pending; *count],
                attempts: 0,
            };
            self.deliveries.insert(self.next_no, delivery);
            self.next_no += 1;
        }
    }
}

/// A state as the queue shows it: without the next number, which is right if the numbers given out
/// go on to be right.
fn shown_of(state: &Option<ModelMessage>) -> Option<ModelMessage> {
    let state = state.clone()?;
    Some(ModelMessage {
        next_no: 0,
        ..state
    })
}

/// The states of a message, and how far they are answered for.
#[derive(Debug, Clone)]
struct History {
    octets: Vec<u8>,
    /// After each operation; the first is its acceptance.
    states: Vec<Option<ModelMessage>>,
    /// The index of the last state answered for; `None` while not even its acceptance is.
    sure: Option<usize>,
    /// Refused: it must not be there.
    refused: bool,
}

/// How an outcome is handed in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    /// And waited for.
    Durable,
    /// To be written later.
    Later,
    /// The same, in the middle of a sync.
    Meanwhile,
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        2 => Just(Wait::Durable),
        2 => Just(Wait::Later),
        1 => Just(Wait::Meanwhile),
    ]
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Accept {
        len: usize,
        plan: Option<Vec<usize>>,
    },
    Settle {
        message: usize,
        delivery: usize,
        fates: Vec<Fate>,
        follow_up: bool,
        wait: Wait,
    },
    Plan {
        message: usize,
        recipients: Vec<usize>,
    },
    Hold {
        message: usize,
        held: bool,
    },
    HoldHop {
        hop: u8,
        held: bool,
    },
    Remove {
        message: usize,
    },
    Write,
    Tidy,
    Pause(u64),
    Reopen,
}

pub(super) fn ops() -> impl Strategy<Value = Op> {
    let recipients = || prop::collection::vec(1..4usize, 1..4);
    let fate = prop_oneof![
        4 => Just(Fate::Delivered),
        2 => Just(Fate::Deferred),
        1 => Just(Fate::Failed),
    ];
    let len = prop_oneof![6 => 0..1500usize, 1 => 2001..4000usize];
    prop_oneof![
        8 => (len, prop::option::weighted(0.9, recipients()))
            .prop_map(|(len, plan)| Op::Accept { len, plan }),
        10 => (any::<prop::sample::Index>(), 0..5usize, prop::collection::vec(fate, 0..4),
            prop::bool::weighted(0.2), wait())
            .prop_map(|(message, delivery, fates, follow_up, wait)| Op::Settle {
                message: message.index(1000), delivery, fates, follow_up, wait,
            }),
        1 => (any::<prop::sample::Index>(), recipients())
            .prop_map(|(message, recipients)| Op::Plan { message: message.index(1000), recipients }),
        1 => (any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(message, held)| Op::Hold { message: message.index(1000), held }),
        1 => (0..4u8, any::<bool>()).prop_map(|(hop, held)| Op::HoldHop { hop, held }),
        1 => any::<prop::sample::Index>().prop_map(|message| Op::Remove { message: message.index(1000) }),
        2 => Just(Op::Write),
        2 => Just(Op::Tidy),
        1 => (1..60u64).prop_map(Op::Pause),
        1 => Just(Op::Reopen),
    ]
}

/// Operations that keep compaction busy: much is delivered, something stays behind everywhere.
pub(super) fn churn() -> impl Strategy<Value = Op> {
    let at = || any::<prop::sample::Index>().prop_map(|index| index.index(1000));
    prop_oneof![
        8 => (200..1400usize, prop::collection::vec(1..2usize, 1..3))
            .prop_map(|(len, plan)| Op::Accept { len, plan: Some(plan) }),
        9 => (at(), 0..2usize, wait()).prop_map(|(message, delivery, wait)| Op::Settle {
            message, delivery, fates: vec![Fate::Delivered], follow_up: false, wait,
        }),
        2 => (at(), 0..2usize, wait()).prop_map(|(message, delivery, wait)| Op::Settle {
            message, delivery, fates: vec![Fate::Deferred], follow_up: false, wait,
        }),
        5 => Just(Op::Write),
        2 => Just(Op::Tidy),
        3 => Just(Op::Pause(20)),
        2 => ops(),
    ]
}

/// The queue and its model, side by side.
pub(super) struct Pair {
    pub(super) rig: Rig,
    messages: BTreeMap<MessageId, History>,
    held_hops: (BTreeSet<NextHop>, Option<NextHop>),
    next: u64,
}

impl Pair {
    pub(super) fn new(rig: Rig) -> Pair {
        Pair {
            rig,
            messages: BTreeMap::new(),
            held_hops: Default::default(),
            next: 0,
        }
    }

    /// The message an operation is about, among those that the model has.
    fn pick(&self, at: usize) -> Option<MessageId> {
        let there: Vec<MessageId> = self
            .messages
            .iter()
            .filter(|(_, history)| matches!(history.states.last(), Some(Some(_))))
            .filter(|(_, history)| history.sure.is_some())
            .map(|(id, _)| *id)
            .collect();
        (!there.is_empty()).then(|| there[at % there.len()])
    }

    /// Adds a state to a message's history.
    fn then(&mut self, id: MessageId, state: ModelMessage, sure: bool) {
        let Some(history) = self.messages.get_mut(&id) else {
            return;
        };
        history.states.push((!state.is_finished()).then_some(state));
        if sure {
            history.sure = Some(history.states.len() - 1);
        }
    }

    fn state(&self, id: MessageId) -> ModelMessage {
        self.messages[&id].states.last().cloned().flatten().unwrap()
    }

    pub(super) fn run(&mut self, op: &Op) {
        match op {
            Op::Accept {
                len,
                plan: recipients,
            } => {
                let number = self.next;
                self.next += 1;
                let mut state = ModelMessage {
                    planned: recipients.is_some(),
                    ..Default::default()
                };
                state.add(recipients.as_deref().unwrap_or_default());
                let octets = octets(number, *len);
                let result = self
                    .rig
                    .accept(id(number), &octets, recipients.as_deref().map(plan));
                let history = History {
                    octets,
                    states: vec![Some(state)],
                    sure: result.is_ok().then_some(0),
                    refused: result.is_err(),
                };
                self.messages.insert(id(number), history);
            }
            Op::Settle {
                message,
                delivery: which,
                fates,
                follow_up,
                wait,
            } => {
                let Some(id) = self.pick(*message) else {
                    return;
                };
                let mut state = self.state(id);
                let open: Vec<u32> = state
                    .deliveries
                    .iter()
                    .filter(|(_, d)| d.fates.iter().any(|fate| !fate.is_settled()))
                    .map(|(no, _)| *no)
                    .collect();
                if open.is_empty() {
                    return;
                }
                let no = open[which % open.len()];
                let mut settlement = settlement(id, no, fates);
                if *follow_up {
                    settlement.follow_ups.push(delivery(99, 0, 1));
                }
                let target = state.deliveries.get_mut(&no).unwrap();
                target.attempts += u32::from(!fates.is_empty());
                for (place, fate) in target.fates.iter_mut().zip(fates) {
                    if !place.is_settled() {
                        *place = match fate {
                            Fate::Delivered => RecipientState::Delivered,
                            Fate::Deferred => RecipientState::Deferred,
                            Fate::Failed => RecipientState::Failed,
                            Fate::Removed => RecipientState::Removed,
                        };
                    }
                }
                if *follow_up {
                    state.add(&[1]);
                }
                let queue = self.rig.queue.clone();
                let sure = match wait {
                    Wait::Durable => self.rig.drive(queue.settle(settlement)).is_ok(),
                    Wait::Later => {
                        queue.settle_later(settlement).ok();
                        false
                    }
                    Wait::Meanwhile => {
                        self.rig.disk.during_sync(move || {
                            queue.settle_later(settlement).ok();
                        });
                        self.rig.round(true);
                        if let Some(meanwhile) = self.rig.disk.take_meanwhile() {
                            meanwhile();
                        }
                        false
                    }
                };
                self.then(id, state, sure);
            }
            Op::Plan {
                message,
                recipients,
            } => {
                let Some(id) = self.pick(*message) else {
                    return;
                };
                let mut state = self.state(id);
                state
                    .deliveries
                    .retain(|_, d| d.fates.iter().all(|fate| fate.is_settled()));
                state.planned = true;
                state.add(recipients);
                let queue = self.rig.queue.clone();
                let sure = self.rig.drive(queue.plan(id, plan(recipients))).is_ok();
                self.then(id, state, sure);
            }
            Op::Hold { message, held } => {
                let Some(id) = self.pick(*message) else {
                    return;
                };
                let state = ModelMessage {
                    held: *held,
                    ..self.state(id)
                };
                let queue = self.rig.queue.clone();
                let sure = match held {
                    true => self.rig.drive(queue.hold(id)).is_ok(),
                    false => self.rig.drive(queue.release(id)).is_ok(),
                };
                self.then(id, state, sure);
            }
            Op::HoldHop { hop: number, held } => {
                let queue = self.rig.queue.clone();
                let sure = match held {
                    true => self.rig.drive(queue.hold(hop(*number))).is_ok(),
                    false => self.rig.drive(queue.release(hop(*number))).is_ok(),
                };
                let (hops, unsure) = &mut self.held_hops;
                if sure && *held {
                    hops.insert(hop(*number));
                } else if sure {
                    hops.remove(&hop(*number));
                } else {
                    *unsure = Some(hop(*number));
                }
            }
            Op::Remove { message } => {
                let Some(id) = self.pick(*message) else {
                    return;
                };
                let queue = self.rig.queue.clone();
                let sure = self.rig.drive(queue.remove(id)).is_ok();
                let history = self.messages.get_mut(&id).unwrap();
                history.states.push(None);
                if sure {
                    history.sure = Some(history.states.len() - 1);
                }
            }
            Op::Write => self.rig.round(false),
            Op::Tidy => self.rig.tidy(),
            Op::Pause(seconds) => {
                self.rig
                    .clock
                    .advance(std::time::Duration::from_secs(*seconds));
            }
            Op::Reopen => {
                // A killed process: what was not written is lost, what was is there.
                let disk = self.rig.disk.clone();
                self.reopen(disk);
            }
        }
    }

    /// Opens the queue on a disk as it was found, and checks it against what may be.
    pub(super) fn reopen(&mut self, disk: FakeDisk) {
        let empty = Rig::new();
        let clock = self.rig.clock.clone();
        drop(std::mem::replace(&mut self.rig, empty));
        self.rig = Rig::open(disk, clock);
        self.check_legal();
    }

    fn shown(&self, id: MessageId) -> Option<ModelMessage> {
        let stored = self.rig.queue.message(id)?;
        let deliveries = stored.deliveries.iter().map(|stored| {
            let delivery = ModelDelivery {
                hop: stored.delivery.next_hop.clone(),
                fates: stored.recipients.clone(),
                attempts: stored.attempts,
            };
            assert!(stored.status != DeliveryStatus::InFlight);
            (stored.delivery.no, delivery)
        });
        let deliveries: BTreeMap<_, _> = deliveries.collect();
        Some(ModelMessage {
            planned: stored.planned,
            held: stored.held,
            next_no: 0,
            deliveries,
        })
    }

    /// Every message is in a state that it had, and none before the last one answered for. From
    /// here on that is its only state.
    pub(super) fn check_legal(&mut self) {
        self.rig.queue.shared.state().index.check();
        let ids: Vec<MessageId> = self.messages.keys().copied().collect();
        for id in ids {
            let shown = self.shown(id);
            let history = &self.messages[&id];
            let first = history.sure.unwrap_or(0);
            let mut legal = history.states[first..].iter();
            let found = legal.find(|state| shown_of(state) == shown);
            let absent = shown.is_none() && history.sure.is_none();
            assert!(
                found.is_some() || absent,
                "{id} is {shown:#?}\nit may be one of {:#?}\nthe disk did {:#?}",
                &history.states[first..],
                self.rig.disk.log(),
            );
            let found = found.cloned().flatten();
            if found.is_some() {
                assert_eq!(self.rig.body(id), history.octets, "the body of {id}");
            }
            let history = self.messages.get_mut(&id).unwrap();
            history.sure = Some(0);
            history.states = vec![found];
        }
        let queues = self.rig.queue.queues();
        let held: BTreeSet<NextHop> = queues
            .into_iter()
            .filter(|queue| queue.on_hold)
            .map(|queue| queue.next_hop)
            .collect();
        let (hops, unsure) = &mut self.held_hops;
        for hop in held.symmetric_difference(hops) {
            assert_eq!(Some(hop), unsure.as_ref(), "a hold of a next hop was lost");
        }
        (*hops, *unsure) = (held, None);
        let known: BTreeSet<_> = self.messages.keys().copied().collect();
        let index = &self.rig.queue.shared.state().index;
        assert!(index.messages.keys().all(|id| known.contains(id)));
    }

    /// In a queue that was never killed every message is in the last of its states.
    pub(super) fn check_exact(&self) {
        for (id, history) in &self.messages {
            let expected = match history.refused {
                true => None,
                false => history.states.last().cloned().flatten(),
            };
            let expected = shown_of(&expected);
            assert_eq!(self.shown(*id), expected, "{id}");
            if expected.is_some() {
                assert_eq!(self.rig.body(*id), history.octets, "the body of {id}");
            }
        }
    }

    /// Refused messages stay refused, changes made while the disk failed are there: what holds
    /// after a clean end.
    pub(super) fn trust_all(&mut self) {
        for history in self.messages.values_mut() {
            if history.refused && history.sure.is_none() {
                history.states = vec![None];
            }
            history.sure = Some(history.states.len() - 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_does_what_the_model_does(ops in prop::collection::vec(ops(), 1..120)) {
        run_all(&ops)?;
    }

    #[test]
    fn compaction_changes_nothing(ops in prop::collection::vec(churn(), 50..200)) {
        run_all(&ops)?;
    }
}

fn run_all(ops: &[Op]) -> Result<(), TestCaseError> {
    let mut pair = Pair::new(Rig::new());
    for op in ops {
        pair.run(op);
        pair.check_exact();
    }
    prop_assert!(pair.rig.report.damage.is_empty());
    pair.rig.round(true);
    pair.trust_all();
    let disk = pair.rig.disk.clone();
    pair.reopen(disk);
    Ok(())
}
