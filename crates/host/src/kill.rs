//! A step of its work at which this process is killed, on purpose: so that it can be shown, for each
//! step, that nothing is lost and nothing done twice by whoever dies there.
//!
//! One step is armed at one time, until its deadline ([`Until`]). The end is SIGKILL, as the kernel or
//! an operator would send it: no destructor runs and no buffer is written. While none is armed, a step
//! costs one load.
//!
//! Never here: whether that is allowed. Who arms a step has looked at the node's permission.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    time::Duration,
};

use parking_lot::Mutex;

use crate::{clock::Clock, until::Until};

macro_rules! steps {
    ($($(#[$doc:meta])+ $step:ident = $name:literal,)+) => {
        /// A step of a message's way.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Step {
            $($(#[$doc])+ $step,)+
        }

        impl Step {
            /// Every step, in the order of a message's way.
            pub const ALL: &[Step] = &[$(Step::$step,)+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Step::$step => $name,)+
                }
            }
        }
    };
}

steps! {
    /// What follows from a message is known, and nothing of it is stored.
    MessagePlanned = "message_planned",
    /// Octets of the queue were handed to the system, and are not synced.
    QueueWritten = "queue_written",
    /// Octets of the queue are synced, and nobody was told.
    QueueSynced = "queue_synced",
    /// A message is durable, and its sender was not told.
    MessageStored = "message_stored",
    /// A letter stands under `tmp` of a Maildir.
    LetterWritten = "letter_written",
    /// A letter is synced there.
    LetterSynced = "letter_synced",
    /// A letter was renamed into `new`.
    LetterMoved = "letter_moved",
    /// A letter would survive a power cut.
    LetterDurable = "letter_durable",
    /// A next hop or a mailbox has answered, and nothing is noted of that.
    Answered = "answered",
    /// A report was refused for good: it goes to the alternate address, and nobody was told.
    ReportDiverted = "report_diverted",
    /// The line about a report was handed to the system, and is not synced.
    LedgerWritten = "ledger_written",
    /// The line about a report is synced, and the queue still has the report.
    LedgerSynced = "ledger_synced",
    /// The queue was told that a report is entered, and has written nothing of that.
    ReportSettled = "report_settled",
    /// The queue was told what became of a delivery, and has written nothing of that.
    DeliverySettled = "delivery_settled",
    /// What is to be sent again was looked up, and nothing of it was sent.
    ReplayRead = "replay_read",
    /// A report that is sent again is in the queue, and the ledger does not have it.
    ReplayStored = "replay_stored",
}

impl Step {
    /// The step of this name.
    pub fn read(name: &str) -> Option<Step> {
        Step::ALL.iter().copied().find(|step| step.name() == name)
    }

    /// Its place in the order, from 1.
    fn number(self) -> u8 {
        // There are a few.
        self as u8 + 1
    }
}

/// What is armed.
struct Armed {
    step: Step,
    /// So often the step is passed alive.
    passes: u32,
    until: Until,
    clock: Arc<dyn Clock>,
}

impl Armed {
    /// Whether this time the process is to die.
    fn is_due(&mut self, step: Step) -> bool {
        if self.step != step || !self.until.is_on(&*self.clock) {
            return false;
        }
        let is_due = self.passes == 0;
        self.passes = self.passes.saturating_sub(1);
        is_due
    }
}

/// The armed step's number; 0 is none.
static NUMBER: AtomicU8 = AtomicU8::new(0);
static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

/// From now on, and for so long, this process dies at a step; the first `passes` times it passes alive.
pub fn arm(step: Step, passes: u32, clock: Arc<dyn Clock>, span: Duration) {
    let until = Until::default();
    until.turn_on(&*clock, span);
    *ARMED.lock() = Some(Armed {
        step,
        passes,
        until,
        clock,
    });
    NUMBER.store(step.number(), Relaxed);
}

/// No step is armed any more.
pub fn disarm() {
    NUMBER.store(0, Relaxed);
    *ARMED.lock() = None;
}

/// This process comes to a step; where it is armed, it comes no further.
pub fn at(step: Step) {
    if NUMBER.load(Relaxed) != step.number() {
        return;
    }
    if ARMED
        .lock()
        .as_mut()
        .is_some_and(|armed| armed.is_due(step))
    {
        use rustix::process::{Signal, getpid, kill_process};
        // A process may always send a signal to itself.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::clock::FakeClock;

    #[test]
    fn it_is_due_at_its_step_after_its_passes_and_before_its_end() {
        let clock = Arc::new(FakeClock::new(0));
        let armed = |passes| {
            let until = Until::default();
            until.turn_on(&*clock, Duration::from_secs(5));
            Armed {
                step: Step::QueueSynced,
                passes,
                until,
                clock: clock.clone(),
            }
        };
        let mut at_once = armed(0);
        assert!(!at_once.is_due(Step::QueueWritten));
        assert!(at_once.is_due(Step::QueueSynced));
        let mut third = armed(2);
        let passed: Vec<bool> = (0..3).map(|_| third.is_due(Step::QueueSynced)).collect();
        assert_eq!(passed, [false, false, true]);
        let mut late = armed(0);
        clock.advance(Duration::from_secs(5));
        assert!(!late.is_due(Step::QueueSynced));
    }

    #[test]
    fn every_step_is_found_by_its_name() {
        for step in Step::ALL {
            assert_eq!(Step::read(step.name()), Some(*step));
        }
        assert_eq!(Step::read("nowhere"), None);
    }

    #[test]
    fn what_is_not_armed_is_passed_alive() {
        Step::ALL.iter().for_each(|step| at(*step));
        let clock = Arc::new(FakeClock::new(0));
        arm(Step::Answered, 1, clock, Duration::from_secs(1));
        at(Step::Answered);
        disarm();
        at(Step::Answered);
    }
}
