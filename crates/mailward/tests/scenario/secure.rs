//! Both ends of mail under TLS, as scenarios need them: a client that shows a certificate of its own,
//! and a server that offers what Exchange servers offer each other.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use mailward_tls::ca;
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};

use crate::support::PATIENCE;

/// The cryptography of these clients.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates of what was issued, leaf first.
pub(crate) fn chain(issued: &ca::Issued) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Takes the server for what it says it is: these clients look at the other direction.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A client that shows this certificate, or none.
pub(crate) fn showing(issued: Option<&ca::Issued>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone));
    let Some(issued) = issued else {
        return Arc::new(builder.with_no_client_auth());
    };
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    Arc::new(builder.with_client_auth_cert(chain(issued), key).unwrap())
}

/// A session under TLS, one reply at a time.
pub(crate) struct SecureTalk {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// The reply to EHLO under TLS.
    pub(crate) offers: String,
}

impl SecureTalk {
    /// Connects, says STARTTLS and EHLO. The first octets are `before`, such as a PROXY header.
    pub(crate) fn connect(port: u16, before: &str, config: &Arc<ClientConfig>) -> SecureTalk {
        SecureTalk::connect_to((Ipv4Addr::LOCALHOST, port).into(), before, config)
    }

    /// The same at another address.
    pub(crate) fn connect_to(
        address: SocketAddr,
        before: &str,
        config: &Arc<ClientConfig>,
    ) -> SecureTalk {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(before.as_bytes()).unwrap();
        read_reply(&mut stream);
        for line in ["EHLO client.test\r\n", "STARTTLS\r\n"] {
            stream.write_all(line.as_bytes()).unwrap();
            read_reply(&mut stream);
        }
        let name = ServerName::try_from("mail.example.test").unwrap();
        let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut talk = SecureTalk {
            stream: StreamOwned::new(connection, stream),
            offers: String::new(),
        };
        talk.offers = talk.say("EHLO client.test");
        talk
    }

    /// Sends a line and reads the reply.
    pub(crate) fn say(&mut self, line: &str) -> String {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .unwrap();
        self.stream.flush().unwrap();
        read_reply(&mut self.stream)
    }

    /// Sends a whole message; the reply to its end, or the first refusal before it.
    pub(crate) fn message(&mut self, mail: &str, to: &str, octets: &str) -> String {
        for command in [
            mail.to_owned(),
            format!("RCPT TO:<{to}>"),
            "DATA".to_owned(),
        ] {
            let reply = self.say(&command);
            if !reply.starts_with("250") && !reply.starts_with("354") {
                return reply;
            }
        }
        let lines = octets.strip_suffix("\r\n").unwrap_or(octets);
        self.say(&format!("{lines}\r\n."))
    }
}

/// Reads one reply, all of its lines; what has come where the server closes.
fn read_reply(stream: &mut impl Read) -> String {
    let mut text = String::new();
    let mut scratch = [0; 4096];
    loop {
        let last = text
            .strip_suffix("\r\n")
            .map(|lines| match lines.rsplit_once('\n') {
                Some((_, last)) => last,
                None => lines,
            });
        if last.is_some_and(|line| line.as_bytes().get(3) != Some(&b'-')) {
            return text;
        }
        match stream.read(&mut scratch) {
            Ok(0) | Err(_) => return text,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&scratch[..count])),
        }
    }
}

/// Another organisation's server that speaks TLS and offers XOORG: it takes every message.
pub(crate) struct SecureSink {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<String>>,
}

impl SecureSink {
    /// Listens, with a certificate for this name.
    pub(crate) fn listen(name: &str) -> SecureSink {
        let issued = ca::self_signed(&ca::Leaf::new([name])).unwrap();
        let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain(&issued), key)
            .unwrap();
        let (config, listener) = (
            Arc::new(config),
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        );
        let sink = SecureSink {
            address: listener.local_addr().unwrap(),
            heard: Arc::default(),
        };
        let heard = Arc::clone(&sink.heard);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (config, heard) = (config.clone(), heard.clone());
                std::thread::spawn(move || {
                    let _ = stream.write_all(b"220 sink.test ESMTP\r\n");
                    if serve(&mut stream, false, &heard) {
                        let connection = ServerConnection::new(config).unwrap();
                        serve(&mut StreamOwned::new(connection, stream), true, &heard);
                    }
                });
            }
        });
        sink
    }

    /// Everything that it was told, commands and messages.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

/// Plays the server; true where TLS is to begin.
fn serve(stream: &mut (impl Read + Write), tls: bool, heard: &Mutex<String>) -> bool {
    let (mut text, mut in_body, mut scratch) = (String::new(), false, [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut scratch) {
        text.push_str(&String::from_utf8_lossy(&scratch[..count]));
        while let Some(end) = text.find("\r\n") {
            let line: String = text.drain(..end + 2).collect();
            heard.lock().unwrap().push_str(&line);
            let line = line.trim_end().to_ascii_uppercase();
            let reply: &[u8] = match line.as_str() {
                "." if in_body => {
                    in_body = false;
                    b"250 2.0.0 Taken\r\n"
                }
                _ if in_body => continue,
                line if line.starts_with("EHLO") && tls => {
                    b"250-sink.test\r\n250-8BITMIME\r\n250 XOORG\r\n"
                }
                line if line.starts_with("EHLO") => {
                    b"250-sink.test\r\n250-XOORG\r\n250 STARTTLS\r\n"
                }
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
