//! What the engine counts for monitoring systems: verdicts and durations of probes by kind, alerts
//! raised; and sets and monitors, each in one line.
//!
//! Never here: a judgement. Nothing that decides reads these numbers.

use std::collections::BTreeMap;

use mailward_api::view::{
    ProbeView,
    figures::{DURATION_BOUNDS_MS, HealthFigures, MonitorFigure, ProbeFigure, SetFigure},
};

use super::{
    Engine,
    view::{badness, worst},
    watch::Watch,
};
use crate::Now;

/// Kinds of probes told apart; what is beyond them is counted as `other`. There are about thirty.
const KINDS_MAX: usize = 64;
/// The kind of what is beyond them.
const OTHER: &str = "other";
/// What was found by going through every monitor is told again for so long, where none of them
/// changed, in milliseconds: whoever collects asks every few seconds.
const FIGURED_MS_MAX: u64 = 15_000;

/// What going through every monitor has found.
#[derive(Debug, Clone)]
pub(super) struct Figured {
    at: Now,
    monitors_max: usize,
    sets: Vec<SetFigure>,
    monitors: Vec<MonitorFigure>,
}

/// Counters since the worker began.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    kinds: BTreeMap<String, Kind>,
    alerts: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default)]
struct Kind {
    verdicts: BTreeMap<String, u64>,
    took_ms: u64,
    buckets: [u64; DURATION_BOUNDS_MS.len() + 1],
}

impl Tally {
    /// Counts a result.
    pub(super) fn probe(&mut self, sample: &ProbeView) {
        let kind = sample.probe.split('/').next().unwrap_or_default();
        let known = self.kinds.contains_key(kind) || self.kinds.len() < KINDS_MAX;
        let kind = if known { kind } else { OTHER };
        let counted = self.kinds.entry(kind.to_owned()).or_default();
        *counted.verdicts.entry(sample.verdict.clone()).or_default() += 1;
        if matches!(sample.verdict.as_str(), "skipped" | "probe_error") {
            // It did not run, or not to its end: how long that took says nothing about the target.
            return;
        }
        counted.took_ms = counted.took_ms.saturating_add(sample.took_ms);
        let at = DURATION_BOUNDS_MS.partition_point(|bound| *bound < sample.took_ms);
        if let Some(bucket) = counted.buckets.get_mut(at) {
            *bucket += 1;
        }
    }

    /// Counts an alert of this kind, named as in the alert's document.
    pub(super) fn alert(&mut self, kind: &impl serde::Serialize) {
        let kind = serde_json::to_value(kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or(OTHER).to_owned();
        *self.alerts.entry(kind).or_default() += 1;
    }

    fn probes(&self) -> Vec<ProbeFigure> {
        let figure = |(kind, counted): (&String, &Kind)| ProbeFigure {
            kind: kind.clone(),
            verdicts: counted.verdicts.clone().into_iter().collect(),
            took_ms: counted.took_ms,
            buckets: counted.buckets.to_vec(),
        };
        self.kinds.iter().map(figure).collect()
    }
}

impl Engine {
    /// An alert was raised.
    pub(crate) fn alert_raised(&mut self, kind: &impl serde::Serialize) {
        self.tally.alert(kind);
    }

    /// What was counted, every set, and so many monitors, the worst first. Where no monitor changed
    /// its state, the reasons told may be [`FIGURED_MS_MAX`] old.
    pub fn figures(&mut self, monitors_max: usize, now: Now) -> HealthFigures {
        let known = self.figured.take().filter(|known| {
            known.monitors_max == monitors_max && now.since(known.at) <= FIGURED_MS_MAX
        });
        let known = known.unwrap_or_else(|| self.figure(monitors_max, now));
        let omitted = self.watches.len().saturating_sub(monitors_max);
        let figures = HealthFigures {
            repair: self.settings.repair,
            sets: known.sets.clone(),
            monitors: known.monitors.clone(),
            monitors_omitted: omitted as u64,
            probes: self.tally.probes(),
            cases_open: self.cases.len() as u64,
            alerts: self.tally.alerts.clone().into_iter().collect(),
        };
        self.figured = Some(known);
        figures
    }

