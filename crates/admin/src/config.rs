//! What the admin API is started with.

use std::{io, net::TcpListener, os::unix::net::UnixListener, path::PathBuf, sync::Arc};

use mailward_api::control::{BindError, bind};
use mailward_events::{Events, audit::AuditLog};
use mailward_host::clock::Clock;
use mailward_model::Domain;
use mailward_store::Store;
use mailward_tls::untrusted::feed::Shelf;
use tokio::task::JoinHandle;

use crate::{
    administrators::Administrators,
    answer::{Access, Perimeter},
    delegation::{Remote, RemoteConfig},
    http::{
        self,
        front::{Front, Sockets, listening},
        route::Pages,
    },
    metric::{Feeds, Meter},
    otlp::{Export, OtlpConfig, Resource, Tally},
    peer::Caller,
    probe::Probes,
    sync::DirectorySync,
};

/// What the admin API needs.
pub struct AdminConfig {
    /// Where the roles' control sockets are.
    pub run_dir: PathBuf,
    /// The event logs of all roles.
    pub events_dir: PathBuf,
    /// The message tracking log.
    pub tracking_dir: PathBuf,
    /// The administrator audit log.
    pub audit_dir: PathBuf,
    /// What is known of sender feeds.
    pub perimeter_dir: PathBuf,
    /// What is known of feeds of the untrusted list.
    pub untrusted_dir: PathBuf,
    /// The file of what was told of Mailward's own groups.
    pub own_groups_file: PathBuf,
    /// The node's name.
    pub node: Domain,
    /// The objects.
    pub store: Store,
    /// Where audit events go.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The key of the group of nodes; without one there is no group, and no page for it.
    pub group_key: Option<Vec<u8>>,
    /// The admin socket, where the manager holds it open; else it is opened here.
    pub unix: Option<UnixListener>,
    /// An open socket for health pages and metrics; those are then served without a sign-in, to
    /// whoever reaches it.
    pub http: Option<TcpListener>,
    /// An open socket for the agent that balancers ask.
    pub agent: Option<TcpListener>,
    /// Who is told the reasons behind a state.
    pub details: Details,
    /// Roots trusted besides the system's, by directory sources.
    pub extra_roots: Option<PathBuf>,
    /// Where metrics and events are exported to.
    pub otlp: Option<OtlpConfig>,
    /// What commands from and for other nodes need; without it there are none.
    pub remote: Option<RemoteConfig>,
}

/// Whom reasons are told that reaches the health pages without a sign-in. On the admin socket they
/// are told always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailsTo {
    /// Whoever asks from this host, and not through a proxy that says so.
    #[default]
    Loopback,
    /// Whoever shows the token, and nobody else.
    Token,
    /// Whoever reaches the port.
    Anyone,
}

/// Who is told reasons.
#[derive(Clone, Default)]
pub struct Details {
    /// Whom without the token.
    pub to: DetailsTo,
    /// The token: whoever shows it is told them from anywhere.
    pub token: Option<String>,
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Details")
            .field("to", &self.to)
            .field("token", &self.token.is_some())
            .finish()
    }
}

impl Details {
    /// Whether this caller is told reasons. `given` is the token shown, `forwarded` whether a proxy
    /// asks for someone else.
    pub(crate) fn allow(&self, caller: Caller, given: Option<&str>, forwarded: bool) -> bool {
        let from = match caller {
            Caller::Admitted => return true,
            Caller::Outside(from) => from.to_canonical(),
        };
        let known = match (&self.token, given) {
            (Some(token), Some(given)) => is_same(token.as_bytes(), given.as_bytes()),
            _ => false,
        };
        known
            || match self.to {
                DetailsTo::Loopback => from.is_loopback() && !forwarded,
                DetailsTo::Token => false,
                DetailsTo::Anyone => true,
            }
    }
}

/// Compares without telling by its time how much agreed.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one
        .iter()
        .zip(other)
        .fold(0, |differs, (a, b)| differs | (a ^ b));
    one.len() == other.len() && differs == 0
}

