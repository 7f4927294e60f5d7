//! What operations on objects are asked with.

use clap::Args;
use mailward_model::Kind;
use serde::{Deserialize, Serialize};

use crate::assignment::Assignment;

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
        #[arg(required_unless_present = "rename", value_name = "KEY=VALUE")]
        #[serde(default)]
        pub set: Vec<Assignment>,
        /// Give it another name
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[arg(long, value_name = "NAME")]
        pub rename: Option<String>,
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
