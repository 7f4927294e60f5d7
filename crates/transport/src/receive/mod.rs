//! Mail in: connections are accepted, a connector is chosen, a session is held, and its messages
//! are made durable.
//!
//! [`Receiver`] owns the accept loops and knows who is connected. The decisions are pure functions:
//! [`choose`](mod@choose) which connector, `policy` who may send to whom, `accept` what a message
//! is. The protocol is [`mailward_proto::server`]'s.
//!
//! Invariant: no 250 behind a message before the queue has synced it. A connector can be restarted
//! without its listening socket being closed, so that no connection is refused.
//!
//! Never here: opening sockets (the manager does), a timer per read, a buffer per connection.

pub(crate) mod accept;
mod authenticate;
pub mod choose;
mod connection;
mod desk;
pub(crate) mod factors;
mod incoming;
mod occupancy;
mod patience;
pub(crate) mod policy;
mod proxy;
pub(crate) mod record;
mod silent;
mod stream;
pub mod table;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use mailward_events::Event;
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::{net::TcpListener, sync::Notify, task::AbortHandle};

pub use authenticate::Authenticator;
pub use occupancy::SessionCount;

use self::occupancy::Occupancy;
use crate::Shared;

/// How long an accept loop waits after the kernel had no descriptor or memory for a connection.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// Receives mail on the listening sockets it was given.
pub struct Receiver {
    inner: Arc<Inner>,
    loops: Mutex<Vec<AcceptLoop>>,
}

/// What the accept loops and the connections share.
pub(crate) struct Inner {
    shared: Arc<Shared>,
    occupancies: Mutex<HashMap<String, Arc<Occupancy>>>,
    silent: silent::Silent,
    draining: AtomicBool,
    /// Connections being served.
    present: AtomicUsize,
    empty: Notify,
}

struct AcceptLoop {
    listener: Arc<TcpListener>,
    address: SocketAddr,
    task: AbortHandle,
}

impl Receiver {
    /// Begins to accept connections. Must be called inside a tokio runtime.
    pub fn start(shared: Arc<Shared>, listeners: Vec<std::net::TcpListener>) -> Receiver {
        let inner = Arc::new(Inner {
            shared,
            occupancies: Mutex::default(),
            silent: silent::Silent::default(),
            draining: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            empty: Notify::new(),
        });
        let loops = listeners
            .into_iter()
            .filter_map(|listener| match inner.accept_loop(listener) {
                Ok(accept_loop) => Some(accept_loop),
                Err(error) => {
                    inner.shared.events.emit(Event::ConnectorBindFailed {
                        connector: "(inherited)".to_owned(),
                        binding: "(inherited)".to_owned(),
                        error: error.to_string(),
                    });
                    None
                }
            })
            .collect();
        Receiver {
            inner,
            loops: Mutex::new(loops),
        }
    }

    /// Sessions of each connector that has had one.
    pub fn sessions(&self) -> Vec<SessionCount> {
        let occupancies = self.inner.occupancies.lock();
        let mut counts: Vec<SessionCount> = occupancies
            .values()
            .map(|o| o.count(&*self.inner.shared.clock))
            .collect();
        drop(occupancies);
        counts.sort_by(|a, b| a.connector.cmp(&b.connector));
        counts
    }

    /// Ends the sessions of a connector with 421 and begins its accept loops anew; the listening
    /// sockets stay open. False where no such connector is in force.
    pub fn restart_connector(&self, name: &str) -> bool {
        let shared = &self.inner.shared;
        let Some(connector) = shared.snapshot.load().receive_connector(name).cloned() else {
            return false;
        };
        if !self.inner.is_draining() {
            let mut loops = self.loops.lock();
            let bindings = &connector.spec.bindings;
            for accept_loop in loops.iter_mut().filter(|l| {
                let address = l.address;
                let is_wild = address.ip().is_unspecified();
                bindings
                    .iter()
                    .any(|b| b.takes(address) || is_wild && b.port == address.port())
            }) {
                accept_loop.task.abort();
                accept_loop.task = self
                    .inner
                    .spawn_loop(&accept_loop.listener, accept_loop.address);
            }
        }
        let sessions = self.inner.occupancy(&connector.name).restart();
        let event = Event::ConnectorRestarted {
            connector: connector.name.clone(),
            sessions: sessions.into(),
        };
        shared.events.emit(event);
        true
    }

