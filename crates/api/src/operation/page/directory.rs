//! Directory sources for people.

use super::object;
use crate::{
    page::{Cell, Page, Tone, count, moment},
    view::{DirectorySyncRun, DirectorySyncSource, DirectorySyncStatus, SkippedEntry, SyncState},
};

/// 1 where a source is held or failing.
pub(in crate::operation) fn exit(view: &DirectorySyncStatus) -> u8 {
    let is_bad =
        |one: &DirectorySyncSource| matches!(one.state, SyncState::Held | SyncState::Failing);
    u8::from(view.sources.iter().any(is_bad))
}

/// 1 where it waits for a person.
pub(in crate::operation) fn run_exit(view: &DirectorySyncRun) -> u8 {
    u8::from(view.plan.held.is_some())
}

fn state(state: SyncState) -> Cell {
    let tone = match state {
        SyncState::Following => Tone::Good,
        SyncState::Held | SyncState::Failing => Tone::Bad,
        SyncState::Connecting | SyncState::Reading => Tone::Warn,
        SyncState::Off | SyncState::Elsewhere => Tone::Faint,
    };
    Cell::toned(state.word(), tone)
}

pub(in crate::operation) fn status(view: &DirectorySyncStatus, now: u64) -> Page {
    if view.sources.is_empty() {
        return Page::new().text(
            "There are no directory sources. `mailward directory-source set NAME …` makes one.",
        );
    }
    view.sources
        .iter()
        .fold(Page::new(), |page, one| page.page(source(one, now)))
}

fn source(view: &DirectorySyncSource, now: u64) -> Page {
    let when = |at: Option<u64>| at.map_or("never".to_owned(), |at| moment(at, now));
    let mut word = state(view.state);
    word.text = format!("{}: {}", view.source, word.text);
    let page = Page::new().heading(word).fields([
        (
            "because",
            view.because.as_deref().unwrap_or_default().into(),
        ),
        ("since", moment(view.since_unix_ms, now).into()),
        ("server", view.server.as_deref().unwrap_or_default().into()),
        (
            "follows by",
            view.follows_by.as_deref().unwrap_or_default().into(),
        ),
        ("entries", view.entries.to_string().into()),
        ("recipients", view.recipients.to_string().into()),
        ("read whole", when(view.read_unix_ms).into()),
        ("last heard", when(view.heard_unix_ms).into()),
        ("last change", when(view.changed_unix_ms).into()),
    ]);
    let page = match &view.held {
        None => page,
        Some(held) => page.text(Cell::toned(
            format!(
                "It waits for you: `mailward directory sync run {0:?} --dry-run` shows what would go; \
                 `mailward directory sync approve {0:?} --removals {1}` lets it.",
                view.source, held.removals
            ),
            Tone::Bad,
        )),
    };
    left_out(page, &view.skipped, view.skipped_all)
}

fn left_out(page: Page, skipped: &[SkippedEntry], all: u64) -> Page {
    if all == 0 {
        return page;
    }
    let shown = skipped.len() as u64;
    let page = page
        .heading(format!("{} left out", count(all, "entry", "entries")))
        .table(
            ["entry", "because"],
            skipped
                .iter()
                .map(|one| [one.entry.as_str().into(), one.because.as_str().into()]),
            "",
        );
    match all > shown {
        true => page.text(Cell::toned(
            format!("and {} more", all - shown),
            Tone::Faint,
        )),
        false => page,
    }
}

pub(in crate::operation) fn run(view: &DirectorySyncRun, _: u64) -> Page {
    let page = Page::new().text(format!(
        "{} of {} read from {}.",
        count(view.entries, "entry", "entries"),
        view.source,
        view.server
    ));
    let mut plan = view.plan.clone();
    let held = plan.held.take();
    let page = page.page(object::plan(&plan, 0));
    let page = match held {
        None => page,
        Some(held) => page.text(Cell::toned(
            format!(
                "It is not done unasked: {}. `mailward directory sync approve {:?} --removals {}` lets it.",
                held.because, view.source, held.removals
            ),
            Tone::Bad,
        )),
    };
    left_out(page, &view.skipped, view.skipped_all)
}
