//! What is watched and what happened: health, components, overrides, events, certificates.

use super::{
    super::{Act, Parameter, Takes, Target, rows},
    Line, NODE, count, identity, look, text,
};
use crate::operation::Op;

/// Health, states of components, events, certificates.
pub(super) fn health() -> Vec<Line> {
    const STATES: &[(&str, Op, Option<&str>)] = &[
        ("Active", Op::HealthRelease, None),
        ("Draining", Op::HealthHold, Some("draining")),
        ("Inactive", Op::HealthHold, Some("inactive")),
    ];
    let states = || STATES.iter().map(|(word, _, _)| (*word).to_owned());
    let requesters = crate::view::Requester::ALL.iter();
    let requesters = requesters.map(|one| one.name().to_owned()).collect();
    let needed = |parameter: Parameter| Parameter {
        needed: true,
        ..parameter
    };
    let server = |field| identity(field, false, NODE);
    let set = || text("HealthSet", "set", "Only this health set");
    vec![
        look(
            "Get-ServerHealth",
            "Show every monitor with its state",
            Op::HealthReport,
            rows::server_health,
            &[
                "Server",
                "State",
                "Name",
                "TargetResource",
                "HealthSetName",
                "AlertValue",
                "ServerComponent",
            ],
            "of this node",
            vec![server("server"), set()],
        ),
        look(
            "Get-HealthReport",
            "Show every health set with its state",
            Op::Health,
            rows::health_report,
            &[
                "Server",
                "State",
                "HealthSet",
                "AlertValue",
                "LastTransitionTime",
                "MonitorCount",
            ],
            "of this node; with -RollupGroup of the nodes in [group], as one: what is bad on some is Degraded while -MinimumOnlinePercent of them are well; no -HaImpactingOnly",
            vec![
                server("server"),
                set(),
                Parameter::new(
                    "RollupGroup",
                    Target::Other(Op::HealthRollup),
                    Takes::Switch,
                    "Of this node's group, as one",
                ),
                Parameter::new(
                    "GroupSize",
                    Target::Request("group_size"),
                    Takes::Integer,
                    "With -RollupGroup: nodes to look at, this one first; 12 where not given",
                ),
                Parameter::new(
                    "MinimumOnlinePercent",
                    Target::Request("minimum_online_percent"),
                    Takes::Integer,
                    "With -RollupGroup: nodes that must be well, in percent; 70 where not given",
                ),
            ],
        ),
        look(
            "Get-MonitoringItemIdentity",
            "List the probes, monitors and responders of a health set",
            Op::HealthItems,
            rows::items,
            &["HealthSetName", "ItemType", "Name", "TargetResource"],
            "without a name those of every health set; Name is what the other commands take",
            vec![
                identity("set", false, "The health set"),
                text("Server", "server", NODE),
            ],
        ),
        look(
            "Invoke-MonitoringProbe",
            "Run one probe now and show what it saw",
            Op::HealthProbeRun,
            rows::probe,
            &[
                "MonitorIdentity",
                "ExecutionStartTime",
                "ResultType",
                "Duration",
                "ExecutionContext",
            ],
            "names are those of Get-MonitoringItemIdentity; -PropertyOverride 'timeout=30s' in place of -TimeOutSeconds and the rest",
            vec![
                identity("name", true, "The probe's name, such as mailflow/Internet"),
                text("Server", "server", NODE),
                Parameter::new(
                    "PropertyOverride",
                    Target::Request("set"),
                    Takes::List(Box::new(Takes::Text)),
                    "For this run alone, such as 'timeout=30s'; its result then counts for nothing",
                ),
            ],
        ),
        look(
            "Test-Mailflow",
            "Send a probe message, and say whether it arrived and how long that took",
            Op::HealthMailflow,
            rows::mailflow,
            &[
                "ReceiveConnector",
                "TestMailflowResult",
                "MessageLatencyTime",
                "Error",
            ],
            "through each receive connector into the health mailbox of this node, or through the one of -ReceiveConnector; none to other servers or addresses: Invoke-MonitoringProbe route/NAME does that",
            vec![
                identity("server", false, NODE),
                text(
                    "ReceiveConnector",
                    "connector",
                    "The receive connector through which it goes in",
                ),
            ],
        ),
        Line {
            name: "Set-ServerMonitor",
            alias: None,
            summary: "Say that a monitor's subject is being repaired, or is no more",
            act: Act::Do(Op::HealthRepairing),
            parameters: vec![
                Parameter {
                    needed: true,
                    positional: true,
                    piped: true,
                    ..text("Name", "item", "The monitor, component or health set")
                },
                Parameter {
                    piped: true,
                    ..Parameter::new(
                        "TargetResource",
                        Target::Behind("item"),
                        Takes::Text,
                        "What the monitor is about, where Get-ServerHealth shows that apart",
                    )
                },
                needed(Parameter::new(
                    "Repairing",
                    Target::Operation(&[
                        ("True", Op::HealthRepairing, None),
                        ("False", Op::HealthRepairing, Some("off")),
                    ]),
                    Takes::Word(["True", "False"].map(str::to_owned).to_vec()),
                    "$true while you are at it, $false when you are done",
                )),
                text("Server", "server", NODE),
                text("For", "span", "For how long, such as 2h"),
                text("Reason", "reason", "What is being done"),
            ],
            fixed: Vec::new(),
            columns: &[],
            rows: None,
            differs: "of this node; ends by itself, after -For",
        },
        look(
            "Get-ServerComponentState",
            "Show which components take mail, and who holds the others",
            Op::HealthHolds,
            rows::component_states,
            &["Component", "State", "Requesters", "Reason"],
            "components are those here: receive/NAME, and ServerWideOffline for all",
            Vec::new(),
        ),
        Line {
            name: "Set-ServerComponentState",
            alias: None,
            summary: "Take a component out of service, or put it back",
            act: Act::Do(Op::HealthHold),
            parameters: vec![
                Parameter {
                    needed: true,
                    piped: true,
                    ..text(
                        "Component",
                        "component",
                        "receive/NAME, or ServerWideOffline for all of transport",
                    )
                },
                needed(Parameter::new(
                    "State",
                    Target::Operation(STATES),
                    Takes::Word(states().collect()),
                    "Active, Draining or Inactive",
                )),
                needed(Parameter::new(
                    "Requester",
                    Target::Request("requester"),
                    Takes::Word(requesters),
                    "On whose behalf",
                )),
                needed(text("Reason", "reason", "Why, for whoever finds it held")),
                text("For", "span", "For how long, such as 2h"),
            ],
            fixed: Vec::new(),
            columns: &[],
            rows: None,
            differs: "of this node, so no -Identity; -Reason is needed; -For ends it by itself",
        },
        look(
            "Search-AdminAuditLog",
            "List what administrators did, and what was refused them",
            Op::AuditList,
            rows::audit,
            &[
                "RunDate",
                "Caller",
                "CmdletName",
                "Succeeded",
                "OriginatingServer",
            ],
            "of this node; commands go by their words here, and -OriginatingServer narrows to a node",
            vec![
                text("UserIds", "user", "Only what this user did"),
                text(
                    "Cmdlets",
                    "operation",
                    "Only commands that begin with these words",
                ),
                text("StartDate", "since", "Only since then: 2h, 3d, 2026-02-03"),
                text(
                    "OriginatingServer",
                    "machine",
                    "Only what came from this node",
                ),
                count("limit"),
            ],
        ),
        look(
            "Get-EventLog",
            "List the events that happened here",
            Op::EventList,
            rows::events,
            &["TimeGenerated", "EntryType", "Source", "EventId", "Message"],
            "the log of Mailward alone; Get-EventLogLevel has no meaning here: every event is logged",
            vec![
                Parameter::new(
                    "Newest",
                    Target::Request("limit"),
                    Takes::Count,
                    "How many at most, the newest ones",
                ),
                text("After", "since", "Only since then: 2h, 3d, 2026-02-03"),
                Parameter::new(
                    "EntryType",
                    Target::Request("level"),
                    Takes::Word(
                        ["info", "notice", "warning", "error", "critical"]
                            .map(str::to_owned)
                            .to_vec(),
                    ),
                    "Only events of this level and above",
                ),
                text(
                    "InstanceId",
                    "event",
                    "Only this event, by its number or name",
                ),
            ],
        ),
        Line {
            alias: Some("Get-Certificate"),
            ..look(
                "Get-ExchangeCertificate",
                "List the certificates held",
                Op::CertList,
                rows::certificates,
                &["Thumbprint", "Services", "Subject", "NotAfter"],
                "the thumbprint is the SHA-256 of the public key; files are put into the certificate folder and taken out of it, so there is no Import, Enable or Remove",
                Vec::new(),
            )
        },
    ]
}

