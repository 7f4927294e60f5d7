//! What the last plan came to, entry by entry, and by what entries have to do with each other: so that a
//! change is compared with those alone that it concerns.
//!
//! Two entries concern each other where both may get an address or a name, or have it here, or are in one
//! place of the directory. These are kept as numbers: that two have one by chance makes a plan larger, not
//! wrong. A group concerns its members only where what mail to them goes to becomes another.
//!
//! Invariant: the plan of everything changes nothing, and says what was said, for every entry that is not
//! among [`Index::open`] or [`Index::stale`]. Pure; never here: planning.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{BuildHasher, Hash, RandomState},
    ops::Bound,
    sync::Arc,
};

use mailward_model::{Kind, Object, ObjectId, Revision, Spec};
use mailward_store::{Mark, Touch};

use super::{
    picture::Picture,
    plan::{LeftOut, anchor, folded},
};
use crate::recipients::attribute::dn_key;

/// What the last plan came to.
#[derive(Debug, Default)]
pub(crate) struct Index {
    keys: Keys,
    nodes: HashMap<Arc<str>, Node>,
    /// Who has a key.
    having: BTreeSet<(u64, Arc<str>)>,
    /// Which group names a place.
    naming: BTreeSet<(u64, Arc<str>)>,
    /// Entries of which not everything is done: to be looked at with every plan.
    open: BTreeSet<Arc<str>>,
    /// Entries of which something was left out.
    left_out: BTreeSet<Arc<str>>,
    /// Entries that recipients follow.
    followed: u64,
    /// Entries that are recipients.
    recipients: u64,
    stale: Stale,
    /// Up to where the feed of the store was followed; none before the first plan of everything.
    mark: Option<Mark>,
}

/// What an entry came to.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Node {
    /// The key of its place in the directory.
    pub(super) place: Option<u64>,
    /// What it has or may get, the place among it.
    pub(super) keys: Vec<u64>,
    /// The places of the members it names.
    pub(super) members: Vec<u64>,
    /// The recipients that follow it, the oldest first: one, but for what administrators make of it.
    pub(super) objects: Vec<ObjectId>,
    /// What mail to it goes to.
    pub(super) goes_to: Option<Box<str>>,
    pub(super) is_recipient: bool,
    /// What the entry came to, as a number, and the revision of its recipient, which says just that.
    pub(super) said: Option<(u64, Revision)>,
    /// What it comes to, where that is to be written.
    pub(super) writes: Option<u64>,
    /// Something is to be written of it, or somebody is to look at it.
    pub(super) is_open: bool,
    pub(super) left_out: Vec<LeftOut>,
}

/// What somebody else did to the objects, and no plan knows of yet.
#[derive(Debug, Default)]
pub(super) struct Stale {
    pub(super) entries: BTreeSet<Arc<str>>,
    pub(super) keys: HashSet<u64>,
    pub(super) objects: BTreeSet<ObjectId>,
}

/// What the recipients of entries are to say, by kind and name in lower case.
pub(super) type Expected<'a> = HashMap<(Kind, String), (&'a str, &'a Spec)>;

/// Makes numbers of what entries have to do with each other by.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys(RandomState);

impl Keys {
    /// Of an address, as it is looked up.
    pub(super) fn address(&self, key: &str) -> u64 {
        self.0.hash_one((0_u8, key))
    }

    /// Of a name, in lower case.
    pub(super) fn name(&self, kind: Kind, folded: &str) -> u64 {
        self.0.hash_one((1_u8, kind, folded))
    }

    /// Of a place in the directory, as it is compared.
    pub(super) fn place(&self, dn_key: &str) -> u64 {
        self.0.hash_one((2_u8, dn_key))
    }

    /// Of anything that an entry says.
    pub(super) fn said(&self, said: impl Hash) -> u64 {
        self.0.hash_one(said)
    }

