//! The engine: results in, orders out. It holds every monitor and every open case of this node,
//! and does nothing itself: what is to be done is returned as [`Order`]s, which [`crate::worker`]
//! carries out. Time is an input, so that a bad day can be played in a test within a moment.
//!
//! Invariant: one open case per component, and every act in it goes through the manager.

mod case;
pub mod definition;
mod drill;
mod due;
mod figures;
mod group;
mod items;
pub mod ladder;
mod measured;
mod named;
mod order;
mod overlay;
mod record;
mod rehearse;
mod results;
#[cfg(test)]
mod simulation;
mod story;
mod view;
mod watch;
mod weather;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
};

use indexmap::IndexMap;
use mailward_api::view::{
    CaseView, HealthEdge, ProbeView, RepairAct,
    health::{Evidence, HealthState},
    repair::Carried,
};
use mailward_events::Event;
use mailward_model::{Object, ObjectId, Revision, kind::HealthSettings};

pub use order::{Answer, Order};
pub(crate) use record::SavedCase;
pub(crate) use view::worst;

use self::{
    definition::{OBSERVER, ProbeDefinition, Watched},
    due::Due,
    record::Record,
    results::Results,
    watch::{Change, Watch},
};
use crate::{
    Now,
    monitor::Input,
    observer::{Observer, Window},
    overrides::Overrides,
    probe::Verdict,
    storm::{SetNow, Storm},
};

/// State changes kept in memory.
const EDGES_MAX: usize = 256;
/// How often open cases are looked at, in milliseconds, and how many of them that often.
const CASES_MS: u64 = 100;
const CASES_AT_ONCE: usize = 100;
/// Closed cases kept in memory; the others are read from the file.
const CLOSED_MAX: usize = 32;

/// A probe, its results, and the names of the monitors that judge them.
#[derive(Debug, Clone)]
struct Probed {
    definition: Arc<ProbeDefinition>,
    /// Whose silence it would be if it timed out.
    subject: String,
    results: Results,
    monitors: Vec<String>,
}

impl Probed {
    /// A probe that nobody judges yet, with the results that are there already.
    fn new(definition: ProbeDefinition, results: Option<Results>) -> Probed {
        Probed {
            subject: definition.subject(),
            results: results.unwrap_or_else(|| Results::of(&definition.name)),
            monitors: Vec::new(),
            definition: Arc::new(definition),
        }
    }
}

/// Monitors, cases and what happened, of one node.
///
/// Invariant: the probe of every watch is among the probes.
#[derive(Debug, Clone)]
pub struct Engine {
    node: String,
    settings: HealthSettings,
    /// What the definitions are made from.
    objects: Vec<Object>,
    /// Objects of which nothing is watched, in safe mode.
    aside: Vec<Object>,
    /// What is watched without overrides.
    built: definition::Watched,
    overrides: Overrides,
    /// Overrides whose removal was ordered.
    ended: BTreeSet<(ObjectId, Revision)>,
    /// Overrides that were told to match nothing.
    unmatched: BTreeSet<String>,
    /// Components about whose flapping a person was told.
    flapping_told: BTreeSet<String>,
    /// The hour up to which trends were saved.
    saved_hour: u64,
    /// By name and in the order of names, as the watches are: each result looks them up several
    /// times, and there may be ten thousand.
    probed: IndexMap<String, Probed>,
    watches: IndexMap<String, Watch>,
    /// What is watched besides, for a drill.
    also: Watched,
    cases: BTreeMap<String, Record>,
    closed: VecDeque<CaseView>,
    edges: VecDeque<HealthEdge>,
    observer: Observer,
    due: Due,
    /// When the open cases are to be looked at next, monotonic milliseconds.
    cases_due_ms: u64,
    /// The resolvers that this node asks.
    resolvers: Vec<SocketAddr>,
    storm: Storm,
    /// The health sets as they were looked at last, and whether a monitor has changed since.
    sets_now: Vec<SetNow>,
    sets_stale: bool,
    /// How often a monitor was looked at because time had passed, and all of them for their sets.
    looks: u64,
    swept: u64,
    /// When it is looked whether there is a storm, monotonic milliseconds.
    weather_due_ms: u64,
    /// The stage that cured a failure last time, by [`case::signature`].
    cures: BTreeMap<String, u8>,
    probes: u64,
    probes_failed: u64,
    probes_skipped: u64,
    tally: figures::Tally,
    /// What monitoring systems were told of the monitors, until one of them changes.
    figured: Option<figures::Figured>,
}

