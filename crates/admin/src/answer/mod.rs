//! Operations carried out: one arm for each, so that none can be forgotten.
//!
//! Objects go to the store, logs are read from their files, the rest is asked of other roles. What
//! changes something leaves an event that names who asked.

mod alert;
mod around;
pub(crate) mod audit;
mod directory;
mod drill;
mod event;
mod group;
mod health;
mod journal;
mod message;
mod object;
mod overrides;
mod perimeter;
mod policy;
mod queue;
mod recipient;
mod rename;
mod repair;
mod status;
mod untrusted;
mod untrusted_feed;

use std::{error::Error, path::PathBuf, sync::Arc, time::Duration};

use axum::body::Bytes;
use mailward_api::{
    control::{self, ControlReply, ControlRequest, QueueVerb, Role},
    fault::{Fault, FaultKind},
    operation::{Call, Operation, typed},
    view::{Changed, QueueActed, StateChange, change},
};
use mailward_events::{Event, Events, audit::AuditLog};
use mailward_host::clock::Clock;
use mailward_model::{Domain, kind::Right};
use mailward_store::Store;
use mailward_tls::untrusted::feed::Shelf;
use tokio::sync::mpsc;

pub(crate) use self::perimeter::Perimeter;
use crate::{administrators::Administrators, delegation::Remote, peer::Peer, sync::DirectorySync};
pub(crate) use object::effect;

/// How long another role may take.
const ROLE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the worker may take to run all probes: a mail-flow probe waits for its mail.
const RECHECK_TIMEOUT: Duration = Duration::from_secs(100);

/// What operations are carried out with.
pub(crate) struct Access {
    pub(crate) run_dir: PathBuf,
    pub(crate) events_dir: PathBuf,
    pub(crate) tracking_dir: PathBuf,
    pub(crate) perimeter: Perimeter,
    pub(crate) untrusted: Shelf,
    pub(crate) store: Store,
    pub(crate) node: Domain,
    pub(crate) administrators: Arc<Administrators>,
    pub(crate) events: Events,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) directory: Arc<DirectorySync>,
    /// What other nodes are spoken with by; `None` where none is.
    pub(crate) remote: Option<Arc<Remote>>,
    pub(crate) audit_log: Arc<AuditLog>,
    /// The minute, and how many refusals were recorded in it.
    pub(crate) refusals: parking_lot::Mutex<(u64, u32)>,
}

/// An answer.
pub(crate) enum Answer {
    /// JSON of the view.
    Json(Vec<u8>),
    /// A message, piece by piece.
    Message {
        /// Octets in all.
        total: u64,
        /// The pieces; an error is the end.
        pieces: mpsc::Receiver<Result<Bytes, Fault>>,
    },
}

/// The answer of an operation: the type of its view is checked against the table.
fn answer<O: Operation>(_: O, view: Result<O::View, Fault>) -> Result<Answer, Fault> {
    let octets = serde_json::to_vec(&view?)
        .map_err(|error| Fault::failed(format!("the answer cannot be written: {error}")))?;
    Ok(Answer::Json(octets))
}

/// An error and its causes on one line, as a fault.
pub(crate) fn failed(error: &dyn Error) -> Fault {
    Fault::failed(mailward_events::chain(error))
}

/// Runs what blocks (files, the store) where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Fault::failed(format!("the work was broken off: {error}"))))
}

/// Takes the expected variant out of a reply.
macro_rules! expect_reply {
    ($reply:expr, $variant:ident) => {
        match $reply {
            Ok(mailward_api::control::ControlReply::$variant(view)) => Ok(view),
            Ok(other) => Err($crate::answer::unexpected(&other)),
            Err(fault) => Err(fault),
        }
    };
}
use expect_reply;

fn unexpected(reply: &ControlReply) -> Fault {
    let mut text = format!("{reply:?}");
    text.truncate(text.floor_char_boundary(60));
    Fault::failed(format!("the role answered something else: {text}"))
}

