//! Resolution: from the recipients of an envelope to those that mail is delivered to.
//!
//! What the sender may send at all is asked first. Then in this order for each address: proxy
//! address to primary address; whether this sender may send to it; a mailbox that forwards, to its
//! target (and itself, where it keeps a copy); a contact to its address; a group to its members, at
//! all depths. A recipient reached twice gets the message once; the most direct way
//! counts. What cannot be resolved fails by itself and leaves the others alone.
//!
//! A loop that still reaches somebody does no harm. A loop of forwarding that reaches nobody is a
//! failure (5.4.6) of the recipient at its head, because silence would lose the message.

mod outcome;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use mailward_model::{
    EmailAddress, EnhancedCode, EnvelopeRecipient, Notify, Reply,
    kind::{AcceptedDomainType, MailboxType},
    plan::{Redirection, ResolutionStep},
};

use crate::{
    Directory, Expansion, Group, Match, RecipientNo, RecipientRole, Resolution, Sender, Target,
    resolution::Step,
};

/// Groups and forwards that may stand one behind another. Deeper nesting is a mistake or an attack;
/// the limit also bounds the stack.
pub const DEPTH_MAX: u32 = 64;
/// Members that the note of one expansion lists. A line of a hundred thousand addresses helps
/// nobody; each member has a line of its own when it is delivered to.
pub const NOTE_ADDRESSES_MAX: usize = 1000;

impl Directory {
    /// Resolves the recipients of an envelope. `local` is the address the client connected to,
    /// whose literal is one of this host's names.
    ///
    /// Every recipient of the envelope ends in a final recipient, in a failure, or as a duplicate
    /// of another one that does. The result depends on the arguments alone.
    ///
    /// For mail of the system itself: no restriction is asked. [`Directory::resolve_from`] is for
    /// everybody else's.
    pub fn resolve(&self, recipients: &[EnvelopeRecipient], local: Option<IpAddr>) -> Resolution {
        self.resolve_for(None, recipients, local)
    }

    /// Resolves the recipients of an envelope for a sender: as [`Directory::resolve`], but what the
    /// sender may not send, or not to this recipient, fails.
    pub fn resolve_from(
        &self,
        sender: &Sender<'_>,
        recipients: &[EnvelopeRecipient],
        local: Option<IpAddr>,
    ) -> Resolution {
        self.resolve_for(Some(sender), recipients, local)
    }

    fn resolve_for(
        &self,
        sender: Option<&Sender<'_>>,
        recipients: &[EnvelopeRecipient],
        local: Option<IpAddr>,
    ) -> Resolution {
        let mut resolver = Resolver {
            directory: self,
            sender,
            local,
            out: Resolution::default(),
            seen: HashMap::new(),
            elsewhere: HashMap::new(),
            failed: HashSet::new(),
            expanded: 0,
        };
        resolver.out.recipients.reserve(recipients.len());
        let refused = sender.and_then(|sender| self.refuses_message(sender, recipients.len()));
        for (source, rcpt) in (0u32..).zip(recipients) {
            match &refused {
                Some(reply) => {
                    resolver.fail(&rcpt.address, &Way::to(source, rcpt), reply.clone());
                }
                None => resolver.envelope_recipient(source, rcpt),
            }
        }
        resolver.out
    }
}

/// What a walk from one recipient came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// At least one final recipient.
    Somebody,
    /// Nobody, and that is reported.
    Failed,
    /// Nobody: every way led back to a recipient being walked; the outermost of these is at this
    /// depth.
    Back(u32),
    /// Expansion went over its limit: the whole envelope recipient is to be given up.
    TooMany,
}

/// What is known of a recipient of the directory while resolving.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// The envelope recipient that led here first.
    source: u32,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Being walked, at this depth.
    Walking(u32),
    /// A final recipient: index into the result.
    Final(u32),
    /// Walked: others got the message.
    Passed,
    /// Walked: nobody got it. Index of the failure.
    Failed(usize),
    /// Walked: it led back to this one, whose fate it shares.
    Led(RecipientNo),
}

/// How the walk came to where it is.
#[derive(Debug, Clone)]
struct Way<'a> {
    source: u32,
    sent_to: &'a EnvelopeRecipient,
    notify: Notify,
    redirection: Option<Redirection>,
    report_to: Option<&'a EmailAddress>,
    step: Option<u32>,
    depth: u32,
}

