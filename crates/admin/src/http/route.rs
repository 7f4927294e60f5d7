//! Routes, made from the table of operations.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, RawPathParams, RawQuery, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, Response, StatusCode, header},
    routing::{MethodFilter, get, on},
};
use http_body_util::{BodyExt, Limited};
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{CALENDAR_ROUTE, Call, FROM_HEADER, Method, Op, TEXT_OCTETS_MAX, document, remote},
};
use tokio::runtime::Handle;

use super::reply;
use crate::{
    answer::{Access, Answer, Perimeter},
    delegation::{Command, Machine},
    metric::{Meter, text},
    peer::{Caller, Local, Peer, Who},
    probe::Probes,
};

/// Octets of a request's body: a text of objects as JSON, where each octet may take two.
const BODY_OCTETS_MAX: usize = 2 * TEXT_OCTETS_MAX as usize + 4096;
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The operations, the OpenAPI document, and the pages.
pub(crate) fn operations(access: Arc<Access>, pages: Pages) -> Router {
    let calendar = Arc::clone(&access);
    let mut router = self::pages(pages).route(
        "/openapi.json",
        get(async || reply::json(document().to_string().into_bytes())),
    );
    router = with_operations(router, &access);
    router = router.route(
        CALENDAR_ROUTE,
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
    router.method_not_allowed_fallback(wrong_method)
}

/// The operations alone, for other nodes.
pub(crate) fn commands(access: Arc<Access>) -> Router {
    with_operations(Router::new(), &access)
        .fallback(async || {
            reply::fault(&Fault::not_found(
                "nothing is at this path",
                "run the same version on all nodes",
            ))
        })
        .method_not_allowed_fallback(wrong_method)
}

async fn wrong_method() -> Response<Body> {
    reply::fault_as(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take this method",
        "GET /openapi.json describes every request",
    )
}

fn with_operations(mut router: Router, access: &Arc<Access>) -> Router {
    for op in Op::ALL {
        let definition = op.definition();
        let filter = match definition.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        let access = Arc::clone(access);
        let handle = move |path, query: RawQuery, request: Request| {
            operation(*op, Arc::clone(&access), path, query, request)
        };
        router = router.route(definition.route, on(filter, handle));
    }
    router
}

/// What the pages are made from.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) probes: Arc<Probes>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) perimeter: Perimeter,
    /// The runtime that does what takes longer than a look into memory.
    pub(crate) work: Handle,
}

impl Pages {
    /// Has something done by the runtime of the role, and waits for it.
    async fn work(
        &self,
        work: impl Future<Output = Response<Body>> + Send + 'static,
    ) -> Response<Body> {
        self.work.spawn(work).await.unwrap_or_else(|error| {
            reply::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("the page cannot be made: {error}\n"),
            )
        })
    }
}

/// The pages for load balancers and Prometheus. GET and HEAD are taken.
pub(crate) fn pages(pages: Pages) -> Router {
    let component = |name: &'static str| {
        get(async move |State(pages): State<Pages>| pages.probes.component(name))
    };
    Router::new()
        // It answers, so it lives. Whether mail is taken is asked of /readyz.
        .route(
            "/livez",
            get(async || reply::text(StatusCode::OK, "ok\n".to_owned())),
        )
        .route(
            "/readyz",
            get(async |State(pages): State<Pages>| pages.probes.ready()),
        )
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .route(
            "/health/{component}",
            get(
                async |State(pages): State<Pages>, Path(name): Path<String>| {
                    pages.probes.component(&name)
                },
            ),
        )
        .route(
            "/health/receive/{name}",
            get(
                async |State(pages): State<Pages>, Path(name): Path<String>| {
                    pages.probes.component(&format!("receive/{name}"))
                },
            ),
        )
        // What other firewalls poll.
        .route(
            "/perimeter/{list}",
            get(
                async |State(pages): State<Pages>, Path(list): Path<String>| {
                    let perimeter = pages.perimeter.clone();
                    pages.work(async move { perimeter.list(&list).await }).await
                },
            ),
        )
        // The paths that balancers in front of Exchange have been set up with.
        .route("/smtp/healthcheck.htm", component("smtp"))
        .route("/submission/healthcheck.htm", component("submission"))
        .route("/lmtp/healthcheck.htm", component("lmtp"))
        .route("/admin/healthcheck.htm", component("admin"))
        .fallback(async || {
            reply::fault(&Fault::not_found(
                "nothing is at this path",
                "GET /openapi.json describes every request of the admin socket",
            ))
        })
        .with_state(pages)
}

async fn healthz(
    State(pages): State<Pages>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let verbose = query.is_some_and(|query| {
        query
            .split('&')
            .any(|part| part.split('=').next() == Some("verbose"))
    });
    pages.probes.health(verbose, caller, &headers)
}

