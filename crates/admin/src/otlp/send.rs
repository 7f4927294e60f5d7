//! One request to a collector: HTTP/1.1, over TLS where the endpoint says so, with a limit of time.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, StatusCode, Uri,
    client::conn::http1,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use mailward_model::kind::{HostName, OutboundTls, TlsAuthLevel};
use mailward_tls::{ClientTls, Roots};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How long a request may take, from connecting to the end of the answer.
const REQUEST_MAX: Duration = Duration::from_secs(10);
/// Octets read of an answer.
const ANSWER_OCTETS_MAX: usize = 64 << 10;
/// Octets of the file of header fields.
const HEADERS_OCTETS_MAX: u64 = 64 << 10;
/// The ports of OTLP over HTTP and of HTTPS, where the endpoint names none.
const PORT_HTTP: u16 = 4318;
const PORT_HTTPS: u16 = 443;

/// Where to, how often, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpConfig {
    /// `http://host:4318` or `https://…`; `/v1/metrics` and `/v1/logs` are added to it.
    pub endpoint: String,
    /// Header fields for each request, one `Name: value` per line: a token, as a rule.
    pub headers_file: Option<PathBuf>,
    /// How often.
    pub interval: Duration,
    /// Whether metrics are exported.
    pub metrics: bool,
    /// Whether events are exported.
    pub logs: bool,
    /// Roots trusted besides the system's.
    pub extra_roots: Option<PathBuf>,
    /// Where the place reached among the events is kept.
    pub place_file: PathBuf,
}

