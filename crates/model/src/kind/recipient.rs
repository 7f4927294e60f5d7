//! Recipients: mailboxes, mail contacts, mail users. Groups are in [`super::group`].
//!
//! What every recipient has (further addresses, attributes, restrictions on who may send to it)
//! is defined once, by the macro `recipient!`, and read through the trait [`Recipient`].

use serde::{Deserialize, Serialize};

use super::{CommonAttributes, OrganizationalUnit, PersonalAttributes, SourceAnchor};
use crate::{EmailAddress, FieldError, Spec, object::Validate, unit::ByteSize};

/// What a mailbox is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MailboxType {
    /// A person's.
    #[default]
    User,
    /// Several persons'.
    Shared,
    /// A room's.
    Room,
    /// A piece of equipment's.
    Equipment,
    /// A journal's: takes reports of any size, applies no forwarding.
    Journal,
    /// A health probe's: hidden, never journaled, emptied by the probe.
    Monitoring,
    /// For moderated messages and the like. Belongs to no dynamic group.
    Arbitration,
    /// For what a search finds. Belongs to no dynamic group.
    Discovery,
    /// For public folders. Belongs to no dynamic group.
    PublicFolder,
}

/// What every recipient has.
pub trait Recipient {
    /// The primary address.
    fn address(&self) -> &EmailAddress;
    /// Further addresses.
    fn proxy_addresses(&self) -> &[EmailAddress];
    /// Whether it is left out of address lists.
    fn hidden(&self) -> bool;
    /// Where it belongs.
    fn organizational_unit(&self) -> Option<&OrganizationalUnit>;
    /// Who may send to it, by address; anybody where empty.
    fn accept_messages_only_from(&self) -> &[EmailAddress];
    /// Who may not send to it, by address.
    fn reject_messages_from(&self) -> &[EmailAddress];
    /// Whether only senders who signed in may send to it.
    fn require_sender_authentication_enabled(&self) -> bool;
    /// The largest message it takes.
    fn max_receive_size(&self) -> Option<ByteSize>;
    /// The entry of a directory that it follows.
    fn source_anchor(&self) -> Option<&SourceAnchor>;
    /// The attributes that every recipient may have.
    fn attributes(&self) -> &CommonAttributes;
    /// The attributes of a person; `None` for groups.
    fn personal(&self) -> Option<&PersonalAttributes>;
}

impl Spec {
    /// What every recipient has, where this is one.
    pub fn recipient(&self) -> Option<&dyn Recipient> {
        match self {
            Spec::Mailbox(spec) => Some(spec),
            Spec::MailContact(spec) => Some(spec),
            Spec::MailUser(spec) => Some(spec),
            Spec::DistributionGroup(spec) => Some(spec),
            Spec::DynamicDistributionGroup(spec) => Some(spec),
            _ => None,
        }
    }
}

