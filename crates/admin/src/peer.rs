//! Who asks: the user at the other end of the Unix socket, as the kernel tells, or an address.

use std::net::IpAddr;

use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

use crate::administrators::Administrators;

/// A peer that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    uid: Uid,
    pid: Option<i32>,
    /// Where the administrator sits, as their own program says.
    said: Option<IpAddr>,
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

impl Peer {
    /// The peer of a connection; `None` for whoever is neither root nor this process's user, nor one
    /// of the administrators.
    pub(crate) fn admit(stream: &UnixStream, administrators: &Administrators) -> Option<Peer> {
        let credentials = stream.peer_cred().ok()?;
        let uid = Uid::from_raw(credentials.uid());
        let peer = Peer {
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
    pub(crate) fn saying(self, address: Option<IpAddr>) -> Peer {
        Peer {
            said: address,
            ..self
        }
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

/// Who asks for a page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller {
    /// A user who was let in on the Unix socket.
    Admitted(Peer),
    /// Whoever reaches the port for health pages, from this address.
    Outside(IpAddr),
}
