//! One connection to a next hop: the client machine on a socket, with timeouts and TLS.
//!
//! Never here: which host, whether to try another one, what a reply means for the message.
//!
//! Invariant: where TLS is demanded nothing but EHLO and STARTTLS goes out in plain text.

mod dial;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use mailward_events::Events;
use mailward_model::{
    EnhancedCode, EnvelopeRecipient, Reply, Revision, TlsSession,
    kind::{SendConnector, SmartHost},
    plan::DeliveryContent,
};
use mailward_proto::{
    client::{Client, ClientError, DotStuffer, Framing, RECIPIENTS_MAX, Step, Transaction},
    mime::Carry,
};
use mailward_queue::{Lease, ReadError};
use mailward_tls::{CertificateRef, Distrusted};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use self::dial::said;
pub(super) use self::dial::{Dial, DialError};

use super::{Run, content::Content};
use crate::{
    distrust::{Direction, Watch, With},
    snapshot::Named,
};

/// How long the answer to QUIT is waited for.
const QUIT_MAX: Duration = Duration::from_secs(2);
/// Octets gathered before they are written.
const WRITE_OCTETS: usize = 64 << 10;

/// Why a connection ended in the middle.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    #[error("the host closed the connection")]
    Closed,
    #[error("the host was silent for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("{}", chain(.0))]
    Protocol(ClientError),
    #[error("{}", .0)]
    Refused(Reply),
    #[error("its certificate has become untrusted: {}", .0.entry)]
    Untrusted(Box<Distrusted>),
}

fn chain(error: &ClientError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Who is at the other end: what tracking says of a connection, also when it is gone.
#[derive(Debug)]
pub(super) struct Peer {
    /// As the connector or the MX record names it.
    pub(super) host: SmartHost,
    /// The host as text, for each line and record about it.
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) local: Option<SocketAddr>,
    pub(super) tls: Option<TlsSession>,
    /// Marks of the certificates it showed, for the tracking log.
    pub(super) marks: String,
}

/// How a transaction ended.
#[derive(Debug)]
pub(super) enum Transacted {
    /// Every recipient has its answer; the connection may go on.
    Answered(Vec<Reply>),
    /// The connection is gone. Who had no answer got one that defers. `unheard` where the peer said
    /// nothing at all in it: an idle connection had been closed behind our back.
    Lost { replies: Vec<Reply>, unheard: bool },
    /// The message cannot be read from the queue; the connection must be closed.
    Unreadable(ReadError),
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// An open connection, ready for a transaction.
pub(super) struct Connection {
    stream: Stream,
    client: Client,
    pub(super) peer: Arc<Peer>,
    /// What the host showed, while it must not become untrusted; none in plain text.
    watch: Option<Watch>,
    /// Our own certificate that was chosen for it.
    certificate: Option<CertificateRef>,
    events: Events,
    /// Transactions begun.
    messages: u32,
    /// Whether a transaction may be begun behind a message, where the peer offers PIPELINING.
    grouping: bool,
    lmtp: bool,
    connector: (String, Revision),
    messages_max: u32,
    silence_max: Duration,
}

impl Connection {
    /// What the peer can carry.
    pub(super) fn carry(&self) -> Carry {
        let peer = self.client.capabilities();
        Carry {
            eight_bit_mime: peer.eight_bit_mime,
            binary_mime: peer.binary_mime && peer.chunking,
            smtputf8: peer.smtputf8,
        }
    }

    /// Whether the peer makes the reports that a sender asks for.
    pub(super) fn makes_reports(&self) -> bool {
        self.client.capabilities().dsn
    }

    /// Whether the peer is the last one: LMTP delivers.
    pub(super) fn is_final(&self) -> bool {
        self.lmtp
    }

    /// Recipients for one transaction.
    pub(super) fn recipients_max(&self) -> usize {
        let peer = self.client.capabilities().rcpt_max;
        let peer = peer.and_then(|max| usize::try_from(max).ok());
        peer.unwrap_or(RECIPIENTS_MAX).clamp(1, RECIPIENTS_MAX)
    }

    /// Whether another transaction may begin, under this connector as it now is, and with the
    /// certificate that it would now show.
    pub(super) fn is_good_for(&self, run: &Run, connector: &Named<SendConnector>) -> bool {
        self.client.is_idle() && self.is_still_for(run, connector)
    }

    /// Whether it may begin behind the body that is due.
    pub(super) fn may_begin_behind(&self, run: &Run, connector: &Named<SendConnector>) -> bool {
        self.grouping && self.client.may_begin_behind() && self.is_still_for(run, connector)
    }

    fn is_still_for(&self, run: &Run, connector: &Named<SendConnector>) -> bool {
        let shared = &run.shared;
        let chosen = || {
            let needs = connector.certificate_needs(&shared.node.hostname);
            shared.certificates.client_certificate(&needs)
        };
        let host = &self.peer.host;
        !run.hosts.is_passed_over(host, shared.clock.monotonic())
            && (self.peer.tls.is_none() || same(self.certificate.as_ref(), chosen().as_ref()))
            && self
                .watch
                .as_ref()
                .is_none_or(|watch| watch.check().is_ok())
            && self.messages < self.messages_max
            && self.connector.0 == connector.name
            && self.connector.1 == connector.revision
    }

