//! When a role is started, found dead, found stuck, and started again: pure, over monotonic time.
//!
//! The manager feeds what it sees into a [`Supervision`] and carries out the [`Act`]s that come
//! back. How a crash loop is met depends on the role ([`Care`]): one that carries mail is started
//! again at once if it had served, for all mail must not wait for the one message that kills it; the
//! observer waits longer each time, and in the end runs in safe mode.
//!
//! Invariants: there are never two live processes of a role; one that was asked to stop is not
//! started again; a beat without progress is no beat.

mod progress;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use self::progress::Progress;

/// How long a role may take from its start to `READY=1`.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long a role may take to end after SIGTERM before it is killed.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// The same for one that does not do its work: what it has in hand is not waited for.
const STOP_BROKEN_DEADLINE: Duration = Duration::from_secs(2);
/// How long a role that was sent SIGABRT may take before SIGKILL. Short: its state was written down
/// while it was suspect, and mail waits.
const ABORT_DEADLINE: Duration = Duration::from_secs(1);
/// A role that served for less than this counts as one that failed to start.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// Short lives in a row that are forgiven: a role may be killed a few times from outside.
const SHORT_LIVES_FORGIVEN: u32 = 3;
/// The longest wait between two starts of a role that never comes to serve.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// The longest wait for a mail role that served, however short: it may be one message that kills it,
/// and all others must not wait for that one.
const BACKOFF_SERVED_MAX: Duration = Duration::from_secs(1);
/// The observer's first wait; it doubles each time.
const BACKOFF_OBSERVER: Duration = Duration::from_secs(1);
/// An observer that served for so long begins with the first wait again.
const LONG_LIFE: Duration = Duration::from_secs(600);
/// Exits of its own within [`CRASH_WINDOW`] that make a crash loop.
pub(crate) const CRASHES_MAX: usize = 5;
/// See [`CRASHES_MAX`].
pub(crate) const CRASH_WINDOW: Duration = Duration::from_secs(600);
/// Safe mode ends when the observer has served for so long without an exit.
pub(crate) const SAFE_MODE_CLEAN: Duration = Duration::from_secs(1800);

/// How a crash loop of a role is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// Mail or administrators wait for it: started again at once where it had served.
    Service,
    /// It watches: waits longer each time, and runs in safe mode in the end.
    Observer,
}

/// What a role is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not running; to be started at this moment.
    Absent {
        /// When.
        start_at: Duration,
    },
    /// Running, not yet serving.
    Starting {
        /// When it is given up.
        deadline: Duration,
    },
    /// Serving.
    Ready {
        /// Since when.
        since: Duration,
    },
    /// Serving until lately; it is asked what it is doing, and has some seconds left.
    Suspect {
        /// Since when it served.
        since: Duration,
    },
    /// Asked to end.
    Ending {
        /// When the next, harder signal is due.
        deadline: Duration,
        /// Which signal was sent last.
        sent: Sent,
        /// Whether another is started afterwards.
        again: bool,
        /// Whether somebody wanted it; else it was found hanging.
        wanted: bool,
    },
    /// Ended for good.
    Stopped,
}

/// Which signal was sent to an ending role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// SIGTERM.
    Terminate,
    /// SIGABRT.
    Abort,
    /// SIGKILL.
    Kill,
}

/// What the manager is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Start the process.
    Start,
    /// Ask it what its threads and loops are doing, and keep the answer.
    AskStacks {
        /// What is wrong with it.
        because: String,
    },
    /// It moves again: nothing was done.
    NearMiss,
    /// Send a signal.
    Signal(Sent),
    /// Send SIGABRT to one that hangs.
    KillHung {
        /// What is wrong with it.
        because: String,
        /// For how long.
        still: Duration,
    },
    /// It ends again and again: a person is told.
    TellCrashLoop,
    /// From now on it is started with the least it needs, and repair is frozen.
    EnterSafeMode,
    /// Safe mode is over: it is started anew with everything.
    LeaveSafeMode {
        /// Why.
        because: &'static str,
    },
}

/// How a running process is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It may finish what it has in hand.
    Orderly,
    /// It does not do its work; what it has in hand is not waited for long.
    Broken,
}

/// The supervision of one role.
#[derive(Debug, Clone)]
pub(crate) struct Supervision {
    state: State,
    care: Care,
    heartbeat_timeout: Duration,
    progress: Progress,
    short_lives: u32,
    /// Exits of an observer since it last served for long.
    failures: u32,
    restarts: u64,
    /// When it ended by itself or was killed for hanging, within the window.
    crashes: VecDeque<Duration>,
    /// Since when it is clean, in safe mode; unset while it does not serve.
    safe_mode: Option<Option<Duration>>,
    /// What is to be done besides what the state says.
    due: VecDeque<Act>,
}

