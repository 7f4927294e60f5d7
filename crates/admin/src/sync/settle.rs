//! The picture of a directory put in force: planned, held where it would remove too much, and written
//! in one transaction.
//!
//! Nothing is half done. Where the store refuses one recipient, that one is left out, told, and the
//! rest is tried again; where somebody else wrote meanwhile, it is planned anew from what is there
//! now. So several nodes may do the same at the same time: the second finds nothing to do.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use mailward_api::view::{Held, PlanView};
use mailward_events::{Event, Events, Items};
use mailward_model::{Revision, kind::DirectorySource};
use mailward_store::{ApplyError, Change, Store};

use super::{
    mapping::Mapping,
    plan::{Compared, LeftOut, Picture, SyncPlan, plan},
};
use crate::answer::effect;

/// How often it is planned anew before it is given up until the next change.
const ROUNDS_MAX: usize = 32;
/// Changes that an event names; all of them are in the history of the objects.
const NAMED_MAX: usize = 20;
/// Effects that an answer lists.
const EFFECTS_MAX: usize = 10_000;

/// A source with everything that is needed to put its picture in force.
pub(super) struct Settling {
    pub(super) name: String,
    pub(super) source: DirectorySource,
    pub(super) mapping: Mapping,
    pub(super) store: Store,
    pub(super) events: Events,
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
    fn planned(
        &self,
        picture: &Picture,
        refused: &HashMap<String, String>,
    ) -> Result<(SyncPlan, Revision), SettleError> {
        let (objects, revision) = self.store.all_at().map_err(|error| stored(&error))?;
        let compared = Compared {
            source: &self.name,
            mapping: &self.mapping,
            picture,
            objects: &objects,
            refused,
        };
        Ok((plan(&compared), revision))
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
        let (plan, revision) = self.planned(picture, &HashMap::new())?;
        let held = self.held(&plan, &BTreeSet::new());
        Ok(settled(plan, revision, held, false))
    }

    /// Puts the picture in force. `allowed` are the entries whose recipients a person has let go.
    /// Blocks.
    pub(super) fn settle(
        &self,
        picture: &Picture,
        server: &str,
        allowed: &BTreeSet<String>,
    ) -> Result<Settled, SettleError> {
        let mut refused: HashMap<String, String> = HashMap::new();
        let mut last = String::new();
        for _ in 0..ROUNDS_MAX {
            let (plan, revision) = self.planned(picture, &refused)?;
            let held = self.held(&plan, allowed);
            if held.is_some() || plan.import.changes.is_empty() {
                return Ok(settled(plan, revision, held, false));
            }
            let by = format!("directory source {}", self.name);
            match self.store.apply(plan.import.changes.clone(), &by) {
                Ok(revision) => {
                    self.tell(&plan, revision, server);
                    return Ok(settled(plan, revision, None, true));
                }
                // Somebody else was quicker.
                Err(
                    error @ (ApplyError::Conflict { .. }
                    | ApplyError::Exists { .. }
                    | ApplyError::Missing { .. }),
                ) => last = error.to_string(),
                Err(ApplyError::Invalid(errors)) => {
                    last = errors.first().map(ToString::to_string).unwrap_or_default();
                    let before = refused.len();
                    for error in &errors {
                        let key = (error.kind, error.name.to_ascii_lowercase());
                        if let Some(entry) = plan.of_entry.get(&key) {
                            refused.insert(entry.clone(), error.error.to_string());
                        }
                    }
                    if refused.len() == before {
                        // An object of somebody else names a recipient that goes.
                        return self.without_removals(&plan, server, &last);
                    }
                }
                Err(error) => return Err(stored(&error)),
            }
        }
        Err(SettleError::Refused(last))
    }

    /// Does everything but the removals, and then each of these that can be done.
    fn without_removals(
        &self,
        plan: &SyncPlan,
        server: &str,
        because: &str,
    ) -> Result<Settled, SettleError> {
        let by = format!("directory source {}", self.name);
        let (removals, others): (Vec<_>, Vec<_>) = plan
            .import
            .changes
            .iter()
            .cloned()
            .partition(|change| matches!(change, Change::Remove { .. }));
        let refused = |error: ApplyError| SettleError::Refused(mailward_events::chain(&error));
        let mut revision = self.store.apply(others, &by).map_err(refused)?;
        let mut left = Vec::new();
        for removal in removals {
            let title = format!("{} {:?}", removal.kind().noun(), removal.name());
            match self.store.apply(vec![removal], &by) {
                Ok(done) => revision = done,
                Err(error) => left.push(LeftOut {
                    dn: title,
                    because: format!("it is gone from the directory, and cannot go here: {error}"),
                    is_trouble: true,
                }),
            }
        }
        if left.is_empty() {
            return Err(SettleError::Refused(because.to_owned()));
        }
        self.tell(plan, revision, server);
        let mut all = left;
        all.extend(plan.left_out.iter().cloned());
        Ok(Settled {
            plan: PlanView {
                effects: plan
                    .import
                    .effects
                    .iter()
                    .take(EFFECTS_MAX)
                    .map(effect)
                    .collect(),
                applied: true,
                revision,
                held: None,
            },
            left_out: all,
            gone: BTreeSet::new(),
            recipients: plan.recipients,
            is_changed: true,
        })
    }

    fn tell(&self, plan: &SyncPlan, revision: Revision, server: &str) {
        let import = &plan.import;
        let created = import
            .changes
            .iter()
            .filter(|c| matches!(c, Change::Create { .. }))
            .count() as u64;
        let all = import.effects.len() as u64;
        let mut changes: Vec<String> = import
            .effects
            .iter()
            .take(NAMED_MAX)
            .map(ToString::to_string)
            .collect();
        if import.effects.len() > NAMED_MAX {
            changes.push(format!("and {} more", import.effects.len() - NAMED_MAX));
        }
        self.events.emit(Event::DirectorySynced {
            source: self.name.clone(),
            server: server.to_owned(),
            revision: revision.0,
            created,
            changed: all.saturating_sub(created + import.removals),
            removed: import.removals,
            changes: Items(changes),
        });
    }
}

fn stored(error: &dyn std::error::Error) -> SettleError {
    SettleError::Store(mailward_events::chain(error))
}

fn settled(plan: SyncPlan, revision: Revision, held: Option<Held>, applied: bool) -> Settled {
    let effects = plan
        .import
        .effects
        .iter()
        .take(EFFECTS_MAX)
        .map(effect)
        .collect();
    Settled {
        gone: match held {
            Some(_) => plan.gone,
            None => BTreeSet::new(),
        },
        plan: PlanView {
            effects,
            applied,
            revision,
            held,
        },
        left_out: plan.left_out,
        recipients: plan.recipients,
        is_changed: applied,
    }
}

/// Runs what blocks where blocking is allowed.
pub(super) async fn settle(
    settling: Arc<Settling>,
    picture: Picture,
    server: String,
    allowed: BTreeSet<String>,
) -> (Picture, Result<Settled, SettleError>) {
    let work = move || {
        let done = settling.settle(&picture, &server, &allowed);
        (picture, done)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            let error = SettleError::Store(format!("the work was broken off: {error}"));
            (Picture::new(), Err(error))
        }
    }
}
