//! A connection to what is probed: by name or address, plain or under TLS, read line by line.
//!
//! It shares no code with the server and the client of this house: a fault in those must not hide
//! itself. Every read has a limit; the time limit is the probe's.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mailward_model::kind::HostName;
use mailward_tls::CertificateFacts;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::TlsConnector;

use super::{
    Context, Door, Found, Steps,
    found::{Seen, Verdict},
    reach::{self, Attempt},
};
use crate::Cause;

/// Octets of one line.
const LINE_OCTETS_MAX: u64 = 4096;
/// Octets of the read buffer: what is read is short.
const BUFFER: usize = 1024;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Errors that say that this process has run out of something, and nothing of the target:
/// descriptors (EMFILE, ENFILE), local ports (EADDRNOTAVAIL), buffers (ENOBUFS).
const OWN_ERRORS: [i32; 4] = [24, 23, 99, 105];
/// A day, in milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;

/// Anything that octets go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What went wrong on the wire.
pub(super) fn broken(step: &str, error: &io::Error) -> Found {
    let text = format!("{step}: {error}");
    if error
        .raw_os_error()
        .is_some_and(|code| OWN_ERRORS.contains(&code))
    {
        return Found::error(text);
    }
    Found::fail(text)
}

/// A connection.
pub(super) struct Wire {
    stream: BufReader<Box<dyn Stream>>,
    pub(super) seen: Seen,
}

/// What a peer showed in a TLS handshake.
pub(super) struct Shown {
    pub(super) version: String,
    chain: Vec<CertificateDer<'static>>,
    facts: Option<CertificateFacts>,
}

impl Wire {
    /// Goes on with an open stream.
    pub(super) fn on(stream: Box<dyn Stream>, seen: Seen) -> Wire {
        Wire {
            stream: BufReader::with_capacity(BUFFER, stream),
            seen,
        }
    }

    /// Connects to a host, to the first of its addresses that takes the connection.
    pub(super) async fn connect(
        context: &Context,
        host: &HostName,
        port: u16,
        steps: &mut Steps,
    ) -> Result<Wire, Found> {
        let stream = dial(context, host, port, steps).await?;
        // A socket that cannot be told is closed; the next read says so.
        let _ = stream.set_nodelay(true);
        Ok(Wire::on(Box::new(stream), steps.seen()))
    }

    /// Connects to a connector of this node.
    pub(super) async fn enter(door: Door, proxied: bool, steps: &mut Steps) -> Result<Wire, Found> {
        steps.reaching = Some(door.address);
        let mut stream = knock(door).await?;
        steps.note(format!(
            "connected to {} from {}",
            door.address, door.source
        ));
        if proxied {
            // PROXY protocol v1: a connection of the proxy's own, without a client behind it.
            let header = stream.write_all(b"PROXY UNKNOWN\r\n").await;
            header.map_err(|error| broken("the PROXY header", &error))?;
        }
        Ok(Wire::on(Box::new(stream), steps.seen()))
    }

    /// Reads a line, without its end; `None` where the peer has closed.
    pub(super) async fn line(&mut self, step: &str) -> Result<Option<String>, Found> {
        let mut line = Vec::new();
        let read = (&mut self.stream)
            .take(LINE_OCTETS_MAX)
            .read_until(b'\n', &mut line)
            .await;
        match read {
            Ok(0) => Ok(None),
            Ok(_) => {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                self.seen.note(format!("< {text}"));
                Ok(Some(text))
            }
            Err(error) => Err(broken(step, &error)),
        }
    }

    /// As [`Wire::line`], where the peer may not close.
    pub(super) async fn expect_line(&mut self, step: &str) -> Result<String, Found> {
        let line = self.line(step).await?;
        let closed = || format!("the connection was closed instead of a reply to {step}");
        line.ok_or_else(|| Found::fail(closed()))
    }

    /// Sends octets as they are; nothing is noted of them.
    pub(super) async fn send(&mut self, octets: &[u8], step: &str) -> Result<(), Found> {
        let written = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        written.await.map_err(|error| broken(step, &error))
    }

    /// Sends a line, and notes it.
    pub(super) async fn say(&mut self, line: &str, step: &str) -> Result<(), Found> {
        self.seen.note(format!("> {line}"));
        self.send(format!("{line}\r\n").as_bytes(), step).await
    }

