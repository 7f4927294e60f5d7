//! Directory sources: how each stands, and what a sync would do or has done.

use serde::{Deserialize, Serialize};

use super::{Held, PlanView};

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// It is not enabled.
    Off,
    /// A server is being connected to.
    Connecting,
    /// The whole of it is being read.
    Reading,
    /// Every change is followed.
    Following,
    /// It would remove too much and waits for a person.
    Held,
    /// No server can be used; it is tried again.
    Failing,
    /// Another node that shares the objects follows it.
    Elsewhere,
}

impl SyncState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            SyncState::Off => "off",
            SyncState::Connecting => "connecting",
            SyncState::Reading => "reading",
            SyncState::Following => "following",
            SyncState::Held => "held",
            SyncState::Failing => "failing",
            SyncState::Elsewhere => "elsewhere",
        }
    }
}

/// An entry that becomes no recipient, or not as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SkippedEntry {
    /// Its distinguished name.
    pub entry: String,
    /// Why.
    pub because: String,
}

/// One directory source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DirectorySyncSource {
    /// Its name.
    pub source: String,
    /// How it stands.
    pub state: SyncState,
    /// Why, where it is held or failing.
    #[serde(default)]
    pub because: Option<String>,
    /// Since when.
    pub since_unix_ms: u64,
    /// The server in use.
    #[serde(default)]
    pub server: Option<String>,
    /// How changes are heard of.
    #[serde(default)]
    pub follows_by: Option<String>,
    /// Entries read that the filter lets in.
    pub entries: u64,
    /// Recipients here that follow one of them.
    pub recipients: u64,
    /// When the whole was last read.
    #[serde(default)]
    pub read_unix_ms: Option<u64>,
    /// When the directory was last heard: a change, or that there was none.
    #[serde(default)]
    pub heard_unix_ms: Option<u64>,
    /// When recipients were last changed by it.
    #[serde(default)]
    pub changed_unix_ms: Option<u64>,
    /// What it asks, where it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Entries left out, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedEntry>,
    /// How many are left out.
    pub skipped_all: u64,
}

/// Every directory source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DirectorySyncStatus {
    /// The sources, by name.
    pub sources: Vec<DirectorySyncSource>,
}

/// What a sync would do, or has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DirectorySyncRun {
    /// The source.
    pub source: String,
    /// The server that was read.
    pub server: String,
    /// Entries read that the filter lets in.
    pub entries: u64,
    /// Recipients that come, change and go.
    pub plan: PlanView,
    /// Entries left out, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedEntry>,
    /// How many are left out.
    pub skipped_all: u64,
}