    /// Goes through every monitor.
    fn figure(&self, monitors_max: usize, now: Now) -> Figured {
        let mut sets: BTreeMap<&str, Vec<&Watch>> = BTreeMap::new();
        for watch in self.watches.values() {
            sets.entry(&watch.definition.set).or_default().push(watch);
        }
        let sets = sets
            .into_iter()
            .map(|(set, watches)| set_figure(set, &watches));
        let mut monitors: Vec<&Watch> = match monitors_max {
            0 => Vec::new(),
            _ => self.watches.values().collect(),
        };
        // Stable: equals stay in the order of their names.
        monitors.sort_by_key(|watch| std::cmp::Reverse(badness(watch.state.phase)));
        Figured {
            at: now,
            monitors_max,
            sets: sets.collect(),
            monitors: monitors
                .into_iter()
                .take(monitors_max)
                .map(|watch| MonitorFigure {
                    monitor: watch.definition.name.clone(),
                    set: watch.definition.set.to_owned(),
                    state: watch.state.phase,
                })
                .collect(),
        }
    }
}

fn set_figure(set: &str, watches: &[&Watch]) -> SetFigure {
    let state = worst(watches.iter().map(|watch| watch.counted()));
    let of_state = watches.iter().filter(|watch| watch.counted() == state);
    let oldest = of_state.min_by_key(|watch| watch.state.since.unix_ms);
    SetFigure {
        set: set.to_owned(),
        state,
        since_unix_ms: oldest.map_or(0, |watch| watch.state.since.unix_ms),
        because: oldest.map_or_else(String::new, |watch| {
            format!("{}: {}", watch.definition.name, watch.because)
        }),
    }
}

#[cfg(test)]
mod tests {
    use mailward_api::view::health::{Evidence, HealthState};
    use mailward_model::kind::HealthSettings;

    use super::*;

    fn sample(probe: &str, verdict: &str, took_ms: u64) -> ProbeView {
        ProbeView {
            probe: probe.to_owned(),
            unix_ms: 1,
            took_ms,
            verdict: verdict.to_owned(),
            evidence: match verdict {
                "pass" => Evidence::Good,
                "skipped" => Evidence::None,
                _ => Evidence::Bad,
            },
            text: "seen".to_owned(),
            cause: None,
            steps: Vec::new(),
            measures: Vec::new(),
        }
    }

    #[test]
    fn durations_fall_into_the_bucket_of_the_first_bound_that_holds_them() {
        let mut tally = Tally::default();
        for took_ms in [0, 1, 2, 3, 60_000, 60_001] {
            tally.probe(&sample("connector/Internet", "pass", took_ms));
        }
        tally.probe(&sample("connector/Other", "skipped", 9));
        let probes = tally.probes();
        let [connector] = probes.as_slice() else {
            panic!("{probes:?}");
        };
        assert_eq!(connector.kind, "connector");
        assert_eq!(
            connector.verdicts,
            [("pass".to_owned(), 6), ("skipped".to_owned(), 1)]
        );
        assert_eq!(connector.took_ms, 120_007);
        let expect = [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
        assert_eq!(connector.buckets, expect);
    }

    #[test]
    fn kinds_without_number_become_other() {
        let mut tally = Tally::default();
        for n in 0..1000 {
            tally.probe(&sample(&format!("kind{n}/x"), "pass", 1));
        }
        let probes = tally.probes();
        assert_eq!(probes.len(), KINDS_MAX + 1);
        let other = probes.iter().find(|kind| kind.kind == OTHER).unwrap();
        assert_eq!(
            other.verdicts,
            [("pass".to_owned(), 1000 - KINDS_MAX as u64)]
        );
    }

    #[test]
    fn the_worst_monitors_are_named_first_and_the_others_counted() {
        let now = Now {
            unix_ms: 1_000_000,
            mono_ms: 1_000_000,
        };
        let mut engine = Engine::new("mx1.example.org");
        engine.define(&[], &HealthSettings::default(), now);
        for _ in 0..3 {
            engine.observe(sample("disk", "fail", 4), now);
        }
        let all = engine.figures(1000, now);
        assert_eq!(all.monitors_omitted, 0);
        let one = engine.figures(1, now);
        assert_eq!(one.monitors_omitted, all.monitors.len() as u64 - 1);
        assert_eq!(one.monitors[0].monitor, "disk");
        let disk = one.sets.iter().find(|set| set.set == "Disk").unwrap();
        assert_eq!(disk.state, one.monitors[0].state);
        assert!(disk.because.starts_with("disk: "), "{disk:?}");
        assert!(engine.figures(0, now).monitors.is_empty());

        // Asked again, what has changed meanwhile is told.
        let store = |engine: &mut Engine| {
            let figures = engine.figures(1, now);
            let set = figures.sets.into_iter().find(|set| set.set == "Store");
            set.unwrap().state
        };
        assert_eq!(store(&mut engine), HealthState::Unknown);
        for _ in 0..4 {
            engine.observe(sample("store", "fail", 4), now);
        }
        assert!(engine.watches["store"].state.is_confirmed_bad());
        assert_eq!(store(&mut engine), engine.watches["store"].state.phase);
    }
}
