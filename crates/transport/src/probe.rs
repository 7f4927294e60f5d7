//! Health probes, as transport knows them: which marker may still be used, how many may wait, and
//! who waits for the answer of a next hop.
//!
//! Invariant: a marker opens the way once. For each path the slot only grows, and what was signed
//! before this process began is refused, because it may have been used then.
//!
//! Never here: whether a marker is genuine ([`mailward_proto::probe`]), and what follows from a
//! probe's result.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use mailward_model::{MessageId, plan::Fate};
use mailward_proto::probe::{LIFETIME_SECS, Marker};
use mailward_queue::Queue;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Health probes that may wait in the queue. Somewhat more than a large node has paths: a queue
/// that is stuck is not filled by those who look whether it is.
pub(crate) const WAITING_MAX: usize = 20;
/// Paths whose slots are remembered. Only the node's own key makes one.
const PATHS_MAX: usize = 4096;
/// How far ahead of the clock a marker may seem to have been signed, in seconds, before it counts as
/// one from before the clock was put back.
const CLOCK_SLACK_SECS: u64 = 60;

/// What the next hop said to a probe that was sent through a send connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// What became of the attempt.
    pub(crate) fate: Fate,
    /// The reply.
    pub(crate) reply: String,
    /// The host that gave it, where a connection stood.
    pub(crate) remote: Option<String>,
}

/// The last use of a path.
#[derive(Debug, Clone, Copy)]
struct Used {
    slot: u64,
    expires_unix: u64,
}

/// What is remembered of health probes while the process lives.
#[derive(Debug)]
pub struct Probes {
    started_unix_ms: u64,
    used: Mutex<HashMap<String, Used>>,
    /// Probes on their way into the queue.
    entering: AtomicUsize,
    listeners: Mutex<HashMap<MessageId, oneshot::Sender<Heard>>>,
}

impl Probes {
    /// Nothing is remembered yet; `started_unix_ms` is when this process began.
    pub fn new(started_unix_ms: u64) -> Self {
        Probes {
            started_unix_ms,
            used: Mutex::default(),
            entering: AtomicUsize::new(0),
            listeners: Mutex::default(),
        }
    }

    /// Whether a genuine marker may be used now; from then on it is used.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn admit(&self, marker: &Marker, now_unix_ms: u64) -> Result<(), &'static str> {
        // While the clock shows a time before the start, it was put back, and says nothing.
        if now_unix_ms >= self.started_unix_ms && marker.slot < self.started_unix_ms {
            return Err("its marker was signed before transport was started");
        }
        let now_unix = now_unix_ms / 1000;
        let ahead = |used: &Used| used.expires_unix > now_unix + LIFETIME_SECS + CLOCK_SLACK_SECS;
        let mut used = self.used.lock();
        let path = marker.path.to_ascii_lowercase();
        match used.get(&path) {
            Some(last) if marker.slot <= last.slot && !ahead(last) => {
                return Err("its marker was used before");
            }
            Some(_) => {}
            None if used.len() >= PATHS_MAX => {
                // Every marker of an expired path has expired too.
                used.retain(|_, last| last.expires_unix > now_unix);
                if used.len() >= PATHS_MAX {
                    return Err("too many paths are probed");
                }
            }
            None => {}
        }
        used.insert(
            path,
            Used {
                slot: marker.slot,
                expires_unix: marker.expires_unix,
            },
        );
        Ok(())
    }

    /// A place for one more probe where `waiting` are in the queue; `None` where all are taken. Kept
    /// until the queue has the probe, or has refused it.
    pub(crate) fn enter(&self, waiting: impl Fn() -> usize) -> Option<Place<'_>> {
        let entering = self.entering.fetch_add(1, Ordering::SeqCst) + 1;
        let place = Place(self);
        // The queue is asked after the place is taken, so that none is counted in neither.
        (waiting() + entering <= WAITING_MAX).then_some(place)
    }

    /// As [`Probes::enter`] for a probe; other mail needs no place.
    ///
    /// # Errors
    /// All places are taken.
    pub(crate) fn enter_if(
        &self,
        is_probe: bool,
        queue: &Queue,
    ) -> Result<Option<Place<'_>>, Crowded> {
        if !is_probe {
            return Ok(None);
        }
        self.enter(|| queue.probes()).map(Some).ok_or(Crowded)
    }

    /// Listens for what the next hop says to a probe.
    pub(crate) fn listen(&self, id: MessageId) -> oneshot::Receiver<Heard> {
        let (sender, receiver) = oneshot::channel();
        let mut listeners = self.listeners.lock();
        listeners.retain(|_, listener| !listener.is_closed());
        listeners.insert(id, sender);
        receiver
    }

    /// Tells whoever listens what the next hop said.
    pub(crate) fn tell(&self, id: MessageId, heard: impl FnOnce() -> Option<Heard>) {
        if let Some(listener) = self.listeners.lock().remove(&id)
            && let Some(heard) = heard()
        {
            // Whoever listened may have given up.
            let _ = listener.send(heard);
        }
    }
}