/// Overrides, which go by a noun for all nodes and by one for this one.
pub(super) fn overrides() -> Vec<Line> {
    let mut lines = Vec::new();
    for (names, scope, differs) in [
        (
            [
                "Get-GlobalMonitoringOverride",
                "Add-GlobalMonitoringOverride",
                "Remove-GlobalMonitoringOverride",
            ],
            "global",
            "items are named as here; no -ItemType, a name says what it is",
        ),
        (
            [
                "Get-ServerMonitoringOverride",
                "Add-ServerMonitoringOverride",
                "Remove-ServerMonitoringOverride",
            ],
            "node",
            "of this node; no -Server",
        ),
    ] {
        let [get, add, remove] = names;
        let columns = &[
            "Identity",
            "ItemName",
            "PropertyName",
            "PropertyValue",
            "ExpirationTime",
        ];
        lines.push(
            look(
                get,
                "List what is overridden of what is watched",
                Op::HealthOverrideList,
                rows::overrides,
                columns,
                differs,
                Vec::new(),
            )
            .with("scope", scope),
        );
        let needed = |parameter: Parameter| Parameter {
            needed: true,
            ..parameter
        };
        let item = "A probe, monitor, component or health set, or all";
        let reason = Parameter {
            needed: true,
            ..text("Reason", "reason", "Why, for whoever finds it")
        };
        let change = |name, summary, op, parameters| Line {
            name,
            alias: None,
            summary,
            act: Act::Do(op),
            parameters,
            fixed: Vec::new(),
            columns: &[],
            rows: None,
            differs,
        };
        let parameters = vec![
            identity("item", true, item),
            needed(text("PropertyName", "property", "Which of its properties")),
            needed(text("PropertyValue", "value", "What it shall be")),
            text("Duration", "span", "For how long, such as 7d"),
            text(
                "ApplyVersion",
                "version",
                "For which versions, such as >=0.1,<0.2",
            ),
            reason,
        ];
        let summary = "Override a property of what is watched";
        let line = change(add, summary, Op::HealthOverrideAdd, parameters);
        lines.push(line.with("scope", scope));
        let name = "The override's name, as Get shows it";
        let parameters = vec![identity("name", true, name)];
        let summary = "End an override";
        lines.push(change(
            remove,
            summary,
            Op::HealthOverrideRemove,
            parameters,
        ));
    }
    lines
}
