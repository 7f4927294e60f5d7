//! The picture of a directory put in force: planned, held where it would remove too much, and written.
//!
//! What is much is written in parts, so that nobody waits long for the store and no database breaks it
//! off: each is one transaction, no recipient is half done, and what one needs of another comes with it or
//! before it. Whether it is too much is judged of the whole, before the first part.
//!
//! What is planned is what has changed, and whom that concerns; what was written, and what others wrote, is
//! followed by the feed of the store ([`Index`]).
//!
//! Where the store refuses one recipient, that one is left out, told, and the rest is tried again; where
//! somebody else wrote meanwhile, it is planned anew from what is there now. So several nodes may do the
//! same at the same time: the second finds nothing to do; and what was broken off goes on with the next
//! picture.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use mailward_api::view::{Held, PlanView};
use mailward_events::{Event, Events};
use mailward_model::{Kind, Object, Revision, kind::DirectorySource};
use mailward_store::{ApplyError, Change, ObjectError, Store, parts};
use parking_lot::Mutex;

use super::{
    done::{Done, Refused},
    index::{Expected, Index},
    mapping::Mapping,
    picture::Picture,
    plan::{LeftOut, SyncPlan, folded},
    turn::{Planned, Turn},
};
use crate::answer::effect;

/// How often it is planned anew before it is given up until the next change.
const ROUNDS_MAX: usize = 100;
/// Effects that an answer lists.
pub(super) const EFFECTS_MAX: usize = 10_000;
/// Addresses and references of what is written at one time: some thousand persons, or some hundred groups.
/// It takes a second, not the 10 s for which other writers wait, nor the 30 s that a database has.
pub(super) const KEYS_MAX: usize = 10_000;

/// A source with everything that is needed to put its picture in force.
pub(super) struct Settling {
    pub(super) name: String,
    pub(super) source: DirectorySource,
    pub(super) mapping: Mapping,
    pub(super) store: Store,
    pub(super) events: Events,
    /// What is known from one turn to the next, so that a change of one entry costs what it changes.
    pub(super) index: Mutex<Index>,
    /// What is written at one time: [`KEYS_MAX`], but in tests.
    pub(super) keys_max: usize,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) plan: PlanView,
    pub(super) left_out: Vec<LeftOut>,
    /// Whose recipients would go, where it is held.
    pub(super) gone: BTreeSet<String>,
    pub(super) recipients: u64,
    /// Whether anything was changed.
    pub(super) is_changed: bool,
}

/// Why it could not be put in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettleError {
    /// The store cannot be read or written now.
    #[error("the objects cannot be changed now: {0}")]
    Store(String),
    /// It was refused again and again.
    #[error("the recipients could not be written: {0}")]
    Refused(String),
}

impl Settling {
    /// The plan, the objects it was made with as far as it changes them, and the revision of these.
    fn planned(
        &self,
        picture: &Picture,
        changed: Option<&BTreeSet<Arc<str>>>,
        refused: &HashMap<String, String>,
    ) -> Result<(SyncPlan, Vec<Object>, Revision), SettleError> {
        let mut index = self.index.lock();
        let turn = Turn {
            source: &self.name,
            mapping: &self.mapping,
            picture,
            changed,
            refused,
        };
        let by_change = self.store.glance(|stock| {
            let Some(mark) = index.mark() else {
                return Ok(None);
            };
            let Some((touches, mark)) = stock.since(mark)? else {
                return Ok(None);
            };
            let revision = mark.revision();
            index.take(touches, &self.name, mark);
            if index.mark().is_none() {
                return Ok(None);
            }
            let planned = turn.by_change(&mut index, stock)?;
            Ok(planned.map(|planned| (planned, revision)))
        });
        let ((plan, mut objects), revision): (Planned, Revision) = match by_change {
            Ok(Some(planned)) => planned,
            Ok(None) => {
                let read = self.store.glance(|stock| {
                    let mut objects = stock.of_kind(Kind::DirectorySource)?;
                    objects.extend(stock.recipients()?);
                    Ok((objects, stock.mark()?))
                });
                let (objects, mark) = read.map_err(|error| stored(&error))?;
                let revision = mark.revision();
                (turn.whole(&mut index, objects, mark), revision)
            }
            Err(error) => return Err(stored(&error)),
        };
        plan.keep_changed(&mut objects);
        Ok((plan, objects, revision))
    }

    fn held(&self, plan: &SyncPlan, allowed: &BTreeSet<String>) -> Option<Held> {
        let because = plan.import.held(self.source.remove_share_max)?;
        (!plan.gone.is_subset(allowed)).then_some(Held {
            because,
            removals: plan.import.removals,
        })
    }

    /// What putting this picture in force would do. Blocks.
    pub(super) fn look(&self, picture: &Picture) -> Result<Settled, SettleError> {
        let (plan, _, revision) = self.planned(picture, picture.changed(), &HashMap::new())?;
        let held = self.held(&plan, &BTreeSet::new());
        Ok(settled(plan, revision, held))
    }

