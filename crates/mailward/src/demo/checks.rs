//! What the demo claims, and whether it was true.

use super::act::Say;

/// The claims made so far, and how much mail was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Checks {
    claims: Vec<(String, bool)>,
    acknowledged: usize,
    repeated: usize,
    reported: bool,
}

impl Checks {
    /// Notes a claim.
    pub(super) fn claim(&mut self, text: impl Into<String>, held: bool) {
        self.claims.push((text.into(), held));
    }

    /// Notes mail that was acknowledged, and attempts whose fate the sender never learnt.
    pub(super) fn sent(&mut self, acknowledged: usize, unanswered: usize) {
        self.acknowledged += acknowledged;
        self.repeated += unanswered;
    }

    /// Messages acknowledged in all.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    /// Messages that may exist twice, because an acknowledgement was lost with its connection.
    pub(super) fn repeated(&self) -> usize {
        self.repeated
    }

    /// True where every claim held.
    pub(super) fn all_true(&self) -> bool {
        self.claims.iter().all(|(_, held)| *held)
    }

    /// Prints all of them, once.
    pub(super) fn report(&mut self, say: &Say) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        say.title("What was claimed");
        for (text, held) in &self.claims {
            say.text(&format!(
                "{}  {text}",
                if *held { "true " } else { "FALSE" }
            ));
        }
    }
}
