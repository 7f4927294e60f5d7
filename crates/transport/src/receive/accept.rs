//! The end of a message: what is known of it becomes a letter, the letter a plan, and both one
//! durable record. Then, and not before, the client is told.

use mailward_events::Event;
use mailward_host::kill::{self, Step};
use mailward_model::{Domain, EnhancedCode, Envelope, Origin, Reply};
use mailward_proto::{
    header::{self, Summary},
    probe::{self, Marker},
};
use mailward_queue::{AcceptError, NewMessage, SpoolError};

pub(crate) use super::desk::Ready;
use super::policy;
use crate::{
    Shared,
    categorize::{Categorized, Input, categorize},
    snapshot::Snapshot,
};

/// Everything known of a message that is about to be accepted.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) origin: &'a Origin,
    /// The header section, as the client sent it.
    pub(crate) header: &'a [u8],
    pub(crate) summary: &'a Summary,
    /// Octets of the whole message, our Received field included.
    pub(crate) octets: u64,
    pub(crate) hostname: &'a Domain,
    /// The client may relay, or the message is internal: it goes out rather than comes in.
    pub(crate) internal: bool,
    /// The marks of the certificates that the client showed; empty where it showed none.
    pub(crate) peer_marks: &'a str,
    /// What was found out about the sender, for the tracking log.
    pub(crate) found: &'a str,
}

impl Letter<'_> {
    /// What follows from the message. Pure.
    pub(crate) fn categorize(&self, snapshot: &Snapshot) -> Categorized {
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProbeVerdict {
    /// It is for people or programs.
    Mail,
    /// It is a probe, sent by this host, if its marker was not used before.
    Probe(Marker),
    /// It is for a health mailbox, but no probe of this host.
    Forged(&'static str),
}

/// What is known of a message that may be a health probe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect<'a> {
    /// Health mailboxes among its recipients.
    pub(super) monitoring: usize,
    /// All its recipients.
    pub(super) recipients: usize,
    /// Value of its marker field.
    pub(super) marker: Option<&'a str>,
    /// The receive connector that took it.
    pub(super) connector: &'a str,
    /// The client is this host.
    pub(super) is_this_host: bool,
}

/// Decides whether a message is a probe: all its recipients are health mailboxes, and its marker
/// was signed by this node for the way the message came. `returns` says whether probes sent through
/// a send connector come back. Pure; that a marker is used once, [`crate::Probes`] sees to.
pub(super) fn judge_probe(
    suspect: &Suspect<'_>,
    node: &Domain,
    keys: &[[u8; 32]],
    returns: impl Fn(&str) -> bool,
    now_unix_ms: u64,
) -> ProbeVerdict {
    if suspect.monitoring == 0 {
        // A marker on other mail is worth nothing, and harms nothing.
        return ProbeVerdict::Mail;
    }
    if suspect.monitoring < suspect.recipients {
        return ProbeVerdict::Forged("it has other recipients too");
    }
    let Some(marker) = suspect.marker else {
        return ProbeVerdict::Forged("it has no marker");
    };
    let Some(marker) = Marker::verify(keys, marker, now_unix_ms / 1000) else {
        return ProbeVerdict::Forged("its marker has expired or was not signed by this host");
    };
    if !marker.node.eq_ignore_ascii_case(node.as_str()) {
        return ProbeVerdict::Forged("its marker is another node's");
    }
    let came = match probe::sent_through(&marker.path) {
        Some(connector) => returns(connector),
        None => {
            let way = probe::received_path(suspect.connector);
            suspect.is_this_host && marker.path.eq_ignore_ascii_case(&way)
        }
    };
    if !came {
        return ProbeVerdict::Forged("its marker was signed for another way");
    }
    ProbeVerdict::Probe(marker)
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
pub(crate) async fn accept(shared: &Shared, ready: Ready) -> Reply {
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
    let place = shared.probes.enter_if(is_probe, &shared.queue);
    let Ok(_place) = place else {
        return crowded();
    };
    let message = NewMessage {
        id,
        envelope,
        origin,
        body,
        plan: Some(categorized.plan),
    };
    kill::at(Step::MessagePlanned);
    match shared.queue.accept(message).await {
        Ok(()) => {
            kill::at(Step::MessageStored);
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

/// The reply to a probe where enough of them wait (RFC 3463 §3.5: X.4.5, congestion).
fn crowded() -> Reply {
    Reply::new(
        451,
        EnhancedCode(4, 4, 5),
        "Enough health probes wait to be delivered",
    )
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

    fn marker(key: &[u8; 32], path: &str, node: &str) -> String {
        let marker = Marker {
            path: path.to_owned(),
            node: node.to_owned(),
            slot: NOW,
            expires_unix: NOW / 1000 + probe::LIFETIME_SECS,
        };
        marker.sign(key)
    }

    const NODE: &str = "mx.example.org";

    fn judge(suspect: Suspect<'_>, now_unix_ms: u64) -> ProbeVerdict {
        let node = NODE.parse().unwrap();
        judge_probe(&suspect, &node, &[KEY], |name| name == "Out", now_unix_ms)
    }

    #[track_caller]
    fn forged(verdict: ProbeVerdict) {
        assert!(matches!(verdict, ProbeVerdict::Forged(_)), "{verdict:?}");
    }

    #[test]
    fn a_probe_has_health_mailboxes_only_and_our_marker() {
        let ours = marker(&KEY, "receive/default", NODE);
        let probe = Suspect {
            monitoring: 1,
            recipients: 1,
            marker: Some(&ours),
            connector: "Default",
            is_this_host: true,
        };
        assert!(matches!(judge(probe, NOW), ProbeVerdict::Probe(_)));
        let mail = Suspect {
            monitoring: 0,
            ..probe
        };
        assert_eq!(judge(mail, NOW), ProbeVerdict::Mail);
        let unmarked = Suspect {
            marker: None,
            ..mail
        };
        assert_eq!(judge(unmarked, NOW), ProbeVerdict::Mail);
        forged(judge(
            Suspect {
                recipients: 2,
                ..probe
            },
            NOW,
        ));
        forged(judge(
            Suspect {
                marker: None,
                ..probe
            },
            NOW,
        ));
        forged(judge(
            Suspect {
                connector: "other",
                ..probe
            },
            NOW,
        ));
        forged(judge(
            Suspect {
                is_this_host: false,
                ..probe
            },
            NOW,
        ));
        forged(judge(probe, NOW + probe::LIFETIME_SECS * 1000));
        for strange in [
            marker(&[8; 32], "receive/default", NODE),
            marker(&KEY, "receive/default", "my.example.org"),
            marker(&KEY, "default", NODE),
            marker(&KEY, "send/Other", NODE),
        ] {
            let suspect = Suspect {
                marker: Some(&strange),
                ..probe
            };
            forged(judge(suspect, NOW));
        }
    }

    #[test]
    fn a_probe_that_was_sent_out_may_come_back_from_anywhere() {
        let sent = marker(&KEY, "send/Out", NODE);
        let suspect = Suspect {
            monitoring: 1,
            recipients: 1,
            marker: Some(&sent),
            connector: "default",
            is_this_host: false,
        };
        assert!(matches!(judge(suspect, NOW), ProbeVerdict::Probe(_)));
    }
}