impl Supervision {
    /// A role to be started at once.
    pub(crate) fn new(care: Care, now: Duration, heartbeat_timeout: Duration) -> Self {
        Supervision {
            state: State::Absent { start_at: now },
            care,
            heartbeat_timeout,
            progress: Progress::new(now),
            short_lives: 0,
            failures: 0,
            restarts: 0,
            crashes: VecDeque::new(),
            safe_mode: None,
            due: VecDeque::new(),
        }
    }

    /// What it is doing.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// How often it was started again.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// The counts of its last beats, for people.
    pub(crate) fn progress(&self) -> String {
        self.progress.text()
    }

    /// Whether it is to be started with the least it needs.
    pub(crate) fn is_safe_mode(&self) -> bool {
        self.safe_mode.is_some()
    }

    /// Takes another heartbeat timeout into force.
    pub(crate) fn set_heartbeat_timeout(&mut self, timeout: Duration) {
        self.heartbeat_timeout = timeout;
    }

    /// Goes on in the safe mode of an earlier manager.
    pub(crate) fn resume_safe_mode(&mut self) {
        self.safe_mode = Some(None);
    }

    /// An administrator ends safe mode.
    pub(crate) fn thaw(&mut self) {
        self.leave_safe_mode("an administrator ended it");
    }

    fn leave_safe_mode(&mut self, because: &'static str) {
        if self.safe_mode.take().is_some() {
            self.crashes.clear();
            self.failures = 0;
            self.due.push_back(Act::LeaveSafeMode { because });
        }
    }

    /// What kept it from starting is gone: it need not wait any longer.
    pub(crate) fn hurry(&mut self, now: Duration) {
        if let State::Absent { start_at } = &mut self.state {
            *start_at = (*start_at).min(now);
        }
    }

    /// The process was started (or could not be: then [`Self::exited`] follows).
    pub(crate) fn started(&mut self, now: Duration) {
        self.progress = Progress::new(now);
        self.state = State::Starting {
            deadline: now + START_DEADLINE,
        };
    }

    /// A process of an earlier manager was taken over.
    pub(crate) fn adopted(&mut self, now: Duration, is_ready: bool) {
        self.started(now);
        if is_ready {
            self.ready(now);
        }
    }

    /// The role says that it serves.
    pub(crate) fn ready(&mut self, now: Duration) {
        if let State::Starting { .. } = self.state {
            self.progress = Progress::new(now);
            self.state = State::Ready { since: now };
            if let Some(clean_since) = &mut self.safe_mode {
                *clean_since = Some(now);
            }
        }
    }

    /// The role says how far it has got.
    pub(crate) fn beat(&mut self, counts: &[(String, u64)], now: Duration) {
        self.progress.beat(counts, now);
        // Recovering a long queue takes time; a role that moves is given more.
        if let State::Starting { deadline } = &mut self.state
            && self.progress.still_since().0 == now
        {
            *deadline = now + START_DEADLINE;
        }
    }

    /// The manager itself did not run for so long: nobody is blamed for the silence.
    pub(crate) fn excuse(&mut self, gap: Duration) {
        self.progress.excuse(gap);
        match &mut self.state {
            State::Starting { deadline } | State::Ending { deadline, .. } => *deadline += gap,
            _ => {}
        }
    }

    /// The process ended.
    pub(crate) fn exited(&mut self, now: Duration) {
        let (again, wanted, served) = match self.state {
            State::Ending { again, wanted, .. } => (again, wanted, None),
            State::Stopped => (false, true, None),
            State::Ready { since } | State::Suspect { since } => {
                (true, false, Some(now.saturating_sub(since)))
            }
            State::Starting { .. } | State::Absent { .. } => (true, false, Some(Duration::ZERO)),
        };
        if !again {
            self.state = State::Stopped;
            return;
        }
        let came_to_serve = matches!(
            self.state,
            State::Ready { .. } | State::Suspect { .. } | State::Ending { .. }
        );
        // Ended on purpose or for hanging: no sign of a broken start.
        let lived = served.is_none_or(|served| served >= SHORT_LIFE);
        self.short_lives = if lived {
            0
        } else {
            self.short_lives.saturating_add(1)
        };
        self.restarts += 1;
        if let Some(clean_since) = &mut self.safe_mode {
            *clean_since = None;
        }
        let wait = match self.care {
            _ if wanted => Duration::ZERO,
            Care::Service => self.service_backoff(came_to_serve),
            Care::Observer => self.observer_backoff(served),
        };
        if !wanted {
            self.crashed(now);
        }
        self.state = State::Absent {
            start_at: now + wait,
        };
    }

    fn service_backoff(&self, came_to_serve: bool) -> Duration {
        let longest = if came_to_serve {
            BACKOFF_SERVED_MAX
        } else {
            BACKOFF_MAX
        };
        let excess = self.short_lives.saturating_sub(SHORT_LIVES_FORGIVEN);
        if excess == 0 {
            return Duration::ZERO;
        }
        let factor = 1u32.checked_shl(excess.min(16)).unwrap_or(u32::MAX);
        (Duration::from_millis(100) * factor).min(longest)
    }

