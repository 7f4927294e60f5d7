//! The generated page of the handbook on managed availability: what is watched, the table of states
//! as the monitor itself walks it, the stages of recovery, the budgets.

use std::{fmt::Write as _, net::SocketAddr};

use mailward_api::{
    control::Role,
    view::{
        RepairAct,
        health::{Evidence, HealthState},
    },
};
use mailward_health::{
    Now,
    cause::Cause,
    engine::{
        definition::{self, Watched},
        ladder::ladder,
    },
    guard,
    monitor::{Input, MonitorState, Rule, Sample, next},
};
use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{ConnectorTarget, HealthSettings, ReceiveConnector, SendConnector},
    unit::Span,
};

use crate::reference::NOTE;

/// The page, for the default settings.
pub(crate) fn page() -> String {
    let settings = HealthSettings::default();
    let mut page = format!(
        "{NOTE}# Reference: managed availability\n\n\
         With the default health settings, one receive connector `NAME`, and one send connector `NAME` to a smart host.\n\
         Probe objects come beside them: [16-probes.md](16-probes.md). [06-health.md](06-health.md) explains it.\n"
    );
    page.push_str(&monitors(&settings));
    page.push_str(&states(&settings));
    page.push_str(&stages(&settings));
    page.push_str(&budgets(&settings));
    page
}

fn ms(ms: u64) -> String {
    Span(std::time::Duration::from_millis(ms)).to_string()
}

fn watched(settings: &HealthSettings) -> Watched {
    let connector = Object {
        id: ObjectId(1),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::ReceiveConnector(ReceiveConnector::default()),
    };
    let route = Object {
        id: ObjectId(2),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::SendConnector(SendConnector {
            target: ConnectorTarget::SmartHosts,
            smart_hosts: "relay.example.org".parse().into_iter().collect(),
            ..SendConnector::default()
        }),
    };
    let resolver = SocketAddr::from(([192, 0, 2, 53], 53));
    definition::watched(&[connector, route], settings, &[resolver])
}

fn monitors(settings: &HealthSettings) -> String {
    let mut text = "\n## Monitors\n\n\
        | monitor | health set | component | probed every | may take | rule | says nothing without |\n\
        |---|---|---|---|---|---|---|\n"
        .to_owned();
    let watched = watched(settings);
    for one in &watched.monitors {
        let probe = watched.probes.iter().find(|probe| probe.name == one.probe);
        let needs = probe.and_then(|probe| probe.needs.as_ref());
        let _ = writeln!(
            text,
            "| `{}` | {} | `{}` | {} | {} | {} | {} |",
            one.name,
            one.set,
            one.component,
            ms(one.rule.interval_ms),
            ms(one.rule.timeout_ms),
            one.rule.sentence(),
            needs.map_or("–".to_owned(), |needs| format!("`{needs}`"))
        );
    }
    text
}

/// A monitor that is played with: every step goes through the real function.
struct Player {
    rule: Rule,
    state: MonitorState,
    now: Now,
}

impl Player {
    /// Steps: `G` good, `B` bad, `N` a result that says nothing, `u` and `x` the time to Unhealthy
    /// and Unrecoverable, `b` the time after which the observer is blind, `p` probation, `!` no
    /// stage left. All but times are a second apart.
    fn play(rule: Rule, script: &str) -> HealthState {
        let now = Now::default();
        let mut player = Player {
            rule,
            state: MonitorState::new(now),
            now,
        };
        for step in script.chars() {
            player.step(step);
        }
        player.state.phase
    }

    fn step(&mut self, step: char) {
        let passes = match step {
            'u' => self.rule.unhealthy_after_ms,
            'x' => self.rule.unrecoverable_after_ms,
            'b' => 3 * self.rule.interval_ms + self.rule.timeout_ms + 1_000,
            'p' => self.rule.probation_ms,
            _ => 1_000,
        };
        self.now.mono_ms += passes;
        self.now.unix_ms += passes;
        let sample = |evidence| Input::Sample(Sample::plain(evidence));
        // Where time passes, the last kind of result goes on coming: silence is a step of its own.
        let input = match step {
            'G' | 'p' => sample(Evidence::Good),
            'B' | 'u' | 'x' => sample(Evidence::Bad),
            'N' => sample(Evidence::None),
            '!' => Input::GivenUp,
            _ => Input::Tick,
        };
        self.state = next(self.state.clone(), &self.rule, input, self.now).chosen;
    }
}

