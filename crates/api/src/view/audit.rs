//! What administrators did.

use mailward_model::kind::Right;
use serde::{Deserialize, Serialize};

use super::StateChange;

/// Whose rights a command was carried out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActedAs {
    /// Those of the person who gave it.
    User,
    /// Those of the machine it came from: the delegation was refused, and the operation is listed in
    /// `ignore_delegation_failure`.
    Machine,
}

impl ActedAs {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            ActedAs::User => "user",
            ActedAs::Machine => "machine",
        }
    }
}

/// What came of a command.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum AuditResult {
    /// It was carried out
    Done,
    /// It was not allowed
    Refused,
    /// It was tried and went wrong, or could not be
    Failed,
}

impl AuditResult {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditResult::Done => "done",
            AuditResult::Refused => "refused",
            AuditResult::Failed => "failed",
        }
    }
}

/// One act of an administrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditRecord {
    /// When it was answered.
    pub unix_ms: u64,
    /// The node it was for.
    pub node: String,
    /// The user who gave it.
    pub on_behalf_of: String,
    /// The node it was given on, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Whose rights it was carried out by; unset where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_as: Option<ActedAs>,
    /// Where it was given: process, session, address, as far as they are known.
    pub from: String,
    /// The words of the command.
    pub operation: String,
    /// The right it needs.
    pub right: Right,
    /// What it was asked with; long texts are cut short.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// What came of it.
    pub result: AuditResult,
    /// Why it was not carried out, or was as the machine.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What it changed, before and after; none of what only looked or was tried in vain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StateChange>,
    /// Changes that are not among them because there were too many.
    #[serde(default)]
    pub changes_left_out: u64,
}

/// Records of the administrator audit log, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditList {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// True where older ones fit too and were left out.
    pub more: bool,
}
