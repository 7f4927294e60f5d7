//! One connection from its accept to its end: the PROXY header, the choice of connector, the
//! limits, TLS, and then the session, which waits here for the client, the queue and the clock.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use mailward_events::Event;
use mailward_model::{
    EnhancedCode, Reply,
    kind::{OutOfRange, StartTls},
};
use mailward_proto::{
    proxy::Origin,
    server::{Ending, StartTlsAnswer},
};
use mailward_tls::{Distrusted, describe};
use rustls::ServerConfig;
use tokio::{net::TcpStream, sync::futures::Notified, time::timeout};
use tokio_rustls::TlsAcceptor;

use super::{
    Inner, accept,
    choose::pick,
    desk::{Desk, Next},
    occupancy::{Limit, Occupancy},
    patience::{Over, Patience},
    policy, proxy,
    stream::{Stream, octets_wait},
};
use crate::distrust::{Direction, With};

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(60);
/// How long a peer that still sends is listened to after the last reply.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// Serves one connection.
pub(super) async fn serve(
    inner: Arc<Inner>,
    mut stream: TcpStream,
    local: SocketAddr,
    remote: SocketAddr,
) {
    let shared = &inner.shared;
    let connector = pick(&shared.snapshot.load(), local, remote.ip()).cloned();
    let Some(connector) = connector else {
        let (client, local) = (remote.ip(), local.to_string());
        shared
            .events
            .emit(Event::ConnectionUnmatched { client, local });
        return;
    };
    let occupancy = inner.occupancy(&connector.name);
    let mut changed = pin!(occupancy.changed());
    let (life, ranges) = (occupancy.life(), occupancy.ranges());
    let (mut client, mut server) = (remote, local);
    if connector.spec.proxy_protocol {
        // Boxed, as the handshake is: what happens once must not enlarge every session for good.
        match Box::pin(proxy::read(&mut stream)).await {
            Ok(Origin::Forwarded {
                client: c,
                server: s,
            }) => (client, server) = (c, s),
            Ok(Origin::Local | Origin::Unknown) => {}
            Err(error) => {
                shared.events.emit(Event::ProxyHeaderRefused {
                    connector: connector.name.clone(),
                    client: remote.ip(),
                    error: error.to_string(),
                });
                return;
            }
        }
    }
    let proxy = (client.ip() != remote.ip()).then(|| remote.ip());
    let place = occupancy.enter(client.ip(), &connector.spec);
    if place.is_ok() && occupancy.wedged(&*shared.clock).is_some() {
        // A fault on purpose: the connection is held and not answered. Boxed, as it never happens.
        Box::pin(async {
            while let Some(left) = occupancy.wedged(&*shared.clock)
                && occupancy.life() == life
            {
                tokio::select! {
                    () = changed.as_mut() => changed.set(occupancy.changed()),
                    () = tokio::time::sleep(left) => {}
                }
            }
        })
        .await;
    }
    let config = occupancy.config(&connector, &shared.node.hostname);
    let patience = Patience::new(&connector.spec);
    let mut connection = Connection {
        desk: Desk::new(Arc::clone(shared), connector, config, client, server, proxy),
        stream: Stream::Plain(stream),
        patience,
        inner: &inner,
        occupancy: &occupancy,
        life,
        ranges,
        peer: remote.ip(),
        // Who is one too many must not hold a socket longer than the word takes.
        lingers: place.is_ok(),
        brought_mail: false,
    };
    let greeted = match place {
        Err(limit) => {
            connection.refuse_at_limit(limit);
            true
        }
        Ok(_) if occupancy.life() != life => {
            connection.desk.send_away();
            true
        }
        Ok(_) => connection.greet().await,
    };
    if greeted && connection.run(changed).await.is_ok() {
        connection.desk.tell_ending();
    }
    if !connection.brought_mail {
        inner.silent.tell(&connection.desk);
    }
}

/// The connection failed, or the client has gone. Nobody is left to be told.
struct Gone;

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        // A client that resets its connection is not worth an event; what it had not finished was
        // never acknowledged.
        Gone
    }
}

/// What a read came to.
enum Heard {
    /// Octets, which have been worked on.
    Octets(Next),
    /// The client has closed.
    End,
    /// The client was silent, or the session lasted, too long.
    Over(Over),
    /// Something has changed about the connector.
    Changed,
}

struct Connection<'a> {
    desk: Desk,
    stream: Stream,
    patience: Patience,
    inner: &'a Inner,
    occupancy: &'a Occupancy,
    life: u64,
    /// The state of the connector's ranges that the session was last found within.
    ranges: u64,
    /// Whom the ranges are about: the client, or the proxy before it.
    peer: std::net::IpAddr,
    lingers: bool,
    /// A message of it was taken, and stands in the tracking log.
    brought_mail: bool,
}

