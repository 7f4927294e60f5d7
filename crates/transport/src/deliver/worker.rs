//! A worker: one connection to a next hop, and the deliveries that go over it one after the other.
//!
//! Invariant: a lease is settled or given back, whatever happens; a panic settles it as deferred, so
//! that a message that crashes a worker waits instead of spinning.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use mailward_events::tracking::Source;
use mailward_journal::Digest;
use mailward_model::{
    EmailAddress, EnhancedCode, MessageId, Reply,
    kind::SendConnector,
    plan::{DeliveryNo, DsnAction, Fate, NextHop, RecipientOutcome, Settlement},
};
use mailward_proto::firewall::{Conversion, Keep};
use mailward_queue::{Lease, QueueError, ReadError};
use tokio::sync::Notify;

use super::{
    Run,
    connection::{Connection, Peer, Transacted},
    content::Content,
    establish::establish,
    outcome::{self, Attempt, Handover, Judged, judge},
    record, reroute,
    track::{self, Way},
};
use crate::{
    Shared,
    snapshot::{Named, Snapshot},
};

/// How long an idle connection is kept for mail to come.
const IDLE_FOR: Duration = Duration::from_secs(3);
/// How long a delivery waits that made its worker panic, milliseconds.
const AFTER_PANIC_MS: u64 = 600_000;
/// Deliveries deferred in one go before other tasks get their turn.
const DEFER_BURST: usize = 64;

/// A worker's place in the pool. Dropped, it is given back.
pub(super) struct Seat {
    pub(super) run: Arc<Run>,
    pub(super) hop: NextHop,
    pub(super) wake: Arc<Notify>,
    /// The way of the open connection, where that is not the next hop itself.
    way: NextHop,
    connected: bool,
    hand: Option<(MessageId, DeliveryNo, Vec<u32>)>,
}

impl Seat {
    pub(super) fn new(run: Arc<Run>, hop: NextHop, wake: Arc<Notify>) -> Self {
        Seat {
            run,
            way: hop.clone(),
            hop,
            wake,
            connected: false,
            hand: None,
        }
    }

    /// Notes what is being worked at, for the case of a panic.
    pub(super) fn takes(&mut self, lease: &Lease) {
        self.hand = Some((lease.message.id, lease.delivery.no, lease.pending.clone()));
    }

    /// Everything taken has been settled.
    pub(super) fn takes_nothing(&mut self) {
        self.hand = None;
    }

