//! Untrusted certificates for people.

use crate::{
    page::{Cell, Page, Tone, count, moment},
    view::{UntrustedList, UntrustedReplay, UntrustedTest},
};

/// Hex digits of a digest that a table shows.
const DIGITS: usize = 16;

fn short(digest: &str) -> String {
    match digest.get(..DIGITS) {
        Some(start) => format!("{start}…"),
        None => digest.to_owned(),
    }
}

pub(in crate::operation) fn list(view: &UntrustedList, _: u64) -> Page {
    Page::new().table(
        [
            "name", "subject", "issuer", "serial", "SHA-256", "key", "reason",
        ],
        view.entries.iter().map(|one| {
            let name = match one.built_in {
                true => Cell::toned(format!("{} (built in)", one.name), Tone::Faint),
                false => one.name.as_str().into(),
            };
            [
                name,
                one.subject.as_str().into(),
                one.issuer.as_str().into(),
                one.serial.as_str().into(),
                short(&one.sha256).into(),
                short(&one.spki_sha256).into(),
                one.reason.as_str().into(),
            ]
        }),
        "No certificate is untrusted by name.",
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
        page.heading(one.subject.as_str()).fields([
            ("verdict", verdict),
            ("issuer", one.issuer.as_str().into()),
            ("serial", one.serial.as_str().into()),
            ("SHA-256", one.sha256.as_str().into()),
            ("key", one.spki_sha256.as_str().into()),
        ])
    })
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
