//! Replies of a server, read line by line (RFC 5321 §4.2).
//!
//! Lenient where a sloppy server does no harm (bare LF, a code without text), strict about size.

use mailward_model::{EnhancedCode, Reply};

/// Octets of one line. RFC 5321 §4.5.3.1.5 allows 512; servers write longer ones.
pub const LINE_OCTETS_MAX: usize = 4_096;
/// Lines of one reply.
pub const LINES_MAX: usize = 128;
/// Octets of text that are kept of one reply; what follows is dropped.
pub const TEXT_OCTETS_MAX: usize = 8_192;

/// Why what the peer sent is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No three digits at the start of a line.
    #[error("the peer sent {0:?}, where a three-digit reply code was expected")]
    Malformed(String),
    /// A line goes on beyond [`LINE_OCTETS_MAX`].
    #[error("the peer sent a reply line longer than {LINE_OCTETS_MAX} octets")]
    LongLine,
    /// A reply goes on beyond [`LINES_MAX`].
    #[error("the peer sent a reply of more than {LINES_MAX} lines")]
    ManyLines,
}

/// Puts replies together from lines.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    text: String,
    enhanced: Option<EnhancedCode>,
    lines: usize,
}

impl ReplyReader {
    /// Takes one line without its line end; gives the reply when it was the last one.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let (code, last, text) = split(line).ok_or_else(|| {
            ReplyError::Malformed(String::from_utf8_lossy(line).chars().take(80).collect())
        })?;
        self.lines += 1;
        if self.lines > LINES_MAX {
            return Err(ReplyError::ManyLines);
        }
        let text = self.without_enhanced(code, text);
        let room = TEXT_OCTETS_MAX.saturating_sub(self.text.len());
        if self.lines > 1 && room > 0 {
            self.text.push('\n');
        }
        push_clean(&mut self.text, text, room);
        if !last {
            return Ok(None);
        }
        let reader = std::mem::take(self);
        Ok(Some(Reply {
            // A server that changes the code between lines means the last one.
            code,
            enhanced: reader.enhanced,
            text: reader.text.into(),
        }))
    }

    /// Cuts the enhanced code off, where there is one of the same class (RFC 2034 §4).
    fn without_enhanced<'a>(&mut self, code: u16, text: &'a [u8]) -> &'a [u8] {
        let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        // The shortest one is `2.0.0`: most EHLO and greeting lines end here.
        if word.len() < 5 || word.get(1) != Some(&b'.') {
            return text;
        }
        let enhanced = str::from_utf8(word)
            .ok()
            .and_then(|word| word.parse::<EnhancedCode>().ok());
        match enhanced {
            Some(enhanced) if u16::from(enhanced.0) == code / 100 => {
                self.enhanced.get_or_insert(enhanced);
                rest.trim_ascii_start()
            }
            _ => text,
        }
    }
}

/// Code, whether it is the last line, text.
fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code: u16 = str::from_utf8(digits)
        .ok()
        .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    if !(200..600).contains(&code) {
        return None;
    }
    match rest {
        [b'-', text @ ..] => Some((code, false, text)),
        [b' ', text @ ..] => Some((code, true, text)),
        [] => Some((code, true, rest)),
        _ => None,
    }
}

/// Appends the printable characters of `text`, `room` octets at most.
fn push_clean(to: &mut String, text: &[u8], room: usize) {
    let before = to.len();
    for c in String::from_utf8_lossy(text).chars() {
        if to.len() - before + c.len_utf8() > room {
            break;
        }
        if !c.is_control() {
            to.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expect: Result<(&str, usize), ReplyError>) {
        let mut reader = ReplyReader::default();
        let mut got = Ok(None);
        for line in lines {
            assert_eq!(got, Ok(None), "the reply ended early");
            got = reader.line(line.as_bytes());
        }
        match (got, expect) {
            (Ok(Some(reply)), Ok((text, lines))) => {
                assert_eq!(reply.to_string(), text);
                assert_eq!(reply.text.lines().count(), lines);
            }
            (Err(error), Err(expect)) => assert_eq!(error, expect),
            (got, expect) => panic!("got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn replies() {
        check(&["250 2.0.0 Ok: queued"], Ok(("250 2.0.0 Ok: queued", 1)));
        check(&["250"], Ok(("250", 0)));
        check(
            &["550-5.1.1 no", "550 5.1.1 such user"],
            Ok(("550 5.1.1 no such user", 2)),
        );
        check(
            &["550 4.1.1 the classes differ"],
            Ok(("550 4.1.1 the classes differ", 1)),
        );
        check(&["250 10.0.0.1 hello"], Ok(("250 10.0.0.1 hello", 1)));
        check(&["250 a\u{7}b"], Ok(("250 ab", 1)));
        for bad in ["", "25", "2x0 a", "150 a", "600 a", "250_a", "+50 a"] {
            check(&[bad], Err(ReplyError::Malformed(bad.into())));
        }
    }

    #[test]
    fn an_endless_reply_is_cut_off() {
        let mut reader = ReplyReader::default();
        let long = format!("250-{}", "x".repeat(4_000));
        for _ in 0..LINES_MAX {
            assert_eq!(reader.line(long.as_bytes()), Ok(None));
            assert!(reader.text.len() <= TEXT_OCTETS_MAX + LINES_MAX);
        }
        assert_eq!(reader.line(b"250 x"), Err(ReplyError::ManyLines));
    }
}
