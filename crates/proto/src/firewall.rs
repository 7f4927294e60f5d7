//! The header firewall: takes the fields out of a header section that Exchange servers write for each
//! other (`X-MS-Exchange-Organization-*`, `-Forest-*`, `-CrossPremises-*`) and a stranger must not.
//!
//! It sees a message in pieces, cut anywhere, and holds back no more than the beginning of one field's
//! name. A section goes on to its first empty line, whatever stands in it: a server behind this one
//! may read on behind a line that is no field. Stray CR and LF (BINARYMIME) begin a line too, for the
//! same reason.
//!
//! Invariant: every octet that does not belong to a field of a family that is taken out passes as it
//! came, in its order.

use mailward_model::kind::HeaderFamily;

/// What the names of all families begin with, in lower case.
const COMMON: &[u8] = b"x-ms-exchange-";
/// Octets of the longest beginning of a name.
const NAME_OCTETS_MAX: usize = 28;

fn pattern(family: HeaderFamily) -> &'static [u8] {
    match family {
        HeaderFamily::Organization => b"x-ms-exchange-organization-",
        HeaderFamily::Forest => b"x-ms-exchange-forest-",
        HeaderFamily::CrossPremises => b"x-ms-exchange-crosspremises-",
    }
}

/// The families that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep(u8);

impl Keep {
    /// None passes.
    pub const NOTHING: Keep = Keep(0);

    /// These pass.
    pub fn of(families: &[HeaderFamily]) -> Keep {
        families
            .iter()
            .fold(Keep(0), |keep, family| keep.and(*family))
    }

    /// This one passes too.
    #[must_use]
    pub fn and(self, family: HeaderFamily) -> Keep {
        Keep(self.0 | 1 << family as u8)
    }

    /// Whether a family passes.
    pub fn has(self, family: HeaderFamily) -> bool {
        self.0 & 1 << family as u8 != 0
    }
}

/// Fields that were taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stripped {
    /// Of `X-MS-Exchange-Organization-*`.
    pub organization: u64,
    /// Of `X-MS-Exchange-Forest-*`.
    pub forest: u64,
    /// Of `X-MS-Exchange-CrossPremises-*`.
    pub cross_premises: u64,
}

impl Stripped {
    fn add(&mut self, family: HeaderFamily) {
        *match family {
            HeaderFamily::Organization => &mut self.organization,
            HeaderFamily::Forest => &mut self.forest,
            HeaderFamily::CrossPremises => &mut self.cross_premises,
        } += 1;
    }

    /// Of all families.
    pub fn total(&self) -> u64 {
        self.organization + self.forest + self.cross_premises
    }
}

/// Where the firewall stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the beginning of a line, so many octets of which look like a family's name.
    Start(usize),
    /// In a line.
    Line,
    /// Behind a CR.
    Cr,
    /// Behind the header section.
    Ended,
}

/// One message's header section on its way through.
#[derive(Debug, Clone)]
pub struct Firewall {
    keep: Keep,
    at: At,
    /// The beginning of a line, as far as it looks like a family's name.
    held: [u8; NAME_OCTETS_MAX],
    /// Which family it looks like, once that shows.
    looks_like: Option<HeaderFamily>,
    /// The field at hand is taken out.
    drops: bool,
    /// The line at hand is empty so far.
    line_is_empty: bool,
    /// The line before ended in CRLF.
    behind_crlf: bool,
    stripped: Stripped,
    removed_octets: u64,
}

impl Firewall {
    /// For one message, of which these families pass.
    pub fn new(keep: Keep) -> Firewall {
        Firewall {
            keep,
            at: At::Start(0),
            held: [0; NAME_OCTETS_MAX],
            looks_like: None,
            drops: false,
            line_is_empty: true,
            behind_crlf: true,
            stripped: Stripped::default(),
            removed_octets: 0,
        }
    }

    /// What was taken out so far.
    pub fn stripped(&self) -> Stripped {
        self.stripped
    }

    /// Octets that were taken out so far.
    pub fn removed_octets(&self) -> u64 {
        self.removed_octets
    }

    /// True behind the empty line: what follows is none of the firewall's business.
    pub fn ended(&self) -> bool {
        self.at == At::Ended
    }

    /// Looks at the next octets of the message and appends to `out` what passes. Answers how many of
    /// them belong to the header section: the rest is to be taken as it is.
    pub fn pass(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let mut rest = octets;
        while let Some(&octet) = rest.first() {
            match self.at {
                At::Ended => break,
                At::Start(0) if matches!(octet, b' ' | b'\t') => {
                    // RFC 5322 §2.2.3: the field before goes on.
                    (self.at, self.line_is_empty) = (At::Line, false);
                }
                At::Start(0) if matches!(octet, b'\r' | b'\n') => {
                    (self.at, self.line_is_empty, self.drops) = (At::Line, true, false);
                }
                At::Start(held) => rest = self.start(held, octet, rest, out),
                At::Line => rest = self.line(rest, out),
                At::Cr => rest = self.behind_cr(octet, rest, out),
            }
        }
        octets.len() - rest.len()
    }

