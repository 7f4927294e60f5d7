//! Journal rules.

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, FieldError, object::Validate, plan::JournalAddressForm};

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
    /// Mail of all mailboxes in one store, instead of `recipient`: the send connector to which they
    /// are handed (a mailbox's `send_connector`), or `local` for the Maildirs of this host.
    /// Exchange: JournalRecipient of a mailbox database.
    #[serde(default)]
    pub mailbox_store: Option<String>,
    /// How addresses stand in the report: bare, or in angle brackets.
    #[serde(default)]
    pub address_form: JournalAddressForm,
    /// The text of a Label line, for archives that sort by it.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether the report has a SentUtc line: when this host accepted the message.
    #[serde(default)]
    pub sent_utc: bool,
}

/// The mailbox store that is the Maildirs of the host itself.
pub const LOCAL_STORE: &str = "local";

/// Characters of a Label line at most (MS-XJRNL §2.1).
const LABEL_CHARS_MAX: usize = 255;

impl JournalRule {
    /// A rule in force that journals everybody's mail to an address.
    pub fn new(journal_address: EmailAddress) -> Self {
        JournalRule {
            journal_address,
            recipient: None,
            scope: JournalScope::Global,
            enabled: true,
            mailbox_store: None,
            address_form: JournalAddressForm::Bare,
            label: None,
            sent_utc: false,
        }
    }
}

fn yes() -> bool {
    true
}

impl Validate for JournalRule {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.recipient.as_ref() == Some(&self.journal_address) {
            errors.push(FieldError::new(
                "recipient",
                "the journal would journal itself",
                "name the mailbox or group whose mail is to be journaled",
            ));
        }
        if self.recipient.is_some() && self.mailbox_store.is_some() {
            errors.push(FieldError::new(
                "mailbox_store",
                "recipient already says whose mail is journaled",
                "keep one of the two, or make two rules",
            ));
        }
        if self.mailbox_store.as_deref().is_some_and(str::is_empty) {
            errors.push(FieldError::new(
                "mailbox_store",
                "it is empty",
                "name a send connector, or \"local\" for the Maildirs of this host",
            ));
        }
        if let Some(label) = &self.label {
            let found = if label.trim().is_empty() {
                Some("it is empty".to_owned())
            } else if label.chars().any(char::is_control) {
                Some("it has a line break or another control character".to_owned())
            } else {
                let count = label.chars().count();
                (count > LABEL_CHARS_MAX).then(|| format!("it has {count} characters"))
            };
            if let Some(found) = found {
                errors.push(FieldError::new(
                    "label",
                    found,
                    format!("give one line of 1 to {LABEL_CHARS_MAX} characters, or remove it"),
                ));
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(change: impl FnOnce(&mut JournalRule)) -> Vec<String> {
        let mut rule = JournalRule::new("journal@example.org".parse().unwrap());
        change(&mut rule);
        rule.validate().into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn a_rule_says_one_thing_about_whose_mail() {
        assert!(fields(|_| ()).is_empty());
        assert!(fields(|rule| rule.mailbox_store = Some("local".to_owned())).is_empty());
        assert_eq!(
            fields(|rule| rule.recipient = Some(rule.journal_address.clone())),
            ["recipient"]
        );
        assert_eq!(
            fields(|rule| {
                rule.recipient = Some("anna@example.org".parse().unwrap());
                rule.mailbox_store = Some("local".to_owned());
            }),
            ["mailbox_store"]
        );
    }

    #[test]
    fn a_label_is_one_line() {
        for (label, right) in [
            ("Finance", true),
            ("", false),
            ("a\r\nTo: x@example.org", false),
            (&"x".repeat(256), false),
        ] {
            let found = fields(|rule| rule.label = Some(label.to_owned()));
            assert_eq!(found.is_empty(), right, "{label:?}: {found:?}");
        }
    }
}