impl<'a> Connection<'a> {
    fn refuse_at_limit(&mut self, limit: Limit) {
        let (scope, limit) = match limit {
            Limit::All(limit) => ("connector", limit),
            Limit::Source(limit) => ("source", limit),
        };
        self.desk.shared.events.emit(Event::SessionLimitReached {
            connector: self.desk.connector.name.clone(),
            client: self.desk.client.ip(),
            scope: scope.to_owned(),
            limit: limit.into(),
        });
        let text = "Too many connections; try again later";
        self.desk
            .session
            .close(&Reply::new(421, EnhancedCode(4, 3, 2), text));
    }

    /// Says the greeting, or why there is none. False where nothing can be said.
    async fn greet(&mut self) -> bool {
        let tls = self.desk.connector.spec.tls;
        if tls == StartTls::Implicit {
            let Some(config) = self.server_config() else {
                // Without a certificate there is no way to say anything; the event is raised by
                // whoever looked for it.
                return false;
            };
            if self.handshake(config).await.is_err() {
                return false;
            }
            self.desk.session.under_tls();
            self.desk.offer_by_certificate();
        }
        if self.desk.is_closed() {
            self.desk.session.close(&policy::closing());
            return true;
        }
        if let Stream::Plain(stream) = &self.stream
            && octets_wait(stream)
        {
            self.desk.session.refuse_early_talker();
            return true;
        }
        let offered = matches!(tls, StartTls::Offered | StartTls::Required);
        let has_certificate = offered && self.server_config().is_some();
        self.desk.session.offer_starttls(has_certificate);
        self.desk.session.greet();
        true
    }

    fn server_config(&self) -> Option<Arc<ServerConfig>> {
        let shared = &self.desk.shared;
        let needs = self.desk.connector.certificate_needs(&shared.node.hostname);
        match self.desk.connector.spec.asks_for_certificate() {
            true => shared.certificates.asking_config(&needs),
            false => shared.certificates.server_config(&needs),
        }
    }

    async fn run(&mut self, mut changed: Pin<&mut Notified<'a>>) -> Result<(), Gone> {
        // The machine may have ended the session already, instead of greeting.
        let mut next = self.desk.take(&[]);
        loop {
            next = match next {
                Next::Read if self.desk.has_pending() => self.desk.resume(),
                Next::Read => self.read(changed.as_mut()).await?,
                Next::Pause => {
                    self.pause(changed.as_mut()).await;
                    self.flush().await?;
                    Next::Read
                }
                Next::Accept => {
                    // Boxed: a session that waits must not be as large as one with a message.
                    Box::pin(self.accept()).await;
                    Next::Read
                }
                Next::Handshake => {
                    Box::pin(self.start_tls()).await?;
                    Next::Read
                }
                Next::Close => return self.close().await,
            };
            if let Next::Read = next {
                self.leave_if_told();
                // A session that was ended by us has a last word to send.
                if !self.desk.has_pending() {
                    next = self.desk.take(&[]);
                }
            }
        }
    }

    /// Ends the session where the connector was restarted, or where the service goes away and no
    /// transaction is open.
    fn leave_if_told(&mut self) {
        let restarted = self.occupancy.life() != self.life;
        if restarted || self.inner.is_draining() && self.desk.session.is_idle() {
            self.desk.send_away();
        }
        self.desk.leave_if_untrusted();
        let ranges = self.occupancy.ranges();
        if std::mem::replace(&mut self.ranges, ranges) != ranges && self.is_cut() {
            let (connector, client) = (self.desk.connector.name.clone(), self.peer);
            let event = Event::SessionOutOfRangeCut { connector, client };
            self.desk.shared.events.emit(event);
            self.desk.send_away();
        }
    }

    /// True where the client is no longer within the connector's ranges, and the connector as it is
    /// now says that such sessions are cut.
    fn is_cut(&self) -> bool {
        let snapshot = self.desk.shared.snapshot.load();
        let name = &self.desk.connector.name;
        let now = snapshot.receive_connector(name);
        now.is_some_and(|now| now.spec.out_of_range == OutOfRange::Cut)
            && !snapshot.still_takes(name, self.peer)
    }

    async fn read(&mut self, mut changed: Pin<&mut Notified<'a>>) -> Result<Next, Gone> {
        self.flush().await?;
        let Self {
            desk,
            stream,
            patience,
            ..
        } = self;
        let heard = poll_fn(|cx| {
            let read = stream.poll_read_with(cx, |octets| match octets {
                [] => Heard::End,
                octets => Heard::Octets(desk.take(octets)),
            });
            if read.is_ready() {
                return read;
            }
            if let Poll::Ready(over) = patience.poll(cx) {
                return Poll::Ready(Ok(Heard::Over(over)));
            }
            changed.as_mut().poll(cx).map(|()| Ok(Heard::Changed))
        })
        .await?;
        match heard {
            Heard::Octets(next) => {
                self.patience.heard();
                Ok(next)
            }
            Heard::End => Err(Gone),
            Heard::Over(over) => {
                self.desk.time_out(over);
                Ok(Next::Read)
            }
            Heard::Changed => {
                changed.set(self.occupancy.changed());
                Ok(Next::Read)
            }
        }
    }

