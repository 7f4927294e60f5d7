//! What policies make of Mailward's own groups on a node, from one look to the next: who was put in, who
//! taken out, and who is as before. Pure, but for the file in which it is kept over a restart, so that
//! nothing is told twice.
//!
//! Never here: who may do what. That is decided by the objects as they are in force.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use mailward_api::view::{GroupStep, GroupTrouble};
use mailward_events::Event;
use mailward_host::replace::{Lasting, replace};
use mailward_model::{
    kind::AccountName,
    policy::{MemberChange, OwnGroup, PolicyResult},
};
use serde::{Deserialize, Serialize};

/// Octets of the file: every name of every group, with room.
const FILE_OCTETS_MAX: u64 = 8 << 20;

/// What a policy made of one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) change: MemberChange,
    pub(crate) policy: String,
    pub(crate) because: String,
}

/// What policies make of each group, by its name: whom they put in and whom they took out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnGroups(pub(crate) BTreeMap<String, BTreeMap<AccountName, Made>>);

impl OwnGroups {
    /// What policies make of the role groups, and the names there that cannot be told.
    pub(crate) fn of_roles(result: &PolicyResult) -> (OwnGroups, Vec<GroupTrouble>) {
        let (mut groups, mut troubles) = (OwnGroups::default(), Vec::new());
        for holding in &result.role_groups {
            let group = OwnGroup::Role(holding.role_group).name();
            let made = groups.0.entry(group.clone()).or_default();
            for step in &holding.steps {
                let one = Made {
                    change: step.change,
                    policy: step.policy.clone(),
                    because: step.because.clone(),
                };
                made.insert(step.member.clone(), one);
            }
            troubles.extend(holding.troubles.iter().map(|one| GroupTrouble {
                group: group.clone(),
                member: one.member.clone(),
                problem: one.problem.clone(),
            }));
        }
        groups.0.retain(|_, made| !made.is_empty());
        (groups, troubles)
    }

    /// What is otherwise in `now`. Of whom no policy speaks any more the step says what brings him
    /// back to what he was.
    pub(crate) fn steps(&self, now: &OwnGroups, result: &PolicyResult) -> Vec<GroupStep> {
        let nobody = BTreeMap::new();
        let names: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let mut steps = Vec::new();
        for group in names {
            let before = self.0.get(group).unwrap_or(&nobody);
            let after = now.0.get(group).unwrap_or(&nobody);
            let members: BTreeSet<&AccountName> = before.keys().chain(after.keys()).collect();
            for member in members {
                let (change, policy, because) = match (before.get(member), after.get(member)) {
                    (Some(was), Some(is)) if was.change == is.change => continue,
                    (_, Some(is)) => (is.change, is.policy.clone(), is.because.clone()),
                    (Some(was), None) => {
                        let (policy, because) = undone(was.change, group, result);
                        (opposite(was.change), policy, because)
                    }
                    (None, None) => continue,
                };
                steps.push(GroupStep {
                    group: group.clone(),
                    member: member.to_string(),
                    change,
                    policy,
                    because,
                });
            }
        }
        steps
    }
}

fn opposite(change: MemberChange) -> MemberChange {
    match change {
        MemberChange::Add => MemberChange::Remove,
        MemberChange::Remove => MemberChange::Add,
    }
}

/// By whom, and why, what was made of somebody is made no more.
fn undone(was: MemberChange, group: &str, result: &PolicyResult) -> (String, String) {
    let holding = result.groups.iter().find(|one| one.group.as_str() == group);
    match holding {
        // He was put in by another policy, and this one names others.
        Some(holding) if holding.members.is_some() && was == MemberChange::Add => (
            holding.from.clone(),
            "it is none of the exact members".to_owned(),
        ),
        _ => (
            String::new(),
            "no policy speaks of it any more, and it is as before".to_owned(),
        ),
    }
}

