//! What waits is sent by a send connector that an operator names: a message, a delivery queue, all that
//! a filter fits, or everything.
//!
//! A delivery that moves is settled and begun anew in one record, as where routing moves it, so that it
//! is neither lost nor made twice. Of several each stands for itself. What is being delivered at this
//! moment stays: the next hop may have taken it. What is held stays held where it is.

use std::{collections::BTreeSet, sync::Arc};

use futures_util::{StreamExt, stream};
use mailward_api::{
    control::QueueRedirect,
    fault::{Fault, FaultKind},
    view::{
        StateChange,
        queue::{QueueActed, QueueFailure, QueueSelection, QueueTarget},
    },
};
use mailward_model::{
    EnhancedCode, MessageId, Reply,
    kind::SendConnector,
    plan::{Fate, NextHop, Settlement},
};
use mailward_queue::{DeliveryStatus, ListFilter, QueueError, Selection, Stored, StoredDelivery};

use super::{
    act::{ACTS_MAX, AT_ONCE, NAMED_MAX, counted, next_hops, selection},
    queue::{fault, no_message, open},
    select,
};
use crate::{
    Shared,
    categorize::{self, Stays},
    deliver,
    snapshot::{Named, Snapshot},
};

/// Open deliveries taken at a time.
const PAGE: usize = 1_000;

/// Carries a command out.
pub(super) async fn redirect(
    shared: &Arc<Shared>,
    ask: QueueRedirect,
) -> Result<QueueActed, Fault> {
    let snapshot = shared.snapshot.load_full();
    let connector = Arc::clone(connector(&snapshot, &ask.to)?);
    let (ids, matching, only) = meant(shared, ask.what.as_ref()).await?;
    let job = Job {
        shared: Arc::clone(shared),
        snapshot,
        connector,
        only,
        held: on_hold(shared),
        is_named: matches!(ask.what, Some(QueueSelection::One(QueueTarget::Message(_)))),
        dry_run: ask.dry_run,
    };
    let mut acted = QueueActed {
        matching,
        dry_run: ask.dry_run,
        ..QueueActed::default()
    };
    let (mut moved, mut failed) = (0_u64, 0_u64);
    let looked_at = ids.len() as u64;
    let mut outcomes = stream::iter(ids)
        .map(|id| {
            let job = &job;
            async move { (id, job.message(id).await) }
        })
        .buffered(AT_ONCE);
    while let Some((id, outcome)) = outcomes.next().await {
        let (changes, problem) = outcome;
        if !changes.is_empty() {
            moved += 1;
            acted.count += changes.len() as u64;
            if acted.done.len() < NAMED_MAX {
                acted.done.push(id.to_string());
            }
            if !ask.dry_run {
                changes.into_iter().for_each(|change| acted.add(change));
            }
        }
        if let Some(error) = problem {
            failed += 1;
            if acted.failed.len() < NAMED_MAX {
                acted.failed.push(QueueFailure {
                    target: id.to_string(),
                    error,
                });
            }
        }
    }
    let (to, noun) = (&job.connector.name, ("message", "messages"));
    acted.text = match (ask.dry_run, moved) {
        (_, 0) if failed == 0 => "Nothing waits that could go another way.".to_owned(),
        (true, _) => format!("{} would be sent by {to}.", counted(moved, noun)),
        (false, _) => format!("{}: sent by {to}.", counted(moved, noun)),
    };
    if failed > 0 {
        acted.text.push_str(&format!(" {failed} failed."));
    }
    if matching > looked_at {
        let rest = matching - looked_at;
        acted
            .text
            .push_str(&format!(" {rest} more fit: repeat the command for them."));
    }
    Ok(acted)
}

