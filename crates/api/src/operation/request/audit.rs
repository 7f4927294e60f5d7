//! Requests about the administrator audit log.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::super::input;
use crate::{view::AuditResult, when::When};

requests! {
    /// `audit list`
    AuditList {
        /// Only since then: 2h, 3d, 2026-02-03; else of the last 30 days
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub since: Option<When>,
        /// Only what this user did
        #[serde(default)]
        #[arg(long, value_name = "USER")]
        pub user: Option<String>,
        /// Only what came from this node, or was given here for it
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub machine: Option<String>,
        /// Only commands that begin with these words, such as "queue"
        #[serde(default)]
        #[arg(long, value_name = "WORDS")]
        pub operation: Option<String>,
        /// Only those with this result
        #[serde(default)]
        #[arg(long, value_name = "RESULT")]
        pub result: Option<AuditResult>,
        /// Records at most, the newest ones
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }
}
