//! The objects that a worker works by: all but the recipients, read after every change, and fewer of
//! them in safe mode.

use mailward_model::{
    Object, Spec,
    kind::{HealthSettings, TransportSettings},
    policy::PolicyPart,
};
use mailward_store::{Store, Turn};
use tokio::sync::mpsc;

use super::{Message, Running, foreseeing::Sources};
use crate::{Now, forecast::gather::Limits, schedule::Slots};

impl Running {
    pub(super) fn take_objects(&mut self, mut objects: Vec<Object>) {
        if self.minimum {
            let (least, aside) = objects.into_iter().partition(is_least);
            objects = least;
            self.engine.set_aside(aside);
        }
        let now = self.now();
        let settings = objects.iter().find_map(|object| match &object.spec {
            Spec::HealthSettings(settings) => Some(settings.clone()),
            _ => None,
        });
        let transport = objects.iter().find_map(|object| match &object.spec {
            Spec::TransportSettings(settings) => Some(settings.clone()),
            _ => None,
        });
        let transport: TransportSettings = transport.unwrap_or_default();
        *self.context.min_free_bytes.lock() = transport.min_free_space.0;
        let expiration = transport.message_expiration.get().as_millis();
        self.foresight.set_limits(Limits {
            min_free_octets: transport.min_free_space.0,
            message_expiration_ms: u64::try_from(expiration).unwrap_or(u64::MAX),
        });
        self.foresight.set_sources(sources(&objects));
        self.alerter.set_channels(&objects);
        let settings: HealthSettings = settings.unwrap_or_default();
        *self.context.key_interval.lock() = settings.probe_key_interval.get();
        let orders = self.engine.define(&objects, &settings, now);
        self.make_slots(now);
        self.context
            .reports
            .retain(|name| self.engine.probe(name).is_some());
        self.obey(orders);
    }

    /// Gives each probe its slots.
    pub(super) fn make_slots(&mut self, now: Now) {
        let probed = self.engine.probes();
        let timed = probed.filter(|definition| definition.is_timed());
        self.timetable.set(timed.map(|one| {
            let slots = Slots::new(&self.node, &one.name, one.interval_ms, one.soon, now);
            (one.name.as_str(), slots)
        }));
    }
}

/// What comes from elsewhere and is kept current.
fn sources(objects: &[Object]) -> Sources {
    let mut sources = Sources::default();
    for object in objects {
        let name = || object.name.clone();
        match &object.spec {
            Spec::SenderFeed(feed) => sources.feeds.push((object.id, name(), feed.clone())),
            Spec::UntrustedFeed(feed) if feed.enabled => {
                sources.untrusted.push((object.id, name(), feed.clone()));
            }
            Spec::DirectorySource(source) if source.enabled => {
                sources
                    .directories
                    .push((name(), source.poll_interval.get()));
            }
            _ => {}
        }
    }
    sources
}

/// True for the objects that a worker in safe mode works by: what the built-in probes look at, the
/// channels to people, and what people have overridden, which is obeyed here too. Whatever else is
/// defined may be what made it fall.
fn is_least(object: &Object) -> bool {
    matches!(
        object.spec,
        Spec::ReceiveConnector(_)
            | Spec::HealthSettings(_)
            | Spec::TransportSettings(_)
            | Spec::AlertChannel(_)
            | Spec::MonitoringOverride(_)
    )
}

/// What of policies the worker works by.
const PARTS: [PolicyPart; 1] = [PolicyPart::Settings];

/// Reads the objects after every change of theirs, and at a refresh what was not told.
pub(super) async fn follow_objects(store: Store, inbox: mpsc::Sender<Message>) {
    let mut turns = store.turns();
    // They were read just now.
    let mut known = store.revision();
    store.note_refresh(&PARTS, Turn::Begun, known, Ok(()));
    while let Some(turn) = turns.next().await {
        if turn.is_due() || store.revision() != known {
            let reading = store.clone();
            let read = tokio::task::spawn_blocking(move || reading.settings_in_force());
            match read.await {
                Ok(Ok((objects, revision))) => {
                    known = revision;
                    if inbox.send(Message::Objects(objects)).await.is_err() {
                        return;
                    }
                }
                // Objects that cannot be read stay as they were: the store probe says so.
                Ok(Err(error)) => {
                    store.note_refresh(&PARTS, turn, known, Err(error.to_string()));
                    continue;
                }
                Err(_) => continue,
            }
        }
        store.note_refresh(&PARTS, turn, known, Ok(()));
    }
}