/// Defines a kind of recipient: its own fields, then those that every recipient has, then `person`
/// where it has the attributes of one.
macro_rules! recipient {
    (
        $(#[$doc:meta])*
        pub struct $Kind:ident {
            $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)*
        }
        $($person:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $Kind {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Proxy addresses: mail to them arrives here.
            #[serde(default)]
            pub proxy_addresses: Vec<crate::EmailAddress>,
            /// Left out of address lists. Exchange: HiddenFromAddressListsEnabled.
            #[serde(default)]
            pub hidden: bool,
            /// The organisational unit it belongs to, as a path from the top: `example.org/Sales`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub organizational_unit: Option<super::OrganizationalUnit>,
            /// Only these may send to it: addresses of recipients, of groups (their members), or
            /// of anybody. A sender of ours counts only if signed in. Anybody may where empty.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub accept_messages_only_from: Vec<crate::EmailAddress>,
            /// These may not send to it: addresses of recipients, of groups (their members), or of
            /// anybody.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub reject_messages_from: Vec<crate::EmailAddress>,
            /// Only senders who signed in may send to it.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            pub require_sender_authentication_enabled: bool,
            /// The largest message it takes; as large as a message may be where unset.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub max_receive_size: Option<crate::unit::ByteSize>,
            /// The entry of a directory source that it follows; written by the sync. Unset, the
            /// recipient is the administrator's alone.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub source_anchor: Option<super::SourceAnchor>,
            /// Attributes that every recipient may have.
            #[serde(flatten)]
            pub attributes: super::CommonAttributes,
            $(
                /// Attributes of a person.
                #[serde(flatten)]
                pub $person: super::PersonalAttributes,
            )?
        }

        impl super::Recipient for $Kind {
            fn address(&self) -> &crate::EmailAddress {
                &self.address
            }
            fn proxy_addresses(&self) -> &[crate::EmailAddress] {
                &self.proxy_addresses
            }
            fn hidden(&self) -> bool {
                self.hidden
            }
            fn organizational_unit(&self) -> Option<&super::OrganizationalUnit> {
                self.organizational_unit.as_ref()
            }
            fn accept_messages_only_from(&self) -> &[crate::EmailAddress] {
                &self.accept_messages_only_from
            }
            fn reject_messages_from(&self) -> &[crate::EmailAddress] {
                &self.reject_messages_from
            }
            fn require_sender_authentication_enabled(&self) -> bool {
                self.require_sender_authentication_enabled
            }
            fn max_receive_size(&self) -> Option<crate::unit::ByteSize> {
                self.max_receive_size
            }
            fn source_anchor(&self) -> Option<&super::SourceAnchor> {
                self.source_anchor.as_ref()
            }
            fn attributes(&self) -> &super::CommonAttributes {
                &self.attributes
            }
            fn personal(&self) -> Option<&super::PersonalAttributes> {
                recipient!(@personal self $($person)?)
            }
        }
    };
    (@personal $self:ident) => { None };
    (@personal $self:ident $person:ident) => { Some(&$self.$person) };
}
pub(super) use recipient;

/// Recipients and senders that a restriction may list; groups are for more.
const RESTRICTION_ADDRESSES_MAX: usize = 1_000;

/// What can be wrong with any recipient.
pub(super) fn check(recipient: &dyn Recipient, errors: &mut Vec<FieldError>) {
    for (field, list) in [
        (
            "accept_messages_only_from",
            recipient.accept_messages_only_from(),
        ),
        ("reject_messages_from", recipient.reject_messages_from()),
    ] {
        if list.len() > RESTRICTION_ADDRESSES_MAX {
            let found = list.len();
            errors.push(FieldError::new(
                field,
                format!("it lists {found} addresses, the limit is {RESTRICTION_ADDRESSES_MAX}"),
                "make a group of them and name the group",
            ));
        }
    }
    recipient.attributes().check(errors);
    if let Some(personal) = recipient.personal() {
        personal.check(errors);
    }
}

recipient! {
    /// A recipient whose mail this system delivers itself.
    pub struct Mailbox {
        /// The primary address.
        pub address: EmailAddress,
        /// User, shared, room, equipment, journal, monitoring, arbitration, discovery or public folder.
        #[serde(default, rename = "type")]
        pub mailbox_type: MailboxType,
        /// Where its mail goes instead (or also, see `deliver_and_forward`).
        #[serde(default)]
        pub forwarding_address: Option<EmailAddress>,
        /// Keep a copy when forwarding. Exchange: DeliverToMailboxAndForward.
        #[serde(default)]
        pub deliver_and_forward: bool,
        /// Hand its mail to the send connector of this name instead of the Maildir here (an LMTP
        /// server such as Dovecot, an Exchange server, Microsoft 365).
        #[serde(default)]
        pub send_connector: Option<String>,
        /// The largest message its owner may send; as large as a message may be where unset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub max_send_size: Option<ByteSize>,
        /// How many recipients one message of its owner may have; as many as any may where unset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub recipient_limits: Option<u32>,
        /// How many a room or a piece of equipment is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub resource_capacity: Option<u32>,
        /// The account of its owner is disabled in the directory: mail goes on arriving, and its
        /// owner sends nothing. Exchange: AccountDisabled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub account_disabled: bool,
    }
    personal
}

impl Mailbox {
    /// A user mailbox with one address.
    pub fn new(address: EmailAddress) -> Self {
        Mailbox {
            address,
            mailbox_type: MailboxType::User,
            forwarding_address: None,
            deliver_and_forward: false,
            send_connector: None,
            max_send_size: None,
            recipient_limits: None,
            resource_capacity: None,
            account_disabled: false,
            proxy_addresses: Vec::new(),
            hidden: false,
            organizational_unit: None,
            accept_messages_only_from: Vec::new(),
            reject_messages_from: Vec::new(),
            require_sender_authentication_enabled: false,
            max_receive_size: None,
            source_anchor: None,
            attributes: CommonAttributes::default(),
            personal: PersonalAttributes::default(),
        }
    }
}

impl Validate for Mailbox {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.deliver_and_forward && self.forwarding_address.is_none() {
            errors.push(FieldError::new(
                "deliver_and_forward",
                "there is no forwarding_address to forward to",
                "set forwarding_address or remove deliver_and_forward",
            ));
        }
        let special = matches!(
            self.mailbox_type,
            MailboxType::Journal | MailboxType::Monitoring
        );
        if special && self.forwarding_address.is_some() {
            errors.push(FieldError::new(
                "forwarding_address",
                "journal and monitoring mailboxes do not forward",
                "remove it, or journal to the forwarding target itself",
            ));
        }
        if self.forwarding_address.as_ref() == Some(&self.address) {
            errors.push(FieldError::new(
                "forwarding_address",
                "the mailbox would forward to itself",
                "name another address or remove it",
            ));
        }
        let resource = matches!(
            self.mailbox_type,
            MailboxType::Room | MailboxType::Equipment
        );
        if self.resource_capacity.is_some() && !resource {
            errors.push(FieldError::new(
                "resource_capacity",
                "only rooms and equipment have one",
                "set type to room or equipment, or remove it",
            ));
        }
        check(self, &mut errors);
        errors
    }
}

