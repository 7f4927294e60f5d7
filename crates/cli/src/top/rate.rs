//! Rates from two readings of counters. Pure.

use mailward_api::view::{NodeStatus, transport::Counters};

/// Per second, over the time between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Rates {
    pub(super) accepted: f64,
    pub(super) delivered: f64,
    pub(super) deferred: f64,
    pub(super) failed: f64,
    pub(super) sessions: f64,
}

/// Counters of transport at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    unix_ms: u64,
    started_unix_ms: u64,
    sessions: u64,
    counters: Counters,
}

impl Reading {
    /// What the status says; `None` where transport did not answer.
    pub(super) fn of(status: &NodeStatus, unix_ms: u64) -> Option<Self> {
        let transport = status.transport.as_ref()?;
        let sessions = transport.connectors.iter().map(|one| one.sessions_total);
        Some(Reading {
            unix_ms,
            started_unix_ms: transport.role.started_unix_ms,
            sessions: sessions.sum(),
            counters: transport.counters.clone(),
        })
    }

    /// The rates since an earlier reading; `None` where no time has passed, or where transport was
    /// started anew in between and counts from nothing.
    pub(super) fn since(&self, before: &Reading) -> Option<Rates> {
        let ms = self
            .unix_ms
            .checked_sub(before.unix_ms)
            .filter(|ms| *ms > 0)?;
        if self.started_unix_ms != before.started_unix_ms {
            return None;
        }
        let rate = |now: u64, then: u64| per_second(now.saturating_sub(then), ms);
        let (now, then) = (&self.counters, &before.counters);
        Some(Rates {
            accepted: rate(now.accepted, then.accepted),
            delivered: rate(now.delivered, then.delivered),
            deferred: rate(now.deferred, then.deferred),
            failed: rate(now.failed, then.failed),
            sessions: rate(self.sessions, before.sessions),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown with one decimal"
)]
fn per_second(count: u64, ms: u64) -> f64 {
    count as f64 * 1000.0 / ms as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(unix_ms: u64, started_unix_ms: u64, accepted: u64) -> Reading {
        Reading {
            unix_ms,
            started_unix_ms,
            sessions: accepted * 2,
            counters: Counters {
                accepted,
                ..Counters::default()
            },
        }
    }

    #[test]
    fn a_rate_is_counted_over_the_time_that_passed() {
        let rates = reading(3_000, 1, 25).since(&reading(1_000, 1, 10)).unwrap();
        assert!((rates.accepted - 7.5).abs() < 1e-9);
        assert!((rates.sessions - 15.0).abs() < 1e-9);
        assert_eq!(reading(1_000, 1, 5).since(&reading(1_000, 1, 5)), None);
        assert_eq!(
            reading(900, 1, 5).since(&reading(1_000, 1, 5)),
            None,
            "the clock went back"
        );
        assert_eq!(
            reading(2_000, 2, 5).since(&reading(1_000, 1, 9)),
            None,
            "started anew"
        );
    }
}
