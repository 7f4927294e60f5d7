//! What is to be done to one group, of the host or of Mailward itself: who is put in, who is taken out,
//! and who is as before. Pure.
//!
//! Invariant: the break-glass administrator is never taken out. Invariant: while a name is unclear
//! nobody is taken out of a group whose exact members are said, and nothing is put back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    GroupHolding, MemberChange,
    account::{Group, Unclear},
};
use crate::kind::AccountName;

/// A name of a policy, and whom it means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// As the policy writes it.
    pub name: AccountName,
    /// Whom it means.
    pub accounts: Result<BTreeSet<AccountName>, Unclear>,
}

/// What policies want of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Its exact members, and the policy that says so.
    pub exact: Option<(String, Vec<Meant>)>,
    /// Single members, in the order in which they are applied, each with its policy.
    pub changes: Vec<(String, MemberChange, Meant)>,
}

impl Wish {
    /// What a holding comes to, where each of its [names](GroupHolding::names), in their order, means
    /// this.
    pub fn of(holding: &GroupHolding, meant: Vec<Meant>) -> Wish {
        let mut meant = meant.into_iter();
        let exact = holding.members.as_ref().map(|members| {
            let meant = meant.by_ref().take(members.len()).collect();
            (holding.from.clone(), meant)
        });
        let changes = holding.changes.iter().zip(meant);
        Wish {
            exact,
            changes: changes
                .map(|(one, meant)| (one.from.clone(), one.change, meant))
                .collect(),
        }
    }
}

/// What stood in a group before policies came, and whom they have put in or taken out since.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Its members then.
    pub members: BTreeSet<AccountName>,
    /// Whose membership policies have changed.
    pub touched: BTreeSet<AccountName>,
}

/// A change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub member: AccountName,
    /// Put in, or taken out.
    pub change: MemberChange,
    /// The policy that says so; empty where none speaks of it any more.
    pub policy: String,
    /// Why.
    pub because: &'static str,
}

/// What is to be done to a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The changes, by name.
    pub steps: Vec<Step>,
    /// Names that cannot be told, or members that cannot be changed, each with the problem.
    pub troubles: Vec<(String, String)>,
    /// Members that are in it and are to be.
    pub standing: Vec<AccountName>,
    /// What is to be remembered before the first change is made.
    pub remember: Option<Before>,
    /// What is to be remembered once every change is made; nothing where all is as before.
    pub keep: Option<Before>,
}

/// Whether somebody is to be in a group, by whom and why.
struct Place {
    is_in: bool,
    policy: String,
    because: &'static str,
}

/// What is to be done. `primary` are accounts whose primary group it is.
pub fn plan(
    wish: Option<&Wish>,
    group: &Group,
    primary: &BTreeSet<AccountName>,
    before: Option<&Before>,
    spared: &AccountName,
) -> Plan {
    let mut out = Plan::default();
    let mut places: BTreeMap<AccountName, Place> = BTreeMap::new();
    let mut memory = before.cloned().unwrap_or_else(|| Before {
        members: group.members.clone(),
        touched: BTreeSet::new(),
    });
    let is_clear = match wish {
        Some(wish) => {
            let exact = exact(
                wish,
                group,
                primary,
                &memory.touched,
                spared,
                &mut places,
                &mut out,
            );
            let single = single(wish, group, &memory.touched, spared, &mut places, &mut out);
            exact && single
        }
        None => true,
    };
    for (member, place) in &places {
        if group.members.contains(member) == place.is_in {
            if place.is_in {
                out.standing.push(member.clone());
            }
            continue;
        }
        memory.touched.insert(member.clone());
        out.steps.push(Step {
            member: member.clone(),
            change: change(place.is_in),
            policy: place.policy.clone(),
            because: place.because,
        });
    }
    let mut keep = memory.clone();
    if is_clear {
        for member in memory
            .touched
            .iter()
            .filter(|one| !places.contains_key(*one))
        {
            let was_in = memory.members.contains(member);
            if group.members.contains(member) != was_in && (was_in || member != spared) {
                out.steps.push(Step {
                    member: member.clone(),
                    change: change(was_in),
                    policy: String::new(),
                    because: "no policy speaks of it any more, and it is as before",
                });
            }
            keep.touched.remove(member);
        }
    }
    out.remember = (wish.is_some() || before.is_some()).then_some(memory);
    out.keep = wish.is_some().then_some(keep);
    out
}

