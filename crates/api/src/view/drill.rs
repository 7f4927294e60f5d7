//! Drills: faults on purpose, what they must lead to, and what came of them.

use serde::{Deserialize, Serialize};

/// How a drill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DrillState {
    /// The fault is being injected, or its consequences are waited for.
    Running,
    /// Everything that must happen happened, and nothing that must not.
    Met,
    /// Something that must happen did not, or something happened that must not.
    Failed,
    /// It was broken off: nothing is said about the expectations.
    BrokenOff,
}

impl DrillState {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            DrillState::Running => "running",
            DrillState::Met => "met",
            DrillState::Failed => "failed",
            DrillState::BrokenOff => "broken off",
        }
    }
}

/// Something a drill must lead to, or must not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DrillExpectation {
    /// The expectation, in one sentence.
    pub text: String,
    /// Whether it held; unset while that is open.
    pub held: Option<bool>,
    /// What was found.
    #[serde(default)]
    pub found: String,
}

/// One step of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DrillStep {
    /// When.
    pub unix_ms: u64,
    /// What happened, in one sentence.
    pub text: String,
}

/// One drill, under way or over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DrillRun {
    /// Its id.
    pub id: String,
    /// Which drill.
    pub drill: String,
    /// The fault, in one sentence.
    pub fault: String,
    /// Who started it; `schedule` where nobody did.
    pub by: String,
    /// How it stands.
    pub state: DrillState,
    /// How it stood before it was ended; only in the answer to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_before: Option<DrillState>,
    /// When it was started.
    pub started_unix_ms: u64,
    /// When the fault was in force.
    #[serde(default)]
    pub injected_unix_ms: Option<u64>,
    /// When the fault ends by itself at the latest.
    #[serde(default)]
    pub deadline_unix_ms: Option<u64>,
    /// From the fault to its being noticed.
    #[serde(default)]
    pub detected_after_ms: Option<u64>,
    /// From the fault to its being repaired, or from its end to all being well again where nothing
    /// is to be repaired.
    #[serde(default)]
    pub repaired_after_ms: Option<u64>,
    /// When it was over.
    #[serde(default)]
    pub ended_unix_ms: Option<u64>,
    /// The recovery case that followed.
    #[serde(default)]
    pub case: Option<String>,
    /// Acts of repair and exits of processes that followed.
    #[serde(default)]
    pub acts: Vec<String>,
    /// What must happen, and what must not.
    #[serde(default)]
    pub expectations: Vec<DrillExpectation>,
    /// What happened, oldest first.
    #[serde(default)]
    pub steps: Vec<DrillStep>,
}

/// A drill there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DrillView {
    /// Its name.
    pub drill: String,
    /// The fault, in one sentence.
    pub fault: String,
    /// What clients notice.
    pub notice: String,
    /// Whether it touches real mail, and so wants a confirmation.
    pub touches_mail: bool,
    /// What must happen, and what must not.
    pub expects: Vec<String>,
    /// When it is run by itself.
    #[serde(default)]
    pub schedule: Option<String>,
    /// When that is next.
    #[serde(default)]
    pub next_unix_ms: Option<u64>,
    /// The last time it was run.
    #[serde(default)]
    pub last: Option<DrillRun>,
}

/// The drills there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DrillList {
    /// Whether this node allows faults.
    pub allowed: bool,
    /// What speaks against starting one now.
    pub refused_because: Vec<String>,
    /// The drills.
    pub drills: Vec<DrillView>,
    /// The one that is under way.
    #[serde(default)]
    pub running: Option<DrillRun>,
}
