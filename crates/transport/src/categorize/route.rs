//! Routing: from a final recipient to its next hop.
//!
//! A mailbox here goes to its Maildir or to the send connector it names. Any other address goes to
//! the send connector with the most specific address space for its domain; among equally specific
//! ones the lower cost wins, then the lower name. A connector whose size limit is below the message
//! is out of the question; where only such connectors remain the message is too large, which is
//! final. Where no connector has a fitting space the recipient waits for one.

use mailward_directory::{Place, RecipientRole};
use mailward_model::{
    Decision, Domain, EmailAddress, EnhancedCode, EnvelopeRecipient, PassedOver, Reply,
    kind::{AddressSpace, ConnectorTarget, OutboundPool, SendConnector},
    plan::{DeliveryRecipient, NextHop},
    unit::ByteSize,
};

use super::risk::is_outside;
use crate::snapshot::{Named, Snapshot};

/// What routing comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// The next hop; [`NextHop::Unreachable`] where no connector takes the domain.
    To(NextHop),
    /// Connectors take the domain, but none takes a message of this size.
    TooLarge {
        /// The largest limit among them.
        limit: ByteSize,
    },
}

impl Routing {
    /// The next hop, or the reply with which the recipient fails.
    ///
    /// # Errors
    /// The reply 552 5.3.4 where the message is too large for every connector.
    pub fn into_next_hop(self) -> Result<NextHop, Reply> {
        match self {
            Routing::To(next_hop) => Ok(next_hop),
            Routing::TooLarge { limit } => Err(Reply::new(
                552,
                EnhancedCode(5, 3, 4),
                format!("Message too large: the way to this recipient takes up to {limit}"),
            )),
        }
    }
}

/// A candidate's best address space for a domain.
struct Fit<'s> {
    connector: &'s Named<SendConnector>,
    space: &'s AddressSpace,
    specificity: usize,
}

impl<'s> Fit<'s> {
    fn of(connector: &'s Named<SendConnector>, domain: &Domain) -> Option<Fit<'s>> {
        connector
            .spec
            .address_spaces
            .iter()
            .filter_map(|space| space.fit(domain).map(|specificity| (space, specificity)))
            // The last of equals is taken by max_by, and which of two equal spaces it is does not
            // matter.
            .max_by(|(a, a_fit), (b, b_fit)| a_fit.cmp(b_fit).then(b.cost.cmp(&a.cost)))
            .map(|(space, specificity)| Fit {
                connector,
                space,
                specificity,
            })
    }

    /// True where this candidate goes before the other one, whatever their names.
    fn beats(&self, other: &Fit<'_>) -> bool {
        (self.specificity, std::cmp::Reverse(self.space.cost))
            > (other.specificity, std::cmp::Reverse(other.space.cost))
    }
}

/// Whether a connector takes a message of `size` octets.
pub(super) fn takes_size(connector: &SendConnector, size: u64) -> bool {
    connector.max_message_size.0 == 0 || size <= connector.max_message_size.0
}

/// The pool through which mail for a domain goes that asks for `wanted`.
pub fn pool_for(snapshot: &Snapshot, domain: &Domain, wanted: OutboundPool) -> OutboundPool {
    let takes = |connector: &Named<SendConnector>| {
        connector.spec.pool == OutboundPool::HighRisk && Fit::of(connector, domain).is_some()
    };
    let is_high_risk = wanted == OutboundPool::HighRisk
        && is_outside(&snapshot.directory, domain)
        && snapshot.send_connectors.iter().any(|one| takes(one));
    match is_high_risk {
        true => OutboundPool::HighRisk,
        false => OutboundPool::Normal,
    }
}

/// The choice among the connectors in force of a pool, which are sorted by name.
fn pick<'s>(
    snapshot: &'s Snapshot,
    domain: &Domain,
    size: u64,
    pool: OutboundPool,
) -> Result<Option<Fit<'s>>, ByteSize> {
    let mut best: Option<Fit<'s>> = None;
    let mut too_small: Option<ByteSize> = None;
    let connectors = snapshot.send_connectors.iter();
    for connector in connectors.filter(|connector| connector.spec.pool == pool) {
        let Some(fit) = Fit::of(connector, domain) else {
            continue;
        };
        if !takes_size(&connector.spec, size) {
            too_small = too_small.max(Some(connector.spec.max_message_size));
        } else if best.as_ref().is_none_or(|best| fit.beats(best)) {
            best = Some(fit);
        }
    }
    match (best, too_small) {
        (None, Some(limit)) => Err(limit),
        (best, _) => Ok(best),
    }
}

