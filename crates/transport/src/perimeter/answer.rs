//! What transport answers about the perimeter: by the functions that decide for real connections.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use mailward_api::{
    control::{
        ControlReply, PerimeterRequest,
        perimeter::{REPLAY_CLIENTS_MAX, ReplayClient},
    },
    fault::{Fault, FaultKind},
    view::{Changed, PerimeterReplay, PerimeterWhy, StateChange, perimeter::ReplayedClient},
};
use mailward_model::kind::RemoteRange;
use mailward_perimeter::{Feeds, why};

use super::{read_one, tell_change};
use crate::{
    control::simulate::choice,
    receive::{choose::pick, factors},
    service::Running,
    snapshot::Snapshot,
};

/// Carries a request out.
///
/// # Errors
/// The [`Fault`] to be shown to whoever asked.
pub(crate) async fn answer(
    running: &Arc<Running>,
    request: PerimeterRequest,
) -> Result<ControlReply, Fault> {
    match request {
        PerimeterRequest::Why { address } => {
            Ok(ControlReply::PerimeterWhy(covered(running, address)))
        }
        PerimeterRequest::Replay { clients, ranges } => {
            replay(running, clients, ranges).map(ControlReply::PerimeterReplay)
        }
        PerimeterRequest::Approve { feed } => approve(running, &feed).map(ControlReply::Changed),
        PerimeterRequest::Refresh { feed } => {
            refresh(running, feed).await.map(ControlReply::Changed)
        }
    }
}

fn covered(running: &Running, address: IpAddr) -> PerimeterWhy {
    let address = address.to_canonical();
    let now = running.shared.clock.unix_ms();
    let entries = running.perimeter.entries.lock();
    let covers: Vec<_> = entries
        .values()
        .flat_map(|entry| why::covers(&entry.name, &entry.state, address, now))
        .collect();
    let nearest = match covers.is_empty() {
        true => {
            let feeds = entries.values();
            why::nearest(
                feeds.map(|entry| (entry.name.as_str(), &entry.state)),
                address,
            )
        }
        false => None,
    };
    drop(entries);
    let snapshot = running.shared.snapshot.load();
    // Every socket once; those of the other family are of no interest.
    let locals: BTreeSet<_> = snapshot
        .receive_connectors
        .iter()
        .flat_map(|connector| &connector.spec.bindings)
        .flat_map(mailward_model::Binding::sockets)
        .filter(|local| local.is_ipv4() == address.is_ipv4())
        .collect();
    let choices = locals
        .into_iter()
        .map(|local| choice(&snapshot, address, local));
    PerimeterWhy {
        address,
        covers,
        nearest,
        choices: choices.collect(),
    }
}

fn approve(running: &Running, feed: &str) -> Result<Changed, Fault> {
    let id = running.perimeter.id_of(feed)?;
    let (events, now) = (&running.shared.events, running.shared.clock.unix_ms());
    let mut entries = running.perimeter.entries.lock();
    let approved = entries.get_mut(&id).and_then(|entry| {
        let before = entry.state.in_force.as_ref();
        let before = before.map(|one| one.version.clone());
        let (version, difference) = entry.state.approve(&entry.spec, now)?;
        tell_change(entry, &difference, events);
        running.perimeter.save(id, &entry.state, events);
        Some((entry.name.clone(), before, version, difference))
    });
    drop(entries);
    let Some((name, before, version, difference)) = approved else {
        return Err(Fault::new(
            FaultKind::Refused,
            format!("no change of sender feed {feed:?} waits"),
            "`mailward perimeter status` shows what waits",
        ));
    };
    running.feeds_changed();
    let text = format!(
        "{name}: {version} is in force; {} ranges added, {} removed.",
        difference.added.len(),
        difference.removed.len()
    );
    let subject = format!("sender feed {name:?}");
    let change = StateChange::new(subject, "version", before, version);
    Ok(Changed::by(1, text, vec![change]))
}

async fn refresh(running: &Running, feed: Option<String>) -> Result<Changed, Fault> {
    let ids = match &feed {
        Some(name) => vec![running.perimeter.id_of(name)?],
        None => running.perimeter.entries.lock().keys().copied().collect(),
    };
    let mut told = Vec::with_capacity(ids.len());
    let mut last = None;
    for id in ids {
        match read_one(running, id).await {
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
                true => "There is no sender feed.".to_owned(),
                false => told.join("\n"),
            },
        )),
    }
}