impl Engine {
    /// An engine of the node of this name that watches nothing yet.
    pub fn new(node: &str) -> Self {
        Engine {
            node: node.to_owned(),
            settings: HealthSettings::default(),
            objects: Vec::new(),
            aside: Vec::new(),
            built: definition::Watched::default(),
            overrides: Overrides::default(),
            ended: BTreeSet::new(),
            unmatched: BTreeSet::new(),
            flapping_told: BTreeSet::new(),
            saved_hour: 0,
            probed: IndexMap::new(),
            watches: IndexMap::new(),
            also: Watched::default(),
            cases: BTreeMap::new(),
            closed: VecDeque::new(),
            edges: VecDeque::new(),
            observer: Observer::default(),
            due: Due::default(),
            cases_due_ms: 0,
            resolvers: Vec::new(),
            storm: Storm::default(),
            sets_now: Vec::new(),
            sets_stale: true,
            looks: 0,
            swept: 0,
            weather_due_ms: 0,
            cures: BTreeMap::new(),
            probes: 0,
            probes_failed: 0,
            probes_skipped: 0,
            tally: figures::Tally::default(),
            figured: None,
        }
    }

    /// Asks these resolvers too, from the next definition on.
    #[must_use]
    pub fn with_resolvers(mut self, resolvers: Vec<SocketAddr>) -> Self {
        self.resolvers = resolvers;
        self
    }

    /// How far the worker doubts itself.
    pub fn strain(&self) -> u32 {
        self.observer.strain
    }

    /// Watches what these objects ask for. Monitors that stay keep their state.
    pub fn define(
        &mut self,
        objects: &[Object],
        settings: &HealthSettings,
        now: Now,
    ) -> Vec<Order> {
        self.settings = settings.clone();
        self.keep_objects(objects);
        let mut orders = self.redefine(now);
        orders.extend(self.tick(now));
        orders
    }

    /// This node's name.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The settings in force.
    pub fn settings(&self) -> &HealthSettings {
        &self.settings
    }

    /// Every probe.
    pub fn probes(&self) -> impl Iterator<Item = &ProbeDefinition> {
        self.probed.values().map(|probed| &*probed.definition)
    }

    /// What one probe looks at.
    pub fn probe(&self, name: &str) -> Option<&Arc<ProbeDefinition>> {
        self.probed.get(name).map(|probed| &probed.definition)
    }

    /// The monitors of a probe.
    fn judges(&self, probe: &str) -> impl Iterator<Item = &Watch> {
        let names = self.probed.get(probe).map(|probed| &probed.monitors);
        names
            .into_iter()
            .flatten()
            .filter_map(|name| self.watches.get(name))
    }

