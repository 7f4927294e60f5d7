//! Message tracking, read from its files.

use mailward_api::{
    fault::Fault,
    operation::request,
    view::{Trace, TraceEntry},
};
use mailward_events::tracking::{self, Entry, EventId, Query};
use mailward_model::MessageId;

use super::{Access, blocking, failed};

/// How far back is searched where nothing is said: a day.
const SINCE_DEFAULT_MS: u64 = 86_400_000;

/// What the search takes: an address as it is, a domain with `@` before it.
fn address_or_domain(text: String) -> String {
    if text.contains('@') || text.is_empty() || text == "<>" {
        text
    } else {
        format!("@{text}")
    }
}

/// The step of this word, in any case.
fn step(word: &str) -> Result<EventId, Fault> {
    let mut all = EventId::ALL.iter();
    let found = all.find(|event| event.as_str().eq_ignore_ascii_case(word));
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = EventId::ALL.iter().map(|event| event.as_str()).collect();
        let list = format!("there are {}", known.join(", "));
        super::unknown("step of a message", &word.to_uppercase(), &known, &list).at("event")
    })
}

fn entry(entry: &Entry<'_>) -> TraceEntry {
    let ip = |ip: Option<std::net::IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    let from = if entry.sender.is_empty() {
        &entry.return_path
    } else {
        &entry.sender
    };
    let context = [&entry.source_context, &entry.custom_data]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(AsRef::as_ref)
        .collect::<Vec<&str>>()
        .join("; ");
    TraceEntry {
        unix_ms: entry.unix_ms,
        event: entry.event_id.to_string(),
        source: entry.source.to_string(),
        id: entry
            .network_message_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        message_id: entry.message_id.to_string(),
        connector: entry.connector_id.to_string(),
        client_ip: ip(entry.client_ip),
        client: entry.client_hostname.to_string(),
        server_ip: ip(entry.server_ip),
        server: entry.server_hostname.to_string(),
        from: from.to_string(),
        to: entry.recipients.iter().map(ToString::to_string).collect(),
        status: entry
            .recipient_status
            .iter()
            .map(ToString::to_string)
            .collect(),
        bytes: entry.total_bytes,
        related: entry.related_recipient.to_string(),
        reference: entry.reference.to_string(),
        context,
    }
}

impl Access {
    pub(super) async fn trace(&self, r: request::Trace) -> Result<Trace, Fault> {
        let now = self.now();
        let limit = r.limit as usize;
        let since = match (&r.since, r.id) {
            (Some(since), _) => Some(since.unix_ms(now)),
            // An id carries its time.
            (None, Some(_)) => None,
            (None, None) => Some(now.saturating_sub(SINCE_DEFAULT_MS)),
        };
        let query = Query {
            id: r.id,
            from: r.from.map(address_or_domain),
            to: r.to.map(address_or_domain),
            message_id: r.message_id,
            event: r.event.as_deref().map(step).transpose()?,
            since_unix_ms: since,
            until_unix_ms: r.until.map(|until| until.unix_ms(now)),
            // One more than wanted tells whether there are more.
            limit: limit + 1,
            // Whoever names a probe by its id wants to see it.
            probes: r.probes || r.id.is_some(),
        };
        let mut entries = self.search(query).await?;
        let cut_off = entries.len() > limit;
        if cut_off {
            entries.drain(..entries.len() - limit);
        }
        Ok(Trace { entries, cut_off })
    }

    /// Everything about one message, probes included.
    pub(super) async fn trace_message(&self, id: MessageId) -> Result<Trace, Fault> {
        let query = Query {
            id: Some(id),
            probes: true,
            ..Query::default()
        };
        Ok(Trace {
            entries: self.search(query).await?,
            cut_off: false,
        })
    }

    async fn search(&self, query: Query) -> Result<Vec<TraceEntry>, Fault> {
        let dir = self.tracking_dir.clone();
        blocking(move || {
            tracking::search(&dir, &query)
                .map(|entries| entries.iter().map(entry).collect())
                .map_err(|error| failed(&error))
        })
        .await
    }
}
