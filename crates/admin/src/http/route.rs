//! Routes, made from the table of operations.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, RawQuery, Request, rejection::RawPathParamsRejection},
    http::{Response, StatusCode},
    routing::{MethodFilter, get, on},
};
use http_body_util::{BodyExt, Limited};
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Call, Method, Op, TEXT_OCTETS_MAX, document},
};

use super::reply;
use crate::{
    answer::{Access, Answer},
    peer::Peer,
    probe::Probes,
};

/// Octets of a request's body: a text of objects as JSON, where each octet may take two.
const BODY_OCTETS_MAX: usize = 2 * TEXT_OCTETS_MAX as usize + 4096;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The operations, the OpenAPI document, and the pages.
pub(crate) fn operations(access: Arc<Access>, probes: Arc<Probes>, node: &str) -> Router {
    let calendar = Arc::clone(&access);
    let mut router = pages(probes, node).route(
        "/openapi.json",
        get(async || reply::json(document().to_string().into_bytes())),
    );
    for op in Op::ALL {
        let definition = op.definition();
        let filter = match definition.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        let access = Arc::clone(&access);
        let handle = move |path, query: RawQuery, request: Request| {
            operation(*op, Arc::clone(&access), path, query, request)
        };
        router = router.route(definition.route, on(filter, handle));
    }
    router = router.route(
        "/v1/health/forecast.ics",
        get(async move |RawQuery(query): RawQuery| {
            match Op::HealthForecast.call_query(query.as_deref().unwrap_or_default()) {
                Ok(Call::HealthForecast(asked)) => {
                    match calendar.forecast_calendar(asked.days).await {
                        Ok(text) => reply::calendar(text),
                        Err(fault) => reply::fault(&fault),
                    }
                }
                Ok(_) => reply::fault(&Fault::failed("the request was read as another one")),
                Err(fault) => reply::fault(&fault),
            }
        }),
    );
    router.method_not_allowed_fallback(async || {
        reply::fault_as(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path does not take this method",
            "GET /openapi.json describes every request",
        )
    })
}

/// The pages for load balancers and Prometheus.
pub(crate) fn pages(probes: Arc<Probes>, node: &str) -> Router {
    let node: Arc<str> = node.into();
    let ready = (Arc::clone(&probes), Arc::clone(&node));
    let health = (Arc::clone(&probes), node);
    Router::new()
        // It answers, so it lives. Whether mail is taken is asked of /readyz.
        .route(
            "/livez",
            get(async || reply::text(StatusCode::OK, "ok\n".to_owned())),
        )
        .route(
            "/readyz",
            get(async move || {
                let (probes, node) = &ready;
                probes.ready(node).await
            }),
        )
        .route(
            "/healthz",
            get(async move |RawQuery(query): RawQuery| {
                let (probes, node) = &health;
                let verbose = query.is_some_and(|query| {
                    query
                        .split('&')
                        .any(|part| part.split('=').next() == Some("verbose"))
                });
                probes.health(node, verbose).await
            }),
        )
        .route("/metrics", get(async move || probes.metrics().await))
        .fallback(async || {
            reply::fault(&Fault::not_found(
                "nothing is at this path",
                "GET /openapi.json describes every request of the admin socket",
            ))
        })
}

async fn operation(
    op: Op,
    access: Arc<Access>,
    path: Result<RawPathParams, RawPathParamsRejection>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response<Body> {
    let Ok(path) = path else {
        return reply::fault(&Fault::invalid(
            "the path is not UTF-8",
            "percent-encode names as UTF-8",
        ));
    };
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        // Only the Unix socket has these routes, and it knows its peers.
        return reply::fault(&Fault::new(
            FaultKind::Refused,
            "it is not known who asks",
            "ask on the admin socket",
        ));
    };
    let body = match body(op, request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let call = op.from_wire(path.iter(), query.as_deref().unwrap_or_default(), &body);
    let answer = match call {
        Ok(call) => access.answer(call, peer).await,
        Err(fault) => Err(fault),
    };
    match answer {
        Ok(Answer::Json(octets)) => reply::json(octets),
        Ok(Answer::Message { total, pieces }) => reply::message(total, pieces),
        Err(fault) => reply::fault(&fault),
    }
}

async fn body(op: Op, request: Request) -> Result<axum::body::Bytes, Response<Body>> {
    if !op.definition().method.has_body() {
        // Read by nobody: hyper closes the connection where one was sent.
        return Ok(axum::body::Bytes::new());
    }
    let body = Limited::new(request.into_body(), BODY_OCTETS_MAX);
    match tokio::time::timeout(BODY_TIMEOUT, body.collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(reply::fault(&Fault::new(
                FaultKind::TooLarge,
                format!("the body has more than {BODY_OCTETS_MAX} octets"),
                "send less at a time",
            )))
        }
        Ok(Err(error)) => Err(reply::fault_as(
            StatusCode::BAD_REQUEST,
            &format!("the body cannot be read: {error}"),
            "send it whole",
        )),
        Err(_) => Err(reply::fault_as(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
            "send it faster",
        )),
    }
}
