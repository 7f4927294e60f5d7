//! Making a connection: the socket, the greeting, TLS where it is wanted or demanded.
//!
//! Never here: what goes over the connection afterwards.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use mailward_model::{
    EnhancedCode, Reply,
    kind::{ConnectorTarget, OutboundTls, SendConnector, SmartHost},
};
use mailward_proto::client::{Client, Options, Step};
use mailward_tls::{CertificateRef, ClientTls, Distrusted, refuses_certificate};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Connection, Lost, Peer, Stream};
use crate::{
    Shared,
    deliver::source,
    distrust::Watch,
    snapshot::{Named, Snapshot},
};

/// How long a connection may take to stand.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// How long the greeting may take, where the connector does not allow less (RFC 5321 §4.5.3.2.1
/// says five minutes; a host that slow is better tried again later).
const GREETING_MAX: Duration = Duration::from_secs(120);

/// Why a host cannot be used.
#[derive(Debug)]
pub(in crate::deliver) enum DialError {
    /// For now. The next host may be tried.
    Failed(Reply),
    /// The TLS handshake failed. Another connection may do without, where that is allowed.
    Handshake(String),
    /// The host does not take the certificate that it was shown, or may not. Another connection can do
    /// without.
    Certificate(String),
    /// The host's certificate is untrusted: nothing is sent to it, in plain text neither.
    Untrusted(Box<Distrusted>),
    /// STARTTLS is not to be had. Another host may be tried.
    NoTls(Reply),
    /// The host is this one.
    Loop(Reply),
}

/// Whom to connect to, and how.
pub(in crate::deliver) struct Dial<'a> {
    pub(in crate::deliver) shared: &'a Shared,
    pub(in crate::deliver) snapshot: &'a Snapshot,
    pub(in crate::deliver) connector: &'a Named<SendConnector>,
    pub(in crate::deliver) host: &'a SmartHost,
    pub(in crate::deliver) ip: IpAddr,
    /// The addresses it may come from, in the order in which to try them.
    pub(in crate::deliver) sources: &'a [Option<IpAddr>],
    /// Whether BDAT may be used.
    pub(in crate::deliver) chunking: bool,
    /// Whether commands may be sent behind a message.
    pub(in crate::deliver) grouping: bool,
    /// Whether mail may go in plain text.
    pub(in crate::deliver) plain_allowed: bool,
    /// Whether TLS is asked for at all.
    pub(in crate::deliver) tls: bool,
    /// Our own certificate, chosen for this connector.
    pub(in crate::deliver) certificate: Option<&'a CertificateRef>,
    /// Whether it is shown to a host that asks.
    pub(in crate::deliver) shows: bool,
}

