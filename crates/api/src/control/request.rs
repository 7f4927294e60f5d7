//! Requests and replies of the control channel: one enum each, for all roles.
//!
//! A role answers [`Fault::unsupported`](crate::fault::Fault::unsupported) to what is not its own.

use std::net::{IpAddr, SocketAddr};

use mailward_model::{Domain, EmailAddress, MessageId, kind::MonitoringOverride};
use serde::{Deserialize, Serialize};

use super::{
    Octets, PerimeterRequest, ProbeLetter, QueueAct, QueueRedirect, Resolved, Role, RouteProbed,
    SimulatedMessage, UntrustedRequest,
    drill::{DrillFault, DrillRequest},
};
use crate::view::{
    AlertList, AlertTest, AlertView, CaseView, CertificateChoice, CertificateList, Changed,
    ConnectionChoice, ConnectorStatus, DrillList, DrillRun, ForecastReport, GroupStatus, GroupView,
    HealthExplanation, HealthHistory, HealthItems, HealthMailboxes, HealthReport, HealthSetView,
    JournalReplay, JournalSimulation, JournalStatus, JournalVerification, LeaseAsk, LeaseReply,
    ManagerBeat, ManagerStatus, MessageList, MessagePlan, MessageView, OverrideList,
    PerimeterReplay, PerimeterWhy, PolicyRefreshed, ProbeView, QueueList, RepairOutcome,
    RepairProposal, RoleFigures, RoleStatus, TransportStatus, Verdict, WorkerStatus,
    health::{ProbeList, ProbeReport},
    hold::{ComponentOrder, ComponentState, Hold, HoldList, Requester},
    journal::{JournalReplayAsk, JournalVerifyAsk},
    queue::{MessageFilter, QueueActed, QueueAudit},
    rehearsal::{GuardFacts, Rehearsal},
    repair::{Carried, CaseNote, Ledger, Responder},
};

