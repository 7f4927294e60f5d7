//! The list of untrusted certificates in each role: read from the objects before the first handshake,
//! and read again at each change of them.
//!
//! Never here: what is done about a peer; the roles' own parts do that.

use mailward_events::{Event, Events};
use mailward_model::{Kind, Revision, Spec};
use mailward_store::Store;
use mailward_tls::Untrusted;

/// Changes of objects that are looked through; where more came at one time the list is read anew.
const CHANGES_MAX: usize = 1_000;

/// The list of this process, kept current by a task of this runtime. Where the objects cannot be read
/// the list stays as it was, with an event: at first it is what is built in.
pub(super) fn follow(store: &Store, events: &Events) -> Untrusted {
    let untrusted = Untrusted::of_process();
    let mut revisions = store.subscribe();
    let mut at = *revisions.borrow_and_update();
    read(store, events, &untrusted);
    let (store, events, kept) = (store.clone(), events.clone(), untrusted.clone());
    tokio::spawn(async move {
        while revisions.changed().await.is_ok() {
            let now = *revisions.borrow_and_update();
            if is_touched(&store, at) {
                read(&store, &events, &kept);
            }
            at = now;
        }
    });
    untrusted
}

/// Whether a change since this revision is about untrusted certificates, or about policies, which may
/// carry some: any other must not end the
/// resumption of sessions, and wakes nobody.
fn is_touched(store: &Store, since: Revision) -> bool {
    store
        .changes_since(since, CHANGES_MAX)
        .map_or(true, |changes| {
            let tables = [
                Kind::UntrustedCertificate.table(),
                Kind::Policy.table(),
                Kind::Site.table(),
            ];
            let touches = |kind: &str| tables.contains(&kind);
            changes.len() >= CHANGES_MAX || changes.iter().any(|change| touches(&change.kind))
        })
}

fn read(store: &Store, events: &Events, untrusted: &Untrusted) {
    let objects = match store.in_force(Kind::UntrustedCertificate) {
        Ok(objects) => objects,
        Err(error) => {
            return events.emit(Event::StoreFailing {
                operation: "read the untrusted certificates".to_owned(),
                error: error.to_string(),
            });
        }
    };
    let entries = objects.iter().filter_map(|object| match &object.spec {
        Spec::UntrustedCertificate(spec) => Some((object.name.as_str(), spec)),
        _ => None,
    });
    untrusted.replace(entries);
    for entry in untrusted.list().unreadable() {
        let spec = objects.iter().find(|object| object.name == *entry);
        let issuer = spec.and_then(|object| match &object.spec {
            Spec::UntrustedCertificate(spec) => spec.issuer.clone(),
            _ => None,
        });
        events.emit(Event::UntrustedEntryUnreadable {
            entry: entry.clone(),
            issuer: issuer.unwrap_or_default(),
        });
    }
}
