//! Names, asked for as delivery asks for them, but without a cache and without the library that
//! delivery uses: what is to be seen is what a resolver says now.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use mailward_model::kind::{DnsRecord, DnsTarget, HostName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{Context, Found, Steps, found::Seen};
use crate::Cause;

/// How long one resolver may take over one question.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Octets of an answer over UDP and over TCP.
const UDP_OCTETS_MAX: usize = 4096;
const TCP_OCTETS_MAX: usize = 65_535;
/// Resolvers that are used of the system's (resolv.conf(5) knows three).
const SERVERS_MAX: usize = 8;
/// Octets of the hosts file that are looked at.
const HOSTS_OCTETS_MAX: usize = 1 << 20;
/// A name that does not exist, by definition (RFC 6761 §6.4). Whoever answers it with an address
/// answers for any name, and sends mail astray.
const NO_NAME: &str = "mailward-probe.invalid";

/// What a resolver said.
pub(super) struct Reply {
    code: ResponseCode,
    answers: Vec<RData>,
}

/// Asks resolvers.
#[derive(Debug)]
pub(super) struct Dns {
    servers: Vec<SocketAddr>,
}

/// The resolvers of the system.
pub(crate) fn system_resolvers() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    resolvers_in(&text)
}

fn resolvers_in(text: &str) -> Vec<SocketAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let server = words
            .next()
            .filter(|word| *word == "nameserver")
            .and(words.next())?;
        let bare = server.split('%').next()?;
        Some(SocketAddr::new(bare.parse().ok()?, 53))
    });
    servers.take(SERVERS_MAX).collect()
}

impl Dns {
    pub(super) fn new(servers: Vec<SocketAddr>) -> Dns {
        Dns { servers }
    }

    /// The addresses of a host: of its name in the hosts file, else in DNS.
    pub(super) async fn addresses(
        &self,
        host: &HostName,
        seen: &Seen,
    ) -> Result<Vec<IpAddr>, Found> {
        let name = match host {
            HostName::Ip(ip) => return Ok(vec![*ip]),
            HostName::Name(name) => name.as_str(),
        };
        if name.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let hosts = tokio::fs::read_to_string("/etc/hosts")
            .await
            .unwrap_or_default();
        let listed = in_hosts(&hosts, name);
        if !listed.is_empty() {
            seen.note(format!("{name} is {listed:?} by /etc/hosts"));
            return Ok(listed);
        }
        self.look_up(name, seen).await
    }

    /// The addresses of a name in DNS.
    async fn look_up(&self, name: &str, seen: &Seen) -> Result<Vec<IpAddr>, Found> {
        let (v4, v6) = tokio::join!(
            self.ask_any(name, RecordType::A, seen),
            self.ask_any(name, RecordType::AAAA, seen)
        );
        let (v4, v6) = match (v4, v6) {
            (Err(found), Err(_)) => return Err(found),
            (v4, v6) => (v4.ok(), v6.ok()),
        };
        let code = v4.as_ref().or(v6.as_ref()).map(|reply| reply.code);
        let answers = [v4, v6]
            .into_iter()
            .flatten()
            .flat_map(|reply| reply.answers);
        let addresses: Vec<IpAddr> = answers
            .filter_map(|data| match data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(a) => Some(IpAddr::V6(a.0)),
                _ => None,
            })
            .collect();
        if addresses.is_empty() {
            let code = code.unwrap_or(ResponseCode::ServFail);
            return Err(no_records(name, "address", code));
        }
        Ok(addresses)
    }

    /// Asks the first resolver that answers.
    async fn ask_any(&self, name: &str, record: RecordType, seen: &Seen) -> Result<Reply, Found> {
        let mut last = Found::fail("no resolver is configured").of(Cause::Dns);
        for server in &self.servers {
            match ask(*server, name, record, seen).await {
                Ok(reply) if reply.code == ResponseCode::ServFail => {
                    last = no_records(name, &record.to_string(), reply.code);
                }
                Ok(reply) => return Ok(reply),
                Err(found) => last = found,
            }
        }
        Err(last)
    }
}

/// The addresses that a hosts file gives a name (hosts(5)).
fn in_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let text = text
        .get(..text.floor_char_boundary(HOSTS_OCTETS_MAX))
        .unwrap_or(text);
    let listed = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_ascii_whitespace();
        let ip = words.next()?.parse().ok()?;
        words
            .any(|word| word.eq_ignore_ascii_case(name))
            .then_some(ip)
    });
    listed.collect()
}

/// A name without the records asked for.
fn no_records(name: &str, record: &str, code: ResponseCode) -> Found {
    let text = match code {
        ResponseCode::NXDomain => format!("the name {name} does not exist"),
        ResponseCode::NoError => format!("{name} has no {record} record"),
        code => format!("the resolver answered {code} for {name}"),
    };
    Found::fail(text).of(Cause::Dns)
}

