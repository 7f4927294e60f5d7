//! What drills need of the engine: monitors that only a drill has, what speaks against starting one,
//! and what is to be seen while one runs.

use mailward_api::view::{health::HealthState, repair::Circumstances};

use super::{
    Engine, Probed,
    definition::{OBSERVER, Target, Watched},
    due,
    watch::Watch,
};
use crate::{
    Now,
    drill::{
        plan::Plan,
        run::Sight,
        safe::{Facts, LeftAlone},
    },
    overrides::Names,
};

impl Engine {
    /// Watches this besides what the objects ask for, in place of what was watched so before.
    pub(crate) fn watch_also(&mut self, also: Watched, now: Now) {
        for probe in &self.also.probes {
            self.probed.swap_remove(&probe.name);
        }
        for monitor in &self.also.monitors {
            self.watches.swap_remove(&monitor.name);
            self.due.forget(&monitor.name);
        }
        self.also = also;
        self.set_stale();
        for definition in self.also.probes.clone() {
            let probed = Probed::new(definition, None);
            self.probed.insert(probed.definition.name.clone(), probed);
        }
        for definition in self.also.monitors.clone() {
            let name = definition.name.clone();
            if let Some(probed) = self.probed.get_mut(&definition.probe) {
                probed.monitors.push(name.clone());
                let watch = Watch::new(definition, now);
                due::look_again(&mut self.due, &watch, self.observer.strain, now);
                self.watches.insert(name, watch);
            }
        }
        self.probed.sort_unstable_keys();
        self.watches.sort_unstable_keys();
    }

    /// The receive connector a drill is about: the one named, else the first that is well, and
    /// before others one that nobody wants to be left alone.
    pub(crate) fn drill_connector(&self, wanted: Option<&str>) -> Option<String> {
        let doors = self.probed.values().filter_map(|probed| {
            let Target::Connector(name, _) = &probed.definition.target else {
                return None;
            };
            let judges = || self.judges(&probed.definition.name);
            let well = judges().all(|watch| watch.state.phase == HealthState::Healthy);
            let alone = judges().any(|watch| watch.overlay.is_some());
            Some((name, well, alone))
        });
        let doors: Vec<_> = doors.collect();
        let found = match wanted {
            Some(wanted) => doors
                .iter()
                .find(|(name, ..)| name.eq_ignore_ascii_case(wanted)),
            None => {
                let free = doors.iter().find(|(_, well, alone)| *well && !alone);
                free.or_else(|| doors.iter().find(|(_, well, alone)| *well || *alone))
            }
        };
        found.map(|(name, ..)| (*name).clone())
    }

    /// What a person has asked to be left alone and this drill is about: the monitor that must
    /// notice it, and the others whose case it would be.
    pub(crate) fn drill_left_alone(&self, plan: &Plan) -> Vec<LeftAlone> {
        let about = self.watches.values().filter(|watch| {
            watch.definition.name == plan.monitor || watch.definition.component == plan.component
        });
        let watched = about.filter_map(|watch| {
            let overlay = watch.overlay.clone()?;
            Some((watch.definition.name.clone(), overlay))
        });
        // What only the drill watches has no watch yet, and may have a word on its set.
        let its_own = plan.also.monitors.iter().filter_map(|one| {
            let overlay = self.overrides.overlay(&Names::of_monitor(one))?;
            Some((one.name.clone(), overlay))
        });
        watched
            .chain(its_own)
            .map(|(monitor, overlay)| LeftAlone {
                monitor,
                word: overlay.word,
                origin: overlay.origin,
                name: overlay.name,
            })
            .collect()
    }

    /// What is around the case that a drill will lead to, as far as it can be known before.
    pub(crate) fn drill_circumstances(&self, plan: &Plan) -> Circumstances {
        let sets = Names::of_component(&plan.component, &self.built);
        Circumstances {
            sets: sets.sets().to_vec(),
            of_sets: sets.sets().to_vec(),
            ..Circumstances::default()
        }
    }

    /// What speaks against a drill, as far as the engine knows.
    pub(crate) fn drill_facts(&self) -> Facts {
        // The worker judges itself after half a minute; until then its strain says as much.
        let is_new = |watch: &Watch| {
            watch.state.phase == HealthState::Unknown && watch.definition.name == OBSERVER
        };
        let unwell = self.watches.values().filter(|watch| {
            let well = matches!(
                watch.counted(),
                HealthState::Healthy | HealthState::Disabled
            );
            !well && !is_new(watch)
        });
        Facts {
            open_cases: self.cases.values().map(|case| case.id.clone()).collect(),
            unwell: unwell
                .map(|watch| (watch.definition.name.clone(), watch.state.phase))
                .collect(),
            strain: self.observer.strain,
            repair: self.settings.repair,
            ..Facts::default()
        }
    }

    /// What is to be seen of a drill that was started at `since_unix_ms`; the ledger is the
    /// caller's to add.
    pub(crate) fn drill_sight(&self, plan: &Plan, since_unix_ms: u64, now: Now) -> Sight {
        let open = self
            .cases
            .get(&plan.component)
            .map(|record| record.view(now));
        let closed = || {
            let mut newest_first = self.closed.iter().rev();
            newest_first
                .find(|case| case.component == plan.component)
                .cloned()
        };
        let case = open
            .or_else(closed)
            .filter(|case| case.first_bad_unix_ms >= since_unix_ms)
            .map(|case| (case.id, case.cause, case.steps));
        let newest = self
            .probed
            .get(&plan.monitor)
            .and_then(|probed| probed.results.newest());
        Sight {
            monitors: self
                .watches
                .values()
                .map(|watch| {
                    let definition = &watch.definition;
                    (
                        definition.name.clone(),
                        definition.component.clone(),
                        watch.state.phase,
                    )
                })
                .collect(),
            slow: newest
                .is_some_and(|result| result.unix_ms >= since_unix_ms && result.verdict == "slow"),
            case,
            ledger: Vec::new(),
        }
    }
}
