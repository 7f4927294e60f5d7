//! What overrides and their explanation are asked with.

use clap::Args;
use mailward_model::{
    kind::{Until, VersionRange},
    unit::Span,
};
use serde::{Deserialize, Serialize};

use crate::operation::input;

requests! {
    /// `health override`
    HealthOverride {
        /// A probe, a component or a health set, as `health report` names them
        pub item: String,
        /// For how long, at most a year
        #[serde(default = "input::override_span")]
        #[arg(long = "for", value_name = "TIME", default_value_t = input::override_span())]
        pub span: Span,
        /// Why, for whoever finds it switched off
        #[serde(default)]
        #[arg(long, value_name = "TEXT", required_unless_present = "on")]
        pub reason: Option<String>,
        /// Watch it again
        #[serde(default)]
        #[arg(long, conflicts_with = "reason")]
        pub on: bool,
    }

    /// `health override add`
    HealthOverrideAdd {
        /// A probe, monitor, component or health set, as `health report` names them, or all
        pub item: String,
        /// What to override: PROPERTY=VALUE; `health explain ITEM` shows the properties
        #[serde(default)]
        #[arg(required_unless_present = "property", value_name = "PROPERTY=VALUE")]
        pub set: Vec<String>,
        /// One more property, with its value in --value
        #[serde(default)]
        #[arg(long, value_name = "PROPERTY", requires = "value")]
        pub property: Option<String>,
        /// The value of --property
        #[serde(default)]
        #[arg(long, value_name = "VALUE", requires = "property")]
        pub value: Option<String>,
        /// For how long, at most 365d; 30d where neither --until nor --version is given
        #[serde(default)]
        #[arg(long = "for", value_name = "TIME", conflicts_with = "until")]
        pub span: Option<Span>,
        /// Until when, such as 2026-12-24T18:00:00Z
        #[serde(default)]
        #[arg(long, value_name = "TIME")]
        pub until: Option<Until>,
        /// For which versions of the program, half open, such as >=0.1,<0.2
        #[serde(default)]
        #[arg(long, value_name = "RANGE")]
        pub version: Option<VersionRange>,
        /// Where: node (this one), global, role:NAME or node:NAME
        #[serde(default = "input::override_scope")]
        #[arg(long, value_name = "SCOPE", default_value_t = input::override_scope())]
        pub scope: String,
        /// Why, for whoever finds it
        #[arg(long, value_name = "TEXT")]
        pub reason: String,
    }

    /// `health override list`
    HealthOverrideList {
        /// Only those of this scope: node (this one), global, role:NAME or node:NAME
        #[serde(default)]
        #[arg(long, value_name = "SCOPE")]
        pub scope: Option<String>,
    }

    /// `health override remove`
    HealthOverrideRemove {
        /// The override's name, as `health override list` shows it
        pub name: String,
    }

    /// `health maintenance`, `health repairing`
    HealthOverlay {
        /// A monitor, a component or a health set, as `health report` names them, or all
        pub item: String,
        /// For how long, at most 365d
        #[serde(default = "input::override_span")]
        #[arg(long = "for", value_name = "TIME", default_value_t = input::override_span())]
        pub span: Span,
        /// Why, for whoever finds it
        #[serde(default)]
        #[arg(long, value_name = "TEXT")]
        pub reason: Option<String>,
        /// End it
        #[serde(default)]
        #[arg(long)]
        pub off: bool,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `health explain`
    HealthExplain {
        /// A probe, monitor, component or health set, as `health report` names them
        pub item: String,
    }
}
