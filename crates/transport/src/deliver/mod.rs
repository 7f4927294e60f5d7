//! Delivery: from due deliveries of the queue to next hops, and back with what became of them.
//!
//! [`Dispatcher`] waits for next hops with due deliveries and gives each as many workers as are
//! worth it. A worker connects, hands over, judges the answers (`outcome`) and settles. Mailboxes
//! here are written in batches; what has no way waits for one (`reroute`).
//!
//! Invariant: a recipient is settled only by an answer about it, by its time being over, or by an
//! administrator. Everything else defers.

mod connection;
mod content;
pub(crate) mod dns;
mod establish;
mod hosts;
mod job;
mod mailbox;
mod maildir;
mod outcome;
mod pool;
mod record;
mod report;
mod reroute;
pub(crate) mod source;
mod track;
mod worker;

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use mailward_api::control::Resolved;
use mailward_host::{pulse, until::Until};
use mailward_model::{
    Domain,
    kind::OutboundPool,
    plan::{Delivery, DsnAction, DsnRecipient, Fate, NextHop, RecipientOutcome},
};
use mailward_queue::{Selection, Stored, StoredDelivery};
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use self::{
    dns::{Dns, LookupError, LyingDns, NodeDns, Turned},
    hosts::Hosts,
    pool::{Demand, Pool},
    worker::Seat,
};
use crate::{Shared, categorize, snapshot::Snapshot};

/// Mailboxes written to at one time: a disk is not made faster by more.
const MAILBOX_WRITERS: usize = 4;
/// Reports that may wait for each connection to an archive before another one is opened. Nobody waits
/// for a report, and one that has another behind it costs one round trip instead of two.
const WAITING_REPORTS: usize = 32;
/// How often it is looked whether something waits that nobody was told of.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the loop comes round without work, so that the manager sees it live.
const COME_ROUND: Duration = Duration::from_millis(250);
/// How often a run that hangs on purpose looks whether that is over.
const HANG_LOOK: Duration = Duration::from_millis(100);
/// How long a restart waits for transactions to end before it breaks them off.
const RESTART_WAIT: Duration = Duration::from_secs(5);

/// Delivery as a component: started, restarted, drained.
pub struct Dispatcher {
    shared: Arc<Shared>,
    make_dns: Box<dyn Fn() -> Arc<dyn Dns> + Send + Sync>,
    current: Mutex<Option<Current>>,
    /// One restart or drain at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What runs between two restarts.
struct Current {
    run: Arc<Run>,
    task: tokio::task::JoinHandle<()>,
}

/// The state of one run: workers, and what they have learnt.
struct Run {
    shared: Arc<Shared>,
    pool: Pool,
    hosts: Hosts,
    /// Connections begun: whose turn it is among a connector's source addresses.
    turn: AtomicUsize,
    dns: Arc<dyn Dns>,
    /// On while this run hangs on purpose; the next run has its own.
    hangs: Until,
    writers: Semaphore,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

impl Dispatcher {
    /// Begins to deliver. Must be called inside a tokio runtime.
    ///
    /// While `lies` is on, the resolver answers nothing but failures: a fault for drills.
    pub fn start(shared: Arc<Shared>, lies: Arc<Until>) -> Dispatcher {
        let resolvers = shared.node.resolvers.clone();
        let (allowed, clock) = (shared.node.allow_faults, Arc::clone(&shared.clock));
        Dispatcher::start_with(shared, move || {
            let honest = NodeDns::new(&resolvers);
            if !allowed {
                return Arc::new(honest);
            }
            Arc::new(LyingDns::new(honest, Arc::clone(&lies), Arc::clone(&clock)))
        })
    }

    /// As [`Dispatcher::start`], asking another resolver.
    fn start_with(
        shared: Arc<Shared>,
        make_dns: impl Fn() -> Arc<dyn Dns> + Send + Sync + 'static,
    ) -> Dispatcher {
        let dispatcher = Dispatcher {
            shared,
            make_dns: Box::new(make_dns),
            current: Mutex::new(None),
            turn: tokio::sync::Mutex::new(()),
        };
        dispatcher.begin();
        dispatcher
    }

    fn begin(&self) {
        let run = Arc::new(Run::new(Arc::clone(&self.shared), (self.make_dns)()));
        let task = tokio::spawn(dispatch(Arc::clone(&run)));
        *self.current.lock() = Some(Current { run, task });
        // What the last run left has been announced to nobody.
        for queue in self.shared.queue.queues() {
            self.shared.queue.announce(&queue.next_hop);
        }
    }

    /// Ends every connection and begins anew with nothing remembered: host states, DNS answers.
    /// Transactions have a few seconds to end; what is broken off is tried again.
    pub async fn restart(&self) {
        let _turn = self.turn.lock().await;
        self.end(Some(RESTART_WAIT)).await;
        self.begin();
    }

    /// Forgets what was learnt of hosts and names, and looks again at what waits; no transaction is
    /// ended. Connections that are open end with their transaction.
    pub fn soft_reset(&self) {
        if let Some(current) = &*self.current.lock() {
            current.run.hosts.forget();
            current.run.dns.forget();
        }
        self.look_again();
    }

