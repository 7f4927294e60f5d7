//! What the notifier knows and keeps: open alerts, what each channel was told of them, who has
//! acknowledged or silenced what.

use std::collections::{BTreeMap, VecDeque};

use mailward_model::kind::AlertScope;
use serde::{Deserialize, Serialize};

use super::{Alert, AlertKind};

/// One channel, as the notifier sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Which alerts it is for.
    pub scope: AlertScope,
    /// The health sets it is for; all of them if empty.
    pub sets: Vec<String>,
    /// How long alerts wait for others, in milliseconds.
    pub group_wait_ms: u64,
    /// After what time an open alert is told again, in milliseconds; 0 for never.
    pub repeat_ms: u64,
}

impl Route {
    /// Why the channel is not for this alert; `None` where it is.
    pub(super) fn refuses(&self, alert: &Alert, level: AlertKind) -> Option<String> {
        if alert
            .component
            .eq_ignore_ascii_case(&format!("alerting/{}", self.name))
        {
            return Some("it is about this channel itself".to_owned());
        }
        match self.scope {
            AlertScope::None => return Some("the channel carries no alerts".to_owned()),
            AlertScope::Offline if level != AlertKind::Offline => {
                return Some("the channel is told only that no mail is taken".to_owned());
            }
            _ => {}
        }
        let named = |set: &String| set.eq_ignore_ascii_case(&alert.set);
        if self.sets.is_empty() || self.sets.iter().any(named) {
            return None;
        }
        Some(format!("the channel is for {}", self.sets.join(", ")))
    }
}

/// What is new to a channel about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// It was raised.
    Raised,
    /// It is worse than told before.
    Worse,
    /// It is still open.
    Repeat,
    /// It is over.
    Solved,
}

/// What a channel was told of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How bad it was said to be.
    pub level: AlertKind,
    /// When it was last told.
    pub unix_ms: u64,
    /// How often.
    pub times: u32,
    /// Whether it was told that it is over.
    pub solved: bool,
    /// The first notice about it: what later ones answer to.
    pub first: String,
}

/// Who has taken an alert on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// What they said.
    pub note: String,
    /// When.
    pub unix_ms: u64,
    /// How bad it was then: what is worse is told again.
    pub level: AlertKind,
}

/// An alert and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its newest text.
    pub alert: Alert,
    /// How bad it was at worst.
    pub level: AlertKind,
    /// When it was raised.
    pub raised_unix_ms: u64,
    /// When it was raised, became worse or was solved.
    pub changed_unix_ms: u64,
    /// When it was over.
    pub solved_unix_ms: Option<u64>,
    /// Who has taken it on.
    pub acknowledged: Option<Acknowledgement>,
    /// What each channel was told.
    pub told: BTreeMap<String, Told>,
}

/// Alerts that are not told, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// A component, a health set or a monitor; `*` stands for anything.
    pub pattern: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub from_unix_ms: u64,
    /// Until when.
    pub until_unix_ms: u64,
}

impl Silence {
    /// Whether it holds for an alert at a moment.
    pub fn holds(&self, alert: &Alert, now_unix_ms: u64) -> bool {
        let names = [&alert.component, &alert.set]
            .into_iter()
            .chain(&alert.monitors);
        now_unix_ms < self.until_unix_ms
            && names.into_iter().any(|name| matches(&self.pattern, name))
    }
}

/// Whether a name fits a pattern, in which `*` stands for anything. Case does not count.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// One item of a notice that is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) case: String,
    pub(super) news: News,
    pub(super) level: AlertKind,
}

/// A channel's attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// Failures in a row.
    pub failures: u32,
    /// When the last attempt began.
    pub tried_unix_ms: u64,
    /// When the next may begin.
    pub next_unix_ms: u64,
    /// Why the last one failed; empty where it did not.
    pub error: String,
    /// When a notice was last delivered.
    pub delivered_unix_ms: Option<u64>,
    /// What is on its way, and the notice's id.
    pub(super) under_way: Option<(String, Vec<Sent>)>,
    /// What was on its way when the worker ended: whether it arrived, nobody knows.
    #[serde(default)]
    pub(super) unsure: Vec<Sent>,
}

/// Everything that outlives the worker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Book {
    /// Alerts that are open, or of which somebody is still to be told, by their case.
    pub open: BTreeMap<String, Entry>,
    /// Alerts that are over, oldest first.
    pub past: VecDeque<Entry>,
    /// Silences in force.
    pub silences: Vec<Silence>,
    /// Silences made so far.
    pub silenced: u64,
    /// Channels by their names.
    pub lines: BTreeMap<String, Line>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("receive/Internet", "receive/internet", true),
            ("receive/Internet", "receive/Internet2", false),
            ("receive/*", "receive/Internet", true),
            ("*", "anything", true),
            ("*/Internet", "mailflow/Internet", true),
            ("*/Internet", "mailflow/Intranet", false),
            ("r*v*/I*t", "receive/Internet", true),
            ("aa*aa", "aaa", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
