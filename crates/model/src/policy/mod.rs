//! What policies come to on one node: which hold, from which object, and what lost, with the reason.
//!
//! [`in_force`] is pure: objects and a node's name in, the objects as they hold there and the
//! [`PolicyResult`] out. Whoever works by objects works by what comes out of it; nothing is written
//! anywhere, so a policy that is taken away leaves nothing behind.
//!
//! Never here: what a group of the host has in it (`mailward-enforce` asks the host), and the order
//! in which objects were given: it makes no difference.
//!
//! Invariant: a policy whose scope does not reach a node changes nothing of what holds there.

pub mod account;
pub mod gpt_tmpl;
mod groups;
pub mod membership;
mod objects;
mod refresh;
mod role_groups;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use groups::{ADMINISTRATORS, OwnGroup, is_below_own, own};
pub use refresh::{AGAIN_AFTER, Look, PolicyPart, PolicyRefresh, Timetable};
pub use role_groups::{MemberStep, MemberTrouble, RoleGroupHolding};

use crate::{
    Domain, Kind, Object, Spec,
    kind::{AccountName, Policy, PolicyScope, PolicySettings, Site},
    object::SpecOf,
};

/// What is written where the objects themselves said it.
pub const OBJECTS: &str = "the objects";

/// A policy, and whether it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Considered {
    /// Its name.
    pub policy: String,
    /// Where it holds.
    pub scope: PolicyScope,
    /// When, within its scope.
    pub order: u32,
    /// Whether it is applied on the node.
    pub applied: bool,
    /// Why, as a sentence without a full stop.
    pub reason: String,
}

/// To what something lost that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// To a policy that is applied later.
    Later,
    /// To exact members or ranges: they beat single ones.
    Exact,
    /// To a policy; it is what the objects say.
    Policy,
    /// To the rule that the break-glass administrator is never removed.
    Spared,
    /// To nobody: with what stands beside it, it would not be sound.
    Unsound,
    /// To nobody: what it is about is not there.
    Absent,
}

impl Loss {
    /// True where nothing that was said of it holds, so that whoever said it has to hear.
    pub fn is_refusal(self) -> bool {
        matches!(self, Loss::Unsound | Loss::Absent)
    }
}

/// What somebody said that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Lost {
    /// Who said it: a policy, or `the objects`.
    pub from: String,
    /// What.
    pub value: Value,
    /// To what it lost.
    pub loss: Loss,
    /// Why it does not hold, as a sentence without a full stop.
    pub reason: String,
}

/// One thing that policies say, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Holding {
    /// What: `transport_settings.message_expiration`.
    pub item: String,
    /// What holds; null where nothing that was said does.
    pub value: Value,
    /// The policy that says so, or `the objects`.
    pub from: String,
    /// What lost, the last one applied first.
    pub lost: Vec<Lost>,
}

/// Whether somebody is put into a group, or taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// Put in.
    Add,
    /// Taken out.
    Remove,
}

/// One member that policies speak of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MemberHolding {
    /// Who.
    pub member: AccountName,
    /// Put in, or taken out.
    pub change: MemberChange,
    /// The policy that says so.
    pub from: String,
}

/// A group that policies speak of, of the host or of Mailward itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct GroupHolding {
    /// The group.
    pub group: AccountName,
    /// Its members and no others; unset where no policy says so.
    pub members: Option<Vec<AccountName>>,
    /// The policy that says so; empty where none does.
    pub from: String,
    /// Single members, in the order in which they are applied; none where `members` is set.
    pub changes: Vec<MemberHolding>,
    /// What lost.
    pub lost: Vec<Lost>,
}

impl GroupHolding {
    /// Everybody whom it names: its members, then those of single changes.
    pub fn names(&self) -> impl Iterator<Item = &AccountName> {
        let members = self.members.iter().flatten();
        members.chain(self.changes.iter().map(|one| &one.member))
    }
}

