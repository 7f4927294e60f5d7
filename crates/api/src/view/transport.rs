//! Transport: connectors, gate, counters, the queue as a whole.

use serde::{Deserialize, Serialize};

use super::role::RoleStatus;

/// A receive connector at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConnectorStatus {
    /// Its name.
    pub connector: String,
    /// Whether it takes connections.
    pub enabled: bool,
    /// Addresses bound for it, with the port the system chose where the binding says 0.
    pub listening: Vec<std::net::SocketAddr>,
    /// Sessions now.
    pub sessions: u32,
    /// Sessions since the role began.
    pub sessions_total: u64,
    /// True after a fault was injected: it accepts and never answers.
    #[serde(default)]
    pub wedged: bool,
    /// Whether it takes mail, by the holds on it.
    #[serde(default)]
    pub state: super::hold::ServingState,
    /// True where it speaks LMTP.
    #[serde(default)]
    pub lmtp: bool,
    /// File of the certificate it shows; unset where STARTTLS is not offered.
    #[serde(default)]
    pub certificate: Option<String>,
}

/// Whether new mail is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GateView {
    /// The state behind `closed`: only `inactive` and `draining` close it.
    #[serde(default)]
    pub state: super::hold::ServingState,
    /// True: new mail is answered 421.
    pub closed: bool,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Since when.
    #[serde(default)]
    pub since_unix_ms: Option<u64>,
}

/// Whether the queue can take mail.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum QueueHealth {
    /// It can.
    #[default]
    Ok,
    /// The disk is full: 452.
    Full,
    /// The disk fails: 451.
    Failing,
}

/// The queue as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct QueueStats {
    /// Messages.
    pub messages: u64,
    /// Octets of their bodies.
    pub bytes: u64,
    /// Deliveries not settled.
    pub deliveries: u64,
    /// Of these, due and not yet being tried.
    #[serde(default)]
    pub ready: u64,
    /// Of these, being tried now.
    pub in_flight: u64,
    /// Of these, waiting for another try.
    pub deferred: u64,
    /// Of these, held by an administrator.
    pub held: u64,
    /// When the oldest message was accepted.
    #[serde(default)]
    pub oldest_unix_ms: Option<u64>,
    /// Syncs since the role began.
    pub syncs: u64,
    /// How long the last sync took, microseconds.
    pub sync_last_us: u64,
    /// How long the slowest took, microseconds.
    pub sync_max_us: u64,
    /// Whether it can take mail.
    pub health: QueueHealth,
    /// Free octets on its file system, where known.
    #[serde(default)]
    pub free_bytes: Option<u64>,
}

/// What transport did since it began.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Counters {
    /// Messages accepted.
    pub accepted: u64,
    /// Their octets.
    pub accepted_bytes: u64,
    /// Messages refused at the end of data.
    pub refused_messages: u64,
    /// Recipients refused.
    pub refused_recipients: u64,
    /// Sessions that used TLS.
    pub tls_sessions: u64,
    /// Recipients delivered.
    pub delivered: u64,
    /// Attempts that ended in a later retry, counted by recipient.
    pub deferred: u64,
    /// Recipients given up.
    pub failed: u64,
    /// Delivery status notifications made.
    pub dsns: u64,
    /// Journal reports delivered.
    pub journal_reports: u64,
    /// Recipients delivered through the high-risk pool.
    pub high_risk: u64,
    /// Transactions refused for want of a factor: range, certificate or tenant.
    pub factor_refusals: u64,
    /// What revocation filters said of peers.
    pub revocation: RevocationCounts,
    /// Header fields that the firewall took out of mail that came in.
    pub headers_stripped_in: HeaderCounts,
    /// Header fields that the firewall took out of mail that went out.
    pub headers_stripped_out: HeaderCounts,
    /// Cross-premises header fields that came in and became organization ones.
    pub headers_promoted: u64,
    /// Organization header fields that went out as cross-premises ones.
    pub headers_converted: u64,
}

/// What revocation filters said of the certificates that peers showed in handshakes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(default)]
pub struct RevocationCounts {
    /// Peers of whose certificate they said nothing.
    pub not_covered: u64,
    /// Peers whose certificate is not revoked.
    pub not_revoked: u64,
    /// Handshakes refused because it is.
    pub revoked: u64,
}

/// Header fields that the firewall took out, by family.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(default)]
pub struct HeaderCounts {
    /// `X-MS-Exchange-Organization-*`.
    pub organization: u64,
    /// `X-MS-Exchange-Forest-*`.
    pub forest: u64,
    /// `X-MS-Exchange-CrossPremises-*`.
    pub cross_premises: u64,
    /// `Received` and `Resent-*`.
    pub routing: u64,
}

impl HeaderCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.organization + self.forest + self.cross_premises + self.routing
    }
}

/// Transport's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TransportStatus {
    /// Itself.
    pub role: RoleStatus,
    /// Whether new mail is taken.
    pub gate: GateView,
    /// Receive connectors.
    pub connectors: Vec<ConnectorStatus>,
    /// Sessions now, over all connectors.
    pub sessions: u32,
    /// The queue.
    pub queue: QueueStats,
    /// What was done.
    pub counters: Counters,
}
