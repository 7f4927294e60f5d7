//! Faults on purpose, for drills: typed, and each with a deadline.
//!
//! Invariant: the role that has a fault in force ends it at its deadline by itself, whatever becomes
//! of whoever asked for it. A role has one fault in force at one time.

use serde::{Deserialize, Serialize};

use super::Role;

/// The longest a fault may be asked for, in milliseconds.
pub const FAULT_MS_MAX: u64 = 300_000;
/// The longest by which a sync may be made slower, in milliseconds: well below the silence after
/// which a role's process is ended.
pub const SYNC_DELAY_MS_MAX: u64 = 4_000;
/// The receive connector of the certificate drill. No administrator's object has this name: theirs
/// do not begin with a dot.
pub const DRILL_CONNECTOR: &str = ".drill";
/// The host name of that connector. RFC 6761 §6.4: nothing under `invalid` ever exists.
pub const DRILL_HOST: &str = "drill.mailward.invalid";

/// A fault on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillFault {
    /// Manager: the role's process is killed (SIGKILL), at once.
    KillRole {
        /// Which.
        role: Role,
    },
    /// Transport: the receive connector accepts connections and never answers, until it is
    /// restarted.
    WedgeConnector {
        /// Its name.
        connector: String,
    },
    /// Transport: the queue's file system says that nothing is free.
    FullDisk,
    /// Transport: a receive connector that no client can reach shows an expired certificate.
    ExpiredCertificate,
    /// Transport: the resolver answers SERVFAIL to everything delivery asks.
    LyingResolver,
    /// Transport: each sync of the queue's log takes longer.
    SlowSync {
        /// By so much.
        delay_ms: u64,
    },
    /// Transport or worker: the store cannot be read or written, as if its file were gone.
    LostStore,
    /// Transport: nothing is delivered, until delivery is restarted.
    StuckDelivery,
    /// Transport: its process is killed (SIGKILL) when it comes to a step of a message's way. No drill
    /// has it: it is for showing that nothing is lost at any of them.
    KillAt {
        /// The step's name.
        step: String,
        /// So often it is passed alive.
        passes: u32,
    },
}

impl DrillFault {
    /// Its name, for events.
    pub fn name(&self) -> &'static str {
        match self {
            DrillFault::KillRole { .. } => "kill_role",
            DrillFault::WedgeConnector { .. } => "wedge_connector",
            DrillFault::FullDisk => "full_disk",
            DrillFault::ExpiredCertificate => "expired_certificate",
            DrillFault::LyingResolver => "lying_resolver",
            DrillFault::SlowSync { .. } => "slow_sync",
            DrillFault::LostStore => "lost_store",
            DrillFault::StuckDelivery => "stuck_delivery",
            DrillFault::KillAt { .. } => "kill_at",
        }
    }
}

/// What may be asked of the worker about drills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrillRequest {
    /// The drills there are. Answer: `Drills`.
    List,
    /// Start one. Answer: `Drill`.
    Run {
        /// Its name.
        drill: String,
        /// The receive connector it is about, where it is about one.
        connector: Option<String>,
        /// Who asks.
        by: String,
        /// Whether what clients notice was confirmed.
        confirmed: bool,
    },
    /// How one stands, by its id. Answer: `Drill`.
    Show {
        /// Its id.
        id: String,
    },
    /// End the one that is under way, and its fault. Answer: `Drill`.
    End {
        /// Its id.
        id: String,
    },
}
