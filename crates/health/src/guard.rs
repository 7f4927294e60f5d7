//! The guard: may this repair be done, now, here? Pure.
//!
//! Each check says what it looked at; one that says no says whether asking again later makes
//! sense. The budgets are counted over everything that was begun, whether it helped or not.
//!
//! Invariant: with any sequence of proposals, no more acts are granted in any hour or day than
//! [`limits`] says, or a person in its place by an override, and no act is granted twice for one case.

mod around;

use mailward_api::{
    control::Role,
    view::{Hold, RepairAct, RepairProposal, health::Evidence},
};
use mailward_model::{Decision, PassedOver, kind::HealthSettings};

use crate::{cause, overrides::Responder};

/// Milliseconds of an hour.
pub const HOUR_MS: u64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// Milliseconds of seven days.
pub const WEEK_MS: u64 = 7 * DAY_MS;
/// After this long without an outcome an act is no longer taken to be under way: whoever waited
/// for it is gone.
pub const UNDER_WAY_MAX_MS: u64 = 300_000;
/// Proposals that speak of something temporary are heard again after this long.
const AGAIN_MS: u64 = 10_000;

/// How often an act may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Not again within so many milliseconds.
    pub gap_ms: u64,
    /// Within any hour.
    pub per_hour: u32,
    /// Within any day.
    pub per_day: u32,
    /// Within any seven days.
    pub per_week: u32,
}

/// The budget of an act; `None` for those that harm nothing.
///
/// The gaps follow the settings, so that settings in seconds (a drill, the demonstration) have gaps
/// in seconds: with the defaults they are 5, 15 and 10 minutes.
pub fn limits(act: &RepairAct, settings: &HealthSettings) -> Option<Limits> {
    let ms = |span: mailward_model::unit::Span| {
        u64::try_from(span.get().as_millis()).unwrap_or(u64::MAX)
    };
    match act {
        RepairAct::SoftReset { .. } | RepairAct::Respond { .. } => Some(Limits {
            gap_ms: ms(settings.restart_component_after).saturating_mul(4),
            per_hour: 10,
            per_day: 50,
            per_week: u32::MAX,
        }),
        RepairAct::RestartServer => Some(Limits {
            gap_ms: 6 * HOUR_MS,
            per_hour: 1,
            per_day: 1,
            per_week: 2,
        }),
        RepairAct::RestartComponent { .. } => Some(Limits {
            gap_ms: ms(settings.restart_component_after).saturating_mul(20),
            per_hour: 4,
            per_day: 12,
            per_week: u32::MAX,
        }),
        RepairAct::RestartProcess { .. } => Some(Limits {
            gap_ms: ms(settings.restart_process_after).saturating_mul(15) / 2,
            per_hour: settings.max_process_restarts_per_hour,
            per_day: settings.max_process_restarts_per_hour.saturating_mul(3),
            per_week: u32::MAX,
        }),
        RepairAct::Offline => Some(Limits {
            gap_ms: ms(settings.offline_after).saturating_mul(5) / 6,
            per_hour: 3,
            per_day: 10,
            per_week: u32::MAX,
        }),
        RepairAct::Online | RepairAct::Alert => None,
    }
}

/// An act that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// How long ago, in milliseconds, on a clock that does not jump.
    pub age_ms: u64,
    /// What; `None` for a ledger record that is damaged, which counts against every budget.
    pub act: Option<RepairAct>,
    /// Of which case.
    pub case: String,
    /// For which component.
    pub component: String,
    /// For which class of causes, where known.
    pub cause: Option<String>,
    /// Whether its outcome is known.
    pub settled: bool,
}

/// What the guard looks at besides the proposal.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The settings in force.
    pub settings: &'a HealthSettings,
    /// Acts begun within the last day, and any without an outcome.
    pub past: &'a [Past],
    /// Roles that ended lately, and how long ago in milliseconds.
    pub exits: &'a [(Role, u64)],
    /// Unix milliseconds.
    pub now_unix_ms: u64,
    /// Why repair is frozen, where it is: by a person, or in safe mode.
    pub frozen: Option<&'a str>,
    /// The holds in force.
    pub holds: &'a [Hold],
    /// Whether the ledger took the last record.
    pub ledger_writable: bool,
    /// Whether the queue's folder takes files.
    pub queue_writable: bool,
    /// The overrides of the component's responder.
    pub responder: &'a Responder,
}

