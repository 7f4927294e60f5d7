//! A delivery taken for an attempt.

use std::sync::Arc;

use mailward_model::plan::Delivery;

use crate::{schedule::Key, shared::Shared, view::Message};

/// A due delivery, marked in flight. Dropped before [`crate::Queue::settle`] it is due again.
#[derive(Debug)]
pub struct Lease {
    /// The message it belongs to.
    pub message: Arc<Message>,
    /// The delivery.
    pub delivery: Arc<Delivery>,
    /// Indexes of the recipients that are not settled.
    pub pending: Vec<u32>,
    /// Attempts that have ended.
    pub attempts: u32,
    /// When the first of them began, Unix milliseconds; `None` where this is the first.
    pub first_attempt_unix_ms: Option<u64>,
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
    pub(crate) key: Key,
    pub(crate) number: u64,
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        // Settled, it stands elsewhere by now, and this does nothing.
        state.index.give_back(self.key, self.number);
        self.shared.release_state(state);
    }
}
