//! From the answers of an attempt to its settlement: fates, the next attempt, who is told.
//!
//! Pure: time, schedule and what was reported before are inputs. The caller hands the settlement
//! to the queue and tells tracking and events.
//!
//! Invariant: a transient answer never fails a recipient before its time is over, and a journal
//! report is never given up unless `journal_expiration` is set: it waits, or goes to the alternate
//! journal mailbox in the same record.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use mailward_model::{
    EmailAddress, EnhancedCode, Reply,
    kind::TransportSettings,
    plan::{
        Delivery, DeliveryContent, DsnAction, DsnRecipient, Fate, RecipientOutcome, Settlement,
    },
    unit::Span,
};
use mailward_queue::{Lease, Message, Stored};

use super::report;
use crate::snapshot::Snapshot;

/// How long a health probe is tried: its answer is of no use to anybody later.
const PROBE_EXPIRATION: Span = Span::from_secs(600);

/// How an attempt went, apart from the replies.
#[derive(Debug, Clone, Default)]
pub(super) struct Handover {
    /// Who answered.
    pub(super) remote: Option<String>,
    /// The report that we owe for a recipient that was taken and asked for one; `None` where the
    /// next hop makes it (it offers DSN).
    pub(super) owed: Option<DsnAction>,
}

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) message: &'a Message,
    pub(super) delivery: &'a Delivery,
    /// Attempts that had ended before this one.
    pub(super) attempts: u32,
    /// When the first of them began.
    pub(super) first_attempt_unix_ms: Option<u64>,
    /// Wall time now.
    pub(super) now_unix_ms: u64,
}

impl<'a> Attempt<'a> {
    pub(super) fn of(lease: &'a Lease, now_unix_ms: u64) -> Self {
        Attempt {
            message: &lease.message,
            delivery: &lease.delivery,
            attempts: lease.attempts,
            first_attempt_unix_ms: lease.first_attempt_unix_ms,
            now_unix_ms,
        }
    }

    fn expires(&self, settings: &TransportSettings) -> Option<u64> {
        let first = self.first_attempt_unix_ms.unwrap_or(self.now_unix_ms);
        expires(self.message, self.delivery, first, settings)
    }
}

/// When a delivery that was first tried at a moment is given up, Unix milliseconds; `None` for never.
pub(crate) fn expires(
    message: &Message,
    delivery: &Delivery,
    first_attempt_unix_ms: u64,
    settings: &TransportSettings,
) -> Option<u64> {
    let accepted = message.origin.accepted_unix_ms;
    let (since, span) = match delivery.content {
        DeliveryContent::Message if message.origin.probe => {
            (accepted, settings.message_expiration.min(PROBE_EXPIRATION))
        }
        DeliveryContent::Message => (accepted, settings.message_expiration),
        DeliveryContent::JournalReport(_) => (accepted, settings.journal_expiration?),
        // A bounce for an expired message is as old as the message: its own time counts.
        DeliveryContent::Dsn { .. } => (first_attempt_unix_ms, settings.message_expiration),
    };
    Some(since.saturating_add(millis(span.get())))
}

/// A settlement and what else is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) settlement: Settlement,
    /// Journal reports refused for good, which wait all the same.
    pub(super) parked: Vec<(EmailAddress, Reply)>,
}

/// Judges the answers `(recipient, reply)` of an attempt. `delayed_before` says whether a delay was
/// reported for an address already.
pub(super) fn judge(
    snapshot: &Snapshot,
    attempt: &Attempt<'_>,
    answers: Vec<(u32, Reply)>,
    handover: Handover,
    delayed_before: impl Fn(&EmailAddress) -> bool,
) -> Judged {
    let settings = &snapshot.settings;
    let expires = attempt.expires(settings);
    let span = match attempt.delivery.content {
        DeliveryContent::JournalReport(_) => settings.journal_expiration,
        _ => None,
    };
    let span = span.unwrap_or(settings.message_expiration);
    // A clock that jumps ahead must not return mail that was tried only once.
    let expired = attempt.attempts > 0 && expires.is_some_and(|at| at <= attempt.now_unix_ms);
    let is_journal = matches!(attempt.delivery.content, DeliveryContent::JournalReport(_));
    let refused = answers
        .iter()
        .any(|(_, reply)| !reply.is_positive() && (expired || reply.is_permanent()));
    // Asked only where it matters: it resolves an address.
    let diverted = match is_journal && refused {
        true => report::diverted(snapshot, attempt.delivery),
        false => Vec::new(),
    };

    let mut parked = Vec::new();
    let mut deferred = false;
    let mut outcomes = Vec::with_capacity(answers.len());
    for (recipient, mut reply) in answers {
        let address = address_of(attempt.delivery, recipient);
        let fate = if reply.is_positive() {
            Fate::Delivered
        } else if expired {
            reply = expired_reply(span, &reply);
            Fate::Failed
        } else if reply.is_permanent() && (!is_journal || !diverted.is_empty()) {
            Fate::Failed
        } else {
            if let (true, Some(address)) = (reply.is_permanent(), address) {
                parked.push((address.clone(), reply.clone()));
            }
            deferred = true;
            Fate::Deferred
        };
        outcomes.push(RecipientOutcome {
            recipient,
            fate,
            reply,
        });
    }
    let retry_unix_ms = deferred.then(|| {
        let attempts = if parked.is_empty() {
            attempt.attempts
        } else {
            // Refused for good: somebody has to mend something first.
            u32::MAX
        };
        retry_at(attempt, attempts, &settings.retry_schedule, expires)
    });
    let reported = reported(
        settings,
        attempt,
        &outcomes,
        &handover,
        expires,
        delayed_before,
    );
    let mut follow_ups = report::follow_ups(snapshot, attempt.message, attempt.delivery, reported);
    follow_ups.extend(diverted);
    Judged {
        settlement: Settlement {
            message: attempt.message.id,
            delivery: attempt.delivery.no,
            outcomes,
            retry_unix_ms,
            remote: handover.remote,
            follow_ups,
        },
        parked,
    }
}

