//! Objects as text: exported, read back, compared with what is stored.
//!
//! The text is TOML: a table for each object, with its name and the fields that differ from their
//! defaults. It says how things should be, whole: an object that is not in it is to be removed.
//! [`export`] writes it, [`parse`] reads and checks it, [`plan`] says what applying it would change
//! in effect and gives the changes, each bound to the revision it was made from.

mod effect;
mod export;
mod fields;
mod parse;

use std::collections::{HashMap, HashSet};

use mailward_model::{Kind, Object, Revision, Spec};

use crate::{change::Change, engine::folded};

pub use effect::{Effect, FieldChange, effect, told};
pub use export::export;
pub use parse::{Place, TextError, Wanted, parse, read};

/// What applying a text comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextPlan {
    /// The changes for [`Store::apply`](crate::Store::apply). Empty where nothing differs.
    pub changes: Vec<Change>,
    /// What each of them means.
    pub effects: Vec<Effect>,
}

/// Compares what is stored with what a text wants. Removals come first, then each kind in the
/// order of export. Objects that are stored but cannot be read are not among `current` and stay.
pub fn plan(current: &[Object], wanted: &[Wanted]) -> TextPlan {
    let mut plan = TextPlan::default();
    let identity = |kind: Kind, name: &str| (kind, folded(name));
    let named: HashSet<_> = wanted
        .iter()
        .map(|wanted| identity(wanted.spec.kind(), &wanted.name))
        .collect();
    let mut stored = HashMap::with_capacity(current.len());
    for object in current {
        let kind = object.spec.kind();
        let identity = identity(kind, &object.name);
        if !named.contains(&identity) && !kind.is_singleton() {
            plan.changes.push(Change::remove(object));
            plan.effects
                .push(effect(&object.name, Some(&object.spec), None));
        }
        stored.insert(identity, object);
    }
    let defaults = Kind::ALL
        .iter()
        .filter(|kind| !named.contains(&identity(**kind, "default")))
        // Settings that were never written are at their defaults already.
        .filter(|kind| stored.contains_key(&identity(**kind, "default")))
        .filter_map(|kind| fields::default_spec(*kind));
    let wanted = wanted
        .iter()
        .map(|w| (w.name.as_str(), w.spec.clone()))
        .chain(defaults.map(|spec| ("default", spec)));
    for (name, spec) in wanted {
        let stored = stored.get(&identity(spec.kind(), name)).copied();
        plan.bring_to(stored, name, spec);
    }
    plan
}

impl TextPlan {
    /// Adds what makes the stored object be the wanted one.
    fn bring_to(&mut self, stored: Option<&Object>, name: &str, spec: Spec) {
        let Some(stored) = stored else {
            self.effects.push(effect(name, None, Some(&spec)));
            self.changes.push(Change::create(name, spec));
            return;
        };
        if stored.name != name {
            // Only the case differs; the object stays the same one.
            self.changes.push(Change::rename(stored, name));
            self.effects.push(Effect::renamed(stored, name));
        }
        if stored.spec != spec {
            self.effects
                .push(effect(name, Some(&stored.spec), Some(&spec)));
            let base: Revision = stored.revision;
            let name = name.to_owned();
            self.changes.push(Change::Replace { name, base, spec });
        }
    }
}

#[cfg(test)]
mod tests;
