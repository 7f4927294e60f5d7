//! Members of groups for people.

use crate::{
    page::{Cell, Page, Tone, count},
    view::{FoundRecipient, GroupMembers, GroupPreview},
};

fn table(page: Page, recipients: &[FoundRecipient], empty: &str) -> Page {
    page.table(
        ["name", "address", "type"],
        recipients.iter().map(|one| {
            [
                one.name.as_str().into(),
                one.address.as_str().into(),
                one.recipient_type.as_str().into(),
            ]
        }),
        empty,
    )
}

fn members(number: u64) -> String {
    count(number, "member", "members")
}

pub(in crate::operation) fn of_group(view: &GroupMembers, _: u64) -> Page {
    let listed = view.members.len() as u64;
    let mut number = members(view.count);
    if listed < view.count {
        number.push_str(&format!("; the first {listed} are listed"));
    }
    let mut page = Page::new()
        .heading(format!("group {}", view.group))
        .fields([
            ("address", view.address.as_str().into()),
            ("members", number.into()),
            ("at revision", view.revision.to_string().into()),
        ]);
    if let Some(filter) = &view.filter {
        page = page.fields([("filter", filter.as_str().into())]);
        page = exclusions(page, &view.system_exclusions);
    }
    table(page, &view.members, "Nobody belonged to it.")
}

/// What the system excludes, shown as such: it is no part of the filter.
fn exclusions(page: Page, exclusions: &[String]) -> Page {
    if exclusions.is_empty() {
        return page;
    }
    page.text(Cell::toned(
        format!(
            "System recipients never belong to it: {}",
            exclusions.join(" -and ")
        ),
        Tone::Faint,
    ))
}

pub(in crate::operation) fn preview(view: &GroupPreview, _: u64) -> Page {
    let mut page = Page::new().heading(format!("group {}", view.group));
    if let Some(filter) = &view.filter_before
        && view.filter_before != view.filter_after
    {
        page = page.fields([("filter so far", filter.as_str().into())]);
    }
    if let Some(filter) = &view.filter_after {
        page = page.fields([("filter", filter.as_str().into())]);
    }
    page = page.fields([(
        "members",
        format!("{} → {}", view.members_before, view.members_after).into(),
    )]);
    page = exclusions(page, &view.system_exclusions);
    for (sign, tone, word, recipients, number) in [
        ("+", Tone::Good, "added", &view.added, view.added_count),
        ("-", Tone::Bad, "removed", &view.removed, view.removed_count),
    ] {
        if number == 0 {
            continue;
        }
        let listed = recipients.len() as u64;
        let mut heading = format!("{sign} {} {word}", members(number));
        if listed < number {
            heading.push_str(&format!("; the first {listed} are listed"));
        }
        page = table(page.heading(Cell::toned(heading, tone)), recipients, "");
    }
    if view.added_count + view.removed_count == 0 {
        page = page.text("The same recipients belong.");
    }
    for warning in &view.warnings {
        page = page.text(Cell::toned(format!("warning: {warning}"), Tone::Warn));
    }
    page.text("Nothing was changed.")
}
