//! Probes and their results for people.

use super::health::samples;
use crate::{
    page::{Cell, Page, Tone, span, stamp},
    view::{Evidence, ProbeView, health::ProbeList},
};

/// 1 where the result speaks against what was probed.
pub(in crate::operation) fn exit(view: &ProbeView) -> u8 {
    u8::from(view.evidence == Evidence::Bad)
}

pub(in crate::operation) fn result(view: &ProbeView, _: u64) -> Page {
    let page = samples(std::slice::from_ref(view))
        .fields([("cause", view.cause.as_deref().unwrap_or_default().into())])
        .list(
            view.measures
                .iter()
                .map(|measure| format!("{} = {}", measure.name, measure.value)),
        );
    if view.steps.is_empty() {
        return page;
    }
    if view.steps.iter().all(|step| step.seen.is_empty()) {
        return page.table(
            ["step", ">took"],
            view.steps
                .iter()
                .map(|step| [step.step.as_str().into(), span(step.took_ms).into()]),
            "",
        );
    }
    view.steps.iter().fold(page, |page, step| {
        page.heading(format!("{}  {}", step.step, span(step.took_ms)))
            .list(step.seen.iter().map(String::as_str))
    })
}

pub(in crate::operation) fn list(view: &ProbeList, _: u64) -> Page {
    let page = Page::new().table(
        [
            "probe",
            "target",
            "lane",
            ">every",
            "last",
            "result",
            "what was seen",
        ],
        view.probes.iter().map(|probe| {
            let last = probe.last.as_ref();
            let tone = match last.map(|last| last.evidence) {
                Some(Evidence::Good) => Tone::Good,
                Some(Evidence::Bad) => Tone::Bad,
                Some(Evidence::None) | None => Tone::Faint,
            };
            let verdict = last.map_or_else(String::new, |last| last.verdict.replace('_', " "));
            [
                probe.probe.as_str().into(),
                probe.target.as_str().into(),
                probe.lane.as_str().into(),
                span(probe.interval_ms).into(),
                last.map_or_else(String::new, |last| stamp(last.unix_ms))
                    .into(),
                Cell::toned(verdict, tone),
                last.map_or("", |last| last.text.as_str()).into(),
            ]
        }),
        "No probe has this in its name.",
    );
    let shown = view.probes.len() as u64;
    if shown < view.total {
        return page.text(format!("{shown} of {} probes.", view.total));
    }
    page
}
