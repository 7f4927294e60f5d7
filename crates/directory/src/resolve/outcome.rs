//! What becomes of each recipient during resolution: delivered, failed, reached again.
//!
//! The second half of the walk: it keeps what was seen, so that nobody gets the message twice and
//! no circle is walked for ever.

use mailward_model::{
    EmailAddress, EnhancedCode, EnvelopeRecipient, Reply,
    plan::{ResolutionNote, ResolutionStep},
};

use super::{Reach, Resolver, Seen, State, Way};
use crate::{Place, RecipientNo, RecipientRole, Resolved, Unresolved, resolution::Step};

impl<'a> Resolver<'a> {
    /// Settles what became of a recipient that stands for others.
    pub(super) fn conclude(
        &mut self,
        no: RecipientNo,
        address: &EmailAddress,
        way: &Way<'a>,
        reach: Reach,
    ) -> Reach {
        match reach {
            Reach::TooMany => Reach::TooMany,
            Reach::Somebody => {
                self.set(no, way.source, State::Passed);
                Reach::Somebody
            }
            Reach::Back(head) if head < way.depth => {
                // Fate hangs on the recipient it led back to, which is still being walked.
                let head_no = self.seen.iter().find_map(|(no, seen)| {
                    matches!(seen.state, State::Walking(depth) if depth == head).then_some(*no)
                });
                if let Some(head_no) = head_no {
                    self.set(no, way.source, State::Led(head_no));
                }
                Reach::Back(head)
            }
            Reach::Back(_) => {
                let text = format!("Mail to {address} is forwarded in a circle and reaches nobody");
                self.fail(address, way, Reply::new(554, EnhancedCode(5, 4, 6), text));
                self.set_failed(no, way.source);
                Reach::Failed
            }
            Reach::Failed => {
                self.set_failed(no, way.source);
                Reach::Failed
            }
        }
    }

    pub(super) fn set(&mut self, no: RecipientNo, source: u32, state: State) {
        self.seen.insert(no, Seen { source, state });
    }

    pub(super) fn set_failed(&mut self, no: RecipientNo, source: u32) {
        let last = self.out.failures.len().saturating_sub(1);
        self.set(no, source, State::Failed(last));
    }

    /// A recipient that was reached before.
    pub(super) fn again(
        &mut self,
        no: RecipientNo,
        state: State,
        address: &EmailAddress,
        way: &Way<'a>,
    ) -> Reach {
        match state {
            State::Walking(depth) => Reach::Back(depth),
            State::Led(head) => match self.seen.get(&head) {
                Some(seen) => {
                    let state = seen.state;
                    self.again(head, state, address, way)
                }
                None => Reach::Failed,
            },
            State::Failed(at) => {
                let reply = self.out.failures.get(at).map(|f| f.reply.clone());
                match reply {
                    Some(reply) => self.fail(address, way, reply),
                    None => Reach::Failed,
                }
            }
            State::Final(at) => {
                let step = self.push_step(no, way);
                self.duplicate(at, Some(step), address, way);
                Reach::Somebody
            }
            State::Passed => {
                let step = self.push_step(no, way);
                self.out.also.push((None, step));
                if way.notify.success
                    && self.directory.recipient_of(no).is_some_and(is_group)
                    && !self.out.expanded.contains(&way.source)
                {
                    self.out.expanded.push(way.source);
                }
                let sent_to = &way.sent_to.address;
                self.note(sent_to, vec![address.clone()], ResolutionStep::Duplicate);
                Reach::Somebody
            }
        }
    }

    fn push_step(&mut self, no: RecipientNo, way: &Way<'a>) -> u32 {
        let step = u32::try_from(self.out.steps.len()).unwrap_or(u32::MAX);
        self.out.steps.push(Step {
            no,
            before: way.step,
        });
        step
    }

