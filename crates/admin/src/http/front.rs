//! The thread that answers load balancers: health pages and the agent, on a runtime of their own, so
//! that no administrator's long request, no export and no directory sync is waited for by a balancer
//! that takes a node out after a second.
//!
//! Never here: work. What takes more than a look into memory is done by the runtime of the role, and
//! this thread waits for its answer.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use axum::Router;
use mailward_host::pulse::{self, Pulse};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinSet};

use super::listen;
use crate::probe::{self, Probes};

/// How often its count grows: several times before the manager, which waits for seconds, begins to
/// doubt.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Threads for what blocks. Nothing here does.
const BLOCKING_MAX: usize = 1;

/// The sockets it serves.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// Of the pages.
    pub(crate) http: Option<TcpListener>,
    /// Of the agent.
    pub(crate) agent: Option<TcpListener>,
}

/// The running thread. Dropped, it ends, and its connections with it.
#[derive(Debug)]
pub(crate) struct Front {
    pulse: Pulse,
    /// Dropped with this value: that is what the thread waits for.
    _end: oneshot::Sender<()>,
}

impl Front {
    /// Begins to serve these sockets; `None` where there are none.
    ///
    /// # Errors
    /// The system's, where a socket cannot be used or the thread not be started.
    pub(crate) fn start(
        sockets: Sockets,
        pages: Router,
        probes: Arc<Probes>,
    ) -> io::Result<Option<Front>> {
        if sockets.http.is_none() && sockets.agent.is_none() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_MAX)
            .build()?;
        let pulse = pulse::named("pages");
        let served = serve(&runtime, sockets, pages, probes, pulse.clone())?;
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new()
            .name("pages".to_owned())
            .spawn(move || {
                // The other end is never used but to be dropped.
                let _ = runtime.block_on(ended);
                drop(served);
            })?;
        Ok(Some(Front { pulse, _end: end }))
    }

    /// How often its loop has come round.
    pub(crate) fn count(&self) -> u64 {
        self.pulse.count()
    }
}

/// Serves the sockets on a runtime, which need not run yet.
fn serve(
    runtime: &Runtime,
    sockets: Sockets,
    pages: Router,
    probes: Arc<Probes>,
    pulse: Pulse,
) -> io::Result<JoinSet<()>> {
    let _inside = runtime.enter();
    let mut served = JoinSet::new();
    if let Some(http) = sockets.http {
        served.spawn(listen::tcp(listening(http)?, pages));
    }
    if let Some(agent) = sockets.agent {
        served.spawn(probe::agent::serve(listening(agent)?, probes));
    }
    served.spawn(async move {
        loop {
            pulse.beat("nothing: it only counts");
            tokio::time::sleep(COUNT_EVERY).await;
        }
    });
    Ok(served)
}

/// A socket of the runtime that is entered.
pub(crate) fn listening(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}
