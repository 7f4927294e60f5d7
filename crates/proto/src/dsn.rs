//! Delivery status notifications: bounces, delay notices, receipts (RFC 3461, 3464, 6522, 6533).
//!
//! Composed while being delivered, around the stored original. The same report composed twice is
//! the same octet for octet, so that a repeated delivery can be recognised as one.
//!
//! Never here: whether a report is to be made and to whom it goes.

use std::fmt::Write as _;

use mailward_model::{
    BodyType, Domain, EmailAddress, Envelope, MessageId, Ret,
    plan::{DsnAction, DsnRecipient},
};

use crate::{
    client::push_unicode,
    header,
    mime::{Carry, Composed, Original, boundary, report_field, text_part, unstructured},
    trace,
};

/// Recipients named one by one in the text for people; the machine-read part names all.
const NAMED_MAX: usize = 100;

/// Everything a notification is made from.
#[derive(Debug, Clone, Copy)]
pub struct DsnInput<'a> {
    /// The message reported on.
    pub message: MessageId,
    /// The delivery that carries the report; part of its Message-ID.
    pub delivery: u32,
    /// This host.
    pub host: &'a Domain,
    /// Who signs.
    pub from: &'a EmailAddress,
    /// Whom the report is for.
    pub to: &'a EmailAddress,
    /// The message's envelope.
    pub envelope: &'a Envelope,
    /// When the message arrived, Unix milliseconds.
    pub arrival_unix_ms: u64,
    /// One block each.
    pub recipients: &'a [DsnRecipient],
    /// The original's header section.
    pub header: &'a [u8],
    /// Octets of the original.
    pub size: u64,
    /// Octets above which only the header section is returned.
    pub attachment_max: u64,
    /// What the next hop can carry.
    pub carry: Carry,
}

/// Writes the notification.
pub fn compose(input: &DsnInput<'_>) -> Composed {
    let beyond_ascii = input.envelope.smtputf8
        || input.to.needs_smtputf8()
        || input
            .recipients
            .iter()
            .any(|r| r.rcpt.address.needs_smtputf8());
    let global = beyond_ascii && input.carry.smtputf8;
    let (text, text_body) = text_part(&people_text(input), input.carry);
    let status = status_part(input, global);
    let mut body = text_body;
    if !status.is_ascii() {
        body = body.max(BodyType::EightBitMime);
    }
    let original = choose_original(input);
    match original {
        Original::Whole => body = body.max(input.envelope.body),
        Original::HeaderOnly if !input.header.is_ascii() => {
            body = body.max(BodyType::EightBitMime);
        }
        _ => {}
    }

    let boundary = boundary(input.message, input.delivery, input.header);
    let kind = if global {
        "global-delivery-status"
    } else {
        "delivery-status"
    };
    let mut prefix = top(input, &boundary, kind).into_bytes();
    let mut open = |part: &[u8]| {
        prefix.extend_from_slice(b"\r\n--");
        prefix.extend_from_slice(boundary.as_bytes());
        prefix.extend_from_slice(b"\r\n");
        prefix.extend_from_slice(part);
    };
    open(&text);
    open(format!("Content-Type: message/{kind}\r\n\r\n{status}").as_bytes());
    let encoding = |body| match body {
        BodyType::SevenBit => "7bit",
        BodyType::EightBitMime => "8bit",
        BodyType::BinaryMime => "binary",
    };
    match original {
        Original::Whole => {
            let media = if global { "global" } else { "rfc822" };
            open(
                format!(
                    "Content-Type: message/{media}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                    encoding(input.envelope.body)
                )
                .as_bytes(),
            );
        }
        Original::HeaderOnly => {
            let media = if global {
                "message/global-headers"
            } else {
                "text/rfc822-headers"
            };
            let lines = if input.header.is_ascii() {
                BodyType::SevenBit
            } else {
                BodyType::EightBitMime
            };
            open(
                format!(
                    "Content-Type: {media}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
                    encoding(lines)
                )
                .as_bytes(),
            );
        }
        Original::None => {}
    }
    Composed {
        prefix,
        original,
        suffix: format!("\r\n--{boundary}--\r\n").into_bytes(),
        body,
        smtputf8: global,
    }
}

