//! What groups go by, as filters name them (`MemberOfGroup`): their names and addresses in lower case.

use std::collections::HashMap;

use mailward_model::{Kind, Object, Spec};

use super::entry::group;

/// The kinds of groups.
pub(super) const GROUPS: [Kind; 2] = [Kind::DistributionGroup, Kind::DynamicDistributionGroup];

/// What one group goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoesBy {
    pub(super) names: [String; 2],
    /// True for a group of listed members.
    pub(super) is_listed: bool,
}

impl GoesBy {
    /// `None` for what is no group.
    pub(crate) fn of(name: &str, spec: &Spec) -> Option<GoesBy> {
        let (address, is_listed) = match spec {
            Spec::DistributionGroup(group) => (&group.address, true),
            Spec::DynamicDistributionGroup(group) => (&group.address, false),
            _ => return None,
        };
        Some(GoesBy {
            names: [name.to_lowercase(), address.to_string().to_lowercase()],
            is_listed,
        })
    }

    /// The keys under which filters name it.
    pub(crate) fn keys(&self) -> [String; 2] {
        self.names.each_ref().map(|name| group(name))
    }
}

/// The groups, as far as the rules ask for them.
pub(super) trait Groups {
    /// Whether the group of a name lists its members; where a dynamic group has the name of another,
    /// the other is meant. `None` where no group goes by it.
    fn is_listed(&self, name: &str) -> Option<bool>;
    /// The names of all that list their members.
    fn listed(&self) -> Vec<String>;
}

/// Whether the group of a name lists its members, by name.
pub(super) type ByName = HashMap<String, bool>;

/// The groups among these.
pub(super) fn by_name<'a>(objects: impl IntoIterator<Item = &'a Object>) -> ByName {
    let mut found = ByName::new();
    let groups = objects.into_iter();
    for group in groups.filter_map(|object| GoesBy::of(&object.name, &object.spec)) {
        for name in group.names {
            *found.entry(name).or_default() |= group.is_listed;
        }
    }
    found
}

impl Groups for ByName {
    fn is_listed(&self, name: &str) -> Option<bool> {
        self.get(name).copied()
    }

    fn listed(&self) -> Vec<String> {
        let listed = self.iter().filter(|(_, is_listed)| **is_listed);
        listed.map(|(name, _)| name.clone()).collect()
    }
}
