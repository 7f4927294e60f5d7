//! Answers as objects: names and values in Exchange's words.
//!
//! Pure functions from an answer in JSON. Moments are written so that their order as text is their
//! order in time.

mod watch;

use mailward_model::Kind;
use serde_json::{Value, json};

use super::name;
use crate::{
    page::{Block, Page, stamp},
    view::{
        AuditList, AuditRecord, AuditResult, CertificateList, EventList, FoundRecipient,
        GroupMembers, HealthReport, HoldList, MessageView, ObjectView, OverrideList, QueueListing,
        RecipientList, Trace,
    },
};
pub(super) use watch::{items, mailflow, probe};

/// An object: names and values, in order.
pub type Row = Vec<(String, Value)>;

fn row<const N: usize>(fields: [(&str, Value); N]) -> Row {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn moment(unix_ms: Option<u64>) -> Value {
    unix_ms.map_or(Value::Null, |at| stamp(at).into())
}

/// Exchange's word for a word of ours: `internal_relay` is `InternalRelay`.
fn word(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => name::pascal(text).into(),
        None => value.clone(),
    }
}

/// RecipientTypeDetails of an object, where it is a recipient.
fn recipient_type(kind: Kind, spec: &serde_json::Map<String, Value>) -> Option<(Value, Value)> {
    let of_type = spec.get("type").and_then(Value::as_str).unwrap_or("user");
    let (broad, details) = match kind.table() {
        "mailbox" => {
            let details = match of_type {
                "room" | "equipment" | "shared" | "user" | "discovery" | "arbitration"
                | "monitoring" | "public_folder" | "journal" => name::pascal(of_type),
                other => name::pascal(other),
            };
            ("UserMailbox", format!("{details}Mailbox"))
        }
        "mail_contact" => ("MailContact", "MailContact".to_owned()),
        "mail_user" => ("MailUser", "MailUser".to_owned()),
        "dynamic_distribution_group" => (
            "DynamicDistributionGroup",
            "DynamicDistributionGroup".to_owned(),
        ),
        "distribution_group" => match of_type {
            "security" => (
                "MailUniversalSecurityGroup",
                "MailUniversalSecurityGroup".to_owned(),
            ),
            _ => (
                "MailUniversalDistributionGroup",
                "MailUniversalDistributionGroup".to_owned(),
            ),
        },
        _ => return None,
    };
    Some((broad.into(), details.into()))
}

/// The name of a recipient as a directory would write it (RFC 4514), for filters that are given one:
/// of `example.org/Sales` it makes `OU=Sales,DC=example,DC=org`.
fn distinguished(view: &ObjectView) -> String {
    let escaped = |text: &str| {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
                out.push('\\');
            }
            out.push(c);
        }
        out
    };
    let mut parts = vec![format!("CN={}", escaped(&view.name))];
    let unit = view.spec.get("organizational_unit").and_then(Value::as_str);
    let mut steps = unit.unwrap_or_default().split('/');
    let domain = steps.next().unwrap_or_default();
    let below: Vec<&str> = steps.collect();
    parts.extend(below.iter().rev().map(|one| format!("OU={}", escaped(one))));
    let labels = domain.split('.').filter(|label| !label.is_empty());
    parts.extend(labels.map(|label| format!("DC={}", escaped(label))));
    parts.join(",")
}

/// An object of a kind.
fn object(view: &ObjectView) -> Row {
    let mut row = row([
        ("Name", view.name.as_str().into()),
        ("Identity", view.name.as_str().into()),
    ]);
    let fields = super::parameter::fields(view.kind);
    for field in fields {
        let value = view.spec.get(&field.field).cloned().unwrap_or(Value::Null);
        // What stands for them where they are unset.
        let value = match (field.field.as_str(), &value) {
            ("alias", Value::Null) => {
                let address = view.spec.get("address").and_then(Value::as_str);
                let local = address.and_then(|address| address.rsplit_once('@'));
                local.map_or(Value::Null, |(local, _)| local.into())
            }
            ("display_name", Value::Null) => view.name.as_str().into(),
            _ => value,
        };
        let value = match &field.takes {
            super::Takes::Word(_) => word(&value),
            super::Takes::List(inner) if matches!(**inner, super::Takes::Word(_)) => {
                match value.as_array() {
                    Some(words) => words.iter().map(word).collect(),
                    None => value,
                }
            }
            _ => value,
        };
        row.push((name::of_field(view.kind, &field.field), value));
    }
    for word in name::words(view.kind) {
        let says = view.spec.get(word.field).and_then(Value::as_str);
        if !word.switch {
            row.push((word.name.to_owned(), (says == Some(word.yes)).into()));
        }
    }
    if let Some((broad, details)) = recipient_type(view.kind, &view.spec) {
        row.push(("DistinguishedName".to_owned(), distinguished(view).into()));
        row.push(("RecipientType".to_owned(), broad));
        row.push(("RecipientTypeDetails".to_owned(), details));
    }
    row.push(("Id".to_owned(), json!(view.id)));
    row.push(("Revision".to_owned(), json!(view.revision)));
    row
}

