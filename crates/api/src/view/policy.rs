//! What policies come to, and what the enforcer makes of them on its host.

use mailward_model::{
    Revision,
    policy::{
        MemberChange, PolicyRefresh, PolicyResult,
        gpt_tmpl::{self, Encoding},
    },
};
use serde::{Deserialize, Serialize};

use super::role::SilentRole;
use crate::control::Role;

/// What holds on a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyReport {
    /// The revision of the objects for which this is true.
    pub revision: Revision,
    /// What holds, from which object, and what lost.
    pub result: PolicyResult,
    /// When each role of this node looked last at each part of it, and when it does again. Of another
    /// node, that node alone knows.
    #[serde(default)]
    pub refreshes: Vec<RoleRefresh>,
    /// Roles that did not answer, and why.
    #[serde(default)]
    pub silent: Vec<SilentRole>,
}

/// When a role looked last at one part of what policies come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoleRefresh {
    /// The role.
    pub role: Role,
    /// When.
    #[serde(flatten)]
    pub refresh: PolicyRefresh,
}

/// A change of a group of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupStep {
    /// The group.
    pub group: String,
    /// Whose membership changes.
    pub member: String,
    /// Put in, or taken out.
    pub change: MemberChange,
    /// The policy that says so; empty where none speaks of it any more.
    pub policy: String,
    /// Why, as a sentence without a full stop.
    pub because: String,
}

/// What keeps a group from being as policies say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupTrouble {
    /// The group.
    pub group: String,
    /// The name that is meant; the group's where it is meant itself.
    pub member: String,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

/// What was changed in the host's groups, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyRefreshed {
    /// False where it was only shown.
    pub applied: bool,
    /// The changes.
    pub steps: Vec<GroupStep>,
    /// What could not be told or done.
    pub troubles: Vec<GroupTrouble>,
    /// Groups that policies speak of.
    pub groups: u64,
}

/// A policy's restricted groups as a file of Windows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyFile {
    /// A whole GptTmpl.inf; its lines end with CR LF.
    pub text: String,
    /// True where it is to be written as UTF-8, and not as UTF-16 with its mark.
    pub utf8: bool,
}

impl PolicyFile {
    /// The file's octets.
    pub fn octets(&self) -> Vec<u8> {
        let encoding = match self.utf8 {
            true => Encoding::Utf8,
            false => Encoding::Utf16Le,
        };
        gpt_tmpl::encode(&self.text, encoding)
    }
}