    /// Puts the picture in force. `allowed` are the entries whose recipients a person has let go.
    /// Blocks.
    pub(super) fn settle(
        &self,
        picture: &Picture,
        server: &str,
        allowed: &BTreeSet<String>,
    ) -> Result<Settled, SettleError> {
        let mut done = Done::default();
        let settled = self.put_in_force(picture, allowed, &mut done);
        // Also where it ended early: what was written is in force.
        if let Some(revision) = done.revision {
            self.tell(&done, revision, server);
        }
        settled
    }

    fn put_in_force(
        &self,
        picture: &Picture,
        allowed: &BTreeSet<String>,
        done: &mut Done,
    ) -> Result<Settled, SettleError> {
        let mut refused = Refused::default();
        let nothing = BTreeSet::new();
        for round in 0..ROUNDS_MAX {
            let changed = match round {
                0 => picture.changed(),
                // It was planned already.
                _ => Some(&nothing),
            };
            let (mut plan, objects, revision) = self.planned(picture, changed, &refused.entries)?;
            // Of the whole, before any part of it.
            let held = self.held(&plan, allowed);
            let mut changes = std::mem::take(&mut plan.import.changes);
            changes.retain(|change| !refused.has_removal(change));
            let is_over = held.is_some()
                || match changes.is_empty() {
                    true => !refused.ask_again(),
                    false => {
                        let parts = parts(&objects, changes, self.keys_max);
                        drop(objects);
                        self.write(&plan, parts, &mut refused, done)?
                    }
                };
            if is_over {
                return Ok(settled_so(plan, revision, held, refused, done));
            }
        }
        Err(SettleError::Refused(refused.because))
    }

    /// Writes what is planned, in parts where it is much. True where that was all; else it is to be
    /// planned anew, by what was refused and by what is there now.
    fn write(
        &self,
        plan: &SyncPlan,
        parts: Vec<Vec<Change>>,
        refused: &mut Refused,
        done: &mut Done,
    ) -> Result<bool, SettleError> {
        // What is refused as a whole, or with everything else in force, is refused.
        let for_good = parts.len() == 1 || refused.is_last;
        let mut is_all = true;
        for part in parts {
            let errors = match self.made(plan, &part, done)? {
                Ok(()) => continue,
                Err(ApplyError::Invalid(errors)) => errors,
                // Somebody else was quicker, or who was to go has stayed.
                Err(error) => {
                    refused.because = error.to_string();
                    if let ApplyError::Exists { kind, name } = &error
                        && refused.has_stuck(*kind, name)
                        && let Some(entry) = plan.of_entry.get(&(*kind, folded(name)))
                    {
                        refused.entry(entry, error.to_string(), true);
                    }
                    return Ok(false);
                }
            };
            is_all = false;
            match (self.refuse(plan, &errors, for_good, refused), for_good) {
                (true, true) => return Ok(false),
                (true, false) => {}
                // An object of somebody else names a recipient that goes.
                (false, true) => {
                    self.remove_singly(plan, &part, refused, done)?;
                    return Ok(false);
                }
                (false, false) => refused.is_stalled = true,
            }
        }
        if refused.is_stalled {
            refused.ask_again();
        }
        Ok(is_all && !refused.ask_again())
    }

    /// Leaves out the entries of which the store says what is wrong. False where there is none.
    fn refuse(
        &self,
        plan: &SyncPlan,
        errors: &[ObjectError],
        for_good: bool,
        refused: &mut Refused,
    ) -> bool {
        refused.because = errors.first().map(ToString::to_string).unwrap_or_default();
        let mut is_found = false;
        for error in errors {
            if let Some(entry) = plan.of_entry.get(&(error.kind, folded(&error.name))) {
                refused.entry(entry, error.error.to_string(), for_good);
                is_found = true;
            }
        }
        is_found
    }

    /// Makes of a part what can be made where a removal in it cannot: what is no removal, then each
    /// removal by itself. Those that cannot be made are left out.
    fn remove_singly(
        &self,
        plan: &SyncPlan,
        part: &[Change],
        refused: &mut Refused,
        done: &mut Done,
    ) -> Result<(), SettleError> {
        let is_removal = |change: &&Change| {
            let key = (change.kind(), folded(change.name()));
            matches!(change, Change::Remove { .. }) && plan.going.contains(&key)
        };
        let (removals, others): (Vec<&Change>, Vec<&Change>) = part.iter().partition(is_removal);
        if removals.is_empty() {
            return Err(SettleError::Refused(std::mem::take(&mut refused.because)));
        }
        let others: Vec<Change> = others.into_iter().cloned().collect();
        // They may need a name or an address of whoever goes: then they come with the next plan.
        let is_first = others.is_empty() || self.made(plan, &others, done)?.is_ok();
        let mut is_progress = is_first && !others.is_empty();
        let mut left = Vec::new();
        for removal in removals {
            match self.made(plan, std::slice::from_ref(removal), done)? {
                Ok(()) => is_progress = true,
                Err(error) => left.push((removal, error)),
            }
        }
        // Who names them may be among the others, and name them no more.
        if is_first || !is_progress {
            for (removal, error) in left {
                if matches!(error, ApplyError::Invalid(_)) {
                    refused.removal(removal, &error);
                }
            }
        }
        Ok(())
    }

