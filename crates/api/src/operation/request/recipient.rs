//! What operations on recipients and groups are asked with: found, previewed, read and written as
//! tables.

use clap::Args;
use mailward_model::kind::OrganizationalUnit;
use serde::{Deserialize, Serialize};

use crate::{assignment::Assignment, operation::input, when::When};

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
        #[serde(default, alias = "organizational_unit")]
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
