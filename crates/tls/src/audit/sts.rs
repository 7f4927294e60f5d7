//! MTA-STS (RFC 8461): the policy of the domain whose mail a host takes, and whether it names that
//! host.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::dns::Dns;
use crate::name::wildcard_covers;

/// How long the policy may take (RFC 8461 §3.3 suggests one minute; people wait here).
const FETCH_MAX: Duration = Duration::from_secs(10);
/// Octets of a policy (RFC 8461 §3.3 suggests 64 KB).
const POLICY_OCTETS_MAX: usize = 64 << 10;
/// Seconds that a policy may last (RFC 8461 §3.2).
const AGE_SECONDS_MAX: u64 = 31_557_600;
/// Labels that a parent domain must have, to be asked whether the target is an MX of it.
const PARENT_LABELS_MIN: usize = 2;
/// Parents that are asked.
const PARENTS_MAX: usize = 4;

/// How a policy wants to be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Mail that fails is not delivered.
    Enforce,
    /// It is delivered and reported.
    Testing,
    /// There is no policy any more.
    None,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Policy {
    /// How it wants to be followed.
    pub mode: Mode,
    /// The hosts that may take mail, lower case.
    pub mx: Vec<String>,
    /// How long it may be kept.
    pub max_age_seconds: u64,
}

/// What is known of the target's domain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "mta_sts", content = "detail")]
pub enum Sts {
    /// The target takes no mail from strangers, or no domain is known whose mail it takes.
    NotAsked,
    /// The domain has no policy.
    None {
        /// The domain.
        domain: String,
    },
    /// It has one that cannot be used.
    Broken {
        /// The domain.
        domain: String,
        /// Why.
        problem: String,
    },
    /// It has one.
    Found {
        /// The domain.
        domain: String,
        /// The policy.
        policy: Policy,
        /// True where it names the target.
        covers: bool,
    },
}

impl Policy {
    /// Reads a policy (RFC 8461 §3.2).
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Policy, String> {
        let (mut version, mut mode, mut age) = (None, None, None);
        let mut mx = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((key, value)) = line.split_once(':') else {
                return Err(format!("the line {line:?} has no colon"));
            };
            let value = value.trim();
            match key.trim() {
                // RFC 8461 §3.2: of keys that may stand once, the first counts.
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => age = age.or(Some(value)),
                "mx" => mx.push(value.trim_end_matches('.').to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err("its version is not STSv1".to_owned());
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            other => return Err(format!("its mode is {:?}", other.unwrap_or(""))),
        };
        let age = age.and_then(|age| age.parse().ok());
        let max_age_seconds = age
            .filter(|age| *age <= AGE_SECONDS_MAX)
            .ok_or("its max_age is missing or out of range")?;
        if mx.is_empty() && mode != Mode::None {
            return Err("it names no mx".to_owned());
        }
        Ok(Policy {
            mode,
            mx,
            max_age_seconds,
        })
    }

    /// Whether a host, lower case, may take the domain's mail (RFC 8461 §4.1).
    pub fn covers(&self, host: &str) -> bool {
        self.mx
            .iter()
            .any(|pattern| pattern == host || wildcard_covers(pattern, host))
    }
}

/// How policies are fetched.
#[derive(Debug)]
pub(super) struct Fetch<'a> {
    pub(super) dns: &'a Dns,
    /// A configuration that checks chain and name (RFC 8461 §3.3).
    pub(super) config: Arc<ClientConfig>,
    /// The port of HTTPS.
    pub(super) port: u16,
}

/// The domain of which a host is an MX: `given`, or the host itself or a parent of it that says so.
async fn domain_of(dns: &Dns, host: &str, given: Option<&str>) -> Option<String> {
    if let Some(given) = given {
        return Some(given.to_ascii_lowercase());
    }
    let mut domain = host;
    for _ in 0..PARENTS_MAX {
        let answered = dns.mx(domain).await.ok()?;
        if answered.records.iter().any(|mx| mx == host) {
            return Some(domain.to_owned());
        }
        domain = domain.split_once('.')?.1;
        if domain.split('.').count() < PARENT_LABELS_MIN {
            return None;
        }
    }
    None
}

