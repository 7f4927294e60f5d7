//! What the arbiter writes down besides its own words, and reads back: how acts went, what they led
//! to, what supervision and people did.
//!
//! Never here: a judgement.

use super::{Arbiter, Around, budget::budgets, word};
use mailward_api::{
    control::Role,
    view::{
        RepairAct, RepairOutcome,
        repair::{Carried, Ledger as LedgerView, LedgerEntry},
    },
};

impl Arbiter {
    pub(super) fn note(&self, says: LedgerEntry, of: Option<u64>) -> Option<u64> {
        let mut inner = self.inner.lock();
        let written = inner.ledger.append(says, of);
        inner.writable = written.is_ok();
        drop(inner);
        written.map_err(|error| self.failing(&error)).ok()
    }

    /// The entry with this number: its case, component and act.
    pub(super) fn intent(&self, entry: u64) -> (Option<String>, String, Option<RepairAct>) {
        let inner = self.inner.lock();
        let found = inner
            .ledger
            .records()
            .find(|(record, _)| record.says.entry == entry && record.says.record == word::INTENT)
            .map(|(record, _)| {
                let says = &record.says;
                (says.case.clone(), says.component.clone(), says.act.clone())
            });
        found.unwrap_or_default()
    }

    /// How carrying out a granted act went: a sentence about what was done, or about why not.
    pub fn acted(&self, entry: u64, how: Result<&str, &str>) {
        let (record, text) = match how {
            Ok(text) => (word::ACTED, text),
            Err(text) => (word::FAILED, text),
        };
        let (case, component, act) = self.intent(entry);
        let outcome = if how.is_ok() { "acted" } else { "failed" };
        self.tally.count(act.as_ref(), outcome);
        self.note(
            LedgerEntry {
                entry: 0,
                unix_ms: 0,
                record: record.to_owned(),
                case,
                component,
                act,
                text: text.to_owned(),
                reasons: Vec::new(),
                ..LedgerEntry::default()
            },
            Some(entry),
        );
    }

    /// How carrying out a granted act goes, by the number of its intent.
    pub fn carried(&self, entry: u64) -> Carried {
        let inner = self.inner.lock();
        let mut intent = false;
        for (record, _) in inner.ledger.records() {
            intent |= record.says.entry == entry && record.says.record == word::INTENT;
            if record.of != Some(entry) {
                continue;
            }
            match record.says.record.as_str() {
                word::ACTED => return Carried::Done(record.says.text.clone()),
                word::FAILED => return Carried::Failed(record.says.text.clone()),
                _ => {}
            }
        }
        if intent {
            Carried::UnderWay
        } else {
            Carried::Done("the ledger does not know it".to_owned())
        }
    }

    /// A hold was set or ended: a sentence that names who and why.
    pub fn record_hold(&self, component: &str, case: Option<&str>, text: &str) {
        self.note(
            LedgerEntry {
                record: word::HOLD.to_owned(),
                case: case.map(str::to_owned),
                component: component.to_owned(),
                text: text.to_owned(),
                ..LedgerEntry::default()
            },
            None,
        );
    }

    /// What a granted act has led to, as the worker found by probing afterwards.
    pub fn record_outcome(&self, outcome: &RepairOutcome) {
        let (_, component, act) = self.intent(outcome.entry);
        let helped = if outcome.solved {
            "helped"
        } else {
            "did_not_help"
        };
        self.tally.count(act.as_ref(), helped);
        self.note(
            LedgerEntry {
                entry: 0,
                unix_ms: 0,
                record: word::OUTCOME.to_owned(),
                case: Some(outcome.case.clone()),
                component,
                act,
                text: outcome.text.clone(),
                reasons: outcome
                    .samples
                    .iter()
                    .map(|s| format!("{}: {}", s.probe, s.text))
                    .collect(),
                ..LedgerEntry::default()
            },
            Some(outcome.entry),
        );
    }

    /// A role's process ended or was killed by its supervision. `because` says how it ended and
    /// what made the manager act (`killed by signal 9`, `no heartbeat for 15 s`). Where it belongs
    /// to a case (a granted restart of the process), that case is named; else the exit is a case of
    /// its own, whose id is returned for the steps that follow and for `explain`.
    pub fn record_exit(&self, role: Role, pid: u32, because: &str, case: Option<&str>) -> String {
        let own = || {
            let inner = self.inner.lock();
            let last = inner.ledger.records().next_back();
            format!(
                "exit-{}",
                last.map_or(1, |(record, _)| record.says.entry + 1)
            )
        };
        let case = case.map_or_else(own, str::to_owned);
        self.record_step(
            &case,
            role,
            word::EXIT,
            &format!("process {pid}: {because}"),
        );
        case
    }

    /// A step of supervision in a case: `started`, `ready`, `backoff`.
    pub fn record_step(&self, case: &str, role: Role, record: &str, text: &str) {
        self.note(
            LedgerEntry {
                entry: 0,
                unix_ms: 0,
                record: record.to_owned(),
                case: Some(case.to_owned()),
                component: role.name().to_owned(),
                act: None,
                text: text.to_owned(),
                reasons: Vec::new(),
                ..LedgerEntry::default()
            },
            None,
        );
    }

    /// The newest `limit` entries, newest first, and what the budgets still allow.
    pub fn ledger(&self, limit: usize, around: &Around<'_>) -> LedgerView {
        let now_unix_ms = self.clock.unix_ms();
        let inner = self.inner.lock();
        let entries = inner
            .ledger
            .records()
            .rev()
            .take(limit)
            .map(|(record, _)| record.says.clone())
            .collect();
        let past = super::past(&inner.ledger, "");
        drop(inner);
        LedgerView {
            entries,
            budgets: budgets(&past, around, now_unix_ms),
        }
    }

    /// Acts begun since the ledger has been kept (as far as it reaches back).
    pub fn repairs(&self) -> u64 {
        let inner = self.inner.lock();
        inner
            .ledger
            .records()
            .filter(|(record, _)| record.says.record == word::INTENT)
            .count() as u64
    }
}