    /// The message is over: appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let At::Start(held) = self.at {
            out.extend_from_slice(self.held.get(..held).unwrap_or_default());
            self.at = At::Line;
        }
    }

    /// One octet at the beginning of a line, behind `held` that look like a name.
    fn start<'i>(&mut self, held: usize, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        self.line_is_empty = false;
        let lower = octet.to_ascii_lowercase();
        if held == COMMON.len() {
            self.looks_like = HeaderFamily::ALL
                .into_iter()
                .find(|family| pattern(*family).get(held) == Some(&lower));
        }
        let name = match self.looks_like.filter(|_| held >= COMMON.len()) {
            Some(family) => pattern(family),
            None => COMMON,
        };
        if name.get(held) != Some(&lower) {
            // It is another field; the octet itself is looked at again, as it may end the line.
            self.drops = false;
            out.extend_from_slice(self.held.get(..held).unwrap_or_default());
            self.at = At::Line;
            return rest;
        }
        if let Some(place) = self.held.get_mut(held) {
            *place = octet;
        }
        let held = held + 1;
        self.at = At::Start(held);
        if let Some(family) = self.looks_like.filter(|_| held > COMMON.len())
            && held == pattern(family).len()
        {
            self.drops = !self.keep.has(family);
            self.at = At::Line;
            if self.drops {
                self.stripped.add(family);
            }
            let name = self.held;
            self.put(name.get(..held).unwrap_or_default(), out);
        }
        rest.get(1..).unwrap_or_default()
    }

    /// What is left of a line, or all of `rest`.
    fn line<'i>(&mut self, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        let end = memchr::memchr2(b'\r', b'\n', rest);
        let taken = end.map_or(rest.len(), |at| at + 1);
        let (piece, behind) = rest.split_at_checked(taken).unwrap_or((rest, &[]));
        self.put(piece, out);
        match piece.last() {
            Some(b'\r') => self.at = At::Cr,
            Some(b'\n') => self.begin_line(false),
            _ => {}
        }
        behind
    }

    fn behind_cr<'i>(&mut self, octet: u8, rest: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        if octet != b'\n' {
            self.begin_line(false);
            return rest;
        }
        self.put(b"\n", out);
        if self.line_is_empty && self.behind_crlf {
            self.at = At::Ended;
        } else {
            self.begin_line(true);
        }
        rest.get(1..).unwrap_or_default()
    }

    fn begin_line(&mut self, behind_crlf: bool) {
        self.at = At::Start(0);
        self.looks_like = None;
        self.behind_crlf = behind_crlf;
    }

    fn put(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        if self.drops {
            self.removed_octets += octets.len() as u64;
        } else {
            out.extend_from_slice(octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::probe;

    /// What passes of a message that comes in pieces of these sizes, and what was taken out.
    fn through(keep: Keep, message: &[u8], sizes: &[usize]) -> (Vec<u8>, Stripped) {
        let mut firewall = Firewall::new(keep);
        let (mut out, mut rest) = (Vec::new(), message);
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let size = (*sizes.next().unwrap_or(&1)).clamp(1, rest.len());
            let (piece, behind) = rest.split_at(size);
            let used = firewall.pass(piece, &mut out);
            assert!(used == piece.len() || firewall.ended());
            out.extend_from_slice(&piece[used..]);
            rest = behind;
        }
        firewall.finish(&mut out);
        let removed = message.len() - out.len();
        assert_eq!(firewall.removed_octets(), removed as u64);
        (out, firewall.stripped())
    }

    #[test]
    fn fields_of_the_families_are_taken_out_and_nothing_else() {
        let message = b"Received: from x\r\n\tby y; z\r\nX-MS-Exchange-Organization-SCL: -1\r\n\
            x-ms-exchange-organization-AuthAs: Internal\r\n\tfolded\r\n folded again\r\n\
            X-MS-Exchange-CrossTenant-Id: 1\r\nDKIM-Signature: v=1;\r\n b=abc\r\n\
            X-MS-Exchange-Forest-RulesExecuted : x\r\nX-MS-Exchange-CrossPremises-AuthAs: Internal\r\n\
            X-MS-Exchange-Organizationally: kept\r\n\r\nX-MS-Exchange-Organization-SCL: body\r\n";
        let expect = b"Received: from x\r\n\tby y; z\r\nX-MS-Exchange-CrossTenant-Id: 1\r\n\
            DKIM-Signature: v=1;\r\n b=abc\r\nX-MS-Exchange-Organizationally: kept\r\n\r\n\
            X-MS-Exchange-Organization-SCL: body\r\n";
        for size in [1, 2, 7, 29, 4096] {
            let (passed, stripped) = through(Keep::NOTHING, message, &[size]);
            assert_eq!(
                passed.escape_ascii().to_string(),
                expect.escape_ascii().to_string()
            );
            let counts = Stripped {
                organization: 2,
                forest: 1,
                cross_premises: 1,
            };
            assert_eq!((stripped, stripped.total()), (counts, 4));
        }
        let all = Keep::of(&HeaderFamily::ALL);
        let (passed, stripped) = through(all, message, &[5]);
        assert_eq!((passed.as_slice(), stripped.total()), (&message[..], 0));
        let one = Keep::NOTHING.and(HeaderFamily::CrossPremises);
        let (passed, stripped) = through(one, message, &[5]);
        assert_eq!(stripped.cross_premises, 0);
        assert!(passed.windows(13).any(|w| w == b"CrossPremises"));
    }

    #[test]
    fn a_field_hides_behind_nothing() {
        for (message, passes) in [
            // The first line, and a message that is all header and ends in its middle.
            (&b"X-MS-Exchange-Organization-A: 1"[..], &b""[..]),
            (b"X-MS-Exchange-Organi", b"X-MS-Exchange-Organi"),
            // Behind a line that is no field.
            (
                b"no field\r\nX-MS-Exchange-Forest-A: 1\r\nB: 2\r\n\r\n",
                b"no field\r\nB: 2\r\n\r\n",
            ),
            // Behind stray line ends, which some servers take for one.
            (b"A: 1\nX-MS-Exchange-Forest-A: 1\r\n\r\n", b"A: 1\n\r\n"),
            (b"A: 1\rX-MS-Exchange-Forest-A: 1\r\n\r\n", b"A: 1\r\r\n"),
            // An empty line that is none for everybody ends nothing.
            (
                b"A: 1\n\r\nX-MS-Exchange-Forest-A: 1\r\n\r\nx",
                b"A: 1\n\r\n\r\nx",
            ),
            // Behind a field that is taken out.
            (
                b"X-MS-Exchange-Forest-A: 1\r\nX-MS-Exchange-Forest-B: 1\r\n\r\nx",
                b"\r\nx",
            ),
            (
                b"\r\nX-MS-Exchange-Forest-A: 1",
                b"\r\nX-MS-Exchange-Forest-A: 1",
            ),
        ] {
            for size in [1, 3, 100] {
                let (passed, _) = through(Keep::NOTHING, message, &[size]);
                assert_eq!(
                    passed.escape_ascii().to_string(),
                    passes.escape_ascii().to_string(),
                    "{}",
                    message.escape_ascii()
                );
            }
        }
    }

    #[test]
    fn the_marker_of_health_probes_is_of_no_family() {
        let message = format!("{}: v1; x\r\n\r\n", probe::FIELD).into_bytes();
        let (passed, stripped) = through(Keep::NOTHING, &message, &[9]);
        assert_eq!((passed, stripped.total()), (message, 0));
    }

    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "[A-Za-z-]{1,20}: [ -~]{0,30}",
            "[ \t][ -~]{0,20}",
            "[xX]-[mM]S-Exchange-[A-Za-z]{0,16}-?[a-z]{0,5}: [ -~]{0,10}",
            "X-MS-Exchange-(Organization|FOREST|crosspremises)-[A-Za-z]{0,9}: [ -~]{0,10}",
            "[ -~]{1,20}",
        ]
    }

    /// The same by whole lines, written without regard to speed.
    fn by_lines(lines: &[String], body: &str, keep: Keep) -> String {
        let (mut passes, mut out) = (true, String::new());
        for line in lines {
            if !line.starts_with([' ', '\t']) {
                let lower = line.to_ascii_lowercase();
                let family = HeaderFamily::ALL
                    .into_iter()
                    .find(|f| lower.starts_with(&f.prefix().to_ascii_lowercase()));
                passes = family.is_none_or(|family| keep.has(family));
            }
            if passes {
                out.push_str(line);
                out.push_str("\r\n");
            }
        }
        out + "\r\n" + body
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            lines in prop::collection::vec(line(), 0..12),
            body in "[ -~]{0,20}",
            kept in prop::collection::vec(prop::sample::select(HeaderFamily::ALL.to_vec()), 0..3),
            sizes in prop::collection::vec(1usize..40, 1..5),
        ) {
            let keep = Keep::of(&kept);
            let mut message = lines.join("\r\n");
            if !lines.is_empty() {
                message.push_str("\r\n");
            }
            message.push_str("\r\n");
            message.push_str(&body);
            let (passed, stripped) = through(keep, message.as_bytes(), &sizes);
            prop_assert_eq!(String::from_utf8(passed).unwrap(), by_lines(&lines, &body, keep));
            prop_assert!(kept.is_empty() || stripped.total() <= lines.len() as u64);
        }

        #[test]
        fn octets_of_any_kind_pass_alike_in_any_pieces(
            octets in prop::collection::vec(prop::sample::select(
                b"\r\n \tX-MS-Exchange-Forest-x:".to_vec()), 0..80),
            sizes in prop::collection::vec(1usize..9, 1..4),
        ) {
            let whole = through(Keep::NOTHING, &octets, &[octets.len().max(1)]);
            prop_assert_eq!(through(Keep::NOTHING, &octets, &sizes), whole);
            let (all, _) = through(Keep::of(&HeaderFamily::ALL), &octets, &sizes);
            prop_assert_eq!(all, octets);
        }
    }
}
