//! Journaling: targets and what waits for them, the ledger of reports, replays, simulations.

use mailward_model::{Decision, EmailAddress, MessageId};
use serde::{Deserialize, Serialize};

use super::StateChange;

/// Lines of a list in an answer at most; what is beyond is counted.
pub const LINES_MAX: usize = 1_000;

/// The journal as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalStatus {
    /// The targets of the rules in force, and those for which something still waits.
    pub targets: Vec<JournalTargetView>,
    /// The alternate journal mailbox, where one is set.
    pub alternate: Option<EmailAddress>,
    /// The ledger of reports.
    pub ledger: LedgerView,
}

/// A journal target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalTargetView {
    /// Its address, as the rules name it.
    pub target: String,
    /// The rules in force that journal to it.
    pub rules: Vec<String>,
    /// The delivery queue in which its reports wait.
    pub queue: String,
    /// Reports that wait.
    pub waiting: u64,
    /// When the oldest of them was made, Unix milliseconds.
    pub oldest_unix_ms: Option<u64>,
    /// Somebody paused it.
    pub paused: bool,
    /// When the next try is, Unix milliseconds.
    pub next_retry_unix_ms: Option<u64>,
    /// The last answer that deferred a report.
    pub last_error: Option<String>,
}

/// The ledger of reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LedgerView {
    /// Entries since it was begun.
    pub entries: u64,
    /// Reports entered since this process began.
    pub reports: u64,
    /// The digest of its last line: what stands for all of it.
    pub head: String,
    /// The day whose root was signed last, and the root.
    pub last_root: Option<(String, String)>,
    /// The public key (Ed25519, hex) that signs roots.
    pub public_key: String,
    /// Why it cannot be written, while it cannot.
    pub failing: Option<String>,
    /// What was found wrong with it when it was opened.
    pub damage: Option<String>,
}

/// What is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalReplayAsk {
    /// Reports sent since then, Unix milliseconds.
    pub since_unix_ms: u64,
    /// Until then.
    pub until_unix_ms: u64,
    /// Only for this target.
    pub target: Option<EmailAddress>,
    /// Only say what would be sent.
    pub dry_run: bool,
}

/// What was sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalReplay {
    /// Nothing was sent: what would be.
    pub dry_run: bool,
    /// Reports in the ledger in that time.
    pub found: u64,
    /// Of these, sent again.
    pub sent: u64,
    /// Of these, not, because they wait anyway or are where they belong.
    pub needless: u64,
    /// Of these, no longer known to this host.
    pub lost: u64,
    /// Each of them, in the ledger's order; not more than a thousand.
    pub reports: Vec<ReplayedReport>,
    /// What is another thing than before: reports that an archive had, and that wait for it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<StateChange>,
}

/// What became of one report in a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReplayedReport {
    /// The message it is about.
    pub message: MessageId,
    /// For whom.
    pub target: String,
    /// Whether it is sent again.
    pub sent: bool,
    /// From where, or why not.
    pub because: String,
}

/// What is to be checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalVerifyAsk {
    /// A Maildir, a folder or an mbox file.
    pub against: Option<String>,
    /// Only reports for this target are looked for there.
    pub target: Option<EmailAddress>,
    /// Only reports since then are looked for there, Unix milliseconds.
    pub since_unix_ms: Option<u64>,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalVerification {
    /// Days in the ledger.
    pub days: u64,
    /// Entries read.
    pub entries: u64,
    /// Of these, reports that a target took.
    pub reports: u64,
    /// Signed roots that are right.
    pub roots: u64,
    /// The public keys (Ed25519, hex) they are signed with.
    pub keys: Vec<String>,
    /// Reports that wait in the queue, and so are in no ledger yet.
    pub waiting: u64,
    /// The digest of the last line.
    pub head: String,
    /// The comparison with a store of delivered reports.
    pub archive: Option<ArchiveComparison>,
    /// How much is wrong.
    pub problems_total: u64,
    /// What is wrong; not more than a thousand lines.
    pub problems: Vec<JournalProblem>,
}

/// A comparison with a store of delivered reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ArchiveComparison {
    /// What was compared with.
    pub path: String,
    /// Messages found in it.
    pub messages: u64,
    /// Of these, reports of this host.
    pub reports: u64,
    /// Reports that the ledger says should be there.
    pub expected: u64,
    /// Reports that are there, once and unchanged.
    pub right: u64,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalProblem {
    /// `changed`, `missing`, `doubled`, `unknown`, `unreadable`.
    pub kind: String,
    /// Where: a file and line of the ledger, or a file of the store.
    pub place: String,
    /// The message the report is about, where that is known.
    pub message: Option<MessageId>,
    /// What was found, and what was expected.
    pub what: String,
}

/// Which journal rules would fire for a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct JournalSimulation {
    /// Everybody who would get the message, as a report would name them.
    pub recipients: Vec<SimulatedRecipient>,
    /// The rules in force, by name.
    pub rules: Vec<SimulatedRule>,
    /// The reports that would be made.
    pub reports: Vec<SimulatedReport>,
}

/// A recipient of the message after expansion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SimulatedRecipient {
    /// The recipient line of a report.
    pub line: String,
}

/// A journal rule and what it makes of the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SimulatedRule {
    /// Its name.
    pub rule: String,
    /// Its journal address.
    pub target: EmailAddress,
    /// Whether it fires, and why.
    pub fires: Decision<bool>,
    /// The same for the pair of the sender and each recipient.
    pub recipients: Vec<SimulatedPair>,
}

/// A rule's answer to the pair of sender and one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SimulatedPair {
    /// The recipient.
    pub recipient: EmailAddress,
    /// Whether this pair makes the rule fire.
    pub fires: bool,
    /// Why, or why not.
    pub because: String,
}

/// A report that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SimulatedReport {
    /// For whom.
    pub target: String,
    /// The rules that ask for it.
    pub rules: Vec<String>,
    /// The delivery queue it would stand in.
    pub queue: String,
}
