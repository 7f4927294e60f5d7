//! What is answered: plain data, the same over the control channel, over HTTP and with `--json`.
//!
//! Times are Unix milliseconds and end in `_unix_ms`; lengths of time end in `_ms`; texts from
//! peers and from mail may hold anything and are cleaned only where they are printed.

pub mod alert;
pub mod audit;
pub mod cert;
pub mod change;
pub mod directory;
pub mod drill;
pub mod event;
pub mod figures;
pub mod forecast;
pub mod group;
pub mod health;
pub mod hold;
pub mod item;
pub mod journal;
pub mod mailflow;
pub mod membership;
pub mod object;
pub mod perimeter;
pub mod policy;
pub mod queue;
pub mod rehearsal;
pub mod repair;
pub mod role;
pub mod rollup;
pub mod simulate;
pub mod trace;
pub mod transport;
pub mod untrusted;

pub use alert::{
    AlertAcknowledged, AlertChannelView, AlertList, AlertSilence, AlertTest, AlertTestResult,
    AlertTold, AlertTried, AlertView,
};
pub use audit::{ActedAs, AuditList, AuditRecord, AuditResult};
pub use cert::{CertificateChoice, CertificateList, CertificateView, SetAsideFile};
pub use change::StateChange;
pub use directory::{
    DirectorySyncRun, DirectorySyncSource, DirectorySyncStatus, SkippedEntry, SyncState,
};
pub use drill::{DrillExpectation, DrillList, DrillRun, DrillState, DrillStep, DrillView};
pub use event::{EventList, EventPage, EventRecord, Explanation};
pub use figures::{HealthFigures, RepairFigures, RoleFigures};
pub use forecast::{Confidence, Forecast, ForecastGap, ForecastKind, ForecastReport};
pub use group::{GroupFacts, GroupMember, GroupStatus, GroupView, Lease, LeaseAsk, LeaseReply};
pub use health::{
    CaseStep, CaseView, Evidence, HealthEdge, HealthExplanation, HealthHistory, HealthMailboxes,
    HealthReport, HealthSetView, HealthState, MonitorExplained, MonitorView, OverrideList,
    OverrideView, ProbeView, PropertyView,
};
pub use hold::{ComponentState, Hold, HoldList, Requester, ServingState, Wanted};
pub use item::{HealthItem, HealthItems, ItemType};
pub use journal::{JournalReplay, JournalSimulation, JournalStatus, JournalVerification};
pub use mailflow::{MailflowResult, MailflowTest};
pub use membership::{GroupMembers, GroupPreview};
pub use object::{
    Effect, ExportText, FoundRecipient, Held, ObjectList, ObjectView, PlanView, RecipientList,
};
pub use perimeter::{PerimeterDiff, PerimeterReplay, PerimeterStatus, PerimeterWhy};
pub use policy::{GroupStep, GroupTrouble, PolicyFile, PolicyRefreshed, PolicyReport, RoleRefresh};
pub use queue::{
    Changed, DeliveryView, MessageList, MessageSummary, MessageView, QueueActed, QueueFailure,
    QueueList, QueueListing, QueueSummary, RecipientView,
};
pub use rehearsal::Rehearsal;
pub use repair::{
    Budget, Ledger, LedgerEntry, RepairAct, RepairOutcome, RepairProposal, Responder, Verdict,
};
pub use role::{
    ChildStatus, ManagerBeat, ManagerStatus, NodeStatus, RepairHold, RoleStatus, WorkerStatus,
};
pub use rollup::HealthRollup;
pub use simulate::{ConnectionChoice, MessagePlan, PlannedDelivery};
pub use trace::{Trace, TraceEntry};
pub use transport::{
    ConnectorStatus, GateView, QueueHealth, QueueStats, RevocationCounts, TransportStatus,
};
pub use untrusted::{
    RevocationFilters, RevocationState, RevocationTested, UntrustedDiff, UntrustedFeedView,
    UntrustedFeeds, UntrustedList, UntrustedPeer, UntrustedReplay, UntrustedTest, UntrustedTested,
    UntrustedView,
};
