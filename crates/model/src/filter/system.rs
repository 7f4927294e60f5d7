//! The exclusions of system recipients: always in force for groups, never a part of their filters.
//!
//! Exchange writes them behind every filter when it stores one, and a filter that is copied from it
//! has them. Stored again they would pile up; here they are recognised and taken off.

use super::{
    Attributes, Filter, Property,
    comparison::{Comparison, Operator},
    node::Node,
};

/// Kinds of system recipients, in the words of RecipientTypeDetails.
const KINDS: [&str; 10] = [
    "MailboxPlan",
    "DiscoveryMailbox",
    "PublicFolderMailbox",
    "ArbitrationMailbox",
    "AuditLogMailbox",
    "AuxAuditLogMailbox",
    "SupervisoryReviewPolicyMailbox",
    "SystemMailbox",
    "SystemAttendantMailbox",
    "MonitoringMailbox",
];

/// Beginnings of the names of system recipients.
const NAMES: [&str; 2] = ["SystemMailbox{", "CAS_{"];

/// The exclusions, each as it would stand in a filter.
pub fn system_exclusions() -> Vec<String> {
    let names = NAMES.iter().map(|name| format!("Name -like '{name}*'"));
    let kinds = KINDS
        .iter()
        .map(|kind| format!("RecipientTypeDetailsValue -eq '{kind}'"));
    names
        .chain(kinds)
        .map(|comparison| format!("(-not({comparison}))"))
        .collect()
}

/// Whether a recipient is the system's own, and so belongs to no dynamic group.
pub fn is_system(of: &Attributes) -> bool {
    let kind = of.word(Property::RecipientTypeDetails);
    kind.is_some_and(|kind| KINDS.contains(&kind))
        || NAMES
            .iter()
            .any(|name| of.begins_with(Property::Name, name))
}

/// Whether a comparison holds for system recipients of one sort alone.
fn means_system(comparison: &Comparison, operator: Operator, like: Operator) -> bool {
    let value = comparison.shown.trim_matches('\'');
    let is = |known: &str| value.eq_ignore_ascii_case(known);
    match comparison.property {
        Property::RecipientTypeDetails | Property::RecipientTypeDetailsValue => {
            comparison.operator == operator && KINDS.iter().any(|kind| is(kind))
        }
        Property::Name => {
            comparison.operator == like && NAMES.iter().any(|name| is(&format!("{name}*")))
        }
        _ => false,
    }
}

/// Whether a part of a filter excludes system recipients of one sort, and does nothing else.
fn excludes_system(node: &Node) -> bool {
    match node {
        Node::Not(inner) => match &**inner {
            Node::Test(comparison) => means_system(comparison, Operator::Eq, Operator::Like),
            _ => false,
        },
        Node::Test(comparison) => means_system(comparison, Operator::Ne, Operator::NotLike),
        Node::And(_) | Node::Or(_) => false,
    }
}

/// The node without the exclusions that stand in a chain of `-and` at its top; `None` where
/// nothing else does.
fn stripped(node: Node) -> Option<Node> {
    match node {
        Node::And(parts) => {
            let mut kept: Vec<Node> = parts.into_iter().filter_map(stripped).collect();
            match kept.len() {
                0 => None,
                1 => kept.pop(),
                _ => Some(Node::And(kept)),
            }
        }
        node if excludes_system(&node) => None,
        node => Some(node),
    }
}

impl Filter {
    /// The filter without the exclusions of system recipients. One that has nothing else stays as
    /// it is: it says "everybody", and must say something.
    pub fn without_system_exclusions(self) -> Filter {
        match stripped(self.root.clone()) {
            Some(root) => Filter { root },
            None => self,
        }
    }
}
