//! Roles: which run, since when, and how often they were restarted.

use mailward_model::Revision;
use serde::{Deserialize, Serialize};

use super::{health::HealthState, transport::TransportStatus};
use crate::control::Role;

/// What every role says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoleStatus {
    /// Which.
    pub role: Role,
    /// Process id.
    pub pid: u32,
    /// Version of the program.
    pub version: String,
    /// Since when it runs.
    pub started_unix_ms: u64,
    /// The objects it works by.
    pub revision: Revision,
}

/// A role as the manager sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChildStatus {
    /// Which.
    pub role: Role,
    /// `starting`, `running`, `suspect`, `stopping`, `backoff`, `off`; the worker also `safe mode`.
    pub state: String,
    /// Process id, where one runs.
    pub pid: Option<u32>,
    /// Since when it is in this state.
    pub since_unix_ms: u64,
    /// Restarts since the manager began.
    pub restarts: u64,
    /// How long ago the last heartbeat was.
    pub heartbeat_age_ms: Option<u64>,
    /// How the last process of it ended, in one sentence.
    #[serde(default)]
    pub last_exit: Option<String>,
    /// How far its loops have got, as its last heartbeat told.
    #[serde(default)]
    pub progress: String,
}

/// Repair as a whole is held: nothing is done beyond bringing back and telling people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RepairHold {
    /// `safe mode`, entered by itself, or `frozen`, by a person.
    pub kind: String,
    /// Who; empty where nobody did.
    #[serde(default)]
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since_unix_ms: u64,
}

/// The manager's side of a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ManagerBeat {
    /// Its process.
    pub pid: u32,
    /// Turns of its loop so far: a manager whose number stands still hangs.
    pub turns: u64,
}

/// The manager's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ManagerStatus {
    /// Itself.
    pub role: RoleStatus,
    /// Its children.
    pub children: Vec<ChildStatus>,
    /// Addresses it listens on for others.
    pub listening: Vec<String>,
    /// Repairs done since it began.
    #[serde(default)]
    pub repairs: u64,
    /// What holds repair as a whole.
    #[serde(default)]
    pub holds: Vec<RepairHold>,
}

/// The worker's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WorkerStatus {
    /// Itself.
    pub role: RoleStatus,
    /// The worst health set.
    pub state: HealthState,
    /// Every set's name and state.
    pub sets: Vec<(String, HealthState)>,
    /// Open recovery cases.
    pub open_cases: u32,
    /// Probes run since it began.
    pub probes: u64,
    /// Probes of these that failed.
    pub probes_failed: u64,
    /// Probes skipped because the worker was busy.
    #[serde(default)]
    pub probes_skipped: u64,
}

/// The node as a whole: `mailward status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NodeStatus {
    /// Version of the access role that answers.
    pub version: String,
    /// Revision of the newest object.
    pub revision: Revision,
    /// Where the objects are kept.
    #[serde(default)]
    pub database: Option<DatabaseStatus>,
    /// The manager, where it answers.
    pub manager: Option<ManagerStatus>,
    /// Transport, where it answers.
    pub transport: Option<TransportStatus>,
    /// The worker, where it answers.
    pub worker: Option<WorkerStatus>,
    /// Roles that did not answer, and why.
    #[serde(default)]
    pub silent: Vec<SilentRole>,
}

/// Where the objects are kept, and whether that can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseStatus {
    /// `sqlite`, a file of this node, or `postgresql`, a database that nodes share.
    pub engine: String,
    /// The file, or the database's hosts and name.
    pub place: String,
    /// Whether it answers now. While a shared one does not, this node works by its copy and takes no
    /// change.
    pub reachable: bool,
    /// Why it does not.
    #[serde(default)]
    pub problem: Option<String>,
    /// How much room it takes, as far as it answers; of a shared one, as it says itself.
    #[serde(default)]
    pub octets: Option<u64>,
    /// This node's copy of a shared one, and how much room that takes.
    #[serde(default)]
    pub copy: Option<DatabaseCopy>,
}

/// This node's copy of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseCopy {
    /// The file.
    pub place: String,
    /// How much room it takes.
    pub octets: u64,
}

/// A role that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SilentRole {
    /// Which.
    pub role: Role,
    /// What went wrong.
    pub error: String,
}
