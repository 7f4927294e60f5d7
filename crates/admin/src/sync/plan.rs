//! What a directory says against what is stored: recipients that come, change and go.
//!
//! Some entries are compared, or every one, in the same way: [`turn`](super::turn) says which, and those
//! that have anything to do with each other are always compared together. That an entry and its recipient
//! came to the same before, and neither has changed, is remembered ([`Index`]): working it out again would
//! come to it again.
//!
//! A recipient is the source's if its anchor says so; others are never touched, but for one of the same
//! kind and primary address that follows nothing yet, which is taken over. Pure; never here: doing any
//! of it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use mailward_api::assignment::{fields_of, spec_of};
use mailward_ldap::Entry;
use mailward_model::{
    EmailAddress, Kind, Object, Spec,
    kind::{Recipient, SourceAnchor},
    object::Validate,
};
use mailward_store::{Change, ChangeOp, text};
use serde_json::Value;

use super::{
    index::{Index, Node},
    mapping::{Mapping, Said, Wanted, sound_name},
    picture::Picture,
};
use crate::recipients::Import;

/// What is compared.
pub(crate) struct Compared<'a> {
    /// The name of the source.
    pub(crate) source: &'a str,
    /// How its entries are read.
    pub(crate) mapping: &'a Mapping,
    /// Its entries.
    pub(crate) picture: &'a Picture,
    /// Of them, those that are compared; every one where none are named.
    pub(crate) within: Option<&'a BTreeSet<Arc<str>>>,
    /// Every recipient and source there is, or those that have to do with the entries that are compared;
    /// the oldest first.
    pub(crate) objects: &'a [Object],
    /// Entries whose change the store has refused, and why.
    pub(crate) refused: &'a HashMap<String, String>,
    /// What an earlier plan came to.
    pub(crate) known: &'a Index,
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
    pub(crate) of_entry: HashMap<(Kind, String), Arc<str>>,
    /// Entries left out, troubles first.
    pub(crate) left_out: Vec<LeftOut>,
    /// Recipients that follow an entry, once this is done.
    pub(crate) recipients: u64,
    /// What each entry came to, for the next plan.
    pub(crate) nodes: HashMap<Arc<str>, Node>,
}

/// A wanted recipient with its primary address chosen.
pub(super) struct Chosen<'a> {
    pub(super) entry: &'a Arc<str>,
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
            return draft.close();
        }
        refused.extend(late);
    }
}

/// What was left out in the order in which it is told: troubles first.
pub(super) fn in_order(mut left_out: Vec<LeftOut>) -> Vec<LeftOut> {
    left_out.sort_by(|one, other| {
        let key = |of: &LeftOut| !of.is_trouble;
        let by = key(one)
            .cmp(&key(other))
            .then_with(|| one.dn.cmp(&other.dn));
        by.then_with(|| one.because.cmp(&other.because))
    });
    left_out
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
    /// What each entry comes to.
    pub(super) nodes: HashMap<Arc<str>, Node>,
    /// The sources that there are.
    pub(super) sources: HashSet<String>,
    /// Removals of what becomes another kind of recipient.
    moved: Vec<Change>,
    plan: SyncPlan,
}

pub(super) fn recipient(object: &Object) -> Option<&dyn Recipient> {
    object.spec.recipient()
}

/// The entry of a source that it follows.
pub(super) fn anchor<'a>(spec: &'a Spec, source: &str) -> Option<&'a str> {
    let anchor = spec.recipient()?.source_anchor()?;
    anchor.is_of(source).then(|| anchor.entry())
}

pub(super) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl SyncPlan {
    /// Keeps of the objects those that it changes.
    pub(super) fn keep_changed(&self, objects: &mut Vec<Object>) {
        let changes = self.import.changes.iter();
        let changed = changes.map(|change| (change.kind(), folded(change.name())));
        let changed: HashSet<(Kind, String)> = changed.collect();
        objects.retain(|object| changed.contains(&(object.spec.kind(), folded(&object.name))));
        objects.shrink_to_fit();
    }
}

impl<'a> Compared<'a> {
    /// The entries that are compared, in the order of their anchors.
    pub(super) fn entries(&self) -> Box<dyn Iterator<Item = (&'a Arc<str>, Entry)> + 'a> {
        let picture = self.picture;
        match self.within {
            None => Box::new(picture.iter()),
            Some(within) => Box::new(within.iter().filter_map(|entry| picture.get(entry))),
        }
    }
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
            match anchor(&object.spec, compared.source) {
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
            nodes: HashMap::new(),
            sources,
            moved: Vec::new(),
            plan: SyncPlan::default(),
        }
    }

    /// What an entry comes to.
    pub(super) fn node(&mut self, entry: &Arc<str>) -> &mut Node {
        self.nodes.entry(Arc::clone(entry)).or_default()
    }

