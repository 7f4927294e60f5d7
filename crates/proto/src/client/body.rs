//! Octets made fit for DATA: dots stuffed, lines ended by CRLF and by nothing else.

use memchr::memchr2;

/// Encodes a message for DATA, chunk by chunk (RFC 5321 §4.5.2).
///
/// Invariant: what comes out has no CR without LF behind it, no LF without CR before it, and no
/// line that consists of a single dot but the last. A bare CR or LF, which receiving refuses but
/// BDAT can carry, becomes CRLF: sent as it is, it could end the message early for a lax peer
/// (SMTP smuggling).
#[derive(Debug)]
pub struct DotStuffer {
    line_start: bool,
    pending_cr: bool,
}

impl Default for DotStuffer {
    fn default() -> Self {
        DotStuffer {
            line_start: true,
            pending_cr: false,
        }
    }
}

impl DotStuffer {
    /// Appends the encoded chunk to `out`.
    pub fn encode(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut rest = chunk;
        out.reserve(chunk.len() + 16);
        if self.pending_cr && !rest.is_empty() {
            self.pending_cr = false;
            self.line_start = true;
            out.extend_from_slice(b"\r\n");
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        // What needs no change is copied in one piece, from here on.
        let mut from = 0;
        let mut at = 0;
        let piece = |from: usize, to: usize| rest.get(from..to).unwrap_or_default();
        while let Some(first) = rest.get(at) {
            if self.line_start && *first == b'.' {
                out.extend_from_slice(piece(from, at));
                out.push(b'.');
                from = at;
            }
            let Some(line) = memchr2(b'\r', b'\n', piece(at, rest.len())) else {
                self.line_start = false;
                break;
            };
            let end = at + line;
            match piece(end, rest.len()) {
                [b'\r', b'\n', ..] => at = end + 2,
                [b'\r'] => {
                    out.extend_from_slice(piece(from, end));
                    self.pending_cr = true;
                    return;
                }
                _ => {
                    out.extend_from_slice(piece(from, end));
                    out.extend_from_slice(b"\r\n");
                    at = end + 1;
                    from = at;
                }
            }
            self.line_start = true;
        }
        out.extend_from_slice(piece(from, rest.len()));
    }

    /// Appends the end of the message: a line end where the last line has none, and the dot.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.pending_cr || !self.line_start {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(chunks: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut stuffer = DotStuffer::default();
        for chunk in chunks {
            stuffer.encode(chunk, &mut out);
        }
        stuffer.finish(&mut out);
        out
    }

    #[track_caller]
    fn check(input: &str, expect: &str) {
        assert_eq!(
            String::from_utf8(encode(&[input.as_bytes()])).unwrap(),
            expect
        );
    }

    #[test]
    fn bodies() {
        check("", ".\r\n");
        check("a\r\n", "a\r\n.\r\n");
        check("a", "a\r\n.\r\n");
        check(".\r\n..a\r\nb.", "..\r\n...a\r\nb.\r\n.\r\n");
        check("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n");
        check("a\r.\rb\r", "a\r\n..\r\nb\r\n.\r\n");
        check("a\r\r\n", "a\r\n\r\n.\r\n");
        check("\r\n.\r\n", "\r\n..\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(octets in "[a.\r\n]{0,40}", cuts in proptest::collection::vec(0usize..40, 0..5)) {
            let octets = octets.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(octets.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&octets[from..cut]);
                from = cut;
            }
            chunks.push(&octets[from..]);
            let out = encode(&chunks);
            prop_assert_eq!(&out, &encode(&[octets]));
            // Only one end, and no bare CR or LF.
            prop_assert!(out.ends_with(b".\r\n"));
            let body = &out[..out.len() - 3];
            prop_assert!(body.is_empty() || body.ends_with(b"\r\n"));
            prop_assert!(!body.starts_with(b".\r\n"));
            prop_assert_eq!(memchr::memmem::find(body, b"\r\n.\r\n"), None);
            let text = String::from_utf8(out).unwrap().replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n']));
        }
    }
}
