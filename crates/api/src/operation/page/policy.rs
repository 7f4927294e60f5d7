//! Policies for people.

use mailward_model::policy::{Holding, Lost, MemberChange, MemberTrouble, PolicyResult};
use serde_json::Value;

use crate::{
    page::{Cell, Page, Tone, count, moment},
    view::{PolicyFile, PolicyRefreshed, PolicyReport},
};

/// Characters of a value that a table shows.
const VALUE_CHARS: usize = 80;

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

pub(in crate::operation) fn result(view: &PolicyReport, now: u64) -> Page {
    let result = &view.result;
    let site = match &result.site {
        Some(site) => format!("in site {site}"),
        None => "in no site".to_owned(),
    };
    let policies = result.policies.iter().map(|one| {
        let verdict = match one.applied {
            true => Cell::toned("applied", Tone::Good),
            false => Cell::toned("not applied", Tone::Faint),
        };
        [
            one.policy.as_str().into(),
            one.scope.to_string().into(),
            one.order.to_string().into(),
            verdict,
            one.reason.as_str().into(),
        ]
    });
    let page = Page::new()
        .text(format!(
            "{}, {site}, as of revision {}. Applied from top to bottom; of two that say one thing the lower wins.",
            result.node, view.revision
        ))
        .table(
            ["policy", "scope", ">order", "verdict", "because"],
            policies,
            "There is no policy.",
        );
    let holdings: Vec<&Holding> = result
        .settings
        .iter()
        .chain(&result.ranges)
        .chain(&result.untrusted)
        .collect();
    let page = match holdings.is_empty() {
        true => page,
        false => page.heading("What holds").table(
            ["what", "value", "from"],
            holdings.iter().map(|one| {
                [
                    one.item.as_str().into(),
                    short(&one.value).into(),
                    one.from.as_str().into(),
                ]
            }),
            "",
        ),
    };
    let page = lost(administrators(groups(page, result), result), result);
    refreshes(page, view, now)
}

/// Who has Mailward's own roles, where policies speak of them.
fn administrators(page: Page, result: &PolicyResult) -> Page {
    if result.role_groups.is_empty() {
        return page;
    }
    let rows = result.role_groups.iter().map(|one| {
        let members: Vec<&str> = one.members.iter().map(|name| name.as_str()).collect();
        let steps: Vec<String> = one
            .steps
            .iter()
            .map(|step| {
                let sign = match step.change {
                    MemberChange::Add => '+',
                    MemberChange::Remove => '−',
                };
                format!("{sign}{} by {}", step.member, step.policy)
            })
            .collect();
        let members = match members.is_empty() {
            true => "nobody".to_owned(),
            false => members.join(", "),
        };
        [
            one.role_group.to_string().into(),
            members.into(),
            steps.join(", ").into(),
        ]
    });
    let page =
        page.heading("Role groups")
            .table(["role group", "who is in it", "by policies"], rows, "");
    let troubles = result.role_groups.iter().flat_map(|one| {
        let told = |trouble: &MemberTrouble| {
            let text = format!(
                "{}, {}: {}",
                one.role_group, trouble.member, trouble.problem
            );
            Cell::toned(text, Tone::Bad)
        };
        one.troubles.iter().map(told).collect::<Vec<_>>()
    });
    page.list(troubles)
}

/// When each role has looked at what policies come to, and when it does again.
fn refreshes(page: Page, view: &PolicyReport, now: u64) -> Page {
    if view.refreshes.is_empty() && view.silent.is_empty() {
        return page;
    }
    let rows = view.refreshes.iter().map(|one| {
        let refresh = &one.refresh;
        let problem = refresh.problem.as_deref().unwrap_or_default();
        [
            refresh.part.as_str().into(),
            one.role.name().into(),
            refresh.revision.to_string().into(),
            moment(refresh.refreshed_unix_ms, now).into(),
            moment(refresh.next_unix_ms, now).into(),
            moment(refresh.reapplied_unix_ms, now).into(),
            Cell::toned(problem, Tone::Bad),
        ]
    });
    page.heading("Refreshes")
        .table(
            [
                "part",
                "role",
                ">revision",
                "last refresh",
                "next refresh",
                "last applied whole",
                "problem",
            ],
            rows,
            "",
        )
        .list(
            view.silent
                .iter()
                .map(|silent| Cell::toned(silent.error.as_str(), Tone::Bad)),
        )
}

