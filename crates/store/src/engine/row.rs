//! Rows as every engine has them: an object, and a line of the change feed.

use mailward_model::{Kind, Object, ObjectId, Revision, Spec};

use crate::change::{ChangeOp, ChangeRecord};

/// An object's row.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) revision: i64,
    pub(crate) spec: String,
}

impl Stored {
    /// The object, or why this version cannot read it.
    pub(crate) fn object(&self) -> Result<Object, String> {
        let kind: Kind = self
            .kind
            .parse()
            .map_err(|error: mailward_model::object::KindError| error.to_string())?;
        let mut json = serde_json::Deserializer::from_str(&self.spec);
        let spec = Spec::deserialize_kind(kind, &mut json).map_err(|error| error.to_string())?;
        let number = |n: i64| u64::try_from(n).map_err(|_| format!("{n} is a negative number"));
        Ok(Object {
            id: ObjectId(number(self.id)?),
            name: self.name.clone(),
            revision: Revision(number(self.revision)?),
            spec,
        })
    }
}

/// A line of the feed. What it did to the objects follows from it, so that whoever has every line
/// up to a revision has the objects of that revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) revision: i64,
    pub(crate) kind: String,
    pub(crate) id: i64,
    /// The name after the change; before it, where the object was removed.
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) before: Option<String>,
    /// `None` where the object is gone.
    pub(crate) after: Option<String>,
    pub(crate) at_unix_ms: i64,
    pub(crate) by: String,
}

impl Line {
    /// As it is told.
    pub(crate) fn record(self) -> ChangeRecord {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        ChangeRecord {
            revision: Revision(count(self.revision)),
            kind: self.kind,
            id: ObjectId(count(self.id)),
            name: self.name,
            op: ChangeOp::of_word(&self.op).unwrap_or(ChangeOp::Replace),
            before: json(self.before),
            after: json(self.after),
            at_unix_ms: count(self.at_unix_ms),
            by: self.by,
        }
    }
}

/// The spec as stored.
pub(crate) fn spec_text(spec: &Spec) -> Result<String, serde_json::Error> {
    let mut text = Vec::new();
    spec.serialize_fields(&mut serde_json::Serializer::new(&mut text))?;
    String::from_utf8(text).map_err(serde::de::Error::custom)
}

/// The form of a name by which it is unique within its kind.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A number as the engines have it.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
