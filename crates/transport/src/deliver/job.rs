//! A delivery in a worker's hand, its transactions, and the one that goes behind it.
//!
//! Reports to an archive go one behind the other: the commands for the next one are sent with the end
//! of the one before, so that each costs one round trip. Nobody waits for a report; mail for people
//! goes to whoever is free.
//!
//! Invariant: what was begun behind another delivery and not answered is begun anew by itself. So no
//! delivery is settled by what became of the one before it.

use std::sync::{Arc, OnceLock};

use mailward_journal::Digest;
use mailward_model::{EnhancedCode, Reply, kind::SendConnector, plan::DsnAction};
use mailward_proto::firewall::{Conversion, Keep};
use mailward_queue::{Lease, ReadError};

use super::{
    Run,
    connection::{Connection, Peer, Transacted},
    content::Content,
    record, reroute,
    worker::Seat,
};
use crate::snapshot::{Named, Snapshot};

/// Octets of a message behind which another one may wait: more would keep that one from a worker who
/// is free.
const BEFORE_OCTETS_MAX: u64 = 256 << 10;

/// A delivery under way.
pub(super) struct Job {
    pub(super) lease: Lease,
    /// By which it is routed and written.
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) state: Progress,
    begun: Option<Begun>,
}

/// A transaction whose commands are on their way.
struct Begun {
    batch: Vec<u32>,
    content: Content,
    /// Behind another one.
    behind: bool,
}

/// How far a delivery has come.
#[derive(Default)]
pub(super) struct Progress {
    /// Recipients without an answer.
    pub(super) todo: Vec<u32>,
    pub(super) answers: Vec<(u32, Reply)>,
    pub(super) peer: Option<Arc<Peer>>,
    pub(super) owed: Option<DsnAction>,
    pub(super) message_id: String,
    pub(super) size: u64,
    pub(super) seal: Arc<OnceLock<Digest>>,
    /// The connection was made for this delivery: if it breaks it was not because it was old.
    pub(super) fresh: bool,
    /// The message is no longer in the queue.
    pub(super) gone: bool,
}

impl Progress {
    pub(super) fn of(lease: &Lease) -> Progress {
        Progress {
            todo: lease.pending.clone(),
            answers: Vec::with_capacity(lease.pending.len()),
            ..Progress::default()
        }
    }

    pub(super) fn answer_all(&mut self, reply: &Reply) {
        self.answers.extend(
            self.todo
                .drain(..)
                .map(|recipient| (recipient, reply.clone())),
        );
    }
}

impl Job {
    pub(super) fn new(lease: Lease, snapshot: Arc<Snapshot>) -> Job {
        Job {
            state: Progress::of(&lease),
            lease,
            snapshot,
            begun: None,
        }
    }

    /// Whether its commands are on their way already.
    pub(super) fn is_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// The connection on which it was begun is gone, and nobody has heard of it.
    pub(super) fn is_not_begun(&mut self) {
        if let Some(begun) = self.begun.take() {
            self.state.todo.splice(0..0, begun.batch);
        }
    }

    /// Opens what is to be sent to the next recipients.
    fn open(
        &mut self,
        run: &Run,
        connector: &Named<SendConnector>,
        connection: &Connection,
    ) -> Result<Begun, ReadError> {
        let (lease, snapshot) = (&self.lease, &*self.snapshot);
        let (carry, keep) = (connection.carry(), kept(&connector.spec, connection));
        let content = Content::open(&run.shared.queue, snapshot, lease, carry, keep)?;
        let state = &mut self.state;
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
        Ok(Begun {
            batch: state.todo.drain(..count).collect(),
            content,
            behind: false,
        })
    }

    /// Begins a transaction; `None` where that was answered without one.
    fn begin(
        &mut self,
        run: &Run,
        connector: &Named<SendConnector>,
        connection: &mut Connection,
    ) -> Option<Begun> {
        let begun = match self.open(run, connector, connection) {
            Ok(begun) => begun,
            Err(error) => {
                unreadable(&mut self.state, &error);
                return None;
            }
        };
        let (batch, content) = (&begun.batch, &begun.content);
        let organization = organization(&self.snapshot, connector, &self.lease);
        let asked = connection.begin(&self.lease, batch, content, organization.as_deref());
        match asked {
            Ok(()) => Some(begun),
            Err(replies) => {
                self.heard(run, begun, replies, true);
                None
            }
        }
    }

