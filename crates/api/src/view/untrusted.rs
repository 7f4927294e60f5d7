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
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UntrustedList {
    /// The entries, those built in last.
    pub entries: Vec<UntrustedView>,
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
