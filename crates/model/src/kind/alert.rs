//! Alert channels: how a person hears of what could not be repaired. Never through the queue.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{FieldError, object::Validate};

/// Where an alert goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertTarget {
    /// A JSON document is POSTed to this `http://` URL.
    Webhook(String),
    /// A program is run with these arguments; the JSON document is its standard input. No shell.
    Command(Vec<String>),
    /// One JSON line is appended to this file.
    File(PathBuf),
}

/// A way by which alerts reach people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertChannel {
    /// Webhook, command or file.
    pub target: AlertTarget,
    /// Whether it is used.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Validate for AlertChannel {
    fn validate(&self) -> Vec<FieldError> {
        let error = |problem: &str, mend: &str| vec![FieldError::new("target", problem, mend)];
        match &self.target {
            AlertTarget::Webhook(url) if !url.starts_with("http://") => error(
                "the webhook is not an http:// URL",
                "name a relay on this host or network, or use command with curl for https",
            ),
            AlertTarget::Command(words) if words.first().is_none_or(|w| !w.starts_with('/')) => {
                error(
                    "the command is empty or not an absolute path",
                    "write [\"/usr/local/bin/page\", \"--oncall\"]",
                )
            }
            AlertTarget::File(path) if !path.is_absolute() => error(
                "the path is not absolute",
                "write it from the root: \"/var/log/mailward-alerts.jsonl\"",
            ),
            _ => Vec::new(),
        }
    }
}