/// Enough probes wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowded;

/// A probe on its way into the queue.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Probes);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.entering.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn marker(path: &str, signed_ms: u64) -> Marker {
        Marker {
            path: path.to_owned(),
            node: "mx.example.org".to_owned(),
            slot: signed_ms,
            expires_unix: signed_ms / 1000 + LIFETIME_SECS,
        }
    }

    #[test]
    fn a_marker_is_used_once() {
        let probes = Probes::new(START);
        let first = marker("receive/Internet", START + 5);
        assert_eq!(probes.admit(&first, START + 5), Ok(()));
        for now in [START + 5, START + 600_000] {
            assert_eq!(
                probes.admit(&first, now),
                Err("its marker was used before"),
                "{now}"
            );
        }
        // Nor by another spelling, nor one that was overtaken.
        assert!(
            probes
                .admit(&marker("RECEIVE/internet", START + 5), START + 6)
                .is_err()
        );
        assert!(
            probes
                .admit(&marker("receive/Internet", START + 4), START + 6)
                .is_err()
        );
        assert!(
            probes
                .admit(&marker("receive/Internet", START + 6), START + 6)
                .is_ok()
        );
        assert!(
            probes
                .admit(&marker("receive/Other", START + 5), START + 6)
                .is_ok()
        );
    }

    #[test]
    fn a_restart_makes_no_marker_good_again() {
        let probes = Probes::new(START);
        let before = marker("receive/Internet", START - 1);
        assert!(probes.admit(&before, START).is_err());
        assert!(probes.admit(&before, START + 800_000).is_err());
    }

    #[test]
    fn a_clock_put_back_stops_no_probe_for_long() {
        let day = 86_400_000;
        let probes = Probes::new(START);
        assert_eq!(
            probes.admit(&marker("receive/Internet", START + 10), START + 10),
            Ok(())
        );
        let back = START - day;
        assert_eq!(
            probes.admit(&marker("receive/Internet", back), back),
            Ok(()),
            "a day back, as seen from a worker started since"
        );
        assert!(
            probes
                .admit(&marker("receive/Internet", back), back)
                .is_err()
        );
    }

    #[test]
    fn the_memory_has_an_end() {
        let probes = Probes::new(START);
        for path in 0..PATHS_MAX {
            assert!(
                probes
                    .admit(&marker(&path.to_string(), START), START)
                    .is_ok()
            );
        }
        assert!(probes.admit(&marker("more", START), START).is_err());
        let later = START + (LIFETIME_SECS + 1) * 1000;
        assert!(probes.admit(&marker("more", later), later).is_ok());
    }

    #[test]
    fn twenty_wait_and_no_more() {
        let probes = Probes::new(START);
        let places: Vec<_> = (0..5).map(|_| probes.enter(|| 15)).collect();
        assert!(places.iter().all(Option::is_some));
        assert!(probes.enter(|| 15).is_none());
        drop(places);
        assert!(probes.enter(|| 19).is_some());
        assert!(probes.enter(|| 20).is_none());
    }
}
