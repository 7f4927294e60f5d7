//! Metrics of mail: traffic, sessions, the queue.

use mailward_api::view::{QueueHealth, TransportStatus};

use super::{Family, Sample, family::seconds};

/// Mail in and out since transport began, and sessions.
pub(super) fn traffic(families: &mut Vec<Family>, status: &TransportStatus) {
    let counters = &status.counters;
    let since = status.role.started_unix_ms;
    for (name, help, value) in [
        ("messages_accepted", "Messages accepted", counters.accepted),
        (
            "accepted_bytes",
            "Octets of messages accepted",
            counters.accepted_bytes,
        ),
        (
            "messages_refused",
            "Messages refused at the end of data",
            counters.refused_messages,
        ),
        (
            "recipients_refused",
            "Recipients refused",
            counters.refused_recipients,
        ),
        (
            "tls_sessions",
            "Sessions that used TLS",
            counters.tls_sessions,
        ),
        (
            "recipients_delivered",
            "Recipients delivered",
            counters.delivered,
        ),
        (
            "recipients_deferred",
            "Attempts put off, by recipient",
            counters.deferred,
        ),
        ("recipients_failed", "Recipients given up", counters.failed),
        (
            "notifications",
            "Delivery status notifications made",
            counters.dsns,
        ),
        (
            "journal_reports",
            "Journal reports delivered",
            counters.journal_reports,
        ),
        (
            "high_risk_delivered",
            "Recipients delivered through the high-risk pool",
            counters.high_risk,
        ),
        (
            "factor_refusals",
            "Transactions refused for want of a range, certificate or tenant",
            counters.factor_refusals,
        ),
    ] {
        families.push(Family::counter(name, help, since, [Sample::whole(value)]));
    }
    let ways = [
        ("in", counters.headers_stripped_in),
        ("out", counters.headers_stripped_out),
    ];
    families.push(Family::counter(
        "headers_stripped",
        "Header fields that the firewall took out, by direction and family",
        since,
        ways.into_iter().flat_map(|(direction, counts)| {
            [
                ("organization", counts.organization),
                ("forest", counts.forest),
                ("cross_premises", counts.cross_premises),
                ("routing", counts.routing),
            ]
            .map(|(family, count)| {
                Sample::whole(count)
                    .with("direction", direction)
                    .with("family", family)
            })
        }),
    ));
    let said = &counters.revocation;
    families.push(Family::counter(
        "revocation_checks",
        "Handshakes, by what revocation filters said of the peer's certificate",
        since,
        [
            ("not_covered", said.not_covered),
            ("not_revoked", said.not_revoked),
            ("revoked", said.revoked),
        ]
        .map(|(state, count)| Sample::whole(count).with("state", state)),
    ));
    let converted = [
        ("in", counters.headers_promoted),
        ("out", counters.headers_converted),
    ];
    families.push(Family::counter(
        "headers_converted",
        "Header fields that passed between organization and cross-premises, by direction",
        since,
        converted.map(|(direction, count)| Sample::whole(count).with("direction", direction)),
    ));
    families.push(Family::gauge(
        "gate_closed",
        "Whether new mail is answered 421",
        [Sample::flag(status.gate.closed)],
    ));
    let connectors = &status.connectors;
    families.push(Family::gauge(
        "sessions_open",
        "Sessions open, by receive connector",
        connectors
            .iter()
            .map(|one| Sample::whole(one.sessions.into()).with("connector", &one.connector)),
    ));
    families.push(Family::counter(
        "sessions",
        "Sessions, by receive connector",
        since,
        connectors
            .iter()
            .map(|one| Sample::whole(one.sessions_total).with("connector", &one.connector)),
    ));
}

/// What waits, for how long, and how the disk does.
pub(super) fn queue(families: &mut Vec<Family>, status: &TransportStatus, now_unix_ms: u64) {
    let queue = &status.queue;
    for (name, help, value) in [
        ("queue_messages", "Messages in the queue", queue.messages),
        (
            "queue_bytes",
            "Octets of messages in the queue",
            queue.bytes,
        ),
        (
            "queue_deliveries",
            "Deliveries not settled",
            queue.deliveries,
        ),
        (
            "queue_deliveries_in_flight",
            "Deliveries being tried",
            queue.in_flight,
        ),
        (
            "queue_deliveries_deferred",
            "Deliveries waiting for another try",
            queue.deferred,
        ),
        (
            "queue_deliveries_held",
            "Deliveries held by an administrator",
            queue.held,
        ),
    ] {
        families.push(Family::gauge(name, help, [Sample::whole(value)]));
    }
    let oldest = queue.oldest_unix_ms.unwrap_or(now_unix_ms);
    families.push(Family::gauge(
        "queue_oldest_message_age_seconds",
        "How long ago the oldest message in the queue was accepted; 0 where there is none",
        [Sample::real(seconds(now_unix_ms.saturating_sub(oldest)))],
    ));
    if let Some(free) = queue.free_bytes {
        families.push(Family::gauge(
            "queue_free_bytes",
            "Free octets on the queue's file system",
            [Sample::whole(free)],
        ));
    }
    let states = [
        ("ok", QueueHealth::Ok),
        ("full", QueueHealth::Full),
        ("failing", QueueHealth::Failing),
    ];
    families.push(Family::gauge(
        "queue_state",
        "Whether the queue takes mail: 1 at the state it is in",
        states.map(|(word, state)| Sample::flag(queue.health == state).with("state", word)),
    ));
    families.push(Family::counter(
        "queue_syncs",
        "Syncs of the queue",
        status.role.started_unix_ms,
        [Sample::whole(queue.syncs)],
    ));
    for (name, help, us) in [
        (
            "queue_sync_last_seconds",
            "How long the last sync of the queue took",
            queue.sync_last_us,
        ),
        (
            "queue_sync_max_seconds",
            "How long the slowest sync of the queue took",
            queue.sync_max_us,
        ),
    ] {
        let took = std::time::Duration::from_micros(us).as_secs_f64();
        families.push(Family::gauge(name, help, [Sample::real(took)]));
    }
}
