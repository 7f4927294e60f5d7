//! Who an address stands for: the recipient itself, or the members of a group at all depths.
//!
//! Forwarding is not followed: a member who forwards is still the member. The set is made once,
//! when a snapshot is built, and asked for each message.

use std::collections::HashSet;

use mailward_model::EmailAddress;

use crate::{Directory, RecipientNo, RecipientRole, Target};

/// A set of recipients and of addresses beyond the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// Sorted.
    recipients: Vec<RecipientNo>,
    /// Keys, sorted.
    addresses: Vec<Box<str>>,
}

impl Membership {
    /// True where this recipient of the directory belongs to the set.
    pub fn has_recipient(&self, no: RecipientNo) -> bool {
        self.recipients.binary_search(&no).is_ok()
    }

    /// True where an address belongs to the set, as a recipient or by itself.
    pub fn has_address(&self, directory: &Directory, address: &EmailAddress) -> bool {
        if let Some(found) = directory.find(address)
            && self.has_recipient(found.no)
        {
            return true;
        }
        !self.addresses.is_empty() && {
            let key = address.key();
            self.addresses
                .binary_search_by(|have| (**have).cmp(key.as_str()))
                .is_ok()
        }
    }

    /// How many belong to it.
    pub fn len(&self) -> usize {
        self.recipients.len() + self.addresses.len()
    }

    /// True for a group without members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Directory {
    /// Who `address` stands for: the members of a group at all depths, the recipient, or the
    /// address itself where the directory does not know it. Loops of groups do no harm.
    pub fn members(&self, address: &EmailAddress) -> Membership {
        let mut membership = Membership::default();
        let mut waiting = vec![match self.find(address) {
            Some(found) => Target::Known(found.no),
            None => Target::Address(address.clone()),
        }];
        let mut groups = HashSet::new();
        while let Some(target) = waiting.pop() {
            let no = match target {
                Target::Known(no) => no,
                Target::Address(address) => {
                    match self.find(&address) {
                        Some(found) => waiting.push(Target::Known(found.no)),
                        None => membership.addresses.push(address.key().into()),
                    }
                    continue;
                }
            };
            let Some(recipient) = self.recipient_of(no) else {
                continue;
            };
            let RecipientRole::Group { members, .. } = &recipient.role else {
                membership.recipients.push(no);
                continue;
            };
            if groups.insert(no) {
                waiting.extend(members.iter().cloned());
            }
        }
        membership.recipients.sort_unstable();
        membership.recipients.dedup();
        membership.addresses.sort_unstable();
        membership.addresses.dedup();
        membership
    }
}