/// The send connector of this name, or the one that has a smart host of it.
fn connector<'s>(
    snapshot: &'s Snapshot,
    name: &str,
) -> Result<&'s Arc<Named<SendConnector>>, Fault> {
    if let Some(connector) = snapshot.send_connector(name) {
        return Ok(connector);
    }
    let has_host = |one: &&Arc<Named<SendConnector>>| {
        let mut hosts = one.spec.smart_hosts.iter();
        hosts.any(|host| {
            let (whole, bare) = (host.to_string(), host.host.to_string());
            whole.eq_ignore_ascii_case(name) || bare.eq_ignore_ascii_case(name)
        })
    };
    let found: Vec<_> = snapshot.send_connectors.iter().filter(has_host).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Fault::not_found(
            format!("there is no enabled send connector {name:?}, and none with that smart host"),
            "`mailward send-connector list` shows them; make one with the other server as its smart host",
        )
        .at("to")),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            let problem = format!("{} have the smart host {name}", names.join(" and "));
            Err(Fault::invalid(problem, "name the send connector").at("to"))
        }
    }
}

/// The messages that are meant, how many there are, and to which delivery queues it is narrowed.
type Meant = (Vec<MessageId>, u64, Option<BTreeSet<String>>);

async fn meant(shared: &Arc<Shared>, what: Option<&QueueSelection>) -> Result<Meant, Fault> {
    match what {
        Some(QueueSelection::One(target @ QueueTarget::NextHop(name))) => {
            match selection(shared, target)? {
                Selection::NextHop(hop) => match &hop {
                    NextHop::Mailbox { .. } => Err(stays(name, &Stays::Mailbox.to_string())),
                    NextHop::Journal { .. } => Err(stays(name, &Stays::Report.to_string())),
                    _ if on_hold(shared).contains(&hop.to_string()) => {
                        Err(stays(name, "it is held: release it first"))
                    }
                    hop => in_queues(shared, [hop.to_string()].into()).await,
                },
                Selection::Message(id) => Ok((vec![id], 1, None)),
            }
        }
        Some(QueueSelection::One(QueueTarget::Message(id))) => {
            match shared.queue.message(*id).is_some() {
                true => Ok((vec![*id], 1, None)),
                false => Err(no_message(*id)),
            }
        }
        Some(QueueSelection::Messages(filter)) => {
            let (ids, matching) = select::ids(shared, select::read(filter)?, ACTS_MAX).await?;
            Ok((ids, matching, None))
        }
        Some(QueueSelection::Queues(filter)) => {
            let queues = select::queues(shared, &select::read(filter)?);
            let hops = queues.into_iter().map(|one| one.next_hop);
            in_queues(shared, hops.collect()).await
        }
        None => in_queues(shared, next_hops(shared).into_keys().collect()).await,
    }
}

/// What is in these delivery queues.
async fn in_queues(shared: &Arc<Shared>, hops: BTreeSet<String>) -> Result<Meant, Fault> {
    let shared = Arc::clone(shared);
    // A queue of a million messages takes a while.
    let walk = tokio::task::spawn_blocking(move || {
        let (ids, matching) = ids_in(&shared, &hops);
        (ids, matching, Some(hops))
    });
    walk.await.map_err(|error| Fault::failed(error.to_string()))
}

fn stays(what: &str, because: &str) -> Fault {
    Fault::new(
        FaultKind::Refused,
        format!("{what} stays where it is: {because}"),
        "`mailward queue list` shows what waits",
    )
}

/// The messages in these delivery queues, those left out from which mail never goes another way.
fn ids_in(shared: &Shared, hops: &BTreeSet<String>) -> (Vec<MessageId>, u64) {
    let moves = next_hops(shared).into_iter().filter(|(name, hop)| {
        let stays = matches!(hop, NextHop::Mailbox { .. } | NextHop::Journal { .. });
        hops.contains(name) && !stays
    });
    let mut found: BTreeSet<MessageId> = BTreeSet::new();
    for (name, _) in moves {
        let mut list = ListFilter {
            next_hop: Some(name),
            limit: PAGE,
            ..ListFilter::default()
        };
        loop {
            let lines = shared.queue.list(&list);
            found.extend(lines.iter().map(|line| line.id));
            match lines.last() {
                Some(last) if lines.len() == PAGE && found.len() <= ACTS_MAX => {
                    list.after = Some(last.id);
                }
                _ => break,
            }
        }
    }
    let matching = found.len() as u64;
    (found.into_iter().take(ACTS_MAX).collect(), matching)
}