/// Why an export cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The endpoint is no URL of use.
    #[error("{0:?} is no endpoint for OTLP; write http://HOST:4318 or https://HOST/PATH")]
    Endpoint(String),
    /// The file of header fields cannot be read.
    #[error("the OTLP header file {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of it is no header field. The line itself is a secret.
    #[error("{path}:{line}: this is no header field; write one `Name: value` per line")]
    Header {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

impl OtlpConfig {
    /// Looks whether endpoint and header file can be used. Connects to nothing.
    ///
    /// # Errors
    /// [`OtlpError`].
    pub fn check(&self) -> Result<(), OtlpError> {
        Sender::new(self).map(drop)
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// The collector has it.
    Accepted,
    /// The collector does not want it, now or later.
    Refused(String),
    /// It may be tried again.
    Failed(String),
}

pub(super) struct Sender {
    host: String,
    port: u16,
    authority: String,
    path: String,
    tls: Option<(ClientTls, HostName)>,
    headers: HeaderMap,
}

impl Sender {
    /// # Errors
    /// [`OtlpError`].
    pub(super) fn new(config: &OtlpConfig) -> Result<Sender, OtlpError> {
        let wrong = || OtlpError::Endpoint(config.endpoint.clone());
        let uri: Uri = config.endpoint.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let (tls, port) = match uri.scheme_str() {
            Some("http") => (None, PORT_HTTP),
            Some("https") => {
                let roots = match &config.extra_roots {
                    Some(file) => Roots::system_and(file),
                    None => Roots::system(),
                };
                let name = match host.parse() {
                    Ok(ip) => HostName::Ip(ip),
                    Err(_) => HostName::Name(host.parse().map_err(|_| wrong())?),
                };
                (Some((ClientTls::new(roots), name)), PORT_HTTPS)
            }
            _ => return Err(wrong()),
        };
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        Ok(Sender {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(port),
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
            tls,
            headers: headers(config)?,
        })
    }

    /// Sends a body of JSON to a path below the endpoint.
    pub(super) async fn send(&self, path: &str, body: String) -> Sent {
        match tokio::time::timeout(REQUEST_MAX, self.exchange(path, body)).await {
            Ok(Ok(sent)) => sent,
            Ok(Err(error)) => Sent::Failed(error),
            Err(_) => Sent::Failed(format!("no answer within {} s", REQUEST_MAX.as_secs())),
        }
    }

    async fn exchange(&self, path: &str, body: String) -> Result<Sent, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| told(&error))?;
        let Some((tls, name)) = &self.tls else {
            return self.ask(stream, path, body).await;
        };
        let config = tls
            .config(OutboundTls::Required, TlsAuthLevel::DomainValidation, None)
            .map_err(|error| told(&error))?
            .ok_or("no TLS is to be had")?;
        let name = ClientTls::server_name(name).map_err(|error| told(&error))?;
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| told(&error))?;
        self.ask(stream, path, body).await
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        path: &str,
        body: String,
    ) -> Result<Sent, String> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let (mut client, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| told(&error))?;
        // It ends with the request, or with the timeout that drops this future's half of it; its
        // error is the request's too.
        let driven = tokio::spawn(async move {
            let _ = connection.await;
        });
        let _ended_with_this = AbortOnDrop(driven.abort_handle());
        let mut request = Request::post(format!("{}{path}", self.path))
            .header("host", &self.authority)
            .header("content-type", "application/json")
            .header(
                "user-agent",
                concat!("mailward/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| told(&error))?;
        request.headers_mut().extend(self.headers.clone());
        let answer = client
            .send_request(request)
            .await
            .map_err(|error| told(&error))?;
        let status = answer.status();
        // Read to its end, so that the collector is not cut off; what it says is of no use here.
        let _ = Limited::new(answer.into_body(), ANSWER_OCTETS_MAX)
            .collect()
            .await;
        Ok(judged(status))
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Which answers may be tried again stands in the specification (OTLP/HTTP, "Retryable Response
/// Codes"); one of a path or a token that is wrong is kept too, because a person mends it.
fn judged(status: StatusCode) -> Sent {
    match status.as_u16() {
        200..=299 => Sent::Accepted,
        401 | 403 | 404 | 408 | 429 | 502 | 503 | 504 => {
            Sent::Failed(format!("it answered {status}"))
        }
        _ => Sent::Refused(status.to_string()),
    }
}

fn headers(config: &OtlpConfig) -> Result<HeaderMap, OtlpError> {
    let mut headers = HeaderMap::new();
    let Some(path) = &config.headers_file else {
        return Ok(headers);
    };
    let read = || -> std::io::Result<String> {
        use std::io::Read;
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(HEADERS_OCTETS_MAX).read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|source| OtlpError::Read {
        path: path.clone(),
        source,
    })?;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let field = line.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let mut value = HeaderValue::from_str(value.trim()).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        });
        let Some((name, value)) = field else {
            return Err(OtlpError::Header {
                path: path.clone(),
                line: at + 1,
            });
        };
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(endpoint: &str, headers_file: Option<PathBuf>) -> OtlpConfig {
        OtlpConfig {
            endpoint: endpoint.to_owned(),
            headers_file,
            interval: Duration::from_secs(1),
            metrics: true,
            logs: true,
            extra_roots: None,
            place_file: PathBuf::new(),
        }
    }

    #[test]
    fn an_endpoint_is_a_host_a_port_and_a_path() {
        for (endpoint, host, port, path, tls) in [
            ("http://127.0.0.1:4318", "127.0.0.1", 4318, "", false),
            ("http://collector", "collector", 4318, "", false),
            ("http://[::1]:99/otlp/", "::1", 99, "/otlp", false),
            (
                "https://otlp.example.org/x",
                "otlp.example.org",
                443,
                "/x",
                true,
            ),
        ] {
            let sender = Sender::new(&config(endpoint, None)).unwrap();
            let found = (sender.host.as_str(), sender.port, sender.path.as_str());
            assert_eq!(found, (host, port, path), "{endpoint}");
            assert_eq!(sender.tls.is_some(), tls, "{endpoint}");
        }
        for endpoint in [
            "collector:4318",
            "ftp://x",
            "http://",
            "http://a:b@c",
            "http://x?y",
        ] {
            assert!(Sender::new(&config(endpoint, None)).is_err(), "{endpoint}");
        }
    }

    #[test]
    fn header_fields_come_from_a_file_and_an_error_shows_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("headers");
        std::fs::write(&file, "# for the collector\n\nAuthorization: Bearer abc\n").unwrap();
        let sender = Sender::new(&config("http://x", Some(file.clone()))).unwrap();
        assert_eq!(sender.headers["authorization"], "Bearer abc");
        std::fs::write(&file, "Authorization: Bearer abc\nsecret without a name\n").unwrap();
        let error = Sender::new(&config("http://x", Some(file))).err().unwrap();
        let said = error.to_string();
        assert!(
            said.contains(":2:") && !said.contains("secret without"),
            "{said}"
        );
    }

    #[test]
    fn what_may_be_tried_again_is_not_thrown_away() {
        for (status, accepted, again) in [
            (200, true, false),
            (202, true, false),
            (400, false, false),
            (413, false, false),
            (429, false, true),
            (503, false, true),
            (500, false, false),
            (401, false, true),
        ] {
            let sent = judged(StatusCode::from_u16(status).unwrap());
            assert_eq!(sent == Sent::Accepted, accepted, "{status}");
            assert_eq!(matches!(sent, Sent::Failed(_)), again, "{status}");
        }
    }
}
