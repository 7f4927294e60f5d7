//! What a filter can ask of a recipient that its object alone does not say: which groups list it, and
//! when it was made and changed.
//!
//! Never here: a store. Whoever has one says what it knows, and only where a filter asks for it.

use std::collections::HashMap;

use super::{
    Attributes, Filter, Listings, Property, comparison::Wanted, listings::keys, node::Node,
};
use crate::{Object, ObjectId, Spec};

/// When objects were made, and changed last: Unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(HashMap<ObjectId, (u64, u64)>);

impl Times {
    /// Notes a change of an object; the first one made it.
    pub fn note(&mut self, id: ObjectId, at_unix_ms: u64) {
        let times = self.0.entry(id).or_insert((at_unix_ms, at_unix_ms));
        *times = (times.0.min(at_unix_ms), times.1.max(at_unix_ms));
    }

    /// When an object was made, and changed last.
    pub fn of(&self, id: ObjectId) -> Option<(u64, u64)> {
        self.0.get(&id).copied()
    }
}

/// Which surroundings filters ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Which groups list a recipient.
    pub listings: bool,
    /// When it was made and changed.
    pub times: bool,
}

impl Needs {
    /// What one or the other needs.
    #[must_use]
    pub fn and(self, other: Needs) -> Needs {
        Needs {
            listings: self.listings || other.listings,
            times: self.times || other.times,
        }
    }
}

/// What is known beside the objects themselves; nothing where no filter asks.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Which groups list whom.
    pub listings: Listings,
    /// When objects were made and changed.
    pub times: Times,
}

impl Surroundings {
    /// Sets what they say of a recipient.
    pub(super) fn fill(&self, object: &Object, of: &mut Attributes) {
        if let Some(recipient) = object.spec.recipient()
            && !self.listings.is_empty()
        {
            let keys: Vec<String> = keys(recipient).collect();
            self.listings.fill(keys.iter().map(String::as_str), of);
        }
        let Some((made, changed)) = self.times.of(object.id) else {
            return;
        };
        let second = |unix_ms: u64| i64::try_from(unix_ms / 1000).unwrap_or(i64::MAX);
        of.set_number(Property::WhenCreated, second(made));
        of.set_number(Property::WhenChanged, second(changed));
        if matches!(object.spec, Spec::Mailbox(_)) {
            of.set_number(Property::WhenMailboxCreated, second(made));
        }
    }
}

impl Filter {
    /// Which surroundings it asks for.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for property in self.properties() {
            match property {
                Property::MemberOfGroup => needs.listings = true,
                Property::WhenChanged | Property::WhenCreated | Property::WhenMailboxCreated => {
                    needs.times = true;
                }
                _ => {}
            }
        }
        needs
    }

    /// The groups that it names, as they are compared: names and addresses in lower case.
    pub fn named_groups(&self) -> Vec<&str> {
        let mut named = Vec::new();
        collect(&self.root, &mut named);
        named
    }
}

fn collect<'a>(node: &'a Node, named: &mut Vec<&'a str>) {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| collect(part, named)),
        Node::Not(part) => collect(part, named),
        Node::Test(test) => {
            if let (Property::MemberOfGroup, Wanted::Text(name)) = (test.property, &test.wanted) {
                named.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        EmailAddress, Revision,
        filter::{attributes, attributes_among},
        kind::{DistributionGroup, Mailbox},
    };

    fn address(local: &str) -> EmailAddress {
        format!("{local}@example.org").parse().unwrap()
    }

    fn object(id: u64, name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(id),
            name: name.to_owned(),
            revision: Revision(id),
            spec: spec.into(),
        }
    }

    #[test]
    fn membership_is_what_groups_list_and_moments_are_the_stores() {
        let mut anna = Mailbox::new(address("anna"));
        anna.proxy_addresses = vec![address("a.berg")];
        let anna = object(1, "Anna", anna);
        let group = DistributionGroup::new(address("staff"), vec![address("A.BERG")]);
        let group = object(2, "All, staff", group);
        let mut around = Surroundings {
            listings: Listings::of(&[anna.clone(), group.clone()]),
            times: Times::default(),
        };
        around.times.note(ObjectId(1), 1_800_000_000_000);
        around.times.note(ObjectId(1), 1_900_000_000_000);
        let check = |around: &Surroundings, text: &str, expect: bool| {
            let filter: Filter = text.parse().unwrap();
            let of = attributes_among(&anna, around).unwrap();
            assert_eq!(filter.matches(&of), expect, "{text}");
        };
        for (text, expect) in [
            ("MemberOfGroup -eq 'all, staff'", true),
            ("MemberOfGroup -eq 'STAFF@example.org'", true),
            (
                "MemberOfGroup -eq 'CN=All\\, Staff,OU=Groups,DC=example,DC=org'",
                true,
            ),
            ("MemberOfGroup -ne 'other'", true),
            ("RecipientDisplayType -eq 'ACLableMailboxUser'", true),
            ("RecipientDisplayType -eq 1073741824", true),
            ("RecipientDisplayType -eq 'ConferenceRoomMailbox'", false),
            ("MemberOfGroup -eq $null", false),
            (
                "WhenCreated -lt '2027-06-01' -and WhenChanged -gt '2027-06-01'",
                true,
            ),
            ("WhenMailboxCreated -lt '2026-01-01'", false),
        ] {
            check(&around, text, expect);
        }
        let filter: Filter = "MemberOfGroup -eq 'CN=X,DC=a' -or WhenChanged -gt '2026-01-01'"
            .parse()
            .unwrap();
        assert_eq!(filter.named_groups(), ["x"]);
        assert_eq!(
            filter.needs(),
            Needs {
                listings: true,
                times: true
            }
        );
        // The group lists her no more.
        let empty = DistributionGroup::new(address("staff"), Vec::new());
        let changed = around.listings.take_over(&object(2, "All, staff", empty));
        assert_eq!(changed, ["a.berg@example.org".into()]);
        check(&around, "MemberOfGroup -eq $null", true);
        assert_eq!(around.listings.remove(ObjectId(2)), []);
    }

    #[test]
    fn address_books_show_each_kind_of_recipient_in_its_own_way() {
        use crate::kind::{GroupType, MailContact, MailboxType};
        let mailbox = |kind| {
            let mut mailbox = Mailbox::new(address("it"));
            mailbox.mailbox_type = kind;
            object(1, "it", mailbox)
        };
        let group = |kind| {
            let mut group = DistributionGroup::new(address("it"), vec![address("anna")]);
            group.group_type = kind;
            object(1, "it", group)
        };
        let contact = MailContact::new(address("it"), address("outside"));
        for (one, word) in [
            (mailbox(MailboxType::User), "ACLableMailboxUser"),
            (mailbox(MailboxType::Shared), "ACLableMailboxUser"),
            (mailbox(MailboxType::Room), "ConferenceRoomMailbox"),
            (mailbox(MailboxType::Equipment), "EquipmentMailbox"),
            (mailbox(MailboxType::Arbitration), "ArbitrationMailbox"),
            (group(GroupType::Distribution), "DistributionGroup"),
            (group(GroupType::Security), "SecurityDistributionGroup"),
            (object(1, "it", contact), "RemoteMailUser"),
        ] {
            let of = attributes(&one).unwrap();
            let filter: Filter = format!("RecipientDisplayType -eq '{word}'")
                .parse()
                .unwrap();
            assert!(filter.matches(&of), "{word}");
            let other: Filter = "RecipientDisplayType -eq 'MailboxUser'".parse().unwrap();
            assert!(!other.matches(&of), "{word}");
        }
    }
}
