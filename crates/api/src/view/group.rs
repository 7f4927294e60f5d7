//! A group of nodes that may not all be away at once: what each tells the others, and the lease
//! without which none takes itself away.

use serde::{Deserialize, Serialize};

use super::HealthState;

/// What a node tells the other members of its group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupStatus {
    /// The node's name.
    pub node: String,
    /// When its worker was started; another value is another life.
    pub started_unix_ms: u64,
    /// True where it serves: nothing that carries mail is confirmed bad, and it takes new mail.
    pub healthy: bool,
    /// The case for which it takes something away at this moment.
    #[serde(default)]
    pub acting: Option<String>,
    /// Why something of it is confirmed bad: a class of causes, or the kind of component where no
    /// class is known.
    #[serde(default)]
    pub bad_causes: Vec<String>,
    /// Its health sets.
    #[serde(default)]
    pub sets: Vec<GroupSet>,
}

/// A health set of a member, in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupSet {
    /// Its name.
    pub set: String,
    /// The state of its worst monitor.
    pub state: HealthState,
}

/// Another member of the group, as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupMember {
    /// The member's name; its address until it has been heard.
    pub name: String,
    /// How long ago it was last heard, in milliseconds; `None` where it never was.
    pub heard_age_ms: Option<u64>,
    /// What it said of itself then.
    pub healthy: bool,
    /// The case for which it was taking something away.
    #[serde(default)]
    pub acting: Option<String>,
    /// Why something of it was bad.
    #[serde(default)]
    pub bad_causes: Vec<String>,
    /// Its health sets then.
    #[serde(default)]
    pub sets: Vec<GroupSet>,
}

/// The group as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupView {
    /// This node, as it tells the others.
    pub node: GroupStatus,
    /// The other configured members.
    pub members: Vec<GroupMember>,
}

/// What the group says about an act of this node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupFacts {
    /// The other configured members.
    pub members: Vec<GroupMember>,
    /// The answer to this node's question for a lease; `None` where it did not ask.
    #[serde(default)]
    pub lease: Option<Lease>,
}

/// The members' answers to a question for a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Lease {
    /// Members that granted it, this node among them.
    pub granted: u32,
    /// Configured members, this node among them.
    pub members: u32,
    /// Why the others did not, a sentence each.
    #[serde(default)]
    pub refusals: Vec<String>,
}

impl Lease {
    /// True where more than half of the configured members granted it.
    pub fn is_held(&self) -> bool {
        self.granted > self.members / 2
    }
}

/// A member asks for the lease, renews it, or gives it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LeaseAsk {
    /// The member that asks.
    pub holder: String,
    /// The recovery case it is for.
    pub case: String,
    /// The stage of the act.
    pub stage: u8,
    /// True where the lease is given back.
    #[serde(default)]
    pub release: bool,
    /// The asking member's wall clock. Grows from question to question of one member, so that an
    /// old question cannot be put again by someone else.
    pub unix_ms: u64,
}

/// One member's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LeaseReply {
    /// Whether it grants the lease.
    pub granted: bool,
    /// Why, or why not.
    pub because: String,
}
