//! How often each event was raised by this process: one number for each page of the catalogue.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalogue::{CATALOGUE, Page};

/// A counter for each event of the catalogue.
pub(crate) struct Counts(Vec<AtomicU64>);

impl Default for Counts {
    fn default() -> Self {
        Counts(CATALOGUE.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl Counts {
    /// Counts an event by its number.
    pub(crate) fn add(&self, number: u16) {
        // Numbers ascend in the catalogue: it does not compile otherwise.
        if let Ok(at) = CATALOGUE.binary_search_by_key(&number, |page| page.number)
            && let Some(count) = self.0.get(at)
        {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every event that was raised, in the order of the numbers.
    pub(crate) fn all(&self) -> Vec<(&'static Page, u64)> {
        CATALOGUE
            .iter()
            .zip(&self.0)
            .map(|(page, count)| (page, count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Event, Events};

    #[test]
    fn each_event_is_counted_under_its_number() {
        let (events, _) = Events::collect();
        for sessions in 0..3 {
            events.clone().emit(Event::ConnectorRestarted {
                connector: "Internet".into(),
                sessions,
            });
        }
        events.emit(Event::EventsDropped { count: 7 });
        let counts: Vec<_> = events
            .counts()
            .into_iter()
            .map(|(page, count)| (page.number, count))
            .collect();
        assert_eq!(counts, [(1002, 3), (6009, 1)]);
    }
}
