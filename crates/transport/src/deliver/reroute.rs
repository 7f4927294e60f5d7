//! Deliveries whose way is gone, or was never there: found again when the objects have changed.
//!
//! A delivery that moves is settled here and begun anew under its new next hop, in one record, so
//! that it is neither lost nor made twice.

use std::sync::Arc;

use mailward_events::{Event, tracking::Source};
use mailward_model::{
    EnhancedCode, Reply,
    kind::{ConnectorTarget, OutboundPool, SendConnector},
    plan::{Fate, NextHop, RecipientOutcome},
};
use mailward_queue::Lease;

use super::{
    outcome::{Attempt, Handover, Judged, judge},
    track::Way,
    worker,
};
use crate::{
    Shared, categorize,
    snapshot::{Named, Snapshot},
};
/// How long a delivery without a way waits before it is looked at again, milliseconds. A change of
/// the objects looks at once.
const LOOK_AGAIN_MS: u64 = 300_000;

/// The send connector of a next hop, where it still stands as it did when mail was routed there.
pub(super) fn connector_of<'s>(
    snapshot: &'s Snapshot,
    hop: &NextHop,
) -> Option<&'s Arc<Named<SendConnector>>> {
    let (name, by_mx) = match hop {
        NextHop::SmartHost { connector } => (connector, false),
        NextHop::Domain { connector, .. } => (connector, true),
        NextHop::Mailbox { .. } | NextHop::Unreachable { .. } | NextHop::Journal { .. } => {
            return None;
        }
    };
    let connector = snapshot.send_connector(name)?;
    (connector.name == *name && (connector.spec.target == ConnectorTarget::Mx) == by_mx)
        .then_some(connector)
}

fn wanted_pool(lease: &Lease) -> OutboundPool {
    let delivery = &lease.delivery;
    categorize::wanted_pool(
        &delivery.mail_from,
        &lease.message.origin,
        &delivery.content,
    )
}

/// Whether a delivery to a domain goes through the pool that is for it.
pub(super) fn is_of_pool(
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    lease: &Lease,
) -> bool {
    match &lease.delivery.next_hop {
        NextHop::Domain { domain, .. } => {
            categorize::pool_for(snapshot, domain, wanted_pool(lease)) == connector.spec.pool
        }
        // Smart hosts are never of the high-risk pool, and the way of a report was just found.
        _ => connector.spec.pool == OutboundPool::Normal,
    }
}

/// By which way a delivery goes: its next hop, and for a journal target what routing says now.
pub(super) fn way_of(snapshot: &Snapshot, lease: &Lease) -> NextHop {
    match &lease.delivery.next_hop {
        NextHop::Journal { .. } => {
            categorize::way_of_report(snapshot, &lease.delivery, lease.message.size)
        }
        hop => hop.clone(),
    }
}

/// True where the delivery's recipient is a mailbox of this name that is kept here.
pub(super) fn is_mailbox_here(snapshot: &Snapshot, lease: &Lease, name: &str) -> bool {
    let Some(recipient) = lease.delivery.recipients.first() else {
        return false;
    };
    let directory = &snapshot.directory;
    let address = &recipient.rcpt.address;
    directory
        .mailbox(address)
        .is_some_and(|mailbox| mailbox.send_connector.is_none())
        && directory
            .find(address)
            .and_then(|found| directory.recipient_of(found.no))
            .is_some_and(|recipient| &*recipient.name == name)
}

/// Looks for a new way of a delivery and settles it: moved, waiting, or failed.
pub(super) fn look_again(shared: &Shared, snapshot: &Snapshot, lease: &Lease) {
    let delivery = &lease.delivery;
    let now = shared.clock.unix_ms();
    let way = Way {
        connector: "",
        peer: None,
        message_id: "",
        size: 0,
        digest: None,
        source: Source::Routing,
        pool: OutboundPool::Normal,
    };
    let (wanted, size) = (wanted_pool(lease), lease.message.size);
    let found = categorize::reroute(snapshot, delivery, &lease.pending, size, wanted);
    let attempt = Attempt::of(lease, now);
    let stays = found.deliveries.iter().all(|found| {
        let mut recipients = found.recipients.iter();
        found.next_hop == delivery.next_hop
            && recipients.all(|recipient| delivery.recipients.contains(recipient))
    });
    if stays && found.failures.is_empty() {
        let answers = lease
            .pending
            .iter()
            .map(|r| (*r, no_way(&delivery.next_hop)))
            .collect();
        let mut judged = judge(
            snapshot,
            &attempt,
            answers,
            Handover::default(),
            |address| worker::delay_was_reported(shared, lease, address),
        );
        if let Some(at) = &mut judged.settlement.retry_unix_ms {
            *at = (*at).min(now.saturating_add(LOOK_AGAIN_MS));
        }
        let unreachable = match &delivery.next_hop {
            NextHop::Unreachable { domain } => Some(domain),
            NextHop::Journal { target } => Some(target.domain()),
            _ => None,
        };
        if let Some(domain) = unreachable {
            shared.events.emit(Event::DomainUnreachable {
                domain: domain.to_string(),
                message: lease.message.id,
            });
        }
        worker::settle(shared, snapshot, lease, judged, &way);
        return;
    }
    let failed: Vec<u32> = found
        .failures
        .iter()
        .map(|(recipient, _)| *recipient)
        .collect();
    let mut judged = judge(
        snapshot,
        &attempt,
        found.failures,
        Handover::default(),
        |_| false,
    );
    add_moved(&mut judged, lease, &failed);
    judged.settlement.follow_ups.extend(found.deliveries);
    worker::settle(shared, snapshot, lease, judged, &way);
}

/// Settles the recipients that go on under another delivery.
fn add_moved(judged: &mut Judged, lease: &Lease, failed: &[u32]) {
    let moved = lease
        .pending
        .iter()
        .filter(|recipient| !failed.contains(recipient));
    judged
        .settlement
        .outcomes
        .extend(moved.map(|recipient| RecipientOutcome {
            recipient: *recipient,
            fate: Fate::Removed,
            reply: Reply::new(250, EnhancedCode(2, 1, 5), "Routed anew"),
        }));
}

fn no_way(hop: &NextHop) -> Reply {
    let text = match hop {
        NextHop::Unreachable { domain } => format!("No send connector takes mail for {domain}"),
        NextHop::Journal { target } => format!("No send connector takes reports for {target}"),
        other => format!("The way {other} is not in force"),
    };
    Reply::new(451, EnhancedCode(4, 4, 4), text)
}

/// Whether a change of the objects may have given this next hop's mail another way.
pub(super) fn may_move(snapshot: &Snapshot, hop: &NextHop) -> bool {
    match hop {
        // Which way a report goes is found for each one.
        NextHop::Unreachable { .. } | NextHop::Journal { .. } => true,
        NextHop::SmartHost { .. } | NextHop::Domain { .. } => connector_of(snapshot, hop).is_none(),
        // Looked at when the next attempt is made: mail for a mailbox hardly ever waits.
        NextHop::Mailbox { .. } => false,
    }
}