    /// Asks the next name server that answers first, from now on.
    pub(crate) async fn next_resolver(&self) -> Turned {
        let dns = {
            let current = self.current.lock();
            current.as_ref().map(|current| Arc::clone(&current.run.dns))
        };
        match dns {
            Some(dns) => dns.next_server().await,
            None => Turned::Only,
        }
    }

    /// Tries the next smart host of every connector first, for a while.
    pub fn next_smart_host(&self) -> u64 {
        let now = self.shared.clock.monotonic();
        let snapshot = self.shared.snapshot.load();
        let mut passed_over = 0;
        if let Some(current) = &*self.current.lock() {
            for connector in &snapshot.send_connectors {
                if let [_, _, ..] = connector.spec.smart_hosts.as_slice()
                    && let Some(first) = current
                        .run
                        .hosts
                        .in_order(&connector.spec.smart_hosts, now)
                        .first()
                {
                    current.run.hosts.is_down(first, now);
                    passed_over += 1;
                }
            }
        }
        self.look_again();
        passed_over
    }

    /// Tells of everything that waits for delivery, so that nothing waits for want of being told.
    pub fn look_again(&self) {
        for queue in self.shared.queue.queues() {
            self.shared.queue.announce(&queue.next_hop);
        }
    }

    /// Takes no more deliveries and waits until those under way have ended.
    pub async fn drain(&self) {
        let _turn = self.turn.lock().await;
        self.end(None).await;
    }

    async fn end(&self, wait: Option<Duration>) {
        let Some(Current { run, task }) = self.current.lock().take() else {
            return;
        };
        run.stop.send_replace(true);
        // It ends at once: it waits for nothing but the queue and this signal.
        let _ = task.await;
        let mut tasks = std::mem::take(&mut *run.tasks.lock());
        let ended = async { while tasks.join_next().await.is_some() {} };
        match wait {
            None => ended.await,
            Some(wait) => {
                if tokio::time::timeout(wait, ended).await.is_err() {
                    tasks.shutdown().await;
                }
            }
        }
    }

    /// Asks the resolver for a host's addresses, as delivery would.
    pub async fn resolve(&self, host: &Domain) -> Resolved {
        let dns = self
            .current
            .lock()
            .as_ref()
            .map(|current| Arc::clone(&current.run.dns));
        let Some(dns) = dns else {
            return Resolved::Failed("delivery is being restarted".to_owned());
        };
        match dns.addresses(host.as_str()).await {
            Ok(addresses) => Resolved::Answered(addresses),
            Err(LookupError::NoName | LookupError::NoRecords) => Resolved::Answered(Vec::new()),
            Err(error @ LookupError::Temporary(_)) => Resolved::Failed(error.to_string()),
        }
    }

    /// Gives nothing to any worker until it is restarted or the time is over: a fault for drills.
    pub fn hang(&self, span: Duration) {
        if let Some(current) = &*self.current.lock() {
            current.run.hangs.turn_on(&*self.shared.clock, span);
        }
    }

    /// Ends what [`Dispatcher::hang`] began.
    pub fn resume(&self) {
        if let Some(current) = &*self.current.lock() {
            current.run.hangs.turn_off();
        }
    }

