//! What the other nodes of the group ask: how this one is, and for its vote.
//!
//! Each question and each answer is signed with the group's key; a question that is not is answered
//! 403, and tells nothing. What is asked reaches the manager and the worker as typed values only.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode},
    routing::{get, post},
};
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    signed,
    view::LeaseAsk,
};
use mailward_host::clock::Clock;
use serde::Serialize;

use super::reply;

/// Octets of a question.
const QUESTION_OCTETS_MAX: usize = 4096;
/// How long a role of this node may take.
const ROLE_MAX: Duration = Duration::from_millis(1500);

struct Group {
    run_dir: PathBuf,
    key: Vec<u8>,
    clock: Arc<dyn Clock>,
}

/// The routes for the other members of a group with this key.
pub(crate) fn routes(run_dir: PathBuf, key: Vec<u8>, clock: Arc<dyn Clock>) -> Router {
    let group = Arc::new(Group {
        run_dir,
        key,
        clock,
    });
    Router::new()
        .route("/v1/group", get(status))
        .route("/v1/group/lease", post(lease))
        .layer(DefaultBodyLimit::max(QUESTION_OCTETS_MAX))
        .with_state(group)
}

async fn status(State(group): State<Arc<Group>>, head: HeaderMap) -> Response<Body> {
    let Some(signature) = group.signature(&head, "GET", "/v1/group", b"") else {
        return refused();
    };
    match group.ask(Role::Worker, ControlRequest::GroupStatus).await {
        Some(ControlReply::Group(status)) => group.answer(signature, &status),
        _ => silent(),
    }
}

async fn lease(State(group): State<Arc<Group>>, head: HeaderMap, body: Bytes) -> Response<Body> {
    let Some(signature) = group.signature(&head, "POST", "/v1/group/lease", &body) else {
        return refused();
    };
    let Ok(ask) = serde_json::from_slice::<LeaseAsk>(&body) else {
        return reply::fault_as(
            StatusCode::BAD_REQUEST,
            "the question for the lease cannot be read",
            "run the same version on all nodes of the group",
        );
    };
    match group.ask(Role::Manager, ControlRequest::Lease(ask)).await {
        Some(ControlReply::Lease(vote)) => group.answer(signature, &vote),
        _ => silent(),
    }
}

impl Group {
    /// The signature of a question, where it is right and of the present.
    fn signature<'a>(
        &self,
        head: &'a HeaderMap,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Option<&'a str> {
        let time = head.get(signed::TIME_FIELD)?.to_str().ok()?;
        let signature = head.get(signed::SIGNATURE_FIELD)?.to_str().ok()?;
        let parts = [method.as_bytes(), path.as_bytes(), time.as_bytes(), body];
        let asked_unix_ms = time.parse().ok()?;
        (signed::verify(&self.key, &parts, signature)
            && signed::is_present(asked_unix_ms, self.clock.unix_ms()))
        .then_some(signature)
    }

    async fn ask(&self, role: Role, request: ControlRequest) -> Option<ControlReply> {
        control::call(&role.socket(&self.run_dir), &request, ROLE_MAX)
            .await
            .ok()
    }

    /// An answer, signed together with the question it belongs to.
    fn answer(&self, question: &str, view: &impl Serialize) -> Response<Body> {
        let octets = serde_json::to_vec(view).unwrap_or_default();
        let signature = signed::sign(&self.key, &[question.as_bytes(), &octets]);
        let mut response = reply::json(octets);
        if let Ok(value) = HeaderValue::from_str(&signature) {
            response
                .headers_mut()
                .insert(signed::SIGNATURE_FIELD, value);
        }
        response
    }
}

fn refused() -> Response<Body> {
    reply::fault_as(
        StatusCode::FORBIDDEN,
        "the question is not signed with the key of this group, or not of the present",
        "give all nodes the same key file, and let their clocks agree",
    )
}

fn silent() -> Response<Body> {
    reply::fault_as(
        StatusCode::SERVICE_UNAVAILABLE,
        "the role that would know does not answer",
        "`mailward status` on that node shows its roles",
    )
}
