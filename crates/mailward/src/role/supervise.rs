//! When a role is started, found dead, found stuck, and started again: pure, over monotonic time.
//!
//! The manager feeds what it sees into a [`Supervision`] and carries out the [`Act`] that comes
//! back. A role that served before it died is started again at once; one that never came to serve
//! waits longer each time, so that a broken configuration does not become a fork storm.
//!
//! Invariant: a role that was asked to stop is not started again.

use std::time::Duration;

/// How long a role may take from its start to `READY=1`.
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long a role may take to end after SIGTERM before it is killed.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(20);
/// How long a role that was sent SIGABRT may take before SIGKILL.
const ABORT_DEADLINE: Duration = Duration::from_secs(2);
/// A role that served for less than this counts as one that failed to start.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// Short lives in a row that are forgiven: a role may be killed a few times from outside.
const SHORT_LIVES_FORGIVEN: u32 = 3;
/// The longest wait between two starts of a role that never comes to serve.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// The longest wait for a role that served, however short: it may be one message that kills it, and
/// all others must not wait for that one.
const BACKOFF_SERVED_MAX: Duration = Duration::from_secs(1);

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
        /// When it last said that it makes progress.
        heard: Duration,
    },
    /// Asked to end.
    Ending {
        /// When the next, harder signal is due.
        deadline: Duration,
        /// Which signal was sent last.
        sent: Sent,
        /// Whether another is started afterwards.
        again: bool,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Start the process.
    Start,
    /// Send a signal.
    Signal(Sent),
}

/// The supervision of one role.
#[derive(Debug, Clone)]
pub(crate) struct Supervision {
    state: State,
    heartbeat_timeout: Duration,
    short_lives: u32,
    restarts: u64,
}