async fn metrics(State(pages): State<Pages>, headers: HeaderMap) -> Response<Body> {
    let meter = Arc::clone(&pages.meter);
    pages
        .work(async move { written(&meter, &headers).await })
        .await
}

async fn written(meter: &Meter, headers: &HeaderMap) -> Response<Body> {
    let families = meter.families().await;
    // Prometheus names what it prefers first and takes either.
    let accepts = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let open = accepts.is_some_and(|kinds| kinds.contains("application/openmetrics-text"));
    let written = match open {
        true => text::open_metrics(families),
        false => text::prometheus(families),
    };
    match written {
        Ok(written) => reply::metrics(written, open),
        Err(_) => reply::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics cannot be written\n".to_owned(),
        ),
    }
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
    let asker = Asker::of(&request);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let headers = request.headers().clone();
    // A connection may outlast the right it was let in by.
    if let Some(Asker::Local(local)) = &asker
        && !local.is_admitted(&access.administrators)
    {
        return reply::fault(&Fault::new(
            FaultKind::Refused,
            "you may not administer Mailward any more",
            "`mailward policy result`, asked by root, says which policy took you out",
        ));
    }
    let body = match body(op, request).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let call = op.from_wire(path.iter(), query.as_deref().unwrap_or_default(), &body);
    let call = match call {
        Ok(call) => call,
        Err(fault) => return reply::fault(&fault),
    };
    let peer = match asker {
        Some(Asker::Local(local)) => match asked_node(&headers, &access) {
            Ok(Some((node, on_behalf_of))) => {
                let target = uri.path_and_query().map_or("/", |target| target.as_str());
                let command = Command {
                    node,
                    call,
                    method,
                    target: target.to_owned(),
                    body,
                    on_behalf_of,
                };
                let answer = access.forward(command, local).await;
                return answer.unwrap_or_else(|fault| reply::fault(&fault));
            }
            Ok(None) => Ok(Peer::from(local)),
            Err(fault) => Err(fault),
        },
        Some(Asker::Machine(machine)) => match &access.remote {
            Some(remote) => access.admit(remote, &machine, &headers, &call).await,
            None => Err(nobody()),
        },
        // Only the Unix socket and the port for nodes have these routes, and they know their peers.
        None => Err(nobody()),
    };
    let peer = match peer {
        Ok(peer) => peer,
        Err(fault) => return reply::fault(&fault),
    };
    let delegate = match &peer.who {
        Who::Remote(delegate) => Some(Arc::clone(delegate)),
        Who::Local(_) => None,
    };
    let response = match access.answer(call, peer).await {
        Ok(Answer::Json(octets)) => match &delegate {
            Some(delegate) => reply::json(reply::marked(octets, delegate.acts_as)),
            None => reply::json(octets),
        },
        Ok(Answer::Message { total, pieces }) => reply::message(total, pieces),
        Err(fault) => return reply::fault(&fault),
    };
    match delegate {
        Some(delegate) => reply::acted_as(response, &delegate),
        None => response,
    }
}

/// Who asks for an operation.
enum Asker {
    Local(Local),
    Machine(Arc<Machine>),
}

impl Asker {
    fn of(request: &Request) -> Option<Asker> {
        let extensions = request.extensions();
        let from = request.headers().get(FROM_HEADER);
        let from = from.and_then(|value| value.to_str().ok()?.parse().ok());
        let local = extensions.get::<Local>();
        let local = local.map(|local| Asker::Local(local.saying(from)));
        let machine = || extensions.get::<Arc<Machine>>().cloned();
        local.or_else(|| machine().map(Asker::Machine))
    }
}

fn nobody() -> Fault {
    Fault::new(
        FaultKind::Refused,
        "it is not known who asks",
        "ask on the admin socket",
    )
}

/// The other node that a command on the admin socket is for, and on whose behalf it is given where
/// that is said.
fn asked_node(
    headers: &HeaderMap,
    access: &Access,
) -> Result<Option<(String, Option<String>)>, Fault> {
    let text = |name: &'static str| match headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value.to_owned())),
        Some(Err(_)) => Err(Fault::invalid(
            format!("{name} is not ASCII"),
            "write names in ASCII",
        )),
    };
    let on_behalf_of = text(remote::ON_BEHALF_OF)?;
    let node = text(remote::NODE)?.map(|node| node.to_ascii_lowercase());
    match node.filter(|node| !node.eq_ignore_ascii_case(access.node.as_str())) {
        Some(node) => Ok(Some((node, on_behalf_of))),
        None if on_behalf_of.is_some() => Err(Fault::invalid(
            "on whose behalf a command is given is said to another node only",
            "leave out --as, or name the node with --node",
        )),
        None => Ok(None),
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
