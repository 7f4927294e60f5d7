//! The control channel: how the roles of one node ask each other for things.
//!
//! One Unix socket per role, `<run_dir>/<role>.sock`, mode 0600. A connection begins with a hello
//! that carries [`VERSION`]; another version is refused, never guessed. Then follow requests and
//! replies in turn, each one frame of JSON (see [`frame`]).
//!
//! Only the same user and root are let in: the kernel tells who the peer is (`SO_PEERCRED`).
//! Never here: what a request does. Each role answers through [`Service`].
//!
//! ```no_run
//! # async fn ask() -> Result<(), mailward_api::control::CallError> {
//! use mailward_api::control::{Client, ControlReply, ControlRequest};
//! let mut transport = Client::connect("/run/mailward/transport.sock".as_ref()).await?;
//! if let ControlReply::Transport(status) = transport.call(&ControlRequest::Status).await? {
//!     println!("{} messages", status.queue.messages);
//! }
//! # Ok(()) }
//! ```

mod client;
pub mod drill;
pub mod frame;
mod letter;
mod octets;
pub mod perimeter;
mod queue;
mod request;
mod resolved;
mod server;
pub mod untrusted;

pub use client::{CallError, Client, call};
pub use drill::{DrillFault, DrillRequest};
pub use letter::{ProbeLetter, RouteProbed, SimulatedMessage};
pub use octets::Octets;
pub use perimeter::PerimeterRequest;
pub use queue::{QueueAct, QueueRedirect, QueueVerb};
pub use request::{ControlReply, ControlRequest};
pub use resolved::Resolved;
pub use server::{BindError, Server, Service, bind, is_trusted, serve, serve_for};
pub use untrusted::UntrustedRequest;

use std::path::{Path, PathBuf};

/// Version of requests and replies. Raised by every change that is not purely additive.
pub const VERSION: u32 = 2;

/// The roles that answer on a control socket.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Opens the listening sockets, starts and watches the others.
    Manager,
    /// Mail in and out.
    Transport,
    /// The admin API.
    Access,
    /// Probes, monitors and responders.
    Worker,
    /// The privileged hand on the host; off unless it is asked for.
    Enforcer,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [
        Role::Manager,
        Role::Transport,
        Role::Access,
        Role::Worker,
        Role::Enforcer,
    ];

    /// Its name, as in `mailward role NAME`, in socket names and in logs.
    pub fn name(self) -> &'static str {
        match self {
            Role::Manager => "manager",
            Role::Transport => "transport",
            Role::Access => "access",
            Role::Worker => "worker",
            Role::Enforcer => "enforcer",
        }
    }

    /// The path of its control socket.
    pub fn socket(self, run_dir: &Path) -> PathBuf {
        run_dir.join(format!("{}.sock", self.name()))
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: the roles are manager, transport, access, worker and enforcer")]
pub struct RoleError(String);

impl std::str::FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Role::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| RoleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
