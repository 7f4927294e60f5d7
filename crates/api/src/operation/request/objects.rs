//! What is asked with about objects: single ones, all of them as text, recipients as tables.

use clap::Args;
use mailward_model::Kind;
use serde::{Deserialize, Serialize};

use crate::{assignment::Assignment, operation::input};

/// How recipients are written for other programs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum TableFormat {
    /// A row for each recipient, for spreadsheets (RFC 4180)
    Csv,
    /// Entries of a directory, with the attributes of Active Directory (RFC 2849)
    Ldif,
}

/// How many recipients in a hundred an import may remove unasked.
fn remove_share_max() -> u8 {
    10
}

requests! {
    /// `plan`
    Plan {
        /// A file in the format that export writes; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_text)]
        pub text: String,
    }

    /// `apply`
    Apply {
        /// A file in the format that export writes; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_text)]
        pub text: String,
        /// Show what would change, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
        /// Do it only if nothing has changed since this revision
        #[serde(default)]
        #[arg(long, value_name = "REVISION")]
        pub revision: Option<u64>,
    }

    /// `<noun> list`
    ObjectList {
        /// The kind of objects
        #[arg(skip = Kind::AcceptedDomain)]
        pub kind: Kind,
        /// List health mailboxes, which are hidden otherwise
        #[serde(default)]
        #[arg(long)]
        pub monitoring: bool,
    }

    /// `recipient list`
    RecipientList {
        /// Only recipients that fit this filter, such as "RecipientType -eq 'UserMailbox'"
        #[serde(default)]
        #[arg(long, value_name = "FILTER")]
        pub filter: Option<String>,
        /// Recipients to list at most
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
    }

    /// `recipient import`
    RecipientImport {
        /// A file in CSV or LDIF; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_text)]
        pub text: String,
        /// What it is; told by its first line where this is not said
        #[serde(default)]
        #[arg(long, value_enum)]
        pub format: Option<TableFormat>,
        /// Show what would change, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
        /// Remove the recipients that are not in the file, of the kinds that are in it
        #[serde(default)]
        #[arg(long)]
        pub remove_missing: bool,
        /// Stop and ask where more recipients in a hundred than this would be removed
        #[serde(default = "remove_share_max")]
        #[arg(long, value_name = "PERCENT", default_value_t = remove_share_max(), value_parser = clap::value_parser!(u8).range(0..=100))]
        #[schemars(range(min = 0, max = 100))]
        pub remove_share_max: u8,
        /// Remove this many all the same: the number that the plan says
        #[serde(default)]
        #[arg(long, value_name = "NUMBER")]
        pub allow_removals: Option<u64>,
        /// Do it only if nothing has changed since this revision
        #[serde(default)]
        #[arg(long, value_name = "REVISION")]
        pub revision: Option<u64>,
    }

    /// `recipient export`
    RecipientExport {
        /// How it is written
        #[serde(default = "csv")]
        #[arg(long, value_enum, default_value = "csv")]
        pub format: TableFormat,
    }
}

fn csv() -> TableFormat {
    TableFormat::Csv
}