    /// Monitors by name, each with the results it judges.
    fn watched<'a>(
        &'a self,
        names: impl IntoIterator<Item = &'a String>,
    ) -> impl Iterator<Item = (&'a Watch, &'a Results)> {
        names.into_iter().filter_map(|name| {
            let watch = self.watches.get(name)?;
            let probed = self.probed.get(&watch.definition.probe)?;
            Some((watch, &probed.results))
        })
    }

    /// Whether a probe may run now, or why not: it is switched off, or what it needs is not well,
    /// so that its result would say nothing about its own target.
    pub fn may_run(&self, name: &str) -> Result<(), String> {
        let Some(probed) = self.probed.get(name) else {
            return Err("nothing of this name is watched any more".to_owned());
        };
        let mut judges = self.judges(name).peekable();
        let off = judges.peek().map(|watch| watch.because.clone());
        if let Some(because) = off
            && judges.all(Watch::is_overridden)
        {
            return Err(because);
        }
        let needs = probed.definition.needs.as_ref();
        match needs.and_then(|needs| self.watches.get(needs)) {
            Some(other)
                if !other.state.is_good()
                    && !matches!(
                        other.state.phase,
                        HealthState::Unknown | HealthState::Disabled
                    ) =>
            {
                Err(format!(
                    "{} is {}",
                    other.definition.name,
                    other.state.phase.word()
                ))
            }
            _ => Ok(()),
        }
    }

    /// Whether a person has switched off everything that judges this probe.
    pub fn is_switched_off(&self, probe: &str) -> bool {
        let mut judges = self.judges(probe).peekable();
        judges.peek().is_some() && judges.all(Watch::is_overridden)
    }

    /// The worker's timers ran so late.
    pub fn lag(&mut self, late_ms: u64) {
        self.observer.lag(late_ms);
    }

    /// Takes a probe's result in.
    pub fn observe(&mut self, mut sample: ProbeView, now: Now) -> Vec<Order> {
        let mut orders = Vec::new();
        // No monitor looks at them: they are kept with the result, and copied for a case alone.
        let steps = Arc::new(std::mem::take(&mut sample.steps));
        let overload = sample.verdict == "skipped" && sample.cause.as_deref() == Some("overload");
        self.observer.probe(overload);
        self.tally.probe(&sample);
        self.probes += 1;
        self.probes_failed += u64::from(sample.evidence == Evidence::Bad);
        self.probes_skipped += u64::from(sample.verdict == "skipped");
        if sample.verdict == "probe_error" {
            self.observer
                .impaired(&format!("{}: {}", sample.probe, sample.text));
            orders.push(Order::Emit(Event::ProbeImpaired {
                probe: sample.probe.clone(),
                problem: sample.text.clone(),
            }));
        }
        let strain = self.observer.strain;
        let Some(probed) = self.probed.get_mut(&sample.probe) else {
            return orders;
        };
        if sample.evidence != Evidence::None {
            let timed_out = sample.verdict == Verdict::Timeout.as_str();
            self.observer.answer(&probed.subject, timed_out);
        }
        probed.results.push(&sample, &steps, now);
        for name in probed.monitors.clone() {
            let Some(watch) = self.watches.get_mut(&name) else {
                continue;
            };
            let component = watch.definition.component.clone();
            let flapped = watch.state.flapping;
            let change = watch.observe(&sample, strain, now);
            orders.extend(watch.flaps(flapped).map(Order::Emit));
            due::look_again(&mut self.due, watch, strain, now);
            // A bad one may name another cause now.
            if watch.state.is_confirmed_bad() {
                self.sets_stale = true;
                self.figured = None;
            }
            if let Some(record) = self.cases.get_mut(&component)
                && record.monitors.contains(&name)
                && sample.evidence != Evidence::None
            {
                record.sample(ProbeView {
                    steps: steps.to_vec(),
                    ..sample.clone()
                });
            }
            if let Some(change) = change {
                orders.extend(self.changed(&name, change, now));
            }
            orders.extend(self.drive(&component, crate::case::Input::Tick, now));
        }
        orders
    }

    /// Lets time pass: what is due is ordered.
    pub fn tick(&mut self, now: Now) -> Vec<Order> {
        let mut orders = Vec::new();
        if let Some(window) = self.observer.tick(now) {
            orders.extend(self.judge_self(&window, now));
        }
        let strain = self.observer.strain;
        let mut changes = Vec::new();
        if self.overrides.ends_by(now.unix_ms) {
            orders.extend(self.redefine(now));
            orders.push(Order::Reschedule);
        }
        if self.hour_began(now) {
            orders.push(Order::SaveHours);
        }
        while let Some(name) = self.due.take(now.mono_ms) {
            let Some(watch) = self.watches.get_mut(name.as_ref()) else {
                continue;
            };
            self.looks += 1;
            if let Some(change) = watch.step(Input::Tick, strain, now) {
                changes.push((name.clone(), change));
            }
            if watch.recheck_ms.is_some_and(|due| due <= now.mono_ms) {
                watch.recheck_ms = None;
                orders.push(Order::Probe(watch.definition.probe.clone()));
            }
            due::look_again(&mut self.due, watch, strain, now);
        }
        for (name, change) in changes {
            orders.extend(self.changed(&name, change, now));
        }
        orders.extend(self.look_at_weather(now));
        if now.mono_ms < self.cases_due_ms && !self.cases.is_empty() {
            return orders;
        }
        // Many open cases are looked at less often: together they may not cost more.
        let many = (self.cases.len() / CASES_AT_ONCE) as u64;
        self.cases_due_ms = now.mono_ms + CASES_MS * (1 + many);
        let components: Vec<String> = self.cases.keys().cloned().collect();
        for component in components {
            orders.extend(self.drive(&component, crate::case::Input::Tick, now));
        }
        orders
    }

    /// Takes in how the worker itself did.
    fn judge_self(&mut self, window: &Window, now: Now) -> Vec<Order> {
        let (lag_ms, skipped) = (window.lag_ms, window.skipped);
        let (verdict, evidence, text) = if window.overloaded {
            let mut text = format!("it was {lag_ms} ms late and skipped {skipped} probes");
            if window.silent > 0 {
                let (silent, subjects) = (window.silent, window.subjects);
                text.push_str(&format!(
                    "; of {subjects} unrelated targets {silent} were silent"
                ));
            }
            ("fail", Evidence::Bad, text)
        } else if window.impaired > 0 {
            let text = format!(
                "{} probes could not be carried out: {}",
                window.impaired, window.problem
            );
            ("fail", Evidence::Bad, text)
        } else {
            (
                "pass",
                Evidence::Good,
                format!("all probes ran, at most {lag_ms} ms late"),
            )
        };
        let mut orders = self.observe(
            ProbeView {
                probe: OBSERVER.to_owned(),
                unix_ms: now.unix_ms,
                took_ms: 0,
                verdict: verdict.to_owned(),
                evidence,
                text,
                cause: None,
                steps: Vec::new(),
                measures: Vec::new(),
            },
            now,
        );
        if window.overloaded {
            orders.push(Order::Emit(Event::ObserverOverloaded { lag_ms, skipped }));
        }
        orders
    }

    /// Takes up what an earlier worker saw, oldest first.
    pub(crate) fn remember(&mut self, edges: Vec<HealthEdge>) {
        for edge in edges {
            self.keep(edge);
        }
    }

    /// A monitor changed its state: keep it, tell it, open a case where it is confirmed bad.
    fn changed(&mut self, name: &str, change: Change, now: Now) -> Vec<Order> {
        let Some(watch) = self.watches.get(name) else {
            return Vec::new();
        };
        let component = watch.definition.component.clone();
        // Held by a person: judged and shown, and nothing follows.
        let confirmed = watch.state.is_confirmed_bad() && watch.overlay.is_none();
        self.set_stale();
        let mut orders = Vec::new();
        if confirmed {
            self.weather_due_ms = now.mono_ms;
            orders.extend(self.join(name, &component, &change.because, now));
        }
        let case = self
            .cases
            .get_mut(&component)
            .filter(|r| r.monitors.contains(name));
        let case = case.map(|record| {
            let (from, to) = (change.from.word(), change.to.word());
            let text = format!("{name} went from {from} to {to}: {}", change.because);
            record.step(now, "state", text, Vec::new(), None);
            record.id.clone()
        });
        orders.extend(self.tell(name, &component, change, case, now));
        orders
    }

    /// A monitor has changed: what was found by going through all of them is looked for anew.
    fn set_stale(&mut self) {
        self.sets_stale = true;
        self.figured = None;
    }

    /// Keeps a change of state and orders it told.
    fn tell(
        &mut self,
        name: &str,
        component: &str,
        change: Change,
        case: Option<String>,
        now: Now,
    ) -> Vec<Order> {
        let edge = HealthEdge {
            unix_ms: now.unix_ms,
            subject: name.to_owned(),
            from: change.from.word().to_owned(),
            to: change.to.word().to_owned(),
            because: change.because.clone(),
            case,
        };
        self.keep(edge.clone());
        let mut orders = vec![Order::Edge(edge)];
        // A first doubt, and what turns out well at once, are for the history alone.
        let quiet = |state: HealthState| {
            matches!(
                state,
                HealthState::Unknown | HealthState::Healthy | HealthState::Suspect
            )
        };
        if !(quiet(change.from) && quiet(change.to)) {
            orders.push(Order::Emit(Event::MonitorStateChanged {
                monitor: name.to_owned(),
                component: component.to_owned(),
                from: change.from.word().to_owned(),
                to: change.to.word().to_owned(),
                because: change.because,
            }));
        }
        orders
    }

    fn keep(&mut self, edge: HealthEdge) {
        if self.edges.len() == EDGES_MAX {
            self.edges.pop_front();
        }
        self.edges.push_back(edge);
    }

    /// The open cases, for a worker that is started after this one.
    pub(crate) fn save(&self, now: Now) -> Vec<SavedCase> {
        self.cases.values().map(|record| record.save(now)).collect()
    }

    /// Takes up the cases an earlier worker left open. Those of components that are not watched any
    /// more are dropped.
    pub(crate) fn resume(&mut self, saved: Vec<SavedCase>, now: Now) {
        for case in saved {
            let component = case.component().to_owned();
            let ladder = self.ladder(&component);
            let mut record = Record::resume(case, ladder, now);
            record
                .monitors
                .retain(|name| self.watches.contains_key(name));
            for name in &record.monitors {
                let Some(watch) = self.watches.get_mut(name) else {
                    continue;
                };
                let of_it = |sample: &&ProbeView| sample.probe == watch.definition.probe;
                if let Some(last) = record.samples.iter().rev().find(of_it) {
                    watch.take_up(last, now);
                    due::look_again(&mut self.due, watch, self.observer.strain, now);
                }
            }
            if !record.monitors.is_empty() {
                self.set_stale();
                self.cases.insert(component, record);
            }
        }
    }

    /// What is remembered of cures, for a worker that is started after this one.
    pub(crate) fn cures(&self) -> &BTreeMap<String, u8> {
        &self.cures
    }

    /// Takes up what an earlier worker remembered of cures.
    pub(crate) fn remember_cures(&mut self, cures: BTreeMap<String, u8>) {
        self.cures = cures;
    }

    /// How carrying out an act went, as the manager says.
    pub fn carried(&mut self, case: &str, how: &Carried, now: Now) -> Vec<Order> {
        self.carried_out(case, how, now)
    }

    /// The answer of the manager to a proposal.
    pub fn answer(&mut self, case: &str, act: &RepairAct, answer: Answer, now: Now) -> Vec<Order> {
        self.answered(case, act, answer, now)
    }
}
