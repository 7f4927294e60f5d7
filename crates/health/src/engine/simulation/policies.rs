//! How the probe objects of people are judged: each policy from the text of its object through the
//! engine to a state, a case, and a person who is told.

use mailward_api::view::{
    ProbeView,
    health::{Evidence, HealthState, Measure},
};
use mailward_model::{Object, ObjectId, Revision, Spec, kind::HealthSettings, kind::Probe};

use crate::{
    Now,
    engine::{Engine, Order},
};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const NAME: &str = "probe/watched";

/// An engine that watches one object, and the time it lives in.
struct Story {
    engine: Engine,
    object: Object,
    now: Now,
    told: Vec<String>,
}

impl Story {
    /// `object` is what stands in it beside the target of a program or a report.
    fn of(target: &str, policy: &str, interval: &str) -> Story {
        let json = format!(r#"{{"target":{target},"policy":{policy},"interval":"{interval}"}}"#);
        let probe: Probe = serde_json::from_str(&json).unwrap();
        assert!(mailward_model::object::Validate::validate(&probe).is_empty());
        let object = Object {
            id: ObjectId(1),
            name: "watched".into(),
            revision: Revision(1),
            spec: Spec::from(probe),
        };
        let now = Now {
            mono_ms: DAY_MS,
            unix_ms: 1_800_000_000_000,
        };
        let mut story = Story {
            engine: Engine::new("mx"),
            object,
            now,
            told: Vec::new(),
        };
        story.define();
        story
    }

    fn program(policy: &str) -> Story {
        Story::program_every("1m", policy)
    }

    fn program_every(interval: &str, policy: &str) -> Story {
        let target = r#"{"command":{"command":["/bin/true"]}}"#;
        Story::of(target, policy, interval)
    }

    fn report(policy: &str) -> Story {
        let story = Story::of(r#"{"report":{}}"#, policy, "1m");
        let timed = story.engine.probe(NAME).unwrap().is_timed();
        assert!(!timed, "what is heard alone is not run by the clock");
        story
    }

    fn define(&mut self) {
        let settings = HealthSettings::default();
        let objects = [self.object.clone()];
        let orders = self.engine.define(&objects, &settings, self.now);
        self.hear(orders);
    }

    fn hear(&mut self, orders: Vec<Order>) {
        for order in orders {
            if let Order::Alert(alert) = order
                && alert.component == NAME
            {
                self.told.push(alert.text);
            }
        }
    }

    /// Lets time pass, a second at a time where that is not too long.
    fn pass(&mut self, ms: u64) {
        let step = (ms / 600).clamp(1_000, MINUTE_MS);
        let end = self.now.mono_ms + ms;
        while self.now.mono_ms < end {
            let step = step.min(end - self.now.mono_ms);
            self.now.mono_ms += step;
            self.now.unix_ms += step;
            let orders = self.engine.tick(self.now);
            self.hear(orders);
        }
    }

    /// A result, with the time its probe took and what it measured.
    fn sees(&mut self, evidence: Evidence, took_ms: u64, measured: Option<i64>) {
        let verdict = match evidence {
            Evidence::Good => "pass",
            Evidence::Bad => "fail",
            Evidence::None => "skipped",
        };
        let measures = measured.map(|value| Measure {
            name: "depth".into(),
            value,
        });
        let view = ProbeView {
            probe: NAME.into(),
            unix_ms: self.now.unix_ms,
            took_ms,
            verdict: verdict.into(),
            evidence,
            text: "seen".into(),
            cause: None,
            steps: Vec::new(),
            measures: measures.into_iter().collect(),
        };
        let orders = self.engine.observe(view, self.now);
        self.hear(orders);
    }

    /// So many results, a minute from each other.
    fn minutes(&mut self, count: u64, evidence: Evidence, took_ms: u64, measured: Option<i64>) {
        for _ in 0..count {
            self.pass(MINUTE_MS);
            self.sees(evidence, took_ms, measured);
        }
    }

    fn state(&self) -> HealthState {
        self.engine.watches[NAME].state.phase
    }

    fn is_bad(&self) -> bool {
        self.engine.watches[NAME].state.is_confirmed_bad()
    }

    /// It is bad, a case is open, and a person was told, in these words.
    #[track_caller]
    fn is_told(&self, words: &str) {
        assert!(self.is_bad(), "{:?}", self.state());
        let edges = self.engine.edges.iter();
        let says: Vec<_> = edges.map(|edge| edge.because.as_str()).collect();
        assert!(
            says.iter().any(|text| text.contains(words)),
            "{says:?} of {words}"
        );
        assert!(self.engine.cases.contains_key(NAME));
        assert!(!self.told.is_empty(), "nobody was told");
    }

    /// It is well again, and its case is over after probation.
    #[track_caller]
    fn is_over(&mut self) {
        assert_eq!(self.state(), HealthState::Recovering);
        self.pass(11 * MINUTE_MS);
        assert_eq!(self.state(), HealthState::Healthy);
        assert!(self.engine.cases.is_empty());
    }
}

use Evidence::{Bad, Good};

#[test]
fn a_share_of_what_came_within_a_window() {
    let mut story = Story::program(r#"{"percent":{"bad_percent":40,"window":"10m"}}"#);
    story.minutes(10, Good, 5, None);
    // Never two in a row, and less than 40 of a hundred.
    for _ in 0..5 {
        story.minutes(1, Bad, 5, None);
        story.minutes(2, Good, 5, None);
    }
    assert!(!story.is_bad(), "{:?}", story.state());
    for _ in 0..5 {
        story.minutes(1, Bad, 5, None);
        story.minutes(1, Good, 5, None);
    }
    story.minutes(1, Bad, 5, None);
    story.is_told("the limit is 40 %");
    story.minutes(12, Good, 5, None);
    assert!(!story.is_bad());
}

#[test]
fn a_percentile_of_the_time_it_takes() {
    let policy = r#"{"latency":{"over":"1s","percentile":90,"window":"20m","at_least":20}}"#;
    let mut story = Story::program(policy);
    // Two slow ones of twenty are within the percentile.
    story.minutes(18, Good, 100, None);
    story.minutes(2, Good, 3_000, None);
    assert!(!story.is_bad(), "{:?}", story.state());
    story.minutes(2, Good, 3_000, None);
    story.is_told("percentile 90 of");
    story.minutes(23, Good, 100, None);
    assert!(!story.is_bad());
}

#[test]
fn a_percentile_of_what_it_measures() {
    let policy = r#"{"latency":{"measure":"depth","over":"1s","at_least":5}}"#;
    let mut story = Story::program(policy);
    story.minutes(5, Good, 5_000, Some(10));
    assert_eq!(
        story.state(),
        HealthState::Healthy,
        "how long it took says nothing"
    );
    story.minutes(5, Good, 5, Some(1_500));
    story.is_told("is 1500 ms, the limit is 1000 ms");
}

#[test]
fn a_measure_beyond_a_limit_for_some_time() {
    let policy = r#"{"threshold":{"measure":"depth","above":100,"for":"5m"}}"#;
    let mut story = Story::program(policy);
    story.minutes(3, Good, 5, Some(100));
    assert_eq!(story.state(), HealthState::Healthy);
    story.minutes(3, Good, 5, Some(101));
    assert_eq!(story.state(), HealthState::Suspect, "not for long enough");
    story.minutes(4, Good, 5, Some(150));
    story.is_told("above 100");
    story.minutes(2, Good, 5, Some(90));
    assert_eq!(story.state(), HealthState::Recovering);
    let mut low = Story::program(r#"{"threshold":{"measure":"depth","below":10}}"#);
    low.minutes(1, Good, 5, Some(10));
    assert_eq!(low.state(), HealthState::Healthy);
    low.minutes(1, Good, 5, Some(9));
    low.is_told("below 10");
}

#[test]
fn a_measure_that_will_be_down_soon() {
    let policy = r#"{"trend":{"measure":"depth","floor":0,"days_left":7}}"#;
    let mut story = Story::program_every("15m", policy);
    // Over two days it falls by a hundred an hour: ten days are left, then six.
    let mut left = 30_000;
    for _ in 0..60 {
        left -= 100;
        for _ in 0..4 {
            story.pass(HOUR_MS / 4);
            story.sees(Good, 5, Some(left));
        }
    }
    assert!(!story.is_bad(), "{left}");
    for _ in 0..90 {
        left -= 100;
        for _ in 0..4 {
            story.pass(HOUR_MS / 4);
            story.sees(Good, 5, Some(left));
        }
    }
    story.is_told("days until 0, the limit is 7");
}

#[test]
fn a_report_that_does_not_come() {
    let policy = r#"{"absence":{"expected_every":"1d","grace":"1h"}}"#;
    let mut story = Story::report(policy);
    story.sees(Good, 0, None);
    assert_eq!(story.state(), HealthState::Healthy);
    story.pass(25 * HOUR_MS);
    assert_eq!(
        story.state(),
        HealthState::Healthy,
        "it may be an hour late"
    );
    // A look by a person is no report.
    story.sees(Evidence::None, 0, None);
    story.pass(MINUTE_MS);
    story.is_told("no result for 1d1h");
    // Late is better than never, and what it says is another monitor's to judge.
    story.sees(Bad, 0, None);
    story.is_over();
    // One that has never come is missed too, from the start on.
    let mut never = Story::report(policy);
    never.pass(26 * HOUR_MS);
    never.is_told("one is expected every 1d");
}

#[test]
fn a_notice_that_stands_until_the_all_clear() {
    let policy = r#"{"latch":{"expiry":"2d"}}"#;
    let mut story = Story::report(policy);
    story.pass(10 * MINUTE_MS);
    assert_eq!(story.state(), HealthState::Healthy, "silence is well");
    story.sees(Bad, 0, None);
    story.pass(DAY_MS);
    story.is_told("a bad notice");
    // The worker is started anew: nobody gives the notice again, and it stands.
    let saved = serde_json::to_vec(&story.engine.save(story.now)).unwrap();
    let started_anew = |story: &mut Story| {
        story.engine = Engine::new("mx");
        story.define();
        let saved = serde_json::from_slice(&saved).unwrap();
        story.engine.resume(saved, story.now);
    };
    started_anew(&mut story);
    story.pass(HOUR_MS);
    assert!(story.is_bad(), "{:?}", story.state());
    story.sees(Good, 0, None);
    story.is_over();
    // Or until it is old, counted from the notice and not from the start.
    started_anew(&mut story);
    story.pass(HOUR_MS);
    assert!(story.is_bad(), "{:?}", story.state());
    story.pass(DAY_MS);
    assert!(!story.is_bad(), "{:?}", story.state());
}
