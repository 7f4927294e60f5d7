//! What one run of a drill consists of, with the settings in force. Pure.

use mailward_api::{
    control::{
        Role,
        drill::{DRILL_CONNECTOR, DRILL_HOST, DrillFault, FAULT_MS_MAX},
    },
    view::RepairAct,
};
use mailward_model::{
    kind::{HealthSettings, ProbeLane, ReceiveConnector},
    unit::Span,
};

use super::Drill;
use crate::{
    cause::Cause,
    engine::definition::{
        CONNECTOR_TIMEOUT_MS, MonitorDefinition, ProbeDefinition, Target, Watched, rule,
    },
    monitor::Policy,
};

/// By how much a slow sync is slower, in milliseconds: more than what the queue's probe calls slow.
const SLOW_SYNC_MS: u64 = 2_100;
/// How often the parts that only a drill has are probed, in milliseconds.
const DRILL_INTERVAL_MS: u64 = 1_000;
/// The least time a fault may last, in milliseconds.
const FAULT_MS_MIN: u64 = 30_000;
/// A probe with a longer interval is run at once when the fault is in force, and not waited for.
const PATIENCE_MS: u64 = 30_000;

/// What a drill must lead to, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expectation {
    /// The fault is noticed: its monitor is confirmed bad, or the manager hears of the end.
    Noticed,
    /// A probe calls it slow, or its monitor is confirmed bad.
    NoticedSlow,
    /// The case knows the class of the cause.
    Cause(Cause),
    /// This act is done, once, and no other that ends anything: what a component remembers may be
    /// dropped before.
    Act(RepairAct),
    /// Supervision starts the process again, and nothing else is done.
    StartedAgain(Role),
    /// Nothing is repaired and no process ends: it would not help.
    NothingDone,
    /// A person is told, and the alert is marked as a drill's.
    Told,
    /// It is well again.
    Well,
    /// Nothing else is confirmed bad meanwhile.
    OthersUntouched,
}

impl Expectation {
    /// The expectation in one sentence.
    pub fn text(&self) -> String {
        match self {
            Expectation::Noticed => "it is noticed".to_owned(),
            Expectation::NoticedSlow => "it is noticed, as slow".to_owned(),
            Expectation::Cause(cause) => format!("the cause is found to be {}", cause.as_str()),
            Expectation::Act(act) => format!("it is repaired by: {act}, once"),
            Expectation::StartedAgain(role) => {
                format!(
                    "the role {role} is started again by its supervision, and nothing else is done"
                )
            }
            Expectation::NothingDone => "nothing is restarted: it would not help".to_owned(),
            Expectation::Told => "a person is told, by an alert marked as a drill".to_owned(),
            Expectation::Well => "it is well again".to_owned(),
            Expectation::OthersUntouched => "nothing else fails meanwhile".to_owned(),
        }
    }
}

/// One run, planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Which drill.
    pub drill: Drill,
    /// The fault.
    pub fault: DrillFault,
    /// The role that has it.
    pub role: Role,
    /// True where the worker has it too.
    pub worker_too: bool,
    /// The fault's deadline, in milliseconds from its being in force.
    pub for_ms: u64,
    /// The monitor that must notice it.
    pub monitor: String,
    /// Its component.
    pub component: String,
    /// The probe to be run at once, where waiting for its slot would take too long.
    pub probe_now: Option<String>,
    /// A probe whose mail makes the fault show, and its end: run when it begins and when it ends.
    pub stir: Option<String>,
    /// What is watched for this drill alone.
    pub also: Watched,
    /// How long the fault is kept after it was noticed, so that a wrong repair has its chance, in
    /// milliseconds; `None` where the fault is ended by a repair.
    pub keep_ms: Option<u64>,
    /// The act that will be proposed.
    pub act: Option<RepairAct>,
    /// What must follow, and what must not.
    pub expects: Vec<Expectation>,
}

/// What a drill must lead to.
pub fn expectations(drill: Drill, connector: &str) -> Vec<Expectation> {
    use Expectation::{
        Act, Cause as Of, NothingDone, Noticed, NoticedSlow, OthersUntouched, StartedAgain, Told,
        Well,
    };
    let restart = |component: String| Act(RepairAct::RestartComponent { component });
    match drill {
        Drill::KillTransport => vec![Noticed, StartedAgain(Role::Transport), Well],
        Drill::WedgeConnector => vec![
            Noticed,
            restart(format!("receive/{connector}")),
            Well,
            OthersUntouched,
        ],
        Drill::FullDisk => vec![Noticed, Of(Cause::DiskFull), NothingDone, Well],
        Drill::ExpiredCertificate => vec![
            Noticed,
            Of(Cause::Certificate),
            Told,
            NothingDone,
            OthersUntouched,
        ],
        Drill::LyingResolver => vec![Noticed, Of(Cause::Dns), NothingDone, Well, OthersUntouched],
        Drill::SlowSync => vec![NoticedSlow, NothingDone, Well, OthersUntouched],
        Drill::LostStore => vec![Noticed, Of(Cause::Disk), NothingDone, Well, OthersUntouched],
        Drill::StuckDelivery => vec![
            Noticed,
            restart("deliver".to_owned()),
            Well,
            OthersUntouched,
        ],
    }
}

impl Plan {
    /// True for components that the fault touches: the one that must notice it, and delivery where
    /// no mail is taken. What fails there follows from the drill.
    pub fn touches(&self, component: &str) -> bool {
        component == self.component || (self.drill == Drill::FullDisk && component == "deliver")
    }
}

fn ms(span: Span) -> u64 {
    u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
}

