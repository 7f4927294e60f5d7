//! Health: sets, monitors, probe results, recovery cases.

use serde::{Deserialize, Serialize};

use super::{hold::Hold, repair::RepairAct, role::RepairHold};

/// The state of a monitor, and of a set: that of its worst monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// No evidence yet.
    Unknown,
    /// All is well.
    Healthy,
    /// One bad result; being checked again.
    Suspect,
    /// Confirmed bad.
    Degraded,
    /// Confirmed bad for a while.
    Unhealthy,
    /// Repair did not help, or is not allowed: a person is needed.
    Unrecoverable,
    /// Well again, and being watched.
    Recovering,
    /// No evidence for too long: the observer is blind here.
    Unavailable,
    /// Switched off by an override.
    Disabled,
}

impl HealthState {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            HealthState::Unknown => "unknown",
            HealthState::Healthy => "healthy",
            HealthState::Suspect => "suspect",
            HealthState::Degraded => "degraded",
            HealthState::Unhealthy => "unhealthy",
            HealthState::Unrecoverable => "unrecoverable",
            HealthState::Recovering => "recovering",
            HealthState::Unavailable => "unavailable",
            HealthState::Disabled => "disabled",
        }
    }

    /// True for states that ask for someone's attention.
    pub fn is_bad(self) -> bool {
        matches!(
            self,
            HealthState::Degraded
                | HealthState::Unhealthy
                | HealthState::Unrecoverable
                | HealthState::Unavailable
        )
    }
}

/// What a probe result says about its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// The probe could not tell.
    None,
}

/// One result of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProbeView {
    /// The probe's name, such as `connector/Internet`.
    pub probe: String,
    /// When it ran.
    pub unix_ms: u64,
    /// How long it took.
    pub took_ms: u64,
    /// `pass`, `slow`, `fail`, `timeout`, `probe_error`, `skipped`.
    pub verdict: String,
    /// What that says about the target.
    pub evidence: Evidence,
    /// What was seen, in one sentence.
    pub text: String,
    /// The class of the cause, where known: `dns`, `certificate`, `disk_full`, …
    #[serde(default)]
    pub cause: Option<String>,
    /// Steps and what each took.
    #[serde(default)]
    pub steps: Vec<ProbeStep>,
    /// What was measured on the way.
    #[serde(default)]
    pub measures: Vec<Measure>,
}

/// Something a probe measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Measure {
    /// What, with the unit at its end: `free_octets`, `oldest_age_ms`, `days_left`.
    pub name: String,
    /// How much.
    pub value: i64,
}

/// One step of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProbeStep {
    /// Such as `connect`, `greeting`, `starttls`, `accepted`, `delivered`.
    pub step: String,
    /// How long it took.
    pub took_ms: u64,
    /// What was seen in it, line by line: names resolved, what was said. Never a secret. Only where
    /// a trace was asked for, and of failures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
}

/// A probe, as it is defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProbeSummary {
    /// Its name.
    pub probe: String,
    /// What it looks at: `connector`, `tcp`, `command`, …
    pub target: String,
    /// The lane it runs in.
    pub lane: String,
    /// From start to start.
    pub interval_ms: u64,
    /// How long it may take.
    pub timeout_ms: u64,
    /// Who looks after it; empty for Mailward's own.
    #[serde(default)]
    pub owner: String,
    /// True where a failure holds up mail.
    pub traffic: bool,
    /// Its newest result, without its steps.
    #[serde(default)]
    pub last: Option<ProbeView>,
}

/// Probes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProbeList {
    /// How many there are in all.
    pub total: u64,
    /// Those that were asked for, by name.
    pub probes: Vec<ProbeSummary>,
}

/// What another program reports of something that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProbeReport {
    /// The probe's name.
    pub probe: String,
    /// Whether it is well.
    pub passed: bool,
    /// What was seen, in one sentence.
    #[serde(default)]
    pub text: String,
}

/// A monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MonitorView {
    /// Its name, such as `connector/Internet`.
    pub monitor: String,
    /// The component it watches.
    pub component: String,
    /// Its state.
    pub state: HealthState,
    /// Since when.
    pub since_unix_ms: u64,
    /// Its rule, in one sentence: `bad after 3 failures in a row`.
    pub rule: String,
    /// Why it is in this state.
    pub because: String,
    /// Its last results, newest last.
    pub results: Vec<ProbeView>,
    /// Flags beside its state, each in one sentence: disabled, maintenance, repairing, flapping.
    #[serde(default)]
    pub overlays: Vec<String>,
}

/// A monitor, and what will happen next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MonitorExplained {
    /// The monitor.
    pub monitor: MonitorView,
    /// What its policy said of the newest result.
    pub latest: String,
    /// What will happen next, in one sentence.
    pub next: String,
}

/// A property of a probe, a monitor or a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PropertyView {
    /// Of what: `monitor connector/Internet`.
    pub subject: String,
    /// Which.
    pub property: String,
    /// Its value in force.
    pub value: String,
    /// The value without settings and overrides.
    pub built_in: String,
    /// Where the value comes from: `built in`, `settings`, or the override.
    pub origin: String,
}

/// What is watched by a name, with every property and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthExplanation {
    /// The name that was asked for.
    pub item: String,
    /// The monitors.
    pub monitors: Vec<MonitorExplained>,
    /// The properties.
    pub properties: Vec<PropertyView>,
}

