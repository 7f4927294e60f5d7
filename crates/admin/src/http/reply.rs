//! Answers as HTTP responses.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Response, StatusCode, header},
};
use hyper::body::Frame;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::remote,
    view::ActedAs,
};
use tokio::sync::mpsc;

use crate::peer::Delegate;

fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// JSON, as octets.
pub(crate) fn json(octets: Vec<u8>) -> Response<Body> {
    respond(StatusCode::OK, "application/json", octets.into())
}

/// The JSON of an answer to another node, with whose rights it was carried out by as its first field
/// where it is an object.
pub(crate) fn marked(octets: Vec<u8>, acted_as: ActedAs) -> Vec<u8> {
    let Some(rest) = octets.strip_prefix(b"{") else {
        return octets;
    };
    let comma = if rest == b"}" { "" } else { "," };
    let mut marked = format!("{{\"acted_as\":\"{}\"{comma}", acted_as.as_str()).into_bytes();
    marked.extend_from_slice(rest);
    marked
}

/// An answer to another node, saying in its head whose rights it was carried out by.
pub(crate) fn acted_as(mut response: Response<Body>, delegate: &Delegate) -> Response<Body> {
    let because = remote::header_text(&delegate.because, remote::PLACE_OCTETS_MAX);
    let headers = response.headers_mut();
    headers.insert(
        remote::ACTED_AS,
        HeaderValue::from_static(delegate.acts_as.as_str()),
    );
    if let Ok(because) = HeaderValue::try_from(because)
        && !delegate.because.is_empty()
    {
        headers.insert(remote::ACTED_BECAUSE, because);
    }
    response
}

/// A fault as JSON, with its status.
pub(crate) fn fault(fault: &Fault) -> Response<Body> {
    let status =
        StatusCode::from_u16(fault.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let octets = serde_json::to_vec(fault).unwrap_or_default();
    respond(status, "application/json", octets.into())
}

/// A fault with a status of HTTP's own.
pub(crate) fn fault_as(status: StatusCode, error: &str, mend: &str) -> Response<Body> {
    let fault = Fault::new(FaultKind::Invalid, error, mend);
    let octets = serde_json::to_vec(&fault).unwrap_or_default();
    respond(status, "application/json", octets.into())
}

/// Plain text.
pub(crate) fn text(status: StatusCode, text: String) -> Response<Body> {
    respond(status, "text/plain; charset=utf-8", text.into())
}

/// A calendar, RFC 5545.
pub(crate) fn calendar(text: String) -> Response<Body> {
    respond(StatusCode::OK, "text/calendar; charset=utf-8", text.into())
}

/// Metrics, in the OpenMetrics text format or in Prometheus' own.
pub(crate) fn metrics(text: String, open: bool) -> Response<Body> {
    let kind = match open {
        true => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        false => "text/plain; version=0.0.4; charset=utf-8",
    };
    let mut response = respond(StatusCode::OK, kind, text.into());
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// A message of known length, in pieces as they come.
pub(crate) fn message(total: u64, pieces: mpsc::Receiver<Result<Bytes, Fault>>) -> Response<Body> {
    let mut response = respond(
        StatusCode::OK,
        "message/rfc822",
        Body::new(Pieces { pieces }),
    );
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(total));
    response
}

/// A body that is fed from a channel. An error ends the connection, so that the reader sees that
/// something is missing.
struct Pieces {
    pieces: mpsc::Receiver<Result<Bytes, Fault>>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        self.pieces
            .poll_recv(context)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_says_whose_rights_it_was_made_by() {
        for (from, to) in [
            (r#"{"a":1}"#, r#"{"acted_as":"machine","a":1}"#),
            ("{}", r#"{"acted_as":"machine"}"#),
            (r#""text""#, r#""text""#),
            ("[{}]", "[{}]"),
        ] {
            let marked = marked(from.as_bytes().to_vec(), ActedAs::Machine);
            assert_eq!(String::from_utf8(marked).unwrap(), to);
        }
    }
}
