//! Every object, kept from one look to the next: of recipients, which may be many, only what has changed
//! since is read. The others are few, and are read as they are.
//!
//! What is kept is what reading everything would give, as long as rows change with a line of the feed.
//! Whoever has reason to doubt that forgets it ([`Kept::forget`]), and the next look reads everything.

use std::collections::{BTreeMap, HashSet};

use mailward_model::{Kind, Object, ObjectId, Revision, filter::Times};

use crate::{
    check::{entry::KEYED, near::Stock},
    engine::{Line, Rows, Stored},
    error::{Cause, ReadError},
    store::Store,
};

/// Lines of the feed that are followed at one look; behind more, everything is read anew, which costs
/// less.
const LINES_MAX: i64 = 20_000;

/// The objects as they hold on the node that sees the store.
#[derive(Debug)]
pub struct Kept {
    store: Store,
    /// First those that are no recipients, then the recipients, each by their ids.
    objects: Vec<Object>,
    /// How many are no recipients.
    others: usize,
    /// When objects were made and changed, once somebody has asked.
    times: Option<Times>,
    /// The last line of the feed that is in them.
    reached: Option<Line>,
}

/// What a look finds.
struct News {
    others: Vec<Object>,
    recipients: Recipients,
    last: Option<Line>,
}

/// Of the recipients, all; or the lines since, of whatever kind.
enum Recipients {
    All(Vec<Object>),
    Since(Vec<Line>),
}

impl Kept {
    /// Keeps nothing yet.
    pub fn new(store: Store) -> Kept {
        Kept {
            store,
            objects: Vec::new(),
            others: 0,
            times: None,
            reached: None,
        }
    }

    /// The objects as they were at the last look, those that are no recipients first.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The next look reads everything.
    pub fn forget(&mut self) {
        self.reached = None;
        self.times = None;
    }

    /// Brings them to what is stored now. Returns the revision they stand for.
    ///
    /// # Errors
    /// As [`Store::all`]; what was kept is as it was.
    pub fn look(&mut self) -> Result<Revision, ReadError> {
        let reached = self.reached.as_ref();
        let News {
            others,
            recipients,
            last,
        } = self.store.read_rows(|rows| news(rows, reached))?;
        let others = self.store.laid_over(others);
        let count = others.len();
        match recipients {
            Recipients::All(all) => {
                self.objects = others;
                self.objects.extend(all);
                self.times = None;
            }
            Recipients::Since(lines) => {
                self.objects.splice(..self.others, others);
                if let Some(times) = &mut self.times {
                    note(times, &lines);
                }
                self.take(count, lines);
            }
        }
        self.others = count;
        let revision = last.as_ref().map_or(0, |line| line.revision);
        self.reached = last;
        Ok(Revision(u64::try_from(revision).unwrap_or(0)))
    }

    /// When they were made and changed last. Read as a whole once, and followed from then on.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn times(&mut self) -> Result<&Times, ReadError> {
        let times = match self.times.take() {
            Some(times) => times,
            // It may know of a change already that the objects do not have; the next look notes that
            // again, which changes nothing.
            None => self.store.times(None)?,
        };
        Ok(self.times.insert(times))
    }

    /// Takes over what lines did to recipients, which are behind this many other objects.
    fn take(&mut self, others: usize, lines: Vec<Line>) {
        let mut last = BTreeMap::new();
        for line in lines {
            if KEYED.iter().any(|kind| kind.table() == line.kind) {
                last.insert(line.id, line);
            }
        }
        let (mut made, mut gone) = (Vec::new(), HashSet::new());
        let recipients = self.objects.get_mut(others..).unwrap_or_default();
        for line in last.into_values() {
            let id = ObjectId(u64::try_from(line.id).unwrap_or(0));
            let place = recipients.binary_search_by_key(&id, |object| object.id);
            match (place, object(line)) {
                (Ok(at), Some(object)) => {
                    if let Some(kept) = recipients.get_mut(at) {
                        *kept = object;
                    }
                }
                (Ok(_), None) => {
                    gone.insert(id);
                }
                (Err(_), Some(object)) => made.push(object),
                (Err(_), None) => {}
            }
        }
        if !gone.is_empty() {
            self.objects.retain(|object| !gone.contains(&object.id));
        }
        if !made.is_empty() {
            self.objects.append(&mut made);
            let recipients = self.objects.get_mut(others..).unwrap_or_default();
            // Two runs that are sorted: merged, not sorted anew.
            recipients.sort_by_key(|object| object.id);
        }
    }
}

/// The object as a line left it; `None` where it is gone, or set aside.
fn object(line: Line) -> Option<Object> {
    let row = Stored {
        id: line.id,
        kind: line.kind,
        name: line.name,
        revision: line.revision,
        spec: line.after?,
    };
    row.object().ok()
}

fn note(times: &mut Times, lines: &[Line]) {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    for line in lines {
        times.note(ObjectId(count(line.id)), count(line.at_unix_ms));
    }
}

/// What has happened behind a line, where it still is in the feed: a copy that was begun anew, of another
/// database or past, has another one in its place.
fn news(rows: &Rows<'_>, reached: Option<&Line>) -> Result<News, Cause> {
    let (last, since) = lines_since(rows, reached)?;
    Ok(News {
        others: rows.of_kinds(&others())?,
        recipients: match since {
            Some(lines) => Recipients::Since(lines),
            None => Recipients::All(rows.of_kinds(&KEYED)?),
        },
        last,
    })
}

/// The last line of the feed, and the lines behind an earlier one; none of them where that one is not in
/// the feed, or they are too many.
pub(crate) fn lines_since(
    rows: &Rows<'_>,
    reached: Option<&Line>,
) -> Result<(Option<Line>, Option<Vec<Line>>), Cause> {
    let last = rows.last_line()?;
    let since = match (reached, &last) {
        (Some(reached), Some(last))
            if last.revision - reached.revision <= LINES_MAX
                && rows.line(reached.revision)?.as_ref() == Some(reached) =>
        {
            Some(rows.lines_behind(reached.revision)?)
        }
        _ => None,
    };
    Ok((last, since))
}

/// The kinds that are no recipients.
pub(crate) fn others() -> Vec<Kind> {
    let kinds = Kind::ALL.iter().copied();
    kinds.filter(|kind| !KEYED.contains(kind)).collect()
}
