//! What a quiet engine costs: time that passes is not paid for with the number of monitors.

use mailward_api::view::{ProbeView, health::Evidence, health::HealthState};
use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{HealthSettings, Probe, ProbeTarget, ReportTarget},
    unit::Span,
};

use crate::{Now, engine::Engine};

const PROBES: u64 = 10_000;
/// Of each probe.
const INTERVAL_MS: u64 = 60_000;

fn at(mono_ms: u64) -> Now {
    Now {
        mono_ms,
        unix_ms: 1_700_000_000_000 + mono_ms,
    }
}

fn pass(engine: &mut Engine, n: u64, now: Now, evidence: Evidence) {
    let result = ProbeView {
        probe: format!("probe/p{n}"),
        unix_ms: now.unix_ms,
        took_ms: 0,
        verdict: if evidence == Evidence::Good {
            "pass"
        } else {
            "fail"
        }
        .into(),
        evidence,
        text: "seen".into(),
        cause: None,
        steps: Vec::new(),
        measures: Vec::new(),
    };
    engine.observe(result, now);
}

fn engine() -> Engine {
    let objects: Vec<Object> = (0..PROBES)
        .map(|n| Object {
            id: ObjectId(n + 1),
            name: format!("p{n}"),
            revision: Revision(1),
            spec: Spec::from(Probe::new(ProbeTarget::Report(ReportTarget::default()))),
        })
        .collect();
    let mut engine = Engine::new("mx");
    let settings = HealthSettings {
        probation: Span::from_secs(30),
        ..HealthSettings::default()
    };
    engine.define(&objects, &settings, at(0));
    engine
}

#[test]
fn nothing_is_looked_at_while_nothing_is_due() {
    let mut engine = engine();
    for n in 0..PROBES {
        pass(&mut engine, n, at(1_000), Evidence::Good);
    }
    engine.tick(at(1_001));
    let watched = |engine: &Engine| {
        let names = engine.watches.keys();
        names.filter(|name| name.starts_with("probe/")).count() as u64
    };
    assert_eq!(watched(&engine), PROBES);
    // Until the next results are missed, no monitor of these is due, and no set is gone through.
    let looks = engine.looks;
    let before = engine.swept;
    for second in 2..(2 * INTERVAL_MS / 1_000) {
        engine.tick(at(second * 1_000));
    }
    let others = engine.watches.len() as u64 - PROBES;
    assert!(
        engine.looks - looks <= others * 4,
        "{} looks in two minutes without a result",
        engine.looks - looks
    );
    assert!(engine.swept - before <= 2, "{}", engine.swept - before);
}

#[test]
fn with_every_result_in_time_a_monitor_is_looked_at_once_in_three_intervals() {
    let mut engine = engine();
    let looks = engine.looks;
    let rounds = 10;
    for round in 0..rounds {
        for n in 0..PROBES {
            let now = at(round * INTERVAL_MS + n * INTERVAL_MS / PROBES);
            pass(&mut engine, n, now, Evidence::Good);
            if n % 100 == 0 {
                engine.tick(now);
            }
        }
    }
    let each = (engine.looks - looks) as f64 / PROBES as f64;
    assert!(
        each <= rounds as f64 / 2.0,
        "{each} looks at each in {rounds} rounds"
    );
}

#[test]
fn what_falls_silent_is_noticed_all_the_same() {
    let mut engine = engine();
    pass(&mut engine, 7, at(1_000), Evidence::Good);
    let phase = |engine: &Engine| engine.watches["probe/p7"].state.phase;
    for second in 1..180 {
        engine.tick(at(second * 1_000));
    }
    assert_eq!(phase(&engine), HealthState::Healthy);
    for second in 180..220 {
        engine.tick(at(second * 1_000));
    }
    assert_eq!(phase(&engine), HealthState::Unavailable);
    // A trouble that is over: its probation ends by time alone.
    let phase = |engine: &Engine| engine.watches["probe/p8"].state.phase;
    for second in 220..224 {
        pass(&mut engine, 8, at(second * 1_000), Evidence::Bad);
    }
    assert_eq!(
        phase(&engine),
        HealthState::Unrecoverable,
        "it has no stage"
    );
    for second in 224..226 {
        pass(&mut engine, 8, at(second * 1_000), Evidence::Good);
    }
    assert_eq!(phase(&engine), HealthState::Recovering);
    for second in 226..260 {
        engine.tick(at(second * 1_000));
    }
    assert_eq!(phase(&engine), HealthState::Healthy);
}