/// RFC 3461 §4.3: RET speaks of failures; other reports return the header at most. What the next
/// hop cannot carry stays behind.
fn choose_original(input: &DsnInput<'_>) -> Original {
    let failed = input
        .recipients
        .iter()
        .any(|r| r.action == DsnAction::Failed);
    // Header fields in UTF-8 can be returned to a peer that knows SMTPUTF8, and to no other.
    let header_fits = input.header.is_ascii()
        || (input.carry.eight_bit_mime && (input.carry.smtputf8 || !input.envelope.smtputf8));
    if failed
        && input.envelope.ret != Some(Ret::Headers)
        && input.size <= input.attachment_max
        && input.carry.takes(input.envelope.body)
        && header_fits
    {
        Original::Whole
    } else if header_fits {
        Original::HeaderOnly
    } else {
        Original::None
    }
}

/// The header section of the report, its empty line included.
fn top(input: &DsnInput<'_>, boundary: &str, kind: &str) -> String {
    let latest = input
        .recipients
        .iter()
        .filter_map(|r| r.last_attempt_unix_ms)
        .max()
        .unwrap_or(input.arrival_unix_ms);
    let subject = header::subject(input.header).unwrap_or_default();
    let title = match worst(input.recipients) {
        DsnAction::Failed => "Undeliverable",
        DsnAction::Delayed => "Delivery is delayed",
        DsnAction::Delivered => "Delivered",
        DsnAction::Relayed => "Relayed",
        DsnAction::Expanded => "Expanded",
    };
    let mut top = String::with_capacity(1024);
    // Writing to a String cannot fail.
    let _ = write!(
        top,
        "Date: {}\r\nFrom: Mail Delivery System <{}>\r\nTo: <{}>\r\n",
        trace::date(latest),
        input.from,
        input.to
    );
    top.push_str(&unstructured("Subject", &format!("{title}: {subject}")));
    let _ = write!(
        top,
        "Message-ID: <{}.{}.dsn@{}>\r\n",
        input.message, input.delivery, input.host
    );
    let original = header::summary(input.header).message_id;
    if let Some(id) = original.filter(|id| is_plain_id(id)) {
        let _ = write!(top, "In-Reply-To: {id}\r\nReferences: {id}\r\n");
    }
    // RFC 3834 §5.
    let _ = write!(
        top,
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type={kind};\r\n boundary=\"{boundary}\"\r\n"
    );
    top
}

/// True for a Message-ID that can be repeated on one line of a header field.
pub(crate) fn is_plain_id(id: &str) -> bool {
    id.len() < 900 && id.bytes().all(|b| b.is_ascii_graphic())
}

/// The gravest action stands in the subject.
fn worst(recipients: &[DsnRecipient]) -> DsnAction {
    let rank = |action| match action {
        DsnAction::Failed => 4,
        DsnAction::Delayed => 3,
        DsnAction::Relayed => 2,
        DsnAction::Expanded => 1,
        DsnAction::Delivered => 0,
    };
    recipients
        .iter()
        .map(|r| r.action)
        .max_by_key(|action| rank(*action))
        .unwrap_or(DsnAction::Failed)
}

/// The part for people.
fn people_text(input: &DsnInput<'_>) -> String {
    let mut text = format!("The mail server {} reports about your message", input.host);
    if let Some(subject) = header::subject(input.header).filter(|s| !s.trim().is_empty()) {
        let subject: String = subject.trim().chars().take(200).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "\r\n\r\n    {subject}");
    }
    let _ = write!(
        text,
        "\r\n\r\nthat arrived here on {}.\r\n",
        trace::date(input.arrival_unix_ms)
    );
    for (action, sentence) in [
        (
            DsnAction::Failed,
            "It could not be delivered to these recipients, and it will not be tried again:",
        ),
        (
            DsnAction::Delayed,
            "It has not been delivered to these recipients yet. It is still being tried; there is\r\nnothing you need to do:",
        ),
        (
            DsnAction::Delivered,
            "It has been delivered to these recipients:",
        ),
        (
            DsnAction::Relayed,
            "It has been handed on for these recipients to a server that sends no receipts, so\r\nthat you will hear no more of it:",
        ),
        (
            DsnAction::Expanded,
            "It has been delivered to these groups, and from there to their members:",
        ),
    ] {
        let mut of_action = input.recipients.iter().filter(|r| r.action == action);
        let shown: Vec<_> = of_action.by_ref().take(NAMED_MAX).collect();
        if shown.is_empty() {
            continue;
        }
        let _ = write!(text, "\r\n{sentence}\r\n");
        for recipient in shown {
            push_recipient(&mut text, recipient);
        }
        let more = of_action.count();
        if more > 0 {
            let _ = write!(
                text,
                "\r\n  and {more} more, named in the part that follows.\r\n"
            );
        }
    }
    text
}

