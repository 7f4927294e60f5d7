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

    /// Adds a recipient; [`Membership::sort`] must follow.
    pub(crate) fn add_recipient(&mut self, no: RecipientNo) {
        self.recipients.push(no);
    }

    /// Adds an address that the directory does not know; [`Membership::sort`] must follow.
    pub(crate) fn add_address(&mut self, address: &EmailAddress) {
        self.addresses.push(address.key().into());
    }

    /// Makes it fit to be asked.
    pub(crate) fn sort(&mut self) {
        self.recipients.sort_unstable();
        self.recipients.dedup();
        self.addresses.sort_unstable();
        self.addresses.dedup();
    }

    /// The recipients of the directory that belong to it, by number.
    pub fn recipients(&self) -> impl Iterator<Item = RecipientNo> {
        self.recipients.iter().copied()
    }

    /// The addresses beyond the directory that belong to it.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(|key| &**key)
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
        self.members_of_all(std::slice::from_ref(address))
    }

    /// Who these addresses stand for together.
    pub(crate) fn members_of_all(&self, addresses: &[EmailAddress]) -> Membership {
        let mut membership = Membership::default();
        let mut waiting: Vec<Target> = addresses.iter().cloned().map(Target::Address).collect();
        let mut groups = HashSet::new();
        while let Some(target) = waiting.pop() {
            let no = match target {
                Target::Known(no) => no,
                Target::Address(address) => {
                    match self.find(&address) {
                        Some(found) => waiting.push(Target::Known(found.no)),
                        None => membership.add_address(&address),
                    }
                    continue;
                }
            };
            let Some(recipient) = self.recipient_of(no) else {
                continue;
            };
            let RecipientRole::Group(group) = &recipient.role else {
                membership.add_recipient(no);
                continue;
            };
            if groups.insert(no) {
                waiting.extend(group.members.iter().cloned());
            }
        }
        membership.sort();
        membership
    }
}
