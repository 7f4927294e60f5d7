//! What a directory says against what is stored: recipients that come, change and go.
//!
//! The whole picture is compared every time, also where one entry has changed: there is no second way
//! that is seldom used. Only that an entry and its recipient came to the same before, and neither has
//! changed, is remembered ([`Same`]): working it out again would come to it again.
//!
//! A recipient is the source's if its anchor says so; others are never touched, but for one of the same
//! kind and primary address that follows nothing yet, which is taken over. Pure; never here: doing any
//! of it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

use mailward_api::assignment::{fields_of, spec_of};
use mailward_ldap::Entry;
use mailward_model::{
    EmailAddress, Kind, Object, Revision, Spec,
    kind::{Recipient, SourceAnchor},
    object::Validate,
};
use mailward_store::{Change, ChangeOp, text};
use serde_json::Value;

use super::mapping::{Mapping, Wanted, member_key, sound_name};
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
    /// What an earlier plan found to be the same.
    pub(crate) same: &'a Same,
}

/// Entries that say what their recipients are already: what the entry came to, and the recipient's
/// revision. It may be forgotten at any time.
#[derive(Debug, Default)]
pub(crate) struct Same {
    keys: RandomState,
    of: HashMap<String, (u64, Revision)>,
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
    /// These recipients, by kind and name.
    pub(crate) going: HashSet<(Kind, String)>,
    /// Where the effect of a change is told, by what it does, kind, and name after it.
    pub(crate) effects: HashMap<(ChangeOp, Kind, String), usize>,
    /// Whose change is whose: by kind and name as they are after it.
    pub(crate) of_entry: HashMap<(Kind, String), String>,
    /// Entries left out, troubles first.
    pub(crate) left_out: Vec<LeftOut>,
    /// Recipients that follow an entry, once this is done.
    pub(crate) recipients: u64,
    /// For the next plan.
    pub(crate) same: Same,
}

/// A wanted recipient with its primary address chosen.
pub(super) struct Chosen<'a> {
    pub(super) entry: &'a str,
    pub(super) wanted: Wanted,
    pub(super) address: EmailAddress,
    pub(super) proxies: Vec<EmailAddress>,
    pub(super) before: Option<&'a Object>,
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

/// A plan while it is made.
pub(super) struct Draft<'a> {
    pub(super) compared: &'a Compared<'a>,
    pub(super) refused: &'a HashMap<String, String>,
    /// Troubles that were found after addresses were given.
    late: HashMap<String, String>,
    /// What follows an entry of this source now.
    pub(super) ours: HashMap<&'a str, &'a Object>,
    /// Who else has an address.
    pub(super) others: HashMap<String, &'a Object>,
    /// Entries that keep their recipient, whatever it says.
    pub(super) kept: HashSet<&'a str>,
    /// The sources that there are.
    pub(super) sources: HashSet<String>,
    /// Removals of what becomes another kind of recipient.
    moved: Vec<Change>,
    plan: SyncPlan,
}

pub(super) fn recipient(object: &Object) -> Option<&dyn Recipient> {
    object.spec.recipient()
}

fn anchor<'a>(object: &'a Object, source: &str) -> Option<&'a str> {
    let anchor = recipient(object)?.source_anchor()?;
    anchor.is_of(source).then(|| anchor.entry())
}

