//! Escaping of what strangers wrote, before it reaches a log or a terminal.
//!
//! Control characters (C0, DEL, C1), line and paragraph separators and the characters that turn
//! the direction of text become `\u{…}`; everything else stays. So one record is one line, and a
//! log cannot be made to show what it does not say.

use std::borrow::Cow;

/// True for a character that must not reach a log as it is.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with every unsafe character written as `\u{…}`; borrowed where there is none.
pub fn escape(text: &str) -> Cow<'_, str> {
    // The common case is plain ASCII, and is found without decoding.
    // Without a branch for each octet, so that many are looked at together.
    let is_plain = |plain: bool, octet: u8| plain & (0x20..0x7f).contains(&octet);
    if text.bytes().fold(true, is_plain) || !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strangers_cannot_forge_lines() {
        for (input, expect) in [
            ("plain", "plain"),
            ("grå", "grå"),
            ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
        ] {
            assert_eq!(escape(input), expect);
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_safe_and_stays_so(text: String) {
            let once = escape(&text).into_owned();
            prop_assert!(!once.contains(is_unsafe));
            prop_assert_eq!(escape(&once), once.as_str());
        }
    }
}
