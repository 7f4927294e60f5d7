//! Reports of endpoint tests for people: one screen for one target, one line each for many.

use mailward_api::page::{Cell, Page, Tone, span};
use mailward_tls::audit::{Level, Report, Subject, Verdict};

/// Targets up to which each has its own screen.
const WHOLE_MAX: usize = 3;

pub(super) fn reports(reports: &[Report]) -> Page {
    if reports.len() <= WHOLE_MAX {
        return reports
            .iter()
            .fold(Page::new(), |page, one| page.page(whole(one)));
    }
    let well = reports
        .iter()
        .filter(|report| report.level() <= Level::Note)
        .count();
    let page = Page::new().table(
        [
            "target",
            "address",
            "Heartbleed",
            "versions",
            "to be mended",
        ],
        reports.iter().map(row),
        "",
    );
    let findings: Vec<String> = reports.iter().flat_map(findings).collect();
    let page = page.list(findings);
    page.text(format!("{well} of {} targets are well.", reports.len()))
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Well => Tone::Good,
        Level::Note => Tone::Plain,
        Level::Untested | Level::Weak => Tone::Warn,
        Level::Bad => Tone::Bad,
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Well => "well",
        Level::Note => "note",
        Level::Untested => "untested",
        Level::Weak => "weak",
        Level::Bad => "BAD",
    }
}

fn row(report: &Report) -> [Cell; 5] {
    let found = |subject| {
        report
            .verdict(subject)
            .map_or(Cell::toned("-", Tone::Faint), |verdict| {
                Cell::toned(verdict.found.as_str(), tone(verdict.level))
            })
    };
    let open: Vec<&str> = report
        .verdicts
        .iter()
        .filter(|verdict| verdict.level >= Level::Untested)
        .map(|verdict| verdict.subject.title())
        .collect();
    [
        report.target.as_str().into(),
        report.address.as_str().into(),
        found(Subject::Heartbleed),
        found(Subject::Versions),
        Cell::toned(open.join(", "), tone(report.level())),
    ]
}

/// What is to be mended of one among many, each in one sentence.
fn findings(report: &Report) -> Vec<String> {
    let said = |verdict: &Verdict| {
        let (title, found) = (verdict.subject.title(), verdict.found.as_str());
        let head = format!("{}: {title}: {found}", report.target);
        [head.as_str(), &verdict.reason, &verdict.mend]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    };
    report
        .verdicts
        .iter()
        .filter(|verdict| verdict.level >= Level::Untested)
        .map(said)
        .collect()
}

fn whole(report: &Report) -> Page {
    let others = report.other_addresses.join(", ");
    let page = Page::new()
        .heading(report.target.as_str())
        .fields([
            ("address", report.address.as_str().into()),
            ("not tested", others.into()),
            ("agreed on", report.agreed.as_str().into()),
            ("took", Cell::toned(span(report.took_ms), Tone::Faint)),
        ])
        .table(
            ["", "verdict", "found"],
            report.verdicts.iter().map(|verdict| {
                [
                    verdict.subject.title().into(),
                    Cell::toned(word(verdict.level), tone(verdict.level)),
                    match (verdict.level, verdict.reason.as_str()) {
                        // What is well needs no paragraph.
                        (Level::Well | Level::Note, reason) if !reason.is_empty() => {
                            format!("{}: {reason}", verdict.found).into()
                        }
                        _ => verdict.found.as_str().into(),
                    },
                ]
            }),
            "",
        );
    report
        .verdicts
        .iter()
        .filter(|verdict| verdict.level >= Level::Untested)
        .fold(page, |page, verdict| {
            page.heading(Cell::toned(verdict.subject.title(), tone(verdict.level)))
                .fields([
                    ("why", verdict.reason.as_str().into()),
                    ("mend", verdict.mend.as_str().into()),
                ])
        })
}
