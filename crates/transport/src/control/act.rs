//! What operators do to what is queued: hold, release, try now, remove. To one message or delivery
//! queue that they name, or to all that a filter fits.
//!
//! Of several each stands for itself: one that fails, such as a message that was delivered
//! meanwhile, is told of and stops no other.

use std::{collections::HashMap, sync::Arc};

use futures_util::{StreamExt, stream};
use mailward_api::{
    control::{QueueAct, QueueVerb},
    fault::Fault,
    view::{
        StateChange,
        queue::{QueueActed, QueueFailure, QueueSelection, QueueTarget},
    },
};
use mailward_model::plan::NextHop;
use mailward_queue::Selection;

use super::{
    queue::{fault, no_message, remove},
    select,
};
use crate::Shared;

/// Messages or queues that one command acts on; the rest is for the next one.
pub(super) const ACTS_MAX: usize = 100_000;
/// Acts under way at one time: they share the syncs of the queue's log.
pub(super) const AT_ONCE: usize = 256;
/// Names and failures that an answer holds.
pub(super) const NAMED_MAX: usize = 10_000;

/// Carries a command out.
pub(super) async fn act(shared: &Arc<Shared>, act: QueueAct) -> Result<QueueActed, Fault> {
    let QueueAct {
        verb,
        what,
        dry_run,
    } = act;
    let (targets, matching, noun) = match what {
        QueueSelection::One(target) => return one(shared, verb, target, dry_run).await,
        QueueSelection::Messages(filter) => {
            let filter = select::read(&filter)?;
            let (ids, matching) = select::ids(shared, filter, ACTS_MAX).await?;
            let targets: Vec<Selection> = ids.into_iter().map(Selection::Message).collect();
            (targets, matching, ("message", "messages"))
        }
        QueueSelection::Queues(filter) => {
            let queues = select::queues(shared, &select::read(&filter)?);
            // Looked up together: each lookup walks all delivery queues.
            let mut hops = next_hops(shared);
            let found = queues
                .iter()
                .filter_map(|queue| hops.remove(&queue.next_hop));
            let targets: Vec<Selection> = found.map(Selection::NextHop).collect();
            let matching = targets.len() as u64;
            (targets, matching, ("delivery queue", "delivery queues"))
        }
    };
    let mut acted = QueueActed {
        matching,
        dry_run,
        ..QueueActed::default()
    };
    if dry_run {
        let names = targets.iter().take(NAMED_MAX);
        acted.done = names.map(name).collect();
        acted.text = format!("{} would be {}.", counted(matching, noun), done_word(verb));
        return Ok(acted);
    }
    let meant = targets.len() as u64;
    let mut outcomes = stream::iter(targets)
        .map(|target| async move {
            let name = name(&target);
            (name, carry_out(shared, verb, target).await)
        })
        .buffered(AT_ONCE);
    let (mut done, mut failed) = (0_u64, 0_u64);
    while let Some((name, outcome)) = outcomes.next().await {
        match outcome {
            Ok(turned) => {
                acted.count += turned.count;
                acted.add(turned.change);
                done += 1;
                if acted.done.len() < NAMED_MAX {
                    acted.done.push(name);
                }
            }
            Err(fault) => {
                failed += 1;
                if acted.failed.len() < NAMED_MAX {
                    acted.failed.push(QueueFailure {
                        target: name,
                        error: fault.error,
                    });
                }
            }
        }
    }
    acted.text = match matching {
        0 => format!("No {} fits: nothing was done.", noun.0),
        _ => format!("{}: {}.", counted(done, noun), done_word(verb)),
    };
    if failed > 0 {
        acted.text.push_str(&format!(" {failed} failed."));
    }
    if matching > meant {
        let rest = matching - meant;
        acted
            .text
            .push_str(&format!(" {rest} more fit: repeat the command for them."));
    }
    Ok(acted)
}

pub(super) fn counted(count: u64, noun: (&str, &str)) -> String {
    match count {
        1 => format!("1 {}", noun.0),
        count => format!("{count} {}", noun.1),
    }
}

fn done_word(verb: QueueVerb) -> &'static str {
    match verb {
        QueueVerb::Hold => "held",
        QueueVerb::Release => "released",
        QueueVerb::Retry => "tried now",
        QueueVerb::Remove { notify: true } => "removed, their senders told",
        QueueVerb::Remove { notify: false } => "removed, nobody told",
    }
}

