//! What the operations on directory sources are asked with.

use clap::Args;
use serde::{Deserialize, Serialize};

requests! {
    /// `directory sync status`
    DirectorySyncStatus {
        /// Only the source of this name
        #[serde(default)]
        pub source: Option<String>,
    }

    /// `directory sync run`
    DirectorySyncRun {
        /// The directory source
        pub source: String,
        /// Show what would come, change and go, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `directory sync approve`
    DirectorySyncApprove {
        /// The directory source
        pub source: String,
        /// How many recipients may be removed: the number that the status says
        #[arg(long, value_name = "NUMBER")]
        pub removals: u64,
    }
}