    /// Goes on under TLS. What waits to be read in plain text must not be taken for what comes
    /// under it.
    pub(super) async fn secure(
        self,
        config: Arc<rustls::ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<(Wire, Shown), Found> {
        if !self.stream.buffer().is_empty() {
            return Err(Found::fail("something waited behind the reply to STARTTLS"));
        }
        let asked = format!("asked for {}", name.to_str());
        let connector = TlsConnector::from(config);
        let stream = connector
            .connect(name, self.stream.into_inner())
            .await
            .map_err(|error| broken("the TLS handshake", &error))?;
        let shown = Shown::of(stream.get_ref().1, &self.seen, &asked);
        Ok((Wire::on(Box::new(stream), self.seen), shown))
    }

    /// The stream, for a client that reads it by itself.
    pub(super) fn into_inner(self) -> Box<dyn Stream> {
        self.stream.into_inner()
    }
}

/// Connects to a host, to the first of its addresses that takes the connection.
pub(super) async fn dial(
    context: &Context,
    host: &HostName,
    port: u16,
    steps: &mut Steps,
) -> Result<TcpStream, Found> {
    steps.next("resolve");
    let addresses = context.dns.addresses(host, &steps.seen()).await?;
    steps.next("connect");
    let mut last = Found::fail(format!("{host} has no address"));
    for ip in addresses.into_iter().take(ADDRESSES_MAX) {
        let address = SocketAddr::new(ip, port);
        match TcpStream::connect(address).await {
            Ok(stream) => {
                steps.note(format!("connected to {address}"));
                return Ok(stream);
            }
            Err(error) => {
                steps.note(format!("{address}: {error}"));
                last = broken(&address.to_string(), &error);
            }
        }
    }
    Err(last)
}

/// Opens a connection from the source that the door says.
async fn knock(door: Door) -> Result<TcpStream, Found> {
    let step = "connect";
    let socket = match door.address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(|error| broken(step, &error))?;
    if door.source != door.address.ip()
        && door.source.is_loopback()
        && let Err(error) = socket.bind(SocketAddr::new(door.source, 0))
    {
        // The kernel chooses the port, so it is the address that is not there.
        return Err(match error.kind() {
            io::ErrorKind::AddrNotAvailable => {
                let text = format!("{step} from {}: {error}", door.source);
                reach::unmet(door.address, Attempt::NoSource, text).await
            }
            _ => broken(step, &error),
        });
    }
    let stream = match socket.connect(door.address).await {
        Ok(stream) => stream,
        Err(error) => {
            return Err(match Attempt::read(&error) {
                Some(attempt) => {
                    reach::unmet(door.address, attempt, format!("{step}: {error}")).await
                }
                None => broken(step, &error),
            });
        }
    };
    // A socket that cannot be told is closed; the next read says so.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// The name for a handshake: a domain, or an address.
pub(super) fn server_name(host: &HostName) -> ServerName<'static> {
    let name = match host {
        HostName::Ip(ip) => return ServerName::from(*ip),
        HostName::Name(name) => ServerName::try_from(name.as_str().to_owned()),
    };
    // A name that no certificate can carry is asked for as an address that none does.
    name.unwrap_or(ServerName::from(IpAddr::from([127, 0, 0, 1])))
}

impl Shown {
    fn of(connection: &rustls::ClientConnection, seen: &Seen, asked: &str) -> Shown {
        let session = mailward_tls::describe(connection);
        let (version, cipher) = session.map_or_else(Default::default, |s| (s.version, s.cipher));
        seen.note(format!("{version} {cipher}, {asked}"));
        let chain: Vec<_> = connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let facts = chain
            .first()
            .and_then(|leaf| CertificateFacts::of_der(leaf).ok());
        let shown = Shown {
            version,
            chain,
            facts,
        };
        if let Some(facts) = &shown.facts {
            seen.note(format!(
                "certificate {} by {}, names {}, {}, {} in the chain",
                facts.subject,
                facts.issuer,
                facts.dns_names.join(" "),
                facts.key_algorithm,
                shown.chain.len()
            ));
        }
        shown
    }

    /// Days until the certificate ends; negative where it has.
    pub(super) fn days_left(&self, unix_ms: u64) -> Option<i64> {
        let end = i64::try_from(self.facts.as_ref()?.not_after_unix_ms).unwrap_or(i64::MAX);
        let now = i64::try_from(unix_ms).unwrap_or(i64::MAX);
        Some(end.saturating_sub(now).div_euclid(DAY_MS))
    }

    /// What a peer gets to see, in a few words: subject, names, days left.
    pub(super) fn summary(&self, unix_ms: u64) -> String {
        let Some(facts) = &self.facts else {
            return "no certificate that can be read".to_owned();
        };
        let mut names = facts
            .dns_names
            .iter()
            .take(4)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if facts.dns_names.len() > 4 {
            names.push_str(&format!(" and {} more", facts.dns_names.len() - 4));
        }
        let days = self.days_left(unix_ms).unwrap_or_default();
        format!(
            "certificate {} for {names}, {days} days left",
            facts.subject
        )
    }

    /// Whether a peer that looks would be content: dates, and where `verify` is set chain and name.
    pub(super) fn judge(
        &self,
        context: &Context,
        name: &ServerName<'_>,
        verify: bool,
        min_days: u32,
    ) -> Result<(), Found> {
        let now = context.clock.unix_ms();
        let fail = |text: String| {
            let found = Found::new(Verdict::Fail, text).of(Cause::Certificate);
            match self.days_left(now) {
                Some(days) => found.measured("days_left", days),
                None => found,
            }
        };
        let summary = self.summary(now);
        let days = self.days_left(now).ok_or_else(|| fail(summary.clone()))?;
        if days < 0 {
            return Err(fail(format!("the certificate has expired: {summary}")));
        }
        if verify && let Err(why) = context.roots.check_chain(&self.chain, name, now) {
            return Err(fail(format!(
                "the certificate would be refused for {}: {why}; {summary}",
                name.to_str()
            )));
        }
        if days < i64::from(min_days) {
            return Err(fail(format!("the certificate ends soon: {summary}")));
        }
        Ok(())
    }
}
