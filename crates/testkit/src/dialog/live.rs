//! Plays a dialog against a live server over TCP.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::script::{Event, Script, matches};

/// How long the server may take for one line.
const PATIENCE: Duration = Duration::from_secs(20);

/// How to make the handshake.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Roots and verification.
    pub config: Arc<ClientConfig>,
    /// The name the server's certificate must carry.
    pub name: ServerName<'static>,
}

/// The server said something else, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LiveError {
    line: usize,
    problem: String,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that a dialog is played on.
pub struct Live {
    stream: Option<Box<dyn Stream>>,
    come: Vec<u8>,
    ended: bool,
    tls: Option<Tls>,
}

impl Live {
    /// Plays a dialog on a new connection to `server`. Message expectations are passed over: only
    /// the server knows what it took.
    ///
    /// # Errors
    /// [`LiveError`] names the line of the script, and what came instead.
    pub async fn play(
        script: &Script,
        server: SocketAddr,
        tls: Option<Tls>,
    ) -> Result<(), LiveError> {
        let fail = |error: io::Error| LiveError {
            line: 0,
            problem: error.to_string(),
        };
        let stream = TcpStream::connect(server).await.map_err(fail)?;
        stream.set_nodelay(true).map_err(fail)?;
        let mut live = Live {
            stream: Some(Box::new(stream)),
            come: Vec::new(),
            ended: false,
            tls,
        };
        for (line, event) in &script.events {
            live.event(event).await.map_err(|problem| LiveError {
                line: *line,
                problem,
            })?;
        }
        Ok(())
    }

    async fn event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Send(octets) | Event::Early(octets) => self.send(octets).await,
            Event::Line(pattern) => {
                let got = self.line().await?;
                if !matches(pattern.as_bytes(), got.as_bytes()) {
                    return Err(format!("expected {pattern:?}, got {got:?}"));
                }
                Ok(())
            }
            Event::Reply(code) => loop {
                let got = self.line().await?;
                if !got.starts_with(code.as_str()) {
                    return Err(format!("expected {code}, got {got:?}"));
                }
                if got.as_bytes().get(3) == Some(&b' ') {
                    return Ok(());
                }
            },
            Event::Message { .. } => Ok(()),
            Event::Tls => self.handshake().await,
            Event::Closed => {
                while !self.ended {
                    self.read().await?;
                }
                if self.come.is_empty() {
                    Ok(())
                } else {
                    Err(format!("left over: {:?}", self.text()))
                }
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.come).into_owned()
    }

    async fn read(&mut self) -> Result<(), String> {
        let Some(stream) = &mut self.stream else {
            return Err("the connection is gone".to_owned());
        };
        let mut piece = [0; 4096];
        match timeout(PATIENCE, stream.read(&mut piece)).await {
            Err(_) => Err(format!(
                "nothing came in time; waiting are {:?}",
                self.text()
            )),
            // A server that closes while octets of ours are on their way resets the connection.
            Ok(Ok(0) | Err(_)) => {
                self.ended = true;
                Ok(())
            }
            Ok(Ok(count)) => {
                self.come
                    .extend_from_slice(piece.get(..count).unwrap_or_default());
                Ok(())
            }
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.come.windows(2).position(|pair| pair == b"\r\n") {
                let line =
                    String::from_utf8_lossy(self.come.get(..end).unwrap_or_default()).into_owned();
                self.come.drain(..end + 2);
                return Ok(line);
            }
            if self.ended {
                return Err(format!("the server closed; waiting were {:?}", self.text()));
            }
            self.read().await?;
        }
    }

    /// Sends, and takes in what comes meanwhile: else both sides could wait for the other to read.
    async fn send(&mut self, octets: &[u8]) -> Result<(), String> {
        let Some(stream) = self.stream.take() else {
            return Err("the connection is gone".to_owned());
        };
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut piece = [0; 4096];
        let mut writing = std::pin::pin!(async {
            writer.write_all(octets).await?;
            writer.flush().await
        });
        loop {
            tokio::select! {
                // A server may close before it has read all: what it said before counts.
                _ = &mut writing => break,
                read = reader.read(&mut piece), if !self.ended => match read {
                    Ok(0) | Err(_) => self.ended = true,
                    Ok(count) => self.come.extend_from_slice(piece.get(..count).unwrap_or_default()),
                },
                () = tokio::time::sleep(PATIENCE) => return Err("the server does not read".to_owned()),
            }
        }
        self.stream = Some(reader.unsplit(writer));
        Ok(())
    }

    async fn handshake(&mut self) -> Result<(), String> {
        let tls = self
            .tls
            .clone()
            .ok_or("the dialog needs TLS and none was given")?;
        let stream = self.stream.take().ok_or("the connection is gone")?;
        if !self.come.is_empty() {
            return Err(format!("left over before the handshake: {:?}", self.text()));
        }
        let connector = tokio_rustls::TlsConnector::from(tls.config);
        let stream = timeout(PATIENCE, connector.connect(tls.name, stream))
            .await
            .map_err(|_| "the handshake did not end in time".to_owned())?
            .map_err(|error| format!("the handshake failed: {error}"))?;
        self.stream = Some(Box::new(stream));
        Ok(())
    }
}
