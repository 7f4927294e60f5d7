//! What transport answers about the feeds of the untrusted list.

use std::sync::Arc;

use mailward_api::{
    control::{ControlReply, UntrustedRequest},
    fault::{Fault, FaultKind},
    view::{Changed, StateChange},
};

use super::{changed, read_one, tell_change};
use crate::service::Running;

/// Carries a request out.
///
/// # Errors
/// The [`Fault`] to be shown to whoever asked.
pub(crate) async fn answer(
    running: &Arc<Running>,
    request: UntrustedRequest,
) -> Result<ControlReply, Fault> {
    // What was set a moment ago may be asked for now.
    let now = running.shared.clock.unix_ms();
    running.untrusted_feeds.adopt(&running.shared.events, now);
    match request {
        UntrustedRequest::Approve { feed } => approve(running, &feed),
        UntrustedRequest::Refresh { feed } => refresh(running, feed).await,
    }
    .map(ControlReply::Changed)
}

fn approve(running: &Running, feed: &str) -> Result<Changed, Fault> {
    let feeds = &running.untrusted_feeds;
    let id = feeds.id_of(feed)?;
    let (events, now) = (&running.shared.events, running.shared.clock.unix_ms());
    let mut entries = feeds.entries.lock();
    let approved = entries.get_mut(&id).and_then(|entry| {
        let before = entry.state.in_force.as_ref();
        let before = before.map(|one| one.list.sequence);
        let (sequence, difference) = entry.state.approve(now)?;
        tell_change(entry, &difference, events);
        feeds.save(id, &entry.state, events);
        let subject = format!("untrusted feed {:?}", entry.name);
        let change = StateChange::new(subject, "sequence", before, sequence);
        Some((changed(entry, &difference), change))
    });
    match approved {
        Some((text, change)) => Ok(Changed::by(1, text, vec![change])),
        None => Err(Fault::new(
            FaultKind::Refused,
            format!("no change of untrusted feed {feed:?} waits"),
            "`mailward untrusted feeds` shows what waits",
        )),
    }
}

async fn refresh(running: &Running, feed: Option<String>) -> Result<Changed, Fault> {
    let feeds = &running.untrusted_feeds;
    let ids = match &feed {
        Some(name) => vec![feeds.id_of(name)?],
        None => feeds.entries.lock().keys().copied().collect(),
    };
    let mut told = Vec::with_capacity(ids.len());
    let mut last = None;
    for id in ids {
        match read_one(running, id, true).await {
            Ok(text) => told.push(text),
            Err(fault) => last = Some(fault),
        }
    }
    // Of several, those that were read have been, and events name each that was not.
    match last {
        Some(fault) => Err(fault),
        None => Ok(Changed::nothing(
            told.len() as u64,
            match told.is_empty() {
                true => "There is no untrusted feed.".to_owned(),
                false => told.join("\n"),
            },
        )),
    }
}
