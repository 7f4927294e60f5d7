//! Dynamic groups: who belongs to each, kept current as recipients and filters change.
//!
//! A filter is evaluated when a group or a recipient changes, never when a message is expanded. A
//! changed recipient is asked of every group once; a changed filter is asked of every recipient; all
//! else stays as it was. What is kept is exactly what evaluating everything anew would give.
//!
//! A filter that asks for `MemberOfGroup` depends on other objects than the recipient's: where a
//! group of listed members changes, those it lists or listed are asked again. Nothing of this is
//! kept while no filter asks.
//!
//! The objects are told from each other by id, and their versions by revision.

use std::collections::{BTreeMap, HashMap, HashSet};

use mailward_model::{
    Object, ObjectId, Revision, Spec,
    filter::{
        Attributes, Filter, Listings, Needs, Surroundings, Times, attributes_among, is_system,
    },
    kind::OrganizationalUnit,
};

use crate::owners::Owners;

/// A recipient, ready to be asked about.
#[derive(Debug, Clone)]
struct Known {
    revision: Revision,
    attributes: Attributes,
    unit: Option<OrganizationalUnit>,
    /// Belongs to no dynamic group.
    system: bool,
}

/// A group and who belongs to it.
#[derive(Debug, Clone)]
struct Group {
    criterion: Criterion,
    /// Sorted.
    members: Vec<ObjectId>,
    generation: Revision,
}

/// Who belongs to a dynamic group: a filter, and where it looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    filter: Option<Filter>,
    container: Option<OrganizationalUnit>,
}

impl Criterion {
    /// The criterion of a dynamic group; `None` for any other object.
    pub fn of(object: &Object) -> Option<Criterion> {
        match &object.spec {
            Spec::DynamicDistributionGroup(group) => Some(Criterion {
                filter: group.filter(),
                container: group.container().cloned(),
            }),
            _ => None,
        }
    }

    /// Whether a recipient belongs; false for an object that is none. `around` holds what
    /// [`Criterion::needs`] says.
    pub fn fits(&self, object: &Object, around: &Surroundings) -> bool {
        Known::of(object, around).is_some_and(|known| self.holds(&known))
    }

    /// What must be known beside the objects to say who belongs.
    pub fn needs(&self) -> Needs {
        self.filter.as_ref().map(Filter::needs).unwrap_or_default()
    }

    fn holds(&self, known: &Known) -> bool {
        let within = match (&self.container, &known.unit) {
            (None, _) => true,
            (Some(container), Some(unit)) => container.contains(unit),
            (Some(_), None) => false,
        };
        let filter = self.filter.as_ref();
        !known.system && within && filter.is_some_and(|filter| filter.matches(&known.attributes))
    }
}

/// What must be known beside these objects to say who belongs to the dynamic groups among them.
pub fn needs(objects: &[Object]) -> Needs {
    objects
        .iter()
        .filter_map(Criterion::of)
        .fold(Needs::default(), |needs, one| needs.and(one.needs()))
}

impl Known {
    fn of(object: &Object, around: &Surroundings) -> Option<Known> {
        let attributes = attributes_among(object, around)?;
        let recipient = object.spec.recipient()?;
        Some(Known {
            revision: object.revision,
            unit: recipient.organizational_unit().cloned(),
            system: is_system(&attributes),
            attributes,
        })
    }
}

impl Group {
    /// Takes over whether these belong; how many were added, and how many removed.
    fn take_over(&mut self, verdicts: &[(ObjectId, bool)]) -> (usize, usize) {
        let (mut added, mut removed) = (0, 0);
        for (id, belongs) in verdicts {
            match (self.members.binary_search(id), belongs) {
                (Err(place), true) => {
                    self.members.insert(place, *id);
                    added += 1;
                }
                (Ok(place), false) => {
                    self.members.remove(place);
                    removed += 1;
                }
                _ => {}
            }
        }
        (added, removed)
    }

    /// Asks the filter of every recipient; how many were added, and how many removed.
    fn evaluate(&mut self, recipients: &HashMap<ObjectId, Known>) -> (usize, usize) {
        let mut members: Vec<ObjectId> = recipients
            .iter()
            .filter(|(_, known)| self.criterion.holds(known))
            .map(|(id, _)| *id)
            .collect();
        members.sort_unstable();
        let stayed = self
            .members
            .iter()
            .filter(|id| members.binary_search(id).is_ok())
            .count();
        let removed = self.members.len() - stayed;
        let added = members.len() - stayed;
        self.members = members;
        (added, removed)
    }
}

/// The members of one dynamic group.
#[derive(Debug, Clone, Copy)]
pub struct DynamicMembers<'a> {
    /// Who belongs, by id.
    pub members: &'a [ObjectId],
    /// The revision at which that last changed.
    pub generation: Revision,
}

