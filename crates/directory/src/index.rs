//! The index: recipients by address, accepted domains, and the answer to a RCPT.
//!
//! Addresses are compared without regard to case. Invariant: a [`RecipientNo`] given out by a
//! directory is valid in it, and in no other.

use std::{collections::HashMap, net::IpAddr};

use mailward_model::{
    Domain, EmailAddress, Object, ObjectId, Revision, Spec,
    filter::Times,
    kind::{AcceptedDomainType, MailboxType, TransportSettings},
};

use crate::{
    domains::Domains,
    dynamic::DynamicGroups,
    restriction::{Restrictions, SendLimits},
};

/// A recipient's place in its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecipientNo(pub(crate) u32);

/// A recipient of the organisation.
#[derive(Debug)]
pub struct Recipient {
    /// The object's name.
    pub name: Box<str>,
    /// The primary address.
    pub address: EmailAddress,
    /// What it is.
    pub role: RecipientRole,
    /// Who may send to it; most recipients have no restriction.
    pub(crate) restrictions: Option<Box<Restrictions>>,
    /// What its owner may send.
    pub(crate) send_limits: SendLimits,
}

/// What a recipient is.
#[derive(Debug)]
pub enum RecipientRole {
    /// A mailbox.
    Mailbox(LocalMailbox),
    /// A contact or a mail user: its mail goes to this address.
    Contact(Target),
    /// A group, static or dynamic.
    Group(Group),
}

/// What the directory keeps of a group.
#[derive(Debug)]
pub struct Group {
    /// Its members: as listed, or as the filter of a dynamic group fits them.
    pub members: Box<[Target]>,
    /// Who hears of failures instead of the sender.
    pub report_to: Option<EmailAddress>,
    /// Whether the sender hears of failures where nobody else does.
    pub report_to_sender: bool,
    /// The revision at which its members last changed; for a group of listed members, that of its
    /// own last change.
    pub generation: Revision,
}

/// What the directory keeps of a mailbox.
#[derive(Debug)]
pub struct LocalMailbox {
    /// What it is for.
    pub mailbox_type: MailboxType,
    /// Where its mail goes instead, or also.
    pub forward: Option<Target>,
    /// Whether it keeps a copy of what it forwards.
    pub keep_copy: bool,
    /// The send connector that takes its mail; the Maildir of this node where unset.
    pub send_connector: Option<Box<str>>,
}

/// Another recipient, as a member, a forwarding target or a contact's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A recipient of this directory, by primary or proxy address.
    Known(RecipientNo),
    /// Any other address.
    Address(EmailAddress),
}

/// How an address led to a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is the primary address.
    Primary,
    /// It is a proxy address.
    Proxy,
    /// It is a primary or proxy address with a `+detail`.
    Detail,
}

/// A recipient found by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub no: RecipientNo,
    /// How.
    pub how: Match,
}

/// What a RCPT is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RcptDecision {
    /// A recipient of the directory, or the postmaster of an accepted domain.
    Known,
    /// A health probe's mailbox: to be accepted from this host alone.
    Monitoring,
    /// Not in the directory, but in a relay domain: accepted, and routed to another server.
    Relay,
    /// Not in the directory, and its domain has no recipients elsewhere: 550 5.1.1.
    Unknown,
    /// Not in an accepted domain: needs the right to relay, else 550 5.7.1.
    NotLocal,
}

/// Everything the server knows about recipients. Immutable; built anew when an object changes.
#[derive(Debug, Default)]
pub struct Directory {
    recipients: Vec<Recipient>,
    /// By key: the recipient, and whether the address is its primary one.
    by_address: HashMap<Box<str>, (RecipientNo, Match)>,
    domains: Domains,
    postmaster: Option<EmailAddress>,
    plus_addressing: bool,
    expanded_max: usize,
    host: Option<Domain>,
}

impl Directory {
    /// Builds the index. Of two recipients with one address the first keeps it (`apply` refuses
    /// such objects; what was stored by other means must still be served).
    pub fn build(objects: &[Object]) -> Directory {
        Directory::build_at(objects, Times::default())
    }

    /// The same, where filters may ask when objects were made or changed.
    pub fn build_at(objects: &[Object], times: Times) -> Directory {
        let mut groups = DynamicGroups::default();
        let at = objects.iter().map(|object| object.revision).max();
        groups.update(objects, at.unwrap_or_default(), times);
        Directory::build_with(objects, &groups)
    }

