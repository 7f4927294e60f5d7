//! The stages of recovery of each component.

use mailward_api::{control::Role, view::RepairAct};
use mailward_model::kind::HealthSettings;

use super::ms;
use crate::case::{Ladder, Rung};

/// How long a component is given after a repair before a bad result is held against it.
const SETTLE_MS_MAX: u64 = 30_000;
/// The same after a restart of a process.
const SETTLE_PROCESS_MS_MAX: u64 = 60_000;
/// And at least so long, however short the settings are: the old process may take 8 s to let its
/// sessions end, and until then every result is still about the old one.
const SETTLE_PROCESS_MS_MIN: u64 = 12_000;

/// The stages of recovery of a component. None for what no act of ours could repair: then a person
/// is told as soon as the failure is confirmed.
pub fn ladder(component: &str, settings: &HealthSettings) -> Ladder {
    let restart = || Rung {
        act: RepairAct::RestartComponent {
            component: component.to_owned(),
        },
        after_ms: ms(settings.restart_component_after),
        settle_ms: ms(settings.restart_component_after).min(SETTLE_MS_MAX),
    };
    let process = Rung {
        act: RepairAct::RestartProcess {
            role: Role::Transport,
        },
        after_ms: ms(settings.restart_process_after),
        settle_ms: ms(settings.restart_process_after)
            .clamp(SETTLE_PROCESS_MS_MIN, SETTLE_PROCESS_MS_MAX),
    };
    let offline = || Rung {
        act: RepairAct::Offline,
        after_ms: ms(settings.offline_after),
        settle_ms: ms(settings.restart_component_after).min(SETTLE_MS_MAX),
    };
    match component.split_once('/') {
        Some(("receive", _)) => vec![restart(), process, offline()],
        None if component == "deliver" => vec![restart(), process],
        // It does not hear the control channel, so only its process can be restarted.
        None if component == "transport" => vec![process],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_each_stage_follows_the_settings() {
        let settings = HealthSettings::default();
        let waits: Vec<_> = ladder("receive/Internet", &settings)
            .iter()
            .map(|rung| (rung.act.stage(), rung.after_ms / 1000))
            .collect();
        assert_eq!(waits, [(1, 30), (2, 120), (4, 720)]);
        for none in ["certificate/Internet", "store", "disk", "queue"] {
            assert!(ladder(none, &settings).is_empty(), "{none}");
        }
    }
}
