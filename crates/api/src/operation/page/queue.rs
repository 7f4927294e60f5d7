//! The queue for people.

use super::joined;
use crate::{
    page::{Cell, Page, Tone, count, distance, moment, octets},
    view::{
        DeliveryView, MessageSummary, MessageView, QueueActed, QueueFailure, QueueListing,
        QueueSummary, RecipientView, change,
    },
};

/// Recipients printed by name in a list; the rest are counted.
const RECIPIENTS_SHOWN: usize = 2;

pub(in crate::operation) fn listing(view: &QueueListing, now: u64) -> Page {
    let page = Page::new().table(
        [
            "delivery queue",
            ">messages",
            ">trying",
            ">waiting",
            ">velocity",
            ">oldest",
            "next try",
            "last error",
        ],
        view.queues.queues.iter().map(|queue| row(queue, now)),
        "The queue is empty.",
    );
    let (shown, matching) = (view.messages.messages.len() as u64, view.messages.matching);
    if shown == 0 {
        return match view.queues.messages {
            0 => page,
            _ => page.text("No queued message fits."),
        };
    }
    let page = page.table(
        [
            "message",
            ">age",
            ">size",
            "from",
            "to",
            "state",
            "next try",
            "last error",
        ],
        view.messages
            .messages
            .iter()
            .map(|message| message_row(message, now)),
        "",
    );
    if shown < matching {
        page.text(Cell::toned(
            format!("{shown} of {matching} messages shown; --limit shows more."),
            Tone::Faint,
        ))
    } else {
        page
    }
}

/// What was done, what it was done to where a filter said so, and where it failed.
pub(in crate::operation) fn acted(view: &QueueActed, _: u64) -> Page {
    let by_filter = view.matching > 0 || view.dry_run;
    let done = view.done.iter().filter(|_| by_filter);
    let failed =
        |one: &QueueFailure| Cell::toned(format!("{}: {}", one.target, one.error), Tone::Bad);
    Page::new()
        .text(view.text.as_str())
        .list(done.map(String::as_str))
        .list(view.failed.iter().map(failed))
        .list(change::told(&view.changes, view.changes_left_out))
}

/// Bad news where one of those that were meant failed.
pub(in crate::operation) fn acted_exit(view: &QueueActed) -> u8 {
    u8::from(!view.failed.is_empty())
}

fn row(queue: &QueueSummary, now: u64) -> [Cell; 8] {
    let next = if queue.held {
        Cell::toned("held", Tone::Warn)
    } else {
        distance(queue.next_retry_unix_ms, now).into()
    };
    [
        queue.next_hop.as_str().into(),
        queue.count.to_string().into(),
        queue.in_flight.to_string().into(),
        queue.deferred.to_string().into(),
        velocity(queue),
        distance(queue.oldest_unix_ms, now).into(),
        next,
        Cell::toned(queue.last_error.as_deref().unwrap_or_default(), Tone::Warn),
    ]
}

/// How fast it becomes shorter; one that grows is what somebody looks for.
fn velocity(queue: &QueueSummary) -> Cell {
    let rate = queue.velocity();
    match rate {
        _ if rate < 0.0 => Cell::toned(format!("{rate:.2}/s"), Tone::Warn),
        _ if queue.incoming_rate > 0.0 || rate > 0.0 => format!("{rate:+.2}/s").into(),
        _ => Cell::default(),
    }
}

fn message_row(message: &MessageSummary, now: u64) -> [Cell; 8] {
    let mut to = joined(message.to.get(..RECIPIENTS_SHOWN).unwrap_or(&message.to));
    let named = message.to.len().min(RECIPIENTS_SHOWN) as u64;
    let rest = u64::from(message.pending).saturating_sub(named);
    if rest > 0 {
        to.push_str(&format!(" and {rest} more"));
    }
    [
        message.id.to_string().into(),
        distance(Some(message.accepted_unix_ms), now).into(),
        octets(message.size).into(),
        message.from.to_string().into(),
        to.into(),
        state(&message.state),
        distance(message.next_retry_unix_ms, now).into(),
        Cell::toned(
            message.last_error.as_deref().unwrap_or_default(),
            Tone::Warn,
        ),
    ]
}

fn state(word: &str) -> Cell {
    let tone = match word {
        "held" | "retry" | "deferred" => Tone::Warn,
        "failed" => Tone::Bad,
        "delivered" => Tone::Good,
        "settled" | "removed" => Tone::Faint,
        _ => Tone::Plain,
    };
    Cell::toned(word, tone)
}

pub(in crate::operation) fn message(view: &MessageView, now: u64) -> Page {
    let flags = match (view.held, view.probe) {
        (true, _) => Cell::toned("held by an administrator", Tone::Warn),
        (_, true) => Cell::toned("health probe", Tone::Faint),
        _ => Cell::default(),
    };
    let page = Page::new().heading(format!("Message {}", view.id)).fields([
        ("from", view.from.to_string().into()),
        ("to", joined(&view.to).into()),
        ("size", octets(view.size).into()),
        (
            "subject",
            view.subject.as_deref().unwrap_or_default().into(),
        ),
        (
            "Message-ID",
            view.message_id.as_deref().unwrap_or_default().into(),
        ),
        ("accepted", moment(view.accepted_unix_ms, now).into()),
        (
            "given up",
            view.expires_unix_ms
                .map_or_else(Cell::default, |at| moment(at, now).into()),
        ),
        ("connector", view.connector.as_str().into()),
        ("client", view.client.as_str().into()),
        ("protocol", view.protocol.as_str().into()),
        ("TLS", view.tls.as_deref().unwrap_or_default().into()),
        ("note", flags),
    ]);
    view.deliveries
        .iter()
        .fold(page, |page, one| page.page(delivery(one, now)))
}

fn delivery(view: &DeliveryView, now: u64) -> Page {
    let content = match view.content.as_str() {
        "journal_report" => "journal report",
        "dsn" => "delivery status notification",
        other => other,
    };
    Page::new()
        .heading(format!(
            "Delivery {}: {content} to {}",
            view.no, view.next_hop
        ))
        .fields([
            ("state", state(&view.state)),
            ("from", view.mail_from.to_string().into()),
            (
                "attempts",
                count(u64::from(view.attempts), "attempt", "attempts").into(),
            ),
            (
                "next try",
                view.next_retry_unix_ms
                    .map_or_else(Cell::default, |at| moment(at, now).into()),
            ),
            ("remote", view.remote.as_deref().unwrap_or_default().into()),
        ])
        .table(
            ["recipient", "state", "last reply"],
            view.recipients.iter().map(recipient),
            "No recipient.",
        )
}

fn recipient(view: &RecipientView) -> [Cell; 3] {
    let address = match &view.original {
        Some(original) => format!("{} (for {original})", view.address),
        None => view.address.to_string(),
    };
    [
        address.into(),
        state(&view.state),
        view.reply.as_deref().unwrap_or_default().into(),
    ]
}
