//! The health of a group of nodes as one: what is bad on some of them is Degraded for as long as
//! enough others serve, and Unhealthy from then on.
//!
//! Pure: from what each node last said of itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{GroupMember, GroupView, HealthState, group::GroupSet};

/// A member that was not heard for so long counts as away: three times its questions were not
/// answered.
pub const SILENT_MS: u64 = 15_000;

/// A health set on one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RollupNode {
    /// The node.
    pub node: String,
    /// The state of the set there; `unavailable` where the node was not heard.
    pub state: HealthState,
}

/// A health set over all nodes of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RollupSet {
    /// Its name.
    pub set: String,
    /// `healthy` where it is well everywhere, `degraded` where enough nodes are well, else
    /// `unhealthy`.
    pub state: HealthState,
    /// Nodes on which it is well.
    pub online: u32,
    /// Nodes that have it, or were not heard.
    pub nodes: Vec<RollupNode>,
}

/// The health of a group of nodes as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HealthRollup {
    /// The node that was asked.
    pub node: String,
    /// Nodes looked at: this one, and the other members of its group.
    pub members: u32,
    /// Members that are not looked at because the group is larger than was asked for.
    pub left_out: u32,
    /// The share of nodes that must be well, in percent.
    pub minimum_online_percent: u32,
    /// The state of the worst set.
    pub state: HealthState,
    /// The sets.
    pub sets: Vec<RollupSet>,
}

/// What is known of one node.
struct Said<'a> {
    node: &'a str,
    sets: &'a [GroupSet],
    /// Whether it ever said anything.
    is_known: bool,
    /// Whether it still does.
    is_heard: bool,
}

impl<'a> Said<'a> {
    fn own(group: &'a GroupView) -> Self {
        Said {
            node: &group.node.node,
            sets: &group.node.sets,
            is_known: true,
            is_heard: true,
        }
    }

    fn of(member: &'a GroupMember) -> Self {
        Said {
            node: &member.name,
            sets: &member.sets,
            is_known: member.heard_age_ms.is_some(),
            is_heard: member.heard_age_ms.is_some_and(|age| age <= SILENT_MS),
        }
    }

    fn state(&self, set: &str) -> Option<HealthState> {
        let found = self.sets.iter().find(|one| one.set == set);
        found.map(|one| one.state)
    }

    fn has(&self, set: &str) -> bool {
        self.state(set).is_some()
    }

    /// Its part in a set. A node that does not have the set has none; one that is silent serves
    /// nothing of what it had, and one that never was heard nothing of what all others have.
    fn node(&self, set: &str, common: bool) -> Option<RollupNode> {
        let state = match (self.is_known, self.is_heard) {
            (false, _) => common.then_some(HealthState::Unavailable),
            (true, false) => self.state(set).map(|_| HealthState::Unavailable),
            (true, true) => self.state(set),
        };
        Some(RollupNode {
            node: self.node.to_owned(),
            state: state?,
        })
    }
}

/// Whether a set in this state serves: what is not confirmed bad does.
fn is_online(state: HealthState) -> bool {
    !state.is_bad() && state != HealthState::Disabled
}

/// Rolls the states of a group's sets up. `group_size` nodes are looked at, this one first.
pub fn rollup(group: &GroupView, group_size: u32, minimum_online_percent: u32) -> HealthRollup {
    let size = usize::try_from(group_size).unwrap_or(usize::MAX).max(1);
    let all = 1 + group.members.len();
    let own = std::iter::once(Said::own(group));
    let others = group.members.iter().map(Said::of);
    let members: Vec<Said<'_>> = own.chain(others).take(size).collect();
    let names: BTreeSet<&str> = members
        .iter()
        .flat_map(|one| one.sets.iter().map(|set| set.set.as_str()))
        .collect();
    let sets: Vec<RollupSet> = names
        .into_iter()
        .filter_map(|set| {
            let heard = members.iter().filter(|one| one.is_heard);
            let mut heard = heard.filter_map(|one| one.state(set)).peekable();
            // It is switched off wherever somebody says how it is.
            if heard.peek().is_some() && heard.all(|state| state == HealthState::Disabled) {
                return None;
            }
            let common = members.iter().all(|one| !one.is_known || one.has(set));
            let nodes = members.iter().filter_map(|one| one.node(set, common));
            Some(of_set(set, nodes.collect(), minimum_online_percent))
        })
        .collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    HealthRollup {
        node: group.node.node.clone(),
        members: count(members.len()),
        left_out: count(all - members.len()),
        minimum_online_percent,
        state: worst(sets.iter().map(|set| set.state)),
        sets,
    }
}

