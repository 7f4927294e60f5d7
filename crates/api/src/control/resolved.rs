//! What a resolver said, as a role tells it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What the resolver said about a host. That the host does not exist is an answer too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// It answered: these addresses, or none.
    Answered(Vec<IpAddr>),
    /// It gave no answer, or one that says nothing.
    Failed(String),
}
