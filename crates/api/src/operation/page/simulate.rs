//! Simulations for people.

use super::decision;
use mailward_model::kind::Factor;

use crate::{
    page::{Cell, Page, Tone},
    view::{ConnectionChoice, MessagePlan, PlannedDelivery, simulate::FactorFinding},
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
        .page(factors(&view.factors))
}

/// By what a connector knows its senders; nothing where it does not look.
pub(super) fn factors(findings: &[FactorFinding]) -> Page {
    if findings.is_empty() {
        return Page::new();
    }
    Page::new().table(
        ["factor", "counts as", "met", "why"],
        findings.iter().map(|one| {
            let counts = match one.counts {
                Factor::Off => "off",
                Factor::Observed => "observed",
                Factor::Required => "required",
            };
            let met = match (one.met, one.counts) {
                (Some(true), _) => Cell::toned("yes", Tone::Good),
                (Some(false), Factor::Required) => Cell::toned("no", Tone::Bad),
                (Some(false), _) => Cell::toned("no", Tone::Warn),
                (None, _) => Cell::toned("not known yet", Tone::Faint),
            };
            [
                one.factor.as_str().into(),
                counts.into(),
                met,
                one.reason.as_str().into(),
            ]
        }),
        "",
    )
}

pub(in crate::operation) fn message(view: &MessagePlan, _: u64) -> Page {
    let page = Page::new()
        .page(decision(
            "Receive connector",
            "No receive connector would take it",
            &view.connector,
        ))
        .page(factors(&view.factors))
        .list(view.refused.iter().map(|reply| format!("refused: {reply}")))
        .list(view.risks.iter().map(|risk| format!("risky: {risk}")))
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
        .fields([
            ("from", view.mail_from.to_string().into()),
            (
                "pool",
                match view.pool.as_str() {
                    "" => Cell::toned("none: it stays here", Tone::Faint),
                    pool => pool.into(),
                },
            ),
        ])
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
