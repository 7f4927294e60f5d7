//! One entry as one line of CSV, and back. Control characters are escaped, so a line feed always
//! ends an entry; a semicolon inside an item of a list is written `\x3b`.

use std::{borrow::Cow, cell::RefCell, fmt::Display, io::Write as _};

use super::{Directionality, Entry, EventId, Source, Traffic};
use crate::{escape, rotate};

/// The fields in their order, as the `#Fields:` line names them.
pub(super) const FIELDS: &str = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,schema-version";

/// How many there are.
const FIELD_COUNT: usize = 30;

/// What the last field of each line says.
const SCHEMA_VERSION: &str = "1";

/// Octets of one text field; longer texts are cut.
const FIELD_OCTETS_MAX: usize = 4096;

/// Recipients named on one line; the count field has the true number.
const RECIPIENTS_MAX: usize = 1000;

fn cut(text: &str) -> &str {
    let mut end = text.len().min(FIELD_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    let text = cut(text);
    // Most fields are empty or plain; without a branch for each octet, many are looked at together.
    let is_plain = |plain: bool, octet: u8| {
        let is_apart = (octet == b',') | (octet == b'"') | (octet == b' ');
        plain & (0x20..0x7f).contains(&octet) & !is_apart
    };
    if text.bytes().fold(true, is_plain) {
        out.extend_from_slice(text.as_bytes());
        out.push(b',');
        return;
    }
    let text = escape(text);
    if memchr::memchr3(b',', b'"', b' ', text.as_bytes()).is_none() {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'"');
        for (i, part) in text.split('"').enumerate() {
            if i > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(part.as_bytes());
        }
        out.push(b'"');
    }
    out.push(b',');
}

fn push_list(out: &mut Vec<u8>, items: &[Cow<'_, str>]) {
    match items {
        [] => out.push(b','),
        [one] if !one.contains(';') => push_text(out, one),
        items => {
            let start = out.len();
            out.push(b'"');
            for (i, item) in items.iter().take(RECIPIENTS_MAX).enumerate() {
                if i > 0 {
                    out.push(b';');
                }
                let item = escape(cut(item)).replace('"', "\"\"").replace(';', "\\x3b");
                out.extend_from_slice(item.as_bytes());
            }
            debug_assert!(out.len() > start);
            out.extend_from_slice(b"\",");
        }
    }
}

fn push_plain(out: &mut Vec<u8>, value: Option<impl Display>) {
    if let Some(value) = value {
        // Writing to a Vec does not fail.
        let _ = write!(out, "{value}");
    }
    out.push(b',');
}

thread_local! {
    /// The last second that was written here, and how: the calendar is asked once a second.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// As [`rotate::rfc3339`].
fn push_time(out: &mut Vec<u8>, unix_ms: u64) {
    let (second, ms) = (unix_ms / 1000, unix_ms % 1000);
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second || text.is_empty() {
            *text = rotate::rfc3339(second * 1000);
            *known = second;
        }
        // Writing to a Vec does not fail.
        let _ = match text.strip_suffix(".000Z") {
            Some(text) => write!(out, "{text}.{ms:03}Z,"),
            // Beyond the calendar's end.
            None => write!(out, "{},", rotate::rfc3339(unix_ms)),
        };
    });
}

