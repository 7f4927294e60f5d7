//! The arbiter: hears what the worker proposes, lets the guard judge, and writes the intent down
//! before anything is done. Held by the manager, which then carries the act out.
//!
//! What the manager's own supervision does (a role that ended, a heartbeat that stayed away) goes
//! into the same ledger, so that `explain` answers for both and nobody asks "who restarted this?"
//! twice.
//!
//! Invariant: [`Verdict::Granted`] is returned only after its intent is on disk.

mod book;
mod budget;
mod figures;

use std::{path::Path, sync::Arc};

use mailward_api::{
    control::Role,
    view::{
        Hold, RepairAct, RepairProposal, Verdict,
        health::Evidence,
        rehearsal::{GuardFacts, PastAct},
        repair::LedgerEntry,
    },
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_model::{Object, kind::HealthSettings};
use parking_lot::Mutex;

use crate::{
    guard::{self, DAY_MS, Facts, Past, Ruling, UNDER_WAY_MAX_MS, WEEK_MS},
    ledger::{Boot, DAMAGED, Ledger, LedgerError},
    overrides::{Here, Names, Overrides, Responder},
};

/// How long a proposal waits after the ledger could not be written.
const LEDGER_RETRY_MS: u64 = 10_000;

/// The words of ledger records.
mod word {
    pub(super) const INTENT: &str = "intent";
    pub(super) const ACTED: &str = "acted";
    pub(super) const FAILED: &str = "failed";
    pub(super) const DENIED: &str = "denied";
    pub(super) const SHADOW: &str = "shadow";
    pub(super) const OUTCOME: &str = "outcome";
    pub(super) const EXIT: &str = "exit";
    pub(super) const HOLD: &str = "hold";
}

/// What the manager knows besides the ledger when a proposal is judged.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The settings in force.
    pub settings: &'a HealthSettings,
    /// Why repair is frozen, where it is.
    pub frozen: Option<&'a str>,
    /// The holds in force.
    pub holds: &'a [Hold],
    /// Whether the queue's folder takes files.
    pub queue_writable: bool,
    /// This node's name, and the objects that may be overrides for it.
    pub node: &'a str,
    /// Those objects, and the receive connectors they may be about.
    pub objects: &'a [Object],
}

impl<'a> Around<'a> {
    /// A node where nothing is held or frozen.
    pub fn plain(settings: &'a HealthSettings) -> Self {
        Around {
            settings,
            frozen: None,
            holds: &[],
            queue_writable: true,
            node: "",
            objects: &[],
        }
    }

    /// What the overrides in force say of the act proposed.
    fn responder(&self, proposal: &RepairProposal, now_unix_ms: u64) -> Responder {
        let here = Here {
            node: self.node,
            version: env!("CARGO_PKG_VERSION"),
            now_unix_ms,
        };
        let names = Names::of_sets(&proposal.component, &proposal.circumstances.of_sets);
        Overrides::of(self.objects, here).responder(&names, &proposal.act)
    }
}

/// Judge and book-keeper of repairs. Its calls wait for a sync of the disk: a few milliseconds, a
/// few times a day.
pub struct Arbiter {
    inner: Mutex<Inner>,
    clock: Arc<dyn Clock>,
    events: Events,
    path: String,
    tally: figures::Tally,
}

struct Inner {
    ledger: Ledger,
    /// The last denial written, so that a proposal repeated every few seconds fills nothing.
    last_denial: Option<(String, RepairAct, Vec<String>)>,
    /// Whether the last record could be written.
    writable: bool,
}

impl std::fmt::Debug for Arbiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arbiter({})", self.path)
    }
}

