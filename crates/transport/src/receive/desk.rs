//! One session's business: the machine's questions are answered here, its messages kept, all
//! without waiting for anything. What must be waited for is handed back as [`Next`].

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mailward_events::{Event, tracking::proxy_mark};
use mailward_model::{
    EnhancedCode, Envelope, Origin, Reply, ReversePath, SenderAuthentication, TlsSession,
    kind::ReceiveConnector,
};
use mailward_proto::{
    data::{Content, Defect},
    firewall::Keep,
    header,
    server::{Config, Ending, Session, Step},
    trace::{ReceivedFields, received},
};
use mailward_queue::Body;
use mailward_tls::PeerPath;

use super::{
    accept::{Letter, ProbeVerdict, Suspect, forged_event, forged_probe, judge_probe, spool_reply},
    factors::{self, Finding, Presented},
    incoming::Incoming,
    policy::{self, Ends, Recipient},
    record::Record,
};
use crate::{
    Shared,
    categorize::Categorized,
    distrust::{Direction, With},
    gate,
    snapshot::Named,
};

mod sender;

/// What the session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The client's next octets.
    Read,
    /// The tarpit.
    Pause,
    /// The queue: a message is complete.
    Accept,
    /// A TLS handshake.
    Handshake,
    /// The end of the connection.
    Close,
}

/// A message that only the queue has still to take.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) id: mailward_model::MessageId,
    pub(crate) envelope: mailward_model::Envelope,
    pub(crate) origin: Origin,
    pub(crate) body: Body,
    pub(crate) categorized: Categorized,
    pub(crate) record: Record,
}

/// Where a session's decisions are made.
pub(super) struct Desk {
    pub(super) shared: Arc<Shared>,
    pub(super) connector: Arc<Named<ReceiveConnector>>,
    pub(super) config: Arc<Config>,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    /// The proxy that spoke for the client.
    proxy: Option<IpAddr>,
    pub(super) session: Session,
    pub(super) tls: Option<TlsSession>,
    /// The certificates that the client showed; none for nearly everyone.
    pub(super) peer: PeerPath,
    /// What of them may be believed.
    presented: Presented,
    /// What the connector's factors come to for the transaction at hand.
    findings: Vec<Finding>,
    /// Whether the sender of the message at hand is who it claims to be.
    authentication: Option<SenderAuthentication>,
    /// Apart, because nearly every connection that is open waits for a message.
    message: Option<Box<Incoming>>,
    /// Health mailboxes among the recipients accepted.
    monitoring: usize,
    /// Octets that came with others and have not been looked at.
    pending: Vec<u8>,
    pending_used: usize,
}

impl Desk {
    pub(super) fn new(
        shared: Arc<Shared>,
        connector: Arc<Named<ReceiveConnector>>,
        config: Arc<Config>,
        client: SocketAddr,
        server: SocketAddr,
        proxy: Option<IpAddr>,
    ) -> Self {
        Desk {
            session: Session::new(Arc::clone(&config)),
            shared,
            connector,
            config,
            client,
            server,
            proxy,
            tls: None,
            peer: PeerPath::default(),
            presented: Presented::default(),
            findings: Vec::new(),
            authentication: None,
            message: None,
            monitoring: 0,
            pending: Vec::new(),
            pending_used: 0,
        }
    }

    fn spec(&self) -> &ReceiveConnector {
        &self.connector.spec
    }

    /// What the tracking log says of who stood at the socket: the certificates shown, and the proxy.
    pub(super) fn marks(&self) -> String {
        let marks = self.peer.marks();
        match self.proxy.map(proxy_mark) {
            None => marks,
            Some(proxy) if marks.is_empty() => proxy,
            Some(proxy) => format!("{proxy};{marks}"),
        }
    }

    /// True where octets wait that have been read.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Works on octets that have just come. They are kept as far as they must wait.
    pub(super) fn take(&mut self, octets: &[u8]) -> Next {
        let (next, used) = self.work(octets);
        let rest = octets.get(used..).unwrap_or_default();
        self.pending.extend_from_slice(rest);
        next
    }

    /// Goes on with octets that waited.
    pub(super) fn resume(&mut self) -> Next {
        let pending = std::mem::take(&mut self.pending);
        let (next, used) = self.work(pending.get(self.pending_used..).unwrap_or_default());
        self.pending_used += used;
        if self.pending_used < pending.len() {
            self.pending = pending;
        } else {
            self.pending_used = 0;
        }
        next
    }

