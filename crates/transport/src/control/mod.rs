//! What transport answers on the control channel: status, the queue, simulations, certificates.
//!
//! Never here: a decision of its own. A simulation calls the function that the running server calls.

mod act;
mod certificates;
mod journal;
mod probe;
mod queue;
mod redirect;
pub(crate) mod repair;
mod replay;
mod select;
pub(crate) mod simulate;

use std::sync::Arc;

use mailward_api::{
    control::{ControlReply, ControlRequest, DrillFault, Role, drill::FAULT_MS_MAX},
    fault::Fault,
    view::{
        ConnectorStatus, RoleFigures, RoleStatus, TransportStatus, figures::EventFigure,
        transport as view,
    },
};
use mailward_queue::Condition;

use crate::{faults, service::Running};

/// Carries a request out.
///
/// # Errors
/// The [`Fault`] to be shown to whoever asked.
pub(crate) async fn answer(
    running: &Arc<Running>,
    request: ControlRequest,
) -> Result<ControlReply, Fault> {
    let shared = &running.shared;
    match request {
        ControlRequest::Ping => Ok(ControlReply::Pong(role_status(running))),
        ControlRequest::Status => Ok(ControlReply::Transport(status(running))),
        ControlRequest::Figures { .. } => Ok(ControlReply::Figures(figures(running))),
        ControlRequest::ListConnectors => Ok(ControlReply::Connectors(connectors(running))),
        ControlRequest::QueueList => Ok(ControlReply::Queues(queue::queues(shared))),
        ControlRequest::MessageList(filter) => select::messages(shared, filter)
            .await
            .map(ControlReply::Messages),
        ControlRequest::QueueAudit => {
            let queue = shared.queue.clone();
            // A queue of a million messages takes a while.
            let audit = tokio::task::spawn_blocking(move || queue.audit()).await;
            audit
                .map(|audit| ControlReply::Audit(queue::audit(audit)))
                .map_err(|error| Fault::failed(error.to_string()))
        }
        ControlRequest::QueueShow { id } => queue::show(shared, id).map(ControlReply::Message),
        ControlRequest::QueueAct(ask) => act::act(shared, ask).await.map(ControlReply::QueueActed),
        ControlRequest::QueueRedirect(ask) => redirect::redirect(shared, ask)
            .await
            .map(ControlReply::QueueActed),
        ControlRequest::QueueExport { id, offset, length } => {
            queue::export(shared, id, offset, length).map(ControlReply::Octets)
        }
        ControlRequest::SimulateConnection { remote, local } => Ok(ControlReply::Connection(
            simulate::connection(shared, remote, local),
        )),
        ControlRequest::SimulateMessage(message) => {
            simulate::message(shared, message).map(ControlReply::Plan)
        }
        ControlRequest::JournalSimulate(message) => Ok(ControlReply::JournalSimulation(
            journal::simulate(shared, message),
        )),
        ControlRequest::Perimeter(request) => {
            crate::perimeter::answer::answer(running, request).await
        }
        ControlRequest::Untrusted(request) => {
            crate::untrusted::answer::answer(running, request).await
        }
        ControlRequest::JournalStatus => Ok(ControlReply::Journal(journal::status(shared))),
        ControlRequest::JournalPause { target, pause } => journal::pause(shared, &target, pause)
            .await
            .map(ControlReply::Changed),
        ControlRequest::JournalReplay(ask) => replay::replay(shared, ask)
            .await
            .map(ControlReply::JournalReplay),
        ControlRequest::JournalVerify(ask) => {
            let shared = Arc::clone(shared);
            // A ledger of years takes a while.
            let verified = tokio::task::spawn_blocking(move || journal::verify(&shared, &ask));
            verified
                .await
                .map_err(|error| Fault::failed(error.to_string()))?
                .map(ControlReply::JournalVerification)
        }
        ControlRequest::ProbeRoute(letter) => probe::send(shared, letter)
            .await
            .map(ControlReply::RouteProbed),
        ControlRequest::CertList => Ok(ControlReply::Certificates(certificates::list(running))),
        ControlRequest::CertExplain { connector, send } => match send {
            false => certificates::explain(running, &connector),
            true => certificates::explain_send(shared, &connector),
        }
        .map(ControlReply::Certificate),
        ControlRequest::SetComponents(orders) => {
            running.set_components(&orders);
            Ok(ControlReply::Components(running.components()))
        }
        ControlRequest::Components => Ok(ControlReply::Components(running.components())),
        ControlRequest::Warmed { component } => {
            running.warmed(&component);
            Ok(ControlReply::Done)
        }
        ControlRequest::SoftReset { component } => {
            repair::soft_reset(running, &component).await?;
            Ok(ControlReply::Done)
        }
        ControlRequest::Respond {
            responder,
            component,
        } => repair::respond(running, responder, &component)
            .await
            .map(ControlReply::Changed),
        ControlRequest::RestartComponent { component } => {
            restart(running, &component).await?;
            Ok(ControlReply::Done)
        }
        ControlRequest::Stall => {
            faults::allowed(shared)?;
            stall();
            Ok(ControlReply::Done)
        }
        ControlRequest::Wedge { connector } => {
            let fault = DrillFault::WedgeConnector { connector };
            faults::inject(running, fault, FAULT_MS_MAX).await?;
            Ok(ControlReply::Done)
        }
        ControlRequest::InjectFault { fault, for_ms } => {
            faults::inject(running, fault, for_ms).await?;
            Ok(ControlReply::Done)
        }
        ControlRequest::EndFault => {
            faults::end(running, None);
            Ok(ControlReply::Done)
        }
        ControlRequest::Resolve { host } => Ok(ControlReply::Resolved(
            running.dispatcher.resolve(&host).await,
        )),
        other => Err(Fault::unsupported(Role::Transport.name(), other.name())),
    }
}