    /// Each transaction waits for the end of the one before, from now on.
    pub(super) fn begin_none_behind(&mut self) {
        self.grouping = false;
    }

    /// Whether a transaction that was begun behind another is now under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.client.is_under_way()
    }

    /// Whether the transaction that is over ended because MAIL was refused.
    pub(super) fn mail_was_refused(&self) -> bool {
        self.client.mail_was_refused()
    }

    /// Whether another transaction may begin at all.
    pub(super) fn stands(&self) -> bool {
        self.client.is_idle()
    }

    /// True where the peer offered CHUNKING and then refused BDAT.
    pub(super) fn refused_bdat(&self) -> bool {
        self.client.chunking_refused()
    }

    async fn greet(&mut self) -> Result<(), Lost> {
        match self.step().await? {
            Step::Ready => Ok(()),
            other => Err(Lost::Refused(said(other))),
        }
    }

    /// Begins a transaction for the recipients `batch` (indexes of the delivery's). Else the answers
    /// of all of them, where the peer lacks what the message needs.
    pub(super) fn begin(
        &mut self,
        lease: &Lease,
        batch: &[u32],
        content: &Content,
        organization: Option<&str>,
    ) -> Result<(), Vec<Reply>> {
        self.messages += 1;
        let tx = self.transaction(lease, content, organization);
        let begun = self.client.begin(&tx, recipients(lease, batch));
        begun.map_err(|reply| vec![reply; batch.len()])
    }

    /// Begins one behind the body that is due: its commands are written with the end of that body.
    /// False where it has to wait.
    pub(super) fn begin_behind(
        &mut self,
        lease: &Lease,
        batch: &[u32],
        content: &Content,
        organization: Option<&str>,
    ) -> bool {
        let tx = self.transaction(lease, content, organization);
        let begun = self.client.begin_behind(&tx, recipients(lease, batch));
        self.messages += u32::from(begun);
        begun
    }