/// What holds on a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyResult {
    /// The node.
    pub node: Domain,
    /// Its site; unset where it is in none.
    pub site: Option<String>,
    /// Every policy, in the order in which they are applied.
    pub policies: Vec<Considered>,
    /// Settings, by name.
    pub settings: Vec<Holding>,
    /// Groups of the host and of Mailward itself, by name.
    pub groups: Vec<GroupHolding>,
    /// Who belongs to the role groups that policies speak of.
    #[serde(default)]
    pub role_groups: Vec<RoleGroupHolding>,
    /// Certificates that are refused.
    pub untrusted: Vec<Holding>,
    /// Whom receive connectors take.
    pub ranges: Vec<Holding>,
    /// The account that is never taken out of a group.
    pub break_glass_administrator: AccountName,
}

impl PolicyResult {
    /// Who may administer Mailward besides root and its own user. Names are those of accounts of the
    /// host; whom a policy takes out is not among them.
    pub fn administrators(&self) -> Vec<AccountName> {
        let Some(group) = self.own_group(OwnGroup::Administrators) else {
            return Vec::new();
        };
        let mut names = group.members.clone().unwrap_or_default();
        for one in &group.changes {
            names.retain(|name| *name != one.member);
            if one.change == MemberChange::Add {
                names.push(one.member.clone());
            }
        }
        names
    }

    /// The groups that are the host's, without those of Mailward itself.
    pub fn host_groups(&self) -> impl Iterator<Item = &GroupHolding> {
        let groups = self.groups.iter();
        groups.filter(|one| own(&one.group).is_none())
    }

    /// What is said of a group of Mailward itself.
    pub fn own_group(&self, which: OwnGroup) -> Option<&GroupHolding> {
        let mut groups = self.groups.iter();
        groups.find(|one| own(&one.group) == Some(which))
    }
}

/// The objects as they hold on a node, and how that came about.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The objects, with what policies say in them.
    pub objects: Vec<Object>,
    /// What holds, from whom, and what lost.
    pub result: PolicyResult,
}

/// A policy that is applied.
struct Applied<'a> {
    name: &'a str,
    object: &'a Object,
    policy: &'a Policy,
}

/// Kinds of objects that decide what holds of these kinds: of them all must be given to [`in_force`],
/// besides those that the caller wants to know.
pub fn deciding(kinds: &[Kind]) -> Vec<Kind> {
    /// Who has role groups: whether a name is clear is seen among all.
    const HOLDERS: [Kind; 2] = [Kind::Administrator, Kind::Node];
    let mut deciding = vec![Kind::Policy, Kind::Site, Kind::PolicySettings];
    if kinds.iter().any(|kind| HOLDERS.contains(kind)) {
        deciding.extend(HOLDERS);
    }
    deciding.retain(|kind| !kinds.contains(kind));
    deciding
}

/// What holds on a node.
pub fn in_force(mut objects: Vec<Object>, node: &Domain) -> InForce {
    let given = objects.clone();
    let settings = given.iter().find_map(|one| PolicySettings::of(&one.spec));
    let site = site_of(&given, node);
    let (applied, policies) = considered(&given, node, site.as_deref());
    let mut result = PolicyResult {
        node: node.clone(),
        site,
        policies,
        settings: Vec::new(),
        groups: Vec::new(),
        role_groups: Vec::new(),
        untrusted: Vec::new(),
        ranges: Vec::new(),
        break_glass_administrator: settings.map_or_else(AccountName::root, |one| {
            one.break_glass_administrator.clone()
        }),
    };
    if !applied.is_empty() {
        result.settings = objects::settings(&applied, &mut objects);
        result.ranges = objects::ranges(&applied, &mut objects);
        result.untrusted = objects::untrusted(&applied, &mut objects);
        let spared = &result.break_glass_administrator;
        result.groups = groups::merge(&applied, spared);
        result.role_groups = role_groups::lay_over(&result.groups, spared, &mut objects);
    }
    InForce { objects, result }
}

