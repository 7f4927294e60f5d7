//! Looking anew without being told, on a clock that is moved and not waited for.

use std::{sync::Arc, time::Duration};

use mailward_host::clock::Clock;
use mailward_model::{
    Revision,
    kind::{Policy, PolicySettings},
    policy::PolicyPart,
};
use tokio::time::Instant;

use crate::{Change, Store, Turn, place::Place};

/// The runtime's own clock, which a test moves.
struct Moved(Instant);

impl Clock for Moved {
    fn unix_ms(&self) -> u64 {
        1_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const PARTS: [PolicyPart; 1] = [PolicyPart::Settings];

#[tokio::test(start_paused = true)]
async fn what_nobody_told_is_found_and_everything_is_applied_twice_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let began = Instant::now();
    let clock = Arc::new(Moved(began));
    let store = Store::open_with(&Place::File(path.clone()), clock.clone()).unwrap();
    let store = store.on_node("a.example".parse().unwrap());
    let spec = Policy {
        order: 7,
        ..Policy::default()
    };
    store
        .apply(vec![Change::create("Fleet", spec)], "x")
        .unwrap();
    let mut turns = store.turns();
    store.note_refresh(&PARTS, Turn::Begun, store.revision(), Ok(()));
    let task = tokio::spawn(store.clone().keep_refreshing(clock));
    // Nothing is known at first of what was read at the start; after that it is.
    assert_eq!(turns.next().await, Some(Turn::Found));
    let first = began.elapsed();
    assert!((MINUTE * 90..=MINUTE * 121).contains(&first), "{first:?}");
    assert_eq!(turns.next().await, Some(Turn::Refresh));
    store.note_refresh(&PARTS, Turn::Refresh, store.revision(), Ok(()));
    let noted = store.policy_refreshes();
    let now = 1_000 + u64::try_from(began.elapsed().as_millis()).unwrap();
    assert_eq!(noted[0].reapplied_unix_ms, 1_000);
    assert_eq!(noted[0].refreshed_unix_ms, now);
    let wait = noted[0].next_unix_ms - now;
    assert!((90 * 60_000..=120 * 60_000).contains(&wait), "{wait}");

    // A row is another one, and no line of the feed tells of it.
    let revision = store.revision();
    let other = rusqlite::Connection::open(&path).unwrap();
    let sql = "UPDATE object SET spec = replace(spec, '\"order\":7', '\"order\":8') WHERE kind = 'policy'";
    assert_eq!(other.execute(sql, []).unwrap(), 1);
    assert_eq!(turns.next().await, Some(Turn::Found));
    assert_eq!(store.revision(), revision);
    // Until the sixteenth hour nothing is, and then everything is applied anew.
    let whole = loop {
        match turns.next().await {
            Some(Turn::Refresh) => {}
            other => break other,
        }
    };
    assert_eq!(whole, Some(Turn::Reapply));
    assert!(began.elapsed() >= MINUTE * 16 * 60);
    assert!(began.elapsed() <= MINUTE * (16 * 60 + 1));
    // A change is told at once, and shortens what is waited for.
    let short = PolicySettings {
        refresh_interval: mailward_model::unit::Span::from_secs(5),
        refresh_random: mailward_model::unit::Span::from_secs(0),
        ..PolicySettings::default()
    };
    store
        .apply(vec![Change::create("default", short)], "x")
        .unwrap();
    assert_eq!(turns.next().await, Some(Turn::Changed));
    let changed = Instant::now();
    assert_eq!(turns.next().await, Some(Turn::Found));
    assert!(
        changed.elapsed() <= Duration::from_secs(6),
        "{:?}",
        changed.elapsed()
    );
    assert!(store.revision() > Revision(0));
    task.abort();
}
