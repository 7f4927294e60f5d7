//! Deliveries into mailboxes here, a batch at a time.

use std::sync::{Arc, OnceLock};

use mailward_events::{Event, tracking::Source};
use mailward_journal::Digest;
use mailward_model::{
    EnhancedCode, Reply,
    kind::OutboundPool,
    plan::{DsnAction, NextHop},
};
use mailward_proto::{firewall::Keep, mime::Carry};
use mailward_queue::{Lease, ReadError};

use super::{
    content::Content,
    maildir::{self, Letter, MaildirError},
    outcome::{Attempt, Handover, judge},
    record, reroute,
    track::Way,
    worker::{self, Seat},
};
use crate::{Shared, snapshot::Snapshot};

/// Deliveries written together. Bodies up to the queue's bound for memory are held meanwhile.
const BATCH: usize = 32;

/// Delivers what is due to a mailbox, until nothing is.
pub(super) async fn run(mut seat: Seat) {
    let run = Arc::clone(&seat.run);
    let NextHop::Mailbox { mailbox } = seat.hop.clone() else {
        return;
    };
    while !run.is_stopping() {
        let snapshot = run.shared.snapshot.load_full();
        let mut leases = Vec::new();
        let mut letters = Vec::new();
        while leases.len() < BATCH {
            let Some(lease) = run.shared.queue.take(&seat.hop) else {
                break;
            };
            seat.takes(&lease);
            if !reroute::is_mailbox_here(&snapshot, &lease, &mailbox) {
                reroute::look_again(&run.shared, &snapshot, &lease);
                continue;
            }
            if record::is_report(&lease) && run.shared.journal.is_failing() {
                let result = Err(MaildirError::Ledger);
                let sent = Sent::default();
                settle(&run.shared, &snapshot, &mailbox, &lease, &sent, result);
                continue;
            }
            match open(&run.shared, &snapshot, &lease) {
                Ok(Some(letter)) => {
                    letters.push(letter);
                    leases.push(lease);
                }
                Ok(None) | Err(ReadError::NoMessage(_)) => {}
                Err(error) => {
                    let result = Err(MaildirError::Unreadable(error));
                    let sent = Sent::default();
                    settle(&run.shared, &snapshot, &mailbox, &lease, &sent, result);
                }
            }
        }
        if leases.is_empty() {
            return;
        }
        let sent: Vec<_> = leases
            .iter()
            .zip(&letters)
            .map(|(lease, letter)| Sent {
                message_id: letter.content.message_id(&snapshot.hostname, lease),
                size: letter.content.size(),
                seal: letter.content.seal(),
            })
            .collect();
        let dir = run.shared.node.mail_dir.join(&mailbox);
        let host = snapshot.hostname.clone();
        // So many mailboxes at a time write to the disk; the permit is only lost with the run.
        let Ok(permit) = run.writers.acquire().await else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || maildir::put(&dir, &host, &mut letters));
        let results = written.await.unwrap_or_default();
        drop(permit);
        let mut results = results.into_iter();
        for (lease, sent) in leases.iter().zip(&sent) {
            // A thread that panicked has no results: those letters are written again later.
            let result = results.next().unwrap_or_else(|| {
                Err(MaildirError::Io {
                    action: "write",
                    path: run.shared.node.mail_dir.clone(),
                    source: std::io::Error::other("an error of this server"),
                })
            });
            settle(&run.shared, &snapshot, &mailbox, lease, sent, result);
        }
        seat.takes_nothing();
    }
}

/// The letter of a lease; `None` for a delivery without recipient, which there is none of.
fn open(shared: &Shared, snapshot: &Snapshot, lease: &Lease) -> Result<Option<Letter>, ReadError> {
    let Some(recipient) = lease.delivery.recipients.first() else {
        return Ok(None);
    };
    Ok(Some(Letter {
        id: lease.message.id,
        delivery: lease.delivery.no,
        accepted_unix_ms: lease.message.origin.accepted_unix_ms,
        return_path: lease.delivery.mail_from.clone(),
        recipient: recipient.rcpt.address.clone(),
        content: Content::open(&shared.queue, snapshot, lease, Carry::ALL, Keep::MAILBOX)?,
    }))
}

/// What was written.
#[derive(Debug, Default)]
struct Sent {
    message_id: String,
    size: u64,
    seal: Arc<OnceLock<Digest>>,
}

fn settle(
    shared: &Shared,
    snapshot: &Snapshot,
    mailbox: &str,
    lease: &Lease,
    sent: &Sent,
    result: Result<(), MaildirError>,
) {
    let reply = match result {
        Ok(()) => Reply::new(250, EnhancedCode(2, 1, 5), "Delivered to the mailbox"),
        Err(error) => {
            if let MaildirError::Io { .. } = &error {
                shared.events.emit(Event::MaildirFailing {
                    mailbox: mailbox.to_owned(),
                    error: error.to_string(),
                });
            }
            // The path is nobody's business outside.
            Reply::new(
                451,
                EnhancedCode(4, 2, 0),
                "The mailbox cannot be written to just now",
            )
        }
    };
    let answers = lease
        .pending
        .iter()
        .map(|recipient| (*recipient, reply.clone()))
        .collect();
    let handover = Handover {
        remote: None,
        owed: Some(DsnAction::Delivered),
    };
    let attempt = Attempt::of(lease, shared.clock.unix_ms());
    let judged = judge(snapshot, &attempt, answers, handover, |address| {
        worker::delay_was_reported(shared, lease, address)
    });
    let way = Way {
        connector: "",
        peer: None,
        message_id: &sent.message_id,
        size: sent.size,
        digest: sent.seal.get().copied(),
        source: Source::StoreDriver,
        pool: OutboundPool::Normal,
    };
    worker::settle(shared, snapshot, lease, judged, &way);
}
