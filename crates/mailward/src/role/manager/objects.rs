//! The objects the manager works by: read from the store, kept as a copy, and the sockets that follow
//! from them.

use mailward_events::Event;
use mailward_model::{
    Kind, Object, Spec,
    kind::{AlertTarget, HealthSettings, ReceiveConnector},
    policy::PolicyPart,
    unit::Span,
};
use mailward_store::{Standing, Store, Turn};

use super::{
    CHILDREN, Manager,
    kept::{KeptObjects, is_wanted},
};
use crate::role::{chain, store_of_role, supervise::Manner, untrusted};

/// The kinds the manager works by.
const KINDS: [Kind; 4] = [
    Kind::ReceiveConnector,
    Kind::HealthSettings,
    Kind::AlertChannel,
    Kind::MonitoringOverride,
];

/// An alert channel as the manager uses it: told once, and without signs of life, which are the
/// worker's.
fn quiet(object: &Object) -> Option<Object> {
    let mut object = object.clone();
    let Spec::AlertChannel(channel) = &mut object.spec else {
        return None;
    };
    if matches!(channel.target, AlertTarget::Ping(_)) {
        return None;
    }
    channel.heartbeat = None;
    channel.repeat = Span::from_secs(0);
    Some(object)
}

/// What of policies the manager works by.
const PARTS: [PolicyPart; 1] = [PolicyPart::Settings];

impl Manager {
    /// Reads the objects where it is time to.
    pub(super) fn turn_to_objects(&mut self, turn: Turn) {
        let known = self.revision;
        let now = self.store.as_ref().map(Store::revision);
        if turn.is_due() || now != known {
            self.read_objects();
        }
        self.note_refresh(turn);
    }

    fn note_refresh(&mut self, turn: Turn) {
        let Some(store) = &self.store else {
            return;
        };
        let done = match self.objects_fail {
            true => Err("the objects cannot be read".to_owned()),
            false => Ok(()),
        };
        store.note_refresh(&PARTS, turn, self.revision.unwrap_or_default(), done);
    }

    /// Reads the objects; where that fails, works by what was read last.
    pub(super) fn read_objects(&mut self) {
        let is_first = self.revision.is_none();
        match self.objects_of_store() {
            Ok(objects) => {
                self.revision = self.store.as_ref().map(Store::revision);
                let unix_ms = self.clock.unix_ms();
                self.objects = KeptObjects { unix_ms, objects };
                self.kept.keep_objects(&self.objects);
                self.tell_policies();
                if std::mem::take(&mut self.objects_fail) {
                    // What could not start for want of the objects need not wait any longer.
                    let now = self.clock.monotonic();
                    for role in CHILDREN {
                        if let Some(child) = self.children.get_mut(&role) {
                            child.supervision.hurry(now);
                        }
                    }
                }
            }
            Err(error) => {
                self.objects_fail = true;
                if self.objects.objects.is_empty() {
                    self.objects = self.kept.objects().unwrap_or_default();
                }
                let age_ms = self.clock.unix_ms().saturating_sub(self.objects.unix_ms);
                self.events.emit(Event::LastGoodObjectsUsed {
                    error,
                    age_s: age_ms / 1000,
                });
            }
        }
        if is_first && self.revision.is_some() {
            self.note_refresh(Turn::Begun);
        }
        self.obey_objects();
    }

    fn objects_of_store(&mut self) -> Result<Vec<Object>, String> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => {
                let opened = store_of_role(&self.config).map_err(|error| chain(&error))?;
                self.turns_of_objects = Some(opened.turns());
                self.standing = Some(opened.standing());
                self.store = Some(opened.clone());
                // Its own clients ask it: of the database, and of who is alerted.
                untrusted::follow_objects(&opened, &self.events);
                // It may have been opened while its database was away.
                self.tell_standing();
                opened
            }
        };
        let mut objects = store.in_force_of(&KINDS).map_err(|error| chain(&error))?;
        objects.retain(is_wanted);
        Ok(objects)
    }

    /// Says that the database of the objects is away, and that it is back: the manager alone, once
    /// for the node, though every role notices.
    pub(super) fn tell_standing(&mut self) {
        let (Some(store), Some(standing)) = (&self.store, &mut self.standing) else {
            return;
        };
        let now = self.clock.monotonic();
        let database = store.database().unwrap_or_default();
        let found = standing.borrow_and_update().clone();
        match (found, self.away_since) {
            (Standing::Away { error, cut }, None) => {
                self.away_since = Some(now);
                if let Some(path) = cut {
                    untrusted::tell_cut(
                        &path,
                        "the database of the objects",
                        &database,
                        &self.events,
                    );
                }
                self.events
                    .emit(Event::StoreDatabaseLost { database, error });
            }
            (Standing::Here, Some(since)) => {
                self.away_since = None;
                self.events.emit(Event::StoreDatabaseBack {
                    database,
                    away_s: now.saturating_sub(since).as_secs(),
                    revision: store.revision().0,
                });
            }
            (Standing::Away { .. }, Some(_)) | (Standing::Here, None) => {}
        }
    }

    fn obey_objects(&mut self) {
        let settings = self.objects.objects.iter().find_map(|object| {
            let Spec::HealthSettings(settings) = &object.spec else {
                return None;
            };
            Some(settings.clone())
        });
        self.settings = settings.unwrap_or_else(HealthSettings::default);
        let timeout = self.settings.heartbeat_timeout.get();
        for child in self.children.values_mut() {
            child.supervision.set_heartbeat_timeout(timeout);
        }
        let channels: Vec<Object> = self.objects.objects.iter().filter_map(quiet).collect();
        self.alerter.set_channels(&channels);
        self.repairs.set_objects(&self.objects.objects);
        self.reopen_sockets();
    }

    /// Brings the listening sockets in line with the connectors. Transport takes new sockets up by a
    /// restart, during which the old ones stay open.
    pub(super) fn reopen_sockets(&mut self) {
        let connectors: Vec<(String, ReceiveConnector)> = self
            .objects
            .objects
            .iter()
            .filter_map(|object| match &object.spec {
                Spec::ReceiveConnector(spec) => Some((object.name.clone(), spec.clone())),
                _ => None,
            })
            .collect();
        if self.sockets.reconcile(&connectors, &self.events) {
            self.end_in(
                mailward_api::control::Role::Transport,
                true,
                "the bindings of receive connectors changed",
                Manner::Orderly,
            );
        }
    }
}