    /// Runs the machine until something must be waited for, or the input ends. Answers how much of
    /// the input was used.
    fn work(&mut self, octets: &[u8]) -> (Next, usize) {
        let mut input = octets;
        let next = loop {
            match self.session.step(&mut input) {
                Step::Read => break Next::Read,
                Step::Mail => self.mail(),
                Step::Rcpt => self.rcpt(),
                Step::Begin => self.begin(),
                Step::Content(octets) => self.keep(octets),
                Step::End => break Next::Accept,
                Step::Abandon => self.abandon(),
                Step::Pause if self.spec().tarpit_interval.get().is_zero() => {}
                Step::Pause => break Next::Pause,
                Step::StartTls => break Next::Handshake,
                Step::Close => break Next::Close,
            }
        };
        (next, octets.len() - input.len())
    }

    /// True where this connector takes no new mail of this client at the moment.
    pub(super) fn is_closed(&self) -> bool {
        let is_own = gate::is_own(self.client.ip(), self.server.ip());
        let gate = &self.shared.gate;
        gate.is_closed_for(&self.connector.name, is_own)
    }

    fn mail(&mut self) {
        self.monitoring = 0;
        let refusal = {
            let condition = self.shared.queue.condition();
            let condition = condition.borrow();
            policy::mail(self.is_closed(), &condition)
        };
        let refusal = refusal.or_else(|| self.refuses_client());
        match refusal {
            None => self.session.accept(),
            Some(reply) => self.session.answer(&reply),
        }
    }

    fn rcpt(&mut self) {
        let Some(candidate) = self.session.candidate() else {
            return;
        };
        let ends = self.ends();
        let snapshot = self.shared.snapshot.load();
        let nobody = ReversePath::Null;
        let mail_from = self.session.envelope().map_or(&nobody, |e| &e.mail_from);
        let size = self.session.declared_size().unwrap_or(0);
        // Whether the other half of the organisation vouches for it stands in its header: until that
        // has come it may, and then it is asked again.
        let may_be_internal = self.kept().conversion().is_some();
        let sender = policy::sender(&self.connector.spec, mail_from, size, may_be_internal);
        let to = &candidate.address;
        let decision = policy::recipient(&snapshot, &self.connector.spec, ends, &sender, to);
        let refusal = match decision {
            Recipient::Taken => None,
            Recipient::Monitoring => {
                self.monitoring += 1;
                None
            }
            Recipient::Refused(reply) => Some(reply),
            Recipient::RelayDenied(reply) => {
                self.shared.events.emit(Event::RelayDenied {
                    connector: self.connector.name.clone(),
                    client: self.client.ip(),
                    sender: self
                        .session
                        .envelope()
                        .map(|e| e.mail_from.to_string())
                        .unwrap_or_default(),
                    recipient: candidate.address.to_string(),
                });
                Some(reply)
            }
        };
        match refusal {
            None => self.session.accept(),
            Some(reply) => {
                self.shared.counters.refused_recipients.add(1);
                self.session.answer(&reply);
            }
        }
    }

    fn begin(&mut self) {
        let Some(envelope) = self.session.envelope() else {
            return;
        };
        let id = self.shared.queue.new_id();
        let recipient = match envelope.recipients.as_slice() {
            [one] => Some(&one.address),
            _ => None,
        };
        let field = received(&ReceivedFields {
            helo: self.session.helo(),
            client: Some(self.client),
            by: &self.config.hostname,
            protocol: self.session.protocol(),
            tls: self.tls.as_ref(),
            id,
            recipient,
            unix_ms: self.shared.clock.unix_ms(),
        });
        let kept = self.kept();
        let verifies = self.spec().verify_sender;
        match Incoming::begin(id, self.shared.queue.spool(id), &field, kept, verifies) {
            Ok(incoming) => {
                self.message = Some(Box::new(incoming));
                self.session.accept();
            }
            Err(error) => self.session.answer(&spool_reply(&error)),
        }
    }

    /// What passes the header firewall of what this client sends.
    fn kept(&self) -> Keep {
        factors::kept(&self.connector.spec, &self.presented, &self.findings)
    }

