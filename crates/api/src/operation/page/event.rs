//! Events and explanations for people.

use super::{health, queue, trace};
use crate::{
    page::{Cell, Page, Tone, stamp},
    view::{EventList, EventPage, EventRecord, Explanation},
};

pub(in crate::operation) fn list(view: &EventList, _: u64) -> Page {
    Page::new().table(
        ["time", "event", "name", "level", "role", "what happened"],
        view.events.iter().map(row),
        "No event fits.",
    )
}

fn level(word: &str) -> Cell {
    let tone = match word {
        "error" | "critical" => Tone::Bad,
        "warning" => Tone::Warn,
        _ => Tone::Plain,
    };
    Cell::toned(word, tone)
}

fn row(event: &EventRecord) -> [Cell; 6] {
    let text = match event.repeated {
        0 => event.text.clone(),
        n => format!("{} (repeated {n} times)", event.text),
    };
    [
        stamp(event.unix_ms).into(),
        event.number.to_string().into(),
        event.name.as_str().into(),
        level(&event.level),
        event.role.as_str().into(),
        text.into(),
    ]
}

pub(in crate::operation) fn page(view: &EventPage, _: u64) -> Page {
    Page::new()
        .heading(format!("Event {} {}", view.number, view.name))
        .fields([
            ("level", level(&view.level)),
            ("what it means", view.meaning.as_str().into()),
            ("what it breaks", view.breaks.as_str().into()),
            ("how to mend it", view.mend.as_str().into()),
        ])
        .heading("Here lately")
        .table(
            ["time", "role", "what happened"],
            view.recent.iter().map(|event| {
                let [time, _, _, _, role, text] = row(event);
                [time, role, text]
            }),
            "It has not happened here.",
        )
}

pub(in crate::operation) fn explanation(view: &Explanation, now: u64) -> Page {
    match view {
        Explanation::Event(view) => page(view, now),
        Explanation::Case(view) => health::case(view, now),
        Explanation::Message {
            queued,
            trace,
            events,
        } => {
            let page = match queued {
                Some(message) => queue::message(message, now),
                None => Page::new().text("The message is not in the queue: all of it is settled."),
            };
            let page = page
                .heading("Its way so far")
                .page(trace::trace(trace, now));
            if events.is_empty() {
                return page;
            }
            let events = EventList {
                events: events.clone(),
            };
            page.heading("Events about it").page(list(&events, now))
        }
    }
}
