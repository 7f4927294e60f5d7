//! One transaction that has been begun: the commands that are still to be written, the answers that
//! are still to come, and what is known of each recipient.
//!
//! Never here: the state of the session, and what the end of a message means ([`super::Client`]).

use std::collections::VecDeque;

use mailward_model::{EnhancedCode, EnvelopeRecipient, Reply};

use super::{Capabilities, RECIPIENTS_MAX, Transaction, command};

/// A command that has no answer yet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expect {
    Rset,
    Mail,
    Rcpt(usize),
    Data,
}

/// What is known of one recipient.
#[derive(Debug)]
pub(super) enum Slot {
    Waiting,
    Accepted,
    Settled(Reply),
}

/// The state of one transaction. Used again for the next one, with its buffers.
#[derive(Debug, Default)]
pub(super) struct Begun {
    /// Answers still to come, in order, each with the end of the command's place in `script`.
    pub(super) expect: VecDeque<(Expect, usize)>,
    /// Its commands. Where the peer has no PIPELINING they are written one by one.
    script: Vec<u8>,
    written: usize,
    pub(super) slots: Vec<Slot>,
    /// Octets of the message.
    pub(super) size: u64,
    pub(super) bdat: bool,
    pub(super) mail_accepted: bool,
    pub(super) mail_refused: bool,
    /// The peer took a recipient, whether or not that counts.
    pub(super) rcpt_accepted: bool,
    pub(super) body_whole: bool,
    /// The peer has answered something in it.
    pub(super) heard: bool,
}

impl Begun {
    /// Begins anew. With PIPELINING the script is the whole group, and DATA ends it.
    pub(super) fn begin<'r>(
        &mut self,
        tx: &Transaction<'_>,
        recipients: impl Iterator<Item = &'r EnvelopeRecipient>,
        peer: &Capabilities,
        bdat: bool,
        rset: bool,
    ) {
        self.expect.clear();
        self.script.clear();
        self.slots.clear();
        self.written = 0;
        (self.size, self.bdat) = (tx.size, bdat);
        (self.mail_accepted, self.mail_refused) = (false, false);
        (self.rcpt_accepted, self.body_whole, self.heard) = (false, false, false);
        if rset {
            self.script.extend_from_slice(b"RSET\r\n");
            self.expect.push_back((Expect::Rset, self.script.len()));
        }
        command::push_mail(&mut self.script, tx, peer);
        self.expect.push_back((Expect::Mail, self.script.len()));
        for (i, rcpt) in recipients.take(RECIPIENTS_MAX).enumerate() {
            command::push_rcpt(&mut self.script, rcpt, peer);
            self.expect.push_back((Expect::Rcpt(i), self.script.len()));
            self.slots.push(Slot::Waiting);
        }
        // RFC 2920 §3.1: DATA may end a group. BDAT waits for the answers: a peer that refused every
        // recipient might take the body for commands.
        if peer.pipelining && !bdat {
            self.data();
        }
    }

    /// Puts DATA behind the commands.
    pub(super) fn data(&mut self) {
        self.script.extend_from_slice(b"DATA\r\n");
        self.expect.push_back((Expect::Data, self.script.len()));
    }

    /// What was not written yet.
    pub(super) fn group(&self) -> &[u8] {
        self.script.get(self.written..).unwrap_or_default()
    }

    /// The group was written.
    pub(super) fn group_written(&mut self) {
        self.written = self.script.len();
    }

    /// Writes what is to be written now: the group, or without PIPELINING the next command.
    pub(super) fn write_to(&mut self, output: &mut Vec<u8>, pipelining: bool) {
        let end = match self.expect.front() {
            _ if pipelining => self.script.len(),
            Some((_, end)) => *end,
            None => return,
        };
        if let Some(part) = self.script.get(self.written..end) {
            output.extend_from_slice(part);
            self.written = end;
        }
    }

    pub(super) fn accepted(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot, Slot::Accepted))
    }

    /// Gives `reply` to every recipient that has no final answer yet.
    pub(super) fn settle_open(&mut self, reply: &Reply) {
        for slot in &mut self.slots {
            if !matches!(slot, Slot::Settled(_)) {
                *slot = Slot::Settled(reply.clone());
            }
        }
    }
}

/// The answers of the recipients; who has none gets `unheard`.
pub(super) fn replies(slots: &mut Vec<Slot>, unheard: &Reply) -> Vec<Reply> {
    slots
        .drain(..)
        .map(|slot| match slot {
            Slot::Settled(answer) => answer,
            Slot::Waiting | Slot::Accepted => unheard.clone(),
        })
        .collect()
}

/// 4xx and 5xx.
pub(super) fn is_failure(reply: &Reply) -> bool {
    reply.is_transient() || reply.is_permanent()
}

/// RFC 5321 §4.5.3.1.10: 552 in answer to RCPT is an old way of saying "too many recipients".
pub(super) fn for_recipient(reply: Reply) -> Reply {
    match reply {
        Reply {
            code: 552,
            enhanced: None | Some(EnhancedCode(5, 5, 3)),
            text,
        } => Reply::new(452, EnhancedCode(4, 5, 3), text),
        reply => reply,
    }
}