impl Access {
    /// Carries an operation out. What changes something, or is done by a machine's rights, is on
    /// record before it is answered.
    pub(crate) async fn answer(&self, call: Call, peer: Peer) -> Result<Answer, Fault> {
        let is_recorded = call.right() != Right::Read || peer.is_machine();
        let act = is_recorded.then(|| audit::Act::of(&call));
        let answered = self.carry_out(call, peer.clone()).await;
        if let Some(act) = act {
            self.record_of(act, peer, answered.as_ref().err()).await;
        }
        answered
    }

    async fn carry_out(&self, call: Call, peer: Peer) -> Result<Answer, Fault> {
        match call {
            Call::QueueList(r) => answer(typed::QueueList, self.queue_list(r).await),
            Call::QueueShow(r) => answer(typed::QueueShow, self.queue_show(r.id).await),
            Call::QueueHold(r) => answer(
                typed::QueueHold,
                self.queue_act(r, QueueVerb::Hold, peer).await,
            ),
            Call::QueueRelease(r) => answer(
                typed::QueueRelease,
                self.queue_act(r, QueueVerb::Release, peer).await,
            ),
            Call::QueueRetry(r) => answer(
                typed::QueueRetry,
                self.queue_act(r, QueueVerb::Retry, peer).await,
            ),
            Call::QueueRedirect(r) => {
                answer(typed::QueueRedirect, self.queue_redirect(r, peer).await)
            }
            Call::QueueRemove(r) => answer(typed::QueueRemove, self.queue_remove(r, peer).await),
            Call::QueueExport(r) => self.export_message(r.id).await,
            Call::Trace(r) => answer(typed::Trace, self.trace(r).await),
            Call::EventList(r) => answer(typed::EventList, self.event_list(r).await),
            Call::EventShow(r) => answer(typed::EventShow, self.event_show(r.event).await),
            Call::AuditList(r) => answer(typed::AuditList, self.audit_list(r).await),
            Call::Explain(r) => answer(typed::Explain, self.explain(r.what).await),
            Call::CertList(_) => {
                let reply = self.ask(Role::Transport, ControlRequest::CertList).await;
                answer(typed::CertList, expect_reply!(reply, Certificates))
            }
            Call::CertExplain(r) => {
                let request = ControlRequest::CertExplain {
                    connector: r.connector,
                    send: r.send,
                };
                let reply = self.ask(Role::Transport, request).await;
                answer(typed::CertExplain, expect_reply!(reply, Certificate))
            }
            Call::UntrustedList(_) => answer(typed::UntrustedList, self.untrusted_list().await),
            Call::UntrustedAdd(r) => answer(typed::UntrustedAdd, self.untrusted_add(r, peer).await),
            Call::UntrustedRemove(r) => answer(
                typed::UntrustedRemove,
                self.untrusted_remove(r.name, peer).await,
            ),
            Call::UntrustedTest(r) => answer(typed::UntrustedTest, self.untrusted_test(r).await),
            Call::UntrustedFeeds(_) => answer(typed::UntrustedFeeds, self.untrusted_feeds().await),
            Call::UntrustedDiff(_) => answer(typed::UntrustedDiff, self.untrusted_diff().await),
            Call::UntrustedApprove(r) => answer(
                typed::UntrustedApprove,
                self.untrusted_approve(r.feed, peer).await,
            ),
            Call::UntrustedRefresh(r) => answer(
                typed::UntrustedRefresh,
                self.untrusted_refresh(r.feed, peer).await,
            ),
            Call::UntrustedReplay(r) => {
                answer(typed::UntrustedReplay, self.untrusted_replay(r).await)
            }
            Call::SimulateConnection(r) => {
                answer(typed::SimulateConnection, self.simulate_connection(r).await)
            }
            Call::SimulateMessage(r) => {
                answer(typed::SimulateMessage, self.simulate_message(r).await)
            }
            Call::JournalStatus(_) => {
                let reply = self
                    .ask(Role::Transport, ControlRequest::JournalStatus)
                    .await;
                answer(typed::JournalStatus, expect_reply!(reply, Journal))
            }
            Call::JournalPause(r) => {
                answer(typed::JournalPause, self.journal_pause(r, true, peer).await)
            }
            Call::JournalResume(r) => answer(
                typed::JournalResume,
                self.journal_pause(r, false, peer).await,
            ),
            Call::JournalReplay(r) => {
                answer(typed::JournalReplay, self.journal_replay(r, peer).await)
            }
            Call::JournalVerify(r) => answer(typed::JournalVerify, self.journal_verify(r).await),
            Call::JournalSimulate(r) => {
                answer(typed::JournalSimulate, self.journal_simulate(r).await)
            }
            Call::Health(r) => answer(typed::Health, self.health_report(r).await),
            Call::HealthReport(r) => answer(typed::HealthReport, self.health_report(r).await),
            Call::HealthItems(r) => answer(typed::HealthItems, self.health_items(r).await),
            Call::HealthRollup(r) => answer(typed::HealthRollup, self.health_rollup(r).await),
            Call::HealthMailflow(r) => {
                answer(typed::HealthMailflow, self.health_mailflow(r, peer).await)
            }
            Call::HealthShow(r) => answer(typed::HealthShow, self.health_show(r.set).await),
            Call::HealthMailboxes(_) => {
                answer(typed::HealthMailboxes, self.health_mailboxes().await)
            }
            Call::HealthHistory(r) => {
                answer(typed::HealthHistory, self.health_history(r.limit).await)
            }
            Call::HealthGroup(_) => answer(typed::HealthGroup, self.health_group().await),
            Call::HealthLedger(r) => answer(typed::HealthLedger, self.health_ledger(r.limit).await),
            Call::HealthHold(r) => answer(typed::HealthHold, self.hold(r, peer).await),
            Call::HealthRelease(r) => answer(typed::HealthRelease, self.release(r, peer).await),
            Call::HealthHolds(_) => answer(typed::HealthHolds, self.holds().await),
            Call::HealthCancel(r) => answer(
                typed::HealthCancel,
                self.cancel_restart(r.reason, peer).await,
            ),
            Call::HealthSimulate(r) => answer(typed::HealthSimulate, self.rehearse(r).await),
            Call::HealthNote(r) => answer(typed::HealthNote, self.note(r, peer).await),
            Call::HealthProbeRun(r) => {
                answer(typed::HealthProbeRun, self.health_probe_run(r, peer).await)
            }
            Call::HealthProbeList(r) => {
                answer(typed::HealthProbeList, self.health_probe_list(r).await)
            }
            Call::HealthReportResult(r) => answer(
                typed::HealthReportResult,
                self.health_report_result(r, peer).await,
            ),
            Call::HealthOverride(r) => {
                answer(typed::HealthOverride, self.health_override(r, peer).await)
            }
            Call::HealthOverrideAdd(r) => {
                answer(typed::HealthOverrideAdd, self.override_add(r, peer).await)
            }
            Call::HealthOverrideList(r) => {
                answer(typed::HealthOverrideList, self.override_list(r).await)
            }
            Call::HealthOverrideRemove(r) => answer(
                typed::HealthOverrideRemove,
                self.override_remove(r.name, peer).await,
            ),
            Call::HealthMaintenance(r) => answer(
                typed::HealthMaintenance,
                self.lay("maintenance", r, peer).await,
            ),
            Call::HealthRepairing(r) => {
                answer(typed::HealthRepairing, self.lay("repairing", r, peer).await)
            }
            Call::HealthExplain(r) => {
                let request = ControlRequest::HealthExplain { item: r.item };
                let reply = self.ask(Role::Worker, request).await;
                answer(typed::HealthExplain, expect_reply!(reply, Explanation))
            }
            Call::AlertList(r) => answer(typed::AlertList, self.alert_list(r.all).await),
            Call::AlertShow(r) => answer(typed::AlertShow, self.alert_show(r.id).await),
            Call::AlertAck(r) => answer(typed::AlertAck, self.alert_ack(r, peer).await),
            Call::AlertSilence(r) => answer(typed::AlertSilence, self.alert_silence(r, peer).await),
            Call::AlertUnsilence(r) => answer(
                typed::AlertUnsilence,
                self.alert_unsilence(r.id, peer).await,
            ),
            Call::AlertTest(r) => answer(typed::AlertTest, self.alert_test(r.channel, peer).await),
            Call::HealthFreeze(r) => answer(
                typed::HealthFreeze,
                self.health_freeze(r.reason, peer).await,
            ),
            Call::HealthThaw(_) => answer(typed::HealthThaw, self.health_thaw(peer).await),
            Call::HealthForecast(r) => answer(typed::HealthForecast, self.health_forecast(r).await),
            Call::DrillList(_) => answer(typed::DrillList, self.drill_list().await),
            Call::DrillRun(r) => answer(typed::DrillRun, self.drill_run(r, peer).await),
            Call::DrillShow(r) => answer(typed::DrillShow, self.drill_show(r.id).await),
            Call::DrillEnd(r) => answer(typed::DrillEnd, self.drill_end(r.id, peer).await),
            Call::DrillSchedule(r) => {
                answer(typed::DrillSchedule, self.drill_schedule(r, peer).await)
            }
            Call::Recheck(r) => answer(typed::Recheck, self.recheck(r.component, peer).await),
            Call::Status(_) => answer(typed::Status, self.status().await),
            Call::Export(_) => answer(typed::Export, self.export().await),
            Call::Plan(r) => answer(typed::Plan, self.plan(r.text).await),
            Call::Apply(r) => answer(typed::Apply, self.apply(r, peer).await),
            Call::RecipientImport(r) => {
                answer(typed::RecipientImport, self.recipient_import(r, peer).await)
            }
            Call::RecipientExport(r) => {
                answer(typed::RecipientExport, self.recipient_export(r).await)
            }
            Call::RecipientList(r) => answer(typed::RecipientList, self.recipient_list(r).await),
            Call::RecipientPreview(r) => {
                answer(typed::RecipientPreview, self.recipient_preview(r).await)
            }
            Call::GroupPreview(r) => answer(typed::GroupPreview, self.group_preview(r).await),
            Call::GroupMembers(r) => answer(typed::GroupMembers, self.group_members(r).await),
            Call::DirectorySyncStatus(r) => answer(
                typed::DirectorySyncStatus,
                self.directory_sync_status(r).await,
            ),
            Call::DirectorySyncRun(r) => answer(
                typed::DirectorySyncRun,
                self.directory_sync_run(r, peer).await,
            ),
            Call::DirectorySyncApprove(r) => answer(
                typed::DirectorySyncApprove,
                self.directory_sync_approve(r, peer).await,
            ),
            Call::PerimeterStatus(_) => {
                answer(typed::PerimeterStatus, self.perimeter_status().await)
            }
            Call::PerimeterDiff(r) => {
                answer(typed::PerimeterDiff, self.perimeter_diff(r.feed).await)
            }
            Call::PerimeterWhy(r) => {
                answer(typed::PerimeterWhy, self.perimeter_why(r.address).await)
            }
            Call::PerimeterReplay(r) => {
                answer(typed::PerimeterReplay, self.perimeter_replay(r).await)
            }
            Call::PerimeterApprove(r) => answer(
                typed::PerimeterApprove,
                self.perimeter_approve(r.feed, peer).await,
            ),
            Call::PerimeterRefresh(r) => answer(
                typed::PerimeterRefresh,
                self.perimeter_refresh(r.feed, peer).await,
            ),
            Call::PerimeterExport(r) => {
                answer(typed::PerimeterExport, self.perimeter_export(r).await)
            }
            Call::PolicyResult(r) => answer(typed::PolicyResult, self.policy_result(r).await),
            Call::PolicyRevert(r) => answer(
                typed::PolicyRevert,
                self.policy_revert(r.policy, peer).await,
            ),
            Call::PolicyRefresh(r) => {
                answer(typed::PolicyRefresh, self.policy_refresh(r, peer).await)
            }
            Call::PolicyImport(r) => answer(typed::PolicyImport, self.policy_import(r, peer).await),
            Call::PolicyExport(r) => answer(typed::PolicyExport, self.policy_export(r).await),
            Call::ObjectList(r) => answer(typed::ObjectList, self.object_list(r).await),
            Call::ObjectShow(r) => answer(typed::ObjectShow, self.object_show(r).await),
            Call::ObjectSet(r) => answer(typed::ObjectSet, self.object_set(r, peer).await),
            Call::ObjectRemove(r) => answer(typed::ObjectRemove, self.object_remove(r, peer).await),
            Call::Drain(r) => answer(typed::Drain, self.drain(r.reason, peer).await),
            Call::Resume(_) => answer(typed::Resume, self.resume(peer).await),
        }
    }

