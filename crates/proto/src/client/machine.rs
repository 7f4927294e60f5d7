//! The client machine: from greeting to QUIT, any number of transactions in between.
//!
//! The driver's loop: write and clear [`Client::output`], call [`Client::step`], do what it says;
//! on [`Step::Read`] read from the peer and [`Client::feed`]. The machine never waits and never
//! reads a clock: timeouts are the driver's.
//!
//! Where the peer offers PIPELINING, the next transaction's commands may be sent in one group with
//! the end of a message ([`Client::begin_behind`]): then a message costs one round trip.
//!
//! Invariant: a recipient counts as delivered only by a 2xx reply that came after the whole body
//! had been sent.

use mailward_model::{BodyType, EnhancedCode, EnvelopeRecipient, Reply, Ret, ReversePath};
use memchr::memchr;

use super::{
    Capabilities,
    begun::{Begun, Expect, Slot, for_recipient, is_failure, replies},
    capability, fit,
    reply::{LINE_OCTETS_MAX, ReplyError, ReplyReader},
};

/// How the client introduces itself and what it makes use of.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name said in EHLO.
    pub helo: String,
    /// Speak LMTP (RFC 2033): LHLO, and a final reply for each recipient.
    pub lmtp: bool,
    /// Use BDAT where CHUNKING is offered. Off for peers that offer it and then refuse it.
    pub chunking: bool,
}

/// The parameters of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Transaction<'a> {
    /// MAIL FROM.
    pub mail_from: &'a ReversePath,
    /// Octets of the message, as BDAT counts them (dots not stuffed).
    pub size: u64,
    /// What the content needs.
    pub body: BodyType,
    /// Whether an address or the header section needs SMTPUTF8.
    pub smtputf8: bool,
    /// RET, where the sender gave it.
    pub ret: Option<Ret>,
    /// ENVID without xtext, where the sender gave it.
    pub envid: Option<&'a str>,
    /// XOORG: the organisation that the message comes from, where it is to be named.
    pub xoorg: Option<&'a str>,
}

/// How the body is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Through a [`DotStuffer`](super::DotStuffer), its end included.
    Dots,
    /// As it is: exactly as many octets as the transaction's `size` said.
    Chunk,
}

/// What the driver is to do. Output is to be written first, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Read from the peer.
    Read,
    /// The session stands: look at the capabilities, then begin a transaction, start TLS or quit.
    Ready,
    /// Do the TLS handshake, then call [`Client::tls_established`].
    Handshake,
    /// The peer does not start TLS now, for this reason. The session goes on without it.
    TlsRefused(Reply),
    /// Send the body, then call [`Client::body_sent`].
    SendBody(Framing),
    /// The transaction is over: [`Client::outcome`] says what became of each recipient.
    Done,
    /// The peer takes no mail from us now: its greeting, or its answer to EHLO.
    Refused(Reply),
    /// The peer closes the connection; nothing is under way.
    Closed(Reply),
}

