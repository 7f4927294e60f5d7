//! What others ask of a recipient: which addresses it has, and whom it names. An engine keeps these
//! keys beside the objects, so that a change finds whom it concerns without reading everybody.

use std::collections::{BTreeMap, BTreeSet};

use mailward_model::{Kind, Spec};

use super::{
    is_monitoring,
    recipient::{addresses_of, goes_on_to},
    reference::{To, references},
};

/// The form of the keys: another number makes every engine derive them anew. To be raised whenever
/// [`Entry::of`] comes to something else for an object that may be stored.
pub(crate) const FORM: i64 = 1;

/// The kinds of which keys are kept: recipients, of which there may be many.
pub(crate) const KEYED: [Kind; 5] = [
    Kind::Mailbox,
    Kind::MailContact,
    Kind::MailUser,
    Kind::DistributionGroup,
    Kind::DynamicDistributionGroup,
];

/// The keys of one object; none for an object that is no recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its addresses.
    pub(crate) addresses: BTreeSet<String>,
    /// Whether only health probes may reach it.
    pub(crate) is_monitoring: bool,
    /// Whom it names, and whether its mail goes on to them.
    pub(crate) references: BTreeMap<String, bool>,
}

impl Entry {
    /// The keys of what an object says.
    pub(crate) fn of(spec: &Spec) -> Entry {
        if spec.recipient().is_none() {
            return Entry::default();
        }
        let mut named = BTreeMap::new();
        for (_, to) in references(spec) {
            for key in keys(to) {
                named.insert(key, false);
            }
        }
        for address in goes_on_to(spec).1 {
            named.insert(address.key(), true);
        }
        let addresses = addresses_of(spec);
        Entry {
            addresses: addresses.iter().map(|(_, address)| address.key()).collect(),
            is_monitoring: is_monitoring(spec),
            references: named,
        }
    }
}

/// Under which keys something is named: an address with a detail also by the one without it.
pub(super) fn keys(to: To<'_>) -> impl Iterator<Item = String> {
    let (own, bare) = match to {
        To::Recipient(address) | To::Member(address) => (
            Some(address.key()),
            address.without_detail().map(|bare| bare.key()),
        ),
        To::Connector(name) | To::MailboxConnector(name) => (Some(connector(name)), None),
        To::Feed(_) => (None, None),
        To::Group(name) => (Some(group(name)), None),
    };
    own.into_iter().chain(bare)
}

/// The key of a send connector: no address begins like that.
pub(super) fn connector(name: &str) -> String {
    format!("connector {}", name.to_ascii_lowercase())
}

/// The key of a group that a filter names: no address begins like that.
pub(super) fn group(name: &str) -> String {
    format!("group {name}")
}
