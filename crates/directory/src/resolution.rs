//! The outcome of resolving an envelope: who gets the message, by which way, and who cannot.

use mailward_model::{
    EmailAddress, EnvelopeRecipient, Reply, Revision,
    plan::{Redirection, ResolutionNote},
};

use crate::RecipientNo;

/// Where a final recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this mailbox.
    Mailbox(RecipientNo),
    /// Beyond the directory: in a relay domain, or in a domain that is not ours.
    Elsewhere,
}

/// A recipient that the message is delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The final address with the DSN parameters that go with it.
    pub rcpt: EnvelopeRecipient,
    /// Where it is.
    pub place: Place,
    /// The envelope recipient it follows from, by index.
    pub source: u32,
    /// What the sender wrote, where it was a group or a recipient that forwards.
    pub redirection: Option<Redirection>,
    /// Who hears of failures instead of the sender: a group said so. It becomes MAIL FROM.
    pub report_to: Option<EmailAddress>,
    /// The last recipient of the directory on the way here.
    pub(crate) step: Option<u32>,
}

/// A recipient that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The address that failed, with the DSN parameters that go with it.
    pub rcpt: EnvelopeRecipient,
    /// The envelope recipient it follows from, by index.
    pub source: u32,
    /// Who hears of it instead of the sender.
    pub report_to: Option<EmailAddress>,
    /// Why.
    pub reply: Reply,
}

/// A group that was expanded, and whom it stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The group, as it was addressed.
    pub group: EmailAddress,
    /// How many members it had.
    pub members: usize,
    /// The revision since which it had these.
    pub generation: Revision,
}

/// One recipient of the directory on a way, and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) no: RecipientNo,
    pub(crate) before: Option<u32>,
}

/// What became of the recipients of an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Who gets the message, each once.
    pub recipients: Vec<Resolved>,
    /// Who cannot.
    pub failures: Vec<Unresolved>,
    /// Envelope recipients, by index, that asked for a success report and were expanded to a
    /// group's members: the sender is told "expanded" (RFC 3464 §2.3.3), the members' servers are
    /// not asked.
    pub expanded: Vec<u32>,
    /// The steps, for tracking.
    pub notes: Vec<ResolutionNote>,
    /// The groups that were expanded.
    pub expansions: Vec<Expansion>,
    /// Every step walked.
    pub(crate) steps: Vec<Step>,
    /// Ways that ended at a recipient already reached: the recipient's index where it was a final
    /// one, and the last step of the way.
    pub(crate) also: Vec<(Option<u32>, u32)>,
}

impl Resolution {
    /// The recipients of the directory on the way to a final recipient, last one first; its own
    /// mailbox or contact is among them.
    pub fn way(&self, resolved: &Resolved) -> impl Iterator<Item = RecipientNo> + '_ {
        self.way_from(resolved.step)
    }

    /// The other ways to what was reached more than once: the index of the final recipient, or
    /// `None` where the way ended at a group or a forwarding recipient seen before; and the
    /// recipients on the way, last one first.
    pub fn other_ways(
        &self,
    ) -> impl Iterator<Item = (Option<u32>, impl Iterator<Item = RecipientNo> + '_)> + '_ {
        self.also
            .iter()
            .map(|(reached, step)| (*reached, self.way_from(Some(*step))))
    }

    fn way_from(&self, step: Option<u32>) -> impl Iterator<Item = RecipientNo> + '_ {
        let get = |at: Option<u32>| {
            at.and_then(|at| usize::try_from(at).ok())
                .and_then(|at| self.steps.get(at))
        };
        std::iter::successors(get(step), move |step| get(step.before)).map(|step| step.no)
    }
}