    /// A final recipient reached a second time. The way without redirection counts: its sender
    /// wrote this very address.
    fn duplicate(&mut self, at: u32, step: Option<u32>, address: &EmailAddress, way: &Way<'a>) {
        let direct = Resolved {
            rcpt: rcpt_for(address, way),
            place: Place::Elsewhere,
            source: way.source,
            redirection: None,
            report_to: None,
            step,
        };
        let have = usize::try_from(at)
            .ok()
            .and_then(|at| self.out.recipients.get_mut(at));
        let other = match have {
            Some(have) if have.redirection.is_some() && way.redirection.is_none() => {
                let place = have.place;
                let before = std::mem::replace(have, direct);
                have.place = place;
                before.step
            }
            _ => step.or(way.step),
        };
        if let Some(other) = other {
            self.out.also.push((Some(at), other));
        }
        let sent_to = &way.sent_to.address;
        self.note(sent_to, vec![address.clone()], ResolutionStep::Duplicate);
    }

    /// A final recipient here.
    pub(super) fn mailbox(
        &mut self,
        no: RecipientNo,
        address: &EmailAddress,
        way: &Way<'a>,
    ) -> Reach {
        match self.deliver(address, Place::Mailbox(no), way) {
            Some(at) => {
                self.set(no, way.source, State::Final(at));
                Reach::Somebody
            }
            None => Reach::TooMany,
        }
    }

    /// A final recipient beyond the directory.
    pub(super) fn elsewhere(&mut self, address: &EmailAddress, way: &Way<'a>) -> Reach {
        let key = address.key();
        if let Some((at, _)) = self.elsewhere.get(&key) {
            let at = *at;
            self.duplicate(at, way.step, address, way);
            return Reach::Somebody;
        }
        match self.deliver(address, Place::Elsewhere, way) {
            Some(at) => {
                self.elsewhere.insert(key, (at, way.source));
                Reach::Somebody
            }
            None => Reach::TooMany,
        }
    }

    /// Adds a final recipient; `None` where expansion has gone over its limit.
    fn deliver(&mut self, address: &EmailAddress, place: Place, way: &Way<'a>) -> Option<u32> {
        if way.redirection.is_some() {
            self.expanded += 1;
            if self.expanded > self.directory.expanded_max() {
                return None;
            }
        }
        let at = u32::try_from(self.out.recipients.len()).ok()?;
        self.out.recipients.push(Resolved {
            rcpt: rcpt_for(address, way),
            place,
            source: way.source,
            redirection: way.redirection.clone(),
            report_to: way.report_to.cloned(),
            step: way.step,
        });
        Some(at)
    }

    pub(super) fn fail(&mut self, address: &EmailAddress, way: &Way<'a>, reply: Reply) -> Reach {
        if self.failed.insert((way.source, address.key())) {
            self.out.failures.push(Unresolved {
                rcpt: rcpt_for(address, way),
                source: way.source,
                report_to: way.report_to.cloned(),
                reply,
            });
        }
        Reach::Failed
    }

    pub(super) fn note(
        &mut self,
        from: &EmailAddress,
        to: Vec<EmailAddress>,
        step: ResolutionStep,
    ) {
        self.out.notes.push(ResolutionNote {
            from: from.clone(),
            to,
            step,
        });
    }
}

fn is_group(recipient: &crate::Recipient) -> bool {
    matches!(recipient.role, RecipientRole::Group(_))
}

/// The RCPT for a final address.
fn rcpt_for(address: &EmailAddress, way: &Way<'_>) -> EnvelopeRecipient {
    let orcpt = if way.report_to.is_some() {
        None
    } else {
        way.sent_to.orcpt.clone().or_else(|| {
            let sent_to = &way.sent_to.address;
            // RFC 3461 §5.2.3: a relay that rewrites keeps the address as it was sent.
            (sent_to != address && sent_to.key() != address.key()).then(|| {
                let kind = if sent_to.needs_smtputf8() {
                    "utf-8"
                } else {
                    "rfc822"
                };
                format!("{kind};{sent_to}")
            })
        })
    };
    EnvelopeRecipient {
        address: address.clone(),
        notify: way.notify,
        orcpt,
    }
}