/// How the members of a group changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersChange {
    /// The group.
    pub group: ObjectId,
    /// How many belong now that did not.
    pub added: usize,
    /// How many belonged that do not any more.
    pub removed: usize,
    /// How many belong now.
    pub members: usize,
}

/// Every dynamic group with its members.
#[derive(Debug, Clone, Default)]
pub struct DynamicGroups {
    /// Empty while there is no group.
    recipients: HashMap<ObjectId, Known>,
    groups: BTreeMap<ObjectId, Group>,
    /// What the filters that there are ask for.
    needs: Needs,
    around: Surroundings,
    /// Where a filter asks which groups list a recipient.
    owners: Option<Owners>,
    /// The highest revision seen.
    revision: Revision,
}

impl DynamicGroups {
    /// Brings everything to what these objects say, which are all there are, at the revision `at`.
    /// Only what differs from before, by id and revision, is evaluated. `times` need not say
    /// anything where [`needs`] does not ask for it. Tells of the groups whose members changed.
    pub fn update(&mut self, objects: &[Object], at: Revision, times: Times) -> Vec<MembersChange> {
        let is_group = |object: &Object| matches!(object.spec, Spec::DynamicDistributionGroup(_));
        if !objects.iter().any(is_group) {
            *self = DynamicGroups::default();
            return Vec::new();
        }
        let is_new = |object: &&Object| {
            let known = self.recipients.get(&object.id);
            known.is_none_or(|known| known.revision != object.revision)
        };
        let mut recipients = 0;
        let changed: Vec<&Object> = objects
            .iter()
            .filter(|object| object.spec.recipient().is_some())
            .inspect(|_| recipients += 1)
            .filter(is_new)
            .collect();
        let made = changed
            .iter()
            .filter(|object| !self.recipients.contains_key(&object.id))
            .count();
        let mut gone = Vec::new();
        if self.recipients.len() + made > recipients {
            let there: HashSet<ObjectId> = objects.iter().map(|object| object.id).collect();
            let known = self.recipients.keys().copied();
            gone.extend(known.filter(|id| !there.contains(id)));
        }
        self.around.times = times;
        self.look_around(objects, needs(objects));
        self.change(changed, &gone, at)
    }

    /// Knows of every recipient what filters ask for now and did not before.
    fn look_around(&mut self, objects: &[Object], needs: Needs) {
        let before = std::mem::replace(&mut self.needs, needs);
        if !needs.listings {
            self.around.listings = Listings::default();
            self.owners = None;
        }
        let lists = needs.listings && !before.listings;
        if lists {
            self.around.listings = Listings::of(objects);
            self.owners = Some(Owners::of(objects));
        }
        if !lists && (!needs.times || before.times) {
            return;
        }
        for object in objects {
            let known = self.recipients.get_mut(&object.id);
            // What has changed is looked at for that reason, and counts as changed until then.
            if let Some(known) = known.filter(|known| known.revision == object.revision)
                && let Some(anew) = Known::of(object, &self.around)
            {
                *known = anew;
            }
        }
    }

    /// Takes over which groups list whom; the recipients for which that makes a difference, and
    /// that have not changed themselves.
    fn relist(&mut self, changed: &[&Object], gone: &[ObjectId]) -> Vec<ObjectId> {
        let Some(owners) = &mut self.owners else {
            return Vec::new();
        };
        let mut keys = Vec::new();
        for id in gone {
            keys.extend(self.around.listings.remove(*id));
            owners.remove(*id);
        }
        for object in changed {
            keys.extend(self.around.listings.take_over(object));
            owners.take_over(object);
        }
        let mut others: Vec<ObjectId> = keys.iter().filter_map(|key| owners.of_key(key)).collect();
        others.sort_unstable();
        others.dedup();
        let themselves: HashSet<ObjectId> = changed.iter().map(|object| object.id).collect();
        others.retain(|id| !themselves.contains(id));
        for id in &others {
            if let (Some(known), Some(keys)) = (self.recipients.get_mut(id), owners.keys(*id)) {
                let keys = keys.iter().map(|key| &**key);
                self.around.listings.fill(keys, &mut known.attributes);
            }
        }
        others
    }

