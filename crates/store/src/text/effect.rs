//! What a change means: which fields, from what to what, and when it takes effect.

use std::fmt;

use mailward_model::{Kind, Object, Spec};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Defaults, Fields};
use crate::change::ChangeOp;

/// Entries of a list that an effect names; the rest is counted.
const ENTRIES_MAX: usize = 8;

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What it says so far; null where it is unset.
    pub from: Value,
    /// What it says from then on.
    pub to: Value,
}

/// A change in its effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Effect {
    /// The object's kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Created, replaced, renamed or removed.
    pub op: ChangeOp,
    /// The fields that change; none for an object that is created or removed.
    pub fields: Vec<FieldChange>,
    /// When and how it takes effect, as a sentence without a full stop.
    pub takes_effect: String,
}

/// The effect of bringing an object from one spec to another; `None` before is creation, `None`
/// after is removal.
pub fn effect(name: &str, before: Option<&Spec>, after: Option<&Spec>) -> Effect {
    let kind = before.or(after).map_or(Kind::TransportSettings, Spec::kind);
    let (op, fields) = match (before, after) {
        (None, _) => (ChangeOp::Create, Vec::new()),
        (_, None) => (ChangeOp::Remove, Vec::new()),
        (Some(before), Some(after)) => (ChangeOp::Replace, differences(before, after)),
    };
    Effect {
        kind,
        name: name.to_owned(),
        op,
        takes_effect: takes_effect(kind, op, &fields).to_owned(),
        fields,
    }
}

/// What an object says, its defaults left out: `address "anna@example.org", hidden true`.
pub fn told(spec: &Spec) -> String {
    let fields = Defaults::default().differing(spec);
    let fields: Vec<String> = fields
        .iter()
        .map(|(field, value)| format!("{field} {}", shown(value)))
        .collect();
    fields.join(", ")
}

impl Effect {
    /// The effect of another name.
    pub fn renamed(object: &Object, to: &str) -> Effect {
        Effect {
            kind: object.spec.kind(),
            name: to.to_owned(),
            op: ChangeOp::Rename,
            fields: vec![FieldChange {
                field: "name".to_owned(),
                from: Value::from(object.name.as_str()),
                to: Value::from(to),
            }],
            takes_effect: "at once".to_owned(),
        }
    }
}

fn differences(before: &Spec, after: &Spec) -> Vec<FieldChange> {
    let before = Fields::of(before);
    Fields::of(after)
        .0
        .into_iter()
        .filter_map(|(field, to)| {
            let from = before.get(&field).cloned().unwrap_or(Value::Null);
            (from != to).then_some(FieldChange { field, from, to })
        })
        .collect()
}

/// Other connectors may have the same address: then nothing is opened and nothing restarts.
const BINDINGS_CHANGE: &str = "takes effect at once; where an address is new or gone, transport restarts while its other listening sockets stay open";

