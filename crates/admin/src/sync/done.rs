//! What a picture has come to so far, while it is put in force: what was written, what was refused, and
//! what is asked again at the end.
//!
//! Never here: writing.

use std::collections::{BTreeSet, HashMap, HashSet};

use mailward_events::Items;
use mailward_model::{Kind, Revision};
use mailward_store::{Change, ChangeOp, text};

use super::{
    plan::{LeftOut, SyncPlan, folded},
    settle::EFFECTS_MAX,
};

/// Changes that an event names; all of them are in the history of the objects.
const NAMED_MAX: usize = 20;

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What it does, the first of it.
    pub(super) effects: Vec<text::Effect>,
    pub(super) created: u64,
    pub(super) removed: u64,
    /// Created, changed and removed.
    all: u64,
    /// The last revision; none where nothing was written.
    pub(super) revision: Option<Revision>,
}

impl Done {
    /// Takes note of a part of a plan that was written.
    pub(super) fn note(&mut self, plan: &SyncPlan, part: &[Change], revision: Revision) {
        let mut seen = HashSet::new();
        for change in part {
            let (op, name) = match change {
                Change::Create { name, .. } => (ChangeOp::Create, name),
                Change::Replace { name, .. } => (ChangeOp::Replace, name),
                // With it comes a replacement, or not: both are one effect.
                Change::Rename { to, .. } => (ChangeOp::Replace, to),
                Change::Remove { name, .. } => (ChangeOp::Remove, name),
            };
            let key = (op, change.kind(), folded(name));
            let effect = plan.effects.get(&key);
            let effect = effect.and_then(|at| plan.import.effects.get(*at));
            if !seen.insert(key) {
                continue;
            }
            self.all += 1;
            match change {
                Change::Create { .. } => self.created += 1,
                Change::Remove { kind, name, .. } => {
                    let is_gone = plan.going.contains(&(*kind, folded(name)));
                    self.removed += u64::from(is_gone);
                }
                Change::Replace { .. } | Change::Rename { .. } => {}
            }
            if self.effects.len() < EFFECTS_MAX {
                self.effects.extend(effect.cloned());
            }
        }
        self.revision = Some(revision);
    }

    /// How many were there before, and are still.
    pub(super) fn changed(&self) -> u64 {
        self.all.saturating_sub(self.created + self.removed)
    }

    /// The first changes, in words.
    pub(super) fn named(&self) -> Items {
        let named = self.effects.iter().take(NAMED_MAX);
        let mut named: Vec<String> = named.map(ToString::to_string).collect();
        let more = self.all.saturating_sub(named.len() as u64);
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        Items(named)
    }
}

/// What is not written, and why.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Entries that are left out of the next plan.
    pub(super) entries: HashMap<String, String>,
    /// Of these, those that are asked again once everything else is in force: what a part was refused
    /// for may be right with all of it.
    put_off: BTreeSet<String>,
    /// Removals that cannot be made, by kind and name.
    removals: HashMap<(Kind, String), LeftOut>,
    /// A part waits for what is asked at the end.
    pub(super) is_stalled: bool,
    /// Everything else is in force: what is refused now is refused.
    pub(super) is_last: bool,
    /// The last refusal.
    pub(super) because: String,
}

impl Refused {
    /// Leaves an entry out, for good or for now.
    pub(super) fn entry(&mut self, entry: &str, because: String, for_good: bool) {
        self.entries.insert(entry.to_owned(), because);
        if !for_good {
            self.put_off.insert(entry.to_owned());
        }
    }

    /// Leaves a removal out.
    pub(super) fn removal(&mut self, change: &Change, because: &dyn std::fmt::Display) {
        let title = format!("{} {:?}", change.kind().noun(), change.name());
        let because = format!("it is gone from the directory, and cannot go here: {because}");
        let left = LeftOut {
            dn: title,
            because,
            is_trouble: true,
        };
        let key = (change.kind(), folded(change.name()));
        self.removals.insert(key, left);
    }

    /// True for a removal that is left out.
    pub(super) fn has_removal(&self, change: &Change) -> bool {
        matches!(change, Change::Remove { .. }) && self.has_stuck(change.kind(), change.name())
    }

    /// True for the name of somebody whose removal is left out.
    pub(super) fn has_stuck(&self, kind: Kind, name: &str) -> bool {
        self.removals.contains_key(&(kind, folded(name)))
    }

    /// Nothing else is left: what was put off is asked again. False where nothing was.
    pub(super) fn ask_again(&mut self) -> bool {
        let is_something = self.is_stalled || !self.put_off.is_empty();
        for entry in std::mem::take(&mut self.put_off) {
            self.entries.remove(&entry);
        }
        self.is_stalled = false;
        self.is_last |= is_something;
        is_something
    }

    /// The removals that are left out.
    pub(super) fn stuck(self) -> Vec<LeftOut> {
        let mut stuck: Vec<LeftOut> = self.removals.into_values().collect();
        stuck.sort_by(|one, other| one.dn.cmp(&other.dn));
        stuck
    }
}
