//! Who administers, from which machines, and what they may: administrators, nodes, role groups.
//!
//! Never here: whether a command is carried out. That is decided where it arrives.

use serde::{Deserialize, Serialize};

use super::SmartHost;
use crate::{FieldError, object::Validate};

/// What an operation needs of whoever asks for it.
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
pub enum Right {
    /// To look, at everything but mail itself.
    Read,
    /// To change recipients and groups.
    Recipients,
    /// To change how mail comes and goes, and to act on the queue, its mail included.
    Transport,
    /// Everything: whoever may change who administers may all the rest.
    Organisation,
}

impl Right {
    /// Every right.
    pub const ALL: [Right; 4] = [
        Right::Read,
        Right::Recipients,
        Right::Transport,
        Right::Organisation,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Recipients => "recipients",
            Right::Transport => "transport",
            Right::Organisation => "organisation",
        }
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Groups of rights, as Exchange's role groups name them.
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
pub enum RoleGroup {
    /// Everything.
    OrganizationManagement,
    /// Recipients and groups.
    RecipientManagement,
    /// Connectors, certificates, queues, health.
    ServerManagement,
    /// To look, at everything but mail itself.
    ViewOnlyOrganizationManagement,
}

impl RoleGroup {
    /// Every role group.
    pub const ALL: [RoleGroup; 4] = [
        RoleGroup::OrganizationManagement,
        RoleGroup::RecipientManagement,
        RoleGroup::ServerManagement,
        RoleGroup::ViewOnlyOrganizationManagement,
    ];

    /// The rights of its members.
    pub fn rights(self) -> &'static [Right] {
        match self {
            RoleGroup::OrganizationManagement => &Right::ALL,
            RoleGroup::RecipientManagement => &[Right::Read, Right::Recipients],
            RoleGroup::ServerManagement => &[Right::Read, Right::Transport],
            RoleGroup::ViewOnlyOrganizationManagement => &[Right::Read],
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RoleGroup::OrganizationManagement => "organization_management",
            RoleGroup::RecipientManagement => "recipient_management",
            RoleGroup::ServerManagement => "server_management",
            RoleGroup::ViewOnlyOrganizationManagement => "view_only_organization_management",
        }
    }
}

impl std::fmt::Display for RoleGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether one of these groups gives a right.
pub fn gives(groups: &[RoleGroup], right: Right) -> bool {
    groups.iter().any(|group| group.rights().contains(&right))
}

fn yes() -> bool {
    true
}

fn twice(groups: &[RoleGroup]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if groups.iter().take(at).any(|other| other == group) {
            errors.push(FieldError::new(
                format!("role_groups[{at}]"),
                format!("{group} stands there already"),
                "name each role group once",
            ));
        }
    }
    errors
}

/// A person who may ask this organisation's nodes from another node. The object's name is the name of
/// the account that they sign in with on the node that they sit at.
///
/// On a node itself root and Mailward's own user may do everything; this is for what comes from
/// elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Administrator {
    /// Whether commands on their behalf are carried out.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// True once their access was taken away for good: whatever else is set, and whatever machine
    /// speaks for them, nothing is carried out.
    #[serde(default)]
    pub revoked: bool,
    /// The role groups they belong to; without one they may do nothing.
    #[serde(default)]
    pub role_groups: Vec<RoleGroup>,
    /// Who it is; for people.
    #[serde(default)]
    pub comment: String,
}

impl Default for Administrator {
    fn default() -> Self {
        Administrator {
            enabled: true,
            revoked: false,
            role_groups: Vec::new(),
            comment: String::new(),
        }
    }
}

impl Validate for Administrator {
    fn validate(&self) -> Vec<FieldError> {
        twice(&self.role_groups)
    }
}

