//! What each operation is asked with: one struct each, the same for every face.
//!
//! A field's doc comment is its help on the command line and its description in the OpenAPI
//! document. Fields of GET and DELETE requests are single values, so that they fit a query.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use mailward_model::{Domain, EmailAddress, MessageId, ReversePath, kind::TimeOfDay, unit::Span};
use serde::{Deserialize, Serialize};

use super::input::{self, MessageFile};
use crate::{view::Requester, when::When};

/// What is reported of something that is watched.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum ReportedResult {
    /// It is well
    Pass,
    /// It is not
    Fail,
}

/// The attributes every request has.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident { $($fields:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, Args)]
            #[serde(deny_unknown_fields)]
            #[schemars(title = "")]
            pub struct $name { $($fields)* }
        )*
    };
}

mod audit;
mod directory;
mod journal;
mod object;
mod overrides;
mod perimeter;
mod policy;
mod queue;
mod recipient;
mod untrusted;
mod watch;

pub use audit::AuditList;
pub use directory::{DirectorySyncApprove, DirectorySyncRun, DirectorySyncStatus};
pub use journal::{JournalReplay, JournalSimulate, JournalTarget, JournalVerify};
pub use object::{ObjectList, ObjectRemove, ObjectSet, ObjectShow};
pub use overrides::{
    HealthExplain, HealthOverlay, HealthOverride, HealthOverrideAdd, HealthOverrideList,
    HealthOverrideRemove,
};
pub use perimeter::{
    ExportFormat, PerimeterApprove, PerimeterDiff, PerimeterExport, PerimeterRefresh,
    PerimeterReplay, PerimeterWhy,
};
pub use policy::{
    GroupPolicyFile, GroupPolicyFiles, PolicyExport, PolicyImport, PolicyRefresh, PolicyResult,
    PolicyRevert,
};
pub use queue::{QueueAct, QueueExport, QueueList, QueueRedirect, QueueRemove, QueueShow};
pub use recipient::{
    GroupMembers, GroupPreview, RecipientExport, RecipientImport, RecipientList, RecipientPreview,
    TableFormat,
};
pub use untrusted::{
    CertificateFile, UntrustedAdd, UntrustedApprove, UntrustedRefresh, UntrustedRemove,
    UntrustedReplay, UntrustedTest,
};
pub use watch::{HealthItems, HealthMailflow, HealthRollup};

