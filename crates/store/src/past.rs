//! The objects as they were: worked out from the change feed, which keeps every version of every
//! object and outlives it.

use std::collections::BTreeMap;

use mailward_model::{Kind, Object, ObjectId, Revision, Spec, filter::Times};

use crate::{
    change::{ChangeOp, ChangeRecord},
    engine::row::signed,
    error::ReadError,
    store::Store,
};

/// Lines of the feed read at one time.
const LINES: usize = 2_000;

impl Store {
    /// Every object as it was at a moment, by id, and the last revision until then. What this
    /// version cannot read is left out.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn objects_at(&self, unix_ms: u64) -> Result<(Vec<Object>, Revision), ReadError> {
        let (mut objects, mut revision) = (BTreeMap::new(), Revision(0));
        loop {
            let lines = self.changes_since(revision, LINES)?;
            let is_last = lines.len() < LINES;
            for line in lines {
                // Revisions grow with time, unless a clock was set back: then the feed's order counts.
                if line.at_unix_ms > unix_ms {
                    return Ok((objects.into_values().collect(), revision));
                }
                revision = line.revision;
                match (line.op, object(&line)) {
                    (ChangeOp::Remove, _) | (_, None) => objects.remove(&line.id),
                    (_, Some(object)) => objects.insert(line.id, object),
                };
            }
            if is_last {
                return Ok((objects.into_values().collect(), revision));
            }
        }
    }

    /// When each object was made and changed last: as of now, or as it was at a moment. Goes through
    /// the whole feed, so it is for those whose filters ask for it.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn times(&self, until_unix_ms: Option<u64>) -> Result<Times, ReadError> {
        let rows = self.file().times(until_unix_ms.map_or(i64::MAX, signed));
        let mut times = Times::default();
        for (id, made, changed) in rows.map_err(ReadError)? {
            let count = |n: i64| u64::try_from(n).unwrap_or(0);
            let id = ObjectId(count(id));
            times.note(id, count(made));
            times.note(id, count(changed));
        }
        Ok(times)
    }
}

/// The object as a line of the feed left it.
fn object(line: &ChangeRecord) -> Option<Object> {
    let kind: Kind = line.kind.parse().ok()?;
    let spec = Spec::deserialize_kind(kind, line.after.as_ref()?).ok()?;
    Some(Object {
        id: ObjectId(line.id.0),
        name: line.name.clone(),
        revision: line.revision,
        spec,
    })
}
