//! SMTP replies on the wire (RFC 5321 §4.2), enhanced codes included (RFC 2034).
//!
//! Invariant: what is written here is lines of printable ASCII that end in CRLF, each no longer
//! than [`LINE_OCTETS_MAX`], whatever text a reply was given. A peer's words quoted in it cannot
//! forge another reply.

use mailward_model::{EnhancedCode, Reply};

/// Octets of a reply line, CRLF included (RFC 5321 §4.5.3.1.5).
pub const LINE_OCTETS_MAX: usize = 512;

/// Appends a reply, as many lines as its text has.
pub fn write(out: &mut Vec<u8>, reply: &Reply) {
    write_parts(out, reply.code, reply.enhanced, &reply.text);
}

/// Appends a reply given by its parts.
pub fn write_parts(out: &mut Vec<u8>, code: u16, enhanced: Option<EnhancedCode>, text: &str) {
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let mark = if lines.peek().is_some() { b'-' } else { b' ' };
        write_line(out, code, mark, enhanced, line);
    }
}

/// Appends one line of a reply: `mark` is a hyphen where more lines follow, else a blank.
pub fn write_line(
    out: &mut Vec<u8>,
    code: u16,
    mark: u8,
    enhanced: Option<EnhancedCode>,
    text: &str,
) {
    let start = out.len();
    push_number(out, code);
    out.push(mark);
    if let Some(EnhancedCode(class, subject, detail)) = enhanced {
        push_number(out, class.into());
        out.push(b'.');
        push_number(out, subject);
        out.push(b'.');
        push_number(out, detail);
        out.push(b' ');
    }
    let room = (LINE_OCTETS_MAX - 2).saturating_sub(out.len() - start);
    out.extend(text.chars().take(room).map(|c| match c {
        ' '..='~' => c as u8,
        // RFC 6531 §3.7.4 allows UTF-8 in replies under conditions that no client depends on.
        _ => b'?',
    }));
    out.extend_from_slice(b"\r\n");
}

/// Appends a number in decimal: the formatting machinery would cost more than the reply.
fn push_number(out: &mut Vec<u8>, number: u16) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    out.push(b'0' + (number % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reply: &Reply, expect: &str) {
        let mut out = Vec::new();
        write(&mut out, reply);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn replies() {
        check(&Reply::bare(354, "Go on"), "354 Go on\r\n");
        check(
            &Reply::new(550, EnhancedCode(5, 1, 10), "one\ntwo"),
            "550-5.1.10 one\r\n550 5.1.10 two\r\n",
        );
        check(
            &Reply::new(501, EnhancedCode(5, 5, 4), "a\r250 å"),
            "501 5.5.4 a?250 ?\r\n",
        );
        let mut out = Vec::new();
        write(&mut out, &Reply::bare(500, "x".repeat(1000)));
        assert_eq!(out.len(), LINE_OCTETS_MAX);
    }
}