    fn connected(&mut self, connected: bool) {
        if connected != self.connected {
            self.connected = connected;
            self.run.pool.connected(&self.hop, connected);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let queue = &self.run.shared.queue;
        if let (true, Some((message, delivery, pending))) =
            (std::thread::panicking(), self.hand.take())
        {
            let reply = Reply::new(451, EnhancedCode(4, 3, 0), "An error of this server");
            // Where even that fails the lease has been given back, and the queue holds the mail.
            let _ = queue.settle_later(Settlement {
                message,
                delivery,
                outcomes: pending
                    .into_iter()
                    .map(|recipient| RecipientOutcome {
                        recipient,
                        fate: Fate::Deferred,
                        reply: reply.clone(),
                    })
                    .collect(),
                retry_unix_ms: Some(self.run.shared.clock.unix_ms() + AFTER_PANIC_MS),
                remote: None,
                follow_ups: Vec::new(),
            });
        }
        self.run.pool.leave(&self.hop, self.connected);
        // What came while nobody looked.
        if !self.run.is_stopping() && queue.ready(&self.hop) > 0 {
            queue.announce(&self.hop);
        }
    }
}

/// Delivers what is due to a next hop by SMTP or LMTP, until nothing is.
pub(super) async fn run(mut seat: Seat) {
    let run = Arc::clone(&seat.run);
    let mut open: Option<Connection> = None;
    while !run.is_stopping() {
        let Some(lease) = run.shared.queue.take(&seat.hop) else {
            match &open {
                Some(connection) if connection.stands() && idle(&seat, connection).await => {
                    continue;
                }
                _ => break,
            }
        };
        seat.takes(&lease);
        let next = deliver(&run, &mut seat, lease, &mut open).await;
        seat.takes_nothing();
        if let Next::End = next {
            break;
        }
    }
    seat.connected(false);
    if let Some(connection) = open {
        connection.quit().await;
    }
}

/// Waits for mail; false where there is none for a while or the connection is of no more use.
async fn idle(seat: &Seat, connection: &Connection) -> bool {
    let (run, hop) = (&seat.run, &seat.hop);
    run.pool.idle(hop, true);
    // Mail that came just before nobody was told of.
    let more = if run.shared.queue.ready(hop) > 0 {
        true
    } else {
        tokio::select! {
            () = seat.wake.notified() => true,
            () = tokio::time::sleep(IDLE_FOR) => false,
            () = connection.disturbed() => false,
            () = run.stopped() => false,
        }
    };
    run.pool.idle(hop, false);
    more
}

/// Whether a worker goes on after a delivery.
enum Next {
    Go,
    End,
}

/// One delivery.
async fn deliver(run: &Run, seat: &mut Seat, lease: Lease, open: &mut Option<Connection>) -> Next {
    let shared = &run.shared;
    let snapshot = shared.snapshot.load_full();
    let way = reroute::way_of(&snapshot, &lease);
    let Some(connector) = reroute::connector_of(&snapshot, &way) else {
        reroute::look_again(shared, &snapshot, &lease);
        return Next::Go;
    };
    // Objects have changed since it was routed: another pool is for it now.
    if !reroute::is_of_pool(&snapshot, connector, &lease) {
        reroute::look_again(shared, &snapshot, &lease);
        return Next::Go;
    }
    if way != seat.way {
        close(seat, open).await;
        seat.way = way;
    }
    let mut state = Progress {
        todo: lease.pending.clone(),
        answers: Vec::with_capacity(lease.pending.len()),
        ..Progress::default()
    };
    if record::is_report(&lease) && shared.journal.is_failing() {
        state.answer_all(&record::not_now());
    }
    while !state.todo.is_empty() {
        if open
            .as_ref()
            .is_some_and(|connection| !connection.is_good_for(shared, connector))
        {
            close(seat, open).await;
        }
        let connection = match open {
            Some(connection) => connection,
            None => match establish(run, &snapshot, connector, &seat.way).await {
                Ok(connection) => {
                    state.fresh = true;
                    seat.connected(true);
                    open.insert(connection)
                }
                Err(reply) => {
                    return no_connection(run, seat, &snapshot, connector, lease, state, reply);
                }
            },
        };
        if !transact(run, &snapshot, connector, &lease, connection, &mut state).await {
            seat.connected(false);
            *open = None;
        }
        if state.gone {
            return Next::Go;
        }
    }
    settle_answers(run, &snapshot, connector, &lease, state);
    Next::Go
}

async fn close(seat: &mut Seat, open: &mut Option<Connection>) {
    seat.connected(false);
    if let Some(connection) = open.take() {
        connection.quit().await;
    }
}

/// How far a delivery has come.
#[derive(Default)]
struct Progress {
    /// Recipients without an answer.
    todo: Vec<u32>,
    answers: Vec<(u32, Reply)>,
    peer: Option<Arc<Peer>>,
    owed: Option<DsnAction>,
    message_id: String,
    size: u64,
    seal: Arc<OnceLock<Digest>>,
    /// The connection was made for this delivery: if it breaks it was not because it was old.
    fresh: bool,
    /// The message is no longer in the queue.
    gone: bool,
}

impl Progress {
    fn answer_all(&mut self, reply: &Reply) {
        self.answers.extend(
            self.todo
                .drain(..)
                .map(|recipient| (recipient, reply.clone())),
        );
    }
}

/// One transaction; false where the connection is lost.
async fn transact(
    run: &Run,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    lease: &Lease,
    connection: &mut Connection,
    state: &mut Progress,
) -> bool {
    let queue = &run.shared.queue;
    let keep = kept(&connector.spec, connection);
    let content = match Content::open(queue, snapshot, lease, connection.carry(), keep) {
        Ok(content) => content,
        Err(error) => {
            unreadable(state, &error);
            return true;
        }
    };
    state.peer = Some(Arc::clone(&connection.peer));
    state.message_id = content.message_id(&snapshot.hostname, lease);
    state.size = content.size();
    state.seal = content.seal();
    state.owed = match (connection.makes_reports(), connection.is_final()) {
        (true, _) => None,
        (false, true) => Some(DsnAction::Delivered),
        (false, false) => Some(DsnAction::Relayed),
    };
    let count = state.todo.len().min(connection.recipients_max());
    let batch: Vec<u32> = state.todo.drain(..count).collect();
    let (stripped, converted) = (content.stripped(), content.converted());
    let organization = organization(snapshot, connector, lease);
    let transacted = connection
        .transact(lease, &batch, content, organization.as_deref())
        .await;
    let (replies, stands) = match transacted {
        Transacted::Answered(replies) => (replies, true),
        Transacted::Lost { unheard: true, .. } if !state.fresh => {
            // It had been closed while it was idle; nothing was said, so nothing was done.
            state.todo.splice(0..0, batch);
            return false;
        }
        Transacted::Lost { replies, .. } => (replies, false),
        Transacted::Unreadable(error) => {
            state.todo.splice(0..0, batch);
            unreadable(state, &error);
            return false;
        }
    };
    if connection.refused_bdat() {
        let now = run.shared.clock.monotonic();
        run.hosts.refuses_bdat(&connection.peer.host, now);
    }
    // RFC 5321 §4.5.3.1.10: who was one too many is sent the message in another transaction, as
    // long as the peer takes anybody.
    let some_taken = replies.iter().any(Reply::is_positive);
    if some_taken {
        run.shared.counters.stripped_out.add(stripped);
        run.shared.counters.converted_headers.add(converted);
    }
    for (recipient, reply) in batch.into_iter().zip(replies) {
        if some_taken && stands && is_too_many(&reply) {
            state.todo.push(recipient);
        } else {
            state.answers.push((recipient, reply));
        }
    }
    // Answers to the rest would come over a connection that is lost: another one is made for them.
    stands
}

/// What passes the header firewall on its way to this peer.
fn kept(connector: &SendConnector, connection: &Connection) -> Keep {
    let keep = Keep::of(&connector.send_headers).with_routing(connector.send_routing_headers);
    match connector.cloud_services_mail && connection.peer.tls.is_some() {
        true => keep.converting(Conversion::ToCrossPremises),
        false => keep,
    }
}

/// The organisation that a message comes from, where the connector names it: the one that its client
/// said, or the sender's domain where that is one of ours.
fn organization(
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    lease: &Lease,
) -> Option<String> {
    if !connector.spec.xoorg {
        return None;
    }
    let arrival = lease.message.origin.arrival.as_deref();
    let said = arrival.and_then(|arrival| arrival.originating_organization.clone());
    said.or_else(|| {
        let domain = lease.delivery.mail_from.address()?.domain();
        snapshot.directory.accepts(domain)?;
        Some(domain.to_string())
    })
}

fn unreadable(state: &mut Progress, error: &ReadError) {
    if matches!(error, ReadError::NoMessage(_)) {
        // Removed by an administrator in the meantime.
        state.gone = true;
        state.todo.clear();
        return;
    }
    let text = format!("The message cannot be read from the queue: {error}");
    state.answer_all(&Reply::new(451, EnhancedCode(4, 3, 0), text));
}

/// RFC 3463 §3.6: X.5.3; and what servers without enhanced codes say.
fn is_too_many(reply: &Reply) -> bool {
    match reply.enhanced {
        Some(code) => reply.is_transient() && (code.1, code.2) == (5, 3),
        None => reply.code == 452,
    }
}

/// There is no connection to be had: the delivery, and everything else that is due there, waits.
fn no_connection(
    run: &Run,
    seat: &mut Seat,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    lease: Lease,
    mut state: Progress,
    reply: Reply,
) -> Next {
    let now = run.shared.clock.monotonic();
    let nothing_answered = state.answers.is_empty();
    let down = reply.is_transient();
    if down && nothing_answered && run.pool.refused(&seat.hop, now) {
        // Others have connections; they take it.
        drop(lease);
        return Next::End;
    }
    state.answer_all(&reply);
    settle_answers(run, snapshot, connector, &lease, state);
    if !down {
        return Next::Go;
    }
    // The rest of what is due would find the same closed door, one time-out after the other.
    for _ in 0..DEFER_BURST {
        let Some(lease) = run.shared.queue.take(&seat.hop) else {
            return Next::End;
        };
        let mut state = Progress {
            todo: lease.pending.clone(),
            ..Progress::default()
        };
        state.answer_all(&reply);
        settle_answers(run, snapshot, connector, &lease, state);
    }
    // Still more: the next round makes another attempt first, so that the door is tried now and
    // then while a large backlog is put off.
    Next::Go
}

fn settle_answers(
    run: &Run,
    snapshot: &Snapshot,
    connector: &Named<SendConnector>,
    lease: &Lease,
    state: Progress,
) {
    let shared = &run.shared;
    let handover = Handover {
        remote: state.peer.as_ref().map(|peer| peer.host.host.to_string()),
        owed: state.owed,
    };
    let attempt = Attempt::of(lease, shared.clock.unix_ms());
    let judged = judge(snapshot, &attempt, state.answers, handover, |address| {
        delay_was_reported(shared, lease, address)
    });
    let way = Way {
        connector: &connector.name,
        peer: state.peer.as_deref(),
        message_id: &state.message_id,
        size: state.size,
        digest: state.seal.get().copied(),
        source: Source::Smtp,
        pool: connector.spec.pool,
    };
    settle(shared, snapshot, lease, judged, &way);
}

/// Whether the sender knows already that this recipient's mail is late.
pub(super) fn delay_was_reported(shared: &Shared, lease: &Lease, address: &EmailAddress) -> bool {
    shared
        .queue
        .message(lease.message.id)
        .is_some_and(|stored| outcome::delay_was_reported(&stored, address))
}

/// Records what became of an attempt, and hands it to the queue.
pub(super) fn settle(
    shared: &Shared,
    snapshot: &Snapshot,
    lease: &Lease,
    judged: Judged,
    way: &Way<'_>,
) {
    track::record(
        shared,
        snapshot,
        lease,
        &judged,
        way,
        shared.clock.unix_ms(),
    );
    // A report that was handed over is settled when it stands in the ledger.
    let Some(settlement) = record::enter(shared, lease, judged, way) else {
        return;
    };
    match shared.queue.settle_later(settlement) {
        Ok(()) => {}
        // The message was removed meanwhile, or the queue keeps it in memory until its disk works,
        // or the process ends and the delivery is repeated: in each case there is nothing to do.
        Err(
            QueueError::NoMessage(_)
            | QueueError::NoDelivery(..)
            | QueueError::InFlight(_)
            | QueueError::Failing(_)
            | QueueError::Closed,
        ) => {}
    }
}
