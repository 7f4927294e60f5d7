//! A next hop with STARTTLS that counts what it is sent, and sessions up to the answer to EHLO.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use mailward_tls::ca;
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, ServerName, pem::PemObject},
};

use crate::secure::{chain, provider};

/// A next hop with STARTTLS. What it was sent under TLS and in plain text is counted.
pub(crate) struct Hop {
    pub(crate) address: SocketAddr,
    pub(crate) under_tls: Arc<AtomicUsize>,
    pub(crate) plain: Arc<AtomicUsize>,
}

/// A next hop that shows this certificate.
pub(crate) fn hop(issued: &ca::Issued) -> Hop {
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain(issued), key)
        .unwrap();
    let (config, listener) = (
        Arc::new(config),
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
    );
    let hop = Hop {
        address: listener.local_addr().unwrap(),
        under_tls: Arc::default(),
        plain: Arc::default(),
    };
    let (under_tls, plain) = (Arc::clone(&hop.under_tls), Arc::clone(&hop.plain));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (config, under_tls, plain) = (config.clone(), under_tls.clone(), plain.clone());
            thread::spawn(move || {
                let _ = stream.write_all(b"220 hop.test ESMTP\r\n");
                if talk(&mut stream, true, &plain) {
                    let connection = ServerConnection::new(config).unwrap();
                    talk(&mut StreamOwned::new(connection, stream), false, &under_tls);
                }
            });
        }
    });
    hop
}

/// Plays the server; true where TLS is to begin.
fn talk(stream: &mut (impl Read + Write), starttls: bool, taken: &AtomicUsize) -> bool {
    let mut text = String::new();
    let mut in_body = false;
    let mut scratch = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut scratch) {
        text.push_str(&String::from_utf8_lossy(&scratch[..count]));
        while let Some(end) = text.find("\r\n") {
            let line = text[..end].to_ascii_uppercase();
            text.drain(..end + 2);
            let reply: &[u8] = match line.as_str() {
                "." if in_body => {
                    in_body = false;
                    taken.fetch_add(1, Ordering::SeqCst);
                    b"250 2.0.0 Taken\r\n"
                }
                _ if in_body => continue,
                line if line.starts_with("EHLO") && starttls => b"250-hop.test\r\n250 STARTTLS\r\n",
                line if line.starts_with("EHLO") => b"250 hop.test\r\n",
                "STARTTLS" => {
                    let _ = stream.write_all(b"220 2.0.0 Go\r\n");
                    return true;
                }
                "DATA" => {
                    in_body = true;
                    b"354 Go\r\n"
                }
                "QUIT" => {
                    let _ = stream.write_all(b"221 2.0.0 Bye\r\n");
                    return false;
                }
                _ => b"250 2.0.0 Ok\r\n",
            };
            let _ = stream.write_all(reply).and_then(|()| stream.flush());
        }
    }
    false
}

/// A session of such a client.
pub(crate) type Session = StreamOwned<ClientConnection, TcpStream>;

/// A session under STARTTLS of a client that shows a certificate; up to the answer to EHLO.
pub(crate) fn session(port: u16, config: &Arc<ClientConfig>) -> std::io::Result<Session> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut scratch = [0; 4096];
    let _ = stream.read(&mut scratch)?;
    for line in ["EHLO client.test\r\n", "STARTTLS\r\n"] {
        stream.write_all(line.as_bytes())?;
        let _ = stream.read(&mut scratch)?;
    }
    let name = ServerName::try_from("mail.example.test").unwrap();
    let connection =
        ClientConnection::new(Arc::clone(config), name).map_err(std::io::Error::other)?;
    let mut session = StreamOwned::new(connection, stream);
    session.write_all(b"EHLO client.test\r\n")?;
    session.flush()?;
    match session.read(&mut scratch)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(session),
    }
}
