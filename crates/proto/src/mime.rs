//! What composers share: messages around an original that is never copied, fields, text parts.
//!
//! A [`Composed`] message is a prefix, the original (or its header section) as it is stored, and a
//! suffix. So a bounce of 30 MB costs a few hundred octets of memory (RFC 2045, 2046, 2047).

use base64::{Engine, engine::general_purpose::STANDARD};
use mailward_model::{BodyType, MessageId};
use memchr::memchr_iter;
use sha2::{Digest, Sha256};

/// Octets a line may have at most, without its end (RFC 5322 §2.1.1).
const LINE_OCTETS_MAX: usize = 998;
/// Characters a line should have at most.
const LINE_OCTETS_WANTED: usize = 76;

/// What the next hop can carry, so that a report is written to fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carry {
    /// Octets above 127 in lines (8BITMIME).
    pub eight_bit_mime: bool,
    /// Any octets (BINARYMIME with CHUNKING).
    pub binary_mime: bool,
    /// UTF-8 in header fields and addresses (SMTPUTF8).
    pub smtputf8: bool,
}

impl Carry {
    /// Everything: a mailbox here.
    pub const ALL: Carry = Carry {
        eight_bit_mime: true,
        binary_mime: true,
        smtputf8: true,
    };

    /// True where a body of this type can be carried.
    pub fn takes(self, body: BodyType) -> bool {
        match body {
            BodyType::SevenBit => true,
            BodyType::EightBitMime => self.eight_bit_mime,
            BodyType::BinaryMime => self.binary_mime,
        }
    }
}

/// How much of the original stands between prefix and suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Original {
    /// All of it.
    Whole,
    /// Its header section, without the empty line.
    HeaderOnly,
    /// Nothing.
    None,
}

/// A message written around an original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// What comes first: header section and leading parts.
    pub prefix: Vec<u8>,
    /// What comes then.
    pub original: Original,
    /// What comes last.
    pub suffix: Vec<u8>,
    /// What the whole needs.
    pub body: BodyType,
    /// Whether header fields of the whole hold UTF-8.
    pub smtputf8: bool,
}

impl Composed {
    /// Octets of the whole, for an original of `whole` octets with `header` octets of header.
    pub fn size(&self, header: u64, whole: u64) -> u64 {
        let around = (self.prefix.len() + self.suffix.len()) as u64;
        around
            + match self.original {
                Original::Whole => whole,
                Original::HeaderOnly => header,
                Original::None => 0,
            }
    }
}

/// A boundary that does not occur in `known` (what of the original is at hand). For the rest it is
/// 128 bits of a hash of the message's random id, which nobody knew when the message was written.
pub(crate) fn boundary(id: MessageId, delivery: u32, known: &[u8]) -> String {
    let mut salt = 0u32;
    loop {
        let mut hash = Sha256::new();
        hash.update(id.to_bits().to_be_bytes());
        hash.update(delivery.to_be_bytes());
        hash.update(salt.to_be_bytes());
        let digest = hash.finalize();
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let octets = digest.iter().take(16);
        let digits = octets.flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]);
        let boundary: String = "=_".chars().chain(digits).collect();
        // Hardly any header has an equals sign: a search made ready for this word would cost more.
        let is_there = memchr_iter(b'=', known).any(|at| {
            known
                .get(at..)
                .is_some_and(|rest| rest.starts_with(boundary.as_bytes()))
        });
        if !is_there {
            return boundary;
        }
        salt = salt.wrapping_add(1);
    }
}

/// An unstructured header field, folded; encoded (RFC 2047) where it is not plain ASCII.
pub fn unstructured(name: &str, value: &str) -> String {
    let value: String = value
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut field = format!("{name}:");
    let plain = value.is_ascii()
        && !value.contains("=?")
        && value
            .split(' ')
            .all(|word| word.len() < LINE_OCTETS_MAX / 2);
    if plain {
        let mut column = field.len();
        for word in value.split(' ') {
            if column + 1 + word.len() > LINE_OCTETS_WANTED && !word.is_empty() && column > 1 {
                field.push_str("\r\n");
                column = 0;
            }
            field.push(' ');
            field.push_str(word);
            column += 1 + word.len();
        }
    } else {
        // RFC 2047 §2: an encoded word has at most 75 characters; 42 octets are 56 of base 64.
        let mut word = String::new();
        let mut words = Vec::new();
        for c in value.chars() {
            if word.len() + c.len_utf8() > 42 {
                words.push(std::mem::take(&mut word));
            }
            word.push(c);
        }
        words.push(word);
        for (i, word) in words.iter().enumerate() {
            if i > 0 {
                field.push_str("\r\n");
            }
            field.push_str(" =?UTF-8?B?");
            STANDARD.encode_string(word, &mut field);
            field.push_str("?=");
        }
    }
    field.push_str("\r\n");
    field
}

