//! What a filter sees of an object.

use super::{Attributes, Property, Surroundings, property::set_kind};
use crate::{
    Object, Spec,
    kind::{GroupType, Mailbox, MailboxType, Recipient},
};

/// The properties of a recipient, with those that its object alone does not say; `None` for an
/// object that is none.
pub fn attributes_among(object: &Object, around: &Surroundings) -> Option<Attributes> {
    let mut of = attributes(object)?;
    around.fill(object, &mut of);
    Some(of)
}

/// The properties of a recipient that its object says; `None` for an object that is none.
pub fn attributes(object: &Object) -> Option<Attributes> {
    let recipient = object.spec.recipient()?;
    let mut of = Attributes::default();
    own(&mut of, &object.spec);
    of.set(Property::Name, &object.name);
    of.set(Property::CommonName, &object.name);
    of.set(Property::DisplayName, &object.name);
    let primary = recipient.address();
    of.set(Property::Alias, primary.local());
    for property in [Property::PrimarySmtpAddress, Property::WindowsEmailAddress] {
        of.set(property, &primary.to_string());
    }
    for address in std::iter::once(primary).chain(recipient.proxy_addresses()) {
        of.set(Property::EmailAddresses, &address.to_string());
    }
    if let Some(unit) = recipient.organizational_unit() {
        of.set(Property::OrganizationalUnit, &unit.to_string());
    }
    let hidden = i64::from(recipient.hidden());
    of.set_number(Property::HiddenFromAddressListsEnabled, hidden);
    named(&mut of, recipient);
    Some(of)
}

/// What only some kinds have.
fn own(of: &mut Attributes, spec: &Spec) {
    let (coarse, fine) = match spec {
        Spec::Mailbox(mailbox) => {
            if let Some(forward) = &mailbox.forwarding_address {
                of.set(Property::ForwardingAddress, &forward.to_string());
                of.set(Property::ForwardingSmtpAddress, &forward.to_string());
            }
            if let Some(capacity) = mailbox.resource_capacity {
                of.set_number(Property::ResourceCapacity, i64::from(capacity));
            }
            match mailbox.mailbox_type {
                MailboxType::Room => of.set(Property::ResourceType, "Room"),
                MailboxType::Equipment => of.set(Property::ResourceType, "Equipment"),
                _ => {}
            }
            ("UserMailbox", details(mailbox))
        }
        Spec::MailContact(contact) => {
            let outside = contact.external_address.to_string();
            of.set(Property::ExternalEmailAddress, &outside);
            ("MailContact", "MailContact")
        }
        Spec::MailUser(user) => {
            let outside = user.external_address.to_string();
            of.set(Property::ExternalEmailAddress, &outside);
            ("MailUser", "MailUser")
        }
        Spec::DistributionGroup(group) => {
            for manager in &group.managed_by {
                of.set(Property::ManagedBy, &manager.to_string());
            }
            let word = match group.group_type {
                GroupType::Distribution => "MailUniversalDistributionGroup",
                GroupType::Security => "MailUniversalSecurityGroup",
            };
            (word, word)
        }
        Spec::DynamicDistributionGroup(group) => {
            if let Some(manager) = &group.managed_by {
                of.set(Property::ManagedBy, &manager.to_string());
            }
            ("DynamicDistributionGroup", "DynamicDistributionGroup")
        }
        _ => return,
    };
    set_kind(of, coarse, fine);
}

/// The attributes that have the names of their properties.
fn named(of: &mut Attributes, recipient: &dyn Recipient) {
    let common = recipient.attributes().iter();
    let common = common.map(|(key, text)| (key.exchange_name(), text));
    let personal = recipient.personal().into_iter();
    let personal = personal.flat_map(|set| set.iter());
    let personal = personal.map(|(key, text)| (key.exchange_name(), text));
    for (name, text) in common.chain(personal) {
        if let Some(property) = Property::find(name) {
            of.set(property, text);
        }
    }
}

/// The fine kind of a mailbox, in Exchange's word. Exchange has no word for a journal's.
fn details(mailbox: &Mailbox) -> &'static str {
    match mailbox.mailbox_type {
        MailboxType::User | MailboxType::Journal => "UserMailbox",
        MailboxType::Shared => "SharedMailbox",
        MailboxType::Room => "RoomMailbox",
        MailboxType::Equipment => "EquipmentMailbox",
        MailboxType::Monitoring => "MonitoringMailbox",
        MailboxType::Arbitration => "ArbitrationMailbox",
        MailboxType::Discovery => "DiscoveryMailbox",
        MailboxType::PublicFolder => "PublicFolderMailbox",
    }
}
