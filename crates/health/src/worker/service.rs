//! What the worker answers on the control channel.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mailward_api::{
    control::{self, ControlReply, ControlRequest, Role},
    fault::Fault,
    view::{
        Changed, GroupStatus, GroupView, HealthEdge, HealthHistory, OverrideList, ProbeView,
        RoleFigures, RoleStatus, ServingState, StateChange, WorkerStatus,
        figures::EventFigure,
        health::HealthState,
        repair::{CaseNote, LedgerEntry},
    },
};
use mailward_events::{Event, Events};
use mailward_host::clock::Clock;
use mailward_store::Store;
use tokio::sync::oneshot;

use super::{Message, Worker, drill_request, foreseeing::Foresight, upkeep};
use crate::{
    Now,
    alert::desk,
    engine::{
        Engine,
        definition::{PREFIX, ProbeDefinition},
        worst,
    },
    explain,
    history::History,
    overrides,
    probe::{self, Context},
};

/// How long another role may take over a question that an answer waits for.
const ROLE_MAX: Duration = Duration::from_secs(2);
/// Ledger entries looked through.
const LEDGER_ENTRIES: u32 = 1000;
/// How long a recheck of everything may take before it is answered with what is known.
const RECHECK_MAX: Duration = Duration::from_secs(60);

/// What answers need besides the engine.
pub(super) struct Inside {
    manager: PathBuf,
    pub(super) run_dir: Arc<Path>,
    pub(super) foresight: Arc<Foresight>,
    transport: PathBuf,
    history: History,
    store: Store,
    events: Events,
    clock: Arc<dyn Clock>,
    context: Arc<Context>,
    started_unix_ms: u64,
}

impl Inside {
    pub(super) fn new(
        run_dir: &Path,
        history: History,
        store: Store,
        events: Events,
        clock: Arc<dyn Clock>,
        context: Arc<Context>,
        foresight: Arc<Foresight>,
    ) -> Self {
        Inside {
            manager: Role::Manager.socket(run_dir),
            run_dir: run_dir.into(),
            foresight,
            transport: Role::Transport.socket(run_dir),
            history,
            store,
            events,
            started_unix_ms: clock.unix_ms(),
            clock,
            context,
        }
    }

    fn role_status(&self) -> RoleStatus {
        RoleStatus {
            role: Role::Worker,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_unix_ms: self.started_unix_ms,
            revision: self.store.revision(),
        }
    }

    fn role_figures(&self) -> RoleFigures {
        let counts = self.events.counts();
        let counts = counts.into_iter().map(|(page, count)| {
            EventFigure::new(page.number, page.name, page.level.as_str(), count)
        });
        RoleFigures {
            policies: self.store.policy_refreshes(),
            ..RoleFigures::new(self.started_unix_ms, counts)
        }
    }

    /// What the engine alone can answer; `None` where it has no answer.
    pub(super) fn answer(
        &self,
        engine: &mut Engine,
        request: ControlRequest,
        now: Now,
    ) -> Option<ControlReply> {
        Some(match request {
            ControlRequest::Ping => ControlReply::Pong(self.role_status()),
            ControlRequest::Status => {
                let (probes, probes_failed, probes_skipped) = engine.counts();
                // Asked every minute by the probe of the admin API: no whole report for its state.
                let sets = engine.sets();
                ControlReply::Worker(WorkerStatus {
                    role: self.role_status(),
                    state: worst(sets.iter().map(|(_, state)| *state)),
                    sets,
                    open_cases: u32::try_from(engine.open_cases(now).len()).unwrap_or(u32::MAX),
                    probes,
                    probes_failed,
                    probes_skipped,
                })
            }
            ControlRequest::GroupStatus => {
                ControlReply::Group(engine.group_status(self.started_unix_ms))
            }
            ControlRequest::ProbeList { filter, limit } => {
                ControlReply::Probes(engine.list(&filter, limit as usize))
            }
            ControlRequest::Figures { monitors } => ControlReply::Figures(RoleFigures {
                health: Some(engine.figures(monitors as usize, now)),
                ..self.role_figures()
            }),
            ControlRequest::HealthReport => {
                let mut report = engine.report(now);
                report.soon = self.foresight.soon();
                ControlReply::HealthReport(report)
            }
            ControlRequest::HealthShow { set } => ControlReply::HealthSet(engine.set(&set)?),
            ControlRequest::HealthHistory { limit } => {
                ControlReply::HealthHistory(engine.history(limit as usize))
            }
            ControlRequest::Explain { id } => ControlReply::Case(engine.case(&id, now)?),
            ControlRequest::OverrideList => ControlReply::Overrides(OverrideList {
                node: engine.node().to_owned(),
                overrides: engine.overrides(now),
            }),
            ControlRequest::HealthItems => ControlReply::HealthItems(engine.items()),
            ControlRequest::HealthExplain { item } => {
                ControlReply::Explanation(engine.explain_item(&item, now).ok()?)
            }
            _ => return None,
        })
    }

