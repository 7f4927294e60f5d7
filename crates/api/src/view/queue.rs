//! The queue: delivery queues, messages, deliveries, recipients.

use std::{fmt, net::IpAddr, str::FromStr};

use mailward_model::{
    EmailAddress, MessageId, ReversePath,
    filter::{Attributes, MessageProperty, QueueProperty},
};
use serde::{Deserialize, Serialize};

use super::change::{CHANGES_MAX, StateChange};

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

/// What a queue command acts on: what is named, or all that a filter fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueSelection {
    /// A message, or a delivery queue.
    One(QueueTarget),
    /// Every message that fits.
    Messages(String),
    /// Every delivery queue that fits.
    Queues(String),
}

impl fmt::Display for QueueSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueueSelection::One(target) => target.fmt(f),
            QueueSelection::Messages(filter) => write!(f, "messages with {filter}"),
            QueueSelection::Queues(filter) => write!(f, "queues with {filter}"),
        }
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
    /// A filter over messages: `Size -gt 10MB`.
    pub filter: Option<String>,
    /// Health probes too.
    pub probes: bool,
    /// Messages at most; 0 stands for 1,000.
    pub limit: u32,
}

/// A delivery queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Deliveries that came in the last minute, as a number for each second.
    #[serde(default)]
    pub incoming_rate: f64,
    /// Deliveries that left in the last minute, as a number for each second.
    #[serde(default)]
    pub outgoing_rate: f64,
}

/// A rate for filters, which compare whole numbers: away from zero, so that what moves at all is
/// never 0.
fn whole(rate: f64) -> i64 {
    let whole = match rate < 0.0 {
        true => rate.floor(),
        false => rate.ceil(),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a rate is small, and the cast ends at the greatest number"
    )]
    let whole = whole as i64;
    whole
}

fn second(unix_ms: u64) -> i64 {
    i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX)
}

fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl QueueSummary {
    /// Its status, in Exchange's word.
    pub fn status(&self) -> &'static str {
        match self {
            one if one.held => "Suspended",
            one if one.in_flight > 0 => "Active",
            one if one.deferred > 0 => "Retry",
            _ => "Ready",
        }
    }

    /// The parts of its name.
    fn parts(&self) -> (&str, &str, &str) {
        let mut parts = self.next_hop.splitn(3, '/');
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next())
    }

    /// How mail leaves it, in Exchange's word where it has one.
    pub fn delivery_type(&self) -> &'static str {
        match self.parts() {
            ("mailbox", ..) => "SmtpDeliveryToMailbox",
            ("connector", _, "") => "SmartHostConnectorDelivery",
            ("connector", ..) => "DnsConnectorDelivery",
            ("journal", ..) => "Journal",
            _ => "Unreachable",
        }
    }

    /// The domain, the connector or the mailbox it leads to.
    pub fn next_hop_domain(&self) -> &str {
        match self.parts() {
            (_, name, "") => name,
            (_, _, domain) => domain,
        }
    }

    /// The send connector, where it has one.
    pub fn next_hop_connector(&self) -> Option<&str> {
        match self.parts() {
            ("connector", name, _) => Some(name),
            _ => None,
        }
    }

    /// How fast it becomes shorter, as a number for each second; below zero it grows.
    pub fn velocity(&self) -> f64 {
        self.outgoing_rate - self.incoming_rate
    }

    /// What filters see of it.
    pub fn attributes(&self) -> Attributes<QueueProperty> {
        let mut of = Attributes::default();
        of.set(QueueProperty::Identity, &self.next_hop);
        of.set(QueueProperty::DeliveryType, self.delivery_type());
        of.set(QueueProperty::NextHopDomain, self.next_hop_domain());
        let connector = self.next_hop_connector().unwrap_or_default();
        of.set(QueueProperty::NextHopConnector, connector);
        of.set(QueueProperty::Status, self.status());
        of.set_number(QueueProperty::MessageCount, count(self.count));
        let deferred = count(self.deferred);
        of.set_number(QueueProperty::DeferredMessageCount, deferred);
        for (property, rate) in [
            (QueueProperty::IncomingRate, self.incoming_rate),
            (QueueProperty::OutgoingRate, self.outgoing_rate),
            (QueueProperty::Velocity, self.velocity()),
        ] {
            of.set_number(property, whole(rate));
        }
        of.set(
            QueueProperty::LastError,
            self.last_error.as_deref().unwrap_or_default(),
        );
        if let Some(at) = self.next_retry_unix_ms {
            of.set_number(QueueProperty::NextRetryTime, second(at));
        }
        if let Some(at) = self.oldest_unix_ms {
            of.set_number(QueueProperty::OldestMessageTime, second(at));
        }
        of
    }
}

