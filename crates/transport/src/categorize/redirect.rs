//! A delivery sent by a send connector that somebody names, whatever routing says.
//!
//! Pure. Never here: what would break a promise. A journal report keeps to the queue of its target, a
//! mailbox of this host gets its mail here, and high-risk mail leaves by the pool that is for it.

use std::fmt;

use mailward_model::{
    kind::{OutboundPool, SendConnector},
    plan::{Delivery, DeliveryContent, NextHop},
    unit::ByteSize,
};

use super::{
    gather::Gatherer,
    route::{hop, pool_for, takes_size},
};
use crate::snapshot::{Named, Snapshot};

/// Why a delivery stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// It is a journal report.
    Report,
    /// It is for a mailbox of this host.
    Mailbox,
    /// It goes by that connector already.
    Same,
    /// The connector takes no message of its size.
    TooLarge(ByteSize),
    /// It leaves by another pool than the connector's.
    OtherPool(OutboundPool),
}

impl Stays {
    /// Whether that is as it should be, where nobody has named the delivery: what is not mail on its
    /// way out is not meant by everything.
    pub fn goes_without_saying(self) -> bool {
        matches!(self, Stays::Report | Stays::Mailbox | Stays::Same)
    }
}

impl fmt::Display for Stays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stays::Report => f.write_str("a journal report keeps to the queue of its target"),
            Stays::Mailbox => f.write_str("it is for a mailbox of this host"),
            Stays::Same => f.write_str("it goes by that send connector already"),
            Stays::TooLarge(most) => write!(f, "the send connector takes no message above {most}"),
            Stays::OtherPool(pool) => write!(
                f,
                "it leaves by the {} pool, and the send connector is not of it",
                pool.word()
            ),
        }
    }
}

/// What becomes of the recipients of a delivery that are still open, of a message of `size` octets
/// that asks for a pool, where it is sent by a connector.
///
/// # Errors
/// Why it stays.
pub fn redirect(
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    delivery: &Delivery,
    pending: &[u32],
    size: u64,
    wanted: OutboundPool,
) -> Result<Vec<Delivery>, Stays> {
    if matches!(delivery.content, DeliveryContent::JournalReport(_)) {
        return Err(Stays::Report);
    }
    match &delivery.next_hop {
        NextHop::Mailbox { .. } => return Err(Stays::Mailbox),
        NextHop::Journal { .. } => return Err(Stays::Report),
        NextHop::SmartHost { connector: name }
        | NextHop::Domain {
            connector: name, ..
        } if *name == connector.name => {
            return Err(Stays::Same);
        }
        _ => {}
    }
    if !takes_size(&connector.spec, size) {
        return Err(Stays::TooLarge(connector.spec.max_message_size));
    }
    let mut deliveries = Vec::new();
    let mut gatherer = Gatherer::new(&mut deliveries, delivery.content.clone());
    let open = pending.iter().filter_map(|index| {
        let at = usize::try_from(*index).ok()?;
        delivery.recipients.get(at)
    });
    for recipient in open {
        let domain = recipient.rcpt.address.domain();
        let pool = pool_for(snapshot, domain, wanted);
        if pool != connector.spec.pool {
            return Err(Stays::OtherPool(pool));
        }
        gatherer.add(
            hop(connector, domain),
            &delivery.mail_from,
            recipient.clone(),
        );
    }
    Ok(deliveries)
}