/// The next hop of a connector for a domain.
pub(super) fn hop(connector: &Named<SendConnector>, domain: &Domain) -> NextHop {
    let name = connector.name.clone();
    match connector.spec.target {
        ConnectorTarget::Mx => NextHop::Domain {
            connector: name,
            domain: domain.clone(),
        },
        ConnectorTarget::SmartHosts | ConnectorTarget::Lmtp => {
            NextHop::SmartHost { connector: name }
        }
    }
}

/// The way to a domain for a message of `size` octets that asks for a pool, without the reasons.
pub fn route_domain(
    snapshot: &Snapshot,
    domain: &Domain,
    size: u64,
    wanted: OutboundPool,
) -> Routing {
    let pool = pool_for(snapshot, domain, wanted);
    match pick(snapshot, domain, size, pool) {
        Ok(Some(fit)) => Routing::To(hop(fit.connector, domain)),
        Ok(None) => Routing::To(NextHop::Unreachable {
            domain: domain.clone(),
        }),
        Err(limit) => Routing::TooLarge { limit },
    }
}

/// The way to a domain for a message of `size` octets that asks for a pool, and why each other
/// connector was passed over. The choice is the one that mail takes.
pub fn route(
    snapshot: &Snapshot,
    domain: &Domain,
    size: u64,
    wanted: OutboundPool,
) -> Decision<Routing> {
    let pool = pool_for(snapshot, domain, wanted);
    let picked = pick(snapshot, domain, size, pool);
    let mut passed_over = Vec::new();
    for connector in &snapshot.send_connectors {
        let reason = match (Fit::of(connector, domain), &picked) {
            (None, _) => {
                let spaces: Vec<_> = connector
                    .spec
                    .address_spaces
                    .iter()
                    .map(AddressSpace::to_string)
                    .collect();
                format!(
                    "its address spaces ({}) do not cover {domain}",
                    spaces.join(", ")
                )
            }
            (Some(_), _) if connector.spec.pool != pool => match pool {
                OutboundPool::HighRisk => format!(
                    "it is of the normal pool, and risky mail for {domain} leaves through the \
                     high-risk pool"
                ),
                OutboundPool::Normal if wanted == OutboundPool::HighRisk => format!(
                    "it is of the high-risk pool, and {domain} is not outside the organisation"
                ),
                OutboundPool::Normal => {
                    "it is of the high-risk pool, and the message is not risky".to_owned()
                }
            },
            (Some(_), _) if !takes_size(&connector.spec, size) => format!(
                "its max_message_size is {}, the message has {size} octets",
                connector.spec.max_message_size
            ),
            (Some(fit), Ok(Some(best))) if best.connector.name != connector.name => {
                if fit.specificity < best.specificity {
                    format!(
                        "its address space {} is less specific than {} of {:?}",
                        fit.space, best.space, best.connector.name
                    )
                } else if fit.space.cost > best.space.cost {
                    format!(
                        "its cost, {}, is higher than {} of {:?}",
                        fit.space.cost, best.space.cost, best.connector.name
                    )
                } else {
                    format!("its name comes after {:?}", best.connector.name)
                }
            }
            _ => continue,
        };
        passed_over.push(PassedOver {
            candidate: connector.name.clone(),
            reason,
        });
    }
    let because = match &picked {
        Ok(Some(best)) => format!(
            "send connector {:?}{} has the address space {}",
            best.connector.name,
            match pool {
                OutboundPool::Normal => "",
                OutboundPool::HighRisk => " of the high-risk pool",
            },
            best.space
        ),
        Ok(None) => format!("no send connector in force has an address space for {domain}"),
        Err(limit) => format!(
            "every send connector for {domain} has a size limit below {size} octets; the largest is {limit}"
        ),
    };
    let chosen = match picked {
        Ok(Some(best)) => Routing::To(hop(best.connector, domain)),
        Ok(None) => Routing::To(NextHop::Unreachable {
            domain: domain.clone(),
        }),
        Err(limit) => Routing::TooLarge { limit },
    };
    Decision {
        chosen,
        because,
        passed_over,
    }
}

