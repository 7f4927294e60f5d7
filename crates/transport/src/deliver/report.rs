//! Delivery status notifications that follow from an attempt: for whom, about whom, by which way.
//!
//! Pure, over the snapshot. What a notification says is written when it is delivered
//! ([`mailward_proto::dsn`]).
//!
//! Invariant: nobody is told about mail with the null sender, about notifications, journal reports
//! or health probes. So no bounce is ever answered by a bounce.

use mailward_model::{
    EmailAddress, ReversePath,
    plan::{Delivery, DeliveryContent, DsnRecipient},
};
use mailward_queue::Message;

use crate::{categorize, snapshot::Snapshot};

/// The size by which a notification is routed, octets: that of one without the original. How much
/// of the original goes with it is decided when it is composed.
const DSN_OCTETS: u64 = 8 << 10;

/// Who hears of a delivery's fate; the categorizer has put a group's owner into `mail_from` where
/// one is to hear instead of the sender.
pub(super) fn who_hears<'a>(message: &Message, delivery: &'a Delivery) -> Option<&'a EmailAddress> {
    match delivery.content {
        DeliveryContent::Message if !message.origin.probe => delivery.mail_from.address(),
        _ => None,
    }
}

/// The deliveries of one notification about these recipients. Empty where there is nobody to tell,
/// or where the way to the sender is not known to anyone.
pub(super) fn follow_ups(
    snapshot: &Snapshot,
    message: &Message,
    delivery: &Delivery,
    recipients: Vec<DsnRecipient>,
) -> Vec<Delivery> {
    let Some(to) = who_hears(message, delivery).filter(|_| !recipients.is_empty()) else {
        return Vec::new();
    };
    let content = DeliveryContent::Dsn { recipients };
    categorize::route_to(snapshot, to, DSN_OCTETS)
        .into_iter()
        .map(|route| Delivery {
            // The queue gives the number.
            no: 0,
            next_hop: route.next_hop,
            mail_from: ReversePath::Null,
            recipients: route.recipients,
            content: content.clone(),
        })
        .collect()
}
