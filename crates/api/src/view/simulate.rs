//! What would happen: the server's own decisions on something that did not happen.

use std::net::{IpAddr, SocketAddr};

use mailward_model::{Decision, EmailAddress, PassedOver, ReversePath, kind::Factor};
use serde::{Deserialize, Serialize};

/// Which receive connector takes a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConnectionChoice {
    /// The client.
    pub remote: IpAddr,
    /// The local address.
    pub local: SocketAddr,
    /// The connector, or none: the connection is then closed without a greeting.
    pub decision: Decision<Option<String>>,
    /// By what the connector knows its senders, where it looks.
    #[serde(default)]
    pub factors: Vec<FactorFinding>,
}

/// What one factor of a receive connector comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FactorFinding {
    /// `range`, `certificate`, `tenant`.
    pub factor: String,
    /// Whether mail without it is refused.
    pub counts: Factor,
    /// Whether it is met; unset where that shows only in a session or a message.
    #[serde(default)]
    pub met: Option<bool>,
    /// Why.
    pub reason: String,
}

/// A delivery that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedDelivery {
    /// Where to.
    pub next_hop: String,
    /// `message`, `journal_report`, `dsn`.
    pub content: String,
    /// MAIL FROM for the next hop.
    pub mail_from: ReversePath,
    /// To whom, with the way each recipient came about.
    pub recipients: Vec<PlannedRecipient>,
    /// The pool of its send connector, `normal` or `high-risk`; empty where none takes it out.
    #[serde(default)]
    pub pool: String,
    /// Why this next hop.
    #[serde(default)]
    pub because: String,
    /// Next hops passed over.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

/// A recipient of a delivery that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedRecipient {
    /// To whom.
    pub address: EmailAddress,
    /// Where it came from: `member of staff@example.org`; empty where the sender wrote it.
    #[serde(default)]
    pub by_way_of: String,
}

/// What would be answered to a recipient at RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecipientAnswer {
    /// The recipient.
    pub address: EmailAddress,
    /// The reply.
    pub reply: String,
    /// Whether it is taken.
    pub accepted: bool,
}

/// What would follow from a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessagePlan {
    /// The receive connector that would take it.
    pub connector: Decision<Option<String>>,
    /// By what the connector knows its senders, where it looks.
    #[serde(default)]
    pub factors: Vec<FactorFinding>,
    /// The reply with which the message is refused for want of a factor.
    #[serde(default)]
    pub refused: Option<String>,
    /// Why the message is judged risky; empty where it is not.
    #[serde(default)]
    pub risks: Vec<String>,
    /// The answers at RCPT.
    pub recipients: Vec<RecipientAnswer>,
    /// The deliveries.
    pub deliveries: Vec<PlannedDelivery>,
    /// How recipients were resolved, one sentence each.
    pub notes: Vec<String>,
}
