//! Peers whose certificate is untrusted: told of, and watched for while their session lasts.
//!
//! A handshake is judged by `mailward-tls`; here are the sessions that were open when the list
//! changed.

use mailward_events::{Event, Events};
use mailward_tls::{Distrusted, PeerPath, Untrusted, untrusted::Changes};

/// Which way mail goes in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The peer is the client.
    In,
    /// The peer is the next hop.
    Out,
}

impl Direction {
    fn word(self) -> String {
        match self {
            Direction::In => "in".to_owned(),
            Direction::Out => "out".to_owned(),
        }
    }
}

/// Whom a session is with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct With<'a> {
    pub(crate) direction: Direction,
    pub(crate) connector: &'a str,
    pub(crate) peer: &'a str,
}

impl With<'_> {
    /// A handshake was refused.
    pub(crate) fn refused(self, events: &Events, distrusted: &Distrusted) {
        events.emit(Event::UntrustedCertificateRefused {
            direction: self.direction.word(),
            connector: self.connector.to_owned(),
            peer: self.peer.to_owned(),
            subject: distrusted.subject.clone(),
            issuer: distrusted.issuer.clone(),
            serial: distrusted.serial.clone(),
            entry: distrusted.entry.clone(),
            reason: distrusted.reason.clone(),
        });
    }

    /// A session that stood was cut.
    pub(crate) fn cut(self, events: &Events, distrusted: &Distrusted) {
        events.emit(Event::UntrustedSessionCut {
            direction: self.direction.word(),
            connector: self.connector.to_owned(),
            peer: self.peer.to_owned(),
            subject: distrusted.subject.clone(),
            issuer: distrusted.issuer.clone(),
            serial: distrusted.serial.clone(),
            entry: distrusted.entry.clone(),
            reason: distrusted.reason.clone(),
        });
    }
}

/// What the peer of a session showed, and the list it must not come to stand on.
#[derive(Debug)]
pub(crate) struct Watch {
    untrusted: Untrusted,
    path: PeerPath,
    /// Has seen the list that the path was found good by.
    changes: Changes,
}

impl Watch {
    /// Watches over a path that was found good by the list that `changes` has seen.
    pub(crate) fn new(untrusted: Untrusted, path: PeerPath, changes: Changes) -> Watch {
        Watch {
            untrusted,
            path,
            changes,
        }
    }

    /// What the peer is now.
    ///
    /// # Errors
    /// A certificate of its path has come onto the list.
    pub(crate) fn check(&self) -> Result<(), Box<Distrusted>> {
        self.untrusted.check(self.path.certificates())
    }

    /// Resolves when a certificate of the path comes onto the list.
    pub(crate) async fn cut(&self) -> Box<Distrusted> {
        let mut changes = self.changes.clone();
        loop {
            changes.next().await;
            if let Err(distrusted) = self.check() {
                return distrusted;
            }
        }
    }
}
