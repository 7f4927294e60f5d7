//! The copy of the records that goes into a store: gathered, handed over in batches, never waited
//! for by whoever raised the event.
//!
//! [`RecordSink`] is what the store is to this crate. [`Batch`] decides when it is asked, and what
//! is given up while it refuses. Pure but for the sink: time is an input.

use std::{
    collections::VecDeque,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::Record;

/// How long records are gathered. Also what a starting role has to itself before its first event
/// opens the store.
const GATHER_MS: u64 = 250;
/// How long a store that refused is left alone.
const RETRY_MS: u64 = 10_000;
/// Records that wait for a store that refuses; beyond them the oldest are given up.
const WAITING_MAX: usize = 1024;

/// A place for records besides the files.
pub trait RecordSink: Send {
    /// Keeps these records, all or none. May block for about a second.
    ///
    /// # Errors
    /// Why none was kept; they are offered again.
    fn keep(&mut self, records: &[Record]) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// The records on their way to a sink.
pub(crate) struct Batch {
    sink: Box<dyn RecordSink>,
    waiting: VecDeque<Record>,
    due_ms: Option<u64>,
    failing: bool,
    given_up: Arc<AtomicU64>,
}

impl Batch {
    pub(crate) fn new(sink: Box<dyn RecordSink>, given_up: Arc<AtomicU64>) -> Batch {
        Batch {
            sink,
            waiting: VecDeque::new(),
            due_ms: None,
            failing: false,
            given_up,
        }
    }

    /// Takes a record in.
    pub(crate) fn push(&mut self, record: Record, now_ms: u64) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.given_up.fetch_add(1, Ordering::Relaxed);
        }
        self.waiting.push_back(record);
        self.due_ms.get_or_insert(now_ms + GATHER_MS);
    }

    /// When the sink is to be asked next.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// Hands over what waits, if it is time, or `at_once`. The first of a row of failures is
    /// returned, to be told.
    pub(crate) fn hand_over(&mut self, now_ms: u64, at_once: bool) -> Option<String> {
        let due = at_once || self.due_ms.is_some_and(|due| due <= now_ms);
        if !due || self.waiting.is_empty() {
            return None;
        }
        match self.sink.keep(self.waiting.make_contiguous()) {
            Ok(()) => {
                self.waiting.clear();
                self.waiting.shrink_to(64);
                (self.due_ms, self.failing) = (None, false);
                None
            }
            Err(error) => {
                self.due_ms = Some(now_ms + RETRY_MS);
                let first = !std::mem::replace(&mut self.failing, true);
                first.then(|| chain(&*error))
            }
        }
    }
}

/// An error and its causes on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::Event;

    #[derive(Default)]
    struct Kept {
        calls: Vec<Vec<u64>>,
        refuse: bool,
    }

    struct Sink(Arc<Mutex<Kept>>);

    impl RecordSink for Sink {
        fn keep(&mut self, records: &[Record]) -> Result<(), Box<dyn Error + Send + Sync>> {
            let mut kept = self.0.lock();
            if kept.refuse {
                return Err("the file is locked".into());
            }
            kept.calls.push(records.iter().map(|r| r.unix_ms).collect());
            Ok(())
        }
    }

    fn record(unix_ms: u64) -> Record {
        let event = Event::QueueCommitSlow { took_ms: 1 };
        Record::new(&event, "transport", unix_ms)
    }

    fn batch() -> (Batch, Arc<Mutex<Kept>>, Arc<AtomicU64>) {
        let (kept, given_up) = (Arc::default(), Arc::new(AtomicU64::new(0)));
        let sink = Box::new(Sink(Arc::clone(&kept)));
        (Batch::new(sink, Arc::clone(&given_up)), kept, given_up)
    }

    #[test]
    fn records_are_gathered_and_handed_over_in_one_call() {
        let (mut batch, kept, _) = batch();
        assert_eq!(batch.next_ms(), None);
        batch.push(record(1), 1000);
        batch.push(record(2), 1100);
        assert_eq!(batch.next_ms(), Some(1000 + GATHER_MS));
        assert_eq!(batch.hand_over(1200, false), None);
        assert!(kept.lock().calls.is_empty());
        assert_eq!(batch.hand_over(1000 + GATHER_MS, false), None);
        assert_eq!(kept.lock().calls, [[1, 2]]);
        assert_eq!(batch.next_ms(), None);
        batch.push(record(3), 2000);
        batch.hand_over(2000, true);
        assert_eq!(kept.lock().calls.last(), Some(&vec![3]));
    }

    #[test]
    fn a_store_that_refuses_is_told_once_and_given_everything_later() {
        let (mut batch, kept, given_up) = batch();
        kept.lock().refuse = true;
        batch.push(record(1), 0);
        let told = batch.hand_over(GATHER_MS, false);
        assert_eq!(told.as_deref(), Some("the file is locked"));
        assert_eq!(batch.next_ms(), Some(GATHER_MS + RETRY_MS));
        batch.push(record(2), 500);
        assert_eq!(batch.hand_over(600, false), None);
        assert_eq!(batch.hand_over(GATHER_MS + RETRY_MS, false), None);
        kept.lock().refuse = false;
        batch.hand_over(60_000, false);
        assert_eq!(kept.lock().calls, [[1, 2]]);
        assert_eq!(given_up.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut batch, kept, given_up) = batch();
        kept.lock().refuse = true;
        for unix_ms in 0..WAITING_MAX as u64 + 7 {
            batch.push(record(unix_ms), 0);
        }
        assert_eq!(given_up.load(Ordering::Relaxed), 7);
        kept.lock().refuse = false;
        batch.hand_over(GATHER_MS, false);
        let kept = kept.lock();
        assert_eq!(kept.calls[0].len(), WAITING_MAX);
        assert_eq!(kept.calls[0].first(), Some(&7));
    }
}
