//! Pages: asked for as a browser would, and judged by status, header and text.

use hyper::Uri;
use mailward_model::kind::{HostName, HttpTarget};

use super::{
    Context, Found, Steps, Verdict,
    page::{Page, get},
    wire::{self, Shown, Stream, Wire, server_name},
};
use crate::Cause;

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
        let (name, value) = (name.trim(), value.trim());
        if !page.values(name).any(|given| given.contains(value)) {
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
