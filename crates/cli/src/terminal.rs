//! Text made safe for a terminal.
//!
//! What Mailward prints comes in part from strangers: envelope addresses, replies, headers. A
//! control sequence among it could move the cursor, rename the window or forge an answer.

use std::borrow::Cow;

/// True for what a terminal would act on and a reader cannot see: C0, DEL and C1 controls, and the
/// characters that reorder text (CVE-2021-42574) or hide in it.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The text with everything that a terminal would act on written as an escape. With `lines`, line
/// breaks stay.
pub(crate) fn clean(text: &str, lines: bool) -> Cow<'_, str> {
    let bad = |c: char| acts(c) && !(lines && c == '\n');
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if bad(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_on() {
        for (text, lines, expect) in [
            ("plain ünïcode", false, "plain ünïcode"),
            ("a\u{1b}[2Jb", false, "a\\u{1b}[2Jb"),
            ("a\nb", false, "a\\nb"),
            ("a\nb\r", true, "a\nb\\r"),
            ("x\u{202e}y\u{9b}z", true, "x\\u{202e}y\\u{9b}z"),
        ] {
            assert_eq!(clean(text, lines), expect);
        }
    }
}
