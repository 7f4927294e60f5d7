//! What a directory says against what is stored: recipients that come, change and go.
//!
//! The whole picture is compared every time, also where one entry has changed: there is no second way
//! that is seldom used. A recipient is the source's if its anchor says so; others are never touched,
//! but for one of the same kind and primary address that follows nothing yet, which is taken over.
//! Pure; never here: doing any of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mailward_api::assignment::{fields_of, spec_of};
use mailward_ldap::Entry;
use mailward_model::{
    EmailAddress, Kind, Object, Spec,
    kind::{Recipient, SourceAnchor},
    object::Validate,
};
use mailward_store::{Change, ChangeOp, text};
use serde_json::Value;

use super::mapping::{Mapping, Unwanted, Wanted, member_key, sound_name};
use crate::recipients::{Import, attribute::dn_key};

/// Entries by what the directory never changes about them.
pub(crate) type Picture = BTreeMap<String, Entry>;

/// What is compared.
pub(crate) struct Compared<'a> {
    /// The name of the source.
    pub(crate) source: &'a str,
    /// How its entries are read.
    pub(crate) mapping: &'a Mapping,
    /// Its entries.
    pub(crate) picture: &'a Picture,
    /// Every object there is.
    pub(crate) objects: &'a [Object],
    /// Entries whose change the store has refused, and why.
    pub(crate) refused: &'a HashMap<String, String>,
}

/// An entry left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) dn: String,
    pub(crate) because: String,
    /// Whether somebody should do something about it.
    pub(crate) is_trouble: bool,
}

/// What comes of it.
#[derive(Debug, Default)]
pub(crate) struct SyncPlan {
    /// The changes, and how many recipients go of how many.
    pub(crate) import: Import,
    /// The entries whose recipients go.
    pub(crate) gone: BTreeSet<String>,
    /// Whose change is whose: by kind and name as they are after it.
    pub(crate) of_entry: HashMap<(Kind, String), String>,
    /// Entries left out, troubles first.
    pub(crate) left_out: Vec<LeftOut>,
    /// Recipients that follow an entry, once this is done.
    pub(crate) recipients: u64,
}

/// An entry, what it wants, the primary address it would have, and what it has now.
type Waiting<'a> = (&'a str, Wanted, EmailAddress, Option<&'a Object>);

/// A wanted recipient with its primary address chosen.
struct Chosen<'a> {
    entry: &'a str,
    wanted: Wanted,
    address: EmailAddress,
    proxies: Vec<EmailAddress>,
    before: Option<&'a Object>,
}

/// Compares.
pub(crate) fn plan(compared: &Compared<'_>) -> SyncPlan {
    // Whoever turns out to be in trouble late keeps its addresses after all, and others may have been
    // given them: then from the beginning, with what is known now. Each round knows one more.
    let mut refused = compared.refused.clone();
    loop {
        let mut draft = Draft::of(compared, &refused);
        let chosen = draft.choose();
        draft.name_and_write(chosen);
        let late: Vec<_> = draft.late.drain().collect();
        if late.is_empty() {
            draft.remove();
            let order = |one: &LeftOut| (!one.is_trouble, one.dn.clone());
            draft.plan.left_out.sort_by_cached_key(order);
            return draft.plan;
        }
        refused.extend(late);
    }
}

struct Draft<'a> {
    compared: &'a Compared<'a>,
    refused: &'a HashMap<String, String>,
    /// Troubles that were found after addresses were given.
    late: HashMap<String, String>,
    /// What follows an entry of this source now.
    ours: HashMap<&'a str, &'a Object>,
    /// Who else has an address.
    others: HashMap<String, &'a Object>,
    /// Entries that keep their recipient, whatever it says.
    kept: HashSet<&'a str>,
    plan: SyncPlan,
}

fn recipient(object: &Object) -> Option<&dyn Recipient> {
    object.spec.recipient()
}

