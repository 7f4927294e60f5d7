//! Pages for load balancers and Prometheus: is it alive, does it take mail, is it healthy, how much.
//!
//! Answers come from what the roles said at most a second ago, so that however often they are asked
//! for, each role is asked once a second. Without a sign-in they tell states and counts, never an
//! address, a name from mail, or a reason in detail.

mod metrics;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    view::{HealthState, ManagerStatus, QueueHealth, TransportStatus, WorkerStatus},
};
use mailward_host::clock::Clock;
use tokio::sync::Mutex;

use crate::http::reply;

/// How old what the roles said may be.
const FRESH: Duration = Duration::from_secs(1);
/// How long a role may take. Load balancers wait two or three seconds, seldom longer.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// What the roles said; `None` where one did not answer.
#[derive(Debug, Default)]
struct Heard {
    transport: Option<TransportStatus>,
    manager: Option<ManagerStatus>,
    worker: Option<WorkerStatus>,
}

/// The pages' source.
pub(crate) struct Probes {
    run_dir: PathBuf,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Duration, Arc<Heard>)>>,
}

impl Probes {
    pub(crate) fn new(run_dir: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Probes {
            run_dir,
            clock,
            last: Mutex::new(None),
        }
    }

    /// What the roles said a moment ago. While one caller asks, the others wait for its answer.
    async fn heard(&self) -> Arc<Heard> {
        let mut last = self.last.lock().await;
        let now = self.clock.monotonic();
        if let Some((at, heard)) = last.as_ref()
            && now.saturating_sub(*at) < FRESH
        {
            return Arc::clone(heard);
        }
        let (transport, manager, worker) = tokio::join!(
            self.status(Role::Transport),
            self.status(Role::Manager),
            self.status(Role::Worker)
        );
        let heard = Arc::new(Heard {
            transport: match transport {
                Some(ControlReply::Transport(status)) => Some(status),
                _ => None,
            },
            manager: match manager {
                Some(ControlReply::Manager(status)) => Some(status),
                _ => None,
            },
            worker: match worker {
                Some(ControlReply::Worker(status)) => Some(status),
                _ => None,
            },
        });
        *last = Some((self.clock.monotonic(), Arc::clone(&heard)));
        heard
    }

    async fn status(&self, role: Role) -> Option<ControlReply> {
        let socket = role.socket(&self.run_dir);
        control::call(&socket, &ControlRequest::Status, TIMEOUT)
            .await
            .ok()
    }

    /// `/readyz`: 200 where new mail is taken.
    pub(crate) async fn ready(&self, node: &str) -> Response<Body> {
        let heard = self.heard().await;
        match not_ready(&heard) {
            None => reply::text(StatusCode::OK, format!("ok {node}\n")),
            Some(word) => reply::text(StatusCode::SERVICE_UNAVAILABLE, format!("{word} {node}\n")),
        }
    }

    /// `/healthz`: 200 where nothing needs attention; with `?verbose` a line for each part.
    pub(crate) async fn health(&self, node: &str, verbose: bool) -> Response<Body> {
        let heard = self.heard().await;
        let mut parts: Vec<(String, bool, &str)> = vec![match not_ready(&heard) {
            None => ("transport".to_owned(), true, "ok"),
            Some(word) => ("transport".to_owned(), false, word),
        }];
        parts.push(match &heard.manager {
            Some(_) => ("manager".to_owned(), true, "ok"),
            None => ("manager".to_owned(), false, "unreachable"),
        });
        match &heard.worker {
            Some(worker) => parts.extend(
                worker
                    .sets
                    .iter()
                    .map(|(set, state)| (format!("set {set}"), !state.is_bad(), state.word())),
            ),
            None => parts.push(("worker".to_owned(), false, "unreachable")),
        }
        let well = parts.iter().all(|(_, well, _)| *well);
        let status = if well {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let word = if well { "ok" } else { "unhealthy" };
        let mut text = String::new();
        if verbose {
            for (part, well, word) in &parts {
                let sign = if *well { '+' } else { '-' };
                text.push_str(&format!("[{sign}] {part}: {word}\n"));
            }
        }
        text.push_str(&format!("{word} {node}\n"));
        reply::text(status, text)
    }

    /// `/metrics`.
    pub(crate) async fn metrics(&self) -> Response<Body> {
        match metrics::render(self.heard().await) {
            Ok(text) => reply::metrics(text),
            Err(_) => reply::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the metrics cannot be written\n".to_owned(),
            ),
        }
    }
}

/// Why no new mail is taken, in a word or two; `None` where it is.
fn not_ready(heard: &Heard) -> Option<&'static str> {
    let Some(transport) = &heard.transport else {
        return Some("unreachable");
    };
    if transport.gate.closed {
        return Some("draining");
    }
    match transport.queue.health {
        QueueHealth::Ok => None,
        QueueHealth::Full => Some("disk full"),
        QueueHealth::Failing => Some("disk failing"),
    }
}

/// The number a health state is told as: higher is worse.
fn severity(state: HealthState) -> i64 {
    match state {
        HealthState::Healthy => 0,
        HealthState::Disabled => 1,
        HealthState::Unknown => 2,
        HealthState::Recovering => 3,
        HealthState::Suspect => 4,
        HealthState::Unavailable => 5,
        HealthState::Degraded => 6,
        HealthState::Unhealthy => 7,
        HealthState::Unrecoverable => 8,
    }
}
