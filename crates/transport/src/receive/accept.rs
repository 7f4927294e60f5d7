//! The end of a message: what is known of it becomes a letter, the letter a plan, and both one
//! durable record. Then, and not before, the client is told.

use mailward_events::Event;
use mailward_model::{Domain, EnhancedCode, Envelope, Origin, Reply};
use mailward_proto::{
    header::{self, Summary},
    probe::Marker,
};
use mailward_queue::{AcceptError, NewMessage, SpoolError};

use super::{desk::Ready, policy};
use crate::{
    Shared,
    categorize::{Categorized, Input, categorize},
    snapshot::Snapshot,
};

/// Everything known of a message that is about to be accepted.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) origin: &'a Origin,
    /// The header section, as the client sent it.
    pub(super) header: &'a [u8],
    pub(super) summary: &'a Summary,
    /// Octets of the whole message, our Received field included.
    pub(super) octets: u64,
    pub(super) hostname: &'a Domain,
    /// The client may relay: what it sends goes out rather than comes in.
    pub(super) internal: bool,
}

impl Letter<'_> {
    /// What follows from the message. Pure.
    pub(super) fn categorize(&self, snapshot: &Snapshot) -> Categorized {
        let headers = snapshot
            .wants_address_headers(self.origin)
            .then(|| header::address_headers(self.header));
        let input = Input {
            envelope: self.envelope,
            origin: self.origin,
            headers: headers.as_ref(),
            size: self.octets,
            is_journal_report: self.summary.journal_report,
        };
        categorize(snapshot, &input)
    }
}

/// Whether a message is a health probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeVerdict {
    /// It is for people or programs.
    Mail,
    /// It is a probe, sent by this host.
    Probe,
    /// It is for a health mailbox, but no probe of this host.
    Forged(&'static str),
}

/// Decides whether a message is a probe: all its recipients are health mailboxes, and its marker
/// was signed here. Pure.
pub(super) fn judge_probe(
    monitoring: usize,
    recipients: usize,
    marker: Option<&str>,
    key: &[u8; 32],
    now_unix_ms: u64,
) -> ProbeVerdict {
    if monitoring == 0 {
        // A marker on other mail is worth nothing, and harms nothing.
        return ProbeVerdict::Mail;
    }
    if monitoring < recipients {
        return ProbeVerdict::Forged("it has other recipients too");
    }
    let Some(marker) = marker else {
        return ProbeVerdict::Forged("it has no marker");
    };
    match Marker::verify(key, marker, now_unix_ms / 1000) {
        Some(_) => ProbeVerdict::Probe,
        None => ProbeVerdict::Forged("its marker has expired or was not signed by this host"),
    }
}

/// The reply to [`ProbeVerdict::Forged`].
pub(super) fn forged_probe() -> Reply {
    Reply::new(
        550,
        EnhancedCode(5, 7, 1),
        "Mail to this recipient is not allowed",
    )
}

/// Makes the message durable and tells what the client is to be told.
pub(super) async fn accept(shared: &Shared, ready: Ready) -> Reply {
    let Ready {
        id,
        envelope,
        origin,
        body,
        categorized,
        record,
    } = ready;
    let octets = body.len();
    let is_probe = origin.probe;
    let message = NewMessage {
        id,
        envelope,
        origin,
        body,
        plan: Some(categorized.plan),
    };
    match shared.queue.accept(message).await {
        Ok(()) => {
            // Statistics are about people's mail; the worker counts its probes itself.
            if !is_probe {
                shared.counters.accepted.add(1);
                shared.counters.accepted_bytes.add(octets);
            }
            record.write(&shared.tracking);
            Reply::new(250, EnhancedCode(2, 0, 0), format!("Ok: queued as {id}"))
        }
        Err(error) => {
            shared.counters.refused_messages.add(1);
            accept_reply(&error)
        }
    }
}

/// The reply to a queue that does not take a message.
fn accept_reply(error: &AcceptError) -> Reply {
    match error {
        AcceptError::Full { .. } => policy::full(),
        AcceptError::Failing(_) => policy::failing(),
        AcceptError::TooLarge { .. } => Reply::new(
            552,
            EnhancedCode(5, 3, 4),
            "The envelope and what follows from it are too large",
        ),
        AcceptError::Closed => policy::closing(),
    }
}

/// The reply to a message that cannot be spooled.
pub(super) fn spool_reply(error: &SpoolError) -> Reply {
    match error {
        SpoolError::Full { .. } => policy::full(),
        SpoolError::Io { .. } => policy::failing(),
    }
}

/// The event of a forged probe.
pub(super) fn forged_event(connector: &str, client: std::net::IpAddr, problem: &str) -> Event {
    Event::ProbeMarkerRefused {
        connector: connector.to_owned(),
        client,
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const NOW: u64 = 1_700_000_000_000;

    fn marker(key: &[u8; 32]) -> String {
        let marker = Marker {
            path: "default".to_owned(),
            node: "mx.example.org".to_owned(),
            slot: 1,
            expires_unix: NOW / 1000 + 60,
        };
        marker.sign(key)
    }

    #[test]
    fn a_probe_has_health_mailboxes_only_and_our_marker() {
        let ours = marker(&KEY);
        let forged = marker(&[8; 32]);
        let judge = |monitoring, recipients, marker: Option<&str>| {
            judge_probe(monitoring, recipients, marker, &KEY, NOW)
        };
        assert_eq!(judge(1, 1, Some(&ours)), ProbeVerdict::Probe);
        assert_eq!(judge(0, 1, Some(&ours)), ProbeVerdict::Mail);
        assert_eq!(judge(0, 1, None), ProbeVerdict::Mail);
        assert!(matches!(judge(1, 2, Some(&ours)), ProbeVerdict::Forged(_)));
        assert!(matches!(judge(1, 1, None), ProbeVerdict::Forged(_)));
        assert!(matches!(
            judge(1, 1, Some(&forged)),
            ProbeVerdict::Forged(_)
        ));
        assert!(matches!(
            judge_probe(1, 1, Some(&ours), &KEY, NOW + 61_000),
            ProbeVerdict::Forged(_)
        ));
    }
}