/// A monitor and a probe that only a drill has.
fn only_here(name: &str, set: &str, target: Target, settings: &HealthSettings) -> Watched {
    let rule = rule(
        Policy::Consecutive(2),
        DRILL_INTERVAL_MS,
        CONNECTOR_TIMEOUT_MS,
        settings,
    );
    Watched {
        monitors: vec![MonitorDefinition {
            name: name.to_owned(),
            probe: name.to_owned(),
            set: set.to_owned(),
            component: name.to_owned(),
            rule,
        }],
        probes: vec![ProbeDefinition {
            name: name.to_owned(),
            target,
            interval_ms: DRILL_INTERVAL_MS,
            timeout_ms: *CONNECTOR_TIMEOUT_MS.start(),
            needs: Some("transport".to_owned()),
            lane: ProbeLane::Local,
            slow_after_ms: None,
            again: false,
            soon: true,
        }],
    }
}

/// Plans a drill about this receive connector.
pub fn plan(drill: Drill, connector: &str, settings: &HealthSettings) -> Plan {
    let fast = ms(settings.connector_probe_interval);
    let repair = ms(settings.restart_component_after);
    let mut also = Watched::default();
    let (monitor, component, interval) = match drill {
        Drill::KillTransport => ("transport".to_owned(), "transport".to_owned(), fast),
        Drill::WedgeConnector => (
            format!("connector/{connector}"),
            format!("receive/{connector}"),
            fast,
        ),
        Drill::FullDisk | Drill::SlowSync => ("queue".to_owned(), "queue".to_owned(), fast),
        Drill::LostStore => ("store".to_owned(), "store".to_owned(), fast),
        Drill::StuckDelivery => ("delivery".to_owned(), "deliver".to_owned(), fast),
        Drill::ExpiredCertificate => {
            let name = format!("certificate/{DRILL_CONNECTOR}");
            let spec = ReceiveConnector {
                fqdn: DRILL_HOST.parse().ok(),
                ..ReceiveConnector::default()
            };
            let target = Target::Certificate(DRILL_CONNECTOR.to_owned(), Box::new(spec));
            also = only_here(&name, "Certificates", target, settings);
            (name.clone(), name, DRILL_INTERVAL_MS)
        }
        Drill::LyingResolver => {
            let name = format!("resolver/{DRILL_CONNECTOR}");
            also = only_here(&name, "Transport", Target::DeliveryResolver, settings);
            (name.clone(), name, DRILL_INTERVAL_MS)
        }
    };
    let fault = match drill {
        Drill::KillTransport => DrillFault::KillRole {
            role: Role::Transport,
        },
        Drill::WedgeConnector => DrillFault::WedgeConnector {
            connector: connector.to_owned(),
        },
        Drill::FullDisk => DrillFault::FullDisk,
        Drill::ExpiredCertificate => DrillFault::ExpiredCertificate,
        Drill::LyingResolver => DrillFault::LyingResolver,
        Drill::SlowSync => DrillFault::SlowSync {
            delay_ms: SLOW_SYNC_MS,
        },
        Drill::LostStore => DrillFault::LostStore,
        Drill::StuckDelivery => DrillFault::StuckDelivery,
    };
    let act = match drill {
        Drill::WedgeConnector | Drill::StuckDelivery => Some(RepairAct::RestartComponent {
            component: component.clone(),
        }),
        _ => None,
    };
    let own = matches!(drill, Drill::ExpiredCertificate | Drill::LyingResolver);
    let repaired = act.is_some() || drill == Drill::KillTransport;
    // Long enough that a restart would have been proposed, were the cause not known.
    let keep_ms = (!repaired).then_some(repair + interval.min(PATIENCE_MS));
    Plan {
        drill,
        fault,
        role: if drill == Drill::KillTransport {
            Role::Manager
        } else {
            Role::Transport
        },
        worker_too: drill == Drill::LostStore,
        // The probe's slot, its confirmation with each of its timeouts, the wait for the repair.
        for_ms: (4 * interval.min(60_000) + 60_000 + 2 * repair).clamp(FAULT_MS_MIN, FAULT_MS_MAX),
        probe_now: (own || interval > PATIENCE_MS).then(|| monitor.clone()),
        // Without a message, none is refused, synced or given out.
        stir: matches!(
            drill,
            Drill::FullDisk | Drill::SlowSync | Drill::StuckDelivery
        )
        .then(|| format!("mailflow/{connector}")),
        monitor,
        component,
        also,
        keep_ms,
        act,
        expects: expectations(drill, connector),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_time_for_its_repair_and_a_deadline() {
        let quick = HealthSettings {
            connector_probe_interval: Span::from_secs(1),
            mailflow_probe_interval: Span::from_secs(2),
            restart_component_after: Span::from_secs(2),
            ..HealthSettings::default()
        };
        for settings in [HealthSettings::default(), quick] {
            for drill in Drill::ALL {
                let plan = plan(drill, "Internet", &settings);
                assert!(
                    (FAULT_MS_MIN..=FAULT_MS_MAX).contains(&plan.for_ms),
                    "{plan:?}"
                );
                let needed = ms(settings.restart_component_after) + plan.keep_ms.unwrap_or(0);
                assert!(plan.for_ms > needed, "{plan:?}");
                assert_eq!(Drill::read(drill.name()), Some(drill));
                // What is not repaired is kept until the runner ends it, and the other way round.
                let repaired = plan.act.is_some() || drill == Drill::KillTransport;
                assert_eq!(plan.keep_ms.is_none(), repaired, "{plan:?}");
            }
        }
    }
}
