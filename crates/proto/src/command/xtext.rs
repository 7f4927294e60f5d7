//! xtext (RFC 3461 §4) and the two UTF-8 forms of RFC 6533 §3: how ENVID and ORCPT carry octets
//! that a command line may not.

/// Why a text is not xtext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XtextError {
    /// A `+` or `\x{` without the two or more hexadecimal digits that belong to it.
    #[error("an escape has no hexadecimal digits where they belong")]
    Escape,
    /// An octet that must be written as an escape.
    #[error("it has a character that must be written as an escape")]
    Character,
    /// What it stands for is a control character, or not UTF-8.
    #[error("what it stands for is a control character or not UTF-8")]
    Decoded,
}

/// Reads xtext: `+3D` stands for `=`.
///
/// # Errors
/// [`XtextError`]. Control characters are refused: what is decoded here gets into header fields of
/// reports (RFC 3461 §4.4 allows printable ASCII only).
pub fn decode(text: &str) -> Result<String, XtextError> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => {
                let mut digit = || rest.next().filter(|d| is_upper_hex(*d)).and_then(hex);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(XtextError::Escape);
                };
                octets.push(high << 4 | low);
            }
            b'!'..=b'~' if octet != b'=' => octets.push(octet),
            _ => return Err(XtextError::Character),
        }
    }
    finish(octets)
}

/// Reads the address of an ORCPT of type `utf-8` (RFC 6533 §3): `\x{E5}` stands for `å`, and UTF-8
/// may stand for itself.
///
/// # Errors
/// [`XtextError`].
pub fn decode_utf8(text: &str) -> Result<String, XtextError> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix("\\x{") {
            let (digits, tail) = tail.split_once('}').ok_or(XtextError::Escape)?;
            let well_formed = (1..=6).contains(&digits.len()) && digits.bytes().all(is_upper_hex);
            let c = u32::from_str_radix(digits, 16)
                .ok()
                .filter(|_| well_formed)
                .and_then(char::from_u32)
                .ok_or(XtextError::Escape)?;
            decoded.push(c);
            rest = tail;
            continue;
        }
        if c == '\\' || c == '+' || c == '=' || c == ' ' {
            return Err(XtextError::Character);
        }
        decoded.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    finish(decoded.into_bytes())
}

fn finish(octets: Vec<u8>) -> Result<String, XtextError> {
    String::from_utf8(octets)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
        .ok_or(XtextError::Decoded)
}

fn is_upper_hex(digit: u8) -> bool {
    digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}

/// Writes xtext.
pub fn encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| {
        DIGITS
            .get(usize::from(nibble))
            .copied()
            .map_or('0', char::from)
    };
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'!'..=b'~' if octet != b'+' && octet != b'=' => encoded.push(char::from(octet)),
            _ => encoded.extend(['+', digit(octet >> 4), digit(octet & 15)]),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn xtext() {
        assert_eq!(decode("rfc822;a+2Bb@x"), Ok("rfc822;a+b@x".to_owned()));
        assert_eq!(decode("a+3D"), Ok("a=".to_owned()));
        assert_eq!(decode("a+3"), Err(XtextError::Escape));
        assert_eq!(decode("a+3d"), Err(XtextError::Escape));
        assert_eq!(decode("a=b"), Err(XtextError::Character));
        assert_eq!(decode("a+0D+0A"), Err(XtextError::Decoded));
        assert_eq!(decode("a+FF"), Err(XtextError::Decoded));
    }

    #[test]
    fn utf8_forms() {
        assert_eq!(decode_utf8("gr\\x{E5}@x"), Ok("grå@x".to_owned()));
        assert_eq!(decode_utf8("grå@x"), Ok("grå@x".to_owned()));
        for bad in [
            "\\x{D800}",
            "\\x{}",
            "\\x{1234567}",
            "\\x{e5}",
            "\\xE5",
            "a\\",
            "a b",
            "\\x{A}",
        ] {
            assert!(decode_utf8(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back(text in "\\PC{0,40}") {
            prop_assert_eq!(decode(&encode(&text)), Ok(text.clone()));
            prop_assert!(encode(&text).is_ascii());
        }
    }
}