    /// Builds the index with the members of dynamic groups as they are kept in `groups`, which has
    /// been brought to these objects. Evaluates no filter.
    pub fn build_with(objects: &[Object], groups: &DynamicGroups) -> Directory {
        let defaults = TransportSettings::default();
        let settings = objects
            .iter()
            .find_map(|object| match &object.spec {
                Spec::TransportSettings(settings) => Some(settings),
                _ => None,
            })
            .unwrap_or(&defaults);
        let mut directory = Directory {
            postmaster: settings.postmaster.clone(),
            plus_addressing: settings.plus_addressing,
            expanded_max: usize::try_from(settings.max_expanded_recipients).unwrap_or(usize::MAX),
            ..Directory::default()
        };
        directory.claim_addresses(objects);
        let members = Members::new(objects, groups);
        let mut recipients = Vec::with_capacity(directory.by_address.len());
        for object in objects {
            if let Spec::AcceptedDomain(accepted) = &object.spec {
                directory.domains.add(accepted);
            }
            recipients.extend(directory.recipient(object, &members));
        }
        directory.recipients = recipients;
        directory.restrict(objects);
        directory
    }

    /// Sets the restrictions: they may name groups, whose members must be known by now.
    fn restrict(&mut self, objects: &[Object]) {
        let specs = || objects.iter().filter_map(|object| object.spec.recipient());
        let all: Vec<_> = specs()
            .map(|recipient| Restrictions::of(self, recipient).map(Box::new))
            .collect();
        for (recipient, restrictions) in self.recipients.iter_mut().zip(all) {
            recipient.restrictions = restrictions;
        }
    }

    /// Gives every address to its recipient. Primary addresses go first, so that a proxy address
    /// can never take mail from the recipient whose primary address it is.
    fn claim_addresses(&mut self, objects: &[Object]) {
        let specs = || objects.iter().filter_map(|object| object.spec.recipient());
        for (recipient, no) in specs().zip(0u32..) {
            self.by_address
                .entry(recipient.address().key().into())
                .or_insert((RecipientNo(no), Match::Primary));
        }
        for (recipient, no) in specs().zip(0u32..) {
            for proxy in recipient.proxy_addresses() {
                self.by_address
                    .entry(proxy.key().into())
                    .or_insert((RecipientNo(no), Match::Proxy));
            }
        }
    }

    /// The recipient an object describes, its references looked up.
    fn recipient(&self, object: &Object, members: &Members<'_>) -> Option<Recipient> {
        let mut send_limits = SendLimits::default();
        let role = match &object.spec {
            Spec::Mailbox(mailbox) => {
                send_limits.octets_max = mailbox.max_send_size.map(|size| size.0);
                send_limits.recipients_max = mailbox.recipient_limits;
                send_limits.disabled = mailbox.account_disabled;
                RecipientRole::Mailbox(LocalMailbox {
                    mailbox_type: mailbox.mailbox_type,
                    forward: mailbox.forwarding_address.as_ref().map(|a| self.target(a)),
                    keep_copy: mailbox.deliver_and_forward,
                    send_connector: mailbox.send_connector.as_deref().map(Box::from),
                })
            }
            Spec::MailContact(contact) => {
                RecipientRole::Contact(self.target(&contact.external_address))
            }
            Spec::MailUser(user) => {
                send_limits.octets_max = user.max_send_size.map(|size| size.0);
                send_limits.recipients_max = user.recipient_limits;
                send_limits.disabled = user.account_disabled;
                RecipientRole::Contact(self.target(&user.external_address))
            }
            Spec::DistributionGroup(group) => RecipientRole::Group(Group {
                members: group.members.iter().map(|a| self.target(a)).collect(),
                report_to: group.report_to.clone(),
                report_to_sender: group.report_to_originator_enabled,
                generation: object.revision,
            }),
            Spec::DynamicDistributionGroup(group) => {
                let (members, generation) = members.of(object);
                RecipientRole::Group(Group {
                    members,
                    report_to: group.report_to.clone(),
                    report_to_sender: group.report_to_originator_enabled,
                    generation,
                })
            }
            _ => return None,
        };
        Some(Recipient {
            name: object.name.as_str().into(),
            address: object.spec.recipient()?.address().clone(),
            role,
            restrictions: None,
            send_limits,
        })
    }

    /// A reference to an address, kept as a number where a recipient has it.
    fn target(&self, address: &EmailAddress) -> Target {
        match self.by_address.get(address.key().as_str()) {
            Some((no, _)) => Target::Known(*no),
            None => Target::Address(address.clone()),
        }
    }

    /// Also takes mail for `postmaster` at this host's own name (RFC 5321 §4.5.1).
    #[must_use]
    pub fn with_host(mut self, host: &Domain) -> Directory {
        self.host = Some(host.clone());
        self
    }

    /// The type of an accepted domain, `None` for any other domain.
    pub fn accepts(&self, domain: &Domain) -> Option<AcceptedDomainType> {
        self.domains.find(domain)
    }

