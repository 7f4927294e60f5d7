//! What is watched, for people: the parts of health sets, a group as one, whether mail flows.

use super::state;
use crate::{
    page::{Cell, Page, Tone, count, span},
    view::{HealthItems, HealthRollup, HealthState, MailflowTest},
};

pub(in crate::operation) fn items(view: &HealthItems, _: u64) -> Page {
    Page::new().table(
        ["health set", "what", "name", "component", "of"],
        view.items.iter().map(|item| {
            [
                item.set.as_str().into(),
                item.item_type.word().into(),
                item.name.as_str().into(),
                item.component.as_str().into(),
                item.of.join(", ").into(),
            ]
        }),
        "Nothing is watched: the worker has just started.",
    )
}

/// 1 where a set is not well.
pub(in crate::operation) fn rollup_exit(view: &HealthRollup) -> u8 {
    u8::from(view.state != HealthState::Healthy)
}

pub(in crate::operation) fn rollup(view: &HealthRollup, _: u64) -> Page {
    let rows = view.sets.iter().map(|set| {
        let counted = set.nodes.iter();
        let counted = counted.filter(|one| one.state != HealthState::Disabled);
        let bad = set.nodes.iter().filter(|one| one.state.is_bad());
        let bad: Vec<String> = bad
            .map(|one| format!("{} {}", one.node, one.state.word()))
            .collect();
        [
            set.set.as_str().into(),
            state(set.state),
            format!("{} of {}", set.online, counted.count()).into(),
            bad.join(", ").into(),
        ]
    });
    let page = Page::new()
        .text(format!(
            "{}, of which {} % must be well",
            count(u64::from(view.members), "node", "nodes"),
            view.minimum_online_percent
        ))
        .table(
            ["health set", "state", ">well", "not well"],
            rows,
            "No health set: the worker has just started.",
        );
    match view.left_out {
        0 => page,
        more => page.text(Cell::toned(
            format!("{more} more are in the group; --group-size looks at more."),
            Tone::Faint,
        )),
    }
}

/// 1 where a message did not arrive.
pub(in crate::operation) fn mailflow_exit(view: &MailflowTest) -> u8 {
    u8::from(!view.is_well())
}

pub(in crate::operation) fn mailflow(view: &MailflowTest, _: u64) -> Page {
    let rows = view.results.iter().map(|one| {
        let (word, tone) = match one.arrived {
            true => ("arrived", Tone::Good),
            false => ("did not arrive", Tone::Bad),
        };
        [
            one.connector.as_str().into(),
            Cell::toned(word, tone),
            one.latency_ms.map_or_else(String::new, span).into(),
            one.probe.text.as_str().into(),
        ]
    });
    Page::new().table(
        ["receive connector", "result", ">after", "what was seen"],
        rows,
        "No receive connector has a mail flow probe.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Evidence, MailflowResult, ProbeView};

    #[test]
    fn mail_flows_where_every_message_arrived_and_there_was_one() {
        let result = |arrived: bool| MailflowResult {
            connector: "Internet".to_owned(),
            arrived,
            latency_ms: arrived.then_some(40),
            probe: ProbeView {
                probe: "mailflow/Internet".to_owned(),
                unix_ms: 1,
                took_ms: 50,
                verdict: "pass".to_owned(),
                evidence: Evidence::Good,
                text: "a message arrived".to_owned(),
                cause: None,
                steps: Vec::new(),
                measures: Vec::new(),
            },
        };
        for (results, exit) in [
            (vec![], 1),
            (vec![result(true)], 0),
            (vec![result(true), result(false)], 1),
        ] {
            let node = "mx1".to_owned();
            let view = MailflowTest { node, results };
            assert_eq!(mailflow_exit(&view), exit);
        }
    }
}
