//! One turn: of everything, or of what has changed and whom that concerns. Both plan in the same way, and
//! come to the same; a property test holds them to it.
//!
//! Everything is planned where nothing is known of before: a source read for the first time or anew, a
//! store that is another one than before; and where more has changed than is worth finding out. Pure over
//! [`Stock`]; never here: writing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use mailward_model::Object;
use mailward_store::{Mark, ReadError};

use super::{
    index::Index,
    mapping::Mapping,
    picture::Picture,
    plan::{Compared, SyncPlan, in_order, plan},
    scope::{Scope, Stock},
};

/// Entries that are planned by themselves, at most: of more, everything is planned, which costs less than
/// asking for each.
const ENTRIES_MAX: usize = 10_000;

/// A picture that is to be put in force.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The name of the source.
    pub(super) source: &'a str,
    pub(super) mapping: &'a Mapping,
    pub(super) picture: &'a Picture,
    /// Which of its entries are others than at the last turn; every one where that is not known.
    pub(super) changed: Option<&'a BTreeSet<Arc<str>>>,
    /// Entries whose change the store has refused, and why.
    pub(super) refused: &'a HashMap<String, String>,
}

/// A plan, and the objects that it was made with.
pub(super) type Planned = (SyncPlan, Vec<Object>);

impl Turn<'_> {
    /// Plans everything, with every recipient and every source that there was at a moment.
    pub(super) fn whole(self, index: &mut Index, objects: Vec<Object>, mark: Mark) -> Planned {
        let mut plan = plan(&Compared {
            source: self.source,
            mapping: self.mapping,
            picture: self.picture,
            within: None,
            objects: &objects,
            refused: self.refused,
            known: index,
        });
        index.begin(std::mem::take(&mut plan.nodes), mark);
        (plan, objects)
    }

    /// Plans what has changed since the last turn. `None` where everything is to be planned.
    pub(super) fn by_change(
        self,
        index: &mut Index,
        stock: &dyn Stock,
    ) -> Result<Option<Planned>, ReadError> {
        let Some(changed) = self.changed else {
            return Ok(None);
        };
        let mut scope = Scope::new(self.source, self.mapping, self.picture, index);
        let refused = self.refused.keys().map(String::as_str);
        let stale = index.stale();
        let entries = changed.iter().chain(index.open()).chain(&stale.entries);
        for entry in entries.map(|entry| &**entry).chain(refused) {
            scope.entry(entry);
        }
        for key in &stale.keys {
            scope.key(*key);
        }
        for id in &stale.objects {
            scope.stored(*id, stock)?;
        }
        loop {
            if !scope.close(stock, ENTRIES_MAX)? {
                return Ok(None);
            }
            let objects = scope.objects(stock)?;
            let mut plan = plan(&Compared {
                source: self.source,
                mapping: self.mapping,
                picture: self.picture,
                within: Some(&scope.entries),
                objects: &objects,
                refused: self.refused,
                known: index,
            });
            let more = index.dependents(&scope.entries, &plan.nodes);
            if more.is_empty() {
                let within = scope.entries;
                index.enter(&within, std::mem::take(&mut plan.nodes));
                plan.import.of = index.followed();
                plan.recipients = index.recipients();
                plan.left_out = in_order(index.left_out());
                return Ok(Some((plan, objects)));
            }
            more.iter().for_each(|entry: &Arc<str>| scope.entry(entry));
        }
    }
}