recipient! {
    /// A recipient elsewhere that has an address here.
    pub struct MailContact {
        /// The primary address here.
        pub address: EmailAddress,
        /// Where its mail goes.
        pub external_address: EmailAddress,
    }
    personal
}

impl MailContact {
    /// A contact with one address here.
    pub fn new(address: EmailAddress, external_address: EmailAddress) -> Self {
        MailContact {
            address,
            external_address,
            proxy_addresses: Vec::new(),
            hidden: false,
            organizational_unit: None,
            accept_messages_only_from: Vec::new(),
            reject_messages_from: Vec::new(),
            require_sender_authentication_enabled: false,
            max_receive_size: None,
            source_anchor: None,
            attributes: CommonAttributes::default(),
            personal: PersonalAttributes::default(),
        }
    }
}

/// Mail to a contact or a mail user must not come back to it.
fn goes_elsewhere(recipient: &dyn Recipient, external: &EmailAddress) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if recipient.address() == external {
        errors.push(FieldError::new(
            "external_address",
            "it is the recipient's own address, so mail to it would go round in circles",
            "name the address where the person really reads mail",
        ));
    }
    check(recipient, &mut errors);
    errors
}

impl Validate for MailContact {
    fn validate(&self) -> Vec<FieldError> {
        goes_elsewhere(self, &self.external_address)
    }
}

recipient! {
    /// A person of the organisation, with an account here, whose mailbox is elsewhere.
    pub struct MailUser {
        /// The primary address here.
        pub address: EmailAddress,
        /// Where its mail goes.
        pub external_address: EmailAddress,
        /// The largest message the person may send; as large as a message may be where unset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub max_send_size: Option<ByteSize>,
        /// How many recipients one message of the person may have; as many as any may where unset.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub recipient_limits: Option<u32>,
        /// The account of the person is disabled in the directory: mail goes on arriving, and
        /// the person sends nothing. Exchange: AccountDisabled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub account_disabled: bool,
    }
    personal
}

impl Validate for MailUser {
    fn validate(&self) -> Vec<FieldError> {
        goes_elsewhere(self, &self.external_address)
    }
}