impl Arbiter {
    /// Opens the ledger at `path`, or begins one.
    ///
    /// # Errors
    /// The ledger cannot be opened: repairs are then impossible, and the caller says so.
    pub fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        events: Events,
    ) -> Result<Arbiter, LedgerError> {
        Arbiter::open_in(path, clock, events, Boot::here())
    }

    /// As [`Arbiter::open`], in a boot given by the caller; for tests.
    ///
    /// # Errors
    /// As [`Arbiter::open`].
    pub fn open_in(
        path: &Path,
        clock: Arc<dyn Clock>,
        events: Events,
        boot: Boot,
    ) -> Result<Arbiter, LedgerError> {
        let (ledger, damages) = Ledger::open(path, clock.clone(), boot)?;
        let path = path.display().to_string();
        for damage in damages {
            events.emit(Event::LedgerRecordSetAside {
                path: path.clone(),
                line: damage.line,
                problem: damage.problem.to_owned(),
            });
        }
        let arbiter = Arbiter {
            inner: Mutex::new(Inner {
                ledger,
                last_denial: None,
                writable: true,
            }),
            clock,
            events,
            path,
            tally: figures::Tally::default(),
        };
        arbiter.close_open_intents();
        Ok(arbiter)
    }

    /// What was begun by a manager that did not live to write down how it went: nobody knows, so
    /// fresh probes must tell. Only for the restart of the machine the boot itself is the answer.
    fn close_open_intents(&self) {
        let open: Vec<(u64, Option<RepairAct>, String, String, bool)> = {
            let inner = self.inner.lock();
            let known: Vec<u64> = inner.ledger.records().filter_map(|(r, _)| r.of).collect();
            let is_open = |entry: u64| !known.contains(&entry);
            inner
                .ledger
                .records()
                .filter(|(r, _)| r.says.record == word::INTENT && is_open(r.says.entry))
                .map(|(r, _)| {
                    let says = &r.says;
                    let case = says.case.clone().unwrap_or_default();
                    let same_boot = r.boot == inner.ledger.boot_id();
                    (
                        says.entry,
                        says.act.clone(),
                        case,
                        says.text.clone(),
                        same_boot,
                    )
                })
                .collect()
        };
        for (entry, act, case, because, same_boot) in open {
            if act != Some(RepairAct::RestartServer) {
                self.acted(
                    entry,
                    Ok("done or not: the manager was started anew meanwhile"),
                );
            } else if same_boot {
                let why = "the manager was started anew before the machine was";
                self.acted(entry, Err(why));
            } else {
                self.acted(entry, Ok("the machine was started anew"));
                self.events.emit(Event::ServerRestarted { case, because });
            }
        }
    }

    /// Judges a proposal under the settings in force. After [`Verdict::Granted`] the caller carries
    /// the act out and says how that went by [`Arbiter::acted`].
    pub fn propose(&self, proposal: &RepairProposal, around: &Around<'_>) -> Verdict {
        let now_unix_ms = self.clock.unix_ms();
        let mut inner = self.inner.lock();
        let past = past(&inner.ledger, &proposal.case);
        let exits = exits(&inner.ledger);
        let responder = around.responder(proposal, now_unix_ms);
        let checks = guard::checks(
            proposal,
            &Facts {
                settings: around.settings,
                past: &past,
                exits: &exits,
                now_unix_ms,
                frozen: around.frozen,
                holds: around.holds,
                ledger_writable: inner.writable,
                queue_writable: around.queue_writable,
                responder: &responder,
            },
        );
        let ruling = guard::rule(&checks);
        let all: Vec<String> = checks.iter().map(guard::Check::sentence).collect();
        let against: Vec<String> = checks
            .iter()
            .filter(|check| !check.allows)
            .map(guard::Check::sentence)
            .collect();
        let entry = |record: &str, text: String, reasons: &[String]| LedgerEntry {
            entry: 0,
            unix_ms: 0,
            record: record.to_owned(),
            case: Some(proposal.case.clone()),
            component: proposal.component.clone(),
            act: Some(proposal.act.clone()),
            text,
            reasons: reasons.to_vec(),
            cause: proposal.cause.clone(),
            samples: evidence(proposal),
        };
        let until_unix_ms = match ruling.chosen {
            Ruling::Grant => {
                let because = format!("{} ({})", proposal.reason, proposal.rule);
                let written = inner
                    .ledger
                    .append(entry(word::INTENT, because, &all), None);
                inner.writable = written.is_ok();
                return match written {
                    Ok(entry) => {
                        inner.last_denial = None;
                        drop(inner);
                        self.tally.count(Some(&proposal.act), "begun");
                        self.events.emit(Event::RepairStarted {
                            case: proposal.case.clone(),
                            component: proposal.component.clone(),
                            act: proposal.act.to_string(),
                            because: proposal.reason.clone(),
                        });
                        Verdict::Granted {
                            entry,
                            reasons: all,
                        }
                    }
                    Err(error) => {
                        drop(inner);
                        self.unwritable(proposal, &error, now_unix_ms)
                    }
                };
            }
            Ruling::Later { again_in_ms } => Some(now_unix_ms.saturating_add(again_in_ms)),
            Ruling::Shadow | Ruling::Never => None,
        };
        let record = if ruling.chosen == Ruling::Shadow {
            word::SHADOW
        } else {
            word::DENIED
        };
        // The names of the checks, not their numbers: "gap: 12 s ago" is the same denial as 13 s.
        let names: Vec<String> = checks
            .iter()
            .filter(|check| !check.allows)
            .map(|check| check.name.to_owned())
            .collect();
        let denial = (proposal.case.clone(), proposal.act.clone(), names);
        if inner.last_denial.as_ref() != Some(&denial) {
            // A denial that cannot be written is still a denial; the event tells it.
            let told = if ruling.chosen == Ruling::Shadow {
                &all
            } else {
                &against
            };
            let written = inner
                .ledger
                .append(entry(record, ruling.because, told), None);
            inner.writable = written.is_ok();
            if let Err(error) = written {
                self.failing(&error);
            }
            inner.last_denial = Some(denial);
            let outcome = match ruling.chosen {
                Ruling::Shadow => "shadow",
                _ => "refused",
            };
            self.tally.count(Some(&proposal.act), outcome);
            self.events.emit(Event::RepairRefused {
                case: proposal.case.clone(),
                component: proposal.component.clone(),
                act: proposal.act.to_string(),
                reasons: against
                    .iter()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .cloned()
                    .collect(),
            });
        }
        Verdict::Denied {
            reasons: against,
            until_unix_ms,
            shadow: ruling.chosen == Ruling::Shadow,
        }
    }

    /// What would be said to a proposal now. Nothing is written, and nothing follows from it.
    pub fn weigh(&self, proposal: &RepairProposal, around: &Around<'_>) -> Verdict {
        let responder = around.responder(proposal, self.clock.unix_ms());
        let inner = self.inner.lock();
        let checks = guard::checks(
            proposal,
            &Facts {
                settings: around.settings,
                past: &past(&inner.ledger, &proposal.case),
                exits: &exits(&inner.ledger),
                now_unix_ms: self.clock.unix_ms(),
                frozen: around.frozen,
                holds: around.holds,
                ledger_writable: inner.writable,
                queue_writable: around.queue_writable,
                responder: &responder,
            },
        );
        let (allows, against): (Vec<_>, Vec<_>) = checks.iter().partition(|check| check.allows);
        if against.is_empty() {
            return Verdict::Granted {
                entry: 0,
                reasons: allows.into_iter().map(guard::Check::sentence).collect(),
            };
        }
        Verdict::Denied {
            reasons: against.into_iter().map(guard::Check::sentence).collect(),
            until_unix_ms: None,
            shadow: false,
        }
    }

    fn failing(&self, error: &LedgerError) {
        let cause =
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        self.events.emit(Event::LedgerFailing {
            path: self.path.clone(),
            error: cause,
        });
    }

    fn unwritable(&self, proposal: &RepairProposal, error: &LedgerError, now: u64) -> Verdict {
        self.failing(error);
        if matches!(proposal.act, RepairAct::Online | RepairAct::Alert) {
            // Taking traffic again and telling a person must not hang on a disk.
            return Verdict::Granted {
                entry: 0,
                reasons: vec![error.to_string()],
            };
        }
        Verdict::Denied {
            reasons: vec![format!("ledger: {error}")],
            until_unix_ms: Some(now.saturating_add(LEDGER_RETRY_MS)),
            shadow: false,
        }
    }

    /// What the guard would look at now, for a rehearsal.
    pub fn facts(&self, around: &Around<'_>) -> GuardFacts {
        let inner = self.inner.lock();
        let past = past(&inner.ledger, "").into_iter().map(|past| PastAct {
            age_ms: past.age_ms,
            act: past.act,
            case: past.case,
            component: past.component,
            cause: past.cause,
            settled: past.settled,
        });
        GuardFacts {
            past: past.collect(),
            exits: exits(&inner.ledger),
            holds: around.holds.to_vec(),
            frozen: around.frozen.map(str::to_owned),
            queue_writable: around.queue_writable,
        }
    }
}

