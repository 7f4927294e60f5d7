//! Each view for people: one file per noun.
//!
//! Pure functions from a view and the time to a [`Page`]; layout belongs to the face.

pub(super) mod alert;
pub(super) mod audit;
pub(super) mod cert;
pub(super) mod directory;
pub(super) mod drill;
pub(super) mod event;
pub(super) mod exchange;
pub(super) mod forecast;
pub(super) mod health;
pub(super) mod journal;
pub(super) mod membership;
pub(super) mod object;
pub(super) mod perimeter;
pub(super) mod policy;
pub(super) mod probe;
pub(super) mod queue;
pub(super) mod repair;
pub(super) mod simulate;
pub(super) mod status;
pub(super) mod trace;
pub(super) mod untrusted;
pub(super) mod watch;

use mailward_model::Decision;

use crate::{
    page::{Cell, Page, Tone},
    view::{Changed, HealthState, change},
};

/// What a command has done, and what is another thing now.
pub(super) fn changed(view: &Changed, _: u64) -> Page {
    Page::new()
        .text(view.text.as_str())
        .list(change::told(&view.changes, 0))
}

/// Text as it is.
pub(super) fn verbatim(text: &String, _: u64) -> Page {
    Page::new().verbatim(text)
}

/// A choice: what, why, and why nothing else.
fn decision(what: &str, none: &str, decision: &Decision<Option<String>>) -> Page {
    let chosen = match &decision.chosen {
        Some(name) => Cell::toned(format!("{what}: {name}"), Tone::Good),
        None => Cell::toned(none, Tone::Warn),
    };
    Page::new()
        .heading(chosen)
        .text(decision.because.as_str())
        .table(
            ["passed over", "because"],
            decision
                .passed_over
                .iter()
                .map(|one| [one.candidate.as_str().into(), one.reason.as_str().into()]),
            "Nothing was passed over.",
        )
}

fn state(state: HealthState) -> Cell {
    let tone = match state {
        HealthState::Healthy => Tone::Good,
        HealthState::Suspect | HealthState::Recovering => Tone::Warn,
        HealthState::Unknown | HealthState::Disabled => Tone::Faint,
        HealthState::Degraded
        | HealthState::Unhealthy
        | HealthState::Unrecoverable
        | HealthState::Unavailable => Tone::Bad,
    };
    Cell::toned(state.word(), tone)
}

fn joined<T: ToString>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
