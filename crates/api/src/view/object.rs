//! Objects, and what a change of them does.

use mailward_model::{Kind, ObjectId, Revision};
use serde::{Deserialize, Serialize};

/// An object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ObjectView {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: ObjectId,
    /// The revision of its last change.
    pub revision: Revision,
    /// Its fields, defaults included.
    pub spec: serde_json::Map<String, serde_json::Value>,
}

/// Objects of one kind, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ObjectList {
    /// The kind.
    pub kind: Kind,
    /// The objects.
    pub objects: Vec<ObjectView>,
    /// Objects left out because they are hidden.
    #[serde(default)]
    pub hidden: u64,
}

/// A recipient, of whatever kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FoundRecipient {
    /// Its name.
    pub name: String,
    /// Its primary address.
    pub address: String,
    /// Exchange's RecipientTypeDetails: `UserMailbox`, `MailContact`, …
    pub recipient_type: String,
}

/// Recipients that fit a filter, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecipientList {
    /// The filter in its stored form, fully parenthesised.
    #[serde(default)]
    pub filter: Option<String>,
    /// The recipients, at most as many as were asked for.
    pub recipients: Vec<FoundRecipient>,
    /// How many fit.
    pub fitting: u64,
    /// How many there are.
    pub all: u64,
    /// What is excluded besides the filter, where a dynamic group is what is meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_exclusions: Vec<String>,
    /// What is to be thought of, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// All objects as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExportText {
    /// TOML, as `plan` and `apply` take it.
    pub text: String,
    /// The revision it shows.
    pub revision: Revision,
}

/// One effect of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Effect {
    /// Kind of the object.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// `create`, `change`, `remove`.
    pub action: String,
    /// What changes, one sentence per field.
    pub changes: Vec<String>,
    /// When it takes effect.
    pub takes_effect: String,
}

/// What `apply` would do, or has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlanView {
    /// The effects; empty where nothing changes.
    pub effects: Vec<Effect>,
    /// True where they are in force now.
    pub applied: bool,
    /// The revision the plan was made from, or after `apply` the new one.
    pub revision: Revision,
    /// Why it is not done unasked; only of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

/// Why an import is not done unasked: it removes too much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Held {
    /// In words.
    pub because: String,
    /// How many recipients would be removed: what has to be allowed.
    pub removals: u64,
}
