//! Mailward's own role groups as they hold on a node: who administers, with what policies say of it laid
//! over what the objects say.
//!
//! The rules are those of the host's groups ([`membership`](super::membership)); the members are
//! administrators, by name, and nodes, by name and a dollar sign as machines' accounts have it. Nothing
//! is remembered: what stood before a policy stands in the objects.
//!
//! Invariant: an exact list whose names are not all clear takes nobody out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    GroupHolding, MemberChange,
    account::{Candidate, Group, Unclear, resolve},
    groups::{OwnGroup, own},
    membership::{Meant, Wish, plan},
};
use crate::{
    Object, Spec,
    kind::{AccountName, RoleGroup},
};

/// A change of a group's members, as policies make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MemberStep {
    /// Who.
    pub member: AccountName,
    /// Put in, or taken out.
    pub change: MemberChange,
    /// The policy that says so.
    pub policy: String,
    /// Why, as a sentence without a full stop.
    pub because: String,
}

/// A name that cannot be told, or a member that cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MemberTrouble {
    /// The name.
    pub member: String,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

/// A role group that policies speak of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoleGroupHolding {
    /// Which.
    pub role_group: RoleGroup,
    /// Who belongs to it on the node.
    pub members: Vec<AccountName>,
    /// What is otherwise than the objects say.
    pub steps: Vec<MemberStep>,
    /// Names that cannot be told.
    pub troubles: Vec<MemberTrouble>,
}

/// Somebody who has role groups.
struct Holder {
    /// The name policies know him by; none where it is no name that a policy can say.
    name: Option<AccountName>,
    candidate: Option<Candidate>,
    role_groups: Vec<RoleGroup>,
}

impl Holder {
    fn of(object: &Object) -> Option<Holder> {
        let (what, text, role_groups) = match &object.spec {
            Spec::Administrator(spec) => ("administrator", object.name.clone(), &spec.role_groups),
            Spec::Node(spec) => ("node", format!("{}$", object.name), &spec.role_groups),
            _ => return None,
        };
        let name: Option<AccountName> = text.parse().ok();
        let name = name.filter(|name| name.as_str() == text && name.sid().is_none());
        Some(Holder {
            candidate: name.clone().map(|name| Candidate::object(what, name)),
            name,
            role_groups: role_groups.clone(),
        })
    }
}

/// Whether a name that a policy writes may mean this holder.
fn fits(written: &AccountName, holder: &AccountName) -> bool {
    let (written, holder) = (written.local().unwrap_or(written.as_str()), holder.as_str());
    if holder.eq_ignore_ascii_case(written) {
        return true;
    }
    let Some((user, domain)) = holder.split_once('@') else {
        return false;
    };
    match written.split_once('\\') {
        // DOMAIN\anna is anna@DOMAIN, or anna of the domain that begins so.
        Some((short, name)) => {
            let label = domain.split('.').next().unwrap_or_default();
            let same = [domain, label]
                .iter()
                .any(|of| of.eq_ignore_ascii_case(short));
            same && name.eq_ignore_ascii_case(user)
        }
        None => user.eq_ignore_ascii_case(written),
    }
}

/// Role groups while they are worked out: one may be a member of another.
struct Laying<'a> {
    said: BTreeMap<RoleGroup, &'a GroupHolding>,
    holders: &'a [Holder],
    spared: AccountName,
    done: BTreeMap<RoleGroup, RoleGroupHolding>,
    /// Groups that are being worked out.
    under: Vec<RoleGroup>,
}

