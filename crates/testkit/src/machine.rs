//! The server machine with a driver that needs no socket: octets in, replies and messages out.

use std::sync::Arc;

use mailward_model::{Domain, EnhancedCode, Envelope, Reply, kind::ReceiveConnector};
use mailward_proto::server::{Config, Session, StartTlsAnswer, Step};

use crate::world;

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its envelope.
    pub envelope: Envelope,
    /// Its octets.
    pub content: Vec<u8>,
    /// The protocol word.
    pub protocol: &'static str,
}

/// A session in [`world`], driven to the end of each input.
#[derive(Debug)]
pub struct Machine {
    session: Session,
    content: Option<Vec<u8>>,
    /// Replies not yet taken.
    pub output: Vec<u8>,
    /// Messages accepted, oldest first.
    pub taken: Vec<Taken>,
    /// True once the session is over.
    pub closed: bool,
    /// True while a handshake is awaited; see [`Machine::tls`].
    pub handshake: bool,
    /// Waits that were asked for.
    pub pauses: usize,
}

impl Machine {
    /// A session of a connector, STARTTLS offered where its `tls` says so.
    pub fn new(connector: &ReceiveConnector, host: &Domain) -> Self {
        let mut session = Session::new(Arc::new(Config::new(connector, host)));
        session.offer_starttls(connector.tls != mailward_model::kind::StartTls::Off);
        Machine {
            session,
            content: None,
            output: Vec::new(),
            taken: Vec::new(),
            closed: false,
            handshake: false,
            pauses: 0,
        }
    }

    /// Says the greeting.
    pub fn greet(&mut self) {
        self.session.greet();
        self.feed(b"");
    }

    /// The client spoke first.
    pub fn early(&mut self) {
        self.session.refuse_early_talker();
        self.feed(b"");
    }

    /// The handshake is done.
    pub fn tls(&mut self) {
        self.session.tls_established();
        self.handshake = false;
    }

    /// Octets held for a message that is not complete.
    pub fn held(&self) -> usize {
        self.content.as_ref().map_or(0, Vec::len)
    }

    /// Feeds octets.
    pub fn feed(&mut self, mut input: &[u8]) {
        loop {
            match self.session.step(&mut input) {
                Step::Read => break,
                Step::Mail => self.session.accept(),
                Step::Rcpt => {
                    let reply = self.session.candidate().map(|c| world::rcpt(&c.address));
                    if let Some(reply) = reply {
                        self.session.answer(&reply);
                    }
                }
                Step::Begin => {
                    self.content = Some(Vec::new());
                    self.session.accept();
                }
                Step::Content(piece) => {
                    if let Some(content) = &mut self.content {
                        content.extend_from_slice(piece);
                    }
                }
                Step::End => self.end(),
                Step::Abandon => self.content = None,
                Step::Pause => self.pauses += 1,
                Step::StartTls => {
                    self.session.start_tls(StartTlsAnswer::Ready);
                    self.handshake = true;
                    break;
                }
                Step::Close => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.output.extend_from_slice(self.session.output());
        self.session.clear_output();
    }

    fn end(&mut self) {
        let protocol = self.session.protocol();
        if let (Some(envelope), Some(content)) = (self.session.take_envelope(), self.content.take())
        {
            self.taken.push(Taken {
                envelope,
                content,
                protocol,
            });
        }
        let text = format!("Ok: queued as {}", self.taken.len());
        self.session
            .answer(&Reply::new(250, EnhancedCode(2, 0, 0), text));
    }
}
