//! Tests of an endpoint from outside: what anyone can see of its TLS, and what is to be thought of
//! it.
//!
//! [`audit`] asks one target with hellos of its own ([`scan`]), because no library of today speaks
//! what must be found, and once as a client of today ([`shown`]); [`judge`] makes verdicts of that.
//! The test for Heartbleed ([`heartbeat`]) reads nothing that is not ours.
//!
//! Raw records are made and read here and nowhere else in the house. Never here: a handshake that is
//! finished by hand, a key that is derived, an octet of a heartbeat's reply that is kept.

pub mod dane;
mod dns;
pub mod flight;
#[doc(hidden)]
pub mod fuzz;
pub mod heartbeat;
pub mod hello;
mod judge;
pub mod ocsp;
pub mod record;
mod report;
mod scan;
mod shown;
mod starttls;
pub mod sts;
pub mod suite;
mod target;
mod wire;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use mailward_host::clock::Clock;
use mailward_model::kind::{HostName, OutboundTls, TlsAuthLevel};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, timeout},
};
use x509_parser::prelude::{FromDer, X509Certificate};

pub use report::{Level, Report, Subject, Verdict, VersionReport};
pub use scan::{HeartbeatSeen, Support, VersionSeen};
pub use target::{Protocol, Target, TargetError};
pub use wire::CONNECTIONS_PER_TARGET;

use self::{
    dane::Dane,
    dns::Dns,
    hello::Version,
    judge::{ChainSeen, Seen},
    scan::First,
    shown::Shown,
    starttls::Greeting,
    sts::{Fetch, Sts},
    wire::Dial,
};
use crate::{
    certificate::CertificateFacts,
    client::{ClientTls, Roots},
    server::provider,
    untrusted::Untrusted,
};

/// Targets that are tested at one time. With [`CONNECTIONS_PER_TARGET`] each, they stay below the
/// thousand descriptors that a process usually has.
pub const TARGETS_AT_ONCE: usize = 256;
/// How long one answer may take, where nothing else is said: what a vulnerable server sends comes at
/// once, and a slow one may be on another continent.
pub const ANSWER_MAX: Duration = Duration::from_secs(8);
/// How many answers' time one target has in all.
const ANSWERS_IN_ALL: u32 = 15;

/// How targets are tested.
pub struct Options {
    /// How long one answer may take.
    pub answer_max: Duration,
    /// Roots that chains must lead to.
    pub roots: Roots,
    /// The list of untrusted certificates.
    pub untrusted: Untrusted,
    /// Resolvers; the system's where there are none.
    pub resolvers: Vec<SocketAddr>,
    /// The domain whose mail the targets take, where it cannot be found by their names.
    pub mail_domain: Option<String>,
    /// The port at which MTA-STS policies are fetched.
    pub https_port: u16,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// The usual.
    pub fn new(clock: Arc<dyn Clock>) -> Options {
        Options {
            answer_max: ANSWER_MAX,
            roots: Roots::system(),
            untrusted: Untrusted::default(),
            resolvers: Vec::new(),
            mail_domain: None,
            https_port: 443,
            clock,
        }
    }
}

/// What tests of several targets share.
pub struct Auditor {
    options: Options,
    roots: Result<RootCertStore, String>,
    client: ClientTls,
    dns: Dns,
}

impl Auditor {
    /// Reads what all tests need: roots, resolvers.
    pub fn new(options: Options) -> Auditor {
        Auditor {
            roots: options
                .roots
                .load(&options.untrusted)
                .map_err(|error| error.to_string()),
            client: ClientTls::new(options.roots.clone()).with_untrusted(options.untrusted.clone()),
            dns: Dns::new(&options.resolvers),
            options,
        }
    }

    /// Tests targets, as many at a time as [`TARGETS_AT_ONCE`] says, and hands each report on as it
    /// is done, with the target's place in the list.
    pub async fn all(self: Arc<Self>, targets: Vec<Target>, mut done: impl FnMut(usize, Report)) {
        let places = Arc::new(Semaphore::new(TARGETS_AT_ONCE));
        let mut tasks = JoinSet::new();
        for (at, target) in targets.into_iter().enumerate() {
            let (auditor, places) = (Arc::clone(&self), Arc::clone(&places));
            tasks.spawn(async move {
                // Never closed; without a place there is only less order.
                let _place = places.acquire_owned().await.ok();
                (at, auditor.one(target).await)
            });
        }
        while let Some(joined) = tasks.join_next().await {
            // A test that fell over has no report; nobody is told of it twice.
            if let Ok((at, report)) = joined {
                done(at, report);
            }
        }
    }