fn groups(page: Page, result: &PolicyResult) -> Page {
    if result.groups.is_empty() {
        return page;
    }
    let mut rows: Vec<[Cell; 4]> = Vec::new();
    for group in &result.groups {
        let name = || Cell::from(group.group.as_str());
        if let Some(members) = &group.members {
            let names: Vec<&str> = members.iter().map(|one| one.as_str()).collect();
            let who = match names.is_empty() {
                true => "nobody".to_owned(),
                false => names.join(", "),
            };
            rows.push([
                name(),
                "exactly".into(),
                who.into(),
                group.from.as_str().into(),
            ]);
        }
        for one in &group.changes {
            let word = match one.change {
                MemberChange::Add => "with",
                MemberChange::Remove => "without",
            };
            rows.push([
                name(),
                word.into(),
                one.member.as_str().into(),
                one.from.as_str().into(),
            ]);
        }
    }
    page.heading("Groups")
        .table(["group", "is", "who", "from"], rows, "")
        .text(format!(
            "{} is never taken out of a group.",
            result.break_glass_administrator
        ))
}

fn lost(page: Page, result: &PolicyResult) -> Page {
    let of_holdings = [&result.settings, &result.ranges, &result.untrusted]
        .into_iter()
        .flatten()
        .flat_map(|one| one.lost.iter().map(move |lost| (one.item.clone(), lost)));
    let of_groups = result.groups.iter().flat_map(|one| {
        let lost = one.lost.iter();
        lost.map(move |lost| (format!("group {}", one.group), lost))
    });
    let all: Vec<(String, &Lost)> = of_holdings.chain(of_groups).collect();
    if all.is_empty() {
        return page;
    }
    page.heading("What lost").table(
        ["what", "value", "from", "because"],
        all.into_iter().map(|(item, lost)| {
            [
                item.into(),
                short(&lost.value).into(),
                lost.from.as_str().into(),
                lost.reason.as_str().into(),
            ]
        }),
        "",
    )
}

pub(in crate::operation) fn refreshed(view: &PolicyRefreshed, _: u64) -> Page {
    let rows = view.steps.iter().map(|step| {
        let change = match step.change {
            MemberChange::Add => Cell::toned("+", Tone::Good),
            MemberChange::Remove => Cell::toned("−", Tone::Warn),
        };
        [
            change,
            step.member.as_str().into(),
            step.group.as_str().into(),
            step.policy.as_str().into(),
            step.because.as_str().into(),
        ]
    });
    let page = Page::new().table(
        ["", "member", "group", "policy", "because"],
        rows,
        "Every group is as policies say.",
    );
    let page = match view.troubles.is_empty() {
        true => page,
        false => page.heading("What could not be told or done").table(
            ["group", "member", "problem"],
            view.troubles.iter().map(|one| {
                [
                    one.group.as_str().into(),
                    one.member.as_str().into(),
                    Cell::toned(one.problem.as_str(), Tone::Bad),
                ]
            }),
            "",
        ),
    };
    let groups = count(view.groups, "group", "groups");
    page.text(match view.applied {
        true => format!("{groups} looked at; this was done."),
        false => format!("{groups} looked at; nothing was changed."),
    })
}

/// Bad news where something could not be told or done.
pub(in crate::operation) fn refreshed_exit(view: &PolicyRefreshed) -> u8 {
    u8::from(!view.troubles.is_empty())
}

pub(in crate::operation) fn file(view: &PolicyFile, _: u64) -> Page {
    Page::new().verbatim(view.text.replace("\r\n", "\n"))
}
