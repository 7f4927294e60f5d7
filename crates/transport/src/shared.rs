//! What receiving and delivering share: the node, the snapshot in force, the queue, the sinks.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use mailward_events::{Events, tracking::TrackingLog};
use mailward_host::{clock::Clock, keyring::Keyring};
use mailward_journal::Ledger;
use mailward_model::{Domain, plan::Settlement};
use mailward_proto::firewall::Stripped;
use mailward_queue::Queue;
use mailward_tls::{Certificates, ClientTls, Untrusted};

use crate::{
    bulk::BulkSenders, gate::Gate, probe::Probes, receive::Authenticator, snapshot::Snapshot,
};

/// What is true of this machine, from `mailward.toml`; fixed while the process lives.
#[derive(Debug, Clone)]
pub struct Node {
    /// The host's name: the default in greetings, EHLO and Received fields.
    pub hostname: Domain,
    /// Where Maildirs are kept: `<mail_dir>/<mailbox name>/{tmp,new,cur}`.
    pub mail_dir: PathBuf,
    /// Secrets with which health probes sign their marker (HMAC-SHA-256).
    pub probe_keys: Arc<Keyring>,
    /// Addresses of DNS servers; the system's resolver configuration where empty.
    pub resolvers: Vec<std::net::SocketAddr>,
    /// Whether the control channel may inject faults on purpose (drills, the demo).
    pub allow_faults: bool,
}

/// What transport did since it began; shown by `status` and `/metrics`.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages accepted.
    pub accepted: Count,
    /// Their octets.
    pub accepted_bytes: Count,
    /// Messages refused at the end of data.
    pub refused_messages: Count,
    /// Recipients refused.
    pub refused_recipients: Count,
    /// Sessions that used TLS.
    pub tls_sessions: Count,
    /// Recipients delivered.
    pub delivered: Count,
    /// Recipients deferred, counted once per attempt.
    pub deferred: Count,
    /// Recipients given up.
    pub failed: Count,
    /// Delivery status notifications made.
    pub dsns: Count,
    /// Journal reports delivered.
    pub journal_reports: Count,
    /// Recipients delivered through the high-risk pool.
    pub high_risk: Count,
    /// Transactions refused for want of a factor.
    pub factor_refusals: Count,
    /// Header fields that the firewall took out of mail that came in.
    pub stripped_in: HeaderCounts,
    /// The same of mail that went out.
    pub stripped_out: HeaderCounts,
    /// Cross-premises header fields that came in and became organization ones.
    pub promoted_headers: Count,
    /// Organization header fields that went out as cross-premises ones.
    pub converted_headers: Count,
}

/// Header fields that the firewall took out.
#[derive(Debug, Default)]
pub struct HeaderCounts {
    organization: Count,
    forest: Count,
    cross_premises: Count,
    routing: Count,
}

impl HeaderCounts {
    /// Adds what was taken out of one message.
    pub fn add(&self, stripped: Stripped) {
        self.organization.add(stripped.organization);
        self.forest.add(stripped.forest);
        self.cross_premises.add(stripped.cross_premises);
        self.routing.add(stripped.routing);
    }

    /// The numbers now.
    pub fn get(&self) -> Stripped {
        Stripped {
            organization: self.organization.get(),
            forest: self.forest.get(),
            cross_premises: self.cross_premises.get(),
            routing: self.routing.get(),
        }
    }
}

/// A number that only grows. Relaxed: it orders nothing.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The context of every task of the transport role.
pub struct Shared {
    /// This machine.
    pub node: Node,
    /// The objects in force, swapped whole.
    pub snapshot: ArcSwap<Snapshot>,
    /// Certificates held.
    pub certificates: Certificates,
    /// TLS configurations for delivery.
    pub client_tls: ClientTls,
    /// Certificates that are refused.
    pub untrusted: Untrusted,
    /// The durable queue.
    pub queue: Queue,
    /// The ledger of journal reports, and what is settled when a line is durable.
    pub journal: Ledger<Settlement>,
    /// The event sinks.
    pub events: Events,
    /// The message tracking log.
    pub tracking: TrackingLog,
    /// Whether new mail is taken.
    pub gate: Gate,
    /// What was done.
    pub counters: Counters,
    /// What is remembered of health probes.
    pub probes: Probes,
    /// How much senders have sent outside lately.
    pub bulk: BulkSenders,
    /// Verifies senders, where a connector wants it.
    pub authenticator: Authenticator,
    /// Time.
    pub clock: Arc<dyn Clock>,
}