    fn keep(&mut self, octets: &[u8]) {
        let Some(incoming) = &mut self.message else {
            return;
        };
        if let Err(error) = incoming.keep(octets, self.session.content()) {
            self.message = None;
            self.shared.counters.refused_messages.add(1);
            self.session.fail_message(spool_reply(&error));
        }
    }

    /// The message will not be ended: the client took it back, or it is refused for what it is.
    fn abandon(&mut self) {
        let Some(incoming) = self.message.take() else {
            return;
        };
        // Without a transaction the client itself took it back.
        let Some(content) = self.session.content() else {
            return;
        };
        self.shared.counters.refused_messages.add(1);
        let connector = self.connector.name.clone();
        let client = self.client.ip();
        let envelope = self.session.envelope();
        let sender = || {
            envelope
                .map(|e| e.mail_from.to_string())
                .unwrap_or_default()
        };
        let stray = |form: &str| Event::SmugglingAttempted {
            connector: connector.clone(),
            client,
            helo: self.session.helo().to_owned(),
            form: form.to_owned(),
        };
        let over = |limit: &str, reply: &str| Event::MessageRefused {
            connector: connector.clone(),
            client,
            sender: sender(),
            limit: limit.to_owned(),
            reply: reply.to_owned(),
        };
        let event = match content.defect() {
            Some(Defect::BareCr) => stray("a bare carriage return"),
            Some(Defect::BareLf) => stray("a bare line feed"),
            Some(Defect::Nul) => stray("a NUL"),
            Some(Defect::HeaderTooLarge) => over("max_header_size", "552 5.3.4"),
            Some(Defect::TooManyHops | Defect::TooManyLocalHops) => {
                let message_id = header::summary(incoming.header()).message_id;
                let recipients = envelope.map_or(&[][..], |e| e.recipients.as_slice());
                Event::MailLoopStopped {
                    message: message_id.unwrap_or_else(|| "no Message-ID".to_owned()),
                    recipient: recipients
                        .first()
                        .map(|r| r.address.to_string())
                        .unwrap_or_default(),
                    detail: format!(
                        "{} Received fields, {} of them of this host, came from {client} through {connector}",
                        content.hops(),
                        content.local_hops()
                    ),
                }
            }
            // A chunk above the limit is refused before it is looked at.
            Some(Defect::TooLarge) | None => over("max_message_size", "552 5.3.4"),
        };
        self.shared.events.emit(event);
    }

    /// The message is complete: makes it ready for the queue.
    ///
    /// # Errors
    /// The reply that refuses it.
    pub(super) fn ready(&mut self) -> Result<Ready, Reply> {
        let protocol = self.session.protocol();
        let (Some(incoming), Some(envelope)) = (self.message.take(), self.session.take_envelope())
        else {
            // The machine says End only behind Begin: whatever this is, nothing was lost by it.
            return Err(policy::failing());
        };
        let now_unix_ms = self.shared.clock.unix_ms();
        let summary = header::summary(incoming.header());
        let is_probe = match self.judge(&envelope, summary.probe.as_deref(), now_unix_ms) {
            Ok(is_probe) => is_probe,
            Err(problem) => {
                let event = forged_event(&self.connector.name, self.client.ip(), problem);
                self.shared.events.emit(event);
                self.shared.counters.refused_messages.add(1);
                return Err(forged_probe());
            }
        };
        let snapshot = self.shared.snapshot.load_full();
        let mut arrival = None;
        if !is_probe {
            if let Some(reply) = self.refuses_message(incoming.header(), &envelope) {
                self.shared.counters.refused_messages.add(1);
                return Err(reply);
            }
            let mut found = self.arrival(&snapshot, &envelope);
            found.internal = factors::is_internal(incoming.kept(), incoming.header())
                && self.findings.iter().all(|finding| finding.met);
            arrival = (!found.is_empty()).then(|| Box::new(found));
        }
        let origin = Origin {
            connector: self.connector.name.clone(),
            client: Some(self.client),
            server: Some(self.server),
            helo: self.session.helo().to_owned(),
            protocol: protocol.to_owned(),
            tls: self.tls.clone(),
            account: None,
            probe: is_probe,
            arrival,
            accepted_unix_ms: now_unix_ms,
        };
        let id = incoming.id;
        let octets = self.session.content().map_or(0, Content::octets);
        let octets = incoming.octets(octets);
        let peer_marks = self.marks();
        let stripped = incoming.stripped();
        let counters = &self.shared.counters;
        counters.stripped_in.add(stripped);
        counters.promoted_headers.add(incoming.converted());
        let found = self.found(&envelope, &origin, &incoming);
        let letter = Letter {
            peer_marks: &peer_marks,
            found: &found,
            envelope: &envelope,
            origin: &origin,
            header: incoming.header(),
            summary: &summary,
            octets,
            hostname: &self.config.hostname,
            internal: self.connector.spec.relay == mailward_model::kind::Relay::All
                || origin.is_internal(),
        };
        let categorized = letter.categorize(&snapshot);
        let record = Record::of(id, &letter, &categorized);
        let body = incoming.finish().map_err(|error| spool_reply(&error))?;
        Ok(Ready {
            id,
            envelope,
            origin,
            body,
            categorized,
            record,
        })
    }

