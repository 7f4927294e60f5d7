//! Journal reports that were handed over are entered in the ledger, and only then settled.
//!
//! The line is written before anything else is done, so that a killed process knows afterwards what
//! an archive has taken; the queue forgets the report when the line is synced. So the ledger has every
//! report that is gone from the queue, and no report is sent again because the queue did not know yet.

use mailward_host::kill::{self, Step};
use mailward_journal::{How, Report, What};
use mailward_model::{
    EnhancedCode, Reply,
    plan::{DeliveryContent, Fate, JournalErrand, JournalReport, RecipientOutcome, Settlement},
};
use mailward_queue::{Lease, Stored, StoredDelivery};

use super::{outcome::Judged, track::Way};
use crate::Shared;

/// Whether a delivery carries a journal report.
pub(super) fn is_report(lease: &Lease) -> bool {
    matches!(lease.delivery.content, DeliveryContent::JournalReport(_))
}

/// The answer to reports while the ledger cannot be written.
pub(super) fn not_now() -> Reply {
    Reply::new(
        451,
        EnhancedCode(4, 3, 1),
        "The ledger of journal reports cannot be written just now",
    )
}

/// Enters what was handed over. Gives the settlement back where there was nothing to enter; else it
/// is settled when the ledger is durable.
pub(super) fn enter(
    shared: &Shared,
    lease: &Lease,
    judged: Judged,
    way: &Way<'_>,
) -> Option<Settlement> {
    let settlement = judged.settlement;
    let DeliveryContent::JournalReport(report) = &lease.delivery.content else {
        return Some(settlement);
    };
    let whats: Vec<What> = settlement
        .outcomes
        .iter()
        .filter_map(|outcome| entry(lease, report, &settlement, outcome, way))
        .collect();
    if whats.is_empty() {
        return Some(settlement);
    }
    lease.keep_in_flight();
    let now = shared.clock.unix_ms();
    shared.journal.append(now, whats, Some(settlement));
    None
}

/// The line about one outcome.
fn entry(
    lease: &Lease,
    report: &JournalReport,
    settlement: &Settlement,
    outcome: &RecipientOutcome,
    way: &Way<'_>,
) -> Option<What> {
    let at = usize::try_from(outcome.recipient).ok()?;
    let to = &lease.delivery.recipients.get(at)?.rcpt.address;
    let target = report.target.as_ref().unwrap_or(to).to_string();
    match outcome.fate {
        Fate::Delivered => Some(What::Report(Report {
            how: match report.errand {
                JournalErrand::Target => How::Delivered,
                JournalErrand::Alternate => How::Diverted,
                JournalErrand::Again => How::Replayed,
            },
            message: lease.message.id,
            delivery: lease.delivery.no,
            target,
            to: to.to_string(),
            // All of it was read before the last answer came.
            report: way.digest.unwrap_or_default(),
            octets: way.size,
        })),
        // It goes on to the alternate mailbox.
        Fate::Failed if !settlement.follow_ups.is_empty() => {
            kill::at(Step::ReportDiverted);
            None
        }
        Fate::Failed => Some(What::GivenUp {
            message: lease.message.id,
            delivery: lease.delivery.no,
            target,
            because: outcome.reply.to_string(),
        }),
        Fate::Deferred | Fate::Removed => None,
    }
}

/// Enters that an administrator took a report out of the queue.
pub(super) fn removed(
    shared: &Shared,
    stored: &Stored,
    delivery: &StoredDelivery,
    outcomes: &[RecipientOutcome],
) {
    let delivery = &delivery.delivery;
    let DeliveryContent::JournalReport(report) = &delivery.content else {
        return;
    };
    let whats: Vec<What> = outcomes
        .iter()
        .filter_map(|outcome| {
            let at = usize::try_from(outcome.recipient).ok()?;
            let to = &delivery.recipients.get(at)?.rcpt.address;
            Some(What::GivenUp {
                message: stored.id,
                delivery: delivery.no,
                target: report.target.as_ref().unwrap_or(to).to_string(),
                because: outcome.reply.to_string(),
            })
        })
        .collect();
    let now = shared.clock.unix_ms();
    shared.journal.append(now, whats, None);
}
