//! What operations on objects are asked with.

use clap::Args;
use mailward_model::{Kind, kind::OrganizationalUnit};
use serde::{Deserialize, Serialize};

use crate::{assignment::Assignment, operation::input, when::When};

requests! {
    /// `<noun> list`
    ObjectList {
        /// The kind of objects
        #[arg(skip = Kind::AcceptedDomain)]
        pub kind: Kind,
        /// List the health mailboxes, which are hidden otherwise, and no others
        #[serde(default)]
        #[arg(long)]
        pub monitoring: bool,
        /// Only recipients that fit this filter, such as "CustomAttribute1 -ne 'Ignore'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub filter: Option<String>,
        /// Objects to list at most; all of them where nothing is said
        #[serde(default)]
        #[arg(long)]
        pub limit: Option<u32>,
    }

    /// `recipient list`
    RecipientList {
        /// Only the recipient of this name, address or alias
        #[serde(default)]
        pub identity: Option<String>,
        /// Only recipients that fit this filter, such as "RecipientType -eq 'UserMailbox'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub filter: Option<String>,
        /// Only recipients in this organisational unit and below it
        #[serde(default)]
        #[arg(long, value_name = "PATH")]
        pub organizational_unit: Option<OrganizationalUnit>,
        /// Recipients to list at most
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `recipient preview`
    RecipientPreview {
        /// The filter, such as "RecipientType -eq 'UserMailbox'"
        #[arg(long, value_name = "FILTER")]
        pub filter: String,
        /// Only recipients within this organisational unit, such as example.org/Sales
        #[serde(default)]
        #[arg(long, value_name = "UNIT")]
        pub container: Option<OrganizationalUnit>,
        /// Recipients to list at most
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `group preview`
    GroupPreview {
        /// The group's name or address
        pub name: String,
        /// What to set: key=value; key+=value and key-=value for lists; key= for the default
        #[arg(value_name = "KEY=VALUE")]
        #[serde(default)]
        pub set: Vec<Assignment>,
        /// The filter it would have, in place of a custom or a precanned one
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub filter: Option<String>,
        /// Recipients to name at most, of those added and of those removed
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `group members`
    GroupMembers {
        /// The group's name or address
        pub name: String,
        /// As it was then: 2h, 3d, 2026-02-03, 2026-02-03T14:05; now where nothing is said
        #[serde(default)]
        #[arg(long, value_name = "TIME")]
        pub at: Option<When>,
        /// Members to name at most
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `<noun> show`
    ObjectShow {
        /// The kind of object
        #[arg(skip = Kind::AcceptedDomain)]
        pub kind: Kind,
        /// The object's name
        pub name: String,
    }

    /// `<noun> set`
    ObjectSet {
        /// The kind of object
        #[arg(skip = Kind::AcceptedDomain)]
        pub kind: Kind,
        /// The object's name
        pub name: String,
        /// What to set: key=value; key+=value and key-=value for lists; key= for the default
        #[arg(required = true, value_name = "KEY=VALUE")]
        #[serde(default)]
        pub set: Vec<Assignment>,
        /// Fields to put over those of the object, as JSON
        #[arg(skip)]
        #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
        pub spec: serde_json::Map<String, serde_json::Value>,
        /// Do it only if the object is still at this revision; 0: only if there is none yet
        #[serde(default)]
        #[arg(long, value_name = "REVISION")]
        pub revision: Option<u64>,
        /// Show what would change, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }

    /// `<noun> remove`
    ObjectRemove {
        /// The kind of object
        #[arg(skip = Kind::AcceptedDomain)]
        pub kind: Kind,
        /// The object's name
        pub name: String,
        /// Do it only if the object is still at this revision
        #[serde(default)]
        #[arg(long, value_name = "REVISION")]
        pub revision: Option<u64>,
        /// Show what would change, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
    }
}