/// What the probes had seen, for the ledger.
fn evidence(proposal: &RepairProposal) -> Vec<String> {
    let told = proposal.samples.iter().map(|sample| {
        let word = match sample.evidence {
            Evidence::Good => "good",
            Evidence::Bad => "bad",
            Evidence::None => "nothing",
        };
        let at = sample.unix_ms.saturating_sub(proposal.first_bad_unix_ms);
        format!(
            "{}: {word} {at} ms after the first bad one: {}",
            sample.probe, sample.text
        )
    });
    told.collect()
}

/// What was begun: of the last day, of this case, and what has no outcome yet.
fn past(ledger: &Ledger, case: &str) -> Vec<Past> {
    let settled: Vec<u64> = ledger
        .records()
        .filter(|(record, _)| record.says.record == word::OUTCOME)
        .filter_map(|(record, _)| record.of)
        .collect();
    ledger
        .records()
        .filter(|(record, age)| {
            let counts = record.says.record == word::INTENT || record.says.record == DAMAGED;
            let kept_ms = match record.says.act {
                Some(RepairAct::RestartServer) => WEEK_MS,
                _ => DAY_MS,
            };
            counts && (*age < kept_ms || record.says.case.as_deref() == Some(case))
        })
        .filter(|(record, _)| {
            // Undoing an offline stage is no act that anything waits for.
            !matches!(record.says.act, Some(RepairAct::Online | RepairAct::Alert))
        })
        .map(|(record, age_ms)| Past {
            age_ms,
            act: record.says.act.clone(),
            case: record.says.case.clone().unwrap_or_default(),
            component: record.says.component.clone(),
            cause: record.says.cause.clone(),
            settled: settled.contains(&record.says.entry) || record.says.record == DAMAGED,
        })
        .collect()
}

fn exits(ledger: &Ledger) -> Vec<(Role, u64)> {
    ledger
        .records()
        .rev()
        .take_while(|(_, age)| *age < UNDER_WAY_MAX_MS)
        .filter(|(record, _)| record.says.record == word::EXIT)
        .filter_map(|(record, age)| Some((record.says.component.parse().ok()?, age)))
        .collect()
}

#[cfg(test)]
mod tests;
