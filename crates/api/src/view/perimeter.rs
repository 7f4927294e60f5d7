//! The perimeter: sender feeds, what they cover, and who would be refused.

use std::net::IpAddr;

use mailward_model::{IpRange, kind::RemoteRange};
use serde::{Deserialize, Serialize};

use super::ConnectionChoice;

/// The feeds, and the connectors that use them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PerimeterStatus {
    /// The feeds, by name.
    pub feeds: Vec<FeedView>,
    /// The receive connectors that name a feed.
    pub connectors: Vec<ConnectorPerimeter>,
}

/// A sender feed as it stands on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeedView {
    /// Its name.
    pub feed: String,
    /// Where it comes from, in words.
    pub source: String,
    /// Whether it is read.
    pub enabled: bool,
    /// The version in force; empty where there is no list.
    pub version: String,
    /// Where that version came from: the source, or what is built in.
    pub origin: String,
    /// When it was taken over.
    pub taken_unix_ms: Option<u64>,
    /// When the source last said that it is still true.
    pub confirmed_unix_ms: Option<u64>,
    /// Whether that is longer ago than the feed's max_age.
    pub old: bool,
    /// The published ranges.
    pub ranges: Vec<IpRange>,
    /// IPv4 addresses that are let in, those on their way out included.
    pub v4_addresses: u64,
    /// What is published no more and still let in.
    pub leaving: Vec<LeavingRange>,
    /// A change that waits for a person.
    pub held: Option<HeldChange>,
    /// When the source was last asked.
    pub tried_unix_ms: Option<u64>,
    /// When it is asked next.
    pub next_unix_ms: Option<u64>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// A range that is published no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LeavingRange {
    /// The range.
    pub range: IpRange,
    /// How long it is still let in.
    pub until_unix_ms: u64,
}

/// A change that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeldChange {
    /// The version it would lead to.
    pub version: String,
    /// Since when it waits.
    pub since_unix_ms: u64,
    /// Why.
    pub because: String,
}

/// A receive connector that names a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ConnectorPerimeter {
    /// Its name.
    pub connector: String,
    /// Whether it takes connections.
    pub enabled: bool,
    /// Its `remote_ranges`.
    pub remote_ranges: Vec<RemoteRange>,
    /// Ranges in force.
    pub ranges: u64,
    /// IPv4 addresses it takes.
    pub v4_addresses: u64,
}

/// What changes of feeds add and remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PerimeterDiff {
    /// One for each feed.
    pub feeds: Vec<FeedDiff>,
}

/// What a change of a feed adds and removes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeedDiff {
    /// The feed.
    pub feed: String,
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// Whether it waits for a person; else it is in force.
    pub held: bool,
    /// Why it waits.
    pub because: String,
    /// When it was found, or taken over.
    pub unix_ms: Option<u64>,
    /// What is added.
    pub added: Vec<IpRange>,
    /// What is removed.
    pub removed: Vec<IpRange>,
    /// What the publisher says of it: version, date from which it is used, ranges.
    pub announced: Vec<String>,
}

/// What covers an address, and who takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PerimeterWhy {
    /// The address.
    pub address: IpAddr,
    /// The ranges of feeds that hold it.
    pub covers: Vec<Cover>,
    /// The nearest range of a feed, where none holds it.
    pub nearest: Option<NearMiss>,
    /// Who takes it, for each address that is listened on.
    pub choices: Vec<ConnectionChoice>,
}

/// A range of a feed that holds an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cover {
    /// The feed.
    pub feed: String,
    /// The version.
    pub version: String,
    /// The range.
    pub range: IpRange,
    /// How the range stands.
    pub standing: CoverStanding,
    /// Until when it is let in, where it is on its way out.
    #[serde(default)]
    pub until_unix_ms: Option<u64>,
}

/// How a range of a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverStanding {
    /// Published and in force.
    Published,
    /// Published no more, and still let in.
    Leaving,
    /// Part of a change that waits for a person: not in force.
    Held,
}

/// The range of a feed that is nearest to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NearMiss {
    /// The feed.
    pub feed: String,
    /// The version.
    pub version: String,
    /// The range.
    pub range: IpRange,
    /// How many addresses away it is, in words.
    pub away: String,
}

/// Which sessions would not be taken any more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PerimeterReplay {
    /// Days looked back.
    pub days: u32,
    /// What was assumed, in one sentence.
    pub assumed: String,
    /// Messages looked at.
    pub messages: u64,
    /// Sessions that brought no mail, counted once for each client and hour.
    #[serde(default)]
    pub silent_sessions: u64,
    /// Clients they came from.
    pub clients: u64,
    /// Messages of those that would be refused.
    pub refused_messages: u64,
    /// Sessions without mail of those that would be refused.
    #[serde(default)]
    pub refused_silent_sessions: u64,
    /// Clients that their connector would not take any more, those with most messages first.
    pub out: Vec<ReplayedClient>,
    /// Whether there were more messages or clients than are looked at.
    pub cut_off: bool,
}

/// A client that its connector would not take any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReplayedClient {
    /// The connector that took it.
    pub connector: String,
    /// The client.
    pub address: IpAddr,
    /// What it said in EHLO, the last time.
    pub helo: String,
    /// Messages it sent.
    pub messages: u64,
    /// Its sessions that brought no mail, counted once an hour.
    #[serde(default)]
    pub silent_sessions: u64,
    /// When it came the last time.
    pub last_unix_ms: u64,
    /// The connector that would take it instead; none refuses it.
    pub taken_by: Option<String>,
    /// Its session would be taken as before, and its mail refused: its address would be in none of the
    /// `sender_ranges`, which are required.
    #[serde(default)]
    pub by_range_factor: bool,
}
