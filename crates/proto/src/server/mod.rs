//! The receiving side of SMTP (RFC 5321) and LMTP (RFC 2033), without I/O.
//!
//! A [`Session`] is given what the peer sends and answers with [`Step`]s: it has read all, it has a
//! piece of a message, it wants a decision, it wants TLS, it is over. Replies gather in
//! [`Session::output`], so that those of pipelined commands leave together. Whoever drives it makes
//! the decisions (who may send to whom, where octets go) and none of the protocol. One file per
//! verb.
//!
//! Never here: a socket, a clock, a policy. Never kept: more of a peer's octets than one incomplete
//! command line; a session that waits holds a few hundred octets.
//!
//! ```
//! use std::sync::Arc;
//! use mailward_model::kind::ReceiveConnector;
//! use mailward_proto::server::{Config, Session, Step};
//!
//! let host = "mx.example.org".parse().unwrap();
//! let config = Config::new(&ReceiveConnector::default(), &host);
//! let mut session = Session::new(Arc::new(config));
//! session.greet();
//! let mut input: &[u8] = b"EHLO client.example.net\r\nMAIL FROM:<anna@example.net>\r\n";
//! assert!(matches!(session.step(&mut input), Step::Mail));
//! session.accept();
//! assert!(matches!(session.step(&mut input), Step::Read));
//! assert!(session.output().ends_with(b"250 2.1.0 Sender ok\r\n"));
//! ```

mod bdat;
mod config;
mod content;
mod data;
mod ehlo;
mod helo;
mod help;
mod lhlo;
mod line;
mod mail;
mod noop;
mod quit;
mod rcpt;
mod rset;
mod starttls;
mod step;
mod transaction;
mod vrfy;

use std::sync::Arc;

use mailward_model::{Domain, EnhancedCode, Envelope, EnvelopeRecipient, Reply};

pub use config::{Config, Extensions};
pub use starttls::StartTlsAnswer;
pub use step::{Ending, Step};

use self::{line::Line, transaction::Transaction};
use crate::{
    bdat::Chunk,
    command::{LineError, Verb, split},
    data::Content,
    reply,
};

/// Commands that may pass without a message being accepted: a client that only talks is sent away.
/// RCPT, DATA and BDAT have limits of their own and do not count, a refused RCPT does.
pub const IDLE_COMMANDS_MAX: u32 = 1000;

/// A decision that was asked for and not yet answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Mail,
    Rcpt,
    Begin,
    End,
    StartTls,
}

/// What comes next from the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A command.
    Command,
    /// Nothing, until the driver has answered.
    Asked(Question),
    /// The octets behind DATA.
    Data,
    /// The octets of a BDAT chunk.
    Chunk,
    /// Nothing that is read here: a TLS handshake.
    Handshake,
    /// Nothing: the session is over.
    Closed,
}

/// How the client said hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hello {
    None,
    Helo,
    /// EHLO, or LHLO under LMTP.
    Extended,
}

/// One session of a client.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    phase: Phase,
    hello: Hello,
    helo: Box<str>,
    tls: bool,
    starttls: bool,
    xoorg: bool,
    line: Line,
    out: Vec<u8>,
    transaction: Option<Box<Transaction>>,
    /// The chunk that is coming.
    chunk: Option<Chunk>,
    /// Why that chunk belongs to no message: it is read, and this said.
    refused_chunk: Option<Box<Reply>>,
    errors: u32,
    idle_commands: u32,
    /// MAIL was refused: what a client sent along with it is no error of its own.
    mail_refused: bool,
    abandon: bool,
    pause: bool,
    ending: Option<Ending>,
}

impl Session {
    /// A session that has said nothing yet. STARTTLS is not offered until
    /// [`Session::offer_starttls`].
    pub fn new(config: Arc<Config>) -> Self {
        Session {
            config,
            phase: Phase::Command,
            hello: Hello::None,
            helo: Box::default(),
            tls: false,
            starttls: false,
            xoorg: false,
            line: Line::default(),
            out: Vec::new(),
            transaction: None,
            chunk: None,
            refused_chunk: None,
            errors: 0,
            idle_commands: 0,
            mail_refused: false,
            abandon: false,
            pause: false,
            ending: None,
        }
    }

    /// Offers STARTTLS from now on: there is a certificate. No effect under TLS.
    pub fn offer_starttls(&mut self, offered: bool) {
        self.starttls = offered;
    }

    /// Offers XOORG from the next EHLO on: the client has shown by its certificate that it may say
    /// from which organisation a message comes. No effect in plain text.
    pub fn offer_xoorg(&mut self, offered: bool) {
        self.xoorg = offered;
    }

