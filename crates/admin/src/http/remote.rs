//! Connections of other nodes: mutual TLS, and one command each.
//!
//! Whoever shows no certificate of the nodes' authority is heard no further than the handshake. Every
//! connection shows its certificate anew, and no early data is taken, so that octets that were recorded
//! are worth nothing.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, Response, body::Incoming};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use mailward_events::{Event, Events, chain};
use mailward_tls::machine_of;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::listen::http;
use crate::{
    accept,
    delegation::{Machine, Remote},
};

/// Connections of nodes at one time.
const CONNECTIONS_MAX: usize = 128;
/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// How long a command may take in all: forced probes and large answers take the longest.
const LIFETIME_MAX: Duration = Duration::from_secs(600);

/// A router that tells its routes which machine asks.
struct ForMachine {
    router: TowerToHyperService<Router>,
    machine: Arc<Machine>,
}

impl hyper::service::Service<Request<Incoming>> for ForMachine {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future =
        <TowerToHyperService<Router> as hyper::service::Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Arc::clone(&self.machine));
        self.router.call(request)
    }
}

/// Serves other nodes.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    remote: Arc<Remote>,
    events: Events,
) {
    accept::each(CONNECTIONS_MAX, listener, |(stream, from)| {
        let (router, remote, events) = (router.clone(), Arc::clone(&remote), events.clone());
        async move {
            let Some((stream, machine)) = greet(stream, from, remote, &events).await else {
                return;
            };
            let service = ForMachine {
                router: TowerToHyperService::new(router),
                machine: Arc::new(machine),
            };
            let connection = http()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A node that breaks off or breaks the protocol has its answer already.
            let _ = tokio::time::timeout(LIFETIME_MAX, connection).await;
        }
    })
    .await;
}

/// The handshake, and who it is; `None` for whoever is none of ours, which is told.
async fn greet(
    stream: TcpStream,
    from: SocketAddr,
    remote: Arc<Remote>,
    events: &Events,
) -> Option<(TlsStream<TcpStream>, Machine)> {
    let refuse = |error: String| {
        events.emit(Event::RemotePeerRefused {
            client: from.ip(),
            error,
        });
    };
    let config = tokio::task::spawn_blocking(move || remote.tls.server()).await;
    let config = match config {
        Ok(Ok(config)) => config,
        Ok(Err(error)) => {
            events.emit(Event::RemoteAdministrationUnusable {
                file: error.file.display().to_string(),
                error: error.problem,
            });
            return None;
        }
        Err(_) => return None,
    };
    let handshake = TlsAcceptor::from(config).accept(stream);
    let stream = match tokio::time::timeout(HANDSHAKE_MAX, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            refuse(chain(&error));
            return None;
        }
        Err(_) => {
            refuse(format!("no handshake within {HANDSHAKE_MAX:?}"));
            return None;
        }
    };
    let Some(name) = machine_of(stream.get_ref().1) else {
        refuse("its certificate has not exactly one DNS name".to_owned());
        return None;
    };
    let machine = Machine {
        name,
        address: from.ip(),
    };
    Some((stream, machine))
}