fn address_of(delivery: &Delivery, recipient: u32) -> Option<&EmailAddress> {
    let at = usize::try_from(recipient).ok()?;
    delivery.recipients.get(at).map(|r| &r.rcpt.address)
}

/// The reply of a recipient whose time is over.
fn expired_reply(after: Span, last: &Reply) -> Reply {
    Reply::new(
        550,
        EnhancedCode(4, 4, 7),
        format!("Not delivered within {after}; the last answer was: {last}"),
    )
}

/// When the next attempt is due: the schedule's wait for this attempt, up to a tenth more or less so
/// that what failed together does not come back together, but not after the last moment.
fn retry_at(attempt: &Attempt<'_>, attempts: u32, schedule: &[Span], expires: Option<u64>) -> u64 {
    let at = usize::try_from(attempts).unwrap_or(usize::MAX);
    let wait = schedule
        .get(at)
        .or(schedule.last())
        .map_or(Duration::from_secs(60), |span| span.get());
    let mut hasher = DefaultHasher::new();
    (attempt.message.id, attempt.delivery.no, attempt.attempts).hash(&mut hasher);
    let wait_ms = millis(wait).max(1);
    // 900 to 1100 thousandths.
    let spread_ms = wait_ms.saturating_mul(900 + hasher.finish() % 201) / 1000;
    let next = attempt.now_unix_ms.saturating_add(spread_ms.max(1));
    match expires {
        Some(last) if attempt.now_unix_ms < last => next.min(last),
        _ => next,
    }
}

/// Whom a notification is to name.
fn reported(
    settings: &TransportSettings,
    attempt: &Attempt<'_>,
    outcomes: &[RecipientOutcome],
    handover: &Handover,
    expires: Option<u64>,
    delayed_before: impl Fn(&EmailAddress) -> bool,
) -> Vec<DsnRecipient> {
    // The common case, a delivery nobody asked a report about, ends here.
    if report::who_hears(attempt.message, attempt.delivery).is_none() {
        return Vec::new();
    }
    let delay = settings.delay_notification.get();
    let waited = attempt
        .now_unix_ms
        .saturating_sub(attempt.message.origin.accepted_unix_ms);
    let late = !delay.is_zero() && waited >= millis(delay);
    outcomes
        .iter()
        .filter_map(|outcome| {
            let at = usize::try_from(outcome.recipient).ok()?;
            let rcpt = &attempt.delivery.recipients.get(at)?.rcpt;
            let notify = rcpt.notify;
            let action = match outcome.fate {
                Fate::Failed if notify.failure => DsnAction::Failed,
                Fate::Deferred if late && notify.delay && !delayed_before(&rcpt.address) => {
                    DsnAction::Delayed
                }
                Fate::Delivered if notify.success => handover.owed?,
                _ => return None,
            };
            Some(DsnRecipient {
                rcpt: rcpt.clone(),
                action,
                reply: outcome.reply.clone(),
                remote: handover.remote.clone(),
                last_attempt_unix_ms: Some(attempt.now_unix_ms),
                retry_until_unix_ms: expires.filter(|_| action == DsnAction::Delayed),
            })
        })
        .collect()
}

/// Whether a delay was reported for this address already: the plan of the message remembers it.
pub(super) fn delay_was_reported(stored: &Stored, address: &EmailAddress) -> bool {
    stored.deliveries.iter().any(|stored| {
        matches!(&stored.delivery.content, DeliveryContent::Dsn { recipients }
            if recipients.iter().any(|r| r.action == DsnAction::Delayed && r.rcpt.address == *address))
    })
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
