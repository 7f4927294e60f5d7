//! What is asked about what is watched: the parts of health sets, a group as one, whether mail flows.

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::operation::input;

requests! {
    /// `health items`
    HealthItems {
        /// Only those of this health set
        #[serde(default)]
        pub set: Option<String>,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `health rollup`
    HealthRollup {
        /// Only this health set
        #[serde(default)]
        pub set: Option<String>,
        /// Nodes to look at, this one first
        #[serde(default = "input::group_size", deserialize_with = "input::deserialize_group_size")]
        #[arg(long, value_name = "NODES", default_value_t = input::group_size(), value_parser = clap::value_parser!(u32).range(1..=1_000))]
        #[schemars(range(min = 1, max = 1_000))]
        pub group_size: u32,
        /// Nodes that must be well, in percent
        #[serde(default = "input::online_percent", deserialize_with = "input::deserialize_percent")]
        #[arg(long, value_name = "PERCENT", default_value_t = input::online_percent(), value_parser = clap::value_parser!(u32).range(1..=100))]
        #[schemars(range(min = 1, max = 100))]
        pub minimum_online_percent: u32,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `health mailflow`
    HealthMailflow {
        /// The receive connector through which it goes in; all of them where none is given
        #[serde(default)]
        pub connector: Option<String>,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }
}
