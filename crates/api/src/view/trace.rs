//! Message tracking.

use serde::{Deserialize, Serialize};

/// One line of the tracking log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct TraceEntry {
    /// When.
    pub unix_ms: u64,
    /// `RECEIVE`, `SEND`, `DELIVER`, `FAIL`, …
    pub event: String,
    /// `SMTP`, `ROUTING`, `DSN`, …
    pub source: String,
    /// The message's id (network-message-id).
    pub id: String,
    /// Message-ID of its header.
    pub message_id: String,
    /// The connector.
    pub connector: String,
    /// The client's address.
    pub client_ip: String,
    /// The client's name.
    pub client: String,
    /// The server's address.
    pub server_ip: String,
    /// The server's name.
    pub server: String,
    /// Envelope sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Their status, in the same order.
    pub status: Vec<String>,
    /// Octets.
    pub bytes: u64,
    /// What the sender wrote, and the like.
    pub related: String,
    /// The event's reference.
    pub reference: String,
    /// Details of the step, such as TLS and the remote's reply.
    pub context: String,
}

/// Tracking entries, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trace {
    /// The entries.
    pub entries: Vec<TraceEntry>,
    /// True where the limit cut entries off.
    pub cut_off: bool,
}
