//! What is counted and refused while a message passes: sizes, lines, hops, stray CR, LF and NUL.
//!
//! The same for DATA and BDAT, in one pass over the octets. RFC 5321 §2.3.8, §4.1.1.4, §4.4.

use memchr::memchr3;

use super::hops::Hops;

/// Limits for one message.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Octets of the message, after the dots are taken away.
    pub max_octets: u64,
    /// Octets of its header section.
    pub max_header_octets: u64,
    /// Received fields.
    pub max_hops: u32,
    /// Received fields written by `host`; 0 for no limit.
    pub max_local_hops: u32,
    /// This host's name, as it stands behind `by` in Received fields.
    pub host: Box<str>,
}

/// Why a message is refused whatever it says.
///
/// In the order of weight: of several, the first one here is the reason that is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A CR without LF.
    BareCr,
    /// An LF without CR.
    BareLf,
    /// A NUL.
    Nul,
    /// More octets than the limit.
    TooLarge,
    /// A header section above the limit.
    HeaderTooLarge,
    /// More Received fields than the limit.
    TooManyHops,
    /// More Received fields of this host than the limit.
    TooManyLocalHops,
}

impl Defect {
    const ALL: [Defect; 7] = [
        Defect::BareCr,
        Defect::BareLf,
        Defect::Nul,
        Defect::TooLarge,
        Defect::HeaderTooLarge,
        Defect::TooManyHops,
        Defect::TooManyLocalHops,
    ];
}

/// Where the scan stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Behind a CRLF, or before the first octet.
    #[default]
    LineStart,
    /// Within a line.
    Line,
    /// Behind a CR.
    Cr,
}

/// What has passed of a message.
#[derive(Debug, Clone, Default)]
pub struct Content {
    at: At,
    octets: u64,
    line_octets: u64,
    longest_line: u64,
    header_octets: u64,
    hops: Hops,
    eight_bit: bool,
    binary: bool,
    /// One bit for each [`Defect`]. All are collected, so that the reason given does not depend on
    /// how the network cut the message.
    defects: u8,
}

impl Content {
    /// For a message declared BODY=BINARYMIME (RFC 3030 §3): stray CR, LF and NUL are its right.
    pub fn binary() -> Self {
        Content {
            binary: true,
            ..Content::default()
        }
    }

    /// Octets so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Octets of the header section so far, the empty line that ends it included.
    pub fn header_octets(&self) -> u64 {
        let line = if self.hops.ended() {
            0
        } else {
            self.line_octets
        };
        self.header_octets + line
    }

    /// True once the header section has ended.
    pub fn header_ended(&self) -> bool {
        self.hops.ended()
    }

    /// Received fields.
    pub fn hops(&self) -> u32 {
        self.hops.received()
    }

    /// Received fields that this host wrote.
    pub fn local_hops(&self) -> u32 {
        self.hops.local()
    }

    /// Octets of the longest line, without its CRLF. RFC 5321 §4.5.3.1.6 says 998; longer lines are
    /// counted and taken, since refusing them loses mail that others deliver.
    pub fn longest_line(&self) -> u64 {
        self.longest_line.max(self.line_octets)
    }

    /// True where an octet above 127 has passed.
    pub fn is_eight_bit(&self) -> bool {
        self.eight_bit
    }

    /// The defect found, the weightiest one where there are several.
    pub fn defect(&self) -> Option<Defect> {
        Defect::ALL
            .into_iter()
            .find(|defect| self.defects & 1 << *defect as u8 != 0)
    }

    /// True where there is no defect yet.
    pub fn is_sound(&self) -> bool {
        self.defects == 0
    }

    fn flag(&mut self, defect: Defect) {
        self.defects |= 1 << defect as u8;
    }

    /// A CR, LF or NUL that does not belong.
    fn flag_stray(&mut self, defect: Defect) {
        if !self.binary {
            self.flag(defect);
        }
    }

    /// A line begins here though the octet before was no CRLF: it was a stuffed dot.
    pub(crate) fn begin_line(&mut self) {
        self.at = At::Line;
    }

    /// The framing took a dot and a CR for the end, and no LF followed.
    pub(crate) fn bare_cr_behind_dot(&mut self) {
        self.flag_stray(Defect::BareCr);
        self.at = At::Cr;
    }

    /// The last octet has passed, where nothing in the octets says so (BDAT).
    pub fn finish(&mut self) {
        if self.at == At::Cr {
            self.flag_stray(Defect::BareCr);
        }
    }

    /// Looks at the octets of `input` and answers how many of them are content: all, or with `dots`
    /// those before a dot that begins a line.
    pub fn scan(&mut self, input: &[u8], dots: bool, rules: &Rules) -> usize {
        let mut rest = input;
        while let Some((&octet, tail)) = rest.split_first() {
            match self.at {
                At::LineStart if dots && octet == b'.' => break,
                At::LineStart => self.at = At::Line,
                At::Cr if octet == b'\n' => {
                    rest = tail;
                    self.end_line(rules);
                }
                At::Cr if octet == b'\r' => {
                    rest = tail;
                    self.flag_stray(Defect::BareCr);
                }
                At::Cr => {
                    self.flag_stray(Defect::BareCr);
                    self.at = At::Line;
                }
                At::Line => rest = self.line(rest, rules),
            }
        }
        let used = input.len() - rest.len();
        self.octets += used as u64;
        if self.octets > rules.max_octets {
            self.flag(Defect::TooLarge);
        }
        if !self.eight_bit {
            self.eight_bit = !input.get(..used).is_none_or(<[u8]>::is_ascii);
        }
        used
    }

