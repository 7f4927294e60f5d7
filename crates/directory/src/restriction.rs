//! Who may send to a recipient, and what a sender may send.
//!
//! A sender is known by the account that signed in, or by MAIL FROM where that can be believed: the
//! sender signed in, came in through a connector whose clients may relay, or has an address that is
//! none of the organisation's. A believed address may open a recipient to a sender; to close one,
//! any address does. Mail of the system itself (reports, journal reports, probes) is free of all
//! restrictions: it is resolved without a [`Sender`].

use mailward_model::{EmailAddress, EnhancedCode, Reply, kind::Recipient, unit::ByteSize};

use crate::{Directory, Membership, RecipientNo, RecipientRole};

/// Who sends a message, as far as restrictions ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sender<'a> {
    /// MAIL FROM; `None` for the null sender.
    pub address: Option<&'a EmailAddress>,
    /// The account that signed in.
    pub account: Option<&'a EmailAddress>,
    /// Whether it came in through a connector whose clients may relay.
    pub trusted: bool,
    /// Octets of the message; 0 where they are not known yet.
    pub size: u64,
}

/// Addresses of recipients, of groups and of anybody else, and who is meant by them.
#[derive(Debug, Default)]
struct Listed {
    /// The recipients and addresses themselves.
    direct: Membership,
    /// With the members of the groups among them.
    members: Membership,
}

impl Listed {
    fn has(&self, directory: &Directory, address: &EmailAddress) -> bool {
        // The short lists first: most senders stand in them by themselves.
        self.direct.has_address(directory, address) || self.members.has_address(directory, address)
    }
}

/// The restrictions of one recipient.
#[derive(Debug, Default)]
pub(crate) struct Restrictions {
    /// Who may send to it; anybody where `None`.
    accept: Option<Listed>,
    /// Who may not.
    reject: Option<Listed>,
    authenticated_only: bool,
    receive_octets_max: Option<u64>,
}

/// What the owner of a mailbox may send.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SendLimits {
    pub(crate) octets_max: Option<u64>,
    pub(crate) recipients_max: Option<u32>,
    /// The account is disabled: nothing at all.
    pub(crate) disabled: bool,
}

impl Restrictions {
    /// The restrictions of a recipient; `None` where it has none.
    pub(crate) fn of(directory: &Directory, recipient: &dyn Recipient) -> Option<Restrictions> {
        let listed = |addresses: &[EmailAddress]| {
            (!addresses.is_empty()).then(|| Listed {
                direct: directory.named(addresses),
                members: directory.members_of_all(addresses),
            })
        };
        let restrictions = Restrictions {
            accept: listed(recipient.accept_messages_only_from()),
            reject: listed(recipient.reject_messages_from()),
            authenticated_only: recipient.require_sender_authentication_enabled(),
            receive_octets_max: recipient.max_receive_size().map(|size| size.0),
        };
        let any = restrictions.accept.is_some()
            || restrictions.reject.is_some()
            || restrictions.authenticated_only
            || restrictions.receive_octets_max.is_some();
        any.then_some(restrictions)
    }
}

impl Directory {
    /// Why this sender may not send to a recipient; `None` where it may.
    pub fn refuses(&self, no: RecipientNo, sender: &Sender<'_>) -> Option<Reply> {
        let recipient = self.recipient_of(no)?;
        let restrictions = recipient.restrictions.as_deref()?;
        let address = &recipient.address;
        let not_allowed = |text: String| Some(Reply::new(550, EnhancedCode(5, 7, 1), text));
        if let Some(max) = restrictions.receive_octets_max
            && sender.size > max
        {
            let text = format!(
                "The message has {} octets; {address} takes messages up to {}",
                sender.size,
                ByteSize(max)
            );
            return Some(Reply::new(550, EnhancedCode(5, 2, 3), text));
        }
        let known = sender.account.is_some() || sender.trusted;
        if restrictions.authenticated_only && !known {
            return not_allowed(format!("{address} takes mail of known senders only"));
        }
        let named = || sender.address.into_iter().chain(sender.account);
        if let Some(reject) = &restrictions.reject
            && named().any(|from| reject.has(self, from))
        {
            return not_allowed(format!("{address} takes no mail of this sender"));
        }
        let believed = |from: &&EmailAddress| known || !self.is_internal(from.domain());
        if let Some(accept) = &restrictions.accept
            && !named().filter(believed).any(|from| accept.has(self, from))
        {
            return not_allowed(format!("{address} takes mail of some senders only"));
        }
        None
    }

    /// Why this sender may not send to an address; `None` where it may, and where the directory
    /// does not know the address.
    pub fn refuses_address(&self, to: &EmailAddress, sender: &Sender<'_>) -> Option<Reply> {
        let own = self.refuses_sender(sender);
        own.or_else(|| self.refuses(self.find(to)?.no, sender))
    }

    /// Why this sender may send nothing at all: the account is disabled. Whoever came in through a
    /// connector whose clients may relay is believed to be who they say.
    fn refuses_sender(&self, sender: &Sender<'_>) -> Option<Reply> {
        let believed = sender.address.filter(|_| sender.trusted);
        let mut named = sender.account.into_iter().chain(believed);
        let is_disabled = |address: &EmailAddress| {
            let found = self.find(address);
            let found = found.and_then(|found| self.recipient_of(found.no));
            found.is_some_and(|recipient| recipient.send_limits.disabled)
        };
        let address = named.find(|address| is_disabled(address))?;
        let text = format!("The account of {address} is disabled");
        Some(Reply::new(550, EnhancedCode(5, 7, 1), text))
    }

    /// Why this sender may not send such a message to anybody; `None` where it may. `recipients`
    /// is their number as the sender wrote them, before groups are expanded.
    pub(crate) fn refuses_message(&self, sender: &Sender<'_>, recipients: usize) -> Option<Reply> {
        if let Some(reply) = self.refuses_sender(sender) {
            return Some(reply);
        }
        let owner = self.find(sender.account?)?;
        let limits = self.recipient_of(owner.no)?.send_limits;
        if let Some(max) = limits.octets_max
            && sender.size > max
        {
            let text = format!(
                "The message has {} octets; its sender may send up to {}",
                sender.size,
                ByteSize(max)
            );
            return Some(Reply::new(550, EnhancedCode(5, 2, 3), text));
        }
        let max = limits.recipients_max?;
        (u32::try_from(recipients).unwrap_or(u32::MAX) > max).then(|| {
            let text = format!(
                "The message has {recipients} recipients; its sender may write to {max} at once"
            );
            Reply::new(550, EnhancedCode(5, 5, 3), text)
        })
    }

    /// The recipients and addresses of this list themselves: groups are not looked into.
    fn named(&self, addresses: &[EmailAddress]) -> Membership {
        let is_group = |no: RecipientNo| {
            let role = self.recipient_of(no).map(|recipient| &recipient.role);
            matches!(role, Some(RecipientRole::Group(_)))
        };
        let mut named = Membership::default();
        for address in addresses {
            match self.find(address) {
                Some(found) if is_group(found.no) => {}
                Some(found) => named.add_recipient(found.no),
                None => named.add_address(address),
            }
        }
        named.sort();
        named
    }
}
