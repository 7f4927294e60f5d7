//! One document fetched by HTTPS: with the server's chain and name checked, a limit on its size, on
//! the time it may take and on redirects.
//!
//! For documents that decide something (lists of senders): never plain HTTP, never a partial answer,
//! never a redirect away from HTTPS. A document that is signed by itself ([`fetch_signed`]) may come
//! over plain HTTP: CRLs do (RFC 5280 §4.2.1.13), because whoever checks a certificate for HTTPS may
//! need them first. Never here: what the document says, a retry, a cache.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{Request, StatusCode, Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use mailward_model::kind::{HostName, OutboundTls, TlsAuthLevel};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::{ClientTls, ClientTlsError};

/// Redirects that are followed; whoever needs more goes in circles.
const REDIRECTS_MAX: usize = 3;
/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;
/// How long one address may take to answer a connection.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Octets of an URL.
const URL_OCTETS_MAX: usize = 4096;

/// What is waited for.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where hosts' addresses come from.
pub trait Resolve: Send + Sync {
    /// The addresses of a host, or why there are none.
    fn addresses<'a>(&'a self, host: &'a str) -> Waiting<'a, Result<Vec<IpAddr>, String>>;
}

/// How much a document may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Octets.
    pub octets: usize,
    /// From the first question to the last octet, redirects included.
    pub time: Duration,
}

/// Why a document was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is no URL that may be fetched.
    #[error("{0:?} is no https:// URL with a host")]
    Url(String),
    /// The host has no address.
    #[error("the addresses of {host} are not to be had: {problem}")]
    Resolve {
        /// The host.
        host: String,
        /// Why.
        problem: String,
    },
    /// None of its addresses takes a connection.
    #[error("{address} cannot be connected to: {source}")]
    Connect {
        /// The last address tried.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is nothing to check the server against.
    #[error(transparent)]
    Setup(#[from] ClientTlsError),
    /// The handshake failed: the certificate, as a rule.
    #[error("no TLS with {host}: {source}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The answer is no HTTP, or was cut off.
    #[error("{host} gave no whole answer: {problem}")]
    Http {
        /// The host.
        host: String,
        /// Why.
        problem: String,
    },
    /// The answer is no document.
    #[error("{host} answered {status}")]
    Status {
        /// The host.
        host: String,
        /// The status.
        status: StatusCode,
    },
    /// It is longer than allowed.
    #[error("the answer of {host} has more than {limit} octets")]
    TooLong {
        /// The host.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// It leads on and on.
    #[error("more than {REDIRECTS_MAX} redirects, the last one to {0:?}")]
    Redirects(String),
    /// It took too long.
    #[error("no whole answer within {0:?}")]
    Time(Duration),
}

impl FetchError {
    /// True where the server asks to be left alone for a while: 429, and its own troubles.
    pub fn is_busy(&self) -> bool {
        matches!(self, FetchError::Status { status, .. }
            if *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error())
    }
}

/// Which URLs may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schemes {
    Https,
    HttpAndHttps,
}

/// A checked URL.
struct Target {
    uri: Uri,
    host: HostName,
    port: u16,
    secured: bool,
    schemes: Schemes,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            HostName::Ip(ip) => ip.fmt(f),
            HostName::Name(name) => name.fmt(f),
        }
    }
}

fn target(url: &str, schemes: Schemes) -> Result<Target, FetchError> {
    let wrong = || {
        FetchError::Url(
            url.get(..url.floor_char_boundary(200))
                .unwrap_or_default()
                .to_owned(),
        )
    };
    if url.len() > URL_OCTETS_MAX {
        return Err(wrong());
    }
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let secured = match (uri.scheme_str(), schemes) {
        (Some("https"), _) => true,
        (Some("http"), Schemes::HttpAndHttps) => false,
        _ => return Err(wrong()),
    };
    if authority.as_str().contains('@') {
        return Err(wrong());
    }
    let bare = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let host = match bare.parse() {
        Ok(ip) => HostName::Ip(ip),
        Err(_) => HostName::Name(bare.parse().map_err(|_| wrong())?),
    };
    let usual = if secured { 443 } else { 80 };
    let port = authority.port_u16().unwrap_or(usual);
    Ok(Target {
        uri,
        host,
        port,
        secured,
        schemes,
    })
}

/// Fetches a document.
///
/// # Errors
/// [`FetchError`]; nothing of a document that is not whole is handed out.
pub async fn fetch(
    tls: &ClientTls,
    resolve: &dyn Resolve,
    url: &str,
    limits: Limits,
) -> Result<Vec<u8>, FetchError> {
    follow(tls, resolve, url, limits, Schemes::Https).await
}

/// Fetches a document that is signed by itself: over plain HTTP as well.
///
/// # Errors
/// As [`fetch`].
pub async fn fetch_signed(
    tls: &ClientTls,
    resolve: &dyn Resolve,
    url: &str,
    limits: Limits,
) -> Result<Vec<u8>, FetchError> {
    follow(tls, resolve, url, limits, Schemes::HttpAndHttps).await
}

async fn follow(
    tls: &ClientTls,
    resolve: &dyn Resolve,
    url: &str,
    limits: Limits,
    schemes: Schemes,
) -> Result<Vec<u8>, FetchError> {
    let following = async {
        let mut target = target(url, schemes)?;
        for _ in 0..=REDIRECTS_MAX {
            match ask(tls, resolve, &target, limits.octets).await? {
                Answer::Document(octets) => return Ok(octets),
                Answer::Elsewhere(place) => target = elsewhere(&target, &place)?,
            }
        }
        Err(FetchError::Redirects(target.uri.to_string()))
    };
    match tokio::time::timeout(limits.time, following).await {
        Ok(fetched) => fetched,
        Err(_) => Err(FetchError::Time(limits.time)),
    }
}

