//! The names that stand for operations other than those on objects.

mod watch;

use mailward_model::Kind;
use serde_json::Value;

use super::{Act, Cmdlet, Filtered, Parameter, ReadRows, Takes, Target, rows};
use crate::operation::Op;

/// A line of the table.
struct Line {
    name: &'static str,
    alias: Option<&'static str>,
    summary: &'static str,
    act: Act,
    parameters: Vec<Parameter>,
    fixed: Vec<(Target, Value)>,
    columns: &'static [&'static str],
    rows: Option<ReadRows>,
    differs: &'static str,
}

fn text(name: &str, field: &'static str, help: &str) -> Parameter {
    Parameter::new(name, Target::Request(field), Takes::Text, help)
}

fn count(field: &'static str) -> Parameter {
    let help = "How many to list at most";
    Parameter::new("ResultSize", Target::Request(field), Takes::Count, help)
}

fn switch(name: &str, field: &'static str, help: &str) -> Parameter {
    Parameter::new(name, Target::Request(field), Takes::Switch, help)
}

/// What is meant, by a field of the request.
fn identity(field: &'static str, needed: bool, help: &str) -> Parameter {
    Parameter {
        target: Target::Request(field),
        help: help.to_owned(),
        ..Parameter::identity(needed)
    }
}

const QUEUE: &str = "The queue, such as connector/Internet/example.org";
const MESSAGE: &str = "The message's id";
const NODE: &str = "The node that is meant; there is only this one to ask";

/// A group's member.
fn member(target: Target) -> Parameter {
    Parameter {
        needed: true,
        ..Parameter::new("Member", target, Takes::Text, "The member's address")
    }
}

/// Those of the queue that fit a filter.
fn filter(of: Filtered, help: &str) -> Parameter {
    let field = match of {
        Filtered::Queues => "queue_filter",
        Filtered::Messages | Filtered::Recipients => "filter",
    };
    Parameter::new("Filter", Target::Request(field), Takes::Filter(of), help)
}

/// What acts on queues or on messages: the one that is named, or all that a filter fits.
fn act(name: &'static str, summary: &'static str, op: Op, of: Filtered) -> Line {
    let (what, all) = match of {
        Filtered::Queues => (QUEUE, "Every queue that fits this filter"),
        Filtered::Messages | Filtered::Recipients => {
            (MESSAGE, "Every message that fits this filter")
        }
    };
    let field = match op {
        Op::QueueRemove => "id",
        _ => "target",
    };
    let meant = Parameter {
        unless: Some("Filter"),
        ..identity(field, true, what)
    };
    Line {
        name,
        alias: None,
        summary,
        act: Act::Do(op),
        parameters: vec![meant, filter(of, all)],
        fixed: Vec::new(),
        columns: &[],
        rows: None,
        differs: "of this node; with -Filter -Confirm asks once, and says how many",
    }
}

fn look(
    name: &'static str,
    summary: &'static str,
    op: Op,
    rows: ReadRows,
    columns: &'static [&'static str],
    differs: &'static str,
    parameters: Vec<Parameter>,
) -> Line {
    Line {
        name,
        alias: None,
        summary,
        act: Act::Look(op),
        parameters,
        fixed: Vec::new(),
        columns,
        rows: Some(rows),
        differs,
    }
}

/// What changes the members of a group.
fn members(name: &'static str, summary: &'static str, parameter: Parameter) -> Line {
    Line {
        name,
        alias: None,
        summary,
        act: Act::Change(Kind::DistributionGroup),
        parameters: vec![Parameter::identity(true), parameter],
        fixed: Vec::new(),
        columns: &[],
        rows: None,
        differs: "members are addresses, here or elsewhere",
    }
}

