//! From the steps of a batch to the lines of the feed: ids and revisions are given out here, the
//! same on every engine.

use std::collections::HashMap;

use mailward_model::Spec;

use crate::{
    batch::Step,
    change::ChangeOp,
    engine::{
        Head, Line, Rows, folded,
        row::{signed, spec_text},
    },
    error::ApplyError,
};

/// The lines of these steps, behind `head`. Rows that cannot be read are there all the same: their
/// names are taken.
pub(crate) fn of_steps(
    steps: &[Step],
    head: Head,
    rows: &Rows<'_>,
    at_unix_ms: u64,
    by: &str,
) -> Result<Vec<Line>, ApplyError> {
    let mut names = Names {
        rows,
        known: HashMap::new(),
    };
    let Head {
        mut revision,
        id: mut last_id,
    } = head;
    let mut lines = Vec::with_capacity(steps.len());
    for step in steps {
        let key = |name: &str| (step.kind.table().to_owned(), folded(name));
        let (before, after) = (key(&step.name), key(&step.name_after));
        let id = match step.id {
            Some(id) => signed(id.0),
            None if step.op == ChangeOp::Create => {
                last_id += 1;
                last_id
            }
            // A later step of the batch that made the object.
            None => names.get(&before)?.ok_or(ApplyError::Missing {
                kind: step.kind,
                name: step.name.clone(),
            })?,
        };
        if step.op != ChangeOp::Create && before != after || step.after.is_none() {
            names.known.insert(before, None);
        }
        if step.after.is_some() {
            if names.get(&after)?.is_some_and(|other| other != id) {
                return Err(ApplyError::Exists {
                    kind: step.kind,
                    name: step.name_after.clone(),
                });
            }
            names.known.insert(after, Some(id));
        }
        revision += 1;
        lines.push(Line {
            revision,
            kind: step.kind.table().to_owned(),
            id,
            name: step.name_after.clone(),
            op: step.op.word().to_owned(),
            before: text(step.before.as_ref())?,
            after: text(step.after.as_ref())?,
            at_unix_ms: signed(at_unix_ms),
            by: by.to_owned(),
        });
    }
    Ok(lines)
}

/// Which object has a name, by kind and folded name.
struct Names<'a> {
    rows: &'a Rows<'a>,
    known: HashMap<(String, String), Option<i64>>,
}

impl Names<'_> {
    fn get(&mut self, key: &(String, String)) -> Result<Option<i64>, ApplyError> {
        if let Some(known) = self.known.get(key) {
            return Ok(*known);
        }
        let row = self.rows.get(&key.0, &key.1)?;
        let id = row.map(|row| row.id);
        self.known.insert(key.clone(), id);
        Ok(id)
    }
}

fn text(spec: Option<&Spec>) -> Result<Option<String>, ApplyError> {
    spec.map(spec_text)
        .transpose()
        .map_err(|error| ApplyError::Engine(error.into()))
}