/// Appends the entry as one line.
pub(super) fn push(out: &mut Vec<u8>, entry: &Entry<'_>) {
    push_time(out, entry.unix_ms);
    push_plain(out, entry.client_ip);
    push_text(out, &entry.client_hostname);
    push_plain(out, entry.server_ip);
    push_text(out, &entry.server_hostname);
    push_text(out, &entry.source_context);
    push_text(out, &entry.connector_id);
    push_text(out, entry.source.as_str());
    push_text(out, entry.event_id.as_str());
    push_plain(out, entry.internal_message_id);
    push_text(out, &entry.message_id);
    push_plain(out, entry.network_message_id);
    push_list(out, &entry.recipients);
    push_list(out, &entry.recipient_status);
    push_plain(out, Some(entry.total_bytes));
    push_plain(out, Some(entry.recipients.len()));
    push_text(out, &entry.related_recipient);
    push_text(out, &entry.reference);
    push_text(out, &entry.subject);
    push_text(out, &entry.sender);
    push_text(out, &entry.return_path);
    push_text(out, &entry.message_info);
    push_text(out, entry.directionality.as_str());
    out.push(b','); // tenant-id: one organisation per installation
    push_plain(out, entry.original_client_ip);
    out.push(b','); // original-server-ip: not known without a second front end
    push_text(out, &entry.custom_data);
    push_text(out, entry.traffic.as_str());
    out.push(b','); // log-id
    out.extend_from_slice(SCHEMA_VERSION.as_bytes());
    out.push(b'\n');
}

/// Splits one line of CSV (RFC 4180 §2) into its fields.
fn split(line: &str) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::with_capacity(FIELD_COUNT);
    let mut rest = line;
    loop {
        let (field, tail) = match rest.strip_prefix('"') {
            None => match rest.split_once(',') {
                Some((field, tail)) => (Cow::Borrowed(field), Some(tail)),
                None => (Cow::Borrowed(rest), None),
            },
            Some(quoted) => {
                let mut field = String::new();
                let mut rest = quoted;
                loop {
                    let Some((part, tail)) = rest.split_once('"') else {
                        // An open quote: the line was torn.
                        field.push_str(rest);
                        break (Cow::Owned(field), None);
                    };
                    field.push_str(part);
                    match tail.strip_prefix('"') {
                        Some(tail) => {
                            field.push('"');
                            rest = tail;
                        }
                        None => break (Cow::Owned(field), tail.strip_prefix(',')),
                    }
                }
            }
        };
        fields.push(field);
        match tail {
            Some(tail) => rest = tail,
            None => return fields,
        }
    }
}

fn items(field: &str) -> Vec<Cow<'static, str>> {
    if field.is_empty() {
        return Vec::new();
    }
    field
        .split(';')
        .map(|item| Cow::Owned(item.replace("\\x3b", ";")))
        .collect()
}

/// Reads a line without its line feed. `None` for a comment, a torn line, or one of another form.
pub(super) fn read(line: &[u8]) -> Option<Entry<'static>> {
    let line = std::str::from_utf8(line).ok()?;
    if line.starts_with('#') {
        return None;
    }
    let fields = split(line);
    if fields.len() != FIELD_COUNT {
        return None;
    }
    let text = |i: usize| fields.get(i).map_or("", |field| field.as_ref());
    let own = |i: usize| Cow::Owned(text(i).to_owned());
    let time: jiff::Timestamp = text(0).parse().ok()?;
    Some(Entry {
        unix_ms: u64::try_from(time.as_millisecond()).ok()?,
        client_ip: text(1).parse().ok(),
        client_hostname: own(2),
        server_ip: text(3).parse().ok(),
        server_hostname: own(4),
        source_context: own(5),
        connector_id: own(6),
        source: Source::read(text(7))?,
        event_id: EventId::read(text(8))?,
        internal_message_id: text(9).parse().ok(),
        message_id: own(10),
        network_message_id: text(11).parse().ok(),
        recipients: items(text(12)),
        recipient_status: items(text(13)),
        total_bytes: text(14).parse().ok()?,
        related_recipient: own(16),
        reference: own(17),
        subject: own(18),
        sender: own(19),
        return_path: own(20),
        message_info: own(21),
        directionality: Directionality::read(text(22))?,
        original_client_ip: text(24).parse().ok(),
        custom_data: own(26),
        traffic: Traffic::read(text(27))?,
    })
}

