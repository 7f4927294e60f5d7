//! Repairs: what the worker proposes, what the manager says and writes down.

use serde::{Deserialize, Serialize};

use super::{group::GroupFacts, health::ProbeView};
use crate::control::Role;

/// An act of repair, one for each stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum RepairAct {
    /// Stage 1: end and begin anew one component inside a role.
    RestartComponent {
        /// The component, such as `receive/Internet`.
        component: String,
    },
    /// Stage 2: end the role's process and start it again.
    RestartProcess {
        /// The role.
        role: Role,
    },
    /// Stage 4: take no new mail (421).
    Offline,
    /// The end of an offline stage.
    Online,
    /// Stage 5: tell a person.
    Alert,
}

impl RepairAct {
    /// The stage of recovery; 0 for ending one.
    pub fn stage(&self) -> u8 {
        match self {
            RepairAct::Online => 0,
            RepairAct::RestartComponent { .. } => 1,
            RepairAct::RestartProcess { .. } => 2,
            RepairAct::Offline => 4,
            RepairAct::Alert => 5,
        }
    }
}

impl std::fmt::Display for RepairAct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RepairAct::RestartComponent { component } => {
                write!(f, "restart the component {component}")
            }
            RepairAct::RestartProcess { role } => write!(f, "restart the role {role}"),
            RepairAct::Offline => f.write_str("take the server offline"),
            RepairAct::Online => f.write_str("take the server online"),
            RepairAct::Alert => f.write_str("alert the help desk"),
        }
    }
}

/// A repair that the worker holds for right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RepairProposal {
    /// The recovery case.
    pub case: String,
    /// The component that is sick.
    pub component: String,
    /// What to do.
    pub act: RepairAct,
    /// Why, in one sentence.
    pub reason: String,
    /// The class of the cause, where known.
    #[serde(default)]
    pub cause: Option<String>,
    /// The rule that was broken.
    pub rule: String,
    /// The samples, newest last. The newest must be fresh.
    pub samples: Vec<ProbeView>,
    /// When the first bad sample was seen.
    pub first_bad_unix_ms: u64,
    /// What the worker knows that speaks against it: sick dependencies, its own blindness, holds.
    #[serde(default)]
    pub objections: Vec<String>,
    /// What the other nodes of the group say; `None` where this node is in no group.
    #[serde(default)]
    pub group: Option<GroupFacts>,
}

/// The arbiter's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Written down and being done.
    Granted {
        /// The ledger entry.
        entry: u64,
        /// Every check and what it said.
        reasons: Vec<String>,
    },
    /// Not done.
    Denied {
        /// Every check that said no.
        reasons: Vec<String>,
        /// When to ask again; unset where this act is denied for this case for good.
        until_unix_ms: Option<u64>,
    },
}

/// What a repair has led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RepairOutcome {
    /// The ledger entry.
    pub entry: u64,
    /// The recovery case.
    pub case: String,
    /// Whether fresh probes were good afterwards.
    pub solved: bool,
    /// What was seen, in one sentence.
    pub text: String,
    /// The probes afterwards.
    #[serde(default)]
    pub samples: Vec<ProbeView>,
}

/// An entry of the repair ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LedgerEntry {
    /// Its number.
    pub entry: u64,
    /// When.
    pub unix_ms: u64,
    /// `intent`, `acted`, `failed`, `denied`, `shadow`, `outcome`, `exit`.
    pub record: String,
    /// The recovery case, where there is one.
    #[serde(default)]
    pub case: Option<String>,
    /// The component or role.
    pub component: String,
    /// The act.
    #[serde(default)]
    pub act: Option<RepairAct>,
    /// What and why, in one sentence.
    pub text: String,
    /// Every check and what it said.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// The repair ledger, newest first, and what the budgets still allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ledger {
    /// Entries.
    pub entries: Vec<LedgerEntry>,
    /// What is left, one sentence per act: `restart process: 1 of 2 this hour`.
    pub budgets: Vec<String>,
}

/// A change to a probe, monitor or responder for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Override {
    /// The probe, monitor or component by name.
    pub item: String,
    /// False switches it off; `None` ends the override.
    pub enabled: Option<bool>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Until when; at most a year ahead.
    pub until_unix_ms: u64,
}
