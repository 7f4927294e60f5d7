//! Alerts for people.

use crate::{
    page::{Cell, Page, Tone, moment, span, stamp},
    view::{AlertChannelView, AlertList, AlertTest, AlertView},
};

fn kind(view: &AlertView) -> Cell {
    if view.solved_unix_ms.is_some() {
        return Cell::toned("solved", Tone::Good);
    }
    Cell::toned(view.kind.replace('_', " "), Tone::Bad)
}

/// Whether somebody is on it.
fn state(view: &AlertView) -> String {
    match (&view.acknowledged, &view.silenced_by) {
        _ if view.solved_unix_ms.is_some() => String::new(),
        (Some(ack), _) => format!("acknowledged by {}", ack.by),
        (None, Some(silence)) => format!("silenced by {silence}"),
        (None, None) => "open".to_owned(),
    }
}

pub(in crate::operation) fn list(view: &AlertList, now: u64) -> Page {
    let page = Page::new().table(
        ["id", "kind", "component", "since", "state", "effect"],
        view.alerts.iter().map(|alert| {
            [
                alert.id.as_str().into(),
                kind(alert),
                alert.component.as_str().into(),
                moment(alert.since_unix_ms, now).into(),
                state(alert).into(),
                alert.effect.as_str().into(),
            ]
        }),
        "No alert is open.",
    );
    let page = if view.silences.is_empty() {
        page
    } else {
        page.heading("Silences").table(
            ["id", "pattern", "until", "by", "reason"],
            view.silences.iter().map(|silence| {
                [
                    silence.id.as_str().into(),
                    silence.pattern.as_str().into(),
                    stamp(silence.until_unix_ms).into(),
                    silence.by.as_str().into(),
                    silence.reason.as_str().into(),
                ]
            }),
            "",
        )
    };
    page.heading("Channels").table(
        ["channel", "target", "state", "last delivered", "heartbeat"],
        view.channels.iter().map(|channel| {
            [
                channel.channel.as_str().into(),
                channel.target.as_str().into(),
                channel_state(channel),
                channel
                    .delivered_unix_ms
                    .map_or("-".to_owned(), |at| moment(at, now))
                    .into(),
                channel
                    .heartbeat_ms
                    .map_or("-".to_owned(), |ms| format!("every {}", span(ms)))
                    .into(),
            ]
        }),
        "No alert channel is enabled: nobody will be told. See `mailward alert-channel set --help`.",
    )
}

fn channel_state(view: &AlertChannelView) -> Cell {
    match (view.works, view.failures) {
        (_, 0) => Cell::toned("works", Tone::Good),
        (true, _) => Cell::toned(format!("failed: {}", view.error), Tone::Warn),
        (false, times) => Cell::toned(format!("failed {times} times: {}", view.error), Tone::Bad),
    }
}

pub(in crate::operation) fn show(view: &AlertView, now: u64) -> Page {
    let mut title = kind(view);
    title.text = format!("Alert {}: {}", view.id, title.text);
    let at = |unix_ms: Option<u64>| unix_ms.map_or(String::new(), |at| moment(at, now));
    let acknowledged = view.acknowledged.as_ref().map_or(String::new(), |ack| {
        let note = if ack.note.is_empty() { "" } else { ": " };
        format!("by {} at {}{note}{}", ack.by, stamp(ack.unix_ms), ack.note)
    });
    let page = Page::new().heading(title).fields([
        ("component", view.component.as_str().into()),
        ("health set", view.set.as_str().into()),
        ("effect", view.effect.as_str().into()),
        ("why", view.text.as_str().into()),
        ("seen last", view.seen.as_str().into()),
        ("cause", view.cause.as_deref().unwrap_or_default().into()),
        ("since", moment(view.since_unix_ms, now).into()),
        ("raised", moment(view.raised_unix_ms, now).into()),
        ("solved", at(view.solved_unix_ms).into()),
        ("acknowledged", acknowledged.into()),
        (
            "silenced by",
            view.silenced_by.as_deref().unwrap_or_default().into(),
        ),
    ]);
    let page = page.heading("What was tried").table(
        ["time", "act", "outcome"],
        view.tried.iter().map(|tried| {
            [
                stamp(tried.unix_ms).into(),
                tried.act.as_str().into(),
                tried.outcome.as_str().into(),
            ]
        }),
        "Nothing: no act of Mailward's could cure it.",
    );
    let mut todo = view.todo.clone();
    todo.push(format!("Everything about it: `{}`", view.explain));
    page.heading("What to do")
        .list(todo)
        .heading("Who was told")
        .table(
            ["channel", ">times", "last", "next", "because"],
            view.told.iter().map(|told| {
                [
                    told.channel.as_str().into(),
                    told.times.to_string().into(),
                    told.last_unix_ms.map_or("-".to_owned(), stamp).into(),
                    told.next_unix_ms.map_or("-".to_owned(), stamp).into(),
                    told.because.as_str().into(),
                ]
            }),
            "No alert channel is enabled.",
        )
}

/// 1 where a channel did not take the test.
pub(in crate::operation) fn test_exit(view: &AlertTest) -> u8 {
    u8::from(view.results.iter().any(|result| !result.delivered))
}

pub(in crate::operation) fn test(view: &AlertTest, _: u64) -> Page {
    Page::new().table(
        ["channel", "target", "result", ">took", "what happened"],
        view.results.iter().map(|result| {
            let word = if result.delivered {
                Cell::toned("ok", Tone::Good)
            } else {
                Cell::toned("failed", Tone::Bad)
            };
            [
                result.channel.as_str().into(),
                result.target.as_str().into(),
                word,
                span(result.took_ms).into(),
                result.text.as_str().into(),
            ]
        }),
        "No alert channel is enabled.",
    )
}
