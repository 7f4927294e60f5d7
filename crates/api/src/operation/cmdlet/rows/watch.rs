//! What is watched, as objects: parts of health sets, results of probes, mail flow, a group as one.

use serde_json::{Value, json};

use super::{Row, moment, row};
use crate::{
    operation::{cmdlet::name, page::exchange},
    view::{Evidence, HealthItems, HealthRollup, MailflowTest, ProbeView},
};

pub(in crate::operation::cmdlet) fn items(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: HealthItems = serde_json::from_slice(answer)?;
    let rows = view.items.iter().map(|item| {
        row([
            ("Server", view.node.as_str().into()),
            ("HealthSetName", item.set.as_str().into()),
            ("ItemType", name::pascal(item.item_type.word()).into()),
            ("Name", item.name.as_str().into()),
            ("TargetResource", item.component.as_str().into()),
            ("Of", json!(item.of)),
            ("Identity", item.name.as_str().into()),
        ])
    });
    Ok(rows.collect())
}

/// A length of time as .NET writes it: `00:00:02.041`.
fn time_span(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}.{:03}",
        seconds % 60,
        ms % 1_000
    )
}

/// Exchange's word for a verdict.
fn result_type(view: &ProbeView) -> &'static str {
    match (view.verdict.as_str(), view.evidence) {
        ("timeout", _) => "TimedOut",
        (_, Evidence::Good) => "Succeeded",
        (_, Evidence::Bad) => "Failed",
        (_, Evidence::None) => "Rejected",
    }
}

pub(in crate::operation::cmdlet) fn probe(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: ProbeView = serde_json::from_slice(answer)?;
    let error = match view.evidence {
        Evidence::Good => Value::Null,
        _ => view.text.as_str().into(),
    };
    let steps = view.steps.iter();
    let steps = steps.map(|step| format!("{} {}", step.step, time_span(step.took_ms)));
    let measures = view.measures.iter();
    let measures = measures.map(|one| format!("{} {}", one.name, one.value));
    Ok(vec![row([
        ("MonitorIdentity", view.probe.as_str().into()),
        ("ExecutionStartTime", moment(Some(view.unix_ms))),
        (
            "ExecutionEndTime",
            moment(Some(view.unix_ms.saturating_add(view.took_ms))),
        ),
        ("Duration", time_span(view.took_ms).into()),
        ("ResultType", result_type(&view).into()),
        ("Error", error),
        ("FailureContext", json!(view.cause)),
        ("ExecutionContext", view.text.as_str().into()),
        ("Steps", steps.collect()),
        ("Measures", measures.collect()),
        ("Identity", view.probe.as_str().into()),
    ])])
}

pub(in crate::operation::cmdlet) fn mailflow(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: MailflowTest = serde_json::from_slice(answer)?;
    let rows = view.results.iter().map(|one| {
        let (result, error) = match one.arrived {
            true => ("Success", Value::Null),
            false => ("*FAILURE*", one.probe.text.as_str().into()),
        };
        row([
            ("Server", view.node.as_str().into()),
            ("ReceiveConnector", one.connector.as_str().into()),
            ("TestMailflowResult", result.into()),
            (
                "MessageLatencyTime",
                one.latency_ms
                    .map_or(Value::Null, |ms| time_span(ms).into()),
            ),
            ("IsRemoteTest", false.into()),
            ("Error", error),
            ("Identity", one.probe.probe.as_str().into()),
        ])
    });
    Ok(rows.collect())
}

/// A group's health sets, in the columns of a node's.
pub(super) fn rollup(view: &HealthRollup) -> Vec<Row> {
    let rows = view.sets.iter().map(|set| {
        let nodes = set.nodes.len();
        let state = match set.online as usize {
            online if online == nodes => "Online",
            0 => "Offline",
            _ => "Partially Online",
        };
        let bad = set.nodes.iter().filter(|one| one.state.is_bad());
        row([
            (
                "Server",
                set.nodes
                    .iter()
                    .map(|one| Value::from(one.node.as_str()))
                    .collect(),
            ),
            ("State", state.into()),
            ("HealthSet", set.set.as_str().into()),
            ("AlertValue", exchange::alert_value(set.state).text.into()),
            ("LastTransitionTime", Value::Null),
            ("MonitorCount", Value::Null),
            ("ServerCount", nodes.into()),
            ("OnlineServerCount", set.online.into()),
            (
                "BadServers",
                bad.map(|one| Value::from(one.node.as_str())).collect(),
            ),
            ("Identity", set.set.as_str().into()),
        ])
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(row: &'a Row, wanted: &str) -> &'a Value {
        let found = row.iter().find(|(name, _)| name == wanted);
        found.map_or(&Value::Null, |(_, value)| value)
    }

    #[test]
    fn results_are_told_in_exchanges_words() {
        let probe_of = |verdict: &str, evidence: &str| {
            json!({
                "probe": "mailflow/Internet", "unix_ms": 0, "took_ms": 62_041,
                "verdict": verdict, "evidence": evidence, "text": "seen",
            })
        };
        for (verdict, evidence, expect) in [
            ("pass", "good", "Succeeded"),
            ("timeout", "bad", "TimedOut"),
            ("fail", "bad", "Failed"),
            ("skipped", "none", "Rejected"),
        ] {
            let rows = probe(probe_of(verdict, evidence).to_string().as_bytes()).unwrap();
            assert_eq!(value(&rows[0], "ResultType"), expect);
            assert_eq!(value(&rows[0], "Duration"), "00:01:02.041");
            assert_eq!(value(&rows[0], "Error").is_null(), evidence == "good");
        }
        let answer = json!({ "node": "mx1", "results": [
            { "connector": "Internet", "arrived": true, "latency_ms": 41, "probe": probe_of("pass", "good") },
            { "connector": "Relay", "arrived": false, "probe": probe_of("timeout", "bad") },
        ]});
        let rows = mailflow(answer.to_string().as_bytes()).unwrap();
        assert_eq!(value(&rows[0], "TestMailflowResult"), "Success");
        assert_eq!(value(&rows[0], "MessageLatencyTime"), "00:00:00.041");
        assert_eq!(value(&rows[1], "TestMailflowResult"), "*FAILURE*");
        assert_eq!(value(&rows[1], "Error"), "seen");
    }
}