/// Delivery queues that are held.
fn on_hold(shared: &Shared) -> BTreeSet<String> {
    let queues = shared.queue.queues().into_iter();
    let held = queues.filter(|queue| queue.on_hold);
    held.map(|queue| queue.next_hop.to_string()).collect()
}

/// Sending messages another way.
struct Job {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    connector: Arc<Named<SendConnector>>,
    /// Only deliveries in these queues.
    only: Option<BTreeSet<String>>,
    /// Delivery queues that are held.
    held: BTreeSet<String>,
    /// One message was named: then it is said why nothing of it moves.
    is_named: bool,
    dry_run: bool,
}

impl Job {
    /// Moves what can be moved of a message. What moved, and why something did not.
    async fn message(&self, id: MessageId) -> (Vec<StateChange>, Option<String>) {
        let Some(stored) = self.shared.queue.message(id) else {
            // It was delivered meanwhile.
            return (Vec::new(), None);
        };
        let (mut changes, mut problem, mut silent) = (Vec::new(), None, None);
        for delivery in &stored.deliveries {
            let hop = delivery.delivery.next_hop.to_string();
            let is_meant = self.only.as_ref().is_none_or(|only| only.contains(&hop));
            if delivery.status == DeliveryStatus::Settled || !is_meant {
                continue;
            }
            if stored.held || self.held.contains(&hop) {
                silent.get_or_insert_with(|| "it is held: release it first".to_owned());
                continue;
            }
            match self.delivery(&stored, delivery).await {
                Ok(change) => changes.push(change),
                Err((true, because)) => {
                    silent.get_or_insert(because);
                }
                Err((false, because)) => problem = Some(because),
            }
        }
        if problem.is_none() && changes.is_empty() && self.is_named {
            problem = silent;
        }
        (changes, problem)
    }

    /// Moves a delivery. An error says whether it goes without saying, and why it stays.
    async fn delivery(
        &self,
        stored: &Stored,
        delivery: &StoredDelivery,
    ) -> Result<StateChange, (bool, String)> {
        let attempted = || {
            let error = QueueError::InFlight(stored.id);
            (false, error.to_string())
        };
        if delivery.status == DeliveryStatus::InFlight {
            return Err(attempted());
        }
        let from = &delivery.delivery;
        let answer = Reply::new(
            250,
            EnhancedCode(2, 1, 5),
            "Sent another way by an administrator",
        );
        let outcomes = open(delivery, Fate::Removed, &answer);
        let pending: Vec<u32> = outcomes.iter().map(|one| one.recipient).collect();
        let wanted = categorize::wanted_pool(&from.mail_from, &stored.origin, &from.content);
        let moved = categorize::redirect(
            &self.snapshot,
            &self.connector,
            from,
            &pending,
            stored.size,
            wanted,
        )
        .map_err(|stays| (stays.goes_without_saying(), stays.to_string()))?;
        let hops: Vec<String> = moved.iter().map(|one| one.next_hop.to_string()).collect();
        let change = StateChange::new(
            format!("message {} delivery {}", stored.id, from.no),
            "next_hop",
            from.next_hop.to_string(),
            hops.join(", "),
        );
        if self.dry_run {
            return Ok(change);
        }
        let settlement = Settlement {
            message: stored.id,
            delivery: from.no,
            outcomes: outcomes.clone(),
            retry_unix_ms: None,
            remote: None,
            follow_ups: moved.clone(),
        };
        match self.shared.queue.settle_idle(settlement).await {
            Ok(()) => {}
            Err(QueueError::InFlight(_)) => return Err(attempted()),
            // It was delivered, or moved by a change of the objects, in this moment.
            Err(QueueError::NoMessage(_) | QueueError::NoDelivery(..)) => {
                return Err((true, "it has left meanwhile".to_owned()));
            }
            Err(error) => return Err((false, fault(error).error)),
        }
        deliver::record_redirect(&self.shared, stored, delivery, &moved);
        Ok(change)
    }
}