fn recipients() -> Vec<Line> {
    let filter = |name: &str, help: &str| {
        let takes = Takes::Filter(Filtered::Recipients);
        Parameter::new(name, Target::Request("filter"), takes, help)
    };
    let update = Parameter {
        needed: true,
        ..Parameter::new(
            "Members",
            Target::Spec("members".to_owned()),
            Takes::List(Box::new(Takes::Text)),
            "All members, in place of those there are",
        )
    };
    vec![
        look(
            "Get-Recipient",
            "List recipients of every kind, or those that fit a filter",
            Op::RecipientList,
            rows::recipients,
            &["Name", "RecipientType", "PrimarySmtpAddress"],
            "10,000 at most",
            vec![
                Parameter {
                    target: Target::Request("identity"),
                    ..Parameter::identity(false)
                },
                filter("Filter", "Only those that fit this recipient filter"),
                Parameter {
                    target: Target::Instead("filter", Op::RecipientPreview),
                    ..filter(
                        "RecipientPreviewFilter",
                        "Those that a dynamic group with this filter would have",
                    )
                },
                text(
                    "OrganizationalUnit",
                    "organizational_unit",
                    "Only those in this organisational unit and below it",
                ),
                count("limit"),
            ],
        ),
        look(
            "Get-DistributionGroupMember",
            "List the members of a distribution group",
            Op::ObjectShow,
            rows::members,
            &["Name"],
            "members are addresses, here or elsewhere",
            vec![identity("name", true, "The group's name, or its address")],
        )
        .with("kind", "distribution_group"),
        look(
            "Get-DynamicDistributionGroupMember",
            "List whom a dynamic distribution group stands for, now or at a moment",
            Op::GroupMembers,
            rows::group_members,
            &["Name", "RecipientType", "PrimarySmtpAddress"],
            "always as of now, not of the last day; -At answers from history",
            vec![
                identity("name", true, "The group's name, or its address"),
                text("At", "at", "As it was then: 2h, 3d, 2026-02-03"),
                count("limit"),
            ],
        ),
        members(
            "Add-DistributionGroupMember",
            "Add a member to a distribution group",
            member(Target::Add("members")),
        ),
        members(
            "Remove-DistributionGroupMember",
            "Take a member out of a distribution group",
            member(Target::Take("members")),
        ),
        members(
            "Update-DistributionGroupMember",
            "Replace the members of a distribution group",
            update,
        ),
    ]
}

impl Line {
    fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.fixed.push((Target::Request(field), value.into()));
        self
    }
}

