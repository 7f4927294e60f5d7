//! What the admin API is started with.

use std::{io, net::TcpListener, os::unix::net::UnixListener, path::PathBuf, sync::Arc};

use mailward_api::control::{BindError, bind};
use mailward_events::Events;
use mailward_host::clock::Clock;
use mailward_store::Store;
use tokio::task::JoinHandle;

use crate::{answer::Access, http, probe::Probes};

/// What the admin API needs.
pub struct AdminConfig {
    /// Where the roles' control sockets are.
    pub run_dir: PathBuf,
    /// The event logs of all roles.
    pub events_dir: PathBuf,
    /// The message tracking log.
    pub tracking_dir: PathBuf,
    /// The node's name, for health pages.
    pub node: String,
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
    let tcp = config
        .http
        .map(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        })
        .transpose()
        .map_err(ServeError::Listen)?;
    let probes = Arc::new(Probes::new(
        config.run_dir.clone(),
        Arc::clone(&config.clock),
    ));
    let group = config.group_key.map(|key| {
        let clock = Arc::clone(&config.clock);
        http::group::routes(config.run_dir.clone(), key, clock)
    });
    let access = Arc::new(Access {
        run_dir: config.run_dir,
        events_dir: config.events_dir,
        tracking_dir: config.tracking_dir,
        store: config.store,
        events: config.events,
        clock: config.clock,
    });
    let mut tasks = vec![tokio::spawn(http::listen::unix(
        unix,
        http::route::operations(access, Arc::clone(&probes), &config.node),
    ))];
    if let Some(tcp) = tcp {
        let mut pages = http::route::pages(probes, &config.node);
        if let Some(group) = group {
            pages = pages.merge(group);
        }
        tasks.push(tokio::spawn(http::listen::tcp(tcp, pages)));
    }
    Ok(AdminServer { tasks })
}