impl MessageSummary {
    /// Its status, in Exchange's word.
    pub fn status(&self) -> &'static str {
        match self.state.as_str() {
            "held" => "Suspended",
            "in_flight" => "Active",
            "retry" => "Retry",
            _ => "Ready",
        }
    }

    /// What filters see of it; of its recipients the first few, which it names.
    pub fn attributes(&self) -> Attributes<MessageProperty> {
        let mut of = Attributes::default();
        let mut text = |property, text: &str| of.set(property, text);
        text(MessageProperty::Identity, &self.id.to_string());
        text(MessageProperty::FromAddress, &self.from.to_string());
        text(MessageProperty::Status, self.status());
        text(MessageProperty::MessageSourceName, &self.connector);
        text(
            MessageProperty::Subject,
            self.subject.as_deref().unwrap_or_default(),
        );
        text(
            MessageProperty::LastError,
            self.last_error.as_deref().unwrap_or_default(),
        );
        if let Some(client) = self.client {
            text(
                MessageProperty::SourceIP,
                &client.to_canonical().to_string(),
            );
        }
        // People write it either way.
        if let Some(id) = &self.message_id {
            text(MessageProperty::InternetMessageId, id);
            let bare = id.trim_start_matches('<').trim_end_matches('>');
            text(MessageProperty::InternetMessageId, bare);
        }
        for queue in &self.next_hops {
            text(MessageProperty::Queue, queue);
        }
        for recipient in &self.to {
            text(MessageProperty::Recipients, &recipient.to_string());
        }
        for (property, moment) in [
            (MessageProperty::DateReceived, Some(self.accepted_unix_ms)),
            (MessageProperty::ExpirationTime, self.expires_unix_ms),
            (MessageProperty::NextRetryTime, self.next_retry_unix_ms),
        ] {
            if let Some(at) = moment {
                of.set_number(property, second(at));
            }
        }
        of.set_number(MessageProperty::Size, count(self.size));
        of.set_number(MessageProperty::RecipientCount, i64::from(self.pending));
        of.set_number(MessageProperty::RetryCount, i64::from(self.attempts));
        of.set_number(MessageProperty::IsProbeMessage, i64::from(self.probe));
        of
    }
}

/// All delivery queues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// The Subject field.
    #[serde(default)]
    pub subject: Option<String>,
    /// The Message-ID field.
    #[serde(default)]
    pub message_id: Option<String>,
    /// The receive connector.
    #[serde(default)]
    pub connector: String,
    /// The client's address.
    #[serde(default)]
    pub client: Option<IpAddr>,
    /// Attempts so far, of the delivery that was tried most often.
    #[serde(default)]
    pub attempts: u32,
    /// When it is given up; `None` where it never is.
    #[serde(default)]
    pub expires_unix_ms: Option<u64>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// The Subject field.
    #[serde(default)]
    pub subject: Option<String>,
    /// The Message-ID field.
    #[serde(default)]
    pub message_id: Option<String>,
    /// When it is given up; `None` where it never is.
    #[serde(default)]
    pub expires_unix_ms: Option<u64>,
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
    /// What is another thing than before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StateChange>,
}

impl Changed {
    /// Something was done, and nothing that is kept is another thing now.
    pub fn nothing(count: u64, text: impl Into<String>) -> Changed {
        Changed::by(count, text, Vec::new())
    }

    /// Something was done, and these are other things now.
    pub fn by(count: u64, text: impl Into<String>, mut changes: Vec<StateChange>) -> Changed {
        changes.retain(StateChange::is_one);
        changes.truncate(CHANGES_MAX);
        Changed {
            count,
            text: text.into(),
            changes,
        }
    }
}

/// What a queue command has touched, or would touch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueActed {
    /// Deliveries touched; for a removal, messages.
    pub count: u64,
    /// What was done, in one sentence.
    pub text: String,
    /// Messages or delivery queues that were meant.
    #[serde(default)]
    pub matching: u64,
    /// Of these, those that were touched, or would be, by id or name: the first 10,000.
    #[serde(default)]
    pub done: Vec<String>,
    /// Of these, those where it failed: the first 10,000.
    #[serde(default)]
    pub failed: Vec<QueueFailure>,
    /// True where nothing was done.
    #[serde(default)]
    pub dry_run: bool,
    /// What is another thing than before: the first 1,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StateChange>,
    /// How many more are.
    #[serde(default)]
    pub changes_left_out: u64,
}

impl QueueActed {
    /// Adds what is another thing now.
    pub fn add(&mut self, change: StateChange) {
        if !change.is_one() {
            return;
        }
        match self.changes.len() < CHANGES_MAX {
            true => self.changes.push(change),
            false => self.changes_left_out += 1,
        }
    }
}

/// A message or a delivery queue on which a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueFailure {
    /// Which.
    pub target: String,
    /// Why.
    pub error: String,
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
