//! Restricted groups of several policies, made one: of exact members the last applied holds, single
//! members add up, and exact beats single.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Applied, GroupHolding, Lost, MemberChange, MemberHolding};
use crate::kind::AccountName;

/// The group of those who may administer Mailward.
pub const ADMINISTRATORS: &str = r"mailward\administrators";

/// True for a group of Mailward's own.
pub(super) fn is_own(group: &AccountName) -> bool {
    group.as_str().eq_ignore_ascii_case(ADMINISTRATORS)
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
    fn lost(&self, reason: String) -> Lost {
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
            reason,
        }
    }
}

/// One name for a group of the host, whether it says that it is the host's or not; folded where it
/// is Mailward's own.
fn key(group: &AccountName) -> String {
    match is_own(group) {
        true => ADMINISTRATORS.to_owned(),
        false => group.local().unwrap_or(group.as_str()).to_owned(),
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
            reason: match *list == members {
                true => format!("{winner} says the same and is applied later"),
                false => format!("{winner} is applied later, and exact members do not add up"),
            },
        }));
        let beaten = said.single.iter().rev();
        lost.extend(beaten.map(|one| {
            one.lost(format!(
                "{winner} says the exact members, and exact beats single ones"
            ))
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
            lost.push(one.lost("the break-glass administrator is never removed".to_owned()));
            continue;
        }
        match changes.iter().find(|later| later.member == *one.member) {
            Some(later) => lost.push(one.lost(match later.change == one.change {
                true => format!("{} says the same and is applied later", later.from),
                false => format!("{} is applied later", later.from),
            })),
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
