//! Who belongs to a group: now, at a moment in the past, and after an edit.

use mailward_model::Revision;
use serde::{Deserialize, Serialize};

use super::FoundRecipient;

/// Who belongs to a group at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupMembers {
    /// The group's name.
    pub group: String,
    /// Its primary address.
    pub address: String,
    /// The moment asked about, Unix milliseconds.
    pub at_unix_ms: u64,
    /// The last revision of the objects until then.
    pub revision: Revision,
    /// The filter in force then, without the exclusions of system recipients; unset for a group of
    /// listed members.
    #[serde(default)]
    pub filter: Option<String>,
    /// What is excluded besides, for a dynamic group.
    #[serde(default)]
    pub system_exclusions: Vec<String>,
    /// The members at all depths, by name, at most as many as were asked for.
    pub members: Vec<FoundRecipient>,
    /// How many there are.
    pub count: u64,
}

/// What an edit of a group would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupPreview {
    /// The group's name.
    pub group: String,
    /// The filter in force, without the exclusions of system recipients.
    #[serde(default)]
    pub filter_before: Option<String>,
    /// The filter after the edit.
    #[serde(default)]
    pub filter_after: Option<String>,
    /// What is excluded besides, for a dynamic group.
    #[serde(default)]
    pub system_exclusions: Vec<String>,
    /// Who would belong that does not, by name, at most as many as were asked for.
    pub added: Vec<FoundRecipient>,
    /// How many would be added.
    pub added_count: u64,
    /// Who belongs and would not, by name, at most as many as were asked for.
    pub removed: Vec<FoundRecipient>,
    /// How many would be removed.
    pub removed_count: u64,
    /// Members before.
    pub members_before: u64,
    /// Members after.
    pub members_after: u64,
    /// What is to be thought of, one sentence each.
    pub warnings: Vec<String>,
}
