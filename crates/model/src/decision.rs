//! The shape of every decision: what was chosen, why, and why each other candidate was not.
//!
//! A decision is made by a pure function; the server acts on `chosen`, `simulate` and `explain`
//! print the rest. So what an administrator reads is what happened, not a second opinion.

use serde::{Deserialize, Serialize};

/// A candidate that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PassedOver {
    /// Its name, as the administrator knows it.
    pub candidate: String,
    /// Why it was not chosen, as a sentence without a full stop.
    pub reason: String,
}

/// A choice with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Decision<T> {
    /// What was chosen.
    pub chosen: T,
    /// Why, as a sentence without a full stop.
    pub because: String,
    /// Every candidate passed over, in the order looked at.
    pub passed_over: Vec<PassedOver>,
}

impl<T> Decision<T> {
    /// A decision that passed nothing over.
    pub fn plain(chosen: T, because: impl Into<String>) -> Self {
        Decision {
            chosen,
            because: because.into(),
            passed_over: Vec::new(),
        }
    }

    /// The same reasons for another form of the chosen value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Decision<U> {
        Decision {
            chosen: f(self.chosen),
            because: self.because,
            passed_over: self.passed_over,
        }
    }
}
