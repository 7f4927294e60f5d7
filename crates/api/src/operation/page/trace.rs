//! Message tracking for people.

use crate::{
    page::{Cell, Page, Tone, stamp},
    view::{Trace, TraceEntry},
};

pub(in crate::operation) fn trace(view: &Trace, _: u64) -> Page {
    let page = Page::new().table(
        ["time", "event", "message", "from", "to", "through", "what"],
        view.entries.iter().map(row),
        "No message fits. --since looks further back.",
    );
    if view.cut_off {
        page.text(Cell::toned(
            "There is more; --limit shows it, --since and --until narrow it down.",
            Tone::Faint,
        ))
    } else {
        page
    }
}

pub(super) fn row(entry: &TraceEntry) -> [Cell; 7] {
    let tone = match entry.event.as_str() {
        "DELIVER" | "SEND" => Tone::Good,
        "DEFER" => Tone::Warn,
        "FAIL" | "DROP" | "BADMAIL" | "POISONMESSAGE" => Tone::Bad,
        _ => Tone::Plain,
    };
    let peer = |name: &str, ip: &str| match (name.is_empty(), ip.is_empty()) {
        (true, _) => ip.to_owned(),
        (_, true) => name.to_owned(),
        _ => format!("{name} [{ip}]"),
    };
    // Where it came from on the way in, where it went on the way out.
    let peer = match entry.event.as_str() {
        "RECEIVE" => peer(&entry.client, &entry.client_ip),
        _ => peer(&entry.server, &entry.server_ip),
    };
    let through = match (entry.connector.is_empty(), peer.is_empty()) {
        (_, true) => entry.connector.clone(),
        (true, _) => peer,
        _ => format!("{}, {peer}", entry.connector),
    };
    // One reply for all recipients is said once.
    let status = match entry.status.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => first.clone(),
        _ => entry.status.join("; "),
    };
    let what: Vec<&str> = [
        status.as_str(),
        &entry.related,
        &entry.reference,
        &entry.context,
    ]
    .into_iter()
    .filter(|text| !text.is_empty())
    .collect();
    [
        stamp(entry.unix_ms).into(),
        Cell::toned(entry.event.as_str(), tone),
        entry.id.as_str().into(),
        entry.from.as_str().into(),
        entry.to.join(", ").into(),
        through.into(),
        what.join("; ").into(),
    ]
}
