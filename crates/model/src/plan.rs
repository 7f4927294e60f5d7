//! What follows from an accepted message: its deliveries, journal reports and bounces.
//!
//! The categorizer makes a [`Plan`] from the envelope and the directory; the queue keeps it durably
//! with the message, as one record; delivery reads it and answers with a [`Settlement`].
//!
//! Invariant: a journal report and a DSN never carry the message's octets. They are composed from
//! the stored original while they are being delivered.

use serde::{Deserialize, Serialize};

use crate::{Domain, EmailAddress, EnvelopeRecipient, MessageId, Reply, ReversePath};

/// A delivery's place in its message's plan; never reused within a message.
pub type DeliveryNo = u32;

/// Where a delivery goes: the key of a delivery queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NextHop {
    /// A Maildir of this node, by the mailbox object's name.
    Mailbox {
        /// Name of the mailbox object.
        mailbox: String,
    },
    /// A send connector that hands everything to smart hosts or to an LMTP server.
    SmartHost {
        /// Name of the send connector.
        connector: String,
    },
    /// A send connector that looks up the recipient domain's MX hosts.
    Domain {
        /// Name of the send connector.
        connector: String,
        /// The recipients' domain.
        domain: Domain,
    },
    /// No send connector takes this domain: it waits until one does.
    Unreachable {
        /// The recipients' domain.
        domain: Domain,
    },
    /// The journal reports for one target that is not a mailbox here. By which send connector they
    /// go is found out when they are delivered, so that a report never has to move to another queue.
    Journal {
        /// The target, as its journal rule names it.
        target: EmailAddress,
    },
}

impl std::fmt::Display for NextHop {
    /// The name of the delivery queue, as `queue list` shows it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NextHop::Mailbox { mailbox } => write!(f, "mailbox/{mailbox}"),
            NextHop::SmartHost { connector } => write!(f, "connector/{connector}"),
            NextHop::Domain { connector, domain } => write!(f, "connector/{connector}/{domain}"),
            NextHop::Unreachable { domain } => write!(f, "unreachable/{domain}"),
            NextHop::Journal { target } => write!(f, "journal/{target}"),
        }
    }
}

/// How a recipient came to be one: shown in tracking and in the journal report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redirection {
    /// A member of this group, which the sender addressed.
    Expanded(EmailAddress),
    /// The forwarding target of this recipient, whom the sender addressed.
    Forwarded(EmailAddress),
}

/// A recipient of one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecipient {
    /// The address for the next hop, with the DSN parameters that go with it.
    pub rcpt: EnvelopeRecipient,
    /// What the sender wrote, where this recipient follows from it.
    pub redirection: Option<Redirection>,
}

/// The kind word of a recipient line in a journal report (MS-XJRNL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JournalRole {
    /// Addressed in To, verified.
    To,
    /// Addressed in Cc, verified.
    Cc,
    /// In no header, submitted by an authenticated user.
    Bcc,
    /// Role unknown or not trustworthy.
    Recipient,
}

/// One recipient line of a journal report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRecipient {
    /// How the sender addressed it.
    pub role: JournalRole,
    /// Who got the message.
    pub address: EmailAddress,
    /// What the sender wrote, where it differs.
    pub redirection: Option<Redirection>,
}

/// How addresses stand in a report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JournalAddressForm {
    /// `anna@example.org`, as Exchange writes them.
    #[default]
    Bare,
    /// `<anna@example.org>`, for archives that look for the brackets.
    Angle,
}

/// What a journal rule says about the text of its reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalFormat {
    /// How addresses stand.
    pub addresses: JournalAddressForm,
    /// The Label line, where one is wanted.
    pub label: Option<String>,
    /// Whether there is a SentUtc line.
    pub sent_utc: bool,
}

/// Why a journal report goes where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum JournalErrand {
    /// To its target, as the message asks for it.
    #[default]
    Target,
    /// To the alternate journal mailbox, because its target did not take it.
    Alternate,
    /// To its target once more, because somebody asked for that.
    Again,
}

/// A journal report to be composed: everything but the original's octets and headers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalReport {
    /// Names of the journal rules that asked for it.
    pub rules: Vec<String>,
    /// All recipients of the message, not only those that a rule matched.
    pub recipients: Vec<JournalRecipient>,
    /// For whom, as the rules name it; unset in reports that were stored before this was kept.
    pub target: Option<EmailAddress>,
    /// What the rules say about its text.
    pub format: JournalFormat,
    /// Why it goes where it goes.
    pub errand: JournalErrand,
}

/// Which delivery status notification (RFC 3464).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DsnAction {
    /// Delivery failed for good.
    Failed,
    /// Delivery is late; it goes on being tried.
    Delayed,
    /// Delivered, and a report was asked for.
    Delivered,
    /// Handed to a server that makes no reports of its own, and a report was asked for.
    Relayed,
    /// Delivered to a group that was expanded, and a report was asked for.
    Expanded,
}