impl Laying<'_> {
    /// Who belongs to a group by the objects.
    fn stored(&self, group: RoleGroup) -> BTreeSet<AccountName> {
        let of = |one: &&Holder| one.role_groups.contains(&group);
        let names = self.holders.iter().filter(of);
        names.filter_map(|one| one.name.clone()).collect()
    }

    /// Who belongs to a group.
    fn members(&mut self, group: RoleGroup) -> Result<BTreeSet<AccountName>, Unclear> {
        if self.under.contains(&group) {
            return Err(Unclear::Circle);
        }
        self.work_out(group);
        Ok(match self.done.get(&group) {
            Some(done) => done.members.iter().cloned().collect(),
            None => self.stored(group),
        })
    }

    fn work_out(&mut self, group: RoleGroup) {
        let Some(holding) = self.said.get(&group).copied() else {
            return;
        };
        if self.done.contains_key(&group) {
            return;
        }
        self.under.push(group);
        let exact = holding.members.as_ref().map(|members| {
            let meant = members.iter().map(|name| self.meant(name)).collect();
            (holding.from.clone(), meant)
        });
        let changes = holding.changes.iter();
        let changes = changes.map(|one| (one.from.clone(), one.change, self.meant(&one.member)));
        let wish = Wish {
            exact,
            changes: changes.collect(),
        };
        self.under.pop();
        let stored = Group::own(holding.group.clone(), self.stored(group));
        let planned = plan(Some(&wish), &stored, &BTreeSet::new(), None, &self.spared);
        let mut members = stored.members;
        let mut steps = Vec::with_capacity(planned.steps.len());
        for step in planned.steps {
            match step.change {
                MemberChange::Add => members.insert(step.member.clone()),
                MemberChange::Remove => members.remove(&step.member),
            };
            steps.push(MemberStep {
                member: step.member,
                change: step.change,
                policy: step.policy,
                because: step.because.to_owned(),
            });
        }
        let trouble = |(member, problem)| MemberTrouble { member, problem };
        let done = RoleGroupHolding {
            role_group: group,
            members: members.into_iter().collect(),
            steps,
            troubles: planned.troubles.into_iter().map(trouble).collect(),
        };
        self.done.insert(group, done);
    }

    fn meant(&mut self, name: &AccountName) -> Meant {
        let mut candidates: Vec<Candidate> = Vec::new();
        for holder in self.holders {
            if holder.name.as_ref().is_some_and(|known| fits(name, known)) {
                candidates.extend(holder.candidate.clone());
            }
        }
        let nested = match own(name) {
            Some(OwnGroup::Role(group)) => match self.members(group) {
                Ok(members) => Some(Candidate::own_group(name.as_str(), members)),
                Err(unclear) => {
                    return Meant {
                        name: name.clone(),
                        accounts: Err(unclear),
                    };
                }
            },
            Some(OwnGroup::Administrators) | None => None,
        };
        candidates.extend(nested);
        candidates.sort_by_key(|one| !one.is_own);
        Meant {
            name: name.clone(),
            accounts: match resolve(name, &candidates) {
                Ok(one) => Ok(one.accounts.clone()),
                Err(Unclear::Nobody) => Err(Unclear::NoAdministrator),
                Err(other) => Err(other),
            },
        }
    }
}

/// Puts what policies say of role groups into administrators and nodes.
pub(super) fn lay_over(
    groups: &[GroupHolding],
    break_glass: &AccountName,
    objects: &mut [Object],
) -> Vec<RoleGroupHolding> {
    let said = groups.iter().filter_map(|one| match own(&one.group)? {
        OwnGroup::Role(group) => Some((group, one)),
        OwnGroup::Administrators => None,
    });
    let said: BTreeMap<RoleGroup, &GroupHolding> = said.collect();
    if said.is_empty() {
        return Vec::new();
    }
    let holders: Vec<Holder> = objects.iter().filter_map(Holder::of).collect();
    // Named as the object is: names are compared without regard to case.
    let spared = holders.iter().filter_map(|one| one.name.as_ref());
    let spared = spared
        .filter(|name| fits(break_glass, name))
        .min_by_key(|name| name.as_str().len())
        .unwrap_or(break_glass)
        .clone();
    let mut laying = Laying {
        said,
        holders: &holders,
        spared,
        done: BTreeMap::new(),
        under: Vec::new(),
    };
    for group in RoleGroup::ALL {
        laying.work_out(group);
    }
    let mut done = laying.done;
    let exact: Vec<RoleGroup> = done
        .values()
        .filter(|one| is_exact(one, groups))
        .map(|one| one.role_group)
        .collect();
    for object in objects {
        let Some(holder) = Holder::of(object) else {
            continue;
        };
        let role_groups = match &mut object.spec {
            Spec::Administrator(spec) => &mut spec.role_groups,
            Spec::Node(spec) => &mut spec.role_groups,
            _ => continue,
        };
        for (group, holding) in &mut done {
            let is_in = match &holder.name {
                Some(name) => holding.members.contains(name),
                None => role_groups.contains(group) && !exact.contains(group),
            };
            match (role_groups.contains(group), is_in) {
                (true, false) => role_groups.retain(|one| one != group),
                (false, true) => role_groups.push(*group),
                (true, true) | (false, false) => continue,
            }
            if holder.name.is_none() {
                holding.troubles.push(MemberTrouble {
                    member: object.name.clone(),
                    problem: "its name is none that a policy can say, so that it is out of the \
                              group while the exact members are said; give it another"
                        .to_owned(),
                });
            }
        }
    }
    done.into_values().collect()
}

