//! Accepting connections and serving HTTP/1.1 on them.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, Response, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, UnixListener};

use crate::{
    accept,
    administrators::Administrators,
    peer::{Caller, Local},
};

/// Connections of administrators at one time.
const UNIX_CONNECTIONS_MAX: usize = 64;
/// Connections to the health pages at one time: load balancers and Prometheus.
const TCP_CONNECTIONS_MAX: usize = 128;
/// How long a client may take for a request's head, or be silent between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection to the health pages may last in all.
const TCP_LIFETIME_MAX: Duration = Duration::from_secs(15);
/// Octets of a request's head.
const HEAD_OCTETS_MAX: usize = 32 << 10;
/// Header fields of a request.
const HEADERS_MAX: usize = 64;

/// A router that tells its routes who asks.
struct ForPeer {
    router: TowerToHyperService<Router>,
    caller: Caller,
    /// Who it is on the Unix socket.
    local: Option<Local>,
}

impl hyper::service::Service<Request<Incoming>> for ForPeer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future =
        <TowerToHyperService<Router> as hyper::service::Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.caller);
        if let Some(local) = self.local {
            request.extensions_mut().insert(local);
        }
        self.router.call(request)
    }
}

pub(super) fn http() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_OCTETS_MAX)
        .max_headers(HEADERS_MAX);
    builder
}

/// Serves administrators: root, this process's user, and whom policies admit; nobody else.
pub(crate) async fn unix(
    listener: UnixListener,
    router: Router,
    administrators: Arc<Administrators>,
) {
    accept::each(UNIX_CONNECTIONS_MAX, listener, |stream| {
        let router = router.clone();
        let administrators = Arc::clone(&administrators);
        async move {
            let Some(local) = Local::admit(&stream, &administrators) else {
                return;
            };
            let service = ForPeer {
                router: TowerToHyperService::new(router),
                caller: Caller::Admitted,
                local: Some(local),
            };
            // A client that breaks off or breaks the protocol has its answer already.
            let _ = http().serve_connection(TokioIo::new(stream), service).await;
        }
    })
    .await;
}

/// Serves the health pages to whoever reaches the port: one request per connection, and little time.
pub(crate) async fn tcp(listener: TcpListener, router: Router) {
    accept::each(TCP_CONNECTIONS_MAX, listener, |(stream, from)| {
        let service = ForPeer {
            router: TowerToHyperService::new(router.clone()),
            caller: Caller::Outside(from.ip()),
            local: None,
        };
        let connection = http()
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        async move {
            let _ = tokio::time::timeout(TCP_LIFETIME_MAX, connection).await;
        }
    })
    .await;
}