fn change(is_in: bool) -> MemberChange {
    match is_in {
        true => MemberChange::Add,
        false => MemberChange::Remove,
    }
}

/// Places by the exact members; false where a name is unclear.
fn exact(
    wish: &Wish,
    group: &Group,
    primary: &BTreeSet<AccountName>,
    touched: &BTreeSet<AccountName>,
    spared: &AccountName,
    places: &mut BTreeMap<AccountName, Place>,
    out: &mut Plan,
) -> bool {
    let Some((policy, names)) = &wish.exact else {
        return true;
    };
    let mut is_clear = true;
    let place = |is_in, because| Place {
        is_in,
        policy: policy.clone(),
        because,
    };
    for meant in names {
        match &meant.accounts {
            Ok(accounts) => places.extend(accounts.iter().map(|account| {
                (
                    account.clone(),
                    place(true, "it is one of the exact members"),
                )
            })),
            Err(unclear) => {
                is_clear = false;
                out.troubles
                    .push((meant.name.to_string(), unclear.to_string()));
            }
        }
    }
    if !is_clear {
        return false;
    }
    for member in primary
        .iter()
        .filter(|one| !places.contains_key(*one) && *one != spared)
    {
        out.troubles.push((
            member.to_string(),
            "it has this as its primary group, which no policy changes; `usermod -g` gives it another"
                .to_owned(),
        ));
    }
    for member in &group.strange {
        out.troubles.push((
            member.clone(),
            "its name cannot be put on a command line; take it out by hand".to_owned(),
        ));
    }
    // Whom policies took out before is none of the members either: he is not as before yet.
    let known = group.members.iter().chain(touched);
    for member in known.filter(|one| *one != spared) {
        places
            .entry(member.clone())
            .or_insert_with(|| place(false, "it is none of the exact members"));
    }
    true
}

/// Places by single members, the last one said of each; false where a name is unclear.
fn single(
    wish: &Wish,
    group: &Group,
    touched: &BTreeSet<AccountName>,
    spared: &AccountName,
    places: &mut BTreeMap<AccountName, Place>,
    out: &mut Plan,
) -> bool {
    let mut is_clear = true;
    for (policy, change, meant) in &wish.changes {
        let is_in = *change == MemberChange::Add;
        let written = meant
            .name
            .local()
            .map_or(Ok(meant.name.clone()), str::parse);
        let accounts = match (&meant.accounts, written) {
            (Ok(accounts), _) => accounts.clone(),
            // An account that is gone leaves its name behind, until it is taken out as well.
            (Err(Unclear::Nobody | Unclear::NoAdministrator), Ok(name)) if !is_in => {
                match group.members.contains(&name) || touched.contains(&name) {
                    true => BTreeSet::from([name]),
                    false => continue,
                }
            }
            (Err(unclear), _) => {
                is_clear = false;
                out.troubles
                    .push((meant.name.to_string(), unclear.to_string()));
                continue;
            }
        };
        for account in accounts.into_iter().filter(|one| is_in || one != spared) {
            let place = Place {
                is_in,
                policy: policy.clone(),
                because: match is_in {
                    true => "it is to be a member",
                    false => "it is not to be a member",
                },
            };
            places.insert(account, place);
        }
    }
    is_clear
}

#[cfg(test)]
#[path = "membership_tests.rs"]
mod tests;
