//! The demo's mail client: one connection, STARTTLS with the authority checked, one message.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use mailward_model::{BodyType, EnvelopeRecipient, Reply, ReversePath};
use mailward_proto::client::{Client, DotStuffer, Framing, Options, Step, Transaction};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How long one message may take.
const SEND_MAX: Duration = Duration::from_secs(20);

/// Whom to send through, and as whom.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) address: SocketAddr,
    /// The name the server's certificate must carry.
    pub(crate) server_name: ServerName<'static>,
    pub(crate) tls: Arc<ClientConfig>,
    /// The name said in EHLO.
    pub(crate) helo: String,
}

/// A message to send.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) mail_from: ReversePath,
    pub(crate) recipients: Vec<EnvelopeRecipient>,
    pub(crate) octets: Vec<u8>,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// No connection: what a restart must never cause.
    #[error("the connection was refused: {0}")]
    Connect(io::Error),
    /// The connection broke: the message may be sent again.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// The server said no.
    #[error("the server answered {0}")]
    Refused(Reply),
}

impl Sender {
    /// Sends one message; the reply tells its id.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<Reply, SendError> {
        match tokio::time::timeout(SEND_MAX, self.attempt(letter)).await {
            Ok(result) => result,
            Err(_) => Err(SendError::Broken(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn attempt(&self, letter: &Letter) -> Result<Reply, SendError> {
        let mut stream = TcpStream::connect(self.address)
            .await
            .map_err(SendError::Connect)?;
        let mut client = Client::new(Options {
            helo: self.helo.clone(),
            lmtp: false,
            chunking: true,
        });
        expect(drive(&mut client, &mut stream, None).await?, &Step::Ready)?;
        if !client.capabilities().starttls {
            return Err(SendError::Broken(io::Error::other(
                "STARTTLS is not offered",
            )));
        }
        client.start_tls();
        expect(
            drive(&mut client, &mut stream, None).await?,
            &Step::Handshake,
        )?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let mut stream = connector
            .connect(self.server_name.clone(), stream)
            .await
            .map_err(SendError::Broken)?;
        client.tls_established();
        expect(drive(&mut client, &mut stream, None).await?, &Step::Ready)?;
        let transaction = Transaction {
            mail_from: &letter.mail_from,
            size: letter.octets.len() as u64,
            body: BodyType::SevenBit,
            smtputf8: false,
            ret: None,
            envid: None,
            xoorg: None,
        };
        client
            .begin(&transaction, letter.recipients.iter())
            .map_err(SendError::Refused)?;
        expect(
            drive(&mut client, &mut stream, Some(&letter.octets)).await?,
            &Step::Done,
        )?;
        let replies = client.outcome();
        client.quit();
        // The message is taken; whether the goodbye arrives changes nothing.
        let _ = stream.write_all(client.output()).await;
        let (mut taken, refused): (Vec<_>, Vec<_>) =
            replies.into_iter().partition(Reply::is_positive);
        match (refused.into_iter().next(), taken.pop()) {
            (Some(refused), _) => Err(SendError::Refused(refused)),
            (None, Some(reply)) => Ok(reply),
            (None, None) => Err(SendError::Broken(io::Error::other(
                "the message had no recipient",
            ))),
        }
    }
}

fn expect(step: Step, wanted: &Step) -> Result<(), SendError> {
    match step {
        step if step == *wanted => Ok(()),
        Step::Refused(reply) | Step::Closed(reply) | Step::TlsRefused(reply) => {
            Err(SendError::Refused(reply))
        }
        other => Err(SendError::Broken(io::Error::other(format!(
            "unexpected turn of the session: {other:?}"
        )))),
    }
}

/// Runs the machine until it wants something only the caller can give.
async fn drive(
    client: &mut Client,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    body: Option<&[u8]>,
) -> Result<Step, SendError> {
    let mut buffer = [0; 4096];
    loop {
        stream
            .write_all(client.output())
            .await
            .map_err(SendError::Broken)?;
        client.output().clear();
        let step = client
            .step()
            .map_err(|error| SendError::Broken(io::Error::other(error)))?;
        match step {
            Step::Read if client.output().is_empty() => {
                let length = stream.read(&mut buffer).await.map_err(SendError::Broken)?;
                if length == 0 {
                    return Err(SendError::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
                client.feed(buffer.get(..length).unwrap_or_default());
            }
            Step::Read => {}
            Step::SendBody(framing) => {
                let body = body.unwrap_or_default();
                let mut out = Vec::with_capacity(body.len() + 64);
                match framing {
                    Framing::Chunk => out.extend_from_slice(body),
                    Framing::Dots => {
                        let mut dots = DotStuffer::default();
                        dots.encode(body, &mut out);
                        dots.finish(&mut out);
                    }
                }
                stream
                    .write_all(client.output())
                    .await
                    .map_err(SendError::Broken)?;
                client.output().clear();
                stream.write_all(&out).await.map_err(SendError::Broken)?;
                stream.flush().await.map_err(SendError::Broken)?;
                client.body_sent(true);
            }
            other => {
                stream
                    .write_all(client.output())
                    .await
                    .map_err(SendError::Broken)?;
                client.output().clear();
                return Ok(other);
            }
        }
    }
}
