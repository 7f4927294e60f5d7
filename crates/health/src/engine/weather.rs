//! What is around a case: what its component depends on, a storm on this node, overlays, how fresh
//! its evidence must be. The guard judges it.

use std::collections::BTreeMap;

use mailward_api::view::{RepairAct, repair::Circumstances};
use mailward_events::Event;

use super::{Engine, Order, ladder, record::Record};
use crate::{
    Now,
    alert::AlertKind,
    overrides::Names,
    storm::{Change, SetNow},
};

/// How often it is looked whether there is a storm, in milliseconds; besides, as soon as a monitor
/// is confirmed bad. There may be ten thousand monitors: they are gone through only after one of
/// them has changed.
const LOOK_MS: u64 = 1_000;

impl Engine {
    /// What the guard must know around this case.
    pub(super) fn circumstances(&self, record: &Record) -> Circumstances {
        let mut sets = Vec::new();
        let mut overlays = Vec::new();
        let mut flapping = Vec::new();
        let mut fresh_ms = None;
        for (watch, _) in self.watched(&record.monitors) {
            let definition = &watch.definition;
            if let Some(overlay) = &watch.overlay {
                overlays.push(format!(
                    "{} is under {}: {}",
                    definition.name, overlay.word, overlay.origin
                ));
            }
            if watch.state.flapping && !watch.is_off() {
                flapping.push(definition.name.clone());
            }
            if !watch.state.is_confirmed_bad() {
                continue;
            }
            if !sets.contains(&definition.set) {
                sets.push(definition.set.clone());
            }
            let rule = &definition.rule;
            let fresh = rule
                .interval_ms
                .saturating_mul(2)
                .saturating_add(rule.timeout_ms);
            fresh_ms = fresh_ms.max(Some(fresh));
        }
        let bad_dependencies = ladder::depends_on(&record.component)
            .iter()
            .filter(|on| **on != record.component && self.is_sick(on))
            .map(|on| (*on).to_owned())
            .collect();
        let names = Names::of_component(&record.component, &self.built);
        Circumstances {
            sets,
            of_sets: names.sets().to_vec(),
            bad_dependencies,
            storm: self.storm.key().map(str::to_owned),
            overlays,
            steady_stage_max: (!flapping.is_empty()).then(|| self.proven_stage(&record.component)),
            flapping,
            strain: self.observer.strain,
            fresh_ms,
        }
    }

    /// The stage that has worked for a component last, or the mildest restart where none is known:
    /// while its monitors flap, nothing harder is tried.
    fn proven_stage(&self, component: &str) -> u8 {
        let of_component = self
            .closed
            .iter()
            .rev()
            .filter(|case| case.component == component);
        let worked = of_component
            .filter_map(|case| case.solved_by.as_ref())
            .next();
        worked.map_or(1, RepairAct::stage).max(1)
    }

    /// True where a monitor of the component is confirmed bad.
    fn is_sick(&self, component: &str) -> bool {
        self.watches
            .values()
            .any(|watch| watch.definition.component == component && watch.state.is_confirmed_bad())
    }

    /// Looks whether much of this node has turned bad at one time, or that is over.
    pub(super) fn look_at_weather(&mut self, now: Now) -> Vec<Order> {
        if now.mono_ms < self.weather_due_ms {
            return Vec::new();
        }
        self.weather_due_ms = now.mono_ms + LOOK_MS;
        if std::mem::take(&mut self.sets_stale) {
            self.swept += 1;
            self.sets_now = self.look_at_sets();
        }
        let mut orders = Vec::new();
        match self.storm.look(&self.sets_now, now) {
            None => {}
            Some(Change::Ended { key }) => orders.push(Order::Emit(Event::StormHoldEnded { key })),
            Some(Change::Began { key, sets }) => {
                orders.push(Order::Emit(Event::StormHoldBegan {
                    key: key.clone(),
                    sets: sets
                        .iter()
                        .collect::<Vec<_>>()
                        .into_iter()
                        .cloned()
                        .collect(),
                }));
                orders.push(Order::LiftHolds(key.clone()));
                let text = format!(
                    "most of this node turned bad within a minute ({key}): {}; acts beyond a component's restart wait",
                    sets.join(", ")
                );
                // One page: of the case that has been open longest.
                let oldest = self
                    .cases
                    .values()
                    .min_by_key(|record| record.state.first_bad.mono_ms)
                    .map(|record| record.component.clone());
                if let Some(mut record) = oldest.and_then(|component| self.cases.remove(&component))
                {
                    self.alert(&mut record, AlertKind::NeedsPerson, &text, now, &mut orders);
                    self.cases.insert(record.component.clone(), record);
                }
            }
        }
        orders
    }

    /// Goes through every monitor.
    fn look_at_sets(&self) -> Vec<SetNow> {
        let mut sets: BTreeMap<&str, SetNow> = BTreeMap::new();
        for watch in self.watches.values() {
            let set = &watch.definition.set;
            let now = sets.entry(set).or_insert_with(|| SetNow {
                set: set.clone(),
                bad: false,
                class: None,
            });
            // What a person is at work on is no part of a storm.
            if watch.state.is_confirmed_bad() && !watch.is_off() {
                now.bad = true;
                if now.class.is_none() {
                    let probed = self.probed.get(&watch.definition.probe);
                    now.class = probed.and_then(|probed| probed.results.class().flatten());
                }
            }
        }
        sets.into_values().collect()
    }
}
