//! Delivery status notifications that follow from an attempt: for whom, about whom, by which way.
//!
//! Pure, over the snapshot. What a notification says is written when it is delivered
//! ([`mailward_proto::dsn`]).
//!
//! Invariant: nobody is told about mail with the null sender, about notifications, journal reports
//! or health probes. So no bounce is ever answered by a bounce.

use mailward_model::{
    EmailAddress, ReversePath,
    kind::OutboundPool,
    plan::{Delivery, DeliveryContent, DsnRecipient, JournalErrand, JournalReport},
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
    categorize::route_to(snapshot, to, DSN_OCTETS, OutboundPool::HighRisk)
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

/// The deliveries of a journal report to the alternate journal mailbox, where one is set that is not
/// the place it comes from. Empty where the report can only wait.
pub(super) fn diverted(snapshot: &Snapshot, delivery: &Delivery) -> Vec<Delivery> {
    let DeliveryContent::JournalReport(report) = &delivery.content else {
        return Vec::new();
    };
    let Some(alternate) = &snapshot.settings.journaling_report_ndr_to else {
        return Vec::new();
    };
    let key = alternate.key();
    let mut places = delivery.recipients.iter().map(|r| &r.rcpt.address);
    let is_there = report
        .target
        .as_ref()
        .is_some_and(|target| target.key() == key)
        || places.any(|address| address.key() == key);
    if report.errand != JournalErrand::Target || is_there {
        return Vec::new();
    }
    let content = DeliveryContent::JournalReport(JournalReport {
        errand: JournalErrand::Alternate,
        ..report.clone()
    });
    // Reports have no size limit of their own: the queue shows what cannot be routed.
    categorize::route_to(snapshot, alternate, 0, OutboundPool::Normal)
        .into_iter()
        .map(|route| Delivery {
            // The queue gives the number.
            no: 0,
            next_hop: categorize::report_hop(alternate, route.next_hop),
            mail_from: ReversePath::Null,
            recipients: route.recipients,
            content: content.clone(),
        })
        .collect()
}