/// What one check said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether it allows the act.
    pub allows: bool,
    /// What was found, as a sentence without a full stop.
    pub says: String,
    /// For a no: in how many milliseconds asking again makes sense; `None` for this case never.
    pub again_in_ms: Option<u64>,
}

impl Check {
    fn yes(name: &'static str, says: impl Into<String>) -> Check {
        Check {
            name,
            allows: true,
            says: says.into(),
            again_in_ms: None,
        }
    }

    fn later(name: &'static str, again_in_ms: u64, says: impl Into<String>) -> Check {
        let again_in_ms = Some(again_in_ms.max(1));
        Check {
            name,
            allows: false,
            says: says.into(),
            again_in_ms,
        }
    }

    fn never(name: &'static str, says: impl Into<String>) -> Check {
        Check {
            name,
            allows: false,
            says: says.into(),
            again_in_ms: None,
        }
    }

    /// Name and finding in one sentence.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.name, self.says)
    }
}

/// The guard's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It may be done.
    Grant,
    /// It would have been done if repair were switched on.
    Shadow,
    /// Not now.
    Later {
        /// Ask again in so many milliseconds.
        again_in_ms: u64,
    },
    /// Not for this case.
    Never,
}

/// Every check of a proposal, in the order looked at.
pub fn checks(proposal: &RepairProposal, facts: &Facts<'_>) -> Vec<Check> {
    // Undoing an offline stage and telling a person harm nothing and need no leave.
    if matches!(proposal.act, RepairAct::Online | RepairAct::Alert) {
        return vec![Check::yes("act", "it takes nothing away")];
    }
    let all = [
        freshness(proposal, facts),
        curable(proposal),
        around::dependencies(proposal),
        objections(proposal),
        around::overlays(proposal),
        around::flapping(proposal),
        around::holds(proposal, facts),
        around::frozen(facts),
        around::observer(proposal),
        around::storm(proposal),
        once(proposal, facts),
        under_way(proposal, facts),
        just_started(proposal, facts),
        budget(proposal, facts),
        around::records(proposal, facts),
        group::lease(proposal),
        group::healthy_enough(proposal),
        group::common_cause(proposal),
        switched_on(proposal, facts),
    ];
    all.into_iter().filter(counts).collect()
}

/// Every check counts.
#[cfg(not(test))]
fn counts(_: &Check) -> bool {
    true
}

/// Every check counts but the one that the tests of this thread do without, to show that it is missed.
#[cfg(test)]
fn counts(check: &Check) -> bool {
    LEFT_OUT.get() != Some(check.name)
}

#[cfg(test)]
thread_local! {
    pub(crate) static LEFT_OUT: std::cell::Cell<Option<&'static str>> =
        const { std::cell::Cell::new(None) };
}

/// The ruling that follows from the checks.
pub fn rule(checks: &[Check]) -> Decision<Ruling> {
    let against: Vec<&Check> = checks.iter().filter(|check| !check.allows).collect();
    let chosen = match against.as_slice() {
        [] => Ruling::Grant,
        [only] if only.name == SWITCH => Ruling::Shadow,
        some => {
            let for_good = some
                .iter()
                .any(|c| c.again_in_ms.is_none() && c.name != SWITCH);
            let again_in_ms = some.iter().filter_map(|check| check.again_in_ms).max();
            match again_in_ms {
                Some(again_in_ms) if !for_good => Ruling::Later { again_in_ms },
                _ => Ruling::Never,
            }
        }
    };
    let because = match against.first() {
        None => "nothing speaks against it".to_owned(),
        Some(check) => check.sentence(),
    };
    Decision {
        chosen,
        because,
        passed_over: against
            .iter()
            .map(|check| PassedOver {
                candidate: check.name.to_owned(),
                reason: check.says.clone(),
            })
            .collect(),
    }
}

