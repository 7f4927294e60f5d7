//! Who has which address. An address belongs to one recipient: to who has it already, and else to the
//! first. Pure, and a part of [`plan`](super::plan).

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use mailward_ldap::Entry;
use mailward_model::{EmailAddress, Kind, Object, Spec, kind::MailboxType};

use super::{
    index::{Keys, Node},
    mapping::{Mapping, Unwanted, Wanted},
    plan::{Chosen, Draft, folded, longer_name, recipient},
};
use crate::recipients::attribute::dn_key;

/// An entry, what it wants, the primary address it would have, and what it has now.
type Waiting<'a> = (&'a Arc<str>, Wanted, EmailAddress, Option<&'a Object>);

/// What an entry may get, whatever others have.
pub(super) struct Claims {
    /// Addresses as they are looked up.
    pub(super) addresses: Vec<String>,
    pub(super) kind: Kind,
    /// Names in lower case.
    pub(super) names: Vec<String>,
}

impl Claims {
    /// Of an entry that is to be a recipient.
    pub(super) fn of(wanted: &Wanted) -> Claims {
        let addresses = wanted.addresses.iter().chain(&wanted.proxies);
        let longer = wanted.addresses.iter();
        let longer = longer.map(|address| folded(&longer_name(&wanted.name, address)));
        Claims {
            addresses: addresses.map(EmailAddress::key).collect(),
            kind: wanted.kind,
            names: longer.chain([folded(&wanted.name)]).collect(),
        }
    }
}

/// An entry before anything is decided.
fn unread(entry: &Entry, mapping: &Mapping, keys: &Keys) -> Node {
    let goes_to = mapping.any_address(entry);
    Node {
        place: Some(keys.place(&dn_key(&entry.dn))),
        goes_to: goes_to.map(|address| address.to_string().into()),
        ..Node::default()
    }
}

/// The keys of what it may get.
fn keys_of(wanted: &Wanted, keys: &Keys) -> Vec<u64> {
    let claims = Claims::of(wanted);
    let addresses = claims.addresses.iter().map(|address| keys.address(address));
    let names = claims.names.iter().map(|name| keys.name(claims.kind, name));
    addresses.chain(names).collect()
}

