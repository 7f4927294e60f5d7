//! A rehearsal: what would be done about a failure that is not there.

use serde::{Deserialize, Serialize};

use super::{hold::Hold, repair::RepairAct};
use crate::control::Role;

/// An act that was begun, as the guard counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PastAct {
    /// How long ago, in milliseconds, on a clock that does not jump.
    pub age_ms: u64,
    /// What; unset for a ledger record that is damaged, which counts against every budget.
    pub act: Option<RepairAct>,
    /// Of which case.
    pub case: String,
    /// For which component.
    pub component: String,
    /// For which class of causes, where known.
    pub cause: Option<String>,
    /// Whether its outcome is known.
    pub settled: bool,
}

/// What the guard looks at, for a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GuardFacts {
    /// Acts begun, and how long ago.
    pub past: Vec<PastAct>,
    /// Roles that ended lately, and how long ago in milliseconds.
    pub exits: Vec<(Role, u64)>,
    /// The holds in force.
    pub holds: Vec<Hold>,
    /// Why repair is frozen, where it is.
    pub frozen: Option<String>,
    /// Whether the queue's folder can be written.
    pub queue_writable: bool,
}

/// One step of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RehearsalStep {
    /// How long after the first bad result, in milliseconds.
    pub after_ms: u64,
    /// The component.
    pub component: String,
    /// `state`, `granted`, `denied`, `shadow`, `checked`, `alerted`, `exhausted`.
    pub step: String,
    /// What would happen, in one sentence.
    pub text: String,
    /// The act, where the step is about one.
    #[serde(default)]
    pub act: Option<RepairAct>,
    /// What each check of the guard would say.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// What would be done if a health set failed and nothing helped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rehearsal {
    /// The health set.
    pub set: String,
    /// The class of the cause, where one was given.
    #[serde(default)]
    pub cause: Option<String>,
    /// The steps, in their order.
    pub steps: Vec<RehearsalStep>,
    /// How it would end, in one sentence.
    pub end: String,
}
