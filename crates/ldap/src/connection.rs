//! One connection to a directory server: TCP, TLS, signing in, messages there and back.

use std::{collections::VecDeque, fmt, io, sync::Arc, time::Duration};

use bytes::BytesMut;
use ldap3_proto::{
    LdapCodec,
    control::LdapControl,
    proto::{LdapBindCred, LdapBindRequest, LdapExtendedRequest, LdapMsg, LdapOp, LdapResultCode},
};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::ClientConfig};
use tokio_util::codec::{Decoder, Encoder};

use crate::{
    LdapError, Step,
    error::{self, sign_in},
    frame,
};

/// RFC 4511 §4.14.1.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";
/// Octets asked of the socket at one time.
const READ_OCTETS: usize = 64 << 10;
/// Elements within elements that are decoded.
const DEPTH_MAX: usize = 64;

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starting {
    /// With the first octet.
    AtOnce,
    /// After STARTTLS.
    ByCommand,
}

/// Where to connect, and how.
#[derive(Clone)]
pub struct Server {
    /// Host and port.
    pub place: (String, u16),
    /// The name its certificate must carry.
    pub name: ServerName<'static>,
    /// When TLS begins.
    pub starting: Starting,
    /// What is checked of it.
    pub tls: Arc<ClientConfig>,
    /// How long each step may take.
    pub patience: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.place.0, self.place.1)
    }
}

/// The account to sign in with. Its password is never printed.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A connection.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    buffer: BytesMut,
    last_id: i32,
    patience: Duration,
    /// The search that goes on.
    pub(crate) open: Option<i32>,
    /// Its answers that came while another search was under way.
    pub(crate) waiting: VecDeque<LdapMsg>,
}

fn io(step: Step) -> impl FnOnce(io::Error) -> LdapError {
    move |source| LdapError::Io { step, source }
}

async fn within<T>(
    step: Step,
    patience: Duration,
    work: impl Future<Output = Result<T, LdapError>>,
) -> Result<T, LdapError> {
    let late = |_| LdapError::Late {
        step,
        secs: patience.as_secs(),
    };
    timeout(patience, work).await.map_err(late)?
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// No connection, or no TLS with a certificate that is trusted.
    pub async fn open(server: &Server) -> Result<Connection, LdapError> {
        let (host, port) = (server.place.0.as_str(), server.place.1);
        let mut tcp = within(Step::Connect, server.patience, async {
            TcpStream::connect((host, port))
                .await
                .map_err(io(Step::Connect))
        })
        .await?;
        // Requests are small and each waits for its answer.
        let _ = tcp.set_nodelay(true);
        if server.starting == Starting::ByCommand {
            within(Step::StartTls, server.patience, start_tls(&mut tcp)).await?;
        }
        let connector = TlsConnector::from(Arc::clone(&server.tls));
        let stream = within(Step::Handshake, server.patience, async {
            let name = server.name.clone();
            connector
                .connect(name, tcp)
                .await
                .map_err(io(Step::Handshake))
        })
        .await?;
        Ok(Connection {
            stream,
            buffer: BytesMut::new(),
            last_id: 1,
            patience: server.patience,
            open: None,
            waiting: VecDeque::new(),
        })
    }

    /// Signs in (RFC 4511 §4.2, simple).
    ///
    /// # Errors
    /// [`LdapError::SignIn`] where the account is refused.
    pub async fn sign_in(&mut self, with: &Credentials) -> Result<(), LdapError> {
        let request = LdapBindRequest {
            version: 3,
            dn: with.name.clone(),
            cred: LdapBindCred::Simple(with.password.clone()),
        };
        let id = self.send(LdapOp::BindRequest(request), Vec::new()).await?;
        loop {
            let message = self.within(Step::SignIn, self.patience).await?;
            match message.op {
                LdapOp::BindResponse(ref response) if message.msgid == id => {
                    return match response.res.code {
                        LdapResultCode::Success => Ok(()),
                        // The server is at fault, not the account.
                        LdapResultCode::Busy | LdapResultCode::Unavailable => {
                            Err(error::refused(Step::SignIn, &response.res))
                        }
                        _ => Err(sign_in(&response.res)),
                    };
                }
                _ => self.unexpected(message)?,
            }
        }
    }

    /// What the server showed of itself, leaf first.
    pub fn server_path(&self) -> Vec<CertificateDer<'static>> {
        let (_, tls) = self.stream.get_ref();
        tls.peer_certificates().unwrap_or_default().to_vec()
    }

    /// Takes leave.
    pub async fn close(mut self) {
        // Whoever leaves does not wait for thanks.
        let _ = self.send(LdapOp::UnbindRequest, Vec::new()).await;
        let _ = timeout(self.patience, self.stream.shutdown()).await;
    }

    /// Sends a request. Returns its number.
    pub(crate) async fn send(
        &mut self,
        op: LdapOp,
        ctrl: Vec<LdapControl>,
    ) -> Result<i32, LdapError> {
        // RFC 4511 §4.1.1.1: any number that no open request has; from 1 to maxInt.
        self.last_id = match self.last_id {
            i32::MAX => 2,
            id => id + 1,
        };
        let msgid = self.last_id;
        let octets = encoded(LdapMsg { msgid, op, ctrl })?;
        within(Step::Search, self.patience, async {
            self.stream
                .write_all(&octets)
                .await
                .map_err(io(Step::Search))?;
            self.stream.flush().await.map_err(io(Step::Search))
        })
        .await?;
        Ok(msgid)
    }

    /// The next message, within a time.
    pub(crate) async fn within(
        &mut self,
        step: Step,
        patience: Duration,
    ) -> Result<LdapMsg, LdapError> {
        within(step, patience, self.message()).await
    }

    /// The next message. May be given up: what was read of it stays in the buffer.
    pub(crate) async fn message(&mut self) -> Result<LdapMsg, LdapError> {
        loop {
            if let Some(frame) = frame::take(&mut self.buffer)? {
                return decoded(frame);
            }
            self.buffer.reserve(READ_OCTETS);
            let read = self.stream.read_buf(&mut self.buffer).await;
            if read.map_err(io(Step::Search))? == 0 {
                return Err(LdapError::Closed {
                    because: String::new(),
                });
            }
        }
    }
}

