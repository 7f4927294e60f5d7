//! The tables of states in the generated page on managed availability: one for each policy, made by
//! playing results to the monitor itself.

use std::fmt::Write as _;

use mailward_api::view::health::{Evidence, HealthState};
use mailward_health::{
    Now,
    engine::definition::Watched,
    monitor::{Beyond, Input, MonitorState, Policy, Rule, Sample, next},
};

use crate::health::ms;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// A policy as it is shown.
pub(crate) struct Shown {
    rule: Rule,
    /// What a good and a bad result measure.
    values: (i64, i64),
    /// Bad results that confirm a trouble in any state, and good ones that end it: `B`, `G`, and `s`
    /// for silence.
    confirm: String,
    well: String,
}

/// The step of the time after which something is due.
const SILENCE: char = 's';

impl Shown {
    /// One of each policy: those that are built in as they are, the others as examples.
    pub(crate) fn all(watched: &Watched) -> Vec<Shown> {
        let rule = |name: &str| {
            let found = watched.monitors.iter().find(|one| one.name == name);
            found.map(|one| one.rule.clone())
        };
        let Some(plain) = rule("connector/NAME") else {
            return Vec::new();
        };
        let example = |policy| {
            Some(Rule {
                policy,
                ..plain.clone()
            })
        };
        let shown = |rule: Option<Rule>, confirm: usize, well: usize| {
            Some(Shown {
                rule: rule?,
                values: (0, 0),
                confirm: "B".repeat(confirm),
                well: "G".repeat(well),
            })
        };
        let with = |one: Option<Shown>, good: i64, bad: i64| {
            one.map(|one| Shown {
                values: (good, bad),
                ..one
            })
        };
        let absence = example(Policy::Absence {
            expected_every_ms: 5 * MINUTE_MS,
            grace_ms: MINUTE_MS,
        });
        let latch = example(Policy::Latch {
            expiry_ms: 24 * HOUR_MS,
        });
        let threshold = example(Policy::Threshold {
            measure: "depth".into(),
            beyond: Beyond::Above(1_000),
            for_ms: MINUTE_MS,
        });
        let silence = |one: Option<Shown>| {
            one.map(|one| Shown {
                confirm: SILENCE.to_string(),
                ..one
            })
        };
        [
            shown(Some(plain.clone()), 3, 2),
            shown(example(Policy::Of { bad: 3, last: 5 }), 3, 2),
            shown(rule("mailflow/NAME/percent"), 12, 12),
            with(shown(rule("connector/NAME/latency"), 30, 40), 20, 9_000),
            with(shown(rule("disk/days-left"), 1, 2), i64::MAX / 2, 0),
            with(shown(threshold, 5, 2), 10, 2_000),
            silence(shown(absence, 1, 2)),
            shown(latch, 1, 2),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// How each state is reached from nothing known, as far as this policy has it: by the shortest
    /// row of results that leads there.
    fn ways(&self) -> Vec<(HealthState, String)> {
        let one = if self.is_of_silence() { "s" } else { "B" };
        let starts = ["G".to_owned(), "G".repeat(8)];
        let into_trouble = starts.iter().flat_map(|good| {
            (1..=self.confirm.len()).map(move |bad| format!("{good}{}", one.repeat(bad)))
        });
        let degraded = self.first(HealthState::Degraded, into_trouble);
        let bad = degraded.as_ref().map_or("", |(_, way)| way.as_str());
        let worse = ["u", "B"].iter().map(|more| format!("{bad}{more}"));
        let worst = ["x", "ux"].iter().map(|more| format!("{bad}{more}"));
        let better = (1..=self.well.len()).map(|good| format!("{bad}{}", "G".repeat(good)));
        let plain = |way: &str| std::iter::once(way.to_owned());
        [
            self.first(HealthState::Unknown, plain("")),
            self.first(HealthState::Healthy, plain("G")),
            self.first(HealthState::Suspect, ["GB", "GBB"].map(str::to_owned)),
            degraded.clone(),
            self.first(HealthState::Unhealthy, worse),
            self.first(HealthState::Unrecoverable, worst),
            self.first(HealthState::Recovering, better),
            self.first(HealthState::Unavailable, plain("Gb")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The first of these rows that leads to a state.
    fn first(
        &self,
        state: HealthState,
        ways: impl IntoIterator<Item = String>,
    ) -> Option<(HealthState, String)> {
        let mut ways = ways.into_iter();
        let way = ways.find(|way| Player::play(self, way) == state);
        way.map(|way| (state, way))
    }

    fn is_of_silence(&self) -> bool {
        self.confirm.starts_with(SILENCE)
    }

    fn inputs(&self) -> Vec<(String, String)> {
        let many = |script: &str, what: &str| match script.len() {
            1 => None,
            n => Some((format!("{n} {what} results"), script.to_owned())),
        };
        let rule = &self.rule;
        let after = |word: &str, span_ms: u64| format!("{word} {}", ms(span_ms));
        let one =
            |what: &str, script: &str| Some((format!("one {what} result"), script.to_owned()));
        let silent_ms = self.silent_ms();
        let mut inputs = Vec::new();
        inputs.extend(one("good", "G"));
        inputs.extend(many(&self.well, "good"));
        inputs.extend(one("bad", "B"));
        if !self.is_of_silence() {
            inputs.extend(many(&self.confirm, "bad"));
        }
        inputs.extend([
            (
                after("still bad after", rule.unhealthy_after_ms),
                "u".to_owned(),
            ),
            (
                after("still bad after", rule.unrecoverable_after_ms),
                "x".to_owned(),
            ),
            ("no stage left".to_owned(), "!".to_owned()),
            (after("well for", rule.probation_ms), "p".to_owned()),
            (after("no result for", silent_ms), "b".to_owned()),
        ]);
        inputs
    }

    /// How long nothing may come before the silence itself says something.
    fn silent_ms(&self) -> u64 {
        match self.rule.policy {
            Policy::Absence {
                expected_every_ms,
                grace_ms,
            } => expected_every_ms + grace_ms,
            Policy::Latch { expiry_ms } => expiry_ms,
            _ => self.rule.blind_after_ms(),
        }
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let inputs = self.inputs();
        let mut text = format!(
            "\n### {}\n\n“{}”, probed every {}.\n\n| from ",
            self.rule.policy.word(),
            self.rule.sentence(),
            ms(self.rule.interval_ms)
        );
        for (head, _) in &inputs {
            let _ = write!(text, "| {head} ");
        }
        let _ = writeln!(text, "|\n|---{}|", "|---".repeat(inputs.len()));
        for (state, way) in self.ways() {
            let _ = write!(text, "| {} ", state.word());
            for (_, script) in &inputs {
                let to = Player::play(self, &format!("{way}{script}"));
                let word = if to == state { "·" } else { to.word() };
                let _ = write!(text, "| {word} ");
            }
            text.push_str("|\n");
        }
        text
    }
}

/// A monitor that is played with: every step goes through the real function.
struct Player<'a> {
    shown: &'a Shown,
    state: MonitorState,
    now: Now,
}

impl Player<'_> {
    /// Steps: `G` good, `B` bad, an interval after the one before; `u` and `x` the time to
    /// Unhealthy and Unrecoverable, with bad results all the while; `p` probation, with good ones;
    /// `b` and `s` as long without one as says something; `!` no stage left.
    fn play(shown: &Shown, script: &str) -> HealthState {
        let now = Now::default();
        let mut player = Player {
            shown,
            state: MonitorState::new(now),
            now,
        };
        for step in script.chars() {
            player.step(step);
        }
        player.state.phase
    }

    fn step(&mut self, step: char) {
        let rule = &self.shown.rule;
        match step {
            'G' => self.hear(rule.interval_ms, self.result(true)),
            'B' => self.hear(rule.interval_ms, self.result(false)),
            'u' => self.go_on(rule.unhealthy_after_ms, false),
            'x' => self.go_on(rule.unrecoverable_after_ms, false),
            'p' => self.go_on(rule.probation_ms, true),
            '!' => self.hear(0, Input::GivenUp),
            _ => self.hear(self.shown.silent_ms() + 1_000, Input::Tick),
        }
    }

    /// The same kind of result, again and again; what is bad by silence stays silent.
    fn go_on(&mut self, for_ms: u64, good: bool) {
        let interval_ms = self.shown.rule.interval_ms;
        let input = match good || !self.shown.is_of_silence() {
            true => self.result(good),
            false => Input::Tick,
        };
        for _ in 0..for_ms.div_ceil(interval_ms) {
            self.hear(interval_ms, input);
        }
    }

    fn result(&self, good: bool) -> Input {
        let (well, ill) = self.shown.values;
        let value = if good { well } else { ill };
        // What is measured is not judged by the result itself.
        let evidence = match good || self.shown.values != (0, 0) {
            true => Evidence::Good,
            false => Evidence::Bad,
        };
        Input::Sample(Sample {
            took_ms: u64::try_from(value).unwrap_or(0).min(10_000),
            value: Some(value),
            ..Sample::plain(evidence)
        })
    }

    fn hear(&mut self, passes_ms: u64, input: Input) {
        self.now.mono_ms += passes_ms;
        self.now.unix_ms += passes_ms;
        self.state = next(self.state.clone(), &self.shown.rule, input, self.now).chosen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_has_the_states_it_can_be_in() {
        let watched = crate::health::watched(&mailward_model::kind::HealthSettings::default());
        let all = Shown::all(&watched);
        let words: Vec<(&str, usize)> = all
            .iter()
            .map(|one| (one.rule.policy.word(), one.ways().len()))
            .collect();
        // Of eight: no doubt where a single result decides or a share of many does, no blindness
        // where silence is what is judged.
        let expect = [
            ("consecutive", 8),
            ("of", 8),
            ("percent", 8),
            ("latency", 7),
            ("trend", 7),
            ("threshold", 8),
            ("absence", 6),
            ("latch", 6),
        ];
        assert_eq!(words, expect);
    }
}