    /// Of everything that a recipient has: its addresses and its name.
    pub(super) fn of(&self, name: &str, spec: &Spec) -> Vec<u64> {
        let Some(recipient) = spec.recipient() else {
            return Vec::new();
        };
        let addresses = std::iter::once(recipient.address()).chain(recipient.proxy_addresses());
        let addresses = addresses.map(|address| self.address(&address.key()));
        let name = self.name(spec.kind(), &folded(name));
        addresses.chain([name]).collect()
    }
}

/// False where something was done that may concern every entry: other sources than before are there.
fn is_followed(touches: &[Touch]) -> bool {
    let is_source = |touch: &Touch| touch.kind == Kind::DirectorySource;
    !touches.iter().any(is_source)
}

/// Which of those in one place mail goes to: of recipients the last one by their anchors, else of the others.
pub(super) fn best<'a>(
    of: impl Iterator<Item = (&'a Arc<str>, &'a Node)>,
) -> Option<(bool, &'a Arc<str>, &'a str)> {
    of.filter_map(|(entry, node)| Some((node.is_recipient, entry, node.goes_to.as_deref()?)))
        .max()
}

/// All that have a key, in the order of their anchors.
fn with(set: &BTreeSet<(u64, Arc<str>)>, key: u64) -> impl Iterator<Item = &Arc<str>> {
    let from = Bound::Included((key, Arc::from("")));
    set.range((from, Bound::Unbounded))
        .take_while(move |(known, _)| *known == key)
        .map(|(_, entry)| entry)
}

impl Index {
    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Up to where the feed was followed; none where everything is to be planned.
    pub(super) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Everything is to be planned next.
    pub(super) fn forget(&mut self) {
        self.mark = None;
    }

    pub(super) fn node(&self, entry: &str) -> Option<(&Arc<str>, &Node)> {
        self.nodes.get_key_value(entry)
    }

    /// Who has this or may get it.
    pub(super) fn having(&self, key: u64) -> impl Iterator<Item = &Arc<str>> {
        with(&self.having, key)
    }

    /// Which entries are to be looked at with every plan.
    pub(super) fn open(&self) -> impl Iterator<Item = &Arc<str>> {
        self.open.iter()
    }

    pub(super) fn stale(&self) -> &Stale {
        &self.stale
    }

    pub(super) fn followed(&self) -> u64 {
        self.followed
    }

    pub(super) fn recipients(&self) -> u64 {
        self.recipients
    }

    /// What an entry came to when its recipient was found to say just that.
    pub(super) fn said(&self, entry: &str) -> Option<(u64, Revision)> {
        self.nodes.get(entry)?.said
    }