    /// Asks another role.
    async fn ask(&self, role: Role, request: ControlRequest) -> Result<ControlReply, Fault> {
        self.ask_within(role, request, ROLE_TIMEOUT).await
    }

    async fn ask_within(
        &self,
        role: Role,
        request: ControlRequest,
        timeout: Duration,
    ) -> Result<ControlReply, Fault> {
        control::call(&role.socket(&self.run_dir), &request, timeout)
            .await
            .map_err(|error| error.into_fault(role.name()))
    }

    /// Has transport do something and leaves an event that says who asked.
    async fn act(
        &self,
        peer: Peer,
        operation: &str,
        subject: impl ToString,
        request: ControlRequest,
    ) -> Result<Changed, Fault> {
        let done = match self.ask(Role::Transport, request).await? {
            ControlReply::Changed(changed) => changed,
            ControlReply::Done => Changed::nothing(1, "Done."),
            other => return Err(unexpected(&other)),
        };
        self.audit(&peer, operation, subject.to_string(), &done)
            .await;
        Ok(done)
    }

    /// The name of whoever asks.
    async fn by(&self, peer: &Peer) -> Result<String, Fault> {
        let peer = peer.clone();
        blocking(move || Ok(peer.name())).await
    }

    /// The event that says who asked for what, and what it changed.
    async fn audit(&self, peer: &Peer, operation: &str, subject: String, did: &impl Did) {
        let (changes, left_out) = did.changes();
        peer.note(changes, left_out);
        let changes = change::told(changes, left_out).into();
        let (events, peer) = (self.events.clone(), peer.clone());
        let operation = operation.to_owned();
        // The user database may be slow; a lost audit line of a name that cannot be found is not
        // possible, because `name` always gives one.
        let _ = tokio::task::spawn_blocking(move || {
            events.emit(Event::AdministratorActed {
                by: peer.name(),
                from: peer.place(),
                operation,
                subject,
                changes,
            });
        })
        .await;
    }

