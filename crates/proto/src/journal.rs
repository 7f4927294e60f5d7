//! Journal reports: who sent a message, who got it, and the message itself, unchanged.
//!
//! The format is MS-XJRNL's envelope in front of the original as a message/rfc822 part: what every
//! archive reads. Composed while being delivered; composed twice, it is the same octet for octet.
//!
//! Invariant: the original's octets are not touched, and every recipient of the message has a line.

use std::fmt::Write as _;

use mailward_model::{
    BodyType, Domain, EmailAddress, Envelope, MessageId,
    plan::{JournalAddressForm, JournalReport, JournalRole, Redirection},
};

use crate::{
    header,
    mime::{Carry, Composed, Original, boundary, text_part, unstructured},
    trace,
};

/// Everything a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct JournalInput<'a> {
    /// The message.
    pub message: MessageId,
    /// Tells the reports of one message from each other, see [`report_no`]; part of its Message-ID.
    pub delivery: u32,
    /// This host.
    pub host: &'a Domain,
    /// The system sender the report is from.
    pub from: &'a EmailAddress,
    /// The journal.
    pub to: &'a EmailAddress,
    /// The message's envelope.
    pub envelope: &'a Envelope,
    /// When the message was accepted, Unix milliseconds.
    pub accepted_unix_ms: u64,
    /// The original's header section.
    pub header: &'a [u8],
    /// Who got the message.
    pub report: &'a JournalReport,
    /// What the next hop can carry.
    pub carry: Carry,
}

/// The number of a target among those of a message. It follows from the address alone, so that a
/// report that is sent twice, whichever delivery carries it, has one Message-ID and an archive can
/// tell.
pub fn report_no(target: &EmailAddress) -> u32 {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(target.key().as_bytes());
    digest
        .iter()
        .take(4)
        .fold(0, |no, octet| no << 8 | u32::from(*octet))
}

/// The Message-ID of a report, without its brackets.
pub fn message_id(message: MessageId, no: u32, host: &Domain) -> String {
    let mut id = String::with_capacity(64);
    write_message_id(&mut id, message, no, host);
    id
}

fn write_message_id(to: &mut String, message: MessageId, no: u32, host: &Domain) {
    // Writing to a String cannot fail.
    let _ = write!(to, "{message}.{no}.journal@{host}");
}

/// The message a report is about and its number, from the Message-ID that [`message_id`] wrote on
/// this host; `None` for any other.
pub fn read_message_id(text: &str, host: &Domain) -> Option<(MessageId, u32)> {
    let text = text.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (left, right) = text.split_once('@')?;
    let (id, no) = left.strip_suffix(".journal")?.split_once('.')?;
    (right.eq_ignore_ascii_case(host.as_str())).then_some(())?;
    Some((id.parse().ok()?, no.parse().ok()?))
}

/// Writes the report.
///
/// A site that journals everything composes one for each message: it is written into one buffer,
/// from front to back.
pub fn compose(input: &JournalInput<'_>) -> Composed {
    let subject = header::subject(input.header).unwrap_or_default();
    let (text, text_body) = text_part(&envelope_text(input, &subject), input.carry);
    let boundary = boundary(input.message, input.delivery, input.header);
    let mut prefix = String::with_capacity(1024 + subject.len());
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        prefix,
        "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\n",
        trace::date(input.accepted_unix_ms),
        input.from,
        input.to
    );
    prefix.push_str(&unstructured("Subject", &subject));
    prefix.push_str("Message-ID: <");
    write_message_id(&mut prefix, input.message, input.delivery, input.host);
    // An empty value: archives look for the field's name, and MS-XJRNL wants nothing behind it.
    prefix.push_str(">\r\nX-MS-Journal-Report:\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"");
    for piece in [&boundary, "\"\r\n\r\n--", &boundary, "\r\n"] {
        prefix.push_str(piece);
    }
    let mut prefix = prefix.into_bytes();
    prefix.extend_from_slice(&text);
    let encoding = match input.envelope.body {
        BodyType::SevenBit => "7bit",
        BodyType::EightBitMime => "8bit",
        BodyType::BinaryMime => "binary",
    };
    for piece in [
        "\r\n--",
        &boundary,
        "\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: ",
        encoding,
        "\r\n\r\n",
    ] {
        prefix.extend_from_slice(piece.as_bytes());
    }
    Composed {
        prefix,
        original: Original::Whole,
        suffix: ["\r\n--", &boundary, "--\r\n"].concat().into_bytes(),
        body: text_body.max(input.envelope.body),
        smtputf8: input.to.needs_smtputf8() || input.from.needs_smtputf8(),
    }
}

