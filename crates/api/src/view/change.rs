//! What an act changed: of one thing one field, before and after. The same in the event, in the
//! audit log, in the answer and on the page.
//!
//! Invariant: whoever makes a change says what it was and what it is. Nobody works it out later.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Changes that one answer, event or record holds; the rest is counted.
pub const CHANGES_MAX: usize = 1_000;
/// Changes that one event names; the rest is counted.
const TOLD_MAX: usize = 64;
/// Characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 256;

/// A field that an act changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StateChange {
    /// Of what: `queue connector/Internet/example.org`, `hold receive/Internet for Maintenance`.
    pub subject: String,
    /// Which of its fields.
    pub field: String,
    /// What it said before; null where it was not there.
    pub before: Value,
    /// What it says now; null where it is not there any more.
    pub after: Value,
}

impl StateChange {
    /// A field that was one thing and is another; `None` stands for what is not there.
    pub fn new(
        subject: impl Into<String>,
        field: &str,
        before: impl Into<Value>,
        after: impl Into<Value>,
    ) -> StateChange {
        StateChange {
            subject: subject.into(),
            field: field.to_owned(),
            before: before.into(),
            after: after.into(),
        }
    }

    /// True where something is another thing now.
    pub fn is_one(&self) -> bool {
        self.before != self.after
    }
}

impl fmt::Display for StateChange {
    /// `queue connector/Internet/example.org: state ready → held`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} {} → {}",
            self.subject,
            self.field,
            shown(&self.before),
            shown(&self.after)
        )
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "unset".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Changes in words, one for each, no more of them than an event holds.
pub fn told(changes: &[StateChange], left_out: u64) -> Vec<String> {
    let mut told: Vec<String> = changes
        .iter()
        .take(TOLD_MAX)
        .map(ToString::to_string)
        .collect();
    let more = changes.len().saturating_sub(TOLD_MAX) as u64 + left_out;
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_in_words_and_no_more_than_fit() {
        let held = StateChange::new("queue mailbox/Anna", "state", "ready", "held");
        assert_eq!(held.to_string(), "queue mailbox/Anna: state ready → held");
        let gone = StateChange::new("hold all", "wanted", "inactive", Value::Null);
        assert_eq!(gone.to_string(), "hold all: wanted inactive → unset");
        assert!(held.is_one() && !StateChange::new("a", "b", 1, 1).is_one());
        let long = StateChange::new("note", "text", Value::Null, "x".repeat(1_000));
        assert!(long.to_string().chars().count() < 300);
        let many = vec![held; 100];
        let words = told(&many, 900);
        assert_eq!(words.len(), TOLD_MAX + 1);
        assert_eq!(words.last().unwrap(), "and 936 more");
        assert!(told(&[], 0).is_empty());
    }
}