/// Where a redirect leads: an URL of its own, or a path on the same server.
fn elsewhere(from: &Target, place: &str) -> Result<Target, FetchError> {
    match (
        place.starts_with('/') && !place.starts_with("//"),
        from.uri.authority(),
    ) {
        (true, Some(authority)) => {
            let scheme = if from.secured { "https" } else { "http" };
            target(&format!("{scheme}://{authority}{place}"), from.schemes)
        }
        _ => target(place, from.schemes),
    }
}

enum Answer {
    Document(Vec<u8>),
    Elsewhere(String),
}

/// Ends the connection's task with the request.
struct Driver(tokio::task::AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask(
    tls: &ClientTls,
    resolve: &dyn Resolve,
    target: &Target,
    limit: usize,
) -> Result<Answer, FetchError> {
    let host = target.to_string();
    let stream = connect(resolve, target).await?;
    if !target.secured {
        return exchange(stream, target, limit).await;
    }
    let config = tls.config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None)?;
    let config = config.ok_or_else(|| ClientTlsError::Setup("no TLS is to be had".to_owned()))?;
    let name = ClientTls::server_name(&target.host)?;
    let secured = TlsConnector::from(config).connect(name, stream).await;
    let stream = secured.map_err(|source| FetchError::Tls { host, source })?;
    exchange(stream, target, limit).await
}

/// One request and its answer.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target,
    limit: usize,
) -> Result<Answer, FetchError> {
    let host = target.to_string();
    let failed = |error: hyper::Error| FetchError::Http {
        host: host.clone(),
        problem: error.to_string(),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // Its error is the request's too.
    let _driver = Driver(tokio::spawn(connection).abort_handle());
    let path = target
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let authority = target.uri.authority().map_or("", |one| one.as_str());
    let request = Request::get(path)
        .header(header::HOST, authority)
        .header(
            header::USER_AGENT,
            concat!("mailward/", env!("CARGO_PKG_VERSION")),
        )
        .header(header::ACCEPT, "application/json, text/plain, */*")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchError::Url(target.uri.to_string()))?;
    let answer = sender.send_request(request).await.map_err(failed)?;
    let status = answer.status();
    if status.is_redirection()
        && let Some(place) = answer.headers().get(header::LOCATION)
    {
        let place = String::from_utf8_lossy(place.as_bytes()).into_owned();
        return Ok(Answer::Elsewhere(place));
    }
    // A part (206) or nothing (204) is no document.
    if status != StatusCode::OK {
        return Err(FetchError::Status { host, status });
    }
    let body = Limited::new(answer.into_body(), limit).collect().await;
    match body {
        Ok(body) => Ok(Answer::Document(body.to_bytes().to_vec())),
        Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLong { host, limit }),
        Err(error) => Err(FetchError::Http {
            host,
            problem: error.to_string(),
        }),
    }
}

async fn connect(resolve: &dyn Resolve, target: &Target) -> Result<TcpStream, FetchError> {
    let no_address = |problem: String| FetchError::Resolve {
        host: target.to_string(),
        problem,
    };
    let addresses = match &target.host {
        HostName::Ip(ip) => vec![*ip],
        HostName::Name(name) => resolve.addresses(name.as_str()).await.map_err(no_address)?,
    };
    let mut last = no_address("it has none".to_owned());
    for ip in addresses.into_iter().take(ADDRESSES_MAX) {
        let address = SocketAddr::new(ip, target.port);
        let source = match tokio::time::timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        last = FetchError::Connect { address, source };
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_fetched() {
        let ok = |url: &str| target(url, Schemes::Https).map(|t| (t.to_string(), t.port));
        assert_eq!(
            ok("https://example.org/x?y").unwrap(),
            ("example.org".into(), 443)
        );
        assert_eq!(ok("https://[::1]:99/").unwrap(), ("::1".into(), 99));
        for wrong in [
            "http://example.org/",
            "https://a:b@c/",
            "https:///x",
            "/x",
            "ftp://x/",
        ] {
            assert!(ok(wrong).is_err(), "{wrong}");
        }
        let signed = |url: &str| target(url, Schemes::HttpAndHttps);
        assert_eq!(signed("http://example.org/").unwrap().port, 80);
        assert!(signed("ldap://example.org/").is_err());
        let plain = signed("http://example.org:99/a").unwrap();
        let to = elsewhere(&plain, "/b").unwrap();
        assert_eq!(to.uri.to_string(), "http://example.org:99/b");
        let from = target("https://example.org:99/a", Schemes::Https).unwrap();
        let to = |place: &str| elsewhere(&from, place).map(|t| t.uri.to_string());
        assert_eq!(to("/b").unwrap(), "https://example.org:99/b");
        assert_eq!(
            to("https://example.net/b").unwrap(),
            "https://example.net/b"
        );
        assert!(to("http://example.org/b").is_err(), "not away from HTTPS");
        assert!(to("//example.net/b").is_err());
    }

    #[test]
    fn a_busy_server_is_told_from_a_wrong_one() {
        let status = |code: u16| FetchError::Status {
            host: "x".into(),
            status: StatusCode::from_u16(code).unwrap(),
        };
        assert!(status(429).is_busy() && status(503).is_busy() && status(500).is_busy());
        assert!(!status(404).is_busy() && !status(403).is_busy());
        assert!(!FetchError::Time(Duration::from_secs(1)).is_busy());
    }
}
