//! Untrusted certificates: the list, what it says of a certificate, whom it would have refused.

use serde::{Deserialize, Serialize};

/// Peers of a replay at most; what is beyond is counted.
pub const PEERS_MAX: usize = 1_000;

/// An entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedView {
    /// Its name.
    pub name: String,
    /// True where it is built into the program and cannot be removed.
    pub built_in: bool,
    /// Whose certificate it claims to be.
    pub subject: String,
    /// The issuer; empty where it is known by its digests alone.
    pub issuer: String,
    /// The serial number, hex; empty as well.
    pub serial: String,
    /// SHA-256 of the certificate, hex; empty where it is not known by it.
    pub sha256: String,
    /// SHA-256 of its key, hex; empty where it is not known by it.
    pub spki_sha256: String,
    /// Why it is refused.
    pub reason: String,
    /// The feed that it comes from; `None` where it is an object or built in.
    #[serde(default)]
    pub feed: Option<String>,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedList {
    /// The entries: objects, then those of feeds, those built in last. What CRLs and filters revoke is
    /// not among them.
    pub entries: Vec<UntrustedView>,
    /// Filters, which say of a certificate whether it is revoked and cannot be listed.
    #[serde(default)]
    pub filters: Vec<RevocationFilters>,
}

/// Revocation filters, as a feed has them in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RevocationFilters {
    /// The feed.
    pub feed: String,
    /// When they were made.
    pub made_unix_ms: u64,
    /// What their publisher says of them.
    pub comment: String,
    /// How many there are.
    pub filters: u64,
    /// Their octets.
    pub octets: u64,
    /// Issuers whose certificates they speak for.
    pub issuers: u64,
    /// Logs of Certificate Transparency that they were made from.
    pub logs: u64,
    /// Certificates that were logged later are not covered.
    pub covered_until_unix_ms: u64,
    /// Whether they are older than the feed's `max_age`.
    pub stale: bool,
    /// Whether that has every certificate refused that they speak for.
    pub refuses: bool,
}

/// What revocation filters say of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevocationState {
    /// Nothing.
    NotCovered,
    /// That it is not revoked.
    NotRevoked,
    /// That it is revoked.
    Revoked,
}

/// What the filters of one feed say of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RevocationTested {
    /// The feed.
    pub feed: String,
    /// What they say.
    pub state: RevocationState,
    /// The same for people, with the reason where it is not covered.
    pub told: String,
}

/// A certificate revocation list, as a feed has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CrlView {
    /// Where it is read.
    pub place: String,
    /// Whether a certificate named the place; else the feed does.
    pub learnt: bool,
    /// Its issuer; empty where none was read yet.
    pub issuer: String,
    /// Its number, hex; empty where it has none.
    pub number: String,
    /// Certificates that it revokes.
    pub revoked: u64,
    /// When it was made.
    pub this_update_unix_ms: Option<u64>,
    /// When there should be another one.
    pub next_update_unix_ms: Option<u64>,
    /// Whether that moment is over.
    pub stale: bool,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// A change that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedChange {
    /// The feed.
    pub feed: String,
    /// The number of the list in force; `None` where there is none.
    pub from: Option<u64>,
    /// The number of the list that waits.
    pub to: u64,
    /// Since when it waits.
    pub since_unix_ms: u64,
    /// Why.
    pub because: String,
    /// Names of entries that would be refused from then on.
    pub added: Vec<String>,
    /// Names of entries that would be trusted again.
    pub removed: Vec<String>,
}

/// Changes that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedDiff {
    /// One for each feed that has one.
    pub changes: Vec<UntrustedChange>,
}

/// A feed of the untrusted list, as it stands on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedFeedView {
    /// Its name.
    pub feed: String,
    /// Where it comes from, in words.
    pub source: String,
    /// Whether it is read.
    pub enabled: bool,
    /// The number of the signed list in force; `None` where there is none.
    pub sequence: Option<u64>,
    /// The number of the key that signed it.
    pub key: String,
    /// What its publisher says of it.
    pub comment: String,
    /// Entries in force; certificates that its CRLs revoke. What filters revoke is not counted.
    pub entries: u64,
    /// When the list was taken over.
    pub taken_unix_ms: Option<u64>,
    /// When its source last said that it is still true.
    pub confirmed_unix_ms: Option<u64>,
    /// When the list should have been replaced.
    pub expires_unix_ms: Option<u64>,
    /// Why it is old, where it is.
    pub old: Option<String>,
    /// A change that waits for a person.
    pub held: Option<UntrustedChange>,
    /// Its certificate revocation lists.
    pub crls: Vec<CrlView>,
    /// Its revocation filters.
    #[serde(default)]
    pub filters: Option<RevocationFilters>,
    /// When the source was last asked.
    pub tried_unix_ms: Option<u64>,
    /// When it is asked next.
    pub next_unix_ms: Option<u64>,
    /// Why the last try failed.
    pub problem: Option<String>,
}

/// The feeds of the untrusted list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedFeeds {
    /// The feeds, by name.
    pub feeds: Vec<UntrustedFeedView>,
}

/// What the list says of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedTested {
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its serial number, hex.
    pub serial: String,
    /// SHA-256 of it, hex.
    pub sha256: String,
    /// SHA-256 of its key, hex.
    pub spki_sha256: String,
    /// The entry that refuses it; `None` where none does.
    pub entry: Option<String>,
    /// By what it was recognised.
    pub by: String,
    /// Why it is refused.
    pub reason: String,
    /// The feed that the entry comes from.
    #[serde(default)]
    pub feed: Option<String>,
    /// The CRLs of its issuer that are known, each with what it says of it.
    #[serde(default)]
    pub crls: Vec<String>,
    /// What the revocation filters of each feed say of it.
    #[serde(default)]
    pub filters: Vec<RevocationTested>,
}

/// What the list says of a file of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedTest {
    /// Each certificate, in the file's order.
    pub certificates: Vec<UntrustedTested>,
}

/// A peer that would have been refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedPeer {
    /// `in` where it was the client, `out` where it was the next hop.
    pub direction: String,
    /// The connector.
    pub connector: String,
    /// Its name and address.
    pub peer: String,
    /// The entry.
    pub entry: String,
    /// By what it was recognised.
    pub by: String,
    /// Lines of the tracking log.
    pub count: u64,
    /// The first of them, Unix milliseconds.
    pub first_unix_ms: u64,
    /// The last, Unix milliseconds.
    pub last_unix_ms: u64,
}

/// Whom the list would have refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedReplay {
    /// Days looked back.
    pub days: u32,
    /// Lines whose peer showed a certificate.
    pub looked_at: u64,
    /// Lines under TLS whose peer showed none, or that were written before it was kept.
    pub without: u64,
    /// False where a time had more lines than are looked at.
    pub complete: bool,
    /// The peers, most lines first.
    pub refused: Vec<UntrustedPeer>,
}