const SWITCH: &str = "switch";

fn switched_on(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    if !facts.settings.repair {
        return Check::never(
            SWITCH,
            "repair is switched off in the health settings: only recorded",
        );
    }
    let shadows = &facts.settings.shadow_sets;
    let sets = &proposal.circumstances.sets;
    if let Some(origin) = &facts.responder.off {
        return Check::never("responder", format!("nothing is done for it: {origin}"));
    }
    if let Some(origin) = &facts.responder.shadow {
        return Check::never(SWITCH, format!("shadow mode, only recorded: {origin}"));
    }
    if let Some(origin) = &facts.responder.live {
        return Check::yes(SWITCH, format!("repair is switched on: {origin}"));
    }
    let shadow = sets
        .iter()
        .find(|set| shadows.iter().any(|one| one.eq_ignore_ascii_case(set)));
    match shadow {
        Some(set) => Check::never(
            SWITCH,
            format!("the health set {set} is in shadow mode: only recorded"),
        ),
        None => Check::yes(SWITCH, "repair is switched on"),
    }
}

/// How old the newest sample of a probe may be.
fn fresh_ms(probe: &str, settings: &HealthSettings) -> u64 {
    let interval = if probe.starts_with("mailflow/") {
        settings.mailflow_probe_interval
    } else {
        settings.connector_probe_interval
    };
    let ms = u64::try_from(interval.get().as_millis()).unwrap_or(u64::MAX);
    ms.saturating_mul(2).max(10_000)
}

fn freshness(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "evidence";
    let Some(newest) = proposal.samples.last() else {
        return Check::later(NAME, AGAIN_MS, "there is no sample");
    };
    if newest.evidence != Evidence::Bad {
        return Check::later(NAME, AGAIN_MS, "the newest sample is not bad");
    }
    let ended = newest.unix_ms.saturating_add(newest.took_ms);
    let age = facts.now_unix_ms.abs_diff(ended);
    let most = proposal
        .circumstances
        .fresh_ms
        .unwrap_or_else(|| fresh_ms(&newest.probe, facts.settings));
    if age > most {
        return Check::later(
            NAME,
            AGAIN_MS,
            format!("the newest sample is {} s old", age / 1000),
        );
    }
    // What was seen before a process was started anew says nothing about the new one.
    let restarts = facts.past.iter().filter_map(|past| match past.act {
        Some(RepairAct::RestartProcess { .. }) => Some(past.age_ms),
        _ => None,
    });
    let of_transport = facts
        .exits
        .iter()
        .filter(|(role, _)| *role == Role::Transport);
    let exits = of_transport.map(|(_, age_ms)| *age_ms);
    let began_ago = facts.now_unix_ms.saturating_sub(newest.unix_ms);
    if restarts.chain(exits).any(|age_ms| age_ms <= began_ago) {
        return Check::later(
            NAME,
            AGAIN_MS,
            "the newest sample is from before a process was started anew",
        );
    }
    Check::yes(NAME, format!("the newest sample is bad and {age} ms old"))
}

fn curable(proposal: &RepairProposal) -> Check {
    const NAME: &str = "cause";
    let class = proposal.cause.as_deref();
    match class {
        Some(class) if !cause::may_cure(&proposal.act, Some(class)) => Check::never(
            NAME,
            format!("a failure of the class {class} is not cured by this act"),
        ),
        None if !cause::may_cure(&proposal.act, None) => {
            Check::never(NAME, "it cures one class of causes, and none is known")
        }
        Some(class) => Check::yes(NAME, format!("the class {class} may be cured by it")),
        None => Check::yes(NAME, "no cause is known that it could not cure"),
    }
}

fn objections(proposal: &RepairProposal) -> Check {
    const NAME: &str = "objections";
    if proposal.objections.is_empty() {
        return Check::yes(NAME, "the observer has none");
    }
    Check::later(NAME, AGAIN_MS, proposal.objections.join("; "))
}

fn once(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "once";
    let before = facts
        .past
        .iter()
        .any(|past| past.case == proposal.case && past.act.as_ref() == Some(&proposal.act));
    if before {
        return Check::never(NAME, "it was done for this case already");
    }
    Check::yes(NAME, "it was not done for this case yet")
}

