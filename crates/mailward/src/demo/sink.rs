//! The second organisation of the demo: a mail server that takes everything over STARTTLS and keeps
//! it in memory, so that the demo can count what really arrived.

use std::{io, net::SocketAddr, sync::Arc};

use mailward_host::listen;
use mailward_model::{Domain, EmailAddress, EnhancedCode, Reply, kind::ReceiveConnector};
use mailward_proto::server::{Config, Session, StartTlsAnswer, Step};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A message that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// RCPT TO.
    pub(crate) recipients: Vec<EmailAddress>,
    /// Whether it came under TLS.
    pub(crate) tls: bool,
    /// Its octets.
    pub(crate) octets: Vec<u8>,
}

/// The running server.
#[derive(Clone)]
pub(crate) struct Sink {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Sink {
    /// Starts it on a free port of loopback.
    pub(crate) fn start(host: &Domain, tls: Arc<rustls::ServerConfig>) -> io::Result<Sink> {
        let listener = listen::bind(([127, 0, 0, 1], 0).into())?;
        let sink = Sink {
            address: listener.local_addr()?,
            arrived: Arc::default(),
        };
        let listener = TcpListener::from_std(listener)?;
        let config = Arc::new(Config::new(&ReceiveConnector::default(), host));
        let acceptor = TlsAcceptor::from(tls);
        let arrived = Arc::clone(&sink.arrived);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, acceptor) = (Arc::clone(&config), acceptor.clone());
                let arrived = Arc::clone(&arrived);
                tokio::spawn(async move {
                    // A client that breaks off has sent nothing that counts.
                    let _ = serve(stream, config, acceptor, &arrived).await;
                });
            }
        });
        Ok(sink)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many messages arrived.
    pub(crate) fn count(&self) -> usize {
        self.arrived.lock().len()
    }

    /// Everything that arrived.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    config: Arc<Config>,
    acceptor: TlsAcceptor,
    arrived: &Mutex<Vec<Arrived>>,
) -> io::Result<()> {
    let mut session = Session::new(config);
    session.offer_starttls(true);
    session.greet();
    if !converse(&mut session, &mut stream, arrived).await? {
        return Ok(());
    }
    let mut stream = acceptor.accept(stream).await?;
    session.tls_established();
    converse(&mut session, &mut stream, arrived).await?;
    stream.shutdown().await
}

/// Drives a session; true where a TLS handshake comes next.
async fn converse(
    session: &mut Session,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    arrived: &Mutex<Vec<Arrived>>,
) -> io::Result<bool> {
    let mut buffer = vec![0; 16 << 10];
    let mut message = Vec::new();
    loop {
        stream.write_all(session.output()).await?;
        session.clear_output();
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(false);
        }
        let mut input = buffer.get(..length).unwrap_or_default();
        loop {
            match session.step(&mut input) {
                Step::Read => break,
                Step::Mail | Step::Rcpt | Step::Begin => session.accept(),
                Step::Content(piece) => message.extend_from_slice(piece),
                Step::Abandon => message.clear(),
                Step::Pause => {}
                Step::End => {
                    let envelope = session.take_envelope().unwrap_or_default();
                    arrived.lock().push(Arrived {
                        recipients: envelope
                            .recipients
                            .into_iter()
                            .map(|rcpt| rcpt.address)
                            .collect(),
                        tls: session.is_tls(),
                        octets: std::mem::take(&mut message),
                    });
                    session.answer(&Reply::new(250, EnhancedCode(2, 0, 0), "kept"));
                }
                Step::StartTls => {
                    let answer = if input.is_empty() {
                        StartTlsAnswer::Ready
                    } else {
                        StartTlsAnswer::OctetsWaiting
                    };
                    session.start_tls(answer);
                    stream.write_all(session.output()).await?;
                    session.clear_output();
                    return Ok(answer == StartTlsAnswer::Ready);
                }
                Step::Close => {
                    stream.write_all(session.output()).await?;
                    return Ok(false);
                }
            }
        }
    }
}