/// What one role asks of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlRequest {
    /// Are you there? Every role; answer: [`ControlReply::Pong`].
    Ping,
    /// How are you? Every role; answer: its own status.
    Status,
    /// What have you counted? Every role; answer: `Figures`.
    Figures {
        /// Worker: how many monitors are named at most.
        monitors: u32,
    },

    /// Transport: the connectors and their bound addresses. Answer: `Connectors`.
    ListConnectors,
    /// Transport: the delivery queues. Answer: `Queues`.
    QueueList,
    /// Transport: queued messages that fit the filter. Answer: `Messages`.
    MessageList(MessageFilter),
    /// Transport: one message. Answer: `Message`.
    QueueShow {
        /// Which.
        id: MessageId,
    },
    /// Transport: hold, release, try or remove what is queued. Answer: `QueueActed`.
    QueueAct(QueueAct),
    /// Transport: send what is queued by another send connector. Answer: `QueueActed`.
    QueueRedirect(QueueRedirect),
    /// Transport: whether each queued message has an owner and a next act. Answer: `Audit`.
    QueueAudit,
    /// Transport: a piece of a message's octets. Answer: `Octets`.
    QueueExport {
        /// Which.
        id: MessageId,
        /// From which octet.
        offset: u64,
        /// How many at most; the role may give fewer. At most 4 MiB are given.
        length: u32,
    },
    /// Transport: which receive connector would take this connection? Answer: `Connection`.
    SimulateConnection {
        /// The client.
        remote: IpAddr,
        /// The local address; an unspecified address stands for any local one.
        local: SocketAddr,
    },
    /// Transport: what would follow from this message? Answer: `Plan`.
    SimulateMessage(SimulatedMessage),
    /// Transport: which journal rules would fire for a message. Answer: `JournalSimulation`.
    JournalSimulate(SimulatedMessage),
    /// Transport: the journal targets and the ledger. Answer: `Journal`.
    JournalStatus,
    /// Transport: send no reports to a target, or send them again. Answer: `Changed`.
    JournalPause {
        /// The journal address of a rule.
        target: EmailAddress,
        /// True for pause, false for resume.
        pause: bool,
    },
    /// Transport: send the reports of a time again. Answer: `JournalReplay`.
    JournalReplay(JournalReplayAsk),
    /// Transport: check the ledger. Answer: `JournalVerification`.
    JournalVerify(JournalVerifyAsk),
    /// Transport: sender feeds and whom connectors take. Answer: as each says.
    Perimeter(PerimeterRequest),
    /// Transport: feeds of the untrusted list. Answer: as each says.
    Untrusted(UntrustedRequest),
    /// Enforcer: make the host's groups what policies say, or show what that would be. Answer:
    /// `PolicyRefreshed`.
    PolicyRefresh {
        /// Only show.
        dry_run: bool,
        /// As if this policy were enabled, or were not where it is; only shown.
        toggle: Option<String>,
    },
    /// Transport: send a health probe through a send connector, and tell what the next hop said.
    /// Answer: `RouteProbed`.
    ProbeRoute(ProbeLetter),
    /// Transport: the certificates held. Answer: `Certificates`.
    CertList,
    /// Transport: which certificate a connector shows, and why. Answer: `Certificate`.
    CertExplain {
        /// Name of the connector.
        connector: String,
        /// A send connector, not a receive connector.
        #[serde(default)]
        send: bool,
    },
    /// Transport: what the holds want of each component; those not named are to be active. Answer:
    /// `Components`.
    SetComponents(Vec<ComponentOrder>),
    /// Transport: the components and whether they take mail. Answer: `Components`.
    Components,
    /// Transport: a component that is warming has been tested. Answer: `Done`.
    Warmed {
        /// Which.
        component: String,
    },
    /// Transport: drop what a component remembers and make it anew, ending nothing. Answer: `Done`.
    SoftReset {
        /// `receive/NAME`, `deliver`, `queue`, `certificate/NAME`, `store`.
        component: String,
    },
    /// Transport: a responder for one class of causes. Answer: `Changed`.
    Respond {
        /// Which.
        responder: Responder,
        /// For which component.
        component: String,
    },
    /// Transport: end and begin anew one component, its sockets staying open. Components are
    /// `receive/NAME`, `deliver`, `certificates`. Answer: `Done`.
    RestartComponent {
        /// Which.
        component: String,
    },
    /// Transport, only where faults are allowed: [`DrillFault::WedgeConnector`] for as long as a
    /// fault may last. Answer: `Done`.
    Wedge {
        /// Name of the receive connector.
        connector: String,
    },
    /// Transport and manager, only where faults are allowed: a fault for a drill. Answer: `Done`.
    InjectFault {
        /// Which.
        fault: DrillFault,
        /// It ends by itself after so long, at most
        /// [`FAULT_MS_MAX`](super::drill::FAULT_MS_MAX).
        for_ms: u64,
    },
    /// Transport and manager: end the fault that is in force; that none is, is no error. Answer:
    /// `Done`.
    EndFault,
    /// Transport: ask the resolver that delivery asks for the addresses of a host. Answer:
    /// `Resolved`.
    Resolve {
        /// Its name.
        host: Domain,
    },

    /// Transport, only where faults are allowed: all its threads stand still, until it is killed.
    /// Answer: `Done`.
    Stall,

    /// Manager: restart a role's process. Answer: `Done`.
    RestartRole {
        /// Which.
        role: Role,
        /// For the ledger.
        reason: String,
        /// The recovery case it belongs to.
        case: Option<String>,
    },
    /// Manager: may this repair be done, and if so do it. Answer: `Verdict`.
    Propose(RepairProposal),
    /// Manager: would this repair be granted? Nothing is written and nothing done. Answer:
    /// `Verdict`.
    Weigh(RepairProposal),
    /// Manager: what a granted repair has led to. Answer: `Done`.
    Outcome(RepairOutcome),
    /// Manager: the repair ledger, newest first. Answer: `Ledger`.
    Ledger {
        /// Entries at most.
        limit: u32,
    },
    /// Manager: how far are you? Asked by its children every second. Answer: `Beat`.
    Beat,
    /// Manager: hold repair as a whole until it is thawed. Answer: `Changed`.
    Freeze {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Manager: end safe mode and what a person has frozen. Answer: `Changed`.
    Thaw {
        /// Who.
        by: String,
    },
    /// Manager: how carrying out a granted act went. Answer: `Carried`.
    Carried {
        /// The ledger entry of its intent.
        entry: u64,
    },
    /// Manager: hold a component, or change the requester's hold on it. Answer: `Changed`.
    Hold(Hold),
    /// Manager: end holds on a component. Answer: `Changed`.
    Release {
        /// The component.
        component: String,
        /// Whose hold.
        requester: Requester,
        /// By another than the requester: a person with a reason.
        force: bool,
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Manager: the holds and the state of each component. Answer: `Holds`.
    Holds,
    /// Manager: a storm of this key: holds by managed availability for it are lifted. Answer: `Done`.
    LiftHolds {
        /// The class of the common cause; `node` for all.
        key: String,
    },
    /// Manager: end the countdown to the restart of the server. Answer: `Changed`.
    CancelRestart {
        /// Why.
        reason: String,
        /// Who.
        by: String,
    },
    /// Manager: what the guard looks at. Answer: `GuardFacts`.
    GuardFacts,
    /// Manager: compare the listening sockets with the receive connectors, open and close what
    /// differs, and restart transport where needed. Answer: `Done`.
    ReopenSockets,

    /// Manager: another member of the group, or this node's worker, asks for the lease. Answer:
    /// `Lease`.
    Lease(LeaseAsk),

    /// Worker: what this node tells the other members of its group. Answer: `Group`.
    GroupStatus,
    /// Worker: the other members of the group, as this node knows them. Answer: `GroupMembers`.
    GroupMembers,
    /// Worker: every health set. Answer: `HealthReport`.
    HealthReport,
    /// Worker: one health set with its monitors and their last results. Answer: `HealthSet`.
    HealthShow {
        /// Name of the set.
        set: String,
    },
    /// Worker: state changes and cases, newest first. Answer: `HealthHistory`.
    HealthHistory {
        /// Entries at most.
        limit: u32,
    },
    /// Worker: a recovery case, the whole chain. Answer: `Case`.
    Explain {
        /// The case's id.
        id: String,
    },
    /// Worker: what would be done if a health set failed. Answer: `Rehearsal`.
    Rehearse {
        /// The health set.
        set: String,
        /// The class of the cause.
        cause: Option<String>,
    },
    /// Worker: keep a note by a person on a case. Answer: `Done`.
    Note(CaseNote),
    /// Worker: the health mailboxes and the mail that arrived in them. Answer: `HealthMailboxes`.
    HealthMailboxes,
    /// Worker: run one probe now. Answer: `Probe`.
    ProbeRun {
        /// The probe's name, as in the health report.
        name: String,
        /// Whether each step says what was seen in it.
        #[serde(default)]
        trace: bool,
    },
    /// Worker: run a probe once with other properties; its result counts for nothing. Answer:
    /// `Probe`.
    ProbeTry {
        /// The probe's name.
        name: String,
        /// Whether what was seen is wanted, too.
        trace: bool,
        /// Properties and their values.
        set: Vec<(String, String)>,
    },
    /// Worker: the probes. Answer: `Probes`.
    ProbeList {
        /// Only those whose name has this in it.
        filter: String,
        /// How many at most.
        limit: u32,
    },
    /// Worker: what another program saw. Answer: `Probe`.
    ProbeReport(ProbeReport),
    /// Worker: run all probes of a component now, or of every one. Answer: `HealthReport`.
    Recheck {
        /// The component; all of them where unset.
        component: Option<String>,
    },
    /// Worker: would this override change anything? Answer: `Done`, or a fault that says what would.
    OverrideCheck(MonitoringOverride),
    /// Worker: every override, and whether it is in force. Answer: `Overrides`.
    OverrideList,
    /// Worker: what health sets are made of. Answer: `HealthItems`.
    HealthItems,
    /// Worker: every property of an item, and where its value comes from. Answer: `Explanation`.
    HealthExplain {
        /// The item.
        item: String,
    },
    /// Worker: alerts, silences and channels. Answer: `Alerts`.
    AlertList {
        /// Those that are over, too.
        all: bool,
    },
    /// Worker: one alert. Answer: `Alert`.
    AlertShow {
        /// Its id.
        id: String,
    },
    /// Worker: somebody takes an alert on. Answer: `Changed`.
    AlertAck {
        /// Its id.
        id: String,
        /// Who.
        by: String,
        /// What others should know.
        note: String,
    },
    /// Worker: alerts that fit are not told for a time. Answer: `Changed`.
    AlertSilence {
        /// A component, a health set or a monitor, with `*` for anything.
        pattern: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Until when.
        until_unix_ms: u64,
    },
    /// Worker: end a silence. Answer: `Changed`.
    AlertUnsilence {
        /// Its id.
        id: String,
        /// Who.
        by: String,
    },
    /// Worker: send a test by one channel, or by every one. Answer: `AlertTest`.
    AlertTest {
        /// The channel.
        channel: Option<String>,
        /// Who.
        by: String,
    },
    /// Worker: drills. Answer: as each says.
    Drill(DrillRequest),
    /// Worker: what will break. Answer: `Forecast`.
    Forecast {
        /// Within so many days.
        days: u32,
    },
}

impl ControlRequest {
    /// The request's name, for logs and for the answer to an unknown one.
    pub fn name(&self) -> &'static str {
        match self {
            ControlRequest::Ping => "ping",
            ControlRequest::Status => "status",
            ControlRequest::Figures { .. } => "figures",
            ControlRequest::ListConnectors => "list_connectors",
            ControlRequest::QueueList => "queue_list",
            ControlRequest::MessageList(_) => "message_list",
            ControlRequest::QueueShow { .. } => "queue_show",
            ControlRequest::QueueAct(_) => "queue_act",
            ControlRequest::QueueRedirect(_) => "queue_redirect",
            ControlRequest::QueueAudit => "queue_audit",
            ControlRequest::QueueExport { .. } => "queue_export",
            ControlRequest::SimulateConnection { .. } => "simulate_connection",
            ControlRequest::SimulateMessage(_) => "simulate_message",
            ControlRequest::JournalSimulate(_) => "journal_simulate",
            ControlRequest::JournalStatus => "journal_status",
            ControlRequest::JournalPause { .. } => "journal_pause",
            ControlRequest::JournalReplay(_) => "journal_replay",
            ControlRequest::JournalVerify(_) => "journal_verify",
            ControlRequest::Perimeter(_) => "perimeter",
            ControlRequest::Untrusted(_) => "untrusted",
            ControlRequest::PolicyRefresh { .. } => "policy_refresh",
            ControlRequest::ProbeRoute(_) => "probe_route",
            ControlRequest::CertList => "cert_list",
            ControlRequest::CertExplain { .. } => "cert_explain",
            ControlRequest::SetComponents(_) => "set_components",
            ControlRequest::Components => "components",
            ControlRequest::Warmed { .. } => "warmed",
            ControlRequest::SoftReset { .. } => "soft_reset",
            ControlRequest::Respond { .. } => "respond",
            ControlRequest::Carried { .. } => "carried",
            ControlRequest::Hold(_) => "hold",
            ControlRequest::Release { .. } => "release",
            ControlRequest::Holds => "holds",
            ControlRequest::LiftHolds { .. } => "lift_holds",
            ControlRequest::CancelRestart { .. } => "cancel_restart",
            ControlRequest::GuardFacts => "guard_facts",
            ControlRequest::Rehearse { .. } => "rehearse",
            ControlRequest::Note(_) => "note",
            ControlRequest::RestartComponent { .. } => "restart_component",
            ControlRequest::Wedge { .. } => "wedge",
            ControlRequest::InjectFault { .. } => "inject_fault",
            ControlRequest::EndFault => "end_fault",
            ControlRequest::Resolve { .. } => "resolve",
            ControlRequest::Stall => "stall",
            ControlRequest::RestartRole { .. } => "restart_role",
            ControlRequest::Propose(_) => "propose",
            ControlRequest::Weigh(_) => "weigh",
            ControlRequest::Outcome(_) => "outcome",
            ControlRequest::Ledger { .. } => "ledger",
            ControlRequest::Beat => "beat",
            ControlRequest::Freeze { .. } => "freeze",
            ControlRequest::Thaw { .. } => "thaw",
            ControlRequest::ReopenSockets => "reopen_sockets",
            ControlRequest::Lease(_) => "lease",
            ControlRequest::GroupStatus => "group_status",
            ControlRequest::GroupMembers => "group_members",
            ControlRequest::HealthReport => "health_report",
            ControlRequest::HealthShow { .. } => "health_show",
            ControlRequest::HealthHistory { .. } => "health_history",
            ControlRequest::Explain { .. } => "explain",
            ControlRequest::HealthMailboxes => "health_mailboxes",
            ControlRequest::ProbeRun { .. } => "probe_run",
            ControlRequest::ProbeTry { .. } => "probe_try",
            ControlRequest::ProbeList { .. } => "probe_list",
            ControlRequest::ProbeReport(_) => "probe_report",
            ControlRequest::Recheck { .. } => "recheck",
            ControlRequest::OverrideCheck(_) => "override_check",
            ControlRequest::OverrideList => "override_list",
            ControlRequest::HealthItems => "health_items",
            ControlRequest::HealthExplain { .. } => "health_explain",
            ControlRequest::AlertList { .. } => "alert_list",
            ControlRequest::AlertShow { .. } => "alert_show",
            ControlRequest::AlertAck { .. } => "alert_ack",
            ControlRequest::AlertSilence { .. } => "alert_silence",
            ControlRequest::AlertUnsilence { .. } => "alert_unsilence",
            ControlRequest::AlertTest { .. } => "alert_test",
            ControlRequest::Drill(_) => "drill",
            ControlRequest::Forecast { .. } => "forecast",
        }
    }
}

