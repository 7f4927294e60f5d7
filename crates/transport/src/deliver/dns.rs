//! DNS as delivery needs it: MX records and addresses, and the order in which hosts are tried.
//!
//! [`Dns`] is the resolver behind a small trait, so that a test can have one that lies. [`mx_order`]
//! is the pure part: RFC 5321 §5.1, RFC 7505.
//!
//! Invariant: a resolver that does not answer never fails mail; it defers.

mod turn;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{NameServerConfig, ResolverConfig, ServerOrderingStrategy},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{RData, RecordType},
    },
};
use mailward_host::{clock::Clock, until::Until};
use mailward_model::Domain;
use parking_lot::Mutex;

pub(crate) use self::turn::{Turned, Turning};

/// Why a name has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LookupError {
    /// The name does not exist.
    #[error("the name does not exist")]
    NoName,
    /// The name exists and has no such record.
    #[error("the name has no such record")]
    NoRecords,
    /// No answer, or one that says nothing.
    #[error("{0}")]
    Temporary(String),
}

/// An answer that is waited for.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, LookupError>> + Send + 'a>>;

/// A source of answers.
pub(crate) trait Dns: Send + Sync {
    /// MX records of a domain: preference and host. The root as host is an empty text.
    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<(u16, String)>>;
    /// IPv4 and IPv6 addresses of a host.
    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>>;
    /// Texts of TXT records of a name, each with its strings joined.
    fn txt<'a>(&'a self, _name: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async {
            Err(LookupError::Temporary(
                "this resolver has no TXT".to_owned(),
            ))
        })
    }
    /// Forgets every answer.
    fn forget(&self) {}
    /// Asks the next server that answers first, from now on.
    fn next_server(&self) -> Turning<'_> {
        Box::pin(async { Turned::Only })
    }
}

/// The resolver of the node. It is set up with the first question: a node that has smart hosts by
/// address never pays for it.
///
/// The first two servers are asked at one time and the first answer counts, so that one that is silent
/// delays nobody. One that answers wrong may be the faster one: the server that a repair has chosen is
/// asked by itself, and others only where it cannot be reached.
pub(crate) struct NodeDns {
    servers: Vec<SocketAddr>,
    asked: Mutex<Asked>,
}

/// Who is asked, and by what.
#[derive(Default)]
struct Asked {
    /// The place of the server that a repair has chosen.
    chosen: Option<usize>,
    resolver: Option<Arc<TokioResolver>>,
}

