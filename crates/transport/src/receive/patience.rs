//! How long a session may be silent, and how long it may last.
//!
//! One timer for both. It is not moved when the client is heard: it looks, when it rings, whether
//! there was reason to, so that a read costs no timer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use mailward_model::kind::ReceiveConnector;
use tokio::time::{Instant, Sleep, sleep_until};

/// Which time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The client was silent for too long.
    Silence,
    /// The session has lasted too long.
    Session,
}

pub(super) struct Patience {
    end: Instant,
    silence: Duration,
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl Patience {
    /// Begins now.
    pub(super) fn new(connector: &ReceiveConnector) -> Self {
        let now = Instant::now();
        let silence = connector.inactivity_timeout.get();
        let end = now + connector.connection_timeout.get();
        Patience {
            end,
            silence,
            heard: now,
            alarm: Box::pin(sleep_until(end.min(now + silence))),
        }
    }

    /// The client was heard, or took what it was sent.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// What is left for an act that takes no notice of the client's signs of life.
    pub(super) fn left(&self, at_most: Duration) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        left.min(self.silence).min(at_most)
    }

    /// Resolves when a time is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Over> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let due = self.end.min(self.heard + self.silence);
            let now = Instant::now();
            if now >= self.end {
                return Poll::Ready(Over::Session);
            }
            if now >= due {
                return Poll::Ready(Over::Silence);
            }
            self.alarm.as_mut().reset(due);
        }
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::unit::Span;

    use super::*;

    fn connector(silence: u64, session: u64) -> ReceiveConnector {
        ReceiveConnector {
            inactivity_timeout: Span::from_secs(silence),
            connection_timeout: Span::from_secs(session),
            ..ReceiveConnector::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_counts_from_the_last_sign_of_life() {
        let start = Instant::now();
        let mut patience = Patience::new(&connector(10, 100));
        tokio::time::advance(Duration::from_secs(7)).await;
        patience.heard();
        let over = std::future::poll_fn(|cx| patience.poll(cx)).await;
        assert_eq!((over, start.elapsed().as_secs()), (Over::Silence, 17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_however_busy_it_is() {
        let start = Instant::now();
        let mut patience = Patience::new(&connector(10, 25));
        let mut beat = tokio::time::interval(Duration::from_secs(5));
        let over = loop {
            tokio::select! {
                over = std::future::poll_fn(|cx| patience.poll(cx)) => break over,
                _ = beat.tick() => {}
            }
            patience.heard();
        };
        assert_eq!((over, start.elapsed().as_secs()), (Over::Session, 25));
    }
}
