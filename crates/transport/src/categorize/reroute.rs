//! Routing anew: a delivery that waits, when connectors or recipients have changed.

use mailward_directory::Place;
use mailward_model::{
    EmailAddress, EnhancedCode, Reply,
    kind::{AcceptedDomainType, OutboundPool},
    plan::{Delivery, DeliveryContent, DeliveryRecipient, NextHop},
};

use super::{gather::Gatherer, journal, route::route_place};
use crate::snapshot::Snapshot;

/// New next hops for what is left of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rerouted {
    /// The deliveries that take its place, numbered from 0. Where nothing changed, one with the
    /// next hop it has.
    pub deliveries: Vec<Delivery>,
    /// Recipients, by index in the old delivery, that now fail, and the reply.
    pub failures: Vec<(u32, Reply)>,
}

/// Finds new next hops for the recipients `pending` (by index) of a delivery that waits, because
/// connectors or recipients have changed. Mailboxes are not forwarded again: that was done when
/// the message was categorized. A journal report never fails here; it waits. `wanted` is the pool
/// that the delivery asks for.
pub fn reroute(
    snapshot: &Snapshot,
    delivery: &Delivery,
    pending: &[u32],
    size: u64,
    wanted: OutboundPool,
) -> Rerouted {
    let mut rerouted = Rerouted::default();
    let report = match &delivery.content {
        DeliveryContent::JournalReport(report) => Some(report),
        _ => None,
    };
    let is_report = report.is_some();
    // A report keeps to the queue of its target.
    let hop = |next_hop: NextHop, address: &EmailAddress| match (report, &delivery.next_hop) {
        (Some(report), _) => {
            journal::report_hop(report.target.as_ref().unwrap_or(address), next_hop)
        }
        (None, NextHop::Journal { target }) => journal::report_hop(target, next_hop),
        (None, _) => next_hop,
    };
    let mut gatherer = Gatherer::new(&mut rerouted.deliveries, delivery.content.clone());
    for index in pending {
        let recipient = usize::try_from(*index)
            .ok()
            .and_then(|at| delivery.recipients.get(at));
        let Some(recipient) = recipient else {
            continue;
        };
        let address = &recipient.rcpt.address;
        let places = match places_again(snapshot, recipient) {
            Ok(places) => places,
            Err(_) if is_report => vec![(Place::Elsewhere, recipient.clone())],
            Err(reply) => {
                rerouted.failures.push((*index, reply));
                continue;
            }
        };
        for (place, recipient) in places {
            let address_now = &recipient.rcpt.address;
            let routing = route_place(snapshot, place, address_now, size, wanted);
            match routing.into_next_hop() {
                Ok(next_hop) => {
                    let next_hop = hop(next_hop, address);
                    gatherer.add(next_hop, &delivery.mail_from, recipient);
                }
                Err(_) if is_report => {
                    let domain = address.domain().clone();
                    let next_hop = hop(NextHop::Unreachable { domain }, address);
                    gatherer.add(next_hop, &delivery.mail_from, recipient);
                }
                Err(reply) => rerouted.failures.push((*index, reply)),
            }
        }
    }
    rerouted
}

/// By which way a delivery in the queue of a journal target goes now: found each time, since nothing
/// in such a queue ever moves to another one for a change of connectors.
pub fn way_of_report(snapshot: &Snapshot, delivery: &Delivery, size: u64) -> NextHop {
    let way = delivery.recipients.first().and_then(|recipient| {
        let address = &recipient.rcpt.address;
        let directory = &snapshot.directory;
        let is_ours = || {
            directory.accepts(address.domain()) == Some(AcceptedDomainType::Authoritative)
                || directory.find(address).is_some()
        };
        if !is_ours() {
            // An archive outside, as nearly all are: nothing of the delivery is copied.
            let pool = OutboundPool::Normal;
            let routing = route_place(snapshot, Place::Elsewhere, address, size, pool);
            return routing.into_next_hop().ok();
        }
        let places = places_again(snapshot, recipient).ok()?;
        let [(place, now)] = places.as_slice() else {
            return None;
        };
        // Another address than the one in the delivery: it is made anew.
        (now.rcpt.address == recipient.rcpt.address).then_some(())?;
        let pool = OutboundPool::Normal;
        let routing = route_place(snapshot, *place, &now.rcpt.address, size, pool);
        routing.into_next_hop().ok()
    });
    way.unwrap_or_else(|| delivery.next_hop.clone())
}

/// Where a final recipient is now.
fn places_again(
    snapshot: &Snapshot,
    recipient: &DeliveryRecipient,
) -> Result<Vec<(Place, DeliveryRecipient)>, Reply> {
    let directory = &snapshot.directory;
    let address = &recipient.rcpt.address;
    let Some(found) = directory.find(address) else {
        // It may have been deleted since.
        return match directory.accepts(address.domain()) {
            Some(AcceptedDomainType::Authoritative) => Err(Reply::new(
                550,
                EnhancedCode(5, 1, 1),
                "No such recipient here",
            )),
            _ => Ok(vec![(Place::Elsewhere, recipient.clone())]),
        };
    };
    if directory.mailbox(address).is_some() {
        return Ok(vec![(Place::Mailbox(found.no), recipient.clone())]);
    }
    // It has become a contact or a group since.
    let resolution = directory.resolve(std::slice::from_ref(&recipient.rcpt), None);
    if resolution.recipients.is_empty()
        && let Some(failure) = resolution.failures.into_iter().next()
    {
        return Err(failure.reply);
    }
    Ok(resolution
        .recipients
        .into_iter()
        .map(|resolved| {
            let recipient = DeliveryRecipient {
                rcpt: resolved.rcpt,
                redirection: resolved.redirection,
            };
            (resolved.place, recipient)
        })
        .collect())
}
