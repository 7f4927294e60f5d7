//! Targets by HTTP: a document is POSTed, or a URL is fetched.

use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::{Method, Uri, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use mailward_model::kind::{OutboundTls, SmartHost};

use super::courier::{Courier, Parcel, SendError, Stream};

/// How long the body of an answer is waited for: it is of no interest.
const BODY_WAIT: Duration = Duration::from_millis(100);

/// POSTs the document.
pub(super) async fn post(courier: &Courier, url: &str, parcel: &Parcel) -> Result<(), SendError> {
    let id = parcel.letter.id.as_str();
    ask(courier, url, Method::POST, parcel.json.clone(), Some(id)).await
}

/// Fetches the URL.
pub(super) async fn get(courier: &Courier, url: &str) -> Result<(), SendError> {
    ask(courier, url, Method::GET, Vec::new(), None).await
}

/// Connects to the URL's host; TLS for `https`.
pub(super) async fn open(
    courier: &Courier,
    url: &str,
) -> Result<(Box<dyn Stream>, Uri), SendError> {
    let wrong = || SendError::Url(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(wrong()),
    };
    let authority = uri.authority().ok_or_else(wrong)?;
    let mut host: SmartHost = authority.host().parse().map_err(|_| wrong())?;
    host.port = authority
        .port_u16()
        .unwrap_or(if secure { 443 } else { 80 });
    let stream: Box<dyn Stream> = Box::new(courier.connect(&host).await?);
    let stream = if secure {
        courier
            .secure(stream, &host.host, OutboundTls::Required)
            .await?
    } else {
        stream
    };
    Ok((stream, uri))
}

async fn ask(
    courier: &Courier,
    url: &str,
    method: Method,
    body: Vec<u8>,
    id: Option<&str>,
) -> Result<(), SendError> {
    let (stream, uri) = open(courier, url).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the connection; its error is seen by the request.
    let driver = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let mut request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("Host", host)
        .header(
            "User-Agent",
            concat!("Mailward/", env!("CARGO_PKG_VERSION")),
        )
        .header("Connection", "close");
    if let Some(id) = id {
        // The same news has the same key, should it come twice.
        request = request
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", id);
    }
    let response = sender
        .send_request(request.body(Full::<Bytes>::from(body))?)
        .await?;
    let status = response.status();
    // Reading a little of the body lets the other side end well.
    let _ = tokio::time::timeout(BODY_WAIT, response.into_body().frame()).await;
    driver.abort();
    if status.is_success() {
        Ok(())
    } else {
        Err(SendError::Status(status))
    }
}
