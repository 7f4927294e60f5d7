//! What this node tells the other members of its group.

use mailward_api::view::{GroupStatus, group::GroupSet, health::HealthState};

use super::{Engine, watch::Watch};
use crate::case::Phase;

/// The health sets without which a node does not serve.
const SERVING: [&str; 5] = ["Transport", "Receive", "MailFlow", "Queue", "Disk"];
/// Those of them that are known within a minute after the start; the others are not waited for.
const AT_ONCE: [&str; 3] = ["Transport", "Receive", "Disk"];

impl Engine {
    /// How this node is. Whether it takes new mail is asked of transport and added by the caller.
    pub(crate) fn group_status(&self, started_unix_ms: u64) -> GroupStatus {
        let bad = || {
            self.watched(self.watches.keys())
                .filter(|(watch, _)| watch.state.is_confirmed_bad())
        };
        let mut bad_causes: Vec<String> = bad()
            .map(|(watch, results)| {
                let component = &watch.definition.component;
                let kind = component
                    .split_once('/')
                    .map_or(&**component, |(kind, _)| kind);
                results.class().flatten().unwrap_or_else(|| kind.to_owned())
            })
            .collect();
        bad_causes.sort();
        bad_causes.dedup();
        // Nobody may be away on the word of a node that does not know how its own mail goes: one
        // that has just begun, or one whose probes say nothing.
        let mut path = self
            .watches
            .values()
            .filter(|watch| SERVING.contains(&watch.definition.set.as_str()));
        let serves = |watch: &Watch| match watch.state.phase {
            HealthState::Unavailable => false,
            HealthState::Unknown => !AT_ONCE.contains(&watch.definition.set.as_str()),
            _ => !watch.state.is_confirmed_bad(),
        };
        let transport = self.watches.values().any(|watch| {
            watch.definition.set == "Transport"
                && matches!(
                    watch.state.phase,
                    HealthState::Healthy | HealthState::Recovering | HealthState::Suspect
                )
        });
        GroupStatus {
            node: self.node.clone(),
            started_unix_ms,
            healthy: transport && path.all(serves),
            acting: self.acting().map(|(case, _)| case.to_owned()),
            bad_causes,
            sets: self
                .sets()
                .into_iter()
                .map(|(set, state)| GroupSet { set, state })
                .collect(),
        }
    }

    /// The case in which something is taken away at this moment, and the stage.
    pub(crate) fn acting(&self) -> Option<(&str, u8)> {
        self.cases.values().find_map(|record| {
            let act = record.act(record.state.acted?)?;
            let under_way = matches!(
                record.state.phase,
                Phase::Executing { .. } | Phase::Verifying { .. }
            ) || record.offline_now();
            let stage = act.stage();
            (under_way && (2..=4).contains(&stage)).then_some((record.id.as_str(), stage))
        })
    }
}