/// Asks one resolver one question.
async fn ask(
    server: SocketAddr,
    name: &str,
    record: RecordType,
    seen: &Seen,
) -> Result<Reply, Found> {
    let question = Name::from_utf8(format!("{}.", name.trim_end_matches('.')))
        .map_err(|error| Found::error(format!("{name:?} cannot be asked for: {error}")))?;
    let [high, low] = mailward_host::entropy::random::<2>()
        .map_err(|error| Found::error(format!("no random octets: {error}")))?;
    let id = u16::from_be_bytes([high, low]);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(question, record));
    let octets = message
        .to_vec()
        .map_err(|error| Found::error(format!("{name:?} cannot be asked for: {error}")))?;
    let late = || {
        Found::fail(format!(
            "the resolver {server} did not answer within {} ms",
            ANSWER_MAX.as_millis()
        ))
    };
    let failed = |error: std::io::Error| {
        super::wire::broken(&format!("the resolver {server}"), &error).of(Cause::Dns)
    };
    let mut answer = timeout(ANSWER_MAX, over_udp(server, id, &octets))
        .await
        .map_err(|_| late().of(Cause::Dns))?
        .map_err(failed)?;
    if answer.metadata.truncation {
        answer = timeout(ANSWER_MAX, over_tcp(server, &octets))
            .await
            .map_err(|_| late().of(Cause::Dns))?
            .map_err(failed)?;
    }
    let reply = Reply {
        code: answer.metadata.response_code,
        answers: answer
            .answers
            .into_iter()
            .map(|record| record.data)
            .collect(),
    };
    let answers: Vec<String> = reply.answers.iter().map(ToString::to_string).collect();
    seen.note(format!(
        "{server} on {name} {record}: {} {}",
        reply.code,
        answers.join(", ")
    ));
    Ok(reply)
}

async fn over_udp(server: SocketAddr, id: u16, question: &[u8]) -> std::io::Result<Message> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; UDP_OCTETS_MAX];
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

async fn over_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or(u16::MAX);
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let length = usize::from(stream.read_u16().await?).min(TCP_OCTETS_MAX);
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets).await?;
    Message::from_vec(&octets).map_err(std::io::Error::other)
}

/// A resolver of this node: whether it answers, and does not invent.
pub(super) async fn resolver(server: SocketAddr, steps: &mut Steps) -> Found {
    steps.next("ask");
    match ask(server, NO_NAME, RecordType::A, &steps.seen()).await {
        Err(found) => found,
        Ok(reply) if !reply.answers.is_empty() => Found::fail(format!(
            "{server} answers {NO_NAME}, a name that cannot exist, with an address: it invents answers"
        ))
        .of(Cause::Dns),
        Ok(reply) => match reply.code {
            ResponseCode::NXDomain | ResponseCode::NoError => {
                Found::pass(format!("{server} answers"))
            }
            code => Found::fail(format!("{server} answered {code}")).of(Cause::Dns),
        },
    }
}

/// A name that delivery looks up.
pub(super) async fn name(context: &Context, name: &str, mx: bool, steps: &mut Steps) -> Found {
    steps.next("ask");
    if !mx {
        let host = match name.parse() {
            Ok(host) => HostName::Name(host),
            Err(_) => return Found::error(format!("{name:?} is no host name")),
        };
        return match context.dns.addresses(&host, &steps.seen()).await {
            Ok(addresses) => Found::pass(format!("{name} has {} addresses", addresses.len())),
            Err(found) => found,
        };
    }
    match context
        .dns
        .ask_any(name, RecordType::MX, &steps.seen())
        .await
    {
        Err(found) => found,
        Ok(reply) => {
            let count = reply
                .answers
                .iter()
                .filter(|data| matches!(data, RData::MX(_)))
                .count();
            if count > 0 {
                return Found::pass(format!("{name} has {count} MX records"));
            }
            if reply.code != ResponseCode::NoError {
                return no_records(name, "MX", reply.code);
            }
            // RFC 5321 §5.1: without MX records the domain's own address is the next hop.
            match context.dns.look_up(name, &steps.seen()).await {
                Ok(_) => Found::pass(format!("{name} has no MX record and an address")),
                Err(found) => found,
            }
        }
    }
}

/// A probe object's name.
pub(super) async fn look(context: &Context, target: &DnsTarget, steps: &mut Steps) -> Found {
    let record = match target.record {
        DnsRecord::A => RecordType::A,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Mx => RecordType::MX,
        DnsRecord::Txt => RecordType::TXT,
        DnsRecord::Ptr => RecordType::PTR,
    };
    steps.next("ask");
    let asked = match target.server {
        Some(server) => ask(server, &target.name, record, &steps.seen()).await,
        None => {
            context
                .dns
                .ask_any(&target.name, record, &steps.seen())
                .await
        }
    };
    let reply = match asked {
        Ok(reply) => reply,
        Err(found) => return found,
    };
    let answers: Vec<String> = reply
        .answers
        .iter()
        .filter(|data| data.record_type() == record)
        .map(ToString::to_string)
        .collect();
    if answers.is_empty() {
        return no_records(&target.name, &record.to_string(), reply.code);
    }
    let listed = answers.join(", ");
    if !answers.iter().any(|answer| answer.contains(&target.expect)) {
        return Found::fail(format!(
            "{} is {listed}, and {:?} is not in it",
            target.name, target.expect
        ))
        .of(Cause::Dns);
    }
    Found::pass(format!("{} is {listed}", target.name)).measured("answers", answers.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_system_are_read() {
        let text =
            "# x\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\noptions edns0\nnameserver bad\n";
        let servers = resolvers_in(text);
        assert_eq!(
            servers,
            [
                "192.0.2.53:53".parse().unwrap(),
                "[fe80::1]:53".parse().unwrap()
            ]
        );
        let hosts = "192.0.2.7 mx.example.org MX # 192.0.2.8 old\n::1 mx\n";
        assert_eq!(in_hosts(hosts, "mx").len(), 2);
        assert!(in_hosts(hosts, "old").is_empty());
    }
}
