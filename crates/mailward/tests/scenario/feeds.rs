//! A publisher of senders' addresses, as scenarios need one: an HTTPS server that answers what the
//! test wants, sound or not.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use mailward_tls::ca;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::support::{Node, PATIENCE};

/// What is answered.
#[derive(Clone)]
pub(crate) enum Said {
    /// This document.
    Document(String),
    /// These octets.
    Octets(Vec<u8>),
    /// A status and nothing else.
    Status(u16),
    /// Go elsewhere.
    Redirect(String),
    /// The first half of a document whose whole length was announced.
    CutOff(String),
    /// So many blanks.
    Huge(usize),
}

/// The server, and what it was asked.
pub(crate) struct Publisher {
    address: SocketAddr,
    /// A file with the authority of its certificate.
    pub(crate) roots: PathBuf,
    said: Arc<Mutex<Vec<(String, Said)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Publisher {
    /// Listens on loopback with a certificate for its address; the authority's is written into `dir`.
    pub(crate) fn listen(dir: &Path) -> Publisher {
        Publisher::with_leaf(dir, ca::Leaf::new(["127.0.0.1"]))
    }

    /// As [`Publisher::listen`], with a certificate of the caller's.
    pub(crate) fn with_leaf(dir: &Path, leaf: ca::Leaf) -> Publisher {
        let authority = ca::Authority::new("Authority of the publisher").unwrap();
        let roots = dir.join("publisher.pem");
        std::fs::write(&roots, authority.certificate_pem()).unwrap();
        let issued = authority.issue(&leaf).unwrap();
        let file = issued.write(dir, "publisher-server").unwrap();
        let pem = std::fs::read(file).unwrap();
        let chain = CertificateDer::pem_slice_iter(&pem);
        let chain: Vec<_> = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let publisher = Publisher {
            address: listener.local_addr().unwrap(),
            roots,
            said: Arc::default(),
            asked: Arc::default(),
        };
        let (said, asked) = (Arc::clone(&publisher.said), Arc::clone(&publisher.asked));
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (said, asked) = (Arc::clone(&said), Arc::clone(&asked));
                let config = Arc::clone(&config);
                // A client that goes away in the middle ends its own thread only.
                std::thread::spawn(move || serve(stream.unwrap(), config, &said, &asked));
            }
        });
        publisher
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Has this node trust the publisher's authority.
    pub(crate) fn trusted_by(&self, node: &Node) {
        let config = std::fs::read_to_string(node.config()).unwrap();
        let line = format!("extra_roots = {:?}\n", self.roots);
        std::fs::write(node.config(), line + &config).unwrap();
    }

    /// From now on, a path that begins so is answered so. The longest beginning counts.
    pub(crate) fn say(&self, path: &str, said: Said) {
        let mut all = self.said.lock().unwrap();
        all.retain(|(known, _)| known != path);
        all.push((path.to_owned(), said));
        all.sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
    }

    /// From now on, Microsoft 365 has this version with these ranges in endpoint set 10.
    pub(crate) fn publish(&self, version: &str, ranges: &[&str]) {
        self.say("/version/", Said::Document(latest(version)));
        self.say("/endpoints/", Said::Document(endpoints(ranges)));
        self.say("/changes/", Said::Document("[]".to_owned()));
    }

    /// The requests so far: path and query.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// An answer of the version service.
pub(crate) fn latest(version: &str) -> String {
    format!(r#"{{"instance":"Worldwide","latest":"{version}","versions":["{version}"]}}"#)
}

/// An answer of the endpoints service.
pub(crate) fn endpoints(ranges: &[&str]) -> String {
    let ranges = serde_json::to_string(ranges).unwrap();
    format!(
        r#"[{{"id":9,"serviceArea":"Exchange","urls":["*.protection.outlook.com"],"tcpPorts":"443","category":"Allow"}},
        {{"id":10,"serviceArea":"Exchange","urls":["*.mail.protection.outlook.com"],"ips":{ranges},"tcpPorts":"25","expressRoute":true,"category":"Allow","required":true}}]"#
    )
}

/// What Microsoft 365 has published for years, and these ranges besides.
pub(crate) fn and(more: &[&'static str]) -> Vec<&'static str> {
    let usual = [
        "40.92.0.0/15",
        "40.107.0.0/16",
        "52.100.0.0/14",
        "104.47.0.0/17",
        "2a01:111:f400::/48",
        "2a01:111:f403::/48",
    ];
    [&usual[..], more].concat()
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    said: &Mutex<Vec<(String, Said)>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut body = 0;
    while line.trim() != "" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            break;
        }
        let length = line.to_ascii_lowercase();
        if let Some(length) = length.strip_prefix("content-length:") {
            body = length.trim().parse().unwrap_or(0);
        }
    }
    // What is posted is read: who closes before it cuts the answer off.
    std::io::copy(&mut (&mut reader).take(body), &mut std::io::sink())?;
    asked.lock().unwrap().push(path.clone());
    let answer = {
        let all = said.lock().unwrap();
        let found = all
            .iter()
            .find(|(known, _)| path.starts_with(known.as_str()));
        found.map_or(Said::Status(404), |(_, said)| said.clone())
    };
    let mut stream = reader.into_inner();
    let head = |status: &str, more: &str, length: usize| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    match answer {
        Said::Document(text) => {
            stream.write_all(head("200 OK", "", text.len()).as_bytes())?;
            stream.write_all(text.as_bytes())?;
        }
        Said::Octets(octets) => {
            stream.write_all(head("200 OK", "", octets.len()).as_bytes())?;
            stream.write_all(&octets)?;
        }
        Said::Status(status) => {
            stream.write_all(head(&format!("{status} No"), "", 0).as_bytes())?;
        }
        Said::Redirect(place) => {
            let more = format!("Location: {place}\r\n");
            stream.write_all(head("302 Found", &more, 0).as_bytes())?;
        }
        Said::CutOff(text) => {
            stream.write_all(head("200 OK", "", text.len()).as_bytes())?;
            stream.write_all(&text.as_bytes()[..text.len() / 2])?;
        }
        Said::Huge(octets) => {
            stream.write_all(head("200 OK", "", octets).as_bytes())?;
            let blanks = vec![b' '; octets];
            stream.write_all(&blanks)?;
        }
    }
    stream.conn.send_close_notify();
    stream.flush()?;
    // What is still on its way is taken, so that the last octets are not lost to a reset.
    let mut rest = [0; 256];
    while matches!(stream.sock.read(&mut rest), Ok(n) if n > 0) {}
    Ok(())
}

/// A client at another address of loopback.
pub(crate) struct Caller {
    input: BufReader<TcpStream>,
}

impl Caller {
    /// Connects from `source`.
    pub(crate) fn connect(source: [u8; 4], to: SocketAddr) -> Caller {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::from(source), 0).into()).unwrap();
            socket.connect(to).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Caller {
            input: BufReader::new(stream),
        }
    }

    /// Reads a line; empty where the peer closed.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        // A reset is an end, too.
        let _ = self.input.read_line(&mut line);
        line
    }

    /// Sends a line and reads one.
    pub(crate) fn say(&mut self, text: &str) -> String {
        let _ = self
            .input
            .get_mut()
            .write_all(format!("{text}\r\n").as_bytes());
        self.line()
    }
}

/// True where a connection from `source` is greeted, false where it is closed without a word.
pub(crate) fn greeted(source: [u8; 4], to: SocketAddr) -> bool {
    Caller::connect(source, to).line().starts_with("220 ")
}