    /// Takes over what changed: recipients and groups as they are now, and those that are gone, at
    /// the revision `at`. Tells of the groups whose members changed. What filters ask for beside
    /// the objects is found by [`DynamicGroups::update`] alone.
    pub fn change<'a>(
        &mut self,
        changed: impl IntoIterator<Item = &'a Object>,
        gone: &[ObjectId],
        at: Revision,
    ) -> Vec<MembersChange> {
        self.revision = self.revision.max(at);
        let at = self.revision;
        for id in gone {
            self.recipients.remove(id);
            self.groups.remove(id);
        }
        let changed: Vec<&Object> = changed.into_iter().collect();
        let mut refiltered = Vec::new();
        let mut asked = self.relist(&changed, gone);
        for object in changed {
            let Some(known) = Known::of(object, &self.around) else {
                continue;
            };
            asked.push(object.id);
            self.recipients.insert(object.id, known);
            let Some(criterion) = Criterion::of(object) else {
                self.groups.remove(&object.id);
                continue;
            };
            match self.groups.get_mut(&object.id) {
                Some(group) if group.criterion == criterion => {}
                Some(group) => {
                    group.criterion = criterion;
                    refiltered.push(object.id);
                }
                None => {
                    let group = Group {
                        criterion,
                        members: Vec::new(),
                        generation: object.revision,
                    };
                    self.groups.insert(object.id, group);
                    refiltered.push(object.id);
                }
            }
        }
        let mut told = Vec::new();
        for (id, group) in &mut self.groups {
            let (added, removed) = if refiltered.contains(id) {
                group.evaluate(&self.recipients)
            } else {
                let gone = gone.iter().map(|id| (*id, false));
                let asked = asked.iter().filter_map(|id| {
                    let known = self.recipients.get(id)?;
                    Some((*id, group.criterion.holds(known)))
                });
                let verdicts: Vec<_> = gone.chain(asked).collect();
                group.take_over(&verdicts)
            };
            if added + removed > 0 {
                group.generation = group.generation.max(at);
                told.push(MembersChange {
                    group: *id,
                    added,
                    removed,
                    members: group.members.len(),
                });
            }
        }
        told
    }

    /// True where there is no dynamic group.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The members of a dynamic group.
    pub fn members(&self, group: ObjectId) -> Option<DynamicMembers<'_>> {
        self.groups.get(&group).map(|group| DynamicMembers {
            members: &group.members,
            generation: group.generation,
        })
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        EmailAddress,
        kind::{
            CommonAttribute, DistributionGroup, DynamicDistributionGroup, Mailbox, MailboxType,
            PersonalAttribute,
        },
    };
    use proptest::prelude::*;

    use super::*;

    /// What an edit does to the recipient or the group of a number.
    #[derive(Debug, Clone)]
    enum Edit {
        Remove,
        Department(&'static str),
        Custom(&'static str),
        Unit(Option<&'static str>),
        /// Makes it a group that lists these.
        List(Vec<u64>),
        Kind(MailboxType),
        Filter(&'static str, Option<&'static str>),
    }

    const UNITS: [&str; 3] = ["example.org/A", "example.org/A/B", "example.org/AB"];
    const FILTERS: [&str; 9] = [
        "Department -eq 'Sales'",
        "RecipientType -eq 'UserMailbox' -and CustomAttribute1 -ne 'Ignore'",
        "RecipientType -eq 'DynamicDistributionGroup'",
        "Name -like 'n1*' -or Department -eq $null",
        "-not(Department -eq 'Sales')",
        "Alias -ne $null",
        "MemberOfGroup -eq 'n1@example.org' -or MemberOfGroup -eq 'n2'",
        "-not(MemberOfGroup -eq 'n3') -and RecipientType -eq 'UserMailbox'",
        "WhenChanged -gt '1970-01-01T00:00:20Z' -and WhenCreated -lt '1970-01-01T00:00:30Z'",
    ];

    fn edit() -> impl Strategy<Value = Edit> {
        let unit = || prop::option::of(prop::sample::select(UNITS.as_slice()));
        prop_oneof![
            Just(Edit::Remove),
            prop::sample::select(vec!["Sales", "Support", ""]).prop_map(Edit::Department),
            prop::sample::select(vec!["Ignore", "", "x"]).prop_map(Edit::Custom),
            unit().prop_map(Edit::Unit),
            prop::sample::select(vec![MailboxType::User, MailboxType::Monitoring])
                .prop_map(Edit::Kind),
            prop::collection::vec(1..24u64, 0..6).prop_map(Edit::List),
            (prop::sample::select(FILTERS.as_slice()), unit())
                .prop_map(|(filter, unit)| Edit::Filter(filter, unit)),
        ]
    }

    fn address(n: u64) -> EmailAddress {
        format!("n{n}@example.org").parse().unwrap()
    }

    fn apply(objects: &mut Vec<Object>, n: u64, edit: &Edit, revision: u64) {
        let at = objects.iter().position(|object| object.id == ObjectId(n));
        if matches!(edit, Edit::Remove) {
            if let Some(at) = at {
                objects.remove(at);
            }
            return;
        }
        let mut spec = match at.and_then(|at| objects.get(at)) {
            Some(object) => object.spec.clone(),
            None => Spec::from(Mailbox::new(address(n))),
        };
        match (edit, &mut spec) {
            (Edit::Filter(filter, container), _) => {
                let filter = filter.parse().unwrap();
                let mut group = DynamicDistributionGroup::new(address(n), filter);
                group.recipient_container = container.map(|unit| unit.parse().unwrap());
                spec = group.into();
            }
            (Edit::List(members), _) => {
                let members = members.iter().map(|n| address(*n)).collect();
                spec = DistributionGroup::new(address(n), members).into();
            }
            (Edit::Department(text), Spec::Mailbox(mailbox)) => {
                mailbox.personal.set(PersonalAttribute::Department, text);
            }
            (Edit::Custom(text), Spec::Mailbox(mailbox)) => {
                mailbox
                    .attributes
                    .set(CommonAttribute::CustomAttribute1, text);
            }
            (Edit::Unit(unit), Spec::Mailbox(mailbox)) => {
                mailbox.organizational_unit = unit.map(|unit| unit.parse().unwrap());
            }
            (Edit::Unit(unit), Spec::DynamicDistributionGroup(group)) => {
                group.organizational_unit = unit.map(|unit| unit.parse().unwrap());
            }
            (Edit::Kind(kind), Spec::Mailbox(mailbox)) => mailbox.mailbox_type = *kind,
            _ => {}
        }
        let object = Object {
            id: ObjectId(n),
            name: format!("n{n}"),
            revision: Revision(revision),
            spec,
        };
        match at.and_then(|at| objects.get_mut(at)) {
            Some(there) => *there = object,
            None => objects.push(object),
        }
    }

    /// Who belongs to the group, asked of everybody without anything kept.
    fn plainly(objects: &[Object], group: &Object, around: &Surroundings) -> Vec<ObjectId> {
        let criterion = Criterion::of(group).unwrap();
        let fits = |object: &&Object| criterion.fits(object, around);
        let fitting = objects.iter().filter(fits);
        let mut ids: Vec<ObjectId> = fitting.map(|object| object.id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn a_changed_listing_concerns_those_alone_whom_it_adds_or_takes_out() {
        let mut objects = Vec::new();
        for n in 1..=6 {
            apply(&mut objects, n, &Edit::Department("Sales"), n);
        }
        apply(&mut objects, 10, &Edit::List(vec![1, 2]), 10);
        let filter = Edit::Filter("MemberOfGroup -eq 'n10'", None);
        apply(&mut objects, 20, &filter, 20);
        let mut kept = DynamicGroups::default();
        kept.update(&objects, Revision(20), Times::default());
        apply(&mut objects, 10, &Edit::List(vec![2, 3]), 30);
        let listing = objects.iter().find(|object| object.id == ObjectId(10));
        let asked = kept.clone().relist(&[listing.unwrap()], &[]);
        assert_eq!(asked, [ObjectId(1), ObjectId(3)]);
        let told = kept.update(&objects, Revision(30), Times::default());
        assert_eq!((told[0].added, told[0].removed), (1, 1));
        let members = kept.members(ObjectId(20)).unwrap().members;
        assert_eq!(members, [ObjectId(2), ObjectId(3)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn what_is_kept_is_what_evaluating_everything_gives(
            edits in prop::collection::vec((1..24u64, edit(), any::<bool>()), 1..80),
        ) {
            let (mut objects, mut kept) = (Vec::new(), DynamicGroups::default());
            let mut times = Times::default();
            let mut before: HashMap<ObjectId, (Vec<ObjectId>, Revision)> = HashMap::new();
            for (revision, (n, edit, look)) in (1u64..).zip(edits) {
                apply(&mut objects, n, &edit, revision);
                times.note(ObjectId(n), revision * 1000);
                // Several changes may come at once.
                if !look {
                    continue;
                }
                let asked = if needs(&objects).times { times.clone() } else { Times::default() };
                let told = kept.update(&objects, Revision(revision), asked);
                for change in told {
                    let found = kept.members(change.group).unwrap();
                    let was = before.get(&change.group).map_or(0, |(members, _)| members.len());
                    prop_assert_eq!(found.members.len(), change.members);
                    prop_assert_eq!(was + change.added - change.removed, change.members);
                }
                let around = Surroundings {
                    listings: Listings::of(&objects),
                    times: times.clone(),
                };
                let mut now = HashMap::new();
                for group in objects.iter().filter(|o| Criterion::of(o).is_some()) {
                    let found = kept.members(group.id).unwrap();
                    prop_assert_eq!(found.members, plainly(&objects, group, &around));
                    if let Some((members, generation)) = before.get(&group.id) {
                        // The generation tells of every change, and of nothing else.
                        prop_assert_eq!(members == found.members, *generation == found.generation);
                    }
                    now.insert(group.id, (found.members.to_vec(), found.generation));
                }
                before = now;
            }
        }
    }
}