    /// One transaction; false where the connection is lost. What was begun behind it is in `ahead`.
    pub(super) async fn transact(
        &mut self,
        seat: &mut Seat,
        connector: &Named<SendConnector>,
        connection: &mut Connection,
        ahead: &mut Option<Job>,
    ) -> bool {
        let run = Arc::clone(&seat.run);
        let begun = self.begun.take();
        let Some(mut begun) = begun.or_else(|| self.begin(&run, connector, connection)) else {
            return true;
        };
        let transacted = match connection.envelope().await {
            Ok(framing) => {
                if ahead.is_none() && self.may_lead(&begun) {
                    *ahead = next(seat, self, connector, connection);
                }
                connection.body(&mut begun.content, framing).await
            }
            Err(transacted) => transacted,
        };
        let refuses_groups = |connection: &mut Connection| {
            let now = run.shared.clock.monotonic();
            run.hosts.refuses_groups(&connection.peer.host, now);
            connection.begin_none_behind();
        };
        let (replies, stands) = match transacted {
            Transacted::Answered(replies) => {
                let is_refused = replies.iter().any(Reply::is_permanent);
                if begun.behind && connection.mail_was_refused() && is_refused {
                    // A host that does not keep to its PIPELINING may mean the group and not the
                    // sender: asked by itself, it answers for that alone.
                    refuses_groups(connection);
                    self.state.todo.splice(0..0, begun.batch);
                    return true;
                }
                (replies, true)
            }
            Transacted::Lost { unheard: true, .. } if !self.state.fresh => {
                // It had been closed while it was idle, or with the message before this one; nothing
                // was said, so nothing was done.
                if begun.behind {
                    refuses_groups(connection);
                }
                self.state.todo.splice(0..0, begun.batch);
                return false;
            }
            Transacted::Lost { replies, .. } => {
                if ahead.is_some() {
                    refuses_groups(connection);
                }
                (replies, false)
            }
            Transacted::Unreadable(error) => {
                self.state.todo.splice(0..0, begun.batch);
                unreadable(&mut self.state, &error);
                return false;
            }
        };
        if connection.refused_bdat() {
            let now = run.shared.clock.monotonic();
            run.hosts.refuses_bdat(&connection.peer.host, now);
        }
        self.heard(&run, begun, replies, stands);
        // Answers to the rest would come over a connection that is lost: another one is made for them.
        stands
    }

    /// Notes the answers of a transaction.
    fn heard(&mut self, run: &Run, begun: Begun, replies: Vec<Reply>, stands: bool) {
        // RFC 5321 §4.5.3.1.10: who was one too many is sent the message in another transaction, as
        // long as the peer takes anybody.
        let some_taken = replies.iter().any(Reply::is_positive);
        if some_taken {
            let counters = &run.shared.counters;
            counters.stripped_out.add(begun.content.stripped());
            counters.converted_headers.add(begun.content.converted());
        }
        for (recipient, reply) in begun.batch.into_iter().zip(replies) {
            if some_taken && stands && is_too_many(&reply) {
                self.state.todo.push(recipient);
            } else {
                self.state.answers.push((recipient, reply));
            }
        }
    }

    /// Whether another delivery may be begun behind this one: it has no further transaction, and is a
    /// report that does not take long.
    fn may_lead(&self, begun: &Begun) -> bool {
        record::is_report(&self.lease)
            && self.state.todo.is_empty()
            && begun.batch.len() == 1
            && self.state.size <= BEFORE_OCTETS_MAX
    }
}

/// Takes the next delivery and begins it behind the body that is due; `None` where there is none, or
/// where it has to go by itself: then its turn comes.
fn next(
    seat: &mut Seat,
    before: &Job,
    connector: &Named<SendConnector>,
    connection: &mut Connection,
) -> Option<Job> {
    let run = Arc::clone(&seat.run);
    let shared = &run.shared;
    let is_stopping = run.is_stopping() || shared.journal.is_failing();
    if is_stopping || !connection.may_begin_behind(&run, connector) {
        return None;
    }
    let lease = seat.take()?;
    // Should it make this worker panic, it is what waits.
    seat.takes(&lease);
    let mut job = Job::new(lease, shared.snapshot.load_full());
    let is_begun = begin_behind(&run, seat, &mut job, connection).is_some();
    seat.takes(&before.lease);
    if is_begun {
        return Some(job);
    }
    seat.put_back(job.lease);
    None
}

/// `None` where it has to go by itself, or cannot be read: that is told of when its turn comes.
fn begin_behind(run: &Run, seat: &Seat, job: &mut Job, connection: &mut Connection) -> Option<()> {
    let snapshot = Arc::clone(&job.snapshot);
    let way = reroute::way_of(&snapshot, &job.lease);
    let connector = reroute::connector_of(&snapshot, &way).filter(|_| way == seat.way)?;
    let fits = connection.may_begin_behind(run, connector)
        && reroute::is_of_pool(&snapshot, connector, &job.lease)
        && job.state.todo.len() == 1;
    if !fits {
        return None;
    }
    let mut begun = job.open(run, connector, connection).ok()?;
    let organization = organization(&snapshot, connector, &job.lease);
    let (batch, content) = (&begun.batch, &begun.content);
    begun.behind = connection.begin_behind(&job.lease, batch, content, organization.as_deref());
    begun.behind.then(|| job.begun = Some(begun))
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
