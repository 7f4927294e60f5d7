//! Holds and rehearsals for people.

use crate::{
    page::{Cell, Page, Tone, moment, span, stamp},
    view::{HoldList, Rehearsal, ServingState},
};

pub(in crate::operation) fn holds(view: &HoldList, now: u64) -> Page {
    Page::new()
        .table(
            ["component", "state", "since", "because"],
            view.components.iter().map(|one| {
                let tone = match one.state {
                    ServingState::Active => Tone::Good,
                    ServingState::Warming => Tone::Plain,
                    ServingState::Draining | ServingState::Inactive => Tone::Warn,
                };
                [
                    one.component.as_str().into(),
                    Cell::toned(one.state.word(), tone),
                    moment(one.since_unix_ms, now).into(),
                    one.reason.as_str().into(),
                ]
            }),
            "Transport does not answer: the states are not known.",
        )
        .heading("Holds")
        .table(
            [
                "component",
                "requester",
                "wants",
                "by",
                "since",
                "until",
                "case",
                "reason",
            ],
            view.holds.iter().map(|hold| {
                let until = hold.expires_unix_ms.map_or("released".to_owned(), stamp);
                [
                    hold.component.as_str().into(),
                    hold.requester.name().into(),
                    hold.wanted.word().into(),
                    hold.owner.as_str().into(),
                    moment(hold.since_unix_ms, now).into(),
                    until.into(),
                    hold.case.as_deref().unwrap_or_default().into(),
                    hold.reason.as_str().into(),
                ]
            }),
            "Nothing is held.",
        )
}

pub(in crate::operation) fn rehearsal(view: &Rehearsal, _: u64) -> Page {
    let cause = view.cause.as_deref().unwrap_or("none is known");
    let page = Page::new()
        .heading(format!("If {} failed from now on", view.set))
        .fields([("cause", cause.into())]);
    let page = view.steps.iter().fold(page, |page, step| {
        let tone = match step.step.as_str() {
            "granted" => Tone::Good,
            "denied" | "shadow" => Tone::Warn,
            "alerted" | "exhausted" => Tone::Bad,
            _ => Tone::Plain,
        };
        let text = format!(
            "after {:>7}  {}  {}: {}",
            span(step.after_ms),
            step.component,
            step.step,
            step.text
        );
        page.page(
            Page::new()
                .text(Cell::toned(text, tone))
                .list(step.reasons.iter().map(String::as_str)),
        )
    });
    page.text(format!("In the end: {}.", view.end))
        .text("Nothing was done, probed or recorded.")
}