/// Whether the exact members of a group are said, and all are clear.
fn is_exact(holding: &RoleGroupHolding, groups: &[GroupHolding]) -> bool {
    let of = |one: &&GroupHolding| own(&one.group) == Some(OwnGroup::Role(holding.role_group));
    holding.troubles.is_empty()
        && groups
            .iter()
            .find(of)
            .is_some_and(|one| one.members.is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        Domain, ObjectId, Revision,
        kind::{Administrator, Node, Policy},
        policy::{InForce, in_force},
    };

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(1),
            name: name.to_owned(),
            revision: Revision(1),
            spec: spec.into(),
        }
    }

    fn person(name: &str, role_groups: &[RoleGroup]) -> Object {
        object(
            name,
            Administrator {
                role_groups: role_groups.to_vec(),
                ..Administrator::default()
            },
        )
    }

    use RoleGroup::{
        OrganizationManagement as All, RecipientManagement as Recipients,
        ServerManagement as Servers, ViewOnlyOrganizationManagement as Views,
    };

    fn ground() -> Vec<Object> {
        let machine = Node {
            role_groups: vec![All],
            ..Node::default()
        };
        vec![
            person("anna", &[All]),
            person("bo", &[Servers, Recipients]),
            person("cy@corp.example", &[Views]),
            person("root", &[All]),
            object("mx1.example", machine),
        ]
    }

    fn with(mut objects: Vec<Object>, policies: &[serde_json::Value]) -> InForce {
        for (at, groups) in policies.iter().enumerate() {
            let policy = json!({ "restricted_groups": groups });
            let policy: Policy = serde_json::from_value(policy).unwrap();
            objects.push(object(&format!("P{at}"), policy));
        }
        in_force(objects, &"a.example".parse::<Domain>().unwrap())
    }

    /// Who is in a role group by the objects in force.
    fn members(found: &InForce, group: RoleGroup) -> Vec<String> {
        let holders = found.objects.iter().filter(|object| match &object.spec {
            Spec::Administrator(spec) => spec.role_groups.contains(&group),
            Spec::Node(spec) => spec.role_groups.contains(&group),
            _ => false,
        });
        holders.map(|object| object.name.clone()).collect()
    }

    fn troubles(found: &InForce) -> Vec<String> {
        let all = found.result.role_groups.iter();
        let all = all.flat_map(|one| one.troubles.iter());
        all.map(|one| format!("{}: {}", one.member, one.problem))
            .collect()
    }

    #[test]
    fn exact_members_take_everybody_else_out_machines_too_but_the_break_glass_administrator() {
        let exact = json!([{ "group": r"mailward\organization_management", "members": ["bo"] }]);
        let found = with(ground(), &[exact]);
        assert_eq!(members(&found, All), ["bo", "root"]);
        // What is not spoken of stays.
        assert_eq!(members(&found, Servers), ["bo"]);
        let holding = &found.result.role_groups[0];
        let told: Vec<String> = holding
            .steps
            .iter()
            .map(|one| format!("{:?} {} {}", one.change, one.member, one.policy))
            .collect();
        assert_eq!(
            told,
            ["Remove anna P0", "Add bo P0", "Remove mx1.example$ P0"]
        );
        // Names of groups are written as Exchange does, too; a machine is named as machines are.
        let exact =
            json!([{ "group": r"Mailward\Organization Management", "members": ["MX1.example$"] }]);
        let found = with(ground(), &[exact]);
        assert_eq!(members(&found, All), ["root", "mx1.example"]);
        assert_eq!(
            members(&with(ground(), &[]), All),
            ["anna", "root", "mx1.example"]
        );
    }

    #[test]
    fn single_members_and_groups_in_groups_add_up() {
        let groups = json!([
            { "group": r"mailward\server_management", "add": [r"CORP\cy"], "remove": ["bo"] },
            { "group": "anna", "member_of": [r"mailward\recipient_management"] },
            { "group": r"mailward\server_management", "member_of": [r"mailward\view_only_organization_management"] },
        ]);
        let found = with(ground(), &[groups]);
        assert_eq!(troubles(&found), [""; 0]);
        assert_eq!(members(&found, Servers), ["cy@corp.example"]);
        assert_eq!(members(&found, Recipients), ["anna", "bo"]);
        assert_eq!(members(&found, Views), ["cy@corp.example"]);
        let circle = json!([
            { "group": r"mailward\server_management", "members": [r"mailward\recipient_management"] },
            { "group": r"mailward\recipient_management", "members": [r"mailward\server_management"] },
        ]);
        let found = with(ground(), &[circle]);
        assert!(troubles(&found)[0].contains("of each other"), "{found:?}");
        assert_eq!(members(&found, Servers), ["bo"]);
    }

    #[test]
    fn a_name_is_of_here_first_then_of_the_domain_and_nobody_where_it_is_two() {
        let exact = |name: &str| json!([{ "group": r"mailward\organization_management", "members": [name] }]);
        let found = with(ground(), &[exact("cy")]);
        assert_eq!(members(&found, All), ["cy@corp.example", "root"]);
        let mut two = ground();
        two.push(person("cy", &[]));
        let found = with(two.clone(), &[exact("cy")]);
        let told = troubles(&found);
        assert!(
            told[0].contains("administrator cy, and administrator cy@corp.example"),
            "{told:?}"
        );
        // Nobody is taken out meanwhile.
        assert_eq!(members(&found, All), ["anna", "root", "mx1.example"]);
        assert_eq!(
            members(&with(two.clone(), &[exact(r".\cy")]), All),
            ["root", "cy"]
        );
        for domain in [r"CORP\cy", r"corp.example\CY", "cy@CORP.example"] {
            let found = with(two.clone(), &[exact(domain)]);
            assert_eq!(
                members(&found, All),
                ["cy@corp.example", "root"],
                "{domain}"
            );
        }
        let found = with(ground(), &[exact("nobody")]);
        assert!(troubles(&found)[0].contains("no administrator has this name"));
        assert_eq!(members(&found, All), ["anna", "root", "mx1.example"]);
        // A name that no policy can say gives nothing while the exact members are said.
        let mut strange = ground();
        strange.push(person("a+b", &[All]));
        let found = with(strange.clone(), &[exact("anna")]);
        assert_eq!(members(&found, All), ["anna", "root"]);
        assert!(troubles(&found)[0].starts_with("a+b: "), "{found:?}");
        let add = json!([{ "group": r"mailward\organization_management", "add": ["bo"] }]);
        assert!(members(&with(strange, &[add]), All).contains(&"a+b".to_owned()));
    }

    fn some_names() -> impl Strategy<Value = Vec<&'static str>> {
        let names = ["anna", "bo", "root", "cy", "mx1.example$", "nobody"];
        prop::sample::subsequence(names.to_vec(), 0..4)
    }

    proptest! {
        #[test]
        fn the_break_glass_administrator_stays_and_nobody_is_touched_who_is_not_named(
            exact in prop::option::of(some_names()), add in some_names(), remove in some_names()
        ) {
            let mut groups = vec![json!({ "group": r"mailward\server_management",
                "add": add, "remove": remove.iter().filter(|one| !add.contains(one)).collect::<Vec<_>>() })];
            if let Some(names) = &exact {
                groups.push(json!({ "group": r"mailward\organization_management", "members": names }));
            }
            let found = with(ground(), &[json!(groups)]);
            prop_assert!(members(&found, All).contains(&"root".to_owned()));
            prop_assert_eq!(members(&found, Recipients), ["bo"]);
            prop_assert_eq!(members(&found, Views), ["cy@corp.example"]);
            if let Some(names) = exact {
                let unclear = names.contains(&"nobody");
                let anna = members(&found, All).contains(&"anna".to_owned());
                prop_assert_eq!(anna, unclear || names.contains(&"anna"));
            }
            let before = with(ground(), &[]);
            prop_assert_eq!(members(&before, All), ["anna", "root", "mx1.example"]);
        }
    }
}
