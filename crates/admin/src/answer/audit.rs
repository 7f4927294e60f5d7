//! The administrator audit log: what is written, and what is found in it.
//!
//! Invariant: the record of an act is on the disk before the act is answered.

use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Call, request},
    view::{ActedAs, AuditList, AuditRecord, AuditResult, StateChange},
};
use mailward_events::{Event, audit};
use mailward_model::kind::Right;
use serde_json::{Map, Value};

use super::{Access, blocking};
use crate::peer::{Peer, Who};

/// Days that records are kept, as Exchange's AdminAuditLogAgeLimit.
const DAYS_KEPT: u64 = 90;
/// Milliseconds looked back where no time is given.
const LOOK_BACK_MS: u64 = 30 * 86_400_000;
/// Characters of one parameter's value in a record.
const VALUE_CHARS_MAX: usize = 512;
/// Elements of a parameter that is a list.
const ELEMENTS_MAX: usize = 64;
/// Octets of all parameters of a record.
const PARAMETERS_OCTETS_MAX: usize = 16 << 10;
/// Octets of all changes of a record. With the parameters they fit a line of the log.
const CHANGES_OCTETS_MAX: usize = 24 << 10;
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 2_000;
/// Records of refusals in a minute; what is more is told by folded events alone, so that nobody fills
/// the disk by being refused.
pub(crate) const REFUSALS_PER_MINUTE_MAX: u32 = 120;

/// An act, before it is known when it ends.
#[derive(Debug)]
pub(crate) struct Act {
    /// The node it is for; empty for this one.
    pub(crate) node: String,
    pub(crate) on_behalf_of: String,
    pub(crate) machine: Option<String>,
    pub(crate) acted_as: Option<ActedAs>,
    pub(crate) from: String,
    pub(crate) operation: String,
    pub(crate) right: Right,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) result: AuditResult,
    pub(crate) because: String,
    pub(crate) changes: Vec<StateChange>,
    pub(crate) changes_left_out: u64,
}

impl Act {
    /// A command, of nobody yet.
    pub(crate) fn of(call: &Call) -> Act {
        let fields = match call.fields() {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Act {
            node: String::new(),
            on_behalf_of: String::new(),
            machine: None,
            acted_as: None,
            from: String::new(),
            operation: call.command(),
            right: call.right(),
            parameters: parameters(fields),
            result: AuditResult::Done,
            because: String::new(),
            changes: Vec::new(),
            changes_left_out: 0,
        }
    }
}

/// What a command was asked with, as far as a record holds it.
fn parameters(fields: Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    let mut octets = 0;
    for (name, value) in fields {
        if value.is_null() {
            continue;
        }
        let value = shortened(value);
        octets += name.len() + value.to_string().len();
        if octets > PARAMETERS_OCTETS_MAX {
            kept.insert(name, "…".into());
            break;
        }
        kept.insert(name, value);
    }
    kept
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().nth(VALUE_CHARS_MAX).is_some() => {
            let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
            format!("{short}… ({} octets)", text.len()).into()
        }
        Value::Array(all) => {
            let more = all.len().saturating_sub(ELEMENTS_MAX);
            let mut kept: Vec<Value> = all.into_iter().take(ELEMENTS_MAX).map(shortened).collect();
            if more > 0 {
                kept.push(format!("… and {more} more").into());
            }
            kept.into()
        }
        other => other,
    }
}

/// The changes that a record holds, and how many it does not.
fn fitting(changes: Vec<StateChange>, left_out: u64) -> (Vec<StateChange>, u64) {
    let (mut kept, mut octets) = (Vec::new(), 0);
    let total = changes.len();
    for change in changes {
        let change = StateChange {
            before: shortened(change.before),
            after: shortened(change.after),
            ..change
        };
        octets += serde_json::to_string(&change).map_or(0, |text| text.len());
        if octets > CHANGES_OCTETS_MAX {
            break;
        }
        kept.push(change);
    }
    let cut = (total - kept.len()) as u64;
    (kept, left_out + cut)
}

/// What a fault is to the log.
pub(crate) fn result_of(fault: &Fault) -> AuditResult {
    match fault.kind {
        FaultKind::Refused | FaultKind::DelegationRefused => AuditResult::Refused,
        _ => AuditResult::Failed,
    }
}

impl Access {
    /// The record of what a peer did or was refused, once it is over.
    pub(super) async fn record_of(&self, mut act: Act, peer: Peer, fault: Option<&Fault>) {
        if let Some(fault) = fault {
            act.result = result_of(fault);
            act.because = fault.error.clone();
        }
        let noted = peer.noted();
        (act.changes, act.changes_left_out) = (noted.changes, noted.left_out);
        match &peer.who {
            Who::Remote(delegate) => {
                act.on_behalf_of = delegate.user.clone();
                act.machine = Some(delegate.machine.clone());
                act.acted_as = Some(delegate.acts_as);
                act.from = delegate.place.clone();
                if act.because.is_empty() {
                    act.because = delegate.because.clone();
                }
            }
            Who::Local(local) => {
                act.acted_as = Some(ActedAs::User);
                let local = *local;
                let told = blocking(move || Ok((local.person(), local.place()))).await;
                (act.on_behalf_of, act.from) = told.unwrap_or_default();
            }
        }
        self.record(act).await;
    }