/// The time of a line, without reading the rest of it.
pub(super) fn time_of(line: &[u8]) -> Option<u64> {
    let end = memchr::memchr(b',', line)?;
    let text = std::str::from_utf8(line.get(..end)?).ok()?;
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use mailward_model::MessageId;
    use proptest::prelude::*;

    use super::*;

    fn line(entry: &Entry<'_>) -> String {
        let mut out = Vec::new();
        push(&mut out, entry);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_many_values_as_fields() {
        assert_eq!(FIELDS.split(',').count(), FIELD_COUNT);
        assert_eq!(
            line(&Entry::default()).matches(',').count(),
            FIELD_COUNT - 1
        );
    }

    #[test]
    fn a_line_reads_like_exchanges() {
        let entry = Entry {
            unix_ms: 1_800_000_000_123,
            client_ip: Some("192.0.2.7".parse().unwrap()),
            client_hostname: "mx, \"quoted\"".into(),
            network_message_id: Some(MessageId::from_bits(7)),
            recipients: vec!["a@example.org".into(), "\"x;y\"@example.org".into()],
            recipient_status: vec!["250 2.0.0 Ok".into(), "550 5.1.1 no".into()],
            ..Entry::default()
        };
        let text = line(&entry);
        assert!(
            text.starts_with("2027-01-15T08:00:00.123Z,192.0.2.7,\"mx, \"\"quoted\"\"\","),
            "{text}"
        );
        assert!(
            text.contains("\"a@example.org;\"\"x\\x3by\"\"@example.org\""),
            "{text}"
        );
        assert_eq!(read(text.trim_end().as_bytes()).unwrap(), entry);
        assert_eq!(time_of(text.as_bytes()), Some(entry.unix_ms));
    }

    #[test]
    fn what_is_no_line_is_passed_over() {
        for bad in [
            "",
            "#Fields: x",
            "2027-01-15T08:00:00.123Z,\"open",
            "a,b,c",
            "\u{0},,,",
        ] {
            assert!(read(bad.as_bytes()).is_none(), "{bad:?}");
        }
        assert!(read(&[0xff, 0xfe]).is_none());
    }

    proptest! {
        #[test]
        fn times_are_written_as_everywhere(times in proptest::collection::vec(any::<u64>(), 1..5), apart in 0u64..5_000) {
            let of_today = times.iter().map(|time| 1_800_000_000_000 + time % 5_000);
            for time in times.iter().copied().chain(of_today).chain([0, 999, u64::MAX]) {
                for time in [time, time.saturating_add(apart)] {
                    let mut out = Vec::new();
                    push_time(&mut out, time);
                    prop_assert_eq!(String::from_utf8(out).unwrap(), rotate::rfc3339(time) + ",");
                }
            }
        }

        #[test]
        fn others_read_what_we_write(a in "[ -~é\n\t]{0,30}", b in "[ -~]{0,30}", r in proptest::collection::vec("[!-~]{1,20}", 0..4)) {
            let entry = Entry {
                source_context: Cow::Borrowed(&a),
                subject: Cow::Borrowed(&b),
                recipients: r.iter().map(|r| Cow::Borrowed(r.as_str())).collect(),
                ..Entry::default()
            };
            let text = line(&entry);
            prop_assert_eq!(text.matches('\n').count(), 1);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.len(), FIELD_COUNT);
            let escaped = escape(&a);
            prop_assert_eq!(&record[5], escaped.as_ref());
            let back = read(text.trim_end_matches('\n').as_bytes()).unwrap();
            prop_assert_eq!(back.subject.as_ref(), b.as_str());
            let expect: Vec<String> = r.iter().map(|r| if r.contains("\\x3b") { r.replace("\\x3b", ";") } else { r.clone() }).collect();
            prop_assert_eq!(back.recipients, expect);
        }

        #[test]
        fn any_octets_are_read_without_panic(octets: Vec<u8>) {
            let _ = read(&octets);
            let _ = time_of(&octets);
        }
    }
}
