//! The perimeter for people.

use mailward_model::IpRange;

use super::{decision, joined};
use crate::{
    page::{Cell, Page, Tone, count, distance, moment, stamp},
    view::{
        PerimeterDiff, PerimeterReplay, PerimeterStatus, PerimeterWhy,
        perimeter::{CoverStanding, FeedView, ReplayedClient},
    },
};

/// Clients that are listed at most.
const CLIENTS_SHOWN: usize = 100;

fn ranges(ranges: &[IpRange]) -> String {
    match ranges {
        [] => "nothing".to_owned(),
        some => joined(some),
    }
}

pub(in crate::operation) fn status(view: &PerimeterStatus, now: u64) -> Page {
    let mut page = Page::new();
    for feed in &view.feeds {
        page = page.page(self::feed(feed, now));
    }
    if view.feeds.is_empty() {
        page = page
            .text("There is no sender feed: `mailward sender-feed set NAME source=…` creates one.");
    }
    page.table(
        [
            "connector",
            "",
            "remote_ranges",
            ">ranges",
            ">IPv4 addresses",
        ],
        view.connectors.iter().map(|one| {
            [
                one.connector.as_str().into(),
                if one.enabled { "" } else { "disabled" }.into(),
                joined(&one.remote_ranges).into(),
                one.ranges.to_string().into(),
                one.v4_addresses.to_string().into(),
            ]
        }),
        "No receive connector names a feed.",
    )
}

fn feed(feed: &FeedView, now: u64) -> Page {
    let version = match (feed.version.as_str(), feed.taken_unix_ms) {
        ("", _) => Cell::toned("none: it lets nobody in", Tone::Bad),
        (version, taken) => format!(
            "{version}, {}, since {}",
            feed.origin,
            taken.map_or_else(String::new, stamp)
        )
        .into(),
    };
    let confirmed = feed
        .confirmed_unix_ms
        .map_or_else(|| "never".to_owned(), |at| moment(at, now));
    let confirmed = match feed.old {
        true => Cell::toned(format!("{confirmed}: the list is old"), Tone::Warn),
        false => confirmed.into(),
    };
    let next = match feed.enabled {
        true => distance(feed.next_unix_ms, now),
        false => "never: it is not enabled".to_owned(),
    };
    let leaving: Vec<String> = feed
        .leaving
        .iter()
        .map(|one| format!("{} until {}", one.range, stamp(one.until_unix_ms)))
        .collect();
    let mut page = Page::new()
        .heading(format!("sender feed {}", feed.feed))
        .fields([
            ("source", feed.source.as_str().into()),
            ("version", version),
            ("confirmed", confirmed),
            ("ranges", joined(&feed.ranges).into()),
            ("IPv4 addresses", feed.v4_addresses.to_string().into()),
            ("leaving", leaving.join(", ").into()),
            ("next try", next.into()),
        ]);
    if let Some(problem) = &feed.problem {
        page = page.text(Cell::toned(
            format!("The last try failed: {problem}"),
            Tone::Warn,
        ));
    }
    if let Some(held) = &feed.held {
        page = page.text(Cell::toned(
            format!(
                "A change to {} waits for a person since {}: {}. `mailward perimeter diff` shows it, \
                 `mailward perimeter approve {:?}` puts it in force.",
                held.version,
                moment(held.since_unix_ms, now),
                held.because,
                feed.feed
            ),
            Tone::Bad,
        ));
    }
    page
}

/// 1 where a person should look.
pub(in crate::operation) fn status_exit(view: &PerimeterStatus) -> u8 {
    let bad = |feed: &FeedView| feed.held.is_some() || feed.old || feed.version.is_empty();
    u8::from(view.feeds.iter().any(bad))
}

pub(in crate::operation) fn diff(view: &PerimeterDiff, now: u64) -> Page {
    let mut page = Page::new();
    for feed in &view.feeds {
        let state = match feed.held {
            true => Cell::toned(format!("waits for a person: {}", feed.because), Tone::Bad),
            false => "in force".into(),
        };
        page = page
            .heading(format!("sender feed {}", feed.feed))
            .fields([
                ("from", feed.from.as_str().into()),
                ("to", feed.to.as_str().into()),
                ("state", state),
                (
                    "since",
                    feed.unix_ms
                        .map_or_else(String::new, |at| moment(at, now))
                        .into(),
                ),
                ("added", Cell::toned(ranges(&feed.added), Tone::Good)),
                ("removed", Cell::toned(ranges(&feed.removed), Tone::Bad)),
            ])
            .list(feed.announced.iter().map(String::as_str));
    }
    if view.feeds.is_empty() {
        page = page.text("No sender feed has changed.");
    }
    page
}

