//! Routing anew: a delivery that waits, when connectors or recipients have changed.

use mailward_directory::Place;
use mailward_model::{
    EnhancedCode, Reply,
    kind::AcceptedDomainType,
    plan::{Delivery, DeliveryContent, DeliveryRecipient, NextHop},
};

use super::{gather::Gatherer, route::route_place};
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
/// the message was categorized. A journal report never fails here; it waits.
pub fn reroute(snapshot: &Snapshot, delivery: &Delivery, pending: &[u32], size: u64) -> Rerouted {
    let mut rerouted = Rerouted::default();
    let is_report = matches!(delivery.content, DeliveryContent::JournalReport(_));
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
            let routing = route_place(snapshot, place, &recipient.rcpt.address, size);
            match routing.into_next_hop() {
                Ok(next_hop) => gatherer.add(next_hop, &delivery.mail_from, recipient),
                Err(_) if is_report => {
                    let domain = address.domain().clone();
                    let next_hop = NextHop::Unreachable { domain };
                    gatherer.add(next_hop, &delivery.mail_from, recipient);
                }
                Err(reply) => rerouted.failures.push((*index, reply)),
            }
        }
    }
    rerouted
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
