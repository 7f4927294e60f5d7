//! What a worker is started with: where things are, and who is asked.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use mailward_events::Events;
use mailward_host::{clock::Clock, keyring::Keyring};
use mailward_model::Domain;
use mailward_store::Store;
use mailward_tls::Roots;

use crate::group::GroupConfig;

/// What a worker is started with.
pub struct WorkerConfig {
    /// The node's name.
    pub node: Domain,
    /// Sockets of the running roles.
    pub run_dir: PathBuf,
    /// Where the worker keeps its history.
    pub health_dir: PathBuf,
    /// Everything that is kept: its free space is watched.
    pub data_dir: PathBuf,
    /// Maildirs: where the health mailbox is read.
    pub mail_dir: PathBuf,
    /// The queue's folder, and that of what is written about the past.
    pub queue_dir: PathBuf,
    /// See [`WorkerConfig::queue_dir`].
    pub log_dir: PathBuf,
    /// Certificates and their keys: how old they are is watched.
    pub certificate_dir: PathBuf,
    /// Files of the certificates that nodes know each other by: this one's, and their authority's.
    /// Empty where there are no others.
    pub node_certificates: Vec<PathBuf>,
    /// Whether the enforcer keeps this host's firewall.
    pub firewall: bool,
    /// Whether drills may inject faults.
    pub allow_faults: bool,
    /// The resolvers that delivery asks; those of the system where there are none.
    pub resolvers: Vec<SocketAddr>,
    /// The roots that outside certificates must lead to.
    pub roots: Roots,
    /// Secrets with which the markers of probes are signed, changed by this worker; transport has
    /// the same file open.
    pub probe_keys: Arc<Keyring>,
    /// The objects.
    pub store: Store,
    /// The group of nodes this one belongs to, where there is one.
    pub group: Option<GroupConfig>,
    /// The event sinks.
    pub events: Events,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Whether only the least is watched: in safe mode, after a crash loop of this worker.
    pub minimum: bool,
}
