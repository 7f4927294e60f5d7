//! What is around a case: what its component depends on, a storm on this node, overlays, how fresh
//! its evidence must be. The guard judges it.

use std::collections::BTreeMap;

use mailward_api::view::repair::Circumstances;
use mailward_events::Event;

use super::{Engine, Order, ladder, record::Record};
use crate::{
    Now,
    alert::AlertKind,
    storm::{Change, SetNow},
};

/// How often it is looked whether there is a storm, in milliseconds; besides, as soon as a monitor
/// is confirmed bad. There may be ten thousand monitors.
const LOOK_MS: u64 = 1_000;

impl Engine {
    /// What the guard must know around this case.
    pub(super) fn circumstances(&self, record: &Record) -> Circumstances {
        let mut sets = Vec::new();
        let mut overlays = Vec::new();
        let mut fresh_ms = None;
        for (watch, _) in self.watched(&record.monitors) {
            let definition = &watch.definition;
            if watch.is_overridden() {
                overlays.push(format!("{}: {}", definition.name, watch.because));
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
        Circumstances {
            sets,
            bad_dependencies,
            storm: self.storm.key().map(str::to_owned),
            overlays,
            strain: self.observer.strain,
            fresh_ms,
        }
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
        let mut sets: BTreeMap<&str, SetNow> = BTreeMap::new();
        for watch in self.watches.values() {
            let set = &watch.definition.set;
            let now = sets.entry(set).or_insert_with(|| SetNow {
                set: set.clone(),
                bad: false,
                class: None,
            });
            if watch.state.is_confirmed_bad() {
                now.bad = true;
                if now.class.is_none() {
                    let probed = self.probed.get(&watch.definition.probe);
                    now.class = probed.and_then(|probed| probed.results.class().flatten());
                }
            }
        }
        let sets: Vec<SetNow> = sets.into_values().collect();
        let mut orders = Vec::new();
        match self.storm.look(&sets, now) {
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
}