    /// Sends the replies that have gathered.
    async fn flush(&mut self) -> Result<(), Gone> {
        if self.desk.session.output().is_empty() {
            return Ok(());
        }
        let Self {
            desk,
            stream,
            patience,
            ..
        } = self;
        let output = desk.session.output();
        let mut sent = 0;
        poll_fn(|cx| {
            while let Some(rest) = output.get(sent..).filter(|rest| !rest.is_empty()) {
                match stream.poll_write(cx, rest) {
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending if patience.poll(cx).is_ready() => {
                        return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
            stream.poll_flush(cx)
        })
        .await?;
        self.desk.session.clear_output();
        Ok(())
    }

    /// The tarpit: a timer, and nothing else.
    async fn pause(&mut self, mut changed: Pin<&mut Notified<'a>>) {
        let wait = self
            .patience
            .left(self.desk.connector.spec.tarpit_interval.get());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = changed.as_mut() => changed.set(self.occupancy.changed()),
        }
    }

    /// Hands the complete message to the queue, and the queue's answer to the client.
    async fn accept(&mut self) {
        self.desk.authenticate().await;
        let reply = match self.desk.ready() {
            Ok(ready) => {
                let shared = Arc::clone(&self.desk.shared);
                // No timeout: once handed over, only the queue knows whether the message is kept.
                accept::accept(&shared, ready).await
            }
            Err(reply) => reply,
        };
        self.patience.heard();
        self.brought_mail |= reply.is_positive();
        self.desk.session.answer(&reply);
    }

    async fn start_tls(&mut self) -> Result<(), Gone> {
        let waiting = match &self.stream {
            Stream::Plain(stream) => self.desk.has_pending() || octets_wait(stream),
            _ => false,
        };
        let config = self.server_config();
        let answer = match &config {
            _ if waiting => StartTlsAnswer::OctetsWaiting,
            None => StartTlsAnswer::Unavailable,
            Some(_) => StartTlsAnswer::Ready,
        };
        self.desk.session.start_tls(answer);
        let (StartTlsAnswer::Ready, Some(config)) = (answer, config) else {
            return Ok(());
        };
        self.flush().await?;
        self.handshake(config).await?;
        self.desk.session.tls_established();
        self.desk.offer_by_certificate();
        Ok(())
    }

    async fn handshake(&mut self, config: Arc<ServerConfig>) -> Result<(), Gone> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Gone);
        };
        let limit = self.patience.left(HANDSHAKE_MAX);
        let accept = Box::pin(TlsAcceptor::from(config).accept(stream));
        let error = match timeout(limit, accept).await {
            Ok(Ok(stream)) => {
                // A session that is resumed was not verified: what was shown in the first one is.
                match self.desk.shared.untrusted.check_peer(stream.get_ref().1) {
                    Ok(path) => self.desk.peer = path,
                    Err(distrusted) => return self.refuse(&distrusted),
                }
                self.desk.tls = describe(stream.get_ref().1);
                self.desk.look_at_certificate();
                self.stream = Stream::Tls(Box::new(stream));
                self.desk.shared.counters.tls_sessions.add(1);
                self.patience.heard();
                return Ok(());
            }
            Ok(Err(error)) => match Distrusted::of_error(&error) {
                Some(distrusted) => return self.refuse(distrusted),
                None => error.to_string(),
            },
            Err(_) => format!("it was not done within {} seconds", limit.as_secs()),
        };
        self.desk.shared.events.emit(Event::HandshakeFailed {
            connector: self.desk.connector.name.clone(),
            client: self.desk.client.ip(),
            error,
        });
        Err(Gone)
    }

    /// The client has shown an untrusted certificate.
    fn refuse(&self, distrusted: &Distrusted) -> Result<(), Gone> {
        let peer = self.desk.client.ip().to_string();
        let with = With {
            direction: Direction::In,
            connector: &self.desk.connector.name,
            peer: &peer,
        };
        with.refused(&self.desk.shared.events, distrusted);
        Err(Gone)
    }

    /// Sends the last word and closes so that it arrives.
    async fn close(&mut self) -> Result<(), Gone> {
        self.flush().await?;
        let may_still_send = self.lingers && self.desk.session.ending() != Some(Ending::Quit);
        let Self { stream, .. } = self;
        if may_still_send || matches!(stream, Stream::Tls(_)) {
            // Errors and the timeout mean that the client has gone: it has been told by then.
            let _ = timeout(LINGER_MAX, async {
                poll_fn(|cx| stream.poll_shutdown(cx)).await?;
                if may_still_send {
                    poll_fn(|cx| stream.poll_drain(cx)).await?;
                }
                Ok::<(), io::Error>(())
            })
            .await;
        }
        Ok(())
    }
}
