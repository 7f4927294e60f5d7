//! Events that happened, and the page of an event.

use serde::{Deserialize, Serialize};

use super::{CaseView, MessageView, Trace};

/// An event as it was logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventRecord {
    /// When.
    pub unix_ms: u64,
    /// Which role raised it.
    pub role: String,
    /// Its number; never reused for another event.
    pub number: u32,
    /// Its name: noun and past verb.
    pub name: String,
    /// `critical`, `error`, `warning`, `notice`, `info`.
    pub level: String,
    /// What happened, in one sentence.
    pub text: String,
    /// Its typed fields.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// How often it happened since it was last written, where it repeated.
    #[serde(default)]
    pub repeated: u64,
}

/// Events, newest last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventList {
    /// The events.
    pub events: Vec<EventRecord>,
}

/// What is known about whatever `explain` was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Explanation {
    /// An event, and what happened here lately.
    Event(EventPage),
    /// A message: where it is, and its way so far.
    Message {
        /// As it stands in the queue; unset where it is no longer there.
        queued: Option<MessageView>,
        /// Its way so far.
        trace: Trace,
        /// Events about it.
        events: Vec<EventRecord>,
    },
    /// A recovery case.
    Case(CaseView),
}

/// What an event means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EventPage {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// `critical`, `error`, `warning`, `notice`, `info`.
    pub level: String,
    /// What it means.
    pub meaning: String,
    /// What it breaks.
    pub breaks: String,
    /// How to mend it.
    pub mend: String,
    /// What happened here lately, newest last.
    pub recent: Vec<EventRecord>,
}