/// A command for what is named.
async fn one(
    shared: &Shared,
    verb: QueueVerb,
    target: QueueTarget,
    dry_run: bool,
) -> Result<QueueActed, Fault> {
    if dry_run {
        // What is not there is refused, as it would be.
        match &target {
            QueueTarget::Message(id) if shared.queue.message(*id).is_none() => {
                return Err(no_message(*id));
            }
            target => selection(shared, target)?,
        };
        return Ok(QueueActed {
            matching: 1,
            text: format!("{target} would be {}.", done_word(verb)),
            done: vec![target.to_string()],
            dry_run,
            ..QueueActed::default()
        });
    }
    let turned = carry_out(shared, verb, selection(shared, &target)?).await?;
    let text = match verb {
        QueueVerb::Hold => format!("nothing of {target} is tried until it is released"),
        QueueVerb::Release => {
            format!("{target} is not held any more; it is tried when its time comes")
        }
        QueueVerb::Retry => format!("what waited of {target} is tried now"),
        QueueVerb::Remove { notify } => {
            let told = match notify {
                true => "its sender is told",
                false => "nobody is told",
            };
            format!("message {target} is out of the queue; {told}")
        }
    };
    let mut acted = QueueActed {
        count: turned.count,
        text,
        ..QueueActed::default()
    };
    acted.add(turned.change);
    Ok(acted)
}

/// What was done to one.
struct Turned {
    /// Open deliveries concerned; of a removal 1.
    count: u64,
    change: StateChange,
}

/// Does it to one.
async fn carry_out(shared: &Shared, verb: QueueVerb, target: Selection) -> Result<Turned, Fault> {
    let queue = &shared.queue;
    let subject = subject(&target);
    let turned = |count: usize, change| Turned {
        count: count as u64,
        change,
    };
    match (verb, target) {
        (QueueVerb::Hold | QueueVerb::Release, target) => {
            let hold = verb == QueueVerb::Hold;
            let held = match hold {
                true => queue.hold(target).await,
                false => queue.release(target).await,
            };
            let held = held.map_err(fault)?;
            let change = StateChange::new(subject, "held", held.was_held, hold);
            Ok(turned(held.deliveries, change))
        }
        (QueueVerb::Retry, target) => {
            // Whatever waited waits no more.
            let waited = queue.retry_now(target).map_err(fault)?;
            let change = StateChange::new(subject, "waiting", waited, 0);
            Ok(turned(waited, change))
        }
        (QueueVerb::Remove { notify }, Selection::Message(id)) => {
            let was = remove(shared, id, notify).await?;
            Ok(turned(
                1,
                StateChange::new(subject, "state", was, "removed"),
            ))
        }
        (QueueVerb::Remove { .. }, Selection::NextHop(hop)) => Err(Fault::invalid(
            format!("{hop} is a delivery queue, and messages alone are removed"),
            "remove its messages by a filter: Queue -eq 'NAME'",
        )),
    }
}

/// What a change is about.
fn subject(target: &Selection) -> String {
    match target {
        Selection::Message(id) => format!("message {id}"),
        Selection::NextHop(hop) => format!("queue {hop}"),
    }
}

/// What operators call a target.
fn name(target: &Selection) -> String {
    match target {
        Selection::Message(id) => id.to_string(),
        Selection::NextHop(hop) => hop.to_string(),
    }
}

/// The delivery queues there are, by name.
pub(super) fn next_hops(shared: &Shared) -> HashMap<String, NextHop> {
    let queues = shared.queue.queues().into_iter();
    let named = queues.map(|queue| (queue.next_hop.to_string(), queue.next_hop));
    named.collect()
}

/// The queue's own form of a target.
pub(super) fn selection(shared: &Shared, target: &QueueTarget) -> Result<Selection, Fault> {
    let name = match target {
        QueueTarget::Message(id) => return Ok(Selection::Message(*id)),
        QueueTarget::NextHop(name) => name,
    };
    let mut hops = next_hops(shared).into_iter();
    hops.find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, hop)| Selection::NextHop(hop))
        .ok_or_else(|| {
            Fault::not_found(
                format!("there is no delivery queue named {name:?}"),
                "`mailward queue list` shows their names",
            )
        })
}
