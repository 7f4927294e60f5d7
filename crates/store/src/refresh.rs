//! Looking anew without being told of a change: a process that lost the feed finds the truth by itself.
//!
//! One task of a process keeps the timetable that policies set ([`Store::keep_refreshing`]). Whoever
//! works by objects takes [`Turns`]: a change, a refresh, or everything anew, each told once; and notes
//! what became of it ([`Store::note_refresh`]), so that people can be told when the last look was.
//!
//! Never here: what a role does with the objects.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use mailward_host::{clock::Clock, entropy};
use mailward_model::{
    Revision,
    kind::PolicySettings,
    policy::{Look, PolicyPart, PolicyRefresh, Timetable},
};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{error::ReadError, store::Store};

/// The timetable is looked at so often at the least: a change of it that was not told is obeyed then.
const LOOK_MAX: Duration = Duration::from_secs(60);

/// Counts of what was due so far.
#[derive(Debug, Clone, Copy, Default)]
struct Ticks {
    refreshes: u64,
    /// Of these, those that found other rows than were told.
    others: u64,
    /// Of these, those at which everything is applied anew.
    reapplied: u64,
}

/// What the processes of a store have in common about looking anew.
#[derive(Default)]
pub(crate) struct Refreshing {
    ticks: watch::Sender<Ticks>,
    /// When the next refresh is due, by wall time.
    next_unix_ms: Mutex<u64>,
    noted: Mutex<BTreeMap<PolicyPart, PolicyRefresh>>,
}

/// Why it is time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The process has just begun.
    Begun,
    /// The objects have changed.
    Changed,
    /// It is time, and nothing is known to be other than what was told.
    Refresh,
    /// It is time, and something is other than what was told.
    Found,
    /// It is time to put everything in force anew.
    Reapply,
}

impl Turn {
    /// True where what is in force may be other than what the objects say, or is to be written anew;
    /// else it is enough to compare the revision.
    pub fn is_due(self) -> bool {
        self != Turn::Refresh
    }

    /// True where what is stored may be relied on to be what was told; else everything is read anew.
    pub fn is_told(self) -> bool {
        matches!(self, Turn::Changed | Turn::Refresh)
    }

    /// True where everything is put in force, also what is the same.
    pub fn is_whole(self) -> bool {
        matches!(self, Turn::Begun | Turn::Reapply)
    }
}

/// Tells one who works by objects when to look, from the moment at which it was taken.
#[derive(Debug)]
pub struct Turns {
    revisions: watch::Receiver<Revision>,
    ticks: watch::Receiver<Ticks>,
    known: Ticks,
}

impl Turns {
    /// The next turn; `None` once the store is closed. What came while nobody waited is one turn.
    pub async fn next(&mut self) -> Option<Turn> {
        tokio::select! {
            biased;
            told = self.ticks.changed() => told.ok()?,
            told = self.revisions.changed() => {
                told.ok()?;
                return Some(Turn::Changed);
            }
        }
        let now = *self.ticks.borrow_and_update();
        let before = std::mem::replace(&mut self.known, now);
        Some(if now.reapplied != before.reapplied {
            Turn::Reapply
        } else if now.others != before.others {
            Turn::Found
        } else {
            Turn::Refresh
        })
    }
}

impl Store {
    /// Tells of every moment at which to look at the objects: see [`Turns`].
    pub fn turns(&self) -> Turns {
        let ticks = self.refreshing().ticks.subscribe();
        let known = *ticks.borrow();
        Turns {
            revisions: self.subscribe(),
            ticks,
            known,
        }
    }

