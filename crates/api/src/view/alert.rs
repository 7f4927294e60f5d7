//! Alerts: what people are told, by which channels, and what they said to it.

use serde::{Deserialize, Serialize};

/// Alerts, silences and channels of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertList {
    /// Alerts, open ones first, the newest first.
    pub alerts: Vec<AlertView>,
    /// Silences in force.
    pub silences: Vec<AlertSilence>,
    /// Channels that are enabled.
    pub channels: Vec<AlertChannelView>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertView {
    /// Its id: that of the recovery case.
    pub id: String,
    /// `needs_person` or `offline`: how bad it was at worst.
    pub kind: String,
    /// The component.
    pub component: String,
    /// The health set.
    pub set: String,
    /// The first bad result.
    pub since_unix_ms: u64,
    /// When it was raised.
    pub raised_unix_ms: u64,
    /// When it was over.
    pub solved_unix_ms: Option<u64>,
    /// What it means for those who use mail.
    pub effect: String,
    /// What happened, in one sentence.
    pub text: String,
    /// The class of the cause, where known.
    pub cause: Option<String>,
    /// What the last probe saw.
    pub seen: String,
    /// What was done about it.
    pub tried: Vec<AlertTried>,
    /// What a person can do.
    pub todo: Vec<String>,
    /// The command that tells everything.
    pub explain: String,
    /// Who has taken it on.
    pub acknowledged: Option<AlertAcknowledged>,
    /// The silence that keeps it from being told.
    pub silenced_by: Option<String>,
    /// What each channel was told, and what comes next.
    pub told: Vec<AlertTold>,
}

/// An act of repair and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertTried {
    /// When.
    pub unix_ms: u64,
    /// The act.
    pub act: String,
    /// What came of it.
    pub outcome: String,
}

/// Who has taken an alert on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertAcknowledged {
    /// Who.
    pub by: String,
    /// What they said.
    pub note: String,
    /// When.
    pub unix_ms: u64,
}

/// What a channel was told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertTold {
    /// The channel.
    pub channel: String,
    /// How often it was told.
    pub times: u32,
    /// When last.
    pub last_unix_ms: Option<u64>,
    /// When it is told next, if nothing changes.
    pub next_unix_ms: Option<u64>,
    /// Why it is told next, or why not.
    pub because: String,
}

/// Alerts that are not told, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertSilence {
    /// Its id.
    pub id: String,
    /// A component, a health set or a monitor; `*` stands for anything.
    pub pattern: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub from_unix_ms: u64,
    /// Until when.
    pub until_unix_ms: u64,
}

/// How an alert channel does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertChannelView {
    /// Its name.
    pub channel: String,
    /// `webhook`, `email`, `command`, `syslog`, `file` or `ping`.
    pub target: String,
    /// False where it fails again and again.
    pub works: bool,
    /// Failures in a row.
    pub failures: u32,
    /// Why the last attempt failed; empty where it did not.
    pub error: String,
    /// When an alert was last delivered.
    pub delivered_unix_ms: Option<u64>,
    /// When the next attempt may begin, where the last one failed.
    pub next_unix_ms: Option<u64>,
    /// How often it gives a sign of life; unset for never.
    pub heartbeat_ms: Option<u64>,
}

/// How a test of the alert channels went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertTest {
    /// One for each channel.
    pub results: Vec<AlertTestResult>,
}

/// How the test of one channel went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlertTestResult {
    /// The channel.
    pub channel: String,
    /// `webhook`, `email`, `command`, `syslog`, `file` or `ping`.
    pub target: String,
    /// Whether it took the test.
    pub delivered: bool,
    /// How long that took.
    pub took_ms: u64,
    /// What happened, in one sentence.
    pub text: String,
}
