//! The octets of a message on their way in: the framing of DATA, and what is counted and refused
//! while they pass.
//!
//! [`Decoder`] takes the dot-stuffing of DATA away and finds its end; [`Content`] looks at the
//! octets in the same pass: sizes, Received fields, and the defects for which a message is refused.
//! Content is handed on as slices of the input: nothing is copied and nothing kept.
//!
//! Invariant: only CRLF.CRLF ends DATA. Whatever else looks like an end is content with a defect:
//! that is what SMTP smuggling lives on. RFC 5321 §4.1.1.4, §4.5.2.

mod content;
mod hops;

pub use content::{Content, Defect, Rules};

/// What [`Decoder::decode`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'i> {
    /// A piece of the message. Never empty.
    Content(&'i [u8]),
    /// The end of the message; the input stands behind it.
    End,
    /// The input is used up and the message goes on.
    More,
}

/// Where the decoder stands in the framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Frame {
    /// In the text.
    #[default]
    Text,
    /// Behind a dot at the start of a line.
    Dot,
    /// Behind a dot at the start of a line and a CR.
    DotCr,
}

/// Reads the octets behind DATA.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    frame: Frame,
}

impl Decoder {
    /// Takes the next piece from the front of `input`.
    pub fn decode<'i>(
        &mut self,
        input: &mut &'i [u8],
        content: &mut Content,
        rules: &Rules,
    ) -> Decoded<'i> {
        loop {
            match (self.frame, input.split_first()) {
                (_, None) => return Decoded::More,
                (Frame::Text, Some(_)) => {
                    let used = content.scan(input, true, rules);
                    let (piece, rest) = input.split_at_checked(used).unwrap_or((*input, &[]));
                    *input = rest;
                    if let Some((b'.', rest)) = input.split_first() {
                        // The scan stops short of the end only before a dot that begins a line.
                        self.frame = Frame::Dot;
                        *input = rest;
                    }
                    if !piece.is_empty() {
                        return Decoded::Content(piece);
                    }
                }
                (Frame::Dot, Some((b'\r', rest))) => {
                    self.frame = Frame::DotCr;
                    *input = rest;
                }
                (Frame::Dot, Some(_)) => {
                    // RFC 5321 §4.5.2: the dot was stuffing; the line begins behind it.
                    content.begin_line();
                    self.frame = Frame::Text;
                }
                (Frame::DotCr, Some((b'\n', rest))) => {
                    self.frame = Frame::Text;
                    *input = rest;
                    return Decoded::End;
                }
                (Frame::DotCr, Some(_)) => {
                    content.bare_cr_behind_dot();
                    self.frame = Frame::Text;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn rules() -> Rules {
        Rules {
            max_octets: 1 << 20,
            max_header_octets: 1 << 16,
            max_hops: 30,
            max_local_hops: 8,
            host: "mx.example.org".into(),
        }
    }

    /// The message, its defect, and the octets behind its end (`None` where it did not end).
    fn run(
        input: &[u8],
        cut: impl Fn(usize) -> usize,
    ) -> (Vec<u8>, Option<Defect>, Option<Vec<u8>>) {
        let (mut decoder, mut content) = (Decoder::default(), Content::default());
        let (mut message, mut at) = (Vec::new(), 0);
        while at < input.len() {
            let step = cut(at).clamp(1, input.len() - at);
            let mut piece = &input[at..at + step];
            at += step;
            loop {
                match decoder.decode(&mut piece, &mut content, &rules()) {
                    Decoded::Content(octets) => message.extend_from_slice(octets),
                    Decoded::More => break,
                    Decoded::End => {
                        let behind = [piece, &input[at..]].concat();
                        assert_eq!(content.octets(), message.len() as u64);
                        return (message, content.defect(), Some(behind));
                    }
                }
            }
        }
        (message, content.defect(), None)
    }

    #[track_caller]
    fn check(input: &str, message: &str, defect: Option<Defect>, behind: Option<&str>) {
        let (m, d, b) = run(input.as_bytes(), |_| usize::MAX);
        assert_eq!(String::from_utf8_lossy(&m), message, "{input:?}");
        assert_eq!(
            (d, b.as_deref()),
            (defect, behind.map(str::as_bytes)),
            "{input:?}"
        );
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message() {
        use Defect::{BareCr, BareLf, Nul};
        check(".\r\nQUIT\r\n", "", None, Some("QUIT\r\n"));
        check("a\r\n.\r\n", "a\r\n", None, Some(""));
        check("..\r\n...b\r\n.\r\n", ".\r\n..b\r\n", None, Some(""));
        check(".a\r\n.\r\n", "a\r\n", None, Some(""));
        check("a\r\n.", "a\r\n", None, None);
        // The endings that other servers took for an end, one after the other.
        check("a\n.\nX\r\n.\r\n", "a\n.\nX\r\n", Some(BareLf), Some(""));
        check(
            "a\n.\r\nX\r\n.\r\n",
            "a\n.\r\nX\r\n",
            Some(BareLf),
            Some(""),
        );
        check("a\r.\rX\r\n.\r\n", "a\r.\rX\r\n", Some(BareCr), Some(""));
        check("a\r\n.\rX\r\n.\r\n", "a\r\nX\r\n", Some(BareCr), Some(""));
        check("a\r\n.\nX\r\n.\r\n", "a\r\n\nX\r\n", Some(BareLf), Some(""));
        check(
            "a\r.\r\nX\r\n.\r\n",
            "a\r.\r\nX\r\n",
            Some(BareCr),
            Some(""),
        );
        check("a\n.\rX\r\n.\r\n", "a\n.\rX\r\n", Some(BareCr), Some(""));
        check(
            "a\r\n\0.\r\nX\r\n.\r\n",
            "a\r\n\0.\r\nX\r\n",
            Some(Nul),
            Some(""),
        );
        check(
            "a\r\n.\0\r\nX\r\n.\r\n",
            "a\r\n\0\r\nX\r\n",
            Some(Nul),
            Some(""),
        );
        check("a\r\n.\r\r\n.\r\n", "a\r\n\r\n", Some(BareCr), Some(""));
        check("a\r\r\n.\r\n", "a\r\r\n", Some(BareCr), Some(""));
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(input in "[a.\r\n\0]{0,40}", cuts: [u8; 8]) {
            let whole = run(input.as_bytes(), |_| usize::MAX);
            let cut = run(input.as_bytes(), |at| usize::from(cuts[at % 8] % 4));
            prop_assert_eq!(whole, cut);
        }

        #[test]
        fn a_stuffed_message_comes_out_as_it_was(lines in proptest::collection::vec("[ -~]{0,20}", 0..12)) {
            let message: String = lines.iter().map(|l| format!("{l}\r\n")).collect();
            let stuffed: String = lines
                .iter()
                .map(|l| if l.starts_with('.') { format!(".{l}\r\n") } else { format!("{l}\r\n") })
                .collect();
            let (got, defect, behind) = run(format!("{stuffed}.\r\nrest").as_bytes(), |_| 3);
            prop_assert_eq!(got, message.into_bytes());
            prop_assert_eq!((defect, behind), (None, Some(b"rest".to_vec())));
        }
    }
}
