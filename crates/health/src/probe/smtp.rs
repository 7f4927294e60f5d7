//! A client that speaks just enough SMTP to look at a server. It shares no code with the server
//! and the client of this house: a fault in those must not hide itself.
//!
//! Every read has a limit; the time limit is the probe's.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use mailward_model::Domain;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::TlsConnector;

use super::{Door, Found, Steps};
use crate::Cause;

/// Octets of one line of a reply.
const LINE_OCTETS_MAX: u64 = 4096;
/// Lines of one reply.
const LINES_MAX: usize = 64;
/// Octets of the read buffer: replies are short.
const BUFFER: usize = 1024;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A session.
pub(super) struct Smtp {
    stream: BufReader<Box<dyn Stream>>,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: u16,
    /// The texts of its lines.
    pub(super) lines: Vec<String>,
}

impl Answer {
    pub(super) fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// The reply on one line.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }

    /// The enhanced code at its beginning, where it has one.
    pub(super) fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        word.bytes()
            .all(|b| b.is_ascii_digit() || b == b'.')
            .then_some(word)
            .filter(|w| w.contains('.'))
    }

    /// Whether an EHLO reply offers an extension.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        let mut words = self
            .lines
            .iter()
            .skip(1)
            .filter_map(|line| line.split(' ').next());
        words.any(|word| word.eq_ignore_ascii_case(keyword))
    }

    /// The finding that a refusal stands for.
    pub(super) fn refusal(&self, step: &str) -> Found {
        let found = Found::fail(format!("{step} was answered {}", self.text()));
        match (self.code, self.enhanced()) {
            (452, _) => found.of(Cause::DiskFull),
            (451, Some("4.3.0")) => found.of(Cause::Disk),
            (421, Some("4.3.2")) => found.of(Cause::Hold),
            (500..600, _) => found.of(Cause::Config),
            _ => found,
        }
    }
}

/// What went wrong on the wire.
fn broken(step: &str, error: &io::Error) -> Found {
    Found::fail(format!("{step}: {error}"))
}

impl Smtp {
    /// Connects; speaks PROXY protocol and TLS first where the connector expects them, and waits
    /// for the greeting.
    pub(super) async fn open(
        door: Door,
        proxied: bool,
        tls: Option<(Arc<rustls::ClientConfig>, &Domain)>,
        steps: &mut Steps,
    ) -> Result<(Smtp, Answer), Found> {
        steps.next("connect");
        let mut stream = connect(door)
            .await
            .map_err(|error| broken("connect", &error))?;
        if proxied {
            // PROXY protocol v1: a connection of the proxy's own, without a client behind it.
            let header = stream.write_all(b"PROXY UNKNOWN\r\n").await;
            header.map_err(|error| broken("the PROXY header", &error))?;
        }
        let stream: Box<dyn Stream> = match tls {
            Some((config, name)) => {
                steps.next("handshake");
                shake_hands(Box::new(stream), config, name).await?
            }
            None => Box::new(stream),
        };
        let mut session = Smtp {
            stream: BufReader::with_capacity(BUFFER, stream),
        };
        steps.next("greeting");
        let greeting = session.reply("the greeting").await?;
        Ok((session, greeting))
    }

    /// Reads one reply.
    pub(super) async fn reply(&mut self, step: &str) -> Result<Answer, Found> {
        let mut answer = Answer {
            code: 0,
            lines: Vec::new(),
        };
        loop {
            let mut line = Vec::new();
            let read = (&mut self.stream)
                .take(LINE_OCTETS_MAX)
                .read_until(b'\n', &mut line)
                .await;
            match read {
                Ok(0) => {
                    return Err(Found::fail(format!(
                        "the connection was closed instead of a reply to {step}"
                    )));
                }
                Ok(_) => {}
                Err(error) => return Err(broken(step, &error)),
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            let strange = || {
                Found::fail(format!(
                    "{step} was answered with what is no reply: {text:?}"
                ))
            };
            let code = text
                .get(..3)
                .and_then(|code| code.parse().ok())
                .ok_or_else(strange)?;
            answer.code = code;
            answer
                .lines
                .push(text.get(4..).unwrap_or_default().to_owned());
            match text.as_bytes().get(3) {
                Some(b'-') if answer.lines.len() < LINES_MAX => {}
                Some(b' ') | None => return Ok(answer),
                _ => return Err(strange()),
            }
        }
    }

    /// Sends a command and reads its reply.
    pub(super) async fn command(&mut self, line: &str) -> Result<Answer, Found> {
        let verb = line.split(' ').next().unwrap_or(line);
        self.send(format!("{line}\r\n").as_bytes(), verb).await?;
        self.reply(verb).await
    }

    /// Sends octets as they are.
    pub(super) async fn send(&mut self, octets: &[u8], step: &str) -> Result<(), Found> {
        let written = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        written.await.map_err(|error| broken(step, &error))
    }

    /// Goes on under TLS, after the 220 to STARTTLS.
    pub(super) async fn secure(
        self,
        config: Arc<rustls::ClientConfig>,
        name: &Domain,
    ) -> Result<Smtp, Found> {
        if !self.stream.buffer().is_empty() {
            return Err(Found::fail("something waited behind the reply to STARTTLS"));
        }
        let stream = shake_hands(self.stream.into_inner(), config, name).await?;
        Ok(Smtp {
            stream: BufReader::with_capacity(BUFFER, stream),
        })
    }

    /// Ends the session politely. How that goes is of no interest.
    pub(super) async fn quit(mut self) {
        let _ = self.command("QUIT").await;
    }
}

async fn connect(door: Door) -> io::Result<TcpStream> {
    let socket = match door.address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if door.source != door.address.ip() && door.source.is_loopback() {
        socket.bind(SocketAddr::new(door.source, 0))?;
    }
    let stream = socket.connect(door.address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn shake_hands(
    stream: Box<dyn Stream>,
    config: Arc<rustls::ClientConfig>,
    name: &Domain,
) -> Result<Box<dyn Stream>, Found> {
    let name = ServerName::try_from(name.as_str().to_owned())
        .unwrap_or(ServerName::from(IpAddr::from([127, 0, 0, 1])));
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(broken("the TLS handshake", &error)),
    }
}
