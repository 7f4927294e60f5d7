//! What other roles ask transport about the perimeter: it reads the feeds and chooses the connectors.

use std::net::IpAddr;

use mailward_model::kind::RemoteRange;
use serde::{Deserialize, Serialize};

/// Clients of one [`PerimeterRequest::Replay`]; the rest is asked with further ones.
pub const REPLAY_CLIENTS_MAX: usize = 20_000;

/// What may be asked of transport about the perimeter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerimeterRequest {
    /// Which feed covers an address, and who takes it? Answer: `PerimeterWhy`.
    Why {
        /// The client.
        address: IpAddr,
    },
    /// Would these clients still be taken? Answer: `PerimeterReplay`.
    Replay {
        /// Who came, and to which connector.
        clients: Vec<ReplayClient>,
        /// Other `remote_ranges` for the connector of this name; as they are, with all that waits,
        /// where unset.
        ranges: Option<(String, Vec<RemoteRange>)>,
    },
    /// Put a change in force that waits. Answer: `Changed`.
    Approve {
        /// The feed's name.
        feed: String,
    },
    /// Read a feed now, or every one. Answer: `Changed`.
    Refresh {
        /// The feed's name.
        feed: Option<String>,
    },
}

/// A client that came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReplayClient {
    /// The receive connector that took it.
    pub connector: String,
    /// Its address.
    pub address: IpAddr,
    /// Who stood at the socket: the proxy that spoke for it, or itself.
    pub peer: IpAddr,
    /// What it said in EHLO, the last time.
    pub helo: String,
    /// Messages it sent.
    pub messages: u64,
    /// Its sessions that brought no mail, counted once an hour.
    #[serde(default)]
    pub silent_sessions: u64,
    /// When it came the last time.
    pub last_unix_ms: u64,
}
