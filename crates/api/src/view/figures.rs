//! Figures: what a role counted and measured, for monitoring systems. Asked for over the control
//! channel by the role that serves metrics; people are shown other views.
//!
//! Names of kinds, acts and verdicts are texts here, so that a role may count what this version of
//! the reader does not know yet. Each list has a limit at its source.

use mailward_model::policy::PolicyRefresh;
use serde::{Deserialize, Serialize};

use super::{health::HealthState, hold::Hold};

/// Upper bounds of the buckets of a probe's duration, in milliseconds: from a check of a file to the
/// longest wait of a mail-flow probe.
pub const DURATION_BOUNDS_MS: [u64; 14] = [
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000,
];

/// What one role counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleFigures {
    /// When it began to count.
    pub since_unix_ms: u64,
    /// Events it raised; those that never happened are left out.
    pub events: Vec<EventFigure>,
    /// The worker: health.
    pub health: Option<HealthFigures>,
    /// The manager: repairs.
    pub repair: Option<RepairFigures>,
    /// The manager: what is held out of service.
    pub holds: Option<Vec<Hold>>,
    /// The enforcer: the firewall's table.
    pub firewall: Option<FirewallFigures>,
    /// When it looked last at each part of what policies come to.
    pub policies: Vec<PolicyRefresh>,
}

/// How the firewall's table stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FirewallFigures {
    /// When the table was last found as it should be, or put so.
    pub in_step_unix_ms: Option<u64>,
    /// Ports that it guards, and ranges that it lets in.
    pub gates: u64,
    /// Ranges in all gates.
    pub ranges: u64,
    /// When somebody else had changed it, the last times, the latest last.
    pub drifts_unix_ms: Vec<u64>,
    /// What he had changed, the last time.
    pub drift: String,
    /// Why it cannot be put in force, where it cannot.
    pub problem: Option<String>,
}

/// How often an event was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFigure {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: String,
    /// How often.
    pub count: u64,
}

impl EventFigure {
    /// An event's number, name and level, and how often it was raised.
    pub fn new(number: u16, name: &str, level: &str, count: u64) -> Self {
        EventFigure {
            number,
            name: name.to_owned(),
            level: level.to_owned(),
            count,
        }
    }
}

impl RoleFigures {
    /// What a role counted of its events; the other figures are added by the role that has them.
    pub fn new(since_unix_ms: u64, events: impl IntoIterator<Item = EventFigure>) -> Self {
        RoleFigures {
            since_unix_ms,
            events: events.into_iter().collect(),
            ..RoleFigures::default()
        }
    }
}

/// What the worker counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthFigures {
    /// False in shadow mode.
    pub repair: bool,
    /// Every health set.
    pub sets: Vec<SetFigure>,
    /// Monitors, the worst first, as many as were asked for.
    pub monitors: Vec<MonitorFigure>,
    /// Monitors that were left out.
    pub monitors_omitted: u64,
    /// Probes by kind.
    pub probes: Vec<ProbeFigure>,
    /// Open recovery cases.
    pub cases_open: u64,
    /// Alerts raised, by their kind.
    pub alerts: Vec<(String, u64)>,
}

/// A health set in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFigure {
    /// Its name.
    pub set: String,
    /// The state of its worst monitor.
    pub state: HealthState,
    /// Since when.
    pub since_unix_ms: u64,
    /// Why: the worst monitor and its reason.
    pub because: String,
}

/// A monitor in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorFigure {
    /// Its name.
    pub monitor: String,
    /// The set it belongs to.
    pub set: String,
    /// Its state.
    pub state: HealthState,
}

/// All probes of one kind: what stands before the slash of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProbeFigure {
    /// The kind: `connector`, `mailflow`, `disk`.
    pub kind: String,
    /// How often each verdict was given.
    pub verdicts: Vec<(String, u64)>,
    /// Milliseconds of all that ran.
    pub took_ms: u64,
    /// How many took at most as long as the bound of this place in [`DURATION_BOUNDS_MS`] and longer
    /// than the one before; the last place holds those that took longer than every bound.
    pub buckets: Vec<u64>,
}

/// What the manager counted of repairs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RepairFigures {
    /// Acts since the manager began.
    pub acts: Vec<ActFigure>,
    /// What the budgets of the ledger still allow.
    pub budgets: Vec<BudgetFigure>,
}

/// How often an act came to an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActFigure {
    /// The act: `restart_component`.
    pub act: String,
    /// `begun`, `refused`, `shadow`, `acted`, `failed`, `helped`, `did_not_help`.
    pub outcome: String,
    /// How often.
    pub count: u64,
}

/// What is left of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFigure {
    /// The act.
    pub act: String,
    /// `hour` or `day`.
    pub window: String,
    /// Acts allowed in any such window.
    pub limit: u32,
    /// Acts still allowed now. Where each component has a budget of its own, that of the component
    /// with the least left.
    pub left: u32,
}