fn encoded(message: LdapMsg) -> Result<BytesMut, LdapError> {
    let mut octets = BytesMut::new();
    LdapCodec::default()
        .encode(message, &mut octets)
        .map_err(io(Step::Search))?;
    Ok(octets)
}

fn decoded(mut frame: BytesMut) -> Result<LdapMsg, LdapError> {
    let mut codec = LdapCodec::new(Some(frame::MESSAGE_OCTETS_MAX), Some(DEPTH_MAX));
    match codec.decode(&mut frame) {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(LdapError::Protocol("a message that breaks off".to_owned())),
        Err(error) => Err(LdapError::Protocol(format!(
            "a message that cannot be read: {error}"
        ))),
    }
}

/// Asks for TLS in the clear. Nothing that came with the answer is kept: whatever stands behind it
/// was not sent under TLS.
async fn start_tls(tcp: &mut TcpStream) -> Result<(), LdapError> {
    let request = LdapOp::ExtendedRequest(LdapExtendedRequest {
        name: START_TLS.to_owned(),
        value: None,
    });
    let octets = encoded(LdapMsg {
        msgid: 1,
        op: request,
        ctrl: Vec::new(),
    })?;
    tcp.write_all(&octets).await.map_err(io(Step::StartTls))?;
    let mut buffer = BytesMut::new();
    let frame = loop {
        if let Some(frame) = frame::take(&mut buffer)? {
            break frame;
        }
        if tcp
            .read_buf(&mut buffer)
            .await
            .map_err(io(Step::StartTls))?
            == 0
        {
            return Err(LdapError::Closed {
                because: ": it answered STARTTLS with nothing".to_owned(),
            });
        }
    };
    if !buffer.is_empty() {
        let found = "more than the answer to STARTTLS, before TLS had begun";
        return Err(LdapError::Protocol(found.to_owned()));
    }
    match decoded(frame)?.op {
        LdapOp::ExtendedResponse(response) => error::success(Step::StartTls, &response.res),
        _ => Err(LdapError::Protocol("no answer to STARTTLS".to_owned())),
    }
}