fn anchor<'a>(object: &'a Object, source: &str) -> Option<&'a str> {
    let anchor = recipient(object)?.source_anchor()?;
    anchor.is_of(source).then(|| anchor.entry())
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl<'a> Draft<'a> {
    fn of(compared: &'a Compared<'a>, refused: &'a HashMap<String, String>) -> Draft<'a> {
        let (mut ours, mut others) = (HashMap::new(), HashMap::new());
        for object in compared.objects {
            let Some(recipient) = recipient(object) else {
                continue;
            };
            match anchor(object, compared.source) {
                Some(entry) if !ours.contains_key(entry) => {
                    ours.insert(entry, object);
                }
                _ => {
                    let all =
                        std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
                    others.extend(all.map(|address| (address.key(), object)));
                }
            }
        }
        Draft {
            compared,
            refused,
            late: HashMap::new(),
            ours,
            others,
            kept: HashSet::new(),
            plan: SyncPlan::default(),
        }
    }

    fn leave_out(&mut self, dn: &str, because: impl Into<String>, is_trouble: bool) {
        self.plan.left_out.push(LeftOut {
            dn: dn.to_owned(),
            because: because.into(),
            is_trouble,
        });
    }

    /// A trouble of an entry: what it has here stays as it is until somebody has looked.
    fn trouble(&mut self, entry: &'a str, dn: &str, because: impl Into<String>) {
        self.kept.insert(entry);
        self.leave_out(dn, because, true);
    }

    /// Reads every entry and gives each its addresses. An address belongs to who has it already, and
    /// else to the entry that was made first in the order of their anchors.
    fn choose(&mut self) -> Vec<Chosen<'a>> {
        let mut waiting = Vec::new();
        for (entry, found) in self.compared.picture {
            let wanted = match self.compared.mapping.read(found) {
                Ok(wanted) => wanted,
                Err(Unwanted::None(because)) => {
                    self.leave_out(&found.dn, because, false);
                    continue;
                }
                Err(Unwanted::Trouble(because)) => {
                    self.trouble(entry, &found.dn, because);
                    continue;
                }
            };
            if let Some(because) = self.refused.get(entry) {
                self.trouble(entry, &found.dn, because.as_str());
                continue;
            }
            let before = self.ours.get(entry.as_str()).copied();
            if let Some(address) = primary(&wanted, before) {
                waiting.push((entry.as_str(), wanted, address, before));
            }
        }
        // Who has the address already comes first.
        waiting.sort_by_cached_key(|(entry, _, address, before)| {
            let has = before
                .and_then(recipient)
                .is_some_and(|r| r.address().key() == address.key());
            (!has, (*entry).to_owned())
        });
        let stuck = self.stuck(&waiting);
        let mut taken = self.reserved(stuck.keys().copied());
        let mut chosen: Vec<Chosen<'a>> = Vec::new();
        for (entry, wanted, address, before) in waiting {
            if let Some(because) = stuck.get(entry) {
                self.trouble(entry, &wanted.dn, because.as_str());
                continue;
            }
            // Whoever is not stuck has an address that nobody else has, or that of an object which is
            // taken over.
            let before = before.or_else(|| self.others.get(&address.key()).copied());
            taken.insert(address.key(), wanted.dn.clone());
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
    fn reserved(&self, stuck: impl Iterator<Item = &'a str>) -> HashMap<String, String> {
        let kept = self.kept.iter().copied().chain(stuck);
        let objects = kept.filter_map(|entry| self.ours.get(entry));
        let mut reserved = HashMap::new();
        for object in objects {
            let title = format!("{} {:?}", object.spec.kind().noun(), object.name);
            let Some(recipient) = recipient(object) else {
                continue;
            };
            for address in std::iter::once(recipient.address()).chain(recipient.proxy_addresses()) {
                reserved.insert(address.key(), title.clone());
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
                if stuck.contains_key(entry) {
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
                        taken.insert(key, wanted.dn.clone());
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
        let follows = recipient.source_anchor().is_some_and(|anchor| {
            let is_it = |object: &Object| {
                matches!(object.spec, Spec::DirectorySource(_))
                    && object.name.eq_ignore_ascii_case(anchor.source())
            };
            self.compared.objects.iter().any(is_it)
        });
        let is_health = matches!(&other.spec, Spec::Mailbox(mailbox)
            if mailbox.mailbox_type == mailward_model::kind::MailboxType::Monitoring);
        !follows
            && !is_health
            && other.spec.kind() == wanted.kind
            && recipient.address().key() == address.key()
    }

    /// Further addresses, each to one of them: to who has it already, and else to the first. One that
    /// somebody else has is left out and told.
    fn give_proxies(&mut self, chosen: &mut [Chosen<'a>], mut taken: HashMap<String, String>) {
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
        taken: &mut HashMap<String, String>,
    ) {
        let key = address.key();
        let own = |other: &&&Object| {
            one.before
                .is_some_and(|before| std::ptr::eq(before, **other))
        };
        let other = self.others.get(&key).filter(|other| !own(other));
        let owner = taken.get(&key).cloned().or_else(|| {
            other.map(|other| format!("{} {:?}", other.spec.kind().noun(), other.name))
        });
        match owner {
            None => {
                taken.insert(key, one.wanted.dn.clone());
                one.proxies.push(address);
            }
            // Twice in one entry is once.
            Some(owner) if owner == one.wanted.dn => {}
            Some(owner) => {
                let because =
                    format!("its further address {address} is left out: it belongs to {owner}");
                self.leave_out(&one.wanted.dn, because, true);
            }
        }
    }

    /// Gives each its name and its fields.
    fn name_and_write(&mut self, chosen: Vec<Chosen<'a>>) {
        let addresses = self.addresses_by_name(&chosen);
        let taken_over: HashSet<*const Object> = chosen
            .iter()
            .filter_map(|one| one.before)
            .map(std::ptr::from_ref)
            .collect();
        // Names in use now: none of them is given to another one in the same breath.
        let mut names: HashMap<(Kind, String), *const Object> = HashMap::new();
        for object in self.compared.objects {
            names.insert((object.spec.kind(), folded(&object.name)), object);
        }
        let mut given: HashSet<(Kind, String)> = HashSet::new();
        for object in self.compared.objects {
            if !taken_over.contains(&std::ptr::from_ref(object))
                && anchor(object, self.compared.source).is_none()
            {
                given.insert((object.spec.kind(), folded(&object.name)));
            }
        }
        for one in chosen {
            let kind = one.wanted.kind;
            let same_kind = one.before.filter(|before| before.spec.kind() == kind);
            let is_free = |name: &str| {
                let key = (kind, folded(name));
                let holder = names.get(&key).copied();
                let is_own = same_kind.is_some_and(|own| holder == Some(std::ptr::from_ref(own)));
                !given.contains(&key) && (holder.is_none() || is_own)
            };
            let name = name_of(&one.wanted.name, &one.address, same_kind, is_free);
            let Some(name) = name else {
                let because = format!("there is a {} of its name already", kind.noun());
                self.late.insert(one.entry.to_owned(), because);
                continue;
            };
            given.insert((kind, folded(&name)));
            match self.spec(&one, same_kind, &addresses) {
                Ok(spec) => self.write(&one, &name, spec, same_kind),
                Err(because) => {
                    self.late.insert(one.entry.to_owned(), because);
                }
            }
        }
    }

    /// What mail to an entry goes to, by the entry's name.
    fn addresses_by_name(&self, chosen: &[Chosen<'a>]) -> HashMap<String, String> {
        let mut addresses: HashMap<String, String> = HashMap::new();
        // One that is no recipient here may have an address outside.
        for found in self.compared.picture.values() {
            if self.compared.mapping.read(found).is_err()
                && let Some(address) = self.compared.mapping.any_address(found)
            {
                addresses.insert(dn_key(&found.dn), address.to_string());
            }
        }
        for one in chosen {
            addresses.insert(dn_key(&one.wanted.dn), one.address.to_string());
        }
        addresses
    }

    fn spec(
        &self,
        one: &Chosen<'_>,
        before: Option<&Object>,
        addresses: &HashMap<String, String>,
    ) -> Result<Spec, String> {
        let kind = one.wanted.kind;
        let Some(editor) = self.compared.mapping.editors.get(&kind) else {
            return Err(format!("a directory makes no {}", kind.plural()));
        };
        let anchor = SourceAnchor::new(self.compared.source, one.entry)
            .map_err(|error| error.to_string())?;
        let mut fields = before
            .map(|object| fields_of(&object.spec))
            .unwrap_or_default();
        let proxies = one.proxies.iter().map(ToString::to_string).collect();
        let members = one.wanted.members.as_ref().map(|members| {
            let own = one.address.to_string();
            let mut found: Vec<String> = members
                .iter()
                .filter_map(|member| match member_key(member) {
                    Some(key) => addresses.get(&key).cloned(),
                    None => member.parse::<EmailAddress>().ok().map(|a| a.to_string()),
                })
                .filter(|address| !address.eq_ignore_ascii_case(&own))
                .collect();
            // A directory keeps no order.
            found.sort();
            found.dedup();
            ("members".to_owned(), found)
        });
        let always = [
            ("address".to_owned(), vec![one.address.to_string()]),
            ("proxy_addresses".to_owned(), proxies),
            ("source_anchor".to_owned(), vec![anchor.to_string()]),
        ];
        let mapped = one.wanted.fields.iter().cloned();
        for (field, values) in mapped.chain(members).chain(always) {
            if editor.has(&field) {
                editor
                    .set(&mut fields, &field, &values)
                    .map_err(|error| error.to_string())?;
            }
        }
        let spec = spec_of(kind, fields).map_err(|error| error.to_string())?;
        match spec.validate().first() {
            None => Ok(spec),
            Some(error) => Err(error.to_string()),
        }
    }

    fn write(&mut self, one: &Chosen<'a>, name: &str, spec: Spec, same_kind: Option<&'a Object>) {
        self.kept.insert(one.entry);
        self.plan.recipients += 1;
        self.plan
            .of_entry
            .insert((spec.kind(), folded(name)), one.entry.to_owned());
        let import = &mut self.plan.import;
        let Some(object) = same_kind else {
            // A person whose mailbox has moved away is another kind of recipient from then on.
            if let Some(before) = one.before {
                import.changes.push(Change::remove(before));
                import
                    .effects
                    .push(text::effect(&before.name, Some(&before.spec), None));
            }
            import.effects.push(text::effect(name, None, Some(&spec)));
            import.changes.push(Change::create(name, spec));
            return;
        };
        let is_renamed = object.name != name;
        if object.spec == spec && !is_renamed {
            return;
        }
        let mut effect = text::effect(name, Some(&object.spec), Some(&spec));
        if is_renamed {
            effect.fields.insert(
                0,
                text::FieldChange {
                    field: "name".to_owned(),
                    from: Value::from(object.name.as_str()),
                    to: Value::from(name),
                },
            );
            effect.op = ChangeOp::Replace;
            import.changes.push(Change::rename(object, name));
        }
        import.effects.push(effect);
        if object.spec != spec {
            import.changes.push(Change::Replace {
                name: name.to_owned(),
                base: object.revision,
                spec,
            });
        }
    }

    /// Whatever follows an entry that is not there, or is no recipient any more, goes.
    fn remove(&mut self) {
        let mut gone: Vec<(&str, &Object)> = self
            .ours
            .iter()
            .map(|(entry, object)| (*entry, *object))
            .collect();
        self.plan.import.of = gone.len() as u64;
        gone.retain(|(entry, _)| !self.kept.contains(entry));
        gone.sort_by_key(|(entry, _)| *entry);
        let import = &mut self.plan.import;
        let mut removals = Vec::new();
        for (entry, object) in gone {
            import.removals += 1;
            import
                .effects
                .push(text::effect(&object.name, Some(&object.spec), None));
            removals.push(Change::remove(object));
            self.plan.gone.insert(entry.to_owned());
        }
        // First of all, so that their names are free.
        removals.append(&mut import.changes);
        import.changes = removals;
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

/// The name a recipient gets: its own, with its address behind it where another one has it. One that
/// has such a name keeps it, so that names do not go to and fro.
fn name_of(
    wanted: &str,
    address: &EmailAddress,
    before: Option<&Object>,
    is_free: impl Fn(&str) -> bool,
) -> Option<String> {
    let longer = sound_name(&format!(
        "{} ({address})",
        wanted
            .get(..wanted.floor_char_boundary(60))
            .unwrap_or_default()
    ));
    if let Some(now) = before.map(|object| object.name.as_str())
        && (now == wanted || now == longer)
        && is_free(now)
    {
        return Some(now.to_owned());
    }
    [wanted.to_owned(), longer]
        .into_iter()
        .find(|name| is_free(name))
}
