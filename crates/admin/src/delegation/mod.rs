//! Commands from one node for another: who gave them, whether that is believed, and what follows.
//!
//! A node is known by its certificate, a person by what that node says. [`decide()`] is the pure
//! decision; [`ask`] is the node where a command is given, [`admit`] the one where it arrives.
//!
//! ```text
//! program ─admin socket─► access (ask) ─mutual TLS─► access (admit ─► decide) ─► operation
//! ```
//!
//! Never here: what an operation does. A command goes one hop.

mod admit;
mod ask;
mod decide;
mod seen;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use mailward_store::{ReadError, Store};
use mailward_tls::NodeTls;
use parking_lot::Mutex;

pub(crate) use ask::Command;
use seen::Seen;

/// What is needed to ask other nodes, and to be asked by them.
#[derive(Debug)]
pub struct RemoteConfig {
    /// An open socket for commands of other nodes; without one this node asks only.
    pub listener: Option<std::net::TcpListener>,
    /// File of this node's key, certificate and chain.
    pub certificate: PathBuf,
    /// File of the certificate of the nodes' authority.
    pub authority: PathBuf,
}

/// What this node speaks with others by.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) tls: NodeTls,
    seen: Mutex<Seen>,
}

impl Remote {
    pub(crate) fn new(node: &str, config: &RemoteConfig) -> Arc<Remote> {
        Arc::new(Remote {
            tls: NodeTls::new(node, config.certificate.clone(), config.authority.clone()),
            seen: Mutex::default(),
        })
    }
}

/// A machine that connected with a certificate of the nodes' authority.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// The name in its certificate.
    pub(crate) name: String,
    /// Where it connected from.
    pub(crate) address: IpAddr,
}

/// The operations that go on as the machine where a delegation is refused, as policies have it on
/// this node.
fn ignored_failures(store: &Store) -> Result<Vec<String>, ReadError> {
    let settings = store.policy_settings()?;
    Ok(settings.ignore_delegation_failure)
}
