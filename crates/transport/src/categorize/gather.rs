//! Gathering: recipients with one next hop and one return address go in one transaction.

use std::collections::HashMap;

use mailward_model::{
    ReversePath,
    plan::{Delivery, DeliveryContent, DeliveryRecipient, NextHop},
};

/// Recipients in one delivery. RFC 5321 §4.5.3.1.8 makes every server take 100; more would only
/// be refused with 452 and sent again.
pub const RECIPIENTS_PER_DELIVERY_MAX: usize = 100;

/// Gathers recipients into deliveries: one for each next hop and return address.
pub(super) struct Gatherer<'d> {
    deliveries: &'d mut Vec<Delivery>,
    content: DeliveryContent,
    /// The delivery that still takes recipients, by next hop and return address.
    open: HashMap<(NextHop, ReversePath), usize>,
    /// The delivery of the last recipient: neighbours in an envelope mostly share one.
    last: Option<usize>,
}

impl<'d> Gatherer<'d> {
    pub(super) fn new(deliveries: &'d mut Vec<Delivery>, content: DeliveryContent) -> Self {
        Gatherer {
            deliveries,
            content,
            open: HashMap::new(),
            last: None,
        }
    }

    pub(super) fn add(
        &mut self,
        next_hop: NextHop,
        mail_from: &ReversePath,
        recipient: DeliveryRecipient,
    ) {
        // A mailbox is reached once, so that its delivery has nothing to be gathered with. The way
        // of a report is found for each delivery, so each has one recipient.
        let alone = matches!(next_hop, NextHop::Mailbox { .. } | NextHop::Journal { .. });
        let fits = |delivery: &&mut Delivery| {
            delivery.next_hop == next_hop
                && delivery.mail_from == *mail_from
                && delivery.recipients.len() < RECIPIENTS_PER_DELIVERY_MAX
        };
        if !alone
            && let Some(delivery) = self
                .last
                .and_then(|at| self.deliveries.get_mut(at))
                .filter(fits)
        {
            delivery.recipients.push(recipient);
            return;
        }
        let at = self.deliveries.len();
        if !alone && self.last.is_some() {
            let key = (next_hop.clone(), mail_from.clone());
            if let Some(known) = self.open.get(&key).copied()
                && let Some(delivery) = self.deliveries.get_mut(known).filter(fits)
            {
                delivery.recipients.push(recipient);
                self.last = Some(known);
                return;
            }
            self.remember_last();
            self.open.insert(key, at);
        }
        self.deliveries.push(Delivery {
            no: u32::try_from(at).unwrap_or(u32::MAX),
            next_hop,
            mail_from: mail_from.clone(),
            recipients: vec![recipient],
            content: self.content.clone(),
        });
        if !alone {
            self.last = Some(at);
        }
    }

    /// Notes the first delivery, which went unnoted as long as it was the only one.
    fn remember_last(&mut self) {
        if let Some(at) = self.last
            && let Some(delivery) = self.deliveries.get(at)
        {
            self.open
                .entry((delivery.next_hop.clone(), delivery.mail_from.clone()))
                .or_insert(at);
        }
    }
}