/// Why the admin API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its Unix socket cannot be opened.
    #[error("the admin socket cannot be opened")]
    Bind(#[from] BindError),
    /// A listening socket cannot be used.
    #[error("a listening socket cannot be used")]
    Listen(#[source] io::Error),
}

/// The running admin API; dropped, it stops listening and its connections end.
#[derive(Debug)]
pub struct AdminServer {
    tasks: Vec<JoinHandle<()>>,
    front: Option<Front>,
}

impl AdminServer {
    /// How often the thread of the pages has come round; `None` where there is none.
    pub fn pages(&self) -> Option<u64> {
        self.front.as_ref().map(Front::count)
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Answers on the admin socket, and on the health port where there is one. Where no socket is given,
/// `<run_dir>/admin.sock` (0600) is opened. Must be called inside a tokio runtime.
///
/// # Errors
/// [`ServeError`] where a socket cannot be opened.
pub fn serve(config: AdminConfig) -> Result<AdminServer, ServeError> {
    let unix = match config.unix {
        Some(unix) => {
            unix.set_nonblocking(true).map_err(ServeError::Listen)?;
            unix
        }
        None => bind(&config.run_dir.join("admin.sock"))?,
    };
    let unix = tokio::net::UnixListener::from_std(unix).map_err(ServeError::Listen)?;
    let exports = Arc::new(Tally::default());
    let probes = Arc::new(Probes::start(
        config.node.to_string(),
        config.run_dir.clone(),
        Arc::clone(&config.clock),
        config.details,
    ));
    let group = config.group_key.map(|key| {
        let clock = Arc::clone(&config.clock);
        http::group::routes(config.run_dir.clone(), key, clock)
    });
    let meter = Arc::new(Meter::new(
        config.run_dir.clone(),
        Arc::clone(&config.clock),
        config.events.clone(),
        Arc::clone(&probes),
        Arc::clone(&exports),
        Feeds::new(
            config.store.clone(),
            config.perimeter_dir.clone(),
            Shelf::new(&config.untrusted_dir),
            Arc::clone(&config.clock),
        ),
    ));
    let remote = config.remote.as_ref();
    let remote = remote.map(|remote| Remote::new(config.node.as_str(), remote));
    let nodes = config.remote.and_then(|remote| remote.listener);
    let nodes = nodes
        .map(listening)
        .transpose()
        .map_err(ServeError::Listen)?;
    let mut tasks = Vec::new();
    let node = config.node.clone();
    if let Some(otlp) = config.otlp {
        let export = Export {
            config: otlp,
            resource: Resource {
                node: config.node.to_string(),
            },
            meter: Arc::clone(&meter),
            store: config.store.clone(),
            events: config.events.clone(),
            clock: Arc::clone(&config.clock),
            tally: exports,
        };
        tasks.extend(export.start());
    }
    let directory = DirectorySync::new(
        config.store.clone(),
        config.events.clone(),
        Arc::clone(&config.clock),
        config.extra_roots,
    );
    tasks.push(tokio::spawn(Arc::clone(&directory).run()));
    let perimeter = Perimeter::new(
        config.store.clone(),
        config.perimeter_dir,
        Arc::clone(&config.clock),
    );
    let administrators = Arc::new(Administrators::new(
        config.store.clone(),
        config.node.clone(),
        config.events.clone(),
        config.own_groups_file,
    ));
    tasks.push(tokio::spawn(Arc::clone(&administrators).follow()));
    let access = Arc::new(Access {
        run_dir: config.run_dir,
        events_dir: config.events_dir,
        tracking_dir: config.tracking_dir,
        perimeter: perimeter.clone(),
        untrusted: Shelf::new(config.untrusted_dir),
        store: config.store,
        administrators: Arc::clone(&administrators),
        events: config.events.clone(),
        clock: config.clock,
        directory,
        node,
        remote: remote.clone(),
        audit_log: Arc::new(AuditLog::new(&config.audit_dir)),
        refusals: parking_lot::Mutex::default(),
    });
    if let (Some(nodes), Some(remote)) = (nodes, remote) {
        let router = http::route::commands(Arc::clone(&access));
        let served = http::remote::serve(nodes, router, remote, config.events);
        tasks.push(tokio::spawn(served));
    }
    let pages = Pages {
        probes: Arc::clone(&probes),
        meter,
        perimeter,
        work: tokio::runtime::Handle::current(),
    };
    let operations = http::route::operations(access, pages.clone());
    tasks.push(tokio::spawn(http::listen::unix(
        unix,
        operations,
        administrators,
    )));
    let mut pages = http::route::pages(pages);
    if let Some(group) = group {
        pages = pages.merge(group);
    }
    let sockets = Sockets {
        http: config.http,
        agent: config.agent,
    };
    let front = Front::start(sockets, pages, probes).map_err(ServeError::Listen)?;
    Ok(AdminServer { tasks, front })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_to_those_who_may_know_them() {
        let secret = Some("correct horse".to_owned());
        for (to, token, from, given, forwarded, expect) in [
            (DetailsTo::Loopback, None, "127.0.0.1", None, false, true),
            (DetailsTo::Loopback, None, "::1", None, false, true),
            (
                DetailsTo::Loopback,
                None,
                "::ffff:127.0.0.1",
                None,
                false,
                true,
            ),
            (DetailsTo::Loopback, None, "127.0.0.1", None, true, false),
            (DetailsTo::Loopback, None, "192.0.2.7", None, false, false),
            (
                DetailsTo::Loopback,
                None,
                "192.0.2.7",
                Some("x"),
                false,
                false,
            ),
            (
                DetailsTo::Loopback,
                secret.clone(),
                "192.0.2.7",
                Some("correct horse"),
                true,
                true,
            ),
            (
                DetailsTo::Token,
                secret.clone(),
                "127.0.0.1",
                None,
                false,
                false,
            ),
            (
                DetailsTo::Token,
                secret.clone(),
                "127.0.0.1",
                Some("correct hors"),
                false,
                false,
            ),
            (
                DetailsTo::Token,
                secret.clone(),
                "127.0.0.1",
                Some(""),
                false,
                false,
            ),
            (
                DetailsTo::Token,
                secret,
                "127.0.0.1",
                Some("correct horse"),
                false,
                true,
            ),
            (DetailsTo::Token, None, "127.0.0.1", Some(""), false, false),
            (DetailsTo::Anyone, None, "192.0.2.7", None, true, true),
        ] {
            let caller = Caller::Outside(from.parse().unwrap());
            let details = Details { to, token };
            let found = details.allow(caller, given, forwarded);
            assert_eq!(found, expect, "{details:?} {from} {given:?} {forwarded}");
        }
    }
}