/// A field of machine-read reports: its value in printable ASCII, folded at blanks.
pub(crate) fn report_field(name: &str, value: &str) -> String {
    let value: String = value
        .chars()
        .map(|c| match c {
            ' '..='~' => c,
            c if c.is_whitespace() => ' ',
            _ => '?',
        })
        .collect();
    let mut field = format!("{name}:");
    let mut column = field.len();
    for word in value.split_ascii_whitespace() {
        // A word too long for any line is cut: it is text for people, not an address.
        let word = word.get(..LINE_OCTETS_MAX / 2).unwrap_or(word);
        if column + 1 + word.len() > LINE_OCTETS_WANTED {
            field.push_str("\r\n");
            column = 0;
        }
        field.push(' ');
        field.push_str(word);
        column += 1 + word.len();
    }
    field.push_str("\r\n");
    field
}

/// A text/plain part: its fields, an empty line, the text. Lines of `text` end in CRLF.
pub(crate) fn text_part(text: &str, carry: Carry) -> (Vec<u8>, BodyType) {
    let short = text.len() <= LINE_OCTETS_MAX
        || text.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX);
    let (encoding, body) = match (text.is_ascii(), short) {
        (true, true) => ("7bit", BodyType::SevenBit),
        (false, true) if carry.eight_bit_mime => ("8bit", BodyType::EightBitMime),
        _ => ("quoted-printable", BodyType::SevenBit),
    };
    let mut part = Vec::with_capacity(128 + text.len());
    for piece in [
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ",
        encoding,
        "\r\n\r\n",
    ] {
        part.extend_from_slice(piece.as_bytes());
    }
    if encoding == "quoted-printable" {
        quoted_printable(text, &mut part);
    } else {
        part.extend_from_slice(text.as_bytes());
    }
    (part, body)
}

/// RFC 2045 §6.7.
fn quoted_printable(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut lines = text.split("\r\n").peekable();
    while let Some(line) = lines.next() {
        let mut column = 0;
        for (at, octet) in line.bytes().enumerate() {
            let last = at + 1 == line.len();
            let plain = matches!(octet, b'!'..=b'<' | b'>'..=b'~') || (octet == b' ' && !last);
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.extend_from_slice(b"=\r\n");
                column = 0;
            }
            if plain {
                out.push(octet);
            } else {
                out.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet & 15)]);
            }
            column += width;
        }
        if lines.peek().is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_boundary_keeps_clear_of_what_is_known() {
        let id = MessageId::from_bits(7);
        let first = boundary(id, 1, b"");
        assert_eq!(first, boundary(id, 1, b""));
        assert_ne!(first, boundary(id, 2, b""));
        let known = format!("--{first}\r\n");
        assert_ne!(first, boundary(id, 1, known.as_bytes()));
    }

    #[test]
    fn text_parts_fit_what_carries_them() {
        let seven = Carry {
            eight_bit_mime: false,
            ..Carry::ALL
        };
        let part = |text: &str, carry| {
            let (part, body) = text_part(text, carry);
            let text = String::from_utf8(part).unwrap();
            let (_, text) = text.split_once("\r\n\r\n").unwrap();
            (text.to_owned(), body)
        };
        assert_eq!(part("a\r\n", seven), ("a\r\n".into(), BodyType::SevenBit));
        assert_eq!(
            part("ä \r\nb=\r\n", Carry::ALL),
            ("ä \r\nb=\r\n".into(), BodyType::EightBitMime)
        );
        assert_eq!(
            part("ä \r\nb=\r\n", seven),
            ("=C3=A4=20\r\nb=3D\r\n".into(), BodyType::SevenBit)
        );
    }

    proptest! {
        #[test]
        fn fields_decode_to_what_they_say(value in "[a-zA-Z0-9äöü€😀,.:<>@() ]{0,200}") {
            let field = unstructured("Subject", &value);
            prop_assert!(field.is_ascii() && field.ends_with("\r\n"));
            for line in field.split("\r\n") {
                prop_assert!(line.len() <= 300, "{}", line);
            }
            let back = crate::header::subject(field.as_bytes()).unwrap();
            prop_assert_eq!(back.trim(), value.trim());
        }

        #[test]
        fn reports_stay_one_field(value in "\\PC{0,80}[\r\n]{0,2}\\PC{0,300}") {
            let field = report_field("Diagnostic-Code", &value);
            prop_assert!(field.is_ascii());
            prop_assert_eq!(crate::header::fields(field.as_bytes()).count(), 1);
            prop_assert!(field.split("\r\n").skip(1).all(|l| l.is_empty() || l.starts_with(' ')));
        }

        #[test]
        fn quoted_printable_can_be_read_back(text in "([ -~äé\t]{0,120}\r\n){0,5}") {
            let mut out = Vec::new();
            quoted_printable(&text, &mut out);
            prop_assert!(out.split(|b| *b == b'\n').all(|line| line.len() <= 77));
            let back = mail_parser::decoders::quoted_printable::quoted_printable_decode(&out).unwrap();
            prop_assert_eq!(String::from_utf8(back).unwrap().replace("\r\n", "\n"), text.replace("\r\n", "\n"));
        }
    }
}