    fn observer_backoff(&mut self, served: Option<Duration>) -> Duration {
        if served.is_some_and(|served| served >= LONG_LIFE) {
            self.failures = 0;
        }
        let factor = 1u32 << self.failures.min(6);
        self.failures = self.failures.saturating_add(1);
        (BACKOFF_OBSERVER * factor).min(BACKOFF_MAX)
    }

    /// Counts an exit that nobody wanted.
    fn crashed(&mut self, now: Duration) {
        self.crashes.push_back(now);
        while self
            .crashes
            .front()
            .is_some_and(|at| now.saturating_sub(*at) > CRASH_WINDOW)
        {
            self.crashes.pop_front();
        }
        if self.crashes.len() < CRASHES_MAX {
            return;
        }
        // Told once for each loop, not once for each exit in it.
        self.crashes.clear();
        self.due.push_back(Act::TellCrashLoop);
        if self.care == Care::Observer && self.safe_mode.is_none() {
            self.safe_mode = Some(None);
            self.due.push_back(Act::EnterSafeMode);
        }
    }

    /// Ends the process; another is started afterwards where `again`.
    pub(crate) fn end(&mut self, now: Duration, again: bool, manner: Manner) -> Option<Act> {
        match &mut self.state {
            State::Absent { .. } if again => None,
            State::Absent { .. } | State::Stopped => {
                self.state = State::Stopped;
                None
            }
            State::Ending { again: wanted, .. } => {
                *wanted = *wanted && again;
                None
            }
            // It would not hear a polite word.
            State::Suspect { .. } => {
                Some(self.signal(now, Sent::Abort, ABORT_DEADLINE, again, true))
            }
            State::Starting { .. } | State::Ready { .. } => {
                let patience = match manner {
                    Manner::Orderly => STOP_DEADLINE,
                    Manner::Broken => STOP_BROKEN_DEADLINE,
                };
                Some(self.signal(now, Sent::Terminate, patience, again, true))
            }
        }
    }

    fn signal(
        &mut self,
        now: Duration,
        sent: Sent,
        patience: Duration,
        again: bool,
        wanted: bool,
    ) -> Act {
        self.state = State::Ending {
            deadline: now + patience,
            sent,
            again,
            wanted,
        };
        Act::Signal(sent)
    }

    fn kill_hung(&mut self, now: Duration, because: String, still: Duration) -> Act {
        self.signal(now, Sent::Abort, ABORT_DEADLINE, true, false);
        Act::KillHung { because, still }
    }

    /// What is due now. Called again until it says nothing.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<Act> {
        if let Some(act) = self.due.pop_front() {
            return Some(act);
        }
        if let Some(Some(clean_since)) = self.safe_mode
            && now.saturating_sub(clean_since) >= SAFE_MODE_CLEAN
        {
            self.leave_safe_mode("it has served for half an hour without a fault");
            return self.due.pop_front();
        }
        let (since_still, because) = self.progress.still_since();
        let still = now.saturating_sub(since_still);
        match self.state {
            State::Absent { start_at } if now >= start_at => Some(Act::Start),
            State::Starting { deadline } if now >= deadline => {
                let because = format!("it does not come to serve; {because}");
                Some(self.kill_hung(now, because, still))
            }
            State::Ready { since } if still > self.suspect_after() => {
                self.state = State::Suspect { since };
                Some(Act::AskStacks { because })
            }
            State::Suspect { since } if still <= self.suspect_after() => {
                self.state = State::Ready { since };
                Some(Act::NearMiss)
            }
            State::Suspect { .. } if still > self.heartbeat_timeout => {
                Some(self.kill_hung(now, because, still))
            }
            State::Ending {
                deadline,
                again,
                sent,
                wanted,
            } if now >= deadline => {
                // One that is only slow to end gets a core as well; then there is no more asking.
                let next = match sent {
                    Sent::Terminate => Sent::Abort,
                    Sent::Abort | Sent::Kill => Sent::Kill,
                };
                Some(self.signal(now, next, ABORT_DEADLINE, again, wanted))
            }
            _ => None,
        }
    }

    /// Silence after which a role is suspect: half of what it is killed for.
    fn suspect_after(&self) -> Duration {
        self.heartbeat_timeout / 2
    }

    /// When [`Self::tick`] has something to say at the latest; `None` where it never has.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        if !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        let soon = Duration::from_millis(1);
        let still = self.progress.still_since().0;
        let by_state = match self.state {
            State::Absent { start_at } => Some(start_at),
            State::Starting { deadline } | State::Ending { deadline, .. } => Some(deadline),
            State::Ready { .. } => Some(still + self.suspect_after() + soon),
            State::Suspect { .. } => Some(still + self.heartbeat_timeout + soon),
            State::Stopped => None,
        };
        let clean = self
            .safe_mode
            .flatten()
            .map(|since| since + SAFE_MODE_CLEAN);
        [by_state, clean].into_iter().flatten().min()
    }
}
