//! Objects for people.

use mailward_model::Kind;
use serde_json::Value;

use crate::{
    page::{Block, Cell, Column, Page, Tone, count},
    view::{Effect, ExportText, ObjectList, ObjectView, PlanView, RecipientList},
};

/// Fields shown in a list of a kind, in this order.
fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::AcceptedDomain => &["domain", "type", "include_subdomains"],
        Kind::ReceiveConnector => &[
            "enabled",
            "bindings",
            "remote_ranges",
            "fqdn",
            "tls",
            "relay",
        ],
        Kind::SenderFeed => &["enabled", "source", "interval", "removal_delay"],
        Kind::SendConnector => &["enabled", "address_spaces", "target", "smart_hosts", "tls"],
        Kind::Mailbox => &["address", "type", "proxy_addresses", "forwarding_address"],
        Kind::MailContact => &["address", "external_address"],
        Kind::MailUser => &["address", "external_address"],
        Kind::DistributionGroup => &["address", "members"],
        Kind::DynamicDistributionGroup => &[
            "address",
            "recipient_filter",
            "included_recipients",
            "recipient_container",
        ],
        Kind::DirectorySource => &["enabled", "type", "servers", "base", "kinds"],
        Kind::JournalRule => &["enabled", "scope", "recipient", "journal_address"],
        Kind::TransportSettings => &["postmaster", "message_expiration", "delay_notification"],
        Kind::HealthSettings => &["repair", "mailflow_probe_interval", "offline_after"],
        Kind::AlertChannel => &["enabled", "target", "alerts", "heartbeat"],
        Kind::MonitoringOverride => &["item", "property", "value", "until", "reason"],
        Kind::Probe => &["enabled", "health_set", "interval", "target"],
        Kind::UntrustedFeed => &["enabled", "source", "interval", "max_age"],
        Kind::Endpoint => &["enabled", "host", "port", "starttls", "interval"],
        Kind::UntrustedCertificate => &["subject", "issuer", "serial", "sha256", "reason"],
        Kind::PolicySettings => &["refresh_interval", "break_glass_administrator"],
        Kind::Site => &["nodes"],
        Kind::Policy => &["enabled", "scope", "order", "restricted_groups", "ranges"],
        Kind::Node => &[
            "enabled",
            "endpoint",
            "trusted_for_delegation",
            "role_groups",
        ],
        Kind::Administrator => &["enabled", "revoked", "role_groups", "comment"],
    }
}

/// Elements of a list shown in one cell.
const ELEMENTS_SHOWN: usize = 3;

/// A field's value as an administrator would write it.
fn value(value: &Value, shorten: bool) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let shown = if shorten { ELEMENTS_SHOWN } else { usize::MAX };
            let mut text = items
                .iter()
                .take(shown)
                .map(|item| self::value(item, shorten))
                .collect::<Vec<_>>()
                .join(", ");
            if items.len() > shown {
                text.push_str(&format!(" and {} more", items.len() - shown));
            }
            text
        }
        other => other.to_string(),
    }
}

pub(in crate::operation) fn recipients(view: &RecipientList, _: u64) -> Page {
    let listed = view.recipients.len() as u64;
    let mut fitting = format!("{} of {} recipients fit", view.fitting, view.all);
    if listed < view.fitting {
        fitting.push_str(&format!("; the first {listed} are listed"));
    }
    let filter = view.filter.as_deref().unwrap_or("none: everyone fits");
    let page = Page::new()
        .fields([("filter", filter.into()), ("fitting", fitting.into())])
        .table(
            ["name", "address", "type"],
            view.recipients.iter().map(|one| {
                [
                    one.name.as_str().into(),
                    one.address.as_str().into(),
                    one.recipient_type.as_str().into(),
                ]
            }),
            "No recipient fits.",
        );
    let warnings = view.warnings.iter();
    warnings.fold(page, |page, warning| {
        page.text(Cell::toned(format!("warning: {warning}"), Tone::Warn))
    })
}

pub(in crate::operation) fn list(view: &ObjectList, _: u64) -> Page {
    let fields = columns(view.kind);
    let headings = std::iter::once("name").chain(fields.iter().copied());
    let rows = view.objects.iter().map(|object| {
        let cells = fields.iter().map(|field| {
            let found = object.spec.get(*field).unwrap_or(&Value::Null);
            Cell::from(value(found, true))
        });
        std::iter::once(Cell::from(object.name.as_str()))
            .chain(cells)
            .collect()
    });
    let mut page = Page::new();
    page.blocks.push(Block::Table {
        columns: headings
            .map(|heading| Column {
                heading,
                right: false,
            })
            .collect(),
        rows: rows.collect(),
        empty: format!("There are no {}.", view.kind.plural()),
    });
    match view.hidden {
        0 => page,
        hidden => page.text(Cell::toned(
            format!(
                "{} not shown; --monitoring shows them.",
                count(hidden, "health mailbox", "health mailboxes")
            ),
            Tone::Faint,
        )),
    }
}

pub(in crate::operation) fn show(view: &ObjectView, _: u64) -> Page {
    let mut page = Page::new().heading(format!("{} {}", view.kind.noun(), view.name));
    let identity = [
        (
            "id".to_owned(),
            Cell::toned(view.id.to_string(), Tone::Faint),
        ),
        (
            "revision".to_owned(),
            Cell::toned(view.revision.to_string(), Tone::Faint),
        ),
    ];
    let fields = view.spec.iter().map(|(name, found)| {
        let text = value(found, false);
        let cell = if text.is_empty() {
            Cell::toned("-", Tone::Faint)
        } else {
            Cell::from(text)
        };
        (name.clone(), cell)
    });
    page.blocks
        .push(Block::Fields(fields.chain(identity).collect()));
    page
}

pub(in crate::operation) fn export(view: &ExportText, _: u64) -> Page {
    Page::new().verbatim(view.text.as_str())
}

pub(in crate::operation) fn plan(view: &PlanView, _: u64) -> Page {
    if view.effects.is_empty() {
        return Page::new().text("Nothing changes.");
    }
    let page = view
        .effects
        .iter()
        .fold(Page::new(), |page, one| page.page(effect(one)));
    let number = view.effects.len() as u64;
    if view.applied {
        page.text(Cell::toned(
            format!(
                "{} changed; revision {}.",
                count(number, "object", "objects"),
                view.revision
            ),
            Tone::Good,
        ))
    } else {
        let page = page.text(format!(
            "{} would change; nothing was changed.",
            count(number, "object", "objects")
        ));
        match &view.held {
            None => page,
            Some(held) => page.text(Cell::toned(
                format!(
                    "It is not done unasked: {}. --allow-removals {} allows it.",
                    held.because, held.removals
                ),
                Tone::Bad,
            )),
        }
    }
}

fn effect(view: &Effect) -> Page {
    let (sign, tone) = match view.action.as_str() {
        "create" => ("+", Tone::Good),
        "remove" => ("-", Tone::Bad),
        _ => ("~", Tone::Warn),
    };
    Page::new()
        .heading(Cell::toned(
            format!("{sign} {} {}", view.kind.noun(), view.name),
            tone,
        ))
        .list(view.changes.iter().map(String::as_str))
        .text(Cell::toned(view.takes_effect.as_str(), Tone::Faint))
}
