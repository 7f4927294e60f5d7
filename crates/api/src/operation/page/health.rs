//! Health for people.

use super::state;
use crate::{
    page::{Cell, Page, Tone, moment, span, stamp},
    view::{
        CaseStep, CaseView, Evidence, GroupView, HealthExplanation, HealthHistory, HealthMailboxes,
        HealthReport, HealthSetView, Hold, Ledger, MonitorView, OverrideList, ProbeView,
        RepairHold, Wanted,
    },
};

/// 1 where something needs attention.
pub(in crate::operation) fn exit(view: &HealthReport) -> u8 {
    u8::from(view.state.is_bad())
}

fn title(view: &HealthReport) -> Page {
    let mut word = state(view.state);
    word.text = format!("{} is {}", view.node, word.text);
    let page = holds(Page::new().heading(word), &view.holds);
    let page = view.held.iter().fold(page, held);
    if view.repair {
        page
    } else {
        page.text(Cell::toned(
            "Repair is off: what would have been done is recorded, and nothing is done.",
            Tone::Warn,
        ))
    }
}

/// What a hold keeps out of service, in a line.
fn held(page: Page, hold: &Hold) -> Page {
    let wanted = match hold.wanted {
        Wanted::Draining => "drained",
        Wanted::Inactive => "out of service",
    };
    let until = hold
        .expires_unix_ms
        .map_or_else(String::new, |end| format!(" until {}", stamp(end)));
    let text = format!(
        "{} is {wanted} for {} by {}{until}: {}. `mailward health holds` tells more.",
        hold.component, hold.requester, hold.owner, hold.reason
    );
    page.text(Cell::toned(text, Tone::Warn))
}

/// What holds repair as a whole, a line for each.
pub(in crate::operation) fn holds(page: Page, holds: &[RepairHold]) -> Page {
    holds.iter().fold(page, |page, hold| {
        let by = match hold.by.as_str() {
            "" => String::new(),
            by => format!(" by {by}"),
        };
        let since = stamp(hold.since_unix_ms);
        let text = format!(
            "Repair is held since {since} ({}{by}): {}. `mailward health thaw` ends it.",
            hold.kind, hold.reason
        );
        page.text(Cell::toned(text, Tone::Warn))
    })
}

pub(in crate::operation) fn brief(view: &HealthReport, now: u64) -> Page {
    let soon = view
        .soon
        .iter()
        .map(|one| Cell::toned(one.as_str(), Tone::Warn));
    title(view)
        .table(
            ["health set", "state", "since", "open cases", "beside it"],
            view.sets.iter().map(|set| {
                [
                    set.set.as_str().into(),
                    state(set.state),
                    moment(set.since_unix_ms, now).into(),
                    set.open_cases.join(", ").into(),
                    marks(set).into(),
                ]
            }),
            "No health set: the worker has just started.",
        )
        .list(soon)
}

/// The flags beside a set's monitors, in a word each: `maintenance (2)`.
fn marks(set: &HealthSetView) -> String {
    let mut counts = std::collections::BTreeMap::new();
    let overlays = set.monitors.iter().flat_map(|monitor| &monitor.overlays);
    for word in overlays.filter_map(|overlay| overlay.split(':').next()) {
        *counts.entry(word).or_insert(0) += 1;
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(word, count)| format!("{word} ({count})"))
        .collect();
    words.join(", ")
}

pub(in crate::operation) fn report(view: &HealthReport, now: u64) -> Page {
    title(view).table(
        ["health set", "monitor", "state", "since", "because"],
        view.sets.iter().flat_map(|set| {
            set.monitors.iter().map(|monitor| {
                [
                    set.set.as_str().into(),
                    monitor.monitor.as_str().into(),
                    state(monitor.state),
                    moment(monitor.since_unix_ms, now).into(),
                    std::iter::once(monitor.because.as_str())
                        .chain(monitor.overlays.iter().map(String::as_str))
                        .collect::<Vec<_>>()
                        .join("; ")
                        .into(),
                ]
            })
        }),
        "No monitor: the worker has just started.",
    )
}

pub(in crate::operation) fn set(view: &HealthSetView, now: u64) -> Page {
    let mut word = state(view.state);
    word.text = format!("{} is {}", view.set, word.text);
    let page = Page::new()
        .heading(word)
        .fields([("open cases", view.open_cases.join(", ").into())]);
    view.monitors
        .iter()
        .fold(page, |page, one| page.page(monitor(one, now)))
}

fn monitor(view: &MonitorView, now: u64) -> Page {
    Page::new()
        .heading(format!("Monitor {}", view.monitor))
        .fields([
            ("state", state(view.state)),
            ("since", moment(view.since_unix_ms, now).into()),
            ("component", view.component.as_str().into()),
            ("rule", view.rule.as_str().into()),
            ("because", view.because.as_str().into()),
            ("beside it", view.overlays.join("; ").into()),
        ])
        .page(samples(&view.results))
}