impl Dial<'_> {
    /// Connects, greets and starts TLS where it is wanted.
    pub(in crate::deliver) async fn open(self) -> Result<Connection, DialError> {
        let spec = &self.connector.spec;
        let address = SocketAddr::new(self.ip, self.host.port);
        let failed = |error: &dyn std::fmt::Display| {
            let host = &self.host.host;
            DialError::Failed(Reply::new(
                451,
                EnhancedCode(4, 4, 1),
                format!("{host} [{}]: {error}", self.ip),
            ))
        };
        let missing = |source: IpAddr, error: &io::Error| {
            source::tell(&self.shared.events, &self.connector.name, source, error);
        };
        let connect = source::connect(address, self.sources, missing);
        let stream = match timeout(CONNECT_MAX, connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failed(&error)),
            Err(_) => {
                return Err(failed(&format_args!(
                    "no answer in {} s",
                    CONNECT_MAX.as_secs()
                )));
            }
        };
        let local = stream.local_addr().ok();
        if self.is_own_listener(address, local) {
            return Err(DialError::Loop(loop_reply(&address.to_string())));
        }
        // Commands are small and each waits for an answer; failing only costs time.
        let _ = stream.set_nodelay(true);
        let helo = spec.fqdn.as_ref().unwrap_or(&self.snapshot.hostname);
        let lmtp = spec.target == ConnectorTarget::Lmtp;
        let mut connection = Connection {
            stream: Stream::Plain(stream),
            client: Client::new(Options {
                helo: helo.as_str().to_owned(),
                lmtp,
                chunking: self.chunking,
            }),
            peer: Arc::new(Peer {
                host: self.host.clone(),
                name: self.host.host.to_string(),
                address,
                local,
                tls: None,
                marks: String::new(),
            }),
            watch: None,
            certificate: self.certificate.cloned(),
            events: self.shared.events.clone(),
            messages: 0,
            grouping: self.grouping,
            lmtp,
            connector: (self.connector.name.clone(), self.connector.revision),
            messages_max: spec.max_messages_per_connection,
            silence_max: spec.inactivity_timeout.get().min(GREETING_MAX),
        };
        connection.greet().await.map_err(|lost| failed(&lost))?;
        let name = &connection.client.capabilities().name;
        let own = [helo.as_str(), self.snapshot.hostname.as_str()];
        // An LMTP server on this host goes by this host's name, and is no loop.
        if !lmtp && own.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(DialError::Loop(loop_reply(name)));
        }
        if self.tls && spec.tls != OutboundTls::Off {
            connection = self.start_tls(connection).await?;
        } else if !self.plain_allowed {
            return Err(DialError::NoTls(no_tls(
                &self.host.host,
                "is not asked for TLS",
            )));
        }
        connection.silence_max = spec.inactivity_timeout.get();
        Ok(connection)
    }

    async fn start_tls(&self, mut connection: Connection) -> Result<Connection, DialError> {
        let host = &self.host.host;
        if !connection.client.capabilities().starttls {
            if self.plain_allowed {
                return Ok(connection);
            }
            connection.quit().await;
            return Err(DialError::NoTls(no_tls(host, "does not offer STARTTLS")));
        }
        let spec = &self.connector.spec;
        let client_tls = &self.shared.client_tls;
        let setup = |error: mailward_tls::ClientTlsError| {
            DialError::NoTls(no_tls(host, &format!("cannot be checked: {error}")))
        };
        let shown = self.certificate.filter(|_| self.shows);
        let domain = spec.tls_domain.as_ref();
        let config = client_tls.config_showing(spec.tls, spec.tls_auth_level, domain, shown);
        let Some(config) = config.map_err(setup)? else {
            return Ok(connection);
        };
        // A host by address or with an odd name: the handshake then carries the address.
        let name = ClientTls::server_name(host).unwrap_or_else(|_| self.ip.into());
        let failed = |lost: Lost| {
            DialError::Failed(Reply::new(
                451,
                EnhancedCode(4, 4, 2),
                format!("{host} [{}]: {lost}", self.ip),
            ))
        };
        connection.client.start_tls();
        match connection.step().await.map_err(failed)? {
            Step::Handshake => {}
            Step::TlsRefused(_) if self.plain_allowed => return Ok(connection),
            Step::TlsRefused(reply) => {
                let why = format!("refuses STARTTLS: {reply}");
                connection.quit().await;
                return Err(DialError::NoTls(no_tls(host, &why)));
            }
            other => return Err(failed(Lost::Refused(said(other)))),
        }
        let Stream::Plain(stream) = connection.stream else {
            return Err(DialError::Handshake("TLS has begun already".to_owned()));
        };
        // Seen before the handshake: a list that changes meanwhile is a change.
        let changes = self.shared.untrusted.changed();
        let handshake = TlsConnector::from(config).connect(name, stream);
        let stream = match timeout(CONNECT_MAX, handshake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(match Distrusted::of_error(&error) {
                    Some(distrusted) => DialError::Untrusted(Box::new(distrusted.clone())),
                    None if shown.is_some() && refuses_certificate(&error) => {
                        DialError::Certificate(error.to_string())
                    }
                    None => DialError::Handshake(error.to_string()),
                });
            }
            Err(_) => return Err(DialError::Handshake("it took too long".to_owned())),
        };
        let untrusted = &self.shared.untrusted;
        // Nobody verifies a session that is resumed.
        let path = untrusted
            .check_peer(stream.get_ref().1)
            .map_err(DialError::Untrusted)?;
        connection.peer = Arc::new(Peer {
            marks: path.marks(),
            host: self.host.clone(),
            name: connection.peer.name.clone(),
            address: connection.peer.address,
            local: connection.peer.local,
            tls: mailward_tls::describe(stream.get_ref().1),
        });
        connection.watch = Some(Watch::new(untrusted.clone(), path, changes));
        connection.stream = Stream::Tls(Box::new(stream));
        connection.client.tls_established();
        // RFC 8446 §4.4.2.4: a server judges our certificate when our handshake is done. What comes of
        // it is the first thing to be read, and of a server that closes at once not even that.
        let first = connection.step().await.map_err(|lost| match lost {
            Lost::Io(_) | Lost::Closed if shown.is_some() => {
                DialError::Certificate(lost.to_string())
            }
            lost => failed(lost),
        });
        match first? {
            Step::Ready => Ok(connection),
            other => Err(failed(Lost::Refused(said(other)))),
        }
    }

    /// True where the address is one that this host listens on itself.
    fn is_own_listener(&self, address: SocketAddr, local: Option<SocketAddr>) -> bool {
        // Both ends on one address: the peer is a program on this host.
        local.is_some_and(|local| local.ip() == address.ip())
            && self.snapshot.receive_connectors.iter().any(|connector| {
                connector
                    .spec
                    .bindings
                    .iter()
                    .any(|binding| binding.takes(address))
            })
    }
}

fn loop_reply(at: &str) -> Reply {
    Reply::new(
        554,
        EnhancedCode(5, 4, 6),
        format!("Mail for this recipient loops back to this host ({at})"),
    )
}

fn no_tls(host: &dyn std::fmt::Display, why: &str) -> Reply {
    Reply::new(
        451,
        EnhancedCode(4, 7, 10),
        format!("Mail to {host} must not go in plain text, and it {why}"),
    )
}

/// The reply in a step that ends a session, made transient: another host, or a later time, may do.
pub(super) fn said(step: Step) -> Reply {
    match step {
        Step::Refused(reply) | Step::Closed(reply) | Step::TlsRefused(reply) => reply,
        _ => Reply::bare(451, "an answer out of order"),
    }
}
