//! Who asks: the user at the other end of the Unix socket, as the kernel tells, or an address.

use std::net::IpAddr;

use nix::unistd::{Uid, User};
use tokio::net::UnixStream;

/// A peer that was let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    uid: Uid,
}

impl Peer {
    /// The peer of a connection; `None` for whoever is neither root nor this process's user.
    pub(crate) fn admit(stream: &UnixStream) -> Option<Peer> {
        let uid = Uid::from_raw(stream.peer_cred().ok()?.uid());
        (uid.is_root() || uid == Uid::effective()).then_some(Peer { uid })
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
