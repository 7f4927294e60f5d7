//! Components that say nothing: a probe of one takes all of its time, as against one that answers wrong.

use mailward_api::view::health::Evidence;

use super::{World, world::Fault};

impl World {
    /// A component accepts and never answers, until an act of this stage or a harder one.
    pub(super) fn wedge(&mut self, component: &str, cured_by: u8) {
        let fault = Fault {
            cured_by: Some(cured_by),
            class: None,
            silent: true,
        };
        self.faults.insert(component.into(), fault);
    }

    /// Runs a probe: its result comes at once, or at its time limit where the component is silent.
    pub(super) fn run(&mut self, name: &str, forced: bool) {
        let component = self.component_of(name).unwrap_or_default();
        let is_silent = self
            .faults
            .get(&component)
            .is_some_and(|fault| fault.silent);
        if is_silent && (forced || self.engine.may_run(name).is_ok()) {
            let limit_ms = self.engine.probe(name).map_or(0, |one| one.timeout_ms);
            let waits = (self.at_ms + limit_ms, limit_ms);
            self.waiting.entry(name.to_owned()).or_insert(waits);
            return;
        }
        let sample = self.probe(name, forced);
        let now = self.now();
        let orders = self.engine.observe(sample, now);
        self.obey(orders);
    }

    /// Ends the probes whose time is over.
    pub(super) fn hear_silence(&mut self) {
        let over = self.waiting.iter().filter(|(_, (at, _))| *at <= self.at_ms);
        let over: Vec<(String, u64)> = over
            .map(|(name, (_, limit_ms))| (name.clone(), *limit_ms))
            .collect();
        for (name, limit_ms) in over {
            self.waiting.remove(&name);
            // What was mended meanwhile has answered.
            let mut sample = self.probe(&name, true);
            if sample.evidence == Evidence::Bad {
                (sample.verdict, sample.took_ms) = ("timeout".to_owned(), limit_ms);
            }
            let now = self.now();
            let orders = self.engine.observe(sample, now);
            self.obey(orders);
        }
    }
}
