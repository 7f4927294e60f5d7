//! What may be done to what is queued.

use serde::{Deserialize, Serialize};

use crate::view::queue::QueueSelection;

/// A command about what is queued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueAct {
    /// What is done.
    pub verb: QueueVerb,
    /// To what.
    pub what: QueueSelection,
    /// Only say to what it would be done.
    pub dry_run: bool,
}

/// A command to send what is queued another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRedirect {
    /// The send connector, by its name or by one of its smart hosts.
    pub to: String,
    /// What; everything where unset.
    pub what: Option<QueueSelection>,
    /// Only say what it would be done to.
    pub dry_run: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueVerb {
    /// Nothing of it is tried until it is released.
    Hold,
    /// A hold ends.
    Release,
    /// What waits is tried now.
    Retry,
    /// A message is taken out for good.
    Remove {
        /// Whether its sender gets a failure report.
        notify: bool,
    },
}