fn under_way(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "under way";
    let stage = proposal.act.stage();
    let other = facts.past.iter().find(|past| {
        let heavy = past.act.as_ref().is_none_or(|act| act.stage() >= 2);
        !past.settled
            && past.age_ms < UNDER_WAY_MAX_MS
            && (past.component == proposal.component
                || (stage >= 2 && heavy)
                || (past.cause.is_some() && past.cause == proposal.cause))
    });
    match other {
        Some(past) => Check::later(
            NAME,
            (UNDER_WAY_MAX_MS - past.age_ms).min(AGAIN_MS),
            format!(
                "the outcome of an act for {} is not known yet",
                past.component
            ),
        ),
        None => Check::yes(NAME, "no other act is"),
    }
}

fn just_started(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "start";
    let RepairAct::RestartProcess { role } = proposal.act else {
        return Check::yes(NAME, "it restarts no process");
    };
    let after = facts.settings.restart_process_after.get().as_millis();
    let grace = u64::try_from(after).unwrap_or(u64::MAX).min(60_000);
    let last = facts
        .exits
        .iter()
        .filter(|(ended, _)| *ended == role)
        .map(|(_, age)| *age)
        .min();
    match last {
        Some(age) if age < grace => Check::later(
            NAME,
            grace - age,
            format!("the role {role} was started anew {age} ms ago by its supervision"),
        ),
        _ => Check::yes(NAME, format!("the role {role} has had time to start")),
    }
}

/// True where a past act uses the same budget: the mild acts have one for each component, the others
/// one together.
pub(crate) fn same_budget(past: &Past, act: &RepairAct) -> bool {
    match (&past.act, act) {
        (None, _) => true,
        (Some(past), act) => match act.stage() {
            // Each component has its own, and each responder of it.
            0 | 1 => past == act,
            stage => past.stage() == stage,
        },
    }
}

fn budget(proposal: &RepairProposal, facts: &Facts<'_>) -> Check {
    const NAME: &str = "budget";
    let Some(limits) = limits(&proposal.act, facts.settings) else {
        return Check::yes(NAME, "it has no limit");
    };
    let limits = facts.responder.limits(limits);
    let mut ages: Vec<u64> = facts
        .past
        .iter()
        .filter(|past| same_budget(past, &proposal.act))
        .map(|past| past.age_ms)
        .collect();
    ages.sort_unstable();
    if let Some(last) = ages.first()
        && *last < limits.gap_ms
    {
        let wait = limits.gap_ms - last;
        if wait > HOUR_MS {
            // A stage that would be waited for so long must not keep the next one from its turn.
            let says = format!(
                "it was done {} s ago, the gap is {} s",
                last / 1000,
                limits.gap_ms / 1000
            );
            return Check::never(NAME, says);
        }
        return Check::later(
            NAME,
            wait,
            format!(
                "it was done {} s ago, the gap is {} s",
                last / 1000,
                limits.gap_ms / 1000
            ),
        );
    }
    for (window, most, name) in [
        (HOUR_MS, limits.per_hour, "hour"),
        (DAY_MS, limits.per_day, "day"),
        (WEEK_MS, limits.per_week, "week"),
    ] {
        let within: Vec<u64> = ages.iter().copied().filter(|age| *age < window).collect();
        if within.len() < most as usize {
            continue;
        }
        // The one whose age must pass the window before there is room again.
        let oldest_needed = (most as usize).checked_sub(1).and_then(|at| within.get(at));
        let says = format!("{} of {most} per {name} are used up", within.len());
        return match oldest_needed {
            // An hour is worth waiting for; a day is for a person.
            Some(age) if window == HOUR_MS => Check::later(NAME, window - age, says),
            _ => Check::never(NAME, says),
        };
    }
    Check::yes(
        NAME,
        format!(
            "{} this hour, {} are allowed",
            ages.iter().filter(|age| **age < HOUR_MS).count(),
            limits.per_hour
        ),
    )
}

mod group;
#[cfg(test)]
pub(crate) mod tests;