    fn takes_xoorg(&self) -> bool {
        self.xoorg && self.tls
    }

    /// The session runs inside TLS from its first octet (RFC 8314 §3.3).
    pub fn under_tls(&mut self) {
        self.tls = true;
    }

    /// Says the greeting (RFC 5321 §4.2: code 220).
    pub fn greet(&mut self) {
        let protocol = if self.config.lmtp { "LMTP" } else { "ESMTP" };
        let text = format!("{} {protocol} Mailward", self.config.hostname);
        reply::write_parts(&mut self.out, 220, None, &text);
    }

    /// The client spoke before the greeting: it is a machine that does not care what is answered.
    pub fn refuse_early_talker(&mut self) {
        self.end(
            Ending::EarlyTalker,
            &Reply::new(554, EnhancedCode(5, 5, 1), "You spoke before the greeting"),
        );
    }

    /// Ends the session with a reply: 421 at a timeout, at a shutdown, instead of a greeting.
    pub fn close(&mut self, reply: &Reply) {
        if self.phase == Phase::Closed {
            return;
        }
        self.drop_transaction();
        reply::write(&mut self.out, reply);
        self.phase = Phase::Closed;
    }

    /// Ends the session for a reason of its own.
    fn end(&mut self, ending: Ending, reply: &Reply) {
        self.ending.get_or_insert(ending);
        self.close(reply);
    }

    /// The replies that are to be sent.
    pub fn output(&self) -> &[u8] {
        &self.out
    }

    /// The output was sent. What a long reply took is given back.
    pub fn clear_output(&mut self) {
        self.out.clear();
        self.out.shrink_to(512);
    }

    /// Why the session was ended, where the machine ended it: [`Session::close`] gives no reason.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// What the client called itself; empty where it did not.
    pub fn helo(&self) -> &str {
        &self.helo
    }

    /// True under TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// True where a message is on its way in: between DATA or BDAT and the reply to its end.
    pub fn in_message(&self) -> bool {
        matches!(
            self.phase,
            Phase::Data | Phase::Chunk | Phase::Asked(Question::Begin | Question::End)
        )
    }

    /// True where no transaction is open: MAIL has not been said, or its message is done.
    pub fn is_idle(&self) -> bool {
        self.transaction.is_none()
    }

