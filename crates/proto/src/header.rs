//! The header section of a message, split into fields (RFC 5322 §2.2, §3.6).
//!
//! Reads only what transport needs: who is addressed, the Message-ID, the Subject, how often the
//! message was received, and two markers. The body is never looked at, and what a field says is
//! never trusted: whoever uses an answer decides what it is worth.
//!
//! Splitting is done here; encoded words (RFC 2047) and address lists (RFC 5322 §3.4) are decoded by
//! mail-parser, field by field, each field up to a named limit.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use mailward_model::{Domain, EmailAddress};
use memchr::{memchr, memmem};

use crate::probe;

/// Addresses kept of one kind of field (To, Cc, Bcc). As many recipients as Exchange lets a message
/// have at most would not fit into a header section anyway; this bounds the memory of a hostile one.
pub const ADDRESSES_MAX: usize = 20_000;
/// Octets of one field that are decoded; a longer field counts as absent for decoding.
pub const FIELD_OCTETS_MAX: usize = 512 << 10;
/// Octets of a Message-ID that are kept. RFC 5322 §2.1.1 allows no line above 998.
pub const MESSAGE_ID_OCTETS_MAX: usize = 998;

/// One field as it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    name: &'a str,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The name as written: printable ASCII without a colon.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// True where the field has this name, in whatever case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// What follows the colon: still folded, still encoded, with the final line end.
    pub fn raw(&self) -> &'a [u8] {
        self.value
    }

    /// The value on one line without blanks at its ends; encoded words stay encoded, octets that
    /// are no UTF-8 become U+FFFD.
    pub fn unfolded(&self) -> Cow<'a, str> {
        let value = self.value.trim_ascii();
        if memchr(b'\n', value).is_none() && memchr(b'\r', value).is_none() {
            return String::from_utf8_lossy(value);
        }
        // RFC 5322 §2.2.3: unfolding takes out the line end and nothing else.
        let flat: Vec<u8> = value
            .iter()
            .copied()
            .filter(|b| !matches!(b, b'\r' | b'\n'))
            .collect();
        Cow::Owned(String::from_utf8_lossy(&flat).into_owned())
    }

    /// The value on one line with encoded words decoded and control characters left out. Empty
    /// where the field is longer than [`FIELD_OCTETS_MAX`].
    pub fn text(&self) -> String {
        if self.value.len() > FIELD_OCTETS_MAX {
            return String::new();
        }
        let plain = self.unfolded();
        let decoded = if plain.contains("=?") {
            let line = terminated(self.value);
            let value = MessageStream::new(&line).parse_unstructured();
            value.as_text().unwrap_or_default().to_owned()
        } else {
            plain.into_owned()
        };
        if decoded.contains(char::is_control) {
            // An encoded word can carry CR and LF: out of it, they would forge lines.
            return decoded
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
        }
        decoded
    }

    /// Adds the addresses of an address list to `to`, groups included, up to [`ADDRESSES_MAX`] in
    /// all. What is no address is passed over.
    pub fn addresses(&self, to: &mut Vec<EmailAddress>) {
        if self.value.len() > FIELD_OCTETS_MAX {
            return;
        }
        let line = terminated(self.value);
        let value = MessageStream::new(&line).parse_address();
        let Some(list) = value.as_address() else {
            return;
        };
        let found = list
            .iter()
            .filter_map(|addr| addr.address.as_deref())
            .filter_map(lenient_address)
            .take(ADDRESSES_MAX.saturating_sub(to.len()));
        to.extend(found);
    }
}

/// Reads an address from which the quotes of a quoted local part may have been taken.
fn lenient_address(text: &str) -> Option<EmailAddress> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let (local, domain) = text.rsplit_once('@')?;
        EmailAddress::new(local.trim_matches('"'), domain.parse::<Domain>().ok()?).ok()
    })
}

/// The value with a line end, which the decoder looks for.
fn terminated(value: &[u8]) -> Cow<'_, [u8]> {
    if value.ends_with(b"\n") {
        return Cow::Borrowed(value);
    }
    let mut owned = value.to_vec();
    owned.extend_from_slice(b"\r\n");
    Cow::Owned(owned)
}

/// The header section of a message: everything before the empty line, the line end of the last
/// field included. A message without an empty line is all header; one that begins with an empty
/// line has none.
pub fn section(message: &[u8]) -> &[u8] {
    if message.starts_with(b"\r\n") {
        return &[];
    }
    match memmem::find(message, b"\r\n\r\n") {
        Some(at) => message.get(..at + 2).unwrap_or(message),
        None => message,
    }
}

/// The fields of a header section, in order. Lines that are no field are passed over.
pub fn fields(section: &[u8]) -> Fields<'_> {
    Fields { rest: section }
}

/// Iterator over fields: see [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            if self.rest.is_empty() || self.rest.starts_with(b"\r\n") {
                return None;
            }
            let mut end = 0;
            loop {
                let tail = self.rest.get(end..)?;
                end += match memchr(b'\n', tail) {
                    Some(at) => at + 1,
                    None => tail.len(),
                };
                // RFC 5322 §2.2.3: a line that begins with a blank continues the field.
                if !matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                    break;
                }
            }
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest;
            let Some(colon) = memchr(b':', line) else {
                continue;
            };
            let (name, value) = line.split_at(colon);
            // RFC 5322 §4.5: the obsolete form has blanks before the colon.
            let name = name.trim_ascii_end();
            let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            if let (true, Ok(name), Some(value)) = (is_name, str::from_utf8(name), value.get(1..)) {
                return Some(Field { name, value });
            }
        }
    }
}