fn states(settings: &HealthSettings) -> String {
    let all = watched(settings);
    let Some(rule) = all
        .monitors
        .iter()
        .find(|one| one.name == "connector/NAME")
        .map(|one| one.rule.clone())
    else {
        return String::new();
    };
    // How each state is reached, from nothing known.
    let ways = [
        (HealthState::Unknown, ""),
        (HealthState::Healthy, "G"),
        (HealthState::Suspect, "GB"),
        (HealthState::Degraded, "GBBB"),
        (HealthState::Unhealthy, "GBBBu"),
        (HealthState::Unrecoverable, "GBBBux"),
        (HealthState::Recovering, "GBBBGG"),
        (HealthState::Unavailable, "Gb"),
    ];
    let inputs = [
        ("one good result", "G".to_owned()),
        ("two good results", "GG".to_owned()),
        ("one bad result", "B".to_owned()),
        ("three bad results", "BBB".to_owned()),
        ("still bad after", "u".to_owned()),
        ("still bad after", "x".to_owned()),
        ("no stage left", "!".to_owned()),
        ("well for", "p".to_owned()),
        ("no result for", "b".to_owned()),
    ];
    let mut text = format!(
        "\n## States\n\nThe table for a monitor with the rule “{}”, probed every {}. It is made by playing results to\n\
         the monitor itself. “·”: it stays. A result that says nothing (the probe could not tell) changes nothing.\n\n\
         | from ",
        rule.sentence(),
        ms(rule.interval_ms)
    );
    for (head, script) in &inputs {
        let span = match script.as_str() {
            "u" => ms(rule.unhealthy_after_ms),
            "x" => ms(rule.unrecoverable_after_ms),
            "p" => ms(rule.probation_ms),
            "b" => ms(3 * rule.interval_ms + rule.timeout_ms),
            _ => String::new(),
        };
        let _ = write!(text, "| {} ", format!("{head} {span}").trim_end());
    }
    let _ = writeln!(text, "|\n|---{}|", "|---".repeat(inputs.len()));
    for (state, way) in ways {
        let _ = write!(text, "| {} ", state.word());
        for (_, script) in &inputs {
            let to = Player::play(rule.clone(), &format!("{way}{script}"));
            let word = if to == state { "·" } else { to.word() };
            let _ = write!(text, "| {word} ");
        }
        text.push_str("|\n");
    }
    text
}

fn stages(settings: &HealthSettings) -> String {
    let mut text = "\n## Stages of recovery\n\n\
        Times count from the first bad result. When no stage is left, and beside taking the server offline, a person\n\
        is told through the alert channels.\n\n| component | stages |\n|---|---|\n"
        .to_owned();
    let mut seen = Vec::new();
    for one in watched(settings).monitors {
        if seen.contains(&one.component) {
            continue;
        }
        let rungs: Vec<String> = ladder(&one.component, settings)
            .iter()
            .map(|rung| format!("{} after {}", rung.act, ms(rung.after_ms)))
            .collect();
        let rungs = if rungs.is_empty() {
            "none: a person is told as soon as the failure is confirmed".to_owned()
        } else {
            rungs.join("; ")
        };
        let _ = writeln!(text, "| `{}` | {rungs} |", one.component);
        seen.push(one.component);
    }
    let causes: Vec<&str> = Cause::ALL.into_iter().map(Cause::as_str).collect();
    let _ = write!(
        text,
        "\nA failure whose cause is known to be one of `{}` is not answered by a restart: it could not cure it.\n",
        causes.join("`, `")
    );
    text
}

fn budgets(settings: &HealthSettings) -> String {
    let mut text = "\n## Budgets\n\n\
        Counted over everything that was begun, whether it helped or not, and kept in the ledger over restarts.\n\n\
        | act | not again within | an hour | a day |\n|---|---|---|---|\n"
        .to_owned();
    let acts = [
        (
            "soft reset, or a responder (each has its own budget)",
            RepairAct::SoftReset {
                component: "deliver".to_owned(),
            },
        ),
        (
            "restart a component (each has its own budget)",
            RepairAct::RestartComponent {
                component: "receive/NAME".to_owned(),
            },
        ),
        (
            "restart a process (one budget for all)",
            RepairAct::RestartProcess {
                role: Role::Transport,
            },
        ),
        (
            "restart the server (two in seven days)",
            RepairAct::RestartServer,
        ),
        ("take a component offline", RepairAct::Offline),
    ];
    for (name, act) in acts {
        if let Some(limits) = guard::limits(&act, settings) {
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} |",
                ms(limits.gap_ms),
                limits.per_hour,
                limits.per_day
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_reaches_its_state() {
        let page = page();
        for row in [
            "| healthy | · | · | suspect |",
            "| unavailable |",
            "restart the component receive/NAME after 30s; restart the role transport after 2m",
        ] {
            assert!(page.contains(row), "{row} is not in\n{page}");
        }
    }
}
