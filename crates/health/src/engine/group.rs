//! What this node tells the other members of its group.

use mailward_api::view::{GroupStatus, health::HealthState};

use super::Engine;
use crate::case::Phase;

/// The health sets without which a node does not serve.
const SERVING: [&str; 5] = ["Transport", "Receive", "MailFlow", "Queue", "Disk"];

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
        let serving = self.watches.values().any(|watch| {
            watch.definition.set == "Transport"
                && matches!(
                    watch.state.phase,
                    HealthState::Healthy | HealthState::Recovering | HealthState::Suspect
                )
        });
        GroupStatus {
            node: self.node.clone(),
            started_unix_ms,
            healthy: serving
                && !bad().any(|(watch, _)| SERVING.contains(&watch.definition.set.as_str())),
            acting: self.acting().map(|(case, _)| case.to_owned()),
            bad_causes,
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
