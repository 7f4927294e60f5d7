//! How current what policies come to is in each role: how often it was looked, how often in vain, and
//! when last.
//!
//! Never here: what policies say; `policy result` tells it.

use mailward_api::{control::Role, view::RoleFigures};
use mailward_model::policy::PolicyRefresh;

use super::{Family, Sample};

/// The families of these roles; of those that do not answer nothing is told.
pub(super) fn families(roles: &[(Role, Option<RoleFigures>)]) -> [Family; 3] {
    let known = || {
        let each = roles.iter();
        each.filter_map(|(role, figures)| Some((*role, figures.as_ref()?)))
    };
    let since = known().map(|(_, figures)| figures.since_unix_ms).min();
    let since = since.unwrap_or_default();
    let of = |value: fn(&PolicyRefresh) -> u64| -> Vec<Sample> {
        let each = known()
            .flat_map(|(role, figures)| figures.policies.iter().map(move |part| (role, part)));
        each.map(|(role, one)| {
            Sample::whole(value(one))
                .with("role", role.name())
                .with("part", one.part.as_str())
        })
        .collect()
    };
    [
        Family::counter(
            "policy_refreshes",
            "Looks of a role at a part of what policies come to: at a change, a refresh and a start",
            since,
            of(|one| one.looks),
        ),
        Family::counter(
            "policy_refresh_failures",
            "Looks of a role at a part of what policies come to that failed",
            since,
            of(|one| one.failures),
        ),
        Family::gauge(
            "policy_refreshed_timestamp_seconds",
            "When a role last found or put in force a part of what policies come to",
            of(|one| one.refreshed_unix_ms / 1000),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use mailward_model::{Revision, policy::PolicyPart};

    use super::*;
    use crate::metric::text;

    #[test]
    fn each_role_tells_of_each_part_and_who_is_silent_of_none() {
        let part = |part, looks, failures| PolicyRefresh {
            part,
            revision: Revision(7),
            refreshed_unix_ms: 1_800_000_000_999,
            next_unix_ms: 0,
            reapplied_unix_ms: 0,
            problem: None,
            looks,
            failures,
        };
        let figures = RoleFigures {
            policies: vec![
                part(PolicyPart::Ranges, 5, 0),
                part(PolicyPart::Untrusted, 9, 2),
            ],
            ..RoleFigures::new(3_000, [])
        };
        let roles = [(Role::Transport, Some(figures)), (Role::Worker, None)];
        let families = std::sync::Arc::new(families(&roles).to_vec());
        let page = text::prometheus(families).unwrap();
        for line in [
            "mailward_policy_refreshes_total{role=\"transport\",part=\"ranges\"} 5",
            "mailward_policy_refreshes_total{role=\"transport\",part=\"untrusted\"} 9",
            "mailward_policy_refresh_failures_total{role=\"transport\",part=\"untrusted\"} 2",
            "mailward_policy_refreshed_timestamp_seconds{role=\"transport\",part=\"ranges\"} 1800000000",
        ] {
            assert!(page.lines().any(|one| one == line), "{line}: {page}");
        }
        assert!(!page.contains("worker"), "{page}");
    }
}