/// What receiving needs to know of a header section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// The Message-ID as written, with its angle brackets; of several, the first.
    pub message_id: Option<String>,
    /// Received fields.
    pub received: u32,
    /// Value of the health probe marker, not yet verified: see [`probe::Marker::verify`].
    pub probe: Option<String>,
    /// The message says that it is a journal report (X-MS-Journal-Report, whatever its value).
    pub journal_report: bool,
}

/// Reads the summary of a header section, in one pass.
pub fn summary(section: &[u8]) -> Summary {
    let mut summary = Summary::default();
    for field in fields(section) {
        // The length of the name decides nearly always, so that most fields cost one comparison.
        match field.name.len() {
            8 if field.is("Received") => summary.received = summary.received.saturating_add(1),
            10 if summary.message_id.is_none() && field.is("Message-ID") => {
                let id = field.unfolded();
                if !id.is_empty()
                    && id.len() <= MESSAGE_ID_OCTETS_MAX
                    && !id.contains(char::is_control)
                {
                    summary.message_id = Some(id.into_owned());
                }
            }
            len if len == probe::FIELD.len()
                && summary.probe.is_none()
                && field.is(probe::FIELD) =>
            {
                summary.probe = Some(field.unfolded().into_owned());
            }
            19 if field.is("X-MS-Journal-Report") => summary.journal_report = true,
            39 if field.is("X-MS-Exchange-Organization-Journal-Report") => {
                summary.journal_report = true;
            }
            _ => {}
        }
    }
    summary
}

/// The decoded Subject, `None` where there is none; of several, the first.
pub fn subject(section: &[u8]) -> Option<String> {
    fields(section).find(|f| f.is("Subject")).map(|f| f.text())
}

/// Whom the header section says the message is addressed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressHeaders {
    /// To.
    pub to: Vec<EmailAddress>,
    /// Cc.
    pub cc: Vec<EmailAddress>,
    /// Bcc, which some submission clients leave in.
    pub bcc: Vec<EmailAddress>,
}

/// Reads To, Cc and Bcc. Resent- fields are not looked at: they tell of another submission.
pub fn address_headers(section: &[u8]) -> AddressHeaders {
    let mut headers = AddressHeaders::default();
    for field in fields(section) {
        if field.is("To") {
            field.addresses(&mut headers.to);
        } else if field.is("Cc") {
            field.addresses(&mut headers.cc);
        } else if field.is("Bcc") {
            field.addresses(&mut headers.bcc);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECTION: &[u8] = b"Received: from a\r\n\tby b; date\r\nReceived: from c\r\nMessage-ID:\r\n <1@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an\r\n =?iso-8859-1?q?_Andr=E9?=\r\nnot a field\r\nTo : Anna <anna@example.org>, team: <\"b c\"@example.org>, d@example.org;\r\ncc: undisclosed-recipients:;\r\nX-MS-Journal-Report:\r\nX-Mailward-Probe: v1; x\r\n";

    #[test]
    fn a_section_is_summed_up() {
        let summary = summary(SECTION);
        assert_eq!(summary.message_id.as_deref(), Some("<1@example.org>"));
        assert_eq!(summary.received, 2);
        assert!(summary.journal_report);
        assert_eq!(summary.probe.as_deref(), Some("v1; x"));
        assert_eq!(subject(SECTION).as_deref(), Some("Grüße an  André"));
        let headers = address_headers(SECTION);
        let to: Vec<_> = headers.to.iter().map(ToString::to_string).collect();
        assert_eq!(
            to,
            ["anna@example.org", "\"b c\"@example.org", "d@example.org"]
        );
        assert!(headers.cc.is_empty() && headers.bcc.is_empty());
    }

    #[track_caller]
    fn check(field: &str, expect: &str) {
        assert_eq!(subject(field.as_bytes()).as_deref(), Some(expect));
    }

    #[test]
    fn subjects() {
        check("Subject: plain\r\n", "plain");
        check("SUBJECT:plain", "plain");
        check(
            "Subject: folded\r\n  twice\r\n\tover\r\n",
            "folded  twice over",
        );
        check("Subject: =?utf-8?b?w4Q=?= =?utf-8?b?w7Y=?=\r\n", "Äö");
        check("Subject: =?utf-8?q?a=0D=0ABcc:_x?=\r\n", "a  Bcc: x");
        check("Subject: roh ä\r\n", "roh ä");
        check("Subject:\r\n", "");
        check("Subject: =?broken\r\n", "=?broken");
    }

    #[test]
    fn the_section_ends_at_the_first_empty_line() {
        for (message, expect) in [
            (&b"A: b\r\n\r\nbody"[..], &b"A: b\r\n"[..]),
            (b"\r\nbody", b""),
            (b"A: b\r\n", b"A: b\r\n"),
            (b"", b""),
        ] {
            assert_eq!(section(message), expect);
        }
    }

    #[test]
    fn folded_encoded_words_count_as_adjacent() {
        assert_eq!(
            subject(b"Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n").as_deref(),
            Some("ab")
        );
    }

    proptest! {
        #[test]
        fn random_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            let section = section(&octets);
            summary(section);
            subject(section);
            address_headers(section);
        }

        #[test]
        fn random_address_lists_never_panic(list in "[a-c@<>\"\\\\(),:;.\r\n =?é]{0,60}") {
            let mut section = b"To: ".to_vec();
            section.extend_from_slice(list.as_bytes());
            for address in address_headers(&section).to {
                prop_assert!(!address.to_string().contains(['\r', '\n']));
            }
        }
    }
}