/// The way to a mailbox of the directory, with the reason.
fn route_mailbox(
    snapshot: &Snapshot,
    no: mailward_directory::RecipientNo,
    domain: &Domain,
    size: u64,
) -> Option<(Routing, MailboxReason)> {
    let recipient = snapshot.directory.recipient_of(no)?;
    let RecipientRole::Mailbox(mailbox) = &recipient.role else {
        return None;
    };
    let Some(name) = mailbox.send_connector.as_deref() else {
        let mailbox = recipient.name.to_string();
        return Some((
            Routing::To(NextHop::Mailbox { mailbox }),
            MailboxReason::Here,
        ));
    };
    // Apply refuses a mailbox with an unknown connector; one that is disabled waits.
    let Some(connector) = snapshot.send_connector(name) else {
        let domain = domain.clone();
        return Some((
            Routing::To(NextHop::Unreachable { domain }),
            MailboxReason::ConnectorMissing,
        ));
    };
    let routing = if takes_size(&connector.spec, size) {
        Routing::To(hop(connector, domain))
    } else {
        Routing::TooLarge {
            limit: connector.spec.max_message_size,
        }
    };
    Some((routing, MailboxReason::Connector))
}

#[derive(Debug, Clone, Copy)]
enum MailboxReason {
    Here,
    Connector,
    ConnectorMissing,
}

/// The way to a final recipient.
pub(super) fn route_place(
    snapshot: &Snapshot,
    place: Place,
    address: &EmailAddress,
    size: u64,
    wanted: OutboundPool,
) -> Routing {
    if let Place::Mailbox(no) = place
        && let Some((routing, _)) = route_mailbox(snapshot, no, address.domain(), size)
    {
        return routing;
    }
    route_domain(snapshot, address.domain(), size, wanted)
}

/// The way to a final recipient, with the reasons.
pub(super) fn route_place_explained(
    snapshot: &Snapshot,
    place: Place,
    address: &EmailAddress,
    size: u64,
    wanted: OutboundPool,
) -> Decision<Routing> {
    let Place::Mailbox(no) = place else {
        return route(snapshot, address.domain(), size, wanted);
    };
    match route_mailbox(snapshot, no, address.domain(), size) {
        Some((routing, reason)) => {
            let because = match reason {
                MailboxReason::Here => "the mailbox is kept here",
                MailboxReason::Connector => "the mailbox names this send connector",
                MailboxReason::ConnectorMissing => {
                    "the mailbox names a send connector that is not in force"
                }
            };
            Decision::plain(routing, because)
        }
        None => route(snapshot, address.domain(), size, wanted),
    }
}

/// One way to an address, and who is at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The next hop.
    pub next_hop: NextHop,
    /// The final recipients that it takes.
    pub recipients: Vec<DeliveryRecipient>,
}

/// The ways to an address of ours or anybody's, for mail of our own making (bounces): the address
/// is resolved as a recipient, through proxy addresses, forwards and groups. Empty where it leads
/// nowhere; then there is nobody to tell.
pub fn route_to(
    snapshot: &Snapshot,
    address: &EmailAddress,
    size: u64,
    wanted: OutboundPool,
) -> Vec<Route> {
    let rcpt = [EnvelopeRecipient::new(address.clone())];
    let mut deliveries = Vec::new();
    for resolved in snapshot.directory.resolve(&rcpt, None).recipients {
        let address = &resolved.rcpt.address;
        let routing = route_place(snapshot, resolved.place, address, size, wanted);
        if let Routing::To(next_hop) = routing {
            let recipient = DeliveryRecipient {
                rcpt: resolved.rcpt,
                redirection: resolved.redirection,
            };
            deliveries.push((next_hop, recipient));
        }
    }
    let mut routes: Vec<Route> = Vec::new();
    for (next_hop, recipient) in deliveries {
        match routes.iter_mut().find(|route| route.next_hop == next_hop) {
            Some(route) => route.recipients.push(recipient),
            None => routes.push(Route {
                next_hop,
                recipients: vec![recipient],
            }),
        }
    }
    routes
}