pub(super) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl<'a> Draft<'a> {
    fn of(compared: &'a Compared<'a>, refused: &'a HashMap<String, String>) -> Draft<'a> {
        let (mut ours, mut others) = (HashMap::new(), HashMap::new());
        let mut sources = HashSet::new();
        for object in compared.objects {
            if matches!(object.spec, Spec::DirectorySource(_)) {
                sources.insert(folded(&object.name));
            }
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
            sources,
            moved: Vec::new(),
            plan: SyncPlan {
                same: Same {
                    keys: compared.same.keys.clone(),
                    of: HashMap::with_capacity(compared.same.of.len()),
                },
                ..SyncPlan::default()
            },
        }
    }

    pub(super) fn leave_out(&mut self, dn: &str, because: impl Into<String>, is_trouble: bool) {
        self.plan.left_out.push(LeftOut {
            dn: dn.to_owned(),
            because: because.into(),
            is_trouble,
        });
    }

    /// A trouble of an entry: what it has here stays as it is until somebody has looked.
    pub(super) fn trouble(&mut self, entry: &'a str, dn: &str, because: impl Into<String>) {
        self.kept.insert(entry);
        self.leave_out(dn, because, true);
    }

    /// Gives each its name and its fields.
    fn name_and_write(&mut self, chosen: Vec<Chosen<'a>>) {
        let addresses = self.addresses_by_name(&chosen);
        let taken_over: HashSet<*const Object> = chosen
            .iter()
            .filter_map(|one| one.before)
            .map(std::ptr::from_ref)
            .collect();
        // Names in use now: none of them is given to another one in the same breath, but for those of
        // what goes, which goes first.
        let going = self.going(&chosen);
        let mut names: HashMap<(Kind, String), *const Object> = HashMap::new();
        for object in self.compared.objects {
            if !going.contains(&std::ptr::from_ref(object)) {
                names.insert((object.spec.kind(), folded(&object.name)), object);
            }
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
            let members = members_of(&one, &addresses);
            let said = self.said(&one, members.as_ref());
            if let Some(object) = same_kind
                && self.is_same(one.entry, said, object)
            {
                self.write(&one, &name, None, same_kind, said);
                continue;
            }
            match self.spec(&one, same_kind, members) {
                Ok(spec) => self.write(&one, &name, Some(spec), same_kind, said),
                Err(because) => {
                    self.late.insert(one.entry.to_owned(), because);
                }
            }
        }
    }

    /// What will not be there under its kind and name after this: what follows nothing any more, and
    /// what becomes another kind of recipient.
    fn going(&self, chosen: &[Chosen<'a>]) -> HashSet<*const Object> {
        let stay: HashSet<&str> = chosen.iter().map(|one| one.entry).collect();
        let gone = self
            .ours
            .iter()
            .filter(|(entry, _)| !stay.contains(*entry) && !self.kept.contains(*entry))
            .map(|(_, object)| *object);
        let moved = chosen.iter().filter_map(|one| {
            one.before
                .filter(|before| before.spec.kind() != one.wanted.kind)
        });
        gone.chain(moved).map(std::ptr::from_ref).collect()
    }

    /// What mail to an entry goes to, by the entry's name.
    fn addresses_by_name(&self, chosen: &[Chosen<'a>]) -> HashMap<String, String> {
        let mut addresses: HashMap<String, String> = HashMap::new();
        let is_recipient: HashSet<&str> = chosen.iter().map(|one| one.entry).collect();
        // One that is no recipient here may have an address outside.
        for (entry, found) in self.compared.picture {
            if !is_recipient.contains(entry.as_str())
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

    /// What an entry comes to, as a number: all that [`Draft::spec`] works by, besides the recipient.
    fn said(&self, one: &Chosen<'_>, members: Option<&Vec<String>>) -> u64 {
        let said = (
            one.wanted.kind,
            &one.address,
            &one.proxies,
            &one.wanted.fields,
            members,
        );
        self.plan.same.keys.hash_one(said)
    }

    fn is_same(&self, entry: &str, said: u64, object: &Object) -> bool {
        self.compared.same.of.get(entry) == Some(&(said, object.revision))
    }

    fn spec(
        &self,
        one: &Chosen<'_>,
        before: Option<&Object>,
        members: Option<Vec<String>>,
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
        let members = members.map(|members| ("members".to_owned(), members));
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

    /// Writes what a recipient is to be: `spec` is what it says, none where that is what it says now.
    fn write(
        &mut self,
        one: &Chosen<'a>,
        name: &str,
        spec: Option<Spec>,
        same_kind: Option<&'a Object>,
        said: u64,
    ) {
        self.kept.insert(one.entry);
        self.plan.recipients += 1;
        self.plan
            .of_entry
            .insert((one.wanted.kind, folded(name)), one.entry.to_owned());
        let import = &mut self.plan.import;
        let spec = spec.filter(|spec| same_kind.is_none_or(|object| object.spec != *spec));
        if let (None, Some(object)) = (&spec, same_kind) {
            let now = (said, object.revision);
            self.plan.same.of.insert(one.entry.to_owned(), now);
        }
        let Some(object) = same_kind else {
            let Some(spec) = spec else {
                return;
            };
            // A person whose mailbox has moved away is another kind of recipient from then on.
            if let Some(before) = one.before {
                self.moved.push(Change::remove(before));
                import
                    .effects
                    .push(text::effect(&before.name, Some(&before.spec), None));
            }
            import.effects.push(text::effect(name, None, Some(&spec)));
            import.changes.push(Change::create(name, spec));
            return;
        };
        let is_renamed = object.name != name;
        if spec.is_none() && !is_renamed {
            return;
        }
        let after = spec.as_ref().unwrap_or(&object.spec);
        let mut effect = text::effect(name, Some(&object.spec), Some(after));
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
        if let Some(spec) = spec {
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
        let mut removals = std::mem::take(&mut self.moved);
        for (entry, object) in gone {
            import.removals += 1;
            import
                .effects
                .push(text::effect(&object.name, Some(&object.spec), None));
            removals.push(Change::remove(object));
            self.plan.gone.insert(entry.to_owned());
            let key = (object.spec.kind(), folded(&object.name));
            self.plan.going.insert(key);
        }
        // First of all, so that their names are free.
        removals.append(&mut import.changes);
        import.changes = removals;
        let effects = self.plan.import.effects.iter().enumerate();
        let keyed = effects.map(|(at, one)| ((one.op, one.kind, folded(&one.name)), at));
        self.plan.effects = keyed.collect();
    }
}

/// To whom mail to the members of a group goes, where it is one.
fn members_of(one: &Chosen<'_>, addresses: &HashMap<String, String>) -> Option<Vec<String>> {
    let own = one.address.to_string();
    let members = one.wanted.members.as_ref()?.iter();
    let mut found: Vec<String> = members
        .filter_map(|member| match member_key(member) {
            Some(key) => addresses.get(&key).cloned(),
            None => member.parse::<EmailAddress>().ok().map(|a| a.to_string()),
        })
        .filter(|address| !address.eq_ignore_ascii_case(&own))
        .collect();
    // A directory keeps no order.
    found.sort();
    found.dedup();
    Some(found)
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
