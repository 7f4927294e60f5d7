//! A courier: carries what one channel is told to where its target says, within a time limit, and
//! knows how that went. What is sent when is not its business.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use mailward_model::kind::{
    AlertChannel, AlertTarget, HostName, OutboundTls, SmartHost, TlsAuthLevel,
};
use mailward_tls::{ClientTls, Roots};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{AlertKind, email, letter::Letter, local, notice::Notice, syslog, webhook};

/// How long one attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
/// The same for a relay: one that looks at its clients closely lets them wait for its greeting.
const EMAIL_MAX: Duration = Duration::from_secs(60);
/// How long a name server may take, before the addresses known from before are used.
const LOOKUP_MAX: Duration = Duration::from_secs(3);
/// How long one of several addresses may take to answer.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// Addresses of a host that are tried and remembered.
const ADDRESSES_MAX: usize = 6;
/// Failures in a row from which on a channel counts as broken: one may be an accident.
const BROKEN_AFTER: u32 = 2;

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The URL cannot be used.
    #[error("{0:?} is not a URL of the form https://host/path")]
    Url(String),
    /// The host's name gives no address, and none is known from before.
    #[error("the name {0} cannot be resolved: {1}")]
    Lookup(String, String),
    /// The connection.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// HTTP.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be made.
    #[error("the request cannot be made: {0}")]
    Request(#[from] hyper::http::Error),
    /// A status that says no.
    #[error("it answered {0}")]
    Status(hyper::StatusCode),
    /// The command ended badly.
    #[error("the command ended with {0}")]
    Exit(std::process::ExitStatus),
    /// The command is no program.
    #[error("{0} is not a program that this user may run")]
    Program(String),
    /// The relay says no, or what it says is no SMTP.
    #[error("the relay answered {1} to {0}")]
    Relay(&'static str, String),
    /// The relay lacks something.
    #[error("the relay does not offer {0}, which this channel demands")]
    Lacks(&'static str),
    /// The password cannot be read.
    #[error("the password file {0} cannot be read: {1}")]
    Password(String, io::Error),
}

/// A stream to a target, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What is carried, in the forms that targets take.
pub(super) struct Parcel {
    /// The document for programs.
    pub(super) json: Vec<u8>,
    /// The message for people.
    pub(super) letter: Letter,
    /// A line for each alert, with its syslog severity (RFC 5424 §6.2.1).
    pub(super) lines: Vec<(u8, String)>,
}

impl Parcel {
    fn of(notice: &Notice) -> Result<Parcel, SendError> {
        let lines = notice.items.iter().map(|item| {
            let alert = &item.alert;
            let severity = match alert.kind {
                _ if notice.test => 6,
                AlertKind::Offline => 2,
                AlertKind::NeedsPerson => 3,
                AlertKind::Solved => 5,
            };
            let kind = if notice.test {
                "test"
            } else {
                alert.kind.word()
            };
            let line = format!(
                "{kind} {}: {} {} (`{}`)",
                alert.component, alert.effect, alert.text, alert.explain
            );
            (severity, line)
        });
        let first = notice.items.iter().filter_map(|item| item.first.clone());
        Ok(Parcel {
            json: notice.json().map_err(io::Error::from)?,
            lines: lines.collect(),
            letter: Letter {
                id: notice.id.clone(),
                answers: first.collect(),
                subject: notice.subject(),
                text: notice.text(),
                urgent: notice.kind() > AlertKind::Solved,
                unix_ms: notice.unix_ms,
                node: notice.node().to_owned(),
                channel: notice.channel.clone(),
            },
        })
    }
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Alive {
    /// Always `alive`.
    pub(super) kind: &'static str,
    /// The node's name.
    pub(super) node: String,
    /// The channel.
    pub(super) channel: String,
    /// When.
    pub(super) unix_ms: u64,
    /// Probes run since the worker began: that it grows is what is told.
    pub(super) probes: u64,
}

impl Alive {
    fn parcel(&self) -> Result<Parcel, SendError> {
        let text = format!(
            "{} is alive: its worker has run {} probes",
            self.node, self.probes
        );
        Ok(Parcel {
            json: serde_json::to_vec(self).map_err(io::Error::from)?,
            lines: vec![(6, format!("alive: {text}"))],
            letter: Letter {
                id: format!("alive-{:x}", self.unix_ms),
                answers: Vec::new(),
                subject: format!("[Mailward {}] Alive", self.node),
                text: format!("{text}.\nWhen these messages stop, something is wrong with it.\n"),
                urgent: false,
                unix_ms: self.unix_ms,
                node: self.node.clone(),
                channel: self.channel.clone(),
            },
        })
    }
}

/// How a channel does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Failures in a row, of notices and heartbeats.
    pub failures: u32,
    /// Why the last one failed.
    pub error: String,
}

impl Standing {
    /// True where it fails again and again.
    pub fn is_broken(&self) -> bool {
        self.failures >= BROKEN_AFTER
    }
}

/// Carries to one target.
pub struct Courier {
    /// The channel's name.
    pub name: String,
    /// What it is.
    pub spec: AlertChannel,
    /// The node's name.
    pub(super) node: String,
    tls: Arc<ClientTls>,
    /// Addresses that the target's name last had: name servers may be what an alert is about.
    known: Mutex<Vec<SocketAddr>>,
    standing: Mutex<Standing>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Courier({})", self.name)
    }
}

impl Courier {
    /// A courier for a channel of this node.
    pub fn new(name: &str, spec: &AlertChannel, node: &str) -> Self {
        let roots = Roots {
            system: true,
            files: spec.ca_file.iter().cloned().collect(),
        };
        Courier {
            name: name.to_owned(),
            spec: spec.clone(),
            node: node.to_owned(),
            tls: Arc::new(ClientTls::new(roots)),
            known: Mutex::default(),
            standing: Mutex::default(),
        }
    }

    /// How the channel does.
    pub fn standing(&self) -> Standing {
        self.standing.lock().clone()
    }

    /// Takes in how an attempt went. True where the channel has become broken by it, or whole.
    pub(super) fn went(&self, result: Result<(), String>) -> bool {
        let mut standing = self.standing.lock();
        let before = standing.is_broken();
        match result {
            Ok(()) => *standing = Standing::default(),
            Err(error) => {
                standing.failures = standing.failures.saturating_add(1);
                standing.error = error;
            }
        }
        standing.is_broken() != before
    }

    fn limit(&self) -> Duration {
        match self.spec.target {
            AlertTarget::Email(_) => EMAIL_MAX,
            _ => ATTEMPT_MAX,
        }
    }

    /// Delivers a notice. What is to be said although it was taken (a recipient was refused) is
    /// returned.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn deliver(&self, notice: &Notice) -> Result<Option<String>, SendError> {
        self.carry(&Parcel::of(notice)?).await
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    /// Why it was not taken.
    pub(super) async fn beat(&self, alive: &Alive) -> Result<Option<String>, SendError> {
        self.carry(&alive.parcel()?).await
    }

    async fn carry(&self, parcel: &Parcel) -> Result<Option<String>, SendError> {
        let none = |()| None;
        self.within(async {
            match &self.spec.target {
                AlertTarget::Webhook(url) => webhook::post(self, url, parcel).await.map(none),
                AlertTarget::Ping(url) => webhook::get(self, url).await.map(none),
                AlertTarget::Email(spec) => email::send(self, spec, &parcel.letter).await,
                AlertTarget::Command(words) => local::run(words, &parcel.json).await.map(none),
                AlertTarget::Syslog(to) => syslog::send(self, to, &parcel.lines).await.map(none),
                AlertTarget::File(path) => local::append(path, &parcel.json).await.map(none),
            }
        })
        .await
    }

    /// Looks whether the target could be reached, without telling it anything.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<String, SendError> {
        self.within(async {
            match &self.spec.target {
                AlertTarget::Webhook(url) | AlertTarget::Ping(url) => {
                    webhook::open(self, url).await.map(|_| ())?;
                    Ok("its host answers".to_owned())
                }
                AlertTarget::Email(spec) => {
                    email::check(self, spec).await?;
                    Ok(format!("the relay {} answers", spec.relay))
                }
                AlertTarget::Command(words) => local::check_program(words),
                AlertTarget::Syslog(to) => syslog::check(self, to).await,
                AlertTarget::File(path) => local::check_file(path).await,
            }
        })
        .await
    }

    async fn within<T>(
        &self,
        attempt: impl Future<Output = Result<T, SendError>>,
    ) -> Result<T, SendError> {
        let limit = self.limit();
        let result = tokio::time::timeout(limit, attempt).await;
        let result = result.unwrap_or(Err(SendError::Timeout(limit)));
        if matches!(result, Err(SendError::Tls(_))) {
            // A file of roots may have been renewed.
            self.tls.reload();
        }
        result
    }

    /// Addresses of a host. Where nobody can say, those that were right the last time.
    pub(super) async fn addresses(&self, host: &SmartHost) -> Result<Vec<SocketAddr>, SendError> {
        let name = match &host.host {
            HostName::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, host.port)]),
            HostName::Name(name) => name.as_str().to_owned(),
        };
        let lookup = tokio::net::lookup_host((name.clone(), host.port));
        let found = match tokio::time::timeout(LOOKUP_MAX, lookup).await {
            Ok(Ok(found)) => Ok(found.take(ADDRESSES_MAX).collect::<Vec<_>>()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", LOOKUP_MAX.as_secs())),
        };
        let mut known = self.known.lock();
        match found {
            Ok(found) if !found.is_empty() => {
                known.clone_from(&found);
                Ok(found)
            }
            _ if !known.is_empty() => Ok(known.clone()),
            Ok(_) => Err(SendError::Lookup(name, "it has no address".to_owned())),
            Err(error) => Err(SendError::Lookup(name, error)),
        }
    }

    /// Connects to a host, by one of its addresses.
    pub(super) async fn connect(&self, host: &SmartHost) -> Result<TcpStream, SendError> {
        let mut last = SendError::Timeout(CONNECT_MAX);
        for address in self.addresses(host).await? {
            match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error.into(),
                Err(_) => last = SendError::Timeout(CONNECT_MAX),
            }
        }
        Err(last)
    }

    /// Goes on under TLS. Where it is `required`, the certificate must bear the host's name.
    pub(super) async fn secure(
        &self,
        stream: Box<dyn Stream>,
        host: &HostName,
        tls: OutboundTls,
    ) -> Result<Box<dyn Stream>, SendError> {
        let source = Arc::clone(&self.tls);
        let level = TlsAuthLevel::DomainValidation;
        // Roots are read from files.
        let config = tokio::task::spawn_blocking(move || source.config(tls, level, None)).await;
        let config = match config {
            Ok(Ok(Some(config))) => config,
            Ok(Ok(None)) => return Ok(stream),
            Ok(Err(error)) => return Err(SendError::Tls(error.to_string())),
            Err(error) => return Err(SendError::Tls(error.to_string())),
        };
        let name = ClientTls::server_name(host).map_err(|e| SendError::Tls(e.to_string()))?;
        match TlsConnector::from(config).connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(SendError::Tls(error.to_string())),
        }
    }
}

#[cfg(test)]
#[path = "courier_tests.rs"]
mod tests;
