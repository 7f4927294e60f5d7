//! Repairs inside transport that end nothing: soft resets, and responders for one class of causes.

use std::sync::Arc;

use mailward_api::{
    fault::Fault,
    view::{Changed, Responder},
};
use mailward_events::Event;
use mailward_model::plan::Plan;
use mailward_proto::header;
use mailward_queue::{ReadError, Stored};

use crate::{
    Shared, categorize,
    deliver::{Dispatcher, dns::Turned},
    service::Running,
};

/// Drops what a component remembers and makes it anew.
///
/// # Errors
/// There is no such component, or the objects cannot be read.
pub(super) async fn soft_reset(running: &Arc<Running>, component: &str) -> Result<(), Fault> {
    match component
        .split_once('/')
        .map_or(component, |(kind, _)| kind)
    {
        "deliver" | "send" => running.dispatcher.soft_reset(),
        "store" => rebuild(running).await.map(drop)?,
        "receive" | "certificate" => {
            reload(running).await?;
            rebuild(running).await?;
        }
        "queue" => running.dispatcher.look_again(),
        _ => {
            return Err(Fault::not_found(
                format!("{component:?} has nothing that could be reset"),
                "the components are receive/NAME, certificate/NAME, deliver, queue and store",
            ));
        }
    }
    running.shared.events.emit(Event::SoftResetDone {
        component: component.to_owned(),
    });
    Ok(())
}

/// A responder for one class of causes.
///
/// # Errors
/// What kept it from being done.
pub(super) async fn respond(
    running: &Arc<Running>,
    responder: Responder,
    component: &str,
) -> Result<Changed, Fault> {
    let (count, text) = match responder {
        Responder::ReloadCertificate => {
            reload(running).await?;
            (1, "the certificate files were read again".to_owned())
        }
        Responder::RebuildSnapshot => {
            let objects = rebuild(running).await?;
            (
                objects,
                format!("a snapshot of {objects} objects is in force"),
            )
        }
        Responder::NextResolver => match running.dispatcher.next_resolver().await {
            Turned::Only => {
                running.dispatcher.soft_reset();
                return Err(Fault::failed(
                    "there is no other resolver; name several in `resolvers` of mailward.toml",
                ));
            }
            Turned::Stays(server) => (
                0,
                format!(
                    "{server} is asked first as before: it answers, and no other resolver does"
                ),
            ),
            Turned::To(server) => (1, format!("the resolver {server} is asked first")),
        },
        Responder::NextSmartHost => match running.dispatcher.next_smart_host() {
            0 => {
                return Err(Fault::failed(
                    "no send connector has a second smart host to go to",
                ));
            }
            count => (count, format!("{count} connectors try another host first")),
        },
        Responder::ReownMessages => {
            let count = reown(&running.shared, &running.dispatcher).await?;
            (count, format!("{count} messages were put back"))
        }
        Responder::FreeDisk | Responder::Command => {
            return Err(Fault::failed(format!(
                "transport has no part in it: {responder} (for {component})"
            )));
        }
    };
    Ok(Changed::nothing(count, text))
}

/// Reading the folder blocks on the disk.
async fn reload(running: &Running) -> Result<(), Fault> {
    let certificates = running.shared.certificates.clone();
    let read = tokio::task::spawn_blocking(move || certificates.reload()).await;
    read.map(drop)
        .map_err(|error| Fault::failed(error.to_string()))
}

/// Reading the store blocks on the disk.
async fn rebuild(running: &Arc<Running>) -> Result<u64, Fault> {
    let inside = Arc::clone(running);
    let built = tokio::task::spawn_blocking(move || inside.rebuild_snapshot()).await;
    built
        .map_err(|error| Fault::failed(error.to_string()))?
        .map_err(Fault::failed)
}

/// The plan of a stored message, as it would be made when it is accepted. What its header says about
/// addresses served its sender's session and is not asked again.
fn plan(shared: &Shared, stored: &Stored) -> Result<Plan, Fault> {
    let failed = |error: ReadError| Fault::failed(error.to_string());
    let mut body = shared.queue.read_body(stored.id).map_err(failed)?;
    let head = body.chunk().map_err(failed)?.unwrap_or_default();
    let snapshot = shared.snapshot.load();
    Ok(categorize::plan(
        &snapshot,
        &categorize::Input {
            envelope: &stored.envelope,
            origin: &stored.origin,
            headers: None,
            size: stored.size,
            is_journal_report: header::summary(&head).journal_report,
        },
    ))
}

/// Puts messages that wait for nothing back: what is stored and was never planned is planned now,
/// and every next hop with something due is told of.
///
/// # Errors
/// A message cannot be read, or its plan cannot be written.
pub(crate) async fn reown(shared: &Shared, dispatcher: &Dispatcher) -> Result<u64, Fault> {
    let unplanned = shared.queue.unplanned();
    let count = unplanned.len() as u64;
    for id in unplanned {
        let Some(stored) = shared.queue.message(id) else {
            continue;
        };
        let plan = plan(shared, &stored)?;
        shared
            .queue
            .plan(id, plan)
            .await
            .map_err(|error| Fault::failed(error.to_string()))?;
    }
    dispatcher.look_again();
    Ok(count)
}