    /// Passes what is left of a line, or all of `rest`, and answers what follows.
    fn line<'i>(&mut self, rest: &'i [u8], rules: &Rules) -> &'i [u8] {
        let end = memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
        let (piece, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        self.piece(piece, rules);
        let Some((&octet, tail)) = rest.split_first() else {
            return rest;
        };
        match octet {
            b'\r' => self.at = At::Cr,
            b'\n' => self.flag_stray(Defect::BareLf),
            _ => self.flag_stray(Defect::Nul),
        }
        tail
    }

    fn piece(&mut self, piece: &[u8], rules: &Rules) {
        let first = self.line_octets == 0;
        self.line_octets += piece.len() as u64;
        if !self.hops.ended() {
            self.hops.piece(piece, first, rules.host.as_bytes());
            // A line that is no field ends the section before it: what it is shows at its colon.
            if self.hops.in_value() {
                self.check_header(rules);
            }
        }
    }

    fn end_line(&mut self, rules: &Rules) {
        if !self.hops.ended() {
            self.hops
                .end_line(self.line_octets == 0, rules.host.as_bytes());
            if self.line_octets == 0 || !self.hops.ended() {
                self.header_octets += self.line_octets + 2;
            }
            self.longest_line = self.longest_line.max(self.line_octets);
            self.line_octets = 0;
            self.check_header(rules);
        }
        self.longest_line = self.longest_line.max(self.line_octets);
        self.line_octets = 0;
        self.at = At::LineStart;
    }

    fn check_header(&mut self, rules: &Rules) {
        if self.header_octets() > rules.max_header_octets {
            self.flag(Defect::HeaderTooLarge);
        }
        if self.hops.received() > rules.max_hops {
            self.flag(Defect::TooManyHops);
        }
        // RFC 5321 §6.3: simple counting of Received fields; those of this host show a loop sooner.
        if rules.max_local_hops > 0 && self.hops.local() > rules.max_local_hops {
            self.flag(Defect::TooManyLocalHops);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::rules, *};

    fn content(input: &[u8], rules: &Rules, piece: usize) -> Content {
        let mut content = Content::default();
        for piece in input.chunks(piece) {
            assert_eq!(content.scan(piece, false, rules), piece.len());
        }
        content
    }

    #[test]
    fn what_passes_is_counted() {
        let message = b"Received: from a by mx.example.org; now\r\nrEceived : x\r\n\tby\r\n MX.example.org\r\n\
            Subject: Received: by mx.example.org\r\n\r\nReceived: by mx.example.org\r\nlong line\xff\r\n";
        for piece in [1, 2, 7, 1000] {
            let content = content(message, &rules(), piece);
            assert_eq!((content.hops(), content.local_hops()), (2, 2), "{piece}");
            assert_eq!(content.octets(), message.len() as u64);
            let header = message.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            assert_eq!(content.header_octets(), header as u64);
            assert_eq!(content.longest_line(), 39);
            assert!(content.is_eight_bit() && content.header_ended());
            assert_eq!(content.defect(), None);
        }
    }

    #[test]
    fn limits_are_defects() {
        let mut rules = rules();
        rules.max_hops = 2;
        rules.max_octets = 200;
        rules.max_header_octets = 100;
        let defect = |message: &[u8]| content(message, &rules, 13).defect();
        let hop = b"Received: by x\r\n";
        assert_eq!(defect(&hop.repeat(2)), None);
        assert_eq!(defect(&hop.repeat(3)), Some(Defect::TooManyHops));
        assert_eq!(
            defect(&b"A: b\r\n".repeat(17)),
            Some(Defect::HeaderTooLarge)
        );
        assert_eq!(
            defect(&b"not a field\r\n".repeat(17)),
            Some(Defect::TooLarge)
        );
        rules.max_hops = 30;
        rules.max_header_octets = 1000;
        rules.max_local_hops = 1;
        let hop = b"Received: by mx.example.org;\r\n";
        assert_eq!(content(hop, &rules, 13).defect(), None);
        assert_eq!(
            content(&hop.repeat(2), &rules, 13).defect(),
            Some(Defect::TooManyLocalHops)
        );
        rules.max_local_hops = 0;
        assert_eq!(content(&hop.repeat(2), &rules, 13).defect(), None);
    }

    #[test]
    fn binary_content_may_hold_anything() {
        let mut content = Content::binary();
        content.scan(b"A: b\r\n\r\n\0\n\r\r", false, &rules());
        assert_eq!(content.defect(), None);
    }
}
