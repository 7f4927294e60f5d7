//! Who asks: the user at the other end of the Unix socket, as the kernel tells; another node, with
//! whoever it speaks for; or an address.

use std::{net::IpAddr, sync::Arc};

use mailward_api::view::{ActedAs, StateChange, change::CHANGES_MAX};
use nix::unistd::{Uid, User};
use parking_lot::Mutex;
use tokio::net::UnixStream;

use crate::administrators::Administrators;

/// A peer that was let in, with one command of it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) who: Who,
    /// What the command has changed so far. Every copy of the peer has the same.
    noted: Arc<Mutex<Noted>>,
}

/// Changes of one command, as whoever made them told.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) changes: Vec<StateChange>,
    /// Changes that there was no room for.
    pub(crate) left_out: u64,
}

/// Whoever was let in.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// A process of this host.
    Local(Local),
    /// Another node, whose command was admitted.
    Remote(Arc<Delegate>),
}

/// A process of this host that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    uid: Uid,
    pid: Option<i32>,
    /// Where the administrator sits, as their own program says.
    said: Option<IpAddr>,
}

/// A command of another node, as it was admitted.
#[derive(Debug)]
pub(crate) struct Delegate {
    /// The name in the node's certificate.
    pub(crate) machine: String,
    /// On whose behalf it asks.
    pub(crate) user: String,
    /// Where the command was given, as the node says.
    pub(crate) place: String,
    /// By whose rights it is carried out.
    pub(crate) acts_as: ActedAs,
    /// Why as the machine; empty where it is not.
    pub(crate) because: String,
}

/// The user somebody signed in as, whatever they have become since: `sudo` does not change it.
fn signed_in(pid: i32) -> Option<String> {
    /// What stands there for a process that nobody signed in for.
    const NOBODY: u32 = u32::MAX;
    let text = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    let uid = text.trim().parse().ok().filter(|uid| *uid != NOBODY)?;
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => Some(user.name),
        _ => Some(format!("uid {uid}")),
    }
}

impl Local {
    /// The peer of a connection; `None` for whoever is neither root nor this process's user, nor one
    /// of the administrators.
    pub(crate) fn admit(stream: &UnixStream, administrators: &Administrators) -> Option<Local> {
        let credentials = stream.peer_cred().ok()?;
        let uid = Uid::from_raw(credentials.uid());
        let peer = Local {
            uid,
            pid: credentials.pid(),
            said: None,
        };
        peer.is_admitted(administrators).then_some(peer)
    }

    /// True as long as the peer may administer.
    pub(crate) fn is_admitted(self, administrators: &Administrators) -> bool {
        let uid = self.uid;
        uid.is_root() || uid == Uid::effective() || administrators.admits(uid.as_raw())
    }

    /// The same peer, with the address that its program says the administrator sits at.
    pub(crate) fn saying(self, address: Option<IpAddr>) -> Local {
        Local {
            said: address,
            ..self
        }
    }

    /// Whether it is root, who can be anybody on this host.
    pub(crate) fn is_root(self) -> bool {
        self.uid.is_root()
    }

    /// The person: whoever signed in, else the user of the process. Reads files and looks into the
    /// user database: call it where blocking is allowed.
    pub(crate) fn person(self) -> String {
        self.pid.and_then(signed_in).unwrap_or_else(|| self.name())
    }

    /// Where the request came from, for audit events: the process, whoever signed in for it, and
    /// the address that it says it was reached from. Reads files: call it where blocking is allowed.
    pub(crate) fn place(self) -> String {
        let mut text = match self.pid {
            Some(pid) => {
                let command = std::fs::read_to_string(format!("/proc/{pid}/comm"));
                let command = command.unwrap_or_default();
                match command.trim() {
                    // A command is often over before its act is written down.
                    "" => format!("process {pid}"),
                    command => format!("process {pid} ({command})"),
                }
            }
            None => "a process of this host".to_owned(),
        };
        let signed_in = self.pid.and_then(signed_in);
        if let Some(user) = signed_in.filter(|user| *user != self.name()) {
            text.push_str(&format!(", signed in as {user}"));
        }
        if let Some(address) = self.said {
            text.push_str(&format!(", over SSH from {address} as it says"));
        }
        text
    }

    /// The user's name, for audit events. Looks into the user database: call it where blocking is
    /// allowed.
    pub(crate) fn name(self) -> String {
        match User::from_uid(self.uid) {
            Ok(Some(user)) => user.name,
            // Without an entry the number is the name.
            _ => format!("uid {}", self.uid),
        }
    }
}

impl From<Local> for Peer {
    fn from(local: Local) -> Peer {
        Peer::of(Who::Local(local))
    }
}

impl From<Arc<Delegate>> for Peer {
    fn from(delegate: Arc<Delegate>) -> Peer {
        Peer::of(Who::Remote(delegate))
    }
}

impl Peer {
    fn of(who: Who) -> Peer {
        Peer {
            who,
            noted: Arc::default(),
        }
    }

    /// Notes what its command has changed.
    pub(crate) fn note(&self, changes: &[StateChange], left_out: u64) {
        let mut noted = self.noted.lock();
        let room = CHANGES_MAX.saturating_sub(noted.changes.len());
        noted.changes.extend(changes.iter().take(room).cloned());
        noted.left_out += left_out + changes.len().saturating_sub(room) as u64;
    }

    /// What its command has changed.
    pub(crate) fn noted(&self) -> Noted {
        std::mem::take(&mut *self.noted.lock())
    }

    /// Where the request came from, for audit events. As [`Local::place`].
    pub(crate) fn place(&self) -> String {
        match &self.who {
            Who::Local(local) => local.place(),
            Who::Remote(delegate) => format!("{}: {}", delegate.machine, delegate.place),
        }
    }

    /// By whom, for audit events: of another node's command both names. As [`Local::name`].
    pub(crate) fn name(&self) -> String {
        match &self.who {
            Who::Local(local) => local.name(),
            Who::Remote(delegate) => match delegate.acts_as {
                ActedAs::User => format!("{} on {}", delegate.user, delegate.machine),
                ActedAs::Machine => {
                    format!("the machine {}, for {}", delegate.machine, delegate.user)
                }
            },
        }
    }

    /// Whether it acts by a machine's rights.
    pub(crate) fn is_machine(&self) -> bool {
        matches!(&self.who, Who::Remote(delegate) if delegate.acts_as == ActedAs::Machine)
    }
}

/// Who asks for a page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// A user who was let in on the Unix socket.
    Admitted,
    /// Whoever reaches the port for health pages, from this address.
    Outside(IpAddr),
}