/// One set.
fn of_set(set: &str, nodes: Vec<RollupNode>, minimum_online_percent: u32) -> RollupSet {
    let counted: Vec<&RollupNode> = nodes
        .iter()
        .filter(|one| one.state != HealthState::Disabled)
        .collect();
    let online = counted.iter().filter(|one| is_online(one.state)).count();
    let enough = online * 100 >= counted.len() * minimum_online_percent as usize;
    let state = match (online == counted.len(), enough) {
        (true, _) => HealthState::Healthy,
        (false, true) => HealthState::Degraded,
        (false, false) => HealthState::Unhealthy,
    };
    RollupSet {
        set: set.to_owned(),
        state,
        online: u32::try_from(online).unwrap_or(u32::MAX),
        nodes,
    }
}

fn worst(states: impl Iterator<Item = HealthState>) -> HealthState {
    let badness = |state: &HealthState| match state {
        HealthState::Healthy => 0,
        HealthState::Degraded => 1,
        _ => 2,
    };
    states.max_by_key(badness).unwrap_or(HealthState::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::GroupStatus;

    fn set(name: &str, state: HealthState) -> GroupSet {
        GroupSet {
            set: name.to_owned(),
            state,
        }
    }

    fn group(own: HealthState, others: &[(Option<u64>, HealthState)]) -> GroupView {
        let member = |(at, (age, state)): (usize, &(Option<u64>, HealthState))| GroupMember {
            name: format!("mx{}", at + 2),
            heard_age_ms: *age,
            healthy: true,
            acting: None,
            bad_causes: Vec::new(),
            sets: vec![set("Queue", *state), set("Disk", HealthState::Disabled)],
        };
        GroupView {
            node: GroupStatus {
                node: "mx1".to_owned(),
                started_unix_ms: 1,
                healthy: true,
                acting: None,
                bad_causes: Vec::new(),
                sets: vec![
                    set("Queue", own),
                    set("Disk", HealthState::Disabled),
                    set("Alerting", HealthState::Healthy),
                ],
            },
            members: others.iter().enumerate().map(member).collect(),
        }
    }

    #[test]
    fn a_set_is_bad_as_a_whole_where_too_few_nodes_are_well() {
        use HealthState::{Degraded, Healthy, Suspect, Unavailable, Unhealthy};
        let well = (Some(1), Healthy);
        for (own, others, size, percent, expect, online) in [
            (Healthy, vec![well, well], 12, 70, Healthy, 3),
            (Suspect, vec![well, well], 12, 70, Healthy, 3),
            (Unhealthy, vec![well, well, well], 12, 70, Degraded, 3),
            (Unhealthy, vec![well, well], 12, 70, Unhealthy, 2),
            (Unhealthy, vec![well, well], 12, 60, Degraded, 2),
            // A node that was not heard serves nothing.
            (
                Healthy,
                vec![(None, Healthy), well, well],
                12,
                70,
                Degraded,
                3,
            ),
            (
                Healthy,
                vec![(Some(SILENT_MS + 1), Healthy), well],
                12,
                70,
                Unhealthy,
                2,
            ),
            // Those beyond the size are not looked at.
            (Healthy, vec![(Some(1), Degraded)], 1, 70, Healthy, 1),
        ] {
            let rolled = rollup(&group(own, &others), size, percent);
            let queue = rolled.sets.iter().find(|one| one.set == "Queue").unwrap();
            assert_eq!((queue.state, queue.online), (expect, online), "{rolled:?}");
            assert_eq!(rolled.state, expect, "{rolled:?}");
            assert!(rolled.sets.iter().all(|one| one.set != "Disk"));
            let alone = rolled
                .sets
                .iter()
                .find(|one| one.set == "Alerting")
                .unwrap();
            assert_eq!(alone.nodes.len(), 1, "others do not have it: {rolled:?}");
            let silent = queue.nodes.iter().find(|one| one.state == Unavailable);
            assert_eq!(
                silent.is_some(),
                others.iter().any(|(age, _)| *age != Some(1))
            );
        }
        let rolled = rollup(&group(Healthy, &[(Some(1), Healthy)]), 1, 70);
        assert_eq!((rolled.members, rolled.left_out), (1, 1));
    }
}