/// Objects of a kind: of a list of them, or of one.
///
/// # Errors
/// The answer is neither.
pub fn object_rows(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    match serde_json::from_slice::<ObjectView>(answer) {
        Ok(one) => Ok(vec![object(&one)]),
        Err(_) => {
            let list: crate::view::ObjectList = serde_json::from_slice(answer)?;
            Ok(list.objects.iter().map(object).collect())
        }
    }
}

/// The rows of a page's table.
fn of_page(page: Page) -> Vec<Row> {
    let mut rows = Vec::new();
    for block in page.blocks {
        if let Block::Table {
            columns, rows: all, ..
        } = block
        {
            rows.extend(all.into_iter().map(|cells| {
                let cells = columns.iter().zip(cells);
                let value = |column: &crate::page::Column, text: String| match text.parse::<u64>() {
                    Ok(number) if column.right => number.into(),
                    _ => Value::from(text),
                };
                cells
                    .map(|(column, cell)| (column.heading.to_owned(), value(column, cell.text)))
                    .collect::<Row>()
            }));
        }
    }
    rows
}

pub(super) fn server_health(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: HealthReport = serde_json::from_slice(answer)?;
    Ok(of_page(super::super::page::exchange::server_health(
        &view, 0,
    )))
}

pub(super) fn health_report(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    if let Ok(group) = serde_json::from_slice(answer) {
        return Ok(watch::rollup(&group));
    }
    let view: HealthReport = serde_json::from_slice(answer)?;
    let mut rows = of_page(super::super::page::exchange::health_report(&view, 0));
    for row in &mut rows {
        let name = |wanted: &str| {
            let found = row.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let set = name("HealthSet");
        row.push(("Identity".to_owned(), set));
    }
    Ok(rows)
}

pub(super) fn component_states(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: HoldList = serde_json::from_slice(answer)?;
    let rows = view.components.iter().map(|one| {
        let requesters = view
            .holds
            .iter()
            .filter(|hold| hold.component == one.component)
            .map(|hold| hold.requester.name());
        row([
            ("Component", one.component.as_str().into()),
            ("State", name::pascal(one.state.word()).into()),
            ("Requesters", requesters.collect()),
            ("Reason", one.reason.as_str().into()),
            ("Since", moment(Some(one.since_unix_ms))),
            ("Identity", one.component.as_str().into()),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn queues(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: QueueListing = serde_json::from_slice(answer)?;
    let rows = view.queues.queues.iter().map(|queue| {
        row([
            ("Identity", queue.next_hop.as_str().into()),
            ("DeliveryType", queue.delivery_type().into()),
            ("Status", queue.status().into()),
            ("MessageCount", queue.count.into()),
            ("IncomingRate", queue.incoming_rate.into()),
            ("OutgoingRate", queue.outgoing_rate.into()),
            ("Velocity", queue.velocity().into()),
            ("DeferredMessageCount", queue.deferred.into()),
            ("NextHopDomain", queue.next_hop_domain().into()),
            ("NextHopConnector", json!(queue.next_hop_connector())),
            ("NextRetryTime", moment(queue.next_retry_unix_ms)),
            ("OldestMessageTime", moment(queue.oldest_unix_ms)),
            ("LastError", json!(queue.last_error)),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn messages(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    // Of one message more is known.
    if let Ok(view) = serde_json::from_slice::<MessageView>(answer) {
        return Ok(vec![message(&view)]);
    }
    let view: QueueListing = serde_json::from_slice(answer)?;
    let rows = view.messages.messages.iter().map(|message| {
        row([
            ("Identity", json!(message.id)),
            ("FromAddress", json!(message.from)),
            ("Status", message.status().into()),
            ("Size", message.size.into()),
            ("Subject", json!(message.subject)),
            ("InternetMessageId", json!(message.message_id)),
            ("Recipients", json!(message.to)),
            ("RecipientCount", message.pending.into()),
            ("Queue", json!(message.next_hops)),
            ("DateReceived", moment(Some(message.accepted_unix_ms))),
            ("ExpirationTime", moment(message.expires_unix_ms)),
            ("NextRetryTime", moment(message.next_retry_unix_ms)),
            ("RetryCount", message.attempts.into()),
            ("LastError", json!(message.last_error)),
            ("SourceIP", json!(message.client)),
            ("MessageSourceName", message.connector.as_str().into()),
            ("IsProbeMessage", message.probe.into()),
        ])
    });
    Ok(rows.collect())
}

fn message(view: &MessageView) -> Row {
    let open = view.deliveries.iter().filter(|one| one.state != "settled");
    // As in a list: each delivery may do another thing.
    let has = |state: &str| open.clone().any(|one| one.state == state);
    let status = match view.held {
        true => "Suspended",
        false if has("held") => "Suspended",
        false if has("in_flight") => "Active",
        false if has("retry") => "Retry",
        false => "Ready",
    };
    let queues: Vec<&str> = view
        .deliveries
        .iter()
        .map(|one| one.next_hop.as_str())
        .collect();
    let replies = view.deliveries.iter().flat_map(|one| &one.recipients);
    let last_error = replies.filter_map(|one| one.reply.as_deref()).next();
    // `helo [address]`, or the address alone.
    let client = view.client.rsplit_once('[');
    let client = client.map_or(view.client.as_str(), |(_, ip)| ip.trim_end_matches(']'));
    let attempts = open.clone().map(|one| one.attempts).max();
    let next = open.clone().filter_map(|one| one.next_retry_unix_ms).min();
    let pending = open
        .flat_map(|one| &one.recipients)
        .filter(|one| matches!(one.state.as_str(), "pending" | "deferred"))
        .count();
    row([
        ("Identity", json!(view.id)),
        ("FromAddress", json!(view.from)),
        ("Status", status.into()),
        ("Size", view.size.into()),
        ("Subject", json!(view.subject)),
        ("InternetMessageId", json!(view.message_id)),
        ("Recipients", json!(view.to)),
        ("RecipientCount", pending.into()),
        ("Queue", json!(queues)),
        ("DateReceived", moment(Some(view.accepted_unix_ms))),
        ("ExpirationTime", moment(view.expires_unix_ms)),
        ("NextRetryTime", moment(next)),
        ("RetryCount", attempts.unwrap_or_default().into()),
        ("LastError", json!(last_error)),
        ("SourceIP", client.into()),
        ("MessageSourceName", view.connector.as_str().into()),
        ("IsProbeMessage", view.probe.into()),
    ])
}

pub(super) fn tracking(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: Trace = serde_json::from_slice(answer)?;
    let rows = view.entries.iter().map(|entry| {
        row([
            ("Timestamp", moment(Some(entry.unix_ms))),
            ("EventId", entry.event.as_str().into()),
            ("Source", entry.source.as_str().into()),
            ("Sender", entry.from.as_str().into()),
            ("Recipients", json!(entry.to)),
            ("RecipientStatus", json!(entry.status)),
            ("MessageId", entry.message_id.as_str().into()),
            ("InternalMessageId", entry.id.as_str().into()),
            ("ConnectorId", entry.connector.as_str().into()),
            ("ClientIp", entry.client_ip.as_str().into()),
            ("ClientHostname", entry.client.as_str().into()),
            ("ServerIp", entry.server_ip.as_str().into()),
            ("ServerHostname", entry.server.as_str().into()),
            ("TotalBytes", entry.bytes.into()),
            ("RecipientCount", entry.to.len().into()),
            ("RelatedRecipientAddress", entry.related.as_str().into()),
            ("Reference", entry.reference.as_str().into()),
            ("SourceContext", entry.context.as_str().into()),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn certificates(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: CertificateList = serde_json::from_slice(answer)?;
    let at = |unix_ms: i64| moment(u64::try_from(unix_ms).ok());
    let rows = view.certificates.iter().map(|one| {
        row([
            ("Thumbprint", one.spki_sha256.as_str().into()),
            ("Services", json!(one.used_by)),
            ("Subject", one.subject.as_str().into()),
            ("CertificateDomains", json!(one.names)),
            ("Issuer", one.issuer.as_str().into()),
            ("NotBefore", at(one.not_before_unix_ms)),
            ("NotAfter", at(one.not_after_unix_ms)),
            ("IsSelfSigned", one.self_signed.into()),
            ("SerialNumber", one.serial.as_str().into()),
            ("PublicKey", one.key.as_str().into()),
            ("File", one.file.as_str().into()),
            ("Warnings", json!(one.warnings)),
            ("Identity", one.spki_sha256.as_str().into()),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn events(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: EventList = serde_json::from_slice(answer)?;
    let rows = view.events.iter().map(|event| {
        row([
            ("TimeGenerated", moment(Some(event.unix_ms))),
            ("EntryType", name::pascal(&event.level).into()),
            ("Source", event.role.as_str().into()),
            ("InstanceId", event.number.into()),
            ("EventId", event.number.into()),
            ("Name", event.name.as_str().into()),
            ("Message", event.text.as_str().into()),
            ("Repeated", event.repeated.into()),
            ("Identity", event.number.to_string().into()),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn audit(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: AuditList = serde_json::from_slice(answer)?;
    let rows = view.records.iter().map(|one| {
        row([
            ("RunDate", moment(Some(one.unix_ms))),
            ("Caller", one.on_behalf_of.as_str().into()),
            ("CmdletName", one.operation.as_str().into()),
            ("CmdletParameters", one.parameters.clone().into()),
            ("Succeeded", (one.result == AuditResult::Done).into()),
            ("Error", one.because.as_str().into()),
            ("OriginatingServer", json!(one.machine)),
            ("Server", one.node.as_str().into()),
            ("ActedAs", json!(one.acted_as)),
            ("ClientIP", one.from.as_str().into()),
            ("ModifiedProperties", modified(one)),
        ])
    });
    Ok(rows.collect())
}

/// What an act changed, in Exchange's words.
fn modified(record: &AuditRecord) -> Value {
    let each = record.changes.iter().map(|change| {
        json!({
            "Subject": change.subject,
            "Name": change.field,
            "OldValue": change.before,
            "NewValue": change.after,
        })
    });
    each.collect()
}

pub(super) fn recipients(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: RecipientList = serde_json::from_slice(answer)?;
    Ok(found(&view.recipients))
}

pub(super) fn group_members(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: GroupMembers = serde_json::from_slice(answer)?;
    Ok(found(&view.members))
}

fn found(recipients: &[FoundRecipient]) -> Vec<Row> {
    let rows = recipients.iter().map(|one| {
        row([
            ("Name", one.name.as_str().into()),
            ("PrimarySmtpAddress", one.address.as_str().into()),
            ("RecipientType", broad(&one.recipient_type).into()),
            ("RecipientTypeDetails", one.recipient_type.as_str().into()),
            ("Identity", one.address.as_str().into()),
        ])
    });
    rows.collect()
}

/// RecipientType by RecipientTypeDetails.
fn broad(details: &str) -> &str {
    if details.ends_with("Mailbox") {
        "UserMailbox"
    } else {
        details
    }
}

pub(super) fn members(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: ObjectView = serde_json::from_slice(answer)?;
    let members = view.spec.get("members").and_then(Value::as_array);
    let rows = members.into_iter().flatten().map(|address| {
        row([
            ("Name", address.clone()),
            ("PrimarySmtpAddress", address.clone()),
            ("Group", view.name.as_str().into()),
            ("Identity", address.clone()),
        ])
    });
    Ok(rows.collect())
}

pub(super) fn overrides(answer: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let view: OverrideList = serde_json::from_slice(answer)?;
    let rows = view.overrides.iter().map(|one| {
        row([
            ("Identity", one.name.as_str().into()),
            ("ItemName", one.item.as_str().into()),
            ("PropertyName", one.property.as_str().into()),
            ("PropertyValue", one.value.as_str().into()),
            ("ExpirationTime", moment(one.until_unix_ms)),
            ("ApplyVersion", json!(one.version)),
            ("CreatedBy", one.owner.as_str().into()),
            ("Reason", one.reason.as_str().into()),
            ("Scope", one.scope.as_str().into()),
            ("InForce", one.in_force.into()),
            ("Note", one.note.as_str().into()),
        ])
    });
    Ok(rows.collect())
}
