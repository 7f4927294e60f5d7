//! Simulations for people.

use super::decision;
use crate::{
    page::{Cell, Page, Tone},
    view::{ConnectionChoice, MessagePlan, PlannedDelivery},
};

pub(in crate::operation) fn connection(view: &ConnectionChoice, _: u64) -> Page {
    Page::new()
        .text(format!(
            "A connection from {} to {}",
            view.remote, view.local
        ))
        .page(decision(
            "Receive connector",
            "No receive connector: the connection is closed",
            &view.decision,
        ))
}

pub(in crate::operation) fn message(view: &MessagePlan, _: u64) -> Page {
    let page = Page::new()
        .page(decision(
            "Receive connector",
            "No receive connector would take it",
            &view.connector,
        ))
        .table(
            ["recipient", "answer"],
            view.recipients.iter().map(|one| {
                let tone = if one.accepted { Tone::Good } else { Tone::Bad };
                [
                    one.address.to_string().into(),
                    Cell::toned(one.reply.as_str(), tone),
                ]
            }),
            "No recipient.",
        )
        .list(view.notes.iter().map(String::as_str));
    view.deliveries
        .iter()
        .fold(page, |page, one| page.page(delivery(one)))
}

fn delivery(view: &PlannedDelivery) -> Page {
    let content = match view.content.as_str() {
        "journal_report" => "A journal report",
        "dsn" => "A delivery status notification",
        _ => "The message",
    };
    Page::new()
        .heading(format!("{content} goes to {}", view.next_hop))
        .text(view.because.as_str())
        .fields([("from", view.mail_from.to_string().into())])
        .table(
            ["recipient", "by way of"],
            view.recipients.iter().map(|one| {
                [
                    one.address.to_string().into(),
                    one.by_way_of.as_str().into(),
                ]
            }),
            "No recipient.",
        )
        .list(
            view.passed_over
                .iter()
                .map(|one| format!("not {}: {}", one.candidate, one.reason)),
        )
}
