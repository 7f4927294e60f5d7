//! The stages of recovery of each component, and what each depends on, as data. Pure.
//!
//! Responders for one class of causes stand before the general stages: they are passed over where
//! the failure is of another class ([`crate::cause::may_cure`] decides).

use mailward_api::{
    control::Role,
    view::{RepairAct, Responder},
};
use mailward_model::{kind::HealthSettings, unit::Span};

use crate::case::{Ladder, Rung};

/// How long a component is given after a repair before a bad result is held against it.
const SETTLE_MS_MAX: u64 = 30_000;
/// The same after what a component remembers was dropped.
const SETTLE_SOFT_MS_MAX: u64 = 15_000;
/// The same after a restart of a process.
const SETTLE_PROCESS_MS_MAX: u64 = 60_000;
/// And at least so long, however short the settings are: the old process may take 8 s to let its
/// sessions end, and until then every result is still about the old one.
const SETTLE_PROCESS_MS_MIN: u64 = 12_000;
/// After a restart of the machine, on top of what the boot takes.
const SETTLE_SERVER_MS: u64 = 300_000;

/// A stage, before settings give it its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Respond(Responder),
    Soft,
    Component,
    Process,
    Server,
    Offline,
}

/// Components by the beginning of their name, their stages in order. None stands here for what no
/// act of ours could repair: then a person is told as soon as the failure is confirmed.
const STAGES: &[(&str, &[Stage])] = &[
    (
        "receive/",
        &[
            Stage::Respond(Responder::ReloadCertificate),
            Stage::Respond(Responder::RebuildSnapshot),
            // No soft stage: a connector that does not answer keeps nothing that could be dropped,
            // and the restart of one connector is the mildest act there is.
            Stage::Respond(Responder::Command),
            Stage::Component,
            Stage::Process,
            Stage::Server,
            Stage::Offline,
        ],
    ),
    (
        "deliver",
        &[
            Stage::Respond(Responder::FreeDisk),
            Stage::Respond(Responder::NextResolver),
            Stage::Respond(Responder::NextSmartHost),
            Stage::Soft,
            Stage::Respond(Responder::Command),
            Stage::Component,
            Stage::Process,
            Stage::Server,
        ],
    ),
    // It does not hear the control channel, so only its process can be restarted.
    (
        "transport",
        &[
            Stage::Respond(Responder::Command),
            Stage::Process,
            Stage::Server,
        ],
    ),
    (
        "queue",
        &[
            Stage::Respond(Responder::FreeDisk),
            Stage::Respond(Responder::ReownMessages),
            Stage::Respond(Responder::Command),
        ],
    ),
    ("store", &[Stage::Soft, Stage::Respond(Responder::Command)]),
    (
        "disk",
        &[
            Stage::Respond(Responder::FreeDisk),
            Stage::Respond(Responder::Command),
        ],
    ),
    (
        "certificate/",
        &[
            Stage::Respond(Responder::ReloadCertificate),
            Stage::Respond(Responder::Command),
        ],
    ),
    (
        "dns",
        &[
            Stage::Respond(Responder::NextResolver),
            Stage::Respond(Responder::Command),
        ],
    ),
    (
        "send/",
        &[
            Stage::Respond(Responder::NextResolver),
            Stage::Respond(Responder::NextSmartHost),
            Stage::Soft,
            Stage::Respond(Responder::Command),
        ],
    ),
    // Whatever else is watched: only what a person has set for it.
    ("", &[Stage::Respond(Responder::Command)]),
];

/// What a component depends on: while that is bad, only that is repaired.
const DEPENDS: &[(&str, &[&str])] = &[
    ("receive/", &["transport"]),
    ("certificate/", &["transport"]),
    ("deliver", &["transport", "queue"]),
    ("send/", &["transport", "dns"]),
    ("queue", &["transport", "disk"]),
    ("store", &["disk"]),
];

/// The components that `component` depends on.
pub fn depends_on(component: &str) -> &'static [&'static str] {
    DEPENDS
        .iter()
        .find(|(begin, _)| component.starts_with(begin))
        .map_or(&[], |(_, on)| on)
}

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

