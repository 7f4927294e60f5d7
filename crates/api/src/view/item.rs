//! What a health set is made of: its probes, its monitors and its responders, by name.

use serde::{Deserialize, Serialize};

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemType {
    /// It looks.
    Probe,
    /// It judges what a probe saw.
    Monitor,
    /// It repairs: a stage of recovery of a component.
    Responder,
}

impl ItemType {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            ItemType::Probe => "probe",
            ItemType::Monitor => "monitor",
            ItemType::Responder => "responder",
        }
    }
}

/// A probe, a monitor or a responder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthItem {
    /// The health set it belongs to.
    pub set: String,
    /// What it is.
    pub item_type: ItemType,
    /// Its name, as other commands take it; a responder's is its stage and what it does.
    pub name: String,
    /// The component that it is about.
    pub component: String,
    /// For a monitor the probe that it judges, for a responder the monitors after whose word it acts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
}

/// What health sets are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthItems {
    /// The node that was asked.
    pub node: String,
    /// Probes, monitors, responders, set by set.
    pub items: Vec<HealthItem>,
}
