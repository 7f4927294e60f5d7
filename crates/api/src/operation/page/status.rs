//! The node for people.

use super::state;
use crate::{
    page::{Cell, Page, Tone, count, distance, moment, octets},
    view::{
        ManagerStatus, NodeStatus, QueueHealth, RoleStatus, TransportStatus, WorkerStatus,
        role::DatabaseStatus,
    },
};

pub(in crate::operation) fn status(view: &NodeStatus, now: u64) -> Page {
    let mut page = Page::new().fields([
        ("version", view.version.as_str().into()),
        ("objects", format!("revision {}", view.revision).into()),
    ]);
    if let Some(database) = &view.database {
        page = page.fields([
            ("database", place(database)),
            ("database answers", answers(database)),
        ]);
    }
    page = match &view.manager {
        Some(manager) => page.page(roles(manager, now)),
        // Without a manager each role speaks for itself.
        None => page.table(
            ["role", ">pid", "since"],
            [
                view.transport.as_ref().map(|status| &status.role),
                view.worker.as_ref().map(|status| &status.role),
            ]
            .into_iter()
            .flatten()
            .map(|role| role_row(role, now)),
            "",
        ),
    };
    page = page.list(
        view.silent
            .iter()
            .map(|silent| Cell::toned(silent.error.as_str(), Tone::Bad)),
    );
    if let Some(status) = &view.transport {
        page = page.page(transport(status, now));
    }
    if let Some(status) = &view.worker {
        page = page.page(worker(status));
    }
    page
}

fn place(view: &DatabaseStatus) -> Cell {
    let engine = match view.engine.as_str() {
        "postgresql" => "PostgreSQL",
        "sqlite" => "SQLite",
        other => other,
    };
    let size = view.octets.map(|count| format!(", {}", octets(count)));
    let copy = view.copy.as_ref().map(|copy| {
        let size = octets(copy.octets);
        format!("; this node's copy {}, {size}", copy.place)
    });
    let (size, copy) = (size.unwrap_or_default(), copy.unwrap_or_default());
    format!("{engine}, {}{size}{copy}", view.place).into()
}

fn answers(view: &DatabaseStatus) -> Cell {
    if view.reachable {
        return Cell::toned("yes", Tone::Good);
    }
    let problem = view.problem.as_deref().unwrap_or("it does not answer");
    Cell::toned(format!("no: {problem}"), Tone::Bad)
}

fn role_row(role: &RoleStatus, now: u64) -> [Cell; 3] {
    [
        role.role.name().into(),
        role.pid.to_string().into(),
        moment(role.started_unix_ms, now).into(),
    ]
}

fn roles(view: &ManagerStatus, now: u64) -> Page {
    let manager = [
        Cell::from("manager"),
        Cell::toned("running", Tone::Good),
        view.role.pid.to_string().into(),
        moment(view.role.started_unix_ms, now).into(),
        Cell::from("0"),
        Cell::from(""),
    ];
    let children = view.children.iter().map(|child| {
        let tone = match child.state.as_str() {
            "running" => Tone::Good,
            "off" => Tone::Faint,
            "suspect" | "safe mode" => Tone::Bad,
            _ => Tone::Warn,
        };
        [
            child.role.name().into(),
            Cell::toned(child.state.as_str(), tone),
            child
                .pid
                .map(|pid| pid.to_string())
                .unwrap_or_default()
                .into(),
            moment(child.since_unix_ms, now).into(),
            child.restarts.to_string().into(),
            child.last_exit.as_deref().unwrap_or_default().into(),
        ]
    });
    let page = Page::new().table(
        ["role", "state", ">pid", "since", ">restarts", "last exit"],
        std::iter::once(manager).chain(children),
        "",
    );
    super::health::holds(page, &view.holds)
}

fn transport(view: &TransportStatus, now: u64) -> Page {
    let gate = if view.gate.closed {
        Cell::toned(
            format!("closed to new mail: {}", view.gate.reason),
            Tone::Warn,
        )
    } else {
        Cell::toned("open", Tone::Good)
    };
    let queue = &view.queue;
    let health = match queue.health {
        QueueHealth::Ok => Cell::toned("well", Tone::Good),
        QueueHealth::Full => Cell::toned("disk full: new mail is answered 452", Tone::Bad),
        QueueHealth::Failing => Cell::toned("disk failing: new mail is answered 451", Tone::Bad),
    };
    let counters = &view.counters;
    Page::new()
        .heading("Transport")
        .fields([
            ("gate", gate),
            ("queue", health),
            (
                "messages",
                format!(
                    "{}, {}, oldest {}",
                    count(queue.messages, "message", "messages"),
                    octets(queue.bytes),
                    distance(queue.oldest_unix_ms, now)
                )
                .into(),
            ),
            (
                "deliveries",
                format!(
                    "{}: {} being tried, {} waiting, {} held",
                    queue.deliveries, queue.in_flight, queue.deferred, queue.held
                )
                .into(),
            ),
            (
                "since start",
                format!(
                    "{} accepted, {} delivered, {} deferred, {} failed, {} refused",
                    counters.accepted,
                    counters.delivered,
                    counters.deferred,
                    counters.failed,
                    counters.refused_messages + counters.refused_recipients
                )
                .into(),
            ),
            ("senders", senders(counters).into()),
        ])
        .table(
            [
                "receive connector",
                "listening",
                ">sessions",
                "certificate",
                "note",
            ],
            view.connectors.iter().map(|one| {
                let note = match (one.enabled, one.wedged) {
                    (_, true) => Cell::toned("wedged on purpose", Tone::Bad),
                    (false, _) => Cell::toned("off", Tone::Faint),
                    _ => Cell::default(),
                };
                let listening: Vec<String> =
                    one.listening.iter().map(ToString::to_string).collect();
                [
                    one.connector.as_str().into(),
                    listening.join(", ").into(),
                    one.sessions.to_string().into(),
                    one.certificate.as_deref().unwrap_or("none").into(),
                    note,
                ]
            }),
            "No receive connector.",
        )
}

fn worker(view: &WorkerStatus) -> Page {
    Page::new().heading("Health").fields([
        ("state", state(view.state)),
        (
            "open cases",
            count(u64::from(view.open_cases), "case", "cases").into(),
        ),
        (
            "probes",
            format!("{} run, {} failed", view.probes, view.probes_failed).into(),
        ),
    ])
}

/// What became of mail for who sent it; empty where nothing did.
fn senders(counters: &crate::view::transport::Counters) -> String {
    let (came, went) = (
        counters.headers_stripped_in.total(),
        counters.headers_stripped_out.total(),
    );
    let parts = [
        (counters.factor_refusals, "refused for want of a factor"),
        (counters.high_risk, "delivered through the high-risk pool"),
        (came, "header fields taken out on the way in"),
        (went, "header fields taken out on the way out"),
        (
            counters.headers_promoted,
            "cross-premises header fields promoted",
        ),
        (
            counters.headers_converted,
            "organization header fields sent as cross-premises ones",
        ),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}