/// The stages of recovery of a component under these settings.
pub fn ladder(component: &str, settings: &HealthSettings) -> Ladder {
    let stages = STAGES
        .iter()
        .find(|(begin, _)| component.starts_with(begin))
        .map_or(&[][..], |(_, stages)| stages);
    stages
        .iter()
        .filter_map(|stage| rung(*stage, component, settings))
        .collect()
}

fn rung(stage: Stage, component: &str, settings: &HealthSettings) -> Option<Rung> {
    let component = component.to_owned();
    let settle = ms(settings.restart_component_after).saturating_mul(2);
    let soft = (settle / 2).min(SETTLE_SOFT_MS_MAX);
    let (act, after, settle_ms) = match stage {
        Stage::Respond(Responder::Command)
            if !settings
                .repair_commands
                .iter()
                .any(|one| one.component == component) =>
        {
            return None;
        }
        Stage::Respond(Responder::FreeDisk) if settings.free_disk.is_empty() => return None,
        Stage::Server if settings.restart_server_command.is_empty() => return None,
        Stage::Respond(responder) => {
            let act = RepairAct::Respond {
                responder,
                component,
            };
            (act, settings.soft_reset_after, soft)
        }
        Stage::Soft => (
            RepairAct::SoftReset { component },
            settings.soft_reset_after,
            soft,
        ),
        Stage::Component => (
            RepairAct::RestartComponent { component },
            settings.restart_component_after,
            settle.min(SETTLE_MS_MAX),
        ),
        Stage::Process => (
            RepairAct::RestartProcess {
                role: Role::Transport,
            },
            settings.restart_process_after,
            ms(settings.restart_process_after).clamp(SETTLE_PROCESS_MS_MIN, SETTLE_PROCESS_MS_MAX),
        ),
        Stage::Server => (
            RepairAct::RestartServer,
            settings.restart_server_after,
            // A machine that was not started anew after all is not waited for longer than the
            // stages before it were.
            SETTLE_SERVER_MS.min(ms(settings.restart_server_after)),
        ),
        Stage::Offline => (
            RepairAct::Offline,
            settings.offline_after,
            settle.min(SETTLE_MS_MAX),
        ),
    };
    Some(Rung {
        act,
        after_ms: ms(after),
        settle_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(component: &str, settings: &HealthSettings) -> Vec<(u8, u64)> {
        let rungs = ladder(component, settings);
        rungs
            .iter()
            .map(|rung| (rung.act.stage(), rung.after_ms / 1000))
            .collect()
    }

    #[test]
    fn the_wait_for_each_stage_follows_the_settings() {
        let settings = HealthSettings::default();
        let expect = [(0, 0), (0, 0), (1, 15), (2, 120), (4, 720)];
        assert_eq!(stages("receive/Internet", &settings), expect);
        assert_eq!(stages("transport", &settings), [(2, 120)]);
        assert!(
            stages("disk", &settings).is_empty(),
            "nothing may be removed"
        );
        assert!(stages("clock", &settings).is_empty());
    }

    #[test]
    fn what_is_off_until_allowed_is_no_stage_before() {
        let settings = HealthSettings {
            restart_server_command: vec!["/sbin/reboot".into()],
            free_disk: vec![mailward_model::kind::Expendable::EventLogs],
            repair_commands: vec![mailward_model::kind::RepairCommand {
                component: "clock".into(),
                command: vec!["chronyc".into(), "makestep".into()],
            }],
            ..HealthSettings::default()
        };
        let expect = [(0, 0), (0, 0), (1, 15), (2, 120), (3, 600), (4, 720)];
        assert_eq!(stages("receive/Internet", &settings), expect);
        assert_eq!(stages("disk", &settings), [(0, 0)]);
        assert_eq!(stages("clock", &settings), [(0, 0)]);
    }

    #[test]
    fn stages_never_go_down_a_ladder() {
        let settings = HealthSettings {
            restart_server_command: vec!["/sbin/reboot".into()],
            ..HealthSettings::default()
        };
        for (begin, _) in STAGES {
            let stages = stages(begin, &settings);
            assert!(
                stages.windows(2).all(|pair| pair[0] <= pair[1]),
                "{begin}: {stages:?}"
            );
        }
    }
}