/// Enables a policy, or disables it where it is enabled; false where there is none of this name.
pub fn toggle(objects: &mut [Object], name: &str) -> bool {
    for object in objects {
        if let Spec::Policy(policy) = &mut object.spec
            && object.name.eq_ignore_ascii_case(name)
        {
            policy.enabled = !policy.enabled;
            return true;
        }
    }
    false
}

/// The site of a node. Where several name it the first by name: the store keeps that from happening.
fn site_of(objects: &[Object], node: &Domain) -> Option<String> {
    let sites = objects.iter().filter_map(|object| {
        let site = Site::of(&object.spec)?;
        site.nodes.contains(node).then_some(&object.name)
    });
    sites.min_by_key(|name| folded(name)).cloned()
}

/// The policies that are applied, in their order, and what is said of every one.
fn considered<'a>(
    objects: &'a [Object],
    node: &Domain,
    site: Option<&str>,
) -> (Vec<Applied<'a>>, Vec<Considered>) {
    let mut all: Vec<Applied<'a>> = objects
        .iter()
        .filter_map(|object| {
            Policy::of(&object.spec).map(|policy| Applied {
                name: &object.name,
                object,
                policy,
            })
        })
        .collect();
    all.sort_by_cached_key(|one| {
        let policy = one.policy;
        (
            policy.scope.rank(),
            policy.order,
            folded(one.name),
            one.object.id,
        )
    });
    let told: Vec<Considered> = all
        .iter()
        .map(|one| {
            let (applied, reason) = reaches(one.policy, node, site);
            Considered {
                policy: one.name.to_owned(),
                scope: one.policy.scope.clone(),
                order: one.policy.order,
                applied,
                reason,
            }
        })
        .collect();
    let mut flags = told.iter().map(|one| one.applied);
    all.retain(|_| flags.next().unwrap_or(false));
    (all, told)
}

/// Whether a policy is applied on a node, and why.
fn reaches(policy: &Policy, node: &Domain, site: Option<&str>) -> (bool, String) {
    if !policy.enabled {
        return (false, "it is not enabled".to_owned());
    }
    match (&policy.scope, site) {
        (PolicyScope::All, _) => (true, "it is for all nodes".to_owned()),
        (PolicyScope::Node(name), _) if name == node => (true, "it is for this node".to_owned()),
        (PolicyScope::Node(name), _) => (false, format!("it is for {name} alone")),
        (PolicyScope::Site(name), Some(site)) if name.eq_ignore_ascii_case(site) => {
            (true, format!("the node is in site {site}"))
        }
        (PolicyScope::Site(name), Some(site)) => (
            false,
            format!("it is for site {name}, and the node is in {site}"),
        ),
        (PolicyScope::Site(name), None) => (
            false,
            format!("it is for site {name}, and the node is in none"),
        ),
    }
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A claim of a policy.
struct Claim<'a> {
    from: &'a str,
    value: Value,
}

/// Of several claims about one thing, in the order in which they are applied, the last holds.
fn last_wins(item: String, claims: Vec<Claim<'_>>, base: Option<Value>) -> Holding {
    let mut claims: Vec<Claim<'_>> = claims;
    let winner = claims.pop();
    let mut lost: Vec<Lost> = Vec::new();
    if let Some(winner) = &winner {
        lost.extend(claims.into_iter().rev().map(|claim| Lost {
            from: claim.from.to_owned(),
            loss: Loss::Later,
            reason: match claim.value == winner.value {
                true => format!("{} says the same and is applied later", winner.from),
                false => format!("{} is applied later", winner.from),
            },
            value: claim.value,
        }));
        lost.extend(base.clone().map(|value| Lost {
            from: OBJECTS.to_owned(),
            value,
            loss: Loss::Policy,
            reason: "a policy says it".to_owned(),
        }));
    }
    Holding {
        item,
        value: winner
            .as_ref()
            .map_or(base.unwrap_or(Value::Null), |winner| winner.value.clone()),
        from: winner.map_or(OBJECTS, |winner| winner.from).to_owned(),
        lost,
    }
}
