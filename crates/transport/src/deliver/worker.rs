//! A worker: one connection to a next hop, and the deliveries that go over it one after the other.
//!
//! Invariant: a lease is settled or given back, whatever happens; a panic settles it as deferred, so
//! that a message that crashes a worker waits instead of spinning.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use mailward_events::tracking::Source;
use mailward_host::kill::{self, Step};
use mailward_model::{
    EmailAddress, EnhancedCode, MessageId, Reply,
    kind::SendConnector,
    plan::{DeliveryNo, Fate, NextHop, RecipientOutcome, Settlement},
};
use mailward_queue::{Lease, QueueError};
use tokio::sync::Notify;

use super::{
    Run,
    connection::Connection,
    establish::establish,
    job::Job,
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
/// How long reports are gathered before they are sent. Nobody waits for a report.
const GATHER: Duration = Duration::from_millis(10);
/// Reports taken at a time. A connection that hangs keeps no more from the others.
const TAKEN_AT_ONCE: usize = 8;
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
    pub(super) way: NextHop,
    connected: bool,
    hand: Option<(MessageId, DeliveryNo, Vec<u32>)>,
    /// Taken, and not begun.
    taken: VecDeque<Lease>,
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
            taken: VecDeque::new(),
        }
    }

    /// Takes the next due delivery. Reports are taken some at a time: nobody waits for one of them,
    /// and they go one behind the other anyway.
    pub(super) fn take(&mut self) -> Option<Lease> {
        if self.taken.is_empty() {
            let max = match self.hop {
                NextHop::Journal { .. } => TAKEN_AT_ONCE,
                _ => 1,
            };
            self.taken = self.run.shared.queue.take_many(&self.hop, max);
        }
        self.taken.pop_front()
    }

    /// It is the next one again.
    pub(super) fn put_back(&mut self, lease: Lease) {
        self.taken.push_front(lease);
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
        // Due again before it is looked whether anything is.
        self.taken.clear();
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
    let mut ahead: Option<Job> = None;
    loop {
        let job = match ahead.take() {
            Some(job) => job,
            None if run.is_stopping() => break,
            None => match seat.take() {
                Some(lease) => Job::new(lease, run.shared.snapshot.load_full()),
                None => match &open {
                    Some(connection) if connection.stands() && more(&seat, connection).await => {
                        continue;
                    }
                    _ => break,
                },
            },
        };
        seat.takes(&job.lease);
        let next = deliver(&mut seat, job, &mut open, &mut ahead).await;
        seat.takes_nothing();
        if let Next::End = next {
            break;
        }
    }
    // Others need not wait for the goodbye.
    seat.taken.clear();
    seat.connected(false);
    if let Some(connection) = open {
        connection.quit().await;
    }
}

/// Waits until there may be more to deliver; false where there is none for a while. Reports are
/// gathered for a moment, so that they go one behind the other.
async fn more(seat: &Seat, connection: &Connection) -> bool {
    let is_archive = matches!(seat.hop, NextHop::Journal { .. });
    if !is_archive {
        return idle(seat, connection).await;
    }
    tokio::time::sleep(GATHER).await;
    if seat.run.shared.queue.ready(&seat.hop) > 0 {
        return true;
    }
    let comes = idle(seat, connection).await;
    if comes {
        tokio::time::sleep(GATHER).await;
    }
    comes
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
async fn deliver(
    seat: &mut Seat,
    mut job: Job,
    open: &mut Option<Connection>,
    ahead: &mut Option<Job>,
) -> Next {
    let run = Arc::clone(&seat.run);
    let shared = &run.shared;
    let snapshot = Arc::clone(&job.snapshot);
    if !open.as_ref().is_some_and(Connection::is_under_way) {
        job.is_not_begun();
    }
    // What is begun was found to go by the way of this connection.
    let way = match job.is_begun() {
        true => seat.way.clone(),
        false => reroute::way_of(&snapshot, &job.lease),
    };
    let Some(connector) = reroute::connector_of(&snapshot, &way) else {
        reroute::look_again(shared, &snapshot, &job.lease);
        return Next::Go;
    };
    // Objects have changed since it was routed: another pool is for it now.
    if !reroute::is_of_pool(&snapshot, connector, &job.lease) {
        reroute::look_again(shared, &snapshot, &job.lease);
        return Next::Go;
    }
    if way != seat.way {
        close(seat, open).await;
        seat.way = way;
    }
    if !job.is_begun() && record::is_report(&job.lease) && shared.journal.is_failing() {
        job.state.answer_all(&record::not_now());
    }
    while job.is_begun() || !job.state.todo.is_empty() {
        let is_useless = |connection: &Connection| !connection.is_good_for(&run, connector);
        if !job.is_begun() && open.as_ref().is_some_and(is_useless) {
            close(seat, open).await;
        }
        let connection = match open {
            Some(connection) => connection,
            None => match establish(&run, &snapshot, connector, &seat.way).await {
                Ok(connection) => {
                    job.state.fresh = true;
                    seat.connected(true);
                    open.insert(connection)
                }
                Err(reply) => return no_connection(&run, seat, connector, job, reply),
            },
        };
        if !job.transact(seat, connector, connection, ahead).await {
            seat.connected(false);
            *open = None;
        }
        if job.state.gone {
            return Next::Go;
        }
    }
    settle_answers(&run, connector, job);
    Next::Go
}

async fn close(seat: &mut Seat, open: &mut Option<Connection>) {
    seat.connected(false);
    if let Some(connection) = open.take() {
        connection.quit().await;
    }
}

/// There is no connection to be had: the delivery, and everything else that is due there, waits.
fn no_connection(
    run: &Run,
    seat: &mut Seat,
    connector: &Named<SendConnector>,
    mut job: Job,
    reply: Reply,
) -> Next {
    let now = run.shared.clock.monotonic();
    let nothing_answered = job.state.answers.is_empty();
    let down = reply.is_transient();
    if down && nothing_answered && run.pool.refused(&seat.hop, now) {
        // Others have connections; they take it.
        drop(job);
        return Next::End;
    }
    let snapshot = Arc::clone(&job.snapshot);
    job.state.answer_all(&reply);
    settle_answers(run, connector, job);
    if !down {
        return Next::Go;
    }
    // The rest of what is due would find the same closed door, one time-out after the other.
    for _ in 0..DEFER_BURST {
        let Some(lease) = seat.take() else {
            return Next::End;
        };
        let mut job = Job::new(lease, Arc::clone(&snapshot));
        job.state.answer_all(&reply);
        settle_answers(run, connector, job);
    }
    // Still more: the next round makes another attempt first, so that the door is tried now and
    // then while a large backlog is put off.
    Next::Go
}

fn settle_answers(run: &Run, connector: &Named<SendConnector>, job: Job) {
    let Job {
        lease,
        snapshot,
        state,
        ..
    } = job;
    let (lease, snapshot) = (&lease, &*snapshot);
    let shared = &run.shared;
    let handover = Handover {
        remote: state.peer.as_ref().map(|peer| peer.name.clone()),
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
    kill::at(Step::Answered);
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
        Ok(()) => kill::at(Step::DeliverySettled),
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