/// A node of the organisation, as the others know it. The object's name is the name in its
/// certificate, its `hostname`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Whether commands from it are carried out, on anybody's behalf or its own.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Where it is asked: `HOST:PORT`, the `listen` of its `[remote]`. Without one it can ask and not
    /// be asked.
    #[serde(default)]
    pub endpoint: Option<SmartHost>,
    /// Whether it is believed on whose behalf it asks (Active Directory: trusted for delegation).
    /// Whoever is root there can then ask as any administrator.
    #[serde(default)]
    pub trusted_for_delegation: bool,
    /// What the machine itself may, where an operation goes on as the machine.
    #[serde(default)]
    pub role_groups: Vec<RoleGroup>,
}

impl Default for Node {
    fn default() -> Self {
        Node {
            enabled: true,
            endpoint: None,
            trusted_for_delegation: false,
            role_groups: Vec::new(),
        }
    }
}

/// Where mail is taken, and what [`SmartHost`] takes a text without a port for.
const SMTP_PORT: u16 = 25;

impl Validate for Node {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = twice(&self.role_groups);
        let smtp = self.endpoint.as_ref().filter(|at| at.port == SMTP_PORT);
        if let Some(endpoint) = smtp {
            errors.push(FieldError::new(
                "endpoint",
                format!("{endpoint} is where mail is taken"),
                "write HOST:PORT, with the port of `listen` in its [remote]",
            ));
        }
        errors
    }
}

/// Operations, by the words of their commands, that show and change nothing of any person's mail or
/// account: only these may go on as the machine where a delegation was refused.
pub const MACHINE_OPERATIONS: [&str; 12] = [
    "cert list",
    "directory sync run",
    "directory sync status",
    "health",
    "health group",
    "health holds",
    "health report",
    "health show",
    "perimeter refresh",
    "perimeter status",
    "recheck",
    "status",
];

/// Checks a list of operations that may go on as the machine where a delegation was refused: the value
/// of `ignore_delegation_failure`.
pub fn check_machine_operations(field: &str, operations: &[String]) -> Vec<FieldError> {
    let wrong = |(at, word): (usize, &String)| {
        let is_known = MACHINE_OPERATIONS.contains(&word.as_str());
        (!is_known).then(|| {
            FieldError::new(
                format!("{field}[{at}]"),
                format!("{word:?} may not go on as the machine, or is no command"),
                format!("choose among {}", MACHINE_OPERATIONS.join(", ")),
            )
        })
    };
    if operations.len() > MACHINE_OPERATIONS.len() {
        let most = MACHINE_OPERATIONS.len();
        let problem = format!("{} operations, and {most} may be listed", operations.len());
        return vec![FieldError::new(field, problem, "list each once")];
    }
    operations.iter().enumerate().filter_map(wrong).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_reads_and_only_one_gives_everything() {
        for group in RoleGroup::ALL {
            assert!(gives(&[group], Right::Read), "{group}");
            let all = Right::ALL.iter().all(|right| gives(&[group], *right));
            assert_eq!(all, group == RoleGroup::OrganizationManagement);
            let word = serde_json::to_value(group).ok();
            assert_eq!(word, Some(group.as_str().into()));
        }
        for right in Right::ALL {
            assert!(!gives(&[], right));
            assert_eq!(
                serde_json::to_value(right).ok(),
                Some(right.as_str().into())
            );
        }
    }

    #[test]
    fn nothing_is_trusted_by_default() {
        let node: Node = serde_json::from_str("{}").unwrap();
        assert_eq!(node, Node::default());
        assert!(!node.trusted_for_delegation && node.role_groups.is_empty());
        let administrator: Administrator = serde_json::from_str("{}").unwrap();
        assert_eq!(administrator, Administrator::default());
    }

    #[test]
    fn only_what_shows_nobodys_mail_may_be_listed() {
        let words = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert!(check_machine_operations("x", &words(&MACHINE_OPERATIONS)).is_empty());
        let errors = check_machine_operations("x", &words(&["status", "trace", "queue export"]));
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["x[1]", "x[2]"]);
        let text = r#"{"role_groups":["server_management","server_management"],"endpoint":"mx2"}"#;
        let node: Node = serde_json::from_str(text).unwrap();
        let errors = node.validate();
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["role_groups[1]", "endpoint"]);
    }
}