    async fn ledger(&self) -> Vec<LedgerEntry> {
        let request = ControlRequest::Ledger {
            limit: LEDGER_ENTRIES,
        };
        match control::call(&self.manager, &request, ROLE_MAX).await {
            Ok(ControlReply::Ledger(ledger)) => ledger.entries,
            // Without the manager, what the worker knows is all there is.
            _ => Vec::new(),
        }
    }
}

fn unknown_probe(name: &str) -> Fault {
    Fault::not_found(
        format!("there is no probe named {name:?}"),
        "`mailward health probe list` shows their names",
    )
}

fn unknown_report(name: &str) -> Fault {
    Fault::not_found(
        format!("no probe named {name:?} waits for reports"),
        "make one: `mailward probe set NAME target.report='{\"expires\":\"1d\"}'`",
    )
}

/// A result, without what was seen in its steps where nobody asked for that.
fn shown(mut view: ProbeView, trace: bool) -> ProbeView {
    if !trace {
        for step in &mut view.steps {
            step.seen.clear();
        }
    }
    view
}

impl Worker {
    /// The name of the probe that is meant by this one: in any case, and without the beginning that
    /// probe objects have.
    async fn probe_named(&self, name: &str) -> Result<String, Fault> {
        let wanted = Some(name.to_owned());
        let known = self.ask(|reply| Message::ProbesOf(wanted, reply)).await?;
        let named = |wanted: &str| {
            let mut known = known.iter();
            known
                .find(|probe| probe.eq_ignore_ascii_case(wanted))
                .cloned()
        };
        named(name)
            .or_else(|| named(&format!("{PREFIX}{name}")))
            .ok_or_else(|| unknown_probe(name))
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Result<T, Fault> {
        let (reply, answered) = oneshot::channel();
        let gone = || Fault::failed("the worker is on its way out");
        self.inbox.send(message(reply)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }

    /// True where the worker's task answers: for the heartbeat of the role.
    pub async fn is_alive(&self) -> bool {
        let asked = self.ask(|reply| Message::Ask(ControlRequest::Ping, reply));
        matches!(
            tokio::time::timeout(Duration::from_secs(2), asked).await,
            Ok(Ok(Some(_)))
        )
    }

    /// Answers a request of the control channel.
    ///
    /// # Errors
    /// What was asked for does not exist or is not the worker's; the fault says what to do.
    pub async fn answer(&self, request: ControlRequest) -> Result<ControlReply, Fault> {
        match request {
            ControlRequest::HealthMailboxes => Ok(ControlReply::HealthMailboxes(upkeep::view(
                &self.inside.context,
            ))),
            ControlRequest::ProbeRun { name, trace } => {
                let name = self.probe_named(&name).await?;
                let view = self.ask(|reply| Message::Run(name, reply)).await?;
                Ok(ControlReply::Probe(shown(view, trace)))
            }
            ControlRequest::ProbeTry { name, trace, set } => {
                let name = self.probe_named(&name).await?;
                let found = self.ask(|reply| Message::Definition(name.clone(), reply));
                let definition = found.await?.ok_or_else(|| unknown_probe(&name))?;
                let mut definition = ProbeDefinition::clone(&definition);
                for (property, value) in &set {
                    overrides::set_once(&mut definition, property, value)
                        .map_err(|(error, mend)| Fault::invalid(error, mend).at("set"))?;
                }
                let view = probe::run(&definition, &self.inside.context).await;
                Ok(ControlReply::Probe(shown(view, trace)))
            }
            ControlRequest::ProbeReport(report) => {
                let fault = unknown_report(&report.probe);
                let view = self.ask(|reply| Message::Report(report, reply)).await?;
                view.map(ControlReply::Probe).ok_or(fault)
            }
            ControlRequest::Recheck { component } => {
                let probes = self
                    .ask(|reply| Message::ProbesOf(component.clone(), reply))
                    .await?;
                if probes.is_empty() {
                    return Err(Fault::not_found(
                        format!(
                            "nothing named {:?} is watched",
                            component.unwrap_or_default()
                        ),
                        "`mailward health report` shows what is",
                    ));
                }
                let mut waiting = Vec::new();
                for name in probes {
                    let (reply, result) = oneshot::channel();
                    // A worker on its way out is told below.
                    let _ = self.inbox.send(Message::Run(name, reply)).await;
                    waiting.push(result);
                }
                let all = async {
                    for result in waiting {
                        // A probe that is not watched any more gives no result.
                        let _ = result.await;
                    }
                };
                let _ = tokio::time::timeout(RECHECK_MAX, all).await;
                self.known(ControlRequest::HealthReport).await
            }
            ControlRequest::Drill(request) => {
                drill_request::answer(&self.inbox, &self.inside.run_dir, request).await
            }
            ControlRequest::Forecast { days } => self.inside.foresight.answer(days).await,
            ControlRequest::Explain { id } => self.explain(id).await,
            ControlRequest::Note(note) => self.note(note).await,
            ControlRequest::Rehearse { set, cause } => self.rehearse(set, cause).await,
            ControlRequest::HealthHistory { limit } => self.history(limit as usize).await,
            ControlRequest::HealthShow { set } => {
                let mend = "`mailward health report` shows the health sets";
                let fault = Fault::not_found(format!("there is no health set named {set:?}"), mend);
                self.known_or(ControlRequest::HealthShow { set }, fault)
                    .await
            }
            ControlRequest::OverrideCheck(spec) => {
                let wanted = spec.clone();
                match self
                    .ask(|reply| Message::CheckOverride(spec, reply))
                    .await?
                {
                    Ok(()) => Ok(ControlReply::Done),
                    Err((error, mend)) if error.starts_with("nothing") => {
                        Err(Fault::not_found(error, mend).at("item"))
                    }
                    Err((error, mend)) => Err(Fault::invalid(error, mend).at(&wanted.property)),
                }
            }
            ControlRequest::HealthExplain { item } => {
                let mend = "`mailward health report` shows what is watched";
                let fault = Fault::not_found(format!("nothing named {item:?} is watched"), mend);
                self.known_or(ControlRequest::HealthExplain { item }, fault)
                    .await
            }
            ControlRequest::GroupStatus => self.group_status().await.map(ControlReply::Group),
            ControlRequest::GroupMembers => {
                let Some(group) = &self.group else {
                    return Err(Fault::not_found(
                        "this node is in no group",
                        "name the other nodes in [group] of mailward.toml",
                    ));
                };
                Ok(ControlReply::GroupMembers(GroupView {
                    node: self.group_status().await?,
                    members: group.members(),
                }))
            }
            ControlRequest::AlertTest { channel, by } => {
                let now = self.inside.clock.unix_ms();
                let test = desk::test(&self.couriers, &self.node, channel.as_deref(), &by, now);
                test.await.map(ControlReply::AlertTest)
            }
            request @ (ControlRequest::AlertList { .. }
            | ControlRequest::AlertShow { .. }
            | ControlRequest::AlertAck { .. }
            | ControlRequest::AlertSilence { .. }
            | ControlRequest::AlertUnsilence { .. }) => {
                self.ask(|reply| Message::Alerts(request, reply)).await?
            }
            request @ (ControlRequest::Ping
            | ControlRequest::ProbeList { .. }
            | ControlRequest::Status
            | ControlRequest::OverrideList
            | ControlRequest::HealthItems
            | ControlRequest::Figures { .. }
            | ControlRequest::HealthReport) => self.known(request).await,
            other => Err(Fault::unsupported(Role::Worker.name(), other.name())),
        }
    }

    /// What this node tells its group: what the engine knows, and whether transport takes new mail
    /// by every connector. Another node must not count on one where something rests.
    async fn group_status(&self) -> Result<GroupStatus, Fault> {
        let ControlReply::Group(mut status) = self.known(ControlRequest::GroupStatus).await? else {
            return Err(Fault::failed("the worker has no answer"));
        };
        let transport = &self.inside.transport;
        let asked = control::call(transport, &ControlRequest::Status, ROLE_MAX).await;
        status.healthy &= matches!(
            asked,
            Ok(ControlReply::Transport(transport))
                if !transport.gate.closed
                    && transport
                        .connectors
                        .iter()
                        .all(|one| !one.enabled || one.state == ServingState::Active)
        );
        Ok(status)
    }

    async fn known(&self, request: ControlRequest) -> Result<ControlReply, Fault> {
        self.known_or(request, Fault::failed("the worker has no answer"))
            .await
    }

    async fn known_or(&self, request: ControlRequest, fault: Fault) -> Result<ControlReply, Fault> {
        self.ask(|reply| Message::Ask(request, reply))
            .await?
            .ok_or(fault)
    }

    /// A case or one act of it, with the notes of people.
    async fn explain(&self, id: String) -> Result<ControlReply, Fault> {
        let (case, entry) = match explain::act_number(&id) {
            None => (id.clone(), None),
            Some(entry) => {
                let entries = self.inside.ledger().await;
                let found = entries.iter().find(|one| one.entry == entry);
                let case = found.and_then(|one| one.case.clone());
                let none = || {
                    Fault::not_found(
                        format!("there is no act {id:?}"),
                        "`mailward health ledger` shows acts and their ids",
                    )
                };
                (case.ok_or_else(none)?, Some((entry, entries)))
            }
        };
        let ControlReply::Case(view) = self.case(case.clone()).await? else {
            return Err(Fault::failed("the worker has no answer"));
        };
        let history = self.inside.history.clone();
        // Reading the file blocks on the disk; without it the case is told without its notes.
        let notes = tokio::task::spawn_blocking(move || history.notes(&case)).await;
        let view = explain::with_notes(view, &notes.unwrap_or_default());
        let view = match entry {
            None => view,
            Some((entry, entries)) => explain::of_act(entry, view, &entries)
                .ok_or_else(|| Fault::failed("the ledger has lost the act meanwhile"))?,
        };
        Ok(ControlReply::Case(view))
    }

    /// Keeps a note on a case that there is.
    async fn note(&self, note: CaseNote) -> Result<ControlReply, Fault> {
        self.case(note.case.clone()).await?;
        let history = self.inside.history.clone();
        let event = Event::CaseNoted {
            case: note.case.clone(),
            by: note.by.clone(),
            text: note.text.clone(),
        };
        let kept = note.clone();
        let written = tokio::task::spawn_blocking(move || history.note(&note)).await;
        match written {
            Ok(Ok(())) => {
                self.inside.events.emit(event);
                let text = format!("Noted; `mailward explain {}` shows it.", kept.case);
                let subject = format!("case {}", kept.case);
                let change = StateChange::new(subject, "note", serde_json::Value::Null, kept.text);
                Ok(ControlReply::Changed(Changed::by(1, text, vec![change])))
            }
            Ok(Err(error)) => Err(Fault::failed(format!("the note cannot be kept: {error}"))),
            Err(error) => Err(Fault::failed(error.to_string())),
        }
    }

    /// What would be done if a health set failed.
    async fn rehearse(&self, set: String, cause: Option<String>) -> Result<ControlReply, Fault> {
        if let Some(cause) = &cause
            && crate::Cause::read(cause).is_none()
        {
            let known: Vec<&str> = crate::Cause::ALL.iter().map(|one| one.as_str()).collect();
            return Err(Fault::invalid(
                format!("there is no class of causes {cause:?}"),
                format!("the classes are {}", known.join(", ")),
            )
            .at("cause"));
        }
        let reply =
            control::call(&self.inside.manager, &ControlRequest::GuardFacts, ROLE_MAX).await;
        let facts = match reply {
            Ok(ControlReply::GuardFacts(facts)) => facts,
            Ok(_) => return Err(Fault::failed("the manager answered something else")),
            Err(error) => return Err(error.into_fault(Role::Manager.name())),
        };
        let engine = self.ask(Message::Copy).await?;
        let members = self.group.as_ref().map(|group| group.members());
        let members = members.unwrap_or_default();
        let now = Now::of(&*self.inside.clock);
        // A day is played in a moment, but not in no time.
        let played = tokio::task::spawn_blocking({
            let set = set.clone();
            move || engine.rehearse(&set, cause.as_deref(), &facts, &members, now)
        })
        .await;
        match played {
            Ok(Some(rehearsal)) => Ok(ControlReply::Rehearsal(rehearsal)),
            Ok(None) => Err(Fault::not_found(
                format!("there is no health set named {set:?}"),
                "`mailward health report` shows the health sets",
            )),
            Err(error) => Err(Fault::failed(error.to_string())),
        }
    }

    /// A case: open, closed lately, closed long ago, or one of the manager's own.
    async fn case(&self, id: String) -> Result<ControlReply, Fault> {
        let request = ControlRequest::Explain { id: id.clone() };
        if let Some(reply) = self.ask(|reply| Message::Ask(request, reply)).await? {
            return Ok(reply);
        }
        let (history, wanted) = (self.inside.history.clone(), id.clone());
        // Reading the file blocks on the disk.
        let read = tokio::task::spawn_blocking(move || history.case(&wanted)).await;
        if let Ok(Some(case)) = read {
            return Ok(ControlReply::Case(case));
        }
        let entries = self.inside.ledger().await;
        // What ended was transport or another role; its probes are those of the mail path.
        let results = self.ask(Message::Results).await?;
        explain::from_ledger(&id, &entries, &results)
            .map(ControlReply::Case)
            .ok_or_else(|| {
                Fault::not_found(
                    format!("there is no case {id:?}"),
                    "`mailward health history` shows cases and their ids",
                )
            })
    }

    /// State changes and cases, the exits of roles among them, newest first.
    async fn history(&self, limit: usize) -> Result<ControlReply, Fault> {
        let request = ControlRequest::HealthHistory {
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        let ControlReply::HealthHistory(HealthHistory { mut edges }) = self.known(request).await?
        else {
            return Err(Fault::failed("the worker has no answer"));
        };
        let exits = self.inside.ledger().await;
        edges.extend(
            exits
                .into_iter()
                .filter(|entry| entry.record == "exit")
                .map(|entry| HealthEdge {
                    unix_ms: entry.unix_ms,
                    subject: format!("role {}", entry.component),
                    from: HealthState::Healthy.word().to_owned(),
                    to: "ended".to_owned(),
                    because: entry.text,
                    case: entry.case,
                }),
        );
        edges.sort_by_key(|edge| std::cmp::Reverse(edge.unix_ms));
        edges.truncate(limit);
        Ok(ControlReply::HealthHistory(HealthHistory { edges }))
    }
}