/// Lets every thread of the runtime stand still, as a deadlock of all of them would. The process
/// lives on, and its lifeline still answers.
fn stall() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for _ in 0..threads {
        tokio::spawn(async {
            let _stalled = mailward_host::pulse::begin("a stall that was asked for");
            loop {
                std::thread::park();
            }
        });
    }
}

pub(crate) fn unknown_connector(name: &str) -> Fault {
    Fault::not_found(
        format!("there is no enabled receive connector named {name:?}"),
        "`mailward receive-connector list` shows their names",
    )
}

/// Ends and begins anew one component.
async fn restart(running: &Running, component: &str) -> Result<(), Fault> {
    match component.split_once('/') {
        Some(("receive", name)) => running
            .receiver
            .restart_connector(name)
            .then_some(())
            .ok_or_else(|| unknown_connector(name)),
        None if component == "deliver" => {
            running.dispatcher.restart().await;
            Ok(())
        }
        None if component == "certificates" => {
            let certificates = running.shared.certificates.clone();
            // Reading the folder blocks on the disk.
            let read = tokio::task::spawn_blocking(move || certificates.reload()).await;
            read.map(drop)
                .map_err(|error| Fault::failed(error.to_string()))
        }
        _ => Err(Fault::not_found(
            format!("{component:?} is not a component of transport"),
            "the components are receive/NAME, deliver and certificates",
        )),
    }
}

fn role_status(running: &Running) -> RoleStatus {
    RoleStatus {
        role: Role::Transport,
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_ms: running.started_unix_ms,
        revision: running.shared.snapshot.load().revision,
    }
}

fn figures(running: &Running) -> RoleFigures {
    let counts = running.shared.events.counts();
    let counts = counts
        .into_iter()
        .map(|(page, count)| EventFigure::new(page.number, page.name, page.level.as_str(), count));
    RoleFigures {
        policies: running.policy_refreshes(),
        ..RoleFigures::new(running.started_unix_ms, counts)
    }
}