    /// Makes a connector accept connections and never answer, until it is restarted or the time is
    /// over: a fault for drills. False where no such connector is in force, or the node allows no
    /// faults.
    pub fn wedge(&self, name: &str, span: Duration) -> bool {
        let shared = &self.inner.shared;
        let Some(connector) = shared.snapshot.load().receive_connector(name).cloned() else {
            return false;
        };
        if !shared.node.allow_faults {
            return false;
        }
        self.inner
            .occupancy(&connector.name)
            .wedge(&*shared.clock, span);
        shared.events.emit(Event::ConnectorWedged {
            connector: connector.name.clone(),
        });
        true
    }

    /// Ends every wedge; the connections held by it are greeted.
    pub fn unwedge(&self) {
        for occupancy in self.inner.occupancies.lock().values() {
            occupancy.unwedge();
        }
    }

    /// The ranges of connectors may have changed: open sessions look whether they are still within
    /// them, where their connector wants to know.
    pub fn ranges_changed(&self) {
        for occupancy in self.inner.occupancies.lock().values() {
            occupancy.ranges_changed();
        }
    }

    /// Has every session look at what has changed about it.
    pub fn wake(&self) {
        for occupancy in self.inner.occupancies.lock().values() {
            occupancy.wake();
        }
    }

    /// Takes no more connections, ends idle sessions with 421, lets open transactions end, and
    /// resolves when nobody is connected. Connections that come meanwhile wait in the kernel for
    /// the next process that has the listening sockets.
    pub async fn drain(&self) {
        self.inner.draining.store(true, Ordering::SeqCst);
        for accept_loop in self.loops.lock().drain(..) {
            accept_loop.task.abort();
        }
        let occupancies: Vec<_> = self.inner.occupancies.lock().values().cloned().collect();
        for occupancy in occupancies {
            occupancy.wake();
        }
        loop {
            let empty = self.inner.empty.notified();
            if self.inner.present.load(Ordering::SeqCst) == 0 {
                return;
            }
            empty.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        for accept_loop in self.loops.lock().drain(..) {
            accept_loop.task.abort();
        }
    }
}

impl Inner {
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn occupancy(&self, connector: &str) -> Arc<Occupancy> {
        let mut occupancies = self.occupancies.lock();
        match occupancies.get(connector) {
            Some(occupancy) => Arc::clone(occupancy),
            None => {
                let occupancy = Arc::new(Occupancy::new(connector));
                occupancies.insert(connector.to_owned(), Arc::clone(&occupancy));
                occupancy
            }
        }
    }

    fn accept_loop(
        self: &Arc<Self>,
        listener: std::net::TcpListener,
    ) -> std::io::Result<AcceptLoop> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        // Accepted sockets inherit it: replies leave at once, and no connection pays a call for it.
        SockRef::from(&listener).set_tcp_nodelay(true)?;
        let listener = Arc::new(TcpListener::from_std(listener)?);
        let task = self.spawn_loop(&listener, address);
        Ok(AcceptLoop {
            listener,
            address,
            task,
        })
    }

    fn spawn_loop(
        self: &Arc<Self>,
        listener: &Arc<TcpListener>,
        address: SocketAddr,
    ) -> AbortHandle {
        let (inner, listener) = (Arc::clone(self), Arc::clone(listener));
        tokio::spawn(async move { inner.accept_from(&listener, address).await }).abort_handle()
    }

    async fn accept_from(self: Arc<Self>, listener: &TcpListener, address: SocketAddr) {
        loop {
            let (stream, remote) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_about_one_connection(&error) => continue,
                Err(error) => {
                    let (binding, error) = (address.to_string(), error.to_string());
                    self.shared
                        .events
                        .emit(Event::AcceptFailing { binding, error });
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            };
            let local = if address.ip().is_unspecified() {
                match stream.local_addr() {
                    Ok(local) => local,
                    // The client has gone before it was looked at.
                    Err(_) => continue,
                }
            } else {
                address
            };
            let present = Present::new(&self);
            let inner = Arc::clone(&self);
            let canonical =
                |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
            let (local, remote) = (canonical(local), canonical(remote));
            tokio::spawn(async move {
                connection::serve(inner, stream, local, remote).await;
                drop(present);
            });
        }
    }
}

/// True where the error belongs to the connection that was to be accepted, not to the socket
/// (accept(2): pending network errors are passed to the caller).
fn is_about_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
    )
}

/// Counts a connection while it is served.
struct Present(Arc<Inner>);

impl Present {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.present.fetch_add(1, Ordering::SeqCst);
        Present(Arc::clone(inner))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        if self.0.present.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.empty.notify_waiters();
        }
    }
}