    /// The protocol word of RFC 3848 and RFC 6531 §4.3 for the message at hand: `ESMTPS`,
    /// `UTF8LMTP` …
    pub fn protocol(&self) -> &'static str {
        let utf8 = self.envelope().is_some_and(|e| e.smtputf8);
        match (
            self.config.lmtp,
            self.hello == Hello::Extended,
            utf8,
            self.tls,
        ) {
            (false, false, _, _) => "SMTP",
            (false, true, false, false) => "ESMTP",
            (false, true, false, true) => "ESMTPS",
            (false, true, true, false) => "UTF8SMTP",
            (false, true, true, true) => "UTF8SMTPS",
            (true, _, false, false) => "LMTP",
            (true, _, false, true) => "LMTPS",
            (true, _, true, false) => "UTF8LMTP",
            (true, _, true, true) => "UTF8LMTPS",
        }
    }

    /// The envelope as far as it is given; its recipients are those accepted.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.transaction.as_ref().map(|t| &t.envelope)
    }

    /// Takes the envelope out, at [`Step::End`].
    pub fn take_envelope(&mut self) -> Option<Envelope> {
        self.transaction
            .as_mut()
            .map(|t| std::mem::take(&mut t.envelope))
    }

    /// The size declared with MAIL (RFC 1870).
    pub fn declared_size(&self) -> Option<u64> {
        self.transaction.as_ref().and_then(|t| t.declared_size)
    }

    /// The organisation that the message comes from, as the client said with MAIL (XOORG).
    pub fn organization(&self) -> Option<&Domain> {
        self.transaction
            .as_ref()
            .and_then(|t| t.organization.as_ref())
    }

    /// The recipient asked about, at [`Step::Rcpt`].
    pub fn candidate(&self) -> Option<&EnvelopeRecipient> {
        self.transaction.as_ref().and_then(|t| t.candidate.as_ref())
    }

    /// What has passed of the message at hand.
    pub fn content(&self) -> Option<&Content> {
        self.transaction.as_ref().map(|t| &t.content)
    }

    /// Errors of protocol so far.
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// Works on `input` until the driver has something to do. What is left of `input` belongs to
    /// the next call.
    pub fn step<'i>(&mut self, input: &mut &'i [u8]) -> Step<'i> {
        loop {
            if std::mem::take(&mut self.abandon) {
                return Step::Abandon;
            }
            if std::mem::take(&mut self.pause) {
                return Step::Pause;
            }
            match self.phase {
                Phase::Closed => {
                    *input = &[];
                    return Step::Close;
                }
                Phase::Asked(Question::Mail) => return Step::Mail,
                Phase::Asked(Question::Rcpt) => return Step::Rcpt,
                Phase::Asked(Question::Begin) => return Step::Begin,
                Phase::Asked(Question::End) => return Step::End,
                Phase::Asked(Question::StartTls) | Phase::Handshake => return Step::StartTls,
                Phase::Command => {
                    if !self.command(input) {
                        return Step::Read;
                    }
                }
                Phase::Data => {
                    if let Some(step) = data::receive(self, input) {
                        return step;
                    }
                }
                Phase::Chunk => {
                    if let Some(step) = bdat::receive(self, input) {
                        return step;
                    }
                }
            }
        }
    }

    /// Reads and runs one command; false where the input ends before its line does.
    fn command(&mut self, input: &mut &[u8]) -> bool {
        let mut line = std::mem::take(&mut self.line);
        let read = line.read(input);
        let run = match &read {
            line::Read::More => false,
            line::Read::Line(text) => {
                self.run(text, input.is_empty());
                true
            }
            line::Read::BareLf => {
                // A line that ends otherwise than the next server would read it is not run, and
                // neither is what follows.
                let text = "The line ends in a bare line feed; end lines with CRLF";
                self.end(
                    Ending::Framing,
                    &Reply::new(500, EnhancedCode(5, 5, 2), text),
                );
                true
            }
            line::Read::TooLong => {
                self.error(500, EnhancedCode(5, 5, 2), "The line is too long");
                true
            }
            line::Read::Endless => {
                self.end(
                    Ending::Framing,
                    &Reply::new(500, EnhancedCode(5, 5, 2), "The line has no end"),
                );
                true
            }
        };
        drop(read);
        line.done(run);
        self.line = line;
        run
    }

    fn run(&mut self, line: &[u8], last_of_input: bool) {
        let (verb, argument) = match split(line) {
            Ok(split) => split,
            Err(LineError::Http) => {
                let text = "This is a mail server, not a web server";
                return self.end(
                    Ending::Framing,
                    &Reply::new(554, EnhancedCode(5, 5, 1), text),
                );
            }
            Err(LineError::UnknownVerb) => {
                return self.error(500, EnhancedCode(5, 5, 1), "The command is not known here");
            }
            Err(error @ LineError::NotText) => {
                return self.error(500, EnhancedCode(5, 5, 2), &sentence(&error));
            }
        };
        if !matches!(verb, Verb::Rcpt | Verb::Data | Verb::Bdat | Verb::Quit)
            && !self.spend_command()
        {
            return;
        }
        // RFC 3207 §4: where TLS is required, only these are run before it.
        let needs_no_tls = matches!(
            verb,
            Verb::Ehlo
                | Verb::Helo
                | Verb::Lhlo
                | Verb::StartTls
                | Verb::Noop
                | Verb::Quit
                | Verb::Bdat
        );
        if self.config.tls_required && !self.tls && !needs_no_tls {
            return self.error(530, EnhancedCode(5, 7, 0), "Say STARTTLS first");
        }
        match verb {
            Verb::Ehlo => ehlo::run(self, argument),
            Verb::Helo => helo::run(self, argument),
            Verb::Lhlo => lhlo::run(self, argument),
            Verb::Mail => mail::run(self, argument),
            Verb::Rcpt => rcpt::run(self, argument),
            Verb::Data => data::run(self, argument),
            Verb::Bdat => bdat::run(self, argument),
            Verb::Rset => rset::run(self, argument),
            Verb::Noop => noop::run(self),
            Verb::Vrfy => vrfy::run(self, argument),
            Verb::Help => help::run(self),
            Verb::StartTls => starttls::run(self, argument, last_of_input),
            Verb::Quit => quit::run(self),
            Verb::Expn | Verb::Auth | Verb::Etrn | Verb::Turn => {
                self.error(502, EnhancedCode(5, 5, 1), "The command is not implemented");
            }
        }
    }

    /// Answers what was asked with the usual words: yes.
    pub fn accept(&mut self) {
        let (code, enhanced, text) = match self.phase {
            Phase::Asked(Question::Mail) => (250, EnhancedCode(2, 1, 0), "Sender ok"),
            Phase::Asked(Question::Rcpt) => (250, EnhancedCode(2, 1, 5), "Recipient ok"),
            _ => (250, EnhancedCode(2, 6, 0), "Message accepted"),
        };
        self.answer(&Reply::new(code, enhanced, text));
    }

    /// Answers what was asked. A positive reply says yes; 421 ends the session. At [`Step::Begin`]
    /// the text of a yes is not sent: the protocol has its own. At [`Step::End`] under LMTP the
    /// reply counts for every recipient.
    pub fn answer(&mut self, reply: &Reply) {
        match self.phase {
            Phase::Asked(Question::Mail) => mail::answer(self, reply),
            Phase::Asked(Question::Rcpt) => rcpt::answer(self, reply),
            Phase::Asked(Question::Begin) => content::begin(self, reply),
            Phase::Asked(Question::End) => content::finish(self, std::iter::repeat(reply)),
            // Nothing was asked: there is nothing to be said.
            _ => {}
        }
    }

    /// Answers [`Step::End`] for each recipient, in the order in which they were accepted: one
    /// reply each under LMTP (RFC 2033 §4.2), the first one under SMTP. Where there are fewer
    /// replies than recipients, the last one holds for the others.
    pub fn answer_each(&mut self, replies: &[Reply]) {
        if self.phase == Phase::Asked(Question::End)
            && let Some(last) = replies.last()
        {
            content::finish(self, replies.iter().chain(std::iter::repeat(last)));
        }
    }

    /// The message at hand cannot be kept: the rest of it is read and thrown away, and `reply`
    /// stands for the answer to its end. No [`Step::Abandon`] follows.
    pub fn fail_message(&mut self, reply: Reply) {
        if let Some(transaction) = &mut self.transaction {
            transaction.verdict.get_or_insert(reply);
        }
    }

    /// Answers [`Step::StartTls`].
    pub fn start_tls(&mut self, answer: StartTlsAnswer) {
        starttls::answer(self, answer);
    }

    /// The handshake is done: everything said before it is forgotten (RFC 3207 §4.2).
    pub fn tls_established(&mut self) {
        starttls::established(self);
    }

    /// Appends a reply.
    fn say(&mut self, code: u16, enhanced: EnhancedCode, text: &str) {
        reply::write_parts(&mut self.out, code, Some(enhanced), text);
    }

    /// Appends a reply to an error of protocol, and counts it.
    fn error(&mut self, code: u16, enhanced: EnhancedCode, text: &str) {
        self.say(code, enhanced, text);
        self.count_error();
    }

    /// Appends the reply to a command out of its order. RFC 2920 §3.1: a client that pipelines sends
    /// RCPT and DATA before it knows that MAIL or every RCPT was refused; that is no error of
    /// protocol.
    fn out_of_order(&mut self, text: &'static str) {
        let reply = Reply::new(503, EnhancedCode(5, 5, 1), text);
        reply::write(&mut self.out, &reply);
        if self.is_excused() {
            self.spend_command();
        } else {
            self.count_error();
        }
    }

    fn is_excused(&self) -> bool {
        match &self.transaction {
            Some(transaction) => transaction.recipient_refused && transaction.accepted == 0,
            None => self.mail_refused,
        }
    }

    fn count_error(&mut self) {
        self.errors += 1;
        self.pause = true;
        if self.errors >= self.config.max_errors {
            self.end(
                Ending::TooManyErrors,
                &Reply::new(421, EnhancedCode(4, 7, 0), "Too many errors"),
            );
        }
    }

    /// Counts a command that brings no message nearer; false where there were too many.
    fn spend_command(&mut self) -> bool {
        self.idle_commands += 1;
        let in_bounds = self.idle_commands <= IDLE_COMMANDS_MAX;
        if !in_bounds {
            let text = "Too many commands without a message";
            self.end(
                Ending::TooManyCommands,
                &Reply::new(421, EnhancedCode(4, 7, 0), text),
            );
        }
        in_bounds
    }

    /// Appends the driver's refusal of a command, and closes where it says so.
    fn refuse(&mut self, reply: &Reply) {
        if reply.code == 421 {
            return self.close(reply);
        }
        reply::write(&mut self.out, reply);
        self.pause |= reply.is_permanent();
        self.phase = Phase::Command;
    }

    /// Ends the transaction, whatever became of it.
    fn drop_transaction(&mut self) {
        self.mail_refused = false;
        if let Some(transaction) = self.transaction.take()
            && transaction.is_kept()
        {
            self.abandon = true;
        }
    }
}

/// An error as a sentence for a reply: with a capital at its start.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