/// What is known of the domain whose mail `host`, lower case, takes.
pub(super) async fn look(fetch: &Fetch<'_>, host: &str, given: Option<&str>) -> Sts {
    let Some(domain) = domain_of(fetch.dns, host, given).await else {
        return Sts::NotAsked;
    };
    let broken = |domain: String, problem: String| Sts::Broken { domain, problem };
    let records = match fetch.dns.txt(&format!("_mta-sts.{domain}")).await {
        Ok(answered) => answered.records,
        Err(error) => return broken(domain, format!("its record cannot be had: {error}")),
    };
    // RFC 8461 §3.1: what does not begin so is no record of it; several are as good as none.
    let mut records = records
        .iter()
        .filter(|text| text.split(';').next().map(str::trim) == Some("v=STSv1"));
    match (records.next(), records.next()) {
        (None, _) => return Sts::None { domain },
        (Some(_), Some(_)) => {
            return broken(domain, "there is more than one record of it".to_owned());
        }
        (Some(_), None) => {}
    }
    let fetched = timeout(FETCH_MAX, policy(fetch, &domain)).await;
    let text = match fetched {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return broken(domain, format!("its policy cannot be fetched: {error}")),
        Err(_) => return broken(domain, "its policy does not come in time".to_owned()),
    };
    match Policy::read(&text) {
        Err(problem) => broken(domain, problem),
        Ok(policy) => Sts::Found {
            covers: policy.covers(host),
            domain,
            policy,
        },
    }
}

async fn policy(fetch: &Fetch<'_>, domain: &str) -> Result<String, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let host = format!("mta-sts.{domain}");
    let addresses = fetch.dns.addresses(&host).await?;
    let ip = addresses.first().ok_or(format!("{host} has no address"))?;
    let stream = TcpStream::connect(SocketAddr::new(*ip, fetch.port))
        .await
        .map_err(|error| text(&error))?;
    let name = ServerName::try_from(host.clone()).map_err(|error| text(&error))?;
    let stream = TlsConnector::from(Arc::clone(&fetch.config))
        .connect(name, stream)
        .await
        .map_err(|error| text(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| text(&error))?;
    let driver = tokio::spawn(connection);
    let request = Request::get("/.well-known/mta-sts.txt")
        .header("Host", &host)
        .header("Connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| text(&error))?;
    let fetched = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| text(&error))?;
        // RFC 8461 §3.3: redirects are not followed.
        if response.status() != 200 {
            return Err(format!("the answer is {}", response.status()));
        }
        let body = Limited::new(response.into_body(), POLICY_OCTETS_MAX);
        let octets = body.collect().await.map_err(|error| text(&error))?;
        String::from_utf8(octets.to_bytes().to_vec()).map_err(|error| text(&error))
    };
    let fetched = fetched.await;
    driver.abort();
    fetched
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOUND: &str = "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

    #[test]
    fn policies_are_read_and_cover_hosts() {
        let policy = Policy::read(SOUND).unwrap();
        assert_eq!(policy.mode, Mode::Enforce);
        assert!(policy.covers("mx1.example.org"));
        assert!(policy.covers("a.example.net"));
        assert!(!policy.covers("a.b.example.net"));
        assert!(!policy.covers("example.net"));
        for (from, to) in [
            ("STSv1", "STSv2"),
            ("enforce", "yes"),
            ("604800", "31557601"),
            ("max_age: 604800", ""),
            ("mx: ", "mx "),
        ] {
            assert!(Policy::read(&SOUND.replace(from, to)).is_err(), "{from}");
        }
        let none = "version: STSv1\nmode: none\nmax_age: 1\n";
        assert_eq!(Policy::read(none).unwrap().mode, Mode::None);
    }

    proptest! {
        #[test]
        fn texts_of_any_kind_do_no_harm(text: String) {
            if let Ok(policy) = Policy::read(&text) {
                policy.covers("mx1.example.org");
            }
        }
    }
}
