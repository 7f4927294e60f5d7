//! What running transport follows: components whose time has come, objects, distrust, the queue's
//! condition.

use std::{sync::Arc, time::Duration};

use mailward_events::Event;
use mailward_model::{
    kind::{OutboundTls, StartTls},
    policy::PolicyPart,
};
use mailward_queue::Condition;
use mailward_store::{Store, Turn};
use mailward_tls::ShownBy;

use super::{GATE_TICK, ROOM_LOOK, Running, apply_settings};
use crate::{Shared, deliver::source, snapshot::Snapshot};

/// Moves components on whose time has come.
pub(super) async fn gate(running: Arc<Running>) {
    let mut tick = tokio::time::interval(GATE_TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        running.tick_gate();
    }
}

/// Puts a snapshot in force.
pub(super) fn swap(running: &Running, snapshot: Snapshot, objects: u64) {
    let shared = &running.shared;
    apply_settings(&shared.queue, &snapshot);
    let exists = |name: &str| snapshot.receive_connector(name).is_some();
    shared
        .certificates
        .retain_connectors(ShownBy::Receive, exists);
    let exists = |name: &str| snapshot.send_connector(name).is_some();
    shared.certificates.retain_connectors(ShownBy::Send, exists);
    let revision = snapshot.revision.0;
    shared.snapshot.store(Arc::new(snapshot));
    shared
        .events
        .emit(Event::SnapshotSwapped { revision, objects });
    running.receiver.ranges_changed();
    running.dispatcher.objects_changed();
    source::check(&shared.snapshot.load(), &shared.events);
    choose_certificates(shared);
}

/// What of policies is in the snapshot.
const PARTS: [PolicyPart; 2] = [PolicyPart::Settings, PolicyPart::Ranges];

/// Takes each change of the objects into force, and what is found without being told at a refresh.
pub(super) async fn objects(running: Arc<Running>, store: Store) {
    let mut turns = store.turns();
    let shared = &running.shared;
    choose_certificates(shared);
    source::check(&shared.snapshot.load(), &shared.events);
    let revision = || shared.snapshot.load().revision;
    store.note_refresh(&PARTS, Turn::Begun, revision(), Ok(()));
    while let Some(turn) = turns.next().await {
        let done = match turn.is_due() || store.revision() != revision() {
            true => {
                let running = Arc::clone(&running);
                // In a large directory it takes a while, in which mail flows.
                let taken = tokio::task::spawn_blocking(move || take(&running, turn)).await;
                taken.unwrap_or_else(|broken| Err(broken.to_string()))
            }
            false => Ok(()),
        };
        if let Err(error) = &done {
            shared.events.emit(Event::StoreFailing {
                operation: "read the objects".to_owned(),
                error: error.clone(),
            });
        }
        store.note_refresh(&PARTS, turn, revision(), done);
    }
}

/// Takes the objects as they are now into force. Blocks.
fn take(running: &Running, turn: Turn) -> Result<(), String> {
    let mut known = running.known.lock();
    if !turn.is_told() {
        known.objects.forget();
    }
    let built = running.build(&mut known);
    let (snapshot, objects) = built.map_err(|error| error.to_string())?;
    swap(running, snapshot, objects);
    Ok(())
}

/// Has every session look whether its client's certificate is still to be borne. Deliveries look by
/// themselves.
pub(super) async fn untrusted(running: Arc<Running>) {
    let mut changes = running.shared.untrusted.changed();
    loop {
        changes.next().await;
        running.receiver.wake();
    }
}

/// Chooses the certificate of each connector, so that a missing one is an event (12014, 3032) when the
/// objects say so, and not first when a client comes or mail goes.
fn choose_certificates(shared: &Shared) {
    let snapshot = shared.snapshot.load();
    for connector in &snapshot.receive_connectors {
        if connector.spec.tls != StartTls::Off {
            let needs = connector.certificate_needs(&shared.node.hostname);
            shared.certificates.server_config(&needs);
        }
    }
    for connector in &snapshot.send_connectors {
        if connector.spec.tls != OutboundTls::Off {
            let needs = connector.certificate_needs(&shared.node.hostname);
            shared.certificates.client_certificate(&needs);
        }
    }
}

/// Raises an event when the queue stops taking mail, and when it takes it again.
pub(super) async fn queue(shared: Arc<Shared>) {
    let mut condition = shared.queue.condition();
    let mut out_since: Option<Duration> = None;
    loop {
        let now = condition.borrow_and_update().clone();
        match now {
            Condition::Working => {
                if let Some(since) = out_since.take() {
                    let out = shared.clock.monotonic().saturating_sub(since);
                    shared.events.emit(Event::QueueRecovered {
                        out_ms: out.as_millis() as u64,
                    });
                }
            }
            Condition::Full { free } => {
                out_since.get_or_insert_with(|| shared.clock.monotonic());
                let min_free_bytes = shared.snapshot.load().settings.min_free_space.0;
                shared.events.emit(Event::QueueDiskFull {
                    free_bytes: free,
                    min_free_bytes,
                });
            }
            Condition::Failing { error } => {
                out_since.get_or_insert_with(|| shared.clock.monotonic());
                shared.events.emit(Event::QueueDiskFailing {
                    operation: "store".to_owned(),
                    error,
                });
            }
        }
        // A full queue is offered no mail (it is refused at MAIL), so nothing but this sees that
        // there is room again. An empty queue would refuse mail for ever.
        while matches!(&*condition.borrow(), Condition::Full { .. })
            && !condition.has_changed().unwrap_or(true)
        {
            tokio::time::sleep(ROOM_LOOK).await;
            shared.queue.look_for_room();
        }
        if condition.changed().await.is_err() {
            return;
        }
    }
}