impl Supervision {
    /// A role to be started at once.
    pub(crate) fn new(now: Duration, heartbeat_timeout: Duration) -> Self {
        Supervision {
            state: State::Absent { start_at: now },
            heartbeat_timeout,
            short_lives: 0,
            restarts: 0,
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

    /// Takes another heartbeat timeout into force.
    pub(crate) fn set_heartbeat_timeout(&mut self, timeout: Duration) {
        self.heartbeat_timeout = timeout;
    }

    /// The process was started (or could not be: then [`Self::exited`] follows).
    pub(crate) fn started(&mut self, now: Duration) {
        self.state = State::Starting {
            deadline: now + START_DEADLINE,
        };
    }

    /// The role says that it serves.
    pub(crate) fn ready(&mut self, now: Duration) {
        if let State::Starting { .. } = self.state {
            self.state = State::Ready {
                since: now,
                heard: now,
            };
        }
    }

    /// The role says that it makes progress.
    pub(crate) fn heartbeat(&mut self, now: Duration) {
        match &mut self.state {
            State::Ready { heard, .. } => *heard = now,
            // Recovering a long queue takes time; a role that moves is given more.
            State::Starting { deadline } => *deadline = now + START_DEADLINE,
            _ => {}
        }
    }

    /// The process ended.
    pub(crate) fn exited(&mut self, now: Duration) {
        let again = match self.state {
            State::Ending { again, .. } => again,
            State::Stopped => false,
            _ => true,
        };
        if !again {
            self.state = State::Stopped;
            return;
        }
        let (lived, longest) = match self.state {
            State::Ready { since, .. } => {
                (now.saturating_sub(since) >= SHORT_LIFE, BACKOFF_SERVED_MAX)
            }
            // It was ended on purpose: no sign of a broken start.
            State::Ending { .. } => (true, BACKOFF_SERVED_MAX),
            _ => (false, BACKOFF_MAX),
        };
        self.short_lives = if lived {
            0
        } else {
            self.short_lives.saturating_add(1)
        };
        self.restarts += 1;
        self.state = State::Absent {
            start_at: now + self.backoff().min(longest),
        };
    }

    fn backoff(&self) -> Duration {
        let excess = self.short_lives.saturating_sub(SHORT_LIVES_FORGIVEN);
        if excess == 0 {
            return Duration::ZERO;
        }
        let factor = 1u32.checked_shl(excess.min(16)).unwrap_or(u32::MAX);
        (Duration::from_millis(100) * factor).min(BACKOFF_MAX)
    }

    /// Ends the process; another is started afterwards where `again`.
    pub(crate) fn end(&mut self, now: Duration, again: bool) -> Option<Act> {
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
            State::Starting { .. } | State::Ready { .. } => {
                Some(self.signal(now, Sent::Terminate, again))
            }
        }
    }

    fn signal(&mut self, now: Duration, sent: Sent, again: bool) -> Act {
        let wait = match sent {
            Sent::Terminate => STOP_DEADLINE,
            Sent::Abort | Sent::Kill => ABORT_DEADLINE,
        };
        self.state = State::Ending {
            deadline: now + wait,
            sent,
            again,
        };
        Act::Signal(sent)
    }

    /// What is due now.
    pub(crate) fn tick(&mut self, now: Duration) -> Option<Act> {
        match self.state {
            State::Absent { start_at } if now >= start_at => Some(Act::Start),
            State::Starting { deadline } if now >= deadline => {
                Some(self.signal(now, Sent::Abort, true))
            }
            State::Ready { heard, .. } if now.saturating_sub(heard) > self.heartbeat_timeout => {
                Some(self.signal(now, Sent::Abort, true))
            }
            State::Ending {
                deadline, again, ..
            } if now >= deadline => Some(self.signal(now, Sent::Kill, again)),
            _ => None,
        }
    }

    /// When [`Self::tick`] has something to say at the latest; `None` where it never has.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        match self.state {
            State::Absent { start_at } => Some(start_at),
            State::Starting { deadline } | State::Ending { deadline, .. } => Some(deadline),
            State::Ready { heard, .. } => {
                Some(heard + self.heartbeat_timeout + Duration::from_millis(1))
            }
            State::Stopped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn serving(now: Duration) -> Supervision {
        let mut role = Supervision::new(now, 15 * S);
        assert_eq!(role.tick(now), Some(Act::Start));
        role.started(now);
        role.ready(now);
        role
    }

    #[test]
    fn a_role_that_served_is_started_again_at_once() {
        let mut role = serving(S);
        role.exited(5 * S);
        assert_eq!(role.tick(5 * S), Some(Act::Start));
        assert_eq!(role.restarts(), 1);
    }

    #[test]
    fn a_role_that_never_serves_waits_longer_each_time() {
        let mut role = Supervision::new(S, 15 * S);
        let mut waits = Vec::new();
        let mut now = S;
        for _ in 0..16 {
            role.started(now);
            role.exited(now);
            let State::Absent { start_at } = role.state() else {
                panic!("{:?}", role.state())
            };
            waits.push(start_at - now);
            now = start_at;
        }
        assert_eq!(waits[..3], [Duration::ZERO; 3]);
        assert!(
            waits.is_sorted() && waits.last() == Some(&BACKOFF_MAX),
            "{waits:?}"
        );
    }

    #[test]
    fn a_role_that_serves_and_dies_at_once_never_waits_long() {
        let mut role = serving(S);
        let mut now = S;
        for _ in 0..100 {
            now += Duration::from_millis(10);
            role.exited(now);
            let State::Absent { start_at } = role.state() else {
                panic!("{:?}", role.state())
            };
            assert!(start_at - now <= BACKOFF_SERVED_MAX);
            now = start_at;
            role.started(now);
            role.ready(now);
        }
    }

    #[test]
    fn a_silent_role_is_aborted_then_killed() {
        let mut role = serving(S);
        role.heartbeat(10 * S);
        assert_eq!(role.tick(20 * S), None);
        assert_eq!(role.tick(26 * S), Some(Act::Signal(Sent::Abort)));
        assert_eq!(role.tick(27 * S), None);
        assert_eq!(role.tick(28 * S), Some(Act::Signal(Sent::Kill)));
        role.exited(29 * S);
        assert_eq!(role.tick(29 * S), Some(Act::Start));
    }

    #[test]
    fn a_role_asked_to_stop_stays_down() {
        let mut role = serving(S);
        assert_eq!(role.end(2 * S, false), Some(Act::Signal(Sent::Terminate)));
        role.exited(3 * S);
        assert_eq!((role.state(), role.tick(1000 * S)), (State::Stopped, None));
    }

    proptest! {
        /// Whatever happens, a live process is never started twice, and a stop is final.
        #[test]
        fn never_two_and_never_after_a_stop(steps in prop::collection::vec((0..6u8, 0..20_000u64), 1..200)) {
            let mut role = Supervision::new(S, 15 * S);
            let (mut now, mut alive, mut stopped) = (S, false, false);
            for (step, ms) in steps {
                now += Duration::from_millis(ms);
                match step {
                    0 if role.tick(now) == Some(Act::Start) => {
                        prop_assert!(!alive && !stopped);
                        role.started(now);
                        alive = true;
                    }
                    1 if alive => role.ready(now),
                    2 if alive => role.heartbeat(now),
                    3 if alive => { role.exited(now); alive = false; }
                    4 => { role.end(now, true); }
                    5 if ms % 7 == 0 => { role.end(now, false); stopped = true; }
                    _ => {}
                }
            }
        }
    }
}
