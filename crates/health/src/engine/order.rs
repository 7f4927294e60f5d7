//! What passes between the engine and whoever runs it: what is to be done, and what the manager said.

use mailward_api::view::{CaseView, HealthEdge, RepairOutcome, RepairProposal};
use mailward_events::Event;
use mailward_model::Object;

use crate::alert::Alert;

/// What is to be done, by whoever runs the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Run this probe now.
    Probe(String),
    /// Run this probe now, even where what it needs is not well.
    Force(String),
    /// Ask the manager how an act goes, and give the answer to [`Engine::carried`].
    AskCarried {
        /// The case.
        case: String,
        /// The ledger entry of the act.
        entry: u64,
    },
    /// Have the manager end the holds of managed availability for this common cause.
    LiftHolds(String),
    /// Ask the manager, and give the answer to [`Engine::answer`].
    Propose(Box<RepairProposal>),
    /// Tell the manager what an act led to.
    Outcome(Box<RepairOutcome>),
    /// Tell a person.
    Alert(Box<Alert>),
    /// Raise an event.
    Emit(Event),
    /// Keep this change of state.
    Edge(HealthEdge),
    /// Keep this closed case.
    Closed(Box<CaseView>),
    /// The open cases, or what is remembered of cures, changed: keep them.
    Save,
    /// Trends have an hour more: keep them.
    SaveHours,
    /// An override has ended: remove its object.
    EndOverride(Box<Object>),
    /// How often probes run has changed.
    Reschedule,
}

/// The manager's answer to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Allowed, written down, being done.
    Granted {
        /// The ledger entry.
        entry: u64,
        /// What every check said.
        reasons: Vec<String>,
    },
    /// Not allowed.
    Denied {
        /// What the checks said that are against it.
        reasons: Vec<String>,
        /// In how many milliseconds to ask again; `None` where this case is denied the act.
        again_in_ms: Option<u64>,
        /// It would have been allowed, and nothing is done in shadow mode.
        shadow: bool,
    },
    /// No answer came.
    Silent {
        /// Why.
        error: String,
    },
}