/// When a change of this kind takes effect.
fn takes_effect(kind: Kind, op: ChangeOp, fields: &[FieldChange]) -> &'static str {
    let touches = |names: &[&str]| fields.iter().any(|f| names.contains(&f.field.as_str()));
    match (kind, op) {
        (Kind::ReceiveConnector, ChangeOp::Create | ChangeOp::Remove) => BINDINGS_CHANGE,
        (Kind::ReceiveConnector, _) if touches(&["bindings", "enabled"]) => BINDINGS_CHANGE,
        (Kind::ReceiveConnector, _) => "takes effect for new sessions at once",
        (Kind::SenderFeed, _) => "takes effect at once; its source is read within seconds",
        (Kind::SendConnector, ChangeOp::Remove) => {
            "mail waiting for it is routed anew when it is next tried"
        }
        (Kind::SendConnector, _) => "takes effect for new connections at once",
        (Kind::AcceptedDomain, ChangeOp::Remove) => {
            "mail for it is refused at once, unless the sender may relay"
        }
        (Kind::Mailbox, ChangeOp::Remove) => {
            "mail for it is refused at once; what its Maildir holds stays"
        }
        (
            Kind::MailContact
            | Kind::MailUser
            | Kind::DistributionGroup
            | Kind::DynamicDistributionGroup,
            ChangeOp::Remove,
        ) => "mail for it is refused at once",
        (
            Kind::AcceptedDomain
            | Kind::Mailbox
            | Kind::MailContact
            | Kind::MailUser
            | Kind::DistributionGroup
            | Kind::DynamicDistributionGroup,
            _,
        ) => "takes effect for new recipients at once",
        (Kind::DirectorySource, ChangeOp::Remove) => {
            "what came from it stays, and is followed no more"
        }
        (Kind::DirectorySource, _) => "it is read anew at once",
        (Kind::JournalRule, _) => "takes effect for messages accepted from now on",
        (Kind::TransportSettings, _) => {
            "takes effect at once; mail that waits is tried by the new schedule"
        }
        (Kind::HealthSettings, _) => "takes effect with the next probe",
        (Kind::AlertChannel, _) => "takes effect for the next alert",
        (Kind::MonitoringOverride, _) => "takes effect within a second",
        (Kind::Probe, ChangeOp::Remove) => "it is watched no more at once",
        (Kind::Probe, _) => "takes effect with its next run",
        (Kind::UntrustedFeed, ChangeOp::Remove) => {
            "what it listed is refused no more within a second"
        }
        (Kind::UntrustedFeed, _) => "takes effect at once; its source is read within seconds",
        (Kind::Endpoint, ChangeOp::Remove) => "it is tested no more",
        (Kind::Endpoint, _) => {
            "it is tested within seconds, where its last test is ten minutes old"
        }
        (Kind::UntrustedCertificate, ChangeOp::Remove) => "it is refused no more within a second",
        (Kind::UntrustedCertificate, _) => {
            "it is refused within a second, and sessions that showed it are cut"
        }
        (Kind::PolicySettings, _) => "takes effect at once",
        (Kind::Site, _) => "policies for it are applied anew at once",
        (Kind::Policy, ChangeOp::Remove) => {
            "what stood before is in force again at once, groups of hosts within seconds"
        }
        (Kind::Policy, _) => "takes effect at once, groups of hosts within seconds",
        (Kind::Node | Kind::Administrator, _) => "takes effect for the next command",
    }
}

impl fmt::Display for Effect {
    /// `receive-connector "Internet": max_message_size 36MB → 50MB; takes effect for new …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: ", self.kind.noun(), self.name)?;
        match self.op {
            ChangeOp::Create => f.write_str("created")?,
            ChangeOp::Remove => f.write_str("removed")?,
            ChangeOp::Replace | ChangeOp::Rename => {
                for (at, field) in self.fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{field}")?;
                }
            }
        }
        write!(f, "; {}", self.takes_effect)
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.field)?;
        let (Value::Array(from), Value::Array(to)) = (&self.from, &self.to) else {
            return write!(f, "{} → {}", shown(&self.from), shown(&self.to));
        };
        let removed: Vec<_> = from.iter().filter(|entry| !to.contains(entry)).collect();
        let added: Vec<_> = to.iter().filter(|entry| !from.contains(entry)).collect();
        match (removed.is_empty(), added.is_empty()) {
            // Only the order or the number of equal entries differs.
            (true, true) => write!(f, "{} → {}", listed(from.iter()), listed(to.iter())),
            (true, false) => write!(f, "+ {}", listed(added)),
            (false, true) => write!(f, "− {}", listed(removed)),
            (false, false) => write!(f, "− {} + {}", listed(removed), listed(added)),
        }
    }
}

fn listed<'a>(entries: impl IntoIterator<Item = &'a Value>) -> String {
    let mut entries = entries.into_iter();
    let mut words: Vec<_> = entries.by_ref().take(ENTRIES_MAX).map(shown).collect();
    match entries.count() {
        0 => {}
        more => words.push(format!("and {more} more")),
    }
    format!("[{}]", words.join(", "))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "unset".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(entries) => listed(entries),
        other => other.to_string(),
    }
}
