//! `explain` for what the manager's supervision did: a role that ended is a case too, told from the
//! ledger and from what the probes saw afterwards. And any case as text.

use std::fmt::Write as _;

use mailward_api::view::{
    CaseStep, CaseView, ProbeView,
    health::Evidence,
    repair::{CaseNote, LedgerEntry},
};

/// Samples shown with a case that was read from the ledger.
const SAMPLES_MAX: usize = 16;

/// The case `id` as the ledger tells it (entries in any order), with what probes saw around it.
/// `None` where the ledger has no entry of it.
pub fn from_ledger(id: &str, entries: &[LedgerEntry], results: &[ProbeView]) -> Option<CaseView> {
    let mut mine: Vec<&LedgerEntry> = entries
        .iter()
        .filter(|e| e.case.as_deref() == Some(id))
        .collect();
    mine.sort_by_key(|entry| entry.entry);
    let first = *mine.first()?;
    let component = mine
        .iter()
        .map(|entry| &entry.component)
        .find(|name| !name.is_empty())?
        .clone();
    let mut steps: Vec<CaseStep> = mine
        .iter()
        .map(|entry| CaseStep {
            unix_ms: entry.unix_ms,
            step: match entry.record.as_str() {
                "exit" => "state",
                "intent" => "granted",
                "denied" | "shadow" => "denied",
                "hold" => "hold",
                "outcome" => "checked",
                _ => "acted",
            }
            .to_owned(),
            text: match entry.record.as_str() {
                "exit" => format!("the role {} ended: {}", entry.component, entry.text),
                "ready" | "started" => format!("{}: {}", entry.record, entry.text),
                _ => entry.text.clone(),
            },
            reasons: entry.reasons.clone(),
            act: entry.act.clone(),
        })
        .collect();
    let last = mine.last().map_or(first.unix_ms, |entry| entry.unix_ms);
    let ready = mine
        .iter()
        .find(|entry| entry.record == "ready")
        .map(|entry| entry.unix_ms);
    let mut samples: Vec<ProbeView> = Vec::new();
    let mut probes: Vec<&str> = results.iter().map(|sample| sample.probe.as_str()).collect();
    probes.sort_unstable();
    probes.dedup();
    let mut checked_ms = None;
    for probe in probes {
        let of_probe = || {
            results
                .iter()
                .filter(|sample| sample.probe == probe && sample.evidence != Evidence::None)
        };
        samples.extend(
            of_probe()
                .rfind(|sample| sample.unix_ms < first.unix_ms)
                .cloned(),
        );
        samples.extend(
            of_probe()
                .filter(|sample| {
                    sample.unix_ms >= first.unix_ms && sample.evidence == Evidence::Bad
                })
                .take(3)
                .cloned(),
        );
        // The first look after the end of the act is its check.
        if let Some(good) =
            of_probe().find(|sample| sample.unix_ms >= last && sample.evidence == Evidence::Good)
        {
            steps.push(CaseStep {
                unix_ms: good.unix_ms + good.took_ms,
                step: "checked".to_owned(),
                text: format!("{probe}: {}", good.text),
                reasons: Vec::new(),
                act: None,
            });
            checked_ms = checked_ms.max(Some(good.unix_ms + good.took_ms));
            samples.push(good.clone());
        }
    }
    samples.sort_by_key(|sample| sample.unix_ms);
    samples.truncate(SAMPLES_MAX);
    steps.sort_by_key(|step| step.unix_ms);
    let supervised = first.record == "exit";
    let after = |unix_ms: u64| unix_ms.saturating_sub(first.unix_ms);
    Some(CaseView {
        id: id.to_owned(),
        component,
        state: if ready.is_some() || !supervised {
            "closed"
        } else {
            "executing"
        }
        .to_owned(),
        first_bad_unix_ms: first.unix_ms,
        closed_unix_ms: ready.max(checked_ms),
        solved_by: None,
        cause: None,
        rule: if supervised {
            "a role that ends is started again; its sockets stay open in the manager".to_owned()
        } else {
            "as the ledger tells it; the worker's own record is gone".to_owned()
        },
        samples,
        steps,
        // The manager hears of an end from the kernel, at once.
        detected_after_ms: supervised.then_some(0),
        repaired_after_ms: ready.map(after),
        next: None,
        related: Vec::new(),
    })
}

/// The number in an act's id, `act-12`.
pub fn act_number(id: &str) -> Option<u64> {
    id.strip_prefix("act-")?.parse().ok()
}

