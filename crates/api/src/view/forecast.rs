//! The forecast: what will break, when, how sure that is, and what to do.

use serde::{Deserialize, Serialize};

/// What kind of thing ends or runs out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ForecastKind {
    /// A certificate ends.
    Certificate,
    /// A file system fills up.
    Disk,
    /// The queue grows without end.
    Queue,
    /// A key grows old, or can be read by others.
    Key,
    /// What comes from outside grows stale.
    Feed,
    /// A log or another file of Mailward's own grows large.
    File,
}

/// How sure a forecast is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A trend over few days, or one that wavers.
    Low,
    /// A trend that most days agree with.
    Medium,
    /// A trend that nearly all days agree with, over a week or more.
    High,
    /// It is written down: the end of a certificate.
    Certain,
}

impl Confidence {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
            Confidence::Certain => "certain",
        }
    }
}

/// One thing that will break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Forecast {
    /// The same for the same thing in every forecast, so that a calendar changes its entry.
    pub id: String,
    /// What kind of thing it is.
    pub kind: ForecastKind,
    /// What will happen, in one sentence.
    pub what: String,
    /// The earliest moment that is not unlikely.
    pub earliest_unix_ms: u64,
    /// The likely moment.
    pub likely_unix_ms: u64,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why it is thought so, in one sentence.
    pub because: String,
    /// What to do about it.
    pub mend: String,
}

/// Something of which nothing can be said yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ForecastGap {
    /// What.
    pub what: String,
    /// Why not.
    pub because: String,
}

/// What will break within some days, soonest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ForecastReport {
    /// The node.
    pub node: String,
    /// When the forecast was made.
    pub unix_ms: u64,
    /// How many days it looks ahead.
    pub days: u32,
    /// What will break.
    pub forecasts: Vec<Forecast>,
    /// What was looked at without an answer.
    pub gaps: Vec<ForecastGap>,
    /// The same as a calendar (iCalendar, RFC 5545), where that was asked for.
    #[serde(default)]
    pub calendar: Option<String>,
}
