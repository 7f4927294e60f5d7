//! What other roles ask transport about the feeds of the untrusted list: it reads them.

use serde::{Deserialize, Serialize};

/// What may be asked of transport about the feeds of the untrusted list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UntrustedRequest {
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
