//! What a filter sees of an object.

use mailward_model::{
    EmailAddress, Object, Spec,
    kind::{Mailbox, MailboxType},
};

use super::{Attributes, Property};

/// The properties of a recipient; `None` for an object that is none.
pub fn attributes(object: &Object) -> Option<Attributes> {
    let mut of = Attributes::default();
    let (primary, proxies, hidden) = match &object.spec {
        Spec::Mailbox(mailbox) => {
            of.set(Property::RecipientType, "UserMailbox");
            set_details(&mut of, details(mailbox));
            if let Some(forward) = &mailbox.forwarding_address {
                of.set(Property::ForwardingSmtpAddress, &forward.to_string());
            }
            (&mailbox.address, &mailbox.proxy_addresses, mailbox.hidden)
        }
        Spec::MailContact(contact) => {
            of.set(Property::RecipientType, "MailContact");
            set_details(&mut of, "MailContact");
            let outside = contact.external_address.to_string();
            of.set(Property::ExternalEmailAddress, &outside);
            (&contact.address, &contact.proxy_addresses, contact.hidden)
        }
        Spec::DistributionGroup(group) => {
            of.set(Property::RecipientType, "MailUniversalDistributionGroup");
            set_details(&mut of, "MailUniversalDistributionGroup");
            (&group.address, &group.proxy_addresses, group.hidden)
        }
        _ => return None,
    };
    of.set(Property::Name, &object.name);
    of.set(Property::Alias, primary.local());
    for property in [Property::PrimarySmtpAddress, Property::WindowsEmailAddress] {
        of.set(property, &primary.to_string());
    }
    for address in std::iter::once::<&EmailAddress>(primary).chain(proxies) {
        of.set(Property::EmailAddresses, &address.to_string());
    }
    of.set_number(Property::HiddenFromAddressListsEnabled, i64::from(hidden));
    Some(of)
}

/// The fine kind of a mailbox, in Exchange's word. Exchange has no word for a journal's.
fn details(mailbox: &Mailbox) -> &'static str {
    match mailbox.mailbox_type {
        MailboxType::User | MailboxType::Journal => "UserMailbox",
        MailboxType::Shared => "SharedMailbox",
        MailboxType::Monitoring => "MonitoringMailbox",
    }
}

fn set_details(of: &mut Attributes, word: &str) {
    of.set(Property::RecipientTypeDetails, word);
    of.set(Property::RecipientTypeDetailsValue, word);
}