impl<'a> Draft<'a> {
    /// Reads every entry and gives each its addresses. An address belongs to who has it already, and
    /// else to the entry that was made first in the order of their anchors.
    pub(super) fn choose(&mut self) -> Vec<Chosen<'a>> {
        let mut waiting = Vec::new();
        let (mapping, keys) = (self.compared.mapping, self.compared.known.keys());
        for (entry, found) in self.compared.entries() {
            let mut node = unread(&found, mapping, keys);
            let wanted = mapping.read(&found);
            if let Ok(wanted) = &wanted {
                node.keys = keys_of(wanted, keys);
            }
            self.nodes.insert(Arc::clone(entry), node);
            let wanted = match wanted {
                Ok(wanted) => wanted,
                Err(Unwanted::None(because)) => {
                    self.leave_out(entry, &found.dn, because, false);
                    continue;
                }
                Err(Unwanted::Trouble(because)) => {
                    self.trouble(entry, &found.dn, because);
                    continue;
                }
            };
            if let Some(because) = self.refused.get(&**entry) {
                self.trouble(entry, &found.dn, because.as_str());
                continue;
            }
            let before = self.ours.get(&**entry).copied();
            if let Some(address) = primary(&wanted, before) {
                waiting.push((entry, wanted, address, before));
            }
        }
        // Who has the address already comes first.
        waiting.sort_by_cached_key(|(entry, _, address, before)| {
            let has = before
                .and_then(recipient)
                .is_some_and(|r| r.address().key() == address.key());
            (!has, Arc::clone(entry))
        });
        let stuck = self.stuck(&waiting);
        let mut taken = self.reserved(stuck.keys().copied());
        let mut chosen: Vec<Chosen<'a>> = Vec::new();
        for (entry, wanted, address, before) in waiting {
            if let Some(because) = stuck.get(&**entry) {
                self.trouble(entry, &wanted.dn, because.as_str());
                continue;
            }
            // Whoever is not stuck has an address that nobody else has, or that of an object which is
            // taken over.
            let before = before.or_else(|| self.others.get(&address.key()).copied());
            taken.insert(address.key(), Arc::clone(&wanted.dn));
            chosen.push(Chosen {
                entry,
                proxies: Vec::new(),
                wanted,
                address,
                before,
            });
        }
        self.give_proxies(&mut chosen, taken);
        chosen
    }

    /// The addresses of recipients that stay as they are, because their entry is in trouble.
    fn reserved(&self, stuck: impl Iterator<Item = &'a str>) -> HashMap<String, Arc<str>> {
        let kept = self.kept.iter().copied().chain(stuck);
        let objects = kept.filter_map(|entry| self.ours.get(entry));
        let mut reserved = HashMap::new();
        for object in objects {
            let title = format!("{} {:?}", object.spec.kind().noun(), object.name);
            let title: Arc<str> = title.into();
            let Some(recipient) = recipient(object) else {
                continue;
            };
            for address in std::iter::once(recipient.address()).chain(recipient.proxy_addresses()) {
                reserved.insert(address.key(), Arc::clone(&title));
            }
        }
        reserved
    }

    /// Entries whose address belongs to somebody else, and to whom. One that is stuck keeps the
    /// address it has here, so that another one may be stuck by it: until there are no more.
    fn stuck(&self, waiting: &[Waiting<'a>]) -> HashMap<&'a str, String> {
        let mut stuck: HashMap<&str, String> = HashMap::new();
        loop {
            let mut taken = self.reserved(stuck.keys().copied());
            let before = stuck.len();
            for (entry, wanted, address, object) in waiting {
                let entry: &'a Arc<str> = entry;
                if stuck.contains_key(&**entry) {
                    continue;
                }
                let key = address.key();
                let because = match (taken.get(&key), self.others.get(&key)) {
                    (Some(first), _) => format!("{address} belongs to {first} already"),
                    (None, Some(other))
                        if object.is_some() || !self.is_free(other, wanted, address) =>
                    {
                        let (kind, name) = (other.spec.kind().noun(), &other.name);
                        format!(
                            "{address} belongs to {kind} {name:?}, which is not from this directory"
                        )
                    }
                    _ => {
                        taken.insert(key, Arc::clone(&wanted.dn));
                        continue;
                    }
                };
                stuck.insert(entry, because);
            }
            if stuck.len() == before {
                return stuck;
            }
        }
    }

    /// Whether an object may be taken over: of the same kind, with the same primary address, and
    /// following no entry of a source that there is.
    fn is_free(&self, other: &Object, wanted: &Wanted, address: &EmailAddress) -> bool {
        let Some(recipient) = recipient(other) else {
            return false;
        };
        let follows = recipient
            .source_anchor()
            .is_some_and(|anchor| self.sources.contains(&folded(anchor.source())));
        let is_health = matches!(&other.spec, Spec::Mailbox(mailbox)
            if mailbox.mailbox_type == MailboxType::Monitoring);
        !follows
            && !is_health
            && other.spec.kind() == wanted.kind
            && recipient.address().key() == address.key()
    }

    /// Further addresses, each to one of them: to who has it already, and else to the first. One that
    /// somebody else has is left out and told.
    fn give_proxies(&mut self, chosen: &mut [Chosen<'a>], mut taken: HashMap<String, Arc<str>>) {
        for has_it in [true, false] {
            for one in &mut *chosen {
                let has: HashSet<String> = one
                    .before
                    .and_then(recipient)
                    .map(|before| {
                        let all = std::iter::once(before.address()).chain(before.proxy_addresses());
                        all.map(EmailAddress::key).collect()
                    })
                    .unwrap_or_default();
                let further = one.wanted.addresses.iter().chain(&one.wanted.proxies);
                let further: Vec<EmailAddress> = further
                    .filter(|address| has.contains(&address.key()) == has_it)
                    .filter(|address| address.key() != one.address.key())
                    .cloned()
                    .collect();
                for address in further {
                    self.give_proxy(one, address, &mut taken);
                }
            }
        }
        for one in chosen {
            one.proxies.sort_by_cached_key(EmailAddress::key);
        }
    }

    fn give_proxy(
        &mut self,
        one: &mut Chosen<'a>,
        address: EmailAddress,
        taken: &mut HashMap<String, Arc<str>>,
    ) {
        let key = address.key();
        let own = |other: &&&Object| {
            one.before
                .is_some_and(|before| std::ptr::eq(before, **other))
        };
        let other = self.others.get(&key).filter(|other| !own(other));
        let owner = taken.get(&key).cloned().or_else(|| {
            other.map(|other| format!("{} {:?}", other.spec.kind().noun(), other.name).into())
        });
        match owner {
            None => {
                taken.insert(key, Arc::clone(&one.wanted.dn));
                one.proxies.push(address);
            }
            // Twice in one entry is once.
            Some(owner) if owner == one.wanted.dn => {}
            Some(owner) => {
                let because =
                    format!("its further address {address} is left out: it belongs to {owner}");
                self.leave_out(one.entry, &one.wanted.dn, because, true);
            }
        }
    }
}

/// The primary address: the one the directory says; else the one it has here, while the directory
/// still has it; else the first. `None` for an entry without an address, which is no recipient.
fn primary(wanted: &Wanted, before: Option<&Object>) -> Option<EmailAddress> {
    let now = before
        .and_then(recipient)
        .map(|recipient| recipient.address().key());
    let kept = wanted
        .addresses
        .iter()
        .find(|address| Some(address.key()) == now);
    let first = wanted.addresses.first();
    match wanted.is_primary_said {
        true => first,
        false => kept.or(first),
    }
    .cloned()
}
