//! Notifications, as octets and as a MIME parser reads them.

use mail_parser::{MessageParser, MimeHeaders, PartType};
use mailward_model::{EnhancedCode, EnvelopeRecipient, Reply};

use super::*;

const HEADER: &[u8] = b"From: <a@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.org>\r\n";
const BODY: &[u8] = b"\r\nhello\r\n--=_not the end\r\n";

fn recipient(address: &str, action: DsnAction) -> DsnRecipient {
    DsnRecipient {
        rcpt: EnvelopeRecipient {
            orcpt: Some("rfc822;Bob+x@example.net".into()),
            ..EnvelopeRecipient::new(address.parse().unwrap())
        },
        action,
        reply: Reply::new(550, EnhancedCode(5, 1, 1), "no such user\nreally: é"),
        remote: Some("mx.example.net".into()),
        last_attempt_unix_ms: Some(1_739_349_005_000),
        retry_until_unix_ms: (action == DsnAction::Delayed).then_some(1_739_349_999_000),
    }
}

struct Case {
    envelope: Envelope,
    recipients: Vec<DsnRecipient>,
    carry: Carry,
    size: u64,
}

fn case(recipients: Vec<DsnRecipient>) -> Case {
    Case {
        envelope: Envelope {
            mail_from: "a@example.org".parse().unwrap(),
            envid: Some("QQ 7".into()),
            ..Default::default()
        },
        recipients,
        carry: Carry::ALL,
        size: (HEADER.len() + BODY.len()) as u64,
    }
}

fn composed(case: &Case) -> Composed {
    compose(&DsnInput {
        message: MessageId::from_bits(1),
        delivery: 3,
        host: &"edge.example.org".parse().unwrap(),
        from: &"postmaster@example.org".parse().unwrap(),
        to: &"a@example.org".parse().unwrap(),
        envelope: &case.envelope,
        arrival_unix_ms: 1_739_349_000_000,
        recipients: &case.recipients,
        header: HEADER,
        size: case.size,
        attachment_max: 1_000,
        carry: case.carry,
    })
}

fn whole(composed: &Composed) -> Vec<u8> {
    let mut octets = composed.prefix.clone();
    match composed.original {
        Original::Whole => octets.extend([HEADER, BODY].concat()),
        Original::HeaderOnly => octets.extend(HEADER),
        Original::None => {}
    }
    octets.extend(&composed.suffix);
    octets
}

#[test]
fn a_bounce_is_a_report_in_three_parts() {
    let composed = composed(&case(vec![recipient("bob@example.net", DsnAction::Failed)]));
    assert_eq!(composed.original, Original::Whole);
    assert_eq!(
        (composed.body, composed.smtputf8),
        (BodyType::EightBitMime, false)
    );
    let octets = whole(&composed);
    assert_eq!(
        composed.size(HEADER.len() as u64, (HEADER.len() + BODY.len()) as u64),
        octets.len() as u64
    );
    let message = MessageParser::default().parse(&octets).unwrap();
    assert_eq!(message.subject(), Some("Undeliverable: Grüße"));
    assert_eq!(
        message.message_id(),
        Some("00000000000000000000000001.3.dsn@edge.example.org")
    );
    let content = message.content_type().unwrap();
    assert_eq!(content.attribute("report-type"), Some("delivery-status"));
    let types: Vec<_> = message
        .parts
        .iter()
        .map(|p| {
            p.content_type()
                .map(|c| format!("{}/{}", c.ctype(), c.subtype().unwrap()))
        })
        .collect();
    let types: Vec<_> = types.iter().flatten().map(String::as_str).collect();
    assert_eq!(
        types,
        [
            "multipart/report",
            "text/plain",
            "message/delivery-status",
            "message/rfc822"
        ]
    );
    let PartType::Message(inner) = &message.parts[3].body else {
        panic!("the original is not a message");
    };
    assert_eq!(inner.raw_message(), [HEADER, BODY].concat());
    let text = String::from_utf8(octets).unwrap();
    for line in [
        "Auto-Submitted: auto-replied\r\n",
        "In-Reply-To: <1@example.org>\r\n",
        "Reporting-MTA: dns; edge.example.org\r\nOriginal-Envelope-Id: QQ 7\r\nArrival-Date: Wed, 12 Feb 2025 08:30:00 +0000\r\n\r\n",
        "\r\n\r\nOriginal-Recipient: rfc822; Bob+x@example.net\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user really: ?\r\n",
    ] {
        assert!(text.contains(line), "{line}\nis missing in\n{text}");
    }
}

#[track_caller]
fn check_original(change: impl FnOnce(&mut Case), expect: Original) {
    let mut case = case(vec![recipient("bob@example.net", DsnAction::Failed)]);
    change(&mut case);
    assert_eq!(composed(&case).original, expect);
}

#[test]
fn how_much_is_returned() {
    check_original(|_| {}, Original::Whole);
    check_original(
        |c| c.envelope.ret = Some(Ret::Headers),
        Original::HeaderOnly,
    );
    check_original(|c| c.size = 1_001, Original::HeaderOnly);
    check_original(
        |c| c.recipients = vec![recipient("b@x.example", DsnAction::Delayed)],
        Original::HeaderOnly,
    );
    check_original(
        |c| {
            c.envelope.body = BodyType::BinaryMime;
            c.carry.binary_mime = false;
        },
        Original::HeaderOnly,
    );
    check_original(
        |c| {
            c.envelope.body = BodyType::EightBitMime;
            c.carry.eight_bit_mime = false;
        },
        Original::HeaderOnly,
    );
}

#[test]
fn addresses_beyond_ascii() {
    let mut case = case(vec![recipient("grå@example.net", DsnAction::Failed)]);
    let report = composed(&case);
    assert!(report.smtputf8 && report.body == BodyType::EightBitMime);
    let text = String::from_utf8(whole(&report)).unwrap();
    assert!(text.contains("Final-Recipient: utf-8; grå@example.net\r\n"));
    assert!(text.contains("message/global-delivery-status"));
    case.carry = Carry {
        eight_bit_mime: false,
        binary_mime: false,
        smtputf8: false,
    };
    let report = composed(&case);
    assert!(!report.smtputf8 && report.body == BodyType::SevenBit);
    let octets = whole(&report);
    assert!(octets.is_ascii());
    let text = String::from_utf8(octets).unwrap();
    assert!(text.contains("Final-Recipient: utf-8; gr\\x{E5}@example.net\r\n"));
}

#[test]
fn many_recipients_are_all_in_the_machine_part() {
    let recipients = (0..250)
        .map(|i| recipient(&format!("r{i}@example.net"), DsnAction::Delayed))
        .collect();
    let text = String::from_utf8(whole(&composed(&case(recipients)))).unwrap();
    assert_eq!(text.matches("Final-Recipient:").count(), 250);
    assert!(text.contains("and 150 more"));
    assert!(text.contains("Will-Retry-Until: "));
}
