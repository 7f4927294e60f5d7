//! Precanned filters: kinds of recipients, narrowed by conditions.
//!
//! Kinds are alternatives. Values of one condition are alternatives, compared as a whole and
//! without regard to case; all conditions that are set must hold.

use super::{
    Catalogue, Filter, Property,
    attributes::fold,
    comparison::{Comparison, Operator, Wanted},
    node::Node,
};
use crate::kind::{Conditions, IncludedRecipients};

fn equal(property: Property, value: &str) -> Node {
    Node::Test(Comparison {
        property,
        operator: Operator::Eq,
        wanted: Wanted::Text(fold(value).into()),
        shown: format!("'{}'", value.replace('\'', "''")),
    })
}

fn is_kind(property: Property, word: &str) -> Option<Node> {
    Some(Node::Test(Comparison {
        property,
        operator: Operator::Eq,
        wanted: Wanted::Number(property.number(word)?),
        shown: format!("'{word}'"),
    }))
}

fn joined(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Option<Node> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(join(parts)),
    }
}

fn kinds(included: &[IncludedRecipients]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for kind in included {
        let (property, words): (_, &[&str]) = match kind {
            IncludedRecipients::AllRecipients => {
                nodes.push(Node::Test(Comparison {
                    property: Property::Alias,
                    operator: Operator::Ne,
                    wanted: Wanted::Nothing,
                    shown: "$null".to_owned(),
                }));
                continue;
            }
            IncludedRecipients::MailboxUsers => (Property::RecipientType, &["UserMailbox"]),
            IncludedRecipients::Resources => (
                Property::RecipientTypeDetails,
                &["RoomMailbox", "EquipmentMailbox"],
            ),
            IncludedRecipients::MailContacts => (Property::RecipientType, &["MailContact"]),
            IncludedRecipients::MailGroups => (
                Property::RecipientType,
                &[
                    "MailUniversalDistributionGroup",
                    "MailUniversalSecurityGroup",
                    "MailNonUniversalGroup",
                    "DynamicDistributionGroup",
                ],
            ),
            IncludedRecipients::MailUsers => (Property::RecipientType, &["MailUser"]),
        };
        nodes.extend(words.iter().filter_map(|word| is_kind(property, word)));
    }
    nodes
}

/// The filter that a precanned one amounts to; `None` where no kind is included.
pub fn precanned(included: &[IncludedRecipients], conditions: &Conditions) -> Option<Filter> {
    let mut parts = vec![joined(kinds(included), Node::Or)?];
    let mut values: Vec<(Property, Vec<Node>)> = Vec::new();
    for (condition, value) in conditions.iter() {
        let name = condition.exchange_name();
        let name = name.strip_prefix("Conditional").unwrap_or(name);
        let Some(property) = Property::find(name) else {
            continue;
        };
        match values.last_mut() {
            Some((last, nodes)) if *last == property => nodes.push(equal(property, value)),
            _ => values.push((property, vec![equal(property, value)])),
        }
    }
    let values = values.into_iter();
    parts.extend(values.filter_map(|(_, nodes)| joined(nodes, Node::Or)));
    joined(parts, Node::And).map(|root| Filter { root })
}
