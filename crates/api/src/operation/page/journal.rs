//! Journaling for people.

use super::joined;
use crate::{
    page::{Cell, Page, Tone, distance, moment},
    view::{
        JournalReplay, JournalSimulation, JournalStatus, JournalVerification,
        journal::{JournalTargetView, SimulatedRule},
    },
};

pub(in crate::operation) fn status(view: &JournalStatus, now: u64) -> Page {
    let ledger = &view.ledger;
    let mut page = Page::new()
        .table(
            [
                "journal address",
                "rules",
                ">waiting",
                ">oldest",
                "next try",
                "state",
            ],
            view.targets.iter().map(|target| row(target, now)),
            "No journal rule is in force.",
        )
        .list(view.targets.iter().filter_map(|target| {
            let error = target.last_error.as_ref()?;
            (target.waiting > 0).then(|| format!("{}: {error}", target.target))
        }))
        .heading("The ledger of reports");
    let alternate = view
        .alternate
        .as_ref()
        .map_or_else(|| "none".to_owned(), ToString::to_string);
    let root = match &ledger.last_root {
        Some((day, root)) => format!("{day}: {root}"),
        None => "none yet".to_owned(),
    };
    page = page.fields([
        ("entries", ledger.entries.to_string().into()),
        ("reports since start", ledger.reports.to_string().into()),
        ("last line", ledger.head.as_str().into()),
        ("signed root", root.into()),
        ("public key", ledger.public_key.as_str().into()),
        ("alternate mailbox", alternate.into()),
    ]);
    for problem in [&ledger.failing, &ledger.damage].into_iter().flatten() {
        page = page.text(Cell::toned(problem.as_str(), Tone::Bad));
    }
    page
}

fn row(target: &JournalTargetView, now: u64) -> [Cell; 6] {
    let (state, tone) = match target {
        JournalTargetView { paused: true, .. } => ("paused", Tone::Warn),
        JournalTargetView { waiting: 0, .. } => ("delivering", Tone::Good),
        _ if target.last_error.is_some() => ("away", Tone::Bad),
        _ => ("delivering", Tone::Good),
    };
    let rules = match target.rules.is_empty() {
        true => Cell::toned("none in force", Tone::Faint),
        false => joined(&target.rules).into(),
    };
    [
        target.target.as_str().into(),
        rules,
        target.waiting.to_string().into(),
        distance(target.oldest_unix_ms, now).into(),
        target
            .next_retry_unix_ms
            .map(|at| moment(at, now))
            .unwrap_or_default()
            .into(),
        Cell::toned(state, tone),
    ]
}

pub(in crate::operation) fn replay(view: &JournalReplay, _: u64) -> Page {
    let verb = match view.dry_run {
        true => "would be sent again",
        false => "sent again",
    };
    let page = Page::new().table(
        ["message", "journal address", "", "because"],
        view.reports.iter().map(|report| {
            let word = match (report.sent, view.dry_run) {
                (true, true) => Cell::toned("would be sent", Tone::Good),
                (true, false) => Cell::toned("sent", Tone::Good),
                (false, _) => Cell::toned("not sent", Tone::Faint),
            };
            [
                report.message.to_string().into(),
                report.target.as_str().into(),
                word,
                report.because.as_str().into(),
            ]
        }),
        "The ledger has no report of that time.",
    );
    let summary = format!(
        "{} reports in the ledger: {} {verb}, {} need not be, {} are no longer known here.",
        view.found, view.sent, view.needless, view.lost
    );
    page.text(match view.lost {
        0 => Cell::from(summary),
        _ => Cell::toned(summary, Tone::Warn),
    })
}

/// 1 where something could not be sent again.
pub(in crate::operation) fn replay_exit(view: &JournalReplay) -> u8 {
    u8::from(view.lost > 0)
}

pub(in crate::operation) fn verification(view: &JournalVerification, _: u64) -> Page {
    let mut page = Page::new().fields([
        ("days", view.days.to_string().into()),
        ("entries", view.entries.to_string().into()),
        ("reports", view.reports.to_string().into()),
        ("signed roots", view.roots.to_string().into()),
        ("signed by", joined(&view.keys).into()),
        ("waiting", view.waiting.to_string().into()),
        ("last line", view.head.as_str().into()),
    ]);
    if let Some(archive) = &view.archive {
        page = page
            .heading(format!("Compared with {}", archive.path))
            .fields([
                ("messages there", archive.messages.to_string().into()),
                ("reports of this host", archive.reports.to_string().into()),
                ("expected", archive.expected.to_string().into()),
                ("there once, unchanged", archive.right.to_string().into()),
            ]);
    }
    if view.problems_total == 0 {
        return page.text(Cell::toned("Nothing is wrong.", Tone::Good));
    }
    let shown = view.problems.len() as u64;
    page = page.table(
        ["", "where", "message", "what"],
        view.problems.iter().map(|problem| {
            [
                Cell::toned(problem.kind.as_str(), Tone::Bad),
                problem.place.as_str().into(),
                problem
                    .message
                    .map(|id| id.to_string())
                    .unwrap_or_default()
                    .into(),
                problem.what.as_str().into(),
            ]
        }),
        "",
    );
    let total = view.problems_total;
    page.text(Cell::toned(
        match shown < total {
            true => format!("{shown} of {total} problems shown."),
            false => format!("{total} problems."),
        },
        Tone::Bad,
    ))
}

/// 1 where something is wrong.
pub(in crate::operation) fn exit(view: &JournalVerification) -> u8 {
    u8::from(view.problems_total > 0)
}

pub(in crate::operation) fn simulation(view: &JournalSimulation, _: u64) -> Page {
    let mut page = Page::new();
    for rule in &view.rules {
        page = page.page(simulated_rule(rule));
    }
    if view.rules.is_empty() {
        page = page.text("No journal rule is in force.");
    }
    page.heading("Reports")
        .table(
            ["journal address", "rules", "delivery queue"],
            view.reports.iter().map(|report| {
                [
                    report.target.as_str().into(),
                    joined(&report.rules).into(),
                    report.queue.as_str().into(),
                ]
            }),
            "No report would be made.",
        )
        .list(
            view.recipients
                .iter()
                .map(|recipient| recipient.line.as_str()),
        )
}

fn simulated_rule(rule: &SimulatedRule) -> Page {
    let verb = match rule.fires.chosen {
        true => "fires",
        false => "does not fire",
    };
    Page::new()
        .heading(format!("Rule {} ({}) {verb}", rule.rule, rule.target))
        .text(rule.fires.because.as_str())
        .table(
            ["recipient", "", "because"],
            rule.recipients.iter().map(|pair| {
                let word = match pair.fires {
                    true => Cell::toned("fires", Tone::Good),
                    false => Cell::toned("does not", Tone::Faint),
                };
                [
                    pair.recipient.to_string().into(),
                    word,
                    pair.because.as_str().into(),
                ]
            }),
            "Nobody gets the message.",
        )
}