/// A resolver that asks these servers in this order.
fn builder<'a>(
    servers: impl IntoIterator<Item = &'a SocketAddr>,
) -> ResolverBuilder<TokioRuntimeProvider> {
    let servers = servers
        .into_iter()
        .map(|server| {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut config.connections {
                connection.port = server.port();
            }
            config
        })
        .collect();
    let config = ResolverConfig::from_parts(None, Vec::new(), servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    // The order is the administrator's, or what a repair has made of it.
    builder.options_mut().server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    builder
}

impl NodeDns {
    /// Asks these servers; those of the system where there are none.
    pub(crate) fn new(servers: &[SocketAddr]) -> Self {
        NodeDns {
            servers: servers.to_vec(),
            asked: Mutex::default(),
        }
    }

    fn resolver(&self) -> Result<Arc<TokioResolver>, LookupError> {
        let mut asked = self.asked.lock();
        if let Some(resolver) = &asked.resolver {
            return Ok(Arc::clone(resolver));
        }
        let built = self.build(asked.chosen).map_err(|error| {
            LookupError::Temporary(format!("the resolver cannot be set up: {error}"))
        })?;
        let resolver = Arc::new(built);
        asked.resolver = Some(Arc::clone(&resolver));
        Ok(resolver)
    }

    fn build(&self, chosen: Option<usize>) -> Result<TokioResolver, NetError> {
        if self.servers.is_empty() {
            return TokioResolver::builder_tokio()?.build();
        }
        let first = chosen.unwrap_or(0) % self.servers.len();
        let (before, from) = self.servers.split_at(first);
        let mut builder = builder(from.iter().chain(before));
        if chosen.is_some() {
            builder.options_mut().num_concurrent_reqs = 1;
        }
        builder.build()
    }

    async fn turn(&self) -> Turned {
        if self.servers.len() < 2 {
            return Turned::Only;
        }
        let sound = turn::trials(&self.servers).await;
        let mut asked = self.asked.lock();
        let first = asked.chosen.unwrap_or(0);
        let next = turn::turn(first, &sound);
        // What was cached may be what was wrong.
        *asked = Asked {
            chosen: Some(next),
            resolver: None,
        };
        match self.servers.get(next) {
            Some(server) if next == first => Turned::Stays(*server),
            Some(server) => Turned::To(*server),
            None => Turned::Only,
        }
    }
}

impl Dns for NodeDns {
    fn forget(&self) {
        // Its cache goes with it.
        self.asked.lock().resolver = None;
    }

    fn next_server(&self) -> Turning<'_> {
        Box::pin(self.turn())
    }

    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<(u16, String)>> {
        Box::pin(async move {
            let name = absolute(domain);
            let found = self
                .resolver()?
                .lookup(name, RecordType::MX)
                .await
                .map_err(classify)?;
            let hosts: Vec<_> = found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::MX(mx) => {
                        let host = mx.exchange.to_ascii();
                        Some((
                            mx.preference,
                            host.trim_end_matches('.').to_ascii_lowercase(),
                        ))
                    }
                    _ => None,
                })
                .collect();
            if hosts.is_empty() {
                Err(LookupError::NoRecords)
            } else {
                Ok(hosts)
            }
        })
    }

    fn txt<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let resolver = self.resolver()?;
            let found = resolver.lookup(absolute(name), RecordType::TXT).await;
            let found = found.map_err(classify)?;
            let texts = found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    // RFC 7208 §3.3: strings of one record are joined without anything between.
                    RData::TXT(txt) => {
                        let octets = txt.txt_data.concat();
                        Some(String::from_utf8_lossy(&octets).into_owned())
                    }
                    _ => None,
                });
            Ok(texts.collect())
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let name = absolute(host);
            let found = self.resolver()?.lookup_ip(name).await.map_err(classify)?;
            let addresses: Vec<IpAddr> = found.iter().collect();
            if addresses.is_empty() {
                Err(LookupError::NoRecords)
            } else {
                Ok(addresses)
            }
        })
    }
}

/// The node's resolver, with a fault on purpose: while it is on, every question fails as with a
/// server that answers SERVFAIL.
pub(crate) struct LyingDns {
    honest: NodeDns,
    lies: Arc<Until>,
    clock: Arc<dyn Clock>,
}

impl LyingDns {
    pub(crate) fn new(honest: NodeDns, lies: Arc<Until>, clock: Arc<dyn Clock>) -> Self {
        LyingDns {
            honest,
            lies,
            clock,
        }
    }

    fn lies(&self) -> Result<(), LookupError> {
        if self.lies.is_on(&*self.clock) {
            let text = "the server answered SERVFAIL (on purpose, for a drill)";
            return Err(LookupError::Temporary(text.to_owned()));
        }
        Ok(())
    }
}

impl Dns for LyingDns {
    fn mx<'a>(&'a self, domain: &'a str) -> Answer<'a, Vec<(u16, String)>> {
        Box::pin(async move {
            self.lies()?;
            self.honest.mx(domain).await
        })
    }

    fn addresses<'a>(&'a self, host: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async move {
            self.lies()?;
            self.honest.addresses(host).await
        })
    }

    fn forget(&self) {
        self.honest.forget();
    }

    fn next_server(&self) -> Turning<'_> {
        self.honest.next_server()
    }
}