/// One act out of its case: the samples and the changes of state that led to it, the guard's words,
/// the act, its result, the check afterwards. `entries` are the ledger's, in any order. `None` where
/// the ledger does not know the act.
pub fn of_act(entry: u64, case: CaseView, entries: &[LedgerEntry]) -> Option<CaseView> {
    let intent = entries.iter().find(|one| one.entry == entry)?;
    let act = intent.act.clone();
    let is_mine = |step: &CaseStep| act.is_some() && step.act == act;
    let check = case
        .steps
        .iter()
        .find(|step| is_mine(step) && step.step == "checked" && step.unix_ms >= intent.unix_ms);
    let checked_ms = check.map(|step| step.unix_ms);
    // What was told in the same moment was told before or after it in this order.
    let mut steps: Vec<CaseStep> = case
        .steps
        .iter()
        .filter(|step| {
            let leads = matches!(step.step.as_str(), "sample" | "state" | "related" | "note");
            is_mine(step) || (leads && step.unix_ms <= checked_ms.unwrap_or(intent.unix_ms))
        })
        .cloned()
        .collect();
    let mut follows: Vec<&LedgerEntry> = entries
        .iter()
        .filter(|one| one.case == intent.case && one.act == act && one.entry >= entry)
        .collect();
    follows.sort_by_key(|one| one.entry);
    for one in follows {
        let text = format!("ledger entry {}, {}: {}", one.entry, one.record, one.text);
        let mut reasons = one.reasons.clone();
        reasons.extend(one.samples.iter().map(|sample| format!("seen: {sample}")));
        steps.push(CaseStep {
            unix_ms: one.unix_ms,
            step: "ledger".to_owned(),
            text,
            reasons,
            act: act.clone(),
        });
    }
    steps.sort_by_key(|step| step.unix_ms);
    let samples = case
        .samples
        .iter()
        .filter(|sample| checked_ms.is_none_or(|checked| sample.unix_ms <= checked))
        .cloned()
        .collect();
    let solved = case.solved_by.is_some() && case.solved_by == act;
    Some(CaseView {
        id: format!("act-{entry}"),
        state: intent.record.clone(),
        samples,
        steps,
        repaired_after_ms: case.repaired_after_ms.filter(|_| solved),
        next: Some(format!("the whole case: mailward explain {}", case.id)),
        ..case
    })
}

/// Adds the notes of people to a case, each where it was written.
pub fn with_notes(mut case: CaseView, notes: &[CaseNote]) -> CaseView {
    case.steps.extend(notes.iter().map(|note| CaseStep {
        unix_ms: note.unix_ms,
        step: "note".to_owned(),
        text: format!("{}: {}", note.by, note.text),
        reasons: Vec::new(),
        act: None,
    }));
    case.steps.sort_by_key(|step| step.unix_ms);
    case
}

/// A case as text: the chain from the first sample to the check, for people.
pub fn text(case: &CaseView) -> String {
    let clock = |unix_ms: u64| {
        i64::try_from(unix_ms)
            .ok()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
            .map_or_else(
                || unix_ms.to_string(),
                |at| at.strftime("%H:%M:%S%.3f").to_string(),
            )
    };
    // Writing to a String does not fail.
    let mut text = String::new();
    let _ = writeln!(text, "{} {} ({})", case.id, case.component, case.state);
    let _ = writeln!(text, "  rule: {}", case.rule);
    if let Some(cause) = &case.cause {
        let _ = writeln!(text, "  cause: {cause}");
    }
    for sample in &case.samples {
        let _ = writeln!(
            text,
            "  {}  {:10} {}: {}",
            clock(sample.unix_ms),
            sample.verdict,
            sample.probe,
            sample.text
        );
    }
    for step in &case.steps {
        let _ = write!(
            text,
            "  {}  {:10} {}",
            clock(step.unix_ms),
            step.step,
            step.text
        );
        let _ = match &step.act {
            Some(act) => writeln!(text, " ({act})"),
            None => writeln!(text),
        };
        for reason in &step.reasons {
            let _ = writeln!(text, "                  - {reason}");
        }
    }
    for (what, ms) in [
        ("noticed", case.detected_after_ms),
        ("well again", case.repaired_after_ms),
    ] {
        if let Some(ms) = ms {
            let _ = writeln!(text, "  {what} {ms} ms after the first failure");
        }
    }
    if let Some(next) = &case.next {
        let _ = writeln!(text, "  next: {next}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(entry: u64, unix_ms: u64, record: &str, case: &str, text: &str) -> LedgerEntry {
        LedgerEntry {
            entry,
            unix_ms,
            record: record.into(),
            case: Some(case.into()),
            component: "transport".into(),
            text: text.into(),
            ..LedgerEntry::default()
        }
    }

    fn sample(unix_ms: u64, evidence: Evidence) -> ProbeView {
        ProbeView {
            probe: "connector/Internet".into(),
            unix_ms,
            took_ms: 5,
            verdict: "pass".into(),
            evidence,
            text: "it answers".into(),
            cause: None,
            steps: Vec::new(),
            measures: Vec::new(),
        }
    }

    #[test]
    fn an_exit_is_told_from_its_end_to_its_check() {
        // Newest first, as the ledger is given out.
        let entries = [
            entry(4, 1_400, "ready", "exit-3", "process 78 serves"),
            entry(3, 1_000, "exit", "exit-3", "process 77: killed by signal 9"),
            entry(1, 10, "intent", "case-1", "another story"),
        ];
        let results = [
            sample(500, Evidence::Good),
            sample(1_200, Evidence::Bad),
            sample(2_000, Evidence::Good),
            sample(3_000, Evidence::Good),
        ];
        let case = from_ledger("exit-3", &entries, &results).unwrap();
        let steps: Vec<_> = case.steps.iter().map(|step| step.step.as_str()).collect();
        assert_eq!(steps, ["state", "acted", "checked"]);
        assert_eq!(
            (case.state.as_str(), case.repaired_after_ms),
            ("closed", Some(400))
        );
        assert_eq!(case.samples.len(), 3);
        let text = text(&case);
        assert!(
            text.contains("killed by signal 9") && text.contains("well again 400 ms"),
            "{text}"
        );
        assert!(from_ledger("exit-9", &entries, &results).is_none());
    }
}
