//! Drills for people.

use crate::{
    page::{Cell, Page, Tone, moment, span, stamp},
    view::{DrillList, DrillRun, DrillState},
};

/// 1 where the drill failed or was broken off.
pub(in crate::operation) fn exit(view: &DrillRun) -> u8 {
    u8::from(matches!(
        view.state,
        DrillState::Failed | DrillState::BrokenOff
    ))
}

fn state(state: DrillState) -> Cell {
    let tone = match state {
        DrillState::Met => Tone::Good,
        DrillState::Failed => Tone::Bad,
        DrillState::Running | DrillState::BrokenOff => Tone::Warn,
    };
    Cell::toned(state.word(), tone)
}

fn after(ms: Option<u64>) -> Cell {
    match ms {
        // Below a minute the tenths are what is of interest.
        Some(ms @ 1_000..60_000) => format!("{}.{}s", ms / 1000, ms % 1000 / 100).into(),
        Some(ms) => span(ms).into(),
        None => "-".into(),
    }
}

pub(in crate::operation) fn list(view: &DrillList, now: u64) -> Page {
    let page = Page::new().table(
        [
            "drill",
            "clients notice",
            "last run",
            "result",
            ">noticed",
            ">repaired",
            "next",
        ],
        view.drills.iter().map(|one| {
            let last = one.last.as_ref();
            [
                one.drill.as_str().into(),
                if one.touches_mail {
                    Cell::toned("yes", Tone::Warn)
                } else {
                    Cell::toned("no", Tone::Faint)
                },
                last.map_or("never".to_owned(), |run| moment(run.started_unix_ms, now))
                    .into(),
                last.map_or(Cell::from("-"), |run| state(run.state)),
                after(last.and_then(|run| run.detected_after_ms)),
                after(last.and_then(|run| run.repaired_after_ms)),
                one.next_unix_ms
                    .map_or(String::new(), |next| moment(next, now))
                    .into(),
            ]
        }),
        "There is no drill.",
    );
    let page = match &view.running {
        Some(running) => page.text(format!(
            "{} is under way: `mailward drill show {}`",
            running.drill, running.id
        )),
        None => page,
    };
    let page = if view.refused_because.is_empty() {
        page
    } else {
        page.heading("None can be started now")
            .list(view.refused_because.iter().map(String::as_str))
    };
    view.drills.iter().fold(page, |page, one| {
        page.heading(one.drill.as_str())
            .text(one.fault.as_str())
            .text(one.notice.as_str())
            .list(one.expects.iter().map(String::as_str))
    })
}

pub(in crate::operation) fn run(view: &DrillRun, now: u64) -> Page {
    let mut word = state(view.state);
    word.text = format!("Drill {}: {}", view.drill, word.text);
    let or_empty = |ms: Option<u64>| ms.map_or(Cell::default(), |ms| after(Some(ms)));
    Page::new()
        .heading(word)
        .fields([
            ("id", view.id.as_str().into()),
            ("fault", view.fault.as_str().into()),
            ("started", moment(view.started_unix_ms, now).into()),
            ("by", view.by.as_str().into()),
            ("noticed after", or_empty(view.detected_after_ms)),
            ("well again after", or_empty(view.repaired_after_ms)),
            ("case", view.case.as_deref().unwrap_or_default().into()),
            ("acts", view.acts.join("; ").into()),
        ])
        .table(
            ["expected", "held", "found"],
            view.expectations.iter().map(|one| {
                [
                    one.text.as_str().into(),
                    match one.held {
                        Some(true) => Cell::toned("yes", Tone::Good),
                        Some(false) => Cell::toned("NO", Tone::Bad),
                        None => Cell::toned("open", Tone::Faint),
                    },
                    one.found.as_str().into(),
                ]
            }),
            "Nothing was expected.",
        )
        .list(
            view.steps
                .iter()
                .map(|step| format!("{}  {}", stamp(step.unix_ms), step.text)),
        )
}