    /// Keeps the timetable of this process, for as long as the task runs: looks anew when policies
    /// say so, and tells everybody who takes [`Turns`].
    pub async fn keep_refreshing(self, clock: Arc<dyn Clock>) {
        let mut revisions = self.subscribe();
        let mut timetable = Timetable::default();
        // At the start everybody has looked already.
        let mut settings = self.settings_now().await.unwrap_or_default();
        timetable.done(Look::Reapply, clock.monotonic(), &settings, part());
        let mut known = None;
        loop {
            let now = clock.monotonic();
            // Settings that cannot be read stay as they were.
            settings = self.settings_now().await.unwrap_or(settings);
            timetable.obey(now, &settings);
            if let Some(look) = timetable.due(now) {
                let store = self.clone();
                let found = tokio::task::spawn_blocking(move || store.look_anew()).await;
                match found {
                    Ok(Ok(mark)) => {
                        timetable.done(look, now, &settings, part());
                        let is_other = known.replace(mark) != Some(mark);
                        self.plan_next(&timetable, &*clock);
                        self.tick(look, is_other);
                    }
                    Ok(Err(error)) => {
                        timetable.failed(look, now);
                        self.refresh_failed(&error);
                    }
                    Err(_) => timetable.failed(look, now),
                }
            }
            self.plan_next(&timetable, &*clock);
            let wait = timetable.refresh().saturating_sub(clock.monotonic());
            tokio::select! {
                () = tokio::time::sleep(wait.min(LOOK_MAX)) => {}
                told = revisions.changed() => if told.is_err() { return },
            }
        }
    }

    async fn settings_now(&self) -> Option<PolicySettings> {
        let store = self.clone();
        let read = tokio::task::spawn_blocking(move || store.policy_settings());
        read.await.ok()?.ok()
    }

    /// Looks for what was not told: asks the database where there is one, tells of a revision that is
    /// not known here, and gives a mark of every row. Two marks that are the same are of the same rows.
    fn look_anew(&self) -> Result<(Revision, u64), ReadError> {
        self.engine().refresh().map_err(ReadError)?;
        self.read_rows(|rows| {
            let mut hasher = DefaultHasher::new();
            rows.each(|row| {
                (row.id, &row.kind, &row.name, row.revision, &row.spec).hash(&mut hasher);
            })?;
            Ok((rows.last_revision()?, hasher.finish()))
        })
    }

    fn plan_next(&self, timetable: &Timetable, clock: &dyn Clock) {
        let wait = timetable.refresh().saturating_sub(clock.monotonic());
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let next = clock.unix_ms().saturating_add(wait_ms);
        let refreshing = self.refreshing();
        *refreshing.next_unix_ms.lock() = next;
        for one in refreshing.noted.lock().values_mut() {
            one.next_unix_ms = next;
        }
    }

    fn tick(&self, look: Look, is_other: bool) {
        self.refreshing().ticks.send_modify(|ticks| {
            ticks.refreshes += 1;
            ticks.others += u64::from(is_other);
            ticks.reapplied += u64::from(look == Look::Reapply);
        });
    }

    fn refresh_failed(&self, error: &ReadError) {
        let problem = error.to_string();
        for one in self.refreshing().noted.lock().values_mut() {
            one.looks += 1;
            one.failures += 1;
            one.problem = Some(problem.clone());
        }
    }

    /// Notes that parts of what policies come to were looked at, by the objects of this revision, and
    /// what kept them from being put in force.
    pub fn note_refresh(
        &self,
        parts: &[PolicyPart],
        turn: Turn,
        revision: Revision,
        done: Result<(), String>,
    ) {
        let now = self.clock().unix_ms();
        let refreshing = self.refreshing();
        let next_unix_ms = *refreshing.next_unix_ms.lock();
        let mut noted = refreshing.noted.lock();
        for part in parts {
            let one = noted.entry(*part).or_insert_with(|| PolicyRefresh {
                part: *part,
                revision,
                refreshed_unix_ms: now,
                next_unix_ms,
                reapplied_unix_ms: now,
                problem: None,
                looks: 0,
                failures: 0,
            });
            one.looks += 1;
            one.failures += u64::from(done.is_err());
            one.problem = done.clone().err();
            if done.is_ok() {
                one.revision = revision;
                one.refreshed_unix_ms = now;
                if turn.is_whole() {
                    one.reapplied_unix_ms = now;
                }
            }
        }
    }

    /// When this process looked last at each part of what policies come to.
    pub fn policy_refreshes(&self) -> Vec<PolicyRefresh> {
        self.refreshing().noted.lock().values().cloned().collect()
    }
}

/// A number between 0 and 1, by chance.
fn part() -> f64 {
    match entropy::random::<4>() {
        Ok(octets) => f64::from(u32::from_le_bytes(octets)) / f64::from(u32::MAX),
        // Without entropy nodes look at one time, which is no harm.
        Err(_) => 0.0,
    }
}
