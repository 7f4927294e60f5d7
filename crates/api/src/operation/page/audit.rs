//! What administrators did, for people.

use serde_json::Value;

use crate::{
    page::{Cell, Page, Tone, stamp},
    view::{ActedAs, AuditList, AuditRecord, AuditResult, change},
};

/// Characters of a parameter's value.
const VALUE_CHARS: usize = 60;

pub(in crate::operation) fn list(view: &AuditList, _: u64) -> Page {
    let page = Page::new().table(
        [
            "time", "user", "machine", "acted as", "command", "result", "changes",
        ],
        view.records.iter().map(row),
        "Nothing fits.",
    );
    match view.more {
        true => page.text("Older ones fit too: ask with --limit."),
        false => page,
    }
}

fn row(record: &AuditRecord) -> [Cell; 7] {
    let acted_as = match record.acted_as {
        Some(ActedAs::Machine) => Cell::toned("machine", Tone::Warn),
        Some(ActedAs::User) => "user".into(),
        None => "".into(),
    };
    let result = match (record.result, record.because.as_str()) {
        (AuditResult::Done, "") => "done".into(),
        (AuditResult::Done, because) => Cell::toned(format!("done: {because}"), Tone::Warn),
        (result, because) => Cell::toned(format!("{}: {because}", result.as_str()), Tone::Bad),
    };
    [
        stamp(record.unix_ms).into(),
        record.on_behalf_of.as_str().into(),
        machine(record).into(),
        acted_as,
        command(record).into(),
        result,
        change::told(&record.changes, record.changes_left_out)
            .join("; ")
            .into(),
    ]
}

/// The node that it came from, or that it was given here for.
fn machine(record: &AuditRecord) -> String {
    match &record.machine {
        Some(machine) => format!("{machine} → {}", record.node),
        None => record.node.clone(),
    }
}

/// The command with its parameters.
fn command(record: &AuditRecord) -> String {
    let mut text = record.operation.clone();
    for (name, value) in &record.parameters {
        let value = match value {
            Value::Null | Value::Bool(false) => continue,
            // The command says it.
            Value::String(_) if name == "kind" => continue,
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        let short: String = value.chars().take(VALUE_CHARS).collect();
        let dots = if short.len() < value.len() { "…" } else { "" };
        text.push_str(&format!(" {name}={short}{dots}"));
    }
    text
}