impl<'a> Way<'a> {
    /// The way to a recipient of the envelope.
    fn to(source: u32, rcpt: &'a EnvelopeRecipient) -> Way<'a> {
        Way {
            source,
            sent_to: rcpt,
            notify: rcpt.notify,
            redirection: None,
            report_to: None,
            step: None,
            depth: 0,
        }
    }
}

struct Resolver<'a> {
    directory: &'a Directory,
    /// `None` for mail of the system itself.
    sender: Option<&'a Sender<'a>>,
    local: Option<IpAddr>,
    out: Resolution,
    seen: HashMap<RecipientNo, Seen>,
    /// Final recipients beyond the directory, by key: index into the result, and the source.
    elsewhere: HashMap<String, (u32, u32)>,
    /// Failures reported, by source and key.
    failed: HashSet<(u32, String)>,
    /// Final recipients that followed from a group or a forward.
    expanded: usize,
}

impl<'a> Resolver<'a> {
    fn envelope_recipient(&mut self, source: u32, rcpt: &'a EnvelopeRecipient) {
        let marks = (
            self.out.recipients.len(),
            self.out.failures.len(),
            self.out.notes.len(),
            self.out.also.len(),
            self.expanded,
            self.out.expansions.len(),
        );
        let way = Way::to(source, rcpt);
        if self.address(&rcpt.address, &way) != Reach::TooMany {
            return;
        }
        // The group is given up as a whole: to deliver to some of its members would hide from the
        // sender who is missing.
        self.out.recipients.truncate(marks.0);
        self.out.failures.truncate(marks.1);
        self.out.notes.truncate(marks.2);
        self.out.also.truncate(marks.3);
        self.out.expansions.truncate(marks.5);
        self.out.expanded.retain(|of| *of != source);
        self.expanded = marks.4;
        self.seen.retain(|_, seen| seen.source != source);
        self.elsewhere.retain(|_, (_, of)| *of != source);
        self.failed.retain(|(of, _)| *of != source);
        let text = format!(
            "{} expands to more recipients than one message may have ({})",
            rcpt.address,
            self.directory.expanded_max()
        );
        self.fail(
            &rcpt.address,
            &way,
            Reply::new(550, EnhancedCode(5, 2, 4), text),
        );
    }

    fn target(&mut self, target: &'a Target, way: &Way<'a>) -> Reach {
        match target {
            Target::Address(address) => self.address(address, way),
            Target::Known(no) => match self.directory.recipient_of(*no) {
                Some(recipient) => self.recipient(*no, &recipient.address, way),
                None => Reach::Failed,
            },
        }
    }

    fn address(&mut self, address: &'a EmailAddress, way: &Way<'a>) -> Reach {
        if let Some(found) = self.directory.find(address) {
            return self.found(address, found.no, found.how, way);
        }
        if self.directory.is_postmaster(address, self.local)
            && let Some(postmaster) = self.directory.postmaster()
            && postmaster != address
            && way.depth < DEPTH_MAX
        {
            self.note(address, vec![postmaster.clone()], ResolutionStep::Resolve);
            let way = Way {
                depth: way.depth + 1,
                ..way.clone()
            };
            return self.address(postmaster, &way);
        }
        if self.directory.accepts(address.domain()) == Some(AcceptedDomainType::Authoritative) {
            let reply = Reply::new(550, EnhancedCode(5, 1, 1), "No such recipient here");
            return self.fail(address, way, reply);
        }
        self.elsewhere(address, way)
    }

    /// An address that the directory knows, rewritten to the primary one.
    fn found(
        &mut self,
        address: &'a EmailAddress,
        no: RecipientNo,
        how: Match,
        way: &Way<'a>,
    ) -> Reach {
        let Some(primary) = self.directory.recipient_of(no).map(|r| &r.address) else {
            return Reach::Failed;
        };
        match how {
            // The sender's spelling stays: it is the same address.
            Match::Primary => self.recipient(no, address, way),
            Match::Proxy => {
                self.note(address, vec![primary.clone()], ResolutionStep::Resolve);
                self.recipient(no, primary, way)
            }
            Match::Detail => {
                // The detail goes on to the server that files by it (RFC 5233).
                let rewritten = address
                    .local()
                    .split_once('+')
                    .and_then(|(_, detail)| {
                        let local = format!("{}+{detail}", primary.local());
                        EmailAddress::new(&local, primary.domain().clone()).ok()
                    })
                    .unwrap_or_else(|| primary.clone());
                if rewritten != *address {
                    self.note(address, vec![rewritten.clone()], ResolutionStep::Resolve);
                }
                self.recipient(no, &rewritten, way)
            }
        }
    }

