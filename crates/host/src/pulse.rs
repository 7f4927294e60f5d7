//! What the loops and long acts of this process are doing: counts that grow while they get on, and a
//! list of what is under way.
//!
//! One list for the process, because one process is one role. A beat carries the counts; a report
//! about a hung process is written from both, by a thread that waits for no runtime.
//!
//! Never here: judging. Whether a count stood still for too long is its reader's business.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;

/// Pulses kept. Loops are few; a name that comes too late is counted and shown nowhere.
const PULSES_MAX: usize = 64;
/// Acts kept at one time; those beyond are not listed.
const ACTS_MAX: usize = 1024;
/// Acts shown in a report, the longest first.
const ACTS_SHOWN_MAX: usize = 100;

#[derive(Default)]
struct Book {
    pulses: Mutex<BTreeMap<String, Arc<Inner>>>,
    acts: Mutex<BTreeMap<u64, (String, Instant)>>,
    next: AtomicU64,
}

static BOOK: LazyLock<Book> = LazyLock::new(Book::default);

struct Inner {
    count: AtomicU64,
    doing: Mutex<(&'static str, Instant)>,
}

/// The count of one loop. Clones share it.
#[derive(Clone)]
pub struct Pulse(Arc<Inner>);

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pulse({})", self.count())
    }
}

/// The pulse of this name. The same name gives the same pulse, so that a component which is begun
/// anew goes on counting where it was.
pub fn named(name: &str) -> Pulse {
    let mut pulses = BOOK.pulses.lock();
    if let Some(known) = pulses.get(name) {
        return Pulse(Arc::clone(known));
    }
    let fresh = Arc::new(Inner {
        count: AtomicU64::new(0),
        doing: Mutex::new(("has not begun", Instant::now())),
    });
    if pulses.len() < PULSES_MAX {
        pulses.insert(name.to_owned(), Arc::clone(&fresh));
    }
    Pulse(fresh)
}

impl Pulse {
    /// The loop has come round; what it begins now, for a report.
    pub fn beat(&self, doing: &'static str) {
        self.0.count.fetch_add(1, Ordering::Relaxed);
        *self.0.doing.lock() = (doing, Instant::now());
    }

    /// How often it has.
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }
}

/// Something under way; dropped, it is over.
#[derive(Debug)]
pub struct Act(u64);

/// Lists something as under way until the returned value is dropped.
pub fn begin(what: impl Into<String>) -> Act {
    let number = BOOK.next.fetch_add(1, Ordering::Relaxed);
    let mut acts = BOOK.acts.lock();
    if acts.len() < ACTS_MAX {
        acts.insert(number, (what.into(), Instant::now()));
    }
    Act(number)
}

impl Drop for Act {
    fn drop(&mut self) {
        BOOK.acts.lock().remove(&self.0);
    }
}

/// What every loop did last and what is under way, as text for people.
pub fn report() -> String {
    let mut text = String::from("loops:\n");
    // `try_lock`: whoever holds a lock may be what hangs, and the report must not.
    match BOOK.pulses.try_lock_for(LOCK_WAIT) {
        None => text.push_str("  (their list is locked)\n"),
        Some(pulses) => {
            for (name, pulse) in pulses.iter() {
                let (doing, since) = match pulse.doing.try_lock_for(LOCK_WAIT) {
                    Some(doing) => *doing,
                    None => ("locked", Instant::now()),
                };
                let count = pulse.count.load(Ordering::Relaxed);
                let ago = since.elapsed().as_millis();
                let _ = writeln!(text, "  {name}: {count} turns; {ago} ms ago: {doing}");
            }
        }
    }
    text.push_str("under way:\n");
    match BOOK.acts.try_lock_for(LOCK_WAIT) {
        None => text.push_str("  (their list is locked)\n"),
        Some(acts) if acts.is_empty() => text.push_str("  nothing that was listed\n"),
        Some(acts) => {
            // Numbers grow, so the first ones have been under way the longest.
            for (what, since) in acts.values().take(ACTS_SHOWN_MAX) {
                let _ = writeln!(text, "  {what}, for {} ms", since.elapsed().as_millis());
            }
            if let Some(more) = acts.len().checked_sub(ACTS_SHOWN_MAX).filter(|n| *n > 0) {
                let _ = writeln!(text, "  and {more} more");
            }
        }
    }
    text
}

/// How long a report waits for a lock.
const LOCK_WAIT: std::time::Duration = std::time::Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_what_was_done_last_and_what_is_under_way() {
        let pulse = named("test-loop");
        pulse.beat("waiting for work");
        named("test-loop").beat("working");
        assert_eq!(pulse.count(), 2);
        let act = begin("probe of something");
        let text = report();
        assert!(text.contains("test-loop: 2 turns"), "{text}");
        assert!(text.contains(": working\n"), "{text}");
        assert!(text.contains("probe of something, for "), "{text}");
        drop(act);
        assert!(!report().contains("probe of something"));
    }

    #[test]
    fn a_report_does_not_wait_for_who_holds_the_lock() {
        let pulse = named("test-held");
        let held = pulse.0.doing.lock();
        let text = report();
        assert!(text.contains("test-held: 0 turns; "), "{text}");
        drop(held);
    }
}
