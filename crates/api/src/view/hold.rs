//! Holds on components: who wants what to take no new mail, why and until when.

use serde::{Deserialize, Serialize};

/// The component that stands for the whole of transport.
pub const SERVER_WIDE: &str = "ServerWideOffline";

/// On whose behalf a component is held; each releases only its own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum Requester {
    /// Managed availability: nothing else helped.
    #[serde(rename = "HealthAPI")]
    HealthApi,
    /// Work by a person; `drain` and `resume` are this one.
    Maintenance,
    /// The node is set aside.
    Sidelined,
    /// A function that is switched off.
    Functional,
    /// An update.
    Deployment,
}

impl Requester {
    /// Every requester.
    pub const ALL: [Requester; 5] = [
        Requester::HealthApi,
        Requester::Maintenance,
        Requester::Sidelined,
        Requester::Functional,
        Requester::Deployment,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Requester::HealthApi => "HealthAPI",
            Requester::Maintenance => "Maintenance",
            Requester::Sidelined => "Sidelined",
            Requester::Functional => "Functional",
            Requester::Deployment => "Deployment",
        }
    }
}

impl std::fmt::Display for Requester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no requester.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a requester: they are HealthAPI, Maintenance, Sidelined, Functional, Deployment"
)]
pub struct RequesterError(String);

impl std::str::FromStr for Requester {
    type Err = RequesterError;

    fn from_str(text: &str) -> Result<Self, RequesterError> {
        Requester::ALL
            .into_iter()
            .find(|requester| requester.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| RequesterError(text.to_owned()))
    }
}

/// What a hold wants of its component, the milder first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// No new transactions; those under way end.
    Draining,
    /// The same, and it is taken for out of service once they have ended.
    Inactive,
}

impl Wanted {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Wanted::Draining => "draining",
            Wanted::Inactive => "inactive",
        }
    }
}

/// A hold on a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hold {
    /// The component: `receive/NAME` or `ServerWideOffline`.
    pub component: String,
    /// On whose behalf.
    pub requester: Requester,
    /// What it wants.
    pub wanted: Wanted,
    /// Who set it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it was set.
    pub since_unix_ms: u64,
    /// When it ends by itself; never where unset.
    #[serde(default)]
    pub expires_unix_ms: Option<u64>,
    /// The recovery case it belongs to.
    #[serde(default)]
    pub case: Option<String>,
    /// The class of the cause it was set for: a storm of that class lifts it.
    #[serde(default)]
    pub cause: Option<String>,
}

/// Whether a component takes mail.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ServingState {
    /// It does.
    #[default]
    Active,
    /// Running transactions end; new ones are answered 421.
    Draining,
    /// It takes none.
    Inactive,
    /// The last hold has ended; this host tests it before others are let in.
    Warming,
}

impl ServingState {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            ServingState::Active => "active",
            ServingState::Draining => "draining",
            ServingState::Inactive => "inactive",
            ServingState::Warming => "warming",
        }
    }
}

/// A component and whether it takes mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ComponentState {
    /// `receive/NAME` or `ServerWideOffline`.
    pub component: String,
    /// Its state.
    pub state: ServingState,
    /// Since when.
    pub since_unix_ms: u64,
    /// Why, where it is not active.
    #[serde(default)]
    pub reason: String,
}

/// What the holds together want of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ComponentOrder {
    /// `receive/NAME` or `ServerWideOffline`.
    pub component: String,
    /// The most that is wanted.
    pub wanted: Wanted,
    /// Why, for the log and for `status`.
    pub reason: String,
}

/// All holds, and the state of every component.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HoldList {
    /// The holds.
    pub holds: Vec<Hold>,
    /// The components, as transport says; empty where it does not answer.
    pub components: Vec<ComponentState>,
}
