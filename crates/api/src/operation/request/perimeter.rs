//! What the operations on the perimeter are asked with.

use std::net::IpAddr;

use clap::Args;
use mailward_model::kind::RemoteRange;
use serde::{Deserialize, Serialize};

use super::input;

/// How ranges are written for other programs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A table for `nft -f`, with sets of intervals
    Nftables,
    /// Commands for iptables-restore and ip6tables-restore
    Iptables,
    /// Commands for `ipset restore`
    Ipset,
    /// One range on each line
    Cidr,
    /// JSON
    Json,
    /// An external dynamic list: one range on each line, with a comment where the vendor allows it
    Edl,
}

requests! {
    /// `perimeter diff`
    PerimeterDiff {
        /// Only this feed
        #[serde(default)]
        pub feed: Option<String>,
    }

    /// `perimeter why`
    PerimeterWhy {
        /// The address of a host that sends mail
        pub address: IpAddr,
    }

    /// `perimeter replay`
    PerimeterReplay {
        /// So many days back
        #[serde(default = "input::replay_days", deserialize_with = "input::deserialize_days")]
        #[arg(long, default_value_t = input::replay_days(), value_parser = clap::value_parser!(u32).range(1..=3650))]
        #[schemars(range(min = 1, max = 3650))]
        pub days: u32,
        /// Only sessions of this receive connector
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub connector: Option<String>,
        /// As if it had this among its remote_ranges and nothing else: a range, feed:NAME or except:RANGE; may be given several times
        #[serde(default)]
        #[arg(long, value_name = "RANGE", requires = "connector")]
        pub ranges: Vec<RemoteRange>,
    }

    /// `perimeter approve`
    PerimeterApprove {
        /// The feed's name
        pub feed: String,
    }

    /// `perimeter refresh`
    PerimeterRefresh {
        /// The feed's name; every feed where none is given
        #[serde(default)]
        pub feed: Option<String>,
    }

    /// `perimeter export`
    PerimeterExport {
        /// How to write them
        #[arg(long, value_enum)]
        pub format: ExportFormat,
        /// The ranges of this feed
        #[serde(default)]
        #[arg(long, value_name = "NAME", conflicts_with = "connector")]
        pub feed: Option<String>,
        /// The ranges of this receive connector
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub connector: Option<String>,
    }
}