    /// True where a domain's people belong to the organisation: authoritative or internal relay.
    pub fn is_internal(&self, domain: &Domain) -> bool {
        matches!(
            self.accepts(domain),
            Some(AcceptedDomainType::Authoritative | AcceptedDomainType::InternalRelay)
        )
    }

    /// The recipient of an address, with plus-addressing where the settings allow it.
    pub fn find(&self, address: &EmailAddress) -> Option<Found> {
        if let Some((no, how)) = self.by_address.get(address.key().as_str()) {
            return Some(Found { no: *no, how: *how });
        }
        if !self.plus_addressing {
            return None;
        }
        let base = address.without_detail()?.key();
        let (no, _) = self.by_address.get(base.as_str())?;
        Some(Found {
            no: *no,
            how: Match::Detail,
        })
    }

    /// A recipient by number; `None` only for a number of another directory.
    pub fn recipient_of(&self, no: RecipientNo) -> Option<&Recipient> {
        self.recipients.get(usize::try_from(no.0).ok()?)
    }

    /// The mailbox behind an address, where it is one of this directory.
    pub fn mailbox(&self, address: &EmailAddress) -> Option<&LocalMailbox> {
        self.mailbox_of(self.find(address)?.no)
    }

    /// The mailbox of a recipient, where it is one.
    pub fn mailbox_of(&self, no: RecipientNo) -> Option<&LocalMailbox> {
        match &self.recipient_of(no)?.role {
            RecipientRole::Mailbox(mailbox) => Some(mailbox),
            _ => None,
        }
    }

    /// Who gets mail to `postmaster` at every accepted domain, where the settings say.
    pub fn postmaster(&self) -> Option<&EmailAddress> {
        self.postmaster.as_ref()
    }

    /// Recipients that expansion may add to one message.
    pub(crate) fn expanded_max(&self) -> usize {
        self.expanded_max
    }

    /// True where `address` is the postmaster of an accepted domain, of this host by name, or of
    /// the local address `local` as a literal, and the settings name somebody to get that mail.
    pub fn is_postmaster(&self, address: &EmailAddress, local: Option<IpAddr>) -> bool {
        // RFC 5321 §4.5.1: the name is recognised in any mixture of cases.
        self.postmaster.is_some()
            && address.local().eq_ignore_ascii_case("postmaster")
            && (self.host.as_ref() == Some(address.domain())
                || self.accepts(address.domain()).is_some()
                || local.is_some_and(|ip| address.domain().literal() == Some(ip.to_canonical())))
    }

    /// What a RCPT with this address is answered. See [`Directory::check_recipient_at`].
    pub fn check_recipient(&self, address: &EmailAddress) -> RcptDecision {
        self.check_recipient_at(address, None)
    }

    /// What a RCPT with this address is answered on a connection to the local address `local`
    /// (whose literal is one of this host's names, RFC 5321 §4.5.1).
    pub fn check_recipient_at(
        &self,
        address: &EmailAddress,
        local: Option<IpAddr>,
    ) -> RcptDecision {
        if let Some(found) = self.find(address) {
            return match self.recipient_of(found.no).map(|r| &r.role) {
                Some(RecipientRole::Mailbox(mailbox))
                    if mailbox.mailbox_type == MailboxType::Monitoring =>
                {
                    RcptDecision::Monitoring
                }
                _ => RcptDecision::Known,
            };
        }
        if self.is_postmaster(address, local) {
            return RcptDecision::Known;
        }
        match self.accepts(address.domain()) {
            Some(AcceptedDomainType::Authoritative) => RcptDecision::Unknown,
            Some(AcceptedDomainType::InternalRelay | AcceptedDomainType::ExternalRelay) => {
                RcptDecision::Relay
            }
            None => RcptDecision::NotLocal,
        }
    }
}

/// The numbers of the members of dynamic groups.
struct Members<'a> {
    groups: &'a DynamicGroups,
    /// Empty where there is no dynamic group.
    numbers: HashMap<ObjectId, RecipientNo>,
}

impl<'a> Members<'a> {
    fn new(objects: &[Object], groups: &'a DynamicGroups) -> Members<'a> {
        let is_recipient = |object: &&Object| object.spec.recipient().is_some();
        let recipients = objects.iter().filter(is_recipient).zip(0u32..);
        let numbers = if groups.is_empty() {
            HashMap::new()
        } else {
            recipients
                .map(|(object, no)| (object.id, RecipientNo(no)))
                .collect()
        };
        Members { groups, numbers }
    }

    /// The members of a group, and when they last changed.
    fn of(&self, group: &Object) -> (Box<[Target]>, Revision) {
        let Some(found) = self.groups.members(group.id) else {
            return (Box::default(), group.revision);
        };
        let numbers = found.members.iter().filter_map(|id| self.numbers.get(id));
        let members = numbers.map(|no| Target::Known(*no)).collect();
        (members, found.generation)
    }
}