    /// Whether the message is a health probe, whose marker is thereby used up.
    ///
    /// # Errors
    /// It is for a health mailbox and no probe of this host: why.
    fn judge(
        &self,
        envelope: &Envelope,
        marker: Option<&str>,
        now_unix_ms: u64,
    ) -> Result<bool, &'static str> {
        if self.monitoring == 0 {
            return Ok(false);
        }
        let shared = &self.shared;
        let suspect = Suspect {
            monitoring: self.monitoring,
            recipients: envelope.recipients.len(),
            marker,
            connector: &self.connector.name,
            is_this_host: self.ends().is_this_host(),
        };
        let snapshot = shared.snapshot.load();
        let verdict = judge_probe(
            &suspect,
            &shared.node.hostname,
            &shared.node.probe_keys.believed(now_unix_ms),
            |connector| snapshot.expects_returned_probes(connector),
            now_unix_ms,
        );
        match verdict {
            ProbeVerdict::Mail => Ok(false),
            ProbeVerdict::Probe(marker) => shared.probes.admit(&marker, now_unix_ms).map(|()| true),
            ProbeVerdict::Forged(problem) => Err(problem),
        }
    }

    fn ends(&self) -> Ends {
        Ends {
            client: self.client.ip(),
            server: self.server.ip(),
        }
    }

    /// The session is over: tells of what somebody should know.
    pub(super) fn tell_ending(&self) {
        let connector = self.connector.name.clone();
        let client = self.client.ip();
        let event = match self.session.ending() {
            Some(Ending::EarlyTalker) => Event::EarlyTalkerRefused { connector, client },
            Some(Ending::TooManyErrors) => Event::ErrorLimitReached {
                connector,
                client,
                errors: self.session.errors().into(),
            },
            Some(Ending::InjectedCommands) => {
                Event::CommandInjectionAttempted { connector, client }
            }
            Some(Ending::Quit | Ending::TooManyCommands | Ending::Framing) | None => return,
        };
        self.shared.events.emit(event);
    }

    /// Ends the session because the time for it is over.
    pub(super) fn time_out(&mut self, over: super::patience::Over) {
        let text = match over {
            super::patience::Over::Silence => "You were silent for too long",
            super::patience::Over::Session => "The session has lasted too long",
        };
        self.session.close(&policy::timed_out(text));
    }

    /// Ends the session because the connector is restarted or the service goes away.
    /// Looks whether what the client showed has become untrusted: then the session ends at once.
    pub(super) fn leave_if_untrusted(&mut self) {
        if self.peer.is_empty() || self.session.ending().is_some() {
            return;
        }
        if let Err(distrusted) = self.shared.untrusted.check(self.peer.certificates()) {
            let peer = self.client.ip().to_string();
            let with = With {
                direction: Direction::In,
                connector: &self.connector.name,
                peer: &peer,
            };
            with.cut(&self.shared.events, &distrusted);
            let text = "The certificate that you have shown is not trusted here";
            self.session
                .close(&Reply::new(421, EnhancedCode(4, 7, 5), text));
        }
    }

    pub(super) fn send_away(&mut self) {
        self.session.close(&Reply::new(
            421,
            EnhancedCode(4, 3, 2),
            "The service is restarted; try again at once",
        ));
    }
}