    fn transaction<'a>(
        &self,
        lease: &'a Lease,
        content: &Content,
        organization: Option<&'a str>,
    ) -> Transaction<'a> {
        let envelope = &lease.message.envelope;
        // RFC 3461 §5.2: RET and ENVID belong to the message, not to reports about it.
        let own = matches!(lease.delivery.content, DeliveryContent::Message);
        Transaction {
            mail_from: &lease.delivery.mail_from,
            size: content.size(),
            body: content.body,
            smtputf8: content.smtputf8,
            ret: envelope.ret.filter(|_| own),
            envid: envelope.envid.as_deref().filter(|_| own),
            // Not in plain text: whoever listens need not know, and nobody may believe it.
            xoorg: organization.filter(|_| self.peer.tls.is_some()),
        }
    }

    /// Goes on with the transaction under way until its body is due.
    ///
    /// # Errors
    /// How it ended before that.
    pub(super) async fn envelope(&mut self) -> Result<Framing, Transacted> {
        loop {
            match self.step().await {
                Ok(Step::SendBody(framing)) => return Ok(framing),
                other => self.ended(other)?,
            }
        }
    }

    /// Sends the body that is due, and what was begun behind it, and waits for what the peer says.
    pub(super) async fn body(&mut self, content: &mut Content, framing: Framing) -> Transacted {
        match self.send_body(content, framing).await {
            Ok(()) => self.client.body_sent(true),
            Err(BodyError::Unreadable(error)) => return Transacted::Unreadable(error),
            // The peer may have said why before it closed.
            Err(BodyError::Lost) => self.client.body_sent(false),
        }
        loop {
            let step = self.step().await;
            if let Err(transacted) = self.ended(step) {
                return transacted;
            }
        }
    }

    /// How the transaction ended, where it did.
    fn ended(&mut self, step: Result<Step, Lost>) -> Result<(), Transacted> {
        let (reply, unheard) = match step {
            Ok(Step::Done) => return Err(Transacted::Answered(self.client.outcome())),
            Ok(Step::Refused(reply) | Step::Closed(reply) | Step::TlsRefused(reply)) => {
                (reply, false)
            }
            // Not in a transaction, or not twice; were it to happen, nothing is to be done but to go
            // on.
            Ok(Step::Read | Step::Ready | Step::Handshake | Step::SendBody(_)) => return Ok(()),
            Err(lost) => {
                let peer = &self.peer;
                let text = format!("{} [{}]: {lost}", peer.host.host, peer.address.ip());
                let reply = Reply::new(451, EnhancedCode(4, 4, 2), text);
                (reply, !self.client.has_heard())
            }
        };
        let replies = self.client.abandon(&reply);
        Err(Transacted::Lost { replies, unheard })
    }

    async fn send_body(
        &mut self,
        content: &mut Content,
        framing: Framing,
    ) -> Result<(), BodyError> {
        // Behind BDAT, where the command is still to be written.
        let mut out = std::mem::take(self.client.output());
        let mut stuffer = DotStuffer::default();
        while let Some(chunk) = content.chunk().map_err(BodyError::Unreadable)? {
            match framing {
                Framing::Dots => stuffer.encode(&chunk, &mut out),
                Framing::Chunk => out.extend_from_slice(&chunk),
            }
            if out.len() >= WRITE_OCTETS {
                self.write(&out).await.map_err(|_| BodyError::Lost)?;
                out.clear();
            }
        }
        if framing == Framing::Dots {
            stuffer.finish(&mut out);
        }
        out.extend_from_slice(self.client.behind());
        self.write(&out).await.map_err(|_| BodyError::Lost)?;
        self.give_back(out);
        Ok(())
    }

    /// The buffer is used again, unless a large message made it large.
    fn give_back(&mut self, mut out: Vec<u8>) {
        if out.capacity() <= 2 * WRITE_OCTETS && self.client.output().is_empty() {
            out.clear();
            *self.client.output() = out;
        }
    }

    /// Writes what is to be written and reads until the machine wants something else.
    async fn step(&mut self) -> Result<Step, Lost> {
        loop {
            self.flush().await?;
            let step = self.client.step().map_err(Lost::Protocol)?;
            if step != Step::Read {
                return Ok(step);
            }
            if self.client.output().is_empty() {
                self.read().await?;
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Lost> {
        if self.client.output().is_empty() {
            return Ok(());
        }
        let out = std::mem::take(self.client.output());
        self.write(&out).await?;
        self.give_back(out);
        Ok(())
    }

    async fn write(&mut self, octets: &[u8]) -> Result<(), Lost> {
        let stream = &mut self.stream;
        let write = async move {
            match stream {
                Stream::Plain(stream) => stream.write_all(octets).await,
                Stream::Tls(stream) => {
                    stream.write_all(octets).await?;
                    stream.flush().await
                }
            }
        };
        tokio::select! {
            done = timeout(self.silence_max, write) => match done {
                Ok(done) => Ok(done?),
                Err(_) => Err(Lost::Silent(self.silence_max)),
            },
            distrusted = cut(self.watch.as_ref()) => Err(self.distrusted(distrusted)),
        }
    }

    async fn read(&mut self) -> Result<(), Lost> {
        let mut octets = [0; 2048];
        let stream = &mut self.stream;
        let read = async {
            match stream {
                Stream::Plain(stream) => stream.read(&mut octets).await,
                Stream::Tls(stream) => stream.read(&mut octets).await,
            }
        };
        let count = tokio::select! {
            count = timeout(self.silence_max, read) => match count {
                Ok(count) => count?,
                Err(_) => return Err(Lost::Silent(self.silence_max)),
            },
            distrusted = cut(self.watch.as_ref()) => return Err(self.distrusted(distrusted)),
        };
        if count == 0 {
            return Err(Lost::Closed);
        }
        self.client.feed(octets.get(..count).unwrap_or_default());
        Ok(())
    }

    /// Resolves when the peer says something or closes while nothing is under way: either way the
    /// connection is of no more use.
    pub(super) async fn disturbed(&self) {
        let stream = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        tokio::select! {
            // An error is a disturbance too.
            _ = stream.readable() => {}
            distrusted = cut(self.watch.as_ref()) => drop(self.distrusted(distrusted)),
        }
    }

    /// Tells that the host has become untrusted.
    fn distrusted(&self, distrusted: Box<Distrusted>) -> Lost {
        let peer = format!("{} [{}]", self.peer.host, self.peer.address.ip());
        let with = With {
            direction: Direction::Out,
            connector: &self.connector.0,
            peer: &peer,
        };
        with.cut(&self.events, &distrusted);
        Lost::Untrusted(distrusted)
    }

    /// Says goodbye and waits shortly for the answer: a socket closed with the answer unread would
    /// be reset, and the peer would log an error.
    pub(super) async fn quit(mut self) {
        self.silence_max = QUIT_MAX;
        self.client.quit();
        if self.flush().await.is_ok() {
            // Whatever comes of it, the connection ends here.
            let _ = self.read().await;
        }
    }
}

/// The recipients of a batch.
fn recipients<'a>(
    lease: &'a Lease,
    batch: &'a [u32],
) -> impl Iterator<Item = &'a EnvelopeRecipient> {
    batch.iter().filter_map(|index| {
        let at = usize::try_from(*index).ok()?;
        lease.delivery.recipients.get(at).map(|r| &r.rcpt)
    })
}

/// Whether two choices of a certificate are one: what is read again unchanged is the same value.
fn same(one: Option<&CertificateRef>, other: Option<&CertificateRef>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Resolves when the host becomes untrusted; never in plain text.
async fn cut(watch: Option<&Watch>) -> Box<Distrusted> {
    match watch {
        Some(watch) => watch.cut().await,
        None => std::future::pending().await,
    }
}

enum BodyError {
    Unreadable(ReadError),
    Lost,
}
