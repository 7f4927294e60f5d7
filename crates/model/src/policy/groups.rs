//! Restricted groups of several policies, made one: of exact members the last applied holds, single
//! members add up, and exact beats single.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Applied, GroupHolding, Loss, Lost, MemberChange, MemberHolding};
use crate::kind::{AccountName, RoleGroup};

/// The group of those who may administer Mailward.
pub const ADMINISTRATORS: &str = r"mailward\administrators";
/// What stands before the backslash of a group of Mailward's own.
const OWN: &str = "mailward";

/// A group of Mailward's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnGroup {
    /// Who may administer on the node itself.
    Administrators,
    /// Who has the rights of a role group, from other nodes.
    Role(RoleGroup),
}

impl OwnGroup {
    /// The name that policies know it by: `mailward\administrators`.
    pub fn name(self) -> String {
        match self {
            OwnGroup::Administrators => ADMINISTRATORS.to_owned(),
            OwnGroup::Role(group) => format!("{OWN}\\{group}"),
        }
    }

    /// Every one.
    pub fn all() -> impl Iterator<Item = OwnGroup> {
        let roles = RoleGroup::ALL.into_iter().map(OwnGroup::Role);
        std::iter::once(OwnGroup::Administrators).chain(roles)
    }
}

/// The group of Mailward's own that this name is; blanks, hyphens and case make no difference, so that
/// `mailward\Organization Management` is one.
pub fn own(group: &AccountName) -> Option<OwnGroup> {
    let squeezed = |text: &str| text.replace([' ', '-', '_'], "").to_ascii_lowercase();
    is_below_own(group).then_some(())?;
    OwnGroup::all().find(|one| squeezed(&one.name()) == squeezed(group.as_str()))
}

/// Whether a name says that it is of Mailward's own, known or not.
pub fn is_below_own(group: &AccountName) -> bool {
    let domain = group.as_str().split_once('\\').map(|(domain, _)| domain);
    domain.is_some_and(|domain| domain.eq_ignore_ascii_case(OWN))
}

/// What is said of a group, in the order in which it is applied.
#[derive(Default)]
struct Said<'a> {
    exact: Vec<(&'a str, &'a [AccountName])>,
    single: Vec<Single<'a>>,
}

/// One member of a group, as a policy says it.
struct Single<'a> {
    from: &'a str,
    member: &'a AccountName,
    change: MemberChange,
    by_member_of: bool,
}

impl Single<'_> {
    fn lost(&self, loss: Loss, reason: String) -> Lost {
        let (member, word) = (
            self.member.as_str(),
            match (self.change, self.by_member_of) {
                (MemberChange::Add, true) => "member_of",
                (MemberChange::Add, false) => "add",
                (MemberChange::Remove, _) => "remove",
            },
        );
        Lost {
            from: self.from.to_owned(),
            value: json!({ word: member }),
            loss,
            reason,
        }
    }
}

/// One name for a group of the host, whether it says that it is the host's or not; folded where it
/// is Mailward's own.
fn key(group: &AccountName) -> String {
    match own(group) {
        Some(own) => own.name(),
        None => group.local().unwrap_or(group.as_str()).to_owned(),
    }
}

/// What holds about each group, by name.
pub(super) fn merge(applied: &[Applied<'_>], spared: &AccountName) -> Vec<GroupHolding> {
    let mut said: BTreeMap<String, Said<'_>> = BTreeMap::new();
    for one in applied {
        for entry in &one.policy.restricted_groups {
            let from = one.name;
            let single = |member, change, by_member_of| Single {
                from,
                member,
                change,
                by_member_of,
            };
            let has_own =
                entry.members.is_some() || !entry.add.is_empty() || !entry.remove.is_empty();
            if has_own {
                let group = said.entry(key(&entry.group)).or_default();
                group
                    .exact
                    .extend(entry.members.as_deref().map(|list| (from, list)));
                let add = entry
                    .add
                    .iter()
                    .map(|name| single(name, MemberChange::Add, false));
                let remove = entry.remove.iter();
                let remove = remove.map(|name| single(name, MemberChange::Remove, false));
                group.single.extend(add.chain(remove));
            }
            for target in &entry.member_of {
                let group = said.entry(key(target)).or_default();
                group
                    .single
                    .push(single(&entry.group, MemberChange::Add, true));
            }
        }
    }
    let named = said.into_iter().filter_map(|(name, said)| {
        let group = name.parse().ok()?;
        Some(holding(group, said, spared))
    });
    named.collect()
}

fn holding(group: AccountName, mut said: Said<'_>, spared: &AccountName) -> GroupHolding {
    let mut lost = Vec::new();
    let exact = said.exact.pop();
    if let Some((winner, members)) = exact {
        lost.extend(said.exact.iter().rev().map(|(from, list)| Lost {
            from: (*from).to_owned(),
            value: json!({ "members": list }),
            loss: Loss::Later,
            reason: match *list == members {
                true => format!("{winner} says the same and is applied later"),
                false => format!("{winner} is applied later, and exact members do not add up"),
            },
        }));
        let beaten = said.single.iter().rev();
        lost.extend(beaten.map(|one| {
            let reason = format!("{winner} says the exact members, and exact beats single ones");
            one.lost(Loss::Exact, reason)
        }));
        return GroupHolding {
            group,
            members: Some(members.to_vec()),
            from: winner.to_owned(),
            changes: Vec::new(),
            lost,
        };
    }
    let mut changes: Vec<MemberHolding> = Vec::new();
    // The last one said of a member holds; told in the order in which it was applied.
    for one in said.single.iter().rev() {
        if one.change == MemberChange::Remove && is_spared(one.member, spared) {
            let reason = "the break-glass administrator is never removed".to_owned();
            lost.push(one.lost(Loss::Spared, reason));
            continue;
        }
        match changes.iter().find(|later| later.member == *one.member) {
            Some(later) => {
                let reason = match later.change == one.change {
                    true => format!("{} says the same and is applied later", later.from),
                    false => format!("{} is applied later", later.from),
                };
                lost.push(one.lost(Loss::Later, reason));
            }
            None => changes.push(MemberHolding {
                member: one.member.clone(),
                change: one.change,
                from: one.from.to_owned(),
            }),
        }
    }
    changes.reverse();
    GroupHolding {
        group,
        members: None,
        from: String::new(),
        changes,
        lost,
    }
}

fn is_spared(member: &AccountName, spared: &AccountName) -> bool {
    let bare = |name: &AccountName| name.local().unwrap_or(name.as_str()).to_owned();
    bare(member) == bare(spared)
}