    /// Tests one target.
    pub async fn one(&self, target: Target) -> Report {
        let begun = Instant::now();
        let mut report = Report {
            target: target.to_string(),
            address: String::new(),
            other_addresses: Vec::new(),
            agreed: String::new(),
            took_ms: 0,
            verdicts: Vec::new(),
            versions: Vec::new(),
            heartbleed: Vec::new(),
            chain: Vec::new(),
            presented: Vec::new(),
        };
        match self.addresses(&target).await {
            Ok((address, others)) => {
                report.address = address.to_string();
                report.other_addresses = others.iter().map(ToString::to_string).collect();
                self.look(target, address, &mut report).await;
            }
            Err(why) => report.verdicts.push(
                Verdict::new(Subject::Reached, Level::Untested, "not reached")
                    .because(why)
                    .mend("check the name and the port"),
            ),
        }
        report.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        report
    }

    /// The first address of a target that takes a connection, and the others.
    async fn addresses(&self, target: &Target) -> Result<(SocketAddr, Vec<SocketAddr>), String> {
        let all: Vec<SocketAddr> = match &target.host {
            HostName::Ip(ip) => vec![SocketAddr::new(*ip, target.port)],
            HostName::Name(name) if self.options.resolvers.is_empty() => {
                let looked_up = tokio::net::lookup_host((name.as_str(), target.port));
                let found = timeout(self.options.answer_max, looked_up).await;
                let found = found.map_err(|_| "the name was not resolved in time".to_owned())?;
                found.map_err(|error| error.to_string())?.collect()
            }
            HostName::Name(name) => {
                let found = self.dns.addresses(name.as_str()).await?;
                let with_port = |ip| SocketAddr::new(ip, target.port);
                found.into_iter().map(with_port).collect()
            }
        };
        let mut last = format!("{} has no address", target.host);
        for address in &all {
            let connected = tokio::net::TcpStream::connect(address);
            match timeout(self.options.answer_max, connected).await {
                Ok(Ok(_)) => {
                    let others = all.iter().filter(|other| *other != address);
                    return Ok((*address, others.copied().collect()));
                }
                Ok(Err(error)) => last = format!("{address}: {error}"),
                Err(_) => last = format!("{address}: no answer in time"),
            }
        }
        Err(last)
    }

    async fn look(&self, target: Target, address: SocketAddr, report: &mut Report) {
        let answer_max = self.options.answer_max;
        let dial = Dial {
            target,
            address,
            answer_max,
            until: Instant::now() + answer_max * ANSWERS_IN_ALL,
            places: Arc::new(Semaphore::new(CONNECTIONS_PER_TARGET)),
        };
        // Nothing is learnt from a server that does not begin TLS, whatever it is asked.
        if let Err(error) = dial.open().await {
            report.verdicts.push(
                Verdict::new(Subject::Reached, Level::Untested, "no TLS")
                    .because(error.to_string())
                    .mend("check that the service runs there, and what is spoken before TLS: --starttls"),
            );
            return;
        }
        let provider = provider();
        let (mut firsts, shown) =
            tokio::join!(versions(&dial), shown::handshake(&dial, &provider),);
        let offered: Vec<Version> = firsts
            .iter()
            .filter(|first| first.seen.support == Support::Offered)
            .map(|first| first.seen.version)
            .collect();
        if let Ok(shown) = &shown {
            report.agreed = format!("{} {}", shown.version, shown.cipher);
        }
        let shown = shown.or_else(|error| raw(&firsts).ok_or(error));
        let (heartbleed, (), (dane, sts)) = tokio::join!(
            heartbleed(&dial, &offered),
            suites(&dial, &mut firsts),
            self.published(&dial.target, shown.as_ref().ok()),
        );
        let versions: Vec<VersionSeen> = firsts.into_iter().map(|first| first.seen).collect();
        let greeting = shown
            .as_ref()
            .map_or_else(|_| Greeting::default(), |shown| shown.greeting.clone());
        let seen = Seen {
            host: &dial.target.host,
            protocol: dial.target.protocol,
            versions: &versions,
            heartbleed: &heartbleed,
            chain: shown.map(|shown| self.chain(shown)),
            greeting,
            dane,
            sts,
            unix_ms: self.options.clock.unix_ms(),
        };
        report.verdicts = judge::judge(&seen);
        if let Ok(chain) = seen.chain {
            report.chain = chain.facts;
            report.presented = chain.presented;
        }
        report.versions = versions
            .into_iter()
            .map(|seen| VersionReport {
                suite_names: seen.suites.iter().map(|id| suite_name(*id)).collect(),
                seen,
            })
            .collect();
        report.heartbleed = heartbleed;
    }