pub(super) fn samples(results: &[ProbeView]) -> Page {
    Page::new().table(
        ["time", "probe", "result", ">took", "what was seen"],
        results.iter().map(|probe| {
            let tone = match probe.evidence {
                Evidence::Good => Tone::Good,
                Evidence::Bad => Tone::Bad,
                Evidence::None => Tone::Faint,
            };
            [
                stamp(probe.unix_ms).into(),
                probe.probe.as_str().into(),
                Cell::toned(probe.verdict.replace('_', " "), tone),
                span(probe.took_ms).into(),
                probe.text.as_str().into(),
            ]
        }),
        "No result yet.",
    )
}

pub(in crate::operation) fn overrides(view: &OverrideList, now: u64) -> Page {
    Page::new().table(
        [
            "override", "item", "property", "value", "scope", "ends", "in force", "by", "reason",
        ],
        view.overrides.iter().map(|one| {
            let until = one.until_unix_ms.map(|at| moment(at, now));
            let ends: Vec<String> = until.into_iter().chain(one.version.clone()).collect();
            let standing = if one.in_force {
                Cell::toned("yes", Tone::Good)
            } else {
                Cell::toned(format!("no: {}", one.note), Tone::Warn)
            };
            [
                one.name.as_str().into(),
                one.item.as_str().into(),
                one.property.as_str().into(),
                one.value.as_str().into(),
                one.scope.as_str().into(),
                ends.join(", ").into(),
                standing,
                one.owner.as_str().into(),
                one.reason.as_str().into(),
            ]
        }),
        "Nothing is overridden.",
    )
}

pub(in crate::operation) fn item(view: &HealthExplanation, now: u64) -> Page {
    let page = view.monitors.iter().fold(Page::new(), |page, one| {
        page.page(monitor(&one.monitor, now)).fields([
            ("newest result", one.latest.as_str().into()),
            ("next", one.next.as_str().into()),
        ])
    });
    page.heading("Properties").table(
        ["of", "property", "value", "built in", "where it comes from"],
        view.properties.iter().map(|one| {
            let tone = if one.origin.starts_with("override") {
                Tone::Warn
            } else {
                Tone::Plain
            };
            [
                one.subject.as_str().into(),
                one.property.as_str().into(),
                Cell::toned(one.value.as_str(), tone),
                one.built_in.as_str().into(),
                Cell::toned(one.origin.as_str(), tone),
            ]
        }),
        "",
    )
}

pub(in crate::operation) fn group(view: &GroupView, _: u64) -> Page {
    let word = |healthy: bool| {
        let (text, tone) = if healthy {
            ("healthy", Tone::Good)
        } else {
            ("not healthy", Tone::Bad)
        };
        Cell::toned(text, tone)
    };
    let own = &view.node;
    let this = [
        own.node.as_str().into(),
        word(own.healthy),
        "this node".into(),
        own.acting.clone().unwrap_or_default().into(),
        own.bad_causes.join(", ").into(),
    ];
    let others = view.members.iter().map(|member| {
        let (state, heard) = match member.heard_age_ms {
            Some(age) => (word(member.healthy), format!("{} ago", span(age))),
            None => (Cell::toned("unknown", Tone::Warn), "never".to_owned()),
        };
        [
            member.name.as_str().into(),
            state,
            heard.into(),
            member.acting.clone().unwrap_or_default().into(),
            member.bad_causes.join(", ").into(),
        ]
    });
    Page::new().table(
        ["node", "state", "heard", "acts in case", "trouble"],
        std::iter::once(this).chain(others),
        "",
    )
}

pub(in crate::operation) fn history(view: &HealthHistory, _: u64) -> Page {
    Page::new().table(
        ["time", "what", "from", "to", "case", "because"],
        view.edges.iter().map(|edge| {
            [
                stamp(edge.unix_ms).into(),
                edge.subject.as_str().into(),
                edge.from.as_str().into(),
                edge.to.as_str().into(),
                edge.case.as_deref().unwrap_or_default().into(),
                edge.because.as_str().into(),
            ]
        }),
        "Nothing has changed.",
    )
}