    /// A recipient of the directory, reached under `address`.
    fn recipient(&mut self, no: RecipientNo, address: &EmailAddress, way: &Way<'a>) -> Reach {
        if let Some(seen) = self.seen.get(&no) {
            let state = seen.state;
            return self.again(no, state, address, way);
        }
        let Some(recipient) = self.directory.recipient_of(no) else {
            return Reach::Failed;
        };
        if way.depth >= DEPTH_MAX {
            let text =
                format!("More than {DEPTH_MAX} groups and forwards stand one behind another");
            return self.fail(address, way, Reply::new(554, EnhancedCode(5, 4, 6), text));
        }
        let step = u32::try_from(self.out.steps.len()).unwrap_or(u32::MAX);
        self.out.steps.push(Step {
            no,
            before: way.step,
        });
        self.set(no, way.source, State::Walking(way.depth));
        let refused = self.sender.and_then(|s| self.directory.refuses(no, s));
        if let Some(reply) = refused {
            let here = Way {
                step: Some(step),
                ..way.clone()
            };
            let reach = self.fail(address, &here, reply);
            return self.conclude(no, address, way, reach);
        }
        let onward = Way {
            step: Some(step),
            depth: way.depth + 1,
            ..way.clone()
        };
        let reach = match &recipient.role {
            RecipientRole::Mailbox(mailbox) => {
                let here = Way {
                    step: Some(step),
                    ..way.clone()
                };
                let monitoring = mailbox.mailbox_type == MailboxType::Monitoring;
                match &mailbox.forward {
                    _ if monitoring && way.redirection.is_some() => {
                        // Nothing but a probe may reach a probe's mailbox, by no way at all.
                        let text = "This mailbox takes mail of health probes only";
                        self.fail(address, &here, Reply::new(550, EnhancedCode(5, 7, 1), text))
                    }
                    None => return self.mailbox(no, address, &here),
                    Some(target) if mailbox.keep_copy => {
                        let kept = self.mailbox(no, address, &here);
                        match self.forward(address, target, onward) {
                            Reach::TooMany => Reach::TooMany,
                            _ => return kept,
                        }
                    }
                    Some(target) => self.forward(address, target, onward),
                }
            }
            RecipientRole::Contact(target) => self.forward(address, target, onward),
            RecipientRole::Group(group) => self.group(address, group, onward),
        };
        self.conclude(no, address, way, reach)
    }

    fn forward(&mut self, address: &EmailAddress, target: &'a Target, mut way: Way<'a>) -> Reach {
        if let Some(to) = self.address_of(target) {
            self.note(address, vec![to.clone()], ResolutionStep::Redirect);
        }
        way.redirection
            .get_or_insert_with(|| Redirection::Forwarded(way.sent_to.address.clone()));
        self.target(target, &way)
    }

    fn group(&mut self, address: &EmailAddress, group: &'a Group, mut way: Way<'a>) -> Reach {
        let listed = group
            .members
            .iter()
            .take(NOTE_ADDRESSES_MAX)
            .filter_map(|member| self.address_of(member).cloned())
            .collect();
        self.note(address, listed, ResolutionStep::Expand);
        self.out.expansions.push(Expansion {
            group: address.clone(),
            members: group.members.len(),
            generation: group.generation,
        });
        if group.members.is_empty() {
            let text = format!("The group {address} has no members");
            return self.fail(address, &way, Reply::new(550, EnhancedCode(5, 2, 4), text));
        }
        way.redirection
            .get_or_insert_with(|| Redirection::Expanded(way.sent_to.address.clone()));
        if way.notify.success {
            // RFC 3461 §5.2.7.2: "expanded" is reported for the group, and a success report is
            // not asked for again from the servers of its members.
            way.notify.success = false;
            if !self.out.expanded.contains(&way.source) {
                self.out.expanded.push(way.source);
            }
        }
        if let Some(report_to) = &group.report_to {
            // RFC 3461 §5.2.7.1: a list with its own return address takes over responsibility;
            // the sender's DSN parameters end here.
            way.report_to = Some(report_to);
            way.notify = Notify::default();
        } else if !group.report_to_sender && way.report_to.is_none() {
            way.notify = Notify::NEVER;
        }
        let mut reach = Reach::Back(u32::MAX);
        for member in &group.members {
            reach = match (reach, self.target(member, &way)) {
                (_, Reach::TooMany) => return Reach::TooMany,
                (Reach::Somebody, _) | (_, Reach::Somebody) => Reach::Somebody,
                (Reach::Failed, _) | (_, Reach::Failed) => Reach::Failed,
                (Reach::Back(a), Reach::Back(b)) => Reach::Back(a.min(b)),
                (Reach::TooMany, _) => Reach::TooMany,
            };
        }
        reach
    }

    fn address_of<'b>(&self, target: &'b Target) -> Option<&'b EmailAddress>
    where
        'a: 'b,
    {
        match target {
            Target::Address(address) => Some(address),
            Target::Known(no) => self.directory.recipient_of(*no).map(|r| &r.address),
        }
    }
}
