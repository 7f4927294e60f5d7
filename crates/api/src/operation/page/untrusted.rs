//! Untrusted certificates for people.

use crate::{
    page::{Cell, Page, Tone, count, distance, moment, stamp},
    view::{
        RevocationFilters, UntrustedDiff, UntrustedFeedView, UntrustedFeeds, UntrustedList,
        UntrustedReplay, UntrustedTest,
        untrusted::{CrlView, UntrustedChange},
    },
};

/// Hex digits of a digest that a table shows.
const DIGITS: usize = 16;

fn short(digest: &str) -> String {
    match digest.get(..DIGITS) {
        Some(start) => format!("{start}…"),
        None => digest.to_owned(),
    }
}

pub(in crate::operation) fn list(view: &UntrustedList, now: u64) -> Page {
    let page = Page::new().table(
        [
            "name", "feed", "subject", "issuer", "serial", "SHA-256", "key", "reason",
        ],
        view.entries.iter().map(|one| {
            let name = match one.built_in {
                true => Cell::toned(format!("{} (built in)", one.name), Tone::Faint),
                false => one.name.as_str().into(),
            };
            [
                name,
                one.feed.as_deref().unwrap_or_default().into(),
                one.subject.as_str().into(),
                one.issuer.as_str().into(),
                one.serial.as_str().into(),
                short(&one.sha256).into(),
                short(&one.spki_sha256).into(),
                one.reason.as_str().into(),
            ]
        }),
        "No certificate is untrusted by name.",
    );
    view.filters.iter().fold(page, |page, one| {
        let told = format!(
            "Filters of feed {} say which others are revoked: {}.",
            one.feed,
            filters(one, now)
        );
        page.text(Cell::toned(
            told,
            if one.stale { Tone::Warn } else { Tone::Faint },
        ))
    })
}

/// Revocation filters in one line.
fn filters(one: &RevocationFilters, now: u64) -> String {
    let stale = match (one.stale, one.refuses) {
        (false, _) => "",
        (true, false) => "; stale",
        (true, true) => "; stale, and every certificate they speak for is refused",
    };
    format!(
        "{}, {} octets, made {}, for {}; not covered is what {} had not logged by {}{stale}",
        count(one.filters, "filter", "filters"),
        one.octets,
        moment(one.made_unix_ms, now),
        count(one.issuers, "issuer", "issuers"),
        count(one.logs, "log", "logs"),
        stamp(one.covered_until_unix_ms),
    )
}

pub(in crate::operation) fn test(view: &UntrustedTest, _: u64) -> Page {
    view.certificates.iter().fold(Page::new(), |page, one| {
        let verdict = match &one.entry {
            Some(entry) => Cell::toned(
                format!("UNTRUSTED by {}: {entry}, {}", one.by, one.reason),
                Tone::Bad,
            ),
            None => Cell::toned("not on the list", Tone::Good),
        };
        page.heading(one.subject.as_str())
            .fields([
                ("verdict", verdict),
                ("feed", one.feed.as_deref().unwrap_or_default().into()),
                ("issuer", one.issuer.as_str().into()),
                ("serial", one.serial.as_str().into()),
                ("SHA-256", one.sha256.as_str().into()),
                ("key", one.spki_sha256.as_str().into()),
            ])
            .list(one.crls.iter().map(String::as_str))
            .list(one.filters.iter().map(|one| one.told.as_str()))
    })
}

/// Names of entries that a page shows of one change.
const NAMES_SHOWN: usize = 50;

pub(in crate::operation) fn feeds(view: &UntrustedFeeds, now: u64) -> Page {
    if view.feeds.is_empty() {
        return Page::new().text(
            "There is no untrusted feed: `mailward untrusted-feed set NAME source=…` creates one.",
        );
    }
    view.feeds
        .iter()
        .fold(Page::new(), |page, one| page.page(feed(one, now)))
}

