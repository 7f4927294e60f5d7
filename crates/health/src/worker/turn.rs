//! The worker's turns: when one comes, and what is done in it, in which order.
//!
//! A message is heard at once, and so is a result where no turn is near. All else is done on a grid of
//! [`TOGETHER_MS`]: with thousands of probes, to wake up costs more than what is done then, so what
//! falls near together is done together. A result is judged by the moment at which its probe ended,
//! however long it waited.
//!
//! Never here: what follows from a result ([`crate::engine`]).

use std::{sync::atomic::Ordering, time::Duration};

use mailward_host::pulse;
use mailward_store::Store;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{Ended, Message, Running, holds, objects::follow_objects, upkeep};
use crate::{Now, mailbox::HealthMailbox};

/// How often the engine is told that time passed even where nothing is due.
const TURN_MAX_MS: u64 = 1_000;
/// Probes begun in one turn: what a stall left behind must not hold up the rest.
const BEGUN_MAX: usize = 512;
/// Turns come at multiples of so many milliseconds: the latest that a probe begins after its slot, and
/// that its result waits. Many probes share a turn, and few of them notice.
const TOGETHER_MS: u64 = 30;
/// People are told what is due no more often than this, in milliseconds.
const TELL_EVERY_MS: u64 = 100;
/// How often it is looked whether the group's lease is to be renewed or given back, in milliseconds.
const LEASE_LOOK_MS: u64 = 5_000;
/// So long no probe may end before the signs of life to the outside stop; three intervals of the
/// most frequent probes where those are longer.
const QUIET_MIN: Duration = Duration::from_secs(60);

/// When people were told last what is due, and whether a turn has passed since in which they were not.
#[derive(Debug, Default)]
pub(super) struct Told {
    at_ms: u64,
    passed: bool,
}

impl Running {
    pub(super) async fn run(
        mut self,
        mut messages: mpsc::Receiver<Message>,
        mut ended: mpsc::Receiver<Ended>,
        mailbox: HealthMailbox,
        store: Store,
    ) {
        let loop_pulse = pulse::named("engine");
        let foreseen = tokio::spawn(self.foresight.clone().keep());
        let followed = tokio::spawn(follow_objects(store.clone(), self.inbox.clone()));
        let looked_after = tokio::spawn(upkeep::look_after(
            mailbox,
            store,
            self.context.clone(),
            self.events.clone(),
        ));
        // In safe mode little is watched, so that cases are missing for no fault of theirs.
        let reconciled = (!self.minimum)
            .then(|| tokio::spawn(holds::reconcile(self.run_dir.clone(), self.inbox.clone())));
        let members = self.group.clone().map(|group| tokio::spawn(group.follow()));
        let mut lease_ms = 0;
        loop {
            self.progress.turns.fetch_add(1, Ordering::Relaxed);
            loop_pulse.beat("waiting for a message or the next slot");
            let now = self.now();
            if now.mono_ms >= lease_ms {
                lease_ms = now.mono_ms + LEASE_LOOK_MS;
                self.keep_lease();
            }
            let planned_ms = self.next_turn_ms(now);
            let wait_ms = planned_ms.saturating_sub(now.mono_ms);
            let mut heard = None;
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => heard = Some(message),
                    None => break,
                },
                // Where the next turn is near, results wait for it.
                Some(result) = ended.recv(), if wait_ms > TOGETHER_MS => {
                    self.probed(result.view, result.at);
                }
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {
                    let late = self.now().mono_ms.saturating_sub(planned_ms);
                    self.engine.lag(late);
                }
            }
            loop_pulse.beat("hearing results and messages");
            // Results first: those that are here ended before what is heard after them.
            while let Ok(result) = ended.try_recv() {
                self.probed(result.view, result.at);
            }
            // What came meanwhile is heard before time is told, so that a burst costs one turn.
            while let Some(message) = heard.or_else(|| messages.try_recv().ok()) {
                self.hear(message);
                heard = None;
            }
            loop_pulse.beat("judging what was seen");
            let now = self.now();
            self.run_due(now);
            let orders = self.engine.tick(now);
            self.obey(orders);
            self.turn_drills(now);
            self.tell_people(now);
        }
        foreseen.abort();
        followed.abort();
        looked_after.abort();
        reconciled.inspect(JoinHandle::abort);
        members.inspect(JoinHandle::abort);
    }

    /// When the next turn is due, in monotonic milliseconds, where no message comes before.
    fn next_turn_ms(&self, now: Now) -> u64 {
        let told_ms = self.last_told.at_ms + TELL_EVERY_MS;
        let due = [
            self.timetable.next_ms(),
            self.engine.next_look_ms(),
            self.last_told.passed.then_some(told_ms),
        ];
        let rest_max_ms = self.drills.turn_max_ms().min(TURN_MAX_MS);
        turn_ms(due.into_iter().flatten().min(), rest_max_ms, now.mono_ms)
    }

    /// Has the group's lease renewed or given back, where this node belongs to a group.
    fn keep_lease(&self) {
        let Some(group) = self.group.clone() else {
            return;
        };
        let acting = self.engine.acting();
        let acting = acting.map(|(case, stage)| (case.to_owned(), stage));
        tokio::spawn(async move {
            let acting = acting.as_ref().map(|(case, stage)| (case.as_str(), *stage));
            group.keep_lease(acting).await;
        });
    }

    /// Begins the probes whose slot has come.
    fn run_due(&mut self, now: Now) {
        for _ in 0..BEGUN_MAX {
            let Some((name, _late)) = self.timetable.take(now.mono_ms) else {
                break;
            };
            self.begin(&name, false);
        }
    }

    /// Tells people what is due, and looks at channels that have become broken or whole.
    fn tell_people(&mut self, now: Now) {
        self.last_told.passed = now.mono_ms < self.last_told.at_ms + TELL_EVERY_MS;
        if self.last_told.passed {
            return;
        }
        self.last_told.at_ms = now.mono_ms;
        let interval = self.engine.settings().connector_probe_interval.get();
        let quiet_max = (interval * 3).max(QUIET_MIN);
        let quiet_max_ms = u64::try_from(quiet_max.as_millis()).unwrap_or(u64::MAX);
        let (probes, _, _) = self.engine.counts();
        for channel in self.alerter.tick(now, probes, quiet_max_ms) {
            self.begin(&format!("alerting/{channel}"), true);
        }
    }
}

/// The turn for what is due next: the first of the grid that is not before it, and not before now.
fn turn_ms(due_ms: Option<u64>, rest_max_ms: u64, now_ms: u64) -> u64 {
    let latest_ms = now_ms + rest_max_ms;
    let due_ms = due_ms.map_or(latest_ms, |due_ms| due_ms.clamp(now_ms, latest_ms));
    due_ms.next_multiple_of(TOGETHER_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_on_the_grid_after_what_is_due_and_never_long_after_the_last() {
        for (due_ms, expect) in [
            (Some(91), 120),
            (Some(120), 120),
            (Some(121), 150),
            (Some(3), 120),
            (Some(5_000), 1_110),
            (Some(u64::MAX), 1_110),
            (None, 1_110),
        ] {
            assert_eq!(turn_ms(due_ms, 1_000, 100), expect, "{due_ms:?}");
        }
    }
}
