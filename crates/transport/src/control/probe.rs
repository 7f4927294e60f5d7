//! A health probe sent through a send connector: taken from the worker, put into the queue as any
//! mail is, and answered with what the next hop said to it.
//!
//! Never here: a way of its own. Where ordinary routing would not take the message through the
//! connector, it is not sent.

use std::{sync::Arc, time::Duration};

use mailward_api::{
    control::{ProbeLetter, RouteProbed},
    fault::Fault,
};
use mailward_model::{
    Envelope, EnvelopeRecipient, Origin, ReversePath,
    plan::{Delivery, Fate, NextHop},
};
use mailward_proto::{
    header,
    trace::{ReceivedFields, received},
};

use crate::{
    Shared,
    categorize::Categorized,
    receive::{
        accept::{Letter, Ready, accept},
        record::Record,
    },
};

/// What stands for the protocol in the trace field and the tracking log.
const PROTOCOL: &str = "PROBE";
/// The longest wait for a next hop's answer: that of the longest probe.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Octets of a probe.
const OCTETS_MAX: usize = 16 << 10;

/// Sends the letter and waits for the answer.
pub(super) async fn send(shared: &Arc<Shared>, letter: ProbeLetter) -> Result<RouteProbed, Fault> {
    let content = letter.content.into_bytes();
    if content.len() > OCTETS_MAX {
        return Err(Fault::invalid(
            format!("a health probe has at most {OCTETS_MAX} octets"),
            "send what the worker composes",
        ));
    }
    let wait = Duration::from_millis(letter.wait_ms).min(WAIT_MAX);
    let began = shared.clock.monotonic();
    let ready = match prepare(shared, &letter.connector, letter.recipient, &content)? {
        Prepared::Ready(ready) => *ready,
        Prepared::Elsewhere(way) => return Ok(RouteProbed::Elsewhere { way }),
    };
    let id = ready.id;
    let heard = shared.probes.listen(id);
    let reply = accept(shared, ready).await;
    if !reply.is_positive() {
        return Ok(RouteProbed::Refused {
            reply: reply.to_string(),
        });
    }
    let since = |from: Duration| {
        let passed = shared.clock.monotonic().saturating_sub(from);
        u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
    };
    let (accepted_ms, queued) = (since(began), shared.clock.monotonic());
    match tokio::time::timeout(wait, heard).await {
        Ok(Ok(heard)) => Ok(RouteProbed::Answered {
            delivered: heard.fate == Fate::Delivered,
            reply: heard.reply,
            remote: heard.remote,
            accepted_ms,
            answered_ms: since(queued),
        }),
        // Nobody tells any more where the message was removed by an administrator.
        Ok(Err(_)) | Err(_) => Ok(RouteProbed::Silent { accepted_ms }),
    }
}

enum Prepared {
    Ready(Box<Ready>),
    /// Where ordinary routing would take it.
    Elsewhere(String),
}

fn prepare(
    shared: &Shared,
    connector: &str,
    recipient: mailward_model::EmailAddress,
    content: &[u8],
) -> Result<Prepared, Fault> {
    let hostname = &shared.node.hostname;
    let now_unix_ms = shared.clock.unix_ms();
    let id = shared.queue.new_id();
    let field = received(&ReceivedFields {
        helo: hostname.as_str(),
        client: None,
        by: hostname,
        protocol: PROTOCOL,
        tls: None,
        id,
        recipient: Some(&recipient),
        unix_ms: now_unix_ms,
    });
    let envelope = Envelope {
        // RFC 5321 §4.5.5: so that nobody answers it.
        mail_from: ReversePath::default(),
        recipients: vec![EnvelopeRecipient::new(recipient)],
        ..Envelope::default()
    };
    let origin = Origin {
        connector: String::new(),
        client: None,
        server: None,
        helo: hostname.to_string(),
        protocol: PROTOCOL.to_owned(),
        tls: None,
        account: None,
        probe: true,
        arrival: None,
        accepted_unix_ms: now_unix_ms,
    };
    let section = header::section(content);
    let letter = Letter {
        envelope: &envelope,
        origin: &origin,
        header: section,
        summary: &header::summary(section),
        octets: (field.len() + content.len()) as u64,
        hostname,
        internal: true,
        peer_marks: "",
        found: "",
    };
    let categorized = letter.categorize(&shared.snapshot.load());
    if let Some(way) = other_way(&categorized, connector) {
        return Ok(Prepared::Elsewhere(way));
    }
    let record = Record::of(id, &letter, &categorized);
    let mut writer = shared.queue.spool(id);
    let body = writer
        .write(field.as_bytes())
        .and_then(|()| writer.write(content))
        .and_then(|()| writer.finish())
        .map_err(|error| Fault::failed(error.to_string()))?;
    Ok(Prepared::Ready(Box::new(Ready {
        id,
        envelope,
        origin,
        body,
        categorized,
        record,
    })))
}

/// Where the message would go, if not through this connector and nowhere else.
fn other_way(categorized: &Categorized, connector: &str) -> Option<String> {
    if let Some(failure) = categorized.failures.first() {
        return Some(format!("is answered {}", failure.reply));
    }
    match categorized.plan.deliveries.as_slice() {
        [
            Delivery {
                next_hop:
                    NextHop::SmartHost { connector: chosen }
                    | NextHop::Domain {
                        connector: chosen, ..
                    },
                ..
            },
        ] if chosen.eq_ignore_ascii_case(connector) => None,
        [] => Some("goes nowhere".to_owned()),
        deliveries => {
            let hops = deliveries.iter().map(|one| one.next_hop.to_string());
            Some(format!("goes to {}", hops.collect::<Vec<_>>().join(", ")))
        }
    }
}