    fn chain(&self, shown: Shown) -> ChainSeen {
        let list = self.options.untrusted.list();
        let facts: Vec<CertificateFacts> = shown
            .chain
            .iter()
            .filter_map(|der| CertificateFacts::of_der(der).ok())
            .collect();
        let now = self.options.clock.unix_ms();
        // Whether it leads to a root is one question, and whether it is over another.
        let at = facts.first().map_or(now, |leaf| {
            now.clamp(
                leaf.not_before_unix_ms,
                leaf.not_after_unix_ms.max(leaf.not_before_unix_ms),
            )
        });
        let stands = match &self.roots {
            Ok(roots) => shown::chain_stands(&shown.chain, roots, &provider(), at),
            Err(error) => Err(error.clone()),
        };
        let leaf = shown.chain.first();
        ChainSeen {
            distrusted: self.options.untrusted.check(&shown.chain).err(),
            entries: list.len(),
            crls: list.crls(),
            presented: shown.chain.iter().map(|der| der.to_vec()).collect(),
            broken_signature: leaf.and_then(broken_signature),
            must_staple: leaf.is_some_and(demands_staple),
            staple: ocsp::judge(&shown.staple, &shown.chain, self.roots.as_ref().ok(), now),
            stands,
            facts,
        }
    }

    /// What is published about the target in DNS.
    async fn published(&self, target: &Target, shown: Option<&Shown>) -> (Dane, Sts) {
        let Some(name) = target.name() else {
            return (Dane::NotAsked, Sts::NotAsked);
        };
        let chain = shown.map_or(&[][..], |shown| shown.chain.as_slice());
        let dane = async {
            match self
                .dns
                .tlsa(&format!("_{}._tcp.{name}", target.port))
                .await
            {
                Err(error) => Dane::Failing(error),
                Ok(answered) if answered.records.is_empty() => Dane::None,
                Ok(answered) if !answered.authentic => Dane::NotAuthentic(answered.records.len()),
                Ok(_) if chain.is_empty() => Dane::Failing("no certificate was seen".to_owned()),
                Ok(answered) => dane::judge(&answered.records, chain),
            }
        };
        let sts = async {
            let config =
                self.client
                    .config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None);
            let (Protocol::Smtp, Ok(Some(config))) = (target.protocol, config) else {
                return Sts::NotAsked;
            };
            let fetch = Fetch {
                dns: &self.dns,
                config,
                port: self.options.https_port,
            };
            sts::look(&fetch, name, self.options.mail_domain.as_deref()).await
        };
        tokio::join!(dane, sts)
    }
}

/// Asks for every version, all at one time as far as there are places.
async fn versions(dial: &Dial) -> Vec<First> {
    let [a, b, c, d, e] = Version::ALL;
    let (a, b, c, d, e) = tokio::join!(
        scan::version(dial, a),
        scan::version(dial, b),
        scan::version(dial, c),
        scan::version(dial, d),
        scan::version(dial, e),
    );
    vec![a, b, c, d, e]
}

async fn suites(dial: &Dial, firsts: &mut [First]) {
    futures_util::future::join_all(firsts.iter_mut().map(|first| scan::suites(dial, first))).await;
}

async fn heartbleed(dial: &Dial, offered: &[Version]) -> Vec<HeartbeatSeen> {
    let tests = offered
        .iter()
        .filter(|version| **version < Version::TLS13)
        .map(|version| scan::heartbleed(dial, *version));
    futures_util::future::join_all(tests).await.concat()
}

/// The chain as it came in answer to a hello of our own: for servers that nothing of today talks to.
fn raw(firsts: &[First]) -> Option<Shown> {
    firsts.iter().find_map(|first| {
        let flight = first.flight.as_ref()?;
        (!flight.chain.is_empty()).then(|| Shown {
            chain: flight.chain.iter().cloned().map(Into::into).collect(),
            staple: flight.staple.clone().unwrap_or_default(),
            ..Shown::default()
        })
    })
}

fn suite_name(id: u16) -> String {
    match suite::suite(id) {
        Some(suite) => format!("TLS_{}", suite.name),
        None => format!("0x{id:04x}"),
    }
}

/// The signature algorithm of a certificate, where it is one that can be forged.
fn broken_signature(der: &CertificateDer<'static>) -> Option<&'static str> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.2" => Some("signed with MD2"),
        "1.2.840.113549.1.1.4" => Some("signed with MD5"),
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" => {
            Some("signed with SHA-1")
        }
        _ => None,
    }
}

/// RFC 7633: the extension id-pe-tlsfeature with status_request in it.
fn demands_staple(der: &CertificateDer<'static>) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return false;
    };
    parsed.extensions().iter().any(|extension| {
        extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" && extension.value.contains(&5)
    })
}