/// Feeds as they will be: what waits approved, what leaves gone. And what was assumed, in words.
fn to_come(running: &Running, now: u64) -> (Feeds, Vec<String>) {
    let (mut feeds, mut assumed) = (Feeds::default(), Vec::new());
    for entry in running.perimeter.entries.lock().values() {
        let mut state = entry.state.clone();
        if let Some((version, _)) = state.approve(&entry.spec, now) {
            assumed.push(format!("{} at {version}", entry.name));
        }
        if !state.expire(u64::MAX).is_empty() {
            assumed.push(format!("removals of {} over", entry.name));
        }
        feeds.insert_state(&entry.name, &state, now);
    }
    (feeds, assumed)
}

fn replay(
    running: &Running,
    clients: Vec<ReplayClient>,
    ranges: Option<(String, Vec<RemoteRange>)>,
) -> Result<PerimeterReplay, Fault> {
    let now = running.shared.clock.unix_ms();
    let snapshot = running.shared.snapshot.load();
    let (snapshot, assumed) = match ranges {
        None => {
            let (feeds, assumed) = to_come(running, now);
            let assumed = match assumed.is_empty() {
                true => "No change waits: as things are now.".to_owned(),
                false => format!("As if this were done: {}.", assumed.join(", ")),
            };
            (snapshot.with_feeds(&feeds), assumed)
        }
        Some((connector, entries)) => {
            let told: Vec<String> = entries.iter().map(ToString::to_string).collect();
            let assumed = format!("As if {connector} had remote_ranges {}.", told.join(", "));
            let feeds = running.perimeter.feeds(now);
            let other = snapshot
                .with_remote_ranges(&connector, entries, &feeds)
                .ok_or_else(|| crate::control::unknown_connector(&connector))?;
            (other, assumed)
        }
    };
    let mut view = PerimeterReplay {
        assumed,
        cut_off: clients.len() > REPLAY_CLIENTS_MAX,
        ..PerimeterReplay::default()
    };
    for client in clients.into_iter().take(REPLAY_CLIENTS_MAX) {
        view.clients += 1;
        view.messages += client.messages;
        view.silent_sessions += client.silent_sessions;
        let (taken_by, by_range_factor) = match fate(&snapshot, &client) {
            Fate::Taken => continue,
            Fate::TakenBy(other) => (Some(other), false),
            Fate::Refused => (None, false),
            Fate::MailRefused => (None, true),
        };
        if taken_by.is_none() {
            view.refused_messages += client.messages;
        }
        if taken_by.is_none() && !by_range_factor {
            view.refused_silent_sessions += client.silent_sessions;
        }
        view.out.push(ReplayedClient {
            connector: client.connector,
            address: client.address,
            helo: client.helo,
            messages: client.messages,
            silent_sessions: client.silent_sessions,
            last_unix_ms: client.last_unix_ms,
            taken_by,
            by_range_factor,
        });
    }
    view.out.sort_by_key(|one| {
        let most_first = std::cmp::Reverse((one.messages, one.silent_sessions));
        (most_first, one.address)
    });
    Ok(view)
}

/// What would become of a client that was taken once.
enum Fate {
    /// What became of it then, or its connector is gone.
    Taken,
    /// This connector would take it.
    TakenBy(String),
    /// Nobody would.
    Refused,
    /// Its connector would, and would refuse its mail by the range of its address.
    MailRefused,
}

/// By the ranges of the connector, which are about whoever stood at the socket, and by its first factor,
/// which is about the client.
fn fate(snapshot: &Snapshot, client: &ReplayClient) -> Fate {
    let Some(connector) = snapshot.receive_connector(&client.connector) else {
        return Fate::Taken;
    };
    let bindings = connector.spec.bindings.iter();
    let mut other = None;
    for local in bindings.flat_map(mailward_model::Binding::sockets) {
        if local.is_ipv4() != client.peer.is_ipv4() {
            continue;
        }
        match pick(snapshot, local, client.peer) {
            Some(taker) if taker.name == connector.name => {
                let ranges = snapshot.sender_ranges_of(&connector.name);
                let found = ranges
                    .and_then(|ranges| factors::range(&connector.spec, ranges, client.address));
                // Who brought no mail has none to lose.
                return match found.and_then(|found| found.refusal) {
                    Some(_) if client.messages > 0 => Fate::MailRefused,
                    _ => Fate::Taken,
                };
            }
            Some(taker) => other = Some(taker.name.clone()),
            None => {}
        }
    }
    other.map_or(Fate::Refused, Fate::TakenBy)
}