    /// Writes a record, and waits until the disk has it.
    pub(crate) async fn record(&self, act: Act) {
        if act.result == AuditResult::Refused && !self.may_record_refusal() {
            return;
        }
        let (changes, changes_left_out) = fitting(act.changes, act.changes_left_out);
        let record = AuditRecord {
            unix_ms: self.now(),
            node: match act.node.is_empty() {
                true => self.node.to_string(),
                false => act.node,
            },
            on_behalf_of: act.on_behalf_of,
            machine: act.machine,
            acted_as: act.acted_as,
            from: act.from,
            operation: act.operation,
            right: act.right,
            parameters: act.parameters,
            result: act.result,
            because: act.because.chars().take(REASON_CHARS_MAX).collect(),
            changes,
            changes_left_out,
        };
        let log = self.audit_log.clone();
        let written = tokio::task::spawn_blocking(move || {
            let line = serde_json::to_string(&record)?;
            log.write(record.unix_ms, &line, DAYS_KEPT)
        })
        .await;
        let error = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.events.emit(Event::AuditLogFailing {
            path: self.audit_log.dir().display().to_string(),
            error,
        });
    }

    /// Whether the minute has room for the record of another refusal.
    fn may_record_refusal(&self) -> bool {
        let minute = self.now() / 60_000;
        let mut refusals = self.refusals.lock();
        if refusals.0 != minute {
            *refusals = (minute, 0);
        }
        refusals.1 = refusals.1.saturating_add(1);
        refusals.1 <= REFUSALS_PER_MINUTE_MAX
    }

    pub(super) async fn audit_list(&self, r: request::AuditList) -> Result<AuditList, Fault> {
        let now = self.now();
        let since = match &r.since {
            Some(since) => since.unix_ms(now),
            None => now.saturating_sub(LOOK_BACK_MS),
        };
        let log = self.audit_log.clone();
        blocking(move || {
            let mut records = std::collections::VecDeque::new();
            let mut more = false;
            let most = usize::try_from(r.limit).unwrap_or(usize::MAX);
            let read = audit::read(log.dir(), since, |line| {
                // A line that was torn by a crash is no record.
                let record = serde_json::from_str::<AuditRecord>(line).ok();
                let fits = |record: &AuditRecord| record.unix_ms >= since && fits(&r, record);
                if let Some(record) = record.filter(fits) {
                    if records.len() >= most {
                        records.pop_front();
                        more = true;
                    }
                    records.push_back(record);
                }
                true
            });
            read.map_err(|error| Fault::failed(format!("the audit log cannot be read: {error}")))?;
            Ok(AuditList {
                records: records.into(),
                more,
            })
        })
        .await
    }
}

fn fits(asked: &request::AuditList, record: &AuditRecord) -> bool {
    let is = |wanted: &Option<String>, found: &str| {
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(found))
    };
    let machine = record.machine.as_ref().unwrap_or(&record.node);
    is(&asked.user, &record.on_behalf_of)
        && is(&asked.machine, machine)
        && asked
            .operation
            .as_ref()
            .is_none_or(|words| record.operation.starts_with(words.as_str()))
        && asked.result.is_none_or(|result| result == record.result)
}

#[cfg(test)]
mod tests {
    use mailward_api::operation::Op;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_holds_what_was_asked_and_no_more_than_fits() {
        let call = Op::QueueHold
            .call(json!({ "target": "connector/Internet/example.org" }))
            .unwrap();
        let act = Act::of(&call);
        assert_eq!(act.operation, "queue hold");
        assert_eq!(act.right, Right::Transport);
        assert!(act.parameters.contains_key("target"));
        let long = json!({ "text": "x".repeat(5_000), "unset": null, "list": vec!["a"; 100] });
        let Value::Object(long) = long else { return };
        let kept = parameters(long);
        assert_eq!(kept.len(), 2);
        assert!(kept["text"].as_str().unwrap().ends_with("(5000 octets)"));
        assert_eq!(kept["list"].as_array().unwrap().len(), ELEMENTS_MAX + 1);
        let many: Map<String, Value> = (0..1000)
            .map(|n| (format!("field{n}"), "x".repeat(100).into()))
            .collect();
        let size = Value::Object(parameters(many)).to_string().len();
        assert!(size < 2 * PARAMETERS_OCTETS_MAX, "{size}");
    }

    #[test]
    fn a_record_holds_the_first_changes_and_counts_the_others() {
        let change = |n: usize| StateChange::new(format!("message {n}"), "state", "ready", "held");
        let few: Vec<StateChange> = (0..3).map(change).collect();
        assert_eq!(fitting(few.clone(), 0), (few, 0));
        let (kept, left_out) = fitting((0..1_000).map(change).collect(), 5);
        assert_eq!(kept.len() as u64 + left_out, 1_005);
        let text = serde_json::to_string(&kept).unwrap();
        assert!(!kept.is_empty() && text.len() < CHANGES_OCTETS_MAX + 2 * kept.len());
        let long = StateChange::new("note", "text", Value::Null, "\u{1}".repeat(100_000));
        let (kept, left_out) = fitting(vec![long; 100], 0);
        let text = serde_json::to_string(&kept).unwrap();
        assert!(text.len() + 2 * PARAMETERS_OCTETS_MAX < mailward_events::audit::LINE_OCTETS_MAX);
        assert_eq!(kept.len() as u64 + left_out, 100);
    }
}
