//! What is stored, asked for one by one as it is at one moment, and what has happened since an earlier
//! one: for whoever has to do with few of many objects, and keeps none of them.
//!
//! Never here: policies. It is what is stored, not what holds on a node.

use mailward_model::{Kind, Object, ObjectId, Revision, Spec};

use crate::{
    check::{entry::KEYED, near::Stock},
    engine::{Line, Rows},
    error::{ApplyError, ReadError},
    kept::lines_since,
    store::Store,
};

/// The objects as they are at one moment.
pub struct Glance<'a>(&'a Rows<'a>);

/// A moment, by the last line of the feed that was written before it; by default, before everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark(Option<Line>);

/// What was done to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Touch {
    /// The object.
    pub id: ObjectId,
    /// Its revision from then on.
    pub revision: Revision,
    /// Its kind.
    pub kind: Kind,
    /// Its name after it; before it, where it was removed.
    pub name: String,
    /// What it said before; `None` where it is new.
    pub before: Option<Spec>,
    /// What it says after it; `None` where it was removed.
    pub after: Option<Spec>,
}

impl Store {
    /// Looks at what is stored, all of it as it is at one moment. Nobody else of this process reads or
    /// writes meanwhile.
    ///
    /// # Errors
    /// As [`Store::all`], and whatever `look` says.
    pub fn glance<T>(
        &self,
        look: impl FnOnce(&Glance<'_>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let looked = self.file().look_up(|_, rows| Ok(look(&Glance(rows))));
        looked.unwrap_or_else(|error| {
            Err(match error {
                ApplyError::Engine(cause) => ReadError(cause),
                other => ReadError(other.into()),
            })
        })
    }
}

impl Glance<'_> {
    /// The object of a kind with this name, compared without regard to ASCII case.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn named(&self, kind: Kind, name: &str) -> Result<Option<Object>, ReadError> {
        self.0.named(kind, name).map_err(ReadError)
    }

    /// An object by its id.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn object(&self, id: ObjectId) -> Result<Option<Object>, ReadError> {
        self.0.object(id).map_err(ReadError)
    }

    /// The recipients that have an address, by its [key](mailward_model::EmailAddress::key), oldest first.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn holders(&self, key: &str) -> Result<Vec<Object>, ReadError> {
        let holders = self.0.holders(key).map_err(ReadError)?;
        let objects = holders.into_iter().map(|holder| self.object(holder.id));
        objects.filter_map(Result::transpose).collect()
    }

    /// The objects of a kind, oldest first.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn of_kind(&self, kind: Kind) -> Result<Vec<Object>, ReadError> {
        self.0.of_kinds(&[kind]).map_err(ReadError)
    }

    /// Every recipient, oldest first.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn recipients(&self) -> Result<Vec<Object>, ReadError> {
        self.0.of_kinds(&KEYED).map_err(ReadError)
    }

    /// The moment.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn mark(&self) -> Result<Mark, ReadError> {
        Ok(Mark(self.0.last_line().map_err(|e| ReadError(e.into()))?))
    }

    /// What has happened since an earlier moment, oldest first, and the moment it is now. `None` where
    /// that cannot be told: it is too much, another database or an older one is in the place of the one
    /// of before, or what was done to an object cannot be read.
    ///
    /// # Errors
    /// As [`Store::all`].
    pub fn since(&self, mark: &Mark) -> Result<Option<(Vec<Touch>, Mark)>, ReadError> {
        let (last, lines) = lines_since(self.0, mark.0.as_ref()).map_err(ReadError)?;
        let Some(lines) = lines else {
            return Ok(None);
        };
        let touches: Option<Vec<Touch>> = lines.into_iter().filter_map(touch).collect();
        Ok(touches.map(|touches| (touches, Mark(last))))
    }
}

impl Touch {
    /// True for a recipient.
    pub fn is_of_recipient(&self) -> bool {
        KEYED.contains(&self.kind)
    }
}

impl Mark {
    /// The revision that objects had then.
    pub fn revision(&self) -> Revision {
        let revision = self.0.as_ref().map_or(0, |line| line.revision);
        Revision(u64::try_from(revision).unwrap_or(0))
    }
}

/// What a line did; `None` for a kind that this version does not know, `Some(None)` where it cannot be
/// read.
fn touch(line: Line) -> Option<Option<Touch>> {
    let kind: Kind = line.kind.parse().ok()?;
    let spec = |text: Option<String>| match text {
        None => Some(None),
        Some(text) => {
            let mut json = serde_json::Deserializer::from_str(&text);
            Spec::deserialize_kind(kind, &mut json).ok().map(Some)
        }
    };
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let (id, revision) = (ObjectId(count(line.id)), Revision(count(line.revision)));
    let (Some(before), Some(after)) = (spec(line.before), spec(line.after)) else {
        return Some(None);
    };
    Some(Some(Touch {
        id,
        revision,
        kind,
        name: line.name,
        before,
        after,
    }))
}