fn status(running: &Running) -> TransportStatus {
    let shared = &running.shared;
    let stats = shared.queue.stats();
    let condition = shared.queue.condition();
    let health = match &*condition.borrow() {
        Condition::Working => view::QueueHealth::Ok,
        Condition::Full { .. } => view::QueueHealth::Full,
        Condition::Failing { .. } => view::QueueHealth::Failing,
    };
    let connectors = connectors(running);
    let counters = &shared.counters;
    TransportStatus {
        role: role_status(running),
        gate: shared.gate.view(),
        sessions: connectors.iter().map(|connector| connector.sessions).sum(),
        connectors,
        queue: view::QueueStats {
            // The worker counts its probes itself.
            messages: stats.messages.saturating_sub(stats.probes) as u64,
            bytes: stats.body_bytes,
            deliveries: stats.deliveries as u64,
            ready: stats.ready as u64,
            in_flight: stats.in_flight as u64,
            deferred: stats.deferred as u64,
            held: stats.held as u64,
            oldest_unix_ms: stats.oldest_unix_ms,
            syncs: stats.syncs_total,
            sync_last_us: stats.sync_last_us,
            sync_max_us: stats.sync_max_us,
            health,
            free_bytes: Some(stats.free_bytes),
        },
        counters: view::Counters {
            accepted: counters.accepted.get(),
            accepted_bytes: counters.accepted_bytes.get(),
            refused_messages: counters.refused_messages.get(),
            refused_recipients: counters.refused_recipients.get(),
            tls_sessions: counters.tls_sessions.get(),
            delivered: counters.delivered.get(),
            deferred: counters.deferred.get(),
            failed: counters.failed.get(),
            dsns: counters.dsns.get(),
            journal_reports: counters.journal_reports.get(),
            high_risk: counters.high_risk.get(),
            factor_refusals: counters.factor_refusals.get(),
            revocation: revocation_counts(&running.shared),
            headers_stripped_in: header_counts(&counters.stripped_in),
            headers_stripped_out: header_counts(&counters.stripped_out),
            headers_promoted: counters.promoted_headers.get(),
            headers_converted: counters.converted_headers.get(),
        },
    }
}

fn revocation_counts(shared: &crate::shared::Shared) -> view::RevocationCounts {
    let counts = shared.untrusted.revocations();
    view::RevocationCounts {
        not_covered: counts.not_covered,
        not_revoked: counts.not_revoked,
        revoked: counts.revoked,
    }
}

fn header_counts(counts: &crate::shared::HeaderCounts) -> view::HeaderCounts {
    let counts = counts.get();
    view::HeaderCounts {
        organization: counts.organization,
        forest: counts.forest,
        cross_premises: counts.cross_premises,
        routing: counts.routing,
    }
}

fn connectors(running: &Running) -> Vec<ConnectorStatus> {
    let snapshot = running.shared.snapshot.load();
    let sessions = running.receiver.sessions();
    snapshot
        .receive_connectors
        .iter()
        .map(|connector| {
            let count = sessions
                .iter()
                .find(|count| count.connector == connector.name);
            let chosen = certificates::choice(&running.shared, connector)
                .decision
                .chosen;
            ConnectorStatus {
                connector: connector.name.clone(),
                enabled: connector.spec.enabled,
                listening: running
                    .addresses
                    .iter()
                    .copied()
                    .filter(|address| {
                        connector
                            .spec
                            .bindings
                            .iter()
                            .any(|b| b.takes(*address) || b.sockets().contains(address))
                    })
                    .collect(),
                sessions: count.map_or(0, |count| count.now),
                sessions_total: count.map_or(0, |count| count.total),
                state: running.shared.gate.state_of(&connector.name),
                wedged: count.is_some_and(|count| count.wedged),
                lmtp: connector.spec.lmtp,
                certificate: chosen,
            }
        })
        .collect()
}
