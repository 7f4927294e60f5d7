//! The queue: delivery queues, messages, deliveries, recipients.

use std::{fmt, str::FromStr};

use mailward_model::{EmailAddress, MessageId, ReversePath};
use serde::{Deserialize, Serialize};

/// What a queue command acts on: one message, or everything for one next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueTarget {
    /// A message by its id.
    Message(MessageId),
    /// A delivery queue by its name, such as `connector/Internet/example.org`.
    NextHop(String),
}

/// A text that is neither a message id nor the name of a delivery queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither a message id (26 letters and digits) nor a delivery queue such as connector/Internet/example.org; `mailward queue list` shows both"
)]
pub struct QueueTargetError(String);

impl FromStr for QueueTarget {
    type Err = QueueTargetError;

    fn from_str(text: &str) -> Result<Self, QueueTargetError> {
        if let Ok(id) = text.parse() {
            return Ok(QueueTarget::Message(id));
        }
        // Names of delivery queues always have a slash, message ids never.
        match text.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() => {
                Ok(QueueTarget::NextHop(text.to_owned()))
            }
            _ => Err(QueueTargetError(text.chars().take(128).collect())),
        }
    }
}

impl fmt::Display for QueueTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueueTarget::Message(id) => id.fmt(f),
            QueueTarget::NextHop(name) => f.write_str(name),
        }
    }
}

impl Serialize for QueueTarget {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QueueTarget {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for QueueTarget {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QueueTarget".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A message id, or the name of a delivery queue.",
        })
    }
}

/// Which queued messages are meant. Unset fields let everything pass.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageFilter {
    /// Name of a delivery queue.
    pub next_hop: Option<String>,
    /// Envelope sender.
    pub from: Option<ReversePath>,
    /// A recipient, as given or as resolved.
    pub to: Option<EmailAddress>,
    /// Health probes too.
    pub probes: bool,
    /// Messages at most; 0 stands for 1,000.
    pub limit: u32,
}

/// A delivery queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueSummary {
    /// Its name: the next hop.
    pub next_hop: String,
    /// Deliveries in it.
    pub count: u64,
    /// Of these, being tried now.
    pub in_flight: u64,
    /// Of these, waiting for another try.
    pub deferred: u64,
    /// Held by an administrator.
    pub held: bool,
    /// When the oldest message in it was accepted.
    pub oldest_unix_ms: Option<u64>,
    /// When the next try is due.
    pub next_retry_unix_ms: Option<u64>,
    /// The last reply or failure.
    pub last_error: Option<String>,
}

/// All delivery queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueList {
    /// The queues.
    pub queues: Vec<QueueSummary>,
    /// Messages in the queue: one message may stand in several delivery queues.
    pub messages: u64,
}

/// A message, in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessageSummary {
    /// Its id.
    pub id: MessageId,
    /// Envelope sender.
    pub from: ReversePath,
    /// Recipients not settled, the first few.
    pub to: Vec<EmailAddress>,
    /// Recipients not settled, all of them.
    pub pending: u32,
    /// Octets.
    pub size: u64,
    /// When it was accepted.
    pub accepted_unix_ms: u64,
    /// `active`, `ready`, `retry`, `held`.
    pub state: String,
    /// Its delivery queues.
    pub next_hops: Vec<String>,
    /// When the next try is due.
    pub next_retry_unix_ms: Option<u64>,
    /// The last reply or failure.
    pub last_error: Option<String>,
    /// True for a health probe.
    #[serde(default)]
    pub probe: bool,
}

/// Messages, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessageList {
    /// The messages.
    pub messages: Vec<MessageSummary>,
    /// How many fit the filter; more than are listed where the limit cut them off.
    pub matching: u64,
}

/// The queue at a glance: `queue list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueListing {
    /// Delivery queues.
    pub queues: QueueList,
    /// Messages.
    pub messages: MessageList,
}

/// A recipient of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecipientView {
    /// To whom.
    pub address: EmailAddress,
    /// What the sender wrote, where it differs.
    #[serde(default)]
    pub original: Option<EmailAddress>,
    /// `pending`, `deferred`, `delivered`, `failed`, `removed`.
    pub state: String,
    /// The last reply.
    #[serde(default)]
    pub reply: Option<String>,
}

/// A delivery of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeliveryView {
    /// Its number within the message.
    pub no: u32,
    /// Its queue.
    pub next_hop: String,
    /// `message`, `journal_report`, `dsn`.
    pub content: String,
    /// MAIL FROM for the next hop.
    pub mail_from: ReversePath,
    /// `in_flight`, `ready`, `retry`, `held`, `settled`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next one is due.
    #[serde(default)]
    pub next_retry_unix_ms: Option<u64>,
    /// Who answered last.
    #[serde(default)]
    pub remote: Option<String>,
    /// To whom.
    pub recipients: Vec<RecipientView>,
}

/// A message, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Envelope sender.
    pub from: ReversePath,
    /// Envelope recipients, as given.
    pub to: Vec<EmailAddress>,
    /// Octets.
    pub size: u64,
    /// When it was accepted.
    pub accepted_unix_ms: u64,
    /// The receive connector.
    pub connector: String,
    /// The client, with what it said in EHLO.
    pub client: String,
    /// `ESMTPS` and the like.
    pub protocol: String,
    /// TLS version and cipher, where used.
    #[serde(default)]
    pub tls: Option<String>,
    /// True where an administrator holds it.
    pub held: bool,
    /// True for a health probe.
    pub probe: bool,
    /// Its deliveries, journal reports and bounces among them.
    pub deliveries: Vec<DeliveryView>,
}

/// What a command has touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Changed {
    /// Messages, deliveries or objects touched.
    pub count: u64,
    /// What was done, in one sentence.
    pub text: String,
}

/// Whether each queued message has an owner, a next act and a time by which it happens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueAudit {
    /// Messages looked at.
    pub messages: u64,
    /// Messages that no plan was made for, though they were accepted a while ago.
    pub unplanned: u64,
    /// Messages without an open delivery that are still here.
    pub unowned: u64,
    /// Deliveries that are due and that no worker of their next hop knows of.
    pub unannounced: u64,
    /// Deliveries that wait without an end.
    pub endless: u64,
    /// The first messages of these kinds.
    #[serde(default)]
    pub orphans: Vec<MessageId>,
    /// Open deliveries of journal reports.
    pub journal_open: u64,
    /// Of these, deferred at least once: parked at their journal.
    pub journal_parked: u64,
    /// When the oldest message with an open journal report was accepted.
    #[serde(default)]
    pub journal_oldest_unix_ms: Option<u64>,
}
