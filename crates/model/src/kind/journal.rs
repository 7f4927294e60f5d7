//! Journal rules.

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, FieldError, object::Validate};

/// Which messages a rule looks at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JournalScope {
    /// All.
    #[default]
    Global,
    /// Sender and that recipient both in accepted domains of this organisation.
    Internal,
    /// Sender or that recipient outside.
    External,
}

/// What is journaled, and to where (envelope journaling, Exchange's journal rule).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalRule {
    /// Where reports go: a journal mailbox, a contact, or any address outside.
    pub journal_address: EmailAddress,
    /// Whose mail: a mailbox, contact or group (its members). Everyone's where unset.
    #[serde(default)]
    pub recipient: Option<EmailAddress>,
    /// Global, internal or external; judged for each recipient after expansion.
    #[serde(default)]
    pub scope: JournalScope,
    /// Whether it is in force.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Validate for JournalRule {
    fn validate(&self) -> Vec<FieldError> {
        if self.recipient.as_ref() == Some(&self.journal_address) {
            return vec![FieldError::new(
                "recipient",
                "the journal would journal itself",
                "name the mailbox or group whose mail is to be journaled",
            )];
        }
        Vec::new()
    }
}
