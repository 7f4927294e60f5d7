//! Repairs: what the worker proposes, what the manager says and writes down.

use serde::{Deserialize, Serialize};

use super::{group::GroupFacts, health::ProbeView};
use crate::control::Role;

/// A responder for one class of causes. It harms nothing that works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Responder {
    /// Read the certificate files again.
    ReloadCertificate,
    /// Ask the next resolver first.
    NextResolver,
    /// Try the next smart host first.
    NextSmartHost,
    /// Remove what the settings allow to be removed.
    FreeDisk,
    /// Put messages that nobody cares for back into the delivery queue.
    ReownMessages,
    /// Build the snapshot of the objects anew.
    RebuildSnapshot,
    /// Run the command that the settings name for the component.
    Command,
}

impl std::fmt::Display for Responder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Responder::ReloadCertificate => "read the certificates again",
            Responder::NextResolver => "ask the next resolver first",
            Responder::NextSmartHost => "try the next smart host first",
            Responder::FreeDisk => "free disk space by the set rules",
            Responder::ReownMessages => "put messages without an owner back into the queue",
            Responder::RebuildSnapshot => "build the snapshot of the objects anew",
            Responder::Command => "run the command set",
        })
    }
}

/// An act of repair, one for each stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "act")]
pub enum RepairAct {
    /// Stage 0: what a process remembers is dropped and made anew, and nothing is ended.
    SoftReset {
        /// The component, such as `deliver`.
        component: String,
    },
    /// Stage 0: a responder for one class of causes.
    Respond {
        /// Which.
        responder: Responder,
        /// For which component.
        component: String,
    },
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
    /// Stage 3: start the machine anew by the command set, after a countdown.
    RestartServer,
    /// Stage 4: the component takes no new mail (421).
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
            RepairAct::Online | RepairAct::SoftReset { .. } | RepairAct::Respond { .. } => 0,
            RepairAct::RestartComponent { .. } => 1,
            RepairAct::RestartProcess { .. } => 2,
            RepairAct::RestartServer => 3,
            RepairAct::Offline => 4,
            RepairAct::Alert => 5,
        }
    }
}

impl std::fmt::Display for RepairAct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RepairAct::SoftReset { component } => {
                write!(f, "make {component} forget what it remembers")
            }
            RepairAct::Respond {
                responder,
                component,
            } => write!(f, "{responder} (for {component})"),
            RepairAct::RestartServer => f.write_str("restart the server"),
            RepairAct::RestartComponent { component } => {
                write!(f, "restart the component {component}")
            }
            RepairAct::RestartProcess { role } => write!(f, "restart the role {role}"),
            RepairAct::Offline => f.write_str("take it offline"),
            RepairAct::Online => f.write_str("take it online again"),
            RepairAct::Alert => f.write_str("alert the help desk"),
        }
    }
}

/// What the worker knows around a proposal, for the guard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Circumstances {
    /// The health sets of the monitors that are bad.
    pub sets: Vec<String>,
    /// The health sets that the component belongs to: overrides may name them.
    #[serde(default)]
    pub of_sets: Vec<String>,
    /// What the component depends on and is bad itself.
    pub bad_dependencies: Vec<String>,
    /// The common cause of a storm on this node, while there is one.
    pub storm: Option<String>,
    /// Overlays on the component that ask for no repair: `maintenance`, `repairing`, with reason.
    pub overlays: Vec<String>,
    /// Monitors whose results go to and fro.
    #[serde(default)]
    pub flapping: Vec<String>,
    /// While they do: the stage that has worked before, above which nothing is tried.
    #[serde(default)]
    pub steady_stage_max: Option<u8>,
    /// How strained the observer is, 0 to 8.
    pub strain: u32,
    /// How old the newest sample may be, in milliseconds: two intervals of its probe.
    pub fresh_ms: Option<u64>,
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
    /// What the worker knows around it.
    #[serde(default)]
    pub circumstances: Circumstances,
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
        /// True in shadow mode: it would have been done.
        #[serde(default)]
        shadow: bool,
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LedgerEntry {
    /// Its number.
    pub entry: u64,
    /// When.
    pub unix_ms: u64,
    /// `intent`, `acted`, `failed`, `denied`, `shadow`, `outcome`, `exit`, `cancelled`, `hold`.
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
    /// The class of the cause, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What the probes had seen, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<String>,
}

/// How carrying out an act went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carried {
    /// It is under way.
    UnderWay,
    /// It was done, or nobody knows whether it was: what was done.
    Done(String),
    /// It was not: why.
    Failed(String),
}

/// A note by a person on a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseNote {
    /// The case.
    pub case: String,
    /// When.
    pub unix_ms: u64,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

/// The repair ledger, newest first, and what the budgets still allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ledger {
    /// Entries.
    pub entries: Vec<LedgerEntry>,
    /// What may still be begun, by act; for a component where it has a budget of its own.
    pub budgets: Vec<Budget>,
}

/// How often an act may be begun, and by whose word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Budget {
    /// The act in one word: `restart_component`.
    pub act: String,
    /// The component; without one, of all that have no row of their own.
    pub component: Option<String>,
    /// Begun within the last hour.
    pub begun_hour: u32,
    /// Allowed in any hour.
    pub per_hour: u32,
    /// Begun within the last day.
    pub begun_day: u32,
    /// Allowed in any day.
    pub per_day: u32,
    /// Begun within the last seven days.
    pub begun_week: u32,
    /// Allowed in any seven days, where that is limited.
    pub per_week: Option<u32>,
    /// Not again within so many milliseconds.
    pub gap_ms: u64,
    /// Where the limits come from: `built in`, `settings`, or the overrides that set them.
    pub origin: String,
}