fn push_recipient(text: &mut String, recipient: &DsnRecipient) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\r\n  {}\r\n", recipient.rcpt.address);
    let wanted = match recipient.action {
        DsnAction::Failed | DsnAction::Delayed => true,
        DsnAction::Delivered | DsnAction::Relayed | DsnAction::Expanded => false,
    };
    if wanted {
        let said: String = recipient.reply.to_string().chars().take(800).collect();
        match &recipient.remote {
            Some(remote) => {
                let _ = write!(text, "    {remote} said: {said}\r\n");
            }
            None => {
                let _ = write!(text, "    {said}\r\n");
            }
        }
    }
    if let Some(until) = recipient.retry_until_unix_ms {
        let _ = write!(
            text,
            "    It will be tried until {}.\r\n",
            trace::date(until)
        );
    }
}

/// The part for machines (RFC 3464 §2.2, §2.3).
fn status_part(input: &DsnInput<'_>, global: bool) -> String {
    let mut status = report_field("Reporting-MTA", &format!("dns; {}", input.host));
    if let Some(envid) = &input.envelope.envid {
        status.push_str(&report_field("Original-Envelope-Id", envid));
    }
    status.push_str(&report_field(
        "Arrival-Date",
        &trace::date(input.arrival_unix_ms),
    ));
    for recipient in input.recipients {
        status.push_str("\r\n");
        if let Some(orcpt) = &recipient.rcpt.orcpt {
            let (kind, address) = orcpt.split_once(';').unwrap_or(("rfc822", orcpt));
            let kind: String = kind
                .chars()
                .filter(char::is_ascii_graphic)
                .take(40)
                .collect();
            push_address(&mut status, "Original-Recipient", &kind, address, global);
        }
        push_address(
            &mut status,
            "Final-Recipient",
            "rfc822",
            &recipient.rcpt.address.to_string(),
            global,
        );
        let (action, class) = match recipient.action {
            DsnAction::Failed => ("failed", 5),
            DsnAction::Delayed => ("delayed", 4),
            DsnAction::Delivered => ("delivered", 2),
            DsnAction::Relayed => ("relayed", 2),
            DsnAction::Expanded => ("expanded", 2),
        };
        status.push_str(&report_field("Action", action));
        let code = match recipient.reply.enhanced {
            Some(code) => code.to_string(),
            // RFC 3463 §3.1: X.0.0 where nothing more is known.
            None => format!("{class}.0.0"),
        };
        status.push_str(&report_field("Status", &code));
        if let Some(remote) = &recipient.remote {
            status.push_str(&report_field("Remote-MTA", &format!("dns; {remote}")));
        }
        if matches!(recipient.action, DsnAction::Failed | DsnAction::Delayed) {
            status.push_str(&report_field(
                "Diagnostic-Code",
                &format!("smtp; {}", recipient.reply),
            ));
        }
        if let Some(at) = recipient.last_attempt_unix_ms {
            status.push_str(&report_field("Last-Attempt-Date", &trace::date(at)));
        }
        if let Some(until) = recipient.retry_until_unix_ms {
            status.push_str(&report_field("Will-Retry-Until", &trace::date(until)));
        }
    }
    status
}

/// An address field; beyond ASCII as RFC 6533 §3 has it: as it is where UTF-8 is allowed, else with
/// escapes.
fn push_address(status: &mut String, name: &str, kind: &str, address: &str, global: bool) {
    let address: String = address.chars().filter(|c| !c.is_control()).collect();
    if address.is_ascii() {
        // Writing to a String cannot fail.
        let _ = write!(status, "{name}: {kind}; {address}\r\n");
        return;
    }
    let _ = write!(status, "{name}: utf-8; ");
    for c in address.chars() {
        if global || c.is_ascii_graphic() {
            status.push(c);
        } else {
            push_unicode(status, c);
        }
    }
    status.push_str("\r\n");
}

#[cfg(test)]
#[path = "dsn_tests.rs"]
mod tests;