pub(in crate::operation) fn mailboxes(view: &HealthMailboxes, now: u64) -> Page {
    let at = |unix_ms: Option<u64>| unix_ms.map(|at| moment(at, now)).unwrap_or_default();
    Page::new()
        .table(
            [
                "health mailbox",
                "state",
                "looked at",
                ">waiting",
                ">judged",
                ">expunged",
                "problem",
            ],
            view.mailboxes.iter().map(|one| {
                let tone = match one.state.as_str() {
                    "right" | "made" => Tone::Good,
                    "failing" => Tone::Bad,
                    _ => Tone::Warn,
                };
                [
                    one.address.as_str().into(),
                    Cell::toned(one.state.as_str(), tone),
                    at(one.checked_unix_ms).into(),
                    one.messages.to_string().into(),
                    one.judged.to_string().into(),
                    one.expunged.to_string().into(),
                    one.problem.as_deref().unwrap_or_default().into(),
                ]
            }),
            "No health mailbox yet: the worker has just started.",
        )
        .table(
            ["path", "newest probe arrived", ">took"],
            view.paths.iter().map(|one| {
                [
                    one.path.as_str().into(),
                    at(one.arrived_unix_ms).into(),
                    one.took_ms.map(span).unwrap_or_default().into(),
                ]
            }),
            "No probe has arrived yet.",
        )
        .fields([
            ("key made", at(view.key_unix_ms).into()),
            ("keys believed", view.keys.to_string().into()),
        ])
}

/// What an entry is about and says: the act stands in front where the text does not name it.
fn what(entry: &crate::view::repair::LedgerEntry) -> String {
    match (&entry.act, entry.record.as_str()) {
        (Some(act), "intent" | "denied") => format!("{act}: {}", entry.text),
        (Some(act), "shadow") => format!("{act}, would have been done: {}", entry.text),
        _ => entry.text.clone(),
    }
}

pub(in crate::operation) fn ledger(view: &Ledger, _: u64) -> Page {
    Page::new()
        .table(
            [
                ">entry",
                "time",
                "record",
                "component",
                "case",
                "what and why",
            ],
            view.entries.iter().map(|entry| {
                let tone = match entry.record.as_str() {
                    "failed" => Tone::Bad,
                    "denied" | "exit" => Tone::Warn,
                    _ => Tone::Plain,
                };
                [
                    entry.entry.to_string().into(),
                    stamp(entry.unix_ms).into(),
                    Cell::toned(entry.record.as_str(), tone),
                    entry.component.as_str().into(),
                    entry.case.as_deref().unwrap_or_default().into(),
                    what(entry).into(),
                ]
            }),
            "Nothing was repaired.",
        )
        .table(
            [
                "act",
                "component",
                ">this hour",
                ">today",
                ">apart",
                "limits by",
            ],
            view.budgets.iter().map(|one| {
                let used = |begun: u32, most: u32| {
                    let text = format!("{begun} of {most}");
                    let tone = if begun >= most {
                        Tone::Warn
                    } else {
                        Tone::Plain
                    };
                    Cell::toned(text, tone)
                };
                let each = if OF_EACH.contains(&one.act.as_str()) {
                    "each"
                } else {
                    "all together"
                };
                [
                    one.act.replace('_', " ").into(),
                    one.component.as_deref().unwrap_or(each).into(),
                    used(one.begun_hour, one.per_hour),
                    used(one.begun_day, one.per_day),
                    span(one.gap_ms).into(),
                    one.origin.as_str().into(),
                ]
            }),
            "",
        )
}

/// The acts of which each component has a budget of its own.
const OF_EACH: [&str; 2] = ["soft_reset", "restart_component"];

pub(in crate::operation) fn case(view: &CaseView, now: u64) -> Page {
    let tone = match view.state.as_str() {
        "closed" => Tone::Good,
        "exhausted" => Tone::Bad,
        _ => Tone::Warn,
    };
    let after = |ms: Option<u64>| ms.map(span).unwrap_or_default();
    let closed = view.closed_unix_ms.map(|at| moment(at, now));
    let solved = view.solved_by.as_ref().map(ToString::to_string);
    let page = Page::new()
        .heading(format!("Case {}: {}", view.id, view.component))
        .fields([
            ("state", Cell::toned(view.state.as_str(), tone)),
            ("first noticed", moment(view.first_bad_unix_ms, now).into()),
            ("rule", view.rule.as_str().into()),
            ("cause", view.cause.as_deref().unwrap_or_default().into()),
            ("confirmed after", after(view.detected_after_ms).into()),
            ("repaired after", after(view.repaired_after_ms).into()),
            ("solved by", solved.unwrap_or_default().into()),
            ("closed", closed.unwrap_or_default().into()),
            ("next", view.next.as_deref().unwrap_or_default().into()),
        ])
        .heading("What was seen")
        .page(samples(&view.samples))
        .heading("What was done");
    view.steps
        .iter()
        .fold(page, |page, one| page.page(step(one)))
}

fn step(view: &CaseStep) -> Page {
    let tone = match view.step.as_str() {
        "denied" => Tone::Warn,
        "closed" => Tone::Good,
        "alerted" => Tone::Bad,
        _ => Tone::Plain,
    };
    Page::new()
        .text(Cell::toned(
            format!("{}  {}: {}", stamp(view.unix_ms), view.step, view.text),
            tone,
        ))
        .list(view.reasons.iter().map(String::as_str))
}