fn queue() -> Vec<Line> {
    let notify = Parameter::new(
        "WithNDR",
        Target::Request("notify"),
        Takes::Boolean,
        "Send the sender a failure report",
    );
    let mut removal = act(
        "Remove-Message",
        "Take a message out of the queue for good",
        Op::QueueRemove,
        Filtered::Messages,
    );
    removal.parameters.push(notify);
    removal.differs = "-WithNDR is $false where it is not given; with -Filter -Confirm asks once, and says how many";
    let redirect = Line {
        name: "Redirect-Message",
        alias: None,
        summary: "Send what waits by another send connector",
        act: Act::Do(Op::QueueRedirect),
        parameters: vec![
            identity(
                "target",
                false,
                "A message's id or a queue; everything where nothing is named",
            ),
            Parameter {
                needed: true,
                ..text(
                    "Target",
                    "to",
                    "The send connector, by its name or by one of its smart hosts",
                )
            },
            text("Server", "server", NODE),
            filter(Filtered::Messages, "Only messages that fit this filter"),
        ],
        fixed: Vec::new(),
        columns: &[],
        rows: None,
        differs: "-Target is a send connector or its smart host: make one to the other server; what is held, journal reports and mail for mailboxes here stay; -Filter and -Identity narrow it",
    };
    let path = Parameter {
        needed: true,
        ..Parameter::new(
            "Path",
            Target::File,
            Takes::Text,
            "The file to write, which must not exist yet",
        )
    };
    vec![
        look(
            "Get-Queue",
            "List the delivery queues",
            Op::QueueList,
            rows::queues,
            &[
                "Identity",
                "DeliveryType",
                "Status",
                "MessageCount",
                "Velocity",
                "NextHopDomain",
                "LastError",
            ],
            "a queue's name is that of its next hop; rates are of the last minute, and filters see them as whole numbers away from zero",
            vec![
                identity("next_hop", false, QUEUE),
                filter(Filtered::Queues, "Only those that fit this filter"),
            ],
        ),
        act(
            "Suspend-Queue",
            "Hold what goes to one next hop until it is resumed",
            Op::QueueHold,
            Filtered::Queues,
        ),
        act(
            "Resume-Queue",
            "Deliver again what goes to one next hop",
            Op::QueueRelease,
            Filtered::Queues,
        ),
        act(
            "Retry-Queue",
            "Try now what waits for another try",
            Op::QueueRetry,
            Filtered::Queues,
        ),
        look(
            "Get-Message",
            "List the messages in the queue, oldest first",
            Op::QueueList,
            rows::messages,
            &[
                "Identity",
                "FromAddress",
                "Status",
                "Size",
                "Subject",
                "LastError",
            ],
            "a message stands there once, whatever number of queues it is in; -Sender and -Recipient narrow the list, too",
            vec![
                Parameter {
                    target: Target::InsteadOrQueue("id", Op::QueueShow, "next_hop"),
                    ..identity("id", false, "The message's id, or a queue")
                },
                filter(Filtered::Messages, "Only those that fit this filter"),
                text("Queue", "next_hop", "Only messages in this queue"),
                text("Sender", "from", "Only messages from this envelope sender"),
                text("Recipient", "to", "Only messages to this recipient"),
                switch("Probes", "probes", "List health probes too"),
                count("limit"),
            ],
        )
        // As many as Exchange lists where nothing is said.
        .with("limit", 1_000),
        act(
            "Suspend-Message",
            "Hold a message until it is resumed",
            Op::QueueHold,
            Filtered::Messages,
        ),
        act(
            "Resume-Message",
            "End a message's hold",
            Op::QueueRelease,
            Filtered::Messages,
        ),
        removal,
        redirect,
        Line {
            name: "Export-Message",
            alias: None,
            summary: "Write a message to a file as it was received",
            act: Act::Look(Op::QueueExport),
            parameters: vec![identity("id", true, MESSAGE), path],
            fixed: Vec::new(),
            columns: &[],
            rows: None,
            differs: "-Path in place of AssembleMessage",
        },
        look(
            "Get-MessageTrackingLog",
            "Show where messages came from and what became of them",
            Op::Trace,
            rows::tracking,
            &[
                "Timestamp",
                "EventId",
                "Source",
                "Sender",
                "Recipients",
                "MessageId",
            ],
            "times as 2h, 3d, 2026-02-03 or 2026-02-03T14:05; the last 24 hours without -Start",
            vec![
                text("Start", "since", "Only since then: 2h, 3d, 2026-02-03"),
                text("End", "until", "Only until then"),
                text(
                    "Sender",
                    "from",
                    "Only from this sender: an address, or a domain",
                ),
                text(
                    "Recipients",
                    "to",
                    "Only to this recipient: an address, or a domain",
                ),
                text("MessageId", "message_id", "The Message-ID field"),
                text("EventId", "event", "Only this step: RECEIVE, DELIVER, FAIL and so on"),
                text("InternalMessageId", "id", "The message's id in the queue"),
                switch("Probes", "probes", "Show health probes too"),
                count("limit"),
            ],
        ),
    ]
}

/// Every line.
pub(super) fn all() -> Vec<Cmdlet> {
    let lines = recipients().into_iter().chain(queue());
    let lines = lines.chain(watch::health()).chain(watch::overrides());
    lines
        .map(|line| Cmdlet {
            name: line.name.to_owned(),
            alias: line.alias.map(str::to_owned),
            summary: line.summary.to_owned(),
            act: line.act,
            parameters: line.parameters,
            fixed: line.fixed,
            columns: line.columns,
            rows: line.rows,
            asks: line.name.starts_with("Remove-") || line.name == "Redirect-Message",
            differs: Some(line.differs),
        })
        .collect()
}