/// What a role answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlReply {
    /// Carried out, nothing to tell.
    Done,
    /// To `Ping`.
    Pong(RoleStatus),
    /// Transport's status.
    Transport(TransportStatus),
    /// The manager's status.
    Manager(ManagerStatus),
    /// The worker's status.
    Worker(WorkerStatus),
    /// The manager's side of a heartbeat.
    Beat(ManagerBeat),
    /// Status of a role that has nothing of its own to add.
    Role(RoleStatus),
    /// To `Figures`.
    Figures(RoleFigures),
    /// Receive connectors.
    Connectors(Vec<ConnectorStatus>),
    /// Delivery queues.
    Queues(QueueList),
    /// Messages.
    Messages(MessageList),
    /// One message.
    Message(MessageView),
    /// How many messages or deliveries were touched.
    Changed(Changed),
    /// A piece of a message.
    Octets(Octets),
    /// A choice of receive connector.
    Connection(ConnectionChoice),
    /// What would follow from a message.
    Plan(MessagePlan),
    /// Which journal rules would fire.
    JournalSimulation(JournalSimulation),
    /// Journal targets and the ledger.
    Journal(JournalStatus),
    /// What was sent again.
    JournalReplay(JournalReplay),
    /// What is wrong with the ledger or the archive.
    JournalVerification(JournalVerification),
    /// What covers an address, and who takes it.
    PerimeterWhy(PerimeterWhy),
    /// Which sessions would not be taken any more.
    PerimeterReplay(PerimeterReplay),
    /// What was changed in the host's groups, or would be.
    PolicyRefreshed(PolicyRefreshed),
    /// Certificates held.
    Certificates(CertificateList),
    /// A choice of certificate.
    Certificate(CertificateChoice),
    /// The arbiter's word on a repair.
    Verdict(Verdict),
    /// The repair ledger.
    Ledger(Ledger),
    /// A member's answer to a question for the lease.
    Lease(LeaseReply),
    /// What this node tells its group.
    Group(GroupStatus),
    /// The group as this node knows it.
    GroupMembers(GroupView),
    /// How carrying out an act went.
    Carried(Carried),
    /// Components and whether they take mail.
    Components(Vec<ComponentState>),
    /// Holds and components.
    Holds(HoldList),
    /// What the guard looks at.
    GuardFacts(GuardFacts),
    /// What would be done.
    Rehearsal(Rehearsal),
    /// All health sets.
    HealthReport(HealthReport),
    /// One health set.
    HealthSet(HealthSetView),
    /// State changes and cases.
    HealthHistory(HealthHistory),
    /// A recovery case.
    Case(CaseView),
    /// A probe's result.
    Probe(ProbeView),
    /// All overrides.
    Overrides(OverrideList),
    /// What health sets are made of.
    HealthItems(HealthItems),
    /// What is watched by a name.
    Explanation(HealthExplanation),
    /// The health mailboxes.
    HealthMailboxes(HealthMailboxes),
    /// What became of a probe sent through a send connector.
    RouteProbed(RouteProbed),
    /// Probes.
    Probes(ProbeList),
    /// What was done to what is queued.
    QueueActed(QueueActed),
    /// What the queue's own accounts say.
    Audit(QueueAudit),
    /// Alerts, silences and channels.
    Alerts(AlertList),
    /// One alert.
    Alert(Box<AlertView>),
    /// How a test of the alert channels went.
    AlertTest(AlertTest),
    /// The drills.
    Drills(DrillList),
    /// One drill, under way or over.
    Drill(Box<DrillRun>),
    /// What will break.
    Forecast(ForecastReport),
    /// What a resolver answered.
    Resolved(Resolved),
}
