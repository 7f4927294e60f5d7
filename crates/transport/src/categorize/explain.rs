//! The plan of a message with its reasons: what `simulate message` prints.
//!
//! The plan is made by the same functions as for real mail; the reasons are asked for besides.

use mailward_model::{
    Decision, EmailAddress, Reply,
    plan::{DeliveryContent, JournalRecipient, Plan, Redirection},
};
use serde::Serialize;

use super::{
    journal::{self, ExplainedPair},
    plan::{Input, categorize_resolved, resolve},
    risk::{risks, wanted_pool},
    route::{Routing, route_place_explained},
};
use crate::snapshot::Snapshot;

/// A recipient that the message would be delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedRecipient {
    /// The final address.
    pub address: EmailAddress,
    /// What the sender wrote, where it follows from that.
    pub redirection: Option<Redirection>,
    /// The delivery queue, or the reply with which it fails; and why.
    pub next_hop: Decision<Result<String, Reply>>,
}

/// Whether a journal rule fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedJournalRule {
    /// Its name.
    pub rule: String,
    /// Its journal address.
    pub target: EmailAddress,
    /// Whether it fires, and why.
    pub fires: Decision<bool>,
    /// What it says to each recipient.
    pub pairs: Vec<ExplainedPair>,
}

/// What would follow from a message, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Everything that would follow.
    pub plan: Plan,
    /// Each final recipient with the choice of its next hop.
    pub recipients: Vec<ExplainedRecipient>,
    /// Each recipient that cannot be delivered to, the reply, and whether the sender is told.
    pub failures: Vec<(EmailAddress, Reply, bool)>,
    /// Why the message is risky; empty where it is not.
    pub risks: Vec<String>,
    /// Each journal rule in force.
    pub journal: Vec<ExplainedJournalRule>,
    /// The recipients as a report would name them.
    pub journal_recipients: Vec<JournalRecipient>,
}

/// Decides what would follow from a message, and says why. Changes nothing.
pub fn explain(snapshot: &Snapshot, input: &Input<'_>) -> Explained {
    let resolution = resolve(snapshot, input);
    let (mail_from, content) = (&input.envelope.mail_from, DeliveryContent::Message);
    let wanted = wanted_pool(mail_from, input.origin, &content);
    let risks = risks(mail_from, input.origin, &content);
    let recipients = resolution
        .recipients
        .iter()
        .map(|resolved| {
            let address = &resolved.rcpt.address;
            let routed =
                route_place_explained(snapshot, resolved.place, address, input.size, wanted);
            ExplainedRecipient {
                address: address.clone(),
                redirection: resolved.redirection.clone(),
                next_hop: routed.map(|routing: Routing| {
                    routing.into_next_hop().map(|next_hop| next_hop.to_string())
                }),
            }
        })
        .collect();
    let verdicts = journal::judge_all(snapshot, input, &resolution);
    let pairs = journal::judge_pairs(snapshot, input, &resolution);
    let rules = snapshot.journal_rules.iter().zip(verdicts).zip(pairs);
    let journal = rules
        .map(|((in_force, (rule, fires)), pairs)| ExplainedJournalRule {
            rule,
            target: in_force.rule.spec.journal_address.clone(),
            fires,
            pairs,
        })
        .collect();
    let journal_recipients = journal::recipients(snapshot, input, &resolution);
    let categorized = categorize_resolved(snapshot, input, resolution);
    Explained {
        plan: categorized.plan,
        recipients,
        failures: categorized
            .failures
            .into_iter()
            .map(|failure| (failure.rcpt.address, failure.reply, failure.reported))
            .collect(),
        risks: risks.iter().map(ToString::to_string).collect(),
        journal,
        journal_recipients,
    }
}