/// The envelope lines of MS-XJRNL §2.1.
fn envelope_text(input: &JournalInput<'_>, subject: &str) -> String {
    let mut text = String::with_capacity(192 + subject.len() + 64 * input.report.recipients.len());
    let angle = input.report.format.addresses == JournalAddressForm::Angle;
    let path = |text: &mut String, address: &EmailAddress| {
        let _ = match angle {
            true => write!(text, "<{address}>"),
            false => write!(text, "{address}"),
        };
    };
    text.push_str("Sender: ");
    match input.envelope.mail_from.address() {
        Some(address) => path(&mut text, address),
        None => text.push_str("<>"),
    }
    text.push_str("\r\nSubject: ");
    text.push_str(subject.trim());
    text.push_str("\r\nMessage-ID: ");
    let id = header::summary(input.header).message_id;
    text.push_str(id.as_deref().unwrap_or_default());
    text.push_str("\r\n");
    if let Some(label) = &input.report.format.label {
        let _ = write!(text, "Label: {}\r\n", label.trim());
    }
    if input.report.format.sent_utc {
        let sent = trace::utc(input.accepted_unix_ms);
        let _ = write!(text, "SentUtc: {sent}\r\n");
    }
    for recipient in &input.report.recipients {
        text.push_str(match recipient.role {
            JournalRole::To => "To: ",
            JournalRole::Cc => "Cc: ",
            JournalRole::Bcc => "Bcc: ",
            JournalRole::Recipient => "Recipient: ",
        });
        path(&mut text, &recipient.address);
        match &recipient.redirection {
            Some(Redirection::Expanded(original)) => {
                text.push_str(", Expanded: ");
                path(&mut text, original);
            }
            Some(Redirection::Forwarded(original)) => {
                text.push_str(", Forwarded: ");
                path(&mut text, original);
            }
            None => {}
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use mail_parser::{MessageParser, PartType};
    use mailward_model::plan::{JournalFormat, JournalRecipient};
    use proptest::prelude::*;

    use super::*;

    fn recipient(
        role: JournalRole,
        address: &str,
        redirection: Option<Redirection>,
    ) -> JournalRecipient {
        JournalRecipient {
            role,
            address: address.parse().unwrap(),
            redirection,
        }
    }

    fn report(
        original: &[u8],
        body: BodyType,
        recipients: Vec<JournalRecipient>,
        carry: Carry,
    ) -> (Composed, Vec<u8>) {
        let envelope = Envelope {
            mail_from: "alice@example.org".parse().unwrap(),
            body,
            ..Default::default()
        };
        let composed = compose(&JournalInput {
            message: MessageId::from_bits(1),
            delivery: 2,
            host: &"edge.example.org".parse().unwrap(),
            from: &"postmaster@example.org".parse().unwrap(),
            to: &"journal@example.org".parse().unwrap(),
            envelope: &envelope,
            accepted_unix_ms: 1_739_349_005_000,
            header: header::section(original),
            report: &JournalReport {
                rules: vec!["all".into()],
                recipients,
                ..JournalReport::default()
            },
            carry,
        });
        let mut octets = composed.prefix.clone();
        octets.extend_from_slice(original);
        octets.extend_from_slice(&composed.suffix);
        (composed, octets)
    }

    #[test]
    fn a_report_names_everybody_and_holds_the_message() {
        let original = "Message-ID: <c1@example.org>\r\nSubject: Q3 =?utf-8?q?Gr=C3=B6=C3=9Fen?=\r\n\r\nhello ä\r\n".as_bytes();
        let group = Redirection::Expanded("finance@example.org".parse().unwrap());
        let forward = Redirection::Forwarded("dave@example.org".parse().unwrap());
        let recipients = vec![
            recipient(JournalRole::To, "bob@example.org", None),
            recipient(JournalRole::To, "carol@example.org", Some(group)),
            recipient(JournalRole::Cc, "eve@example.net", Some(forward)),
            recipient(JournalRole::Bcc, "auditor@example.com", None),
            recipient(JournalRole::Recipient, "x@example.com", None),
        ];
        let (composed, octets) = report(original, BodyType::EightBitMime, recipients, Carry::ALL);
        assert_eq!(composed.body, BodyType::EightBitMime);
        let message = MessageParser::default().parse(&octets).unwrap();
        assert!(
            message
                .header_raw("X-MS-Journal-Report")
                .unwrap()
                .trim()
                .is_empty()
        );
        assert_eq!(message.subject(), Some("Q3 Größen"));
        assert_eq!(
            message.body_text(0).unwrap().replace("\r\n", "\n"),
            "Sender: alice@example.org\nSubject: Q3 Größen\nMessage-ID: <c1@example.org>\nTo: bob@example.org\nTo: carol@example.org, Expanded: finance@example.org\nCc: eve@example.net, Forwarded: dave@example.org\nBcc: auditor@example.com\nRecipient: x@example.com\n"
        );
        let PartType::Message(inner) = &message.parts[2].body else {
            panic!("no message/rfc822 part");
        };
        assert_eq!(inner.raw_message(), original);
        assert!(summary_says_journal(&octets));
    }

    #[test]
    fn a_rule_may_want_brackets_a_label_and_the_time() {
        let envelope = Envelope {
            mail_from: "alice@example.org".parse().unwrap(),
            ..Default::default()
        };
        let group = Redirection::Expanded("finance@example.org".parse().unwrap());
        let composed = compose(&JournalInput {
            message: MessageId::from_bits(1),
            delivery: 2,
            host: &"edge.example.org".parse().unwrap(),
            from: &"postmaster@example.org".parse().unwrap(),
            to: &"journal@example.org".parse().unwrap(),
            envelope: &envelope,
            accepted_unix_ms: 1_739_349_005_000,
            header: b"Subject: x\r\nMessage-ID: <c1@example.org>\r\n",
            report: &JournalReport {
                recipients: vec![recipient(
                    JournalRole::Bcc,
                    "carol@example.org",
                    Some(group),
                )],
                format: JournalFormat {
                    addresses: JournalAddressForm::Angle,
                    label: Some("Finance".to_owned()),
                    sent_utc: true,
                },
                ..JournalReport::default()
            },
            carry: Carry::ALL,
        });
        let text = String::from_utf8(composed.prefix).unwrap();
        assert!(
            text.contains("\r\n\r\nSender: <alice@example.org>\r\nSubject: x\r\nMessage-ID: <c1@example.org>\r\nLabel: Finance\r\nSentUtc: 2/12/2025 8:30:05 AM\r\nBcc: <carol@example.org>, Expanded: <finance@example.org>\r\n"),
            "{text}"
        );
    }

    #[test]
    fn a_reports_message_id_says_which_it_is() {
        let host: Domain = "edge.example.org".parse().unwrap();
        let no = report_no(&"Archive@Example.NET".parse().unwrap());
        assert_eq!(no, report_no(&"archive@example.net".parse().unwrap()));
        let id = MessageId::from_bits(77);
        let text = format!("<{}>", message_id(id, no, &host));
        assert_eq!(read_message_id(&text, &host), Some((id, no)));
        for strange in [
            text.replace(".journal", ".dsn"),
            text.replace("edge", "other"),
            text.trim_start_matches('<').to_owned(),
            "<x@edge.example.org>".to_owned(),
            String::new(),
        ] {
            assert_eq!(read_message_id(&strange, &host), None, "{strange}");
        }
    }

    fn summary_says_journal(octets: &[u8]) -> bool {
        header::summary(header::section(octets)).journal_report
    }

    #[test]
    fn a_null_sender_and_a_headerless_message() {
        let envelope = Envelope::default();
        let composed = compose(&JournalInput {
            message: MessageId::from_bits(1),
            delivery: 2,
            host: &"edge.example.org".parse().unwrap(),
            from: &"postmaster@example.org".parse().unwrap(),
            to: &"journal@example.org".parse().unwrap(),
            envelope: &envelope,
            accepted_unix_ms: 0,
            header: b"",
            report: &JournalReport::default(),
            carry: Carry::ALL,
        });
        let text = String::from_utf8(composed.prefix).unwrap();
        assert!(
            text.contains("\r\nSender: <>\r\nSubject: \r\nMessage-ID: \r\n"),
            "{text}"
        );
    }

    #[test]
    fn an_envelope_beyond_ascii_fits_a_seven_bit_peer() {
        let seven = Carry {
            eight_bit_mime: false,
            binary_mime: false,
            smtputf8: false,
        };
        let recipients = vec![recipient(JournalRole::Recipient, "grå@example.org", None)];
        let (composed, octets) = report(
            b"Subject: x\r\n\r\ny\r\n",
            BodyType::SevenBit,
            recipients,
            seven,
        );
        assert_eq!(composed.body, BodyType::SevenBit);
        assert!(octets.is_ascii());
        let message = MessageParser::default().parse(&octets).unwrap();
        assert!(
            message
                .body_text(0)
                .unwrap()
                .contains("Recipient: grå@example.org")
        );
    }

    proptest! {
        #[test]
        fn a_subject_cannot_forge_an_envelope_line(subject in "[a-z =?\r\n:é]{0,60}") {
            let original = [b"Subject: ", subject.as_bytes(), b"\r\n\r\nbody"].concat();
            let (_, octets) = report(&original, BodyType::EightBitMime, Vec::new(), Carry::ALL);
            let message = MessageParser::default().parse(&octets).unwrap();
            let text = message.body_text(0).unwrap().into_owned();
            prop_assert_eq!(text.trim_end_matches(['\r', '\n']).lines().count(), 3, "{}", text);
        }
    }
}