fn feed(feed: &UntrustedFeedView, now: u64) -> Page {
    let at = |moment_ms: Option<u64>| moment_ms.map_or_else(String::new, |at| moment(at, now));
    let is_listed = feed.crls.is_empty() && feed.filters.is_none();
    let list = match (feed.sequence, is_listed) {
        (Some(sequence), _) => format!(
            "{sequence}, signed by {} ({}), taken {}",
            feed.key,
            feed.comment,
            at(feed.taken_unix_ms)
        )
        .into(),
        (None, true) => Cell::toned("none: it refuses nothing", Tone::Bad),
        (None, false) => "".into(),
    };
    let confirmed = match (&feed.old, feed.confirmed_unix_ms) {
        (Some(because), at) => Cell::toned(
            format!(
                "{}; it is old: {because}",
                at.map_or_else(|| "never".to_owned(), |at| moment(at, now))
            ),
            Tone::Warn,
        ),
        (None, at) => at.map_or_else(String::new, |at| moment(at, now)).into(),
    };
    let next = match feed.enabled {
        true => distance(feed.next_unix_ms, now),
        false => "never: it is not enabled".to_owned(),
    };
    let mut page = Page::new()
        .heading(format!("untrusted feed {}", feed.feed))
        .fields([
            ("source", feed.source.as_str().into()),
            ("list", list),
            ("entries", feed.entries.to_string().into()),
            ("confirmed", confirmed),
            (
                "expires",
                feed.expires_unix_ms.map_or_else(String::new, stamp).into(),
            ),
            ("next try", next.into()),
        ]);
    if !feed.crls.is_empty() {
        page = page.table(
            ["CRL", "issuer", ">revoked", "made", "next", "state"],
            feed.crls.iter().map(|one| crl(one, now)),
            "",
        );
    }
    if let Some(one) = &feed.filters {
        let tone = if one.stale { Tone::Warn } else { Tone::Plain };
        page = page.text(Cell::toned(format!("{}.", filters(one, now)), tone));
    }
    if let Some(problem) = &feed.problem {
        page = page.text(Cell::toned(
            format!("The last try failed: {problem}"),
            Tone::Warn,
        ));
    }
    match &feed.held {
        Some(held) => page.text(Cell::toned(
            format!(
                "A change to list {} waits for a person since {}: {}. `mailward untrusted diff` shows \
                 it, `mailward untrusted approve {:?}` puts it in force.",
                held.to,
                moment(held.since_unix_ms, now),
                held.because,
                feed.feed
            ),
            Tone::Bad,
        )),
        None => page,
    }
}

fn crl(one: &CrlView, now: u64) -> [Cell; 6] {
    let at = |moment_ms: Option<u64>| moment_ms.map_or_else(String::new, |at| moment(at, now));
    let state = match (&one.problem, one.stale) {
        (Some(problem), _) => Cell::toned(problem.as_str(), Tone::Warn),
        (None, true) => Cell::toned("stale", Tone::Warn),
        (None, false) => Cell::toned("current", Tone::Good),
    };
    let place = match one.learnt {
        true => format!("{} (learnt)", one.place),
        false => one.place.clone(),
    };
    [
        place.into(),
        one.issuer.as_str().into(),
        one.revoked.to_string().into(),
        at(one.this_update_unix_ms).into(),
        at(one.next_update_unix_ms).into(),
        state,
    ]
}

/// 1 where a person should look.
pub(in crate::operation) fn feeds_exit(view: &UntrustedFeeds) -> u8 {
    let bad = |feed: &UntrustedFeedView| {
        let empty = feed.sequence.is_none() && feed.crls.is_empty() && feed.filters.is_none();
        feed.held.is_some() || feed.old.is_some() || (empty && feed.problem.is_some())
    };
    u8::from(view.feeds.iter().any(bad))
}

pub(in crate::operation) fn diff(view: &UntrustedDiff, now: u64) -> Page {
    if view.changes.is_empty() {
        return Page::new().text("No change of an untrusted feed waits for a person.");
    }
    view.changes
        .iter()
        .fold(Page::new(), |page, one| page.page(change(one, now)))
}

fn change(one: &UntrustedChange, now: u64) -> Page {
    let from = one
        .from
        .map_or_else(|| "none".to_owned(), |from| from.to_string());
    Page::new()
        .heading(format!("untrusted feed {}", one.feed))
        .fields([
            ("from list", from.into()),
            ("to list", one.to.to_string().into()),
            ("since", moment(one.since_unix_ms, now).into()),
            (
                "waits because",
                Cell::toned(one.because.as_str(), Tone::Bad),
            ),
            ("refused from then on", names(&one.added).into()),
            ("trusted again", Cell::toned(names(&one.removed), Tone::Bad)),
        ])
}

fn names(all: &[String]) -> String {
    let shown = all.iter().take(NAMES_SHOWN).map(String::as_str);
    let shown: Vec<&str> = shown.collect();
    match all.len().checked_sub(NAMES_SHOWN + 1) {
        Some(more) => format!("{} and {} more", shown.join(", "), more + 1),
        None => shown.join(", "),
    }
}

/// Bad news where a certificate is on the list.
pub(in crate::operation) fn test_exit(view: &UntrustedTest) -> u8 {
    u8::from(view.certificates.iter().any(|one| one.entry.is_some()))
}

pub(in crate::operation) fn replay(view: &UntrustedReplay, now: u64) -> Page {
    let page = Page::new()
        .table(
            [
                "direction",
                "connector",
                "peer",
                ">lines",
                "last",
                "entry",
                "by",
            ],
            view.refused.iter().map(|one| {
                [
                    one.direction.as_str().into(),
                    one.connector.as_str().into(),
                    one.peer.as_str().into(),
                    one.count.to_string().into(),
                    moment(one.last_unix_ms, now).into(),
                    one.entry.as_str().into(),
                    one.by.as_str().into(),
                ]
            }),
            "Nobody would have been refused.",
        )
        .text(format!(
            "{} of {} days looked at; {} without a certificate that is known.",
            count(view.looked_at, "line", "lines"),
            view.days,
            count(view.without, "line under TLS", "lines under TLS"),
        ));
    match view.complete {
        true => page,
        false => page.text(Cell::toned(
            "Some times had more lines than are looked at.",
            Tone::Warn,
        )),
    }
}
