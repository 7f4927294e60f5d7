//! What must hold whatever happens, checked against the world.

use std::collections::BTreeMap;

use mailward_api::view::{RepairAct, RepairProposal, health::Evidence};

use mailward_model::{
    kind::{MonitoringOverride, Until},
    object::SpecOf,
};

use super::{World, world::Done};
use crate::guard::{self, DAY_MS, HOUR_MS, WEEK_MS};

/// How old a sample may be by the world's own clock: two intervals of the slowest probe, its time
/// limit, and a step of the simulation.
const STALE_MS: u64 = 2 * 300_000 + 60_000 + 5_000;
/// An act without an outcome is not waited for longer.
const IN_FLIGHT_MS: u64 = 300_000;

fn harmless(act: &RepairAct) -> bool {
    matches!(act, RepairAct::Online | RepairAct::Alert)
}

impl World {
    fn breaks(&mut self, what: String) {
        self.broken
            .push(format!("{} at {} s: {what}", self.name, self.at_ms / 1000));
    }

    /// Checked in the moment an act is granted, before it is done.
    pub(super) fn check_before(&mut self, proposal: &RepairProposal, entry: u64) {
        let act = &proposal.act;
        if harmless(act) {
            return;
        }
        // No act without its intent on disk.
        let written = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        let marks = [format!("\"entry\":{entry},"), "\"intent\"".to_owned()];
        if !written
            .lines()
            .any(|line| marks.iter().all(|mark| line.contains(mark.as_str())))
        {
            self.breaks(format!("{act} without an intent in the ledger"));
        }
        // No act on stale evidence, or on none: one of the component's probes has just failed, and
        // has not passed since.
        let seen = self.seen.get(&proposal.component);
        let fails = |(at, evidence): &(u64, Evidence)| {
            *evidence == Evidence::Bad && self.at_ms - at <= STALE_MS
        };
        if !seen.is_some_and(|seen| seen.values().any(fails)) {
            let seen = format!("{seen:?}");
            self.breaks(format!("{act} for {} on {seen}", proposal.component));
        }
        if self.frozen.is_some() {
            self.breaks(format!("{act} while frozen"));
        }
        let mut watches = self
            .engine
            .watches
            .values()
            .filter(|watch| watch.definition.component == proposal.component);
        if watches.clone().any(|watch| watch.overlay.is_some()) {
            self.breaks(format!("{act} under an override"));
        } else if watches.any(|watch| watch.state.flapping)
            && proposal
                .circumstances
                .steady_stage_max
                .is_none_or(|most| act.stage() > most)
        {
            self.breaks(format!("{act} though it flaps"));
        }
        let now_unix_ms = self.now().unix_ms;
        let mut off = self.objects.iter().filter_map(|object| {
            let spec = MonitoringOverride::of(&object.spec)?;
            let until = spec.until.map_or(0, Until::unix_ms);
            let says = matches!(spec.property.as_str(), "repair" | "shadow");
            (says && spec.item == proposal.component && until > now_unix_ms).then_some(spec)
        });
        if let Some(spec) = off.next() {
            let text = format!("{act} with {}={}", spec.property, spec.value);
            self.breaks(text);
        }
        if act.stage() >= 2 {
            let strain = self.engine.observer.strain;
            if strain >= 4 {
                self.breaks(format!("{act} with a strain of {strain}"));
            }
            if let Some(key) = self.engine.storm.key().map(str::to_owned) {
                self.breaks(format!("{act} in a storm ({key})"));
            }
        }
        // No two acts on one cause, or on one component, at one time.
        let settled = |done: &Done| {
            self.at_ms.saturating_sub(done.at_ms) >= IN_FLIGHT_MS
                || harmless(&done.act)
                || self.settled(done)
        };
        let other = self.acts.iter().find(|done| {
            !settled(done)
                && (done.component == proposal.component
                    || (done.class.is_some() && done.class == proposal.cause))
        });
        if let Some(other) = other {
            let text = format!(
                "{act} while {} for {} is checked",
                other.act, other.component
            );
            self.breaks(text);
        }
    }

    /// True where the ledger on disk has the outcome of an act.
    fn settled(&self, done: &Done) -> bool {
        let written = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        let Ok(act) = serde_json::to_string(&done.act) else {
            return false;
        };
        let case = format!("\"case\":\"{}\"", done.case);
        written
            .lines()
            .any(|line| line.contains("\"outcome\"") && line.contains(&case) && line.contains(&act))
    }

    /// Checked at the end: budgets in every window, stages that only go up, nothing done twice.
    pub(super) fn check_after(&mut self) {
        let mut broken = Vec::new();
        let acts: Vec<&Done> = self
            .acts
            .iter()
            .filter(|done| !harmless(&done.act))
            .collect();
        let mut stages: BTreeMap<&str, u8> = BTreeMap::new();
        for (n, done) in acts.iter().enumerate() {
            let stage = stages.entry(&done.case).or_default();
            if done.act.stage() < *stage {
                broken.push(format!("{} after stage {stage} in {}", done.act, done.case));
            }
            *stage = done.act.stage().max(*stage);
            let later = &acts[n + 1..];
            if later
                .iter()
                .any(|one| one.case == done.case && one.act == done.act)
            {
                broken.push(format!("{} twice in {}", done.act, done.case));
            }
            let Some(limits) = guard::limits(&done.act, &self.settings) else {
                continue;
            };
            let same = |one: &Done| match done.act.stage() {
                0 | 1 => one.act == done.act,
                stage => one.act.stage() == stage,
            };
            let ages: Vec<u64> = later
                .iter()
                .filter(|one| same(one))
                .map(|one| one.at_ms - done.at_ms)
                .collect();
            if let Some(age) = ages.iter().find(|age| **age < limits.gap_ms) {
                broken.push(format!("{} again after {age} ms", done.act));
            }
            for (window, most) in [
                (HOUR_MS, limits.per_hour),
                (DAY_MS, limits.per_day),
                (WEEK_MS, limits.per_week),
            ] {
                let within = ages.iter().filter(|age| **age < window).count() + 1;
                if within > most as usize {
                    broken.push(format!("{} {within} times in {window} ms", done.act));
                }
            }
        }
        for what in broken {
            self.breaks(what);
        }
    }
}