/// The events of steps that were made.
pub(crate) fn events(steps: &[GroupStep]) -> Vec<Event> {
    let mut events = Vec::with_capacity(steps.len());
    let mut restored: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for step in steps {
        let sign = match step.change {
            MemberChange::Add => '+',
            MemberChange::Remove => '-',
        };
        if step.policy.is_empty() {
            let members = restored.entry(&step.group).or_default();
            members.push(format!("{sign}{}", step.member));
        }
        events.push(Event::group_member(
            step.change,
            step.group.clone(),
            step.member.clone(),
            &step.policy,
            step.because.clone(),
        ));
    }
    events.extend(
        restored
            .into_iter()
            .map(|(group, members)| Event::GroupRestored {
                group: group.to_owned(),
                members: members.into(),
            }),
    );
    events
}

/// The file of what was told.
#[derive(Debug, Clone)]
pub(crate) struct Kept(pub(crate) PathBuf);

impl Kept {
    /// What was told before this process; `None` where nothing is known of it.
    pub(crate) fn load(&self) -> Option<OwnGroups> {
        let length = fs::metadata(&self.0).ok()?.len();
        if length > FILE_OCTETS_MAX {
            return None;
        }
        // A damaged file is none: then the first look tells nothing, and the next one does.
        serde_json::from_slice(&fs::read(&self.0).ok()?).ok()
    }

    /// Keeps what was told.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, groups: &OwnGroups) -> io::Result<()> {
        let text = serde_json::to_vec(groups).map_err(io::Error::other)?;
        replace(&self.0, &text, Lasting::Kill)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::{
        Object, ObjectId, Revision, Spec,
        kind::{Administrator, Policy, RoleGroup},
        policy::in_force,
    };

    use super::*;

    fn object(name: &str, spec: impl Into<Spec>) -> Object {
        Object {
            id: ObjectId(1),
            name: name.to_owned(),
            revision: Revision(1),
            spec: spec.into(),
        }
    }

    fn with(groups: Option<&str>) -> PolicyResult {
        let person = |name: &str, role_groups: Vec<RoleGroup>| {
            object(
                name,
                Administrator {
                    role_groups,
                    ..Administrator::default()
                },
            )
        };
        let mut objects = vec![
            person("anna", vec![RoleGroup::ServerManagement]),
            person("bo", Vec::new()),
            person("cy", Vec::new()),
        ];
        if let Some(groups) = groups {
            let text = format!(r#"{{"restricted_groups":{groups}}}"#);
            objects.push(object("P", serde_json::from_str::<Policy>(&text).unwrap()));
        }
        in_force(objects, &"a.example".parse().unwrap()).result
    }

    /// The steps from one result to the next, as `-anna P`, and the events they make.
    fn told(before: &PolicyResult, now: &PolicyResult) -> (Vec<String>, usize) {
        let (was, _) = OwnGroups::of_roles(before);
        let (is, _) = OwnGroups::of_roles(now);
        let steps = was.steps(&is, now);
        let shown = steps.iter().map(|step| {
            let sign = match step.change {
                MemberChange::Add => '+',
                MemberChange::Remove => '-',
            };
            format!("{sign}{} {}", step.member, step.policy)
        });
        let shown = shown.collect();
        (shown, events(&steps).len())
    }

    #[test]
    fn each_change_is_told_once_and_what_is_taken_back_as_such() {
        let exact = |names: &str| {
            let groups =
                format!(r#"[{{"group":"mailward\\server_management","members":{names}}}]"#);
            with(Some(&groups))
        };
        let (none, bo, cy) = (with(None), exact(r#"["bo"]"#), exact(r#"["cy"]"#));
        assert_eq!(told(&none, &bo).0, ["-anna P", "+bo P"]);
        assert_eq!(told(&bo, &bo).0, [""; 0]);
        assert_eq!(told(&bo, &cy).0, ["-bo P", "+cy P"]);
        let (back, events) = told(&cy, &none);
        assert_eq!(back, ["+anna ", "-cy "]);
        assert_eq!(events, 3, "one for each, and one that it is as before");
    }

    #[test]
    fn what_was_told_is_known_to_the_next_process() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept(dir.path().join("own-groups.json"));
        assert_eq!(kept.load(), None);
        let exact = r#"[{"group":"mailward\\server_management","members":[]}]"#;
        let (groups, _) = OwnGroups::of_roles(&with(Some(exact)));
        kept.save(&groups).unwrap();
        assert_eq!(kept.load(), Some(groups));
        fs::write(kept.path(), "{").unwrap();
        assert_eq!(kept.load(), None);
    }
}