requests! {
    /// `trace`
    Trace {
        /// The message's id
        #[serde(default)]
        pub id: Option<MessageId>,
        /// Only messages from this sender; an address, or a domain
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub from: Option<String>,
        /// Only messages to this recipient; an address, or a domain
        #[serde(default)]
        #[arg(long, value_name = "ADDRESS")]
        pub to: Option<String>,
        /// Only since then: 2h, 3d, 2026-02-03, 2026-02-03T14:05
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub since: Option<When>,
        /// Only until then
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub until: Option<When>,
        /// Only the message with this Message-ID field
        #[serde(default)]
        #[arg(long, value_name = "MESSAGE-ID")]
        pub message_id: Option<String>,
        /// Only this step: RECEIVE, SEND, DELIVER, DEFER, FAIL, DSN, EXPAND and so on
        #[serde(default)]
        #[arg(long, value_name = "EVENT")]
        pub event: Option<String>,
        /// Show health probes too
        #[serde(default)]
        #[arg(long)]
        pub probes: bool,
        /// Entries at most
        #[serde(default = "input::trace_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::trace_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `event list`
    EventList {
        /// Only since then: 2h, 3d, 2026-02-03
        #[serde(default)]
        #[arg(long, value_name = "WHEN")]
        pub since: Option<When>,
        /// Only events of this level and above: info, notice, warning, error or critical
        #[serde(default)]
        #[arg(long, value_name = "LEVEL", value_parser = ["info", "notice", "warning", "error", "critical"])]
        pub level: Option<String>,
        /// Only this event, by its number or name
        #[serde(default)]
        #[arg(long, value_name = "EVENT")]
        pub event: Option<String>,
        /// Events at most, the newest ones
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `event show`
    EventShow {
        /// The event's number or name
        pub event: String,
    }

    /// `explain`
    Explain {
        /// An event's number or name, a message's id, or a recovery case's id
        pub what: String,
    }

    /// `cert explain`
    CertExplain {
        /// The connector's name
        pub connector: String,
        /// The send connector of that name: what it shows to a peer that asks
        #[arg(long)]
        #[serde(default)]
        pub send: bool,
    }

    /// `simulate connection`
    SimulateConnection {
        /// The client's address
        #[arg(long, value_name = "IP")]
        pub from: IpAddr,
        /// The local address, as [IP]:PORT; :25 for any local address
        #[arg(long, value_name = "[IP]:PORT", value_parser = input::local_address)]
        #[serde(deserialize_with = "input::deserialize_local_address")]
        #[schemars(with = "String")]
        pub to: SocketAddr,
    }

    /// `simulate message`
    SimulateMessage {
        /// The message's file; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_message)]
        pub message: MessageFile,
        /// The envelope sender; <> for none
        #[arg(long, value_name = "ADDRESS", default_value = "<>")]
        #[serde(default)]
        pub from: ReversePath,
        /// An envelope recipient; may be given several times
        #[arg(long, value_name = "ADDRESS", required = true)]
        pub to: Vec<EmailAddress>,
        /// The client's address
        #[arg(long, value_name = "IP")]
        #[serde(default)]
        pub client: Option<IpAddr>,
        /// What the client says in EHLO
        #[arg(long, value_name = "DOMAIN")]
        #[serde(default)]
        pub helo: Option<Domain>,
        /// The name in the certificate that the client shows, as if it had been verified
        #[arg(long, value_name = "NAME")]
        #[serde(default)]
        pub certificate: Option<Domain>,
        /// As if SPF, DKIM and DMARC had not authenticated the sender
        #[arg(long)]
        #[serde(default)]
        pub unauthenticated: bool,
    }

    /// Operations that are asked without anything
    Nothing {}

    /// `health`, `health report`
    HealthReport {
        /// Only this health set
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub set: Option<String>,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `health show`
    HealthShow {
        /// The health set's name
        pub set: String,
    }

    /// `health history`, `health ledger`
    HealthHistory {
        /// Entries at most, the newest ones
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `health hold`
    HealthHold {
        /// The component: receive/NAME, or ServerWideOffline for all of transport
        pub component: String,
        /// Take it for out of service once its sessions have ended; the default
        #[serde(default)]
        #[arg(long, conflicts_with = "draining")]
        pub inactive: bool,
        /// Only let its sessions end
        #[serde(default)]
        #[arg(long)]
        pub draining: bool,
        /// On whose behalf: HealthAPI, Maintenance, Sidelined, Functional, Deployment
        #[serde(default = "input::requester")]
        #[arg(long, default_value_t = input::requester())]
        pub requester: Requester,
        /// For how long
        #[serde(default)]
        #[arg(long = "for", value_name = "TIME")]
        pub span: Option<Span>,
        /// Why, for whoever finds it held
        #[arg(long, value_name = "TEXT")]
        pub reason: String,
    }

    /// `health release`
    HealthRelease {
        /// The component: receive/NAME, or ServerWideOffline for all of transport
        pub component: String,
        /// Whose hold: HealthAPI, Maintenance, Sidelined, Functional, Deployment
        #[serde(default = "input::requester")]
        #[arg(long, default_value_t = input::requester())]
        pub requester: Requester,
        /// End the holds of every requester
        #[serde(default)]
        #[arg(long, requires = "reason")]
        pub force: bool,
        /// Why
        #[serde(default)]
        #[arg(long, value_name = "TEXT")]
        pub reason: Option<String>,
    }

    /// `health cancel`
    HealthCancel {
        /// Why
        #[serde(default = "input::cancel_reason")]
        #[arg(long, value_name = "TEXT", default_value_t = input::cancel_reason())]
        pub reason: String,
    }

    /// `health simulate`
    HealthSimulate {
        /// The health set
        pub set: String,
        /// Let every probe of it fail
        #[serde(default)]
        #[arg(long, required = true)]
        pub fail: bool,
        /// The class of the cause, such as dns or disk_full
        #[serde(default)]
        #[arg(long, value_name = "CLASS")]
        pub cause: Option<String>,
    }

    /// `health note`
    HealthNote {
        /// The case's id
        pub case: String,
        /// What is to be remembered
        pub text: String,
    }

    /// `health probe run`
    HealthProbeRun {
        /// The probe's name, such as mailflow/Internet
        pub name: String,
        /// Show what was seen in each step
        #[serde(default)]
        #[arg(long)]
        pub trace: bool,
        /// For this run alone, such as timeout=2s; its result then counts for nothing
        #[serde(default)]
        #[arg(long, value_name = "PROPERTY=VALUE")]
        pub set: Vec<String>,
        /// The node that is meant; there is only this one to ask
        #[serde(default)]
        #[arg(long, value_name = "NODE")]
        pub server: Option<String>,
    }

    /// `health probe list`
    HealthProbeList {
        /// Only those with this in their name
        #[serde(default)]
        pub filter: Option<String>,
        /// Probes at most
        #[serde(default = "input::list_limit", deserialize_with = "input::deserialize_limit")]
        #[arg(long, default_value_t = input::list_limit(), value_parser = clap::value_parser!(u32).range(1..=10_000))]
        #[schemars(range(min = 1, max = 10_000))]
        pub limit: u32,
    }

    /// `health report-result`
    HealthReportResult {
        /// The probe's name
        pub name: String,
        /// Whether it is well
        pub result: ReportedResult,
        /// What was seen, in one sentence
        #[serde(default)]
        #[arg(long, value_name = "TEXT")]
        pub text: Option<String>,
    }

    /// `alert list`
    AlertList {
        /// List alerts that are over, too
        #[serde(default)]
        #[arg(long)]
        pub all: bool,
    }

    /// `alert show`
    AlertShow {
        /// The alert's id, which is that of its recovery case
        pub id: String,
    }

    /// `alert ack`
    AlertAck {
        /// The alert's id
        pub id: String,
        /// What others should know
        #[serde(default)]
        #[arg(long, value_name = "TEXT")]
        pub note: Option<String>,
    }

    /// `alert silence`
    AlertSilence {
        /// A component, a health set or a monitor; * stands for anything, as in receive/*
        pub pattern: String,
        /// For how long, at most a year
        #[serde(default = "input::silence_span")]
        #[arg(long = "for", value_name = "TIME", default_value_t = input::silence_span())]
        pub span: Span,
        /// Why, for whoever misses the alerts
        #[arg(long, value_name = "TEXT")]
        pub reason: String,
    }

    /// `alert unsilence`
    AlertUnsilence {
        /// The silence's id
        pub id: String,
    }

    /// `alert test`
    AlertTest {
        /// The alert channel; all of them where none is given
        #[serde(default)]
        pub channel: Option<String>,
    }
    /// `health forecast`
    HealthForecast {
        /// How many days to look ahead
        #[serde(default = "input::forecast_days", deserialize_with = "input::deserialize_days")]
        #[arg(long, value_name = "DAYS", default_value_t = input::forecast_days(), value_parser = clap::value_parser!(u32).range(1..=3650))]
        #[schemars(range(min = 1, max = 3650))]
        pub days: u32,
        /// Write it as a calendar (iCalendar)
        #[serde(default)]
        #[arg(long)]
        pub ical: bool,
    }

    /// `drill run`
    DrillRun {
        /// The drill's name, as `drill list` shows it
        pub name: String,
        /// The receive connector it is about; else the first that is well
        #[serde(default)]
        #[arg(long, value_name = "NAME")]
        pub connector: Option<String>,
        /// Run it although clients will notice
        #[serde(default)]
        #[arg(long, short = 'y')]
        pub yes: bool,
    }

    /// `drill show`, `drill end`
    DrillId {
        /// The run's id
        pub id: String,
    }

    /// `drill schedule`
    DrillSchedule {
        /// The drill's name, as `drill list` shows it
        pub name: String,
        /// From one run to the next: 7d, 30d
        #[serde(default = "input::drill_every")]
        #[arg(long, value_name = "TIME", default_value_t = input::drill_every())]
        pub every: Span,
        /// The time of day at which it begins, in the zone of the server
        #[serde(default = "input::drill_at")]
        #[arg(long, value_name = "HH:MM", default_value_t = input::drill_at())]
        pub at: TimeOfDay,
        /// Run it by itself no more
        #[serde(default)]
        #[arg(long)]
        pub off: bool,
    }

    /// `health freeze`
    HealthFreeze {
        /// Why, for whoever wonders that nothing is repaired
        #[serde(default = "input::freeze_reason")]
        #[arg(long, value_name = "TEXT", default_value_t = input::freeze_reason())]
        pub reason: String,
    }

    /// `recheck`
    Recheck {
        /// The component, such as receive/Internet; all of them where none is given
        #[serde(default)]
        pub component: Option<String>,
    }

    /// `plan`
    Plan {
        /// A file in the format that export writes; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_text)]
        pub text: String,
    }

    /// `apply`
    Apply {
        /// A file in the format that export writes; - for standard input
        #[arg(value_name = "FILE", value_parser = input::read_text)]
        pub text: String,
        /// Show what would change, and change nothing
        #[serde(default)]
        #[arg(long)]
        pub dry_run: bool,
        /// Do it only if nothing has changed since this revision
        #[serde(default)]
        #[arg(long, value_name = "REVISION")]
        pub revision: Option<u64>,
    }

    /// `drain`
    Drain {
        /// For the log, and for whoever asks with `status`
        #[serde(default = "input::drain_reason")]
        #[arg(long, value_name = "TEXT", default_value_t = input::drain_reason())]
        pub reason: String,
    }
}