/// What a peer did that leaves no way but to close the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// It sent no reply.
    #[error("the peer does not speak SMTP")]
    Reply(#[source] ReplyError),
    /// It sent something behind its answer to STARTTLS, in plain text: somebody may have put words
    /// into its mouth (RFC 3207 §4, CVE-2011-0411).
    #[error("the peer sent octets in plain text behind its answer to STARTTLS")]
    BeforeTls,
    /// It sent a reply that fits nothing we asked.
    #[error("the peer answered {0}, which is no answer to {1}")]
    Unexpected(Reply, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    Ehlo,
    Helo,
    Idle,
    StartTls,
    Handshake,
    Envelope,
    Body,
    Final,
    Over,
}

/// The sending side of one connection.
#[derive(Debug)]
pub struct Client {
    options: Options,
    phase: Phase,
    capabilities: Capabilities,
    input: Vec<u8>,
    reader: ReplyReader,
    output: Vec<u8>,
    /// The transaction under way.
    current: Begun,
    /// The one that goes behind it, where there is one.
    next: Begun,
    has_next: bool,
    /// The recipients of the one that is over.
    over: Vec<Slot>,
    mail_refused: bool,
    needs_rset: bool,
    chunking_refused: bool,
    transactions: u64,
}

impl Client {
    /// A client that waits for the greeting.
    pub fn new(options: Options) -> Self {
        Client {
            options,
            phase: Phase::Greeting,
            capabilities: Capabilities::default(),
            input: Vec::new(),
            reader: ReplyReader::default(),
            output: Vec::new(),
            current: Begun::default(),
            next: Begun::default(),
            has_next: false,
            over: Vec::new(),
            mail_refused: false,
            needs_rset: false,
            chunking_refused: false,
            transactions: 0,
        }
    }

    /// What is to be written. The driver clears it when it is on its way, and may append the body
    /// to it while a body is due.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// What the peer offers; meaningful from [`Step::Ready`] on.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// True where the peer offered CHUNKING and then did not know BDAT.
    pub fn chunking_refused(&self) -> bool {
        self.chunking_refused
    }

    /// True where another transaction may begin on this connection.
    pub fn is_idle(&self) -> bool {
        self.phase == Phase::Idle && self.input.is_empty() && self.may_begin()
    }

    fn may_begin(&self) -> bool {
        let max = self.capabilities.mail_max;
        max.is_none_or(|max| self.transactions < max)
    }

    /// True while the peer is asked about an envelope: after [`Step::Done`], where another
    /// transaction was begun behind the one that is over, and is now under way.
    pub fn is_under_way(&self) -> bool {
        self.phase == Phase::Envelope
    }

    /// True where the peer has answered anything in the transaction under way, or in the one that
    /// is over while none is.
    pub fn has_heard(&self) -> bool {
        self.current.heard
    }

    /// True where the transaction that is over ended because MAIL was refused.
    pub fn mail_was_refused(&self) -> bool {
        self.mail_refused
    }

    /// Takes what the peer sent. At most one read's worth is held beyond one reply line.
    pub fn feed(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
    }

    /// Goes on as far as possible without more input.
    ///
    /// # Errors
    /// [`ClientError`] where the peer broke the protocol: close the connection without QUIT.
    pub fn step(&mut self) -> Result<Step, ClientError> {
        loop {
            if matches!(self.phase, Phase::Body | Phase::Handshake) {
                // A reply that comes before the body is whole waits until it is.
                return Ok(Step::Read);
            }
            let Some(reply) = self.next_reply()? else {
                return Ok(match self.phase {
                    Phase::Idle => Step::Ready,
                    _ => Step::Read,
                });
            };
            if let Some(step) = self.apply(reply)? {
                return Ok(step);
            }
        }
    }

    fn next_reply(&mut self) -> Result<Option<Reply>, ClientError> {
        let mut from = 0;
        let mut found = None;
        while let Some(rest) = self.input.get(from..) {
            let Some(end) = memchr(b'\n', rest) else {
                if rest.len() > LINE_OCTETS_MAX {
                    return Err(ClientError::Reply(ReplyError::LongLine));
                }
                break;
            };
            if end > LINE_OCTETS_MAX {
                return Err(ClientError::Reply(ReplyError::LongLine));
            }
            let line = rest.get(..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            found = self.reader.line(line).map_err(ClientError::Reply)?;
            from += end + 1;
            if found.is_some() {
                break;
            }
        }
        self.input.drain(..from);
        Ok(found)
    }

    fn apply(&mut self, reply: Reply) -> Result<Option<Step>, ClientError> {
        self.current.heard = true;
        // RFC 5321 §3.8: 421 may come in answer to anything, and the connection then closes.
        if reply.code == 421 && self.phase != Phase::Greeting {
            return Ok(Some(self.closed_by_peer(reply)));
        }
        match self.phase {
            Phase::Greeting if reply.code == 220 => {
                self.capabilities.name = capability::first_word(&reply.text);
                self.hello(if self.options.lmtp { "LHLO" } else { "EHLO" });
                Ok(None)
            }
            Phase::Greeting => Ok(Some(self.refuse(reply))),
            Phase::Ehlo if reply.is_positive() => {
                self.capabilities = Capabilities::read(&reply);
                self.phase = Phase::Idle;
                Ok(Some(Step::Ready))
            }
            // RFC 5321 §3.2: a server that does not know EHLO is greeted with HELO.
            Phase::Ehlo if reply.is_permanent() && !self.options.lmtp => {
                self.hello("HELO");
                self.phase = Phase::Helo;
                Ok(None)
            }
            Phase::Helo if reply.is_positive() => {
                self.capabilities = Capabilities::of_helo(&reply);
                self.phase = Phase::Idle;
                Ok(Some(Step::Ready))
            }
            Phase::Ehlo | Phase::Helo => Ok(Some(self.refuse(reply))),
            Phase::StartTls if reply.code == 220 => {
                if !self.input.is_empty() {
                    self.phase = Phase::Over;
                    return Err(ClientError::BeforeTls);
                }
                self.phase = Phase::Handshake;
                Ok(Some(Step::Handshake))
            }
            Phase::StartTls => {
                self.phase = Phase::Idle;
                Ok(Some(Step::TlsRefused(reply)))
            }
            Phase::Envelope => self.envelope_reply(reply),
            Phase::Final => self.final_reply(reply),
            Phase::Idle | Phase::Body | Phase::Handshake | Phase::Over => {
                self.phase = Phase::Over;
                Err(ClientError::Unexpected(reply, "anything that was asked"))
            }
        }
    }

    fn hello(&mut self, verb: &str) {
        self.phase = Phase::Ehlo;
        for part in [verb, " ", &self.options.helo, "\r\n"] {
            self.output.extend_from_slice(part.as_bytes());
        }
    }

    fn refuse(&mut self, reply: Reply) -> Step {
        self.phase = Phase::Over;
        Step::Refused(reply)
    }

    fn closed_by_peer(&mut self, reply: Reply) -> Step {
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        match phase {
            Phase::Envelope | Phase::Final => {
                self.current.settle_open(&reply);
                self.end()
            }
            Phase::Ehlo | Phase::Helo => Step::Refused(reply),
            _ => Step::Closed(reply),
        }
    }

    /// Asks for TLS. Only after [`Step::Ready`], and only where STARTTLS is offered.
    pub fn start_tls(&mut self) {
        if self.phase == Phase::Idle {
            self.output.extend_from_slice(b"STARTTLS\r\n");
            self.phase = Phase::StartTls;
        }
    }

    /// The handshake succeeded: everything the peer said before is forgotten (RFC 3207 §4.2).
    pub fn tls_established(&mut self) {
        self.capabilities = Capabilities::default();
        self.input.clear();
        self.reader = ReplyReader::default();
        self.needs_rset = false;
        self.hello(if self.options.lmtp { "LHLO" } else { "EHLO" });
    }

    /// Begins a transaction with up to [`RECIPIENTS_MAX`](super::RECIPIENTS_MAX) recipients; further
    /// ones are left out.
    /// Only after [`Step::Ready`] or [`Step::Done`] with [`Client::is_idle`].
    ///
    /// # Errors
    /// The reply that every recipient gets without the peer being asked, where it lacks an
    /// extension the message needs, or the message is too large for it.
    pub fn begin<'r>(
        &mut self,
        tx: &Transaction<'_>,
        recipients: impl Iterator<Item = &'r EnvelopeRecipient>,
    ) -> Result<(), Reply> {
        fit::refusal(tx, &self.capabilities).map_or(Ok(()), Err)?;
        let (bdat, rset) = (self.uses_bdat(tx), std::mem::take(&mut self.needs_rset));
        let peer = &self.capabilities;
        self.current.begin(tx, recipients, peer, bdat, rset);
        self.transactions += 1;
        self.over.clear();
        self.phase = Phase::Envelope;
        self.current.write_to(&mut self.output, peer.pipelining);
        Ok(())
    }

    fn uses_bdat(&self, tx: &Transaction<'_>) -> bool {
        self.capabilities.chunking && (self.options.chunking || tx.body == BodyType::BinaryMime)
    }

    /// True where another transaction may be begun behind the body that is due.
    ///
    /// RFC 2920 §3.1: the transfer of a message's content may be the first command of a group.
    pub fn may_begin_behind(&self) -> bool {
        self.phase == Phase::Body
            && self.capabilities.pipelining
            && !self.has_next
            && self.may_begin()
    }

    /// Begins the next transaction behind the body that is due, as [`Client::begin`] would: its
    /// commands ([`Client::behind`]) are to be written right behind the end of that body. After the
    /// [`Step::Done`] of the transaction under way it is itself under way
    /// ([`Client::is_under_way`]), unless the connection ended with the first one.
    ///
    /// False where it cannot be done, or the peer cannot take the message: then nothing has changed.
    pub fn begin_behind<'r>(
        &mut self,
        tx: &Transaction<'_>,
        recipients: impl Iterator<Item = &'r EnvelopeRecipient>,
    ) -> bool {
        if !self.may_begin_behind() || fit::refusal(tx, &self.capabilities).is_some() {
            return false;
        }
        let bdat = self.uses_bdat(tx);
        self.next
            .begin(tx, recipients, &self.capabilities, bdat, false);
        self.transactions += 1;
        self.has_next = true;
        true
    }

    /// What is to be written behind the end of the body; empty where nothing goes behind it.
    pub fn behind(&self) -> &[u8] {
        match self.has_next {
            true => self.next.group(),
            false => &[],
        }
    }

    fn envelope_reply(&mut self, reply: Reply) -> Result<Option<Step>, ClientError> {
        let Some((expect, _)) = self.current.expect.pop_front() else {
            self.phase = Phase::Over;
            return Err(ClientError::Unexpected(reply, "the envelope"));
        };
        match expect {
            // What RSET is answered changes nothing.
            Expect::Rset => {}
            Expect::Mail if reply.is_positive() => self.current.mail_accepted = true,
            Expect::Mail if is_failure(&reply) => {
                self.current.settle_open(&reply);
                self.current.mail_refused = true;
                if !self.capabilities.pipelining {
                    self.current.expect.clear();
                    return Ok(Some(self.done()));
                }
            }
            Expect::Mail => return self.out_of_step(reply, "MAIL"),
            Expect::Rcpt(i) => {
                let answer = if reply.is_positive() {
                    self.current.rcpt_accepted = true;
                    Slot::Accepted
                } else if is_failure(&reply) {
                    Slot::Settled(for_recipient(reply))
                } else {
                    return self.out_of_step(reply, "RCPT");
                };
                // Where MAIL was refused, its reply stands, whatever RCPT then is answered.
                if let Some(slot @ Slot::Waiting) = self.current.slots.get_mut(i) {
                    *slot = answer;
                }
            }
            Expect::Data if reply.code == 354 => return self.data_reply(),
            Expect::Data if is_failure(&reply) => {
                self.current.settle_open(&reply);
                self.needs_rset = self.current.mail_accepted;
                return Ok(Some(self.done()));
            }
            Expect::Data => return self.out_of_step(reply, "DATA"),
        }
        if !self.current.expect.is_empty() {
            let pipelining = self.capabilities.pipelining;
            self.current.write_to(&mut self.output, pipelining);
            return Ok(None);
        }
        if !self.current.accepted() {
            self.needs_rset = self.current.mail_accepted;
            return Ok(Some(self.done()));
        }
        if self.current.bdat {
            let command = format!("BDAT {} LAST\r\n", self.current.size);
            self.output.extend_from_slice(command.as_bytes());
            self.phase = Phase::Body;
            return Ok(Some(Step::SendBody(Framing::Chunk)));
        }
        self.current.data();
        self.current.write_to(&mut self.output, true);
        Ok(None)
    }

    fn data_reply(&mut self) -> Result<Option<Step>, ClientError> {
        if self.current.accepted() {
            self.phase = Phase::Body;
            return Ok(Some(Step::SendBody(Framing::Dots)));
        }
        if self.options.lmtp || self.current.rcpt_accepted {
            // RFC 2033 §4.2: for no recipient there would be no reply. And a server that refused
            // MAIL and took a recipient all the same might deliver the empty message that a dot
            // makes. Close rather than guess.
            self.phase = Phase::Over;
            return Ok(Some(self.end()));
        }
        // RFC 2920 §3.1: a server that lets DATA begin without a recipient gets a lone dot.
        self.output.extend_from_slice(b".\r\n");
        self.phase = Phase::Final;
        Ok(None)
    }

    fn out_of_step(&mut self, reply: Reply, to: &'static str) -> Result<Option<Step>, ClientError> {
        self.phase = Phase::Over;
        Err(ClientError::Unexpected(reply, to))
    }

    /// The body is out, the end of it included; or only a part of it, where writing failed
    /// (`whole` false): then no reply counts as acceptance, and what was to go behind it does not.
    pub fn body_sent(&mut self, whole: bool) {
        if self.phase == Phase::Body {
            self.current.body_whole = whole;
            self.phase = Phase::Final;
            self.has_next &= whole;
            self.next.group_written();
        }
    }

    fn final_reply(&mut self, reply: Reply) -> Result<Option<Step>, ClientError> {
        if !reply.is_positive() && !is_failure(&reply) {
            return self.out_of_step(reply, "the end of the message");
        }
        let reply = if reply.is_positive() && !self.current.body_whole && self.current.accepted() {
            Reply::new(
                451,
                EnhancedCode(4, 4, 2),
                format!("the peer accepted a message it had not got in full: {reply}"),
            )
        } else if self.current.bdat && matches!(reply.code, 500..=504) {
            self.chunking_refused = true;
            Reply::new(
                451,
                EnhancedCode(4, 5, 0),
                format!("the peer refused BDAT, which it had offered: {reply}"),
            )
        } else {
            reply
        };
        if self.chunking_refused && self.has_next {
            // What it makes of the chunk's octets are answers to nothing; which of those that follow
            // are for the next transaction nobody can tell.
            self.current.settle_open(&reply);
            self.phase = Phase::Over;
            return Ok(Some(self.end()));
        }
        if self.options.lmtp {
            let mut open = self
                .current
                .slots
                .iter_mut()
                .filter(|slot| matches!(slot, Slot::Accepted));
            if let Some(slot) = open.next() {
                *slot = Slot::Settled(reply);
            }
            if open.next().is_some() {
                return Ok(None);
            }
        } else {
            self.current.settle_open(&reply);
        }
        Ok(Some(self.done()))
    }

    /// The transaction is over, and the connection may go on.
    fn done(&mut self) -> Step {
        self.phase = match self.has_next {
            true => Phase::Envelope,
            false => Phase::Idle,
        };
        self.end()
    }

    /// The transaction is over. What goes behind it is under way from here, where the phase says so.
    fn end(&mut self) -> Step {
        std::mem::swap(&mut self.over, &mut self.current.slots);
        self.mail_refused = self.current.mail_refused;
        let goes_on = std::mem::take(&mut self.has_next) && self.phase == Phase::Envelope;
        if goes_on {
            std::mem::swap(&mut self.current, &mut self.next);
        }
        Step::Done
    }

    /// What became of each recipient of the transaction, in the order given to
    /// [`Client::begin`]. Meaningful after [`Step::Done`]; a recipient without an answer (which
    /// does not happen then) counts as deferred.
    pub fn outcome(&mut self) -> Vec<Reply> {
        let unheard = Reply::new(
            451,
            EnhancedCode(4, 4, 2),
            "the peer gave no answer for this recipient",
        );
        replies(&mut self.over, &unheard)
    }

    /// The connection is gone in the middle of a transaction: answers given stand, everybody else
    /// gets `reply`.
    pub fn abandon(&mut self, reply: &Reply) -> Vec<Reply> {
        self.has_next = false;
        replies(&mut self.current.slots, reply)
    }

    /// Says goodbye (RFC 5321 §4.1.1.10). The driver writes it and need not wait for the answer.
    pub fn quit(&mut self) {
        self.phase = Phase::Over;
        self.output.extend_from_slice(b"QUIT\r\n");
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
