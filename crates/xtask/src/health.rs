//! The generated page of the handbook on managed availability: what is watched, the table of states
//! as the monitor itself walks it, the stages of recovery, the budgets.

use std::{fmt::Write as _, net::SocketAddr};

use mailward_api::{control::Role, view::RepairAct};
use mailward_health::{
    cause::Cause,
    engine::{
        definition::{self, Watched},
        ladder::ladder,
    },
    guard,
};
use mailward_model::{
    Object, ObjectId, Revision, Spec,
    kind::{
        ConnectorTarget, CrlSource, DirectorySource, Endpoint, FeedSource, HealthSettings,
        HostName, ReceiveConnector, STAGES, SendConnector, SenderFeed, UntrustedFeed,
        UntrustedSource, properties,
    },
    unit::Span,
};

use crate::{reference::NOTE, states::Shown};

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
    page.push_str(&overridable());
    page
}

pub(crate) fn ms(ms: u64) -> String {
    Span(std::time::Duration::from_millis(ms)).to_string()
}

pub(crate) fn watched(settings: &HealthSettings) -> Watched {
    let connector = Object {
        id: ObjectId(1),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::ReceiveConnector(ReceiveConnector {
            remote_ranges: "feed:NAME".parse().into_iter().collect(),
            ..ReceiveConnector::default()
        }),
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
    let feed = Object {
        id: ObjectId(3),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::SenderFeed(SenderFeed::new(FeedSource::Ranges(Vec::new()))),
    };
    let directory = Object {
        id: ObjectId(4),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::DirectorySource(DirectorySource::default()),
    };
    let untrusted = Object {
        id: ObjectId(5),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::UntrustedFeed(UntrustedFeed::new(UntrustedSource::Crl(
            CrlSource::default(),
        ))),
    };
    let endpoint = Object {
        id: ObjectId(6),
        name: "NAME".to_owned(),
        revision: Revision(1),
        spec: Spec::Endpoint(Endpoint::new(HostName::Ip([192, 0, 2, 25].into()))),
    };
    let resolver = SocketAddr::from(([192, 0, 2, 53], 53));
    let objects = [connector, route, feed, directory, untrusted, endpoint];
    definition::watched(&objects, settings, &[resolver])
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

fn states(settings: &HealthSettings) -> String {
    let mut text = "\n## States\n\n\
        One table for each policy, made by playing results to the monitor itself. “·”: it stays. A result that says nothing\n\
        (the probe could not tell) changes nothing. [17-monitors-and-overrides.md](17-monitors-and-overrides.md) explains them.\n"
        .to_owned();
    for shown in Shown::all(&watched(settings)) {
        text.push_str(&shown.table());
    }
    text
}

/// Everything an override can change.
fn overridable() -> String {
    let mut text = "\n## Properties\n\n\
        What an override can change, for a time or a range of versions; `mailward health explain ITEM` shows what an item has.\n\n\
        | property | of | value | is |\n|---|---|---|---|\n"
        .to_owned();
    let of_stage = |name: &str| name.split_once('.').map(|(stage, _)| stage.to_owned());
    let mut ranges: Vec<(String, Vec<String>)> = Vec::new();
    for property in properties() {
        let (values, means) = (property.values.allowed(), property.means);
        let Some(stage) = of_stage(property.name) else {
            let of = property.subject.word();
            let _ = writeln!(text, "| `{}` | {of} | {values} | {means} |", property.name);
            continue;
        };
        let what = property.name.trim_start_matches(stage.as_str());
        let row = format!("`STAGE{what}` | component | {values} | {means}");
        match ranges.iter_mut().find(|(known, _)| *known == row) {
            Some((_, stages)) => stages.push(stage),
            None => ranges.push((row, vec![stage])),
        }
    }
    for (row, stages) in ranges {
        let stages = match stages.len() == STAGES.len() {
            true => "every stage".to_owned(),
            false => stages.join(", "),
        };
        let _ = writeln!(text, "| {row}; {stages} |");
    }
    let _ = writeln!(text, "\nStages are `{}`.", STAGES.join("`, `"));
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
            "### latch",
            "| `STAGE.per_hour` | component | a number from 0 to 1 |",
            "restart the component receive/NAME after 15s; restart the role transport after 2m",
        ] {
            assert!(page.contains(row), "{row} is not in\n{page}");
        }
    }
}