pub(in crate::operation) fn why(view: &PerimeterWhy, now: u64) -> Page {
    let mut page = Page::new().heading(view.address.to_string());
    for cover in &view.covers {
        let text = format!(
            "{} of sender feed {}, version {}",
            cover.range, cover.feed, cover.version
        );
        page = page.text(match (cover.standing, cover.until_unix_ms) {
            (CoverStanding::Published, _) => Cell::toned(format!("It is in {text}."), Tone::Good),
            (CoverStanding::Leaving, until) => Cell::toned(
                format!(
                    "It was in {text}, and is published no more; it is let in until {}.",
                    until.map_or_else(String::new, |at| moment(at, now))
                ),
                Tone::Warn,
            ),
            (CoverStanding::Held, _) => Cell::toned(
                format!("It is in {text}, which waits for a person and is not in force."),
                Tone::Warn,
            ),
        });
    }
    if view.covers.is_empty() {
        page = page.text(Cell::toned("No sender feed covers it.", Tone::Warn));
    }
    if let Some(near) = &view.nearest {
        page = page.text(format!(
            "The nearest range is {} of sender feed {}, version {}: {} away.",
            near.range, near.feed, near.version, near.away
        ));
    }
    for choice in &view.choices {
        page = page.text(format!("At {}:", choice.local)).page(decision(
            "Receive connector",
            "No receive connector: the connection is closed",
            &choice.decision,
        ));
        page = page.page(super::simulate::factors(&choice.factors));
    }
    page
}

/// 1 where no feed that is in force covers the address.
pub(in crate::operation) fn why_exit(view: &PerimeterWhy) -> u8 {
    let mut covers = view.covers.iter();
    u8::from(!covers.any(|cover| cover.standing != CoverStanding::Held))
}

pub(in crate::operation) fn replay(view: &PerimeterReplay, now: u64) -> Page {
    let row = |one: &ReplayedClient| {
        let fate = match &one.taken_by {
            Some(other) => format!("taken by {other}").into(),
            None if one.by_range_factor => Cell::toned("refused by the range factor", Tone::Bad),
            None => Cell::toned("refused", Tone::Bad),
        };
        [
            one.address.to_string().into(),
            one.helo.as_str().into(),
            one.connector.as_str().into(),
            one.messages.to_string().into(),
            one.silent_sessions.to_string().into(),
            moment(one.last_unix_ms, now).into(),
            fate,
        ]
    };
    let mut page = Page::new()
        .text(view.assumed.as_str())
        .text(format!(
            "{} of {} in the last {} days.",
            brought(view.messages, view.silent_sessions),
            count(view.clients, "client", "clients"),
            view.days
        ))
        .table(
            [
                "client",
                "EHLO",
                "connector",
                ">messages",
                ">without mail",
                "last",
                "would be",
            ],
            view.out.iter().take(CLIENTS_SHOWN).map(row),
            "Every one of them would be taken as before.",
        );
    if let Some(more) = view.out.len().checked_sub(CLIENTS_SHOWN + 1) {
        page = page.text(format!("and {} more", more + 1));
    }
    if view.cut_off {
        page = page.text(Cell::toned(
            "There was more than is looked at: ask for fewer days or one connector.",
            Tone::Warn,
        ));
    }
    page.text(match replay_exit(view) {
        0 => Cell::toned("Nothing would be refused.", Tone::Good),
        _ => {
            let refused = brought(view.refused_messages, view.refused_silent_sessions);
            Cell::toned(format!("{refused} would be refused."), Tone::Bad)
        }
    })
}

/// Messages, and sessions that brought none.
fn brought(messages: u64, silent: u64) -> String {
    let mail = count(messages, "message", "messages");
    let without = count(silent, "session without mail", "sessions without mail");
    match (messages, silent) {
        (_, 0) => mail,
        (0, _) => without,
        _ => format!("{mail} and {without}"),
    }
}

/// 1 where somebody would be refused.
pub(in crate::operation) fn replay_exit(view: &PerimeterReplay) -> u8 {
    u8::from(view.refused_messages > 0 || view.refused_silent_sessions > 0)
}