    fn now(&self) -> u64 {
        self.clock.unix_ms()
    }
}

/// What an act did, as whoever did it told.
pub(crate) trait Did {
    /// What is another thing now, and how many more are.
    fn changes(&self) -> (&[StateChange], u64);
}

/// An act that looks at something, or sets something going, and changes nothing that is kept.
pub(crate) struct Nothing;

impl Did for Nothing {
    fn changes(&self) -> (&[StateChange], u64) {
        (&[], 0)
    }
}

impl Did for Changed {
    fn changes(&self) -> (&[StateChange], u64) {
        (&self.changes, 0)
    }
}

impl Did for QueueActed {
    fn changes(&self) -> (&[StateChange], u64) {
        (&self.changes, self.changes_left_out)
    }
}

impl Did for Vec<StateChange> {
    fn changes(&self) -> (&[StateChange], u64) {
        (self, 0)
    }
}

/// A fault for a name that is not known, with the nearest known one.
pub(crate) fn unknown(what: &str, found: &str, known: &[&str], list: &str) -> Fault {
    let mend = match mailward_api::assignment::nearest(found, known) {
        Some(near) => format!("did you mean {near}?"),
        None => list.to_owned(),
    };
    Fault::new(
        FaultKind::NotFound,
        format!("there is no {what} {found:?}"),
        mend,
    )
}