    /// Looks again at what waits because it had no way: the objects have changed.
    pub fn objects_changed(&self) {
        let snapshot = self.shared.snapshot.load_full();
        for queue in self.shared.queue.queues() {
            if reroute::may_move(&snapshot, &queue.next_hop) {
                // An error means that the queue is shutting down.
                let _ = self
                    .shared
                    .queue
                    .retry_now(Selection::NextHop(queue.next_hop));
            }
        }
    }
}

/// Gives next hops their workers, until the run is stopped.
async fn dispatch(run: Arc<Run>) {
    let pulse = pulse::named("dispatch");
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pulse.beat("waiting for a next hop with due deliveries");
        tokio::select! {
            () = run.stopped() => return,
            hop = run.shared.queue.due() => {
                if run.hangs(&pulse).await {
                    return;
                }
                run.attend(&hop, false);
            }
            _ = look.tick(), if run.pool.live() > 0 => {
                pulse.beat("looking what waits");
                if run.hangs(&pulse).await {
                    return;
                }
                for hop in run.pool.hops() {
                    run.attend(&hop, true);
                }
                // A limit of the node may have kept a next hop from having any worker.
                run.announce_neglected();
            }
            () = tokio::time::sleep(COME_ROUND) => {}
        }
    }
}

impl Run {
    fn new(shared: Arc<Shared>, dns: Arc<dyn Dns>) -> Run {
        Run {
            shared,
            pool: Pool::default(),
            hosts: Hosts::default(),
            turn: AtomicUsize::new(0),
            dns,
            hangs: Until::default(),
            writers: Semaphore::new(MAILBOX_WRITERS),
            stop: watch::Sender::new(false),
            tasks: Mutex::new(JoinSet::new()),
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    async fn stopped(&self) {
        // The sender lives as long as the run.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Waits while the run hangs on purpose. True where it was stopped meanwhile.
    ///
    /// The loop is seen to come round meanwhile: the fault is that nothing is given out, which is
    /// the worker's to find, and not a process that stands still, which is the manager's.
    async fn hangs(&self, pulse: &pulse::Pulse) -> bool {
        while let Some(left) = self.hangs.left(&*self.shared.clock) {
            pulse.beat("hanging on purpose");
            tokio::select! {
                () = self.stopped() => return true,
                () = tokio::time::sleep(left.min(HANG_LOOK)) => {}
            }
        }
        false
    }

    /// Starts a worker for a next hop, where one is worth it.
    fn attend(self: &Arc<Self>, hop: &NextHop, overdue: bool) {
        let snapshot = self.shared.snapshot.load();
        let ready = self.shared.queue.ready(hop);
        if let (NextHop::Journal { .. }, false) = (hop, overdue)
            && self.pool.are_enough(hop, ready, WAITING_REPORTS)
        {
            return;
        }
        let demand = Demand {
            ready,
            hop_max: workers_max(&snapshot, hop),
            all_max: match hop {
                NextHop::SmartHost { .. } | NextHop::Domain { .. } | NextHop::Journal { .. } => {
                    usize::try_from(snapshot.settings.max_outbound_connections)
                        .unwrap_or(usize::MAX)
                        .max(1)
                }
                // The limit is one of connections; these have none.
                NextHop::Mailbox { .. } | NextHop::Unreachable { .. } => usize::MAX,
            },
            now: self.shared.clock.monotonic(),
            overdue,
        };
        let Some(wake) = self.pool.enter(hop, demand) else {
            return;
        };
        let seat = Seat::new(Arc::clone(self), hop.clone(), wake);
        let mut tasks = self.tasks.lock();
        // What has ended is taken out here, so that the set stays as small as the pool.
        while tasks.try_join_next().is_some() {}
        match hop {
            NextHop::Mailbox { .. } => tasks.spawn(mailbox::run(seat)),
            NextHop::Unreachable { .. } => tasks.spawn(look_again(seat)),
            NextHop::SmartHost { .. } | NextHop::Domain { .. } | NextHop::Journal { .. } => {
                tasks.spawn(worker::run(seat))
            }
        };
    }

    fn announce_neglected(&self) {
        let attended = self.pool.hops();
        for queue in self.shared.queue.queues() {
            if queue.ready > 0 && !attended.contains(&queue.next_hop) {
                self.shared.queue.announce(&queue.next_hop);
            }
        }
    }
}

/// Workers a next hop may have.
fn workers_max(snapshot: &Snapshot, hop: &NextHop) -> usize {
    let connector = match hop {
        // The queue of a target has as many as its connector allows, whatever else goes there.
        NextHop::Journal { target } => {
            categorize::route_to(snapshot, target, 0, OutboundPool::Normal)
                .first()
                .and_then(|route| reroute::connector_of(snapshot, &route.next_hop))
        }
        hop => reroute::connector_of(snapshot, hop),
    };
    match connector {
        Some(connector) => usize::try_from(connector.spec.max_connections).unwrap_or(usize::MAX),
        // A mailbox is written by one; mail without a way is looked at by one.
        None => 1,
    }
}

/// Looks at mail without a way.
async fn look_again(mut seat: Seat) {
    let run = Arc::clone(&seat.run);
    while !run.is_stopping() {
        let Some(lease) = run.shared.queue.take(&seat.hop) else {
            return;
        };
        seat.takes(&lease);
        let snapshot = run.shared.snapshot.load_full();
        reroute::look_again(&run.shared, &snapshot, &lease);
        seat.takes_nothing();
        // Pure work, and there may be much of it: others get their turn.
        tokio::task::yield_now().await;
    }
}

/// The notifications about recipients of a stored delivery that fail by an administrator's act:
/// follow-ups for the settlement that names `outcomes`. Empty where nobody is to be told.
pub fn failure_report(
    shared: &Shared,
    stored: &Stored,
    delivery: &StoredDelivery,
    outcomes: &[RecipientOutcome],
) -> Vec<Delivery> {
    let now = shared.clock.unix_ms();
    let recipients = outcomes
        .iter()
        .filter(|outcome| outcome.fate == Fate::Failed)
        .filter_map(|outcome| {
            let at = usize::try_from(outcome.recipient).ok()?;
            let rcpt = &delivery.delivery.recipients.get(at)?.rcpt;
            rcpt.notify.failure.then(|| DsnRecipient {
                rcpt: rcpt.clone(),
                action: DsnAction::Failed,
                reply: outcome.reply.clone(),
                remote: None,
                last_attempt_unix_ms: Some(now),
                retry_until_unix_ms: None,
            })
        })
        .collect();
    let snapshot = shared.snapshot.load();
    report::follow_ups(&snapshot, stored, &delivery.delivery, recipients)
}

pub use track::{record_redirect, record_removal};
pub(crate) use {content::beginning, outcome::expires};

#[cfg(test)]
mod tests;
