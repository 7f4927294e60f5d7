//! Changes: what a writer asks for, and what the feed says was done.

use mailward_model::{Kind, Object, ObjectId, Revision, Spec};
use serde::{Deserialize, Serialize};

/// One change to one object. Objects are named by kind and name; the name is compared without
/// regard to ASCII case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A new object.
    Create {
        /// Its name.
        name: String,
        /// What it says; its kind is the object's.
        spec: Spec,
    },
    /// Another spec for an object.
    Replace {
        /// Its name.
        name: String,
        /// The revision the new spec was made from.
        base: Revision,
        /// What it says now.
        spec: Spec,
    },
    /// Another name for an object; it keeps its id.
    Rename {
        /// Its kind.
        kind: Kind,
        /// Its name so far.
        name: String,
        /// The revision seen.
        base: Revision,
        /// Its name from now on.
        to: String,
    },
    /// The end of an object.
    Remove {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The revision seen.
        base: Revision,
    },
}

impl Change {
    /// A new object.
    pub fn create(name: impl Into<String>, spec: impl Into<Spec>) -> Change {
        Change::Create {
            name: name.into(),
            spec: spec.into(),
        }
    }

    /// Another spec for this object, as it was read.
    pub fn replace(object: &Object, spec: impl Into<Spec>) -> Change {
        Change::Replace {
            name: object.name.clone(),
            base: object.revision,
            spec: spec.into(),
        }
    }

    /// Another name for this object, as it was read.
    pub fn rename(object: &Object, to: impl Into<String>) -> Change {
        Change::Rename {
            kind: object.spec.kind(),
            name: object.name.clone(),
            base: object.revision,
            to: to.into(),
        }
    }

    /// The end of this object, as it was read.
    pub fn remove(object: &Object) -> Change {
        Change::Remove {
            kind: object.spec.kind(),
            name: object.name.clone(),
            base: object.revision,
        }
    }

    /// The object's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Change::Create { spec, .. } | Change::Replace { spec, .. } => spec.kind(),
            Change::Rename { kind, .. } | Change::Remove { kind, .. } => *kind,
        }
    }

    /// The object's name before the change; that of a new object.
    pub fn name(&self) -> &str {
        match self {
            Change::Create { name, .. }
            | Change::Replace { name, .. }
            | Change::Rename { name, .. }
            | Change::Remove { name, .. } => name,
        }
    }
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOp {
    /// The object was created.
    Create,
    /// Its spec was replaced.
    Replace,
    /// It got another name.
    Rename,
    /// It was removed.
    Remove,
}

impl ChangeOp {
    /// The word as stored.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ChangeOp::Create => "create",
            ChangeOp::Replace => "replace",
            ChangeOp::Rename => "rename",
            ChangeOp::Remove => "remove",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<ChangeOp> {
        [
            ChangeOp::Create,
            ChangeOp::Replace,
            ChangeOp::Rename,
            ChangeOp::Remove,
        ]
        .into_iter()
        .find(|op| op.word() == word)
    }
}

/// One line of the change feed, which is the history of all objects as well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its place in the feed, and the object's revision from then on.
    pub revision: Revision,
    /// The kind as stored; a kind of a newer version is a word that [`Kind`] does not know.
    pub kind: String,
    /// The object.
    pub id: ObjectId,
    /// Its name after the change; before it, where it was removed.
    pub name: String,
    /// What was done.
    pub op: ChangeOp,
    /// The spec before; `None` for a new object and for a spec that cannot be read.
    pub before: Option<serde_json::Value>,
    /// The spec after; `None` for a removed object and for a spec that cannot be read.
    pub after: Option<serde_json::Value>,
    /// When, Unix milliseconds.
    pub at_unix_ms: u64,
    /// Who.
    pub by: String,
}