    /// Everything that was left out.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let nodes = self.left_out.iter().filter_map(|one| self.nodes.get(one));
        nodes.flat_map(|node| node.left_out.clone()).collect()
    }

    /// What mail to an entry goes to, by its place; of those that are not in `but`.
    pub(super) fn goes_to(
        &self,
        place: &str,
        picture: &Picture,
        but: &BTreeSet<Arc<str>>,
    ) -> Option<&str> {
        let there = self.having(self.keys.place(place)).filter(|entry| {
            !but.contains(*entry) && picture.dn(entry).is_some_and(|dn| dn_key(dn) == place)
        });
        let nodes = there.filter_map(|entry| Some((entry, self.nodes.get(entry)?)));
        best(nodes).map(|(_, _, address)| address)
    }

    /// Groups that are to be looked at because mail to one of their members goes somewhere else than
    /// before, by what a plan of these entries came to.
    pub(super) fn dependents(
        &self,
        within: &BTreeSet<Arc<str>>,
        nodes: &HashMap<Arc<str>, Node>,
    ) -> BTreeSet<Arc<str>> {
        let nowhere = Node::default();
        let mut found = BTreeSet::new();
        for entry in within {
            let before = self.nodes.get(entry).unwrap_or(&nowhere);
            let after = nodes.get(entry).unwrap_or(&nowhere);
            let told = |node: &Node| (node.place, node.is_recipient, node.goes_to.clone());
            if told(before) != told(after) {
                for place in before.place.iter().chain(&after.place) {
                    let groups = with(&self.naming, *place);
                    found.extend(groups.filter(|one| !within.contains(*one)).cloned());
                }
            }
        }
        found
    }

    /// Takes what a plan of everything came to, of the objects at a moment.
    pub(super) fn begin(&mut self, nodes: HashMap<Arc<str>, Node>, mark: Mark) {
        let keys = self.keys.clone();
        let (mut having, mut naming) = (Vec::new(), Vec::new());
        let mut new = Index {
            keys,
            mark: Some(mark),
            ..Index::default()
        };
        for (entry, node) in &nodes {
            new.count(entry, node);
            having.extend(node.keys.iter().map(|key| (*key, Arc::clone(entry))));
            naming.extend(node.members.iter().map(|key| (*key, Arc::clone(entry))));
        }
        // Sorted and then made at once, which takes less room than one after the other.
        new.having = having.into_iter().collect();
        new.naming = naming.into_iter().collect();
        new.nodes = nodes;
        *self = new;
    }

    /// Takes what a plan of some entries came to. What was stale was in it.
    pub(super) fn enter(
        &mut self,
        within: &BTreeSet<Arc<str>>,
        mut nodes: HashMap<Arc<str>, Node>,
    ) {
        for entry in within {
            if let Some(before) = self.nodes.remove(entry) {
                self.followed -= u64::from(!before.objects.is_empty());
                self.recipients -= u64::from(before.is_recipient);
                for key in before.keys {
                    self.having.remove(&(key, Arc::clone(entry)));
                }
                for key in before.members {
                    self.naming.remove(&(key, Arc::clone(entry)));
                }
                self.open.remove(entry);
                self.left_out.remove(entry);
            }
            let Some(node) = nodes.remove(entry) else {
                continue;
            };
            self.count(entry, &node);
            let keyed = |key: &u64| (*key, Arc::clone(entry));
            self.having.extend(node.keys.iter().map(keyed));
            self.naming.extend(node.members.iter().map(keyed));
            self.nodes.insert(Arc::clone(entry), node);
        }
        self.stale = Stale::default();
    }

    fn count(&mut self, entry: &Arc<str>, node: &Node) {
        self.followed += u64::from(!node.objects.is_empty());
        self.recipients += u64::from(node.is_recipient);
        if node.is_open {
            self.open.insert(Arc::clone(entry));
        }
        if !node.left_out.is_empty() {
            self.left_out.insert(Arc::clone(entry));
        }
    }

    /// Follows what somebody did to objects, up to a moment: whom it concerns is in the next plan.
    pub(super) fn take(&mut self, touches: Vec<Touch>, source: &str, mark: Mark) {
        self.mark = is_followed(&touches).then_some(mark);
        for touch in touches {
            self.touched(&touch, source);
        }
    }

    fn touched(&mut self, touch: &Touch, source: &str) {
        if !touch.is_of_recipient() {
            return;
        }
        let specs = [&touch.before, &touch.after];
        for spec in specs.into_iter().flatten() {
            self.stale.keys.extend(self.keys.of(&touch.name, spec));
            if let Some(entry) = anchor(spec, source) {
                self.follow(entry, touch.id, false);
                let entry = self.nodes.get_key_value(entry);
                self.stale
                    .entries
                    .extend(entry.map(|(entry, _)| Arc::clone(entry)));
            }
        }
        self.stale.objects.insert(touch.id);
        if let Some(after) = &touch.after
            && let Some(entry) = anchor(after, source)
        {
            self.follow(entry, touch.id, true);
            let entry = self.nodes.get_key_value(entry);
            self.stale
                .entries
                .extend(entry.map(|(entry, _)| Arc::clone(entry)));
        }
    }

    /// A recipient follows an entry from now on, or does so no more.
    fn follow(&mut self, entry: &str, id: ObjectId, does: bool) {
        if does && !self.nodes.contains_key(entry) {
            self.nodes.insert(entry.into(), Node::default());
        }
        let Some(node) = self.nodes.get_mut(entry) else {
            return;
        };
        let before = u64::from(!node.objects.is_empty());
        match (node.objects.binary_search(&id), does) {
            (Ok(at), false) => {
                node.objects.remove(at);
            }
            (Err(at), true) => node.objects.insert(at, id),
            (Ok(_), true) | (Err(_), false) => {}
        }
        let after = u64::from(!node.objects.is_empty());
        self.followed = self.followed + after - before;
    }

    /// Follows what was written by a plan, and what others did meanwhile, up to a moment. `going` are
    /// the names of those that were to go.
    pub(super) fn confirm(
        &mut self,
        touches: Vec<Touch>,
        source: &str,
        expected: &Expected<'_>,
        going: &HashSet<(Kind, String)>,
        mark: Mark,
    ) {
        let mut last: HashMap<ObjectId, usize> = HashMap::new();
        for (at, touch) in touches.iter().enumerate() {
            last.insert(touch.id, at);
        }
        let is_as_planned = |touch: &Touch| {
            let key = (touch.kind, folded(&touch.name));
            match &touch.after {
                Some(after) => expected.get(&key).is_some_and(|(entry, spec)| {
                    *spec == after && anchor(after, source) == Some(*entry)
                }),
                None => going.contains(&key),
            }
        };
        let planned: HashSet<ObjectId> = last
            .iter()
            .filter(|(_, at)| touches.get(**at).is_some_and(is_as_planned))
            .map(|(id, _)| *id)
            .collect();
        for (at, touch) in touches.iter().enumerate() {
            if !planned.contains(&touch.id) {
                self.touched(touch, source);
                continue;
            }
            let before = touch.before.as_ref();
            if let Some(entry) = before.and_then(|spec| anchor(spec, source)) {
                self.follow(entry, touch.id, false);
                if touch.after.is_none() {
                    self.done(entry, None);
                }
            }
            if let Some(after) = &touch.after
                && let Some(entry) = anchor(after, source)
            {
                self.follow(entry, touch.id, true);
                if last.get(&touch.id) == Some(&at) {
                    self.done(entry, Some(touch.revision));
                }
            }
        }
        self.mark = is_followed(&touches).then_some(mark);
    }

    /// What was to be written of an entry is written: with this revision, or its recipient is gone.
    fn done(&mut self, entry: &str, revision: Option<Revision>) {
        let Some(node) = self.nodes.get_mut(entry) else {
            return;
        };
        let is_trouble = node.left_out.iter().any(|one| one.is_trouble);
        match revision {
            Some(revision) => {
                // Two that follow one entry, or none that does: the next plan looks again.
                let is_one = node.objects.len() == 1;
                let Some(said) = node.writes.take_if(|_| is_one) else {
                    return;
                };
                node.said = Some((said, revision));
            }
            None if !node.objects.is_empty() || node.is_recipient => return,
            None => {}
        }
        if !is_trouble {
            node.is_open = false;
            self.open.remove(entry);
        }
        if node.place.is_none() && node.objects.is_empty() && node.left_out.is_empty() {
            // It is in no picture, and nothing is left of it here.
            let keys = std::mem::take(&mut node.keys);
            if let Some((entry, _)) = self.nodes.remove_entry(entry) {
                for key in keys {
                    self.having.remove(&(key, Arc::clone(&entry)));
                }
            }
        }
    }
}

impl Node {
    /// Takes note of a recipient that follows it.
    pub(super) fn follow(&mut self, object: &Object, keys: &Keys) {
        self.objects.push(object.id);
        self.keys.extend(keys.of(&object.name, &object.spec));
    }

    /// In as little room as it needs.
    pub(super) fn close(&mut self) {
        self.keys.extend(self.place);
        for keys in [&mut self.keys, &mut self.members] {
            keys.sort_unstable();
            keys.dedup();
            keys.shrink_to_fit();
        }
        self.objects.sort_unstable();
        self.objects.shrink_to_fit();
        self.left_out.shrink_to_fit();
    }
}