/// An override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OverrideView {
    /// The name of its object.
    pub name: String,
    /// What it is about.
    pub item: String,
    /// Which property it changes.
    pub property: String,
    /// To what.
    pub value: String,
    /// On which nodes.
    pub scope: String,
    /// Who wanted it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it ends.
    #[serde(default)]
    pub until_unix_ms: Option<u64>,
    /// For which versions.
    #[serde(default)]
    pub version: Option<String>,
    /// Whether it is in force on this node now.
    pub in_force: bool,
    /// Why it is not.
    #[serde(default)]
    pub note: String,
}

/// All overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OverrideList {
    /// The node that was asked.
    pub node: String,
    /// They.
    pub overrides: Vec<OverrideView>,
}

/// A health set: the monitors of one concern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthSetView {
    /// Its name.
    pub set: String,
    /// The state of its worst monitor.
    pub state: HealthState,
    /// Since when.
    pub since_unix_ms: u64,
    /// Its monitors.
    pub monitors: Vec<MonitorView>,
    /// Ids of its open recovery cases.
    #[serde(default)]
    pub open_cases: Vec<String>,
}

/// All health sets of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthReport {
    /// The node.
    pub node: String,
    /// The state of the worst set.
    pub state: HealthState,
    /// When the report was made.
    pub unix_ms: u64,
    /// False in shadow mode: repairs are recorded, not done.
    pub repair: bool,
    /// Why no new mail is taken, where that is so.
    #[serde(default)]
    pub offline: Option<String>,
    /// What holds repair as a whole, as the manager tells.
    #[serde(default)]
    pub holds: Vec<RepairHold>,
    /// What is held out of service, as the manager tells.
    #[serde(default)]
    pub held: Vec<Hold>,
    /// The sets.
    pub sets: Vec<HealthSetView>,
    /// What will break within two weeks, one sentence each; `health forecast` tells all.
    #[serde(default)]
    pub soon: Vec<String>,
}

/// A change of state, or a step of a case, as history shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthEdge {
    /// When.
    pub unix_ms: u64,
    /// The monitor or component.
    pub subject: String,
    /// The state before.
    pub from: String,
    /// The state after.
    pub to: String,
    /// Why, in one sentence.
    pub because: String,
    /// The recovery case it belongs to.
    #[serde(default)]
    pub case: Option<String>,
}

/// What changed lately, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthHistory {
    /// The changes.
    pub edges: Vec<HealthEdge>,
}

/// The health mailboxes of a node, and what arrives in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthMailboxes {
    /// The node.
    pub node: String,
    /// The mailboxes.
    pub mailboxes: Vec<HealthMailboxView>,
    /// The paths whose probes arrive there.
    pub paths: Vec<MailPathView>,
    /// When the key that signs probes was made; unset where there is none.
    #[serde(default)]
    pub key_unix_ms: Option<u64>,
    /// How many keys are believed: the newest, and those before it for a while.
    pub keys: u32,
}

/// A health mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthMailboxView {
    /// Its name.
    pub mailbox: String,
    /// Its address.
    pub address: String,
    /// `right`; `made` or `mended` when last looked at; `failing`.
    pub state: String,
    /// When it was last looked at, where it was.
    #[serde(default)]
    pub checked_unix_ms: Option<u64>,
    /// What was found wrong, when last something was.
    #[serde(default)]
    pub problem: Option<String>,
    /// Messages in it now.
    pub messages: u64,
    /// Messages judged and removed since the worker was started.
    pub judged: u64,
    /// Messages removed unjudged because they were too old.
    pub expunged: u64,
}

/// A path of mail as its receiving end sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MailPathView {
    /// `receive/NAME` or `send/NAME`.
    pub path: String,
    /// When its newest probe arrived.
    #[serde(default)]
    pub arrived_unix_ms: Option<u64>,
    /// How long that took, from its signature to the mailbox.
    #[serde(default)]
    pub took_ms: Option<u64>,
}

/// One step of a recovery case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseStep {
    /// When.
    pub unix_ms: u64,
    /// `sample`, `state`, `proposed`, `granted`, `denied`, `acted`, `checked`, `alerted`, `note`,
    /// `closed`.
    pub step: String,
    /// What happened, in one sentence.
    pub text: String,
    /// Reasons, where the step was a decision.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The act, where the step is about one.
    #[serde(default)]
    pub act: Option<RepairAct>,
}

/// A recovery case: from the first bad sample to the end of probation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CaseView {
    /// Its id, for `explain`.
    pub id: String,
    /// The component it is about.
    pub component: String,
    /// `open`, `waiting`, `arbitrating`, `executing`, `verifying`, `probation`, `exhausted`,
    /// `closed`.
    pub state: String,
    /// When the first bad sample was seen.
    pub first_bad_unix_ms: u64,
    /// When it was closed.
    #[serde(default)]
    pub closed_unix_ms: Option<u64>,
    /// What solved it: an act, or nothing.
    #[serde(default)]
    pub solved_by: Option<RepairAct>,
    /// The class of the cause, where known.
    #[serde(default)]
    pub cause: Option<String>,
    /// The rule that confirmed it, in one sentence.
    pub rule: String,
    /// The samples that led to it, oldest first.
    pub samples: Vec<ProbeView>,
    /// What happened, oldest first.
    pub steps: Vec<CaseStep>,
    /// From the first bad sample to its confirmation.
    #[serde(default)]
    pub detected_after_ms: Option<u64>,
    /// From the first bad sample to the first good one after the repair.
    #[serde(default)]
    pub repaired_after_ms: Option<u64>,
    /// What will happen next and when, where something is planned.
    #[serde(default)]
    pub next: Option<String>,
    /// Cases of other components that were open with the same class of causes.
    #[serde(default)]
    pub related: Vec<String>,
}