/// What a DSN says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DsnRecipient {
    /// Final-Recipient.
    pub rcpt: EnvelopeRecipient,
    /// Action.
    pub action: DsnAction,
    /// Status and Diagnostic-Code: the remote's words, or our own reason.
    pub reply: Reply,
    /// Remote-MTA, where one answered.
    pub remote: Option<String>,
    /// Last-Attempt-Date, Unix milliseconds.
    pub last_attempt_unix_ms: Option<u64>,
    /// Will-Retry-Until, Unix milliseconds, for delays.
    pub retry_until_unix_ms: Option<u64>,
}

/// What a delivery hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryContent {
    /// The message as received.
    Message,
    /// A journal report with the message attached.
    JournalReport(JournalReport),
    /// A delivery status notification about the message.
    Dsn {
        /// One block per recipient reported on.
        recipients: Vec<DsnRecipient>,
    },
}

/// [`DeliveryContent`] as it is stored. What stands in a queue is read by later programs too, so a
/// variant is never changed, only added behind the others.
#[derive(Serialize, Deserialize)]
#[serde(rename = "DeliveryContent")]
enum StoredContent<R, J, D> {
    Message,
    /// Rules and recipients alone: no longer written.
    Report {
        rules: R,
        recipients: J,
    },
    Dsn {
        recipients: D,
    },
    JournalReport(StoredReport<R, J>),
}

/// A journal report as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredReport<R, J> {
    rules: R,
    recipients: J,
    target: Option<EmailAddress>,
    format: JournalFormat,
    errand: JournalErrand,
}

impl Serialize for DeliveryContent {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stored = match self {
            DeliveryContent::Message => StoredContent::Message,
            DeliveryContent::Dsn { recipients } => StoredContent::Dsn { recipients },
            DeliveryContent::JournalReport(report) => StoredContent::JournalReport(StoredReport {
                rules: &report.rules,
                recipients: &report.recipients,
                target: report.target.clone(),
                format: report.format.clone(),
                errand: report.errand,
            }),
        };
        stored.serialize(to)
    }
}

impl<'de> Deserialize<'de> for DeliveryContent {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        type Stored = StoredContent<Vec<String>, Vec<JournalRecipient>, Vec<DsnRecipient>>;
        Ok(match Stored::deserialize(from)? {
            StoredContent::Message => DeliveryContent::Message,
            StoredContent::Report { rules, recipients } => {
                DeliveryContent::JournalReport(JournalReport {
                    rules,
                    recipients,
                    ..JournalReport::default()
                })
            }
            StoredContent::Dsn { recipients } => DeliveryContent::Dsn { recipients },
            StoredContent::JournalReport(stored) => DeliveryContent::JournalReport(JournalReport {
                rules: stored.rules,
                recipients: stored.recipients,
                target: stored.target,
                format: stored.format,
                errand: stored.errand,
            }),
        })
    }
}

/// One delivery: what goes where, to whom, in one SMTP transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number within the message.
    pub no: DeliveryNo,
    /// Where it goes.
    pub next_hop: NextHop,
    /// MAIL FROM for the next hop.
    pub mail_from: ReversePath,
    /// To whom.
    pub recipients: Vec<DeliveryRecipient>,
    /// What.
    pub content: DeliveryContent,
}

/// A step of resolution to be tracked (EXPAND, REDIRECT, RESOLVE, …), for `trace`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolutionNote {
    /// What the sender wrote.
    pub from: EmailAddress,
    /// What became of it; empty for a group without members.
    pub to: Vec<EmailAddress>,
    /// Which step.
    pub step: ResolutionStep,
}

/// The steps of recipient resolution that tracking names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResolutionStep {
    /// A proxy address was replaced by the primary one.
    Resolve,
    /// A group was replaced by its members.
    Expand,
    /// A recipient forwards.
    Redirect,
    /// The same recipient was reached twice; one was dropped.
    Duplicate,
}

/// Everything that follows from one message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The deliveries, journal reports and immediate bounces among them.
    pub deliveries: Vec<Delivery>,
    /// How recipients were resolved.
    pub notes: Vec<ResolutionNote>,
}

/// What became of one recipient of one delivery in one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientOutcome {
    /// Index into the delivery's recipients.
    pub recipient: u32,
    /// The fate.
    pub fate: Fate,
    /// The reply that decided it: the remote's, or our own.
    pub reply: Reply,
}

/// Fates of a recipient in an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// The next hop took responsibility.
    Delivered,
    /// To be tried again.
    Deferred,
    /// Refused for good, or expired.
    Failed,
    /// Taken out by an administrator.
    Removed,
}

/// The result of one attempt at a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Which message.
    pub message: MessageId,
    /// Which delivery of it.
    pub delivery: DeliveryNo,
    /// One per recipient attempted. A recipient not named stays as it was.
    pub outcomes: Vec<RecipientOutcome>,
    /// When to try the deferred ones again, Unix milliseconds.
    pub retry_unix_ms: Option<u64>,
    /// Who answered, for `queue show` and reports.
    pub remote: Option<String>,
    /// What follows from this outcome: bounces, delay and success reports. Durable in the same
    /// record as the outcome, so that no bounce is lost or made twice.
    pub follow_ups: Vec<Delivery>,
}
