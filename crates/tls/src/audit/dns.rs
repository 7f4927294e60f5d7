//! The records that the tests need, asked of a resolver that may check signatures (DNSSEC).
//!
//! Whether an answer was checked is the resolver's word: its AD bit (RFC 4035 §3.2.3). That word is
//! worth as much as the way to the resolver, so one on this host is what DANE wants.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use mailward_host::entropy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How long one resolver may take over one question.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Octets of an answer over UDP: more comes over TCP.
const UDP_OCTETS_MAX: u16 = 1232;
/// Resolvers that are asked of the system's (resolv.conf(5) knows three).
const SERVERS_MAX: usize = 3;
/// Octets of resolv.conf that are looked at.
const CONF_OCTETS_MAX: usize = 64 << 10;
/// Records of one answer that are looked at.
const RECORDS_MAX: usize = 64;

/// A TLSA record (RFC 6698 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tlsa {
    /// 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE.
    pub usage: u8,
    /// 0 the certificate, 1 its public key.
    pub selector: u8,
    /// 0 as it is, 1 SHA-256, 2 SHA-512.
    pub matching: u8,
    /// What must be found.
    #[serde(serialize_with = "as_hex")]
    pub data: Vec<u8>,
}

fn as_hex<S: serde::Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&mailward_model::hex(octets))
}

/// An answer, with the word whether it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered<T> {
    pub(super) records: Vec<T>,
    pub(super) authentic: bool,
}

/// Asks resolvers.
#[derive(Debug, Clone)]
pub(super) struct Dns {
    servers: Vec<SocketAddr>,
}

impl Dns {
    /// These resolvers; the system's where there are none.
    pub(super) fn new(servers: &[SocketAddr]) -> Dns {
        if !servers.is_empty() {
            return Dns {
                servers: servers.to_owned(),
            };
        }
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let text = text
            .get(..text.floor_char_boundary(CONF_OCTETS_MAX))
            .unwrap_or_default();
        let servers = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let server = words
                .next()
                .filter(|word| *word == "nameserver")
                .and(words.next())?;
            Some(SocketAddr::new(server.split('%').next()?.parse().ok()?, 53))
        });
        Dns {
            servers: servers.take(SERVERS_MAX).collect(),
        }
    }

    pub(super) async fn tlsa(&self, name: &str) -> Result<Answered<Tlsa>, String> {
        self.ask(name, RecordType::TLSA, |data| match data {
            RData::TLSA(tlsa) => Some(Tlsa {
                usage: tlsa.cert_usage.into(),
                selector: tlsa.selector.into(),
                matching: tlsa.matching.into(),
                data: tlsa.cert_data,
            }),
            _ => None,
        })
        .await
    }

    /// The hosts that take mail for a domain, lower case, without the dot at the end.
    pub(super) async fn mx(&self, name: &str) -> Result<Answered<String>, String> {
        self.ask(name, RecordType::MX, |data| match data {
            RData::MX(mx) => {
                let host = mx.exchange.to_utf8();
                Some(host.trim_end_matches('.').to_ascii_lowercase())
            }
            _ => None,
        })
        .await
    }

    pub(super) async fn txt(&self, name: &str) -> Result<Answered<String>, String> {
        self.ask(name, RecordType::TXT, |data| match data {
            RData::TXT(txt) => {
                let parts: Vec<u8> = txt.txt_data.iter().flatten().copied().collect();
                Some(String::from_utf8_lossy(&parts).into_owned())
            }
            _ => None,
        })
        .await
    }

    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let address = |data| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(a) => Some(IpAddr::V6(a.0)),
            _ => None,
        };
        let (v4, v6) = tokio::join!(
            self.ask(name, RecordType::A, address),
            self.ask(name, RecordType::AAAA, address)
        );
        match (v4, v6) {
            (Err(error), Err(_)) => Err(error),
            (v4, v6) => Ok([v4, v6]
                .into_iter()
                .flatten()
                .flat_map(|answered| answered.records)
                .collect()),
        }
    }

    async fn ask<T>(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(RData) -> Option<T>,
    ) -> Result<Answered<T>, String> {
        let mut last = "no resolver is configured".to_owned();
        for server in &self.servers {
            match timeout(ANSWER_MAX, ask(*server, name, kind)).await {
                Ok(Ok(message)) => match message.metadata.response_code {
                    ResponseCode::NoError | ResponseCode::NXDomain => {
                        return Ok(Answered {
                            authentic: message.metadata.authentic_data,
                            records: message
                                .answers
                                .into_iter()
                                .filter_map(|record| read(record.data))
                                .take(RECORDS_MAX)
                                .collect(),
                        });
                    }
                    // A resolver that finds a signature wrong says SERVFAIL.
                    code => last = format!("{server} answers {code} for {name} {kind}"),
                },
                Ok(Err(error)) => last = format!("{server}: {error}"),
                Err(_) => last = format!("{server} does not answer"),
            }
        }
        Err(last)
    }
}

async fn ask(server: SocketAddr, name: &str, kind: RecordType) -> io::Result<Message> {
    let name = Name::from_utf8(format!("{}.", name.trim_end_matches('.')))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let id = u16::from_be_bytes(entropy::random()?);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    // RFC 6840 §5.7: AD in a question asks for AD in the answer.
    message.metadata.authentic_data = true;
    message.add_query(Query::query(name, kind));
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_OCTETS_MAX).set_dnssec_ok(true);
    message.set_edns(edns);
    let question = message
        .to_vec()
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    let answer = over_udp(server, id, &question).await?;
    if answer.metadata.truncation {
        return over_tcp(server, &question).await;
    }
    Ok(answer)
}

async fn over_udp(server: SocketAddr, id: u16, question: &[u8]) -> io::Result<Message> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // What is no answer to this question is someone else's, or forged.
        if let Ok(message) = Message::from_vec(buffer.get(..length).unwrap_or_default())
            && message.metadata.id == id
            && message.metadata.message_type == MessageType::Response
        {
            return Ok(message);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let length = usize::from(stream.read_u16().await?);
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets).await?;
    Message::from_vec(&octets).map_err(io::Error::other)
}
