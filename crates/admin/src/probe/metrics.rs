//! Metrics in the OpenMetrics text format.

use std::{fmt, sync::Arc};

use mailward_api::view::{ManagerStatus, QueueHealth, TransportStatus, WorkerStatus};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet, text::encode},
    metrics::MetricType,
    registry::Registry,
};

use super::{Heard, severity};

/// The metrics of what was heard.
///
/// # Errors
/// Never in practice: they are written to memory.
pub(super) fn render(heard: Arc<Heard>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("mailward");
    registry.register_collector(Box::new(Scrape(heard)));
    let mut text = String::with_capacity(8 << 10);
    encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Scrape(Arc<Heard>);

/// Labels of one value, and the value.
type Sample<'a, T> = (Vec<(&'static str, &'a str)>, T);

/// A metric with a value for each set of labels.
fn gauge<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = Sample<'a, i64>>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        match labels.is_empty() {
            true => metric.encode_gauge(&value)?,
            false => metric.encode_family(&labels)?.encode_gauge(&value)?,
        }
    }
    Ok(())
}

/// A count that only grows while a role lives. `_total` is added to its name.
fn counter<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl IntoIterator<Item = Sample<'a, u64>>,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in samples {
        match labels.is_empty() {
            true => metric.encode_counter::<NoLabelSet, _, u64>(&value, None)?,
            false => metric
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&value, None)?,
        }
    }
    Ok(())
}

fn plain<'a, T>(value: T) -> [Sample<'a, T>; 1] {
    [(Vec::new(), value)]
}

/// Gauges are signed in OpenMetrics; no count here comes near the limit.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let heard = &self.0;
        let up = [
            ("transport", heard.transport.is_some()),
            ("manager", heard.manager.is_some()),
            ("worker", heard.worker.is_some()),
        ];
        let up = up.map(|(role, up)| (vec![("role", role)], i64::from(up)));
        gauge(&mut encoder, "role_up", "Whether the role answers", up)?;
        if let Some(status) = &heard.transport {
            transport(&mut encoder, status)?;
            queue(&mut encoder, status)?;
        }
        if let Some(status) = &heard.manager {
            manager(&mut encoder, status)?;
        }
        if let Some(status) = &heard.worker {
            worker(&mut encoder, status)?;
        }
        Ok(())
    }
}

fn transport(encoder: &mut DescriptorEncoder<'_>, status: &TransportStatus) -> fmt::Result {
    let counters = &status.counters;
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
    ] {
        counter(encoder, name, help, plain(value))?;
    }
    gauge(
        encoder,
        "gate_closed",
        "Whether new mail is answered 421",
        plain(i64::from(status.gate.closed)),
    )?;
    let sessions = status.connectors.iter().map(|one| {
        (
            vec![("connector", one.connector.as_str())],
            i64::from(one.sessions),
        )
    });
    gauge(
        encoder,
        "sessions_open",
        "Sessions open, by receive connector",
        sessions,
    )?;
    let total = status.connectors.iter().map(|one| {
        (
            vec![("connector", one.connector.as_str())],
            one.sessions_total,
        )
    });
    counter(encoder, "sessions", "Sessions, by receive connector", total)
}

fn queue(encoder: &mut DescriptorEncoder<'_>, status: &TransportStatus) -> fmt::Result {
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
        ("queue_in_flight", "Deliveries being tried", queue.in_flight),
        (
            "queue_deferred",
            "Deliveries waiting for another try",
            queue.deferred,
        ),
        (
            "queue_held",
            "Deliveries held by an administrator",
            queue.held,
        ),
        (
            "queue_sync_last_microseconds",
            "How long the last sync took",
            queue.sync_last_us,
        ),
        (
            "queue_sync_max_microseconds",
            "How long the slowest sync took",
            queue.sync_max_us,
        ),
    ] {
        gauge(encoder, name, help, plain(signed(value)))?;
    }
    if let Some(oldest) = queue.oldest_unix_ms {
        gauge(
            encoder,
            "queue_oldest_timestamp_milliseconds",
            "When the oldest message was accepted",
            plain(signed(oldest)),
        )?;
    }
    if let Some(free) = queue.free_bytes {
        let help = "Free octets on the queue's file system";
        gauge(encoder, "queue_free_bytes", help, plain(signed(free)))?;
    }
    let health = match queue.health {
        QueueHealth::Ok => 0,
        QueueHealth::Full => 1,
        QueueHealth::Failing => 2,
    };
    let help = "0 takes mail, 1 disk full, 2 disk failing";
    gauge(encoder, "queue_health", help, plain(health))?;
    counter(
        encoder,
        "queue_syncs",
        "Syncs of the queue",
        plain(queue.syncs),
    )
}

fn manager(encoder: &mut DescriptorEncoder<'_>, status: &ManagerStatus) -> fmt::Result {
    let restarts = status
        .children
        .iter()
        .map(|child| (vec![("role", child.role.name())], child.restarts));
    counter(encoder, "role_restarts", "Restarts of a role", restarts)?;
    counter(encoder, "repairs", "Repairs done", plain(status.repairs))
}

fn worker(encoder: &mut DescriptorEncoder<'_>, status: &WorkerStatus) -> fmt::Result {
    let help = "State of a health set: 0 healthy, 1 disabled, 2 unknown, 3 recovering, 4 suspect, \
                5 unavailable, 6 degraded, 7 unhealthy, 8 unrecoverable";
    let sets = status
        .sets
        .iter()
        .map(|(set, state)| (vec![("set", set.as_str())], severity(*state)));
    gauge(encoder, "health_set_state", help, sets)?;
    let cases = i64::from(status.open_cases);
    gauge(
        encoder,
        "recovery_cases_open",
        "Open recovery cases",
        plain(cases),
    )?;
    counter(encoder, "probes", "Health probes run", plain(status.probes))?;
    let help = "Health probes that failed";
    counter(encoder, "probes_failed", help, plain(status.probes_failed))
}