/// With the final dot: no search list is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn classify(error: NetError) -> LookupError {
    match &error {
        NetError::Dns(DnsError::NoRecordsFound(no)) => match no.response_code {
            ResponseCode::NXDomain => LookupError::NoName,
            ResponseCode::NoError => LookupError::NoRecords,
            code => LookupError::Temporary(format!("the resolver answered {code}")),
        },
        _ => LookupError::Temporary(error.to_string()),
    }
}

/// What MX records come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MxOrder {
    /// The hosts, in the order in which to try them.
    Hosts(Vec<Domain>),
    /// RFC 7505: the domain takes no mail.
    Null,
    /// This host is the best one left: the domain's mail would come back here.
    Loop,
    /// No record names a host.
    Unusable,
}

/// The order in which MX hosts are tried: by preference, at random among equal ones (`seed`). Of
/// hosts no better than this one (`is_self`) none is tried (RFC 5321 §5.1).
pub(crate) fn mx_order(
    mut records: Vec<(u16, String)>,
    is_self: impl Fn(&Domain) -> bool,
    mut seed: u64,
) -> MxOrder {
    if let [(_, host)] = records.as_slice()
        && host.is_empty()
    {
        return MxOrder::Null;
    }
    let mut random = || {
        // SplitMix64: spreads load, keeps no secret.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    records.sort();
    records.dedup();
    let mut hosts: Vec<(u16, u64, Domain)> = records
        .into_iter()
        .filter_map(|(preference, host)| Some((preference, random(), host.parse().ok()?)))
        .collect();
    if hosts.is_empty() {
        return MxOrder::Unusable;
    }
    hosts.sort();
    let own = hosts
        .iter()
        .filter(|(_, _, host)| is_self(host))
        .map(|(preference, _, _)| *preference)
        .min();
    if let Some(own) = own {
        hosts.retain(|(preference, _, _)| *preference < own);
        if hosts.is_empty() {
            return MxOrder::Loop;
        }
    }
    MxOrder::Hosts(hosts.into_iter().map(|(_, _, host)| host).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(records: &[(u16, &str)], expect: MxOrder) {
        let records = records.iter().map(|(p, h)| (*p, (*h).to_owned())).collect();
        let is_self = |host: &Domain| host.as_str() == "edge.example";
        assert_eq!(mx_order(records, is_self, 1), expect);
    }

    fn hosts(names: &[&str]) -> MxOrder {
        MxOrder::Hosts(names.iter().map(|n| n.parse().unwrap()).collect())
    }

    #[test]
    fn orders() {
        check(
            &[(20, "b.example"), (10, "a.example")],
            hosts(&["a.example", "b.example"]),
        );
        check(&[(0, "")], MxOrder::Null);
        check(&[(0, ""), (10, "a.example")], hosts(&["a.example"]));
        check(&[(10, "edge.example"), (20, "a.example")], MxOrder::Loop);
        check(
            &[
                (10, "a.example"),
                (20, "edge.example"),
                (20, "b.example"),
                (30, "c.example"),
            ],
            hosts(&["a.example"]),
        );
        check(&[(10, "-bad-"), (10, "a..b")], MxOrder::Unusable);
        check(
            &[(10, "a.example"), (10, "A.example")],
            hosts(&["a.example", "a.example"]),
        );
    }

    proptest! {
        #[test]
        fn equal_hosts_take_turns_and_none_is_lost(seed: u64) {
            let records = (0..6u16).map(|i| (i / 3, format!("h{i}.example"))).collect();
            let MxOrder::Hosts(hosts) = mx_order(records, |_| false, seed) else {
                return Err(TestCaseError::fail("no hosts"));
            };
            let number = |d: &Domain| d.as_str()[1..2].parse::<u16>().unwrap();
            let (near, far) = hosts.split_at(3);
            prop_assert!(near.iter().all(|d| number(d) < 3) && far.iter().all(|d| number(d) >= 3));
            let mut all: Vec<_> = hosts.iter().map(number).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..6).collect::<Vec<_>>());
        }
    }

    const A: u8 = 1;
    const MX: u8 = 15;
    /// Longer than a server of the same host needs.
    const SLOW: Duration = Duration::from_millis(200);

    /// A name server that answers every question with this code, and with this record of a type if
    /// any.
    async fn server(code: u8, record: Option<(u8, &'static [u8])>) -> SocketAddr {
        slow_server(Duration::ZERO, code, record).await
    }

    /// As [`server`], answering after a while.
    async fn slow_server(
        wait: Duration,
        code: u8,
        record: Option<(u8, &'static [u8])>,
    ) -> SocketAddr {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((size, from)) = socket.recv_from(&mut packet).await {
                // The question without its additional section.
                let question = 12 + packet[12..size].iter().position(|b| *b == 0).unwrap() + 5;
                let mut answer = packet[..question].to_vec();
                answer[2] = 0x81;
                answer[3] = 0x80 | code;
                answer[11] = 0;
                // Of another type there is nothing.
                if let Some((kind, record)) =
                    record.filter(|(kind, _)| packet[question - 3] == *kind)
                {
                    answer[7] = 1;
                    let length = u8::try_from(record.len()).unwrap();
                    answer.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length]);
                    answer.extend(record);
                }
                tokio::time::sleep(wait).await;
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn the_next_server_is_asked_first_where_one_knows_too_little() {
        let ignorant = server(3, None).await;
        let knowing = slow_server(SLOW, 0, Some((A, &[192, 0, 2, 9]))).await;
        let dns = NodeDns::new(&[ignorant, knowing]);
        let known = Ok(vec![IpAddr::from([192, 0, 2, 9])]);
        assert_eq!(
            dns.addresses("mx.inside.test").await,
            Err(LookupError::NoName)
        );
        assert_eq!(dns.next_server().await, Turned::To(knowing));
        assert_eq!(
            dns.addresses("mx.inside.test").await,
            known,
            "nothing is kept"
        );
        let turned = dns.next_server().await;
        assert_eq!(turned, Turned::To(ignorant), "and round again");
        assert_eq!(
            dns.addresses("mx.inside.test").await,
            Err(LookupError::NoName)
        );
        assert_eq!(
            NodeDns::new(&[knowing]).next_server().await,
            Turned::Only,
            "there is but one"
        );
    }

    #[tokio::test]
    async fn a_server_that_fails_fast_is_turned_from_and_not_back_to() {
        let failing = server(2, None).await;
        let slow = slow_server(SLOW, 0, Some((A, &[192, 0, 2, 9]))).await;
        let dns = NodeDns::new(&[failing, slow]);
        let asked = dns.addresses("mx.inside.test").await;
        assert!(
            matches!(asked, Err(LookupError::Temporary(_))),
            "the faster answer counts: {asked:?}"
        );
        assert_eq!(dns.next_server().await, Turned::To(slow));
        let known = Ok(vec![IpAddr::from([192, 0, 2, 9])]);
        assert_eq!(dns.addresses("mx.inside.test").await, known);
        assert_eq!(dns.next_server().await, Turned::Stays(slow));
        assert_eq!(dns.addresses("mx.inside.test").await, known);
    }

    #[tokio::test]
    async fn answers_of_a_name_server() {
        let mx = |code, mx: Option<&'static [u8]>| async move {
            let address = server(code, mx.map(|record| (MX, record))).await;
            NodeDns::new(&[address]).mx("example.org").await
        };
        assert_eq!(
            mx(0, Some(b"\x00\x0a\x02mx\xc0\x0c")).await,
            Ok(vec![(10, "mx.example.org".to_owned())])
        );
        // RFC 7505.
        assert_eq!(
            mx(0, Some(b"\x00\x00\x00")).await,
            Ok(vec![(0, String::new())])
        );
        assert_eq!(mx(0, None).await, Err(LookupError::NoRecords));
        assert_eq!(mx(3, None).await, Err(LookupError::NoName));
        for code in [2, 5] {
            let answer = mx(code, None).await;
            assert!(
                matches!(answer, Err(LookupError::Temporary(_))),
                "{code}: {answer:?}"
            );
        }
    }
}
