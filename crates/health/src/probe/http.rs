//! Pages: asked for by HTTP/1.1 as a browser would, and judged by status, header and text.

use std::pin::pin;

use futures_util::FutureExt;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Uri, body::Bytes, client::conn::http1, header::HeaderName};
use hyper_util::rt::TokioIo;
use mailward_model::kind::{HostName, HttpTarget};

use super::{
    Context, Found, Steps, Verdict,
    wire::{self, Shown, Stream, Wire, server_name},
};
use crate::Cause;

/// Octets of the body that are looked at.
const BODY_OCTETS_MAX: usize = 64 * 1024;

/// An answer, as far as it is looked at.
pub(super) struct Page {
    pub(super) status: u16,
    headers: hyper::HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Asks for a page on an open stream.
pub(super) async fn get(
    stream: Box<dyn Stream>,
    host: &str,
    path: &str,
    steps: &mut Steps,
) -> Result<Page, Found> {
    let failed = |error: hyper::Error| Found::fail(format!("no answer: {error}"));
    steps.next("request");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let request = Request::get(path)
        .header("Host", host)
        .header(
            "User-Agent",
            concat!("Mailward-probe/", env!("CARGO_PKG_VERSION")),
        )
        .header("Connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Found::error(format!("the request cannot be made: {error}")))?;
    steps.note(format!("> GET {path} HTTP/1.1, Host: {host}"));
    let exchange = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        let status = response.status().as_u16();
        steps.note(format!("< {status}"));
        let (head, mut body) = response.into_parts();
        let names: Vec<&str> = head.headers.keys().map(HeaderName::as_str).collect();
        steps.note(format!("< fields: {}", names.join(", ")));
        steps.next("body");
        let mut octets = Vec::new();
        while octets.len() < BODY_OCTETS_MAX
            && let Some(frame) = body.frame().await
        {
            if let Ok(data) = frame.map_err(failed)?.into_data() {
                let room = BODY_OCTETS_MAX - octets.len();
                octets.extend_from_slice(data.get(..data.len().min(room)).unwrap_or_default());
            }
        }
        Ok(Page {
            status,
            headers: head.headers,
            body: octets,
        })
    };
    // Both in one task, and the connection is dropped with the last octet that is looked at, without
    // a shutdown: a probe has nobody to say good-bye to.
    let mut exchange = pin!(exchange);
    tokio::select! {
        biased;
        page = &mut exchange => page,
        ended = connection.without_shutdown() => match ended {
            Ok(_) => exchange.await,
            // What came whole before it broke is there still.
            Err(error) => match exchange.now_or_never() {
                Some(Ok(page)) => Ok(page),
                _ => Err(failed(error)),
            },
        },
    }
}

/// A probe object's page.
pub(super) async fn look(context: &Context, target: &HttpTarget, steps: &mut Steps) -> Found {
    let mut shown = None;
    let looked = async {
        let uri: Uri = target
            .url
            .parse()
            .map_err(|error| Found::error(format!("{}: {error}", target.url)))?;
        let secure = uri.scheme_str() == Some("https");
        let authority = uri
            .authority()
            .ok_or_else(|| Found::error(format!("{} names no host", target.url)))?;
        let host: HostName = authority
            .host()
            .parse()
            .map_err(|error| Found::error(format!("{}: {error}", target.url)))?;
        let port = authority
            .port_u16()
            .unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let stream: Box<dyn Stream> = if secure {
            let wire = Wire::connect(context, &host, port, steps).await?;
            steps.next("handshake");
            let name = server_name(&host);
            let (secured, seen) = wire.secure(context.tls_config()?, name.clone()).await?;
            seen.judge(context, &name, target.verify, target.min_days)?;
            shown = Some(seen);
            secured.into_inner()
        } else {
            Box::new(wire::dial(context, &host, port, steps).await?)
        };
        let page = get(stream, authority.as_str(), path, steps).await?;
        judge(&page, target)
    };
    let found = looked.await.unwrap_or_else(|found| found);
    let days = shown
        .as_ref()
        .and_then(|shown: &Shown| shown.days_left(context.clock.unix_ms()));
    match days {
        Some(days) if found.verdict == Verdict::Pass => found.measured("days_left", days),
        _ => found,
    }
}

/// Whether a page is as it should be.
fn judge(page: &Page, target: &HttpTarget) -> Result<Found, Found> {
    let status = page.status;
    let right = match target.status.as_slice() {
        [] => (200..400).contains(&status),
        some => some.contains(&status),
    };
    if !right {
        return Err(Found::fail(format!("the answer is {status}")));
    }
    if !target.header.is_empty() {
        let (name, value) = target
            .header
            .split_once(':')
            .unwrap_or((&target.header, ""));
        let mut values = page.headers.get_all(name.trim()).iter();
        let fits = |field: &hyper::header::HeaderValue| {
            field.to_str().is_ok_and(|text| text.contains(value.trim()))
        };
        if !values.any(fits) {
            return Err(Found::fail(format!(
                "the answer is {status} without the header field {}",
                target.header
            )));
        }
    }
    if !String::from_utf8_lossy(&page.body).contains(&target.contains) {
        return Err(Found::fail(format!(
            "the answer is {status}, and {:?} is not in its first {} octets",
            target.contains,
            page.body.len()
        )));
    }
    Ok(Found::pass(format!("the answer is {status}")).measured("body_octets", page.body.len()))
}

/// A page of the admin API, asked for through its socket as an administrator would.
pub(super) async fn ask_access(
    context: &Context,
    path: &str,
    steps: &mut Steps,
) -> Result<Page, Found> {
    let socket = context.run_dir.join("admin.sock");
    steps.next("connect");
    let stream = tokio::net::UnixStream::connect(&socket).await;
    let stream = stream.map_err(|error| Found::fail(format!("{}: {error}", socket.display())))?;
    get(Box::new(stream), "localhost", path, steps).await
}

/// The admin API.
pub(super) async fn admin(context: &Context, steps: &mut Steps) -> Found {
    match ask_access(context, "/v1/status", steps).await {
        Ok(page) if page.status == 200 => Found::pass("status is answered"),
        Ok(page) if matches!(page.status, 401 | 403) => Found::error(format!(
            "the probe may not ask: the answer is {}",
            page.status
        ))
        .of(Cause::Credential),
        Ok(page) => Found::fail(format!("status is answered {}", page.status)),
        Err(found) => found,
    }
}