    pub(super) fn leave_out(
        &mut self,
        entry: &Arc<str>,
        dn: &str,
        because: impl Into<String>,
        is_trouble: bool,
    ) {
        let node = self.node(entry);
        node.is_open |= is_trouble;
        node.left_out.push(LeftOut {
            dn: dn.to_owned(),
            because: because.into(),
            is_trouble,
        });
    }

    /// A trouble of an entry: what it has here stays as it is until somebody has looked.
    pub(super) fn trouble(&mut self, entry: &'a Arc<str>, dn: &str, because: impl Into<String>) {
        self.kept.insert(entry);
        self.leave_out(entry, dn, because, true);
    }

    /// Gives each its name and its fields.
    fn name_and_write(&mut self, chosen: Vec<Chosen<'a>>) {
        let places = self.places(&chosen);
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
                && anchor(&object.spec, self.compared.source).is_none()
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
                self.late.insert(one.entry.to_string(), because);
                continue;
            };
            given.insert((kind, folded(&name)));
            let Some((_, entry)) = self.compared.picture.get(one.entry) else {
                continue;
            };
            let mut entry = self.compared.mapping.said(&entry, kind);
            entry.members = self.members_of(&one, entry.members, &places);
            let said = self.said(&one, &entry);
            if let Some(object) = same_kind
                && self.compared.known.said(one.entry) == Some((said, object.revision))
            {
                self.write(&one, &name, None, same_kind, said);
                continue;
            }
            match self.spec(&one, same_kind, entry) {
                Ok(spec) => self.write(&one, &name, Some(spec), same_kind, said),
                Err(because) => {
                    self.late.insert(one.entry.to_string(), because);
                }
            }
        }
    }

    /// What will not be there under its kind and name after this: what follows nothing any more, and
    /// what becomes another kind of recipient.
    fn going(&self, chosen: &[Chosen<'a>]) -> HashSet<*const Object> {
        let stay: HashSet<&str> = chosen.iter().map(|one| &**one.entry).collect();
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

    /// What an entry comes to, as a number: all that [`Draft::spec`] works by, besides the recipient.
    fn said(&self, one: &Chosen<'_>, entry: &Said) -> u64 {
        self.compared.known.keys().said((
            one.wanted.kind,
            &one.address,
            &one.proxies,
            &entry.fields,
            &entry.members,
        ))
    }

    fn spec(&self, one: &Chosen<'_>, before: Option<&Object>, entry: Said) -> Result<Spec, String> {
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
        let members = entry.members.map(|members| ("members".to_owned(), members));
        let always = [
            ("address".to_owned(), vec![one.address.to_string()]),
            ("proxy_addresses".to_owned(), proxies),
            ("source_anchor".to_owned(), vec![anchor.to_string()]),
        ];
        let mapped = entry.fields.into_iter();
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
            .insert((one.wanted.kind, folded(name)), Arc::clone(one.entry));
        let spec = spec.filter(|spec| same_kind.is_none_or(|object| object.spec != *spec));
        let is_renamed = same_kind.is_some_and(|object| object.name != name);
        let node = self.node(one.entry);
        match (&spec, same_kind) {
            (None, Some(object)) => node.said = Some((said, object.revision)),
            _ => node.writes = Some(said),
        }
        node.is_open |= spec.is_some() || is_renamed;
        let import = &mut self.plan.import;
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

    /// Notes which recipients follow which entries, whether these are there or not.
    fn follow(&mut self) {
        let (known, picture) = (self.compared.known, self.compared.picture);
        for object in self.compared.objects {
            let Some(entry) = anchor(&object.spec, self.compared.source) else {
                continue;
            };
            let kept = picture.key(entry).or_else(|| Some(known.node(entry)?.0));
            let entry = kept.map_or_else(|| Arc::from(entry), Arc::clone);
            self.node(&entry).follow(object, known.keys());
        }
    }

    /// The plan, and what each entry came to.
    fn close(mut self) -> SyncPlan {
        self.nodes.values_mut().for_each(Node::close);
        let left_out = self.nodes.values().flat_map(|node| node.left_out.clone());
        self.plan.left_out = in_order(left_out.collect());
        self.plan.nodes = self.nodes;
        self.plan
    }

    /// Whatever follows an entry that is not there, or is no recipient any more, goes.
    fn remove(&mut self) {
        self.follow();
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
            if let Some(node) = self.nodes.get_mut(entry) {
                node.is_open = true;
            }
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

/// The name a recipient gets: its own, with its address behind it where another one has it. One that
/// has such a name keeps it, so that names do not go to and fro.
fn name_of(
    wanted: &str,
    address: &EmailAddress,
    before: Option<&Object>,
    is_free: impl Fn(&str) -> bool,
) -> Option<String> {
    let longer = longer_name(wanted, address);
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

/// A name with an address behind it.
pub(super) fn longer_name(wanted: &str, address: &EmailAddress) -> String {
    let short = wanted.get(..wanted.floor_char_boundary(60));
    sound_name(&format!("{} ({address})", short.unwrap_or_default()))
}