    /// Writes some changes. What the objects say against it is told apart from a store that cannot be
    /// written.
    fn made(
        &self,
        plan: &SyncPlan,
        changes: &[Change],
        done: &mut Done,
    ) -> Result<Result<(), ApplyError>, SettleError> {
        match self.store.apply(changes.to_vec(), &self.by()) {
            Ok(revision) => {
                done.note(plan, changes, revision);
                self.follow(plan, changes);
                Ok(Ok(()))
            }
            Err(
                error @ (ApplyError::Invalid(_)
                | ApplyError::Conflict { .. }
                | ApplyError::Exists { .. }
                | ApplyError::Missing { .. }),
            ) => Ok(Err(error)),
            Err(error) => Err(stored(&error)),
        }
    }

    /// Takes note of what was written: what is as it was planned need not be planned again.
    fn follow(&self, plan: &SyncPlan, changes: &[Change]) {
        let (expected, going) = expected(plan, changes);
        let mut index = self.index.lock();
        let Some(mark) = index.mark() else {
            return;
        };
        match self.store.glance(|stock| stock.since(mark)) {
            Ok(Some((touches, mark))) => {
                index.confirm(touches, &self.name, &expected, &going, mark);
            }
            // The next turn is of everything, or finds what it did not hear of.
            Ok(None) => index.forget(),
            Err(_) => {}
        }
    }

    /// As whom it writes.
    fn by(&self) -> String {
        format!("directory source {}", self.name)
    }

    fn tell(&self, done: &Done, revision: Revision, server: &str) {
        self.events.emit(Event::DirectorySynced {
            source: self.name.clone(),
            server: server.to_owned(),
            revision: revision.0,
            created: done.created,
            changed: done.changed(),
            removed: done.removed,
            changes: done.named(),
        });
    }
}

/// What the recipients of entries are to say once changes are made, and which recipients are to be gone.
pub(super) fn expected<'a>(
    plan: &'a SyncPlan,
    changes: &'a [Change],
) -> (Expected<'a>, HashSet<(Kind, String)>) {
    let (mut expected, mut going) = (HashMap::new(), HashSet::new());
    for change in changes {
        let key = (change.kind(), folded(change.name()));
        match change {
            Change::Create { spec, .. } | Change::Replace { spec, .. } => {
                if let Some(entry) = plan.of_entry.get(&key) {
                    expected.insert(key, (&**entry, spec));
                }
            }
            Change::Remove { .. } => {
                going.insert(key);
            }
            // With it comes a replacement; or the next plan looks again.
            Change::Rename { .. } => {}
        }
    }
    (expected, going)
}

fn stored(error: &dyn std::error::Error) -> SettleError {
    SettleError::Store(mailward_events::chain(error))
}

/// What a plan comes to that nothing is done about.
fn settled(plan: SyncPlan, revision: Revision, held: Option<Held>) -> Settled {
    let effects = plan.import.effects.iter().take(EFFECTS_MAX);
    Settled {
        gone: match held {
            Some(_) => plan.gone,
            None => BTreeSet::new(),
        },
        plan: PlanView {
            effects: effects.map(effect).collect(),
            applied: false,
            revision,
            held,
        },
        left_out: plan.left_out,
        recipients: plan.recipients,
        is_changed: false,
    }
}

/// The same, once as much of it is done as could be.
fn settled_so(
    plan: SyncPlan,
    revision: Revision,
    held: Option<Held>,
    refused: Refused,
    done: &Done,
) -> Settled {
    let is_held = held.is_some();
    let mut settled = settled(plan, revision, held);
    settled.is_changed = done.revision.is_some();
    if let Some(revision) = done.revision
        && !is_held
    {
        settled.plan.applied = true;
        settled.plan.revision = revision;
        settled.plan.effects = done.effects.iter().map(effect).collect();
    }
    let mut left_out = refused.stuck();
    left_out.append(&mut settled.left_out);
    settled.left_out = left_out;
    settled
}

/// Runs what blocks where blocking is allowed.
pub(super) async fn settle(
    settling: Arc<Settling>,
    picture: Arc<Picture>,
    server: String,
    allowed: BTreeSet<String>,
) -> Result<Settled, SettleError> {
    let work = move || settling.settle(&picture, &server, &allowed);
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(SettleError::Store(format!(
                "the work was broken off: {error}"
            )))
        })
}
