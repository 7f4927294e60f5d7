//! Whether a message that goes in arrives.

use serde::{Deserialize, Serialize};

use super::ProbeView;

/// What became of one probe message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MailflowResult {
    /// The receive connector through which it went in.
    pub connector: String,
    /// Whether it arrived.
    pub arrived: bool,
    /// How long that took, from its signature to the mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What was seen, step by step.
    pub probe: ProbeView,
}

/// Probe messages that were sent now, and what became of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MailflowTest {
    /// The node that was asked.
    pub node: String,
    /// One for each receive connector.
    pub results: Vec<MailflowResult>,
}

impl MailflowTest {
    /// True where every message arrived, and there was one.
    pub fn is_well(&self) -> bool {
        !self.results.is_empty() && self.results.iter().all(|one| one.arrived)
    }
}
