//! Alerts: telling a person, by channels that do not use the mail queue.
//!
//! ```text
//! engine ─► Alert ─► Notifier (pure: group, repeat, silence, acknowledge) ─► Notice, per channel
//!                        ▲                                                      │
//!                        └──── delivered, or why not ◄── Courier (one per channel, with a time limit)
//! ```
//!
//! The [`desk`] holds both and keeps what was told in a file, so that a worker that is started
//! again neither forgets an acknowledgement nor tells the same news twice. A channel that hangs
//! holds up neither the others nor the worker; each is watched by a probe of its own.
//!
//! Never here: the queue, or anything else that an alert may be about.

pub mod courier;
pub mod desk;
mod email;
mod letter;
mod local;
pub mod notice;
pub mod notify;
mod state;
mod syslog;
mod view;
mod webhook;
mod words;

use mailward_api::view::CaseStep;
use serde::{Deserialize, Serialize};

pub use desk::Alerter;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// What was told before is over.
    Solved,
    /// Nothing is left that Mailward could do.
    NeedsPerson,
    /// No mail is taken.
    Offline,
}

impl AlertKind {
    /// The word for it in views and documents.
    pub fn word(self) -> &'static str {
        match self {
            AlertKind::Solved => "solved",
            AlertKind::NeedsPerson => "needs_person",
            AlertKind::Offline => "offline",
        }
    }
}

/// One act of repair and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// When.
    pub unix_ms: u64,
    /// The act: `restart the component receive/Internet`.
    pub act: String,
    /// What came of it.
    pub outcome: String,
}

/// What is wrong, what was done about it, and what a person can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// The node's name.
    pub node: String,
    /// The recovery case.
    pub case: String,
    /// The component.
    pub component: String,
    /// The health set.
    #[serde(default)]
    pub set: String,
    /// The monitors that say so.
    #[serde(default)]
    pub monitors: Vec<String>,
    /// When it was raised.
    pub unix_ms: u64,
    /// The first bad result.
    pub since_unix_ms: u64,
    /// What it means for those who use mail.
    #[serde(default)]
    pub effect: String,
    /// What happened, in one sentence.
    pub text: String,
    /// The class of the cause, where known.
    pub cause: Option<String>,
    /// What the last probe saw.
    pub seen: String,
    /// What was done about it.
    #[serde(default)]
    pub tried: Vec<Tried>,
    /// What a person can do.
    #[serde(default)]
    pub todo: Vec<String>,
    /// The drill that it follows from: nothing is really broken.
    #[serde(default)]
    pub drill: Option<String>,
    /// The command that tells everything.
    pub explain: String,
}

impl Alert {
    /// Adds what people want to know: the effect, what was tried by the steps of the case, and what
    /// to do.
    #[must_use]
    pub fn told_for_people(mut self, steps: &[CaseStep]) -> Self {
        self.effect = words::effect(&self.set, &self.component);
        self.tried = words::tried(steps);
        self.todo = words::todo(self.kind, self.cause.as_deref(), &self.component);
        self.text = match self.kind {
            AlertKind::Offline => format!("new mail is answered 421, by this case: {}", self.text),
            AlertKind::NeedsPerson => format!("no stage of repair is left: {}", self.text),
            AlertKind::Solved => self.text,
        };
        self
    }
}

#[cfg(test)]
mod tests;
