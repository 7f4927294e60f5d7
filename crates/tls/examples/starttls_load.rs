//! Load for the bench: STARTTLS handshakes against an SMTP server, as many as it will take.
//!
//! Each connection is a new one with a full handshake (nothing is resumed) and ends with QUIT. Any
//! certificate is taken, so that a server's throw-away one will do. Prints one JSON line.
//!
//! `starttls_load 127.0.0.1:25 SECONDS CONNECTIONS-AT-A-TIME`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mailward_model::kind::{OutboundTls, TlsAuthLevel};
use mailward_tls::{ClientTls, Roots, describe};
use rustls::client::Resumption;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

type Failure = Box<dyn Error + Send + Sync>;

/// A server that does not answer within this is counted as failing.
const SESSION_TIME_MAX: Duration = Duration::from_secs(10);

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: ADDRESS SECONDS CONNECTIONS");
    let (address, seconds, connections) = (next()?.parse()?, next()?.parse()?, next()?.parse()?);
    // One thread: the server under test gets the rest of the machine, and one thread is enough for
    // several thousand handshakes a second.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(address, Duration::from_secs(seconds), connections))
}

async fn run(address: SocketAddr, time: Duration, connections: usize) -> Result<(), Failure> {
    let client = ClientTls::new(Roots::default());
    let config = client
        .config(OutboundTls::Required, TlsAuthLevel::EncryptionOnly, None)?
        .ok_or("TLS is required and yet off")?;
    let mut config = (*config).clone();
    config.resumption = Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (connector, done, failed) = (connector.clone(), done.clone(), failed.clone());
            tokio::spawn(async move {
                let mut last = String::new();
                while start.elapsed() < time {
                    let session = session(address, &connector);
                    match tokio::time::timeout(SESSION_TIME_MAX, session).await {
                        Ok(Ok(())) => {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(Err(error)) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            last = error.to_string();
                        }
                        Err(_) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                            last = "timed out".to_owned();
                        }
                    }
                }
                last
            })
        })
        .collect();
    let mut sample = String::new();
    for worker in workers {
        let last = worker.await?;
        if !last.is_empty() {
            sample = last;
        }
    }
    println!(
        "{{\"handshakes\": {}, \"failed\": {}, \"secs\": {:.3}, \"sample\": {sample:?}}}",
        done.load(Ordering::Relaxed),
        failed.load(Ordering::Relaxed),
        start.elapsed().as_secs_f64(),
    );
    Ok(())
}

async fn session(address: SocketAddr, connector: &TlsConnector) -> Result<(), Failure> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    reply(&mut socket, "220").await?;
    say(&mut socket, "EHLO client.test\r\n", "250").await?;
    say(&mut socket, "STARTTLS\r\n", "220").await?;
    let name = ServerName::try_from("mx.bench.test")?;
    let mut stream = connector.connect(name, socket).await?;
    say(&mut stream, "EHLO client.test\r\n", "250").await?;
    describe(stream.get_ref().1).ok_or("no session was negotiated")?;
    say(&mut stream, "QUIT\r\n", "221").await
}

async fn say<S>(stream: &mut S, command: &str, code: &str) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(command.as_bytes()).await?;
    stream.flush().await?;
    reply(stream, code).await
}

/// Reads one reply, of one line or several (RFC 5321 §4.2.1), and checks its code.
async fn reply<S: AsyncRead + Unpin>(stream: &mut S, code: &str) -> Result<(), Failure> {
    let mut text = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut text).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let last = text
            .strip_suffix(b"\r\n")
            .and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
        // Anything but a hyphen behind the code ends the reply.
        if last.is_some_and(|line| line.get(3) != Some(&b'-')) {
            let text = String::from_utf8_lossy(&text);
            return match text.starts_with(code) {
                true => Ok(()),
                false => Err(format!("expected {code}, got {}", text.trim_end()).into()),
            };
        }
    }
}
